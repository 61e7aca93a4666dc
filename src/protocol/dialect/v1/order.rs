//! How bans and mutes are told and read; the rest of order stands with the other events.

use serde::{Deserialize, Serialize};

use super::wire::{Read, Shown};
use crate::protocol::entry::Timestamp;
use crate::protocol::event::Event;
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::rights::{Barred, Penalty, WHY_CHARS};
use crate::protocol::text::Text;

#[derive(Serialize)]
pub(super) struct BansOut<'a, L: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<Shown<&'a RoomName>>,
    pub bans: L,
    pub more: bool,
}

#[derive(Serialize)]
pub(super) struct BarredOut<'a> {
    penalty: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guest: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

pub(super) fn out(one: &Barred) -> BarredOut<'_> {
    let Barred { penalty, name, guest, until, why } = one;
    let why = Some(why.as_str()).filter(|why| !why.is_empty());
    BarredOut { penalty: penalty.as_str(), name: name.as_str(), guest: *guest, until: until.map(|at| at.0), why }
}

#[derive(Deserialize)]
pub(super) struct BansIn {
    room: Option<Read<RoomName>>,
    bans: Vec<BarredIn>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct BarredIn {
    penalty: Read<Text>,
    name: Read<Nick>,
    #[serde(default)]
    guest: bool,
    until: Option<i64>,
    why: Option<Read<Text>>,
}

impl BansIn {
    pub fn event(self) -> Event {
        // A penalty of newer hosts is none that could be told of in words here.
        let bans = self.bans.into_iter().filter_map(BarredIn::barred).collect();
        Event::Bans { room: self.room.map(|room| room.0), bans, more: self.more }
    }
}

impl BarredIn {
    fn barred(self) -> Option<Barred> {
        let why = self.why.map_or_else(|| Text::clean(""), |why| why.0);
        let short: String = why.one_line().chars().take(WHY_CHARS).collect();
        let (name, until, why) = (self.name.0, self.until.map(Timestamp), Text::clean(&short));
        Some(Barred { penalty: Penalty::read(self.penalty.0.as_str())?, name, guest: self.guest, until, why })
    }
}
