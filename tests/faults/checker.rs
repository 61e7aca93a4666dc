//! The checker of the delivery contract: what each client wrote, was acked, was refused and heard, held against what the
//! store has in the end. It knows invariants and nothing of sockets, processes or time; who makes the logs is `client`, who
//! reads the store is `stored`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// A nonce.
pub type Key = (u64, u64);

/// What an entry does, and a digest of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Body {
    pub kind: Kind,
    /// The entry it changes.
    pub of: u64,
    /// Of a reaction the emoji.
    pub text: u64,
}

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    Said,
    Edited,
    Deleted,
    Reacted,
    Unreacted,
    Topic,
}

/// An entry in its present form: the digest of its words (`None`: deleted), and of each reaction how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    pub seq: u64,
    pub text: Option<u64>,
    pub reactions: BTreeMap<u64, u32>,
}

/// What a client did and met, in the order it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Is about to be kept in the outbox.
    Wrote { nonce: Key, to: String, body: Body },
    /// The outbox has it.
    Kept { nonce: Key },
    /// It is in the log, says the host.
    Acked { nonce: Key, to: String, seq: u64 },
    /// It never will be, says the host.
    Refused { nonce: Key, code: String },
    /// Not now, says the host.
    Deferred { nonce: Key, code: String },
    /// From here on this conversation is heard live.
    Live { to: String, head: u64 },
    /// Heard, as everybody hears it.
    Heard { to: String, seq: u64, nonce: Option<Key>, body: Body },
    /// Told to this client alone, as an answer.
    Told { to: String, seq: u64, nonce: Option<Key>, body: Body },
    /// A stretch of history: each line with its `rev` and nonce.
    Paged { to: String, from: u64, before: u64, lines: Vec<(Present, u64, Option<Key>)> },
    /// The connection ended.
    Cut,
    /// All that it shows in the end, up to `head`, and how many places in between it never saw.
    Screen { to: String, head: u64, missing: u64, lines: Vec<Present> },
}

/// The log of one device: a run for each life of its process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub device: String,
    /// Whose it is.
    pub person: String,
    pub runs: Vec<Vec<Event>>,
}

/// One entry as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub seq: u64,
    pub author: String,
    pub nonce: Option<Key>,
    pub body: Body,
    /// Its words were taken out by a deletion.
    pub blanked: bool,
}

/// Conversations by name, in order of `seq`.
pub type Stored = BTreeMap<String, Vec<Row>>;

/// What is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// 1 to 8 as in the contract; 9: what an outbox kept was neither said nor refused.
    pub invariant: u8,
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I{}: {}", self.invariant, self.detail)
    }
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub written: usize,
    pub acked: usize,
    pub refused: usize,
    pub deferred: usize,
    pub stored: usize,
    pub heard: usize,
    pub paged: usize,
    pub cuts: usize,
    pub runs: usize,
    pub screens: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { written, acked, refused, deferred, stored, heard, paged, cuts, runs, screens } = self;
        write!(
            f,
            "{written} written, {stored} stored, {acked} acks, {refused} refused, {deferred} put off, {heard} heard live, \
             {paged} in pages, {cuts} cuts, {runs} lives of clients, {screens} screens; 0 lost, 0 doubled, 0 disordered"
        )
    }
}

/// Violations that are told; more say nothing new.
const TOLD: usize = 20;

/// What the store holds, made quick to ask.
struct Truth<'a> {
    rows: &'a Stored,
    /// Where each nonce of each author stands.
    places: HashMap<(&'a str, Key), (&'a str, u64)>,
    /// Of each conversation, which entries change which.
    changes: HashMap<&'a str, HashMap<u64, Vec<&'a Row>>>,
    /// What was written under each nonce, and by whom.
    written: HashMap<Key, (&'a str, Body)>,
    found: Vec<Violation>,
}

