//! What whoever has a host's folder asks of it ([`Ask`]) and what is answered ([`Line`]): the words between `wschat
//! admin` and a host, each a line of JSON. They go over a socket in that folder and never over the network, so they
//! are no part of `docs/protocol.md`, and both ends are always of one program. What comes of them is decided in
//! `hub`.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::entry::Timestamp;
use super::names::{Nick, RoomName};
use super::rights::{Deed, LONGEST, Order, Penalty, Record, Role, Sentence, Subject, WHY_CHARS};
use super::text::Text;

/// Bytes of a line that asks: a name, a reason and the words around them, with room to spare.
pub const ASK_BYTES: usize = 4096;

/// Bytes of a line that answers: texts are of one line and bounded where they were said; nothing longer is read.
pub const LINE_BYTES: usize = 64 * 1024;

/// Lines of the record that a host keeps, and gives at most; the oldest goes. Years of a busy host, and a few megabytes.
pub const RECORD_LINES: u32 = 10_000;

/// What is asked of a host by whoever has its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Do this to somebody, on the whole host.
    Order {
        /// What.
        #[serde(with = "word")]
        deed: Deed,
        /// To whom.
        #[serde(with = "word")]
        name: Nick,
        /// For so many seconds; for good when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_s: Option<u64>,
        /// The reason; may be empty.
        #[serde(with = "word")]
        why: Text,
    },
    /// Who and which rooms are there?
    List,
    /// Who may not come, or not speak?
    Bans,
    /// Who did what to keep order?
    Audit {
        /// Lines at most.
        limit: u32,
    },
}

impl Ask {
    /// This order, as it is asked.
    pub fn order(deed: Deed, name: Nick, time: Option<Duration>, why: &str) -> Ask {
        let why: String = Text::clean(why).one_line().chars().take(WHY_CHARS).collect();
        Ask::Order { deed, name, for_s: time.map(|time| time.as_secs()), why: Text::clean(&why) }
    }

    /// The order in it, within its bounds.
    pub fn ordered(deed: Deed, name: Nick, for_s: Option<u64>, why: &Text) -> Order {
        let short: String = why.one_line().chars().take(WHY_CHARS).collect();
        let time = for_s.map(|secs| Duration::from_secs(secs).min(LONGEST));
        Order { deed, room: None, name, time, why: Text::clean(&short) }
    }
}

/// One line of an answer; the last of each is [`Line::Done`] or [`Line::Refused`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// Somebody the host knows, or a guest who is there.
    Person {
        /// The name.
        #[serde(with = "word")]
        name: Nick,
        /// What they may do on the host.
        #[serde(with = "word")]
        role: Role,
        /// Whether they are there.
        online: bool,
        /// When they were last, in milliseconds of Unix time, as far as this host has been running.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<i64>,
        /// Keys they have, each of a device.
        devices: u32,
        /// Rooms they are in.
        rooms: u32,
    },
    /// A room.
    Room {
        /// Which.
        #[serde(with = "word")]
        room: RoomName,
        /// How it is set.
        kind: String,
        /// Who is in it.
        members: u32,
        /// Entries of its log that are kept.
        entries: u64,
    },
    /// A ban or a mute that holds.
    Sentence {
        /// What it forbids.
        #[serde(with = "word")]
        penalty: Penalty,
        /// What they were called then.
        #[serde(with = "word")]
        name: Nick,
        /// Where guests of it come from, when it is about an address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<IpAddr>,
        /// In which room; on the host when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe")]
        room: Option<RoomName>,
        /// When it ends, in milliseconds of Unix time; never when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
        /// The reason.
        #[serde(with = "word")]
        why: Text,
    },
    /// Something that was done to keep order.
    Record {
        /// When, in milliseconds of Unix time.
        at: i64,
        /// By whom; by whoever had the host's folder when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe")]
        by: Option<Nick>,
        /// What.
        deed: String,
        /// In which room.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe")]
        room: Option<RoomName>,
        /// To whom.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe")]
        whom: Option<Nick>,
        /// When it ends, in milliseconds of Unix time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
        /// The reason.
        #[serde(with = "word")]
        why: Text,
    },
    /// It was done.
    Done {
        /// What, as a sentence; empty where the lines before say it.
        #[serde(with = "word")]
        said: Text,
    },
    /// It was not done.
    Refused {
        /// Why not, and what to do.
        #[serde(with = "word")]
        why: Text,
    },
}

impl Line {
    /// A line of the record.
    pub fn record(record: Record) -> Line {
        let Record { at, by, deed, room, whom, until, why } = record;
        Line::Record { at: at.0, by, deed, room, whom, until: until.map(|at| at.0), why }
    }

