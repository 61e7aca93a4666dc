//! `wschat ask`: the question is asked, somebody answers, and a script goes by it.

use serde_json::json;

use crate::common::bot::Bot;
use crate::host;
use crate::shell::{Started, Town, json as lines_of, until};

/// Answers as somebody with a screen would.
fn answers(town: &Town, name: &str, command: serde_json::Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut person = Bot::new(name);
        person.come_in(&town.at).await;
        let id = person.ask(command).await.expect("sent");
        let mine = |told: &serde_json::Value| told["type"] == "entry" || told["id"] == id;
        let told = person.wait_raw(mine).await.expect("an answer");
        assert_eq!(told["type"], "entry", "{told}");
    });
}

fn asked(town: &Town, words: &str, question: &str) -> (Started, u64) {
    let before = town.said("lobby").len();
    let started = Started::new(town.command("ci", &format!("ask {words}"), &[question]));
    until("it is asked", || town.said("lobby").len() > before);
    let said = town.said("lobby");
    let seq = said[before]["seq"].as_u64().expect("a seq");
    (started, seq)
}

fn reply(of: u64, text: &str) -> serde_json::Value {
    json!({"type": "say", "to": "#lobby", "text": text, "reply_to": of})
}

fn react(of: u64, emoji: &str) -> serde_json::Value {
    json!({"type": "react", "to": "#lobby", "of": of, "emoji": emoji})
}

/// What the question reads as, afterwards.
fn closed(town: &Town, seq: u64) -> String {
    let said = town.said("lobby");
    let question = said.iter().find(|message| message["seq"] == seq).expect("the question is there");
    question["text"].as_str().expect("a text").to_owned()
}

#[test]
fn yes_and_no_by_reply_and_by_reaction() {
    let town = Town::new();
    let (mut ci, seq) = asked(&town, "--yes-no", "deploy?");
    answers(&town, "ann", reply(seq, "what is in it?"));
    answers(&town, "ann", json!({"type": "say", "to": "#lobby", "text": "yes"}));
    answers(&town, "ann", reply(seq, "Yes!"));
    let ran = ci.ends();
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "yes\n", "answered by ann\n"));
    assert_eq!(closed(&town, seq), "deploy?\n*yes, says ann*");

    let (mut ci, seq) = asked(&town, "--yes-no", "again?");
    answers(&town, "ann", react(seq, "🎉"));
    answers(&town, "ann", react(seq, "👎🏽"));
    let ran = ci.ends();
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (1, "no\n", "answered by ann\n"));
    assert_eq!(closed(&town, seq), "again?\n*no, says ann*");
}

#[test]
fn an_answer_is_words_and_json_tells_all() {
    let town = Town::new();
    let (mut ci, seq) = asked(&town, "", "which version?");
    answers(&town, "ann", react(seq, "👍"));
    answers(&town, "ann", reply(seq, "1.4.2"));
    let ran = ci.ends();
    assert_eq!((ran.code, ran.out.as_str()), (0, "1.4.2\n"));
    let (mut ci, seq) = asked(&town, "--yes-no --json", "now?");
    answers(&town, "ann", react(seq, "✅"));
    let answer = &lines_of(&ci.ends().out)[0];
    assert_eq!(
        (&answer["answer"], &answer["yes"], &answer["from"]["name"]),
        (&json!("yes"), &json!(true), &json!("ann"))
    );
}

#[test]
fn nobody_answers_in_time_and_only_who_is_meant_does() {
    let town = Town::new();
    let (mut ci, seq) = asked(&town, "--yes-no --by ann --timeout 4s", "deploy?");
    answers(&town, "ben", reply(seq, "yes"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut guest = host::Raw::dial(&town.at, Some("wschat.v1")).await;
        guest.hears("hello").await;
        guest.send(json!({"type": "enter", "id": 1, "name": "ann-2"})).await;
        guest.hears("welcome").await;
        guest.send(reply(seq, "yes")).await;
        guest.hears("entry").await;
    });
    ci.ends().ill(4, "nobody answered in time");
    assert_eq!(closed(&town, seq), "deploy?\n*nobody answered within 4s; it is not waited for any more*");

    let (mut ci, seq) = asked(&town, "--yes-no --timeout 1m", "deploy?");
    runtime.block_on(async {
        let mut guest = host::Raw::dial(&town.at, Some("wschat.v1")).await;
        guest.hears("hello").await;
        guest.send(json!({"type": "enter", "id": 1, "name": "mallory"})).await;
        guest.hears("welcome").await;
        guest.send(reply(seq, "yes")).await;
        guest.hears("entry").await;
    });
    answers(&town, "ben", reply(seq, "no"));
    assert_eq!(ci.ends().code, 1, "a guest's yes is nobody's");
}

#[test]
fn an_answer_while_the_wire_is_cut_counts_and_an_interrupted_question_says_so() {
    let mut town = Town::new();
    let (mut ci, seq) = asked(&town, "--yes-no", "deploy?");
    town.kill();
    town.start();
    answers(&town, "ann", react(seq, "👍"));
    assert_eq!(ci.ends().code, 0);
    let (mut ci, seq) = asked(&town, "--yes-no", "again?");
    ci.signal(rustix::process::Signal::INT);
    ci.ends().ill(130, "interrupted");
    assert_eq!(closed(&town, seq), "again?\n*nobody waits for an answer any more*");
}

#[test]
fn a_person_is_asked_alone_and_bad_input_is_told() {
    let town = Town::new();
    town.run("ann", "send hi", &[]).well();
    let mut ci = Started::new(town.command("ci", "ask -r @ann --yes-no", &["restart?"]));
    let told = || lines_of(&town.run("ann", "tail --json --since 0 -r @ci", &[]).out);
    until("it is asked", || !told().is_empty());
    town.run("ann", "send -r @ci ok", &[]).well();
    let ran = ci.ends();
    assert_eq!((ran.code, ran.out.as_str()), (0, "yes\n"));
    for (words, code, why) in [
        ("ask", 2, "QUESTION"),
        ("ask --timeout never x", 2, "write a time as 30s"),
        ("ask -r nowhere x", 5, "there is no #nowhere"),
        ("ask --by a:b x", 2, "a name cannot hold"),
        ("ask -r @nobody x", 5, "nobody here is called nobody"),
    ] {
        town.run("ci", words, &[]).ill(code, why);
    }
    town.run("ci", "ask", &["  "]).ill(2, "it is empty");
    let away = crate::shell::command(town.dir.path(), "127.0.0.1:1", "ci", "ask --timeout 1s x", &[]);
    crate::shell::run(away, b"").ill(3, "is not reached");
}
