//! How a host reads a command. A frame is read loosely first, every known field as whatever it is, so that a refusal can
//! name the field that is wrong and carry the id and nonce of what it refuses; then strictly, kind by kind.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::Word;
use crate::protocol::command::{Command, Cursor, PageEnd, Tag};
use crate::protocol::dialect::{Codec, DecodeLimits, Decoded};
use crate::protocol::entry::{Emoji, Nonce, Seq, Timestamp};
use crate::protocol::event::{Code, Refusal};
use crate::protocol::memo::{Memo, MemoName, NAME_BYTES};
use crate::protocol::names::{NameError, Nick, RoomName, Target};
use crate::protocol::person::{Proof, PublicKey};
use crate::protocol::rights::{Change, LONGEST, Order, SLOWEST, WHY_CHARS};
use crate::protocol::search::{QUERY_BYTES, Query};
use crate::protocol::text::{Text, TextError};

/// Conversations one `resume` may name. A frame of 64 KiB holds about as many; this holds where that limit is lifted.
const CURSORS: usize = 1000;

/// Characters kept of what a client says it is: a line of the host's log is no place for more.
const CLIENT_CHARS: usize = 64;

/// Reads a client's frames; keeps nothing between them.
pub struct Decoder {
    limits: DecodeLimits,
}

impl Decoder {
    /// A decoder with these limits.
    pub fn new(limits: DecodeLimits) -> Decoder {
        Decoder { limits }
    }
}

impl Codec for Decoder {
    fn decode(&mut self, frame: &str) -> Vec<Decoded> {
        vec![decode(frame, self.limits)]
    }
}

fn decode(frame: &str, limits: DecodeLimits) -> Decoded {
    let garbage = |text: &str| Decoded::Garbage(Refusal::new(Code::BadFrame, text));
    // A derived reader takes an array for an object; the dialect does not.
    if !frame.trim_start().starts_with('{') {
        return garbage("a frame is one JSON object");
    }
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(frame) else {
        return garbage("this is not JSON, or names a field twice");
    };
    let Ok(Some(kind)) = fields.kind.text("type") else { return garbage("an object without a type says nothing") };
    let tag = fields.id.number("id").ok().flatten().map_or(Tag::None, Tag::Id);
    match (Reader { fields: &fields, limits }).command(&kind) {
        Ok(command) => Decoded::Command(tag, command),
        Err(refusal) => Decoded::Refused(tag, refusal.about(fields.nonce.word::<Nonce>("nonce").ok().flatten())),
    }
}

/// A field as it came: not read yet, absent when `None`; `null` is the same as absent.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(transparent)]
struct Field<'a>(#[serde(borrow)] Option<&'a RawValue>);

/// Every field any command has. Unknown ones are ignored: a newer client may send them.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Field<'a>,
    id: Field<'a>,
    to: Field<'a>,
    room: Field<'a>,
    name: Field<'a>,
    key: Field<'a>,
    sig: Field<'a>,
    client: Field<'a>,
    invite: Field<'a>,
    bot: Field<'a>,
    of: Field<'a>,
    text: Field<'a>,
    emoji: Field<'a>,
    on: Field<'a>,
    me: Field<'a>,
    reply_to: Field<'a>,
    cursors: Field<'a>,
    before: Field<'a>,
    at: Field<'a>,
    from: Field<'a>,
    since: Field<'a>,
    until: Field<'a>,
    link: Field<'a>,
    mentions: Field<'a>,
    away: Field<'a>,
    limit: Field<'a>,
    deed: Field<'a>,
    for_s: Field<'a>,
    why: Field<'a>,
    private: Field<'a>,
    readonly: Field<'a>,
    slow_s: Field<'a>,
    password: Field<'a>,
    seq: Field<'a>,
    once: Field<'a>,
    lasts: Field<'a>,
    number: Field<'a>,
    memo: Field<'a>,
    nonce: Field<'a>,
}

/// What the strict reading of a frame gives: what was asked, or why it is not.
type Strict<T> = Result<T, Refusal>;

/// Reads the fields of one frame strictly.
struct Reader<'f, 'a> {
    fields: &'f Fields<'a>,
    limits: DecodeLimits,
}

