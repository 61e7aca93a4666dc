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