/// Whether the contract was kept. Each device has to end with a screen of each of its conversations.
pub fn check(logs: &[Log], stored: &Stored) -> Result<Figures, Vec<Violation>> {
    let mut truth = Truth {
        rows: stored,
        places: HashMap::new(),
        changes: HashMap::new(),
        written: HashMap::new(),
        found: Vec::new(),
    };
    let mut figures = Figures { stored: stored.values().map(Vec::len).sum(), ..Figures::default() };
    for log in logs {
        for event in log.runs.iter().flatten() {
            if let Event::Wrote { nonce, body, .. } = event {
                truth.written.insert(*nonce, (&log.person, *body));
            }
        }
    }
    truth.store();
    for log in logs {
        truth.settled(log);
        truth.own_order(log);
        for run in &log.runs {
            truth.live(log, run);
            truth.seen(log, run);
        }
        truth.screens(log);
        figures.count(log);
    }
    if truth.found.is_empty() { Ok(figures) } else { Err(truth.found) }
}

impl Figures {
    fn count(&mut self, log: &Log) {
        self.runs += log.runs.len();
        for event in log.runs.iter().flatten() {
            match event {
                Event::Wrote { .. } => self.written += 1,
                Event::Acked { .. } => self.acked += 1,
                Event::Refused { .. } => self.refused += 1,
                Event::Deferred { .. } => self.deferred += 1,
                Event::Heard { .. } => self.heard += 1,
                Event::Paged { lines, .. } => self.paged += lines.len(),
                Event::Cut => self.cuts += 1,
                Event::Screen { .. } => self.screens += 1,
                Event::Kept { .. } | Event::Live { .. } | Event::Told { .. } => {}
            }
        }
    }
}

impl<'a> Truth<'a> {
    fn broken(&mut self, invariant: u8, detail: String) {
        if self.found.len() < TOLD {
            self.found.push(Violation { invariant, detail });
        }
    }

