//! A client's mind against a scripted host: what it says when, what it never says twice, and what it knows afterwards.

use crate::protocol::entry::{Shown, ShownWhat};
use std::sync::Arc;

use super::*;
use crate::protocol::command::PageEnd;
use crate::protocol::entry::{Page, Pair, Standing};
use crate::protocol::event::{Bounds, Hello, Peer, Welcome};
use crate::protocol::rights::{Role, RoomSettings};

struct Side {
    chat: Chat,
    up: Duration,
}

fn author(name: &str) -> Author {
    let mut person = [0; 16];
    for (byte, c) in person.iter_mut().zip(name.bytes()) {
        *byte = c;
    }
    Author { person: PersonId(person), name: Nick::parse(name).expect("a test's name"), guest: false, bot: false }
}

fn lobby() -> Target {
    Target::parse("#lobby").expect("a target")
}

fn place(to: &str, epoch: u8, head: u64, read: u64, unread: u32) -> Place {
    let to = Target::parse(to).expect("a target");
    let (conversation, peer) = match &to {
        Target::Room(room) => (Conversation::Room(room.clone()), None),
        Target::Direct(nick) => {
            let person = author(nick.as_str()).person;
            (
                Conversation::Direct(Pair::new(author("ann").person, person)),
                Some(Peer { person, online: true, away: false, seen: None }),
            )
        }
    };
    let (oldest, head, read, topic) = (Seq(1), Seq(head), Seq(read), Text::clean(""));
    let standing = Standing { conversation, oldest, head, read, unread, mentions: 0, topic };
    Place {
        to,
        peer,
        epoch: Epoch([epoch; 16]),
        standing,
        reset: false,
        settings: RoomSettings::default(),
        role: Role::Member,
    }
}

fn entry(to: &str, seq: u64, from: &str, what: What, nonce: Option<Nonce>) -> Event {
    let to = Target::parse(to).expect("a target");
    let conversation = match &to {
        Target::Room(room) => Conversation::Room(room.clone()),
        Target::Direct(nick) => Conversation::Direct(Pair::new(author(from).person, author(nick.as_str()).person)),
    };
    let (seq, at, from) = (Seq(seq), Timestamp(1_000 + seq as i64), author(from));
    Event::Entry(Arc::new(Entry { conversation, to, seq, at, from, what, nonce, mentions: Vec::new() }))
}

fn words(text: &str) -> What {
    What::Said { text: Text::clean(text), me: false, reply_to: None }
}

impl Side {
    fn new() -> Side {
        Side {
            chat: Chat::new([3; 16], "localhost:8080".into(), Some(author("ann").name), Vec::new()),
            up: Duration::ZERO,
        }
    }

    fn put(&mut self, input: Input) -> Vec<Effect> {
        self.chat.handle(Now { up: self.up, wall: Timestamp(0) }, input)
    }

    fn hear(&mut self, event: Event) -> Vec<Effect> {
        self.put(Input::Link(LinkEvent::Heard(event)))
    }

    /// Connects and enters; gives the cursors it resumed with and what it said after.
    fn come_in(&mut self, places: Vec<Place>) -> (Vec<Cursor>, Vec<Effect>) {
        self.put(Input::Link(LinkEvent::Up { dialect: Dialect::V1, secure: false }));
        let limits = Bounds { frame_bytes: 65536, text_bytes: 8192, page_entries: 100, unanswered: 32 };
        let (server, epoch) = (Text::clean("host"), Epoch([1; 16]));
        let entered = self.hear(Event::Hello(Hello {
            server,
            epoch,
            challenge: [0; 32],
            limits,
            features: vec!["search", "presence"],
        }));
        assert!(matches!(&entered[..], [Effect::Enter(_, name)] if name.as_str() == "ann"), "{entered:?}");
        let you = author("ann");
        let resumed =
            self.hear(Event::Welcome(Welcome { you, ephemeral: false, places: places.clone(), role: Role::Member }));
        let cursors = resumed.into_iter().find_map(|effect| match effect {
            Effect::Send(_, Command::Resume { cursors }) => Some(cursors),
            _ => None,
        });
        let said = self.hear(Event::Resumed { places });
        (cursors.expect("it resumes"), said)
    }

