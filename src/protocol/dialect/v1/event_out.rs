//! How a host writes an event: straight from the borrowed event into bytes, no tree in between. Fields that are `false`,
//! empty or absent are left out where most frames have nothing to say there.

use serde::Serialize;

use super::wire::{Each, Hex, Shown};
use super::{hook, invite, order};
use crate::protocol::entry::{
    Author, Conversation, Entry, Page, PersonId, Reaction, Seq, Shown as ShownEntry, ShownWhat, What,
};
use crate::protocol::event::{Event, Hello, Member, Peer, Place, Refusal, RoomInfo, Welcome};
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::rights::{Record, Role, RoomSettings};
use crate::protocol::search::Hit;
use crate::protocol::secret::ShortCode;
use crate::protocol::text::Text;

/// One event as JSON; `id` is that of the command it answers.
pub fn encode(event: &Event, id: Option<u64>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write(&mut out, event, id);
    out
}

/// The same, behind what `out` already holds.
pub fn write(out: &mut Vec<u8>, event: &Event, id: Option<u64>) {
    match event {
        Event::Hello(hello) => put(out, "hello", id, &hello_out(hello)),
        Event::Welcome(welcome) => put(out, "welcome", id, &welcome_out(welcome)),
        Event::Refused(refusal) => put(out, "refused", id, &refusal_out(refusal)),
        Event::Joined { place } => put(out, "joined", id, &PlaceFrame { place: place_out(place) }),
        Event::Left { room } => put(out, "left", id, &RoomFrame { room: Some(Shown(room)) }),
        Event::Entry(entry) => put(out, "entry", id, &entry_out(entry)),
        Event::Skipped { conversation, to, seq } => {
            let (to, people) = (Shown(to), people_out(conversation));
            put(out, "entry", id, &SkippedFrame { to, people, seq: seq.0, kind: "skipped" });
        }
        Event::Resumed { places } => put(out, "resumed", id, &PlacesFrame { places: Each(places, place_out) }),
        Event::Page { to, page } => put(out, "page", id, &page_out(to, page)),
        Event::Found { hits, more } => {
            put(out, "found", id, &FoundFrame { hits: Each(hits, hit_out), more: *more });
        }
        Event::Read { to, seq, unread, mentions } => {
            put(out, "read", id, &ReadFrame { to: Shown(to), seq: seq.0, unread: *unread, mentions: *mentions });
        }
        Event::Rooms { rooms, more } => {
            put(out, "rooms", id, &RoomsFrame { rooms: Each(rooms, room_out), more: *more })
        }
        Event::Members { room, people, more } => {
            let people = Each(people, member_out);
            put(out, "members", id, &MembersFrame { room: room.as_ref().map(Shown), people, more: *more });
        }
        Event::Moved { room, who, joined, keys } => {
            let (who, joined, keys) = (author_out(who), *joined, keys_out(keys));
            put(out, "moved", id, &MovedFrame { room: Shown(room), who, joined, keys });
        }
        Event::Crowd { room, members, online, singly } => {
            let (members, online, singly) = (*members, *online, *singly);
            put(out, "crowd", id, &CrowdFrame { room: Shown(room), members, online, singly });
        }
        Event::Presence { who, online, away } => {
            put(out, "presence", id, &PresenceFrame { who: author_out(who), online: *online, away: *away });
        }
        Event::Typing { to, who } => put(out, "typing", id, &TypingFrame { to: Shown(to), who: author_out(who) }),
        Event::Invitation { invitation, link, code } => {
            put(out, "invitation", id, &invite::out(invitation, Some(link), code.as_ref()));
        }
        Event::DeviceLink { link, until, code } => {
            let code = code.as_ref().map(ShortCode::spoken);
            put(out, "device_link", id, &invite::DeviceLinkOut { link, code, until: until.0 });
        }
        Event::Memos(all) => {
            let memos = Each(all, invite::memo_out);
            put(out, "memos", id, &invite::MemosOut { memos });
        }
        Event::Devices(all) => {
            let devices = Each(all, invite::device_out);
            put(out, "devices", id, &invite::DevicesOut { devices });
        }
        Event::Invitations(all) => {
            let invitations = Each(all, |one| invite::out(one, None, None));
            put(out, "invitations", id, &invite::ListOut { invitations });
        }
        Event::Hook { hook, link } => put(out, "hook", id, &hook::out(hook, Some(link))),
        Event::Hooks(all) => {
            let hooks = Each(all, |one| hook::out(one, None));
            put(out, "hooks", id, &hook::HooksOut { hooks });
        }
        Event::Renamed { who, was } => {
            put(out, "renamed", id, &RenamedFrame { who: author_out(who), was: was.as_str() });
        }
        Event::Moderated { deed, room, who, by, time, why } => {
            let (deed, room, who, by) = (deed.as_str(), room.as_ref().map(Shown), author_out(who), by.as_ref());
            let (by, for_s, why) = (by.map(author_out), time.map(|time| time.as_secs()), filled(why));
            put(out, "moderated", id, &ModeratedFrame { deed, room, who, by, for_s, why });
        }
        Event::RoomSet { room, settings, by } => {
            let (settings, by) = (settings_out(settings), by.as_ref().map(author_out));
            put(out, "room_set", id, &RoomSetFrame { room: Shown(room), settings, by });
        }
        Event::RoomDeleted { room, by } => {
            put(out, "room_deleted", id, &ByFrame { room: Shown(room), by: by.as_ref().map(author_out) });
        }
        Event::Invited { room, by } => {
            put(out, "invited", id, &ByFrame { room: Shown(room), by: Some(author_out(by)) });
        }
        Event::Bans { room, bans, more } => {
            let (room, bans) = (room.as_ref().map(Shown), Each(bans, order::out));
            put(out, "bans", id, &order::BansOut { room, bans, more: *more });
        }
        Event::Audit { lines } => put(out, "audit", id, &AuditFrame { lines: Each(lines, record_out) }),
        // Raw clients alone are told of a line; here the entry itself is the answer.
        Event::Received { .. } | Event::Done => put(out, "done", id, &RoomFrame { room: None }),
    }
}

