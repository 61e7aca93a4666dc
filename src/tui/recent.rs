//! Servers one was at: remembered for the screen that asks where to go. Losing it costs a few letters, so errors are logged
//! and no more.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::address::{Address, Transport};
use crate::paths::{make_dir_of, private_file};
use crate::protocol::entry::Timestamp;
use crate::protocol::text::Text;

/// Servers that are remembered; the one that was left longest ago goes.
const SERVERS: usize = 20;

/// Bytes of the file that are read.
const BYTES: u64 = 64 * 1024;

/// Characters of what a server calls itself.
const NAME_CHARS: usize = 32;

/// A server one was at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Where it is; without an invitation, which is used up or somebody's secret.
    pub address: Address,
    /// What it calls itself.
    pub name: String,
    /// When one left it.
    pub left: Timestamp,
    /// What was unread then.
    pub unread: u32,
}

/// All that are remembered, the last one first.
pub fn read(file: &Path) -> Vec<Recent> {
    let small = fs::metadata(file).is_ok_and(|about| about.len() <= BYTES);
    let text = fs::read_to_string(file).ok().filter(|_| small);
    let value: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let one = |value: &Value| {
        let name: String = Text::clean(value["name"].as_str()?).one_line().chars().take(NAME_CHARS).collect();
        let unread = value["unread"].as_u64().and_then(|many| u32::try_from(many).ok()).unwrap_or(0);
        let left = Timestamp(value["left"].as_i64()?);
        Some(Recent { address: value["address"].as_str()?.parse().ok()?, name, left, unread })
    };
    value.as_array().into_iter().flatten().filter_map(one).take(SERVERS).collect()
}

/// Remembers one, in the place of what was remembered of it.
pub fn remember(file: &Path, recent: Recent) {
    let mut all = read(file);
    all.retain(|one| one.address.authority != recent.address.authority);
    all.insert(0, recent);
    all.truncate(SERVERS);
    let out = |one: &Recent| {
        let Recent { address, name, left, unread } = one;
        json!({"address": shown(address), "name": name, "left": left.0, "unread": unread})
    };
    let text = Value::Array(all.iter().map(out).collect()).to_string();
    let new: PathBuf = file.with_extension("new");
    let written = make_dir_of(file).map_err(std::io::Error::other).and_then(|()| {
        let mut opened = private_file().write(true).truncate(true).open(&new)?;
        opened.write_all(text.as_bytes())?;
        fs::rename(&new, file)
    });
    if let Err(why) = written {
        tracing::warn!(%why, "the server is not remembered");
    }
}

/// An address as one would type it.
pub fn shown(address: &Address) -> String {
    match (address.transport, address.path.as_str()) {
        (Transport::Either, "/") => address.authority.clone(),
        _ => address.url().trim_end_matches('/').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, left: i64) -> Recent {
        let address = address.parse().expect("an address");
        Recent { address, name: "kitchen".into(), left: Timestamp(left), unread: 2 }
    }

    #[test]
    fn the_last_is_the_first_and_none_is_twice() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("state/recent.json");
        assert_eq!(read(&file), []);
        for (n, address) in ["laptop", "wss://chat.example", "laptop", "ws://[::1]:9000/x"].into_iter().enumerate() {
            remember(&file, at(address, n as i64));
        }
        let all: Vec<String> = read(&file).iter().map(|one| shown(&one.address)).collect();
        assert_eq!(all, ["ws://[::1]:9000/x", "laptop:8080", "wss://chat.example:443"]);
        assert_eq!(read(&file)[1], at("laptop", 2));
        for n in 0..30 {
            remember(&file, at(&format!("h{n}"), n));
        }
        assert_eq!(read(&file).len(), SERVERS);
    }

    #[test]
    fn what_opens_is_not_kept_and_nonsense_is_passed_over() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("recent.json");
        remember(&file, at("https://h:1/#?k=secret", 1));
        assert!(!fs::read_to_string(&file).expect("written").contains("secret"));
        fs::write(&file, r#"[{"address":"a b","left":1,"name":"x"},{"address":"h"},7,{"address":"h","name":"a\u001b[2Jb","left":3}]"#)
            .expect("written");
        let all = read(&file);
        assert_eq!(all.len(), 1);
        assert!(!all[0].name.contains('\u{1b}'));
        fs::write(&file, "{").expect("written");
        assert_eq!(read(&file), []);
    }
}
