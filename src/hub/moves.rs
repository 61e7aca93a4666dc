//! Where people are and what they are called: joined, left, renamed, and the lists of rooms and people. Who may come into a
//! room is in `doors`.

use super::calls::Reply;
use super::limits::Kind;
use super::{Hub, Now, Pending, SessionId, Ticket};
use crate::protocol::command::Tag;
use crate::protocol::entry::{Conversation, PersonId, Standing, Timestamp};
use crate::protocol::event::{Code, Event, Member, Refusal, RoomInfo};
use crate::protocol::fact::Fact;
use crate::protocol::names::{Nick, RoomName};

/// Lines of a list of rooms or people. More would not fit a frame, and nobody reads on.
const LISTED: usize = 300;

impl Hub {
    /// The membership is kept: it counts, and its head is asked for.
    pub(super) fn joined(&mut self, session: SessionId, tag: Tag, person: PersonId, room: RoomName) {
        let Some(known) = self.people.get_mut(person) else { return self.forget_if_empty(&room) };
        let new = known.rooms.insert(room.clone());
        let who = known.author.clone();
        if !self.rooms.contains_key(&room) {
            self.make_room(&room);
        }
        if let Some(hall) = self.rooms.get_mut(&room) {
            hall.members.insert(person);
        }
        if new {
            self.moved(&room, None, who, true);
        }
        let of = vec![Conversation::Room(room.clone())];
        self.load(person, of, Pending::JoinLoad { session, tag, person, room });
    }

    /// All screens of the new member see the room; the live ones hear it from the head on.
    pub(super) fn join_loaded(
        &mut self,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        standings: Vec<Standing>,
    ) {
        self.remember_reads(person, &standings);
        let still = self.people.get(person).is_some_and(|known| known.rooms.contains(&room));
        let place = standings.into_iter().next().and_then(|standing| self.place(person, standing, &[]));
        let (true, Some(place)) = (still, place) else {
            return self.refuse(
                session,
                &tag,
                Refusal::new(Code::NotMember, format!("you have left {room} meanwhile")),
            );
        };
        let screens = self.people.get(person).map(|known| known.sessions.clone()).unwrap_or_default();
        for screen in screens {
            let live = self.sessions.get(&screen).is_some_and(|open| open.live);
            if let Some(hall) =
                self.rooms.get_mut(&room).filter(|hall| live && !hall.ears.all().any(|ear| ear == screen))
            {
                hall.ears.add(screen, place.standing.head);
            }
        }
        self.tell_screens(person, session, &tag, &Event::Joined { place });
        self.done(session);
    }

    pub(super) fn leave(&mut self, session: SessionId, tag: Tag, person: PersonId, room: RoomName) {
        let Some(known) = self.people.get(person) else { return self.done(session) };
        if !known.rooms.contains(&room) {
            return self.refuse(session, &tag, Refusal::new(Code::NotMember, format!("you are not in {room}")));
        }
        if known.author.guest {
            return self.left(session, tag, person, room);
        }
        let facts = vec![Fact::Left { person, room: room.clone() }];
        self.keep(facts, Pending::Leave { session, tag, person, room });
    }

    /// The end of a membership is kept.
    pub(super) fn left(&mut self, session: SessionId, tag: Tag, person: PersonId, room: RoomName) {
        self.out(person, &room, Some((session, &tag)));
    }

    /// Somebody is no member any more, whoever asked for it.
    pub(super) fn out(&mut self, person: PersonId, room: &RoomName, asker: Option<(SessionId, &Tag)>) {
        let Some(known) = self.people.get_mut(person) else { return };
        known.rooms.remove(room);
        known.reads.remove(&Conversation::Room(room.clone()));
        let (who, screens) = (known.author.clone(), known.sessions.clone());
        if let Some(hall) = self.rooms.get_mut(room) {
            hall.members.remove(&person);
            hall.ears.remove(&screens);
        }
        for screen in screens {
            let id = asker.filter(|(session, _)| *session == screen).and_then(|(_, tag)| tag.id());
            self.tell(screen, id, Event::Left { room: room.clone() });
        }
        if let Some((session, _)) = asker {
            self.done(session);
        }
        self.moved(room, None, who, false);
        self.forget_if_empty(room);
    }

    /// A room without members and without entries is forgotten; the default room is not.
    pub(super) fn forget_if_empty(&mut self, room: &RoomName) {
        let joining = |pending: &Pending| matches!(pending, Pending::Join { room: joined, .. } if joined == room);
        let empty = |hall: &super::Room| hall.members.is_empty() && hall.head == crate::protocol::entry::Seq::ZERO;
        let spare = *room != self.rules.default_room && !self.tickets.values().any(joining);
        if spare && self.rooms.get(room).is_some_and(empty) {
            self.rooms.remove(room);
            for sentence in self.sentences.of_room(room) {
                self.lift(sentence);
            }
            let hooks = self.hooks_of(room);
            hooks.iter().for_each(|number| self.forget_hook(*number));
            let mut facts = vec![Fact::RoomForgotten { room: room.clone() }];
            facts.extend(hooks.into_iter().map(Fact::Unhooked));
            self.keep(facts, Pending::Nobody);
        }
    }

