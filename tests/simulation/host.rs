//! The host of a run: the hub over the real store in memory, asked in turns as the keeper asks it. It can die at any moment
//! with what it has not answered; the store, which is the disk, stays.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wschat::hub::{Effect, Failure, Hub, Input, Now, Rules};
use wschat::protocol::dialect::DecodeLimits;
use wschat::protocol::entry::{Conversation, Entry, Epoch, Page, PersonId, Standing, Timestamp};
use wschat::protocol::event::Bounds;
use wschat::protocol::fact::{Facts, ReadFrom};
use wschat::protocol::names::RoomName;
use wschat::protocol::rights::Record;
use wschat::protocol::search::Found;
use wschat::protocol::text::Text;
use wschat::server::turns::{Job, Look, Turns};
use wschat::store::sqlite::SqliteStore;
use wschat::store::{PageAsk, Reader, Retention, SearchAsk, Store, StoreError, Write, Written};

/// What the host is called in signatures.
pub const AUTHORITY: &str = "host:8080";

pub const LIMITS: DecodeLimits = DecodeLimits { text_bytes: 2000, topic_bytes: 200, page_entries: 7 };

/// Bytes of a page, as the driver would ask.
const PAGE_BYTES: usize = 60_000;

/// The disk: what was committed, whoever has heard of it.
#[derive(Clone)]
pub struct Disk {
    store: Arc<Mutex<SqliteStore>>,
    /// Entries in the order of their commits.
    pub log: Arc<Mutex<Vec<Entry>>>,
    /// There is no room on it.
    pub full: Arc<Mutex<bool>>,
}

impl Disk {
    pub fn new(epoch: [u8; 16]) -> Disk {
        let store = SqliteStore::in_memory(epoch).expect("memory is there");
        Disk { store: Arc::new(Mutex::new(store)), log: Arc::default(), full: Arc::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut SqliteStore) -> T) -> T {
        act(&mut self.store.lock().expect("one thread"))
    }
}

impl Store for Disk {
    fn epoch(&self) -> Epoch {
        self.with(|store| store.epoch())
    }

    fn facts(&mut self) -> Result<Facts, StoreError> {
        self.with(Store::facts)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, StoreError> {
        if *self.full.lock().expect("one thread") {
            return Err(StoreError::Full);
        }
        let written = self.with(|store| store.commit(writes))?;
        let fresh = written.iter().filter_map(|one| match one {
            Written::Entry { entry, fresh: true } => Some((**entry).clone()),
            _ => None,
        });
        self.log.lock().expect("one thread").extend(fresh);
        Ok(written)
    }

    fn standings(&mut self, person: PersonId, of: &[(Conversation, ReadFrom)]) -> Result<Vec<Standing>, StoreError> {
        self.with(|store| store.standings(person, of))
    }

    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError> {
        self.with(|store| store.page(ask))
    }

    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError> {
        self.with(|store| store.search(ask))
    }

    fn audit(&mut self, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.with(|store| store.audit(limit))
    }

    fn reader(&self) -> Result<Option<Box<dyn Reader>>, StoreError> {
        Ok(None)
    }

    fn retain(&mut self, bounds: &Retention, now: Timestamp) -> Result<bool, StoreError> {
        self.with(|store| store.retain(bounds, now))
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What goes out to connections.
pub enum Out {
    Told(Effect),
}

/// One life of the host.
pub struct Host {
    pub hub: Hub,
    turns: Turns,
    /// Asked and not done yet.
    jobs: VecDeque<Job>,
}

fn rules() -> Rules {
    Rules {
        server: Text::clean("host"),
        default_room: RoomName::parse("lobby").expect("a room"),
        ephemeral: false,
        bounds: Bounds { frame_bytes: 65536, text_bytes: 2000, page_entries: 7, unanswered: 32 },
        sessions_per_person: 8,
        rooms: 10,
        rooms_per_person: 10,
        people: 10,
        enter_tries: 3,
        bad_frames: 3,
        crowd: 0,
        topic_bytes: 200,
        linger: Duration::from_secs(3),
        enter_within: Duration::from_secs(5),
        name_reserved: Duration::from_secs(1000),
        site: wschat::hub::invites::Site::default(),
        seed: [7; 32],
        owner_ticket: None,
        rates: wschat::hub::limits::Rates::default(),
    }
}

impl Host {
    /// A host that begins with what is on the disk.
    pub fn start(disk: &Disk) -> Host {
        let mut store = disk.clone();
        let facts = store.facts().expect("the disk can be read");
        let hub = Hub::new(rules(), store.epoch(), facts);
        Host { hub, turns: Turns::new(Box::new(store), Retention::default()), jobs: VecDeque::new() }
    }

    /// Something happened. `busy`: the keeper has no room for what is asked of it now.
    pub fn take(&mut self, now: Now, input: Input, busy: bool, out: &mut Vec<Out>) {
        let mut refused = VecDeque::from([input]);
        while let Some(input) = refused.pop_front() {
            for effect in self.hub.handle(now, input) {
                let (ticket, job) = match effect {
                    Effect::Append { ticket, draft } => (ticket, Job::Append(ticket, draft)),
                    Effect::Keep { ticket, facts } => (ticket, Job::Keep(ticket, facts)),
                    Effect::Load { ticket, person, of } => (ticket, Job::Load(ticket, person, of)),
                    Effect::Page { ticket, conversation, end, limit, asker } => {
                        let ask = PageAsk { conversation, end, limit, bytes: PAGE_BYTES, asker };
                        (ticket, Job::Look(ticket, Look::Page(ask)))
                    }
                    effect => {
                        out.push(Out::Told(effect));
                        continue;
                    }
                };
                match busy && matches!(job, Job::Append(..) | Job::Look(..)) {
                    true => refused.push_back(Input::Failed { ticket, why: Failure::Busy }),
                    false => self.jobs.push_back(job),
                }
            }
        }
    }

    /// Whether the store has something to do.
    pub fn owes(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// One turn of the store with so many of the jobs that wait. The answers are for whoever lives to hear them.
    pub fn turn(&mut self, most: usize) -> Vec<Input> {
        let most = most.clamp(1, self.jobs.len().max(1)).min(self.jobs.len());
        let mut jobs: Vec<Job> = self.jobs.drain(..most).collect();
        self.turns.answer(&mut jobs).expect("memory does not fail")
    }
}
