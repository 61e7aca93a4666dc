//! How a client reads an event. Nothing a host sends is trusted: names, texts and ids come in by their own parsers only.
//! What a newer host may add is passed over: unknown events, fields, words in lists, kinds of entry.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Error as JsonError;
use serde_json::value::RawValue;

use super::FEATURES;
use super::hook::{HookIn, HooksIn};
use super::invite::{DeviceLinkIn, DevicesIn, InvitationIn, ListIn, MemosIn};
use super::order::BansIn;
use super::wire::Read;
use crate::protocol::entry::{Author, Conversation, Emoji, Entry, Epoch, Nonce, Page, Pair, PersonId, Reaction, Seq};
use crate::protocol::entry::{Shown, ShownWhat, Standing, Timestamp, What};
use crate::protocol::event::{Bounds, Code, Event, Hello, Member, Peer, Place, Refusal, RoomInfo, Welcome};
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::Challenge;
use crate::protocol::rights::{Deed, LONGEST, Record, Role, RoomSettings, SLOWEST, WHY_CHARS};
use crate::protocol::search::Hit;
use crate::protocol::text::Text;

/// An event as it reached a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The id of the command it answers.
    pub id: Option<u64>,
    /// What the host tells.
    pub event: Event,
}

/// A frame that is no event of `wschat.v1`, though it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the host sent what cannot be read: {0}")]
pub struct BadEvent(String);

impl From<JsonError> for BadEvent {
    fn from(why: JsonError) -> BadEvent {
        // serde quotes what it met; that is the host's, and goes to a log or a screen.
        BadEvent(Text::clean(&why.to_string()).one_line().chars().take(200).collect())
    }
}

/// Reads one frame of a host. `None` is an event that this version does not know.
pub fn decode_event(frame: &str) -> Result<Option<Incoming>, BadEvent> {
    if !frame.trim_start().starts_with('{') {
        return Err(BadEvent("a frame is one JSON object".into()));
    }
    let head: Head<'_> = serde_json::from_str(frame)?;
    let event = event(&head.kind, frame)?;
    Ok(event.map(|event| Incoming { id: head.id, event }))
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    id: Option<u64>,
}

fn event(kind: &str, frame: &str) -> Result<Option<Event>, BadEvent> {
    Ok(Some(match kind {
        "hello" => serde_json::from_str::<HelloIn>(frame)?.event(),
        "welcome" => serde_json::from_str::<WelcomeIn>(frame)?.event()?,
        "refused" => serde_json::from_str::<RefusedIn>(frame)?.event(),
        "joined" => Event::Joined { place: serde_json::from_str::<JoinedIn>(frame)?.place.place()? },
        "left" => Event::Left { room: serde_json::from_str::<LeftIn>(frame)?.room.0 },
        "entry" => entry(frame)?,
        "resumed" => Event::Resumed { places: places(serde_json::from_str::<ResumedIn>(frame)?.places)? },
        "page" => serde_json::from_str::<PageIn<'_>>(frame)?.event()?,
        "found" => serde_json::from_str::<FoundIn<'_>>(frame)?.event()?,
        "typing" => serde_json::from_str::<TypingIn>(frame)?.event(),
        "read" => serde_json::from_str::<ReadIn>(frame)?.event(),
        "rooms" => serde_json::from_str::<RoomsIn>(frame)?.event(),
        "members" => serde_json::from_str::<MembersIn>(frame)?.event(),
        "moved" => serde_json::from_str::<MovedIn>(frame)?.event(),
        "crowd" => serde_json::from_str::<CrowdIn>(frame)?.event(),
        "presence" => serde_json::from_str::<PresenceIn>(frame)?.event(),
        "invitation" => {
            let invitation: InvitationIn = serde_json::from_str(frame)?;
            invitation.event().map_err(|why| BadEvent(why.into()))?
        }
        "device_link" => {
            let link: DeviceLinkIn = serde_json::from_str(frame)?;
            link.event().map_err(|why| BadEvent(why.into()))?
        }
        "memos" => serde_json::from_str::<MemosIn>(frame)?.event().map_err(|why| BadEvent(why.into()))?,
        "devices" => serde_json::from_str::<DevicesIn>(frame)?.event(),
        "invitations" => serde_json::from_str::<ListIn>(frame)?.event(),
        "hook" => serde_json::from_str::<HookIn>(frame)?.event().map_err(|why| BadEvent(why.into()))?,
        "hooks" => serde_json::from_str::<HooksIn>(frame)?.event(),
        "renamed" => serde_json::from_str::<RenamedIn>(frame)?.event(),
        "moderated" => return Ok(serde_json::from_str::<ModeratedIn>(frame)?.event()),
        "room_set" => serde_json::from_str::<RoomSetIn>(frame)?.event(),
        "room_deleted" => {
            let ByIn { room, by } = serde_json::from_str(frame)?;
            Event::RoomDeleted { room: room.0, by: by.map(AuthorIn::author) }
        }
        "invited" => {
            let ByIn { room, by } = serde_json::from_str(frame)?;
            Event::Invited { room: room.0, by: need(by, "by")?.author() }
        }
        "bans" => serde_json::from_str::<BansIn>(frame)?.event(),
        "audit" => Event::Audit {
            lines: serde_json::from_str::<AuditIn>(frame)?.lines.into_iter().map(RecordIn::record).collect(),
        },
        "done" => Event::Done,
        _ => return Ok(None),
    }))
}

