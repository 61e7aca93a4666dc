//! The naive model of a [`Store`], for tests alone: it keeps every entry as it came and counts, folds and filters anew on
//! every question, so that there is nothing in it to go stale. What the others answer is compared with what this answers.
//! It knows no bound in bytes.

use std::collections::BTreeMap;

use super::{PageAsk, Reader, Retention, SearchAsk, Store, StoreError, Write, Written};
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{
    COUNT_LIMIT, Conversation, Entry, Epoch, Page, PersonId, REACTORS_SHOWN, Reaction, Seq, Shown, ShownWhat, Standing,
    Timestamp, What,
};
use crate::protocol::fact::{AppendRefusal, Draft, Fact, Facts, PersonFacts, ReadFrom, RoomFacts};
use crate::protocol::hook::KeptHook;
use crate::protocol::invite::Kept;
use crate::protocol::names::RoomName;
use crate::protocol::rights::{Penalty, Record, Role, RoomSettings, Sentence, Subject};
use crate::protocol::search::{Found, Hit};
use crate::protocol::secret::PasswordHash;
use crate::protocol::text::Text;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The model.
pub struct Model {
    epoch: Epoch,
    logs: Vec<Log>,
    people: BTreeMap<PersonId, PersonFacts>,
    reads: Vec<(PersonId, Conversation, u64)>,
    sentences: Vec<Sentence>,
    record: Vec<Record>,
    invitations: BTreeMap<u32, Kept>,
    hooks: BTreeMap<u32, KeptHook>,
}

/// One conversation: all that was ever appended, and how much of it is gone.
struct Log {
    conversation: Conversation,
    ever: Vec<Entry>,
    dropped: usize,
    /// A room that was deleted: it is not there, but its numbers go on.
    gone: bool,
    /// Entries of the room that was there before it.
    began: usize,
    rights: Rights,
}

/// How a room is set, and for whom.
#[derive(Clone, Default)]
struct Rights {
    settings: RoomSettings,
    password: Option<PasswordHash>,
    operators: Vec<PersonId>,
    invited: Vec<PersonId>,
}

impl Log {
    fn empty(conversation: &Conversation) -> Log {
        let (conversation, ever, rights) = (conversation.clone(), Vec::new(), Rights::default());
        Log { conversation, ever, dropped: 0, gone: false, began: 0, rights }
    }

    fn head(&self) -> u64 {
        self.ever.len() as u64
    }

    fn oldest(&self) -> u64 {
        self.dropped as u64 + 1
    }

    fn there(&self) -> &[Entry] {
        &self.ever[self.dropped..]
    }

    fn seq_at(&self, at: Timestamp) -> u64 {
        self.there().iter().find(|entry| entry.at >= at).map_or(self.head() + 1, |entry| entry.seq.0)
    }

    fn said(&self, seq: Seq) -> Option<&Entry> {
        self.there().iter().find(|entry| entry.seq == seq && matches!(entry.what, What::Said { .. }))
    }

    fn changes(&self, of: Seq) -> impl Iterator<Item = &Entry> {
        self.ever.iter().filter(move |entry| entry.what.of() == Some(of))
    }

    fn deleted(&self, of: Seq) -> bool {
        self.changes(of).any(|entry| matches!(entry.what, What::Deleted { .. }))
    }

