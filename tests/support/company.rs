//! A company that a test lives with: the real binary, its bank's account, and a look at what must never happen after every command.

use super::books::{Books, Service};
use super::sandbox::{Ran, Sandbox};
use crate::never::{History, Ladder, Moment};
use chrono::{Days, NaiveDate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Our account, at a bank whose export names no references.
pub(crate) const OURS: &str = "GR3202600010000000012300695";

/// What came in on our account, or went back, as it really was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) date: NaiveDate,
    pub(crate) cents: i64,
    pub(crate) goes_back: bool,
    pub(crate) bank_ref: String,
    pub(crate) end_to_end: String,
    pub(crate) payer: String,
    pub(crate) payer_iban: String,
    pub(crate) text: String,
    /// What only accounting's own file says.
    pub(crate) services: String,
    /// Whether a statement with it was imported.
    pub(crate) shown: bool,
}

/// How a statement of our account is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Camt,
    Export,
    Own,
}

pub(crate) struct Company {
    pub(crate) sandbox: Sandbox,
    pub(crate) today: NaiveDate,
    pub(crate) books: Books,
    pub(crate) history: History,
    pub(crate) bank: Vec<Movement>,
    /// Money that no statement will show: day and cents.
    pub(crate) cash: Vec<(NaiveDate, i64)>,
    /// Rows that a person called money of its own, though it is not.
    pub(crate) declared: Vec<(NaiveDate, i64)>,
    /// What staff or the bank took back or paid back, at most.
    pub(crate) went_back: i64,
    pub(crate) ladders: BTreeMap<String, Ladder>,
    pub(crate) live: bool,
    pub(crate) failing: BTreeSet<String>,
    pub(crate) mail_goes: bool,
    /// The clock went back for this command.
    pub(crate) clock_back: bool,
    /// What must never be, and was.
    broken: Vec<String>,
    /// What was done, to be read where something is wrong.
    pub(crate) log: Vec<String>,
    /// How often what happened, to see that nothing idles.
    pub(crate) happened: BTreeMap<String, u64>,
}

fn text_of(arguments: &[&str]) -> String {
    arguments.join(" ")
}

impl Company {
    /// A company with this configuration, on its first day.
    pub(crate) fn new(config: &str, ladders: BTreeMap<String, Ladder>, today: NaiveDate) -> Self {
        let sandbox = Sandbox::new();
        sandbox.file("konet-billing.toml", config);
        Self {
            sandbox,
            today,
            books: Books::default(),
            history: History::default(),
            bank: Vec::new(),
            cash: Vec::new(),
            declared: Vec::new(),
            went_back: 0,
            ladders,
            live: true,
            failing: BTreeSet::new(),
            mail_goes: true,
            clock_back: false,
            broken: Vec::new(),
            log: Vec::new(),
            happened: BTreeMap::new(),
        }
    }

    fn database(&self) -> std::path::PathBuf {
        self.sandbox.path("konet.db")
    }

