//! How much one may do in how long: token buckets of people and of addresses. Each is one time, the moment at which it will
//! be full again, so that nothing ticks and a bucket that is full costs nothing. What is done when one is empty is decided
//! by who asks.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::protocol::entry::PersonId;
use crate::protocol::event::{Code, Refusal};
use crate::protocol::names::RoomName;
use crate::protocol::span;

/// So many at once, and one more after each such time. A burst of 0 lifts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// After how long there may be one more.
    pub every: Duration,
}

/// The rates of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Everything that becomes an entry.
    pub messages: Rate,
    /// Rooms joined.
    pub joins: Rate,
    /// Names claimed and changed.
    pub names: Rate,
    /// People invited, and what else is done to them.
    pub invites: Rate,
    /// Passwords tried.
    pub passwords: Rate,
    /// Searches.
    pub searches: Rate,
    /// How many people's worth all of one address have together; 0: addresses are not looked at.
    pub per_address: u32,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// See [`Rates::messages`].
    Message,
    /// See [`Rates::joins`].
    Join,
    /// See [`Rates::names`].
    Name,
    /// See [`Rates::invites`].
    Invite,
    /// See [`Rates::passwords`].
    Password,
    /// See [`Rates::searches`].
    Search,
}

/// Whose bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// One person's, on all its screens.
    Person(PersonId),
    /// That of everybody from there.
    Address(IpAddr),
    /// The one of everybody who comes by a short code: whoever has many addresses guesses no more than this.
    Everybody,
    /// That of everybody of this machine, which is not counted otherwise.
    OwnMachine,
    /// That of all guests at the door of this room: a guest is somebody else with each connection.
    Guests(RoomName),
}

/// Short codes tried by all together. A code has 40 bits: with 500 of them open, and this for a whole year, one guess in
/// 70 hits. No setting lifts it.
const GUESSES: Rate = Rate { burst: 100, every: Duration::from_secs(1) };

/// Buckets remembered before those that are full again are looked for: they are found by going through all, which is to
/// cost little for each that was made.
const LOOKED_THROUGH_AT: usize = 1024;

/// A bucket, and when it will be full again.
type Taken = ((Kind, Of), Duration);

/// All that are not full.
#[derive(Debug, Default)]
pub struct Limiter {
    full_at: HashMap<(Kind, Of), Duration>,
    look_at: usize,
}

impl Rates {
    fn rate(&self, kind: Kind, of: &Of) -> Rate {
        let one = match kind {
            Kind::Message => self.messages,
            Kind::Join => self.joins,
            Kind::Name => self.names,
            Kind::Invite => self.invites,
            Kind::Password => self.passwords,
            Kind::Search => self.searches,
        };
        match of {
            Of::Person(_) => one,
            Of::Everybody | Of::OwnMachine => GUESSES,
            Of::Address(_) if self.per_address == 0 => Rate::default(),
            Of::Address(_) | Of::Guests(_) => {
                let many = self.per_address.max(1);
                Rate { burst: one.burst.saturating_mul(many), every: one.every / many }
            }
        }
    }
}

impl Limiter {
    /// Takes one from each of these buckets, or says after how long there will be one in all of them; then none is taken.
    pub fn take(&mut self, rates: &Rates, now: Duration, kind: Kind, of: &[Of]) -> Result<(), Duration> {
        let (wait, taken) = self.look(rates, now, kind, of);
        if !wait.is_zero() {
            return Err(wait);
        }
        if self.full_at.len() >= self.look_at.max(LOOKED_THROUGH_AT) {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.look_at = self.full_at.len() * 2;
        }
        self.full_at.extend(taken);
        Ok(())
    }

