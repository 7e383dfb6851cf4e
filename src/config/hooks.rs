//! `[hooks.KIND]`: what is run at the panel.

use super::section::Section;
use crate::billing::action::Action;
use crate::billing::service::ServiceKind;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What stands in `database.encrypt` for the file that is to be encrypted.
pub const PLAIN: &str = "{plain}";
/// What stands there for the file that it is to write.
pub const ENCRYPTED: &str = "{encrypted}";

/// The hooks of one kind: each an argv, run without a shell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookSet {
    /// What does each step, by the step's own word.
    pub actions: BTreeMap<Action, Vec<String>>,
    /// Answers with the state.
    pub verify: Option<Vec<String>>,
    /// Limit of each.
    pub timeout_seconds: u32,
}

pub(super) fn hooks(
    section: &Section<'_>,
    place: &impl Fn(String) -> PathBuf,
) -> BTreeMap<ServiceKind, HookSet> {
    let mut hooks = BTreeMap::new();
    for (name, child) in section.children() {
        let Some(kind) = ServiceKind::from_code(&name) else {
            child.fault("", format!("`hooks.{name}` is not a kind of service"), None);
            continue;
        };
        let argv = |key| argv(&child, key, place);
        let set = HookSet {
            actions: Action::ALL
                .into_iter()
                .filter_map(|action| Some((action, argv(action.code())?)))
                .collect(),
            verify: argv("verify"),
            timeout_seconds: child.number("timeout_seconds", 3600).unwrap_or(60).max(1),
        };
        child.finish();
        hooks.insert(kind, set);
    }
    hooks
}

/// A program with its arguments, by its absolute path.
pub(super) fn argv(
    section: &Section<'_>,
    key: &'static str,
    place: &impl Fn(String) -> PathBuf,
) -> Option<Vec<String>> {
    let mut argv = section.texts(key)?;
    check_program(section, key, &argv, place);
    // cron's folder is not the configuration's
    if let Some(program) = argv.first_mut().filter(|program| !program.is_empty()) {
        // what was checked is what runs: nothing is looked for in PATH or in another folder
        let checked = place(std::mem::take(program));
        *program = std::path::absolute(&checked).unwrap_or(checked).display().to_string();
    }
    Some(argv)
}

/// The program that encrypts a copy of the database.
pub(super) fn encrypting(section: &Section<'_>, place: &impl Fn(String) -> PathBuf) -> Option<Vec<String>> {
    let argv = argv(section, "encrypt", place)?;
    if ![PLAIN, ENCRYPTED].iter().all(|file| argv.iter().any(|part| part == file)) {
        let hint =
            "[\"/usr/bin/age\", \"--recipient\", \"age1…\", \"--output\", \"{encrypted}\", \"{plain}\"]";
        section.fault("encrypt", "names both files, as `{plain}` and as `{encrypted}`", Some(hint));
    }
    Some(argv)
}

fn check_program(
    section: &Section<'_>,
    key: &'static str,
    argv: &[String],
    place: &impl Fn(String) -> PathBuf,
) {
    use std::os::unix::fs::PermissionsExt;
    let path = section.path(key);
    let Some(program) = argv.first().filter(|program| !program.is_empty()) else {
        section.fault(
            key,
            format!("`{path}` names no program"),
            Some("a list: the program, then its arguments"),
        );
        return;
    };
    let program = place(program.clone());
    let Ok(metadata) = std::fs::metadata(&program) else {
        let hint = "an absolute path, or one relative to the configuration";
        section.fault(key, format!("`{path}`: there is no program `{}`", program.display()), Some(hint));
        return;
    };
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        let hint = "chmod +x it";
        section.fault(key, format!("`{path}`: `{}` cannot be run", program.display()), Some(hint));
    }
}
