//! People with keys on `wschat.v1`: coming in, rooms, lines, names, read positions, rights, resuming.

use std::time::Duration;

use super::world::*;
use crate::hub::{Input, Rules};
use crate::protocol::command::{Command, Cursor, PageEnd};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Emoji, Epoch, Seq};
use crate::protocol::event::CloseCode;
use crate::protocol::rights::Role;
use crate::protocol::text::Text;

#[test]
fn a_name_belongs_to_its_key() {
    let mut world = World::new();
    world.keyed("ann");
    let other = world.opened(Dialect::V1);
    assert_eq!(world.heard(other), ["hello"]);
    world.enters(other, "Ann", Some("mallory"));
    let refused = world.heard(other);
    assert!(refused[0].starts_with("! name_taken ") && refused[0].contains("Ann-2"), "{refused:?}");
    world.enters(other, "ben", Some("mallory"));
    assert_eq!(world.heard(other), ["welcome ben: #lobby 0/0"]);
    assert_eq!(world.screens[other].closed, None);
}

#[test]
fn a_name_that_looks_like_another_is_taken() {
    let mut world = World::new();
    world.keyed("paypal");
    for like in ["PAYPAL", "раураl", "ｐａｙｐａｌ"] {
        let other = world.opened(Dialect::V1);
        world.heard(other);
        world.enters(other, like, Some("mallory"));
        assert!(world.heard(other)[0].starts_with("! name_taken"), "{like}");
    }
}

#[test]
fn a_signature_for_another_host_does_not_hold() {
    let mut world = World::new();
    let at = world.opened(Dialect::V1);
    world.heard(at);
    let proof = crate::protocol::person::Proof::sign(&secret("ann"), "evil.example:80", &[at as u8; 32]);
    world
        .ask(at, Command::Enter { name: Some(nick("ann")), proof: Some(proof), client: None, invite: None, bot: None });
    assert_eq!(world.heard(at), ["! bad_key"]);
}

#[test]
fn three_tries_to_enter_and_no_more() {
    let mut world = World::new();
    world.keyed("ann");
    let other = world.opened(Dialect::V1);
    for _ in 0..3 {
        assert_eq!(world.screens[other].closed, None);
        world.enters(other, "ann", Some("mallory"));
    }
    world.enters(other, "ann", Some("mallory"));
    assert!(world.screens[other].closed.is_some());
}

#[test]
fn who_does_not_enter_in_time_is_closed() {
    let mut world = World::new();
    let slow = world.opened(Dialect::V1);
    let quick = world.keyed("ann");
    world.passes(Duration::from_secs(4));
    assert_eq!(world.screens[slow].closed, None);
    world.passes(Duration::from_secs(2));
    assert_eq!(world.screens[slow].closed, Some(CloseCode::NotEntered));
    assert_eq!(world.screens[quick].closed, None);
    assert_eq!(world.hub.wake_at(), None, "nothing is waited for any more");
}

#[test]
fn who_has_come_in_is_not_waited_for_any_more() {
    let mut world = World::new();
    let (ann, guest, slow) = (world.opened(Dialect::V1), world.opened(Dialect::V1), world.opened(Dialect::V1));
    let due = world.hub.wake_at();
    world.enters(ann, "ann", Some("ann"));
    world.enters(guest, "gus", None);
    assert_eq!(world.hub.wake_at(), due, "one is waited for yet");
    world.cut(slow);
    assert_eq!(world.hub.wake_at(), None, "nothing ticks");
}

#[test]
fn before_entering_nothing_is_done() {
    let mut world = World::new();
    let at = world.opened(Dialect::V1);
    world.heard(at);
    world.says(at, LOBBY, "hi");
    world.joins(at, "#dev");
    assert_eq!(world.heard(at), ["! enter_first", "! enter_first"]);
    let ann = world.keyed("ann");
    world.enters(ann, "ben", Some("ben"));
    assert_eq!(world.heard(ann), ["! already_in"]);
}

