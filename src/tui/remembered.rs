//! What a screen remembers for the next one: the last name. Losing it costs a question, so errors are logged and no more.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::paths::{make_dir_of, private_file};
use crate::protocol::names::Nick;

/// Bytes of the file that are read: it has a name in it.
const BYTES: u64 = 4096;

/// The file of it.
pub struct Remembered {
    file: PathBuf,
}

impl Remembered {
    /// Kept in this file.
    pub fn at(file: PathBuf) -> Remembered {
        Remembered { file }
    }

    /// The last name, if there is one.
    pub fn name(&self) -> Option<Nick> {
        let small = fs::metadata(&self.file).is_ok_and(|about| about.len() <= BYTES);
        let text = fs::read_to_string(&self.file).ok().filter(|_| small)?;
        let value: Value = serde_json::from_str(&text).ok()?;
        Nick::parse(value.get("name")?.as_str()?).ok().filter(Nick::claimable)
    }

    /// Remembers a name.
    pub fn set_name(&self, name: &Nick) {
        if self.name().as_ref() == Some(name) {
            return;
        }
        let fresh = self.file.with_extension("new");
        let written = make_dir_of(&self.file).map_err(|e| e.to_string()).and_then(|()| {
            let _ = fs::remove_file(&fresh);
            let mut file = private_file().write(true).open(&fresh).map_err(|e| e.to_string())?;
            let text = json!({"name": name.as_str()}).to_string();
            file.write_all(text.as_bytes()).and_then(|()| fs::rename(&fresh, &self.file)).map_err(|e| e.to_string())
        });
        if let Err(why) = written {
            tracing::warn!(%why, "the name is not remembered");
        }
    }
}
