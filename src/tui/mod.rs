//! The terminal: keys in, picture out. Uses the client and the protocol; knows no host, no store and no socket.

pub mod glyphs;
pub mod keys;
pub mod theme;