    fn cut(&mut self) {
        let why = "cut".to_owned();
        let retry_at = Some(self.up + Duration::from_secs(1));
        self.put(Input::Link(LinkEvent::Down { why, retry_at }));
        self.put(Input::Link(LinkEvent::Dialling));
    }

    fn say(&mut self, to: &str, text: &str) -> (Record, Vec<Effect>) {
        let record = self.chat.draft(Target::parse(to).expect("a target"), Text::clean(text), false);
        let effects = self.put(Input::Ask(Ask::Say(record.clone())));
        (record, effects)
    }
}

fn said(effects: &[Effect]) -> Vec<(String, Nonce)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(_, Command::Say { text, nonce, .. }) => Some((text.as_str().to_owned(), (*nonce)?)),
            _ => None,
        })
        .collect()
}

#[test]
fn what_was_not_acked_is_said_again_with_its_nonce_and_in_order() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    let (one, sent) = ann.say("#lobby", "one");
    assert_eq!(said(&sent), [("one".to_owned(), one.nonce)]);
    let (two, _) = ann.say("#lobby", "two");
    let heard = ann.hear(entry("#lobby", 1, "ann", words("one"), Some(one.nonce)));
    assert!(matches!(heard[0], Effect::Forget(nonce) if nonce == one.nonce));
    assert_eq!(said(&heard), [("two".to_owned(), two.nonce)], "none passes the one before it");
    ann.cut();
    let (three, effects) = ann.say("#lobby", "three");
    assert!(said(&effects).is_empty(), "nothing goes on a wire that is cut");
    let (cursors, sent) = ann.come_in(vec![place("#lobby", 1, 1, 1, 0)]);
    assert_eq!(cursors, [Cursor { to: lobby(), epoch: Epoch([1; 16]), after: Seq(1) }]);
    assert_eq!(said(&sent), [("two".to_owned(), two.nonce)]);
    // The host had the second already: its answer settles it, and nothing is shown twice.
    let sent = ann.hear(entry("#lobby", 2, "ann", words("two"), Some(two.nonce)));
    assert_eq!(said(&sent), [("three".to_owned(), three.nonce)]);
    ann.hear(entry("#lobby", 3, "ann", words("three"), Some(three.nonce)));
    assert_eq!(ann.chat.pending(&lobby()).count(), 0);
    assert_eq!(ann.chat.talk(&lobby()).map(|talk| talk.timeline.len()), Some(3));
}

#[test]
fn an_ack_in_a_page_is_an_ack() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    ann.put(Input::Ask(Ask::Look(lobby())));
    let (one, _) = ann.say("#lobby", "one");
    ann.cut();
    let (_, effects) = ann.come_in(vec![place("#lobby", 1, 1, 1, 0)]);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Send(_, Command::Page { end: PageEnd::Before(Seq(2)), .. })))
    );
    let conversation = Conversation::Room(RoomName::parse("lobby").expect("a room"));
    let (what, at, from) = (words("one"), Timestamp(9), author("ann"));
    let What::Said { text, .. } = what else { return };
    let what = ShownWhat::Said { text: Some(text), me: false, reply_to: None, edited: false, reactions: vec![] };
    let shown = Shown { seq: Seq(1), at, from, nonce: Some(one.nonce), rev: Seq(1), mentions: vec![], what };
    let page =
        Page { conversation, from: Seq(1), before: Seq(2), oldest: Seq(1), entries: vec![shown], changed: Vec::new() };
    let effects = ann.hear(Event::Page { to: lobby(), page });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Forget(nonce) if *nonce == one.nonce)));
    assert_eq!(ann.chat.pending(&lobby()).count(), 0);
}

#[test]
fn no_ack_in_time_means_a_dead_wire_and_never_a_second_try_on_it() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    ann.say("#lobby", "one");
    let at = ann.chat.wake_at().expect("it waits for the ack");
    assert_eq!(at, Duration::from_secs(10));
    ann.up = at;
    let effects = ann.put(Input::Woke);
    assert!(matches!(effects[..], [Effect::Redial]), "{effects:?}");
    assert_eq!(ann.chat.wake_at(), None);
}

