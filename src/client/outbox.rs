//! What was said and is not acked yet, on disk: one append-only file for each running client, locked while it runs. A
//! record is synced before its frame is sent, so that kill -9 between the two loses nothing and a second try says nothing
//! twice. A starting client adopts the files of its own name and host that nobody holds. For a host that keeps nothing the
//! outbox keeps nothing on disk either.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::protocol::entry::{Emoji, Nonce, Seq, What, hex};
use crate::protocol::names::{Nick, Target};
use crate::protocol::text::Text;

/// One line waiting to be acked, or one change of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is recognised by, for good.
    pub nonce: Nonce,
    /// Where it goes.
    pub to: Target,
    /// What is to be said, or changed.
    pub what: What,
}

/// Bytes of one outbox that are read: a text has 8 KiB at most and a person hardly ten thousand lines waiting.
const READ_AT_MOST: u64 = 64 * 1024 * 1024;

/// Bytes of records that are settled before the file is begun anew.
const COMPACT_AT: u64 = 256 * 1024;

/// The outbox of one running client.
#[derive(Debug)]
pub struct Outbox {
    file: Option<File>,
    bytes: u64,
    in_memory: bool,
    waiting: Vec<Record>,
}

impl Outbox {
    /// An outbox that keeps nothing on disk.
    pub fn in_memory() -> Outbox {
        Outbox { file: None, bytes: 0, in_memory: true, waiting: Vec::new() }
    }

    /// The outbox of this client in `dir`, with what earlier clients of the same name and host have left, oldest first.
    pub fn open(dir: &Path, authority: &str, name: &Nick, luck: [u8; 8]) -> io::Result<Outbox> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let stem = stem(authority, name);
        // One at a time: who looks for what is left must not hold a file that somebody has just made and not locked yet.
        let alone = alone(dir)?;
        let left = left_over(dir, &stem)?;
        let own = dir.join(format!("{stem}-{}.outbox", hex(&luck)));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(own)?;
        file.try_lock().map_err(|_| io::Error::other("a new file is locked by somebody else"))?;
        drop(alone);
        let mut outbox = Outbox { file: Some(file), bytes: 0, in_memory: false, waiting: Vec::new() };
        let mut adopted = Vec::new();
        for (path, mut old) in left {
            let records = read(&mut old)?;
            adopted.push((path, old));
            outbox.waiting.extend(records);
        }
        let records: Vec<u8> = outbox.waiting.iter().flat_map(|record| framed(&said(record))).collect();
        outbox.append(&records)?;
        // The copies are synced: only now may the originals go.
        for (path, _) in adopted {
            fs::remove_file(path)?;
        }
        File::open(dir)?.sync_all()?;
        Ok(outbox)
    }

    /// What waits, oldest first.
    pub fn waiting(&self) -> &[Record] {
        &self.waiting
    }

    /// Keeps a line, synced before this returns.
    pub fn keep(&mut self, record: Record) -> io::Result<()> {
        self.append(&framed(&said(&record)))?;
        self.waiting.push(record);
        Ok(())
    }

    /// A line was acked, or given up. That this is written late or never only means that it is asked again.
    pub fn forget(&mut self, nonce: Nonce) -> io::Result<()> {
        let before = self.waiting.len();
        self.waiting.retain(|record| record.nonce != nonce);
        if self.waiting.len() == before {
            return Ok(());
        }
        if self.waiting.is_empty() && self.bytes > COMPACT_AT {
            return self.begin_anew();
        }
        self.write(&framed(&json!({"done": nonce.to_string()})))
    }

    /// The host keeps nothing, so nothing said there stays on our disk. The empty file goes on showing that the name is
    /// in use.
    pub fn keep_nothing_on_disk(&mut self) -> io::Result<()> {
        self.begin_anew()?;
        self.in_memory = true;
        Ok(())
    }

    /// Whether a running client on this machine goes by this name at this host.
    pub fn in_use(dir: &Path, authority: &str, name: &Nick) -> bool {
        let stem = stem(authority, name);
        let _alone = alone(dir);
        let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|item| item.path());
        let mut of_name = files.filter(|path| is_of(path, &stem));
        of_name.any(|path| File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock))))
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.sync_all()?;
        }
        self.bytes = 0;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = self.file.as_mut().filter(|_| !self.in_memory) else { return Ok(()) };
        if let Err(e) = file.write_all(bytes) {
            // A torn record would hide those behind it.
            let _ = file.set_len(self.bytes);
            let _ = file.seek(SeekFrom::Start(self.bytes));
            return Err(e);
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        match self.file.as_ref().filter(|_| !self.in_memory) {
            Some(file) => file.sync_data(),
            None => Ok(()),
        }
    }
}

