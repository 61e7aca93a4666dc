//! Doors of rooms: who sees a room at all, who comes in and how, and how a room is set, made and deleted. What happens in
//! one is in `moves` and `talk`.
//!
//! A private room is to outsiders as if it were not there: what they ask of it is answered byte for byte as for a room
//! that does not exist. One thing cannot be so, since joining makes rooms: that a name is taken shows when it is joined.
//! So joining makes no room whose name begins with `_`, whoever asks, and a private room of such a name cannot be found.

use super::limits::{Kind, Of, too_quick};
use super::rights::{Doing, Rank, Whom, may};
use super::{Effect, Hub, Now, Pending, Room, SessionId};
use crate::protocol::command::Tag;
use crate::protocol::entry::{Author, Conversation, PersonId};
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::fact::Fact;
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::rights::{Change, Penalty, Role, RoomSettings, described};
use crate::protocol::secret::{Password, PasswordHash};

/// Names tried for a private room whose name is taken.
const NUMBERS_TRIED: std::ops::Range<u32> = 2..100;

/// Whether rooms of this name are never made by joining, so that nobody learns that one is there.
fn unseen(room: &RoomName) -> bool {
    room.as_str().starts_with('_')
}

pub(super) fn no_such_room(room: &RoomName) -> Refusal {
    let text = match unseen(room) {
        true => format!("there is no {room}"),
        false => format!("there is no {room}; /join {room} makes it"),
    };
    Refusal::new(Code::NoSuchRoom, text)
}

pub(super) fn not_member(room: &RoomName) -> Refusal {
    Refusal::new(Code::NotMember, format!("you are not in {room}; /join {room}"))
}

impl Room {
    /// Whether this person knows that the room is there.
    fn seen_by(&self, person: PersonId) -> bool {
        !self.gone && (!self.settings.private || self.members.contains(&person) || self.welcomes(person))
    }

    /// Whether this person comes in without being asked for more.
    fn welcomes(&self, person: PersonId) -> bool {
        self.invited.contains(&person) || self.operators.contains(&person)
    }
}

impl Hub {
    /// The room, if this person may know that it is there.
    pub(super) fn seen(&self, person: PersonId, room: &RoomName) -> Result<&Room, Refusal> {
        self.rooms.get(room).filter(|hall| hall.seen_by(person)).ok_or_else(|| no_such_room(room))
    }

    /// The room, if this person is in it.
    pub(super) fn inside(&self, person: PersonId, room: &RoomName) -> Result<&Room, Refusal> {
        let hall = self.seen(person, room)?;
        if hall.members.contains(&person) { Ok(hall) } else { Err(not_member(room)) }
    }

    pub(super) fn join(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        password: Option<Password>,
    ) {
        if self.people.get(person).is_some_and(|known| known.rooms.contains(&room)) {
            let of = vec![Conversation::Room(room.clone())];
            return self.load(person, of, Pending::JoinLoad { session, tag, person, room });
        }
        match self.at_the_door(now, session, person, &room, password) {
            Err(refusal) => self.refuse(session, &tag, refusal),
            Ok(None) => self.come_in(now, session, tag, person, room),
            Ok(Some((password, hash))) => {
                let ticket = self.ticket(Pending::Check { session, tag, person, room });
                self.effects.push(Effect::Check { ticket, password, hash });
            }
        }
    }

    /// Whether somebody may come in: not, at once, or when this password is that of the room.
    fn at_the_door(
        &mut self,
        now: Now,
        session: SessionId,
        person: PersonId,
        room: &RoomName,
        password: Option<Password>,
    ) -> Result<Option<(Password, PasswordHash)>, Refusal> {
        let in_rooms = self.people.get(person).map_or(0, |known| known.rooms.len());
        if self.rules.rooms_per_person > 0 && in_rooms >= self.rules.rooms_per_person {
            let text = format!("you are in {in_rooms} rooms, and that is as many as one may be in; /leave one");
            return Err(Refusal::new(Code::Limit, text));
        }
        self.limited(now, session, person, Kind::Join)?;
        let Some(hall) = self.rooms.get(room) else { return self.may_make(room).map(|()| None) };
        if !hall.seen_by(person) {
            return Err(match unseen(room) {
                true => no_such_room(room),
                false => Refusal::new(Code::NoSuchRoom, format!("there is no {room} for you, and none can be made")),
            });
        }
        if let Some(refusal) = self.sentenced(Penalty::Ban, Some(room), person, session) {
            return Err(refusal);
        }
        let free = hall.welcomes(person) || self.rank(person, None) >= Rank::OfHost;
        let Some(hash) = hall.password.clone().filter(|_| !free) else { return Ok(None) };
        let Some(password) = password else {
            let text = format!("{room} asks for a password: /join {room} PASSWORD");
            return Err(Refusal::new(Code::NeedsPassword, text));
        };
        self.may_try(now, session, person, room)?;
        Ok(Some((password, hash)))
    }

