//! Whoever watches hears of every night: a program of theirs, and figures in a file.

use crate::exit_status::ExitStatus;
use crate::hooks::{self, Call};
use crate::jobs::Desk;
use crate::outputs;
use crate::store::{Filter, Store};
use crate::views::NightlyView;
use anyhow::{Context, Result};
use chrono::DateTime;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// A monitor that does not answer must not hold the night.
const LIMIT: Duration = Duration::from_secs(60);

/// The figures are for whoever collects them.
const READ_BY_ALL: u32 = 0o644;

/// Tells the program that is configured how a night ended; gives why that failed.
pub fn tell(desk: &Desk, status: ExitStatus, why: Option<&str>) -> Option<String> {
    let monitor = &desk.config.monitor;
    let argv = if status.was_done() { &monitor.on_success } else { &monitor.on_failure }.as_ref()?;
    let facts = json!({
        "command": "nightly", "as_of": desk.today, "exit_status": status.code(), "mode": desk.rules.mode.code(), "why": why,
    });
    let folder =
        desk.config.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("/"));
    let variables = [
        ("KONET_COMMAND", "nightly".to_owned()),
        ("KONET_STATUS", status.code().to_string()),
        ("KONET_WHY", why.unwrap_or_default().to_owned()),
    ];
    let call = Call { argv, folder, facts: &facts.to_string(), variables: &variables, limit: LIMIT };
    let answer = hooks::run(&call);
    (!answer.done).then_some(answer.output)
}

/// Writes the figures of a night that was done for Prometheus' textfile collector: whole, and readable by whoever reads it.
///
/// # Errors
/// A database that cannot be read; a file that cannot be written.
pub fn figures(desk: &Desk, store: &Store, night: &NightlyView, status: ExitStatus) -> Result<()> {
    let Some(file) = desk.config.monitor.textfile.as_deref() else { return Ok(()) };
    let totals = &night.notify.totals;
    let unmatched = store.unmatched_payments()?;
    let open = store.list_open(&Filter::default(), desk.today)?.rows;
    let overdue: i64 =
        open.iter().filter(|line| line.is_overdue(desk.today)).map(|line| line.due_cents).sum();
    let size = std::fs::metadata(store.path()).map_or(0, |metadata| metadata.len());
    let mut figures = vec![
        ("last_night_exit_status", "Exit status of the last night", i64::from(status.code())),
        ("last_night_messages", "Messages made by the last night", i64::try_from(totals.messages)?),
        ("last_night_sent", "Deliveries that mail servers took", i64::try_from(totals.sent)?),
        ("last_night_failed", "Deliveries refused for good", i64::try_from(totals.failed)?),
        ("last_night_uncertain", "Deliveries that perhaps arrived", i64::try_from(totals.uncertain)?),
        (
            "last_night_steps",
            "Renewals, suspensions, reinstatements and terminations",
            i64::try_from(night.enforce.actions.len())?,
        ),
        ("needs_person", "What is listed for a person", i64::try_from(store.open_attention()?.len())?),
        ("unmatched_payments", "Payments of nobody", i64::try_from(unmatched.len())?),
        (
            "unmatched_cents",
            "Money of nobody, in cents",
            unmatched.iter().map(|payment| payment.amount_cents).sum(),
        ),
        ("overdue_cents", "What is overdue, in cents", overdue),
        ("database_bytes", "Size of the database", i64::try_from(size)?),
    ];
    // a night that failed leaves the time of the last one that did not
    let done_at =
        if status.was_done() { Some(desk.now.timestamp()) } else { began_at(store.last_night()?.as_deref()) };
    if let Some(at) = done_at {
        figures.push(("last_night_timestamp_seconds", "When the last night that was done began", at));
    }
    if let Some(fresh_on) = store.payments_fresh_on(desk.today)? {
        figures.push((
            "payments_age_days",
            "Days since the bank was known",
            (desk.today - fresh_on).num_days(),
        ));
    }
    if let Some(made) = latest_backup(desk) {
        figures.push(("backup_timestamp_seconds", "When the latest backup was written", made));
    }
    let mut text = String::new();
    for (name, help, value) in figures {
        let name = format!("konet_billing_{name}");
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}")?;
    }
    let failed = || format!("`{}` cannot be written", file.display());
    outputs::written(file, READ_BY_ALL, |file| std::io::Write::write_all(file, text.as_bytes()))
        .with_context(failed)
}

fn began_at(stamp: Option<&str>) -> Option<i64> {
    DateTime::parse_from_rfc3339(stamp?).ok().map(|at| at.timestamp())
}

fn latest_backup(desk: &Desk) -> Option<i64> {
    let entries = std::fs::read_dir(desk.config.database.backups.as_deref()?).ok()?;
    let times = entries.filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok());
    times.max().map(|time| DateTime::<chrono::Utc>::from(time).timestamp())
}
