//! The command line. One file, for doc comments here are the help, which is read as one.

use crate::billing::customer::Language;
use crate::billing::money::Money;
use crate::billing::period::read_day;
use crate::billing::service::ServiceKind;
use crate::jobs::income::SummedBy;
use crate::jobs::list::Listed;
use crate::jobs::record::Record;
use chrono::{NaiveDate, TimeDelta};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Billing cards, renewals and suspensions for a web-hosting company, run by cron
///
/// Exit status: 0 done; 1 failed, nothing half-done; 2 usage or configuration; 3 done, but something
/// new needs a person; 4 a guard refused to enforce; 75 another run holds the lock.
#[derive(Debug, Parser)]
#[command(name = "konet-billing", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Configuration file [default: /etc/konet-billing/konet-billing.toml, else ./konet-billing.toml unless root]
    #[arg(long, global = true, env = "KONET_BILLING_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Database, instead of the configured one
    #[arg(long, global = true, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Print one JSON document instead of tables
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of tables and answers: el or en [default: `staff.language`]
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language)]
    pub lang: Option<Language>,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The day to work for; how far it may lie is the clock's to say.
fn as_of(text: &str) -> Result<NaiveDate, String> {
    read_day(text).or_else(|why| text.parse().map_err(|_| why))
}

fn language(text: &str) -> Result<Language, String> {
    Language::from_code(text).ok_or_else(|| format!("say {}", Language::words()))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read customers, services or payments from files
    Import(ImportArgs),
    /// Send the Billing Cards that are due
    Notify(NotifyArgs),
    /// Settle, renew, reinstate, suspend and terminate what is due
    Enforce(EnforceArgs),
    /// Draw one Billing Card to look at; records nothing
    RenderCard(RenderCardArgs),
    /// Run the whole night: import the inbox, enforce, notify
    Nightly(NightlyArgs),
    /// Show who is due, overdue, suspended, held back, unmatched, or to be notified by hand
    Status(StatusArgs),
    /// Record what staff know: payments, holds, cancellations, charges, invoices
    Record(Box<RecordArgs>),
    /// Explain a service or customer: its past, why it is not suspended today, and what comes
    Explain(ExplainArgs),
    /// Find customers by anything of theirs: a few letters of a name, domain name, e-mail, ΑΦΜ, phone, card
    Find(FindArgs),
    /// List customers, services, charges, payments, cards, invoices, debtors or credits
    List(ListArgs),
    /// Show what comes in if everybody renews, each period's charge once
    Forecast(ForecastArgs),
    /// Show every mail and step to come, if nobody pays
    Calendar(CalendarArgs),
    /// List the last runs
    Runs(RunsArgs),
    /// Reinstate what a run suspended and take back what it renewed, where nothing has changed since
    Undo(UndoArgs),
    /// Look at what waits, failed or is uncertain, and decide what becomes of it
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Write a small web site of plain files: today, who owes, what comes, each customer
    Report(ReportArgs),
    /// Begin: write a configuration, folders and sample files into a folder
    Init(InitArgs),
    /// Write a copy of the database, while anything else goes on
    Backup(BackupArgs),
    /// Put a backup in the database's place; the replaced one is kept beside it
    Restore(RestoreArgs),
    /// Hand out all that is kept of a customer, or erase it where no law keeps it
    #[command(subcommand)]
    Privacy(PrivacyCommand),
    /// Check configuration, database, templates and fonts; sends nothing
    Check(CheckArgs),
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// What a shell completes: commands and options, at every level.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut <Cli as clap::CommandFactory>::command(),
        "konet-billing",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        // a hyphen in the program's name is written in two ways, and below the first level nothing would be completed
        clap_complete::Shell::Bash => {
            script.replace("konet__subcmd__billing__subcmd__", "konet__billing__subcmd__")
        }
        _ => script,
    }
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder, which is replaced whole [default: `report.folder`]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder; made where it is missing
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to write; - for stdout, to be encrypted or carried away
    pub file: PathBuf,
}

/// `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A backup: of a night, of `backup`, or of an upgrade; - for stdin
    pub file: PathBuf,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `privacy`.
