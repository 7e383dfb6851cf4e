//! The desk: lists, lookups and records as accounting and support use them, in their language.

use crate::support::sandbox::{Ran, Sandbox};
use serde_json::Value;

fn in_greek(sandbox: &Sandbox) {
    sandbox.reconfigure("[staff]\nlanguage = \"en\"", "[staff]\nlanguage = \"el\"");
}

fn list(sandbox: &Sandbox, arguments: &[&str], day: &str) -> Ran {
    let whole: Vec<&str> = ["list"].iter().chain(arguments).copied().chain(["--as-of", day]).collect();
    sandbox.run(&whole)
}

fn record(sandbox: &Sandbox, day: &str, arguments: &[&str]) -> Ran {
    let whole: Vec<&str> =
        ["record"].iter().chain(arguments).copied().chain(["--as-of", day, "--by", "maria"]).collect();
    sandbox.run(&whole)
}

fn narrow(sandbox: &Sandbox, arguments: &[&str], columns: &str) -> String {
    let output = sandbox.command(arguments).env("COLUMNS", columns).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn whoever_owes_is_listed_by_the_age_of_the_debt_with_sums() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    // 33 days after the expiry of 31/3
    let debtors = list(&sandbox, &["debtors", "--json"], "2025-05-03").exits(0).json();
    let first = &debtors["debtors"][0];
    assert_eq!((&first["customer"], &first["days"]), (&"K-1".into(), &33.into()), "{debtors}");
    assert_eq!(first["buckets"], serde_json::json!({ "0-30": 0, "31-60": 12400, "61-90": 0, "90+": 0 }));
    assert_eq!(first["last_mail"], "2025-03-01");
    assert_eq!(debtors["totals"]["31-60"], 12400);
    assert_eq!(debtors["totals"]["total_cents"], 12400);
    let none = list(&sandbox, &["debtors", "--json"], "2025-03-31").exits(0).json();
    assert_eq!(none["debtors"], serde_json::json!([]), "it expires today, and is not overdue");
    assert_eq!(
        none["totals"],
        serde_json::json!({ "0-30": 0, "31-60": 0, "61-90": 0, "90+": 0, "total_cents": 0 })
    );
    let rich = list(&sandbox, &["debtors", "--min", "124,01", "--json"], "2025-05-03").exits(0).json();
    assert_eq!(rich["debtors"], serde_json::json!([]));
}

#[test]
fn every_list_has_its_rows_and_knows_its_filters() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;130,00;T-1;K-1;;;;\n2025-03-02;7,00;T-2;;;;ΑΓΝΩΣΤΟΣ;\n", "2025-03-02");
    let of = |arguments: &[&str]| -> Value {
        let whole: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        list(&sandbox, &whole, "2025-03-02").exits(0).json()
    };
    let codes = |view: &Value, list: &str, key: &str| -> Vec<String> {
        view[list].as_array().unwrap().iter().map(|row| row[key].to_string().replace('"', "")).collect()
    };
    assert_eq!(codes(&of(&["customers"]), "customers", "customer"), ["K-2", "K-1"], "by name");
    assert_eq!(of(&["customers", "--customer", "K-1"])["customers"][0]["credit_cents"], 600);
    assert_eq!(codes(&of(&["services", "--kind", "hosting"]), "services", "service"), ["S-1", "S-2"]);
    assert_eq!(
        codes(&of(&["services", "--state", "suspended"]), "services", "service"),
        Vec::<String>::new()
    );
    assert_eq!(codes(&of(&["services", "--to", "30/03/2025"]), "services", "service"), Vec::<String>::new());
    assert_eq!(codes(&of(&["charges", "--state", "settled"]), "charges", "service"), ["S-1"]);
    assert_eq!(codes(&of(&["payments", "--state", "unmatched"]), "payments", "bank_ref"), ["T-2"]);
    assert_eq!(codes(&of(&["payments", "--min", "100"]), "payments", "bank_ref"), ["T-1"]);
    assert_eq!(codes(&of(&["cards", "--state", "sent"]), "cards", "card"), ["KX-2025-000001"]);
    assert_eq!(of(&["credits"])["total_cents"], 600);
    record(
        &sandbox,
        "2025-03-03",
        &["invoice", "ΤΠΥ-1", "2025-03-03", "--service", "S-1", "--period-from", "2025-03-31"],
    )
    .exits(0);
    assert_eq!(codes(&of(&["invoices", "--from", "2025-03-03"]), "invoices", "invoice"), ["ΤΠΥ-1"]);
    let wrong = list(&sandbox, &["cards", "--kind", "hosting"], "2025-03-02").exits(2);
    assert!(wrong.stderr.contains("this list has no --kind"), "{}", wrong.stderr);
    let wrong = list(&sandbox, &["services", "--state", "lost"], "2025-03-02").exits(2);
    assert!(wrong.stderr.contains("active, suspended, terminated, ended"), "{}", wrong.stderr);
    let csv = list(&sandbox, &["customers", "--csv"], "2025-03-02").exits(0).stdout;
    assert!(csv.starts_with("\u{feff}customer;name;"), "{csv}");
    assert_eq!(csv.lines().count(), 3, "a file for other programs has no line of sums: {csv}");
}

