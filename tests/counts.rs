//! Unread counts never lie: hosts, stores and clients as they are, people on two screens each, and lines, deletions, reads,
//! cuts and returns in any order. Whatever happened, every screen counts what a recount of the whole log gives. No socket
//! and no clock: a run comes again with its seed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use wschat::client::chat::{self, Ask, Chat, LinkEvent};
use wschat::hub::limits::Rates;
use wschat::hub::{Effect, Failure, Hub, Input, Now, Rules, SessionId};
use wschat::protocol::command::{Command, Tag};
use wschat::protocol::dialect::Dialect;
use wschat::protocol::entry::{PersonId, Seq, Timestamp, What};
use wschat::protocol::event::{Bounds, Event};
use wschat::protocol::names::{Nick, RoomName, Target};
use wschat::protocol::person::Proof;
use wschat::protocol::text::Text;
use wschat::store::sqlite::SqliteStore;
use wschat::store::{PageAsk, Store, Write, Written};

const SEEDS: u64 = 150;
const STEPS: usize = 120;
const HOST: &str = "localhost:8080";
const PEOPLE: [&str; 3] = ["ann", "ben", "cy"];
const ROOMS: [&str; 2] = ["#lobby", "#dev"];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// One screen of a person.
struct Screen {
    name: &'static str,
    chat: Chat,
    session: Option<SessionId>,
}

/// A line as the recount knows it.
struct Line {
    by: PersonId,
    mentions: Vec<PersonId>,
    said: bool,
    deleted: bool,
}

enum Work {
    Hub(Input),
    Screen(SessionId, Option<u64>, Arc<Event>),
}

struct World {
    hub: Hub,
    store: SqliteStore,
    up: Duration,
    screens: Vec<Screen>,
    work: VecDeque<Work>,
    sessions: u64,
    logs: BTreeMap<String, Vec<Line>>,
    /// How far each person has said to have read.
    read: BTreeMap<(String, &'static str), u64>,
}

fn to(name: &str) -> Target {
    Target::parse(name).expect("a room")
}

fn rules() -> Rules {
    Rules {
        server: Text::clean("host"),
        default_room: RoomName::parse("lobby").expect("a room"),
        ephemeral: false,
        bounds: Bounds { frame_bytes: 65536, text_bytes: 8192, page_entries: 20, unanswered: 32 },
        sessions_per_person: 8,
        rooms: 10,
        rooms_per_person: 10,
        people: 100,
        enter_tries: 3,
        bad_frames: 3,
        crowd: 0,
        topic_bytes: 100,
        linger: Duration::from_secs(5),
        enter_within: Duration::from_secs(5),
        name_reserved: Duration::from_secs(30 * 86_400),
        owner_ticket: None,
        site: Default::default(),
        seed: [7; 32],
        rates: Rates::default(),
    }
}

impl World {
    fn new() -> World {
        let mut store = SqliteStore::in_memory([1; 16]).expect("memory");
        let facts = store.facts().expect("nothing is kept yet");
        let hub = Hub::new(rules(), store.epoch(), facts);
        let screen = |name: &'static str, n: u8| {
            let nick = Nick::parse(name).expect("a name");
            let mut run = [n; 16];
            run[0] = name.as_bytes()[0];
            Screen { name, chat: Chat::new(run, HOST.into(), Some(nick), Vec::new()), session: None }
        };
        let screens = PEOPLE.iter().flat_map(|name| [screen(name, 1), screen(name, 2)]).collect();
        let (work, logs, read) = (VecDeque::new(), BTreeMap::new(), BTreeMap::new());
        let mut world = World { hub, store, up: Duration::ZERO, screens, work, sessions: 0, logs, read };
        for at in 0..world.screens.len() {
            world.connect(at);
            world.ask(at, Ask::Join(RoomName::parse("dev").expect("a room"), None));
        }
        world
    }

