//! Coming in and going: hello, `enter` with or without a key, the welcome, who counts as there, and the end of a
//! connection. What one may do once in is in `moves` and `talk`.

use std::time::Duration;

use super::calls::Reply;
use super::invites::Admission;
use super::limits::{Kind, Of, too_quick};
use super::people::Taken;
use super::{Alarm, Door, Failure, Hub, Now, Pending, Session, SessionId, Stage};
use crate::protocol::command::Tag;
use crate::protocol::dialect::{Dialect, v1::FEATURES};
use crate::protocol::entry::{Author, Conversation, PersonId, Standing};
use crate::protocol::event::{CloseCode, Code, Event, Hello, Refusal, Welcome};
use crate::protocol::fact::{AppendRefusal, Fact};
use crate::protocol::names::Nick;
use crate::protocol::person::Proof;
use crate::protocol::secret::Token;

impl Hub {
    pub(super) fn opened(&mut self, now: Now, session: SessionId, door: Door, opened: Session) {
        let dialect = opened.dialect;
        self.sessions.insert(session, Box::new(opened));
        if self.stopping {
            return self.close(session, CloseCode::Restarting, "the host stops; come back in a moment");
        }
        match dialect {
            Dialect::V1 => {
                self.alarms.insert((door.until, Alarm::Enter(session)));
                let hello = Hello {
                    server: self.rules.server.clone(),
                    epoch: self.epoch,
                    challenge: door.challenge,
                    limits: self.rules.bounds,
                    features: FEATURES.to_vec(),
                };
                self.tell(session, None, Event::Hello(hello));
            }
            Dialect::Plain => self.listen_plainly(now, session),
        }
    }

    /// A raw client listens in the default room at once, as a guest of whom nobody is told yet.
    fn listen_plainly(&mut self, now: Now, session: SessionId) {
        if let Some(refusal) = self.banned(None, session) {
            return self.send_off(session, &refusal.text);
        }
        let Some(author) = self.new_guest(now, session, None) else {
            return self.close(session, CloseCode::NotEntered, "no guest's name is free");
        };
        let person = author.person;
        let room = self.rules.default_room.clone();
        self.seat(session, author);
        if let Some(open) = self.sessions.get_mut(&session) {
            open.live = true;
        }
        if let Some(hall) = self.rooms.get_mut(&room) {
            let mark = hall.head;
            hall.ears.add(session, mark);
            if let Some(guest) = self.people.get_mut(person) {
                guest.reads.or_insert(&Conversation::Room(room), mark);
            }
        }
    }

    /// A guest with this name, or one from chance, as a member of the default room.
    fn new_guest(&mut self, now: Now, session: SessionId, name: Option<Nick>) -> Option<Author> {
        let open = self.sessions.get(&session)?;
        let (luck, bot) = (open.door.as_ref()?.luck, open.bot == Some(true));
        let name = match name {
            Some(name) => name,
            None => self.people.guest_name(&luck[16..], now.wall)?,
        };
        let author = Author { person: new_id(&luck), name, guest: true, bot };
        self.people.add(author.clone(), None);
        let room = self.rules.default_room.clone();
        if let Some(guest) = self.people.get_mut(author.person) {
            guest.rooms.insert(room.clone());
        }
        if let Some(hall) = self.rooms.get_mut(&room) {
            hall.members.insert(author.person);
        }
        Some(author)
    }

