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
    /// Says `451` to addresses that begin with `later`.
    DefersSome,
    /// Hangs up after it has read the body, without an answer.
    HangsUpAfterBody,
    /// Takes everything, and its time: up to 3 ms an answer.
    Slow,
    /// Greets without end.
    EndlessGreeting,
    /// Greets with a byte every tenth of a second, for ever.
    DrippingGreeting,
    /// Answers a body with a byte every tenth of a second, for ever.
    DripsAfterBody,
    /// Says that it took the body before it has it.
    AnswersEarly,
    /// Offers STARTTLS and answers in clear what it will be asked afterwards.
    SpeaksOnInClear,
    /// Puts into its answers what a terminal obeys.
    PaintsTerminals,
    /// One fault in five answers, at any stage, by this seed.
    Random(u64),
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
            for (conversation, stream) in (1_u64..).zip(listener.incoming().flatten()) {
                let (inbox, mood) = (Arc::clone(&inbox), *mood.lock().unwrap());
                std::thread::spawn(move || {
                    // a client that hangs up ends its conversation, not the server
                    let _ = converse(&stream, mood, &inbox, conversation);
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

/// What goes wrong with one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Later,
    Never,
    Closing,
    HangUp,
    Nonsense,
}

/// The faults of one conversation, by its seed.
struct Faults {
    state: u64,
    active: bool,
}

impl Faults {
    fn new(behaviour: Behaviour, conversation: u64) -> Self {
        let Behaviour::Random(seed) = behaviour else { return Self { state: 1, active: false } };
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (conversation << 17) | 1, active: true }
    }

    fn next(&mut self) -> Fault {
        if !self.active {
            return Fault::None;
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        match self.state % 25 {
            0 => Fault::Later,
            1 => Fault::Never,
            2 => Fault::Closing,
            3 => Fault::HangUp,
            4 => Fault::Nonsense,
            _ => Fault::None,
        }
    }
}

fn converse(
    stream: &TcpStream,
    behaviour: Behaviour,
    inbox: &Mutex<Vec<Taken>>,
    conversation: u64,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream.try_clone()?;
    let mut faults = Faults::new(behaviour, conversation);
    let mut pause = conversation;
    let mut say = move |text: &str| {
        if behaviour == Behaviour::Slow {
            pause = pause.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            std::thread::sleep(std::time::Duration::from_micros(pause >> 52));
        }
        writer.write_all(format!("{text}\r\n").as_bytes())
    };
    // gives whether the conversation goes on
    let mut answer =
        |say: &mut dyn FnMut(&str) -> std::io::Result<()>, usual: &str| -> std::io::Result<Option<bool>> {
            match faults.next() {
                Fault::None => say(usual).map(|()| Some(true)),
                Fault::Later => say("451 4.3.0 later").map(|()| Some(false)),
                Fault::Never => say("554 5.7.1 never").map(|()| Some(false)),
                Fault::Closing => say("421 4.3.2 closing").map(|()| None),
                Fault::HangUp => Ok(None),
                Fault::Nonsense => say("399 what?").map(|()| Some(false)),
            }
        };
    match behaviour {
        Behaviour::EndlessGreeting => loop {
            stream.try_clone()?.write_all(&[b'2'; 65_536])?;
        },
        Behaviour::DrippingGreeting => return drip(stream),
        _ => say("220 mail.example ESMTP")?,
    }
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
                .map_or("", |(address, _)| address)
                .to_owned()
        };
        if upper.starts_with("EHLO") {
            let starttls = if behaviour == Behaviour::SpeaksOnInClear { "250-STARTTLS\r\n" } else { "" };
            say(&format!("250-mail.example\r\n{starttls}250-8BITMIME\r\n250 SIZE 20000000"))?;
        } else if upper == "STARTTLS" {
            say("220 go on\r\n250 mail.example\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 queued as FAKE1")?;
        } else if upper.starts_with("MAIL FROM") {
            from = address();
            to.clear();
            if answer(&mut say, "250 2.1.0 ok")?.is_none() {
                return Ok(());
            }
        } else if upper.starts_with("RCPT TO") {
            let address = address();
            let deferred = behaviour == Behaviour::DefersSome && address.starts_with("later");
            if behaviour == Behaviour::Busy || deferred {
                say("451 4.7.1 try again later")?;
            } else if behaviour == Behaviour::PaintsTerminals {
                say("550 5.1.1 \u{1b}]0;owned\u{7}\u{1b}[2Jno such user")?;
            } else if behaviour == Behaviour::RefusesSome && address.starts_with("refused") {
                say("550 5.1.1 no such user")?;
            } else {
                match answer(&mut say, "250 2.1.5 ok")? {
                    Some(true) => to.push(address),
                    Some(false) => {}
                    None => return Ok(()),
                }
            }
        } else if upper == "DATA" && behaviour == Behaviour::AnswersEarly {
            say("354 go on\r\n250 2.0.0 Ok: queued as FAKE1")?;
        } else if upper == "DATA" {
            match answer(&mut say, "354 go on")? {
                Some(true) => {}
                Some(false) => continue,
                None => return Ok(()),
            }
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
            let fault = faults_of_body(behaviour, &bytes);
            let taken = !matches!(fault, Fault::Later | Fault::Never);
            if taken {
                inbox.lock().unwrap().push(Taken { from: from.clone(), to: to.clone(), bytes });
            }
            if behaviour == Behaviour::DripsAfterBody {
                return drip(stream);
            }
            match fault {
                Fault::None => say("250 2.0.0 Ok: queued as 4XyZ9K1abc")?,
                Fault::Later => say("451 4.3.0 later")?,
                Fault::Never => say("554 5.6.0 never")?,
                // taken, and the client cannot know
                Fault::Nonsense => say("399 what?")?,
                Fault::Closing | Fault::HangUp => return Ok(()),
            }
        } else if upper == "QUIT" {
            return say("221 2.0.0 bye");
        } else {
            say("250 2.0.0 ok")?;
        }
    }
}

/// A byte every tenth of a second, until the other side has had enough.
fn drip(mut stream: &TcpStream) -> std::io::Result<()> {
    loop {
        stream.write_all(b"2")?;
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// What happens to a whole body: by its own bytes, so that the same body meets other fates on other seeds.
fn faults_of_body(behaviour: Behaviour, bytes: &[u8]) -> Fault {
    match behaviour {
        Behaviour::HangsUpAfterBody => Fault::HangUp,
        Behaviour::Random(seed) => {
            let sum =
                bytes.iter().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
            Faults { state: sum | 1, active: true }.next()
        }
        _ => Fault::None,
    }
}
