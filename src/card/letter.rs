//! The e-mail that carries a card: its subject and its two bodies, by handlebars templates.
//!
//! Values are values: none is ever compiled as a template, HTML escapes them all, text none.

use super::bounds;
use super::gist::{Gist, TONES, gist};
use super::languages::TemplateFile;
use super::markup::markup;
use super::worded::{Worded, worded};
use super::words::{Wording, Words};
use crate::billing::card::BillingCard;
use crate::billing::customer::Language;
use crate::billing::text::cleaned;
use handlebars::Handlebars;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

/// Why a letter cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the template `{template}` failed: {why}")]
pub struct LetterError {
    template: String,
    why: String,
}

/// A letter, ready to be composed into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedLetter {
    /// Subject, one line.
    pub subject: String,
    /// HTML body.
    pub html: String,
    /// Text body.
    pub text: String,
}

/// The templates of every language, in the order of [`Language::ALL`], compiled when they are first needed.
pub struct Letters {
    wording: Wording,
    templates: [OnceLock<Templates>; Language::ALL.len()],
}

/// The phrases of one tone; each is a template over [`Gist`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrases {
    subject: String,
    headline: String,
    lead: String,
}

/// What the templates of subject and bodies can name.
#[derive(Debug, Clone, Serialize)]
struct View {
    tone: &'static str,
    topic: String,
    headline: String,
    lead: String,
    /// What is due for the services that the subject names; empty where that is nothing.
    own_amount: String,
    /// Amount and deadline for mail programs; empty where nothing is due.
    markup: String,
    #[serde(flatten)]
    card: Worded,
}

struct Templates {
    language: Language,
    /// `subject`, `text` and the phrases: nothing is escaped.
    plain: Handlebars<'static>,
    /// `html`: everything is escaped.
    html: Handlebars<'static>,
}

const PARTS: [&str; 4] = ["subject.txt.hbs", "body.txt.hbs", "body.html.hbs", "strings.toml"];

/// Subjects are cut beyond it, within what they tell: the card's number stands at their end.
const SUBJECT_MAX: usize = 180;

impl Letters {
    /// Compiles the templates; files in `folder` (`el/body.html.hbs`, …) replace the built-in ones.
    ///
    /// # Errors
    /// Every file that cannot be read or compiled, or names something that no card has.
    pub fn load(folder: Option<&Path>, wording: Wording) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let letters = Self { wording, templates: Language::ALL.map(|_| OnceLock::new()) };
        // the built-in ones are known to be sound, and compiling them takes longer than a quiet night
        if folder.is_some() {
            for (slot, language) in letters.templates.iter().zip(Language::ALL) {
                slot.get_or_init(|| Templates::load(language, folder, &mut faults));
            }
        }
        if faults.is_empty() { Ok(letters) } else { Err(faults) }
    }

    /// Writes the letter of a card, in the card's language.
    ///
    /// # Errors
    /// [`LetterError`] where a template of a folder fails on this card.
    pub fn render(&self, card: &BillingCard) -> Result<RenderedLetter, LetterError> {
        let slot = &self.templates[card.language as usize];
        slot.get_or_init(|| Templates::load(card.language, None, &mut Vec::new()))
            .render(card, self.wording.of(card.language))
    }
}

impl Templates {
    fn load(language: Language, folder: Option<&Path>, faults: &mut Vec<String>) -> Self {
        let mut plain = Handlebars::new();
        plain.set_strict_mode(true);
        plain.register_escape_fn(handlebars::no_escape);
        let mut html = Handlebars::new();
        html.set_strict_mode(true);
        let mut templates = Self { language, plain, html };
        for name in PARTS {
            let file = TemplateFile::of(language, folder, name);
            let source = file.own().unwrap_or_else(|| Ok(file.built_in.to_owned()));
            let outcome = source.and_then(|source| templates.register(name, &source));
            faults.extend(outcome.err().map(|why| format!("{}: {why}", file.shown)));
        }
        if faults.is_empty() {
            faults.extend(templates.tried().err().map(|error| {
                format!(
                    "{}: {error}",
                    folder.unwrap_or(Path::new("templates")).join(language.code()).display()
                )
            }));
        }
        templates
    }

