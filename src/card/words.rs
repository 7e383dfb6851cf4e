//! The fixed words of the card in each language.

use super::languages::{TemplateFile, date, money};
use crate::billing::card::{Awaited, Receipt};
use crate::billing::customer::Language;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Payments, each with its day: `100,00 € στις 02/03/2025, 60,95 € στις 04/03/2025`.
pub(super) fn receipts(language: Language, words: &Words, receipts: &[Receipt]) -> String {
    let one = |receipt: &Receipt| {
        format!("{} {} {}", money(language, receipt.amount), words.received_on, date(language, receipt.on))
    };
    receipts.iter().map(one).collect::<Vec<_>>().join(", ")
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
    #[serde(default)]
    pub(super) unless_all_settled: String,
    pub(super) suspension: String,
    pub(super) termination: String,
    pub(super) release: String,
    pub(super) paid_so_far: String,
    pub(super) remains: String,
    pub(super) discount: String,
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
    /// Names of countries by their ISO-2 codes.
    #[serde(default)]
    pub(super) countries: BTreeMap<String, String>,
}

/// The words of every language, in the order of [`Language::ALL`]; shared by the PDF and the e-mail.
#[derive(Debug, Clone)]
pub struct Wording(Vec<Words>);

impl Words {
    /// What is said of a renewal, in our books and wherever else it must be done.
    pub(super) fn renewed(&self, awaits: Option<Awaited>) -> &str {
        match awaits {
            None => &self.renewed,
            Some(Awaited::Reinstatement) => &self.awaits_reinstatement,
            Some(Awaited::Registry) => &self.awaits_registry,
        }
    }

    /// Some words came later than the first files of companies' own: what those lack is the built-in one.
    fn completed(mut self, built_in: &Self) -> Self {
        for (mark, usual) in [
            (&mut self.preview_mark, &built_in.preview_mark),
            (&mut self.trial_mark, &built_in.trial_mark),
            (&mut self.unless_all_settled, &built_in.unless_all_settled),
        ] {
            if mark.is_empty() {
                mark.clone_from(usual);
            }
        }
        for (code, name) in &built_in.countries {
            self.countries.entry(code.clone()).or_insert_with(|| name.clone());
        }
        self
    }
}

impl Wording {
    /// Reads the words; a language's `card.toml` in `folder` (`el/card.toml`) replaces the built-in one.
    ///
    /// # Errors
    /// Every file that cannot be read, lacks a word or has one that no card uses.
    pub fn load(folder: Option<&Path>) -> Result<Self, Vec<String>> {
        let parsed = |text: &str| toml::from_str::<Words>(text).map_err(|error| error.to_string());
        let (mut read, mut faults) = (Vec::new(), Vec::new());
        for language in Language::ALL {
            let file = TemplateFile::of(language, folder, "card.toml");
            let words = match file.own() {
                None => parsed(file.built_in),
                Some(text) => text.and_then(|text| Ok(parsed(&text)?.completed(&parsed(file.built_in)?))),
            };
            match words {
                Ok(words) => read.push(words),
                Err(why) => faults.push(format!("{}: {why}", file.shown)),
            }
        }
        if faults.is_empty() { Ok(Self(read)) } else { Err(faults) }
    }

    pub(super) fn of(&self, language: Language) -> &Words {
        &self.0[language as usize]
    }
}
