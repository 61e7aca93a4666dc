//! The person's own files, settings, keys and themes: read again when they changed, and changed by one value when the person
//! says so on the screen. What a change means is the app's; what may stand in the files is `config`'s.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::keys::{Action, Keymap};
use super::theme::{BUILTIN, Colours, Theme};
use crate::config::settings::Setting;
use crate::config::{Config, edit};
use crate::paths::{Paths, make_dir_of, private_file};

/// Bytes of a file that are taken over when a value of it is changed: as many as are read.
const FILE_BYTES: u64 = 1 << 20;

/// Themes of one's own that are offered.
const THEMES: usize = 100;

/// Names tried for a file before it is given up.
const TRIES: usize = 1000;

/// What the files say.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Those of the screen, as they would be typed.
    pub values: Vec<(&'static Setting, String)>,
    /// The keys.
    pub keymap: Keymap,
    /// The colours.
    pub theme: Theme,
    /// Names of the themes there are.
    pub themes: Vec<String>,
}

/// The files.
pub struct Personal {
    settings: PathBuf,
    keys: PathBuf,
    themes: PathBuf,
    colours: Colours,
    /// When what was read last was written.
    read: Vec<Option<SystemTime>>,
}

impl Personal {
    /// Those of this person.
    pub fn new(paths: &Paths) -> Personal {
        let settings = paths.config_place().to_owned();
        let keys = settings.with_file_name("keys.toml");
        Personal { keys, settings, themes: paths.themes_dir(), colours: Colours::here(), read: Vec::new() }
    }

    /// Everything they say, and all that is wrong with them. `config` is what was read of the settings before, if it was.
    pub fn load(&mut self, config: Option<Config>) -> (Loaded, Vec<String>) {
        let here = |file: &Path| Some(file.to_owned()).filter(|file| file.exists());
        let (config, mut problems) = match config {
            Some(config) => (config, Vec::new()),
            None => Config::load(here(&self.settings).as_deref()),
        };
        let (theme, bad) = Theme::load(&config.ui.theme, Some(&self.themes), self.colours);
        problems.extend(bad);
        let (keymap, bad) = Keymap::load(&config.ui.keys, here(&self.keys).as_deref());
        problems.extend(bad);
        self.read = self.written(&config.ui.theme);
        let values = edit::values("ui", &text_of(&self.settings));
        let loaded = Loaded { config, values, keymap, theme, themes: self.themes() };
        (loaded, problems.iter().map(ToString::to_string).collect())
    }

    /// Everything again; or all that is wrong, and then nothing of it is to be used.
    pub fn reload(&mut self) -> Result<Loaded, Vec<String>> {
        match self.load(None) {
            (loaded, problems) if problems.is_empty() => Ok(loaded),
            (_, problems) => Err(problems),
        }
    }

    /// Whether a file was written since it was read.
    pub fn changed(&self, theme: &str) -> bool {
        self.written(theme) != self.read
    }

    fn written(&self, theme: &str) -> Vec<Option<SystemTime>> {
        let theme = self.themes.join(format!("{theme}.toml"));
        let written = |file: &Path| fs::metadata(file).and_then(|about| about.modified()).ok();
        [&self.settings, &self.keys, &theme].into_iter().map(|file| written(file)).collect()
    }

    /// A theme, to be looked at.
    pub fn theme(&self, name: &str) -> Option<Theme> {
        let (theme, problems) = Theme::load(name, Some(&self.themes), self.colours);
        problems.is_empty().then_some(theme)
    }

