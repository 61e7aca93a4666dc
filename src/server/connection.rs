//! One WebSocket, from its upgrade to its end: reads frames, makes commands of them, and waits where waiting is due (for
//! the driver, for the socket, for answers still owed). Also pings, patience and closing. What a command means is the
//! hub's; what is written and in which order is [`Outgoing`]'s.

use std::borrow::Cow;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};

use super::addresses::Seat;
use super::driver::Arrival;
use super::entrance::Way;
use super::frames::Frames;
use super::half_open;
use super::ids::Ids;
use super::metrics::Tally;
use super::outgoing::Outgoing;
use super::wire::Wire;
use crate::config::{Limits, Timeouts};
use crate::hub::{Input, SessionId};
use crate::protocol::command::{Command, Tag};
use crate::protocol::dialect::{self, Codec, Decoded, Dialect, Translator};
use crate::protocol::event::CloseCode;

/// Frames read before others get their turn.
const FRAMES_PER_TURN: usize = 32;

/// Pings and pongs one may send at once, and per second after that. Each costs a write; no client needs one a second.
const CONTROL_BURST: u32 = 64;
const CONTROL_PER_SECOND: u32 = 8;

/// What may be read without a whole message coming of it, in sizes of the largest: its fragments, each with its head.
/// Empty fragments are endless otherwise, and tungstenite hides them.
const BYTES_PER_MESSAGE: usize = 2;

/// Bytes of pongs and close frames that tungstenite may hold back; it writes into a list that takes all, so none.
const CONTROL_BYTES: usize = 1024;

/// The first byte of a whole frame that is no text (RFC 6455, 5.2).
const BINARY_FIN: u8 = 0x82;

/// A violation of RFC 6455 itself (7.4.1), for which the dialects have no word.
const PROTOCOL_ERROR: u16 = 1002;

/// What all connections share.
pub struct House {
    /// To the driver.
    pub arrivals: mpsc::Sender<Arrival>,
    /// How much.
    pub limits: Limits,
    /// How long.
    pub timeouts: Timeouts,
    /// Decoders.
    pub translator: Translator,
    /// Numbers for sessions.
    pub ids: Ids,
    /// What comes is sent back, and nothing else happens: for what tries implementations of WebSocket.
    pub echo: bool,
    /// Milliseconds that the clock on the wall is ahead of the system's.
    pub ahead: i64,
    /// What is counted.
    pub tally: Arc<Tally>,
    /// How many connections there are, for whoever wants to know.
    pub here: watch::Sender<usize>,
}

/// A connection as the driver holds it.
pub struct Handle {
    /// What it is written to by.
    pub out: Outgoing,
    /// What it speaks.
    pub dialect: Dialect,
    entered: AtomicBool,
    unanswered: AtomicUsize,
    budget: usize,
}

impl Handle {
    fn new(wire: Wire, dialect: Dialect, limits: &Limits) -> Handle {
        Handle {
            out: Outgoing::new(wire, limits.queue_bytes),
            dialect,
            // Plain text has no `enter`: whoever speaks it is in.
            entered: AtomicBool::new(dialect == Dialect::Plain),
            unanswered: AtomicUsize::new(0),
            budget: limits.unanswered_commands,
        }
    }

    /// It is in: larger frames are taken, and it is no longer half open.
    pub fn enter(&self) {
        self.entered.store(true, Ordering::Release);
        self.out.wake();
    }

    /// One command has had its answer.
    pub fn answered(&self) {
        if self.unanswered.fetch_sub(1, Ordering::AcqRel) == self.budget {
            self.out.wake();
        }
    }

    fn ask(&self) {
        self.unanswered.fetch_add(1, Ordering::AcqRel);
    }

    fn entered(&self) -> bool {
        self.entered.load(Ordering::Acquire)
    }

    /// Whether it may ask more before it has heard more.
    fn may_ask(&self) -> bool {
        self.budget == 0 || self.unanswered.load(Ordering::Acquire) < self.budget
    }
}

