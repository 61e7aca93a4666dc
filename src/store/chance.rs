//! Chance against the stores: SQLite on a file, the one in memory and the naive model are told the same and must answer the
//! same, whatever the order, with the file reopened in between; and counts equal a recount that knows no store at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::contract::{
    DAY, EPOCH, claim, counts, deleted, direct, draft, edited, emoji, lobby, one, person, read, room, said,
};
use super::memory::MemoryStore;
use super::model::Model;
use super::sqlite::SqliteStore;
use super::{PageAsk, Retention, SearchAsk, Store, Write, Written};
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{Author, Conversation, Nonce, Page, PersonId, Seq, Timestamp, What};
use crate::protocol::fact::{Draft, Fact, Facts, ReadFrom};
use crate::protocol::invite::{Invitation, Kept};
use crate::protocol::memo::{Memo, MemoName};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::PublicKey;
use crate::protocol::rights::{Penalty, Record, Role, RoomSettings, Sentence, Subject};
use crate::protocol::search::Query;
use crate::protocol::secret::PasswordHash;
use crate::protocol::text::Text;

/// Histories that chance writes, and turns in each.
const SEEDS: u64 = 24;
const TURNS: usize = 30;

/// xorshift64*: chance that comes again with its seed.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// Below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn of<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

/// What chance may say next: it knows who is who, so that what it says could have come from a hub.
struct World {
    chance: Chance,
    clock: i64,
    names: BTreeMap<u8, Nick>,
    unclaimed: Vec<u8>,
    said: Vec<Draft>,
    /// Messages that searches found.
    found: usize,
}

/// What takes this reaction back.
fn taken_back(draft: &Draft) -> Option<Draft> {
    match &draft.what {
        What::Reacted { of, emoji } => {
            let what = What::Unreacted { of: *of, emoji: emoji.clone() };
            Some(Draft { what, nonce: None, ..draft.clone() })
        }
        _ => None,
    }
}

/// Never keyed.
const GUEST: u8 = 9;

const NAMES: [&str; 8] = ["ann", "Ann", "ben", "cy", "dee", "Straße", "東京", "zoë"];

fn conversations() -> Vec<Conversation> {
    let mut all: Vec<Conversation> =
        ["lobby", "Tea", "x-1"].iter().map(|name| Conversation::Room(room(name))).collect();
    all.extend([direct(1, 2), direct(2, 3), direct(1, 1)]);
    all
}

impl World {
    fn new(seed: u64) -> World {
        let names = [(GUEST, Nick::parse("guest-abcd").expect("a name"))].into();
        World { chance: Chance::new(seed), clock: DAY, names, unclaimed: vec![4, 3, 2, 1], said: Vec::new(), found: 0 }
    }

    fn turn(&mut self, model: &Model) -> Vec<Write> {
        let some = 1 + self.chance.below(6);
        (0..some).map(|_| if self.chance.one_in(4) { self.facts(model) } else { self.append(model) }).collect()
    }

    fn name(&mut self, of: u8) -> Option<Nick> {
        let name = Nick::parse(self.chance.of(&NAMES)).expect("a name");
        let taken = self.names.iter().any(|(who, worn)| *who != of && *worn == name);
        (!taken).then_some(name)
    }

    fn facts(&mut self, model: &Model) -> Write {
        let keyed: Vec<u8> = self.names.keys().copied().filter(|who| *who != GUEST).collect();
        let (now, room) = (Timestamp(self.clock), room(self.chance.of(&["lobby", "LOBBY", "tea", "Tea", "x-1"])));
        let mut facts = Vec::new();
        if let Some(new) = self.unclaimed.last().copied()
            && (keyed.is_empty() || self.chance.one_in(2))
            && let Some(name) = self.name(new)
        {
            self.unclaimed.pop();
            self.names.insert(new, name.clone());
            facts.push(Fact::Claimed { person: person(new), name, key: PublicKey([new; 32]), at: now });
        } else if !keyed.is_empty() {
            let who = self.chance.of(&keyed);
            let person = person(who);
            facts.push(match self.chance.below(20) {
                0 => match self.name(who) {
                    Some(name) => {
                        self.names.insert(who, name.clone());
                        Fact::Renamed { person, name, reserved_until: Timestamp(self.clock + DAY) }
                    }
                    None => Fact::RoomForgotten { room },
                },
                1 => Fact::RoomMade { room, maker: Some(person), at: now },
                2 => Fact::RoomForgotten { room },
                3 => Fact::Left { person, room },
                4 | 5 => Fact::Joined { person, room },
                6..=9 => self.order(person, room),
                10 => self.invitation(room),
                12 => Fact::KeyAdded { person, key: PublicKey([100 + self.chance.below(20) as u8; 32]) },
                13 if self.chance.one_in(3) => {
                    Fact::KeyRemoved { key: PublicKey([100 + self.chance.below(20) as u8; 32]) }
                }
                15 => Fact::Bot { person, bot: !self.chance.one_in(3) },
                14 => {
                    let name = MemoName::parse(self.chance.of(&["draft:#tea", "mute:@b", "x"])).expect("a name");
                    let text = if self.chance.one_in(3) { Text::clean("") } else { self.text() };
                    Fact::Memo { person, memo: Memo { name, text } }
                }
                11 if self.chance.one_in(4) => Fact::Uninvited(self.chance.below(6) as u32),
                _ => {
                    let conversation = self.chance.of(&conversations());
                    let seq = match self.chance.one_in(8) {
                        true => u64::MAX,
                        false => self.chance.below(model.head(&conversation) + 3),
                    };
                    Fact::Read { person, conversation, seq: Seq(seq) }
                }
            });
        }
        Write::Facts(facts)
    }

