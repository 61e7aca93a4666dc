//! What only SQLite can show: files, versions, damage, a full disk, words gone for good. What every store promises is
//! tested in `store::contract`.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{Author, Seq, ShownWhat, What};
use crate::protocol::fact::{Draft, Fact};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::PublicKey;
use crate::protocol::text::Text;

fn person(n: u8) -> PersonId {
    PersonId([n; 16])
}

fn author(n: u8) -> Author {
    Author { person: person(n), name: Nick::parse(&format!("p{n}")).unwrap(), guest: false, bot: false }
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
    let ask = PageAsk { conversation: lobby(), end: PageEnd::Newest, limit: 1000, bytes: 0, asker: person(1) };
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

#[test]
fn deleted_words_are_gone_from_the_log_too() {
    let mut store = SqliteStore::in_memory([1; 16]).unwrap();
    one(&mut store, draft(1, said("hello")));
    one(&mut store, draft(1, What::Edited { of: Seq(1), text: Text::clean("hello all") }));
    one(&mut store, draft(1, What::Deleted { of: Seq(1) }));
    for table in ["entries", "shown"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE text LIKE '%hello%'");
        let found: i64 = store.db.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, 0, "{table}");
    }
}

#[test]
fn a_page_of_few_bytes_has_one_entry_at_least() {
    let mut store = SqliteStore::in_memory([1; 16]).unwrap();
    one(&mut store, draft(1, said("one")));
    one(&mut store, draft(1, said("two")));
    let ask = PageAsk { conversation: lobby(), end: PageEnd::Newest, limit: 100, bytes: 1, asker: person(1) };
    let page = store.page(&ask).unwrap();
    assert_eq!((page.from, page.before, page.entries.len()), (Seq(2), Seq(3), 1));
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
    assert!(reader.check(&Arc::default()).unwrap());
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
fn the_oldest_goes_a_step_at_a_time() {
    let mut store = SqliteStore::in_memory([1; 16]).unwrap();
    for n in 1..=1200 {
        one(&mut store, draft(1, said(&format!("{n}"))));
    }
    let bounds = Retention { max_entries: 100, ..Retention::default() };
    let mut steps = 0;
    while store.retain(&bounds, Timestamp(2000)).unwrap() {
        steps += 1;
    }
    assert!(steps > 1);
    assert_eq!(texts(&mut store).len(), 100);
}