    /// The store is asked on behalf of this person, for this session.
    pub(super) fn begin_to_enter(&mut self, session: SessionId, person: PersonId) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.stage = Stage::Entering(person);
            self.entering.insert((person, session));
        }
    }

    /// The session speaks for this person from now on.
    fn seat(&mut self, session: SessionId, author: Author) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.stage = Stage::Entered(author.person);
            if let Some(door) = open.door.take() {
                self.alarms.remove(&(door.until, Alarm::Enter(session)));
            }
            self.entering.remove(&(author.person, session));
        }
        if let Some(person) = self.people.get_mut(author.person) {
            // Nearly everybody has one screen, and a list has room for four at first.
            person.sessions.reserve_exact(1);
            person.sessions.push(session);
        }
    }

    pub(super) fn enter(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        name: Option<Nick>,
        proof: Option<Proof>,
        invite: Option<Token>,
    ) {
        let owner = invite.is_some() && invite == self.rules.owner_ticket;
        let Some(open) = self.sessions.get_mut(&session) else { return };
        let Some(Door { challenge, luck, .. }) = open.door.as_deref().copied() else { return };
        open.tries += 1;
        open.owner = owner;
        open.key = proof.map(|proof| proof.key);
        let tries = open.tries;
        let holds = proof.is_none_or(|proof| proof.holds(&open.authority, &challenge));
        // A host that lets nobody in without an invitation would refuse here, before a name is claimed by it.
        let known = proof.filter(|_| holds).and_then(|proof| self.people.by_key(&proof.key));
        if let Some(refusal) = self.banned(known, session) {
            let why = refusal.text.clone();
            self.refuse(session, &tag, refusal);
            return self.send_off(session, &why);
        }
        let guess = self.may_guess(now, session, invite.as_ref());
        let outcome = match (proof, name) {
            // Whoever is known needs no code.
            _ if known.is_none() && guess.is_err() => guess,
            (Some(_), _) if !holds => {
                Err(Refusal::new(Code::BadKey, "the signature does not hold for this host and challenge"))
            }
            (Some(proof), name) => match (self.people.by_key(&proof.key), name) {
                (Some(person), _) => {
                    // Whoever is known needs no invitation; but one may lead into a room.
                    let invite = invite.filter(|_| guess.is_ok());
                    if let Ok(by) = self.admit(now, session, owner, invite.as_ref()) {
                        self.lead_in(session, person, &by);
                    }
                    self.come_back(now, session, &tag, person)
                }
                (None, Some(name)) => match self.new_device(now, session, &tag, proof.key, invite.as_ref()) {
                    Some(outcome) => outcome,
                    None => self
                        .admit(now, session, owner, invite.as_ref())
                        .and_then(|by| self.claim(now, session, &tag, new_id(&luck), name, proof, by)),
                },
                (None, None) => Err(Refusal::new(Code::BadName, "a new key needs a name to own")),
            },
            (None, name) => self
                .admit(now, session, owner, invite.as_ref())
                .and_then(|by| self.enter_guest(now, session, &tag, name, &by)),
        };
        if let Err(refusal) = outcome {
            self.refuse(session, &tag, refusal);
            if self.rules.enter_tries > 0 && tries >= self.rules.enter_tries {
                self.close(session, CloseCode::NotEntered, "too many tries to enter");
            }
        }
    }

    /// The owner of a known key.
    pub(super) fn come_back(
        &mut self,
        now: Now,
        session: SessionId,
        tag: &Tag,
        person: PersonId,
    ) -> Result<(), Refusal> {
        let entering = self.entering.range((person, SessionId(0))..=(person, SessionId(u64::MAX))).count();
        let screens = self.people.get(person).map_or(0, |known| known.sessions.len()) + entering;
        if self.rules.sessions_per_person > 0 && screens >= self.rules.sessions_per_person {
            let most = self.rules.sessions_per_person;
            return Err(Refusal::new(Code::Limit, format!("you are on {screens} screens; a person may have {most}")));
        }
        if let Some(waiting) = self.claims.get_mut(&person) {
            waiting.push((session, tag.clone()));
            self.begin_to_enter(session, person);
            return Ok(());
        }
        self.mark_bot(session, person);
        self.welcome(now, session, tag, person);
        Ok(())
    }

    /// Somebody known says whether they are a program: so it is from now on, for everybody.
    fn mark_bot(&mut self, session: SessionId, person: PersonId) {
        let Some(bot) = self.sessions.get(&session).and_then(|open| open.bot) else { return };
        let Some(known) = self.people.get_mut(person).filter(|known| known.author.bot != bot) else { return };
        known.author.bot = bot;
        let (who, online) = (known.author.clone(), known.online);
        self.keep(vec![Fact::Bot { person, bot }], Pending::Nobody);
        if online {
            self.presence(person, who, true);
        }
    }

    /// A new key claims a name, which is reserved for it from now on and its own once the store has kept it.
    #[allow(clippy::too_many_arguments)] // what an `enter` says, and who enters
    fn claim(
        &mut self,
        now: Now,
        session: SessionId,
        tag: &Tag,
        person: PersonId,
        name: Nick,
        proof: Proof,
        by: Admission,
    ) -> Result<(), Refusal> {
        if !name.claimable() {
            return Err(Refusal::new(Code::BadName, format!("nobody can own the name {name}")));
        }
        if self.rules.people > 0 && self.people.with_keys() >= self.rules.people {
            return Err(Refusal::new(Code::Limit, "this host knows as many people as it may (limits.people)"));
        }
        let bot = self.sessions.get(&session).is_some_and(|open| open.bot == Some(true));
        let address = self.sessions.get(&session).and_then(|open| open.address).map(Of::Address);
        self.limiter.take(&self.rules.rates, now.up, Kind::Name, address.as_slice()).map_err(too_quick)?;
        let worn = match self.people.taken(&name, None, now.wall) {
            Some(Taken::Owned) => return Err(self.name_taken(now, &name)),
            Some(Taken::Worn(guest)) => Some(guest),
            None => None,
        };
        if let Some(guest) = worn {
            self.step_aside(now, guest, &name);
        }
        self.people.add(Author { person, name: name.clone(), guest: false, bot }, Some(proof.key));
        self.begin_to_enter(session, person);
        self.claims.insert(person, Vec::new());
        let mut facts = vec![
            Fact::Claimed { person, name, key: proof.key, at: now.wall },
            Fact::Joined { person, room: self.rules.default_room.clone() },
        ];
        facts.extend(self.leads_to(&by).map(|room| Fact::Joined { person, room }));
        facts.extend(self.use_up(&by));
        facts.extend(bot.then_some(Fact::Bot { person, bot }));
        self.keep(facts, Pending::Claim { session, tag: tag.clone(), person, by });
        Ok(())
    }

    /// A guest whose name is claimed becomes the nearest free one.
    fn step_aside(&mut self, now: Now, guest: PersonId, name: &Nick) {
        let free = |n: u32| Some(name.numbered(n)).filter(|name| self.people.taken(name, None, now.wall).is_none());
        if let Some(next) = (2..10_000).find_map(free) {
            self.call(guest, &next);
        }
    }

    /// The person is called so from now on, and everybody around is told.
    pub(super) fn call(&mut self, person: PersonId, name: &Nick) {
        let Some(was) = self.people.rename(person, name) else { return };
        if let Some(who) = self.people.get(person).filter(|known| known.online).map(|known| known.author.clone()) {
            self.spread(person, Event::Renamed { who, was });
        }
    }

    pub(super) fn name_taken(&self, now: Now, name: &Nick) -> Refusal {
        let try_names = self.people.suggestions(name, now.wall);
        let listed: Vec<&str> = try_names.iter().map(Nick::as_str).collect();
        let text = format!("the name {name} belongs to somebody else; free are {}", listed.join(", "));
        Refusal { try_names, ..Refusal::new(Code::NameTaken, text) }
    }

    fn enter_guest(
        &mut self,
        now: Now,
        session: SessionId,
        tag: &Tag,
        name: Option<Nick>,
        by: &Admission,
    ) -> Result<(), Refusal> {
        if let Some(name) = &name {
            if !name.claimable() && !name.folded().starts_with(crate::protocol::names::GUEST_PREFIX) {
                return Err(Refusal::new(Code::BadName, format!("nobody can be called {name}")));
            }
            if self.people.taken(name, None, now.wall).is_some() {
                return Err(self.name_taken(now, name));
            }
        }
        let full = || Refusal::new(Code::Limit, "no guest's name is free");
        let author = self.new_guest(now, session, name).ok_or_else(full)?;
        if let Some(fact) = self.use_up(by) {
            self.keep(vec![fact], Pending::Nobody);
        }
        self.welcome(now, session, tag, author.person);
        Ok(())
    }

    /// Loads how the person stands; the welcome follows.
    fn welcome(&mut self, now: Now, session: SessionId, tag: &Tag, person: PersonId) {
        self.begin_to_enter(session, person);
        if self.sessions.get_mut(&session).is_some_and(|open| std::mem::take(&mut open.owner)) {
            self.make_owner(now, person);
        }
        let of = self.conversations(person);
        self.load(person, of, Pending::Welcome { session, tag: tag.clone(), person });
    }

    /// The name is the person's own now.
    pub(super) fn claimed(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, by: &Admission) {
        self.becomes_member(person, &self.rules.default_room.clone());
        if let Some(room) = self.leads_to(by) {
            self.becomes_member(person, &room);
        }
        let waited = self.claims.remove(&person).unwrap_or_default();
        for (session, tag) in std::iter::once((session, tag)).chain(waited) {
            if self.sessions.contains_key(&session) {
                self.mark_bot(session, person);
                self.welcome(now, session, &tag, person);
            }
        }
    }

    pub(super) fn welcomed(&mut self, session: SessionId, tag: Tag, person: PersonId, standings: Vec<Standing>) {
        let Some(author) = self.people.get(person).map(|known| known.author.clone()) else {
            // No answer would be a connection that waits for ever.
            self.back_to_the_door(session);
            return self.refuse(session, &tag, refusal(Failure::Busy));
        };
        if !self.sessions.contains_key(&session) {
            self.end_unseated_guest(person);
            return;
        }
        self.remember_reads(person, &standings);
        self.seat(session, author.clone());
        let places = standings.into_iter().filter_map(|standing| self.place(person, standing, &[])).collect();
        let welcome = Welcome { role: self.role(person), you: author, ephemeral: self.rules.ephemeral, places };
        self.answer(session, &tag, Event::Welcome(welcome));
        self.announce(person);
        self.look_away(person);
    }

    /// A guest's read positions live here; they start where the first count was taken.
    pub(super) fn remember_reads(&mut self, person: PersonId, standings: &[Standing]) {
        if let Some(guest) = self.people.get_mut(person).filter(|known| known.author.guest) {
            for standing in standings {
                guest.reads.or_insert(&standing.conversation, standing.read);
            }
        }
    }

    /// A guest who went while the store was asked for it.
    fn end_unseated_guest(&mut self, person: PersonId) {
        if self.people.get(person).is_some_and(|known| known.author.guest && known.sessions.is_empty()) {
            self.end_guest(person);
        }
    }

    /// Others are told that somebody is there, once.
    pub(super) fn announce(&mut self, person: PersonId) {
        self.stays(person);
        let Some(known) = self.people.get_mut(person).filter(|known| !known.online) else { return };
        known.online = true;
        let who = known.author.clone();
        self.presence(person, who.clone(), true);
        if who.guest {
            let room = self.rules.default_room.clone();
            // To oneself it is no news.
            let own = self.people.get(person).and_then(|known| known.sessions.first().copied());
            self.moved(&room, own, who, true);
        }
    }

    /// The first thing a raw client says may tell its name.
    pub(super) fn introduce(&mut self, now: Now, session: SessionId, person: PersonId, wish: &Nick) {
        let guest = self.people.get(person).is_some_and(|known| known.author.guest);
        if guest && let Some(name) = self.people.nearest_free(wish, Some(person), now.wall) {
            self.call(person, &name);
        }
        self.announce(person);
        self.done(session);
    }

    pub(super) fn bye(&mut self, session: SessionId) {
        if let Some(open) = self.sessions.get_mut(&session) {
            open.bye = true;
        }
        self.done(session);
        self.close(session, CloseCode::Bye, "bye");
    }

    pub(super) fn closed(&mut self, now: Now, session: SessionId) {
        let Some(gone) = self.sessions.remove(&session) else { return };
        if let Some(door) = gone.door {
            self.alarms.remove(&(door.until, Alarm::Enter(session)));
        }
        if let Stage::Entering(person) = gone.stage {
            self.entering.remove(&(person, session));
        }
        let Stage::Entered(person) = gone.stage else { return };
        for conversation in self.conversations(person) {
            if let Some(ears) = self.ears(&conversation) {
                ears.remove(&[session]);
            }
        }
        let Some(known) = self.people.get_mut(person) else { return };
        known.sessions.retain(|screen| *screen != session);
        match known.sessions.is_empty() {
            false => self.look_away(person),
            true if known.author.guest => self.end_guest(person),
            true if gone.bye => self.gone(person),
            true => {
                let at = now.up + self.rules.linger;
                known.gone_at = Some(at);
                self.alarms.insert((at, Alarm::Gone(person)));
            }
        }
    }

    /// A guest's connection ended, and with it everything that was the guest.
    fn end_guest(&mut self, person: PersonId) {
        let announced = self.people.get(person).is_some_and(|known| known.online);
        let rooms = self.people.get(person).map(|known| known.rooms.clone()).unwrap_or_default();
        if announced {
            self.gone(person);
        }
        self.forget_sentences(person);
        let Some(guest) = self.people.forget(person) else { return };
        for room in rooms.iter() {
            if let Some(known) = self.rooms.get_mut(room) {
                known.members.remove(&person);
            }
            if announced {
                self.moved(room, None, guest.author.clone(), false);
            }
            self.forget_if_empty(room);
        }
    }

    /// Nobody waits for the person to be gone any more.
    fn stays(&mut self, person: PersonId) {
        if let Some(at) = self.people.get_mut(person).and_then(|known| known.gone_at.take()) {
            self.alarms.remove(&(at, Alarm::Gone(person)));
        }
    }

    /// The person counts as gone.
    fn gone(&mut self, person: PersonId) {
        self.stays(person);
        let wall = self.wall;
        let Some(known) = self.people.get_mut(person).filter(|known| known.online && known.sessions.is_empty()) else {
            return;
        };
        known.online = false;
        known.away = false;
        known.seen = Some(wall);
        let who = known.author.clone();
        self.presence(person, who, false);
    }

    pub(super) fn woke(&mut self, now: Now) {
        self.tell_counts(now);
        while let Some((at, alarm)) = self.alarms.first().copied().filter(|(at, _)| *at <= now.up) {
            self.alarms.remove(&(at, alarm));
            match alarm {
                Alarm::Gone(person) => self.gone(person),
                Alarm::Enter(session) => self.too_late(session),
                Alarm::Over(sentence) => self.over(sentence),
            }
        }
    }

    fn too_late(&mut self, session: SessionId) {
        if self.sessions.get(&session).is_some_and(|open| open.stage == Stage::Greeted) {
            self.close(session, CloseCode::NotEntered, "you did not enter in time");
        }
    }

    /// The store said no.
    pub(super) fn failed(&mut self, ticket: super::Ticket, why: Failure) {
        self.kept_or_not(Some(why));
        let Some(pending) = self.tickets.remove(&ticket) else { return };
        let (session, tag, nonce) = match pending {
            Pending::Claim { session, tag, person, by } => {
                self.people.forget(person);
                self.give_back(&by);
                for (session, tag) in self.claims.remove(&person).unwrap_or_default() {
                    self.back_to_the_door(session);
                    self.refuse(session, &tag, refusal(why));
                }
                self.back_to_the_door(session);
                (session, tag, None)
            }
            Pending::Device { session, tag, .. } => {
                self.back_to_the_door(session);
                (session, tag, None)
            }
            Pending::Welcome { session, tag, person } => {
                self.back_to_the_door(session);
                self.end_unseated_guest(person);
                (session, tag, None)
            }
            Pending::Rename { session, tag, person, name } => {
                self.people.put_off(&name, person);
                if let Some(known) = self.people.get(person).map(|known| known.author.name.clone()) {
                    self.people.wear(&known, person);
                }
                (session, tag, None)
            }
            Pending::Order(ordered) => return self.refuse_order(ordered.giver(), refusal(why)),
            Pending::Listed { desk } | Pending::DeskAudit { desk } => {
                return self.refuse_desk(desk, &refusal(why).text);
            }
            Pending::Called { call } | Pending::Tailed { call, .. } => {
                return self.reply(call, Reply::Refused(refusal(why)));
            }
            Pending::Hook { session, tag, number, .. } => {
                self.forget_hook(number);
                (session, tag, None)
            }
            Pending::Delete { session, tag, room, .. } => {
                if let Some(hall) = self.rooms.get_mut(&room) {
                    hall.gone = false;
                }
                (session, tag, None)
            }
            Pending::Append { session, tag, nonce } => (session, tag, nonce),
            Pending::Invite { session, tag, number, .. } => {
                self.forget_invitation(number);
                (session, tag, None)
            }
            Pending::Read { counted: false, .. } | Pending::Nobody => return,
            Pending::Resume { session, tag, .. }
            | Pending::Join { session, tag, .. }
            | Pending::JoinLoad { session, tag, .. }
            | Pending::Leave { session, tag, .. }
            | Pending::Page { session, tag, .. }
            | Pending::Search { session, tag, .. }
            | Pending::Settled { session, tag }
            | Pending::DeviceGone { session, tag, .. }
            | Pending::Check { session, tag, .. }
            | Pending::Hash { session, tag, .. }
            | Pending::Set { session, tag, .. }
            | Pending::LetIn { session, tag, .. }
            | Pending::Audit { session, tag }
            | Pending::Read { session, tag, .. } => (session, tag, None),
        };
        // Refused before a session is sent away: a close tells nothing more.
        self.refuse(session, &tag, refusal(why).about(nonce));
    }

    /// The session may try to enter again; its time started at accept and is not started anew.
    pub(super) fn back_to_the_door(&mut self, session: SessionId) {
        let Some(open) = self.sessions.get_mut(&session) else { return };
        if let Stage::Entering(person) = open.stage {
            self.entering.remove(&(person, session));
        }
        match &open.door {
            Some(door) if self.alarms.contains(&(door.until, Alarm::Enter(session))) => open.stage = Stage::Greeted,
            _ => self.close(session, CloseCode::NotEntered, "you did not enter in time"),
        }
    }
}

