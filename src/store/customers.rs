//! The table of customers.

use super::columns::Record;
use super::error::Result;
use super::{Read, Tx};
use crate::billing::customer::{Customer, Language, PaymentReference};
use crate::billing::ids::CustomerCode;
use crate::billing::vat::{VatRate, VatTreatment};
use rusqlite::{OptionalExtension, Row, params};

fn read(row: &Row<'_>) -> Result<Customer> {
    let record = Record::new(row, "customer");
    let list = |text: String| text.split(';').filter(|a| !a.is_empty()).map(str::to_owned).collect();
    let reference = record.text("reference")?;
    let rate = record.optional_integer("vat_rate")?.and_then(|points| u32::try_from(points).ok());
    Ok(Customer {
        code: CustomerCode::new(record.text("code")?),
        name: record.text("name")?,
        email: list(record.text("email")?),
        cc: list(record.text("cc")?),
        tax_id: record.optional_text("tax_id")?,
        tax_office: record.optional_text("tax_office")?,
        profession: record.optional_text("profession")?,
        address: record.optional_text("address")?,
        postcode: record.optional_text("postcode")?,
        city: record.optional_text("city")?,
        country: record.text("country")?,
        phone: record.optional_text("phone")?,
        language: record.word("language", "a language of a card", Language::from_code)?,
        vat: record.word("vat", "a VAT treatment", |word| match word {
            "standard" => Some(VatTreatment::Standard),
            "reverse_charge" => Some(VatTreatment::ReverseCharge),
            "exempt" => Some(VatTreatment::Exempt),
            "own" => rate.map(|points| VatTreatment::Own(VatRate::from_basis_points(points))),
            _ => None,
        })?,
        reference: record.word("reference_kind", "`own` or `bank`", |word| match word {
            "own" => Some(PaymentReference::Own(reference.clone())),
            "bank" => Some(PaymentReference::BankIssued(reference.clone())),
            _ => None,
        })?,
        enforcement: record.integer("enforcement")? == 1,
    })
}

/// Reading customers.
impl Read {
    /// The customer of this code.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn customer(&self, code: &CustomerCode) -> Result<Option<Customer>> {
        let mut statement = self.connection().prepare_cached("SELECT * FROM customers WHERE code = ?1")?;
        let mut rows = statement.query([code.as_str()])?;
        rows.next()?.map(read).transpose()
    }

    /// Every customer's code, in order.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn customer_codes(&self) -> Result<Vec<CustomerCode>> {
        let mut statement = self.connection().prepare_cached("SELECT code FROM customers ORDER BY code")?;
        let codes = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(codes.map(|code| code.map(CustomerCode::new)).collect::<rusqlite::Result<_>>()?)
    }

    /// The customer whose payment reference this is.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn customer_of_reference(&self, reference: &str) -> Result<Option<CustomerCode>> {
        let sql = "SELECT code FROM customers WHERE reference = ?1";
        let code = self
            .connection()
            .prepare_cached(sql)?
            .query_row([reference], |row| row.get::<_, String>(0))
            .optional()?;
        Ok(code.map(CustomerCode::new))
    }

    /// The number the next new customer gets.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn next_customer_sequence(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(sequence), 0) + 1 FROM customers";
        Ok(self.connection().prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Stores a new customer.
    ///
    /// # Errors
    /// A reference that another customer has.
    pub fn insert_customer(&self, customer: &Customer, sequence: i64) -> Result<()> {
        let sql = "INSERT INTO customers (name, email, cc, tax_id, tax_office, profession, address, postcode,
                    city, country, phone, language, vat, vat_rate, reference, reference_kind, enforcement,
                    code, sequence, imported_on)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
        self.customer_statement(sql, customer, params![sequence, self.run.as_of])
    }

    /// Stores what has changed about a customer.
    ///
    /// # Errors
    /// A reference that another customer has.
    pub fn update_customer(&self, customer: &Customer) -> Result<()> {
        let sql = "UPDATE customers SET name = ?1, email = ?2, cc = ?3, tax_id = ?4, tax_office = ?5,
                    profession = ?6, address = ?7, postcode = ?8, city = ?9, country = ?10, phone = ?11,
                    language = ?12, vat = ?13, vat_rate = ?14, reference = ?15, reference_kind = ?16,
                    enforcement = ?17
                   WHERE code = ?18";
        // an exemption switched on or off moves what was announced of each service
        self.connection()
            .prepare_cached(
                "UPDATE services SET episode = episode + 1
                 WHERE customer = ?1 AND (SELECT enforcement FROM customers WHERE code = ?1) <> ?2",
            )?
            .execute(params![customer.code.as_str(), customer.enforcement])?;
        self.customer_statement(sql, customer, params![])
    }

    fn customer_statement(
        &self,
        sql: &str,
        customer: &Customer,
        more: &[&dyn rusqlite::ToSql],
    ) -> Result<()> {
        let (vat, rate) = match customer.vat {
            VatTreatment::Standard => ("standard", None),
            VatTreatment::Own(rate) => ("own", Some(rate.basis_points())),
            VatTreatment::ReverseCharge => ("reverse_charge", None),
            VatTreatment::Exempt => ("exempt", None),
        };
        let kind = match customer.reference {
            PaymentReference::Own(_) => "own",
            PaymentReference::BankIssued(_) => "bank",
        };
        let (email, cc) = (customer.email.join(";"), customer.cc.join(";"));
        let (language, reference, code) =
            (customer.language.code(), customer.reference.as_str(), customer.code.as_str());
        let mut values: Vec<&dyn rusqlite::ToSql> = params![
            customer.name,
            email,
            cc,
            customer.tax_id,
            customer.tax_office,
            customer.profession,
            customer.address,
            customer.postcode,
            customer.city,
            customer.country,
            customer.phone,
            language,
            vat,
            rate,
            reference,
            kind,
            customer.enforcement,
            code
        ]
        .to_vec();
        values.extend_from_slice(more);
        self.connection().prepare_cached(sql)?.execute(values.as_slice())?;
        Ok(())
    }
}
