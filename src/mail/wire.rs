//! The bytes between us and a mail server. Every answer has a length, and a deadline as a whole: neither a banner
//! without end nor one byte a second keeps a night from ending.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// RFC 5321 allows 512 bytes a line; some servers talk more.
const LINE_MAX: usize = 4096;
/// A greeting of capabilities is the longest answer there is.
const ANSWER_MAX: usize = 64 * 1024;

/// An answer: its code, and its lines without the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Answer {
    /// Reads the whole lines that have come; none where the last of them is still to come.
    fn of(bytes: &[u8]) -> io::Result<Option<(Self, usize)>> {
        let unreadable = || io::Error::new(ErrorKind::InvalidData, "the server's answer cannot be read");
        let (mut answer, mut length) = (Self { code: 0, lines: Vec::new() }, 0);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !line.ends_with(b"\n") {
                return if line.len() > LINE_MAX { Err(too_long()) } else { Ok(None) };
            }
            length += line.len();
            if line.len() > LINE_MAX || length > ANSWER_MAX {
                return Err(too_long());
            }
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end_matches(['\r', '\n']);
            let code = line.get(..3).and_then(|digits| digits.parse::<u16>().ok()).ok_or_else(unreadable)?;
            if !(200..600).contains(&code) || (answer.code != 0 && answer.code != code) {
                return Err(unreadable());
            }
            answer.code = code;
            let rest = line.get(3..).unwrap_or_default();
            answer.lines.push(rest.get(1..).unwrap_or_default().to_owned());
            match rest.as_bytes().first() {
                None | Some(b' ') => return Ok(Some((answer, length))),
                Some(b'-') => {}
                Some(_) => return Err(unreadable()),
            }
        }
        Ok(None)
    }
}

fn too_long() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the server's answer is longer than any answer of a mail server")
}

/// A socket on which every read and write ends at the deadline, however often it is tried.
struct Timed {
    socket: TcpStream,
    deadline: Instant,
}

impl Timed {
    fn until(
        &mut self,
        mut step: impl FnMut(&mut TcpStream, Duration) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(ErrorKind::TimedOut, "the time for an answer is over"));
            }
            match step(&mut self.socket, left) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
                    ) => {}
                other => return other,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until(|socket, left| {
            socket.set_read_timeout(Some(left))?;
            socket.read(buffer)
        })
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until(|socket, left| {
            socket.set_write_timeout(Some(left))?;
            socket.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

enum Stream {
    Clear(Timed),
    Encrypted(Box<StreamOwned<ClientConnection, Timed>>),
}

/// A connection to a mail server.
pub(super) struct Wire {
    stream: Stream,
    /// What came and was not asked for yet.
    unread: Vec<u8>,
}

impl Wire {
    /// Connects, within `limit`.
    pub(super) fn connect(host: &str, port: u16, limit: Duration) -> io::Result<Self> {
        let deadline = Instant::now() + limit;
        let mut last = io::Error::new(ErrorKind::NotFound, "its name leads to no address");
        for address in (host, port).to_socket_addrs()? {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            match TcpStream::connect_timeout(&address, left) {
                Ok(socket) => {
                    socket.set_nodelay(true)?;
                    let stream = Stream::Clear(Timed { socket, deadline });
                    return Ok(Self { stream, unread: Vec::new() });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whether nobody between could read along.
    pub(super) fn is_private(&self) -> bool {
        match &self.stream {
            Stream::Encrypted(_) => true,
            Stream::Clear(timed) => timed.socket.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()),
        }
    }

    /// Whether something came that was not asked for.
    pub(super) const fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Encrypts from here on, within `limit`.
    pub(super) fn encrypt(self, config: Arc<ClientConfig>, host: &str, limit: Duration) -> io::Result<Self> {
        if self.has_unread() {
            // said before the encryption began, and so perhaps by somebody between
            return Err(io::Error::new(ErrorKind::InvalidData, "the server spoke on in clear"));
        }
        let Stream::Clear(mut timed) = self.stream else { return Ok(self) };
        timed.deadline = Instant::now() + limit;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::new(ErrorKind::InvalidInput, format!("`{host}` is no server's name")))?;
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut timed)?;
        }
        let stream = Stream::Encrypted(Box::new(StreamOwned::new(connection, timed)));
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Says something and waits for the answer, both within `limit`.
    pub(super) fn ask(&mut self, words: &[u8], limit: Duration) -> io::Result<Answer> {
        if self.has_unread() {
            return Err(io::Error::new(ErrorKind::InvalidData, "the server answered what it was not asked"));
        }
        self.set_deadline(limit);
        match &mut self.stream {
            Stream::Clear(timed) => timed.write_all(words)?,
            Stream::Encrypted(stream) => stream.write_all(words).and_then(|()| stream.flush())?,
        }
        self.answer()
    }

    /// Waits for what the server says first.
    pub(super) fn greeting(&mut self, limit: Duration) -> io::Result<Answer> {
        self.set_deadline(limit);
        self.answer()
    }

    fn set_deadline(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        match &mut self.stream {
            Stream::Clear(timed) => timed.deadline = deadline,
            Stream::Encrypted(stream) => stream.sock.deadline = deadline,
        }
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let mut part = [0; LINE_MAX];
        loop {
            if let Some((answer, length)) = Answer::of(&self.unread)? {
                self.unread.drain(..length);
                return Ok(answer);
            }
            let read = match &mut self.stream {
                Stream::Clear(timed) => timed.read(&mut part)?,
                Stream::Encrypted(stream) => stream.read(&mut part)?,
            };
            if read == 0 {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server hung up"));
            }
            self.unread.extend_from_slice(&part[..read]);
        }
    }
}

/// What encrypts: the authorities of the system, or the one of a file.
pub(super) fn tls(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            let no_pem = |why: String| format!("`{}` is no PEM certificate: {why}", file.display());
            let pem =
                std::fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| no_pem(error.to_string()))?;
                roots.add(certificate).map_err(|error| no_pem(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(no_pem("it holds none".to_owned()));
            }
        }
        None => {
            // one that cannot be read is no reason to distrust the others
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_the_line_that_says_so() {
        let of = |text: &str| Answer::of(text.as_bytes()).unwrap();
        assert_eq!(of("250-a\r\n250-b"), None);
        let (answer, length) = of("250-a\r\n250 b\r\n220 more").unwrap();
        assert_eq!((answer.code, answer.lines, length), (250, vec!["a".to_owned(), "b".to_owned()], 14));
        assert_eq!(of("354\n").unwrap().0.code, 354);
        for nonsense in ["hello\r\n", "250-a\r\n251 b\r\n", "250?\r\n", "100 x\r\n", "2\u{e9}0 x\r\n"] {
            assert!(Answer::of(nonsense.as_bytes()).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn an_answer_without_end_is_none() {
        assert!(Answer::of(&[b'2'; LINE_MAX + 1]).is_err());
        assert!(Answer::of("250-x\r\n".repeat(ANSWER_MAX / 7 + 1).as_bytes()).is_err());
    }
}