#[test]
fn income_is_foretold_once_for_each_period_and_what_is_overdue_stands_apart() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox
        .import(
            "services",
            "code;customer;kind;name;price;period_months;expires_on\n\
             S-5;K-2;backup;Αντίγραφα;10,00;1;31/03/2025\nS-6;K-2;custom_app;Εφαρμογή;500,00;12;30/04/2025\n",
            "2025-02-01",
        )
        .exits(0);
    let forecast = |arguments: &[&str], day: &str| -> Value {
        let whole: Vec<&str> =
            ["forecast", "--json"].iter().chain(arguments).copied().chain(["--as-of", day]).collect();
        sandbox.run(&whole).exits(0).json()
    };
    let view = forecast(&["--months", "3"], "2025-03-01");
    let months: Vec<(String, i64)> = view["forecast"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["month"].as_str().unwrap().to_owned(), row["cents"].as_i64().unwrap()))
        .collect();
    // S-1 124,00 and S-5 12,40 in March, S-5 alone on 30/4 and 31/5; a custom application is collected by hand
    let s2 = forecast(&["--months", "3", "--by", "customer"], "2025-03-01");
    assert_eq!(months[0].0, "2025-03");
    assert_eq!(months[1], ("2025-04".to_owned(), 1240), "{view}");
    assert_eq!(view["total_cents"], months.iter().map(|(_, cents)| cents).sum::<i64>());
    assert_eq!(s2["total_cents"], view["total_cents"]);
    let kinds = forecast(&["--months", "3", "--by", "kind"], "2025-03-01");
    assert!(!kinds.to_string().contains("custom_app"), "{kinds}");
    assert_eq!(kinds["total_cents"], view["total_cents"]);
    // paid before its expiry: that period brings nothing more
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;124,00;T-1;K-1;S-1;;;\n", "2025-03-02").exits(0);
    let paid = forecast(&["--months", "3"], "2025-03-02");
    assert_eq!(paid["total_cents"].as_i64().unwrap(), view["total_cents"].as_i64().unwrap() - 12_400);
    let late = forecast(&["--months", "1"], "2025-04-02");
    assert!(late["overdue_cents"].as_i64().unwrap() > 0, "{late}");
}

#[test]
fn one_run_is_shown_with_what_it_made_and_did() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(0);
    let shown = sandbox.run(&["runs", "show", "3", "--json"]).exits(0).json();
    assert_eq!(shown["run"]["command"], "nightly");
    assert_eq!(shown["messages"][0]["card"], "KX-2025-000001");
    assert!(shown["journal"].as_array().unwrap().iter().any(|line| line["what"] == "message_queued"));
    let text = sandbox.run(&["runs", "show", "3"]).exits(0).stdout;
    assert!(text.contains("KX-2025-000001") && text.contains("card made"), "{text}");
    let none = sandbox.run(&["runs", "show", "99"]);
    assert_eq!((none.status, none.stderr.contains("there is no run 99")), (2, true), "{none:?}");
}

#[test]
fn staff_read_their_own_language_and_scripts_read_codes() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    sandbox.notify("2025-03-01").exits(0);
    let preview = sandbox.run(&["enforce", "--as-of", "2025-04-08", "--dry-run"]).stdout;
    assert!(preview.contains("ενέργεια") && preview.contains("για 08/04/2025"), "{preview}");
    let status = sandbox.run(&["status", "--as-of", "2025-04-08"]).exits(0).stdout;
    assert!(status.contains("Ληξιπρόθεσμες (") && status.contains("31/03/2025"), "{status}");
    let english = sandbox.run(&["status", "--as-of", "2025-04-08", "--lang", "en"]).exits(0).stdout;
    assert!(english.contains("Overdue (") && english.contains("2025-03-31"), "{english}");
    let json = sandbox.run(&["enforce", "--as-of", "2025-04-08", "--dry-run", "--json"]).json();
    let step = json["withheld"].as_array().unwrap().iter().chain(json["actions"].as_array().unwrap()).next();
    assert_eq!(step.unwrap()["action"], "suspend", "codes are no words: {json}");
    let paid = record(&sandbox, "2025-03-02", &["payment", "K-1", "124,00"]).exits(0).stdout;
    assert!(paid.contains("Παπαδόπουλος"), "{paid}");
    assert!(paid.contains("εξοφλήθηκε S-1 έως 31/03/2026, υπόλοιπο 0,00\u{a0}€"), "{paid}");
    let shown = sandbox.run(&["explain", "K-1", "--all", "--as-of", "2025-03-02"]).exits(0).stdout;
    assert!(shown.contains("εκδόθηκε καρτέλα") && !shown.contains("message_queued"), "{shown}");
    let wrong = sandbox.run(&["status", "--lang", "fr"]).exits(2);
    assert!(wrong.stderr.contains("`el` or `en`"), "{}", wrong.stderr);
}

#[test]
fn what_a_record_does_is_said_with_the_name_before_it_is_done() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    sandbox.notify("2025-03-01").exits(0);
    let dry = record(&sandbox, "2025-03-02", &["payment", "K-1", "150,00", "--dry-run"]).exits(0).stdout;
    assert!(
        dry.contains("εξοφλήθηκε S-1 έως 31/03/2026, υπόλοιπο 0,00\u{a0}€, πίστωση 26,00\u{a0}€"),
        "{dry}"
    );
    assert!(dry.contains("δεν γράφτηκε τίποτα"), "{dry}");
    let held = record(&sandbox, "2025-03-02", &["hold", "S-1", "20/04/2025"]).exits(0);
    assert!(
        held.stdout.contains("έως και 20/04/2025") && held.stdout.contains("υπόλοιπο 124,00"),
        "{held:?}"
    );
    let json = record(&sandbox, "2025-03-02", &["payment", "K-1", "124,00", "--json"]).exits(0).json();
    assert_eq!(json["effect"]["settled"][0], serde_json::json!({ "what": "S-1", "until": "2026-03-31" }));
    assert_eq!((&json["effect"]["due_cents"], &json["effect"]["credit_cents"]), (&0.into(), &0.into()));
}