/// A message in its present form as a line of its own, with the fields of a page's entries and where it was said: what
/// programs without a screen write. No frame of the wire is of this form.
pub fn encode_shown(kind: &'static str, to: &Target, shown: &ShownEntry) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put(&mut out, kind, None, &HitOut { to: Shown(to), people: None, entry: shown_out(shown) });
    out
}

/// A person, an epoch or a nonce.
type Id = Hex<16>;

#[derive(Serialize)]
struct Frame<'a, B> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(flatten)]
    body: &'a B,
}

fn put<B: Serialize>(out: &mut Vec<u8>, kind: &'static str, id: Option<u64>, body: &B) {
    serde_json::to_writer(out, &Frame { kind, id, body }).expect("strings and numbers into memory cannot fail");
}

#[derive(Serialize)]
struct HelloFrame<'a> {
    server: &'a str,
    epoch: Id,
    challenge: Hex<32>,
    limits: LimitsOut,
    features: &'a [&'static str],
}

#[derive(Serialize)]
struct LimitsOut {
    frame_bytes: usize,
    text_bytes: usize,
    page_entries: usize,
    unanswered: usize,
}

fn hello_out(hello: &Hello) -> HelloFrame<'_> {
    let limits = LimitsOut {
        frame_bytes: hello.limits.frame_bytes,
        text_bytes: hello.limits.text_bytes,
        page_entries: hello.limits.page_entries,
        unanswered: hello.limits.unanswered,
    };
    HelloFrame {
        server: hello.server.as_str(),
        epoch: Hex(hello.epoch.0),
        challenge: Hex(hello.challenge),
        limits,
        features: &hello.features,
    }
}

#[derive(Serialize)]
struct WelcomeFrame<'a, P: Serialize> {
    you: AuthorOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    ephemeral: bool,
    places: P,
}

fn welcome_out(welcome: &Welcome) -> WelcomeFrame<'_, impl Serialize> {
    WelcomeFrame {
        you: author_out(&welcome.you),
        role: role_out(welcome.role),
        ephemeral: welcome.ephemeral,
        places: Each(&welcome.places, place_out),
    }
}

#[derive(Serialize)]
struct RefusedFrame<'a, N: Serialize> {
    code: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<Id>,
    #[serde(rename = "try", skip_serializing_if = "Option::is_none")]
    try_names: Option<N>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

