-- All that each customer can be found by, as letters are compared; nothing where something of it has changed since. Only the
-- program can compare letters: it writes the texts at the end of a run, and looks by itself where they are not there.
CREATE TABLE found_by (
    customer TEXT PRIMARY KEY REFERENCES customers (code),
    texts    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX found_by_changed ON found_by (customer) WHERE texts IS NULL;
INSERT INTO found_by (customer) SELECT code FROM customers;

CREATE TRIGGER found_by_customer AFTER INSERT ON customers BEGIN
    INSERT INTO found_by (customer) VALUES (NEW.code);
END;
CREATE TRIGGER found_by_customer_amended AFTER UPDATE OF name, email, cc, tax_id, phone, reference ON customers BEGIN
    UPDATE found_by SET texts = NULL WHERE customer = NEW.code AND texts IS NOT NULL;
END;
CREATE TRIGGER found_by_service AFTER INSERT ON services BEGIN
    UPDATE found_by SET texts = NULL WHERE customer = NEW.customer AND texts IS NOT NULL;
END;
CREATE TRIGGER found_by_service_amended AFTER UPDATE OF customer, domain_name ON services BEGIN
    UPDATE found_by SET texts = NULL WHERE customer IN (OLD.customer, NEW.customer) AND texts IS NOT NULL;
END;
CREATE TRIGGER found_by_card AFTER INSERT ON cards BEGIN
    UPDATE found_by SET texts = NULL WHERE customer = NEW.customer AND texts IS NOT NULL;
END;
CREATE TRIGGER found_by_invoice AFTER INSERT ON invoices BEGIN
    UPDATE found_by SET texts = NULL WHERE texts IS NOT NULL AND customer IN (
        SELECT customer FROM charges WHERE id = NEW.charge UNION SELECT customer FROM payments WHERE id = NEW.payment);
END;
CREATE TRIGGER found_by_invoice_gone AFTER DELETE ON invoices BEGIN
    UPDATE found_by SET texts = NULL WHERE texts IS NOT NULL AND customer IN (
        SELECT customer FROM charges WHERE id = OLD.charge UNION SELECT customer FROM payments WHERE id = OLD.payment);
END;
CREATE TRIGGER found_by_payment AFTER INSERT ON payments WHEN NEW.customer IS NOT NULL BEGIN
    UPDATE found_by SET texts = NULL WHERE customer = NEW.customer AND texts IS NOT NULL;
END;
CREATE TRIGGER found_by_payment_amended AFTER UPDATE OF customer, payer ON payments BEGIN
    UPDATE found_by SET texts = NULL WHERE customer IN (OLD.customer, NEW.customer) AND texts IS NOT NULL;
END;

-- A table with a trigger has its rows' pointers looked at from the other end too, where they point into itself.
CREATE INDEX cards_by_replaced ON cards (replaces) WHERE replaces IS NOT NULL;