#[test]
fn customers_and_services_are_named_by_anything_whole_in_records() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let service = "code;customer;kind;name;domain_name;price;period_months;expires_on\n";
    let rows = "S-8;K-2;hosting;Φιλοξενία;shop.example;60,00;12;01/12/2025\nS-9;K-2;ssl;SSL;shop.example;20,00;12;01/12/2025\n\
                S-10;K-2;email;Θυρίδες;post.example;20,00;12;01/12/2025\n";
    sandbox.import("services", format!("{service}{rows}"), "2025-02-01").exits(0);
    let held = record(&sandbox, "2025-03-02", &["hold", "POST.example", "01/04/2025"]).exits(0).stdout;
    assert!(held.contains("`S-10`"), "{held}");
    let several = record(&sandbox, "2025-03-02", &["hold", "shop.example", "01/04/2025"]).exits(2);
    assert!(several.stderr.contains("S-8, S-9"), "{}", several.stderr);
    let customer = sandbox.run(&["find", "K-1", "--json"]).exits(0).json();
    let reference = customer["customers"][0]["reference"].as_str().unwrap().to_owned();
    let paid = record(&sandbox, "2025-03-02", &["payment", &reference, "12,00", "--json"]).exits(0).json();
    assert_eq!(paid["effect"]["customer"], "K-1");
}

#[test]
fn a_customer_and_a_service_are_entered_by_hand_and_a_file_does_not_undo_it() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let customer = [
        "customer",
        "K-7",
        "--name",
        "Ζαφειρίου Ελένη",
        "--email",
        "eleni@ergo.example",
        "--phone",
        "2310 1",
    ];
    record(&sandbox, "2025-03-15", &customer).exits(0);
    let service = [
        "service",
        "S-70",
        "--customer",
        "eleni@ergo.example",
        "--kind",
        "hosting",
        "--name",
        "Φιλοξενία",
        "--price",
        "60",
        "--months",
        "12",
        "--expires",
        "30/06/2025",
        "--from",
        "15/03/2025",
        "--json",
    ];
    let dry: Vec<&str> = service.iter().copied().chain(["--dry-run"]).collect();
    let foretold = record(&sandbox, "2025-03-15", &dry).exits(0).json();
    let entered = record(&sandbox, "2025-03-15", &service).exits(0).json();
    // 107 of the 365 days up to 30/6, at 60,00: 17,59 and VAT
    assert_eq!(entered["effect"]["due_cents"], 2181, "{entered}");
    assert_eq!(foretold["effect"]["due_cents"], 2181);
    let charges = list(&sandbox, &["charges", "--customer", "K-7", "--json"], "2025-03-15").exits(0).json();
    let label = charges["charges"][0]["label"].as_str().unwrap();
    assert_eq!(label, "Φιλοξενία (15/03/2025 – 29/06/2025)");
    // changed, and a file that still has the old value disputes it
    record(&sandbox, "2025-03-16", &["customer", "K-7", "--phone", "2310 2"]).exits(0);
    let file = "code;name;email;phone\nK-7;Ζαφειρίου Ελένη;eleni@ergo.example;2310 1\n";
    let disputed = sandbox.import("customers", file, "2025-03-17");
    assert!(disputed.did() && disputed.stdout.contains("--take phone"), "{disputed:?}");
    let phone = || list(&sandbox, &["customers", "--customer", "K-7", "--json"], "2025-03-17").json();
    assert_eq!(phone()["customers"][0]["phone"], "2310 2");
    let path = sandbox.file("again.csv", file);
    let taken = ["import", "customers", path.to_str().unwrap(), "--take", "phone", "--as-of", "2025-03-17"];
    assert!(sandbox.run(&taken).did());
    assert_eq!(phone()["customers"][0]["phone"], "2310 1");
    for (arguments, why) in [
        (vec!["service", "S-71", "--kind", "hosting"], "there is no service `S-71`"),
        (vec!["service", "S-70", "--from", "2025-03-01"], "runs already"),
        (
            vec![
                "service",
                "S-71",
                "--customer",
                "K-7",
                "--kind",
                "ssl",
                "--name",
                "SSL",
                "--price",
                "20",
                "--months",
                "12",
                "--from",
                "2015-03-01",
            ],
            "which is over",
        ),
        (vec!["service", "S-70", "--months", "0"], "months from 1 to 120"),
        (vec!["customer", "K-8", "--email", "x@y.example"], "it is empty"),
        (vec!["customer", "K-7", "--email", "no address"], "no address"),
    ] {
        let refused = record(&sandbox, "2025-03-16", &arguments);
        assert!(refused.status != 0 && refused.stderr.contains(why), "{arguments:?} {refused:?}");
    }
}

#[test]
fn tables_keep_to_a_window_of_eighty_and_sixty_letters_and_codes_stay_whole() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay(
        "2025-03-02;7,00;T-2;;;;ΜΙΑ ΠΟΛΥ ΜΕΓΑΛΗ ΕΠΩΝΥΜΙΑ ΑΝΩΝΥΜΟΣ ΕΤΑΙΡΕΙΑ;ΧΩΡΙΣ ΑΙΤΙΟΛΟΓΙΑ\n",
        "2025-03-02",
    );
    let commands: [&[&str]; 14] = [
        &["list", "customers"],
        &["list", "services"],
        &["list", "charges"],
        &["list", "payments"],
        &["list", "cards"],
        &["list", "debtors", "--as-of", "2025-05-03"],
        &["forecast", "--as-of", "2025-03-02"],
        &["status", "--as-of", "2025-04-08"],
        &["find", "example"],
        &["runs"],
        &["runs", "show", "3"],
        &["outbox", "list"],
        &["enforce", "--dry-run", "--as-of", "2025-04-08"],
        &["calendar", "--as-of", "2025-03-02"],
    ];
    for arguments in commands {
        for columns in ["80", "60"] {
            let text = narrow(&sandbox, arguments, columns);
            let width: usize = columns.parse().unwrap();
            let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > width).collect();
            // a sum line and a title are sentences, which a terminal breaks
            let table: Vec<&&str> = long.iter().filter(|line| line.contains("  ")).collect();
            assert!(table.is_empty(), "{arguments:?} {columns}: {table:#?}\n{text}");
        }
    }
    assert!(narrow(&sandbox, &["list", "cards"], "60").contains("KX-2025-000001"));
}

