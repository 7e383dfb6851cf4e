-- What keeps suspensions away until a person has looked, and what could not be read whole.

CREATE TABLE gates (
    id        INTEGER PRIMARY KEY,
    gate      TEXT NOT NULL CHECK (gate IN ('restored')),
    why       TEXT NOT NULL,
    closed_on TEXT NOT NULL CHECK (closed_on IS date(closed_on)),
    opened_by TEXT,
    run       INTEGER NOT NULL REFERENCES runs (id)
) STRICT;
CREATE UNIQUE INDEX gates_closed ON gates (gate) WHERE opened_by IS NULL;

-- Files of the inbox that nobody could read, or not whole. One with the same name and other bytes is another one.
CREATE TABLE unread_files (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    why         TEXT NOT NULL,
    holds_money INTEGER NOT NULL CHECK (holds_money IN (0, 1)),       -- who paid is not known until it is settled
    account     TEXT NOT NULL DEFAULT '',                             -- our IBAN, where that much could be read
    first_day   TEXT CHECK (first_day IS date(first_day)),            -- and the days it covers
    last_day    TEXT CHECK (last_day IS date(last_day)),
    seen_on     TEXT NOT NULL CHECK (seen_on IS date(seen_on)),
    settled_by  TEXT,                                                 -- `read`, or the person who put it aside
    run         INTEGER NOT NULL REFERENCES runs (id),
    CHECK ((first_day IS NULL) = (last_day IS NULL)),
    UNIQUE (name, digest)
) STRICT;
CREATE INDEX unread_files_open ON unread_files (name) WHERE settled_by IS NULL;
