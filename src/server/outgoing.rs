//! What is still to be written to one socket: a byte-bounded list of shared, finished frames. The driver appends to it and
//! writes at the end of its turn; the connection's own task appends pongs and closes, and writes when the socket had
//! enough. One list, so one order of frames. Which frames there are is nobody's business here.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::{Buf, Bytes};
use futures_util::task::AtomicWaker;

use super::wire::Wire;
use crate::protocol::event::CloseCode;

/// Frames handed to the kernel in one call. More than this many small frames are rare (a turn's frames come as one), and
/// IOV_MAX is 1,024.
const SLICES: usize = 64;

/// The longest reason a close frame has room for (RFC 6455, 5.5).
const REASON_BYTES: usize = 123;

/// A socket and what waits to be written to it.
pub struct Outgoing {
    wire: Wire,
    /// Bytes that may wait; 0 lifts it.
    limit: usize,
    queue: Mutex<Queue>,
    /// The connection's task, to be woken when it has something to do.
    task: AtomicWaker,
}

#[derive(Default)]
struct Queue {
    /// The frame being written, or the next. Beside the list, so that one frame (by far the usual) needs no list.
    head: Bytes,
    /// Whether a part of `head` is on its way: then the rest of it must follow, whatever happens.
    begun: bool,
    /// What comes after it. Boxed, as nearly nobody has it.
    behind: Option<Box<Behind>>,
    /// Of all the above.
    bytes: usize,
    /// The socket had enough; the connection's task goes on when it takes more.
    blocked: bool,
    state: State,
    /// Why it ends.
    last_word: Option<Box<str>>,
}

#[derive(Default)]
struct Behind {
    frames: VecDeque<Bytes>,
    /// Pages of history, each written when all else is: a page may never be what makes a connection slow.
    pages: VecDeque<Bytes>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    #[default]
    Open,
    /// The last frame is in the list; nothing is added any more.
    Closing,
    /// The socket failed. Nothing is kept.
    Gone,
}

/// How things stand, for the connection's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The task has to write when the socket takes more.
    pub blocked: bool,
    /// Nothing is added any more.
    pub closing: bool,
    /// Nothing is left to write.
    pub empty: bool,
    /// The socket failed.
    pub gone: bool,
}

impl Outgoing {
    /// Nothing to write yet. `limit` is in bytes; 0 lifts it.
    pub fn new(wire: Wire, limit: usize) -> Outgoing {
        Outgoing { wire, limit, queue: Mutex::default(), task: AtomicWaker::new() }
    }

    /// The socket, for reading.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// What is sent before all frames: the answer to the handshake. It goes out whatever happens, and with the first frame.
    pub fn begin_with(&self, answer: Bytes) {
        let mut queue = self.lock();
        queue.begun = !answer.is_empty();
        queue.push(answer);
    }

    /// Adds finished frames. Over the limit the connection is closed as slow instead: `false`.
    pub fn append(&self, frames: Bytes) -> bool {
        let mut queue = self.lock();
        if !self.fits(&mut queue, frames.len()) {
            return false;
        }
        queue.push(frames);
        true
    }

    /// Adds a page of history, which is written when nothing else is left. It counts as waiting like everything else.
    pub fn append_page(&self, frame: Bytes) -> bool {
        let mut queue = self.lock();
        if !self.fits(&mut queue, frame.len()) {
            return false;
        }
        match queue.head.is_empty() {
            true => queue.push(frame),
            false => {
                queue.bytes += frame.len();
                queue.behind().pages.push_back(frame);
            }
        }
        true
    }

    /// Adds a close frame behind all that waits; nothing can be added after it. The connection's task does the rest.
    pub fn close(&self, code: u16, why: &str) {
        self.end(&mut self.lock(), Some(code), why);
    }

    /// Nothing is added any more, not even a close frame: either the answer to the peer's own is in the list already, or
    /// nobody is there to read one.
    pub fn finish(&self, why: &str) {
        self.end(&mut self.lock(), None, why);
    }

    /// Drops all but a frame begun, and tells the peer to come back.
    pub fn too_slow(&self) {
        self.slow(&mut self.lock());
    }

