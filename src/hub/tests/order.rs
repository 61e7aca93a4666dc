//! Keeping order: kicked, banned, muted, made operator; rooms that are private, closed by a password, read-only or slow.

use std::time::Duration;

use super::world::*;
use crate::hub::{Hub, Now, Rules};
use crate::protocol::command::{Command, PageEnd};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Epoch, Seq, Timestamp};
use crate::protocol::event::CloseCode;
use crate::protocol::fact::{Fact, Facts};
use crate::protocol::rights::{Change, Deed, Penalty, Role, Sentence, Subject};
use crate::protocol::secret::Password;
use crate::protocol::text::Text;

fn change() -> Change {
    Change::default()
}

/// Ann has made #dev, ben and cy are in it.
fn dev() -> (World, usize, usize, usize) {
    let mut world = World::new();
    let (ann, ben, cy) = (world.keyed("ann"), world.keyed("ben"), world.keyed("cy"));
    for at in [ann, ben, cy] {
        world.joins(at, "#dev");
    }
    world.forget_all();
    (world, ann, ben, cy)
}

#[test]
fn who_makes_a_room_keeps_order_there_and_nobody_else_does() {
    let (mut world, ann, ben, cy) = dev();
    world.orders(ben, Some("#dev"), Deed::Kick, "cy", None);
    assert_eq!(world.heard(ben), ["! not_allowed"]);
    world.orders(ann, Some("#dev"), Deed::Kick, "cy", None);
    assert_eq!(world.heard(ann), ["* cy was put out of #dev (by ann)", "* cy left #dev", "done"]);
    assert_eq!(world.heard(cy), ["* cy was put out of #dev (by ann)", "left #dev"]);
    world.says(cy, "#dev", "still here?");
    assert_eq!(world.heard(cy), ["! not_member"]);
    world.joins(cy, "#dev");
    assert_eq!(world.heard(cy), ["joined #dev 0/0"], "who was put out may come again");
    world.forget_all();
    world.orders(ann, Some("#dev"), Deed::Op, "ben", None);
    assert_eq!(world.heard(cy), ["* ben is an operator now of #dev (by ann)"]);
    world.orders(ben, Some("#dev"), Deed::Kick, "ann", None);
    assert_eq!(world.heard(ben).last().map(String::as_str), Some("! not_allowed"), "nobody acts upon an equal");
    world.orders(ben, Some("#dev"), Deed::Deop, "ben", None);
    world.orders(ben, Some("#dev"), Deed::Kick, "cy", None);
    assert_eq!(world.heard(ben).last().map(String::as_str), Some("! not_allowed"), "what is given up is gone");
    world.orders(ann, None, Deed::Kick, "cy", None);
    assert_eq!(world.heard(ann).last().map(String::as_str), Some("! not_allowed"), "a room is not the host");
}

#[test]
fn a_ban_from_a_room_holds_for_its_time() {
    let (mut world, ann, _, cy) = dev();
    world.orders(ann, Some("#dev"), Deed::Ban, "cy", Some(3600));
    assert_eq!(world.heard(cy), ["* cy was banned from #dev for 1h (by ann)", "left #dev"]);
    world.joins(cy, "#dev");
    assert_eq!(world.heard(cy), ["! banned"]);
    world.passes(Duration::from_secs(3599));
    world.joins(cy, "#dev");
    assert_eq!(world.heard(cy), ["! banned"]);
    world.passes(Duration::from_secs(1));
    world.joins(cy, "#dev");
    assert_eq!(world.heard(cy), ["joined #dev 0/0"]);
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Pardoned { .. })), "and is forgotten on the disk");
    assert_eq!(world.hub.wake_at(), None, "nothing ticks");
    world.orders(ann, Some("#dev"), Deed::Ban, "cy", None);
    world.passes(Duration::from_secs(400 * 86_400));
    world.joins(cy, "#dev");
    assert_eq!(world.heard(cy).last().map(String::as_str), Some("! banned"), "without a time it is for good");
    world.forget_all();
    world.orders(ann, Some("#dev"), Deed::Unban, "cy", None);
    world.joins(cy, "#dev");
    assert_eq!(world.heard(cy), ["joined #dev 0/0"]);
    world.forget_all();
    world.orders(ann, Some("#dev"), Deed::Unban, "cy", None);
    assert_eq!(world.heard(ann), ["! unchanged"]);
}