#[test]
fn a_guest_gives_way_to_the_owner() {
    let mut world = World::new();
    let guest = world.opened(Dialect::V1);
    world.enters(guest, "ann", None);
    world.resumes(guest, Vec::new());
    world.forget_all();
    let owner = world.keyed("ann");
    assert!(world.heard(guest).contains(&"* ann is ann-2".to_owned()));
    world.says(owner, LOBBY, "mine");
    world.says(guest, LOBBY, "not mine");
    assert!(world.heard(owner).ends_with(&["#lobby 1 ann: mine".into(), "#lobby 2 ~ann-2: not mine".into()]));
}

#[test]
fn the_first_with_the_ticket_owns_the_host() {
    let ticket = || crate::protocol::secret::Token::parse("ticket");
    let mut world = World::with(Rules { owner_ticket: ticket(), ..rules() });
    let enters = |world: &mut World, name: &str, key: Option<&str>| {
        let at = world.opened(Dialect::V1);
        let proof = key.map(|key| crate::protocol::person::Proof::sign(&secret(key), HOST, &[at as u8; 32]));
        world.ask(at, Command::Enter { name: Some(nick(name)), proof, client: None, invite: ticket(), bot: None });
        world.screens[at].person.expect("in")
    };
    let guest = enters(&mut world, "guest-a", None);
    let ann = enters(&mut world, "ann", Some("ann"));
    let ben = enters(&mut world, "ben", Some("ben"));
    let roles = |world: &World| [guest, ann, ben].map(|person| world.hub.role(person));
    assert_eq!(roles(&world), [Role::Guest, Role::Owner, Role::Member]);
    enters(&mut world, "ann", Some("ann"));
    assert_eq!(roles(&world), [Role::Guest, Role::Owner, Role::Member]);
}

#[test]
fn two_screens_are_one_person() {
    let mut world = World::new();
    let (one, two, ben) = (world.keyed("ann"), world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.says(one, LOBBY, "hello");
    assert_eq!(world.heard(one), ["#lobby 1 ann: hello"]);
    assert_eq!(world.heard(two), ["#lobby 1 ann: hello"]);
    world.joins(two, "#dev");
    assert!(world.heard(one).contains(&"joined #dev 0/0".to_owned()), "rooms are the person's");
    world.cut(one);
    world.passes(Duration::from_secs(10));
    assert!(!world.heard(ben).iter().any(|line| line.contains("gone")), "one screen is left");
    world.cut(two);
    world.passes(Duration::from_secs(4));
    assert!(!world.heard(ben).iter().any(|line| line.contains("gone")), "a reconnect is no news");
    world.passes(Duration::from_secs(2));
    assert!(world.heard(ben).contains(&"* ann is gone".to_owned()));
}

#[test]
fn eight_screens_and_no_ninth() {
    let mut world = World::new();
    for _ in 0..8 {
        world.keyed("ann");
    }
    let ninth = world.opened(Dialect::V1);
    world.heard(ninth);
    world.enters(ninth, "ann", Some("ann"));
    assert_eq!(world.heard(ninth), ["! limit"]);
}

#[test]
fn goodbye_is_told_at_once() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.ask(ann, Command::Bye);
    assert_eq!(world.screens[ann].closed, Some(CloseCode::Bye));
    assert_eq!(world.heard(ben), ["* ann is gone"]);
}

#[test]
fn rooms_are_made_joined_left_and_forgotten() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.joins(ann, "#dev");
    world.joins(ben, "#DEV");
    assert_eq!(world.heard(ann).last().map(String::as_str), Some("* ben joined #dev"));
    world.forget_all();
    world.says(ben, LOBBY, "elsewhere");
    world.ask(ben, Command::Leave { room: room("dev") });
    assert_eq!(world.heard(ann), ["#lobby 1 ben: elsewhere", "* ben left #dev"]);
    world.heard(ben);
    world.says(ben, "#dev", "am I?");
    world.ask(ben, Command::Page { to: to("#dev"), end: PageEnd::Newest, limit: None });
    assert_eq!(world.heard(ben), ["! not_member", "! not_member"], "who left reads and says nothing");
    world.ask(ann, Command::Leave { room: room("dev") });
    world.heard(ann);
    world.ask(ann, Command::Rooms);
    assert_eq!(world.heard(ann), ["rooms #lobby 2"], "nobody is in it and nothing was said");
}

