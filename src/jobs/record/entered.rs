//! `record customer` and `record service`: one row of a file, typed on the command line. What is given is read as a file's
//! columns are, what is not stays; and staff have the last word on what they gave.

use super::{Entry, Recording};
use crate::billing::charging::charge_once;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::period::{BillingPeriod, greek_date, read_day};
use crate::billing::service::Service;
use crate::billing::vat::Price;
use crate::error::Stop;
use crate::intake;
use crate::jobs::import::{customers, differences::Differences, services};
use crate::store::RecordOf;
use crate::views::record::Recorded;
use anyhow::{Result, anyhow, bail};
use chrono::NaiveDate;
use clap::Args;
use std::collections::BTreeSet;

/// `record customer`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  record customer K-0150 --name \"Ζαφειρίου Ελένη\" --email eleni@ergo.example --tax-id 000000012"
)]
pub struct Customer {
    /// The customer's code; a new one makes a new customer
    pub customer: CustomerCode,
    /// Name, as it is printed
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// E-mail addresses, `;` between them
    #[arg(long, value_name = "ADDRESSES")]
    pub email: Option<String>,
    /// Addresses for copies
    #[arg(long, value_name = "ADDRESSES")]
    pub cc: Option<String>,
    /// ΑΦΜ
    #[arg(long, value_name = "NUMBER")]
    pub tax_id: Option<String>,
    /// ΔΟΥ
    #[arg(long, value_name = "NAME")]
    pub tax_office: Option<String>,
    /// Profession
    #[arg(long, value_name = "TEXT")]
    pub profession: Option<String>,
    /// Street and number
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// Postcode
    #[arg(long, value_name = "TEXT")]
    pub postcode: Option<String>,
    /// City
    #[arg(long, value_name = "NAME")]
    pub city: Option<String>,
    /// Country, such as GR or CY
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// Telephone
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// Language of cards: el or en
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,
    /// standard, reverse_charge, exempt or a percentage
    #[arg(long, value_name = "VAT")]
    pub vat: Option<String>,
    /// A payment code that a bank issued
    #[arg(long, value_name = "CODE")]
    pub reference: Option<String>,
    /// Whether services are suspended and deleted: yes or no
    #[arg(long, value_name = "YES|NO")]
    pub enforcement: Option<String>,
}

impl Customer {
    /// What was given, by the names of the columns.
    fn given(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("name", &self.name),
            ("email", &self.email),
            ("cc", &self.cc),
            ("tax_id", &self.tax_id),
            ("tax_office", &self.tax_office),
            ("profession", &self.profession),
            ("address", &self.address),
            ("postcode", &self.postcode),
            ("city", &self.city),
            ("country", &self.country),
            ("phone", &self.phone),
            ("language", &self.language),
            ("vat", &self.vat),
            ("reference", &self.reference),
            ("enforcement", &self.enforcement),
        ];
        all.into_iter().filter_map(|(column, value)| Some((column, value.as_deref()?))).collect()
    }

    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        let code = &self.customer;
        let given = self.given();
        let stored = at.tx.customer(code)?;
        let kept = stored.as_ref().map(|stored| (stored.name.clone(), stored.email.join(";")));
        let (name, email) = kept.unwrap_or_default();
        let row =
            intake::customer(&row(&given, [("code", code.as_str()), ("name", &name), ("email", &email)]))
                .map_err(|why| anyhow!(why))?;
        let Some(mut stored) = stored else {
            let sequence = at.tx.next_customer_sequence()?;
            let config = &at.desk.config;
            let prefix = &config.payment.reference_prefix;
            let new = customers::created(&row, sequence, prefix, config.mail.language);
            at.tx.insert_customer(&new, sequence)?;
            note_words(at, RecordOf::Customer(code), &given)?;
            let recorded = Recorded::Entered { code: code.to_string(), what: new.name };
            return Ok(Entry::of_customer(code, recorded));
        };
        let differences =
            customers::updated(&mut stored, &row, Differences::new(BTreeSet::new(), &columns(&given)));
        at.tx.update_customer(&stored)?;
        note_words(at, RecordOf::Customer(code), &given)?;
        at.update(code)?;
        Ok(Entry::of_customer(
            code,
            Recorded::Amended { code: code.to_string(), changed: changed(&differences) },
        ))
    }
}

