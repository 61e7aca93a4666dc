//! Screens as pictures: a scripted host on one side, keys on the other, and what a person sees pinned. No socket, no disk,
//! no clock. The real terminal is tested from outside.

mod actions;
mod changing;
mod finding;
mod following;
mod marking;
mod notifying;
mod order;
mod others;
mod pictures;
mod scrolling;
mod selecting;

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::app::{App, Effect, Input, Look};
use super::keys::{Key, Keymap};
use super::theme::{Colours, Theme};
use crate::client::chat::{self, Chat, LinkEvent, Now};
use crate::config::Config;
use crate::protocol::command::{Command, PageEnd};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{
    Author, Conversation, Entry, Epoch, Page, PersonId, Seq, Shown, ShownWhat, Standing, Timestamp, What,
};
use crate::protocol::event::{Bounds, Event, Hello, Member, Place, Welcome};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::rights::{Role as Rank, RoomSettings};
use crate::protocol::text::Text;

/// Friday, 20 November 2026, 14:00 UTC.
const START: i64 = 1_795_183_200_000;

/// A screen and its scripted host.
struct Scene {
    app: App,
    up: Duration,
    /// What the app wanted from the wire and the disk, since it was last looked at.
    wanted: Vec<Effect>,
    heads: Vec<(String, u64)>,
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a test's name")
}

fn person(name: &str) -> PersonId {
    let mut id = [0; 16];
    for (byte, c) in id.iter_mut().zip(name.bytes()) {
        *byte = c;
    }
    PersonId(id)
}

fn author(name: &str) -> Author {
    Author { person: person(name), name: nick(name), guest: false, bot: false }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a test's room")
}

fn member(name: &str, online: bool) -> Member {
    Member { who: author(name), online, away: false, seen: None, role: Rank::Member, keys: Vec::new() }
}

fn place(name: &str, head: u64) -> Place {
    let conversation = Conversation::Room(room(name));
    let (oldest, head, read) = (Seq(1), Seq(head), Seq(head));
    let standing = Standing { conversation, oldest, head, read, unread: 0, mentions: 0, topic: Text::clean("") };
    Place {
        to: Target::Room(room(name)),
        peer: None,
        epoch: Epoch([1; 16]),
        standing,
        reset: false,
        settings: RoomSettings::default(),
        role: Rank::Member,
    }
}

impl Scene {
    /// Ann on a screen of this size, before anything is connected.
    fn alone(width: u16, height: u16) -> Scene {
        Scene::with(Config::builtin(), width, height)
    }

    fn with(config: Config, width: u16, height: u16) -> Scene {
        let (theme, _) = Theme::load("default", None, Colours::Sixteen);
        let values = crate::config::edit::values("ui", "");
        let themes = super::theme::BUILTIN.iter().map(|(name, _)| (*name).to_owned()).collect();
        let look = Look { theme, keymap: Keymap::builtin(), config, values, themes, zone: TimeZone::UTC };
        let chat = Chat::new([7; 16], "localhost:8080".into(), Some(nick("ann")), Vec::new());
        let app = App::new(chat, look, "ws://localhost:8080".into(), None);
        let mut scene = Scene { app, up: Duration::ZERO, wanted: Vec::new(), heads: Vec::new() };
        scene.put(Input::Resize(width, height));
        scene
    }

    /// The same, in these rooms, each with so many lines said; with ann, ben and cy there and dee away.
    fn of(width: u16, height: u16, rooms: &[(&str, u64)]) -> Scene {
        Scene::alone(width, height).inside(rooms)
    }

    fn inside(self, rooms: &[(&str, u64)]) -> Scene {
        let mut scene = self;
        scene.heads = rooms.iter().map(|(name, head)| ((*name).to_owned(), *head)).collect();
        let places: Vec<Place> = rooms.iter().map(|(name, head)| place(name, *head)).collect();
        scene.link(LinkEvent::Up { dialect: Dialect::V1, secure: false });
        let bounds = Bounds { frame_bytes: 65536, text_bytes: 8192, page_entries: 100, unanswered: 32 };
        let (server, epoch) = (Text::clean("home lab"), Epoch([1; 16]));
        scene.hear(Event::Hello(Hello {
            server,
            epoch,
            challenge: [0; 32],
            limits: bounds,
            features: vec!["search", "presence"],
        }));
        scene.hear(Event::Welcome(Welcome {
            you: author("ann"),
            ephemeral: false,
            places: places.clone(),
            role: Rank::Member,
        }));
        scene.hear(Event::Resumed { places });
        scene.link(LinkEvent::Latency(Duration::from_millis(4)));
        for (name, _) in rooms {
            let people = ["ann", "ben", "cy", "dee"].map(|name| member(name, name != "dee"));
            scene.hear(Event::Members { room: Some(room(name)), people: people.into(), more: false });
        }
        scene.answer_pages();
        scene.wanted.clear();
        scene
    }

