//! What is asked of the file: facts at start, how a person stands, pages in their present form, and whether rows are whole.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{self, COLUMNS, Columns, SAID, TOPIC, number, seq};
use crate::protocol::entry::{
    Author, COUNT_LIMIT, Conversation, Emoji, Nonce, Page, PersonId, REACTORS_SHOWN, Reaction, Shown, ShownWhat,
    Standing, Timestamp,
};
use crate::protocol::fact::{Facts, PersonFacts, ReadFrom, RoomFacts};
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::person::PublicKey;
use crate::protocol::text::Text;
use crate::store::PageAsk;

/// Id, head and oldest of a conversation that has a row.
pub fn log(db: &Connection, conversation: &Conversation) -> rusqlite::Result<Option<(i64, i64, i64)>> {
    let three = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    match conversation {
        Conversation::Room(room) => db
            .prepare_cached("SELECT id, head, oldest FROM conversations WHERE fold = ?1")?
            .query_row([room.folded()], three)
            .optional(),
        Conversation::Direct(pair) => {
            let [a, b] = pair.both();
            db.prepare_cached("SELECT id, head, oldest FROM conversations WHERE a = ?1 AND b = ?2")?
                .query_row(params![a.0, b.0], three)
                .optional()
        }
    }
}

pub fn facts(db: &Connection) -> rusqlite::Result<Facts> {
    let mut people: HashMap<PersonId, PersonFacts> = HashMap::new();
    let nick = |name: String| Nick::parse(&name).map_err(|_| row::damaged(1));
    let mut statement = db.prepare("SELECT person, name FROM persons")?;
    for found in statement.query_map([], |row| Ok((PersonId(row.get(0)?), row.get(1)?)))? {
        let (person, name) = found?;
        let fact = PersonFacts { person, name: nick(name)?, keys: Vec::new(), reserved: Vec::new(), rooms: Vec::new() };
        people.insert(person, fact);
    }
    let mut statement = db.prepare("SELECT person, key FROM keys")?;
    for found in statement.query_map([], |row| Ok((PersonId(row.get(0)?), PublicKey(row.get(1)?))))? {
        let (person, key) = found?;
        people.entry(person).and_modify(|fact| fact.keys.push(key));
    }
    let mut statement = db.prepare("SELECT person, name, until FROM reserved")?;
    for found in statement.query_map([], |row| Ok((PersonId(row.get(0)?), row.get(1)?, Timestamp(row.get(2)?))))? {
        let (person, name, until) = found?;
        let name = nick(name)?;
        people.entry(person).and_modify(|fact| fact.reserved.push((name, until)));
    }
    let mut rooms: HashMap<i64, RoomFacts> = HashMap::new();
    let mut statement = db.prepare("SELECT id, room, topic, head FROM conversations WHERE room IS NOT NULL")?;
    for found in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))? {
        let (id, room, topic, head): (i64, String, String, i64) = found?;
        let room = RoomName::parse(&room).map_err(|_| row::damaged(1))?;
        rooms.insert(id, RoomFacts { room, topic: Text::clean(&topic), head: seq(head) });
    }
    let mut statement = db.prepare("SELECT person, conversation FROM memberships")?;
    for found in statement.query_map([], |row| Ok((PersonId(row.get(0)?), row.get::<_, i64>(1)?)))? {
        let (person, id) = found?;
        if let (Some(fact), Some(room)) = (people.get_mut(&person), rooms.get(&id)) {
            fact.rooms.push(room.room.clone());
        }
    }
    let mut statement = db.prepare("SELECT a, b FROM conversations WHERE a IS NOT NULL")?;
    let directs =
        statement.query_map([], |row| Ok([PersonId(row.get(0)?), PersonId(row.get(1)?)]))?.collect::<Result<_, _>>()?;
    let mut people: Vec<PersonFacts> = people.into_values().collect();
    people.sort_by_key(|fact| fact.person);
    let mut rooms: Vec<RoomFacts> = rooms.into_values().collect();
    rooms.sort_by(|a, b| a.room.cmp(&b.room));
    Ok(Facts { people, rooms, directs })
}

pub fn standings(
    db: &Connection,
    person: PersonId,
    of: &[(Conversation, ReadFrom)],
) -> rusqlite::Result<Vec<Standing>> {
    of.iter().map(|(conversation, from)| standing(db, person, conversation, *from)).collect()
}

