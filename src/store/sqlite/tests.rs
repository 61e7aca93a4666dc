//! What the store promises, said as short logs: numbers, nonces, changes, counts, pages, damage, a full disk.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::protocol::entry::{Author, Nonce, Pair, Seq, ShownWhat, What};
use crate::protocol::fact::{AppendRefusal, Draft, Fact};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::PublicKey;
use crate::protocol::text::Text;

fn person(n: u8) -> PersonId {
    PersonId([n; 16])
}

fn author(n: u8) -> Author {
    Author { person: person(n), name: Nick::parse(&format!("p{n}")).unwrap(), guest: false }
}

fn lobby() -> Conversation {
    Conversation::Room(RoomName::parse("lobby").unwrap())
}

fn draft(n: u8, what: What) -> Draft {
    let to = Target::parse("#lobby").unwrap();
    Draft { conversation: lobby(), to, at: Timestamp(1000), from: author(n), what, nonce: None, mentions: Vec::new() }
}

fn said(text: &str) -> What {
    What::Said { text: Text::clean(text), me: false, reply_to: None }
}

fn claim(n: u8) -> Write {
    Write::Facts(vec![
        Fact::Claimed { person: person(n), name: author(n).name, key: PublicKey([n; 32]), at: Timestamp(0) },
        Fact::Joined { person: person(n), room: RoomName::parse("lobby").unwrap() },
    ])
}

fn one(store: &mut SqliteStore, draft: Draft) -> Written {
    store.commit(&[Write::Append(draft)]).unwrap().remove(0)
}

fn number(written: &Written) -> u64 {
    match written {
        Written::Entry { entry, .. } => entry.seq.0,
        other => panic!("no entry: {other:?}"),
    }
}

fn texts(store: &mut SqliteStore) -> Vec<String> {
    let ask = PageAsk { conversation: lobby(), before: None, limit: 1000, bytes: 0, asker: person(1) };
    let text = |what: ShownWhat| match what {
        ShownWhat::Said { text, edited, reactions, .. } => {
            let text = text.map_or("(gone)".to_owned(), |text| text.as_str().to_owned());
            let reactions: String = reactions.iter().map(|r| format!(" {}{}", r.emoji.as_str(), r.count)).collect();
            format!("{text}{}{reactions}", if edited { "*" } else { "" })
        }
        ShownWhat::Topic { text } => format!("topic {text}"),
    };
    store.page(&ask).unwrap().entries.into_iter().map(|shown| format!("{} {}", shown.seq, text(shown.what))).collect()
}

fn counts(store: &mut SqliteStore, n: u8) -> (u64, u32, u32) {
    let standing = store.standings(person(n), &[(lobby(), ReadFrom::Kept)]).unwrap().remove(0);
    (standing.read.0, standing.unread, standing.mentions)
}

#[test]
fn numbers_nonces_and_what_comes_back() {
    let mut store = SqliteStore::ephemeral([1; 16]).unwrap();
    store.commit(&[claim(1), claim(2)]).unwrap();
    let nonce = Some(Nonce([9; 16]));
    let first = one(&mut store, Draft { nonce, ..draft(1, said("hi")) });
    assert_eq!(number(&first), 1);
    let again = one(&mut store, Draft { nonce, at: Timestamp(5), ..draft(1, said("hi")) });
    assert!(
        matches!(&again, Written::Entry { entry, fresh: false } if entry.seq == Seq(1) && entry.at == Timestamp(1000))
    );
    let other = one(&mut store, Draft { nonce, ..draft(1, said("ho")) });
    assert_eq!(other, Written::Refused(AppendRefusal::NonceConflict));
    assert_eq!(number(&one(&mut store, Draft { nonce, ..draft(2, said("ho")) })), 2, "a nonce is its author's own");
    assert_eq!(texts(&mut store), ["1 hi", "2 ho"]);
}

