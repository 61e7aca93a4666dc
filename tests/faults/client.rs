//! A device of a person: the library's own client (its mind, its wire, its outbox on disk) without a screen, which writes at
//! random, and logs what it wrote, was told and shows. What it does is drawn from a seed; when, is the wire's.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use wschat::client::backoff::Backoff;
use wschat::client::chat::{Ask, Chat, Delivery, Effect, Input, LinkEvent, Now, Status};
use wschat::client::keyring::Keyring;
use wschat::client::link::{self, Link, ToLink};
use wschat::client::outbox::{Outbox, Record};
use wschat::protocol::entry::{Conversation, Emoji, Entry, Nonce, Seq, Shown, ShownWhat, Timestamp, What};
use wschat::protocol::event::{Code, Event as Told, Place};
use wschat::protocol::names::{Nick, RoomName, Target};
use wschat::protocol::text::Text;

use crate::checker::{Body, Event, Key, Kind, Present};
use crate::seed::Chance;

/// Where a device is, and whose.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Device {
    pub person: String,
    pub number: usize,
    /// `host:port`; the host's, or a wire's to it.
    pub authority: String,
    /// Keys of the person, outbox of the device.
    pub dir: PathBuf,
    pub rooms: Vec<String>,
    /// With whom it has direct conversations.
    pub friends: Vec<String>,
    pub seed: u64,
    /// Which life this is.
    pub life: u64,
    /// Bytes of words beyond those that tell a line from all others.
    pub padding: u64,
    /// Lines on their way at once.
    pub window: usize,
    /// What it does besides saying something.
    pub changes: bool,
    /// After so long without an ack, or without a sign of life, it connects anew.
    pub patience: Duration,
}

impl Device {
    pub fn name(&self) -> String {
        format!("{}/{}", self.person, self.number)
    }
}

/// What a device is to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Write so many lines more.
    Write(u64),
    /// Write no more.
    Pause,
    /// Get all there is up to these heads on the screen.
    Gather(BTreeMap<String, u64>),
    /// It is over: tell what the screen shows.
    End,
}

/// How a device stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub online: bool,
    /// Lines without an ack.
    pub waiting: usize,
    pub written: u64,
    pub acked: u64,
    pub deferred: u64,
    pub cuts: u64,
    /// Times the host closed it as too slow a reader.
    pub slow: u64,
    /// People in its first room who are there, where they are counted and not named.
    pub there: u32,
    /// Lines heard, live.
    pub heard: u64,
    /// What was to be gathered is.
    pub whole: bool,
}

/// Where a device's log goes.
pub enum Sink {
    Memory(Vec<Event>),
    /// One write for each event: what a kill -9 comes after is in the file.
    File(File),
}

impl Sink {
    fn log(&mut self, event: Event) {
        match self {
            Sink::Memory(events) => events.push(event),
            Sink::File(file) => {
                let mut line = serde_json::to_vec(&event).expect("an event has a form");
                line.push(b'\n');
                file.write_all(&line).expect("the test's folder can be written");
            }
        }
    }
}

/// A nonce, as the checker knows it.
pub fn key(nonce: [u8; 16]) -> Key {
    let (a, b) = nonce.split_at(8);
    let half = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("it is half of sixteen"));
    (half(a), half(b))
}

