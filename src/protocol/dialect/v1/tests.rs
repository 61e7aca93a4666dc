//! What a host makes of wrong frames. That right ones go both ways is in `tests/dialects.rs`.

use super::*;
use crate::protocol::command::{Command, Tag};
use crate::protocol::dialect::{Codec, DecodeLimits, Decoded};

fn read(frame: &str) -> Decoded {
    let limits = DecodeLimits { text_bytes: 20, topic_bytes: 10, page_entries: 100 };
    let mut all = Decoder::new(limits).decode(frame);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn garbage_is_garbage() {
    let deep = format!("{{\"type\":\"say\",\"x\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let deep_known = format!("{{\"type\":\"say\",\"cursors\":{}", "[".repeat(60_000));
    for frame in [
        "",
        "hi",
        "[]",
        "[\"say\",1]",
        "{}",
        "{\"type\":1}",
        "{\"type\":null}",
        "nul",
        "{\"type\":\"bye\"} x",
        &deep_known,
    ] {
        assert!(matches!(read(frame), Decoded::Garbage(_)), "{}", &frame[..frame.len().min(60)]);
    }
    assert!(matches!(read(&deep), Decoded::Refused(..)));
}

#[test]
fn a_refusal_names_what_is_wrong() {
    let nonce = "00112233445566778899aabbccddeeff";
    for (frame, code, part) in [
        (r##"{"type":"dance","id":7}"##, "unknown_command", "`dance`"),
        (r##"{"type":"say","id":7,"text":"x"}"##, "bad_field", "`to`"),
        (r##"{"type":"say","id":7,"to":"lobby","text":"x"}"##, "bad_field", "`to`"),
        (r##"{"type":"say","id":7,"to":"#a b","text":"x"}"##, "bad_name", "blanks"),
        (r##"{"type":"say","id":7,"to":"#lobby","text":5}"##, "bad_field", "`text`"),
        (r##"{"type":"say","id":7,"to":"#lobby","text":" \n"}"##, "blank", "empty"),
        (r##"{"type":"say","id":7,"to":"#lobby","text":"123456789012345678901"}"##, "too_long", "takes 20"),
        (r##"{"type":"say","id":7,"to":"#lobby","text":"x","me":"yes"}"##, "bad_field", "`me`"),
        (r##"{"type":"say","id":7,"to":"#lobby","text":"x","reply_to":-1}"##, "bad_field", "`reply_to`"),
        (r##"{"type":"say","id":7,"to":"#lobby","text":"x","reply_to":1.5}"##, "bad_field", "`reply_to`"),
        (r##"{"type":"topic","id":7,"room":"#lobby","text":"12345678901"}"##, "too_long", "takes 10"),
        (r##"{"type":"topic","id":7,"room":"lobby","text":"x"}"##, "bad_field", "`room`"),
        (r##"{"type":"edit","id":7,"to":"#lobby","of":18446744073709551616,"text":"x"}"##, "bad_field", "`of`"),
        (r##"{"type":"react","id":7,"to":"#lobby","of":1,"emoji":"a b"}"##, "bad_field", "`emoji`"),
        (r##"{"type":"enter","id":7,"name":"a b"}"##, "bad_name", "blanks"),
        (r##"{"type":"enter","id":7,"name":"ann","key":"00"}"##, "bad_field", "`key`"),
        (r##"{"type":"resume","id":7,"cursors":{}}"##, "bad_field", "`cursors`"),
        (r##"{"type":"resume","id":7,"cursors":[["#lobby"]]}"##, "bad_field", "`cursors`"),
        (r##"{"type":"resume","id":7,"cursors":[{"to":"#lobby","after":1}]}"##, "bad_field", "`epoch`"),
        (r##"{"type":"page","id":7,"to":"#lobby","limit":0}"##, "bad_field", "`limit`"),
    ] {
        let framed = frame.replacen('{', &format!("{{\"nonce\":\"{nonce}\","), 1);
        let Decoded::Refused(tag, refusal) = read(&framed) else { panic!("{frame} was taken") };
        assert_eq!(tag, Tag::Id(7), "{frame}");
        assert_eq!(refusal.nonce.map(|n| n.to_string()).as_deref(), Some(nonce), "{frame}");
        assert_eq!(refusal.code.as_str(), code, "{frame}");
        assert!(refusal.text.contains(part), "{frame}: {}", refusal.text);
    }
}

#[test]
fn what_is_unreadable_is_not_given_back() {
    let Decoded::Refused(Tag::None, refusal) = read(r##"{"type":"bye","id":"x"}"##) else { panic!() };
    assert!(refusal.text.contains("`id`"));
    let Decoded::Refused(Tag::Id(1), refusal) = read(r##"{"type":"delete","id":1,"to":"@ann","of":2,"nonce":"zz"}"##)
    else {
        panic!()
    };
    assert!(refusal.text.contains("`nonce`") && refusal.nonce.is_none());
}

#[test]
fn unknown_fields_and_nulls_are_passed_over() {
    let frame = r##" {"type":"who","room":null,"colour":{"a":[1]},"id":null}"##;
    assert_eq!(read(frame), Decoded::Command(Tag::None, Command::Who { room: None }));
    let many = r##"{"type":"page","to":"#lobby","limit":5000}"##;
    assert!(matches!(read(many), Decoded::Command(_, Command::Page { limit: Some(100), .. })));
}

#[test]
fn a_client_passes_over_what_it_does_not_know() {
    assert_eq!(decode_event(r##"{"type":"fireworks","id":3}"##), Ok(None));
    let newer = r##"{"type":"entry","to":"#lobby","seq":9,"at":1,"kind":"poll","text":{"a":1}}"##;
    let heard = decode_event(newer).unwrap().unwrap().event;
    assert!(matches!(heard, crate::protocol::event::Event::Skipped { seq, .. } if seq.0 == 9));
    for bad in ["", "[]", "{}", r##"{"type":"entry","to":"#lobby","seq":1,"kind":"said"}"##] {
        assert!(decode_event(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_host_cannot_send_what_a_text_must_not_hold() {
    let frame = r##"{"type":"refused","code":"from_tomorrow","text":"\u001b[31mno\u202e"}"##;
    let heard = decode_event(frame).unwrap().unwrap().event;
    let crate::protocol::event::Event::Refused(refusal) = heard else { panic!() };
    assert_eq!((refusal.code.as_str(), refusal.text.as_str()), ("other", "␛[31mno"));
}