#[test]
fn changes_are_the_authors_and_show_in_pages() {
    let mut store = SqliteStore::ephemeral([1; 16]).unwrap();
    store.commit(&[claim(1), claim(2)]).unwrap();
    let mut draft_mentions = draft(1, said("hello p2"));
    draft_mentions.mentions = vec![person(2)];
    one(&mut store, draft_mentions);
    assert_eq!(counts(&mut store, 2), (0, 1, 1));
    let edit = |n, text: &str| draft(n, What::Edited { of: Seq(1), text: Text::clean(text) });
    assert_eq!(one(&mut store, edit(2, "x")), Written::Refused(AppendRefusal::NotYours));
    assert_eq!(one(&mut store, edit(1, "hello p2")), Written::Refused(AppendRefusal::Unchanged));
    assert_eq!(number(&one(&mut store, edit(1, "hello all"))), 2);
    let emoji = crate::protocol::entry::Emoji::parse("👍").unwrap();
    let react = |n| draft(n, What::Reacted { of: Seq(1), emoji: emoji.clone() });
    one(&mut store, react(2));
    assert_eq!(one(&mut store, react(2)), Written::Refused(AppendRefusal::Unchanged));
    assert_eq!(texts(&mut store), ["1 hello all* 👍1"]);
    let gone = one(&mut store, draft(1, What::Deleted { of: Seq(1) }));
    assert!(matches!(&gone, Written::Entry { entry, .. } if entry.mentions == [person(2)]), "{gone:?}");
    assert_eq!(texts(&mut store), ["1 (gone)"]);
    assert_eq!(counts(&mut store, 2), (0, 0, 0));
    assert_eq!(one(&mut store, edit(1, "back")), Written::Refused(AppendRefusal::Deleted));
    assert_eq!(one(&mut store, draft(1, What::Deleted { of: Seq(7) })), Written::Refused(AppendRefusal::NoSuchEntry));
    let raw: i64 =
        store.db.query_row("SELECT count(*) FROM entries WHERE text LIKE '%hello%'", [], |row| row.get(0)).unwrap();
    assert_eq!(raw, 0, "the words are gone from the log too");
}

#[test]
fn reading_only_grows_and_never_beyond_the_head() {
    let mut store = SqliteStore::ephemeral([1; 16]).unwrap();
    store.commit(&[claim(1), claim(2)]).unwrap();
    for n in 0..5 {
        one(&mut store, draft(1, said(&format!("{n}"))));
    }
    let read = |seq| Write::Facts(vec![Fact::Read { person: person(2), conversation: lobby(), seq: Seq(seq) }]);
    store.commit(&[read(3)]).unwrap();
    store.commit(&[read(1)]).unwrap();
    assert_eq!(counts(&mut store, 2), (3, 2, 0));
    store.commit(&[read(u64::MAX)]).unwrap();
    assert_eq!(counts(&mut store, 2), (5, 0, 0));
}

#[test]
fn a_direct_line_counts_as_a_mention() {
    let mut store = SqliteStore::ephemeral([1; 16]).unwrap();
    store.commit(&[claim(1), claim(2)]).unwrap();
    let conversation = Conversation::Direct(Pair::new(person(1), person(2)));
    let to = Target::parse("@p2").unwrap();
    one(&mut store, Draft { conversation: conversation.clone(), to, ..draft(1, said("psst")) });
    let standing = store.standings(person(2), &[(conversation, ReadFrom::Kept)]).unwrap().remove(0);
    assert_eq!((standing.unread, standing.mentions), (1, 1));
    assert_eq!(store.facts().unwrap().directs, [[person(1), person(2)]]);
}

#[test]
fn pages_cover_what_was_asked() {
    let mut store = SqliteStore::ephemeral([1; 16]).unwrap();
    for n in 1..=250 {
        one(&mut store, draft(1, said(&format!("{n}"))));
    }
    let mut page = |before: Option<u64>, bytes| {
        let ask = PageAsk { conversation: lobby(), before: before.map(Seq), limit: 100, bytes, asker: person(1) };
        let page = store.page(&ask).unwrap();
        (page.from.0, page.before.0, page.entries.len())
    };
    assert_eq!(page(None, 0), (151, 251, 100));
    assert_eq!(page(Some(151), 0), (51, 151, 100));
    assert_eq!(page(Some(51), 0), (1, 51, 50));
    assert_eq!(page(Some(1), 0), (1, 1, 0));
    assert_eq!(page(Some(9999), 1), (250, 251, 1), "always one at least");
}

