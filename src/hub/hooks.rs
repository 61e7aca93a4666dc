//! Webhooks: made, listed and taken back by who keeps order in a room, and what programs then say by them, under the same
//! limits as everybody. How it gets here, and what is answered, is in `calls` and the server's.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::calls::{Call, Reply};
use super::limits::{Kind, Of, source, too_quick};
use super::rights::{Doing, Whom, may};
use super::{Effect, Hub, Now, Pending, SessionId};
use crate::protocol::command::Tag;
use crate::protocol::entry::{Author, Conversation, Nonce, PersonId, What};
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::fact::{Draft, Fact};
use crate::protocol::hook::{self, Hook, KeptHook};
use crate::protocol::invite;
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::rights::{Penalty, Subject};
use crate::protocol::secret::Token;
use crate::protocol::text::Text;

/// Webhooks of a host: a list that one can still read. Each is looked for by going through all.
const MOST: usize = 200;

/// What one is called when its maker does not say.
const NAME: &str = "hook";

/// All webhooks, by their numbers.
#[derive(Debug, Default)]
pub struct Hooks {
    all: BTreeMap<u32, KeptHook>,
    last: u32,
}

impl Hooks {
    /// Those the store has kept.
    pub fn known(all: Vec<KeptHook>) -> Hooks {
        let all: BTreeMap<u32, KeptHook> = all.into_iter().map(|kept| (kept.hook.number, kept)).collect();
        Hooks { last: all.keys().next_back().copied().unwrap_or(0), all }
    }

    /// All there are.
    pub fn iter(&self) -> impl Iterator<Item = &KeptHook> {
        self.all.values()
    }

    /// The one of this token. What is compared are digests: how long that takes tells nothing of a token.
    fn find(&self, token: &Token) -> Option<&KeptHook> {
        let digest = invite::digest(token);
        self.all.values().find(|kept| kept.digest == digest)
    }
}

/// Something a program says by a webhook.
#[derive(Clone, Debug)]
pub struct Words {
    /// What lets it.
    pub token: Token,
    /// What it says.
    pub text: Text,
    /// What it is called this time.
    pub name: Option<Nick>,
    /// What the line is recognised by.
    pub nonce: Option<Nonce>,
    /// Where it comes from.
    pub address: IpAddr,
}

impl Hub {
    pub(super) fn add_hook(
        &mut self,
        now: Now,
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        name: Option<Nick>,
    ) {
        match self.make_hook(now, session, person, room, name) {
            Ok((facts, number, token)) => self.keep(facts, Pending::Hook { session, tag, number, token }),
            Err(refusal) => self.refuse(session, &tag, refusal),
        }
    }

    /// Whether somebody may decide about webhooks of this room, which they must know of.
    fn may_hook(&self, person: PersonId, room: &RoomName) -> Result<(), Refusal> {
        self.seen(person, room)?;
        may(self.rank(person, Some(room)), Doing::Room, Whom::Nobody)
    }

    fn make_hook(
        &mut self,
        now: Now,
        session: SessionId,
        person: PersonId,
        room: RoomName,
        name: Option<Nick>,
    ) -> Result<(Vec<Fact>, u32, Token), Refusal> {
        self.may_hook(person, &room)?;
        if self.hooks.all.len() >= MOST {
            let text = format!("there are {MOST} webhooks, and that is as many as there may be; take some back");
            return Err(Refusal::new(Code::Limit, text));
        }
        let name = match name {
            Some(name) if !name.claimable() => {
                return Err(Refusal::new(Code::BadName, format!("nobody can be called {name}")));
            }
            Some(name) if self.people.taken(&name, None, now.wall).is_some() => return Err(self.name_taken(now, &name)),
            Some(name) => Some(name),
            None => Nick::parse(NAME).ok().and_then(|wish| self.people.nearest_free(&wish, None, now.wall)),
        };
        let name = name.ok_or_else(|| Refusal::new(Code::BadName, "no name is free; give it one"))?;
        self.limited(now, session, person, Kind::Name)?;
        let Some(by) = self.people.get(person).map(|known| known.author.name.clone()) else {
            return Err(Refusal::new(Code::Other, "nobody asks"));
        };
        self.hooks.last += 1;
        let number = self.hooks.last;
        let token = Token::of_hook(&self.rules.seed, number);
        let speaker = speaker(&self.rules.seed, number);
        let record = self.room_record(person, "hook", &room, Some(name.clone()), "");
        self.people.wear(&name, speaker);
        let hook = Hook { number, room, name, by, made: now.wall };
        let kept = KeptHook { hook, person: speaker, digest: invite::digest(&token) };
        self.hooks.all.insert(number, kept.clone());
        Ok((vec![Fact::Hooked(kept), record], number, token))
    }

