//! The bots of `examples/` on a real host, as people see them: they answer once, through cuts, deaths of the host and lost
//! acks, are marked as programs, do not talk with each other, and end with a sentence where they cannot go on.

mod common;
#[path = "../examples/dice_bot.rs"]
mod dice_bot;
#[path = "../examples/echo_bot.rs"]
mod echo_bot;

use std::path::Path;

use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet};

use common::bot::{Bot as Person, DEADLINE};
use common::process::Host;
use common::proxy::Proxy;
use wschat::client::bot::{Bot, BotError, News, Options};
use wschat::protocol::names::Target;

/// Runs a test with its tasks on one thread.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    LocalSet::new().block_on(&runtime, test);
}

/// A host, and somebody in its lobby.
async fn lobby(dir: &Path) -> (Host, Person) {
    let host = Host::start("127.0.0.1:0", &dir.join("host"), &[]);
    let mut ann = Person::new("ann");
    ann.come_in(&host.authority()).await;
    (host, ann)
}

/// A bot of this name, with its keys in the test's folder, dialling there.
fn options(dir: &Path, authority: &str, name: &str) -> Options {
    let at = format!("ws://{authority}/#lobby").parse().expect("an address");
    Options::new(at, name.parse().expect("a name")).keys(dir.join("keys"))
}

fn echo(dir: &Path, authority: &str, name: &str) -> JoinHandle<Result<(), BotError>> {
    tokio::task::spawn_local(echo_bot::run(options(dir, authority, name)))
}

/// Waits until this person is in the lobby, as another one sees it; gives how it is told of.
async fn sees(ann: &mut Person, name: &str) -> serde_json::Value {
    loop {
        let id = ann.ask(json!({"type": "who", "room": "#lobby"})).await.expect("it is connected");
        let told = ann.wait_raw(|v| v["id"] == id).await.expect("it is answered");
        let people = told["people"].as_array().expect("members").clone();
        if let Some(found) = people.into_iter().find(|one| one["name"] == name && one["online"] == true) {
            return found;
        }
    }
}

/// What was said in the lobby, in order: who and what.
fn said(ann: &Person) -> Vec<(String, String)> {
    let lobby = ann.log.get("#lobby").into_iter().flat_map(|log| log.values());
    lobby.map(|heard| (heard.from.clone(), heard.text.clone())).collect()
}

/// How many lines were said there.
fn lines(ann: &Person) -> usize {
    ann.log.get("#lobby").map_or(0, |log| log.len())
}

fn of(from: &str, text: &str) -> (String, String) {
    (from.to_owned(), text.to_owned())
}

#[test]
fn the_echo_answers_who_means_it_and_no_program() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let (host, mut ann) = lobby(dir.path()).await;
        let at = host.authority();
        ann.say("#lobby", "@echo before you came").await;
        ann.until(&at, "its own line", |ann| ann.pending.is_empty()).await;
        let _one = echo(dir.path(), &at, "echo");
        let _two = echo(dir.path(), &at, "parrot");
        for name in ["echo", "parrot"] {
            let seen = sees(&mut ann, name).await;
            assert_eq!(seen["bot"], true, "{seen}");
            assert!(seen["guest"].is_null(), "{seen}");
        }
        for text in ["nobody is meant", "@echo: say @parrot twice", "@parrot", "@echo 全部 🎲"] {
            let before = lines(&ann);
            ann.say("#lobby", text).await;
            let all = before + if text.starts_with('@') { 2 } else { 1 };
            ann.until(&at, text, |ann| lines(ann) >= all + usize::from(text.contains("twice"))).await;
        }
        ann.say("@echo", "for you alone").await;
        ann.until(&at, "an answer to it alone", |ann| {
            ann.log.get("@ann").is_some_and(|log| log.values().any(|heard| heard.text == "for you alone"))
        })
        .await;
        let mut heard = said(&ann);
        // The two that were meant by one line may answer it in either order.
        heard[3..5].sort();
        assert_eq!(
            heard,
            [
                of("ann", "@echo before you came"),
                of("ann", "nobody is meant"),
                of("ann", "@echo: say @parrot twice"),
                of("echo", "say @parrot twice"),
                of("parrot", "@echo: say @parrot twice"),
                of("ann", "@parrot"),
                of("parrot", "yes?"),
                of("ann", "@echo 全部 🎲"),
                of("echo", "全部 🎲"),
            ]
        );
        ann.check("#lobby");
    });
}

