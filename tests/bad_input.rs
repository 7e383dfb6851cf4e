//! The ugly cases: each gets a clear error with its place, loses nothing, and the right exit status.

use crate::support::sandbox::{CUSTOMERS, SERVICES, Sandbox};

const SERVICE_HEAD: &str = "code;customer;kind;name;price;period_months;expires_on\n";

#[test]
fn files_that_are_no_tables_are_refused_whole() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let garbage: Vec<u8> = (0..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (text, part) in [
        (garbage, "binary"),
        (Vec::new(), "empty"),
        (b"\n \n".to_vec(), "empty"),
        (b"PK\x03\x04whatever".to_vec(), "Excel"),
        (b"name;email\nx;y\n".to_vec(), "`code` is missing"),
        (b"code;name;email;shoe_size\nK-1;x;y;1\n".to_vec(), "unknown column `shoe_size`"),
        (b"code;code;name;email\n".to_vec(), "stands twice"),
    ] {
        let ran = sandbox.import("customers", &text, "2025-02-02").exits(1);
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        assert!(ran.stderr.contains("customers.csv"), "{}", ran.stderr);
    }
    let missing = sandbox.run(&["import", "customers", "nowhere.csv"]).exits(1);
    assert!(missing.stderr.contains("nowhere.csv"));
}

#[test]
fn every_bad_cell_is_named_with_file_line_and_column_and_nothing_is_imported() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let long = "x".repeat(10_000_000);
    let rows = format!(
        "S-10;K-1;hosting;Φιλοξενία;-5,00;12;2025-03-31\n\
         S-11;K-1;hosting;Φιλοξενία;1.234;12;2025-03-31\n\
         S-12;K-1;hosting;Φιλοξενία;10,00;0;2025-03-31\n\
         S-13;K-1;hosting;Φιλοξενία;10,00;12;31/02/2025\n\
         S-14;K-9;hosting;Φιλοξενία;10,00;12;2025-03-31\n\
         S-15;K-1;rocket;Φιλοξενία;10,00;12;2025-03-31\n\
         S-16;K-1;hosting;{long};10,00;12;2025-03-31\n\
         S-17;K-1;hosting;Φιλοξενία;10,00;12;2025-03-31\n\
         S-17;K-1;hosting;Άλλη;20,00;12;2025-03-31\n\
         S-18;K-1;hosting;NUL\0εδώ;10,00;12;2025-03-31\n\
         ;K-1;hosting;Φιλοξενία;10,00;12;2025-03-31\n"
    );
    let ran = sandbox.import("services", format!("{SERVICE_HEAD}{rows}"), "2025-02-02").exits(1);
    for place in [":2:5:", ":3:5:", ":4:6:", ":5:7:", ":6:2:", ":7:3:", ":8:4:", ":10:1:", ":11:4:", ":12:1:"]
    {
        assert!(ran.stderr.contains(&format!("services.csv{place}")), "{place}: {:.2000}", ran.stderr);
    }
    assert!(ran.stderr.len() < 10_000, "a 10 MB cell is not echoed");
    assert!(ran.stderr.contains("nothing was imported"));
    let status = sandbox.run(&["status", "--json", "--as-of", "2025-03-15"]).exits(0);
    assert!(!status.stdout.contains("S-17"));
    // the good rows, where somebody wants them; the bad ones in a file of their own
    let path = sandbox.path("services.csv");
    let path = path.to_str().unwrap();
    let ran = sandbox
        .run(&["import", "services", path, "--skip-invalid", "--as-of", "2025-02-02", "--json"])
        .exits(3);
    assert_eq!(ran.json()["created"], 1, "{}", ran.stdout);
    let rejected = std::fs::read_to_string(format!("{path}.rejected.csv")).unwrap();
    assert!(rejected.contains("S-10") && rejected.contains("x_why"));
}

#[test]
fn excel_files_in_windows_1253_and_all_separators_are_read() {
    for (separator, encoding) in [(";", true), (",", false), ("\t", true)] {
        let sandbox = Sandbox::new();
        let text = "code|name|email\r\nK-1|Αθανάσιος Ψύλλος|a@a.example\r\n".replace('|', separator);
        let bytes =
            if encoding { encoding_rs::WINDOWS_1253.encode(&text).0.into_owned() } else { text.into_bytes() };
        sandbox.import("customers", bytes, "2025-02-01").exits(0);
        let price = if separator == "," { "\"1.234,56\"" } else { "1.234,56" };
        let text = format!(
            "code|customer|kind|name|price|period_months|expires_on\nS-1|K-1|hosting|Φ|{price}|12|31/03/2025\n"
        );
        sandbox.import("services", text.replace('|', separator), "2025-02-01").exits(0);
        let told = sandbox.notify("2025-03-16").exits(0).json();
        assert_eq!(told["messages"][0]["lines"][0]["net_cents"], 123_456);
        assert_eq!(told["messages"][0]["lines"][0]["expires_on"], "2025-03-31");
    }
}

