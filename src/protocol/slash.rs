//! What a person types: text, or a command behind a slash. One table of commands serves the terminal, plain text, help
//! and completion. What a command then does is decided by who reads it (a screen, or the plain dialect).

use std::time::Duration;

use super::names::{NameError, Nick, RoomName, Target};
use super::rights::{Change, Deed, LONGEST, SLOWEST};
use super::secret::{PASSWORD_BYTES, Password};
use super::span::parse as span;

/// One command: its name, its arguments as help shows them, and a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Without the slash.
    pub name: &'static str,
    /// Arguments, `[optional]`.
    pub args: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Where it means something.
    pub at: At,
}

/// Where a command means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Everywhere.
    Everywhere,
    /// Only where there is a screen.
    Screen,
    /// Only for raw clients in plain text.
    Plain,
}

/// All commands, in the order of help.
pub const COMMANDS: &[Spec] = &[
    Spec { name: "join", args: "#room [password]", help: "go to a room; a new one is made", at: At::Everywhere },
    Spec { name: "leave", args: "[#room]", help: "leave this room, or that one", at: At::Everywhere },
    Spec { name: "rooms", args: "", help: "list the host's rooms", at: At::Everywhere },
    Spec { name: "topic", args: "[text]", help: "show the room's topic, or set it; - clears it", at: At::Everywhere },
    Spec { name: "msg", args: "@name [text]", help: "talk to one person alone", at: At::Everywhere },
    Spec { name: "me", args: "text", help: "say what you do, in the third person", at: At::Everywhere },
    Spec { name: "nick", args: "name", help: "be called otherwise", at: At::Everywhere },
    Spec { name: "who", args: "[#room]", help: "list the people of this room, or of that one", at: At::Everywhere },
    Spec {
        name: "invite",
        args: "[#room] [once] [2h] | @name [#room]",
        help: "make a link that lets people in; with a name: let them into this room",
        at: At::Screen,
    },
    Spec { name: "invites", args: "", help: "list the invitations there are", at: At::Screen },
    Spec { name: "revoke", args: "number", help: "take an invitation back", at: At::Screen },
    Spec {
        name: "hook",
        args: "[#room] [name] | list | revoke number",
        help: "make an address by which programs speak in this room, list them, or take one back",
        at: At::Screen,
    },
    Spec { name: "hooks", args: "", help: "list the addresses by which programs speak", at: At::Screen },
    Spec {
        name: "device",
        args: "add|remove number",
        help: "make a link for another device of yours, or take one away",
        at: At::Screen,
    },
    Spec { name: "devices", args: "", help: "list your devices", at: At::Screen },
    Spec { name: "host", args: "", help: "show how this host is reached, and by whom", at: At::Screen },
    Spec { name: "go", args: "", help: "go to a room, a person, a command or a key by name", at: At::Screen },
    Spec { name: "back", args: "", help: "go back to the room you came from", at: At::Screen },
    Spec {
        name: "search",
        args: "[words]",
        help: "look for something that was said; from:ben in:#room before:2026-11-20 after:monday has:link",
        at: At::Screen,
    },
    Spec { name: "mentions", args: "", help: "show what mentions you, in all rooms", at: At::Screen },
    Spec {
        name: "goto",
        args: "time|message",
        help: "go to what was said at a time (yesterday 15:00), or to a message by its address",
        at: At::Screen,
    },
    Spec { name: "unread", args: "", help: "go to the first message that was unread when you came", at: At::Screen },
    Spec { name: "select", args: "", help: "pick out a message, to answer, edit, copy it", at: At::Screen },
    Spec { name: "edit", args: "[text]", help: "edit the last message you sent; s/old/new/ does too", at: At::Screen },
    Spec {
        name: "reply",
        args: "number text",
        help: "answer a message by its number, which its i shows",
        at: At::Screen,
    },
    Spec { name: "react", args: "number emoji", help: "react to a message by its number", at: At::Screen },
    Spec {
        name: "delete",
        args: "number|#room",
        help: "delete a message of yours by its number, or a room you keep order in",
        at: At::Screen,
    },
    Spec { name: "editor", args: "", help: "write in your own editor ($VISUAL, $EDITOR)", at: At::Screen },
    Spec {
        name: "mute",
        args: "[2h] | [host] @name [2h] [why]",
        help: "nothing calls you from here, for a time or for good; with a name: they may not speak here",
        at: At::Screen,
    },
    Spec {
        name: "unmute",
        args: "[[host] @name]",
        help: "hear of this conversation again; with a name: they may speak again",
        at: At::Screen,
    },
    Spec { name: "ignore", args: "[@name]", help: "see nothing more of somebody, here alone", at: At::Screen },
    Spec { name: "unignore", args: "@name", help: "see them again", at: At::Screen },
    Spec {
        name: "kick",
        args: "[host] @name [why]",
        help: "put somebody out of the room, or off the host",
        at: At::Screen,
    },
    Spec {
        name: "ban",
        args: "[host] @name [1h10m] [why]",
        help: "the same, and they may not come again, for a time or for good",
        at: At::Screen,
    },
    Spec { name: "unban", args: "[host] @name", help: "they may come again", at: At::Screen },
    Spec {
        name: "op",
        args: "[host] @name",
        help: "make somebody an operator of this room, or of the host",
        at: At::Screen,
    },
    Spec { name: "deop", args: "[host] @name", help: "they are none any more", at: At::Screen },
    Spec { name: "slow", args: "30s|off", help: "one line from each in so long", at: At::Screen },
    Spec { name: "readonly", args: "[on|off]", help: "only operators speak in this room", at: At::Screen },
    Spec {
        name: "private",
        args: "[on|off|#_room]",
        help: "only who is invited knows of this room; with a name: make such a room",
        at: At::Screen,
    },
    Spec {
        name: "password",
        args: "word|-",
        help: "who comes into this room is asked for it; - takes it away",
        at: At::Screen,
    },
    Spec { name: "bans", args: "[host]", help: "show who is banned or muted here, or on the host", at: At::Screen },
    Spec { name: "audit", args: "[n]", help: "show who did what to keep order", at: At::Screen },
    Spec {
        name: "dnd",
        args: "[2h]",
        help: "nothing calls you at all, for a time or until you say it again",
        at: At::Screen,
    },
    Spec { name: "away", args: "", help: "be away to others, or back", at: At::Screen },
    Spec { name: "pin", args: "", help: "keep this conversation at the top of the list, or no more", at: At::Screen },
    Spec {
        name: "archive",
        args: "",
        help: "take this conversation off the list until something new is said",
        at: At::Screen,
    },
    Spec {
        name: "unsend",
        args: "",
        help: "take back what was just sent, while it waits (ui.undo_send)",
        at: At::Screen,
    },
    Spec {
        name: "bare",
        args: "",
        help: "show words alone, to be marked with the mouse; any key ends it",
        at: At::Screen,
    },
    Spec { name: "theme", args: "[name]", help: "choose colours, each shown as you go through them", at: At::Screen },
    Spec {
        name: "set",
        args: "[setting] [value]",
        help: "show or change a setting, now and for the next start",
        at: At::Screen,
    },
    Spec { name: "keys", args: "", help: "give something another key", at: At::Screen },
    Spec { name: "reload", args: "", help: "read your settings, keys and theme again", at: At::Screen },
    Spec { name: "mouse", args: "on|off", help: "use the mouse here, or leave it to the terminal", at: At::Screen },
    Spec { name: "notify", args: "all|mentions|nothing", help: "what calls you from here", at: At::Screen },
    Spec { name: "history", args: "[n]", help: "show the last n lines of this room (20)", at: At::Plain },
    Spec {
        name: "clear",
        args: "",
        help: "clear the pane; the history stays and comes back when you scroll up",
        at: At::Screen,
    },
    Spec { name: "help", args: "[command]", help: "show keys and commands", at: At::Everywhere },
    Spec { name: "quit", args: "", help: "leave wschat", at: At::Everywhere },
];

