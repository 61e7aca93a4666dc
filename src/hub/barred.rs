//! What holds people back: sentences while they are served, what they forbid, how often one may do what; and the list of
//! them. Who imposes them is in `order`, where they are remembered in `sentences`.

use std::time::Duration;

use super::order::pardoned;
use super::rights::{Doing, Place, Rank, Whom, may};
use super::{Alarm, Hub, Now, Pending, SessionId, limits, sentences};
use crate::protocol::command::Tag;
use crate::protocol::entry::{Conversation, PersonId};
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::names::RoomName;
use crate::protocol::rights::{AUDIT_LINES, Barred, Deed, Penalty, Sentence, Subject};
use crate::protocol::span;
use crate::protocol::text::Text;

impl Hub {
    /// A guest is gone, and will never be the same again.
    pub(super) fn forget_sentences(&mut self, guest: PersonId) {
        for id in self.sentences.of_person(guest) {
            self.lift(id);
        }
    }

    /// A sentence holds from now on, until its alarm.
    pub(super) fn impose(&mut self, now: Now, sentence: Sentence) {
        let left = sentence.until.map(|until| u64::try_from(until.0.saturating_sub(now.wall.0)).unwrap_or(0));
        let ends = left.map(|ms| now.up.saturating_add(Duration::from_millis(ms)));
        if let Some(before) = self.sentences.like(&sentence) {
            self.lift(before);
        }
        let id = self.sentences.add(sentence, ends);
        if let Some(at) = ends {
            self.alarms.insert((at, Alarm::Over(id)));
        }
    }

    /// A sentence holds no more.
    pub(super) fn lift(&mut self, id: u64) -> Option<Sentence> {
        let held = self.sentences.remove(id)?;
        if let Some(at) = held.ends {
            self.alarms.remove(&(at, Alarm::Over(id)));
        }
        Some(held.sentence)
    }

    /// The time of a sentence is over.
    pub(super) fn over(&mut self, id: u64) {
        let Some(sentence) = self.lift(id) else { return };
        self.keep(vec![pardoned(&sentence)], Pending::Nobody);
        let (Penalty::Mute, Subject::Person(person)) = (sentence.penalty, sentence.subject) else { return };
        if let Some(who) = self.people.get(person).map(|known| known.author.clone()) {
            self.tell_order(Deed::Unmute, sentence.room, who, None, None, Text::clean(""));
        }
    }

    /// The sentence that keeps this person from being somewhere, or from speaking there. What is about an address holds
    /// for guests.
    pub(super) fn sentenced(
        &self,
        penalty: Penalty,
        room: Option<&RoomName>,
        person: PersonId,
        session: SessionId,
    ) -> Option<Refusal> {
        let by_person = self.sentences.of(penalty, room, Subject::Person(person));
        let guest = self.people.get(person).is_none_or(|known| known.author.guest);
        let address = || self.sessions.get(&session).filter(|_| guest)?.address;
        let held = by_person.or_else(|| self.sentences.of(penalty, room, Subject::Address(address()?)))?;
        Some(self.no(held))
    }

    /// The refusal of who comes to the host and is banned; `person` is `None` of whom it does not know.
    pub(super) fn banned(&self, person: Option<PersonId>, session: SessionId) -> Option<Refusal> {
        let held = match person {
            Some(person) => self.sentences.of(Penalty::Ban, None, Subject::Person(person)),
            None => {
                let address = self.sessions.get(&session)?.address?;
                self.sentences.of(Penalty::Ban, None, Subject::Address(address))
            }
        };
        held.map(|held| self.no(held))
    }

    fn no(&self, held: &sentences::Held) -> Refusal {
        let left = held.ends.map(|ends| ends.saturating_sub(self.up));
        let place = held.sentence.room.as_ref().map_or_else(|| "this host".to_owned(), RoomName::to_string);
        let time = left.map(|left| format!(" for another {}", span::show(left))).unwrap_or_default();
        let why = match held.sentence.why.is_blank() {
            true => String::new(),
            false => format!(": {}", held.sentence.why.one_line()),
        };
        let (code, text) = match held.sentence.penalty {
            Penalty::Ban => (Code::Banned, format!("you are banned from {place}{time}{why}")),
            Penalty::Mute => (Code::Muted, format!("you are muted in {place}{time}{why}")),
        };
        Refusal { retry_after: left, ..Refusal::new(code, text) }
    }

