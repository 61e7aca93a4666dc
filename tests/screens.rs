//! Several screens of one person, killed and started again: names in use, lines kept on disk, and counts of what is
//! unread that are the same on every screen and what a recount gives.

mod common;

use std::path::Path;

use common::bot::Bot;
use common::process::Host;
use common::term::{Term, wschat};
use serde_json::json;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// A screen of this name, in.
fn screen(data: &Path, at: &str, name: &str) -> Term {
    let term = Term::open(wschat(data, &[at, "--name", name]), 110, 36);
    term.shows(&format!("{name} › write to"));
    term
}

fn count(term: &Term, words: &str) -> usize {
    term.screen().matches(words).count()
}

#[test]
fn a_name_in_use_here_is_offered_as_a_second_screen() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let (at, data) = (host.authority(), dir.path().join("data"));
    let mut one = screen(&data, &at, "ann");
    let mut two = Term::open(wschat(&data, &[&at]), 110, 36);
    two.shows("second screen of ann");
    two.types("\r");
    two.shows("ann › write to #lobby");
    one.types("from the first\r");
    two.shows("from the first");
    two.shows("1 here");
    two.types("from the second\r");
    one.shows("from the second");
    one.types("/join #dev\r");
    one.shows("ann › write to #dev");
    two.shows("# dev");
    two.shows("ann › write to #lobby");
    for mut term in [one, two] {
        term.types("\x11");
        assert!(term.ends().success());
    }
    // Nobody goes by the name now: it is prefilled.
    let three = Term::open(wschat(&data, &[&at]), 110, 36);
    three.shows("› ann");
    three.shows("goes in as ann");
}

#[test]
fn another_machine_cannot_take_a_name() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let at = host.authority();
    let _ann = screen(&dir.path().join("data"), &at, "ann");
    let mut other = Term::open(wschat(&dir.path().join("other"), &[&at, "--name", "Ann"]), 110, 36);
    other.shows("What shall you be called?");
    other.shows("Free: ");
    other.types("\t\r");
    other.shows("› write to #lobby");
    other.hides("Free: ");
}

#[test]
fn two_screens_killed_with_five_lines_each_have_said_ten() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host_data = dir.path().join("host");
    let host = Host::start("127.0.0.1:0", &host_data, &[]);
    let (at, data) = (host.authority(), dir.path().join("data"));
    let mut screens = [screen(&data, &at, "ann"), screen(&data, &at, "ann")];
    host.kill();
    for (which, term) in screens.iter_mut().enumerate() {
        term.shows("reconnecting in");
        for n in 0..5 {
            term.types(&format!("line {which}.{n}\r"));
        }
        term.until("five lines queued", |screen| screen.contents().matches("queued").count() == 5);
    }
    for term in screens {
        term.kill();
    }
    let _host = Host::start(&at, &host_data, &[]);
    let term = screen(&data, &at, "ann");
    term.until("all ten said", |screen| {
        let text = screen.contents();
        let ten = (0..2).all(|which| (0..5).all(|n| text.contains(&format!("line {which}.{n}"))));
        ten && !text.contains("queued") && !text.contains("sending")
    });
    for which in 0..2 {
        let text = term.screen();
        let at: Vec<usize> = (0..5).map(|n| text.find(&format!("line {which}.{n}")).unwrap_or(0)).collect();
        assert!(at.is_sorted(), "in order:\n{text}");
        assert!((0..5).all(|n| count(&term, &format!("line {which}.{n}")) == 1), "once:\n{text}");
    }
}

#[test]
fn a_screen_killed_after_enter_has_said_its_line_once() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let (at, data) = (host.authority(), dir.path().join("data"));
    for n in 0..8 {
        let mut term = screen(&data, &at, "ann");
        term.types(&format!("line {n}.\r"));
        // The composer is empty again: from here on the line is kept, whatever happens.
        term.until("an empty composer", |screen| {
            let text = screen.contents();
            text.contains("write to") && text.contains(&format!("line {n}."))
        });
        term.kill();
    }
    let term = screen(&data, &at, "ann");
    term.until("all lines", |screen| (0..8).all(|n| screen.contents().contains(&format!("line {n}."))));
    assert!((0..8).all(|n| count(&term, &format!("line {n}.")) == 1), "{}", term.screen());
}

/// Whether the room list has this room with this count, or with none.
fn counted(term: &Term, room: &str, count: &str) {
    term.until(&format!("{room} with {count:?}"), |screen| {
        let text = screen.contents();
        // Columns of the room list: what is right of them is no count.
        let row = text.lines().map(|line| line.chars().take(18).collect::<String>()).find(|row| row.contains(room));
        row.is_some_and(|row| row.split(room).nth(1).map(str::trim) == Some(count))
    });
}

