-- Money: what makes a movement of the bank's the same one, money that waits for a person or its day, and what
-- became of a charge. Run with foreign keys off, which are checked before it is kept.

-- the day its service was renewed for it: until then its money can still be taken off it
ALTER TABLE charges ADD COLUMN renewed_on TEXT CHECK (renewed_on IS date(renewed_on));
-- the day a person gave the debt up: it neither renews nor reinstates
ALTER TABLE charges ADD COLUMN written_off_on TEXT CHECK (written_off_on IS date(written_off_on));
UPDATE charges SET renewed_on = (SELECT max(t.on_day) FROM steps t WHERE t.service = charges.service
    AND t.action = 'renew' AND t.period_from = charges.period_from AND t.state IN ('intent', 'done', 'failed'))
  WHERE source = 'period';
DROP INDEX steps_by_service;
CREATE INDEX steps_by_service ON steps (service, action, period_from);

-- the same reference no longer makes the same payment, so the table is made anew
DROP VIEW money;
CREATE TABLE payments_now (
    id             INTEGER PRIMARY KEY,
    date           TEXT NOT NULL CHECK (date IS date(date)),
    amount_cents   INTEGER NOT NULL CHECK (amount_cents <> 0),
    bank_ref       TEXT NOT NULL,                       -- the bank's reference; one of ours where it gave none
    account        TEXT NOT NULL DEFAULT '',            -- our IBAN it came in on, where the statement says
    source         TEXT NOT NULL DEFAULT 'csv',         -- csv, hand, camt.053, or the profile of a bank's export
    method         TEXT NOT NULL DEFAULT 'bank' CHECK (method IN ('bank', 'cash', 'card', 'iris', 'cheque')),
    customer       TEXT REFERENCES customers (code),    -- none: unmatched
    services       TEXT NOT NULL DEFAULT '',
    reference      TEXT,
    end_to_end     TEXT,
    transaction_id TEXT,
    payer          TEXT,
    payer_iban     TEXT,
    note           TEXT,
    matched_by     TEXT,                                -- the evidence: customer, reference, card, services, a person
    basis          TEXT,                                -- where the money went, and why
    reverses       INTEGER REFERENCES payments (id),    -- money taken back from that payment: a negative row
    same_as        INTEGER REFERENCES payments (id),    -- a person said: the same money as that payment
    parked         TEXT CHECK (parked IN ('by_hand', 'other_format', 'batch', 'ahead')),  -- why it waits for a person or its day
    likely         TEXT REFERENCES customers (code),    -- whose a parked one would be
    learns         INTEGER NOT NULL DEFAULT 1 CHECK (learns IN (0, 1)),   -- whether its payer's account is known by it
    seen_on        TEXT CHECK (seen_on IS date(seen_on)),                 -- the as-of day of its import
    disowned_on    TEXT CHECK (disowned_on IS date(disowned_on)),         -- a person said that it is none of the likely ones'
    run            INTEGER NOT NULL REFERENCES runs (id),
    CHECK ((reverses IS NULL) = (amount_cents > 0)),
    CHECK (same_as IS NULL OR (customer IS NULL AND reverses IS NULL)),
    CHECK (parked IS NULL OR customer IS NULL),
    CHECK (likely IS NULL OR parked IS NOT NULL)
) STRICT;
INSERT INTO payments_now (id, date, amount_cents, bank_ref, account, source, method, customer, services, reference,
    payer, payer_iban, note, matched_by, basis, reverses, same_as, seen_on, run)
  SELECT p.id, p.date, p.amount_cents, p.bank_ref, p.account, p.source, p.method, p.customer, p.services, p.reference,
    p.payer, p.payer_iban, p.note, p.matched_by, p.basis, p.reverses, p.same_as, r.as_of, p.run
  FROM payments p JOIN runs r ON r.id = p.run;
DROP TABLE payments;
ALTER TABLE payments_now RENAME TO payments;
CREATE INDEX payments_by_customer ON payments (customer);
CREATE INDEX payments_by_reference ON payments (bank_ref);
CREATE INDEX payments_by_given ON payments (reference) WHERE reference IS NOT NULL;
CREATE INDEX payments_by_payer ON payments (payer_iban) WHERE payer_iban IS NOT NULL;
CREATE INDEX payments_by_day ON payments (date, amount_cents);
CREATE INDEX payments_by_amount ON payments (amount_cents, date);
CREATE INDEX payments_unmatched ON payments (date) WHERE customer IS NULL;
CREATE INDEX payments_likely ON payments (likely) WHERE likely IS NOT NULL;
CREATE INDEX payments_reversing ON payments (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX payments_twins ON payments (same_as) WHERE same_as IS NOT NULL;

CREATE VIEW money AS
SELECT p.*, p.amount_cents + coalesce((SELECT sum(r.amount_cents) FROM payments r WHERE r.reverses = p.id), 0)
         AS kept_cents,
       coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.payment = p.id), 0) AS allocated_cents
FROM payments p WHERE p.reverses IS NULL AND p.same_as IS NULL;

-- A movement as one format wrote it, and the payment that it is. Which of several equal ones of a statement it was is
-- its ordinal: the same statement, an overlapping one and one in another order find the same payments.
CREATE TABLE sightings (
    identity TEXT NOT NULL,                             -- see billing::movement
    ordinal  INTEGER NOT NULL CHECK (ordinal > 0),
    source   TEXT NOT NULL,
    payment  INTEGER NOT NULL REFERENCES payments (id),
    PRIMARY KEY (identity, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX sightings_by_payment ON sightings (payment);

-- The telling words of money that nobody owns yet (names, tax ids, `=` and the code of a customer whose reference it
-- carries), so that a customer about to be switched off finds what may be theirs without looking at all of it.
CREATE TABLE waiting_words (
    word    TEXT NOT NULL,
    payment INTEGER NOT NULL REFERENCES payments (id),
    PRIMARY KEY (word, payment)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_words_by_payment ON waiting_words (payment);
