//! What a night asks of the database costs what is due: SQLite's own plans of every statement in the rooms that a night
//! walks through are read, and none may look at all rows of a table that grows with the years, or make an index of its
//! own for the length of a statement. What a statement sorts is what it searched for, and no longer than that.

use konet_billing::store::Store;
use rusqlite::types::Null;

/// The files of the store whose statements a night runs for each customer, message, step or movement.
const OF_NIGHTS: [&str; 11] = [
    "charges.rs",
    "customers.rs",
    "facts.rs",
    "gates.rs",
    "outbox/read.rs",
    "outbox/write.rs",
    "outbox/listing.rs",
    "payments/read.rs",
    "payments/waiting.rs",
    "payments/write.rs",
    "steps.rs",
];

/// Indexes of what is open only: a walk through one is as long as what waits.
const OF_OPEN_THINGS: [&str; 12] = [
    "gates_closed",
    "attention_open",
    "charges_open",
    "charges_unrenewed",
    "deliveries_bounced",
    "deliveries_unfinished",
    "services_suspended",
    "services_unreadable",
    "steps_pending",
    "steps_shadow",
    "unread_files_open",
    "work_orders_open",
];

/// What may look at all: the beginning of the statement, and why.
const ALLOWED: [(&str, &str); 2] = [
    ("SELECT code FROM customers ORDER BY code", "it names all customers"),
    ("SELECT m.id, m.customer, m.card, m.message_id, m.subject", "the list of all that was ever sent"),
];

/// The string literals of a Rust source that are statements, as SQLite gets them.
fn statements(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let literals = code.split('"').skip(1).step_by(2);
    let begins = |text: &&str| {
        let text = text.trim_start();
        ["SELECT ", "WITH ", "UPDATE ", "DELETE ", "INSERT "].iter().any(|word| text.starts_with(word))
    };
    literals.filter(begins).map(|text| text.replace("\\\n", "\n")).collect()
}

/// What is wrong with a plan.
fn wrong(step: &str) -> bool {
    let scans = step.starts_with("SCAN ")
        && !step.contains("json_each")
        && !step.starts_with("SCAN CONSTANT")
        && !step.starts_with("SCAN (")
        // what the statement itself gathered
        && step != "SCAN told"
        && !OF_OPEN_THINGS.iter().any(|index| step.ends_with(&format!("INDEX {index}")));
    scans || step.contains("AUTOMATIC")
}

#[test]
fn a_night_looks_at_what_is_due_and_not_at_what_the_years_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.db");
    drop(Store::open_or_create(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut looked_at = 0;
    let mut faults = Vec::new();
    for file in OF_NIGHTS {
        for sql in statements(&std::fs::read_to_string(root.join(file)).unwrap()) {
            // what is put together at run time, or asks what is made for the length of an import
            if sql.contains('{') || sql.contains("temp.") {
                continue;
            }
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nothing = vec![Null; statement.parameter_count()];
            let plan: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            looked_at += 1;
            if ALLOWED.iter().any(|(allowed, _)| sql.trim_start().starts_with(allowed)) {
                continue;
            }
            faults
                .extend(plan.iter().filter(|step| wrong(step)).map(|step| format!("{file}: {step}: {sql}")));
        }
    }
    assert!(looked_at > 80, "only {looked_at} statements were found");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn what_looks_at_everything_is_told_from_what_does_not() {
    assert!(wrong("SCAN messages") && wrong("SCAN m USING INDEX messages_by_card"));
    assert!(wrong("SEARCH m USING AUTOMATIC COVERING INDEX (card=?)"));
    assert!(!wrong("SEARCH m USING INDEX messages_by_card (card=?)"));
    assert!(!wrong("SCAN t USING INDEX steps_pending"));
}
