//! Who is let in: nobody from elsewhere without an invitation or a key that is known, nobody twice by one that is for one,
//! and nobody by one that is over.

use std::time::Duration;

use super::world::*;
use crate::hub::Rules;
use crate::hub::invites::Site;
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::person::Proof;
use crate::protocol::secret::{ShortCode, Token};

const OWNER: &str = "ticket";

/// A host on a network, and the screen of its owner.
fn hosted() -> (World, usize) {
    let site = Site { address: Some("https://192.168.1.5:8080".into()), fingerprint: None };
    let owner_ticket = Token::parse(OWNER);
    let mut world = World::with(Rules { site, owner_ticket, ..rules() });
    let owner = enters(&mut world, "ann", true, true, Some(OWNER));
    world.resumes(owner, Vec::new());
    world.forget_all();
    (world, owner)
}

/// Somebody enters, with a key of that name or as a guest, from this machine or from elsewhere.
fn enters(world: &mut World, name: &str, key: bool, free: bool, token: Option<&str>) -> usize {
    world.free = free;
    let at = world.opened(Dialect::V1);
    world.free = true;
    tries(world, at, name, key, token);
    at
}

fn tries(world: &mut World, at: usize, name: &str, key: bool, token: Option<&str>) {
    let proof = key.then(|| Proof::sign(&secret(name), HOST, &[at as u8; 32]));
    let invite = token.map(|token| Token::parse(token).expect("a token"));
    world.ask(at, Command::Enter { name: Some(nick(name)), proof, client: None, invite, bot: None });
}

/// An invitation's token.
fn invites(world: &mut World, owner: usize, room: Option<&str>, once: bool, lasts: Option<Duration>) -> String {
    let room = room.map(self::room);
    world.ask(owner, Command::Invite { room, once, lasts });
    let told = world.heard(owner).pop().expect("an answer");
    let (_, link) = told.split_once(": https://192.168.1.5:8080/#").expect(&told);
    link.split_once("?k=").expect("a token").1.to_owned()
}

fn outcome(world: &mut World, at: usize) -> String {
    world.heard(at).into_iter().find(|line| line.starts_with(['w', '!'])).expect("an answer")
}

#[test]
fn from_elsewhere_one_comes_by_invitation_and_is_known_from_then_on() {
    let (mut world, owner) = hosted();
    for key in [true, false] {
        let ben = enters(&mut world, "ben", key, false, None);
        assert_eq!(outcome(&mut world, ben), "! needs_invite", "key {key}");
    }
    let token = invites(&mut world, owner, None, true, None);
    let ben = enters(&mut world, "ben", true, false, Some(&token));
    assert_eq!(outcome(&mut world, ben), "welcome ben: #lobby 0/0");
    // Known by now, without any invitation, and with one that is over.
    for token in [None, Some(&*token), Some("nonsense")] {
        let again = enters(&mut world, "ben", true, false, token);
        assert_eq!(outcome(&mut world, again), "welcome ben: #lobby 0/0");
    }
    let here = enters(&mut world, "dee", true, true, None);
    assert_eq!(outcome(&mut world, here), "welcome dee: #lobby 0/0", "this machine needs none");
}

#[test]
fn one_for_one_person_opens_once_even_before_the_store_has_answered() {
    let (mut world, owner) = hosted();
    let token = invites(&mut world, owner, None, true, None);
    world.late = true;
    let (ben, cy) =
        (enters(&mut world, "ben", true, false, Some(&token)), enters(&mut world, "cy", true, false, Some(&token)));
    let guest = enters(&mut world, "guest-abcd", false, false, Some(&token));
    world.late = false;
    while world.answer() {}
    assert_eq!(outcome(&mut world, ben), "welcome ben: #lobby 0/0");
    assert_eq!(
        (outcome(&mut world, cy), outcome(&mut world, guest)),
        ("! needs_invite".into(), "! needs_invite".into())
    );
}

#[test]
fn an_invitation_that_could_not_be_used_is_still_there() {
    let (mut world, owner) = hosted();
    let token = invites(&mut world, owner, None, true, None);
    world.full = true;
    let ben = enters(&mut world, "ben", true, false, Some(&token));
    assert_eq!(outcome(&mut world, ben), "! storage");
    world.full = false;
    tries(&mut world, ben, "ann", true, Some("wrong"));
    tries(&mut world, ben, "ben", true, Some(&token));
    assert_eq!(outcome(&mut world, ben), "welcome ann: #lobby 0/0", "a known key needs none");
    let cy = enters(&mut world, "cy", true, false, Some(&token));
    assert_eq!(outcome(&mut world, cy), "welcome cy: #lobby 0/0");
}

#[test]
fn a_name_that_is_taken_does_not_cost_the_invitation() {
    let (mut world, owner) = hosted();
    let token = invites(&mut world, owner, None, true, None);
    world.free = false;
    let ben = world.opened(Dialect::V1);
    let proof = Proof::sign(&secret("ben"), HOST, &[ben as u8; 32]);
    let invite = Token::parse(&token);
    world.ask(ben, Command::Enter { name: Some(nick("ann")), proof: Some(proof), client: None, invite, bot: None });
    assert!(outcome(&mut world, ben).starts_with("! name_taken"));
    tries(&mut world, ben, "ben", true, Some(&token));
    assert_eq!(outcome(&mut world, ben), "welcome ben: #lobby 0/0");
}

