//! What is asked of the file: facts at start, how a person stands, pages in their present form, and whether rows are whole.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{self, BESIDE, Beside, COLUMNS, Columns, LOG, Log, SAID, TOPIC, number, seq};
use super::write::Logs;
use super::{bots, hooks, invites, memos, rights, words};
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{
    Author, COUNT_LIMIT, Conversation, Emoji, Nonce, Page, PersonId, REACTORS_SHOWN, Reaction, Shown, ShownWhat,
    Standing, Timestamp,
};
use crate::protocol::fact::{Facts, PersonFacts, ReadFrom, RoomFacts};
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::person::PublicKey;
use crate::protocol::rights::Role;
use crate::protocol::text::Text;
use crate::store::PageAsk;
use crate::store::fit::weight;

/// The row of a conversation, when it has one.
pub fn log(db: &Connection, conversation: &Conversation) -> rusqlite::Result<Option<Log>> {
    match conversation {
        Conversation::Room(room) => db
            .prepare_cached(&format!("SELECT {LOG} FROM conversations WHERE fold = ?1"))?
            .query_row([room.folded()], Log::read)
            .optional(),
        Conversation::Direct(pair) => {
            let [a, b] = pair.both();
            db.prepare_cached(&format!("SELECT {LOG} FROM conversations WHERE a = ?1 AND b = ?2"))?
                .query_row(params![a.0, b.0], Log::read)
                .optional()
        }
    }
}

/// The rows of all conversations.
pub fn logs(db: &Connection) -> rusqlite::Result<Vec<Log>> {
    db.prepare(&format!("SELECT {LOG} FROM conversations"))?.query_map([], Log::read)?.collect()
}

pub fn facts(db: &Connection) -> rusqlite::Result<Facts> {
    let mut people = people(db)?;
    let (mut rooms, mut directs): (HashMap<i64, RoomFacts>, _) = (HashMap::new(), Vec::new());
    let deleted = rights::deleted(db)?;
    for log in logs(db)?.into_iter().filter(|log| !deleted.contains(&log.id)) {
        if let (Some(a), Some(b)) = (log.a, log.b) {
            directs.push([PersonId(a), PersonId(b)]);
        } else {
            let room = RoomName::parse(log.room.as_deref().unwrap_or("")).map_err(|_| row::damaged(1))?;
            rooms.insert(log.id, rights::plain_room(room, Text::clean(&log.topic), seq(log.head)));
        }
    }
    let mut statement = db.prepare("SELECT person, conversation, sum FROM memberships")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (person, id): ([u8; 16], i64) = (found.get(0)?, found.get(1)?);
        whole(found.get(2)?, row::place_digest("memberships", person, id, 0))?;
        if let (Some(fact), Some(room)) = (people.get_mut(&PersonId(person)), rooms.get(&id)) {
            fact.rooms.push(room.room.clone());
        }
    }
    let mut all = Facts { directs, invitations: invites::all(db)?, hooks: hooks::all(db)?, ..Facts::default() };
    rights::facts(db, &mut people, &mut rooms, &mut all)?;
    memos::facts(db, &mut people)?;
    bots::facts(db, &mut people)?;
    let mut people: Vec<PersonFacts> = people.into_values().collect();
    people.sort_by_key(|fact| fact.person);
    let mut rooms: Vec<RoomFacts> = rooms.into_values().collect();
    rooms.sort_by(|a, b| a.room.cmp(&b.room));
    Ok(Facts { people, rooms, ..all })
}

/// People with their names and keys, without their rooms.
fn people(db: &Connection) -> rusqlite::Result<HashMap<PersonId, PersonFacts>> {
    let mut people: HashMap<PersonId, PersonFacts> = HashMap::new();
    let nick = |name: &str| Nick::parse(name).map_err(|_| row::damaged(1));
    let mut statement = db.prepare("SELECT person, name, since, sum FROM persons")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (person, name) = (PersonId(found.get(0)?), nick(&found.get::<_, String>(1)?)?);
        whole(found.get(3)?, row::person_digest(person, &name, found.get(2)?))?;
        let (keys, reserved, rooms, role) = (Vec::new(), Vec::new(), Vec::new(), Role::Member);
        let fact = PersonFacts { person, name, keys, reserved, rooms, role, memos: Vec::new(), bot: false };
        people.insert(person, fact);
    }
    let mut statement = db.prepare("SELECT person, key, sum FROM keys")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (person, key): ([u8; 16], [u8; 32]) = (found.get(0)?, found.get(1)?);
        whole(found.get(2)?, row::seal("keys", &[&key, &person]))?;
        people.entry(PersonId(person)).and_modify(|fact| fact.keys.push(PublicKey(key)));
    }
    let mut statement = db.prepare("SELECT person, name, until, fold, sum FROM reserved")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (person, name, until): ([u8; 16], String, i64) = (found.get(0)?, found.get(1)?, found.get(2)?);
        whole(found.get(4)?, row::reserved_digest(&found.get::<_, String>(3)?, &name, person, until))?;
        let name = nick(&name)?;
        people.entry(PersonId(person)).and_modify(|fact| fact.reserved.push((name, Timestamp(until))));
    }
    Ok(people)
}

