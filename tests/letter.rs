//! The e-mail of a card: every stage, both languages, hostile values.

use crate::support::cards::{card, event, line, six_lines};
use konet_billing::billing::card::{BillingCard, CardStatus};
use konet_billing::billing::customer::Language;
use konet_billing::billing::money::Money;
use konet_billing::billing::notice::Stage;
use konet_billing::billing::reference::grouped;
use konet_billing::card::Wording;
use konet_billing::card::letter::{Letters, RenderedLetter};
use std::path::Path;

fn words() -> Wording {
    Wording::load(None).unwrap()
}

fn written(card: &BillingCard) -> RenderedLetter {
    Letters::load(None, words()).unwrap().render(card).unwrap()
}

pub(crate) const STAGES: [Stage; 12] = [
    Stage::Before(15),
    Stage::Expiry,
    Stage::After(5),
    Stage::Warning,
    Stage::Reopened,
    Stage::Suspended,
    Stage::Final,
    Stage::Terminated,
    Stage::Renewed,
    Stage::Reinstated,
    Stage::Cancelled,
    Stage::OnRequest,
];

/// A card of one stage, with something due.
pub(crate) fn of_stage(stage: Stage, language: Language) -> BillingCard {
    match stage {
        Stage::Before(_) | Stage::OnRequest => card(language, vec![line(0, 10, Some(stage))], Vec::new()),
        Stage::Expiry => card(language, vec![line(0, 0, Some(stage))], Vec::new()),
        Stage::After(_) => card(language, vec![line(0, -5, Some(stage))], Vec::new()),
        Stage::Warning => card(language, vec![line(0, -9, Some(stage))], Vec::new()),
        Stage::Reopened => card(language, vec![line(0, -20, Some(stage))], Vec::new()),
        Stage::Final => card(language, vec![line(0, -35, Some(stage))], Vec::new()),
        event_stage => card(language, vec![line(0, 20, None)], vec![event(event_stage)]),
    }
}

#[test]
fn every_stage_in_both_languages_says_what_how_much_and_until_when() {
    for language in [Language::Greek, Language::English] {
        let mut subjects = Vec::new();
        for stage in STAGES {
            let card = of_stage(stage, language);
            let letter = written(&card);
            let amount = match language {
                Language::Greek => card.total_due.to_string(),
                Language::English => format!("€{}", card.total_due.english_digits()),
            };
            for body in [&letter.text, &letter.html] {
                for part in [
                    amount.as_str(),
                    &grouped(card.payment.reference.as_str()),
                    "GR16 0110 1250 0000 0001 2300 695",
                    "mythos-0.example",
                ] {
                    assert!(body.contains(part), "{stage} {language:?}: «{part}» is not in {body}");
                }
                assert!(!body.contains("{{"), "{body}");
            }
            assert!(letter.subject.contains("KX-2025-000123"), "{}", letter.subject);
            subjects.push(letter.subject);
        }
        subjects.sort();
        subjects.dedup();
        // a reminder and the day of expiry may be worded alike, but they name different days
        assert_eq!(subjects.len(), STAGES.len(), "{subjects:#?}");
    }
}

#[test]
fn subjects_name_the_first_service_and_count_the_others() {
    let letter = written(&of_stage(Stage::Before(15), Language::Greek));
    assert_eq!(
        letter.subject,
        "Λήξη στις 26/09/2025: mythos-0.example (Φιλοξενία ιστοσελίδων Business SSD 20 GB) – 119,04 € (KX-2025-000123)"
    );
    let lines = vec![line(0, 10, Some(Stage::Before(15))), line(1, 6, Some(Stage::Before(7)))];
    let letter = written(&card(Language::Greek, lines, Vec::new()));
    assert_eq!(
        letter.subject,
        "mythos-1.example και 1 ακόμη υπηρεσία: λήξη από 22/09/2025 – 140,00 € (KX-2025-000123)"
    );
}

#[test]
fn however_long_a_name_is_its_subject_ends_with_the_number_of_the_card() {
    let mut lines = vec![line(0, 10, Some(Stage::Before(15))), line(1, 6, Some(Stage::Before(7)))];
    for (name, domain) in
        [("μ".repeat(300), "x.example".to_owned()), ("Φ".to_owned(), format!("{}.example", "x".repeat(240)))]
    {
        (lines[1].name, lines[1].domain_name) = (name, Some(domain));
        lines[1].kind = Some(konet_billing::billing::service::ServiceKind::Hosting);
        let subject = written(&card(Language::Greek, lines.clone(), Vec::new())).subject;
        assert!(subject.chars().count() <= 180, "{subject}");
        assert!(subject.contains('…') && subject.ends_with("(KX-2025-000123)"), "{subject}");
    }
}

