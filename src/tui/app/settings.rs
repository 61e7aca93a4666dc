//! Settings, keys and themes changed on the screen: what is asked for becomes a line of the person's own file, and the screen
//! takes it over when it is written. Reading and writing is the shell's.

use super::super::keys::{Action, Context, Key, Stroke};
use super::super::personal::Loaded;
use super::super::theme::{Role, Theme};
use super::pick::{Choice, Item};
use super::{App, Effect, Popup};
use crate::config::edit;
use crate::config::settings::{Kind, SETTINGS, Setting, setting};

impl App {
    /// The settings of the screen, as lines of a list.
    pub(super) fn setting_items(&self) -> Vec<Item> {
        let item = |(setting, value): &(&'static Setting, String)| Item {
            label: format!("setting {}", setting.key.replace('_', " ")),
            detail: value.clone(),
            choice: Choice::Setting(setting),
        };
        self.look.values.iter().map(item).collect()
    }

    /// `/set`: shows a setting, or changes it.
    pub(super) fn set_command(&mut self, name: Option<&str>, value: Option<&str>) {
        let Some(name) = name else {
            let items = self.setting_items();
            return self.pick("Settings".to_owned(), items);
        };
        let found = setting(name).or_else(|| setting(&format!("ui.{name}"))).filter(|setting| setting.section == "ui");
        let Some(found) = found else {
            let near = SETTINGS.iter().filter(|setting| setting.section == "ui").map(|setting| setting.key);
            let text = format!("there is no setting {name:?}{}", crate::config::file::hint(name, near));
            return self.say(text, Role::Error);
        };
        match value {
            Some(value) => self.set(found, value),
            None => {
                let value = self.value_of(found);
                self.say(format!("{} is {value}; it takes {}", found.name(), found.takes()), Role::Text);
            }
        }
    }

    fn value_of(&self, of: &Setting) -> String {
        let value = self.look.values.iter().find(|(setting, _)| setting.key == of.key).map(|(_, value)| value.clone());
        match value.unwrap_or_default() {
            empty if empty.is_empty() => "nothing".to_owned(),
            value => value,
        }
    }

    /// Changes a setting, here and for the next start.
    pub(super) fn set(&mut self, setting: &'static Setting, typed: &str) {
        match self.look.config.with(setting, typed) {
            Err(why) => self.say(why, Role::Error),
            Ok(_) => {
                let said = format!("{} is {} now, and from the next start on", setting.name(), typed.trim());
                self.effects.push(Effect::Set(setting, edit::literal(setting, typed), said));
            }
        }
    }

