//! Which folder may use which. One crate lets everything import everything; this list is what stands against it. It reads
//! the `crate::` paths of every file under `src`, tests inside the files included, and the names of crates that belong to
//! one place.

use std::fs;
use std::path::{Path, PathBuf};

/// Folder, and the folders it may use besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("hub", &["protocol"]),
    ("store", &["protocol"]),
    ("server", &["hub", "store", "protocol", "config", "cli"]),
    ("client", &["protocol", "config"]),
    ("tui", &["client", "protocol", "config", "paths"]),
    ("demo", &["client", "store", "protocol", "paths"]),
    ("pipe", &["client", "protocol", "config", "cli", "paths"]),
    ("config", &["protocol", "logging"]),
    ("cli", &["client", "config", "protocol"]),
    ("keys", &["client", "paths"]),
    ("admin", &["server", "store", "protocol", "config", "cli", "paths"]),
    ("hosting", &["server", "hub", "store", "protocol", "config", "cli", "paths"]),
    ("configure", &["hosting", "tui", "config", "cli", "paths", "logging"]),
    ("handout", &["cli", "paths"]),
    ("doctor", &["tui", "client", "store", "protocol", "config", "cli", "paths", "logging"]),
    ("paths", &[]),
    ("logging", &["config", "paths"]),
];

/// A word of code, and the only places that may hold it (prefixes of the path below `src`).
const ONLY_IN: &[(&str, &[&str])] = &[
    ("tungstenite::", &["server/", "client/link"]),
    ("crossterm::", &["tui/mod.rs", "tui/keys", "tui/terminal", "tui/start/run"]),
    ("rusqlite::", &["store/sqlite"]),
    ("ratatui::", &["tui/"]),
    ("axum::", &["server/"]),
    ("flate2::", &["server/pages"]),
];

/// Words the pure folders never hold: a clock, chance, a file, a socket (an address is a value like any other), a task.
const NEVER_IN_PURE: &[&str] = &[
    "tokio::",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "Instant::now",
    "SystemTime::now",
    "getrandom::",
    "std::thread",
    "async fn",
];
const PURE: &[&str] = &[
    "protocol/",
    "hub/",
    "client/chat",
    "client/timeline",
    "client/backoff",
    "client/history",
    "pipe/window",
    "pipe/words",
    "tui/app",
    "tui/view",
    "tui/start.rs",
    "tui/start/view",
];

/// Every source file below `src`, with its path from there.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).expect("src can be read") {
            let path = item.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(&root).expect("it is below src").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("source is UTF-8")));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20, "the source was not found");
    found
}

/// The lines of code: without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or(line))
}

#[test]
fn nobody_uses_what_it_must_not() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let folder = file.split(['/', '.']).next().unwrap_or(&file);
        if matches!(folder, "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == folder) else {
            wrong.push(format!("{file}: the folder is not in the list of tests/layers.rs"));
            continue;
        };
        for line in code(&text) {
            for path in line.match_indices("crate::").map(|(at, word)| &line[at + word.len()..]) {
                let used: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let known = MAY_USE.iter().any(|(name, _)| *name == used);
                if known && used != folder && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{file}: {folder} must not use {used}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_stay_in_their_places() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (word, places) in ONLY_IN {
            let at_home = places.iter().any(|place| file.starts_with(place));
            if !at_home && let Some(line) = code(&text).find(|line| line.contains(word)) {
                wrong.push(format!("{file}: {word} belongs to {places:?}: {}", line.trim()));
            }
        }
        if PURE.iter().any(|place| file.starts_with(place)) && !file.ends_with("tests.rs") {
            for word in NEVER_IN_PURE {
                if let Some(line) = code(&text).find(|line| line.contains(word)) {
                    wrong.push(format!("{file}: {word} in a mind: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_lives_there() {
    let bare: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(file, _)| file).collect();
    assert!(bare.is_empty(), "no opening sentence: {bare:?}");
}
