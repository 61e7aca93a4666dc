//! The index of words: kept in step with the log by the one writer, asked by readers. What a search means is
//! `protocol::search`'s; the index only says where to look, and everything it names is compared with the text as it stands.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::read::{self, log};
use super::row::{self, BESIDE, COLUMNS, Columns, Log, SAID};
use crate::protocol::entry::{Conversation, Shown, Timestamp};
use crate::protocol::search::{self, Found, Hit, Query};
use crate::store::{SearchAsk, fit};

/// Bits of a row's number that are the seq; those above are the conversation.
const SEQ_BITS: u32 = 36;

/// Entries that wait for the index before they are worked in together: one by one they would cost each sender as much as
/// all else that is written, and a search looks at those that wait in well under a millisecond.
const WAITING: usize = 128;

/// Entries compared with one search at most; one that asks for less is told that there may be more. About a tenth of a
/// second of a reader.
const LOOKED_AT: usize = 20_000;

/// Words that a beginning may stand for when the index is asked. One that stands for more is in so many messages that some
/// are found soon by looking at the newest.
const BEGUN: usize = 48;

/// Seqs of a log that are asked for at first, and at most: what is common is found among the newest, and what is rare is
/// found by leaps, which the index only makes forwards. Between two of these it is looked at the clock.
const FIRST_WINDOW: i64 = 1 << 9;
const LAST_WINDOW: i64 = 1 << 16;

/// How long one search may take. Two words that are in everything and never together would keep a reader for seconds.
const LONGEST: Duration = Duration::from_millis(250);

/// Words counted in memory while an index is made.
const TERMS_AT_HAND: usize = 50_000;

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

/// How many more rows have each word, or fewer.
#[derive(Default)]
struct Terms(HashMap<String, i64>);

impl Terms {
    /// The words of this row come, or go.
    fn add(&mut self, indexed: &str, by: i64) {
        let words: BTreeSet<&str> = indexed.split(' ').filter(|word| !word.is_empty()).collect();
        for word in words {
            match self.0.get_mut(word) {
                Some(docs) => *docs += by,
                None => _ = self.0.insert(word.to_owned(), by),
            }
        }
    }

    fn write(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut more = tx.prepare_cached(
            "INSERT INTO terms (term, docs) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET docs = docs + excluded.docs",
        )?;
        let mut gone = tx.prepare_cached("DELETE FROM terms WHERE term = ?1 AND docs <= 0")?;
        for (word, by) in self.0.drain().filter(|(_, by)| *by != 0) {
            more.execute(params![word, by])?;
            if by < 0 {
                gone.execute([word])?;
            }
        }
        Ok(())
    }
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
        let was = indexed(was);
        tx.prepare_cached("INSERT INTO words (words, rowid, text) VALUES ('delete', ?1, ?2)")?
            .execute(params![id, was])?;
        let mut terms = Terms::default();
        terms.add(&was, -1);
        terms.write(tx)?;
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
    let mut terms = Terms::default();
    // By rising numbers, so that the index takes them as one piece.
    for id in ids {
        let (conversation, seq) = of_id(id);
        if let Some(text) = words(tx, conversation, seq)? {
            let words = indexed(&text);
            tx.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?.execute(params![id, words])?;
            terms.add(&words, 1);
        }
    }
    terms.write(tx)?;
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
    tx.execute("DELETE FROM terms", [])?;
    {
        let mut terms = Terms::default();
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
            let words = indexed(&text);
            put.execute(params![id(found.get(0)?, found.get(1)?), words])?;
            terms.add(&words, 1);
            if terms.0.len() > TERMS_AT_HAND {
                terms.write(&tx)?;
            }
        }
        terms.write(&tx)?;
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

/// What one search has still to give.
struct Budget {
    /// Entries to be compared.
    looks: usize,
    until: Instant,
}

impl Budget {
    fn spent(&self) -> bool {
        self.looks == 0 || Instant::now() > self.until
    }
}

pub fn search(db: &Connection, ask: &SearchAsk) -> rusqlite::Result<Found> {
    let mut found = Found::default();
    let mut budget = Budget { looks: LOOKED_AT, until: Instant::now() + LONGEST };
    let candidates = candidates(db, &ask.query)?;
    for conversation in &ask.of {
        let Some(log) = log(db, conversation)? else { continue };
        let one = in_log(db, ask, conversation, &log, &candidates, &mut budget)?;
        found.hits.extend(one.hits);
        found.more |= one.more;
    }
    fit::newest(&mut found, ask);
    Ok(found)
}

/// What one log has, the newest first: at most as many as are asked for, and one more is known of.
fn in_log(
    db: &Connection,
    ask: &SearchAsk,
    conversation: &Conversation,
    log: &Log,
    candidates: &Candidates,
    budget: &mut Budget,
) -> rusqlite::Result<Found> {
    let most = ask.limit.max(1) as usize;
    let from = ask.query.after.map_or(Ok(log.oldest), |at| seq_at(db, log, at))?;
    let before = ask.query.before.map_or(Ok(log.head + 1), |at| seq_at(db, log, at))?;
    let mut hits = Vec::new();
    let mut look = |seq: i64, budget: &mut Budget| -> rusqlite::Result<bool> {
        if budget.looks == 0 || hits.len() > most {
            return Ok(false);
        }
        budget.looks -= 1;
        if let Some(shown) = shown(db, log.id, seq, ask)?.filter(|shown| fits(ask, shown)) {
            hits.push(Hit { conversation: conversation.clone(), shown });
        }
        Ok(true)
    };
    // Where no index is asked, nothing waits for it.
    let waiting = if matches!(candidates, Candidates::Indexed(_) | Candidates::Nothing) {
        waiting(db, log.id, from, before)?
    } else {
        Vec::new()
    };
    let mut waiting = waiting.into_iter().peekable();
    let mut statement = db.prepare_cached(candidates.sql())?;
    let (mut whole, mut end, mut window) = (true, before, FIRST_WINDOW);
    while whole && end > from {
        whole = !budget.spent();
        let begin = from.max(end - window);
        let range = [id(log.id, begin), id(log.id, end)];
        let rows = match candidates {
            Candidates::Nothing => break,
            Candidates::Indexed(matching) => statement.query(params![matching, range[0], range[1]])?,
            Candidates::Mentions => statement.query(params![log.id, begin, end, ask.asker.0])?,
            Candidates::Newest => statement.query(params![log.id, begin, end])?,
        };
        let seqs: Vec<i64> = rows.mapped(|row| Ok(of_id(row.get(0)?).1)).collect::<Result<_, _>>()?;
        for seq in seqs.into_iter().rev() {
            if !whole {
                break;
            }
            while let Some(newer) = waiting.next_if(|waits| *waits >= seq) {
                whole = whole && (newer == seq || look(newer, budget)?);
            }
            whole = whole && look(seq, budget)?;
        }
        end = begin;
        window = (window * 4).min(LAST_WINDOW);
    }
    for older in waiting {
        whole = whole && look(older, budget)?;
    }
    let more = !whole || hits.len() > most;
    hits.truncate(most);
    Ok(Found { hits, more })
}

/// What waits for the index, the newest first.
fn waiting(db: &Connection, conversation: i64, from: i64, before: i64) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT id FROM unsearched WHERE id >= ?1 AND id < ?2 ORDER BY id DESC")?
        .query_map([id(conversation, from), id(conversation, before)], |row| Ok(of_id(row.get(0)?).1))?
        .collect()
}

