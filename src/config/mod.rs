//! The configuration: read once, checked whole, every fault reported together with its line.

mod faults;
mod hooks;
mod mail;
mod payment;
mod policy;
mod rights;
mod running;
mod section;
mod server;

pub use faults::{ConfigFault, ConfigFaults};
pub use hooks::{ENCRYPTED, HookSet, PLAIN};
pub use running::{Monitor, SiteOfReport};

use crate::billing::calendar::Calendar;
use crate::billing::card::{Bank, Company, Iris};
use crate::billing::customer::Language;
use crate::billing::guard::Limits;
use crate::billing::issuer::{Issuer, OfferedWay};
use crate::billing::money::Money;
use crate::billing::policy::{Mode, Policies, Rules};
use crate::billing::service::ServiceKind;
use crate::billing::tax_id::is_greek_tax_id;
use crate::billing::vat::VatRate;
use chrono::NaiveDate;
use section::{Faults, Section};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// Printed on the cards of EU businesses. The article is that of the VAT code of 2024; an accountant
/// confirms it.
const REVERSE_CHARGE: &str = "Χωρίς ΦΠΑ – άρθρο 18 του Κώδικα ΦΠΑ (ν. 5144/2024). Αντίστροφη επιβάρυνση / Reverse charge – Article 196 Directive 2006/112/EC.";
/// Printed on the cards of exempt customers.
const EXEMPT: &str = "Χωρίς ΦΠΑ – απαλλαγή σύμφωνα με τον Κώδικα ΦΠΑ (ν. 5144/2024). / VAT exempt.";

/// The configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// Who issues cards.
    pub company: Company,
    /// Before the year in a card's number.
    pub card_prefix: String,
    /// The logo.
    pub logo: Option<PathBuf>,
    /// The database, and where its backups go.
    pub database: Database,
    /// How mail leaves.
    pub smtp: server::Smtp,
    /// Mail.
    pub mail: Mail,
    /// The language of what staff read.
    pub staff_language: Language,
    /// How customers pay.
    pub payment: Payment,
    /// VAT.
    pub vat: Vat,
    /// The ladders.
    pub policies: Policies,
    /// The days of enforcement.
    pub calendar: Calendar,
    /// The guard.
    pub guard: Guard,
    /// Trial or live.
    pub rollout: Rollout,
    /// Hooks by kind.
    pub hooks: BTreeMap<ServiceKind, HookSet>,
    /// Imports.
    pub import: Import,
    /// Who hears of every night.
    pub monitor: Monitor,
    /// The report.
    pub report: SiteOfReport,
}

/// `[database]`
#[derive(Debug, Clone)]
pub struct Database {
    /// Where it lies.
    pub path: Option<PathBuf>,
    /// Where its backups go.
    pub backups: Option<PathBuf>,
    /// How many are kept.
    pub keep: u32,
    /// The program that encrypts one, with its arguments: [`PLAIN`] and [`ENCRYPTED`] stand for the two files.
    pub encrypt: Option<Vec<String>>,
}

/// `[mail]`
#[derive(Debug, Clone)]
pub struct Mail {
    /// `Name <address>`.
    pub from: String,
    /// Where bounces go.
    pub envelope_from: String,
    /// What parts that address from what is put behind it for each delivery; none where nothing is put behind it.
    pub recipient_delimiter: Option<char>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Gets a copy of everything.
    pub bcc: Option<String>,
    /// Get the digest.
    pub accounting: Vec<String>,
    /// Whether the digest of a night without news is sent too.
    pub digest_always: bool,
    /// Language of customers that have none.
    pub language: Language,
    /// A folder whose templates replace the built-in ones.
    pub templates: Option<PathBuf>,
    /// How long bytes are kept.
    pub archive_months: u32,
    /// Within so many days a card stands for further reminders of what it listed.
    pub gather_days: u32,
}

/// `[payment]`
#[derive(Debug, Clone)]
pub struct Payment {
    /// Body of own references, before the customer's number.
    pub reference_prefix: String,
    /// What a settlement may fall short by.
    pub tolerance: Money,
    /// Print an EPC QR code.
    pub epc_qr: bool,
    /// So many bank days pass between the sending of money and the night that knows of it.
    pub arrives_days: u32,
    /// Card-payment page.
    pub link: Option<String>,
    /// Accounts.
    pub banks: Vec<Bank>,
    /// The same, with names in Latin letters.
    pub latin_banks: Vec<Bank>,
    /// Further ways to pay.
    pub ways: Vec<OfferedWay>,
    /// IRIS.
    pub iris: Option<Iris>,
    /// The merchant's IRIS QR.
    pub iris_qr: Option<PathBuf>,
}

