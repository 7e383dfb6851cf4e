//! SMTP, stage by stage over lettre's connection, so that it is known how far a conversation came.
//!
//! lettre's own transport hides the stage of an error, takes 3xx for success, writes the body and the
//! final dot apart (40 ms a message) and sends all recipients of a message together.

use super::{Evidence, Handover, Outcome, ServerSettings};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use std::error::Error;
use std::time::Duration;

/// A fresh connection after so many messages: relays limit them.
const MESSAGES_PER_CONNECTION: u32 = 100;

/// Encryption of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (port 465).
    Wrapper,
    /// STARTTLS, or nothing is sent (port 587).
    Required,
    /// In clear: to this machine, or to a relay named in the configuration.
    None,
}

/// Delivers over SMTP.
pub struct SmtpTransport {
    settings: ServerSettings,
    connection: Option<SmtpConnection>,
    used: u32,
}

/// A reply, or why there was none.
enum Reply {
    Code(u16, String),
    Broken(String),
}

impl SmtpTransport {
    /// A transport that connects when the first delivery comes.
    #[must_use]
    pub const fn new(settings: ServerSettings) -> Self {
        Self { settings, connection: None, used: 0 }
    }

    /// Connects, encrypts, logs in and says good-bye.
    pub(super) fn probe(&mut self) -> Result<(), String> {
        self.ready()?;
        self.close();
        Ok(())
    }

