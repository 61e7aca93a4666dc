//! What is true of people and rooms, as [`Facts`] tell it: each thing once, in its present form. What was said is `log`'s.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::protocol::admin::RECORD_LINES;
use crate::protocol::entry::{PersonId, Seq};
use crate::protocol::fact::{Fact, Facts, PersonFacts, RoomFacts};
use crate::protocol::hook::KeptHook;
use crate::protocol::invite::Kept;
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::rights::{Penalty, Record, Role, RoomSettings, Sentence, Subject};
use crate::protocol::text::Text;

/// All of it.
#[derive(Default)]
pub struct Known {
    people: BTreeMap<PersonId, PersonFacts>,
    rooms: BTreeMap<RoomName, RoomFacts>,
    /// Rooms that were deleted: they are not there, but are called so should they be made again.
    gone: BTreeSet<RoomName>,
    sentences: BTreeMap<(Penalty, Option<RoomName>, Subject), Sentence>,
    record: VecDeque<Record>,
    invitations: BTreeMap<u32, Kept>,
    hooks: BTreeMap<u32, KeptHook>,
}

impl Known {
    /// Everything; topics and heads are the logs' to say.
    pub fn facts(&self) -> Facts {
        let gone = |room: &RoomName| self.gone.contains(room);
        Facts {
            people: self.people.values().cloned().collect(),
            rooms: self.rooms.values().filter(|one| !gone(&one.room)).cloned().collect(),
            directs: Vec::new(),
            sentences: self.sentences.values().filter(|one| !one.room.as_ref().is_some_and(gone)).cloned().collect(),
            invitations: self.invitations.values().cloned().collect(),
            hooks: self.hooks.values().cloned().collect(),
        }
    }

    /// The newest lines of the record, the newest last.
    pub fn record(&self, lines: usize) -> Vec<Record> {
        self.record.range(self.record.len().saturating_sub(lines)..).cloned().collect()
    }

    /// What is known of a room, from now on at the latest.
    pub fn room(&mut self, room: &RoomName) -> &mut RoomFacts {
        self.rooms.entry(room.clone()).or_insert_with(|| plain(room.clone()))
    }

    /// A room was made, perhaps again.
    pub fn is_there(&mut self, room: &RoomName) {
        self.gone.remove(room);
    }

    /// Somebody became a member of a room.
    pub fn joined(&mut self, person: PersonId, room: &RoomName) {
        self.is_there(room);
        let name = self.room(room).room.clone();
        if let Some(person) = self.people.get_mut(&person).filter(|person| !person.rooms.contains(&name)) {
            person.rooms.push(name);
        }
    }

    /// A room is gone, with whoever was in it and how it was set; its name stays.
    pub fn deleted(&mut self, room: &RoomName) {
        let name = self.room(room).room.clone();
        self.forgotten(room);
        self.gone.insert(name.clone());
        self.room(&name);
    }

    /// Nothing is known of a room any more.
    pub fn forgotten(&mut self, room: &RoomName) {
        self.rooms.remove(room);
        self.gone.remove(room);
        self.sentences.retain(|(_, of, _), _| of.as_ref() != Some(room));
        self.people.values_mut().for_each(|person| person.rooms.retain(|one| one != room));
    }