/// Lines that `/history` brings when no number is given, and at most.
pub const HISTORY_DEFAULT: u32 = 20;
/// See [`HISTORY_DEFAULT`].
pub const HISTORY_MOST: u32 = 100;

/// A line as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Words to say; `//x` has become `/x`.
    Say(String),
    /// `/me`.
    Me(String),
    /// `/join`.
    Join(RoomName, Option<Password>),
    /// `/leave`; here when no room is named.
    Leave(Option<RoomName>),
    /// `/rooms`.
    Rooms,
    /// `/topic`; `None` shows it, an empty text clears it.
    Topic(Option<String>),
    /// `/msg`; without text it goes there.
    Msg(Nick, Option<String>),
    /// `/nick`.
    Nick(Nick),
    /// `/who`.
    Who(Option<RoomName>),
    /// `/go`.
    Go,
    /// `/back`.
    Back,
    /// `/search`.
    Search(String),
    /// `/mentions`.
    Mentions,
    /// `/goto`.
    GoTo(String),
    /// `/unread`.
    Unread,
    /// `/select`.
    Select,
    /// `/edit`; without text it is edited in the composer.
    Edit(Option<String>),
    /// `/reply`.
    Reply(u64, String),
    /// `/react`.
    React(u64, String),
    /// `/delete`.
    Delete(u64),
    /// `/delete` of a room.
    DeleteRoom(RoomName),
    /// What is done to somebody, in this room or on the host.
    Order(Ordered),
    /// `/slow`, `/readonly`, `/private`, `/password`: of this room.
    Set(Change),
    /// `/readonly` and `/private` without a word: the other way round.
    Toggle(Toggled),
    /// `/private` with a name: make such a room.
    MakePrivate(RoomName),
    /// `/ignore`; without a name it shows who is.
    Ignore(Option<Nick>),
    /// `/unignore`.
    Unignore(Nick),
    /// `/bans`; on the whole host when true.
    Bans(bool),
    /// `/audit`.
    Audit(Option<u32>),
    /// `/editor`.
    Editor,
    /// `/mute`, for a time.
    Mute(Option<String>),
    /// `/unmute`.
    Unmute,
    /// `/dnd`, for a time.
    Dnd(Option<String>),
    /// `/notify`.
    Notify(String),
    /// `/away`.
    Away,
    /// `/pin`.
    Pin,
    /// `/archive`.
    Archive,
    /// `/unsend`.
    Unsend,
    /// `/bare`.
    Bare,
    /// `/theme`.
    Theme(Option<String>),
    /// `/set`: which, and to what.
    Setting(Option<String>, Option<String>),
    /// `/keys`.
    Keys,
    /// `/reload`.
    Reload,
    /// `/mouse`.
    Mouse(bool),
    /// `/history`.
    History(u32),
    /// `/clear`.
    Clear,
    /// `/help`.
    Help(Option<String>),
    /// `/invite`.
    Invite(Option<RoomName>, bool, Option<Duration>),
    /// `/invite @name`: into a room that is private or has a password; this one when none is named.
    InviteTo(Nick, Option<RoomName>),
    /// `/invites`.
    Invites,
    /// `/revoke`.
    Revoke(u32),
    /// `/hook`: in this room when none is named, under this name.
    Hook(Option<RoomName>, Option<Nick>),
    /// `/hooks`, `/hook list`.
    Hooks,
    /// `/hook revoke`.
    RevokeHook(u32),
    /// `/host`.
    Host,
    /// `/device add`.
    AddDevice,
    /// `/device remove`.
    RemoveDevice(u32),
    /// `/devices`.
    Devices,
    /// `/quit`.
    Quit,
}