#[derive(Deserialize)]
struct HelloIn {
    server: Read<Text>,
    epoch: Read<Epoch>,
    challenge: Read<Challenge>,
    limits: LimitsIn,
    #[serde(default)]
    features: Vec<String>,
}

/// A limit that a host does not name is none.
#[derive(Deserialize)]
struct LimitsIn {
    #[serde(default)]
    frame_bytes: usize,
    #[serde(default)]
    text_bytes: usize,
    #[serde(default)]
    page_entries: usize,
    #[serde(default)]
    unanswered: usize,
}

impl HelloIn {
    fn event(self) -> Event {
        let known = |feature: &&&str| self.features.iter().any(|word| word == **feature);
        Event::Hello(Hello {
            features: FEATURES.iter().filter(known).copied().collect(),
            server: self.server.0,
            epoch: self.epoch.0,
            challenge: self.challenge.0,
            limits: Bounds {
                frame_bytes: self.limits.frame_bytes,
                text_bytes: self.limits.text_bytes,
                page_entries: self.limits.page_entries,
                unanswered: self.limits.unanswered,
            },
        })
    }
}

#[derive(Deserialize)]
struct WelcomeIn {
    you: AuthorIn,
    #[serde(default)]
    ephemeral: bool,
    places: Vec<PlaceIn>,
    role: Option<Read<Role>>,
}

impl WelcomeIn {
    fn event(self) -> Result<Event, BadEvent> {
        let places = places(self.places)?;
        let you = self.you.author();
        let role = role(self.role, you.guest);
        Ok(Event::Welcome(Welcome { you, ephemeral: self.ephemeral, places, role }))
    }
}

#[derive(Deserialize)]
struct RefusedIn {
    code: String,
    text: Read<Text>,
    nonce: Option<Read<Nonce>>,
    #[serde(default, rename = "try")]
    try_names: Vec<Read<Nick>>,
    retry_after: Option<u64>,
}

impl RefusedIn {
    fn event(self) -> Event {
        Event::Refused(Refusal {
            code: Code::read(&self.code),
            text: self.text.0.as_str().to_owned(),
            nonce: self.nonce.map(|nonce| nonce.0),
            try_names: self.try_names.into_iter().map(|name| name.0).collect(),
            retry_after: self.retry_after.map(Duration::from_millis),
        })
    }
}

#[derive(Deserialize)]
struct AuthorIn {
    person: Read<PersonId>,
    name: Read<Nick>,
    #[serde(default)]
    guest: bool,
    #[serde(default)]
    bot: bool,
}

impl AuthorIn {
    fn author(self) -> Author {
        Author { person: self.person.0, name: self.name.0, guest: self.guest, bot: self.bot }
    }
}

#[derive(Deserialize)]
struct JoinedIn {
    place: PlaceIn,
}

#[derive(Deserialize)]
struct LeftIn {
    room: Read<RoomName>,
}

#[derive(Deserialize)]
struct ResumedIn {
    places: Vec<PlaceIn>,
}

