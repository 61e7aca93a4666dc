//! Plain HTTP on the same port: tails of rooms, webhooks, figures and health, and all that is wrong with what is sent there.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wschat::protocol::entry::unhex;
use wschat::protocol::person::Proof;
use wschat::server::entrance::Entrance;

use crate::host::{Host, OWNERS, Raw, soon};
use crate::stopping::{Mood, moody};

/// Who owns the host, and hears live.
async fn owner(host: &Host) -> Raw {
    let mut raw = host.dial(Some("wschat.v1")).await;
    let hello = raw.hears("hello").await;
    let challenge = unhex(hello["challenge"].as_str().expect("a challenge")).expect("hex");
    let proof = Proof::sign(&[7; 32], &host.authority(), &challenge);
    let signature: String = proof.signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = proof.key.to_string();
    raw.send(json!({"type": "enter", "name": "ann", "key": key, "sig": signature, "invite": OWNERS})).await;
    raw.hears("welcome").await;
    raw.send(json!({"type": "resume", "cursors": []})).await;
    raw.hears("resumed").await;
    raw
}

/// A webhook of this room: the path of its address.
async fn hook(ann: &mut Raw, room: &str, name: &str) -> String {
    ann.send(json!({"type": "hook_add", "room": room, "name": name})).await;
    let link = ann.hears("hook").await["link"].as_str().expect("an address").to_owned();
    link[link.find("/hook/").expect("its path")..].to_owned()
}

/// The status, the head and the body of an answer.
fn parts(answer: &str) -> (u16, &str, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head[9..12].parse().expect("a status"), head, body)
}

/// The answer without what differs by the moment.
fn timeless(answer: &str) -> String {
    answer.lines().filter(|line| !line.starts_with("date:")).collect()
}

