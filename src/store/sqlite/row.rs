//! One row of the log: from an entry to columns and back, with the digest that tells a damaged row from a whole one.

use rusqlite::Row;
use sha2::{Digest, Sha256};

use crate::protocol::entry::{Author, Conversation, Emoji, Entry, Nonce, PersonId, Seq, Timestamp, What};
use crate::protocol::names::{Nick, Target};
use crate::protocol::text::Text;

/// Bytes of a digest kept: enough that chance never matches, and no more in each row.
pub const DIGEST: usize = 8;

/// The columns of `entries`, in the order of [`Columns`].
pub const COLUMNS: &str = "e.seq, e.at, e.author, e.name, e.guest, e.addressed, e.kind, e.text, e.me, e.reply_to, e.of, e.emoji, e.nonce, e.body, e.mentions, e.rev, e.sum";

/// A row of `entries`.
#[derive(Clone, Debug)]
pub struct Columns {
    pub seq: i64,
    pub at: i64,
    pub author: [u8; 16],
    pub name: String,
    pub marks: i64,
    pub addressed: String,
    pub kind: i64,
    pub text: Option<String>,
    pub me: bool,
    pub reply_to: Option<i64>,
    pub of: Option<i64>,
    pub emoji: Option<String>,
    pub nonce: Option<[u8; 16]>,
    pub body: [u8; DIGEST],
    pub mentions: Vec<u8>,
    pub rev: i64,
    pub sum: [u8; DIGEST],
}

/// Kinds as they are stored.
pub const SAID: i64 = 0;
pub const EDITED: i64 = 1;
pub const DELETED: i64 = 2;
pub const REACTED: i64 = 3;
pub const UNREACTED: i64 = 4;
pub const TOPIC: i64 = 5;

impl Columns {
    pub fn read(row: &Row<'_>) -> rusqlite::Result<Columns> {
        Ok(Columns {
            seq: row.get(0)?,
            at: row.get(1)?,
            author: row.get(2)?,
            name: row.get(3)?,
            marks: row.get(4)?,
            addressed: row.get(5)?,
            kind: row.get(6)?,
            text: row.get(7)?,
            me: row.get(8)?,
            reply_to: row.get(9)?,
            of: row.get(10)?,
            emoji: row.get(11)?,
            nonce: row.get(12)?,
            body: row.get(13)?,
            mentions: row.get(14)?,
            rev: row.get(15)?,
            sum: row.get(16)?,
        })
    }

    /// The digest this row should have.
    pub fn digest(&self, conversation: i64) -> [u8; DIGEST] {
        let mut hash = Sha256::new();
        for number in [conversation, self.seq, self.rev, self.at, self.kind, self.marks, i64::from(self.me)] {
            hash.update(number.to_le_bytes());
        }
        for number in [self.reply_to, self.of] {
            hash.update(number.unwrap_or(-1).to_le_bytes());
        }
        for part in [&self.author[..], self.name.as_bytes(), self.addressed.as_bytes(), &self.body, &self.mentions] {
            add(&mut hash, part);
        }
        for part in [self.text.as_deref(), self.emoji.as_deref()] {
            add(&mut hash, part.unwrap_or("\0").as_bytes());
        }
        add(&mut hash, self.nonce.as_ref().map_or(&[][..], |nonce| nonce));
        first(hash)
    }

    /// Whether the row is as it was written.
    pub fn whole(&self, conversation: i64) -> bool {
        self.sum == self.digest(conversation)
    }

    /// The row, when it is as it was written.
    pub fn checked(self, conversation: i64) -> rusqlite::Result<Columns> {
        if self.whole(conversation) { Ok(self) } else { Err(damaged(16)) }
    }

    /// The author, as it was called then.
    pub fn from(&self) -> rusqlite::Result<Author> {
        let name = Nick::parse(&self.name).map_err(|_| damaged(3))?;
        let (guest, bot) = unmark(self.marks)?;
        Ok(Author { person: PersonId(self.author), name, guest, bot })
    }

