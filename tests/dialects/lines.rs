//! What raw clients read of every event, pinned; and that no text can stand at the beginning of a line.

use std::fmt::Write;

use wschat::protocol::dialect::plain;

use crate::cases;

#[test]
fn every_event_in_plain_text() {
    let home = cases::room("lobby");
    let mut told = String::new();
    for (name, _, event) in cases::events().into_iter().chain(cases::plain_only()) {
        let lines = plain::encode(&event, &home).unwrap_or_else(|| "(nothing)".to_owned());
        let lines = lines.replace('\n', &format!("\n{:22}", "")).replace('\t', "<TAB>");
        writeln!(told, "{name:22}{lines}").expect("into memory");
    }
    insta::assert_snapshot!(told);
}
