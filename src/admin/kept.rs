//! The history as a file: a copy of it, a look over it, and a copy put back in its place. Nothing is ever overwritten
//! or deleted that somebody could want back. How SQLite copies and looks is in `store`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::there;
use crate::paths::{self, Paths};
use crate::protocol::entry::Timestamp;
use crate::protocol::fact::Fact;
use crate::protocol::rights::Record;
use crate::protocol::text::Text;
use crate::store::lock::{DataDirLock, LockError};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::copies::{self, Survey, beside};
use crate::store::{Store, Write as Kept};

/// Where a backup is made ready before it takes the place of what is there, in the folder; gone when that is done.
const STAGE: &str = "restoring";

/// 128 bits that nobody had before.
pub fn chance() -> anyhow::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| anyhow!("no random numbers: {e}"))?;
    Ok(bytes)
}

/// Gives files that root made to whom the folder belongs, who could not use them otherwise.
pub fn hand_over(dir: &Path, files: &[PathBuf]) -> anyhow::Result<()> {
    let owner = fs::metadata(dir).with_context(|| dir.display().to_string())?;
    for file in files {
        let made = fs::metadata(file).with_context(|| file.display().to_string())?;
        if made.uid() != owner.uid() {
            std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid()))
                .with_context(|| format!("{} cannot be given to the owner of {}", file.display(), dir.display()))?;
        }
    }
    Ok(())
}

fn say(text: &str) {
    // Whoever reads may have read enough.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What of a file is in it, as the end of a sentence.
fn told(found: &Survey) -> String {
    let Survey { people, conversations, entries, .. } = found;
    format!("{entries} entries of {conversations} conversations, {people} people")
}

/// Copies the history into a new file, whoever writes meanwhile.
pub fn back_up(paths: &Paths, file: &Path) -> anyhow::Result<()> {
    there(paths)?;
    let name = file.file_name().with_context(|| format!("{} is no file's name", file.display()))?;
    // Ours from here on, and nobody's before: what is there may be the only copy of something.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already and stays as it is; name another file", file.display())
        }
        Err(e) => return Err(e).with_context(|| format!("{} cannot be made", file.display())),
    }
    let mut partial = name.to_owned();
    partial.push(".partial");
    let partial = file.with_file_name(partial);
    let copied = copy(&paths.host_db(), &partial).and_then(|found| {
        // Under its own name there is a whole backup or an empty file, whenever this ends.
        fs::rename(&partial, file).and_then(|()| sync_folder_of(file)).with_context(|| file.display().to_string())?;
        Ok(found)
    });
    match copied {
        Ok(found) => {
            say(&format!("{}: {}", file.display(), told(&found)));
            Ok(())
        }
        Err(why) => {
            let _ = fs::remove_file(&partial);
            let _ = fs::remove_file(file);
            Err(why)
        }
    }
}

/// A copy that was looked over.
fn copy(from: &Path, to: &Path) -> anyhow::Result<Survey> {
    match fs::remove_file(to) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e).with_context(|| to.display().to_string()),
        _ => {}
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    made.with_context(|| format!("{} cannot be made", to.display()))?;
    copies::back_up(from, to)?;
    let found = copies::survey(to)?;
    match found.problems.is_empty() {
        true => Ok(found),
        false => bail!("{} is damaged, and a copy of it is no backup: {}", from.display(), found.problems.join("; ")),
    }
}

/// Looks the host's history over, or a backup.
pub fn verify(paths: &Paths, file: Option<&Path>) -> anyhow::Result<()> {
    let own = paths.host_db();
    let file = match file {
        Some(file) => file,
        None => {
            there(paths)?;
            &own
        }
    };
    let found = copies::survey(file)?;
    if !found.problems.is_empty() {
        for problem in &found.problems {
            say(problem);
        }
        let what = match file == own {
            true => "; with the host stopped, wschat admin restore FILE puts a backup in its place",
            false => "",
        };
        bail!("{} is damaged{what}", file.display());
    }
    let (version, newest) = found.version;
    let older = match version < newest {
        true => format!(
            "; an older wschat wrote it (version {version}, this one writes {newest}), so its lines are looked over when \
             a host takes it over"
        ),
        false => String::new(),
    };
    say(&format!("{} is whole: {}{older}", file.display(), told(&found)));
    Ok(())
}

