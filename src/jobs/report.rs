//! `report`: what it is made of, and how its folder is put in place.

use crate::billing::ids::CustomerCode;
use crate::billing::period::days_before;
use crate::jobs::income::{SummedBy, forecast};
use crate::jobs::{Desk, calendar, explain, list, status};
use crate::mail::Settings;
use crate::mail::parts::Parts;
use crate::outputs;
use crate::store::{Filter, Store};
use crate::views::explain::ExplainView;
use crate::views::list::{CardLine, CustomerRow};
use crate::views::report::{CustomerPage, ReportView, SentCard};
use crate::views::runs::{ListedRun, RunShown};
use crate::views::status::StatusView;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Days that the calendar and the customers' pages look ahead.
const AHEAD: u32 = 60;

/// Months of income that are foretold.
const MONTHS: u32 = 12;

/// Cards of so many days make a customer one of whom something is recent.
const RECENT_DAYS: u32 = 30;

/// So many customers have a page at most: those who owe first.
const CUSTOMERS_MAX: usize = 2_000;

/// So many of a customer's cards lie beside their page.
const CARDS_MAX: usize = 3;

/// Gathers what the report shows.
///
/// # Errors
/// A database that cannot be read.
pub(crate) fn gather(desk: &Desk, store: &Store) -> Result<ReportView> {
    let status = status::status(desk, store)?;
    let (debtors, _) = list::debtors(desk, store)?;
    let filter = Filter { from: Some(days_before(desk.today, RECENT_DAYS)), ..Filter::default() };
    let recent: Vec<CardLine> = store.list_cards(&filter, desk.today)?.rows;
    let mut codes = Codes::default();
    debtors.iter().for_each(|row| codes.add(&row.customer));
    of_status(&status, &mut codes);
    let rows: Vec<CustomerRow> = store.list_customers(&Filter::default(), desk.today)?.rows;
    rows.iter().filter(|row| row.due_cents > 0).for_each(|row| codes.add(&row.customer));
    recent.iter().rev().for_each(|card| codes.add(&card.customer));
    let all = rows.len();
    let mut rows: HashMap<String, CustomerRow> =
        rows.into_iter().map(|row| (row.customer.clone(), row)).collect();
    let bar = desk.report.progress("report", codes.in_order.len().min(CUSTOMERS_MAX));
    let mut customers = Vec::new();
    for code in codes.in_order.iter().take(CUSTOMERS_MAX) {
        bar.inc(1);
        // a record that cannot be read has no page here; `status` lists it
        let Some(row) = rows.remove(code) else { continue };
        let customer = CustomerCode::new(code.clone());
        let Ok(Some(explained)) = explain::of_customer(desk, store, &customer, None, AHEAD) else { continue };
        let cards = cards(store, &explained)?;
        customers.push(CustomerPage { stem: stem(code), row, explained, cards });
    }
    bar.finish_and_clear();
    let [forecast, weeks] = forecast(desk, store, MONTHS, [SummedBy::Month, SummedBy::Week])?;
    let nights: Vec<ListedRun> =
        store.last_runs(200)?.into_iter().filter(|run| run.command == "nightly").take(7).collect();
    let night = nights.first().map(|run| shown(store, run.clone())).transpose()?;
    Ok(ReportView {
        as_of: desk.today,
        company: desk.config.company.trade_name.clone().unwrap_or_else(|| desk.config.company.name.clone()),
        made_at: desk.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        left_off: all - customers.len(),
        calendar: calendar::calendar(desk, store, Vec::new(), AHEAD)?,
        forecast,
        weeks,
        payments_as_of: store.payments_fresh_on(desk.today)?,
        night_is_missing: status.night_is_missing || status.last_night.is_none(),
        status,
        debtors,
        night,
        nights,
        customers,
    })
}

/// A run with all that it did.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) fn shown(store: &Store, run: ListedRun) -> Result<RunShown> {
    let (journal, messages) = (store.journal_of_run(run.id)?, store.messages_of_run(run.id)?);
    Ok(RunShown { run, messages, journal })
}

/// Codes in the order in which they were named first.
#[derive(Debug, Default)]
struct Codes {
    in_order: Vec<String>,
    known: std::collections::HashSet<String>,
}

impl Codes {
    fn add(&mut self, code: &str) {
        if self.known.insert(code.to_owned()) {
            self.in_order.push(code.to_owned());
        }
    }
}

fn of_status(status: &StatusView, codes: &mut Codes) {
    status.suspended.iter().for_each(|row| codes.add(&row.customer));
    let listed = status.attention.iter().chain(&status.held_back);
    listed.filter_map(|item| item.customer.as_deref()).for_each(|code| codes.add(code));
    status.unmatched.iter().flat_map(|row| &row.candidates).for_each(|one| codes.add(&one.customer));
    status.work_orders.iter().for_each(|row| codes.add(&row.customer));
    status.to_invoice.iter().for_each(|row| codes.add(&row.customer));
    status.due.iter().for_each(|row| codes.add(&row.customer));
    status.custom_apps.iter().for_each(|row| codes.add(&row.customer));
}