/// A socket that was upgraded.
pub struct Upgraded {
    /// It.
    pub wire: Wire,
    /// Our answer to its handshake, still to be sent.
    pub answer: Vec<u8>,
    /// What the client sent before it had our answer.
    pub early: Vec<u8>,
    /// What it will speak.
    pub dialect: Dialect,
    /// The `Host` it asked for.
    pub authority: String,
    /// How it came.
    pub way: Way,
    /// When it was accepted.
    pub since: Instant,
    /// From where.
    pub peer: SocketAddr,
    /// Its place among those who have not entered.
    pub place: half_open::Place,
    /// Its place among those of its address.
    pub seat: Seat,
}

/// Serves one connection to its end. What is to be awaited holds as little as can be: there is one for everybody who is
/// there and says nothing. So what is awaited rarely is boxed, and what can be done without waiting is not async.
pub fn serve(house: Arc<House>, upgraded: Upgraded) -> Option<impl Future<Output = ()>> {
    let mut connection = Connection::open(house, upgraded)?;
    Some(async move {
        let why = match AssertUnwindSafe(connection.run()).catch_unwind().await {
            Ok(why) => why,
            Err(_) => Why::Borrowed("its task failed, which is a mistake in wschat"),
        };
        // What was read before the end was said.
        if let Handed::Not = connection.over(why) {
            Box::pin(connection.hand_over()).await;
        }
        connection.outside = None;
        let out = &connection.handle.out;
        // Whoever ended it takes nothing and sends nothing more.
        if !(connection.ended && out.standing().empty) {
            Box::pin(linger(out, connection.house.timeouts.close_flush)).await;
        }
    })
}

/// Why a connection ends, for the log.
type Why = Cow<'static, str>;

struct Connection {
    house: Arc<House>,
    session: SessionId,
    handle: Arc<Handle>,
    peer: SocketAddr,
    frames: Frames,
    codec: Box<dyn Codec>,
    /// As long as it has not entered.
    outside: Option<Box<Outside>>,
    _seat: Seat,
    /// Last sign of life.
    heard: Instant,
    pinged: bool,
    /// The client has closed its end of the socket.
    ended: bool,
    /// Since when the socket takes nothing.
    stalled: Option<Instant>,
    /// Bytes read since the last whole message.
    unfinished: usize,
    control: Control,
    /// What the driver had no room for. Nothing is read while anything is here, so that a flood is felt by the flooder;
    /// and it is empty, without memory of its own, for everybody else.
    waiting: Vec<Arrival>,
}

/// What there is of a connection only until it has entered.
struct Outside {
    place: half_open::Place,
    /// When it must have tried to enter.
    enter_by: Option<Instant>,
}

/// What the task wakes for.
enum Woken {
    News,
    Readable,
    Writable,
    Crowded,
    Time,
}

/// How much of what waits the driver has taken.
enum Handed {
    All,
    /// It has no room at the moment, or has gone.
    Not,
}

/// How far reading got.
#[derive(PartialEq, Eq)]
enum Got {
    /// Nothing more is there.
    All,
    /// More may be there, but others are to have their turn, or answers are owed first.
    Enough,
}