#[test]
fn the_same_file_twice_changes_nothing_and_conflicts_are_listed() {
    let sandbox = Sandbox::with_company("2025-02-01");
    for (kind, text) in [("customers", CUSTOMERS), ("services", SERVICES)] {
        let again = sandbox.import(kind, text, "2025-02-02").exits(0).json();
        assert_eq!([&again["created"], &again["changed"], &again["unchanged"]], [0, 0, 2]);
    }
    let moved = SERVICES.replace("2025-03-31", "2025-06-30").replace("100,00", "110,00");
    let shown = sandbox.file("moved.csv", &moved);
    let shown =
        sandbox.run(&["import", "services", shown.to_str().unwrap(), "--dry-run", "--as-of", "2025-02-03"]);
    assert!(shown.exits(3).stdout.contains("100,00 net → 110,00 net"));
    let conflict = sandbox.import("services", &moved, "2025-02-03").exits(3).json();
    let records = conflict["records"].as_array().unwrap();
    let of = |change: &str| records.iter().find(|record| record["change"] == change).unwrap();
    assert_eq!(of("changed")["columns"][0]["column"], "price");
    assert_eq!(of("conflict")["columns"][0]["column"], "expires_on");
    // said once
    sandbox.import("services", &moved, "2025-02-04").exits(0);
    let path = sandbox.path("services.csv");
    sandbox
        .run(&["import", "services", path.to_str().unwrap(), "--take", "expires_on", "--as-of", "2025-02-05"])
        .exits(0);
    let told = sandbox.notify("2025-05-31").exits(0).json();
    assert_eq!(told["messages"][0]["lines"][0]["expires_on"], "2025-06-30");
}

#[test]
fn payments_that_name_nobody_are_left_out_and_those_beside_them_booked() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let rows = "2025-02-02;10,00;T-1;K-9;;;;\n2025-02-02;10,00;T-2;;S-9;;;\n2025-02-02;10,00;T-3;K-1;S-2;;;\n\
        2025-02-02;-10,00;T-4;K-1;;;;\n2025-02-02;10,00;;K-1;;;;\n2025-02-03;10,00;T-5;K-1;;;;\n\
        2025-02-02;30,00;T-6;K-1;;;;\n";
    let ran = sandbox.pay(rows, "2025-02-02").exits(3);
    assert_eq!((&ran.json()["created"], &ran.json()["rejected"]), (&1.into(), &6.into()));
    assert!(ran.stderr.contains(":7:1: column `date`: 2025-02-03 lies after today"), "{}", ran.stderr);
    let left_out = std::fs::read_to_string(sandbox.path("payments.csv.rejected.csv")).unwrap();
    assert_eq!(left_out.lines().count(), 7, "{left_out}");
    for place in [":2:4:", ":3:5:", ":4:5:", ":5:2:", ":6:3:"] {
        assert!(ran.stderr.contains(place), "{place}: {}", ran.stderr);
    }
}

#[test]
fn an_unmatched_payment_is_kept_and_told_once() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let row = "2025-02-02;10,00;T-1;;;;Άγνωστος;\n";
    let ran = sandbox.pay(row, "2025-02-02").exits(3);
    assert_eq!(ran.json()["unmatched"], 1);
    sandbox.pay(row, "2025-02-03").exits(0);
    let status = sandbox.run(&["status", "--json", "--as-of", "2025-02-03"]).exits(0).json();
    assert_eq!(status["unmatched"][0]["amount_cents"], 1_000);
}

#[test]
fn references_are_found_however_they_are_written() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let told = sandbox.notify("2025-03-01").exits(0).json();
    let reference = told["messages"][0]["reference"].as_str().unwrap().to_owned();
    let grouped =
        reference.as_bytes().chunks(4).map(|c| std::str::from_utf8(c).unwrap()).collect::<Vec<_>>().join(" ");
    let rows = format!(
        "2025-03-02;1,00;T-1;;;{};;\n2025-03-02;1,00;T-2;;;;;ΠΛΗΡΩΜΗ {grouped} ΕΥΧΑΡΙΣΤΩ\n\
         2025-03-02;1,00;T-3;;;;;KX-2025-000001\n2025-03-02;1,00;T-4;;;kx-2025-000001;;\n",
        reference.to_lowercase()
    );
    let paid = sandbox.pay(&rows, "2025-03-02").exits(0).json();
    assert_eq!(paid["matched"], 4, "{paid}");
}

