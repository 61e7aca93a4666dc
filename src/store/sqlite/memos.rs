//! Memos on the disk: a text for each name of each person.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{self, seal};
use crate::protocol::entry::PersonId;
use crate::protocol::fact::PersonFacts;
use crate::protocol::memo::{Memo, MemoName};
use crate::protocol::text::Text;

/// The table, which is small whatever was said.
pub const TABLE: &str = "memos";

fn digest(person: PersonId, name: &str, text: &str) -> [u8; row::DIGEST] {
    seal(TABLE, &[&person.0, name.as_bytes(), text.as_bytes()])
}

/// Keeps one of somebody known, or forgets it when it is blank.
pub fn keep(tx: &Transaction<'_>, person: PersonId, memo: &Memo) -> rusqlite::Result<()> {
    let known = tx.query_row("SELECT 1 FROM persons WHERE person = ?1", [person.0], |_| Ok(())).optional()?;
    let (name, text) = (memo.name.as_str(), memo.text.as_str());
    if memo.text.is_blank() {
        tx.execute("DELETE FROM memos WHERE person = ?1 AND name = ?2", params![person.0, name])?;
    } else if known.is_some() {
        tx.prepare_cached("INSERT OR REPLACE INTO memos (person, name, text, sum) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![person.0, name, text, digest(person, name, text)])?;
    }
    Ok(())
}

/// Gives everybody theirs.
pub fn facts(db: &Connection, people: &mut HashMap<PersonId, PersonFacts>) -> rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT person, name, text, sum FROM memos ORDER BY person, name")?;
    let mut found = statement.query([])?;
    while let Some(found) = found.next()? {
        let (person, name, text): ([u8; 16], String, String) = (found.get(0)?, found.get(1)?, found.get(2)?);
        let person = PersonId(person);
        if found.get::<_, [u8; row::DIGEST]>(3)? != digest(person, &name, &text) {
            return Err(row::damaged(3));
        }
        let memo = Memo { name: MemoName::parse(&name).ok_or_else(|| row::damaged(1))?, text: Text::clean(&text) };
        if let Some(known) = people.get_mut(&person) {
            known.memos.push(memo);
        }
    }
    Ok(())
}
