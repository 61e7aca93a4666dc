//! Keys of people that were met, on any host: the file that tells, the next time, who is the same as before. Which of them
//! is shown how is the screen's business.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::protocol::entry::Timestamp;
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::Nick;

/// People that are remembered; the oldest goes. A line has some eighty bytes, and a file of these is read in milliseconds.
const PEOPLE: usize = 20_000;

/// The largest file that is read: [`PEOPLE`] of the longest lines.
const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Somebody who was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquaintance {
    /// Of the key.
    pub key: Fingerprint,
    /// When it was seen first, by the clock of this machine.
    pub since: Timestamp,
    /// On which host.
    pub host: String,
    /// The name of then.
    pub name: Nick,
}

/// The file: fingerprint, time in milliseconds, host and name on each line.
#[derive(Clone, Debug)]
pub struct Acquaintances {
    path: PathBuf,
}

impl Acquaintances {
    /// Kept in this file, which is made when it is needed.
    pub fn at(path: PathBuf) -> Acquaintances {
        Acquaintances { path }
    }

    /// All of them, the oldest first. Lines that are none are passed over.
    pub fn all(&self) -> io::Result<Vec<Acquaintance>> {
        let mut text = String::new();
        match File::open(&self.path) {
            Ok(file) => file.take(FILE_BYTES).read_to_string(&mut text)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let line = |line: &str| {
            let mut words = line.splitn(4, ' ');
            let (key, since) = (words.next()?.parse().ok()?, Timestamp(words.next()?.parse().ok()?));
            let (host, name) = (words.next()?.to_owned(), Nick::parse(words.next()?).ok()?);
            Some(Acquaintance { key, since, host, name })
        };
        Ok(text.lines().filter_map(line).collect())
    }

    /// These were met too.
    pub fn add(&self, met: &[Acquaintance]) -> io::Result<()> {
        let mut all: VecDeque<Acquaintance> = self.all()?.into();
        all.extend(met.iter().cloned());
        while all.len() > PEOPLE {
            all.pop_front();
        }
        let line =
            |Acquaintance { key, since, host, name }: &Acquaintance| format!("{key} {} {host} {name}\n", since.0);
        let text: String = all.iter().map(line).collect();
        if let Some(dir) = self.path.parent() {
            fs::create_dir_all(dir)?;
        }
        let new = self.path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_met_is_read_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = Acquaintances::at(dir.path().join("deep/known_people"));
        assert_eq!(file.all().expect("no file is fine"), []);
        let met = |n: u8, name| Acquaintance {
            key: Fingerprint([n; 16]),
            since: Timestamp(i64::from(n)),
            host: "h:1".into(),
            name: Nick::parse(name).expect("a name"),
        };
        file.add(&[met(1, "ben"), met(2, "漢字")]).expect("kept");
        file.add(&[met(3, "cy")]).expect("kept");
        assert_eq!(file.all().expect("read"), [met(1, "ben"), met(2, "漢字"), met(3, "cy")]);
        fs::write(dir.path().join("deep/known_people"), "nonsense\nx y z w\n").expect("written");
        assert_eq!(file.all().expect("read"), []);
    }
}