#[test]
fn one_with_a_room_makes_a_member_of_it_also_of_somebody_known() {
    let (mut world, owner) = hosted();
    let ben = world.keyed("ben");
    world.joins(owner, "#dev");
    world.forget_all();
    let token = invites(&mut world, owner, Some("DEV"), false, None);
    let cy = enters(&mut world, "cy", true, false, Some(&token));
    assert_eq!(outcome(&mut world, cy), "welcome cy: #lobby 0/0, #dev 0/0");
    let second = enters(&mut world, "ben", true, false, Some(&token));
    assert_eq!(outcome(&mut world, second), "welcome ben: #lobby 0/0, #dev 0/0");
    assert!(world.heard(owner).contains(&"* ben joined #dev".to_owned()));
    let _ = ben;
}

#[test]
fn what_is_over_says_so() {
    let (mut world, owner) = hosted();
    let short = invites(&mut world, owner, None, false, Some(Duration::from_secs(60)));
    let taken = invites(&mut world, owner, None, false, None);
    world.ask(owner, Command::Uninvite { number: 2 });
    world.ask(owner, Command::Uninvite { number: 9 });
    world.ask(owner, Command::Invites);
    assert_eq!(world.heard(owner), ["done", "! other", "invitations 2"]);
    world.up += Duration::from_secs(61);
    for token in [&short, &taken] {
        let ben = enters(&mut world, "ben", true, false, Some(token));
        assert_eq!(outcome(&mut world, ben), "! needs_invite");
    }
}

#[test]
fn only_who_keeps_order_invites_and_only_where_others_can_come() {
    let (mut world, owner) = hosted();
    let ben = world.keyed("ben");
    let ask = Command::Invite { room: None, once: false, lasts: None };
    for command in [ask.clone(), Command::Invites, Command::Uninvite { number: 1 }] {
        world.ask(ben, command);
    }
    assert_eq!(world.heard(ben), ["! not_allowed"; 3]);
    let nowhere = Command::Invite { room: Some(room("none")), once: false, lasts: None };
    let year = Some(Duration::from_secs(500 * 86_400));
    for command in [nowhere, Command::Invite { room: None, once: false, lasts: year }] {
        world.ask(owner, command);
    }
    assert_eq!(world.heard(owner).iter().filter(|line| line.starts_with('!')).count(), 2);

    let mut alone = World::with(Rules { owner_ticket: Token::parse(OWNER), ..rules() });
    let owner = enters(&mut alone, "ann", true, true, Some(OWNER));
    alone.forget_all();
    alone.ask(owner, ask);
    assert_eq!(alone.heard(owner), ["! other"]);
}

#[test]
fn there_is_an_end_to_how_many_there_are() {
    let (mut world, owner) = hosted();
    for _ in 0..500 {
        invites(&mut world, owner, None, false, None);
    }
    let ask = Command::Invite { room: None, once: false, lasts: None };
    world.ask(owner, ask.clone());
    assert_eq!(world.heard(owner), ["! limit"]);
    world.ask(owner, Command::Uninvite { number: 7 });
    world.ask(owner, ask);
    world.ask(owner, Command::Invites);
    let told = world.heard(owner);
    assert!(told[1].starts_with("invitation 501"), "{told:?}");
    assert_eq!(told[2], "invitations 500");
}

#[test]
fn a_short_code_opens_what_its_link_opens() {
    let (mut world, owner) = hosted();
    invites(&mut world, owner, None, true, None);
    let code = ShortCode::made_of(&rules().seed, 1).spoken();
    let typed = code.to_lowercase().replace('-', "");
    let ben = enters(&mut world, "ben", true, false, Some(&typed));
    assert_eq!(outcome(&mut world, ben), "welcome ben: #lobby 0/0");
    let cy = enters(&mut world, "cy", true, false, Some(&code));
    assert_eq!(outcome(&mut world, cy), "! needs_invite", "it was for one person");
    // Taken back with its invitation.
    invites(&mut world, owner, None, false, None);
    let code = ShortCode::made_of(&rules().seed, 2).spoken();
    world.ask(owner, Command::Uninvite { number: 2 });
    let dee = enters(&mut world, "dee", true, false, Some(&code));
    assert_eq!(outcome(&mut world, dee), "! needs_invite");
}

#[test]
fn codes_are_guessed_so_often_and_no_more_and_nobody_known_or_with_a_link_notices() {
    let (mut world, owner) = hosted();
    let token = invites(&mut world, owner, None, false, None);
    let ben = enters(&mut world, "ben", true, false, Some(&token));
    assert_eq!(outcome(&mut world, ben), "welcome ben: #lobby 0/0");
    let mut refused = [0, 0];
    for guess in 0..10_000 {
        let code = ShortCode::made_of(&[9; 32], guess).spoken();
        let at = enters(&mut world, "mallory", false, false, Some(&code));
        match outcome(&mut world, at).as_str() {
            "! needs_invite" => refused[0] += 1,
            "! rate_limited" => refused[1] += 1,
            other => panic!("{other}"),
        }
        world.cut(at);
    }
    assert_eq!(refused, [100, 9_900]);
    let code = ShortCode::made_of(&rules().seed, 1).spoken();
    let cy = enters(&mut world, "cy", true, false, Some(&code));
    assert_eq!(outcome(&mut world, cy), "! rate_limited", "even the right one tells nothing now");
    for (name, token) in [("ben", &*code), ("dee", &*token)] {
        let at = enters(&mut world, name, true, false, Some(token));
        assert_eq!(outcome(&mut world, at), format!("welcome {name}: #lobby 0/0"));
    }
}
