//! What every [`Store`] promises, said once and asked of SQLite on a file, the one in memory and the naive model. What
//! chance makes of it stands in `chance`; what only a file can show (damage, versions, a full disk) beside the SQLite store.

use super::memory::MemoryStore;
use super::model::Model;
use super::sqlite::SqliteStore;
use super::{PageAsk, Retention, Store, Write, Written};
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{
    Author, Conversation, Emoji, Epoch, Nonce, Pair, PersonId, Seq, ShownWhat, Timestamp, What,
};
use crate::protocol::fact::{AppendRefusal, Draft, Fact, Facts, ReadFrom};
use crate::protocol::hook::{Hook, KeptHook};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::PublicKey;
use crate::protocol::rights::{Penalty, Record, Role, RoomSettings, Sentence, Subject};
use crate::protocol::text::Text;

pub const DAY: i64 = 24 * 60 * 60 * 1000;

/// The life of the stores under test.
pub const EPOCH: [u8; 16] = [7; 16];

/// Asks the same of each kind of store.
fn each(test: impl Fn(&mut dyn Store)) {
    let dir = tempfile::tempdir().expect("a folder for the test");
    println!("a file");
    test(&mut SqliteStore::open(&dir.path().join("host.db"), EPOCH).expect("a new file"));
    println!("memory");
    test(&mut MemoryStore::new(EPOCH));
    println!("the model");
    test(&mut Model::new(EPOCH));
}

pub fn person(n: u8) -> PersonId {
    PersonId([n; 16])
}

pub fn author(n: u8) -> Author {
    Author { person: person(n), name: Nick::parse(&format!("p{n}")).expect("a name"), guest: false, bot: false }
}

pub fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room")
}

pub fn lobby() -> Conversation {
    Conversation::Room(room("lobby"))
}

pub fn direct(a: u8, b: u8) -> Conversation {
    Conversation::Direct(Pair::new(person(a), person(b)))
}

pub fn emoji(text: &str) -> Emoji {
    Emoji::parse(text).expect("an emoji")
}

pub fn draft(n: u8, what: What) -> Draft {
    let to = Target::parse("#lobby").expect("a room");
    Draft { conversation: lobby(), to, at: Timestamp(1000), from: author(n), what, nonce: None, mentions: Vec::new() }
}

pub fn said(text: &str) -> What {
    What::Said { text: Text::clean(text), me: false, reply_to: None }
}

pub fn edited(of: u64, text: &str) -> What {
    What::Edited { of: Seq(of), text: Text::clean(text) }
}

pub fn deleted(of: u64) -> What {
    What::Deleted { of: Seq(of) }
}

pub fn claim(n: u8) -> Write {
    let (person, name, key) = (person(n), author(n).name, PublicKey([n; 32]));
    Write::Facts(vec![
        Fact::Claimed { person, name, key, at: Timestamp(0) },
        Fact::Joined { person, room: room("lobby") },
    ])
}

pub fn read(n: u8, conversation: Conversation, seq: u64) -> Write {
    Write::Facts(vec![Fact::Read { person: person(n), conversation, seq: Seq(seq) }])
}

pub fn one(store: &mut dyn Store, draft: Draft) -> Written {
    store.commit(&[Write::Append(draft)]).expect("it is kept").remove(0)
}

fn number(written: &Written) -> u64 {
    match written {
        Written::Entry { entry, .. } => entry.seq.0,
        other => panic!("no entry: {other:?}"),
    }
}

fn refused(why: AppendRefusal) -> Written {
    Written::Refused(why)
}

fn ask(conversation: Conversation) -> PageAsk {
    PageAsk { conversation, end: PageEnd::Newest, limit: 1000, bytes: 0, asker: person(1) }
}

fn texts(store: &mut dyn Store) -> Vec<String> {
    let text = |what: ShownWhat| match what {
        ShownWhat::Said { text, edited, reactions, .. } => {
            let text = text.map_or("(gone)".to_owned(), |text| text.as_str().to_owned());
            let reactions: String = reactions.iter().map(|r| format!(" {}{}", r.emoji.as_str(), r.count)).collect();
            format!("{text}{}{reactions}", if edited { "*" } else { "" })
        }
        ShownWhat::Topic { text } => format!("topic {text}"),
    };
    let page = store.page(&ask(lobby())).expect("a page");
    page.entries.into_iter().map(|shown| format!("{} {}", shown.seq, text(shown.what))).collect()
}