fn refusal_out(refusal: &Refusal) -> RefusedFrame<'_, impl Serialize> {
    let names = &refusal.try_names;
    RefusedFrame {
        code: refusal.code.as_str(),
        text: &refusal.text,
        nonce: refusal.nonce.map(|nonce| Hex(nonce.0)),
        try_names: (!names.is_empty()).then_some(Each(names, Nick::as_str)),
        retry_after: refusal.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
    }
}

#[derive(Serialize)]
struct AuthorOut<'a> {
    person: Id,
    name: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    guest: bool,
    #[serde(skip_serializing_if = "is_false")]
    bot: bool,
}

fn author_out(author: &Author) -> AuthorOut<'_> {
    AuthorOut { person: Hex(author.person.0), name: author.name.as_str(), guest: author.guest, bot: author.bot }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Serialize)]
struct PlaceFrame<'a> {
    place: PlaceOut<'a>,
}

#[derive(Serialize)]
struct PlacesFrame<P: Serialize> {
    places: P,
}

#[derive(Serialize)]
struct RoomFrame<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Shown<&'a RoomName>>,
}

#[derive(Serialize)]
struct PlaceOut<'a> {
    to: Shown<&'a Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<[Id; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<PeerOut>,
    epoch: Id,
    oldest: u64,
    head: u64,
    read: u64,
    unread: u32,
    mentions: u32,
    topic: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    reset: bool,
    #[serde(flatten)]
    settings: SettingsOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
}

/// What every room is without saying so is left out.
#[derive(Serialize)]
struct SettingsOut {
    #[serde(skip_serializing_if = "is_false")]
    private: bool,
    #[serde(skip_serializing_if = "is_false")]
    readonly: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_s: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    password: bool,
}

fn settings_out(settings: &RoomSettings) -> SettingsOut {
    let RoomSettings { private, readonly, slow, password } = *settings;
    SettingsOut { private, readonly, slow_s: Some(slow.as_secs()).filter(|slow| *slow > 0), password }
}

/// Only who may more than others has a role that is worth telling; whether one is a guest is told with the name.
fn role_out(role: Role) -> Option<&'static str> {
    (role >= Role::Operator).then(|| role.as_str())
}

fn filled(text: &Text) -> Option<&str> {
    Some(text.as_str()).filter(|text| !text.is_empty())
}

#[derive(Serialize)]
struct PeerOut {
    person: Id,
    online: bool,
    #[serde(skip_serializing_if = "is_false")]
    away: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<i64>,
}

fn peer_out(peer: &Peer) -> PeerOut {
    let Peer { person, online, away, seen } = *peer;
    PeerOut { person: Hex(person.0), online, away, seen: seen.map(|at| at.0) }
}

/// The two people of a direct conversation, so that its log can be told from every other by one frame alone.
fn people_out(conversation: &Conversation) -> Option<[Id; 2]> {
    match conversation {
        Conversation::Room(_) => None,
        Conversation::Direct(pair) => Some(pair.both().map(|person| Hex(person.0))),
    }
}

fn place_out(place: &Place) -> PlaceOut<'_> {
    let standing = &place.standing;
    PlaceOut {
        to: Shown(&place.to),
        people: people_out(&standing.conversation),
        peer: place.peer.as_ref().map(peer_out),
        epoch: Hex(place.epoch.0),
        oldest: standing.oldest.0,
        head: standing.head.0,
        read: standing.read.0,
        unread: standing.unread,
        mentions: standing.mentions,
        topic: standing.topic.as_str(),
        reset: place.reset,
        settings: settings_out(&place.settings),
        role: role_out(place.role),
    }
}

#[derive(Serialize)]
struct EntryFrame<'a, M: Serialize> {
    to: Shown<&'a Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_person: Option<Id>,
    seq: u64,
    at: i64,
    from: AuthorOut<'a>,
    #[serde(flatten)]
    what: WhatOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<M>,
}

#[derive(Serialize)]
struct SkippedFrame<'a> {
    to: Shown<&'a Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<[Id; 2]>,
    seq: u64,
    kind: &'static str,
}

/// What an entry says, of whatever kind, live or in its present form: the fields of other kinds are left out.
#[derive(Serialize, Default)]
struct WhatOut<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    me: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    edited: bool,
    #[serde(skip_serializing_if = "is_false")]
    deleted: bool,
}