#[test]
fn busy_is_tried_again_and_no_is_told() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    let (one, _) = ann.say("#lobby", "one");
    let mut busy = Refusal::new(Code::Busy, "too much to do").about(Some(one.nonce));
    busy.retry_after = Some(Duration::from_secs(3));
    ann.hear(Event::Refused(busy));
    assert_eq!(ann.chat.wake_at(), Some(Duration::from_secs(3)));
    ann.up = Duration::from_secs(3);
    assert_eq!(said(&ann.put(Input::Woke)), [("one".to_owned(), one.nonce)]);
    ann.hear(Event::Refused(Refusal::new(Code::NotMember, "you are not in it").about(Some(one.nonce))));
    let target = lobby();
    let state = ann.chat.pending(&target).next().map(|pending| pending.state.clone());
    assert_eq!(state, Some(Delivery::Failed("you are not in it".into())));
    assert_eq!(ann.chat.wake_at(), None);
    assert_eq!(said(&ann.put(Input::Ask(Ask::Retry(one.nonce)))).len(), 1);
    assert!(matches!(ann.put(Input::Ask(Ask::Discard(one.nonce)))[..], [Effect::Forget(_)]));
    // Waiting for better times is no reason to wake while there is no wire.
    let (two, _) = ann.say("#lobby", "two");
    ann.hear(Event::Refused(Refusal::new(Code::Busy, "too much to do").about(Some(two.nonce))));
    ann.cut();
    assert_eq!(ann.chat.wake_at(), None);
}

#[test]
fn a_search_that_comes_too_soon_is_asked_again_as_it_is_wanted_then() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    let look = |ann: &mut Side, words: &str| ann.put(Input::Ask(Ask::Search(None, Query::new(words))));
    let asked = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Send(id, Command::Search { query, .. }) => Some((*id, query.clone())),
            _ => None,
        })
    };
    let told = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Note(Note::NotFound(_))));
    let soon = Refusal { retry_after: Some(Duration::from_secs(2)), ..Refusal::new(Code::RateLimited, "too much") };
    let refuse = |ann: &mut Side, id| ann.put(Input::Link(LinkEvent::Answered(id, Event::Refused(soon.clone()))));
    let (id, _) = asked(&look(&mut ann, "ni")).expect("it is asked at once");
    assert!(!told(&refuse(&mut ann, id)), "it is not over");
    assert_eq!(ann.chat.wake_at(), Some(Duration::from_secs(2)));
    assert_eq!(asked(&look(&mut ann, "nine")), None, "not before it is time");
    ann.up = Duration::from_secs(2);
    let (id, query) = asked(&ann.put(Input::Woke)).expect("it is asked again");
    assert_eq!(query, Query::new("nine"));
    assert_eq!(ann.chat.wake_at(), None);
    // What was asked is asked again where nothing else is wanted meanwhile, and is over when the wire is.
    refuse(&mut ann, id);
    ann.up = Duration::from_secs(4);
    let (id, query) = asked(&ann.put(Input::Woke)).expect("it is asked again");
    assert_eq!(query, Query::new("nine"));
    refuse(&mut ann, id);
    let down = ann.put(Input::Link(LinkEvent::Down { why: "cut".to_owned(), retry_at: None }));
    assert!(told(&down), "it is told that it is over");
    assert_eq!(ann.chat.wake_at(), None);
    // A host that says "at once" is not asked at once, and nobody waits in silence for one that says "tomorrow".
    ann.cut();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    let no = |ann: &mut Side, wait| {
        let (id, _) = asked(&look(ann, "ten")).expect("it is asked");
        let refusal = Refusal { retry_after: Some(wait), ..soon.clone() };
        ann.put(Input::Link(LinkEvent::Answered(id, Event::Refused(refusal))))
    };
    assert!(told(&no(&mut ann, Duration::from_secs(86_400))));
    assert_eq!(ann.chat.wake_at(), None);
    assert_eq!(asked(&no(&mut ann, Duration::ZERO)), None);
    assert!(ann.chat.wake_at().is_some_and(|at| at > ann.up));
}

