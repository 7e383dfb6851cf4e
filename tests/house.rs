//! The plan of the house is kept: who may know whom, and what stands where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rooms that a room may know. Errors and the exit status stand outside of all rooms.
fn may_know(room: &str) -> &'static [&'static str] {
    match room {
        "billing" => &[],
        "card" => &["billing"],
        "intake" => &["billing", "outputs", "spool"],
        "hooks" => &["billing"],
        // what is listed is read as it is shown
        "store" => &["billing", "outputs", "views"],
        "mail" => &["billing", "outputs"],
        "config" => &["billing", "mail", "error", "rights"],
        // a list of any length is nobody's and everybody's
        "clock" | "exit_status" | "outputs" | "rights" | "spool" => &[],
        // it reads days as the core does; what staff record is one enumeration, which the job owns and clap parses into
        "cli" => &["billing", "jobs"],
        "error" => &["exit_status"],
        "lock" => &["error", "outputs"],
        "report" => &["billing"],
        "views" => &["billing", "spool"],
        "export" => &["billing"],
        "wording" => &["billing", "export", "views"],
        "jobs" => &[
            "billing",
            "card",
            "clock",
            "config",
            "error",
            "exit_status",
            "hooks",
            "intake",
            "mail",
            "outputs",
            "report",
            "rights",
            "spool",
            "store",
            "views",
        ],
        "commands" => &[
            "billing",
            "cli",
            "clock",
            "config",
            "error",
            "exit_status",
            "export",
            "jobs",
            "lock",
            "mail",
            "outputs",
            "report",
            "store",
            "views",
            "wording",
        ],
        "run" => &["cli", "commands", "error", "exit_status", "jobs", "report"],
        "lib" | "main" => &["run"],
        other => panic!("the room `{other}` is not in the plan"),
    }
}