#[test]
fn a_ban_from_the_host_closes_and_keeps_out_the_key() {
    let mut world = World::new();
    let (olga, cy, phone) = (world.owner("olga"), world.keyed("cy"), world.keyed("cy"));
    world.forget_all();
    world.orders(olga, None, Deed::Ban, "cy", Some(600));
    assert_eq!(world.heard(olga)[0], "* cy was banned from the host for 10m (by olga)");
    for screen in [cy, phone] {
        assert_eq!(world.screens[screen].closed, Some(CloseCode::SentAway));
    }
    let again = world.opened(Dialect::V1);
    world.enters(again, "cy", Some("cy"));
    assert_eq!(world.heard(again), ["hello", "! banned"]);
    assert_eq!(world.screens[again].closed, Some(CloseCode::SentAway));
    world.passes(Duration::from_secs(600));
    let later = world.opened(Dialect::V1);
    world.enters(later, "cy", Some("cy"));
    assert!(world.heard(later)[1].starts_with("welcome cy"));
}

#[test]
fn a_banned_guest_is_kept_out_by_where_it_is_but_not_who_is_known_there() {
    let mut world = World::new();
    let olga = world.owner("olga");
    let guest = world.guest_from("spam", Some("2001:db8::1"));
    let local = world.guest_from("here", Some("127.0.0.1"));
    world.orders(olga, None, Deed::Ban, "spam", None);
    world.orders(olga, None, Deed::Ban, "here", None);
    assert_eq!(world.screens[guest].closed, Some(CloseCode::SentAway));
    let next = world.guest_from("spam2", Some("2001:db8::2"));
    assert_eq!(world.screens[next].closed, Some(CloseCode::SentAway), "the same network of 64 bits");
    let raw = world.opened_from(Dialect::Plain, Some("2001:db8::3".parse().unwrap()));
    assert_eq!(world.screens[raw].closed, Some(CloseCode::SentAway), "in plain text too");
    let elsewhere = world.guest_from("other", Some("2001:db8:1::1"));
    assert_eq!(world.screens[elsewhere].closed, None);
    assert_eq!(world.screens[local].closed, Some(CloseCode::SentAway));
    let proxied = world.guest_from("behind", Some("127.0.0.1"));
    assert_eq!(world.screens[proxied].closed, None, "all may come from this machine itself");
    let known = world.opened_from(Dialect::V1, Some("2001:db8::1".parse().unwrap()));
    world.enters(known, "olga", Some("olga"));
    assert_eq!(world.screens[known].closed, None, "who is known is not kept out for a neighbour");
    let new_key = world.opened_from(Dialect::V1, Some("2001:db8::1".parse().unwrap()));
    world.enters(new_key, "fresh", Some("fresh"));
    assert_eq!(world.screens[new_key].closed, Some(CloseCode::SentAway), "a new key is no way around it");
    world.orders(olga, None, Deed::Unban, "spam", None);
    assert_eq!(world.heard(olga).last().map(String::as_str), Some("done"), "by the name of then");
    let free = world.guest_from("spam3", Some("2001:db8::1"));
    assert_eq!(world.screens[free].closed, None);
}

