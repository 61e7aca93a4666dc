//! Every action of the table, by the key that it has: what it does to the picture, or what it wants done. The match below
//! has an arm for each of them, so that none can be added without its story.

use super::*;
use crate::tui::app::{Popup, Scroll};
use crate::tui::keys::{Action, Context};

/// Presses the key of an action.
fn press(scene: &mut Scene, action: Action) {
    let stroke = Keymap::builtin().keys_for(action)[0];
    for key in stroke.lead.into_iter().chain([stroke.key]) {
        scene.put(Input::Key(key));
    }
}

fn rooms() -> Scene {
    let names = ["lobby", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10"];
    Scene::of(80, 24, &names.map(|name| (name, 40)))
}

fn here(scene: &Scene) -> String {
    scene.app.here().map(ToString::to_string).unwrap_or_default()
}

fn picked(scene: &Scene) -> Option<u64> {
    scene.app.selection().map(|selection| selection.at.0)
}

/// A message of one's own (41), one with a link that answers it (42), and one of somebody else (43), with the last picked out.
fn picking() -> Scene {
    let mut scene = Scene::of(80, 24, &[("lobby", 40)]);
    scene.said("lobby", "ann", "my own words");
    let seq = scene.said("lobby", "ben", "see https://example.org/x");
    assert_eq!(seq, Seq(42));
    scene.said("lobby", "cy", "the last");
    scene.press("Shift+Tab");
    assert_eq!(picked(&scene), Some(43));
    scene.wanted.clear();
    scene
}

fn draft(scene: &Scene) -> String {
    scene.app.composer().lines().join("\n")
}

/// A draft of two lines, with the caret at the end of the second.
fn writing() -> Scene {
    let mut scene = Scene::of(80, 24, &[("lobby", 40)]);
    scene.types("one two");
    scene.press("Ctrl+J");
    scene.types("three four");
    scene
}

fn wants(scene: &Scene, what: fn(&Effect) -> bool) -> bool {
    scene.wanted.iter().any(what)
}

/// After the key and one letter, what is written.
fn then_x(action: Action, home: bool) -> String {
    let mut scene = writing();
    if home {
        scene.press("Home");
    }
    press(&mut scene, action);
    scene.types("X");
    draft(&scene)
}

/// What is left of the second line after the key.
fn left_of(action: Action, before: &str) -> String {
    let mut scene = writing();
    if !before.is_empty() {
        scene.press(before);
    }
    press(&mut scene, action);
    draft(&scene).lines().nth(1).unwrap_or_default().to_owned()
}

fn kept(scene: &Scene) -> bool {
    wants(scene, |effect| matches!(effect, Effect::Keep(_)))
}

#[test]
fn every_action_does_what_its_line_says() {
    for action in Action::ALL {
        println!("{action}");
        story(*action);
    }
}

fn story(action: Action) {
    match action {
        Action::NextRoom | Action::PreviousRoom => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert_eq!(here(&scene), if action == Action::NextRoom { "#r2" } else { "#r10" });
        }
        Action::NextNeedingYou | Action::PreviousNeedingYou => {
            let mut scene = rooms();
            scene.said("r3", "ben", "plain");
            scene.said("r7", "ben", "@ann look");
            press(&mut scene, action);
            assert_eq!(here(&scene), "#r7", "what mentions one comes first");
        }
        Action::LastRoom => {
            let mut scene = rooms();
            scene.press("Alt+4");
            press(&mut scene, action);
            assert_eq!(here(&scene), "#lobby");
        }
        Action::MuteRoom => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(scene.picture().contains("#lobby is muted"));
        }
        Action::GoTo => {
            let mut scene = rooms();
            press(&mut scene, action);
            scene.types("r5");
            scene.press("Enter");
            assert_eq!(here(&scene), "#r5");
        }
        Action::Room1
        | Action::Room2
        | Action::Room3
        | Action::Room4
        | Action::Room5
        | Action::Room6
        | Action::Room7
        | Action::Room8
        | Action::Room9
        | Action::Room10 => {
            let mut scene = rooms();
            scene.press("Alt+2");
            press(&mut scene, action);
            let at = action.room_index().expect("it is one of a room") + 1;
            assert_eq!(here(&scene), if at == 1 { "#lobby".to_owned() } else { format!("#r{at}") });
        }
        Action::Bare => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(!scene.picture().contains("ROOMS") && wants(&scene, |e| matches!(e, Effect::Mouse(false))));
        }
        Action::ToggleRooms => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(!scene.picture().contains("ROOMS"));
            press(&mut scene, action);
            assert!(scene.picture().contains("ROOMS"));
        }
        Action::TogglePeople => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(scene.picture().contains("HERE 3"));
        }
        Action::PageUp | Action::HalfPageUp | Action::ScrollUp | Action::Top => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(matches!(scene.app.scroll(), Scroll::At { .. }) && !scene.picture().contains("m40."));
        }
        Action::PageDown | Action::HalfPageDown | Action::ScrollDown => {
            let mut scene = rooms();
            scene.press("PgUp PgUp");
            let Scroll::At { seq, .. } = scene.app.scroll() else { panic!("it is scrolled up") };
            press(&mut scene, action);
            let below = match scene.app.scroll() {
                Scroll::At { seq: now, row } => now > seq || row < 5,
                Scroll::Bottom => true,
            };
            assert!(below, "{action}");
        }
        Action::Bottom => {
            let mut scene = rooms();
            scene.press("PgUp");
            press(&mut scene, action);
            assert_eq!(scene.app.scroll(), Scroll::Bottom);
        }
        Action::Find => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(matches!(scene.app.popup(), Popup::Find(find) if !find.everywhere));
            press(&mut scene, action);
            assert!(matches!(scene.app.popup(), Popup::Find(find) if find.everywhere));
        }
        Action::Mentions => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(matches!(scene.app.popup(), Popup::Find(find) if find.mentions));
        }
        Action::FirstUnread => {
            let mut scene = rooms();
            for n in 0..40 {
                scene.said("r2", "ben", &format!("new {n}"));
            }
            scene.press("Alt+2");
            scene.answer_pages();
            scene.press("Alt+End");
            assert!(!scene.picture().contains("new 0"));
            press(&mut scene, action);
            assert!(scene.picture().contains("new 0"), "{}", scene.picture());
        }
        Action::PreviousMention | Action::NextMention => {
            let mut scene = rooms();
            let seq = scene.said("lobby", "ben", "@ann look").0;
            scene.said("lobby", "ben", "and on");
            if action == Action::NextMention {
                scene.press("PgUp");
            }
            press(&mut scene, action);
            assert_eq!(picked(&scene), Some(seq));
        }
        Action::SelectMessage => assert_eq!(picked(&picking()), Some(43)),
        Action::EditLast => {
            let mut scene = picking();
            scene.press("Down");
            press(&mut scene, action);
            assert_eq!(draft(&scene), "my own words");
        }
        Action::SelectOlder | Action::SelectNewer | Action::SelectOldest | Action::SelectNewest => {
            let mut scene = picking();
            scene.press("Up Up");
            press(&mut scene, action);
            let wanted = match action {
                Action::SelectOlder => 40,
                Action::SelectNewer => 42,
                Action::SelectOldest => 1,
                _ => 43,
            };
            assert_eq!(picked(&scene), Some(wanted));
        }
        Action::Menu => {
            let mut scene = picking();
            press(&mut scene, action);
            assert!(scene.picture().contains("cy: the last") && scene.picture().contains("Answer it"));
        }
        Action::Reply => {
            let mut scene = picking();
            press(&mut scene, action);
            assert!(scene.picture().contains("to cy  the last"), "{}", scene.picture());
        }
        Action::Edit => {
            let mut scene = picking();
            scene.press("Up Up");
            press(&mut scene, action);
            assert_eq!(draft(&scene), "my own words");
        }
        Action::React => {
            let mut scene = picking();
            press(&mut scene, action);
            scene.types("tada");
            scene.press("Enter");
            assert!(kept(&scene));
        }
        Action::Delete => {
            let mut scene = picking();
            scene.press("Up Up");
            press(&mut scene, action);
            scene.press("Enter");
            assert!(kept(&scene));
        }
        Action::Copy | Action::CopyAddress => {
            let mut scene = picking();
            press(&mut scene, action);
            let wanted = if action == Action::Copy { "the last" } else { "http://localhost:8080/#lobby/43" };
            assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Copy(text) if text == wanted)));
        }
        Action::NextHit | Action::PreviousHit => {
            let mut scene = picking();
            press(&mut scene, action);
            assert!(scene.picture().contains("nothing was looked for"), "the way of it is told in `finding`");
        }
        Action::OpenLink => {
            let mut scene = picking();
            scene.press("Up");
            press(&mut scene, action);
            assert!(scene.wanted.iter().any(|e| matches!(e, Effect::Open(link) if link == "https://example.org/x")));
        }
        Action::ToOriginal => {
            let mut scene = picking();
            press(&mut scene, action);
            assert!(scene.picture().contains("it answers no other message"));
        }
        Action::ViewWhole => {
            let mut scene = picking();
            press(&mut scene, action);
            assert!(scene.picture().contains("1  the last"), "{}", scene.picture());
        }
        Action::Save => {
            let mut scene = picking();
            scene.press("v");
            assert!(scene.picture().contains("s save"), "{}", scene.picture());
            press(&mut scene, action);
            let named = |effect: &Effect| matches!(effect, Effect::Save(name, text) if name == "wschat-lobby-43.txt" && text == "the last");
            assert!(scene.wanted.iter().any(named));
            scene.put(Input::Saved(Ok("somewhere.txt".into())));
            scene.press("y");
            assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Copy(text) if text == "the last")));
        }
        Action::Mark => {
            let mut scene = picking();
            press(&mut scene, action);
            press(&mut scene, action);
            assert_eq!(scene.app.selection().map(|selection| selection.marked.len()), Some(2));
        }
        Action::Write => {
            let mut scene = picking();
            press(&mut scene, action);
            assert_eq!(picked(&scene), None);
        }
        Action::Info => {
            let mut scene = picking();
            press(&mut scene, action);
            assert!(scene.picture().contains("message 43 of #lobby"));
        }
        Action::Send => {
            let mut scene = writing();
            press(&mut scene, action);
            assert!(kept(&scene));
        }
        Action::Newline => {
            let mut scene = writing();
            press(&mut scene, action);
            assert_eq!(draft(&scene), "one two\nthree four\n");
        }
        Action::Complete | Action::CompletePrevious => {
            let mut scene = rooms();
            scene.types("/mu");
            scene.press("Tab");
            press(&mut scene, action);
            assert!(draft(&scene).starts_with("/m"), "{}", draft(&scene));
            assert_ne!(draft(&scene), "/mu");
        }
        Action::HistoryPrevious | Action::HistoryNext | Action::Up | Action::Down => {
            let mut scene = rooms();
            scene.sends("/away");
            scene.sends("/pin");
            scene.press("Up Up");
            assert_eq!(draft(&scene), "/away");
            match action {
                Action::HistoryNext | Action::Down => {
                    press(&mut scene, action);
                    assert_eq!(draft(&scene), "/pin");
                }
                _ => {
                    scene.press("Down Down");
                    press(&mut scene, action);
                    assert_eq!(draft(&scene), "/pin");
                }
            }
        }
        Action::SearchHistory => {
            let mut scene = rooms();
            scene.sends("/away");
            press(&mut scene, action);
            assert!(scene.picture().contains("What you sent before") && scene.picture().contains("/away"));
        }
        Action::Editor => {
            let mut scene = writing();
            press(&mut scene, action);
            assert!(scene.wanted.iter().any(|e| matches!(e, Effect::Editor(text) if text == "one two\nthree four")));
        }
        Action::Unsend => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(scene.picture().contains("nothing waits to be sent"), "the way of it is told in `others`");
        }
        Action::ClearDraft => {
            let mut scene = writing();
            press(&mut scene, action);
            assert_eq!(draft(&scene), "");
        }
        Action::Left => assert_eq!(then_x(action, false), "one two\nthree fouXr"),
        Action::Right => assert_eq!(then_x(action, true), "one two\ntXhree four"),
        Action::WordLeft => assert_eq!(then_x(action, false), "one two\nthree Xfour"),
        Action::WordRight => assert_eq!(then_x(action, true), "one two\nthree Xfour"),
        Action::LineStart => assert_eq!(then_x(action, false), "one two\nXthree four"),
        Action::LineEnd => assert_eq!(then_x(action, true), "one two\nthree fourX"),
        Action::DeleteBack => assert_eq!(left_of(action, ""), "three fou"),
        Action::DeleteForward => assert_eq!(left_of(action, "Home"), "hree four"),
        Action::DeleteWordBack => assert_eq!(left_of(action, ""), "three "),
        Action::DeleteWordForward => assert_eq!(left_of(action, "Home").trim_start(), "four"),
        Action::KillToStart => assert_eq!(left_of(action, ""), ""),
        Action::KillToEnd => assert_eq!(left_of(action, "Alt+B"), "three "),
        Action::Yank => {
            let mut scene = writing();
            scene.press("Ctrl+W Home");
            press(&mut scene, action);
            assert_eq!(draft(&scene), "one two\nfourthree ");
        }
        Action::Undo => {
            let mut scene = writing();
            scene.press("Ctrl+W");
            press(&mut scene, action);
            assert_eq!(draft(&scene), "one two\nthree four");
        }
        Action::Redo => {
            let mut scene = writing();
            scene.press("Ctrl+W Ctrl+_");
            press(&mut scene, action);
            assert_eq!(draft(&scene), "one two\nthree ");
        }
        Action::Retry => {
            let mut scene = rooms();
            scene.link(LinkEvent::Down { why: "cut".into(), retry_at: None });
            press(&mut scene, action);
            assert!(wants(&scene, |effect| matches!(effect, Effect::Dial)));
        }
        Action::Discard => {
            let mut scene = rooms();
            scene.sends("no good");
            let nonce = scene.commands().into_iter().find_map(|command| command.nonce());
            let code = crate::protocol::event::Code::TooLong;
            let refusal = crate::protocol::event::Refusal::new(code, "too long").about(nonce);
            scene.hear(Event::Refused(refusal));
            assert!(scene.picture().contains("not sent: too long"), "{}", scene.picture());
            press(&mut scene, action);
            assert!(!scene.picture().contains("no good"));
        }
        Action::Accept | Action::ListUp | Action::ListDown => {
            let mut scene = rooms();
            scene.press("Ctrl+G");
            press(&mut scene, action);
            match action {
                Action::Accept => assert!(matches!(scene.app.popup(), Popup::None) && here(&scene) == "#r2"),
                Action::ListDown => {
                    scene.press("Enter");
                    assert_eq!(here(&scene), "#r3");
                }
                _ => {
                    scene.press("Down Enter");
                    assert_eq!(here(&scene), "#r2", "up from the first is the last");
                }
            }
        }
        Action::CloseHelp | Action::Help => {
            let mut scene = rooms();
            scene.press("F1");
            assert!(matches!(scene.app.popup(), Popup::List { .. }));
            press(&mut scene, action);
            assert!(matches!(scene.app.popup(), Popup::None));
        }
        Action::Cancel => {
            let mut scene = rooms();
            scene.press("F1");
            press(&mut scene, action);
            assert!(matches!(scene.app.popup(), Popup::None));
        }
        Action::Redraw | Action::Suspend | Action::QuitNow => {
            let mut scene = rooms();
            press(&mut scene, action);
            let wanted = match action {
                Action::Redraw => wants(&scene, |effect| matches!(effect, Effect::Redraw)),
                Action::Suspend => wants(&scene, |effect| matches!(effect, Effect::Suspend)),
                _ => wants(&scene, |effect| matches!(effect, Effect::Quit)),
            };
            assert!(wanted);
        }
        Action::Quit => {
            let mut scene = rooms();
            press(&mut scene, action);
            assert!(!wants(&scene, |effect| matches!(effect, Effect::Quit)));
            press(&mut scene, action);
            assert!(wants(&scene, |effect| matches!(effect, Effect::Quit)));
        }
    }
}

#[test]
fn a_key_means_one_thing_wherever_one_is() {
    // The story above goes by the first key of each action; all others do the same by the keymap.
    let map = Keymap::builtin();
    for action in Action::ALL {
        for stroke in map.keys_for(*action) {
            let place = action.places().first().copied().unwrap_or(Context::Composer);
            assert_eq!(map.lookup(place, stroke.key), Some(*action), "{stroke}");
        }
    }
}