    fn row(&self, to: &str, seq: u64) -> Option<&'a Row> {
        let rows = self.rows.get(to)?;
        rows.get(usize::try_from(seq.checked_sub(1)?).ok()?).filter(|row| row.seq == seq)
    }

    /// What the store says of itself: I2, I3, and the store's half of I6.
    fn store(&mut self) {
        let mut said = HashSet::new();
        for (to, rows) in self.rows {
            for (expected, row) in (1..).zip(rows) {
                if row.seq != expected {
                    self.broken(3, format!("{to} has {} where {expected} should be", row.seq));
                }
                if row.body.of > 0 {
                    self.changes.entry(to).or_default().entry(row.body.of).or_default().push(row);
                }
                let Some(nonce) = row.nonce else {
                    self.broken(6, format!("{to} {} has no nonce; every line of these clients has one", row.seq));
                    continue;
                };
                if let Some((there, seq)) = self.places.insert((&row.author, nonce), (to, row.seq)) {
                    self.broken(2, format!("{}'s {nonce:x?} is {there} {seq} and {to} {}", row.author, row.seq));
                }
                let once = row.body.kind == Kind::Said && !row.blanked;
                if once && !said.insert((&row.author, row.body.text)) {
                    self.broken(2, format!("{} said the words of {to} {} twice", row.author, row.seq));
                }
                match self.written.get(&nonce) {
                    Some((author, body)) if *author == row.author && (*body == row.body || row.blanked) => {}
                    Some((author, body)) => {
                        let detail = format!("{to} {} is {row:?}, but {author} wrote {body:?}", row.seq);
                        self.broken(6, detail);
                    }
                    None => self.broken(6, format!("{to} {} was written by nobody: {row:?}", row.seq)),
                }
            }
        }
    }

    /// What became of each line: I1, I8, I9.
    fn settled(&mut self, log: &'a Log) {
        let device = &log.device;
        let (mut kept, mut refused) = (Vec::new(), HashSet::new());
        for event in log.runs.iter().flatten() {
            match event {
                Event::Kept { nonce } => kept.push(*nonce),
                Event::Acked { nonce, to, seq } if self.row(to, *seq).is_none_or(|row| row.nonce != Some(*nonce)) => {
                    let there = self.row(to, *seq).cloned();
                    let detail = format!("{device}: {nonce:x?} was acked as {to} {seq}, where the store has {there:?}");
                    self.broken(1, detail);
                }
                Event::Refused { nonce, code } => {
                    refused.insert(*nonce);
                    if let Some((to, seq)) = self.places.get(&(log.person.as_str(), *nonce)).copied() {
                        self.broken(8, format!("{device}: {nonce:x?} was refused ({code}) and is {to} {seq}"));
                    }
                }
                _ => {}
            }
        }
        for nonce in kept {
            if !refused.contains(&nonce) && !self.places.contains_key(&(log.person.as_str(), nonce)) {
                self.broken(9, format!("{device}: the outbox kept {nonce:x?}, which is neither stored nor refused"));
            }
        }
    }

    /// I7: what a device wrote stands in the order it wrote it: lines of a conversation among themselves, and so changes of
    /// one entry. A change waits for no line: what it changes stands already.
    fn own_order(&mut self, log: &'a Log) {
        let mut last: HashMap<(&str, u64), u64> = HashMap::new();
        for event in log.runs.iter().flatten() {
            let Event::Wrote { nonce, to, body } = event else { continue };
            let Some((_, seq)) = self.places.get(&(log.person.as_str(), *nonce)).copied() else { continue };
            let before = last.insert((to, body.of), seq).unwrap_or(0);
            if seq <= before {
                self.broken(7, format!("{}: {to} {seq} was written after {to} {before}", log.device));
            }
        }
    }

    /// I4: what a connection heard follows on what it was told to be live from, one by one, and no life hears it twice.
    fn live(&mut self, log: &'a Log, run: &'a [Event]) {
        let device = &log.device;
        let mut heads: HashMap<&str, u64> = HashMap::new();
        let mut all: HashSet<(&str, u64)> = HashSet::new();
        for event in run {
            match event {
                Event::Cut => heads.clear(),
                Event::Live { to, head } => {
                    // A room that one hears already may be joined again: what is heard goes on where it was.
                    heads.entry(to).or_insert(*head);
                }
                Event::Heard { to, seq, .. } => {
                    // A direct conversation that begins is heard from its first line.
                    let last = heads.insert(to, *seq).unwrap_or(if to.starts_with('#') { u64::MAX } else { 0 });
                    if *seq != last.wrapping_add(1) {
                        self.broken(4, format!("{device}: heard {to} {seq} after {last}"));
                    }
                    if !all.insert((to, *seq)) {
                        self.broken(4, format!("{device}: heard {to} {seq} twice"));
                    }
                }
                Event::Paged { to, from, before, lines } => {
                    let order = lines.windows(2).all(|two| two[0].0.seq < two[1].0.seq);
                    if !order || lines.iter().any(|(line, ..)| line.seq < *from || line.seq >= *before) {
                        self.broken(4, format!("{device}: a page of {to} {from}..{before} is out of order"));
                    }
                }
                _ => {}
            }
        }
    }

    /// I6: what was seen is what is stored.
    fn seen(&mut self, log: &'a Log, run: &'a [Event]) {
        let device = &log.device;
        for event in run {
            match event {
                Event::Heard { to, seq, nonce, body } | Event::Told { to, seq, nonce, body } => {
                    let row = self.row(to, *seq);
                    let same = |row: &Row| {
                        let words = match row.blanked {
                            true => nonce.and_then(|nonce| self.written.get(&nonce)).map(|(_, body)| *body),
                            false => Some(row.body),
                        };
                        row.nonce == *nonce && words == Some(*body)
                    };
                    if !row.is_some_and(same) {
                        let row = row.cloned();
                        self.broken(6, format!("{device}: heard {to} {seq} as {body:?}; the store has {row:?}"));
                    }
                }
                Event::Paged { to, from, before, lines } => self.page(device, to, *from, *before, lines),
                _ => {}
            }
        }
    }

    fn page(&mut self, device: &str, to: &str, from: u64, before: u64, lines: &[(Present, u64, Option<Key>)]) {
        for (line, rev, nonce) in lines {
            let stored = self.present(to, line.seq, *rev);
            if stored.as_ref() != Some(line) || self.row(to, line.seq).is_none_or(|row| row.nonce != *nonce) {
                let detail = format!("{device}: a page of {to} has {line:?} as of {rev}; the store has {stored:?}");
                self.broken(6, detail);
            }
        }
        let mut shown = lines.iter().map(|(line, ..)| line.seq).peekable();
        for seq in from..before {
            let is_shown = shown.next_if_eq(&seq).is_some();
            let should = self.row(to, seq).map(|row| matches!(row.body.kind, Kind::Said | Kind::Topic));
            if should != Some(is_shown) {
                self.broken(4, format!("{device}: a page of {to} {from}..{before} should show {seq}: {should:?}"));
            }
        }
    }

    /// The present form of an entry as of that change.
    fn present(&self, to: &str, seq: u64, rev: u64) -> Option<Present> {
        let row = self.row(to, seq).filter(|row| matches!(row.body.kind, Kind::Said | Kind::Topic))?;
        let words = |row: &Row| Some(self.written.get(&row.nonce?)?.1.text);
        let mut present = Present { seq, text: words(row), reactions: BTreeMap::new() };
        let changes = self.changes.get(to).and_then(|all| all.get(&seq));
        for change in changes.into_iter().flatten().filter(|change| change.seq <= rev) {
            let count = present.reactions.entry(change.body.text).or_default();
            match change.body.kind {
                Kind::Reacted => *count += 1,
                Kind::Unreacted => *count = count.saturating_sub(1),
                Kind::Edited => present.text = words(change),
                Kind::Deleted => (present.text, present.reactions) = (None, BTreeMap::new()),
                Kind::Said | Kind::Topic => {}
            }
            present.reactions.retain(|_, count| *count > 0);
        }
        Some(present)
    }

    /// I5, and what I4 says of a screen: in the end a client has what the store has.
    fn screens(&mut self, log: &'a Log) {
        let device = &log.device;
        let Some(run) = log.runs.last() else { return self.broken(5, format!("{device} has no log")) };
        let mut looked_at = HashSet::new();
        for event in run {
            let Event::Screen { to, head, missing, lines } = event else { continue };
            looked_at.insert(to.as_str());
            if *missing > 0 || !lines.windows(2).all(|two| two[0].seq < two[1].seq) {
                self.broken(4, format!("{device}: the screen of {to} has {missing} holes, or is out of order"));
            }
            let rows = self.rows.get(to).map_or(&[][..], Vec::as_slice);
            let stored = rows.last().map_or(0, |row| row.seq);
            if *head != stored {
                self.broken(5, format!("{device}: {to} ends at {head}, in the store at {stored}"));
            }
            let should: Vec<Present> = rows.iter().filter_map(|row| self.present(to, row.seq, u64::MAX)).collect();
            if let Some((has, should)) = first_difference(lines, &should) {
                let detail = format!("{device}: the screen of {to} shows {has:?}, the store {should:?}");
                self.broken(5, detail);
            }
        }
        for to in self.rows.keys() {
            let own = |name: &str| name.strip_prefix('@') == Some(&log.person);
            let theirs = to.starts_with('#') || to.split(' ').any(own);
            if theirs && !looked_at.contains(to.as_str()) {
                self.broken(5, format!("{device} never looked at {to}"));
            }
        }
    }
}

type Difference<'a> = (Option<&'a Present>, Option<&'a Present>);

fn first_difference<'a>(has: &'a [Present], should: &'a [Present]) -> Option<Difference<'a>> {
    let most = has.len().max(should.len());
    (0..most).map(|at| (has.get(at), should.get(at))).find(|(has, should)| has != should)
}

#[cfg(test)]
mod tests;
