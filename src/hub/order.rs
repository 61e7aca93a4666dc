//! Order is kept: what operators do to people, and who owns the host. Who may do what is in `rights`; what a sentence then
//! forbids is in `barred`; how rooms are set is in `doors`; what whoever has the host's folder asks is in `desk`.

use std::time::Duration;

use super::rights::{Doing, Rank, Whom, may};
use super::{Desk, Effect, Hub, Now, Pending, SessionId, limits, sentences};
use crate::protocol::admin::Line;
use crate::protocol::command::Tag;
use crate::protocol::entry::{Author, PersonId, Timestamp};
use crate::protocol::event::{CloseCode, Code, Event, Refusal};
use crate::protocol::fact::Fact;
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::rights::{self, AUDIT_LINES, Deed, Order, Penalty, Record, Role, Sentence, Subject};
use crate::protocol::text::Text;

/// Bytes of a close frame's sentence (RFC 6455, 5.5).
const CLOSE_BYTES: usize = 123;

/// Who gives an order.
#[derive(Clone, Debug)]
pub enum Giver {
    /// Somebody who is there.
    Person {
        /// Where they ask.
        session: SessionId,
        /// What the answer is recognised by.
        tag: Tag,
        /// Who.
        person: PersonId,
    },
    /// Whoever has the host's folder.
    Desk(Desk),
}

/// Something done to somebody that is being kept.
#[derive(Debug)]
pub struct Ordered {
    giver: Giver,
    by: Option<Author>,
    order: Order,
    /// To whom; they may be gone when it is kept.
    who: Author,
    imposed: Vec<Sentence>,
    lifted: Vec<u64>,
}

impl Ordered {
    /// Who asked, for when it cannot be kept.
    pub fn giver(self) -> Giver {
        self.giver
    }

    /// Whether the host becomes somebody's by it.
    fn crowns(&self) -> bool {
        self.order.deed == Deed::Owner
    }
}

impl Hub {
    /// What a person may do on the host.
    pub fn role(&self, person: PersonId) -> Role {
        self.people.get(person).map_or(Role::Guest, |known| known.role)
    }

    /// The same, compared with others there: in a room, or on the host.
    pub(super) fn rank(&self, person: PersonId, room: Option<&RoomName>) -> Rank {
        match self.role(person) {
            Role::Owner => Rank::Owner,
            Role::Operator => Rank::OfHost,
            Role::Guest => Rank::Guest,
            Role::Member => match room.and_then(|room| self.rooms.get(room)) {
                Some(hall) if hall.operators.contains(&person) => Rank::OfRoom,
                _ => Rank::Member,
            },
        }
    }

    /// The host belongs to this person from now on, unless it belongs to somebody.
    pub fn make_owner(&mut self, now: Now, person: PersonId) {
        if self.people.iter().any(|known| known.role == Role::Owner) {
            return;
        }
        let Some(known) = self.people.get_mut(person).filter(|known| !known.author.guest) else { return };
        known.role = Role::Owner;
        // It was printed where others may have read it.
        self.rules.owner_ticket = None;
        let whom = Some(known.author.name.clone());
        let (at, deed, why) = (now.wall, "owner".to_owned(), Text::clean(""));
        let record = Record { at, by: None, deed, room: None, whom, until: None, why };
        let role = Fact::Role { person, room: None, role: Role::Owner };
        self.keep(vec![role, Fact::Recorded(record)], Pending::Nobody);
    }

    pub(super) fn order(&mut self, now: Now, giver: Giver, order: Order) {
        let ordered = match self.ordered(now, giver.clone(), order) {
            Ok(ordered) => ordered,
            Err(refusal) => return self.refuse_order(giver, refusal),
        };
        if ordered.crowns() {
            // What was printed for whoever comes first opens nothing any more.
            self.rules.owner_ticket = None;
        }
        let facts = self.order_facts(now, &ordered);
        self.keep(facts, Pending::Order(Box::new(ordered)));
    }

    /// An order is not carried out.
    pub(super) fn refuse_order(&mut self, giver: Giver, refusal: Refusal) {
        match giver {
            Giver::Person { session, tag, .. } => self.refuse(session, &tag, refusal),
            Giver::Desk(desk) => self.refuse_desk(desk, &refusal.text),
        }
    }