#[test]
fn a_message_takes_the_tone_of_its_gravest_news() {
    let lines = vec![line(0, -40, Some(Stage::Final)), line(1, 6, Some(Stage::Before(7)))];
    let letter = written(&card(Language::Greek, lines, vec![event(Stage::Renewed)]));
    assert!(letter.subject.starts_with("Τελευταία ειδοποίηση"), "{}", letter.subject);
    assert!(letter.text.contains("Ανανεώθηκε. Νέα λήξη 10/09/2026."), "{}", letter.text);
}

#[test]
fn where_nothing_is_due_nothing_is_asked_for() {
    let letter = written(&card(Language::Greek, Vec::new(), vec![event(Stage::Renewed)]));
    for body in [&letter.text, &letter.html] {
        assert!(
            !body.contains("IBAN") && !body.contains("GR16") && !body.contains("Πληρωτέο ποσό"),
            "{body}"
        );
        assert!(body.contains("ανανεώθηκε"));
    }
}

#[test]
fn values_are_values_whatever_they_hold() {
    let mut card = six_lines(Language::Greek);
    card.lines[0].name = "<script>alert(1)</script> {{number}} & \"x\"".to_owned();
    let letter = written(&card);
    assert!(!letter.html.contains("<script>"));
    assert!(letter.html.contains("&lt;script&gt;"), "{}", letter.html);
    assert!(letter.text.contains("<script>alert(1)</script> {{number}} & \"x\""));
    card.lines[0].domain_name = Some("a\r\nBcc: x@evil.example".to_owned());
    card.lines[0].stage = Some(Stage::Final);
    let subject = written(&card).subject;
    assert!(!subject.contains(['\r', '\n']), "{subject}");
}

#[test]
fn trial_and_preview_are_marked_in_the_subject() {
    for (status, mark) in [(CardStatus::Trial, "[ΔΟΚΙΜΗ] "), (CardStatus::Preview, "[ΠΡΟΕΠΙΣΚΟΠΗΣΗ] ")]
    {
        let mut card = six_lines(Language::English);
        card.status = status;
        assert!(written(&card).subject.starts_with(mark));
        // a company's words from before the marks were words do not lose them
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("en")).unwrap();
        let own = include_str!("../templates/en/card.toml").lines().filter(|line| !line.contains("_mark = "));
        let own = own.collect::<Vec<_>>().join("\n").replace("Billing Card", "Card of ours");
        std::fs::write(folder.path().join("en/card.toml"), own).unwrap();
        let letters = Letters::load(None, Wording::load(Some(folder.path())).unwrap()).unwrap();
        assert!(letters.render(&card).unwrap().subject.starts_with(mark));
    }
}

#[test]
fn a_folder_replaces_single_templates_and_its_faults_are_all_told() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    put("el/subject.txt.hbs", "Δικό μας {{number}}");
    let letters = Letters::load(Some(folder.path()), words()).unwrap();
    assert_eq!(letters.render(&six_lines(Language::Greek)).unwrap().subject, "Δικό μας KX-2025-000123");
    // names that the built-in templates need no more are a company's own all the same
    put(
        "en/body.txt.hbs",
        "{{#if payment}}{{payment.iris}}{{#if payment.link}} {{payment.link}}{{/if}}{{/if}}",
    );
    let letters = Letters::load(Some(folder.path()), words()).unwrap();
    assert_eq!(letters.render(&six_lines(Language::English)).unwrap().text, "VAT No. 090000045");
    put("el/subject.txt.hbs", "{{#if number}}");
    put("en/strings.toml", "[reminder]\nsubject = \"x\"\nheadline = \"x\"\nlead = \"x\"\n");
    let faults = Letters::load(Some(folder.path()), words()).err().unwrap().join("\n");
    assert!(faults.contains("el/subject.txt.hbs") && faults.contains("en/strings.toml"), "{faults}");
    put("el/subject.txt.hbs", "{{numbr}}");
    std::fs::remove_file(folder.path().join("en/strings.toml")).unwrap();
    let faults = Letters::load(Some(folder.path()), words()).err().unwrap().join("\n");
    assert!(faults.contains("numbr"), "{faults}");
}