/// Puts a backup in the place of the history of a stopped host.
pub fn restore(paths: &Paths, file: &Path) -> anyhow::Result<()> {
    let dir = paths.data_dir();
    // Before a folder is made for it: a file that is none is the likeliest mistake.
    let found = copies::survey(file)?;
    if !found.problems.is_empty() {
        bail!("{} is damaged, and nothing was changed: {}", file.display(), found.problems.join("; "));
    }
    paths::make_dir(dir)?;
    let lock = match DataDirLock::take_for_a_moment(dir) {
        Ok(lock) => lock,
        Err(LockError::Held { pid, brief, .. }) if !brief => {
            bail!("a host (pid {pid}) runs on {}: stop it first; nothing was changed", dir.display())
        }
        Err(other) => return Err(other.into()),
    };
    let stage = dir.join(STAGE);
    // Left by one that was killed; nothing in it was anybody's yet.
    match fs::remove_dir_all(&stage) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e).with_context(|| stage.display().to_string()),
        _ => {}
    }
    paths::make_dir(&stage)?;
    let restored = make_ready(file, &stage.join("host.db")).and_then(|ready| {
        let aside = put_aside(&paths.host_db())?;
        fs::rename(&ready, paths.host_db()).with_context(|| paths.host_db().display().to_string())?;
        sync_folder_of(&paths.host_db())?;
        hand_over(dir, &[paths.host_db(), paths.host_lock()])?;
        Ok(aside)
    });
    let _ = fs::remove_dir_all(&stage);
    let aside = restored?;
    drop(lock);
    say(&format!("{} is the history now: {}", file.display(), told(&found)));
    if let Some(aside) = aside {
        say(&format!("what was there is kept as {}", aside.display()));
    }
    say("clients drop what they have of this host and read it anew when they come");
    Ok(())
}

/// A copy of a backup as a history of its own: of this version, looked over, with another epoch, and on the record.
fn make_ready(file: &Path, ready: &Path) -> anyhow::Result<PathBuf> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(ready);
    made.with_context(|| format!("{} cannot be made", ready.display()))?;
    copies::back_up(file, ready)?;
    let epoch = chance()?;
    let mut store = SqliteStore::open(ready, epoch)?;
    store.begin_anew(epoch)?;
    let at = Timestamp(jiff::Timestamp::now().as_millisecond());
    let why = Text::clean(&file.file_name().unwrap_or_default().to_string_lossy());
    let (deed, why) = ("restore".to_owned(), Text::clean(&why.one_line()));
    let record = Record { at, by: None, deed, room: None, whom: None, until: None, why };
    store.commit(&[Kept::Facts(vec![Fact::Recorded(record)])])?;
    store.close()?;
    let found = copies::survey(ready)?;
    match found.problems.is_empty() {
        true => Ok(ready.to_owned()),
        false => bail!(
            "the copy of {} came out damaged, and nothing was changed: {}",
            file.display(),
            found.problems.join("; ")
        ),
    }
}

/// Moves the history that is there, with its log, to a name of its own; `None` when there is none.
fn put_aside(db: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !db.try_exists().with_context(|| db.display().to_string())? {
        return Ok(None);
    }
    let day = jiff::Timestamp::now().strftime("%Y-%m-%dT%H%M%SZ").to_string();
    let free = |aside: &PathBuf| ["", "-wal", "-shm"].iter().all(|end| !beside(aside, end).exists());
    let names = (1..100).map(|n| if n == 1 { format!("host.{day}.db") } else { format!("host.{day}-{n}.db") });
    let aside = names.map(|name| db.with_file_name(name)).find(free).context("too many histories of this second")?;
    for end in ["", "-wal", "-shm"] {
        match fs::rename(beside(db, end), beside(&aside, end)) {
            Err(e) if end.is_empty() || e.kind() != ErrorKind::NotFound => {
                return Err(e).with_context(|| format!("{} cannot be moved", beside(db, end).display()));
            }
            _ => {}
        }
    }
    Ok(Some(aside))
}

/// So that a name outlives a cut of power.
fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}
