//! A conversation read in order: pages up to its end, then what is said, each message once, through cuts and new lives of
//! the log. Pure: it says which page it wants next, and is handed pages and live entries. What is done with the messages, and
//! the wire, is elsewhere.

use crate::protocol::command::PageEnd;
use crate::protocol::entry::{Entry, Epoch, Page, Seq, Shown, ShownWhat, Timestamp, What};

/// Entries asked for at once.
const PAGE: u32 = 100;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the last so many messages.
    Last(u32),
    /// Behind this entry.
    After(Seq),
    /// At this time.
    At(Timestamp),
}

/// What is read, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A message, or a topic, for the first time.
    Said(Shown),
    /// An entry that changes an earlier one, as it came.
    Change(Entry),
    /// An earlier message as it is now: it was changed while nobody listened.
    Changed(Shown),
    /// The log began anew: it was put back, or its host keeps nothing. What follows is of the new one.
    Anew,
}

/// How far it was read.
#[derive(Debug)]
pub struct History {
    begin: Option<Begin>,
    /// All up to here was handed on, or was not to be.
    have: Seq,
    /// The end of the log, as far as one knows.
    head: Option<Seq>,
    /// The last live entry of this connection: a page may have been read before it was made.
    heard: Seq,
    /// All changes up to here are in what was handed on.
    fresh: Seq,
    epoch: Option<Epoch>,
    /// A page was asked for and has not come.
    asked: bool,
    /// Pages of the stretch that is being read, the highest first.
    pages: Vec<Page>,
    /// When the last message was said that was handed on.
    last: Option<Timestamp>,
    /// After the log began anew: what was said up to then is known already.
    known_to: Option<Timestamp>,
}

impl History {
    /// Begins there.
    pub fn new(begin: Begin) -> History {
        let (begin, have) = match begin {
            Begin::After(seq) => (None, seq),
            begin => (Some(begin), Seq::ZERO),
        };
        History {
            begin,
            have,
            head: None,
            heard: Seq::ZERO,
            // What is read behind an entry is read by who knows all up to it.
            fresh: have,
            epoch: None,
            asked: false,
            pages: Vec::new(),
            last: None,
            known_to: None,
        }
    }

    /// One is in, and hears live: in this life of the log, if it has any yet.
    pub fn connected(&mut self, epoch: Option<Epoch>) -> Vec<Item> {
        self.lost();
        let before = self.epoch;
        self.epoch = epoch.or(self.epoch);
        match before.is_some() && before != self.epoch {
            true => self.anew(),
            false => Vec::new(),
        }
    }

    /// The wire broke: what was asked for does not come.
    pub fn lost(&mut self) {
        self.asked = false;
        self.pages.clear();
        self.head = None;
        self.heard = Seq::ZERO;
    }

    /// The numbers are others now; what was said before is recognised by its time alone.
    fn anew(&mut self) -> Vec<Item> {
        self.have = Seq::ZERO;
        self.fresh = Seq::ZERO;
        self.known_to = self.last;
        if self.begin.is_none() {
            self.begin = self.last.map(|last| Begin::At(Timestamp(last.0.saturating_add(1))));
        }
        vec![Item::Anew]
    }

    /// Whether everything that was said is handed on.
    pub fn caught_up(&self) -> bool {
        self.begin.is_none() && self.head.is_some_and(|head| self.have >= head)
    }

    /// The page that is to be asked for now, and how many entries of it.
    pub fn wants(&self) -> Option<(PageEnd, u32)> {
        if self.asked {
            return None;
        }
        let lowest = self.pages.last().map(|page| PageEnd::Before(page.from));
        match (self.begin, self.head) {
            (Some(Begin::Last(most)), _) => Some((lowest.unwrap_or(PageEnd::Newest), most.clamp(1, PAGE))),
            (Some(Begin::At(time)), _) => Some((PageEnd::Around(time), PAGE)),
            (_, None) => Some((PageEnd::Newest, 1)),
            (_, Some(head)) if self.have < head => {
                let before = Seq(self.have.0.saturating_add(1 + u64::from(PAGE)).min(head.0.saturating_add(1)));
                Some((lowest.unwrap_or(PageEnd::Before(before)), PAGE))
            }
            _ => None,
        }
    }

