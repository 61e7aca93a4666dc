//! Who there is and who wears which name: people with keys, guests, names that are reserved. Names are unique by their
//! fold and by what they look like (UTS 39). Rooms, sessions and the store are not known here.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::memos::Memos;
use super::{ById, SessionId};
use crate::protocol::entry::{Author, Conversation, PersonId, Seq, Timestamp};
use crate::protocol::event::{Member, Peer};
use crate::protocol::fact::PersonFacts;
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::{GUEST_PREFIX, Nick, RoomName};
use crate::protocol::person::PublicKey;
use crate::protocol::rights::Role;

/// Names tried when a wish is taken; after that even a patient person would choose another.
const NUMBERS_TRIED: std::ops::Range<u32> = 2..1000;

/// One person, there or not.
#[derive(Debug)]
pub struct Person {
    /// Who, as others see it.
    pub author: Author,
    /// What it may do on the host.
    pub role: Role,
    /// Rooms it is in.
    pub rooms: Rooms,
    /// People it has a direct conversation with.
    pub directs: BTreeSet<PersonId>,
    /// Its screens, entered.
    pub sessions: Vec<SessionId>,
    /// Whether others were told that it is there.
    pub online: bool,
    /// Whether others were told that it does not look: away on every screen.
    pub away: bool,
    /// When it was there last, as far as this host was running.
    pub seen: Option<Timestamp>,
    /// When it counts as gone, cut off as it is.
    pub gone_at: Option<Duration>,
    /// How far a guest has read; people with keys have that in the store.
    pub reads: Reads,
    /// Its keys, in order. Nearly everybody has one.
    pub keys: Vec<PublicKey>,
    /// What its screens put down for one another.
    pub memos: Memos,
}

impl Person {
    fn new(author: Author) -> Person {
        Person {
            role: if author.guest { Role::Guest } else { Role::Member },
            author,
            rooms: Rooms::default(),
            directs: BTreeSet::new(),
            sessions: Vec::new(),
            online: false,
            away: false,
            seen: None,
            gone_at: None,
            reads: Reads::default(),
            keys: Vec::new(),
            memos: Memos::new(),
        }
    }

    /// As the list of people shows it.
    pub fn member(&self) -> Member {
        let seen = self.seen.filter(|_| !self.online);
        let (who, online, away) = (self.author.clone(), self.online, self.online && self.away);
        Member { who, online, away, seen, role: self.role, keys: Vec::new() }
    }

    /// What its keys are recognised by.
    pub fn prints(&self) -> Vec<Fingerprint> {
        self.keys.iter().map(|key| Fingerprint::of(&key.0)).collect()
    }

    /// As the other one of a direct conversation.
    pub fn peer(&self) -> Peer {
        let Member { who, online, away, seen, .. } = self.member();
        Peer { person: who.person, online, away, seen }
    }
}

/// Rooms in order, each once. Nearly everybody is in few, and a tree's first leaf has room for eleven, which is what an idle
/// person would cost most by.
#[derive(Clone, Debug, Default)]
pub struct Rooms(Vec<RoomName>);

impl Rooms {
    /// Whether it was not there.
    pub fn insert(&mut self, room: RoomName) -> bool {
        let place = self.0.binary_search(&room);
        if let Err(place) = place {
            self.0.reserve_exact(1);
            self.0.insert(place, room);
        }
        place.is_err()
    }

    /// Takes it out, if it is there.
    pub fn remove(&mut self, room: &RoomName) {
        if let Ok(place) = self.0.binary_search(room) {
            self.0.remove(place);
        }
    }

    /// Whether it is there.
    pub fn contains(&self, room: &RoomName) -> bool {
        self.0.binary_search(room).is_ok()
    }

