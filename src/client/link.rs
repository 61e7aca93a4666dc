//! The wire of a client: dials, chooses the dialect, signs the `enter`, keeps the connection alive, and dials again. It
//! decides nothing about the chat: what it hears it hands on. One task, bounded channels, no wake-up while idle but its
//! deadlines.

pub mod probe;

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::address::Address;
use super::backoff::Backoff;
use super::chat::LinkEvent;
use super::dial::{self, DialError, Dialled, Stream as DialStream};
use super::keyring::Keyring;
use super::trust::{Distrust, KnownHosts};
use crate::config::Timeouts;
use crate::protocol::command::Command;
use crate::protocol::dialect::{Dialect, OFFER, v1};
use crate::protocol::event::Event;
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::Nick;
use crate::protocol::person::{Challenge, Proof};
use crate::protocol::secret::Token;

/// Frames waiting in either direction. A flood waits on the socket, not in memory.
const QUEUE: usize = 256;

/// The largest frame of a host that is taken: a page has 48 KiB of text, whose JSON may be several times that.
const FRAME_BYTES: usize = 1024 * 1024;

/// The longest head of a client's frame (RFC 6455, 5.2).
const HEAD: usize = 14;

/// Times of answers that are measured at once; more are only not measured.
const MEASURED: usize = 32;

/// How often the wire is read in a flood. Each waking of a task costs more than the line that it is for, and nobody sees
/// more pictures a second than that.
const REST: Duration = Duration::from_millis(8);

/// Frames within [`REST`] that are a flood.
const FLOOD: u32 = 5;

/// How a wire behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is dialled. Signatures are over its authority.
    pub address: Address,
    /// Hosts of before, by their certificates; `None` trusts those of the system's roots alone.
    pub known: Option<KnownHosts>,
    /// The keys of one's names; `None` comes as a guest.
    pub keyring: Option<Keyring>,
    /// What lets one in where that is asked for; sent with each `enter`.
    pub invite: Option<Token>,
    /// Whether everybody is told that one is a program; `None` leaves it as it was.
    pub bot: Option<bool>,
    /// How long dialling and the handshake may take.
    pub dial_within: Duration,
    /// How long one write may take.
    pub write_within: Duration,
    /// Silence after which the host is asked whether it is there.
    pub ping_after: Duration,
    /// Silence after which it is not.
    pub dead_after: Duration,
    /// Between tries.
    pub backoff: Backoff,
    /// The moment that the clock of `chat::Now::up` counts from.
    pub start: Instant,
}

impl Options {
    /// A guest's wire to this host, which nothing is known of; as patient as the settings say. A time of 0 there is no limit.
    pub fn new(address: Address, timeouts: &Timeouts) -> Options {
        // Long enough for any wire, and short enough to be added to any time.
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let or_never = |time: Duration| if time.is_zero() { YEAR } else { time };
        Options {
            address,
            known: None,
            keyring: None,
            invite: None,
            bot: None,
            dial_within: or_never(timeouts.write),
            write_within: or_never(timeouts.write),
            ping_after: or_never(timeouts.client_ping_after),
            dead_after: or_never(timeouts.dead_after),
            backoff: Backoff::new(timeouts.backoff_min, timeouts.backoff_max, timeouts.backoff_reset),
            start: Instant::now(),
        }
    }
}

/// What the wire is to do.
#[derive(Debug)]
pub enum ToLink {
    /// Send a command with this id.
    Command(u64, Command),
    /// Enter under this name, signed with its key.
    Enter(u64, Nick),
    /// Send a line to a server in plain text.
    Line(String),
    /// Dial now.
    Retry,
    /// Enter by this invitation from now on.
    Invite(Token),
    /// This is the right certificate: keep it, and dial now.
    Trust(Fingerprint),
    /// The connection is dead.
    Redial,
}

/// The near end of a wire.
#[derive(Debug)]
pub struct Link {
    /// What it is to do. When the queue is full the wire is dead or slow: the line stays in the outbox.
    pub to: mpsc::Sender<ToLink>,
    /// What it heard.
    pub from: mpsc::Receiver<LinkEvent>,
}