/// `record service`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example (from 15/3, with a first charge for the days up to the expiry):\n  record service S-0410 --customer K-0150 --kind hosting --name \"Φιλοξενία Starter\" --price 60 --months 12 --expires 30/06/2027 --from 15/03/2027"
)]
pub struct ServiceEntry {
    /// The service's code; a new one makes a new service
    pub service: ServiceCode,
    /// Whose it is; needed for a new one
    #[arg(long, value_name = "CUSTOMER")]
    pub customer: Option<CustomerCode>,
    /// hosting, domain, ssl, email, backup, server, support, other or custom_app
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// What is bought, as it is printed
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Domain name
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<String>,
    /// Price of a period before VAT
    #[arg(long, value_name = "AMOUNT", conflicts_with = "price_gross")]
    pub price: Option<String>,
    /// Price of a period with VAT
    #[arg(long, value_name = "AMOUNT")]
    pub price_gross: Option<String>,
    /// Months of a period
    #[arg(long, value_name = "MONTHS")]
    pub months: Option<String>,
    /// Its expiry, the first day that is not covered [default, with --from: a whole period after it]
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub expires: Option<NaiveDate>,
    /// It runs from this day: a new service is charged for the days from it up to the expiry
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub from: Option<NaiveDate>,
    /// The panel's user name
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Which panel
    #[arg(long, value_name = "SERVER")]
    pub server: Option<String>,
    /// VAT of its own, in percent
    #[arg(long, value_name = "PERCENT")]
    pub vat: Option<String>,
}