/// Read, unread, mentions.
pub fn counts(store: &mut dyn Store, n: u8, conversation: Conversation) -> (u64, u32, u32) {
    let standing = store.standings(person(n), &[(conversation, ReadFrom::Kept)]).expect("a standing").remove(0);
    (standing.read.0, standing.unread, standing.mentions)
}

#[test]
fn numbers_nonces_and_what_comes_back() {
    each(|store| {
        store.commit(&[claim(1), claim(2)]).expect("kept");
        let nonce = Some(Nonce([9; 16]));
        assert_eq!(number(&one(store, Draft { nonce, ..draft(1, said("hi")) })), 1);
        let again = one(store, Draft { nonce, at: Timestamp(5), ..draft(1, said("hi")) });
        let Written::Entry { entry, fresh: false } = &again else { panic!("{again:?}") };
        assert_eq!((entry.seq, entry.at), (Seq(1), Timestamp(1000)), "the first is given back");
        let other = one(store, Draft { nonce, ..draft(1, said("ho")) });
        assert_eq!(other, refused(AppendRefusal::NonceConflict));
        assert_eq!(number(&one(store, Draft { nonce, ..draft(2, said("ho")) })), 2, "a nonce is its author's own");
        let elsewhere = Draft { nonce, conversation: direct(1, 2), ..draft(1, said("ho")) };
        assert_eq!(number(&one(store, elsewhere)), 1, "and its conversation's");
        assert_eq!(texts(store), ["1 hi", "2 ho"]);
    });
}

#[test]
fn a_nonce_twice_in_one_turn_is_one_entry() {
    each(|store| {
        let draft = Draft { nonce: Some(Nonce([9; 16])), ..draft(1, said("hi")) };
        let written = store.commit(&[Write::Append(draft.clone()), Write::Append(draft)]).expect("kept");
        assert!(matches!(&written[0], Written::Entry { fresh: true, entry } if entry.seq == Seq(1)));
        assert!(matches!(&written[1], Written::Entry { fresh: false, entry } if entry.seq == Seq(1)));
    });
}

#[test]
fn a_line_that_comes_again_after_it_was_deleted_comes_without_its_words() {
    each(|store| {
        let nonce = Some(Nonce([9; 16]));
        let first = Draft { nonce, ..draft(1, said("secret")) };
        one(store, first.clone());
        one(store, draft(1, deleted(1)));
        let again = one(store, first);
        let Written::Entry { entry, fresh: false } = &again else { panic!("{again:?}") };
        assert_eq!(entry.what, said(""));
        let conflict = one(store, Draft { nonce, ..draft(1, said("other")) });
        assert_eq!(conflict, refused(AppendRefusal::NonceConflict));
    });
}

#[test]
fn changes_are_the_authors_and_show_in_pages() {
    each(|store| {
        store.commit(&[claim(1), claim(2)]).expect("kept");
        one(store, Draft { mentions: vec![person(2)], ..draft(1, said("hello p2")) });
        assert_eq!(counts(store, 2, lobby()), (0, 1, 1));
        assert_eq!(one(store, draft(2, edited(1, "x"))), refused(AppendRefusal::NotYours));
        assert_eq!(one(store, draft(1, edited(1, "hello p2"))), refused(AppendRefusal::Unchanged));
        assert_eq!(number(&one(store, draft(1, edited(1, "hello all")))), 2);
        let react = || draft(2, What::Reacted { of: Seq(1), emoji: emoji("👍") });
        one(store, react());
        assert_eq!(one(store, react()), refused(AppendRefusal::Unchanged));
        assert_eq!(texts(store), ["1 hello all* 👍1"]);
        assert_eq!(one(store, draft(1, edited(2, "x"))), refused(AppendRefusal::NoSuchEntry), "2 is an edit");
        assert_eq!(one(store, draft(2, deleted(1))), refused(AppendRefusal::NotYours));
        let gone = one(store, draft(1, deleted(1)));
        assert!(matches!(&gone, Written::Entry { entry, .. } if entry.mentions == [person(2)]), "{gone:?}");
        assert_eq!(texts(store), ["1 (gone)"]);
        assert_eq!(counts(store, 2, lobby()), (0, 0, 0));
        assert_eq!(one(store, draft(1, edited(1, "back"))), refused(AppendRefusal::Deleted));
        assert_eq!(one(store, react()), refused(AppendRefusal::Deleted));
        assert_eq!(one(store, draft(1, deleted(7))), refused(AppendRefusal::NoSuchEntry));
    });
}

