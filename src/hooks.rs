//! Provisioning hooks: a program of the administrator's that does a step at a panel. No shell, a small
//! environment, a folder and a umask that are always the same, none of our caller's descriptors, and a time limit
//! after which nothing of it is waited for, whatever it leaves behind.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

/// More output than this says nothing new.
const OUTPUT_MAX: usize = 16_384;
/// «Already so»: as good as done.
const ALREADY: i32 = 10;
/// How long the last words of a program that has ended are waited for: a child of its own may hold the pipes.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long a program that was killed may take to be gone.
const DYING: Duration = Duration::from_secs(1);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// What a hook is asked.
#[derive(Debug)]
pub struct Call<'a> {
    /// The program, by its path, and its arguments.
    pub argv: &'a [String],
    /// The folder it runs in.
    pub folder: &'a Path,
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

impl Answer {
    fn not(output: String) -> Self {
        Self { done: false, output }
    }
}

static INHERITED: OnceLock<Vec<RawFd>> = OnceLock::new();

/// Remembers, before anything is opened, which descriptors whoever called the program left open: no hook gets them.
pub fn note_inherited() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect();
    // the one by which they were listed is closed again
    let still = open.into_iter().filter(|number| Path::new(&format!("/proc/self/fd/{number}")).exists());
    INHERITED.get_or_init(|| still.collect());
}

fn close_inherited() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for descriptor in INHERITED.get().into_iter().flatten() {
            let _ = nix::unistd::close(*descriptor);
        }
    });
}

/// Runs a hook to its end, or to its deadline.
#[must_use]
pub fn run(call: &Call<'_>) -> Answer {
    let deadline = Instant::now() + call.limit;
    let Some((program, arguments)) = call.argv.split_first() else {
        return Answer::not("no program is named".to_owned());
    };
    if !program.starts_with('/') {
        return Answer::not(format!("`{program}` is no absolute path; nothing is looked for in PATH"));
    }
    close_inherited();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(call.folder)
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
        Err(error) => return Answer::not(format!("`{program}` cannot be run: {error}")),
    };
    let mut talk = Talk::with(&mut child, call.facts);
    let status = talk.until_end(&mut child, deadline);
    let output = talk.heard();
    match status {
        None => Answer::not(format!(
            "it took longer than {} seconds and was ended\n{output}",
            call.limit.as_secs()
        )),
        Some(Some(0 | ALREADY)) => Answer { done: true, output },
        Some(Some(code)) => Answer::not(format!("exit {code}{}", why(&output))),
        Some(None) => Answer::not(format!("it was ended by a signal\n{output}")),
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

/// The three pipes to a program. None of them is ever waited for beyond a deadline.
struct Talk<'a> {
    stdin: Option<ChildStdin>,
    facts: &'a [u8],
    stdout: Ear<ChildStdout>,
    stderr: Ear<ChildStderr>,
}

impl<'a> Talk<'a> {
    fn with(child: &mut Child, facts: &'a str) -> Self {
        let stdin = child.stdin.take().filter(|stdin| without_waiting(stdin));
        Self {
            stdin,
            facts: facts.as_bytes(),
            stdout: Ear::at(child.stdout.take()),
            stderr: Ear::at(child.stderr.take()),
        }
    }