    fn register(&mut self, name: &str, source: &str) -> Result<(), String> {
        if name == "strings.toml" {
            return phrases(&mut self.plain, source);
        }
        bounds::check(source)?;
        match name {
            "body.html.hbs" => self.html.register_template_string("html", source).map_err(|e| e.to_string()),
            "body.txt.hbs" => self.plain.register_template_string("text", source).map_err(|e| e.to_string()),
            _ => self.plain.register_template_string("subject", source).map_err(|e| e.to_string()),
        }
    }

    /// Renders with everything filled in, so that a name no card has is found at once.
    fn tried(&self) -> Result<(), LetterError> {
        let specimen =
            |tone| self.view(Worded::specimen(self.language), "{}".to_owned(), tone, &Gist::default());
        let views = TONES.into_iter().map(specimen).collect::<Result<Vec<View>, _>>()?;
        views.first().map_or(Ok(()), |view| self.written(view).map(|_| ()))
    }

    fn phrase(&self, tone: &str, part: &str, gist: &Gist) -> Result<String, LetterError> {
        let name = format!("{tone}.{part}");
        self.plain.render(&name, gist).map_err(|error| LetterError {
            template: format!("strings.toml: {name}"),
            why: error.to_string(),
        })
    }

    fn view(
        &self,
        card: Worded,
        markup: String,
        tone: &'static str,
        gist: &Gist,
    ) -> Result<View, LetterError> {
        let phrase = |part| self.phrase(tone, part, gist);
        Ok(View {
            card,
            markup,
            tone,
            topic: phrase("subject")?,
            headline: phrase("headline")?,
            lead: phrase("lead")?,
            own_amount: gist.amount().to_owned(),
        })
    }

    fn render(&self, card: &BillingCard, words: &Words) -> Result<RenderedLetter, LetterError> {
        let (tone, gist) = gist(card, words);
        self.written(&self.view(worded(card, words), markup(card), tone, &gist)?)
    }

    fn written(&self, view: &View) -> Result<RenderedLetter, LetterError> {
        let fault = |template: &str| {
            let template = template.to_owned();
            move |error: handlebars::RenderError| LetterError { template, why: error.to_string() }
        };
        let subject = |view: &View| {
            self.plain.render("subject", view).map(|text| cleaned(&text)).map_err(fault("subject.txt.hbs"))
        };
        let mut subject_of = subject(view)?;
        let excess = subject_of.chars().count().saturating_sub(SUBJECT_MAX);
        if excess > 0 {
            let kept = view.topic.chars().count().saturating_sub(excess + 1);
            let topic = view.topic.chars().take(kept).chain(['…']).collect();
            subject_of = subject(&View { topic, ..view.clone() })?;
        }
        let html = self.html.render("html", view).map_err(fault("body.html.hbs"))?;
        let text = self.plain.render("text", view).map_err(fault("body.txt.hbs"))?;
        Ok(RenderedLetter { subject: subject_of, html, text })
    }
}

/// Registers the phrases of every tone as templates of their own.
fn phrases(plain: &mut Handlebars<'static>, source: &str) -> Result<(), String> {
    let phrases: BTreeMap<String, Phrases> = toml::from_str(source).map_err(|error| error.to_string())?;
    if let Some(unknown) = phrases.keys().find(|section| !TONES.contains(&section.as_str())) {
        return Err(format!("the section [{unknown}] is unknown; there are {}", TONES.join(", ")));
    }
    for tone in TONES {
        let found = phrases.get(tone).ok_or_else(|| format!("the section [{tone}] is missing"))?;
        for (part, text) in
            [("subject", &found.subject), ("headline", &found.headline), ("lead", &found.lead)]
        {
            let name = format!("{tone}.{part}");
            bounds::check(text).map_err(|why| format!("{name}: {why}"))?;
            plain.register_template_string(&name, text).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}