    /// What an order comes to, or why it may not be given.
    fn ordered(&mut self, now: Now, giver: Giver, order: Order) -> Result<Ordered, Refusal> {
        let no_such = |text: String| Err(Refusal::new(Code::NoSuchPerson, text));
        let room = order.room.as_ref();
        let (person, actor) = match giver {
            Giver::Person { person, .. } => (Some(person), self.rank(person, room)),
            Giver::Desk(_) => (None, Rank::Folder),
        };
        if let (Some(person), Some(room)) = (person, room) {
            self.seen(person, room)?;
        }
        let doing = if room.is_some() { Doing::InRoom(order.deed) } else { Doing::OnHost(order.deed) };
        let subject = self.people.by_name(&order.name, now.wall);
        may(
            actor,
            doing,
            match subject {
                None => Whom::Nobody,
                Some(subject) if Some(subject) == person => Whom::Oneself,
                Some(subject) => Whom::Other(self.rank(subject, room)),
            },
        )?;
        if let Giver::Person { session, person, .. } = giver {
            self.limited(now, session, person, limits::Kind::Message)?;
        }
        let by = person.and_then(|person| self.people.get(person)).map(|known| known.author.clone());
        if person.is_some() && by.is_none() {
            return no_such("you are not here any more".to_owned());
        }
        let unnamed = || Author { person: PersonId([0; 16]), name: order.name.clone(), guest: true, bot: false };
        let who = subject.and_then(|subject| self.people.get(subject)).map(|known| known.author.clone());
        let (mut imposed, mut lifted) = (Vec::new(), Vec::new());
        match (order.deed, &who) {
            (Deed::Unban | Deed::Unmute, _) => {
                let penalty = if order.deed == Deed::Unban { Penalty::Ban } else { Penalty::Mute };
                lifted = self.sentences.about(penalty, room, subject.map(Subject::Person), &order.name);
                if lifted.is_empty() {
                    let text = format!("nobody called {} is under a {} there", order.name, penalty.as_str());
                    return Err(Refusal::new(Code::Unchanged, text));
                }
            }
            (_, None) => return Err(self.nobody_called(&order.name, person.is_none())),
            (Deed::Ban | Deed::Mute, Some(who)) => imposed = self.sentence(now, &order, who)?,
            (Deed::Kick, Some(who)) => {
                let there = match room {
                    Some(room) => self.rooms.get(room).is_some_and(|hall| hall.members.contains(&who.person)),
                    None => self.people.get(who.person).is_some_and(|known| !known.sessions.is_empty()),
                };
                if !there {
                    return no_such(format!("{} is not there", who.name));
                }
            }
            (Deed::Op | Deed::Deop | Deed::Owner, Some(who)) => self.may_change_role(&order, who)?,
        }
        let who = who.unwrap_or_else(unnamed);
        Ok(Ordered { giver, by, order, who, imposed, lifted })
    }

    /// The refusal of a name that nobody has.
    fn nobody_called(&self, name: &Nick, at_desk: bool) -> Refusal {
        // Whoever is there sees whom there is; at the desk one does not.
        let hint = if at_desk { self.near(name) } else { String::new() };
        Refusal::new(Code::NoSuchPerson, format!("nobody here is called {name}{hint}"))
    }

    fn may_change_role(&self, order: &Order, who: &Author) -> Result<(), Refusal> {
        if who.guest {
            return Err(Refusal::new(Code::NeedsKey, "a guest has no key, so nobody would know them tomorrow"));
        }
        let crowning = |pending: &Pending| matches!(pending, Pending::Order(ordered) if ordered.crowns());
        if self.tickets.values().any(crowning) {
            // Of two at once the disk could keep the one and we the other.
            return Err(Refusal::new(Code::Busy, "the host is just being given to somebody; try again in a moment"));
        }
        if order.deed == Deed::Owner {
            return self.may_own(who);
        }
        let (is, there) = match &order.room {
            None => (self.role(who.person) == Role::Operator, true),
            Some(room) => self.rooms.get(room).map_or((false, false), |hall| {
                (hall.operators.contains(&who.person), hall.members.contains(&who.person))
            }),
        };
        if is == (order.deed == Deed::Op) {
            return Err(Refusal::new(Code::Unchanged, format!("nothing would change for {}", who.name)));
        }
        match is || there {
            true => Ok(()),
            false => Err(Refusal::new(Code::NoSuchPerson, format!("{} is not there", who.name))),
        }
    }

