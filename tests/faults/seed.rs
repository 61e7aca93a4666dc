//! Chance that can be had again: a generator of its own, a seed for each test, which is told when the test fails, and the
//! sizes of the tests.

use std::fmt::Display;

/// Chance, from a seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        let mut chance = Chance(seed ^ 0x2545_f491_4f6c_dd1d);
        if chance.0 == 0 {
            chance.0 = 1;
        }
        // Seeds that differ by little soon differ in all.
        for _ in 0..8 {
            chance.roll(2);
        }
        chance
    }

    /// From 0 to below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).rotate_left(32) % sides.max(1)
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll(high - low + 1)
    }
}

/// The seed of one test; when the test fails, it says how to have it again.
pub struct Seed {
    pub seed: u64,
    test: &'static str,
}

impl Seed {
    /// The one asked for, or a new one.
    pub fn of(test: &'static str) -> Seed {
        let asked = std::env::var("WSCHAT_FAULTS_SEED").ok().and_then(|seed| seed.parse().ok());
        let mut chance = [0; 4];
        getrandom::fill(&mut chance).expect("the system has chance");
        Seed { seed: asked.unwrap_or_else(|| u32::from_le_bytes(chance).into()), test }
    }

    pub fn chance(&self) -> Chance {
        Chance::new(self.seed)
    }

    /// What was done, for whoever runs it with `--nocapture`.
    pub fn says(&self, what: impl Display) {
        println!("{} (seed {}): {what}", self.test, self.seed);
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Seed { seed, test } = self;
            let sizes = if release() { "WSCHAT_FAULTS=release " } else { "" };
            eprintln!("{test} failed with seed {seed}; once more:");
            eprintln!("  {sizes}WSCHAT_FAULTS_SEED={seed} cargo test --locked --test faults {test} -- --nocapture");
        }
    }
}

/// Whether the sizes are those of a release.
pub fn release() -> bool {
    std::env::var("WSCHAT_FAULTS").is_ok_and(|sizes| sizes == "release")
}

/// How much of something: in an ordinary run, before a release, or what is asked for.
pub fn size(ordinary: u64, released: u64) -> u64 {
    let asked = std::env::var("WSCHAT_FAULTS").ok().and_then(|rounds| rounds.parse().ok());
    asked.unwrap_or(if release() { released } else { ordinary })
}
