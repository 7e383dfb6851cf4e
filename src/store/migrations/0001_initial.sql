-- The first schema. Codes are the keys of customers and services: they are what people and files use.
-- Dates are TEXT YYYY-MM-DD and checked, money is integer cents, enums are words and checked.

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    command     TEXT NOT NULL,
    as_of       TEXT NOT NULL CHECK (as_of IS date(as_of)),
    mode        TEXT NOT NULL CHECK (mode IN ('trial', 'live')),
    started_at  TEXT NOT NULL,
    ended_at    TEXT,
    exit_status INTEGER
) STRICT;

CREATE TABLE customers (
    code           TEXT PRIMARY KEY CHECK (length(code) > 0),
    sequence       INTEGER NOT NULL UNIQUE,   -- theirs for ever: the payment reference is made of it
    name           TEXT NOT NULL,
    email          TEXT NOT NULL,             -- own addresses, ';' between them; may be empty
    cc             TEXT NOT NULL,
    tax_id         TEXT,
    tax_office     TEXT,
    profession     TEXT,
    address        TEXT,
    postcode       TEXT,
    city           TEXT,
    country        TEXT NOT NULL,
    phone          TEXT,
    language       TEXT NOT NULL CHECK (language IN ('el', 'en')),
    vat            TEXT NOT NULL CHECK (vat IN ('standard', 'own', 'reverse_charge', 'exempt')),
    vat_rate       INTEGER CHECK (vat_rate BETWEEN 0 AND 10000),     -- basis points
    reference      TEXT NOT NULL UNIQUE,
    reference_kind TEXT NOT NULL CHECK (reference_kind IN ('own', 'bank')),
    enforcement    INTEGER NOT NULL CHECK (enforcement IN (0, 1)),
    imported_on    TEXT NOT NULL CHECK (imported_on IS date(imported_on)),
    CHECK ((vat = 'own') = (vat_rate IS NOT NULL))
) STRICT;

CREATE TABLE services (
    code              TEXT PRIMARY KEY CHECK (length(code) > 0),
    customer          TEXT NOT NULL REFERENCES customers (code),
    kind              TEXT NOT NULL CHECK (kind IN ('hosting', 'domain', 'ssl', 'email', 'backup', 'server',
                                                    'support', 'other', 'custom_app')),
    name              TEXT NOT NULL,
    domain_name       TEXT,
    price_cents       INTEGER NOT NULL CHECK (price_cents >= 0),
    price_is_gross    INTEGER NOT NULL CHECK (price_is_gross IN (0, 1)),
    period_months     INTEGER NOT NULL CHECK (period_months BETWEEN 1 AND 120),
    expires_on        TEXT NOT NULL CHECK (expires_on IS date(expires_on)),
    anchor_day        INTEGER NOT NULL CHECK (anchor_day BETWEEN 1 AND 31),
    state             TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'terminated', 'ended')),
    state_on          TEXT CHECK (state_on IS date(state_on)),
    suspension_reason TEXT CHECK (suspension_reason IN ('nonpayment', 'manual', 'abuse', 'cancelled')),
    suspension_expiry TEXT CHECK (suspension_expiry IS date(suspension_expiry)),
    renews            INTEGER NOT NULL CHECK (renews IN (0, 1)),
    hold_until        TEXT CHECK (hold_until IS date(hold_until)),
    hold_note         TEXT,
    account           TEXT,
    server            TEXT,
    vat_rate          INTEGER CHECK (vat_rate BETWEEN 0 AND 10000),
    imported_on       TEXT NOT NULL CHECK (imported_on IS date(imported_on)),
    confirmed         INTEGER NOT NULL DEFAULT 0 CHECK (confirmed IN (0, 1)),
    CHECK ((state = 'active') = (state_on IS NULL)),
    CHECK ((state = 'suspended') = (suspension_reason IS NOT NULL)),
    CHECK ((suspension_reason IS NULL) = (suspension_expiry IS NULL)),
    CHECK (hold_until IS NOT NULL OR hold_note IS NULL)
) STRICT;
CREATE INDEX services_by_customer ON services (customer);
-- the night asks what expires up to a day, and what is suspended
CREATE INDEX services_by_expiry ON services (expires_on) WHERE state = 'active';
CREATE INDEX services_suspended ON services (customer) WHERE state = 'suspended';