impl<'a> WhatOut<'a> {
    fn new(kind: &'static str, of: Option<Seq>, text: Option<&'a Text>) -> WhatOut<'a> {
        WhatOut { kind, of: of.map(|seq| seq.0), text: text.map(Text::as_str), ..WhatOut::default() }
    }
}

fn entry_out(entry: &Entry) -> EntryFrame<'_, impl Serialize> {
    let to_person = match entry.conversation {
        Conversation::Room(_) => None,
        Conversation::Direct(pair) => Some(Hex(pair.other(entry.from.person).0)),
    };
    EntryFrame {
        to: Shown(&entry.to),
        to_person,
        seq: entry.seq.0,
        at: entry.at.0,
        from: author_out(&entry.from),
        what: what_out(&entry.what),
        nonce: entry.nonce.map(|nonce| Hex(nonce.0)),
        mentions: mentions_out(&entry.mentions),
    }
}

fn what_out(what: &What) -> WhatOut<'_> {
    let of = what.of();
    match what {
        What::Said { text, me, reply_to } => {
            WhatOut { me: *me, reply_to: reply_to.map(|seq| seq.0), ..WhatOut::new("said", of, Some(text)) }
        }
        What::Edited { text, .. } => WhatOut::new("edited", of, Some(text)),
        What::Deleted { .. } => WhatOut::new("deleted", of, None),
        What::Reacted { emoji, .. } => WhatOut { emoji: Some(emoji.as_str()), ..WhatOut::new("reacted", of, None) },
        What::Unreacted { emoji, .. } => WhatOut { emoji: Some(emoji.as_str()), ..WhatOut::new("unreacted", of, None) },
        What::Topic { text } => WhatOut::new("topic", of, Some(text)),
    }
}

fn mentions_out(mentions: &[PersonId]) -> Option<impl Serialize> {
    (!mentions.is_empty()).then_some(Each(mentions, |person: &PersonId| Hex(person.0)))
}

#[derive(Serialize)]
struct PageFrame<'a, E: Serialize, C: Serialize> {
    to: Shown<&'a Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<[Id; 2]>,
    from: u64,
    before: u64,
    oldest: u64,
    entries: E,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<C>,
}

fn page_out<'a>(to: &'a Target, page: &'a Page) -> PageFrame<'a, impl Serialize, impl Serialize> {
    PageFrame {
        to: Shown(to),
        people: people_out(&page.conversation),
        from: page.from.0,
        before: page.before.0,
        oldest: page.oldest.0,
        entries: Each(&page.entries, shown_out),
        changed: (!page.changed.is_empty()).then(|| Each(&page.changed, shown_out)),
    }
}

#[derive(Serialize)]
struct ShownOut<'a, M: Serialize, R: Serialize> {
    seq: u64,
    at: i64,
    from: AuthorOut<'a>,
    rev: u64,
    #[serde(flatten)]
    what: WhatOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reactions: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<M>,
}

fn shown_out(shown: &ShownEntry) -> ShownOut<'_, impl Serialize, impl Serialize> {
    let (what, reactions): (_, &[Reaction]) = match &shown.what {
        ShownWhat::Said { text, me, reply_to, edited, reactions } => {
            let what = WhatOut {
                me: *me,
                reply_to: reply_to.map(|seq| seq.0),
                edited: *edited,
                deleted: text.is_none(),
                ..WhatOut::new("said", None, text.as_ref())
            };
            (what, reactions)
        }
        ShownWhat::Topic { text } => (WhatOut::new("topic", None, Some(text)), &[]),
    };
    ShownOut {
        seq: shown.seq.0,
        at: shown.at.0,
        from: author_out(&shown.from),
        rev: shown.rev.0,
        what,
        reactions: (!reactions.is_empty()).then_some(Each(reactions, reaction_out)),
        nonce: shown.nonce.map(|nonce| Hex(nonce.0)),
        mentions: mentions_out(&shown.mentions),
    }
}

#[derive(Serialize)]
struct ReactionOut<'a, B: Serialize> {
    emoji: &'a str,
    count: u32,
    by: B,
}

fn reaction_out(reaction: &Reaction) -> ReactionOut<'_, impl Serialize> {
    ReactionOut { emoji: reaction.emoji.as_str(), count: reaction.count, by: Each(&reaction.by, author_out) }
}