#[test]
fn the_muted_read_and_do_not_speak_and_may_take_back() {
    let (mut world, ann, ben, _) = dev();
    world.says(ben, "#dev", "one");
    world.orders(ann, Some("#dev"), Deed::Mute, "ben", Some(60));
    world.forget_all();
    world.says(ben, "#dev", "two");
    let emoji = crate::protocol::entry::Emoji::parse("👍").unwrap();
    world.ask(ben, Command::React { to: to("#dev"), of: Seq(1), emoji, on: true, nonce: None });
    world.ask(ben, Command::Edit { to: to("#dev"), of: Seq(1), text: Text::clean("x"), nonce: None });
    world.ask(ben, Command::Topic { room: room("dev"), text: Text::clean("x"), nonce: None });
    assert_eq!(world.heard(ben), ["! muted", "! muted", "! muted", "! muted"]);
    world.ask(ben, Command::Page { to: to("#dev"), end: PageEnd::Newest, limit: None });
    world.ask(ben, Command::Delete { to: to("#dev"), of: Seq(1), nonce: None });
    assert_eq!(world.heard(ben), ["page #dev 1..2 (1)", "#dev 2 ben deletes 1"]);
    world.says(ben, LOBBY, "elsewhere");
    assert_eq!(world.heard(ben), ["#lobby 1 ben: elsewhere"]);
    world.passes(Duration::from_secs(60));
    world.says(ben, "#dev", "three");
    assert_eq!(world.heard(ben), ["* ben may speak again in #dev", "#dev 3 ben: three"]);
}

#[test]
fn the_mute_of_a_host_is_everywhere_and_says_how_long() {
    let mut world = World::new();
    let (olga, ben, _) = (world.owner("olga"), world.keyed("ben"), world.keyed("cy"));
    world.orders(olga, None, Deed::Mute, "ben", Some(90));
    world.forget_all();
    world.passes(Duration::from_secs(30));
    world.wire.clear();
    world.says(ben, LOBBY, "hi");
    world.says(ben, "@cy", "hi");
    assert_eq!(world.heard(ben), ["! muted", "! muted"]);
    assert!(world.wire[0].1.contains("\"retry_after\":60000"), "{:?}", world.wire);
}

#[test]
fn operators_of_the_host_are_made_by_its_owner_alone() {
    let mut world = World::new();
    let (olga, ben, cy) = (world.owner("olga"), world.keyed("ben"), world.keyed("cy"));
    world.joins(cy, "#cys");
    world.forget_all();
    world.orders(ben, None, Deed::Op, "ben", None);
    assert_eq!(world.heard(ben), ["! not_allowed"]);
    world.orders(olga, None, Deed::Op, "ben", None);
    assert_eq!(world.heard(ben), ["* ben is an operator now of the host (by olga)"]);
    world.orders(ben, None, Deed::Op, "cy", None);
    world.orders(ben, None, Deed::Kick, "olga", None);
    assert_eq!(world.heard(ben), ["! not_allowed", "! not_allowed"]);
    world.orders(ben, Some("#cys"), Deed::Kick, "cy", None);
    assert!(world.heard(cy).contains(&"left #cys".to_owned()), "whose room it is or not");
    world.ask(ben, Command::Audit { limit: None });
    assert_eq!(world.heard(ben).last().map(String::as_str), Some("record of 3"));
    world.ask(cy, Command::Audit { limit: None });
    assert_eq!(world.heard(cy), ["! not_allowed"]);
    let told: Vec<String> = world.record.iter().map(crate::protocol::rights::recorded).collect();
    assert_eq!(told, ["(the host): owner @olga", "olga: op @ben", "ben: kick @cy #cys"]);
    let guest = world.guest_from("gast", None);
    world.orders(olga, None, Deed::Op, "gast", None);
    assert_eq!(world.heard(olga).last().map(String::as_str), Some("! needs_key"));
    assert_eq!(world.screens[guest].closed, None);
}

