//! Joining, leaving, talking, cutting and resuming in any order, with a store that answers late: whoever listens hears
//! each line once and in order, and nothing between the mark it was given and its leaving is missing.

use super::world::*;
use crate::protocol::command::{Command, Cursor};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Epoch, Seq};

const SEEDS: u64 = 10_000;
const ROOMS: [&str; 3] = ["#lobby", "#dev", "#ops"];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What a screen heard of a room since the mark it was given: each seq after it, once, in order, up to where it stopped.
fn check(world: &World, at: usize, seed: u64) {
    let screen = &world.screens[at];
    for room in ROOMS {
        let heard: Vec<u64> = screen.seqs.iter().filter(|(to, _)| to == room).map(|(_, seq)| *seq).collect();
        assert!(heard.windows(2).all(|two| two[0] < two[1]), "seed {seed}: {room} out of order or twice: {heard:?}");
        let mark = screen.places.iter().rev().find(|place| place.to == to(room)).map(|place| place.standing.head.0);
        match (mark, heard.first()) {
            (Some(mark), Some(first)) => {
                let joins = screen.places.iter().filter(|place| place.to == to(room)).count();
                // A room that was left and joined again has a second mark; the run is then unbroken after each.
                if joins == 1 {
                    let run: Vec<u64> = (mark + 1..=mark + heard.len() as u64).collect();
                    assert_eq!(heard, run, "seed {seed}: {room} from {mark}; first {first}; {:#?}", screen.heard);
                }
            }
            (None, Some(_)) => panic!("seed {seed}: {room} is heard without a mark"),
            _ => {}
        }
    }
}

#[test]
fn whoever_listens_hears_each_line_once_and_in_order() {
    for seed in 1..=SEEDS {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut world = World::new();
        let names = ["ann", "ben", "cy"];
        let mut screens: Vec<usize> = names.iter().map(|name| world.keyed(name)).collect();
        world.late = true;
        for step in 0..40 {
            let who = dice.roll(3) as usize;
            let room_name = ROOMS[dice.roll(3) as usize];
            match dice.roll(10) {
                0 => world.joins(screens[who], room_name),
                1 if room_name != LOBBY => world.ask(screens[who], Command::Leave { room: room(room_name) }),
                2 => {
                    world.cut(screens[who]);
                    check(&world, screens[who], seed);
                    let at = world.opened(Dialect::V1);
                    world.enters(at, names[who], Some(names[who]));
                    while world.answer() {}
                    let known = Cursor { to: to(room_name), epoch: Epoch([1; 16]), after: Seq(dice.roll(4)) };
                    world.resumes(at, vec![known]);
                    screens[who] = at;
                }
                3..=5 => _ = world.turn(1 + dice.roll(6) as usize),
                _ => world.says(screens[who], room_name, &format!("{step}")),
            }
        }
        while world.answer() {}
        // All that stay hear the last line of a room they are in.
        world.late = false;
        for (who, at) in screens.iter().enumerate() {
            check(&world, *at, seed);
            let screen = &world.screens[*at];
            assert_eq!(screen.asked, screen.answered, "seed {seed}: {} is owed answers", names[who]);
        }
        world.joins(screens[0], "#dev");
        world.joins(screens[1], "#dev");
        world.forget_all();
        world.says(screens[0], "#dev", "the last word");
        let heard = world.heard(screens[1]);
        assert_eq!(
            heard.iter().filter(|line| line.ends_with("ann: the last word")).count(),
            1,
            "seed {seed}: {heard:?}"
        );
    }
}