#[test]
fn limits_of_rooms_are_refused() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    for n in 0..3 {
        world.joins(ann, &format!("#r{n}"));
    }
    world.forget_all();
    world.joins(ann, "#one-too-many");
    assert_eq!(world.heard(ann), ["! limit"]);
    let ben = world.keyed("ben");
    for n in 3..5 {
        world.joins(ben, &format!("#r{n}"));
    }
    world.forget_all();
    world.joins(ben, "#seventh-of-the-host");
    assert_eq!(world.heard(ben), ["! limit"]);
}

#[test]
fn mentions_are_found_once_and_for_members() {
    let mut world = World::new();
    let (ann, _ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.says(ann, LOBBY, "ben: and @ben, but not benedict, nobody or @ann");
    assert_eq!(world.heard(ann), ["#lobby 1 ann: ben: and @ben, but not benedict, nobody or @ann (means 1)"]);
}

#[test]
fn direct_lines_reach_all_screens_of_both_and_nobody_else() {
    let mut world = World::new();
    let (ann, two, ben, cy) = (world.keyed("ann"), world.keyed("ann"), world.keyed("ben"), world.keyed("cy"));
    world.forget_all();
    world.says(ann, "@ben", "psst");
    for at in [ann, two, ben] {
        assert_eq!(world.heard(at), ["@ben 1 ann: psst"]);
    }
    world.says(ben, "@ann", "what?");
    assert_eq!(world.heard(two), ["@ann 2 ben: what?"], "one log for both directions");
    assert!(world.heard(cy).is_empty());
    world.heard(ann);
    world.says(ann, "@nobody", "hello?");
    assert_eq!(world.heard(ann), ["! no_such_person"]);
    world.says(ann, "@ann", "a note");
    assert_eq!(world.heard(ann).len(), 1, "oneself is a notebook");
}

#[test]
fn direct_lines_wait_for_who_is_away() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.cut(ben);
    world.passes(Duration::from_secs(6));
    world.says(ann, "@ben", "when you are back");
    let ben = world.opened(Dialect::V1);
    world.enters(ben, "ben", Some("ben"));
    assert_eq!(world.heard(ben).last().map(String::as_str), Some("welcome ben: #lobby 0/0, @ann 1/1"));
}

#[test]
fn guests_have_no_direct_lines() {
    let mut world = World::new();
    world.keyed("ann");
    let guest = world.opened(Dialect::V1);
    world.enters(guest, "ben", None);
    world.heard(guest);
    world.says(guest, "@ann", "psst");
    assert_eq!(world.heard(guest), ["! needs_key"]);
}

#[test]
fn what_was_said_can_be_changed_by_its_author_alone() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.says(ann, LOBBY, "teh build");
    world.forget_all();
    let edit = |text: &str| Command::Edit { to: to(LOBBY), of: Seq(1), text: Text::clean(text), nonce: None };
    let delete = || Command::Delete { to: to(LOBBY), of: Seq(1), nonce: None };
    world.ask(ben, edit("mine"));
    world.ask(ben, delete());
    assert_eq!(world.heard(ben), ["! not_yours", "! not_yours"]);
    world.ask(ann, edit("the build"));
    let emoji = Emoji::parse("🎉").expect("an emoji");
    world.ask(ben, Command::React { to: to(LOBBY), of: Seq(1), emoji: emoji.clone(), on: true, nonce: None });
    world.ask(ben, Command::React { to: to(LOBBY), of: Seq(1), emoji, on: false, nonce: None });
    world.ask(ann, delete());
    world.ask(ann, edit("too late"));
    assert_eq!(
        world.heard(ann),
        [
            "#lobby 2 ann edits 1: the build",
            "#lobby 3 ben reacts 🎉 to 1",
            "#lobby 4 ben takes 🎉 from 1",
            "#lobby 5 ann deletes 1",
            "! deleted",
        ]
    );
    world.ask(ann, Command::Delete { to: to(LOBBY), of: Seq(999), nonce: None });
    assert_eq!(world.heard(ann), ["! no_such_entry"]);
}

