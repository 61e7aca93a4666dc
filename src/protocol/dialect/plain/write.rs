//! How events are told in lines. Every line says in front of itself whose it is, so that no message, however many lines
//! it has, can pass for another's or for the host's: `name: ` for words, `* name ` for what somebody does, `* ` and a
//! character that begins no name for what the host tells, `! ` for a refusal.

use std::fmt::Display;

use crate::protocol::entry::{Conversation, Entry, Page, Shown, ShownWhat, Timestamp, What};
use crate::protocol::event::{Event, Member, Place, Refusal, RoomInfo};
use crate::protocol::names::{RoomName, Target};
use crate::protocol::rights;
use crate::protocol::text::Text;

/// One event as lines, or `None` where plain text says nothing of it. Lines of any room but `home` begin with its name.
pub fn encode(event: &Event, home: &RoomName) -> Option<String> {
    let here = |room: &RoomName| tag(room, home);
    Some(match event {
        Event::Entry(entry) => return self::entry(entry, home),
        Event::Received { line } => format!("Received {line}"),
        Event::Refused(refusal) => refused(refusal),
        Event::Joined { place } => joined(place),
        Event::Left { room } => format!("* {room}: you left"),
        Event::Moved { room, who, joined: true, .. } => format!("{}* {} joined", here(room), who.marked()),
        Event::Moved { room, who, joined: false, .. } => format!("{}* {} left", here(room), who.marked()),
        Event::Renamed { who, was } => format!("* {was} is now called {}", who.marked()),
        Event::Rooms { rooms, more } => list(rooms.iter().map(room_line), *more),
        Event::Members { room, people, more } => members(room.as_ref(), people, *more),
        Event::Page { to, page } => self::page(to, page),
        Event::Moderated { deed, room, who, by, time, why } => {
            let place = if room.is_some() { "" } else { "this host" };
            let told = rights::told(*deed, place, &who.name, by.as_ref().map(|by| &by.name), *time, why);
            format!("{}* {told}", room.as_ref().map(here).unwrap_or_default())
        }
        Event::RoomSet { room, settings, .. } => format!("* {room}: {}", rights::described(settings)),
        Event::RoomDeleted { room, .. } => format!("* {room}: it is no more, and what was said there neither"),
        Event::Invited { room, by } => format!("* /join {room}: @{} invites you", by.name),
        Event::Audit { lines } => {
            let line = |line: &rights::Record| format!("* [{}] {}", moment(line.at), rights::recorded(line));
            list(lines.iter().map(line), false)
        }
        Event::Bans { room, bans, more } => {
            let place = room.as_ref().map_or_else(|| "this host".to_owned(), RoomName::to_string);
            let until =
                |at: Option<Timestamp>| at.map_or_else(|| "for good".to_owned(), |at| format!("until {}", moment(at)));
            let line = |one: &rights::Barred| format!("* {place}: [{}] {}", until(one.until), rights::barred(one));
            list(bans.iter().map(line), *more)
        }
        Event::Hello(_)
        | Event::Welcome(_)
        | Event::Skipped { .. }
        | Event::Resumed { .. }
        | Event::Read { .. }
        | Event::Crowd { .. }
        | Event::Presence { .. }
        | Event::Typing { .. }
        | Event::Found { .. }
        | Event::Invitation { .. }
        | Event::Invitations(_)
        | Event::Hook { .. }
        | Event::Hooks(_)
        | Event::Memos(_)
        | Event::DeviceLink { .. }
        | Event::Devices(_)
        | Event::Done => return None,
    })
}

/// What stands before a line of this room.
fn tag(room: &RoomName, home: &RoomName) -> String {
    match room == home {
        true => String::new(),
        false => format!("[{room}] "),
    }
}