    /// Runs a command as of today, with JSON, and looks at everything that must never be.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Ran {
        self.run_and(arguments, false)
    }

    /// The same, by somebody who corrects an expiry or takes a renewal back.
    pub(crate) fn correct(&mut self, arguments: &[&str]) -> Ran {
        self.run_and(arguments, true)
    }

    fn run_and(&mut self, arguments: &[&str], expiry_corrected: bool) -> Ran {
        let day = self.today.to_string();
        let ran = self.sandbox.run(&[arguments, &["--as-of", &day, "--json"]].concat());
        self.log.push(format!("{day} {} -> {} {}", text_of(arguments), ran.status, ran.stderr.trim()));
        *self.happened.entry(format!("{} {}", arguments[0], ran.status)).or_default() += 1;
        let before = std::mem::take(&mut self.books);
        self.books = Books::read(&self.database());
        if arguments.starts_with(&["record", "assign"]) {
            // a person says that it is money of its own, whatever lay beside it
            let lay = |id: i64| before.payments.iter().any(|p| p.id == id && !p.counts());
            let own = self.books.payments.iter().filter(|p| p.counts() && lay(p.id));
            self.declared.extend(own.map(|p| (p.date, p.amount)));
        }
        let printed: Value = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
        let candidates = self.candidates(&before);
        let ladders = &self.ladders;
        let ladder = |service: &Service| ladders.get(&service.kind).unwrap_or(&ladders["default"]).clone();
        let moment = Moment {
            day: self.today,
            command: if arguments.contains(&"--customer") { "on_request" } else { arguments[0] },
            status: ran.status,
            printed: &printed,
            ladder: &ladder,
            live: self.live,
            expiry_corrected,
            failing: &self.failing,
            mail_goes: self.mail_goes,
            clock_back: self.clock_back,
            candidates: &candidates,
        };
        let mut broken = self.history.look(&before, &self.books, &moment);
        if [1, 2].contains(&ran.status)
            && !["nightly", "notify", "enforce"].contains(&arguments[0])
            && self.books.without_restored() != before.without_restored()
        {
            broken.push(format!("{day}: `{}` was refused and changed something", text_of(arguments)));
        }
        self.stands(&broken);
        ran
    }

    /// Something that must never be was seen.
    pub(crate) fn broke(&mut self, text: String) {
        self.stands(&[text]);
    }

    fn stands(&mut self, broken: &[String]) {
        self.broken.extend_from_slice(broken);
    }

    /// Everything that was broken so far, and what was done before.
    ///
    /// # Errors
    /// Where anything was.
    pub(crate) fn holds(&self) -> Result<(), String> {
        if self.broken.is_empty() {
            return Ok(());
        }
        let last = self.log[self.log.len().saturating_sub(60)..].join("\n  ");
        Err(format!("{}\nafter\n  {last}", self.broken.join("\n")))
    }

    /// Who is proposed for unmatched money with 80 points or more; asked only where something harsh was done.
    fn candidates(&self, before: &Books) -> BTreeMap<i64, Vec<String>> {
        let harsh = |books: &Books| {
            let done = books
                .steps
                .iter()
                .filter(|s| s.state == "done" && ["suspend", "terminate"].contains(&s.action.as_str()));
            done.count()
        };
        let lies = self
            .books
            .payments
            .iter()
            .any(|p| p.customer.is_none() && p.reverses.is_none() && p.same_as.is_none());
        if !lies || harsh(before) == harsh(&self.books) {
            return BTreeMap::new();
        }
        let status = self.sandbox.run(&["status", "--json", "--as-of", &self.today.to_string()]).json();
        let mut candidates = BTreeMap::new();
        for line in status["unmatched"].as_array().unwrap() {
            let strong = line["candidates"].as_array().into_iter().flatten();
            let strong = strong.filter(|one| one["score"].as_i64().unwrap_or(0) >= 80);
            let of: Vec<String> =
                strong.filter_map(|one| one["customer"].as_str().map(str::to_owned)).collect();
            candidates.insert(line["id"].as_i64().unwrap_or(0), of);
        }
        candidates
    }

    pub(crate) fn import(&mut self, kind: &str, text: &str) -> Ran {
        let file = self.sandbox.file(&format!("{kind}.csv"), text);
        self.run(&["import", kind, file.to_str().unwrap()])
    }

    pub(crate) fn record(&mut self, arguments: &[&str]) -> Ran {
        self.run(&[&["record"], arguments, &["--by", "maria", "--reason", "δοκιμή"]].concat())
    }

    /// Something is booked on our account today.
    pub(crate) fn booked(&mut self, mut movement: Movement) {
        movement.date = self.today;
        movement.shown = false;
        self.log.push(format!("{} at the bank: {movement:?}", self.today));
        self.bank.push(movement);
    }

    /// A statement of our account over the last `days` days, and today; `turn` rotates its entries.
    pub(crate) fn statement(&mut self, format: Format, days: u64, turn: usize) -> Ran {
        let from = self.today - Days::new(days);
        let mut of: Vec<usize> = (0..self.bank.len())
            .filter(|at| self.bank[*at].date >= from && !(format == Format::Own && self.bank[*at].goes_back))
            .collect();
        // an export has a running balance: its order is the bank's
        if format != Format::Export && !of.is_empty() {
            let by = turn % of.len();
            of.rotate_left(by);
        }
        let movements: Vec<&Movement> = of.iter().map(|at| &self.bank[*at]).collect();
        let (name, text) = match format {
            Format::Camt => ("statement.xml", camt(&movements, from, self.today)),
            Format::Own => ("payments.csv", own(&movements)),
            Format::Export => ("export.csv", export(&movements, self.balance_before(from))),
        };
        let file = self.sandbox.file(name, text);
        self.log.push(format!(
            "{} a {format:?} statement from {from}: {} entries",
            self.today,
            movements.len()
        ));
        // shown before it is looked at: whether it was taken is known by then
        let was: Vec<bool> = of.iter().map(|at| self.bank[*at].shown).collect();
        for at in &of {
            self.bank[*at].shown = true;
        }
        let ran = self.run(&["import", "payments", file.to_str().unwrap()]);
        if ![0, 3].contains(&ran.status) {
            for (at, was) in of.iter().zip(was) {
                self.bank[*at].shown = was;
            }
        }
        self.accounts();
        ran
    }

    fn balance_before(&self, day: NaiveDate) -> i64 {
        let earlier = self.bank.iter().filter(|movement| movement.date < day);
        100_000 + earlier.map(|m| if m.goes_back { -m.cents } else { m.cents }).sum::<i64>()
    }

    /// 8.2 beside the bank's own book: every movement that a statement showed is counted once, or lies parked or named
    /// as another's twin; none is counted twice; what went back is no more than did.
    pub(crate) fn accounts(&mut self) {
        let mut came: BTreeMap<(NaiveDate, i64), i64> = BTreeMap::new();
        for movement in self.bank.iter().filter(|m| m.shown && !m.goes_back) {
            *came.entry((movement.date, movement.cents)).or_default() += 1;
        }
        for cash in &self.cash {
            *came.entry(*cash).or_default() += 1;
        }
        let mut rows: BTreeMap<(NaiveDate, i64), (i64, i64)> = BTreeMap::new();
        for payment in self.books.payments.iter().filter(|p| p.reverses.is_none()) {
            let row = rows.entry((payment.date, payment.amount)).or_default();
            if payment.counts() {
                row.0 += 1;
            } else {
                row.1 += 1;
            }
        }
        let mut broken = Vec::new();
        for key in came.keys().chain(rows.keys()).collect::<BTreeSet<_>>() {
            let (came, (counted, aside)) =
                (came.get(key).copied().unwrap_or(0), rows.get(key).copied().unwrap_or_default());
            let declared = i64::try_from(self.declared.iter().filter(|of| *of == key).count()).unwrap();
            if counted > came + declared || counted + aside < came {
                broken.push(format!(
                    "8.2 movements: {} cents on {}: {came} came, {counted} count, {aside} lie aside",
                    key.1, key.0
                ));
            }
        }
        let back: i64 = self.books.payments.iter().filter(|p| p.reverses.is_some()).map(|p| -p.amount).sum();
        let by_bank: i64 = self.bank.iter().filter(|m| m.shown && m.goes_back).map(|m| m.cents).sum();
        if back > by_bank + self.went_back {
            broken.push(format!("8.2 movements: {back} went back, {} did", by_bank + self.went_back));
        }
        if back < self.went_back {
            broken.push(format!("8.2 movements: {back} went back, staff took back {}", self.went_back));
        }
        self.stands(&broken);
    }

    /// What lies unmatched or parked stands on the list of money that nobody owns, and what each customer has to the
    /// good is what the program says.
    pub(crate) fn lists_agree(&mut self) {
        let mut broken = Vec::new();
        let day = self.today.to_string();
        let status = self.sandbox.run(&["status", "--json", "--as-of", &day]).json();
        let listed: BTreeSet<i64> =
            status["unmatched"].as_array().unwrap().iter().filter_map(|line| line["id"].as_i64()).collect();
        for payment in &self.books.payments {
            let lies = payment.customer.is_none() && payment.reverses.is_none() && payment.same_as.is_none();
            if lies && payment.kept > 0 && !payment.disowned && !listed.contains(&payment.id) {
                broken.push(format!("8.2 listed: payment {} is nobody's and not listed", payment.id));
            }
        }
        for customer in self.books.customers.keys() {
            let explained = self.sandbox.run(&["explain", customer, "--json", "--as-of", &day]).json();
            let (said, credit) = (explained["credit_cents"].as_i64().unwrap(), self.books.credit(customer));
            if said != credit {
                broken.push(format!("8.2 credit: {customer} has {credit}, the program says {said}"));
            }
        }
        let check = self.sandbox.run(&["check"]);
        if check.status != 0 {
            broken.push(format!("check: {check:?}"));
        }
        self.stands(&broken);
    }
}

fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Cents as people in Greece write them.
pub(crate) fn euros(cents: i64) -> String {
    format!("{},{:02}", cents / 100, cents % 100)
}

fn camt(movements: &[&Movement], from: NaiveDate, to: NaiveDate) -> String {
    let one = |m: &&Movement| {
        let (way, mark) = if m.goes_back { ("DBIT", "<RvslInd>true</RvslInd>") } else { ("CRDT", "") };
        let part = |tag: &str, text: &str| {
            if text.is_empty() { String::new() } else { format!("<{tag}>{text}</{tag}>") }
        };
        let account = if m.payer_iban.is_empty() {
            String::new()
        } else {
            format!("<DbtrAcct><Id><IBAN>{}</IBAN></Id></DbtrAcct>", m.payer_iban)
        };
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{way}</CdtDbtInd>{mark}<Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>{}</Dt></BookgDt>{}<NtryDtls><TxDtls><Refs>{}</Refs><RltdPties>{}{account}</RltdPties>\
             <RmtInf>{}</RmtInf></TxDtls></NtryDtls></Ntry>",
            amount(m.cents),
            m.date,
            part("AcctSvcrRef", &m.bank_ref),
            part("EndToEndId", &m.end_to_end),
            if m.payer.is_empty() { String::new() } else { format!("<Dbtr><Nm>{}</Nm></Dbtr>", m.payer) },
            part("Ustrd", &m.text),
        )
    };
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><FrToDt><FrDtTm>\
         {from}T00:00:00</FrDtTm><ToDtTm>{to}T23:59:59</ToDtTm></FrToDt><Acct><Id><IBAN>{OURS}</IBAN></Id></Acct>\
         <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
         <Dt><Dt>{to}</Dt></Dt></Bal>{}</Stmt></BkToCstmrStmt></Document>\n",
        movements.iter().map(one).collect::<String>()
    )
}

