//! What somebody who is not in a private room can learn of it: nothing. The same outsider asks the same of two hosts, one
//! with the room and one without, and hears the same to the byte.

use proptest::prelude::*;

use super::world::*;
use crate::protocol::command::{Command, PageEnd};
use crate::protocol::entry::{Emoji, Seq};
use crate::protocol::rights::{Change, Deed, Order};
use crate::protocol::search::Query;
use crate::protocol::text::Text;

/// A host on which ann and ben have a private room of this name.
fn host(name: &str) -> (World, usize, usize) {
    let mut world = World::new();
    let (ann, ben) = (world.keyed("ann"), world.keyed("ben"));
    let private = Change { private: Some(true), ..Change::default() };
    match name.starts_with("#_") {
        true => world.sets(ann, name, private),
        false => {
            world.joins(ann, name);
            world.sets(ann, name, private);
        }
    }
    world.ask(ann, Command::RoomInvite { room: room(name), name: nick("ben") });
    world.joins(ben, name);
    world.says(ann, name, "the secret");
    let cy = world.keyed("cy");
    (world, ann, cy)
}

/// Everything that can be asked about a room, by number.
fn question(n: usize, name: &str) -> Command {
    let (room, there, of) = (room(name), to(name), Seq(1));
    let text = Text::clean("x");
    let order = |deed| {
        Command::Moderate(Order { deed, room: Some(room.clone()), name: nick("ann"), time: None, why: Text::clean("") })
    };
    let set = |change| Command::RoomSet { room: room.clone(), change };
    match n {
        0 => Command::Leave { room },
        1 => Command::Say { to: there, text, me: false, reply_to: None, nonce: Some(nonce(7)) },
        2 => Command::Edit { to: there, of, text, nonce: None },
        3 => Command::Delete { to: there, of, nonce: None },
        4 => Command::React { to: there, of, emoji: Emoji::parse("👍").unwrap(), on: true, nonce: None },
        5 => Command::Topic { room, text, nonce: None },
        6 => Command::Page { to: there, end: PageEnd::Newest, limit: None },
        7 => Command::Search { to: Some(there), query: Query::new("secret"), limit: None },
        8 => Command::Search { to: None, query: Query::new("secret"), limit: None },
        9 => Command::Read { to: there, seq: of },
        10 => Command::Typing { to: there },
        11 => Command::Rooms,
        12 => Command::Who { room: Some(room) },
        13 => Command::Who { room: None },
        14..=20 => order(Deed::ALL[n - 14]),
        21 => set(Change { readonly: Some(true), ..Change::default() }),
        22 => set(Change { private: Some(false), ..Change::default() }),
        23 => Command::RoomDelete { room },
        24 => Command::RoomInvite { room, name: nick("cy") },
        _ => Command::Join { room, password: None },
    }
}

const QUESTIONS: usize = 26;

/// What cy hears on the way through these questions, while ann talks in the room.
fn asked(of: &str, about: &str, questions: &[(usize, u8)]) -> Vec<String> {
    let (mut world, ann, cy) = host(of);
    world.wire.clear();
    for (n, spelling) in questions {
        let name = if *spelling == 0 { about.to_uppercase() } else { about.to_owned() };
        // Joining makes a room where one may be made; only of these names it never does.
        let n = if *n == QUESTIONS - 1 && !about.starts_with("#_") { 0 } else { *n };
        world.ask(cy, question(n, &name));
        world.says(ann, of, "more of it");
    }
    world.wire.into_iter().filter(|(at, _)| *at == cy).map(|(_, frame)| frame).collect()
}

#[test]
fn every_question_about_a_private_room_is_answered_as_if_it_were_not_there() {
    for (there, elsewhere) in [("#_den", "#_nest"), ("#den", "#nest")] {
        for n in 0..QUESTIONS {
            for spelling in [0, 1] {
                let with = asked(there, there, &[(n, spelling)]);
                let without = asked(elsewhere, there, &[(n, spelling)]);
                assert_eq!(with, without, "question {n} about {there}");
                assert!(!with.is_empty() || n == 10, "question {n} is answered");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_questions_tells_it_either(
        questions in proptest::collection::vec((0..QUESTIONS, 0..4u8), 1..20),
        unseen in any::<bool>(),
    ) {
        let (there, elsewhere) = if unseen { ("#_den", "#_nest") } else { ("#den", "#nest") };
        prop_assert_eq!(asked(there, there, &questions), asked(elsewhere, there, &questions));
    }
}
