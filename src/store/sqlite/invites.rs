//! Invitations on the disk, each as it stands. What one opens is the hub's business.

use rusqlite::{Connection, Row, Transaction, params};

use super::row::{self, seal};
use crate::protocol::entry::Timestamp;
use crate::protocol::invite::{Invitation, Kept};
use crate::protocol::names::{Nick, RoomName};

/// The table, which is small whatever was said.
pub const TABLE: &str = "invites";

fn digest(kept: &Kept) -> [u8; row::DIGEST] {
    let Invitation { number, room, by, made, until, once, used, revoked } = &kept.invitation;
    let until = until.map(|until| until.0.to_le_bytes());
    seal(
        TABLE,
        &[
            &number.to_le_bytes(),
            &kept.digest,
            room.as_ref().map_or(&[][..], |room| room.as_str().as_bytes()),
            by.as_str().as_bytes(),
            &made.0.to_le_bytes(),
            until.as_ref().map_or(&[][..], |until| until),
            &[u8::from(room.is_some()), u8::from(*once), u8::from(*revoked)],
            &used.to_le_bytes(),
        ],
    )
}

/// Keeps one as it stands now.
pub fn keep(tx: &Transaction<'_>, kept: &Kept) -> rusqlite::Result<()> {
    let Invitation { number, room, by, made, until, once, used, revoked } = &kept.invitation;
    tx.execute(
        "INSERT OR REPLACE INTO invites (number, digest, room, by, made, until, once, used, revoked, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            number,
            kept.digest,
            room.as_ref().map(RoomName::as_str),
            by.as_str(),
            made.0,
            until.map(|until| until.0),
            once,
            used,
            revoked,
            digest(kept)
        ],
    )?;
    Ok(())
}

/// Forgets one.
pub fn forget(tx: &Transaction<'_>, number: u32) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM invites WHERE number = ?1", [number])?;
    Ok(())
}

/// All of them, by number.
pub fn all(db: &Connection) -> rusqlite::Result<Vec<Kept>> {
    let mut statement = db.prepare(
        "SELECT number, digest, room, by, made, until, once, used, revoked, sum FROM invites ORDER BY number",
    )?;
    let mut found = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn read(found: &Row<'_>) -> rusqlite::Result<Kept> {
    let room: Option<String> = found.get(2)?;
    let by: String = found.get(3)?;
    let invitation = Invitation {
        number: found.get(0)?,
        room: room.map(|room| RoomName::parse(&room)).transpose().map_err(|_| row::damaged(2))?,
        by: Nick::parse(&by).map_err(|_| row::damaged(3))?,
        made: Timestamp(found.get(4)?),
        until: found.get::<_, Option<i64>>(5)?.map(Timestamp),
        once: found.get(6)?,
        used: found.get(7)?,
        revoked: found.get(8)?,
    };
    let kept = Kept { invitation, digest: found.get(1)? };
    match found.get::<_, [u8; row::DIGEST]>(9)? == digest(&kept) {
        true => Ok(kept),
        false => Err(row::damaged(9)),
    }
}
