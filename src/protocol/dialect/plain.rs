//! Plain text, for raw clients and people with a WebSocket in a shell.

use super::{Codec, DecodeLimits, Decoded};
use crate::protocol::event::Event;

/// Reads a client's frames; keeps the prefix it introduced itself with.
pub struct Decoder;
impl Decoder {
    /// A decoder with these limits.
    pub fn new(_limits: DecodeLimits) -> Decoder {
        Decoder
    }
}
impl Codec for Decoder {
    fn decode(&mut self, _frame: &str) -> Vec<Decoded> {
        Vec::new()
    }
}

/// One event as lines, or `None` where plain text says nothing of it.
pub fn encode(_event: &Event) -> Option<String> {
    None
}
