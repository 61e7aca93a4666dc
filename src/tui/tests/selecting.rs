//! Messages picked out by key, and what is done with them; the list of where one can go.

use super::*;
use crate::protocol::entry::Emoji;

/// What the app wants to copy or open.
fn handed(scene: &mut Scene) -> Vec<String> {
    let taken = std::mem::take(&mut scene.wanted);
    let texts = taken.into_iter().filter_map(|effect| match effect {
        Effect::Copy(text) | Effect::Open(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

fn talked() -> Scene {
    let mut scene = Scene::of(80, 24, &[("lobby", 0), ("dev", 0)]);
    scene.said("lobby", "ben", "the build is red again");
    scene.said("lobby", "ann", "see https://example.org/a(1), and http://example.org/b.");
    scene.said("lobby", "ben", "was it the lock file?");
    scene.wanted.clear();
    scene
}

#[test]
fn an_answer_quotes_what_it_answers() {
    let mut scene = talked();
    scene.press("Shift+Tab");
    assert!(scene.picture().contains("▌  was it the lock file?"), "{}", scene.picture());
    scene.press("k k r");
    assert!(scene.picture().contains("to ben  the build is red again"), "{}", scene.picture());
    scene.sends("not any more");
    let commands = scene.commands();
    assert!(
        matches!(&commands[..], [Command::Say { reply_to: Some(Seq(1)), text, .. }] if text.as_str() == "not any more"),
        "{commands:?}"
    );
    assert!(!scene.picture().contains("╭ to ben"), "the next line answers nothing:\n{}", scene.picture());
    insta::assert_snapshot!(scene.picture());
}

#[test]
fn esc_drops_an_answer_and_what_was_written_stays() {
    let mut scene = talked();
    scene.press("Shift+Tab r");
    scene.types("hm");
    scene.press("Esc");
    scene.up += Duration::from_millis(60);
    scene.put(Input::Woke);
    assert!(!scene.picture().contains("to ben"));
    scene.press("Enter");
    scene.keep();
    assert!(matches!(&scene.commands()[..], [Command::Say { reply_to: None, .. }]));
}

#[test]
fn ones_own_words_are_edited_and_the_draft_comes_back() {
    let mut scene = talked();
    scene.types("draft");
    scene.press("Alt+E");
    assert!(scene.picture().contains("edit: ann  see https"), "{}", scene.picture());
    scene.press("Ctrl+U");
    scene.sends("never mind");
    let commands = scene.commands();
    assert!(
        matches!(&commands[..], [Command::Edit { of: Seq(2), text, .. }] if text.as_str() == "never mind"),
        "{commands:?}"
    );
    assert!(scene.picture().contains("› draft"), "{}", scene.picture());
    // Given up, it comes back too; and of others' words nothing can be edited.
    scene.press("Alt+E Esc");
    scene.up += Duration::from_millis(60);
    scene.put(Input::Woke);
    assert!(scene.picture().contains("› draft"));
    scene.press("Shift+Tab e");
    assert!(scene.picture().contains("only what you said yourself"));
    assert!(scene.commands().is_empty());
}

#[test]
fn a_slip_is_mended_by_substitution() {
    let mut scene = talked();
    scene.sends("s/b./c/");
    let sent = scene.commands();
    assert!(matches!(&sent[..], [Command::Edit { of: Seq(2), text, .. }]
        if text.as_str() == "see https://example.org/a(1), and http://example.org/c"));
    scene.acked(&sent[0], 4);
    scene.sends("s/e/E/g");
    let sent = scene.commands();
    assert!(matches!(&sent[..], [Command::Edit { text, .. }] if text.as_str().starts_with("sEE https")));
    scene.acked(&sent[0], 5);
    scene.sends("s/nowhere/x/");
    assert!(scene.picture().contains("“nowhere” is not in your last message"));
    assert!(scene.commands().is_empty());
    scene.press("Ctrl+U");
    scene.sends("s/he or they");
    assert!(matches!(&scene.commands()[..], [Command::Say { .. }]), "what only looks like one is said");
    scene.sends("/edit all new");
    assert!(matches!(&scene.commands()[..], [Command::Edit { text, .. }] if text.as_str() == "all new"));
}

#[test]
fn deleting_asks_and_takes_several() {
    let mut scene = talked();
    scene.said("lobby", "ann", "one");
    scene.said("lobby", "ann", "two");
    scene.wanted.clear();
    scene.press("Shift+Tab d");
    assert!(scene.picture().contains("Delete “two” for everybody?"), "{}", scene.picture());
    scene.press("Esc d Down Enter");
    scene.keep();
    assert!(scene.commands().is_empty(), "kept");
    scene.press("Space Space d Enter");
    scene.keep();
    let commands = scene.commands();
    assert!(
        matches!(&commands[..], [Command::Delete { of: Seq(4), .. }, Command::Delete { of: Seq(5), .. }]),
        "{commands:?}"
    );
    scene.press("Home d");
    assert!(scene.picture().contains("only what you said yourself"));
}

#[test]
fn reacting_again_takes_it_back() {
    let mut scene = talked();
    scene.press("Shift+Tab +");
    scene.types("tada");
    assert!(scene.picture().contains("🎉 tada"), "{}", scene.picture());
    scene.press("Enter");
    scene.keep();
    let party = Emoji::parse("🎉").expect("an emoji");
    let sent = scene.commands();
    assert!(matches!(&sent[..], [Command::React { of: Seq(3), emoji, on: true, .. }] if *emoji == party));
    let change = Entry {
        conversation: Conversation::Room(room("lobby")),
        to: Target::Room(room("lobby")),
        seq: Seq(4),
        at: Timestamp(START + 300_000),
        from: author("ann"),
        what: What::Reacted { of: Seq(3), emoji: party.clone() },
        nonce: sent[0].nonce(),
        mentions: Vec::new(),
    };
    scene.hear(Event::Entry(std::sync::Arc::new(change)));
    assert!(scene.picture().contains("🎉 1"), "{}", scene.picture());
    scene.press("+");
    scene.types("tada");
    scene.press("Enter");
    scene.keep();
    assert!(matches!(&scene.commands()[..], [.., Command::React { on: false, .. }]));
    scene.press("i");
    assert!(scene.picture().contains("🎉 ann"), "{}", scene.picture());
}

#[test]
fn texts_are_copied_and_links_opened() {
    let mut scene = talked();
    scene.press("Shift+Tab y");
    assert_eq!(handed(&mut scene), ["was it the lock file?"]);
    scene.press("Space Space y");
    assert_eq!(
        handed(&mut scene),
        ["14:02 ann: see https://example.org/a(1), and http://example.org/b.\n14:03 ben: was it the lock file?"]
    );
    scene.press("Esc Shift+Tab Home Down o");
    assert!(scene.picture().contains("http://example.org/b "), "{}", scene.picture());
    scene.press("Enter");
    assert_eq!(handed(&mut scene), ["https://example.org/a(1)"]);
    scene.put(Input::NotOpened("https://example.org/".into()));
    assert_eq!(handed(&mut scene), ["https://example.org/"], "without a browser it is copied");
}

#[test]
fn markup_is_read_and_what_is_folded_is_read_whole() {
    let mut scene = Scene::of(80, 40, &[("lobby", 0)]);
    scene.said(
        "lobby",
        "ben",
        "**bold**, *slanted* and `code`, see https://example.org/a/long/path/that/goes/over/the/edge.",
    );
    scene.said(
        "lobby",
        "cy",
        "> was it the lock file?\nno:\n- one thing\n- and another that is so long that it has to hang under itself",
    );
    scene.said("lobby", "ben", "```rust\nfn main() {\n    println!(\"hi\");\n}\n```\nit was ||the parser||");
    let many: Vec<String> = (1..=40).map(|n| format!("\tline {n}")).collect();
    scene.said("lobby", "cy", &format!("```\n{}\n```", many.join("\n")));
    insta::assert_snapshot!(scene.picture());
    scene.press("Shift+Tab k");
    assert!(scene.picture().contains("it was the parser"), "picked out, it is revealed:\n{}", scene.picture());
    scene.press("j v");
    assert!(scene.picture().contains("  2      line 1"), "{}", scene.picture());
    scene.press("Alt+End");
    assert!(scene.picture().contains("line 40"), "{}", scene.picture());
}

#[test]
fn the_menu_says_all_that_can_be_done() {
    let mut scene = talked();
    scene.press("Shift+Tab k Enter");
    insta::assert_snapshot!(scene.picture());
    scene.types("copy");
    scene.press("Enter");
    assert_eq!(handed(&mut scene).len(), 1);
}

#[test]
fn what_comes_in_moves_nothing_under_the_eye_and_typing_goes_on() {
    let mut scene = Scene::of(80, 24, &[("lobby", 300)]);
    scene.press("Shift+Tab k k");
    let row = |scene: &Scene| scene.picture().lines().position(|line| line.contains('▌') && line.contains('m'));
    let before = row(&scene);
    assert!(before.is_some(), "{}", scene.picture());
    for n in 0..50 {
        scene.said("lobby", "ben", &format!("news {n}"));
    }
    assert_eq!(row(&scene), before, "{}", scene.picture());
    // Up far, past what is loaded: the older page is asked for, and the bar stays on the screen.
    scene.press("Home");
    scene.answer_pages();
    for _ in 0..40 {
        scene.press("Up");
        scene.answer_pages();
        assert!(row(&scene).is_some(), "{}", scene.picture());
    }
    scene.types("x");
    assert!(scene.picture().contains("› x"), "{}", scene.picture());
}

#[test]
fn from_an_answer_to_what_it_answers_however_far() {
    let mut scene = Scene::of(80, 24, &[("lobby", 700)]);
    let what = What::Said { text: Text::clean("yes"), me: false, reply_to: Some(Seq(5)) };
    let entry = Entry {
        conversation: Conversation::Room(room("lobby")),
        to: Target::Room(room("lobby")),
        seq: Seq(701),
        at: Timestamp(START),
        from: author("ben"),
        what,
        nonce: None,
        mentions: Vec::new(),
    };
    scene.hear(Event::Entry(std::sync::Arc::new(entry)));
    scene.press("Shift+Tab t");
    scene.answer_pages();
    let line = scene.picture().lines().find(|line| line.contains('▌') && line.contains("m5.")).map(str::to_owned);
    assert!(line.is_some(), "{}", scene.picture());
}

#[test]
fn one_list_goes_everywhere() {
    let mut scene = talked();
    scene.said("dev", "cy", "@ann look");
    scene.press("Ctrl+G");
    insta::assert_snapshot!(scene.picture());
    scene.press("Enter");
    assert!(scene.picture().contains("write to #dev"), "what needs one is first");
    // Ctrl+K with nothing to its right is the same key; with something it cuts.
    scene.types("ab");
    scene.press("Left Ctrl+K");
    assert!(scene.picture().contains("› a") && !scene.picture().contains("Go to"));
    scene.press("Ctrl+K");
    scene.types("#new-room");
    assert!(scene.picture().contains("join, or make it"), "{}", scene.picture());
    scene.wanted.clear();
    scene.press("Enter");
    assert!(matches!(&scene.commands()[..], [Command::Join { room, password: None }] if room.as_str() == "new-room"));
    scene.press("Ctrl+G");
    scene.types("@cy");
    scene.press("Enter");
    assert!(scene.picture().contains("write to @cy"));
    scene.press("Ctrl+G");
    scene.types(">people list");
    scene.press("Enter");
    scene.press("Ctrl+G");
    scene.types("/topic");
    scene.press("Enter");
    assert!(scene.picture().contains("› /topic"), "{}", scene.picture());
    scene.press("Ctrl+G");
    scene.types("zzzzzz");
    assert!(scene.picture().contains("nothing fits"));
    scene.press("Enter Esc");
    assert!(!scene.picture().contains("nothing fits"));
}

#[test]
fn lists_and_bars_fit_every_size() {
    for (width, height) in [(20, 5), (30, 8), (50, 15), (80, 24), (200, 60)] {
        let mut scene = Scene::of(width, height, &[("lobby", 40)]);
        for keys in ["Shift+Tab", "Enter", "Esc", "+", "Esc", "r", "Ctrl+G", "Esc", "Alt+E"] {
            scene.press(keys);
            scene.picture();
        }
    }
}
