//! One run: whose turn it is, what breaks when, and the way to a quiet end. Every choice comes of the seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use wschat::client::chat::{Ask, Now, Status};
use wschat::hub::{Effect, Input, SessionId};
use wschat::protocol::dialect::{Codec, Decoded, Dialect, v1};
use wschat::protocol::entry::{Emoji, Seq, ShownWhat, Timestamp, What};
use wschat::protocol::names::{RoomName, Target};
use wschat::protocol::text::Text;

use crate::check;
use crate::client::{Client, Wire};
use crate::host::{Disk, Host, LIMITS, Out};

/// People do things for so long.
const BUSY_FOR: Duration = Duration::from_secs(30);

/// By then everything must have settled: all time-outs and back-offs of a run are far shorter.
const QUIET_BY: Duration = Duration::from_secs(900);

/// Events of a run; more means that it goes round in circles.
const STEPS: usize = 200_000;

/// What happened in a run, or in many.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub acked: u64,
    pub stored: u64,
    pub frames: u64,
    pub cuts: u64,
    pub host_deaths: u64,
    pub client_deaths: u64,
    pub lost_answers: u64,
    pub full: u64,
    pub known_again: u64,
}

impl Told {
    pub fn add(&mut self, other: &Told) {
        let Told { acked, stored, frames, cuts, host_deaths, client_deaths, lost_answers, full, known_again } = other;
        self.acked += acked;
        self.stored += stored;
        self.frames += frames;
        self.cuts += cuts;
        self.host_deaths += host_deaths;
        self.client_deaths += client_deaths;
        self.lost_answers += lost_answers;
        self.full += full;
        self.known_again += known_again;
    }

    pub fn all_happened(&self) -> bool {
        let all = [self.cuts, self.host_deaths, self.client_deaths, self.lost_answers, self.full, self.known_again];
        all.iter().all(|many| *many > 0)
    }
}

/// xorshift: the same on every machine.
pub struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides.max(1)
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.roll(many) == 0
    }

    /// Up to so many milliseconds, mostly few.
    fn delay(&mut self, most: u64) -> Duration {
        let most = if self.one_in(10) { most } else { most / 10 + 1 };
        Duration::from_millis(self.roll(most))
    }
}

/// Something that will happen.
enum Coming {
    /// A frame reaches the host.
    Up(SessionId, String),
    /// A frame reaches a client.
    Down(SessionId, String),
    /// A client sees the end of its connection.
    Cut(SessionId),
    /// The host sees it.
    Closed(SessionId),
    /// The store does a turn.
    Turn,
    /// Its answers reach the hub of this life.
    Answered(u64, Vec<Input>),
    /// The host is there again.
    Start,
    /// There is room on the disk again.
    Room,
    /// Somebody does something.
    Person(usize),
}

struct At(Duration, u64, Coming);