#[test]
fn a_file_lasts_and_is_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut store = SqliteStore::open(&path, [1; 16]).unwrap();
    store.commit(&[claim(1), claim(2)]).unwrap();
    one(&mut store, draft(1, said("kept")));
    drop(store);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut store = SqliteStore::open(&path, [2; 16]).unwrap();
    assert_eq!(store.epoch(), Epoch([1; 16]));
    assert_eq!(texts(&mut store), ["1 kept"]);
    let facts = store.facts().unwrap();
    assert_eq!(facts.people.len(), 2);
    assert_eq!(facts.people[0].keys, [PublicKey([1; 32])]);
    assert_eq!(facts.rooms[0].head, Seq(1));
    let mut reader = store.reader().unwrap().expect("a file has readers");
    reader.check().unwrap();
}

#[test]
fn a_newer_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(SqliteStore::open(&path, [1; 16]).err(), Some(StoreError::Newer { found: 99, .. })));
    assert_eq!(before, std::fs::read(&path).unwrap(), "to the byte");
}

#[test]
fn an_older_file_is_copied_before_it_is_brought_forward() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut db = Connection::open(&path).unwrap();
    let steps = [MIGRATIONS[0], "CREATE TABLE later (x INTEGER) STRICT;"];
    migrate(&mut db, Some(&path), &steps[..1]).unwrap();
    db.execute("INSERT INTO meta (key, value) VALUES ('x', x'01')", []).unwrap();
    migrate(&mut db, Some(&path), &steps).unwrap();
    assert_eq!(db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap(), 2);
    let copy = Connection::open(path.with_extension("v1.bak")).unwrap();
    assert_eq!(copy.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    assert!(matches!(migrate(&mut db, Some(&path), &steps[..1]), Err(StoreError::Newer { found: 2, known: 1, .. })));
}

#[test]
fn a_damaged_row_is_said_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut store = SqliteStore::open(&path, [1; 16]).unwrap();
    one(&mut store, draft(1, said("the true words")));
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(14).position(|part| part == b"the true words").expect("it is in the file");
    bytes[at] = b'T';
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(SqliteStore::open(&path, [1; 16]).err(), Some(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing is overwritten");
    std::fs::write(
        &path,
        b"this is no database at all, but it is long enough to be taken for one at first sight, is it not?",
    )
    .unwrap();
    assert!(matches!(SqliteStore::open(&path, [1; 16]).err(), Some(StoreError::Damaged { .. })));
}

#[test]
fn a_full_disk_refuses_and_goes_on_later() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut store = SqliteStore::open(&path, [1; 16]).unwrap();
    one(&mut store, draft(1, said("first")));
    let pages: i64 = store.db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.db.pragma_update(None, "max_page_count", pages).unwrap();
    let big = "x".repeat(7000);
    let full = store.commit(&[
        Write::Append(draft(1, said("second"))),
        Write::Append(draft(1, said(&big))),
        Write::Append(draft(1, said(&big))),
    ]);
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert_eq!(texts(&mut store), ["1 first"], "all of a turn or nothing");
    store.db.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert_eq!(number(&one(&mut store, draft(1, said("second")))), 2);
}

#[test]
fn the_oldest_goes_and_numbers_go_on() {
    let mut store = SqliteStore::ephemeral([1; 16]).unwrap();
    for n in 1..=1200 {
        one(&mut store, draft(1, said(&format!("{n}"))));
    }
    let bounds = Retention { max_entries: 100, ..Retention::default() };
    let mut steps = 0;
    while store.retain(&bounds, Timestamp(2000)).unwrap() {
        steps += 1;
    }
    assert!(steps > 1, "a step at a time");
    let standing = store.standings(person(2), &[(lobby(), ReadFrom::Kept)]).unwrap().remove(0);
    assert_eq!((standing.oldest, standing.head), (Seq(1101), Seq(1200)));
    assert_eq!(number(&one(&mut store, draft(1, said("next")))), 1201);
    let days = Retention { max_days: 1, ..Retention::default() };
    while store.retain(&days, Timestamp(1000 * 60 * 60 * 48)).unwrap() {}
    assert!(texts(&mut store).is_empty());
    assert_eq!(number(&one(&mut store, draft(1, said("next")))), 1202);
}
