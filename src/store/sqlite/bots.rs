//! Which people with keys are programs. What follows from it is the hub's business.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{self, seal};
use crate::protocol::entry::PersonId;
use crate::protocol::fact::PersonFacts;

/// The table, which is small whatever was said.
pub const TABLE: &str = "bots";

/// Marks somebody known, or takes the mark away.
pub fn mark(tx: &Transaction<'_>, person: PersonId, bot: bool) -> rusqlite::Result<()> {
    let known = tx.query_row("SELECT 1 FROM persons WHERE person = ?1", [person.0], |_| Ok(())).optional()?;
    if !bot {
        tx.execute("DELETE FROM bots WHERE person = ?1", [person.0])?;
    } else if known.is_some() {
        let sum = seal(TABLE, &[&person.0]);
        tx.execute("INSERT OR IGNORE INTO bots (person, sum) VALUES (?1, ?2)", params![person.0, sum])?;
    }
    Ok(())
}

/// Tells of everybody who is one.
pub fn facts(db: &Connection, people: &mut HashMap<PersonId, PersonFacts>) -> rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT person, sum FROM bots")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let person: [u8; 16] = found.get(0)?;
        if found.get::<_, [u8; row::DIGEST]>(1)? != seal(TABLE, &[&person]) {
            return Err(row::damaged(1));
        }
        if let Some(known) = people.get_mut(&PersonId(person)) {
            known.bot = true;
        }
    }
    Ok(())
}
