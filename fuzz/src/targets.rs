//! What chance is let loose on: every reader of what others can write. Each target takes any bytes and falls only when a
//! promise does. cargo-fuzz runs them on nightly (`cargo +nightly fuzz run v1`), and `tests/replayed.rs` runs the same
//! functions on stable over what it has found worth keeping, `corpus/TARGET/`.
#![allow(dead_code, reason = "each program of the fuzzer is one of them")]

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use wschat::client::chat::{Chat, LinkEvent, Now};
use wschat::config::Config;
use wschat::config::file::Source;
use wschat::protocol::dialect::{Codec, DecodeLimits, Decoded, Dialect, plain, v1};
use wschat::protocol::entry::Timestamp;
use wschat::protocol::names::Nick;
use wschat::protocol::slash::{At, read};
use wschat::protocol::text::Text;
use wschat::tui::app::{App, Input, Look};
use wschat::tui::glyphs::Glyphs;
use wschat::tui::keys::{Key, Keymap, Named};
use wschat::tui::markup::{self, Layout};
use wschat::tui::theme::{Colours, Theme};
use wschat::tui::{view, wrap};

const LIMITS: DecodeLimits = DecodeLimits { text_bytes: 8192, topic_bytes: 512, page_entries: 100 };

/// A frame as a host reads it and as a client does. What was understood means the same when it is written and read again.
pub fn v1(data: &[u8]) {
    let Ok(frame) = std::str::from_utf8(data) else { return };
    for one in v1::Decoder::new(LIMITS).decode(frame) {
        let Decoded::Command(tag, command) = one else { continue };
        let written = v1::encode_command(&command, tag.id());
        let again = v1::Decoder::new(LIMITS).decode(&written);
        assert_eq!(again, [Decoded::Command(tag, command)], "{written}");
    }
    if let Ok(Some(heard)) = v1::decode_event(frame) {
        let written = String::from_utf8(v1::encode(&heard.event, heard.id)).expect("JSON is UTF-8");
        assert!(!written.contains(char::is_control), "{written:?}");
        let again = v1::decode_event(&written).expect("what is written can be read").expect("and is known");
        assert_eq!(again.id, heard.id);
        // What a client did not take it does not write either: from here on nothing changes any more.
        let twice = String::from_utf8(v1::encode(&again.event, again.id)).expect("JSON is UTF-8");
        assert_eq!(twice, written);
        if let Some(frame) = Dialect::Plain.encode(&heard.event, None) {
            assert!(!frame.is_empty());
        }
    }
}

/// Lines of a raw client, one after the other on one connection.
pub fn plain(data: &[u8]) {
    let Ok(frames) = std::str::from_utf8(data) else { return };
    let mut decoder = plain::Decoder::new(LIMITS);
    for frame in frames.split('\u{1e}') {
        assert!(!decoder.decode(frame).is_empty(), "every line has an answer");
        let _ = plain::foreign::heard(frame);
    }
}

/// What is typed behind the prompt.
pub fn slash(data: &[u8]) {
    let Ok(typed) = std::str::from_utf8(data) else { return };
    for at in [At::Everywhere, At::Screen, At::Plain] {
        if let Err(refused) = read(typed, at) {
            assert!(!refused.to_string().is_empty());
        }
    }
}

/// Marked-up text in all widths: no row is wider than the screen, and wrapping loses nothing.
pub fn markup(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(raw) = std::str::from_utf8(rest) else { return };
    let text = Text::clean(raw);
    assert_eq!(Text::clean(text.as_str()), text, "what is clean stays as it is");
    let columns = usize::from(first & 0x7f).max(4);
    let glyphs = Glyphs::new(first & 0x80 != 0);
    for revealed in [false, true] {
        let layout = Layout { columns, lead: "", tail: "", revealed, whole: revealed, ticks: revealed, glyphs };
        let rows = markup::rows(text.as_str(), &layout);
        assert!(!rows.is_empty());
        for row in &rows {
            let shown: String = row.pieces.iter().map(|piece| piece.text.as_str()).collect();
            assert!(!shown.contains(char::is_control), "{shown:?}");
            assert!(wrap::width(&shown) <= columns, "{} columns of {columns}: {shown:?}", wrap::width(&shown));
        }
    }
    for line in text.as_str().lines() {
        let ranges = wrap::wrap(line, columns);
        let whole: String = ranges.iter().map(|range| &line[range.clone()]).collect();
        assert_eq!(whole, line);
    }
}

/// A file of settings, of keys.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source::new("a file", text);
    let (_, problems) = Config::of(&source);
    let (_, more) = Keymap::of("default", &source);
    for problem in problems.iter().chain(&more) {
        assert!(!problem.to_string().is_empty());
    }
}

/// The screen's mind against a host that says anything, in any order, over connections that come and go: it neither falls
/// nor draws a control character. A line is a frame; one that begins with `!` is something else that happens.
pub fn screen(data: &[u8]) {
    let Ok(story) = std::str::from_utf8(data) else { return };
    let (theme, _) = Theme::load("default", None, Colours::Sixteen);
    let config = Config::builtin();
    let look =
        Look { theme, keymap: Keymap::builtin(), config, values: Vec::new(), themes: Vec::new(), zone: TimeZone::UTC };
    let ann = Nick::parse("ann").expect("a name");
    let mut app = App::new(
        Chat::new([7; 16], "localhost:8080".into(), Some(ann), Vec::new()),
        look,
        "ws://localhost:8080".into(),
        None,
    );
    let mut up = Duration::ZERO;
    let mut size = (80, 24);
    let tell = |app: &mut App, up: Duration, input: Input| {
        let wall = Timestamp(1_795_183_200_000 + i64::try_from(up.as_millis()).unwrap_or(0));
        app.handle(Now { up, wall }, input);
    };
    tell(&mut app, up, Input::Resize(size.0, size.1));
    tell(&mut app, up, Input::Link(LinkEvent::Up { dialect: Dialect::V1, secure: false }));
    for line in story.lines().take(200) {
        up += Duration::from_millis(50);
        let input = match line.strip_prefix('!') {
            Some("up") => Input::Link(LinkEvent::Up { dialect: Dialect::V1, secure: false }),
            Some("down") => Input::Link(LinkEvent::Down { why: "gone".into(), retry_at: Some(up) }),
            Some("old") => Input::Link(LinkEvent::Up { dialect: Dialect::Plain, secure: false }),
            Some("woke") => {
                up = app.wake_at().unwrap_or(up).max(up);
                Input::Woke
            }
            Some("enter") => Input::Key(Key::named(Named::Enter)),
            Some("esc") => Input::Key(Key::named(Named::Esc)),
            Some("up!") => Input::Key(Key::named(Named::PageUp)),
            Some("small") => {
                size = (30, 8);
                Input::Resize(30, 8)
            }
            Some("wide") => {
                size = (120, 40);
                Input::Resize(120, 40)
            }
            Some(typed) => Input::Paste(typed.into()),
            None => match v1::decode_event(line) {
                Ok(Some(heard)) => Input::Link(match heard.id {
                    Some(id) => LinkEvent::Answered(id, heard.event),
                    None => LinkEvent::Heard(heard.event),
                }),
                Ok(None) => continue,
                Err(_) => Input::Link(LinkEvent::Line(line.into())),
            },
        };
        tell(&mut app, up, input);
    }
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("memory is there");
    terminal.draw(|frame| view::draw(frame, &app)).expect("memory is there");
    for cell in terminal.backend().buffer().content() {
        assert!(!cell.symbol().contains(char::is_control), "{:?}", cell.symbol());
    }
}
