//! Raw clients in plain text: exactly the lines they send and read.

use super::world::*;
use crate::protocol::dialect::Dialect;

fn raw(world: &mut World) -> usize {
    let at = world.opened(Dialect::Plain);
    assert!(world.heard(at).is_empty(), "a raw client is told nothing before it speaks");
    at
}

#[test]
fn a_first_frame_introduces_and_the_frame_comes_back() {
    let mut world = World::new();
    let (ann, ben) = (raw(&mut world), raw(&mut world));
    world.types(ann, "ann: ann");
    assert_eq!(world.heard(ann), ["Received ann: ann"], "introduced, not said");
    assert_eq!(world.heard(ben), ["* ann joined"], "whoever listens hears of it");
    world.types(ben, "ben: hello");
    assert_eq!(world.heard(ben), ["Received ben: hello"]);
    assert_eq!(world.heard(ann), ["* ben joined", "ben: hello"]);
    world.types(ann, "ann:  two blanks stay one");
    assert_eq!(world.heard(ann), ["Received ann:  two blanks stay one"], "byte for byte");
    assert_eq!(world.heard(ben), ["ann:  two blanks stay one"]);
}

#[test]
fn a_name_that_is_worn_becomes_the_nearest_free_one() {
    let mut world = World::new();
    world.keyed("ann");
    let (one, two, listener) = (raw(&mut world), raw(&mut world), raw(&mut world));
    world.types(listener, "cy: cy");
    world.heard(listener);
    world.types(one, "ann: hi");
    world.types(two, "ann: ho");
    assert_eq!(world.heard(listener), ["* ann-2 joined", "ann-2: hi", "* ann-3 joined", "ann-3: ho"]);
    world.types(two, "ann: by my prefix");
    assert_eq!(world.heard(listener), ["ann-3: by my prefix"]);
}

#[test]
fn a_name_with_blanks_becomes_one_without() {
    let mut world = World::new();
    let (ann, listener) = (raw(&mut world), raw(&mut world));
    world.types(listener, "cy: cy");
    world.heard(listener);
    world.types(ann, "ann lee: hi");
    assert_eq!(world.heard(listener), ["* ann-lee joined", "ann-lee: hi"]);
}

#[test]
fn without_a_prefix_one_is_a_guest() {
    let mut world = World::new();
    let (one, listener) = (raw(&mut world), raw(&mut world));
    world.types(listener, "cy: cy");
    world.forget_all();
    world.types(one, "hello all");
    assert_eq!(world.heard(one), ["Received hello all"]);
    let heard = world.heard(listener);
    assert!(heard[0].starts_with("* guest-") && heard[1].ends_with(": hello all"), "{heard:?}");
}

#[test]
fn nobody_can_forge_a_speaker() {
    let mut world = World::new();
    let (ann, ben) = (raw(&mut world), raw(&mut world));
    world.types(ann, "ann: ann");
    world.types(ben, "ben: ben");
    world.heard(ann);
    world.types(ben, "ben: hi\nann: I am ann");
    assert_eq!(world.heard(ann), ["ben: hi\nben: ann: I am ann"]);
}

#[test]
fn what_is_refused_is_not_received() {
    let mut world = World::new();
    let ann = raw(&mut world);
    world.types(ann, "ann: ann");
    world.heard(ann);
    for (frame, says) in [
        ("ann: /jion #dev", "did you mean /join?"),
        ("ann:    ", ""),
        ("ann: /join #a@b", "cannot hold"),
        ("ann: /msg nobody hi", "!"),
    ] {
        world.types(ann, frame);
        let heard = world.heard(ann);
        assert!(heard.iter().all(|line| line.starts_with("! ") && line.contains(says)), "{frame}: {heard:?}");
        assert_eq!(heard.len(), 1, "{frame}");
    }
    world.types(ann, &format!("ann: {}", "x".repeat(300)));
    assert!(world.heard(ann)[0].starts_with("! "));
}

#[test]
fn rooms_are_told_by_name_and_a_command_speaks_for_itself() {
    let mut world = World::new();
    let (ann, ben) = (raw(&mut world), raw(&mut world));
    world.types(ann, "ann: ann");
    world.types(ben, "ben: ben");
    world.types(ann, "ann: /join #dev");
    world.types(ben, "ben: /join dev");
    world.forget_all();
    world.types(ann, "ann: in dev");
    assert_eq!(world.heard(ben), ["[#dev] ann: in dev"]);
    world.types(ann, "ann: /me waves");
    assert_eq!(world.heard(ben).len(), 1);
    world.types(ann, "ann: //join is a command");
    assert_eq!(world.heard(ben), ["[#dev] ann: /join is a command"]);
}

#[test]
fn a_full_disk_is_said_and_nothing_is_received() {
    let mut world = World::new();
    let (ann, ben) = (raw(&mut world), raw(&mut world));
    world.types(ann, "ann: ann");
    world.types(ben, "ben: ben");
    world.forget_all();
    world.full = true;
    world.types(ann, "ann: lost?");
    assert!(world.heard(ann)[0].starts_with("! "));
    assert!(world.heard(ben).is_empty());
    world.full = false;
    world.types(ann, "ann: again");
    assert_eq!(world.heard(ben), ["ann: again"]);
}