fn own(movements: &[&Movement]) -> String {
    let one = |m: &&Movement| {
        format!(
            "{};{};{};{};{};{};{}\n",
            m.date,
            euros(m.cents),
            // a row of ours without one is refused
            if m.bank_ref.is_empty() { "NONREF" } else { &m.bank_ref },
            m.services.replace(';', "|"),
            m.payer,
            m.payer_iban,
            m.text
        )
    };
    format!(
        "date;amount;bank_ref;services;payer;payer_iban;note\n{}",
        movements.iter().map(one).collect::<String>()
    )
}

/// The bank's export: no references, no accounts, and a running balance.
fn export(movements: &[&Movement], mut balance: i64) -> String {
    let mut text = "Ημερομηνία Κίνησης;Ημερομηνία Αξίας;Περιγραφή;Ποσό;Υπόλοιπο\n".to_owned();
    for m in movements {
        let cents = if m.goes_back { -m.cents } else { m.cents };
        balance += cents;
        let day = m.date.format("%-d/%-m/%Y");
        let (what, sign) =
            if m.goes_back { ("ΑΝΤΙΛΟΓΙΣΜΟΣ", "-") } else { ("ΕΙΣ. ΕΜΒΑΣΜΑ", "") };
        text.push_str(&format!(
            "{day};{day};{what} {} {};{sign}{};{}{}\n",
            m.text,
            m.payer,
            euros(m.cents),
            if balance < 0 { "-" } else { "" },
            euros(balance.abs())
        ));
    }
    text.push_str("Λογαριασμός;0026.0001.00.0000000012;;;\n");
    text
}

/// The number of a run of `enforce` or `nightly` that did anything.
pub(crate) fn run_that_acted(printed: &Value) -> Option<i64> {
    let enforced = if printed["enforce"].is_null() { printed } else { &printed["enforce"] };
    let acted = enforced["actions"].as_array().is_some_and(|actions| !actions.is_empty());
    printed["run"]["id"].as_i64().filter(|_| acted)
}
