//! One person on several devices, each with a key of its own: how one comes, what it shares, how one goes.

use std::time::Duration;

use super::world::*;
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::person::Proof;
use crate::protocol::secret::{ShortCode, Token};

/// The token of a link for one more device of whoever is on this screen.
fn link(world: &mut World, at: usize) -> Token {
    world.ask(at, Command::AddDevice);
    let told = world.heard(at).pop().expect("an answer");
    let (_, token) = told.split_once("?k=").expect(&told);
    Token::parse(token).expect("a token")
}

/// Somebody enters under a name with the key of this device.
fn enters(world: &mut World, name: &str, device: &str, invite: Option<Token>) -> usize {
    let at = world.opened(Dialect::V1);
    let proof = Some(Proof::sign(&secret(device), HOST, &[at as u8; 32]));
    world.ask(at, Command::Enter { name: Some(nick(name)), proof, client: None, invite, bot: None });
    at
}

fn first(world: &mut World, at: usize) -> String {
    world.heard(at).into_iter().find(|line| line.starts_with(['w', '!'])).expect("an answer")
}

#[test]
fn another_device_is_the_same_person_with_a_key_of_its_own() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    world.says(ann, "#lobby", "from the desk");
    world.forget_all();
    let token = link(&mut world, ann);
    let phone = enters(&mut world, "whatever", "phone", Some(token.clone()));
    assert_eq!(first(&mut world, phone), "welcome ann: #lobby 0/1", "and has read what ann has read");
    let told = world.heard(ann).pop().expect("the other screen is told");
    assert!(["devices 1* here, 2", "devices 1, 2* here"].contains(&&*told), "{told}");
    // Known by its key from now on; the link opens nothing more.
    let again = enters(&mut world, "ann", "phone", None);
    assert_eq!(first(&mut world, again), "welcome ann: #lobby 0/1");
    let thief = enters(&mut world, "ann", "thief", Some(token));
    assert!(first(&mut world, thief).starts_with("! name_taken"));
    world.ask(phone, Command::Devices);
    let told = world.heard(phone).pop().expect("an answer");
    assert!(told.contains("2* here") || told.contains("1* here"), "{told}");
}

#[test]
fn a_link_is_one_persons_one_at_a_time_and_for_minutes() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    let (old, new) = (link(&mut world, ann), link(&mut world, ann));
    let one = enters(&mut world, "x", "one", Some(old));
    assert_eq!(first(&mut world, one), "welcome x: #lobby 0/0", "the first link is no more, so that is somebody new");
    world.up += Duration::from_secs(601);
    let two = enters(&mut world, "y", "two", Some(new));
    assert_eq!(first(&mut world, two), "welcome y: #lobby 0/0", "its time was over");

    let guest = world.opened(Dialect::V1);
    world.ask(guest, Command::Enter { name: None, proof: None, client: None, invite: None, bot: None });
    world.forget_all();
    world.ask(guest, Command::AddDevice);
    assert_eq!(world.heard(guest), ["! needs_key"]);
}

#[test]
fn a_device_that_is_taken_away_goes_and_the_last_stays() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    world.ask(ann, Command::RemoveDevice { number: 1 });
    world.ask(ann, Command::RemoveDevice { number: 7 });
    assert_eq!(world.heard(ann), ["! not_allowed", "! other"]);
    let token = link(&mut world, ann);
    let phone = enters(&mut world, "ann", "phone", Some(token));
    world.forget_all();
    world.ask(ann, Command::Devices);
    let listed = world.heard(ann).pop().expect("an answer");
    let phone_number = if listed.starts_with("devices 1*") { 2 } else { 1 };
    world.ask(ann, Command::RemoveDevice { number: phone_number });
    assert_eq!(world.heard(ann), ["done"]);
    assert_eq!(world.screens[phone].closed.map(|code| code.number()), Some(4403));
    let again = enters(&mut world, "ann", "phone", None);
    assert!(first(&mut world, again).starts_with("! name_taken"));
    world.ask(ann, Command::Devices);
    assert_eq!(world.heard(ann).pop().expect("an answer"), "devices 1* here");
}

#[test]
fn what_could_not_be_kept_is_no_device() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    let token = link(&mut world, ann);
    world.full = true;
    let phone = enters(&mut world, "ann", "phone", Some(token));
    assert_eq!(first(&mut world, phone), "! storage");
    world.full = false;
    world.ask(ann, Command::Devices);
    assert_eq!(world.heard(ann).pop().expect("an answer"), "devices 1* here");
}

#[test]
fn a_code_is_as_good_as_the_link_and_both_work_once() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    let by_link = link(&mut world, ann);
    let code = ShortCode::made_of(&rules().seed, (1 << 31) | 1).token();
    let phone = enters(&mut world, "ann", "phone", Some(code));
    assert_eq!(first(&mut world, phone), "welcome ann: #lobby 0/0");
    let thief = enters(&mut world, "ann", "thief", Some(by_link));
    assert!(first(&mut world, thief).starts_with("! name_taken"));
}
