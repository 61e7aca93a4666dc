//! The ways out that are no screen: cleaned texts, names, the log, both wire forms, and `--plain` of the built binary with
//! its log beside it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc::channel;

use proptest::prelude::*;
use serde_json::json;
use wschat::logging::visible;
use wschat::protocol::dialect::plain::foreign;
use wschat::protocol::names::{Nick, RoomName};
use wschat::protocol::slash::{At, read};
use wschat::protocol::text::Text;

use crate::common::bot::{Bot, DEADLINE};
use crate::common::process::{Host, wait_for, wschat};
use crate::common::term::settings;
use crate::corpus::corpus;

/// Characters that a text may not hold, whatever came in: controls but LF and TAB, what turns or hides, stray tags.
fn forbidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

fn harmless(raw: &str) {
    let text = Text::clean(raw);
    assert!(!text.as_str().contains(forbidden), "{raw:?} became {text:?}");
    assert_eq!(Text::clean(text.as_str()), text, "cleaning again changes nothing");
    assert!(!text.one_line().contains(char::is_control), "{raw:?} on one line");
    assert!(!visible(raw).contains(|c: char| c.is_control() || forbidden(c)), "{raw:?} in the log");
    let names = [Nick::parse(raw).map(|name| name.to_string()), RoomName::parse(raw).map(|name| name.to_string())];
    for name in names.into_iter().flatten() {
        let bad = |c: char| c.is_control() || forbidden(c) || c.is_whitespace();
        assert!(!name.contains(bad), "{raw:?} is called {name:?}");
    }
    // An old server's line, as the terminal takes it.
    let (from, said) = foreign::heard(raw);
    assert!(!said.as_str().contains(forbidden), "{raw:?} from an old server");
    assert!(from.is_none_or(|from| !from.as_str().contains(char::is_control)));
    // What is refused is told back, on one line and harmless.
    if let Err(refused) = read(&format!("/{raw}"), At::Screen) {
        let told = Text::clean(&refused.to_string());
        assert!(!told.as_str().contains(forbidden));
    }
}

#[test]
fn the_corpus_is_harmless_at_every_way_out() {
    corpus().iter().for_each(|raw| harmless(raw));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn any_words_are_harmless_at_every_way_out(raw in any::<String>()) {
        harmless(&raw);
    }

    #[test]
    fn words_of_odd_characters_are_harmless(raw in "[\\x00-\\x1f\\x7f-\\u{9f}\\u{ad}\\u{61c}\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}\\u{2060}-\\u{206f}\\u{feff}\\u{300}-\\u{310}\\u{e0000}-\\u{e007f}\\u{1f3f4}a\\[\\];]{0,80}") {
        harmless(&raw);
    }
}

