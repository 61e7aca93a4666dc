//! The chat without a picture, from the built binary: lines in, lines out, and nothing else written.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use common::process::{Host, wait_for, wschat};
use common::term::{self, Term, settings};

/// A wait that never ends is a failure; a good one takes a moment.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who chats in lines.
struct Person {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Person {
    fn start(host: &Host, data: &Path, args: &[&str]) -> Person {
        let mut child = wschat()
            .args(["--plain", "--data-dir"])
            .arg(data)
            .arg("--config")
            .arg(settings(data))
            .args(args)
            .arg(host.authority())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary is built");
        let stdout = child.stdout.take().expect("it is piped");
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Person { child, stdin, lines, heard: Vec::new() }
    }

    fn types(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("its input is open");
        writeln!(stdin, "{line}").expect("it reads");
    }

    /// Waits for a line that has this.
    fn hears(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    assert!(!line.chars().any(char::is_control), "{line:?} would drive a terminal");
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

    /// The input ends; what was typed is still sent.
    fn ends(mut self) {
        drop(self.stdin.take());
        assert!(wait_for(&mut self.child).success());
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_people_talk_in_lines() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let mut ann = Person::start(&host, &dir.path().join("ann"), &["--name", "ann"]);
    ann.hears("connected to ws://");
    ann.hears("now in #lobby");
    let mut ben = Person::start(&host, &dir.path().join("ben"), &[]);
    ben.hears("What shall you be called?");
    ben.types("ben");
    ben.hears("now in #lobby");
    ann.hears("ben joined");
    ann.types("hello ben, read Münster in **bold**");
    let line = ben.hears("ann: hello ben, read Münster in **bold**");
    assert!(line.starts_with(|c: char| c.is_ascii_digit()), "the time comes first: {line}");
    ben.types("/reply 1 I read it");
    ann.hears("ben to “hello ben, read Münster in **bold**”: I read it");
    ann.types("/react 2 :tada:");
    ben.hears("ann reacted 🎉 to “I read it”");
    ben.types("s/read/heard/");
    ann.hears("ben changed “I read it” to: I heard it");
    ann.types("/msg @ben between us");
    ben.hears("@ann ");
    ben.types("/join #dev");
    ben.hears("now in #dev");
    ann.types("/who");
    ann.hears("People");
    ben.types("/search müns");
    ben.hears("nothing found");
    ben.types("/search in:#lobby müns");
    ben.hears("1. #lobby ");
    ben.hears("1 found; type a number to go there");
    ben.types("1");
    ben.hears("now in #lobby");
    ben.hears("1 ");
    ben.types("/jion");
    ben.hears("there is no /jion; did you mean /join?");
    ann.types("/history 2");
    ann.hears("/reply NUMBER words");
    ben.ends();
    ann.ends();
    assert!(host.stop().success());
}

#[test]
fn what_is_piped_in_is_sent_before_it_ends() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let mut ann = Person::start(&host, &dir.path().join("ann"), &["--name", "ann"]);
    ann.hears("now in #lobby");
    let mut bot = Person::start(&host, &dir.path().join("bot"), &["--name", "bot"]);
    for n in 0..30 {
        bot.types(&format!("line {n}"));
    }
    // Before it was even connected.
    bot.ends();
    ann.hears("bot: line 0");
    ann.hears("bot: line 29");
    ann.ends();
    assert!(host.stop().success());
}

#[test]
fn a_host_that_goes_is_said_and_what_is_typed_waits() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let authority = host.authority();
    let mut ann = Person::start(&host, &dir.path().join("ann"), &["--name", "ann"]);
    ann.hears("now in #lobby");
    host.kill();
    ann.hears("not connected");
    ann.types("written meanwhile");
    let host = Host::start(&authority, &dir.path().join("host"), &[]);
    ann.hears("connected to ws://");
    ann.hears("ann: written meanwhile");
    ann.ends();
    assert!(host.stop().success());
}

#[test]
fn a_dumb_terminal_gets_lines_by_itself() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let mut command = term::wschat(&dir.path().join("ann"), &["--name", "ann", &host.authority()]);
    command.env("TERM", "dumb");
    let mut term = Term::open(command, 80, 24);
    term.shows("now in #lobby");
    term.types("hello\r");
    term.shows("ann: hello");
    assert!(!term.raw().contains(&0x1b), "no escape sequence at all");
    term.types("/quit\r");
    assert!(term.ends().success());
}

#[test]
fn who_talks_too_fast_is_held_back_and_nothing_is_lost_or_out_of_order() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let settings = dir.path().join("strict.toml");
    std::fs::write(&settings, "[limits]\nmessage_burst = 3\nmessage_every = \"30ms\"\n").expect("the test's folder");
    let strict = ["--config", settings.to_str().expect("a path of the test")];
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &strict);
    let mut ben = Person::start(&host, &dir.path().join("ben"), &["--name", "ben"]);
    ben.hears("now in #lobby");
    let mut ann = Person::start(&host, &dir.path().join("ann"), &["--name", "ann"]);
    ann.hears("now in #lobby");
    for n in 0..40 {
        ann.types(&format!("line {n}."));
    }
    ben.hears("line 39.");
    let said: Vec<String> = ben.heard.iter().filter_map(|line| Some(line.split_once("ann: ")?.1.to_owned())).collect();
    let right: Vec<String> = (0..40).map(|n| format!("line {n}.")).collect();
    assert_eq!(said, right);
}
