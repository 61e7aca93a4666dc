//! [`Entry`], one line of a conversation's log, and what it is made of: who, when, what, and its number. The log keeps
//! entries as they came; [`Shown`] is their present form, with edits, deletions and reactions worked in, as pages and
//! search give it. How either is stored is the store's business, how it looks on the wire a dialect's.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::names::{Nick, RoomName, Target};
use super::text::Text;

macro_rules! bits128 {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub [u8; 16]);

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($type))
            }
        }
        impl FromStr for $type {
            type Err = NotHex;
            fn from_str(text: &str) -> Result<$type, NotHex> {
                unhex(text).map($type)
            }
        }
    };
}

/// The string is not the lower or upper case hex of as many bytes as were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hex form it should be")]
pub struct NotHex;

/// Reads exactly `N` bytes of hex.
pub fn unhex<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(NotHex);
    }
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8).ok_or(NotHex);
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

/// Writes bytes as lower case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

bits128! {
    /// Who somebody is, whatever the name: made by the host when a person first comes.
    PersonId
}
bits128! {
    /// Which life of the store a number belongs to: made with the store, changed on restore or repair.
    Epoch
}
bits128! {
    /// What a sender's line is recognised by, made once before the first try, so that trying again says nothing twice.
    Nonce
}

/// Place of an entry in its conversation: from 1, +1, no holes. 0 stands for "before the first".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first entry.
    pub const ZERO: Seq = Seq(0);
    /// The number after this one.
    pub fn next(self) -> Seq {
        Seq(self.0.saturating_add(1))
    }
    /// The number before this one; [`Seq::ZERO`] stays.
    pub fn prev(self) -> Seq {
        Seq(self.0.saturating_sub(1))
    }
}
impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seq({})", self.0)
    }
}

/// The host's clock when an entry was taken: milliseconds since 1970 UTC. For show; order is by [`Seq`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp(pub i64);

/// Two different people (or one, as its own notebook) in the order of their ids, so that a pair has one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair(PersonId, PersonId);

impl Pair {
    /// The pair of these two, in either order.
    pub fn new(a: PersonId, b: PersonId) -> Pair {
        if a <= b { Pair(a, b) } else { Pair(b, a) }
    }
    /// Both, the smaller id first.
    pub fn both(self) -> [PersonId; 2] {
        [self.0, self.1]
    }
    /// The one who is not `person`; oneself in a notebook.
    pub fn other(self, person: PersonId) -> PersonId {
        if self.0 == person { self.1 } else { self.0 }
    }
    /// Whether this person is one of the two.
    pub fn has(self, person: PersonId) -> bool {
        self.0 == person || self.1 == person
    }
}

/// Which log an entry belongs to. People name it by a [`Target`]; this is what stays when names change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Conversation {
    /// A room's log.
    Room(RoomName),
    /// What two people say to each other.
    Direct(Pair),
}

/// Who said it, with the name as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who it is.
    pub person: PersonId,
    /// What it was called.
    pub name: Nick,
    /// Whether it had no key.
    pub guest: bool,
    /// Whether it is a program: a bot, or a webhook.
    pub bot: bool,
}

/// What stands behind a program's name wherever it is shown. No name holds a blank, so nobody can wear it.
pub const BOT_MARK: &str = " (bot)";

impl Author {
    /// The name, with the mark of a program if it is one.
    pub fn marked(&self) -> String {
        format!("{}{}", self.name, self.mark())
    }

    /// What stands behind the name.
    pub fn mark(&self) -> &'static str {
        if self.bot { BOT_MARK } else { "" }
    }
}

/// An emoji used as a reaction: 1 to 64 bytes without blanks or control characters. What a reader's terminal can draw
/// of it is the reader's matter.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Emoji(Arc<str>);

impl Emoji {
    /// Takes one grapheme cluster, or a short word such as `+1`.
    pub fn parse(text: &str) -> Option<Emoji> {
        let clean = Text::clean(text);
        let fits =
            clean.as_str() == text && !clean.is_blank() && text.len() <= 64 && !text.contains(char::is_whitespace);
        fits.then(|| Emoji(text.into()))
    }
    /// The emoji itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Emoji({})", &*self.0)
    }
}

/// What an entry does to its conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Something was said.
    Said {
        /// The words.
        text: Text,
        /// Told of oneself in the third person (`/me`).
        me: bool,
        /// The entry it answers.
        reply_to: Option<Seq>,
    },
    /// Its author changed what was said at `of`.
    Edited {
        /// The Said entry.
        of: Seq,
        /// The words from now on.
        text: Text,
    },
    /// Its author took back what was said at `of`.
    Deleted {
        /// The Said entry.
        of: Seq,
    },
    /// Somebody reacted to `of`.
    Reacted {
        /// The Said entry.
        of: Seq,
        /// With this.
        emoji: Emoji,
    },
    /// Somebody took a reaction back.
    Unreacted {
        /// The Said entry.
        of: Seq,
        /// This one.
        emoji: Emoji,
    },
    /// The room's topic was set; an empty text clears it.
    Topic {
        /// The topic.
        text: Text,
    },
}

