//! Order over real sockets: every refusal with its code, bans by key and address, what outlives a restart, a flood of
//! guesses and a race for a name.

#[path = "common/host.rs"]
mod host;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use wschat::protocol::entry::unhex;
use wschat::protocol::person::Proof;
use wschat::server::entrance::Entrance;

use host::{DEADLINE, Host, OWNERS, Raw, soon};

/// The secret key of a person of the test.
fn secret(name: &str) -> [u8; 32] {
    let mut secret = [9; 32];
    for (byte, c) in secret.iter_mut().zip(name.bytes()) {
        *byte ^= c;
    }
    secret
}

/// Dials, and enters with this key; gives the answer too.
async fn enters(host: &Host, name: &str, key_of: &str, invite: Option<&str>) -> (Raw, Value) {
    let mut raw = host.dial(Some("wschat.v1")).await;
    let hello = raw.hears("hello").await;
    let challenge = unhex(hello["challenge"].as_str().expect("a challenge")).expect("hex");
    let proof = Proof::sign(&secret(key_of), &host.authority(), &challenge);
    let signature: String = proof.signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = proof.key.to_string();
    raw.send(json!({"type": "enter", "id": 1, "name": name, "key": key, "sig": signature, "invite": invite})).await;
    let answer = answered(&mut raw, 1).await;
    (raw, answer)
}

/// Somebody with a key who hears live.
async fn keyed(host: &Host, name: &str) -> Raw {
    here(enters(host, name, name, None).await).await
}

/// The owner of a host that nobody owned.
async fn owner(host: &Host, name: &str) -> Raw {
    here(enters(host, name, name, Some(OWNERS)).await).await
}

async fn here((mut raw, answer): (Raw, Value)) -> Raw {
    assert_eq!(answer["type"], "welcome", "{answer}");
    ask(&mut raw, json!({"type": "resume", "cursors": []})).await;
    raw
}

/// The answer to the command with this id.
async fn answered(raw: &mut Raw, id: u64) -> Value {
    loop {
        let event: Value = serde_json::from_str(&raw.text().await).expect("it speaks JSON");
        if event["id"] == id {
            return event;
        }
    }
}

/// Asks, and gives the answer.
async fn ask(raw: &mut Raw, mut command: Value) -> Value {
    command["id"] = json!(77);
    raw.send(command).await;
    answered(raw, 77).await
}

/// The same for what must be refused; gives code and time.
async fn refused(raw: &mut Raw, command: Value) -> (String, Option<u64>) {
    let answer = ask(raw, command.clone()).await;
    assert_eq!(answer["type"], "refused", "{command}: {answer}");
    (answer["code"].as_str().expect("a code").to_owned(), answer["retry_after"].as_u64())
}

/// A line that the host takes: an entry is told without an id where one listens, so what answers is asked behind it.
async fn says(raw: &mut Raw, to: &str, text: &str) -> Value {
    raw.send(json!({"type": "say", "id": 78, "to": to, "text": text, "nonce": nonce()})).await;
    loop {
        let event: Value = serde_json::from_str(&raw.text().await).expect("it speaks JSON");
        if event["id"] == 78 || (event["type"] == "entry" && event["text"] == text) {
            return event;
        }
    }
}

fn nonce() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has chance");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn moderate(deed: &str, room: Option<&str>, name: &str, secs: Option<u64>) -> Value {
    json!({"type": "moderate", "deed": deed, "room": room, "name": name, "for_s": secs})
}