    fn may_own(&self, who: &Author) -> Result<(), Refusal> {
        if self.role(who.person) == Role::Owner {
            return Err(Refusal::new(Code::Unchanged, format!("{} owns this host already", who.name)));
        }
        match self.sentences.of(Penalty::Ban, None, Subject::Person(who.person)) {
            Some(_) => {
                Err(Refusal::new(Code::Banned, format!("{} is banned from this host; unban them first", who.name)))
            }
            None => Ok(()),
        }
    }

    /// Who owns the host; nobody or one, but for what an older program may have left.
    fn owners(&self) -> Vec<Author> {
        self.people.iter().filter(|known| known.role == Role::Owner).map(|known| known.author.clone()).collect()
    }

    /// The sentences an order imposes: on a person; of a guest, who is somebody else with the next connection, on where
    /// they come from too.
    fn sentence(&self, now: Now, order: &Order, who: &Author) -> Result<Vec<Sentence>, Refusal> {
        if self.sentences.len() + 2 > sentences::MOST {
            let text = format!("this host remembers {} bans and mutes and no more; lift some", sentences::MOST);
            return Err(Refusal::new(Code::Limit, text));
        }
        let penalty = if order.deed == Deed::Ban { Penalty::Ban } else { Penalty::Mute };
        let until = order.time.map(|time| after(now.wall, time));
        let one = |subject| Sentence {
            penalty,
            room: order.room.clone(),
            subject,
            name: who.name.clone(),
            until,
            why: order.why.clone(),
        };
        let address = self.people.get(who.person).filter(|_| who.guest).and_then(|known| {
            known.sessions.iter().find_map(|session| self.sessions.get(session).and_then(|open| open.address))
        });
        Ok([Some(Subject::Person(who.person)), address.map(Subject::Address)].into_iter().flatten().map(one).collect())
    }

    /// What of an order is to be kept.
    fn order_facts(&self, now: Now, ordered: &Ordered) -> Vec<Fact> {
        let Ordered { by, order, who, imposed, lifted, .. } = ordered;
        let mut facts = Vec::new();
        let out = matches!(order.deed, Deed::Kick | Deed::Ban);
        if let (true, false, Some(room)) = (out, who.guest, &order.room) {
            facts.push(Fact::Left { person: who.person, room: room.clone() });
            facts.push(Fact::RoomUninvited { room: room.clone(), person: who.person });
            facts.push(Fact::Role { person: who.person, room: Some(room.clone()), role: Role::Member });
        }
        // Nobody is that guest again.
        let lasting = |sentence: &&Sentence| !who.guest || matches!(sentence.subject, Subject::Address(_));
        facts.extend(imposed.iter().filter(lasting).cloned().map(Fact::Sentenced));
        facts.extend(lifted.iter().filter_map(|id| self.sentences.get(*id)).map(|held| pardoned(&held.sentence)));
        if ordered.crowns() {
            // Whoever lost the host may have lost a key with it: nothing of the rank stays by itself.
            let before = self.owners().into_iter().map(|before| before.person);
            facts.extend(before.map(|person| Fact::Role { person, room: None, role: Role::Member }));
        }
        if let Some(role) = new_role(order.deed) {
            facts.push(Fact::Role { person: who.person, room: order.room.clone(), role });
        }
        let until = imposed.first().and_then(|sentence| sentence.until);
        let record = Record {
            at: now.wall,
            by: by.as_ref().map(|by| by.name.clone()),
            deed: order.deed.as_str().to_owned(),
            room: order.room.clone(),
            whom: Some(who.name.clone()),
            until,
            why: order.why.clone(),
        };
        facts.push(Fact::Recorded(record));
        facts
    }

