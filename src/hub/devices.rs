//! Several devices of one person: each has a key of its own. A link for one more is made by somebody who is in, works once
//! and for a few minutes, and is kept nowhere but here; keys are listed and taken away.

use std::collections::HashMap;
use std::time::Duration;

use super::{Hub, Now, Pending, SessionId};
use crate::protocol::command::Tag;
use crate::protocol::entry::{PersonId, Timestamp};
use crate::protocol::event::{Code, Device, Event, Refusal};
use crate::protocol::fact::Fact;
use crate::protocol::invite;
use crate::protocol::person::PublicKey;
use crate::protocol::secret::{ShortCode, Token};

/// How long a link for a device works: long enough to walk over to it.
const WORKS: Duration = Duration::from_secs(600);

/// Devices of one person: more than anybody has, and an end for whoever makes them by a script.
const DEVICES: usize = 16;

/// Numbers of tokens for devices begin here; those of invitations, which come of the same seed, never get so far.
const NUMBERS: u32 = 1 << 31;

/// The links that work.
#[derive(Debug, Default)]
pub struct Links {
    /// By the digests of what opens it, a token and a short code; one pair for each person at most.
    open: HashMap<[u8; 32], (PersonId, Duration)>,
    made: u32,
}

impl Links {
    /// The person whose link this is; it opens nothing after that.
    fn take(&mut self, token: &Token, up: Duration) -> Option<PersonId> {
        let digest = match ShortCode::parse(token.as_str()) {
            Some(code) => code.digest(),
            None => invite::digest(token),
        };
        let (person, until) = self.open.remove(&digest)?;
        self.open.retain(|_, (whose, _)| *whose != person);
        (until > up).then_some(person)
    }
}

impl Hub {
    pub(super) fn add_device(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId) {
        if self.people.get(person).is_none_or(|known| known.author.guest) {
            let refusal = Refusal::new(Code::NeedsKey, "a guest has no key, and no other device");
            return self.refuse(session, &tag, refusal);
        }
        if self.people.keys_of(person).len() >= DEVICES {
            let text = format!("a person has at most {DEVICES} devices; take one away with /devices");
            return self.refuse(session, &tag, Refusal::new(Code::Limit, text));
        }
        let links = &mut self.devices;
        links.open.retain(|_, (whose, until)| *whose != person && *until > now.up);
        links.made = links.made.wrapping_add(1);
        let token = Token::made_of(&self.rules.seed, NUMBERS | links.made);
        let code = ShortCode::made_of(&self.rules.seed, NUMBERS | links.made);
        for digest in [invite::digest(&token), code.digest()] {
            links.open.insert(digest, (person, now.up + WORKS));
        }
        let here = || self.sessions.get(&session).map(|open| format!("http://{}", open.authority));
        let page = self.page_of(session).or_else(here).unwrap_or_default();
        let link = invite::link(&page, None, &token, self.rules.site.fingerprint);
        let until = Timestamp(now.wall.0.saturating_add(WORKS.as_millis() as i64));
        self.answer(session, &tag, Event::DeviceLink { link, until, code: Some(code) });
    }

    /// A key that nobody knows, with a link for a device: it is that person's from now on, once the store has kept it.
    /// `false`: that is no such link.
    pub(super) fn new_device(
        &mut self,
        now: Now,
        session: SessionId,
        tag: &Tag,
        key: PublicKey,
        token: Option<&Token>,
    ) -> Option<Result<(), Refusal>> {
        let person = self.devices.take(token?, now.up)?;
        if let Some(refusal) = self.banned(Some(person), session) {
            return Some(Err(refusal));
        }
        self.begin_to_enter(session, person);
        self.keep(vec![Fact::KeyAdded { person, key }], Pending::Device { session, tag: tag.clone(), person, key });
        Some(Ok(()))
    }

    /// The key is kept.
    pub(super) fn device_kept(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, key: PublicKey) {
        self.people.add_key(person, key);
        for screen in self.people.get(person).map(|known| known.sessions.clone()).unwrap_or_default() {
            self.tell(screen, None, Event::Devices(self.devices_of(person, screen)));
        }
        if !self.sessions.contains_key(&session) {
            return;
        }
        if let Err(refusal) = self.come_back(now, session, &tag, person) {
            self.refuse(session, &tag, refusal);
            self.back_to_the_door(session);
        }
    }

    pub(super) fn list_devices(&mut self, session: SessionId, tag: &Tag, person: PersonId) {
        let all = self.devices_of(person, session);
        self.answer(session, tag, Event::Devices(all));
    }

    fn devices_of(&self, person: PersonId, asking: SessionId) -> Vec<Device> {
        let screens = self.people.get(person).map(|known| known.sessions.as_slice()).unwrap_or_default();
        let used = |key: &PublicKey| {
            screens.iter().filter(|screen| self.sessions.get(screen).is_some_and(|open| open.key == Some(*key))).count()
        };
        let asks = self.sessions.get(&asking).and_then(|open| open.key);
        let device = |(at, key): (usize, &PublicKey)| Device {
            number: at as u32 + 1,
            key: *key,
            screens: used(key) as u32,
            own: asks == Some(*key),
        };
        self.people.keys_of(person).iter().enumerate().map(device).collect()
    }

    pub(super) fn remove_device(&mut self, session: SessionId, tag: Tag, person: PersonId, number: u32) {
        let keys = self.people.keys_of(person);
        let key = usize::try_from(number).ok().and_then(|number| keys.get(number.checked_sub(1)?)).copied();
        let Some(key) = key else {
            let refusal = Refusal::new(Code::Other, format!("you have no device {number}; /devices lists them"));
            return self.refuse(session, &tag, refusal);
        };
        if keys.len() == 1 {
            let text = "that is your only device, and nobody could be you any more";
            return self.refuse(session, &tag, Refusal::new(Code::NotAllowed, text));
        }
        self.keep(vec![Fact::KeyRemoved { key }], Pending::DeviceGone { session, tag, person, key });
    }

    /// The key is nobody's any more, and who is here by it goes.
    pub(super) fn device_gone(&mut self, session: SessionId, tag: &Tag, person: PersonId, key: PublicKey) {
        self.people.remove_key(key);
        self.answer(session, tag, Event::Done);
        for screen in self.people.get(person).map(|known| known.sessions.clone()).unwrap_or_default() {
            if self.sessions.get(&screen).is_some_and(|open| open.key == Some(key)) {
                self.send_off(screen, "this device was taken away from its person");
            }
        }
    }
}
