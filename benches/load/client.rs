//! One client of the load: connects, enters, sends lines and picks its own out of what it reads. It looks at no more of a
//! frame than it must, so that the generator is not what is measured.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail};
use wschat::protocol::entry::unhex;
use wschat::protocol::person::Proof;

/// What a line of the load begins with; nothing else on the wire holds it.
const MARK: u8 = b'~';

/// Digits of a line's number.
const DIGITS: usize = 8;

/// How a server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// What is said is a whole frame.
    Plain,
    /// `wschat.v1`, as a guest.
    Guest,
    /// `wschat.v1`, as a person with a key.
    Keyed,
}

/// One connection.
pub struct Client {
    pub socket: TcpStream,
    wire: Wire,
    left: Vec<u8>,
    /// Calls of `read` that brought something, and frames in them.
    pub reads: u64,
    pub frames: u64,
    /// The last line heard of each sender.
    pub last: Vec<u32>,
}

impl Client {
    /// Connects and comes in, to the point where lines are heard; `n` tells clients apart.
    pub fn connect(port: u16, wire: Wire, n: usize, room: Option<&str>) -> anyhow::Result<Client> {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).context("the server does not listen")?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let offer = if wire == Wire::Plain { "" } else { "Sec-WebSocket-Protocol: wschat.v1\r\n" };
        write!(
            socket,
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
        )?;
        let mut client = Client { socket, wire, left: Vec::new(), reads: 0, frames: 0, last: Vec::new() };
        client.head()?;
        if wire != Wire::Plain {
            client.enter(port, n)?;
            if let Some(room) = room {
                client.send(&format!(r##"{{"type":"join","id":3,"room":"{room}"}}"##))?;
                client.wait_for("joined")?;
                client.send(r##"{"type":"leave","id":4,"room":"#lobby"}"##)?;
                client.wait_for("left")?;
            }
        }
        client.socket.set_nonblocking(true)?;
        Ok(client)
    }

    fn head(&mut self) -> anyhow::Result<()> {
        let mut scratch = [0; 4096];
        loop {
            if let Some(end) = self.left.windows(4).position(|part| part == b"\r\n\r\n") {
                if !self.left.starts_with(b"HTTP/1.1 101") {
                    bail!("not upgraded: {}", String::from_utf8_lossy(&self.left));
                }
                self.left.drain(..end + 4);
                return Ok(());
            }
            let n = self.socket.read(&mut scratch).context("no answer to the upgrade")?;
            self.left.extend_from_slice(&scratch[..n]);
        }
    }

    fn enter(&mut self, port: u16, n: usize) -> anyhow::Result<()> {
        let hello = self.wait_for("hello")?;
        let proof = match self.wire {
            Wire::Keyed => {
                let mut secret = [3; 32];
                secret[..8].copy_from_slice(&(n as u64).to_le_bytes());
                let value: serde_json::Value = serde_json::from_str(&hello)?;
                let challenge: [u8; 32] = unhex(value["challenge"].as_str().unwrap_or("")).context("no challenge")?;
                let proof = Proof::sign(&secret, &format!("127.0.0.1:{port}"), &challenge);
                let sig: String = proof.signature.iter().map(|byte| format!("{byte:02x}")).collect();
                format!(r#","key":"{}","sig":"{sig}""#, proof.key)
            }
            _ => String::new(),
        };
        self.send(&format!(r#"{{"type":"enter","id":1,"name":"load-{n}"{proof}}}"#))?;
        self.wait_for("welcome")?;
        self.send(r#"{"type":"resume","id":2,"cursors":[]}"#)?;
        self.wait_for("resumed")?;
        Ok(())
    }

    /// Reads until an event of this type; gives it.
    fn wait_for(&mut self, kind: &str) -> anyhow::Result<String> {
        let wanted = format!(r#"{{"type":"{kind}""#);
        let mut scratch = [0; 4096];
        loop {
            while let Some((from, to)) = frame(&self.left) {
                let text = String::from_utf8_lossy(&self.left[from..to]).into_owned();
                self.left.drain(..to);
                if text.starts_with(&wanted) {
                    return Ok(text);
                }
                if text.starts_with(r#"{"type":"refused""#) {
                    bail!("{text}");
                }
            }
            let n = self.socket.read(&mut scratch).with_context(|| format!("no {kind}"))?;
            if n == 0 {
                bail!("hung up before {kind}");
            }
            self.left.extend_from_slice(&scratch[..n]);
        }
    }

    /// Says line number `id`, of so many bytes.
    pub fn say(&mut self, id: u32, bytes: usize, room: &str) -> anyhow::Result<()> {
        let text = format!("{}{id:0DIGITS$}{:.<rest$}", MARK as char, "", rest = bytes - DIGITS - 1);
        match self.wire {
            Wire::Plain => self.send(&text),
            _ => self.send(&format!(r#"{{"type":"say","id":{id},"to":"{room}","text":"{text}","nonce":"{id:032x}"}}"#)),
        }
    }

    /// A client's frame. Its mask is zero: that is a mask, and costs the generator nothing.
    fn send(&mut self, text: &str) -> anyhow::Result<()> {
        let mut frame = Vec::with_capacity(text.len() + 8);
        frame.push(0x81);
        match text.len() {
            n @ 0..=125 => frame.push(0x80 | n as u8),
            n => frame.extend_from_slice(&[0x80 | 126, (n >> 8) as u8, n as u8]),
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        let mut at = 0;
        while at < frame.len() {
            match self.socket.write(&frame[at..]) {
                Ok(n) => at += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(e) => return Err(e).context("a line cannot be sent"),
            }
        }
        Ok(())
    }

    /// Reads what is there and tells the number of each line in it.
    pub fn read(&mut self, scratch: &mut [u8], mut heard: impl FnMut(u32)) -> anyhow::Result<()> {
        loop {
            let had = self.left.len();
            scratch[..had].copy_from_slice(&self.left);
            let n = match self.socket.read(&mut scratch[had..]) {
                Ok(0) => bail!("the server hung up"),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e).context("a socket failed"),
            };
            let there = &scratch[..had + n];
            let mut at = 0;
            while let Some((from, to)) = frame(&there[at..]) {
                if let Some(id) = number(&there[at + from..at + to]) {
                    self.frames += 1;
                    heard(id);
                }
                at += to;
            }
            self.reads += 1;
            self.left.clear();
            self.left.extend_from_slice(&there[at..]);
            // A short read was all there was.
            if had + n < scratch.len() {
                return Ok(());
            }
        }
    }
}

/// Where the payload of the first whole frame lies.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match bytes.get(1)? & 0x7f {
        126 => (4, usize::from(*bytes.get(2)?) << 8 | usize::from(*bytes.get(3)?)),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, short.into()),
    };
    (bytes.len() >= head + length).then_some((head, head + length))
}

fn number(payload: &[u8]) -> Option<u32> {
    let at = payload.iter().position(|byte| *byte == MARK)?;
    let digits = payload.get(at + 1..at + 1 + DIGITS)?;
    digits.iter().try_fold(0, |sum: u32, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}
