//! `tests/golden`: what was once promised to clients of `wschat.v1`, frame by frame. With `WSCHAT_BLESS=1` files that are
//! missing are written; one that is there is never changed by a machine, since a client somewhere relies on it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use wschat::protocol::command::Tag;
use wschat::protocol::dialect::{DecodeLimits, Decoded, Dialect, v1};

use crate::cases;

pub const LIMITS: DecodeLimits = DecodeLimits { text_bytes: 8192, topic_bytes: 512, page_entries: 100 };

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Holds a frame to its file and gives back what the file says.
fn hold(name: &str, frame: &str) -> String {
    let path = folder().join(name);
    if !path.exists() && std::env::var_os("WSCHAT_BLESS").is_some() {
        std::fs::write(&path, format!("{frame}\n")).expect("a golden file can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {why}"));
    assert_eq!(frame, kept.trim_end_matches('\n'), "{name}: the wire has changed under its clients");
    kept
}

#[test]
fn commands_are_as_promised() {
    for (name, id, command) in cases::commands() {
        let kept = hold(&format!("command-{name}.json"), &v1::encode_command(&command, id));
        let read = Dialect::V1.codec(LIMITS).decode(&kept);
        assert_eq!(read, [Decoded::Command(id.map_or(Tag::None, Tag::Id), command)], "{name}");
    }
}

#[test]
fn events_are_as_promised() {
    for (name, id, event) in cases::events() {
        let frame = String::from_utf8(v1::encode(&event, id)).expect("JSON is UTF-8");
        let kept = hold(&format!("event-{name}.json"), &frame);
        assert_eq!(v1::decode_event(&kept), Ok(Some(v1::Incoming { id, event })), "{name}");
    }
}

#[test]
fn every_golden_file_is_somebodys() {
    let commands = cases::commands().into_iter().map(|(name, ..)| format!("command-{name}.json"));
    let events = cases::events().into_iter().map(|(name, ..)| format!("event-{name}.json"));
    let wanted: BTreeSet<String> = commands.chain(events).collect();
    let files = std::fs::read_dir(folder()).expect("the golden files are there");
    let there = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(wanted, there);
}
