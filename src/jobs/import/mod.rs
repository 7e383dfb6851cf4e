//! Imports: files become rows, rows become records, and everything of a file is kept or nothing.
pub mod bounces;
pub(super) mod customers;
pub(super) mod differences;
pub mod inbox;
pub mod invoices;
mod mailbox;
mod movements;
mod owner;
pub mod payments;
mod reversals;
pub mod services;

use crate::billing::charging::{bring_up_to_date, reprice};
use crate::billing::coded::coded;
use crate::billing::customer::pseudonym;
use crate::billing::ids::{CustomerCode, ServiceCode};
use crate::billing::period::days_after;
use crate::billing::policy::Mode;
use crate::exit_status::ExitStatus;
use crate::intake::{self, CustomerRow, ServiceRow, Sheet};
use crate::jobs::attention::Findings;
use crate::jobs::gates::{self, InboxFile};
pub use differences::TAKEABLE;

use crate::jobs::import::differences::{Differences, columns_json, conflicts, record};
use crate::jobs::spared::spared;
use crate::jobs::{Desk, money};
use crate::spool::Spool;
use crate::store::{RecordOf, Run, Store, Tx};
use crate::views::finding::{Finding, MoneyFinding};
use crate::views::{ImportView, RunView};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

coded! {
    /// What is imported.
    pub enum Subject {
        /// Customers.
        Customers = "customers",
        /// Services.
        Services = "services",
        /// Payments.
        Payments = "payments",
        /// Tax invoices.
        Invoices = "invoices",
    }
}

/// How an import treats what it reads.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Import the good rows and write the bad ones to a file.
    pub skip_invalid: bool,
    /// Columns the program owns that the file may decide all the same.
    pub take: Vec<String>,
    /// The day up to which a person says that the files of payments know the bank.
    pub until: Option<chrono::NaiveDate>,
    /// The file of the inbox that it is: not read whole, it keeps the gate closed.
    pub from_inbox: Option<InboxFile>,
}

/// Imports files of one kind in one transaction.
///
/// # Errors
/// A file that cannot be used, and, without `skip_invalid`, every bad row: then nothing is imported.
pub fn import(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    subject: Subject,
    files: &[PathBuf],
    manner: &Manner,
    shown: RunView,
) -> Result<(ImportView, ExitStatus)> {
    let mut view = ImportView {
        run: shown,
        kind: subject.code(),
        files: files.iter().map(|file| file.display().to_string()).collect(),
        created: 0,
        changed: 0,
        unchanged: 0,
        rejected: 0,
        records: Spool::default(),
        warnings: Vec::new(),
        faults: Vec::new(),
        attention: Vec::new(),
        matched: 0,
        unmatched: 0,
    };
    let mut findings = Findings::default();
    let into = (&mut view, &mut findings);
    match subject {
        Subject::Customers => import_customers(desk, store, run, files, manner, into)?,
        Subject::Services => import_services(desk, store, run, files, manner, into)?,
        Subject::Invoices => import_invoices(desk, store, run, files, manner, into)?,
        Subject::Payments => import_payments(desk, store, run, files, manner, into)?,
    }
    view.attention = findings.raise(desk, store, run, None)?;
    let is_quiet = view.attention.is_empty() && view.rejected == 0;
    Ok((view, if is_quiet { ExitStatus::Done } else { ExitStatus::NeedsPerson }))
}

/// Where an import says what it did and what needs a person.
type Told<'a> = (&'a mut ImportView, &'a mut Findings);

fn import_customers(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    files: &[PathBuf],
    manner: &Manner,
    (view, findings): Told<'_>,
) -> Result<()> {
    let mut sheets = read(files, intake::customers)?;
    let taken: BTreeSet<CustomerCode> = store.customer_codes()?.into_iter().collect();
    let mut references = BTreeSet::new();
    for sheet in &mut sheets {
        sheet.refuse_where(|row| customers::foreign_reference(store, &taken, &mut references, row));
    }
    let sheets = accepted(desk, files, sheets, manner, view)?;
    store.write(run, |tx| write_customers(desk, tx, &sheets, manner, view, findings))
}

fn import_services(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    files: &[PathBuf],
    manner: &Manner,
    (view, findings): Told<'_>,
) -> Result<()> {
    let mut sheets = read(files, intake::services)?;
    let customers: BTreeSet<CustomerCode> = store.customer_codes()?.into_iter().collect();
    for sheet in &mut sheets {
        sheet.refuse_where(|row| {
            let is_known = customers.contains(&CustomerCode::new(row.customer.clone()));
            let why = || format!("there is no customer `{}`; import customers first", row.customer);
            (!is_known).then(|| ("customer", why()))
        });
    }
    let sheets = accepted(desk, files, sheets, manner, view)?;
    store.write(run, |tx| write_services(desk, tx, &sheets, manner, view, findings))
}

