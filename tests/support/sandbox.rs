//! A folder with a configuration, a database and files, in which the binary runs as a user runs it.

use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The configuration most tests use; lines can be replaced.
pub(crate) const CONFIG: &str = r#"
[company]
name = "Konet Ε.Ε."
trade_name = "Konet"
tax_id = "090000045"
email = "accounting@konet.example"

[database]
path = "konet.db"

[smtp]
transport = "folder"
folder = "outbox"

[staff]
language = "en"

[mail]
from = "Konet <accounting@konet.example>"
reply_to = "answers@konet.example"

[[payment.bank]]
name = "Εθνική"
iban = "GR1601101250000000012300695"

[policy.default]
notice_days_before = [30, 15, 7, 1]
notice_on_expiry = true
notice_days_after = [1, 5]
suspend_after_days = 7
min_notice_days = 5
final_notice_days_before = 7
terminate_after_days = 30

[calendar]
holidays = "none"
enforce_on = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

[guard]
max_actions = 50
max_terminations = 50

[import]
inbox = "inbox"
"#;

pub(crate) const CUSTOMERS: &str = "code;name;email;tax_id\n\
    K-1;Παπαδόπουλος Ιωάννης;a@alpha.example;090000045\n\
    K-2;Beta Ltd;b@beta.example;100000090\n";

pub(crate) const SERVICES: &str = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
    S-1;K-1;hosting;Φιλοξενία;alpha.example;100,00;12;2025-03-31\n\
    S-2;K-2;hosting;Φιλοξενία;beta.example;60,00;12;2025-12-01\n";

pub(crate) const PAYMENTS_HEAD: &str = "date;amount;bank_ref;customer;services;reference;payer;note\n";

pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// A panel that is a folder: an account is off while its file `off-…` is there. `broken` makes it fail, `lying`
/// makes it say that it did what it did not.
pub(crate) const FOLDER_PANEL: &str = r#"echo "$1 $KONET_SERVICE $KONET_ACCOUNT" >> calls
[ -e broken ] && { echo "panel unreachable" >&2; exit 7; }
case "$1" in
    suspend) [ -e "off-$KONET_ACCOUNT" ] && exit 10; [ -e lying ] || touch "off-$KONET_ACCOUNT" ;;
    reinstate) rm -f "off-$KONET_ACCOUNT" ;;
    terminate) touch "gone-$KONET_ACCOUNT"; rm -f "off-$KONET_ACCOUNT" ;;
    renew) grep -q '"period_to"' || exit 1 ;;
    verify) if [ -e "gone-$KONET_ACCOUNT" ]; then echo terminated; elif [ -e "off-$KONET_ACCOUNT" ]; then echo suspended; else echo active; fi ;;
esac
"#;

/// What a run of the binary came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether it was done, whatever else it tells a person.
    pub(crate) const fn did(&self) -> bool {
        matches!(self.status, 0 | 3)
    }

    /// Asserts the exit status.
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl Sandbox {
    /// A sandbox in memory, where there is room for that: no test pulls the plug, and a disk only makes them wait.
    pub(crate) fn new() -> Self {
        Self::beginning(in_memory().unwrap())
    }

    /// A sandbox on the disk, for tests that wear it: many kills, an upgrade cut short.
    pub(crate) fn on_disk() -> Self {
        Self::beginning(tempfile::tempdir().unwrap())
    }

    fn beginning(folder: tempfile::TempDir) -> Self {
        let sandbox = Self { folder };
        sandbox.file("konet-billing.toml", CONFIG);
        std::fs::create_dir(sandbox.path("inbox")).unwrap();
        sandbox
    }

    /// A sandbox with two customers and a service each, imported on `day`.
    pub(crate) fn with_company(day: &str) -> Self {
        let sandbox = Self::new();
        sandbox.found(day);
        sandbox
    }

    /// The same two customers, where the configuration had to be another first.
    pub(crate) fn found(&self, day: &str) {
        self.import("customers", CUSTOMERS, day).exits(0);
        self.import("services", SERVICES, day).exits(0);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Replaces a part of the configuration.
    pub(crate) fn reconfigure(&self, old: &str, new: &str) {
        let path = self.path("konet-billing.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{old} is not in the configuration");
        std::fs::write(path, text.replace(old, new)).unwrap();
    }

    /// Makes a shell script the hook of hosting for these actions; the action is its first argument.
    pub(crate) fn hooks(&self, script: &str, actions: &[&str]) {
        let hook = self.file("hook", format!("#!/bin/sh\n{script}"));
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        let line = |action: &&str| format!("{action} = [\"{}\", \"{action}\"]\n", hook.display());
        let lines: String = actions.iter().map(line).collect();
        let config = std::fs::read_to_string(self.path("konet-billing.toml")).unwrap();
        self.file("konet-billing.toml", format!("{config}\n[hooks.hosting]\n{lines}timeout_seconds = 60\n"));
    }

    /// What the hook was asked, where it writes that into `calls`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_konet-billing"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KONET_BILLING_CONFIG", self.path("konet-billing.toml"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        Ran {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Imports `text` as a file of `kind`.
    pub(crate) fn import(&self, kind: &str, text: impl AsRef<[u8]>, day: &str) -> Ran {
        let path = self.file(&format!("{kind}.csv"), text);
        self.run(&["import", kind, path.to_str().unwrap(), "--as-of", day, "--json"])
    }

    /// Imports payments without a header; none of them is a statement without entries.
    pub(crate) fn pay(&self, rows: &str, day: &str) -> Ran {
        self.import("payments", format!("{PAYMENTS_HEAD}{rows}"), day)
    }

    pub(crate) fn notify(&self, day: &str) -> Ran {
        self.run(&["notify", "--as-of", day, "--json"])
    }

    pub(crate) fn enforce(&self, day: &str) -> Ran {
        self.run(&["enforce", "--as-of", day, "--json"])
    }

    /// The messages in the folder, in no order.
    pub(crate) fn outbox(&self) -> Vec<Vec<u8>> {
        files(&self.path("outbox"), "eml").iter().map(|path| std::fs::read(path).unwrap()).collect()
    }
}

/// So much must be free in memory.
const ROOM: u64 = 1 << 30;

/// A folder in memory where programs may be run, else one on the disk.
fn in_memory() -> std::io::Result<tempfile::TempDir> {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    let memory = Path::new("/dev/shm");
    let fits = statvfs(memory).is_ok_and(|of| {
        of.f_bavail.saturating_mul(of.f_frsize) >= ROOM && !of.f_flag.contains(StatVfsMountFlags::NOEXEC)
    });
    if fits { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

/// The files of a folder with an extension, sorted.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// The stages told to a customer by `notify --json`.
pub(crate) fn stages(notified: &Value, customer: &str) -> Vec<String> {
    let of_customer = |message: &&Value| message["customer"] == customer;
    notified["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of_customer)
        .flat_map(|message| message["lines"].as_array().unwrap())
        .filter_map(|line| Some(format!("{} {}", line["service"].as_str()?, line["stage"].as_str()?)))
        .collect()
}

/// `action service reason` of everything in an array of `enforce --json`.
pub(crate) fn steps(enforced: &Value, array: &str) -> Vec<String> {
    let word = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    enforced[array]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {} {}", word(step, "action"), word(step, "service"), word(step, "reason")))
        .collect()
}
