//! The fixed words of the card in both languages, and how dates and amounts are written in each.

use crate::billing::card::{Awaited, Receipt};
use crate::billing::customer::Language;
use crate::billing::money::Money;
use crate::billing::period::greek_date;
use crate::billing::text::greek_capitals;
use crate::billing::vat::VatRate;
use chrono::NaiveDate;
use serde::Deserialize;
use std::path::Path;

/// The sign of an amount below zero; a hyphen is none.
const MINUS: char = '−';

/// A date as the reader's language writes it: `15/10/2026`, `15 Oct 2026`.
pub(super) fn date(language: Language, date: NaiveDate) -> String {
    match language {
        Language::Greek => greek_date(date),
        Language::English => date.format("%-d %b %Y").to_string(),
    }
}

/// An amount as the reader's language writes it: `1.234,56 €`, `€1,234.56`. The space does not break.
pub(super) fn money(language: Language, amount: Money) -> String {
    match language {
        Language::Greek if amount.cents() < 0 => format!("{MINUS}{}", -amount),
        Language::Greek => amount.to_string(),
        Language::English if amount.cents() < 0 => format!("{MINUS}€{}", (-amount).english_digits()),
        Language::English => format!("€{}", amount.english_digits()),
    }
}

/// Payments, each with its day: `100,00 € στις 02/03/2025, 60,95 € στις 04/03/2025`.
pub(super) fn receipts(language: Language, words: &Words, receipts: &[Receipt]) -> String {
    let one = |receipt: &Receipt| {
        format!("{} {} {}", money(language, receipt.amount), words.received_on, date(language, receipt.on))
    };
    receipts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The figures of an amount, for a column whose head names the currency.
pub(super) fn figures(language: Language, amount: Money) -> String {
    let digits = |amount: Money| match language {
        Language::Greek => amount.greek_digits(),
        Language::English => amount.english_digits(),
    };
    if amount.cents() < 0 { format!("{MINUS}{}", digits(-amount)) } else { digits(amount) }
}

/// `24%`, `6,5%`, `6.5%`.
pub(super) fn rate(language: Language, rate: VatRate) -> String {
    match language {
        Language::Greek => rate.to_string(),
        Language::English => rate.to_string().replace(',', "."),
    }
}

/// A label in capitals, as the reader's language writes them.
pub(super) fn capitals(language: Language, text: &str) -> String {
    match language {
        Language::Greek => greek_capitals(text),
        Language::English => text.to_uppercase(),
    }
}

/// The printed words of the card in one language: `card.toml` of its templates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) pro_forma: String,
    pub(super) final_title: String,
    pub(super) confirmation: String,
    pub(super) number: String,
    pub(super) issued: String,
    pub(super) replaces: String,
    pub(super) customer: String,
    pub(super) customer_code: String,
    pub(super) tax_id: String,
    pub(super) tax_office: String,
    pub(super) gemi: String,
    pub(super) amount_due: String,
    pub(super) nothing_due: String,
    pub(super) pay_by: String,
    pub(super) pay_at_once: String,
    pub(super) state_final: String,
    pub(super) state_terminated: String,
    pub(super) state_suspended: String,
    pub(super) state_overdue: String,
    pub(super) state_due: String,
    pub(super) state_settled: String,
    pub(super) by_day: String,
    pub(super) of_which_overdue: String,
    pub(super) news: String,
    pub(super) renewed: String,
    pub(super) awaits_reinstatement: String,
    pub(super) awaits_registry: String,
    pub(super) reinstated: String,
    pub(super) reinstated_unpaid: String,
    pub(super) cancelled: String,
    pub(super) suspended: String,
    pub(super) terminated: String,
    pub(super) final_notice: String,
    pub(super) deletion_on: String,
    pub(super) service: String,
    pub(super) period: String,
    pub(super) new_expiry: String,
    pub(super) net: String,
    pub(super) vat: String,
    pub(super) gross: String,
    pub(super) overdue: String,
    pub(super) expiring: String,
    pub(super) upcoming: String,
    pub(super) expired_on: String,
    pub(super) expires_on: String,
    pub(super) is_suspended: String,
    pub(super) unless_settled: String,
    pub(super) suspension: String,
    pub(super) termination: String,
    pub(super) release: String,
    pub(super) paid_so_far: String,
    pub(super) remains: String,
    pub(super) carried: String,
    pub(super) vat_on: String,
    pub(super) total: String,
    pub(super) paid: String,
    pub(super) credit: String,
    pub(super) to_pay: String,
    pub(super) reference_own: String,
    pub(super) reference_bank: String,
    pub(super) reference_only: String,
    pub(super) reference_only_bank: String,
    pub(super) beneficiary: String,
    pub(super) iris: String,
    pub(super) by_card: String,
    pub(super) scan: String,
    pub(super) iris_scan: String,
    pub(super) settled: String,
    pub(super) until: String,
    pub(super) custom_apps: String,
    pub(super) custom_apps_note: String,
    pub(super) questions: String,
    pub(super) not_fiscal: String,
    pub(super) not_fiscal_issued: String,
    pub(super) not_fiscal_some: String,
    pub(super) not_fiscal_received: String,
    pub(super) not_fiscal_bare: String,
    pub(super) received: String,
    pub(super) received_on: String,
    pub(super) page: String,
    pub(super) of: String,
    pub(super) preview: String,
    pub(super) trial: String,
    #[serde(default)]
    pub(super) preview_mark: String,
    #[serde(default)]
    pub(super) trial_mark: String,
    pub(super) invoice: String,
}

