//! Every sentence of a card is true: its deadline lies before what it threatens, each amount is of what stands beside
//! it, and nothing is promised that cannot happen.

use crate::support::sandbox::{Ran, Sandbox, stages};
use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};

fn record(sandbox: &Sandbox, day: &str, arguments: &[&str]) -> Ran {
    let by = ["--by", "maria", "--reason", "παλιός πελάτης", "--as-of", day, "--json"];
    sandbox.run(&[&["record"], arguments, &by].concat()).exits(0)
}

/// What one customer was sent last: the row of the report, the subject with the text, and what the PDF says.
struct Card {
    row: Value,
    text: String,
    pdf: Option<String>,
}

impl Card {
    /// What the customer is sent on `day`.
    fn of(sandbox: &Sandbox, customer: &str, day: &str) -> Self {
        let notified = sandbox.notify(day).json();
        let messages = notified["messages"].as_array().unwrap();
        let row = messages.iter().find(|message| message["customer"] == customer);
        let row = row.unwrap_or_else(|| panic!("{customer} is sent nothing on {day}: {notified}")).clone();
        let number = row["card"].as_str().unwrap();
        let sent = sandbox.outbox().into_iter().find(|bytes| {
            let parsed = MessageParser::default().parse(bytes).unwrap();
            parsed.subject().unwrap().contains(number)
                && parsed.body_text(0).is_some_and(|_| parsed.subject() == row["subject"].as_str())
        });
        let sent = sent.unwrap();
        let parsed = MessageParser::default().parse(&sent).unwrap();
        let pdf = parsed.attachments().find(|part| part.attachment_name().is_some()).unwrap();
        let file = sandbox.file("card.pdf", pdf.contents());
        let shown = std::process::Command::new("pdftotext").arg("-layout").arg(file).arg("-").output();
        if shown.is_err() {
            eprintln!("NOT CHECKED: `pdftotext` is not installed, and no PDF was read");
        }
        Self {
            text: format!("{}\n{}", parsed.subject().unwrap(), parsed.body_text(0).unwrap()),
            pdf: shown.ok().map(|output| String::from_utf8(output.stdout).unwrap()),
            row,
        }
    }

    /// The letter and the PDF say this, where a space may be one that does not break.
    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        let plain = |text: &str| text.replace('\u{a0}', " ");
        assert!(plain(&self.text).contains(&plain(words)), "«{words}» is not in\n{}", self.text);
        if let Some(pdf) = &self.pdf {
            assert!(plain(pdf).contains(&plain(words)), "«{words}» is not in the PDF\n{pdf}");
        }
        self
    }

    /// The letter says this, where a space may be one that does not break.
    #[track_caller]
    fn tells(&self, words: &str) -> &Self {
        let plain = |text: &str| text.replace('\u{a0}', " ");
        assert!(plain(&self.text).contains(&plain(words)), "«{words}» is not in\n{}", self.text);
        self
    }

    /// Neither says this.
    #[track_caller]
    fn never_says(&self, words: &str) -> &Self {
        for text in [Some(&self.text), self.pdf.as_ref()].into_iter().flatten() {
            assert!(!text.to_lowercase().contains(&words.to_lowercase()), "«{words}» is in\n{text}");
        }
        self
    }

    #[track_caller]
    fn has(&self, expected: &Value) -> &Self {
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&self.row[key], value, "{key} of {}", self.row);
        }
        self
    }
}

#[test]
fn the_deadline_lies_before_what_is_threatened_and_is_the_same_everywhere() {
    let sandbox = Sandbox::with_company("2025-02-01");
    // the expiry is a Monday
    let card = Card::of(&sandbox, "K-1", "2025-03-01");
    card.has(&json!({"pay_by": "2025-03-31", "now_cents": 12_400, "later_cents": 0, "later_by": null}));
    card.says("Πληρωμή έως 31/03/2025").tells("πλήρωσε 124,00\u{a0}€ έως τις 31/03/2025");
    for day in ["2025-03-16", "2025-03-24", "2025-03-30", "2025-03-31"] {
        sandbox.notify(day);
    }
    // suspended on Monday 7/4: money sent on Thursday is known in the night after Friday
    let card = Card::of(&sandbox, "K-1", "2025-04-01");
    assert_eq!(card.row["lines"][0]["suspend_on"], "2025-04-07");
    card.has(&json!({"pay_by": "2025-04-03"})).says("Πληρωμή έως 03/04/2025");
    let card = Card::of(&sandbox, "K-1", "2025-04-05");
    card.has(&json!({"pay_by": "2025-04-05"})).says("αναστολή στις 07/04/2025");
    sandbox.reconfigure("[policy.default]", "[payment]\narrives_days = 0\n[policy.default]");
    let asked = sandbox.run(&["notify", "--now", "--customer", "K-1", "--as-of", "2025-04-02", "--json"]);
    assert_eq!(asked.exits(0).json()["messages"][0]["pay_by"], "2025-04-04");
}