    fn put(&mut self, input: Input) {
        let now = Now { up: self.up, wall: Timestamp(START + 3_600_000) };
        let effects = self.app.handle(now, input);
        self.wanted.extend(effects);
    }

    fn link(&mut self, event: LinkEvent) {
        self.put(Input::Link(event));
    }

    fn hear(&mut self, event: Event) {
        self.link(LinkEvent::Heard(event));
    }

    /// Presses keys as `keys.toml` spells them, parted by blanks.
    fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.put(Input::Key(key.parse::<Key>().expect("a test's key")));
        }
    }

    fn types(&mut self, text: &str) {
        for c in text.chars() {
            let key = if c == ' ' { "Space".to_owned() } else { c.to_string() };
            self.put(Input::Key(key.parse::<Key>().expect("a character is a key")));
        }
    }

    /// Types a line and sends it; the outbox keeps it.
    fn sends(&mut self, text: &str) {
        self.types(text);
        self.press("Enter");
        self.keep();
    }

    fn keep(&mut self) {
        let kept: Vec<_> = self.wanted.extract_if(.., |effect| matches!(effect, Effect::Keep(_))).collect();
        for effect in kept {
            if let Effect::Keep(record) = effect {
                self.put(Input::Kept(record));
            }
        }
    }

    /// What somebody says, live.
    fn said(&mut self, to: &str, from: &str, text: &str) -> Seq {
        let head = self.heads.iter_mut().find(|(name, _)| name == to).expect("a room of the scene");
        head.1 += 1;
        let seq = Seq(head.1);
        let mentions = if text.contains("@ann") { vec![person("ann")] } else { Vec::new() };
        let what = What::Said { text: Text::clean(text), me: false, reply_to: None };
        self.hear(Event::Entry(std::sync::Arc::new(Entry {
            conversation: Conversation::Room(room(to)),
            to: Target::Room(room(to)),
            seq,
            at: Timestamp(START + seq.0 as i64 * 60_000),
            from: author(from),
            what,
            nonce: None,
            mentions,
        })));
        seq
    }

    /// The host has kept an edit of one's own.
    fn acked(&mut self, command: &Command, seq: u64) {
        let Command::Edit { to, of, text, nonce } = command else { panic!("{command:?} is no edit") };
        let Target::Room(name) = to else { panic!("{to} is no room") };
        self.hear(Event::Entry(std::sync::Arc::new(Entry {
            conversation: Conversation::Room(name.clone()),
            to: to.clone(),
            seq: Seq(seq),
            at: Timestamp(START + 300_000),
            from: author("ann"),
            what: What::Edited { of: *of, text: text.clone() },
            nonce: *nonce,
            mentions: Vec::new(),
        })));
    }

    /// Gives every page that was asked for: lines `m<seq>` of three people, some long.
    fn answer_pages(&mut self) {
        loop {
            let asked: Vec<_> = self.commands();
            let pages: Vec<_> = asked
                .into_iter()
                .filter_map(|command| match command {
                    Command::Page { to, end: PageEnd::Before(before), .. } => Some((to, before)),
                    _ => None,
                })
                .collect();
            if pages.is_empty() {
                return;
            }
            for (to, before) in pages {
                let Target::Room(name) = &to else { continue };
                let from = Seq(before.0.saturating_sub(100).max(1));
                let entries = (from.0..before.0).map(|seq| old(Seq(seq))).collect();
                let conversation = Conversation::Room(name.clone());
                let page = Page { conversation, from, before, oldest: Seq(1), entries, changed: Vec::new() };
                self.hear(Event::Page { to, page });
            }
        }
    }

    /// The commands that were put on the wire since they were last looked at, but for the news that one is writing.
    fn commands(&mut self) -> Vec<Command> {
        let writing = |command: &Command| matches!(command, Command::Typing { .. });
        self.all_commands().into_iter().filter(|command| !writing(command)).collect()
    }

    /// All of them.
    fn all_commands(&mut self) -> Vec<Command> {
        let taken = std::mem::take(&mut self.wanted);
        let (sent, left): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|effect| matches!(effect, Effect::Chat(chat::Effect::Send(..))));
        self.wanted = left;
        sent.into_iter()
            .filter_map(|effect| match effect {
                Effect::Chat(chat::Effect::Send(_, command)) => Some(command),
                _ => None,
            })
            .collect()
    }

    /// The picture, without its colours; blanks at the ends of lines are cut.
    fn picture(&self) -> String {
        let areas = self.app.size();
        let mut terminal = Terminal::new(TestBackend::new(areas.0, areas.1)).expect("a picture needs no terminal");
        terminal.draw(|frame| super::view::draw(frame, &self.app)).expect("a picture is drawn");
        let buffer = terminal.backend().buffer();
        let mut picture = String::new();
        for y in 0..areas.1 {
            let mut line = String::new();
            let mut x = 0;
            while x < areas.0 {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                // A wide sign covers the cell behind it.
                x += crate::tui::wrap::width(symbol).max(1) as u16;
            }
            picture.push_str(line.trim_end());
            picture.push('\n');
        }
        picture
    }
}