async fn get(host: &Host, path: &str, more: &str) -> String {
    host.http(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n")).await
}

async fn post(host: &Host, path: &str, more: &str, body: &[u8]) -> String {
    let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{more}\r\n", body.len());
    socket.write_all(head.as_bytes()).await.expect("it reads");
    socket.write_all(body).await.expect("it reads");
    rest(&mut socket).await
}

async fn rest(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    soon("an answer", socket.read_to_end(&mut answer)).await.expect("it answers");
    String::from_utf8(answer).expect("it answers in text")
}

const TEXT: &str = "Content-Type: text/plain\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

#[tokio::test]
async fn what_is_posted_is_heard_marked_kept_once_and_read_again() {
    let host = Host::start();
    let mut ann = owner(&host).await;
    let hook = hook(&mut ann, "#lobby", "ci").await;
    for (more, body, said) in [
        (TEXT, "build 7 is green\n", "build 7 is green"),
        (JSON, r#"{"text":"a\nb","icon_emoji":":x:"}"#, "a\nb"),
        (FORM, r#"{"text":"by curl -d"}"#, "by curl -d"),
        (FORM, "{no json} at all", "{no json} at all"),
        (TEXT, r#"{"text":"as it is"}"#, r#"{"text":"as it is"}"#),
        ("", "\u{1b}[31mred\u{7}", "␛[31mred␇"),
    ] {
        let answer = post(&host, &hook, more, body.as_bytes()).await;
        let (status, head, told) = parts(&answer);
        assert_eq!(status, 201, "{answer}");
        assert!(head.contains("content-type: application/json") && head.contains("nosniff"), "{head}");
        let told: Value = serde_json::from_str(told).expect("JSON");
        let heard = ann.hears("entry").await;
        assert_eq!((&heard["seq"], &told["room"]), (&told["seq"], &json!("#lobby")));
        assert_eq!(
            (&heard["text"], &heard["from"]["bot"], &heard["from"]["name"]),
            (&json!(said), &json!(true), &json!("ci"))
        );
    }
    let once = format!("{TEXT}Idempotency-Key: build-7\r\n");
    let (first, again) = (post(&host, &hook, &once, b"once").await, post(&host, &hook, &once, b"once").await);
    assert_eq!((parts(&first).0, parts(&again).0), (201, 200));
    assert_eq!(parts(&first).2, parts(&again).2);
    assert_eq!(parts(&post(&host, &hook, &once, b"other").await).0, 409);
    assert_eq!(parts(&post(&host, &hook, JSON, br#"{"text":"x","name":"nightly"}"#).await).0, 201);

    let answer = get(&host, "/r/lobby.txt?n=2", "").await;
    let (status, head, text) = parts(&answer);
    assert_eq!(status, 200, "{answer}");
    for header in
        ["content-type: text/plain; charset=utf-8", "x-content-type-options: nosniff", "cache-control: no-store"]
    {
        assert!(head.contains(header), "{head}");
    }
    let lines: Vec<&str> = text.lines().map(|line| line.split_once("] ").expect("a time").1).collect();
    assert_eq!(lines, ["ci (bot): once", "nightly (bot): x"], "the newest last");
    let whole = get(&host, "/r/lobby.txt", "").await;
    assert!(whole.contains("ci (bot): a\n") && whole.contains("ci (bot): b\n") && !whole.contains('\u{1b}'), "{whole}");
    let answer = get(&host, "/r/%23LOBBY.json?n=9999", "").await;
    let page: Value = serde_json::from_str(parts(&answer).2).expect("JSON");
    assert_eq!((&page["type"], &page["to"]), (&json!("page"), &json!("#lobby")));
    assert_eq!(page["entries"].as_array().map(Vec::len), Some(8));
    assert_eq!(page["entries"][0]["from"]["bot"], json!(true));
}

#[tokio::test]
async fn what_cannot_be_said_is_answered_with_what_to_do() {
    let host = Host::with(|config| config.limits.text_bytes = 100);
    let mut ann = owner(&host).await;
    let hook = hook(&mut ann, "#lobby", "ci").await;
    let long = "x".repeat(101);
    let escaped = format!(r#"{{"text":"{long}"}}"#);
    let key = format!("{TEXT}Idempotency-Key: {}\r\n", "k".repeat(256));
    for (more, body, status, why) in [
        (JSON, &b"{\"txt\":\"x\"}"[..], 400, r#"{"text": "#),
        (JSON, b"[\"x\"]", 400, "Expected one JSON object"),
        (JSON, b"{\"text\":7}", 400, "both are strings"),
        (JSON, b"{\"text\":", 400, "This is no JSON"),
        (JSON, b"", 400, "Expected one JSON object"),
        (JSON, b"{\"text\":\"x\",\"name\":\"a b\"}", 400, "name"),
        (JSON, b"{\"text\":\"x\",\"name\":\"ann\"}", 400, "belongs to somebody else"),
        (TEXT, b"\xff\xfe", 400, "UTF-8"),
        (TEXT, b"", 400, "nothing to say"),
        (TEXT, b" \n \n", 400, "nothing to say"),
        (TEXT, long.as_bytes(), 413, "at most 100 bytes"),
        (JSON, escaped.as_bytes(), 413, "at most 100 bytes"),
        (&key, b"x", 400, "Idempotency-Key"),
        ("Content-Type: multipart/form-data; boundary=x\r\n", b"--x--", 400, "as JSON"),
    ] {
        let answer = post(&host, &hook, more, body).await;
        let (found, _, told) = parts(&answer);
        assert_eq!(found, status, "{answer}");
        assert!(told.contains(why) && told.trim_end().ends_with('.'), "{why}: {told}");
    }
    let empty = get(&host, "/r/lobby.txt", "").await;
    assert_eq!(parts(&empty).2, "", "and nothing of it was said");
}

#[tokio::test]
async fn too_much_and_too_slow() {
    let host = Host::with(|config| config.timeouts.enter = Duration::from_millis(1500));
    let mut ann = owner(&host).await;
    let hook = hook(&mut ann, "#lobby", "ci").await;
    // Whoever asks first sends nothing for nothing.
    let ask =
        format!("POST {hook} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485760\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(parts(&host.http(&ask).await).0, 413);
    let answer = post(&host, &hook, TEXT, &vec![b'x'; 100_000]).await;
    assert_eq!(parts(&answer).0, 413, "{answer}");
    let chunked = format!("POST {hook} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    let pieces = format!("10000\r\n{0}\r\n10000\r\n{0}\r\n0\r\n\r\n", "x".repeat(0x10000));
    assert_eq!(parts(&host.http(&format!("{chunked}{pieces}")).await).0, 413);
    let mut slow = TcpStream::connect(host.addr).await.expect("it listens");
    let head = format!("POST {hook} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab");
    slow.write_all(head.as_bytes()).await.expect("it reads");
    let answer = rest(&mut slow).await;
    assert_eq!(parts(&answer).0, 408, "{answer}");
    let cut = format!("{chunked}nonsense\r\n");
    assert_eq!(parts(&host.http(&cut).await).0, 400);
    assert_eq!(parts(&post(&host, &hook, TEXT, b"x").await).0, 201);
}

#[tokio::test]
async fn a_token_opens_in_its_place_alone_and_until_it_is_taken_back() {
    let host = Host::start();
    let mut ann = owner(&host).await;
    let path = hook(&mut ann, "#lobby", "ci").await;
    let token = path.strip_prefix("/hook/").expect("a token").to_owned();
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        let answer = host.http(&format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        let (status, head, _) = parts(&answer);
        assert!(status == 405 && head.contains("allow: POST"), "{method}: {answer}");
    }
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for (path, more, status) in [
        (format!("/hook?token={token}"), "", 404),
        ("/hook".to_owned(), bearer.as_str(), 404),
        ("/hook/".to_owned(), bearer.as_str(), 404),
        (format!("/hook/x?token={token}"), bearer.as_str(), 401),
        (format!("/hook/{}", "x".repeat(65)), "", 401),
        ("/hook/%00%ff".to_owned(), "", 401),
        (format!("/hook/{token}x"), "", 401),
    ] {
        let answer = post(&host, &path, more, b"x").await;
        assert_eq!(parts(&answer).0, status, "{path}: {answer}");
        assert!(!answer.contains(&token), "{answer}");
    }
    assert_eq!(parts(&get(&host, "/r/lobby.txt", "").await).2, "");
    ann.send(json!({"type": "hook_remove", "number": 1})).await;
    ann.hears("done").await;
    assert_eq!(parts(&post(&host, &path, "", b"x").await).0, 401);
}

#[tokio::test]
async fn rooms_that_are_not_for_one_are_as_if_they_were_not_there() {
    let host = Host::start();
    let mut ann = owner(&host).await;
    ann.send(json!({"type": "room_set", "room": "#_dark", "private": true})).await;
    ann.hears("joined").await;
    ann.send(json!({"type": "join", "room": "#shut"})).await;
    ann.hears("joined").await;
    ann.send(json!({"type": "room_set", "room": "#shut", "password": "horse"})).await;
    ann.hears("done").await;
    let none = get(&host, "/r/none.txt", "").await;
    assert_eq!(parts(&none).0, 404);
    for name in
        ["_dark", "shut", "%3Cscript%3E", "a%2Fb", "%ff%fe", "%", "%zz", "%00", "%40ann", &"x".repeat(300), "a%20b"]
    {
        let answer = get(&host, &format!("/r/{name}.txt"), "").await;
        // What is no UTF-8 has no name, and so no form either.
        if name == "%ff%fe" {
            assert_eq!(parts(&answer).0, 404);
            continue;
        }
        assert_eq!(timeless(&answer), timeless(&none), "{name}");
    }
    for (path, status) in [
        ("/r/lobby", 404),
        ("/r/", 404),
        ("/r/lobby.html", 404),
        ("/r/lobby.txt?n=0", 400),
        ("/r/lobby.txt?n=x", 400),
        ("/r/lobby.txt?n=1", 200),
    ] {
        assert_eq!(parts(&get(&host, path, "").await).0, status, "{path}");
    }
    let head = host.http("HEAD /r/lobby.txt HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(parts(&head).0 == 200 && parts(&head).2.is_empty(), "{head}");
    for method in ["POST", "OPTIONS", "DELETE"] {
        let answer = host.http(&format!("{method} /r/lobby.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert!(parts(&answer).0 == 405 && parts(&answer).1.contains("allow: GET,HEAD"), "{answer}");
    }
}

#[tokio::test]
async fn foreign_names_and_pages_reach_nothing() {
    let host = Host::start();
    let mut ann = owner(&host).await;
    let hook = hook(&mut ann, "#lobby", "ci").await;
    for (method, path) in [("GET", "/r/lobby.txt"), ("GET", "/metrics"), ("GET", "/healthz"), ("POST", &hook)] {
        for (name, more, status) in [
            ("evil.example", "", 403),
            ("localhost", "Origin: http://evil.example\r\n", 403),
            ("localhost", "Origin: null\r\n", 403),
            ("localhost", "Origin: http://localhost\r\n", if method == "POST" { 400 } else { 200 }),
        ] {
            let answer = host.http(&format!("{method} {path} HTTP/1.1\r\nHost: {name}\r\n{more}\r\n")).await;
            assert_eq!(parts(&answer).0, status, "{method} {path} {name} {more}");
        }
    }
}

#[tokio::test]
async fn behind_a_proxy_nobody_is_of_this_machine() {
    let proxies = vec!["127.0.0.1".parse().expect("an address")];
    let behind = Entrance { behind: true, proxies, ..Entrance::default() };
    let host = Host::guarded(behind, |config| {
        config.server.metrics_token = "0123456789abcdef".into();
        config.limits.password_burst = 3;
    });
    let from = "X-Forwarded-For: 192.0.2.7\r\n";
    let answer = get(&host, "/r/lobby.txt", from).await;
    assert!(parts(&answer).0 == 401 && parts(&answer).1.contains("www-authenticate: Bearer"), "{answer}");
    assert_eq!(timeless(&get(&host, "/r/none.txt", from).await), timeless(&answer));
    assert_eq!(parts(&get(&host, "/healthz", from).await).0, 200);
    for more in [from.to_owned(), String::new(), format!("{from}Authorization: Bearer fedcba9876543210\r\n")] {
        assert_eq!(parts(&get(&host, "/metrics", &more).await).0, 401, "{more}");
    }
    let shown = format!("{from}Authorization: Bearer 0123456789abcdef\r\n");
    assert_eq!(parts(&get(&host, "/metrics", &shown).await).0, 200);
    let mut told = Vec::new();
    for _ in 0..40 {
        told.push(parts(&post(&host, "/hook/guess", from, b"x").await).0);
    }
    assert_eq!((told.first(), told.last()), (Some(&401), Some(&429)), "{told:?}");
    let late = post(&host, "/hook/guess", from, b"x").await;
    assert!(late.contains("retry-after: "), "{late}");
}

#[tokio::test]
async fn figures_count_what_happened() {
    let host = Host::start();
    let mut ann = owner(&host).await;
    let mut ben = host.plain("ben").await;
    ben.say("ben: hello").await;
    ann.hears("entry").await;
    hook(&mut ann, "#lobby", "ci").await;
    let answer = get(&host, "/metrics", "").await;
    let (status, head, text) = parts(&answer);
    assert!(status == 200 && head.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("wschat_{name} ")));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse::<f64>().expect("a number")
    };
    for (name, value) in [
        ("connections", 2.0),
        ("people", 1.0),
        ("people_online", 2.0),
        ("rooms", 1.0),
        ("webhooks", 1.0),
        ("entries_total", 1.0),
    ] {
        assert!((figure(name) - value).abs() < 0.1, "{name}: {}", figure(name));
    }
    assert!(figure("deliveries_total") >= 1.0 && figure("commit_seconds_count") >= 2.0);
    assert!(figure("queue_bytes") < 1.0 && figure("store_full") < 1.0);
    assert!(text.contains("wschat_build_info{version=\""));
}

#[tokio::test]
async fn a_full_disk_is_told_to_webhooks_and_to_who_asks_how_it_is() {
    let (moods, host) = moody();
    let mut ann = owner(&host).await;
    let hook = hook(&mut ann, "#lobby", "ci").await;
    assert_eq!(parts(&post(&host, &hook, TEXT, b"one").await).0, 201);
    moods.send(Mood::Full).expect("it works");
    let full = post(&host, &hook, TEXT, b"two").await;
    assert!(parts(&full).0 == 503 && full.contains("retry-after: "), "{full}");
    assert_eq!(parts(&get(&host, "/healthz", "").await).0, 503);
    moods.send(Mood::Well).expect("it works");
    assert_eq!(parts(&get(&host, "/healthz", "").await).0, 200);
    assert_eq!(parts(&post(&host, &hook, TEXT, b"two").await).0, 201);
    assert_eq!(parts(&get(&host, "/r/lobby.txt", "").await).2.lines().count(), 2);
}
