//! Settings as they are in force, written as a file would have them, each with where it comes from; and the file one begins
//! with. Who prints them, and what arguments and environment say over the file, is `configure`'s.

use std::fmt::Write;

use toml_edit::{Array, Value};

use super::Config;
use super::settings::{Kind, SETTINGS, Setting, sections};
use super::units::{show_size, show_time};

/// The columns that values are filled up to, so that what is behind them stands in one line.
const COLUMNS: usize = 36;

/// Words in a key that say that its text is a secret.
const SECRET: [&str; 4] = ["secret", "token", "password", "passphrase"];

impl Setting {
    /// Its value in these settings, as it would be written in the file. Nothing secret is hidden in it.
    pub fn literal(&self, config: &Config) -> String {
        match &self.kind {
            Kind::Count(number) => (number.get)(config).to_string(),
            Kind::Size(number) => match show_size((number.get)(config)) {
                // As our own file has them: a number of bytes that is no round one is a number.
                text if text.ends_with(" B") || text == "0" => (number.get)(config).to_string(),
                text => quoted(&text),
            },
            Kind::Time(number) => match (number.get)(config) {
                0 => "0".to_owned(),
                ms => quoted(&show_time(std::time::Duration::from_millis(ms))),
            },
            Kind::Flag(get, _) => get(config).to_string(),
            Kind::Choice(_, get, _) => quoted(get(config)),
            Kind::Text(_, get, _) => quoted(&get(config)),
            Kind::Texts(_, _, get, _) => Value::from(get(config).into_iter().collect::<Array>()).to_string(),
        }
    }

    /// Whether its value is for nobody's eyes: a text that its key calls a secret.
    pub fn is_secret(&self) -> bool {
        let text = matches!(self.kind, Kind::Text(..) | Kind::Texts(..));
        text && SECRET.iter().any(|word| self.key.contains(word))
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// These settings as a file, each with a comment that says where it comes from.
pub fn text(config: &Config, from: impl Fn(&Setting) -> String) -> String {
    let mut out = String::new();
    for section in sections() {
        let _ = writeln!(out, "{}[{section}]", if out.is_empty() { "" } else { "\n" });
        for setting in SETTINGS.iter().filter(|setting| setting.section == section) {
            let value = setting.literal(config);
            let line = match setting.is_secret() && value != quoted("") {
                // Behind a #, so that what is shown can be saved as a file.
                true => format!("#{} = \"…\"", setting.key),
                false => format!("{} = {value}", setting.key),
            };
            let _ = writeln!(out, "{line:COLUMNS$}  # {}", from(setting));
        }
    }
    out
}

/// A file of ours as one begins with it: every value stands there to be seen, and none is set, so that what a later
/// version has better counts by itself.
pub fn commented(builtin: &str, head: &str) -> String {
    let body = builtin.lines().skip_while(|line| line.is_empty() || line.starts_with('#'));
    let mut out = head.to_owned();
    for line in body {
        let sets = !line.is_empty() && !line.starts_with(['#', '[']);
        let _ = writeln!(out, "{}{line}", if sets { "#" } else { "" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BUILTIN;
    use crate::config::file::Source;

    const OWN: &str = r##"
[server]
name = "the \"den\""
default_room = "#dev"
names = ["chat.example", "den:9000"]
trusted_proxies = ["127.0.0.1", "::1"]
open = true
[limits]
queue_bytes = 0
text_bytes = 1000
ack_timeout = "1500ms"
[ui]
density = "compact"
time_format = "12h"
keys = "vim"
notify = "all"
keywords = ["deploy", "on call"]
desktop = "osc99"
quiet_hours = "22:00-07:05"
bell = false
[log]
level = "trace"
"##;

    #[test]
    fn what_is_shown_can_be_read_again() {
        for own in ["", OWN] {
            let (config, problems) = Config::of(&Source::new("own.toml", own));
            assert_eq!(problems, []);
            let shown = text(&config, |_| "x".to_owned());
            let again = Config::of(&Source::new("shown.toml", shown.clone()));
            assert_eq!(again, (config, Vec::new()), "{shown}");
        }
    }

    #[test]
    fn what_was_taken_over_is_noted_and_what_was_refused_is_not() {
        let own =
            "[ui]\nbell = false\ndensity = 3\n[limits]\npage_bytes = \"1 MiB\"\nqueue_bytes = \"64 KiB\"\nrooms = 5\n";
        let (_, problems, taken) = Config::noted(&Source::new("own.toml", own));
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(taken, [("ui.bell".to_owned(), 2), ("limits.rooms".to_owned(), 7)]);
    }

    #[test]
    fn a_file_to_begin_with_sets_nothing_and_its_lines_can_be_uncommented() {
        let made = commented(BUILTIN, "# mine\n\n");
        assert!(made.starts_with("# mine\n\n[server]\n"), "{made}");
        assert_eq!(Config::of(&Source::new("new.toml", made.clone())), (Config::builtin(), Vec::new()));
        let whole: String = made
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n")
            .collect();
        let (config, problems, taken) = Config::noted(&Source::new("new.toml", whole));
        assert_eq!((config, problems, taken.len()), (Config::builtin(), Vec::new(), SETTINGS.len()));
    }

    #[test]
    fn secrets_are_known_by_their_keys() {
        let text =
            |key| Setting { section: "hooks", key, kind: Kind::Text("a text", |_| String::new(), |_, _| Ok(())) };
        assert!(text("secret").is_secret() && text("api_token").is_secret() && !text("name").is_secret());
        assert!(SETTINGS.iter().all(|setting| !setting.is_secret() || !setting.key.ends_with("_burst")));
    }
}
