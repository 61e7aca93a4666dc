//! `wschat.v1`: one JSON object a frame, as `docs/protocol.md` describes it.

use super::{Codec, DecodeLimits, Decoded};
use crate::protocol::event::Event;

/// Reads a client's frames; keeps nothing.
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

/// One event as JSON.
pub fn encode(_event: &Event, _id: Option<u64>) -> Vec<u8> {
    Vec::new()
}
