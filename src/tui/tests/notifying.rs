//! What calls somebody who does not look, and what does not.

use super::*;
use crate::config::{Notify, Quiet};

/// Rings, and what was told on the desktop, since it was last looked at.
fn calls(scene: &mut Scene) -> (usize, Vec<String>) {
    let taken = std::mem::take(&mut scene.wanted);
    let rings = taken.iter().filter(|effect| matches!(effect, Effect::Bell)).count();
    let told = taken.into_iter().filter_map(|effect| match effect {
        Effect::Notify { title, body } => Some(format!("{title}: {body}")),
        _ => None,
    });
    (rings, told.collect())
}

fn titles(scene: &mut Scene) -> Vec<String> {
    let taken = scene.wanted.extract_if(.., |effect| matches!(effect, Effect::Title(_)));
    taken.map(|effect| if let Effect::Title(title) = effect { title } else { String::new() }).collect()
}

fn later(scene: &mut Scene) {
    scene.up += Duration::from_secs(10);
}

#[test]
fn who_looks_is_not_called_and_who_does_not_is_once() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.said("lobby", "ben", "@ann here");
    assert_eq!(calls(&mut scene), (0, vec![]), "it is on the screen");
    scene.said("dev", "ben", "@ann there");
    assert_eq!(calls(&mut scene), (1, vec![]), "the terminal is looked at: it rings, and the desktop is left alone");
    scene.put(Input::Focus(false));
    scene.said("lobby", "ben", "@ann again");
    assert_eq!(calls(&mut scene).0, 0, "not twice in two seconds");
    later(&mut scene);
    scene.said("lobby", "ben", "@ann now\nand more");
    assert_eq!(calls(&mut scene), (1, vec!["ben in #lobby: @ann now".to_owned()]));
    later(&mut scene);
    scene.said("lobby", "ben", "nothing for anybody");
    assert_eq!(calls(&mut scene), (0, vec![]));
}

#[test]
fn rooms_have_levels_and_words_call_too() {
    let mut config = Config::builtin();
    config.ui.keywords = vec!["deploy".into(), "東京".into()];
    let mut scene = Scene::with(config, 80, 24).inside(&[("lobby", 0), ("dev", 0)]);
    scene.put(Input::Focus(false));
    for (text, rings) in [("a Deploy!", 1), ("redeployed", 0), ("明日、東京 へ", 1), ("ＤＥＰＬＯＹ", 1)] {
        later(&mut scene);
        scene.said("lobby", "ben", text);
        assert_eq!(calls(&mut scene).0, rings, "{text}");
    }
    scene.sends("/notify all");
    later(&mut scene);
    scene.said("lobby", "ben", "anything");
    assert_eq!(calls(&mut scene).0, 1);
    scene.sends("/notify nothing");
    later(&mut scene);
    scene.said("lobby", "ben", "@ann");
    assert_eq!(calls(&mut scene).0, 0);
    scene.sends("/notify loudly");
    assert!(scene.picture().contains("usage: /notify"));
}

#[test]
fn mutes_last_as_long_as_was_said_and_are_kept() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.press("Alt+M");
    assert!(
        scene.picture().contains("#lobby is muted") && scene.picture().contains("# lobby    ×"),
        "{}",
        scene.picture()
    );
    scene.press("Ctrl+N");
    scene.wanted.clear();
    scene.said("lobby", "ben", "@ann psst");
    scene.said("lobby", "ben", "and more");
    assert_eq!(calls(&mut scene).0, 0);
    assert!(scene.picture().contains("× @1"), "it is counted all the same:\n{}", scene.picture());
    scene.put(Input::Bye);
    let kept = scene.wanted.iter().rev().find_map(|effect| match effect {
        Effect::KeepDrafts(kept) => Some(kept.clone()),
        _ => None,
    });
    assert_eq!(kept.expect("it is kept").mutes.len(), 1);
    scene.sends("/mute soon");
    assert!(scene.picture().contains("“soon” is no time"));
    scene.press("Ctrl+U");
    // The scene's clock stands at 15:00; an hour is over for who restores it at 17:00.
    scene.sends("/mute 1h");
    assert!(scene.app.muted(&Target::Room(room("dev"))));
    scene.sends("/unmute");
    assert!(!scene.app.muted(&Target::Room(room("dev"))));
    scene.sends("/dnd");
    later(&mut scene);
    scene.put(Input::Focus(false));
    scene.said("dev", "ben", "@ann");
    assert_eq!(calls(&mut scene).0, 0);
    scene.sends("/dnd");
    later(&mut scene);
    scene.said("dev", "ben", "@ann");
    assert_eq!(calls(&mut scene).0, 1);
}

#[test]
fn at_quiet_hours_nothing_calls() {
    // The scene's clock says 15:00.
    for (from, to, rings) in [(14, 16, 0), (16, 14, 1), (22, 7, 1), (23, 16, 0)] {
        let mut config = Config::builtin();
        config.ui.quiet_hours = Some(Quiet { from: from * 60, to: to * 60 });
        config.ui.notify = Notify::All;
        let mut scene = Scene::with(config, 80, 24).inside(&[("lobby", 0)]);
        scene.put(Input::Focus(false));
        scene.said("lobby", "ben", "hm");
        assert_eq!(calls(&mut scene).0, rings, "{from} to {to}");
    }
}

#[test]
fn the_title_counts_and_tells_no_word() {
    let mut scene = Scene::alone(80, 24);
    scene.put(Input::Woke);
    assert_eq!(titles(&mut scene), ["wschat"]);
    let mut scene = scene.inside(&[("lobby", 0), ("dev", 0)]);
    scene.said("dev", "ben", "@ann a secret");
    scene.said("dev", "ben", "@ann another");
    scene.said("dev", "ben", "one more");
    assert_eq!(titles(&mut scene), ["(1) wschat", "(2) wschat"]);
    scene.press("Ctrl+N");
    assert_eq!(titles(&mut scene), ["wschat"]);
}
