//! The server's mind: who is there, who may say what, and who hears it. One verb, [`Hub::handle`]; it never waits, reads
//! no clock, rolls no dice and opens nothing. What it wants done it returns as [`Effect`]s; sockets, disk and time are the
//! server's.

mod barred;
pub mod calls;
mod crowd;
mod desk;
mod devices;
mod doors;
mod ears;
mod enter;
pub mod hooks;
pub mod invites;
pub mod limits;
mod memos;
mod moves;
mod order;
mod people;
mod rights;
mod sentences;
mod session;
mod talk;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use calls::{Call, Figures, Reply, Wish};
use ears::Ears;
use hooks::Hooks;
use invites::{Admission, Invitations, Site};
use limits::{Limiter, Rates, source};
use order::{Giver, Ordered};
use people::People;
use sentences::Sentences;
use session::{Door, Session, Stage};

use crate::protocol::admin::{Ask, Line};
use crate::protocol::command::{Command, Cursor, PageEnd, Tag};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Conversation, Entry, Epoch, Nonce, Page, Pair, PersonId, Seq, Standing, Timestamp};
use crate::protocol::event::{Bounds, CloseCode, Code, Event, Place, Refusal};
use crate::protocol::fact::{AppendRefusal, Draft, Fact, Facts, ReadFrom};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::{Challenge, PublicKey};
use crate::protocol::rights::{Change, Order, Record, Role, RoomSettings, Sentence};
use crate::protocol::search::{Found, Query};
use crate::protocol::secret::{Password, PasswordHash, Token};
use crate::protocol::text::Text;

/// Things by ids that this host makes and nobody else chooses: a hash of them need not withstand an enemy, which is five
/// times as dear. Names and keys have that of the standard library.
type ById<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The time, handed in. Rules, limits and [`Hub::wake_at`] go by `up`; `wall` is only stamped.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic, since some start.
    pub up: Duration,
    /// The host's clock.
    pub wall: Timestamp,
}

/// One connection, as long as it lives. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// Somebody who has the host's folder and asks something of it, until that is answered. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Desk(pub u64);

/// What the answer of the store is recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A connection was accepted.
    Opened {
        /// Its id.
        session: SessionId,
        /// What it speaks.
        dialect: Dialect,
        /// The `Host` it asked for, checked to be one of this host's names; signatures are over it.
        authority: String,
        /// What it has to sign.
        challenge: Challenge,
        /// Where it comes from, when that is known.
        address: Option<IpAddr>,
        /// Whether it needs no invitation, by where it comes from.
        free: bool,
        /// Chance for an id and a guest's name.
        luck: [u8; 24],
    },
    /// A connection asks something.
    Received {
        /// Which.
        session: SessionId,
        /// What its answer is recognised by.
        tag: Tag,
        /// What.
        command: Command,
    },
    /// A connection asked something that could be read well enough to be refused. Goes through the hub so that answers
    /// keep the order of questions.
    Unreadable {
        /// Which.
        session: SessionId,
        /// What the answer is recognised by.
        tag: Tag,
        /// Why not.
        refusal: Refusal,
        /// Not the dialect at all; too many of these and the connection is closed.
        garbage: bool,
    },
    /// An entry is kept ([`Effect::Append`]).
    Stored {
        /// Which append.
        ticket: Ticket,
        /// The entry with its number.
        entry: Arc<Entry>,
        /// `false`: it was known; its sender alone is told.
        fresh: bool,
    },
    /// Facts are kept ([`Effect::Keep`]).
    Kept {
        /// Which.
        ticket: Ticket,
    },
    /// How a person stands ([`Effect::Load`]), all at one moment in the order of the keeper.
    Loaded {
        /// Which load.
        ticket: Ticket,
        /// One for each conversation asked, in that order.
        standings: Vec<Standing>,
    },
    /// A stretch of history ([`Effect::Page`]).
    Paged {
        /// Which.
        ticket: Ticket,
        /// The stretch.
        page: Page,
    },
    /// What was found ([`Effect::Search`]).
    Found {
        /// Which.
        ticket: Ticket,
        /// The messages.
        found: Found,
    },
    /// A password was looked at ([`Effect::Check`]).
    Checked {
        /// Which.
        ticket: Ticket,
        /// Whether it is the one.
        right: bool,
    },
    /// What is to be kept of a password ([`Effect::Hash`]).
    Hashed {
        /// Which.
        ticket: Ticket,
        /// It.
        hash: PasswordHash,
    },
    /// Whoever has the host's folder asks something: [`Effect::Report`] answers.
    Asked {
        /// Who is to be answered.
        desk: Desk,
        /// What.
        ask: Ask,
    },
    /// Something is asked over HTTP: [`Effect::Reply`] answers.
    Called {
        /// Who is to be answered.
        call: Call,
        /// What.
        wish: Wish,
    },
    /// Lines of the record ([`Effect::Audit`]).
    Audited {
        /// Which.
        ticket: Ticket,
        /// The newest last.
        lines: Vec<Record>,
    },
    /// The store said no to a ticket.
    Failed {
        /// Which.
        ticket: Ticket,
        /// Why.
        why: Failure,
    },
    /// A connection is gone, whoever closed it. Also answers [`Effect::Close`].
    Closed {
        /// Which.
        session: SessionId,
    },
    /// The time of [`Hub::wake_at`] has come.
    Woke,
    /// The host stops: no new commands are taken, sessions are closed with 1012.
    Stopping,
}

