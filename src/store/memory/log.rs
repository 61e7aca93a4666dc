//! One conversation in memory: its entries by their numbers, what later ones made of earlier ones, and how far people have
//! read. It knows no other conversation, and no room's settings.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::BuildHasher;
use std::mem::size_of;
use std::sync::Arc;

use super::Budget;
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{
    Author, COUNT_LIMIT, Conversation, Emoji, Entry, Nonce, Page, PersonId, REACTORS_SHOWN, Reaction, Seq, Shown,
    ShownWhat, Standing, Timestamp, What,
};
use crate::protocol::fact::{AppendRefusal, Draft, ReadFrom};
use crate::protocol::text::Text;
use crate::store::fit::weight;
use crate::store::{PageAsk, SearchAsk, Written};

/// Bytes an entry takes beside itself and its words, by estimate: names, what finds it by its nonce, and what an allocator
/// adds.
const BESIDE_BYTES: usize = 160;

/// The log of a conversation.
pub struct Log {
    /// From the oldest that is still there, without a hole.
    rows: VecDeque<Row>,
    /// The seq of the first of them, or of the next to come.
    oldest: u64,
    topic: Text,
    nonces: HashMap<(PersonId, Nonce), Seq>,
    reads: HashMap<PersonId, Seq>,
    /// What `rows` take.
    bytes: usize,
}

/// An entry, and what became of it.
struct Row {
    /// As it came; without its words once they were deleted.
    entry: Arc<Entry>,
    /// What is different from that by now.
    now: Option<Box<Now>>,
}

/// What later entries made of one.
#[derive(Default)]
struct Now {
    /// The last of them.
    rev: Seq,
    /// The words since they were changed.
    text: Option<Text>,
    /// Who reacted, in that order.
    reactions: Vec<(Emoji, Author)>,
    /// The entries that changed the words.
    edits: Vec<Seq>,
    /// A print of the words that were here until they were deleted: enough to know a line that comes again.
    gone: Option<u64>,
}

impl Row {
    fn new(entry: Arc<Entry>) -> Row {
        Row { entry, now: None }
    }

    fn deleted(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.gone.is_some())
    }

    /// What it says now; `None` when that was deleted, or it never said anything.
    fn words(&self) -> Option<&Text> {
        let What::Said { text, .. } = &self.entry.what else { return None };
        match &self.now {
            Some(now) if now.gone.is_some() => None,
            Some(now) => Some(now.text.as_ref().unwrap_or(text)),
            None => Some(text),
        }
    }

    /// Which of its reactions is this one of this person.
    fn reacted(&self, person: PersonId, emoji: &Emoji) -> Option<usize> {
        self.now.as_ref()?.reactions.iter().position(|(one, who)| one == emoji && who.person == person)
    }

    fn bytes(&self) -> usize {
        let text = words_of(&self.entry.what).map_or(0, |text| text.as_str().len());
        let now = self.now.as_ref().map_or(0, |now| {
            let text = now.text.as_ref().map_or(0, |text| text.as_str().len());
            size_of::<Now>()
                + text
                + now.reactions.len() * (size_of::<(Emoji, Author)>() + BESIDE_BYTES)
                + now.edits.len() * size_of::<Seq>()
        });
        size_of::<Row>() + size_of::<Entry>() + BESIDE_BYTES + text + self.entry.mentions.len() * 16 + now
    }
}

fn words_of(what: &What) -> Option<&Text> {
    match what {
        What::Said { text, .. } | What::Edited { text, .. } | What::Topic { text } => Some(text),
        What::Deleted { .. } | What::Reacted { .. } | What::Unreacted { .. } => None,
    }
}

/// The same without its words.
fn without_words(what: &What) -> What {
    let mut what = what.clone();
    if let What::Said { text, .. } | What::Edited { text, .. } = &mut what {
        *text = Text::clean("");
    }
    what
}

impl Default for Log {
    fn default() -> Log {
        Log {
            rows: VecDeque::new(),
            oldest: 1,
            topic: Text::clean(""),
            nonces: HashMap::new(),
            reads: HashMap::new(),
            bytes: 0,
        }
    }
}

impl Log {
    /// The last number given; 0 when none was.
    pub fn head(&self) -> u64 {
        self.oldest + self.rows.len() as u64 - 1
    }

