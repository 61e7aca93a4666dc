//! The wire forms of the protocol. A [`Dialect`] is chosen once per connection by its subprotocol; encoding is stateless
//! (one event, one finished frame for everybody who speaks it), decoding keeps what it must in a [`Codec`].

pub mod plain;
pub mod v1;

use bytes::Bytes;

use super::command::{Command, Tag};
use super::event::{Event, Refusal};
use super::names::RoomName;

/// A way to write the protocol on a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// JSON, one object a frame: subprotocol `wschat.v1`.
    V1,
    /// Lines for people and raw clients: subprotocol `wschat.plain`, or none.
    Plain,
}

/// What a client offers, in this order: a server that picks blindly has thereby picked plain text.
pub const OFFER: &str = "wschat.plain, wschat.v1";

/// What a host makes of the subprotocols a client offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Speak this, and name it in the answer.
    Named(Dialect),
    /// Nothing was offered: plain text, and no name in the answer.
    Unnamed,
    /// Only what this host does not know: refuse with [`KNOWN`].
    Unknown,
}

/// The dialects a host speaks, for the refusal of others.
pub const KNOWN: &str = "wschat.v1, wschat.plain";

/// What one frame of a client was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A command, and what its answer is to be recognised by.
    Command(Tag, Command),
    /// Understood well enough to be refused.
    Refused(Tag, Refusal),
    /// Not the dialect at all; a connection may do this a few times only. Answered with the refusal.
    Garbage(Refusal),
    /// Understood and answered by the dialect itself: finished frames for this client alone.
    Answer(Vec<Bytes>),
}

/// The translator of one connection.
pub trait Codec: Send {
    /// Reads one text frame (already checked to be UTF-8 and within the frame limit).
    fn decode(&mut self, frame: &str) -> Vec<Decoded>;
}

/// What decoding needs to know of the host's settings.
#[derive(Clone, Copy, Debug)]
pub struct DecodeLimits {
    /// Bytes of one text; 0 lifts it.
    pub text_bytes: usize,
    /// Bytes of a topic; 0 lifts it.
    pub topic_bytes: usize,
    /// Entries of one page; 0 lifts it.
    pub page_entries: u32,
}

impl Dialect {
    /// The subprotocol's name.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::V1 => "wschat.v1",
            Dialect::Plain => "wschat.plain",
        }
    }

    /// Chooses by what the client offers (the values of `Sec-WebSocket-Protocol`, joined by commas).
    pub fn choose(offer: Option<&str>) -> Choice {
        let Some(offer) = offer else { return Choice::Unnamed };
        let offered = |dialect: Dialect| offer.split(',').any(|word| word.trim() == dialect.name());
        match () {
            () if offer.trim().is_empty() => Choice::Unnamed,
            () if offered(Dialect::V1) => Choice::Named(Dialect::V1),
            () if offered(Dialect::Plain) => Choice::Named(Dialect::Plain),
            () => Choice::Unknown,
        }
    }

    /// [`Translator::encode`] for a host whose default room is `#lobby`.
    pub fn encode(self, event: &Event, id: Option<u64>) -> Option<Bytes> {
        encode(self, event, id, &plain::LOBBY)
    }

    /// [`Translator::codec`] for a host whose default room is `#lobby`.
    pub fn codec(self, limits: DecodeLimits) -> Box<dyn Codec> {
        codec(self, limits, &plain::LOBBY)
    }
}

/// What all connections of one host share in writing and reading: plain text has to know which room needs no name.
#[derive(Clone, Debug)]
pub struct Translator {
    /// Where everybody starts.
    pub default_room: RoomName,
}

impl Translator {
    /// One event as a finished frame of the server (RFC 6455, 5.2: unmasked, not fragmented), or `None` where this
    /// dialect says nothing of it. `id` is that of the command it answers. An event may be several lines in plain text,
    /// still one frame.
    pub fn encode(&self, dialect: Dialect, event: &Event, id: Option<u64>) -> Option<Bytes> {
        encode(dialect, event, id, &self.default_room)
    }

    /// A decoder for one connection.
    pub fn codec(&self, dialect: Dialect, limits: DecodeLimits) -> Box<dyn Codec> {
        codec(dialect, limits, &self.default_room)
    }
}

fn encode(dialect: Dialect, event: &Event, id: Option<u64>, home: &RoomName) -> Option<Bytes> {
    match dialect {
        Dialect::V1 => Some(framed(|payload| v1::write(payload, event, id))),
        Dialect::Plain => plain::encode(event, home).map(|text| frame(text.as_bytes())),
    }
}

fn codec(dialect: Dialect, limits: DecodeLimits, home: &RoomName) -> Box<dyn Codec> {
    match dialect {
        Dialect::V1 => Box::new(v1::Decoder::new(limits)),
        Dialect::Plain => Box::new(plain::Decoder::starting_in(home.clone(), limits)),
    }
}

/// Wraps a text payload as one unmasked frame.
pub fn frame(payload: &[u8]) -> Bytes {
    framed(|out| out.extend_from_slice(payload))
}

/// The longest head of a server's frame: two bytes and a length of eight (RFC 6455, 5.2).
const HEAD: usize = 10;

/// One frame whose payload is written in place: room for the longest head is left in front, and what of it is not needed
/// is cut off, so that no payload is copied.
fn framed(write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    const TEXT_FIN: u8 = 0x81;
    let mut whole = Vec::with_capacity(512);
    whole.extend_from_slice(&[0; HEAD]);
    write(&mut whole);
    let len = whole.len() - HEAD;
    let mut head = vec![TEXT_FIN];
    match len {
        0..=125 => head.push(len as u8),
        126..=0xFFFF => {
            head.push(126);
            head.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            head.push(127);
            head.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    let start = HEAD - head.len();
    whole[start..HEAD].copy_from_slice(&head);
    Bytes::from(whole).slice(start..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offer_decides() {
        for (offer, choice) in [
            (None, Choice::Unnamed),
            (Some(""), Choice::Unnamed),
            (Some(OFFER), Choice::Named(Dialect::V1)),
            (Some("wschat.plain"), Choice::Named(Dialect::Plain)),
            (Some("wschat.v1"), Choice::Named(Dialect::V1)),
            (Some("mqtt, soap"), Choice::Unknown),
        ] {
            assert_eq!(Dialect::choose(offer), choice, "{offer:?}");
        }
    }

    #[test]
    fn frames_carry_their_length() {
        assert_eq!(&frame(b"hi")[..], b"\x81\x02hi");
        assert_eq!(&frame(&[b'x'; 126])[..4], b"\x81\x7e\x00\x7e");
        assert_eq!(&frame(&[b'x'; 70_000])[..10], b"\x81\x7f\0\0\0\0\0\x01\x11\x70");
    }
}