#[test]
fn a_hostile_peer_writes_no_line_of_ours() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host_dir = dir.path().join("host");
    let config = dir.path().join("host.toml");
    std::fs::write(&config, "[limits]\nmessage_burst = 0\nname_burst = 0\n").expect("the test's folder can be written");
    let host = Host::start("127.0.0.1:0", &host_dir, &["-vv", "--config", config.to_str().expect("its name is text")]);
    let data = dir.path().join("ann");
    let mut ann = wschat()
        .args(["--plain", "--name", "ann", "--data-dir"])
        .arg(&data)
        .arg("--config")
        .arg(settings(&data))
        .arg(host.authority())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is built");
    let stdout = BufReader::new(ann.stdout.take().expect("it is piped"));
    let (tell, lines) = channel();
    std::thread::spawn(move || {
        for line in stdout.split(b'\n').map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    let wait = |words: &str| {
        let mut count = 0;
        loop {
            let line = lines.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("in vain: {words}"));
            let line = String::from_utf8(line).expect("what is written is UTF-8");
            assert!(!line.contains(|c: char| c.is_control() || forbidden(c)), "{line:?} would drive a terminal");
            count += 1;
            if line.contains(words) {
                return count;
            }
        }
    };
    wait("now in #lobby");
    let corpus = corpus();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut mallory = Bot::new("mallory");
        let at = host.authority();
        mallory.come_in(&at).await;
        for (n, raw) in corpus.iter().enumerate() {
            mallory
                .ask(json!({"type": "say", "to": "#lobby", "text": raw, "nonce": format!("{n:032x}")}))
                .await
                .expect("it goes out");
            if n % 4 == 0 {
                mallory
                    .ask(json!({"type": "topic", "room": "#lobby", "text": raw, "nonce": format!("{n:030x}ff")}))
                    .await
                    .expect("it goes out");
                mallory.ask(json!({"type": "join", "room": raw})).await.expect("it goes out");
                mallory.ask(json!({"type": "rename", "name": raw})).await.expect("it goes out");
                mallory.ask(json!({"type": "search", "text": raw, "limit": 5})).await.expect("it goes out");
            }
            // Answers are as harmless: JSON in which no control character stands raw.
            let id = mallory.ask(json!({"type": "who", "room": "#lobby"})).await.expect("it goes out");
            let told = mallory.told.len();
            mallory.wait_raw(|v| v["id"] == id).await.expect("the host answers on");
            for value in &mallory.told[told.min(mallory.told.len())..] {
                strings(value, &mut |text| assert!(!text.contains(forbidden), "{value}"));
            }
        }
        mallory.say("#lobby", "that was all").await;
        mallory.until(&at, "the last line is acked", |bot| bot.pending.is_empty()).await;
    });
    assert!(wait("that was all") > 100, "most of it could be said");
    let tail = tail_of_lobby(&host);
    assert!(tail.lines().count() > 50, "{tail}");
    for line in tail.lines() {
        assert!(line.starts_with('['), "a forged line: {line:?}");
        assert!(
            !line.contains(|c: char| (c.is_control() && c != '\t') || forbidden(c)),
            "{line:?} would drive a terminal"
        );
    }
    drop(ann.stdin.take());
    assert!(wait_for(&mut ann).success());
    // The same words by the commands for the shell, whose output goes to terminals and files.
    for words in
        ["tail --since 0", "tail --json --since 0", "export --format txt", "export --format md", "export --format json"]
    {
        let (command, options) = words.split_once(' ').expect("it has options");
        let mut read = wschat();
        read.arg("--data-dir").arg(&data).arg("--config").arg(settings(&data));
        let read = read.args([command, "-s", &host.authority(), "--name", "ann"]).args(options.split(' ')).output();
        let read = read.expect("the binary is built");
        assert_eq!((read.status.code(), read.stderr.as_slice()), (Some(0), &b""[..]), "{words}");
        let read = String::from_utf8(read.stdout).expect("what is written is UTF-8");
        assert!(read.lines().count() > 100, "{words}: {}", read.lines().count());
        assert!(!read.contains(forbidden), "{words} would drive a terminal");
    }
    assert!(host.stop().success());
    let log = std::fs::read_to_string(crate::common::process::log_file(&host_dir)).expect("the host wrote its log");
    for line in log.lines() {
        assert!(!line.contains(|c: char| c.is_control() || forbidden(c)), "{line:?}");
        assert!(
            line.starts_with(|c: char| c.is_ascii_digit()) || line.contains("wschat") || line.is_empty(),
            "a forged line: {line:?}"
        );
    }
}

/// The newest lines of the lobby, as `curl` has them.
fn tail_of_lobby(host: &Host) -> String {
    let mut socket = TcpStream::connect(host.addr).expect("it listens");
    socket.set_read_timeout(Some(DEADLINE)).expect("a time");
    write!(socket, "GET /r/lobby.txt?n=100 HTTP/1.1\r\nHost: {}\r\n\r\n", host.addr).expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it answers in text");
    answer.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
}

/// Every string in it.
fn strings(value: &serde_json::Value, each: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => each(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| strings(field, each)),
        _ => {}
    }
}
