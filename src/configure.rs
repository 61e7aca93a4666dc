//! `wschat config`: makes, shows and finds a person's settings. What may stand in them, and how they are written, is
//! `config`'s; where they lie is `paths`'.

use std::io::{ErrorKind, Write};

use anyhow::{Context, bail};

use crate::cli::Cli;
use crate::cli::configure::{Place, Settings, What};
use crate::config::file::{Problem, Source};
use crate::config::settings::Setting;
use crate::config::{BUILTIN, Config, schema, shown};
use crate::hosting;
use crate::logging::FILTER_VAR;
use crate::paths::{Paths, make_dir_of, private_file};
use crate::tui::keys::keymap::BUILTIN as KEYS;

const SETTINGS_HEAD: &str = "\
# wschat.toml: your settings. Every line is as it comes; take the # in front of one away and change it. Errors are listed
# with their lines by wschat config show, which tells what is in force, and every other line counts.
#
# Times are written \"250ms\", \"5s\", \"10m\", \"2h\" or \"30d\"; sizes as a number of bytes or \"64 KiB\", \"1 MiB\", \"2 GiB\".
#
# For an editor that completes TOML (taplo): wschat config schema > wschat.schema.json beside this file, and as its first
# line, with the #:   #:schema ./wschat.schema.json

";

const KEYS_HEAD: &str = "\
# keys.toml: your keys. Every line is as it comes; take the # in front of one away and change it. An empty list takes all
# keys away from what it stands for. Modifiers are Ctrl, Alt and Shift. Errors are listed with their lines at the start.

";

/// Does what was asked. `config` is as the person's file has it.
pub fn run(asked: &Settings, cli: &Cli, config: Config, paths: &Paths) -> anyhow::Result<()> {
    let text = match &asked.what {
        What::Init => return init(paths),
        What::Show { changed } => return show(cli, config, paths, *changed),
        What::Path { what } => places(paths, *what),
        What::Schema => format!("{:#}\n", schema::schema()),
    };
    say(&text);
    Ok(())
}

fn say(text: &str) {
    // Whoever reads may have read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Files to begin with; what is there stays as it is.
fn init(paths: &Paths) -> anyhow::Result<()> {
    let settings = paths.config_place();
    for (file, text) in [
        (settings.to_owned(), shown::commented(BUILTIN, SETTINGS_HEAD)),
        (settings.with_file_name("keys.toml"), shown::commented(KEYS, KEYS_HEAD)),
    ] {
        let said = match make(&file, &text)? {
            true => "is made",
            false => "is there already and stays as it is",
        };
        say(&format!("{} {said}\n", file.display()));
    }
    Ok(())
}

/// Whether it was not there before.
fn make(file: &std::path::Path, text: &str) -> anyhow::Result<bool> {
    make_dir_of(file)?;
    let mut opened = match private_file().write(true).create_new(true).open(file) {
        Ok(opened) => opened,
        Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(e) => return Err(e).with_context(|| format!("{} cannot be made", file.display())),
    };
    opened.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(true)
}

/// What is in force, and where it comes from.
fn show(cli: &Cli, of_file: Config, paths: &Paths, changed: bool) -> anyhow::Result<()> {
    let (problems, taken) = match paths.config_file().map(Source::open) {
        None => (Vec::new(), Vec::new()),
        Some(Ok(source)) => {
            let (_, problems, taken) = Config::noted(&source);
            (problems, taken)
        }
        Some(Err(problem)) => (vec![problem], Vec::new()),
    };
    let place = paths.config_place().display().to_string();
    let mut config = hosting::settings(cli, of_file.clone());
    config.log.level = cli.log_level(config.log.level);
    let from = |setting: &Setting| {
        let name = setting.name();
        let line = taken.iter().find(|(known, _)| *known == name).map(|(_, line)| format!("{place}:{line}"));
        let said = setting.literal(&config) != setting.literal(&of_file);
        match (line, argument(cli, &name).filter(|_| said)) {
            (None, None) => "default".to_owned(),
            (Some(line), None) => line,
            (None, Some(argument)) => argument.to_owned(),
            (Some(line), Some(argument)) => format!("{argument}, over {line}"),
        }
    };
    let from = |setting: &Setting| match variable(setting) {
        Some(said) => format!("{}; {said}", from(setting)),
        None => from(setting),
    };
    let mut text = shown::text(&config, from);
    if changed {
        text = changed_only(&text);
    }
    say(&text);
    if problems.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = problems.iter().map(Problem::to_string).collect();
    bail!("what is wrong in your settings does not count:\n{}", words.join("\n"));
}

/// The argument that says this setting otherwise.
fn argument(cli: &Cli, name: &str) -> Option<&'static str> {
    Some(match name {
        "server.open" => "--open",
        "server.tls_cert" => "--tls-cert",
        "server.tls_key" => "--tls-key",
        "server.trusted_proxies" => "--trusted-proxy",
        "server.allowed_origins" => "--allow-origin",
        "server.names" => "--lan",
        "log.level" => return cli.log_argument(),
        _ => return None,
    })
}

/// What the environment says besides.
fn variable(setting: &Setting) -> Option<String> {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match setting.name().as_str() {
        "log.level" => said(FILTER_VAR).map(|_| format!("{FILTER_VAR} says it instead")),
        "ui.theme" => said("NO_COLOR").map(|_| "NO_COLOR is set: no colours".to_owned()),
        _ => None,
    }
}

/// Without the lines that are as they come, and the sections that have none then.
fn changed_only(text: &str) -> String {
    let mut out = String::new();
    for section in text.split("\n\n") {
        let kept: Vec<&str> = section.lines().filter(|line| !line.ends_with("  # default")).collect();
        if kept.len() > 1 {
            let gap = if out.is_empty() { "" } else { "\n" };
            out += &format!("{gap}{}\n", kept.join("\n"));
        }
    }
    out
}

/// Where everything is; of one thing its place alone, for scripts.
fn places(paths: &Paths, what: Option<Place>) -> String {
    let settings = paths.config_place();
    let all = [
        (Place::Settings, "settings", settings.to_owned()),
        (Place::Keymap, "keymap", settings.with_file_name("keys.toml")),
        (Place::Themes, "themes", paths.themes_dir()),
        (Place::Data, "data", paths.data_dir().to_owned()),
        (Place::History, "history of a host", paths.host_db()),
        (Place::Keys, "keys of names", paths.keys_dir()),
        (Place::Outbox, "not sent yet", paths.outbox_dir()),
        (Place::KnownHosts, "known hosts", paths.known_hosts()),
        (Place::State, "state", paths.state_dir().to_owned()),
        (Place::Log, "log", paths.log_file()),
    ];
    if let Some(what) = what {
        let found = all.iter().find(|(place, ..)| *place == what);
        return found.map_or_else(String::new, |(.., path)| format!("{}\n", path.display()));
    }
    let line = |(_, words, path): &(Place, &str, std::path::PathBuf)| {
        let there = if path.exists() { "" } else { "  (not there yet)" };
        format!("{words:18} {}{there}\n", path.display())
    };
    all.iter().map(line).collect()
}
