//! The commands for the shell, run as a script runs them: the built binary, pipes, no terminal, a real host; judged by exit
//! code, stdout and stderr.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/host.rs"]
mod host;

mod ask;
mod export;
mod live;
mod send;
mod shell;
mod tail;