#[test]
fn only_operators_speak_where_that_is_so() {
    let (mut world, ann, ben, _) = dev();
    world.sets(ben, "#dev", Change { readonly: Some(true), ..change() });
    assert_eq!(world.heard(ben), ["! not_allowed"]);
    world.sets(ann, "#dev", Change { readonly: Some(true), ..change() });
    assert_eq!(world.heard(ann), ["#dev is only operators speak", "done"]);
    world.says(ben, "#dev", "may I?");
    assert_eq!(world.heard(ben), ["#dev is only operators speak", "! read_only"]);
    world.says(ann, "#dev", "no");
    assert_eq!(world.heard(ben), ["#dev 1 ann: no"]);
    world.sets(ann, "#dev", Change { readonly: Some(true), ..change() });
    assert_eq!(world.heard(ann), ["#dev 1 ann: no", "! unchanged"]);
}

#[test]
fn a_slow_room_takes_one_line_each_in_so_long() {
    let (mut world, ann, ben, cy) = dev();
    world.sets(ann, "#dev", Change { slow: Some(Duration::from_secs(30)), ..change() });
    world.forget_all();
    world.says(ben, "#dev", "one");
    world.says(ben, "#dev", "two");
    world.says(cy, "#dev", "me too");
    assert_eq!(world.heard(ben), ["#dev 1 ben: one", "! rate_limited", "#dev 2 cy: me too"]);
    world.passes(Duration::from_secs(29));
    world.wire.clear();
    world.says(ben, "#dev", "two");
    assert_eq!(world.heard(ben), ["! rate_limited"]);
    assert!(world.wire[0].1.contains("\"retry_after\":1000"), "{:?}", world.wire);
    world.passes(Duration::from_secs(1));
    world.says(ben, "#dev", "two");
    for _ in 0..3 {
        world.says(ann, "#dev", "operators are not held up");
    }
    assert_eq!(world.heard(ben).len(), 4);
}

#[test]
fn who_is_not_invited_does_not_come_into_a_private_room() {
    let (mut world, ann, ben, cy) = dev();
    let dee = world.keyed("dee");
    world.sets(ann, "#dev", Change { private: Some(true), ..change() });
    world.forget_all();
    world.joins(dee, "#dev");
    world.ask(dee, Command::Rooms);
    assert_eq!(world.heard(dee), ["! no_such_room", "rooms #lobby 4"]);
    world.ask(cy, Command::Rooms);
    assert_eq!(world.heard(cy), ["rooms #dev 3, #lobby 4"]);
    world.ask(ben, Command::RoomInvite { room: room("dev"), name: nick("dee") });
    assert_eq!(world.heard(ben), ["! not_allowed"]);
    world.ask(ann, Command::RoomInvite { room: room("dev"), name: nick("dee") });
    assert_eq!(world.heard(dee), ["ann invites to #dev"]);
    world.ask(dee, Command::Who { room: Some(room("dev")) });
    assert_eq!(world.heard(dee), ["! not_member"], "who is invited knows of it");
    world.joins(dee, "#dev");
    assert_eq!(world.heard(dee), ["joined #dev 0/0"]);
    world.orders(ann, Some("#dev"), Deed::Kick, "dee", None);
    world.joins(dee, "#dev");
    assert_eq!(world.heard(dee).last().map(String::as_str), Some("! no_such_room"), "put out is no longer invited");
    world.sets(ann, LOBBY, Change { private: Some(true), ..change() });
    assert_eq!(world.heard(ann).last().map(String::as_str), Some("! not_allowed"));
}

#[test]
fn a_room_nobody_can_find_is_made_private_at_once() {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    world.forget_all();
    world.joins(ann, "#_den");
    assert_eq!(world.heard(ann), ["! no_such_room"], "joining makes none");
    world.sets(ann, "#_den", Change { private: Some(true), ..change() });
    assert_eq!(world.heard(ann), ["joined #_den 0/0"]);
    world.sets(ben, "#_den", Change { private: Some(true), ..change() });
    let heard = world.heard(ben);
    assert_eq!(heard.last().map(String::as_str), Some("joined #_den-2 0/0"), "{heard:?}");
    let guest = world.guest_from("gast", None);
    world.sets(guest, "#_x", Change { private: Some(true), ..change() });
    assert_eq!(world.heard(guest).last().map(String::as_str), Some("! needs_key"));
}