    /// Whether there is one in each of these buckets, or after how long there will be. None is taken.
    pub fn free(&self, rates: &Rates, now: Duration, kind: Kind, of: &[Of]) -> Result<(), Duration> {
        let (wait, _) = self.look(rates, now, kind, of);
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    /// After how long there is one in all of these, and when each is full again once it is taken.
    fn look(&self, rates: &Rates, now: Duration, kind: Kind, of: &[Of]) -> (Duration, Vec<Taken>) {
        let mut wait = Duration::ZERO;
        let mut taken = Vec::with_capacity(of.len());
        for of in of {
            let rate = rates.rate(kind, of);
            if rate.burst == 0 || rate.every.is_zero() {
                continue;
            }
            let key = (kind, of.clone());
            let full_at = self.full_at.get(&key).copied().unwrap_or_default().max(now);
            // Empty is who needs as long as a whole bucket takes.
            let free_at = full_at.saturating_sub(rate.every.saturating_mul(rate.burst - 1));
            wait = wait.max(free_at.saturating_sub(now));
            taken.push((key, full_at + rate.every));
        }
        (wait, taken)
    }
}

/// The refusal of who is too quick.
pub fn too_quick(wait: Duration) -> Refusal {
    // The wire tells milliseconds: a part of one must not make who comes at that time too early.
    let wait = Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1));
    let text = format!("that was too much at once; it goes on in {}", span::show(wait));
    Refusal { retry_after: Some(wait), ..Refusal::new(Code::RateLimited, text) }
}

/// Where an address counts as from: of IPv6 its network of 64 bits, since whoever has one has all of it; nowhere for this
/// machine itself, where proxies are.
pub fn source(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        own if own.is_loopback() => None,
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            Some(IpAddr::V6(Ipv6Addr::from(network)))
        }
        address => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rates() -> Rates {
        let messages = Rate { burst: 3, every: SECOND };
        Rates { messages, per_address: 2, ..Rates::default() }
    }

    fn ann() -> Of {
        Of::Person(PersonId([1; 16]))
    }

    #[test]
    fn a_burst_then_one_after_each_time() {
        let mut limiter = Limiter::default();
        let mut take = |ms: u64| limiter.take(&rates(), Duration::from_millis(ms), Kind::Message, &[ann()]);
        for _ in 0..3 {
            assert_eq!(take(5000), Ok(()));
        }
        assert_eq!(take(5000), Err(SECOND), "and it says how long");
        assert_eq!(take(5400), Err(Duration::from_millis(600)), "to ask costs nothing");
        assert_eq!(take(6000), Ok(()), "at the time that was told");
        assert_eq!(take(6000), Err(SECOND));
        for _ in 0..3 {
            assert_eq!(take(60_000), Ok(()), "full again, and not fuller");
        }
        assert_eq!(take(60_000), Err(SECOND));
    }

    #[test]
    fn an_address_has_more_and_zero_lifts() {
        let mut limiter = Limiter::default();
        let there = Of::Address("192.0.2.7".parse().unwrap());
        let people: Vec<Of> = (0..4).map(|n| Of::Person(PersonId([n; 16]))).collect();
        let mut said = 0;
        for person in &people {
            for _ in 0..3 {
                let both = [person.clone(), there.clone()];
                said += usize::from(limiter.take(&rates(), SECOND, Kind::Message, &both).is_ok());
            }
        }
        assert_eq!(said, 6, "of twelve: two people's worth");
        for lifted in [Rates::default(), Rates { per_address: 0, ..Rates::default() }] {
            assert!((0..99).all(|_| limiter.take(&lifted, SECOND, Kind::Message, &[ann(), there.clone()]).is_ok()));
        }
    }

    #[test]
    fn what_is_full_again_is_forgotten() {
        let mut limiter = Limiter::default();
        for n in 0..100_000u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_le_bytes());
            let now = Duration::from_millis(u64::from(n) * 10);
            limiter.take(&rates(), now, Kind::Message, &[Of::Person(PersonId(id))]).expect("the first of each");
        }
        assert!(limiter.full_at.len() <= 2 * LOOKED_THROUGH_AT, "{}", limiter.full_at.len());
    }
}