/// Why the store said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It has too much to do; nothing was tried.
    Busy,
    /// There is no room on the disk.
    Full,
    /// What is asked for cannot be read: a disk changed it.
    Unreadable,
    /// What it would change forbids it.
    Refused(AppendRefusal),
}

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Tell all of these the same; encoded once per dialect. The list is shared, so `except` leaves one out (a raw
    /// client does not hear its own line).
    Send {
        /// Who hears.
        to: Arc<[SessionId]>,
        /// But not this one.
        except: Option<SessionId>,
        /// What.
        event: Arc<Event>,
    },
    /// Tell one alone.
    Tell {
        /// Who hears.
        session: SessionId,
        /// The id of the command that this answers.
        id: Option<u64>,
        /// What.
        event: Event,
    },
    /// One command of this session has had its last answer. Comes exactly once for each `Received` and `Unreadable`
    /// of a session that is still open.
    Answered {
        /// Whose.
        session: SessionId,
    },
    /// Give this a number: [`Input::Stored`] or [`Input::Failed`] answers.
    Append {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// The entry, all but its number.
        draft: Draft,
    },
    /// Keep these facts: [`Input::Kept`] or [`Input::Failed`] answers.
    Keep {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// All or none of them.
        facts: Vec<Fact>,
    },
    /// Count how a person stands, after all appends asked before: [`Input::Loaded`] or [`Input::Failed`] answers.
    Load {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// Who.
        person: PersonId,
        /// Where, and from where unread is counted.
        of: Vec<(Conversation, ReadFrom)>,
    },
    /// Read a stretch of history, beside the keeper: [`Input::Paged`] or [`Input::Failed`] answers.
    Page {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// Whose history.
        conversation: Conversation,
        /// Where it ends.
        end: PageEnd,
        /// Entries at most.
        limit: u32,
        /// Who asks.
        asker: PersonId,
    },
    /// Look for something, beside the keeper: [`Input::Found`] or [`Input::Failed`] answers.
    Search {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// In which conversations: such as the asker may read.
        of: Vec<Conversation>,
        /// What for.
        query: Query,
        /// Who is called [`Query::from`].
        author: Option<PersonId>,
        /// Messages at most.
        limit: u32,
        /// Who asks.
        asker: PersonId,
    },
    /// Look whether this password is the one this hash was made of: [`Input::Checked`] or [`Input::Failed`] answers.
    Check {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// What was tried.
        password: Password,
        /// What is kept.
        hash: PasswordHash,
    },
    /// Make of a password what may be kept of it: [`Input::Hashed`] or [`Input::Failed`] answers.
    Hash {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// The password.
        password: Password,
    },
    /// Read the newest lines of the record: [`Input::Audited`] or [`Input::Failed`] answers.
    Audit {
        /// What the answer is recognised by.
        ticket: Ticket,
        /// Lines at most.
        limit: u32,
    },
    /// The answer to an [`Input::Asked`], whole; comes exactly once for each.
    Report {
        /// Who asked.
        desk: Desk,
        /// The last is `Done` or `Refused`.
        lines: Vec<Line>,
    },
    /// The answer to an [`Input::Called`]; comes exactly once for each.
    Reply {
        /// Who asked.
        call: Call,
        /// It.
        reply: Reply,
    },
    /// Close a connection once what was told to it is written; [`Input::Closed`] follows.
    Close {
        /// Which.
        session: SessionId,
        /// The code.
        code: CloseCode,
        /// A sentence for people, at most 123 bytes (RFC 6455, 5.5).
        why: String,
    },
}

