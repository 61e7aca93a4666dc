//! Order on the disk: roles, sentences, settings of rooms, who is invited, and the record of what was done. What each means
//! is the hub's business.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::row::{self, seal};
use crate::protocol::admin::RECORD_LINES;
use crate::protocol::entry::{PersonId, Timestamp};
use crate::protocol::fact::{Facts, PersonFacts, RoomFacts};
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::rights::{Penalty, Record, Role, RoomSettings, Sentence, Subject};
use crate::protocol::secret::PasswordHash;
use crate::protocol::text::Text;

/// The tables of this file, which are small whatever was said.
pub const TABLES: [&str; 6] = ["roles", "sentences", "settings", "invited", "deleted", "audit"];

/// The host, where a conversation could be meant.
pub const HOST: i64 = 0;

fn whole(sum: [u8; row::DIGEST], right: [u8; row::DIGEST]) -> rusqlite::Result<()> {
    if sum == right { Ok(()) } else { Err(row::damaged(0)) }
}

fn role_digest(person: [u8; 16], conversation: i64, role: i64) -> [u8; row::DIGEST] {
    seal("roles", &[&person, &conversation.to_le_bytes(), &role.to_le_bytes()])
}

/// Gives a person a role, or takes it.
pub fn set_role(tx: &Transaction<'_>, person: PersonId, conversation: i64, role: Role) -> rusqlite::Result<()> {
    let number = match role {
        Role::Guest | Role::Member => {
            tx.execute("DELETE FROM roles WHERE person = ?1 AND conversation = ?2", params![person.0, conversation])?;
            return Ok(());
        }
        Role::Operator => 2,
        Role::Owner => 3,
    };
    let sum = role_digest(person.0, conversation, number);
    tx.execute(
        "INSERT OR REPLACE INTO roles (person, conversation, role, sum) VALUES (?1, ?2, ?3, ?4)",
        params![person.0, conversation, number, sum],
    )?;
    Ok(())
}

/// Ends roles and invitations, sentences and settings of a room that is no more.
pub fn forget_room(tx: &Transaction<'_>, conversation: i64) -> rusqlite::Result<()> {
    for table in ["roles", "sentences", "settings", "invited", "deleted"] {
        tx.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [conversation])?;
    }
    Ok(())
}

/// A subject as it is kept.
fn subject_bytes(subject: &Subject) -> Vec<u8> {
    match subject {
        Subject::Person(person) => [&[0][..], &person.0].concat(),
        Subject::Address(IpAddr::V4(address)) => [&[4][..], &address.octets()].concat(),
        Subject::Address(IpAddr::V6(address)) => [&[6][..], &address.octets()].concat(),
    }
}

fn subject(bytes: &[u8]) -> rusqlite::Result<Subject> {
    let damaged = |_| row::damaged(2);
    Ok(match bytes.split_first() {
        Some((0, person)) => Subject::Person(PersonId(person.try_into().map_err(damaged)?)),
        Some((4, octets)) => Subject::Address(Ipv4Addr::from(<[u8; 4]>::try_from(octets).map_err(damaged)?).into()),
        Some((6, octets)) => Subject::Address(Ipv6Addr::from(<[u8; 16]>::try_from(octets).map_err(damaged)?).into()),
        _ => return Err(row::damaged(2)),
    })
}

/// The digest of a sentence as it is kept.
fn sentence_digest(
    penalty: &str,
    conversation: i64,
    subject: &[u8],
    name: &str,
    until: Option<i64>,
    why: &str,
) -> [u8; row::DIGEST] {
    let until = until.map(i64::to_le_bytes);
    let until = until.as_ref().map_or(&[][..], |until| until);
    let conversation = conversation.to_le_bytes();
    seal("sentences", &[penalty.as_bytes(), &conversation, subject, name.as_bytes(), until, why.as_bytes()])
}

/// Keeps a sentence, in the place of the one before.
pub fn sentence(tx: &Transaction<'_>, conversation: i64, sentence: &Sentence) -> rusqlite::Result<()> {
    let (penalty, subject) = (sentence.penalty.as_str(), subject_bytes(&sentence.subject));
    let (name, until, why) = (sentence.name.as_str(), sentence.until.map(|at| at.0), sentence.why.as_str());
    let sum = sentence_digest(penalty, conversation, &subject, name, until, why);
    tx.execute(
        "INSERT OR REPLACE INTO sentences (penalty, conversation, subject, name, until, why, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![penalty, conversation, subject, name, until, why, sum],
    )?;
    Ok(())
}