impl ServiceEntry {
    fn given(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("kind", &self.kind),
            ("name", &self.name),
            ("domain_name", &self.domain),
            ("price", &self.price),
            ("price_gross", &self.price_gross),
            ("period_months", &self.months),
            ("account", &self.account),
            ("server", &self.server),
            ("vat", &self.vat),
        ];
        all.into_iter().filter_map(|(column, value)| Some((column, value.as_deref()?))).collect()
    }

    pub(super) fn enter(&self, at: &mut Recording<'_>) -> Result<Entry> {
        match at.tx.service(&self.service)? {
            Some(stored) => self.amend(at, stored),
            None => self.begin(at),
        }
    }

    fn begin(&self, at: &mut Recording<'_>) -> Result<Entry> {
        let Self { service: code, customer, from, .. } = self;
        let Some(customer) = customer else {
            let text = format!("there is no service `{code}`");
            return Err(Stop::unknown(text)
                .hint("a new one needs --customer, --kind, --name, a price and --months")
                .into());
        };
        at.facts(customer)?;
        let months: u32 = self.months.as_deref().and_then(|months| months.parse().ok()).unwrap_or(12);
        let whole = |from: NaiveDate| BillingPeriod::anchored(from, months, chrono::Datelike::day(&from)).to;
        let Some(expires_on) = self.expires.or_else(|| from.map(whole)) else {
            return Err(Stop::usage("a new service needs --expires, or --from for a whole period").into());
        };
        if self.expires.is_none() && expires_on <= at.today() {
            // a year that was mistyped would be charged, and told the customer tonight
            let text = format!("a whole period from --from ends on {expires_on}, which is over");
            return Err(Stop::usage(text).hint("say which day it expires with --expires").into());
        }
        if from.is_some_and(|from| from >= expires_on) {
            return Err(Stop::usage(format!("--from lies after the expiry, {expires_on}")).into());
        }
        let given = self.given();
        let expires = expires_on.to_string();
        let needed =
            [("code", code.as_str()), ("customer", customer.as_str()), ("expires_on", expires.as_str())];
        let row = intake::service(&row(&given, needed)).map_err(|why| anyhow!(why))?;
        let mut service = services::created(&row, at.desk.today);
        if let (Some(from), None) = (*from, self.expires) {
            // the day it began on is the one that its periods return to
            service.anchor_day = chrono::Datelike::day(&from);
        }
        at.tx.put_service(&service)?;
        note_words(at, RecordOf::Service(code), &given)?;
        if let Some(from) = *from {
            self.first_charge(at, &service, from)?;
        }
        at.update(customer)?;
        let recorded = Recorded::Entered { code: code.to_string(), what: service.name.clone() };
        Ok(Entry::of_service(service, recorded))
    }

    /// The days from the beginning up to the expiry, at the price of a day of the period that ends there.
    fn first_charge(&self, at: &Recording<'_>, service: &Service, from: NaiveDate) -> Result<()> {
        let price = match self.expires {
            None => service.price,
            Some(_) => service.price.of_days(days(service, from), days_of_period(service)),
        };
        let last = service.expires_on.pred_opt().unwrap_or(service.expires_on);
        let label = format!("{} ({} – {})", service.name, greek_date(from), greek_date(last));
        let mut facts = at.facts(&service.customer)?;
        let code = Some(service.code.clone());
        let changes = charge_once(&mut facts, &at.desk.rules, code, label, price, at.today());
        at.tx.apply(&service.customer, &changes)?;
        Ok(())
    }

    fn amend(&self, at: &mut Recording<'_>, mut stored: Service) -> Result<Entry> {
        if self.from.is_some() {
            bail!("`{}` runs already; --from is the beginning of a new service", stored.code);
        }
        if self.customer.as_ref().is_some_and(|customer| *customer != stored.customer) {
            bail!("`{}` is `{}`'s; end it and enter one of a code of its own", stored.code, stored.customer);
        }
        stored.settle_price();
        let mut given = self.given();
        let expires = self.expires.unwrap_or(stored.expires_on).to_string();
        let months = stored.period_months.to_string();
        let (price, price_column) = match stored.price {
            Price::Net(price) => (price.greek_digits(), "price"),
            Price::Gross(price) => (price.greek_digits(), "price_gross"),
        };
        let has_price = given.iter().any(|(column, _)| column.starts_with("price"));
        let needed = [
            ("code", stored.code.as_str()),
            ("customer", stored.customer.as_str()),
            ("kind", stored.kind.code()),
            ("name", stored.name.as_str()),
            ("period_months", months.as_str()),
            ("expires_on", expires.as_str()),
            (price_column, if has_price { "" } else { price.as_str() }),
        ];
        let read = intake::service(&row(&given, needed)).map_err(|why| anyhow!(why))?;
        if self.expires.is_some() {
            given.push(("expires_on", expires.as_str()));
        }
        let code = stored.code.clone();
        let compared = Differences::new(BTreeSet::new(), &columns(&given));
        let differences = services::updated(&mut stored, &read, at.today(), compared);
        at.tx.put_service(&stored)?;
        note_words(at, RecordOf::Service(&code), &given)?;
        at.update(&stored.customer)?;
        let recorded = Recorded::Amended { code: code.to_string(), changed: changed(&differences) };
        Ok(Entry::of_service(stored, recorded))
    }
}

fn days(service: &Service, from: NaiveDate) -> i64 {
    (service.expires_on - from).num_days()
}

/// The days of the period that ends at the expiry.
fn days_of_period(service: &Service) -> i64 {
    let begins = service.expires_on.checked_sub_months(chrono::Months::new(service.period_months));
    begins.map_or(1, |begins| days(service, begins)).max(1)
}

/// A row of a file: what was given, and of the columns that must be there what was not.
fn row<'a, const N: usize>(
    given: &[(&'static str, &'a str)],
    needed: [(&'static str, &'a str); N],
) -> Vec<(&'static str, &'a str)> {
    let missing = needed.into_iter().filter(|(column, _)| !given.iter().any(|(known, _)| known == column));
    given.iter().copied().chain(missing).collect()
}

fn columns(given: &[(&'static str, &str)]) -> Vec<String> {
    given.iter().map(|(column, _)| (*column).to_owned()).collect()
}

fn changed(differences: &Differences) -> Vec<(String, String, String)> {
    let changed = differences.changed.iter();
    changed.map(|view| (view.column.to_string(), view.before.clone(), view.after.clone())).collect()
}

/// Staff have the last word on what they gave; a file calls either price by one name.
fn note_words(at: &Recording<'_>, of: RecordOf<'_>, given: &[(&'static str, &str)]) -> Result<()> {
    for (column, _) in given {
        let column = if column.starts_with("price") { "price" } else { column };
        at.tx.note_staff_word(of, column)?;
    }
    Ok(())
}