/// The hub's share of the settings; 0 lifts a limit.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What the host calls itself.
    pub server: Text,
    /// Where everybody starts; it always exists.
    pub default_room: RoomName,
    /// Whether the history ends with the host.
    pub ephemeral: bool,
    /// What clients are told of limits.
    pub bounds: Bounds,
    /// Screens one person may have.
    pub sessions_per_person: usize,
    /// Rooms of the host.
    pub rooms: usize,
    /// Rooms one person may be in.
    pub rooms_per_person: usize,
    /// Members of a room up to which everybody is told who comes and goes.
    pub crowd: usize,
    /// People with keys the host knows at most.
    pub people: usize,
    /// `enter`s one connection may try.
    pub enter_tries: u32,
    /// Frames that are not the dialect before a connection is closed.
    pub bad_frames: u32,
    /// Bytes of a topic.
    pub topic_bytes: usize,
    /// How long a cut connection's person still counts as there.
    pub linger: Duration,
    /// From accept to the first `enter`.
    pub enter_within: Duration,
    /// How long an old name stays reserved for its owner.
    pub name_reserved: Duration,
    /// Who enters with a key and this invitation owns the host, if nobody does yet.
    pub owner_ticket: Option<Token>,
    /// Where others find this host.
    pub site: Site,
    /// Chance that invitations are made of.
    pub seed: [u8; 32],
    /// How much one may do in how long.
    pub rates: Rates,
}

/// What a ticket stands for: who asked, and how it goes on when the store has answered.
#[derive(Debug)]
enum Pending {
    /// A new person's name and first room are being kept.
    Claim { session: SessionId, tag: Tag, person: PersonId, by: Admission },
    /// The welcome waits for how the person stands.
    Welcome { session: SessionId, tag: Tag, person: PersonId },
    /// Live waits for the heads.
    Resume { session: SessionId, tag: Tag, person: PersonId, cursors: Vec<Cursor> },
    /// A membership is being kept.
    Join { session: SessionId, tag: Tag, person: PersonId, room: RoomName },
    /// A new member waits for the head.
    JoinLoad { session: SessionId, tag: Tag, person: PersonId, room: RoomName },
    /// The end of a membership is being kept.
    Leave { session: SessionId, tag: Tag, person: PersonId, room: RoomName },
    /// A new name is being kept.
    Rename { session: SessionId, tag: Tag, person: PersonId, name: Nick },
    /// An entry is being kept.
    Append { session: SessionId, tag: Tag, nonce: Option<Nonce> },
    /// A page is being read.
    Page { session: SessionId, tag: Tag, to: Target },
    /// Something is looked for.
    Search { session: SessionId, tag: Tag, person: PersonId },
    /// A read position is being kept, or counted from.
    Read { session: SessionId, tag: Tag, person: PersonId, to: Target, counted: bool },
    /// One more key of a person is being kept.
    Device { session: SessionId, tag: Tag, person: PersonId, key: PublicKey },
    /// The end of one is being kept.
    DeviceGone { session: SessionId, tag: Tag, person: PersonId, key: PublicKey },
    /// An invitation is being kept.
    Invite { session: SessionId, tag: Tag, number: u32, token: Token },
    /// A webhook is being kept.
    Hook { session: SessionId, tag: Tag, number: u32, token: Token },
    /// Something that was asked over HTTP is being kept, or answered by the store at all.
    Called { call: Call },
    /// The tail of a room is being read.
    Tailed { call: Call, to: Target },
    /// Something is being kept, and there is nothing more to say than that it was.
    Settled { session: SessionId, tag: Tag },
    /// A password is looked at.
    Check { session: SessionId, tag: Tag, person: PersonId, room: RoomName },
    /// A password is made what may be kept of it.
    Hash { session: SessionId, tag: Tag, person: PersonId, room: RoomName, change: Change },
    /// How a room is set is being kept.
    Set {
        session: SessionId,
        tag: Tag,
        person: PersonId,
        room: RoomName,
        settings: RoomSettings,
        hash: Option<PasswordHash>,
    },
    /// That somebody may come in is being kept.
    LetIn { session: SessionId, tag: Tag, person: PersonId, room: RoomName, who: PersonId },
    /// The end of a room is being kept.
    Delete { session: SessionId, tag: Tag, person: PersonId, room: RoomName },
    /// What is done to somebody is being kept.
    Order(Box<Ordered>),
    /// The record is being read.
    Audit { session: SessionId, tag: Tag },
    /// How much there is in these rooms is being counted, for a list of everything.
    Listed { desk: Desk },
    /// The record is being read for whoever has the folder.
    DeskAudit { desk: Desk },
    /// Nobody waits.
    Nobody,
}

