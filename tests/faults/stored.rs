//! What the store has in the end, read out of its file past all of the product's own code.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::checker::{Body, Kind, Row, Stored};
use crate::client::{digest, key};

/// Every entry of every conversation.
pub fn read(data: &Path) -> Stored {
    let db = open(data);
    let mut stored = Stored::new();
    let mut entries = db
        .prepare(&format!(
            "SELECT {NAME}, e.seq, coalesce(p.name, e.name), e.nonce, e.kind, e.text, e.of, e.emoji,
                    coalesce(s.deleted, d.deleted, 0)
             FROM entries e JOIN conversations c ON c.id = e.conversation
             LEFT JOIN persons p ON p.person = e.author
             LEFT JOIN shown s ON s.conversation = e.conversation AND s.seq = e.seq
             LEFT JOIN shown d ON e.kind = 1 AND d.conversation = e.conversation AND d.seq = e.of
             ORDER BY e.conversation, e.seq"
        ))
        .expect("the store has this form");
    let mut rows = entries.query([]).expect("the store can be read");
    while let Some(row) = rows.next().expect("the store can be read") {
        let kind = match row.get(4).expect("a kind") {
            0 => Kind::Said,
            1 => Kind::Edited,
            2 => Kind::Deleted,
            3 => Kind::Reacted,
            4 => Kind::Unreacted,
            5 => Kind::Topic,
            other => panic!("the store has a kind {other}"),
        };
        let (text, emoji): (Option<String>, Option<String>) =
            (row.get(5).expect("a text"), row.get(7).expect("an emoji"));
        let of: Option<i64> = row.get(6).expect("a seq");
        let body = Body { kind, of: of.map_or(0, seq), text: text.or(emoji).map_or(0, |text| digest(&text)) };
        let nonce: Option<[u8; 16]> = row.get(3).expect("a nonce");
        let to: String = row.get(0).expect("a conversation");
        stored.entry(to).or_default().push(Row {
            seq: seq(row.get(1).expect("a seq")),
            author: row.get(2).expect("an author"),
            nonce: nonce.map(key),
            body,
            blanked: row.get(8).expect("a flag"),
        });
    }
    stored
}

/// The last number of each conversation, also while a host writes.
pub fn heads(data: &Path) -> Vec<(String, u64)> {
    let db = open(data);
    let mut all = db
        .prepare(&format!(
            "SELECT {NAME}, (SELECT max(seq) FROM entries e WHERE e.conversation = c.id) FROM conversations c"
        ))
        .expect("the store has this form");
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map_or(0, seq))));
    rows.and_then(Iterator::collect).expect("the store can be read")
}

/// A room's name, or the names of the two, as the clients call a conversation.
const NAME: &str = "coalesce('#' || ltrim(c.room, '#'), (SELECT group_concat('@' || name, ' ') FROM
    (SELECT name FROM persons WHERE person IN (c.a, c.b) ORDER BY name)))";

fn seq(number: i64) -> u64 {
    number.try_into().expect("numbers are from 1")
}

fn open(data: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(data.join("host.db"), flags).expect("the store is there")
}
