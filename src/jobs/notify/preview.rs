//! Messages written into a folder to be looked through in a browser.

use crate::billing::facts::Letter;
use crate::jobs::Desk;
use crate::jobs::notify::render::{Finished, pdf_name};
use crate::outputs;
use crate::views::MessageView;
use crate::views::SkippedView;
use crate::views::preview::{PreviewRow, PreviewView};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What is written of each message.
const EXTENSIONS: [&str; 4] = ["eml", "html", "txt", "pdf"];

/// Names the files of a preview, which the next one takes away.
const WRITTEN: &str = ".konet-billing-preview";

/// Where a preview goes, and what writes the page over its messages.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The folder.
    pub(crate) folder: &'a Path,
    /// The page.
    pub(crate) page: &'a dyn Fn(&PreviewView) -> String,
}

/// A folder of messages while it is filled.
pub struct Preview<'a> {
    shown: Shown<'a>,
    folder: PathBuf,
    rows: Vec<PreviewRow>,
}

fn failed(path: &Path) -> String {
    format!("cannot write `{}`", path.display())
}

impl<'a> Preview<'a> {
    /// Makes the folder.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub(crate) fn open(shown: Shown<'a>) -> Result<Self> {
        let folder = shown.folder;
        std::fs::create_dir_all(folder).with_context(|| failed(folder))?;
        // what an earlier run wrote is no preview of this one
        for name in std::fs::read_to_string(folder.join(WRITTEN)).unwrap_or_default().lines() {
            let _ = std::fs::remove_file(folder.join(Path::new(name).file_name().unwrap_or_default()));
        }
        Ok(Self { shown, folder: folder.to_owned(), rows: Vec::new() })
    }

    /// Writes a message as `.eml`, `.html`, `.txt` and `.pdf`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn add(
        &mut self,
        view: &MessageView,
        letter: &Letter,
        to: Vec<String>,
        finished: &Finished,
    ) -> Result<()> {
        let stem = stem(&view.customer, &view.card);
        let drawn = &finished.drawn.letter;
        let bytes = [
            finished.bytes.as_slice(),
            drawn.html.as_bytes(),
            drawn.text.as_bytes(),
            finished.drawn.pdf.as_slice(),
        ];
        for (extension, bytes) in EXTENSIONS.into_iter().zip(bytes) {
            let file = self.folder.join(format!("{stem}.{extension}"));
            outputs::whole(&file, bytes).with_context(|| failed(&file))?;
        }
        self.rows.push(PreviewRow {
            stem,
            customer: view.customer.clone(),
            name: letter.card.customer.name.clone(),
            card: view.card.clone(),
            subject: view.subject.clone(),
            to,
            stages: letter.notices.iter().map(|notice| notice.key.stage).collect(),
            total_cents: view.total_cents,
        });
        Ok(())
    }

    /// Writes `index.html` over all of them.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn finish(self, desk: &Desk, skipped: &[SkippedView]) -> Result<()> {
        let stems = self.rows.iter().map(|row| row.stem.as_str());
        let names: String =
            stems.flat_map(|stem| EXTENSIONS.map(|extension| format!("{stem}.{extension}\n"))).collect();
        let view = PreviewView {
            as_of: desk.today,
            mode: desk.rules.mode.code(),
            messages: self.rows,
            skipped: skipped.to_vec(),
        };
        let index = (self.shown.page)(&view);
        let file = self.folder.join("index.html");
        outputs::whole(&file, index.as_bytes()).with_context(|| failed(&file))?;
        let file = self.folder.join(WRITTEN);
        outputs::whole(&file, names.as_bytes()).with_context(|| failed(&file))
    }
}

/// A file name that a browser, a shell and a mail program all take.
fn stem(customer: &str, card: &str) -> String {
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    };
    format!("{}-{}", safe(customer), safe(pdf_name(card).trim_end_matches(".pdf")))
}
