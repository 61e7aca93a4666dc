//! How many connections one address has, and how fast it opens them. This machine itself is not counted: proxies are here,
//! and so are tests. What people say once they are in is counted by the hub.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::hub::limits::{Rate, source};

/// Addresses remembered before those with nothing to remember are looked for.
const LOOKED_THROUGH_AT: usize = 1024;

/// Those that have connections, or had some a moment ago.
pub struct Addresses {
    /// At once; 0: any number.
    most: usize,
    rate: Rate,
    started: Instant,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    all: HashMap<IpAddr, Address>,
    look_at: usize,
}

#[derive(Clone, Copy)]
struct Address {
    open: usize,
    /// When it may open as many as ever again.
    full_at: Duration,
}

/// One connection of an address; dropping it gives its place back.
pub struct Seat(Option<(Arc<Addresses>, IpAddr)>);

impl Addresses {
    /// Nobody is there.
    pub fn new(most: usize, rate: Rate) -> Arc<Addresses> {
        Arc::new(Addresses { most, rate, started: Instant::now(), known: Mutex::default() })
    }

    /// One more connection from there, or after how long there may be one.
    pub fn seat(self: &Arc<Addresses>, address: IpAddr) -> Result<Seat, Duration> {
        let Some(address) = source(address) else { return Ok(Seat(None)) };
        let now = self.started.elapsed();
        let mut known = self.lock();
        if known.all.len() >= known.look_at.max(LOOKED_THROUGH_AT) {
            known.all.retain(|_, address| address.open > 0 || address.full_at > now);
            known.look_at = known.all.len() * 2;
        }
        let there = known.all.entry(address).or_insert(Address { open: 0, full_at: now });
        let full_at = there.full_at.max(now);
        let free_at = full_at.saturating_sub(self.rate.every.saturating_mul(self.rate.burst.saturating_sub(1)));
        if self.rate.burst > 0 && free_at > now {
            return Err(free_at - now);
        }
        if self.most > 0 && there.open >= self.most {
            return Err(self.rate.every);
        }
        there.open += 1;
        if self.rate.burst > 0 {
            there.full_at = full_at + self.rate.every;
        }
        Ok(Seat(Some((self.clone(), address))))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // What is counted here is right at each moment, also where somebody panicked.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((addresses, address)) = self.0.take() else { return };
        if let Some(there) = addresses.lock().all.get_mut(&address) {
            there.open = there.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_so_many_and_opens_them_so_fast() {
        let rate = Rate { burst: 4, every: Duration::from_secs(1) };
        let addresses = Addresses::new(3, rate);
        let mut seats: Vec<Seat> = (0..3).map(|_| addresses.seat(ip("192.0.2.7")).expect("room")).collect();
        assert!(addresses.seat(ip("192.0.2.7")).is_err(), "three at once");
        assert!(addresses.seat(ip("192.0.2.8")).is_ok() && addresses.seat(ip("::ffff:192.0.2.8")).is_ok());
        seats.pop();
        seats.push(addresses.seat(ip("192.0.2.7")).expect("one has gone"));
        seats.pop();
        let wait = addresses.seat(ip("192.0.2.7")).err().expect("four were opened");
        assert_eq!(wait, Duration::from_secs(1));
        tokio::time::advance(wait).await;
        assert!(addresses.seat(ip("192.0.2.7")).is_ok(), "at the time that was told");
        let own: Vec<_> = (0..99).map(|_| addresses.seat(ip("127.0.0.1"))).collect();
        assert!(own.iter().all(Result::is_ok), "this machine is not counted");
        let lifted = Addresses::new(0, Rate::default());
        let all: Vec<_> = (0..999).map(|_| lifted.seat(ip("192.0.2.7"))).collect();
        assert!(all.iter().all(Result::is_ok));
    }
}