#[tokio::test]
async fn each_refusal_has_its_code_and_says_how_long() {
    let host = Host::start();
    let (mut ann, mut ben, mut cy) = (owner(&host, "ann").await, keyed(&host, "ben").await, keyed(&host, "cy").await);
    for raw in [&mut ann, &mut ben, &mut cy] {
        ask(raw, json!({"type": "join", "room": "#dev"})).await;
    }
    let (not_allowed, none) = ("not_allowed".to_owned(), None);
    assert_eq!(refused(&mut ben, moderate("kick", Some("#dev"), "cy", None)).await, (not_allowed.clone(), none));
    assert_eq!(refused(&mut ben, moderate("op", None, "ben", None)).await.0, not_allowed);
    assert_eq!(refused(&mut ben, json!({"type": "audit"})).await.0, not_allowed);
    assert_eq!(refused(&mut ben, json!({"type": "room_delete", "room": "#dev"})).await.0, not_allowed);

    assert_eq!(ask(&mut ann, moderate("mute", Some("#dev"), "ben", Some(600))).await["type"], "done");
    let (code, wait) = refused(&mut ben, json!({"type": "say", "to": "#dev", "text": "hm"})).await;
    assert_eq!(code, "muted");
    assert!(wait.is_some_and(|ms| (590_000..=600_000).contains(&ms)), "{wait:?}");
    assert_eq!(ask(&mut ann, moderate("unmute", Some("#dev"), "ben", None)).await["type"], "done");

    assert_eq!(ask(&mut ann, json!({"type": "room_set", "room": "#dev", "slow_s": 60})).await["type"], "done");
    assert_eq!(says(&mut ben, "#dev", "one").await["type"], "entry");
    let slow = says(&mut ben, "#dev", "two").await;
    assert_eq!(slow["code"], "rate_limited", "{slow}");
    assert!(slow["retry_after"].as_u64().is_some_and(|ms| (50_000..=60_000).contains(&ms)), "{slow}");

    let read_only = json!({"type": "room_set", "room": "#dev", "slow_s": 0, "readonly": true});
    assert_eq!(ask(&mut ann, read_only).await["type"], "done");
    assert_eq!(refused(&mut ben, json!({"type": "say", "to": "#dev", "text": "x"})).await.0, "read_only");

    assert_eq!(ask(&mut ann, moderate("ban", Some("#dev"), "ben", Some(60))).await["type"], "done");
    assert_eq!(refused(&mut ben, json!({"type": "join", "room": "#dev"})).await.0, "banned");

    let private = json!({"type": "room_set", "room": "#dev", "private": true, "password": "horse"});
    assert_eq!(ask(&mut ann, private).await["type"], "done");
    let mut dee = keyed(&host, "dee").await;
    let told = |answer: Value| answer.to_string().replace("#dev", "#nowhere");
    for kind in ["who", "topic", "room_delete"] {
        let about = |room: &str| json!({"type": kind, "room": room, "text": "x"});
        let there = told(ask(&mut dee, about("#dev")).await);
        assert_eq!(there, told(ask(&mut dee, about("#nowhere")).await), "{kind}");
    }
    let open = json!({"type": "room_set", "room": "#dev", "private": false});
    assert_eq!(ask(&mut ann, open).await["type"], "done");
    let join = |password: Option<&str>| json!({"type": "join", "room": "#dev", "password": password});
    assert_eq!(refused(&mut dee, join(None)).await.0, "needs_password");
    assert_eq!(refused(&mut dee, join(Some("donkey"))).await.0, "wrong_password");
    assert_eq!(ask(&mut dee, join(Some("horse"))).await["type"], "joined");

    assert_eq!(ask(&mut ann, moderate("ban", None, "cy", Some(60))).await["type"], "done");
    assert_eq!(cy.closed().await.map(|(code, _)| code), Some(4403));
    let (mut again, answer) = enters(&host, "cy", "cy", None).await;
    assert_eq!(answer["code"], "banned", "{answer}");
    assert_eq!(again.closed().await.map(|(code, _)| code), Some(4403));
    host.stop().await;
}

/// Dials as if from this address, through a proxy that is believed.
async fn dial_from(host: &Host, address: &str) -> Result<Raw, u16> {
    let socket = TcpStream::connect(host.authority()).await.expect("it listens");
    let mut request = format!("ws://{}/", host.authority()).into_client_request().expect("it is an address");
    request.headers_mut().insert("x-forwarded-for", address.parse().expect("it is a header's value"));
    request.headers_mut().insert("sec-websocket-protocol", "wschat.v1".parse().expect("it is a header's value"));
    match soon("a handshake", tokio_tungstenite::client_async(request, socket)).await {
        Ok((socket, _)) => Ok(Raw { socket }),
        Err(Error::Http(answer)) => {
            let retry = answer.headers().contains_key("retry-after");
            assert_eq!(retry, answer.status().as_u16() == 429, "it says how long");
            Err(answer.status().as_u16())
        }
        Err(error) => panic!("{error}"),
    }
}

fn proxied() -> Entrance {
    Entrance { open: true, proxies: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)], ..Entrance::default() }
}

#[tokio::test]
async fn an_address_opens_so_many_connections_and_this_machine_as_many_as_it_likes() {
    let host = Host::guarded(proxied(), |config| config.limits.connections_per_address = 3);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(dial_from(&host, "192.0.2.7").await.expect("room for three"));
    }
    assert_eq!(dial_from(&host, "192.0.2.7").await.err(), Some(429));
    assert!(dial_from(&host, "192.0.2.8").await.is_ok());
    for _ in 0..20 {
        open.push(dial_from(&host, "127.0.0.9").await.expect("this machine is not counted"));
    }
    let mut first = open.remove(0);
    first.send(json!({"type": "bye"})).await;
    assert_eq!(first.closed().await.map(|(code, _)| code), Some(1000));
    let freed = Instant::now();
    while dial_from(&host, "192.0.2.7").await.is_err() {
        assert!(freed.elapsed() < DEADLINE, "the place of who has gone is free");
        tokio::task::yield_now().await;
    }
    host.stop().await;
}

