//! Hostile words (threats 1 to 5, 18): whatever a peer or a host puts into a message, a name, a topic or a refusal, nothing
//! of it drives a terminal, forges a line or breaks a frame, at any of the ways out: screen, title, notification, log,
//! `--plain`, JSON. `corpus` has the words, `scan` knows what the program itself may write.

#![forbid(unsafe_code)]

#[path = "../common/mod.rs"]
mod common;
mod corpus;
mod exits;
mod scan;
mod screen;
