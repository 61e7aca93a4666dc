//! The stage of the stories: the hub, a store that keeps everything in lists, and screens that write down what they hear.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::hub::calls::{Call, Reply};
use crate::hub::limits::Rates;
use crate::hub::{Desk, Effect, Failure, Hub, Input, Now, Rules, SessionId};
use crate::protocol::admin::Line;
use crate::protocol::command::{Command, Cursor, PageEnd, Tag};
use crate::protocol::dialect::{Codec, DecodeLimits, Decoded, Dialect};
use crate::protocol::entry::{
    Conversation, Entry, Epoch, Nonce, Page, PersonId, Seq, Shown, ShownWhat, Standing, Timestamp, What,
};
use crate::protocol::event::{Bounds, CloseCode, Event, Member, Place};
use crate::protocol::fact::{AppendRefusal, Draft, Fact, Facts, ReadFrom};
use crate::protocol::memo::Memo;
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::Proof;
use crate::protocol::rights::{self, Change, Deed, Order, Record};
use crate::protocol::search::{Found, Hit};
use crate::protocol::secret::{Password, PasswordHash, Token};
use crate::protocol::text::Text;

pub const HOST: &str = "localhost:8080";
pub const LOBBY: &str = "#lobby";
/// What makes an owner in a story.
pub const OWNERS: &str = "owners-ticket";

/// One connection, and what it heard.
pub struct Screen {
    pub dialect: Dialect,
    codec: Box<dyn Codec>,
    /// What it heard since it was last looked at.
    pub heard: Vec<String>,
    /// Seqs of Said it heard live, by conversation name.
    pub seqs: Vec<(String, u64)>,
    pub person: Option<PersonId>,
    pub closed: Option<CloseCode>,
    pub asked: usize,
    pub answered: usize,
    pub places: Vec<Place>,
    left: Vec<Target>,
}

pub struct World {
    pub hub: Hub,
    pub up: Duration,
    pub screens: Vec<Screen>,
    /// What the store was asked and has not answered.
    jobs: VecDeque<Effect>,
    /// Whether the store answers only when it is told to.
    pub late: bool,
    /// Whether the store has no room.
    pub full: bool,
    /// Whether connections need no invitation.
    pub free: bool,
    logs: HashMap<Conversation, Vec<Entry>>,
    reads: HashMap<(PersonId, Conversation), Seq>,
    /// The record, as it was kept.
    pub record: Vec<Record>,
    /// Answers to whoever has the folder.
    pub reports: Vec<(Desk, Vec<Line>)>,
    /// Answers over HTTP.
    pub replies: Vec<(Call, Reply)>,
    /// All other facts that were kept.
    pub facts: Vec<Fact>,
    /// Every answer as it looks on the wire, for whom it is to be compared.
    pub wire: Vec<(usize, String)>,
}

pub fn rules() -> Rules {
    Rules {
        server: Text::clean("host"),
        default_room: RoomName::parse("lobby").expect("a room"),
        ephemeral: false,
        bounds: Bounds { frame_bytes: 65536, text_bytes: 200, page_entries: 100, unanswered: 32 },
        sessions_per_person: 8,
        rooms: 6,
        rooms_per_person: 4,
        people: 100,
        enter_tries: 3,
        bad_frames: 3,
        crowd: 0,
        topic_bytes: 100,
        linger: Duration::from_secs(5),
        enter_within: Duration::from_secs(5),
        name_reserved: Duration::from_secs(30 * 86_400),
        site: Default::default(),
        seed: [7; 32],
        owner_ticket: Token::parse(OWNERS),
        rates: Rates::default(),
    }
}

pub fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a story's name")
}

pub fn to(target: &str) -> Target {
    Target::parse(target).expect("a story's target")
}

pub fn room(name: &str) -> RoomName {
    RoomName::parse(name.trim_start_matches('#')).expect("a story's room")
}

pub fn nonce(n: u128) -> Nonce {
    Nonce(n.to_le_bytes())
}

