//! What a screen remembers for the next one: the last name, and for each name and host what was written and not sent,
//! where one was, what one sent before and what is muted. Losing it costs a question or a draft, so errors are logged and no more.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::app::{Kept, Until};
use crate::client::last_name;
use crate::config::Notify;
use crate::paths::{make_dir_of, private_file};
use crate::protocol::entry::Timestamp;
use crate::protocol::names::{Nick, Target};

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
        last_name::read(&self.file)
    }

    /// Remembers a name.
    pub fn set_name(&self, name: &Nick) {
        if self.name().as_ref() == Some(name) {
            return;
        }
        let written = replace(&self.file, &json!({"name": name.as_str()}).to_string());
        if let Err(why) = written {
            tracing::warn!(%why, "the name is not remembered");
        }
    }
}

/// Bytes of drafts that are read: as many as an app keeps, and not a file that grew by a mistake.
const DRAFT_BYTES: u64 = 8 * 1024 * 1024;

/// What the last screen of a name at a host has left.
pub fn drafts(file: &Path) -> Kept {
    let small = fs::metadata(file).is_ok_and(|about| about.len() <= DRAFT_BYTES);
    let text = fs::read_to_string(file).ok().filter(|_| small);
    let value: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let target = |value: &Value| value.as_str().and_then(|text| Target::parse(text).ok());
    let drafts = value["drafts"].as_object().into_iter().flatten();
    let drafts = drafts.filter_map(|(to, text)| Some((Target::parse(to).ok()?, clean(text.as_str()?))));
    let history = value["history"].as_array().into_iter().flatten().filter_map(|text| Some(clean(text.as_str()?)));
    let places = |key: &str| {
        value[key]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(to, value)| Some((Target::parse(to).ok()?, value.clone())))
    };
    let list = |key: &str| value[key].as_array().into_iter().flatten().filter_map(target).collect();
    let until = |value: Value| match value.as_i64() {
        Some(then) => Until::Then(Timestamp(then)),
        None => Until::Always,
    };
    Kept {
        here: target(&value["here"]),
        drafts: drafts.collect(),
        history: history.collect(),
        pinned: list("pinned"),
        archived: list("archived"),
        mutes: places("mutes").map(|(to, value)| (to, until(value))).collect(),
        ignored: value["ignored"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, id)| Some((Nick::parse(name).ok()?, id.as_str()?.parse().ok()?)))
            .collect(),
        shared: value["shared"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, text)| Some((name.clone(), clean(text.as_str()?))))
            .collect(),
        levels: places("levels").filter_map(|(to, value)| Some((to, Notify::named(value.as_str()?)?))).collect(),
    }
}

/// Keeps it for the next one.
pub fn keep_drafts(file: &Path, kept: &Kept) {
    let drafts: serde_json::Map<String, Value> =
        kept.drafts.iter().map(|(to, text)| (to.to_string(), text.as_str().into())).collect();
    let here = kept.here.as_ref().map(Target::to_string);
    let until = |until: &Until| match until {
        Until::Always => Value::Null,
        Until::Then(then) => then.0.into(),
    };
    let mutes: serde_json::Map<String, Value> =
        kept.mutes.iter().map(|(to, then)| (to.to_string(), until(then))).collect();
    let levels: serde_json::Map<String, Value> =
        kept.levels.iter().map(|(to, level)| (to.to_string(), level.word().into())).collect();
    let ignored: serde_json::Map<String, Value> =
        kept.ignored.iter().map(|(name, person)| (name.to_string(), person.to_string().into())).collect();
    let list = |targets: &[Target]| targets.iter().map(Target::to_string).collect::<Vec<_>>();
    let value = json!({
        "here": here, "drafts": drafts, "history": kept.history, "mutes": mutes, "levels": levels,
        "ignored": ignored, "shared": kept.shared,
        "pinned": list(&kept.pinned), "archived": list(&kept.archived),
    });
    if let Err(why) = replace(file, &value.to_string()) {
        tracing::warn!(%why, "what is written is not kept for the next start");
    }
}

/// A file anybody may have written: nothing of it may drive the screen.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Puts a whole file in the place of the one before, readable by its owner alone.
fn replace(file: &Path, text: &str) -> Result<(), String> {
    let fresh = file.with_extension("new");
    make_dir_of(file).map_err(|e| e.to_string())?;
    let _ = fs::remove_file(&fresh);
    let mut new = private_file().write(true).open(&fresh).map_err(|e| e.to_string())?;
    new.write_all(text.as_bytes()).and_then(|()| fs::rename(&fresh, file)).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::entry::PersonId;

    #[test]
    fn drafts_are_read_as_they_were_kept_and_nothing_else_is() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let file = dir.path().join("deep/drafts.json");
        assert_eq!(drafts(&file), Kept::default());
        let to = |text| Target::parse(text).expect("a target");
        let kept = Kept {
            pinned: vec![to("#dev")],
            archived: vec![to("@ben")],
            here: Some(to("@ben")),
            drafts: vec![(to("#dev"), "two\n\tlines \"x\"".into()), (to("@ben"), "漢字".into())],
            history: vec!["one".into(), "/quit".into()],
            mutes: vec![(to("#dev"), Until::Always), (to("@ben"), Until::Then(Timestamp(7)))],
            levels: vec![(to("#dev"), Notify::All)],
            shared: [("pinned".to_owned(), "#dev".to_owned())].into(),
            ignored: vec![(Nick::parse("mallory").expect("a name"), PersonId([7; 16]))],
        };
        keep_drafts(&file, &kept);
        assert_eq!(drafts(&file), kept);
        for bad in ["", "{", "[]", "{\"drafts\":{\"nowhere\":\"x\",\"#a\":3},\"history\":7,\"here\":\"?\"}"] {
            fs::write(&file, bad).expect("a file of the test");
            assert_eq!(drafts(&file), Kept::default(), "{bad}");
        }
        fs::write(&file, "{\"drafts\":{\"#a\":\"\\u001b[31mred\"}}").expect("a file of the test");
        assert_eq!(drafts(&file).drafts, [(to("#a"), "[31mred".to_owned())]);
    }
}
