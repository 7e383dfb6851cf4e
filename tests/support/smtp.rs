//! A mail server on loopback that follows a script: what it answers, and what it was told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server does at one point of every conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Takes everything.
    Friendly,
    /// Refuses addresses that begin with `refused`, for good.
    RefusesSome,
    /// Says `451` to every recipient.
    Busy,
    /// Hangs up after it has read the body, without an answer.
    HangsUpAfterBody,
}

/// A message as the server took it.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Server {
    /// Listens on a free port of loopback until the test's process ends.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let behaviour = Arc::new(Mutex::new(behaviour));
        let (inbox, mood) = (Arc::clone(&taken), Arc::clone(&behaviour));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (inbox, mood) = (Arc::clone(&inbox), *mood.lock().unwrap());
                std::thread::spawn(move || {
                    // a client that hangs up ends its conversation, not the server
                    let _ = converse(&stream, mood, &inbox);
                });
            }
        });
        Self { port, taken, behaviour }
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

fn converse(stream: &TcpStream, behaviour: Behaviour, inbox: &Mutex<Vec<Taken>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream.try_clone()?;
    let mut say = move |text: &str| writer.write_all(format!("{text}\r\n").as_bytes());
    say("220 mail.example ESMTP")?;
    let mut from = String::new();
    let mut to: Vec<String> = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        let upper = command.to_uppercase();
        let address = || {
            command
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'))
                .map_or("", |(a, _)| a)
                .to_owned()
        };
        if upper.starts_with("EHLO") {
            say("250-mail.example\r\n250-8BITMIME\r\n250 SIZE 20000000")?;
        } else if upper.starts_with("MAIL FROM") {
            from = address();
            to.clear();
            say("250 2.1.0 ok")?;
        } else if upper.starts_with("RCPT TO") {
            let address = address();
            if behaviour == Behaviour::Busy {
                say("451 4.7.1 try again later")?;
            } else if behaviour == Behaviour::RefusesSome && address.starts_with("refused") {
                say("550 5.1.1 no such user")?;
            } else {
                to.push(address);
                say("250 2.1.5 ok")?;
            }
        } else if upper == "DATA" {
            say("354 go on")?;
            let mut bytes = Vec::new();
            loop {
                let mut part = Vec::new();
                if reader.read_until(b'\n', &mut part)? == 0 {
                    return Ok(());
                }
                if part == b".\r\n" {
                    break;
                }
                bytes.extend_from_slice(part.strip_prefix(b".").unwrap_or(&part));
            }
            inbox.lock().unwrap().push(Taken { from: from.clone(), to: to.clone(), bytes });
            if behaviour == Behaviour::HangsUpAfterBody {
                return Ok(());
            }
            say("250 2.0.0 Ok: queued as 4XyZ9K1abc")?;
        } else if upper == "QUIT" {
            return say("221 2.0.0 bye");
        } else {
            say("250 2.0.0 ok")?;
        }
    }
}
