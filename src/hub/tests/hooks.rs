//! Webhooks: who makes them, what is said by them, and that they say nothing more once they are taken back.

use std::net::IpAddr;
use std::time::Duration;

use super::world::*;
use crate::hub::calls::{Call, Reply, Wish};
use crate::hub::hooks::Words;
use crate::hub::limits::{Rate, Rates};
use crate::hub::{Input, Rules};
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::fact::Fact;
use crate::protocol::rights::Deed;
use crate::protocol::secret::Token;
use crate::protocol::text::Text;

/// Makes one, and gives its token.
fn hook(world: &mut World, at: usize, place: &str, name: &str) -> String {
    world.ask(at, Command::HookAdd { room: room(place), name: Some(nick(name)) });
    let told = world.heard(at).pop().expect("an answer");
    told.rsplit_once("/hook/").unwrap_or_else(|| panic!("{told}")).1.to_owned()
}

fn words(token: &str, text: &str) -> Words {
    let address = IpAddr::from([127, 0, 0, 1]);
    Words { token: Token::parse(token).expect("a token"), text: Text::clean(text), name: None, nonce: None, address }
}

/// What is answered to it, in a word.
fn says(world: &mut World, words: Words) -> String {
    let call = Call(world.replies.len() as u64);
    world.input(Input::Called { call, wish: Wish::Say(words) });
    match &world.replies.last().expect("an answer").1 {
        Reply::Said(entry, fresh) => format!("{} {}", entry.seq, if *fresh { "new" } else { "old" }),
        Reply::Refused(refusal) => refusal.code.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_program_says_is_heard_once_by_all_and_is_marked() {
    let mut world = World::new();
    let (ann, ben) = (world.owner("ann"), world.keyed("ben"));
    let raw = world.opened(Dialect::Plain);
    let token = hook(&mut world, ann, LOBBY, "ci");
    world.forget_all();
    assert_eq!(says(&mut world, words(&token, "@ben: build 7 is green")), "1 new");
    for at in [ann, ben] {
        assert_eq!(world.heard(at), ["#lobby 1 ci: @ben: build 7 is green (means 1)"]);
    }
    assert_eq!(world.heard(raw), ["ci (bot): @ben: build 7 is green"]);
    let same = || Words { nonce: Some(nonce(7)), ..words(&token, "once") };
    assert_eq!((says(&mut world, same()), says(&mut world, same())), ("2 new".into(), "2 old".into()));
    assert_eq!(world.heard(ben).len(), 1, "and told once");
    let other = Words { nonce: Some(nonce(7)), ..words(&token, "twice") };
    assert_eq!(says(&mut world, other), "nonce_conflict");
    let called = |name: &str| Words { name: Some(nick(name)), ..words(&token, "x") };
    assert_eq!(says(&mut world, called("nightly")), "3 new");
    assert_eq!(world.heard(ben), ["#lobby 3 nightly: x"]);
    for name in ["ben", "BEN", "host"] {
        assert_eq!(says(&mut world, called(name)), "bad_name", "{name}");
    }
    world.ask(ben, Command::Rename { name: nick("ci") });
    assert_eq!(world.heard(ben), ["! name_taken ci-2 ci-3 ci-4"]);
}

#[test]
fn who_keeps_order_there_makes_sees_and_takes_back() {
    let mut world = World::new();
    let (ann, ben, cy) = (world.owner("ann"), world.keyed("ben"), world.keyed("cy"));
    world.joins(ben, "#dev");
    world.joins(cy, "#dev");
    world.forget_all();
    world.ask(cy, Command::HookAdd { room: room("#dev"), name: None });
    world.ask(cy, Command::HookAdd { room: room("#none"), name: None });
    assert_eq!(world.heard(cy), ["! not_allowed", "! no_such_room"]);
    let token = hook(&mut world, ben, "#dev", "ci");
    world.ask(ben, Command::HookAdd { room: room("#dev"), name: Some(nick("ann")) });
    assert_eq!(world.heard(ben), ["! name_taken ann-2 ann-3 ann-4"]);
    world.ask(ann, Command::HookAdd { room: room(LOBBY), name: None });
    world.ask(ann, Command::Hooks);
    world.ask(ben, Command::Hooks);
    world.ask(cy, Command::Hooks);
    assert_eq!(world.heard(ann).last().map(String::as_str), Some("hooks 2 hook, 1 ci"));
    assert_eq!((world.heard(ben), world.heard(cy)), (vec!["hooks 1 ci".into()], vec!["hooks".into()]));
    for number in [1, 2, 9] {
        world.ask(cy, Command::HookRemove { number });
    }
    assert_eq!(world.heard(cy), ["! other", "! other", "! other"]);
    world.ask(ben, Command::HookRemove { number: 1 });
    assert_eq!(world.heard(ben), ["done"]);
    assert_eq!(says(&mut world, words(&token, "x")), "needs_invite");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Unhooked(1))));
    let deeds: Vec<&str> = world.record.iter().map(|line| line.deed.as_str()).collect();
    assert_eq!(deeds.iter().filter(|deed| deed.ends_with("hook")).count(), 3, "{deeds:?}");
    hook(&mut world, ben, "#dev", "ci");
}

