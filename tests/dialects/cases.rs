//! One value for every command, event and kind of entry, under the name of its golden file.

use std::sync::Arc;
use std::time::Duration;

use wschat::protocol::command::{Command, Cursor, PageEnd};
use wschat::protocol::entry::{
    Author, Conversation, Emoji, Entry, Epoch, Nonce, Page, Pair, PersonId, Reaction, Seq, Shown, ShownWhat, Standing,
    Timestamp, What,
};
use wschat::protocol::event::{Bounds, Code, Device, Event, Hello, Member, Peer, Place, Refusal, RoomInfo, Welcome};
use wschat::protocol::fingerprint::Fingerprint;
use wschat::protocol::hook::Hook;
use wschat::protocol::invite::Invitation;
use wschat::protocol::memo::{Memo, MemoName};
use wschat::protocol::names::{Nick, RoomName, Target};
use wschat::protocol::person::{Proof, PublicKey};
use wschat::protocol::rights::{Barred, Change, Deed, Order, Penalty, Record, Role, RoomSettings};
use wschat::protocol::search::{Hit, Query};
use wschat::protocol::secret::{Password, ShortCode, Token};
use wschat::protocol::text::Text;

pub const EPOCH: Epoch = Epoch([0xe0; 16]);
const ANN: PersonId = PersonId([0xa0; 16]);
const BEN: PersonId = PersonId([0xb0; 16]);
const NONCE: Nonce = Nonce([0x4e; 16]);
/// 2026-11-23 09:12:00 UTC.
const AT: Timestamp = Timestamp(1_795_425_120_000);

pub fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a name")
}
pub fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room")
}
pub fn text(text: &str) -> Text {
    Text::clean(text)
}
fn emoji(emoji: &str) -> Emoji {
    Emoji::parse(emoji).expect("an emoji")
}
fn lobby() -> Target {
    Target::Room(room("lobby"))
}
fn at_ben() -> Target {
    Target::Direct(nick("ben"))
}
pub fn ann() -> Author {
    Author { person: ANN, name: nick("ann"), guest: false, bot: false }
}
pub fn ben() -> Author {
    Author { person: BEN, name: nick("ben"), guest: false, bot: false }
}
fn cy() -> Author {
    Author { person: PersonId([0xc0; 16]), name: nick("guest-cyan"), guest: true, bot: false }
}
fn ci() -> Author {
    Author { person: PersonId([0xd0; 16]), name: nick("ci"), guest: false, bot: true }
}
fn hook() -> Hook {
    Hook { number: 3, room: room("dev"), name: nick("ci"), by: nick("ann"), made: AT }
}
fn pair() -> Conversation {
    Conversation::Direct(Pair::new(ANN, BEN))
}

