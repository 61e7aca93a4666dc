//! How webhooks are told and read.

use serde::{Deserialize, Serialize};

use super::invite::is_plain;
use super::wire::{Read, Shown};
use crate::protocol::entry::Timestamp;
use crate::protocol::event::Event;
use crate::protocol::hook::Hook;
use crate::protocol::names::{Nick, RoomName};

#[derive(Serialize)]
pub(super) struct HookOut<'a> {
    number: u32,
    room: Shown<&'a RoomName>,
    name: &'a str,
    by: &'a str,
    made: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

pub(super) fn out<'a>(hook: &'a Hook, link: Option<&'a str>) -> HookOut<'a> {
    let Hook { number, room, name, by, made } = hook;
    HookOut { number: *number, room: Shown(room), name: name.as_str(), by: by.as_str(), made: made.0, link }
}

#[derive(Serialize)]
pub(super) struct HooksOut<L: Serialize> {
    pub hooks: L,
}

#[derive(Deserialize)]
pub(super) struct HookIn {
    number: u32,
    room: Read<RoomName>,
    name: Read<Nick>,
    by: Read<Nick>,
    made: i64,
    link: Option<String>,
}

impl HookIn {
    pub fn event(mut self) -> Result<Event, &'static str> {
        let link = self.link.take().filter(|link| is_plain(link)).ok_or("a webhook without an address")?;
        Ok(Event::Hook { hook: self.hook(), link })
    }

    fn hook(self) -> Hook {
        let HookIn { number, room, name, by, made, link: _ } = self;
        Hook { number, room: room.0, name: name.0, by: by.0, made: Timestamp(made) }
    }
}

#[derive(Deserialize)]
pub(super) struct HooksIn {
    hooks: Vec<HookIn>,
}

impl HooksIn {
    pub fn event(self) -> Event {
        Event::Hooks(self.hooks.into_iter().map(HookIn::hook).collect())
    }
}