/// A line of history: who and how long follow from its seq.
fn old(seq: Seq) -> Shown {
    let from = author(["ann", "ben", "cy"][(seq.0 / 3 % 3) as usize]);
    let text = match seq.0 % 7 {
        0 => format!("m{}. {}", seq.0, "a long line that goes on ".repeat(8)),
        3 => format!("m{}. 漢字 한국어 👩‍👩‍👧 and a second line\nhere", seq.0),
        _ => format!("m{}. short", seq.0),
    };
    let what =
        ShownWhat::Said { text: Some(Text::clean(&text)), me: false, reply_to: None, edited: false, reactions: vec![] };
    let at = Timestamp(START - 86_400_000 * 2 + seq.0 as i64 * 120_000);
    Shown { seq, at, from, nonce: None, rev: seq, mentions: vec![], what }
}

/// A line one says oneself, as a command on the wire.
fn says(command: &Command) -> Option<(String, String)> {
    match command {
        Command::Say { to, text, .. } => Some((to.to_string(), text.as_str().to_owned())),
        _ => None,
    }
}

#[test]
fn what_is_written_goes_to_the_outbox_first() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.commands();
    scene.types("hello there");
    scene.press("Enter");
    assert!(scene.commands().is_empty(), "nothing is on the wire before it is kept");
    assert!(scene.picture().contains("› hello there"), "and the composer still has it");
    scene.put(Input::NotKept("no space left on device".into()));
    assert!(scene.picture().contains("no space left"), "a full disk is said");
    assert!(scene.picture().contains("› hello there"));
    scene.wanted.clear();
    scene.press("Enter");
    scene.keep();
    let said: Vec<_> = scene.commands().iter().filter_map(says).collect();
    assert_eq!(said, [("#lobby".to_owned(), "hello there".to_owned())]);
    assert!(scene.picture().contains("sending"));
}

#[test]
fn commands_are_never_sent_as_text() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.commands();
    scene.sends("/jion #dev");
    assert!(scene.picture().contains("there is no /jion; did you mean /join?"));
    assert!(scene.commands().is_empty());
    scene.press("Ctrl+U");
    scene.sends("//shrug");
    assert_eq!(scene.commands().iter().filter_map(says).next().map(|(_, text)| text).as_deref(), Some("/shrug"));
    scene.sends("/join #dev");
    assert!(matches!(&scene.commands()[..], [Command::Join { room, password: None }] if room.as_str() == "dev"));
    scene.sends("/msg @ben psst");
    assert_eq!(scene.commands().iter().filter_map(says).next().map(|(to, _)| to).as_deref(), Some("@ben"));
    assert!(scene.picture().contains("@ben"), "and one is there now");
}

#[test]
fn a_paste_never_sends_and_is_bounded() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.commands();
    scene.put(Input::Paste("one\r\ntwo\rthree\n".into()));
    assert!(scene.wanted.is_empty());
    assert!(scene.picture().contains("three"));
    scene.put(Input::Paste("line\n".repeat(100_000)));
    assert!(scene.picture().contains("too long"));
    scene.press("Ctrl+C");
    scene.put(Input::Paste("x".repeat(9000)));
    scene.press("Enter");
    assert!(scene.picture().contains("too long by 808 bytes"), "{}", scene.picture());
    assert!(scene.commands().is_empty());
    scene.press("Ctrl+C");
    assert!(scene.picture().contains("cleared"));
    scene.press("Ctrl+_");
    assert!(scene.picture().contains("xxxx"), "undo brings it back");
}

