//! The keys that prove one's names: one Ed25519 key a name, made on first use, in a file of its own that only its owner can
//! read. Nothing is ever overwritten. What is signed with them is `protocol::person`'s business.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::protocol::entry::{hex, unhex};
use crate::protocol::names::Nick;

/// The folder of keys.
#[derive(Clone, Debug)]
pub struct Keyring {
    dir: PathBuf,
}

/// Why there is no key. The sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error(
        "the key of {name} in {path}: {why}; make the folder readable and writable for you, or give another --data-dir"
    )]
    Io {
        /// Whose.
        name: String,
        /// Where.
        path: String,
        /// What the system says.
        why: std::io::Error,
    },
    /// Others can read it.
    #[error("the key of {name} in {path} can be read by others: run chmod 600 on it")]
    TooOpen {
        /// Whose.
        name: String,
        /// Where.
        path: String,
    },
    /// It is no key.
    #[error("{path} holds no key of wschat: put the right one there, or move it away and be somebody new")]
    NoKey {
        /// Where.
        path: String,
    },
    /// The system gives no randomness.
    #[error("no key can be made: {0}")]
    NoLuck(String),
}

impl Keyring {
    /// Keys are kept in this folder, which is made when it is needed.
    pub fn at(dir: PathBuf) -> Keyring {
        Keyring { dir }
    }

    /// The secret key of this name, made when there is none.
    pub fn secret(&self, name: &Nick) -> Result<[u8; 32], KeyError> {
        let path = self.file(name);
        match found(name, &path) {
            // It is not there, or somebody else is just making it: several may start at once. One at a time, then.
            Ok(None) | Err(KeyError::NoKey { .. }) => {
                let _alone = self.alone().map_err(|why| io(name, &path, why))?;
                found(name, &path)?.map_or_else(|| self.make(name, &path), Ok)
            }
            Ok(Some(secret)) => Ok(secret),
            Err(why) => Err(why),
        }
    }

    /// Nobody else makes a key here while this is held.
    fn alone(&self) -> std::io::Result<File> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let folder = File::open(&self.dir)?;
        folder.lock()?;
        Ok(folder)
    }

    /// The key of one name is that of another too, from now on: a person was renamed. A key that is there stays.
    pub fn also(&self, name: &Nick, other: &Nick) -> Result<(), KeyError> {
        let path = self.file(other);
        if fs::symlink_metadata(&path).is_ok() {
            return Ok(());
        }
        let secret = self.secret(name)?;
        self.write(other, &path, &secret)
    }

    /// Whether this name has a key here.
    pub fn has(&self, name: &Nick) -> bool {
        self.file(name).exists()
    }

    /// All keys there are, by the names they are filed under, in order.
    pub fn all(&self) -> Result<Vec<(Nick, [u8; 32])>, KeyError> {
        let mut found = Vec::new();
        self.collect(&self.dir, String::new(), &mut found)?;
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    fn collect(&self, dir: &Path, begun: String, found: &mut Vec<(Nick, [u8; 32])>) -> Result<(), KeyError> {
        let failed = |why| KeyError::Io { name: "all names".into(), path: dir.display().to_string(), why };
        let items = match fs::read_dir(dir) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            items => items.map_err(failed)?,
        };
        for item in items {
            let item = item.map_err(failed)?;
            let Ok(part) = item.file_name().into_string() else { continue };
            if item.file_type().map_err(failed)?.is_dir() {
                self.collect(&item.path(), format!("{begun}{part}"), found)?;
            } else if let Some(last) = part.strip_suffix(".key")
                && let Some(name) = unhexed(&format!("{begun}{last}"))
            {
                found.push((name.clone(), self.secret(&name)?));
            }
        }
        Ok(())
    }

    /// Files a key under a name. `false`: another one is there, and stays.
    pub fn put(&self, name: &Nick, secret: &[u8; 32]) -> Result<bool, KeyError> {
        match self.has(name) {
            true => Ok(self.secret(name)? == *secret),
            false => self.write(name, &self.file(name), secret).map(|()| true),
        }
    }

    /// A file name that is none of the name's own making: hex cannot be a path.
    fn file(&self, name: &Nick) -> PathBuf {
        let name = hex(name.folded().as_bytes());
        // A file name has at most 255 bytes; longer folds go into folders.
        let mut path = self.dir.clone();
        let mut rest = name.as_str();
        while let Some((part, more)) = rest.split_at_checked(200) {
            path.push(part);
            rest = more;
        }
        path.join(format!("{rest}.key"))
    }

    fn make(&self, name: &Nick, path: &Path) -> Result<[u8; 32], KeyError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|e| KeyError::NoLuck(e.to_string()))?;
        self.write(name, path, &secret)?;
        Ok(secret)
    }

    fn write(&self, name: &Nick, path: &Path, secret: &[u8; 32]) -> Result<(), KeyError> {
        let failed = |why| io(name, path, why);
        let dir = path.parent().unwrap_or(&self.dir);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        writeln!(file, "{}", hex(secret)).and_then(|()| file.sync_all()).map_err(failed)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
    }
}