/// A room the host knows.
#[derive(Debug)]
struct Room {
    topic: Text,
    head: Seq,
    members: BTreeSet<PersonId>,
    ears: Ears,
    /// Whoever listens was told that they are too many to be told of each.
    crowd: bool,
    settings: RoomSettings,
    password: Option<PasswordHash>,
    operators: BTreeSet<PersonId>,
    /// Who comes in without being asked for more.
    invited: BTreeSet<PersonId>,
    /// Who spoke last when, where that is slow; only those who have to wait.
    spoke: ById<PersonId, Duration>,
    /// Its end is being kept: it is as if it were not there.
    gone: bool,
}

impl Room {
    fn new(topic: Text, head: Seq) -> Room {
        Room {
            topic,
            head,
            members: BTreeSet::new(),
            ears: Ears::default(),
            crowd: false,
            settings: RoomSettings::default(),
            password: None,
            operators: BTreeSet::new(),
            invited: BTreeSet::new(),
            spoke: ById::default(),
            gone: false,
        }
    }
}

/// When to wake, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    /// This connection must have entered.
    Enter(SessionId),
    /// This person, cut off, counts as gone.
    Gone(PersonId),
    /// This sentence is served.
    Over(u64),
}

/// The mind.
pub struct Hub {
    rules: Rules,
    epoch: Epoch,
    people: People,
    invitations: Invitations,
    hooks: Hooks,
    counters: Figures,
    devices: devices::Links,
    last_invitation: u32,
    rooms: HashMap<RoomName, Room>,
    directs: HashMap<Pair, Ears>,
    /// Boxed, since a table has more room than sessions.
    sessions: ById<SessionId, Box<Session>>,
    /// The host name that was dialled last.
    dialled: Arc<str>,
    /// Those for which the store is asked who they come in as.
    entering: BTreeSet<(PersonId, SessionId)>,
    /// People whose names are not kept yet, and those who came by their keys meanwhile: whether they are anybody is decided
    /// by the store. As many as may be on screens of one person.
    claims: ById<PersonId, Vec<(SessionId, Tag)>>,
    tickets: ById<Ticket, Pending>,
    next_ticket: u64,
    alarms: BTreeSet<(Duration, Alarm)>,
    /// The time of the input at hand.
    up: Duration,
    wall: Timestamp,
    counts: crowd::Counts,
    limiter: Limiter,
    sentences: Sentences,
    /// What the store had of them: their ends are counted from the first moment that is known.
    kept_sentences: Vec<Sentence>,
    started: bool,
    stopping: bool,
    effects: Vec<Effect>,
}

