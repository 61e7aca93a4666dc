//! The vocabulary both halves of wschat share. Pure: no clock, no chance, no socket, and nothing else of ours.
//!
//! It reads as a conversation. A client connects and the host says [`event::Hello`] with a challenge. The client asks
//! with [`command::Command::Enter`] under a [`names::Nick`], proving with a [`person::Proof`] that the name is its own.
//! The host answers with [`event::Welcome`]; the client asks to go on hearing with `Resume`, pulls what it missed with
//! `Page`, and says its piece with `Say`. What was said comes to everybody, the speaker too, as an [`entry::Entry`] with
//! its `Seq`; or the speaker alone hears an [`event::Refusal`]. How each of these looks on a wire is in [`dialect`].

pub mod admin;
pub mod command;
pub mod dialect;
pub mod entry;
pub mod event;
pub mod fact;
pub mod fingerprint;
pub mod hook;
pub mod invite;
pub mod lan;
pub mod memo;
pub mod mention;
pub mod names;
pub mod person;
pub mod rights;
pub mod search;
pub mod secret;
pub mod slash;
pub mod span;
pub mod text;
