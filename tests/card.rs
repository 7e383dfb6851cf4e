//! The card's PDF, opened by other programs.

use crate::support::cards::{card, day, event, line, six_lines};
use crate::support::sandbox::Sandbox;
use konet_billing::billing::card::{Awaited, BillingCard, CardLine, CardStatus, Company, Iris, VatSum};
use konet_billing::billing::charge::ChargeSource;
use konet_billing::billing::customer::{Language, PaymentReference};
use konet_billing::billing::ids::CardNumber;
use konet_billing::billing::money::Money;
use konet_billing::billing::notice::Stage;
use konet_billing::billing::service::ServiceKind;
use konet_billing::billing::vat::VatRate;
use konet_billing::card::Wording;
use konet_billing::card::pdf::{CardError, Look, proof, render};
use std::path::Path;
use std::process::Command;

/// Built-in words, no pictures.
fn look() -> Look {
    Look { logo: None, iris_code: None, wording: Wording::load(None).unwrap() }
}

fn drawn(card: &BillingCard) -> Vec<u8> {
    render(card, &look()).unwrap()
}

/// The text that a reader extracts, white space folded; `None` where the tool is missing.
fn extracted(pdf: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("card.pdf");
    std::fs::write(&file, pdf).unwrap();
    let output = run("pdftotext", &["-layout".as_ref(), file.as_ref(), "-".as_ref()])?;
    Some(String::from_utf8(output).unwrap().split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Runs a tool that a machine may lack; says so then.
fn run(tool: &str, arguments: &[&Path]) -> Option<Vec<u8>> {
    match Command::new(tool).args(arguments).output() {
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{tool}: {words}");
            Some(output.stdout)
        }
        Err(_) => {
            eprintln!("NOT CHECKED: `{tool}` is not installed");
            None
        }
    }
}

#[test]
fn every_amount_date_and_name_of_the_card_can_be_read_in_the_pdf() {
    for language in [Language::Greek, Language::English] {
        let card = six_lines(language);
        let Some(text) = extracted(&drawn(&card)) else { return };
        let mut expected = vec![
            card.number.to_string(),
            "KX-2025-000097".to_owned(),
            "mythos-0.example".to_owned(),
            "ραδιόφωνο.example".to_owned(),
            "GR16 0110 1250 0000 0001 2300 695".to_owned(),
            konet_billing::billing::reference::grouped(card.payment.reference.as_str()),
            "Ἀφοὶ Παπαδοπούλου".to_owned(),
        ];
        let digits = |money: Money| match language {
            Language::Greek => money.greek_digits(),
            Language::English => money.english_digits(),
        };
        for line in &card.lines {
            expected.extend([line.amounts.net, line.amounts.vat, line.amounts.gross].map(digits));
            let period = line.period().unwrap();
            if language == Language::Greek {
                expected.push(period.from.format("%d/%m/%Y").to_string());
                expected.push(period.last_day().format("%d/%m/%Y").to_string());
                expected.push(period.to.format("%d/%m/%Y").to_string());
                expected.extend(line.suspend_on.map(|d| format!("αναστολή στις {}", d.format("%d/%m/%Y"))));
                expected.extend(line.terminate_on.map(|d| format!("διαγραφή στις {}", d.format("%d/%m/%Y"))));
            }
        }
        expected.extend([card.totals.net, card.totals.vat, card.totals.gross, card.total_due].map(digits));
        expected.extend([card.overdue, card.paid].map(digits));
        if language == Language::Greek {
            expected.extend(
                ["Καρτέλα Χρέωσης", "Προτιμολόγιο", "Αιτιολογία κατάθεσης"].map(str::to_owned).map(|label| {
                    if label == "Αιτιολογία κατάθεσης" {
                        "ΑΙΤΙΟΛΟΓΙΑ ΚΑΤΑΘΕΣΗΣ".to_owned()
                    } else {
                        label
                    }
                }),
            );
            expected.push("Το παρόν δεν αποτελεί φορολογικό παραστατικό".to_owned());
        }
        for part in expected {
            assert!(text.contains(&part), "«{part}» is not in the PDF: {text}");
        }
    }
}

#[test]
fn the_same_card_has_the_same_bytes_and_few_of_them() {
    let card = six_lines(Language::Greek);
    let first = drawn(&card);
    for _ in 0..5 {
        assert_eq!(drawn(&card), first);
    }
    assert!(first.len() <= 30_000, "{} bytes", first.len());
}

#[test]
fn other_programs_find_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (name, card) in [
        ("six", six_lines(Language::Greek)),
        ("sixty", card(Language::English, (0..60).map(|i| line(i, 5, None)).collect(), Vec::new())),
        ("none", card(Language::Greek, Vec::new(), Vec::new())),
    ] {
        let file = folder.path().join(format!("{name}.pdf"));
        std::fs::write(&file, drawn(&card)).unwrap();
        run("qpdf", &["--check".as_ref(), &file]);
        if let Some(fonts) = run("pdffonts", &[&file]) {
            let fonts = String::from_utf8(fonts).unwrap();
            for font in fonts.lines().skip(2) {
                assert!(font.contains("+KonetSans") && font.contains("yes yes yes"), "{font}");
            }
        }
    }
}

