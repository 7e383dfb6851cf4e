//! How a bank's export is read: the profiles that ship, and those that people write.

use super::error::IntakeError;
use crate::billing::text::{cleaned, look_alikes};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// How a bank's export is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// What the export is called, in the table of payments too.
    pub(super) name: String,
    /// The bank's code in its IBANs, so that its other formats are known as the same bank's.
    pub(super) bank_code: Option<String>,
    /// How its dates are written, beside ISO.
    #[serde(default = "greek_dates")]
    pub(super) date_formats: Vec<String>,
    /// The currency of every amount, where no column says it; euro, if it is not given.
    pub(super) currency: Option<String>,
    /// Rows are movements only where these columns hold one of these words.
    #[serde(default)]
    pub(super) only: BTreeMap<String, Names>,
    /// What stands in the sign's column for money in.
    #[serde(default)]
    pub(super) credit: Vec<String>,
    /// And for money out.
    #[serde(default)]
    pub(super) debit: Vec<String>,
    /// Words of a movement out that takes back money which had come in.
    #[serde(default)]
    pub(super) reversal: Vec<String>,
    /// Words before the opening balance, in the preamble or the footer.
    #[serde(default)]
    pub(super) opening: Vec<String>,
    /// Words before the closing balance.
    #[serde(default)]
    pub(super) closing: Vec<String>,
    /// Words before the last day that the export covers.
    #[serde(default)]
    pub(super) until: Vec<String>,
    /// It lists who paid, and is no statement.
    #[serde(default)]
    pub(super) payers_only: bool,
    /// The names of its columns.
    pub(super) columns: Columns,
}

fn greek_dates() -> Vec<String> {
    vec!["%d/%m/%Y".to_owned()]
}

/// A column's name, or the names it has had.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }

    pub(super) fn first(&self) -> &str {
        self.all().first().map_or("", String::as_str)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    pub(super) date: Names,
    pub(super) amount: Names,
    pub(super) currency: Option<Names>,
    pub(super) sign: Option<Names>,
    pub(super) text: Option<Names>,
    pub(super) note: Option<Names>,
    pub(super) payer: Option<Names>,
    pub(super) payer_iban: Option<Names>,
    pub(super) bank_ref: Option<Names>,
    pub(super) balance: Option<Names>,
}

const BUILT_IN: [(&str, &str); 5] = [
    ("piraeus.toml", include_str!("../../profiles/piraeus.toml")),
    ("alpha.toml", include_str!("../../profiles/alpha.toml")),
    ("alpha-payers.toml", include_str!("../../profiles/alpha-payers.toml")),
    ("eurobank.toml", include_str!("../../profiles/eurobank.toml")),
    ("nbg.toml", include_str!("../../profiles/nbg.toml")),
];

/// The profiles that ship, read once.
static SHIPPED: LazyLock<Result<Vec<Profile>, String>> =
    LazyLock::new(|| BUILT_IN.iter().map(|(_, text)| Profile::parse(text)).collect());

/// The profiles of the folder, then the built-in ones that it does not replace.
pub(super) fn all(path: &Path, folder: Option<&Path>) -> Result<Vec<Profile>, IntakeError> {
    let refuse = |message: String| IntakeError::Statement { path: path.to_owned(), message };
    let mut profiles = Vec::new();
    let mut replaced = Vec::new();
    if let Some(folder) = folder {
        let unreadable = |source| IntakeError::Unreadable { path: folder.to_owned(), source };
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .map_err(unreadable)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()
            .map_err(unreadable)?;
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml"))
        {
            let text = std::fs::read_to_string(file)
                .map_err(|source| IntakeError::Unreadable { path: file.clone(), source })?;
            let profile = Profile::parse(&text)
                .map_err(|error| refuse(format!("the profile `{}` is not sound: {error}", file.display())))?;
            profiles.push(profile);
            replaced.extend(file.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    let built_in = SHIPPED.as_ref().map_err(|error| refuse(error.clone()))?;
    let kept =
        BUILT_IN.iter().zip(built_in).filter(|((name, _), _)| !replaced.iter().any(|other| other == name));
    profiles.extend(kept.map(|(_, profile)| profile.clone()));
    Ok(profiles)
}

impl Profile {
    /// Reads a profile and looks at what no type can say.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let profile: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if profile.columns.sign.is_some() && profile.credit.is_empty() {
            return Err("`columns.sign` is given, and `credit` does not say what stands there for money in"
                .to_owned());
        }
        Ok(profile)
    }

    /// Where its columns stand in a row, if that is the header. The balance and the currency may be missing: banks
    /// leave them out when a person chooses so, and nothing else depends on them.
    pub(super) fn places(&self, row: &[String]) -> Option<Places> {
        let names: Vec<String> = row.iter().map(|cell| folded(cell)).collect();
        // the first of two columns of one name is meant: the other is the balance's currency
        let find =
            |wanted: &[String]| wanted.iter().find_map(|name| names.iter().position(|n| *n == folded(name)));
        let wanted = |name: &Option<Names>| match name {
            None => Some(None),
            Some(name) => find(name.all()).map(Some),
        };
        let columns = &self.columns;
        let only =
            self.only.keys().map(|name| find(std::slice::from_ref(name))).collect::<Option<Vec<usize>>>()?;
        Some(Places {
            date: find(columns.date.all())?,
            amount: find(columns.amount.all())?,
            currency: columns.currency.as_ref().and_then(|name| find(name.all())),
            sign: wanted(&columns.sign)?,
            text: wanted(&columns.text)?,
            note: wanted(&columns.note)?,
            payer: wanted(&columns.payer)?,
            payer_iban: wanted(&columns.payer_iban)?,
            bank_ref: wanted(&columns.bank_ref)?,
            balance: columns.balance.as_ref().and_then(|name| find(name.all())),
            only,
        })
    }
}

/// Where the columns of a profile stand.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) date: usize,
    pub(super) amount: usize,
    pub(super) currency: Option<usize>,
    pub(super) sign: Option<usize>,
    pub(super) text: Option<usize>,
    pub(super) note: Option<usize>,
    pub(super) payer: Option<usize>,
    pub(super) payer_iban: Option<usize>,
    pub(super) bank_ref: Option<usize>,
    pub(super) balance: Option<usize>,
    /// In the order of the profile's `only`.
    pub(super) only: Vec<usize>,
}

/// A header's name, however it is spaced, quoted and mixed of Greek and Latin letters.
pub(super) fn folded(text: &str) -> String {
    look_alikes(&cleaned(&unwrapped(text)))
}

/// `="x"` as Excel is told to keep a text.
pub(super) fn unwrapped(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    text.trim_matches('"').trim().to_owned()
}