impl World {
    pub fn new() -> World {
        World::with(rules())
    }

    pub fn with(rules: Rules) -> World {
        World {
            hub: Hub::new(rules, Epoch([1; 16]), Facts::default()),
            up: Duration::ZERO,
            screens: Vec::new(),
            jobs: VecDeque::new(),
            late: false,
            full: false,
            free: true,
            logs: HashMap::new(),
            reads: HashMap::new(),
            record: Vec::new(),
            reports: Vec::new(),
            replies: Vec::new(),
            facts: Vec::new(),
            wire: Vec::new(),
        }
    }

    pub fn input(&mut self, input: Input) {
        let wall = Timestamp(1_000 + self.up.as_millis() as i64);
        let effects = self.hub.handle(Now { up: self.up, wall }, input);
        for effect in effects {
            self.perform(effect);
        }
        while !self.late && self.answer() {}
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send { to, except, event } => {
                for session in to.iter().filter(|session| Some(**session) != except) {
                    self.hears(*session, &event);
                }
            }
            Effect::Tell { session, event, .. } => self.hears(session, &event),
            Effect::Answered { session } => self.screens[session.0 as usize].answered += 1,
            Effect::Close { session, code, .. } => {
                self.screens[session.0 as usize].closed = Some(code);
                self.input(Input::Closed { session });
            }
            Effect::Reply { call, reply } => self.replies.push((call, reply)),
            Effect::Report { desk, lines } => self.reports.push((desk, lines)),
            job => self.jobs.push_back(job),
        }
    }

    fn hears(&mut self, session: SessionId, event: &Event) {
        let frame = crate::protocol::dialect::v1::encode(event, None);
        self.wire.push((session.0 as usize, String::from_utf8(frame).expect("JSON is text")));
        let screen = &mut self.screens[session.0 as usize];
        assert!(screen.closed.is_none(), "a closed connection is told {event:?}");
        if let Event::Entry(entry) = event
            && matches!(entry.what, What::Said { .. })
        {
            // What one said is answered to oneself, also after leaving, and also when the mark is beyond it.
            let left = screen.left.contains(&entry.to);
            assert!(!left || screen.person == Some(entry.from.person), "who left hears {entry:?}");
            let mark = screen.places.iter().rev().find(|place| place.to == entry.to).map(|place| place.standing.head);
            let own = screen.person == Some(entry.from.person);
            let answer = own && mark.is_some_and(|mark| entry.seq <= mark);
            if !left && !answer {
                screen.seqs.push((entry.to.to_string(), entry.seq.0));
            }
        }
        match event {
            Event::Welcome(welcome) => screen.person = Some(welcome.you.person),
            Event::Resumed { places } => screen.places = places.clone(),
            Event::Joined { place } => {
                screen.left.retain(|left| *left != place.to);
                screen.places.push(place.clone());
            }
            Event::Left { room } => screen.left.push(Target::Room(room.clone())),
            _ => {}
        }
        match screen.dialect {
            Dialect::V1 => screen.heard.push(told(event)),
            Dialect::Plain => {
                let Some(frame) = Dialect::Plain.encode(event, None) else { return };
                let skip = match frame[1] {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                };
                screen.heard.push(String::from_utf8_lossy(&frame[skip..]).into_owned());
            }
        }
    }

    /// Lets the store answer the oldest question; `false` when there is none.
    pub fn answer(&mut self) -> bool {
        self.turn(1)
    }

    /// A turn of the keeper: of so many questions all that is to be kept is kept first, then what is to be read is read,
    /// and then all are answered in the order they were asked. `false` when there are none.
    pub fn turn(&mut self, most: usize) -> bool {
        let taken: Vec<Effect> = self.jobs.drain(..most.min(self.jobs.len())).collect();
        let kept: Vec<Option<Input>> = taken.iter().map(|job| self.kept(job.clone())).collect();
        let answers: Vec<Input> =
            kept.into_iter().zip(&taken).filter_map(|(kept, job)| kept.or_else(|| self.read(job.clone()))).collect();
        let late = std::mem::replace(&mut self.late, true);
        for answer in answers {
            self.input(answer);
        }
        self.late = late;
        !taken.is_empty()
    }

    /// Takes the oldest question out: its answer comes later than those of others.
    pub fn hold(&mut self) -> Effect {
        self.jobs.pop_front().expect("something was asked")
    }

    /// Asks it again.
    pub fn release(&mut self, job: Effect) {
        self.jobs.push_back(job);
    }

    fn kept(&mut self, job: Effect) -> Option<Input> {
        Some(match job {
            Effect::Append { ticket, .. } | Effect::Keep { ticket, .. } if self.full => {
                Input::Failed { ticket, why: Failure::Full }
            }
            Effect::Append { ticket, draft } => match self.append(draft) {
                Ok((entry, fresh)) => Input::Stored { ticket, entry: Arc::new(entry), fresh },
                Err(why) => Input::Failed { ticket, why: Failure::Refused(why) },
            },
            Effect::Keep { ticket, facts } => {
                for fact in facts {
                    self.keep(fact);
                }
                Input::Kept { ticket }
            }
            _ => return None,
        })
    }

    fn read(&self, job: Effect) -> Option<Input> {
        Some(match job {
            Effect::Load { ticket, person, of } => {
                let standings = of.into_iter().map(|(conversation, from)| self.stands(person, conversation, from));
                Input::Loaded { ticket, standings: standings.collect() }
            }
            Effect::Page { ticket, conversation, end, limit, .. } => {
                let before = match end {
                    PageEnd::Newest => None,
                    PageEnd::Before(seq) => Some(seq),
                    PageEnd::Around(_) => return None,
                };
                Input::Paged { ticket, page: self.page(conversation, before, limit) }
            }
            Effect::Check { ticket, password, hash } => Input::Checked { ticket, right: hash == hashed(&password) },
            Effect::Hash { ticket, password } => Input::Hashed { ticket, hash: hashed(&password) },
            Effect::Audit { ticket, limit } => {
                let lines = self.record[self.record.len().saturating_sub(limit as usize)..].to_vec();
                Input::Audited { ticket, lines }
            }
            Effect::Search { ticket, of, query, author, limit, asker } => {
                let mut found = Found::default();
                for conversation in of {
                    let page = self.page(conversation.clone(), None, u32::MAX);
                    let fits = page.entries.into_iter().rev().filter(|shown| query.in_shown(shown, asker, author));
                    found.hits.extend(fits.map(|shown| Hit { conversation: conversation.clone(), shown }));
                }
                found.more = found.hits.len() > limit as usize;
                found.hits.truncate(limit as usize);
                Input::Found { ticket, found }
            }
            _ => return None,
        })
    }

    fn append(&mut self, draft: Draft) -> Result<(Entry, bool), AppendRefusal> {
        let log = self.logs.entry(draft.conversation.clone()).or_default();
        let known = |entry: &&Entry| {
            draft.nonce.is_some() && entry.nonce == draft.nonce && entry.from.person == draft.from.person
        };
        if let Some(entry) = log.iter().find(known) {
            return if entry.what == draft.what {
                Ok((entry.clone(), false))
            } else {
                Err(AppendRefusal::NonceConflict)
            };
        }
        if let Some(of) = draft.what.of() {
            let said = log.iter().find(|entry| entry.seq == of).ok_or(AppendRefusal::NoSuchEntry)?;
            let changes = matches!(draft.what, What::Edited { .. } | What::Deleted { .. });
            if changes && said.from.person != draft.from.person {
                return Err(AppendRefusal::NotYours);
            }
            if log.iter().any(|entry| entry.what == What::Deleted { of }) {
                return Err(AppendRefusal::Deleted);
            }
        }
        let Draft { conversation, to, at, from, what, nonce, mentions } = draft;
        let seq = Seq(log.len() as u64 + 1);
        log.push(Entry { conversation, to, seq, at, from, what, nonce, mentions });
        Ok((log[log.len() - 1].clone(), true))
    }

    fn head(&self, conversation: &Conversation) -> Seq {
        Seq(self.logs.get(conversation).map_or(0, |log| log.len() as u64))
    }

    fn keep(&mut self, fact: Fact) {
        match fact {
            Fact::Joined { person, room } => {
                let conversation = Conversation::Room(room);
                let head = self.head(&conversation);
                self.reads.entry((person, conversation)).or_insert(head);
            }
            Fact::Read { person, conversation, seq } => {
                let head = self.head(&conversation);
                let read = self.reads.entry((person, conversation)).or_insert(Seq::ZERO);
                *read = (*read).max(seq.min(head));
            }
            Fact::Recorded(line) => self.record.push(line),
            fact => self.facts.push(fact),
        }
    }

    fn stands(&self, person: PersonId, conversation: Conversation, from: ReadFrom) -> Standing {
        let head = self.head(&conversation);
        let read = match from {
            ReadFrom::At(seq) => seq,
            ReadFrom::Head => head,
            ReadFrom::Kept => self.reads.get(&(person, conversation.clone())).copied().unwrap_or(match &conversation {
                Conversation::Direct(_) => Seq::ZERO,
                Conversation::Room(_) => head,
            }),
        };
        let log = self.logs.get(&conversation).map(Vec::as_slice).unwrap_or_default();
        let gone = |seq: Seq| log.iter().any(|entry| entry.what == What::Deleted { of: seq });
        let unread: Vec<&Entry> = log
            .iter()
            .filter(|e| matches!(e.what, What::Said { .. }) && e.seq > read && e.from.person != person && !gone(e.seq))
            .collect();
        let direct = matches!(conversation, Conversation::Direct(_));
        let mentions = unread.iter().filter(|entry| direct || entry.mentions.contains(&person)).count() as u32;
        let topic = log.iter().rev().find_map(|entry| match &entry.what {
            What::Topic { text } => Some(text.clone()),
            _ => None,
        });
        let (unread, topic) = (unread.len() as u32, topic.unwrap_or_else(|| Text::clean("")));
        Standing { conversation, oldest: Seq(1), head, read, unread, mentions, topic }
    }

    fn page(&self, conversation: Conversation, before: Option<Seq>, limit: u32) -> Page {
        let before = before.unwrap_or(self.head(&conversation).next());
        let log = self.logs.get(&conversation).map(Vec::as_slice).unwrap_or_default();
        let from = Seq(before.0.saturating_sub(u64::from(limit)).max(1));
        let entries = log.iter().filter(|entry| entry.seq >= from && entry.seq < before);
        let entries = entries.filter_map(|entry| match &entry.what {
            What::Said { text, me, reply_to } => Some(Shown {
                seq: entry.seq,
                at: entry.at,
                from: entry.from.clone(),
                nonce: entry.nonce,
                rev: entry.seq,
                mentions: entry.mentions.clone(),
                what: ShownWhat::Said {
                    text: Some(text.clone()),
                    me: *me,
                    reply_to: *reply_to,
                    edited: false,
                    reactions: Vec::new(),
                },
            }),
            _ => None,
        });
        let entries = entries.collect();
        Page { conversation: conversation.clone(), from, before, oldest: Seq(1), entries, changed: Vec::new() }
    }

    /// A connection that has said nothing yet.
    pub fn opened(&mut self, dialect: Dialect) -> usize {
        self.opened_from(dialect, None)
    }

    /// The same, from there.
    pub fn opened_from(&mut self, dialect: Dialect, address: Option<std::net::IpAddr>) -> usize {
        let at = self.screens.len();
        let limits = DecodeLimits { text_bytes: 200, topic_bytes: 100, page_entries: 100 };
        self.screens.push(Screen {
            dialect,
            codec: dialect.codec(limits),
            heard: Vec::new(),
            seqs: Vec::new(),
            person: None,
            closed: None,
            asked: 0,
            answered: 0,
            places: Vec::new(),
            left: Vec::new(),
        });
        let mut luck = [(at as u8).wrapping_add(1); 24];
        if at > 254 {
            // No two alike, however many come.
            luck[..8].copy_from_slice(&(at as u64).to_be_bytes());
        }
        let session = SessionId(at as u64);
        let (authority, challenge) = (HOST.into(), [at as u8; 32]);
        self.input(Input::Opened { session, dialect, authority, challenge, address, free: self.free, luck });
        at
    }

    pub fn ask(&mut self, at: usize, command: Command) {
        self.screens[at].asked += 1;
        let tag = Tag::Id(self.screens[at].asked as u64);
        self.input(Input::Received { session: SessionId(at as u64), tag, command });
    }

    /// Enters with the key of this name (or another's, when it is given).
    pub fn enters(&mut self, at: usize, name: &str, key_of: Option<&str>) {
        let proof = key_of.map(|owner| Proof::sign(&secret(owner), HOST, &[at as u8; 32]));
        self.ask(at, Command::Enter { name: Some(nick(name)), proof, client: None, invite: None, bot: None });
    }

    /// A screen of the host's owner.
    pub fn owner(&mut self, name: &str) -> usize {
        let at = self.opened(Dialect::V1);
        let proof = Some(Proof::sign(&secret(name), HOST, &[at as u8; 32]));
        let invite = Token::parse(OWNERS);
        self.ask(at, Command::Enter { name: Some(nick(name)), proof, client: None, invite, bot: None });
        self.resumes(at, Vec::new());
        self.screens[at].heard.clear();
        at
    }

    /// A guest of this name from there, who hears live.
    pub fn guest_from(&mut self, name: &str, address: Option<&str>) -> usize {
        let at = self.opened_from(Dialect::V1, address.map(|address| address.parse().expect("an address")));
        self.enters(at, name, None);
        if self.screens[at].closed.is_none() {
            self.resumes(at, Vec::new());
        }
        at
    }

    /// Does something to somebody.
    pub fn orders(&mut self, at: usize, place: Option<&str>, deed: Deed, name: &str, secs: Option<u64>) {
        let (time, why) = (secs.map(Duration::from_secs), Text::clean(""));
        self.ask(at, Command::Moderate(Order { deed, room: place.map(room), name: nick(name), time, why }));
    }

    pub fn sets(&mut self, at: usize, name: &str, change: Change) {
        self.ask(at, Command::RoomSet { room: room(name), change });
    }

    /// A screen of somebody with a key, who hears live.
    pub fn keyed(&mut self, name: &str) -> usize {
        let at = self.opened(Dialect::V1);
        self.enters(at, name, Some(name));
        self.resumes(at, Vec::new());
        self.screens[at].heard.clear();
        at
    }

    pub fn resumes(&mut self, at: usize, cursors: Vec<Cursor>) {
        self.ask(at, Command::Resume { cursors });
    }

    /// A frame of a raw client, as it stands.
    pub fn types(&mut self, at: usize, frame: &str) {
        let session = SessionId(at as u64);
        for decoded in self.screens[at].codec.decode(frame) {
            match decoded {
                Decoded::Command(tag, command) => self.input(Input::Received { session, tag, command }),
                Decoded::Refused(tag, refusal) => {
                    self.input(Input::Unreadable { session, tag, refusal, garbage: false });
                }
                Decoded::Garbage(refusal) => {
                    self.input(Input::Unreadable { session, tag: Tag::None, refusal, garbage: true });
                }
                Decoded::Answer(frames) => {
                    for frame in frames {
                        let skip = if frame[1] < 126 { 2 } else { 4 };
                        self.screens[at].heard.push(String::from_utf8_lossy(&frame[skip..]).into_owned());
                    }
                }
            }
        }
    }

    pub fn says(&mut self, at: usize, target: &str, text: &str) {
        self.says_with(at, target, text, None);
    }

    pub fn says_with(&mut self, at: usize, target: &str, text: &str, nonce: Option<Nonce>) {
        let text = Text::clean(text);
        self.ask(at, Command::Say { to: to(target), text, me: false, reply_to: None, nonce });
    }

    pub fn joins(&mut self, at: usize, name: &str) {
        self.ask(at, Command::Join { room: room(name), password: None });
    }

    /// The wire is cut.
    pub fn cut(&mut self, at: usize) {
        if self.screens[at].closed.is_none() {
            self.screens[at].closed = Some(CloseCode::Bye);
            self.input(Input::Closed { session: SessionId(at as u64) });
        }
    }

    pub fn passes(&mut self, time: Duration) {
        let end = self.up + time;
        while let Some(at) = self.hub.wake_at().filter(|at| *at <= end) {
            self.up = at;
            self.input(Input::Woke);
        }
        self.up = end;
    }

    /// What was heard since the last look.
    pub fn heard(&mut self, at: usize) -> Vec<String> {
        std::mem::take(&mut self.screens[at].heard)
    }

    pub fn forget_all(&mut self) {
        self.screens.iter_mut().for_each(|screen| screen.heard.clear());
    }
}