#[test]
fn a_long_paste_asks_what_it_is_to_be() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.commands();
    let poem = "one\n\ttwo\nthree ```\nfour\nfive\nsix\n";
    scene.types("see:");
    scene.put(Input::Paste(poem.into()));
    assert!(scene.picture().contains("6 lines were pasted"), "{}", scene.picture());
    scene.press("Esc");
    assert!(scene.picture().contains("› see:") && !scene.picture().contains("six"), "nothing of it");
    scene.put(Input::Paste(poem.into()));
    scene.types("code");
    scene.press("Enter");
    scene.keep();
    let said: Vec<_> = scene.commands().iter().filter_map(says).map(|(_, text)| text).collect();
    assert_eq!(said, ["see:\n````\none\n\ttwo\nthree ```\nfour\nfive\nsix\n````"]);
    scene.put(Input::Paste(poem.into()));
    scene.press("Enter");
    assert!(scene.picture().contains("six") && scene.commands().is_empty(), "{}", scene.picture());
}

#[test]
fn what_was_sent_is_found_again() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.press("Ctrl+R");
    assert!(scene.picture().contains("you sent nothing yet"));
    for text in ["the first line", "another one", "the first line"] {
        scene.sends(text);
    }
    scene.types("draft");
    scene.press("Ctrl+R");
    scene.types("anoth");
    scene.press("Enter");
    assert!(scene.picture().contains("› another one"), "{}", scene.picture());
    scene.press("Ctrl+_ Ctrl+_");
    assert!(scene.picture().contains("› draft"), "undo brings back what was written:\n{}", scene.picture());
}

#[test]
fn emoji_go_by_name() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.types("hooray :tada: at 1:100:2 and std:tada:");
    assert!(scene.picture().contains("› hooray 🎉 at 1:100:2 and std:tada:"), "{}", scene.picture());
    scene.press("Ctrl+C");
    scene.types(":rock");
    scene.press("Tab");
    assert!(scene.picture().contains("🚀 rocket") || scene.picture().contains("🪨 rock"), "{}", scene.picture());
    scene.press("Tab Tab Shift+Tab Esc");
    assert!(!scene.picture().contains(":rock"));
}

#[test]
fn editing_goes_by_what_a_person_sees() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.types("a👩‍👩‍👧é");
    scene.put(Input::Paste("e\u{301}".into()));
    scene.press("Backspace");
    scene.press("Left Backspace");
    scene.press("End");
    scene.sends("!");
    assert_eq!(scene.commands().iter().filter_map(says).next().map(|(_, text)| text).as_deref(), Some("aé!"));
    // History, and back to what was being written.
    scene.types("draft");
    scene.press("Up");
    assert!(scene.picture().contains("› aé!"));
    scene.press("Down");
    assert!(scene.picture().contains("› draft"));
    // Lines: Up goes up in the text first.
    scene.press("Ctrl+J");
    scene.types("two");
    scene.press("Up Home");
    scene.types("my ");
    assert!(scene.picture().contains("› my draft"));
    scene.press("Ctrl+A Ctrl+K Ctrl+Y Alt+B");
    scene.types("x");
    assert!(scene.picture().contains("my xdraft"));
}

#[test]
fn what_is_wrong_with_the_settings_waits_for_the_name() {
    let mut scene = Scene::alone(80, 24);
    scene.app.ask_name(None, None);
    scene.app.warn(vec!["wschat.toml:3: no such setting".to_owned()]);
    assert!(scene.picture().contains("What shall you be called?"));
    scene.types("ann");
    scene.press("Enter");
    let mut scene = scene.inside(&[("lobby", 0)]);
    assert!(scene.picture().contains("wschat.toml:3: no such setting"));
    scene.press("Esc");
    assert!(!scene.picture().contains("no such setting"));
}

#[test]
fn tab_completes_names_rooms_and_commands() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.types("/jo");
    scene.press("Tab");
    scene.types("#d");
    scene.press("Tab");
    assert!(scene.picture().contains("› /join #dev"), "{}", scene.picture());
    scene.press("Ctrl+C");
    scene.types("be");
    scene.press("Tab");
    assert!(scene.picture().contains("› ben:"));
    scene.types("ask @c");
    scene.press("Tab");
    assert!(scene.picture().contains("› ben: ask @cy"));
    scene.press("Ctrl+C");
    scene.types("/");
    scene.press("Tab Tab");
    assert!(scene.picture().contains("› /leave"));
    scene.press("Shift+Tab Esc");
    assert!(scene.picture().contains("› /join"));
}