#[tokio::test]
async fn a_banned_guest_does_not_come_again_from_there() {
    let host = Host::guarded(proxied(), |_| {});
    let mut ann = owner(&host, "ann").await;
    let mut spam = dial_from(&host, "192.0.2.7").await.expect("let in");
    spam.hears("hello").await;
    spam.send(json!({"type": "enter", "id": 1, "name": "spam"})).await;
    spam.hears("welcome").await;
    assert_eq!(ask(&mut ann, moderate("ban", None, "spam", None)).await["type"], "done");
    let (code, why) = spam.closed().await.expect("it is told why");
    assert!(code == 4403 && why.contains("banned"), "{code} {why}");
    for (address, kept_out) in [("192.0.2.7", true), ("192.0.2.8", false)] {
        let mut next = dial_from(&host, address).await.expect("it may ask");
        next.hears("hello").await;
        next.send(json!({"type": "enter", "id": 1, "name": "other"})).await;
        let answer = answered(&mut next, 1).await;
        assert_eq!(answer["code"] == "banned", kept_out, "{answer}");
    }
    host.stop().await;
}

#[tokio::test]
async fn order_outlives_the_host() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::durable(dir.path(), |_| {});
    let (mut ann, mut ben, _cy) = (owner(&host, "ann").await, keyed(&host, "ben").await, keyed(&host, "cy").await);
    ask(&mut ben, json!({"type": "join", "room": "#bens"})).await;
    ask(&mut ben, json!({"type": "room_set", "room": "#bens", "slow_s": 30, "password": "horse"})).await;
    ask(&mut ben, json!({"type": "room_set", "room": "#_den", "private": true})).await;
    ask(&mut ben, json!({"type": "join", "room": "#gone"})).await;
    ask(&mut ben, json!({"type": "room_delete", "room": "#gone"})).await;
    ask(&mut ann, moderate("ban", None, "cy", Some(3600))).await;
    ask(&mut ann, moderate("mute", None, "ben", Some(3600))).await;
    host.stop().await;

    let host = Host::durable(dir.path(), |_| {});
    let (_, answer) = enters(&host, "mallory", "mallory", Some(OWNERS)).await;
    assert_eq!(answer["role"], Value::Null, "a host that has its owner gets no other");
    let (mut ann, welcome) = enters(&host, "ann", "ann", None).await;
    assert_eq!(welcome["role"], "owner");
    assert_eq!(enters(&host, "cy", "cy", None).await.1["code"], "banned");
    let (mut ben, welcome) = enters(&host, "ben", "ben", None).await;
    let places: Vec<(String, Value)> = welcome["places"]
        .as_array()
        .expect("places")
        .iter()
        .map(|place| (place["to"].as_str().expect("a name").to_owned(), place.clone()))
        .collect();
    let of = |name: &str| places.iter().find(|(to, _)| to == name).map(|(_, place)| place);
    let bens = of("#bens").expect("ben is there");
    assert_eq!((&bens["slow_s"], &bens["password"], &bens["role"]), (&json!(30), &json!(true), &json!("operator")));
    assert_eq!(of("#_den").expect("ben is there")["private"], true);
    assert!(of("#gone").is_none());
    assert_eq!(refused(&mut ben, json!({"type": "say", "to": "#lobby", "text": "hm"})).await.0, "muted");
    let mut dee = keyed(&host, "dee").await;
    let rooms = ask(&mut dee, json!({"type": "rooms"})).await;
    let listed: Vec<&str> =
        rooms["rooms"].as_array().expect("rooms").iter().filter_map(|r| r["room"].as_str()).collect();
    assert_eq!(listed, ["#bens", "#lobby"]);
    let join = |password: &str| json!({"type": "join", "room": "#bens", "password": password});
    assert_eq!(refused(&mut dee, join("donkey")).await.0, "wrong_password");
    assert_eq!(ask(&mut dee, join("horse")).await["type"], "joined");
    let record = ask(&mut ann, json!({"type": "audit"})).await;
    let deeds: Vec<&str> =
        record["lines"].as_array().expect("lines").iter().filter_map(|line| line["deed"].as_str()).collect();
    assert_eq!(deeds, ["owner", "set", "set", "delete_room", "ban", "mute"]);
    let file = std::fs::read(dir.path().join("host.db")).expect("the history");
    let log = std::fs::read(dir.path().join("host.db-wal")).unwrap_or_default();
    assert!(!file.windows(5).chain(log.windows(5)).any(|five| five == b"horse"), "no password is on the disk");
    host.stop().await;
}