impl Connection {
    /// A connection whose first word, that it is there, waits for the driver.
    fn open(house: Arc<House>, upgraded: Upgraded) -> Option<Connection> {
        let Upgraded { wire, answer, early, dialect, authority, way, since, peer, place, seat } = upgraded;
        let mut chance = [0; 56];
        if let Err(error) = getrandom::fill(&mut chance) {
            // A challenge that can be guessed is worse than no connection.
            tracing::error!("no random numbers, so {peer} is turned away: {error}");
            return None;
        }
        let (challenge, luck) = chance.split_first_chunk::<32>().expect("56 is more than 32");
        let luck = *luck.first_chunk::<24>().expect("32 + 24 = 56");
        let session = house.ids.take();
        let handle = Arc::new(Handle::new(wire, dialect, &house.limits));
        // With the greeting, in one packet; who is not greeted must not wait for it.
        handle.out.begin_with(answer.into());
        if house.echo || dialect != Dialect::V1 {
            handle.out.flush();
        }
        let (challenge, address, free) = (*challenge, Some(way.address), way.free);
        let opened = Input::Opened { session, dialect, authority, challenge, address, free, luck };
        tracing::debug!(session = session.0, %peer, dialect = dialect.name(), "connection opened");
        let entered = handle.entered();
        let now = Instant::now();
        let enter_by = after(since, house.timeouts.enter);
        // Nobody is told of who only hears their own words.
        let first = (!house.echo).then(|| Arrival::Opened(handle.clone(), opened));
        Some(Connection {
            session,
            frames: Frames::new(early, || config(&house.limits, entered)),
            codec: house.translator.codec(dialect, super::decode_limits(&house.limits)),
            outside: (!entered).then(|| Box::new(Outside { place, enter_by })),
            _seat: seat,
            heard: now,
            pinged: false,
            ended: false,
            stalled: None,
            unfinished: 0,
            control: Control { left: CONTROL_BURST, since: now },
            waiting: Vec::from_iter(first),
            handle,
            peer,
            house,
        })
    }

    async fn run(&mut self) -> Why {
        if let Handed::Not = self.handed_over() {
            Box::pin(self.hand_over()).await;
        }
        let mut timer = pin!(sleep_until(self.deadline().unwrap_or_else(never)));
        // What came with the handshake lies in tungstenite's buffer, where no socket tells of it: so read once at first.
        let mut readable = true;
        loop {
            if let Some(why) = self.look() {
                return why;
            }
            if readable && self.handle.may_ask() {
                readable = match self.read() {
                    Ok(got) => got == Got::Enough,
                    Err(why) => return why,
                };
                if let Handed::Not = self.handed_over() {
                    Box::pin(self.hand_over()).await;
                }
                if readable {
                    tokio::task::yield_now().await;
                }
                continue;
            }
            self.set(timer.as_mut());
            match poll_fn(|cx| self.poll(readable, timer.as_mut(), cx)).await {
                Woken::News => {}
                Woken::Readable => readable = true,
                Woken::Writable => {
                    if self.handle.out.resume() {
                        self.stalled = Some(Instant::now());
                    }
                }
                Woken::Crowded => {
                    self.goodbye(CloseCode::NotEntered, "many others came, and you had not entered");
                }
                Woken::Time => self.time(),
            }
        }
    }

    /// Takes in what changed outside this task: the connection's end, whether the socket takes more, whether it is in.
    fn look(&mut self) -> Option<Why> {
        let standing = self.handle.out.standing();
        if standing.closing {
            return Some(self.handle.out.last_word());
        }
        match standing.blocked {
            true => self.stalled = self.stalled.or_else(|| Some(Instant::now())),
            false => self.stalled = None,
        }
        if self.outside.is_some() && self.handle.entered() {
            self.outside = None;
            let limits = &self.house.limits;
            self.frames.set_config(|| config(limits, true));
        }
        None
    }