#[test]
fn configuration_faults_are_told_together_with_line_and_hint() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("GR1601101250000000012300695", "GR1701101250000000012300695");
    sandbox.reconfigure("[guard]", "[guard]\nmax_actoins = 3");
    sandbox.reconfigure("terminate_after_days = 30", "terminate_after_days = 3");
    let ran = sandbox.run(&["status"]).exits(2);
    for part in ["GR17", "max_actoins", "final_notice_days_before", "konet-billing.toml:"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    // little is needed: everything else has its documented default
    let small = "[company]\nname = \"Konet\"\nemail = \"a@konet.example\"\n[database]\npath = \"small.db\"\n";
    let small = sandbox.file("small.toml", small);
    let with = |arguments: &[&str]| {
        let mut all = vec!["--config", small.to_str().unwrap()];
        all.extend(arguments);
        sandbox.run(&all)
    };
    let customers = sandbox.file("c.csv", CUSTOMERS);
    with(&["import", "customers", customers.to_str().unwrap(), "--as-of", "2025-03-01"]).exits(0);
    let services = sandbox.file("s.csv", SERVICES);
    with(&["import", "services", services.to_str().unwrap(), "--as-of", "2025-03-01"]).exits(0);
    let told = with(&["notify", "--as-of", "2025-03-01", "--json"]).exits(0).json();
    assert_eq!(told["messages"][0]["lines"][0]["stage"], "before-30");
    let nowhere = sandbox.run(&["--config", "nowhere.toml", "status"]).exits(2);
    assert!(nowhere.stderr.contains("nowhere.toml"));
    sandbox.run(&["frobnicate"]).exits(2);
}

#[test]
fn a_missing_foreign_or_damaged_database_is_refused_and_left_as_it_is() {
    let sandbox = Sandbox::new();
    for command in ["notify", "enforce", "nightly", "status"] {
        let ran = sandbox.run(&[command, "--as-of", "2025-03-01"]).exits(1);
        assert!(ran.stderr.contains("konet.db"), "{ran:?}");
        assert!(!sandbox.path("konet.db").exists());
    }
    for bytes in [b"this is no database, but a letter to grandmother".repeat(100), vec![0; 4096]] {
        sandbox.file("konet.db", &bytes);
        let ran = sandbox.run(&["notify", "--as-of", "2025-03-01"]).exits(1);
        assert!(ran.stderr.contains("konet.db"), "{ran:?}");
        assert_eq!(std::fs::read(sandbox.path("konet.db")).unwrap(), bytes);
    }
}

#[test]
fn a_locked_database_and_a_read_only_folder_lose_nothing() {
    let sandbox = Sandbox::with_company("2025-02-01");
    {
        let other = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let ran = sandbox.run(&["notify", "--as-of", "2025-03-01"]);
        assert!(matches!(ran.status, 1 | 75), "{ran:?}");
        assert!(ran.stderr.contains("locked"), "{ran:?}");
    }
    assert_eq!(sandbox.notify("2025-03-01").exits(0).json()["totals"]["sent"], 1);
    // an outbox that cannot be written is a mail server that is down
    sandbox.reconfigure("folder = \"outbox\"", "folder = \"/proc/nowhere\"");
    let ran = sandbox.notify("2025-03-16").exits(1);
    assert!(ran.stderr.contains("stays queued"), "{ran:?}");
    sandbox.reconfigure("folder = \"/proc/nowhere\"", "folder = \"outbox\"");
    assert_eq!(sandbox.notify("2025-03-16").exits(0).json()["totals"]["sent"], 1);
}

#[test]
fn stdout_that_is_full_is_an_error_not_a_silence() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("NOT CHECKED: there is no /dev/full");
        return;
    };
    let output = sandbox.command(&["status", "--as-of", "2025-03-20"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_names_nothing_has_one_status_in_every_command() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let commands = [
        "notify --customer K-9",
        "notify --now --customer K-1 --service S-9",
        "enforce --customer K-9",
        "calendar --customer K-9",
        "explain K-9",
        "render-card K-9",
        "undo 99 --by maria",
        "undo 1 --service S-9 --by maria",
        "undo 1 --customer K-9 --by maria",
        "outbox show 99",
        "outbox resend 99 --reason r --by maria",
        "record payment K-9 1 --by maria",
        "record payment K-1 1 --for S-9 --by maria",
        "record reverse 99 --by maria",
        "record same 99 1 --by maria",
        "record proof K-9 --by maria",
        "record assign 99 K-1 --by maria",
        "record assign 99 --undo --by maria",
        "record refund K-9 1 --by maria",
        "record hold S-9 2099-01-01 --by maria",
        "record cancel S-9 --by maria",
        "record told S-9 2099-01-01 --how phone --by maria",
        "record end S-9 --by maria",
        "record charge K-9 1 text --by maria",
        "record charge K-1 1 text --service S-9 --by maria",
        "record discount #99 1 --by maria",
        "record writeoff S-9 --by maria",
        "record reprice S-9 1 --by maria",
        "record change S-9 --months 6 --by maria",
        "record invoice T-1 2025-02-01 --card KX-2025-000099 --by maria",
        "record invoice T-1 2025-02-01 --service S-9 --period-from 2025-02-01 --by maria",
        "record email K-9 a@example.gr --by maria",
        "record ack K-9 --by maria",
    ];
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').collect();
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.status, 2, "{command}: {ran:?}");
    }
    // what is there and needs nothing is no mistake of typing
    sandbox.run(&["record", "ack", "K-1", "--by", "maria"]).exits(1);
    sandbox.run(&["undo", "1", "--by", "maria"]).exits(1);
}