#[tokio::test]
async fn ten_thousand_guesses_cost_a_few_hashes_and_nobody_notices() {
    let host = Host::with(|config| {
        config.limits.password_burst = 5;
        config.limits.unanswered_commands = 0;
    });
    let (mut ann, mut ben) = (owner(&host, "ann").await, keyed(&host, "ben").await);
    ask(&mut ann, json!({"type": "join", "room": "#dev"})).await;
    let closed = json!({"type": "room_set", "room": "#dev", "password": "correct horse"});
    assert_eq!(ask(&mut ann, closed).await["type"], "done");
    // Guests and people with keys, each as fast as the wire takes it.
    let mut guessing = Vec::new();
    for n in 0..10 {
        let mut mallory = match n % 2 {
            0 => host.guest(&format!("mallory{n}")).await,
            _ => keyed(&host, &format!("mallory{n}")).await,
        };
        guessing.push(tokio::spawn(async move {
            let (mut looked_at, mut held_back) = (0, 0);
            for guess in 0..1000 {
                let command =
                    json!({"type": "join", "id": guess, "room": "#dev", "password": format!("guess {guess}")});
                mallory.socket.feed(Message::text(command.to_string())).await.expect("it reads");
            }
            mallory.socket.flush().await.expect("it reads");
            for _ in 0..1000 {
                let answer = mallory.hears("refused").await;
                match answer["code"].as_str() {
                    Some("wrong_password") => looked_at += 1,
                    Some("rate_limited") => held_back += 1,
                    other => panic!("{other:?}"),
                }
            }
            (looked_at, held_back)
        }));
    }
    // Meanwhile others chat, and who knows the password comes in.
    let mut slowest = Duration::ZERO;
    for n in 0..20 {
        let begun = Instant::now();
        assert_eq!(says(&mut ann, "#lobby", &format!("line {n}")).await["type"], "entry");
        slowest = slowest.max(begun.elapsed());
    }
    let right = json!({"type": "join", "room": "#dev", "password": "correct horse"});
    assert_eq!(ask(&mut ben, right).await["type"], "joined");
    let (mut looked_at, mut held_back) = (0, 0);
    for guesser in guessing {
        let (looked, held) = soon("the answers to all guesses", guesser).await.expect("it does not panic");
        looked_at += looked;
        held_back += held;
    }
    assert_eq!(looked_at + held_back, 10_000, "each is answered");
    // Five people's five, and of all guests together what one bucket of a door holds.
    assert!(looked_at <= 5 * 6 + 5 * 6, "{looked_at} were hashed");
    assert!(slowest < Duration::from_secs(5), "a line took {slowest:?}");
    println!("{looked_at} hashes; the slowest of 20 lines took {slowest:?}");
    host.stop().await;
}

#[tokio::test]
async fn of_two_who_claim_a_name_at_once_one_has_it_and_one_is_told() {
    let host = Host::start();
    for round in 0..20 {
        let (one, two) = (format!("one{round}"), format!("two{round}"));
        let name = format!("ann{round}");
        let ((_a, first), (mut b, second)) =
            tokio::join!(enters(&host, &name, &one, None), enters(&host, &name, &two, None));
        let kinds = [first["type"].clone(), second["type"].clone()];
        assert!(kinds.contains(&json!("welcome")) && kinds.contains(&json!("refused")), "{kinds:?}");
        let lost = if kinds[0] == "refused" { &first } else { &second };
        assert_eq!(lost["code"], "name_taken");
        assert!(lost["try"].as_array().is_some_and(|names| !names.is_empty()), "{lost}");
        if kinds[1] == "welcome" {
            ask(&mut b, json!({"type": "who"})).await;
        }
    }
    host.stop().await;
}

#[tokio::test]
async fn a_flood_meets_its_limit_and_others_their_answers() {
    let host = Host::with(|config| {
        config.limits.message_burst = 20;
        config.limits.message_every = Duration::from_millis(200);
        config.limits.unanswered_commands = 0;
    });
    let (mut ann, mut ben) = (keyed(&host, "ann").await, keyed(&host, "ben").await);
    for n in 0..2000 {
        let command = json!({"type": "say", "id": n, "to": "#lobby", "text": format!("flood {n}"), "nonce": nonce()});
        ann.socket.feed(Message::text(command.to_string())).await.expect("it reads");
    }
    let flood = tokio::spawn(async move {
        ann.socket.flush().await.expect("it reads");
        let mut held_back = 0;
        while held_back < 1900 {
            let answer = ann.hears("refused").await;
            assert_eq!(answer["code"], "rate_limited");
            assert!(answer["retry_after"].as_u64().is_some_and(|ms| ms <= 201), "{answer}");
            held_back += 1;
        }
    });
    let begun = Instant::now();
    assert_eq!(says(&mut ben, "#lobby", "and I?").await["type"], "entry");
    assert!(begun.elapsed() < Duration::from_secs(5));
    soon("the flood is answered", flood).await.expect("it does not panic");
    host.stop().await;
}
