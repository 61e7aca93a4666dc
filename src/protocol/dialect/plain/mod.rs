//! Plain text, for raw clients and people with a WebSocket in a shell: `name: text`, commands behind a slash, news behind
//! a `*`. A host writes with [`encode`] and reads with [`Decoder`]; what a client needs towards a server that speaks
//! nothing else is in [`foreign`]. Typing, presence and reactions are not told; history comes only when asked for.

pub mod foreign;
mod read;
mod write;

use std::sync::LazyLock;

use crate::protocol::names::RoomName;

pub use read::Decoder;
pub use write::{encode, tail};

/// Where talk is at home when nothing else is said: its lines carry no `[#room]`.
pub(super) static LOBBY: LazyLock<RoomName> = LazyLock::new(|| RoomName::parse("lobby").expect("lobby is a name"));

#[cfg(test)]
mod tests;