#[test]
fn a_long_card_loses_no_line_and_counts_its_pages() {
    let card = card(Language::Greek, (0..60).map(|i| line(i, 5, None)).collect(), Vec::new());
    let Some(text) = extracted(&drawn(&card)) else { return };
    for index in 0..60 {
        assert!(text.contains(&format!("mythos-{index}.example")), "line {index}");
    }
    let pages = text.matches("Νέα λήξη").count();
    assert_eq!(pages, 3, "the head is repeated, and sixty domains take no more than three pages");
    assert!(
        text.contains(&format!("Σελίδα {pages} από")) || text.contains(&format!("από {pages}")),
        "{text}"
    );
    assert!(text.contains("Εκ μεταφοράς"));
}

/// How many pages a card has; `None` where the tool is missing.
fn pages(pdf: &[u8]) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("card.pdf");
    std::fs::write(&file, pdf).unwrap();
    let told = String::from_utf8(run("pdfinfo", &[&file])?).unwrap();
    told.lines().find_map(|line| line.strip_prefix("Pages:"))?.trim().parse().ok()
}

#[test]
fn six_lines_three_banks_and_a_code_to_scan_stand_on_one_page() {
    for language in [Language::Greek, Language::English] {
        let six = six_lines(language);
        let (events, receipts, settled, custom_apps) = Default::default();
        let mut card = BillingCard { events, receipts, settled, custom_apps, ..six };
        let third = card.payment.banks[0].clone();
        card.payment.banks.push(third);
        assert!(card.payment.epc_qr.is_some() && card.lines.len() == 6);
        assert!(pages(&drawn(&card)).is_none_or(|pages| pages == 1), "{language}");
    }
}

#[test]
fn the_sums_are_on_the_page_of_the_last_line() {
    for lines in 1..40 {
        let card = card(Language::Greek, (0..lines).map(|i| line(i, 5, None)).collect(), Vec::new());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("card.pdf");
        std::fs::write(&file, drawn(&card)).unwrap();
        let Some(text) = run("pdftotext", &["-layout".as_ref(), file.as_ref(), "-".as_ref()]) else { return };
        let text = String::from_utf8(text).unwrap();
        let of_sums = text.split('\u{c}').find(|page| page.contains("Σύνολο με ΦΠΑ")).unwrap();
        assert!(of_sums.contains(&format!("mythos-{}.example", lines - 1)), "{lines} lines");
    }
}

/// The parts of a card as somebody hears them who has it read aloud: `H1 «…»`, in their order.
fn structure(pdf: &[u8]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("card.pdf");
    std::fs::write(&file, pdf).unwrap();
    let told = String::from_utf8(run("pdfinfo", &["-struct-text".as_ref(), file.as_ref()])?).unwrap();
    let mut parts: Vec<String> = Vec::new();
    for line in told.lines().map(str::trim) {
        match (line.strip_prefix('"').and_then(|line| line.strip_suffix('"')), parts.last_mut()) {
            (Some(text), Some(part)) => part.push_str(&format!(" «{text}»")),
            _ => parts.push(line.trim_end_matches(':').replace(" (block)", "").replace(" (inline)", "")),
        }
    }
    Some(parts)
}

