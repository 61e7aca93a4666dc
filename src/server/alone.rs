//! A host that does not run is asked all the same: the same hub is made of the same store, takes the same input, and
//! what it wants kept is kept by the same turns. Nobody is connected, so there is nobody to tell; whoever asks holds
//! the lock of the folder.

use std::collections::VecDeque;
use std::time::Duration;

use super::driver::wall;
use super::turns::{Job, Look, Turns};
use super::{Options, ServeError};
use crate::hub::{Desk, Effect, Hub, Input, Now};
use crate::protocol::admin::{Ask, Line};
use crate::store::{Retention, StoreError};

/// Asks, and keeps what comes of it before it answers.
pub fn ask(mut options: Options, ask: Ask) -> Result<Vec<Line>, ServeError> {
    let failed = |e: StoreError| ServeError::Store(e.to_string());
    let facts = options.store.facts().map_err(failed)?;
    // Whoever asks may have other settings than the host; that must not make a room.
    if let Some(first) =
        facts.rooms.first().filter(|_| !facts.rooms.iter().any(|fact| fact.room == options.server.default_room))
    {
        options.server.default_room = first.room.clone();
    }
    let mut hub = Hub::new(options.rules([0; 32]), options.store.epoch(), facts);
    let mut turns = Turns::new(options.store, Retention::default());
    let now = Now { up: Duration::ZERO, wall: wall(options.ahead) };
    // What ended while nobody was there to see it has ended.
    let mut inputs = VecDeque::from([Input::Woke, Input::Asked { desk: Desk(1), ask }]);
    let mut answer = Vec::new();
    while let Some(input) = inputs.pop_front() {
        let mut jobs = Vec::new();
        for effect in hub.handle(now, input) {
            match effect {
                Effect::Append { ticket, draft } => jobs.push(Job::Append(ticket, draft)),
                Effect::Keep { ticket, facts } => jobs.push(Job::Keep(ticket, facts)),
                Effect::Load { ticket, person, of } => jobs.push(Job::Load(ticket, person, of)),
                Effect::Audit { ticket, limit } => jobs.push(Job::Look(ticket, Look::Audit(limit))),
                Effect::Report { lines, .. } => answer = lines,
                // To connections, of which there are none, and of them alone.
                Effect::Send { .. }
                | Effect::Reply { .. }
                | Effect::Tell { .. }
                | Effect::Answered { .. }
                | Effect::Page { .. }
                | Effect::Search { .. }
                | Effect::Check { .. }
                | Effect::Hash { .. }
                | Effect::Close { .. } => {}
            }
        }
        inputs.extend(turns.answer(&mut jobs).map_err(failed)?);
    }
    turns.finish();
    Ok(answer)
}
