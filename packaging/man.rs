//! Writes the man pages of every command and the completions of three shells into a folder: `cargo run --example man DIR`.

use clap::CommandFactory;
use clap_complete::Shell;
use konet_billing::cli::Cli;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| "target/packaging".into());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "konet-billing", folder)?;
    }
    Ok(())
}