/// Every command that `wschat.v1` has, and its id.
pub fn commands() -> Vec<(&'static str, Option<u64>, Command)> {
    let nonce = Some(NONCE);
    let proof = Proof::sign(&[7; 32], "localhost:8080", &[0xc4; 32]);
    let enter = |name: Option<&str>, proof, client: Option<&str>| Command::Enter {
        name: name.map(nick),
        proof,
        client: client.map(text),
        invite: None,
        bot: None,
    };
    let invite = Token::parse("9b1d0c47e2");
    let invited = Command::Enter { name: Some(nick("ann")), proof: None, client: None, invite, bot: None };
    let cursors = vec![
        Cursor { to: lobby(), epoch: EPOCH, after: Seq(41) },
        Cursor { to: at_ben(), epoch: EPOCH, after: Seq(0) },
    ];
    let say = |to, words: &str, me, reply_to| Command::Say { to, text: text(words), me, reply_to, nonce };
    vec![
        ("enter", Some(1), enter(Some("ann"), Some(proof), Some("wschat 0.1.0"))),
        ("enter-guest", Some(1), enter(None, None, None)),
        ("enter-invite", Some(1), invited),
        (
            "enter-bot",
            Some(1),
            Command::Enter { name: Some(nick("ci")), proof: None, client: None, invite: None, bot: Some(true) },
        ),
        ("join", Some(2), Command::Join { room: room("dev"), password: None }),
        ("join-password", Some(2), Command::Join { room: room("dev"), password: Password::parse("correct horse") }),
        ("leave", Some(3), Command::Leave { room: room("dev") }),
        ("say", Some(4), say(lobby(), "hello\n\tall — “hi” 👋", false, None)),
        ("say-direct", Some(5), say(at_ben(), "psst", false, None)),
        ("say-me-reply", Some(6), say(lobby(), "waves", true, Some(Seq(41)))),
        ("say-bare", None, Command::Say { to: lobby(), text: text("hi"), me: false, reply_to: None, nonce: None }),
        ("edit", Some(7), Command::Edit { to: lobby(), of: Seq(42), text: text("hello, all"), nonce }),
        ("delete", Some(8), Command::Delete { to: lobby(), of: Seq(42), nonce }),
        ("react", Some(9), Command::React { to: lobby(), of: Seq(42), emoji: emoji("👍"), on: true, nonce }),
        ("unreact", Some(10), Command::React { to: lobby(), of: Seq(42), emoji: emoji("👍"), on: false, nonce }),
        ("topic", Some(11), Command::Topic { room: room("dev"), text: text("ship it"), nonce }),
        ("resume", Some(12), Command::Resume { cursors }),
        ("page", Some(13), Command::Page { to: lobby(), end: PageEnd::Before(Seq(42)), limit: Some(50) }),
        ("page-at", Some(13), Command::Page { to: lobby(), end: PageEnd::Around(AT), limit: Some(50) }),
        ("search", Some(21), Command::Search { to: None, query: Query::new("müns \"c++ now\""), limit: Some(50) }),
        ("search-all", Some(22), Command::Search { to: Some(lobby()), query: everything(), limit: None }),
        ("away", Some(23), Command::Away { away: true }),
        ("typing", None, Command::Typing { to: at_ben() }),
        ("page-end", Some(14), Command::Page { to: at_ben(), end: PageEnd::Newest, limit: None }),
        ("read", Some(15), Command::Read { to: lobby(), seq: Seq(42) }),
        ("rooms", Some(16), Command::Rooms),
        ("who", Some(17), Command::Who { room: Some(room("dev")) }),
        ("who-everybody", Some(18), Command::Who { room: None }),
        ("rename", Some(19), Command::Rename { name: nick("anna") }),
        ("invite", Some(24), Command::Invite { room: None, once: false, lasts: None }),
        ("invite-room", Some(25), Command::Invite { room: Some(room("dev")), once: true, lasts: Some(HOUR) }),
        ("invites", Some(26), Command::Invites),
        ("hook-add", Some(38), Command::HookAdd { room: room("dev"), name: Some(nick("ci")) }),
        ("hook-add-bare", Some(39), Command::HookAdd { room: room("dev"), name: None }),
        ("hooks", Some(40), Command::Hooks),
        ("hook-remove", Some(41), Command::HookRemove { number: 3 }),
        ("memo", Some(34), Command::Memo(memo())),
        ("memos", Some(35), Command::Memos),
        ("device-add", Some(28), Command::AddDevice),
        ("devices", Some(29), Command::Devices),
        ("device-remove", Some(30), Command::RemoveDevice { number: 2 }),
        ("uninvite", Some(27), Command::Uninvite { number: 3 }),
        ("moderate", Some(30), Command::Moderate(ban())),
        (
            "moderate-host",
            Some(31),
            Command::Moderate(Order { deed: Deed::Op, room: None, time: None, why: text(""), ..ban() }),
        ),
        ("room-set", Some(32), Command::RoomSet { room: room("dev"), change: whole_change() }),
        (
            "room-open",
            Some(33),
            Command::RoomSet { room: room("dev"), change: Change { password: Some(None), ..Change::default() } },
        ),
        ("room-delete", Some(34), Command::RoomDelete { room: room("dev") }),
        ("room-invite", Some(35), Command::RoomInvite { room: room("dev"), name: nick("ben") }),
        ("audit", Some(36), Command::Audit { limit: Some(50) }),
        ("bans", Some(37), Command::Bans { room: Some(room("dev")) }),
        ("bans-host", None, Command::Bans { room: None }),
        ("bye", Some(20), Command::Bye),
    ]
}

