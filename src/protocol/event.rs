//! What a host tells ([`Event`]) and why it says no ([`Refusal`]). What a client asks is in `command`; how either looks
//! on the wire is a dialect's business.

use std::sync::Arc;
use std::time::Duration;

use super::entry::{Author, Conversation, Entry, Epoch, Nonce, Page, PersonId, Seq, Standing, Timestamp};
use super::fingerprint::Fingerprint;
use super::hook::Hook;
use super::invite::Invitation;
use super::memo::Memo;
use super::names::{Nick, RoomName, Target};
use super::person::{Challenge, PublicKey};
use super::rights::{Barred, Deed, Record, Role, RoomSettings};
use super::search::Hit;
use super::secret::ShortCode;
use super::text::Text;

/// What a host tells a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The host's first word.
    Hello(Hello),
    /// You are in.
    Welcome(Welcome),
    /// The answer is no.
    Refused(Refusal),
    /// You (on whichever screen) are a member of this room now.
    Joined {
        /// The room and how you stand to it.
        place: Place,
    },
    /// You are no member any more.
    Left {
        /// Which room.
        room: RoomName,
    },
    /// An entry of a conversation's log, live.
    Entry(Arc<Entry>),
    /// An entry of a kind this program does not know (a newer host): it takes its place in the log and shows nothing.
    /// Only ever read by clients; no host of this version tells it.
    Skipped {
        /// Whose log.
        conversation: Conversation,
        /// How it was addressed.
        to: Target,
        /// Its place.
        seq: Seq,
    },
    /// You hear live from here on; how each of your conversations stands.
    Resumed {
        /// All of them.
        places: Vec<Place>,
    },
    /// A stretch of history.
    Page {
        /// The conversation, as it was asked for.
        to: Target,
        /// The entries.
        page: Page,
    },
    /// What a search found.
    Found {
        /// The messages, the newest first, with what their conversations are called now.
        hits: Vec<(Target, Hit)>,
        /// There may be more.
        more: bool,
    },
    /// You have read this far, on some screen; what is left.
    Read {
        /// Where.
        to: Target,
        /// The last seq read.
        seq: Seq,
        /// Left unread.
        unread: u32,
        /// Left that mention you.
        mentions: u32,
    },
    /// The host's rooms.
    Rooms {
        /// Public ones and those you are in, by name.
        rooms: Vec<RoomInfo>,
        /// Whether some were left out.
        more: bool,
    },
    /// Who is there.
    Members {
        /// Of this room; of the host when `None`.
        room: Option<RoomName>,
        /// The people, by name.
        people: Vec<Member>,
        /// Whether some were left out.
        more: bool,
    },
    /// Somebody became or stopped being a member of a room.
    Moved {
        /// Which room.
        room: RoomName,
        /// Who.
        who: Author,
        /// In or out.
        joined: bool,
        /// What their keys are recognised by, when they came.
        keys: Vec<Fingerprint>,
    },
    /// Too many are in this room to be told of each: how many there are, now and then.
    Crowd {
        /// Which room.
        room: RoomName,
        /// Members.
        members: u32,
        /// Of them, those who are there.
        online: u32,
        /// They are few again, and from now on each is told of.
        singly: bool,
    },
    /// Somebody came online or went, went away or came back.
    Presence {
        /// Who.
        who: Author,
        /// Whether there.
        online: bool,
        /// There, but not looking.
        away: bool,
    },
    /// Somebody is writing. It holds for a few seconds, or until they said it.
    Typing {
        /// Where.
        to: Target,
        /// Who.
        who: Author,
    },
    /// Somebody is called otherwise now; perhaps you.
    Renamed {
        /// Who, with the new name.
        who: Author,
        /// The name before.
        was: Nick,
    },
    /// An invitation was made.
    Invitation {
        /// What it opens.
        invitation: Invitation,
        /// All that is needed to come in.
        link: String,
        /// The same, to be typed by who found the host otherwise; while the host runs.
        code: Option<ShortCode>,
    },
    /// Those there are, the newest first.
    Invitations(Vec<Invitation>),
    /// A webhook was made.
    Hook {
        /// Where it speaks.
        hook: Hook,
        /// Where a program sends what it says.
        link: String,
    },
    /// Those you may take back, the newest first.
    Hooks(Vec<Hook>),
    /// By this link another device becomes yours.
    DeviceLink {
        /// All that is needed.
        link: String,
        /// The same, to be typed.
        code: Option<ShortCode>,
        /// When it ends.
        until: Timestamp,
    },
    /// Your devices: as you asked, or because there is one more.
    Devices(Vec<Device>),
    /// What your screens put down for one another: all when you asked, else what another one of them has changed. A blank
    /// one is gone.
    Memos(Vec<Memo>),
    /// Something was done to somebody, perhaps to you, to keep order.
    Moderated {
        /// What.
        deed: Deed,
        /// In which room; on the host when `None`.
        room: Option<RoomName>,
        /// To whom.
        who: Author,
        /// By whom; `None` when its time was over, or when it was done at the host itself.
        by: Option<Author>,
        /// For how long; for good, or of no length, when `None`.
        time: Option<Duration>,
        /// The reason; may be empty.
        why: Text,
    },
    /// A room is set otherwise.
    RoomSet {
        /// Which.
        room: RoomName,
        /// How it is set now.
        settings: RoomSettings,
        /// By whom; `None`: at the host itself.
        by: Option<Author>,
    },
    /// A room is no more, and all that was said in it.
    RoomDeleted {
        /// Which.
        room: RoomName,
        /// By whom; `None`: at the host itself.
        by: Option<Author>,
    },
    /// You may come into a room.
    Invited {
        /// Which.
        room: RoomName,
        /// Who says so.
        by: Author,
    },
    /// Who may not come, or not speak, there.
    Bans {
        /// In this room; on the host when `None`.
        room: Option<RoomName>,
        /// In the order of names.
        bans: Vec<Barred>,
        /// Whether there are more than are told.
        more: bool,
    },
    /// Who did what to keep order, the newest last.
    Audit {
        /// The record.
        lines: Vec<Record>,
    },
    /// A raw client's own line is stored: the frame as it came.
    Received {
        /// The frame.
        line: Arc<str>,
    },
    /// A command that has no other answer was carried out.
    Done,
}