/// Every file of a folder, by its path from there.
fn files_of(folder: &std::path::Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_report_is_a_site_of_plain_files_with_what_is_open_and_each_link_leads_somewhere() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    sandbox.notify("2025-03-01").exits(0);
    sandbox.pay("2025-03-02;7,00;T-2;;;;ΑΓΝΩΣΤΟΣ <b>;\n", "2025-03-02");
    let folder = sandbox.path("site");
    let at = folder.to_str().unwrap();
    let said = sandbox.run(&["report", "--out", at, "--as-of", "2025-04-20", "--json"]).exits(0).json();
    let files = files_of(&folder);
    assert_eq!(said["files"].as_u64().unwrap(), files.len() as u64 - 1, "and a mark: {files:?}");
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    assert!(text("index.html").contains("Καμία νύχτα δεν έγινε"), "no night was ever done");
    assert!(text("owed.html").contains("124,00") && text("owed.html").contains("Παπαδόπουλος"));
    let page = text("customers/K-1.html");
    for part in ["a@alpha.example", "S-1", "../cards/KX-2025-000001.pdf", "εκδόθηκε καρτέλα", "20/04/2025"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(files["cards/KX-2025-000001.pdf"].starts_with(b"%PDF"));
    assert!(text("bank.html").contains("ΑΓΝΩΣΤΟΣ &lt;b&gt;"));
    let pages = files.keys().filter(|name| name.ends_with(".html") && !name.starts_with("cards/"));
    for name in pages {
        let text = text(name);
        assert!(text.contains("default-src 'none'"), "{name}");
        for link in text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let base = std::path::Path::new(name).parent().unwrap();
            assert!(link.starts_with('#') || folder.join(base).join(link).exists(), "{name}: {link}");
        }
        for remote in ["http://", "https://", "src="] {
            assert!(!text.contains(remote), "{name}: {remote}");
        }
    }
    // written anew, whole: what is no longer there is gone
    std::fs::write(folder.join("old.html"), "").unwrap();
    sandbox.run(&["report", "--out", at, "--as-of", "2025-04-20"]).exits(0);
    assert!(!folder.join("old.html").exists());
    assert!(!sandbox.path("site.writing").exists());
    let foreign = sandbox.run(&["report", "--out", sandbox.path("").to_str().unwrap()]);
    assert!(foreign.status == 1 && foreign.stderr.contains("not empty and no report"), "{foreign:?}");
    assert_eq!(sandbox.run(&["report"]).status, 2, "no folder is named");
}

#[test]
fn every_night_writes_the_report_where_the_configuration_says_so() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.reconfigure("[import]", "[report]\nfolder = \"site\"\n\n[import]");
    sandbox.run(&["nightly", "--as-of", "2025-03-01", "--dry-run"]).exits(0);
    assert!(!sandbox.path("site").exists());
    sandbox.run(&["nightly", "--as-of", "2025-03-01"]).exits(0);
    assert!(files_of(&sandbox.path("site")).contains_key("customers/K-1.html"));
    use std::os::unix::fs::PermissionsExt;
    let mode = |name: &str| std::fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("site"), mode("site/index.html"), mode("site/customers")), (0o700, 0o600, 0o700));
    sandbox.reconfigure("folder = \"site\"", "folder = \"inbox/../konet-billing.toml/site\"");
    let night = sandbox.run(&["nightly", "--as-of", "2025-03-02"]);
    assert!(night.status == 3 && night.stderr.contains("the report was not written"), "{night:?}");
}

#[test]
fn a_customer_fits_one_screen_and_their_whole_past_does_not_have_to() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    for day in ["2025-03-01", "2025-03-16", "2025-03-24", "2025-03-30"] {
        sandbox.notify(day).exits(0);
    }
    for (number, day) in ["2025-03-02", "2025-03-03", "2025-03-04", "2025-03-05"].iter().enumerate() {
        sandbox.pay(&format!("{day};1,00;T-{number};K-1;;;;\n"), day);
    }
    let rows: String = (10..22)
        .map(|n| format!("S-{n};K-1;backup;Αντίγραφα ασφαλείας με πολύ μεγάλο όνομα;10,00;12;20/04/2025\n"))
        .collect();
    sandbox.import(
        "services",
        format!("code;customer;kind;name;price;period_months;expires_on\n{rows}"),
        "2025-03-30",
    );
    let screen = narrow(&sandbox, &["explain", "K-1", "--as-of", "2025-04-09"], "80");
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines.len() <= 24, "{} lines\n{screen}", lines.len());
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{screen}");
    for part in ["Παπαδόπουλος", "a@alpha.example", "υπόλοιπο", "S-1", "Μηνύματα", "Πληρωμές", "--all"]
    {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    let whole = sandbox.run(&["explain", "K-1", "--all", "--as-of", "2025-04-09"]).exits(0).stdout;
    assert!(
        whole.contains("S-21") && whole.contains("εκδόθηκε καρτέλα") && whole.lines().count() > 24,
        "{whole}"
    );
}