fn hashed(password: &Password) -> PasswordHash {
    PasswordHash::parse(&format!("$test${}", password.as_str())).expect("a hash of a story")
}

pub fn secret(name: &str) -> [u8; 32] {
    let mut secret = [7; 32];
    for (byte, c) in secret.iter_mut().zip(name.bytes()) {
        *byte ^= c;
    }
    secret
}

/// An event in short.
fn told(event: &Event) -> String {
    let stands = |place: &Place| {
        let standing = &place.standing;
        let reset = if place.reset { " reset" } else { "" };
        format!("{} {}/{}{reset}", place.to, standing.unread, standing.head.0)
    };
    let all = |places: &[Place]| places.iter().map(stands).collect::<Vec<_>>().join(", ");
    match event {
        Event::Hello(_) => "hello".into(),
        Event::Welcome(welcome) => format!("welcome {}: {}", welcome.you.name, all(&welcome.places)),
        Event::Refused(refusal) => {
            let tries: Vec<String> = refusal.try_names.iter().map(ToString::to_string).collect();
            format!("! {} {}", refusal.code.as_str(), tries.join(" ")).trim_end().to_owned()
        }
        Event::Memos(all) => {
            let memo = |memo: &Memo| format!("{}={}", memo.name.as_str(), memo.text.as_str());
            format!("memos {}", all.iter().map(memo).collect::<Vec<_>>().join(", ")).trim_end().to_owned()
        }
        Event::Joined { place } => format!("joined {}", stands(place)),
        Event::Left { room } => format!("left {room}"),
        Event::Entry(entry) => {
            let guest = if entry.from.guest { "~" } else { "" };
            let what = match &entry.what {
                What::Said { text, me: false, .. } => format!(": {}", text.as_str()),
                What::Said { text, .. } => format!(" {}", text.as_str()),
                What::Edited { of, text } => format!(" edits {}: {}", of.0, text.as_str()),
                What::Deleted { of } => format!(" deletes {}", of.0),
                What::Reacted { of, emoji } => format!(" reacts {} to {}", emoji.as_str(), of.0),
                What::Unreacted { of, emoji } => format!(" takes {} from {}", emoji.as_str(), of.0),
                What::Topic { text } => format!(" sets topic {}", text.as_str()),
            };
            let marks =
                if entry.mentions.is_empty() { String::new() } else { format!(" (means {})", entry.mentions.len()) };
            format!("{} {} {guest}{}{what}{marks}", entry.to, entry.seq.0, entry.from.name)
        }
        Event::Skipped { seq, .. } => format!("skipped {}", seq.0),
        Event::Resumed { places } => format!("resumed {}", all(places)),
        Event::Invitation { invitation, link, .. } => format!("invitation {}: {link}", invitation.number),
        Event::DeviceLink { link, .. } => format!("device {link}"),
        Event::Devices(all) => {
            let one = |device: &crate::protocol::event::Device| {
                format!(
                    "{}{}{}",
                    device.number,
                    if device.own { "*" } else { "" },
                    if device.screens > 0 { " here" } else { "" }
                )
            };
            format!("devices {}", all.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Event::Hook { hook, link } => format!("hook {} {} {}: {link}", hook.number, hook.room, hook.name),
        Event::Hooks(all) => {
            let one = |hook: &crate::protocol::hook::Hook| format!("{} {}", hook.number, hook.name);
            format!("hooks {}", all.iter().map(one).collect::<Vec<_>>().join(", ")).trim_end().to_owned()
        }
        Event::Invitations(all) => format!("invitations {}", all.len()),
        Event::Page { to, page } => format!("page {to} {}..{} ({})", page.from.0, page.before.0, page.entries.len()),
        Event::Read { to, seq, unread, mentions } => format!("read {to} {}: {unread} {mentions}", seq.0),
        Event::Rooms { rooms, .. } => {
            let rooms: Vec<String> = rooms.iter().map(|info| format!("{} {}", info.room, info.members)).collect();
            format!("rooms {}", rooms.join(", "))
        }
        Event::Members { people, .. } => {
            let state = |m: &Member| match (m.online, m.away, m.seen) {
                (true, false, None) => String::new(),
                (true, true, None) => " dozing".to_owned(),
                (false, false, None) => " away".to_owned(),
                (false, false, Some(at)) => format!(" away since {}", at.0),
                odd => panic!("{odd:?}"),
            };
            let people: Vec<String> = people.iter().map(|m| format!("{}{}", m.who.name, state(m))).collect();
            format!("people {}", people.join(", "))
        }
        Event::Moved { room, who, joined, .. } => {
            format!("* {} {} {room}", who.name, if *joined { "joined" } else { "left" })
        }
        Event::Crowd { room, members, online, singly } => {
            format!("{room} {online} of {members} here{}", if *singly { ", singly" } else { "" })
        }
        Event::Presence { who, online, away } => {
            let now = match (online, away) {
                (true, false) => "is here",
                (true, true) => "is away",
                (false, _) => "is gone",
            };
            format!("* {} {now}", who.name)
        }
        Event::Typing { to, who } => format!("{to} {} writes", who.name),
        Event::Found { hits, more } => {
            let hits = hits.iter().map(|(to, hit)| format!(" {to}:{}", hit.shown.seq));
            format!("found{}{}", hits.collect::<String>(), if *more { " and more" } else { "" })
        }
        Event::Renamed { who, was } => format!("* {was} is {}", who.name),
        Event::Moderated { deed, room, who, by, time, why } => {
            let place = room.as_ref().map_or_else(|| "the host".to_owned(), ToString::to_string);
            format!("* {}", rights::told(*deed, &place, &who.name, by.as_ref().map(|by| &by.name), *time, why))
        }
        Event::RoomSet { room, settings, .. } => format!("{room} is {}", rights::described(settings)),
        Event::RoomDeleted { room, .. } => format!("{room} is no more"),
        Event::Invited { room, by } => format!("{} invites to {room}", by.name),
        Event::Bans { room, bans, .. } => {
            let place = room.as_ref().map_or_else(|| "the host".to_owned(), RoomName::to_string);
            format!("bans of {place}: {}", bans.iter().map(rights::barred).collect::<Vec<_>>().join(", "))
        }
        Event::Audit { lines } => format!("record of {}", lines.len()),
        Event::Received { line } => format!("received {line}"),
        Event::Done => "done".into(),
    }
}
