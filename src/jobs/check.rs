//! `check`: what is there and what is missing, in the order in which it is put right, each with the command that does it.

use crate::billing::customer::Language;
use crate::billing::notice::Stage;
use crate::billing::sample;
use crate::jobs::Desk;
use crate::jobs::deliver::samples;
use crate::jobs::notify::render::Renderer;
use crate::jobs::retention::copies_beside;
use crate::jobs::status;
use crate::mail::Transport;
use crate::rights;
use crate::store::Store;
use crate::views::check::{CheckView, Checked};
use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta};
use std::path::{Path, PathBuf};

/// A night that began longer ago than this was missed.
const NIGHT: TimeDelta = TimeDelta::hours(26);

/// Below so much free space a night is not begun with a light heart: bytes beside what a backup takes.
const FREE: u64 = 64 << 20;

/// What `check` found, and whether mail is the only thing that is wrong.
pub(crate) struct Looked {
    pub(crate) view: CheckView,
    pub(crate) only_mail_fails: bool,
}

/// Looks at everything that a night needs; with `send_to`, sends a sample of each stage there.
pub(crate) fn everything(desk: &Desk, database: &Path, send_to: Option<&str>) -> Looked {
    let mut looks = Looks { desk, checks: Vec::new() };
    looks.fine("configuration", desk.config.path.display().to_string());
    looks.hands();
    looks.open_files(database);
    looks.clock(database);
    let drawn = looks.templates();
    looks.settle("templates, fonts, logo", drawn.map(|()| String::new()), "correct what it names");
    let opened = looks.database(database);
    looks.backups(database);
    looks.disk(database);
    looks.inbox();
    let mail = looks.mail();
    let mail_leaves = mail.is_ok();
    looks.settle("mail", mail, "correct [smtp] in the configuration, or ask whoever runs the server");
    if let Some(address) = send_to {
        let sent = samples::send(desk, address).map(|count| format!("{count} messages to {address}"));
        looks.settle("samples", sent, "see what the mail server answered");
    }
    looks.hooks();
    looks.notice();
    if opened {
        looks.nights(database);
    }
    let bad = looks.checks.iter().filter(|check| !check.ok).count();
    Looked { view: CheckView { checks: looks.checks }, only_mail_fails: bad == 1 && !mail_leaves }
}

struct Looks<'a> {
    desk: &'a Desk,
    checks: Vec<Checked>,
}

