//! One connection as the hub sees it: what it speaks, how far it has come in, and whom it speaks for.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::protocol::dialect::Dialect;
use crate::protocol::entry::PersonId;
use crate::protocol::person::{Challenge, PublicKey};

/// How far a connection has come in. Greeted → Entering → Entered; refused, Entering → Greeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Told hello; must enter in time.
    Greeted,
    /// The store is asked on its behalf.
    Entering(PersonId),
    /// In.
    Entered(PersonId),
}

/// What coming in needs and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    /// What it has to sign.
    pub challenge: Challenge,
    /// Chance, for an id and a guest's name.
    pub luck: [u8; 24],
    /// Until when it must be in, on the clock of `Now::up`.
    pub until: Duration,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    /// What it speaks.
    pub dialect: Dialect,
    /// The host name it dialled.
    pub authority: Arc<str>,
    /// What it comes in by; gone once it is in.
    pub door: Option<Box<Door>>,
    /// Where it comes from; `None` for this machine itself, on which no limit of addresses holds.
    pub address: Option<IpAddr>,
    /// Whether it needs no invitation.
    pub free: bool,
    /// The key it entered with.
    pub key: Option<PublicKey>,
    /// It has shown the ticket that makes an owner.
    pub owner: bool,
    /// Whether it says that it is a program.
    pub bot: Option<bool>,
    /// How far it is.
    pub stage: Stage,
    /// Whether it hears what happens; before that only answers.
    pub live: bool,
    /// `enter`s tried.
    pub tries: u32,
    /// Frames that were not the dialect.
    pub bad: u32,
    /// A close was asked for; it is told nothing more.
    pub closing: bool,
    /// It said goodbye, so its person is gone at once.
    pub bye: bool,
    /// Its person does not look at it.
    pub away: bool,
    /// When others were last told that its person writes.
    pub typed_at: Option<Duration>,
}

impl Session {
    /// Whom it speaks for, once in.
    pub fn person(&self) -> Option<PersonId> {
        match self.stage {
            Stage::Entered(person) => Some(person),
            Stage::Greeted | Stage::Entering(_) => None,
        }
    }
}