#[test]
fn a_preview_opens_with_its_first_message_and_has_none_of_an_earlier_one() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let out = |day: &str| sandbox.run(&["notify", "--dry-run", "--out", "look", "--as-of", day]).exits(0);
    out("2025-03-01");
    let files = files_of(&sandbox.path("look"));
    let first = files.keys().find(|name| name.ends_with(".pdf")).unwrap().replace(".pdf", ".html");
    let index = String::from_utf8(files["index.html"].clone()).unwrap();
    assert!(index.contains(&format!("src=\"{first}\"")), "{index}");
    sandbox.file("look/mine.pdf", "not the program's");
    out("2025-02-10");
    let files = files_of(&sandbox.path("look"));
    let left: Vec<&String> = files.keys().filter(|name| name.ends_with(".pdf")).collect();
    assert_eq!(left, ["mine.pdf"], "what nobody is told today is not shown, and what is not ours stays");
}

#[test]
fn a_report_takes_the_place_of_nothing_but_a_report() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let before = std::fs::read(sandbox.path("konet.db")).unwrap();
    std::os::unix::fs::symlink(sandbox.path(""), sandbox.path("link")).unwrap();
    for place in ["konet.db", "konet-billing.toml", "link", "inbox"] {
        let refused = sandbox.run(&["report", "--out", place]);
        assert_eq!(refused.status, 1, "{place}: {refused:?}");
    }
    assert_eq!(std::fs::read(sandbox.path("konet.db")).unwrap(), before);
    assert_eq!(std::fs::read_dir(sandbox.path("inbox")).unwrap().count(), 0);
}

#[test]
fn what_is_due_is_the_same_in_every_list() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    let service =
        "code;customer;kind;name;price;period_months;expires_on\nS-3;K-2;email;Θυρίδες;10,00;12;2025-12-01\n";
    sandbox.import("services", service, "2025-03-01").exits(0);
    for arguments in [
        &["charge", "K-2", "30,00", "Έξοδα"][..],
        &["charge", "K-2", "40,00", "Μεταφορά", "--service", "S-3"],
        &["charge", "K-1", "50,00", "Άλλο"],
        &["payment", "K-1", "24,00", "--for", "S-1"],
        &["discount", "S-1", "10,00"],
    ] {
        record(&sandbox, "2025-03-02", arguments).exits(0);
    }
    let numbers = list(&sandbox, &["charges", "--customer", "K-1", "--json"], "2025-03-02").json();
    let other = numbers["charges"].as_array().unwrap().iter().find(|row| row["label"] == "Άλλο").unwrap();
    let given_up = record(&sandbox, "2025-03-02", &["writeoff", &format!("#{}", other["charge"])]).exits(0);
    assert!(!given_up.stdout.contains("settled"), "given up is not paid: {}", given_up.stdout);
    record(&sandbox, "2025-03-02", &["end", "S-3"]).exits(0);
    let gone = list(&sandbox, &["charges", "--state", "written_off", "--json"], "2025-03-02").json();
    assert_eq!(gone["charges"][0]["label"], "Άλλο", "{gone}");
    for (customer, due) in [("K-1", 12_400 - 2_400 - 1_000), ("K-2", 3_720)] {
        let found = sandbox.run(&["find", customer, "--as-of", "2025-03-03", "--json"]).json();
        let explained = sandbox.run(&["explain", customer, "--as-of", "2025-03-03", "--json"]).json();
        let listed = list(&sandbox, &["customers", "--customer", customer, "--json"], "2025-03-03").json();
        let charges = list(&sandbox, &["charges", "--customer", customer, "--json"], "2025-03-03").json();
        let charges: i64 =
            charges["charges"].as_array().unwrap().iter().map(|row| row["due_cents"].as_i64().unwrap()).sum();
        assert_eq!(found["customers"][0]["due_cents"], due, "{customer}");
        assert_eq!(explained["due_cents"], due, "{customer}");
        assert_eq!(listed["customers"][0]["due_cents"], due, "{customer}");
        assert_eq!(charges, due, "{customer}");
    }
    // what is charged once is income too, and overdue from the day after
    let income = |day: &str| sandbox.run(&["forecast", "--months", "2", "--as-of", day, "--json"]).json();
    assert_eq!(income("2025-03-02")["overdue_cents"], 0);
    let march = |view: &Value| view["forecast"][0]["cents"].as_i64().unwrap();
    assert_eq!(march(&income("2025-03-02")), 9_000 + 3_720, "S-1 of 31/3, and what was charged once");
    assert_eq!(income("2025-03-03")["overdue_cents"], 3_720);
    record(&sandbox, "2025-03-03", &["writeoff", "S-1"]).exits(0);
    let status = sandbox.run(&["status", "--as-of", "2025-03-03", "--json"]).json();
    assert_eq!(status["due"], serde_json::json!([]), "what was given up is asked for no more");
}

