//! Copies of a history and what they are worth: a backup beside a host that writes, and a look over a whole file that
//! says in words what is wrong with it. Both only read the file; where copies go and what they are called is not known
//! here.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{
    APPLICATION_ID, BUSY, MIGRATIONS, SqliteStore, epoch_kept, failure, read, same_tables, sealed_epoch, tune, version,
};
use crate::protocol::entry::Epoch;
use crate::store::{Store, StoreError};

/// Things found wrong that are told; a file with more has one of these for each of its pages.
const TOLD: usize = 20;

/// What a whole file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The version of its tables, and the newest that this program knows.
    pub version: (i64, i64),
    /// People with keys.
    pub people: u64,
    /// Rooms and direct conversations.
    pub conversations: u64,
    /// Entries of all of them.
    pub entries: u64,
    /// What is wrong, the first few; a whole file has none.
    pub problems: Vec<String>,
}

/// A file of SQLite with what stands beside it.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// Opens a file to be read, beside whoever writes it. Where nobody does, nothing is left beside the file.
fn open(path: &Path) -> Result<Connection, StoreError> {
    if let Err(why) = std::fs::File::open(path) {
        return Err(StoreError::Broken(format!("{} cannot be read: {why}", path.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let used = ["-wal", "-shm"].iter().any(|end| beside(path, end).exists());
    let opened = match used {
        true => Connection::open_with_flags(path, flags),
        false => Connection::open_with_flags(unchanging(path), flags | OpenFlags::SQLITE_OPEN_URI),
    };
    let db = opened.map_err(|e| failure(e, Some(path)))?;
    db.busy_timeout(BUSY).and_then(|()| tune(&db)).map_err(|e| failure(e, Some(path)))?;
    Ok(db)
}

/// The URI of a file that nobody changes: SQLite makes no files beside it then.
fn unchanging(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push((*byte).into()),
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri + "?immutable=1"
}

/// Copies the history as it is at one moment into a file that is not there yet or is empty, whoever writes meanwhile.
pub fn back_up(from: &Path, to: &Path) -> Result<(), StoreError> {
    let db = open(from)?;
    // A file that is none of ours is not copied; what is wrong with one of ours, its copy is looked over for.
    version(&db, Some(from), MIGRATIONS.len())?;
    let name = to.to_str().ok_or_else(|| StoreError::Broken(format!("{} is no UTF-8", to.display())))?;
    db.execute("VACUUM INTO ?1", [name]).map_err(|e| failure(e, Some(from)))?;
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|why| StoreError::Broken(format!("{}: {why}", to.display())))
}

/// Looks a whole file over, at one moment of it. An error is one of getting at the file; what is wrong in it is in the
/// answer.
pub fn survey(path: &Path) -> Result<Survey, StoreError> {
    let db = open(path)?;
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let mut found = Survey { version: (0, newest), people: 0, conversations: 0, entries: 0, problems: Vec::new() };
    match begin(&db, path) {
        Ok(version) => found.version.0 = version,
        Err(StoreError::Damaged { detail, .. }) => found.problems.push(detail),
        Err(other) => return Err(other),
    }
    if found.problems.is_empty() {
        found.problems = structure(&db);
        if found.version.0 == newest {
            found.problems.extend(content(&db));
        }
    }
    let count = |table: &str| {
        let counted = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        counted.ok().and_then(|many| u64::try_from(many).ok()).unwrap_or(0)
    };
    (found.people, found.conversations, found.entries) = (count("persons"), count("conversations"), count("entries"));
    found.problems.truncate(TOLD);
    Ok(found)
}

/// The version of the tables of a history, and the newest that this program knows. The file is only read.
pub fn version_of(path: &Path) -> Result<(i64, i64), StoreError> {
    let found = version(&open(path)?, Some(path), MIGRATIONS.len())?;
    Ok((found, i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)))
}

/// The version of a file that is one of ours; all that follows is read at one moment.
fn begin(db: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found = version(db, Some(path), MIGRATIONS.len())?;
    db.execute_batch("BEGIN").map_err(|e| failure(e, Some(path)))?;
    let id = db.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0));
    if found == 0 || id.map_err(|e| failure(e, Some(path)))? != APPLICATION_ID {
        let detail = "it is no history of wschat".to_owned();
        return Err(StoreError::Damaged { path: path.display().to_string(), detail });
    }
    Ok(found)
}

/// What SQLite says of its own.
fn structure(db: &Connection) -> Vec<String> {
    let rows = |pragma: &str, told: fn(&rusqlite::Row<'_>) -> rusqlite::Result<String>| {
        let mut statement = db.prepare(pragma)?;
        statement.query_map([], told)?.take(TOLD).collect::<rusqlite::Result<Vec<String>>>()
    };
    let mut problems = match rows(&format!("PRAGMA integrity_check({TOLD})"), |row| row.get(0)) {
        Ok(said) => said.into_iter().filter(|said| said != "ok").collect(),
        Err(error) => vec![words(&error)],
    };
    let orphan = |row: &rusqlite::Row<'_>| {
        Ok(format!(
            "a row of {} belongs to one of {} that is not there",
            row.get::<_, String>(0)?,
            row.get::<_, String>(2)?
        ))
    };
    match rows("PRAGMA foreign_key_check", orphan) {
        Ok(orphans) => problems.extend(orphans),
        Err(error) => problems.push(words(&error)),
    }
    problems
}