    /// It was asked for.
    pub fn asked(&mut self) {
        self.asked = true;
    }

    /// It was refused.
    pub fn refused(&mut self) {
        self.asked = false;
    }

    /// It came.
    pub fn page(&mut self, page: Page) -> Vec<Item> {
        self.asked = false;
        match self.begin {
            Some(Begin::Last(most)) => self.last_ones(most, page),
            Some(Begin::At(time)) => {
                self.begin = None;
                let first = page.entries.iter().find(|shown| shown.at >= time);
                self.have = first.map_or(page.before, |shown| shown.seq).prev();
                self.fresh = self.have;
                // It tells nothing of the end of the log; with the next page it is read from here on.
                Vec::new()
            }
            _ if self.head.is_none() => {
                let head = page.before.prev().max(self.heard);
                if head < self.have {
                    // A log that is shorter than it was is another one, whatever it calls itself.
                    self.lost();
                    return self.anew();
                }
                self.head = Some(head);
                Vec::new()
            }
            _ => self.stretch(page),
        }
    }

    /// The last so many messages: pages downwards until there are enough.
    fn last_ones(&mut self, most: u32, page: Page) -> Vec<Item> {
        let most = most as usize;
        let (from, oldest) = (page.from, page.oldest);
        self.pages.push(page);
        let there = |shown: &&Shown| is_there(shown);
        let many: usize = self.pages.iter().map(|page| page.entries.iter().filter(there).count()).sum();
        let end = from <= oldest || self.pages.last().is_some_and(|page| page.from >= page.before);
        if many < most && !end {
            return Vec::new();
        }
        self.begin = None;
        let pages = std::mem::take(&mut self.pages);
        let head = pages.first().map_or(Seq::ZERO, |page| page.before.prev());
        (self.have, self.head, self.fresh) = (head, Some(head.max(self.heard)), head);
        let shown = pages.into_iter().rev().flat_map(|page| page.entries).filter(is_there);
        self.hand_on(shown.skip(many.saturating_sub(most)).collect())
    }

    /// A part of the next stretch: handed on when it reaches down to what was read.
    fn stretch(&mut self, page: Page) -> Vec<Item> {
        let (from, oldest) = (page.from, page.oldest);
        let nothing = page.from >= page.before;
        self.pages.push(page);
        // What retention has dropped is nowhere to be had.
        if from > self.have.next() && from > oldest && !nothing {
            return Vec::new();
        }
        let (known, fresh) = (self.have, self.fresh);
        let mut items = Vec::new();
        for page in std::mem::take(&mut self.pages).into_iter().rev() {
            let (last, oldest) = (page.before.prev(), page.oldest.prev());
            // A page may reach further down than was asked for: what it has from there may be changed as well.
            let (new, old): (Vec<Shown>, Vec<Shown>) = page.entries.into_iter().partition(|shown| shown.seq > known);
            items.extend(self.hand_on(new.into_iter().filter(is_there).collect()));
            let changed = old.into_iter().chain(page.changed);
            let changed = changed.filter(|shown| shown.rev > fresh && shown.seq <= known);
            items.extend(changed.map(Item::Changed));
            self.have = self.have.max(last).max(oldest);
        }
        self.fresh = self.fresh.max(self.have);
        items
    }

    fn hand_on(&mut self, shown: Vec<Shown>) -> Vec<Item> {
        let known_to = self.known_to;
        let new: Vec<Shown> = shown.into_iter().filter(|shown| known_to.is_none_or(|at| shown.at > at)).collect();
        if let Some(last) = new.last() {
            self.last = self.last.max(Some(last.at));
        }
        new.into_iter().map(Item::Said).collect()
    }

    /// Something was said. When it is not what comes next, a page brings it.
    pub fn live(&mut self, entry: &Entry) -> Vec<Item> {
        let next = self.begin.is_none() && self.head == Some(self.have) && entry.seq == self.have.next();
        self.grows(entry.seq);
        if !next {
            return Vec::new();
        }
        (self.have, self.fresh) = (entry.seq, entry.seq);
        match present(entry) {
            Some(shown) => self.hand_on(vec![shown]),
            None => vec![Item::Change(entry.clone())],
        }
    }