#[test]
fn what_may_be_paid_later_has_its_own_sum_and_day() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let more = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-3;K-1;ssl;Πιστοποιητικό;gamma.example;50,00;12;2025-04-25\n";
    sandbox.import("services", more, "2025-02-01").exits(0);
    for day in ["2025-03-30", "2025-03-31"] {
        sandbox.notify(day);
    }
    let card = Card::of(&sandbox, "K-1", "2025-04-01");
    let sums = json!({"total_cents": 18_600, "pay_by": "2025-04-03", "now_cents": 12_400, "later_cents": 6_200,
        "later_by": "2025-04-25"});
    card.has(&sums).says("124,00\u{a0}€ έως 03/04/2025").says("62,00\u{a0}€ έως 25/04/2025");
    // the sentence about the one that is overdue speaks of its money
    card.tells("Πλήρωσε 124,00\u{a0}€ έως τις 03/04/2025.").tells("Συνολικά πληρωτέο ποσό: 186,00\u{a0}€.");
    card.tells("alpha.example (Φιλοξενία)").tells("– 124,00\u{a0}€ (KX-2025-");
}

#[test]
fn where_nothing_happens_nothing_is_threatened_and_it_is_due_at_once() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("suspend_after_days = 7", "suspend_after_days = \"never\"");
    sandbox.reconfigure("terminate_after_days = 30", "terminate_after_days = \"never\"");
    sandbox.found("2025-02-01");
    let card = Card::of(&sandbox, "K-1", "2025-04-01");
    card.has(&json!({"pay_by": null, "now_cents": 12_400})).says("Πληρωμή άμεσα");
    card.tells("Πλήρωσε 124,00\u{a0}€ άμεσα.")
        .never_says("Παρακάτω")
        .never_says("αναστολή")
        .never_says("διαγραφή");
}

#[test]
fn a_domain_name_says_when_its_registry_gives_it_away() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("konet-billing.toml");
    let mut config = std::fs::read_to_string(&path).unwrap();
    config.push_str("[policy.domain]\nsuspend_after_days = \"never\"\nterminate_after_days = \"never\"\nquarantine_days = 15\n");
    std::fs::write(&path, config).unwrap();
    sandbox.import("customers", crate::support::sandbox::CUSTOMERS, "2025-02-01").exits(0);
    let services = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        D-1;K-1;domain;Όνομα χώρου alpha.example;alpha.example;20,00;24;2025-03-31\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    let card = Card::of(&sandbox, "K-1", "2025-04-01");
    // expiry, fifteen days, and the day after them is Wednesday 16/4
    assert_eq!(card.row["lines"][0]["released_on"], "2025-04-16");
    card.has(&json!({"pay_by": "2025-04-14"})).says("16/04/2025").tells("Η υπηρεσία alpha.example έληξε");
}

#[test]
fn a_cancelled_service_is_not_said_to_be_saved_by_paying_for_another() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let more = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-3;K-1;hosting;Φιλοξενία;gamma.example;50,00;12;2025-05-20\n";
    sandbox.import("services", more, "2025-02-01").exits(0);
    record(&sandbox, "2025-03-01", &["cancel", "S-1"]);
    Card::of(&sandbox, "K-1", "2025-03-01").tells("Καταχωρίσαμε ότι η υπηρεσία alpha.example (Φιλοξενία)");
    sandbox.pay("", "2025-04-07").exits(0);
    sandbox.enforce("2025-04-07").exits(0);
    sandbox.notify("2025-04-07");
    for day in ["2025-04-21", "2025-04-28"] {
        sandbox.pay("", day).exits(0);
    }
    let card = Card::of(&sandbox, "K-1", "2025-04-30");
    assert!(
        stages(&json!({"messages": [card.row]}), "K-1").contains(&"S-1 final".to_owned()),
        "{}",
        card.row
    );
    card.says("Τελευταία ειδοποίηση").never_says("αποφεύγεται");
    card.tells("Αν χρειάζεσαι αντίγραφο").tells("Συνολικά πληρωτέο ποσό για όσα οφείλονται: 62,00\u{a0}€.");
}

