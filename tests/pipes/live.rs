//! `wschat send --live`: one message, kept up to date, closed with how it ended; and the command never suffers from it.

use std::fs;
use std::io::Write;

use crate::shell::{Started, Town, run, until};

/// The one message of the room.
fn message(town: &Town) -> String {
    let words = town.words("lobby");
    assert!(words.len() <= 1, "one message: {words:?}");
    words.into_iter().next().unwrap_or_default()
}

#[test]
fn a_command_is_one_message_with_its_last_lines_and_its_status() {
    let town = Town::new();
    let go = town.dir.path().join("go");
    let script =
        format!("echo one; echo two >&2; until test -e {}; do sleep 0.05; done; seq 3 14; exit 7", go.display());
    let mut live = Started::new(town.command("ann", "send --live", &["--", "sh", "-c", &script]));
    let both = |shown: String| shown.contains("\none\n") && shown.contains("\ntwo\n");
    until("it is shown while it runs", || both(message(&town)));
    assert!(message(&town).contains(": running\n"), "{}", message(&town));
    fs::write(&go, "").expect("a file of the test");
    let ran = live.ends();
    assert_eq!((ran.code, ran.err.as_str()), (7, "two\n"));
    assert!(ran.out.starts_with("one\n3\n") && ran.out.ends_with("14\n"), "what it writes is passed on: {}", ran.out);
    let shown = message(&town);
    assert!(shown.contains(": failed with status 7 after ") && shown.contains("(the last 10 of 14 lines)"), "{shown}");
    assert!(shown.ends_with("```text\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n```"), "{shown}");
}

#[test]
fn what_is_piped_in_is_shown_so_too() {
    let town = Town::new();
    let written = "\u{1b}[32mok\u{1b}[0m\r\n10%\r50%\r100%\nlast \u{202e}line";
    run(town.command("ann", "send --live --lines 2 build", &[]), written.as_bytes()).well();
    let shown = message(&town);
    assert!(shown.starts_with("build: ended after ") && shown.ends_with("```text\n100%\nlast line\n```"), "{shown}");
    let mut endless = Town::new();
    let mut live = Started::new(endless.command("ann", "send --live endless", &[]));
    let mut input = live.child.stdin.take().expect("it is piped");
    input.write_all(b"still at it\n").expect("it reads");
    until("it is shown", || message(&endless).contains("still at it"));
    live.signal(rustix::process::Signal::TERM);
    assert_eq!(live.ends().code, 143);
    assert!(message(&endless).starts_with("endless: interrupted after "), "{}", message(&endless));
    endless.kill();
}

#[test]
fn a_flood_is_few_changes_and_not_utf8_is_shown_as_it_can_be() {
    let town = Town::new();
    let script = "i=0; while [ $i -lt 60 ]; do seq 2000; printf 'caf\\351\\n'; i=$((i+1)); done; sleep 2.2; echo done";
    let ran = town.run("ann", "send --live flood", &["--", "sh", "-c", script]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let shown = message(&town);
    assert!(
        shown.contains("caf\u{FFFD}") && shown.contains("done\n```") && shown.contains(" of 120061 lines)"),
        "{shown}"
    );
    // Each change is an entry: the head of the log tells how many there were.
    let next = town.run("ann", "send --json next", &[]).well();
    let seq = crate::shell::json(&next)[0]["seq"].as_u64().expect("a seq");
    assert!((3..30).contains(&seq), "{seq} entries");
}

#[test]
fn the_command_does_not_suffer_from_the_chat() {
    let mut town = Town::new();
    let missing = town.run("ann", "send --live", &["--", "no-such-command-anywhere"]);
    missing.ill(127, "cannot be run");
    town.run("ann", "send --live -r nowhere", &["--", "sh", "-c", "seq 100000 | tail -1; exit 3"]);
    let refused = town.run("ann", "send --live -r nowhere", &["--", "sh", "-c", "seq 100000; exit 0"]);
    assert_eq!((refused.code, refused.out.lines().count()), (5, 100_000), "{}", refused.err);
    town.kill();
    let away = town.run("ann", "send --live --timeout 1s build", &["--", "sh", "-c", "seq 100000"]);
    assert_eq!((away.code, away.out.lines().count()), (3, 100_000), "{}", away.err);
    assert!(away.err.contains("how it ended waits in the outbox"), "{}", away.err);
    town.start();
    town.run("ann", "send --waiting", &[]).well();
    assert!(message(&town).starts_with("build: done in "), "{}", message(&town));
}

#[test]
fn a_host_that_restarts_meanwhile_has_one_message_with_the_end() {
    let mut town = Town::new();
    let go = town.dir.path().join("go");
    let script = format!("echo begun; until test -e {}; do sleep 0.05; done; echo finished", go.display());
    let mut live = Started::new(town.command("ann", "send --live --timeout 20s", &["--", "sh", "-c", &script]));
    until("it is shown", || message(&town).contains("begun\n"));
    town.kill();
    fs::write(&go, "").expect("a file of the test");
    live.hears("finished");
    town.start();
    assert_eq!(live.ends().code, 0);
    let shown = message(&town);
    assert!(shown.contains(": done in ") && shown.ends_with("begun\nfinished\n```"), "{shown}");
}