impl Looks<'_> {
    fn add(&mut self, what: &'static str, ok: bool, detail: String, remedy: Option<String>) {
        self.checks.push(Checked { what, ok, detail, remedy });
    }

    fn fine(&mut self, what: &'static str, detail: String) {
        self.add(what, true, detail, None);
    }

    /// What is well as it is, and could be better or comes next.
    fn note(&mut self, what: &'static str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(what, true, detail.into(), Some(remedy.into()));
    }

    fn bad(&mut self, what: &'static str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(what, false, detail.into(), Some(remedy.into()));
    }

    fn settle(&mut self, what: &'static str, outcome: Result<String>, remedy: &str) {
        match outcome {
            Ok(detail) => self.fine(what, detail),
            Err(error) => self.bad(what, format!("{error:#}"), remedy),
        }
    }

    /// Who else may change what the program obeys.
    fn hands(&mut self) {
        let mut hands = Vec::new();
        for path in self.desk.config.obeyed() {
            for hand in rights::hands(&path) {
                if !hands.contains(&hand) {
                    hands.push(hand);
                }
            }
        }
        for hand in hands {
            self.bad("rights", format!("{hand}, and what is written there is obeyed"), hand.remedy());
        }
    }

    /// What others may open of what the program writes.
    fn open_files(&mut self, database: &Path) {
        let beside = |suffix: &str| -> PathBuf {
            let mut path = database.as_os_str().to_owned();
            path.push(suffix);
            path.into()
        };
        let config = &self.desk.config;
        let mut places: Vec<PathBuf> =
            ["", "-wal", "-shm", ".lock", ".handover", ".last-run"].map(beside).to_vec();
        places.extend(config.database.backups.clone());
        places.extend(config.smtp.folder().map(Path::to_owned));
        places.extend(
            config
                .import
                .inbox
                .iter()
                .flat_map(|inbox| [inbox.clone(), inbox.join("done"), inbox.join("failed")]),
        );
        places.extend(copies_beside(database));
        let open: Vec<_> =
            places.iter().filter(|path| rights::is_open(path)).map(|path| path.display()).collect();
        if !open.is_empty() {
            let named: Vec<String> = open.iter().map(|path| format!("`{path}`")).collect();
            let quoted: Vec<String> = open.iter().map(|path| format!("'{path}'")).collect();
            let detail = format!("others on this machine may open {}", named.join(", "));
            self.note("rights", detail, format!("chmod go-rwx {}", quoted.join(" ")));
        }
        let folder =
            database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // whoever may write the folder may put another lock or another log in their place
        if let Some(hand) = rights::of_everybody(folder) {
            self.bad("rights", format!("{hand}, and the database lies in it"), hand.remedy());
        }
    }

    fn clock(&mut self, database: &Path) {
        let now = self.desk.now;
        let last = Store::open_read_only(database).and_then(|store| store.last_night()).ok().flatten();
        let began = last.as_deref().and_then(|stamp| DateTime::parse_from_rfc3339(stamp).ok());
        let detail = now.format("%Y-%m-%d %H:%M, Europe/Athens").to_string();
        match began.filter(|began| *began > now + TimeDelta::hours(1)) {
            Some(began) => self.bad(
                "clock",
                format!("it is {detail}, and the last night began at {began}"),
                "timedatectl set-ntp true; where the clock was ahead then: konet-billing record ack clock",
            ),
            None => self.fine("clock", detail),
        }
    }

    /// Every letter in every language, and a card in each.
    fn templates(&self) -> Result<()> {
        let (desk, renderer) = (self.desk, Renderer::open(self.desk)?);
        for language in Language::ALL {
            for (at, stage) in Stage::EACH.into_iter().enumerate() {
                let card = sample::card(stage, &desk.rules, &desk.issuer, language, desk.today);
                let which = || format!("`{stage}` in `{language}`");
                renderer.letter(&card).with_context(which)?;
                if at == 0 {
                    renderer.draw(&card).with_context(which)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the database is sound, and what an upgrade would do, tried on a copy; gives whether it is of this version.
    fn database(&mut self, database: &Path) -> bool {
        let place = database.display();
        if !database.exists() {
            self.bad(
                "database",
                format!("there is none at `{place}` yet"),
                "konet-billing import customers FILE, then konet-billing import services FILE",
            );
            return false;
        }
        let looked = Store::rehearse(database).map_err(anyhow::Error::from).and_then(|(copy, found)| {
            // SQLite checks a table's own conditions in a database only that it may write
            copy.check()?;
            Ok((found, copy.strange_schema()?, copy.broken_seal()?))
        });
        let known = Store::schema_version();
        match looked {
            Ok((_, strange, _)) if !strange.is_empty() => self.bad(
                "database",
                format!("in `{place}` stands what this program never made there: {}", strange.join(", ")),
                "find out who did; then konet-billing restore FILE, with a backup from before",
            ),
            Ok((_, _, Some(run))) => self.bad(
                "database",
                format!(
                    "what run {run} wrote into the journal was changed afterwards; its seal does not fit"
                ),
                format!("konet-billing runs show {run}, beside the same in a backup from before"),
            ),
            Ok((found, _, _)) if found == known => {
                self.fine("database", place.to_string());
                return true;
            }
            Ok((found, _, _)) => self.note(
                "database",
                format!("{place} has schema {found}; on a copy its upgrade to {known} succeeded"),
                format!(
                    "nothing: the next command that writes upgrades it, after a backup beside it \
                     (`{place}.before-schema-{known}`)"
                ),
            ),
            Err(error) => self.bad(
                "database",
                format!("{error:#}"),
                "konet-billing restore FILE, with the latest of the backups",
            ),
        }
        false
    }

    /// Whether the next backup can be written.
    fn backups(&mut self, database: &Path) {
        let Some(folder) = self.desk.config.database.backups.as_deref() else {
            return self.note("backups", "none are made", "set `database.backups` in the configuration");
        };
        let shown = folder.display();
        let mend = format!("install -d -m 0700 '{shown}', as the program's user");
        if !folder.exists() {
            return self.note(
                "backups",
                format!("`{shown}` is not there yet; the first night makes it"),
                mend,
            );
        }
        match tempfile::tempfile_in(folder) {
            Ok(_) => self.fine("backups", shown.to_string()),
            Err(error) => self.bad("backups", format!("nothing can be written to `{shown}`: {error}"), mend),
        }
        if std::fs::canonicalize(folder).ok().as_deref()
            == database.parent().and_then(|at| at.canonicalize().ok()).as_deref()
        {
            self.note(
                "backups",
                format!("`{shown}` is the database's own folder"),
                "name another disk, or copy them to one",
            );
        }
    }

    /// Whether a backup and a night find room.
    fn disk(&mut self, database: &Path) {
        let size = std::fs::metadata(database).map_or(0, |metadata| metadata.len());
        let config = &self.desk.config;
        let wanted = size.saturating_mul(2).saturating_add(FREE);
        let places = [database.parent(), config.database.backups.as_deref(), config.smtp.folder()];
        let mut least: Option<(u64, &Path)> = None;
        for place in places.into_iter().flatten() {
            if let Ok(found) = rustix::fs::statvfs(place) {
                let free = found.f_bavail.saturating_mul(found.f_frsize);
                if least.is_none_or(|(known, _)| free < known) {
                    least = Some((free, place));
                }
            }
        }
        let Some((free, place)) = least else { return };
        let detail = format!("{} MB free for `{}`", free >> 20, place.display());
        if free < wanted {
            let mend = format!("make room: {} MB are wanted (twice the database and a little)", wanted >> 20);
            self.bad("disk", detail, mend);
        } else {
            self.fine("disk", detail);
        }
    }

    fn inbox(&mut self) {
        let Some(inbox) = self.desk.config.import.inbox.as_deref() else {
            return self.note("inbox", "nightly imports no files", "set `import.inbox` in the configuration");
        };
        let shown = inbox.display();
        let mend = format!("install -d -m 0700 '{shown}', as the program's user");
        match std::fs::metadata(inbox) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.note("inbox", format!("`{shown}` is not there yet; the first night makes it"), mend);
            }
            Err(error) => self.bad("inbox", format!("`{shown}`: {error}"), mend),
            Ok(metadata) if !metadata.is_dir() => self.bad("inbox", format!("`{shown}` is no folder"), mend),
            Ok(_) => match rights::hands(inbox).into_iter().next() {
                Some(hand) => self.bad("inbox", hand.to_string(), hand.remedy()),
                None => self.fine("inbox", shown.to_string()),
            },
        }
    }

    fn mail(&self) -> Result<String> {
        let settings = self.desk.config.smtp.settings()?;
        Transport::new(&settings).probe().map_err(anyhow::Error::msg)?;
        Ok(settings.to_string())
    }

    /// Which kinds have hooks: the others are work orders.
    fn hooks(&mut self) {
        let hooks = &self.desk.config.hooks;
        let named = hooks.iter().map(|(kind, set)| {
            let actions: Vec<&str> = set.actions.keys().map(|action| action.code()).collect();
            format!("{kind}: {}", actions.join(", "))
        });
        let named = named.collect::<Vec<_>>().join("; ");
        self.fine(
            "hooks",
            if named.is_empty() { "none: every step is a work order".to_owned() } else { named },
        );
    }

    fn notice(&mut self) {
        let config = &self.desk.config;
        let bounce_days = config.smtp.bounce_days;
        if config.policies.shortest_notice_days().is_some_and(|days| days < bounce_days) {
            self.note(
                "notice",
                format!(
                    "a relay may send a bounce only after {bounce_days} days (`smtp.bounce_days`), and `min_notice_days` is \
                     shorter: a service could be suspended before its bounce is known"
                ),
                "raise `min_notice_days`, or lower `smtp.bounce_days` to what your relay keeps",
            );
        }
    }

    /// The age of what is known of the bank, and the last night.
    fn nights(&mut self, database: &Path) {
        let desk = self.desk;
        let Ok(store) = Store::open_read_only(database) else { return };
        let age =
            store.payments_fresh_on(desk.today).map(|fresh| fresh.map(|day| (desk.today - day).num_days()));
        let oldest = i64::from(desk.config.guard.limits.max_payment_age_days);
        let import = "konet-billing import payments FILE, or put the bank's file into the inbox";
        match age {
            Ok(None) => {
                self.note("bank", "no statement was ever imported; nothing is suspended before", import);
            }
            Ok(Some(days)) if days > oldest => {
                self.note(
                    "bank",
                    format!("known up to {days} days ago; nothing is suspended meanwhile"),
                    import,
                );
            }
            Ok(Some(days)) => self.fine("bank", format!("known up to {days} days ago")),
            Err(error) => self.bad("bank", error.to_string(), "konet-billing restore FILE"),
        }
        let start = "konet-billing nightly; every night: systemctl enable --now konet-billing.timer";
        match status::last_night(desk, &store, NIGHT) {
            Ok((Some(night), true)) => self.fine("last night", night),
            Ok((Some(night), false)) => {
                self.note("last night", format!("the last one began at {night}"), start);
            }
            Ok((None, _)) => self.note("last night", "no night was ever done", start),
            Err(error) => self.bad("last night", format!("{error:#}"), "konet-billing restore FILE"),
        }
    }
}
