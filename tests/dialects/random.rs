//! What chance thinks of: no string, JSON or not, makes a reader fall; what is cleaned is clean; what is written is read
//! back as it was.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wschat::protocol::command::{Command, Cursor, PageEnd, Tag};
use wschat::protocol::dialect::{Codec, Decoded, Dialect, plain, v1};
use wschat::protocol::entry::{
    Author, Conversation, Emoji, Entry, Epoch, Nonce, Page, Pair, PersonId, Reaction, Seq, Shown, ShownWhat, Standing,
    Timestamp, What,
};
use wschat::protocol::event::{Bounds, Code, Event, Hello, Member, Peer, Place, Refusal, RoomInfo, Welcome};
use wschat::protocol::fingerprint::Fingerprint;
use wschat::protocol::memo::{Memo, MemoName};
use wschat::protocol::mention;
use wschat::protocol::names::{Nick, RoomName, Target, fold, skeleton};
use wschat::protocol::person::{Proof, PublicKey};
use wschat::protocol::rights::{Barred, Change, Deed, LONGEST, Order, Penalty, Record, Role, RoomSettings, SLOWEST};
use wschat::protocol::search::Query;
use wschat::protocol::secret::{Password, Token};
use wschat::protocol::slash::{self, At};
use wschat::protocol::text::Text;

use crate::cases;
use crate::golden::LIMITS;

/// Characters that programs stumble over.
const ODD: &str = "\0\u{7}\u{1b}\u{7f}\u{85}\u{9b}\r\n\t \u{a0}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{202e}\u{2028}\u{2066}\
    \u{feff}\u{fe0f}\u{301}\u{488}\u{5b0}\u{3164}\u{115f}\u{1160}\u{e0061}\u{e007f}\u{1f3f4}\u{1f469}\u{1f3ff}\u{1f1e9}\
    \u{ac00}\u{1100}\u{1161}\u{d4db}\u{fffe}\u{10ffff}ßİıſﬁＡ:/#@\"\\{}[],";

fn odd() -> impl Strategy<Value = String> {
    let odd: Vec<char> = ODD.chars().collect();
    let some =
        prop_oneof![3 => proptest::sample::select(odd), 2 => proptest::char::range('a', 'z'), 1 => any::<char>()];
    vec(some, 0..60).prop_map(|chars| chars.into_iter().collect())
}

/// A raw client's frame: a prefix or none, a command or none, and whatever.
fn typed() -> impl Strategy<Value = String> {
    let before = prop_oneof![Just(""), Just("ann: "), Just("ann lee: "), Just(": "), Just("!: ")];
    let word = slash::COMMANDS.iter().map(|spec| format!("/{} ", spec.name)).chain([String::new(), "//".into()]);
    let word: Vec<String> = word.collect();
    (before, proptest::sample::select(word), odd()).prop_map(|(before, word, rest)| format!("{before}{word}{rest}"))
}

