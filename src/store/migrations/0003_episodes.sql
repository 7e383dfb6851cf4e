-- Episodes: a promise counts only since the last event that moved it. Run with foreign keys off, which are checked
-- before it is kept.

-- grows with each event; notices and steps remember in which they were made
ALTER TABLE services ADD COLUMN episode INTEGER NOT NULL DEFAULT 1 CHECK (episode > 0);
-- the day staff recorded the cancellation: it is confirmed to the customer
ALTER TABLE services ADD COLUMN cancelled_on TEXT CHECK (cancelled_on IS date(cancelled_on));
ALTER TABLE steps ADD COLUMN episode INTEGER NOT NULL DEFAULT 1 CHECK (episode > 0);
-- a day beyond the last one that is accepted now has no day after it
UPDATE services SET hold_until = '2100-12-31' WHERE hold_until > '2100-12-31';

-- a record that somebody damaged is found without reading all of them
CREATE INDEX services_unreadable ON services (customer)
  WHERE expires_on IS NOT date(expires_on) OR state_on IS NOT date(state_on) OR hold_until IS NOT date(hold_until)
     OR imported_on IS NOT date(imported_on) OR suspension_expiry IS NOT date(suspension_expiry);

CREATE INDEX services_cancelled ON services (cancelled_on) WHERE cancelled_on IS NOT NULL;

-- What a service was before it ended, so that an end can be undone.
CREATE TABLE ends (
    service           TEXT PRIMARY KEY REFERENCES services (code),
    state             TEXT NOT NULL,
    state_on          TEXT CHECK (state_on IS date(state_on)),
    suspension_reason TEXT,
    suspension_expiry TEXT CHECK (suspension_expiry IS date(suspension_expiry))
) STRICT;

-- A notice: that one (service, period, stage), or one charge that has no period, is told by a message, or by a person.
-- Unique within its episode, cancelled ones, cards asked for and what people said aside.
CREATE TABLE notices_now (
    id           INTEGER PRIMARY KEY,
    message      INTEGER REFERENCES messages (id),
    told_how     TEXT CHECK (told_how IN ('phone', 'letter')),   -- by a person, to somebody who cannot be mailed
    service      TEXT REFERENCES services (code),
    period_from  TEXT CHECK (period_from IS date(period_from)),
    charge       INTEGER REFERENCES charges (id),
    stage        TEXT NOT NULL,
    episode      INTEGER NOT NULL DEFAULT 1 CHECK (episode > 0),
    mode         TEXT NOT NULL CHECK (mode IN ('trial', 'live')),
    made_on      TEXT NOT NULL CHECK (made_on IS date(made_on)),
    suspend_on   TEXT CHECK (suspend_on IS date(suspend_on)),
    terminate_on TEXT CHECK (terminate_on IS date(terminate_on)),
    cancelled    INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
    -- as the program writes it; see billing::notice
    key          TEXT NOT NULL GENERATED ALWAYS AS (coalesce(service || '|' || period_from, '#' || charge) || '|' || stage
                   || CASE WHEN episode > 1 THEN '|' || episode ELSE '' END) VIRTUAL,
    CHECK ((message IS NULL) <> (told_how IS NULL)),
    CHECK ((service IS NULL) = (period_from IS NULL)),
    CHECK ((service IS NULL) <> (charge IS NULL))
) STRICT;
INSERT INTO notices_now (id, message, service, period_from, stage, mode, made_on, suspend_on, terminate_on, cancelled)
  SELECT id, message, service, period_from, stage, mode, made_on, suspend_on, terminate_on, cancelled FROM notices;
DROP TABLE notices;
ALTER TABLE notices_now RENAME TO notices;
CREATE UNIQUE INDEX notices_once ON notices (mode, key)
    WHERE cancelled = 0 AND told_how IS NULL AND stage <> 'on_request';
CREATE INDEX notices_by_service ON notices (service, period_from);
CREATE INDEX notices_by_message ON notices (message);
CREATE INDEX notices_by_charge ON notices (charge) WHERE charge IS NOT NULL;