    pub(super) fn rename(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, name: Nick) {
        let Some(known) = self.people.get(person) else { return self.done(session) };
        let guest = known.author.guest;
        if known.author.name.as_str() == name.as_str() {
            return self.refuse(session, &tag, Refusal::new(Code::Unchanged, format!("you are called {name} already")));
        }
        if !name.claimable() {
            return self.refuse(session, &tag, Refusal::new(Code::BadName, format!("nobody can be called {name}")));
        }
        if let Err(refusal) = self.limited(now, session, person, Kind::Name) {
            return self.refuse(session, &tag, refusal);
        }
        if self.people.taken(&name, Some(person), now.wall).is_some() {
            let refusal = self.name_taken(now, &name);
            return self.refuse(session, &tag, refusal);
        }
        if guest {
            self.announce(person);
            self.call(person, &name);
            return self.answer(session, &tag, Event::Done);
        }
        self.people.wear(&name, person);
        let reserved_until = self.reserved_until(now);
        let facts = vec![Fact::Renamed { person, name: name.clone(), reserved_until }];
        self.keep(facts, Pending::Rename { session, tag, person, name });
    }

    fn reserved_until(&self, now: Now) -> Timestamp {
        let long = i64::try_from(self.rules.name_reserved.as_millis()).unwrap_or(i64::MAX);
        Timestamp(now.wall.0.saturating_add(long))
    }

    /// The new name is kept.
    pub(super) fn renamed(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, name: &Nick) {
        let was = self.people.get(person).map(|known| known.author.name.clone());
        self.call(person, name);
        if let Some(was) = was {
            let until = self.reserved_until(now);
            self.people.reserve(&was, person, until);
        }
        self.answer(session, &tag, Event::Done);
    }

    pub(super) fn list_rooms(&mut self, session: SessionId, tag: &Tag, person: PersonId) {
        let mut rooms: Vec<RoomInfo> = self
            .rooms
            .iter()
            .filter(|(room, _)| self.seen(person, room).is_ok())
            .map(|(room, hall)| RoomInfo {
                room: room.clone(),
                topic: hall.topic.clone(),
                members: u32::try_from(hall.members.len()).unwrap_or(u32::MAX),
                member: hall.members.contains(&person),
                settings: hall.settings,
            })
            .collect();
        rooms.sort_by(|a, b| a.room.cmp(&b.room));
        let more = rooms.len() > LISTED;
        rooms.truncate(LISTED);
        self.answer(session, tag, Event::Rooms { rooms, more });
    }

    pub(super) fn who(&mut self, session: SessionId, tag: &Tag, person: PersonId, room: Option<RoomName>) {
        let member = |known: &super::people::Person| {
            let role = self.rank(known.author.person, room.as_ref()).role();
            let keys = known.prints();
            Member { role, keys, ..known.member() }
        };
        let mut people: Vec<Member> = match &room {
            None => self.people.iter().filter(|known| known.online).map(member).collect(),
            Some(name) => match self.inside(person, name) {
                Err(refusal) => return self.refuse(session, tag, refusal),
                // A raw client nobody was told of yet is no member to others.
                Ok(hall) => {
                    let told = |known: &&super::people::Person| {
                        known.online || !known.author.guest || known.author.person == person
                    };
                    hall.members.iter().filter_map(|id| self.people.get(*id)).filter(told).map(member).collect()
                }
            },
        };
        people.sort_by(|a, b| b.online.cmp(&a.online).then_with(|| a.who.name.cmp(&b.who.name)));
        let more = people.len() > LISTED;
        people.truncate(LISTED);
        self.answer(session, tag, Event::Members { room, people, more });
    }

    /// Facts are kept.
    pub(super) fn kept(&mut self, now: Now, ticket: Ticket) {
        self.kept_or_not(None);
        match self.tickets.remove(&ticket) {
            Some(Pending::Called { call }) => self.reply(call, Reply::Well),
            Some(Pending::Hook { session, tag, number, token }) => self.hooked(session, tag, number, &token),
            Some(Pending::Claim { session, tag, person, by }) => self.claimed(now, session, tag, person, &by),
            Some(Pending::Invite { session, tag, number, token }) => self.invited(session, tag, number, &token),
            Some(Pending::Device { session, tag, person, key }) => self.device_kept(now, session, tag, person, key),
            Some(Pending::DeviceGone { session, tag, person, key }) => self.device_gone(session, &tag, person, key),
            Some(Pending::Settled { session, tag }) => self.answer(session, &tag, Event::Done),
            Some(Pending::Join { session, tag, person, room }) => self.joined(session, tag, person, room),
            Some(Pending::Leave { session, tag, person, room }) => self.left(session, tag, person, room),
            Some(Pending::Rename { session, tag, person, name }) => self.renamed(now, session, tag, person, &name),
            Some(Pending::Order(ordered)) => self.order_kept(now, *ordered),
            Some(Pending::Set { session, tag, person, room, settings, hash }) => {
                self.settings_kept(session, tag, person, room, settings, hash)
            }
            Some(Pending::LetIn { session, tag, person, room, who }) => self.let_in(session, &tag, person, room, who),
            Some(Pending::Delete { session, tag, person, room }) => self.room_deleted(session, &tag, person, &room),
            _ => {}
        }
    }
}
