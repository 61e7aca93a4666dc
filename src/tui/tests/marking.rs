//! Messages with markup: pinned as pictures, and what picking one out does to them.

use super::*;

/// One message with everything in it.
const EVERYTHING: &str =
    "**The release** is _nearly_ out, ~~tomorrow~~ today. Run `cargo run --release`, then look at \
https://example.org/a/very/long/path/that/goes/on/and/on?query=1#part and [the plan](https://example.org/plan).
> it was the lock file, **again**
> and it will be
1. tag it, and wait until all of the checks are green on every one of the machines
2. tell people
  - in #lobby
  - in #dev
||the cake is a lie|| 2*3*4 foo_bar_baz \\*starred\\*
```rust
fn main() {
    // say it
    println!(\"{}\", 40 + 2);
}
```
:tada: done";

fn everything(width: u16, height: u16) -> Scene {
    let mut scene = Scene::of(width, height, &[("lobby", 0)]);
    scene.said("lobby", "ben", EVERYTHING);
    scene.said("lobby", "cy", "plain");
    scene
}

#[test]
fn everything_at_eighty() {
    insta::assert_snapshot!(everything(80, 36).picture());
}

#[test]
fn everything_at_forty() {
    insta::assert_snapshot!(everything(40, 44).picture());
}

#[test]
fn everything_in_ascii() {
    let mut config = Config::builtin();
    config.ui.ascii = true;
    let mut scene = Scene::with(config, 80, 36).inside(&[("lobby", 0)]);
    scene.said("lobby", "ben", EVERYTHING);
    insta::assert_snapshot!(scene.picture());
}

#[test]
fn what_is_picked_out_shows_what_it_hides() {
    let mut scene = Scene::of(80, 24, &[("lobby", 0)]);
    scene.said("lobby", "ben", "> quoted ||psst\nnot quoted|| and seen");
    scene.said("lobby", "ben", "after");
    let picture = scene.picture();
    assert!(picture.contains("░░░░") && !picture.contains("psst") && !picture.contains("not quoted"), "{picture}");
    scene.press("Shift+Tab Up");
    let picture = scene.picture();
    assert!(picture.contains("psst") && picture.contains("not quoted and seen"), "{picture}");
    scene.press("Down");
    assert!(!scene.picture().contains("psst"));
}

#[test]
fn cells_of_an_address_lead_there() {
    let scene = everything(40, 44);
    let mut terminal = Terminal::new(TestBackend::new(40, 44)).expect("a picture needs no terminal");
    let mut links = crate::tui::links::Links::new(true);
    let drawn = terminal.draw(|frame| super::super::view::draw_linked(frame, &scene.app, &mut links));
    drawn.expect("a picture is drawn");
    let mut found: Vec<(String, String)> = Vec::new();
    for cell in terminal.backend().buffer().content() {
        if let Some((_, url)) = links.of(cell.modifier) {
            match found.last_mut() {
                Some((text, last)) if last == url => text.push_str(cell.symbol()),
                _ => found.push((cell.symbol().to_owned(), url.to_owned())),
            }
        }
    }
    let long = "https://example.org/a/very/long/path/that/goes/on/and/on?query=1#part".to_owned();
    let plan = "https://example.org/plan".to_owned();
    assert_eq!(found, [(long.clone(), long), (format!("the plan{plan}"), plan)]);
}
