//! What the one writer does: entries get their numbers, facts are kept, all of a turn in one transaction; and the oldest
//! goes where history is bounded.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{
    self, BESIDE, Beside, COLUMNS, Columns, DELETED, DIGEST, EDITED, LOG, Log, REACTED, SAID, TOPIC, UNREACTED, number,
};
use super::{bots, hooks, invites, memos, rights, words};
use crate::protocol::entry::{Conversation, Entry, PersonId, Seq, Timestamp, What};
use crate::protocol::fact::{AppendRefusal, Draft, Fact};
use crate::protocol::names::{Nick, RoomName};
use crate::store::{Retention, Write, Written};

/// Entries dropped in one step of retention: a step must be shorter than anybody notices.
const STEP: i64 = 500;

/// The rows of conversations that were written to or stood in, kept at hand; those a turn changed go back at its end.
#[derive(Default)]
pub struct Logs {
    known: HashMap<Conversation, Log>,
    changed: HashSet<Conversation>,
    waiting: words::Waiting,
}

impl Logs {
    /// Forgets all: what is at hand may not be what is kept.
    pub fn clear(&mut self) {
        self.known.clear();
        self.changed.clear();
    }

    /// The row of a conversation, when there is one.
    pub fn existing(&mut self, db: &Connection, of: &Conversation) -> rusqlite::Result<Option<&mut Log>> {
        if !self.known.contains_key(of) {
            let Some(log) = super::read::log(db, of)? else { return Ok(None) };
            self.known.insert(of.clone(), log);
        }
        Ok(self.known.get_mut(of))
    }

    /// The row of a conversation, made when there is none.
    fn log(&mut self, tx: &Transaction<'_>, of: &Conversation, at: Timestamp) -> rusqlite::Result<&mut Log> {
        if self.existing(tx, of)?.is_none() {
            let (room, pair) = match of {
                Conversation::Room(room) => (Some(room), [None; 2]),
                Conversation::Direct(pair) => (None, pair.both().map(|person| Some(person.0))),
            };
            let fold = room.map(|room| room.folded().to_owned());
            let room = room.map(|room| room.as_str().to_owned());
            tx.prepare_cached(
                "INSERT INTO conversations (room, fold, a, b, made, sum) VALUES (?1, ?2, ?3, ?4, ?5, x'')",
            )?
            .execute(params![room, fold, pair[0], pair[1], at.0])?;
            let id = tx.last_insert_rowid();
            let (maker, topic, [a, b]) = (None, String::new(), pair);
            let log = Log { id, room, fold, a, b, maker, made: at.0, topic, head: 0, oldest: 1 };
            self.known.insert(of.clone(), log);
            self.changed.insert(of.clone());
        }
        Ok(self.known.get_mut(of).expect("it was there, or was just put there"))
    }

    fn write_back(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        for changed in self.changed.drain() {
            if let Some(log) = self.known.get(&changed) {
                write_log(tx, log)?;
            }
        }
        Ok(())
    }
}

fn write_log(tx: &Transaction<'_>, log: &Log) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE conversations SET maker = ?2, topic = ?3, head = ?4, oldest = ?5, sum = ?6 WHERE id = ?1",
    )?
    .execute(params![log.id, log.maker, log.topic, log.head, log.oldest, log.digest()])?;
    Ok(())
}

/// Keeps a turn: all of it, or on an error nothing.
pub fn commit(db: &mut Connection, logs: &mut Logs, writes: &[Write]) -> rusqlite::Result<Vec<Written>> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut written = Vec::with_capacity(writes.len());
    for write in writes {
        written.push(match write {
            Write::Append(draft) => append(&transaction, logs, draft)?,
            Write::Facts(facts) => {
                for fact in facts {
                    keep(&transaction, logs, fact)?;
                }
                Written::Facts
            }
        });
    }
    words::work(&transaction, &mut logs.waiting)?;
    logs.write_back(&transaction)?;
    transaction.commit()?;
    Ok(written)
}

