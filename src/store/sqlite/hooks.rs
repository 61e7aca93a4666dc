//! Webhooks on the disk. Who may speak by one is the hub's business.

use rusqlite::{Connection, Row, Transaction, params};

use super::row::{self, seal};
use crate::protocol::entry::{PersonId, Timestamp};
use crate::protocol::hook::{Hook, KeptHook};
use crate::protocol::names::{Nick, RoomName};

/// The table, which is small whatever was said.
pub const TABLE: &str = "hooks";

fn digest(kept: &KeptHook) -> [u8; row::DIGEST] {
    let Hook { number, room, name, by, made } = &kept.hook;
    seal(
        TABLE,
        &[
            &number.to_le_bytes(),
            &kept.digest,
            &kept.person.0,
            room.as_str().as_bytes(),
            name.as_str().as_bytes(),
            by.as_str().as_bytes(),
            &made.0.to_le_bytes(),
        ],
    )
}

/// Keeps one.
pub fn keep(tx: &Transaction<'_>, kept: &KeptHook) -> rusqlite::Result<()> {
    let Hook { number, room, name, by, made } = &kept.hook;
    tx.execute(
        "INSERT OR REPLACE INTO hooks (number, digest, person, room, name, by, made, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![number, kept.digest, kept.person.0, room.as_str(), name.as_str(), by.as_str(), made.0, digest(kept)],
    )?;
    Ok(())
}

/// Forgets one.
pub fn forget(tx: &Transaction<'_>, number: u32) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM hooks WHERE number = ?1", [number])?;
    Ok(())
}

/// All of them, by number.
pub fn all(db: &Connection) -> rusqlite::Result<Vec<KeptHook>> {
    let mut statement =
        db.prepare("SELECT number, digest, person, room, name, by, made, sum FROM hooks ORDER BY number")?;
    let mut found = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn read(found: &Row<'_>) -> rusqlite::Result<KeptHook> {
    let nick = |at: usize| -> rusqlite::Result<Nick> {
        Nick::parse(&found.get::<_, String>(at)?).map_err(|_| row::damaged(at))
    };
    let hook = Hook {
        number: found.get(0)?,
        room: RoomName::parse(&found.get::<_, String>(3)?).map_err(|_| row::damaged(3))?,
        name: nick(4)?,
        by: nick(5)?,
        made: Timestamp(found.get(6)?),
    };
    let kept = KeptHook { hook, digest: found.get(1)?, person: PersonId(found.get(2)?) };
    match found.get::<_, [u8; row::DIGEST]>(7)? == digest(&kept) {
        true => Ok(kept),
        false => Err(row::damaged(7)),
    }
}