#[test]
fn who_has_it_read_aloud_hears_title_amount_accounts_and_table_in_that_order() {
    let mut card = six_lines(Language::Greek);
    card.payment.link = Some("https://pay.konet.example/K-0042".to_owned());
    let bytes = drawn(&card);
    let Some(parts) = structure(&bytes) else { return };
    let places: Vec<usize> = [
        "H1 «Καρτέλα Χρέωσης»",
        "P «Αριθμός» «KX-2025-000123»",
        "H2 «ΥΠΗΡΕΣΙΑ ΣΕ ΑΝΑΣΤΟΛΗ»",
        "P «ΠΛΗΡΩΤΕΟ ΠΟΣΟ» «589,72 €»",
        "TD «GR16 0110 1250 0000 0001 2300 695»",
        "Link «Κάρτα: https://pay.konet.example/K-0042»",
        "/Scope /Column «Υπηρεσία»",
        "/Scope /Row «mythos-0.example»",
        "TD «96,00»",
        "/Scope /Row «Πληρωτέο ποσό»",
        "H2 «Εξοφλημένες υπηρεσίες»",
    ]
    .iter()
    .map(|part| {
        let found = parts.iter().position(|heard| heard.starts_with(part));
        found.unwrap_or_else(|| panic!("{part} is not heard: {parts:#?}"))
    })
    .collect();
    assert!(places.is_sorted(), "{places:?}");
    // the table goes on over the pages, and what is repeated there is not heard again
    assert_eq!(parts.iter().filter(|part| *part == "Table").count(), 3, "accounts, charges, sums");
    assert_eq!(parts.iter().filter(|part| part.contains("«Νέα λήξη»")).count(), 1);
    assert!(!parts.iter().any(|part| part.contains("Εκ μεταφοράς") || part.contains("Σελίδα 1")));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("card.pdf");
    std::fs::write(&file, &bytes).unwrap();
    let Some(links) = run("pdfinfo", &["-url".as_ref(), file.as_ref()]) else { return };
    assert!(String::from_utf8(links).unwrap().contains("https://pay.konet.example/K-0042"));
    let Some(told) = run("pdfinfo", &[&file]) else { return };
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("Tagged:          yes"), "{told}");
    let Some(xmp) = run("pdfinfo", &["-meta".as_ref(), file.as_ref()]) else { return };
    let xmp = String::from_utf8(xmp).unwrap();
    assert!(xmp.contains("Καρτέλα Χρέωσης KX-2025-000123") && xmp.contains("<rdf:li>el</rdf:li>"), "{xmp}");
}

#[test]
fn a_very_long_name_is_wrapped_not_lost() {
    let mut card = card(Language::Greek, vec![line(0, 5, None)], Vec::new());
    let name = format!("Υπηρεσία{} τέλος", "μακρύ".repeat(40));
    card.lines[0].name = name.clone();
    card.customer.name = name;
    let Some(text) = extracted(&drawn(&card)) else { return };
    let count = text.replace(' ', "").matches("τέλος").count();
    assert_eq!(count, 2, "{text}");
}

