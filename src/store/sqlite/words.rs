//! The index of words: kept in step with the log by the one writer, asked by readers. What a search means is
//! `protocol::search`'s; the index only says where to look, and everything it names is compared with the text as it stands.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::read::{self, log};
use super::row::{self, BESIDE, COLUMNS, Columns, Log, SAID};
use crate::protocol::entry::{Conversation, Shown, Timestamp};
use crate::protocol::search::{self, Found, Hit, Query};
use crate::store::SearchAsk;

/// Bits of a row's number that are the seq; those above are the conversation.
const SEQ_BITS: u32 = 36;

/// Entries that wait for the index before they are worked in together: one by one they would cost each sender as much as
/// all else that is written, and a search looks at those that wait in well under a millisecond.
const WAITING: usize = 128;

/// Entries compared with one search at most; one that asks for less is told that there may be more. About a tenth of a
/// second of a reader.
const LOOKED_AT: usize = 20_000;

/// How words are cut and folded; another number makes the index anew.
const MADE_BY: [u8; 1] = [1];

/// How many entries wait for the index, as far as this writer knows.
#[derive(Default)]
pub struct Waiting(usize);

impl Waiting {
    /// One more may.
    pub fn grow(&mut self) {
        self.0 += 1;
    }
}

fn id(conversation: i64, seq: i64) -> i64 {
    (conversation << SEQ_BITS) | seq
}

fn of_id(id: i64) -> (i64, i64) {
    (id >> SEQ_BITS, id & ((1 << SEQ_BITS) - 1))
}

fn indexed(text: &str) -> String {
    search::index_words(&search::fold(text)).join(" ")
}

/// A Said was appended.
pub fn said(tx: &Transaction<'_>, conversation: i64, seq: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO unsearched (id) VALUES (?1)")?.execute([id(conversation, seq)])?;
    Ok(())
}

/// The words of a Said were changed, or are gone (`None`).
pub fn changed(
    tx: &Transaction<'_>,
    conversation: i64,
    seq: i64,
    was: &str,
    now: Option<&str>,
) -> rusqlite::Result<()> {
    let id = id(conversation, seq);
    if !waits(tx, id)? {
        tx.prepare_cached("INSERT INTO words (words, rowid, text) VALUES ('delete', ?1, ?2)")?
            .execute(params![id, indexed(was)])?;
    }
    let waits = match now {
        Some(_) => "INSERT OR IGNORE INTO unsearched (id) VALUES (?1)",
        None => "DELETE FROM unsearched WHERE id = ?1",
    };
    tx.prepare_cached(waits)?.execute([id])?;
    Ok(())
}

fn waits(db: &Connection, id: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM unsearched WHERE id = ?1")?.exists([id])
}

