//! Who hears a conversation live, and from where on. The list is shared with every effect that fans out and rebuilt only
//! when somebody comes or goes; nothing here knows people or rights.

use std::sync::Arc;

use super::SessionId;
use crate::protocol::entry::Seq;

/// The ears of one conversation.
#[derive(Debug)]
pub struct Ears {
    live: Arc<[SessionId]>,
    /// Sessions told of a head that the store has and we have not fanned out yet: they have these entries already (or
    /// pull them), so they listen only from the entry after their mark.
    waiting: Vec<(SessionId, Seq)>,
}

impl Default for Ears {
    fn default() -> Ears {
        Ears { live: Arc::new([]), waiting: Vec::new() }
    }
}

impl Ears {
    /// This session hears what comes after `mark`.
    pub fn add(&mut self, session: SessionId, mark: Seq) {
        self.remove(&[session]);
        self.waiting.push((session, mark));
    }

    /// These hear no more.
    pub fn remove(&mut self, gone: &[SessionId]) {
        self.waiting.retain(|(session, _)| !gone.contains(session));
        if self.live.iter().any(|session| gone.contains(session)) {
            self.live = self.live.iter().copied().filter(|session| !gone.contains(session)).collect();
        }
    }

    /// Who hears the entry with this seq; those whose mark it passes listen from now on.
    pub fn hearing(&mut self, seq: Seq) -> Arc<[SessionId]> {
        if self.waiting.iter().any(|(_, mark)| *mark < seq) {
            let (ready, waiting): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|(_, mark)| *mark < seq);
            self.waiting = waiting;
            self.live = self.live.iter().copied().chain(ready.into_iter().map(|(session, _)| session)).collect();
        }
        self.live.clone()
    }

    /// Whether the entry that was last fanned out did not reach this session because of its mark.
    pub fn waits(&self, session: SessionId) -> bool {
        self.waiting.iter().any(|(waiting, _)| *waiting == session)
    }

    /// Everybody who listens, marks or not: for news that has no seq.
    pub fn all(&self) -> impl Iterator<Item = SessionId> + '_ {
        self.live.iter().copied().chain(self.waiting.iter().map(|(session, _)| *session))
    }
}
