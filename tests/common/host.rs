//! A real host on a free port inside the test, and a raw client that says exactly what it is told to. Each wait has a
//! deadline; nothing here sleeps.
#![allow(dead_code, reason = "each test file uses its part")]

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use wschat::config::Config;
use wschat::protocol::secret::Token;
use wschat::server::entrance::Entrance;
use wschat::server::{self, Options, Place, ServeError, Stopped};
use wschat::store::Store;
use wschat::store::memory::MemoryStore;
use wschat::store::sqlite::SqliteStore;

/// What makes whoever enters first with it the owner of a test's host.
pub const OWNERS: &str = "owners-ticket";

/// How long any wait of a test may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for something that must happen.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// A host on a thread of its own, as `main` runs it.
pub struct Host {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<Stopped, ServeError>>>,
}

impl Host {
    /// With the settings as they come, forgetting all.
    pub fn start() -> Host {
        Host::with(|_| {})
    }

    /// With other settings, forgetting all.
    pub fn with(change: impl FnOnce(&mut Config)) -> Host {
        Host::serve(change, Box::new(MemoryStore::new(random())), true)
    }

    /// Keeping what is said in this folder.
    pub fn durable(folder: &Path, change: impl FnOnce(&mut Config)) -> Host {
        let store = SqliteStore::open(&folder.join("host.db"), random()).expect("the folder is ours");
        Host::serve(change, Box::new(store), false)
    }

    /// With a store of the test's own.
    pub fn serve(change: impl FnOnce(&mut Config), store: Box<dyn Store>, ephemeral: bool) -> Host {
        Host::entered_by(change, store, ephemeral, Entrance { open: true, ..Entrance::default() })
    }

    /// Which is entered so, and forgets all.
    pub fn guarded(entrance: Entrance, change: impl FnOnce(&mut Config)) -> Host {
        Host::entered_by(change, Box::new(MemoryStore::new(random())), true, entrance)
    }

    fn entered_by(
        change: impl FnOnce(&mut Config),
        store: Box<dyn Store>,
        ephemeral: bool,
        entrance: Entrance,
    ) -> Host {
        let mut config = Config::builtin();
        // Tests are quicker than people; those of the limits set them.
        let limits = &mut config.limits;
        (limits.message_burst, limits.join_burst, limits.name_burst) = (0, 0, 0);
        (limits.invite_burst, limits.password_burst, limits.search_burst) = (0, 0, 0);
        change(&mut config);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(async {
                let listeners = server::bind(Place::Loopback { port: 0 }).expect("a port is free");
                tell.send(listeners.first).expect("the test waits");
                let owner_ticket = Token::parse(OWNERS);
                let options = Options { entrance, owner_ticket, ..Options::new(&config, store, ephemeral) };
                server::run(listeners, options, async {
                    let _ = stopped.await;
                })
                .await
            })
        });
        let addr = told.recv_timeout(DEADLINE).expect("it starts");
        Host { addr, stop: Some(stop), thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`.
    pub fn authority(&self) -> String {
        self.addr.to_string()
    }

    /// Asks it to stop; [`Self::ended`] tells how it went.
    pub fn ask_to_stop(&mut self) {
        self.stop.take();
    }

    /// How it ended, whether it was asked to or not.
    pub async fn ended(&mut self) -> Result<Stopped, ServeError> {
        let thread = self.thread.take().expect("asked once");
        let joined = tokio::task::spawn_blocking(move || thread.join());
        soon("the host ends", joined).await.expect("the runtime works").expect("the host does not panic")
    }

    /// Stops it.
    pub async fn stop(mut self) -> Stopped {
        self.ask_to_stop();
        self.ended().await.expect("it stops well")
    }

    /// A client that offers this subprotocol, or none.
    pub async fn dial(&self, offer: Option<&str>) -> Raw {
        Raw::dial(&self.authority(), offer).await
    }

    /// A plain client that everybody knows by this name: it has said so, and heard that it was heard.
    pub async fn plain(&self, name: &str) -> Raw {
        let mut raw = self.dial(None).await;
        let line = format!("{name}: {name}");
        raw.say(&line).await;
        assert_eq!(raw.text().await, format!("Received {line}"));
        raw
    }

    /// A guest of `wschat.v1` that hears live.
    pub async fn guest(&self, name: &str) -> Raw {
        Raw::guest(&self.authority(), name).await
    }

    /// One HTTP request as it stands, and all that comes back.
    pub async fn http(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.addr).await.expect("it listens");
        socket.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        soon("an answer", socket.read_to_end(&mut answer)).await.expect("it answers");
        String::from_utf8(answer).expect("it answers in text")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A WebSocket client without any manners of its own.
pub struct Raw {
    pub socket: WebSocketStream<TcpStream>,
}

impl Raw {
    /// Connects; the host has to agree.
    pub async fn dial(authority: &str, offer: Option<&str>) -> Raw {
        let socket = TcpStream::connect(authority).await.expect("it listens");
        Raw::over(socket, authority, offer).await
    }

    /// A guest of `wschat.v1` that hears live.
    pub async fn guest(authority: &str, name: &str) -> Raw {
        let mut raw = Raw::dial(authority, Some("wschat.v1")).await;
        raw.hears("hello").await;
        raw.send(json!({"type": "enter", "id": 1, "name": name})).await;
        raw.hears("welcome").await;
        raw.send(json!({"type": "resume", "id": 2, "cursors": []})).await;
        raw.hears("resumed").await;
        raw
    }

    /// [`Self::dial`] over a socket of the test's making.
    pub async fn over(socket: TcpStream, authority: &str, offer: Option<&str>) -> Raw {
        let mut request = format!("ws://{authority}/").into_client_request().expect("it is an address");
        if let Some(offer) = offer {
            request.headers_mut().insert("sec-websocket-protocol", offer.parse().expect("it is a header's value"));
        }
        let shaken = soon("a handshake", tokio_tungstenite::client_async(request, socket)).await;
        Raw { socket: shaken.expect("it lets us in").0 }
    }

    /// Sends a line.
    pub async fn say(&mut self, text: &str) {
        soon("sending", self.socket.send(Message::text(text))).await.expect("it reads");
    }

    /// Sends a command.
    pub async fn send(&mut self, command: Value) {
        self.say(&command.to_string()).await;
    }

    /// Sends bytes past all rules.
    pub async fn bytes(&mut self, bytes: &[u8]) {
        soon("sending", self.socket.get_mut().write_all(bytes)).await.expect("it reads");
    }

    /// The next message.
    pub async fn next(&mut self) -> Message {
        let next = soon("a message", self.socket.next()).await;
        next.expect("it does not hang up").expect("it speaks well")
    }

    /// The next text; pings are answered on the way.
    pub async fn text(&mut self) -> String {
        loop {
            match self.next().await {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Goes on to the next line that is this.
    pub async fn until(&mut self, line: &str) {
        while self.text().await != line {}
    }

    /// The next event of this type; others are passed over.
    pub async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let text = self.text().await;
            let event: Value = serde_json::from_str(&text).expect("it speaks JSON");
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// How it is closed; what else comes is passed over. `None`: it was cut.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            match soon("the end", self.socket.next()).await {
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    return Some((code.into(), reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// A frame as clients send it, masked with nothing.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        n @ 0..=125 => frame.push(0x80 | n as u8),
        n @ 126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend((n as u16).to_be_bytes());
        }
        n => {
            frame.push(0x80 | 127);
            frame.extend((n as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has chance");
    bytes
}
