//! Mail over an encrypted connection: to whom it is handed over, and to whom it is not.

use crate::support::sandbox::Sandbox;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A mail server that encrypts: from the first byte, or after `STARTTLS`. It prints its port, and then what it took; with a
/// third argument it refuses every log-in and repeats what it was told.
const SERVER: &str = r#"
import base64, socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
begins_in_clear = sys.argv[3] == "starttls"
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    try:
        encrypted = not begins_in_clear
        if encrypted:
            connection = context.wrap_socket(connection, server_side=True)
        lines = connection.makefile("rb")
        say = lambda text: connection.sendall(text.encode() + b"\r\n")
        say("220 mail.example")
        while True:
            line = lines.readline()
            if not line:
                break
            word = line.strip().decode()
            if word.startswith("EHLO"):
                say("250-mail.example\r\n250-" + ("AUTH PLAIN LOGIN" if encrypted else "STARTTLS") + "\r\n250 8BITMIME")
            elif word == "STARTTLS":
                say("220 go on")
                connection = context.wrap_socket(connection, server_side=True)
                lines, encrypted = connection.makefile("rb"), True
                say = lambda text: connection.sendall(text.encode() + b"\r\n")
            elif word.startswith("AUTH"):
                told = base64.b64decode(word.split()[2]).decode().split("\0")
                if len(sys.argv) > 4:
                    say("535 5.7.8 no: " + word + " " + told[2])
                else:
                    print("LOGIN", told[1], told[2], flush=True)
                    say("235 2.7.0 ok")
            elif word == "DATA":
                say("354 go on")
                while lines.readline() != b".\r\n":
                    pass
                print("TAKEN", flush=True)
                say("250 2.0.0 queued as TLS1")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
    except (OSError, ssl.SSLError):
        pass
    connection.close()
"#;

/// An authority, and certificates that it gave: a good one, one of another name, and one that has expired.
fn certificates(folder: &Path) -> bool {
    let script = "set -e; umask 077
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
        openssl req -newkey rsa:2048 -nodes -subj /CN=mail -addext subjectAltName=IP:127.0.0.1 -keyout key -out right.csr
        openssl req -new -key key -subj /CN=mail -addext subjectAltName=DNS:mail.example -out other.csr
        give='openssl x509 -req -CA ca.pem -CAkey ca.key -copy_extensions copy'
        $give -in right.csr -days 2 -out good.pem
        $give -in other.csr -days 2 -out misnamed.pem
        $give -in right.csr -days -1 -out expired.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output();
    made.is_ok_and(|made| made.status.success())
}

struct Server {
    child: Child,
    port: u16,
    said: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(folder: &Path, certificate: &str, way: &str, more: &[&str]) -> Self {
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", SERVER])
            .args([folder.join(certificate), folder.join("key")])
            .arg(way)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        said.read_line(&mut port).unwrap();
        Self { child, port: port.trim().parse().unwrap(), said }
    }

    /// Everything that it said it took.
    fn taken(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said.lines().map(Result::unwrap).collect()
    }
}

fn tools() -> bool {
    let is_there =
        Path::new("/usr/bin/python3").exists() && Command::new("openssl").arg("version").output().is_ok();
    if !is_there {
        eprintln!("NOT CHECKED: `python3` and `openssl` make the mail server that encrypts");
    }
    is_there
}

fn sandbox(port: u16, way: &str, ca_file: Option<&Path>) -> Sandbox {
    let sandbox = Sandbox::with_company("2025-02-01");
    let ca_file = ca_file.map(|file| format!("ca_file = \"{}\"\n", file.display())).unwrap_or_default();
    sandbox.reconfigure(
        "transport = \"folder\"",
        &format!(
            "transport = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"{way}\"\nusername = \"billing\"\n\
             password_file = \"secret\"\n{ca_file}"
        ),
    );
    let secret = sandbox.file("secret", "hunter2-of-the-office");
    std::fs::set_permissions(secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    sandbox
}

#[test]
fn mail_and_password_go_to_the_server_that_an_authority_vouches_for_and_to_no_other() {
    if !tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(certificates(folder.path()));
    let ca = folder.path().join("ca.pem");
    for (way, tls) in [("starttls", "required"), ("wrapper", "wrapper")] {
        let server = Server::start(folder.path(), "good.pem", way, &[]);
        sandbox(server.port, tls, Some(&ca)).notify("2025-03-01").exits(0);
        let taken = server.taken();
        assert_eq!(taken.first().map(String::as_str), Some("LOGIN billing hunter2-of-the-office"), "{way}");
        assert!(taken.iter().any(|line| line == "TAKEN"), "{way}: {taken:?}");
        for (certificate, trusted, why) in [
            ("misnamed.pem", Some(&ca), "not valid for name"),
            ("expired.pem", Some(&ca), "expired"),
            ("good.pem", None, "unknownissuer"),
        ] {
            let server = Server::start(folder.path(), certificate, way, &[]);
            let sandbox = sandbox(server.port, tls, trusted.map(|file| file.as_path()));
            let ran = sandbox.notify("2025-03-01").exits(1);
            assert!(ran.stderr.to_lowercase().contains(why), "{way} {certificate}: {ran:?}");
            assert_eq!(server.taken(), Vec::<String>::new(), "{way} {certificate}: not even the password");
            // nothing is lost: it waits until the server is the right one again
            let waiting = sandbox.run(&["outbox", "list", "--json"]).json();
            let states: Vec<_> = waiting["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| &one["deliveries"][0]["state"])
                .collect();
            assert!(
                !states.is_empty() && states.iter().all(|state| *state == "queued"),
                "{way} {certificate}: {waiting}"
            );
        }
    }
}

#[test]
fn a_server_that_repeats_the_password_has_it_printed_nowhere() {
    if !tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(certificates(folder.path()));
    let server = Server::start(folder.path(), "good.pem", "wrapper", &["refuses"]);
    let sandbox = sandbox(server.port, "wrapper", Some(&folder.path().join("ca.pem")));
    let ran = sandbox.run(&["notify", "--as-of", "2025-03-01", "-vv"]).exits(1);
    let checked = sandbox.run(&["check"]);
    assert!(ran.stderr.contains("refused the log-in: 535"), "{ran:?}");
    let database = std::fs::read(sandbox.path("konet.db")).unwrap();
    let log = std::fs::read(sandbox.path("konet.db-wal")).unwrap_or_default();
    let printed = [ran.stdout, ran.stderr, checked.stdout, checked.stderr].concat();
    let everything = [printed.as_bytes(), &database, &log].concat();
    let encoded =
        ["hunter2-of-the-office", "aHVudGVyMi1vZi10aGUtb2ZmaWNl", "AGJpbGxpbmcAaHVudGVyMi1vZi10aGUtb2ZmaWNl"];
    for secret in encoded {
        assert!(!everything.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
    assert_eq!(server.taken(), Vec::<String>::new());
}