/// A word of order as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// What.
    pub deed: Deed,
    /// On the whole host, and not in this room alone.
    pub host: bool,
    /// To whom.
    pub name: Nick,
    /// For how long.
    pub time: Option<Duration>,
    /// The reason.
    pub why: String,
}

/// A setting of a room that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toggled {
    /// See [`Change::readonly`].
    Readonly,
    /// See [`Change::private`].
    Private,
}

/// Why a line with a slash in front cannot be carried out. Nothing of it is ever sent as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlashError {
    /// There is no such command.
    #[error("there is no /{typed}{}", nearest.map(|n| format!("; did you mean /{n}?")).unwrap_or_else(|| "; /help lists the commands".into()))]
    Unknown {
        /// What was typed, bounded and clean.
        typed: String,
        /// The nearest real one.
        nearest: Option<&'static str>,
    },
    /// An argument is missing or too much.
    #[error("usage: /{} {}", .0.name, .0.args)]
    Usage(&'static Spec),
    /// An argument is no time.
    #[error("“{0}” is no time; write 30s, 10m, 1h10m or 7d")]
    BadTime(String),
    /// An argument is no password.
    #[error("a password has 1 to {PASSWORD_BYTES} bytes, on one line")]
    BadPassword,
    /// An argument is no name.
    #[error("{what} “{typed}”: {why}")]
    BadName {
        /// What it should have been.
        what: &'static str,
        /// What was typed, bounded and clean.
        typed: String,
        /// Why it is none.
        why: NameError,
    },
}

