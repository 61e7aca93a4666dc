//! Who is let in: invitations are made, listed, taken back and used here, and whoever needs one is told so. What a role is
//! allowed is decided in `rights`; where a connection comes from, in `server::entrance`.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::limits::{Kind, Of, too_quick};
use super::{Hub, Now, Pending, SessionId};
use crate::protocol::command::Tag;
use crate::protocol::entry::{PersonId, Timestamp};
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::fact::Fact;
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::invite::{self, Invitation, Kept, State};
use crate::protocol::names::RoomName;
use crate::protocol::rights::{Penalty, Role};
use crate::protocol::secret::{ShortCode, Token};

/// Invitations that are remembered, open or not: a list that one can still read, and a host whose links are all in use
/// makes room by taking some back.
const REMEMBERED: usize = 500;

/// The longest an invitation with an end lasts. What is to last longer has none.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Where this host is for others.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// `https://192.168.1.5:8080`; `None` when nobody but this machine reaches it.
    pub address: Option<String>,
    /// What its certificate is recognised by, when nobody else vouches for it.
    pub fingerprint: Option<Fingerprint>,
}

/// All invitations, by their numbers.
#[derive(Debug, Default)]
pub struct Invitations {
    all: BTreeMap<u32, Kept>,
    /// By the digests of their short codes, those made since the host runs: a digest of 40 bits on a disk is as good as
    /// the code.
    short: HashMap<[u8; 32], u32>,
}

/// How somebody may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// No invitation was needed, or none given.
    Free,
    /// By this one.
    By(u32),
}

impl Invitations {
    /// Those the store has kept.
    pub fn known(all: Vec<Kept>) -> Invitations {
        Invitations { all: all.into_iter().map(|kept| (kept.invitation.number, kept)).collect(), short: HashMap::new() }
    }

    /// All that are remembered.
    pub fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.all.values()
    }

    /// The open one of this token, or why there is none.
    fn find(&self, token: &Token, now: Timestamp) -> Result<u32, Refusal> {
        // What is compared are digests: how long that takes tells nothing of a token.
        let found = match ShortCode::parse(token.as_str()) {
            Some(code) => self.short.get(&code.digest()).and_then(|number| self.all.get(number)),
            None => {
                let digest = invite::digest(token);
                self.all.values().find(|kept| kept.digest == digest)
            }
        };
        let no = |text: &str| Err(Refusal::new(Code::NeedsInvite, text));
        match found.map(|kept| (kept.invitation.number, kept.invitation.state(now))) {
            Some((number, State::Open)) => Ok(number),
            Some((_, State::Used)) => no("somebody has come in by this invitation already; ask for another"),
            Some((_, State::Expired)) => no("this invitation has expired; ask for another"),
            Some((_, State::Revoked)) => no("this invitation was taken back; ask for another"),
            None => no("this invitation is not known here; copy it again, or ask for another"),
        }
    }

    /// The oldest that opens nothing any more.
    fn spent(&self, now: Timestamp) -> Option<u32> {
        let spent = |kept: &&Kept| kept.invitation.state(now) != State::Open;
        self.all.values().find(spent).map(|kept| kept.invitation.number)
    }

    fn forget(&mut self, number: u32) {
        self.all.remove(&number);
        self.short.retain(|_, of| *of != number);
    }
}

impl Hub {
    /// Whether a guess is free, if that is what this token is: those of its address, and of everybody.
    pub(super) fn may_guess(&mut self, now: Now, session: SessionId, token: Option<&Token>) -> Result<(), Refusal> {
        if token.and_then(|token| ShortCode::parse(token.as_str())).is_none() {
            return Ok(());
        }
        let address = self.sessions.get(&session).and_then(|open| open.address).map(Of::Address);
        let of: Vec<Of> = address.into_iter().chain([Of::Everybody]).collect();
        self.limiter.take(&self.rules.rates, now.up, Kind::Password, &of).map_err(too_quick)
    }