    /// The words of a Said that is not deleted, and whether they were changed.
    fn words<'a>(&'a self, of: Seq, said: &'a Text) -> (&'a Text, bool) {
        let edited = self.changes(of).filter_map(|entry| match &entry.what {
            What::Edited { text, .. } => Some(text),
            _ => None,
        });
        edited.last().map_or((said, false), |text| (text, true))
    }

    /// An entry without words that were deleted since.
    fn as_it_stands(&self, entry: &Entry) -> Entry {
        let mut entry = entry.clone();
        let gone = match &entry.what {
            What::Said { .. } => self.deleted(entry.seq),
            What::Edited { of, .. } => self.deleted(*of),
            _ => false,
        };
        if let (true, What::Said { text, .. } | What::Edited { text, .. }) = (gone, &mut entry.what) {
            *text = Text::clean("");
        }
        entry
    }

    fn topic(&self) -> Text {
        let mut topics = self.ever[self.began..].iter().filter_map(|entry| match &entry.what {
            What::Topic { text } => Some(text.clone()),
            _ => None,
        });
        topics.next_back().unwrap_or_else(|| Text::clean(""))
    }

    fn reactions(&self, of: Seq, asker: PersonId) -> Vec<Reaction> {
        let mut there: Vec<(_, _)> = Vec::new();
        for entry in self.changes(of) {
            match &entry.what {
                What::Reacted { emoji, .. } => there.push((emoji.clone(), entry.from.clone())),
                What::Unreacted { emoji, .. } => {
                    there.retain(|(one, by)| (one, by.person) != (emoji, entry.from.person));
                }
                _ => {}
            }
        }
        let mut shown: Vec<Reaction> = Vec::new();
        for (emoji, _) in &there {
            if shown.iter().any(|reaction| reaction.emoji == *emoji) {
                continue;
            }
            let by = there.iter().filter(|(one, _)| one == emoji).map(|(_, by)| by.clone());
            let (asking, others): (Vec<_>, Vec<_>) = by.partition(|by| by.person == asker);
            let count = (asking.len() + others.len()) as u32;
            let by = asking.into_iter().chain(others).take(REACTORS_SHOWN).collect();
            shown.push(Reaction { emoji: emoji.clone(), count, by });
        }
        shown
    }

    fn shown(&self, entry: &Entry, asker: PersonId) -> Option<Shown> {
        let what = match &entry.what {
            What::Topic { text } => ShownWhat::Topic { text: text.clone() },
            What::Said { me, reply_to, .. } if self.deleted(entry.seq) => {
                ShownWhat::Said { text: None, me: *me, reply_to: *reply_to, edited: false, reactions: Vec::new() }
            }
            What::Said { text, me, reply_to } => {
                let (text, edited) = self.words(entry.seq, text);
                let reactions = self.reactions(entry.seq, asker);
                ShownWhat::Said { text: Some(text.clone()), me: *me, reply_to: *reply_to, edited, reactions }
            }
            _ => return None,
        };
        let rev = self.changes(entry.seq).last().map_or(entry.seq, |change| change.seq);
        let (at, from, nonce) = (entry.at, entry.from.clone(), entry.nonce);
        Some(Shown { seq: entry.seq, at, from, nonce, rev, mentions: entry.mentions.clone(), what })
    }

    /// Why this draft may not be appended.
    fn refusal(&self, draft: &Draft) -> Option<AppendRefusal> {
        if let What::Topic { text } = &draft.what {
            return (self.topic() == *text).then_some(AppendRefusal::Unchanged);
        }
        let of = draft.what.of()?;
        let Some(said) = self.said(of) else { return Some(AppendRefusal::NoSuchEntry) };
        let What::Said { text: words, .. } = &said.what else { return Some(AppendRefusal::NoSuchEntry) };
        let me = draft.from.person;
        let own_only = matches!(draft.what, What::Edited { .. } | What::Deleted { .. });
        if own_only && said.from.person != me {
            return Some(AppendRefusal::NotYours);
        }
        if self.deleted(of) {
            return Some(AppendRefusal::Deleted);
        }
        let mine = |emoji| {
            let of_this = self.changes(of).filter(|entry| entry.from.person == me);
            let last = of_this.filter(|entry| match &entry.what {
                What::Reacted { emoji: one, .. } | What::Unreacted { emoji: one, .. } => one == emoji,
                _ => false,
            });
            last.last().is_some_and(|entry| matches!(entry.what, What::Reacted { .. }))
        };
        let same = match &draft.what {
            What::Edited { text, .. } => self.words(of, words).0 == text,
            What::Reacted { emoji, .. } => mine(emoji),
            What::Unreacted { emoji, .. } => !mine(emoji),
            _ => false,
        };
        same.then_some(AppendRefusal::Unchanged)
    }
}

