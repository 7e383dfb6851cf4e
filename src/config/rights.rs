//! Who may change what the configuration names, and read a password in it.

use super::Config;
use crate::rights;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

/// A configuration that everybody may change decides who is suspended, and so do its hooks, templates and profiles; one
/// with a password in it is for one reader.
pub(super) fn check(config: &Config) -> Result<(), (String, String)> {
    if let Some(hand) = obeyed(config).iter().find_map(|path| rights::of_everybody(path)) {
        return Err((format!("{hand}, and it decides who is suspended"), hand.remedy()));
    }
    if config.smtp.holds_password() && rights::is_shared(&config.path) {
        let (name, path) = (rights::our_name(), config.path.display());
        let hint = format!(
            "chmod 600 the file where it is {name}'s own, else chown root:{name} '{path}' and chmod 640; or use `smtp.password_file`"
        );
        return Err(("holds a password and can be read by others".to_owned(), hint));
    }
    Ok(())
}

/// Every file and folder that the program obeys: the configuration, programs with the scripts that they are given,
/// templates, profiles and pictures.
#[must_use]
pub(super) fn obeyed(config: &Config) -> Vec<PathBuf> {
    let hooks = config.hooks.values().flat_map(|set| set.actions.values().chain(&set.verify));
    let monitor = config.monitor.on_success.iter().chain(&config.monitor.on_failure);
    // `/bin/sh SCRIPT` obeys the script, and runs in the configuration's folder
    let folder = config.path.parent().unwrap_or(Path::new(""));
    let programs = hooks
        .chain(monitor)
        .chain(&config.database.encrypt)
        .flatten()
        .map(|part| folder.join(part))
        .filter(|part| part.is_file());
    let own = [&config.mail.templates, &config.import.profiles, &config.logo, &config.payment.iris_qr];
    let mut paths = vec![config.path.clone()];
    paths.extend(programs);
    for place in own.into_iter().flatten() {
        paths.extend(within(place));
        paths.push(place.clone());
    }
    paths
}

/// The files of a folder of templates or profiles, and of its folders.
fn within(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    // a link is looked at, and not gone into: it may lead back
    let is_folder = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let files = entries.flatten();
    files.flat_map(|file| if is_folder(&file) { within(&file.path()) } else { vec![file.path()] }).collect()
}