/// A person's id, made of chance.
fn new_id(luck: &[u8; 24]) -> PersonId {
    let mut id = [0; 16];
    id.copy_from_slice(&luck[..16]);
    PersonId(id)
}

/// How soon trying again makes sense: when the store is only busy, and when its disk is full.
const BUSY_RETRY: Duration = Duration::from_secs(1);
const FULL_RETRY: Duration = Duration::from_secs(10);

fn refusal(why: Failure) -> Refusal {
    let later = |code, after, text: &str| Refusal { retry_after: Some(after), ..Refusal::new(code, text) };
    match why {
        Failure::Busy => later(Code::Busy, BUSY_RETRY, "the host has too much to do; try again in a moment"),
        Failure::Full => {
            later(Code::Storage, FULL_RETRY, "the host's disk is full; nothing can be kept until there is room")
        }
        Failure::Unreadable => {
            later(Code::Storage, FULL_RETRY, "the host cannot read that part of its history; its log says why")
        }
        Failure::Refused(AppendRefusal::NonceConflict) => {
            Refusal::new(Code::NonceConflict, "this nonce stands for another line")
        }
        Failure::Refused(AppendRefusal::NoSuchEntry) => {
            Refusal::new(Code::NoSuchEntry, "there is no such message here")
        }
        Failure::Refused(AppendRefusal::NotYours) => Refusal::new(Code::NotYours, "only who said it may change it"),
        Failure::Refused(AppendRefusal::Deleted) => Refusal::new(Code::Deleted, "it was deleted"),
        Failure::Refused(AppendRefusal::Unchanged) => Refusal::new(Code::Unchanged, "nothing would change"),
    }
}
