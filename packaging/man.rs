//! Writes the man pages of every command and the completions of three shells into a folder: `cargo run --example man DIR`.

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use konet_billing::cli::Cli;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| "target/packaging".into());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    pages(&whole, folder)?;
    for (shell, name) in [
        (Shell::Bash, "konet-billing.bash"),
        (Shell::Zsh, "_konet-billing"),
        (Shell::Fish, "konet-billing.fish"),
    ] {
        std::fs::write(folder.join(name), konet_billing::cli::completions(shell))?;
    }
    Ok(())
}

/// The page of a command and those of its own commands; its head says of which version it speaks.
fn pages(command: &Command, folder: &Path) -> std::io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let version = concat!("konet-billing ", env!("CARGO_PKG_VERSION"));
    let page = clap_mangen::Man::new(command.clone()).source(version).manual("Konet billing");
    page.render(&mut std::fs::File::create(folder.join(format!("{name}.1")))?)?;
    command.get_subcommands().filter(|one| !one.is_hide_set()).try_for_each(|one| pages(one, folder))
}