/// What our own digests and numbers say, which SQLite knows nothing of.
fn content(db: &Connection) -> Vec<String> {
    let mut problems = Vec::new();
    let mut note = |what: &str, looked: rusqlite::Result<()>| {
        if let Err(error) = looked {
            problems.push(format!("{what}: {}", words(&error)));
        }
    };
    note("the tables", same_tables(db));
    note("the epoch", epoch_kept(db).map(drop));
    note("names, keys, rooms and order", read::facts(db).map(drop).and_then(|()| read::check_reads(db)));
    match read::logs(db) {
        Ok(logs) => {
            for log in logs {
                let name =
                    log.room.as_ref().map_or_else(|| "a direct conversation".to_owned(), |room| format!("#{room}"));
                note(&name, read::check_tail(db, &log, u32::MAX));
            }
        }
        Err(error) => note("the conversations", Err(error)),
    }
    note("the record", super::rights::audit(db, u32::MAX).map(drop));
    note("mentions, edits and reactions", read::check_beside(db));
    problems
}

/// An error in words for who keeps the file.
pub fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::FromSqlConversionFailure(_, _, ours) => ours.to_string(),
        other => other.to_string(),
    }
}

impl SqliteStore {
    /// Begins another life: every client drops what it knows by the numbers of the one before.
    pub fn begin_anew(&mut self, new_epoch: [u8; 16]) -> Result<(), StoreError> {
        let changed = self.db.execute("UPDATE meta SET value = ?1 WHERE key = 'epoch'", [sealed_epoch(new_epoch)]);
        changed.map_err(|e| self.failure(e))?;
        self.epoch = Epoch(new_epoch);
        Ok(())
    }

    /// The last thing done with a file that is to be moved: one file is the whole history, and nobody has it open.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.finish()?;
        let path = self.path.clone();
        self.db.close().map_err(|(_, e)| failure(e, path.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Write;
    use crate::store::contract::{EPOCH, claim, draft, said};

    /// A history of so many lines.
    fn history(path: &Path, lines: u64) -> SqliteStore {
        let mut store = SqliteStore::open(path, EPOCH).unwrap();
        store.commit(&[claim(1), claim(2)]).unwrap();
        for n in 0..lines {
            store.commit(&[Write::Append(draft(1, said(&format!("line {n}"))))]).unwrap();
        }
        store
    }

    /// Changes a closed file behind our back.
    fn change(path: &Path, sql: &str) {
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    }

    #[test]
    fn a_copy_of_one_moment_is_whole_wherever_it_is_put() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host.db");
        let mut store = history(&path, 5);
        // What stands for something else in a URI is a name like any other.
        let copy = dir.path().join("50% of it? #1 ä'.db");
        back_up(&path, &copy).unwrap();
        store.commit(&[Write::Append(draft(1, said("later")))]).unwrap();
        let found = survey(&copy).unwrap();
        assert_eq!((found.people, found.conversations, found.entries), (2, 1, 5));
        assert_eq!(found.problems, [""; 0]);
        assert_eq!(survey(&path).unwrap().entries, 6, "of the one that is written, beside who writes it");
        assert!(back_up(&path, &copy).is_err(), "and what is there stays");
        assert_eq!(survey(&copy).unwrap(), found);
        let beside = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
        assert!(!beside.into_iter().any(|name| name.to_string_lossy().starts_with("50% of it? #1 ä'.db-")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host.db");
        history(&path, 9).close().unwrap();
        let spoilt = dir.path().join("spoilt.db");
        for (sql, said) in [
            ("DELETE FROM entries WHERE seq = 4", "#lobby: the entry with number 4 is missing"),
            ("DELETE FROM entries WHERE seq = 1", "#lobby: the entry with number 1 is missing"),
            ("UPDATE entries SET text = 'no' WHERE seq = 2", "#lobby: a row is not as it was written"),
            ("UPDATE meta SET value = x'00' WHERE key = 'epoch'", "the epoch: a row is not as it was written"),
            ("UPDATE persons SET name = 'x' WHERE name = 'p1'", "names, keys, rooms and order: a row is not"),
            ("DROP INDEX said", "the tables: a row is not as it was written"),
            (
                "PRAGMA foreign_keys = 0; DELETE FROM persons",
                "a row of keys belongs to one of persons that is not there",
            ),
            ("PRAGMA application_id = 1", "it is no history of wschat"),
        ] {
            std::fs::copy(&path, &spoilt).unwrap();
            change(&spoilt, sql);
            let found = survey(&spoilt).unwrap().problems;
            assert!(found.iter().any(|problem| problem.starts_with(said)), "{sql}: {found:?}");
        }
        std::fs::write(&spoilt, "a text, and no history at all").unwrap();
        assert_eq!(survey(&spoilt).unwrap().problems, ["file is not a database"]);
        std::fs::write(&spoilt, "").unwrap();
        assert_eq!(survey(&spoilt).unwrap().problems, ["it is no history of wschat"]);
        assert!(survey(&dir.path().join("nowhere.db")).is_err());
    }

    #[test]
    fn one_of_an_older_wschat_is_looked_at_and_can_be_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("older.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        db.close().unwrap();
        let found = survey(&path).unwrap();
        assert_eq!((found.version.0, found.problems.len()), (1, 0));
        let copy = dir.path().join("copy.db");
        back_up(&path, &copy).unwrap();
        let mut store = SqliteStore::open(&copy, EPOCH).unwrap();
        store.begin_anew([7; 16]).unwrap();
        store.close().unwrap();
        let found = survey(&copy).unwrap();
        assert_eq!((found.version.0, found.problems.len()), (found.version.1, 0));
        assert_eq!(SqliteStore::open(&copy, EPOCH).unwrap().epoch(), Epoch([7; 16]), "and its epoch is the new one");
    }
}
