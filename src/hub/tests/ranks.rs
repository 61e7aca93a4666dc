//! No sequence of commands gives anybody more than their role allows: whatever people of all ranks ask, in any order, what
//! changes for somebody was done by somebody above them, and what changes of a room by one who keeps order there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::world::*;
use crate::hub::rights::Rank;
use crate::protocol::command::Command;
use crate::protocol::entry::PersonId;
use crate::protocol::rights::{Change, Deed, Order, Penalty, RoomSettings, Subject};
use crate::protocol::secret::Password;
use crate::protocol::text::Text;

const NAMES: [&str; 6] = ["olga", "otto", "mia", "ben", "cy", "gast"];
const ROOMS: [&str; 3] = ["#lobby", "#mias", "#_den"];

/// Something somebody asks.
#[derive(Clone, Debug)]
enum Step {
    Order { by: usize, deed: usize, whom: usize, room: Option<usize> },
    Set { by: usize, room: usize, which: u8, on: bool },
    Delete { by: usize, room: usize },
    Invite { by: usize, room: usize, whom: usize },
    Join { by: usize, room: usize },
    Leave { by: usize, room: usize },
    Say { by: usize, room: usize },
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let (who, place) = (|| 0..NAMES.len(), || 0..ROOMS.len());
    prop_oneof![
        6 => (who(), 0..Deed::ALL.len(), who(), proptest::option::of(place()))
            .prop_map(|(by, deed, whom, room)| Step::Order { by, deed, whom, room }),
        2 => (who(), place(), 0..4u8, any::<bool>()).prop_map(|(by, room, which, on)| Step::Set { by, room, which, on }),
        1 => (who(), place()).prop_map(|(by, room)| Step::Delete { by, room }),
        2 => (who(), place(), who()).prop_map(|(by, room, whom)| Step::Invite { by, room, whom }),
        3 => (who(), place()).prop_map(|(by, room)| Step::Join { by, room }),
        1 => (who(), place()).prop_map(|(by, room)| Step::Leave { by, room }),
        2 => (who(), place()).prop_map(|(by, room)| Step::Say { by, room }),
        1 => Just(Step::Wait),
    ]
}

/// All that order is about.
#[derive(Clone, Debug, PartialEq)]
struct State {
    /// Ranks by person, on the host and in each room.
    ranks: BTreeMap<(PersonId, Option<usize>), Rank>,
    members: BTreeSet<(PersonId, usize)>,
    sentences: BTreeSet<(PersonId, Option<usize>, bool)>,
    invited: BTreeSet<(PersonId, usize)>,
    settings: BTreeMap<usize, RoomSettings>,
    said: usize,
}

fn state(world: &World, people: &[PersonId]) -> State {
    let places = || std::iter::once(None).chain((0..ROOMS.len()).map(Some));
    let hub = &world.hub;
    let mut all = State {
        ranks: BTreeMap::new(),
        members: BTreeSet::new(),
        sentences: BTreeSet::new(),
        invited: BTreeSet::new(),
        settings: BTreeMap::new(),
        said: 0,
    };
    for place in places() {
        let name = place.map(|at| room(ROOMS[at]));
        for person in people {
            all.ranks.insert((*person, place), hub.rank(*person, name.as_ref()));
            for penalty in [Penalty::Ban, Penalty::Mute] {
                if hub.sentences.of(penalty, name.as_ref(), Subject::Person(*person)).is_some() {
                    all.sentences.insert((*person, place, penalty == Penalty::Ban));
                }
            }
            let Some(at) = place else { continue };
            let Some(hall) = hub.rooms.get(&room(ROOMS[at])) else { continue };
            all.settings.insert(at, hall.settings);
            all.members.extend(hall.members.contains(person).then_some((*person, at)));
            all.invited.extend(hall.invited.contains(person).then_some((*person, at)));
        }
    }
    all
}