fn import_invoices(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    files: &[PathBuf],
    manner: &Manner,
    (view, _): Told<'_>,
) -> Result<()> {
    let mut sheets = read(files, intake::invoices)?;
    let mut seen = BTreeMap::new();
    for sheet in &mut sheets {
        sheet.refuse_where(|row| match invoices::covered(store, &row.of) {
            Ok(covered) if covered.is_nothing() => {
                Some(("invoice", format!("nothing was charged that invoice `{}` could be for", row.invoice)))
            }
            Ok(covered) => invoices::is_of_another(store, &row.invoice, &covered, &mut seen)
                .ok()?
                .map(|why| ("invoice", why)),
            Err(_) => None,
        });
    }
    let sheets = accepted(desk, files, sheets, manner, view)?;
    store.write(run, |tx| invoices::write(tx, &sheets, view))
}

fn import_payments(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    files: &[PathBuf],
    manner: &Manner,
    (view, findings): Told<'_>,
) -> Result<()> {
    let profiles = desk.config.import.profiles.as_deref();
    let mut sheets = read(files, |file| intake::payments(file, profiles))?;
    for (key, why) in sheets.iter().flat_map(|sheet| &sheet.for_people) {
        let finding = MoneyFinding::StatementGap { why: why.clone() };
        findings.add(key.clone(), None, None, &Finding::Money(finding));
    }
    for sheet in &mut sheets {
        sheet.refuse_where(|row| payments::fault(store, row, desk.today));
    }
    let read = gates::read_files(&sheets)?;
    // money that came is booked, whatever stands beside it
    let booked = Manner { skip_invalid: true, ..manner.clone() };
    let sheets = accepted(desk, files, sheets, &booked, view)?;
    for sheet in sheets.iter().filter(|sheet| sheet.is_cut) {
        let text = format!("{}: its last line has no end; look whether it is whole", sheet.file);
        view.warnings.push(text);
    }
    store.write(run, |tx| {
        payments::write(desk, tx, &sheets, manner.until, view, findings)?;
        Ok(gates::note_read(tx, &read, manner.from_inbox.as_ref())?)
    })
}

fn read<T>(
    files: &[PathBuf],
    one: impl Fn(&std::path::Path) -> Result<Sheet<T>, intake::IntakeError>,
) -> Result<Vec<Sheet<T>>> {
    let mut sheets = Vec::new();
    let mut faults = Vec::new();
    for file in files {
        match one(file) {
            Ok(sheet) => sheets.push(sheet),
            Err(error) => faults.push(error.to_string()),
        }
    }
    if faults.is_empty() { Ok(sheets) } else { bail!("{}\nnothing was imported", faults.join("\n")) }
}

/// Lets the sheets through if no row is bad, or bad rows may be left out.
fn accepted<T>(
    desk: &Desk,
    files: &[PathBuf],
    sheets: Vec<Sheet<T>>,
    manner: &Manner,
    view: &mut ImportView,
) -> Result<Vec<Sheet<T>>> {
    let faults: Vec<String> =
        sheets.iter().flat_map(|sheet| &sheet.faults).map(ToString::to_string).collect();
    view.warnings = sheets.iter().flat_map(|sheet| &sheet.warnings).map(ToString::to_string).collect();
    if faults.is_empty() {
        return Ok(sheets);
    }
    let rejected: usize = sheets.iter().map(|sheet| sheet.rejected.len()).sum();
    if !manner.skip_invalid {
        bail!(
            "{}\n{rejected} bad rows: nothing was imported; mend them, or leave them out with --skip-invalid",
            faults.join("\n")
        );
    }
    view.rejected = u64::try_from(rejected)?;
    view.faults.clone_from(&faults);
    for fault in &faults {
        desk.report.status(fault);
    }
    for (file, sheet) in files.iter().zip(&sheets).filter(|(_, sheet)| !sheet.rejected.is_empty()) {
        if !desk.dry_run {
            let target = intake::write_rejected(sheet, file)
                .with_context(|| format!("the bad rows of `{}` could not be written", file.display()))?;
            desk.report.status(&format!("bad rows are in {}", target.display()));
        }
    }
    Ok(sheets)
}

