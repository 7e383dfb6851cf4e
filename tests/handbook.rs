//! The accountant's handbook is true: every command of it is run as it stands, in its order, and shows what it says.

use crate::support::sandbox::Sandbox;
use std::path::PathBuf;

const TODAY: &str = "2026-09-07";

fn company() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.reconfigure("[staff]\nlanguage = \"en\"", "[staff]\nlanguage = \"el\"");
    let customers = "code;name;email;phone;tax_id\n\
        K-0150;Ζαφειρίου Ελένη;eleni@ergo.example;2310 000 150;000000012\n\
        K-0151;Βασιλείου Νίκος;nikos@palio.example;2310 000 151;000000024\n\
        K-0152;Αντωνίου Νίκος;info@antoniou.example;2310 000 152;000000036\n\
        K-0153;Παλαιός Οφειλέτης;info@palaios.example;2310 000 153;000000048\n";
    let services = "code;customer;kind;name;domain_name;price;period_months;expires_on\n\
        S-0410;K-0150;hosting;Φιλοξενία Starter;ergo.example;60,00;12;30/09/2026\n\
        S-0414;K-0150;domain;Όνομα χώρου;ergo.example;16,90;12;30/09/2026\n\
        S-0411;K-0151;hosting;Φιλοξενία Starter;palio.example;60,00;12;30/09/2026\n\
        S-0412;K-0151;ssl;Πιστοποιητικό;palio.example;60,00;12;30/11/2026\n\
        S-0413;K-0152;hosting;Φιλοξενία Starter;antoniou.example;60,00;12;20/09/2026\n\
        S-0415;K-0153;hosting;Φιλοξενία Starter;palaios.example;60,00;12;20/08/2026\n";
    sandbox.import("customers", customers, "2026-08-01").exits(0);
    sandbox.import("services", services, "2026-08-01").exits(0);
    sandbox.run(&["notify", "--as-of", "2026-09-05"]).exits(0);
    sandbox.pay("06/09/2026;50,00;T-1;;;;ΑΓΝΩΣΤΟΣ ΚΑΤΑΘΕΤΗΣ;\n", "2026-09-06");
    sandbox
}

/// A command line as a shell would take it apart.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words
}

#[test]
fn every_task_of_the_handbook_is_done_as_it_is_written() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/handbook.md");
    let text = std::fs::read_to_string(page).unwrap();
    let sandbox = company();
    let tasks = text.matches("\n## ").count();
    assert_eq!(tasks, 20);
    let mut commands = 0;
    for block in text.split("```").skip(1).step_by(2) {
        let mut shown: Option<(String, String)> = None;
        for line in block.lines().filter(|line| !line.is_empty()) {
            if let Some(promised) = line.strip_prefix("> ") {
                let (command, output) = shown.as_ref().expect("a command before what it shows");
                let plain = output.replace('\u{a0}', " ");
                assert!(plain.contains(promised), "{command}\ndoes not show «{promised}»:\n{output}");
                continue;
            }
            let mut arguments = words(line.strip_prefix("konet-billing ").expect("a command"));
            arguments.extend(["--as-of".to_owned(), TODAY.to_owned()]);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ran = sandbox.run(&arguments);
            assert!(ran.did(), "{line}: {ran:?}");
            commands += 1;
            shown = Some((line.to_owned(), ran.stdout));
        }
    }
    assert!(commands >= 22, "{commands}");
}
