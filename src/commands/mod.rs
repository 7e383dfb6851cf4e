//! The commands, thin: open what is needed, hand it to jobs, report.

mod calendar;
mod check;
mod copies;
mod enforce;
mod explain;
mod find;
mod import;
mod list;
mod nightly;
mod notify;
mod outbox;
mod privacy;
mod record;
mod render_card;
mod report;
mod runs;
mod status;
mod taken_away;

use crate::cli::{Cli, Command, Global};
use crate::clock;
use crate::config::Config;
use crate::error::Stop;
use crate::exit_status::ExitStatus;
use crate::jobs::{Desk, gates};
use crate::lock::Lock;
use crate::report::Report;
use crate::store::{Run, Store, User};
use crate::views::RunView;
use crate::views::runs::EndedRun;
use crate::wording;
use anyhow::Result;
use chrono::NaiveDate;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the configuration lies when nobody names one.
const SYSTEM_CONFIG: &str = "/etc/konet-billing/konet-billing.toml";
/// Beside whoever works, unless that is root: root must not obey a file that anybody left there.
const LOCAL_CONFIG: &str = "konet-billing.toml";

/// Runs the command that was asked for.
///
/// # Errors
/// Whatever stopped it; [`crate::error::status_of`] knows the exit status.
pub fn run(cli: Cli) -> Result<ExitStatus> {
    let global = &cli.global;
    match cli.command {
        Command::Import(args) => import::run(global, &args),
        Command::Notify(args) => notify::run(global, &args),
        Command::Enforce(args) => enforce::run(global, &args),
        Command::RenderCard(args) => render_card::run(global, &args),
        Command::Nightly(args) => nightly::run(global, &args),
        Command::Status(args) => status::run(global, &args),
        Command::Record(args) => record::run(global, &args),
        Command::Explain(args) => explain::run(global, &args),
        Command::Find(args) => find::run(global, &args),
        Command::List(args) => list::run(global, &args),
        Command::Forecast(args) => list::forecast(global, &args),
        Command::Calendar(args) => calendar::run(global, &args),
        Command::Runs(args) => runs::run(global, &args),
        Command::Undo(args) => runs::undo(global, &args),
        Command::Outbox(command) => outbox::run(global, &command),
        Command::Report(args) => report::run(global, &args),
        Command::Privacy(command) => privacy::run(global, &command),
        Command::Backup(args) => copies::backup(global, &args),
        Command::Restore(args) => copies::restore(global, &args),
        Command::Init(args) => copies::init(global, &args),
        Command::Check(args) => check::run(global, &args),
        Command::Completions { shell } => {
            report(global).bytes(crate::cli::completions(shell).as_bytes())?;
            Ok(ExitStatus::Done)
        }
    }
}

const fn report(global: &Global) -> Report {
    Report { json: global.json, quiet: global.quiet, verbose: global.verbose > 0 }
}

/// The configuration: the one named, else the system's, else (never for root) the one at hand.
fn configuration(global: &Global) -> Result<Config> {
    let path = match &global.config {
        Some(path) => path.clone(),
        None if Path::new(SYSTEM_CONFIG).exists() => PathBuf::from(SYSTEM_CONFIG),
        None if !rustix::process::geteuid().is_root() && Path::new(LOCAL_CONFIG).exists() => {
            PathBuf::from(LOCAL_CONFIG)
        }
        None => {
            let hint =
                format!("name one with --config or KONET_BILLING_CONFIG, or put it at {SYSTEM_CONFIG}");
            return Err(Stop::configuration("no configuration found").hint(hint).into());
        }
    };
    Config::load(&path).map_err(|faults| Stop::configuration(faults.to_string()).into())
}

/// Everything a command works with: the configuration, the day, the database's place.
struct Session {
    desk: Desk,
    database: PathBuf,
}

impl Session {
    fn open(global: &Global, as_of: Option<NaiveDate>, dry_run: bool) -> Result<Self> {
        let config = configuration(global)?;
        wording::speak(global.lang.unwrap_or(config.staff_language), crate::report::window());
        let now = clock::now();
        let today = clock::day(now, as_of, dry_run).map_err(|refused| Stop::usage(refused.to_string()))?;
        let database = global.db.clone().or_else(|| config.database.path.clone()).ok_or_else(|| {
            Stop::configuration("no database is named")
                .hint("set `database.path` in the configuration, or use --db")
        })?;
        refuse_root(&database)?;
        let desk = Desk {
            rules: config.rules(today),
            issuer: config.issuer(),
            config,
            today,
            now,
            dry_run,
            report: report(global),
        };
        Ok(Self { desk, database })
    }

    /// The database to read from only.
    fn reader(&self) -> Result<Store> {
        Ok(Store::open_read_only(&self.database)?)
    }