    /// One of a few invitations, as it might stand.
    fn invitation(&mut self, room: RoomName) -> Fact {
        let number = self.chance.below(6) as u32;
        let (made, until) = (Timestamp(self.clock), self.chance.one_in(2).then_some(Timestamp(self.clock + DAY)));
        let invitation = Invitation {
            number,
            room: self.chance.one_in(2).then_some(room),
            by: self.names[&GUEST].clone(),
            made,
            until,
            once: self.chance.one_in(2),
            used: self.chance.below(3) as u32,
            revoked: self.chance.one_in(4),
        };
        Fact::Invited(Kept { invitation, digest: [number as u8; 32] })
    }

    /// Facts of order, about this person or this room.
    fn order(&mut self, person: PersonId, room: RoomName) -> Fact {
        let address = self.chance.of(&["192.0.2.7", "2001:db8::", "127.0.0.1"]).parse().expect("an address");
        let subject = self.chance.of(&[Subject::Person(person), Subject::Address(address)]);
        let penalty = self.chance.of(&[Penalty::Ban, Penalty::Mute]);
        let place = Some(room.clone()).filter(|_| !self.chance.one_in(3));
        let name = self.names[&GUEST].clone();
        let until = (!self.chance.one_in(2)).then_some(Timestamp(self.clock));
        let why = self.text();
        match self.chance.below(9) {
            0 => {
                let roles = [Role::Member, Role::Operator, Role::Owner];
                Fact::Role { person, room: place, role: self.chance.of(&roles) }
            }
            1 | 2 => Fact::Sentenced(Sentence { penalty, room: place, subject, name, until, why }),
            3 => Fact::Pardoned { penalty, room: place, subject },
            4 => {
                let password = PasswordHash::parse("$argon2id$x").filter(|_| self.chance.one_in(2));
                let slow = Duration::from_secs(self.chance.below(3));
                let (private, readonly) = (self.chance.one_in(2), self.chance.one_in(2));
                let settings = RoomSettings { private, readonly, slow, password: password.is_some() };
                Fact::RoomSet { room, settings, password }
            }
            5 => Fact::RoomInvited { room, person },
            6 => Fact::RoomUninvited { room, person },
            7 if self.chance.one_in(6) => Fact::RoomDeleted { room },
            _ => {
                let (by, deed) = (Some(name.clone()), self.chance.of(&["kick", "set"]).to_owned());
                let at = Timestamp(self.clock);
                Fact::Recorded(Record { at, by, deed, room: place, whom: Some(name), until, why })
            }
        }
    }

    fn append(&mut self, model: &Model) -> Write {
        if self.chance.one_in(8) && !self.said.is_empty() {
            let mut again = self.chance.of(&self.said);
            again.at = Timestamp(self.clock);
            match self.chance.below(3) {
                0 => again.what = said("something else"),
                1 => again.from.person = person(1 + self.chance.below(4) as u8),
                _ => {}
            }
            return Write::Append(again);
        }
        self.clock += self.chance.below(DAY as u64 / 40) as i64;
        if let Some(back) = self.said.iter().rev().find_map(taken_back).filter(|_| self.chance.one_in(20)) {
            return Write::Append(Draft { at: Timestamp(self.clock), ..back });
        }
        let who = self.chance.of(&self.names.keys().copied().collect::<Vec<_>>());
        let conversation = match self.chance.one_in(2) {
            true => lobby(),
            false => self.chance.of(&conversations()),
        };
        let to = match &conversation {
            Conversation::Room(room) => Target::Room(room.clone()),
            Conversation::Direct(_) => Target::Direct(self.names[&who].clone()),
        };
        let from = Author {
            person: person(who),
            name: self.names[&who].clone(),
            guest: who == GUEST,
            bot: self.chance.one_in(5),
        };
        let what = self.what(model.head(&conversation));
        let nonce = (!self.chance.one_in(4)).then(|| {
            let bits = self.chance.next().to_le_bytes();
            Nonce([bits, bits].concat().try_into().expect("twice 8 bytes"))
        });
        let mentions = (0..self.chance.below(4)).map(|_| person(1 + self.chance.below(5) as u8)).collect();
        let draft = Draft { conversation, to, at: Timestamp(self.clock), from, what, nonce, mentions };
        self.said.push(draft.clone());
        Write::Append(draft)
    }