/// How to come by the entries that may be meant.
enum Candidates {
    /// By this question to the index.
    Indexed(String),
    /// By whom they mention.
    Mentions,
    /// One after the other.
    Newest,
    /// There are none but those that wait.
    Nothing,
}

impl Candidates {
    /// By rising numbers; what is asked is bound, never pasted.
    fn sql(&self) -> &'static str {
        match self {
            Candidates::Indexed(_) | Candidates::Nothing => {
                "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid"
            }
            Candidates::Mentions => {
                "SELECT seq FROM mentions WHERE person = ?4 AND conversation = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq"
            }
            Candidates::Newest => {
                "SELECT seq FROM entries INDEXED BY said WHERE conversation = ?1 AND seq >= ?2 AND seq < ?3 AND kind = 0 ORDER BY seq"
            }
        }
    }
}

fn candidates(db: &Connection, query: &Query) -> rusqlite::Result<Candidates> {
    let mut parts: Vec<String> = Vec::new();
    for term in query.terms() {
        let (words, open) = search::term_words(term);
        // No word has a quotation mark in it.
        let Some((last, before)) = words.split_last() else { continue };
        let begun = if open { begun(db, last)? } else { vec![(*last).to_owned()] };
        if begun.len() <= BEGUN {
            let phrase = |last: &String| format!("\"{}\"", [before, &[last.as_str()]].concat().join(" "));
            parts.push(format!("({})", begun.iter().map(phrase).collect::<Vec<_>>().join(" OR ")));
        } else if !before.is_empty() {
            parts.push(format!("\"{}\"", before.join(" ")));
        }
    }
    if query.link {
        parts.push("(\"http\" OR \"https\")".to_owned());
    }
    Ok(match (parts.iter().any(|part| part == "()"), parts.is_empty()) {
        // What waits has been counted nowhere yet: a word of it is found there alone.
        (true, _) => Candidates::Nothing,
        (false, false) => Candidates::Indexed(parts.join(" AND ")),
        (false, true) if query.mentions => Candidates::Mentions,
        (false, true) => Candidates::Newest,
    })
}

/// The words that begin so, and one more than counts.
fn begun(db: &Connection, with: &str) -> rusqlite::Result<Vec<String>> {
    // Behind everything that begins so, since no text has this character.
    let end = format!("{with}\u{10ffff}");
    db.prepare_cached("SELECT term FROM terms WHERE term >= ?1 AND term < ?2 LIMIT ?3")?
        .query_map(params![with, end, BEGUN as i64 + 1], |row| row.get(0))?
        .collect()
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
