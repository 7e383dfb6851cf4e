//! What customers can be found by: every text that somebody may remember of one.

use super::Read;
use super::error::Result;

/// Each text with its customer and what it is, the most telling first.
const TEXTS: &str = "
    SELECT code, 'code', code FROM customers
    UNION ALL SELECT code, 'tax_id', tax_id FROM customers WHERE tax_id IS NOT NULL
    UNION ALL SELECT code, 'reference', reference FROM customers
    UNION ALL SELECT code, 'email', email || coalesce(';' || cc, '') FROM customers
    UNION ALL SELECT code, 'phone', phone FROM customers WHERE phone IS NOT NULL
    UNION ALL SELECT code, 'name', name FROM customers
    UNION ALL SELECT customer, 'service', code FROM services
    UNION ALL SELECT customer, 'domain_name', domain_name FROM services WHERE domain_name IS NOT NULL
    UNION ALL SELECT customer, 'card', number FROM cards
    UNION ALL SELECT c.customer, 'invoice', i.number FROM invoices i JOIN charges c ON c.id = i.charge
    UNION ALL SELECT p.customer, 'invoice', i.number FROM invoices i JOIN payments p ON p.id = i.payment
        WHERE p.customer IS NOT NULL
    UNION ALL SELECT customer, 'payer', payer FROM payments WHERE customer IS NOT NULL AND payer IS NOT NULL";

impl Read {
    /// Hands over each service that has not ended, with its domain name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn domains_of_services(&self, each: &mut dyn FnMut(&str, &str)) -> Result<()> {
        let sql = "SELECT code, domain_name FROM services WHERE domain_name IS NOT NULL AND state <> 'ended' ORDER BY code";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = |at| row.get_ref(at).ok().and_then(|value| value.as_str().ok()).unwrap_or_default();
            each(text(0), text(1));
        }
        Ok(())
    }

    /// Hands over each text that a customer can be found by: whose it is, what it is, and the text.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn texts_of_customers(&self, each: &mut dyn FnMut(&str, &str, &str)) -> Result<()> {
        let mut statement = self.connection().prepare_cached(TEXTS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = |at| row.get_ref(at).ok().and_then(|value| value.as_str().ok()).unwrap_or_default();
            each(text(0), text(1), text(2));
        }
        Ok(())
    }
}
