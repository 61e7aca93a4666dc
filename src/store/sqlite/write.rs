//! What the one writer does: entries get their numbers, facts are kept, all of a turn in one transaction; and the oldest
//! goes where history is bounded.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{self, COLUMNS, Columns, DELETED, DIGEST, EDITED, REACTED, SAID, TOPIC, UNREACTED, number};
use crate::protocol::entry::{Conversation, Entry, PersonId, Seq, Timestamp, What};
use crate::protocol::fact::{AppendRefusal, Draft, Fact};
use crate::protocol::names::RoomName;
use crate::store::{Retention, Write, Written};

/// Entries dropped in one step of retention: a step must be shorter than anybody notices.
const STEP: i64 = 500;

/// A conversation's row, as far as appending needs it.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    id: i64,
    head: i64,
}

/// Keeps a turn: all of it, or on an error nothing.
pub fn commit(
    db: &mut Connection,
    known: &mut HashMap<Conversation, Log>,
    writes: &[Write],
) -> rusqlite::Result<Vec<Written>> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut written = Vec::with_capacity(writes.len());
    for write in writes {
        written.push(match write {
            Write::Append(draft) => append(&transaction, known, draft)?,
            Write::Facts(facts) => {
                for fact in facts {
                    keep(&transaction, known, fact)?;
                }
                Written::Facts
            }
        });
    }
    transaction.commit()?;
    Ok(written)
}

/// The row of a conversation, when there is one.
fn existing(
    tx: &Transaction<'_>,
    known: &mut HashMap<Conversation, Log>,
    conversation: &Conversation,
) -> rusqlite::Result<Option<Log>> {
    if let Some(log) = known.get(conversation) {
        return Ok(Some(*log));
    }
    let Some((id, head, _)) = super::read::log(tx, conversation)? else { return Ok(None) };
    known.insert(conversation.clone(), Log { id, head });
    Ok(Some(Log { id, head }))
}

/// The row of a conversation, made when there is none.
fn log(
    tx: &Transaction<'_>,
    known: &mut HashMap<Conversation, Log>,
    conversation: &Conversation,
    at: Timestamp,
) -> rusqlite::Result<Log> {
    let log = match existing(tx, known, conversation)? {
        Some(log) => return Ok(log),
        None => {
            match conversation {
                Conversation::Room(room) => tx
                    .prepare_cached("INSERT INTO conversations (room, fold, made) VALUES (?1, ?2, ?3)")?
                    .execute(params![room.as_str(), room.folded(), at.0])?,
                Conversation::Direct(pair) => {
                    let [a, b] = pair.both();
                    tx.prepare_cached("INSERT INTO conversations (a, b, made) VALUES (?1, ?2, ?3)")?
                        .execute(params![a.0, b.0, at.0])?
                }
            };
            Log { id: tx.last_insert_rowid(), head: 0 }
        }
    };
    known.insert(conversation.clone(), log);
    Ok(log)
}

