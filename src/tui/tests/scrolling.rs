//! The place one reads keeps its row, whatever comes in above, below, or beside it.

use super::*;
use crate::tui::app::Scroll;

/// The row on which a message's text begins, as it is drawn.
fn row_of(scene: &Scene, seq: Seq) -> Option<usize> {
    let marker = format!("m{}. ", seq.0);
    scene.picture().lines().position(|line| line.contains(&marker))
}

/// Small and repeatable; not for secrets.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn nothing_moves_what_one_reads() {
    for seed in 1..=120 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let (width, height) = (60 + dice.roll(80) as u16, 12 + dice.roll(30) as u16);
        let mut scene = Scene::of(width, height, &[("lobby", 400)]);
        let mut size = (width, height);
        for _ in 0..=dice.roll(3) {
            scene.press("PgUp");
        }
        for step in 0..12 {
            let Scroll::At { seq, .. } = scene.app.scroll() else { panic!("seed {seed}: it is scrolled up") };
            let before = row_of(&scene, seq);
            let what = dice.roll(6);
            match what {
                0 => _ = scene.said("lobby", "ben", "news from below"),
                1 => scene.answer_pages(),
                2 => scene.press("F8"),
                3 => scene.press("F7"),
                4 => {
                    size.0 = 60 + dice.roll(80) as u16;
                    scene.put(Input::Resize(size.0, size.1));
                }
                _ => {
                    scene.press("WheelUp");
                    continue;
                }
            }
            let after = row_of(&scene, seq);
            let top = scene.picture().contains("older lines load") || scene.picture().contains("loading older");
            // At the very top of what is loaded a wider screen has too little above to keep the row.
            assert!(before == after || (top && what >= 2), "seed {seed} step {step} did {what}: {before:?} {after:?}");
        }
    }
}

#[test]
fn older_lines_load_and_the_newest_are_counted() {
    let mut scene = Scene::of(80, 24, &[("lobby", 250)]);
    assert!(scene.picture().contains("m250."));
    for _ in 0..3 {
        scene.press("PgUp");
    }
    scene.said("lobby", "ben", "one below");
    scene.said("lobby", "cy", "two below");
    assert!(scene.picture().contains("2 new"), "{}", scene.picture());
    assert!(!scene.picture().contains("two below"));
    while !scene.picture().contains("the beginning of #lobby") {
        scene.press("PgUp");
        scene.answer_pages();
    }
    assert!(scene.picture().contains("m1."));
    scene.press("Alt+End");
    assert!(scene.picture().contains("two below") && !scene.picture().contains(" new "));
}

#[test]
fn to_the_oldest_page_by_page() {
    let mut scene = Scene::of(80, 24, &[("lobby", 950)]);
    scene.press("Alt+Home");
    scene.answer_pages();
    assert!(scene.picture().contains("the beginning of #lobby"), "{}", scene.picture());
    scene.sends("/clear");
    assert!(!scene.picture().contains("m950."), "cleared away");
    scene.press("PgUp");
    assert!(scene.picture().contains("m9"), "and back");
}

#[test]
fn a_message_longer_than_the_screen_can_be_read() {
    let mut scene = Scene::of(60, 12, &[("lobby", 0)]);
    let long: String = (0..200).map(|n| format!("word{n} ")).collect();
    scene.said("lobby", "ben", &long);
    assert!(scene.picture().contains("word199 ") || scene.picture().contains("word199"));
    let mut seen = scene.picture();
    for _ in 0..20 {
        scene.press("PgUp");
        seen.push_str(&scene.picture());
    }
    assert!((0..200).all(|n| seen.contains(&format!("word{n}"))), "every word was on the screen");
    scene.press("PgDn");
    scene.press("Alt+End");
    assert!(scene.picture().contains("word199"));
}

/// A room in which so many of the lines there are were not read.
fn unread(head: u64, unread: u64) -> Scene {
    let mut scene = Scene::of(80, 24, &[("dev", 0)]);
    let mut place = place("lobby", head);
    place.standing.read = Seq(head - unread);
    place.standing.unread = unread as u32;
    scene.hear(Event::Joined { place });
    scene.press("Ctrl+N");
    scene
}

#[test]
fn one_lands_on_the_first_unread_line_and_only_what_is_seen_is_read() {
    let mut scene = unread(700, 250);
    let asked = scene.commands();
    assert!(!asked.iter().any(|command| matches!(command, Command::Read { .. })), "{asked:?}");
    scene.wanted = asked.into_iter().map(|command| Effect::Chat(chat::Effect::Send(0, command))).collect();
    scene.answer_pages();
    let picture = scene.picture();
    assert!(picture.contains("m451. ") && picture.contains(" new ─") && !picture.contains("m700. "), "{picture}");
    scene.up += Duration::from_secs(1);
    scene.put(Input::Woke);
    scene.press("PgDn");
    scene.up += Duration::from_secs(1);
    scene.put(Input::Woke);
    let read = scene.commands().into_iter().rev().find_map(|command| match command {
        Command::Read { seq, .. } => Some(seq),
        _ => None,
    });
    assert!(read.is_some_and(|seq| seq > Seq(451) && seq < Seq(520)), "{read:?}");
    scene.press("Alt+End Alt+U");
    assert!(scene.picture().contains("m451. "), "{}", scene.picture());
}

#[test]
fn few_unread_lines_are_seen_at_the_bottom() {
    let mut scene = unread(300, 2);
    scene.answer_pages();
    let picture = scene.picture();
    assert!(picture.contains("m300. ") && picture.contains("m299. ") && picture.contains(" new ─"), "{picture}");
    assert_eq!(scene.app.scroll(), Scroll::Bottom);
}

#[test]
fn mentions_are_gone_through_by_key() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.said("lobby", "ben", "@ann first");
    for n in 0..50 {
        scene.said("lobby", "ben", &format!("m{n}. between"));
    }
    scene.said("lobby", "ben", "@ann second");
    scene.said("lobby", "ben", "last");
    scene.press("Alt+P");
    assert!(scene.picture().contains("▌  @ann second"), "{}", scene.picture());
    scene.press("Alt+P");
    assert!(scene.picture().contains("▌  @ann first"), "{}", scene.picture());
    scene.press("Alt+P");
    assert!(scene.picture().contains("no mention of you above"));
    scene.press("Alt+N");
    assert!(scene.picture().contains("▌  @ann second"));
}
