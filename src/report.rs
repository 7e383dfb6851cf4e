//! The only printing: results on stdout, status on stderr, a progress bar on a terminal.

use crate::billing::text::{is_shown, printable};
use anyhow::{Context, Result};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::sync::LazyLock;

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

/// Bars stand below each other, and what is said meanwhile above them.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

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
            let written =
                serde_json::to_writer_pretty(Escaping(&mut out), view).map_err(std::io::Error::from);
            return told(written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()));
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

    /// Prints what `write` writes, as it is written.
    ///
    /// # Errors
    /// What `write` gives, and where stdout cannot be written.
    pub fn stream(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        match write(&mut out) {
            Err(error) => match error.downcast::<std::io::Error>() {
                Ok(error) => told(Err(error)),
                Err(error) => Err(error),
            },
            Ok(()) => told(out.flush()),
        }
    }

    /// Prints bytes as they are.
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        told(stdout.write_all(bytes).and_then(|()| stdout.flush()))
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

    /// A progress bar of `steps` on a terminal, with how many a second and how long yet; nothing at all elsewhere.
    #[must_use]
    pub fn progress(&self, what: &'static str, steps: usize) -> ProgressBar {
        let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(0));
        if self.quiet || steps == 1 || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            return bar;
        }
        BARS.add(bar).with_style(style(&format!("{COUNTED} {{eta:>4}} left"))).with_message(what)
    }

    /// The same for steps that come to be known on the way: how long yet nobody knows before [`Self::all_known`].
    #[must_use]
    pub fn growing(&self, what: &'static str) -> ProgressBar {
        self.progress(what, 0).with_style(style(COUNTED))
    }

    /// No more steps come to be known.
    pub fn all_known(&self, bar: &ProgressBar) {
        bar.set_style(style(&format!("{COUNTED} {{eta:>4}} left")));
    }
}

/// How a bar looks, without how long yet.
const COUNTED: &str = "{msg:>12} [{bar:30}] {pos}/{len} {rate:>7}";

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        let _ = write!(text, "{:.0}/s", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate)
}

/// Whoever reads and has read enough (`| head`) was told; a full disk tells nobody.
fn told(written: std::io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context(NOT_TOLD),
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
    BARS.suspend(|| {
        let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
    });
}

/// Says in one line of JSON how a run ended, where stderr is systemd's journal, which only root can rewrite.
pub fn to_journal(view: &impl Serialize) {
    if is_journal()
        && let Ok(line) = serde_json::to_string(view)
    {
        complain(&line);
    }
}

/// Whether what `JOURNAL_STREAM` names, as systemd sets it, is what stderr leads to.
fn is_journal() -> bool {
    let Ok(said) = std::env::var("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(std::io::stderr())
        .is_ok_and(|found| said == format!("{}:{}", found.st_dev, found.st_ino))
}

/// Makes what a panic says printable too: it may hold what somebody sent.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| complain(&panic.to_string())));
}

/// JSON in which whatever a terminal would obey is escaped: it is text of strings, and means the same.
struct Escaping<W: Write>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // the serialiser hands over whole pieces of text
        match std::str::from_utf8(bytes) {
            Ok(text) if text.chars().any(|c| c != '\n' && !is_shown(c)) => {
                for c in text.chars() {
                    match is_shown(c) || c == '\n' {
                        true => write!(self.0, "{c}")?,
                        false => write!(self.0, "\\u{:04x}", u32::from(c))?,
                    }
                }
                Ok(bytes.len())
            }
            _ => self.0.write_all(bytes).map(|()| bytes.len()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::Escaping;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_in_json_and_means_the_same() {
        let said = "α\u{7f}\u{9b}1m\u{202e}γ\u{1b}[2J\n";
        let mut bytes = Vec::new();
        serde_json::to_writer_pretty(Escaping(&mut bytes), &[said]).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "[\n  \"α\\u007f\\u009b1m\\u202eγ\\u001b[2J\\n\"\n]");
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [said]);
    }
}
