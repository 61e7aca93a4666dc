//! The store of a host that keeps nothing: plain tables, gone with the process. Nothing of it is ever on a disk, and
//! nobody reads beside it, so that a line costs what it takes to number it. `log` is one conversation, `known` what is
//! true of people and rooms; here stand the trait and what concerns all conversations at once.

mod known;
mod log;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use self::known::Known;
use self::log::Log;
use super::{PageAsk, Reader, Retention, SearchAsk, Store, StoreError, Write, Written, fit};
use crate::protocol::entry::{Conversation, Epoch, Page, PersonId, Seq, Standing, Timestamp, What};
use crate::protocol::fact::{AppendRefusal, Draft, Fact, Facts, ReadFrom};
use crate::protocol::names::RoomName;
use crate::protocol::rights::Record;
use crate::protocol::search::{Found, Hit};

/// What such a history may take of memory, by estimate; the oldest goes first.
pub const BYTES: u64 = 64 * 1024 * 1024;

/// Entries dropped in one step of retention: a step must be shorter than anybody notices.
const STEP: usize = 500;

/// How long one search may take of the thread that does all else: a whole history of plain ASCII is looked at in less.
const LONGEST: Duration = Duration::from_millis(50);

/// Entries between two looks at the clock: some tens of microseconds.
const LOOKS_UNTIMED: usize = 64;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The store.
pub struct MemoryStore {
    epoch: Epoch,
    logs: HashMap<Conversation, Log>,
    known: Known,
}

impl MemoryStore {
    /// A store with nothing in it, and this for its life.
    pub fn new(epoch: [u8; 16]) -> MemoryStore {
        MemoryStore { epoch: Epoch(epoch), logs: HashMap::new(), known: Known::default() }
    }

    /// Whether what is counted as it changes is what a count finds.
    #[cfg(test)]
    pub fn adds_up(&self) -> bool {
        self.logs.values().all(Log::adds_up)
    }

    fn append(&mut self, draft: &Draft) -> Written {
        if let Some(log) = self.logs.get_mut(&draft.conversation) {
            return log.append(draft);
        }
        // What would be refused makes no conversation.
        match &draft.what {
            What::Topic { text } if text.as_str().is_empty() => Written::Refused(AppendRefusal::Unchanged),
            what if what.of().is_some() => Written::Refused(AppendRefusal::NoSuchEntry),
            _ => self.log(&draft.conversation).append(draft),
        }
    }

    /// The log of a conversation, made when there is none.
    fn log(&mut self, of: &Conversation) -> &mut Log {
        if let Conversation::Room(room) = of {
            self.known.room(room);
        }
        self.logs.entry(of.clone()).or_default()
    }

    fn keep(&mut self, fact: &Fact) {
        match fact {
            Fact::RoomMade { room, .. } => {
                self.log(&Conversation::Room(room.clone()));
                self.known.is_there(room);
            }
            Fact::Joined { person, room } => {
                self.log(&Conversation::Room(room.clone())).joined(*person);
                self.known.joined(*person, room);
            }
            Fact::Read { person, conversation, seq } => {
                if let Some(log) = self.logs.get_mut(conversation) {
                    log.read(*person, *seq);
                }
            }
            Fact::RoomForgotten { room } => self.forget(room),
            Fact::RoomDeleted { room } => self.delete(room),
            fact => self.known.keep(fact),
        }
    }

    /// A room is gone with all that was said. Its log stays, empty: no number is given twice.
    fn delete(&mut self, room: &RoomName) {
        if let Some(log) = self.logs.get_mut(&Conversation::Room(room.clone())) {
            log.clear();
            self.known.deleted(room);
        }
    }

    fn forget(&mut self, room: &RoomName) {
        let conversation = Conversation::Room(room.clone());
        match self.logs.get(&conversation) {
            Some(log) if !log.is_empty() => {}
            Some(log) if log.head() > 0 => self.delete(room),
            Some(_) => {
                self.logs.remove(&conversation);
                self.known.forgotten(room);
            }
            None => {}
        }
    }