impl What {
    /// The earlier entry that this one changes, if it does.
    pub fn of(&self) -> Option<Seq> {
        match self {
            What::Edited { of, .. } | What::Deleted { of } | What::Reacted { of, .. } | What::Unreacted { of, .. } => {
                Some(*of)
            }
            What::Said { .. } | What::Topic { .. } => None,
        }
    }
}

/// One line of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose log.
    pub conversation: Conversation,
    /// How it was addressed: the room, or the receiver by its name of that moment.
    pub to: Target,
    /// Its place.
    pub seq: Seq,
    /// When the host took it.
    pub at: Timestamp,
    /// Who.
    pub from: Author,
    /// What.
    pub what: What,
    /// What its sender recognises it by; raw clients have none.
    pub nonce: Option<Nonce>,
    /// Whose count of mentions this changes: of a Said those it mentions, of a Deleted those the deleted one mentioned.
    /// Found once, when said; empty for the other kinds.
    pub mentions: Vec<PersonId>,
}

/// The present form of one Said or Topic entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its place; never changes.
    pub seq: Seq,
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub from: Author,
    /// The nonce it came with.
    pub nonce: Option<Nonce>,
    /// Seq of the last entry that changed it, its own at first. A live change applies only when its seq is greater.
    pub rev: Seq,
    /// Whom it mentions.
    pub mentions: Vec<PersonId>,
    /// What is to be shown.
    pub what: ShownWhat,
}

/// What is left to show of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownWhat {
    /// Said, as it reads now.
    Said {
        /// The words now; `None` when it was deleted.
        text: Option<Text>,
        /// Told in the third person.
        me: bool,
        /// The entry it answers.
        reply_to: Option<Seq>,
        /// Whether the words were changed after they were said.
        edited: bool,
        /// Reactions in the order they first came.
        reactions: Vec<Reaction>,
    },
    /// The topic was set to this.
    Topic {
        /// The topic; empty when it was cleared.
        text: Text,
    },
}

/// One emoji under an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// How many people.
    pub count: u32,
    /// Some of them, at most [`REACTORS_SHOWN`]; the asker first when among them.
    pub by: Vec<Author>,
}

/// People named under one reaction of a page; with more, `count` alone grows, so that a loved message fits a frame.
pub const REACTORS_SHOWN: usize = 8;

/// A stretch of a log in its present form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Whose log.
    pub conversation: Conversation,
    /// First seq this page covers. Seqs in `from..before` without an entry here changed others or were of no kind to show.
    pub from: Seq,
    /// The seq after the last one covered, as asked for (the head's next when nothing was asked).
    pub before: Seq,
    /// First seq that still exists; below it retention has dropped.
    pub oldest: Seq,
    /// The entries, by rising seq.
    pub entries: Vec<Shown>,
    /// Entries from before the stretch that something in it has changed, as they are now, by rising seq: whoever has them
    /// from an earlier time had them otherwise.
    pub changed: Vec<Shown>,
}

/// How a person stands to a conversation, counted at one moment of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which log.
    pub conversation: Conversation,
    /// First seq that exists (head + 1 when there is none).
    pub oldest: Seq,
    /// Last seq; 0 when nothing was ever said.
    pub head: Seq,
    /// Last seq the person has read.
    pub read: Seq,
    /// Said by others, not deleted, after `read`; exact up to [`COUNT_LIMIT`].
    pub unread: u32,
    /// Those of them that mention the person; in a direct conversation, all.
    pub mentions: u32,
    /// The room's topic; empty when none.
    pub topic: Text,
}

/// Counts are exact up to here (999) and this (1,000) means "more": nobody reads a fourth digit, and counting is bounded.
pub const COUNT_LIMIT: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        let id = PersonId([0xa5; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "zz", &"0".repeat(31), &"g".repeat(32), &"é".repeat(16)] {
            assert_eq!(bad.parse::<PersonId>(), Err(NotHex));
        }
    }

    #[test]
    fn a_pair_has_one_form() {
        let (a, b) = (PersonId([1; 16]), PersonId([2; 16]));
        assert_eq!(Pair::new(a, b), Pair::new(b, a));
        assert_eq!(Pair::new(b, a).other(a), b);
        assert_eq!(Pair::new(a, a).other(a), a);
    }

    #[test]
    fn emoji_are_short_and_clean() {
        for good in ["👍", "👨‍👩‍👧", "+1", "♻️"] {
            assert!(Emoji::parse(good).is_some(), "{good}");
        }
        for bad in ["", " ", "a b", "\u{1b}", &"x".repeat(65)] {
            assert!(Emoji::parse(bad).is_none(), "{bad:?}");
        }
    }
}