    /// The database to write to, and the lock that makes this the only run; in a dry run the same road is walked over it and
    /// nothing stays.
    fn writer(&self, patience: Duration, create: bool) -> Result<(Store, Option<Lock>)> {
        if self.desk.dry_run {
            if create && !self.database.exists() {
                return Ok((Store::in_memory()?, None));
            }
            return Ok((Store::for_a_dry_run(&self.database)?, None));
        }
        if !create && !self.database.exists() {
            // say so before a lock file is left beside a database that is not there
            return Err(crate::store::StoreError::Missing(self.database.clone()).into());
        }
        if let (true, Some(folder)) = (create, self.database.parent().filter(|f| !f.as_os_str().is_empty())) {
            std::fs::create_dir_all(folder)
                .map_err(|cause| crate::store::StoreError::Io { path: folder.to_owned(), cause })?;
        }
        let lock = Lock::take(&self.database, patience)?;
        let store = if create { Store::open_or_create(&self.database) } else { Store::open(&self.database) };
        Ok((store?, Some(lock)))
    }

    /// Does `work` as one run: begun before it, ended after it, whatever comes of it.
    fn as_run(
        &self,
        store: &mut Store,
        command: &'static str,
        work: impl FnOnce(&Desk, &mut Store, Run, RunView) -> Result<ExitStatus>,
    ) -> Result<ExitStatus> {
        let desk = &self.desk;
        let stamp =
            |at: chrono::DateTime<chrono_tz::Tz>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
        let run = store.begin_run(command, desk.today, desk.rules.mode, &stamp(desk.now), user())?;
        let view = RunView {
            id: (!desk.dry_run).then_some(run.id.0),
            command,
            as_of: desk.today,
            dry_run: desk.dry_run,
            mode: desk.rules.mode.code(),
        };
        for order in store.strange_orders()? {
            desk.report.error(&format!(
                "in the database stands a {order} that this program never made; see `check`"
            ));
        }
        let restored = gates::note_restored(desk, store, run, &self.database)?;
        // money that was ahead of its day is booked before anything is decided
        let ripe = crate::jobs::money::ripen(desk, store, run);
        let mut outcome = ripe.and_then(|_| work(desk, store, run, view));
        if restored {
            outcome = outcome.map(|status| status.and(ExitStatus::NeedsPerson));
        }
        let status = outcome.as_ref().map_or_else(crate::error::status_of, |status| *status);
        let ended_at = stamp(clock::now());
        store.end_run(run.id, &ended_at, status.code())?;
        if let (false, Err(fault)) = (desk.dry_run, store.keep_known_by()) {
            // everybody is found all the same, only more slowly, and the next run tries again
            desk.report.status(&format!("what customers are found by was not kept: {fault}"));
        }
        if !desk.dry_run {
            crate::jobs::deliver::handover::mark_run(&self.database, run.id.0, &ended_at)?;
            crate::report::to_journal(&EndedRun {
                run: run.id.0,
                command,
                as_of: desk.today,
                mode: desk.rules.mode.code(),
                started_at: stamp(desk.now),
                ended_at: &ended_at,
                exit_status: status.code(),
                why: outcome.as_ref().err().map(|error| format!("{error:#}")),
                seal: store.seal_of(run.id.0)?,
            });
        }
        outcome
    }
}

/// Root working on somebody else's database would leave files behind that its owner cannot open.
fn refuse_root(database: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    // where none is yet, the folder says whose it will be
    let Some(metadata) = database.ancestors().find_map(|place| {
        let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        std::fs::metadata(place).ok()
    }) else {
        return Ok(());
    };
    if rustix::process::geteuid().is_root() && metadata.uid() != 0 {
        let owner = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(metadata.uid())).ok().flatten();
        let text = format!(
            "`{}` belongs to another user, and root would leave files there that it cannot open",
            database.display()
        );
        let hint = match owner {
            Some(owner) => format!("runuser -u {} -- konet-billing …", owner.name),
            None => format!("run this as that user (sudo -u '#{}' …)", metadata.uid()),
        };
        return Err(Stop::usage(text).hint(hint).into());
    }
    Ok(())
}

/// Whose process this is, whatever name is given with `--by`.
fn user() -> User {
    let sudo = std::env::var("SUDO_UID").ok().and_then(|number| number.parse().ok());
    User { id: Some(rustix::process::getuid().as_raw()), sudo }
}

/// Who acts: named with `--by`, else whoever ran `sudo`, else whoever is logged in. A dry run may be anybody's.
fn person(by: Option<&str>, dry_run: bool) -> Result<String> {
    let named = by
        .map(str::to_owned)
        .or_else(|| ["SUDO_USER", "LOGNAME", "USER"].into_iter().find_map(|key| std::env::var(key).ok()));
    let name = named.map(|name| crate::billing::text::cleaned(&name)).filter(|name| !name.is_empty());
    match name {
        Some(name) => Ok(name),
        None if dry_run => Ok(String::new()),
        None => Err(Stop::usage("say who you are with --by NAME; it is kept in the journal").into()),
    }
}

/// Codes given with `--customer`, each of which must exist.
fn known_customers(store: &Store, codes: &[String]) -> Result<Vec<crate::billing::ids::CustomerCode>> {
    let mut known = Vec::new();
    for code in codes {
        let Some(code) = crate::jobs::find::known(store, code)? else {
            let text = format!("there is no customer `{code}`");
            return Err(Stop::unknown(text).hint("`find` looks for anything you remember").into());
        };
        if !known.contains(&code) {
            known.push(code);
        }
    }
    Ok(known)
}