#[derive(Debug, Subcommand)]
pub enum PrivacyCommand {
    /// Print all that is kept of a customer, with --json whole
    Export {
        /// A customer's code; or a whole domain name, e-mail, ΑΦΜ, reference or card number
        customer: String,
        /// Also write it, and every message as it went, into this folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Replace a customer by a pseudonym, in the database and in our own backups; refused while money or services are open
    Erase {
        /// The customer's code
        customer: String,
        /// Who decides [default: SUDO_USER or the log-in name]
        #[arg(long)]
        by: Option<String>,
        /// Why; kept in the journal
        #[arg(long)]
        reason: String,
        /// Show what would be erased and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Work as of this day
        #[arg(long, value_name = "DATE", value_parser = as_of)]
        as_of: Option<NaiveDate>,
    },
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Ask only whether a night was done within so long, such as 26h, 90m or 2d; exit 3 if none was
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub last_run: Option<TimeDelta>,
    /// Also send one real message of each stage, for a customer who does not exist, to this address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "last_run")]
    pub send_to: Option<String>,
}

/// A stretch of time: a number of minutes, hours or days.
fn span(text: &str) -> Result<TimeDelta, String> {
    let (number, unit) = text.split_at(text.trim_end_matches(char::is_alphabetic).len());
    let number: u32 = number.parse().map_err(|_| format!("`{text}` is not a time such as 26h"))?;
    match unit {
        "m" => Ok(TimeDelta::minutes(number.into())),
        "h" => Ok(TimeDelta::hours(number.into())),
        "d" => Ok(TimeDelta::days(number.into())),
        _ => Err(format!("`{text}` is not a time; m, h and d are minutes, hours and days")),
    }
}

/// What an import reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportKind {
    /// Customers (creates a missing database)
    Customers,
    /// Services
    Services,
    /// Payments
    Payments,
    /// Tax invoices that accounting has issued
    Invoices,
    /// Delivery status notifications: a Maildir or an mbox
    Bounces,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What the files hold
    pub kind: ImportKind,
    /// CSV files with a header row (UTF-8 or windows-1253; comma, semicolon or tab), or mailboxes of bounces
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show the differences and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Import the good rows and write the bad ones to FILE.rejected.csv
    #[arg(long)]
    pub skip_invalid: bool,
    /// Let the file decide a column that is the program's (expires_on, state, hold_until, enforcement, reference) or
    /// that staff recorded (email, price, period_months, renews)
    #[arg(long, value_name = "COLUMN")]
    pub take: Vec<String>,
    /// Payments: the day up to which the files know the bank, where they do not say it themselves
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub until: Option<NaiveDate>,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `notify`.
#[derive(Debug, Args)]
pub struct NotifyArgs {
    /// Show what would be sent and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Only this customer (repeatable)
    #[arg(long, value_name = "CODE")]
    pub customer: Vec<String>,
    /// Also write every message as .eml, .html, .txt and .pdf, with an index.html
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Send a card today because somebody asked, or send it again (needs --customer)
    #[arg(long, requires = "customer", visible_alias = "resend")]
    pub now: bool,
    /// With --now: tell of this service only
    #[arg(long, value_name = "CODE", requires = "now")]
    pub service: Option<String>,
    /// With --now: charge everything that expires up to this day
    #[arg(long, value_name = "DATE", value_parser = read_day, requires = "now")]
    pub until: Option<NaiveDate>,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `enforce`.
#[derive(Debug, Args)]
pub struct EnforceArgs {
    /// Let exactly this plan pass a cap today; the digest stands in the refusal
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,
    /// Who approves [default: SUDO_USER or the log-in name]
    #[arg(long, requires = "approve")]
    pub by: Option<String>,
    /// Show what would be done and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Only this customer (repeatable)
    #[arg(long, value_name = "CODE")]
    pub customer: Vec<String>,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Who says so [default: SUDO_USER or the log-in name]
    #[arg(long, global = true)]
    pub by: Option<String>,
    /// Why, or what is printed; kept in the journal
    #[arg(long, global = true, visible_alias = "note", default_value = "")]
    pub reason: String,
    /// Show what would change and change nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Work as of this day
    #[arg(long, global = true, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
    /// What is recorded
    #[command(subcommand)]
    pub what: Record,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A service's or customer's code; or a whole domain name, e-mail, ΑΦΜ, reference or card number
    #[arg(value_name = "SERVICE|CUSTOMER")]
    pub which: String,
    /// The whole past and all that comes, and not one screen
    #[arg(long)]
    pub all: bool,
    /// How many days ahead
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `calendar`.
#[derive(Debug, Args)]
pub struct CalendarArgs {
    /// How many days ahead
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// Only this customer (repeatable)
    #[arg(long, value_name = "CODE")]
    pub customer: Vec<String>,
    /// How the list is taken away.
    #[command(flatten)]
    pub taken: TakeAway,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The run's number, from `runs`
    pub run: i64,
    /// Only what it did with this service
    #[arg(long, value_name = "CODE")]
    pub service: Option<String>,
    /// Only what it did with this customer's services
    #[arg(long, value_name = "CODE")]
    pub customer: Option<String>,
    /// Leave alone what is undone until and with this day [default: seven days]
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub hold_until: Option<NaiveDate>,
    /// Show what would be undone and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Who decides [default: SUDO_USER or the log-in name]
    #[arg(long)]
    pub by: Option<String>,
    /// Why; kept in the journal
    #[arg(long, default_value = "")]
    pub reason: String,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `outbox`.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List messages that are not finished
    List {
        /// List the finished ones too
        #[arg(long)]
        all: bool,
    },
    /// Show one message with every attempt and reply
    Show {
        /// The message's number
        message: i64,
    },
    /// An uncertain message arrived after all
    Confirm(VerdictArgs),
    /// An uncertain message did not arrive: send it again
    Resend(VerdictArgs),
    /// A message that was refused or came back is made anew, to the addresses of today
    Requeue(VerdictArgs),
}

/// What a person decides about a message.
#[derive(Debug, Args)]
pub struct VerdictArgs {
    /// The messages' numbers
    #[arg(required_unless_present = "all_uncertain_of", value_name = "MESSAGE")]
    pub messages: Vec<i64>,
    /// Every message that became uncertain in this run
    #[arg(long, value_name = "RUN", conflicts_with = "messages")]
    pub all_uncertain_of: Option<i64>,
    /// Only the delivery to this address
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// Why; kept in the journal
    #[arg(long)]
    pub reason: String,
    /// Who decides [default: SUDO_USER or the log-in name]
    #[arg(long)]
    pub by: Option<String>,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// How a card is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The PDF
    Pdf,
    /// The e-mail's HTML body
    Html,
    /// The e-mail's text body
    Text,
    /// The whole e-mail
    Eml,
}

/// `render-card`.
#[derive(Debug, Args)]
pub struct RenderCardArgs {
    /// A customer's code, or a card's number
    #[arg(value_name = "CUSTOMER|CARD")]
    pub which: String,
    /// What to draw
    #[arg(long, value_enum, default_value_t = Format::Pdf)]
    pub format: Format,
    /// The customer's card as it was last sent, whatever has changed since
    #[arg(long)]
    pub as_sent: bool,
    /// Where to; without it, stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `nightly`.
#[derive(Debug, Args)]
pub struct NightlyArgs {
    /// Show what the night would do and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `find`.
#[derive(Debug, Args)]
pub struct FindArgs {
    /// What is remembered; each word must fit something of theirs
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,
    /// How the list is taken away.
    #[command(flatten)]
    pub taken: TakeAway,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What is listed
    #[arg(value_enum)]
    pub what: Listed,
    /// Only this customer's
    #[arg(long, value_name = "CODE")]
    pub customer: Option<String>,
    /// Only of services of this kind
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Option<ServiceKind>,
    /// Only what stands so: of services active, suspended, terminated or ended; of charges open, overdue, settled,
    /// written_off or withdrawn; of payments matched, unmatched, parked or reversed; of cards as their deliveries
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Only from this day on: expiries of services and charges, days of payments, cards, invoices
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub from: Option<NaiveDate>,
    /// Only up to and with this day
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub to: Option<NaiveDate>,
    /// Only of so much or more: what is due, paid, charged or left over
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub min: Option<Money>,
    /// How the list is taken away.
    #[command(flatten)]
    pub taken: TakeAway,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

/// `forecast`.
#[derive(Debug, Args)]
pub struct ForecastArgs {
    /// How many months, this one with them
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub months: u32,
    /// What income is summed by
    #[arg(long, value_enum, default_value_t = SummedBy::Month)]
    pub by: SummedBy,
    /// How the list is taken away.
    #[command(flatten)]
    pub taken: TakeAway,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}

fn kind(text: &str) -> Result<ServiceKind, String> {
    let known = || ServiceKind::ALL.map(ServiceKind::code).join(", ");
    ServiceKind::from_code(text).ok_or_else(|| format!("there are {}", known()))
}

fn amount(text: &str) -> Result<Money, String> {
    Money::parse(text).map_err(|error| error.to_string())
}

/// How a list is taken away.
#[derive(Debug, Args)]
pub struct TakeAway {
    /// Print one list as CSV that a Greek Excel opens right
    #[arg(long, conflicts_with_all = ["json", "xlsx"])]
    pub csv: bool,
    /// Write the lists as an Excel workbook, a sheet each; -o says where
    #[arg(long, requires = "output", conflicts_with = "json")]
    pub xlsx: bool,
    /// The file to write; without it, stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `runs`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    /// What of them; without it, the last ones are listed.
    #[command(subcommand)]
    pub what: Option<RunsCommand>,
    /// How many
    #[arg(long, default_value_t = 20)]
    pub last: u32,
    /// How the list is taken away.
    #[command(flatten)]
    pub taken: TakeAway,
}

/// What `runs` shows.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Show what one run did
    Show {
        /// Its number
        run: i64,
    },
}

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only payments that no customer was found for
    #[arg(long)]
    pub unmatched: bool,
    /// Only what was settled and has no tax invoice yet
    #[arg(long)]
    pub to_invoice: bool,
    /// Only what a person must do at a panel or registry
    #[arg(long)]
    pub work_orders: bool,
    /// Ask the panels (`verify`), and list only where they disagree with the program
    #[arg(long)]
    pub drift: bool,
    /// Only what the trial would have done, beside what staff did by hand
    #[arg(long)]
    pub shadow: bool,
    /// How the lists are taken away.
    #[command(flatten)]
    pub taken: TakeAway,
    /// Work as of this day
    #[arg(long, value_name = "DATE", value_parser = as_of)]
    pub as_of: Option<NaiveDate>,
}