    /// All that wakes this task. By hand: a `select!` of futures would keep the state of each for every idle connection.
    fn poll(&mut self, readable: bool, timer: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<Woken> {
        let out = &self.handle.out;
        out.register(cx.waker());
        let standing = out.standing();
        let news = standing.closing
            || standing.blocked != self.stalled.is_some()
            || (self.outside.is_some() && self.handle.entered())
            || (readable && self.handle.may_ask());
        if news {
            return Poll::Ready(Woken::News);
        }
        if standing.blocked && out.wire().poll_write_ready(cx).is_ready() {
            return Poll::Ready(Woken::Writable);
        }
        if !readable && out.wire().poll_read_ready(cx).is_ready() {
            return Poll::Ready(Woken::Readable);
        }
        if self.outside.as_ref().is_some_and(|outside| outside.place.poll_lost(cx).is_ready()) {
            return Poll::Ready(Woken::Crowded);
        }
        timer.poll(cx).map(|()| Woken::Time)
    }

    /// Lazily: a timer that goes off too early costs less than one that is moved with every frame.
    fn set(&self, timer: Pin<&mut Sleep>) {
        let deadline = self.deadline().unwrap_or_else(never);
        if timer.is_elapsed() || deadline < timer.deadline() {
            timer.reset(deadline);
        }
    }

    /// It ends: says so to the log, and to the driver as far as it has room; see [`Self::handed_over`].
    fn over(&mut self, why: Why) -> Handed {
        let (session, peer) = (self.session, self.peer);
        match self.ended {
            // As quietly as it came.
            true => tracing::debug!(session = session.0, %peer, "connection closed: {why}"),
            false => tracing::info!(session = session.0, %peer, "connection closed: {why}"),
        }
        if !self.house.echo {
            self.waiting.push(Arrival::Input(Input::Closed { session }));
        }
        self.handed_over()
    }

    /// Hands what waits to the driver, as far as it has room.
    fn handed_over(&mut self) -> Handed {
        while !self.waiting.is_empty() {
            let Ok(place) = self.house.arrivals.try_reserve() else { return Handed::Not };
            place.send(self.waiting.remove(0));
        }
        self.waiting = Vec::new();
        Handed::All
    }

    /// Waits until the driver has room for all that waits, or has gone.
    async fn hand_over(&mut self) {
        for arrival in std::mem::take(&mut self.waiting) {
            if self.house.arrivals.send(arrival).await.is_err() {
                self.handle.out.finish(STOPS);
                return;
            }
        }
    }

    /// Reads what is there: frames become commands, commands go to the driver. Not async, and neither is what it calls:
    /// what they hold would be kept for every connection that reads nothing.
    fn read(&mut self) -> Result<Got, Why> {
        let (mut frames, mut answered) = (0, false);
        let got = loop {
            let mut socket = Socket {
                out: &self.handle.out,
                unfinished: self.unfinished,
                most: most_unfinished(&self.house.limits),
                wrote: false,
            };
            let entered = self.outside.is_none();
            let result = self.frames.read(&mut socket, || config(&self.house.limits, entered));
            self.unfinished = socket.unfinished;
            answered |= socket.wrote;
            match result {
                Ok(message) => {
                    self.unfinished = 0;
                    self.message(message)?;
                }
                Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => break Got::All,
                Err(error) => return Err(self.failed(error)),
            }
            frames += 1;
            if frames == FRAMES_PER_TURN || !self.handle.may_ask() || !self.waiting.is_empty() {
                break Got::Enough;
            }
        };
        if frames > 0 {
            self.heard = Instant::now();
            self.pinged = false;
        }
        if answered {
            self.handle.out.flush();
        }
        Ok(got)
    }

    fn message(&mut self, message: Message) -> Result<(), Why> {
        match message {
            Message::Text(_) | Message::Binary(_) if self.house.echo => {
                self.echo(message);
                Ok(())
            }
            Message::Text(text) => {
                for decoded in self.codec.decode(&text) {
                    self.decoded(decoded)?;
                }
                Ok(())
            }
            Message::Binary(_) => Err(self.goodbye(CloseCode::Binary, "only text frames are read here")),
            Message::Ping(_) | Message::Pong(_) => match self.control.take() {
                true => Ok(()),
                false => Err(self.goodbye(CloseCode::Protocol, "too many pings")),
            },
            Message::Close(_) => {
                // Its answer is written before our list takes no more; that this ends the connection is no news.
                let _ = self.frames.flush(&mut Socket::for_writing(&self.handle.out));
                self.handle.out.finish("closed by the client");
                Err(self.handle.out.last_word())
            }
            // Only ever written, never read.
            Message::Frame(_) => Ok(()),
        }
    }

    fn echo(&self, message: Message) {
        let binary = message.is_binary();
        let mut frame = dialect::frame(&message.into_data()).to_vec();
        if binary {
            frame[0] = BINARY_FIN;
        }
        self.handle.out.append(frame.into());
        self.handle.out.flush();
    }

    fn decoded(&mut self, decoded: Decoded) -> Result<(), Why> {
        let session = self.session;
        let input = match decoded {
            Decoded::Command(tag, command) => {
                if let (Command::Enter { .. }, Some(outside)) = (&command, &mut self.outside) {
                    outside.enter_by = None;
                }
                Input::Received { session, tag, command }
            }
            Decoded::Refused(tag, refusal) => Input::Unreadable { session, tag, refusal, garbage: false },
            Decoded::Garbage(refusal) => {
                tracing::info!(session = session.0, peer = %self.peer, "a frame that is none: {}", refusal.code.as_str());
                Input::Unreadable { session, tag: Tag::None, refusal, garbage: true }
            }
            Decoded::Answer(frames) => {
                for frame in frames {
                    self.handle.out.append(frame);
                }
                self.handle.out.flush();
                return Ok(());
            }
        };
        self.handle.ask();
        let arrival = Arrival::Input(input);
        if !self.waiting.is_empty() {
            self.waiting.push(arrival);
            return Ok(());
        }
        match self.house.arrivals.try_send(arrival) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(arrival)) => {
                self.waiting.push(arrival);
                Ok(())
            }
            Err(TrySendError::Closed(_)) => Err(Why::Borrowed(STOPS)),
        }
    }

    /// What a failed read ends in. The peer is told why where the socket still works.
    fn failed(&mut self, error: Error) -> Why {
        match error {
            Error::Capacity(_) => self.goodbye(CloseCode::TooLarge, "that is larger than a frame may be here"),
            Error::Utf8(_) => self.goodbye(CloseCode::NotUtf8, "text is UTF-8 here"),
            Error::Io(e) if e.kind() == TOO_MUCH => self.goodbye(CloseCode::TooLarge, "one message in too many pieces"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                self.ended = true;
                Why::Borrowed("cut by the client")
            }
            Error::ConnectionClosed | Error::AlreadyClosed => Why::Borrowed("closed"),
            Error::Io(e) => Why::Owned(format!("the socket failed: {e}")),
            other => {
                self.handle.out.close(PROTOCOL_ERROR, &other.to_string());
                self.handle.out.last_word()
            }
        }
    }

    fn goodbye(&self, code: CloseCode, why: &str) -> Why {
        self.handle.out.close(code.number(), why);
        self.handle.out.last_word()
    }

    /// When something is due if nothing happens until then.
    fn deadline(&self) -> Option<Instant> {
        let stalled = self.stalled.and_then(|since| after(since, self.house.timeouts.write));
        [stalled, self.enter_by(), self.due()].into_iter().flatten().min()
    }

    fn enter_by(&self) -> Option<Instant> {
        self.outside.as_ref()?.enter_by
    }

    /// When it is to be pinged or, once pinged, given up. Not while answers are owed to it: then nobody listens to it.
    fn due(&self) -> Option<Instant> {
        let timeouts = &self.house.timeouts;
        let ping = after(self.heard, timeouts.host_ping_after).filter(|_| !self.pinged);
        let dead = after(self.heard, timeouts.dead_after);
        let due = ping.into_iter().chain(dead).min();
        due.filter(|_| self.handle.may_ask())
    }

    /// Does what is due.
    fn time(&mut self) {
        let now = Instant::now();
        let timeouts = &self.house.timeouts;
        let past = |since: Instant, allowed: Duration| after(since, allowed).is_some_and(|at| at <= now);
        let out = &self.handle.out;
        if self.stalled.is_some_and(|since| past(since, timeouts.write)) {
            out.too_slow();
        } else if self.enter_by().is_some_and(|at| at <= now) {
            self.goodbye(CloseCode::NotEntered, "you did not enter in time");
        } else if self.handle.may_ask() && past(self.heard, timeouts.dead_after) {
            out.finish("no sign of life");
        } else if self.handle.may_ask() && !self.pinged && past(self.heard, timeouts.host_ping_after) {
            self.pinged = true;
            out.append(Bytes::from_static(PING));
            out.flush();
        }
    }
}

