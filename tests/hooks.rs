//! The hooks in `examples/hooks`, each by itself and under `enforce`, against stubs of the three panels.

use crate::support::panels::{Fault, Kind, Panel, TOKEN};
use crate::support::sandbox::{Sandbox, steps};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The account that the tests speak of: a subscription is named by its domain.
const fn account(kind: Kind) -> &'static str {
    match kind {
        Kind::Plesk => "alpha.example",
        Kind::Whm | Kind::DirectAdmin => "alpha",
    }
}

fn script(kind: Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hooks").join(kind.script())
}

fn no_python() -> bool {
    let missing = !Path::new("/usr/bin/python3").exists();
    if missing {
        eprintln!("NOT CHECKED: `/usr/bin/python3` is not installed");
    }
    missing
}

/// A folder of credentials, one file for the server `web1`.
fn credentials(folder: &Path, lines: &str) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let file = folder.join("web1.conf");
    std::fs::write(&file, lines).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file
}

fn settings(panel: &Panel) -> String {
    format!("url = http://127.0.0.1:{}\nuser = admin\ntoken = {TOKEN}\ntimeout = 2\n", panel.port)
}

/// What a script came to.
#[derive(Debug)]
struct Said {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    /// Asserts that it failed with one line that names the account and the server, and never the token.
    fn fails(self, part: &str) {
        assert_eq!(self.status, Some(1), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.contains(part) && self.stderr.contains("failed: "), "«{part}»: {self:?}");
        assert!(!self.stderr.contains(TOKEN) && !self.stdout.contains(TOKEN), "{self:?}");
        assert_eq!(self.stdout, "");
    }
}

/// A panel, and a folder with the credentials of it.
struct Bench {
    panel: Panel,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(kind: Kind) -> Self {
        let panel = Panel::start(kind, &[account(kind), "beta"]);
        let folder = tempfile::tempdir().unwrap();
        credentials(folder.path(), &settings(&panel));
        Self { panel, folder }
    }

    fn command(&self, action: &str) -> Command {
        let mut command = Command::new(script(self.panel.kind));
        command
            .arg("--config")
            .arg(self.folder.path())
            .arg(action)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("KONET_SERVER", "web1")
            .stdin(Stdio::null());
        if self.panel.kind == Kind::Plesk {
            // the panel's user is not what Plesk calls the subscription
            command.env("KONET_DOMAIN_NAME", account(Kind::Plesk)).env("KONET_ACCOUNT", "alpha_user");
        } else {
            command.env("KONET_ACCOUNT", "alpha").env("KONET_DOMAIN_NAME", "alpha.example");
        }
        command
    }

    fn ask(&self, action: &str) -> Said {
        said(&mut self.command(action))
    }

    fn status(&self, action: &str) -> i32 {
        let said = self.ask(action);
        assert!(said.stderr.is_empty() || said.status == Some(1), "{said:?}");
        said.status.unwrap()
    }

    fn state(&self) -> String {
        let said = self.ask("state");
        assert_eq!(said.status, Some(0), "{said:?}");
        said.stdout.trim().to_owned()
    }
}

fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Said {
        status: status.code(),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

#[test]
fn each_step_is_done_once_and_then_is_so_already() {
    if no_python() {
        return;
    }
    for kind in Kind::ALL {
        let bench = Bench::new(kind);
        let name = account(kind);
        let done = |step: &str| vec![format!("{step} {name}")];
        assert_eq!(bench.state(), "active", "{kind:?}");
        assert_eq!(bench.status("reinstate"), 10);
        assert_eq!(bench.status("suspend"), 0);
        assert_eq!(bench.panel.steps(), done("suspend"), "{kind:?}");
        assert_eq!(bench.state(), "suspended");
        assert_eq!(bench.status("suspend"), 10);
        assert_eq!(bench.status("reinstate"), 0);
        assert_eq!(bench.panel.steps(), done("reinstate"), "{kind:?}");
        bench.ask("terminate").fails("only a suspended one is deleted");
        assert_eq!(bench.panel.steps(), Vec::<String>::new());
        assert_eq!(bench.status("suspend"), 0);
        assert_eq!(bench.status("terminate"), 0);
        assert_eq!(bench.panel.steps(), [done("suspend"), done("terminate")].concat(), "{kind:?}");
        assert_eq!(bench.state(), "terminated");
        assert_eq!(bench.status("terminate"), 10);
        bench.ask("suspend").fails("no such account");
        bench.ask("reinstate").fails("no such account");
        assert_eq!(bench.panel.steps(), Vec::<String>::new());
        assert!(bench.panel.office().accounts.contains_key("beta"), "the neighbour stays");
        let requests = bench.panel.office().requests.join("\n");
        assert!(!requests.contains(TOKEN), "a token does not belong into an address: {requests}");
    }
}

#[test]
fn the_only_account_can_go_too() {
    if no_python() {
        return;
    }
    for kind in Kind::ALL {
        let bench = Bench::new(kind);
        bench.panel.office().accounts.remove("beta");
        assert_eq!((bench.status("suspend"), bench.status("terminate")), (0, 0), "{kind:?}");
        assert_eq!(bench.state(), "terminated");
    }
}

#[test]
fn nothing_is_asked_for_a_name_that_is_none() {
    if no_python() {
        return;
    }
    for kind in Kind::ALL {
        let bench = Bench::new(kind);
        let names = ["", "root", "-a", "../alpha", "alpha beta", "alpha&user=beta", "*", "alpha\n", "α"];
        for name in names {
            let mut command = bench.command("suspend");
            command.env("KONET_ACCOUNT", name).env("KONET_DOMAIN_NAME", name);
            said(&mut command).fails("fill in that column");
        }
        if kind == Kind::Whm {
            for server in ["", "../web1", "web1/", "-web1", "web1\n"] {
                said(bench.command("suspend").env("KONET_SERVER", server)).fails("names no panel");
            }
            said(bench.command("suspend").env("KONET_SERVER", "web2")).fails("web2.conf");
        }
        // a configuration that has mixed up two steps
        said(bench.command("terminate").env("KONET_ACTION", "suspend")).fails("wants to suspend");
        assert_eq!(bench.panel.office().requests, Vec::<String>::new());
        // no such step
        assert_eq!(bench.ask("delete").status, Some(2));
    }
}

#[test]
fn what_is_no_answer_is_a_failure_and_never_a_state() {
    if no_python() {
        return;
    }
    let own = [
        (Fault::Garbage, "something that is"),
        (Fault::Page, "a page instead of data"),
        (Fault::Refusal, "refused"),
    ];
    // told apart in what the three share
    let shared = [
        (Fault::Status(500), "HTTP 500"),
        (Fault::Status(401), "HTTP 401"),
        (Fault::Status(403), "the rights of the token"),
        (Fault::Status(404), "HTTP 404"),
        (Fault::Redirect, "HTTP 302"),
        (Fault::Silence, "cannot be asked"),
    ];
    for kind in Kind::ALL {
        let bench = Bench::new(kind);
        let shared = if kind == Kind::Whm { &shared[..] } else { &[] };
        for (fault, part) in shared.iter().chain(&own) {
            bench.panel.office().reading = Some(*fault);
            bench.ask("terminate").fails(part);
        }
        bench.ask("state").fails("refused");
        assert_eq!(bench.panel.steps(), Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn what_has_become_of_the_account_counts_and_not_what_the_panel_said() {
    if no_python() {
        return;
    }
    let faults =
        [Fault::Refusal, Fault::Garbage, Fault::Status(500), Fault::Redirect, Fault::Page, Fault::Silence];
    for kind in Kind::ALL {
        // beyond the panel's own words, what goes wrong is the same for the three
        for fault in faults.into_iter().take(if kind == Kind::Whm { faults.len() } else { 2 }) {
            let bench = Bench::new(kind);
            bench.panel.office().acting = Some(fault);
            assert_eq!(bench.status("suspend"), 0, "{kind:?} {fault:?}: done, and said otherwise");
            assert_eq!(bench.status("terminate"), 0, "{kind:?} {fault:?}: deleted, and said otherwise");
            let bench = Bench::new(kind);
            bench.panel.office().acting = Some(fault);
            bench.panel.office().does = false;
            bench.ask("suspend").fails("the account is still active");
        }
        let bench = Bench::new(kind);
        bench.panel.office().does = false;
        bench.ask("suspend").fails("the panel said that it was done");
    }
}

#[test]
fn a_token_is_its_owners_alone_and_goes_over_https_alone() {
    if no_python() {
        return;
    }
    for kind in Kind::ALL {
        let bench = Bench::new(kind);
        let right = settings(&bench.panel);
        credentials(bench.folder.path(), &right.replace(TOKEN, "another"));
        bench.ask("suspend").fails("the user or the token");
        assert_eq!(bench.panel.steps(), Vec::<String>::new(), "{kind:?}");
    }
    // the rest the three share
    let bench = Bench::new(Kind::Whm);
    let file = bench.folder.path().join("web1.conf");
    let right = settings(&bench.panel);
    for mode in [0o644, 0o640, 0o604, 0o660] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        bench.ask("state").fails("chmod 600");
    }
    let stub = format!("http://127.0.0.1:{}", bench.panel.port);
    for (old, new, part) in [
        (stub.as_str(), "http://panel.example:2087", "must begin with https://"),
        (stub.as_str(), "http://127.0.0.1.panel.example", "must begin with https://"),
        (stub.as_str(), "ftp://127.0.0.1", "must begin with https://"),
        (stub.as_str(), "https://admin:word@panel.example", "and no more"),
        (stub.as_str(), "https://panel.example/path", "and no more"),
        (stub.as_str(), "", "`url` is missing"),
        (TOKEN, "", "`token` is missing"),
        ("timeout = 2", "timeout = soon", "cannot be used"),
        ("timeout = 2", "ca_file = /nowhere/ca.pem", "cannot be used"),
        ("url = ", "what is this\n", "not a list of lines"),
    ] {
        credentials(bench.folder.path(), &right.replace(old, new));
        bench.ask("state").fails(part);
    }
    assert_eq!(bench.panel.office().requests, Vec::<String>::new());
    credentials(bench.folder.path(), &right.replace("http://", "https://"));
    bench.ask("suspend").fails("cannot be asked");
    assert_eq!(bench.panel.steps(), Vec::<String>::new());
}

/// An HTTPS panel with a certificate of its own: a WHM without accounts.
const HTTPS: &str = r#"
import http.server, ssl, sys
class Panel(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"metadata": {"result": 1}, "data": {"acct": []}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Panel)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    use std::io::{BufRead, BufReader};
    if no_python() {
        return;
    }
    let bench = Bench::new(Kind::Whm);
    let path = |name: &str| bench.folder.path().join(name).to_str().unwrap().to_owned();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=panel.example"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", &path("key"), "-out", &path("ca.pem")])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        eprintln!("NOT CHECKED: `openssl` is not installed");
        return;
    }
    let mut server = Command::new("/usr/bin/python3")
        .args(["-c", HTTPS, &path("ca.pem"), &path("key")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let settings = |host: &str| {
        format!("url = https://{host}:{}\nuser = admin\ntoken = {TOKEN}\ntimeout = 5\n", port.trim())
    };
    credentials(bench.folder.path(), &settings("127.0.0.1"));
    let unknown = bench.ask("state");
    let trusted = format!("{}ca_file = {}\n", settings("127.0.0.1"), path("ca.pem"));
    credentials(bench.folder.path(), &trusted);
    let known = bench.ask("state");
    // the same certificate, which is not that name's
    credentials(bench.folder.path(), &trusted.replace("127.0.0.1", "localhost"));
    let misnamed = bench.ask("state");
    server.kill().unwrap();
    server.wait().unwrap();
    unknown.fails("CERTIFICATE_VERIFY_FAILED");
    assert_eq!((known.status, known.stdout.as_str()), (Some(0), "terminated\n"), "{known:?}");
    misnamed.fails("CERTIFICATE_VERIFY_FAILED");
}

#[test]
fn a_payment_does_not_lift_a_suspension_for_abuse() {
    if no_python() {
        return;
    }
    let bench = Bench::new(Kind::Whm);
    bench.panel.office().accounts.get_mut("alpha").unwrap().suspended = Some("Spam wave".to_owned());
    assert_eq!(bench.status("suspend"), 10);
    bench.ask("reinstate").fails("`Spam wave`, which a payment does not lift");
    assert_eq!(bench.panel.steps(), Vec::<String>::new());
    // what another program wrote before us can be named as ours
    let more = format!("{}our_reasons = Nonpayment, spam wave\n", settings(&bench.panel));
    credentials(bench.folder.path(), &more);
    assert_eq!(bench.status("reinstate"), 0);
    assert_eq!(bench.status("suspend"), 0);
    let office = bench.panel.office();
    assert!(
        office.requests.iter().any(|line| line.contains("suspendacct") && line.contains("reason=Nonpayment"))
    );
}

#[test]
fn an_active_account_is_deleted_only_where_that_is_said() {
    if no_python() {
        return;
    }
    for kind in Kind::ALL {
        let bench = Bench::new(kind);
        credentials(bench.folder.path(), &format!("{}terminate_active = yes\n", settings(&bench.panel)));
        assert_eq!(bench.status("terminate"), 0);
        assert_eq!(bench.panel.steps(), [format!("terminate {}", account(kind))]);
    }
}

#[test]
fn a_resellers_key_sees_the_resellers_users() {
    if no_python() {
        return;
    }
    let bench = Bench::new(Kind::DirectAdmin);
    credentials(bench.folder.path(), &format!("{}reseller = yes\n", settings(&bench.panel)));
    // the stub knows no such list; what counts is what it is asked
    bench.ask("state").fails("no list of users");
    let requests = bench.panel.office().requests.clone();
    assert!(requests[0].starts_with("GET /CMD_API_SHOW_USERS "), "{requests:?}");
}

/// A company whose only service expired on 31/3 and was announced, with the panel's script for hooks.
fn company(panel: &Panel) -> Sandbox {
    let sandbox = Sandbox::new();
    credentials(&sandbox.path("panels"), &settings(panel));
    let hook = script(panel.kind);
    let folder = sandbox.path("panels");
    let line = |key: &str, word: &str| {
        format!(
            "{key} = [{:?}, \"--config\", {:?}, \"{word}\"]\n",
            hook.display().to_string(),
            folder.display().to_string()
        )
    };
    let config = std::fs::read_to_string(sandbox.path("konet-billing.toml")).unwrap();
    let hooks = ["suspend", "reinstate", "terminate"].map(|word| line(word, word)).concat();
    let verify = line("verify", "state");
    sandbox.file(
        "konet-billing.toml",
        format!("{config}\n[hooks.hosting]\n{hooks}{verify}timeout_seconds = 20\n"),
    );
    sandbox.import("customers", "code;name;email\nK-1;Α;a@a.example\n", "2025-02-01").exits(0);
    let services = "code;customer;kind;name;domain_name;price;period_months;expires_on;account;server\n\
        S-1;K-1;hosting;Φ;alpha.example;100;12;2025-03-31;alpha;web1\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    for day in ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-05"] {
        sandbox.notify(day).exits(0);
    }
    sandbox.pay("", "2025-04-07").exits(0);
    sandbox
}

