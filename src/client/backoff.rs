//! How long to wait before dialling again: twice as long each time, up to a bound, with chance in it so that a thousand
//! clients of one host do not come back in one moment. Pure: chance and time are handed in.

use std::time::Duration;

/// The state of one wire.
#[derive(Clone, Debug)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    reset: Duration,
    failures: u32,
}

impl Backoff {
    /// From `min` to `max`; a connection that held for `reset` starts anew.
    pub fn new(min: Duration, max: Duration, reset: Duration) -> Backoff {
        Backoff { min, max, reset, failures: 0 }
    }

    /// A connection ended that had held so long. `chance` is 0 to 255.
    pub fn after(&mut self, held: Duration, chance: u8) -> Duration {
        if held >= self.reset {
            self.failures = 0;
        }
        let doubled = self.min.saturating_mul(1 << self.failures.min(16)).min(self.max);
        self.failures = self.failures.saturating_add(1);
        // Between half and all of it.
        doubled.mul_f64(0.5 + f64::from(chance) / 510.0)
    }

    /// Somebody wants it now: the next wait is short again.
    pub fn forget(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_to_the_bound_and_starts_anew() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second / 4, second * 30, second * 60);
        let waits: Vec<u128> = (0..9).map(|_| backoff.after(Duration::ZERO, 255).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(backoff.after(second * 61, 0).as_millis(), 125, "half of it at least");
    }
}
