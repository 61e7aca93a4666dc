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
