//! How invitations, a person's devices and what these put down for one another are told and read.

use serde::{Deserialize, Serialize};

use super::wire::{Hex, Read, Shown};
use crate::protocol::entry::Timestamp;
use crate::protocol::event::{Device, Event};
use crate::protocol::invite::Invitation;
use crate::protocol::memo::{Memo, MemoName};
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::person::PublicKey;
use crate::protocol::secret::ShortCode;
use crate::protocol::text::Text;

/// The longest link that a client takes: an authority, a room, a token and a fingerprint are a third of it.
const LINK_BYTES: usize = 1024;

#[derive(Serialize)]
pub(super) struct InvitationOut<'a> {
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Shown<&'a RoomName>>,
    by: &'a str,
    made: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    once: bool,
    used: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

pub(super) fn out<'a>(
    invitation: &'a Invitation,
    link: Option<&'a str>,
    code: Option<&ShortCode>,
) -> InvitationOut<'a> {
    let Invitation { number, room, by, made, until, once, used, revoked } = invitation;
    InvitationOut {
        number: *number,
        room: room.as_ref().map(Shown),
        by: by.as_str(),
        made: made.0,
        until: until.map(|until| until.0),
        once: *once,
        used: *used,
        revoked: *revoked,
        link,
        code: code.map(ShortCode::spoken),
    }
}

#[derive(Serialize)]
pub(super) struct ListOut<L: Serialize> {
    pub invitations: L,
}

#[derive(Deserialize)]
pub(super) struct InvitationIn {
    number: u32,
    room: Option<Read<RoomName>>,
    by: Read<Nick>,
    made: i64,
    until: Option<i64>,
    #[serde(default)]
    once: bool,
    used: u32,
    #[serde(default)]
    revoked: bool,
    link: Option<String>,
    code: Option<String>,
}

/// A link becomes part of a picture and of the clipboard.
pub(super) fn is_plain(link: &str) -> bool {
    link.len() <= LINK_BYTES && link.bytes().all(|b| b.is_ascii_graphic())
}

#[derive(Serialize)]
pub(super) struct DeviceLinkOut<'a> {
    pub link: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub until: i64,
}

#[derive(Deserialize)]
pub(super) struct DeviceLinkIn {
    link: String,
    code: Option<String>,
    until: i64,
}

impl DeviceLinkIn {
    pub fn event(self) -> Result<Event, &'static str> {
        let link = Some(self.link).filter(|link| is_plain(link)).ok_or("a device without a link")?;
        let code = self.code.as_deref().and_then(ShortCode::parse);
        Ok(Event::DeviceLink { link, until: Timestamp(self.until), code })
    }
}

#[derive(Serialize)]
pub(super) struct MemosOut<L: Serialize> {
    pub memos: L,
}

#[derive(Serialize)]
pub(super) struct MemoOut<'a> {
    memo: &'a str,
    text: &'a str,
}

pub(super) fn memo_out(memo: &Memo) -> MemoOut<'_> {
    MemoOut { memo: memo.name.as_str(), text: memo.text.as_str() }
}

#[derive(Deserialize)]
pub(super) struct MemosIn {
    memos: Vec<MemoIn>,
}

#[derive(Deserialize)]
struct MemoIn {
    memo: String,
    text: String,
}

impl MemosIn {
    pub fn event(self) -> Result<Event, &'static str> {
        let memo = |MemoIn { memo, text }: MemoIn| {
            let name = MemoName::parse(&memo).ok_or("a memo without a name")?;
            Ok(Memo { name, text: Text::clean(&text) })
        };
        self.memos.into_iter().map(memo).collect::<Result<_, _>>().map(Event::Memos)
    }
}

#[derive(Serialize)]
pub(super) struct DevicesOut<L: Serialize> {
    pub devices: L,
}

#[derive(Serialize)]
pub(super) struct DeviceOut {
    number: u32,
    key: Hex<32>,
    screens: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    own: bool,
}

pub(super) fn device_out(device: &Device) -> DeviceOut {
    let Device { number, key, screens, own } = device;
    DeviceOut { number: *number, key: Hex(key.0), screens: *screens, own: *own }
}

#[derive(Deserialize)]
pub(super) struct DevicesIn {
    devices: Vec<DeviceIn>,
}

#[derive(Deserialize)]
struct DeviceIn {
    number: u32,
    key: Read<[u8; 32]>,
    screens: u32,
    #[serde(default)]
    own: bool,
}

impl DevicesIn {
    pub fn event(self) -> Event {
        let device = |DeviceIn { number, key, screens, own }| Device { number, key: PublicKey(key.0), screens, own };
        Event::Devices(self.devices.into_iter().map(device).collect())
    }
}

impl InvitationIn {
    fn invitation(self) -> Invitation {
        let InvitationIn { number, room, by, made, until, once, used, revoked, .. } = self;
        let (room, until) = (room.map(|room| room.0), until.map(Timestamp));
        Invitation { number, room, by: by.0, made: Timestamp(made), until, once, used, revoked }
    }

    pub fn event(mut self) -> Result<Event, &'static str> {
        let link = self.link.take().filter(|link| is_plain(link)).ok_or("an invitation without a link")?;
        let code = self.code.as_deref().and_then(ShortCode::parse);
        Ok(Event::Invitation { invitation: self.invitation(), link, code })
    }
}

#[derive(Deserialize)]
pub(super) struct ListIn {
    invitations: Vec<InvitationIn>,
}

impl ListIn {
    pub fn event(self) -> Event {
        Event::Invitations(self.invitations.into_iter().map(InvitationIn::invitation).collect())
    }
}
