//! Connections that have not entered yet, oldest first, so that there is a bound to them: over it the oldest gives way
//! and the newcomer is let in. Otherwise whoever connects and says nothing, often enough, would keep everybody else out.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// All of them.
#[derive(Default)]
pub struct HalfOpen {
    limit: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    by_age: BTreeMap<u64, Arc<Seat>>,
}

#[derive(Default)]
struct Seat {
    lost: AtomicBool,
    task: AtomicWaker,
}

/// One connection's place among them, given back when dropped.
pub struct Place {
    all: Arc<HalfOpen>,
    number: u64,
    seat: Arc<Seat>,
}

impl HalfOpen {
    /// At most so many; at least one.
    pub fn new(limit: usize) -> Arc<HalfOpen> {
        Arc::new(HalfOpen { limit: limit.max(1), waiting: Mutex::default() })
    }

    /// A place for a newcomer, if need be that of the oldest.
    pub fn enter(self: &Arc<HalfOpen>) -> Place {
        let mut waiting = self.lock();
        while waiting.by_age.len() >= self.limit {
            let Some((_, oldest)) = waiting.by_age.pop_first() else { break };
            oldest.lose();
        }
        let number = waiting.next;
        waiting.next += 1;
        let seat = Arc::<Seat>::default();
        waiting.by_age.insert(number, seat.clone());
        Place { all: self.clone(), number, seat }
    }

    /// Everybody gives way: the host stops.
    pub fn clear(&self) {
        for (_, seat) in std::mem::take(&mut self.lock().by_age) {
            seat.lose();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn lose(&self) {
        self.lost.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Place {
    /// Ready when the place is lost.
    pub fn poll_lost(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.seat.task.register(cx.waker());
        match self.seat.lost.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Waits until the place is lost.
    pub async fn lost(&self) {
        poll_fn(|cx| self.poll_lost(cx)).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.lock().by_age.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_oldest_gives_way_to_the_newcomer() {
        let all = HalfOpen::new(2);
        let (first, second) = (all.enter(), all.enter());
        assert!(first.lost().now_or_never().is_none());
        let third = all.enter();
        assert!(first.lost().now_or_never().is_some());
        assert!(second.lost().now_or_never().is_none());
        drop(second);
        let fourth = all.enter();
        assert!(third.lost().now_or_never().is_none(), "one had entered, so there was room");
        all.clear();
        assert!(third.lost().now_or_never().is_some() && fourth.lost().now_or_never().is_some());
    }
}
