//! The thread that owns the store, and the two that read beside it. The keeper takes what waits (bounded), commits all
//! writes of it at once, and answers everything in the order it was asked; nothing is answered that is not on the disk.
//! Who may write what was decided by the hub, whose answers pass through here unread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as sync;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::mpsc;

use crate::hub::{Failure, Input, Ticket};
use crate::protocol::entry::{Conversation, Page, PersonId, Timestamp};
use crate::protocol::fact::{Draft, Fact, ReadFrom};
use crate::store::{PageAsk, Reader, Retention, Store, StoreError, Write, Written};

/// Jobs of one turn. A commit costs an fsync whatever is in it, so many share one; but those who wait for it are as many.
const TURN: usize = 512;

/// Threads that read pages. One would make everybody wait for somebody's cold page; more than the disk's queue is of no
/// use on the small machines hosts are.
const READERS: usize = 2;

/// Pages that may wait for a reader. More is answered `busy`: the client asks again, the newest page first.
const PAGES_WAITING: usize = 256;

/// Turns answered that the driver has not taken. It takes them before all else, so few ever wait; the keeper waits then.
const ANSWERS_WAITING: usize = 8;

/// Something for the store.
pub enum Job {
    /// [`crate::hub::Effect::Append`].
    Append(Ticket, Draft),
    /// [`crate::hub::Effect::Keep`].
    Keep(Ticket, Vec<Fact>),
    /// [`crate::hub::Effect::Load`].
    Load(Ticket, PersonId, Vec<(Conversation, ReadFrom)>),
    /// [`crate::hub::Effect::Page`].
    Page(Ticket, PageAsk),
    /// Drop what is beyond the bounds of retention, step by step, whenever nothing else waits.
    Retain(Timestamp),
}

/// What comes back.
pub enum Answer {
    /// In the order asked.
    Turn(Vec<Input>),
    /// The store cannot go on. What was not answered is not kept.
    Broken(String),
}

/// The driver's end. Dropping it lets the threads finish what they were given, and end.
pub struct Keeper {
    jobs: mpsc::Sender<Job>,
    pages: Option<sync::SyncSender<(Ticket, PageAsk)>>,
    threads: Vec<JoinHandle<()>>,
    /// Nobody wants to know any more whether the whole file is whole.
    unchecked: Arc<AtomicBool>,
}

impl Keeper {
    /// Starts the threads. `queue` is how many jobs may wait.
    pub fn start(
        store: Box<dyn Store>,
        queue: usize,
        bounds: Retention,
    ) -> Result<(Keeper, mpsc::Receiver<Answer>), StoreError> {
        let (answers, taken) = mpsc::channel(ANSWERS_WAITING);
        let (jobs, waiting) = mpsc::channel(queue.max(1));
        let mut threads = Vec::new();
        let unchecked = Arc::new(AtomicBool::new(false));
        let pages = start_readers(&*store, &answers, &unchecked, &mut threads)?;
        let turns = Turns { store, bounds, retaining: None };
        threads.push(thread("keeper", move || guard(answers, |answers| turns.run(waiting, answers)))?);
        Ok((Keeper { jobs, pages, threads, unchecked }, taken))
    }

    /// Hands over a job, or says at once that there is no room for it.
    pub fn ask(&self, job: Job) -> Result<(), Failure> {
        match (job, &self.pages) {
            (Job::Page(ticket, ask), Some(pages)) => pages.try_send((ticket, ask)).map_err(|_| Failure::Busy),
            (job, _) => self.jobs.try_send(job).map_err(|_| Failure::Busy),
        }
    }

    /// Takes no more; the threads, to be joined once no more answers come.
    pub fn finish(self) -> Vec<JoinHandle<()>> {
        self.unchecked.store(true, Ordering::Relaxed);
        self.threads
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|e| StoreError::Broken(format!("no thread for the {name}: {e}")))
}

/// Runs a thread's work; a panic in it is told like any other end of the store.
fn guard(answers: mpsc::Sender<Answer>, work: impl FnOnce(&mpsc::Sender<Answer>) -> Result<(), StoreError>) {
    let last_word = match catch_unwind(AssertUnwindSafe(|| work(&answers))) {
        Ok(Ok(())) => return,
        Ok(Err(e)) => e.to_string(),
        Err(_) => "the history cannot be kept: its keeper failed, which is a mistake in wschat".to_owned(),
    };
    // An error of sending means that the driver has gone, and with it everybody who could be told.
    let _ = answers.blocking_send(Answer::Broken(last_word));
}

struct Turns {
    store: Box<dyn Store>,
    bounds: Retention,
    /// Steps of retention are left to do, as of this time.
    retaining: Option<Timestamp>,
}

