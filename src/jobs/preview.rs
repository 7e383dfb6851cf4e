//! Messages written into a folder to be looked through in a browser.

use super::notices::Made;
use super::render::pdf_name;
use crate::billing::money::Money;
use anyhow::{Context, Result};
use handlebars::Handlebars;
use serde_json::json;
use std::path::Path;

const INDEX: &str = include_str!("../../templates/index.html.hbs");

/// Writes every message as `.eml`, `.html`, `.txt` and `.pdf`, and an `index.html` over all of them.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn write(folder: &Path, made: &[Made]) -> Result<()> {
    let failed = |path: &Path| format!("cannot write `{}`", path.display());
    std::fs::create_dir_all(folder).with_context(|| failed(folder))?;
    let mut rows = Vec::new();
    for message in made {
        let view = &message.view;
        let stem = stem(&view.customer, &view.card);
        let letter = &message.drawn.letter;
        for (extension, bytes) in [
            ("eml", message.bytes.as_slice()),
            ("html", letter.html.as_bytes()),
            ("txt", letter.text.as_bytes()),
            ("pdf", message.drawn.pdf.as_slice()),
        ] {
            let file = folder.join(format!("{stem}.{extension}"));
            std::fs::write(&file, bytes).with_context(|| failed(&file))?;
        }
        rows.push(json!({
            "stem": stem, "customer": view.customer, "card": view.card, "subject": view.subject,
            "to": view.to.join(", "), "amount": Money::from_cents(view.total_cents).to_string(),
        }));
    }
    let index = Handlebars::new()
        .render_template(INDEX, &json!({ "count": rows.len(), "messages": rows }))
        .context("the index could not be written")?;
    let file = folder.join("index.html");
    std::fs::write(&file, index).with_context(|| failed(&file))
}

/// A file name that a browser, a shell and a mail program all take.
fn stem(customer: &str, card: &str) -> String {
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    };
    format!("{}-{}", safe(customer), safe(pdf_name(card).trim_end_matches(".pdf")))
}
