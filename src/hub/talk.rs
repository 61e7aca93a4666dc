//! What is said and who hears it: entries on their way to the store and back, resume, pages and read positions.

use std::sync::Arc;

use super::calls::Reply;
use super::ears::Ears;
use super::limits::Kind;
use super::{Effect, Hub, Now, Pending, SessionId, Ticket};
use crate::protocol::command::{Command, Cursor, PageEnd, Tag};
use crate::protocol::entry::{Conversation, Entry, Page, Pair, PersonId, Seq, Standing, What};
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::fact::{Draft, Fact};
use crate::protocol::mention;
use crate::protocol::names::{Nick, Target};
use crate::protocol::search::{Found, Query};

impl Hub {
    /// Which conversation a person means, if it may read and speak there.
    pub(super) fn resolve(&self, now: Now, person: PersonId, to: &Target) -> Result<Conversation, Refusal> {
        match to {
            Target::Room(room) => self.inside(person, room).map(|_| Conversation::Room(room.clone())),
            Target::Direct(nick) => self.resolve_direct(now, person, nick),
        }
    }

    fn resolve_direct(&self, now: Now, person: PersonId, nick: &Nick) -> Result<Conversation, Refusal> {
        let needs_key = |text: &str| Refusal::new(Code::NeedsKey, text);
        if self.people.get(person).is_none_or(|known| known.author.guest) {
            return Err(needs_key("guests have no direct messages; come with a key of your own"));
        }
        match self.people.by_name(nick, now.wall).and_then(|other| self.people.get(other)) {
            None => Err(Refusal::new(Code::NoSuchPerson, format!("nobody here is called {nick}"))),
            Some(other) if other.author.guest => Err(needs_key("that is a guest, and guests have no direct messages")),
            Some(other) => Ok(Conversation::Direct(Pair::new(person, other.author.person))),
        }
    }

    /// Everything that becomes an entry.
    pub(super) fn append(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, command: Command) {
        let (to, what, nonce) = match command {
            Command::Say { to, text, me, reply_to, nonce } => (to, What::Said { text, me, reply_to }, nonce),
            Command::Edit { to, of, text, nonce } => (to, What::Edited { of, text }, nonce),
            Command::Delete { to, of, nonce } => (to, What::Deleted { of }, nonce),
            Command::React { to, of, emoji, on: true, nonce } => (to, What::Reacted { of, emoji }, nonce),
            Command::React { to, of, emoji, on: false, nonce } => (to, What::Unreacted { of, emoji }, nonce),
            Command::Topic { room, text, nonce } => (Target::Room(room), What::Topic { text }, nonce),
            _ => return self.done(session),
        };
        let conversation = match self.resolve(now, person, &to) {
            Ok(conversation) => conversation,
            Err(refusal) => return self.refuse(session, &tag, refusal.about(nonce)),
        };
        let said = matches!(what, What::Said { .. });
        let may = match what {
            // What one said one may always take back.
            What::Deleted { .. } => Ok(()),
            _ => self.fits(&what).and_then(|()| self.may_speak(now, session, person, &conversation, said)),
        };
        if let Err(refusal) = may.and_then(|()| self.limited(now, session, person, Kind::Message)) {
            return self.refuse(session, &tag, refusal.about(nonce));
        }
        if said {
            self.spoke(now, person, &conversation);
        }
        self.announce(person);
        if let (What::Said { .. }, Some(open)) = (&what, self.sessions.get_mut(&session)) {
            // Whoever has said it may begin to write again at once.
            open.typed_at = None;
        }
        let Some(from) = self.people.get(person).map(|known| known.author.clone()) else { return self.done(session) };
        let to = self.addressed(&conversation, person, to);
        let mentions = self.mentioned(&conversation, person, &what);
        let ticket = self.ticket(Pending::Append { session, tag, nonce });
        let draft = Draft { conversation, to, at: now.wall, from, what, nonce, mentions };
        self.effects.push(Effect::Append { ticket, draft });
    }

    fn fits(&self, what: &What) -> Result<(), Refusal> {
        match what {
            What::Topic { text } if self.rules.topic_bytes > 0 && text.as_str().len() > self.rules.topic_bytes => {
                let most = self.rules.topic_bytes;
                Err(Refusal::new(Code::TooLong, format!("a topic has at most {most} bytes")))
            }
            _ => Ok(()),
        }
    }

    /// A direct line is addressed to the other's name of now, also when an old one was typed.
    fn addressed(&self, conversation: &Conversation, person: PersonId, to: Target) -> Target {
        match conversation {
            Conversation::Room(_) => to,
            Conversation::Direct(pair) => {
                self.people.get(pair.other(person)).map_or(to, |other| Target::Direct(other.author.name.clone()))
            }
        }
    }