/// At the end of a turn: what waits is worked in, when it is enough.
pub fn work(tx: &Transaction<'_>, waiting: &mut Waiting) -> rusqlite::Result<()> {
    if waiting.0 < WAITING {
        return Ok(());
    }
    waiting.0 = 0;
    let ids: Vec<i64> = tx
        .prepare_cached("SELECT id FROM unsearched ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // By rising numbers, so that the index takes them as one piece.
    for id in ids {
        let (conversation, seq) = of_id(id);
        if let Some(text) = words(tx, conversation, seq)? {
            tx.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?
                .execute(params![id, indexed(&text)])?;
        }
    }
    tx.execute("DELETE FROM unsearched", [])?;
    Ok(())
}

/// The words of a Said as they stand; `None` when it is deleted, or not there.
fn words(db: &Connection, conversation: i64, seq: i64) -> rusqlite::Result<Option<String>> {
    let sql = format!(
        "SELECT CASE WHEN s.deleted THEN NULL ELSE coalesce(s.text, e.text) END FROM entries e
         LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
         WHERE e.conversation = ?1 AND e.seq = ?2 AND e.kind = {SAID}"
    );
    Ok(db.prepare_cached(&sql)?.query_row([conversation, seq], |row| row.get(0)).optional()?.flatten())
}

/// The entries up to this seq are about to be dropped.
pub fn forget(tx: &Transaction<'_>, conversation: i64, upto: i64) -> rusqlite::Result<()> {
    let sql = format!("SELECT seq FROM entries WHERE conversation = ?1 AND seq <= ?2 AND kind = {SAID} ORDER BY seq");
    let seqs: Vec<i64> =
        tx.prepare_cached(&sql)?.query_map([conversation, upto], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for seq in seqs {
        if let Some(text) = words(tx, conversation, seq)? {
            changed(tx, conversation, seq, &text, None)?;
        }
    }
    Ok(())
}

/// Makes the index when it is not there, or was made another way.
pub fn make(db: &mut Connection) -> rusqlite::Result<()> {
    let made: Option<Vec<u8>> =
        db.query_row("SELECT value FROM meta WHERE key = 'words'", [], |row| row.get(0)).optional()?;
    if made.as_deref() == Some(&MADE_BY) {
        return Ok(());
    }
    let tx = db.transaction()?;
    tx.execute("INSERT INTO words (words) VALUES ('delete-all')", [])?;
    tx.execute("DELETE FROM unsearched", [])?;
    {
        let sql = format!(
            "SELECT e.conversation, e.seq, coalesce(s.text, e.text) FROM entries e
             LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
             WHERE e.kind = {SAID} AND e.text IS NOT NULL AND coalesce(s.deleted, 0) = 0 ORDER BY e.conversation, e.seq"
        );
        let mut all = tx.prepare(&sql)?;
        let mut put = tx.prepare("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?;
        let mut rows = all.query([])?;
        while let Some(found) = rows.next()? {
            let text: String = found.get(2)?;
            put.execute(params![id(found.get(0)?, found.get(1)?), indexed(&text)])?;
        }
    }
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('words', ?1)", [MADE_BY])?;
    tx.commit()
}

/// The first seq of this log that was said at this time or later; behind the head when none was. Found by halving: where
/// the host's clock was set back it is one of them.
pub fn seq_at(db: &Connection, log: &Log, at: Timestamp) -> rusqlite::Result<i64> {
    let mut statement = db.prepare_cached("SELECT at FROM entries WHERE conversation = ?1 AND seq = ?2")?;
    let (mut low, mut high) = (log.oldest, log.head + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let said: i64 =
            statement.query_row([log.id, middle], |row| row.get(0)).optional()?.ok_or_else(|| row::damaged(1))?;
        if said < at.0 { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

pub fn search(db: &Connection, ask: &SearchAsk) -> rusqlite::Result<Found> {
    let most = ask.limit.max(1) as usize;
    let mut found = Found::default();
    let mut left = LOOKED_AT;
    for conversation in &ask.of {
        let Some(log) = log(db, conversation)? else { continue };
        let one = in_log(db, ask, conversation, &log, most, &mut left)?;
        found.hits.extend(one.hits);
        found.more |= one.more;
    }
    found.hits.sort_by_key(|hit| std::cmp::Reverse(hit.shown.at));
    let weights = found.hits.iter().take(most).scan(0, |bytes, hit| {
        *bytes += read::weight(&hit.shown);
        Some(*bytes)
    });
    let room = weights.take_while(|bytes| ask.bytes == 0 || *bytes <= ask.bytes).count();
    let room = room.max(1).min(found.hits.len());
    found.more |= room < found.hits.len();
    found.hits.truncate(room);
    Ok(found)
}

/// What one log has, the newest first: at most so many, and one more is known of.
fn in_log(
    db: &Connection,
    ask: &SearchAsk,
    conversation: &Conversation,
    log: &Log,
    most: usize,
    left: &mut usize,
) -> rusqlite::Result<Found> {
    let from = ask.query.after.map_or(Ok(log.oldest), |at| seq_at(db, log, at))?;
    let before = ask.query.before.map_or(Ok(log.head + 1), |at| seq_at(db, log, at))?;
    let mut found = Found::default();
    let (sql, matching) = candidates(&ask.query);
    // Where no index is asked, nothing waits for it.
    let waiting = if matching.is_some() { waiting(db, log.id, from, before)? } else { Vec::new() };
    let mut waiting = waiting.into_iter().peekable();
    let mut look = |seq: i64, found: &mut Found| -> rusqlite::Result<bool> {
        if *left == 0 || found.hits.len() > most {
            return Ok(false);
        }
        *left -= 1;
        if let Some(shown) = shown(db, log.id, seq, ask)?.filter(|shown| fits(ask, shown)) {
            found.hits.push(Hit { conversation: conversation.clone(), shown });
        }
        Ok(true)
    };
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = match &matching {
        Some(matching) => statement.query(params![matching, id(log.id, from), id(log.id, before)])?,
        None if ask.query.mentions => statement.query(params![log.id, from, before, ask.asker.0])?,
        None => statement.query(params![log.id, from, before])?,
    };
    let mut whole = true;
    while whole && let Some(row) = rows.next()? {
        let seq = of_id(row.get(0)?).1;
        while let Some(newer) = waiting.next_if(|waits| *waits >= seq) {
            whole = whole && (newer == seq || look(newer, &mut found)?);
        }
        whole = whole && look(seq, &mut found)?;
    }
    for older in waiting {
        whole = whole && look(older, &mut found)?;
    }
    found.more = !whole || found.hits.len() > most;
    found.hits.truncate(most);
    Ok(found)
}

/// What waits for the index, the newest first.
fn waiting(db: &Connection, conversation: i64, from: i64, before: i64) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT id FROM unsearched WHERE id >= ?1 AND id < ?2 ORDER BY id DESC")?
        .query_map([id(conversation, from), id(conversation, before)], |row| Ok(of_id(row.get(0)?).1))?
        .collect()
}

/// How to come by the entries that may be meant, the newest first, and what the index is asked for: bound, never pasted.
fn candidates(query: &Query) -> (&'static str, Option<String>) {
    let mut parts: Vec<String> = Vec::new();
    for term in query.terms() {
        let (words, open) = search::term_words(term);
        if !words.is_empty() {
            // No word has a quotation mark in it.
            parts.push(format!("\"{}\"{}", words.join(" "), if open { " *" } else { "" }));
        }
    }
    if query.link {
        parts.push("(\"http\" OR \"https\")".to_owned());
    }
    match (parts.is_empty(), query.mentions) {
        (false, _) => (
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC",
            Some(parts.join(" AND ")),
        ),
        (true, true) => (
            "SELECT seq FROM mentions WHERE person = ?4 AND conversation = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq DESC",
            None,
        ),
        (true, false) => (
            "SELECT seq FROM entries INDEXED BY said WHERE conversation = ?1 AND seq >= ?2 AND seq < ?3 AND kind = 0 ORDER BY seq DESC",
            None,
        ),
    }
}

fn shown(db: &Connection, conversation: i64, seq: i64, ask: &SearchAsk) -> rusqlite::Result<Option<Shown>> {
    let sql = format!(
        "SELECT {COLUMNS}, {BESIDE} FROM entries e LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
         WHERE e.conversation = ?1 AND e.seq = ?2"
    );
    let found = db.prepare_cached(&sql)?.query_row([conversation, seq], |found| {
        let row = Columns::read(found)?.checked(conversation)?;
        let beside = row::beside(found, 17, conversation, &row)?;
        Ok((row, beside))
    });
    match found.optional()? {
        Some((row, beside)) => read::shown(db, conversation, ask.asker, &row, beside),
        None => Ok(None),
    }
}

fn fits(ask: &SearchAsk, shown: &Shown) -> bool {
    ask.query.in_shown(shown, ask.asker, ask.author)
}

/// The seq a page ends before when it is to show what was said at this time: half of it stands after.
pub fn page_at(db: &Connection, log: &Log, at: Timestamp, limit: u32) -> rusqlite::Result<i64> {
    let first = seq_at(db, log, at)?;
    Ok(first.saturating_add(i64::from(limit / 2).max(1)).min(log.head + 1))
}