    /// Names of the themes there are: ours, then the person's.
    fn themes(&self) -> Vec<String> {
        let mut names: Vec<String> = BUILTIN.iter().map(|(name, _)| (*name).to_owned()).collect();
        let own = fs::read_dir(&self.themes).into_iter().flatten().flatten().take(THEMES);
        let mut own: Vec<String> = own
            .filter_map(|file| file.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
            .filter(|name| !names.contains(name))
            .collect();
        own.sort();
        names.append(&mut own);
        names
    }

    /// Writes a setting, as it stands in the file.
    pub fn set(&self, setting: &Setting, literal: &str) -> Result<(), String> {
        let text = edit::with(&text_of(&self.settings), setting.section, setting.key, literal)
            .map_err(|why| format!("{}: {why}", self.settings.display()))?;
        replace(&self.settings, &text)
    }

    /// Writes which keys do something; none: those that come with the program.
    pub fn bind(&self, action: Action, keys: &[String]) -> Result<(), String> {
        let own = text_of(&self.keys);
        let text = match keys {
            [] => edit::without(&own, action.name()),
            keys => {
                let list: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
                edit::with(&own, "", action.name(), &format!("[{}]", list.join(", ")))
            }
        };
        let text = text.map_err(|why| format!("{}: {why}", self.keys.display()))?;
        replace(&self.keys, &text)
    }
}

/// The text of a file, nothing when there is none that can be read.
fn text_of(file: &Path) -> String {
    let small = fs::metadata(file).is_ok_and(|about| about.len() <= FILE_BYTES);
    if small { fs::read_to_string(file).unwrap_or_default() } else { String::new() }
}

/// Puts a whole text in the place of a file, which is made when it is not there; the old one stays until the new one is
/// whole on the disk.
fn replace(file: &Path, text: &str) -> Result<(), String> {
    let said = |e: std::io::Error| format!("{} cannot be written: {e}", file.display());
    let fresh = file.with_extension("toml.new");
    make_dir_of(file).map_err(|e| e.to_string())?;
    let _ = fs::remove_file(&fresh);
    let mut new = private_file().write(true).open(&fresh).map_err(said)?;
    new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).map_err(said)?;
    if let Ok(about) = fs::metadata(file) {
        let _ = fs::set_permissions(&fresh, about.permissions());
    }
    fs::rename(&fresh, file).map_err(said)
}

/// Saves a text as a new file: one of this name that is there already is never written over.
pub fn save(dir: &Path, name: &str, text: &str) -> Result<String, String> {
    fs::create_dir_all(dir).map_err(|e| format!("{} cannot be made: {e}", dir.display()))?;
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for n in 1..TRIES {
        let name = if n == 1 { name.to_owned() } else { format!("{stem}-{n}.{end}") };
        let file = dir.join(name);
        match fs::OpenOptions::new().write(true).create_new(true).open(&file) {
            Ok(mut new) => {
                let written = new.write_all(text.as_bytes()).and_then(|()| new.write_all(b"\n"));
                return written.map(|()| file.display().to_string()).map_err(|e| format!("{}: {e}", file.display()));
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(format!("{} cannot be written: {e}", file.display())),
        }
    }
    Err(format!("there are too many of {name} in {} already", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_over() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let save = |text| save(&dir.path().join("new"), "wschat-x-1.txt", text).expect("it is saved");
        let (first, second) = (save("one"), save("two"));
        assert!(first.ends_with("wschat-x-1.txt") && second.ends_with("wschat-x-1-2.txt"), "{second}");
        assert_eq!(fs::read_to_string(first).expect("it is there"), "one\n");
    }

    #[test]
    fn what_is_changed_here_is_read_again_and_errors_change_nothing() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let file = dir.path().join("wschat.toml");
        fs::write(&file, "# mine\n[ui]\nbell = true\n").expect("a file of the test");
        let paths = Paths::new(Some(dir.path()), Some(&file)).expect("paths");
        let mut personal = Personal::new(&paths);
        assert!(personal.reload().is_ok() && !personal.changed("auto"));
        let bell = crate::config::settings::setting("ui.bell").expect("a setting");
        personal.set(bell, "false").expect("it is written");
        assert!(personal.changed("auto"));
        let loaded = personal.reload().expect("it is right");
        assert!(!loaded.config.ui.bell && loaded.values.iter().any(|(s, v)| s.key == "bell" && v == "false"));
        assert!(fs::read_to_string(&file).expect("it is there").starts_with("# mine\n"));
        personal.bind(Action::Help, &["F2".to_owned(), "Ctrl+X h".to_owned()]).expect("it is written");
        let keys = personal.reload().expect("it is right").keymap;
        assert_eq!(keys.keys_for(Action::Help).iter().map(ToString::to_string).collect::<Vec<_>>(), ["F2", "Ctrl+X h"]);
        personal.bind(Action::Help, &[]).expect("it is written");
        assert_eq!(personal.reload().expect("it is right").keymap, Keymap::builtin());
        fs::create_dir_all(dir.path().join("themes")).expect("a folder");
        fs::write(dir.path().join("themes/mine.toml"), "accent = \"red\"\n").expect("a theme");
        assert!(personal.reload().expect("it is right").themes.contains(&"mine".to_owned()));
        assert!(personal.theme("mine").is_some() && personal.theme("none").is_none());
        fs::write(&file, "[ui]\nbell = 3\ndensity = \"thick\"\n").expect("a file of the test");
        let problems = personal.reload().expect_err("two errors");
        assert_eq!(problems.len(), 2, "{problems:?}");
        fs::write(&file, "[ui\n").expect("a file of the test");
        let why = personal.set(bell, "true").expect_err("it would lose what stands there");
        assert!(why.contains("mend them first"), "{why}");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "[ui\n");
    }
}