/// The name behind a file name.
fn unhexed(digits: &str) -> Option<Nick> {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    Nick::parse(&String::from_utf8(bytes?).ok()?).ok()
}

fn io(name: &Nick, path: &Path, why: std::io::Error) -> KeyError {
    KeyError::Io { name: name.to_string(), path: path.display().to_string(), why }
}

/// The key in this file, if there is one.
fn found(name: &Nick, path: &Path) -> Result<Option<[u8; 32]>, KeyError> {
    match OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32).open(path) {
        Ok(file) => read(name, path, file).map(Some),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(io(name, path, why)),
    }
}

fn read(name: &Nick, path: &Path, mut file: File) -> Result<[u8; 32], KeyError> {
    let shown = || path.display().to_string();
    let about = file.metadata().map_err(|why| io(name, path, why))?;
    if about.mode() & 0o077 != 0 {
        return Err(KeyError::TooOpen { name: name.to_string(), path: shown() });
    }
    let mut text = String::new();
    (&mut file).take(1024).read_to_string(&mut text).map_err(|why| io(name, path, why))?;
    unhex(text.trim()).map_err(|_| KeyError::NoKey { path: shown() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn many_who_make_a_key_at_once_make_one() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let ring = Keyring::at(dir.path().join("keys"));
        let ann = Nick::parse("ann").unwrap();
        let made: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|_| scope.spawn(|| ring.secret(&ann).unwrap())).collect();
            all.into_iter().map(|one| one.join().expect("it has a key")).collect()
        });
        assert!(made.iter().all(|secret| *secret == made[0]));
    }

    #[test]
    fn a_name_has_one_key_and_it_is_ones_own() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let ring = Keyring::at(dir.path().join("keys"));
        let (ann, long) = (Nick::parse("ann").unwrap(), Nick::parse(&"漢".repeat(16)).unwrap());
        let secret = ring.secret(&ann).unwrap();
        assert_eq!(ring.secret(&Nick::parse("ANN").unwrap()).unwrap(), secret);
        assert_ne!(ring.secret(&long).unwrap(), secret);
        ring.also(&ann, &Nick::parse("anna").unwrap()).unwrap();
        assert_eq!(ring.secret(&Nick::parse("anna").unwrap()).unwrap(), secret);
        let all: Vec<String> = ring.all().unwrap().iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(all, ["ann", "anna", &"漢".repeat(16)]);
        assert!(ring.put(&ann, &secret).unwrap() && !ring.put(&ann, &[1; 32]).unwrap());
        assert!(ring.put(&Nick::parse("new").unwrap(), &[1; 32]).unwrap());
        let path = ring.file(&ann);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(ring.secret(&ann), Err(KeyError::TooOpen { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "what?").unwrap();
        assert!(matches!(ring.secret(&ann), Err(KeyError::NoKey { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"what?", "nothing is overwritten");
    }
}