impl Reader<'_, '_> {
    fn command(&self, kind: &str) -> Strict<Command> {
        let fields = self.fields;
        fields.id.number("id")?;
        let nonce = fields.nonce.word("nonce")?;
        Ok(match kind {
            "enter" => self.enter()?,
            "join" => Command::Join { room: self.room()?, password: fields.password.word("password")? },
            "leave" => Command::Leave { room: self.room()? },
            "say" => Command::Say {
                to: self.to()?,
                text: self.text()?,
                me: fields.me.flag("me")?.unwrap_or(false),
                reply_to: fields.reply_to.number("reply_to")?.map(Seq),
                nonce,
            },
            "edit" => Command::Edit { to: self.to()?, of: self.of()?, text: self.text()?, nonce },
            "delete" => Command::Delete { to: self.to()?, of: self.of()?, nonce },
            "react" => Command::React {
                to: self.to()?,
                of: self.of()?,
                emoji: self.emoji()?,
                on: fields.on.flag("on")?.unwrap_or(true),
                nonce,
            },
            "topic" => Command::Topic { room: self.room()?, text: self.topic()?, nonce },
            "resume" => Command::Resume { cursors: self.cursors()? },
            "page" => Command::Page { to: self.to()?, end: self.page_end()?, limit: self.page_limit()? },
            "search" => Command::Search {
                to: fields.to.text("to")?.as_deref().map(target).transpose()?,
                query: self.query()?,
                limit: self.page_limit()?,
            },
            "away" => Command::Away { away: need(fields.away.flag("away")?, "away")? },
            "typing" => Command::Typing { to: self.to()? },
            "read" => Command::Read { to: self.to()?, seq: Seq(need(fields.seq.number("seq")?, "seq")?) },
            "rooms" => Command::Rooms,
            "who" => Command::Who { room: fields.room.text("room")?.as_deref().map(room).transpose()? },
            "rename" => Command::Rename { name: self.name()? },
            "invite" => Command::Invite {
                room: fields.room.text("room")?.as_deref().map(room).transpose()?,
                once: fields.once.flag("once")?.unwrap_or(false),
                lasts: fields.lasts.number("lasts")?.map(Duration::from_millis),
            },
            "invites" => Command::Invites,
            "uninvite" => Command::Uninvite { number: self.invitation()? },
            "hook_add" => Command::HookAdd {
                room: self.room()?,
                name: fields.name.text("name")?.as_deref().map(nick).transpose()?,
            },
            "hooks" => Command::Hooks,
            "hook_remove" => Command::HookRemove { number: self.invitation()? },
            "moderate" => Command::Moderate(self.order()?),
            "room_set" => Command::RoomSet { room: self.room()?, change: self.change()? },
            "room_delete" => Command::RoomDelete { room: self.room()? },
            "room_invite" => Command::RoomInvite { room: self.room()?, name: self.name()? },
            "bans" => Command::Bans { room: fields.room.text("room")?.as_deref().map(room).transpose()? },
            "audit" => {
                let limit = fields.limit.number("limit")?;
                Command::Audit { limit: limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)) }
            }
            "memo" => Command::Memo(self.memo()?),
            "memos" => Command::Memos,
            "device_add" => Command::AddDevice,
            "devices" => Command::Devices,
            "device_remove" => Command::RemoveDevice { number: self.invitation()? },
            "bye" => Command::Bye,
            other => return Err(unknown(other)),
        })
    }

    fn enter(&self) -> Strict<Command> {
        let name = self.fields.name.text("name")?.as_deref().map(nick).transpose()?;
        let key = self.fields.key.word("key")?.map(PublicKey);
        let sig = self.fields.sig.word("sig")?;
        let proof = match (key, sig) {
            (Some(key), Some(signature)) => Some(Proof { key, signature }),
            (None, None) => None,
            (Some(_), None) => return Err(bad_field("sig", "missing, and a key proves nothing without it")),
            (None, Some(_)) => return Err(bad_field("key", "missing, and a signature needs it")),
        };
        let client = self.fields.client.text("client")?.map(|said| {
            let short: String = Text::clean(&said).one_line().chars().take(CLIENT_CHARS).collect();
            Text::clean(&short)
        });
        let invite = self.fields.invite.word("invite")?;
        let bot = self.fields.bot.flag("bot")?;
        Ok(Command::Enter { name, proof, client: client.filter(|client| !client.is_blank()), invite, bot })
    }

    fn invitation(&self) -> Strict<u32> {
        let number = need(self.fields.number.number("number")?, "number")?;
        u32::try_from(number).map_err(|_| bad_field("number", "larger than there are any"))
    }

    fn memo(&self) -> Strict<Memo> {
        let name = need(self.fields.memo.text("memo")?, "memo")?;
        let name = MemoName::parse(&name)
            .ok_or_else(|| bad_field("memo", &format!("not one line of 1 to {NAME_BYTES} bytes")))?;
        let raw = need(self.fields.text.text("text")?, "text")?;
        match Text::parse(&raw, self.limits.text_bytes) {
            Err(TextError::Blank) => Ok(Memo { name, text: Text::clean("") }),
            parsed => Ok(Memo { name, text: parsed.map_err(|why| bad_text("the memo", &why))? }),
        }
    }

    fn name(&self) -> Strict<Nick> {
        nick(&need(self.fields.name.text("name")?, "name")?)
    }

    fn order(&self) -> Strict<Order> {
        let fields = self.fields;
        let time = fields.for_s.number("for_s")?.map(Duration::from_secs);
        if time.is_some_and(|time| time.is_zero() || time > LONGEST) {
            let days = LONGEST.as_secs() / 86_400;
            return Err(bad_field("for_s", &format!("not 1 second to {days} days; left out, it is for good")));
        }
        let why = fields.why.text("why")?.unwrap_or_default();
        let short: String = Text::clean(&why).one_line().chars().take(WHY_CHARS).collect();
        Ok(Order {
            deed: need(fields.deed.word("deed")?, "deed")?,
            room: fields.room.text("room")?.as_deref().map(room).transpose()?,
            name: self.name()?,
            time,
            why: Text::clean(&short),
        })
    }

    fn change(&self) -> Strict<Change> {
        let fields = self.fields;
        let slow = fields.slow_s.number("slow_s")?.map(Duration::from_secs);
        if slow.is_some_and(|slow| slow > SLOWEST) {
            let hours = SLOWEST.as_secs() / 3600;
            return Err(bad_field("slow_s", &format!("more than {hours} hours")));
        }
        let password = match fields.password.text("password")?.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(_) => Some(fields.password.word("password")?),
        };
        let (private, readonly) = (fields.private.flag("private")?, fields.readonly.flag("readonly")?);
        let change = Change { private, readonly, slow, password };
        match change == Change::default() {
            true => Err(bad_field("private", "missing, and so is all else that could be set")),
            false => Ok(change),
        }
    }

    fn to(&self) -> Strict<Target> {
        target(&need(self.fields.to.text("to")?, "to")?)
    }

    fn room(&self) -> Strict<RoomName> {
        room(&need(self.fields.room.text("room")?, "room")?)
    }

    fn of(&self) -> Strict<Seq> {
        need(self.fields.of.number("of")?, "of").map(Seq)
    }

    fn text(&self) -> Strict<Text> {
        let raw = need(self.fields.text.text("text")?, "text")?;
        Text::parse(&raw, self.limits.text_bytes).map_err(|why| bad_text("the message", &why))
    }

    /// A topic may be empty: that clears it.
    fn topic(&self) -> Strict<Text> {
        let raw = need(self.fields.text.text("text")?, "text")?;
        match Text::parse(&raw, self.limits.topic_bytes) {
            Err(TextError::Blank) => Ok(Text::clean("")),
            parsed => parsed.map_err(|why| bad_text("the topic", &why)),
        }
    }

    fn emoji(&self) -> Strict<Emoji> {
        need(self.fields.emoji.word("emoji")?, "emoji")
    }

    fn page_end(&self) -> Strict<PageEnd> {
        let before = self.fields.before.number("before")?.map(Seq);
        match (before, self.fields.at.time("at")?) {
            (None, None) => Ok(PageEnd::Newest),
            (Some(before), None) => Ok(PageEnd::Before(before)),
            (None, Some(at)) => Ok(PageEnd::Around(at)),
            (Some(_), Some(_)) => Err(bad_field("at", "given together with `before`, and a page has one end")),
        }
    }

    fn query(&self) -> Strict<Query> {
        let fields = self.fields;
        let words = fields.text.text("text")?.unwrap_or_default();
        if words.len() > QUERY_BYTES {
            let text = format!("a search has {QUERY_BYTES} bytes at most");
            return Err(Refusal::new(Code::TooLong, text));
        }
        let query = Query {
            from: fields.from.text("from")?.as_deref().map(nick).transpose()?,
            after: fields.since.time("since")?,
            before: fields.until.time("until")?,
            link: fields.link.flag("link")?.unwrap_or(false),
            mentions: fields.mentions.flag("mentions")?.unwrap_or(false),
            ..Query::new(&words)
        };
        match query.is_empty() {
            true => Err(Refusal::new(Code::Blank, "a search for nothing; give it a word at least")),
            false => Ok(query),
        }
    }

    /// The host's own limit takes the place of a greater one.
    fn page_limit(&self) -> Strict<Option<u32>> {
        let most = match self.limits.page_entries {
            0 => u32::MAX,
            most => most,
        };
        match self.fields.limit.number("limit")? {
            None => Ok(None),
            Some(0) => Err(bad_field("limit", "0, and a page has at least one entry")),
            Some(limit) => Ok(Some(u32::try_from(limit).unwrap_or(u32::MAX).min(most))),
        }
    }

    fn cursors(&self) -> Strict<Vec<Cursor>> {
        let wrong = || bad_field("cursors", "not a list of {to, epoch, after}");
        let raw = need(self.fields.cursors.0, "cursors")?;
        let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
        if list.len() > CURSORS {
            return Err(Refusal::new(Code::Limit, format!("a resume names at most {CURSORS} conversations")));
        }
        let object = |raw: &&RawValue| raw.get().starts_with('{');
        let read = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|_| wrong()).and_then(cursor);
        match list.iter().all(object) {
            true => list.into_iter().map(read).collect(),
            false => Err(wrong()),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CursorFields<'a> {
    #[serde(borrow)]
    to: Field<'a>,
    epoch: Field<'a>,
    after: Field<'a>,
}