const STOPS: &str = "the host stops";

/// A ping of the server without a payload (RFC 6455, 5.5.2).
const PING: &[u8] = &[0x89, 0];

/// So long after, or never where no time is allowed.
fn after(since: Instant, allowed: Duration) -> Option<Instant> {
    (!allowed.is_zero()).then(|| since + allowed)
}

/// A time nobody lives to see; a timer needs one.
fn never() -> Instant {
    Instant::now() + Duration::from_secs(86_400 * 365)
}

fn config(limits: &Limits, entered: bool) -> WebSocketConfig {
    let most = match entered {
        true => limits.frame_bytes,
        false => limits.frame_bytes_before_enter,
    };
    let most = (most > 0).then_some(most);
    WebSocketConfig::default()
        .read_buffer_size(limits.read_buffer)
        .write_buffer_size(0)
        .max_write_buffer_size(CONTROL_BYTES)
        .max_message_size(most)
        .max_frame_size(most)
}

fn most_unfinished(limits: &Limits) -> usize {
    match limits.frame_bytes {
        0 => usize::MAX,
        most => most.saturating_mul(BYTES_PER_MESSAGE),
    }
}

/// What [`Socket`] says when a message takes too many pieces.
const TOO_MUCH: io::ErrorKind = io::ErrorKind::QuotaExceeded;