fn append(tx: &Transaction<'_>, known: &mut HashMap<Conversation, Log>, draft: &Draft) -> rusqlite::Result<Written> {
    let log = match existing(tx, known, &draft.conversation)? {
        Some(log) => log,
        // What would be refused makes no conversation.
        None if draft.what.of().is_some() => return Ok(Written::Refused(AppendRefusal::NoSuchEntry)),
        None if matches!(&draft.what, What::Topic { text } if text.as_str().is_empty()) => {
            return Ok(Written::Refused(AppendRefusal::Unchanged));
        }
        None => log(tx, known, &draft.conversation, draft.at)?,
    };
    let body = row::body(&draft.what);
    if let Some(before) = same_nonce(tx, log, draft)? {
        return Ok(match before.body == body {
            true => Written::Entry { entry: before.entry(&draft.conversation)?, fresh: false },
            false => Written::Refused(AppendRefusal::NonceConflict),
        });
    }
    let seq = log.head + 1;
    let mut mentions = match &draft.what {
        What::Said { .. } => draft.mentions.clone(),
        _ => Vec::new(),
    };
    if let Some(of) = draft.what.of() {
        match change(tx, log.id, seq, of, draft)? {
            Ok(of_deleted) => mentions = of_deleted,
            Err(refusal) => return Ok(Written::Refused(refusal)),
        }
    }
    if let What::Topic { text } = &draft.what {
        let before: String =
            tx.query_row("SELECT topic FROM conversations WHERE id = ?1", [log.id], |row| row.get(0))?;
        if before == text.as_str() {
            return Ok(Written::Refused(AppendRefusal::Unchanged));
        }
        tx.execute("UPDATE conversations SET topic = ?2 WHERE id = ?1", params![log.id, text.as_str()])?;
    }
    let columns = columns(draft, seq, body, &mentions);
    insert(tx, log.id, &columns)?;
    if let What::Said { .. } = draft.what {
        // Counting passes over what one said oneself, so a mention of oneself is not counted either.
        for person in mentions.iter().filter(|person| **person != draft.from.person) {
            tx.prepare_cached("INSERT OR IGNORE INTO mentions (person, conversation, seq) VALUES (?1, ?2, ?3)")?
                .execute(params![person.0, log.id, seq])?;
        }
    }
    tx.prepare_cached("UPDATE conversations SET head = ?2 WHERE id = ?1")?.execute([log.id, seq])?;
    known.insert(draft.conversation.clone(), Log { head: seq, ..log });
    let entry = Entry {
        conversation: draft.conversation.clone(),
        to: draft.to.clone(),
        seq: row::seq(seq),
        at: draft.at,
        from: draft.from.clone(),
        what: draft.what.clone(),
        nonce: draft.nonce,
        mentions,
    };
    Ok(Written::Entry { entry, fresh: true })
}

fn same_nonce(tx: &Transaction<'_>, log: Log, draft: &Draft) -> rusqlite::Result<Option<Columns>> {
    let Some(nonce) = draft.nonce else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM entries e WHERE e.conversation = ?1 AND e.author = ?2 AND e.nonce = ?3");
    let row =
        tx.prepare_cached(&sql)?.query_row(params![log.id, draft.from.person.0, nonce.0], Columns::read).optional()?;
    row.map(|row| row.checked(log.id)).transpose()
}

fn columns(draft: &Draft, seq: i64, body: [u8; DIGEST], mentions: &[PersonId]) -> Columns {
    let mut columns = Columns {
        seq,
        at: draft.at.0,
        author: draft.from.person.0,
        name: draft.from.name.as_str().to_owned(),
        guest: draft.from.guest,
        addressed: draft.to.to_string(),
        kind: SAID,
        text: None,
        me: false,
        reply_to: None,
        of: draft.what.of().map(number),
        emoji: None,
        nonce: draft.nonce.map(|nonce| nonce.0),
        body,
        mentions: mentions.iter().flat_map(|person| person.0).collect(),
        sum: [0; DIGEST],
    };
    match &draft.what {
        What::Said { text, me, reply_to } => {
            columns.text = Some(text.as_str().to_owned());
            columns.me = *me;
            columns.reply_to = reply_to.map(number);
        }
        What::Edited { text, .. } => (columns.kind, columns.text) = (EDITED, Some(text.as_str().to_owned())),
        What::Deleted { .. } => columns.kind = DELETED,
        What::Reacted { emoji, .. } => (columns.kind, columns.emoji) = (REACTED, Some(emoji.as_str().to_owned())),
        What::Unreacted { emoji, .. } => (columns.kind, columns.emoji) = (UNREACTED, Some(emoji.as_str().to_owned())),
        What::Topic { text } => (columns.kind, columns.text) = (TOPIC, Some(text.as_str().to_owned())),
    }
    columns
}