    /// It is kept: it holds from now on, and is told.
    pub(super) fn order_kept(&mut self, now: Now, ordered: Ordered) {
        let Ordered { giver, by, order, who, imposed, lifted } = ordered;
        for sentence in imposed {
            self.impose(now, sentence);
        }
        for id in lifted {
            self.lift(id);
        }
        let before = if order.deed == Deed::Owner { self.owners() } else { Vec::new() };
        for owner in before {
            self.give_role(owner.person, None, Role::Member);
            self.tell_order(Deed::Deop, None, owner, by.clone(), None, Text::clean(""));
        }
        if let Some(role) = new_role(order.deed) {
            self.give_role(who.person, order.room.as_ref(), role);
        }
        let Order { deed, room, time, why, .. } = order;
        let by_name = by.as_ref().map(|by| by.name.clone());
        self.tell_order(deed, room.clone(), who.clone(), by, time, why.clone());
        let place = room.as_ref().map_or_else(|| "this host".to_owned(), RoomName::to_string);
        let told = rights::told(deed, &place, &who.name, by_name.as_ref(), time, &why);
        match (deed, &room) {
            (Deed::Kick | Deed::Ban, Some(room)) => {
                if let Some(hall) = self.rooms.get_mut(room) {
                    hall.invited.remove(&who.person);
                    hall.operators.remove(&who.person);
                }
                if self.people.get(who.person).is_some_and(|known| known.rooms.contains(room)) {
                    self.out(who.person, room, None);
                }
            }
            (Deed::Kick | Deed::Ban, None) => {
                self.send_away(who.person, &told);
            }
            _ => {}
        }
        match giver {
            Giver::Person { session, tag, .. } => self.answer(session, &tag, Event::Done),
            Giver::Desk(desk) => self.report(desk, vec![Line::done(&told)]),
        }
    }

    fn give_role(&mut self, person: PersonId, room: Option<&RoomName>, role: Role) {
        match room {
            None => {
                if let Some(known) = self.people.get_mut(person) {
                    known.role = role;
                }
            }
            Some(room) => {
                if let Some(hall) = self.rooms.get_mut(room) {
                    match role >= Role::Operator {
                        true => hall.operators.insert(person),
                        false => hall.operators.remove(&person),
                    };
                }
            }
        }
    }

    /// Tells those who are there, and whom it is about.
    pub(super) fn tell_order(
        &mut self,
        deed: Deed,
        room: Option<RoomName>,
        who: Author,
        by: Option<Author>,
        time: Option<Duration>,
        why: Text,
    ) {
        let place = room.clone();
        let person = who.person;
        let event = Event::Moderated { deed, room, who, by, time, why };
        match place {
            Some(room) => self.tell_room(&room, event),
            None => self.spread(person, event),
        }
    }

    /// Closes every connection of a person.
    fn send_away(&mut self, person: PersonId, why: &str) {
        let screens = self.people.get(person).map(|known| known.sessions.clone()).unwrap_or_default();
        for screen in screens {
            self.send_off(screen, why);
        }
    }

    /// Closes one connection, which is to stay away.
    pub(super) fn send_off(&mut self, session: SessionId, why: &str) {
        let mut end = why.len().min(CLOSE_BYTES);
        while !why.is_char_boundary(end) {
            end -= 1;
        }
        self.close(session, CloseCode::SentAway, &why[..end]);
    }

    pub(super) fn audited(&mut self, ticket: super::Ticket, lines: Vec<Record>) {
        match self.tickets.remove(&ticket) {
            Some(Pending::Audit { session, tag }) => self.answer(session, &tag, Event::Audit { lines }),
            Some(Pending::DeskAudit { desk }) => self.report_record(desk, lines),
            _ => {}
        }
    }

    pub(super) fn audit(&mut self, session: SessionId, tag: Tag, person: PersonId, limit: Option<u32>) {
        if let Err(refusal) = may(self.rank(person, None), Doing::Audit, Whom::Nobody) {
            return self.refuse(session, &tag, refusal);
        }
        let limit = limit.unwrap_or(AUDIT_LINES).clamp(1, AUDIT_LINES);
        let ticket = self.ticket(Pending::Audit { session, tag });
        self.effects.push(Effect::Audit { ticket, limit });
    }
}

fn after(wall: Timestamp, time: Duration) -> Timestamp {
    Timestamp(wall.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}

/// It is over, for the store.
pub(super) fn pardoned(sentence: &Sentence) -> Fact {
    Fact::Pardoned { penalty: sentence.penalty, room: sentence.room.clone(), subject: sentence.subject }
}

fn new_role(deed: Deed) -> Option<Role> {
    match deed {
        Deed::Op => Some(Role::Operator),
        Deed::Deop => Some(Role::Member),
        Deed::Owner => Some(Role::Owner),
        _ => None,
    }
}

impl Hub {
    /// A line for the record that is about a room.
    pub(super) fn room_record(&self, by: PersonId, deed: &str, room: &RoomName, whom: Option<Nick>, why: &str) -> Fact {
        Fact::Recorded(Record {
            at: self.wall,
            by: self.people.get(by).map(|known| known.author.name.clone()),
            deed: deed.to_owned(),
            room: Some(room.clone()),
            whom,
            until: None,
            why: Text::clean(why),
        })
    }
}