/// What this step changed was this person's to change.
fn check(before: &State, after: &State, by: PersonId, step: &Step) -> Result<(), TestCaseError> {
    let rank = |person: PersonId, place: Option<usize>| before.ranks.get(&(person, place)).copied();
    let above = |person: PersonId, place: Option<usize>| {
        let least = if place.is_some() { Rank::OfRoom } else { Rank::OfHost };
        rank(by, place).is_some_and(|own| own >= least && rank(person, place).is_none_or(|theirs| theirs < own))
    };
    let keeps = |place: usize| rank(by, Some(place)) >= Some(Rank::OfRoom);
    let made = |place: usize| !before.settings.contains_key(&place);
    for ((person, place), now) in &after.ranks {
        let was = rank(*person, *place).unwrap_or(*now);
        let own = *person == by;
        let fine = was == *now
            // What one has one may give up, and who makes a room keeps order there.
            || (own && *now < was)
            || (own && *now == Rank::OfRoom && place.is_some_and(made))
            // A rank on the host is one in every room.
            || place.is_some() && after.ranks[&(*person, None)] != before.ranks[&(*person, None)]
            || (above(*person, *place) && (place.is_some() || rank(by, None) == Some(Rank::Owner)))
            || place.is_some_and(|place| !after.settings.contains_key(&place));
        prop_assert!(fine, "{step:?}: the rank of {person:?} in {place:?} was {was:?} and is {now:?}");
        prop_assert!(*now <= Rank::OfHost || was == *now, "nobody becomes owner by a command");
    }
    for (person, place) in before.members.difference(&after.members) {
        let deleted = !after.settings.contains_key(place) && keeps(*place);
        // Whoever is sent off the host, and was a guest, is in no room any more.
        let fine = *person == by || above(*person, Some(*place)) || above(*person, None) || deleted;
        prop_assert!(fine, "{step:?}: {person:?} is out of {}", ROOMS[*place]);
    }
    for (person, place) in after.members.difference(&before.members) {
        prop_assert_eq!(*person, by, "nobody is brought in");
        let banned = [Some(*place), None].iter().any(|place| before.sentences.contains(&(*person, *place, true)));
        prop_assert!(!banned, "{:?}: who is banned came in", step);
        let shut = before.settings.get(place).is_some_and(|set| set.private || set.password);
        let may = before.invited.contains(&(*person, *place)) || keeps(*place);
        prop_assert!(!shut || may, "{:?}: came in uninvited", step);
    }
    for (person, place, ban) in before.sentences.symmetric_difference(&after.sentences) {
        let over = matches!(step, Step::Wait);
        // With a room goes all that was about it; who may bring that about is looked at below.
        let gone = place.is_some_and(|place| !after.settings.contains_key(&place));
        // With a guest who goes, goes what was about them.
        let guest = rank(*person, None) == Some(Rank::Guest) && !after.sentences.contains(&(*person, *place, *ban));
        prop_assert!(
            over || gone || guest || above(*person, *place),
            "{step:?}: a sentence of {person:?} in {place:?}"
        );
    }
    for (person, place) in before.invited.symmetric_difference(&after.invited) {
        let gone = !after.settings.contains_key(place);
        prop_assert!(gone || keeps(*place), "{step:?}: {person:?} in {place:?}");
    }
    for (place, now) in &after.settings {
        if let Some(was) = before.settings.get(place) {
            prop_assert!(was == now || keeps(*place), "{step:?}: {} was set", ROOMS[*place]);
        }
    }
    for place in before.settings.keys().filter(|place| !after.settings.contains_key(place)) {
        // The last one to leave closes the door; so does who is put off the host, of a room of guests.
        let left = |step: &Step| matches!(step, Step::Leave { .. }) || rank(by, None) >= Some(Rank::OfHost);
        let empty = !before.members.iter().any(|(person, at)| at == place && *person != by);
        prop_assert!(keeps(*place) || (empty && left(step)), "{step:?}: {} is gone", ROOMS[*place]);
    }
    if after.said > before.said {
        let Step::Say { room, .. } = step else { return Ok(()) };
        let muted = [Some(*room), None].iter().any(|place| before.sentences.contains(&(by, *place, false)));
        let silent = before.settings.get(room).is_some_and(|set| set.readonly) && !keeps(*room);
        prop_assert!(!muted && !silent && before.members.contains(&(by, *room)), "{step:?}: was said");
    }
    Ok(())
}

fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::new();
    let olga = world.owner("olga");
    let mut screens = vec![olga];
    screens.extend(["otto", "mia", "ben", "cy"].map(|name| world.keyed(name)));
    screens.push(world.guest_from("gast", Some("192.0.2.7")));
    let people: Vec<PersonId> = screens.iter().map(|at| world.screens[*at].person.expect("in")).collect();
    world.orders(olga, None, Deed::Op, "otto", None);
    world.joins(screens[2], "#mias");
    world.sets(screens[2], "#_den", Change { private: Some(true), ..Change::default() });
    for step in steps {
        world.forget_all();
        let before = state(&world, &people);
        let (by, command) = match step.clone() {
            Step::Order { by, deed, whom, room: place } => {
                let (room, time) = (place.map(|at| room(ROOMS[at])), Some(Duration::from_secs(60)));
                let (deed, name, why) = (Deed::ALL[deed], nick(NAMES[whom]), Text::clean(""));
                (by, Command::Moderate(Order { deed, room, name, time, why }))
            }
            Step::Set { by, room: at, which, on } => {
                let change = match which {
                    0 => Change { private: Some(on), ..Change::default() },
                    1 => Change { readonly: Some(on), ..Change::default() },
                    2 => Change { slow: Some(Duration::from_secs(u64::from(on))), ..Change::default() },
                    _ => Change { password: Some(Password::parse("horse").filter(|_| on)), ..Change::default() },
                };
                (by, Command::RoomSet { room: room(ROOMS[at]), change })
            }
            Step::Delete { by, room: at } => (by, Command::RoomDelete { room: room(ROOMS[at]) }),
            Step::Invite { by, room: at, whom } => {
                (by, Command::RoomInvite { room: room(ROOMS[at]), name: nick(NAMES[whom]) })
            }
            Step::Join { by, room: at } => (by, Command::Join { room: room(ROOMS[at]), password: None }),
            Step::Leave { by, room: at } => (by, Command::Leave { room: room(ROOMS[at]) }),
            Step::Say { by, room: at } => {
                let (to, text) = (to(ROOMS[at]), Text::clean("hi"));
                (by, Command::Say { to, text, me: false, reply_to: None, nonce: None })
            }
            Step::Wait => {
                world.passes(Duration::from_secs(40));
                let after = state(&world, &people);
                check(&before, &after, people[0], step)?;
                continue;
            }
        };
        if world.screens[screens[by]].closed.is_some() {
            continue;
        }
        world.ask(screens[by], command);
        let said = world.screens[screens[by]].heard.iter().any(|line| line.ends_with(": hi"));
        let after = State { said: usize::from(said), ..state(&world, &people) };
        check(&before, &after, people[by], step)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_gets_more_than_their_role_allows(steps in proptest::collection::vec(step(), 1..60)) {
        play(&steps)?;
    }
}