    /// Whether nothing is there (any more).
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Entries that are there.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// What they take of memory, by estimate.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether what is counted as it changes is what a count finds.
    #[cfg(test)]
    pub fn adds_up(&self) -> bool {
        let with_nonce = self.rows.iter().filter(|row| row.entry.nonce.is_some()).count();
        self.bytes == self.rows.iter().map(Row::bytes).sum::<usize>() && self.nonces.len() == with_nonce
    }

    /// Every text that is held, of whatever age.
    #[cfg(test)]
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let now = |row: &Row| row.now.as_ref().and_then(|now| now.text.clone());
        let edited = self.rows.iter().filter_map(now).map(|text| text.as_str().to_owned());
        let said = self.rows.iter().filter_map(|row| words_of(&row.entry.what)).map(|text| text.as_str().to_owned());
        said.chain(edited)
    }

    /// The topic of now.
    pub fn topic(&self) -> &Text {
        &self.topic
    }

    /// When the oldest that is there was taken.
    pub fn oldest_at(&self) -> Option<Timestamp> {
        self.rows.front().map(|row| row.entry.at)
    }

    fn place(&self, seq: Seq) -> Option<usize> {
        let place = usize::try_from(seq.0.checked_sub(self.oldest)?).ok()?;
        (place < self.rows.len()).then_some(place)
    }

    fn row(&self, seq: Seq) -> Option<&Row> {
        self.rows.get(self.place(seq)?)
    }

    /// Gives a draft its number, or says why it gets none.
    pub fn append(&mut self, draft: &Draft) -> Written {
        let key = draft.nonce.map(|nonce| (draft.from.person, nonce));
        if let Some(before) = key.and_then(|key| self.nonces.get(&key)).and_then(|seq| self.row(*seq)) {
            return match self.is_same(before, &draft.what) {
                true => Written::Entry { entry: before.entry.clone(), fresh: false },
                false => Written::Refused(AppendRefusal::NonceConflict),
            };
        }
        let seq = Seq(self.head() + 1);
        let changed = match &draft.what {
            What::Said { .. } => Ok(draft.mentions.clone()),
            What::Topic { text } if *text == self.topic => Err(AppendRefusal::Unchanged),
            What::Topic { text } => {
                self.topic = text.clone();
                Ok(Vec::new())
            }
            What::Edited { of, .. } | What::Deleted { of } => self.change(*of, seq, draft),
            What::Reacted { of, .. } | What::Unreacted { of, .. } => self.change(*of, seq, draft),
        };
        let mentions = match changed {
            Ok(mentions) => mentions,
            Err(why) => return Written::Refused(why),
        };
        let entry = Arc::new(Entry {
            conversation: draft.conversation.clone(),
            to: draft.to.clone(),
            seq,
            at: draft.at,
            from: draft.from.clone(),
            what: draft.what.clone(),
            nonce: draft.nonce,
            mentions,
        });
        let row = Row::new(entry.clone());
        self.bytes += row.bytes();
        self.rows.push_back(row);
        self.nonces.extend(key.map(|key| (key, seq)));
        Written::Entry { entry, fresh: true }
    }

    /// Whether this was asked for when that came.
    fn is_same(&self, before: &Row, asked: &What) -> bool {
        match before.now.as_ref().and_then(|now| now.gone) {
            None => before.entry.what == *asked,
            Some(gone) => {
                without_words(asked) == before.entry.what
                    && words_of(asked).is_some_and(|text| print(&self.nonces, text) == gone)
            }
        }
    }

    /// Works a change into what it is about, or says why it may not be. Gives the mentions that a deletion takes back.
    fn change(&mut self, of: Seq, by: Seq, draft: &Draft) -> Result<Vec<PersonId>, AppendRefusal> {
        let place = self.place(of).ok_or(AppendRefusal::NoSuchEntry)?;
        let row = &self.rows[place];
        let me = draft.from.person;
        if !matches!(row.entry.what, What::Said { .. }) {
            return Err(AppendRefusal::NoSuchEntry);
        }
        if matches!(draft.what, What::Edited { .. } | What::Deleted { .. }) && row.entry.from.person != me {
            return Err(AppendRefusal::NotYours);
        }
        if row.deleted() {
            return Err(AppendRefusal::Deleted);
        }
        let mut mentions = Vec::new();
        match &draft.what {
            What::Edited { text, .. } if row.words() != Some(text) => self.touch(place, by, |now| {
                now.text = Some(text.clone());
                now.edits.push(by);
            }),
            What::Reacted { emoji, .. } if row.reacted(me, emoji).is_none() => {
                self.touch(place, by, |now| now.reactions.push((emoji.clone(), draft.from.clone())));
            }
            What::Unreacted { emoji, .. } => {
                let at = row.reacted(me, emoji).ok_or(AppendRefusal::Unchanged)?;
                self.touch(place, by, |now| _ = now.reactions.remove(at));
            }
            What::Deleted { .. } => {
                mentions = row.entry.mentions.clone();
                self.blank(place, by);
            }
            _ => return Err(AppendRefusal::Unchanged),
        }
        Ok(mentions)
    }

    /// The row there is different from now on, because of the entry `by`.
    fn touch(&mut self, place: usize, by: Seq, make: impl FnOnce(&mut Now)) {
        let row = &mut self.rows[place];
        self.bytes -= row.bytes();
        let now = row.now.get_or_insert_default();
        make(now);
        now.rev = by;
        self.bytes += row.bytes();
    }

    /// Takes the words of a deleted entry out of memory: its own, its edits', its reactions. Seq and nonce stay.
    fn blank(&mut self, place: usize, by: Seq) {
        let mut edits = Vec::new();
        self.touch(place, by, |now| edits = std::mem::take(now).edits);
        let edits = edits.into_iter().filter_map(|seq| self.place(seq));
        for place in std::iter::once(place).chain(edits).collect::<Vec<_>>() {
            let row = &mut self.rows[place];
            self.bytes -= row.bytes();
            if let What::Said { text, .. } | What::Edited { text, .. } = &mut Arc::make_mut(&mut row.entry).what {
                row.now.get_or_insert_default().gone = Some(print(&self.nonces, text));
                *text = Text::clean("");
            }
            self.bytes += row.bytes();
        }
    }

    /// Somebody became a member: who was never there has read what was said before.
    pub fn joined(&mut self, person: PersonId) {
        let head = Seq(self.head());
        self.reads.entry(person).or_insert(head);
    }

    /// Somebody has read this far.
    pub fn read(&mut self, person: PersonId, upto: Seq) {
        let upto = upto.min(Seq(self.head()));
        let read = self.reads.entry(person).or_default();
        *read = upto.max(*read);
    }

    /// All of it goes, and who has read what; the numbers go on.
    pub fn clear(&mut self) {
        *self = Log { oldest: self.head() + 1, ..Log::default() };
    }

    /// How many of the oldest, at most so many, are from before.
    pub fn older_than(&self, before: Timestamp, most: usize) -> usize {
        self.rows.iter().take(most).take_while(|row| row.entry.at < before).count()
    }

    /// Drops so many of the oldest; says how many.
    pub fn drop_oldest(&mut self, many: usize) -> usize {
        let many = many.min(self.rows.len());
        for row in self.rows.drain(..many) {
            self.bytes -= row.bytes();
            if let Some(nonce) = row.entry.nonce {
                self.nonces.remove(&(row.entry.from.person, nonce));
            }
        }
        self.oldest += many as u64;
        many
    }

    /// How somebody stands to it.
    pub fn standing(&self, conversation: &Conversation, person: PersonId, from: ReadFrom) -> Standing {
        let head = Seq(self.head());
        let direct = matches!(conversation, Conversation::Direct(_));
        let read = match from {
            ReadFrom::Head => head,
            ReadFrom::At(seq) => seq.min(head),
            // A direct conversation is nobody's to join: what was never read is unread.
            ReadFrom::Kept => self.reads.get(&person).copied().unwrap_or(if direct { Seq::ZERO } else { head }),
        };
        let (mut unread, mut mentions) = (0, 0);
        let first = usize::try_from(read.next().0.saturating_sub(self.oldest)).unwrap_or(usize::MAX);
        for row in self.rows.range(first.min(self.rows.len())..) {
            if row.words().is_some() && row.entry.from.person != person {
                unread += 1;
                mentions += u32::from(direct || row.entry.mentions.contains(&person));
            }
            if mentions >= COUNT_LIMIT {
                break;
            }
        }
        Standing {
            conversation: conversation.clone(),
            oldest: Seq(self.oldest),
            head,
            read,
            unread: unread.min(COUNT_LIMIT),
            mentions,
            topic: self.topic.clone(),
        }
    }

    /// The first seq that was said at this time or later; behind the head when none was. Found by halving: where the host's
    /// clock was set back it is one of them.
    fn seq_at(&self, at: Timestamp) -> u64 {
        self.oldest + self.rows.partition_point(|row| row.entry.at < at) as u64
    }

    /// A stretch of it in its present form.
    pub fn page(&self, ask: &PageAsk) -> Page {
        let next = self.head() + 1;
        let before = match ask.end {
            PageEnd::Newest => next,
            PageEnd::Before(seq) => seq.0.min(next),
            PageEnd::Around(at) => self.seq_at(at).saturating_add(u64::from(ask.limit / 2).max(1)).min(next),
        };
        let before = before.max(self.oldest);
        let (mut from, mut entries, mut bytes) = (before, Vec::new(), 0);
        // What the stretch has changed and that stands further below, as far as one knows.
        let mut changed: BTreeMap<Seq, Shown> = BTreeMap::new();
        for seq in (self.oldest..before).rev().take(ask.limit.max(1) as usize) {
            let Some(row) = self.row(Seq(seq)) else { break };
            let further = row.entry.what.of().filter(|of| !changed.contains_key(of));
            let also = further.and_then(|of| self.row(of)).and_then(|row| row.shown(ask.asker));
            let shown = row.shown(ask.asker);
            bytes += shown.iter().chain(&also).map(weight).sum::<usize>();
            bytes -= changed.get(&Seq(seq)).map_or(0, weight);
            if ask.bytes > 0 && bytes > ask.bytes && from < before {
                break;
            }
            from = seq;
            changed.remove(&Seq(seq));
            changed.extend(also.map(|shown| (shown.seq, shown)));
            entries.extend(shown);
        }
        entries.reverse();
        Page {
            conversation: ask.conversation.clone(),
            from: Seq(from),
            before: Seq(before),
            oldest: Seq(self.oldest),
            entries,
            changed: changed.into_values().collect(),
        }
    }

    /// What it has of what is looked for, the newest first, at most as many as are asked for; and whether there may be more.
    pub fn search(&self, ask: &SearchAsk, budget: &mut Budget) -> (Vec<Shown>, bool) {
        let most = ask.limit.max(1) as usize;
        let place = |at: Timestamp| self.rows.partition_point(|row| row.entry.at < at);
        let from = ask.query.after.map_or(0, place);
        let before = ask.query.before.map_or(self.rows.len(), place);
        let mut found = Vec::new();
        for row in self.rows.range(from.min(before)..before).rev() {
            if !budget.look() {
                return (found, true);
            }
            let (from, mentions) = (&row.entry.from, &row.entry.mentions);
            let Some(text) = row.words() else { continue };
            if !ask.query.fits(text, from, mentions, ask.asker, ask.author) {
                continue;
            }
            if found.len() == most {
                return (found, true);
            }
            found.extend(row.shown(ask.asker));
        }
        (found, false)
    }
}