/// Nobody else looks through this folder while this is held.
fn alone(dir: &Path) -> io::Result<File> {
    let folder = File::open(dir)?;
    folder.lock()?;
    Ok(folder)
}

/// Outboxes of this name and host that nobody holds, oldest first, held by us now.
fn left_over(dir: &Path, stem: &str) -> io::Result<Vec<(PathBuf, File)>> {
    let mut left = Vec::new();
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        if !is_of(&path, stem) {
            continue;
        }
        let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) else { continue };
        if file.try_lock().is_ok() && path.exists() {
            let about = file.metadata()?;
            let at = about.created().or_else(|_| about.modified())?;
            left.push((at, path, file));
        }
    }
    // A file system's clock ticks some hundred times a second: begun in one tick, the names decide, so that it is always
    // the same order.
    left.sort_by(|(at, path, _), (other_at, other, _)| (at, path).cmp(&(other_at, other)));
    Ok(left.into_iter().map(|(_, path, file)| (path, file)).collect())
}

fn is_of(path: &Path, stem: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".outbox"))
}

/// The authority under which outboxes are filed: this machine has many names and is one place.
pub fn place(authority: &str) -> String {
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    match host {
        "127.0.0.1" | "[::1]" | "localhost" => format!("localhost:{port}"),
        _ => authority.to_owned(),
    }
}

/// Name and host as a file name: a digest, so that neither can be a path.
pub fn stem(authority: &str, name: &Nick) -> String {
    let digest = Sha256::digest(format!("{authority}\0{}", name.folded()));
    hex(&digest[..12])
}

fn said(record: &Record) -> Value {
    let mut value = match &record.what {
        What::Said { text, me, reply_to: None } => json!({"text": text.as_str(), "me": me}),
        What::Said { text, me, reply_to: Some(of) } => json!({"text": text.as_str(), "me": me, "reply_to": of.0}),
        What::Edited { of, text } => json!({"edit": of.0, "text": text.as_str()}),
        What::Deleted { of } => json!({"delete": of.0}),
        What::Reacted { of, emoji } => json!({"react": of.0, "emoji": emoji.as_str()}),
        What::Unreacted { of, emoji } => json!({"unreact": of.0, "emoji": emoji.as_str()}),
        What::Topic { text } => json!({"topic": text.as_str()}),
    };
    value["nonce"] = record.nonce.to_string().into();
    value["to"] = record.to.to_string().into();
    value
}

/// A record as it is written: length, digest, JSON.
fn framed(value: &Value) -> Vec<u8> {
    let body = value.to_string().into_bytes();
    let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&Sha256::digest(&body)[..8]);
    bytes.extend_from_slice(&body);
    bytes
}

/// The lines that were not settled, up to the first record that is torn.
fn read(file: &mut File) -> io::Result<Vec<Record>> {
    let mut bytes = Vec::new();
    file.take(READ_AT_MOST).read_to_end(&mut bytes)?;
    let mut waiting: Vec<Record> = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((value, more)) = record(rest) {
        rest = more;
        match value.get("done").and_then(Value::as_str) {
            Some(done) => waiting.retain(|record| record.nonce.to_string() != done),
            None => waiting.extend(line(&value)),
        }
    }
    Ok(waiting)
}

