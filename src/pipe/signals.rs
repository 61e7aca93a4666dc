//! The signals that end a command which has something to finish first: a message to close, a sentence to say what became of
//! what was to be said. The others end as any program does.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;

/// The signals, from when this is made.
pub struct Signals {
    int: Signal,
    term: Signal,
    hup: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn new() -> Result<Signals, Failure> {
        let of = |kind| signal(kind).map_err(Failure::here);
        let (int, term) = (of(SignalKind::interrupt())?, of(SignalKind::terminate())?);
        Ok(Signals { int, term, hup: of(SignalKind::hangup())? })
    }

    /// Waits for one of them; gives its number.
    pub async fn told(&mut self) -> u8 {
        tokio::select! {
            _ = self.int.recv() => 2,
            _ = self.term.recv() => 15,
            _ = self.hup.recv() => 1,
        }
    }
}
