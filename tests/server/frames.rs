//! Frames that are wrong, too large, too many: each is answered with a code or a refusal, and nobody else notices.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::host::{Host, frame};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const PING: u8 = 0x89;

#[tokio::test]
async fn what_is_no_text_ends_the_connection_with_its_code() {
    let host = Host::start();
    let mut ann = host.plain("ann").await;
    let cases: &[(&[u8], u16)] = &[
        (&frame(BINARY, b"\x00\x01"), 1003),
        (&frame(TEXT, b"\xff\xfe"), 1007),
        (&frame(TEXT, &[b'x'; 70_000]), 1009),
        // The length of a frame that never comes.
        (b"\x81\xff\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1009),
        // Without a mask, with a reserved bit, a control frame in pieces, and one that goes on with nothing.
        (b"\x81\x02hi", 1002),
        (&frame(0xC1, b"hi"), 1002),
        (&frame(0x09, b""), 1002),
        (&frame(0x80, b"hi"), 1002),
    ];
    for (bytes, code) in cases {
        let mut ben = host.dial(None).await;
        ben.bytes(bytes).await;
        let (told, why) = ben.closed().await.expect("it says why");
        assert_eq!(told, *code, "{why}");
        assert!(!why.is_empty());
    }
    ann.say("ann: still here").await;
    assert_eq!(ann.text().await, "Received ann: still here");
}

#[tokio::test]
async fn a_message_in_pieces_is_one_message_and_endless_pieces_are_none() {
    let host = Host::start();
    let mut ann = host.plain("ann").await;
    for piece in [frame(0x01, b"ann: he"), frame(PING, b"?"), frame(0x00, b"ll"), frame(0x80, b"o")] {
        ann.bytes(&piece).await;
    }
    assert_eq!(ann.text().await, "Received ann: hello");
    let mut flood = frame(0x01, b"");
    flood.extend(frame(0x00, b"").repeat(60_000));
    // It hangs up somewhere in the middle.
    use tokio::io::AsyncWriteExt;
    let _ = crate::host::soon("it reads or hangs up", ann.socket.get_mut().write_all(&flood)).await;
    let closed = ann.closed().await;
    assert!(closed.is_none_or(|(code, _)| code == 1009));
}

#[tokio::test]
async fn before_entering_frames_are_smaller() {
    let host = Host::start();
    let mut ann = host.dial(Some("wschat.v1")).await;
    ann.hears("hello").await;
    ann.send(json!({"type": "enter", "id": 1, "name": "ann", "client": "x".repeat(5_000)})).await;
    assert_eq!(ann.closed().await.expect("it says why").0, 1009);
    let mut ben = host.guest("ben").await;
    ben.send(json!({"type": "say", "id": 3, "to": "#lobby", "text": "hi", "ignored": "x".repeat(20_000)})).await;
    assert_eq!(ben.hears("entry").await["text"], "hi");
}

#[tokio::test]
async fn garbage_is_refused_twice_and_closed_the_third_time() {
    let host = Host::start();
    let mut ann = host.guest("ann").await;
    for _ in 0..2 {
        ann.say("this is no JSON").await;
        assert_eq!(ann.hears("refused").await["code"], "bad_frame");
    }
    ann.say("[]").await;
    assert_eq!(ann.closed().await.expect("it says why").0, 4400);
}

#[tokio::test]
async fn what_can_be_read_but_not_done_is_refused_and_nothing_more() {
    let host = Host::start();
    let mut ben = host.guest("ben").await;
    ben.send(json!({"type": "join", "id": 3, "room": "#dev"})).await;
    ben.hears("joined").await;
    let mut ann = host.guest("ann").await;
    let cases = [
        (json!({"type": "fly"}), "unknown_command"),
        (json!({"type": "say", "to": "#lobby"}), "bad_field"),
        (json!({"type": "say", "to": "#lobby", "text": 7}), "bad_field"),
        (json!({"type": "say", "to": "#lobby", "text": "  \n"}), "blank"),
        (json!({"type": "say", "to": "#lobby", "text": "x".repeat(9_000)}), "too_long"),
        (json!({"type": "join", "room": "#a b"}), "bad_name"),
        (json!({"type": "rename", "name": "x".repeat(10_000)}), "bad_name"),
        (json!({"type": "rename", "name": "a\u{1b}[2Jb"}), "bad_name"),
        (json!({"type": "page", "to": "#nowhere"}), "no_such_room"),
        (json!({"type": "say", "to": "#dev", "text": "I am not in it"}), "not_member"),
        (json!({"type": "edit", "to": "#lobby", "of": 999_999, "text": "x"}), "no_such_entry"),
    ];
    for (n, (mut command, code)) in cases.into_iter().enumerate() {
        command["id"] = n.into();
        ann.send(command.clone()).await;
        let refused = ann.hears("refused").await;
        assert_eq!((&refused["id"], &refused["code"]), (&n.into(), &code.into()), "{command} {refused}");
        assert!(refused["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[tokio::test]
async fn pings_are_answered_in_their_place_and_a_flood_of_them_is_ended() {
    let host = Host::start();
    let mut ann = host.plain("ann").await;
    ann.bytes(&frame(PING, b"are you there?")).await;
    match ann.next().await {
        Message::Pong(payload) => assert_eq!(&payload[..], b"are you there?"),
        other => panic!("{other:?}"),
    }
    use tokio::io::AsyncWriteExt;
    let flood = frame(PING, b"?").repeat(10_000);
    let _ = crate::host::soon("it reads or hangs up", ann.socket.get_mut().write_all(&flood)).await;
    let closed = ann.closed().await;
    assert!(closed.is_none_or(|(code, _)| code == 4400));
    host.plain("ben").await;
}

#[tokio::test]
async fn a_burst_of_one_line_is_answered_line_by_line() {
    let host = Host::start();
    let mut ann = host.plain("ann").await;
    let mut ben = host.plain("ben").await;
    let mut burst = Vec::new();
    for n in 0..200 {
        burst.extend(frame(TEXT, format!("ann: line {n}").as_bytes()));
    }
    ann.bytes(&burst).await;
    for n in 0..200 {
        ann.until(&format!("Received ann: line {n}")).await;
        ben.until(&format!("ann: line {n}")).await;
    }
}