    /// The entry.
    pub fn entry(&self, conversation: &Conversation) -> rusqlite::Result<Entry> {
        let text = || Text::clean(self.text.as_deref().unwrap_or(""));
        let of = || self.of.map(seq).ok_or_else(|| damaged(10));
        let emoji = || self.emoji.as_deref().and_then(Emoji::parse).ok_or_else(|| damaged(11));
        let what = match self.kind {
            SAID => What::Said { text: text(), me: self.me, reply_to: self.reply_to.map(seq) },
            EDITED => What::Edited { of: of()?, text: text() },
            DELETED => What::Deleted { of: of()? },
            REACTED => What::Reacted { of: of()?, emoji: emoji()? },
            UNREACTED => What::Unreacted { of: of()?, emoji: emoji()? },
            TOPIC => What::Topic { text: text() },
            _ => return Err(damaged(6)),
        };
        Ok(Entry {
            conversation: conversation.clone(),
            to: Target::parse(&self.addressed).map_err(|_| damaged(5))?,
            seq: seq(self.seq),
            at: Timestamp(self.at),
            from: self.from()?,
            what,
            nonce: self.nonce.map(Nonce),
            mentions: people(&self.mentions),
        })
    }
}

/// Digest of what was asked under a nonce: the same again is the same line, anything else a conflict.
pub fn body(what: &What) -> [u8; DIGEST] {
    let mut hash = Sha256::new();
    let number = |hash: &mut Sha256, n: u64| hash.update(n.to_le_bytes());
    match what {
        What::Said { text, me, reply_to } => {
            hash.update([0, u8::from(*me)]);
            number(&mut hash, reply_to.map_or(0, |seq| seq.0));
            add(&mut hash, text.as_str().as_bytes());
        }
        What::Edited { of, text } => {
            hash.update([1]);
            number(&mut hash, of.0);
            add(&mut hash, text.as_str().as_bytes());
        }
        What::Deleted { of } => {
            hash.update([2]);
            number(&mut hash, of.0);
        }
        What::Reacted { of, emoji } | What::Unreacted { of, emoji } => {
            hash.update([if matches!(what, What::Reacted { .. }) { 3 } else { 4 }]);
            number(&mut hash, of.0);
            add(&mut hash, emoji.as_str().as_bytes());
        }
        What::Topic { text } => {
            hash.update([5]);
            add(&mut hash, text.as_str().as_bytes());
        }
    }
    first(hash)
}

/// What later entries made of a Said: a row of `shown`.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    pub rev: i64,
    pub deleted: bool,
    pub text: Option<String>,
    pub reactions: i64,
}

/// The columns of `shown`, as [`beside`] reads them.
pub const BESIDE: &str = "s.rev, s.deleted, s.text, s.reactions, s.sum";

impl Beside {
    /// The digest this row should have.
    pub fn digest(&self, conversation: i64, seq: i64) -> [u8; DIGEST] {
        let mut hash = Sha256::new();
        for number in [conversation, seq, self.rev, i64::from(self.deleted), self.reactions] {
            hash.update(number.to_le_bytes());
        }
        add(&mut hash, self.text.as_deref().unwrap_or("\0").as_bytes());
        first(hash)
    }
}

/// What is beside an entry, from the columns after `at`: there when the entry was changed, not there when it was not.
pub fn beside(found: &Row<'_>, at: usize, conversation: i64, entry: &Columns) -> rusqlite::Result<Option<Beside>> {
    let Some(rev) = found.get::<_, Option<i64>>(at)? else {
        return if entry.rev == entry.seq { Ok(None) } else { Err(damaged(at)) };
    };
    let beside = Beside { rev, deleted: found.get(at + 1)?, text: found.get(at + 2)?, reactions: found.get(at + 3)? };
    let sum: [u8; DIGEST] = found.get(at + 4)?;
    let whole =
        entry.kind == SAID && entry.rev == rev && rev != entry.seq && sum == beside.digest(conversation, entry.seq);
    if whole { Ok(Some(beside)) } else { Err(damaged(at)) }
}

/// A row of `conversations`.
#[derive(Clone, Debug)]
pub struct Log {
    pub id: i64,
    pub room: Option<String>,
    pub fold: Option<String>,
    pub a: Option<[u8; 16]>,
    pub b: Option<[u8; 16]>,
    pub maker: Option<[u8; 16]>,
    pub made: i64,
    pub topic: String,
    pub head: i64,
    pub oldest: i64,
}

/// The columns of `conversations`, as [`Log::read`] takes them.
pub const LOG: &str = "id, room, fold, a, b, maker, made, topic, head, oldest, sum";

