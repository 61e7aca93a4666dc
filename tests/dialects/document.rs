//! `docs/protocol.md` says what the program does: its examples are read and written, its tables compared with ours.

use std::collections::BTreeSet;

use serde_json::Value;
use wschat::protocol::command::Tag;
use wschat::protocol::dialect::{Codec, Decoded, Dialect, plain, v1};
use wschat::protocol::entry::{hex, unhex};
use wschat::protocol::event::{CloseCode, Code};
use wschat::protocol::person::Proof;
use wschat::protocol::slash::{At, COMMANDS};

use crate::cases;
use crate::golden::LIMITS;

const PAGE: &str = include_str!("../../docs/protocol.md");

/// The contents of all fenced blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let block = |rest: &str| rest.split("\n```").next().expect("a block ends").to_owned();
    PAGE.split(&fence).skip(1).map(block).collect()
}

/// The frames of all examples: who sends it (`C` or `H`), and the frame.
fn frames() -> Vec<(char, String)> {
    let mut frames: Vec<(char, String)> = Vec::new();
    for block in blocks("text") {
        for line in block.lines() {
            match line.split_once(": ").filter(|(who, _)| *who == "C" || *who == "H") {
                Some((who, frame)) => frames.push((if who == "C" { 'C' } else { 'H' }, frame.to_owned())),
                None => frames.last_mut().expect("a block begins with a frame").1.push_str(line.trim_start()),
            }
        }
    }
    frames
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|why| panic!("{why}: {json}"))
}

/// What a frame is, for asking whether all there is has an example: its type, and the kind of an entry.
fn kind(frame: &str) -> String {
    let frame = value(frame);
    format!("{} {}", frame["type"], frame["kind"])
}

#[test]
fn the_examples_are_what_we_read_and_write() {
    for (who, frame) in frames() {
        let again = match who {
            'C' => match Dialect::V1.codec(LIMITS).decode(&frame).remove(0) {
                Decoded::Command(tag, command) => v1::encode_command(&command, tag.id()),
                other => panic!("{frame}: {other:?}"),
            },
            _ => match v1::decode_event(&frame) {
                Ok(Some(heard)) => String::from_utf8(v1::encode(&heard.event, heard.id)).expect("JSON is UTF-8"),
                other => panic!("{frame}: {other:?}"),
            },
        };
        assert_eq!(value(&frame), value(&again));
    }
}

#[test]
fn everything_has_an_example() {
    let shown = |who| frames().into_iter().filter(|(w, _)| *w == who).map(|(_, frame)| kind(&frame)).collect();
    let (commands, events): (BTreeSet<String>, BTreeSet<String>) = (shown('C'), shown('H'));
    for (name, id, command) in cases::commands() {
        assert!(commands.contains(&kind(&v1::encode_command(&command, id))), "no example of the command {name}");
    }
    for (name, id, event) in cases::events() {
        let frame = String::from_utf8(v1::encode(&event, id)).expect("JSON is UTF-8");
        assert!(events.contains(&kind(&frame)), "no example of the event {name}");
    }
}

/// Every field that any golden frame has is named in the page.
#[test]
fn every_field_is_described() {
    fn names(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| {
                into.insert(name.clone());
                names(value, into);
            }),
            Value::Array(list) => list.iter().for_each(|value| names(value, into)),
            _ => {}
        }
    }
    let mut fields = BTreeSet::new();
    cases::commands().iter().for_each(|(_, id, c)| names(&value(&v1::encode_command(c, *id)), &mut fields));
    for (_, id, event) in cases::events() {
        names(&value(&String::from_utf8(v1::encode(&event, id)).expect("JSON is UTF-8")), &mut fields);
    }
    // Words in code spans of the prose, which may hold several: `{to, epoch, after}`.
    let prose: String = PAGE.split("\n```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2);
    let described: BTreeSet<&str> =
        spans.flat_map(|span| span.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();
    let missing: Vec<&String> = fields.iter().filter(|field| !described.contains(field.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The first cells of the rows between two comments, without their back ticks.
fn table(name: &str) -> Vec<&'static str> {
    let rest = PAGE.split(&format!("<!-- {name} -->")).nth(1).expect("the table is there");
    let table = rest.split("<!-- end of").next().expect("it ends");
    let cell = |row: &'static str| row.split('|').nth(1).map(|cell| cell.trim().trim_matches('`'));
    table.lines().filter(|line| line.starts_with('|')).skip(2).filter_map(cell).collect()
}

#[test]
fn the_tables_are_complete() {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(table("codes"), codes);
    let closes: Vec<String> = CloseCode::ALL.iter().map(|code| code.number().to_string()).collect();
    assert_eq!(table("close codes"), closes);
    let known = COMMANDS.iter().filter(|spec| spec.at != At::Screen);
    let commands: Vec<String> = known.map(|spec| format!("/{} {}", spec.name, spec.args).trim().to_owned()).collect();
    assert_eq!(table("slash"), commands);
}

#[test]
fn the_signature_is_as_worked_out() {
    let block = blocks("vector").remove(0);
    let field = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)).expect("the field is there");
        line.trim().to_owned()
    };
    let secret: [u8; 32] = unhex(&field("secret")).expect("hex");
    let challenge: [u8; 32] = unhex(&field("challenge")).expect("hex");
    let (authority, signed) = (field("authority"), field("signed"));
    let bytes = [b"wschat.v1 enter\0", authority.as_bytes(), b"\0", &challenge].concat();
    assert_eq!(hex(&bytes), signed);
    let proof = Proof::sign(&secret, &authority, &challenge);
    assert_eq!(proof.key.to_string(), field("public"));
    assert_eq!(hex(&proof.signature), field("signature"));
    assert!(proof.holds(&authority, &challenge));
}

#[test]
fn raw_clients_read_what_the_page_says() {
    let mut decoder = plain::Decoder::new(LIMITS);
    let (mut sent, mut answers) = (Vec::new(), Vec::new());
    for line in blocks("lines").remove(0).lines() {
        match line.strip_prefix("< ") {
            Some(told) => match told.strip_prefix("Received ") {
                Some(line) => assert_eq!(sent.last().map(String::as_str), Some(line)),
                None if told.starts_with('!') => assert_eq!(answers.pop().as_deref(), Some(told)),
                None => {}
            },
            None => {
                for decoded in decoder.decode(line) {
                    if let Decoded::Refused(Tag::Line(_), refusal) = decoded {
                        let event = wschat::protocol::event::Event::Refused(refusal);
                        answers.extend(plain::encode(&event, &cases::room("lobby")));
                    }
                }
                sent.push(line.to_owned());
            }
        }
    }
    assert!(answers.is_empty(), "{answers:?}");
}
