//! What a person's screens put down for one another: told to the others at once, kept, bounded, nobody else's.

use super::world::*;
use crate::protocol::command::Command;
use crate::protocol::memo::{Memo, MemoName, PERSON_BYTES};
use crate::protocol::text::Text;

fn memo(name: &str, text: &str) -> Command {
    Command::Memo(Memo { name: MemoName::parse(name).expect("a name"), text: Text::clean(text) })
}

#[test]
fn the_other_screens_of_a_person_are_told_and_nobody_else() {
    let mut world = World::new();
    let (desk, phone, ben) = (world.keyed("ann"), world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.ask(desk, memo("draft:#lobby", "half a"));
    world.ask(desk, memo("mute:@ben", "always"));
    world.ask(desk, memo("draft:#lobby", "half a sentence"));
    assert_eq!(
        world.heard(phone),
        ["memos draft:#lobby=half a", "memos mute:@ben=always", "memos draft:#lobby=half a sentence"]
    );
    assert_eq!(world.heard(ben), [""; 0]);
    world.ask(phone, memo("mute:@ben", ""));
    world.heard(desk);
    world.cut(desk);
    world.cut(phone);
    let again = world.keyed("ann");
    world.forget_all();
    world.ask(again, Command::Memos);
    assert_eq!(world.heard(again), ["memos draft:#lobby=half a sentence"]);
    world.ask(ben, Command::Memos);
    assert_eq!(world.heard(ben), ["memos"]);
}

#[test]
fn there_is_an_end_to_what_one_puts_down() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    world.forget_all();
    let much = "x".repeat(8 * 1024);
    for n in 0..PERSON_BYTES / much.len() {
        world.ask(ann, memo(&format!("draft:#r{n}"), &much));
    }
    let told = world.heard(ann);
    assert_eq!((told.len(), told.last().map(String::as_str)), (PERSON_BYTES / much.len(), Some("! limit")));
    world.ask(ann, memo("draft:#r0", ""));
    world.ask(ann, memo("draft:#other", &much));
    assert_eq!(world.heard(ann), ["done", "done"]);
}

#[test]
fn a_guest_has_no_other_screen() {
    let mut world = World::new();
    let guest = world.guest_from("gus", None);
    world.forget_all();
    world.ask(guest, memo("draft:#lobby", "x"));
    assert_eq!(world.heard(guest), ["! needs_key"]);
}
