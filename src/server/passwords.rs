//! Passwords of rooms: argon2id, on threads of its own, few at once. A flood of guesses waits for itself, and beyond that
//! is told that the host is busy; who chats notices nothing. What a right password opens is the hub's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::{Semaphore, mpsc};

use crate::hub::{Failure, Input, Ticket};
use crate::protocol::secret::{Password, PasswordHash};

/// Memory of one hash in KiB, passes, lanes: what OWASP asks for at least, and about 40 ms of one core.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes at once: 40 MiB, and two cores that chatting does not get for that time.
const AT_ONCE: usize = 2;

/// Those that wait for their turn: some seconds. More is told that the host is busy.
const WAITING: usize = 64;

/// Something to be worked out.
pub enum Task {
    /// [`crate::hub::Effect::Check`].
    Check(Password, PasswordHash),
    /// [`crate::hub::Effect::Hash`].
    Hash(Password),
}

/// Those who work it out.
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    answers: mpsc::Sender<Input>,
}

impl Passwords {
    /// Ready; what they answer comes out at the other end.
    pub fn new() -> (Passwords, mpsc::Receiver<Input>) {
        // Never full: there are no more answers than tasks.
        let (answers, answered) = mpsc::channel(WAITING);
        (Passwords { turns: Arc::new(Semaphore::new(AT_ONCE)), waiting: Arc::default(), answers }, answered)
    }

    /// Gives them something to do; `Err` when too much waits.
    pub fn ask(&self, ticket: Ticket, task: Task) -> Result<(), Failure> {
        if self.waiting.load(Ordering::Acquire) >= WAITING {
            return Err(Failure::Busy);
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let (turns, waiting, answers) = (self.turns.clone(), self.waiting.clone(), self.answers.clone());
        tokio::spawn(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire_owned().await;
            let worked = tokio::task::spawn_blocking(move || work(ticket, &task)).await;
            waiting.fetch_sub(1, Ordering::AcqRel);
            let input = worked.unwrap_or(Input::Failed { ticket, why: Failure::Busy });
            // A driver that has gone has nobody left to be told.
            let _ = answers.send(input).await;
        });
        Ok(())
    }
}

fn work(ticket: Ticket, task: &Task) -> Input {
    let made = match task {
        Task::Check(password, hash) => return Input::Checked { ticket, right: matches(password, hash) },
        Task::Hash(password) => hash(password),
    };
    match made {
        Some(hash) => Input::Hashed { ticket, hash },
        None => Input::Failed { ticket, why: Failure::Busy },
    }
}

fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// What is kept of a password, with a salt from chance; `None` when there is no chance to be had, or no memory.
fn hash(password: &Password) -> Option<PasswordHash> {
    let made: Phc = match hasher()?.hash_password(password.as_str().as_bytes()) {
        Ok(made) => made,
        Err(error) => {
            tracing::error!("a password cannot be hashed: {error}");
            return None;
        }
    };
    PasswordHash::parse(&made.to_string())
}

/// Whether it is the one; the comparison takes as long wherever they differ.
fn matches(password: &Password, hash: &PasswordHash) -> bool {
    let (Some(hasher), Ok(kept)) = (hasher(), Phc::new(hash.as_str())) else { return false };
    hasher.verify_password(password.as_str().as_bytes(), &kept).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_salted_and_fits_its_password_alone() {
        let password = |text| Password::parse(text).expect("a password");
        let one = hash(&password("correct horse")).expect("chance and memory");
        let two = hash(&password("correct horse")).expect("chance and memory");
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert_ne!(one.as_str(), two.as_str(), "each has its salt");
        assert!(matches(&password("correct horse"), &one) && !matches(&password("correct hors"), &one));
        assert!(!matches(&password("x"), &PasswordHash::parse("$nonsense").expect("it has a dollar")));
    }
}