    /// The exit code (none after a signal); nothing where the deadline passed and the group was ended.
    fn until_end(&mut self, child: &mut Child, deadline: Instant) -> Option<Option<i32>> {
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                // children it left behind go with it, unless they have hidden: those keep the pipes, and are left
                end_group(child);
                let last = deadline.min(Instant::now() + LAST_WORDS);
                while self.is_open() && Instant::now() < last {
                    self.exchange(LOOK);
                }
                return Some(status.code());
            }
            if Instant::now() >= deadline {
                end_group(child);
                let gone = Instant::now() + DYING;
                while matches!(child.try_wait(), Ok(None)) && Instant::now() < gone {
                    std::thread::sleep(LOOK);
                }
                self.exchange(Duration::ZERO);
                return None;
            }
            if self.is_open() {
                self.exchange(LOOK);
            } else {
                std::thread::sleep(LOOK);
            }
        }
    }

    const fn is_open(&self) -> bool {
        self.stdout.source.is_some() || self.stderr.source.is_some()
    }

    /// Writes and reads what can be without waiting longer than `patience`.
    fn exchange(&mut self, patience: Duration) {
        let wait = Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() };
        let mut pipes: Vec<PollFd<'_>> = Vec::new();
        pipes.extend(self.stdin.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        pipes.extend(self.stdout.source.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        pipes.extend(self.stderr.source.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        let _ = poll(&mut pipes, Some(&wait));
        drop(pipes);
        self.stdout.listen();
        self.stderr.listen();
        self.tell();
    }

    /// A hook need not read its facts.
    fn tell(&mut self) {
        let Some(stdin) = self.stdin.as_mut() else { return };
        match stdin.write(self.facts) {
            Ok(written) if written < self.facts.len() => self.facts = &self.facts[written..],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Ok(_) | Err(_) => self.stdin = None,
        }
    }

    fn heard(self) -> String {
        let said = [self.stdout.heard, self.stderr.heard].map(|bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.trim().to_owned()
        });
        said.join("\n").trim().to_owned()
    }
}

/// One pipe that is listened to.
struct Ear<T> {
    source: Option<T>,
    heard: Vec<u8>,
}

impl<T: Read + AsFd> Ear<T> {
    fn at(source: Option<T>) -> Self {
        Self { source: source.filter(|source| without_waiting(source)), heard: Vec::new() }
    }

    /// Takes what there is; what is too much is heard, and forgotten.
    fn listen(&mut self) {
        let Some(source) = self.source.as_mut() else { return };
        let mut part = [0; 8192];
        // a flood must not keep its own deadline from being seen
        for _ in 0..64 {
            match source.read(&mut part) {
                Ok(0) => {
                    self.source = None;
                    return;
                }
                Ok(count) => {
                    let room = OUTPUT_MAX.saturating_sub(self.heard.len());
                    self.heard.extend(&part[..count.min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    if error.kind() != ErrorKind::WouldBlock {
                        self.source = None;
                    }
                    return;
                }
            }
        }
    }
}

fn without_waiting(pipe: &impl AsFd) -> bool {
    fcntl_getfl(pipe).and_then(|flags| fcntl_setfl(pipe, flags | OFlags::NONBLOCK)).is_ok()
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
            folder: Path::new("/"),
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
            folder: Path::new("/"),
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
    fn a_hook_whose_child_hides_and_keeps_the_pipes_is_not_waited_for() {
        // in a session of its own it is not killed with the group, and holds the pipes for a minute
        for (script, done) in [
            ("setsid sleep 60 & exit 0", true),
            ("setsid sleep 60 & sleep 60", false),
            ("setsid sh -c 'while :; do echo x; sleep 1; done' & sleep 60", false),
        ] {
            let begun = Instant::now();
            let answer = sh(script, 700);
            assert_eq!(answer.done, done, "{script}: {answer:?}");
            assert!(begun.elapsed() < Duration::from_secs(4), "{script}: {:?}", begun.elapsed());
        }
    }

    #[test]
    fn the_folder_is_always_the_same_and_nothing_is_looked_for_in_path() {
        assert_eq!(sh("pwd", 5000).output, "/");
        let argv = ["true".to_owned()];
        let limit = Duration::from_secs(1);
        let answer = run(&Call { argv: &argv, folder: Path::new("/"), facts: "", variables: &[], limit });
        assert!(!answer.done && answer.output.contains("PATH"), "{answer:?}");
    }

    #[test]
    fn a_hook_that_never_reads_its_facts_is_not_waited_for() {
        let argv = ["/bin/sh".to_owned(), "-c".to_owned(), "sleep 0.1; exit 0".to_owned()];
        let facts = "x".repeat(1_000_000);
        let limit = Duration::from_secs(5);
        let answer = run(&Call { argv: &argv, folder: Path::new("/"), facts: &facts, variables: &[], limit });
        assert!(answer.done, "{answer:?}");
    }

    #[test]
    fn a_flood_of_output_is_cut_and_blocks_nobody() {
        let answer = sh("yes | head -c 3000000", 20_000);
        assert!(answer.done && answer.output.len() <= 17_000);
    }
}
