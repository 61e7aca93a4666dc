//! The wire held to its promises: golden frames for every command, event and kind of entry, the examples of
//! `docs/protocol.md` read and written by the program itself, and whatever chance thinks of.

mod cases;
mod document;
mod golden;
mod lines;
mod random;