#[test]
fn a_discount_is_a_line_of_its_own_with_its_reason_and_is_no_money() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-03-02", &["discount", "S-1", "24,80"]);
    sandbox.pay("2025-03-03;50,00;T-1;K-1;;;;\n", "2025-03-03").exits(0);
    let card = Card::of(&sandbox, "K-1", "2025-03-16");
    let lines = card.row["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let of = |line: &Value| {
        ["net_cents", "vat_cents", "gross_cents", "due_cents"].map(|key| line[key].as_i64().unwrap())
    };
    assert_eq!(of(&lines[0]), [10_000, 2_400, 12_400, 7_400]);
    assert_eq!(of(&lines[1]), [-2_000, -480, -2_480, -2_480]);
    assert_eq!((&lines[1]["service"], &lines[1]["stage"]), (&json!("S-1"), &Value::Null));
    card.has(&json!({"total_cents": 4_920})).says("παλιός πελάτης").says("−24,80").tells("Πληρωμές 50,00");
    // the sums are of what it costs now
    card.says("80,00").says("99,20");
}

#[test]
fn who_has_a_tax_invoice_is_not_told_that_one_will_come() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let card = Card::of(&sandbox, "K-1", "2025-03-01");
    card.says("Το νόμιμο παραστατικό εκδίδεται μετά την εξόφληση.").tells("ισχύει ως προτιμολόγιο");
    record(&sandbox, "2025-03-02", &["invoice", "ΤΠΥ-77", "2025-03-02", "--card", "KX-2025-000001"]);
    let card = Card::of(&sandbox, "K-1", "2025-03-16");
    card.says("έχει ήδη εκδοθεί τιμολόγιο").never_says("εκδίδεται μετά");
}

#[test]
fn a_confirmation_confirms_what_came_when_and_what_is_left_of_it() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;100,00;T-1;K-1;;;;\n2025-03-04;60,95;T-2;K-1;;;;\n", "2025-03-04").exits(0);
    sandbox.enforce("2025-03-05").exits(0);
    let card = Card::of(&sandbox, "K-1", "2025-03-05");
    card.tells("Λάβαμε 100,00\u{a0}€ στις 02/03/2025, 60,95\u{a0}€ στις 04/03/2025.")
        .tells("νέα λήξη στις 31/03/2026");
    card.tells("Πιστωτικό υπόλοιπο: 36,95\u{a0}€.")
        .says("Το τιμολόγιο εκδίδεται και αποστέλλεται από το λογιστήριο.");
    card.never_says("προτιμολόγιο").never_says("pro forma").has(&json!({"pay_by": null, "total_cents": 0}));
    card.says("Λάβαμε 100,00 € στις 02/03/2025, 60,95 € στις 04/03/2025.")
        .says("Πιστωτικό υπόλοιπο: 36,95 €.");
    if let Some(pdf) = &card.pdf {
        assert!(pdf.contains("Επιβεβαίωση πληρωμής") && pdf.contains("Δεν υπάρχει οφειλή"), "{pdf}");
    }
}

#[test]
fn a_confirmation_names_the_payment_also_where_it_came_long_before_the_renewal() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;124,00;T-1;K-1;;;;\n", "2025-03-02").exits(0);
    let run = sandbox.enforce("2025-03-03").exits(0).json()["run"]["id"].to_string();
    let undo = ["undo", &run, "--hold-until", "2025-04-20", "--by", "maria", "--reason", "λάθος"];
    sandbox.run(&[&undo[..], &["--as-of", "2025-03-03"]].concat()).exits(0);
    sandbox.pay("", "2025-04-21").exits(0);
    sandbox.enforce("2025-04-21").exits(0);
    Card::of(&sandbox, "K-1", "2025-04-21").says("Λάβαμε 124,00 € στις 02/03/2025.");
}