#[test]
fn a_door_with_a_password() {
    let (mut world, ann, _, _) = dev();
    let (dee, eve) = (world.keyed("dee"), world.keyed("eve"));
    let password = |text| Password::parse(text);
    let join = |text| Command::Join { room: room("dev"), password: password(text) };
    world.sets(ann, "#dev", Change { password: Some(password("horse")), ..change() });
    assert_eq!(world.heard(ann).last().map(String::as_str), Some("done"));
    world.forget_all();
    world.joins(dee, "#dev");
    world.ask(dee, join("donkey"));
    world.ask(dee, join("horse"));
    assert_eq!(world.heard(dee), ["! needs_password", "! wrong_password", "joined #dev 0/0"]);
    world.ask(ann, Command::RoomInvite { room: room("dev"), name: nick("eve") });
    world.joins(eve, "#dev");
    assert_eq!(world.heard(eve), ["ann invites to #dev", "joined #dev 0/0"], "who is invited is not asked");
    let kept = format!("{:?}{:?}", world.facts, world.record);
    assert!(kept.contains("PasswordHash(…)") && !kept.contains("horse"), "{kept}");
    world.sets(ann, "#dev", Change { password: Some(None), ..change() });
    let fay = world.keyed("fay");
    world.joins(fay, "#dev");
    assert_eq!(world.heard(fay), ["joined #dev 0/0"]);
}

#[test]
fn a_ban_that_comes_while_the_password_is_looked_at_holds() {
    let (mut world, ann, _, _) = dev();
    let dee = world.keyed("dee");
    let horse = Password::parse("horse");
    world.sets(ann, "#dev", Change { password: Some(horse.clone()), ..change() });
    world.forget_all();
    world.late = true;
    world.ask(dee, Command::Join { room: room("dev"), password: horse });
    let check = world.hold();
    world.orders(ann, Some("#dev"), Deed::Ban, "dee", None);
    while world.answer() {}
    world.release(check);
    world.late = false;
    while world.answer() {}
    assert_eq!(world.heard(dee), ["! banned"]);
}

#[test]
fn a_deleted_room_is_gone_for_all() {
    let (mut world, ann, ben, _) = dev();
    world.says(ben, "#dev", "secret");
    world.forget_all();
    world.ask(ben, Command::RoomDelete { room: room("dev") });
    world.ask(ann, Command::RoomDelete { room: room("lobby") });
    assert_eq!((world.heard(ben), world.heard(ann)), (vec!["! not_allowed".into()], vec!["! not_allowed".into()]));
    world.late = true;
    world.ask(ann, Command::RoomDelete { room: room("dev") });
    world.says(ben, "#dev", "too late");
    assert_eq!(world.heard(ben), ["! no_such_room"], "nothing is said into a room that is being deleted");
    world.late = false;
    while world.answer() {}
    assert_eq!(world.heard(ben), ["#dev is no more", "left #dev"]);
    assert_eq!(world.heard(ann), ["#dev is no more", "left #dev", "done"]);
    world.ask(ben, Command::Page { to: to("#dev"), end: PageEnd::Newest, limit: None });
    assert_eq!(world.heard(ben), ["! no_such_room"]);
    world.joins(ben, "#dev");
    world.orders(ben, Some("#dev"), Deed::Kick, "ann", None);
    assert_eq!(world.heard(ben).last().map(String::as_str), Some("! no_such_person"), "its next maker keeps order");
}