impl Link {
    /// Starts the wire as a task of the present runtime. It ends when either channel is dropped.
    pub fn spawn(options: Options) -> Link {
        let (to, orders) = mpsc::channel(QUEUE);
        let (tell, from) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut wire = Wire { options, orders, tell, none_offered: HashSet::new() };
            // The end of a channel is the end of the client.
            let _ = wire.run().await;
        });
        Link { to, from }
    }
}

type Socket = WebSocketStream<DialStream>;

/// The other end is gone: the client ends.
struct Over;

/// When to read again: at once, but in a flood once in a while, and then all that is there.
#[derive(Debug)]
struct Pace {
    since: Instant,
    frames: u32,
    rest: Option<Instant>,
}

impl Pace {
    fn new() -> Pace {
        Pace { since: Instant::now(), frames: 0, rest: None }
    }

    /// The next of these frames, when it is time for it. May be dropped and called again.
    async fn next<S: Stream + Unpin>(&mut self, frames: &mut S) -> Option<S::Item> {
        loop {
            if let Some(until) = self.rest {
                sleep_until(until).await;
                self.rest = None;
            }
            let next = poll_fn(|cx| match frames.poll_next_unpin(cx) {
                Poll::Ready(frame) => Poll::Ready(Some(frame)),
                Poll::Pending if self.frames >= FLOOD => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            let (next, now) = (next.await, Instant::now());
            if now >= self.since + REST {
                (self.since, self.frames) = (now, 0);
            }
            match next {
                Some(frame) => {
                    self.frames += 1;
                    return frame;
                }
                None if self.frames == 0 => {}
                None => {
                    self.frames = 0;
                    self.rest = Some(now + REST);
                }
            }
        }
    }
}

/// Why there is no connection.
enum Failed {
    Dial(DialError),
    Handshake(Error),
}

impl Failed {
    fn in_words(&self) -> String {
        match self {
            Failed::Dial(DialError::Io(error)) => network_in_words(error).unwrap_or_else(|| short(&error.to_string())),
            Failed::Dial(DialError::Words(why)) => short(why),
            Failed::Dial(DialError::Distrust(why)) => distrusted(why),
            Failed::Handshake(error) => in_words(error),
        }
    }
}

/// Why a host is not trusted, on one line; the question that goes with it says more.
fn distrusted(why: &Distrust) -> String {
    match why {
        Distrust::Stranger { .. } => "nobody here knows this host yet".to_owned(),
        Distrust::Changed { .. } => "its certificate is not the one it should have".to_owned(),
        Distrust::Invalid(words) => words.clone(),
    }
}

/// Connects and shakes hands: the socket, what will be spoken, and whether it is encrypted.
async fn shake_hands(
    address: &Address,
    known: Option<&KnownHosts>,
    offer: bool,
    most: usize,
) -> Result<(Socket, Dialect, bool), Failed> {
    let shaken = shake_hands_answered(address, known, offer, most).await?;
    Ok((shaken.0, shaken.1, shaken.2))
}

/// The same, with what the host says the time is (`Date`).
async fn shake_hands_answered(
    address: &Address,
    known: Option<&KnownHosts>,
    offer: bool,
    most: usize,
) -> Result<(Socket, Dialect, bool, Option<String>), Failed> {
    let Dialled { stream, secure } = dial::dial(address, known).await.map_err(Failed::Dial)?;
    let mut request = address.url().as_str().into_client_request().map_err(Failed::Handshake)?;
    if offer {
        let offer = OFFER.parse().expect("the offer is a header value");
        request.headers_mut().insert("sec-websocket-protocol", offer);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(most + HEAD)
        .max_message_size(Some(most))
        .max_frame_size(Some(most));
    let done = client_async_with_config(request, stream, Some(config)).await;
    let (socket, answer) = done.map_err(Failed::Handshake)?;
    let chosen = answer.headers().get("sec-websocket-protocol").and_then(|value| value.to_str().ok());
    let dialect = if chosen == Some(Dialect::V1.name()) { Dialect::V1 } else { Dialect::Plain };
    let date = answer.headers().get("date").and_then(|value| value.to_str().ok());
    Ok((socket, dialect, secure, date.map(str::to_owned)))
}

/// A connection as [`Link`] opens its own, for messages of at most so many bytes, with nothing offered to be spoken on it:
/// what other implementations are tried against. The error is in words.
pub async fn open(address: &Address, most: usize) -> Result<WebSocketStream<DialStream>, String> {
    let opened = shake_hands(address, None, false, most).await;
    opened.map(|(socket, _, _)| socket).map_err(|why| why.in_words())
}

/// How a connection ended.
struct End {
    why: String,
    /// Come back at once, after a while, or when asked.
    back: Back,
}

enum Back {
    Soon,
    Later,
    WhenAsked,
}

struct Wire {
    options: Options,
    orders: mpsc::Receiver<ToLink>,
    tell: mpsc::Sender<LinkEvent>,
    /// Servers that chose no subprotocol: offered nothing from then on.
    none_offered: HashSet<String>,
}

impl Wire {
    async fn run(&mut self) -> Result<(), Over> {
        loop {
            self.tell(LinkEvent::Dialling).await?;
            let begun = Instant::now();
            let end = match self.dial().await {
                Ok((socket, dialect, secure)) => self.speak(socket, dialect, secure).await?,
                Err(Failed::Dial(DialError::Distrust(why))) => {
                    self.tell(LinkEvent::Distrusted(why.clone())).await?;
                    End { why: distrusted(&why), back: Back::WhenAsked }
                }
                Err(why) => End { why: why.in_words(), back: Back::Later },
            };
            let mut chance = [0];
            let _ = getrandom::fill(&mut chance);
            let wait = self.options.backoff.after(begun.elapsed(), chance[0]);
            let retry_at = match end.back {
                Back::Soon => Some(Instant::now()),
                Back::Later => Some(Instant::now() + wait),
                Back::WhenAsked => None,
            };
            let up = retry_at.map(|at| at.saturating_duration_since(self.options.start));
            self.tell(LinkEvent::Down { why: end.why, retry_at: up }).await?;
            self.rest(retry_at).await?;
        }
    }

    async fn tell(&self, event: LinkEvent) -> Result<(), Over> {
        self.tell.send(event).await.map_err(|_| Over)
    }

    /// Waits for the time of the next try, or until somebody wants it now.
    async fn rest(&mut self, until: Option<Instant>) -> Result<(), Over> {
        loop {
            let order = match until {
                None => self.orders.recv().await,
                Some(at) => match timeout_at(at, self.orders.recv()).await {
                    Err(_) => return Ok(()),
                    Ok(order) => order,
                },
            };
            match order {
                None => return Err(Over),
                Some(ToLink::Retry) => {
                    self.options.backoff.forget();
                    return Ok(());
                }
                Some(ToLink::Trust(print)) => {
                    self.trust(print);
                    return Ok(());
                }
                Some(ToLink::Invite(token)) => self.options.invite = Some(token),
                // What could not be sent is in the outbox.
                Some(_) => {}
            }
        }
    }

    async fn dial(&mut self) -> Result<(Socket, Dialect, bool), Failed> {
        let offer = !self.none_offered.contains(&self.options.address.authority);
        match self.connect(offer).await {
            Err(Failed::Handshake(Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
                SubProtocolError::NoSubProtocol,
            )))) => {
                self.none_offered.insert(self.options.address.authority.clone());
                self.connect(false).await
            }
            done => done,
        }
    }

    /// One try, within the time for one.
    async fn connect(&self, offer: bool) -> Result<(Socket, Dialect, bool), Failed> {
        let Options { address, known, dial_within, .. } = &self.options;
        let Ok(done) = timeout(*dial_within, shake_hands(address, known.as_ref(), offer, FRAME_BYTES)).await else {
            return Err(Failed::Dial(DialError::Words("it does not answer".to_owned())));
        };
        if let (Ok((_, _, true)), Some(pin), Some(known)) = (&done, address.pin, known)
            && let Err(error) = known.keep(&address.authority, pin)
        {
            tracing::warn!(path = %known.path().display(), "the host's certificate cannot be kept: {error}");
        }
        done
    }

    /// The person says that the host is the right one.
    fn trust(&mut self, print: Fingerprint) {
        self.options.address.pin = Some(print);
        self.options.backoff.forget();
    }

    /// One connection, until it ends.
    async fn speak(&mut self, mut socket: Socket, dialect: Dialect, secure: bool) -> Result<End, Over> {
        self.tell(LinkEvent::Up { dialect, secure }).await?;
        let mut challenge: Challenge = [0; 32];
        let mut heard = Instant::now();
        let mut pinged = false;
        let mut asked: VecDeque<(u64, Instant)> = VecDeque::new();
        let mut entered = false;
        let mut pace = Pace::new();
        loop {
            let patience = if pinged { self.options.dead_after } else { self.options.ping_after };
            tokio::select! {
                order = self.orders.recv() => {
                    let frame = match order {
                        None => {
                            let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
                            return Err(Over);
                        }
                        Some(ToLink::Retry | ToLink::Trust(_)) => continue,
                        Some(ToLink::Invite(token)) => {
                            self.options.invite = Some(token);
                            continue;
                        }
                        Some(ToLink::Redial) => return Ok(end("the host stopped answering", Back::Soon)),
                        Some(ToLink::Line(line)) => line,
                        // Meant for the connection before this one; what is in the outbox is said again on this.
                        Some(ToLink::Command(..)) if !entered => continue,
                        Some(ToLink::Command(id, command)) => {
                            measure(&mut asked, id);
                            v1::encode_command(&command, Some(id))
                        }
                        Some(ToLink::Enter(id, name)) => {
                            entered = true;
                            measure(&mut asked, id);
                            match self.enter(&name, &challenge) {
                                Ok(command) => v1::encode_command(&command, Some(id)),
                                Err(why) => return Ok(End { why, back: Back::WhenAsked }),
                            }
                        }
                    };
                    match timeout(self.options.write_within, socket.send(Message::text(frame))).await {
                        Ok(Ok(())) => {}
                        Ok(Err(e)) => return Ok(End { why: in_words(&e), back: Back::Later }),
                        Err(_) => return Ok(end("the host stopped reading", Back::Later)),
                    }
                }
                frame = pace.next(&mut socket) => {
                    heard = Instant::now();
                    pinged = false;
                    match frame {
                        None => return Ok(end("the host hung up", Back::Later)),
                        Some(Err(e)) => return Ok(End { why: in_words(&e), back: Back::Later }),
                        Some(Ok(Message::Close(frame))) => return Ok(closed(frame.map(|frame| (u16::from(frame.code), frame.reason.to_string())))),
                        Some(Ok(Message::Text(text))) => self.frame(dialect, &text, &mut challenge, &mut asked).await?,
                        // tungstenite answers pings when it is written or read next; nothing else is of use.
                        Some(Ok(Message::Ping(_))) => {
                            if !matches!(timeout(self.options.write_within, socket.flush()).await, Ok(Ok(()))) {
                                return Ok(end("the host stopped reading", Back::Later));
                            }
                        }
                        Some(Ok(_)) => {}
                    }
                }
                () = sleep_until(heard + patience) => {
                    // Silence of a server in plain text means nothing but a dead wire: it may ping back all the same.
                    if pinged {
                        return Ok(end("the host fell silent", Back::Soon));
                    }
                    pinged = true;
                    let ping = socket.send(Message::Ping(Bytes::new()));
                    if !matches!(timeout(self.options.write_within, ping).await, Ok(Ok(()))) {
                        return Ok(end("the host stopped reading", Back::Later));
                    }
                }
            }
        }
    }

    async fn frame(
        &mut self,
        dialect: Dialect,
        text: &str,
        challenge: &mut Challenge,
        asked: &mut VecDeque<(u64, Instant)>,
    ) -> Result<(), Over> {
        if dialect == Dialect::Plain {
            return self.tell(LinkEvent::Line(text.to_owned())).await;
        }
        match v1::decode_event(text) {
            Ok(Some(incoming)) => {
                if let Event::Hello(hello) = &incoming.event {
                    *challenge = hello.challenge;
                }
                if let Some(at) = asked.iter().position(|(id, _)| Some(*id) == incoming.id) {
                    let took = asked[at].1.elapsed();
                    asked.drain(..=at);
                    self.tell(LinkEvent::Latency(took)).await?;
                }
                self.tell(match incoming.id {
                    Some(id) => LinkEvent::Answered(id, incoming.event),
                    None => LinkEvent::Heard(incoming.event),
                })
                .await
            }
            Ok(None) => Ok(()),
            Err(why) => {
                tracing::warn!(%why, "a frame of the host cannot be read");
                Ok(())
            }
        }
    }

    fn enter(&self, name: &Nick, challenge: &Challenge) -> Result<Command, String> {
        let proof = match &self.options.keyring {
            None => None,
            Some(ring) => {
                let secret = ring.secret(name).map_err(|e| e.to_string())?;
                Some(Proof::sign(&secret, &self.options.address.authority, challenge))
            }
        };
        let client = crate::protocol::text::Text::clean(concat!("wschat ", env!("CARGO_PKG_VERSION")));
        let invite = self.options.invite.clone();
        Ok(Command::Enter { name: Some(name.clone()), proof, client: Some(client), invite, bot: self.options.bot })
    }
}

fn measure(asked: &mut VecDeque<(u64, Instant)>, id: u64) {
    if asked.len() < MEASURED {
        asked.push_back((id, Instant::now()));
    }
}

fn end(why: &str, back: Back) -> End {
    End { why: why.to_owned(), back }
}

/// What a close code of the host means for coming back (decisions on close codes are in `docs/protocol.md`).
fn closed(frame: Option<(u16, String)>) -> End {
    let Some((code, reason)) = frame else { return end("the host hung up", Back::Later) };
    let reason: String = crate::protocol::text::Text::clean(&reason).one_line().chars().take(123).collect();
    let or = |words: &str| if reason.is_empty() { words.to_owned() } else { reason.clone() };
    match code {
        4403 => End { why: or("the host sent you away"), back: Back::WhenAsked },
        4408 => End { why: or("too slow a reader"), back: Back::Soon },
        1012 => End { why: or("the host restarts"), back: Back::Later },
        _ => End { why: or("the host hung up"), back: Back::Later },
    }
}

/// An error as a person would say it.
fn in_words(error: &Error) -> String {
    let said = match error {
        Error::Io(e) => network_in_words(e),
        Error::Http(answer) => Some(turned_away(answer.status().as_u16(), answer.body().as_deref())),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::ConnectionClosed => {
            Some("the connection was cut".to_owned())
        }
        _ => None,
    };
    said.unwrap_or_else(|| short(&error.to_string()))
}

/// What a web server answered instead. A host of ours that turns one away says why, in a line.
fn turned_away(status: u16, body: Option<&[u8]>) -> String {
    let said = body.and_then(|body| std::str::from_utf8(body).ok()).map(str::trim_end).unwrap_or_default();
    match status == 403 && !said.is_empty() && !said.contains(['<', '\n']) {
        true => short(said),
        false => format!("that is a web server, but no chat (it answers {status})"),
    }
}

/// What the network says, as a person would; `None` when it has no better words.
fn network_in_words(error: &std::io::Error) -> Option<String> {
    use std::io::ErrorKind;
    let words = match error.kind() {
        ErrorKind::ConnectionRefused => "nobody listens there",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => "the connection was cut",
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "there is no way there",
        _ if error.to_string().contains("lookup") => "there is no such host",
        _ => return None,
    };
    Some(words.to_owned())
}

/// Somebody else's words, cut to what fits on a screen.
fn short(words: &str) -> String {
    crate::protocol::text::Text::clean(words).one_line().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    /// Frames this far apart; gives the frames read and how many readings at different times that took.
    async fn readings(many: usize, apart: Duration) -> (usize, usize) {
        let (tell, frames) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for n in 0..many {
                tokio::time::sleep(apart).await;
                let _ = tell.send(n);
            }
        });
        let mut frames = Box::pin(stream::unfold(frames, async |mut frames| Some((frames.recv().await?, frames))));
        let (mut pace, mut read, mut times) = (Pace::new(), Vec::new(), Vec::new());
        while let Some(frame) = pace.next(&mut frames).await {
            read.push(frame);
            times.push(Instant::now());
        }
        assert!(read.is_sorted(), "in order");
        times.dedup();
        (read.len(), times.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_read_in_gulps_and_a_conversation_at_once() {
        assert_eq!(readings(100, Duration::from_millis(2)).await, (100, 100));
        let (read, times) = readings(1000, Duration::from_millis(1)).await;
        assert_eq!(read, 1000);
        assert!(times <= 130, "{times} readings");
    }
}