impl Model {
    /// A model with nothing in it.
    pub fn new(epoch: [u8; 16]) -> Model {
        Model {
            epoch: Epoch(epoch),
            logs: Vec::new(),
            people: BTreeMap::new(),
            reads: Vec::new(),
            sentences: Vec::new(),
            record: Vec::new(),
            invitations: BTreeMap::new(),
            hooks: BTreeMap::new(),
        }
    }

    /// The last seq of a conversation.
    pub fn head(&self, conversation: &Conversation) -> u64 {
        self.log(conversation).map_or(0, Log::head)
    }

    fn log(&self, conversation: &Conversation) -> Option<&Log> {
        self.logs.iter().find(|log| log.conversation == *conversation)
    }

    fn make(&mut self, conversation: &Conversation) -> &mut Log {
        let at = self.logs.iter().position(|log| log.conversation == *conversation).unwrap_or(self.logs.len());
        if at == self.logs.len() {
            self.logs.push(Log::empty(conversation));
        }
        &mut self.logs[at]
    }

    fn append(&mut self, draft: &Draft) -> Written {
        let empty = Log::empty(&draft.conversation);
        let log = self.log(&draft.conversation).unwrap_or(&empty);
        let author = draft.from.person;
        let known = |entry: &&Entry| draft.nonce.is_some() && (entry.nonce, entry.from.person) == (draft.nonce, author);
        if let Some(before) = log.there().iter().find(known) {
            return match before.what == draft.what {
                true => Written::Entry { entry: log.as_it_stands(before).into(), fresh: false },
                false => Written::Refused(AppendRefusal::NonceConflict),
            };
        }
        if let Some(refusal) = log.refusal(draft) {
            return Written::Refused(refusal);
        }
        let mentions = match &draft.what {
            What::Said { .. } => draft.mentions.clone(),
            What::Deleted { of } => log.said(*of).map(|said| said.mentions.clone()).unwrap_or_default(),
            _ => Vec::new(),
        };
        let log = self.make(&draft.conversation);
        let entry = Entry {
            conversation: draft.conversation.clone(),
            to: draft.to.clone(),
            seq: Seq(log.head() + 1),
            at: draft.at,
            from: draft.from.clone(),
            what: draft.what.clone(),
            nonce: draft.nonce,
            mentions,
        };
        log.ever.push(entry.clone());
        Written::Entry { entry: entry.into(), fresh: true }
    }