#[test]
fn what_is_refused_takes_no_number_and_makes_no_conversation() {
    each(|store| {
        let elsewhere = |what| Draft { conversation: direct(1, 2), ..draft(1, what) };
        assert_eq!(one(store, elsewhere(deleted(1))), refused(AppendRefusal::NoSuchEntry));
        assert_eq!(one(store, draft(1, What::Topic { text: Text::clean("") })), refused(AppendRefusal::Unchanged));
        store.commit(&[read(1, direct(1, 3), 4), read(1, Conversation::Room(room("tea")), 4)]).expect("kept");
        assert_eq!(store.facts().expect("facts"), Facts::default());
        assert_eq!(number(&one(store, draft(1, said("first")))), 1);
    });
}

#[test]
fn who_reacted_is_named_up_to_a_few_the_asker_first() {
    each(|store| {
        one(store, draft(1, said("cake")));
        for n in 2..=13 {
            one(store, draft(n, What::Reacted { of: Seq(1), emoji: emoji("🎂") }));
        }
        for asker in [1, 5, 13] {
            let page = store.page(&PageAsk { asker: person(asker), ..ask(lobby()) }).expect("a page");
            let ShownWhat::Said { reactions, .. } = &page.entries[0].what else { panic!("{page:?}") };
            assert_eq!((reactions[0].count, reactions[0].by.len()), (12, 8));
            let first = if asker == 1 { 2 } else { asker };
            assert_eq!(reactions[0].by[0].person, person(first));
        }
    });
}

#[test]
fn reading_only_grows_and_never_beyond_the_head() {
    each(|store| {
        store.commit(&[claim(1), claim(2)]).expect("kept");
        for n in 0..5 {
            one(store, draft(1, said(&format!("{n}"))));
        }
        store.commit(&[read(2, lobby(), 3)]).expect("kept");
        store.commit(&[read(2, lobby(), 1)]).expect("kept");
        assert_eq!(counts(store, 2, lobby()), (3, 2, 0));
        store.commit(&[read(2, lobby(), u64::MAX)]).expect("kept");
        assert_eq!(counts(store, 2, lobby()), (5, 0, 0));
        one(store, draft(1, said("later")));
        let rejoin = vec![
            Fact::Left { person: person(2), room: room("lobby") },
            Fact::Joined { person: person(2), room: room("lobby") },
        ];
        store.commit(&[Write::Facts(rejoin)]).expect("kept");
        assert_eq!(counts(store, 2, lobby()), (5, 1, 0), "who comes back has its place");
    });
}

#[test]
fn ones_own_name_in_ones_own_line_counts_for_nobody() {
    each(|store| {
        store.commit(&[claim(1), claim(2)]).expect("kept");
        one(store, Draft { mentions: vec![person(1), person(2), person(2)], ..draft(1, said("p1 and p2, p2")) });
        assert_eq!(counts(store, 1, lobby()), (0, 0, 0));
        assert_eq!(counts(store, 2, lobby()), (0, 1, 1));
    });
}

#[test]
fn a_direct_line_counts_as_a_mention() {
    each(|store| {
        store.commit(&[claim(1), claim(2)]).expect("kept");
        let to = Target::parse("@p2").expect("a name");
        one(store, Draft { conversation: direct(1, 2), to, ..draft(1, said("psst")) });
        assert_eq!(counts(store, 2, direct(1, 2)), (0, 1, 1));
        assert_eq!(counts(store, 1, direct(1, 2)), (0, 0, 0));
        assert_eq!(store.facts().expect("facts").directs, [[person(1), person(2)]]);
    });
}

#[test]
fn counts_are_exact_up_to_999() {
    each(|store| {
        store.commit(&[claim(1), claim(2)]).expect("kept");
        let line = || Write::Append(Draft { mentions: vec![person(2)], ..draft(1, said("p2")) });
        let lines: Vec<Write> = std::iter::repeat_with(line).take(999).collect();
        store.commit(&lines).expect("kept");
        assert_eq!(counts(store, 2, lobby()), (0, 999, 999));
        store.commit(&[line(), line(), line()]).expect("kept");
        assert_eq!(counts(store, 2, lobby()), (0, 1000, 1000), "more");
    });
}

