//! What people see of each other besides words: away, last seen, writing; and who may look for what.

use std::time::Duration;

use super::world::*;
use crate::hub::{Input, Rules};
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::search::Query;

fn search(words: &str) -> Command {
    Command::Search { to: None, query: Query::new(words), limit: None }
}

#[test]
fn away_is_who_looks_at_no_screen() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    let second = world.keyed("ben");
    world.forget_all();
    world.ask(ben, Command::Away { away: true });
    assert_eq!(world.heard(ann), [""; 0], "there is another screen");
    world.ask(second, Command::Away { away: true });
    assert_eq!(world.heard(ann), ["* ben is away"]);
    world.ask(second, Command::Away { away: true });
    assert_eq!(world.heard(ann), [""; 0], "that is no news");
    world.ask(ann, Command::Who { room: Some(room("lobby")) });
    assert_eq!(world.heard(ann), ["people ann, ben dozing"]);
    world.ask(ben, Command::Away { away: false });
    assert_eq!(world.heard(ann), ["* ben is here"]);
    // The screen that looked is closed: the other one does not look.
    world.input(Input::Closed { session: crate::hub::SessionId(ben as u64) });
    assert_eq!(world.heard(ann), ["* ben is away"]);
    let third = world.keyed("ben");
    assert_eq!(world.heard(ann), ["* ben is here"], "a new screen is looked at");
    world.ask(third, Command::Bye);
    world.ask(second, Command::Bye);
    assert_eq!(world.heard(ann), ["* ben is away", "* ben is gone"]);
    world.ask(ann, Command::Who { room: Some(room("lobby")) });
    assert_eq!(world.heard(ann), ["people ann, ben away since 1000"]);
}

#[test]
fn who_writes_is_told_to_those_who_listen_there_and_not_too_often() {
    let mut world = World::with(Rules { crowd: 3, ..rules() });
    let (ann, ben, cy) = (world.keyed("ann"), world.keyed("ben"), world.keyed("cy"));
    let raw = world.opened(Dialect::Plain);
    world.joins(ann, "#dev");
    world.joins(ben, "#dev");
    world.forget_all();
    world.ask(ben, Command::Typing { to: to("#dev") });
    world.ask(ben, Command::Typing { to: to("#dev") });
    assert_eq!(world.heard(ann), ["#dev ben writes"], "once a second");
    world.says(ben, "#dev", "said");
    world.ask(ben, Command::Typing { to: to("#dev") });
    assert_eq!(world.heard(ann), ["#dev 1 ben: said", "#dev ben writes"], "but anew when it was said");
    world.forget_all();
    assert_eq!((world.heard(ben), world.heard(cy), world.heard(raw)), (vec![], vec![], vec![]));
    world.up += Duration::from_secs(2);
    world.ask(ben, Command::Typing { to: to("@ann") });
    assert_eq!(world.heard(ann), [""; 0], "they never spoke: there is nothing to write in yet");
    world.says(ann, "@ben", "hi");
    world.forget_all();
    world.up += Duration::from_secs(2);
    world.ask(ben, Command::Typing { to: to("@ann") });
    assert_eq!(world.heard(ann), ["@ben ben writes"]);
    world.up += Duration::from_secs(2);
    world.ask(cy, Command::Typing { to: to("#dev") });
    assert_eq!((world.heard(ann), world.heard(cy)), (vec![], vec![]), "not where one is no member, and it is no error");
    for name in ["dee", "eve", "fay"] {
        world.keyed(name);
    }
    world.up += Duration::from_secs(2);
    world.input(Input::Woke);
    world.forget_all();
    world.ask(ben, Command::Typing { to: to(LOBBY) });
    assert_eq!(world.heard(ann), [""; 0], "not in a crowd");
}

#[test]
fn one_finds_what_one_may_read_and_nothing_else() {
    let mut world = World::new();
    let (ann, ben, cy) = (world.keyed("ann"), world.keyed("ben"), world.keyed("cy"));
    world.joins(ann, "#dev");
    world.joins(ben, "#dev");
    world.says(ann, "#dev", "a secret word");
    world.says(ann, "@ben", "a secret of two");
    world.says(cy, LOBBY, "no secret");
    world.forget_all();
    world.ask(ben, search("secret"));
    assert_eq!(world.heard(ben), ["found #lobby:1 #dev:1 @ann:1"]);
    world.ask(cy, search("secret"));
    assert_eq!(world.heard(cy), ["found #lobby:1"], "neither a room never joined nor what others said alone");
    world.ask(cy, Command::Search { to: Some(to("#dev")), query: Query::new("secret"), limit: None });
    assert_eq!(world.heard(cy), ["! not_member"]);
    world.ask(ben, Command::Leave { room: room("dev") });
    world.forget_all();
    world.ask(ben, search("secret"));
    assert_eq!(world.heard(ben), ["found #lobby:1 @ann:1"], "nor a room one has left");
    world
        .ask(ben, Command::Search { to: None, query: Query { from: Some(nick("Cy")), ..Query::new("") }, limit: None });
    assert_eq!(world.heard(ben), ["found #lobby:1"]);
}

#[test]
fn who_leaves_while_the_host_looks_is_told_nothing_of_it() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.joins(ann, "#dev");
    world.joins(ben, "#dev");
    world.says(ann, "#dev", "a secret word");
    world.forget_all();
    world.late = true;
    world.ask(ben, Command::Leave { room: room("dev") });
    world.ask(ben, search("secret"));
    world.late = false;
    while world.answer() {}
    assert_eq!(world.heard(ben), ["left #dev", "found"]);
}
