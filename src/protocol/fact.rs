//! What the hub has kept and the store keeps: a [`Draft`] that wants a number, and [`Fact`]s, lasting state without a seq.
//! Neither is ever on the wire; they stand here because the two that share them do not know each other.

use super::entry::{Author, Conversation, Nonce, PersonId, Seq, Timestamp, What};
use super::hook::KeptHook;
use super::invite::Kept;
use super::memo::Memo;
use super::names::{Nick, RoomName, Target};
use super::person::PublicKey;
use super::rights::{Penalty, Record, Role, RoomSettings, Sentence, Subject};
use super::secret::PasswordHash;
use super::text::Text;

/// An entry that wants a number. Rights that depend on the entry it changes are checked in the same transaction: an
/// Edited or Deleted is only taken from the author of `of`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Whose log.
    pub conversation: Conversation,
    /// How it was addressed.
    pub to: Target,
    /// When the host took it.
    pub at: Timestamp,
    /// Who.
    pub from: Author,
    /// What.
    pub what: What,
    /// What its sender recognises it by.
    pub nonce: Option<Nonce>,
    /// Whom a Said mentions (the store fills in those of a Deleted).
    pub mentions: Vec<PersonId>,
}

/// Lasting state without a seq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A key claimed a name: a new person.
    Claimed {
        /// Who, from now on.
        person: PersonId,
        /// The name.
        name: Nick,
        /// The key.
        key: PublicKey,
        /// When.
        at: Timestamp,
    },
    /// A person is called otherwise; the old name stays reserved for it.
    Renamed {
        /// Who.
        person: PersonId,
        /// The new name.
        name: Nick,
        /// Until when nobody else may claim the old one.
        reserved_until: Timestamp,
    },
    /// A room was made.
    RoomMade {
        /// Which.
        room: RoomName,
        /// By whom; `None` for the host's own.
        maker: Option<PersonId>,
        /// When.
        at: Timestamp,
    },
    /// A room without members and entries is forgotten. Refused silently when it has entries.
    RoomForgotten {
        /// Which.
        room: RoomName,
    },
    /// A person became a member; its read position starts at the head when it never had one there.
    Joined {
        /// Who.
        person: PersonId,
        /// Where.
        room: RoomName,
    },
    /// A person is no member any more.
    Left {
        /// Who.
        person: PersonId,
        /// Where.
        room: RoomName,
    },
    /// A person has read this far. Only grows, and never beyond the head.
    Read {
        /// Who.
        person: PersonId,
        /// Where.
        conversation: Conversation,
        /// The last seq read.
        seq: Seq,
    },
    /// A person has this role from now on; a member has none.
    Role {
        /// Who.
        person: PersonId,
        /// In which room; on the host when `None`.
        room: Option<RoomName>,
        /// Which.
        role: Role,
    },
    /// Somebody may not be there, or not speak. Takes the place of the sentence before it.
    Sentenced(Sentence),
    /// That is over.
    Pardoned {
        /// What was forbidden.
        penalty: Penalty,
        /// Where.
        room: Option<RoomName>,
        /// Whom.
        subject: Subject,
    },
    /// A room is set so.
    RoomSet {
        /// Which.
        room: RoomName,
        /// How. Whether there is a password says the next.
        settings: RoomSettings,
        /// What is kept of its password.
        password: Option<PasswordHash>,
    },
    /// A person may come into a room without being asked for more.
    RoomInvited {
        /// Which.
        room: RoomName,
        /// Who.
        person: PersonId,
    },
    /// Not any more.
    RoomUninvited {
        /// Which.
        room: RoomName,
        /// Who.
        person: PersonId,
    },
    /// A room is gone with all that was said, its members and its settings. Its numbers go on should it be made again.
    RoomDeleted {
        /// Which.
        room: RoomName,
    },
    /// A line for the record.
    Recorded(Record),
    /// A person has one more key.
    KeyAdded {
        /// Who.
        person: PersonId,
        /// Which; nobody else's.
        key: PublicKey,
    },
    /// A person is a program, or is not after all.
    Bot {
        /// Who.
        person: PersonId,
        /// Whether it is.
        bot: bool,
    },
    /// A key is nobody's any more.
    KeyRemoved {
        /// Which.
        key: PublicKey,
    },
    /// An invitation, as it stands now.
    Invited(Kept),
    /// The one with this number is forgotten.
    Uninvited(u32),
    /// A webhook was made.
    Hooked(KeptHook),
    /// The one with this number is forgotten.
    Unhooked(u32),
    /// What a person's screen put down for the others; a blank one is forgotten.
    Memo {
        /// Whose.
        person: PersonId,
        /// What.
        memo: Memo,
    },
}

/// Why an entry gets no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendRefusal {
    /// The nonce stands for something else in this conversation.
    NonceConflict,
    /// `of` does not exist, or is no Said.
    NoSuchEntry,
    /// `of` is somebody else's.
    NotYours,
    /// `of` was deleted.
    Deleted,
    /// The reaction is there already, or is not there; the text or topic is the same.
    Unchanged,
}

/// Where a person's count of unread starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// At the position the store keeps for the person (the head, when it keeps none).
    Kept,
    /// Here; for guests, whose position the hub remembers while they are there.
    At(Seq),
    /// At the head.
    Head,
}

/// Everything the hub must know at start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// People with keys.
    pub people: Vec<PersonFacts>,
    /// Rooms.
    pub rooms: Vec<RoomFacts>,
    /// Pairs that have a direct log.
    pub directs: Vec<[PersonId; 2]>,
    /// Bans and mutes.
    pub sentences: Vec<Sentence>,
    /// Invitations that are remembered.
    pub invitations: Vec<Kept>,
    /// Webhooks.
    pub hooks: Vec<KeptHook>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonFacts {
    /// Who.
    pub person: PersonId,
    /// The name of now.
    pub name: Nick,
    /// The keys.
    pub keys: Vec<PublicKey>,
    /// Names of before that are reserved, with the time they become free.
    pub reserved: Vec<(Nick, Timestamp)>,
    /// Rooms it is a member of.
    pub rooms: Vec<RoomName>,
    /// What it may do on the host.
    pub role: Role,
    /// What its screens put down for one another, by name.
    pub memos: Vec<Memo>,
    /// Whether it is a program.
    pub bot: bool,
}

/// One room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomFacts {
    /// Its name.
    pub room: RoomName,
    /// Its topic.
    pub topic: Text,
    /// Last seq of its log.
    pub head: Seq,
    /// How it is set.
    pub settings: RoomSettings,
    /// What is kept of its password.
    pub password: Option<PasswordHash>,
    /// Who keeps order there.
    pub operators: Vec<PersonId>,
    /// Who may come in without being asked for more.
    pub invited: Vec<PersonId>,
}
