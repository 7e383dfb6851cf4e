-- What is asked at every movement must not look at all movements of its amount: what people recorded, and what waits
-- beside it, is little.
CREATE INDEX payments_by_hand ON payments (source, amount_cents, date) WHERE source = 'hand';
CREATE INDEX payments_parked ON payments (parked, likely, amount_cents) WHERE parked IS NOT NULL;
