//! Composing messages and handing them over. Knows nothing of the store: what must be committed
//! before the body goes out is a callback.

pub mod bounce;
pub mod compose;
mod folder;
pub mod keyed;
pub mod parts;
mod smtp;
mod wire;

pub use folder::FolderTransport;
pub use smtp::{SmtpTransport, Tls};

use std::path::PathBuf;
use std::time::Duration;

/// Where mail goes, as the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// Into a folder, one file per delivery.
    Folder(PathBuf),
    /// To a mail server.
    Server(ServerSettings),
}

impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "into the folder {}", folder.display()),
            Self::Server(server) => write!(f, "to {}:{}", server.host, server.port),
        }
    }
}

/// How to reach a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// Log-in name and password.
    pub login: Option<(String, String)>,
    /// PEM file of an authority to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Limit of a command.
    pub command_timeout: Duration,
    /// Limit of the answer to the final dot (RFC 5321: 10 minutes).
    pub body_timeout: Duration,
}

/// One delivery to hand over.
#[derive(Debug, Clone)]
pub struct Handover<'a> {
    /// Envelope sender.
    pub from: &'a str,
    /// The one recipient.
    pub to: &'a str,
    /// The Message-ID, by which a folder names its files.
    pub message_id: &'a str,
    /// The finished bytes.
    pub bytes: &'a [u8],
}

/// What a hand-over came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it.
    Sent(Evidence),
    /// It was not taken, and may be later.
    Deferred(Evidence),
    /// It was refused for good.
    Refused(Evidence),
    /// The body was written and no clear answer came.
    Uncertain(Evidence),
    /// No mail can be handed over now: the run stops sending.
    Unavailable(Evidence),
}

/// How far it came, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// `connect`, `mail`, `rcpt`, `data`, `body` or `folder`.
    pub stage: &'static str,
    /// The reply's code.
    pub code: Option<u16>,
    /// The reply, or what went wrong.
    pub reply: String,
    /// The server's queue id, where it names one.
    pub queue_id: Option<String>,
}

/// A way for mail to leave.
pub enum Transport {
    /// Into a folder.
    Folder(FolderTransport),
    /// To a server.
    Smtp(Box<SmtpTransport>),
}

impl Transport {
    /// Makes the transport of the settings; connects only when the first delivery comes.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        match settings {
            Settings::Folder(folder) => Self::Folder(FolderTransport::new(folder.clone())),
            Settings::Server(server) => Self::Smtp(Box::new(SmtpTransport::new(server.clone()))),
        }
    }

    /// Whether mail can leave: connects and logs in, or looks at the folder. Sends nothing.
    ///
    /// # Errors
    /// Why it cannot, in words.
    pub fn probe(&mut self) -> Result<(), String> {
        match self {
            Self::Folder(folder) => folder.probe(),
            Self::Smtp(smtp) => smtp.probe(),
        }
    }

    /// Hands one delivery over. `before_body` must have committed that the delivery is in doubt
    /// before the first byte of the body goes out; where it fails, no body goes out.
    ///
    /// # Errors
    /// Only what `before_body` gives.
    pub fn deliver(
        &mut self,
        handover: &Handover<'_>,
        before_body: &mut dyn FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Outcome> {
        match self {
            Self::Folder(folder) => folder.deliver(handover, before_body),
            Self::Smtp(smtp) => smtp.deliver(handover, before_body),
        }
    }
}
