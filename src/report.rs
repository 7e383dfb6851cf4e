//! The only printing: results on stdout, status on stderr, a progress bar on a terminal.

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Where a command's words go.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Print one JSON document instead of text.
    pub json: bool,
    /// Errors only on stderr.
    pub quiet: bool,
    /// `-v`.
    pub verbose: bool,
}

/// Nothing is laid out for a window that is narrower.
const NARROWEST: usize = 20;

const NOT_TOLD: &str = "the work is done, but its result could not be written to stdout";

impl Report {
    /// Prints the result: the view as JSON, or `text`.
    ///
    /// # Errors
    /// Where stdout cannot be written: the work is done, but nobody can be told.
    pub fn result(&self, view: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        if self.json {
            // as it is made: the report of a large statement is larger than anything else of its run
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            serde_json::to_writer_pretty(&mut out, view).context(NOT_TOLD)?;
            return out.write_all(b"\n").and_then(|()| out.flush()).context(NOT_TOLD);
        }
        let mut document = printable(&text());
        if document.is_empty() {
            return Ok(());
        }
        if !document.ends_with('\n') {
            document.push('\n');
        }
        self.bytes(document.as_bytes())
    }

    /// Prints bytes as they are.
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).context(NOT_TOLD)
    }

    /// Says where things stand, on stderr, unless `-q`.
    pub fn status(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }

    /// Says what went wrong, whatever else is kept quiet.
    pub fn error(&self, text: &str) {
        complain(text);
    }

    /// Says more, with `-v`.
    pub fn detail(&self, text: &str) {
        if self.verbose && !self.quiet {
            complain(text);
        }
    }

    /// A progress bar of `steps` on a terminal; nothing at all elsewhere.
    #[must_use]
    pub fn progress(&self, what: &'static str, steps: usize) -> ProgressBar {
        let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(0));
        if self.quiet || steps < 2 || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            return bar;
        }
        let style = ProgressStyle::with_template("{msg:>12} [{bar:30}] {pos}/{len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.with_style(style).with_message(what)
    }
}

/// How many letters stand beside each other in the window that is printed to, else in what `COLUMNS` says; none where a
/// file or a program reads.
#[must_use]
pub fn window() -> Option<usize> {
    let terminal = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.filter(|width| *width > 0).or_else(said).map(|width| width.max(NARROWEST))
}

/// Says what went wrong, on stderr. A closed stderr is nobody's concern.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

/// What a terminal only shows: banks, panels and mail servers write part of what is printed.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        assert_eq!(
            printable("α\u{1b}[2J\r\u{9b}1m\tβ\n\u{202e}γ"),
            "α\u{fffd}[2J\u{fffd}\u{fffd}1m\tβ\n\u{fffd}γ"
        );
    }
}