fn write_customers(
    desk: &Desk,
    tx: &Tx<'_>,
    sheets: &[Sheet<CustomerRow>],
    manner: &Manner,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    let language = desk.config.mail.language;
    let prefix = &desk.config.payment.reference_prefix;
    let mut seen = BTreeSet::new();
    for row in sheets.iter().flat_map(Sheet::values) {
        let row = &row?;
        let code = CustomerCode::new(row.code.clone());
        seen.insert(code.clone());
        let Some(mut stored) = tx.customer(&code)? else {
            let sequence = tx.next_customer_sequence()?;
            let new = customers::created(row, sequence, prefix, language);
            tx.insert_customer(&new, sequence)?;
            tx.journal(Some(&code), None, "customer_created", &json!({}))?;
            view.created += 1;
            view.records.push(record(code.as_str(), "created", Vec::new()));
            continue;
        };
        if stored.name == pseudonym(&code) {
            // who was erased is not brought back, nor named in a conflict, by a file that has them still
            view.unchanged += 1;
            continue;
        }
        let of = RecordOf::Customer(&code);
        let compared = Differences::new(tx.staff_columns(of)?, &manner.take);
        let differences = customers::updated(&mut stored, row, compared);
        for column in differences.taken_from_staff() {
            tx.forget_staff_word(of, column)?;
        }
        if differences.changed.is_empty() {
            view.unchanged += 1;
        } else {
            tx.update_customer(&stored)?;
            bring_customer_up(desk, tx, &code, findings)?;
            tx.journal(Some(&code), None, "customer_changed", &columns_json(&differences.changed))?;
            view.changed += 1;
            view.records.push(record(code.as_str(), "changed", differences.changed));
        }
        conflicts(code.as_str(), Some(&code), None, differences.conflicts, view, findings);
    }
    let missing = tx.customer_codes()?.into_iter().filter(|code| !seen.contains(code));
    missing.for_each(|code| view.records.push(record(code.as_str(), "missing", Vec::new())));
    Ok(())
}

fn write_services(
    desk: &Desk,
    tx: &Tx<'_>,
    sheets: &[Sheet<ServiceRow>],
    manner: &Manner,
    view: &mut ImportView,
    findings: &mut Findings,
) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut pending = Vec::new();
    let mut touched = BTreeSet::new();
    for row in sheets.iter().flat_map(Sheet::values) {
        let row = &row?;
        let code = ServiceCode::new(row.code.clone());
        let customer = CustomerCode::new(row.customer.clone());
        seen.insert(code.clone());
        let known = tx.service(&code)?;
        if let (Mode::Trial, Some(state)) = (desk.rules.mode, row.state.value()) {
            // what staff do by hand meanwhile is what the trial is compared with
            pending.push((code.clone(), state.code()));
        }
        let Some(mut stored) = known else {
            tx.put_new_service(&services::created(row, desk.today))?;
            tx.journal(Some(&customer), Some(&code), "service_created", &json!({}))?;
            touched.insert(customer);
            view.created += 1;
            view.records.push(record(code.as_str(), "created", Vec::new()));
            continue;
        };
        let of = RecordOf::Service(&code);
        let compared = Differences::new(tx.staff_columns(of)?, &manner.take);
        let differences = services::updated(&mut stored, row, desk.today, compared);
        for column in differences.taken_from_staff() {
            tx.forget_staff_word(of, column)?;
        }
        if differences.changed.is_empty() {
            view.unchanged += 1;
        } else {
            tx.put_service(&stored)?;
            let detail = columns_json(&differences.changed);
            tx.journal(Some(&stored.customer), Some(&code), "service_changed", &detail)?;
            touched.insert(stored.customer.clone());
            view.changed += 1;
            view.records.push(record(code.as_str(), "changed", differences.changed));
        }
        conflicts(code.as_str(), Some(&customer), Some(&code), differences.conflicts, view, findings);
    }
    for (service, state) in pending {
        tx.note_staff_state(&service, state, desk.today)?;
    }
    for customer in &touched {
        bring_customer_up(desk, tx, customer, findings)?;
    }
    let missing = tx.service_codes()?.into_iter().filter(|code| !seen.contains(code));
    missing.for_each(|code| view.records.push(record(code.as_str(), "missing", Vec::new())));
    Ok(())
}

/// New prices reach charges that nobody was told of; charges that are due come to exist.
/// A customer for whom that fails is held back, and keeps no others from being imported.
fn bring_customer_up(desk: &Desk, tx: &Tx<'_>, code: &CustomerCode, findings: &mut Findings) -> Result<()> {
    // most of a first import: nothing of theirs is due for a long time
    let horizon = days_after(desk.today, desk.rules.policies.longest_horizon_days());
    if tx.is_untouched(code, horizon)? {
        return Ok(());
    }
    let done = spared(|| {
        tx.part(|| -> Result<()> {
            let Some(mut facts) = tx.facts(code, desk.rules.mode, desk.today)? else { return Ok(()) };
            let mut changes = reprice(&mut facts, &desk.rules);
            changes.extend(bring_up_to_date(&mut facts, &desk.rules, desk.today, None));
            tx.apply(code, &changes)?;
            if facts.credit().is_positive() {
                money::tell_idle(desk, tx, code, findings)?;
            }
            Ok(())
        })
    })?;
    if let Err(why) = done {
        let finding = Finding::CustomerFailed { customer: code.clone(), why };
        findings.add(code.as_str(), Some(code), None, &finding);
    }
    Ok(())
}
