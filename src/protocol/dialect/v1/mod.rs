//! `wschat.v1`: one JSON object a frame, as `docs/protocol.md` describes it. Both directions live here, so that a field
//! has its name in one folder: a host writes with [`encode`] and reads with [`Decoder`], a client writes with
//! [`encode_command`] and reads with [`decode_event`]. What a command means, and who may give it, is the hub's business.

mod command_in;
mod command_out;
mod event_in;
mod event_out;
mod hook;
mod invite;
mod order;
mod wire;

pub use command_in::Decoder;
pub use command_out::encode_command;
pub use event_in::{BadEvent, Incoming, decode_event};
pub use event_out::{encode, encode_shown, write};

/// What a host of this version can beyond the first version of the dialect, as `hello` lists it. A client keeps of a
/// host's list the words that stand here and forgets the others.
pub const FEATURES: &[&str] = &["search", "presence", "invites", "rights", "devices", "memos", "bots", "hooks"];

#[cfg(test)]
mod tests;
