//! Files as a bad disk or a killed host leaves them: bytes flipped, logs cut short, versions from the future. What is
//! read is what was written or an error, never anything else.

use std::path::{Path, PathBuf};

use super::*;
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{Nonce, Page, Seq, What};
use crate::protocol::fact::ReadFrom;
use crate::protocol::fact::{Draft, Fact, Facts};
use crate::protocol::hook::{Hook, KeptHook};
use crate::protocol::names::Target;
use crate::protocol::rights::{Penalty, Record, Role, RoomSettings, Sentence, Subject};
use crate::protocol::secret::PasswordHash;
use crate::protocol::text::Text;
use crate::store::chance::Chance;
use crate::store::contract::{EPOCH, claim, deleted, direct, draft, edited, emoji, lobby, person, read, room, said};

/// Bytes flipped, each in a file of its own.
const FLIPS: u64 = 500;

fn tea() -> Conversation {
    Conversation::Room(room("tea"))
}

/// A history with everything in it: rooms, a direct conversation, all kinds of entries, mentions, reads, a rename.
fn history() -> Vec<Vec<Write>> {
    let tea_time = Fact::Joined { person: person(3), room: room("tea") };
    let name = crate::protocol::names::Nick::parse("dee").unwrap();
    let renamed = Fact::Renamed { person: person(4), name, reserved_until: Timestamp(1 << 40) };
    let mut turns = vec![vec![
        claim(1),
        claim(2),
        claim(3),
        claim(4),
        Write::Facts(vec![tea_time, renamed]),
        Write::Facts(order()),
    ]];
    for n in 0..120u64 {
        let who = 1 + (n % 4) as u8;
        let conversation = [lobby(), lobby(), tea(), direct(1, 2)][(n / 4 % 4) as usize].clone();
        let to = match &conversation {
            Conversation::Room(room) => Target::Room(room.clone()),
            Conversation::Direct(_) => Target::parse("@p2").unwrap(),
        };
        let what = match n % 13 {
            5 => edited(n / 8, &format!("changed to {n}")),
            7 => deleted(n / 9),
            8 | 9 => What::Reacted { of: Seq(n / 10), emoji: emoji("👍") },
            10 => What::Topic { text: Text::clean(&format!("topic {n}")) },
            _ => said(&format!("line {n}: {}", "words ".repeat(n as usize % 7))),
        };
        let nonce = (n % 3 > 0).then_some(Nonce([n as u8; 16]));
        let mentions = if n % 5 == 0 { vec![person(2), person(3)] } else { Vec::new() };
        let at = Timestamp(1_000_000 + n as i64);
        turns.push(vec![Write::Append(Draft { conversation, to, nonce, mentions, at, ..draft(who, what) })]);
        if n % 20 == 19 {
            turns.push(vec![read(2, lobby(), n / 4), read(1, direct(1, 2), n / 8)]);
        }
    }
    turns
}

/// Roles, sentences, settings, an invitation, a room that was deleted, and the record of it.
fn order() -> Vec<Fact> {
    let (tea, name) = (room("tea"), crate::protocol::names::Nick::parse("mallory").unwrap());
    let sentence = |room, subject, until| {
        let (penalty, name, why) = (Penalty::Ban, name.clone(), Text::clean("spam"));
        Fact::Sentenced(Sentence { penalty, room, subject, name, until, why })
    };
    let settings = RoomSettings { private: true, password: true, ..RoomSettings::default() };
    let line = |n: i64| {
        let (by, whom, why) = (Some(name.clone()), Some(name.clone()), Text::clean("so it is"));
        let (deed, until) = ("ban".to_owned(), Some(Timestamp(n)));
        Fact::Recorded(Record { at: Timestamp(n), by, deed, room: Some(room("tea")), whom, until, why })
    };
    let mut facts = vec![
        Fact::Role { person: person(1), room: None, role: Role::Owner },
        Fact::Bot { person: person(3), bot: true },
        Fact::Hooked(KeptHook {
            hook: Hook { number: 1, room: tea.clone(), name: name.clone(), by: name.clone(), made: Timestamp(3) },
            person: person(9),
            digest: [9; 32],
        }),
        Fact::Role { person: person(2), room: Some(tea.clone()), role: Role::Operator },
        sentence(None, Subject::Person(person(3)), Some(Timestamp(7))),
        sentence(Some(tea.clone()), Subject::Address("192.0.2.7".parse().unwrap()), None),
        sentence(None, Subject::Address("2001:db8::".parse().unwrap()), None),
        Fact::RoomSet { room: tea.clone(), settings, password: PasswordHash::parse("$argon2id$hash") },
        Fact::RoomInvited { room: tea, person: person(4) },
        Fact::RoomMade { room: room("gone"), maker: None, at: Timestamp(1) },
        Fact::RoomDeleted { room: room("gone") },
    ];
    facts.extend((0..20).map(line));
    facts
}

