//! `wschat tail`: what was said, and what is being said, once each, through cuts and restarts; and never what one may not see.

use std::process::Stdio;

use serde_json::json;

use crate::common::bot::Bot;
use crate::common::process::{wait_for, wschat};
use crate::shell::{Started, Town, json as lines_of, run, text};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

#[test]
fn it_begins_where_it_is_told_and_writes_text_or_json() {
    let town = Town::new();
    run(town.command("ann", "send --split", &[]), b"x").well();
    for n in 2..=30 {
        town.run("ann", "send", &[&format!("line {n}")]).well();
    }
    let seqs = |words: &str| -> Vec<u64> {
        let all = lines_of(&town.run("ben", &format!("tail --json {words}"), &[]).well());
        all.iter().map(|line| line["seq"].as_u64().expect("a seq")).collect()
    };
    assert_eq!(seqs(""), (21..=30).collect::<Vec<_>>());
    assert_eq!(seqs("-n 3"), [28, 29, 30]);
    assert_eq!(seqs("-n 0"), [0; 0]);
    assert_eq!(seqs("--since 28"), [29, 30]);
    assert_eq!(seqs("--since 30"), [0; 0]);
    assert_eq!(seqs("--since 0").len(), 30);
    assert_eq!(seqs("--since 1h").len(), 30);
    assert_eq!(seqs("--since today -n 2"), [29, 30]);
    assert_eq!(seqs("--since 2999-01-01"), [0; 0]);
    let line = town.run("ben", "tail -n 1", &[]).well();
    let (time, words) = line.split_at(20);
    assert!(time.starts_with("20") && time.ends_with(' '), "{line}");
    assert_eq!(words, "ann: line 30\n");
    let one = &lines_of(&town.run("ben", "tail --json -n 1", &[]).well())[0];
    for (field, value) in
        [("type", json!("entry")), ("to", json!("#lobby")), ("seq", json!(30)), ("kind", json!("said"))]
    {
        assert_eq!(one[field], value, "{one}");
    }
    assert!(one["at"].as_i64() > Some(1_700_000_000_000) && one["from"]["person"].as_str().is_some(), "{one}");
}

#[test]
fn bad_input_is_told_and_a_room_one_may_not_see_is_not_there() {
    let town = Town::new();
    for (words, code, why) in [
        ("tail --since soon", 2, "write a time that has passed"),
        ("tail --since 2026-13-40", 2, "write a time that has passed"),
        ("tail --since=-5", 2, "--since"),
        ("tail -n x", 2, "--lines"),
        ("tail -n 999999999", 2, "100000"),
        ("tail -r nowhere", 5, "there is no #nowhere"),
        ("tail -r @nobody", 5, "nobody here is called nobody"),
        ("tail words", 2, "words"),
    ] {
        assert_eq!(town.run("ben", words, &[]).ill(code, why), "");
    }
    runtime().block_on(async {
        let mut ann = Bot::new("ann");
        ann.come_in(&town.at).await;
        let id = ann.ask(json!({"type": "join", "room": "#secret"})).await.expect("sent");
        ann.wait_raw(|answer| answer["id"] == id).await.expect("joined");
        ann.say("#secret", "hush").await;
        ann.until(&town.at, "said", |ann| ann.pending.is_empty()).await;
        let id = ann.ask(json!({"type": "room_set", "room": "#secret", "private": true})).await.expect("sent");
        let set = ann.wait_raw(|answer| answer["id"] == id).await.expect("set");
        assert_ne!(set["type"], "refused", "{set}");
    });
    for words in ["tail -r secret", "tail -r secret --follow", "export -r secret --format txt", "send -r secret x"] {
        assert_eq!(town.run("ben", words, &[]).ill(5, "there is no #secret"), "");
    }
    // With --create it must not become another room of that name either.
    town.run("ben", "send -r secret --create x", &[]).ill(5, "there is no #secret for you");
}

#[test]
fn it_follows_through_restarts_without_loss_or_double_lines() {
    let mut town = Town::new();
    town.run("ann", "send before", &[]).well();
    let mut tail = Started::new(town.command("ben", "tail --follow --json", &[]));
    let mut lines = Started::new(town.command("cy", "tail --follow", &[]));
    tail.hears("before");
    lines.hears("ann: before");
    let mut right = vec!["before".to_owned()];
    for round in 0..3 {
        for n in 0..3 {
            right.push(format!("{round}.{n}"));
            town.run("ann", "send", &[&right[right.len() - 1]]).well();
        }
        town.kill();
        right.push(format!("while it is away {round}"));
        town.run("ann", "send --timeout 1s", &[&right[right.len() - 1]]).ill(3, "waits");
        town.start();
        town.run("ann", "send --waiting", &[]).well();
    }
    tail.hears("while it is away 2");
    lines.hears("ann: while it is away 2");
    let said: Vec<String> = lines_of(&tail.heard().join("\n")).iter().map(text).collect();
    assert_eq!(said, right);
    assert_eq!(lines.heard().len(), right.len());
    // A script's own cursor.
    let seq = lines_of(&tail.heard().join("\n"))[4]["seq"].to_string();
    let rest = lines_of(&town.run("dee", "tail --json --since", &[&seq]).well());
    assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), right[5..]);
}