#[test]
fn the_sentence_of_an_exemption_stands_where_something_has_no_vat_and_nowhere_else() {
    let sandbox = Sandbox::new();
    let customers = "code;name;email;vat\nK-1;Α;a@a.example;exempt\nK-2;Β;b@b.example;\n";
    sandbox.import("customers", customers, "2025-02-01").exits(0);
    let services = "code;customer;kind;name;price;period_months;expires_on;vat\n\
        S-1;K-1;hosting;Φιλοξενία;100;12;2025-03-31;24\nS-2;K-2;hosting;Φιλοξενία;100;12;2025-03-31;0\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    let notified = sandbox.notify("2025-03-01").exits(0).json();
    let text = |customer: &str| {
        sandbox.run(&["render-card", customer, "--format", "text", "--as-of", "2025-03-01"]).stdout
    };
    assert_eq!(notified["messages"][0]["lines"][0]["vat_cents"], 2_400);
    let notes = |text: &str| {
        text.lines().filter(|line| line.contains("παλλαγή") || line.contains("απαλλάσσ")).count()
    };
    assert_eq!((notes(&text("K-1")), notes(&text("K-2"))), (0, 1), "{}\n{}", text("K-1"), text("K-2"));
}

#[test]
fn a_foreigner_reads_country_bank_and_beneficiary_in_letters_they_can_type() {
    let sandbox = Sandbox::new();
    let customers = "code;name;email;country;language;vat;tax_id;address;city\n\
        K-1;Aphrodite Ltd;a@a.example;CY;en;reverse_charge;10259033P;Ledra 1;Nicosia\n\
        K-2;Αφροδίτη ΑΕ;b@b.example;CY;el;standard;;Λήδρας 1;Λευκωσία\n";
    sandbox.import("customers", customers, "2025-02-01").exits(0);
    let services = "code;customer;kind;name;price;period_months;expires_on\n\
        S-1;K-1;hosting;Hosting;100;12;2025-03-31\nS-2;K-2;hosting;Φιλοξενία;100;12;2025-04-01\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    let card = Card::of(&sandbox, "K-1", "2025-03-01");
    card.says("Ethniki").says("Konet E.E.").says("EL090000045").never_says("Εθνική");
    for words in ["Ledra 1, Nicosia, Cyprus", "VAT No. CY10259033P", "VAT No. EL090000045"] {
        assert!(card.pdf.as_ref().is_none_or(|pdf| pdf.contains(words)), "«{words}»: {:?}", card.pdf);
    }
    let card = Card::of(&sandbox, "K-2", "2025-03-02");
    card.says("Εθνική").never_says("EL090000045");
    assert!(card.pdf.as_ref().is_none_or(|pdf| pdf.contains("Λήδρας 1, Λευκωσία, Κύπρος")), "{:?}", card.pdf);
}

#[test]
fn the_bank_and_the_company_are_called_in_english_as_they_call_themselves() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("name = \"Konet Ε.Ε.\"", "name = \"Konet Ε.Ε.\"\nlatin_name = \"Konet LP\"");
    sandbox.reconfigure("name = \"Εθνική\"", "name = \"Εθνική\"\nlatin_name = \"National Bank of Greece\"");
    sandbox.import("customers", "code;name;email;language\nK-1;A;a@a.example;en\n", "2025-02-01").exits(0);
    let services =
        "code;customer;kind;name;price;period_months;expires_on\nS-1;K-1;hosting;Hosting;100;12;2025-03-31\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    let card = Card::of(&sandbox, "K-1", "2025-03-01");
    card.tells("National Bank of Greece").says("Beneficiary: Konet LP");
}

#[test]
fn a_way_to_pay_that_the_company_adds_stands_on_card_and_letter_with_the_customers_reference() {
    let sandbox = Sandbox::new();
    let way = "[[payment.way]]\nlabel = \"Στο κατάστημα\"\ntext = \"Εγνατία 1, με τον κωδικό {reference}\"\n\n\
        [[payment.way]]\nlabel = \"PayPal\"\ntext = \"https://pay.example/konet\"\n\n[policy.default]";
    sandbox.reconfigure("[policy.default]", way);
    sandbox.found("2025-02-01");
    let card = Card::of(&sandbox, "K-1", "2025-03-01");
    let reference = card.row["reference"].as_str().unwrap().to_owned();
    card.says(&format!("Στο κατάστημα: Εγνατία 1, με τον κωδικό {reference}"));
    card.says("PayPal: https://pay.example/konet");
}

