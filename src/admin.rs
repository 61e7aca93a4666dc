//! `wschat admin`: asks the host of a folder, over the socket in it while the host runs, and of the same hub made here
//! while it does not; says what came of it. What may be done is decided in `hub`; how answers look is in `shown`; files
//! and their copies are in `kept`.

mod kept;
mod shown;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};

use crate::cli::admin::{Admin, What, sentence};
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::admin::{Ask, LINE_BYTES, Line};
use crate::protocol::names::Nick;
use crate::protocol::rights::Deed;
use crate::server::admin::{PATH_BYTES, socket};
use crate::server::{Options, alone};
use crate::store::lock::{DataDirLock, LockError};
use crate::store::sqlite::SqliteStore;

/// How long a host may take to begin to listen, or to end: it looks its history over first.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks whether it does.
const BETWEEN: Duration = Duration::from_millis(50);

/// How long an answer may take: a disk that is busy, a history that is long.
const ANSWER: Duration = Duration::from_secs(60);

/// Does what was asked.
pub fn run(asked: &Admin, config: &Config, paths: &Paths) -> anyhow::Result<()> {
    let order = |deed, name: &Nick| Ask::order(deed, name.clone(), None, "");
    let ask = match &asked.what {
        What::List(_) => Ask::List,
        What::Bans(_) => Ask::Bans,
        What::Audit { lines, .. } => Ask::Audit { limit: *lines },
        What::Owner { name } => order(Deed::Owner, name),
        What::Op { name } => order(Deed::Op, name),
        What::Deop { name } => order(Deed::Deop, name),
        What::Unban { name } => order(Deed::Unban, name),
        What::Ban { name, why } => {
            let (time, why) = sentence(why).map_err(|why| anyhow!(why))?;
            Ask::order(Deed::Ban, name.clone(), time, &why)
        }
        What::Backup { file } => return kept::back_up(paths, file),
        What::Verify { file } => return kept::verify(paths, file.as_deref()),
        What::Restore { file } => return kept::restore(paths, file),
    };
    let lines = answer(&ask, config, paths)?;
    if let Some(Line::Refused { why }) = lines.last() {
        bail!("{}", why.one_line());
    }
    let json = match &asked.what {
        What::List(form) | What::Bans(form) | What::Audit { form, .. } => form.json,
        _ => false,
    };
    let text = if json { shown::json(&lines) } else { shown::text(&ask, &lines) };
    // Whoever reads may have read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Asks whoever has the folder: the host that runs, or nobody, and then it is done here.
fn answer(ask: &Ask, config: &Config, paths: &Paths) -> anyhow::Result<Vec<Line>> {
    there(paths)?;
    let end = Instant::now() + PATIENCE;
    loop {
        let held = match DataDirLock::take_for_a_moment(paths.data_dir()) {
            Ok(lock) => return alone_with(lock, ask, config, paths),
            Err(LockError::Held { pid, .. }) => pid,
            Err(other) => return Err(other.into()),
        };
        match connect(paths.data_dir())? {
            Some(stream) => return over(stream, ask),
            None if Instant::now() >= end => bail!(
                "a host (pid {held}) has {} and listens to nobody: it is just starting or stopping, or its log says \
                 why it cannot listen; try again in a moment, or stop it and ask then",
                paths.data_dir().display()
            ),
            // It begins to listen, or lets go of the folder.
            None => std::thread::sleep(BETWEEN),
        }
    }
}

/// Whether there is a host at all.
fn there(paths: &Paths) -> anyhow::Result<()> {
    match std::fs::metadata(paths.host_db()) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => bail!(
            "there is no host in {}: give the --data-dir that the host is run with (one with --ephemeral has none)",
            paths.data_dir().display()
        ),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            bail!("{} is not yours to read: ask as the user that the host runs as", paths.data_dir().display())
        }
        Err(e) => Err(e).with_context(|| format!("{} cannot be read", paths.host_db().display())),
    }
}

/// The way to a host that runs; `None` while it does not listen.
fn connect(dir: &Path) -> anyhow::Result<Option<UnixStream>> {
    let path = socket(dir).map_err(|bytes| {
        anyhow!(
            "the path of the socket in {} has {bytes} bytes, and a socket's may have {PATH_BYTES}: stop the host and \
             ask then, or give it a shorter --data-dir",
            dir.display()
        )
    })?;
    match UnixStream::connect(&path) {
        Ok(stream) => Ok(Some(stream)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            bail!("{} is not yours to use: ask as the user that the host runs as", path.display())
        }
        Err(e) => Err(e).with_context(|| format!("{} cannot be reached", path.display())),
    }
}

/// Asks a host that runs.
fn over(mut stream: UnixStream, ask: &Ask) -> anyhow::Result<Vec<Line>> {
    stream.set_read_timeout(Some(ANSWER)).and_then(|()| stream.set_write_timeout(Some(ANSWER)))?;
    let asked = serde_json::to_string(ask)? + "\n";
    stream.write_all(asked.as_bytes()).context("the host does not take the question")?;
    let mut from = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let read = (&mut from).take(LINE_BYTES as u64).read_line(&mut line);
        if read.context("the host does not answer")? == 0 {
            bail!("the host ended before it had answered; ask again to see what came of it");
        }
        let read: Line = serde_json::from_str(&line)
            .map_err(|_| anyhow!("the host is of another version than this program: restart it, or use its own"))?;
        let last = read.is_last();
        lines.push(read);
        if last {
            return Ok(lines);
        }
    }
}

/// Does it here: nobody has the folder but us.
fn alone_with(lock: DataDirLock, ask: &Ask, config: &Config, paths: &Paths) -> anyhow::Result<Vec<Line>> {
    kept::hand_over(paths.data_dir(), &[paths.host_lock()])?;
    let store = SqliteStore::open(&paths.host_db(), kept::chance()?)?;
    let lines = alone::ask(Options::new(config, Box::new(store), false), ask.clone())?;
    drop(lock);
    Ok(lines)
}