    fn tell(&mut self, at: usize, input: chat::Input) {
        let now = chat::Now { up: self.up, wall: Timestamp(self.up.as_millis() as i64) };
        for effect in self.screens[at].chat.handle(now, input) {
            let Some(session) = self.screens[at].session else { continue };
            match effect {
                chat::Effect::Send(id, command) => {
                    self.work.push_back(Work::Hub(Input::Received { session, tag: Tag::Id(id), command }));
                }
                chat::Effect::Enter(id, name) => {
                    let mut secret = [7; 32];
                    secret[0] = name.as_str().as_bytes()[0];
                    let proof = Some(Proof::sign(&secret, HOST, &[session.0 as u8; 32]));
                    let command = Command::Enter { name: Some(name), proof, client: None, invite: None, bot: None };
                    self.work.push_back(Work::Hub(Input::Received { session, tag: Tag::Id(id), command }));
                }
                _ => {}
            }
        }
        self.settle();
    }

    fn ask(&mut self, at: usize, ask: Ask) {
        self.tell(at, chat::Input::Ask(ask));
    }

    fn connect(&mut self, at: usize) {
        if self.screens[at].session.is_some() {
            return;
        }
        self.sessions += 1;
        let session = SessionId(self.sessions);
        self.screens[at].session = Some(session);
        let mut luck = [0; 24];
        luck[..8].copy_from_slice(&self.sessions.to_le_bytes());
        let challenge = [session.0 as u8; 32];
        let (dialect, authority) = (Dialect::V1, HOST.to_owned());
        self.tell(at, chat::Input::Link(LinkEvent::Up { dialect: Dialect::V1, secure: false }));
        let opened = Input::Opened { session, dialect, authority, challenge, address: None, free: true, luck };
        self.work.push_back(Work::Hub(opened));
        self.settle();
    }

    fn cut(&mut self, at: usize) {
        if let Some(session) = self.screens[at].session.take() {
            self.tell(at, chat::Input::Link(LinkEvent::Down { why: "cut".into(), retry_at: None }));
            self.work.push_back(Work::Hub(Input::Closed { session }));
            self.settle();
        }
    }