    /// Why this person may not say that there now; what one said one may always take back.
    pub(super) fn may_speak(
        &mut self,
        now: Now,
        session: SessionId,
        person: PersonId,
        conversation: &Conversation,
        said: bool,
    ) -> Result<(), Refusal> {
        let room = match conversation {
            Conversation::Room(room) => Some(room),
            Conversation::Direct(_) => None,
        };
        let muted = |place| self.sentenced(Penalty::Mute, place, person, session);
        if let Some(refusal) = muted(None).or_else(|| muted(Some(room?))) {
            return Err(refusal);
        }
        let Some(room) = room else { return Ok(()) };
        let operator = self.rank(person, Some(room)) >= Rank::OfRoom;
        let Some(hall) = self.rooms.get_mut(room).filter(|_| !operator) else { return Ok(()) };
        if hall.settings.readonly {
            return Err(Refusal::new(Code::ReadOnly, format!("only operators speak in {room}")));
        }
        if said && !hall.settings.slow.is_zero() {
            let slow = hall.settings.slow;
            let wait = hall.spoke.get(&person).map_or(Duration::ZERO, |at| (*at + slow).saturating_sub(now.up));
            if !wait.is_zero() {
                let text =
                    format!("{room} is slow: one line each in {}; you in {}", span::show(slow), span::show(wait));
                return Err(Refusal { retry_after: Some(wait), ..Refusal::new(Code::RateLimited, text) });
            }
        }
        Ok(())
    }

    /// A line of this person is on its way: the next one in a slow room has to wait.
    pub(super) fn spoke(&mut self, now: Now, person: PersonId, conversation: &Conversation) {
        let Conversation::Room(room) = conversation else { return };
        let Some(hall) = self.rooms.get_mut(room).filter(|hall| !hall.settings.slow.is_zero()) else { return };
        let slow = hall.settings.slow;
        hall.spoke.retain(|_, at| *at + slow > now.up);
        hall.spoke.insert(person, now.up);
    }

    /// Takes from the buckets of a person and of where it is, or says how long to wait.
    pub(super) fn limited(
        &mut self,
        now: Now,
        session: SessionId,
        person: PersonId,
        kind: limits::Kind,
    ) -> Result<(), Refusal> {
        let address = self.sessions.get(&session).and_then(|open| open.address);
        let of: Vec<limits::Of> =
            [Some(limits::Of::Person(person)), address.map(limits::Of::Address)].into_iter().flatten().collect();
        self.limiter.take(&self.rules.rates, now.up, kind, &of).map_err(limits::too_quick)
    }

    /// `/bans`: a room's are its operators' to see, and only of rooms that one may know of; the host's are the host's.
    pub(super) fn bans(&mut self, session: SessionId, tag: &Tag, person: PersonId, room: Option<RoomName>) {
        let place = if room.is_some() { Place::Room } else { Place::Host };
        let known = room.as_ref().map_or(Ok(()), |room| self.seen(person, room).map(drop));
        let allowed = known.and_then(|()| may(self.rank(person, room.as_ref()), Doing::Bans(place), Whom::Nobody));
        if let Err(refusal) = allowed {
            return self.refuse(session, tag, refusal);
        }
        let mut bans: Vec<Barred> = self.sentences.all().filter(|one| one.room == room).map(told_of).collect();
        // Of a guest who is there are two: of them, and of where they are.
        bans.dedup_by(|next, first| {
            let same = (&next.name, next.penalty) == (&first.name, first.penalty);
            first.guest |= same && next.guest;
            same
        });
        let most = usize::try_from(AUDIT_LINES).unwrap_or(usize::MAX);
        let more = bans.len() > most;
        bans.truncate(most);
        self.answer(session, tag, Event::Bans { room, bans, more });
    }
}

/// A sentence without what is nobody's business: an address.
fn told_of(sentence: &Sentence) -> Barred {
    let Sentence { penalty, subject, name, until, why, .. } = sentence.clone();
    Barred { penalty, name, guest: matches!(subject, Subject::Address(_)), until, why }
}