fn ban() -> Order {
    let (deed, time) = (Deed::Ban, Some(Duration::from_secs(4200)));
    Order { deed, room: Some(room("dev")), name: nick("ben"), time, why: text("spam, again") }
}

fn whole_change() -> Change {
    let (private, readonly, slow) = (Some(true), Some(false), Some(Duration::from_secs(30)));
    Change { private, readonly, slow, password: Some(Password::parse("correct horse")) }
}

fn all_set() -> RoomSettings {
    RoomSettings { private: true, readonly: true, slow: Duration::from_secs(30), password: true }
}

fn barred() -> Vec<Barred> {
    let one = |penalty, name, guest, until, why| Barred { penalty, name: nick(name), guest, until, why: text(why) };
    vec![
        one(Penalty::Ban, "ben", false, Some(Timestamp(AT.0 + 4_200_000)), "spam, again"),
        one(Penalty::Mute, "cy", true, None, ""),
    ]
}

fn record() -> Vec<Record> {
    let line = |by, deed: &str, whom, until, why| Record {
        at: AT,
        by,
        deed: deed.to_owned(),
        room: Some(room("dev")),
        whom,
        until,
        why: text(why),
    };
    let until = Some(Timestamp(AT.0 + 4_200_000));
    vec![
        line(Some(nick("ann")), "ban", Some(nick("ben")), until, "spam, again"),
        Record { room: None, ..line(None, "owner", Some(nick("ann")), None, "") },
    ]
}