#[derive(Deserialize)]
struct PlaceIn {
    to: Read<Target>,
    people: Option<People>,
    peer: Option<PeerIn>,
    epoch: Read<Epoch>,
    oldest: u64,
    head: u64,
    read: u64,
    unread: u32,
    mentions: u32,
    topic: Option<Read<Text>>,
    #[serde(default)]
    reset: bool,
    #[serde(flatten)]
    settings: SettingsIn,
    role: Option<Read<Role>>,
}

/// How a room is set; what is left out is as in every room.
#[derive(Deserialize)]
struct SettingsIn {
    #[serde(default)]
    private: bool,
    #[serde(default)]
    readonly: bool,
    #[serde(default)]
    slow_s: u64,
    #[serde(default)]
    password: bool,
}

impl SettingsIn {
    fn settings(self) -> RoomSettings {
        let SettingsIn { private, readonly, slow_s, password } = self;
        // No host of ours says more than that, and a clock cannot be set beyond it.
        let slow = Duration::from_secs(slow_s).min(SLOWEST);
        RoomSettings { private, readonly, slow, password }
    }
}

/// A role that is left out is that of everybody.
fn role(role: Option<Read<Role>>, guest: bool) -> Role {
    match (role, guest) {
        (Some(Read(role)), _) => role,
        (None, true) => Role::Guest,
        (None, false) => Role::Member,
    }
}

/// Both people of a direct conversation.
type People = [Read<PersonId>; 2];

#[derive(Deserialize)]
struct PeerIn {
    person: Read<PersonId>,
    #[serde(default)]
    online: bool,
    #[serde(default)]
    away: bool,
    seen: Option<i64>,
}

fn places(places: Vec<PlaceIn>) -> Result<Vec<Place>, BadEvent> {
    places.into_iter().map(PlaceIn::place).collect()
}

impl PlaceIn {
    fn place(self) -> Result<Place, BadEvent> {
        let conversation = conversation(&self.to.0, self.people)?;
        let topic = self.topic.map_or_else(|| Text::clean(""), |topic| topic.0);
        Ok(Place {
            to: self.to.0,
            peer: self.peer.map(|peer| Peer {
                person: peer.person.0,
                online: peer.online,
                away: peer.away,
                seen: peer.seen.map(Timestamp),
            }),
            epoch: self.epoch.0,
            standing: Standing {
                conversation,
                oldest: Seq(self.oldest),
                head: Seq(self.head),
                read: Seq(self.read),
                unread: self.unread,
                mentions: self.mentions,
                topic,
            },
            reset: self.reset,
            settings: self.settings.settings(),
            role: role(self.role, false),
        })
    }
}

/// Whose log a frame is about: the room it names, or the pair of people it names.
fn conversation(to: &Target, people: Option<People>) -> Result<Conversation, BadEvent> {
    match (to, people) {
        (Target::Room(room), _) => Ok(Conversation::Room(room.clone())),
        (Target::Direct(_), Some([a, b])) => Ok(Conversation::Direct(Pair::new(a.0, b.0))),
        (Target::Direct(_), None) => Err(BadEvent("a direct conversation without its people".into())),
    }
}

/// What kind of entry it is; read first, since a newer kind may use any field as it likes.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// Kinds of live entries that this version knows.
const KINDS: [&str; 6] = ["said", "edited", "deleted", "reacted", "unreacted", "topic"];

fn entry(frame: &str) -> Result<Event, BadEvent> {
    let kind: Kind<'_> = serde_json::from_str(frame)?;
    match KINDS.contains(&&*kind.kind) {
        true => serde_json::from_str::<EntryIn>(frame)?.event(&kind.kind),
        false => serde_json::from_str::<SkippedIn>(frame)?.event(),
    }
}

/// What every entry has, of whatever kind.
#[derive(Deserialize)]
struct SkippedIn {
    to: Read<Target>,
    to_person: Option<Read<PersonId>>,
    people: Option<People>,
    seq: u64,
    from: Option<AuthorIn>,
}