fn insert(tx: &Transaction<'_>, conversation: i64, row: &Columns) -> rusqlite::Result<()> {
    let sum = row.digest(conversation);
    tx.prepare_cached(
        "INSERT INTO entries (conversation, seq, at, author, name, guest, addressed, kind, text, me, reply_to, of, emoji, nonce, body, mentions, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(params![
        conversation,
        row.seq,
        row.at,
        row.author,
        row.name,
        row.guest,
        row.addressed,
        row.kind,
        row.text,
        row.me,
        row.reply_to,
        row.of,
        row.emoji,
        row.nonce,
        row.body,
        row.mentions,
        sum
    ])?;
    Ok(())
}

/// Works a change into the present form of the entry it is about, or says why it may not be. Gives the mentions that a
/// deletion takes back.
fn change(
    tx: &Transaction<'_>,
    conversation: i64,
    seq: i64,
    of: Seq,
    draft: &Draft,
) -> rusqlite::Result<Result<Vec<PersonId>, AppendRefusal>> {
    let target = number(of);
    let sql = format!("SELECT {COLUMNS} FROM entries e WHERE e.conversation = ?1 AND e.seq = ?2");
    let Some(said) = tx.prepare_cached(&sql)?.query_row([conversation, target], Columns::read).optional()? else {
        return Ok(Err(AppendRefusal::NoSuchEntry));
    };
    let said = said.checked(conversation)?;
    if said.kind != SAID {
        return Ok(Err(AppendRefusal::NoSuchEntry));
    }
    let shown: Option<(bool, Option<String>)> = tx
        .prepare_cached("SELECT deleted, text FROM shown WHERE conversation = ?1 AND seq = ?2")?
        .query_row([conversation, target], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (deleted, edited) = shown.unwrap_or_default();
    let own = said.author == draft.from.person.0;
    let refusal = match &draft.what {
        What::Edited { .. } | What::Deleted { .. } if !own => Some(AppendRefusal::NotYours),
        _ if deleted => Some(AppendRefusal::Deleted),
        What::Edited { text, .. } if edited.as_deref().or(said.text.as_deref()) == Some(text.as_str()) => {
            Some(AppendRefusal::Unchanged)
        }
        _ => None,
    };
    if let Some(refusal) = refusal {
        return Ok(Err(refusal));
    }
    let author = draft.from.person.0;
    let (text, deleted) = match &draft.what {
        What::Edited { text, .. } => (Some(text.as_str().to_owned()), false),
        What::Deleted { .. } => {
            blank(tx, conversation, said.clone())?;
            (None, true)
        }
        What::Reacted { emoji, .. } => {
            let new = tx
                .prepare_cached("INSERT OR IGNORE INTO reactions (conversation, seq, emoji, author, name, guest, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                .execute(params![conversation, target, emoji.as_str(), author, draft.from.name.as_str(), draft.from.guest, seq])?;
            if new == 0 {
                return Ok(Err(AppendRefusal::Unchanged));
            }
            (edited, false)
        }
        What::Unreacted { emoji, .. } => {
            let gone = tx
                .prepare_cached(
                    "DELETE FROM reactions WHERE conversation = ?1 AND seq = ?2 AND emoji = ?3 AND author = ?4",
                )?
                .execute(params![conversation, target, emoji.as_str(), author])?;
            if gone == 0 {
                return Ok(Err(AppendRefusal::Unchanged));
            }
            (edited, false)
        }
        What::Said { .. } | What::Topic { .. } => (edited, false),
    };
    let sum = row::shown_digest(conversation, target, seq, deleted, text.as_deref());
    tx.prepare_cached(
        "INSERT OR REPLACE INTO shown (conversation, seq, rev, deleted, text, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![conversation, target, seq, deleted, text, sum])?;
    Ok(Ok(if deleted { row::people(&said.mentions) } else { Vec::new() }))
}

/// Takes the words of a deleted entry out of the file: its own, its edits', its mentions and reactions. Seq and nonce stay.
fn blank(tx: &Transaction<'_>, conversation: i64, said: Columns) -> rusqlite::Result<()> {
    let target = said.seq;
    let sql = format!(
        "SELECT {COLUMNS} FROM entries e WHERE e.conversation = ?1 AND e.seq > ?2 AND e.kind = {EDITED} AND e.of = ?2 AND e.author = ?3"
    );
    let mut rows: Vec<Columns> = tx
        .prepare_cached(&sql)?
        .query_map(params![conversation, target, said.author], Columns::read)?
        .collect::<Result<_, _>>()?;
    rows.push(said);
    for row in rows {
        // A damaged row must not get a new digest that makes it look whole.
        let mut row = row.checked(conversation)?;
        row.text = None;
        tx.prepare_cached("UPDATE entries SET text = NULL, sum = ?3 WHERE conversation = ?1 AND seq = ?2")?
            .execute(params![conversation, row.seq, row.digest(conversation)])?;
        for person in row::people(&row.mentions) {
            tx.prepare_cached("DELETE FROM mentions WHERE person = ?1 AND conversation = ?2 AND seq = ?3")?
                .execute(params![person.0, conversation, row.seq])?;
        }
    }
    tx.prepare_cached("DELETE FROM reactions WHERE conversation = ?1 AND seq = ?2")?.execute([conversation, target])?;
    Ok(())
}

fn keep(tx: &Transaction<'_>, known: &mut HashMap<Conversation, Log>, fact: &Fact) -> rusqlite::Result<()> {
    let room_log = |known: &mut HashMap<Conversation, Log>, room: &RoomName| {
        existing(tx, known, &Conversation::Room(room.clone()))
    };
    match fact {
        Fact::Claimed { person, name, key, at } => {
            free_reserved(tx, name.folded())?;
            tx.prepare_cached("INSERT INTO persons (person, name, fold, skeleton, since) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![person.0, name.as_str(), name.folded(), name.skeleton(), at.0])?;
            tx.prepare_cached("INSERT INTO keys (key, person) VALUES (?1, ?2)")?.execute(params![key.0, person.0])?;
        }
        Fact::Renamed { person, name, reserved_until } => {
            let was: Option<(String, String)> = tx
                .query_row("SELECT fold, name FROM persons WHERE person = ?1", [person.0], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            free_reserved(tx, name.folded())?;
            tx.execute(
                "UPDATE persons SET name = ?2, fold = ?3, skeleton = ?4 WHERE person = ?1",
                params![person.0, name.as_str(), name.folded(), name.skeleton()],
            )?;
            if let Some((fold, was)) = was.filter(|(fold, _)| fold != name.folded()) {
                tx.execute(
                    "INSERT OR REPLACE INTO reserved (fold, name, person, until) VALUES (?1, ?2, ?3, ?4)",
                    params![fold, was, person.0, reserved_until.0],
                )?;
            }
        }
        Fact::RoomMade { room, maker, at } => {
            let log = log(tx, known, &Conversation::Room(room.clone()), *at)?;
            tx.execute(
                "UPDATE conversations SET maker = ?2 WHERE id = ?1 AND maker IS NULL",
                params![log.id, maker.map(|maker| maker.0)],
            )?;
        }
        Fact::RoomForgotten { room } => {
            if let Some(log) = room_log(known, room)?
                && log.head == 0
            {
                for table in ["memberships", "reads"] {
                    tx.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [log.id])?;
                }
                tx.execute("DELETE FROM conversations WHERE id = ?1", [log.id])?;
                known.remove(&Conversation::Room(room.clone()));
            }
        }
        Fact::Joined { person, room } => {
            let log = log(tx, known, &Conversation::Room(room.clone()), Timestamp(0))?;
            tx.prepare_cached("INSERT OR IGNORE INTO memberships (person, conversation) VALUES (?1, ?2)")?
                .execute(params![person.0, log.id])?;
            tx.prepare_cached("INSERT OR IGNORE INTO reads (person, conversation, seq) VALUES (?1, ?2, ?3)")?
                .execute(params![person.0, log.id, log.head])?;
        }
        Fact::Left { person, room } => {
            let Some(log) = room_log(known, room)? else { return Ok(()) };
            tx.prepare_cached("DELETE FROM memberships WHERE person = ?1 AND conversation = ?2")?
                .execute(params![person.0, log.id])?;
        }
        Fact::Read { person, conversation, seq } => {
            let Some(log) = existing(tx, known, conversation)? else { return Ok(()) };
            tx.prepare_cached(
                "INSERT INTO reads (person, conversation, seq) VALUES (?1, ?2, min(?3, ?4))
                 ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)",
            )?
            .execute(params![person.0, log.id, number(*seq), log.head])?;
        }
    }
    Ok(())
}

/// A reserved name that is taken after all: its time was over, or its owner takes it back.
fn free_reserved(tx: &Transaction<'_>, fold: &str) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM reserved WHERE fold = ?1", [fold])?;
    Ok(())
}

/// One step of dropping the oldest; says whether more is to do.
pub fn retain(db: &mut Connection, bounds: &Retention, now: Timestamp) -> rusqlite::Result<bool> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut more = false;
    if bounds.max_days > 0 {
        let days = i64::try_from(bounds.max_days).unwrap_or(i64::MAX);
        let before = now.0.saturating_sub(days.saturating_mul(24 * 60 * 60 * 1000));
        let over = "SELECT c.id, (SELECT max(seq) FROM (SELECT seq, at FROM entries WHERE conversation = c.id AND seq >= c.oldest ORDER BY seq LIMIT ?2) WHERE at < ?1)
                    FROM conversations c WHERE c.head >= c.oldest";
        for (id, upto) in pairs(&tx, over, [before, STEP])? {
            more |= drop_upto(&tx, id, upto)?;
        }
    }
    if bounds.max_entries > 0 {
        let most = i64::try_from(bounds.max_entries).unwrap_or(i64::MAX);
        let over = "SELECT id, min(head - ?1, oldest + ?2 - 1) FROM conversations WHERE head - oldest + 1 > ?1";
        for (id, upto) in pairs(&tx, over, [most, STEP])? {
            more |= drop_upto(&tx, id, upto)?;
        }
    }
    if bounds.max_bytes > 0 {
        let pragma = |name: &str| tx.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let used = (pragma("page_count")? - pragma("freelist_count")?).saturating_mul(pragma("page_size")?);
        if used > i64::try_from(bounds.max_bytes).unwrap_or(i64::MAX) {
            let oldest = "SELECT c.id, min(c.head - 1, c.oldest + ?1 - 1) FROM conversations c JOIN entries e ON e.conversation = c.id AND e.seq = c.oldest
                          WHERE c.head > c.oldest AND ?2 = ?2 ORDER BY e.at LIMIT 1";
            for (id, upto) in pairs(&tx, oldest, [STEP, 0])? {
                more |= drop_upto(&tx, id, upto)?;
            }
        }
    }
    tx.commit()?;
    Ok(more)
}

fn pairs(tx: &Transaction<'_>, sql: &str, with: [i64; 2]) -> rusqlite::Result<Vec<(i64, i64)>> {
    let mut statement = tx.prepare(sql)?;
    let rows = statement.query_map(with, |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.unwrap_or(0))))?;
    rows.filter(|row| !matches!(row, Ok((_, 0)))).collect()
}

fn drop_upto(tx: &Transaction<'_>, id: i64, upto: i64) -> rusqlite::Result<bool> {
    for table in ["entries", "shown", "reactions", "mentions"] {
        tx.execute(&format!("DELETE FROM {table} WHERE conversation = ?1 AND seq <= ?2"), [id, upto])?;
    }
    Ok(tx.execute("UPDATE conversations SET oldest = ?2 + 1 WHERE id = ?1 AND oldest <= ?2", [id, upto])? > 0)
}