impl Log {
    /// The row, when it is as it was written.
    pub fn read(row: &Row<'_>) -> rusqlite::Result<Log> {
        let log = Log {
            id: row.get(0)?,
            room: row.get(1)?,
            fold: row.get(2)?,
            a: row.get(3)?,
            b: row.get(4)?,
            maker: row.get(5)?,
            made: row.get(6)?,
            topic: row.get(7)?,
            head: row.get(8)?,
            oldest: row.get(9)?,
        };
        if row.get::<_, [u8; DIGEST]>(10)? == log.digest() { Ok(log) } else { Err(damaged(10)) }
    }

    /// The digest this row should have.
    pub fn digest(&self) -> [u8; DIGEST] {
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default().into_bytes();
        let id = |id: Option<[u8; 16]>| id.map_or(Vec::new(), |id| id.to_vec());
        let numbers: Vec<u8> =
            [self.id, self.made, self.head, self.oldest].iter().flat_map(|number| number.to_le_bytes()).collect();
        let (room, fold) = (text(&self.room), text(&self.fold));
        seal(
            "conversations",
            &[&numbers, &room, &fold, &id(self.a), &id(self.b), &id(self.maker), self.topic.as_bytes()],
        )
    }
}

/// Digest of a small row: its table and its columns as bytes.
pub fn seal(table: &str, parts: &[&[u8]]) -> [u8; DIGEST] {
    let mut hash = Sha256::new();
    add(&mut hash, table.as_bytes());
    parts.iter().for_each(|part| add(&mut hash, part));
    first(hash)
}

/// Digest of a row of `persons`.
pub fn person_digest(person: PersonId, name: &Nick, since: i64) -> [u8; DIGEST] {
    let (fold, look) = (name.folded().as_bytes(), name.skeleton());
    seal("persons", &[&person.0, name.as_str().as_bytes(), fold, look.as_bytes(), &since.to_le_bytes()])
}

/// Digest of a row of `reserved`.
pub fn reserved_digest(fold: &str, name: &str, person: [u8; 16], until: i64) -> [u8; DIGEST] {
    seal("reserved", &[fold.as_bytes(), name.as_bytes(), &person, &until.to_le_bytes()])
}

/// Digest of a row of `reactions`; `place` is its conversation, seq and since.
pub fn reaction_digest(place: [i64; 3], emoji: &str, author: [u8; 16], name: &str, marks: i64) -> [u8; DIGEST] {
    let place: Vec<u8> = place.iter().flat_map(|number| number.to_le_bytes()).collect();
    seal("reactions", &[&place, emoji.as_bytes(), &author, name.as_bytes(), &[marks as u8]])
}

/// Digest of a row of `memberships` (`seq` is none there) or `reads`.
pub fn place_digest(table: &str, person: [u8; 16], conversation: i64, seq: i64) -> [u8; DIGEST] {
    seal(table, &[&person, &conversation.to_le_bytes(), &seq.to_le_bytes()])
}

fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

fn first(hash: Sha256) -> [u8; DIGEST] {
    let whole = hash.finalize();
    let mut kept = [0; DIGEST];
    kept.copy_from_slice(&whole[..DIGEST]);
    kept
}

/// What stands in a column `guest`: 1 for a guest, 2 for a program, their sum for a program that is one. It had only the
/// first before there were the second.
pub fn marks(author: &Author) -> i64 {
    i64::from(author.guest) | i64::from(author.bot) << 1
}

/// Whether that is a guest, and whether a program.
pub fn unmark(marks: i64) -> rusqlite::Result<(bool, bool)> {
    match marks {
        0..=3 => Ok((marks & 1 != 0, marks & 2 != 0)),
        _ => Err(damaged(4)),
    }
}

/// A seq of the file; negative ones cannot be, and become 0.
pub fn seq(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or(0))
}

/// A seq for the file; beyond what SQLite counts it is the end.
pub fn number(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

/// Ids, one after the other.
pub fn people(bytes: &[u8]) -> Vec<PersonId> {
    bytes.chunks_exact(16).map(|id| PersonId(id.try_into().expect("chunks_exact gives 16"))).collect()
}

/// A value that this program cannot have written.
pub fn damaged(column: usize) -> rusqlite::Error {
    wrong(column, "a row is not as it was written".into())
}

/// The error of an entry that is not there, in a log that has no holes.
pub fn missing(seq: i64) -> rusqlite::Error {
    wrong(0, format!("the entry with number {seq} is missing"))
}

fn wrong(column: usize, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, what.into())
}
