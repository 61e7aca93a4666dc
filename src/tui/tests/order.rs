//! Order on the screen: commands that keep it, who keeps it, what was done, whom one ignores, and passwords nobody keeps.

use super::*;
use crate::protocol::rights::{Change, Deed, Order, Record as Line};
use crate::protocol::secret::Password;

fn order(deed: Deed, in_room: bool, secs: Option<u64>, why: &str) -> Command {
    let time = secs.map(Duration::from_secs);
    let room = in_room.then(|| room("lobby"));
    Command::Moderate(Order { deed, room, name: nick("ben"), time, why: Text::clean(why) })
}

fn set(change: Change) -> Command {
    Command::RoomSet { room: room("lobby"), change }
}

#[test]
fn commands_become_what_the_host_is_asked() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    let horse = Password::parse("horse");
    for (typed, asked) in [
        ("/kick @ben", order(Deed::Kick, true, None, "")),
        ("/ban ben 1h10m spam, again", order(Deed::Ban, true, Some(4200), "spam, again")),
        ("/ban host ben", order(Deed::Ban, false, None, "")),
        ("/mute @ben 5m", order(Deed::Mute, true, Some(300), "")),
        ("/unmute @ben", order(Deed::Unmute, true, None, "")),
        ("/op ben", order(Deed::Op, true, None, "")),
        ("/slow 30s", set(Change { slow: Some(Duration::from_secs(30)), ..Change::default() })),
        ("/slow off", set(Change { slow: Some(Duration::ZERO), ..Change::default() })),
        ("/readonly", set(Change { readonly: Some(true), ..Change::default() })),
        ("/private on", set(Change { private: Some(true), ..Change::default() })),
        ("/password horse", set(Change { password: Some(horse.clone()), ..Change::default() })),
        ("/password -", set(Change { password: Some(None), ..Change::default() })),
        ("/join #dev horse", Command::Join { room: room("dev"), password: horse }),
        ("/invite @ben", Command::RoomInvite { room: room("lobby"), name: nick("ben") }),
        ("/bans", Command::Bans { room: Some(room("lobby")) }),
        ("/bans host", Command::Bans { room: None }),
        ("/audit 20", Command::Audit { limit: Some(20) }),
    ] {
        scene.sends(typed);
        assert_eq!(scene.commands(), [asked], "{typed}");
    }
    scene.sends("/mute");
    assert!(scene.commands().is_empty() && scene.picture().contains("#lobby is muted"), "that is one's own");
}

#[test]
fn a_room_is_deleted_only_when_asked_twice() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.sends("/delete #dev");
    assert!(scene.commands().is_empty());
    assert!(scene.picture().contains("Delete #dev? Nothing brings it back"), "{}", scene.picture());
    scene.press("Enter");
    assert!(scene.commands().is_empty(), "what is asked first keeps it");
    scene.sends("/delete #dev");
    scene.press("Down Enter");
    assert_eq!(scene.commands(), [Command::RoomDelete { room: room("dev") }]);
}

#[test]
fn who_keeps_order_is_marked_and_what_was_done_is_told() {
    let mut scene = Scene::of(120, 24, &[("lobby", 0)]);
    let by = || Some(author("ann"));
    let told = |deed, time| Event::Moderated {
        deed,
        room: Some(room("lobby")),
        who: author("ben"),
        by: by(),
        time,
        why: Text::clean("spam"),
    };
    scene.hear(told(Deed::Op, None));
    let screen = scene.picture();
    assert!(screen.lines().any(|line| line.contains("ben") && line.trim_end().ends_with("op")), "{screen}");
    scene.hear(told(Deed::Mute, Some(Duration::from_secs(90))));
    assert!(scene.picture().contains("ben was muted in #lobby for 1m 30s (by ann): spam"), "{}", scene.picture());
    let settings = RoomSettings { readonly: true, slow: Duration::from_secs(30), ..RoomSettings::default() };
    scene.hear(Event::RoomSet { room: room("lobby"), settings, by: by() });
    let screen = scene.picture();
    assert!(screen.contains("#lobby: only operators speak, one line each in 30s (by ann)"), "{screen}");
}

