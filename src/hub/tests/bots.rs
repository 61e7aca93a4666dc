//! Programs say that they are, and everybody sees it with their names.

use super::world::*;
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::fact::Fact;
use crate::protocol::person::Proof;

/// Somebody with a key who says whether they are a program.
fn enters(world: &mut World, name: &str, key: bool, bot: Option<bool>) -> usize {
    let at = world.opened(Dialect::V1);
    let proof = key.then(|| Proof::sign(&secret(name), HOST, &[at as u8; 32]));
    world.ask(at, Command::Enter { name: Some(nick(name)), proof, client: None, invite: None, bot });
    world.resumes(at, Vec::new());
    at
}

/// Whether the last frame of this kind that this screen was told has the mark.
fn marked(world: &World, at: usize, kind: &str) -> bool {
    let kind = format!("\"type\":\"{kind}\"");
    let last = world.wire.iter().rev().find(|(whom, frame)| *whom == at && frame.contains(&kind));
    last.expect("it was told").1.contains("\"bot\":true")
}

#[test]
fn what_a_program_says_and_where_it_is_wears_its_mark() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    let ci = enters(&mut world, "ci", true, Some(true));
    assert!(marked(&world, ann, "presence") && marked(&world, ci, "welcome"));
    world.says(ci, LOBBY, "green");
    assert!(marked(&world, ann, "entry"));
    world.ask(ann, Command::Who { room: Some(room(LOBBY)) });
    assert!(marked(&world, ann, "members"));
    world.says(ann, LOBBY, "nice");
    assert!(!marked(&world, ann, "entry"));
    let guest = enters(&mut world, "gus", false, Some(true));
    world.says(guest, LOBBY, "beep");
    assert!(marked(&world, ann, "entry"));
    let raw = world.opened(Dialect::Plain);
    world.says(ci, LOBBY, "red\nvery");
    assert_eq!(world.heard(raw), ["ci (bot): red\nci (bot): very"]);
}

#[test]
fn the_mark_stays_until_it_is_taken_back() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    let first = enters(&mut world, "ci", true, Some(true));
    world.cut(first);
    let second = enters(&mut world, "ci", true, None);
    assert!(marked(&world, second, "welcome"), "who says nothing is as before");
    let third = enters(&mut world, "ci", true, Some(false));
    assert!(!marked(&world, third, "welcome") && !marked(&world, ann, "presence"));
    world.says(second, LOBBY, "by hand");
    assert!(!marked(&world, ann, "entry"));
    let kept = world.facts.iter().filter_map(|fact| match fact {
        Fact::Bot { bot, .. } => Some(*bot),
        _ => None,
    });
    assert_eq!(kept.collect::<Vec<bool>>(), [true, false]);
}
