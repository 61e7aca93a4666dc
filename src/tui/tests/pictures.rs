//! Whole screens, pinned. A change here is a change people see: look at it before accepting it.

use super::*;
use crate::config::Density;

/// A morning of three people in some rooms.
fn morning(width: u16, height: u16) -> Scene {
    said_in_the_morning(Scene::alone(width, height))
}

fn said_in_the_morning(scene: Scene) -> Scene {
    let mut scene = scene.inside(&[("lobby", 0), ("dev", 0), ("ops", 0), ("quiet", 0)]);
    scene.said("lobby", "ann", "morning! the build is green again");
    scene.said("lobby", "ann", "I moved the parser into its own room");
    scene.said("lobby", "ben", "nice, was it the lock file? 漢字 and 한국어 keep their edges");
    scene.put(Input::Focus(false));
    scene.said("lobby", "cy", "@ann see https://example.org/a/very/long/path/that/goes/on/and/on?query=1");
    scene.put(Input::Focus(true));
    for n in 0..3 {
        scene.said("dev", "ben", &format!("line {n}"));
    }
    scene.said("ops", "cy", "@ann have a look");
    scene.types("on it");
    scene
}

#[test]
fn wide() {
    insta::assert_snapshot!(morning(120, 30).picture());
}

#[test]
fn eighty_columns() {
    insta::assert_snapshot!(morning(80, 24).picture());
}

#[test]
fn fifty_columns_have_tabs() {
    insta::assert_snapshot!(morning(50, 15).picture());
}

#[test]
fn compact_lines_have_one_edge() {
    let mut config = Config::builtin();
    config.ui.density = Density::Compact;
    let mut scene = said_in_the_morning(Scene::with(config, 80, 24));
    scene.press("Ctrl+C");
    scene.sends("/me waves");
    scene.said("lobby", "ben", "a\nb");
    insta::assert_snapshot!(scene.picture());
}

#[test]
fn the_smallest() {
    insta::assert_snapshot!(morning(20, 5).picture());
}

#[test]
fn no_host() {
    let mut scene = Scene::alone(80, 12);
    let why = "nobody listens there".to_owned();
    scene.link(LinkEvent::Down { why, retry_at: Some(Duration::from_secs(4)) });
    insta::assert_snapshot!(scene.picture());
}

#[test]
fn cut_off_with_lines_waiting() {
    let mut scene = morning(80, 24);
    scene.press("Ctrl+C");
    scene.link(LinkEvent::Down { why: "the host hung up".into(), retry_at: Some(Duration::from_secs(7)) });
    scene.sends("written while away");
    scene.sends("and another");
    insta::assert_snapshot!(scene.picture());
}

#[test]
fn the_question_for_a_name() {
    let mut scene = Scene::alone(60, 14);
    scene.app.ask_name(None, Some(nick("ann")));
    insta::assert_snapshot!("name_second_screen", scene.picture());
    scene.types("a b");
    insta::assert_snapshot!("name_wrong", scene.picture());
}

#[test]
fn help() {
    let mut scene = morning(100, 30);
    scene.press("Ctrl+C F1");
    insta::assert_snapshot!(scene.picture());
    scene.press("q");
    assert!(!scene.picture().contains("Commands"));
}

#[test]
fn every_size_draws() {
    for width in (1..140).step_by(11) {
        for height in (1..50).step_by(4) {
            let mut scene = morning(width, height);
            scene.picture();
            scene.press("PgUp F1");
            scene.picture();
        }
    }
}