    fn settle(&mut self) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Hub(input) => {
                    let now = Now { up: self.up, wall: Timestamp(self.up.as_millis() as i64) };
                    for effect in self.hub.handle(now, input) {
                        self.perform(effect);
                    }
                }
                Work::Screen(session, id, event) => {
                    let Some(at) = self.screens.iter().position(|screen| screen.session == Some(session)) else {
                        continue;
                    };
                    let event = Event::clone(&event);
                    let news =
                        id.map_or_else(|| LinkEvent::Heard(event.clone()), |id| LinkEvent::Answered(id, event.clone()));
                    self.tell(at, chat::Input::Link(news));
                }
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        let answer = match effect {
            Effect::Send { to, except, event } => {
                let hearing = to.iter().filter(|session| Some(**session) != except);
                self.work.extend(hearing.map(|session| Work::Screen(*session, None, event.clone())));
                return;
            }
            Effect::Tell { session, id, event } => {
                self.work.push_back(Work::Screen(session, id, Arc::new(event)));
                return;
            }
            Effect::Check { .. }
            | Effect::Hash { .. }
            | Effect::Audit { .. }
            | Effect::Report { .. }
            | Effect::Reply { .. } => {
                unreachable!("nobody asks for it")
            }
            Effect::Append { ticket, draft } => {
                match self.store.commit(&[Write::Append(draft)]).expect("memory has room").remove(0) {
                    Written::Entry { entry, fresh } => {
                        if fresh {
                            self.note(&entry);
                        }
                        Input::Stored { ticket, entry, fresh }
                    }
                    Written::Refused(why) => Input::Failed { ticket, why: Failure::Refused(why) },
                    Written::Facts => unreachable!("an entry was asked for"),
                }
            }
            Effect::Keep { ticket, facts } => {
                self.store.commit(&[Write::Facts(facts)]).expect("memory has room");
                Input::Kept { ticket }
            }
            Effect::Load { ticket, person, of } => {
                Input::Loaded { ticket, standings: self.store.standings(person, &of).expect("memory") }
            }
            Effect::Page { ticket, conversation, end, limit, asker } => {
                let ask = PageAsk { conversation, end, limit, bytes: 0, asker };
                Input::Paged { ticket, page: self.store.page(&ask).expect("memory") }
            }
            Effect::Close { session, why, .. } => panic!("{session:?} was closed: {why}"),
            Effect::Answered { .. } | Effect::Search { .. } => return,
        };
        self.work.push_back(Work::Hub(answer));
    }

    /// The log as it is told to nobody but the recount.
    fn note(&mut self, entry: &wschat::protocol::entry::Entry) {
        let log = self.logs.entry(entry.to.to_string()).or_default();
        if let What::Deleted { of } = &entry.what {
            log[of.0 as usize - 1].deleted = true;
        }
        let said = matches!(entry.what, What::Said { .. });
        log.push(Line { by: entry.from.person, mentions: entry.mentions.clone(), said, deleted: false });
        assert_eq!(log.len() as u64, entry.seq.0);
    }

    fn step(&mut self, dice: &mut Dice) {
        let (at, room) = (dice.roll(self.screens.len()), ROOMS[dice.roll(ROOMS.len())]);
        match dice.roll(10) {
            0..=3 => {
                let text = match dice.roll(2) {
                    0 => format!("@{} look", PEOPLE[dice.roll(PEOPLE.len())]),
                    _ => "words".to_owned(),
                };
                let what = What::Said { text: Text::clean(&text), me: false, reply_to: None };
                let record = self.screens[at].chat.record(to(room), what);
                self.ask(at, Ask::Say(record));
            }
            4 => {
                let head = self.logs.get(room).map_or(0, Vec::len);
                if head > 0 {
                    let what = What::Deleted { of: Seq(1 + dice.roll(head) as u64) };
                    let record = self.screens[at].chat.record(to(room), what);
                    self.ask(at, Ask::Say(record));
                }
            }
            5 | 6 => {
                // A screen reads what it has, up to somewhere.
                self.ask(at, Ask::Look(to(room)));
                let newest = self.screens[at].chat.talk(&to(room)).map_or(0, |talk| talk.timeline.newest().0);
                if newest > 0 {
                    let upto = 1 + dice.roll(newest as usize) as u64;
                    let read = self.read.entry((room.to_owned(), self.screens[at].name)).or_default();
                    *read = (*read).max(upto);
                    self.ask(at, Ask::Seen(to(room), Seq(upto)));
                }
            }
            7 => self.cut(at),
            8 => self.connect(at),
            _ => self.pass(Duration::from_millis(100 * (1 + dice.roll(20) as u64))),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.up += time;
        while self.hub.wake_at().is_some_and(|at| at <= self.up) {
            self.work.push_back(Work::Hub(Input::Woke));
            self.settle();
        }
        for at in 0..self.screens.len() {
            self.tell(at, chat::Input::Woke);
        }
    }

    /// Every screen's counts are those of the whole log.
    fn check(&self, seed: u64) {
        for screen in &self.screens {
            let me = screen.chat.me().expect("it is in").person;
            for room in ROOMS {
                let talk = screen.chat.talk(&to(room)).expect("it is a member");
                let read = self.read.get(&(room.to_owned(), screen.name)).copied().unwrap_or(0);
                let lines = self.logs.get(room).map(Vec::as_slice).unwrap_or_default();
                let news = lines
                    .iter()
                    .enumerate()
                    .filter(|(at, line)| *at as u64 + 1 > read && line.said && !line.deleted && line.by != me);
                let (unread, mentions) = news.fold((0, 0), |(unread, mentions), (_, line)| {
                    (unread + 1, mentions + u32::from(line.mentions.contains(&me)))
                });
                let found = (talk.unread, talk.mentions);
                assert_eq!(found, (unread, mentions), "seed {seed}: {} in {room}, read up to {read}", screen.name);
            }
        }
    }
}

#[test]
fn every_screen_counts_what_a_recount_gives() {
    let mut reached = 0;
    for seed in 1..=SEEDS {
        let (mut world, mut dice) = (World::new(), Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        for _ in 0..STEPS {
            world.step(&mut dice);
        }
        for at in 0..world.screens.len() {
            world.connect(at);
        }
        for _ in 0..5 {
            world.pass(Duration::from_secs(1));
        }
        world.check(seed);
        reached += world.logs.values().map(Vec::len).sum::<usize>();
    }
    assert!(reached > SEEDS as usize * 20, "{reached} lines were said in all");
}
