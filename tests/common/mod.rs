//! What several test files share: a client of its own making, the binary as a process, a faulty wire, a real terminal.
#![allow(dead_code, reason = "each test file uses its part of it")]

pub mod bot;
pub mod process;
pub mod proxy;
pub mod term;