    fn what(&mut self, head: u64) -> What {
        // Mostly something recent, now and then what is not there (0, or beyond the head).
        let back = 1 + self.chance.below(12);
        let of =
            Seq(if self.chance.one_in(10) { self.chance.below(head + 3) } else { (head + 1).saturating_sub(back) });
        let emoji = emoji(self.chance.of(&["👍", "+1", "♻️"]));
        match self.chance.below(16) {
            0..=6 => {
                let reply_to = self.chance.one_in(4).then_some(of);
                What::Said { text: self.text(), me: self.chance.one_in(5), reply_to }
            }
            7 | 8 => What::Edited { of, text: self.text() },
            9 | 10 => What::Deleted { of },
            11..=13 => What::Reacted { of, emoji },
            14 => What::Unreacted { of, emoji },
            _ => What::Topic { text: self.text() },
        }
    }

    fn search(&mut self, all: &[Conversation]) -> SearchAsk {
        let of = all.iter().filter(|_| !self.chance.one_in(3)).cloned().collect();
        const LOOKED_FOR: [&str; 20] = [
            "hi",
            "h",
            "b",
            "京",
            "に・",
            "・",
            "東京",
            "\"quoted\" so",
            "p1:",
            "p1: lo",
            "👩",
            "long",
            "lon long",
            "x hi",
            "C++",
            "+",
            "/etc/ho",
            "' OR 1",
            "NEAR(",
            "strasse",
        ];
        let words = if self.chance.one_in(8) { "" } else { self.chance.of(&LOOKED_FOR) };
        let mut query = Query::new(words);
        let when = |chance: &mut Chance, clock: i64| Some(Timestamp(clock - chance.below(2 * DAY as u64) as i64));
        if self.chance.one_in(5) {
            query.after = when(&mut self.chance, self.clock);
        }
        if self.chance.one_in(5) {
            query.before = when(&mut self.chance, self.clock);
        }
        query.link = self.chance.one_in(8);
        query.mentions = self.chance.one_in(8);
        let who = 1 + self.chance.below(4) as u8;
        let from = self.names.get(&who).cloned().filter(|_| self.chance.one_in(4));
        let author = from.is_some().then(|| person(who));
        query.from = from;
        let limit = 1 + self.chance.below(20) as u32;
        SearchAsk { of, query, author, limit, bytes: 0, asker: person(1 + self.chance.below(4) as u8) }
    }

    fn text(&mut self) -> Text {
        let words = [
            "",
            "hi",
            "a\nb",
            "\"quoted\" \\ 'so'",
            "今日は東京に・・ 👩‍👩‍👧",
            "p1: look",
            "x",
            "I like C++",
            "see /etc/hosts",
            "Straße",
            "http://x.example",
        ];
        let some = 1 + self.chance.below(3);
        let mut text: Vec<String> = (0..some).map(|_| self.chance.of(&words).to_owned()).collect();
        if self.chance.one_in(20) {
            text.push("long ".repeat(200));
        }
        Text::clean(&text.join(" "))
    }
}

/// The three, told the same.
struct Three {
    _dir: tempfile::TempDir,
    path: PathBuf,
    file: Option<SqliteStore>,
    memory: MemoryStore,
    model: Model,
}

impl Three {
    fn new() -> Three {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let path = dir.path().join("host.db");
        let file = Some(SqliteStore::open(&path, EPOCH).expect("a new file"));
        let (memory, model) = (MemoryStore::new(EPOCH), Model::new(EPOCH));
        Three { _dir: dir, path, file, memory, model }
    }

    fn reopen(&mut self) {
        self.file = None;
        self.file = Some(SqliteStore::open(&self.path, [0; 16]).expect("our own file"));
    }

