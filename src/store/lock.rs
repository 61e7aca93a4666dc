//! One host for one data folder: the lock beside the history, with the pid of who holds it, so that a second host can
//! say who is in its way. The lock is the operating system's and goes with the process, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a host waits for who has the folder for a moment only, and how long between two tries.
const PATIENCE: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(20);

/// What stands behind the pid of who has it for a moment only.
const MOMENT: &str = "for a moment";

/// The folder is ours as long as this lives.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// Why it is not.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another host has it.
    #[error("{dir} is in use by another {} (pid {pid}): stop that one, or give another --data-dir", kind(*.brief))]
    Held {
        /// The folder.
        dir: String,
        /// Its pid, as it wrote it.
        pid: String,
        /// Whether it is no host, and said that it would not be long.
        brief: bool,
    },
    /// The lock cannot be made.
    #[error("{dir} cannot be used for the history: {why}: make it writable, or give another --data-dir")]
    Unusable {
        /// The folder.
        dir: String,
        /// What the system says.
        why: std::io::Error,
    },
}

fn kind(brief: bool) -> &'static str {
    if brief { "wschat" } else { "wschat host" }
}

impl DataDirLock {
    /// Takes the folder, which must exist, for as long as a host runs. Whoever said that it would not be long is
    /// waited for.
    pub fn take(dir: &Path) -> Result<DataDirLock, LockError> {
        let end = Instant::now() + PATIENCE;
        // Whoever has just taken it may not have said yet for how long, so the first answer is asked for again.
        let mut first = true;
        loop {
            match DataDirLock::take_as(dir, "") {
                Err(LockError::Held { brief, .. }) if (brief || first) && Instant::now() < end => {
                    first = false;
                    std::thread::sleep(BETWEEN);
                }
                taken => return taken,
            }
        }
    }

    /// Takes it for a moment, which a host that starts meanwhile waits for.
    pub fn take_for_a_moment(dir: &Path) -> Result<DataDirLock, LockError> {
        DataDirLock::take_as(dir, &format!(" {MOMENT}"))
    }

    fn take_as(dir: &Path, how_long: &str) -> Result<DataDirLock, LockError> {
        let unusable = |why| LockError::Unusable { dir: dir.display().to_string(), why };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(dir.join("host.lock")).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(why)) => return Err(unusable(why)),
            Err(TryLockError::WouldBlock) => {
                let (pid, brief) = said(&file);
                return Err(LockError::Held { dir: dir.display().to_string(), pid, brief });
            }
        }
        // The pid is a courtesy: a full disk must not keep a host from starting.
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}{how_long}", std::process::id()));
        if let Err(why) = written {
            tracing::warn!(%why, "host.lock does not say our pid");
        }
        Ok(DataDirLock { _file: file })
    }
}

/// The pid of who has the folder now, as it wrote it, if somebody does. It is not taken: a host that starts in the same
/// moment tries again.
pub fn holder(dir: &Path) -> std::io::Result<Option<String>> {
    let file = match File::open(dir.join("host.lock")) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::Error(why)) => Err(why),
        Err(TryLockError::WouldBlock) => {
            let (pid, _) = said(&file);
            Ok(Some(pid))
        }
    }
}

/// The pid that is written there, and whether it said that it would not be long.
fn said(file: &File) -> (String, bool) {
    let mut said = String::new();
    let _ = file.take(40).read_to_string(&mut said);
    let digits: String = said.chars().filter(char::is_ascii_digit).collect();
    (if digits.is_empty() { "unknown".to_owned() } else { digits }, said.ends_with(MOMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_has_it() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        assert_eq!(holder(dir.path()).expect("nothing is there"), None);
        let first = DataDirLock::take(dir.path()).expect("nobody has it");
        assert_eq!(holder(dir.path()).expect("it can be read"), Some(std::process::id().to_string()));
        let second = DataDirLock::take(dir.path()).expect_err("it is taken").to_string();
        assert!(second.contains(&format!("pid {}", std::process::id())), "{second}");
        drop(first);
        DataDirLock::take(dir.path()).expect("it is free again");
    }

    #[test]
    fn a_moment_is_waited_for() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let moment = DataDirLock::take_for_a_moment(dir.path()).expect("nobody has it");
        let second = DataDirLock::take_for_a_moment(dir.path()).expect_err("it is taken");
        assert!(matches!(second, LockError::Held { brief: true, .. }), "{second}");
        std::thread::scope(|scope| {
            let host = scope.spawn(|| DataDirLock::take(dir.path()).is_ok());
            drop(moment);
            assert!(host.join().expect("it does not panic"), "who was quick is no reason not to start");
        });
    }
}