    /// An entry of a kind not known here was made.
    pub fn skipped(&mut self, seq: Seq) {
        if self.begin.is_none() && self.head == Some(self.have) && seq == self.have.next() {
            self.have = seq;
        }
        self.grows(seq);
    }

    fn grows(&mut self, seq: Seq) {
        self.heard = self.heard.max(seq);
        if let Some(head) = &mut self.head {
            *head = seq.max(*head);
        }
    }
}

/// Whether there is something to be read of it.
fn is_there(shown: &Shown) -> bool {
    !matches!(shown.what, ShownWhat::Said { text: None, .. })
}

/// The form of an entry that was just made; `None` of one that changes another.
fn present(entry: &Entry) -> Option<Shown> {
    let what = match &entry.what {
        What::Said { text, me, reply_to } => {
            let (text, me, reply_to) = (Some(text.clone()), *me, *reply_to);
            ShownWhat::Said { text, me, reply_to, edited: false, reactions: Vec::new() }
        }
        What::Topic { text } => ShownWhat::Topic { text: text.clone() },
        _ => return None,
    };
    let (from, mentions) = (entry.from.clone(), entry.mentions.clone());
    Some(Shown { seq: entry.seq, at: entry.at, from, nonce: entry.nonce, rev: entry.seq, mentions, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::entry::{Author, Conversation, PersonId};
    use crate::protocol::names::{Nick, RoomName, Target};
    use crate::protocol::text::Text;

    /// A log as a host keeps it: what each entry does, by seq from 1.
    struct Log {
        entries: Vec<What>,
        oldest: u64,
        /// Entries of a page; a host may have few.
        page: u64,
    }

    fn ann() -> Author {
        Author { person: PersonId([1; 16]), name: Nick::parse("ann").unwrap(), guest: false, bot: false }
    }

    fn said(text: &str) -> What {
        What::Said { text: Text::clean(text), me: false, reply_to: None }
    }

    impl Log {
        fn of(many: u64) -> Log {
            Log { entries: (1..=many).map(|n| said(&n.to_string())).collect(), oldest: 1, page: 7 }
        }

        fn shown(&self, seq: u64) -> Option<Shown> {
            let What::Said { text, .. } = &self.entries[seq as usize - 1] else { return None };
            let (mut text, mut rev, mut edited) = (Some(text.clone()), seq, false);
            for (at, what) in (1..).zip(&self.entries).filter(|(_, what)| what.of() == Some(Seq(seq))) {
                rev = at;
                match what {
                    What::Edited { text: new, .. } => (text, edited) = (Some(new.clone()), true),
                    What::Deleted { .. } => text = None,
                    _ => {}
                }
            }
            let what = ShownWhat::Said { text, me: false, reply_to: None, edited, reactions: Vec::new() };
            let at = Timestamp(seq as i64 * 10);
            Some(Shown { seq: Seq(seq), at, from: ann(), nonce: None, rev: Seq(rev), mentions: Vec::new(), what })
        }

        fn answer(&self, end: PageEnd, limit: u32) -> Page {
            let head = self.entries.len() as u64;
            let limit = u64::from(limit).min(self.page).max(1);
            let before = match end {
                PageEnd::Newest => head + 1,
                PageEnd::Before(seq) => seq.0.min(head + 1),
                PageEnd::Around(at) => {
                    let at = (1..=head).find(|seq| *seq as i64 * 10 >= at.0).unwrap_or(head);
                    (at + limit / 2).min(head + 1)
                }
            };
            let before = before.max(self.oldest);
            let from = before.saturating_sub(limit).max(self.oldest);
            let changed = (from..before).filter_map(|seq| self.entries[seq as usize - 1].of());
            let changed = changed.filter(|of| of.0 < from && of.0 >= self.oldest).filter_map(|of| self.shown(of.0));
            Page {
                conversation: Conversation::Room(RoomName::parse("ops").unwrap()),
                from: Seq(from),
                before: Seq(before),
                oldest: Seq(self.oldest),
                entries: (from..before).filter_map(|seq| self.shown(seq)).collect(),
                changed: changed.collect(),
            }
        }

        fn entry(&self, seq: u64) -> Entry {
            let room = RoomName::parse("ops").unwrap();
            Entry {
                conversation: Conversation::Room(room.clone()),
                to: Target::Room(room),
                seq: Seq(seq),
                at: Timestamp(seq as i64 * 10),
                from: ann(),
                what: self.entries[seq as usize - 1].clone(),
                nonce: None,
                mentions: Vec::new(),
            }
        }
    }

    fn words(items: Vec<Item>) -> Vec<String> {
        let text = |shown: &Shown| match &shown.what {
            ShownWhat::Said { text, .. } => text.as_ref().map_or("-".to_owned(), |text| text.to_string()),
            ShownWhat::Topic { text } => text.to_string(),
        };
        let word = |item| match item {
            Item::Said(shown) => text(&shown),
            Item::Changed(shown) => format!("{} now {}", shown.seq, text(&shown)),
            Item::Change(entry) => format!("{} changes {}", entry.seq, entry.what.of().unwrap()),
            Item::Anew => "anew".to_owned(),
        };
        items.into_iter().map(word).collect()
    }

    /// Reads as far as there is something to read.
    fn read(history: &mut History, log: &Log) -> Vec<String> {
        let mut read = Vec::new();
        for _ in 0..10_000 {
            let Some((end, limit)) = history.wants() else { return words(read) };
            history.asked();
            assert_eq!(history.wants(), None, "one at a time");
            read.extend(history.page(log.answer(end, limit)));
        }
        panic!("it does not end");
    }

    fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
        range.map(|n| n.to_string()).collect()
    }

    const ONE: Option<Epoch> = Some(Epoch([1; 16]));
    const TWO: Option<Epoch> = Some(Epoch([2; 16]));

    fn begun(begin: Begin, log: &Log) -> (History, Vec<String>) {
        let mut history = History::new(begin);
        assert_eq!(history.connected(ONE), []);
        let items = read(&mut history, log);
        assert!(history.caught_up());
        (history, items)
    }

    #[test]
    fn it_begins_where_it_is_told() {
        let log = Log::of(50);
        for (begin, from) in [
            (Begin::Last(10), 41),
            (Begin::Last(1), 50),
            (Begin::Last(1000), 1),
            (Begin::After(Seq(0)), 1),
            (Begin::After(Seq(7)), 8),
            (Begin::After(Seq(49)), 50),
            (Begin::At(Timestamp(0)), 1),
            (Begin::At(Timestamp(195)), 20),
            (Begin::At(Timestamp(200)), 20),
        ] {
            assert_eq!(begun(begin, &log).1, numbers(from..=50), "{begin:?}");
        }
        assert_eq!(begun(Begin::At(Timestamp(9999)), &log).1, [""; 0]);
        assert_eq!(begun(Begin::Last(10), &Log::of(0)).1, [""; 0]);
        let short = Log { oldest: 31, ..Log::of(50) };
        assert_eq!(begun(Begin::After(Seq(3)), &short).1, numbers(31..=50), "what is dropped is not waited for");
        assert_eq!(begun(Begin::Last(40), &short).1, numbers(31..=50));
    }

    #[test]
    fn live_follows_and_a_cut_loses_nothing_and_doubles_nothing() {
        let mut log = Log::of(5);
        let (mut history, _) = begun(Begin::Last(2), &log);
        for seq in 6..=8 {
            log.entries.push(said(&seq.to_string()));
            assert_eq!(words(history.live(&log.entry(seq))), [seq.to_string()]);
            assert_eq!(words(history.live(&log.entry(seq))), [""; 0], "known");
        }
        history.lost();
        for seq in 9..=40 {
            log.entries.push(said(&seq.to_string()));
        }
        assert_eq!(history.connected(ONE), []);
        // Live before the hole is filled: a page has it.
        assert_eq!(words(history.live(&log.entry(40))), [""; 0]);
        assert_eq!(read(&mut history, &log), numbers(9..=40));
        log.entries.push(said("41"));
        assert_eq!(words(history.live(&log.entry(41))), ["41"]);
        assert!(history.caught_up());
        // Said after the page that tells of the end was read, and heard before it came.
        history.connected(ONE);
        let (end, limit) = history.wants().expect("the end of the log");
        history.asked();
        let old = log.answer(end, limit);
        log.entries.push(said("42"));
        assert_eq!(words(history.live(&log.entry(42))), [""; 0]);
        assert_eq!(words(history.page(old)), [""; 0]);
        assert_eq!(read(&mut history, &log), ["42"]);
    }

    #[test]
    fn changes_are_told_once_whether_one_listens_or_not() {
        for page in [3, 7, 100] {
            changes_are_told_by_pages_of(page);
        }
    }

    fn changes_are_told_by_pages_of(page: u64) {
        let mut log = Log { page, ..Log::of(12) };
        let edit = |of: u64, text: &str| What::Edited { of: Seq(of), text: Text::clean(text) };
        log.entries.push(edit(3, "three"));
        let (mut history, first) = begun(Begin::After(Seq(0)), &log);
        assert_eq!(first[2], "three");
        assert_eq!(first.len(), 12);
        log.entries.push(edit(4, "four"));
        assert_eq!(words(history.live(&log.entry(14))), ["14 changes 4"]);
        history.lost();
        log.entries.push(edit(5, "five"));
        log.entries.push(What::Deleted { of: Seq(6) });
        log.entries.push(said("17"));
        log.entries.push(edit(17, "seventeen"));
        log.entries.push(What::Deleted { of: Seq(17) });
        log.entries.push(said("20"));
        history.connected(ONE);
        let mut told = read(&mut history, &log);
        told.sort();
        assert_eq!(told, ["20", "5 now five", "6 now -"], "{page}");
        assert_eq!(history.have, Seq(20));
    }

    #[test]
    fn a_log_that_began_anew_is_read_from_there_and_what_was_put_back_is_not_read_twice() {
        let mut log = Log::of(30);
        let (mut history, _) = begun(Begin::Last(3), &log);
        history.lost();
        // Put back from a backup of entry 20, and it went on.
        log.entries.truncate(20);
        for n in 21..=29 {
            log.entries.push(said(&format!("other {n}")));
        }
        assert_eq!(words(history.connected(TWO)), ["anew"]);
        assert_eq!(read(&mut history, &log), [""; 0], "its times are before what was read");
        for n in 30..=33 {
            log.entries.push(said(&format!("other {n}")));
            assert_eq!(words(history.live(&log.entry(n))).len(), usize::from(n > 30));
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_cut_and_when_each_is_read_once_in_order(
            steps in proptest::collection::vec((0u8..4, 1u64..30), 1..40),
            page in 1u64..30,
            since in 0u64..=10,
        ) {
            let mut log = Log { page, ..Log::of(10) };
            let (mut history, mut read_out) = begun(Begin::After(Seq(since)), &log);
            for (step, many) in steps {
                match step {
                    // Said while one listens.
                    0 => for _ in 0..many {
                        log.entries.push(said(&(log.entries.len() + 1).to_string()));
                        read_out.extend(words(history.live(&log.entry(log.entries.len() as u64))));
                    },
                    // Said while one does not.
                    1 => {
                        history.lost();
                        for _ in 0..many {
                            log.entries.push(said(&(log.entries.len() + 1).to_string()));
                        }
                        read_out.extend(words(history.connected(ONE)));
                    }
                    // One page comes.
                    2 => if let Some((end, limit)) = history.wants() {
                        history.asked();
                        read_out.extend(words(history.page(log.answer(end, limit))));
                    },
                    // Cut while a page is on its way.
                    _ => {
                        if history.wants().is_some() {
                            history.asked();
                        }
                        history.lost();
                        read_out.extend(words(history.connected(ONE)));
                    }
                }
            }
            read_out.extend(read(&mut history, &log));
            proptest::prop_assert_eq!(read_out, numbers(since + 1..=log.entries.len() as u64));
        }
    }
}