    /// Whom a text mentions, among those who can read it: found once, here.
    pub(super) fn mentioned(&self, conversation: &Conversation, person: PersonId, what: &What) -> Vec<PersonId> {
        let What::Said { text, .. } = what else { return Vec::new() };
        let mut found = Vec::new();
        for (_, name) in mention::candidates(text.as_str()) {
            let Some(other) = self.people.wearing(&name).filter(|other| *other != person) else { continue };
            let reads = match conversation {
                Conversation::Room(room) => self.rooms.get(room).is_some_and(|hall| hall.members.contains(&other)),
                Conversation::Direct(pair) => pair.has(other),
            };
            if reads && !found.contains(&other) {
                found.push(other);
            }
            if found.len() >= mention::MENTIONS_PER_TEXT {
                break;
            }
        }
        found
    }

    /// An entry has its number: everybody who listens hears it, the speaker too.
    pub(super) fn stored(&mut self, ticket: Ticket, entry: Arc<Entry>, fresh: bool) {
        self.kept_or_not(None);
        self.counters.entries += u64::from(fresh);
        let (asker, call) = match self.tickets.remove(&ticket) {
            Some(Pending::Append { session, tag, .. }) => (Some((session, tag)), None),
            Some(Pending::Called { call }) => (None, Some(call)),
            _ => (None, None),
        };
        let raw = asker.as_ref().and_then(|(session, tag)| match tag {
            Tag::Line(line) => Some((*session, line.clone())),
            _ => None,
        });
        let mut heard = false;
        if fresh {
            self.note(&entry);
            let to = self.ears(&entry.conversation).map(|ears| ears.hearing(entry.seq)).unwrap_or_else(|| Arc::new([]));
            heard = asker.as_ref().is_some_and(|(session, _)| self.hears(&entry.conversation, *session));
            if !to.is_empty() {
                let except = raw.as_ref().map(|(session, _)| *session);
                self.effects.push(Effect::Send { to, except, event: Arc::new(Event::Entry(entry.clone())) });
            }
        }
        if let Some(call) = call {
            return self.reply(call, Reply::Said(entry, fresh));
        }
        match (asker, raw) {
            (Some((session, _)), Some((_, line))) => {
                self.tell(session, None, Event::Received { line });
                self.done(session);
            }
            (Some((session, tag)), None) => {
                if !heard {
                    self.tell(session, tag.id(), Event::Entry(entry));
                }
                self.done(session);
            }
            (None, _) => {}
        }
    }

    /// Whether the entry just fanned out reached this session.
    fn hears(&mut self, conversation: &Conversation, session: SessionId) -> bool {
        let live = self.sessions.get(&session).is_some_and(|open| open.live);
        live && self.ears(conversation).is_some_and(|ears| !ears.waits(session))
    }

    /// What an entry changes in what the hub knows.
    fn note(&mut self, entry: &Entry) {
        match &entry.conversation {
            Conversation::Room(name) => {
                if let Some(room) = self.rooms.get_mut(name) {
                    room.head = room.head.max(entry.seq);
                    if let What::Topic { text } = &entry.what {
                        room.topic = text.clone();
                    }
                }
            }
            Conversation::Direct(pair) if !self.directs.contains_key(pair) => {
                self.begin_direct(*pair, entry.seq.prev())
            }
            Conversation::Direct(_) => {}
        }
    }

    /// Two people speak for the first time: all their live screens hear it, without asking.
    fn begin_direct(&mut self, pair: Pair, mark: Seq) {
        let [a, b] = pair.both();
        let mut ears = Ears::default();
        for (one, other) in [(a, b), (b, a)] {
            let Some(person) = self.people.get_mut(one) else { continue };
            person.directs.insert(other);
            let screens = person.sessions.clone();
            for screen in screens {
                if self.sessions.get(&screen).is_some_and(|open| open.live) {
                    ears.add(screen, mark);
                }
            }
        }
        self.directs.insert(pair, ears);
    }

    pub(super) fn resume(&mut self, session: SessionId, tag: Tag, person: PersonId, cursors: Vec<Cursor>) {
        let of = self.conversations(person);
        self.load(person, of, Pending::Resume { session, tag, person, cursors });
    }

    /// Heads are known: from here on the session is live.
    fn resumed(
        &mut self,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        cursors: Vec<Cursor>,
        standings: Vec<Standing>,
    ) {
        self.remember_reads(person, &standings);
        let now = self.conversations(person);
        if now.iter().any(|conversation| !standings.iter().any(|standing| standing.conversation == *conversation)) {
            // A room was joined or a direct conversation begun meanwhile: ask once more, so that none is left out.
            return self.resume(session, tag, person, cursors);
        }
        let Some(open) = self.sessions.get_mut(&session).filter(|open| open.person() == Some(person)) else { return };
        open.live = true;
        let mut places = Vec::with_capacity(standings.len());
        for standing in standings.into_iter().filter(|standing| now.contains(&standing.conversation)) {
            let head = standing.head;
            if let Some(ears) = self.ears(&standing.conversation) {
                ears.add(session, head);
            }
            places.extend(self.place(person, standing, &cursors));
        }
        self.answer(session, &tag, Event::Resumed { places });
    }