fn whole(sum: [u8; row::DIGEST], right: [u8; row::DIGEST]) -> rusqlite::Result<()> {
    if sum == right { Ok(()) } else { Err(row::damaged(0)) }
}

/// How a person stands; who comes in asks twice, for the same few rows, so they are kept at hand.
pub fn standings(
    db: &Connection,
    logs: &mut Logs,
    person: PersonId,
    of: &[(Conversation, ReadFrom)],
) -> rusqlite::Result<Vec<Standing>> {
    let one = |(conversation, from): &(Conversation, ReadFrom)| {
        standing(db, logs.existing(db, conversation)?, person, conversation, *from)
    };
    of.iter().map(one).collect()
}

fn standing(
    db: &Connection,
    log: Option<&mut Log>,
    person: PersonId,
    conversation: &Conversation,
    from: ReadFrom,
) -> rusqlite::Result<Standing> {
    let Some(&mut Log { id, head, oldest, ref topic, .. }) = log else {
        let (oldest, zero) = (seq(1), seq(0));
        return Ok(Standing {
            conversation: conversation.clone(),
            oldest,
            head: zero,
            read: zero,
            unread: 0,
            mentions: 0,
            topic: Text::clean(""),
        });
    };
    let direct = matches!(conversation, Conversation::Direct(_));
    let read = match from {
        ReadFrom::Head => head,
        ReadFrom::At(at) => number(at).min(head),
        ReadFrom::Kept => db
            .prepare_cached("SELECT seq, sum FROM reads WHERE person = ?1 AND conversation = ?2")?
            .query_row(params![person.0, id], |found| {
                let seq: i64 = found.get(0)?;
                whole(found.get(1)?, row::place_digest("reads", person.0, id, seq))?;
                Ok(seq)
            })
            .optional()?
            // A direct conversation is nobody's to join: what was never read is unread.
            .unwrap_or(if direct { 0 } else { head }),
    };
    let nothing = Standing {
        conversation: conversation.clone(),
        oldest: seq(oldest),
        head: seq(head),
        read: seq(read),
        unread: 0,
        mentions: 0,
        topic: Text::clean(topic),
    };
    if read >= head {
        // So with nearly everybody who comes back, and with every guest.
        return Ok(nothing);
    }
    let unread: u32 = db
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM entries e INDEXED BY said WHERE e.conversation = ?1 AND e.seq > ?2 AND e.kind = 0 AND e.author <> ?3
             AND NOT EXISTS (SELECT 1 FROM shown s WHERE s.conversation = ?1 AND s.seq = e.seq AND s.deleted = 1) LIMIT ?4)",
        )?
        .query_row(params![id, read, person.0, COUNT_LIMIT], |row| row.get(0))?;
    let mentions = match direct {
        true => unread,
        false => db
            .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM mentions WHERE person = ?1 AND conversation = ?2 AND seq > ?3 LIMIT ?4)")?
            .query_row(params![person.0, id, read, COUNT_LIMIT], |row| row.get(0))?,
    };
    Ok(Standing { unread, mentions, ..nothing })
}