    fn may_make(&self, room: &RoomName) -> Result<(), Refusal> {
        if unseen(room) {
            return Err(no_such_room(room));
        }
        if self.rules.rooms > 0 && self.rooms.len() >= self.rules.rooms {
            return Err(Refusal::new(Code::Limit, "this host has as many rooms as it may (limits.rooms)"));
        }
        Ok(())
    }

    /// Whether one more password may be tried. A guest is somebody else with each connection, so all of them have one
    /// bucket at each door; who has a key is kept out by nobody but themselves.
    fn may_try(&mut self, now: Now, session: SessionId, person: PersonId, room: &RoomName) -> Result<(), Refusal> {
        let address = self.sessions.get(&session).and_then(|open| open.address);
        let guests = self.people.get(person).is_none_or(|known| known.author.guest).then(|| Of::Guests(room.clone()));
        let of: Vec<Of> = [Some(Of::Person(person)), address.map(Of::Address), guests].into_iter().flatten().collect();
        self.limiter.take(&self.rules.rates, now.up, Kind::Password, &of).map_err(too_quick)
    }

    /// A password was looked at.
    pub(super) fn checked(&mut self, now: Now, ticket: super::Ticket, right: bool) {
        let Some(Pending::Check { session, tag, person, room }) = self.tickets.remove(&ticket) else { return };
        if !right {
            let text = format!("that is not the password of {room}");
            return self.refuse(session, &tag, Refusal::new(Code::WrongPassword, text));
        }
        // Much may have happened while it was looked at.
        let seen = self.seen(person, &room).err();
        match seen.or_else(|| self.sentenced(Penalty::Ban, Some(&room), person, session)) {
            Some(refusal) => self.refuse(session, &tag, refusal),
            None => self.come_in(now, session, tag, person, room),
        }
    }

    /// Somebody comes in; the room is made if it is not there.
    fn come_in(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, room: RoomName) {
        let Some(known) = self.people.get(person) else { return self.done(session) };
        let guest = known.author.guest;
        let mut facts = Vec::new();
        if !self.rooms.contains_key(&room) {
            self.make_room(&room);
            let maker = Some(person).filter(|_| !guest);
            facts.push(Fact::RoomMade { room: room.clone(), maker, at: now.wall });
            facts.extend(maker.map(|maker| self.first_operator(maker, &room)));
        }
        if !guest {
            facts.push(Fact::Joined { person, room: room.clone() });
        }
        match facts.is_empty() {
            true => self.joined(session, tag, person, room),
            false => self.keep(facts, Pending::Join { session, tag, person, room }),
        }
    }

    /// Who makes a room keeps order there.
    fn first_operator(&mut self, person: PersonId, room: &RoomName) -> Fact {
        if let Some(hall) = self.rooms.get_mut(room) {
            hall.operators.insert(person);
        }
        Fact::Role { person, room: Some(room.clone()), role: Role::Operator }
    }

    // How a room is set.

    pub(super) fn set_room(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        change: Change,
    ) {
        let own = Change { private: Some(true), ..Change::default() };
        if unseen(&room) && change == own && self.inside(person, &room).is_err() {
            return self.make_private(now, session, tag, person, &room);
        }
        if let Err(refusal) = self.may_set(now, session, person, &room, &change) {
            return self.refuse(session, &tag, refusal);
        }
        match change.password.clone() {
            Some(Some(password)) => {
                let ticket = self.ticket(Pending::Hash { session, tag, person, room, change });
                self.effects.push(Effect::Hash { ticket, password });
            }
            Some(None) => self.keep_settings(session, tag, person, room, &change, Some(None)),
            None => self.keep_settings(session, tag, person, room, &change, None),
        }
    }

    fn may_set(
        &mut self,
        now: Now,
        session: SessionId,
        person: PersonId,
        room: &RoomName,
        change: &Change,
    ) -> Result<(), Refusal> {
        self.seen(person, room)?;
        may(self.rank(person, Some(room)), Doing::Room, Whom::Nobody)?;
        let closes = change.private == Some(true) || matches!(change.password, Some(Some(_)));
        if closes && *room == self.rules.default_room {
            return Err(Refusal::new(Code::Other, format!("{room} is where everybody starts, so it stays open")));
        }
        // A hash costs more than most of what is asked.
        let kind = if matches!(change.password, Some(Some(_))) { Kind::Password } else { Kind::Message };
        self.limited(now, session, person, kind)
    }

