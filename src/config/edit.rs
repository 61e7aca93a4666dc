//! The text of a person's own TOML file, changed by one value: everything else in it, comments too, stays as it was written.
//! Whether a value is right is asked of the settings, and files are written by whoever keeps them.

use toml_edit::{DocumentMut, Item, Table, Value};

use super::settings::{Kind, SETTINGS, Setting};

/// What a person typed for a setting, as it is written in the file.
pub fn literal(setting: &Setting, typed: &str) -> String {
    let typed = typed.trim();
    let quoted = |text: &str| Value::from(text).to_string();
    match &setting.kind {
        Kind::Flag(..) => match typed {
            "on" | "yes" => "true".to_owned(),
            "off" | "no" => "false".to_owned(),
            other => other.to_owned(),
        },
        Kind::Size(_) | Kind::Count(_) | Kind::Time(_) if typed.parse::<u64>().is_ok() => typed.to_owned(),
        Kind::Texts(..) => {
            let texts = typed.split(',').map(str::trim).filter(|text| !text.is_empty()).map(quoted);
            format!("[{}]", texts.collect::<Vec<_>>().join(", "))
        }
        _ => quoted(typed.trim_matches('"')),
    }
}

/// What every setting of this section is, as it would be typed: by the person's own file, else as it comes.
pub fn values(section: &str, own: &str) -> Vec<(&'static Setting, String)> {
    let parse = |text: &str| text.parse::<DocumentMut>().unwrap_or_default();
    let (own, builtin) = (parse(own), parse(super::BUILTIN));
    let of = |setting: &Setting| {
        let find = |doc: &DocumentMut| doc.get(setting.section)?.get(setting.key)?.as_value().cloned();
        Some(typed(&find(&own).or_else(|| find(&builtin))?))
    };
    let settings = SETTINGS.iter().filter(|setting| setting.section == section);
    settings.filter_map(|setting| Some((setting, of(setting)?))).collect()
}

fn typed(value: &Value) -> String {
    match value {
        Value::String(text) => text.value().clone(),
        Value::Array(texts) => texts.iter().map(typed).collect::<Vec<_>>().join(", "),
        other => other.clone().decorated("", "").to_string(),
    }
}

/// The text of a file with this value in it; `section` is empty for a key of the top level.
pub fn with(own: &str, section: &str, key: &str, literal: &str) -> Result<String, String> {
    let mut document: DocumentMut = own.parse().map_err(|_| "the file has errors; mend them first".to_owned())?;
    let mut value: Value = literal.parse().map_err(|_| format!("{literal} is no value"))?;
    let table = match section {
        "" => document.as_table_mut(),
        section => document
            .entry(section)
            .or_insert_with(|| Item::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("{section} is no section of the file; mend it first"))?,
    };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => _ = table.insert(key, Item::Value(value)),
    }
    Ok(document.to_string())
}

/// The text of a file with this key taken out.
pub fn without(own: &str, key: &str) -> Result<String, String> {
    let mut document: DocumentMut = own.parse().map_err(|_| "the file has errors; mend them first".to_owned())?;
    document.remove(key);
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::setting;

    #[test]
    fn one_value_changes_and_all_else_stays() {
        let own = "# mine\n[ui] # look\ntheme = \"dark\"   # at night\n\n[limits]\nrooms = 3\n";
        let new = with(own, "ui", "theme", "\"light\"").expect("it can be changed");
        assert_eq!(new, own.replace("\"dark\"", "\"light\""));
        let new = with(own, "ui", "bell", "false").expect("it can be added");
        assert!(new.contains("# at night\nbell = false\n") && new.starts_with("# mine\n"), "{new}");
        assert_eq!(with("", "ui", "bell", "false").as_deref(), Ok("[ui]\nbell = false\n"));
        assert_eq!(with("", "", "help", "[\"F2\"]").as_deref(), Ok("help = [\"F2\"]\n"));
        assert!(with("a = = 1", "ui", "bell", "false").is_err() && with("ui = 3", "ui", "bell", "false").is_err());
        assert!(with("", "ui", "bell", "fal se\nx = 1").is_err());
    }

    #[test]
    fn what_is_typed_is_what_is_meant() {
        let of = |name: &str, typed: &str| literal(setting(name).expect("a setting"), typed);
        for (name, typed, wanted) in [
            ("ui.bell", "off", "false"),
            ("ui.bell", "maybe", "maybe"),
            ("ui.density", "compact", "\"compact\""),
            ("ui.away_after", "20m", "\"20m\""),
            ("ui.away_after", "0", "0"),
            ("ui.keywords", "deploy, on call", "[\"deploy\", \"on call\"]"),
            ("ui.keywords", "", "[]"),
            ("ui.quiet_hours", "", "\"\""),
        ] {
            assert_eq!(of(name, typed), wanted, "{name} {typed}");
        }
        let values = values("ui", "[ui]\nbell = false # loud\nkeywords = [\"a\", \"b c\"]\n");
        let value = |key: &str| values.iter().find(|(setting, _)| setting.key == key).map(|(_, value)| value.as_str());
        assert_eq!(
            (value("bell"), value("keywords"), value("density")),
            (Some("false"), Some("a, b c"), Some("comfortable"))
        );
    }
}
