//! Provisioning hooks: a program of the administrator's that does a step at a panel. No shell, a small
//! environment, a time limit after which the whole process group ends.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// More output than this says nothing new.
const OUTPUT_MAX: u64 = 16_384;
/// «Already so»: as good as done.
const ALREADY: i32 = 10;

/// What a hook is asked.
#[derive(Debug)]
pub struct Call<'a> {
    /// The program and its arguments.
    pub argv: &'a [String],
    /// The facts as JSON, given on stdin.
    pub facts: &'a str,
    /// The facts as variables `KONET_*`.
    pub variables: &'a [(&'static str, String)],
    /// How long it may take.
    pub limit: Duration,
}

/// What a hook answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was done (or was so already).
    pub done: bool,
    /// What it wrote, or why it could not be run.
    pub output: String,
}

/// Runs a hook to its end.
#[must_use]
pub fn run(call: &Call<'_>) -> Answer {
    let Some((program, arguments)) = call.argv.split_first() else {
        return Answer { done: false, output: "no program is named".to_owned() };
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .envs(call.variables.iter().map(|(name, value)| (*name, value.replace('\0', ""))))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Answer { done: false, output: format!("`{program}` cannot be run: {error}") },
    };
    let stdin = child.stdin.take();
    let facts = call.facts.to_owned();
    let writer = std::thread::spawn(move || {
        // a hook need not read its facts
        let _ = stdin.map(|mut stdin| stdin.write_all(facts.as_bytes()));
    });
    let said = [reader(child.stdout.take()), reader(child.stderr.take())];
    let status = wait(&mut child, call.limit);
    let _ = writer.join();
    let output = said.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>().join("\n");
    let output = output.trim().to_owned();
    match status {
        None => Answer {
            done: false,
            output: format!("it took longer than {} seconds and was ended\n{output}", call.limit.as_secs()),
        },
        Some(Some(0 | ALREADY)) => Answer { done: true, output },
        Some(Some(code)) => Answer { done: false, output: format!("exit {code}{}", why(&output)) },
        Some(None) => Answer { done: false, output: format!("it was ended by a signal\n{output}") },
    }
}

/// What a person reads first is a single line, and a program's last words say why it failed.
fn why(output: &str) -> String {
    match output.lines().last() {
        None => String::new(),
        Some(last) if last == output => format!(": {last}"),
        Some(last) => format!(": {last}\n{output}"),
    }
}

fn reader(source: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut source) = source {
            let _ = source.by_ref().take(OUTPUT_MAX).read_to_end(&mut bytes);
            // whatever else it writes must not block it
            let _ = std::io::copy(&mut source, &mut std::io::sink());
        }
        String::from_utf8_lossy(&bytes).trim().to_owned()
    })
}

/// The exit code (none after a signal); nothing where the limit passed and the group was ended.
fn wait(child: &mut Child, limit: Duration) -> Option<Option<i32>> {
    let begun = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            // children it left behind would hold our pipes open
            end_group(child);
            return Some(status.code());
        }
        if begun.elapsed() >= limit {
            end_group(child);
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn end_group(child: &Child) {
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: u64) -> Answer {
        let argv = ["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()];
        run(&Call {
            argv: &argv,
            facts: "{\"service\":\"S-1\"}",
            variables: &[("KONET_SERVICE", "S-1; rm -rf /".to_owned())],
            limit: Duration::from_millis(limit),
        })
    }

    #[test]
    fn zero_and_already_are_done_and_nothing_else() {
        assert!(sh("exit 0", 5000).done);
        assert!(sh("exit 10", 5000).done);
        let failed = sh("echo no such account >&2; exit 3", 5000);
        assert!(
            !failed.done && failed.output.contains("exit 3") && failed.output.contains("no such account")
        );
        assert_eq!(sh("exit 3", 5000).output, "exit 3");
        let last = sh("echo asking; echo no such account >&2; exit 3", 5000).output;
        assert_eq!(last, "exit 3: no such account\nasking\nno such account");
        assert!(!sh("kill -9 $$", 5000).done);
        let missing = run(&Call {
            argv: &["/nowhere/hook".to_owned()],
            facts: "",
            variables: &[],
            limit: Duration::from_secs(1),
        });
        assert!(!missing.done && missing.output.contains("/nowhere/hook"));
    }

    #[test]
    fn it_is_given_its_facts_twice_and_nothing_of_ours() {
        let answer = sh("cat; echo \" $KONET_SERVICE ${HOME:-no home}\"", 5000);
        assert_eq!(answer.output, "{\"service\":\"S-1\"} S-1; rm -rf / no home");
    }

    #[test]
    fn a_hook_that_hangs_is_ended_with_all_its_children() {
        let begun = Instant::now();
        let answer = sh("sleep 60 & sleep 60", 200);
        assert!(!answer.done && answer.output.contains("longer"));
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_flood_of_output_is_cut_and_blocks_nobody() {
        let answer = sh("yes | head -c 3000000", 20_000);
        assert!(answer.done && answer.output.len() <= 17_000);
    }
}