impl Turns {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>, answers: &mpsc::Sender<Answer>) -> Result<(), StoreError> {
        let mut turn = Vec::new();
        while self.take(&mut jobs, &mut turn)? {
            let inputs = self.answer(&mut turn)?;
            if !inputs.is_empty() && answers.blocking_send(Answer::Turn(inputs)).is_err() {
                break;
            }
        }
        if let Err(error) = self.store.finish() {
            tracing::warn!("the history stays in two files, which belong together: {error}");
        }
        Ok(())
    }

    /// Takes what waits, or waits for the first; `false` when nothing comes any more. Retention is done a step at a time
    /// while nothing waits, so that it never holds up more than one turn.
    fn take(&mut self, jobs: &mut mpsc::Receiver<Job>, turn: &mut Vec<Job>) -> Result<bool, StoreError> {
        while turn.is_empty() {
            let first = match self.retaining {
                None => jobs.blocking_recv(),
                Some(_) if jobs.is_empty() && !jobs.is_closed() => {
                    self.retain()?;
                    continue;
                }
                Some(_) => jobs.blocking_recv(),
            };
            let Some(first) = first else { return Ok(false) };
            turn.push(first);
            while turn.len() < TURN
                && let Ok(job) = jobs.try_recv()
            {
                turn.push(job);
            }
        }
        Ok(true)
    }

    fn retain(&mut self) -> Result<(), StoreError> {
        let Some(now) = self.retaining else { return Ok(()) };
        match self.store.retain(&self.bounds, now) {
            Ok(true) => {}
            Ok(false) => self.retaining = None,
            Err(StoreError::Full) => {
                tracing::warn!("old history could not be dropped: the disk is full");
                self.retaining = None;
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// One commit for all that is to be written, then an answer to each in order.
    fn answer(&mut self, turn: &mut Vec<Job>) -> Result<Vec<Input>, StoreError> {
        let (writes, asked) = sort(turn);
        let mut written = self.commit(&writes)?;
        let mut inputs = Vec::with_capacity(asked.len());
        for one in asked {
            inputs.push(match one {
                Asked::Write(ticket) => told(ticket, written.as_mut().and_then(Iterator::next)),
                Asked::Load(ticket, person, of) => match self.store.standings(person, &of) {
                    Ok(standings) => Input::Loaded { ticket, standings },
                    Err(StoreError::Full) => Input::Failed { ticket, why: Failure::Full },
                    Err(e) => return Err(e),
                },
                Asked::Page(ticket, ask) => paged(ticket, self.store.page(&ask)),
                Asked::Retain(now) => {
                    self.retaining = Some(now);
                    continue;
                }
            });
        }
        Ok(inputs)
    }

    /// What became of each write; `None` when there was no room on the disk, and nothing of it is kept.
    fn commit(&mut self, writes: &[Write]) -> Result<Option<std::vec::IntoIter<Written>>, StoreError> {
        if writes.is_empty() {
            return Ok(None);
        }
        match self.store.commit(writes) {
            Ok(written) if written.len() == writes.len() => Ok(Some(written.into_iter())),
            Ok(_) => Err(StoreError::Broken("a commit answered another number of writes".into())),
            Err(StoreError::Full) => {
                tracing::warn!(writes = writes.len(), "nothing can be kept: the disk is full");
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

/// A job without what it writes.
enum Asked {
    Write(Ticket),
    Load(Ticket, PersonId, Vec<(Conversation, ReadFrom)>),
    Page(Ticket, PageAsk),
    Retain(Timestamp),
}

/// What is to be written, and what is to be answered, both in the order asked.
fn sort(turn: &mut Vec<Job>) -> (Vec<Write>, Vec<Asked>) {
    let mut writes = Vec::with_capacity(turn.len());
    let mut asked = Vec::with_capacity(turn.len());
    for job in turn.drain(..) {
        asked.push(match job {
            Job::Append(ticket, draft) => {
                writes.push(Write::Append(draft));
                Asked::Write(ticket)
            }
            Job::Keep(ticket, facts) => {
                writes.push(Write::Facts(facts));
                Asked::Write(ticket)
            }
            Job::Load(ticket, person, of) => Asked::Load(ticket, person, of),
            Job::Page(ticket, ask) => Asked::Page(ticket, ask),
            Job::Retain(now) => Asked::Retain(now),
        });
    }
    (writes, asked)
}

fn told(ticket: Ticket, written: Option<Written>) -> Input {
    match written {
        Some(Written::Entry { entry, fresh }) => Input::Stored { ticket, entry: Arc::new(entry), fresh },
        Some(Written::Facts) => Input::Kept { ticket },
        Some(Written::Refused(why)) => Input::Failed { ticket, why: Failure::Refused(why) },
        None => Input::Failed { ticket, why: Failure::Full },
    }
}

/// A page that cannot be read is refused and logged; who writes goes on.
fn paged(ticket: Ticket, page: Result<Page, StoreError>) -> Input {
    match page {
        Ok(page) => Input::Paged { ticket, page },
        Err(error) => {
            tracing::error!("a page of history cannot be read: {error}");
            Input::Failed { ticket, why: Failure::Full }
        }
    }
}

type Pages = sync::SyncSender<(Ticket, PageAsk)>;

/// Starts the readers and, on one more for itself, the look over the whole file. `None`: this store has no readers.
fn start_readers(
    store: &dyn Store,
    answers: &mpsc::Sender<Answer>,
    unchecked: &Arc<AtomicBool>,
    threads: &mut Vec<JoinHandle<()>>,
) -> Result<Option<Pages>, StoreError> {
    let Some(mut checker) = store.reader()? else { return Ok(None) };
    let (pages, waiting) = sync::sync_channel(PAGES_WAITING);
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..READERS {
        let Some(mut reader) = store.reader()? else { break };
        let (waiting, answers) = (waiting.clone(), answers.clone());
        threads.push(thread("reader", move || {
            guard(answers, |answers| {
                read_pages(&mut *reader, &waiting, answers);
                Ok(())
            })
        })?);
    }
    let unchecked = unchecked.clone();
    threads.push(thread("checker", move || match checker.check(&unchecked) {
        Ok(true) => tracing::debug!("the history was looked over and is whole"),
        Ok(false) => tracing::debug!("the history was not looked over to its end"),
        Err(error) => tracing::error!("{error}"),
    })?);
    Ok(Some(pages))
}

fn read_pages(
    reader: &mut dyn Reader,
    waiting: &Mutex<sync::Receiver<(Ticket, PageAsk)>>,
    answers: &mpsc::Sender<Answer>,
) {
    loop {
        // Whoever waits for the next holds the lock; the other one waits for the lock.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((ticket, ask)) = next else { return };
        if answers.blocking_send(Answer::Turn(vec![paged(ticket, reader.page(&ask))])).is_err() {
            return;
        }
    }
}
