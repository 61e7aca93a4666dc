//! What is asked over HTTP, where nobody enters: the tail of a room, a word by a webhook, whether all is well, figures.
//! Whoever asks may read what somebody who came the same way could read as a guest, and is told as little of rooms that
//! are not for them. How it is asked and answered is the server's; webhooks are in `hooks`.

use std::net::IpAddr;
use std::sync::Arc;

use super::hooks::Words;
use super::limits::{Kind, Of, source, too_quick};
use super::{Effect, Failure, Hub, Now, Pending};
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{Conversation, Entry, Page, PersonId};
use crate::protocol::event::{Code, Refusal};
use crate::protocol::fact::Fact;
use crate::protocol::invite::{self, State};
use crate::protocol::names::{RoomName, Target};
use crate::protocol::rights::{Penalty, Subject};
use crate::protocol::secret::Token;

/// Reads for nobody in particular.
const NOBODY: PersonId = PersonId([0; 16]);

/// Somebody who asks over HTTP, until that is answered. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call(pub u64);

/// What is asked.
#[derive(Clone, Debug)]
pub enum Wish {
    /// The newest of what was said in a room.
    Tail(Tail),
    /// A program says something.
    Say(Words),
    /// Whether what is asked of the store is answered.
    Health,
    /// How much there is of everything.
    Figures,
}

/// The tail of a room that somebody wants to read.
#[derive(Clone, Debug)]
pub struct Tail {
    /// Which; `None`: something that is no name.
    pub room: Option<RoomName>,
    /// Entries at most.
    pub limit: u32,
    /// Where they come from.
    pub address: IpAddr,
    /// Whether one needs no invitation, coming from there.
    pub free: bool,
    /// An invitation.
    pub token: Option<Token>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The tail.
    Page(Target, Page),
    /// It is kept; `false`: it was before.
    Said(Arc<Entry>, bool),
    /// All is well.
    Well,
    /// How much there is.
    Figures(Figures),
    /// No.
    Refused(Refusal),
}

/// How much there is, as far as the hub knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// People with a key.
    pub people: usize,
    /// Of all, those who are there.
    pub online: usize,
    /// Rooms.
    pub rooms: usize,
    /// Webhooks.
    pub hooks: usize,
    /// Entries kept since the start.
    pub entries: u64,
    /// Answers that were no, since the start.
    pub refusals: u64,
    /// Whether what was last to be kept was not, for want of room.
    pub full: bool,
}

impl Hub {
    pub(super) fn called(&mut self, now: Now, call: Call, wish: Wish) {
        if self.stopping {
            let refusal = Refusal::new(Code::Busy, "the host stops; come back in a moment");
            return self.reply(call, Reply::Refused(refusal));
        }
        match wish {
            Wish::Tail(tail) => match self.may_tail(now, &tail) {
                Ok(room) => {
                    let to = Target::Room(room.clone());
                    let ticket = self.ticket(Pending::Tailed { call, to });
                    let conversation = Conversation::Room(room);
                    let limit = tail.limit.clamp(1, self.page_limit(None));
                    self.effects.push(Effect::Page {
                        ticket,
                        conversation,
                        end: PageEnd::Newest,
                        limit,
                        asker: NOBODY,
                    });
                }
                Err(refusal) => self.reply(call, Reply::Refused(refusal)),
            },
            Wish::Say(words) => self.say_by_hook(now, call, words),
            // What failed is tried again, by keeping what is kept already: nobody else may want to keep anything now.
            Wish::Health if self.counters.full => {
                let fact = Fact::RoomMade { room: self.rules.default_room.clone(), maker: None, at: now.wall };
                self.keep(vec![fact], Pending::Called { call });
            }
            Wish::Health => {
                let ticket = self.ticket(Pending::Called { call });
                self.effects.push(Effect::Load { ticket, person: NOBODY, of: Vec::new() });
            }
            Wish::Figures => self.reply(call, Reply::Figures(self.figures())),
        }
    }