#[test]
fn a_character_that_the_fonts_lack_fails_the_card_and_is_named() {
    let mut card = six_lines(Language::Greek);
    card.customer.name = "Ταβέρνα 🐙".to_owned();
    match render(&card, &look()) {
        Err(CardError::Glyph { character, text }) => {
            assert_eq!(character, '🐙');
            assert!(text.contains("Ταβέρνα"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pdf_that_says_otherwise_is_found_out() {
    let card = six_lines(Language::Greek);
    let bytes = drawn(&card);
    assert!(proof::check(&bytes, &card).is_ok());
    let found = |what: &str, change: &dyn Fn(&mut BillingCard)| {
        let mut other = card.clone();
        change(&mut other);
        match proof::check(&bytes, &other) {
            Err(CardError::Proof { what: found, .. }) => assert_eq!(found, what),
            answer => panic!("{what}: {answer:?}"),
        }
    };
    found("the amount to pay", &|card| card.total_due += Money::from_cents(1));
    found("the amount", &|card| card.lines[3].amounts.vat += Money::from_cents(1));
    found("the customer's name", &|card| card.customer.name.push('ς'));
    found("the day of consequence", &|card| card.lines[1].suspend_on = Some(day("2031-01-01")));
    found("the IBAN", &|card| card.payment.banks[0].iban.replace_range(4..5, "9"));
}

#[test]
fn a_preview_and_a_trial_say_so() {
    for (status, word) in [(CardStatus::Preview, "ΠΡΟΕΠΙΣΚΟΠΗΣΗ"), (CardStatus::Trial, "ΔΟΚΙΜΗ")]
    {
        for language in [Language::Greek, Language::English] {
            let mut card = six_lines(language);
            card.status = status;
            let Some(text) = extracted(&drawn(&card)) else { return };
            assert!(text.contains(word));
        }
    }
}

#[test]
fn the_code_to_scan_holds_exactly_the_payload() {
    let folder = tempfile::tempdir().unwrap();
    let card = six_lines(Language::Greek);
    let file = folder.path().join("card.pdf");
    std::fs::write(&file, drawn(&card)).unwrap();
    let picture = folder.path().join("page");
    if run("pdftoppm", &["-r".as_ref(), "200".as_ref(), "-png".as_ref(), &file, &picture]).is_none() {
        return;
    }
    let mut pages: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "png"));
    let mut found = Vec::new();
    for page in pages {
        match Command::new("zbarimg").args(["--raw", "--quiet"]).arg(page).output() {
            Ok(output) => found.extend(output.stdout),
            Err(_) => {
                eprintln!("NOT CHECKED: `zbarimg` is not installed");
                return;
            }
        }
    }
    assert_eq!(String::from_utf8(found).unwrap().trim_end(), card.payment.epc_qr.unwrap());
}

#[test]
fn a_logo_and_an_iris_code_are_drawn_and_a_bad_picture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logo.png");
    let mut encoder = png::Encoder::new(std::fs::File::create(&file).unwrap(), 4, 2);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_image_data(&[200; 32]).unwrap();
    let image = konet_billing::card::pdf::Image::load(&file).unwrap();
    let with = Look { logo: Some(image.clone()), iris_code: Some(image), ..look() };
    let card = six_lines(Language::Greek);
    let pdf = render(&card, &with).unwrap();
    std::fs::write(folder.path().join("card.pdf"), &pdf).unwrap();
    if let Some(list) = run("pdfimages", &["-list".as_ref(), &folder.path().join("card.pdf")]) {
        let list = String::from_utf8(list).unwrap();
        assert_eq!(list.matches("smask").count(), 2, "{list}");
    }
    std::fs::write(&file, b"no picture").unwrap();
    let fault = konet_billing::card::pdf::Image::load(&file).unwrap_err().to_string();
    assert!(fault.contains("logo.png"), "{fault}");
}

/// A card on which everything that can stand on a card does.
fn with_everything(language: Language) -> BillingCard {
    let mut card = six_lines(language);
    card.events = Stage::EACH.map(event).to_vec();
    card.events[9].awaits = Some(Awaited::Reinstatement);
    card.events[10].awaits = Some(Awaited::Registry);
    card.events[11].domain_name = None;
    card.lines = ServiceKind::ALL.into_iter().enumerate().map(|(at, kind)| kinds_line(at, kind)).collect();
    card.lines[1].source = ChargeSource::OneOff;
    card.lines[2].source = ChargeSource::Adjustment;
    card.lines[2].amounts.net = Money::from_cents(-1);
    (card.lines[2].service, card.lines[2].kind, card.lines[2].expires_on) = (None, None, None);
    (card.lines[3].domain_name, card.lines[3].suspend_on, card.lines[3].terminate_on) = (None, None, None);
    card.lines[4].suspended = true;
    card.lines[5].invoice = Some("ΤΠΥ-12".to_owned());
    card.vat.push(VatSum { rate: VatRate::from_basis_points(650), amounts: card.lines[2].amounts });
    card.credit = Money::from_cents(1_234);
    card.customer.name = "Ὁ \"Ἥλιος\" κ' Υἱός \\ Ο.Ε.\u{a0}\t😀".to_owned();
    (card.company.gemi, card.customer.tax_office) = (None, None);
    card.payment.reference = PaymentReference::BankIssued("123456789012345".to_owned());
    card.payment.banks[1].bic = None;
    card.payment.iris = Some(Iris { tax_id: None, phone: Some("2310 000000".to_owned()) });
    card.payment.link = Some("https://pay.example/?r=1&k=<2>".to_owned());
    card.vat_notes = vec!["Άρθρο 39α".to_owned(), "second".to_owned()];
    card.status = if language == Language::Greek { CardStatus::Trial } else { CardStatus::Preview };
    card
}

fn kinds_line(at: usize, kind: ServiceKind) -> CardLine {
    let in_days = i64::try_from(at).unwrap() * 10 - 20;
    CardLine { kind: Some(kind), ..line(at, in_days, Some(Stage::Before(7))) }
}

/// These were stored by the first version of the program and stand in databases: where one of them changes,
/// every customer's card gets a new number. Change a sample card together with its fingerprint here only
/// in a commit that leaves `billing/fingerprint.rs` alone.
#[test]
fn a_card_has_the_fingerprint_that_it_always_had() {
    let mut bare = card(Language::Greek, Vec::new(), Vec::new());
    (bare.settled, bare.custom_apps, bare.vat) = (Vec::new(), Vec::new(), Vec::new());
    (bare.payment.banks, bare.payment.iris, bare.company) = (Vec::new(), None, Company::default());
    for (card, expected) in [
        (bare, "2dc7820326876f5bc6b2169333b9bdf3baea5300e0f47a4dddbf51774bacaadf"),
        (six_lines(Language::Greek), "0d8e5619be6242c5121d6127627422fa0d09557297e35ce4f770b1827f0ad3df"),
        (six_lines(Language::English), "a60538c2252840780057e9b78c8a305c9c8c3a3311226e6913c788e3e69c09c0"),
        (
            with_everything(Language::Greek),
            "bdca49cf31bf48c4f97396986066712f06ba03c3662f8a8d7b043547c72a1dc1",
        ),
        (
            with_everything(Language::English),
            "884c2c8dbcbfc3ea89359ce96a5465c277aa75f82b6c52cb7d86ae58839000d7",
        ),
    ] {
        // of what a later version says more or otherwise, as it was
        let due_by = card.due_by.map(|_| day("2025-09-22"));
        let card = BillingCard { due_by, later: None, receipts: Vec::new(), ..card };
        assert_eq!(card.fingerprint(), expected);
    }
}

#[test]
fn news_number_and_day_of_issue_are_no_content_of_a_card_and_the_rest_is() {
    let card = with_everything(Language::Greek);
    let same = |change: &dyn Fn(&mut BillingCard)| {
        let mut other = card.clone();
        change(&mut other);
        other.fingerprint() == card.fingerprint()
    };
    assert!(same(&|card| card.number = CardNumber::new("KX-1999-000001")));
    assert!(same(&|card| card.replaces = None));
    assert!(same(&|card| card.issued_on = day("1999-01-01")));
    assert!(same(&|card| card.lines[0].stage = None));
    assert!(!same(&|card| card.events[0].stage = Stage::Before(29)));
    assert!(!same(&|card| card.lines[0].due += Money::from_cents(1)));
    assert!(!same(&|card| card.payment.link = None));
}

#[test]
fn a_card_that_the_first_version_stored_keeps_its_number() {
    let sandbox = Sandbox::with_company("2025-02-01");
    let number = |day: &str| sandbox.notify(day).exits(0).json()["messages"][0]["card"].clone();
    assert_eq!(number("2025-03-01"), "KX-2025-000001");
    let database = rusqlite::Connection::open(sandbox.path("konet.db")).unwrap();
    let stored: String = database.query_row("SELECT fingerprint FROM cards", [], |row| row.get(0)).unwrap();
    assert_eq!(
        stored, "c0e852a64bfec29f40a2c76fad6f964f6218f30b5b0bbad27d9b556376c22480",
        "what that version wrote"
    );
    assert_eq!(number("2025-03-29"), "KX-2025-000001");
}

/// Not a test of anything: writes sample cards where `KONET_BILLING_LOOK` names a folder, to be looked at.
#[test]
fn samples_to_look_at() {
    let Ok(folder) = std::env::var("KONET_BILLING_LOOK") else { return };
    for (name, card) in [
        ("six-el", six_lines(Language::Greek)),
        ("six-en", six_lines(Language::English)),
        ("sixty", card(Language::Greek, (0..60).map(|i| line(i, 5, None)).collect(), Vec::new())),
        ("one", card(Language::Greek, vec![line(0, 5, None)], Vec::new())),
    ] {
        std::fs::write(Path::new(&folder).join(format!("{name}.pdf")), drawn(&card)).unwrap();
    }
    for language in [Language::Greek, Language::English] {
        for stage in crate::letter::STAGES {
            let card = crate::letter::of_stage(stage, language);
            let name = format!("{stage}-{}.pdf", language.code());
            std::fs::write(Path::new(&folder).join(name), drawn(&card)).unwrap();
        }
    }
}