#[test]
fn changes_come_as_lines_of_their_own() {
    let mut town = Town::new();
    let mut ann = Bot::new("ann");
    let (mut json_lines, mut lines, runtime) = (None, None, runtime());
    let ask = |town: &Town, ann: &mut Bot, command: serde_json::Value| {
        runtime.block_on(async {
            ann.come_in(&town.at).await;
            let mut command = command;
            command["to"] = "#lobby".into();
            let id = ann.ask(command).await.expect("sent");
            let refused = |answer: &serde_json::Value| answer["id"] == id && answer["type"] == "refused";
            let told = ann.wait_raw(|answer| answer["type"] == "entry" || refused(answer)).await.expect("an answer");
            assert_eq!(told["type"], "entry", "{told}");
            ann.vanish();
        });
    };
    ask(&town, &mut ann, json!({"type": "say", "text": "one"}));
    json_lines.replace(Started::new(town.command("ben", "tail --follow --json", &[])));
    lines.replace(Started::new(town.command("cy", "tail --follow", &[])));
    let (json_lines, lines) = (json_lines.as_mut().expect("it runs"), lines.as_mut().expect("it runs"));
    json_lines.hears("one");
    lines.hears("ann: one");
    // The bot checks that what it has does not change; here it is to.
    let mut changer = Bot::new("ann");
    ask(&town, &mut changer, json!({"type": "edit", "of": 1, "text": "two"}));
    ask(&town, &mut changer, json!({"type": "react", "of": 1, "emoji": "👍"}));
    let edited = &lines_of(&json_lines.hears("edited"))[0];
    assert_eq!((&edited["type"], &edited["of"], &edited["text"]), (&json!("entry"), &json!(1), &json!("two")));
    lines.hears("* ann changed “one” to: two");
    lines.hears("* ann reacted 👍 to “two”");
    json_lines.hears("reacted");
    town.kill();
    town.start();
    let mut changer = Bot::new("ann");
    ask(&town, &mut changer, json!({"type": "edit", "of": 1, "text": "three"}));
    json_lines.hears("three");
    lines.hears("three");
    ask(&town, &mut Bot::new("ann"), json!({"type": "delete", "of": 1}));
    lines.hears("* ann deleted");
    assert_eq!(town.words("lobby"), [""; 0], "what is deleted is gone");
}

#[test]
fn whoever_has_enough_ends_it_quietly() {
    let town = Town::new();
    for n in 0..5 {
        town.run("ann", "send", &[&format!("line {n}")]).well();
    }
    for words in ["tail --since 0", "tail --follow --json --since 0", "export --format txt", "export --format json"] {
        let mut command = town.command("ben", words, &[]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary is built");
        // Like head, which goes at once; with --follow nothing more is ever written.
        drop(child.stdout.take());
        let code = wait_for(&mut child).code();
        let mut err = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().expect("it is piped"), &mut err).expect("it is text");
        assert_eq!((code, err.as_str()), (Some(0), ""), "{words}");
    }
    // Whoever reads stderr may go, too.
    let mut command = town.command("ben", "tail -r nowhere", &[]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary is built");
    drop(child.stderr.take());
    assert_eq!(wait_for(&mut child).code(), Some(5));
}

#[test]
fn one_who_is_put_out_is_told_so() {
    let town = Town::new();
    let runtime = runtime();
    let mut ann = Bot::new("ann");
    runtime.block_on(async {
        ann.come_in(&town.at).await;
        let id = ann.ask(json!({"type": "join", "room": "#ops"})).await.expect("sent");
        ann.wait_raw(|answer| answer["id"] == id).await.expect("joined");
    });
    let mut tail = Started::new(town.command("ben", "tail -r ops --follow", &[]));
    runtime.block_on(async {
        ann.wait_raw(|told| told["type"] == "moved" && told["who"]["name"] == "ben").await.expect("ben comes");
        ann.say("#ops", "there you are").await;
        ann.until(&town.at, "said", |ann| ann.pending.is_empty()).await;
    });
    tail.hears("there you are");
    runtime.block_on(async {
        let order = json!({"type": "moderate", "deed": "kick", "room": "#ops", "name": "ben", "why": "enough"});
        let id = ann.ask(order).await.expect("sent");
        let done = ann.wait_raw(|answer| answer["id"] == id).await.expect("an answer");
        assert_ne!(done["type"], "refused", "{done}");
    });
    tail.ends().ill(5, "ben is in #ops no more (kick: enough)");
}

#[test]
fn help_has_examples_and_codes_and_no_terminal_is_needed() {
    for name in ["send", "tail", "ask", "export"] {
        let mut command = wschat();
        command.args([name, "--help"]);
        let help = run(command, b"").well();
        for words in ["Examples:", "Exit codes:", "--server", "--name"] {
            assert!(help.contains(words), "{name}: {help}");
        }
        let mut misplaced = wschat();
        misplaced.args(["--name", "ann", name]);
        let misplaced = run(misplaced, b"");
        assert_eq!(misplaced.code, 2, "{misplaced:?}");
    }
}
