//! A client of `wschat.v1` written from `docs/protocol.md` alone: it keeps its own outbox and cursors and resumes. It shares
//! no code with the real client but the signature, so that both can be wrong only in different ways.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long any wait of a test may take. It is a deadline, no duration: waits end when their condition holds.
pub const DEADLINE: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One line of the log as this client has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub from: String,
    pub text: String,
    pub nonce: Option<String>,
}

/// A person of the test.
pub struct Bot {
    pub name: String,
    secret: [u8; 32],
    socket: Option<Socket>,
    next_id: u64,
    next_nonce: u64,
    /// Said and not acked yet, in order: nonce, target, text.
    pub pending: Vec<(String, String, String)>,
    /// Nonces acked, with their seq.
    pub acked: BTreeMap<String, u64>,
    /// What it has, by conversation and seq.
    pub log: BTreeMap<String, BTreeMap<u64, Heard>>,
    epochs: BTreeMap<String, String>,
    /// Lines it was told live although it had them: must stay 0 on one connection.
    pub repeats: usize,
    live_from: BTreeMap<String, u64>,
    /// Every frame that was not an entry or page, newest last (bounded by the test's length).
    pub told: Vec<Value>,
    /// Counts of the last welcome/resumed/read: unread and mentions by conversation.
    pub counts: BTreeMap<String, (u64, u64)>,
}