    fn keep(&mut self, fact: &Fact) {
        match fact {
            Fact::Claimed { person, name, key, .. } => {
                self.free(name);
                let (name, keys) = (name.clone(), vec![*key]);
                let (reserved, rooms, role) = (Vec::new(), Vec::new(), Role::Member);
                let fact =
                    PersonFacts { person: *person, name, keys, reserved, rooms, role, memos: Vec::new(), bot: false };
                self.people.insert(*person, fact);
            }
            Fact::KeyAdded { person, key } => {
                let owned = self.people.values().any(|known| known.keys.contains(key));
                if let Some(known) = self.people.get_mut(person).filter(|_| !owned) {
                    known.keys.push(*key);
                    known.keys.sort();
                }
            }
            Fact::Bot { person, bot } => {
                if let Some(known) = self.people.get_mut(person) {
                    known.bot = *bot;
                }
            }
            Fact::KeyRemoved { key } => {
                self.people.values_mut().for_each(|known| known.keys.retain(|one| one != key));
            }
            Fact::Renamed { person, name, reserved_until } => {
                self.free(name);
                let Some(known) = self.people.get_mut(person) else { return };
                let was = std::mem::replace(&mut known.name, name.clone());
                if was != *name {
                    known.reserved.push((was, *reserved_until));
                }
            }
            Fact::RoomMade { room, .. } => self.make(&Conversation::Room(room.clone())).gone = false,
            Fact::RoomForgotten { room } => self.forget(room),
            Fact::Joined { person, room } => {
                let conversation = Conversation::Room(room.clone());
                let log = self.make(&conversation);
                log.gone = false;
                let (head, conversation) = (log.head(), log.conversation.clone());
                if let (Some(known), Conversation::Room(room)) = (self.people.get_mut(person), &conversation)
                    && !known.rooms.contains(room)
                {
                    known.rooms.push(room.clone());
                }
                if self.read(*person, &conversation).is_none() {
                    self.reads.push((*person, conversation, head));
                }
            }
            Fact::Left { person, room } => {
                if let Some(known) = self.people.get_mut(person) {
                    known.rooms.retain(|one| one != room);
                }
            }
            Fact::Read { person, conversation, seq } => {
                if let Some(log) = self.log(conversation) {
                    let seq = seq.0.min(log.head());
                    self.reads.push((*person, conversation.clone(), seq));
                }
            }
            fact => self.order(fact),
        }
    }

    fn order(&mut self, fact: &Fact) {
        let there = |model: &Model, room: &Option<RoomName>| match room {
            None => true,
            Some(room) => model.log(&Conversation::Room(room.clone())).is_some(),
        };
        match fact {
            Fact::Role { person, room: None, role } => {
                if let Some(known) = self.people.get_mut(person) {
                    known.role = *role;
                }
            }
            Fact::Role { person, room: Some(room), role } => {
                if let Some(rights) = self.rights(room) {
                    rights.operators.retain(|one| one != person);
                    rights.operators.extend(Some(*person).filter(|_| *role >= Role::Operator));
                }
            }
            Fact::Sentenced(sentence) if there(self, &sentence.room) => {
                self.pardon(sentence.penalty, &sentence.room, &sentence.subject);
                self.sentences.push(sentence.clone());
            }
            Fact::Pardoned { penalty, room, subject } => self.pardon(*penalty, room, subject),
            Fact::RoomSet { room, settings, password } => {
                if let Some(rights) = self.rights(room) {
                    rights.settings = RoomSettings { password: password.is_some(), ..*settings };
                    rights.password = password.clone();
                }
            }
            Fact::RoomInvited { room, person } | Fact::RoomUninvited { room, person } => {
                if let Some(rights) = self.rights(room) {
                    rights.invited.retain(|one| one != person);
                    rights.invited.extend(Some(*person).filter(|_| matches!(fact, Fact::RoomInvited { .. })));
                }
            }
            Fact::RoomDeleted { room } => self.delete_room(room),
            Fact::Recorded(record) => self.record.push(record.clone()),
            Fact::Invited(kept) => {
                self.invitations.insert(kept.invitation.number, kept.clone());
            }
            Fact::Hooked(kept) => {
                self.hooks.insert(kept.hook.number, kept.clone());
            }
            Fact::Unhooked(number) => {
                self.hooks.remove(number);
            }
            Fact::Uninvited(number) => {
                self.invitations.remove(number);
            }
            Fact::Memo { person, memo } => {
                if let Some(known) = self.people.get_mut(person) {
                    known.memos.retain(|one| one.name != memo.name);
                    known.memos.extend(Some(memo.clone()).filter(|memo| !memo.text.is_blank()));
                    known.memos.sort_by(|a, b| a.name.cmp(&b.name));
                }
            }
            _ => {}
        }
    }

    fn rights(&mut self, room: &RoomName) -> Option<&mut Rights> {
        let conversation = Conversation::Room(room.clone());
        self.logs.iter_mut().find(|log| log.conversation == conversation).map(|log| &mut log.rights)
    }

