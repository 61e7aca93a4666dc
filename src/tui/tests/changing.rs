//! Settings, themes and keys changed on the screen: keys in, pictures and lines for the person's files out.

use super::*;
use crate::config::edit;
use crate::tui::keys::Action;
use crate::tui::personal::Loaded;
use crate::tui::theme::BUILTIN;

/// What was to be written into the settings.
fn set(scene: &mut Scene) -> Option<(String, String)> {
    let found = scene.wanted.iter().rev().find_map(|effect| match effect {
        Effect::Set(setting, literal, _) => Some((setting.name(), literal.clone())),
        _ => None,
    });
    scene.wanted.clear();
    found
}

fn bound(scene: &mut Scene) -> Option<(Action, Vec<String>)> {
    let found = scene.wanted.iter().rev().find_map(|effect| match effect {
        Effect::Bind(action, keys, _) => Some((*action, keys.clone())),
        _ => None,
    });
    scene.wanted.clear();
    found
}

/// As the shell answers when the settings say this.
fn loaded(own: &str) -> Input {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let file = dir.path().join("wschat.toml");
    std::fs::write(&file, own).expect("a file of the test");
    let (config, problems) = Config::load(Some(&file));
    assert_eq!(problems, []);
    let (theme, _) = Theme::load(&config.ui.theme, None, Colours::Many);
    let keymap = Keymap::preset(&config.ui.keys);
    let themes = BUILTIN.iter().map(|(name, _)| (*name).to_owned()).collect();
    let values = edit::values("ui", own);
    Input::Loaded(Box::new(Loaded { config, values, keymap, theme, themes }), Some("done".into()))
}

fn tried(scene: &mut Scene) -> Vec<String> {
    let of = |effect: &Effect| match effect {
        Effect::TryTheme(name) => Some(name.clone()),
        _ => None,
    };
    let tried = scene.wanted.iter().filter_map(of).collect();
    scene.wanted.clear();
    tried
}

#[test]
fn a_setting_is_shown_changed_and_taken_over() {
    let mut scene = Scene::of(80, 24, &[("lobby", 9)]);
    scene.sends("/set density");
    let said = "ui.density is comfortable; it takes \"comfortable\" or \"compact\"";
    assert!(scene.picture().contains(said), "{}", scene.picture());
    scene.sends("/set density compact");
    assert_eq!(set(&mut scene), Some(("ui.density".into(), "\"compact\"".into())));
    let before = scene.picture();
    scene.put(loaded("[ui]\ndensity = \"compact\"\nascii = true\nmouse = false\n"));
    assert_ne!(before, scene.picture());
    assert!(scene.picture().contains("ann > write to #lobby"), "{}", scene.picture());
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Mouse(false))));
    for (typed, said) in [
        ("/set densty compact", "there is no setting \"densty\", did you mean \"density\"?"),
        ("/set density tight", "takes \"comfortable\" or \"compact\", not \"tight\""),
        ("/set away_after soon", "takes a time"),
        ("/set limits.rooms 3", "there is no setting"),
    ] {
        scene.press("Ctrl+C");
        scene.sends(typed);
        assert!(scene.picture().contains(said), "{typed}: {}", scene.picture());
        assert_eq!(set(&mut scene), None, "{typed}");
    }
}

#[test]
fn settings_are_in_the_list_that_goes_everywhere() {
    let mut scene = Scene::of(80, 24, &[("lobby", 9)]);
    scene.press("Ctrl+G");
    scene.types(">setting bell");
    assert!(scene.picture().contains("setting bell"), "{}", scene.picture());
    scene.press("Enter");
    assert_eq!(set(&mut scene), Some(("ui.bell".into(), "false".into())), "a yes or no is turned over");
    scene.press("Ctrl+G");
    scene.types("setting density");
    scene.press("Enter");
    insta::assert_snapshot!("words_to_choose_from", scene.picture());
    scene.press("Down Enter");
    assert_eq!(set(&mut scene), Some(("ui.density".into(), "\"compact\"".into())));
    scene.press("Ctrl+G");
    scene.types("setting away after");
    scene.press("Enter");
    assert!(scene.picture().contains("ann › /set away_after 10m"), "{}", scene.picture());
    scene.press("Ctrl+C");
    scene.sends("/set");
    assert!(scene.picture().contains("Settings") && scene.picture().contains("setting theme"));
}

#[test]
fn a_theme_is_seen_before_it_is_chosen() {
    let mut scene = Scene::of(80, 24, &[("lobby", 9)]);
    let before = scene.app.style(crate::tui::theme::Role::Accent);
    scene.sends("/theme");
    insta::assert_snapshot!("themes", scene.picture());
    scene.press("Down Down");
    let names = tried(&mut scene);
    assert_eq!(names.len(), 2);
    let (theme, _) = Theme::load("paper", None, Colours::Many);
    scene.put(Input::Themed(theme));
    assert_ne!(scene.app.style(crate::tui::theme::Role::Accent), before);
    scene.press("Esc");
    assert_eq!(scene.app.style(crate::tui::theme::Role::Accent), before, "left without a choice it is as before");
    scene.sends("/theme");
    scene.types("paper");
    assert_eq!(tried(&mut scene).last().map(String::as_str), Some("paper"));
    scene.press("Enter");
    assert_eq!(set(&mut scene), Some(("ui.theme".into(), "\"paper\"".into())));
    scene.sends("/theme dusk");
    assert_eq!(set(&mut scene), Some(("ui.theme".into(), "\"dusk\"".into())));
}

