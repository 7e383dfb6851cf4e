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
    for (shell, name) in [
        (Shell::Bash, "konet-billing.bash"),
        (Shell::Zsh, "_konet-billing"),
        (Shell::Fish, "konet-billing.fish"),
    ] {
        std::fs::write(folder.join(name), konet_billing::cli::completions(shell))?;
    }
    Ok(())
}