    /// Asks all three, and insists on one answer, to the letter: names compare by their fold, their `Debug` does not.
    fn same<T: std::fmt::Debug>(&mut self, what: &str, ask: impl Fn(&mut dyn Store) -> T) -> T {
        let model = ask(&mut self.model);
        let right = format!("{model:?}");
        let file = format!("{:?}", ask(self.file.as_mut().expect("open")));
        assert_eq!(file, right, "{what}: the file (left) is not as the model");
        assert_eq!(format!("{:?}", ask(&mut self.memory)), right, "{what}: memory (left) is not as the model");
        model
    }

    fn same_everywhere(&mut self, world: &mut World) {
        let all = conversations();
        self.same("epoch", |store| store.epoch());
        self.same("facts", |store| in_order(store.facts().expect("facts")));
        let lines = 1 + world.chance.below(6) as u32;
        self.same("audit", |store| store.audit(lines).expect("the record"));
        for who in [1, 2, 3, 4, GUEST] {
            let at = ReadFrom::At(Seq(world.chance.below(20)));
            let mut of: Vec<_> = all.iter().map(|conversation| (conversation.clone(), ReadFrom::Kept)).collect();
            of.extend([(world.chance.of(&all), at), (world.chance.of(&all), ReadFrom::Head)]);
            self.same("standings", |store| store.standings(person(who), &of).expect("standings"));
        }
        for _ in 0..3 {
            let ask = world.search(&all);
            let found = self.same("found", |store| store.search(&ask).expect("a search"));
            world.found += found.hits.len();
        }
        for conversation in all {
            let at = Timestamp(world.clock - world.chance.below(2 * DAY as u64) as i64);
            let (conversation_, asker) = (conversation.clone(), person(1));
            let limit = 1 + world.chance.below(12) as u32;
            let around = PageAsk { conversation: conversation_, end: PageEnd::Around(at), limit, bytes: 0, asker };
            self.same("page around", |store| store.page(&around).expect("a page"));
            let head = self.model.head(&conversation);
            let asker = person(1 + world.chance.below(5) as u8);
            let whole = PageAsk { conversation, end: PageEnd::Newest, limit: 1000, bytes: 0, asker };
            let page = self.same("page", |store| store.page(&whole).expect("a page"));
            let end = PageEnd::Before(Seq(world.chance.below(head + 4)));
            let part = PageAsk { end, limit: world.chance.below(9) as u32, ..whole.clone() };
            self.same("part of a page", |store| store.page(&part).expect("a page"));
            let tight = PageAsk { bytes: 1 + world.chance.below(3000) as usize, ..whole };
            self.bounded(&tight, &page);
        }
    }

    /// A page of few bytes is the end of the whole one. How much is in it is an estimate, so not the model's to say.
    fn bounded(&mut self, ask: &PageAsk, whole: &Page) {
        let page = self.file.as_mut().expect("open").page(ask).expect("a page");
        assert_eq!(page, self.memory.page(ask).expect("a page"));
        let stretch = PageAsk { limit: (page.before.0 - page.from.0) as u32, bytes: 0, ..ask.clone() };
        assert_eq!(page.changed, self.model.page(&stretch).expect("a page").changed, "what a stretch has changed");
        let kept = whole.entries.iter().filter(|shown| shown.seq >= page.from);
        assert!(page.entries.iter().eq(kept), "{page:?} is not the end of {whole:?}");
        assert_eq!((page.before, page.oldest), (whole.before, whole.oldest));
        assert!(page.from < page.before || whole.from == whole.before, "one at least");
    }
}

/// Facts in an order that does not hang on how they are stored.
fn in_order(mut facts: Facts) -> Facts {
    for known in &mut facts.people {
        known.keys.sort();
        known.rooms.sort();
        known.reserved.sort_by(|a, b| a.0.cmp(&b.0));
    }
    for room in &mut facts.rooms {
        room.operators.sort();
        room.invited.sort();
    }
    facts.directs.sort();
    let key = |one: &Sentence| (one.penalty, one.room.clone(), one.subject);
    facts.sentences.sort_by_key(key);
    facts
}

/// Which kind of answer this is.
fn outcome(written: &Written) -> String {
    match written {
        Written::Entry { fresh: false, .. } => "known".to_owned(),
        Written::Entry { entry, .. } => {
            let what = format!("{:?}", entry.what);
            what.split(' ').next().unwrap_or_default().to_owned()
        }
        Written::Facts => "facts".to_owned(),
        Written::Refused(why) => format!("refused: {why:?}"),
    }
}

