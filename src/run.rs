//! From arguments to an exit status.

use crate::cli::Cli;
use crate::exit_status::ExitStatus;
use crate::report::complain;
use crate::{commands, error, jobs, report};
use clap::Parser;
use std::ffi::OsString;

/// Runs the program as it was called.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitStatus {
    report::catch_panics();
    jobs::settle_in();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => {
            // a closed stdout is nobody's concern when help was asked for
            let _ = message.print();
            return if message.use_stderr() { ExitStatus::Usage } else { ExitStatus::Done };
        }
    };
    let outcome =
        jobs::install_signal_handlers().map_err(anyhow::Error::from).and_then(|()| commands::run(cli));
    outcome.unwrap_or_else(|failure| {
        complain(&format!("konet-billing: {failure:#}"));
        error::status_of(&failure)
    })
}
