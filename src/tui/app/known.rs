//! Whom one knows by their key: from an earlier time, here or on another host. Somebody who has the name of a person known
//! here and another key is pointed out once, and marked.

use std::collections::{HashMap, HashSet};

use super::{App, Effect, Role};
use crate::client::acquaintances::Acquaintance;
use crate::protocol::entry::PersonId;
use crate::protocol::event::Member;
use crate::protocol::fingerprint::Fingerprint;

/// What is known of people's keys.
#[derive(Debug, Default)]
pub struct Known {
    /// Met before this time.
    before: HashMap<Fingerprint, Acquaintance>,
    /// Met now.
    now: HashSet<Fingerprint>,
    /// Keys of those who are here.
    keys: HashMap<PersonId, Vec<Fingerprint>>,
    /// Those who have another key than who had their name here.
    other: HashSet<PersonId>,
}

/// How one stands to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Not met before, or without a key.
    New,
    /// Met before, with this key.
    Known(&'a Acquaintance),
    /// Somebody else had the name here.
    Other,
}

impl App {
    /// Who was met before; once, at the start.
    pub fn acquaint(&mut self, all: Vec<Acquaintance>) {
        // Of two lines of one key the first tells since when.
        for one in all.into_iter().rev() {
            self.known.before.insert(one.key, one);
        }
    }

    /// How one stands to this person.
    pub fn standing(&self, person: PersonId) -> Standing<'_> {
        let known = &self.known;
        if known.other.contains(&person) {
            return Standing::Other;
        }
        let keys = known.keys.get(&person).map(Vec::as_slice).unwrap_or_default();
        keys.iter().find_map(|key| known.before.get(key)).map_or(Standing::New, Standing::Known)
    }

    /// Keys of this person, as far as the host has told.
    pub fn keys_of(&self, person: PersonId) -> &[Fingerprint] {
        self.known.keys.get(&person).map(Vec::as_slice).unwrap_or_default()
    }

    /// These are here, with these keys.
    pub(super) fn met(&mut self, people: &[Member]) {
        let me = self.chat.me().map(|me| me.person);
        let host = self.chat.address().to_owned();
        let (mut new, mut others) = (Vec::new(), Vec::new());
        for Member { who, keys, .. } in people.iter().filter(|member| !member.keys.is_empty()) {
            if Some(who.person) == me {
                continue;
            }
            self.known.keys.insert(who.person, keys.clone());
            let known = |key: &Fingerprint| self.known.before.contains_key(key);
            let same_name = |one: &&Acquaintance| one.host == host && one.name == who.name;
            let other = !keys.iter().any(known) && self.known.before.values().any(|one| same_name(&one));
            if other && self.known.other.insert(who.person) {
                others.push(who.name.to_string());
            }
            for key in keys.iter().filter(|key| !known(key)) {
                if self.known.now.insert(*key) {
                    let (since, host, name) = (self.now.wall, host.clone(), who.name.clone());
                    new.push(Acquaintance { key: *key, since, host, name });
                }
            }
        }
        if !new.is_empty() {
            self.effects.push(Effect::Met(new));
        }
        if !others.is_empty() {
            let names = others.join(", ");
            self.say(format!("{names}: another key than who had this name here; it may be somebody else"), Role::Warn);
        }
    }
}
