//! wschat: chat in the terminal over plain WebSockets, from one binary. The folders in reading order: `protocol` is the
//! vocabulary both halves share; `hub` decides for the host, `store` keeps what was said, `server` carries out; `client`
//! is a client without a screen, `tui` is its screen, `pipe` is for the shell's pipes, `demo` plays a host with people.
//! `hosting` puts a host of this machine together, `admin` looks after one; `doctor` says what works here, `configure` shows
//! the settings, `handout` makes completions and manual pages. `main` chooses between them.
#![forbid(unsafe_code)]

pub mod admin;
pub mod cli;
pub mod client;
pub mod config;
pub mod configure;
pub mod demo;
pub mod doctor;
pub mod handout;
pub mod hosting;
pub mod hub;
pub mod keys;
pub mod logging;
pub mod paths;
pub mod pipe;
pub mod protocol;
pub mod server;
pub mod store;
pub mod tui;
