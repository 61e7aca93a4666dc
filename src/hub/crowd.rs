//! Who comes and goes, is away or writes, told: one by one in a room of some, as a number and once a second in a room of many. What is told
//! one by one costs members times members when all come at once; nothing here waits while nobody moves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Hub, Now, Room, SessionId};
use crate::protocol::command::Tag;
use crate::protocol::entry::{Author, Conversation, PersonId};
use crate::protocol::event::Event;
use crate::protocol::names::{RoomName, Target};

/// How often a room of many is told how many they are, at most.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// How often one screen's writing is told at most; a client tells it every few seconds.
const TYPING_EVERY: Duration = Duration::from_secs(1);

/// Rooms that are to be told how many they are.
#[derive(Debug, Default)]
pub struct Counts {
    rooms: BTreeSet<RoomName>,
    at: Option<Duration>,
}

impl Counts {
    /// When, if any is.
    pub fn at(&self) -> Option<Duration> {
        self.at
    }
}

impl Hub {
    /// Somebody became a member of a room, or is none any more; `but` knows it already.
    pub(super) fn moved(&mut self, room: &RoomName, but: Option<SessionId>, who: Author, joined: bool) {
        match self.rooms.get(room).is_some_and(|hall| self.many(hall)) {
            true => self.count(room.clone()),
            false => {
                let known = self.people.get(who.person).filter(|_| joined);
                let keys = known.map(super::people::Person::prints).unwrap_or_default();
                self.tell_room_but(room, but, Event::Moved { room: room.clone(), who, joined, keys });
            }
        }
    }

    /// Somebody is there, or is not any more.
    pub(super) fn presence(&mut self, person: PersonId, who: Author, online: bool) {
        let known = self.people.get(person);
        let rooms = known.into_iter().flat_map(|known| known.rooms.iter());
        let many: Vec<RoomName> =
            rooms.filter(|room| self.rooms.get(room).is_some_and(|hall| self.many(hall))).cloned().collect();
        let to = self.around(person, |hall| !self.many(hall));
        let away = online && known.is_some_and(|known| known.away);
        self.send(to, Event::Presence { who, online, away });
        many.into_iter().for_each(|room| self.count(room));
    }

    /// A screen's person went away from it, or came back.
    pub(super) fn away(&mut self, session: SessionId, tag: &Tag, person: PersonId, away: bool) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.away = away;
        }
        self.answer(session, tag, Event::Done);
        self.look_away(person);
    }

    /// Away is who looks at no screen: others are told when that changes.
    pub(super) fn look_away(&mut self, person: PersonId) {
        let Some(known) = self.people.get(person) else { return };
        let looks = |screen: &SessionId| self.sessions.get(screen).is_some_and(|open| !open.away);
        let away = !known.sessions.is_empty() && !known.sessions.iter().any(looks);
        let (online, who) = (known.online, known.author.clone());
        if known.away == away {
            return;
        }
        if let Some(known) = self.people.get_mut(person) {
            known.away = away;
        }
        if online {
            self.presence(person, who, true);
        }
    }

    /// Somebody writes: those who listen there are told, unless they are many, and not too often.
    pub(super) fn typing(&mut self, now: Now, session: SessionId, person: PersonId, to: &Target) {
        self.done(session);
        let Ok(conversation) = self.resolve(now, person, to) else { return };
        let Some(open) = self.sessions.get_mut(&session) else { return };
        if open.typed_at.is_some_and(|at| now.up < at + TYPING_EVERY) {
            return;
        }
        open.typed_at = Some(now.up);
        let Some(known) = self.people.get(person).filter(|known| known.online) else { return };
        let (who, own) = (known.author.clone(), known.sessions.clone());
        let (ears, to) = match &conversation {
            Conversation::Room(room) => match self.rooms.get(room).filter(|hall| !self.many(hall)) {
                Some(hall) => (&hall.ears, Target::Room(room.clone())),
                None => return,
            },
            Conversation::Direct(pair) => match self.directs.get(pair) {
                Some(ears) => (ears, Target::Direct(who.name.clone())),
                None => return,
            },
        };
        let others: Arc<[SessionId]> = ears.all().filter(|session| !own.contains(session)).collect();
        self.send(others, Event::Typing { to, who });
    }

    /// Whether those who listen to a room are told a number: they are many, or were when they were last told.
    fn many(&self, hall: &Room) -> bool {
        hall.crowd || (self.rules.crowd > 0 && hall.members.len() > self.rules.crowd)
    }

    fn count(&mut self, room: RoomName) {
        self.counts.rooms.insert(room);
        self.counts.at = self.counts.at.or(Some(self.up + COUNT_EVERY));
    }

    /// Tells what is due.
    pub(super) fn tell_counts(&mut self, now: Now) {
        if self.counts.at.is_none_or(|at| at > now.up) {
            return;
        }
        self.counts.at = None;
        for room in std::mem::take(&mut self.counts.rooms) {
            let Some(hall) = self.rooms.get_mut(&room) else { continue };
            hall.crowd = self.rules.crowd > 0 && hall.members.len() > self.rules.crowd;
            let singly = !hall.crowd;
            let people = hall.members.iter().filter_map(|person| self.people.get(*person));
            // A raw client nobody was told of is no member to others.
            let (mut members, mut online) = (0, 0);
            for person in people.filter(|known| known.online || !known.author.guest) {
                members += 1;
                online += u32::from(person.online);
            }
            self.tell_room(&room, Event::Crowd { room: room.clone(), members, online, singly });
        }
    }
}
