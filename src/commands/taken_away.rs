//! What a command shows, where it is asked for: on the terminal, as JSON, or as a list for Excel.

use crate::cli::TakeAway;
use crate::error::Stop;
use crate::export::{Excel, List, Sink, workbook};
use crate::outputs;
use crate::report::Report;
use anyhow::{Context, Result};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Shows a view: as `text` (or JSON), or its lists as they were asked for. Several lists are sheets of one workbook;
/// CSV is one list.
pub(super) fn shown(
    report: &Report,
    taken: &TakeAway,
    view: &impl Serialize,
    text: impl FnOnce() -> String,
    lists: impl FnOnce() -> Vec<(String, List)>,
) -> Result<()> {
    let bytes = if taken.csv {
        let mut lists = lists();
        let (1, Some((_, list))) = (lists.len(), lists.pop()) else {
            let names: Vec<&str> = lists.iter().map(|(name, _)| name.as_str()).collect();
            let text = format!(
                "--csv is one list, and these are several ({}); choose one by its option, or take all of them with \
                 --xlsx -o FILE",
                names.join(", ")
            );
            return Err(Stop::usage(text).into());
        };
        return as_csv(report, taken, |into| into.whole(list));
    } else if taken.xlsx {
        workbook(&lists())?
    } else {
        return report.result(view, text);
    };
    written(report, taken.output.as_deref(), &bytes)
}

/// A list as CSV, its rows written as they come.
pub(super) fn as_csv(
    report: &Report,
    taken: &TakeAway,
    fill: impl FnOnce(&mut dyn Sink) -> Result<()>,
) -> Result<()> {
    let write = |out: &mut dyn Write| -> Result<()> {
        let mut file = Excel::new(out)?;
        fill(&mut file)?;
        file.end()
    };
    if taken.output.is_none() {
        return report.stream(write);
    }
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    written(report, taken.output.as_deref(), &bytes)
}

/// Writes bytes to a file, and says so; to stdout where none is named.
pub(super) fn written(report: &Report, output: Option<&Path>, bytes: &[u8]) -> Result<()> {
    let Some(file) = output else { return report.bytes(bytes) };
    outputs::asked_for(file, bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
    report.status(&format!("written to {}", file.display()));
    Ok(())
}