/// `[vat]`
#[derive(Debug, Clone)]
pub struct Vat {
    /// The rate of most customers.
    pub standard: VatRate,
    /// Sentence of reverse charge.
    pub reverse_charge: String,
    /// Sentence of exemption.
    pub exempt: String,
}

/// `[guard]`
#[derive(Debug, Clone)]
pub struct Guard {
    /// Caps and ages.
    pub limits: Limits,
    /// While it exists, nothing is enforced.
    pub stop_file: Option<PathBuf>,
}

/// `[rollout]`
#[derive(Debug, Clone)]
pub struct Rollout {
    /// The mode asked for.
    pub mode: Mode,
    /// Before this day it is a trial all the same.
    pub live_from: Option<NaiveDate>,
    /// Gets every message of the trial.
    pub trial_recipient: Option<String>,
}

impl Rollout {
    /// The day on which a trial ends, where one is set.
    #[must_use]
    pub fn goes_live(&self) -> Option<NaiveDate> {
        self.live_from.filter(|_| self.mode == Mode::Live)
    }
}

/// `[import]`
#[derive(Debug, Clone)]
pub struct Import {
    /// The folder that `nightly` imports.
    pub inbox: Option<PathBuf>,
    /// Profiles of banks' exports.
    pub profiles: Option<PathBuf>,
    /// A mailbox of bounces.
    pub bounces: Option<PathBuf>,
    /// Expired longer than this before the first import: held back.
    pub stale_days: u32,
}

impl Config {
    /// Reads and checks the configuration at `path`.
    ///
    /// # Errors
    /// [`ConfigFaults`] with everything that is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigFaults> {
        let fault = |message: String, hint: &str| ConfigFaults {
            file: path.to_owned(),
            faults: vec![ConfigFault { line: 1, message, hint: Some(hint.to_owned()) }],
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    "the program's user must be able to read it: chown root:konet-billing and chmod 640, and 750 its folder"
                }
                _ => "name another with --config, or let `konet-billing init` write one",
            };
            fault(format!("cannot be read: {error}"), hint)
        })?;
        let config = Self::parse(&text, path)?;
        rights::check(&config).map_err(|(message, hint)| fault(message, &hint))?;
        Ok(config)
    }

    /// Every file and folder that the program obeys beside its database: whoever may change one decides who is suspended.
    #[must_use]
    pub fn obeyed(&self) -> Vec<PathBuf> {
        rights::obeyed(self)
    }

    /// Checks the text of a configuration; paths in it are relative to `path`.
    ///
    /// # Errors
    /// [`ConfigFaults`] with everything that is wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigFaults> {
        let faults = Faults::new(text);
        let fail = |faults: Vec<ConfigFault>| ConfigFaults { file: path.to_owned(), faults };
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                faults.add(error.span().map_or(0, |span| span.start), error.message(), None);
                return Err(fail(faults.finish()));
            }
        };
        let root = Section::root(&table, &faults);
        let config = read(&root, path);
        root.finish();
        drop(root);
        let found = faults.finish();
        if found.is_empty() { Ok(config) } else { Err(fail(found)) }
    }

    /// The mode on a day.
    #[must_use]
    pub fn mode_on(&self, day: NaiveDate) -> Mode {
        match self.rollout.live_from {
            Some(from) if day < from => Mode::Trial,
            Some(_) | None => self.rollout.mode,
        }
    }

    /// The rules in force on a day.
    #[must_use]
    pub fn rules(&self, day: NaiveDate) -> Rules {
        Rules {
            policies: self.policies.clone(),
            calendar: self.calendar.clone(),
            standard_vat: self.vat.standard,
            tolerance: self.payment.tolerance,
            mode: self.mode_on(day),
            stale_days: self.import.stale_days,
            gather_days: self.mail.gather_days,
        }
    }

    /// The configuration's part of a card.
    #[must_use]
    pub fn issuer(&self) -> Issuer {
        Issuer {
            company: self.company.clone(),
            banks: self.payment.banks.clone(),
            latin_banks: self.payment.latin_banks.clone(),
            ways: self.payment.ways.clone(),
            iris: self.payment.iris.clone(),
            link: self.payment.link.clone(),
            arrives_days: self.payment.arrives_days,
            epc_qr: self.payment.epc_qr,
            reverse_charge: self.vat.reverse_charge.clone(),
            exempt: self.vat.exempt.clone(),
        }
    }
}

