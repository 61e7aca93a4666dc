//! What is on disk before what is on the wire, seen from outside by the order of system calls and not by timing. Needs
//! strace, so it is run by `.ci/run` with the feature `system-tests` and not by a plain `cargo test`.

mod common;

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use common::bot::{Bot, DEADLINE};
use common::process::{Host, signal, wschat};
use common::term::{Term, plain_environment, settings};
use portable_pty::CommandBuilder;

const CALLS: &str = "trace=write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync";

/// One system call, and the lines of the record on which it began and ended: another thread may have come between.
struct Call {
    text: String,
    began: usize,
    ended: usize,
}

/// The system calls recorded so far that have ended, in the order they began.
fn calls(file: &Path) -> Vec<Call> {
    let record = std::fs::read_to_string(file).unwrap_or_default();
    let mut calls: Vec<Call> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (at, line) in record.lines().enumerate() {
        // A thread's number is padded, so more than one blank may follow it.
        let Some((thread, what)) = line.split_once(' ').map(|(thread, what)| (thread, what.trim_start())) else {
            continue;
        };
        if let Some(began) = what.strip_suffix("<unfinished ...>") {
            open.insert(thread, calls.len());
            calls.push(Call { text: began.trim_end().to_owned(), began: at, ended: usize::MAX });
        } else if let Some((_, rest)) = what.split_once("resumed>") {
            if let Some(call) = open.remove(thread).and_then(|n| calls.get_mut(n)) {
                (call.text, call.ended) = (format!("{}{rest}", call.text), at);
            }
        } else if what.contains(" = ") {
            calls.push(Call { text: what.to_owned(), began: at, ended: at });
        }
    }
    calls.retain(|call| call.ended < usize::MAX);
    calls
}

fn shown(calls: &[Call]) -> String {
    calls.iter().map(|call| format!("{}-{} {}\n", call.began, call.ended, call.text)).collect()
}

/// Waits until a call like this is recorded; gives all of them.
fn until(file: &Path, what: &str, fits: impl Fn(&str) -> bool) -> Vec<Call> {
    let end = Instant::now() + DEADLINE;
    loop {
        let calls = calls(file);
        if calls.iter().any(|call| fits(&call.text)) {
            return calls;
        }
        assert!(Instant::now() < end, "no {what} was recorded:\n{}", shown(&calls));
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
}

/// The first call like this that began on that line of the record or later.
fn first<'a>(calls: &'a [Call], from: usize, what: &str, fits: impl Fn(&str) -> bool) -> &'a Call {
    let found = calls.iter().find(|call| call.began >= from && fits(&call.text));
    found.unwrap_or_else(|| panic!("no {what} in\n{}", shown(calls)))
}

/// The line of the record on which the next call begins.
fn next(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap_or_default().lines().count()
}

fn syncs(call: &str) -> bool {
    call.starts_with("fsync(") || call.starts_with("fdatasync(")
}

#[test]
fn the_outbox_is_synced_before_the_frame_is_sent() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let (data, trace) = (dir.path().join("data"), dir.path().join("trace"));
    let mut command = CommandBuilder::new("strace");
    command.args(["-f", "-yy", "-s", "200", "-e", CALLS, "-o"]);
    command.arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_wschat"));
    command.args([&host.authority(), "--name", "ann", "--data-dir"]);
    command.arg(&data);
    // A frame is masked, so what it says cannot be told from outside: nothing else may be sent meanwhile.
    let quiet = settings(&data);
    std::fs::write(&quiet, "[ui]\ntyping = false\n").expect("the test's folder can be written");
    command.arg("--config");
    command.arg(quiet);
    plain_environment(&mut command);
    let mut ann = Term::open(command, 80, 24);
    ann.shows("ann › write to #lobby");
    ann.types("in this order");
    ann.shows("in this order");
    let before = next(&trace);
    ann.types("\r");
    ann.hides("› in this order");
    // By its length too: a nonce of 32 digits and the text are more than what asks for a page or tells of a read position.
    let long = |call: &str| call.rsplit("= ").next().and_then(|sent| sent.trim().parse::<usize>().ok()) > Some(80);
    let socket = |call: &str| call.contains("<TCP:[") && long(call);
    let kept = |call: &str| call.contains(".outbox>") && call.contains("in this order");
    let end = Instant::now() + DEADLINE;
    let calls = loop {
        let calls = calls(&trace);
        let at = calls.iter().position(|call| kept(&call.text));
        if at.is_some_and(|at| calls[at..].iter().any(|call| socket(&call.text))) {
            break calls;
        }
        assert!(Instant::now() < end, "no frame after the outbox:\n{}", shown(&calls));
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    };
    let written = first(&calls, before, "write to the outbox", kept);
    let sync = |call: &str| syncs(call) && call.contains(".outbox>");
    let synced = first(&calls, written.ended, "sync of the outbox", sync);
    let sent = first(&calls, before, "frame", socket);
    assert!(synced.ended < sent.began, "{}", shown(&calls));
    ann.types("\x11");
    ann.ends();
}

#[test]
fn the_history_is_synced_before_anybody_hears() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let trace = dir.path().join("trace");
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-yy", "-s", "300", "-e", CALLS, "-o"]).arg(&trace).arg(wschat().get_program());
    let host = Host::start_with(command, "127.0.0.1:0", &dir.path().join("host"), &[]);
    let at = host.authority();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let before = runtime.block_on(async {
        let mut ann = Bot::new("ann");
        ann.come_in(&at).await;
        let before = next(&trace);
        ann.say("#lobby", "heard after it is kept").await;
        ann.until(&at, "her ack", |bot| bot.pending.is_empty()).await;
        before
    });
    let heard = |call: &str| call.contains("<TCP:[") && call.contains("heard after it is kept");
    let calls = until(&trace, "frame", heard);
    let synced = first(&calls, before, "sync of the history", |call| syncs(call) && call.contains("host.db"));
    let told = first(&calls, before, "frame", heard);
    assert!(synced.ended < told.began, "{}", shown(&calls));
    // What strace runs outlives strace when that is killed: it is stopped by its own pid.
    let pid = std::fs::read_to_string(dir.path().join("host/host.lock")).expect("the host holds its lock");
    signal(pid.trim().parse().expect("it is a pid"), rustix::process::Signal::TERM);
    assert!(host.ends().success());
}