impl SkippedIn {
    fn event(self) -> Result<Event, BadEvent> {
        let people = match (self.from, self.to_person) {
            (Some(from), Some(other)) => Some([from.person, other]),
            _ => self.people,
        };
        let conversation = conversation(&self.to.0, people)?;
        Ok(Event::Skipped { conversation, to: self.to.0, seq: Seq(self.seq) })
    }
}

#[derive(Deserialize)]
struct EntryIn {
    to: Read<Target>,
    to_person: Option<Read<PersonId>>,
    seq: u64,
    at: i64,
    from: AuthorIn,
    of: Option<u64>,
    text: Option<Read<Text>>,
    emoji: Option<Read<Emoji>>,
    #[serde(default)]
    me: bool,
    reply_to: Option<u64>,
    nonce: Option<Read<Nonce>>,
    #[serde(default)]
    mentions: Vec<Read<PersonId>>,
}

impl EntryIn {
    fn event(mut self, kind: &str) -> Result<Event, BadEvent> {
        let what = self.what(kind)?;
        let from = self.from.author();
        let people = self.to_person.map(|other| [Read(from.person), other]);
        Ok(Event::Entry(Arc::new(Entry {
            conversation: conversation(&self.to.0, people)?,
            to: self.to.0,
            seq: Seq(self.seq),
            at: Timestamp(self.at),
            from,
            what,
            nonce: self.nonce.map(|nonce| nonce.0),
            mentions: self.mentions.into_iter().map(|person| person.0).collect(),
        })))
    }

    fn what(&mut self, kind: &str) -> Result<What, BadEvent> {
        let of = || need(self.of, "of").map(Seq);
        let text = self.text.take().map(|text| text.0);
        let text = || need(text, "text");
        let emoji = self.emoji.take().map(|emoji| emoji.0);
        let emoji = || need(emoji, "emoji");
        Ok(match kind {
            "said" => What::Said { text: text()?, me: self.me, reply_to: self.reply_to.map(Seq) },
            "edited" => What::Edited { of: of()?, text: text()? },
            "deleted" => What::Deleted { of: of()? },
            "reacted" => What::Reacted { of: of()?, emoji: emoji()? },
            "unreacted" => What::Unreacted { of: of()?, emoji: emoji()? },
            "topic" => What::Topic { text: text()? },
            _ => return Err(BadEvent("an entry of no kind".into())),
        })
    }
}

fn need<T>(field: Option<T>, name: &str) -> Result<T, BadEvent> {
    field.ok_or_else(|| BadEvent(format!("the field `{name}` is missing")))
}

#[derive(Deserialize)]
struct PageIn<'a> {
    to: Read<Target>,
    people: Option<People>,
    from: u64,
    before: u64,
    oldest: u64,
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    changed: Vec<&'a RawValue>,
}

impl PageIn<'_> {
    fn event(self) -> Result<Event, BadEvent> {
        let conversation = conversation(&self.to.0, self.people)?;
        let all = |entries: Vec<&RawValue>| -> Result<Vec<Shown>, BadEvent> {
            entries.into_iter().filter_map(|entry| shown(entry.get()).transpose()).collect()
        };
        let page = Page {
            conversation,
            from: Seq(self.from),
            before: Seq(self.before),
            oldest: Seq(self.oldest),
            entries: all(self.entries)?,
            changed: all(self.changed)?,
        };
        Ok(Event::Page { to: self.to.0, page })
    }
}

/// An entry of a page, or `None` for a kind that this version does not know.
fn shown(entry: &str) -> Result<Option<Shown>, BadEvent> {
    let kind: Kind<'_> = serde_json::from_str(entry)?;
    match &*kind.kind {
        "said" => serde_json::from_str::<ShownIn>(entry)?.said().map(Some),
        "topic" => serde_json::from_str::<ShownIn>(entry)?.topic().map(Some),
        _ => Ok(None),
    }
}

/// An entry of a page, in its present form.
#[derive(Deserialize)]
struct ShownIn {
    seq: u64,
    at: i64,
    from: AuthorIn,
    rev: Option<u64>,
    text: Option<Read<Text>>,
    #[serde(default)]
    me: bool,
    reply_to: Option<u64>,
    #[serde(default)]
    edited: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    reactions: Vec<ReactionIn>,
    nonce: Option<Read<Nonce>>,
    #[serde(default)]
    mentions: Vec<Read<PersonId>>,
}

