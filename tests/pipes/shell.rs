//! A command as a script runs it, and what came of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::process::{self, wait_for};

/// A wait that never ends is a failure; a good one takes a moment.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a command left.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// It went well, and had nothing to complain of.
    pub fn well(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    /// It ended so, and said why.
    pub fn ill(self, code: i32, why: &str) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(why), "{why:?} is not in {self:?}");
        assert!(self.err.lines().count() <= 1 || code == 2, "one sentence: {self:?}");
        self.out
    }
}

/// A folder with a host, and the people who speak on it from scripts.
pub struct Town {
    pub dir: TempDir,
    pub host: Option<process::Host>,
    pub at: String,
}

impl Town {
    pub fn new() -> Town {
        Town::with(&[])
    }

    pub fn with(more: &[&str]) -> Town {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let host = process::Host::start("127.0.0.1:0", &dir.path().join("host"), more);
        let at = host.authority();
        Town { dir, host: Some(host), at }
    }

    /// Stops the host as kill -9 does.
    pub fn kill(&mut self) {
        self.host.take().expect("it runs").kill();
    }

    /// Starts it again, where it was.
    pub fn start(&mut self) {
        self.host = Some(process::Host::start(&self.at, &self.dir.path().join("host"), &[]));
    }

    /// Somebody's command, for this host, with words separated by blanks; those behind it are whole.
    pub fn command(&self, name: &str, words: &str, more: &[&str]) -> Command {
        command(self.dir.path(), &self.at, name, words, more)
    }

    pub fn run(&self, name: &str, words: &str, more: &[&str]) -> Ran {
        run(self.command(name, words, more), b"")
    }

    /// The messages of a room, as JSON.
    pub fn said(&self, room: &str) -> Vec<Value> {
        json(&self.run("reader", &format!("tail --json --since 0 -r {room}"), &[]).well())
    }

    /// Their words.
    pub fn words(&self, room: &str) -> Vec<String> {
        self.said(room).iter().map(text).collect()
    }
}

/// The words of a message.
pub fn text(message: &Value) -> String {
    message["text"].as_str().unwrap_or_else(|| panic!("no text: {message}")).to_owned()
}

/// Lines of JSON.
pub fn json(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

/// Settings of a person: a wire that breaks is dialled again at once.
fn settings(dir: &Path) -> PathBuf {
    let file = dir.join("client.toml");
    std::fs::write(&file, "[limits]\nbackoff_min = \"50ms\"\nbackoff_max = \"200ms\"\n").expect("the test's folder");
    file
}

pub fn command(dir: &Path, at: &str, name: &str, words: &str, more: &[&str]) -> Command {
    let mut command = process::wschat();
    let words: Vec<&str> = words.split_whitespace().collect();
    let (first, rest) = words.split_first().expect("a command has a name");
    command.arg("--data-dir").arg(dir.join(name)).arg("--config").arg(settings(dir));
    command.arg(first).args(["-s", at, "--name", name]).args(rest).args(more).env("TZ", "UTC").env_remove("TERM");
    command
}

/// Runs it to its end, with this on stdin.
pub fn run(command: Command, stdin: &[u8]) -> Ran {
    let mut started = Started::new(command);
    let mut input = started.child.stdin.take().expect("it is piped");
    let stdin = stdin.to_vec();
    // Nobody needs to read it.
    let writer = std::thread::spawn(move || _ = input.write_all(&stdin));
    let ran = started.ends();
    writer.join().expect("it only writes");
    ran
}

/// A command that runs.
pub struct Started {
    pub child: Child,
    lines: Option<Receiver<String>>,
    heard: Vec<String>,
    err: Option<JoinHandle<String>>,
}

impl Started {
    pub fn new(mut command: Command) -> Started {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the binary is built");
        let (tell, lines) = channel();
        let out = child.stdout.take().expect("it is piped");
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let mut err = child.stderr.take().expect("it is piped");
        let err = std::thread::spawn(move || {
            let mut all = String::new();
            let _ = err.read_to_string(&mut all);
            all
        });
        Started { child, lines: Some(lines), heard: Vec::new(), err: Some(err) }
    }

    /// Waits for a line that has this.
    pub fn hears(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let lines = self.lines.as_ref().expect("its output is read");
        loop {
            match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("waited in vain for {words:?}; heard {:#?}", self.heard)
                }
            }
        }
    }

    /// What it wrote so far.
    pub fn heard(&self) -> &[String] {
        &self.heard
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        process::signal(self.child.id(), signal);
    }

    /// Waits for its end.
    pub fn ends(&mut self) -> Ran {
        use std::os::unix::process::ExitStatusExt;
        let status = wait_for(&mut self.child);
        let code = status.code().or(status.signal().map(|signal| 128 + signal)).expect("it has ended");
        let lines = self.lines.take().expect("it ends once");
        let mut out: String = std::mem::take(&mut self.heard).iter().map(|line| format!("{line}\n")).collect();
        out.extend(lines.iter().map(|line| format!("{line}\n")));
        let err = self.err.take().expect("it ends once").join().expect("it only reads");
        Ran { code, out, err }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until this holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