    /// A password was made what is kept of it.
    pub(super) fn hashed(&mut self, ticket: super::Ticket, hash: PasswordHash) {
        let Some(Pending::Hash { session, tag, person, room, change }) = self.tickets.remove(&ticket) else { return };
        match may(self.rank(person, Some(&room)), Doing::Room, Whom::Nobody).and(self.seen(person, &room).map(|_| ())) {
            Ok(()) => self.keep_settings(session, tag, person, room, &change, Some(Some(hash))),
            Err(refusal) => self.refuse(session, &tag, refusal),
        }
    }

    fn keep_settings(
        &mut self,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        change: &Change,
        hash: Option<Option<PasswordHash>>,
    ) {
        let Some(hall) = self.rooms.get(&room) else { return self.refuse(session, &tag, no_such_room(&room)) };
        let hash = hash.unwrap_or_else(|| hall.password.clone());
        let settings = RoomSettings {
            private: change.private.unwrap_or(hall.settings.private),
            readonly: change.readonly.unwrap_or(hall.settings.readonly),
            slow: change.slow.unwrap_or(hall.settings.slow),
            password: hash.is_some(),
        };
        if settings == hall.settings && hash == hall.password {
            let text = format!("{room} is set so already: {}", described(&settings));
            return self.refuse(session, &tag, Refusal::new(Code::Unchanged, text));
        }
        let facts = vec![
            Fact::RoomSet { room: room.clone(), settings, password: hash.clone() },
            self.room_record(person, "set", &room, None, &described(&settings)),
        ];
        self.keep(facts, Pending::Set { session, tag, person, room, settings, hash });
    }

    /// How a room is set is kept.
    pub(super) fn settings_kept(
        &mut self,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        settings: RoomSettings,
        hash: Option<PasswordHash>,
    ) {
        if let Some(hall) = self.rooms.get_mut(&room) {
            (hall.settings, hall.password) = (settings, hash);
            hall.spoke.clear();
        }
        let by = self.people.get(person).map(|known| known.author.clone());
        self.tell_room(&room.clone(), Event::RoomSet { room, settings, by });
        self.answer(session, &tag, Event::Done);
    }

    /// Makes a room that nobody else knows of. When the name is taken it gets the nearest free one: that it is taken is
    /// not said.
    fn make_private(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, wish: &RoomName) {
        let in_rooms = self.people.get(person).map_or(0, |known| known.rooms.len());
        let numbered = |n: u32| RoomName::parse(&format!("{}-{n}", wish.as_str())).ok();
        let free = |room: &RoomName| !self.rooms.contains_key(room);
        let name = Some(wish.clone()).filter(free).or_else(|| NUMBERS_TRIED.filter_map(numbered).find(free));
        let refusal = if self.role(person) == Role::Guest {
            Some(Refusal::new(Code::NeedsKey, "a guest has no key, so nobody would keep order in it tomorrow"))
        } else if self.rules.rooms_per_person > 0 && in_rooms >= self.rules.rooms_per_person {
            Some(Refusal::new(Code::Limit, "you are in as many rooms as one may be in; /leave one"))
        } else if self.rules.rooms > 0 && self.rooms.len() >= self.rules.rooms {
            Some(Refusal::new(Code::Limit, "this host has as many rooms as it may (limits.rooms)"))
        } else {
            self.limited(now, session, person, Kind::Join).err()
        };
        let room = match (refusal, name) {
            (Some(refusal), _) => return self.refuse(session, &tag, refusal),
            (None, None) => return self.refuse(session, &tag, no_such_room(wish)),
            (None, Some(room)) => room,
        };
        self.make_room(&room);
        let settings = RoomSettings { private: true, ..RoomSettings::default() };
        if let Some(hall) = self.rooms.get_mut(&room) {
            hall.settings = settings;
        }
        let facts = vec![
            Fact::RoomMade { room: room.clone(), maker: Some(person), at: now.wall },
            self.first_operator(person, &room),
            Fact::RoomSet { room: room.clone(), settings, password: None },
            Fact::Joined { person, room: room.clone() },
            self.room_record(person, "set", &room, None, &described(&settings)),
        ];
        self.keep(facts, Pending::Join { session, tag, person, room });
    }