#[test]
fn errors_of_the_files_are_listed_and_the_screen_stays_as_it_was() {
    let mut scene = Scene::of(80, 24, &[("lobby", 9)]);
    let before = scene.app.style(crate::tui::theme::Role::Accent);
    scene.sends("/reload");
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Reload { asked: true })));
    scene.put(Input::NotLoaded(vec![
        "wschat.toml:3: ui.bell: takes true or false, not 3".into(),
        "keys.toml:1: x".into(),
    ]));
    let picture = scene.picture();
    assert!(picture.contains("wschat.toml:3: ui.bell") && picture.contains("keys.toml:1: x"), "{picture}");
    assert!(picture.contains("goes on as it was"), "{picture}");
    scene.press("Esc");
    assert_eq!(scene.app.style(crate::tui::theme::Role::Accent), before);
    scene.put(Input::NotSet("wschat.toml cannot be written: read-only".into()));
    assert!(scene.picture().contains("cannot be written"));
    scene.wanted.clear();
    scene.put(Input::Focus(false));
    scene.put(Input::Focus(true));
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Reload { asked: false })), "back from an editor");
}

#[test]
fn something_gets_another_key() {
    let mut scene = Scene::of(80, 24, &[("lobby", 9)]);
    scene.sends("/keys");
    scene.types("show or close the help");
    scene.press("Enter");
    insta::assert_snapshot!("press_a_key", scene.picture());
    scene.press("F2");
    assert_eq!(bound(&mut scene), Some((Action::Help, vec!["F2".into(), "F1".into(), "Alt+?".into()])));
    let mut choose = |what: &str, key: &str| {
        scene.sends("/keys");
        scene.types(what);
        scene.press("Enter");
        scene.press(key);
        let said = scene.picture().lines().last().map(str::trim).unwrap_or_default().to_owned();
        (bound(&mut scene), said)
    };
    assert_eq!(choose("show or close the help", "Esc").0, None);
    assert_eq!(choose("show or close the help", "Backspace").0, Some((Action::Help, Vec::new())), "as it comes");
    let (taken, said) = choose("show or close the help", "Ctrl+L");
    assert!(taken.is_none() && said.starts_with("Ctrl+L is there for “Draw the screen anew”"), "{said}");
    let (taken, said) = choose("show or close the help", "x");
    assert!(taken.is_none() && said.contains("x is what one types"), "{said}");
}

#[test]
fn two_keys_one_after_the_other_say_what_may_follow() {
    let mut scene = Scene::of(100, 24, &[("lobby", 9)]);
    scene.put(loaded("[ui]\nkeys = \"emacs\"\n"));
    scene.press("Ctrl+X");
    let hints = scene.picture().lines().last().unwrap_or_default().to_owned();
    assert!(hints.contains("^X then") && hints.contains("b go to"), "{hints}");
    scene.press("b");
    assert!(scene.picture().contains("Go to"), "{}", scene.picture());
    scene.press("Ctrl+G");
    scene.types("draft");
    scene.press("Ctrl+X Ctrl+E");
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Editor(text) if text == "draft")));
    scene.press("Ctrl+X z");
    assert!(scene.picture().contains("Ctrl+X z does nothing") && scene.picture().contains("ann › draft"));
    scene.press("Ctrl+B Ctrl+B");
    scene.types("!");
    assert!(scene.picture().contains("dra!ft"));
}

#[test]
fn with_the_keys_of_vim_escape_leads_to_the_messages() {
    let mut scene = Scene::of(80, 24, &[("lobby", 9)]);
    scene.put(loaded("[ui]\nkeys = \"vim\"\n"));
    let escape = |scene: &mut Scene| {
        scene.press("Esc");
        scene.up += Duration::from_millis(60);
        scene.put(Input::Woke);
    };
    scene.types("half");
    escape(&mut scene);
    assert_eq!(scene.app.selection().map(|selection| selection.at), Some(Seq(9)));
    scene.types("zkk");
    assert_eq!(scene.app.selection().map(|selection| selection.at), Some(Seq(7)), "letters are commands, or nothing");
    scene.types("gg");
    assert_eq!(scene.app.selection().map(|selection| selection.at), Some(Seq(1)));
    scene.types("G");
    escape(&mut scene);
    assert!(scene.app.selection().is_some());
    scene.types("yy");
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Copy(_))));
    scene.types("i!");
    assert!(scene.app.selection().is_none() && scene.picture().contains("half!"), "{}", scene.picture());
}
