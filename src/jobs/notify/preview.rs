//! Messages written into a folder to be looked through in a browser.

use crate::billing::money::Money;
use crate::jobs::notify::render::{Finished, pdf_name};
use crate::outputs;
use crate::views::MessageView;
use anyhow::{Context, Result};
use handlebars::Handlebars;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const INDEX: &str = include_str!("../../../templates/index.html.hbs");

/// What is written of each message.
const EXTENSIONS: [&str; 4] = ["eml", "html", "txt", "pdf"];

/// Names the files of a preview, which the next one takes away.
const WRITTEN: &str = ".konet-billing-preview";

/// A folder of messages while it is filled.
#[derive(Debug)]
pub struct Preview {
    folder: PathBuf,
    rows: Vec<Value>,
    stems: Vec<String>,
}

fn failed(path: &Path) -> String {
    format!("cannot write `{}`", path.display())
}

impl Preview {
    /// Makes the folder.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| failed(folder))?;
        // what an earlier run wrote is no preview of this one
        for name in std::fs::read_to_string(folder.join(WRITTEN)).unwrap_or_default().lines() {
            let _ = std::fs::remove_file(folder.join(Path::new(name).file_name().unwrap_or_default()));
        }
        Ok(Self { folder: folder.to_owned(), rows: Vec::new(), stems: Vec::new() })
    }

    /// Writes a message as `.eml`, `.html`, `.txt` and `.pdf`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn add(&mut self, view: &MessageView, finished: &Finished) -> Result<()> {
        let stem = stem(&view.customer, &view.card);
        let letter = &finished.drawn.letter;
        let bytes = [
            finished.bytes.as_slice(),
            letter.html.as_bytes(),
            letter.text.as_bytes(),
            finished.drawn.pdf.as_slice(),
        ];
        for (extension, bytes) in EXTENSIONS.into_iter().zip(bytes) {
            let file = self.folder.join(format!("{stem}.{extension}"));
            outputs::whole(&file, bytes).with_context(|| failed(&file))?;
        }
        self.stems.push(stem.clone());
        self.rows.push(json!({
            "stem": stem, "customer": view.customer, "card": view.card, "subject": view.subject,
            "to": view.to.join(", "), "amount": Money::from_cents(view.total_cents).to_string(),
        }));
        Ok(())
    }

    /// Writes `index.html` over all of them.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self) -> Result<()> {
        let index = Handlebars::new()
            .render_template(
                INDEX,
                &json!({ "count": self.rows.len(), "first": self.stems.first(), "messages": self.rows }),
            )
            .context("the index could not be written")?;
        let file = self.folder.join("index.html");
        outputs::whole(&file, index.as_bytes()).with_context(|| failed(&file))?;
        let names =
            self.stems.iter().flat_map(|stem| EXTENSIONS.map(|extension| format!("{stem}.{extension}\n")));
        let file = self.folder.join(WRITTEN);
        outputs::whole(&file, names.collect::<String>().as_bytes()).with_context(|| failed(&file))
    }
}

/// A file name that a browser, a shell and a mail program all take.
fn stem(customer: &str, card: &str) -> String {
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    };
    format!("{}-{}", safe(customer), safe(pdf_name(card).trim_end_matches(".pdf")))
}