#[test]
fn a_customer_is_changed_by_any_exact_name_and_a_whole_first_period_costs_its_price() {
    let sandbox = Sandbox::new();
    let customer = ["customer", "K-1", "--name", "Α", "--email", "a@a.example"];
    record(&sandbox, "2026-10-01", &customer).exits(1);
    assert!(!sandbox.path("konet.db").exists(), "only `import customers` makes a database");
    sandbox.import("customers", "code;name;email\n", "2026-10-01").exits(0);
    record(&sandbox, "2026-10-01", &customer).exits(0);
    record(&sandbox, "2026-10-01", &["customer", "a@a.example", "--phone", "2310 5"]).exits(0);
    let customers = list(&sandbox, &["customers", "--json"], "2026-10-01").json();
    assert_eq!(customers["customers"].as_array().unwrap().len(), 1, "{customers}");
    assert_eq!(customers["customers"][0]["phone"], "2310 5");
    let service =
        ["service", "S-1", "--customer", "K-1", "--kind", "backup", "--name", "Α", "--price", "100"];
    let service: Vec<&str> =
        service.into_iter().chain(["--months", "1", "--from", "31/10/2026", "--json"]).collect();
    let entered = record(&sandbox, "2026-10-01", &service).exits(0).json();
    assert_eq!(entered["effect"]["due_cents"], 12_400, "a whole month: {entered}");
    let services = list(&sandbox, &["services", "--json"], "2026-10-01").json();
    assert_eq!(services["services"][0]["expires_on"], "2026-11-30");
    let months = sandbox.run(&["forecast", "--months", "4", "--as-of", "2026-11-01", "--json"]).json();
    let cents: Vec<i64> =
        months["forecast"].as_array().unwrap().iter().map(|row| row["cents"].as_i64().unwrap()).collect();
    assert_eq!(cents, [12_400, 12_400, 12_400, 12_400], "30/11, 31/12, 31/1, 28/2: {months}");
}

#[test]
fn a_narrow_list_of_debtors_still_adds_up() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.notify("2025-03-01").exits(0);
    record(&sandbox, "2025-04-20", &["charge", "K-1", "30,00", "Έξοδα"]).exits(0);
    for columns in ["80", "60", "40"] {
        let text = narrow(&sandbox, &["list", "debtors", "--as-of", "2025-05-03"], columns);
        for amount in ["37,20", "124,00", "161,20"] {
            assert!(text.contains(amount), "{columns}: {amount}\n{text}");
        }
    }
}

#[test]
fn a_customer_whose_code_is_another_customers_service_has_a_page_of_their_own() {
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox.import("customers", "code;name;email\nS-1;Γάμμα;c@gamma.example\n", "2025-03-01").exits(0);
    record(&sandbox, "2025-03-01", &["charge", "S-1", "30,00", "Έξοδα"]).exits(0);
    sandbox.run(&["report", "--out", "site", "--as-of", "2025-03-01"]).exits(0);
    let page = String::from_utf8(files_of(&sandbox.path("site"))["customers/S-1.html"].clone()).unwrap();
    assert!(page.contains("Έξοδα") && !page.contains("alpha.example"), "{page}");
}

#[test]
fn a_preview_groups_by_urgency_names_whom_it_is_for_and_says_who_gets_none() {
    let sandbox = Sandbox::new();
    sandbox.reconfigure(
        "[import]",
        "[rollout]\nmode = \"trial\"\ntrial_recipient = \"trial@konet.example\"\n\n[import]",
    );
    let customers = "code;name;email\nK-1;<i>Άλφα</i>;a@alpha.example\nK-2;Βήτα;b@beta.example\nK-3;Γάμα;\n";
    sandbox.import("customers", customers, "2025-02-01").exits(0);
    let services = "code;customer;kind;name;price;period_months;expires_on\n\
        S-1;K-1;hosting;Φ;100;12;2025-03-01\nS-2;K-2;hosting;Φ;50;12;2025-03-20\nS-3;K-3;hosting;Φ;50;12;2025-03-20\n";
    sandbox.import("services", services, "2025-02-01").exits(0);
    sandbox.run(&["notify", "--dry-run", "--out", "look", "--as-of", "2025-03-06"]).exits(3);
    let index = std::fs::read_to_string(sandbox.path("look/index.html")).unwrap();
    let place = |what: &str| index.find(what).unwrap_or_else(|| panic!("{what}: {index}"));
    assert!(place("class=\"urgent\"") < place("class=\"soon\""), "{index}");
    assert!(place("a@alpha.example") < place("b@beta.example"), "those whom it is for, not the trial's");
    assert!(!index.contains("<i>") && index.contains("&lt;i&gt;"), "{index}");
    for part in ["2 ", "124,00", "186,00", "K-3 · S-3", "data-stem=", "name=\"paper\"", "<details>"] {
        place(part);
    }
    let link = |kind: &str| index.matches(&format!(".{kind}\"")).count() >= 2;
    assert!(link("html") && link("txt") && link("pdf") && link("eml"), "{index}");
}