    /// Keeps a fact that is about no log. What is about a person or a room that is not known changes nothing.
    pub fn keep(&mut self, fact: &Fact) {
        match fact {
            Fact::Claimed { person, name, key, .. } => {
                self.free(name);
                let (person, name, keys, role) = (*person, name.clone(), vec![*key], Role::Member);
                let (reserved, rooms, memos) = (Vec::new(), Vec::new(), Vec::new());
                let fact = PersonFacts { person, name, keys, reserved, rooms, role, memos, bot: false };
                self.people.insert(person, fact);
            }
            Fact::KeyAdded { person, key } => {
                let owned = self.people.values().any(|known| known.keys.contains(key));
                if let Some(known) = self.people.get_mut(person).filter(|_| !owned) {
                    known.keys.push(*key);
                }
            }
            Fact::KeyRemoved { key } => {
                self.people.values_mut().for_each(|known| known.keys.retain(|one| one != key));
            }
            Fact::Renamed { person, name, reserved_until } => {
                self.free(name);
                let Some(known) = self.people.get_mut(person) else { return };
                let was = std::mem::replace(&mut known.name, name.clone());
                if was != *name {
                    known.reserved.push((was, *reserved_until));
                }
            }
            Fact::Bot { person, bot } => self.person(*person, |known| known.bot = *bot),
            Fact::Left { person, room } => self.person(*person, |known| known.rooms.retain(|one| one != room)),
            Fact::Role { person, room: None, role } => self.person(*person, |known| known.role = *role),
            Fact::Memo { person, memo } => self.person(*person, |known| {
                known.memos.retain(|one| one.name != memo.name);
                known.memos.extend(Some(memo.clone()).filter(|memo| !memo.text.is_blank()));
                known.memos.sort_by(|a, b| a.name.cmp(&b.name));
            }),
            Fact::Role { person, room: Some(room), role } => self.of_room(room, |known| {
                known.operators.retain(|one| one != person);
                known.operators.extend(Some(*person).filter(|_| *role >= Role::Operator));
            }),
            Fact::RoomSet { room, settings, password } => self.of_room(room, |known| {
                known.settings = RoomSettings { password: password.is_some(), ..*settings };
                known.password = password.clone();
            }),
            Fact::RoomInvited { room, person } => self.of_room(room, |known| {
                known.invited.retain(|one| one != person);
                known.invited.push(*person);
            }),
            Fact::RoomUninvited { room, person } => {
                self.of_room(room, |known| known.invited.retain(|one| one != person));
            }
            Fact::Sentenced(sentence) => {
                let Some(room) = self.spelled(sentence.room.as_ref()) else { return };
                let key = (sentence.penalty, room.clone(), sentence.subject);
                self.sentences.insert(key, Sentence { room, ..sentence.clone() });
            }
            Fact::Pardoned { penalty, room, subject } => {
                self.sentences.remove(&(*penalty, room.clone(), *subject));
            }
            Fact::Recorded(record) => {
                self.record.push_back(record.clone());
                if self.record.len() > RECORD_LINES as usize {
                    self.record.pop_front();
                }
            }
            Fact::Invited(kept) => _ = self.invitations.insert(kept.invitation.number, kept.clone()),
            Fact::Uninvited(number) => _ = self.invitations.remove(number),
            Fact::Hooked(kept) => _ = self.hooks.insert(kept.hook.number, kept.clone()),
            Fact::Unhooked(number) => _ = self.hooks.remove(number),
            Fact::RoomMade { .. }
            | Fact::RoomForgotten { .. }
            | Fact::RoomDeleted { .. }
            | Fact::Joined { .. }
            | Fact::Read { .. } => {} // about a log: the store has told the rest of it by name
        }
    }

    fn person(&mut self, person: PersonId, make: impl FnOnce(&mut PersonFacts)) {
        self.people.get_mut(&person).map(make);
    }

    fn of_room(&mut self, room: &RoomName, make: impl FnOnce(&mut RoomFacts)) {
        self.rooms.get_mut(room).map(make);
    }

    /// A room as its maker wrote it, the host as it is; nothing where the room is not known.
    fn spelled(&self, room: Option<&RoomName>) -> Option<Option<RoomName>> {
        match room {
            Some(room) => Some(Some(self.rooms.get(room)?.room.clone())),
            None => Some(None),
        }
    }

    /// A name is somebody's, so reserved for nobody.
    fn free(&mut self, name: &Nick) {
        self.people.values_mut().for_each(|known| known.reserved.retain(|(one, _)| one != name));
    }
}

/// A room as it is before anything else is known of it.
fn plain(room: RoomName) -> RoomFacts {
    let (topic, head, settings) = (Text::clean(""), Seq::ZERO, RoomSettings::default());
    RoomFacts { room, topic, head, settings, password: None, operators: Vec::new(), invited: Vec::new() }
}