fn cursor(fields: CursorFields<'_>) -> Strict<Cursor> {
    Ok(Cursor {
        to: target(&need(fields.to.text("to")?, "to")?)?,
        epoch: need(fields.epoch.word("epoch")?, "epoch")?,
        after: Seq(need(fields.after.number("after")?, "after")?),
    })
}

fn need<T>(field: Option<T>, name: &str) -> Strict<T> {
    field.ok_or_else(|| bad_field(name, "missing"))
}

fn bad_field(name: &str, what: &str) -> Refusal {
    Refusal::new(Code::BadField, format!("the field `{name}` is {what}"))
}

fn bad_text(what: &str, why: &TextError) -> Refusal {
    match why {
        TextError::Blank => Refusal::new(Code::Blank, format!("{what} is empty")),
        TextError::TooLong { bytes, limit } => {
            Refusal::new(Code::TooLong, format!("{what} has {bytes} bytes, and this host takes {limit}"))
        }
    }
}

fn bad_name(why: &NameError) -> Refusal {
    Refusal::new(Code::BadName, why.to_string())
}

fn nick(raw: &str) -> Strict<Nick> {
    Nick::parse(raw).map_err(|why| bad_name(&why))
}

fn room(raw: &str) -> Strict<RoomName> {
    let name = raw.strip_prefix('#').ok_or_else(|| bad_field("room", "not a room: those are written #name"))?;
    RoomName::parse(name).map_err(|why| bad_name(&why))
}

