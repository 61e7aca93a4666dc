//! What only the store in memory can show: what it takes, and that what was taken back is gone from it. What every store
//! promises is tested in `store::contract`, and by `store::chance`.

use super::*;
use crate::protocol::command::PageEnd;
use crate::protocol::search::Query;
use crate::store::contract::{DAY, EPOCH, deleted, direct, draft, edited, lobby, one, person, said};

fn texts(store: &MemoryStore) -> Vec<String> {
    store.logs.values().flat_map(Log::texts).filter(|text| !text.is_empty()).collect()
}

#[test]
fn deleted_words_are_gone_from_memory_too() {
    let mut store = MemoryStore::new(EPOCH);
    one(&mut store, draft(1, said("hello")));
    one(&mut store, draft(1, edited(1, "hello all")));
    one(&mut store, draft(1, said("other")));
    assert_eq!(texts(&store), ["hello", "hello all", "other", "hello all"]);
    one(&mut store, draft(1, deleted(1)));
    assert_eq!(texts(&store), ["other"]);
    assert!(store.adds_up());
}

#[test]
fn a_history_stays_in_its_bounds_and_the_oldest_goes_wherever_it_was_said() {
    let mut store = MemoryStore::new(EPOCH);
    let heavy = "x".repeat(100_000);
    for n in 0..2000 {
        let conversation = if n % 2 == 0 { lobby() } else { direct(1, 2) };
        let line = Draft { conversation, at: Timestamp(n), ..draft(1, said(&heavy)) };
        store.commit(&[Write::Append(line)]).expect("kept");
    }
    assert!(store.logs.values().map(Log::bytes).sum::<usize>() as u64 > 2 * BYTES);
    while store.retain(&Retention::default(), Timestamp(DAY)).expect("dropped") {}
    assert!(store.logs.values().map(Log::bytes).sum::<usize>() as u64 <= BYTES);
    for log in store.logs.values() {
        assert_eq!(log.head(), 1000, "no number is given twice");
        assert!((1..=500).contains(&log.len()), "each has given of its own: {}", log.len());
    }
    assert!(store.adds_up());
    while store.retain(&Retention { max_bytes: 1, ..Retention::default() }, Timestamp(DAY)).expect("dropped") {}
    assert!(store.logs.values().all(|log| log.len() == 1), "the newest of each stays");
}

#[test]
fn a_search_that_takes_too_long_says_that_there_may_be_more() {
    let mut store = MemoryStore::new(EPOCH);
    for _ in 0..LOOKS_UNTIMED + 1 {
        one(&mut store, draft(1, said("nothing of the kind")));
    }
    let (of, query) = (vec![lobby()], Query::new("needle"));
    let ask = SearchAsk { of, query, author: None, limit: 5, bytes: 0, asker: person(2) };
    let log = &store.logs[&lobby()];
    let mut late = Budget { until: Instant::now() - Duration::from_millis(1), ..Budget::new() };
    assert_eq!(log.search(&ask, &mut late), (Vec::new(), true));
    assert_eq!(log.search(&ask, &mut Budget::new()), (Vec::new(), false));
}

#[test]
fn a_page_of_few_bytes_has_one_entry_at_least() {
    let mut store = MemoryStore::new(EPOCH);
    one(&mut store, draft(1, said("one")));
    one(&mut store, draft(1, said("two")));
    let ask = PageAsk { conversation: lobby(), end: PageEnd::Newest, limit: 100, bytes: 1, asker: person(1) };
    let page = store.page(&ask).expect("a page");
    assert_eq!((page.from, page.before, page.entries.len()), (Seq(2), Seq(3), 1));
}
