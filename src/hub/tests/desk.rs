//! What whoever has the host's folder asks: by the rules of everybody, heard by everybody, answered exactly once.

use super::world::*;
use crate::hub::{Desk, Input};
use crate::protocol::admin::{Ask, Line};
use crate::protocol::fact::Fact;
use crate::protocol::rights::{Deed, Role};

/// Asks at a desk of its own, and gives its number.
fn ask(world: &mut World, ask: Ask) -> Desk {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let desk = Desk(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    world.input(Input::Asked { desk, ask });
    desk
}

/// The one answer to it.
fn answer(world: &World, desk: Desk) -> Vec<Line> {
    let mut all = world.reports.iter().filter(|(to, _)| *to == desk);
    let (_, lines) = all.next().expect("it is answered");
    assert!(all.next().is_none(), "and once");
    assert!(lines.last().is_some_and(Line::is_last) && lines.iter().filter(|line| line.is_last()).count() == 1);
    lines.clone()
}

/// How an order ends, in words.
fn orders(world: &mut World, deed: Deed, name: &str) -> String {
    let desk = ask(world, Ask::order(deed, nick(name), None, ""));
    told(world, desk)
}

fn told(world: &World, desk: Desk) -> String {
    match answer(world, desk).pop() {
        Some(Line::Done { said }) => said.as_str().to_owned(),
        Some(Line::Refused { why }) => format!("! {}", why.as_str()),
        other => panic!("{other:?} ends nothing"),
    }
}

#[test]
fn the_host_is_given_to_one_person_and_taken_from_the_other() {
    let mut world = World::new();
    let (olga, ben, gast) = (world.owner("olga"), world.keyed("ben"), world.guest_from("gast", None));
    world.forget_all();
    assert_eq!(orders(&mut world, Deed::Owner, "ben"), "ben owns this host now");
    assert_eq!(world.heard(ben), ["* olga is no operator any more of the host", "* ben owns the host now"]);
    let person = |world: &World, at: usize| world.screens[at].person.expect("they are in");
    assert_eq!(world.hub.role(person(&world, olga)), Role::Member);
    assert_eq!(world.hub.role(person(&world, ben)), Role::Owner);
    let roles = world.facts.iter().filter(|fact| matches!(fact, Fact::Role { room: None, .. })).count();
    assert_eq!(roles, 3, "olga when she came, and both now");
    assert_eq!(world.record.last().map(|line| (line.by.clone(), line.deed.as_str())), Some((None, "owner")));
    assert!(orders(&mut world, Deed::Owner, "gast").starts_with("! a guest has no key"));
    assert!(orders(&mut world, Deed::Op, "ben").starts_with("! they own the host"));
    assert!(orders(&mut world, Deed::Ban, "ben").starts_with("! they own the host"));
    // Nobody who is there does that, the owner included.
    world.forget_all();
    world.orders(ben, None, Deed::Owner, "olga", None);
    world.orders(gast, None, Deed::Owner, "gast", None);
    assert_eq!((world.heard(ben), world.heard(gast)), (vec!["! not_allowed".into()], vec!["! not_allowed".into()]));
}

#[test]
fn of_two_at_once_one_gets_the_host() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.late = true;
    let first = ask(&mut world, Ask::order(Deed::Owner, nick("ann"), None, ""));
    assert!(orders(&mut world, Deed::Owner, "ben").starts_with("! the host is just being given"));
    assert!(orders(&mut world, Deed::Op, "ann").starts_with("! the host is just being given"));
    while world.answer() {}
    assert_eq!(told(&world, first), "ann owns this host now");
    // Nor does the link of a host that nobody owned make another.
    let cy = world.owner("cy");
    while world.answer() {}
    let roles = [ann, ben, cy].map(|at| world.screens[at].person.map(|person| world.hub.role(person)));
    assert_eq!(roles[0], Some(Role::Owner));
    assert!(roles[1..].iter().all(|role| *role != Some(Role::Owner)), "{roles:?}");
}

#[test]
fn what_cannot_be_kept_is_not_done() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    world.full = true;
    assert!(orders(&mut world, Deed::Op, "ann").starts_with("! the host's disk is full"));
    assert_eq!(world.hub.role(world.screens[ann].person.expect("she is in")), Role::Member);
    world.full = false;
    assert_eq!(orders(&mut world, Deed::Op, "ann"), "ann is an operator now of this host");
    world.input(Input::Stopping);
    assert!(orders(&mut world, Deed::Deop, "ann").starts_with("! the host stops"));
}

#[test]
fn everybody_and_every_room_is_listed_with_how_much_was_said() {
    let mut world = World::new();
    let ann = world.owner("ann");
    let gone = world.keyed("ben");
    world.guest_from("gast", None);
    world.joins(ann, "#dev");
    world.says(ann, "#dev", "one");
    world.says(ann, "#dev", "two");
    world.cut(gone);
    world.passes(std::time::Duration::from_secs(60));
    let desk = ask(&mut world, Ask::List);
    let shown: Vec<String> = answer(&world, desk)
        .into_iter()
        .filter_map(|line| match line {
            Line::Person { name, role, online, seen, devices, .. } => {
                Some(format!("{name} {} {online} {} {devices}", role.as_str(), seen.is_some()))
            }
            Line::Room { room, kind, members, entries } => Some(format!("{room} {kind} {members} {entries}")),
            _ => None,
        })
        .collect();
    assert_eq!(
        shown,
        [
            "ann owner true false 1",
            "ben member false true 1",
            "gast guest true false 0",
            "#dev open to all 1 2",
            "#lobby open to all 3 0"
        ]
    );
}
