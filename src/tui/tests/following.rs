//! Drafts, mutes and pins on two screens of one person: what goes to the host when, and what comes in over what.

use super::*;
use crate::protocol::memo::{Memo, MemoName};

fn memo(name: &str, text: &str) -> Memo {
    Memo { name: MemoName::parse(name).expect("a name"), text: Text::clean(text) }
}

/// The host tells all it has.
fn has(scene: &mut Scene, memos: &[(&str, &str)]) {
    let memos = memos.iter().map(|(name, text)| memo(name, text)).collect();
    scene.link(LinkEvent::Answered(1, Event::Memos(memos)));
}

/// Another screen has changed this.
fn elsewhere(scene: &mut Scene, name: &str, text: &str) {
    scene.hear(Event::Memos(vec![memo(name, text)]));
}

/// What went to the host by the time that nothing more is written.
fn told(scene: &mut Scene) -> Vec<String> {
    scene.up += Duration::from_secs(4);
    scene.put(Input::Woke);
    let memos = scene.commands().into_iter().filter_map(|command| match command {
        Command::Memo(memo) => Some(format!("{}={}", memo.name.as_str(), memo.text.as_str())),
        _ => None,
    });
    memos.collect()
}

fn written(scene: &Scene) -> String {
    scene.app.composer().lines().join("\n")
}

#[test]
fn what_is_written_and_set_goes_to_the_host_when_one_pauses() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.types("half a");
    assert_eq!(told(&mut scene), [""; 0], "what the host has is not known yet");
    has(&mut scene, &[]);
    assert_eq!(told(&mut scene), ["draft:#lobby=half a"]);
    scene.types(" sentence");
    scene.put(Input::Woke);
    assert_eq!(scene.commands().len(), 0, "one is still writing");
    // Who looks away may look at the other screen next.
    scene.put(Input::Focus(false));
    assert_eq!(scene.commands(), [Command::Memo(memo("draft:#lobby", "half a sentence"))]);
    scene.press("Enter");
    scene.keep();
    assert_eq!(told(&mut scene), ["draft:#lobby="]);
    scene.sends("/mute");
    assert_eq!(told(&mut scene), ["mute:#lobby=always"]);
    scene.sends("at once");
    assert_eq!(told(&mut scene), [""; 0], "what was never told need not be taken back");
}

#[test]
fn what_another_screen_changed_comes_in_unless_it_was_changed_here() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    has(&mut scene, &[("draft:#lobby", "from the desk"), ("mute:#dev", "always"), ("pinned", "#dev")]);
    assert_eq!(written(&scene), "from the desk");
    let dev = Target::Room(room("dev"));
    assert!(scene.app.muted(&dev));
    elsewhere(&mut scene, "draft:#lobby", "from the desk, and more");
    assert_eq!(written(&scene), "from the desk, and more");
    assert_eq!(told(&mut scene), [""; 0], "it is nothing new to the host");
    scene.types("!");
    elsewhere(&mut scene, "draft:#lobby", "something else");
    assert_eq!(written(&scene), "from the desk, and more!");
    assert_eq!(told(&mut scene), ["draft:#lobby=from the desk, and more!"]);
    elsewhere(&mut scene, "draft:#lobby", "");
    assert_eq!(written(&scene), "");
    elsewhere(&mut scene, "mute:#dev", "");
    assert!(!scene.app.muted(&dev));
    for nonsense in [("draft:", "x"), ("mute:?", "x"), ("level:#dev", "nonsense"), ("pinned", "? #"), ("later", "x")] {
        elsewhere(&mut scene, nonsense.0, nonsense.1);
    }
    assert_eq!(written(&scene), "");
}

#[test]
fn what_went_meanwhile_is_gone_after_a_cut_and_what_was_done_meanwhile_is_told() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    has(&mut scene, &[("mute:#dev", "always"), ("draft:#lobby", "old")]);
    scene.link(LinkEvent::Down { why: "gone".into(), retry_at: None });
    scene.types("er");
    assert_eq!(told(&mut scene), [""; 0]);
    scene.hear(Event::Resumed { places: vec![place("lobby", 0), place("dev", 0)] });
    has(&mut scene, &[("draft:#lobby", "old")]);
    assert!(!scene.app.muted(&Target::Room(room("dev"))), "unmuted elsewhere");
    assert_eq!((written(&scene).as_str(), told(&mut scene)), ("older", vec!["draft:#lobby=older".to_owned()]));
}

#[test]
fn nothing_follows_when_it_is_turned_off() {
    let mut config = Config::builtin();
    config.ui.follow = false;
    let mut scene = Scene::with(config, 80, 24).inside(&[("lobby", 0)]);
    has(&mut scene, &[("draft:#lobby", "from the desk")]);
    scene.types("mine");
    assert_eq!((written(&scene).as_str(), told(&mut scene).len()), ("mine", 0));
}
