//! The doorway: parse, run, exit status.

use std::process::ExitCode;

/// A card is thousands of small objects: this allocator gives and takes them faster than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    konet_billing::run::run(std::env::args_os()).into()
}