    pub(super) fn deliver(
        &mut self,
        handover: &Handover<'_>,
        before_body: &mut dyn FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Outcome> {
        let reused = self.connection.is_some();
        let first = self.try_deliver(handover, before_body)?;
        // a server may have closed an idle connection: nothing was handed over, so once more
        match first {
            Outcome::Deferred(ref evidence)
                if reused && self.connection.is_none() && evidence.stage == "mail" =>
            {
                self.try_deliver(handover, before_body)
            }
            other => Ok(other),
        }
    }

    fn try_deliver(
        &mut self,
        handover: &Handover<'_>,
        before_body: &mut dyn FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Outcome> {
        if let Err(why) = self.ready() {
            return Ok(Outcome::Unavailable(evidence("connect", None, why)));
        }
        let envelope = [
            ("mail", format!("MAIL FROM:<{}>\r\n", handover.from), &[250_u16][..]),
            ("rcpt", format!("RCPT TO:<{}>\r\n", handover.to), &[250, 251]),
            ("data", "DATA\r\n".to_owned(), &[354]),
        ];
        for (stage, command, wanted) in envelope {
            match self.command(command) {
                Reply::Code(code, _) if wanted.contains(&code) => {}
                // refusing the sender is no verdict on a recipient: everybody else would get it too
                Reply::Code(code @ 500..=599, text) if stage == "mail" => {
                    self.hang_up();
                    let why = format!("the mail server refuses the sender <{}>: {text}", handover.from);
                    return Ok(Outcome::Unavailable(evidence(stage, Some(code), why)));
                }
                reply => return Ok(self.turned_down(stage, reply)),
            }
        }
        if let Err(error) = before_body() {
            // the server waits for a body that must not come: hang up
            self.hang_up();
            return Err(error);
        }
        Ok(self.body(handover.bytes))
    }

    /// Writes the body and the final dot in one go and reads the answer.
    fn body(&mut self, bytes: &[u8]) -> Outcome {
        self.set_timeout(self.settings.body_timeout);
        let reply = self.command(dot_stuffed(bytes));
        self.set_timeout(self.settings.command_timeout);
        self.used += 1;
        match reply {
            Reply::Code(code @ 200..=299, text) => {
                let queue_id = queue_id(&text);
                Outcome::Sent(Evidence { stage: "body", code: Some(code), reply: text, queue_id })
            }
            Reply::Code(code @ 400..=499, text) => {
                self.reset();
                Outcome::Deferred(evidence("body", Some(code), text))
            }
            Reply::Code(code @ 500..=599, text) => {
                self.reset();
                Outcome::Refused(evidence("body", Some(code), text))
            }
            Reply::Code(code, text) => {
                self.hang_up();
                Outcome::Uncertain(evidence("body", Some(code), text))
            }
            Reply::Broken(why) => {
                self.hang_up();
                Outcome::Uncertain(evidence("body", None, why))
            }
        }
    }

    /// What a refusal before the body comes to. Nothing was handed over.
    fn turned_down(&mut self, stage: &'static str, reply: Reply) -> Outcome {
        match reply {
            Reply::Code(421, text) => {
                self.hang_up();
                Outcome::Deferred(evidence(stage, Some(421), text))
            }
            Reply::Code(code @ 500..=599, text) => {
                self.reset();
                Outcome::Refused(evidence(stage, Some(code), text))
            }
            Reply::Code(code @ 400..=499, text) => {
                self.reset();
                Outcome::Deferred(evidence(stage, Some(code), text))
            }
            // a server that answers otherwise than the protocol says is not to be trusted with more
            Reply::Code(code, text) => {
                self.hang_up();
                Outcome::Deferred(evidence(stage, Some(code), text))
            }
            Reply::Broken(why) => {
                self.hang_up();
                Outcome::Deferred(evidence(stage, None, why))
            }
        }
    }

    /// Connects, encrypts and logs in, where that has not been done.
    fn ready(&mut self) -> Result<(), String> {
        if self.used >= MESSAGES_PER_CONNECTION {
            self.close();
        }
        if self.connection.is_some() {
            return Ok(());
        }
        let settings = &self.settings;
        let place = format!("{}:{}", settings.host, settings.port);
        let tls = self.tls_parameters()?;
        let hello = ClientId::default();
        let wrapper = tls.as_ref().filter(|_| settings.tls == Tls::Wrapper);
        let address = (settings.host.as_str(), settings.port);
        let mut connection =
            SmtpConnection::connect(address, Some(settings.command_timeout), &hello, wrapper, None)
                .map_err(|error| format!("cannot connect to the mail server {place}: {}", chain(&error)))?;
        if let (Tls::Required, Some(tls)) = (settings.tls, &tls) {
            if !connection.can_starttls() {
                connection.abort();
                return Err(format!("the mail server {place} offers no STARTTLS; nothing is sent in clear"));
            }
            connection
                .starttls(tls, &hello)
                .map_err(|error| format!("cannot encrypt the connection to {place}: {}", chain(&error)))?;
        }
        if let Some((name, password)) = &settings.login {
            let credentials = Credentials::new(name.clone(), password.clone());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .map_err(|error| format!("the mail server {place} refused the log-in: {}", chain(&error)))?;
        }
        self.connection = Some(connection);
        self.used = 0;
        Ok(())
    }

    fn tls_parameters(&self) -> Result<Option<TlsParameters>, String> {
        if self.settings.tls == Tls::None {
            return Ok(None);
        }
        let mut builder = TlsParameters::builder(self.settings.host.clone());
        if let Some(file) = &self.settings.ca_file {
            let pem =
                std::fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
            let certificate = Certificate::from_pem(&pem)
                .map_err(|error| format!("`{}` is no PEM certificate: {error}", file.display()))?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
        }
        builder.build().map(Some).map_err(|error| format!("TLS cannot be set up: {}", chain(&error)))
    }

    fn command(&mut self, command: String) -> Reply {
        let Some(connection) = self.connection.as_mut() else {
            return Reply::Broken("not connected".to_owned());
        };
        match connection.command(command) {
            Ok(response) => Reply::Code(response.code().into(), text_of(&response)),
            Err(error) => match error.status() {
                Some(code) => Reply::Code(code.into(), chain(&error)),
                None => Reply::Broken(chain(&error)),
            },
        }
    }

    fn reset(&mut self) {
        match self.command("RSET\r\n".to_owned()) {
            Reply::Code(250, _) => {}
            Reply::Code(..) | Reply::Broken(_) => self.hang_up(),
        }
    }

    fn set_timeout(&mut self, limit: Duration) {
        if let Some(connection) = self.connection.as_mut() {
            // where it cannot be set the old one stays, which only waits less long
            let _ = connection.set_timeout(Some(limit));
        }
    }

    /// Says goodbye.
    fn close(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            let _ = connection.quit();
        }
    }

    /// Drops the connection without a word: `QUIT` could wait for as long as the command did.
    fn hang_up(&mut self) {
        self.connection = None;
    }
}

impl Drop for SmtpTransport {
    fn drop(&mut self) {
        self.close();
    }
}

const fn evidence(stage: &'static str, code: Option<u16>, reply: String) -> Evidence {
    Evidence { stage, code, reply, queue_id: None }
}

fn text_of(response: &Response) -> String {
    format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" "))
        .chars()
        .take(500)
        .collect()
}

/// An error with its causes, on one line: lettre hides the certificate's fault in the second.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.chars().take(500).collect()
}

/// Postfix says `queued as ABC123`.
fn queue_id(reply: &str) -> Option<String> {
    let (_, rest) = reply.split_once("queued as ")?;
    let id: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    (!id.is_empty()).then_some(id)
}

/// The body as it goes over the wire, with the final dot. It is ASCII: every part is encoded.
fn dot_stuffed(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut wire = String::with_capacity(text.len() + 64);
    for line in text.trim_end_matches(['\r', '\n']).split('\n') {
        if line.starts_with('.') {
            wire.push('.');
        }
        wire.push_str(line.trim_end_matches('\r'));
        wire.push_str("\r\n");
    }
    wire.push_str(".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffs_dots_and_ends_with_exactly_one() {
        assert_eq!(dot_stuffed(b"a\r\n.b\r\n..\r\n\r\n"), "a\r\n..b\r\n...\r\n.\r\n");
        assert_eq!(dot_stuffed(b"a\nb"), "a\r\nb\r\n.\r\n");
    }

    #[test]
    fn finds_the_queue_id() {
        assert_eq!(queue_id("250 2.0.0 Ok: queued as 4F3A2B1C").as_deref(), Some("4F3A2B1C"));
        assert_eq!(queue_id("250 ok"), None);
    }
}
