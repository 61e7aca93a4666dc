//! What was said, and the lasting facts about who and where. Synchronous: the server's keeper calls it from a thread of
//! its own. It numbers entries, refuses what an old entry forbids, and gives back pages and counts; it knows no session
//! and no socket. `sqlite` is the store on a disk, `memory` that of a host which keeps nothing, `model` the naive one that
//! both are compared with.

#[cfg(test)]
mod chance;
#[cfg(test)]
mod contract;
mod fit;
pub mod lock;
pub mod memory;
#[cfg(test)]
mod model;
pub mod sqlite;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::protocol::command::PageEnd;
use crate::protocol::entry::{Conversation, Entry, Epoch, Page, PersonId, Standing, Timestamp};
use crate::protocol::fact::{AppendRefusal, Draft, Fact, Facts, ReadFrom};
use crate::protocol::rights::Record;
use crate::protocol::search::{Found, Query};

/// One thing to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // nearly all are appends, and a box each would cost more than it saves
pub enum Write {
    /// Give this a number.
    Append(Draft),
    /// Keep this.
    Facts(Vec<Fact>),
}

/// What became of one [`Write`], after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // nearly all are entries
pub enum Written {
    /// It has a number. `fresh: false`: the nonce was known, this is the first entry with it; tell its sender alone.
    Entry {
        /// The entry.
        entry: Arc<Entry>,
        /// Whether it is new.
        fresh: bool,
    },
    /// It is kept.
    Facts,
    /// It may not be.
    Refused(AppendRefusal),
}

/// Why the store cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room on the disk. Nothing was changed; the same may go well later.
    #[error("the disk is full")]
    Full,
    /// The file is damaged. Nothing was overwritten.
    #[error(
        "the history in {path} is damaged: {detail}. It was left as it is. `wschat admin verify` says more; `wschat admin restore FILE` puts a backup in its place and keeps it aside"
    )]
    Damaged {
        /// Which file.
        path: String,
        /// What SQLite says.
        detail: String,
    },
    /// The file was written by a newer wschat.
    #[error(
        "the history in {path} was written by a newer wschat (its version is {found}, this one knows {known}): run that one, or give another --data-dir"
    )]
    Newer {
        /// Which file.
        path: String,
        /// Its version.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// Anything else. A failed fsync is among these: what was not answered is not kept, and the host must stop.
    #[error("the history cannot be kept: {0}")]
    Broken(String),
}

/// The contract. One owner calls `commit`, `standings` and `page` from one thread, in the order things were asked.
pub trait Store: Send {
    /// The life of this store.
    fn epoch(&self) -> Epoch;

    /// Everything the hub must know, read once at start.
    fn facts(&mut self) -> Result<Facts, StoreError>;

    /// Keeps all of these in one transaction, synced to the disk before it returns, in this order; `Written` follows
    /// `writes` one to one. On an error nothing of it is kept.
    fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, StoreError>;

    /// How a person stands to each of these conversations, all at one moment. A conversation nobody wrote to stands at 0.
    fn standings(&mut self, person: PersonId, of: &[(Conversation, ReadFrom)]) -> Result<Vec<Standing>, StoreError>;

    /// The present form of at most `limit` entries below its end, and of what these have changed further below, at most
    /// `bytes` of text, but always of one entry when there is one. `asker` comes first among the reactors named.
    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError>;

    /// What is looked for in these conversations: at most `limit` messages, the newest first, at most `bytes` of text.
    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError>;

    /// The newest lines of the record of who did what, the newest last.
    fn audit(&mut self, limit: u32) -> Result<Vec<Record>, StoreError>;

    /// Another connection that reads beside the writer, or `None` where there is none (in memory).
    fn reader(&self) -> Result<Option<Box<dyn Reader>>, StoreError>;

    /// Whether history is ever dropped with these bounds.
    fn bounded(&self, bounds: &Retention) -> bool {
        *bounds != Retention::default()
    }

    /// Drops the oldest entries beyond these bounds, a bounded step at a time; says whether more is to do.
    fn retain(&mut self, bounds: &Retention, now: Timestamp) -> Result<bool, StoreError>;

    /// The last call: afterwards one file is the whole history, to be copied or moved by whoever keeps it.
    fn finish(&mut self) -> Result<(), StoreError>;
}

/// Reads pages beside the writer.
pub trait Reader: Send {
    /// As [`Store::page`].
    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError>;
    /// As [`Store::search`].
    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError>;
    /// As [`Store::audit`].
    fn audit(&mut self, limit: u32) -> Result<Vec<Record>, StoreError>;
    /// Looks the whole file over; `Err(Damaged)` names what is wrong. Gives up when `stop` turns true: `false`.
    fn check(&mut self, stop: &Arc<AtomicBool>) -> Result<bool, StoreError>;
}

/// Which stretch of which history, for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsk {
    /// Whose history.
    pub conversation: Conversation,
    /// Where it ends.
    pub end: PageEnd,
    /// Log entries covered at most.
    pub limit: u32,
    /// Bytes of encoded text at most, by estimate.
    pub bytes: usize,
    /// Who asks.
    pub asker: PersonId,
}

/// What is looked for, where, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchAsk {
    /// The conversations the asker may read, of these.
    pub of: Vec<Conversation>,
    /// What is looked for.
    pub query: Query,
    /// The one who is called [`Query::from`] now.
    pub author: Option<PersonId>,
    /// Messages at most.
    pub limit: u32,
    /// Bytes of encoded text at most, by estimate; 0 = no bound.
    pub bytes: usize,
    /// Who asks.
    pub asker: PersonId,
}

/// What to keep; 0 = no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days.
    pub max_days: u64,
    /// Entries of one conversation.
    pub max_entries: u64,
    /// Bytes of the whole store.
    pub max_bytes: u64,
}