    /// All.
    pub fn iter(&self) -> std::slice::Iter<'_, RoomName> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<RoomName> for Rooms {
    fn from_iter<T: IntoIterator<Item = RoomName>>(rooms: T) -> Rooms {
        let mut all: Vec<RoomName> = rooms.into_iter().collect();
        all.sort();
        all.dedup();
        Rooms(all)
    }
}

/// How far somebody has read in what conversation. A list, for the reason that [`Rooms`] is one: a table begins with room
/// for four.
#[derive(Clone, Debug, Default)]
pub struct Reads(Vec<(Conversation, Seq)>);

impl Reads {
    /// How far, where that is known.
    pub fn get(&self, conversation: &Conversation) -> Option<Seq> {
        self.0.iter().find(|(known, _)| known == conversation).map(|(_, seq)| *seq)
    }

    /// How far; this, where it was not known.
    pub fn or_insert(&mut self, conversation: &Conversation, seq: Seq) -> &mut Seq {
        let at = self.0.iter().position(|(known, _)| known == conversation).unwrap_or_else(|| {
            self.0.reserve_exact(1);
            self.0.push((conversation.clone(), seq));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    /// Not known any more.
    pub fn remove(&mut self, conversation: &Conversation) {
        self.0.retain(|(known, _)| known != conversation);
    }
}

/// Why a name cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// A key owns it, or one that looks like it, or it is reserved for its last owner.
    Owned,
    /// This guest wears it.
    Worn(PersonId),
}

/// How many names have each of so many shapes, so that a word which is nobody's name is mostly told without a hash of it:
/// every word of every message is asked about. With names of all shapes it helps no more, and costs next to nothing.
#[derive(Debug)]
struct Shapes(Box<[u32; 1024]>);

impl Default for Shapes {
    fn default() -> Shapes {
        Shapes(Box::new([0; 1024]))
    }
}

impl Shapes {
    fn of(&mut self, folded: &str) -> &mut u32 {
        &mut self.0[Shapes::place(folded)]
    }

    fn any(&self, folded: &str) -> bool {
        self.0[Shapes::place(folded)] > 0
    }

    /// By the two ends and the length.
    fn place(folded: &str) -> usize {
        let (first, last) = (folded.as_bytes().first(), folded.as_bytes().last());
        let byte = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or(0));
        (31 * byte(first) + 7 * byte(last) + folded.len()) % 1024
    }
}

/// Everybody the host knows.
#[derive(Debug, Default)]
pub struct People {
    /// Boxed, since a table has more room than people.
    people: ById<PersonId, Box<Person>>,
    keys: HashMap<PublicKey, PersonId>,
    folds: HashMap<Arc<str>, PersonId>,
    /// Of `folds`.
    shapes: Shapes,
    skeletons: HashMap<Arc<str>, PersonId>,
    /// Names of before, by fold and by skeleton, until when.
    reserved: HashMap<String, (PersonId, Timestamp)>,
    with_keys: usize,
}

impl People {
    /// Everybody the store knows.
    pub fn known(facts: Vec<PersonFacts>) -> People {
        let mut people = People::default();
        for fact in facts {
            let author = Author { person: fact.person, name: fact.name, guest: false, bot: fact.bot };
            people.add(author, fact.keys.first().copied());
            for key in fact.keys {
                people.add_key(fact.person, key);
            }
            for (name, until) in fact.reserved {
                people.reserve(&name, fact.person, until);
            }
            if let Some(person) = people.people.get_mut(&fact.person) {
                person.rooms = fact.rooms.into_iter().collect();
                person.role = fact.role;
                person.memos = fact.memos.into_iter().map(|memo| (memo.name, memo.text)).collect();
            }
        }
        people
    }

    /// A new person; the name must be free.
    pub fn add(&mut self, author: Author, key: Option<PublicKey>) {
        let person = author.person;
        self.wear(&author.name, person);
        self.people.insert(person, Box::new(Person::new(author)));
        if let Some(key) = key {
            self.add_key(person, key);
            self.with_keys += 1;
        }
    }

