//! What this client has of one conversation: entries in their present form by seq, and which stretches of the log it has
//! seen at all. What is missing between two stretches is a hole and is drawn as one. Pure; it asks for nothing itself.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::protocol::entry::{
    Author, Entry, Page, PersonId, REACTORS_SHOWN, Reaction, Seq, Shown, ShownWhat, Timestamp, What,
};
use crate::protocol::text::Text;

/// Changes kept after they were heard: a page read before them may still be on its way, and has to have them worked in.
const CHANGES_KEPT: usize = 256;

/// Authors whose names are shared. A conversation has few; those of a flood of guests are not worth keeping.
const AUTHORS_KEPT: usize = 1024;

/// One conversation.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// By seq, rising. Lines come at either end; one into the middle moves eight words a line, of which few come.
    entries: VecDeque<Kept>,
    /// Whose lines these are, so that ten thousand lines of one person hold one name.
    authors: HashMap<PersonId, Arc<Author>>,
    /// Stretches seen, first and last, rising and apart.
    seen: Vec<(u64, u64)>,
    /// The newest changes heard, rising, whether what they change is here or not.
    changes: VecDeque<Entry>,
    /// The last change that is not kept any more; 0 while all are.
    changes_from: u64,
    /// Columns of the widest author.
    widest: usize,
    /// First seq that exists at the host.
    oldest: u64,
}

/// A [`Shown`] as it is kept: a hundred thousand of these are what a client's memory goes into, and what few lines have
/// is elsewhere. The nonce is not kept: it is of use when the line comes, and not after.
#[derive(Clone, Debug)]
struct Kept {
    seq: Seq,
    rev: Seq,
    at: Timestamp,
    from: Arc<Author>,
    /// The words; `None` when deleted.
    text: Option<Text>,
    form: Form,
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Said,
    /// Told in the third person.
    Me,
    Topic,
}

/// What few lines have.
#[derive(Clone, Debug, Default)]
struct Rare {
    reply_to: Option<Seq>,
    edited: bool,
    reactions: Vec<Reaction>,
    mentions: Vec<PersonId>,
}

impl Kept {
    fn new(shown: Shown, from: Arc<Author>) -> Kept {
        let Shown { seq, at, rev, mentions, what, .. } = shown;
        let (text, form, rare) = match what {
            ShownWhat::Topic { text } => (Some(text), Form::Topic, Rare { mentions, ..Rare::default() }),
            ShownWhat::Said { text, me, reply_to, edited, reactions } => {
                (text, if me { Form::Me } else { Form::Said }, Rare { reply_to, edited, reactions, mentions })
            }
        };
        let none = rare.reply_to.is_none() && !rare.edited && rare.reactions.is_empty() && rare.mentions.is_empty();
        Kept { seq, rev, at, from, text, form, rare: (!none).then(|| Box::new(rare)) }
    }