fn everything() -> Query {
    Query {
        from: Some(nick("ben")),
        after: Some(AT),
        before: Some(Timestamp(AT.0 + 1)),
        link: true,
        mentions: true,
        ..Query::new("")
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const LINK: &str = "https://192.168.1.5:8080/#dev?k=kR3vZp0aQ2mXw8dE1nLs9g&f=0qk8Yw2fVb5uTz7cXe3hJA";

fn memo() -> Memo {
    Memo { name: MemoName::parse("draft:#dev").expect("a name"), text: text("half a sentence") }
}

fn invitation() -> Invitation {
    Invitation {
        number: 3,
        room: Some(room("dev")),
        by: nick("ann"),
        made: AT,
        until: Some(Timestamp(AT.0 + 3_600_000)),
        once: true,
        used: 0,
        revoked: false,
    }
}

fn device(number: u32, screens: u32, own: bool) -> Device {
    Device { number, key: PublicKey([number as u8; 32]), screens, own }
}

fn over() -> Invitation {
    Invitation { number: 2, until: None, once: false, used: 4, revoked: true, ..invitation() }
}

/// Something in a room and something between two.
fn found() -> Vec<(Target, Hit)> {
    let entries = page().entries;
    let hit = |conversation, at: usize| Hit { conversation, shown: entries[at].clone() };
    vec![(lobby(), hit(Conversation::Room(room("lobby")), 1)), (at_ben(), hit(pair(), 3))]
}

fn entry(seq: u64, from: Author, what: What) -> Event {
    let mentions = Vec::new();
    let (conversation, to) = (Conversation::Room(room("lobby")), lobby());
    Event::Entry(Arc::new(Entry { conversation, to, seq: Seq(seq), at: AT, from, what, nonce: Some(NONCE), mentions }))
}

fn said(words: &str, me: bool, reply_to: Option<Seq>) -> What {
    What::Said { text: text(words), me, reply_to }
}

fn direct() -> Event {
    Event::Entry(Arc::new(Entry {
        conversation: pair(),
        to: at_ben(),
        seq: Seq(3),
        at: AT,
        from: ann(),
        what: said("psst", false, None),
        nonce: Some(NONCE),
        mentions: vec![BEN],
    }))
}

fn bare() -> Event {
    Event::Entry(Arc::new(Entry {
        conversation: Conversation::Room(room("lobby")),
        to: lobby(),
        seq: Seq(43),
        at: AT,
        from: cy(),
        what: said("Hello from browser!", false, None),
        nonce: None,
        mentions: Vec::new(),
    }))
}

fn place() -> Place {
    Place {
        to: lobby(),
        peer: None,
        epoch: EPOCH,
        standing: Standing {
            conversation: Conversation::Room(room("lobby")),
            oldest: Seq(1),
            head: Seq(42),
            read: Seq(40),
            unread: 2,
            mentions: 1,
            topic: text("welcome, all"),
        },
        reset: false,
        settings: RoomSettings::default(),
        role: Role::Member,
    }
}

fn direct_place() -> Place {
    Place {
        to: at_ben(),
        peer: Some(Peer { person: BEN, online: true, away: false, seen: None }),
        standing: Standing {
            conversation: pair(),
            head: Seq(3),
            read: Seq(3),
            unread: 0,
            mentions: 0,
            topic: text(""),
            ..place().standing
        },
        ..place()
    }
}

fn page() -> Page {
    let shown = |seq: u64, from, rev: u64, what| Shown {
        seq: Seq(seq),
        at: AT,
        from,
        nonce: None,
        rev: Seq(rev),
        mentions: Vec::new(),
        what,
    };
    let words = |words: Option<&str>, edited, reactions| ShownWhat::Said {
        text: words.map(text),
        me: false,
        reply_to: None,
        edited,
        reactions,
    };
    let thumbs = Reaction { emoji: emoji("👍"), count: 2, by: vec![ann(), ben()] };
    let plain = Shown {
        nonce: Some(NONCE),
        mentions: vec![BEN],
        ..shown(36, ann(), 36, words(Some("ben: hello"), false, Vec::new()))
    };
    let reply = ShownWhat::Said {
        text: Some(text("nods")),
        me: true,
        reply_to: Some(Seq(36)),
        edited: false,
        reactions: vec![],
    };
    Page {
        conversation: Conversation::Room(room("lobby")),
        from: Seq(35),
        before: Seq(43),
        oldest: Seq(1),
        entries: vec![
            shown(35, ann(), 35, ShownWhat::Topic { text: text("welcome, all") }),
            plain,
            shown(37, ben(), 37, reply),
            shown(38, ben(), 41, words(Some("see you at nine"), true, vec![thumbs])),
            shown(39, cy(), 42, words(None, false, Vec::new())),
        ],
        changed: vec![shown(20, ben(), 40, words(Some("long ago, and changed"), true, Vec::new()))],
    }
}

fn direct_page() -> Page {
    Page {
        conversation: pair(),
        from: Seq(1),
        before: Seq(1),
        oldest: Seq(1),
        entries: Vec::new(),
        changed: Vec::new(),
    }
}

/// Every event that a host tells in `wschat.v1`, with every kind of entry.
pub fn events() -> Vec<(&'static str, Option<u64>, Event)> {
    let bounds = Bounds { frame_bytes: 65536, text_bytes: 8192, page_entries: 100, unanswered: 32 };
    let hello = Hello { server: text("wschat"), epoch: EPOCH, challenge: [0xc4; 32], limits: bounds, features: vec![] };
    let welcome = Welcome { you: ann(), ephemeral: false, places: vec![place(), direct_place()], role: Role::Member };
    let taken = Refusal {
        try_names: vec![nick("ann-2"), nick("ann-3")],
        ..Refusal::new(Code::NameTaken, "ann belongs to another key; ann-2 is free")
    };
    let busy = Refusal {
        retry_after: Some(Duration::from_millis(250)),
        ..Refusal::new(Code::Busy, "the host has too much to do; try again").about(Some(NONCE))
    };
    let dev_info = RoomInfo {
        room: room("dev"),
        topic: text("ship it"),
        members: 3,
        member: false,
        settings: RoomSettings::default(),
    };
    let lobby_info =
        RoomInfo { room: room("lobby"), topic: text(""), members: 1, member: true, settings: RoomSettings::default() };
    let member = |who: Author, online| {
        let role = if who.guest { Role::Guest } else { Role::Member };
        Member { who, online, away: false, seen: None, role, keys: Vec::new() }
    };
    let people = vec![member(ann(), true), member(cy(), true)];
    let robot = member(ci(), true);
    let away = vec![member(ben(), false)];
    let now = vec![Member { away: true, ..member(cy(), true) }, Member { seen: Some(AT), ..member(ben(), false) }];
    let dozing = Peer { person: BEN, online: true, away: true, seen: None };
    let gone = Peer { person: BEN, online: false, away: false, seen: Some(AT) };
    let with = |peer| Place { peer: Some(peer), ..direct_place() };
    let joined = Place { to: Target::Room(room("dev")), ..place() };
    let joined = Place {
        standing: Standing { conversation: Conversation::Room(room("dev")), ..joined.standing.clone() },
        ..joined
    };
    let joined_too = joined.clone();
    let (open, closed) = (dev_info.clone(), RoomInfo { settings: all_set(), ..dev_info.clone() });
    let ranked = vec![
        Member { role: Role::Owner, keys: vec![Fingerprint([9; 16])], ..member(ann(), true) },
        Member { role: Role::Operator, ..member(ben(), true) },
    ];
    let owned = Welcome { role: Role::Owner, ..welcome.clone() };
    let moderated =
        |deed, by, time, why| Event::Moderated { deed, room: Some(room("dev")), who: ben(), by, time, why: text(why) };
    let slow = Refusal {
        retry_after: Some(Duration::from_millis(1500)),
        ..Refusal::new(Code::RateLimited, "that was too much at once; it goes on in 2s").about(Some(NONCE))
    };
    vec![
        ("hello", None, Event::Hello(hello)),
        ("welcome", Some(1), Event::Welcome(welcome)),
        ("refused", Some(1), Event::Refused(taken)),
        ("refused-busy", Some(4), Event::Refused(busy)),
        ("joined", Some(2), Event::Joined { place: joined }),
        ("left", Some(3), Event::Left { room: room("dev") }),
        ("entry-said", None, entry(42, ann(), said("hello\n\tall — “hi” 👋", false, None))),
        ("entry-said-me-reply", None, entry(44, ann(), said("waves", true, Some(Seq(41))))),
        ("entry-said-direct", None, direct()),
        ("entry-said-guest", None, bare()),
        ("entry-said-bot", None, entry(43, ci(), said("build 7 is green\nall of it", false, None))),
        ("entry-edited", None, entry(45, ann(), What::Edited { of: Seq(42), text: text("hello, all") })),
        ("entry-deleted", None, entry(46, ann(), What::Deleted { of: Seq(42) })),
        ("entry-reacted", None, entry(47, ben(), What::Reacted { of: Seq(42), emoji: emoji("👍") })),
        ("entry-unreacted", None, entry(48, ben(), What::Unreacted { of: Seq(42), emoji: emoji("👍") })),
        ("entry-topic", None, entry(49, ann(), What::Topic { text: text("ship it") })),
        ("resumed", Some(12), Event::Resumed { places: vec![Place { reset: true, ..place() }, direct_place()] }),
        ("page", Some(13), Event::Page { to: lobby(), page: page() }),
        ("page-direct", Some(14), Event::Page { to: at_ben(), page: direct_page() }),
        ("read", None, Event::Read { to: lobby(), seq: Seq(42), unread: 0, mentions: 0 }),
        ("rooms", Some(16), Event::Rooms { rooms: vec![dev_info, lobby_info], more: false }),
        ("members", Some(17), Event::Members { room: Some(room("dev")), people, more: false }),
        ("members-everybody", Some(18), Event::Members { room: None, people: away, more: true }),
        (
            "hook",
            Some(38),
            Event::Hook { hook: hook(), link: "https://chat.example/hook/kR3vZp0aQ2mXw8dE1nLs9g".into() },
        ),
        ("hooks", Some(40), Event::Hooks(vec![hook()])),
        ("members-bot", Some(17), Event::Members { room: Some(room("dev")), people: vec![robot], more: false }),
        ("members-away", Some(17), Event::Members { room: Some(room("dev")), people: now, more: false }),
        ("resumed-away", Some(12), Event::Resumed { places: vec![with(dozing), with(gone)] }),
        ("moved-in", None, Event::Moved { room: room("dev"), who: ben(), joined: true, keys: Vec::new() }),
        ("moved-out", None, Event::Moved { room: room("dev"), who: ben(), joined: false, keys: Vec::new() }),
        ("crowd", None, Event::Crowd { room: room("dev"), members: 412, online: 230, singly: false }),
        ("crowd-no-more", None, Event::Crowd { room: room("dev"), members: 100, online: 80, singly: true }),
        ("presence", None, Event::Presence { who: ben(), online: false, away: false }),
        ("presence-away", None, Event::Presence { who: ben(), online: true, away: true }),
        ("typing", None, Event::Typing { to: lobby(), who: ben() }),
        ("found", Some(21), Event::Found { hits: found(), more: true }),
        (
            "invitation",
            Some(24),
            Event::Invitation { invitation: invitation(), link: LINK.into(), code: ShortCode::parse("K7QP-3M9X") },
        ),
        ("memos", Some(35), Event::Memos(vec![memo()])),
        (
            "device-link",
            Some(28),
            Event::DeviceLink {
                link: LINK.into(),
                code: ShortCode::parse("K7QP-3M9X"),
                until: Timestamp(AT.0 + 600_000),
            },
        ),
        ("devices", Some(29), Event::Devices(vec![device(1, 2, true), device(2, 0, false)])),
        ("invitations", Some(26), Event::Invitations(vec![Invitation { room: None, ..invitation() }, over()])),
        ("renamed", None, Event::Renamed { who: Author { name: nick("anna"), ..ann() }, was: nick("ann") }),
        (
            "joined-set",
            Some(2),
            Event::Joined { place: Place { settings: all_set(), role: Role::Operator, ..joined_too } },
        ),
        ("rooms-set", Some(16), Event::Rooms { rooms: vec![open, closed], more: false }),
        ("members-roles", Some(17), Event::Members { room: Some(room("dev")), people: ranked, more: false }),
        ("welcome-owner", Some(1), Event::Welcome(owned)),
        ("moderated", None, moderated(Deed::Ban, Some(ann()), Some(Duration::from_secs(4200)), "spam, again")),
        ("moderated-over", None, moderated(Deed::Unmute, None, None, "")),
        ("room-set", None, Event::RoomSet { room: room("dev"), settings: all_set(), by: Some(ann()) }),
        ("room-deleted", None, Event::RoomDeleted { room: room("dev"), by: Some(ann()) }),
        ("invited", None, Event::Invited { room: room("dev"), by: ann() }),
        ("audit", Some(36), Event::Audit { lines: record() }),
        ("bans", Some(37), Event::Bans { room: Some(room("dev")), bans: barred(), more: false }),
        (
            "moderated-owner",
            None,
            Event::Moderated { deed: Deed::Owner, room: None, who: ann(), by: None, time: None, why: text("") },
        ),
        ("refused-slow", Some(4), Event::Refused(slow)),
        ("done", Some(20), Event::Done),
    ]
}

/// What plain text tells besides.
pub fn plain_only() -> Vec<(&'static str, Option<u64>, Event)> {
    let dev = |from: Author, what| {
        Event::Entry(Arc::new(Entry {
            conversation: Conversation::Room(room("dev")),
            to: Target::Room(room("dev")),
            seq: Seq(1),
            at: AT,
            from,
            what,
            nonce: None,
            mentions: Vec::new(),
        }))
    };
    vec![
        ("received", None, Event::Received { line: Arc::from("ann: ann: hi ") }),
        ("forged", None, dev(ann(), said("hi\nben: I agree\n* ben left\nReceived ann: x\n! no", false, None))),
        ("forged-me", None, dev(ann(), said("waves\n* ben left", true, None))),
        ("edited-lines", None, dev(ann(), What::Edited { of: Seq(1), text: text("one\ntwo") })),
        ("topic-cleared", None, dev(ann(), What::Topic { text: text("") })),
        (
            "moved-home",
            None,
            Event::Moved { room: room("lobby"), who: ben(), joined: true, keys: vec![Fingerprint([9; 16])] },
        ),
        ("empty-page", None, Event::Page { to: at_ben(), page: direct_page() }),
        ("no-rooms", None, Event::Rooms { rooms: vec![], more: false }),
    ]
}
