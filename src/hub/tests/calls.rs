//! What is read over HTTP: as a guest may who came the same way, and of what is not for one nothing is told.

use std::net::IpAddr;

use super::world::*;
use crate::hub::Input;
use crate::hub::calls::{Call, Reply, Tail, Wish};
use crate::protocol::command::Command;
use crate::protocol::entry::ShownWhat;
use crate::protocol::names::RoomName;
use crate::protocol::rights::Change;
use crate::protocol::secret::{Password, Token};

fn tail(place: &str) -> Tail {
    let address = IpAddr::from([127, 0, 0, 1]);
    Tail { room: RoomName::parse(place).ok(), limit: 2, address, free: true, token: None }
}

/// What is answered, in a word, and the same whole.
fn asks(world: &mut World, wish: Wish) -> (String, String) {
    world.input(Input::Called { call: Call(0), wish });
    let reply = world.replies.pop().expect("an answer").1;
    let short = match &reply {
        Reply::Page(to, page) => {
            let text = |what: &ShownWhat| match what {
                ShownWhat::Said { text: Some(text), .. } => text.as_str().to_owned(),
                _ => String::new(),
            };
            let texts: Vec<String> = page.entries.iter().map(|shown| text(&shown.what)).collect();
            format!("{to} {}", texts.join(" "))
        }
        Reply::Refused(refusal) => refusal.code.as_str().to_owned(),
        Reply::Well => "well".to_owned(),
        Reply::Figures(figures) => format!("{} of {} in {}", figures.online, figures.people, figures.rooms),
        Reply::Said(..) => unreachable!("nothing was said"),
    };
    (short, format!("{reply:?}"))
}

#[test]
fn of_rooms_that_are_not_for_one_nothing_is_told() {
    let mut world = World::new();
    let ann = world.owner("ann");
    for place in ["#open", "#shut"] {
        world.joins(ann, place);
    }
    world.ask(
        ann,
        Command::RoomSet { room: room("#_dark"), change: Change { private: Some(true), ..Change::default() } },
    );
    let password = Some(Password::parse("horse"));
    world.ask(ann, Command::RoomSet { room: room("#shut"), change: Change { password, ..Change::default() } });
    for place in ["#open", "#shut", "#_dark"] {
        for words in ["one", "two", "three"] {
            world.says(ann, place, words);
        }
    }
    assert_eq!(asks(&mut world, Wish::Tail(tail("OPEN"))).0, "#open two three", "as its maker wrote it");
    let (told, whole) = asks(&mut world, Wish::Tail(tail("none")));
    assert_eq!(told, "no_such_room");
    for place in ["shut", "_dark", "<b>", "", "a/b"] {
        assert_eq!(asks(&mut world, Wish::Tail(tail(place))).1, whole, "{place}");
    }
    world.ask(ann, Command::RoomDelete { room: room("#open") });
    assert_eq!(asks(&mut world, Wish::Tail(tail("open"))).1, whole);
}

#[test]
fn who_needs_an_invitation_reads_by_one() {
    let mut rules = rules();
    rules.site.address = Some("https://chat.example".into());
    let mut world = World::with(rules);
    let ann = world.owner("ann");
    world.ask(
        ann,
        Command::RoomSet { room: room("#_dark"), change: Change { private: Some(true), ..Change::default() } },
    );
    world.says(ann, "#_dark", "secret");
    world.says(ann, LOBBY, "hello");
    let token = |world: &mut World, place: Option<&str>, once| {
        world.ask(ann, Command::Invite { room: place.map(room), once, lasts: None });
        let told = world.heard(ann).pop().expect("an answer");
        Token::parse(told.rsplit_once("?k=").expect("a link").1)
    };
    let to_host = token(&mut world, None, false);
    let to_dark = token(&mut world, Some("#_dark"), false);
    let once = token(&mut world, Some("#_dark"), true);
    let far = |place: &str, token: &Option<Token>| {
        let address = IpAddr::from([192, 0, 2, 7]);
        Wish::Tail(Tail { address, free: false, token: token.clone(), ..tail(place) })
    };
    let (told, whole) = asks(&mut world, far("lobby", &None));
    assert_eq!(told, "needs_invite");
    for place in ["_dark", "none", "<b>"] {
        assert_eq!(asks(&mut world, far(place, &None)).1, whole, "{place}");
    }
    for (place, token, told) in [
        ("lobby", &to_host, "#lobby hello"),
        ("_dark", &to_host, "no_such_room"),
        ("_dark", &to_dark, "#_dark secret"),
        ("lobby", &to_dark, "#lobby hello"),
        ("_dark", &once, "needs_invite"),
        ("lobby", &Token::parse("nonsense"), "needs_invite"),
        ("lobby", &Token::parse("K7QP-3M9X"), "needs_invite"),
    ] {
        assert_eq!(asks(&mut world, far(place, token)).0, told, "{place}");
    }
    world.ask(ann, Command::Uninvite { number: 2 });
    assert_eq!(asks(&mut world, far("_dark", &to_dark)).0, "needs_invite");
}

#[test]
fn health_is_that_of_the_store() {
    let mut world = World::new();
    let ann = world.owner("ann");
    assert_eq!(asks(&mut world, Wish::Health).0, "well");
    assert_eq!(asks(&mut world, Wish::Figures).0, "1 of 1 in 1");
    world.full = true;
    world.says(ann, LOBBY, "x");
    assert_eq!(asks(&mut world, Wish::Health).0, "storage");
    world.full = false;
    assert_eq!(asks(&mut world, Wish::Health).0, "well", "it tries again by itself");
    world.late = true;
    world.input(Input::Called { call: Call(0), wish: Wish::Health });
    assert!(world.replies.is_empty());
    world.input(Input::Stopping);
    assert_eq!(asks(&mut world, Wish::Health).0, "busy");
}