    /// How a person stands is known.
    pub(super) fn loaded(&mut self, _now: Now, ticket: Ticket, standings: Vec<Standing>) {
        match self.tickets.remove(&ticket) {
            Some(Pending::Welcome { session, tag, person }) => self.welcomed(session, tag, person, standings),
            Some(Pending::Resume { session, tag, person, cursors }) => {
                self.resumed(session, tag, person, cursors, standings)
            }
            Some(Pending::JoinLoad { session, tag, person, room }) => {
                self.join_loaded(session, tag, person, room, standings)
            }
            Some(Pending::Read { session, tag, person, to, .. }) => self.counted(session, &tag, person, to, standings),
            Some(Pending::Called { call }) => self.reply(call, Reply::Well),
            Some(Pending::Listed { desk }) => self.report_list(desk, &standings),
            _ => {}
        }
    }

    #[allow(clippy::too_many_arguments)] // the fields of one command, and who asks
    pub(super) fn page(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        to: Target,
        end: PageEnd,
        limit: Option<u32>,
    ) {
        let conversation = match self.resolve(now, person, &to) {
            Ok(conversation) => conversation,
            Err(refusal) => return self.refuse(session, &tag, refusal),
        };
        let limit = self.page_limit(limit);
        let ticket = self.ticket(Pending::Page { session, tag, to });
        self.effects.push(Effect::Page { ticket, conversation, end, limit, asker: person });
    }

    pub(super) fn page_limit(&self, wish: Option<u32>) -> u32 {
        let most = u32::try_from(self.rules.bounds.page_entries).unwrap_or(u32::MAX);
        let most = if most == 0 { u32::MAX } else { most };
        wish.unwrap_or(most).clamp(1, most)
    }

    #[allow(clippy::too_many_arguments)] // the fields of one command, and who asks
    pub(super) fn search(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        to: Option<Target>,
        query: Query,
        limit: Option<u32>,
    ) {
        let of = match to.map(|to| self.resolve(now, person, &to)).transpose() {
            Ok(one) => one.map_or_else(|| self.conversations(person), |one| vec![one]),
            Err(refusal) => return self.refuse(session, &tag, refusal),
        };
        if let Err(refusal) = self.limited(now, session, person, Kind::Search) {
            return self.refuse(session, &tag, refusal);
        }
        let author = query.from.as_ref().and_then(|name| self.people.by_name(name, now.wall));
        let limit = self.page_limit(limit);
        let ticket = self.ticket(Pending::Search { session, tag, person });
        self.effects.push(Effect::Search { ticket, of, query, author, limit, asker: person });
    }

    /// What was found, in what the asker may still read: one may have left a room meanwhile.
    pub(super) fn found(&mut self, ticket: Ticket, found: Found) {
        let Some(Pending::Search { session, tag, person }) = self.tickets.remove(&ticket) else { return };
        let Some(known) = self.people.get(person) else { return self.done(session) };
        let called = |conversation: &Conversation| match conversation {
            Conversation::Room(room) => known.rooms.contains(room).then(|| Target::Room(room.clone())),
            Conversation::Direct(pair) => {
                self.people.get(pair.other(person)).map(|other| Target::Direct(other.author.name.clone()))
            }
        };
        let hits = found.hits.into_iter().filter_map(|hit| Some((called(&hit.conversation)?, hit))).collect();
        self.answer(session, &tag, Event::Found { hits, more: found.more });
    }

    pub(super) fn paged(&mut self, ticket: Ticket, page: Page) {
        match self.tickets.remove(&ticket) {
            Some(Pending::Page { session, tag, to }) => self.answer(session, &tag, Event::Page { to, page }),
            Some(Pending::Tailed { call, to }) => self.reply(call, Reply::Page(to, page)),
            _ => {}
        }
    }

    pub(super) fn read(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, to: Target, seq: Seq) {
        let conversation = match self.resolve(now, person, &to) {
            Ok(conversation) => conversation,
            Err(refusal) => return self.refuse(session, &tag, refusal),
        };
        let Some(known) = self.people.get_mut(person) else { return self.done(session) };
        if known.author.guest {
            let read = known.reads.or_insert(&conversation, seq);
            *read = (*read).max(seq);
        } else {
            let facts = vec![Fact::Read { person, conversation: conversation.clone(), seq }];
            let failed = Pending::Read { session, tag: tag.clone(), person, to: to.clone(), counted: false };
            self.keep(facts, failed);
        }
        self.load(person, vec![conversation], Pending::Read { session, tag, person, to, counted: true });
    }

    /// What is left unread, for every screen of the person.
    fn counted(&mut self, session: SessionId, tag: &Tag, person: PersonId, to: Target, standings: Vec<Standing>) {
        if let Some(standing) = standings.into_iter().next() {
            let (seq, unread, mentions) = (standing.read, standing.unread, standing.mentions);
            self.tell_screens(person, session, tag, &Event::Read { to, seq, unread, mentions });
        }
        self.done(session);
    }
}