#[test]
fn pages_cover_what_was_asked() {
    each(|store| {
        let lines: Vec<Write> = (1..=250).map(|n| Write::Append(draft(1, said(&format!("{n}"))))).collect();
        store.commit(&lines).expect("kept");
        let mut page = |before: Option<u64>| {
            let page = store
                .page(&PageAsk {
                    end: before.map_or(PageEnd::Newest, |before| PageEnd::Before(Seq(before))),
                    limit: 100,
                    ..ask(lobby())
                })
                .expect("a page");
            (page.from.0, page.before.0, page.entries.len())
        };
        assert_eq!(page(None), (151, 251, 100));
        assert_eq!(page(Some(151)), (51, 151, 100));
        assert_eq!(page(Some(51)), (1, 51, 50));
        assert_eq!(page(Some(1)), (1, 1, 0));
        assert_eq!(page(Some(9999)), (151, 251, 100));
    });
}

#[test]
fn the_oldest_goes_and_numbers_go_on() {
    each(|store| {
        let lines: Vec<Write> = (1..=1200).map(|n| Write::Append(draft(1, said(&format!("{n}"))))).collect();
        store.commit(&lines).expect("kept");
        let bounds = Retention { max_entries: 100, ..Retention::default() };
        while store.retain(&bounds, Timestamp(2000)).expect("dropped") {}
        let standing = store.standings(person(2), &[(lobby(), ReadFrom::At(Seq(7)))]).expect("a standing").remove(0);
        assert_eq!((standing.oldest, standing.head, standing.unread), (Seq(1101), Seq(1200), 100));
        assert_eq!(number(&one(store, draft(1, said("next")))), 1201);
        assert_eq!(one(store, draft(1, edited(5, "x"))), refused(AppendRefusal::NoSuchEntry));
        let days = Retention { max_days: 1, ..Retention::default() };
        while store.retain(&days, Timestamp(2 * DAY)).expect("dropped") {}
        assert!(texts(store).is_empty());
        assert_eq!(number(&one(store, draft(1, said("next")))), 1202);
    });
}

#[test]
fn a_room_is_forgotten_only_when_nothing_was_said() {
    each(|store| {
        store.commit(&[claim(1)]).expect("kept");
        let tea = Fact::Joined { person: person(1), room: room("Tea") };
        let forget = |name| Fact::RoomForgotten { room: room(name) };
        store.commit(&[Write::Facts(vec![tea.clone(), forget("tea"), forget("never")])]).expect("kept");
        one(store, draft(1, said("here")));
        store.commit(&[Write::Facts(vec![forget("lobby")])]).expect("kept");
        let facts = store.facts().expect("facts");
        let rooms: Vec<String> = facts.rooms.iter().map(|room| room.room.to_string()).collect();
        assert_eq!((rooms, facts.people[0].rooms.len()), (vec!["#lobby".to_owned()], 1));
        store.commit(&[Write::Facts(vec![tea])]).expect("kept");
        assert_eq!(store.facts().expect("facts").rooms.len(), 2, "and comes again");
    });
}

#[test]
fn order_is_kept_and_the_last_word_counts() {
    each(|store| {
        let role = |role| Fact::Role { person: person(1), room: None, role };
        let (subject, name) = (Subject::Person(person(2)), author(2).name);
        let sentence = |until| {
            let (penalty, name, why) = (Penalty::Mute, name.clone(), Text::clean(""));
            Fact::Sentenced(Sentence { penalty, room: None, subject, name, until, why })
        };
        let record = |n: i64| {
            let (by, deed, why) = (None, "op".to_owned(), Text::clean(""));
            Fact::Recorded(Record { at: Timestamp(n), by, deed, room: None, whom: None, until: None, why })
        };
        let slow = RoomSettings { slow: std::time::Duration::from_secs(30), ..RoomSettings::default() };
        let set = |settings| Fact::RoomSet { room: room("lobby"), settings, password: None };
        store.commit(&[claim(1), claim(2)]).expect("kept");
        let facts = vec![role(Role::Operator), role(Role::Owner), sentence(None), sentence(Some(Timestamp(9)))];
        store.commit(&[Write::Facts(facts), Write::Facts(vec![set(slow)])]).expect("kept");
        store.commit(&[Write::Facts((0..5).map(record).collect())]).expect("kept");
        let kept = store.facts().expect("facts");
        assert_eq!((kept.people[0].role, kept.people[1].role), (Role::Owner, Role::Member));
        assert_eq!((kept.sentences.len(), kept.sentences[0].until), (1, Some(Timestamp(9))));
        assert_eq!(kept.rooms[0].settings, slow);
        let times: Vec<i64> = store.audit(2).expect("the record").iter().map(|line| line.at.0).collect();
        assert_eq!(times, [3, 4], "the newest, the newest last");
        let over = Fact::Pardoned { penalty: Penalty::Mute, room: None, subject };
        store.commit(&[Write::Facts(vec![over, role(Role::Member)])]).expect("kept");
        let kept = store.facts().expect("facts");
        assert_eq!((kept.sentences.len(), kept.people[0].role), (0, Role::Member));
    });
}