/// All that can be asked of a store.
#[derive(Clone, Debug, PartialEq)]
struct Everything {
    epoch: Epoch,
    facts: Facts,
    standings: Vec<Standing>,
    pages: Vec<Page>,
    audit: Vec<Record>,
}

fn conversations() -> [Conversation; 3] {
    [lobby(), tea(), direct(1, 2)]
}

fn pages(store: &mut dyn Store) -> Result<Vec<Page>, StoreError> {
    let mut pages = Vec::new();
    for conversation in conversations() {
        let mut end = PageEnd::Newest;
        loop {
            let ask = PageAsk { conversation: conversation.clone(), end, limit: 25, bytes: 0, asker: person(2) };
            let page = store.page(&ask)?;
            // The second only when rows are missing: such a page is wrong, and never the way to the next.
            let done = page.from <= page.oldest || page.from == page.before;
            end = PageEnd::Before(page.from);
            pages.push(page);
            if done {
                break;
            }
        }
    }
    Ok(pages)
}

fn everything(store: &mut dyn Store) -> Result<Everything, StoreError> {
    let of = conversations().map(|conversation| (conversation, ReadFrom::Kept));
    let mut standings = Vec::new();
    for who in 1..=4 {
        standings.extend(store.standings(person(who), &of)?);
    }
    let audit = store.audit(100)?;
    Ok(Everything { epoch: store.epoch(), facts: store.facts()?, standings, pages: pages(store)?, audit })
}

/// Opens a file and reads all there is.
fn look(path: &Path) -> Result<Everything, StoreError> {
    let mut store = SqliteStore::open(path, [9; 16])?;
    everything(&mut store)
}

/// Opens a file and looks it over from end to end.
fn check(path: &Path) -> Result<(), StoreError> {
    let store = SqliteStore::open(path, [9; 16])?;
    store.reader()?.expect("a file has readers").check(&Arc::default()).map(|whole| assert!(whole))
}

fn written(dir: &Path) -> (PathBuf, Everything) {
    let path = dir.join("host.db");
    let mut store = SqliteStore::open(&path, EPOCH).unwrap();
    for turn in history() {
        store.commit(&turn).unwrap();
    }
    let right = everything(&mut store).unwrap();
    drop(store);
    (path, right)
}

#[test]
fn a_flipped_byte_is_found_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (path, right) = written(dir.path());
    let whole = std::fs::read(&path).unwrap();
    let damaged = dir.path().join("damaged.db");
    let (mut chance, mut found) = (Chance::new(1), 0);
    for flip in 0..FLIPS {
        let (at, by) = (chance.below(whole.len() as u64) as usize, 1 + chance.below(255) as u8);
        let mut bytes = whole.clone();
        bytes[at] ^= by;
        std::fs::write(&damaged, &bytes).unwrap();
        for beside in ["damaged.db-wal", "damaged.db-shm"] {
            let _ = std::fs::remove_file(dir.path().join(beside));
        }
        match look(&damaged) {
            Err(_) => {
                found += 1;
                assert!(std::fs::read(&damaged).unwrap() == bytes, "flip {flip}, byte {at}: the file was written to");
            }
            Ok(seen) if seen == right => {}
            Ok(seen) => {
                assert_eq!(uncounted(seen), uncounted(right.clone()), "flip {flip}: byte {at} by {by:02x}");
                // Counts alone are made of what has no digest; the look at the whole file compares that with what has.
                let check = check(&damaged);
                assert!(matches!(check, Err(StoreError::Damaged { .. })), "flip {flip}: byte {at} by {by:02x}");
                found += 1;
            }
        }
    }
    assert!(found > FLIPS / 20, "{found} of {FLIPS} flips fell on something: the history is too small");
}

