//! Frames of one socket become messages, by tungstenite, which knows the protocol (RFC 6455) and has buffers for it. Most
//! connections say nothing most of the time, so it is there only while a message is on its way: in between, all there is
//! to know is that a frame would begin. What a message means, and what is written, is the connection's.

use std::io::{self, Read, Write};

use tokio_tungstenite::tungstenite::error::{Error, Result};
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};

/// What is read of one socket.
#[derive(Default)]
pub struct Frames {
    context: Option<Box<WebSocketContext>>,
    place: Place,
}

impl Frames {
    /// Nothing was read yet but this, which came with the handshake. `config` is asked for if it is something.
    pub fn new(early: Vec<u8>, config: impl FnOnce() -> WebSocketConfig) -> Frames {
        let mut frames = Frames::default();
        if !early.is_empty() {
            frames.place.pass(&early);
            let context = WebSocketContext::from_partially_read(early, Role::Server, Some(config()));
            frames.context = Some(Box::new(context));
        }
        frames
    }

    /// The next message. `config` is asked for when one begins.
    pub fn read<S: Read + Write>(
        &mut self,
        socket: &mut S,
        config: impl FnOnce() -> WebSocketConfig,
    ) -> Result<Message> {
        let Frames { context, place } = self;
        let context = context.get_or_insert_with(|| Box::new(WebSocketContext::new(Role::Server, Some(config()))));
        let message = context.read(&mut Passing { socket, place });
        if let Err(Error::Io(error)) = &message
            && error.kind() == io::ErrorKind::WouldBlock
            && place.is_border()
        {
            self.context = None;
        }
        message
    }

    /// Writes what an answer of the protocol's own is still to be written of.
    pub fn flush<S: Read + Write>(&mut self, socket: &mut S) -> Result<()> {
        self.context.as_mut().map_or(Ok(()), |context| context.flush(socket))
    }

    /// Other limits hold from now on.
    pub fn set_config(&mut self, config: impl FnOnce() -> WebSocketConfig) {
        if let Some(context) = &mut self.context {
            context.set_config(|now| *now = config());
        }
    }
}

/// A socket of which what is read is watched.
struct Passing<'a, S> {
    socket: &'a mut S,
    place: &'a mut Place,
}

impl<S: Read> Read for Passing<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.socket.read(buffer)?;
        self.place.pass(&buffer[..n]);
        Ok(n)
    }
}

impl<S: Write> Write for Passing<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// The longest head of a frame (RFC 6455, 5.2): two bytes, eight of length, four of mask.
const HEAD: usize = 14;

/// Where in the frames a stream stands. It only finds borders; whether what lies between them is right is tungstenite's.
#[derive(Default)]
struct Place {
    head: [u8; HEAD],
    /// Bytes of the head that were there.
    had: u8,
    /// Bytes of payload that are still to come.
    rest: u64,
    /// A message has begun, and more fragments of it follow.
    begun: bool,
}

impl Place {
    /// Whether everything that began has ended.
    fn is_border(&self) -> bool {
        self.had == 0 && self.rest == 0 && !self.begun
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let part = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
                self.rest -= part as u64;
                bytes = &bytes[part..];
                continue;
            }
            let had = usize::from(self.had);
            let part = (self.head_length() - had).min(bytes.len());
            self.head[had..had + part].copy_from_slice(&bytes[..part]);
            self.had += part as u8;
            bytes = &bytes[part..];
            if usize::from(self.had) == self.head_length() {
                self.headed();
            }
        }
    }

    /// How long the head is, as far as is known: its second byte says so.
    fn head_length(&self) -> usize {
        if self.had < 2 {
            return 2;
        }
        let length = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        2 + length + mask
    }

    /// The head is there.
    fn headed(&mut self) {
        let head = &self.head;
        self.rest = match head[1] & 0x7f {
            126 => u16::from_be_bytes([head[2], head[3]]).into(),
            127 => u64::from_be_bytes([head[2], head[3], head[4], head[5], head[6], head[7], head[8], head[9]]),
            short => short.into(),
        };
        let (fin, control) = (head[0] & 0x80 != 0, head[0] & 0x08 != 0);
        if !control {
            self.begun = !fin;
        }
        self.had = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of so many, then has nothing more for now.
    struct Dripping {
        bytes: Vec<u8>,
        at: usize,
        drop: usize,
    }

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.drop.min(buffer.len()).min(self.bytes.len() - self.at);
            if n == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            buffer[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
            self.at += n;
            Ok(n)
        }
    }

    impl Write for Dripping {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A client's frame, its mask zero.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            n @ 0..=125 => frame.push(0x80 | n as u8),
            n @ 126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(n as u16).to_be_bytes());
            }
            n => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(n as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        frame
    }

    fn config() -> WebSocketConfig {
        WebSocketConfig::default().read_buffer_size(64)
    }

    /// All messages there are now, and whether nothing is kept after them.
    fn all(frames: &mut Frames, from: &mut Dripping) -> (Vec<String>, bool) {
        let mut heard = Vec::new();
        loop {
            match frames.read(from, config) {
                Ok(message) => heard.push(message.into_text().expect("text").to_string()),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        (heard, frames.context.is_none())
    }

    #[test]
    fn between_messages_nothing_is_kept_and_within_them_nothing_is_lost() {
        let long = "é".repeat(40_000);
        let mut bytes = frame(0x81, b"one");
        bytes.extend(frame(0x81, &[b'x'; 300]));
        bytes.extend(frame(0x01, b"a "));
        bytes.extend(frame(0x89, b""));
        bytes.extend(frame(0x00, b"fragmented "));
        bytes.extend(frame(0x80, b"message"));
        bytes.extend(frame(0x81, long.as_bytes()));
        let right = ["one", &"x".repeat(300), "", "a fragmented message", &long];
        for drop in [1, 2, 3, 7, 64, usize::MAX] {
            let mut frames = Frames::default();
            let mut socket = Dripping { bytes: bytes.clone(), at: 0, drop };
            assert_eq!(all(&mut frames, &mut socket), (right.map(str::to_owned).to_vec(), true), "{drop} at a time");
        }
    }

    #[test]
    fn whatever_is_cut_where_goes_on_where_it_was() {
        let bytes =
            [frame(0x81, b"one"), frame(0x01, b"two "), frame(0x80, b"halves"), frame(0x81, &[b'y'; 200])].concat();
        let right = ["one".to_owned(), "two halves".to_owned(), "y".repeat(200)];
        let borders = [0, 9, 9 + 10 + 12, bytes.len()];
        for cut in 0..=bytes.len() {
            for early in [0, cut] {
                let mut frames = Frames::new(bytes[..early].to_vec(), config);
                let mut socket = Dripping { bytes: bytes[early..cut].to_vec(), at: 0, drop: usize::MAX };
                let (mut heard, idle) = all(&mut frames, &mut socket);
                assert_eq!(idle, borders.contains(&cut), "cut at {cut}");
                socket.bytes.extend_from_slice(&bytes[cut..]);
                let (rest, idle) = all(&mut frames, &mut socket);
                heard.extend(rest);
                assert!(idle && heard == right, "cut at {cut}: {heard:?}");
            }
        }
    }
}
