//! SMTP, stage by stage, so that it is known how far a conversation came.
//!
//! Libraries hide the stage of an error, take 3xx for success, write the body and the final dot apart (40 ms a
//! message), send all recipients of a message together, and read whatever a server says, however long.

use super::wire::{self, Answer, Wire};
use super::{Evidence, Handover, Outcome, ServerSettings};
use crate::billing::text::cleaned;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

/// A fresh connection after so many messages: relays limit them.
const MESSAGES_PER_CONNECTION: u32 = 100;

/// How long a server may take over a good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);

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
    connection: Option<Wire>,
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
            match self.command(&command) {
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
        if self.connection.as_ref().is_some_and(Wire::has_unread) {
            // what it says of the body before it has the body is no answer
            let why = "the server answered what it was not asked".to_owned();
            return Ok(self.turned_down("data", Reply::Broken(why)));
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
        let reply = self.say(dot_stuffed(bytes).as_bytes(), self.settings.body_timeout);
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
        self.connection = Some(connected(&self.settings)?);
        self.used = 0;
        Ok(())
    }

    fn command(&mut self, command: &str) -> Reply {
        self.say(command.as_bytes(), self.settings.command_timeout)
    }

    fn say(&mut self, words: &[u8], limit: Duration) -> Reply {
        let Some(wire) = self.connection.as_mut() else {
            return Reply::Broken("not connected".to_owned());
        };
        match wire.ask(words, limit) {
            Ok(answer) => Reply::Code(answer.code, text_of(&answer)),
            Err(error) => Reply::Broken(short(&error.to_string())),
        }
    }

    fn reset(&mut self) {
        match self.command("RSET\r\n") {
            Reply::Code(250, _) => {}
            Reply::Code(..) | Reply::Broken(_) => self.hang_up(),
        }
    }

    /// Says goodbye.
    fn close(&mut self) {
        if let Some(mut wire) = self.connection.take() {
            // who is not let go politely goes all the same
            let _ = wire.ask(b"QUIT\r\n", GOOD_BYE);
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

/// Connects, encrypts and logs in.
fn connected(settings: &ServerSettings) -> Result<Wire, String> {
    let place = format!("{}:{}", settings.host, settings.port);
    let limit = settings.command_timeout;
    let cannot_connect = |why: String| format!("cannot connect to the mail server {place}: {}", short(&why));
    let cannot_encrypt = |why: String| format!("cannot encrypt the connection to {place}: {}", short(&why));
    let tls = match settings.tls {
        Tls::None => None,
        Tls::Wrapper | Tls::Required => Some(wire::tls(settings.ca_file.as_deref())?),
    };
    let mut wire = Wire::connect(&settings.host, settings.port, limit)
        .map_err(|error| cannot_connect(error.to_string()))?;
    if let (Tls::Wrapper, Some(tls)) = (settings.tls, &tls) {
        wire = wire
            .encrypt(tls.clone(), &settings.host, limit)
            .map_err(|error| cannot_connect(error.to_string()))?;
    }
    let greeting = wire.greeting(limit).map_err(|error| cannot_connect(error.to_string()))?;
    if greeting.code != 220 {
        return Err(cannot_connect(text_of(&greeting)));
    }
    let mut offers = hello(&mut wire, limit).map_err(cannot_connect)?;
    if let (Tls::Required, Some(tls)) = (settings.tls, &tls) {
        if !offers.iter().any(|offer| offer == "STARTTLS") {
            return Err(format!("the mail server {place} offers no STARTTLS; nothing is sent in clear"));
        }
        asked(&mut wire, "STARTTLS", 220, limit).map_err(cannot_encrypt)?;
        wire = wire
            .encrypt(tls.clone(), &settings.host, limit)
            .map_err(|error| cannot_encrypt(error.to_string()))?;
        offers = hello(&mut wire, limit).map_err(cannot_encrypt)?;
    }
    if let Some((name, password)) = &settings.login {
        if !wire.is_private() {
            return Err(format!("no password is sent to {place} in clear; set `smtp.tls`"));
        }
        log_in(&mut wire, &offers, name, password, limit).map_err(|why| {
            format!("the mail server {place} refused the log-in: {}", without(&why, name, password))
        })?;
    }
    Ok(wire)
}

/// What a server said, without the password that it may have repeated.
fn without(said: &str, name: &str, password: &str) -> String {
    let plain = STANDARD.encode(format!("\0{name}\0{password}"));
    [plain.as_str(), &STANDARD.encode(password), password]
        .into_iter()
        .filter(|secret| !secret.is_empty())
        .fold(said.to_owned(), |said, secret| said.replace(secret, "…"))
}

/// What the server offers, in capitals.
fn hello(wire: &mut Wire, limit: Duration) -> Result<Vec<String>, String> {
    let answer = asked(wire, "EHLO [127.0.0.1]", 250, limit)?;
    Ok(answer.lines.iter().skip(1).map(|line| line.trim().to_uppercase()).collect())
}

fn log_in(
    wire: &mut Wire,
    offers: &[String],
    name: &str,
    password: &str,
    limit: Duration,
) -> Result<(), String> {
    let offered = |way: &str| {
        offers.iter().any(|offer| {
            let mut words = offer.split([' ', '=']);
            words.next() == Some("AUTH") && words.any(|word| word == way)
        })
    };
    if offered("PLAIN") {
        let secret = STANDARD.encode(format!("\0{name}\0{password}"));
        asked(wire, &format!("AUTH PLAIN {secret}"), 235, limit)?;
    } else if offered("LOGIN") {
        asked(wire, "AUTH LOGIN", 334, limit)?;
        asked(wire, &STANDARD.encode(name), 334, limit)?;
        asked(wire, &STANDARD.encode(password), 235, limit)?;
    } else {
        return Err("it offers neither PLAIN nor LOGIN".to_owned());
    }
    Ok(())
}

/// A command and the one answer to it that helps.
fn asked(wire: &mut Wire, command: &str, wanted: u16, limit: Duration) -> Result<Answer, String> {
    let answer = wire.ask(format!("{command}\r\n").as_bytes(), limit).map_err(|error| error.to_string())?;
    if answer.code == wanted { Ok(answer) } else { Err(text_of(&answer)) }
}

/// An answer on one line, fit for a terminal.
fn text_of(answer: &Answer) -> String {
    short(&format!("{} {}", answer.code, answer.lines.join(" ")))
}

fn short(text: &str) -> String {
    cleaned(text).chars().take(500).collect()
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