    fn pardon(&mut self, penalty: Penalty, room: &Option<RoomName>, subject: &Subject) {
        self.sentences.retain(|one| (one.penalty, &one.room, &one.subject) != (penalty, room, subject));
    }

    fn delete_room(&mut self, room: &RoomName) {
        let conversation = Conversation::Room(room.clone());
        let Some(log) = self.logs.iter_mut().find(|log| log.conversation == conversation) else { return };
        (log.dropped, log.began, log.gone) = (log.ever.len(), log.ever.len(), true);
        log.rights = Rights::default();
        self.leave_all(&conversation, room);
    }

    fn leave_all(&mut self, conversation: &Conversation, room: &RoomName) {
        self.reads.retain(|(_, of, _)| of != conversation);
        self.sentences.retain(|one| one.room.as_ref() != Some(room));
        for known in self.people.values_mut() {
            known.rooms.retain(|one| one != room);
        }
    }

    fn forget(&mut self, room: &RoomName) {
        let conversation = Conversation::Room(room.clone());
        match self.log(&conversation) {
            Some(log) if !log.there().is_empty() => return,
            Some(log) if log.head() > 0 => return self.delete_room(room),
            _ => {}
        }
        self.logs.retain(|log| log.conversation != conversation);
        self.leave_all(&conversation, room);
    }

    fn free(&mut self, name: &crate::protocol::names::Nick) {
        for known in self.people.values_mut() {
            known.reserved.retain(|(one, _)| one != name);
        }
    }

    fn read(&self, person: PersonId, of: &Conversation) -> Option<u64> {
        self.reads.iter().filter(|(by, what, _)| *by == person && what == of).map(|(.., seq)| *seq).max()
    }

    fn standing(&self, person: PersonId, conversation: &Conversation, from: ReadFrom) -> Standing {
        let empty = Log::empty(conversation);
        let log = self.log(conversation).unwrap_or(&empty);
        let direct = matches!(conversation, Conversation::Direct(_));
        let read = match from {
            ReadFrom::Kept => self.read(person, conversation).unwrap_or(if direct { 0 } else { log.head() }),
            ReadFrom::At(seq) => seq.0.min(log.head()),
            ReadFrom::Head => log.head(),
        };
        let news = |entry: &&Entry| {
            matches!(entry.what, What::Said { .. })
                && entry.seq.0 > read
                && entry.from.person != person
                && !log.deleted(entry.seq)
        };
        let count = |n: usize| (n as u32).min(COUNT_LIMIT);
        let unread = log.there().iter().filter(news).count();
        let mentions =
            log.there().iter().filter(news).filter(|entry| direct || entry.mentions.contains(&person)).count();
        Standing {
            conversation: conversation.clone(),
            oldest: Seq(log.oldest()),
            head: Seq(log.head()),
            read: Seq(read),
            unread: count(unread),
            mentions: count(mentions),
            topic: log.topic(),
        }
    }
}

impl Store for Model {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn facts(&mut self) -> Result<Facts, StoreError> {
        let mut facts = Facts { people: self.people.values().cloned().collect(), ..Facts::default() };
        for log in self.logs.iter().filter(|log| !log.gone) {
            match &log.conversation {
                Conversation::Room(room) => {
                    let Rights { settings, password, operators, invited } = log.rights.clone();
                    let (room, topic, head) = (room.clone(), log.topic(), Seq(log.head()));
                    facts.rooms.push(RoomFacts { room, topic, head, settings, password, operators, invited });
                }
                Conversation::Direct(pair) => facts.directs.push(pair.both()),
            }
        }
        facts.rooms.sort_by(|a, b| a.room.cmp(&b.room));
        // A room is called as its maker wrote it, and what is about one that is not there is about nothing.
        let spelled = |one: &Sentence| match &one.room {
            None => Some(one.clone()),
            Some(room) => {
                let known = facts.rooms.iter().find(|known| known.room == *room)?;
                Some(Sentence { room: Some(known.room.clone()), ..one.clone() })
            }
        };
        facts.sentences = self.sentences.iter().filter_map(spelled).collect();
        facts.invitations = self.invitations.values().cloned().collect();
        facts.hooks = self.hooks.values().cloned().collect();
        Ok(facts)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, StoreError> {
        let keep = |write: &Write| match write {
            Write::Append(draft) => self.append(draft),
            Write::Facts(facts) => {
                facts.iter().for_each(|fact| self.keep(fact));
                Written::Facts
            }
        };
        Ok(writes.iter().map(keep).collect())
    }