/// How many messages K-1 gets around the expiry of three domain names that expire within ten days, and which
/// stages they tell.
fn weeks_of_mail(gather_days: u32) -> (usize, Vec<String>) {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("reply_to =", &format!("gather_days = {gather_days}\nreply_to ="));
    sandbox.import("customers", "code;name;email\nK-1;A;a@a.example\n", "2025-01-01").exits(0);
    let mut services = "code;customer;kind;name;domain_name;price;period_months;expires_on\n".to_owned();
    for (at, day) in ["2025-03-31", "2025-04-05", "2025-04-09"].iter().enumerate() {
        services.push_str(&format!("S-{at};K-1;hosting;Φιλοξενία;d{at}.example;100,00;12;{day}\n"));
    }
    sandbox.import("services", services, "2025-01-01").exits(0);
    let first = chrono::NaiveDate::from_ymd_opt(2025, 2, 25).unwrap();
    let mut told = Vec::new();
    for day in first.iter_days().take(45) {
        let notified = sandbox.notify(&day.to_string()).json();
        for line in notified["messages"].as_array().into_iter().flatten().flat_map(stages_of) {
            told.push(format!("{day} {line}"));
        }
    }
    (sandbox.outbox().len(), told)
}

/// The stages that a message tells, with their services.
fn stages_of(message: &Value) -> Vec<String> {
    let lines = message["lines"].as_array().into_iter().flatten();
    let told = lines.filter(|line| !line["stage"].is_null());
    told.map(|line| format!("{} {}", line["service"].as_str().unwrap(), line["stage"].as_str().unwrap()))
        .collect()
}

#[test]
fn who_was_shown_a_charge_a_few_days_ago_is_not_reminded_of_it_again_but_for_the_last_time() {
    let (each, all) = weeks_of_mail(0);
    let (fewer, gathered) = weeks_of_mail(7);
    assert!(fewer < each, "{fewer} and {each} messages");
    let of = |told: &[String], what: &str| told.iter().filter(|line| line.ends_with(what)).count();
    for last in ["before-1", "expiry", "after-1"] {
        assert_eq!(of(&gathered, last), of(&all, last), "{last} never waits: {gathered:?}");
    }
    // the first card that lists a charge is no other's; the one of the third listed the first two, six days before
    assert_eq!(of(&gathered, "before-30"), 3, "{gathered:?}");
    assert!(all.iter().any(|line| line == "2025-03-16 S-0 before-15"), "{all:?}");
    assert!(!gathered.iter().any(|line| line.ends_with("S-0 before-15")), "{gathered:?}");
    assert!(
        gathered.iter().any(|line| line == "2025-03-21 S-1 before-15"),
        "eleven days before: {gathered:?}"
    );
}

#[test]
fn a_vat_number_that_begins_with_a_letter_of_its_own_still_gets_its_country() {
    let sandbox = Sandbox::new();
    let customers = "code;name;email;country;language;vat;tax_id\n\
        K-1;Alpen GmbH;a@a.example;AT;en;reverse_charge;U12345678\n\
        K-2;Aphrodite Ltd;b@b.example;CY;en;reverse_charge;CY10259033P\n";
    sandbox.import("customers", customers, "2025-02-01").exits(0);
    let services = "code;customer;kind;name;price;period_months;expires_on\n\
        S-1;K-1;hosting;Hosting;100;12;2025-03-31\nS-2;K-2;hosting;Hosting;100;12;2025-04-01\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    for (customer, day, number) in
        [("K-1", "2025-03-01", "VAT No. ATU12345678"), ("K-2", "2025-03-02", "VAT No. CY10259033P")]
    {
        let card = Card::of(&sandbox, customer, day);
        assert!(card.pdf.as_ref().is_none_or(|pdf| pdf.contains(number)), "{number}: {:?}", card.pdf);
    }
}

#[test]
fn what_was_said_on_the_telephone_is_no_card_that_listed_other_charges() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("reply_to =", "gather_days = 7\nreply_to =");
    sandbox.import("customers", "code;name;email\nK-1;A;\n", "2025-02-01").exits(0);
    let services = "code;customer;kind;name;price;period_months;expires_on\n\
        S-1;K-1;hosting;Hosting;100;12;2025-03-31\nS-2;K-1;hosting;Hosting;100;12;2025-04-20\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    sandbox.notify("2025-04-02");
    record(&sandbox, "2025-04-03", &["told", "S-1", "2025-04-15", "--how", "phone"]);
    record(&sandbox, "2025-04-04", &["email", "K-1", "a@a.example"]);
    let notified = sandbox.notify("2025-04-05").json();
    let told = stages_of(&notified["messages"][0]);
    assert!(told.contains(&"S-2 before-15".to_owned()), "no card was ever sent: {notified}");
}