/// Relative luminance of `#rrggbb` (WCAG 2.1).
fn luminance(color: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn every_text_stands_out_from_what_is_behind_it_by_day_and_by_night() {
    let template = include_str!("../templates/el/body.html.hbs");
    for (text, behind) in [
        ("#1f2933", "#ffffff"),
        ("#52606d", "#ffffff"),
        ("#0f4c5c", "#ffffff"),
        ("#9c2f1f", "#ffffff"),
        ("#1f2933", "#eef3f6"),
        ("#52606d", "#eef3f6"),
        ("#0f4c5c", "#eef3f6"),
        ("#9c2f1f", "#eef3f6"),
        ("#ffffff", "#0f4c5c"),
        ("#d9e6ea", "#0f4c5c"),
        ("#1f2933", "#e9b949"),
        ("#eef3f6", "#18242b"),
        ("#aebcc6", "#18242b"),
        ("#7fc4d6", "#18242b"),
        ("#ffab9b", "#18242b"),
        ("#eef3f6", "#22323b"),
        ("#aebcc6", "#22323b"),
        ("#7fc4d6", "#22323b"),
        ("#ffab9b", "#22323b"),
    ] {
        assert!(template.contains(text) && template.contains(behind), "{text} on {behind} is used no more");
        let (a, b) = (luminance(text), luminance(behind));
        let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
        assert!(contrast >= 4.5, "{text} on {behind}: {contrast:.2}");
    }
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    for template in
        [include_str!("../templates/el/body.html.hbs"), include_str!("../templates/en/body.html.hbs")]
    {
        // data for mail programs, which is neither fetched nor run
        let data = r#"<script type="application/ld+json">{{{markup}}}</script>"#;
        assert_eq!(template.matches(data).count(), 1);
        let template = template.replace(data, "");
        for remote in ["http://", "https://", "url(", "<img", "<link", "<script", "@import"] {
            assert!(!template.contains(remote), "{remote}");
        }
    }
}

/// What a mail program is told of a letter, if anything.
fn markup(html: &str) -> Option<serde_json::Value> {
    let (_, rest) = html.split_once(r#"<script type="application/ld+json">"#)?;
    serde_json::from_str(rest.split_once("</script>")?.0).ok()
}

#[test]
fn mail_programs_are_told_the_amount_and_the_deadline_of_the_card() {
    let mut card = six_lines(Language::Greek);
    card.customer.name = "</script><b>ΑΒ & Σία</b>".to_owned();
    let told = markup(&written(&card).html).unwrap();
    assert_eq!(told["@type"], "Invoice");
    assert_eq!(told["identifier"], card.number.as_str());
    assert_eq!(told["customer"]["name"], card.customer.name, "and nothing in a name ends the data");
    let cents = card.total_due.cents();
    assert_eq!(told["totalPaymentDue"]["price"], format!("{}.{:02}", cents / 100, cents % 100));
    assert_eq!(told["paymentDueDate"], serde_json::json!(card.due_by));
    let now = card.due_now().cents();
    assert!(now < cents, "the rest may be paid later");
    assert_eq!(told["minimumPaymentDue"]["price"], format!("{}.{:02}", now / 100, now % 100));
    assert_eq!(told["paymentStatus"], "https://schema.org/PaymentPastDue");

    let at_once = BillingCard { due_by: None, later: None, ..card };
    let told = markup(&written(&at_once).html).unwrap();
    assert!(told.get("paymentDueDate").is_none() && told.get("minimumPaymentDue").is_none(), "{told}");
    let settled = self::card(Language::Greek, Vec::new(), Vec::new());
    assert_eq!(settled.total_due, Money::ZERO);
    assert!(!written(&settled).html.contains("application/ld+json"), "nothing is due, nothing is told");
}

#[test]
fn charges_and_sums_are_tables_whose_heads_say_what_they_are_of() {
    for language in Language::ALL {
        let html = written(&six_lines(language)).html;
        assert_eq!(html.matches(r#"<th scope="col""#).count(), 2 * 3, "two columns of three groups");
        assert!(html.matches(r#"<th scope="row""#).count() >= 6 + 4, "each charge and each sum");
        // what only places things is said to do so, and a table of data is not
        for table in html.split("<table ").skip(1) {
            let table = table.split("</table>").next().unwrap();
            assert_ne!(table.contains("<th scope"), table.starts_with("role=\"presentation\""), "{table}");
        }
    }
}

/// Not a test of anything: writes sample letters where `KONET_BILLING_LOOK` names a folder.
#[test]
fn samples_to_look_at() {
    let Ok(folder) = std::env::var("KONET_BILLING_LOOK") else { return };
    for language in [Language::Greek, Language::English] {
        for stage in STAGES {
            let letter = written(&of_stage(stage, language));
            let name = format!("{stage}-{}", language.code());
            std::fs::write(Path::new(&folder).join(format!("{name}.html")), letter.html).unwrap();
            std::fs::write(Path::new(&folder).join(format!("{name}.txt")), letter.text).unwrap();
        }
        let letter = written(&six_lines(language));
        let name = format!("six-{}", language.code());
        std::fs::write(Path::new(&folder).join(format!("{name}.html")), letter.html).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.txt")), letter.text).unwrap();
    }
}
