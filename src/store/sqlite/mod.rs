//! The store on SQLite (WAL, synchronous=FULL: what `commit` answered survives a cut of power, as far as the disk keeps
//! its word). Here stand opening, checking and the trait; `write` and `read` hold the statements, `copies` makes backups.

mod bots;
pub mod copies;
#[cfg(test)]
mod damage;
mod hooks;
mod invites;
mod memos;
mod read;
mod rights;
mod row;
#[cfg(test)]
mod tests;
mod words;
mod write;

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::{PageAsk, Reader, Retention, SearchAsk, Store, StoreError, Write, Written};
use crate::protocol::entry::{Conversation, Epoch, Page, PersonId, Standing, Timestamp};
use crate::protocol::fact::{Facts, ReadFrom};
use crate::protocol::rights::Record;
use crate::protocol::search::Found;

/// "wsct": SQLite's application id, so that `file` can tell what this is.
const APPLICATION_ID: i32 = 0x7773_6374;

/// Each step takes a file from the version of its index to the next; the first makes a new file.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("words.sql"),
    include_str!("rights.sql"),
    include_str!("invites.sql"),
    include_str!("memos.sql"),
    include_str!("bots.sql"),
    include_str!("hooks.sql"),
];

/// How long a reader's snapshot may make the writer wait for the WAL; readers are short, so this is never reached.
const BUSY: Duration = Duration::from_secs(5);

/// Steps of SQLite's machine between two looks at whether a long check is still wanted: well under a millisecond.
const STEPS_UNASKED: i32 = 1000;

/// Rows of each conversation whose checksums are looked at before a host takes anybody in: its last page.
const CHECKED_AT_START: u32 = 100;

/// The store of a host.
pub struct SqliteStore {
    db: Connection,
    path: Option<PathBuf>,
    epoch: Epoch,
    known: write::Logs,
}

impl SqliteStore {
    /// Opens the history in this file, or makes it, with `new_epoch` for its life. A file that is damaged, from a newer
    /// wschat or not to be read is left as it is.
    pub fn open(path: &Path, new_epoch: [u8; 16]) -> Result<SqliteStore, StoreError> {
        let unreadable = |e: std::io::Error| StoreError::Broken(format!("{}: {e}", path.display()));
        let new = std::fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        match new {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                std::fs::OpenOptions::new().read(true).write(true).open(path).map_err(unreadable)?;
            }
            Err(e) => return Err(unreadable(e)),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|e| failure(e, Some(path)))?;
        SqliteStore::begin(db, Some(path.to_owned()), new_epoch)
    }

    /// The same without a file, for what tests and measures and a disk is not part of.
    pub fn in_memory(new_epoch: [u8; 16]) -> Result<SqliteStore, StoreError> {
        let db = Connection::open_in_memory().map_err(|e| failure(e, None))?;
        SqliteStore::begin(db, None, new_epoch)
    }

    fn begin(mut db: Connection, path: Option<PathBuf>, new_epoch: [u8; 16]) -> Result<SqliteStore, StoreError> {
        let kept_at = path.clone();
        let file = kept_at.as_deref();
        // Before anything is written: a file of a newer wschat stays as it is, to the byte, and one that is damaged is left
        // to whoever repairs it. SQLite would work what stands in the WAL into the file when it is closed.
        let keep_log = |db: &Connection, keep| {
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map_err(|e| failure(e, file))
        };
        keep_log(&db, true)?;
        version(&db, file, MIGRATIONS.len())?;
        prepare(&db, file.is_some()).map_err(|e| failure(e, file))?;
        migrate(&mut db, file, MIGRATIONS)?;
        if file.is_some() {
            same_tables(&db).map_err(|e| failure(e, file))?;
        }
        let epoch = epoch(&db, new_epoch).map_err(|e| failure(e, file))?;
        words::make(&mut db).map_err(|e| failure(e, file))?;
        let store = SqliteStore { db, path, epoch, known: write::Logs::default() };
        read::check_start(&store.db, CHECKED_AT_START).map_err(|e| store.failure(e))?;
        keep_log(&store.db, false)?;
        Ok(store)
    }

    fn failure(&self, error: rusqlite::Error) -> StoreError {
        failure(error, self.path.as_deref())
    }
}

