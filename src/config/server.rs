//! `[smtp]`: how mail leaves, and where the password comes from.

use super::section::Section;
use crate::error::Stop;
use crate::mail::{ServerSettings, Settings, Tls};
use crate::rights;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// RFC 5321 gives the answer to the final dot ten minutes; a shorter wait would make doubtful mail.
const BODY_TIMEOUT: Duration = Duration::from_secs(600);
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// `[smtp]`
#[derive(Debug, Clone)]
pub struct Smtp {
    target: Target,
    username: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    /// How many connections at once.
    pub connections: u32,
    /// Messages a minute at most.
    pub per_minute: Option<u32>,
    /// Minutes after which a run stops sending; the rest stays queued.
    pub deadline_minutes: Option<u32>,
    /// The log of a Postfix on this machine, by which uncertain deliveries are settled.
    pub postfix_log: Option<PathBuf>,
    /// Days after which the relay gives up and sends a bounce.
    pub bounce_days: u32,
    command_timeout: Duration,
    body_timeout: Duration,
}

#[derive(Debug, Clone)]
enum Target {
    Folder(PathBuf),
    Server { host: String, port: u16, tls: Tls, ca_file: Option<PathBuf> },
}

pub(super) fn smtp(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> Smtp {
    let transport = section.text("transport");
    let folder = section.text("folder");
    let target = match transport.as_deref() {
        Some("folder") => Target::Folder(place(folder.unwrap_or_else(|| "outbox".to_owned()))),
        None if folder.is_some() || !section.exists() => {
            Target::Folder(place(folder.unwrap_or_else(|| "outbox".to_owned())))
        }
        None | Some("smtp") => server(section, place),
        Some(other) => {
            section.fault(
                "transport",
                format!("`smtp.transport` = `{other}`"),
                Some("\"smtp\" or \"folder\""),
            );
            Target::Folder(place("outbox".to_owned()))
        }
    };
    // read whatever the transport, so that a folder for a trial needs no other line changed
    for key in ["host", "port", "tls", "ca_file", "relay_without_tls"] {
        let _ = section.has(key);
    }
    let per_minute = section.number("per_minute", 100_000);
    if per_minute == Some(0) {
        section.fault(
            "per_minute",
            "`smtp.per_minute` = 0 would never send",
            Some("leave it out for no pacing"),
        );
    }
    let smtp = Smtp {
        target,
        username: section.text("username"),
        password: section.text("password"),
        password_file: section.text("password_file").map(place),
        connections: section.number("connections", 64).unwrap_or(1).max(1),
        per_minute,
        deadline_minutes: section.number("deadline_minutes", 1440),
        postfix_log: section.text("postfix_log").map(place),
        bounce_days: section.number("bounce_days", 30).unwrap_or(5),
        command_timeout: seconds(section, "command_timeout_seconds", COMMAND_TIMEOUT),
        body_timeout: seconds(section, "body_timeout_seconds", BODY_TIMEOUT),
    };
    section.finish();
    smtp
}

fn seconds(section: &Section<'_>, key: &'static str, usual: Duration) -> Duration {
    section.number(key, 3600).map_or(usual, |seconds| Duration::from_secs(seconds.max(1).into()))
}

fn server(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> Target {
    let host = section.needed_text("host", "the mail server's name; or set `transport = \"folder\"`");
    let is_here = |address: std::net::IpAddr| address.is_loopback();
    let loopback = host == "localhost" || host.parse().is_ok_and(is_here);
    let tls = match section.text("tls").as_deref() {
        Some("wrapper") => Tls::Wrapper,
        Some("required") => Tls::Required,
        Some("none") => Tls::None,
        None if loopback => Tls::None,
        None => Tls::Wrapper,
        Some(other) => {
            section.fault(
                "tls",
                format!("`smtp.tls` = `{other}`"),
                Some("\"wrapper\" (465), \"required\" (587) or \"none\""),
            );
            Tls::Wrapper
        }
    };
    let relay = section.text("relay_without_tls");
    if tls == Tls::None && !loopback && relay.as_deref() != Some(host.as_str()) {
        let hint = "mail in clear goes to this machine only; for a relay in your own network repeat its name in `relay_without_tls`";
        section.fault("tls", format!("`smtp.tls` = \"none\" to `{host}`"), Some(hint));
    }
    if tls == Tls::None && !loopback && section.has("username") {
        let hint = "a password goes in clear to this machine only; set `smtp.tls`";
        section.fault(
            "username",
            format!("`smtp.username` with `smtp.tls` = \"none\" to `{host}`"),
            Some(hint),
        );
    }
    let usual = match tls {
        Tls::Wrapper => 465,
        Tls::Required => 587,
        Tls::None => 25,
    };
    let port = section.number("port", 65_535).and_then(|port| u16::try_from(port).ok()).unwrap_or(usual);
    Target::Server { host, port, tls, ca_file: section.text("ca_file").map(place) }
}

impl Smtp {
    /// The settings of the transport, with the password from the environment, systemd's credentials,
    /// the password file or the configuration.
    ///
    /// # Errors
    /// A password that is missing, or whose file others may read.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let (host, port, tls, ca_file) = match &self.target {
            Target::Folder(folder) => return Ok(Settings::Folder(folder.clone())),
            Target::Server { host, port, tls, ca_file } => (host.clone(), *port, *tls, ca_file.clone()),
        };
        let login = match &self.username {
            None => None,
            Some(name) => Some((name.clone(), self.password()?)),
        };
        Ok(Settings::Server(ServerSettings {
            host,
            port,
            tls,
            login,
            ca_file,
            command_timeout: self.command_timeout,
            body_timeout: self.body_timeout,
        }))
    }

    /// Where mail is written, where it goes into a folder.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.target {
            Target::Folder(folder) => Some(folder),
            Target::Server { .. } => None,
        }
    }

    /// Whether the password stands in the configuration itself, however it is written there.
    pub(super) const fn holds_password(&self) -> bool {
        self.password.is_some()
    }

    fn password(&self) -> anyhow::Result<String> {
        if let Ok(password) = std::env::var("KONET_BILLING_SMTP_PASSWORD") {
            return Ok(password);
        }
        if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
            let file = PathBuf::from(folder).join("smtp_password");
            if file.exists() {
                return read_secret(&file);
            }
        }
        if let Some(file) = &self.password_file {
            refuse_readable(file)?;
            return read_secret(file);
        }
        self.password.clone().ok_or_else(|| {
            Stop::configuration("`smtp.username` is set and no password is found")
                .hint("set `smtp.password_file` or KONET_BILLING_SMTP_PASSWORD")
                .into()
        })
    }
}

fn read_secret(file: &PathBuf) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let text = format!("cannot read the password file `{}`: {error}", file.display());
        Stop::configuration(text).hint(secret_of_ours(file))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// The command that makes a secret the program's user's alone.
fn secret_of_ours(file: &Path) -> String {
    format!("chown {} '{1}' && chmod 600 '{1}'", rights::our_name(), file.display())
}

fn refuse_readable(file: &Path) -> anyhow::Result<()> {
    if rights::is_shared(file) {
        let text = format!("the password file `{}` can be read by others", file.display());
        return Err(Stop::configuration(text).hint(secret_of_ours(file)).into());
    }
    Ok(())
}
