//! Who may not be where, and who may not speak: sentences by whom and where they are about, and when they end. Who imposes
//! them is `order`'s business.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::protocol::entry::PersonId;
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::rights::{Penalty, Sentence, Subject};

/// Sentences a host remembers; more is refused, and who imposes them should make some end.
pub const MOST: usize = 10_000;

/// One that is served.
#[derive(Debug)]
pub struct Held {
    /// What and whom.
    pub sentence: Sentence,
    /// When it ends, on the clock of `Now::up`.
    pub ends: Option<Duration>,
}

type Key = (Penalty, Option<RoomName>, Subject);

/// All that are served.
#[derive(Debug, Default)]
pub struct Sentences {
    next: u64,
    held: BTreeMap<u64, Held>,
    ids: HashMap<Key, u64>,
}

fn key(sentence: &Sentence) -> Key {
    (sentence.penalty, sentence.room.clone(), sentence.subject)
}

impl Sentences {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// The id of the one that says the same of the same, there.
    pub fn like(&self, sentence: &Sentence) -> Option<u64> {
        self.ids.get(&key(sentence)).copied()
    }

    /// Imposes one and gives its id.
    pub fn add(&mut self, sentence: Sentence, ends: Option<Duration>) -> u64 {
        self.next += 1;
        self.ids.insert(key(&sentence), self.next);
        self.held.insert(self.next, Held { sentence, ends });
        self.next
    }

    /// It is over.
    pub fn remove(&mut self, id: u64) -> Option<Held> {
        let held = self.held.remove(&id)?;
        let key = key(&held.sentence);
        if self.ids.get(&key) == Some(&id) {
            self.ids.remove(&key);
        }
        Some(held)
    }

    /// The one about this subject, there.
    pub fn of(&self, penalty: Penalty, room: Option<&RoomName>, subject: Subject) -> Option<&Held> {
        if self.held.is_empty() {
            return None;
        }
        self.held.get(self.ids.get(&(penalty, room.cloned(), subject))?)
    }

    /// All about somebody there: about this person, or about one who was called so.
    pub fn about(&self, penalty: Penalty, room: Option<&RoomName>, person: Option<Subject>, name: &Nick) -> Vec<u64> {
        let there = |held: &Held| held.sentence.penalty == penalty && held.sentence.room.as_ref() == room;
        let them = |held: &Held| Some(held.sentence.subject) == person || held.sentence.name == *name;
        self.held.iter().filter(|(_, held)| there(held) && them(held)).map(|(id, _)| *id).collect()
    }

    /// All about this person, wherever.
    pub fn of_person(&self, person: PersonId) -> Vec<u64> {
        let subject = Subject::Person(person);
        self.held.iter().filter(|(_, held)| held.sentence.subject == subject).map(|(id, _)| *id).collect()
    }

    /// All of a room, which is no more.
    pub fn of_room(&self, room: &RoomName) -> Vec<u64> {
        self.held.iter().filter(|(_, held)| held.sentence.room.as_ref() == Some(room)).map(|(id, _)| *id).collect()
    }

    /// All that are served, of the host first, in the order of places and names.
    pub fn all(&self) -> impl Iterator<Item = &Sentence> {
        let mut all: Vec<&Sentence> = self.held.values().map(|held| &held.sentence).collect();
        all.sort_by(|a, b| (&a.room, &a.name, a.penalty, a.subject).cmp(&(&b.room, &b.name, b.penalty, b.subject)));
        all.into_iter()
    }

    /// One of them.
    pub fn get(&self, id: u64) -> Option<&Held> {
        self.held.get(&id)
    }
}