    pub(super) fn reply(&mut self, call: Call, reply: Reply) {
        self.counters.refusals += u64::from(matches!(reply, Reply::Refused(_)));
        self.effects.push(Effect::Reply { call, reply });
    }

    /// What came of something that was to be kept.
    pub(super) fn kept_or_not(&mut self, why: Option<Failure>) {
        match why {
            None => self.counters.full = false,
            Some(Failure::Full) => self.counters.full = true,
            Some(_) => {}
        }
    }

    fn figures(&self) -> Figures {
        let online = self.people.iter().filter(|known| known.online).count();
        let (people, rooms, hooks) = (self.people.with_keys(), self.rooms.len(), self.hooks.iter().count());
        Figures { people, online, rooms, hooks, ..self.counters }
    }

    /// The room, if it is for whoever asks. Of one that is not it is not told whether it is there.
    fn may_tail(&mut self, now: Now, tail: &Tail) -> Result<RoomName, Refusal> {
        let address = source(tail.address);
        let banned = |hub: &Hub, room: Option<&RoomName>| {
            address.is_some_and(|from| hub.sentences.of(Penalty::Ban, room, Subject::Address(from)).is_some())
        };
        if banned(self, None) {
            return Err(Refusal::new(Code::Banned, "that address is banned from this host"));
        }
        let led = match &tail.token {
            None if tail.free => None,
            None => {
                let text = "this host lets in whom it invited: send an invitation, as Authorization: Bearer TOKEN";
                return Err(Refusal::new(Code::NeedsInvite, text));
            }
            Some(token) => self.invited_to_read(now, address, token)?,
        };
        let of: Vec<Of> = address.map(Of::Address).into_iter().collect();
        self.limiter.take(&self.rules.rates, now.up, Kind::Join, &of).map_err(too_quick)?;
        let none = || Refusal::new(Code::NoSuchRoom, "there is no such room, or it is not for everybody");
        let (room, hall) = tail.room.as_ref().and_then(|room| self.rooms.get_key_value(room)).ok_or_else(none)?;
        let open = !hall.settings.private && hall.password.is_none();
        match !hall.gone && (open || led.as_ref() == Some(room)) && !banned(self, Some(room)) {
            true => Ok(room.clone()),
            false => Err(none()),
        }
    }

    /// The room that an invitation leads to, if one may read by it: what is for one person alone is used up by coming in.
    fn invited_to_read(
        &mut self,
        now: Now,
        address: Option<IpAddr>,
        token: &Token,
    ) -> Result<Option<RoomName>, Refusal> {
        self.may_guess_over_http(now, address)?;
        let digest = invite::digest(token);
        let found = self.invitations.iter().find(|kept| kept.digest == digest).map(|kept| kept.invitation.clone());
        let open = found.filter(|one| one.state(now.wall) == State::Open && !one.once);
        match open {
            Some(one) => Ok(one.room),
            None => {
                self.guessed_over_http(now, address)?;
                let text = "that is no invitation to read by; one that lasts, and not for one person alone, is";
                Err(Refusal::new(Code::NeedsInvite, text))
            }
        }
    }

    /// Whether somebody who was wrong too often may try again.
    pub(super) fn may_guess_over_http(&self, now: Now, address: Option<IpAddr>) -> Result<(), Refusal> {
        let of: Vec<Of> = address.map(Of::Address).into_iter().collect();
        self.limiter.free(&self.rules.rates, now.up, Kind::Password, &of).map_err(too_quick)
    }

    /// Somebody was wrong. This machine is not kept from being right; it is only told more slowly that it is not.
    pub(super) fn guessed_over_http(&mut self, now: Now, address: Option<IpAddr>) -> Result<(), Refusal> {
        let of = [address.map_or(Of::OwnMachine, Of::Address)];
        self.limiter.take(&self.rules.rates, now.up, Kind::Password, &of).map_err(too_quick)
    }
}
