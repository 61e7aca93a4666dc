//! The signals that end the program in good order: the terminal is given back, drafts and outbox are kept. What a window's
//! end looks like from inside is [`super::terminal::lost`].

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals, from when this is made.
pub struct Ending {
    term: Signal,
    hup: Signal,
    int: Signal,
    quit: Signal,
}

impl Ending {
    /// Begins to listen.
    pub fn new() -> io::Result<Ending> {
        let of = |kind| signal(kind);
        let (term, hup) = (of(SignalKind::terminate())?, of(SignalKind::hangup())?);
        Ok(Ending { term, hup, int: of(SignalKind::interrupt())?, quit: of(SignalKind::quit())? })
    }

    /// Waits for one of them. While the terminal is lent to another program, INT and QUIT are keys typed there, and meant
    /// for that one.
    pub async fn told(&mut self, lent: bool) {
        loop {
            tokio::select! {
                _ = self.term.recv() => return,
                _ = self.hup.recv() => return,
                _ = self.int.recv() => if !lent { return },
                _ = self.quit.recv() => if !lent { return },
            }
        }
    }
}