impl Store for SqliteStore {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn facts(&mut self) -> Result<Facts, StoreError> {
        read::facts(&self.db).map_err(|e| self.failure(e))
    }

    fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, StoreError> {
        let path = self.path.clone();
        let done = write::commit(&mut self.db, &mut self.known, writes);
        done.map_err(|e| {
            // What was cached may have been rolled back.
            self.known.clear();
            failure(e, path.as_deref())
        })
    }

    fn standings(&mut self, person: PersonId, of: &[(Conversation, ReadFrom)]) -> Result<Vec<Standing>, StoreError> {
        let found = read::standings(&self.db, &mut self.known, person, of);
        found.map_err(|e| self.failure(e))
    }

    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError> {
        read::page(&self.db, ask).map_err(|e| self.failure(e))
    }

    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError> {
        words::search(&self.db, ask).map_err(|e| self.failure(e))
    }

    fn audit(&mut self, limit: u32) -> Result<Vec<Record>, StoreError> {
        rights::audit(&self.db, limit).map_err(|e| self.failure(e))
    }

    fn reader(&self) -> Result<Option<Box<dyn Reader>>, StoreError> {
        let Some(path) = &self.path else { return Ok(None) };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|e| self.failure(e))?;
        db.busy_timeout(BUSY).and_then(|()| tune(&db)).map_err(|e| self.failure(e))?;
        Ok(Some(Box::new(SqliteReader { db, path: path.clone() })))
    }

    fn retain(&mut self, bounds: &Retention, now: Timestamp) -> Result<bool, StoreError> {
        let path = self.path.clone();
        self.known.clear();
        write::retain(&mut self.db, bounds, now).map_err(|e| failure(e, path.as_deref()))
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        // Closing would do it too, but not while a reader has the file open.
        let done = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        done.map_err(|e| self.failure(e))
    }
}

/// A connection that only reads.
struct SqliteReader {
    db: Connection,
    path: PathBuf,
}

impl Reader for SqliteReader {
    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError> {
        read::page(&self.db, ask).map_err(|e| failure(e, Some(&self.path)))
    }

    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError> {
        words::search(&self.db, ask).map_err(|e| failure(e, Some(&self.path)))
    }

    fn audit(&mut self, limit: u32) -> Result<Vec<Record>, StoreError> {
        rights::audit(&self.db, limit).map_err(|e| failure(e, Some(&self.path)))
    }

    fn check(&mut self, stop: &Arc<AtomicBool>) -> Result<bool, StoreError> {
        let flag = stop.clone();
        let asked = self.db.progress_handler(STEPS_UNASKED, Some(move || flag.load(Ordering::Relaxed)));
        match asked.and_then(|()| read::check_all(&self.db)) {
            Ok(()) => Ok(true),
            Err(_) if stop.load(Ordering::Relaxed) => Ok(false),
            Err(e) => Err(failure(e, Some(&self.path))),
        }
    }
}

fn prepare(db: &Connection, on_disk: bool) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.pragma_update(None, "foreign_keys", true)?;
    if on_disk {
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "fullfsync", true)?;
        db.pragma_update(None, "checkpoint_fullfsync", true)?;
    }
    tune(db)
}