pub fn page(db: &Connection, ask: &PageAsk) -> rusqlite::Result<Page> {
    let Some(found) = log(db, &ask.conversation)? else {
        let one = seq(1);
        return Ok(Page {
            conversation: ask.conversation.clone(),
            from: one,
            before: one,
            oldest: one,
            entries: Vec::new(),
            changed: Vec::new(),
        });
    };
    let Log { id, head, oldest, .. } = found;
    let before = match ask.end {
        PageEnd::Newest => head + 1,
        PageEnd::Before(before) => number(before).min(head + 1),
        PageEnd::Around(at) => words::page_at(db, &found, at, ask.limit)?,
    };
    let before = before.max(oldest);
    let mut from = before;
    let mut entries = Vec::new();
    // What the stretch has changed and that stands further below, as far as one knows.
    let mut changed: BTreeMap<i64, Shown> = BTreeMap::new();
    let mut bytes = 0;
    let sql = format!(
        "SELECT {COLUMNS}, {BESIDE} FROM entries e LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
         WHERE e.conversation = ?1 AND e.seq < ?2 ORDER BY e.seq DESC LIMIT ?3"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id, before, ask.limit.max(1)])?;
    let mut next = before;
    while let Some(found) = rows.next()? {
        let row = Columns::read(found)?.checked(id)?;
        next -= 1;
        if row.seq != next {
            return Err(row::damaged(0));
        }
        let beside = row::beside(found, 17, id, &row)?;
        let also = match row.of.filter(|of| *of >= oldest && !changed.contains_key(of)) {
            Some(of) => one(db, id, ask.asker, of)?,
            None => None,
        };
        let shown = shown(db, id, ask.asker, &row, beside)?;
        bytes += shown.iter().chain(&also).map(weight).sum::<usize>();
        bytes -= changed.get(&row.seq).map_or(0, weight);
        if ask.bytes > 0 && bytes > ask.bytes && from < before {
            break;
        }
        from = row.seq;
        changed.remove(&row.seq);
        entries.extend(shown);
        changed.extend(also.map(|shown| (number(shown.seq), shown)));
    }
    // A log has no holes: rows that are not there are damage, not an end.
    if next > oldest && before - next < i64::from(ask.limit.max(1)) && next == from {
        return Err(row::damaged(0));
    }
    entries.reverse();
    Ok(Page {
        conversation: ask.conversation.clone(),
        from: seq(from),
        before: seq(before),
        oldest: seq(oldest),
        entries,
        changed: changed.into_values().collect(),
    })
}

/// The present form of one entry, if it has one.
fn one(db: &Connection, id: i64, asker: PersonId, of: i64) -> rusqlite::Result<Option<Shown>> {
    let sql = format!(
        "SELECT {COLUMNS}, {BESIDE} FROM entries e LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
         WHERE e.conversation = ?1 AND e.seq = ?2"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([id, of])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    let row = Columns::read(found)?.checked(id)?;
    let beside = row::beside(found, 17, id, &row)?;
    shown(db, id, asker, &row, beside)
}

/// The present form of a row, `None` for kinds that only change others.
pub fn shown(
    db: &Connection,
    id: i64,
    asker: PersonId,
    row: &Columns,
    beside: Option<Beside>,
) -> rusqlite::Result<Option<Shown>> {
    let what = match row.kind {
        TOPIC => ShownWhat::Topic { text: Text::clean(row.text.as_deref().unwrap_or("")) },
        SAID => {
            let (mut text, mut edited, mut reactions) = (row.text.as_deref(), false, Vec::new());
            if let Some(now) = &beside {
                edited = now.text.is_some();
                text = if now.deleted { None } else { now.text.as_deref().or(text) };
                if now.reactions > 0 {
                    reactions = self::reactions(db, id, row.seq, asker)?;
                }
                let found: u32 = reactions.iter().map(|reaction| reaction.count).sum();
                if i64::from(found) != now.reactions {
                    return Err(row::damaged(20));
                }
            }
            let reply_to = row.reply_to.map(seq);
            ShownWhat::Said { text: text.map(Text::clean), me: row.me, reply_to, edited, reactions }
        }
        _ => return Ok(None),
    };
    let mentions = row::people(&row.mentions);
    let nonce = row.nonce.map(Nonce);
    Ok(Some(Shown {
        seq: seq(row.seq),
        at: Timestamp(row.at),
        from: row.from()?,
        nonce,
        rev: seq(row.rev),
        mentions,
        what,
    }))
}

fn reactions(db: &Connection, id: i64, of: i64, asker: PersonId) -> rusqlite::Result<Vec<Reaction>> {
    let mut found: Vec<Reaction> = Vec::new();
    let mut statement = db.prepare_cached(
        "SELECT emoji, author, name, guest, since, sum FROM reactions WHERE conversation = ?1 AND seq = ?2 ORDER BY since",
    )?;
    let mut rows = statement.query([id, of])?;
    while let Some(row) = rows.next()? {
        let (emoji, name): (String, String) = (row.get(0)?, row.get(2)?);
        let (person, marks, since): ([u8; 16], i64, i64) = (row.get(1)?, row.get(3)?, row.get(4)?);
        whole(row.get(5)?, row::reaction_digest([id, of, since], &emoji, person, &name, marks))?;
        let emoji = Emoji::parse(&emoji).ok_or_else(|| row::damaged(0))?;
        let name = Nick::parse(&name).map_err(|_| row::damaged(2))?;
        let (guest, bot) = row::unmark(marks)?;
        let author = Author { person: PersonId(person), name, guest, bot };
        let at = found.iter().position(|reaction| reaction.emoji == emoji).unwrap_or(found.len());
        if at == found.len() {
            found.push(Reaction { emoji, count: 0, by: Vec::new() });
        }
        let reaction = &mut found[at];
        reaction.count += 1;
        if author.person == asker {
            reaction.by.insert(0, author);
            reaction.by.truncate(REACTORS_SHOWN);
        } else if reaction.by.len() < REACTORS_SHOWN {
            reaction.by.push(author);
        }
    }
    Ok(found)
}

/// The tables that are small whatever was said: their trees and indexes are looked at at every start.
const SMALL: [&str; 7] = ["meta", "persons", "keys", "reserved", "conversations", "memberships", "reads"];

/// What is looked at before anybody is taken in: the small tables, and the newest rows of every conversation.
pub fn check_start(db: &Connection, rows_each: u32) -> rusqlite::Result<()> {
    for table in
        SMALL.iter().chain(&rights::TABLES).chain([&invites::TABLE, &memos::TABLE, &bots::TABLE, &hooks::TABLE])
    {
        integrity(db, &format!("PRAGMA integrity_check('{table}')"))?;
    }
    check_reads(db)?;
    check_tails(db, rows_each)
}

/// A read position under a key that a bad disk changed would not be missed when it is looked for: it would be at the head.
pub fn check_reads(db: &Connection) -> rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT person, conversation, seq, sum FROM reads")?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        let sum = row::place_digest("reads", found.get(0)?, found.get(1)?, found.get(2)?);
        whole(found.get(3)?, sum)?;
    }
    Ok(())
}