/// The words of both languages; shared by the PDF and the e-mail.
#[derive(Debug, Clone)]
pub struct Wording {
    greek: Words,
    english: Words,
}

const GREEK: &str = include_str!("../../templates/el/card.toml");
const ENGLISH: &str = include_str!("../../templates/en/card.toml");

impl Words {
    /// What is said of a renewal, in our books and wherever else it must be done.
    pub(super) fn renewed(&self, awaits: Option<Awaited>) -> &str {
        match awaits {
            None => &self.renewed,
            Some(Awaited::Reinstatement) => &self.awaits_reinstatement,
            Some(Awaited::Registry) => &self.awaits_registry,
        }
    }

    /// The marks came later than the first files of companies' own: what those lack is the built-in one.
    fn completed(mut self, built_in: &Self) -> Self {
        for (mark, usual) in
            [(&mut self.preview_mark, &built_in.preview_mark), (&mut self.trial_mark, &built_in.trial_mark)]
        {
            if mark.is_empty() {
                mark.clone_from(usual);
            }
        }
        self
    }
}

impl Wording {
    /// Reads the words; `el/card.toml` and `en/card.toml` in `folder` replace the built-in ones.
    ///
    /// # Errors
    /// Every file that cannot be read, lacks a word or has one that no card uses.
    pub fn load(folder: Option<&Path>) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut read = |language: Language, built_in: &str| {
            let place = folder.map(|folder| folder.join(language.code()).join("card.toml"));
            let place = place.filter(|file| file.exists());
            let shown = place.as_ref().map_or_else(
                || format!("templates/{}/card.toml", language.code()),
                |file| file.display().to_string(),
            );
            let parsed = |text: &str| toml::from_str::<Words>(text).map_err(|error| error.to_string());
            let words = match &place {
                None => parsed(built_in),
                Some(file) => std::fs::read_to_string(file)
                    .map_err(|error| error.to_string())
                    .and_then(|text| Ok(parsed(&text)?.completed(&parsed(built_in)?))),
            };
            words.map_err(|why| faults.push(format!("{shown}: {why}"))).ok()
        };
        let words = (read(Language::Greek, GREEK), read(Language::English, ENGLISH));
        match words {
            (Some(greek), Some(english)) => Ok(Self { greek, english }),
            _ => Err(faults),
        }
    }

    pub(super) const fn of(&self, language: Language) -> &Words {
        match language {
            Language::Greek => &self.greek,
            Language::English => &self.english,
        }
    }
}