/// Each line of a text behind the same head.
fn lines(head: impl Display, text: &Text) -> String {
    let line = |line: &str| format!("{head}{line}");
    text.as_str().split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn entry(entry: &Entry, home: &RoomName) -> Option<String> {
    let (name, who) = (&entry.from.name, entry.from.marked());
    let tag = match (&entry.conversation, &entry.to) {
        (Conversation::Room(room), _) | (_, Target::Room(room)) => tag(room, home),
        (Conversation::Direct(_), Target::Direct(_)) => format!("[@{name}] "),
    };
    Some(match &entry.what {
        What::Said { text, me: false, .. } => lines(format_args!("{tag}{who}: "), text),
        What::Said { text, me: true, .. } => lines(format_args!("{tag}* {who} "), text),
        What::Edited { text, .. } => lines(format_args!("{tag}* {who} edited: "), text),
        What::Deleted { .. } => format!("{tag}* {who} deleted a message"),
        What::Topic { text } if text.is_blank() => format!("{tag}* {who} cleared the topic"),
        What::Topic { text } => format!("{tag}* {who} set the topic: {}", text.one_line()),
        What::Reacted { .. } | What::Unreacted { .. } => return None,
    })
}

fn refused(refusal: &Refusal) -> String {
    let text = Text::clean(&refusal.text);
    let names: Vec<&str> = refusal.try_names.iter().map(|name| name.as_str()).collect();
    match names.iter().any(|name| !text.as_str().contains(name)) {
        true => format!("! {} (free: {})", text.one_line(), names.join(", ")),
        false => format!("! {}", text.one_line()),
    }
}

fn joined(place: &Place) -> String {
    match place.standing.topic.is_blank() {
        true => format!("* {}: you are in", place.to),
        false => format!("* {}: you are in; topic: {}", place.to, place.standing.topic.one_line()),
    }
}

/// Lines of a list, and a last one where the host left some out.
fn list(lines: impl Iterator<Item = String>, more: bool) -> String {
    let rest = more.then(|| "* (and more)".to_owned());
    let all: Vec<String> = lines.chain(rest).collect();
    match all.is_empty() {
        true => "* (none)".to_owned(),
        false => all.join("\n"),
    }
}

fn room_line(info: &RoomInfo) -> String {
    let people = match info.members {
        1 => "1 person".to_owned(),
        n => format!("{n} people"),
    };
    let set = match info.settings.plain() {
        true => String::new(),
        false => format!(", {}", rights::described(&info.settings)),
    };
    let you = if info.member { ", you too" } else { "" };
    match info.topic.is_blank() {
        true => format!("* {}: {people}{set}{you}", info.room),
        false => format!("* {}: {people}{set}{you}; topic: {}", info.room, info.topic.one_line()),
    }
}

fn members(room: Option<&RoomName>, people: &[Member], more: bool) -> String {
    let name = |member: &Member| match member.online {
        true if member.role >= rights::Role::Operator => format!("{} ({})", member.who.marked(), member.role.as_str()),
        true => member.who.marked(),
        false => format!("{} (away)", member.who.marked()),
    };
    let names: Vec<String> = people.iter().map(name).chain(more.then(|| "and more".to_owned())).collect();
    let place = room.map_or_else(|| "(everybody)".to_owned(), RoomName::to_string);
    match names.is_empty() {
        true => format!("* {place}: nobody"),
        false => format!("* {place}: {}", names.join(", ")),
    }
}

fn page(to: &Target, page: &Page) -> String {
    if page.entries.is_empty() {
        return format!("* {to}: there is no history");
    }
    let head = format!("* {to}: history, times are UTC");
    std::iter::once(head).chain(page.entries.iter().map(past)).collect::<Vec<_>>().join("\n")
}

/// A stretch of history for who reads it as a file: as `/history` shows it, without what tells that from talk.
pub fn tail(page: &Page) -> String {
    let lines = page.entries.iter().map(past);
    let bare = |lines: String| {
        lines.lines().map(|line| format!("{}\n", line.strip_prefix("* ").unwrap_or(line))).collect::<String>()
    };
    lines.map(bare).collect()
}

/// An entry of the past. Its lines are news of the host, so they cannot be taken for something said now.
fn past(shown: &Shown) -> String {
    let (at, name) = (moment(shown.at), shown.from.marked());
    match &shown.what {
        ShownWhat::Said { text: None, .. } => format!("* [{at}] {name} deleted this message"),
        ShownWhat::Said { text: Some(text), me: false, .. } => lines(format_args!("* [{at}] {name}: "), text),
        ShownWhat::Said { text: Some(text), me: true, .. } => lines(format_args!("* [{at}] * {name} "), text),
        ShownWhat::Topic { text } if text.is_blank() => format!("* [{at}] {name} cleared the topic"),
        ShownWhat::Topic { text } => format!("* [{at}] {name} set the topic: {}", text.one_line()),
    }
}

fn moment(at: Timestamp) -> String {
    // A host whose clock is beyond year 9999 has worse worries; its lines still come.
    let time = jiff::Timestamp::from_millisecond(at.0);
    time.map_or_else(|_| "?".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}