#[test]
fn unread_counts_are_what_a_recount_gives_on_every_screen() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host_data = dir.path().join("host");
    let host = Host::start("127.0.0.1:0", &host_data, &[]);
    let (at, data) = (host.authority(), dir.path().join("data"));
    let mut ann = screen(&data, &at, "ann");
    runtime().block_on(async {
        let mut ben = Bot::new("ben");
        ben.come_in(&at).await;
        for room in ["dev", "ops"] {
            ann.types(&format!("/join #{room}\r"));
            ann.shows(&format!("ann › write to #{room}"));
            let id = ben.ask(json!({"type": "join", "room": format!("#{room}")})).await.expect("ben is in");
            let joined = ben.wait_raw(|v| v["id"] == id).await.expect("ben joins");
            assert_eq!(joined["type"], "joined", "{joined}");
        }
        // Two of five are read, three are not.
        let said = |n: usize| format!("line {n}");
        for room in ["#dev", "#ops"] {
            ann.types(if room == "#dev" { "\x1b2" } else { "\x1b3" });
            ann.shows(&format!("ann › write to {room}"));
            for n in 0..2 {
                ben.say(room, &said(n)).await;
            }
            ben.until(&at, "his acks", |bot| bot.pending.is_empty()).await;
            ann.shows("line 1");
            ann.types("\x1b1");
            ann.shows("ann › write to #lobby");
            for n in 2..5 {
                ben.say(room, &said(n)).await;
            }
            ben.until(&at, "his acks", |bot| bot.pending.is_empty()).await;
        }
        counted(&ann, "# dev", "3");
        counted(&ann, "# ops", "3");
        ann.types("\x11");
        assert!(ann.ends().success());
        // While ann is away: 1,200 lines, 7 of them for her, 2 edits and 1 deletion; and fewer in the other room.
        for n in 0..1200 {
            let text = if n % 170 == 5 && n / 170 < 7 { format!("@ann line {n}") } else { said(n + 5) };
            ben.say("#dev", &text).await;
            if n % 25 == 0 {
                ben.until(&at, "his acks", |bot| bot.pending.is_empty()).await;
            }
        }
        for n in 0..120 {
            ben.say("#ops", &said(n + 5)).await;
            if n % 25 == 0 {
                ben.until(&at, "his acks", |bot| bot.pending.is_empty()).await;
            }
        }
        ben.until(&at, "his acks", |bot| bot.pending.is_empty()).await;
        for room in ["#dev", "#ops"] {
            for command in [
                json!({"type": "edit", "to": room, "of": 4, "text": "line 3, edited for @ann"}),
                json!({"type": "edit", "to": room, "of": 50, "text": "edited"}),
                json!({"type": "delete", "to": room, "of": 60}),
            ] {
                ben.ask(command.clone()).await.expect("ben is in");
                let answer = ben.wait_raw(|v| v["of"] == command["of"] || v["type"] == "refused").await;
                assert_ne!(answer.expect("an answer")["type"], "refused", "{command}");
            }
        }
    });
    assert!(host.stop().success());
    let _host = Host::start(&at, &host_data, &[]);
    let mut one = screen(&data, &at, "ann");
    let two = screen(&data, &at, "ann");
    for term in [&one, &two] {
        // Naively: 3 + 1,200 - 1 of which 7 are for her, and 3 + 120 - 1.
        counted(term, "# dev", "@7");
        counted(term, "# ops", "122");
    }
    one.types("\x1b3");
    one.shows("ann › write to #ops");
    // It opens at the first unread line, and only what is seen is read.
    one.shows("edited for @ann");
    two.until("some are left unread", |screen| {
        let ops = screen.contents().lines().find(|line| line.contains("# ops")).unwrap_or("").to_owned();
        let left: Vec<u32> = ops.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        left.first().is_some_and(|left| (1..122).contains(left))
    });
    one.types("\x1b[1;3F");
    counted(&two, "# ops", "");
    counted(&two, "# dev", "@7");
    one.types("\x1ba");
    one.shows("ann › write to #dev");
    one.types("\x1b[1;3F");
    one.shows("line 1204");
    counted(&two, "# dev", "");
    two.shows("ann › write to #lobby");
    // The oldest line is there, page by page.
    one.types("\x1b[1;3H");
    one.shows("the beginning of #dev");
    one.shows("line 0");
}