/// One of a person's devices, as its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What it is called by.
    pub number: u32,
    /// What it is recognised by.
    pub key: PublicKey,
    /// Screens that are open on it.
    pub screens: u32,
    /// It is the one that is told.
    pub own: bool,
}

/// The host's first word: what it is and what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// What the host calls itself.
    pub server: Text,
    /// The store's epoch.
    pub epoch: Epoch,
    /// What is to be signed.
    pub challenge: Challenge,
    /// What it takes.
    pub limits: Bounds,
    /// What it can beyond the first version of the dialect.
    pub features: Vec<&'static str>,
}

/// The limits a client should know before it writes. 0 = none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one frame from the client.
    pub frame_bytes: usize,
    /// Bytes of one text.
    pub text_bytes: usize,
    /// Entries of one page.
    pub page_entries: usize,
    /// Commands without an answer before the host stops reading.
    pub unanswered: usize,
}

/// You are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Who you are here.
    pub you: Author,
    /// Whether the host forgets everything when it stops.
    pub ephemeral: bool,
    /// Your conversations and how you stand to them.
    pub places: Vec<Place>,
    /// What you may do on the host.
    pub role: Role,
}

/// One of your conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is called now.
    pub to: Target,
    /// The other person, when it is a direct one.
    pub peer: Option<Peer>,
    /// The epoch its numbers belong to.
    pub epoch: Epoch,
    /// Oldest, head, read, counts, topic.
    pub standing: Standing,
    /// In the answer to a resume: your cursor does not fit this log (another epoch, or from its future); forget it.
    pub reset: bool,
    /// How the room is set.
    pub settings: RoomSettings,
    /// What you may do there.
    pub role: Role,
}

/// The other one of a direct conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Who.
    pub person: PersonId,
    /// Whether there.
    pub online: bool,
    /// There, but not looking.
    pub away: bool,
    /// When they were there last, of one who is not and whom this host saw.
    pub seen: Option<Timestamp>,
}

/// A room as the list of rooms shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomInfo {
    /// Its name.
    pub room: RoomName,
    /// Its topic; empty when none.
    pub topic: Text,
    /// How many members.
    pub members: u32,
    /// Whether you are one.
    pub member: bool,
    /// How it is set.
    pub settings: RoomSettings,
}

/// A person as the list of people shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub who: Author,
    /// Whether there.
    pub online: bool,
    /// There, but not looking.
    pub away: bool,
    /// When they were there last, of one who is not and whom this host saw.
    pub seen: Option<Timestamp>,
    /// What they may do there.
    pub role: Role,
    /// What their keys are recognised by; of guests, and where it was not asked for, none.
    pub keys: Vec<Fingerprint>,
}