impl PartialEq for At {
    fn eq(&self, other: &At) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for At {}
impl PartialOrd for At {
    fn partial_cmp(&self, other: &At) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for At {
    fn cmp(&self, other: &At) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// One connection as the network has it: nothing overtakes in it.
struct Line {
    client: usize,
    up_at: Duration,
    down_at: Duration,
}

pub struct Run {
    dice: Dice,
    up: Duration,
    coming: BinaryHeap<Reverse<At>>,
    order: u64,
    pub disk: Disk,
    host: Option<Host>,
    life: u64,
    turning: bool,
    /// When the last turn's answers are heard.
    answers_at: Duration,
    lines: HashMap<SessionId, Line>,
    next_session: u64,
    pub clients: Vec<Client>,
    /// Nothing breaks any more, and nobody does anything.
    calm: bool,
    trace: bool,
    pub told: Told,
}

impl Run {
    pub fn new(seed: u64) -> Run {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.roll(2);
        let disk = Disk::new([1 + (seed % 255) as u8; 16]);
        let host = Some(Host::start(&disk));
        // Ann has two screens.
        let clients = ["ann", "ben", "cy", "ann"].iter().zip(1..).map(|(name, n)| Client::new(n, name)).collect();
        Run {
            dice,
            up: Duration::ZERO,
            coming: BinaryHeap::new(),
            order: 0,
            disk,
            host,
            life: 0,
            turning: false,
            answers_at: Duration::ZERO,
            lines: HashMap::new(),
            next_session: 0,
            clients,
            calm: false,
            trace: std::env::var_os("WSCHAT_TRACE").is_some(),
            told: Told::default(),
        }
    }

    fn now(&self) -> Now {
        Now { up: self.up, wall: Timestamp(1_700_000_000_000 + self.up.as_millis() as i64) }
    }

    fn hub_now(&self) -> wschat::hub::Now {
        let Now { up, wall } = self.now();
        wschat::hub::Now { up, wall }
    }

    fn later(&mut self, after: Duration, coming: Coming) {
        self.at(self.up + after, coming);
    }

    fn at(&mut self, at: Duration, coming: Coming) {
        self.order += 1;
        self.coming.push(Reverse(At(at.max(self.up), self.order, coming)));
    }

    /// From the first connection to a quiet end, and what must hold then.
    pub fn through(&mut self) {
        for who in 0..self.clients.len() {
            let after = self.dice.delay(2000);
            self.later(after, Coming::Person(who));
        }
        for step in 0.. {
            assert!(step < STEPS, "it never ends");
            self.dial();
            if self.up >= BUSY_FOR && !self.calm {
                self.calm = true;
                *self.disk.full.lock().expect("one thread") = false;
            }
            if self.calm && self.settled() {
                break;
            }
            assert!(self.up < QUIET_BY, "it does not settle: {:?}", self.unsettled());
            self.step();
        }
        self.read_everything();
        check::all(self);
    }

    /// The next thing that happens.
    fn step(&mut self) {
        let heap = self.coming.peek().map(|Reverse(at)| at.0);
        let hub = self.host.as_ref().and_then(|host| host.hub.wake_at());
        let chats = self.clients.iter().filter_map(|client| client.chat.wake_at()).min();
        let dials = self.clients.iter().filter_map(|client| match client.wire {
            Wire::Down(at) => Some(at),
            Wire::Up(_) => None,
        });
        let next = [heap, hub, chats, dials.min()].into_iter().flatten().min();
        let next = next.unwrap_or(self.up + Duration::from_secs(1)).max(self.up);
        self.up = next;
        let now = self.now();
        if hub.is_some_and(|at| at <= next) {
            self.host_takes(Input::Woke);
        }
        for who in 0..self.clients.len() {
            if self.clients[who].chat.wake_at().is_some_and(|at| at <= next) {
                self.clients[who].wakes(now);
                self.carry(who);
            }
        }
        if heap.is_some_and(|at| at <= next)
            && let Some(Reverse(At(_, _, coming))) = self.coming.pop()
        {
            self.happens(coming);
        }
    }

    fn happens(&mut self, coming: Coming) {
        let now = self.now();
        match coming {
            Coming::Up(session, frame) => self.frame_up(session, &frame),
            Coming::Down(session, frame) => {
                self.told.frames += 1;
                let Some(who) = self.connected(session) else { return };
                self.tell(who, "<", &frame);
                self.clients[who].hears(now, &frame);
                self.carry(who);
            }
            Coming::Cut(session) => {
                let Some(who) = self.connected(session) else { return };
                let retry = self.up + Duration::from_millis(50) + self.dice.delay(3000);
                self.tell(who, "cut", "");
                self.clients[who].down(now, retry);
            }
            Coming::Closed(session) => {
                if self.lines.remove(&session).is_some() {
                    self.host_takes(Input::Closed { session });
                }
            }
            Coming::Turn => {
                self.turning = false;
                self.turn();
            }
            Coming::Answered(life, inputs) if life == self.life && self.host.is_some() => {
                inputs.into_iter().for_each(|input| self.host_takes(input));
            }
            Coming::Answered(_, inputs) => {
                let stored = inputs.iter().filter(|input| matches!(input, Input::Stored { fresh: true, .. })).count();
                self.told.lost_answers += stored as u64;
            }
            Coming::Start => self.host = Some(Host::start(&self.disk)),
            Coming::Room => *self.disk.full.lock().expect("one thread") = false,
            Coming::Person(who) => self.person(who),
        }
    }

    /// With `WSCHAT_TRACE=1`: what goes over the wire, when.
    fn tell(&self, who: usize, way: &str, what: &str) {
        if self.trace {
            println!("{:>9} {who} {} {way} {what}", self.up.as_millis(), self.clients[who].name);
        }
    }

    fn connected(&self, session: SessionId) -> Option<usize> {
        self.clients.iter().position(|client| client.wire == Wire::Up(session))
    }

    /// Everybody whose time to try again has come.
    fn dial(&mut self) {
        for who in 0..self.clients.len() {
            let Wire::Down(at) = self.clients[who].wire else { continue };
            if at > self.up {
                continue;
            }
            let now = self.now();
            if self.host.is_none() {
                let retry = self.up + Duration::from_millis(100) + self.dice.delay(2000);
                self.clients[who].down(now, retry);
                continue;
            }
            self.next_session += 1;
            let session = SessionId(self.next_session);
            self.lines.insert(session, Line { client: who, up_at: self.up, down_at: self.up });
            self.clients[who].up(now, session);
            let mut luck = [0; 24];
            for byte in &mut luck {
                *byte = self.dice.roll(256) as u8;
            }
            let mut challenge = [0; 32];
            challenge[..24].copy_from_slice(&luck);
            let authority = crate::host::AUTHORITY.to_owned();
            let dialect = Dialect::V1;
            let address = None;
            self.host_takes(Input::Opened { session, dialect, authority, challenge, address, free: true, luck });
            self.carry(who);
        }
    }

    /// What a client wrote goes on its way.
    fn carry(&mut self, who: usize) {
        if std::mem::take(&mut self.clients[who].redial) {
            if let Wire::Up(session) = self.clients[who].wire {
                self.cut(session);
            }
            return;
        }
        let frames = std::mem::take(&mut self.clients[who].out);
        let Wire::Up(session) = self.clients[who].wire else { return };
        for frame in frames {
            self.tell(who, ">", &frame);
            let delay = self.dice.delay(if self.calm { 50 } else { 1500 });
            let Some(line) = self.lines.get_mut(&session) else { return };
            line.up_at = line.up_at.max(self.up + delay);
            let at = line.up_at;
            self.at(at, Coming::Up(session, frame));
        }
    }

    /// The connection breaks: what is on its way is lost, and each end sees it when it does.
    fn cut(&mut self, session: SessionId) {
        self.told.cuts += 1;
        let lost = |coming: &Coming| match coming {
            Coming::Up(of, _) | Coming::Down(of, _) => *of == session,
            _ => false,
        };
        // The ends may still have had some of it.
        let keep_up = self.dice.roll(3);
        let mut kept = 0;
        let mut all: Vec<At> = std::mem::take(&mut self.coming).into_iter().map(|Reverse(at)| at).collect();
        all.sort();
        all.retain(|At(_, _, coming)| {
            let stays = !lost(coming) || (matches!(coming, Coming::Up(..)) && kept < keep_up);
            kept += u64::from(lost(coming) && stays);
            stays
        });
        let last_up = all.iter().filter(|At(_, _, coming)| lost(coming)).map(|At(at, ..)| *at).max();
        self.coming = all.into_iter().map(Reverse).collect();
        let (here, there) = (self.dice.delay(1000), self.dice.delay(4000));
        self.later(here, Coming::Cut(session));
        let closed = (self.up + there).max(last_up.unwrap_or_default());
        self.at(closed, Coming::Closed(session));
    }

    fn frame_up(&mut self, session: SessionId, frame: &str) {
        if !self.lines.contains_key(&session) || self.host.is_none() {
            return;
        }
        self.told.frames += 1;
        for decoded in v1::Decoder::new(LIMITS).decode(frame) {
            match decoded {
                Decoded::Command(tag, command) => self.host_takes(Input::Received { session, tag, command }),
                _ => panic!("a client writes what a host reads: {frame}"),
            }
        }
    }

    fn host_takes(&mut self, input: Input) {
        let busy = !self.calm && self.dice.one_in(60);
        let now = self.hub_now();
        let Some(host) = &mut self.host else { return };
        if matches!(input, Input::Stored { fresh: false, .. }) {
            self.told.known_again += 1;
        }
        let mut out = Vec::new();
        host.take(now, input, busy, &mut out);
        let owes = host.owes();
        for Out::Told(effect) in out {
            match effect {
                Effect::Send { to, except, event } => {
                    for session in to.iter().filter(|session| Some(**session) != except) {
                        self.frame_down(*session, &v1::encode(&event, None));
                    }
                }
                Effect::Tell { session, id, event } => self.frame_down(session, &v1::encode(&event, id)),
                Effect::Close { session, .. } => {
                    let Some(line) = self.lines.get(&session) else { continue };
                    let at = line.down_at.max(self.up);
                    self.at(at, Coming::Cut(session));
                    self.at(at, Coming::Closed(session));
                }
                _ => {}
            }
        }
        if owes && !self.turning {
            self.turning = true;
            let after = self.dice.delay(if self.calm { 20 } else { 500 });
            self.later(after, Coming::Turn);
        }
    }

    fn frame_down(&mut self, session: SessionId, frame: &[u8]) {
        let frame = String::from_utf8(frame.to_vec()).expect("frames are text");
        let delay = self.dice.delay(if self.calm { 50 } else { 1500 });
        let Some(line) = self.lines.get_mut(&session) else { return };
        line.down_at = line.down_at.max(self.up + delay);
        let at = line.down_at;
        self.at(at, Coming::Down(session, frame));
    }

    fn turn(&mut self) {
        let most = 1 + self.dice.roll(8) as usize;
        let Some(host) = &mut self.host else { return };
        let inputs = host.turn(most);
        let more = host.owes();
        let after = self.dice.delay(if self.calm { 5 } else { 200 });
        let life = self.life;
        // Committed, and nobody knows yet.
        if !self.calm && self.dice.one_in(80) {
            self.kill_host();
            return self.happens(Coming::Answered(life, inputs));
        }
        // Turns are answered in their order.
        self.answers_at = self.answers_at.max(self.up + after);
        let at = self.answers_at;
        self.at(at, Coming::Answered(life, inputs));
        if more {
            self.turning = true;
            self.at(at, Coming::Turn);
        }
    }

    /// kill -9 of the host: every connection ends, and what was not committed is gone.
    fn kill_host(&mut self) {
        if self.trace {
            println!("{:>9} the host dies", self.up.as_millis());
        }
        self.told.host_deaths += 1;
        self.host = None;
        self.life += 1;
        self.turning = false;
        let dropped = |coming: &Coming| matches!(coming, Coming::Up(..) | Coming::Closed(_) | Coming::Turn);
        let all = std::mem::take(&mut self.coming).into_iter().filter(|Reverse(At(_, _, coming))| !dropped(coming));
        self.coming = all.collect();
        let lines = std::mem::take(&mut self.lines);
        let mut open: Vec<(SessionId, usize)> = lines.iter().map(|(session, line)| (*session, line.client)).collect();
        open.sort();
        for (session, client) in open {
            // What it wrote before may still arrive, or not.
            let after = self.dice.delay(2000);
            if self.clients[client].wire == Wire::Up(session) {
                self.later(after, Coming::Cut(session));
            }
        }
        let after = Duration::from_millis(200) + self.dice.delay(5000);
        self.later(after, Coming::Start);
    }

    /// Somebody does something, or something breaks.
    fn person(&mut self, who: usize) {
        if self.up >= BUSY_FOR {
            return;
        }
        let after = Duration::from_millis(20) + self.dice.delay(8000);
        self.later(after, Coming::Person(who));
        let now = self.now();
        match self.dice.roll(40) {
            0 => {
                if let Wire::Up(session) = self.clients[who].wire {
                    self.cut(session);
                }
            }
            1 => {
                self.told.client_deaths += 1;
                if let Wire::Up(session) = self.clients[who].wire {
                    let after = self.dice.delay(3000);
                    self.later(after, Coming::Closed(session));
                }
                self.clients[who].dies(now);
            }
            2 if self.host.is_some() => self.kill_host(),
            3 => {
                *self.disk.full.lock().expect("one thread") = true;
                self.told.full += 1;
                let after = Duration::from_millis(500) + self.dice.delay(5000);
                self.later(after, Coming::Room);
            }
            4 => {
                let dev = RoomName::parse("dev").expect("a room");
                self.clients[who].asks(now, Ask::Join(dev, None));
            }
            5 => {
                let dev = RoomName::parse("dev").expect("a room");
                self.clients[who].asks(now, Ask::Leave(dev));
            }
            6 => {
                let to = self.target(who);
                self.clients[who].asks(now, Ask::Look(to));
            }
            7 => {
                let to = self.target(who);
                self.clients[who].asks(now, Ask::Older(to));
            }
            8 => {
                let to = self.target(who);
                let seen = self.clients[who].chat.talk(&to).map_or(Seq::ZERO, |talk| talk.head);
                self.clients[who].asks(now, Ask::Seen(to, seen));
            }
            _ => self.says(who),
        }
        self.carry(who);
    }

    fn target(&mut self, who: usize) -> Target {
        let other = if self.clients[who].name.as_str() == "ann" { "@ben" } else { "@ann" };
        let name = ["#lobby", "#lobby", "#lobby", "#dev", other][self.dice.roll(5) as usize];
        Target::parse(name).expect("a target")
    }

    fn says(&mut self, who: usize) {
        let to = self.target(who);
        let client = &mut self.clients[who];
        // A screen lets one write only where one is.
        if client.chat.talk(&to).is_none() && matches!(to, Target::Room(_)) {
            return;
        }
        let me = client.chat.me().map(|me| me.person);
        let last = client.chat.talk(&to).and_then(|talk| {
            let said = |what: &ShownWhat| matches!(what, ShownWhat::Said { text: Some(_), .. });
            talk.timeline
                .after(Seq::ZERO)
                .rev()
                .take(6)
                .find(|shown| Some(shown.from.person) == me && said(&shown.what))
        });
        let any = client.chat.talk(&to).and_then(|talk| talk.timeline.last()).map(|shown| shown.seq);
        let number = self.dice.roll(1_000_000);
        let text = Text::clean(&format!("{} says {number} @ann", client.name));
        let what = match (self.dice.roll(12), last, any) {
            (0, Some(last), _) => What::Edited { of: last.seq, text },
            (1, Some(last), _) => What::Deleted { of: last.seq },
            (2, _, Some(any)) => What::Reacted { of: any, emoji: Emoji::parse("👍").expect("an emoji") },
            (3, _, any) => What::Said { text, me: false, reply_to: any },
            _ => What::Said { text, me: false, reply_to: None },
        };
        let now = self.now();
        let dies = self.dice.one_in(40);
        self.told.client_deaths += u64::from(dies);
        let before = self.clients[who].wire;
        let record = self.clients[who].chat.record(to, what);
        self.clients[who].says(now, record, dies);
        if let (true, Wire::Up(session)) = (dies, before) {
            self.later(Duration::from_millis(100), Coming::Closed(session));
        }
    }

    /// Who is not done, and with what.
    fn unsettled(&self) -> Vec<String> {
        let one = |client: &Client| {
            let waits = crate::check::waiting(client);
            let online = *client.chat.status() == Status::Online;
            (!online || waits > 0).then(|| format!("{} {:?} waits {waits}", client.name, client.chat.status()))
        };
        self.clients.iter().filter_map(one).collect()
    }

    fn settled(&self) -> bool {
        let quiet = self.coming.iter().all(|Reverse(At(_, _, coming))| matches!(coming, Coming::Person(_)));
        let owes = self.host.as_ref().is_none_or(Host::owes);
        quiet && !owes && !self.turning && self.unsettled().is_empty()
    }

    /// Every client reads each of its conversations to its beginning.
    fn read_everything(&mut self) {
        for who in 0..self.clients.len() {
            let all: Vec<Target> = self.clients[who].chat.talks().iter().map(|talk| talk.to.clone()).collect();
            for to in all {
                let now = self.now();
                self.clients[who].asks(now, Ask::Look(to.clone()));
                self.carry(who);
                for round in 0.. {
                    assert!(round < 1000, "{} never has all of {to}", self.clients[who].name);
                    while !self.settled() {
                        assert!(self.up < QUIET_BY, "a page does not come: {:?}", self.unsettled());
                        self.dial();
                        self.step();
                    }
                    let Some(talk) = self.clients[who].chat.talk(&to) else { break };
                    let empty = talk.head < talk.timeline.oldest();
                    if (empty || talk.timeline.complete_below()) && talk.timeline.newest_hole(talk.head).is_none() {
                        break;
                    }
                    let now = self.now();
                    self.clients[who].asks(now, Ask::Older(to.clone()));
                    self.carry(who);
                    // A refused page is left alone for a while.
                    self.up += Duration::from_millis(100);
                    let now = self.now();
                    self.clients[who].wakes(now);
                    self.carry(who);
                }
            }
        }
    }
}
