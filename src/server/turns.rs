//! One turn of the store: everything that waited is committed at once, and answered in the order it was asked; nothing is
//! answered that is not kept. On which thread that is, and who waits for it, is the keeper's to say.

use std::sync::Arc;
use std::time::Instant;

use super::metrics::Tally;
use crate::hub::{Failure, Input, Ticket};
use crate::protocol::entry::{Conversation, Page, PersonId, Timestamp};
use crate::protocol::fact::{Draft, Fact, ReadFrom};
use crate::protocol::rights::Record;
use crate::protocol::search::Found;
use crate::store::{PageAsk, Retention, SearchAsk, Store, StoreError, Write, Written};

/// Writes after which a bounded history is looked at: fewer than one step of the store drops, so that it keeps up.
const WRITES_A_STEP: usize = 250;

/// Something for the store.
pub enum Job {
    /// [`crate::hub::Effect::Append`].
    Append(Ticket, Draft),
    /// [`crate::hub::Effect::Keep`].
    Keep(Ticket, Vec<Fact>),
    /// [`crate::hub::Effect::Load`].
    Load(Ticket, PersonId, Vec<(Conversation, ReadFrom)>),
    /// What readers do beside.
    Look(Ticket, Look),
    /// Drop what is beyond the bounds of retention, step by step, whenever nothing else waits.
    Retain(Timestamp),
}

/// Something to be read that needs no turn.
pub enum Look {
    /// [`crate::hub::Effect::Page`].
    Page(PageAsk),
    /// [`crate::hub::Effect::Search`].
    Search(SearchAsk),
    /// [`crate::hub::Effect::Audit`].
    Audit(u32),
}

/// The store, and what is to be dropped of it.
pub struct Turns {
    store: Box<dyn Store>,
    bounds: Retention,
    /// Steps of retention are left to do, as of this time.
    retaining: Option<Timestamp>,
    /// Writes since the last of them.
    since: usize,
    tally: Arc<Tally>,
}

impl Turns {
    /// Nothing was taken yet.
    pub fn new(store: Box<dyn Store>, bounds: Retention) -> Turns {
        Turns { store, bounds, retaining: None, since: 0, tally: Arc::default() }
    }

    /// The same, counted there.
    pub fn counted(self, tally: Arc<Tally>) -> Turns {
        Turns { tally, ..self }
    }

    /// Whether there is something to be dropped when there is time for it.
    pub fn retaining(&self) -> bool {
        self.retaining.is_some()
    }

    /// The last call; see [`Store::finish`].
    pub fn finish(mut self) {
        if let Err(error) = self.store.finish() {
            tracing::warn!("the history stays in two files, which belong together: {error}");
        }
    }