/// Forgets a sentence.
pub fn pardon(tx: &Transaction<'_>, conversation: i64, penalty: Penalty, of: &Subject) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM sentences WHERE penalty = ?1 AND conversation = ?2 AND subject = ?3",
        params![penalty.as_str(), conversation, subject_bytes(of)],
    )?;
    Ok(())
}

fn settings_digest(conversation: i64, flags: [bool; 2], slow: i64, password: Option<&str>) -> [u8; row::DIGEST] {
    let flags = flags.map(u8::from);
    let (conversation, slow) = (conversation.to_le_bytes(), slow.to_le_bytes());
    seal("settings", &[&conversation, &flags, &slow, password.unwrap_or("").as_bytes()])
}

/// Keeps how a room is set.
pub fn set_room(
    tx: &Transaction<'_>,
    conversation: i64,
    settings: &RoomSettings,
    password: Option<&PasswordHash>,
) -> rusqlite::Result<()> {
    let RoomSettings { private, readonly, slow, password: _ } = *settings;
    let slow = i64::try_from(slow.as_millis()).unwrap_or(i64::MAX);
    let password = password.map(PasswordHash::as_str);
    let sum = settings_digest(conversation, [private, readonly], slow, password);
    tx.execute(
        "INSERT OR REPLACE INTO settings (conversation, private, readonly, slow, password, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![conversation, private, readonly, slow, password, sum],
    )?;
    Ok(())
}

/// Keeps that a person may come into a room, or may not any more.
pub fn invite(tx: &Transaction<'_>, conversation: i64, person: PersonId, may: bool) -> rusqlite::Result<()> {
    if may {
        let sum = row::place_digest("invited", person.0, conversation, 0);
        tx.execute(
            "INSERT OR IGNORE INTO invited (conversation, person, sum) VALUES (?1, ?2, ?3)",
            params![conversation, person.0, sum],
        )?;
    } else {
        tx.execute("DELETE FROM invited WHERE conversation = ?1 AND person = ?2", params![conversation, person.0])?;
    }
    Ok(())
}

/// Marks a room as deleted, or as there again.
pub fn mark_deleted(tx: &Transaction<'_>, conversation: i64, gone: bool) -> rusqlite::Result<()> {
    if gone {
        let sum = seal("deleted", &[&conversation.to_le_bytes()]);
        tx.execute("INSERT OR IGNORE INTO deleted (conversation, sum) VALUES (?1, ?2)", params![conversation, sum])?;
    } else {
        tx.prepare_cached("DELETE FROM deleted WHERE conversation = ?1")?.execute([conversation])?;
    }
    Ok(())
}

/// Rooms that were deleted.
pub fn deleted(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut gone = Vec::new();
    let mut statement = db.prepare("SELECT conversation, sum FROM deleted")?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        let id: i64 = found.get(0)?;
        whole(found.get(1)?, seal("deleted", &[&id.to_le_bytes()]))?;
        gone.push(id);
    }
    Ok(gone)
}

/// Digest of a line of the record.
fn record_digest(id: i64, record: &Record) -> [u8; row::DIGEST] {
    let name = |name: &Option<Nick>| name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default();
    let room = record.room.as_ref().map(|room| room.as_str().to_owned()).unwrap_or_default();
    let until = record.until.map(|at| at.0.to_le_bytes());
    seal(
        "audit",
        &[
            &id.to_le_bytes(),
            &record.at.0.to_le_bytes(),
            name(&record.by).as_bytes(),
            record.deed.as_bytes(),
            room.as_bytes(),
            name(&record.whom).as_bytes(),
            until.as_ref().map_or(&[][..], |until| until),
            record.why.as_str().as_bytes(),
        ],
    )
}

/// Puts a line on the record.
pub fn record(tx: &Transaction<'_>, record: &Record) -> rusqlite::Result<()> {
    let id: i64 = tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM audit", [], |row| row.get(0))?;
    let name = |name: &Option<Nick>| name.as_ref().map(|name| name.as_str().to_owned());
    let room = record.room.as_ref().map(|room| room.as_str().to_owned());
    tx.execute(
        "INSERT INTO audit (id, at, by, deed, room, whom, until, why, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            id,
            record.at.0,
            name(&record.by),
            record.deed,
            room,
            name(&record.whom),
            record.until.map(|at| at.0),
            record.why.as_str(),
            record_digest(id, record)
        ],
    )?;
    tx.execute("DELETE FROM audit WHERE id <= ?1", [id - i64::from(RECORD_LINES)])?;
    Ok(())
}