    /// A ban or a mute.
    pub fn sentence(sentence: &Sentence) -> Line {
        let Sentence { penalty, room, subject, name, until, why } = sentence.clone();
        let address = match subject {
            Subject::Person(_) => None,
            Subject::Address(address) => Some(address),
        };
        Line::Sentence { penalty, name, address, room, until: until.map(|at| at.0), why }
    }

    /// The line of the record in this one, if it is such.
    pub fn as_record(&self) -> Option<Record> {
        let Line::Record { at, by, deed, room, whom, until, why } = self.clone() else { return None };
        // Of the file a word is only what a word can be; of a socket it is checked here.
        let deed = Text::clean(&deed).one_line().into_owned();
        Some(Record { at: Timestamp(at), by, deed, room, whom, until: until.map(Timestamp), why })
    }

    /// Whether nothing follows it.
    pub fn is_last(&self) -> bool {
        matches!(self, Line::Done { .. } | Line::Refused { .. })
    }

    /// It was done.
    pub fn done(said: &str) -> Line {
        Line::Done { said: Text::clean(said) }
    }

    /// It was not done.
    pub fn refused(why: &str) -> Line {
        Line::Refused { why: Text::clean(why) }
    }
}

/// What is one word on the wire and is read by its own parser alone, so that nothing else becomes a name or a text.
trait Word: Sized {
    fn show(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

macro_rules! words {
    ($($type:ty, |$one:ident| $show:expr, |$text:ident| $read:expr;)*) => {$(
        impl Word for $type {
            fn show(&self) -> String {
                let $one = self;
                $show.to_string()
            }
            fn read($text: &str) -> Option<Self> {
                $read
            }
        }
    )*};
}

words! {
    Nick, |one| one, |text| Nick::parse(text).ok();
    RoomName, |one| one, |text| RoomName::parse(text.strip_prefix('#')?).ok();
    Text, |one| one.as_str(), |text| Some(Text::clean(text));
    Deed, |one| one.as_str(), |text| Deed::read(text);
    Penalty, |one| one.as_str(), |text| Penalty::read(text);
    Role, |one| one.as_str(), |text| Some(Role::read(text));
}

mod word {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<T: super::Word, S: Serializer>(one: &T, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&one.show())
    }

    pub fn deserialize<'de, T: super::Word, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let text = String::deserialize(from)?;
        T::read(&text).ok_or_else(|| D::Error::custom("a word that is none"))
    }
}

mod maybe {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<T: super::Word, S: Serializer>(one: &Option<T>, out: S) -> Result<S::Ok, S::Error> {
        match one {
            Some(one) => out.serialize_str(&one.show()),
            None => out.serialize_none(),
        }
    }

    pub fn deserialize<'de, T: super::Word, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| T::read(&text).ok_or_else(|| D::Error::custom("a word that is none"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(name: &str) -> Nick {
        Nick::parse(name).expect("a name")
    }

    #[test]
    fn what_is_asked_and_answered_is_read_as_it_was_meant() {
        let (hour, room) = (Some(Duration::from_secs(3600)), RoomName::parse("dev").ok());
        let asks =
            [Ask::order(Deed::Ban, nick("ben"), hour, "spam, again"), Ask::List, Ask::Bans, Ask::Audit { limit: 5 }];
        for ask in asks {
            let line = serde_json::to_string(&ask).expect("it has a form");
            assert!(line.len() <= ASK_BYTES && !line.contains('\n'), "{line}");
            assert_eq!(serde_json::from_str::<Ask>(&line).expect("it is read"), ask, "{line}");
        }
        let why = Text::clean("so it is");
        let lines = [
            Line::Person { name: nick("ann"), role: Role::Owner, online: true, seen: None, devices: 2, rooms: 1 },
            Line::Room { room: room.clone().expect("a room"), kind: "private".into(), members: 1, entries: 7 },
            Line::Sentence {
                penalty: Penalty::Ban,
                name: nick("ben"),
                address: Some([192, 0, 2, 7].into()),
                room: room.clone(),
                until: Some(7),
                why: why.clone(),
            },
            Line::Record { at: 7, by: None, deed: "op".into(), room, whom: Some(nick("ben")), until: None, why },
            Line::done("ben is an operator now"),
            Line::refused("nobody is called so"),
        ];
        for one in lines {
            let line = serde_json::to_string(&one).expect("it has a form");
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(serde_json::from_str::<Line>(&line).expect("it is read"), one, "{line}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_read_as_one() {
        for bad in [
            r#"{"ask":"order","deed":"ban","name":"a\u001b[2Jb"}"#,
            r#"{"ask":"order","deed":"behead","name":"ben"}"#,
            r#"{"ask":"order","deed":"ban","name":""}"#,
            r#"{"ask":"dance"}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<Ask>(bad).is_err(), "{bad}");
        }
        let long = Ask::order(Deed::Ban, nick("ben"), None, &"why ".repeat(5000));
        assert!(serde_json::to_string(&long).expect("it has a form").len() < ASK_BYTES);
    }
}