/// Why a host says no: a code for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// For people: what happened and what to do.
    pub text: String,
    /// The nonce of what was refused.
    pub nonce: Option<Nonce>,
    /// Names that are free, for `name_taken`.
    pub try_names: Vec<Nick>,
    /// When trying again makes sense.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with a sentence and nothing else.
    pub fn new(code: Code, text: impl Into<String>) -> Refusal {
        Refusal { code, text: text.into(), nonce: None, try_names: Vec::new(), retry_after: None }
    }
    /// The same, for the line with this nonce.
    pub fn about(self, nonce: Option<Nonce>) -> Refusal {
        Refusal { nonce, ..self }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)*) => {
        /// Why not, as a word of the wire. Codes are only ever added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$name,)*];
            /// The word of the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $wire,)* }
            }
            /// The code of a word of the wire; [`Code::Other`] for those of newer hosts.
            pub fn read(word: &str) -> Code {
                Code::ALL.iter().copied().find(|code| code.as_str() == word).unwrap_or(Code::Other)
            }
        }
    };
}

codes! {
    /// Not JSON, or not an object with a `type`.
    BadFrame = "bad_frame",
    /// A `type` this host does not know.
    UnknownCommand = "unknown_command",
    /// A field is missing or of the wrong kind.
    BadField = "bad_field",
    /// A name or a room's name that is none.
    BadName = "bad_name",
    /// A text that is blank.
    Blank = "blank",
    /// A text that is too long.
    TooLong = "too_long",
    /// Something else than `enter` before entering.
    EnterFirst = "enter_first",
    /// `enter` after entering.
    AlreadyIn = "already_in",
    /// The name belongs to another key, or is worn by another guest.
    NameTaken = "name_taken",
    /// The signature does not hold.
    BadKey = "bad_key",
    /// Only a person with a key may do that.
    NeedsKey = "needs_key",
    /// Nobody owns that name.
    NoSuchPerson = "no_such_person",
    /// No such room.
    NoSuchRoom = "no_such_room",
    /// Only members may do that.
    NotMember = "not_member",
    /// No such entry, or not one that this can be done to.
    NoSuchEntry = "no_such_entry",
    /// Only its author may do that.
    NotYours = "not_yours",
    /// It was deleted.
    Deleted = "deleted",
    /// The nonce was used for something else.
    NonceConflict = "nonce_conflict",
    /// Nothing would change.
    Unchanged = "unchanged",
    /// One comes in by an invitation, or this one opens nothing; the sentence says why.
    NeedsInvite = "needs_invite",
    /// Only an operator may do that, and not to somebody of the same rank.
    NotAllowed = "not_allowed",
    /// More than the host allows; the sentence says of what.
    Limit = "limit",
    /// Too much at once; the same goes well a little later.
    RateLimited = "rate_limited",
    /// One may not be there.
    Banned = "banned",
    /// One may not speak there.
    Muted = "muted",
    /// Only operators speak there.
    ReadOnly = "read_only",
    /// The room asks for a password.
    NeedsPassword = "needs_password",
    /// It is another one.
    WrongPassword = "wrong_password",
    /// The host has too much to do; try again.
    Busy = "busy",
    /// The host cannot store it now (a full disk); try again.
    Storage = "storage",
    /// None of these; the sentence says what.
    Other = "other",
}

/// Why a connection is closed (RFC 6455, 7.4; 4000 to 4999 are ours).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// Goodbye.
    Bye = 1000,
    /// A binary frame.
    Binary = 1003,
    /// Not UTF-8.
    NotUtf8 = 1007,
    /// A frame or message that is too large.
    TooLarge = 1009,
    /// The host stops; come back with back-off.
    Restarting = 1012,
    /// Not the dialect, too often.
    Protocol = 4400,
    /// Not entered in time.
    NotEntered = 4401,
    /// Sent away: stay away until the person asks to come back.
    SentAway = 4403,
    /// Too slow a reader: come back at once, nothing is lost.
    Slow = 4408,
}

impl CloseCode {
    /// All of them, by rising number.
    pub const ALL: &[CloseCode] = &[
        CloseCode::Bye,
        CloseCode::Binary,
        CloseCode::NotUtf8,
        CloseCode::TooLarge,
        CloseCode::Restarting,
        CloseCode::Protocol,
        CloseCode::NotEntered,
        CloseCode::SentAway,
        CloseCode::Slow,
    ];
    /// The number on the wire.
    pub fn number(self) -> u16 {
        self as u16
    }
}
