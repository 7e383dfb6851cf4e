//! A hosting panel on loopback that answers as WHM, Plesk or DirectAdmin do, keeps accounts with states, and
//! writes down what it was asked.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The token that every panel knows.
pub(crate) const TOKEN: &str = "S3CRETPANELTOKEN";
/// `admin:` and the token in base64, as DirectAdmin takes it.
const BASIC: &str = "Basic YWRtaW46UzNDUkVUUEFORUxUT0tFTg==";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Whm,
    Plesk,
    DirectAdmin,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Whm, Self::Plesk, Self::DirectAdmin];

    /// The name of its script.
    pub(crate) const fn script(self) -> &'static str {
        match self {
            Self::Whm => "whm",
            Self::Plesk => "plesk",
            Self::DirectAdmin => "directadmin",
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An answer with this status and no data.
    Status(u16),
    /// A log-in page.
    Page,
    /// A redirect to another place.
    Redirect,
    /// An answer that is cut off.
    Garbage,
    /// No answer for ten seconds.
    Silence,
    /// The panel's own way of saying no.
    Refusal,
}

/// How a panel behaves and what it has come to.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Why it is suspended, if it is.
    pub(crate) suspended: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Office {
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Steps that were done: `suspend alpha`.
    pub(crate) steps: Vec<String>,
    /// Request lines of everything that was asked.
    pub(crate) requests: Vec<String>,
    /// What goes wrong when a state is read.
    pub(crate) reading: Option<Fault>,
    /// What goes wrong when a step is asked for.
    pub(crate) acting: Option<Fault>,
    /// Whether a step is done: it can go wrong in its answer alone, or be said and not done.
    pub(crate) does: bool,
}

pub(crate) struct Panel {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    office: Arc<Mutex<Office>>,
}

impl Panel {
    /// Listens on a free port until the test's process ends.
    pub(crate) fn start(kind: Kind, accounts: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let accounts = accounts.iter().map(|name| ((*name).to_owned(), Account::default())).collect();
        let office = Arc::new(Mutex::new(Office { accounts, does: true, ..Office::default() }));
        let shared = Arc::clone(&office);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let office = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // a client that hangs up ends its request, not the panel
                    let _ = serve(kind, &stream, &office);
                });
            }
        });
        Self { kind, port, office }
    }

    pub(crate) fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap()
    }

    /// What was done since it was last asked.
    pub(crate) fn steps(&self) -> Vec<String> {
        std::mem::take(&mut self.office().steps)
    }
}

/// One request, as far as the panels look at it.
struct Request {
    path: String,
    headers: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    body: String,
}

impl Request {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn serve(kind: Kind, stream: &TcpStream, office: &Mutex<Office>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let target = line.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let fields = form(if query.is_empty() { &body } else { query });
    let request = Request { path: path.to_owned(), headers, fields, body };
    let mut office = office.lock().unwrap();
    office.requests.push(line.trim().to_owned());
    let (status, text) = answer(kind, &request, &mut office);
    drop(office);
    if status == 0 {
        std::thread::sleep(Duration::from_secs(10));
        return Ok(());
    }
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} said\r\nContent-Length: {}\r\nLocation: http://127.0.0.1:9/elsewhere\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}

fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace('+', " "))).collect()
}

/// The status (0: none ever comes) and the text.
fn answer(kind: Kind, request: &Request, office: &mut Office) -> (u16, String) {
    let known = match kind {
        Kind::Whm => request.header("authorization") == format!("whm admin:{TOKEN}"),
        Kind::Plesk if request.path.ends_with("agent.php") => request.header("key") == TOKEN,
        Kind::Plesk => request.header("x-api-key") == TOKEN,
        Kind::DirectAdmin => request.header("authorization") == BASIC,
    };
    if !known {
        return (401, String::new());
    }
    let step = wanted(kind, request);
    let fault = if step.is_some() { office.acting } else { office.reading };
    if let Some((step, name)) = step.filter(|_| office.does) {
        act(kind, &step, &name, office);
    }
    match fault {
        Some(Fault::Status(status)) => (status, String::new()),
        Some(Fault::Page) => (200, "<!DOCTYPE html><html><title>Log in</title></html>".to_owned()),
        Some(Fault::Redirect) => (302, String::new()),
        Some(Fault::Garbage) => (200, "{\"metadata\": {\"resu".to_owned()),
        Some(Fault::Silence) => (0, String::new()),
        Some(Fault::Refusal) => (200, refusal(kind, request)),
        None => (200, told(kind, request, office)),
    }
}