#[derive(Deserialize)]
struct ReactionIn {
    emoji: Read<Emoji>,
    count: u32,
    #[serde(default)]
    by: Vec<AuthorIn>,
}

impl ShownIn {
    fn said(mut self) -> Result<Shown, BadEvent> {
        let text = match self.deleted {
            true => None,
            false => Some(need(self.text.take(), "text")?.0),
        };
        let what = ShownWhat::Said {
            text,
            me: self.me,
            reply_to: self.reply_to.map(Seq),
            edited: self.edited,
            reactions: self.reactions.drain(..).map(ReactionIn::reaction).collect(),
        };
        Ok(self.shown(what))
    }

    fn topic(mut self) -> Result<Shown, BadEvent> {
        let what = ShownWhat::Topic { text: need(self.text.take(), "text")?.0 };
        Ok(self.shown(what))
    }

    fn shown(self, what: ShownWhat) -> Shown {
        Shown {
            seq: Seq(self.seq),
            at: Timestamp(self.at),
            from: self.from.author(),
            nonce: self.nonce.map(|nonce| nonce.0),
            rev: Seq(self.rev.unwrap_or(self.seq)),
            mentions: self.mentions.into_iter().map(|person| person.0).collect(),
            what,
        }
    }
}

impl ReactionIn {
    fn reaction(self) -> Reaction {
        let by = self.by.into_iter().map(AuthorIn::author).collect();
        Reaction { emoji: self.emoji.0, count: self.count, by }
    }
}

#[derive(Deserialize)]
struct ReadIn {
    to: Read<Target>,
    seq: u64,
    unread: u32,
    mentions: u32,
}

impl ReadIn {
    fn event(self) -> Event {
        Event::Read { to: self.to.0, seq: Seq(self.seq), unread: self.unread, mentions: self.mentions }
    }
}

#[derive(Deserialize)]
struct RoomsIn {
    rooms: Vec<RoomIn>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct RoomIn {
    room: Read<RoomName>,
    topic: Option<Read<Text>>,
    members: u32,
    #[serde(default)]
    member: bool,
    #[serde(flatten)]
    settings: SettingsIn,
}

impl RoomsIn {
    fn event(self) -> Event {
        let info = |room: RoomIn| RoomInfo {
            room: room.room.0,
            topic: room.topic.map_or_else(|| Text::clean(""), |topic| topic.0),
            members: room.members,
            member: room.member,
            settings: room.settings.settings(),
        };
        Event::Rooms { rooms: self.rooms.into_iter().map(info).collect(), more: self.more }
    }
}

#[derive(Deserialize)]
struct MembersIn {
    room: Option<Read<RoomName>>,
    people: Vec<MemberIn>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct MemberIn {
    person: Read<PersonId>,
    name: Read<Nick>,
    #[serde(default)]
    guest: bool,
    #[serde(default)]
    bot: bool,
    #[serde(default)]
    online: bool,
    #[serde(default)]
    away: bool,
    seen: Option<i64>,
    role: Option<Read<Role>>,
    #[serde(default)]
    keys: Vec<String>,
}

/// Those that are fingerprints.
fn prints(keys: &[String]) -> Vec<Fingerprint> {
    keys.iter().filter_map(|key| key.parse().ok()).collect()
}

impl MembersIn {
    fn event(self) -> Event {
        let member = |member: MemberIn| Member {
            who: Author { person: member.person.0, name: member.name.0, guest: member.guest, bot: member.bot },
            online: member.online,
            away: member.away,
            seen: member.seen.map(Timestamp),
            role: role(member.role, member.guest),
            keys: prints(&member.keys),
        };
        Event::Members {
            room: self.room.map(|room| room.0),
            people: self.people.into_iter().map(member).collect(),
            more: self.more,
        }
    }
}

#[derive(Deserialize)]
struct MovedIn {
    room: Read<RoomName>,
    who: AuthorIn,
    joined: bool,
    #[serde(default)]
    keys: Vec<String>,
}

impl MovedIn {
    fn event(self) -> Event {
        let keys = prints(&self.keys);
        Event::Moved { room: self.room.0, who: self.who.author(), joined: self.joined, keys }
    }
}

#[derive(Deserialize)]
struct CrowdIn {
    room: Read<RoomName>,
    members: u32,
    online: u32,
    #[serde(default)]
    singly: bool,
}

impl CrowdIn {
    fn event(self) -> Event {
        Event::Crowd { room: self.room.0, members: self.members, online: self.online, singly: self.singly }
    }
}

#[derive(Deserialize)]
struct PresenceIn {
    who: AuthorIn,
    online: bool,
    #[serde(default)]
    away: bool,
}

impl PresenceIn {
    fn event(self) -> Event {
        Event::Presence { who: self.who.author(), online: self.online, away: self.away }
    }
}

#[derive(Deserialize)]
struct TypingIn {
    to: Read<Target>,
    who: AuthorIn,
}

impl TypingIn {
    fn event(self) -> Event {
        Event::Typing { to: self.to.0, who: self.who.author() }
    }
}

#[derive(Deserialize)]
struct FoundIn<'a> {
    #[serde(borrow)]
    hits: Vec<&'a RawValue>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct HitPlaceIn {
    to: Read<Target>,
    people: Option<People>,
}

impl FoundIn<'_> {
    fn event(self) -> Result<Event, BadEvent> {
        let mut hits = Vec::with_capacity(self.hits.len());
        for raw in self.hits {
            let Some(shown) = shown(raw.get())? else { continue };
            let HitPlaceIn { to, people } = serde_json::from_str(raw.get())?;
            hits.push((to.0.clone(), Hit { conversation: conversation(&to.0, people)?, shown }));
        }
        Ok(Event::Found { hits, more: self.more })
    }
}