fn standing(
    db: &Connection,
    person: PersonId,
    conversation: &Conversation,
    from: ReadFrom,
) -> rusqlite::Result<Standing> {
    let Some((id, head, oldest)) = log(db, conversation)? else {
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
            .prepare_cached("SELECT seq FROM reads WHERE person = ?1 AND conversation = ?2")?
            .query_row(params![person.0, id], |row| row.get(0))
            .optional()?
            // A direct conversation is nobody's to join: what was never read is unread.
            .unwrap_or(if direct { 0 } else { head }),
    };
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
    let topic: String =
        db.prepare_cached("SELECT topic FROM conversations WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
    Ok(Standing {
        conversation: conversation.clone(),
        oldest: seq(oldest),
        head: seq(head),
        read: seq(read),
        unread,
        mentions,
        topic: Text::clean(&topic),
    })
}

/// What is beside a row of the log: rev, deleted, the words of now, the digest.
type Beside = (i64, bool, Option<String>, [u8; row::DIGEST]);

pub fn page(db: &Connection, ask: &PageAsk) -> rusqlite::Result<Page> {
    let Some((id, head, oldest)) = log(db, &ask.conversation)? else {
        let one = seq(1);
        return Ok(Page {
            conversation: ask.conversation.clone(),
            from: one,
            before: one,
            oldest: one,
            entries: Vec::new(),
        });
    };
    let before = ask.before.map_or(head + 1, |before| number(before).min(head + 1)).max(oldest);
    let mut from = before;
    let mut entries = Vec::new();
    let mut bytes = 0;
    let sql = format!(
        "SELECT {COLUMNS}, s.rev, s.deleted, s.text, s.sum FROM entries e LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
         WHERE e.conversation = ?1 AND e.seq < ?2 ORDER BY e.seq DESC LIMIT ?3"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id, before, ask.limit.max(1)])?;
    while let Some(found) = rows.next()? {
        let row = Columns::read(found)?;
        let beside: Option<Beside> = match found.get::<_, Option<i64>>(16)? {
            Some(rev) => Some((rev, found.get(17)?, found.get(18)?, found.get(19)?)),
            None => None,
        };
        let Some(shown) = shown(db, id, ask.asker, &row, beside)? else {
            from = row.seq;
            continue;
        };
        bytes += weight(&shown);
        if ask.bytes > 0 && bytes > ask.bytes && !entries.is_empty() {
            break;
        }
        from = row.seq;
        entries.push(shown);
    }
    entries.reverse();
    Ok(Page {
        conversation: ask.conversation.clone(),
        from: seq(from),
        before: seq(before),
        oldest: seq(oldest),
        entries,
    })
}

/// About how many bytes an entry takes in a frame: JSON around it, ids in hex, and text that may need escapes.
fn weight(shown: &Shown) -> usize {
    let text = match &shown.what {
        ShownWhat::Said { text, reactions, .. } => {
            let named: usize = reactions.iter().map(|reaction| 60 + reaction.by.len() * 120).sum();
            text.as_ref().map_or(0, |text| text.as_str().len() + text.as_str().matches(['\n', '\t', '"', '\\']).count())
                + named
        }
        ShownWhat::Topic { text } => text.as_str().len(),
    };
    300 + text + shown.mentions.len() * 36
}

/// The present form of a row, `None` for kinds that only change others. A row that is not whole is an error, never a text.
fn shown(
    db: &Connection,
    id: i64,
    asker: PersonId,
    row: &Columns,
    beside: Option<Beside>,
) -> rusqlite::Result<Option<Shown>> {
    if !row.whole(id) {
        return Err(row::damaged(15));
    }
    let what = match row.kind {
        TOPIC => ShownWhat::Topic { text: Text::clean(row.text.as_deref().unwrap_or("")) },
        SAID => {
            let (mut text, mut edited, mut reactions) = (row.text.as_deref(), false, Vec::new());
            if let Some((rev, deleted, now, sum)) = &beside {
                if *sum != row::shown_digest(id, row.seq, *rev, *deleted, now.as_deref()) {
                    return Err(row::damaged(19));
                }
                edited = now.is_some();
                text = if *deleted { None } else { now.as_deref().or(text) };
                reactions = self::reactions(db, id, row.seq, asker)?;
            }
            let reply_to = row.reply_to.map(seq);
            ShownWhat::Said { text: text.map(Text::clean), me: row.me, reply_to, edited, reactions }
        }
        _ => return Ok(None),
    };
    let rev = beside.map_or(row.seq, |(rev, ..)| rev);
    let mentions = row::people(&row.mentions);
    let nonce = row.nonce.map(Nonce);
    Ok(Some(Shown {
        seq: seq(row.seq),
        at: Timestamp(row.at),
        from: row.from()?,
        nonce,
        rev: seq(rev),
        mentions,
        what,
    }))
}

fn reactions(db: &Connection, id: i64, of: i64, asker: PersonId) -> rusqlite::Result<Vec<Reaction>> {
    let mut found: Vec<Reaction> = Vec::new();
    let mut statement = db.prepare_cached(
        "SELECT emoji, author, name, guest FROM reactions WHERE conversation = ?1 AND seq = ?2 ORDER BY since",
    )?;
    let mut rows = statement.query([id, of])?;
    while let Some(row) = rows.next()? {
        let emoji = Emoji::parse(&row.get::<_, String>(0)?).ok_or_else(|| row::damaged(0))?;
        let name = Nick::parse(&row.get::<_, String>(2)?).map_err(|_| row::damaged(2))?;
        let author = Author { person: PersonId(row.get(1)?), name, guest: row.get(3)? };
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

/// Looks at the checksums of the newest rows of every conversation.
pub fn check_tails(db: &Connection, rows_each: u32) -> rusqlite::Result<()> {
    let logs: Vec<i64> = db
        .prepare("SELECT id FROM conversations WHERE head > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let sql = format!("SELECT {COLUMNS} FROM entries e WHERE e.conversation = ?1 ORDER BY e.seq DESC LIMIT ?2");
    let mut statement = db.prepare(&sql)?;
    for id in logs {
        let mut rows = statement.query(params![id, rows_each])?;
        while let Some(found) = rows.next()? {
            if !Columns::read(found)?.whole(id) {
                return Err(row::damaged(15));
            }
        }
    }
    Ok(())
}

/// Looks at the whole file.
pub fn quick_check(db: &Connection) -> rusqlite::Result<()> {
    let said: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(row::damaged(0));
    }
    check_tails(db, u32::MAX)
}