/// A digest of words; the same in every process.
pub fn digest(words: &str) -> u64 {
    words.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn body(what: &What) -> Body {
    let of = what.of().map_or(0, |seq| seq.0);
    let (kind, text) = match what {
        What::Said { text, .. } => (Kind::Said, digest(text.as_str())),
        What::Edited { text, .. } => (Kind::Edited, digest(text.as_str())),
        What::Deleted { .. } => (Kind::Deleted, 0),
        What::Reacted { emoji, .. } => (Kind::Reacted, digest(emoji.as_str())),
        What::Unreacted { emoji, .. } => (Kind::Unreacted, digest(emoji.as_str())),
        What::Topic { text } => (Kind::Topic, digest(text.as_str())),
    };
    Body { kind, of, text }
}

fn present(shown: &Shown) -> Present {
    let (text, reactions) = match &shown.what {
        ShownWhat::Said { text, reactions, .. } => (text.as_ref(), reactions.as_slice()),
        ShownWhat::Topic { text } => (Some(text), &[][..]),
    };
    let reactions = reactions.iter().map(|reaction| (digest(reaction.emoji.as_str()), reaction.count)).collect();
    Present { seq: shown.seq.0, text: text.map(|text| digest(text.as_str())), reactions }
}

/// The two of a direct conversation, in one order for both.
fn pair(one: &str, other: &str) -> String {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    format!("@{first} @{second}")
}

/// A device that runs.
pub struct Client {
    device: Device,
    chat: Chat,
    outbox: Outbox,
    link: Link,
    backlog: VecDeque<ToLink>,
    sink: Sink,
    start: Instant,
    chance: Chance,
    left: u64,
    count: u64,
    /// This connection is live.
    resumed: bool,
    goal: Option<BTreeMap<String, u64>>,
    looked: Option<Target>,
    /// Lines of one's own that have no ack, and where they go.
    waiting: HashMap<Nonce, Target>,
    /// Lines one said, to be changed.
    said: VecDeque<(Target, Seq)>,
    view: View,
}

/// Lines of one's own that may be changed.
const SAID_KEPT: usize = 32;

impl Client {
    /// Starts it; its outbox is adopted from its lives before.
    pub fn new(device: Device, sink: Sink) -> Client {
        let mut chance = Chance::new(device.seed ^ device.life.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let nick = Nick::parse(&device.person).expect("the test's names are names");
        let keyring = Keyring::at(device.dir.join("keys"));
        let address = device.authority.parse().expect("the test's addresses are addresses");
        let luck = chance.roll(u64::MAX).to_le_bytes();
        let boxes = device.dir.join(format!("outbox-{}", device.number));
        // The host is one and the same through whichever wire: so is what waits for it.
        let outbox = Outbox::open(&boxes, "host", &nick, luck).expect("the test's folder can be written");
        let run: [u8; 16] = std::array::from_fn(|_| chance.roll(256) as u8);
        let rooms = device
            .rooms
            .iter()
            .map(|room| RoomName::parse(room.trim_start_matches('#')).expect("it is a room's name"))
            .collect();
        let mut chat = Chat::new(run, device.authority.clone(), Some(nick), rooms);
        chat.set_patience(device.patience);
        chat.adopt(outbox.waiting().to_vec());
        let waiting = outbox.waiting().iter().map(|record| (record.nonce, record.to.clone())).collect();
        let start = Instant::now();
        let (low, high) = (Duration::from_millis(5), Duration::from_millis(100));
        let link = Link::spawn(link::Options {
            address,
            known: None,
            keyring: Some(keyring),
            invite: None,
            bot: None,
            dial_within: Duration::from_secs(2),
            write_within: Duration::from_secs(5),
            ping_after: device.patience / 4,
            dead_after: device.patience,
            backoff: Backoff::new(low, high, Duration::from_millis(200)),
            start,
        });
        Client {
            device,
            chat,
            outbox,
            link,
            backlog: VecDeque::new(),
            sink,
            start,
            chance,
            left: 0,
            count: 0,
            resumed: false,
            goal: None,
            looked: None,
            waiting,
            said: VecDeque::new(),
            view: View::default(),
        }
    }

    /// Runs until it is told to end; gives its log.
    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>, tell: watch::Sender<View>) -> Sink {
        loop {
            let writes = self.left > 0 && self.waiting.len() < self.device.window && self.chat.me().is_some();
            let wake = self.chat.wake_at().map(|at| self.start + at);
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Write(many)) => self.left = many,
                    Some(Order::Pause) => self.left = 0,
                    Some(Order::Gather(goal)) => self.goal = Some(goal),
                    Some(Order::End) | None => break,
                },
                event = self.link.from.recv() => {
                    let event = event.expect("the wire lives as long as its client");
                    self.heard(event);
                }
                () = room(&self.link.to), if !self.backlog.is_empty() => {}
                () = until(wake) => self.hand(Input::Woke),
                () = tokio::task::yield_now(), if writes => self.write(),
            }
            while let Ok(permit) = self.link.to.try_reserve()
                && let Some(order) = self.backlog.pop_front()
            {
                permit.send(order);
            }
            self.gather();
            self.view.online = *self.chat.status() == Status::Online;
            self.view.waiting = self.waiting.len();
            self.view.there = self.chat.talks().first().and_then(|talk| talk.crowd).map_or(0, |(_, there)| there);
            tell.send_if_modified(|old| std::mem::replace(old, self.view.clone()) != self.view);
        }
        self.screens();
        self.sink
    }

    fn now(&self) -> Now {
        let wall = jiff::Timestamp::now().as_millisecond();
        Now { up: self.start.elapsed(), wall: Timestamp(wall) }
    }

    fn hand(&mut self, input: Input) {
        let now = self.now();
        for effect in self.chat.handle(now, input) {
            match effect {
                Effect::Send(id, command) => self.backlog.push_back(ToLink::Command(id, command)),
                Effect::Enter(id, name) => self.backlog.push_back(ToLink::Enter(id, name)),
                Effect::Line(line) => self.backlog.push_back(ToLink::Line(line)),
                Effect::Redial => self.backlog.push_back(ToLink::Redial),
                Effect::Forget(nonce) => {
                    self.waiting.remove(&nonce);
                    self.outbox.forget(nonce).expect("the test's folder can be written");
                }
                Effect::Ephemeral => panic!("these hosts keep what is said"),
                Effect::Renamed(..) | Effect::Note(_) => {}
            }
        }
    }

    /// News of the wire: logged, then taken in, as a screen's shell does.
    fn heard(&mut self, event: LinkEvent) {
        match &event {
            LinkEvent::Down { why, .. } => {
                self.backlog.clear();
                self.resumed = false;
                self.view.cuts += 1;
                self.view.slow += u64::from(why.contains("too slow"));
                self.sink.log(Event::Cut);
            }
            LinkEvent::Heard(told) => self.told(told, false),
            LinkEvent::Answered(_, told) => self.told(told, true),
            _ => {}
        }
        let refused = match &event {
            LinkEvent::Heard(Told::Refused(refusal)) | LinkEvent::Answered(_, Told::Refused(refusal)) => refusal.nonce,
            _ => None,
        };
        self.hand(Input::Link(event));
        // A person who sees a line fail gives it up.
        let failed = |nonce: &Nonce, to: &Target| {
            let mut pending = self.chat.pending(to);
            pending.any(|pending| pending.record.nonce == *nonce && matches!(pending.state, Delivery::Failed(_)))
        };
        if let Some(nonce) = refused
            && let Some(to) = self.waiting.get(&nonce)
            && failed(&nonce, to)
        {
            self.hand(Input::Ask(Ask::Discard(nonce)));
        }
    }

    fn told(&mut self, told: &Told, alone: bool) {
        match told {
            Told::Resumed { places } => {
                self.resumed = true;
                places.iter().for_each(|place| self.live(place));
            }
            // Before that it is what another device has joined: heard from the head that `resumed` tells.
            Told::Joined { place } if self.resumed => self.live(place),
            Told::Entry(entry) => self.entry(entry, alone),
            Told::Page { to, page } => {
                let to = self.place(to);
                for shown in &page.entries {
                    if let Some(nonce) = shown.nonce.filter(|nonce| self.waiting.contains_key(nonce)) {
                        self.acked(nonce, to.clone(), shown.seq);
                    }
                }
                let line = |shown: &Shown| (present(shown), shown.rev.0, shown.nonce.map(|nonce| key(nonce.0)));
                let lines = page.entries.iter().map(line).collect();
                self.sink.log(Event::Paged { to, from: page.from.0, before: page.before.0, lines });
            }
            Told::Refused(refusal) => {
                let Some(nonce) = refusal.nonce.filter(|nonce| self.waiting.contains_key(nonce)) else { return };
                let (nonce, code) = (key(nonce.0), refusal.code.as_str().to_owned());
                let later = matches!(refusal.code, Code::Busy | Code::Storage | Code::RateLimited);
                self.view.deferred += u64::from(later);
                self.sink.log(if later { Event::Deferred { nonce, code } } else { Event::Refused { nonce, code } });
            }
            _ => {}
        }
    }

    fn live(&mut self, place: &Place) {
        let to = self.place(&place.to);
        self.sink.log(Event::Live { to, head: place.standing.head.0 });
    }

    fn entry(&mut self, entry: &Entry, alone: bool) {
        let to = match (&entry.conversation, &entry.to) {
            (Conversation::Direct(_), Target::Direct(nick)) => pair(entry.from.name.as_str(), nick.as_str()),
            _ => entry.to.to_string(),
        };
        let (seq, nonce, body) = (entry.seq.0, entry.nonce.map(|nonce| key(nonce.0)), body(&entry.what));
        if let Some(nonce) = entry.nonce.filter(|nonce| self.waiting.contains_key(nonce)) {
            if body.kind == Kind::Said {
                self.said.push_back((self.waiting[&nonce].clone(), entry.seq));
                self.said.drain(..self.said.len().saturating_sub(SAID_KEPT));
            }
            self.acked(nonce, to.clone(), entry.seq);
        }
        self.sink.log(match alone {
            true => Event::Told { to, seq, nonce, body },
            false => Event::Heard { to, seq, nonce, body },
        });
        self.view.heard += u64::from(!alone);
    }

    fn acked(&mut self, nonce: Nonce, to: String, seq: Seq) {
        self.view.acked += 1;
        self.sink.log(Event::Acked { nonce: key(nonce.0), to, seq: seq.0 });
    }

    fn place(&self, to: &Target) -> String {
        match to {
            Target::Room(room) => room.to_string(),
            Target::Direct(nick) => pair(&self.device.person, nick.as_str()),
        }
    }

    /// Something at random: mostly lines, and what else goes into a log, some of which the host has to refuse.
    fn write(&mut self) {
        self.left -= 1;
        let friends = if self.device.friends.is_empty() { 0 } else { 10 };
        let any = |chance: &mut Chance, of: &[String]| of[chance.roll(of.len() as u64) as usize].clone();
        let to = match self.chance.roll(100) < friends {
            true => format!("@{}", any(&mut self.chance, &self.device.friends)),
            false => any(&mut self.chance, &self.device.rooms),
        };
        let to = Target::parse(&to).expect("it is a place");
        let what = if self.device.changes { self.chance.roll(100) } else { 0 };
        let emoji = || Emoji::parse("👍").expect("it is one");
        let own = (what >= 75 && !self.said.is_empty())
            .then(|| self.said[self.chance.roll(self.said.len() as u64) as usize].clone());
        let last = self.chat.talk(&to).and_then(|talk| talk.timeline.last()).map(|shown| shown.seq);
        match (what, own, last) {
            (75..85, Some((to, of)), _) => {
                let text = self.words();
                self.keep(to, What::Edited { of, text });
            }
            (85..90, Some((to, of)), _) => self.keep(to, What::Deleted { of }),
            (90..94, _, Some(of)) => self.keep(to, What::Reacted { of, emoji: emoji() }),
            (94..96, _, Some(of)) => self.keep(to, What::Unreacted { of, emoji: emoji() }),
            // Somebody else's, or none at all.
            (96..98, _, Some(of)) => {
                let (of, text) = (Seq(1 + self.chance.roll(of.0)), self.words());
                self.keep(to, What::Edited { of, text });
            }
            (98, ..) => self.keep(to, What::Deleted { of: Seq(1 << 40) }),
            _ => {
                let text = self.words();
                self.keep(to, What::Said { text, me: false, reply_to: None });
            }
        }
    }

    /// Words that nobody else writes, and that are not written again.
    fn words(&mut self) -> Text {
        self.count += 1;
        let Device { person, number, life, padding, .. } = &self.device;
        let length = if *padding == 0 { 0 } else { self.chance.roll(*padding) as usize };
        Text::clean(&format!("{person}/{number} {life}.{}{:.<length$}", self.count, ""))
    }

    /// As a screen's shell does: first on disk, then on the wire.
    fn keep(&mut self, to: Target, what: What) {
        let record: Record = self.chat.record(to.clone(), what);
        let (nonce, place) = (key(record.nonce.0), self.place(&to));
        self.sink.log(Event::Wrote { nonce, to: place, body: body(&record.what) });
        self.outbox.keep(record.clone()).expect("the test's folder can be written");
        self.sink.log(Event::Kept { nonce });
        self.view.written += 1;
        self.waiting.insert(record.nonce, to);
        self.hand(Input::Ask(Ask::Say(record)));
    }

    /// Looks at what is not all there yet, until it is.
    fn gather(&mut self) {
        let Some(goal) = self.goal.clone() else { return };
        if *self.chat.status() != Status::Online {
            return;
        }
        for (to, head) in goal {
            let talk = self.chat.talks().iter().find(|talk| self.place(&talk.to) == to);
            let Some(talk) = talk else { return };
            let whole =
                talk.head.0 >= head && talk.timeline.complete_below() && talk.timeline.newest_hole(talk.head).is_none();
            if whole || head == 0 {
                continue;
            }
            let (to, asked) = (talk.to.clone(), talk.loading());
            if self.chat_is_not_at(&to) {
                self.hand(Input::Ask(Ask::Look(to.clone())));
            }
            if !asked {
                self.hand(Input::Ask(Ask::Older(to)));
            }
            return;
        }
        self.goal = None;
        self.view.whole = true;
    }

    fn chat_is_not_at(&mut self, to: &Target) -> bool {
        self.looked.as_ref() != Some(to) && {
            self.looked = Some(to.clone());
            true
        }
    }

    fn screens(&mut self) {
        let mut screens = Vec::new();
        for talk in self.chat.talks() {
            let lines: Vec<Present> = talk.timeline.after(Seq::ZERO).map(|shown| present(&shown)).collect();
            let missing = (1..=talk.head.0).filter(|seq| !talk.timeline.has(Seq(*seq))).count() as u64;
            screens.push(Event::Screen { to: self.place(&talk.to), head: talk.head.0, missing, lines });
        }
        screens.into_iter().for_each(|screen| self.sink.log(screen));
    }
}

/// Waits until the wire takes more.
async fn room(to: &mpsc::Sender<ToLink>) {
    drop(to.reserve().await);
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Reads the log that a process wrote; the last line may be torn by its end.
pub fn read_log(file: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).expect("each line was written whole")).collect()
}