/// JSON with our words in wrong places.
fn json() -> impl Strategy<Value = String> {
    let words: Vec<&str> = "type id to room name key sig client of text emoji on me reply_to cursors before limit seq nonce \
        enter say edit react topic resume page read who entry welcome places people peer from kind said mentions entries"
        .split_whitespace()
        .collect();
    let word = proptest::sample::select(words);
    let scalar = prop_oneof![
        word.clone().prop_map(|word| format!("\"{word}\"")),
        odd().prop_map(|text| serde_json::Value::String(text).to_string()),
        any::<f64>().prop_map(|n| serde_json::json!(n).to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        prop_oneof![Just("\"#lobby\""), Just("\"@ann\""), Just("null"), Just("true"), Just("1e999"), Just("-0")]
            .prop_map(str::to_owned),
        any::<u128>().prop_map(|bits| format!("\"{bits:032x}\"")),
    ];
    scalar.prop_recursive(4, 40, 8, move |inner| {
        let field = (word.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            vec(field, 0..8).prop_map(|fields| format!("{{{}}}", fields.join(","))),
            vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
        ]
    })
}

/// A golden frame with one field of it replaced.
fn bent() -> impl Strategy<Value = String> {
    let commands = cases::commands().into_iter().map(|(_, id, c)| v1::encode_command(&c, id));
    let events = cases::events().into_iter().map(|(_, id, e)| String::from_utf8(v1::encode(&e, id)).expect("UTF-8"));
    let frames: Vec<String> = commands.chain(events).collect();
    (proptest::sample::select(frames), any::<proptest::sample::Index>(), json()).prop_map(|(frame, which, value)| {
        let mut tree: serde_json::Value = serde_json::from_str(&frame).expect("golden frames are JSON");
        let map = tree.as_object_mut().expect("and objects");
        let name = map.keys().nth(which.index(map.len())).expect("with fields").clone();
        map.insert(name, serde_json::from_str(&value).unwrap_or(serde_json::Value::Null));
        tree.to_string()
    })
}

fn is_harmful(c: char) -> bool {
    let control = c.is_control() && c != '\n' && c != '\t';
    control
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_clean_text_is_clean_and_stays(raw in odd()) {
        let once = Text::clean(&raw);
        prop_assert!(!once.as_str().contains(is_harmful), "{once:?}");
        prop_assert_eq!(&Text::clean(once.as_str()), &once);
        if let Ok(kept) = Text::parse(&raw, 40) {
            prop_assert!(kept.as_str().len() <= 40 && !kept.is_blank());
            prop_assert_eq!(Text::parse(kept.as_str(), 40), Ok(kept));
        }
    }

    #[test]
    fn a_name_is_a_name_however_it_is_read(raw in odd()) {
        let nearest = Nick::nearest(&raw);
        for nick in Nick::parse(&raw).into_iter().chain(nearest) {
            prop_assert_eq!(Nick::parse(nick.as_str()).map(|n| n.as_str().to_owned()), Ok(nick.as_str().to_owned()));
            prop_assert_eq!(fold(nick.folded()), nick.folded());
            prop_assert!(!nick.as_str().contains(is_harmful));
            prop_assert!(!nick.as_str().contains([' ', ':', '#', '@', '/', '\n']));
            prop_assert_eq!(nick.numbered(4_000_000_000), nick.numbered(4_000_000_000));
            let target = Target::Direct(nick);
            prop_assert_eq!(Target::parse(&target.to_string()), Ok(target));
        }
        let _ = (RoomName::parse(&raw), Target::parse(&raw), Emoji::parse(&raw));
    }

    #[test]
    fn a_fold_is_folded(raw in prop_oneof![any::<String>(), odd()]) {
        let folded = fold(&raw);
        prop_assert_eq!(&fold(&folded), &folded);
    }

    #[test]
    fn a_skeleton_has_no_flesh(raw in nick()) {
        let bare = raw.skeleton();
        prop_assert_eq!(skeleton(&bare), bare);
    }

    #[test]
    fn whoever_is_mentioned_stands_there(raw in odd()) {
        for (range, folded) in mention::candidates(&raw) {
            let nick = Nick::parse(&raw[range]).expect("a name stands there");
            prop_assert_eq!(nick.folded(), &*folded);
        }
    }

    #[test]
    fn what_is_typed_is_read(raw in typed()) {
        for at in [At::Screen, At::Plain] {
            if let Err(why) = slash::read(&raw, at) {
                prop_assert!(!why.to_string().contains(is_harmful), "{why}");
            }
        }
    }

    #[test]
    fn raw_frames_are_read(frames in vec(prop_oneof![typed(), odd()], 1..6)) {
        let mut decoder = plain::Decoder::new(LIMITS);
        for frame in frames {
            let decoded = decoder.decode(&frame);
            prop_assert!((1..=2).contains(&decoded.len()));
            for one in decoded {
                match one {
                    Decoded::Command(Tag::Line(line), _) => prop_assert_eq!(&*line, frame.as_str()),
                    Decoded::Command(tag, command) => {
                        let introduces = matches!((tag, command), (Tag::None, Command::Introduce { .. }));
                        prop_assert!(introduces);
                    }
                    Decoded::Refused(_, why) => prop_assert!(!why.text.contains(is_harmful), "{why:?}"),
                    Decoded::Answer(_) => {}
                    Decoded::Garbage(_) => prop_assert!(false, "plain text has no garbage"),
                }
            }
        }
    }

    #[test]
    fn any_frame_gets_one_answer(frame in prop_oneof![json(), bent(), odd()]) {
        let decoded = Dialect::V1.codec(LIMITS).decode(&frame);
        prop_assert_eq!(decoded.len(), 1);
        if let [Decoded::Refused(_, why) | Decoded::Garbage(why)] = &*decoded {
            prop_assert!(!why.text.contains(is_harmful) && why.text.len() < 400, "{why:?}");
        }
    }

    #[test]
    fn a_client_survives_any_host(frame in prop_oneof![json(), bent(), odd()]) {
        match v1::decode_event(&frame) {
            Err(why) => prop_assert!(!why.to_string().contains(is_harmful), "{why}"),
            Ok(Some(heard)) => {
                let again = String::from_utf8(v1::encode(&heard.event, heard.id)).expect("JSON is UTF-8");
                prop_assert_eq!(v1::decode_event(&again), Ok(Some(heard)));
            }
            Ok(None) => {}
        }
    }

    #[test]
    fn commands_go_both_ways(id in option::of(any::<u64>()), command in command()) {
        let frame = v1::encode_command(&command, id);
        let tag = id.map_or(Tag::None, Tag::Id);
        prop_assert_eq!(Dialect::V1.codec(LIMITS).decode(&frame), [Decoded::Command(tag, command)]);
    }

    #[test]
    fn events_go_both_ways(id in option::of(any::<u64>()), event in event()) {
        let frame = String::from_utf8(v1::encode(&event, id)).expect("JSON is UTF-8");
        prop_assert_eq!(v1::decode_event(&frame), Ok(Some(v1::Incoming { id, event })));
    }

    /// Each line of what raw clients read begins with what tells whose it is.
    #[test]
    fn no_line_is_forged(event in event()) {
        let told = plain::encode(&event, &cases::room("lobby")).unwrap_or_default();
        let author = match &event {
            Event::Entry(entry) => Some(entry.from.marked()),
            _ => None,
        };
        for line in told.lines() {
            let bare = match line.strip_prefix('[') {
                Some(tagged) => tagged.split_once("] ").map_or("", |(_, bare)| bare),
                None => line,
            };
            let own = author.as_ref().is_some_and(|name| {
                bare.starts_with(&format!("{name}: ")) || bare.starts_with(&format!("* {name} "))
            });
            prop_assert!(own || (author.is_none() && line.starts_with(['*', '!', '['])), "{line}");
        }
    }
}

fn person() -> impl Strategy<Value = PersonId> {
    any::<[u8; 16]>().prop_map(PersonId)
}
fn seq() -> impl Strategy<Value = Seq> {
    any::<u64>().prop_map(Seq)
}
fn epoch() -> impl Strategy<Value = Epoch> {
    any::<[u8; 16]>().prop_map(Epoch)
}
fn nonce() -> impl Strategy<Value = Option<Nonce>> {
    option::of(any::<[u8; 16]>().prop_map(Nonce))
}
fn nick() -> impl Strategy<Value = Nick> {
    "[a-zA-Z_é漢0-9][a-zA-Z0-9._é漢-]{0,10}".prop_map(|name| Nick::parse(&name).expect("the pattern makes names"))
}
fn room() -> impl Strategy<Value = RoomName> {
    nick().prop_map(|name| RoomName::parse(name.as_str()).expect("a name is a room's too"))
}
fn target() -> impl Strategy<Value = Target> {
    prop_oneof![room().prop_map(Target::Room), nick().prop_map(Target::Direct)]
}
fn any_text() -> impl Strategy<Value = Text> {
    odd().prop_map(|raw| Text::clean(&raw))
}
fn text() -> impl Strategy<Value = Text> {
    any_text().prop_filter("a message is not blank", |text| !text.is_blank())
}
fn emoji() -> impl Strategy<Value = Emoji> {
    proptest::sample::select(vec!["👍", "+1", "♻️", "👨‍👩‍👧"]).prop_map(|e| Emoji::parse(e).expect("an emoji"))
}
fn author() -> impl Strategy<Value = Author> {
    (person(), nick(), any::<bool>(), any::<bool>()).prop_map(|(person, name, guest, bot)| Author {
        person,
        name,
        guest,
        bot,
    })
}

fn token() -> impl Strategy<Value = Token> {
    "[!-~]{1,64}".prop_map(|token| Token::parse(&token).expect("it can be seen"))
}

fn password() -> impl Strategy<Value = Password> {
    "[ -~äß漢]{1,40}".prop_map(|password| Password::parse(&password).expect("no control, and short"))
}

fn deed() -> impl Strategy<Value = Deed> {
    proptest::sample::select(Deed::ALL)
}

/// On one line, as a reason is.
fn why() -> impl Strategy<Value = Text> {
    "[a-z,: äß漢]{0,60}".prop_map(|why| Text::clean(why.trim()))
}

fn order() -> impl Strategy<Value = Order> {
    let time = option::of((1..=LONGEST.as_secs()).prop_map(Duration::from_secs));
    (deed(), option::of(room()), nick(), time, why()).prop_map(|(deed, room, name, time, why)| Order {
        deed,
        room,
        name,
        time,
        why,
    })
}

fn slow() -> impl Strategy<Value = Duration> {
    (0..=SLOWEST.as_secs()).prop_map(Duration::from_secs)
}

fn change() -> impl Strategy<Value = Change> {
    (any::<bool>(), option::of(any::<bool>()), option::of(slow()), option::of(option::of(password())))
        .prop_map(|(private, readonly, slow, password)| Change { private: Some(private), readonly, slow, password })
}

fn settings() -> impl Strategy<Value = RoomSettings> {
    (any::<[bool; 3]>(), slow()).prop_map(|([private, readonly, password], slow)| RoomSettings {
        private,
        readonly,
        slow,
        password,
    })
}

/// A role that is told, or that of everybody.
fn role(guest: bool) -> impl Strategy<Value = Role> {
    let common = if guest { Role::Guest } else { Role::Member };
    proptest::sample::select(vec![common, Role::Operator, Role::Owner])
}

fn barred() -> impl Strategy<Value = Barred> {
    let penalty = proptest::sample::select(Penalty::ALL);
    (penalty, nick(), any::<bool>(), option::of(any::<i64>()), why()).prop_map(|(penalty, name, guest, until, why)| {
        Barred { penalty, name, guest, until: until.map(Timestamp), why }
    })
}

fn record() -> impl Strategy<Value = Record> {
    let names = (option::of(nick()), option::of(nick()));
    (any::<i64>(), names, deed(), option::of(room()), option::of(any::<i64>()), why()).prop_map(
        |(at, (by, whom), deed, room, until, why)| Record {
            at: Timestamp(at),
            by,
            deed: deed.as_str().to_owned(),
            room,
            whom,
            until: until.map(Timestamp),
            why,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let proof = (any::<[u8; 32]>(), vec(any::<u8>(), 64)).prop_map(|(key, signature)| Proof {
        key: PublicKey(key),
        signature: signature.try_into().expect("64 bytes were asked for"),
    });
    let client = option::of("[a-z0-9.]{1,20}").prop_map(|client| client.map(|client| Text::clean(&client)));
    let cursor = (target(), epoch(), seq()).prop_map(|(to, epoch, after)| Cursor { to, epoch, after });
    prop_oneof![
        (option::of(nick()), option::of(proof), client, option::of(token()), any::<Option<bool>>())
            .prop_map(|(name, proof, client, invite, bot)| Command::Enter { name, proof, client, invite, bot }),
        (room(), option::of(password())).prop_map(|(room, password)| Command::Join { room, password }),
        order().prop_map(Command::Moderate),
        (room(), change()).prop_map(|(room, change)| Command::RoomSet { room, change }),
        room().prop_map(|room| Command::RoomDelete { room }),
        (room(), nick()).prop_map(|(room, name)| Command::RoomInvite { room, name }),
        option::of(any::<u32>()).prop_map(|limit| Command::Audit { limit }),
        option::of(room()).prop_map(|room| Command::Bans { room }),
        room().prop_map(|room| Command::Leave { room }),
        (target(), text(), any::<bool>(), option::of(seq()), nonce())
            .prop_map(|(to, text, me, reply_to, nonce)| Command::Say { to, text, me, reply_to, nonce }),
        (target(), seq(), text(), nonce()).prop_map(|(to, of, text, nonce)| Command::Edit { to, of, text, nonce }),
        (target(), seq(), nonce()).prop_map(|(to, of, nonce)| Command::Delete { to, of, nonce }),
        (target(), seq(), emoji(), any::<bool>(), nonce()).prop_map(|(to, of, emoji, on, nonce)| Command::React {
            to,
            of,
            emoji,
            on,
            nonce
        }),
        (room(), text(), nonce()).prop_map(|(room, text, nonce)| Command::Topic { room, text, nonce }),
        vec(cursor, 0..5).prop_map(|cursors| Command::Resume { cursors }),
        (target(), page_end(), option::of(1..=LIMITS.page_entries)).prop_map(|(to, end, limit)| Command::Page {
            to,
            end,
            limit
        }),
        (option::of(target()), query(), option::of(1..=LIMITS.page_entries))
            .prop_map(|(to, query, limit)| Command::Search { to, query, limit }),
        any::<bool>().prop_map(|away| Command::Away { away }),
        target().prop_map(|to| Command::Typing { to }),
        (target(), seq()).prop_map(|(to, seq)| Command::Read { to, seq }),
        Just(Command::Rooms),
        option::of(room()).prop_map(|room| Command::Who { room }),
        nick().prop_map(|name| Command::Rename { name }),
        (option::of(room()), any::<bool>(), option::of(0..10_000_000_u64)).prop_map(|(room, once, lasts)| {
            Command::Invite { room, once, lasts: lasts.map(std::time::Duration::from_millis) }
        }),
        Just(Command::Invites),
        ("[a-z:#é]{1,20}", text())
            .prop_map(|(name, text)| { Command::Memo(Memo { name: MemoName::parse(&name).expect("one line"), text }) }),
        Just(Command::Memos),
        Just(Command::AddDevice),
        Just(Command::Devices),
        any::<u32>().prop_map(|number| Command::RemoveDevice { number }),
        any::<u32>().prop_map(|number| Command::Uninvite { number }),
        Just(Command::Bye),
    ]
}

fn page_end() -> impl Strategy<Value = PageEnd> {
    prop_oneof![
        Just(PageEnd::Newest),
        seq().prop_map(PageEnd::Before),
        any::<i64>().prop_map(|at| PageEnd::Around(Timestamp(at)))
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let time = || option::of(any::<i64>().prop_map(Timestamp));
    ("[a-z\"é東+ ]{0,20}x", option::of(nick()), time(), time(), any::<bool>(), any::<bool>()).prop_map(
        |(words, from, before, after, link, mentions)| Query {
            from,
            before,
            after,
            link,
            mentions,
            ..Query::new(&words)
        },
    )
}

/// A conversation and how it is addressed.
fn place_of() -> impl Strategy<Value = (Conversation, Target)> {
    prop_oneof![
        room().prop_map(|room| (Conversation::Room(room.clone()), Target::Room(room))),
        (person(), person(), nick())
            .prop_map(|(a, b, name)| (Conversation::Direct(Pair::new(a, b)), Target::Direct(name))),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    let peer = option::of((person(), any::<bool>()).prop_map(|(person, online)| Peer {
        person,
        online,
        away: !online,
        seen: (!online).then_some(Timestamp(5)),
    }));
    let counts = (any::<u32>(), any::<u32>());
    let set = (settings(), role(false));
    (place_of(), peer, epoch(), [seq(), seq(), seq()], counts, any_text(), any::<bool>(), set).prop_map(
        |(
            (conversation, to),
            peer,
            epoch,
            [oldest, head, read],
            (unread, mentions),
            topic,
            reset,
            (settings, role),
        )| Place {
            to,
            peer,
            epoch,
            standing: Standing { conversation, oldest, head, read, unread, mentions, topic },
            reset,
            settings,
            role,
        },
    )
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        (text(), any::<bool>(), option::of(seq())).prop_map(|(text, me, reply_to)| What::Said { text, me, reply_to }),
        (seq(), text()).prop_map(|(of, text)| What::Edited { of, text }),
        seq().prop_map(|of| What::Deleted { of }),
        (seq(), emoji()).prop_map(|(of, emoji)| What::Reacted { of, emoji }),
        (seq(), emoji()).prop_map(|(of, emoji)| What::Unreacted { of, emoji }),
        any_text().prop_map(|text| What::Topic { text }),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    (place_of(), seq(), any::<i64>(), author(), what(), nonce(), vec(person(), 0..3)).prop_map(
        |((conversation, to), seq, at, from, what, nonce, mentions)| {
            // A direct entry is of one of the two.
            let conversation = match conversation {
                Conversation::Direct(pair) => Conversation::Direct(Pair::new(from.person, pair.both()[0])),
                room => room,
            };
            Entry { conversation, to, seq, at: Timestamp(at), from, what, nonce, mentions }
        },
    )
}

fn shown() -> impl Strategy<Value = Shown> {
    let reaction =
        (emoji(), any::<u32>(), vec(author(), 0..3)).prop_map(|(emoji, count, by)| Reaction { emoji, count, by });
    let said = (option::of(text()), any::<bool>(), option::of(seq()), any::<bool>(), vec(reaction, 0..3))
        .prop_map(|(text, me, reply_to, edited, reactions)| ShownWhat::Said { text, me, reply_to, edited, reactions });
    let what = prop_oneof![said, any_text().prop_map(|text| ShownWhat::Topic { text })];
    (seq(), any::<i64>(), author(), nonce(), seq(), vec(person(), 0..3), what).prop_map(
        |(seq, at, from, nonce, rev, mentions, what)| Shown {
            seq,
            at: Timestamp(at),
            from,
            nonce,
            rev,
            mentions,
            what,
        },
    )
}

fn hello() -> impl Strategy<Value = Event> {
    let limits = (any::<u32>(), any::<u32>()).prop_map(|(frame, text)| Bounds {
        frame_bytes: frame as usize,
        text_bytes: text as usize,
        page_entries: 100,
        unanswered: 0,
    });
    (any_text(), epoch(), any::<[u8; 32]>(), limits).prop_map(|(server, epoch, challenge, limits)| {
        Event::Hello(Hello { server, epoch, challenge, limits, features: Vec::new() })
    })
}

fn refused() -> impl Strategy<Value = Event> {
    let wait = option::of(any::<u32>().prop_map(|ms| Duration::from_millis(ms.into())));
    (proptest::sample::select(Code::ALL), any_text(), nonce(), vec(nick(), 0..3), wait).prop_map(
        |(code, text, nonce, try_names, retry_after)| {
            Event::Refused(Refusal { code, text: text.as_str().to_owned(), nonce, try_names, retry_after })
        },
    )
}

fn moderated() -> impl Strategy<Value = Event> {
    (order(), author(), option::of(author())).prop_map(|(order, who, by)| {
        let Order { deed, room, time, why, .. } = order;
        Event::Moderated { deed, room, who, by, time, why }
    })
}

fn event() -> impl Strategy<Value = Event> {
    let info = (room(), any_text(), any::<u32>(), any::<bool>(), settings())
        .prop_map(|(room, topic, members, member, settings)| RoomInfo { room, topic, members, member, settings });
    let ranked = || author().prop_flat_map(|who| role(who.guest).prop_map(move |role| (who.clone(), role)));
    let member = (ranked(), any::<bool>()).prop_map(|((who, role), online)| Member {
        who,
        online,
        away: !online,
        seen: online.then_some(Timestamp(7)),
        role,
        keys: if online { vec![Fingerprint([7; 16])] } else { Vec::new() },
    });
    let page = (place_of(), seq(), seq(), seq(), vec(shown(), 0..4)).prop_map(
        |((conversation, to), from, before, oldest, entries)| Event::Page {
            to,
            page: Page {
                conversation,
                from,
                before,
                oldest,
                changed: entries.iter().take(2).cloned().collect(),
                entries,
            },
        },
    );
    prop_oneof![
        hello(),
        (ranked(), any::<bool>(), vec(place(), 0..3))
            .prop_map(|((you, role), ephemeral, places)| { Event::Welcome(Welcome { you, ephemeral, places, role }) }),
        moderated(),
        (room(), settings(), option::of(author())).prop_map(|(room, settings, by)| Event::RoomSet {
            room,
            settings,
            by
        }),
        (room(), option::of(author())).prop_map(|(room, by)| Event::RoomDeleted { room, by }),
        (room(), author()).prop_map(|(room, by)| Event::Invited { room, by }),
        vec(record(), 0..3).prop_map(|lines| Event::Audit { lines }),
        (option::of(room()), vec(barred(), 0..3), any::<bool>()).prop_map(|(room, bans, more)| Event::Bans {
            room,
            bans,
            more
        }),
        refused(),
        place().prop_map(|place| Event::Joined { place }),
        room().prop_map(|room| Event::Left { room }),
        entry().prop_map(|entry| Event::Entry(Arc::new(entry))),
        (place_of(), seq()).prop_map(|((conversation, to), seq)| Event::Skipped { conversation, to, seq }),
        vec(place(), 0..3).prop_map(|places| Event::Resumed { places }),
        page,
        (target(), seq(), any::<u32>(), any::<u32>()).prop_map(|(to, seq, unread, mentions)| Event::Read {
            to,
            seq,
            unread,
            mentions
        }),
        (vec(info, 0..4), any::<bool>()).prop_map(|(rooms, more)| Event::Rooms { rooms, more }),
        (option::of(room()), vec(member, 0..4), any::<bool>()).prop_map(|(room, people, more)| Event::Members {
            room,
            people,
            more
        }),
        (room(), author(), any::<bool>()).prop_map(|(room, who, joined)| Event::Moved {
            room,
            who,
            joined,
            keys: if joined { vec![Fingerprint([7; 16])] } else { Vec::new() }
        }),
        (room(), any::<u32>(), any::<u32>(), any::<bool>()).prop_map(|(room, members, online, singly)| Event::Crowd {
            room,
            members,
            online,
            singly
        }),
        (author(), any::<bool>()).prop_map(|(who, online)| Event::Presence { who, online, away: !online }),
        (author(), nick()).prop_map(|(who, was)| Event::Renamed { who, was }),
        Just(Event::Done),
    ]
}