#[test]
fn webhooks_are_kept_until_they_are_taken_back() {
    each(|store| {
        let hook = |number, name: u8| {
            let (room, name, by, made) = (room("lobby"), author(name).name, author(1).name, Timestamp(7));
            KeptHook {
                hook: Hook { number, room, name, by, made },
                person: person(number as u8),
                digest: [number as u8; 32],
            }
        };
        let facts = vec![Fact::Hooked(hook(1, 5)), Fact::Hooked(hook(2, 6))];
        store.commit(&[claim(1), Write::Facts(facts)]).expect("kept");
        assert_eq!(store.facts().expect("facts").hooks, [hook(1, 5), hook(2, 6)]);
        store.commit(&[Write::Facts(vec![Fact::Unhooked(1), Fact::Unhooked(9)])]).expect("kept");
        assert_eq!(store.facts().expect("facts").hooks, [hook(2, 6)]);
    });
}

#[test]
fn a_program_is_known_as_one_and_so_is_what_it_said_then() {
    each(|store| {
        let mark = |n, bot| Write::Facts(vec![Fact::Bot { person: person(n), bot }]);
        store.commit(&[claim(1), claim(2), mark(2, true), mark(3, true)]).expect("kept");
        let bots = |store: &mut dyn Store| -> Vec<bool> {
            store.facts().expect("facts").people.iter().map(|person| person.bot).collect()
        };
        assert_eq!(bots(store), [false, true]);
        let robot = |guest| Author { guest, bot: true, ..author(2) };
        one(store, Draft { from: robot(false), ..draft(2, said("beep")) });
        one(store, Draft { from: robot(true), ..draft(2, said("boop")) });
        one(store, Draft { from: robot(false), ..draft(2, What::Reacted { of: Seq(1), emoji: emoji("👍") }) });
        store.commit(&[mark(2, false)]).expect("kept");
        assert_eq!(bots(store), [false, false]);
        one(store, draft(2, said("hello")));
        let page = store.page(&ask(lobby())).expect("a page");
        let marks: Vec<(bool, bool)> = page.entries.iter().map(|shown| (shown.from.guest, shown.from.bot)).collect();
        assert_eq!(marks, [(false, true), (true, true), (false, false)]);
        let ShownWhat::Said { reactions, .. } = &page.entries[0].what else { panic!("{page:?}") };
        assert!(reactions[0].by[0].bot);
    });
}

#[test]
fn a_deleted_room_is_gone_with_its_words_and_its_numbers_go_on() {
    each(|store| {
        store.commit(&[claim(1), claim(2)]).expect("kept");
        let tea = Conversation::Room(room("tea"));
        let join = Fact::Joined { person: person(1), room: room("tea") };
        let said_there = || Draft { conversation: tea.clone(), ..draft(1, said("secret")) };
        store.commit(&[Write::Facts(vec![join.clone()])]).expect("kept");
        assert_eq!(number(&one(store, said_there())), 1);
        one(store, Draft { conversation: tea.clone(), ..draft(1, What::Topic { text: Text::clean("tea") }) });
        store.commit(&[Write::Facts(vec![Fact::RoomDeleted { room: room("tea") }])]).expect("kept");
        let facts = store.facts().expect("facts");
        assert_eq!((facts.rooms.len(), facts.people[0].rooms.len()), (1, 1), "the lobby is left");
        assert!(store.page(&ask(tea.clone())).expect("a page").entries.is_empty());
        store.commit(&[Write::Facts(vec![join])]).expect("kept");
        let again = store.standings(person(1), &[(tea.clone(), ReadFrom::Kept)]).expect("a standing").remove(0);
        assert_eq!((again.oldest, again.head, again.topic.as_str()), (Seq(3), Seq(2), ""));
        assert_eq!(number(&one(store, said_there())), 3);
    });
}

#[test]
fn the_epoch_is_the_stores_own() {
    each(|store| assert_eq!(store.epoch(), Epoch(EPOCH)));
}