/// The step that a request asks for, and of which account; none where it only reads.
fn wanted(kind: Kind, request: &Request) -> Option<(String, String)> {
    let step = |word: &str, name: &str| Some((word.to_owned(), name.to_owned()));
    match kind {
        Kind::Whm => match request.path.as_str() {
            "/json-api/suspendacct" => step("suspend", request.field("user")),
            "/json-api/unsuspendacct" => step("reinstate", request.field("user")),
            "/json-api/removeacct" => step("terminate", request.field("username")),
            _ => None,
        },
        Kind::Plesk if request.path == "/api/v2/cli/subscription/call" => {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let name = body["params"][1].as_str().unwrap();
            match body["params"][0].as_str().unwrap() {
                "--webspace-off" => step("suspend", name),
                "--webspace-on" => step("reinstate", name),
                "--remove" => step("terminate", name),
                other => step(other, name),
            }
        }
        Kind::Plesk => None,
        Kind::DirectAdmin if request.path == "/CMD_API_SELECT_USERS" => {
            let name = request.field("select0");
            if request.field("delete") == "yes" && request.field("confirmed") == "Confirm" {
                return step("terminate", name);
            }
            step("toggle", name)
        }
        Kind::DirectAdmin => None,
    }
}

fn act(kind: Kind, step: &str, name: &str, office: &mut Office) {
    let reason = if kind == Kind::DirectAdmin { "billing" } else { "Nonpayment" };
    let mut step = step.to_owned();
    if step == "terminate" {
        office.accounts.remove(name);
    } else if let Some(account) = office.accounts.get_mut(name) {
        // older DirectAdmins turn a user over, whatever word they are given
        if step == "toggle" {
            step = if account.suspended.is_some() { "reinstate" } else { "suspend" }.to_owned();
        }
        account.suspended = (step == "suspend").then(|| reason.to_owned());
    }
    office.steps.push(format!("{step} {name}"));
}

/// What a panel says when it refuses; one of them repeats what it was sent.
fn refusal(kind: Kind, request: &Request) -> String {
    match kind {
        Kind::Whm => {
            json!({ "metadata": { "version": 1, "result": 0, "reason": format!("{TOKEN} may not") } })
                .to_string()
        }
        Kind::Plesk if request.path.ends_with("agent.php") => {
            "<packet><system><status>error</status><errcode>1006</errcode><errtext>Access denied</errtext></system></packet>"
                .to_owned()
        }
        Kind::Plesk => json!({ "code": 1, "stdout": "", "stderr": "Access denied" }).to_string(),
        Kind::DirectAdmin => "error=1&text=Access+denied&details=not+in+your+authority+level".to_owned(),
    }
}

fn told(kind: Kind, request: &Request, office: &Office) -> String {
    match (kind, request.path.as_str()) {
        (Kind::Whm, "/json-api/listaccts") => {
            assert_eq!(request.field("searchmethod"), "exact");
            let rows: Vec<Value> = office
                .accounts
                .iter()
                .filter(|(name, _)| *name == request.field("search"))
                .map(|(name, account)| {
                    json!({
                        "user": name, "suspended": u8::from(account.suspended.is_some()),
                        "suspendreason": account.suspended.as_deref().unwrap_or("not suspended"),
                    })
                })
                .collect();
            json!({ "data": { "acct": rows }, "metadata": { "result": 1, "reason": "OK" } }).to_string()
        }
        (Kind::Whm, _) => json!({ "metadata": { "result": 1, "reason": "OK" } }).to_string(),
        (Kind::Plesk, "/enterprise/control/agent.php") => {
            let name = request.body.split("<name>").nth(1).and_then(|rest| rest.split("</name>").next());
            let name = name.unwrap();
            let result = office.accounts.get(name).map_or_else(
                || "<status>error</status><errcode>1013</errcode><errtext>Object not found.</errtext>".to_owned(),
                |account| {
                    let status = if account.suspended.is_some() { 16 } else { 0 };
                    format!(
                        "<status>ok</status><data><gen_info><name>{name}</name><status>{status}</status></gen_info></data>"
                    )
                },
            );
            format!(
                "<?xml version=\"1.0\"?><packet><webspace><get><result>{result}</result></get></webspace></packet>"
            )
        }
        (Kind::Plesk, _) => json!({ "code": 0, "stdout": "SUCCESS", "stderr": "" }).to_string(),
        (Kind::DirectAdmin, "/CMD_API_SHOW_ALL_USERS") => {
            office.accounts.keys().map(|name| format!("list[]={name}")).collect::<Vec<_>>().join("&")
        }
        (Kind::DirectAdmin, "/CMD_API_SHOW_USER_CONFIG") => {
            match office.accounts.get(request.field("user")) {
                Some(account) => {
                    let suspended = if account.suspended.is_some() { "yes" } else { "no" };
                    format!("package=basic&suspended={suspended}&usertype=user")
                }
                None => "error=1&text=Unable+to+show+user&details=no+such+user".to_owned(),
            }
        }
        (Kind::DirectAdmin, _) => "error=0&text=Done&details=".to_owned(),
    }
}
