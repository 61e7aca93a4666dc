//! What a history costs as it grows: `cargo bench --bench history` fills one store on disk from 10^3 to 10^6 entries
//! (`-- --up-to 10000000` goes further) and times at each size what the host asks of it. docs/performance.md has the
//! table. The disk is that of the temporary folder; the file goes with the bench.

#![forbid(unsafe_code)]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use wschat::protocol::command::PageEnd;
use wschat::protocol::entry::{Author, Conversation, Nonce, PersonId, Seq, Timestamp, What};
use wschat::protocol::fact::{Draft, ReadFrom};
use wschat::protocol::names::{Nick, RoomName, Target};
use wschat::protocol::search::Query;
use wschat::protocol::text::Text;
use wschat::store::sqlite::SqliteStore;
use wschat::store::{PageAsk, SearchAsk, Store, Write};

/// Lines of one commit while the store is filled: about what a busy host commits in one turn.
const TOGETHER: u64 = 256;

/// Each question is asked so often, at places spread over the history; the median counts.
const ASKED: u64 = 201;

/// Messages of a search.
const HITS: u32 = 50;

/// Entries of a page.
const PAGE: u32 = 100;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let up_to = match args.as_slice() {
        [] => 1_000_000,
        [arg, value] if arg == "--up-to" => value.parse().context("--up-to takes a number of entries")?,
        _ => bail!("there is --up-to N"),
    };
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("host.db");
    let mut held = 0;
    println!(
        "{:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "entries",
        "us/entry",
        "B/entry",
        "open ms",
        "newest",
        "middle",
        "oldest",
        "all read",
        "some",
        "none",
        "often",
        "rare",
        "never",
        "line ms"
    );
    let mut size = 1_000;
    while size <= up_to {
        let begun = Instant::now();
        let mut store = SqliteStore::open(&path, [1; 16])?;
        let more = size - held;
        while held < size {
            let until = (held + TOGETHER).min(size);
            store.commit(&(held..until).map(line).collect::<Vec<_>>())?;
            held = until;
        }
        let filled = begun.elapsed().as_secs_f64() * 1e6 / more as f64;
        store.finish()?;
        drop(store);
        let bytes = on_disk(dir.path())? as f64 / size as f64;
        measure(&path, size, filled, bytes)?;
        size *= 10;
    }
    Ok(())
}

/// Asks a store of so many entries all that a host asks, and prints one row.
fn measure(path: &Path, size: u64, filled: f64, bytes: f64) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut store = SqliteStore::open(path, [1; 16])?;
    store.facts()?;
    let opened = begun.elapsed();
    let mut page = |place: fn(u64, u64) -> u64| {
        median(|n| {
            let end = PageEnd::Before(Seq(place(n, size)));
            let (conversation, asker) = (Conversation::Room(room()), PersonId([9; 16]));
            let found = store.page(&PageAsk { conversation, end, limit: PAGE, bytes: 1 << 20, asker })?;
            ensure!(found.entries.len() == PAGE as usize, "a page is whole");
            Ok(())
        })
    };
    let (newest, middle, oldest) = (page(|_, size| size + 1)?, page(spread)?, page(|_, _| u64::from(PAGE) + 1)?);
    let mut standing = |place: fn(u64, u64) -> u64| {
        median(|n| {
            let of = [(Conversation::Room(room()), ReadFrom::At(Seq(place(n, size))))];
            ensure!(store.standings(PersonId([9; 16]), &of)?.len() == 1, "one is asked");
            Ok(())
        })
    };
    let (all, some, none) = (standing(|_, size| size * 2)?, standing(spread)?, standing(|_, _| 0)?);
    let mut search = |words: fn(u64, u64) -> String| {
        median(|n| {
            let query = Query::new(&words(n, size));
            let asker = PersonId([9; 16]);
            let of = vec![Conversation::Room(room())];
            store.search(&SearchAsk { of, query, author: None, limit: HITS, bytes: 1 << 20, asker })?;
            Ok(())
        })
    };
    let often = search(|_, _| "ordinary day".to_owned())?;
    let rare = search(|n, size| format!("line {}", spread(n, size)))?;
    let never = search(|n, _| format!("zebra{n} people"))?;
    // What is added here is part of the next size's history, under nonces of its own.
    let one = median(|n| {
        ensure!(store.commit(&[line(u64::MAX / 2 + size + n)])?.len() == 1, "one is kept");
        Ok(())
    })?;
    let us = |took: Duration| took.as_secs_f64() * 1e6;
    println!(
        "{size:>10} {filled:>9.1} {bytes:>9.1} {:>9.2} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>9.2}",
        us(opened) / 1e3,
        us(newest),
        us(middle),
        us(oldest),
        us(all),
        us(some),
        us(none),
        us(often),
        us(rare),
        us(never),
        us(one) / 1e3
    );
    Ok(())
}

/// A place in the history, far from the one before.
fn spread(n: u64, size: u64) -> u64 {
    let step = size * 618 / 1000 + 1;
    u64::from(PAGE) + 1 + n * step % (size - u64::from(PAGE))
}

fn median(mut ask: impl FnMut(u64) -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for n in 0..ASKED {
        let begun = Instant::now();
        ask(n)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn on_disk(dir: &Path) -> anyhow::Result<u64> {
    Ok(dir.read_dir()?.collect::<Result<Vec<_>, _>>()?.iter().filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum())
}

fn room() -> RoomName {
    RoomName::parse("lobby").expect("a room's name")
}

/// A line of about a hundred bytes, by one of twenty people, with a nonce as every client sends one; every fiftieth
/// mentions somebody.
fn line(n: u64) -> Write {
    let person = PersonId([(n % 20) as u8; 16]);
    let name = Nick::parse(&format!("person-{}", n % 20)).expect("a name");
    let mut nonce = [0; 16];
    // As random as a client's: the index of nonces is filled at all places.
    nonce[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    nonce[8..].copy_from_slice(&n.to_be_bytes());
    let text =
        format!("line {n} of a hundred bytes or so, which is what people say to each other on an ordinary day at work");
    Write::Append(Draft {
        conversation: Conversation::Room(room()),
        to: Target::Room(room()),
        at: Timestamp(1_795_183_200_000 + n as i64 % 1_000_000_000),
        from: Author { person, name, guest: false, bot: false },
        what: What::Said { text: Text::clean(&text), me: false, reply_to: None },
        nonce: Some(Nonce(nonce)),
        mentions: if n.is_multiple_of(50) { vec![PersonId([9; 16])] } else { Vec::new() },
    })
}