    /// One step of dropping what is old.
    pub fn retain(&mut self) -> Result<(), StoreError> {
        let Some(now) = self.retaining else { return Ok(()) };
        match self.store.retain(&self.bounds, now) {
            Ok(true) => {}
            Ok(false) => self.retaining = None,
            Err(StoreError::Full) => {
                tracing::warn!("old history could not be dropped: the disk is full");
                self.retaining = None;
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// One commit for all that is to be written, then an answer to each in order.
    pub fn answer(&mut self, turn: &mut Vec<Job>) -> Result<Vec<Input>, StoreError> {
        let now = turn.iter().rev().find_map(written_at);
        let (writes, asked) = sort(turn);
        let mut written = self.commit(&writes)?;
        self.grown(writes.len(), now)?;
        let mut inputs = Vec::with_capacity(asked.len());
        for one in asked {
            inputs.push(match one {
                Asked::Write(ticket) => told(ticket, written.as_mut().and_then(Iterator::next)),
                Asked::Load(ticket, person, of) => match self.store.standings(person, &of) {
                    Ok(standings) => Input::Loaded { ticket, standings },
                    Err(StoreError::Full) => Input::Failed { ticket, why: Failure::Full },
                    Err(e) => return Err(e),
                },
                Asked::Look(ticket, Look::Page(ask)) => paged(ticket, self.store.page(&ask)),
                Asked::Look(ticket, Look::Search(ask)) => found(ticket, self.store.search(&ask)),
                Asked::Look(ticket, Look::Audit(limit)) => audited(ticket, self.store.audit(limit)),
                Asked::Retain(now) => {
                    self.retaining = Some(now);
                    continue;
                }
            });
        }
        Ok(inputs)
    }

    /// A history with a bound may never grow far beyond it, however fast it grows: what is written makes the steps.
    fn grown(&mut self, writes: usize, now: Option<Timestamp>) -> Result<(), StoreError> {
        self.since += writes;
        if self.since >= WRITES_A_STEP && self.store.bounded(&self.bounds) {
            self.since = 0;
            self.retaining = self.retaining.or(now);
            self.retain()?;
        }
        Ok(())
    }

    /// What became of each write; `None` when there was no room on the disk, and nothing of it is kept.
    fn commit(&mut self, writes: &[Write]) -> Result<Option<std::vec::IntoIter<Written>>, StoreError> {
        if writes.is_empty() {
            return Ok(None);
        }
        let began = Instant::now();
        let committed = self.store.commit(writes);
        self.tally.committed(began.elapsed());
        match committed {
            Ok(written) if written.len() == writes.len() => Ok(Some(written.into_iter())),
            Ok(_) => Err(StoreError::Broken("a commit answered another number of writes".into())),
            Err(StoreError::Full) => {
                tracing::warn!(writes = writes.len(), "nothing can be kept: the disk is full");
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

/// The time of an append.
fn written_at(job: &Job) -> Option<Timestamp> {
    match job {
        Job::Append(_, draft) => Some(draft.at),
        _ => None,
    }
}

/// A job without what it writes.
enum Asked {
    Write(Ticket),
    Load(Ticket, PersonId, Vec<(Conversation, ReadFrom)>),
    Look(Ticket, Look),
    Retain(Timestamp),
}

/// What is to be written, and what is to be answered, both in the order asked.
fn sort(turn: &mut Vec<Job>) -> (Vec<Write>, Vec<Asked>) {
    let mut writes = Vec::with_capacity(turn.len());
    let mut asked = Vec::with_capacity(turn.len());
    for job in turn.drain(..) {
        asked.push(match job {
            Job::Append(ticket, draft) => {
                writes.push(Write::Append(draft));
                Asked::Write(ticket)
            }
            Job::Keep(ticket, facts) => {
                writes.push(Write::Facts(facts));
                Asked::Write(ticket)
            }
            Job::Load(ticket, person, of) => Asked::Load(ticket, person, of),
            Job::Look(ticket, look) => Asked::Look(ticket, look),
            Job::Retain(now) => Asked::Retain(now),
        });
    }
    (writes, asked)
}

fn told(ticket: Ticket, written: Option<Written>) -> Input {
    match written {
        Some(Written::Entry { entry, fresh }) => Input::Stored { ticket, entry, fresh },
        Some(Written::Facts) => Input::Kept { ticket },
        Some(Written::Refused(why)) => Input::Failed { ticket, why: Failure::Refused(why) },
        None => Input::Failed { ticket, why: Failure::Full },
    }
}

/// A page that cannot be read is refused and logged; who writes goes on.
pub fn paged(ticket: Ticket, page: Result<Page, StoreError>) -> Input {
    match page {
        Ok(page) => Input::Paged { ticket, page },
        Err(error) => {
            tracing::error!("a page of history cannot be read: {error}");
            Input::Failed { ticket, why: Failure::Unreadable }
        }
    }
}

/// The same for the record.
pub fn audited(ticket: Ticket, lines: Result<Vec<Record>, StoreError>) -> Input {
    match lines {
        Ok(lines) => Input::Audited { ticket, lines },
        Err(error) => {
            tracing::error!("the record cannot be read: {error}");
            Input::Failed { ticket, why: Failure::Unreadable }
        }
    }
}

/// The same for what was looked for.
pub fn found(ticket: Ticket, found: Result<Found, StoreError>) -> Input {
    match found {
        Ok(found) => Input::Found { ticket, found },
        Err(error) => {
            tracing::error!("the history cannot be searched: {error}");
            Input::Failed { ticket, why: Failure::Unreadable }
        }
    }
}