/// The latest cards of a customer whose messages are kept.
fn cards(store: &Store, explained: &ExplainView) -> Result<Vec<SentCard>> {
    let mut cards = Vec::new();
    for message in explained.messages.iter().rev().take(CARDS_MAX) {
        let Some(bytes) = store.bytes_of_card(&message.card)? else { continue };
        // a message that cannot be taken apart is looked at in the outbox
        let Some(parts) = Parts::of(&bytes) else { continue };
        cards.push(SentCard { number: message.card.clone(), pdf: parts.pdf, html: parts.html });
    }
    Ok(cards)
}

/// Stands in a folder that is a report, and may be replaced.
const MARK: &str = ".konet-billing-report";

/// Writes the files beside `folder`, whole, and then puts them in its place. The group that is configured may read them.
///
/// # Errors
/// A folder that is there, not empty, and no report; a file that cannot be written; a group that does not exist.
pub(crate) fn publish(desk: &Desk, folder: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
    let is_empty = || std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    let is_ours = || folders_of(desk).iter().any(|other| is_same(folder, other));
    match std::fs::symlink_metadata(folder) {
        Ok(found) if !found.is_dir() => {
            bail!("`{}` is no folder; name one of the report's own", folder.display());
        }
        Ok(_) if !folder.join(MARK).exists() && (!is_empty() || is_ours()) => {
            let shown = folder.display();
            bail!(
                "`{shown}` is not empty and no report, or used for something else; name a folder of its own"
            );
        }
        _ => {}
    }
    let group = desk.config.report.group.as_deref().map(group_of).transpose()?;
    let writing = beside(folder, ".writing");
    clear(&writing)?;
    let write = |name: &str, bytes: &[u8]| -> Result<()> {
        let file = writing.join(name);
        let parent = file.parent().unwrap_or(&writing);
        std::fs::create_dir_all(parent)
            .and_then(|()| outputs::whole(&file, bytes))
            .and_then(|()| open_to(&file, 0o640, group))
            .with_context(|| format!("`{}` cannot be written", file.display()))
    };
    for (name, bytes) in files {
        write(name, bytes)?;
    }
    write(MARK, b"written by konet-billing, and replaced whole\n")?;
    let folders = files.iter().filter_map(|(name, _)| Path::new(name).parent());
    for part in folders.chain([Path::new("")]) {
        open_to(&writing.join(part), 0o750, group)?;
    }
    let failed = || format!("`{}` cannot be put in place", folder.display());
    if folder.exists() {
        // in one step: whoever reads it meanwhile has the one or the other
        rustix::fs::renameat_with(
            rustix::fs::CWD,
            &writing,
            rustix::fs::CWD,
            folder,
            rustix::fs::RenameFlags::EXCHANGE,
        )
        .with_context(failed)?;
        return clear(&writing);
    }
    std::fs::rename(&writing, folder).with_context(failed)
}

/// Folders that the program uses for something else.
fn folders_of(desk: &Desk) -> Vec<PathBuf> {
    let config = &desk.config;
    let named =
        [&config.import.inbox, &config.import.profiles, &config.database.backups, &config.mail.templates];
    let mut folders: Vec<PathBuf> = named.into_iter().flatten().cloned().collect();
    if let Ok(Settings::Folder(outbox)) = config.smtp.settings() {
        folders.push(outbox);
    }
    folders
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    real(one).is_some() && real(one) == real(other)
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.components().as_path().as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes what an earlier report left.
fn clear(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("`{}` cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

/// A group's number by its name.
fn group_of(name: &str) -> Result<rustix::fs::Gid> {
    let found = nix::unistd::Group::from_name(name).ok().flatten();
    let group = found.with_context(|| format!("there is no group `{name}` (`report.group`)"))?;
    Ok(rustix::fs::Gid::from_raw(group.gid.as_raw()))
}

/// Lets the group read; without one, the owner alone.
fn open_to(path: &Path, mode: u32, group: Option<rustix::fs::Gid>) -> std::io::Result<()> {
    let mode = if group.is_some() { mode } else { mode & 0o700 };
    if group.is_some() {
        rustix::fs::chown(path, None, group)?;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// A customer's code as it stands in a file's name: what else than letters, digits and dashes is in it is told apart by a
/// digest.
fn stem(code: &str) -> String {
    // on a share, names that differ only in the case of their letters are the same
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    if code.chars().all(plain) {
        return code.to_owned();
    }
    let kept = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let plain: String = code.chars().map(|c| if kept(c) { c } else { '_' }).collect();
    let digest: String = Sha256::digest(code).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{plain}-{digest}")
}