fn append(tx: &Transaction<'_>, logs: &mut Logs, draft: &Draft) -> rusqlite::Result<Written> {
    let log = match logs.existing(tx, &draft.conversation)? {
        Some(log) => log,
        // What would be refused makes no conversation.
        None if draft.what.of().is_some() => return Ok(Written::Refused(AppendRefusal::NoSuchEntry)),
        None if matches!(&draft.what, What::Topic { text } if text.as_str().is_empty()) => {
            return Ok(Written::Refused(AppendRefusal::Unchanged));
        }
        None => logs.log(tx, &draft.conversation, draft.at)?,
    };
    let body = row::body(&draft.what);
    if let Some(before) = same_nonce(tx, log.id, draft)? {
        return Ok(match before.body == body {
            true => Written::Entry { entry: before.entry(&draft.conversation)?.into(), fresh: false },
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
        if log.topic == text.as_str() {
            return Ok(Written::Refused(AppendRefusal::Unchanged));
        }
        log.topic = text.as_str().to_owned();
    }
    let columns = columns(draft, seq, body, &mentions);
    insert(tx, log.id, &columns)?;
    if let What::Said { .. } = draft.what {
        words::said(tx, log.id, seq)?;
        // Counting passes over what one said oneself, so a mention of oneself is not counted either.
        for person in mentions.iter().filter(|person| **person != draft.from.person) {
            tx.prepare_cached("INSERT OR IGNORE INTO mentions (person, conversation, seq) VALUES (?1, ?2, ?3)")?
                .execute(params![person.0, log.id, seq])?;
        }
    }
    log.head = seq;
    logs.waiting.grow();
    logs.changed.insert(draft.conversation.clone());
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
    Ok(Written::Entry { entry: entry.into(), fresh: true })
}

fn same_nonce(tx: &Transaction<'_>, log: i64, draft: &Draft) -> rusqlite::Result<Option<Columns>> {
    let Some(nonce) = draft.nonce else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM entries e WHERE e.conversation = ?1 AND e.author = ?2 AND e.nonce = ?3");
    let row =
        tx.prepare_cached(&sql)?.query_row(params![log, draft.from.person.0, nonce.0], Columns::read).optional()?;
    row.map(|row| row.checked(log)).transpose()
}

fn columns(draft: &Draft, seq: i64, body: [u8; DIGEST], mentions: &[PersonId]) -> Columns {
    let mut columns = Columns {
        seq,
        at: draft.at.0,
        author: draft.from.person.0,
        name: draft.from.name.as_str().to_owned(),
        marks: row::marks(&draft.from),
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
        rev: seq,
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
        "INSERT INTO entries (conversation, seq, at, author, name, guest, addressed, kind, text, me, reply_to, of, emoji, nonce, body, mentions, rev, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?
    .execute(params![
        conversation,
        row.seq,
        row.at,
        row.author,
        row.name,
        row.marks,
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
        row.rev,
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
    let sql = format!(
        "SELECT {COLUMNS}, {BESIDE} FROM entries e LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
         WHERE e.conversation = ?1 AND e.seq = ?2"
    );
    let found = tx.prepare_cached(&sql)?.query_row([conversation, target], |found| {
        let said = Columns::read(found)?.checked(conversation)?;
        let now = row::beside(found, 17, conversation, &said)?.unwrap_or_default();
        Ok((said, now))
    });
    let (said, now) = match found.optional()? {
        Some((said, now)) if said.kind == SAID => (said, now),
        _ => return Ok(Err(AppendRefusal::NoSuchEntry)),
    };
    let own = said.author == draft.from.person.0;
    let refusal = match &draft.what {
        What::Edited { .. } | What::Deleted { .. } if !own => Some(AppendRefusal::NotYours),
        _ if now.deleted => Some(AppendRefusal::Deleted),
        What::Edited { text, .. } if now.text.as_deref().or(said.text.as_deref()) == Some(text.as_str()) => {
            Some(AppendRefusal::Unchanged)
        }
        _ => None,
    };
    if let Some(refusal) = refusal {
        return Ok(Err(refusal));
    }
    let now_text = now.text.clone();
    let mut next = Beside { rev: seq, ..now };
    match &draft.what {
        What::Edited { text, .. } => next.text = Some(text.as_str().to_owned()),
        What::Deleted { .. } => next = Beside { rev: seq, deleted: true, text: None, reactions: 0 },
        What::Reacted { emoji, .. } if react(tx, conversation, target, seq, emoji.as_str(), draft)? => {
            next.reactions += 1;
        }
        What::Unreacted { emoji, .. } if unreact(tx, conversation, target, emoji.as_str(), draft)? => {
            next.reactions -= 1;
        }
        _ => return Ok(Err(AppendRefusal::Unchanged)),
    }
    if next.text != now_text || next.deleted {
        let was = now_text.as_deref().or(said.text.as_deref()).unwrap_or("");
        let words = if next.deleted { None } else { next.text.as_deref() };
        words::changed(tx, conversation, target, was, words)?;
    }
    let mentions = if next.deleted { row::people(&said.mentions) } else { Vec::new() };
    let mut said = Columns { rev: seq, ..said };
    said.sum = said.digest(conversation);
    tx.prepare_cached("UPDATE entries SET rev = ?3, sum = ?4 WHERE conversation = ?1 AND seq = ?2")?
        .execute(params![conversation, target, seq, said.sum])?;
    let sum = next.digest(conversation, target);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO shown (conversation, seq, rev, deleted, text, reactions, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![conversation, target, seq, next.deleted, next.text, next.reactions, sum])?;
    if next.deleted {
        blank(tx, conversation, said)?;
    }
    Ok(Ok(mentions))
}

/// Adds a reaction; says whether it is new.
fn react(
    tx: &Transaction<'_>,
    conversation: i64,
    of: i64,
    seq: i64,
    emoji: &str,
    draft: &Draft,
) -> rusqlite::Result<bool> {
    let (author, name, marks) = (draft.from.person.0, draft.from.name.as_str(), row::marks(&draft.from));
    let sum = row::reaction_digest([conversation, of, seq], emoji, author, name, marks);
    let new = tx
        .prepare_cached("INSERT OR IGNORE INTO reactions (conversation, seq, emoji, author, name, guest, since, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![conversation, of, emoji, author, name, marks, seq, sum])?;
    Ok(new > 0)
}

/// Takes a reaction away; says whether it was there.
fn unreact(tx: &Transaction<'_>, conversation: i64, of: i64, emoji: &str, draft: &Draft) -> rusqlite::Result<bool> {
    let gone = tx
        .prepare_cached("DELETE FROM reactions WHERE conversation = ?1 AND seq = ?2 AND emoji = ?3 AND author = ?4")?
        .execute(params![conversation, of, emoji, draft.from.person.0])?;
    Ok(gone > 0)
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

fn keep(tx: &Transaction<'_>, logs: &mut Logs, fact: &Fact) -> rusqlite::Result<()> {
    let conversation = |room: &RoomName| Conversation::Room(room.clone());
    match fact {
        Fact::Claimed { person, name, key, at } => {
            free_reserved(tx, name.folded())?;
            let sum = row::person_digest(*person, name, at.0);
            tx.prepare_cached(
                "INSERT INTO persons (person, name, fold, skeleton, since, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![person.0, name.as_str(), name.folded(), name.skeleton(), at.0, sum])?;
            tx.prepare_cached("INSERT INTO keys (key, person, sum) VALUES (?1, ?2, ?3)")?.execute(params![
                key.0,
                person.0,
                row::seal("keys", &[&key.0, &person.0])
            ])?;
        }
        Fact::KeyAdded { person, key } => {
            let known = tx.query_row("SELECT 1 FROM persons WHERE person = ?1", [person.0], |_| Ok(())).optional()?;
            if known.is_some() {
                let sum = row::seal("keys", &[&key.0, &person.0]);
                tx.execute(
                    "INSERT OR IGNORE INTO keys (key, person, sum) VALUES (?1, ?2, ?3)",
                    params![key.0, person.0, sum],
                )?;
            }
        }
        Fact::Bot { person, bot } => bots::mark(tx, *person, *bot)?,
        Fact::KeyRemoved { key } => {
            tx.execute("DELETE FROM keys WHERE key = ?1", [key.0])?;
        }
        Fact::Renamed { person, name, reserved_until } => rename(tx, *person, name, reserved_until.0)?,
        Fact::RoomMade { room, maker, at } => {
            let log = logs.log(tx, &conversation(room), *at)?;
            log.maker = log.maker.or(maker.map(|maker| maker.0));
            rights::mark_deleted(tx, log.id, false)?;
            logs.changed.insert(conversation(room));
        }
        Fact::RoomForgotten { room } => {
            if let Some(log) = logs.existing(tx, &conversation(room))?
                && log.head < log.oldest
            {
                if log.head > 0 {
                    return delete_room(tx, logs, &conversation(room));
                }
                for table in ["memberships", "reads"] {
                    tx.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [log.id])?;
                }
                rights::forget_room(tx, log.id)?;
                tx.execute("DELETE FROM conversations WHERE id = ?1", [log.id])?;
                logs.known.remove(&conversation(room));
            }
        }
        Fact::Joined { person, room } => {
            let log = logs.log(tx, &conversation(room), Timestamp(0))?;
            rights::mark_deleted(tx, log.id, false)?;
            let sum = row::place_digest("memberships", person.0, log.id, 0);
            tx.prepare_cached("INSERT OR IGNORE INTO memberships (person, conversation, sum) VALUES (?1, ?2, ?3)")?
                .execute(params![person.0, log.id, sum])?;
            let sum = row::place_digest("reads", person.0, log.id, log.head);
            tx.prepare_cached("INSERT OR IGNORE INTO reads (person, conversation, seq, sum) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![person.0, log.id, log.head, sum])?;
        }
        Fact::Left { person, room } => {
            let Some(log) = logs.existing(tx, &conversation(room))? else { return Ok(()) };
            tx.prepare_cached("DELETE FROM memberships WHERE person = ?1 AND conversation = ?2")?
                .execute(params![person.0, log.id])?;
        }
        Fact::Read { person, conversation, seq } => {
            let Some(log) = logs.existing(tx, conversation)? else { return Ok(()) };
            let seq = number(*seq).min(log.head);
            // What only grows is written only when it grows.
            tx.prepare_cached(
                "INSERT INTO reads (person, conversation, seq, sum) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET seq = excluded.seq, sum = excluded.sum WHERE excluded.seq > seq",
            )?
            .execute(params![person.0, log.id, seq, row::place_digest("reads", person.0, log.id, seq)])?;
        }
        Fact::RoomDeleted { room } => delete_room(tx, logs, &conversation(room))?,
        fact => order(tx, logs, fact)?,
    }
    Ok(())
}

/// Facts of order. What is about a room that is not there changes nothing.
fn order(tx: &Transaction<'_>, logs: &mut Logs, fact: &Fact) -> rusqlite::Result<()> {
    let mut place = |room: Option<&RoomName>| -> rusqlite::Result<Option<i64>> {
        let Some(room) = room else { return Ok(Some(rights::HOST)) };
        Ok(logs.existing(tx, &Conversation::Room(room.clone()))?.map(|log| log.id))
    };
    match fact {
        Fact::RoomSet { room, settings, password } => {
            if let Some(id) = place(Some(room))? {
                rights::set_room(tx, id, settings, password.as_ref())?;
            }
        }
        Fact::RoomInvited { room, person } | Fact::RoomUninvited { room, person } => {
            if let Some(id) = place(Some(room))? {
                rights::invite(tx, id, *person, matches!(fact, Fact::RoomInvited { .. }))?;
            }
        }
        Fact::Role { person, room, role } => {
            if let Some(id) = place(room.as_ref())? {
                rights::set_role(tx, *person, id, *role)?;
            }
        }
        Fact::Sentenced(sentence) => {
            if let Some(id) = place(sentence.room.as_ref())? {
                rights::sentence(tx, id, sentence)?;
            }
        }
        Fact::Pardoned { penalty, room, subject } => {
            if let Some(id) = place(room.as_ref())? {
                rights::pardon(tx, id, *penalty, subject)?;
            }
        }
        Fact::Recorded(record) => rights::record(tx, record)?,
        Fact::Invited(kept) => invites::keep(tx, kept)?,
        Fact::Hooked(kept) => hooks::keep(tx, kept)?,
        Fact::Unhooked(number) => hooks::forget(tx, *number)?,
        Fact::Uninvited(number) => invites::forget(tx, *number)?,
        Fact::Memo { person, memo } => memos::keep(tx, *person, memo)?,
        _ => {}
    }
    Ok(())
}

/// Takes a room with all that was said out of the file. Its row stays: no number is given twice.
fn delete_room(tx: &Transaction<'_>, logs: &mut Logs, of: &Conversation) -> rusqlite::Result<()> {
    let Some(log) = logs.existing(tx, of)? else { return Ok(()) };
    let id = log.id;
    let head = log.head;
    (log.topic, log.maker) = (String::new(), None);
    log.oldest = head + 1;
    logs.changed.insert(of.clone());
    words::forget(tx, id, head)?;
    for table in ["entries", "shown", "reactions", "mentions", "memberships", "reads"] {
        tx.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [id])?;
    }
    rights::forget_room(tx, id)?;
    rights::mark_deleted(tx, id, true)
}

fn rename(tx: &Transaction<'_>, person: PersonId, name: &Nick, reserved_until: i64) -> rusqlite::Result<()> {
    let was: Option<(String, String, i64)> = tx
        .query_row("SELECT fold, name, since FROM persons WHERE person = ?1", [person.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    free_reserved(tx, name.folded())?;
    let Some((fold, was, since)) = was else { return Ok(()) };
    tx.execute(
        "UPDATE persons SET name = ?2, fold = ?3, skeleton = ?4, sum = ?5 WHERE person = ?1",
        params![person.0, name.as_str(), name.folded(), name.skeleton(), row::person_digest(person, name, since)],
    )?;
    if fold != name.folded() {
        let sum = row::reserved_digest(&fold, &was, person.0, reserved_until);
        tx.execute(
            "INSERT OR REPLACE INTO reserved (fold, name, person, until, sum) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![fold, was, person.0, reserved_until, sum],
        )?;
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
    words::forget(tx, id, upto)?;
    for table in ["entries", "shown", "reactions", "mentions"] {
        tx.execute(&format!("DELETE FROM {table} WHERE conversation = ?1 AND seq <= ?2"), [id, upto])?;
    }
    let sql = format!("SELECT {LOG} FROM conversations WHERE id = ?1");
    let log = tx.query_row(&sql, [id], Log::read)?;
    if log.oldest > upto {
        return Ok(false);
    }
    write_log(tx, &Log { oldest: upto + 1, ..log })?;
    Ok(true)
}
