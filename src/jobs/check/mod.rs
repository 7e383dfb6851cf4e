//! `check`: what is there and what is missing, in the order in which it is put right, each with the command that does it.

mod machine;

use crate::billing::card::Iris;
use crate::billing::customer::Language;
use crate::billing::notice::Stage;
use crate::billing::policy::Mode;
use crate::billing::sample;
use crate::jobs::Desk;
use crate::jobs::deliver::{handover, samples};
use crate::jobs::notify::render::Renderer;
use crate::jobs::status;
use crate::mail::Transport;
use crate::store::Store;
use crate::views::check::{CheckView, Checked};
use anyhow::{Context, Result};
use chrono::TimeDelta;
use std::path::Path;

/// A night that began longer ago than this was missed.
const NIGHT: TimeDelta = TimeDelta::hours(26);

/// The tax id in the configuration that `init` and the package write: nobody's.
const SAMPLE_TAX_ID: &str = "090000045";

/// What `check` found, and whether mail is the only thing that is wrong.
pub(crate) struct Looked {
    pub(crate) view: CheckView,
    pub(crate) only_mail_fails: bool,
}

/// Looks at everything that a night needs; with `send_to`, sends a sample of each stage there.
pub(crate) fn everything(desk: &Desk, database: &Path, send_to: Option<&str>) -> Looked {
    let mut looks = Looks { desk, checks: Vec::new() };
    looks.fine("configuration", desk.config.path.display().to_string());
    looks.company();
    looks.hands();
    looks.open_files(database);
    let store = Store::open_read_only(database).ok();
    looks.clock(store.as_ref());
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
    if let Some(store) = store.filter(|_| opened) {
        looks.gates(&store);
        looks.nights(&store);
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
            let begin = "konet-billing import customers FILE, then konet-billing import services FILE";
            match handover::last_run(database) {
                Some(last) => self.bad(
                    "database",
                    format!("there is none at `{place}` any more, where run {} was the last", last.run),
                    self.restoring(),
                ),
                None => self.bad("database", format!("there is none at `{place}` yet"), begin),
            }
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
                "find out who did; then konet-billing restore FILE, with a backup from before that",
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
            Err(error) => self.bad("database", format!("{error:#}"), self.restoring()),
        }
        false
    }

    /// What a sample left behind, and what would reach nobody.
    fn company(&mut self) {
        let config = &self.desk.config;
        let (company, iris) = (&config.company, config.payment.iris.as_ref());
        if company.tax_id == SAMPLE_TAX_ID {
            let text = format!("`company.tax_id` is the sample's, {SAMPLE_TAX_ID}");
            self.note(
                "company",
                text,
                "put your own name, tax id, accounts and addresses into the configuration",
            );
        }
        let is_other = |iris: &&Iris| iris.tax_id.as_ref().is_some_and(|id| *id != company.tax_id);
        if let Some(id) = iris.filter(is_other).and_then(|iris| iris.tax_id.as_ref()) {
            let text = format!("money by IRIS goes to {id}, and the company is {}", company.tax_id);
            self.note("company", text, "correct `payment.iris` in the configuration, if that is not meant");
        }
        let folder = config.smtp.folder();
        match (self.desk.rules.mode, folder) {
            (Mode::Live, Some(folder)) => self.note(
                "mode",
                format!("live, and mail is written into `{}`: it reaches nobody", folder.display()),
                "set `smtp.transport = \"smtp\"` and the server",
            ),
            (Mode::Live, None) => self.fine("mode", "live".to_owned()),
            (Mode::Trial, _) => {
                let to = config.rollout.trial_recipient.as_deref().unwrap_or_default();
                self.fine("mode", format!("trial: mail goes to {to} alone, and no step is done"));
            }
        }
    }

    /// The gates that a person opens.
    fn gates(&mut self, store: &Store) {
        for (gate, why) in store.closed_gates().unwrap_or_default() {
            self.note("gate", why, format!("konet-billing record ack {gate} --reason …"));
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
    fn nights(&mut self, store: &Store) {
        let desk = self.desk;
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
            Ok(Some(days)) => self.fine(
                "bank",
                if days < 1 {
                    "known up to today".to_owned()
                } else {
                    format!("known up to {days} days ago")
                },
            ),
            Err(error) => self.bad("bank", error.to_string(), "konet-billing restore FILE"),
        }
        let start = "konet-billing nightly; every night: systemctl enable --now konet-billing.timer";
        match status::last_night(desk, store, NIGHT) {
            Ok((Some(night), true)) => self.fine("last night", night),
            Ok((Some(night), false)) => {
                self.note("last night", format!("the last one began at {night}"), start);
            }
            Ok((None, _)) => self.note("last night", "no night was ever done", start),
            Err(error) => self.bad("last night", format!("{error:#}"), "konet-billing restore FILE"),
        }
    }
}