#[test]
fn rooms_know_only_what_the_plan_allows() {
    let src = root().join("src");
    let mut wrong = Vec::new();
    for file in sources(&src) {
        let relative = file.strip_prefix(&src).unwrap();
        let room = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let mut known = BTreeSet::new();
        for part in text.split("crate::").skip(1) {
            let names = part.strip_prefix('{').map_or(part, |list| list);
            let end =
                if part.starts_with('{') { names.find('}').unwrap_or(names.len()) } else { names.len() };
            for name in names[..end].split(if part.starts_with('{') { ',' } else { '\u{0}' }) {
                let word: String =
                    name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                known.insert(word);
            }
        }
        let allowed = may_know(&room);
        for other in known.iter().filter(|other| **other != room && !other.is_empty()) {
            if !allowed.contains(&other.as_str()) {
                wrong.push(format!("{} knows {other}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_knows_no_clock_no_file_and_no_terminal() {
    for file in sources(&root().join("src/billing")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for forbidden in [
            "std::fs",
            "std::io",
            "std::env",
            "std::time",
            "rusqlite",
            "lettre",
            "println!",
            "Utc::now",
            "Local::now",
        ] {
            assert!(!text.contains(forbidden), "{}: {forbidden}", file.display());
        }
    }
}

#[test]
fn the_sql_stands_in_the_store_alone() {
    for file in sources(&root().join("src")) {
        if !file.starts_with(root().join("src/store")) {
            assert!(!std::fs::read_to_string(&file).unwrap().contains("rusqlite"), "{}", file.display());
        }
    }
}

#[test]
fn nothing_public_in_the_store_speaks_rusqlite() {
    for file in sources(&root().join("src/store")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("pub fn ") {
            let signature = &text[at..at + text[at..].find('{').unwrap()];
            for foreign in ["rusqlite", "Connection", "Row<", "ToSql"] {
                assert!(!signature.contains(foreign), "{}: {signature}", file.display());
            }
        }
    }
}

#[test]
fn what_is_printed_as_json_stands_in_the_views() {
    // the core's own words and numbers, the card's for its templates, and the printer
    let speaks = ["billing", "card", "report.rs", "views"];
    let src = root().join("src");
    for file in sources(&src) {
        let room = file.strip_prefix(&src).unwrap().iter().next().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(speaks.contains(&&*room) || !text.contains("Serialize)]"), "{}", file.display());
    }
}

/// Files of a room that know each other in a circle. What a file knows is what it names of its siblings.
#[test]
fn no_circle_within_a_room() {
    let mut circles = Vec::new();
    for room in [
        "billing", "card", "commands", "config", "export", "intake", "jobs", "mail", "store", "views",
        "wording",
    ] {
        let folder = root().join("src").join(room);
        let name = |file: &Path| {
            let relative = file.strip_prefix(&folder).unwrap().with_extension("");
            let parts: Vec<_> = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            parts.into_iter().filter(|part| part != "mod").collect::<Vec<_>>().join("::")
        };
        let files = sources(&folder);
        let names: BTreeSet<String> = files.iter().map(|file| name(file)).collect();
        let mut knows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in &files {
            let ours = name(file);
            let text = std::fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let above = ours.rsplit_once("::").map_or(String::new(), |(above, _)| format!("{above}::"));
            let room_itself = format!("crate::{room}::");
            let of_room = text.split(&room_itself).skip(1).map(|rest| (String::new(), rest));
            let beside = text.split("super::").skip(1).map(|rest| (above.clone(), rest));
            for (prefix, rest) in of_room.chain(beside) {
                let path: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
                let mut path = format!("{prefix}{}", path.trim_end_matches(':'));
                while !path.is_empty() && !names.contains(&path) {
                    path = path.rsplit_once("::").map_or(String::new(), |(shorter, _)| shorter.to_owned());
                }
                if !path.is_empty() && path != ours {
                    knows.entry(ours.clone()).or_default().insert(path);
                }
            }
        }
        for (one, others) in &knows {
            for other in others {
                if one < other && knows.get(other).is_some_and(|known| known.contains(one)) {
                    circles.push(format!("{room}: {one} and {other} know each other"));
                }
            }
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut long = Vec::new();
    for file in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let mut begun: Option<(usize, &str)> = None;
        for (at, line) in text.lines().enumerate() {
            let indent = &line[..line.len() - line.trim_start().len()];
            let bare = line.trim_start().trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
            let bare = bare.trim_start_matches("pub ").trim_start_matches("const ");
            if bare.starts_with("fn ") && begun.is_none() {
                begun = Some((at, indent));
            }
            if let Some((from, _)) = begun.filter(|(_, indent)| line == format!("{indent}}}")) {
                if at - from >= 60 {
                    long.push(format!("{}:{}: {} lines", file.display(), from + 1, at - from + 1));
                }
                begun = None;
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_long_file_says_why() {
    let mut long = Vec::new();
    for file in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.split("#[cfg(test)]").next().unwrap().lines().count();
        let head: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        if lines > 400 && !head.contains("One file") {
            long.push(format!("{}: {lines} lines", file.display()));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_pdf_library_is_known_in_its_folder_alone() {
    for file in sources(&root().join("src")) {
        if file.starts_with(root().join("src/card/pdf")) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for library in ["genpdf::", "printpdf::", "lopdf::"] {
            assert!(!text.contains(library), "{}: {library}", file.display());
        }
    }
}

#[test]
fn what_a_card_says_stands_in_its_templates() {
    for file in sources(&root().join("src/card")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().map(|line| line.split("//").next().unwrap()) {
            let greek = line.chars().any(|c| ('\u{370}'..='\u{3ff}').contains(&c));
            assert!(!greek, "{}: {line}", file.display());
        }
    }
}

#[test]
fn the_program_borrows_nothing_from_its_tests() {
    for file in sources(&root().join("src")) {
        assert!(!std::fs::read_to_string(&file).unwrap().contains("#[path"), "{}", file.display());
    }
}

#[test]
fn the_example_configurations_are_sound() {
    use konet_billing::config::Config;
    for name in ["konet-billing.toml.example", "examples/konet-billing.toml"] {
        let path = root().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(faults) = Config::parse(&text, &path) {
            panic!("{faults}");
        }
        // every key that is commented out must be a key as well
        let shown: String = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if is_setting(rest) => rest,
                _ => line,
            })
            .filter(|line| !line.contains("…"))
            .collect::<Vec<_>>()
            .join("\n");
        let faults = Config::parse(&shown, &path).err().map(|faults| faults.to_string()).unwrap_or_default();
        let unknown: Vec<&str> = faults.lines().filter(|line| line.contains("unknown")).collect();
        assert!(unknown.is_empty(), "{unknown:#?}");
    }
}

fn is_setting(line: &str) -> bool {
    let word: String = line.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
    line.starts_with('[') || (!word.is_empty() && line[word.len()..].starts_with(" = "))
}

#[test]
fn nothing_on_the_page_is_set_smaller_than_can_be_read() {
    let mut sizes = 0;
    for file in sources(&root().join("src/card/page")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for set in text.split("Type::new(").skip(1) {
            let size = set.split(',').nth(1).unwrap_or_default().trim();
            if let Ok(size) = size.parse::<f32>() {
                sizes += 1;
                assert!(size >= 8.5, "{}: {size} points", file.display());
            }
        }
    }
    assert!(sizes > 8, "{sizes}");
}