/// The newest lines of the record, the newest last.
pub fn audit(db: &Connection, limit: u32) -> rusqlite::Result<Vec<Record>> {
    let mut statement =
        db.prepare_cached("SELECT id, at, by, deed, room, whom, until, why, sum FROM audit ORDER BY id DESC LIMIT ?1")?;
    let mut rows = statement.query([limit])?;
    let mut lines = Vec::new();
    while let Some(found) = rows.next()? {
        let nick = |at: usize| -> rusqlite::Result<Option<Nick>> {
            let name: Option<String> = found.get(at)?;
            name.map(|name| Nick::parse(&name).map_err(|_| row::damaged(at))).transpose()
        };
        let room: Option<String> = found.get(4)?;
        let line = Record {
            at: Timestamp(found.get(1)?),
            by: nick(2)?,
            deed: found.get(3)?,
            room: room.map(|room| RoomName::parse(&room).map_err(|_| row::damaged(4))).transpose()?,
            whom: nick(5)?,
            until: found.get::<_, Option<i64>>(6)?.map(Timestamp),
            why: Text::clean(&found.get::<_, String>(7)?),
        };
        whole(found.get(8)?, record_digest(found.get(0)?, &line))?;
        lines.push(line);
    }
    lines.reverse();
    Ok(lines)
}

/// A room as it is before anything here is known of it.
pub fn plain_room(room: RoomName, topic: Text, head: crate::protocol::entry::Seq) -> RoomFacts {
    let settings = RoomSettings::default();
    RoomFacts { room, topic, head, settings, password: None, operators: Vec::new(), invited: Vec::new() }
}

/// Adds what is kept of order to what is known of people and rooms.
pub fn facts(
    db: &Connection,
    people: &mut HashMap<PersonId, PersonFacts>,
    rooms: &mut HashMap<i64, RoomFacts>,
    facts: &mut Facts,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT person, conversation, role, sum FROM roles ORDER BY person")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (person, id, role): ([u8; 16], i64, i64) = (found.get(0)?, found.get(1)?, found.get(2)?);
        whole(found.get(3)?, role_digest(person, id, role))?;
        match (id, rooms.get_mut(&id)) {
            (HOST, _) => {
                let role = if role == 3 { Role::Owner } else { Role::Operator };
                people.entry(PersonId(person)).and_modify(|fact| fact.role = role);
            }
            (_, Some(room)) => room.operators.push(PersonId(person)),
            (_, None) => {}
        }
    }
    let mut statement = db.prepare("SELECT conversation, private, readonly, slow, password, sum FROM settings")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (id, private, readonly, slow): (i64, bool, bool, i64) =
            (found.get(0)?, found.get(1)?, found.get(2)?, found.get(3)?);
        let password: Option<String> = found.get(4)?;
        whole(found.get(5)?, settings_digest(id, [private, readonly], slow, password.as_deref()))?;
        let Some(room) = rooms.get_mut(&id) else { continue };
        room.password = password.map(|hash| PasswordHash::parse(&hash).ok_or_else(|| row::damaged(4))).transpose()?;
        let slow = Duration::from_millis(u64::try_from(slow).unwrap_or(0));
        room.settings = RoomSettings { private, readonly, slow, password: room.password.is_some() };
    }
    let mut statement = db.prepare("SELECT conversation, person, sum FROM invited ORDER BY person")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (id, person): (i64, [u8; 16]) = (found.get(0)?, found.get(1)?);
        whole(found.get(2)?, row::place_digest("invited", person, id, 0))?;
        if let Some(room) = rooms.get_mut(&id) {
            room.invited.push(PersonId(person));
        }
    }
    facts.sentences = sentences(db, rooms)?;
    Ok(())
}

fn sentences(db: &Connection, rooms: &HashMap<i64, RoomFacts>) -> rusqlite::Result<Vec<Sentence>> {
    let mut all = Vec::new();
    let mut statement = db.prepare(
        "SELECT penalty, conversation, subject, name, until, why, sum FROM sentences ORDER BY penalty, conversation, subject",
    )?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (penalty, id, bytes): (String, i64, Vec<u8>) = (found.get(0)?, found.get(1)?, found.get(2)?);
        let (name, until, why): (String, Option<i64>, String) = (found.get(3)?, found.get(4)?, found.get(5)?);
        whole(found.get(6)?, sentence_digest(&penalty, id, &bytes, &name, until, &why))?;
        let room = match (id, rooms.get(&id)) {
            (HOST, _) => None,
            (_, Some(room)) => Some(room.room.clone()),
            (_, None) => continue,
        };
        all.push(Sentence {
            penalty: Penalty::read(&penalty).ok_or_else(|| row::damaged(0))?,
            room,
            subject: subject(&bytes)?,
            name: Nick::parse(&name).map_err(|_| row::damaged(3))?,
            until: until.map(Timestamp),
            why: Text::clean(&why),
        });
    }
    Ok(all)
}
