//! A JSON schema of `wschat.toml`, made from the table of settings and the file with their defaults, for editors that
//! complete, explain and check TOML by one. The program itself reads settings by the table alone.

use serde_json::{Map, Value, json};

use super::BUILTIN;
use super::settings::{Kind, Number, SETTINGS, Setting, sections};

/// Times as the file takes them; their bounds are the program's to check.
const TIME: &str = r"^[0-9]+(\.[0-9]+)? *(ms|s|m|h|d)$";

/// Sizes likewise.
const SIZE: &str = r"^[0-9]+(\.[0-9]+)? *([bB]|[kKmMgG][iI][bB])?$";

/// Each setting of a file as (name, the comment above it on one line, its value as written).
pub fn entries(text: &str) -> Vec<(String, String, String)> {
    let (mut out, mut section, mut comment) = (Vec::new(), "", String::new());
    for line in text.lines() {
        if let Some(more) = line.strip_prefix('#') {
            comment.push_str(more);
        } else if let Some((key, value)) = line.split_once(" = ") {
            let name = format!("{section}.{key}");
            out.push((name, std::mem::take(&mut comment).trim().to_owned(), value.to_owned()));
        } else {
            section = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')).unwrap_or(section);
            comment.clear();
        }
    }
    out
}

/// The schema, of draft 7, which editors know best.
pub fn schema() -> Value {
    let entries = entries(BUILTIN);
    let mut all = Map::new();
    for section in sections() {
        let mut keys = Map::new();
        for setting in SETTINGS.iter().filter(|setting| setting.section == section) {
            let name = setting.name();
            let entry = entries.iter().find(|(known, ..)| *known == name);
            let (why, default) = entry.map_or(("", ""), |(_, why, default)| (why.as_str(), default.as_str()));
            keys.insert(setting.key.to_owned(), of(setting, why, default));
        }
        all.insert(section.to_owned(), json!({"type": "object", "additionalProperties": false, "properties": keys}));
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "wschat.toml",
        "description": "The settings of wschat",
        "type": "object",
        "additionalProperties": false,
        "properties": all,
    })
}

fn of(setting: &Setting, why: &str, default: &str) -> Value {
    let mut one = match &setting.kind {
        Kind::Count(number) => counted(number),
        Kind::Size(number) => json!({"anyOf": [counted(number), {"type": "string", "pattern": SIZE}]}),
        Kind::Time(number) if number.or_zero => json!({"anyOf": [{"const": 0}, {"type": "string", "pattern": TIME}]}),
        Kind::Time(_) => json!({"type": "string", "pattern": TIME}),
        Kind::Flag(..) => json!({"type": "boolean"}),
        Kind::Choice(words, ..) => json!({"enum": words}),
        Kind::Text(..) => json!({"type": "string"}),
        Kind::Texts(..) => json!({"type": "array", "items": {"type": "string"}}),
    };
    one["description"] = format!("{why} Takes {}.", setting.takes()).into();
    // Our own file writes values in the form that TOML and JSON have in common.
    one["default"] = serde_json::from_str(default).unwrap_or(Value::Null);
    one
}

fn counted(number: &Number) -> Value {
    let within = json!({"type": "integer", "minimum": number.range.start(), "maximum": number.range.end()});
    match number.or_zero {
        true => json!({"anyOf": [{"const": 0}, within]}),
        false => within,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_in_it_with_its_reason_and_its_default() {
        let schema = schema();
        for setting in SETTINGS {
            let one = &schema["properties"][setting.section]["properties"][setting.key];
            assert!(one["description"].as_str().is_some_and(|why| why.len() > 20), "{setting:?}: {one}");
            assert!(!one["default"].is_null(), "{setting:?}: {one}");
        }
        let ui = &schema["properties"]["ui"]["properties"];
        assert_eq!(ui["density"]["enum"], json!(["comfortable", "compact"]));
        assert_eq!(ui["rooms_width"]["maximum"], 60);
        assert_eq!(ui["undo_send"]["anyOf"][0]["const"], 0);
    }
}