#[derive(Deserialize)]
struct RenamedIn {
    who: AuthorIn,
    was: Read<Nick>,
}

impl RenamedIn {
    fn event(self) -> Event {
        Event::Renamed { who: self.who.author(), was: self.was.0 }
    }
}

#[derive(Deserialize)]
struct ModeratedIn {
    deed: String,
    room: Option<Read<RoomName>>,
    who: AuthorIn,
    by: Option<AuthorIn>,
    for_s: Option<u64>,
    why: Option<Read<Text>>,
}

impl ModeratedIn {
    /// `None`: a newer host does what this program has no word for.
    fn event(self) -> Option<Event> {
        Some(Event::Moderated {
            deed: Deed::read(&self.deed)?,
            room: self.room.map(|room| room.0),
            who: self.who.author(),
            by: self.by.map(AuthorIn::author),
            time: self.for_s.map(|secs| Duration::from_secs(secs).min(LONGEST)),
            why: why(self.why),
        })
    }
}

fn why(text: Option<Read<Text>>) -> Text {
    let text = text.map_or_else(|| Text::clean(""), |text| text.0);
    let short: String = text.one_line().chars().take(WHY_CHARS).collect();
    Text::clean(&short)
}

#[derive(Deserialize)]
struct RoomSetIn {
    room: Read<RoomName>,
    #[serde(flatten)]
    settings: SettingsIn,
    by: Option<AuthorIn>,
}

impl RoomSetIn {
    fn event(self) -> Event {
        let settings = self.settings.settings();
        Event::RoomSet { room: self.room.0, settings, by: self.by.map(AuthorIn::author) }
    }
}

#[derive(Deserialize)]
struct ByIn {
    room: Read<RoomName>,
    by: Option<AuthorIn>,
}

#[derive(Deserialize)]
struct AuditIn {
    lines: Vec<RecordIn>,
}

#[derive(Deserialize)]
struct RecordIn {
    at: i64,
    by: Option<Read<Nick>>,
    deed: Read<Text>,
    room: Option<Read<RoomName>>,
    whom: Option<Read<Nick>>,
    until: Option<i64>,
    why: Option<Read<Text>>,
}

impl RecordIn {
    fn record(self) -> Record {
        Record {
            at: Timestamp(self.at),
            by: self.by.map(|name| name.0),
            deed: self.deed.0.one_line().chars().take(WHY_CHARS).collect(),
            room: self.room.map(|room| room.0),
            whom: self.whom.map(|name| name.0),
            until: self.until.map(Timestamp),
            why: why(self.why),
        }
    }
}