    /// Why it ends, once it does.
    pub fn last_word(&self) -> Cow<'static, str> {
        match &self.lock().last_word {
            Some(why) => Cow::Owned(why.to_string()),
            None => Cow::Borrowed("the socket failed"),
        }
    }

    /// Writes what the socket takes. To be called at the end of a turn; does nothing while the connection's task waits
    /// for the socket.
    pub fn flush(&self) {
        let mut queue = self.lock();
        if !queue.blocked {
            self.write_out(&mut queue);
            if queue.blocked || queue.state == State::Gone {
                self.task.wake();
            }
        }
    }

    /// The same for the connection's task, when the socket takes more. Whether any of it went.
    pub fn resume(&self) -> bool {
        let mut queue = self.lock();
        let (before, held_back) = (queue.bytes, self.wire.pending());
        self.write_out(&mut queue);
        queue.bytes < before || held_back && !self.wire.pending()
    }

    /// How things stand.
    pub fn standing(&self) -> Standing {
        let queue = self.lock();
        Standing {
            blocked: queue.blocked,
            closing: queue.state != State::Open,
            // Under TLS the last of it may be held back; then it blocks.
            empty: queue.head.is_empty() && !queue.blocked,
            gone: queue.state == State::Gone,
        }
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.lock().bytes
    }

    /// Who is to be woken when [`Self::standing`] changes for the worse.
    pub fn register(&self, task: &Waker) {
        self.task.register(task);
    }

    /// Wakes the connection's task.
    pub fn wake(&self) {
        self.task.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Every method leaves the list whole, so a panic elsewhere is no reason to give it up.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether so much more may wait. If not, all but a frame begun is dropped at once, and the peer told to come back.
    fn fits(&self, queue: &mut Queue, more: usize) -> bool {
        if queue.state != State::Open {
            return false;
        }
        if self.limit > 0 && queue.bytes.saturating_add(more) > self.limit {
            self.slow(queue);
            return false;
        }
        true
    }

    fn slow(&self, queue: &mut Queue) {
        queue.forget_unbegun();
        self.end(queue, Some(CloseCode::Slow.number()), "you read too slowly; come back, nothing is lost");
    }

    fn end(&self, queue: &mut Queue, code: Option<u16>, why: &str) {
        if queue.state != State::Open {
            return;
        }
        if let Some(behind) = &mut queue.behind {
            behind.frames.append(&mut behind.pages);
        }
        match code {
            Some(code) => {
                queue.push(close_frame(code, why));
                queue.last_word = Some(format!("{code} {why}").into());
            }
            None => queue.last_word = Some(why.into()),
        }
        queue.state = State::Closing;
        self.task.wake();
    }

    fn write_out(&self, queue: &mut Queue) {
        queue.blocked = false;
        while !queue.head.is_empty() {
            match self.write_some(queue) {
                Ok(0) => return queue.give_up(),
                Ok(n) => queue.written(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return queue.blocked = true,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return queue.give_up(),
            }
        }
        match self.wire.drain() {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => queue.blocked = true,
            Err(_) => queue.give_up(),
        }
    }

    fn write_some(&self, queue: &Queue) -> io::Result<usize> {
        let Some(behind) = queue.behind.as_deref().filter(|behind| !behind.frames.is_empty()) else {
            return self.wire.try_write(&[IoSlice::new(&queue.head)]);
        };
        let mut slices = [IoSlice::new(&[]); SLICES];
        let frames = std::iter::once(&queue.head).chain(&behind.frames);
        let used = slices.iter_mut().zip(frames).map(|(slice, frame)| *slice = IoSlice::new(frame)).count();
        self.wire.try_write(&slices[..used])
    }
}

impl Queue {
    fn push(&mut self, frames: Bytes) {
        self.bytes += frames.len();
        match self.head.is_empty() {
            true => self.head = frames,
            false => self.behind().frames.push_back(frames),
        }
    }

    fn behind(&mut self) -> &mut Behind {
        self.behind.get_or_insert_default()
    }

    /// Takes off what was written. An emptied list keeps no memory: most connections are idle.
    fn written(&mut self, mut n: usize) {
        self.bytes -= n;
        if n == self.head.len() && self.behind.is_none() {
            // By far the usual.
            self.begun = false;
            self.head = Bytes::new();
            return;
        }
        while n > 0 {
            let part = n.min(self.head.len());
            self.head.advance(part);
            self.begun = true;
            n -= part;
            if self.head.is_empty() {
                self.begun = false;
                let next = self.behind.as_mut().and_then(|behind| behind.next());
                self.head = next.unwrap_or_default();
            }
        }
        if self.head.is_empty() {
            self.behind = None;
        }
    }

    fn forget_unbegun(&mut self) {
        self.behind = None;
        if !self.begun {
            self.head = Bytes::new();
        }
        self.bytes = self.head.len();
    }

    fn give_up(&mut self) {
        *self = Queue { state: State::Gone, ..Queue::default() };
    }
}

impl Behind {
    fn next(&mut self) -> Option<Bytes> {
        self.frames.pop_front().or_else(|| self.pages.pop_front())
    }
}

/// A close frame of the server (RFC 6455, 5.5.1). A reason that is too long is cut between two characters.
fn close_frame(code: u16, why: &str) -> Bytes {
    const CLOSE_FIN: u8 = 0x88;
    let cut = (0..=REASON_BYTES.min(why.len())).rev().find(|&at| why.is_char_boundary(at)).unwrap_or(0);
    let why = &why[..cut];
    let mut frame = Vec::with_capacity(4 + why.len());
    frame.extend_from_slice(&[CLOSE_FIN, 2 + why.len() as u8]);
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(why.as_bytes());
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    /// Enough to fill any socket's buffers on loopback.
    const MUCH: usize = 32 << 20;

    async fn pair(limit: usize) -> (Outgoing, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let far = TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (near, _) = listener.accept().await.expect("somebody connected");
        (Outgoing::new(near.into(), limit), far)
    }

    /// Writes all that waits, as the connection's task would, and goes.
    async fn write_all(out: Outgoing) {
        while !out.standing().empty {
            out.wire().writable().await.expect("the socket works");
            out.resume();
        }
    }

    /// Everything that arrives.
    async fn heard(out: Outgoing, mut far: TcpStream) -> Vec<u8> {
        let mut heard = Vec::new();
        let reading = tokio::time::timeout(Duration::from_secs(60), far.read_to_end(&mut heard));
        let ((), read) = tokio::join!(write_all(out), reading);
        read.expect("it ends").expect("the socket works");
        heard
    }

    #[tokio::test]
    async fn frames_leave_in_the_order_they_came_across_a_full_socket() {
        let (out, far) = pair(0).await;
        let frames: Vec<Bytes> = (0..400_u32).map(|n| Bytes::from(vec![n as u8; 100_000 + n as usize])).collect();
        for frame in &frames {
            assert!(out.append(frame.clone()));
            out.flush();
        }
        assert!(out.standing().blocked, "the socket cannot have taken all");
        assert!(heard(out, far).await == frames.concat());
    }

    #[tokio::test]
    async fn who_does_not_read_is_told_so_and_costs_nothing_more() {
        let (out, far) = pair(1 << 20).await;
        let frame = Bytes::from(vec![b'x'; 10_000]);
        let mut taken = 0;
        while out.append(frame.clone()) {
            out.flush();
            taken += frame.len();
            assert!(out.waiting() <= 1 << 20, "the bound holds");
            assert!(taken < MUCH, "it is closed at some time");
        }
        assert!(out.standing().closing);
        assert!(out.waiting() < 2 * frame.len(), "all but the frame begun is gone");
        assert!(!out.append(frame.clone()), "nothing comes after the close");
        let end = heard(out, far).await;
        let goodbye = close_frame(4408, "you read too slowly; come back, nothing is lost");
        assert!(end.ends_with(&goodbye), "the close frame is the last, on a frame's border");
        assert_eq!((end.len() - goodbye.len()) % frame.len(), 0, "no frame was cut");
    }

    #[tokio::test]
    async fn a_page_waits_until_nothing_else_does() {
        let (out, far) = pair(0).await;
        let (a, page, b) = (Bytes::from(vec![b'a'; MUCH]), Bytes::from_static(b"page"), Bytes::from_static(b"b"));
        out.append(a);
        out.flush();
        assert!(out.standing().blocked);
        out.append_page(page);
        out.append(b);
        assert_eq!(&heard(out, far).await[MUCH..], b"bpage");
    }

    #[tokio::test]
    async fn an_emptied_list_is_ready_for_more() {
        let (out, far) = pair(10).await;
        for _ in 0..3 {
            assert!(out.append(Bytes::from_static(b"12345")) && out.append_page(Bytes::from_static(b"67890")));
            out.flush();
            assert_eq!(out.waiting(), 0);
        }
        assert_eq!(heard(out, far).await, b"1234567890".repeat(3));
    }

    #[tokio::test]
    async fn the_last_word_is_the_first_that_was_said() {
        let (out, _far) = pair(0).await;
        out.close(1000, "bye");
        out.close(4408, "slow");
        out.finish("gone");
        assert_eq!(out.last_word(), "1000 bye");
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = close_frame(1000, &"é".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
        assert_eq!(frame[..4], [0x88, 124, 3, 0xE8]);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }
}