fn target(raw: &str) -> Strict<Target> {
    match raw.starts_with(['#', '@']) {
        true => Target::parse(raw).map_err(|why| bad_name(&why)),
        false => Err(bad_field("to", "neither #room nor @name")),
    }
}

fn unknown(kind: &str) -> Refusal {
    let kind: String = Text::clean(kind).one_line().chars().take(40).collect();
    Refusal::new(Code::UnknownCommand, format!("this host knows no command `{kind}`"))
}

impl Field<'_> {
    fn read<T: for<'de> Deserialize<'de>>(self, name: &str, what: &str) -> Strict<Option<T>> {
        let read = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|_| bad_field(name, what));
        self.0.map(read).transpose()
    }
    fn number(self, name: &str) -> Strict<Option<u64>> {
        self.read(name, "not a whole number from 0 on")
    }
    fn time(self, name: &str) -> Strict<Option<Timestamp>> {
        let time: Option<i64> = self.read(name, "not a time in milliseconds since 1970")?;
        Ok(time.map(Timestamp))
    }
    fn flag(self, name: &str) -> Strict<Option<bool>> {
        self.read(name, "neither true nor false")
    }
}

impl<'a> Field<'a> {
    fn text(self, name: &str) -> Strict<Option<Cow<'a, str>>> {
        let read = |raw: &'a RawValue| serde_json::from_str(raw.get()).map_err(|_| bad_field(name, "not a string"));
        let text: Option<BorrowedText<'a>> = self.0.map(read).transpose()?;
        Ok(text.map(|text| text.0))
    }
    fn word<T: Word>(self, name: &str) -> Strict<Option<T>> {
        let read = |text: Cow<'_, str>| T::read(&text).ok_or_else(|| bad_field(name, &format!("not {}", T::WHAT)));
        self.text(name)?.map(read).transpose()
    }
}

/// A string that is only copied when it holds escapes.
#[derive(Deserialize)]
struct BorrowedText<'a>(#[serde(borrow)] Cow<'a, str>);
