-- What a night asks costs what is due, and not what the years have left behind.
DROP INDEX cards_by_customer;
CREATE INDEX cards_by_customer ON cards (customer, mode, year, sequence);
CREATE INDEX messages_by_card ON messages (card);
CREATE INDEX invoices_by_charge ON invoices (charge) WHERE charge IS NOT NULL;
CREATE INDEX invoices_by_payment ON invoices (payment) WHERE payment IS NOT NULL;
CREATE INDEX invoices_by_number ON invoices (number);
CREATE INDEX steps_by_run ON steps (run);
CREATE INDEX steps_pending ON steps (action) WHERE state IN ('intent', 'failed');
CREATE INDEX steps_shadow ON steps (id) WHERE state = 'shadow';
CREATE INDEX payers_by_movement ON payers (bank_ref, amount_cents);
CREATE INDEX charges_by_service ON charges (service, period_from);
CREATE INDEX work_orders_by_service ON work_orders (service, action);
CREATE INDEX journal_by_customer ON journal (customer);
CREATE INDEX journal_by_run ON journal (run);