impl Bot {
    /// A person with a key made from its name.
    pub fn new(name: &str) -> Bot {
        let mut secret = [7; 32];
        for (byte, c) in secret.iter_mut().zip(name.bytes()) {
            *byte ^= c;
        }
        Bot {
            name: name.into(),
            secret,
            socket: None,
            next_id: 0,
            next_nonce: 0,
            pending: Vec::new(),
            acked: BTreeMap::new(),
            log: BTreeMap::new(),
            epochs: BTreeMap::new(),
            repeats: 0,
            live_from: BTreeMap::new(),
            told: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Connects, enters and resumes, trying again until the deadline; then fills what it missed and sends again what was
    /// not acked.
    pub async fn come_in(&mut self, authority: &str) {
        let end = Instant::now() + DEADLINE;
        let mut last = String::new();
        while Instant::now() < end {
            match timeout_at(end, self.try_come_in(authority)).await {
                Ok(Ok(())) => return,
                Ok(Err(why)) => last = why,
                Err(_) => break,
            }
            tokio::task::yield_now().await;
        }
        panic!("{} could not come in at {authority}: {last}", self.name);
    }

    /// Comes in as [`Bot::come_in`] does, once; says why when that is refused.
    pub async fn try_come_in(&mut self, authority: &str) -> Result<(), String> {
        self.socket = None;
        self.live_from.clear();
        let mut request = format!("ws://{authority}/").into_client_request().map_err(|e| e.to_string())?;
        request.headers_mut().insert("sec-websocket-protocol", "wschat.v1".parse().expect("it is a header value"));
        let (socket, _) = tokio_tungstenite::connect_async(request).await.map_err(|e| e.to_string())?;
        self.socket = Some(socket);
        let hello = self.wait_raw(|v| v["type"] == "hello").await?;
        let challenge =
            wschat::protocol::entry::unhex(hello["challenge"].as_str().unwrap_or("")).map_err(|e| e.to_string())?;
        let proof = wschat::protocol::person::Proof::sign(&self.secret, authority, &challenge);
        let sig: String = proof.signature.iter().map(|b| format!("{b:02x}")).collect();
        let enter =
            json!({"type": "enter", "name": self.name, "key": proof.key.to_string(), "sig": sig, "client": "test bot"});
        self.ask(enter).await?;
        let answer = self.wait_raw(|v| v["type"] == "welcome" || v["type"] == "refused").await?;
        if answer["type"] == "refused" {
            return Err(answer.to_string());
        }
        let cursors: Vec<Value> = self
            .log
            .iter()
            .filter_map(|(to, log)| Some(json!({"to": to, "epoch": self.epochs.get(to)?, "after": log.keys().max()?})))
            .collect();
        self.ask(json!({"type": "resume", "cursors": cursors})).await?;
        self.wait_raw(|v| v["type"] == "resumed").await?;
        for (nonce, to, text) in self.pending.clone() {
            self.ask(json!({"type": "say", "to": to, "text": text, "nonce": nonce})).await?;
        }
        let rooms: Vec<String> = self.live_from.keys().cloned().collect();
        for to in rooms {
            self.fill(&to).await?;
        }
        Ok(())
    }

    /// Pulls pages until nothing is missing below the live part.
    async fn fill(&mut self, to: &str) -> Result<(), String> {
        let mut before = self.live_from.get(to).copied().unwrap_or(0) + 1;
        let have = self.log.get(to).map(|log| contiguous_from_start(log, before)).unwrap_or(0);
        while before > have + 1 {
            let id = self.ask(json!({"type": "page", "to": to, "before": before, "limit": 100})).await?;
            let page = self.wait_raw(|v| v["id"] == id).await?;
            if page["type"] != "page" {
                return Err(page.to_string());
            }
            let from = page["from"].as_u64().ok_or("a page has from")?;
            if from >= before {
                break;
            }
            before = from;
        }
        Ok(())
    }

    /// Sends a command; gives its id.
    pub async fn ask(&mut self, mut command: Value) -> Result<u64, String> {
        self.next_id += 1;
        command["id"] = self.next_id.into();
        let socket = self.socket.as_mut().ok_or("not connected")?;
        socket.send(Message::text(command.to_string())).await.map_err(|e| e.to_string())?;
        Ok(self.next_id)
    }

    /// Says something; it stands pending until the entry with its nonce is heard. A broken connection is no error here.
    pub async fn say(&mut self, to: &str, text: &str) {
        self.next_nonce += 1;
        let nonce = format!("{:032x}", (u128::from(fold(&self.name)) << 64) | u128::from(self.next_nonce));
        self.pending.push((nonce.clone(), to.into(), text.into()));
        let _ = self.ask(json!({"type": "say", "to": to, "text": text, "nonce": nonce})).await;
    }

    /// Reads frames until one of them fits; everything on the way is taken in.
    pub async fn wait_raw(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Result<Value, String> {
        let end = Instant::now() + DEADLINE;
        loop {
            let socket = self.socket.as_mut().ok_or("not connected")?;
            let frame = match timeout_at(end, socket.next()).await {
                Err(_) => {
                    return Err(format!(
                        "{} waited in vain; told {:?}",
                        self.name,
                        self.told.iter().rev().take(5).collect::<Vec<_>>()
                    ));
                }
                Ok(None) => return Err("the host hung up".into()),
                Ok(Some(Err(e))) => return Err(e.to_string()),
                Ok(Some(Ok(Message::Text(text)))) => text,
                Ok(Some(Ok(Message::Close(frame)))) => return Err(format!("closed: {frame:?}")),
                Ok(Some(Ok(_))) => continue,
            };
            let value: Value = serde_json::from_str(&frame).map_err(|e| format!("not JSON: {e}: {frame}"))?;
            self.take_in(&value);
            if fits(&value) {
                return Ok(value);
            }
        }
    }

    /// Goes on until the condition holds, coming in again as often as the connection breaks.
    pub async fn until(&mut self, authority: &str, what: &str, mut done: impl FnMut(&Bot) -> bool) {
        let end = Instant::now() + DEADLINE * 2;
        while !done(self) {
            assert!(Instant::now() < end, "{}: waited in vain for {what}; pending {:?}", self.name, self.pending.len());
            if self.socket.is_none() {
                self.come_in(authority).await;
                continue;
            }
            let socket = self.socket.as_mut().expect("checked above");
            match timeout(Duration::from_millis(500), socket.next()).await {
                Err(_) => {}
                Ok(Some(Ok(Message::Text(text)))) => {
                    let value = serde_json::from_str(&text).expect("the host speaks JSON");
                    self.take_in(&value);
                }
                Ok(Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed | Error::AlreadyClosed))) | Ok(None) => {
                    self.socket = None
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(_))) => self.socket = None,
            }
        }
    }

    /// The epoch of a conversation, as it was last told.
    pub fn epoch(&self, to: &str) -> Option<String> {
        self.epochs.get(to).cloned()
    }

    /// Drops the connection as a dead process would.
    pub fn vanish(&mut self) {
        self.socket = None;
    }

