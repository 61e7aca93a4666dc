//! Limits that meet who floods and nobody else.

use std::time::Duration;

use super::world::*;
use crate::hub::Rules;
use crate::hub::limits::{Rate, Rates};
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::rights::Change;
use crate::protocol::search::Query;
use crate::protocol::secret::Password;

fn rates() -> Rates {
    let rate = |burst, secs| Rate { burst, every: Duration::from_secs(secs) };
    Rates {
        messages: rate(5, 1),
        joins: rate(3, 10),
        names: rate(2, 60),
        invites: rate(2, 10),
        passwords: rate(3, 10),
        searches: rate(3, 10),
        per_address: 2,
    }
}

fn limited() -> World {
    World::with(Rules { rates: rates(), rooms: 0, rooms_per_person: 0, ..rules() })
}

fn refused(heard: &[String]) -> usize {
    heard.iter().filter(|line| *line == "! rate_limited").count()
}

#[test]
fn who_says_too_much_at_once_waits_and_others_do_not() {
    let mut world = limited();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    for n in 0..1000 {
        world.says(ann, LOBBY, &format!("{n}"));
    }
    assert_eq!(refused(&world.heard(ann)), 995);
    world.says(ben, LOBBY, "excuse me");
    let heard = world.heard(ben);
    assert_eq!((heard.len(), heard[5].as_str()), (6, "#lobby 6 ben: excuse me"));
    world.passes(Duration::from_secs(1));
    world.says(ann, LOBBY, "one more");
    world.says(ann, LOBBY, "and one too many");
    assert_eq!(world.heard(ann).len(), 3);
}

#[test]
fn a_paste_of_fifty_lines_is_one_message() {
    let mut world = limited();
    let ann = world.keyed("ann");
    for _ in 0..5 {
        world.says(ann, LOBBY, &"x\n".repeat(50));
    }
    assert_eq!(refused(&world.heard(ann)), 0);
}

#[test]
fn screens_of_one_person_share_a_bucket_and_so_do_people_of_one_address() {
    let mut world = limited();
    let (one, two) = (world.keyed("ann"), world.keyed("ann"));
    for n in 0..6 {
        world.says([one, two][n % 2], LOBBY, "hi");
    }
    let heard = [world.heard(one), world.heard(two)].concat();
    assert_eq!(refused(&heard), 1);
    let from = |world: &mut World, address: &str| -> usize {
        let guests: Vec<usize> =
            (0..4).map(|n| world.guest_from(&format!("g{n}-{}", address.len()), Some(address))).collect();
        world.forget_all();
        guests.iter().for_each(|at| (0..5).for_each(|_| world.says(*at, LOBBY, "hi")));
        guests.iter().map(|at| refused(&world.heard(*at))).sum()
    };
    assert_eq!(from(&mut world, "192.0.2.7"), 10, "of twenty: two people's worth");
    assert_eq!(from(&mut world, "127.0.0.1"), 0, "this machine is many");
}

#[test]
fn names_and_rooms_and_invitations_have_their_own() {
    let mut world = limited();
    let ann = world.keyed("ann");
    for n in 0..4 {
        world.ask(ann, Command::Rename { name: nick(&format!("ann{n}")) });
    }
    assert_eq!(refused(&world.heard(ann)), 2);
    for n in 0..4 {
        world.joins(ann, &format!("#room{n}"));
    }
    assert_eq!(refused(&world.heard(ann)), 1);
    for name in ["ben", "cy", "dee"] {
        world.keyed(name);
        world.ask(ann, Command::RoomInvite { room: room("room0"), name: nick(name) });
    }
    assert_eq!(refused(&world.heard(ann)), 1);
}

#[test]
fn who_searches_without_end_waits_and_is_told_how_long() {
    let mut world = limited();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.says(ann, LOBBY, "see you at nine");
    world.forget_all();
    let look = |world: &mut World, at: usize| {
        let query = Query::new("nine");
        world.ask(at, Command::Search { to: None, query, limit: None });
    };
    (0..100).for_each(|_| look(&mut world, ann));
    let heard = world.heard(ann);
    assert_eq!((refused(&heard), heard.len()), (97, 100));
    look(&mut world, ben);
    assert_eq!(refused(&world.heard(ben)), 0, "ben notices nothing of it");
    world.passes(Duration::from_secs(10));
    look(&mut world, ann);
    assert_eq!(refused(&world.heard(ann)), 0);
}

#[test]
fn ten_thousand_guesses_are_a_few_hashes_and_who_knows_it_comes_in() {
    let mut world = limited();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.joins(ann, "#dev");
    let password = Change { password: Some(Password::parse("horse")), ..Change::default() };
    world.sets(ann, "#dev", password);
    world.forget_all();
    let (mut wrong, mut late) = (0, 0);
    let mut guess = |world: &mut World, at: usize, n: usize| {
        let password = Password::parse(&format!("guess{n}"));
        world.ask(at, Command::Join { room: room("dev"), password });
        let heard = world.heard(at);
        wrong += heard.iter().filter(|line| *line == "! wrong_password").count();
        late += refused(&heard);
    };
    // Guests that come and go on this very machine, where no address is counted, and one with a key.
    for n in 0..100 {
        let at = world.guest_from(&format!("mallory{n}"), None);
        world.forget_all();
        (0..90).for_each(|guesses| guess(&mut world, at, guesses));
        world.cut(at);
    }
    let mallory = world.keyed("mallory");
    (0..1000).for_each(|n| guess(&mut world, mallory, n));
    assert!(wrong <= 6 + 3 && wrong + late >= 9_000, "{wrong} were looked at, {late} had to wait");
    world.ask(ben, Command::Join { room: room("dev"), password: Password::parse("horse") });
    assert_eq!(world.heard(ben).last().map(String::as_str), Some("joined #dev 0/0"), "ben notices nothing of it");
}

#[test]
fn raw_clients_read_how_long() {
    let mut world = limited();
    let raw = world.opened(Dialect::Plain);
    for _ in 0..6 {
        world.types(raw, "x");
    }
    assert_eq!(world.heard(raw).last().map(String::as_str), Some("! that was too much at once; it goes on in 2s"));
}