#[test]
fn counts_follow_what_is_said_deleted_and_read_elsewhere() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 4, 1, 3)]);
    let counts = |side: &Side| side.chat.talk(&lobby()).map(|talk| (talk.unread, talk.mentions));
    assert_eq!(counts(&ann), Some((3, 0)));
    ann.hear(entry("#lobby", 5, "ben", words("five"), None));
    ann.hear(entry("#lobby", 6, "ann", words("her own"), None));
    assert_eq!(counts(&ann), Some((4, 0)));
    ann.hear(entry("#lobby", 7, "ben", What::Deleted { of: Seq(5) }, None));
    assert_eq!(counts(&ann), Some((3, 0)));
    ann.hear(Event::Read { to: lobby(), seq: Seq(6), unread: 0, mentions: 0 });
    assert_eq!(counts(&ann), Some((0, 0)));
    ann.hear(Event::Read { to: lobby(), seq: Seq(3), unread: 9, mentions: 9 });
    assert_eq!(counts(&ann), Some((0, 0)), "read positions only grow");
}

#[test]
fn a_log_begun_anew_is_taken_anew() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    ann.hear(entry("#lobby", 1, "ben", words("of the old log"), None));
    ann.cut();
    ann.come_in(vec![place("#lobby", 2, 0, 0, 0)]);
    let talk = ann.chat.talk(&lobby()).expect("one is in it");
    assert!(talk.anew && talk.timeline.is_empty());
}

#[test]
fn a_direct_line_makes_its_conversation_on_both_sides() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    ann.hear(entry("@ann", 1, "ben", words("psst"), None));
    let ben = Target::parse("@ben").expect("a target");
    assert_eq!(ann.chat.talk(&ben).map(|talk| (talk.unread, talk.mentions)), Some((1, 1)));
    ann.hear(entry("@ben", 2, "ann", words("what?"), None));
    assert_eq!(ann.chat.talk(&ben).map(|talk| talk.timeline.len()), Some(2));
    let mut who = author("ben");
    who.name = Nick::parse("benedict").expect("a name");
    ann.hear(Event::Renamed { who, was: author("ben").name });
    assert!(ann.chat.talk(&ben).is_none());
    assert!(ann.chat.talk(&Target::parse("@benedict").expect("a target")).is_some());
}

#[test]
fn a_plain_server_gives_lines_back_and_never_hears_them_twice() {
    let mut ann = Side::new();
    ann.put(Input::Link(LinkEvent::Up { dialect: Dialect::Plain, secure: false }));
    let (record, effects) = ann.say("#lobby", "hello");
    assert!(matches!(&effects[..], [Effect::Line(line)] if line == "ann: hello"), "{effects:?}");
    let effects = ann.put(Input::Link(LinkEvent::Line("Received ann: hello".into())));
    assert!(matches!(effects[..], [Effect::Forget(nonce)] if nonce == record.nonce), "{effects:?}");
    ann.put(Input::Link(LinkEvent::Line("ben: hi ann".into())));
    let texts: Vec<_> = ann
        .chat
        .talk(&lobby())
        .map(|talk| talk.timeline.after(Seq::ZERO).map(|s| s.from.name.to_string()).collect())
        .unwrap_or_default();
    assert_eq!(texts, ["ann", "ben"]);
    ann.say("#lobby", "cut off");
    ann.cut();
    let effects = ann.put(Input::Link(LinkEvent::Up { dialect: Dialect::Plain, secure: false }));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Line(_))), "nobody knows whether it arrived");
    let target = lobby();
    assert!(ann.chat.pending(&target).all(|pending| matches!(pending.state, Delivery::Failed(_))));
}

#[test]
fn a_name_is_asked_for_on_a_plain_server_too() {
    let mut ann = Side::new();
    ann.chat = Chat::new([1; 16], "localhost:8080".into(), None, Vec::new());
    ann.put(Input::Link(LinkEvent::Up { dialect: Dialect::Plain, secure: false }));
    assert_eq!(*ann.chat.status(), Status::NeedsName(None));
    ann.put(Input::Ask(Ask::EnterAs(author("ann").name)));
    assert_eq!(*ann.chat.status(), Status::Online);
    assert!(ann.chat.talk(&lobby()).is_some());
}

