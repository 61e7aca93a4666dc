//! The name that a person went by last on this machine, as a screen left it: what the next screen offers, and who a command
//! without a screen speaks as when nobody says. Only screens write it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::protocol::names::Nick;

/// Bytes of the file that are read: it has a name in it.
const BYTES: u64 = 4096;

/// The name in this file, if there is one that somebody can own.
pub fn read(file: &Path) -> Option<Nick> {
    let small = fs::metadata(file).is_ok_and(|about| about.len() <= BYTES);
    let text = fs::read_to_string(file).ok().filter(|_| small)?;
    let value: Value = serde_json::from_str(&text).ok()?;
    Nick::parse(value.get("name")?.as_str()?).ok().filter(Nick::claimable)
}