fn integrity(db: &Connection, pragma: &str) -> rusqlite::Result<()> {
    let said: String = db.query_row(pragma, [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(row::damaged(0)) }
}

/// Looks at the newest rows of every conversation: there without holes, and as they were written.
fn check_tails(db: &Connection, rows_each: u32) -> rusqlite::Result<()> {
    logs(db)?.iter().try_for_each(|log| check_tail(db, log, rows_each))
}

/// The same of one conversation.
pub fn check_tail(db: &Connection, log: &Log, rows_most: u32) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT {COLUMNS}, {BESIDE} FROM entries e LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
         WHERE e.conversation = ?1 ORDER BY e.seq DESC LIMIT ?2"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![log.id, rows_most])?;
    let (mut next, mut seen) = (log.head, 0);
    while let Some(found) = rows.next()? {
        let row = Columns::read(found)?.checked(log.id)?;
        row::beside(found, 17, log.id, &row)?;
        if row.seq != next {
            return Err(row::missing(next));
        }
        (next, seen) = (next - 1, seen + 1);
    }
    if next >= log.oldest && seen < rows_most { Err(row::missing(next)) } else { Ok(()) }
}

/// Looks at the whole file: its trees and indexes, every row, and the mentions against the entries they are made of.
pub fn check_all(db: &Connection) -> rusqlite::Result<()> {
    integrity(db, "PRAGMA integrity_check(1)")?;
    check_tails(db, u32::MAX)?;
    rights::audit(db, u32::MAX)?;
    check_beside(db)
}

/// Looks at what is made of entries against them: mentions, edits, reactions.
pub fn check_beside(db: &Connection) -> rusqlite::Result<()> {
    let mut counted = 0;
    let sql = format!(
        "SELECT e.conversation, e.seq, e.author, e.mentions FROM entries e WHERE e.kind = {SAID} AND e.text IS NOT NULL AND e.mentions <> x''"
    );
    let mut statement = db.prepare(&sql)?;
    let mut there = db.prepare("SELECT 1 FROM mentions WHERE person = ?1 AND conversation = ?2 AND seq = ?3")?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        let (conversation, seq, author): (i64, i64, [u8; 16]) = (found.get(0)?, found.get(1)?, found.get(2)?);
        let mut mentioned = row::people(&found.get::<_, Vec<u8>>(3)?);
        mentioned.sort();
        mentioned.dedup();
        for person in mentioned.iter().filter(|person| person.0 != author) {
            if !there.exists(params![person.0, conversation, seq])? {
                return Err(row::damaged(3));
            }
            counted += 1;
        }
    }
    // What must be there is there; what is there beyond that belongs to nothing.
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let changed = one("SELECT count(*) FROM entries WHERE rev <> seq")?;
    let whole = one("SELECT count(*) FROM mentions")? == counted
        && one("SELECT count(*) FROM shown")? == changed
        && one("SELECT count(*) FROM reactions")? == one("SELECT coalesce(sum(reactions), 0) FROM shown")?;
    if whole { Ok(()) } else { Err(row::damaged(3)) }
}
