//! What the counted ways begin with; made outside of what is counted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use wschat::client::chat::{Chat, LinkEvent, Now as ClientNow};
use wschat::config::Config;
use wschat::hub::limits::Rates;
use wschat::hub::{Effect, Hub, Input, Now, Rules, SessionId};
use wschat::protocol::command::{Command, Tag};
use wschat::protocol::dialect::{Codec, DecodeLimits, Dialect, Translator};
use wschat::protocol::entry::{
    Author, Conversation, Entry, Epoch, Nonce, Page, PersonId, Seq, Shown, ShownWhat, Standing, Timestamp, What,
};
use wschat::protocol::event::{Bounds, Event, Hello, Place, Welcome};
use wschat::protocol::fact::Facts;
use wschat::protocol::names::{Nick, RoomName, Target};
use wschat::protocol::rights::{Role, RoomSettings};
use wschat::protocol::text::Text;
use wschat::server::outgoing::Outgoing;
use wschat::tui::app::{App, Input as Press, Look};
use wschat::tui::keys::{Key, Keymap};
use wschat::tui::theme::{Colours, Theme};

/// Friday, 20 November 2026, 14:00 UTC.
const START: i64 = 1_795_183_200_000;

/// The time of everything here.
pub const NOW: Now = Now { up: Duration::from_secs(1), wall: Timestamp(START) };

fn lobby() -> RoomName {
    RoomName::parse("lobby").expect("a room's name")
}

fn bounds() -> Bounds {
    Bounds { frame_bytes: 65536, text_bytes: 8192, page_entries: 100, unanswered: 32 }
}

fn author(n: u8) -> Author {
    let name = Nick::parse(["ann", "ben", "cy"][usize::from(n % 3)]).expect("a name");
    Author { person: PersonId([n % 3; 16]), name, guest: false, bot: false }
}

fn line(seq: u64) -> String {
    format!("line {seq} of a hundred bytes or so, which is what people say to each other on an ordinary day at work")
}

fn said(seq: u64) -> Entry {
    Entry {
        conversation: Conversation::Room(lobby()),
        to: Target::Room(lobby()),
        seq: Seq(seq),
        at: Timestamp(START + seq as i64 * 60_000),
        from: author(seq as u8),
        what: What::Said { text: Text::clean(&line(seq)), me: false, reply_to: None },
        nonce: Some(Nonce([7; 16])),
        mentions: Vec::new(),
    }
}

fn shown(seq: u64) -> Shown {
    Shown {
        seq: Seq(seq),
        at: Timestamp(START + seq as i64 * 60_000),
        from: author(seq as u8),
        nonce: None,
        rev: Seq(seq),
        mentions: Vec::new(),
        what: ShownWhat::Said {
            text: Some(Text::clean(&line(seq))),
            me: false,
            reply_to: None,
            edited: false,
            reactions: Vec::new(),
        },
    }
}

/// A line that was kept, to be told.
pub fn entry() -> (Translator, Event) {
    (Translator { default_room: lobby() }, Event::Entry(Arc::new(said(42))))
}

/// What the client that says it sends.
pub fn frame() -> (Box<dyn Codec>, String) {
    let limits = DecodeLimits { text_bytes: 8192, topic_bytes: 512, page_entries: 100 };
    let frame = format!(
        r##"{{"type":"say","id":7,"to":"#lobby","text":"{}","nonce":"{}"}}"##,
        line(1),
        "4e1f0c7a9b2d48e6a5c3f7d10e92b864"
    );
    (Translator { default_room: lobby() }.codec(Dialect::V1, limits), frame)
}

/// The answer to who asks for a page of history.
pub fn page() -> (Translator, Event) {
    let (from, before, oldest) = (Seq(1), Seq(101), Seq(1));
    let entries = (1..101).map(shown).collect();
    let page = Page { conversation: Conversation::Room(lobby()), from, before, oldest, entries, changed: Vec::new() };
    (Translator { default_room: lobby() }, Event::Page { to: Target::Room(lobby()), page })
}

/// A connection whose reader stopped, so that all it may have waiting waits, in frames of a kilobyte; and one more. The
/// runtime and the far end are there so that the socket stays open.
pub fn full() -> (Outgoing, Bytes, TcpStream, Runtime) {
    const LIMIT: usize = 1 << 20;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let frame = Bytes::from(vec![b'x'; 1024]);
    let (out, far) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let far = TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (near, _) = listener.accept().await.expect("somebody connected");
        (Outgoing::new(near.into(), LIMIT), far)
    });
    // The kernel takes what it will, then the list fills.
    for _ in 0..LIMIT / frame.len() {
        assert!(out.append(frame.clone()), "there is room");
    }
    (out, frame, far, runtime)
}