#[test]
fn the_record_is_a_list() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    let line = |n: i64| Line {
        at: Timestamp(START + n * 60_000),
        by: Some(nick("ann")),
        deed: "ban".into(),
        room: Some(room("dev")),
        whom: Some(nick("ben")),
        until: Some(Timestamp(START + n * 60_000 + 3_600_000)),
        why: Text::clean("spam"),
    };
    scene.hear(Event::Audit { lines: (0..3).map(line).collect() });
    let screen = scene.picture();
    assert!(screen.contains("Record") && screen.contains("ann: ban @ben #dev for 1h: spam"), "{screen}");
    scene.press("Esc");
    scene.hear(Event::Audit { lines: Vec::new() });
    assert!(scene.picture().contains("nothing was done to keep order yet"));
}

#[test]
fn no_password_is_in_the_history_nor_among_the_drafts() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.sends("/join #dev correct horse");
    scene.press("Up");
    let screen = scene.picture();
    assert!(screen.contains("/join #dev") && !screen.contains("horse"), "{screen}");
    scene.press("Down");
    scene.types("/password battery");
    scene.up += Duration::from_secs(5);
    scene.put(Input::Woke);
    let kept = format!("{:?}", scene.wanted);
    assert!(!kept.contains("horse") && !kept.contains("battery"), "{kept}");
    scene.press("Enter");
    let sent = format!("{:?}", scene.commands());
    assert!(sent.contains("Password(…)") && !sent.contains("battery"), "no log prints it: {sent}");
}

#[test]
fn who_is_ignored_is_folded_away_and_calls_nobody() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.said("lobby", "ben", "before");
    scene.sends("/ignore @ben");
    scene.said("lobby", "ben", "loud and rude");
    scene.said("lobby", "cy", "calm");
    let screen = scene.picture();
    assert!(!screen.contains("loud") && !screen.contains("before") && screen.contains("calm"), "{screen}");
    assert!(screen.contains("(ignored)"));
    scene.put(Input::Focus(false));
    scene.wanted.clear();
    scene.up += Duration::from_secs(10);
    scene.said("dev", "ben", "@ann!");
    let rings = |scene: &Scene| scene.wanted.iter().filter(|effect| matches!(effect, Effect::Bell)).count();
    assert_eq!(rings(&scene), 0);
    scene.said("dev", "cy", "@ann!");
    assert_eq!(rings(&scene), 1);
    scene.up += Duration::from_secs(5);
    scene.put(Input::Woke);
    let kept = scene.wanted.iter().rev().find_map(|effect| match effect {
        Effect::KeepDrafts(kept) => Some(kept.ignored.clone()),
        _ => None,
    });
    assert_eq!(kept, Some(vec![(nick("ben"), person("ben"))]), "for the next start too");
    scene.sends("/unignore ben");
    assert!(scene.picture().contains("loud and rude"));
    scene.sends("/ignore @nobody");
    assert!(scene.picture().contains("nobody you have met here is called nobody"));
}

#[test]
fn who_is_put_out_reads_why_and_a_room_says_how_it_is_set() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.hear(Event::Moderated {
        deed: Deed::Kick,
        room: Some(room("dev")),
        who: author("ann"),
        by: Some(author("ben")),
        time: None,
        why: Text::clean("too loud"),
    });
    scene.hear(Event::Left { room: room("dev") });
    assert!(scene.picture().contains("you were put out of #dev (by ben): too loud"), "{}", scene.picture());
    let settings = RoomSettings { private: true, ..RoomSettings::default() };
    scene.hear(Event::RoomSet { room: room("lobby"), settings, by: None });
    let picture = scene.picture();
    assert!(picture.contains("Only who is invited knows of it"), "{picture}");
    let top = picture.lines().nth(2).unwrap_or_default().to_owned();
    assert!(top.contains("#lobby") && top.contains("private"), "{picture}");
}