impl Hub {
    /// A hub that knows what the store has kept.
    pub fn new(rules: Rules, epoch: Epoch, facts: Facts) -> Hub {
        let mut rooms: HashMap<RoomName, Room> = HashMap::new();
        for fact in facts.rooms {
            let hall = Room {
                settings: fact.settings,
                password: fact.password,
                operators: fact.operators.into_iter().collect(),
                invited: fact.invited.into_iter().collect(),
                ..Room::new(fact.topic, fact.head)
            };
            rooms.insert(fact.room, hall);
        }
        for person in &facts.people {
            for room in &person.rooms {
                if let Some(room) = rooms.get_mut(room) {
                    room.members.insert(person.person);
                }
            }
        }
        let last_invitation = facts.invitations.iter().map(|kept| kept.invitation.number).max().unwrap_or(0);
        let invitations = Invitations::known(facts.invitations);
        let mut people = People::known(facts.people);
        let hooks = Hooks::known(facts.hooks);
        // Nobody else may be called so; who is already has the older right.
        for kept in hooks.iter() {
            if people.taken(&kept.hook.name, None, Timestamp(i64::MAX)).is_none() {
                people.wear(&kept.hook.name, kept.person);
            }
        }
        let mut directs = HashMap::new();
        for [a, b] in facts.directs {
            directs.insert(Pair::new(a, b), Ears::default());
            for (one, other) in [(a, b), (b, a)] {
                if let Some(person) = people.get_mut(one) {
                    person.directs.insert(other);
                }
            }
        }
        Hub {
            rules,
            epoch,
            people,
            invitations,
            hooks,
            counters: Figures::default(),
            devices: devices::Links::default(),
            last_invitation,
            rooms,
            directs,
            sessions: ById::default(),
            dialled: "".into(),
            entering: BTreeSet::new(),
            claims: ById::default(),
            tickets: ById::default(),
            next_ticket: 0,
            alarms: BTreeSet::new(),
            up: Duration::ZERO,
            wall: Timestamp(0),
            counts: crowd::Counts::default(),
            limiter: Limiter::default(),
            sentences: Sentences::default(),
            kept_sentences: facts.sentences,
            started: false,
            stopping: false,
            effects: Vec::new(),
        }
    }

    /// Once, before anything else: sentences begin to count, and the default room is made when the store lacks it.
    fn start(&mut self, now: Now) {
        self.started = true;
        for sentence in std::mem::take(&mut self.kept_sentences) {
            self.impose(now, sentence);
        }
        let room = self.rules.default_room.clone();
        if !self.rooms.contains_key(&room) {
            self.make_room(&room);
            self.keep(vec![Fact::RoomMade { room, maker: None, at: now.wall }], Pending::Nobody);
        }
    }