#[derive(Serialize)]
struct FoundFrame<H: Serialize> {
    hits: H,
    #[serde(skip_serializing_if = "is_false")]
    more: bool,
}

#[derive(Serialize)]
struct HitOut<'a, S: Serialize> {
    to: Shown<&'a Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<[Id; 2]>,
    #[serde(flatten)]
    entry: S,
}

fn hit_out((to, hit): &(Target, Hit)) -> HitOut<'_, impl Serialize> {
    HitOut { to: Shown(to), people: people_out(&hit.conversation), entry: shown_out(&hit.shown) }
}

#[derive(Serialize)]
struct ReadFrame<'a> {
    to: Shown<&'a Target>,
    seq: u64,
    unread: u32,
    mentions: u32,
}

#[derive(Serialize)]
struct RoomsFrame<R: Serialize> {
    rooms: R,
    more: bool,
}

#[derive(Serialize)]
struct RoomOut<'a> {
    room: Shown<&'a RoomName>,
    topic: &'a str,
    members: u32,
    member: bool,
    #[serde(flatten)]
    settings: SettingsOut,
}

fn room_out(info: &RoomInfo) -> RoomOut<'_> {
    let (topic, settings) = (info.topic.as_str(), settings_out(&info.settings));
    RoomOut { room: Shown(&info.room), topic, members: info.members, member: info.member, settings }
}

#[derive(Serialize)]
struct MembersFrame<'a, P: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Shown<&'a RoomName>>,
    people: P,
    more: bool,
}

#[derive(Serialize)]
struct MemberOut<'a> {
    #[serde(flatten)]
    who: AuthorOut<'a>,
    online: bool,
    #[serde(skip_serializing_if = "is_false")]
    away: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Keys<'a>>,
}

struct Keys<'a>(&'a [Fingerprint]);

impl Serialize for Keys<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Fingerprint::to_string))
    }
}

fn keys_out(keys: &[Fingerprint]) -> Option<Keys<'_>> {
    Some(Keys(keys)).filter(|keys| !keys.0.is_empty())
}

fn member_out(member: &Member) -> MemberOut<'_> {
    let (seen, role) = (member.seen.map(|at| at.0), role_out(member.role));
    let keys = keys_out(&member.keys);
    MemberOut { who: author_out(&member.who), online: member.online, away: member.away, seen, role, keys }
}

#[derive(Serialize)]
struct MovedFrame<'a> {
    room: Shown<&'a RoomName>,
    who: AuthorOut<'a>,
    joined: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Keys<'a>>,
}

#[derive(Serialize)]
struct CrowdFrame<'a> {
    room: Shown<&'a RoomName>,
    members: u32,
    online: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    singly: bool,
}

#[derive(Serialize)]
struct PresenceFrame<'a> {
    who: AuthorOut<'a>,
    online: bool,
    #[serde(skip_serializing_if = "is_false")]
    away: bool,
}

#[derive(Serialize)]
struct TypingFrame<'a> {
    to: Shown<&'a Target>,
    who: AuthorOut<'a>,
}

#[derive(Serialize)]
struct RenamedFrame<'a> {
    who: AuthorOut<'a>,
    was: &'a str,
}

#[derive(Serialize)]
struct ModeratedFrame<'a> {
    deed: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Shown<&'a RoomName>>,
    who: AuthorOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<AuthorOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct RoomSetFrame<'a> {
    room: Shown<&'a RoomName>,
    #[serde(flatten)]
    settings: SettingsOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<AuthorOut<'a>>,
}

#[derive(Serialize)]
struct ByFrame<'a> {
    room: Shown<&'a RoomName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<AuthorOut<'a>>,
}

#[derive(Serialize)]
struct AuditFrame<L: Serialize> {
    lines: L,
}

#[derive(Serialize)]
struct RecordOut<'a> {
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    deed: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Shown<&'a RoomName>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whom: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

fn record_out(record: &Record) -> RecordOut<'_> {
    RecordOut {
        at: record.at.0,
        by: record.by.as_ref().map(Nick::as_str),
        deed: &record.deed,
        room: record.room.as_ref().map(Shown),
        whom: record.whom.as_ref().map(Nick::as_str),
        until: record.until.map(|at| at.0),
        why: filled(&record.why),
    }
}