#[test]
fn esc_then_a_key_is_alt_and_esc_alone_goes_down() {
    let mut scene = Scene::of(80, 24, &[("lobby", 300), ("dev", 0)]);
    scene.press("PgUp");
    scene.answer_pages();
    scene.press("Esc 2");
    assert!(scene.picture().contains("write to #dev"));
    scene.press("Esc 1");
    assert!(scene.picture().contains("newest"), "one is where one was");
    scene.press("Esc");
    scene.up += Duration::from_millis(60);
    scene.put(Input::Woke);
    assert!(!scene.picture().contains("newest"));
}

#[test]
fn another_screen_joining_does_not_take_this_one_away() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.hear(Event::Joined { place: place("dev", 0) });
    assert!(scene.picture().contains("# dev") && scene.picture().contains("write to #lobby"));
    scene.sends("/join ops");
    scene.hear(Event::Joined { place: place("ops", 0) });
    assert!(scene.picture().contains("write to #ops"));
}

#[test]
fn idle_wants_to_be_woken_by_nobody() {
    let mut scene = Scene::of(80, 24, &[("lobby", 40), ("dev", 3)]);
    scene.up += Duration::from_secs(1);
    scene.put(Input::Woke);
    let away = Duration::from_secs(600);
    assert_eq!(scene.app.wake_at(), Some(away), "once, to be away");
    scene.up = away;
    scene.put(Input::Woke);
    assert_eq!(scene.app.wake_at(), None);
    scene.put(Input::Focus(false));
    scene.said("lobby", "ben", "hello @ann");
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Bell)), "somebody who looks away is called");
    assert_eq!(scene.app.wake_at(), None);
}

#[test]
fn reading_is_told_when_somebody_looks() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.said("lobby", "ben", "zero");
    assert!(matches!(scene.commands()[..], [Command::Read { seq: Seq(1), .. }]));
    scene.up += Duration::from_secs(1);
    scene.put(Input::Focus(false));
    scene.said("lobby", "ben", "one");
    scene.said("lobby", "ben", "two");
    assert!(scene.commands().is_empty());
    scene.put(Input::Focus(true));
    assert!(scene.picture().contains(" new "), "with a line over what came in meanwhile:\n{}", scene.picture());
    let commands = scene.commands();
    assert!(matches!(commands[..], [Command::Read { seq: Seq(3), .. }]), "{commands:?}");
    // What was read and not told yet is told at the end.
    scene.said("lobby", "ben", "three");
    assert!(scene.commands().is_empty(), "not twice in half a second");
    scene.put(Input::Bye);
    let commands = scene.commands();
    assert!(matches!(commands[..], [Command::Read { seq: Seq(4), .. }, Command::Bye]), "{commands:?}");
}

#[test]
fn what_is_written_is_kept_for_the_next_start() {
    let kept = |scene: &mut Scene| {
        scene.wanted.extract_if(.., |effect| matches!(effect, Effect::KeepDrafts(_))).last().map(
            |effect| match effect {
                Effect::KeepDrafts(kept) => kept,
                _ => unreachable!("it was looked for"),
            },
        )
    };
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.sends("said");
    scene.types("half a thou");
    scene.up += Duration::from_millis(900);
    scene.types("ght");
    assert_eq!(kept(&mut scene), None, "not with every key");
    assert!(scene.app.wake_at().is_some());
    scene.up += Duration::from_secs(1);
    scene.put(Input::Woke);
    scene.press("Ctrl+N");
    scene.types("two");
    scene.press("Ctrl+J");
    scene.types("lines");
    scene.put(Input::Bye);
    let left = kept(&mut scene).expect("all is kept at the end");
    assert_eq!(left.history, ["said"]);
    let mut next = Scene::alone(80, 24);
    next.app.restore(left.clone());
    let mut next = next.inside(&[("lobby", 0), ("dev", 0)]);
    let picture = next.picture();
    assert!(picture.contains("› two") && picture.contains("lines") && picture.contains("▌# dev"), "{picture}");
    next.press("Ctrl+N");
    assert!(next.picture().contains("› half a thought"), "{}", next.picture());
    next.press("Ctrl+C Up");
    assert!(next.picture().contains("› said"));
    next.put(Input::Bye);
    assert_ne!(kept(&mut next), None);
    next.put(Input::Bye);
    assert_eq!(kept(&mut next), None, "what did not change is not kept again");
}