    /// Whether somebody unknown may come in on this connection, and by what.
    pub(super) fn admit(
        &self,
        now: Now,
        session: SessionId,
        owner: bool,
        token: Option<&Token>,
    ) -> Result<Admission, Refusal> {
        let free = owner || self.sessions.get(&session).is_some_and(|open| open.free);
        match token.filter(|_| !owner) {
            Some(token) => match self.invitations.find(token, now.wall) {
                Ok(number) => Ok(Admission::By(number)),
                Err(_) if free => Ok(Admission::Free),
                Err(refusal) => Err(refusal),
            },
            None if free => Ok(Admission::Free),
            None => {
                let text = "this host lets in whom it invited; ask for an invitation and come by its link";
                Err(Refusal::new(Code::NeedsInvite, text))
            }
        }
    }

    /// The invitation is used, at once, so that nobody comes in by it twice; what is to be kept of that.
    pub(super) fn use_up(&mut self, admission: &Admission) -> Option<Fact> {
        let Admission::By(number) = admission else { return None };
        let kept = self.invitations.all.get_mut(number)?;
        kept.invitation.used = kept.invitation.used.saturating_add(1);
        Some(Fact::Invited(kept.clone()))
    }

    /// Nobody came in by it after all.
    pub(super) fn give_back(&mut self, admission: &Admission) {
        let Admission::By(number) = admission else { return };
        if let Some(kept) = self.invitations.all.get_mut(number) {
            kept.invitation.used = kept.invitation.used.saturating_sub(1);
        }
    }

    /// The room an admission leads to, if it is still there.
    pub(super) fn leads_to(&self, admission: &Admission) -> Option<RoomName> {
        let Admission::By(number) = admission else { return None };
        let room = self.invitations.all.get(number)?.invitation.room.clone()?;
        Some(room).filter(|room| self.rooms.get(room).is_some_and(|hall| !hall.gone))
    }

    /// Somebody known came by an invitation: it makes them a member of its room.
    pub(super) fn lead_in(&mut self, session: SessionId, person: PersonId, by: &Admission) {
        let Some(room) = self.leads_to(by) else { return };
        if self.sentenced(Penalty::Ban, Some(&room), person, session).is_some() {
            return;
        }
        if self.people.get(person).is_none_or(|known| known.author.guest || known.rooms.contains(&room)) {
            return;
        }
        let facts = self.use_up(by).into_iter().chain([Fact::Joined { person, room: room.clone() }]).collect();
        self.keep(facts, Pending::Nobody);
        self.becomes_member(person, &room);
    }

    /// Somebody is a member of a room that is there, and those who listen there hear of it.
    pub(super) fn becomes_member(&mut self, person: PersonId, room: &RoomName) {
        let Some(hall) = self.rooms.get_mut(room) else { return };
        hall.members.insert(person);
        let Some(known) = self.people.get_mut(person) else { return };
        known.rooms.insert(room.clone());
        let who = known.author.clone();
        self.moved(room, None, who, true);
    }

    /// The store could not keep it, so nobody gets its link.
    pub(super) fn forget_invitation(&mut self, number: u32) {
        self.invitations.forget(number);
    }

    fn may_invite(&self, person: PersonId) -> Result<(), Refusal> {
        match self.role(person) >= Role::Operator {
            true => Ok(()),
            false => Err(Refusal::new(Code::NotAllowed, "only operators of the host invite people to it")),
        }
    }

    #[allow(clippy::too_many_arguments)] // the fields of one command, and who asks
    pub(super) fn invite(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: Option<RoomName>,
        once: bool,
        lasts: Option<Duration>,
    ) {
        match self.make_invitation(now, session, person, room, once, lasts) {
            Ok((facts, number, token)) => self.keep(facts, Pending::Invite { session, tag, number, token }),
            Err(refusal) => self.refuse(session, &tag, refusal),
        }
    }