CREATE TABLE charges (
    id          INTEGER PRIMARY KEY,
    customer    TEXT NOT NULL REFERENCES customers (code),
    service     TEXT REFERENCES services (code),
    source      TEXT NOT NULL CHECK (source IN ('period', 'one_off', 'adjustment')),
    period_from TEXT CHECK (period_from IS date(period_from)),
    period_to   TEXT CHECK (period_to IS date(period_to)),
    label       TEXT NOT NULL,
    net_cents   INTEGER NOT NULL,
    vat_cents   INTEGER NOT NULL,
    gross_cents INTEGER NOT NULL,
    vat_rate    INTEGER NOT NULL CHECK (vat_rate BETWEEN 0 AND 10000),
    created_on  TEXT NOT NULL CHECK (created_on IS date(created_on)),
    settled_on  TEXT CHECK (settled_on IS date(settled_on)),
    reopened_on TEXT CHECK (reopened_on IS date(reopened_on)),  -- its money was taken back on that day
    run         INTEGER NOT NULL REFERENCES runs (id),
    CHECK (net_cents + vat_cents = gross_cents),
    CHECK ((source = 'adjustment') = (gross_cents < 0)),
    CHECK ((source = 'period') = (period_from IS NOT NULL)),
    CHECK ((period_from IS NULL) = (period_to IS NULL)),
    CHECK (period_from IS NULL OR period_from < period_to),
    CHECK (source <> 'period' OR service IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX charges_once ON charges (service, period_from) WHERE source = 'period';
CREATE INDEX charges_open ON charges (customer) WHERE settled_on IS NULL;
CREATE INDEX charges_by_customer ON charges (customer);

CREATE TABLE payments (
    id           INTEGER PRIMARY KEY,
    date         TEXT NOT NULL CHECK (date IS date(date)),
    amount_cents INTEGER NOT NULL CHECK (amount_cents <> 0),
    bank_ref     TEXT NOT NULL,
    account      TEXT NOT NULL DEFAULT '',     -- our IBAN it came in on, where the statement says
    source       TEXT NOT NULL DEFAULT 'csv',           -- csv, hand, camt.053, or the profile of a bank's export
    method       TEXT NOT NULL DEFAULT 'bank' CHECK (method IN ('bank', 'cash', 'card', 'iris')),
    customer     TEXT REFERENCES customers (code),     -- none: unmatched
    services     TEXT NOT NULL DEFAULT '',
    reference    TEXT,
    payer        TEXT,
    payer_iban   TEXT,
    note         TEXT,
    matched_by   TEXT,                         -- the evidence: customer, reference, card, services, a person
    basis        TEXT,                         -- where the money went, and why
    reverses     INTEGER REFERENCES payments (id),      -- money taken back from that payment: a negative row
    same_as      INTEGER REFERENCES payments (id),      -- a person said: the same money as that payment
    run          INTEGER NOT NULL REFERENCES runs (id),
    CHECK ((reverses IS NULL) = (amount_cents > 0)),
    CHECK (same_as IS NULL OR (customer IS NULL AND reverses IS NULL)),
    UNIQUE (account, bank_ref)
) STRICT;
CREATE INDEX payments_by_customer ON payments (customer);
CREATE INDEX payments_by_reference ON payments (bank_ref);
CREATE INDEX payments_by_given ON payments (reference) WHERE reference IS NOT NULL;
CREATE INDEX payments_by_payer ON payments (payer_iban) WHERE payer_iban IS NOT NULL;
CREATE INDEX payments_by_amount ON payments (amount_cents, date);
CREATE INDEX payments_unmatched ON payments (date) WHERE customer IS NULL;
CREATE INDEX payments_reversing ON payments (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX payments_twins ON payments (same_as) WHERE same_as IS NOT NULL;

-- Payments with what was taken back of them, and what went to charges: the rest is credit, or unmatched.
CREATE VIEW money AS
SELECT p.*, p.amount_cents + coalesce((SELECT sum(r.amount_cents) FROM payments r WHERE r.reverses = p.id), 0)
         AS kept_cents,
       coalesce((SELECT sum(a.amount_cents) FROM allocations a WHERE a.payment = p.id), 0) AS allocated_cents
FROM payments p WHERE p.reverses IS NULL AND p.same_as IS NULL;

-- Who paid, as a bank says it in a list of its own, for movements that came or are to come.
CREATE TABLE payers (
    account      TEXT NOT NULL,
    bank_ref     TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    payer        TEXT NOT NULL,
    PRIMARY KEY (account, bank_ref, amount_cents)
) STRICT;

-- Append-only: a reversal is a negative row.
CREATE TABLE allocations (
    id           INTEGER PRIMARY KEY,
    payment      INTEGER REFERENCES payments (id),
    adjustment   INTEGER REFERENCES charges (id),
    charge       INTEGER NOT NULL REFERENCES charges (id),
    amount_cents INTEGER NOT NULL CHECK (amount_cents <> 0),
    made_on      TEXT NOT NULL CHECK (made_on IS date(made_on)),
    run          INTEGER NOT NULL REFERENCES runs (id),
    CHECK ((payment IS NULL) <> (adjustment IS NULL))
) STRICT;
CREATE INDEX allocations_by_payment ON allocations (payment);
CREATE INDEX allocations_by_charge ON allocations (charge);

-- Freshness counts from here, even for an empty file.
CREATE TABLE payment_imports (
    run      INTEGER PRIMARY KEY REFERENCES runs (id),
    fresh_on TEXT NOT NULL CHECK (fresh_on IS date(fresh_on))
) STRICT;

CREATE TABLE cards (
    number          TEXT PRIMARY KEY,
    customer        TEXT NOT NULL REFERENCES customers (code),
    mode            TEXT NOT NULL CHECK (mode IN ('trial', 'live')),
    year            INTEGER NOT NULL,
    sequence        INTEGER NOT NULL,
    issued_on       TEXT NOT NULL CHECK (issued_on IS date(issued_on)),
    replaces        TEXT REFERENCES cards (number),
    fingerprint     TEXT NOT NULL,
    total_due_cents INTEGER NOT NULL CHECK (total_due_cents >= 0),
    run             INTEGER NOT NULL REFERENCES runs (id),
    UNIQUE (mode, year, sequence)
) STRICT;
CREATE INDEX cards_by_customer ON cards (customer, mode);

CREATE TABLE card_charges (
    card   TEXT NOT NULL REFERENCES cards (number),
    charge INTEGER NOT NULL REFERENCES charges (id),
    PRIMARY KEY (card, charge)
) STRICT;

-- A message: one e-mail with one card. Its bytes live apart, so that they can be pruned.
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY,
    customer   TEXT NOT NULL REFERENCES customers (code),
    card       TEXT NOT NULL REFERENCES cards (number),
    mode       TEXT NOT NULL CHECK (mode IN ('trial', 'live')),
    message_id TEXT NOT NULL,
    subject    TEXT NOT NULL,
    lines      TEXT NOT NULL,                  -- what it says, as JSON
    made_on    TEXT NOT NULL CHECK (made_on IS date(made_on)),
    sha256     TEXT NOT NULL,
    run        INTEGER NOT NULL REFERENCES runs (id)
) STRICT;
CREATE INDEX messages_by_customer ON messages (customer);

CREATE TABLE message_bytes (
    message INTEGER PRIMARY KEY REFERENCES messages (id),
    bytes   BLOB NOT NULL
) STRICT;

CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY,
    message     INTEGER NOT NULL REFERENCES messages (id),
    address     TEXT NOT NULL,
    role        TEXT NOT NULL CHECK (role IN ('email', 'cc', 'bcc', 'trial')),
    state       TEXT NOT NULL CHECK (state IN ('queued', 'in_doubt', 'sent', 'failed', 'uncertain', 'cancelled')),
    accepted_on TEXT CHECK (accepted_on IS date(accepted_on)),   -- the run's as-of day
    attempts    INTEGER NOT NULL DEFAULT 0,
    retry_at    TEXT,
    reply       TEXT,
    queue_id    TEXT,
    bounced_on  TEXT CHECK (bounced_on IS date(bounced_on)),     -- accepted, and sent back later
    updated_at  TEXT,
    CHECK ((state = 'sent') = (accepted_on IS NOT NULL)),
    UNIQUE (message, address)
) STRICT;
CREATE INDEX deliveries_unfinished ON deliveries (state) WHERE state IN ('queued', 'in_doubt', 'failed', 'uncertain');

CREATE TABLE attempts (
    id       INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES deliveries (id),
    run      INTEGER NOT NULL REFERENCES runs (id),
    at       TEXT NOT NULL,
    stage    TEXT NOT NULL,
    code     INTEGER,
    reply    TEXT NOT NULL,
    outcome  TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_by_delivery ON attempts (delivery);

-- A notice: that one (service, period, stage) is told. Unique, cancelled ones aside.
CREATE TABLE notices (
    id           INTEGER PRIMARY KEY,
    message      INTEGER NOT NULL REFERENCES messages (id),
    service      TEXT NOT NULL REFERENCES services (code),
    period_from  TEXT NOT NULL CHECK (period_from IS date(period_from)),
    stage        TEXT NOT NULL,
    mode         TEXT NOT NULL CHECK (mode IN ('trial', 'live')),
    made_on      TEXT NOT NULL CHECK (made_on IS date(made_on)),
    suspend_on   TEXT CHECK (suspend_on IS date(suspend_on)),
    terminate_on TEXT CHECK (terminate_on IS date(terminate_on)),
    cancelled    INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX notices_once ON notices (mode, service, period_from, stage)
    WHERE cancelled = 0 AND stage <> 'on_request';
CREATE INDEX notices_by_service ON notices (service, period_from);
CREATE INDEX notices_by_message ON notices (message);

-- A step with a service: intent, then done or failed.
CREATE TABLE steps (
    id          INTEGER PRIMARY KEY,
    run         INTEGER NOT NULL REFERENCES runs (id),
    service     TEXT NOT NULL REFERENCES services (code),
    action      TEXT NOT NULL CHECK (action IN ('renew', 'reinstate', 'suspend', 'terminate')),
    period_from TEXT NOT NULL CHECK (period_from IS date(period_from)),
    period_to   TEXT NOT NULL CHECK (period_to IS date(period_to)),
    mode        TEXT NOT NULL CHECK (mode IN ('trial', 'live')),
    state       TEXT NOT NULL CHECK (state IN ('intent', 'done', 'failed', 'undone', 'shadow')),
    on_day      TEXT NOT NULL CHECK (on_day IS date(on_day)),
    attempts    INTEGER NOT NULL DEFAULT 0,
    retry_on    TEXT CHECK (retry_on IS date(retry_on)),
    output      TEXT
) STRICT;
CREATE INDEX steps_by_service ON steps (service);
CREATE INDEX steps_by_day ON steps (on_day);

-- What staff did by hand while the program was on trial, as the imported files say: each change of state.
CREATE TABLE staff_states (
    id      INTEGER PRIMARY KEY,
    service TEXT NOT NULL REFERENCES services (code),
    state   TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'terminated')),
    on_day  TEXT NOT NULL CHECK (on_day IS date(on_day)),
    run     INTEGER NOT NULL REFERENCES runs (id)
) STRICT;
CREATE INDEX staff_states_by_service ON staff_states (service);

-- What a person must do at a panel or registry, because no hook does it.
CREATE TABLE work_orders (
    id        INTEGER PRIMARY KEY,
    run       INTEGER NOT NULL REFERENCES runs (id),
    service   TEXT NOT NULL REFERENCES services (code),
    action    TEXT NOT NULL CHECK (action IN ('renew', 'reinstate', 'suspend', 'terminate')),
    until     TEXT CHECK (until IS date(until)),        -- the new expiry, for a renewal
    opened_on TEXT NOT NULL CHECK (opened_on IS date(opened_on)),
    done_on   TEXT CHECK (done_on IS date(done_on)),
    done_by   TEXT
) STRICT;
CREATE INDEX work_orders_open ON work_orders (opened_on) WHERE done_on IS NULL;

-- The history of holds; the one in force stands in services.
CREATE TABLE holds (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES runs (id),
    service  TEXT NOT NULL REFERENCES services (code),
    until    TEXT NOT NULL CHECK (until IS date(until)),
    note     TEXT NOT NULL,
    made_by  TEXT NOT NULL,
    made_on  TEXT NOT NULL CHECK (made_on IS date(made_on)),
    ended_on TEXT CHECK (ended_on IS date(ended_on))
) STRICT;

CREATE TABLE invoices (
    id      INTEGER PRIMARY KEY,
    number  TEXT NOT NULL,
    date    TEXT NOT NULL CHECK (date IS date(date)),
    charge  INTEGER REFERENCES charges (id),
    payment INTEGER REFERENCES payments (id),
    run     INTEGER NOT NULL REFERENCES runs (id),
    CHECK (charge IS NOT NULL OR payment IS NOT NULL)
) STRICT;

-- What needs a person. New rows make a run end with status 3; old ones only stay listed.
CREATE TABLE attention (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    key       TEXT NOT NULL,
    customer  TEXT,
    service   TEXT,
    text      TEXT NOT NULL,
    since     TEXT NOT NULL CHECK (since IS date(since)),
    run       INTEGER NOT NULL REFERENCES runs (id),
    acked_by  TEXT,
    closed_on TEXT CHECK (closed_on IS date(closed_on))
) STRICT;
CREATE UNIQUE INDEX attention_open ON attention (kind, key) WHERE closed_on IS NULL;

-- What was done and why, for ever.
CREATE TABLE journal (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES runs (id),
    customer TEXT,
    service  TEXT,
    what     TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX journal_by_service ON journal (service);
CREATE TRIGGER journal_is_kept BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_stays BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER allocations_are_kept BEFORE UPDATE ON allocations
BEGIN SELECT RAISE(ABORT, 'allocations are append-only'); END;
CREATE TRIGGER allocations_stay BEFORE DELETE ON allocations
BEGIN SELECT RAISE(ABORT, 'allocations are append-only'); END;