#[test]
fn a_night_reaches_each_panel() {
    if no_python() {
        return;
    }
    for kind in Kind::ALL {
        let panel = Panel::start(kind, &[account(kind), "beta"]);
        let name = account(kind);
        let sandbox = company(&panel);
        // a panel that is away leaves the service as it was
        panel.office().reading = Some(Fault::Status(503));
        let away = sandbox.enforce("2025-04-07").exits(3);
        assert_eq!(steps(&away.json(), "withheld"), ["suspend S-1 hook_failed"], "{kind:?}");
        assert!(away.stderr.contains("HTTP 503") && !away.stderr.contains(TOKEN), "{away:?}");
        panel.office().reading = None;
        let suspended = sandbox.enforce("2025-04-07").exits(0).json();
        assert_eq!(steps(&suspended, "actions"), ["suspend S-1 unsettled"], "{kind:?}");
        assert_eq!(panel.steps(), [format!("suspend {name}")]);
        sandbox.notify("2025-04-07").exits(0);
        sandbox.pay("2025-04-08;124,00;T-1;K-1;;;;\n", "2025-04-08").exits(0);
        let back = sandbox.enforce("2025-04-08").exits(0).json();
        assert_eq!(steps(&back, "actions"), ["renew S-1 settled", "reinstate S-1 settled"], "{kind:?}");
        assert_eq!(panel.steps(), [format!("reinstate {name}")]);
        // a year on nobody pays any more
        for day in ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-05"] {
            sandbox.notify(day).exits(0);
        }
        sandbox.pay("", "2026-04-07").exits(0);
        assert_eq!(
            steps(&sandbox.enforce("2026-04-07").exits(0).json(), "actions"),
            ["suspend S-1 unsettled"]
        );
        sandbox.notify("2026-04-07").exits(0);
        sandbox.notify("2026-04-30").exits(0);
        sandbox.pay("", "2026-05-07").exits(0);
        let gone = sandbox.enforce("2026-05-07").exits(0).json();
        assert_eq!(steps(&gone, "actions"), ["terminate S-1 final_notice_served"], "{kind:?}");
        assert_eq!(panel.steps(), [format!("suspend {name}"), format!("terminate {name}")]);
        assert_eq!(panel.office().accounts.keys().collect::<Vec<_>>(), ["beta"]);
    }
}
