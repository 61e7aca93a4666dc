//! How a client writes a command. The counterpart on the host is `command_in`.

use serde::Serialize;

use super::wire::{Each, Hex, Shown};
use crate::protocol::command::{Command, Cursor, PageEnd};
use crate::protocol::names::{RoomName, Target};
use crate::protocol::secret::Password;

/// One command as the text of a frame; `id` comes back in its answer. [`Command::Introduce`] exists for raw clients; here
/// it is the `enter` of a guest.
pub fn encode_command(command: &Command, id: Option<u64>) -> String {
    let json = serde_json::to_string(&Frame { id, ..frame(command) });
    json.expect("strings and numbers into memory cannot fail")
}

/// A command of any kind: every kind is told by its type and has a few of these fields.
#[derive(Serialize, Default)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Shown<&'a Target>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Shown<&'a RoomName>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Hex<32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sig: Option<Hex<64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    me: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursors: Option<Cursors<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    link: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mentions: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    away: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deed: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readonly: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    once: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lasts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<Hex<16>>,
}

fn frame(command: &Command) -> Frame<'_> {
    let new = |kind| Frame { kind, nonce: command.nonce().map(|nonce| Hex(nonce.0)), ..Frame::default() };
    match command {
        Command::Enter { name, proof, client, invite, bot } => Frame {
            name: name.as_ref().map(|name| name.as_str()),
            key: proof.map(|proof| Hex(proof.key.0)),
            sig: proof.map(|proof| Hex(proof.signature)),
            client: client.as_ref().map(|client| client.as_str()),
            invite: invite.as_ref().map(|invite| invite.as_str()),
            bot: *bot,
            ..new("enter")
        },
        Command::Introduce { name } => Frame { name: Some(name.as_str()), ..new("enter") },
        Command::Join { room, password } => Frame {
            room: Some(Shown(room)),
            password: password.as_ref().map(|password| password.as_str()),
            ..new("join")
        },
        Command::Leave { room } => Frame { room: Some(Shown(room)), ..new("leave") },
        Command::Say { to, text, me, reply_to, .. } => Frame {
            to: Some(Shown(to)),
            text: Some(text.as_str()),
            me: *me,
            reply_to: reply_to.map(|seq| seq.0),
            ..new("say")
        },
        Command::Edit { to, of, text, .. } => {
            Frame { to: Some(Shown(to)), of: Some(of.0), text: Some(text.as_str()), ..new("edit") }
        }
        Command::Delete { to, of, .. } => Frame { to: Some(Shown(to)), of: Some(of.0), ..new("delete") },
        Command::React { to, of, emoji, on, .. } => Frame {
            to: Some(Shown(to)),
            of: Some(of.0),
            emoji: Some(emoji.as_str()),
            on: (!on).then_some(false),
            ..new("react")
        },
        Command::Topic { room, text, .. } => {
            Frame { room: Some(Shown(room)), text: Some(text.as_str()), ..new("topic") }
        }
        Command::Resume { cursors } => Frame { cursors: Some(Cursors(cursors)), ..new("resume") },
        Command::Page { to, end, limit } => {
            let (before, at) = match end {
                PageEnd::Newest => (None, None),
                PageEnd::Before(seq) => (Some(seq.0), None),
                PageEnd::Around(at) => (None, Some(at.0)),
            };
            Frame { to: Some(Shown(to)), before, at, limit: *limit, ..new("page") }
        }
        Command::Search { to, query, limit } => Frame {
            to: to.as_ref().map(Shown),
            text: Some(query.given()).filter(|words| !words.is_empty()),
            from: query.from.as_ref().map(|name| name.as_str()),
            since: query.after.map(|at| at.0),
            until: query.before.map(|at| at.0),
            link: query.link,
            mentions: query.mentions,
            limit: *limit,
            ..new("search")
        },
        Command::Away { away } => Frame { away: Some(*away), ..new("away") },
        Command::Typing { to } => Frame { to: Some(Shown(to)), ..new("typing") },
        Command::Read { to, seq } => Frame { to: Some(Shown(to)), seq: Some(seq.0), ..new("read") },
        Command::Rooms => new("rooms"),
        Command::Who { room } => Frame { room: room.as_ref().map(Shown), ..new("who") },
        Command::Rename { name } => Frame { name: Some(name.as_str()), ..new("rename") },
        Command::Invite { room, once, lasts } => Frame {
            room: room.as_ref().map(Shown),
            once: *once,
            lasts: lasts.map(|lasts| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX)),
            ..new("invite")
        },
        Command::Invites => new("invites"),
        Command::Uninvite { number } => Frame { number: Some(*number), ..new("uninvite") },
        Command::HookAdd { room, name } => {
            Frame { room: Some(Shown(room)), name: name.as_ref().map(|name| name.as_str()), ..new("hook_add") }
        }
        Command::Hooks => new("hooks"),
        Command::HookRemove { number } => Frame { number: Some(*number), ..new("hook_remove") },
        Command::Moderate(order) => Frame {
            deed: Some(order.deed.as_str()),
            room: order.room.as_ref().map(Shown),
            name: Some(order.name.as_str()),
            for_s: order.time.map(|time| time.as_secs()),
            why: Some(order.why.as_str()).filter(|why| !why.is_empty()),
            ..new("moderate")
        },
        Command::RoomSet { room, change } => Frame {
            room: Some(Shown(room)),
            private: change.private,
            readonly: change.readonly,
            slow_s: change.slow.map(|slow| slow.as_secs()),
            password: change.password.as_ref().map(|password| password.as_ref().map_or("", Password::as_str)),
            ..new("room_set")
        },
        Command::RoomDelete { room } => Frame { room: Some(Shown(room)), ..new("room_delete") },
        Command::RoomInvite { room, name } => {
            Frame { room: Some(Shown(room)), name: Some(name.as_str()), ..new("room_invite") }
        }
        Command::Bans { room } => Frame { room: room.as_ref().map(Shown), ..new("bans") },
        Command::Audit { limit } => Frame { limit: *limit, ..new("audit") },
        Command::Memo(memo) => Frame { memo: Some(memo.name.as_str()), text: Some(memo.text.as_str()), ..new("memo") },
        Command::Memos => new("memos"),
        Command::AddDevice => new("device_add"),
        Command::Devices => new("devices"),
        Command::RemoveDevice { number } => Frame { number: Some(*number), ..new("device_remove") },
        Command::Bye => new("bye"),
    }
}

struct Cursors<'a>(&'a [Cursor]);

impl Serialize for Cursors<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Each(self.0, cursor_out).serialize(serializer)
    }
}

#[derive(Serialize)]
struct CursorOut<'a> {
    to: Shown<&'a Target>,
    epoch: Hex<16>,
    after: u64,
}

fn cursor_out(cursor: &Cursor) -> CursorOut<'_> {
    CursorOut { to: Shown(&cursor.to), epoch: Hex(cursor.epoch.0), after: cursor.after.0 }
}