    fn standings(&mut self, person: PersonId, of: &[(Conversation, ReadFrom)]) -> Result<Vec<Standing>, StoreError> {
        Ok(of.iter().map(|(conversation, from)| self.standing(person, conversation, *from)).collect())
    }

    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError> {
        let empty = Log::empty(&ask.conversation);
        let log = self.log(&ask.conversation).unwrap_or(&empty);
        let before = match ask.end {
            PageEnd::Newest => log.head() + 1,
            PageEnd::Before(seq) => seq.0.min(log.head() + 1),
            PageEnd::Around(at) => (log.seq_at(at) + u64::from(ask.limit / 2).max(1)).min(log.head() + 1),
        };
        let before = before.max(log.oldest());
        let from = before.saturating_sub(u64::from(ask.limit.max(1))).max(log.oldest());
        let within = log.there().iter().filter(|entry| (from..before).contains(&entry.seq.0));
        let changed: std::collections::BTreeSet<Seq> =
            within.clone().filter_map(|entry| entry.what.of()).filter(|of| of.0 < from).collect();
        let changed = log.there().iter().filter(|entry| changed.contains(&entry.seq));
        Ok(Page {
            conversation: ask.conversation.clone(),
            from: Seq(from),
            before: Seq(before),
            oldest: Seq(log.oldest()),
            entries: within.filter_map(|entry| log.shown(entry, ask.asker)).collect(),
            changed: changed.filter_map(|entry| log.shown(entry, ask.asker)).collect(),
        })
    }

    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError> {
        let mut found = Found::default();
        for conversation in &ask.of {
            let Some(log) = self.log(conversation) else { continue };
            let from = ask.query.after.map_or(1, |at| log.seq_at(at));
            let before = ask.query.before.map_or(u64::MAX, |at| log.seq_at(at));
            let within = log.there().iter().rev().filter(|entry| (from..before).contains(&entry.seq.0));
            let shown = within.filter_map(|entry| log.shown(entry, ask.asker));
            let fitting = shown.filter(|shown| ask.query.in_shown(shown, ask.asker, ask.author));
            found.hits.extend(fitting.map(|shown| Hit { conversation: conversation.clone(), shown }));
        }
        found.hits.sort_by_key(|hit| std::cmp::Reverse(hit.shown.at));
        let most = ask.limit.max(1) as usize;
        found.more = found.hits.len() > most;
        found.hits.truncate(most);
        Ok(found)
    }

    fn audit(&mut self, limit: u32) -> Result<Vec<Record>, StoreError> {
        let skipped = self.record.len().saturating_sub(limit as usize);
        Ok(self.record[skipped..].to_vec())
    }

    fn reader(&self) -> Result<Option<Box<dyn Reader>>, StoreError> {
        Ok(None)
    }

    fn retain(&mut self, bounds: &Retention, now: Timestamp) -> Result<bool, StoreError> {
        for log in &mut self.logs {
            if bounds.max_days > 0 {
                let before = now.0 - bounds.max_days as i64 * DAY;
                log.dropped += log.there().iter().take_while(|entry| entry.at.0 < before).count();
            }
            if bounds.max_entries > 0 {
                log.dropped = log.dropped.max(log.ever.len().saturating_sub(bounds.max_entries as usize));
            }
        }
        Ok(false)
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
