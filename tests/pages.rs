//! What the pages say of the code is true: files, tests and functions that they name are there.

use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All that stands between backticks on a page, code blocks left out.
fn named(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').skip(1).step_by(2).map(|word| word.replace('\n', " ")).collect()
}

/// The text of every source file under a folder.
fn code(folder: &str) -> String {
    let mut text = String::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    text
}

const PAGES: [&str; 5] =
    ["docs/architecture.md", "docs/rules.md", "docs/threats.md", "docs/words.md", "CONTRIBUTING.md"];

#[test]
fn every_file_that_a_page_names_is_there() {
    let mut files = 0;
    for page in PAGES {
        for word in named(page) {
            let is_path = word.contains('/') && !word.contains([' ', '<', '=', '*']);
            if is_path && !word.starts_with(".ci") {
                files += 1;
                assert!(root().join(&word).exists(), "{page} names `{word}`");
            }
        }
    }
    assert!(files > 40, "{files} files are named");
}

#[test]
fn every_test_that_a_rule_names_is_there() {
    let mut tests = 0;
    for page in PAGES {
        for word in named(page) {
            let Some((file, test)) = word.split_once("::") else { continue };
            let path = root().join("tests").join(format!("{file}.rs"));
            if !path.exists() {
                continue;
            }
            tests += 1;
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains(&format!("fn {test}(")), "{page} names `{word}`");
        }
    }
    assert!(tests > 30, "{tests} tests are named");
}

#[test]
fn every_function_and_word_that_a_page_names_is_there() {
    let code = code("src");
    let mut functions = 0;
    for page in PAGES {
        for word in named(page) {
            if let Some(function) = word.strip_suffix("()") {
                functions += 1;
                let name = function.rsplit("::").next().unwrap();
                assert!(code.contains(&format!("fn {name}")), "{page} names `{word}`");
            }
        }
    }
    for word in named("docs/words.md") {
        let name = word.rsplit("::").next().unwrap().trim_end_matches('…').trim().to_owned();
        assert!(name.contains(" = ") || code.contains(&name), "docs/words.md names `{word}`");
    }
    assert!(functions > 15, "{functions} functions are named");
}

#[test]
fn every_deliberate_mistake_has_its_one_place() {
    let list = std::fs::read_to_string(root().join("tests/mutants/list.toml")).unwrap();
    let list: toml::Table = list.parse().unwrap();
    let mistakes = list["mistake"].as_array().unwrap();
    let also = mistakes.iter().filter_map(|mistake| mistake.get("also")?.as_array()).flatten();
    for place in mistakes.iter().chain(also) {
        let [file, old] = ["file", "old"].map(|key| place[key].as_str().unwrap());
        let source = std::fs::read_to_string(root().join(file)).unwrap();
        assert_eq!(source.matches(old).count(), 1, "{file}: {old}");
    }
    assert!(mistakes.len() >= 25);
}

/// The commands of the program that a page's blocks show, without what a shell does with their output.
fn commands(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
    let lines = blocks.iter().flat_map(|block| block.lines());
    let commands = lines.filter_map(|line| {
        let command = line.split(" #").next()?.split(" > ").next()?.split(" | ").next()?;
        let at = command.rfind("konet-billing ").filter(|at| *at == 0 || command[..*at].ends_with(' '))?;
        Some(command[at..].trim().to_owned())
    });
    commands.filter(|command| !command.contains('…')).collect()
}

#[test]
fn every_command_of_the_readme_is_one_of_the_program() {
    use clap::Parser;
    let commands = commands("README.md");
    assert!(commands.len() > 25, "{commands:#?}");
    for command in commands {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in command.chars() {
            match letter {
                '"' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                other => words.last_mut().unwrap().push(other),
            }
        }
        if let Err(error) =
            konet_billing::cli::Cli::try_parse_from(words.iter().filter(|word| !word.is_empty()))
        {
            panic!("`{command}`: {error}");
        }
    }
}

#[test]
fn a_company_begins_by_the_readmes_own_words() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let block =
        text.split("```").skip(1).step_by(2).find(|block| block.contains("konet-billing init")).unwrap();
    let script: String = block
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("cargo "))
        .map(|line| format!("{line}\n"))
        .collect();
    let home = tempfile::tempdir().unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_konet-billing"));
    let ran = std::process::Command::new("sh")
        .args(["-e", "-c", &script])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap().display()))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let preview = std::fs::read_to_string(home.path().join("preview/index.html")).unwrap();
    assert!(preview.contains("iframe") || preview.contains(".html"), "{preview}");
}