/// What words are known by when they are gone. Keyed by chance, so that nobody finds other words with the same.
fn print(by: &HashMap<(PersonId, Nonce), Seq>, text: &Text) -> u64 {
    by.hasher().hash_one(text.as_str())
}

impl Row {
    /// Its present form; `None` for kinds that only change others.
    fn shown(&self, asker: PersonId) -> Option<Shown> {
        let entry = &self.entry;
        let what = match &entry.what {
            What::Topic { text } => ShownWhat::Topic { text: text.clone() },
            What::Said { me, reply_to, .. } => ShownWhat::Said {
                text: self.words().cloned(),
                me: *me,
                reply_to: *reply_to,
                edited: self.now.as_ref().is_some_and(|now| now.text.is_some()),
                reactions: self.reactions(asker),
            },
            _ => return None,
        };
        Some(Shown {
            seq: entry.seq,
            at: entry.at,
            from: entry.from.clone(),
            nonce: entry.nonce,
            rev: self.now.as_ref().map_or(entry.seq, |now| now.rev),
            mentions: entry.mentions.clone(),
            what,
        })
    }

    fn reactions(&self, asker: PersonId) -> Vec<Reaction> {
        let mut found: Vec<Reaction> = Vec::new();
        for (emoji, who) in self.now.iter().flat_map(|now| &now.reactions) {
            let at = found.iter().position(|reaction| reaction.emoji == *emoji).unwrap_or(found.len());
            if at == found.len() {
                found.push(Reaction { emoji: emoji.clone(), count: 0, by: Vec::new() });
            }
            let reaction = &mut found[at];
            reaction.count += 1;
            if who.person == asker {
                reaction.by.insert(0, who.clone());
                reaction.by.truncate(REACTORS_SHOWN);
            } else if reaction.by.len() < REACTORS_SHOWN {
                reaction.by.push(who.clone());
            }
        }
        found
    }
}