/// For every connection: statements are prepared once. Without the planner's guarantee SQLite plans again whenever a
/// number is bound that it might plan by, and planning costs ten times what the statements here do.
fn tune(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The version of a file, 0 when it is new; an error when it is newer than this program.
fn version(db: &Connection, path: Option<&Path>, newest: usize) -> Result<i64, StoreError> {
    let found =
        db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map_err(|e| failure(e, path))?;
    if found < 0 || found > newest as i64 {
        let path = path.map(|path| path.display().to_string()).unwrap_or_default();
        return Err(StoreError::Newer { path, found, known: newest as i64 });
    }
    Ok(found)
}

/// Brings a file to the newest version: each step one transaction, after a copy of the file beside it.
fn migrate(db: &mut Connection, path: Option<&Path>, steps: &[&str]) -> Result<(), StoreError> {
    let newest = steps.len() as i64;
    let found = version(db, path, steps.len())?;
    for version in found..newest {
        // As it was found; what the steps between made of it is of no use to anybody.
        if version == found
            && found > 0
            && let Some(path) = path
        {
            let copy = path.with_extension(format!("v{version}.bak"));
            let kept = std::fs::exists(&copy).unwrap_or(false);
            if !kept {
                let name = copy.to_string_lossy().into_owned();
                db.execute("VACUUM INTO ?1", [name]).map_err(|e| failure(e, Some(path)))?;
            }
        }
        let mut step = || -> rusqlite::Result<()> {
            let transaction = db.transaction()?;
            transaction.execute_batch(steps[usize::try_from(version).unwrap_or_default()])?;
            transaction.pragma_update(None, "user_version", version + 1)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.commit()
        };
        step().map_err(|e| failure(e, path))?;
    }
    Ok(())
}

/// Whether the tables are those this program makes: a condition of an index that a bad disk changed would make it count
/// wrong, and no digest of a row would tell.
fn same_tables(db: &Connection) -> rusqlite::Result<()> {
    let tables = |db: &Connection| -> rusqlite::Result<Vec<(String, Option<String>)>> {
        let mut all = db.prepare("SELECT name, sql FROM sqlite_master ORDER BY name")?;
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let right = Connection::open_in_memory()?;
    MIGRATIONS.iter().try_for_each(|step| right.execute_batch(step))?;
    if tables(db)? == tables(&right)? { Ok(()) } else { Err(row::damaged(0)) }
}

/// The epoch, with its digest behind it; that of a file with nothing in it is `new`. A file that has lost its epoch is
/// damaged: a new one would tell every client that history began anew.
fn epoch(db: &Connection, new: [u8; 16]) -> rusqlite::Result<Epoch> {
    db.execute(
        "INSERT OR IGNORE INTO meta (key, value) SELECT 'epoch', ?1 WHERE NOT EXISTS (SELECT 1 FROM conversations)",
        [sealed_epoch(new)],
    )?;
    epoch_kept(db)
}

/// The epoch that is kept.
fn epoch_kept(db: &Connection) -> rusqlite::Result<Epoch> {
    let found = db.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get::<_, Vec<u8>>(0));
    let kept = found.optional()?.unwrap_or_default();
    let epoch: Option<[u8; 16]> = kept.get(..16).and_then(|epoch| epoch.try_into().ok());
    epoch.filter(|epoch| sealed_epoch(*epoch) == kept).map(Epoch).ok_or_else(|| row::damaged(1))
}

/// An epoch with its digest behind it.
fn sealed_epoch(epoch: [u8; 16]) -> Vec<u8> {
    [&epoch[..], &row::seal("epoch", &[&epoch])].concat()
}

/// SQLite's error in our words. A failed write of a full disk can be tried again; a failed fsync cannot.
fn failure(error: rusqlite::Error, path: Option<&Path>) -> StoreError {
    let shown = || path.map_or_else(|| "memory".to_owned(), |path| path.display().to_string());
    /// `SQLITE_IOERR_SHMSIZE`: the shared memory beside the WAL could not grow, which only a full disk does.
    const SHM_SIZE: i32 = 10 | (19 << 8);
    match &error {
        rusqlite::Error::SqliteFailure(e, _) if e.code == ErrorCode::DiskFull || e.extended_code == SHM_SIZE => {
            StoreError::Full
        }
        rusqlite::Error::SqliteFailure(e, _)
            if matches!(e.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
        {
            StoreError::Damaged { path: shown(), detail: copies::words(&error) }
        }
        // Our statements are right for our tables, so it is the description of the tables that is not ours any more.
        rusqlite::Error::SqlInputError { .. }
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => StoreError::Damaged { path: shown(), detail: copies::words(&error) },
        _ => StoreError::Broken(format!("{}: {error}", shown())),
    }
}