fn read(root: &Section<'_>, path: &Path) -> Config {
    let base = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let place = move |text: String| base.join(text);
    let mail_section = root.section("mail");
    let company_section = root.section("company");
    let company = company(&company_section, &mail_section);
    let card_prefix = card_prefix(&company_section);
    let logo = company_section.text("logo").map(&place);
    let latin_name = company_section.text("latin_name");
    company_section.finish();
    let mail = mail::mail(&mail_section, &company, &place);
    let database = database(&root.section("database"), &place);
    let payment = payment::payment(&root.section("payment"), &company, latin_name, &place);
    let policies = policy::policies(&root.section("policy"));
    let staff = root.section("staff");
    let staff_language = language(&staff, "staff").unwrap_or(mail.language);
    staff.finish();
    let rollout = running::rollout(&root.section("rollout"));
    let smtp = server::smtp(&root.section("smtp"), &place);
    Config {
        path: path.to_owned(),
        company,
        card_prefix,
        logo,
        database,
        smtp,
        mail,
        staff_language,
        payment,
        vat: vat(&root.section("vat")),
        policies,
        calendar: policy::calendar(&root.section("calendar")),
        guard: running::guard(&root.section("guard"), &place),
        rollout,
        hooks: hooks::hooks(&root.section("hooks"), &place),
        import: running::import(&root.section("import"), &place),
        monitor: running::monitor(&root.section("monitor"), &place),
        report: running::report(&root.section("report"), &place),
    }
}

fn company(section: &Section<'_>, mail: &Section<'_>) -> Company {
    let company = Company {
        name: section.needed_text("name", "the company's legal name, as it is printed on every card"),
        trade_name: section.text("trade_name"),
        tax_id: section.text("tax_id").unwrap_or_default(),
        tax_office: section.text("tax_office"),
        gemi: section.text("gemi"),
        address: section.text("address"),
        phone: section.text("phone"),
        email: section.text("email"),
        website: section.text("website"),
        support_email: mail.text("support_email").or_else(|| section.text("email")),
        support_phone: mail.text("support_phone").or_else(|| section.text("phone")),
    };
    for (section, key) in [(section, "email"), (mail, "support_email")] {
        if let Some(address) = section.text(key) {
            mail::check_mailbox(section, key, &address);
        }
    }
    if !company.tax_id.is_empty() && !is_greek_tax_id(company.tax_id.trim_start_matches("EL")) {
        let text = format!("`company.tax_id` = `{}` is not a sound ΑΦΜ", company.tax_id);
        section.fault("tax_id", text, Some("nine digits, the last of which checks the others"));
    }
    company
}

/// A section's `language`.
fn language(section: &Section<'_>, name: &str) -> Option<Language> {
    let code = section.text("language")?;
    let known = Language::from_code(&code);
    if known.is_none() {
        section.fault("language", format!("`{name}.language` = `{code}`"), Some(&Language::words()));
    }
    known
}

fn card_prefix(section: &Section<'_>) -> String {
    let prefix = section.text("card_prefix").unwrap_or_else(|| "KX".to_owned());
    let sound = (1..=8).contains(&prefix.len()) && prefix.chars().all(|c| c.is_ascii_alphanumeric());
    if !sound {
        section.fault(
            "card_prefix",
            format!("`company.card_prefix` = `{prefix}`"),
            Some("1 to 8 letters A–Z or digits"),
        );
    }
    prefix
}

fn database(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> Database {
    let database = Database {
        path: section.text("path").map(place),
        backups: section.text("backups").map(place),
        keep: section.number("keep", 1000).unwrap_or(14),
        encrypt: hooks::encrypting(section, place),
    };
    section.finish();
    database
}

fn vat(section: &Section<'_>) -> Vat {
    let vat = Vat {
        standard: VatRate::percent(section.number("standard", 100).unwrap_or(24)),
        reverse_charge: section.text("reverse_charge").unwrap_or_else(|| REVERSE_CHARGE.to_owned()),
        exempt: section.text("exempt").unwrap_or_else(|| EXEMPT.to_owned()),
    };
    section.finish();
    vat
}