#[test]
fn who_was_too_quick_goes_on_by_itself_one_line_at_a_time_and_in_order() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0), place("#dev", 1, 0, 0, 0)]);
    let records: Vec<Record> = ["one", "two", "three"].map(|text| ann.say("#lobby", text).0).into();
    ann.hear(entry("#lobby", 1, "ann", words("one"), Some(records[0].nonce)));
    let slow = |nonce, ms| {
        let refusal = Refusal::new(Code::RateLimited, "it goes on in 1s").about(Some(nonce));
        Event::Refused(Refusal { retry_after: Some(Duration::from_millis(ms)), ..refusal })
    };
    ann.hear(slow(records[1].nonce, 1000));
    ann.hear(slow(records[2].nonce, 999));
    let (four, sent) = ann.say("#lobby", "four");
    assert_eq!(said(&sent), [], "it waits behind the others");
    let (_, sent) = ann.say("#dev", "elsewhere");
    assert_eq!(said(&sent).len(), 1, "another room is another matter");
    ann.up = Duration::from_millis(999);
    assert_eq!(said(&ann.put(Input::Woke)), [], "the first of them is not due");
    ann.up = Duration::from_secs(1);
    let sent = ann.put(Input::Woke);
    assert_eq!(said(&sent), [("two".to_owned(), records[1].nonce)], "one, with its nonce");
    let sent = ann.hear(slow(records[1].nonce, 500));
    assert_eq!(said(&sent), []);
    ann.up = Duration::from_millis(1500);
    assert_eq!(said(&ann.put(Input::Woke)).len(), 1);
    let sent = ann.hear(entry("#lobby", 2, "ann", words("two"), Some(records[1].nonce)));
    assert_eq!(said(&sent), [("three".to_owned(), records[2].nonce)]);
    let sent = ann.hear(entry("#lobby", 3, "ann", words("three"), Some(records[2].nonce)));
    assert_eq!(said(&sent), [("four".to_owned(), four.nonce)]);
    ann.hear(entry("#lobby", 4, "ann", words("four"), Some(four.nonce)));
    let (_, five) = ann.say("#lobby", "five");
    let (_, six) = ann.say("#lobby", "six");
    assert_eq!((said(&five).len(), said(&six).len()), (1, 0), "one waits for the other");
}

#[test]
fn what_is_forbidden_for_long_is_not_sent_again_by_itself() {
    let mut ann = Side::new();
    ann.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    let (one, _) = ann.say("#lobby", "one");
    let muted = Refusal::new(Code::Muted, "you are muted").about(Some(one.nonce));
    ann.hear(Event::Refused(Refusal { retry_after: Some(Duration::from_secs(3600)), ..muted }));
    assert_eq!(ann.chat.wake_at(), None);
    ann.up = Duration::from_secs(4000);
    assert_eq!(said(&ann.put(Input::Woke)), [], "an hour later it would be out of place");
}

#[test]
fn what_is_asked_for_while_the_host_is_dialled_is_done_once_one_is_in() {
    let rooms =
        |effects: &[Effect]| effects.iter().filter(|one| matches!(one, Effect::Send(_, Command::Rooms))).count();
    let no = |effects: &[Effect]| effects.iter().filter(|one| matches!(one, Effect::Note(Note::No(_)))).count();
    let mut side = Side::new();
    assert!(side.put(Input::Ask(Ask::Rooms)).is_empty());
    let (_, effects) = side.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    assert_eq!((rooms(&effects), no(&effects)), (1, 0), "{effects:?}");
    // Not twice, and not at all while one knows that nobody is there.
    side.put(Input::Link(LinkEvent::Down { why: "cut".into(), retry_at: None }));
    let effects = side.put(Input::Ask(Ask::Rooms));
    assert_eq!((rooms(&effects), no(&effects)), (0, 1), "{effects:?}");
    side.put(Input::Link(LinkEvent::Dialling));
    let many: Vec<usize> = (0..EARLY + 3).map(|_| no(&side.put(Input::Ask(Ask::Rooms)))).collect();
    assert_eq!(many.iter().sum::<usize>(), 3, "only so many wait: {many:?}");
    let effects = side.put(Input::Link(LinkEvent::Down { why: "cut".into(), retry_at: None }));
    assert_eq!(no(&effects), 1, "what waited is told of: {effects:?}");
    let (_, effects) = side.come_in(vec![place("#lobby", 1, 0, 0, 0)]);
    assert_eq!(rooms(&effects), 0, "{effects:?}");
}