    /// A guest went, or a claim failed: nothing of it stays.
    pub fn forget(&mut self, person: PersonId) -> Option<Box<Person>> {
        let gone = self.people.remove(&person)?;
        self.put_off(&gone.author.name, person);
        if !gone.author.guest {
            for key in &gone.keys {
                self.keys.remove(key);
            }
            self.with_keys -= usize::from(!gone.keys.is_empty());
        }
        Some(gone)
    }

    /// Takes a name for a person, beside the one it has; [`People::rename`] or [`People::put_off`] follows.
    pub fn wear(&mut self, name: &Nick, person: PersonId) {
        let (fold, skeleton) = (name.shared_fold(), name.skeleton());
        // Most names look like what they are, and share that.
        let skeleton = if *skeleton == *fold { fold.clone() } else { skeleton.into() };
        *self.shapes.of(&fold) += u32::from(self.folds.insert(fold.clone(), person).is_none());
        self.skeletons.insert(skeleton, person);
    }

    /// Gives a name back.
    pub fn put_off(&mut self, name: &Nick, person: PersonId) {
        if self.folds.get(name.folded()) == Some(&person) {
            self.folds.remove(name.folded());
            *self.shapes.of(name.folded()) -= 1;
        }
        let skeleton = name.skeleton();
        if self.skeletons.get(skeleton.as_str()) == Some(&person) {
            self.skeletons.remove(skeleton.as_str());
        }
    }

    /// The person is called so from now on. Gives the name before.
    pub fn rename(&mut self, person: PersonId, name: &Nick) -> Option<Nick> {
        let was = self.people.get(&person)?.author.name.clone();
        self.put_off(&was, person);
        self.wear(name, person);
        self.people.get_mut(&person)?.author.name = name.clone();
        Some(was)
    }

    /// Nobody else may take this name until then.
    pub fn reserve(&mut self, name: &Nick, person: PersonId, until: Timestamp) {
        self.reserved.insert(name.folded().to_owned(), (person, until));
        self.reserved.insert(name.skeleton(), (person, until));
    }

    /// Whether this person (or a newcomer) could be called so; why not.
    pub fn taken(&self, name: &Nick, by: Option<PersonId>, now: Timestamp) -> Option<Taken> {
        let skeleton = name.skeleton();
        for holder in [self.folds.get(name.folded()), self.skeletons.get(skeleton.as_str())].into_iter().flatten() {
            if Some(*holder) != by {
                let guest = self.people.get(holder).is_some_and(|person| person.author.guest);
                return Some(if guest { Taken::Worn(*holder) } else { Taken::Owned });
            }
        }
        let reserved =
            |key: &str| self.reserved.get(key).is_some_and(|(owner, until)| Some(*owner) != by && *until > now);
        (reserved(name.folded()) || reserved(&skeleton)).then_some(Taken::Owned)
    }

    /// The wish, or the nearest free `wish-2`.
    pub fn nearest_free(&self, wish: &Nick, by: Option<PersonId>, now: Timestamp) -> Option<Nick> {
        let free = |name: &Nick| self.taken(name, by, now).is_none();
        if wish.claimable() && free(wish) {
            return Some(wish.clone());
        }
        NUMBERS_TRIED.map(|n| wish.numbered(n)).find(free)
    }

    /// A few free names near a taken one.
    pub fn suggestions(&self, wish: &Nick, now: Timestamp) -> Vec<Nick> {
        let free = |name: &Nick| name.claimable() && self.taken(name, None, now).is_none();
        NUMBERS_TRIED.map(|n| wish.numbered(n)).filter(free).take(3).collect()
    }