#[test]
fn a_room_takes_its_webhooks_along() {
    let mut world = World::new();
    let ben = world.keyed("ben");
    world.joins(ben, "#dev");
    world.forget_all();
    let token = hook(&mut world, ben, "#dev", "ci");
    assert_eq!(says(&mut world, words(&token, "x")), "1 new");
    world.ask(ben, Command::RoomDelete { room: room("#dev") });
    assert_eq!(says(&mut world, words(&token, "x")), "needs_invite");
    world.joins(ben, "#dev");
    assert_eq!(says(&mut world, words(&token, "x")), "needs_invite", "nor when there is one of that name again");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Unhooked(1))));
}

#[test]
fn nothing_is_answered_before_it_is_kept_and_a_full_disk_is_said() {
    let mut world = World::new();
    let ann = world.owner("ann");
    let token = hook(&mut world, ann, LOBBY, "ci");
    world.late = true;
    world.input(Input::Called { call: Call(0), wish: Wish::Say(words(&token, "x")) });
    assert!(world.replies.is_empty());
    world.late = false;
    world.answer();
    assert!(matches!(world.replies.last(), Some((Call(0), Reply::Said(..)))));
    world.full = true;
    assert_eq!(says(&mut world, words(&token, "y")), "storage");
    world.ask(ann, Command::HookAdd { room: room(LOBBY), name: Some(nick("new")) });
    world.ask(ann, Command::Hooks);
    assert_eq!(world.heard(ann).last().map(String::as_str), Some("hooks 1 ci"));
}

#[test]
fn floods_guesses_and_banned_addresses_are_held_back() {
    let rate = |burst| Rate { burst, every: Duration::from_secs(10) };
    let rates = Rates { messages: rate(3), passwords: rate(2), per_address: 1, ..Rates::default() };
    let mut world = World::with(Rules { rates, ..rules() });
    let ann = world.owner("ann");
    let token = hook(&mut world, ann, LOBBY, "ci");
    let told: Vec<String> = (0..4).map(|_| says(&mut world, words(&token, "x"))).collect();
    assert_eq!(told, ["1 new", "2 new", "3 new", "rate_limited"]);
    world.passes(Duration::from_secs(60));
    let from = |token: &str, address: [u8; 4]| Words { address: address.into(), ..words(token, "x") };
    let there = [192, 0, 2, 7];
    let guesses: Vec<String> = (0..4).map(|_| says(&mut world, from("wrong", there))).collect();
    assert_eq!(guesses, ["needs_invite", "needs_invite", "rate_limited", "rate_limited"]);
    assert_eq!(says(&mut world, from(&token, there)), "rate_limited", "also when it is right");
    assert_eq!(says(&mut world, from(&token, [192, 0, 2, 8])), "4 new", "of others nobody is held back");
    let own: Vec<String> = (0..200).map(|_| says(&mut world, words("wrong", "x"))).collect();
    assert_eq!(own.iter().filter(|told| *told == "needs_invite").count(), 100, "this machine is told more slowly");
    assert_eq!(says(&mut world, words(&token, "x")), "5 new", "and not kept from being right");
    world.passes(Duration::from_secs(60));
    world.guest_from("mal", Some("192.0.2.9"));
    world.orders(ann, None, Deed::Ban, "mal", None);
    assert_eq!(says(&mut world, from(&token, [192, 0, 2, 9])), "banned");
}