    fn make_invitation(
        &mut self,
        now: Now,
        session: SessionId,
        person: PersonId,
        room: Option<RoomName>,
        once: bool,
        lasts: Option<Duration>,
    ) -> Result<(Vec<Fact>, u32, Token), Refusal> {
        self.may_invite(person)?;
        if self.page_of(session).is_none() {
            let text =
                "only this machine reaches this host; start it with --lan, or name it in `names` of its settings";
            return Err(Refusal::new(Code::Other, text));
        }
        let room = match room {
            Some(room) => {
                self.seen(person, &room)?;
                self.rooms.get_key_value(&room).map(|(known, _)| known.clone())
            }
            None => None,
        };
        if lasts.is_some_and(|lasts| lasts > LONGEST || lasts.is_zero()) {
            return Err(Refusal::new(Code::Limit, "an invitation lasts up to 366 days, or for good"));
        }
        let mut facts = Vec::new();
        if self.invitations.all.len() >= REMEMBERED {
            let Some(spent) = self.invitations.spent(now.wall) else {
                let text = format!("there are {REMEMBERED} open invitations; take some back");
                return Err(Refusal::new(Code::Limit, text));
            };
            self.invitations.forget(spent);
            facts.push(Fact::Uninvited(spent));
        }
        let Some(by) = self.people.get(person).map(|known| known.author.name.clone()) else {
            return Err(Refusal::new(Code::Other, "nobody asks"));
        };
        self.last_invitation += 1;
        let number = self.last_invitation;
        let token = Token::made_of(&self.rules.seed, number);
        let until = lasts.map(|lasts| Timestamp(now.wall.0.saturating_add(lasts.as_millis() as i64)));
        let invitation = Invitation { number, room, by, made: now.wall, until, once, used: 0, revoked: false };
        let kept = Kept { invitation, digest: invite::digest(&token) };
        facts.push(Fact::Invited(kept.clone()));
        self.invitations.all.insert(number, kept);
        self.invitations.short.insert(ShortCode::made_of(&self.rules.seed, number).digest(), number);
        Ok((facts, number, token))
    }

    /// It is kept: whoever made it gets the link, once.
    pub(super) fn invited(&mut self, session: SessionId, tag: Tag, number: u32, token: &Token) {
        let made = self.invitations.all.get(&number).map(|kept| kept.invitation.clone());
        let (Some(invitation), Some(page)) = (made, self.page_of(session)) else { return self.done(session) };
        let link = invite::link(&page, invitation.room.as_ref(), token, self.rules.site.fingerprint);
        let code = Some(ShortCode::made_of(&self.rules.seed, number));
        self.answer(session, &tag, Event::Invitation { invitation, link, code });
    }

    /// Where others find this host: as it was started, or else as this connection, which is from elsewhere, found it.
    pub(super) fn page_of(&self, session: SessionId) -> Option<String> {
        let found = || {
            let open = self.sessions.get(&session).filter(|open| !open.free)?;
            Some(format!("https://{}", open.authority))
        };
        self.rules.site.address.clone().or_else(found)
    }

    pub(super) fn invitations(&mut self, session: SessionId, tag: Tag, person: PersonId) {
        if let Err(refusal) = self.may_invite(person) {
            return self.refuse(session, &tag, refusal);
        }
        let all = self.invitations.all.values().rev().map(|kept| kept.invitation.clone()).collect();
        self.answer(session, &tag, Event::Invitations(all));
    }

    pub(super) fn uninvite(&mut self, session: SessionId, tag: Tag, person: PersonId, number: u32) {
        if let Err(refusal) = self.may_invite(person) {
            return self.refuse(session, &tag, refusal);
        }
        let Some(kept) = self.invitations.all.get_mut(&number) else {
            let text = format!("there is no invitation {number}");
            return self.refuse(session, &tag, Refusal::new(Code::Other, text));
        };
        kept.invitation.revoked = true;
        let facts = vec![Fact::Invited(kept.clone())];
        self.keep(facts, Pending::Settled { session, tag });
    }
}
