//! Raw clients as they are: the seed's, a browser's console, a person with a socket in a shell.

use super::*;
use crate::protocol::command::{Command, Tag};
use crate::protocol::dialect::{Codec, DecodeLimits, Decoded};

const LIMITS: DecodeLimits = DecodeLimits { text_bytes: 64, topic_bytes: 20, page_entries: 50 };

/// What a connection's frames become, one line for each thing decoded.
fn told(frames: &[&str]) -> Vec<String> {
    let mut decoder = Decoder::new(LIMITS);
    let all = frames.iter().flat_map(|frame| decoder.decode(frame).into_iter().map(|one| (*frame, one)));
    all.map(|(frame, one)| show(frame, one)).collect()
}

fn show(frame: &str, decoded: Decoded) -> String {
    match decoded {
        Decoded::Command(tag, command) => {
            match &tag {
                Tag::Line(line) => assert_eq!(&**line, frame, "the whole frame is given back"),
                tag => assert_eq!((tag, matches!(command, Command::Introduce { .. })), (&Tag::None, true)),
            }
            match command {
                Command::Say { to, text, me: true, .. } => format!("{to} me {text}"),
                Command::Say { to, text, .. } => format!("{to} {text}"),
                Command::Introduce { name } => format!("I am {name}"),
                other => format!("{other:?}"),
            }
        }
        Decoded::Refused(_, refusal) => format!("! {}", refusal.text),
        Decoded::Answer(frames) => {
            let payload = |frame: &bytes::Bytes| String::from_utf8_lossy(&frame[2..]).into_owned();
            frames.iter().map(payload).collect()
        }
        Decoded::Garbage(refusal) => panic!("plain text has no garbage: {refusal:?}"),
    }
}

#[test]
fn the_seeds_client() {
    assert_eq!(
        told(&["ann: ann", "ann: hello", "ann: a: b", "ann: /me waves", "ann: ann: x", "ann: ", "ben: hi"]),
        [
            "I am ann",
            "Received ann: ann",
            "#lobby hello",
            "#lobby a: b",
            "#lobby me waves",
            "#lobby ann: x",
            "! there is nothing in it",
            "#lobby ben: hi",
        ]
    );
}

#[test]
fn an_empty_first_line_and_odd_names() {
    assert_eq!(told(&[": ", ": ", "ann: ann", "ann: hi"])[2..], ["I am ann", "Received ann: ann", "#lobby hi"]);
    assert_eq!(told(&["ann lee: ann lee", "ann lee: hi"]), ["I am ann-lee", "Received ann lee: ann lee", "#lobby hi"]);
    assert_eq!(told(&["a: b: a: b", "a: b: hi"]), ["I am a-b", "Received a: b: a: b", "#lobby hi"]);
    assert_eq!(told(&["!!: !!", "!!: hi"]), ["Received !!: !!", "#lobby hi"]);
    assert_eq!(told(&["/ann: /ann", "/ann: hi"]), ["I am ann", "Received /ann: /ann", "#lobby hi"]);
    let wide = "x".repeat(33);
    assert_eq!(told(&[&format!("{wide}: hi")]), [format!("#lobby {wide}: hi")]);
}

#[test]
fn a_first_frame_that_says_something_too() {
    assert_eq!(told(&["ann: hi", "ann: ho"]), ["I am ann", "#lobby hi", "#lobby ho"]);
    assert_eq!(told(&["ann: /me waves"]), ["I am ann", "#lobby me waves"]);
    assert_eq!(told(&["Hello from browser!", "ann: hi"]), ["#lobby Hello from browser!", "#lobby ann: hi"]);
    assert_eq!(told(&["two\nlines: x"]), ["#lobby two\nlines: x"]);
    assert_eq!(told(&["/me says: hi"]), ["#lobby me says: hi"]);
    assert_eq!(told(&["//me says: hi"]), ["#lobby /me says: hi"]);
}

#[test]
fn talk_goes_where_one_is() {
    let frames = ["/join #dev", "hi", "/topic new", "/who", "/history 500", "/leave #ops", "hi", "/leave", "hi"];
    assert_eq!(
        told(&frames),
        [
            "Join { room: RoomName(dev), password: None }",
            "#dev hi",
            "Topic { room: RoomName(dev), text: Text(\"new\"), nonce: None }",
            "Who { room: Some(RoomName(dev)) }",
            "Page { to: Target(#dev), end: Newest, limit: Some(50) }",
            "Leave { room: RoomName(ops) }",
            "#dev hi",
            "Leave { room: RoomName(dev) }",
            "#lobby hi",
        ]
    );
}

#[test]
fn what_cannot_be_done_is_said() {
    for (frame, said) in [
        ("/jion #dev", "! there is no /jion; did you mean /join?"),
        ("/clear", "! there is no /clear; /help lists the commands"),
        ("/join", "! usage: /join #room [password]"),
        ("/msg @ben", "! usage: /msg @name text"),
        ("/topic", "! usage: /topic text (- clears it; /rooms shows all topics)"),
        ("/nick a b", "! nobody can be called “a b”: a name cannot hold blanks (try - instead)"),
        ("/help clear", "! there is no /clear; /help lists the commands"),
        ("/help history", "* /history [n]: show the last n lines of this room (20)"),
    ] {
        assert_eq!(told(&[frame]), [said], "{frame}");
    }
    assert!(told(&[&"x".repeat(65)])[0].starts_with("! it is too long"));
}

#[test]
fn help_is_the_table() {
    let mut decoder = Decoder::new(LIMITS);
    let Some(Decoded::Answer(frames)) = decoder.decode("/help").pop() else { panic!() };
    let text = String::from_utf8_lossy(&frames[0][4..]).into_owned();
    assert!(text.lines().all(|line| line.starts_with("* ")), "{text}");
    assert!(text.contains("* /join #room [password]: ") && text.contains("/history") && !text.contains("/clear"));
}

#[test]
fn towards_a_foreign_server() {
    use crate::protocol::{names::Nick, text::Text};
    let ann = Nick::parse("ann").unwrap();
    let line = foreign::line(&ann, &Text::clean("hi: there"));
    assert_eq!(line, "ann: hi: there");
    assert!(foreign::gives_back("Received ann: hi: there", &line) && foreign::gives_back(&line, &line));
    assert!(!foreign::gives_back("Received ann: hi", &line));
    assert_eq!(foreign::heard(&line), (Some(ann), Text::clean("hi: there")));
    assert_eq!(foreign::heard("two words: x"), (None, Text::clean("two words: x")));
    assert_eq!(foreign::heard("welcome\x1b!"), (None, Text::clean("welcome␛!")));
}