/// The socket as tungstenite sees it: reads come from it, writes go into the list of what is to be written.
struct Socket<'a> {
    out: &'a Outgoing,
    unfinished: usize,
    most: usize,
    wrote: bool,
}

impl<'a> Socket<'a> {
    fn for_writing(out: &'a Outgoing) -> Socket<'a> {
        Socket { out, unfinished: 0, most: 0, wrote: false }
    }
}

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unfinished > self.most {
            return Err(TOO_MUCH.into());
        }
        let n = self.out.wire().try_read(buffer)?;
        self.unfinished += n;
        Ok(n)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.append(Bytes::copy_from_slice(bytes));
        self.wrote = true;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many control frames one may still send.
struct Control {
    left: u32,
    since: Instant,
}

impl Control {
    fn take(&mut self) -> bool {
        let seconds = self.since.elapsed().as_secs();
        if seconds > 0 {
            let more = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(CONTROL_PER_SECOND);
            self.left = self.left.saturating_add(more).min(CONTROL_BURST);
            self.since = Instant::now();
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

/// Lets the last frames leave, says that nothing more will come, and reads on until the peer has gone too: closing a
/// socket with unread bytes would reset it, and take the last frames along.
async fn linger(out: &Outgoing, allowed: Duration) {
    let leave = async {
        while !out.standing().empty && out.wire().writable().await.is_ok() {
            out.resume();
        }
        if out.standing().gone || out.wire().end().is_err() {
            return;
        }
        while out.wire().readable().await.is_ok() && discard(out.wire()) {}
    };
    // Whoever does not take the last frames in time has no claim to them.
    let _ = tokio::time::timeout(allowed, leave).await;
}

/// Reads what is there; `false` at the end.
fn discard(wire: &Wire) -> bool {
    let mut nowhere = [0; 4096];
    loop {
        match wire.try_read(&mut nowhere) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(e) => return e.kind() == io::ErrorKind::WouldBlock,
        }
    }
}