#[test]
fn an_answer_comes_once_though_its_ack_is_lost_and_the_host_dies() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut host, mut ann) = lobby(dir.path()).await;
        let at = host.authority();
        let wire = Proxy::to(host.addr).await;
        let _bot = echo(dir.path(), &wire.addr.to_string(), "echo");
        sees(&mut ann, "echo").await;
        for n in 0..10 {
            let ack = format!("\"answer {n}\"").into_bytes();
            wire.swallow(move |frame| frame.windows(ack.len()).any(|part| part == ack));
            ann.say("#lobby", &format!("@echo answer {n}")).await;
            ann.until(&at, "the answer", |ann| lines(ann) == 2 * (n + 1)).await;
        }
        // What is said while it is cut off is answered when it is back, each once, in order.
        for round in 0..3 {
            let before = lines(&ann);
            wire.stall();
            wire.cut();
            for n in 0..5 {
                ann.say("#lobby", &format!("@echo {round}.{n}")).await;
            }
            ann.until(&at, "its own acks", |ann| ann.pending.is_empty()).await;
            if round == 1 {
                ann.vanish();
                host.kill();
                host = Host::start(&at, &dir.path().join("host"), &[]);
                ann.come_in(&at).await;
            }
            wire.flow();
            ann.until(&at, "all answers", |ann| lines(ann) >= before + 10).await;
        }
        let answers: Vec<String> =
            said(&ann).into_iter().filter(|(from, _)| from == "echo").map(|(_, text)| text).collect();
        let mut expected: Vec<String> = (0..10).map(|n| format!("answer {n}")).collect();
        expected.extend((0..3).flat_map(|round| (0..5).map(move |n| format!("{round}.{n}"))));
        assert_eq!(answers, expected);
        ann.check("#lobby");
    });
}

#[test]
fn dice_are_thrown_as_asked_and_a_bot_that_goes_says_goodbye() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let (host, mut ann) = lobby(dir.path()).await;
        let at = host.authority();
        let (stop, stopped) = oneshot::channel();
        let bot = tokio::task::spawn_local(dice_bot::run(options(dir.path(), &at, "dice"), async {
            let _ = stopped.await;
        }));
        sees(&mut ann, "dice").await;
        for text in
            ["!roll", "!roll 3d6", "!rolling is something else", "!roll 0d6", "!roll 9999999999d1", "!roll dice"]
        {
            let before = lines(&ann);
            ann.say("#lobby", text).await;
            let more = if text.starts_with("!rolling") { 1 } else { 2 };
            ann.until(&at, "dice", |ann| lines(ann) == before + more).await;
        }
        let thrown: Vec<String> =
            said(&ann).into_iter().filter(|(from, _)| from == "dice").map(|(_, text)| text).collect();
        let sides = |text: &str| text.parse::<u32>().expect("a number");
        assert!((1..=6).contains(&sides(&thrown[0])), "{thrown:?}");
        let (each, sum) = thrown[1].split_once(" = ").expect("a sum");
        let each: Vec<u32> = each.split(" + ").map(sides).collect();
        assert!(each.len() == 3 && each.iter().all(|one| (1..=6).contains(one)), "{thrown:?}");
        assert_eq!(each.iter().sum::<u32>(), sides(sum));
        assert!(thrown[2..].iter().all(|words| words.contains("1 to 20 dice")) && thrown.len() == 5, "{thrown:?}");
        stop.send(()).expect("it runs");
        tokio::time::timeout(DEADLINE, bot).await.expect("it ends").expect("it does not panic").expect("it ends well");
        let gone =
            |v: &serde_json::Value| v["type"] == "presence" && v["who"]["name"] == "dice" && v["online"] == false;
        if !ann.told.iter().any(gone) {
            ann.wait_raw(gone).await.expect("everybody sees it go");
        }
    });
}