/// All but the counts.
fn uncounted(mut seen: Everything) -> Everything {
    for standing in &mut seen.standings {
        (standing.unread, standing.mentions) = (0, 0);
    }
    seen
}

/// What a host killed now would leave: the file and its log, without the shared memory.
fn as_killed(path: &Path, to: &Path, log_bytes: Option<usize>) -> usize {
    std::fs::copy(path, to).unwrap();
    let beside = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    let log = std::fs::read(beside(path)).unwrap_or_default();
    let kept = log_bytes.unwrap_or(log.len()).min(log.len());
    std::fs::write(beside(to), &log[..kept]).unwrap();
    log.len()
}

#[test]
fn a_killed_host_has_all_it_answered() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut store = SqliteStore::open(&path, EPOCH).unwrap();
    for (turn, writes) in history().iter().enumerate() {
        store.commit(writes).unwrap();
        if turn % 10 == 0 {
            let copy = dir.path().join(format!("killed-{turn}.db"));
            as_killed(&path, &copy, None);
            assert_eq!(look(&copy).unwrap(), everything(&mut store).unwrap(), "after turn {turn}");
            check(&copy).unwrap();
        }
    }
}

#[test]
fn a_log_cut_anywhere_gives_whole_turns() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut store = SqliteStore::open(&path, EPOCH).unwrap();
    let line = |n: u64| Write::Append(draft(1, said(&format!("line {n}"))));
    for turn in 0..20 {
        store.commit(&[line(turn * 3), line(turn * 3 + 1), line(turn * 3 + 2)]).unwrap();
    }
    let ask = PageAsk { conversation: lobby(), end: PageEnd::Newest, limit: 100, bytes: 0, asker: person(1) };
    let right = store.page(&ask).unwrap().entries;
    let copy = dir.path().join("cut.db");
    let whole = as_killed(&path, &copy, None);
    let mut chance = Chance::new(2);
    for _ in 0..60 {
        let _ = std::fs::remove_file(dir.path().join("cut.db-shm"));
        let cut = chance.below(whole as u64 + 1) as usize;
        as_killed(&path, &copy, Some(cut));
        let entries = SqliteStore::open(&copy, EPOCH).and_then(|mut store| store.page(&ask)).unwrap().entries;
        assert_eq!(entries.len() % 3, 0, "half a turn at {cut} of {whole}");
        assert_eq!(entries, right[..entries.len()], "cut at {cut} of {whole}");
    }
}

#[test]
fn a_newer_file_that_was_killed_is_left_alone_with_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut store = SqliteStore::open(&path, EPOCH).unwrap();
    for turn in history() {
        store.commit(&turn).unwrap();
    }
    store.db.pragma_update(None, "user_version", 99).unwrap();
    let copy = dir.path().join("newer.db");
    assert!(as_killed(&path, &copy, None) > 0, "there is a log");
    let files = || ["newer.db", "newer.db-wal"].map(|name| std::fs::read(dir.path().join(name)).unwrap());
    let before = files();
    let refused = SqliteStore::open(&copy, EPOCH).err();
    assert!(matches!(refused, Some(StoreError::Newer { found: 99, .. })), "{refused:?}");
    assert!(before == files(), "to the byte");
}

#[test]
fn a_finished_history_is_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("host.db");
    let mut store = SqliteStore::open(&path, EPOCH).unwrap();
    for turn in history() {
        store.commit(&turn).unwrap();
    }
    // A reader that is still there keeps closing from tidying up.
    let mut reader = store.reader().unwrap().expect("a file has readers");
    reader
        .page(&PageAsk { conversation: lobby(), end: PageEnd::Newest, limit: 1, bytes: 0, asker: person(1) })
        .unwrap();
    store.finish().unwrap();
    let alone = dir.path().join("alone.db");
    std::fs::copy(&path, &alone).unwrap();
    assert_eq!(look(&alone).unwrap(), everything(&mut store).unwrap());
}

#[test]
fn a_look_over_the_file_is_given_up_when_nobody_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = written(dir.path());
    let store = SqliteStore::open(&path, [9; 16]).unwrap();
    let mut reader = store.reader().unwrap().expect("a file has readers");
    assert!(!reader.check(&Arc::new(AtomicBool::new(true))).unwrap());
    assert!(reader.check(&Arc::default()).unwrap());
}