#[test]
fn the_same_nonce_is_the_same_line() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.says_with(ann, LOBBY, "once", Some(nonce(1)));
    world.says_with(ann, LOBBY, "once", Some(nonce(1)));
    assert_eq!(world.heard(ann), ["#lobby 1 ann: once", "#lobby 1 ann: once"], "its sender is answered each time");
    assert_eq!(world.heard(ben), ["#lobby 1 ann: once"], "and nobody hears it twice");
    world.says_with(ann, LOBBY, "another", Some(nonce(1)));
    assert_eq!(world.heard(ann), ["! nonce_conflict"]);
    world.says_with(ben, LOBBY, "his own", Some(nonce(1)));
    assert_eq!(world.heard(ben), ["#lobby 2 ben: his own"]);
}

#[test]
fn a_room_that_is_not_there_is_refused() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    world.forget_all();
    world.says(ann, "#nowhere", "hello?");
    assert_eq!(world.heard(ann), ["! no_such_room"]);
}

#[test]
fn a_topic_is_the_rooms() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.ask(ann, Command::Topic { room: room("lobby"), text: Text::clean("bugs"), nonce: None });
    assert_eq!(world.heard(ben), ["#lobby 1 ann sets topic bugs"]);
}

#[test]
fn renaming_keeps_the_person_and_the_old_name() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.ask(ann, Command::Rename { name: nick("Ben") });
    assert!(world.heard(ann)[0].starts_with("! name_taken"));
    world.ask(ann, Command::Rename { name: nick("anna") });
    assert_eq!(world.heard(ben), ["* ann is anna"]);
    world.says(ann, LOBBY, "still me");
    assert_eq!(world.heard(ben), ["#lobby 1 anna: still me"]);
    let other = world.opened(Dialect::V1);
    world.heard(other);
    world.enters(other, "ann", Some("mallory"));
    assert!(world.heard(other)[0].starts_with("! name_taken"), "the old name stays reserved");
    world.ask(ann, Command::Rename { name: nick("ann") });
    assert!(world.heard(ben).contains(&"* anna is ann".to_owned()), "for whom it is free");
}

#[test]
fn read_on_one_screen_is_read_on_all_and_only_grows() {
    let mut world = World::new();
    let (one, two, ben) = (world.keyed("ann"), world.keyed("ann"), world.keyed("ben"));
    for n in 0..5 {
        world.says(ben, LOBBY, &format!("line {n}"));
    }
    world.forget_all();
    world.ask(one, Command::Read { to: to(LOBBY), seq: Seq(3) });
    assert_eq!(world.heard(two), ["read #lobby 3: 2 0"]);
    world.heard(one);
    world.ask(one, Command::Read { to: to(LOBBY), seq: Seq(1) });
    assert!(world.heard(one).iter().all(|line| line == "read #lobby 3: 2 0"), "it never goes back");
    assert!(world.heard(ben).is_empty(), "and is nobody else's business");
}

#[test]
fn resuming_hears_live_from_the_head_on_and_pulls_the_rest() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.says(ben, LOBBY, "one");
    world.cut(ann);
    world.says(ben, LOBBY, "two");
    world.late = true;
    let ann = world.opened(Dialect::V1);
    world.enters(ann, "ann", Some("ann"));
    while world.answer() {}
    // The store has the third before the mark is set; its answer comes after: it lies below the mark and is not heard.
    world.says(ben, LOBBY, "three");
    world.resumes(ann, vec![Cursor { to: to(LOBBY), epoch: Epoch([1; 16]), after: Seq(1) }]);
    world.says(ben, LOBBY, "four");
    while world.answer() {}
    let heard = world.heard(ann);
    assert_eq!(heard[heard.len() - 2..], ["resumed #lobby 3/3".to_owned(), "#lobby 4 ben: four".into()]);
    world.late = false;
    world.ask(ann, Command::Page { to: to(LOBBY), end: PageEnd::Before(Seq(4)), limit: Some(100) });
    assert_eq!(world.heard(ann), ["page #lobby 1..4 (3)"]);
}

#[test]
fn a_cursor_of_another_life_or_of_the_future_is_reset() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    world.says(ann, LOBBY, "one");
    for (epoch, after) in [(9, 1), (1, 99)] {
        let at = world.opened(Dialect::V1);
        world.enters(at, "ann", Some("ann"));
        world.resumes(at, vec![Cursor { to: to(LOBBY), epoch: Epoch([epoch; 16]), after: Seq(after) }]);
        assert_eq!(world.heard(at).last().map(String::as_str), Some("resumed #lobby 0/1 reset"));
        world.cut(at);
    }
}

