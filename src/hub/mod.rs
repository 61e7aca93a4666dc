//! The server's mind: who is there, who may say what, and who hears it. One verb, [`Hub::handle`]; it never waits, reads
//! no clock, rolls no dice and opens nothing. What it wants done it returns as [`Effect`]s; sockets, disk and time are the
//! server's.

use std::sync::Arc;
use std::time::Duration;

use crate::protocol::command::{Command, Tag};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Conversation, Entry, Epoch, Page, PersonId, Seq, Standing, Timestamp};
use crate::protocol::event::{Bounds, CloseCode, Event, Refusal};
use crate::protocol::fact::{AppendRefusal, Draft, Fact, Facts, ReadFrom};
use crate::protocol::names::RoomName;
use crate::protocol::person::Challenge;
use crate::protocol::text::Text;

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
        /// The seq to end before.
        before: Option<Seq>,
        /// Entries at most.
        limit: u32,
        /// Who asks.
        asker: PersonId,
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
}

/// The mind.
pub struct Hub {
    rules: Rules,
    epoch: Epoch,
}

impl Hub {
    /// A hub that knows what the store has kept.
    pub fn new(rules: Rules, epoch: Epoch, _facts: Facts) -> Hub {
        Hub { rules, epoch }
    }

    /// Takes in one thing that happened and says what is to be done, in order.
    pub fn handle(&mut self, _now: Now, _input: Input) -> Vec<Effect> {
        let _ = (&self.rules, &self.epoch);
        Vec::new()
    }

    /// When, on the clock of [`Now::up`], the hub wants an [`Input::Woke`]; `None` while it waits for nothing.
    pub fn wake_at(&self) -> Option<Duration> {
        None
    }
}