/// The command of this name.
pub fn spec(name: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

/// Reads what a person typed, where `at` is ([`At::Screen`] or [`At::Plain`]).
pub fn read(input: &str, at: At) -> Result<Line, SlashError> {
    let Some(rest) = input.strip_prefix('/') else { return Ok(Line::Say(input.to_owned())) };
    if rest.starts_with('/') {
        return Ok(Line::Say(rest.to_owned()));
    }
    let (word, args) = match rest.split_once(char::is_whitespace) {
        Some((word, args)) => (word, args.trim()),
        None => (rest.trim_end(), ""),
    };
    let known = |spec: &&Spec| spec.at == At::Everywhere || spec.at == at;
    let lower = word.to_lowercase();
    let Some(spec) = COMMANDS.iter().filter(known).find(|spec| spec.name == lower) else {
        return Err(SlashError::Unknown { typed: short(word), nearest: nearest(&lower, at) });
    };
    carry(spec, args)
}

/// `@name [#room]`; or `[#room] [once] [2h]` in any order, also with the dashes one may be used to; `None` when a word is none of these.
fn invite(args: &str) -> Option<Result<Line, SlashError>> {
    let (mut to, mut once, mut lasts) = (None, false, None);
    let mut words = args.split_whitespace();
    if let Some(name) = words.next().filter(|word| word.starts_with('@')) {
        let place = words.next().map(room).transpose();
        let more = words.next().is_some();
        let invited = nick(name).and_then(|name| Ok(Line::InviteTo(name, place?)));
        return (!more).then_some(invited);
    }
    for word in args.split_whitespace() {
        let word = word.strip_prefix("--").unwrap_or(word);
        let time = span(word.strip_prefix("expires=").unwrap_or(word));
        match word {
            "once" => once = true,
            "expires" => {}
            name if name.starts_with('#') => match room(name) {
                Ok(room) => to = Some(room),
                Err(why) => return Some(Err(why)),
            },
            _ => lasts = Some(time?),
        }
    }
    Some(Ok(Line::Invite(to, once, lasts)))
}

/// `revoke number`; or `[#room] [name]`; `None` when it is neither.
fn hook(args: &str) -> Option<Result<Line, SlashError>> {
    let mut words = args.split_whitespace().peekable();
    if words.peek() == Some(&"revoke") {
        let number = args.split_whitespace().nth(1)?.parse().ok()?;
        return (args.split_whitespace().count() == 2).then_some(Ok(Line::RevokeHook(number)));
    }
    let place = words.next_if(|word| word.starts_with('#')).map(room).transpose();
    let name = words.next().map(nick).transpose();
    let more = words.next().is_some();
    (!more).then(|| place.and_then(|place| Ok(Line::Hook(place, name?))))
}

fn carry(spec: &'static Spec, args: &str) -> Result<Line, SlashError> {
    let usage = || SlashError::Usage(spec);
    let one_room = |text: &str| room(text);
    let maybe_room = |text: &str| if text.is_empty() { Ok(None) } else { room(text).map(Some) };
    let some = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    match spec.name {
        "join" if !args.is_empty() => {
            let (name, word) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
            // A name with a blank in it is a mistake worth its own words, and no password is a name.
            let password = some(word.trim()).map(|word| password(&word)).transpose()?;
            Ok(Line::Join(one_room(name)?, password))
        }
        "leave" => maybe_room(args).map(Line::Leave),
        "rooms" if args.is_empty() => Ok(Line::Rooms),
        "topic" => Ok(Line::Topic(match args {
            "" => None,
            "-" => Some(String::new()),
            text => Some(text.to_owned()),
        })),
        "msg" => {
            let (name, text) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
            if name.is_empty() { Err(usage()) } else { Ok(Line::Msg(nick(name)?, some(text.trim()))) }
        }
        "me" if !args.is_empty() => Ok(Line::Me(args.to_owned())),
        "nick" if !args.is_empty() => nick(args).map(Line::Nick),
        "who" => maybe_room(args).map(Line::Who),
        "invite" => invite(args).ok_or_else(usage)?,
        "invites" if args.is_empty() => Ok(Line::Invites),
        "revoke" => args.parse().map(Line::Revoke).map_err(|_| usage()),
        "hook" if args == "list" => Ok(Line::Hooks),
        "hook" => hook(args).ok_or_else(usage)?,
        "hooks" if args.is_empty() => Ok(Line::Hooks),
        "device" if args == "add" => Ok(Line::AddDevice),
        "device" => {
            let number = args.strip_prefix("remove").or_else(|| args.strip_prefix("revoke")).map(str::trim);
            number.and_then(|number| number.parse().ok()).map(Line::RemoveDevice).ok_or_else(usage)
        }
        "devices" if args.is_empty() => Ok(Line::Devices),
        "host" if args.is_empty() => Ok(Line::Host),
        "go" if args.is_empty() => Ok(Line::Go),
        "back" if args.is_empty() => Ok(Line::Back),
        "search" => Ok(Line::Search(args.to_owned())),
        "mentions" if args.is_empty() => Ok(Line::Mentions),
        "goto" if !args.is_empty() => Ok(Line::GoTo(args.to_owned())),
        "unread" if args.is_empty() => Ok(Line::Unread),
        "select" if args.is_empty() => Ok(Line::Select),
        "edit" => Ok(Line::Edit(some(args))),
        "reply" | "react" => {
            let (number, rest) = args.split_once(char::is_whitespace).ok_or_else(usage)?;
            let (number, rest) = (number.parse().map_err(|_| usage())?, rest.trim().to_owned());
            Ok(if spec.name == "reply" { Line::Reply(number, rest) } else { Line::React(number, rest) })
        }
        "delete" if args.starts_with('#') => one_room(args).map(Line::DeleteRoom),
        "delete" => args.parse().map(Line::Delete).map_err(|_| usage()),
        "mute" | "unmute" if orders(args) => ordered(spec, args),
        "kick" | "ban" | "unban" | "op" | "deop" => ordered(spec, args),
        "slow" if !args.is_empty() => {
            let slow = match args {
                "off" | "0" => Duration::ZERO,
                time => span(time).filter(|time| *time <= SLOWEST).ok_or_else(|| SlashError::BadTime(short(time)))?,
            };
            Ok(Line::Set(Change { slow: Some(slow), ..Change::default() }))
        }
        "readonly" | "private" if args.is_empty() => {
            Ok(Line::Toggle(if spec.name == "private" { Toggled::Private } else { Toggled::Readonly }))
        }
        "readonly" | "private" if matches!(args, "on" | "off") => {
            let on = Some(args == "on");
            Ok(Line::Set(match spec.name {
                "private" => Change { private: on, ..Change::default() },
                _ => Change { readonly: on, ..Change::default() },
            }))
        }
        "private" if args.starts_with('#') => one_room(args).map(Line::MakePrivate),
        "password" if !args.is_empty() => {
            let word = if args == "-" { None } else { Some(password(args)?) };
            Ok(Line::Set(Change { password: Some(word), ..Change::default() }))
        }
        "bans" if matches!(args, "" | "host") => Ok(Line::Bans(args == "host")),
        "audit" if args.is_empty() => Ok(Line::Audit(None)),
        "audit" => args.parse().map(|n| Line::Audit(Some(n))).map_err(|_| usage()),
        "ignore" if args.is_empty() => Ok(Line::Ignore(None)),
        "ignore" => nick(args).map(|name| Line::Ignore(Some(name))),
        "unignore" if !args.is_empty() => nick(args).map(Line::Unignore),
        "editor" if args.is_empty() => Ok(Line::Editor),
        "mute" => Ok(Line::Mute(some(args))),
        "unmute" if args.is_empty() => Ok(Line::Unmute),
        "dnd" => Ok(Line::Dnd(some(args))),
        "away" if args.is_empty() => Ok(Line::Away),
        "pin" if args.is_empty() => Ok(Line::Pin),
        "archive" if args.is_empty() => Ok(Line::Archive),
        "unsend" if args.is_empty() => Ok(Line::Unsend),
        "bare" if args.is_empty() => Ok(Line::Bare),
        "theme" => Ok(Line::Theme(some(args))),
        "set" => {
            let (name, value) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
            Ok(Line::Setting(some(name), some(value.trim())))
        }
        "keys" if args.is_empty() => Ok(Line::Keys),
        "reload" if args.is_empty() => Ok(Line::Reload),
        "mouse" if matches!(args, "on" | "off") => Ok(Line::Mouse(args == "on")),
        "notify" if !args.is_empty() => Ok(Line::Notify(args.to_owned())),
        "history" if args.is_empty() => Ok(Line::History(HISTORY_DEFAULT)),
        "history" => args.parse().map(|n: u32| Line::History(n.clamp(1, HISTORY_MOST))).map_err(|_| usage()),
        "clear" if args.is_empty() => Ok(Line::Clear),
        "help" => Ok(Line::Help(some(args))),
        "quit" => Ok(Line::Quit),
        _ => Err(usage()),
    }
}

/// Whether the words behind a command are about somebody.
fn orders(args: &str) -> bool {
    args.starts_with('@') || args.strip_prefix("host").is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

/// `[host] @name [time] [why]`, where the deed has a time and a reason.
fn ordered(spec: &'static Spec, args: &str) -> Result<Line, SlashError> {
    let word = |text: &str| -> (String, String) {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        (word.to_owned(), rest.trim_start().to_owned())
    };
    let usage = || SlashError::Usage(spec);
    let deed = Deed::read(spec.name).ok_or_else(usage)?;
    let (first, rest) = word(args);
    // Nobody can be called host.
    let host = first == "host";
    let (name, rest) = if host { word(&rest) } else { (first, rest) };
    if name.is_empty() {
        return Err(usage());
    }
    let name = nick(&name)?;
    let (first, behind) = word(&rest);
    let time = span(&first).filter(|time| matches!(deed, Deed::Ban | Deed::Mute) && *time <= LONGEST);
    let why = if time.is_some() { behind } else { rest };
    let reasoned = matches!(deed, Deed::Kick | Deed::Ban | Deed::Mute);
    if !why.is_empty() && !reasoned {
        return Err(usage());
    }
    Ok(Line::Order(Ordered { deed, host, name, time, why }))
}

fn password(text: &str) -> Result<Password, SlashError> {
    Password::parse(text).ok_or(SlashError::BadPassword)
}

/// What may be remembered of a line: all but the password that is in it, if one is.
pub fn without_password(input: &str) -> Option<String> {
    let mut words = input.split_whitespace();
    let command = words.next().unwrap_or("").to_lowercase();
    match command.as_str() {
        "/join" => {
            let room = words.next()?;
            words.next().map(|_| format!("{command} {room}"))
        }
        "/password" => words.next().filter(|word| *word != "-").map(|_| command),
        _ => None,
    }
}

fn room(text: &str) -> Result<RoomName, SlashError> {
    let name = text.strip_prefix('#').unwrap_or(text);
    RoomName::parse(name).map_err(|why| SlashError::BadName { what: "no room can be called", typed: short(text), why })
}

fn nick(text: &str) -> Result<Nick, SlashError> {
    let name = text.strip_prefix('@').unwrap_or(text);
    Nick::parse(name).map_err(|why| SlashError::BadName { what: "nobody can be called", typed: short(text), why })
}

/// The nearest command to what was typed, when it is near enough to be meant.
fn nearest(typed: &str, at: At) -> Option<&'static str> {
    let known = COMMANDS.iter().filter(|spec| spec.at == At::Everywhere || spec.at == at);
    let begun = known.clone().find(|spec| !typed.is_empty() && spec.name.starts_with(typed));
    let near = || {
        known
            .map(|spec| (strsim::damerau_levenshtein(typed, spec.name), spec.name))
            .filter(|(distance, name)| *distance <= 2 && *distance < name.len())
            .min()
    };
    let typed_is_short = typed.len() <= 16;
    begun.map(|spec| spec.name).or_else(|| if typed_is_short { near().map(|(_, name)| name) } else { None })
}

/// What was typed, for an error: clean, on one line, and no longer than a line.
fn short(typed: &str) -> String {
    let clean = super::text::Text::clean(typed);
    clean.one_line().chars().take(40).collect()
}

/// The target a room or person argument stands for; used by completion.
pub fn target(text: &str) -> Option<Target> {
    Target::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(deed: Deed, host: bool, secs: Option<u64>, why: &str) -> Line {
        let (name, time) = (Nick::parse("ben").unwrap(), secs.map(Duration::from_secs));
        Line::Order(Ordered { deed, host, name, time, why: why.to_owned() })
    }

    #[test]
    fn no_password_is_remembered() {
        for (typed, kept) in [
            ("/join #dev horse", Some("/join #dev")),
            ("  /JOIN dev a b", Some("/join dev")),
            ("/password horse", Some("/password")),
            ("/password -", None),
            ("/join #dev", None),
            ("the password is horse", None),
        ] {
            assert_eq!(without_password(typed).as_deref(), kept, "{typed}");
        }
    }

    fn screen(input: &str) -> Result<Line, String> {
        read(input, At::Screen).map_err(|e| e.to_string())
    }

    #[test]
    fn words_and_commands() {
        let dev = RoomName::parse("dev").unwrap();
        let ben = Nick::parse("ben").unwrap();
        for (input, line) in [
            ("hello", Line::Say("hello".into())),
            ("//join", Line::Say("/join".into())),
            ("/join #dev", Line::Join(dev.clone(), None)),
            ("/JOIN dev", Line::Join(dev.clone(), None)),
            ("/join dev a b", Line::Join(dev.clone(), Password::parse("a b"))),
            ("/invite @ben #dev", Line::InviteTo(ben.clone(), Some(dev.clone()))),
            ("/hook", Line::Hook(None, None)),
            ("/hook #dev ben", Line::Hook(Some(dev.clone()), Some(ben.clone()))),
            ("/hook ben", Line::Hook(None, Some(ben.clone()))),
            ("/hook list", Line::Hooks),
            ("/hooks", Line::Hooks),
            ("/hook revoke 3", Line::RevokeHook(3)),
            ("/private #_dev", Line::MakePrivate(RoomName::parse("_dev").unwrap())),
            ("/delete #dev", Line::DeleteRoom(dev.clone())),
            ("/mute 2h", Line::Mute(Some("2h".into()))),
            ("/mute @ben", order(Deed::Mute, false, None, "")),
            ("/ban ben 1h10m spam, again", order(Deed::Ban, false, Some(4200), "spam, again")),
            ("/ban host @ben spam", order(Deed::Ban, true, None, "spam")),
            ("/kick ben 1h of this", order(Deed::Kick, false, None, "1h of this")),
            ("/op ben", order(Deed::Op, false, None, "")),
            ("/slow 30s", Line::Set(Change { slow: Some(Duration::from_secs(30)), ..Change::default() })),
            ("/leave", Line::Leave(None)),
            ("/topic", Line::Topic(None)),
            ("/topic -", Line::Topic(Some(String::new()))),
            ("/topic a  b", Line::Topic(Some("a  b".into()))),
            ("/msg @ben hi there", Line::Msg(ben.clone(), Some("hi there".into()))),
            ("/msg ben", Line::Msg(ben, None)),
            ("/me waves", Line::Me("waves".into())),
            ("/me\twaves", Line::Me("waves".into())),
            ("/quit", Line::Quit),
        ] {
            assert_eq!(screen(input), Ok(line), "{input}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (input, said) in [
            ("/jion #dev", "there is no /jion; did you mean /join?"),
            ("/j #dev", "there is no /j; did you mean /join?"),
            ("/frobnicate", "there is no /frobnicate; /help lists the commands"),
            ("/", "there is no /; /help lists the commands"),
            ("/join", "usage: /join #room [password]"),
            ("/join #a@b", "no room can be called “#a@b”: a name cannot hold “@”"),
            ("/hook revoke", "usage: /hook [#room] [name] | list | revoke number"),
            ("/hook revoke x", "usage: /hook [#room] [name] | list | revoke number"),
            ("/hook #dev ci bot", "usage: /hook [#room] [name] | list | revoke number"),
            ("/op ben please", "usage: /op [host] @name"),
            ("/slow soon", "“soon” is no time; write 30s, 10m, 1h10m or 7d"),
            ("/history 5", "there is no /history; /help lists the commands"),
        ] {
            assert_eq!(screen(input), Err(said.to_owned()), "{input}");
        }
        assert_eq!(read("/history 500", At::Plain), Ok(Line::History(HISTORY_MOST)));
    }
}