#[test]
fn a_full_disk_refuses_and_is_got_over() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.full = true;
    world.says_with(ann, LOBBY, "lost?", Some(nonce(5)));
    world.joins(ann, "#dev");
    assert_eq!(world.heard(ann), ["! storage", "! storage"]);
    assert!(world.heard(ben).is_empty());
    world.full = false;
    world.says_with(ann, LOBBY, "lost?", Some(nonce(5)));
    assert_eq!(world.heard(ben), ["#lobby 1 ann: lost?"]);
}

#[test]
fn who_comes_again_while_the_name_is_still_being_kept_is_whoever_the_store_says() {
    for full in [false, true] {
        let mut world = World::new();
        world.late = true;
        let cut = world.opened(Dialect::V1);
        world.enters(cut, "ann", Some("ann"));
        world.cut(cut);
        let (one, two) = (world.opened(Dialect::V1), world.opened(Dialect::V1));
        for screen in [one, two] {
            world.heard(screen);
            world.enters(screen, "ann", Some("ann"));
            assert!(world.heard(screen).is_empty(), "nobody is welcomed by a name that may not be kept");
        }
        world.cut(two);
        world.late = false;
        world.full = full;
        while world.answer() {}
        if full {
            assert_eq!(world.heard(one), ["! storage"]);
            world.full = false;
            world.enters(one, "ann", Some("ann"));
        }
        while world.answer() {}
        let heard = world.heard(one);
        assert!(heard.iter().any(|told| told.starts_with("welcome")), "{heard:?}");
    }
}

#[test]
fn who_is_there_is_told_to_who_asks() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.cut(ben);
    world.passes(Duration::from_secs(6));
    world.heard(ann);
    world.ask(ann, Command::Who { room: Some(room("lobby")) });
    assert_eq!(world.heard(ann), ["people ann, ben away since 6000"]);
}

#[test]
fn stopping_says_goodbye_to_everybody() {
    let mut world = World::new();
    let (ann, raw) = (world.keyed("ann"), world.opened(Dialect::Plain));
    world.input(Input::Stopping);
    assert_eq!(world.screens[ann].closed, Some(CloseCode::Restarting));
    assert_eq!(world.screens[raw].closed, Some(CloseCode::Restarting));
}

#[test]
fn garbage_three_times_is_the_end() {
    let mut world = World::new();
    let ann = world.keyed("ann");
    for _ in 0..2 {
        world.types(ann, "no JSON");
        assert_eq!(world.screens[ann].closed, None);
    }
    world.types(ann, "no JSON");
    assert_eq!(world.screens[ann].closed, Some(CloseCode::Protocol));
}

#[test]
fn in_a_crowd_coming_and_going_is_a_number_once_a_second() {
    let mut world = World::with(Rules { crowd: 3, ..rules() });
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.keyed("cy");
    assert_eq!(world.heard(ann).last().unwrap(), "* cy is here", "three are no crowd");
    world.heard(ben);
    let more: Vec<usize> = ["dee", "eve", "fay"].into_iter().map(|name| world.keyed(name)).collect();
    assert_eq!(world.heard(ann), Vec::<String>::new());
    world.passes(Duration::from_secs(1));
    assert_eq!(world.heard(ann), ["#lobby 6 of 6 here"]);
    world.passes(Duration::from_secs(60));
    assert_eq!(world.heard(ann), Vec::<String>::new(), "who does not move is not told of");
    // Who shares a smaller room as well is told of one by one there.
    world.joins(ann, "dev");
    world.joins(ben, "dev");
    assert_eq!(world.heard(ann).last().unwrap(), "* ben joined #dev");
    world.cut(ben);
    world.passes(Duration::from_secs(6));
    assert_eq!(world.heard(ann), ["* ben is gone", "#lobby 5 of 6 here"]);
    for at in more {
        world.ask(at, Command::Leave { room: room("lobby") });
        world.heard(at);
    }
    assert_eq!(world.heard(ann), Vec::<String>::new(), "they were told as many, and are until they are told otherwise");
    world.passes(Duration::from_secs(1));
    assert_eq!(world.heard(ann), ["#lobby 2 of 3 here, singly"]);
    world.keyed("ben");
    assert_eq!(world.heard(ann), ["* ben is here"]);
}
