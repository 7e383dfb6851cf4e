//! `privacy`: all that is kept of one customer is handed out; and it is erased, in every place that the program writes, where
//! no law keeps it.

use crate::billing::customer::pseudonym;
use crate::billing::ids::CustomerCode;
use crate::billing::service::ServiceState;
use crate::error::Stop;
use crate::jobs::Desk;
use crate::jobs::deliver::handover;
use crate::jobs::record::Author;
use crate::jobs::retention::{copies_beside, within};
use crate::mail::Settings;
use crate::outputs;
use crate::store::{RecordOf, Run, Store};
use crate::views::privacy::{ErasedView, ExportView};
use anyhow::{Context, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// All that is kept of a customer; with `folder`, each message as it went lies there too.
///
/// # Errors
/// A database that cannot be read; a file that cannot be written.
pub(crate) fn export(
    desk: &Desk,
    store: &Store,
    code: &CustomerCode,
    folder: Option<&Path>,
) -> Result<ExportView> {
    let mut files = Vec::new();
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
        for (message, _) in store.message_numbers_of(code)? {
            let Some(bytes) = store.bytes_of_message(message)? else { continue };
            let file = folder.join(format!("message-{message}.eml"));
            outputs::whole(&file, &bytes)
                .with_context(|| format!("`{}` cannot be written", file.display()))?;
            files.push(file.display().to_string());
        }
    }
    let kept = store.all_of_customer(code)?;
    // whole files of others too: they are named, and a person takes out of them what is this customer's
    let named_in = mentioned(desk, &traces(store, code)?);
    let view = ExportView { as_of: desk.today, customer: code.to_string(), kept, files, named_in };
    if let Some(folder) = folder {
        let file = folder.join("kept.json");
        outputs::whole(&file, &serde_json::to_vec_pretty(&view)?)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(view)
}

/// Columns of a file that would bring a customer back.
const PERSONAL: [&str; 10] =
    ["name", "email", "cc", "tax_id", "tax_office", "profession", "address", "postcode", "city", "phone"];

/// Why a customer cannot be erased yet.
fn refused(desk: &Desk, store: &Store, code: &CustomerCode) -> Result<Vec<String>> {
    let Some(facts) = store.facts(code, desk.rules.mode, desk.today)? else {
        return Err(Stop::unknown(format!("there is no customer `{code}`")).into());
    };
    let mut why = Vec::new();
    let lives = |state| matches!(state, ServiceState::Active | ServiceState::Suspended { .. });
    let living: Vec<String> =
        facts.services.iter().filter(|s| lives(s.state)).map(|s| s.code.to_string()).collect();
    if !living.is_empty() {
        why.push(format!("services are still there ({}); `record end` them first", living.join(", ")));
    }
    if facts.due().is_positive() {
        why.push(format!("{} are due; collect or write them off first", facts.due()));
    }
    if facts.credit().is_positive() {
        why.push(format!("{} of credit are theirs; give them back first (`record refund`)", facts.credit()));
    }
    if store.to_invoice()?.iter().any(|row| row.customer == code.as_str()) {
        why.push("something of theirs waits for a tax invoice, which needs their name".to_owned());
    }
    if store.has_unfinished(code)? {
        why.push("a message of theirs waits or is uncertain; settle it first (`outbox list`)".to_owned());
    }
    Ok(why)
}

/// Replaces a customer by a pseudonym in the database, in what lies beside it, and in our own backups.
///
/// # Errors
/// A customer with money or services open: nothing is erased. A file that cannot be written.
pub(crate) fn erase(
    desk: &Desk,
    store: &mut Store,
    run: Run,
    database: &Path,
    code: &CustomerCode,
    author: &Author,
) -> Result<ErasedView> {
    let why = refused(desk, store, code)?;
    if !why.is_empty() {
        let text = format!("`{code}` is not erased: {}", why.join("; "));
        return Err(Stop::usage(text).into());
    }
    let pseudonym = pseudonym(code);
    let known = traces(store, code)?;
    let messages: Vec<String> = store.message_numbers_of(code)?.into_iter().map(|(_, id)| id).collect();
    let addresses = store.addresses_of(code)?;
    store.overwrite_what_is_deleted()?;
    store.write(run, |tx| -> Result<()> {
        tx.erase_customer(code, &pseudonym)?;
        for column in PERSONAL {
            // a file that still has them does not bring them back
            tx.note_staff_word(RecordOf::Customer(code), column)?;
        }
        let detail = json!({ "by": author.by, "reason": author.reason });
        Ok(tx.journal(Some(code), None, "erased", &detail)?)
    })?;
    let mut view = ErasedView {
        customer: code.to_string(),
        pseudonym: pseudonym.clone(),
        erased: Vec::new(),
        left: Vec::new(),
    };
    if desk.dry_run {
        return Ok(view);
    }
    store.compact()?;
    view.erased.push(database.display().to_string());
    if handover::forget(database, &addresses, &pseudonym)? {
        view.erased.push(format!("{}.handover", database.display()));
    }
    if let Settings::Folder(folder) = desk.config.smtp.settings()? {
        view.erased.extend(remove_messages(&folder, &messages)?);
    }
    in_backups(desk, database, code, &mut view);
    view.left.extend(mentioned(desk, &known));
    Ok(view)
}

fn in_backups(desk: &Desk, database: &Path, code: &CustomerCode, view: &mut ErasedView) {
    let folder = desk.config.database.backups.as_deref();
    for backup in folder.map(|folder| files(folder, "encrypted")).unwrap_or_default() {
        // only who has the key could; it goes by itself after `database.keep` days
        view.left.push(backup.display().to_string());
    }
    for backup in backups(desk, database) {
        match in_backup(&backup, code, &view.pseudonym) {
            Ok(true) => view.erased.push(backup.display().to_string()),
            Ok(false) => {}
            Err(error) => view.left.push(format!("{}: {error:#}", backup.display())),
        }
    }
}

/// What a customer can be known by in a file.
fn traces(store: &Store, code: &CustomerCode) -> Result<Vec<String>> {
    let Some(customer) = store.customer(code)? else { return Ok(Vec::new()) };
    let known = customer.email.iter().chain(&customer.cc).chain([&customer.name]).chain(&customer.tax_id);
    let mut known: Vec<String> = known.filter(|text| text.len() > 3).cloned().collect();
    for payment in store.payments_of(code)? {
        known.extend([payment.payer, payment.payer_iban].into_iter().flatten().filter(|text| text.len() > 3));
    }
    Ok(known)
}

/// Messages that lie in a folder instead of having been sent.
fn remove_messages(folder: &Path, messages: &[String]) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for file in files(folder, "eml") {
        let bytes = std::fs::read(&file)?;
        let text = String::from_utf8_lossy(&bytes);
        if messages.iter().any(|id| text.contains(id.as_str())) {
            std::fs::remove_file(&file).with_context(|| format!("`{}` cannot be removed", file.display()))?;
            gone.push(file.display().to_string());
        }
    }
    Ok(gone)
}

