//! The words of order: roles, what is done to people, how a room is set, sentences and the record of them. Who may do what
//! is decided in `hub::rights`.

use std::net::IpAddr;
use std::time::Duration;

use super::entry::{PersonId, Timestamp};
use super::names::{Nick, RoomName};
use super::secret::Password;
use super::text::Text;

/// The longest reason, in characters: it is shown on one line, and is told in a close frame too.
pub const WHY_CHARS: usize = 200;

/// The longest sentence with an end. What is to last longer has none.
pub const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The slowest slow mode.
pub const SLOWEST: Duration = Duration::from_secs(6 * 3600);

/// Lines of the record, and bans and mutes, that are given at most.
pub const AUDIT_LINES: u32 = 200;

/// What somebody may do, in a room or on the host. Each may what the one before it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Somebody without a key.
    Guest,
    /// Anybody with one.
    #[default]
    Member,
    /// Keeps order.
    Operator,
    /// The host is theirs.
    Owner,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $word:ident = $wire:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$of])* $word,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$word,)*];
            /// The word of the wire.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$word => $wire,)* }
            }
            /// The one of this word.
            pub fn read(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    )*};
}

words! {
    /// What is done to somebody.
    Deed {
        /// Out of a room, or off the host; may come again.
        Kick = "kick",
        /// The same, and may not come again.
        Ban = "ban",
        /// May come again.
        Unban = "unban",
        /// May read and not speak.
        Mute = "mute",
        /// May speak again.
        Unmute = "unmute",
        /// Keeps order from now on.
        Op = "op",
        /// Does not any more.
        Deop = "deop",
        /// The host is theirs from now on, and nobody else's. Only whoever has its folder does that.
        Owner = "owner",
    }
    /// What a sentence forbids.
    Penalty {
        /// To be there.
        Ban = "ban",
        /// To speak there.
        Mute = "mute",
    }
}

impl Role {
    /// The word of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Guest => "guest",
            Role::Member => "member",
            Role::Operator => "operator",
            Role::Owner => "owner",
        }
    }

    /// The role of this word; what this program does not know is no more than a member.
    pub fn read(word: &str) -> Role {
        match word {
            "guest" => Role::Guest,
            "operator" => Role::Operator,
            "owner" => Role::Owner,
            _ => Role::Member,
        }
    }
}

/// Something that is to be done to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub deed: Deed,
    /// In which room; on the whole host when `None`.
    pub room: Option<RoomName>,
    /// To whom.
    pub name: Nick,
    /// How long a ban or a mute lasts; for good when `None`.
    pub time: Option<Duration>,
    /// The reason; may be empty.
    pub why: Text,
}

/// What of a room is to be set otherwise; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// See [`RoomSettings::private`].
    pub private: Option<bool>,
    /// See [`RoomSettings::readonly`].
    pub readonly: Option<bool>,
    /// See [`RoomSettings::slow`].
    pub slow: Option<Duration>,
    /// The password from now on; `Some(None)` takes it away.
    pub password: Option<Option<Password>>,
}

/// How a room is set, as everybody who sees it may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    /// Who is not invited does not know that it exists.
    pub private: bool,
    /// Operators alone speak.
    pub readonly: bool,
    /// One line from each person in so long; zero: no such limit.
    pub slow: Duration,
    /// Who is not invited needs a password.
    pub password: bool,
}

impl RoomSettings {
    /// Whether it is a room like any other.
    pub fn plain(&self) -> bool {
        *self == RoomSettings::default()
    }
}

/// Whom a sentence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A person, with all keys it has.
    Person(PersonId),
    /// Guests, and keys the host does not know, from this address (of IPv6: this network of 64 bits).
    Address(IpAddr),
}

/// A ban or a mute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// What it forbids.
    pub penalty: Penalty,
    /// In which room; on the host when `None`.
    pub room: Option<RoomName>,
    /// Whom.
    pub subject: Subject,
    /// What they were called then: it is lifted by that name too.
    pub name: Nick,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// The reason.
    pub why: Text,
}

/// A ban or a mute as those are told of it who keep order there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barred {
    /// What it forbids.
    pub penalty: Penalty,
    /// What they were called then.
    pub name: Nick,
    /// Whether it is about where a guest came from.
    pub guest: bool,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// The reason.
    pub why: Text,
}

/// A line of the record: who did what to whom, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// Who, by the name of then; `None`: whoever owns the host's folder.
    pub by: Option<Nick>,
    /// What: a word of [`Deed`], or one of [`RECORDED`].
    pub deed: String,
    /// In which room.
    pub room: Option<RoomName>,
    /// To whom, by the name of then.
    pub whom: Option<Nick>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// The reason, or what a room was set to.
    pub why: Text,
}

/// What is recorded besides deeds done to people.
pub const RECORDED: [&str; 5] = ["set", "delete_room", "invite", "delete", "restore"];

/// What was done to somebody, as a sentence that begins with their name; `place` is empty where the room needs no name.
pub fn told(deed: Deed, place: &str, who: &Nick, by: Option<&Nick>, time: Option<Duration>, why: &Text) -> String {
    let done = match deed {
        Deed::Kick => format!("was put out{}", behind(" of ", place)),
        Deed::Ban => format!("was banned{}", behind(" from ", place)),
        Deed::Unban => format!("may come again{}", behind(" to ", place)),
        Deed::Mute => format!("was muted{}", behind(" in ", place)),
        Deed::Unmute => format!("may speak again{}", behind(" in ", place)),
        Deed::Op => format!("is an operator now{}", behind(" of ", place)),
        Deed::Deop => format!("is no operator any more{}", behind(" of ", place)),
        Deed::Owner => format!("owns {} now", if place.is_empty() { "this host" } else { place }),
    };
    let by = by.map(|by| format!(" (by {by})")).unwrap_or_default();
    let time = time.map(|time| format!(" for {}", super::span::show(time))).unwrap_or_default();
    format!("{who} {done}{time}{by}{}", behind(": ", &why.one_line()))
}

fn behind(word: &str, what: &str) -> String {
    if what.is_empty() { String::new() } else { format!("{word}{what}") }
}

/// How a room is set, in words; a room like any other is `open to all`.
pub fn described(settings: &RoomSettings) -> String {
    let slow = (!settings.slow.is_zero()).then(|| format!("one line each in {}", super::span::show(settings.slow)));
    let words = [
        settings.private.then(|| "private".to_owned()),
        settings.password.then(|| "asks for a password".to_owned()),
        settings.readonly.then(|| "only operators speak".to_owned()),
        slow,
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { "open to all".to_owned() } else { words.join(", ") }
}

/// A ban or a mute in words, without its end.
pub fn barred(one: &Barred) -> String {
    let guest = if one.guest { " (a guest, and others from there)" } else { "" };
    format!("{} @{}{guest}{}", one.penalty.as_str(), one.name, behind(": ", &one.why.one_line()))
}

/// A line of the record in words, without its time.
pub fn recorded(line: &Record) -> String {
    let by = line.by.as_ref().map_or_else(|| "(the host)".to_owned(), Nick::to_string);
    let room = line.room.as_ref().map(|room| format!(" {room}")).unwrap_or_default();
    let whom = line.whom.as_ref().map(|whom| format!(" @{whom}")).unwrap_or_default();
    let left = line.until.map(|until| u64::try_from(until.0.saturating_sub(line.at.0)).unwrap_or(0));
    let time = left.map(|ms| format!(" for {}", super::span::show(Duration::from_millis(ms)))).unwrap_or_default();
    format!("{by}: {}{whom}{room}{time}{}", line.deed.replace('_', " "), behind(": ", &line.why.one_line()))
}