#[test]
fn the_list_for_accounting_comes_back_as_the_excel_file_that_it_went_out_as() {
    use calamine::{Data, Reader, Xlsx, open_workbook};
    let sandbox = Sandbox::with_company("2025-02-01");
    sandbox
        .run(&["record", "charge", "K-1", "50,00", "Μεταφορά", "--by", "m", "--as-of", "2025-02-02"])
        .exits(0);
    sandbox.pay("2025-03-02;186,00;T-1;K-1;;;;\n2025-03-02;100,00;T-2;K-2;;;;\n", "2025-03-02").exits(0);
    let file = sandbox.path("list.xlsx");
    let path = file.to_str().unwrap();
    sandbox.run(&["status", "--to-invoice", "--xlsx", "-o", path, "--as-of", "2025-03-02"]).exits(0);
    let mut book: Xlsx<_> = open_workbook(&file).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
    let of =
        |customer: &str| rows.iter().position(|row| row.contains(&Data::String(customer.into()))).unwrap();
    // what somebody enters in Excel, who leaves everything else as it is
    let numbered = |numbers: &[(usize, &str)]| {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let day = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
        let mut write = |at: usize, column: usize, cell: &Data| {
            let (row, column) = (u32::try_from(at).unwrap(), u16::try_from(column).unwrap());
            match cell {
                Data::Float(number) => sheet.write(row, column, *number).map(|_| ()),
                Data::Int(number) => sheet.write(row, column, *number).map(|_| ()),
                Data::Empty => Ok(()),
                other => sheet.write(row, column, other.to_string()).map(|_| ()),
            }
            .unwrap();
        };
        for (at, row) in rows.iter().enumerate() {
            row.iter().enumerate().for_each(|(column, cell)| write(at, column, cell));
        }
        for (at, number) in numbers {
            write(*at, 0, &Data::String((*number).to_owned()));
        }
        for (at, _) in numbers {
            let entered = rust_xlsxwriter::ExcelDateTime::from_ymd(2025, 3, 3).unwrap();
            sheet.write_with_format(u32::try_from(*at).unwrap(), 1, &entered, &day).unwrap();
        }
        workbook.save(sandbox.path("back.xlsx")).unwrap();
        let back = sandbox.path("back.xlsx");
        sandbox.run(&["import", "invoices", back.to_str().unwrap(), "--json", "--as-of", "2025-03-03"])
    };
    let twice = numbered(&[(of("K-1"), "ΤΠΥ-1"), (of("K-2"), "ΤΠΥ-1")]).exits(1);
    assert!(
        twice.stderr.contains("`ΤΠΥ-1` would be an invoice of `K-1` and `K-2` at once"),
        "{}",
        twice.stderr
    );
    let line = format!("back.xlsx:{}:", of("K-2").max(of("K-1")) + 1);
    assert!(twice.stderr.contains(&line), "the fault names the row as Excel counts: {}", twice.stderr);
    assert_eq!(numbered(&[(of("K-1"), "ΤΠΥ-1")]).exits(0).json()["created"], 1);
    // neither later, nor by hand
    assert!(numbered(&[(of("K-2"), "ΤΠΥ-1")]).exits(1).stderr.contains("at once"));
    let by_hand = ["record", "invoice", "ΤΠΥ-1", "2025-03-03", "--bank-ref", "T-2", "--by", "m"];
    sandbox.run(&[&by_hand[..], &["--as-of", "2025-03-03"]].concat()).exits(1);
    assert_eq!(numbered(&[(of("K-2"), "ΤΠΥ-2")]).exits(0).json()["created"], 1);
    // the same company under another code gets the same invoice
    sandbox.run(&["record", "invoice", "ΤΠΥ-2", "--undo", "--by", "m", "--as-of", "2025-03-03"]).exits(0);
    let customers = "code;name;email;tax_id\nK-2;Beta Ltd;b@beta.example;090000045\n";
    sandbox.import("customers", customers, "2025-03-03").exits(0);
    assert_eq!(numbered(&[(of("K-2"), "ΤΠΥ-1")]).exits(0).json()["created"], 1);
    let customers = sandbox.path("customers.xlsx");
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in
        [["code", "name", "email"], ["K-9", "Νέος; «ένας»", "n@neos.example"]].iter().enumerate()
    {
        sheet.write_row(u32::try_from(row).unwrap() + 2, 0, *cells).unwrap();
    }
    workbook.save(&customers).unwrap();
    let imported = sandbox.run(&["import", "customers", customers.to_str().unwrap(), "--json"]);
    assert_eq!(imported.exits(0).json()["created"], 1);
    assert!(sandbox.run(&["explain", "K-9"]).exits(0).stdout.contains("Νέος; «ένας»"));
}