#[test]
fn two_claim_one_name_in_the_same_instant() {
    let mut world = World::new();
    let (one, two) = (world.opened(Dialect::V1), world.opened(Dialect::V1));
    world.late = true;
    world.enters(one, "ann", Some("one"));
    world.enters(two, "Ann", Some("two"));
    world.late = false;
    while world.answer() {}
    assert_eq!(world.heard(one), ["hello", "welcome ann: #lobby 0/0"]);
    assert!(world.heard(two)[1].starts_with("! name_taken"), "the second has another try");
    assert_eq!(world.screens[two].closed, None);
}

#[test]
fn what_cannot_be_kept_does_not_hold() {
    let (mut world, ann, ben, _) = dev();
    world.full = true;
    world.orders(ann, Some("#dev"), Deed::Ban, "ben", None);
    world.sets(ann, "#dev", Change { private: Some(true), ..change() });
    world.ask(ann, Command::RoomDelete { room: room("dev") });
    assert_eq!(world.heard(ann), ["! storage", "! storage", "! storage"]);
    world.full = false;
    world.says(ben, "#dev", "hi");
    assert_eq!(world.heard(ben), ["#dev 1 ben: hi"]);
}

#[test]
fn sentences_and_roles_come_back_with_the_host() {
    let sentence = |until| Sentence {
        penalty: Penalty::Ban,
        room: None,
        subject: Subject::Address("192.0.2.0".parse().unwrap()),
        name: nick("spam"),
        until,
        why: Text::clean("flood"),
    };
    let later = sentence(Some(Timestamp(61_000)));
    let facts = Facts { sentences: vec![later], ..Facts::default() };
    let mut hub = Hub::new(Rules { ..rules() }, Epoch([1; 16]), facts);
    assert_eq!(hub.wake_at(), None);
    hub.handle(Now { up: Duration::from_secs(5), wall: Timestamp(1000) }, crate::hub::Input::Woke);
    assert_eq!(hub.wake_at(), Some(Duration::from_secs(65)), "the rest of its time is counted from the first moment");
    let effects = hub.handle(Now { up: Duration::from_secs(65), wall: Timestamp(1000) }, crate::hub::Input::Woke);
    assert_eq!(effects.len(), 1, "{effects:?}");
    assert_eq!(hub.role(crate::protocol::entry::PersonId([1; 16])), Role::Guest);
}

#[test]
fn bans_are_listed_for_those_who_keep_order_there() {
    let mut world = World::new();
    let (olga, ann, ben) = (world.owner("olga"), world.keyed("ann"), world.keyed("ben"));
    world.keyed("cy");
    let address = world.guest_from("gast", Some("192.0.2.7"));
    for at in [ann, ben, address] {
        world.joins(at, "#dev");
    }
    world.orders(ann, Some("#dev"), Deed::Ban, "gast", None);
    world.orders(ann, Some("#dev"), Deed::Mute, "ben", Some(60));
    world.orders(olga, None, Deed::Ban, "cy", None);
    world.forget_all();
    let bans = |world: &mut World, at: usize, name: Option<&str>| {
        world.ask(at, Command::Bans { room: name.map(room) });
        world.heard(at).pop().expect("it is answered")
    };
    assert_eq!(
        bans(&mut world, ann, Some("#DEV")),
        "bans of #dev: mute @ben, ban @gast (a guest, and others from there)"
    );
    assert_eq!(bans(&mut world, olga, Some("#dev")), bans(&mut world, ann, Some("#dev")), "the host's may too");
    assert_eq!(bans(&mut world, olga, None), "bans of the host: ban @cy");
    assert_eq!(bans(&mut world, ann, None), "! not_allowed");
    assert_eq!(bans(&mut world, ben, Some("#dev")), "! not_allowed");
    world.ask(ann, Command::RoomSet { room: room("dev"), change: Change { private: Some(true), ..change() } });
    world.forget_all();
    assert_eq!(
        bans(&mut world, olga, Some("#dev")),
        "! no_such_room",
        "who must not know of a room learns nothing of it"
    );
}
