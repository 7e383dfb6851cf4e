//! `check`: configuration, database, templates, fonts and logo; sends nothing.

use super::{Session, configuration, report};
use crate::cli::{CheckArgs, Global};
use crate::exit_status::ExitStatus;
use crate::jobs::deliver::samples;
use crate::jobs::notify::render::Renderer;
use crate::jobs::status;
use crate::mail::Transport;
use crate::store::Store;
use crate::views::check::{CheckView, Checked};
use crate::wording;
use anyhow::Result;
use chrono::TimeDelta;
use std::path::PathBuf;

pub(super) fn run(global: &Global, args: &CheckArgs) -> Result<ExitStatus> {
    match args.last_run {
        Some(within) => last_night(global, within),
        None => everything(global, args.send_to.as_deref()),
    }
}

/// Whether a night was done within that time, for whoever watches: nights that a guard refused or that need a person
/// were done.
fn last_night(global: &Global, within: TimeDelta) -> Result<ExitStatus> {
    let session = Session::open(global, None, true)?;
    let (night, ok) = status::last_night(&session.desk, &session.reader()?, within)?;
    let detail = night.unwrap_or_else(|| "no night was ever done".to_owned());
    let view = CheckView { checks: vec![Checked { what: "last night", ok, detail }] };
    report(global).result(&view, || wording::check::text(&view))?;
    Ok(if ok { ExitStatus::Done } else { ExitStatus::NeedsPerson })
}

fn everything(global: &Global, send_to: Option<&str>) -> Result<ExitStatus> {
    let config = configuration(global)?;
    let mut checks =
        vec![Checked { what: "configuration", ok: true, detail: config.path.display().to_string() }];
    let session = Session::open(global, None, true)?;
    let mut add = |what, outcome: Result<String>| match outcome {
        Ok(detail) => checks.push(Checked { what, ok: true, detail }),
        Err(error) => checks.push(Checked { what, ok: false, detail: format!("{error:#}") }),
    };
    add("templates, fonts, logo", Renderer::open(&session.desk).map(|_| String::new()));
    let mail = session.desk.config.smtp.settings().and_then(|settings| {
        Transport::new(&settings).probe().map_err(anyhow::Error::msg)?;
        Ok(settings.to_string())
    });
    let mail_leaves = mail.is_ok();
    add("mail", mail);
    if let Some(address) = send_to {
        let sent = samples::send(&session.desk, address);
        add("samples", sent.map(|count| format!("{count} messages to {address}")));
    }
    add("database", database(&session));
    let loose = loose_files(&session);
    if !loose.is_empty() {
        let detail = format!("others on this machine may open {}; chmod go-rwx them", loose.join(", "));
        checks.push(Checked { what: "rights", ok: true, detail });
    }
    let bounce_days = session.desk.config.smtp.bounce_days;
    let shortest = session.desk.config.policies.shortest_notice_days();
    if shortest.is_some_and(|days| days < bounce_days) {
        let detail = format!(
            "a relay may send a bounce only after {bounce_days} days (`smtp.bounce_days`), and `min_notice_days` is \
             shorter: a service could be suspended before its bounce is known"
        );
        checks.push(Checked { what: "notice", ok: true, detail });
    }
    let view = CheckView { checks };
    report(global).result(&view, || wording::check::text(&view))?;
    Ok(match view.checks.iter().filter(|check| !check.ok).count() {
        0 => ExitStatus::Done,
        // a server that does not answer is no fault of the configuration
        1 if !mail_leaves => ExitStatus::Failed,
        _ => ExitStatus::Usage,
    })
}

/// Whether the database is sound, and what an upgrade would do: tried on a copy in memory.
fn database(session: &Session) -> Result<String> {
    let (copy, found) = Store::rehearse(&session.database)?;
    // SQLite checks a table's own conditions in a database only that it may write
    copy.check()?;
    let place = session.database.display();
    let known = Store::schema_version();
    if found == known {
        return Ok(place.to_string());
    }
    Ok(format!(
        "{place} has schema {found}; the next command that writes upgrades it to {known}, after a backup beside it \
         (`{place}.before-schema-{known}`); in memory that succeeded"
    ))
}

/// What others may open of what the program writes.
fn loose_files(session: &Session) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let beside = |suffix: &str| {
        let mut path = session.database.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    };
    let config = &session.desk.config;
    let files = ["", "-wal", "-shm", ".lock", ".handover", ".last-run"].map(beside);
    let done = config.import.inbox.as_ref().map(|inbox| inbox.join("done"));
    let folders = config.database.backups.clone().into_iter().chain(done);
    files
        .into_iter()
        .chain(folders)
        .filter(|path| std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0))
        .map(|path| format!("`{}`", path.display()))
        .collect()
}