/// A full house: 25 rooms, 30 people, every writing, at every size that is promised.
fn full_house(width: u16, height: u16) -> Scene {
    let names: Vec<String> = (1..=24).map(|n| format!("room-{n:02}")).collect();
    let mut rooms: Vec<(&str, u64)> = vec![("lobby", 0)];
    rooms.extend(names.iter().map(|name| (name.as_str(), 0)));
    let mut scene = Scene::of(width, height, &rooms);
    let mut people: Vec<Member> = (0..26).map(|n| member(&format!("person-{n:02}"), n % 3 != 0)).collect();
    people.extend(["ann", "ben", "東京太郎", "élodie"].map(|name| member(name, true)));
    scene.hear(Event::Members { room: Some(room("lobby")), people, more: false });
    for (who, words) in [
        ("ben", "a line in Latin, with an address: https://example.org/a/long/way/to/go?and=more#than-fits"),
        ("東京太郎", "今日は東京に行きます。半角ｶﾅと全角カナ、どちらも同じ幅で。"),
        ("élodie", "emoji: 👩‍👩‍👧 🏳️‍🌈 👍🏽 ♻️ ☺️ 🇩🇪 and a family of them 👨‍👩‍👧‍👦"),
        ("ben", "עברית באמצע of a line, and العربية at its end"),
        ("person-01", "한국어 조합: 각 각"),
        ("cy", "a word of length: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"),
    ] {
        scene.said("lobby", who, words);
    }
    scene.put(Input::Focus(false));
    scene.said("lobby", "cy", "@ann and this one calls you");
    for n in 1..=9 {
        scene.said(&format!("room-{n:02}"), "ben", if n == 4 { "@ann here too" } else { "something" });
    }
    scene.put(Input::Focus(true));
    scene
}

macro_rules! houses {
    ($($name:ident $width:literal $height:literal;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(full_house($width, $height).picture());
        })*
    };
}

houses! {
    a_full_house_at_200_by_60 200 60;
    a_full_house_at_120_by_40 120 40;
    a_full_house_at_100_by_30 100 30;
    a_full_house_at_80_by_24 80 24;
    a_full_house_at_50_by_15 50 15;
    a_full_house_at_30_by_8 30 8;
}

#[test]
fn no_edge_is_broken_by_any_writing() {
    for (width, height) in [(200, 60), (120, 40), (100, 30), (80, 24), (50, 15), (30, 8)] {
        let scene = full_house(width, height);
        let picture = scene.picture();
        for line in picture.lines() {
            assert!(crate::tui::wrap::width(line) <= usize::from(width), "{width}: {line}");
        }
        // The bar beside the rooms stands in one column all the way down.
        let bar = scene.app.areas().bar_left;
        for y in bar.y..bar.bottom() {
            let line = picture.lines().nth(usize::from(y)).unwrap_or_default();
            let mut column = 0;
            let at = line.chars().find(|c| {
                let here = column == usize::from(bar.x);
                column += crate::tui::wrap::width(&c.to_string());
                here
            });
            assert_eq!(at, Some('│'), "{width}x{height}, line {y}: {line}");
        }
    }
}

#[test]
fn what_is_odd_is_drawn_and_bounded() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.said("lobby", "ben", &"x".repeat(8192));
    scene.said("lobby", "ben", &format!("a{} and on", "\u{301}".repeat(200)));
    scene.said("lobby", "ben", "\u{202e}reversed\u{202c} and \u{200b}hidden\u{200b}");
    let picture = scene.picture();
    assert!(picture.contains("and on") && !picture.contains('\u{202e}'), "{picture}");
    for _ in 0..1000 {
        scene.press("PgUp");
    }
    assert!(scene.picture().contains("xxxxxxxx"));
}

#[test]
fn a_thousand_sizes_while_messages_pour_in() {
    let mut scene = full_house(80, 24);
    let mut size: u32 = 7;
    for n in 0..1000u32 {
        size = size.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let (width, height) = ((size >> 16) % 220, (size >> 8) % 70);
        scene.put(Input::Resize(width as u16, height as u16));
        scene.said("lobby", "ben", &format!("line {n} 漢字 👩‍👩‍👧 {}", "word ".repeat((n % 40) as usize)));
        if n % 3 == 0 && width > 0 && height > 0 {
            scene.picture();
        }
        if n % 50 == 0 {
            scene.press("PgUp PgUp");
        }
    }
    scene.put(Input::Resize(80, 24));
    scene.press("Alt+End");
    assert!(scene.picture().contains("line 999"), "{}", scene.picture());
}