    fn shown(&self) -> Shown {
        let Rare { reply_to, edited, reactions, mentions } = self.rare.as_deref().cloned().unwrap_or_default();
        let text = self.text.clone();
        let what = match (self.form, text) {
            (Form::Topic, Some(text)) => ShownWhat::Topic { text },
            (form, text) => ShownWhat::Said { text, me: form == Form::Me, reply_to, edited, reactions },
        };
        let (seq, at, rev, from) = (self.seq, self.at, self.rev, Author::clone(&self.from));
        Shown { seq, at, from, nonce: None, rev, mentions, what }
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

impl Timeline {
    /// Takes in a live entry; `false` when it was known. One from further below is the answer to a line that was said twice,
    /// as it was at first: what it has become since is told by the page that it is missing from.
    pub fn live(&mut self, entry: &Entry) -> bool {
        if self.has(entry.seq) || entry.seq < self.newest() {
            return false;
        }
        self.cover(entry.seq.0, entry.seq.0);
        match entry.what.of() {
            Some(of) => {
                self.change(of, entry);
                if self.changes.len() >= CHANGES_KEPT {
                    self.changes_from = self.changes.pop_front().map_or(0, |first| first.seq.0);
                }
                self.changes.push_back(entry.clone());
            }
            None => {
                self.put(present(entry));
            }
        }
        true
    }

    /// An entry of a kind not known here: it has its place and shows nothing.
    pub fn skip(&mut self, seq: Seq) {
        self.cover(seq.0, seq.0);
    }

    /// Takes in a stretch of history.
    pub fn page(&mut self, page: Page) {
        self.oldest = self.oldest.max(page.oldest.0);
        if page.before > page.from {
            self.cover(page.from.0, page.before.0 - 1);
        }
        for shown in page.entries {
            self.take_in(shown);
        }
        // Those that are known from before: what is not known comes with its own page.
        for shown in page.changed {
            if self.find(shown.seq).is_ok() {
                self.take_in(shown);
            }
        }
    }

    /// Takes in an entry as a page has it. It lacks no change up to its `rev`, which what is here may: a change that was
    /// made while one was away is told by the page alone, even when a later one was heard live meanwhile. So the page's form
    /// is taken, and what was heard since is worked in again, unless that is not known any more.
    fn take_in(&mut self, shown: Shown) {
        let (seq, rev) = (shown.seq, shown.rev);
        let newer = self.find(seq).is_ok_and(|at| self.entries[at].rev > rev);
        if newer && self.changes_from > rev.0 {
            return;
        }
        self.put(shown);
        let changes = std::mem::take(&mut self.changes);
        for change in changes.iter().filter(|change| change.what.of() == Some(seq)) {
            self.change(seq, change);
        }
        self.changes = changes;
    }

    /// Where the entry of this seq is, or would be.
    fn find(&self, seq: Seq) -> Result<usize, usize> {
        match self.entries.back() {
            Some(last) if last.seq >= seq => self.entries.binary_search_by_key(&seq, |kept| kept.seq),
            _ => Err(self.entries.len()),
        }
    }

    fn put(&mut self, shown: Shown) {
        self.widest =
            self.widest.max(shown.from.name.columns() + usize::from(shown.from.guest) + shown.from.mark().len());
        let author = match self.authors.get(&shown.from.person) {
            Some(known)
                if known.name.as_str() == shown.from.name.as_str()
                    && known.guest == shown.from.guest
                    && known.bot == shown.from.bot =>
            {
                known.clone()
            }
            _ => {
                if self.authors.len() >= AUTHORS_KEPT {
                    self.authors.clear();
                }
                let author = Arc::new(shown.from.clone());
                self.authors.insert(shown.from.person, author.clone());
                author
            }
        };
        let found = self.find(shown.seq);
        let kept = Kept::new(shown, author);
        match found {
            Ok(at) => self.entries[at] = kept,
            Err(at) => self.entries.insert(at, kept),
        }
    }

    /// Columns of the widest author's name ever seen here, the mark of a guest or a program included: it only grows, so that what is aligned
    /// by it does not move while one scrolls.
    pub fn name_columns(&self) -> usize {
        self.widest
    }

    /// Works a change into what it changes, once.
    fn change(&mut self, of: Seq, change: &Entry) {
        let Some(kept) = self.find(of).ok().map(|at| &mut self.entries[at]).filter(|kept| kept.rev < change.seq) else {
            return;
        };
        kept.rev = change.seq;
        if kept.form == Form::Topic {
            return;
        }
        match &change.what {
            What::Edited { text: new, .. } => {
                kept.text = Some(new.clone());
                kept.rare().edited = true;
            }
            What::Deleted { .. } => {
                kept.text = None;
                let rare = kept.rare();
                rare.reactions.clear();
                rare.edited = false;
            }
            What::Reacted { emoji, .. } => {
                let reactions = &mut kept.rare().reactions;
                let at = reactions.iter().position(|r| r.emoji == *emoji).unwrap_or(reactions.len());
                if at == reactions.len() {
                    reactions.push(Reaction { emoji: emoji.clone(), count: 0, by: Vec::new() });
                }
                reactions[at].count += 1;
                if reactions[at].by.len() < REACTORS_SHOWN {
                    reactions[at].by.push(change.from.clone());
                }
            }
            What::Unreacted { emoji, .. } => {
                let reactions = &mut kept.rare().reactions;
                if let Some(reaction) = reactions.iter_mut().find(|r| r.emoji == *emoji) {
                    reaction.count = reaction.count.saturating_sub(1);
                    reaction.by.retain(|author: &Author| author.person != change.from.person);
                }
                reactions.retain(|reaction| reaction.count > 0);
            }
            What::Said { .. } | What::Topic { .. } => {}
        }
    }

    /// Forgets the oldest entries over so many; they can be asked for again.
    pub fn trim(&mut self, most: usize) {
        let Some(over) = self.entries.len().checked_sub(most).filter(|over| *over > 0) else { return };
        let Some(first) = self.entries.get(over).map(|kept| kept.seq) else { return };
        self.entries.drain(..over);
        self.seen.retain_mut(|(from, to)| {
            *from = (*from).max(first.0);
            *from <= *to
        });
    }

    /// Forgets what stands below this seq.
    pub fn forget_below(&mut self, seq: Seq) {
        let (Ok(at) | Err(at)) = self.find(seq);
        self.entries.drain(..at);
        self.seen.retain(|(_, to)| *to >= seq.0);
    }

    /// The hole above the stretch that has this seq; `None` when it reaches the newest that was seen.
    pub fn hole_above(&self, seq: Seq) -> Option<RangeInclusive<u64>> {
        let two = self.seen.windows(2).find(|two| (two[0].0..=two[0].1).contains(&seq.0))?;
        Some(two[0].1 + 1..=two[1].0 - 1)
    }

    /// Nothing below this exists at the host any more.
    pub fn begins(&mut self, oldest: Seq) {
        self.oldest = self.oldest.max(oldest.0);
    }

    /// Whether this seq was seen.
    pub fn has(&self, seq: Seq) -> bool {
        self.seen.iter().any(|(first, last)| (*first..=*last).contains(&seq.0))
    }

    /// The last seq seen; 0 when none.
    pub fn newest(&self) -> Seq {
        Seq(self.seen.last().map_or(0, |(_, last)| *last))
    }

    /// The first seq seen, 0 when none.
    pub fn first(&self) -> Seq {
        Seq(self.seen.first().map_or(0, |(first, _)| *first))
    }

    /// The first seq that exists.
    pub fn oldest(&self) -> Seq {
        Seq(self.oldest.max(1))
    }

    /// Whether everything from the first entry that exists was seen down there.
    pub fn complete_below(&self) -> bool {
        self.seen.first().is_some_and(|(first, _)| *first <= self.oldest.max(1))
    }

    /// The newest hole above what was first seen, up to `head`: page before its end plus one.
    pub fn newest_hole(&self, head: Seq) -> Option<RangeInclusive<u64>> {
        let floor = self.oldest.max(1);
        let Some((_, last)) = self.seen.last() else { return (head.0 >= floor).then_some(floor..=head.0) };
        if *last < head.0 {
            return Some(last + 1..=head.0);
        }
        let pairs = self.seen.windows(2).rev();
        pairs.map(|two| (two[0].1 + 1).max(floor)..=two[1].0 - 1).find(|hole| !hole.is_empty())
    }

    /// The entry of this seq, if it is one to show.
    pub fn get(&self, seq: Seq) -> Option<Shown> {
        self.find(seq).ok().map(|at| self.entries[at].shown())
    }

    /// The entry before this seq.
    pub fn before(&self, seq: Seq) -> Option<Shown> {
        let (Ok(at) | Err(at)) = self.find(seq);
        at.checked_sub(1).map(|at| self.entries[at].shown())
    }

    /// The newest entry.
    pub fn last(&self) -> Option<Shown> {
        self.entries.back().map(Kept::shown)
    }

    /// The oldest entry loaded.
    pub fn start(&self) -> Option<Seq> {
        self.entries.front().map(|kept| kept.seq)
    }

    /// How many seqs between two entries were never seen: a hole to be drawn.
    pub fn missing_between(&self, earlier: Seq, later: Seq) -> u64 {
        let gaps = self.seen.windows(2).map(|two| (two[0].1 + 1, two[1].0 - 1));
        gaps.filter(|(first, last)| *first > earlier.0 && *last < later.0 && *last >= self.oldest)
            .map(|(first, last)| last - first + 1)
            .sum()
    }

    /// Entries after this seq.
    pub fn after(&self, seq: Seq) -> impl DoubleEndedIterator<Item = Shown> {
        let (Ok(at) | Err(at)) = self.find(seq.next());
        self.entries.range(at..).map(Kept::shown)
    }

    /// Entries up to this seq, the newest first.
    pub fn up_to(&self, seq: Seq) -> impl Iterator<Item = Shown> {
        let (Ok(at) | Err(at)) = self.find(seq.next());
        self.entries.range(..at).rev().map(Kept::shown)
    }

    /// How many lines of others stand after this seq, and how many of them mention this person.
    pub fn of_others(&self, after: Seq, me: Option<PersonId>) -> (usize, usize) {
        let (Ok(at) | Err(at)) = self.find(after.next());
        let others = self.entries.range(at..).filter(|kept| kept.form != Form::Topic && kept.text.is_some());
        others.filter(|kept| Some(kept.from.person) != me).fold((0, 0), |(lines, mentions), kept| {
            let means_me = kept.rare.as_ref().is_some_and(|rare| me.is_some_and(|me| rare.mentions.contains(&me)));
            (lines + 1, mentions + usize::from(means_me))
        })
    }

    /// The newest entries, newest first, at most so many.
    pub fn latest(&self, most: usize) -> impl Iterator<Item = Shown> {
        self.entries.iter().rev().take(most).map(Kept::shown)
    }

    /// How many entries there are to show.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn cover(&mut self, first: u64, last: u64) {
        let (mut first, mut last) = (first, last);
        self.seen.retain(|(from, to)| {
            let apart = *to + 1 < first || last + 1 < *from;
            if !apart {
                first = first.min(*from);
                last = last.max(*to);
            }
            apart
        });
        let at = self.seen.partition_point(|(from, _)| *from < first);
        self.seen.insert(at, (first, last));
    }
}

/// A live Said or Topic as a page would give it.
fn present(entry: &Entry) -> Shown {
    let what = match &entry.what {
        What::Topic { text } => ShownWhat::Topic { text: text.clone() },
        What::Said { text, me, reply_to } => ShownWhat::Said {
            text: Some(text.clone()),
            me: *me,
            reply_to: *reply_to,
            edited: false,
            reactions: Vec::new(),
        },
        // Only Said and Topic come here.
        _ => ShownWhat::Said { text: None, me: false, reply_to: None, edited: false, reactions: Vec::new() },
    };
    Shown {
        seq: entry.seq,
        at: entry.at,
        from: entry.from.clone(),
        nonce: entry.nonce,
        rev: entry.seq,
        mentions: entry.mentions.clone(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::entry::{Conversation, PersonId, Timestamp};
    use crate::protocol::names::{Nick, RoomName, Target};
    use crate::protocol::text::Text;
    use std::collections::BTreeSet;

    fn room() -> RoomName {
        RoomName::parse("lobby").expect("a room")
    }

    fn entry(seq: u64, what: What) -> Entry {
        Entry {
            conversation: Conversation::Room(room()),
            to: Target::Room(room()),
            seq: Seq(seq),
            at: Timestamp(0),
            from: Author {
                person: PersonId([1; 16]),
                name: Nick::parse("ann").expect("a name"),
                guest: false,
                bot: false,
            },
            what,
            nonce: None,
            mentions: Vec::new(),
        }
    }

    fn said(seq: u64) -> Entry {
        entry(seq, What::Said { text: Text::clean(&format!("line {seq}")), me: false, reply_to: None })
    }

    fn page(from: u64, before: u64) -> Page {
        let entries = (from..before).map(|seq| present(&said(seq))).collect();
        let conversation = Conversation::Room(room());
        Page { conversation, from: Seq(from), before: Seq(before), oldest: Seq(1), entries, changed: Vec::new() }
    }

    fn text(timeline: &Timeline, seq: u64) -> Option<String> {
        match &timeline.get(Seq(seq))?.what {
            ShownWhat::Said { text, .. } => text.as_ref().map(|text| text.as_str().to_owned()),
            ShownWhat::Topic { .. } => None,
        }
    }

    #[test]
    fn holes_are_what_was_not_seen() {
        let mut rolled = 0x2545_f491_4f6c_dd1d_u64;
        let mut roll = |sides: u64| {
            rolled ^= rolled << 13;
            rolled ^= rolled >> 7;
            rolled ^= rolled << 17;
            rolled % sides
        };
        for _ in 0..300 {
            let head = 1 + roll(60);
            let (mut timeline, mut seen) = (Timeline::default(), BTreeSet::new());
            for _ in 0..roll(12) {
                if roll(3) == 0 {
                    let from = 1 + roll(head);
                    let before = from + roll(head + 2 - from);
                    timeline.page(page(from, before));
                    seen.extend(from..before);
                } else {
                    let seq = 1 + roll(head);
                    // From further below it is an answer to what was said twice, and not what it has become since.
                    let above = seen.last().is_none_or(|last| seq > *last);
                    assert_eq!(timeline.live(&said(seq)), above && seen.insert(seq));
                }
                assert!((1..=head).all(|seq| timeline.has(Seq(seq)) == seen.contains(&seq)));
                assert_eq!(timeline.newest().0, seen.last().copied().unwrap_or(0));
                // Naively: the last run of unseen numbers that has something seen below it, or is at the end.
                let floor = seen.first().copied().unwrap_or(1);
                let end = (floor..=head).rev().find(|seq| !seen.contains(seq));
                let hole = timeline.newest_hole(Seq(head)).map(|hole| *hole.end());
                assert_eq!(hole, end, "{seen:?} of {head}");
                let missing: u64 =
                    (floor..=seen.last().copied().unwrap_or(0)).filter(|seq| !seen.contains(seq)).count() as u64;
                assert_eq!(timeline.missing_between(Seq(0), Seq(head + 1)), missing);
            }
        }
    }

    #[test]
    fn changes_apply_once_and_wait_for_what_they_change() {
        let mut timeline = Timeline::default();
        timeline.live(&said(5));
        let edit = |seq, words: &str| entry(seq, What::Edited { of: Seq(5), text: Text::clean(words) });
        timeline.live(&edit(6, "new"));
        assert_eq!(text(&timeline, 5).as_deref(), Some("new"));
        assert!(!timeline.live(&edit(6, "again")));
        assert_eq!(text(&timeline, 5).as_deref(), Some("new"));
        timeline.live(&entry(7, What::Deleted { of: Seq(3) }));
        timeline.page(page(1, 5));
        assert_eq!(text(&timeline, 3), None, "the page was read before the deletion");
        assert_eq!(text(&timeline, 4).as_deref(), Some("line 4"));
    }

    #[test]
    fn what_changed_while_one_was_away_is_seen_and_what_was_heard_since_stays() {
        let now = |seq: u64, rev: u64, words: &str| Shown {
            rev: Seq(rev),
            ..present(&entry(seq, What::Said { text: Text::clean(words), me: false, reply_to: None }))
        };
        let edit = |seq: u64, words: &str| entry(seq, What::Edited { of: Seq(3), text: Text::clean(words) });
        let mut timeline = Timeline::default();
        timeline.page(page(1, 6));
        // 6 to 9 were missed, and 8 changed 3; a reaction at 10 was heard before the page came.
        let emoji = crate::protocol::entry::Emoji::parse("👍").expect("an emoji");
        assert!(timeline.live(&entry(10, What::Reacted { of: Seq(3), emoji })));
        timeline.page(Page { changed: vec![now(3, 8, "new")], ..page(6, 10) });
        assert_eq!(text(&timeline, 3).as_deref(), Some("new"));
        let ShownWhat::Said { reactions, .. } = timeline.get(Seq(3)).expect("it is there").what else { panic!("said") };
        assert_eq!(reactions.len(), 1, "and the reaction is there");
        assert!(timeline.live(&edit(11, "newer")));
        timeline.page(Page { changed: vec![now(3, 8, "new")], ..page(6, 10) });
        assert_eq!(text(&timeline, 3).as_deref(), Some("newer"), "an older form undoes nothing");
        let mut other = Timeline::default();
        other.page(Page { changed: vec![now(3, 8, "new")], ..page(6, 10) });
        assert!(other.get(Seq(3)).is_none(), "what is not loaded stays a hole");
    }

    #[test]
    fn memory_is_bounded_and_what_was_dropped_can_be_asked_again() {
        let mut timeline = Timeline::default();
        for seq in 1..=1000 {
            timeline.live(&said(seq));
            timeline.trim(100);
        }
        assert_eq!((timeline.len(), timeline.first(), timeline.newest()), (100, Seq(901), Seq(1000)));
        assert!(!timeline.complete_below() && !timeline.has(Seq(900)));
        timeline.page(page(801, 901));
        assert_eq!(timeline.missing_between(Seq(0), Seq(1001)), 0);
    }
}