    fn take_in(&mut self, value: &Value) {
        match value["type"].as_str() {
            Some("entry") => self.entry(value),
            Some("page") => {
                let to = value["to"].as_str().expect("a page has to").to_owned();
                for shown in value["entries"].as_array().expect("a page has entries") {
                    self.keep(&to, shown);
                }
            }
            Some("welcome" | "resumed") => {
                for place in value["places"].as_array().expect("it has places") {
                    self.place(place, value["type"] == "resumed");
                }
            }
            Some("joined") => self.place(&value["place"], true),
            Some("read") => {
                let count = (value["unread"].as_u64().unwrap_or(0), value["mentions"].as_u64().unwrap_or(0));
                self.counts.insert(value["to"].as_str().unwrap_or("").into(), count);
                self.told.push(value.clone());
            }
            _ => self.told.push(value.clone()),
        }
    }

    fn place(&mut self, place: &Value, live: bool) {
        let to = place["to"].as_str().expect("a place has to").to_owned();
        self.epochs.insert(to.clone(), place["epoch"].as_str().unwrap_or("").into());
        self.counts
            .insert(to.clone(), (place["unread"].as_u64().unwrap_or(0), place["mentions"].as_u64().unwrap_or(0)));
        if place["reset"] == true {
            self.log.remove(&to);
        }
        if live {
            self.live_from.insert(to, place["head"].as_u64().expect("a place has head"));
        }
    }

    fn entry(&mut self, entry: &Value) {
        let to = entry["to"].as_str().expect("an entry has to").to_owned();
        let seq = entry["seq"].as_u64().expect("an entry has seq");
        if let Some(last) = self.live_from.get_mut(&to) {
            // The answer to a nonce that was known is told to its sender alone, wherever its place is.
            let dup = entry["nonce"].as_str().is_some_and(|nonce| self.pending.iter().any(|(mine, ..)| mine == nonce));
            if seq == *last + 1 {
                *last = seq;
            } else if seq <= *last && dup {
                // the answer to a nonce that was known: told to its sender alone
            } else if seq <= *last {
                self.repeats += 1;
            } else {
                panic!("{}: a hole in the live stream of {to}: {seq} after {last}", self.name);
            }
        }
        self.keep(&to, entry);
    }

    fn keep(&mut self, to: &str, entry: &Value) {
        let Some(text) = entry["text"].as_str() else { return };
        let seq = entry["seq"].as_u64().expect("it has seq");
        let nonce = entry["nonce"].as_str().map(str::to_owned);
        let heard = Heard {
            from: entry["from"]["name"].as_str().unwrap_or("").into(),
            text: text.into(),
            nonce: nonce.clone(),
        };
        if let Some(before) = self.log.entry(to.into()).or_default().insert(seq, heard.clone()) {
            assert_eq!(before, heard, "{}: {to} {seq} changed", self.name);
        }
        if let Some(nonce) = nonce
            && let Some(at) = self.pending.iter().position(|(mine, ..)| *mine == nonce)
        {
            self.pending.remove(at);
            self.acked.insert(nonce, seq);
        }
    }

    /// Invariants of the delivery contract over what this client has of a conversation: no hole, no nonce twice, each
    /// acked line where it was acked.
    pub fn check(&self, to: &str) {
        let empty = BTreeMap::new();
        let log = self.log.get(to).unwrap_or(&empty);
        for (expected, seq) in (1..).zip(log.keys()) {
            assert_eq!(*seq, expected, "{}: a hole in {to}", self.name);
        }
        let mut nonces = HashSet::new();
        for heard in log.values() {
            if let Some(nonce) = &heard.nonce {
                assert!(nonces.insert(nonce), "{}: {to} said twice: {heard:?}", self.name);
            }
        }
        for (nonce, seq) in &self.acked {
            if let Some(heard) = log.get(seq).filter(|heard| heard.nonce.as_ref() == Some(nonce)) {
                assert_eq!(heard.from, self.name);
            }
        }
        assert_eq!(self.repeats, 0, "{}: heard twice on one connection", self.name);
    }
}

/// The last seq of the unbroken run from 1, looking only below `before`.
fn contiguous_from_start(log: &BTreeMap<u64, Heard>, before: u64) -> u64 {
    let mut have = 0;
    for seq in log.keys().take_while(|seq| **seq < before) {
        if *seq != have + 1 {
            break;
        }
        have = *seq;
    }
    have
}

fn fold(name: &str) -> u64 {
    name.bytes().fold(1469598103934665603, |sum, b| (sum ^ u64::from(b)).wrapping_mul(1099511628211))
}
