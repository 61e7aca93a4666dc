//! `wschat doctor`: what the terminal, tmux, a person's files and the way to a host can and cannot do, with the line that
//! mends it. Each part has a room of its own; this one asks them and prints. It changes nothing that outlives it.

mod answers;
mod asking;
mod files;
mod network;
mod report;
mod terminal;
mod tmux;

use std::collections::HashMap;
use std::io::{IsTerminal, Write};

use crate::cli::doctor::Doctor;
use crate::config::Config;
use crate::paths::Paths;
use report::{Finding, Look};

/// Looks at everything and prints what was found; whether all of it works.
pub async fn run(asked: &Doctor, config: &Config, paths: &Paths) -> bool {
    let env = Environment::here();
    let mut found = terminal::look(&env, config);
    found.extend(tmux::look(&env));
    found.extend(files::look(paths));
    if !asked.offline {
        found.extend(network::look(asked.target.as_ref(), paths).await);
    }
    let out = std::io::stdout();
    let text = match asked.json {
        true => report::json(&found),
        false => {
            let tty = out.is_terminal();
            report::text(&found, Look { colours: tty && !env.has("NO_COLOR"), signs: env.utf8() || !tty })
        }
    };
    // Whoever reads may have read enough.
    let _ = out.lock().write_all(text.as_bytes());
    !found.iter().any(Finding::fails)
}

/// The variables this process has, as they are looked at.
pub struct Environment {
    vars: HashMap<String, String>,
}

impl Environment {
    /// Those of this process.
    fn here() -> Environment {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment { vars: std::env::vars_os().filter_map(text).collect() }
    }

    /// The value, blank when there is none.
    fn get(&self, name: &str) -> &str {
        self.vars.get(name).map_or("", String::as_str)
    }

    /// Whether it is there and not blank.
    fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The locale's characters, by the variable that decides (POSIX, 8.2).
    fn locale(&self) -> (&'static str, &str) {
        let decides = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| self.has(name));
        decides.map_or(("LANG", ""), |name| (name, self.get(name)))
    }

    fn utf8(&self) -> bool {
        let (_, locale) = self.locale();
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    #[cfg(test)]
    fn of(vars: &[(&str, &str)]) -> Environment {
        Environment { vars: vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect() }
    }
}