    // Who is let in, and the end.

    pub(super) fn invite_in(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        name: &Nick,
    ) {
        let who = match self.may_let_in(now, session, person, &room, name) {
            Ok(who) => who,
            Err(refusal) => return self.refuse(session, &tag, refusal),
        };
        let mut facts = vec![self.room_record(person, "invite", &room, Some(who.name.clone()), "")];
        if !who.guest {
            facts.push(Fact::RoomInvited { room: room.clone(), person: who.person });
        }
        self.keep(facts, Pending::LetIn { session, tag, person, room, who: who.person });
    }

    fn may_let_in(
        &mut self,
        now: Now,
        session: SessionId,
        person: PersonId,
        room: &RoomName,
        name: &Nick,
    ) -> Result<Author, Refusal> {
        self.seen(person, room)?;
        may(self.rank(person, Some(room)), Doing::Room, Whom::Nobody)?;
        self.limited(now, session, person, Kind::Invite)?;
        let known = self.people.by_name(name, now.wall).and_then(|who| self.people.get(who));
        let nobody = || Refusal::new(Code::NoSuchPerson, format!("nobody here is called {name}"));
        let who = known.map(|known| known.author.clone()).ok_or_else(nobody)?;
        if self.sentences.of(Penalty::Ban, Some(room), crate::protocol::rights::Subject::Person(who.person)).is_some() {
            let text = format!("{} is banned from {room}; /unban comes first", who.name);
            return Err(Refusal::new(Code::NotAllowed, text));
        }
        match self.rooms.get(room).is_some_and(|hall| hall.members.contains(&who.person)) {
            true => Err(Refusal::new(Code::Unchanged, format!("{} is in {room} already", who.name))),
            false => Ok(who),
        }
    }

    /// Somebody may come in.
    pub(super) fn let_in(&mut self, session: SessionId, tag: &Tag, person: PersonId, room: RoomName, who: PersonId) {
        if let (Some(hall), true) = (self.rooms.get_mut(&room), self.people.get(who).is_some()) {
            // Guests who have gone are nobody's any more.
            hall.invited.retain(|one| self.people.get(*one).is_some());
            hall.invited.insert(who);
        }
        let by = self.people.get(person).map(|known| known.author.clone());
        let screens = self.people.get(who).map(|known| known.sessions.clone()).unwrap_or_default();
        if let Some(by) = by {
            for screen in screens {
                self.tell(screen, None, Event::Invited { room: room.clone(), by: by.clone() });
            }
        }
        self.answer(session, tag, Event::Done);
    }

    pub(super) fn delete_room(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, room: RoomName) {
        let may = self
            .seen(person, &room)
            .map(|_| ())
            .and_then(|()| may(self.rank(person, Some(&room)), Doing::Room, Whom::Nobody))
            .and_then(|()| self.limited(now, session, person, Kind::Message));
        let stays = || Refusal::new(Code::Other, format!("{room} is where everybody starts, so it stays"));
        match may {
            Err(refusal) => return self.refuse(session, &tag, refusal),
            Ok(()) if room == self.rules.default_room => return self.refuse(session, &tag, stays()),
            Ok(()) => {}
        }
        // From here on nothing is said there that could be kept after it.
        if let Some(hall) = self.rooms.get_mut(&room) {
            hall.gone = true;
        }
        let record = self.room_record(person, "delete_room", &room, None, "");
        let mut facts = vec![Fact::RoomDeleted { room: room.clone() }, record];
        facts.extend(self.hooks_of(&room).into_iter().map(Fact::Unhooked));
        self.keep(facts, Pending::Delete { session, tag, person, room });
    }

    /// A room is no more.
    pub(super) fn room_deleted(&mut self, session: SessionId, tag: &Tag, person: PersonId, room: &RoomName) {
        let by = self.people.get(person).map(|known| known.author.clone());
        self.tell_room(room, Event::RoomDeleted { room: room.clone(), by });
        if let Some(hall) = self.rooms.remove(room) {
            for member in hall.members {
                let Some(known) = self.people.get_mut(member) else { continue };
                known.rooms.remove(room);
                known.reads.remove(&Conversation::Room(room.clone()));
                let screens = known.sessions.clone();
                for screen in screens {
                    self.tell(screen, None, Event::Left { room: room.clone() });
                }
            }
        }
        for hook in self.hooks_of(room) {
            self.forget_hook(hook);
        }
        for sentence in self.sentences.of_room(room) {
            self.lift(sentence);
        }
        self.answer(session, tag, Event::Done);
    }
}