    /// A setting was chosen from a list: it is turned over, chosen from its words, or typed.
    pub(super) fn setting_chosen(&mut self, setting: &'static Setting) {
        let value = self.look.values.iter().find(|(one, _)| one.key == setting.key).map_or("", |(_, value)| value);
        let value = value.to_owned();
        match &setting.kind {
            Kind::Flag(..) => self.set(setting, if value == "true" { "false" } else { "true" }),
            Kind::Choice(words, ..) => {
                let item = |word: &&'static str| Item {
                    label: (*word).to_owned(),
                    detail: if **word == *value { "now".to_owned() } else { String::new() },
                    choice: Choice::Set(setting, (*word).to_owned()),
                };
                let items = words.iter().map(item).collect();
                self.pick(setting.name(), items);
            }
            Kind::Text(..) if setting.key == "theme" => self.pick_theme(),
            _ => self.write_instead(&format!("/set {} {value}", setting.key)),
        }
    }

    /// `/theme`: the themes, each shown while it is under the bar.
    pub(super) fn pick_theme(&mut self) {
        let now = self.look.config.ui.theme.clone();
        let Some(theme) = setting("ui.theme") else { return };
        let mut names = self.look.themes.clone();
        names.insert(0, "auto".to_owned());
        // What is in use comes first, so that opening the list changes nothing.
        names.sort_by_key(|name| *name != now);
        let item = |name: String| Item {
            detail: if name == now { "now".to_owned() } else { String::new() },
            choice: Choice::Set(theme, name.clone()),
            label: name,
        };
        let items = names.into_iter().map(item).collect();
        self.pick("Theme".to_owned(), items);
        self.before_look = Some(self.look.theme.clone());
    }

    /// Something else is under the bar of a list: of themes it is shown.
    pub(super) fn preview(&mut self) {
        if self.before_look.is_none() {
            return;
        }
        let Popup::Pick(pick) = &self.popup else { return };
        if let Some(Choice::Set(_, name)) = pick.chosen() {
            let name = name.clone();
            self.effects.push(Effect::TryTheme(name));
        }
    }

    /// The list is left without a choice: as it was before.
    pub(super) fn end_preview(&mut self) {
        if let Some(before) = self.before_look.take() {
            self.look.theme = before;
        }
    }

    pub(super) fn themed(&mut self, theme: Theme) {
        if self.before_look.is_some() {
            self.look.theme = theme;
        }
    }

    /// What the files say now.
    pub(super) fn loaded(&mut self, loaded: Loaded, said: Option<String>) {
        let Loaded { config, values, keymap, theme, themes } = loaded;
        self.before_look = None;
        self.glyphs = super::Glyphs::new(config.ui.ascii);
        if self.look.config.ui.mouse != config.ui.mouse {
            self.mouse = config.ui.mouse;
            self.effects.push(Effect::Mouse(self.mouse));
        }
        self.chat.set_scrollback(config.ui.scrollback);
        (self.look.config, self.look.values, self.look.keymap) = (config, values, keymap);
        (self.look.theme, self.look.themes) = (theme, themes);
        if let Some(said) = said {
            self.say(said, Role::Ok);
        }
    }

    /// The files have errors: the screen goes on as it was.
    pub(super) fn not_loaded(&mut self, mut problems: Vec<String>) {
        self.end_preview();
        problems.push(String::new());
        problems.push(" Nothing of this is used until it is mended; the screen goes on as it was.".to_owned());
        self.warn(problems);
    }

    /// `/keys`: every action with its keys; the chosen one waits for a new key.
    pub(super) fn pick_key(&mut self) {
        let item = |action: &Action| {
            let keys: Vec<String> = self.look.keymap.keys_for(*action).iter().map(ToString::to_string).collect();
            Item { label: action.line().to_owned(), detail: keys.join(", "), choice: Choice::Bind(*action) }
        };
        let items = Action::ALL.iter().map(item).collect();
        self.pick("Keys: choose what to give another key".to_owned(), items);
    }

    /// The key that is to do it.
    pub(super) fn press_for(&mut self, action: Action) {
        self.popup = Popup::Press(action);
    }

    /// A key while one is waited for.
    pub(super) fn pressed_for(&mut self, action: Action, key: Key) {
        self.popup = Popup::None;
        let named = key.to_string();
        if self.look.keymap.lookup(Context::Dialog, key) == Some(Action::Cancel) {
            return;
        }
        if self.look.keymap.lookup(Context::Composer, key) == Some(Action::DeleteBack) {
            let said = format!("{action} has the keys again that come with wschat");
            return self.effects.push(Effect::Bind(action, Vec::new(), said));
        }
        if let Err(why) = super::super::keys::keymap::allowed(action, &named) {
            return self.say(why, Role::Error);
        }
        if let Some(other) = self.look.keymap.taken(action, Stroke::from(key)) {
            let text = format!("{named} is there for “{}”; give that another key first", other.line());
            return self.say(text, Role::Error);
        }
        let old = self.look.keymap.keys_for(action).iter().map(ToString::to_string).filter(|old| *old != named);
        let keys: Vec<String> = std::iter::once(named.clone()).chain(old).collect();
        let said = format!("{named}: {}", action.line());
        self.effects.push(Effect::Bind(action, keys, said));
    }
}