    /// It is kept: whoever made it gets its address, once.
    pub(super) fn hooked(&mut self, session: SessionId, tag: Tag, number: u32, token: &Token) {
        let made = self.hooks.all.get(&number).map(|kept| kept.hook.clone());
        let here = self.sessions.get(&session).map(|open| format!("http://{}", open.authority));
        let (Some(hook), Some(page)) = (made, self.page_of(session).or(here)) else { return self.done(session) };
        let link = hook::link(&page, token);
        self.answer(session, &tag, Event::Hook { hook, link });
    }

    /// It is no more; its name is free again.
    pub(super) fn forget_hook(&mut self, number: u32) {
        if let Some(gone) = self.hooks.all.remove(&number) {
            self.people.put_off(&gone.hook.name, gone.person);
        }
    }

    pub(super) fn list_hooks(&mut self, session: SessionId, tag: &Tag, person: PersonId) {
        let own = |kept: &&KeptHook| self.may_hook(person, &kept.hook.room).is_ok();
        let all = self.hooks.all.values().rev().filter(own).map(|kept| kept.hook.clone()).collect();
        self.answer(session, tag, Event::Hooks(all));
    }

    pub(super) fn remove_hook(&mut self, session: SessionId, tag: Tag, person: PersonId, number: u32) {
        // One of a room that is not theirs is to them as one that is not there.
        let found = self.hooks.all.get(&number).filter(|kept| self.may_hook(person, &kept.hook.room).is_ok());
        let Some(hook) = found.map(|kept| kept.hook.clone()) else {
            let text = format!("you have no webhook {number}; /hook list shows which there are");
            return self.refuse(session, &tag, Refusal::new(Code::Other, text));
        };
        let record = self.room_record(person, "unhook", &hook.room, Some(hook.name.clone()), "");
        // At once: what was taken back says nothing more, also when the disk is full.
        self.forget_hook(number);
        self.keep(vec![Fact::Unhooked(number), record], Pending::Settled { session, tag });
    }

    /// The webhooks of a room, which is to be no more.
    pub(super) fn hooks_of(&self, room: &RoomName) -> Vec<u32> {
        self.hooks.all.values().filter(|kept| kept.hook.room == *room).map(|kept| kept.hook.number).collect()
    }

    /// A program says something.
    pub(super) fn say_by_hook(&mut self, now: Now, call: Call, words: Words) {
        match self.worded(now, words) {
            Ok(draft) => {
                let ticket = self.ticket(Pending::Called { call });
                self.effects.push(Effect::Append { ticket, draft });
            }
            Err(refusal) => self.reply(call, Reply::Refused(refusal)),
        }
    }

    fn worded(&mut self, now: Now, words: Words) -> Result<Draft, Refusal> {
        let Words { token, text, name, nonce, address } = words;
        let address = source(address);
        self.may_guess_over_http(now, address)?;
        let Some(KeptHook { hook, person, .. }) = self.hooks.find(&token).cloned() else {
            self.guessed_over_http(now, address)?;
            return Err(Refusal::new(Code::NeedsInvite, "there is no such webhook, or it was taken back"));
        };
        let banned = address.and_then(|from| self.sentences.of(Penalty::Ban, None, Subject::Address(from)));
        if banned.is_some() {
            return Err(Refusal::new(Code::Banned, "that address is banned from this host"));
        }
        let Some((room, _)) = self.rooms.get_key_value(&hook.room).filter(|(_, hall)| !hall.gone) else {
            return Err(Refusal::new(Code::NeedsInvite, "there is no such webhook, or it was taken back"));
        };
        let room = room.clone();
        let name = match name {
            Some(name) if name.folded() == hook.name.folded() => hook.name,
            Some(name) if !name.claimable() => {
                return Err(Refusal::new(Code::BadName, format!("nobody can be called {name}")));
            }
            Some(name) if self.people.taken(&name, Some(person), now.wall).is_some() => {
                return Err(Refusal::new(Code::BadName, format!("the name {name} belongs to somebody else here")));
            }
            Some(name) => name,
            None => hook.name,
        };
        let of: Vec<Of> = [Of::Person(person)].into_iter().chain(address.map(Of::Address)).collect();
        self.limiter.take(&self.rules.rates, now.up, Kind::Message, &of).map_err(too_quick)?;
        let conversation = Conversation::Room(room.clone());
        let what = What::Said { text, me: false, reply_to: None };
        let mentions = self.mentioned(&conversation, person, &what);
        let from = Author { person, name, guest: false, bot: true };
        Ok(Draft { conversation, to: Target::Room(room), at: now.wall, from, what, nonce, mentions })
    }
}

/// Who speaks by the webhook with this number.
fn speaker(seed: &[u8; 32], number: u32) -> PersonId {
    let of = Sha256::new().chain_update(b"hook person").chain_update(seed).chain_update(number.to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&of.finalize()[..16]);
    PersonId(id)
}