    /// A guest's name from chance.
    pub fn guest_name(&self, luck: &[u8], now: Timestamp) -> Option<Nick> {
        let letters: String = luck.iter().take(4).map(|b| char::from(b'a' + b % 26)).collect();
        let name = Nick::parse(&format!("{GUEST_PREFIX}{letters}")).ok()?;
        if self.taken(&name, None, now).is_none() {
            return Some(name);
        }
        NUMBERS_TRIED.map(|n| name.numbered(n)).find(|name| self.taken(name, None, now).is_none())
    }

    /// Who owns this key.
    pub fn by_key(&self, key: &PublicKey) -> Option<PersonId> {
        self.keys.get(key).copied()
    }

    /// Who is called so, or was and has the name still reserved.
    pub fn by_name(&self, name: &Nick, now: Timestamp) -> Option<PersonId> {
        let reserved = || self.reserved.get(name.folded()).filter(|(_, until)| *until > now).map(|(person, _)| *person);
        self.folds.get(name.folded()).copied().or_else(reserved)
    }

    /// Who is called exactly so now, by the fold of the name.
    pub fn wearing(&self, folded: &str) -> Option<PersonId> {
        if self.shapes.any(folded) { self.folds.get(folded).copied() } else { None }
    }

    /// The person.
    pub fn get(&self, person: PersonId) -> Option<&Person> {
        self.people.get(&person).map(Box::as_ref)
    }

    /// The person.
    pub fn get_mut(&mut self, person: PersonId) -> Option<&mut Person> {
        self.people.get_mut(&person).map(Box::as_mut)
    }

    /// Everybody.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.people.values().map(Box::as_ref)
    }

    /// All keys of a person, always in the same order.
    pub fn keys_of(&self, person: PersonId) -> Vec<PublicKey> {
        self.people.get(&person).map(|known| known.keys.clone()).unwrap_or_default()
    }

    /// How many keys each person has.
    pub fn key_counts(&self) -> HashMap<PersonId, u32> {
        let mut counts = HashMap::new();
        self.keys.values().for_each(|owner| *counts.entry(*owner).or_default() += 1);
        counts
    }

    /// One more key of a person.
    pub fn add_key(&mut self, person: PersonId, key: PublicKey) {
        let Some(known) = self.people.get_mut(&person).filter(|_| !self.keys.contains_key(&key)) else { return };
        self.keys.insert(key, person);
        known.keys.push(key);
        known.keys.sort();
    }

    /// A key that is nobody's any more.
    pub fn remove_key(&mut self, key: PublicKey) {
        let Some(known) = self.keys.remove(&key).and_then(|person| self.people.get_mut(&person)) else { return };
        known.keys.retain(|one| *one != key);
    }

    /// How many people with keys there are.
    pub fn with_keys(&self) -> usize {
        self.with_keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(name: &str) -> Nick {
        Nick::parse(name).expect("a name")
    }

    #[test]
    fn who_wears_a_name_is_known_as_long_as_they_do() {
        let mut people = People::default();
        let (ann, aan) = (PersonId([1; 16]), PersonId([2; 16]));
        for (person, name) in [(ann, "Ann"), (aan, "aan")] {
            people.add(Author { person, name: nick(name), guest: true, bot: false }, None);
        }
        assert_eq!((people.wearing("ann"), people.wearing("aan")), (Some(ann), Some(aan)));
        assert_eq!(people.wearing("anan"), None);
        // Said twice, and then off: what is worn by nobody is found by nobody, its like as before.
        people.wear(&nick("ann"), ann);
        people.rename(ann, &nick("東京"));
        assert_eq!((people.wearing("ann"), people.wearing("aan")), (None, Some(aan)));
        assert_eq!(people.wearing("東京"), Some(ann));
        people.put_off(&nick("東京"), aan);
        assert_eq!(people.wearing("東京"), Some(ann), "it was never theirs");
        people.forget(aan);
        assert_eq!((people.wearing("aan"), people.wearing("東京")), (None, Some(ann)));
        people.forget(ann);
        assert!(people.shapes.0.iter().all(|count| *count == 0), "as many were taken off as were put on");
    }
}