/// Our own backups: of every night, of an upgrade, and what a restore replaced.
fn backups(desk: &Desk, database: &Path) -> Vec<PathBuf> {
    let mut found =
        desk.config.database.backups.as_deref().map(|folder| files(folder, "db")).unwrap_or_default();
    found.extend(copies_beside(database));
    found
}

fn in_backup(file: &Path, code: &CustomerCode, pseudonym: &str) -> Result<bool> {
    let (mut copy, _) = Store::rehearse(file)?;
    let was_in = copy.erase_in_copy(code, pseudonym)?;
    if was_in {
        copy.backup_to(file)?;
    }
    Ok(was_in)
}

/// Files that still name the customer: those of the inbox are whole files of others too, and a person decides; mail that
/// came back was put away by whoever reads the mailbox; the report is written anew by the next night.
fn mentioned(desk: &Desk, known: &[String]) -> Vec<String> {
    let config = &desk.config;
    let inbox = config.import.inbox.iter();
    let mut folders: Vec<PathBuf> =
        inbox.flat_map(|inbox| [inbox.clone(), inbox.join("done"), inbox.join("failed")]).collect();
    folders.extend(config.import.bounces.iter().flat_map(|mailbox| {
        ["cur", "new", "done", ".done/cur"]
            .map(|part| mailbox.join(part))
            .into_iter()
            .chain([mailbox.clone()])
    }));
    folders.extend(
        config
            .report
            .folder
            .iter()
            .flat_map(|site| [site.clone(), site.join("customers"), site.join("cards")]),
    );
    let names = |path: &PathBuf| {
        let text = std::fs::read(path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        known.iter().any(|word| text.contains(word.as_str()))
    };
    let mut found: Vec<String> = folders
        .iter()
        .flat_map(|folder| within(folder))
        .filter(names)
        .map(|path| path.display().to_string())
        .collect();
    found.sort();
    found
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    found.sort();
    found
}