/// A hub with so many guests in the lobby, and the answer of the store to a line of the first.
pub fn hub(members: u64) -> (Hub, Input) {
    let rules = Rules {
        server: Text::clean("bench"),
        default_room: lobby(),
        ephemeral: true,
        bounds: bounds(),
        sessions_per_person: 8,
        rooms: 0,
        rooms_per_person: 0,
        people: 0,
        enter_tries: 3,
        bad_frames: 3,
        crowd: 100,
        topic_bytes: 512,
        linger: Duration::from_secs(5),
        enter_within: Duration::from_secs(5),
        name_reserved: Duration::ZERO,
        owner_ticket: None,
        site: Default::default(),
        seed: [7; 32],
        rates: Rates::default(),
    };
    let mut hub = Hub::new(rules, Epoch([1; 16]), Facts::default());
    for n in 0..members {
        let session = SessionId(n);
        let mut luck = [0; 24];
        luck[..8].copy_from_slice(&(n + 1).to_le_bytes());
        let authority = "localhost:8080".to_owned();
        let dialect = Dialect::V1;
        let (challenge, address) = ([0; 32], None);
        feed(&mut hub, Input::Opened { session, dialect, authority, challenge, address, free: true, luck });
        let name = Some(Nick::parse(&format!("p-{n}")).expect("a name"));
        let enter = Command::Enter { name, proof: None, client: None, invite: None, bot: None };
        feed(&mut hub, Input::Received { session, tag: Tag::Id(1), command: enter });
        feed(&mut hub, Input::Received { session, tag: Tag::Id(2), command: Command::Resume { cursors: Vec::new() } });
    }
    // The first line after somebody came makes the list of who hears anew; this one does not.
    let first = line_kept(&mut hub, 1);
    hub.handle(NOW, first);
    let second = line_kept(&mut hub, 2);
    (hub, second)
}

/// Says a line as the first of a hub; gives what the store will answer.
fn line_kept(hub: &mut Hub, seq: u64) -> Input {
    let to = Target::Room(lobby());
    let say = Command::Say { to, text: Text::clean(&line(1)), me: false, reply_to: None, nonce: None };
    let effects = hub.handle(NOW, Input::Received { session: SessionId(0), tag: Tag::Id(3), command: say });
    let ticket = effects.iter().find_map(|effect| match effect {
        Effect::Append { ticket, .. } => Some(*ticket),
        _ => None,
    });
    Input::Stored { ticket: ticket.expect("it is to be kept"), entry: Arc::new(said(seq)), fresh: true }
}

/// Hands something in and answers what the hub asks of the store, as an empty one would.
fn feed(hub: &mut Hub, input: Input) {
    let mut inputs = vec![input];
    while let Some(input) = inputs.pop() {
        for effect in hub.handle(NOW, input) {
            match effect {
                Effect::Keep { ticket, .. } => inputs.push(Input::Kept { ticket }),
                Effect::Load { ticket, of, .. } => {
                    let standings = of.into_iter().map(|(conversation, _)| standing(conversation, 0)).collect();
                    inputs.push(Input::Loaded { ticket, standings });
                }
                _ => {}
            }
        }
    }
}

fn standing(conversation: Conversation, head: u64) -> Standing {
    let (oldest, head, read) = (Seq(1), Seq(head), Seq(head));
    Standing { conversation, oldest, head, read, unread: 0, mentions: 0, topic: Text::clean("") }
}

/// A screen of 120x40 in a room with so many messages in memory, drawn once, with a key typed since.
pub fn screen(messages: u64) -> (Terminal<TestBackend>, App) {
    let mut config = Config::builtin();
    config.ui.scrollback = usize::MAX;
    let (theme, _) = Theme::load("default", None, Colours::Sixteen);
    let (values, themes) = (Vec::new(), Vec::new());
    let look = Look { theme, keymap: Keymap::builtin(), config, values, themes, zone: TimeZone::UTC };
    let mut chat = Chat::new([7; 16], "localhost:8080".into(), Some(author(0).name), Vec::new());
    chat.set_scrollback(1 << 30);
    let mut app = App::new(chat, look, "ws://localhost:8080".into(), None);
    let now = ClientNow { up: Duration::ZERO, wall: Timestamp(START + messages as i64 * 60_000) };
    app.handle(now, Press::Resize(120, 40));
    let standing = standing(Conversation::Room(lobby()), messages);
    let (settings, role) = (RoomSettings::default(), Role::Member);
    let place =
        Place { to: Target::Room(lobby()), peer: None, epoch: Epoch([1; 16]), standing, reset: false, settings, role };
    let places = vec![place];
    let hello = Hello {
        server: Text::clean("bench"),
        epoch: Epoch([1; 16]),
        challenge: [0; 32],
        limits: bounds(),
        features: vec![],
    };
    let welcome = Welcome { you: author(0), ephemeral: false, places: places.clone(), role: Role::Member };
    for event in [Event::Hello(hello), Event::Welcome(welcome), Event::Resumed { places }] {
        if matches!(event, Event::Hello(_)) {
            app.handle(now, Press::Link(LinkEvent::Up { dialect: Dialect::V1, secure: false }));
        }
        app.handle(now, Press::Link(LinkEvent::Heard(event)));
    }
    let entries = (1..=messages).map(shown);
    let (from, before, oldest) = (Seq(1), Seq(messages + 1), Seq(1));
    let (conversation, entries, changed) = (Conversation::Room(lobby()), entries.collect(), Vec::new());
    let page = Page { conversation, from, before, oldest, entries, changed };
    app.handle(now, Press::Link(LinkEvent::Heard(Event::Page { to: Target::Room(lobby()), page })));
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a picture needs no terminal");
    let _ = terminal.draw(|frame| wschat::tui::view::draw(frame, &app));
    app.handle(now, Press::Key("x".parse::<Key>().expect("a key")));
    (terminal, app)
}