    /// Takes in one thing that happened and says what is to be done, in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        (self.up, self.wall) = (now.up, now.wall);
        if !self.started {
            self.start(now);
        }
        match input {
            Input::Opened { session, dialect, authority, challenge, address, free, luck } => {
                let door = Door { challenge, luck, until: now.up + self.rules.enter_within };
                // Nearly everybody dials the same name.
                if *self.dialled != *authority {
                    self.dialled = authority.into();
                }
                let opened = Session {
                    dialect,
                    authority: self.dialled.clone(),
                    door: Some(Box::new(door)),
                    address: address.and_then(source),
                    free,
                    key: None,
                    owner: false,
                    bot: None,
                    stage: Stage::Greeted,
                    live: false,
                    tries: 0,
                    bad: 0,
                    closing: false,
                    bye: false,
                    away: false,
                    typed_at: None,
                };
                self.opened(now, session, door, opened);
            }
            Input::Received { session, tag, command } => self.received(now, session, tag, command),
            Input::Unreadable { session, tag, refusal, garbage } => self.unreadable(session, tag, refusal, garbage),
            Input::Stored { ticket, entry, fresh } => self.stored(ticket, entry, fresh),
            Input::Kept { ticket } => self.kept(now, ticket),
            Input::Loaded { ticket, standings } => self.loaded(now, ticket, standings),
            Input::Paged { ticket, page } => self.paged(ticket, page),
            Input::Found { ticket, found } => self.found(ticket, found),
            Input::Checked { ticket, right } => self.checked(now, ticket, right),
            Input::Hashed { ticket, hash } => self.hashed(ticket, hash),
            Input::Asked { desk, ask } => self.asked_at_desk(now, desk, ask),
            Input::Called { call, wish } => self.called(now, call, wish),
            Input::Audited { ticket, lines } => self.audited(ticket, lines),
            Input::Failed { ticket, why } => self.failed(ticket, why),
            Input::Closed { session } => self.closed(now, session),
            Input::Woke => self.woke(now),
            Input::Stopping => self.stop(),
        }
        std::mem::take(&mut self.effects)
    }

    /// When, on the clock of [`Now::up`], the hub wants an [`Input::Woke`]; `None` while it waits for nothing.
    pub fn wake_at(&self) -> Option<Duration> {
        self.alarms.first().map(|(at, _)| *at).into_iter().chain(self.counts.at()).min()
    }

    fn received(&mut self, now: Now, session: SessionId, tag: Tag, command: Command) {
        let Some(open) = self.sessions.get(&session) else { return };
        if open.closing || self.stopping {
            return self.done(session);
        }
        match (open.stage, command) {
            (Stage::Greeted, Command::Enter { name, proof, invite, bot, .. }) => {
                if let Some(open) = self.sessions.get_mut(&session) {
                    open.bot = bot;
                }
                self.enter(now, session, tag, name, proof, invite);
            }
            (_, Command::Bye) => self.bye(session),
            (Stage::Greeted | Stage::Entering(_), command) => {
                let refusal = Refusal::new(Code::EnterFirst, "enter first: say who you are").about(command.nonce());
                self.refuse(session, &tag, refusal);
            }
            (Stage::Entered(person), command) => {
                let command = self.spelled(person, command);
                self.asked(now, session, tag, person, command);
            }
        }
    }

    /// The command with rooms as they are written by who made them: `#DEV` is `#dev`. Not those that this person must not
    /// know of: the answer would show that somebody made it.
    fn spelled(&self, person: PersonId, mut command: Command) -> Command {
        let rooms = &self.rooms;
        let spell = |room: &mut RoomName| {
            if let Some((known, _)) = rooms.get_key_value(room).filter(|_| self.seen(person, room).is_ok()) {
                *room = known.clone();
            }
        };
        match &mut command {
            Command::Join { room, .. }
            | Command::Leave { room }
            | Command::Topic { room, .. }
            | Command::RoomSet { room, .. }
            | Command::RoomDelete { room }
            | Command::HookAdd { room, .. }
            | Command::RoomInvite { room, .. } => spell(room),
            Command::Moderate(Order { room: Some(room), .. }) => spell(room),
            Command::Who { room: Some(room) } | Command::Bans { room: Some(room) } => spell(room),
            Command::Say { to: Target::Room(room), .. }
            | Command::Edit { to: Target::Room(room), .. }
            | Command::Delete { to: Target::Room(room), .. }
            | Command::React { to: Target::Room(room), .. }
            | Command::Page { to: Target::Room(room), .. }
            | Command::Search { to: Some(Target::Room(room)), .. }
            | Command::Typing { to: Target::Room(room) }
            | Command::Read { to: Target::Room(room), .. } => spell(room),
            _ => {}
        }
        command
    }

    /// A command of somebody who is in.
    fn asked(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, command: Command) {
        match command {
            Command::Enter { .. } => self.refuse(session, &tag, Refusal::new(Code::AlreadyIn, "you are in already")),
            Command::Bye => self.bye(session),
            Command::Introduce { name } => self.introduce(now, session, person, &name),
            Command::Join { room, password } => self.join(now, session, tag, person, room, password),
            Command::Leave { room } => self.leave(session, tag, person, room),
            Command::Rename { name } => self.rename(now, session, tag, person, name),
            Command::Rooms => self.list_rooms(session, &tag, person),
            Command::Who { room } => self.who(session, &tag, person, room),
            Command::Resume { cursors } => self.resume(session, tag, person, cursors),
            Command::Page { to, end, limit } => self.page(now, session, tag, person, to, end, limit),
            Command::Search { to, query, limit } => self.search(now, session, tag, person, to, query, limit),
            Command::Invite { room, once, lasts } => self.invite(now, session, tag, person, room, once, lasts),
            Command::Memo(memo) => self.set_memo(now, session, tag, person, memo),
            Command::Memos => self.list_memos(session, &tag, person),
            Command::AddDevice => self.add_device(now, session, tag, person),
            Command::Devices => self.list_devices(session, &tag, person),
            Command::RemoveDevice { number } => self.remove_device(session, tag, person, number),
            Command::Invites => self.invitations(session, tag, person),
            Command::Uninvite { number } => self.uninvite(session, tag, person, number),
            Command::HookAdd { room, name } => self.add_hook(now, session, tag, person, room, name),
            Command::Hooks => self.list_hooks(session, &tag, person),
            Command::HookRemove { number } => self.remove_hook(session, tag, person, number),
            Command::Away { away } => self.away(session, &tag, person, away),
            Command::Typing { to } => self.typing(now, session, person, &to),
            Command::Read { to, seq } => self.read(now, session, tag, person, to, seq),
            Command::Moderate(order) => self.order(now, Giver::Person { session, tag, person }, order),
            Command::RoomSet { room, change } => self.set_room(now, session, tag, person, room, change),
            Command::RoomDelete { room } => self.delete_room(now, session, tag, person, room),
            Command::RoomInvite { room, name } => self.invite_in(now, session, tag, person, room, &name),
            Command::Bans { room } => self.bans(session, &tag, person, room),
            Command::Audit { limit } => self.audit(session, tag, person, limit),
            command => self.append(now, session, tag, person, command),
        }
    }

    fn unreadable(&mut self, session: SessionId, tag: Tag, refusal: Refusal, garbage: bool) {
        let Some(open) = self.sessions.get_mut(&session) else { return };
        open.bad += u32::from(garbage);
        let enough = garbage && self.rules.bad_frames > 0 && open.bad >= self.rules.bad_frames;
        self.refuse(session, &tag, refusal);
        if enough {
            self.close(session, CloseCode::Protocol, "too many frames that are not the dialect");
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        let mut open: Vec<SessionId> = self.sessions.keys().copied().collect();
        open.sort();
        for session in open {
            self.close(session, CloseCode::Restarting, "the host stops; come back in a moment");
        }
    }

    // What every part of the hub says.

    /// Tells one session, unless it is being closed.
    fn tell(&mut self, session: SessionId, id: Option<u64>, event: Event) {
        if self.sessions.get(&session).is_some_and(|open| !open.closing) {
            self.effects.push(Effect::Tell { session, id, event });
        }
    }

    /// Answers a question, for good.
    fn answer(&mut self, session: SessionId, tag: &Tag, event: Event) {
        self.tell(session, tag.id(), event);
        self.done(session);
    }

    fn refuse(&mut self, session: SessionId, tag: &Tag, refusal: Refusal) {
        self.counters.refusals += 1;
        self.answer(session, tag, Event::Refused(refusal));
    }

    fn done(&mut self, session: SessionId) {
        if self.sessions.contains_key(&session) {
            self.effects.push(Effect::Answered { session });
        }
    }

    fn close(&mut self, session: SessionId, code: CloseCode, why: &str) {
        if let Some(open) = self.sessions.get_mut(&session).filter(|open| !open.closing) {
            open.closing = true;
            self.effects.push(Effect::Close { session, code, why: why.to_owned() });
        }
    }

    fn ticket(&mut self, pending: Pending) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.tickets.insert(ticket, pending);
        ticket
    }

    fn keep(&mut self, facts: Vec<Fact>, pending: Pending) {
        let ticket = self.ticket(pending);
        self.effects.push(Effect::Keep { ticket, facts });
    }

    /// Asks how a person stands to these conversations.
    fn load(&mut self, person: PersonId, of: Vec<Conversation>, pending: Pending) {
        let ticket = self.ticket(pending);
        let known = self.people.get(person);
        let from = |conversation: &Conversation| match known {
            Some(known) if known.author.guest => known.reads.get(conversation).map_or(ReadFrom::Head, ReadFrom::At),
            _ => ReadFrom::Kept,
        };
        let of = of.into_iter().map(|conversation| (conversation.clone(), from(&conversation))).collect();
        self.effects.push(Effect::Load { ticket, person, of });
    }

    /// All conversations of a person, the default room first.
    fn conversations(&self, person: PersonId) -> Vec<Conversation> {
        let Some(known) = self.people.get(person) else { return Vec::new() };
        let (default, others): (Vec<_>, Vec<_>) =
            known.rooms.iter().cloned().partition(|room| *room == self.rules.default_room);
        let rooms = default.into_iter().chain(others).map(Conversation::Room);
        let directs = known.directs.iter().map(|other| Conversation::Direct(Pair::new(person, *other)));
        rooms.chain(directs).collect()
    }

    /// A standing as its person is told of it.
    fn place(&self, person: PersonId, standing: Standing, cursors: &[Cursor]) -> Option<Place> {
        let (to, peer) = match &standing.conversation {
            Conversation::Room(room) => (Target::Room(room.clone()), None),
            Conversation::Direct(pair) => {
                let other = self.people.get(pair.other(person))?;
                let peer = other.peer();
                (Target::Direct(other.author.name.clone()), Some(peer))
            }
        };
        let stale = |cursor: &Cursor| cursor.epoch != self.epoch || cursor.after > standing.head;
        let reset = cursors.iter().any(|cursor| cursor.to == to && stale(cursor));
        let (settings, role) = match &standing.conversation {
            Conversation::Room(room) => {
                let settings = self.rooms.get(room).map(|hall| hall.settings).unwrap_or_default();
                (settings, self.rank(person, Some(room)).role())
            }
            Conversation::Direct(_) => (RoomSettings::default(), Role::Member),
        };
        Some(Place { to, peer, epoch: self.epoch, standing, reset, settings, role })
    }

    fn ears(&mut self, conversation: &Conversation) -> Option<&mut Ears> {
        match conversation {
            Conversation::Room(room) => self.rooms.get_mut(room).map(|room| &mut room.ears),
            Conversation::Direct(pair) => self.directs.get_mut(pair),
        }
    }

    fn make_room(&mut self, room: &RoomName) {
        self.rooms.insert(room.clone(), Room::new(Text::clean(""), Seq::ZERO));
    }

    /// The live sessions of everybody who shares such a room or a direct conversation with this person, itself included.
    fn around(&self, person: PersonId, counts: impl Fn(&Room) -> bool) -> Arc<[SessionId]> {
        let Some(known) = self.people.get(person) else { return Arc::new([]) };
        let rooms = known.rooms.iter().filter_map(|room| self.rooms.get(room)).filter(|room| counts(room));
        let rooms = rooms.flat_map(|room| room.ears.all());
        let peers = known.directs.iter().filter_map(|other| self.people.get(*other));
        let theirs = peers.flat_map(|peer| peer.sessions.iter().copied());
        let own = known.sessions.iter().copied();
        let live = |session: &SessionId| self.sessions.get(session).is_some_and(|open| open.live);
        let unique: BTreeSet<SessionId> = rooms.chain(theirs).chain(own).filter(live).collect();
        unique.into_iter().collect()
    }

    /// Tells everybody around a person, and nobody when nobody is.
    fn spread(&mut self, person: PersonId, event: Event) {
        let to = self.around(person, |_| true);
        self.send(to, event);
    }

    fn send(&mut self, to: Arc<[SessionId]>, event: Event) {
        if !to.is_empty() {
            self.effects.push(Effect::Send { to, except: None, event: Arc::new(event) });
        }
    }

    /// Tells everybody who listens to a room.
    fn tell_room(&mut self, room: &RoomName, event: Event) {
        self.tell_room_but(room, None, event);
    }

    /// Tells everybody who listens to a room but one.
    fn tell_room_but(&mut self, room: &RoomName, except: Option<SessionId>, event: Event) {
        let Some(room) = self.rooms.get(room) else { return };
        let to: Arc<[SessionId]> = room.ears.all().filter(|session| Some(*session) != except).collect();
        self.send(to, event);
    }

    /// Tells every screen of a person; the one that asked gets its id back.
    fn tell_screens(&mut self, person: PersonId, asker: SessionId, tag: &Tag, event: &Event) {
        let screens = self.people.get(person).map(|known| known.sessions.clone()).unwrap_or_default();
        for screen in screens {
            let id = if screen == asker { tag.id() } else { None };
            self.tell(screen, id, event.clone());
        }
    }
}
