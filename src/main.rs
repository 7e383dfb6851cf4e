//! The doorway: parse, run, exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    konet_billing::run::run(std::env::args_os()).into()
}
