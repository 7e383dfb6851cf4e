//! `[mail]`: who writes, who is copied, and in what language.

use super::Mail;
use super::section::Section;
use crate::billing::address;
use crate::billing::card::Company;
use crate::billing::customer::Language;
use crate::mail::compose::address_of;
use std::path::PathBuf;

/// Nothing is put behind an address that also gets other mail: only a mailbox of bounces is named on purpose.
pub(super) fn recipient_delimiter(section: &Section<'_>, has_mailbox: bool) -> Option<char> {
    let text = section.text("recipient_delimiter").unwrap_or_else(|| "+".to_owned());
    match text.as_str() {
        "+" | "-" | "=" | "_" => text.chars().next().filter(|_| has_mailbox),
        "none" => None,
        other => {
            let fault = format!("`mail.recipient_delimiter` = `{other}`");
            section.fault("recipient_delimiter", fault, Some("\"+\", \"-\", \"=\", \"_\" or \"none\""));
            None
        }
    }
}

pub(super) fn mail(section: &Section<'_>, company: &Company, place: &impl Fn(String) -> PathBuf) -> Mail {
    let given = section.text("from").or_else(|| company.email.clone());
    let from = given.unwrap_or_else(|| {
        section
            .needed_text("from", "the sender of every message, such as \"Konet <accounting@konet.example>\"")
    });
    check_mailbox(section, "from", &from);
    let checked = |key| {
        let text = section.text(key);
        if let Some(text) = &text {
            check_mailbox(section, key, text);
        }
        text
    };
    let envelope_from = checked("envelope_from");
    let recipient_delimiter = recipient_delimiter(section, envelope_from.is_some());
    let language = super::language(section, "mail");
    let mail = Mail {
        envelope_from: address_of(envelope_from.as_deref().unwrap_or(&from)).to_owned(),
        recipient_delimiter,
        reply_to: checked("reply_to"),
        bcc: checked("bcc"),
        accounting: section.texts("accounting").unwrap_or_default(),
        digest_always: digest_always(section),
        language: language.unwrap_or(Language::Greek),
        templates: section.text("templates").map(place),
        archive_months: section.number("archive_months", 600).unwrap_or(120),
        gather_days: section.number("gather_days", 30).unwrap_or(0),
        from,
    };
    for address in &mail.accounting {
        check_mailbox(section, "accounting", address);
    }
    section.finish();
    mail
}

/// `always`, or only where there is `news`.
fn digest_always(section: &Section<'_>) -> bool {
    match section.text("digest").as_deref() {
        None | Some("always") => true,
        Some("news") => false,
        Some(other) => {
            section.fault("digest", format!("`mail.digest` = `{other}`"), Some("\"always\" or \"news\""));
            true
        }
    }
}

pub(super) fn check_mailbox(section: &Section<'_>, key: &'static str, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Err(why) = address::check(address_of(text)) {
        section.fault(key, format!("`{}`: {why}", section.path(key)), None);
    }
}