fn record(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (digest, rest) = rest.split_first_chunk::<8>()?;
    let (body, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let whole = Sha256::digest(body)[..8] == digest[..];
    let value = serde_json::from_slice(body).ok().filter(|_| whole)?;
    Some((value, rest))
}

fn line(value: &Value) -> Option<Record> {
    let text = |key: &str| value[key].as_str().map(Text::clean);
    let seq = |key: &str| value[key].as_u64().map(Seq);
    let emoji = || value["emoji"].as_str().and_then(Emoji::parse);
    let what = if let Some(of) = seq("edit") {
        What::Edited { of, text: text("text")? }
    } else if let Some(of) = seq("delete") {
        What::Deleted { of }
    } else if let Some(of) = seq("react") {
        What::Reacted { of, emoji: emoji()? }
    } else if let Some(of) = seq("unreact") {
        What::Unreacted { of, emoji: emoji()? }
    } else if let Some(text) = text("topic") {
        What::Topic { text }
    } else {
        What::Said { text: text("text")?, me: value["me"].as_bool()?, reply_to: seq("reply_to") }
    };
    Some(Record { nonce: value["nonce"].as_str()?.parse().ok()?, to: Target::parse(value["to"].as_str()?).ok()?, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(n: u8) -> Record {
        let to = Target::parse("#lobby").unwrap();
        let text = Text::clean(&format!("line\n{n}"));
        Record { nonce: Nonce([n; 16]), to, what: What::Said { text, me: n == 2, reply_to: None } }
    }

    #[test]
    fn what_is_not_settled_is_adopted_once() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let ann = Nick::parse("ann").unwrap();
        let open = |n| Outbox::open(dir.path(), "localhost:8080", &ann, [n; 8]).unwrap();
        let (mut one, mut two) = (open(1), open(2));
        for n in 1..=3 {
            one.keep(said(n)).unwrap();
        }
        two.keep(said(4)).unwrap();
        one.forget(said(2).nonce).unwrap();
        assert!(open(3).waiting().is_empty(), "running clients keep their own");
        drop((one, two));
        let other = Outbox::open(dir.path(), "elsewhere:8080", &ann, [9; 8]).unwrap();
        assert!(other.waiting().is_empty(), "another host's lines are not this one's");
        let heir = open(4);
        assert_eq!(heir.waiting(), [said(1), said(3), said(4)]);
        drop(heir);
        assert_eq!(open(5).waiting(), [said(1), said(3), said(4)]);
    }

    #[test]
    fn many_that_begin_at_once_take_nothing_from_each_other() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let ann = Nick::parse("ann").unwrap();
        for n in 0..4 {
            Outbox::open(dir.path(), "h", &ann, [n; 8]).unwrap().keep(said(n)).unwrap();
        }
        let held: Vec<Vec<Outbox>> = std::thread::scope(|scope| {
            let many = (1..=8u8).map(|who| {
                let (ann, dir) = (&ann, dir.path());
                scope.spawn(move || {
                    let open = |n| {
                        Outbox::in_use(dir, "h", ann);
                        Outbox::open(dir, "h", ann, [who, n, 0, 0, 0, 0, 0, 0]).expect("nobody else's")
                    };
                    (0..40).map(open).collect()
                })
            });
            many.collect::<Vec<_>>().into_iter().map(|one| one.join().expect("it ends")).collect()
        });
        let lines: Vec<&Record> = held.iter().flatten().flat_map(Outbox::waiting).collect();
        assert_eq!(lines.len(), 4, "each line is one client's: {lines:?}");
    }

    #[test]
    fn everything_that_can_wait_is_read_as_it_was_written() {
        let (text, emoji, of) = (Text::clean("a \"b\""), Emoji::parse("👍").unwrap(), Seq(7));
        let all = [
            What::Said { text: text.clone(), me: true, reply_to: Some(of) },
            What::Edited { of, text: text.clone() },
            What::Deleted { of },
            What::Reacted { of, emoji: emoji.clone() },
            What::Unreacted { of, emoji },
            What::Topic { text },
        ];
        for what in all {
            let record = Record { what, ..said(1) };
            assert_eq!(line(&super::said(&record)), Some(record));
        }
    }

    #[test]
    fn a_torn_tail_is_left_out() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let ann = Nick::parse("ann").unwrap();
        let mut one = Outbox::open(dir.path(), "h", &ann, [1; 8]).unwrap();
        one.keep(said(1)).unwrap();
        one.keep(said(2)).unwrap();
        let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let whole = fs::read(&path).unwrap();
        drop(one);
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut file = File::open(&path).unwrap();
            let records = read(&mut file).unwrap();
            assert!(records.len() < 2 && records.iter().all(|r| *r == said(1)), "{cut}");
        }
    }
}