    /// One step of dropping what is too old, or too much; says how many entries went.
    fn drop_from(log: &mut Log, bounds: &Retention, now: Timestamp) -> usize {
        let mut dropped = 0;
        if bounds.max_days > 0 {
            let days = i64::try_from(bounds.max_days).unwrap_or(i64::MAX);
            let before = now.0.saturating_sub(days.saturating_mul(DAY));
            dropped += log.drop_oldest(log.older_than(Timestamp(before), STEP));
        }
        if bounds.max_entries > 0 {
            let most = usize::try_from(bounds.max_entries).unwrap_or(usize::MAX);
            dropped += log.drop_oldest(log.len().saturating_sub(most).min(STEP));
        }
        dropped
    }
}

/// What one search has still to give.
pub struct Budget {
    until: Instant,
    untimed: usize,
    spent: bool,
}

impl Budget {
    fn new() -> Budget {
        Budget { until: Instant::now() + LONGEST, untimed: LOOKS_UNTIMED, spent: false }
    }

    /// Takes one look of it; says whether there was one.
    fn look(&mut self) -> bool {
        self.untimed -= 1;
        if self.untimed == 0 {
            self.untimed = LOOKS_UNTIMED;
            self.spent = Instant::now() > self.until;
        }
        !self.spent
    }
}

impl Store for MemoryStore {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn facts(&mut self) -> Result<Facts, StoreError> {
        let mut facts = self.known.facts();
        for room in &mut facts.rooms {
            if let Some(log) = self.logs.get(&Conversation::Room(room.room.clone())) {
                (room.topic, room.head) = (log.topic().clone(), Seq(log.head()));
            }
        }
        let directs = self.logs.keys().filter_map(|of| match of {
            Conversation::Direct(pair) => Some(pair.both()),
            Conversation::Room(_) => None,
        });
        facts.directs = directs.collect();
        Ok(facts)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, StoreError> {
        let keep = |write: &Write| match write {
            Write::Append(draft) => self.append(draft),
            Write::Facts(facts) => {
                facts.iter().for_each(|fact| self.keep(fact));
                Written::Facts
            }
        };
        Ok(writes.iter().map(keep).collect())
    }

    fn standings(&mut self, person: PersonId, of: &[(Conversation, ReadFrom)]) -> Result<Vec<Standing>, StoreError> {
        let one = |(conversation, from): &(Conversation, ReadFrom)| match self.logs.get(conversation) {
            Some(log) => log.standing(conversation, person, *from),
            None => Log::default().standing(conversation, person, *from),
        };
        Ok(of.iter().map(one).collect())
    }

    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError> {
        Ok(match self.logs.get(&ask.conversation) {
            Some(log) => log.page(ask),
            None => Log::default().page(ask),
        })
    }

    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let mut budget = Budget::new();
        for conversation in &ask.of {
            let Some(log) = self.logs.get(conversation) else { continue };
            let (shown, more) = log.search(ask, &mut budget);
            found.hits.extend(shown.into_iter().map(|shown| Hit { conversation: conversation.clone(), shown }));
            found.more |= more;
        }
        fit::newest(&mut found, ask);
        Ok(found)
    }

    fn audit(&mut self, limit: u32) -> Result<Vec<Record>, StoreError> {
        Ok(self.known.record(limit as usize))
    }

    fn reader(&self) -> Result<Option<Box<dyn Reader>>, StoreError> {
        Ok(None)
    }

    fn bounded(&self, _: &Retention) -> bool {
        true
    }

    fn retain(&mut self, bounds: &Retention, now: Timestamp) -> Result<bool, StoreError> {
        let mut dropped = 0;
        for log in self.logs.values_mut() {
            dropped += MemoryStore::drop_from(log, bounds, now);
        }
        let most = if bounds.max_bytes == 0 { BYTES } else { bounds.max_bytes.min(BYTES) };
        let used: usize = self.logs.values().map(Log::bytes).sum();
        if used as u64 > most {
            // The newest line of a conversation stays, whatever it takes.
            let with_some = self.logs.values_mut().filter(|log| log.len() > 1);
            if let Some(log) = with_some.min_by_key(|log| log.oldest_at()) {
                dropped += log.drop_oldest((log.len() - 1).min(STEP));
            }
        }
        Ok(dropped > 0)
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