#[test]
fn a_hold_is_listed_with_its_reason_and_a_cheque_is_entered_once() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    let cheque = |more: &[&str]| {
        let cheque = [
            "record",
            "payment",
            "K-1",
            "74,40",
            "--method",
            "cheque",
            "--due",
            "2025-05-15",
            "--by",
            "maria",
        ];
        sandbox.run(&[&cheque[..], &["--reason", "Εθνική"], more, &["--as-of", "2025-03-03"]].concat())
    };
    let held = cheque(&[]).exits(0).stdout;
    let again = cheque(&[]).exits(1);
    assert!(again.stderr.contains("recorded already"), "{}", again.stderr);
    // another one counts the services that are on hold, not those that were not yet
    assert_eq!(cheque(&["--other-money"]).exits(0).stdout.lines().next(), held.lines().next());
    let status = sandbox.run(&["status", "--as-of", "2025-03-03"]).exits(0).stdout.replace('\u{a0}', " ");
    assert!(status.contains("Σε αναμονή") && status.contains("επιταγή 74,40 €: Εθνική"), "{status}");
    let json = sandbox.run(&["status", "--json", "--as-of", "2025-03-03"]).json();
    assert_eq!(json["on_hold"][0]["until"], "2025-05-15");
    let explained =
        narrow(&sandbox, &["explain", "K-1", "--as-of", "2025-03-03"], "80").replace('\u{a0}', " ");
    assert!(explained.contains("σε αναμονή έως 15/05/2025"), "no window cuts that off: {explained}");
    assert!(list(&sandbox, &["services", "--state", "ΕΝΕΡΓΗ"], "2025-03-03").exits(0).stdout.contains("S-1"));
    assert_eq!(
        list(&sandbox, &["services", "--state", "σε αναστολή"], "2025-03-03").exits(0).stdout.trim(),
        "τίποτα προς εμφάνιση"
    );
    // a day that is none is listed as such, and hides no other
    let edit = "PRAGMA ignore_check_constraints = ON;
        UPDATE services SET hold_until = '2099-02-30', hold_note = 'x' WHERE code = 'S-2'";
    rusqlite::Connection::open(sandbox.path("konet.db")).unwrap().execute_batch(edit).unwrap();
    let json = sandbox.run(&["status", "--json", "--as-of", "2025-03-03"]).exits(0).json();
    assert_eq!(json["on_hold"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn money_given_to_the_wrong_customer_is_taken_back_and_not_reversed() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    sandbox.pay("2025-03-02;74,40;T-1;;;;ΑΓΝΩΣΤΟΣ;\n", "2025-03-02");
    let record = |arguments: &[&str]| {
        sandbox.run(&[&["record"], arguments, &["--by", "maria", "--as-of", "2025-03-03"]].concat())
    };
    record(&["assign", "1", "K-1"]).exits(0);
    let reversed = record(&["reverse", "1", "--dry-run"]).exits(0).stdout;
    assert!(reversed.contains("`record assign 1 --undo`"), "{reversed}");
    record(&["assign", "1", "--undo"]).exits(0);
    record(&["assign", "1", "K-2"]).exits(0);
    record(&["reverse", "1"]).exits(0);
    let undone = record(&["assign", "1", "--undo"]).exits(1);
    assert!(undone.stderr.contains("all of payment 1 went back"), "{}", undone.stderr);
    let payments = list(&sandbox, &["payments"], "2025-03-03").exits(0).stdout.replace('\u{a0}', " ");
    let sum = payments.lines().last().unwrap();
    assert!(sum.contains("74,40 €") && sum.contains("0,00 €"), "what came and what stayed: {payments}");
    // the past in words, with who said what
    let past = sandbox
        .run(&["explain", "K-2", "--all", "--as-of", "2025-03-03"])
        .exits(0)
        .stdout
        .replace('\u{a0}', " ");
    assert!(past.contains("πληρωμή 1") && past.contains("(maria)"), "{past}");
    sandbox.pay("2025-03-03;124,00;T-9;K-1;;;;\n", "2025-03-03").exits(0);
    let screen =
        sandbox.run(&["explain", "K-1", "--as-of", "2025-03-03"]).exits(0).stdout.replace('\u{a0}', " ");
    assert!(screen.contains("124,00 € για S-1"), "what a payment paid: {screen}");
    for jargon in ["_cents", "exact_", "period_from", "message_queued"] {
        assert!(!past.contains(jargon), "{jargon}: {past}");
    }
}

#[test]
fn an_act_says_what_it_changes_before_and_after_and_what_stays_off() {
    let sandbox = Sandbox::with_company("2025-02-01");
    in_greek(&sandbox);
    let record = |arguments: &[&str]| {
        let ran =
            sandbox.run(&[&["record"], arguments, &["--by", "maria", "--as-of", "2025-03-03"]].concat());
        ran.exits(0).stdout.replace('\u{a0}', " ")
    };
    let changed = record(&["change", "S-1", "--price", "110"]);
    assert!(changed.contains("110,00 € χωρίς ΦΠΑ, αντί 100,00 €,"), "{changed}");
    sandbox.notify("2025-03-03");
    let changed = record(&["change", "S-1", "--price-gross", "80"]);
    assert!(changed.contains("80,00 € με ΦΠΑ, αντί 110,00 €,"), "{changed}");
    // this period is charged already: it begins with the next
    assert!(changed.contains("από την περίοδο που αρχίζει στις 31/03/2026"), "{changed}");
    record(&["discount", "S-1", "20,00"]);
    let card =
        sandbox.run(&["render-card", "K-1", "--format", "text", "--as-of", "2025-03-03"]).exits(0).stdout;
    assert!(card.contains("Έκπτωση"), "{card}");
    let services = "code;customer;kind;name;price;period_months;expires_on;state;suspension_reason\n\
        S-9;K-2;hosting;Φ;60,00;12;2025-03-01;suspended;abuse\n";
    sandbox.import("services", services, "2025-03-03");
    let paid = record(&["payment", "K-2", "74,40", "--for", "S-9"]);
    assert!(paid.contains("εξοφλήθηκε S-9") && paid.contains("παραμένουν σε αναστολή: S-9"), "{paid}");
    let nobody = sandbox.run(&["find", "alpha", "κανένας", "--as-of", "2025-03-03"]).exits(0).stdout;
    assert!(nobody.contains("alpha: 1 πελάτης") && nobody.contains("κανένας: 0 πελάτες"), "{nobody}");
}

#[test]
fn one_record_that_cannot_be_read_keeps_nobody_else_from_being_listed() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let edit = "PRAGMA ignore_check_constraints = ON; UPDATE services SET expires_on = '2025-02-30x' WHERE code = 'S-2'";
    rusqlite::Connection::open(sandbox.path("konet.db")).unwrap().execute_batch(edit).unwrap();
    for format in [&["--json"][..], &["--csv"], &[]] {
        let listed = sandbox.run(&[&["list", "services"], format].concat()).exits(3);
        assert!(listed.stdout.contains("S-1") && !listed.stdout.contains("S-2"), "{listed:?}");
        assert!(listed.stderr.contains("left out") && listed.stderr.contains("2025-02-30x"), "{listed:?}");
    }
    sandbox.run(&["list", "customers"]).exits(0);
}

#[test]
fn who_has_read_enough_of_a_long_list_ends_it_in_peace() {
    let sandbox = Sandbox::with_company("2025-02-01");
    // more than a pipe holds
    let rows: String =
        (0..3000).map(|at| format!("K-1{at:05};{};a@a.example\n", "Άλφα ".repeat(20))).collect();
    sandbox.import("customers", format!("code;name;email\n{rows}"), "2025-02-01").exits(0);
    for format in ["--csv", "--json"] {
        let mut child = sandbox
            .command(&["list", "customers", format])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{format}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}