/// How this bot ends.
async fn end(mut bot: Bot) -> String {
    let ended = async {
        loop {
            if let Err(why) = bot.next().await {
                return why.to_string();
            }
        }
    };
    tokio::time::timeout(DEADLINE, ended).await.expect("it ends")
}

#[test]
fn what_cannot_be_ends_with_a_sentence_and_what_is_not_taken_comes_back() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        let (host, mut ann) = lobby(dir.path()).await;
        let at = host.authority();
        // A name that another key has.
        let taken = Bot::new(options(dir.path(), &at, "ann")).expect("it begins");
        let why = end(taken).await;
        assert!(why.contains("does not let ann in") && why.contains("somebody else"), "{why}");
        // A room behind a password.
        for command in [
            json!({"type": "join", "room": "#vault"}),
            json!({"type": "room_set", "room": "#vault", "password": "open sesame"}),
        ] {
            let id = ann.ask(command).await.expect("sent");
            let told = ann.wait_raw(|v| v["id"] == id).await.expect("answered");
            assert!(told["type"] != "refused", "{told}");
        }
        let shut = options(dir.path(), &at, "thief").room("vault".parse().expect("a room"));
        let why = end(Bot::new(shut).expect("it begins")).await;
        assert!(why.contains("#vault cannot be joined"), "{why}");
        // A line that is too long, and one for a room it is not in.
        let mut bot = Bot::new(options(dir.path(), &at, "wordy")).expect("it begins");
        let long = "a".repeat(9000);
        let lobby: Target = "#lobby".parse().expect("a room");
        bot.say(&lobby, "short");
        bot.say(&lobby, &long);
        bot.say(&"#nowhere".parse().expect("a room"), "anybody?");
        let mut unsaid = Vec::new();
        while unsaid.len() < 2 {
            match tokio::time::timeout(DEADLINE, bot.next()).await.expect("news").expect("it lives") {
                News::Unsaid { to, text, why } => unsaid.push((to.to_string(), text.as_str().len(), why)),
                other => panic!("{other:?}"),
            }
        }
        unsaid.sort();
        assert_eq!((unsaid[0].0.as_str(), unsaid[0].1), ("#lobby", 9000));
        assert_eq!((unsaid[1].0.as_str(), unsaid[1].1), ("#nowhere", 8));
        assert!(unsaid.iter().all(|(_, _, why)| !why.is_empty()), "{unsaid:?}");
        ann.until(&at, "what could be said", |ann| said(ann).contains(&of("wordy", "short"))).await;
        // Put out of the room.
        let id = ann.ask(json!({"type": "join", "room": "#club"})).await.expect("sent");
        ann.wait_raw(|v| v["id"] == id).await.expect("answered");
        let mut member =
            Bot::new(options(dir.path(), &at, "member").room("club".parse().expect("a room"))).expect("it begins");
        let out = async {
            loop {
                if let News::Out(room) = member.next().await.expect("it lives") {
                    return room;
                }
            }
        };
        let kick = async {
            loop {
                let kick = json!({"type": "moderate", "deed": "kick", "room": "#club", "name": "member"});
                let id = ann.ask(kick).await.expect("sent");
                let told = ann.wait_raw(|v| v["id"] == id).await.expect("answered");
                if told["type"] == "done" {
                    return;
                }
            }
        };
        let (room, ()) =
            tokio::time::timeout(DEADLINE, async { tokio::join!(out, kick) }).await.expect("it is put out");
        assert_eq!(room.as_str(), "club");
    });
}

#[test]
fn a_bot_that_talks_to_nobody_keeps_a_bounded_heap() {
    run(async {
        let dir = tempfile::tempdir().expect("a folder");
        // Nobody listens at port 1 of this machine.
        let mut bot = Bot::new(options(dir.path(), "127.0.0.1:1", "alone")).expect("it begins");
        for n in 0..1001 {
            bot.say(&"#lobby".parse().expect("a place"), &n.to_string());
        }
        assert_eq!(bot.waiting(), 1000);
        let news = tokio::time::timeout(DEADLINE, bot.next()).await.expect("news").expect("it lives");
        assert!(
            matches!(&news, News::Unsaid { text, why, .. } if text.as_str() == "1000" && why.contains("1000 lines")),
            "{news:?}"
        );
    });
}
