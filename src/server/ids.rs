//! Numbers for sessions: the low half is a place in the driver's table, so that whom a frame goes to is found without
//! searching; the high half counts up, so that no number is ever used twice.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::hub::SessionId;

/// Bits of a number that are the place in the table: more connections than one process can have open.
const PLACE_BITS: u32 = 24;

/// Hands out numbers, and takes places back.
#[derive(Default)]
pub struct Ids(Mutex<State>);

#[derive(Default)]
struct State {
    taken: u64,
    places: u64,
    free: Vec<u64>,
}

impl Ids {
    /// A number nobody ever had, whose place nobody has now.
    pub fn take(&self) -> SessionId {
        let mut state = self.lock();
        state.taken += 1;
        let place = state.free.pop().unwrap_or_else(|| {
            state.places += 1;
            state.places - 1
        });
        SessionId(state.taken << PLACE_BITS | place)
    }

    /// The place is free again.
    pub fn give_back(&self, session: SessionId) {
        self.lock().free.push(place(session) as u64);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's place in the table.
pub fn place(session: SessionId) -> usize {
    (session.0 & ((1 << PLACE_BITS) - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_and_numbers_do_not() {
        let ids = Ids::default();
        let (ann, ben) = (ids.take(), ids.take());
        assert_eq!((place(ann), place(ben)), (0, 1));
        ids.give_back(ann);
        let cy = ids.take();
        assert_eq!(place(cy), 0);
        assert_ne!(cy, ann);
    }
}
