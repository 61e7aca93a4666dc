//! The screen of the built binary against a host that means harm: it speaks `wschat.v1` and puts the words of the corpus,
//! raw, wherever a host can put words. What the terminal is sent is read byte by byte, and the frame has to stand.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use crate::common::term::{Term, plain_environment, wschat};
use crate::corpus::corpus;
use crate::scan::odd;

const EPOCH: &str = "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0";
const ANN: &str = "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0";
const BEN: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";

/// The host: answers what a screen asks at its start, then says whatever it is handed.
fn hostile(words: Vec<String>) -> (SocketAddr, mpsc::UnboundedSender<Value>) {
    let (say, mut said) = mpsc::unbounded_channel::<Value>();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            tell.send(listener.local_addr().expect("it is bound")).expect("the test waits");
            let (stream, _) = listener.accept().await.expect("the screen comes");
            #[expect(clippy::result_large_err, reason = "the type is of the library")]
            let offer = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                let v1 = "wschat.v1".parse().expect("it is a header's value");
                response.headers_mut().insert("sec-websocket-protocol", v1);
                Ok(response)
            };
            let mut socket = tokio_tungstenite::accept_hdr_async(stream, offer).await.expect("a handshake");
            let limits = json!({"frame_bytes": 65536, "text_bytes": 8192, "page_entries": 100, "unanswered": 32});
            let features = json!(["search", "presence"]);
            let hello = json!({"type": "hello", "server": words[0], "epoch": EPOCH, "challenge": "c4".repeat(32), "limits": limits,
                "features": features});
            socket.send(Message::text(hello.to_string())).await.expect("the screen listens");
            loop {
                let frame = tokio::select! {
                    frame = socket.next() => frame,
                    Some(value) = said.recv() => {
                        if socket.send(Message::text(value.to_string())).await.is_err() { return }
                        continue;
                    }
                };
                let Some(Ok(frame)) = frame else { return };
                let Ok(asked) = serde_json::from_slice::<Value>(&frame.into_data()) else { continue };
                let places = json!([{"to": "#lobby", "epoch": EPOCH, "oldest": 1, "head": 40, "read": 40, "unread": 0, "mentions": 0,
                    "topic": words[1]}]);
                let id = &asked["id"];
                let answer = match asked["type"].as_str().unwrap_or("") {
                    "enter" => json!({"type": "welcome", "id": id, "you": {"person": ANN, "name": "ann"}, "ephemeral": false, "places": places}),
                    "resume" => json!({"type": "resumed", "id": id, "places": places}),
                    "page" => {
                        let entries: Vec<Value> = (1..=40).map(|seq| entry(seq, &words[seq % words.len()])).collect();
                        json!({"type": "page", "id": id, "to": "#lobby", "from": 1, "before": 41, "oldest": 1, "entries": entries})
                    }
                    "who" => json!({"type": "members", "id": id, "room": "#lobby", "more": false, "people": [
                        {"person": ANN, "name": "ann", "online": true}, {"person": BEN, "name": "ben", "online": true}]}),
                    // Whatever else it asks is refused, in the words of the corpus.
                    _ => json!({"type": "refused", "id": id, "code": "rights", "text": words[2]}),
                };
                if socket.send(Message::text(answer.to_string())).await.is_err() {
                    return;
                }
            }
        });
    });
    (told.recv().expect("the host listens"), say)
}

fn entry(seq: usize, text: &str) -> Value {
    json!({"type": "entry", "to": "#lobby", "seq": seq, "at": 1_795_425_120_000_u64, "rev": seq, "kind": "said", "text": text,
        "from": {"person": BEN, "name": "ben"}})
}

/// The rule between the rooms and the messages, where there is room for both, stands in every row of theirs.
fn stands(screen: &vt100::Screen, columns: u16, rows: u16) -> bool {
    let is_rule =
        |row, column| screen.cell(row, column).is_some_and(|cell| ["│", "┤", "├", "┼"].contains(&cell.contents()));
    columns < 80 || (1..columns - 1).any(|column| (3..rows - 4).all(|row| is_rule(row, column)))
}

fn shown(columns: u16, rows: u16, settings: &str) {
    let corpus = corpus();
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("ann");
    std::fs::write(data.with_extension("toml"), settings).expect("the test's folder can be written");
    for part in corpus.chunks(40) {
        let mut words: Vec<String> = part.to_vec();
        words.resize(40, "filled up".into());
        let (addr, say) = hostile(words.clone());
        let mut command = wschat(&data, &[&addr.to_string(), "--name", "ann"]);
        plain_environment(&mut command);
        let mut term = Term::open(command, columns, rows);
        term.shows("write to #lobby");
        let mut seq = 40;
        let tell = |value: Value| say.send(value).expect("the host runs");
        for (n, text) in words.iter().enumerate() {
            seq += 1;
            let mut said = entry(seq, &format!("@ann {text}"));
            if n % 3 == 0 {
                said["me"] = true.into();
            }
            if n % 5 == 0 {
                said["from"] = json!({"person": BEN, "name": text});
            }
            tell(said);
            seq += 1;
            let mut topic = entry(seq, text);
            topic["kind"] = "topic".into();
            tell(topic);
            tell(json!({"type": "refused", "code": "rights", "text": text, "try": [text]}));
            tell(
                json!({"type": "moved", "room": "#lobby", "who": {"person": BEN, "name": text}, "joined": n % 2 == 0}),
            );
            tell(json!({"type": "invited", "room": text, "by": {"person": BEN, "name": "ben"}}));
        }
        // What could not be read was not taken, and the next number of this one is not the next one's fault: it asks for it.
        tell(entry(seq + 1, "the end of it"));
        term.types("\u{1b}[O");
        term.shows("the end of it");
        term.until("the frame, whole", |screen| stands(screen, columns, rows));
        // Back through all of it: what was scrolled away is drawn too.
        for _ in 0..12 {
            term.types("\u{1b}[5~");
        }
        term.types("still here");
        term.shows("still here");
        term.types("\u{15}");
        term.types("\u{11}");
        assert!(term.ends().success());
        assert_eq!(odd(&term.raw()), Vec::<String>::new(), "words of {:?}", &part[..3]);
    }
    let log = std::fs::read_to_string(data.join("wschat.log")).expect("the screen keeps a log");
    assert!(!log.contains(|c: char| c.is_control() && c != '\n'), "{log:?}");
}

#[test]
fn a_hostile_host_draws_nothing_of_its_own_at_80x24() {
    shown(80, 24, "[ui]\ndesktop = \"osc9\"\nnotify = \"all\"\n[log]\nlevel = \"debug\"\n");
}

#[test]
fn a_hostile_host_draws_nothing_of_its_own_at_50x15() {
    shown(50, 15, "[ui]\ndesktop = \"osc9\"\ndensity = \"compact\"\n");
}

#[test]
fn a_hostile_host_draws_nothing_of_its_own_at_120x40() {
    shown(120, 40, "[ui]\ndesktop = \"osc9\"\nnotify = \"all\"\n");
}