#[test]
fn chance_finds_no_difference_between_the_stores_and_the_model() {
    let (mut reached, mut found) = (BTreeSet::new(), 0);
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let (mut three, mut world) = (Three::new(), World::new(seed));
        for turn in 0..TURNS {
            let writes = world.turn(&three.model);
            println!("turn {turn}: {writes:?}");
            let written = three.same("written", |store| store.commit(&writes).expect("kept"));
            reached.extend(written.iter().map(outcome));
            if world.chance.one_in(5) {
                three.reopen();
            }
            if world.chance.one_in(12) {
                let bounds = match world.chance.one_in(2) {
                    true => Retention { max_entries: 1 + world.chance.below(15), ..Retention::default() },
                    false => Retention { max_days: 1, ..Retention::default() },
                };
                let now = Timestamp(world.clock + world.chance.below(DAY as u64) as i64);
                println!("{bounds:?} at {now:?}");
                three.same("retained", |store| while store.retain(&bounds, now).expect("dropped") {});
            }
            three.same_everywhere(&mut world);
            assert!(three.memory.adds_up());
        }
        found += world.found;
    }
    assert!(found > 2000, "searches found {found}");
    // Chance that never gets somewhere shows nothing: all kinds, known nonces, facts, and all five refusals.
    assert_eq!(reached.len(), 6 + 1 + 1 + 5, "{reached:?}");
}

/// A step of the property below; numbers are cut to what there is.
#[derive(Clone, Debug)]
enum Step {
    Say { by: u8, mentions: Vec<u8> },
    Edit { of: usize },
    Delete { of: usize },
    Read { who: u8, upto: usize },
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    use proptest::prelude::*;
    let who = || 1..=3u8;
    let step = prop_oneof![
        3 => (who(), proptest::collection::vec(who(), 0..3)).prop_map(|(by, mentions)| Step::Say { by, mentions }),
        1 => (0..40usize).prop_map(|of| Step::Edit { of }),
        1 => (0..40usize).prop_map(|of| Step::Delete { of }),
        1 => (who(), 0..60usize).prop_map(|(who, upto)| Step::Read { who, upto }),
    ];
    proptest::collection::vec(step, 1..40)
}

/// One line as the recount knows it.
struct Line {
    seq: u64,
    by: u8,
    mentions: Vec<u8>,
    deleted: bool,
}

fn counts_follow(steps: &[Step], store: &mut dyn Store) {
    store.commit(&[claim(1), claim(2), claim(3)]).expect("kept");
    let (mut lines, mut read_upto, mut head): (Vec<Line>, [u64; 4], u64) = (Vec::new(), [0; 4], 0);
    for (n, step) in steps.iter().enumerate() {
        let chosen = |of: usize, lines: &[Line]| (!lines.is_empty()).then(|| of % lines.len());
        let draft = match step {
            Step::Say { by, mentions } => {
                lines.push(Line { seq: head + 1, by: *by, mentions: mentions.clone(), deleted: false });
                let mentions = mentions.iter().map(|who| person(*who)).collect();
                Some(Draft { mentions, ..draft(*by, said("said")) })
            }
            Step::Edit { of } => chosen(*of, &lines).map(|at| {
                // An edit that mentions somebody new changes no count.
                let edit = draft(lines[at].by, edited(lines[at].seq, &format!("edit {n}")));
                Draft { mentions: vec![person(1), person(2), person(3)], ..edit }
            }),
            Step::Delete { of } => chosen(*of, &lines).map(|at| {
                let line = &mut lines[at];
                line.deleted = true;
                draft(line.by, deleted(line.seq))
            }),
            Step::Read { who, upto } => {
                let upto = *upto as u64;
                store.commit(&[read(*who, lobby(), upto)]).expect("kept");
                let before = &mut read_upto[usize::from(*who)];
                *before = (*before).max(upto.min(head));
                None
            }
        };
        if let Some(draft) = draft
            && let Written::Entry { .. } = one(store, draft)
        {
            head += 1;
        }
        for who in 1..=3u8 {
            let read = read_upto[usize::from(who)];
            let news = |line: &&Line| line.seq > read && line.by != who && !line.deleted;
            let unread = lines.iter().filter(news).count() as u32;
            let mentions = lines.iter().filter(news).filter(|line| line.mentions.contains(&who)).count() as u32;
            assert_eq!(counts(store, who, lobby()), (read, unread, mentions), "p{who} after step {n}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn counts_equal_a_recount_for_any_order_of_lines_edits_deletions_and_reads(steps in steps()) {
        counts_follow(&steps, &mut SqliteStore::in_memory(EPOCH).expect("memory"));
        counts_follow(&steps, &mut MemoryStore::new(EPOCH));
        counts_follow(&steps, &mut Model::new(EPOCH));
    }
}
