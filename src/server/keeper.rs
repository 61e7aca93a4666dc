//! The thread that owns the store, and the two that read beside it. The keeper takes what waits (bounded) and hands it to
//! `turns`, which does the work; a store in memory needs no thread and is asked in place. Who may write what was decided
//! by the hub, whose answers pass through here unread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc as sync;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::mpsc;

use super::metrics::Tally;
use super::turns::{Job, Look, Turns, audited, found, paged};
use crate::hub::{Failure, Input, Ticket};
use crate::store::{Reader, Retention, Store, StoreError};

/// Jobs of one turn, and some more where they come together. A commit costs an fsync whatever is in it, so many share one;
/// but those who wait for it are as many.
const TURN: usize = 512;

/// Threads that read pages. One would make everybody wait for somebody's cold page; more than the disk's queue is of no
/// use on the small machines hosts are.
const READERS: usize = 2;

/// Pages that may wait for a reader. More is answered `busy`: the client asks again, the newest page first.
const PAGES_WAITING: usize = 256;

/// Turns answered that the driver has not taken. It takes them before all else, so few ever wait; the keeper waits then.
const ANSWERS_WAITING: usize = 8;

/// What comes back.
pub enum Answer {
    /// In the order asked.
    Turn(Vec<Input>),
    /// The store cannot go on. What was not answered is not kept.
    Broken(String),
}

/// The driver's end. Dropping it lets the threads finish what they were given, and end.
pub enum Keeper {
    /// A store on a disk, which takes its time, has threads of its own.
    Beside(Beside),
    /// A store in memory answers in the time it would take to wake one.
    Here {
        /// It.
        turns: Turns,
        /// What was asked since.
        asked: Vec<Job>,
        /// How many may be.
        most: usize,
        /// Holds the channel of answers open, on which none will come.
        _answers: mpsc::Sender<Answer>,
    },
}

/// The ways to the threads.
pub struct Beside {
    /// What was asked since it was last handed over. Together, so that one commit has all of it.
    asked: Vec<Job>,
    jobs: mpsc::Sender<Vec<Job>>,
    /// Jobs in there.
    waiting: Arc<AtomicUsize>,
    /// How many may be, with those that were not handed over.
    most: usize,
    pages: Option<Pages>,
    threads: Vec<JoinHandle<()>>,
    /// Nobody wants to know any more whether the whole file is whole.
    unchecked: Arc<AtomicBool>,
}

impl Keeper {
    /// Starts the threads, unless the store is in memory. `queue` is how many jobs may wait.
    pub fn start(
        store: Box<dyn Store>,
        in_memory: bool,
        queue: usize,
        bounds: Retention,
        tally: Arc<Tally>,
    ) -> Result<(Keeper, mpsc::Receiver<Answer>), StoreError> {
        let (answers, taken) = mpsc::channel(ANSWERS_WAITING);
        if in_memory {
            let turns = Turns::new(store, bounds).counted(tally);
            return Ok((Keeper::Here { turns, asked: Vec::new(), most: queue.max(1), _answers: answers }, taken));
        }
        let most = queue.max(1);
        // No more than this in lists of one each.
        let (jobs, handed) = mpsc::channel(most);
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut threads = Vec::new();
        let unchecked = Arc::new(AtomicBool::new(false));
        let pages = start_readers(&*store, &answers, &unchecked, &mut threads)?;
        let turns = Turns::new(store, bounds).counted(tally);
        let queue = Queue { handed, waiting: waiting.clone() };
        threads.push(thread("keeper", move || guard(answers, |answers| keep(turns, queue, answers)))?);
        Ok((Keeper::Beside(Beside { asked: Vec::new(), jobs, waiting, most, pages, threads, unchecked }), taken))
    }

    /// Takes a job, or says at once that there is no room for it. A store on a disk hears of it by [`Keeper::hand_over`].
    pub fn ask(&mut self, job: Job) -> Result<(), Failure> {
        match self {
            Keeper::Here { asked, most, .. } if asked.len() >= *most => return Err(Failure::Busy),
            Keeper::Here { asked, .. } => asked.push(job),
            Keeper::Beside(beside) => return beside.ask(job),
        }
        Ok(())
    }

    /// Whether what is asked is answered in the same turn.
    pub fn answers_here(&self) -> bool {
        matches!(self, Keeper::Here { .. })
    }

    /// The answers to all that was asked of a store in memory; `None` when nothing was.
    pub fn turn(&mut self) -> Option<Result<Vec<Input>, StoreError>> {
        match self {
            Keeper::Here { turns, asked, .. } if !asked.is_empty() => {
                let answers = turns.answer(asked);
                while turns.retaining() {
                    if let Err(error) = turns.retain() {
                        return Some(Err(error));
                    }
                }
                Some(answers)
            }
            _ => None,
        }
    }

    /// Whether anything was asked of a store on a disk that it was not told.
    pub fn holds_back(&self) -> bool {
        matches!(self, Keeper::Beside(beside) if !beside.asked.is_empty())
    }

    /// Tells a store on a disk what was asked of it.
    pub fn hand_over(&mut self) {
        if let Keeper::Beside(beside) = self {
            beside.hand_over();
        }
    }

    /// Takes no more; the threads, to be joined once no more answers come.
    pub fn finish(mut self) -> Vec<JoinHandle<()>> {
        self.hand_over();
        match self {
            Keeper::Here { turns, .. } => {
                turns.finish();
                Vec::new()
            }
            Keeper::Beside(beside) => {
                beside.unchecked.store(true, Ordering::Relaxed);
                beside.threads
            }
        }
    }
}

impl Beside {
    fn ask(&mut self, job: Job) -> Result<(), Failure> {
        let full = match (job, &self.pages) {
            // Who asks a thread that has gone gets no answer: its last word, which ends the host, is on its way.
            (Job::Look(ticket, look), Some(pages)) => {
                matches!(pages.try_send((ticket, look)), Err(sync::TrySendError::Full(_)))
            }
            _ if self.full() => true,
            (job, _) => {
                self.asked.push(job);
                false
            }
        };
        if full { Err(Failure::Busy) } else { Ok(()) }
    }

    /// What was given to a thread that has gone waits for nothing.
    fn full(&self) -> bool {
        !self.jobs.is_closed() && self.asked.len() + self.waiting.load(Ordering::Relaxed) >= self.most
    }

    fn hand_over(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        self.waiting.fetch_add(self.asked.len(), Ordering::Relaxed);
        // Full it cannot be, as no list in it is empty; and a thread that has gone has said its last word.
        let _ = self.jobs.try_send(std::mem::take(&mut self.asked));
    }
}

/// The keeper's end of the way to it.
struct Queue {
    handed: mpsc::Receiver<Vec<Job>>,
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    fn took(&self, jobs: &[Job]) {
        self.waiting.fetch_sub(jobs.len(), Ordering::Relaxed);
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

/// The keeper's thread.
fn keep(mut turns: Turns, mut queue: Queue, answers: &mpsc::Sender<Answer>) -> Result<(), StoreError> {
    let mut turn = Vec::new();
    while take(&mut turns, &mut queue, &mut turn)? {
        let inputs = turns.answer(&mut turn)?;
        if !inputs.is_empty() && answers.blocking_send(Answer::Turn(inputs)).is_err() {
            break;
        }
    }
    turns.finish();
    Ok(())
}

/// Takes what waits, or waits for the first; `false` when nothing comes any more. Retention is done a step at a time
/// while nothing waits, so that it never holds up more than one turn.
fn take(turns: &mut Turns, queue: &mut Queue, turn: &mut Vec<Job>) -> Result<bool, StoreError> {
    while turn.is_empty() {
        if turns.retaining() && queue.handed.is_empty() && !queue.handed.is_closed() {
            turns.retain()?;
            continue;
        }
        let Some(first) = queue.handed.blocking_recv() else { return Ok(false) };
        queue.took(&first);
        *turn = first;
        while turn.len() < TURN
            && let Ok(jobs) = queue.handed.try_recv()
        {
            queue.took(&jobs);
            turn.extend(jobs);
        }
    }
    Ok(true)
}

type Pages = sync::SyncSender<(Ticket, Look)>;

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
    waiting: &Mutex<sync::Receiver<(Ticket, Look)>>,
    answers: &mpsc::Sender<Answer>,
) {
    loop {
        // Whoever waits for the next holds the lock; the other one waits for the lock.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((ticket, look)) = next else { return };
        let answer = match look {
            Look::Page(ask) => paged(ticket, reader.page(&ask)),
            Look::Search(ask) => found(ticket, reader.search(&ask)),
            Look::Audit(limit) => audited(ticket, reader.audit(limit)),
        };
        if answers.blocking_send(Answer::Turn(vec![answer])).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::entry::Timestamp;

    #[test]
    fn who_is_asked_too_much_is_busy_and_who_has_gone_is_not() {
        let (jobs, handed) = mpsc::channel(1);
        let (pages, looks) = sync::sync_channel(1);
        let (waiting, threads, unchecked) = (Arc::default(), Vec::new(), Arc::default());
        let pages = Some(pages);
        let mut beside = Beside { asked: Vec::new(), jobs, waiting, most: 1, pages, threads, unchecked };
        let mut queue = Queue { handed, waiting: beside.waiting.clone() };
        let mut ask = |hand_over| {
            let asked = (beside.ask(Job::Retain(Timestamp(0))), beside.ask(Job::Look(Ticket(1), Look::Audit(1))));
            if hand_over {
                beside.hand_over();
            }
            asked
        };
        assert_eq!(ask(false), (Ok(()), Ok(())));
        assert_eq!(ask(true), (Err(Failure::Busy), Err(Failure::Busy)), "asked");
        assert_eq!(ask(true), (Err(Failure::Busy), Err(Failure::Busy)), "handed over");
        let jobs = queue.handed.try_recv().expect("it was handed over");
        queue.took(&jobs);
        assert_eq!(jobs.len(), 1);
        drop((queue, looks));
        for _ in 0..3 {
            assert_eq!(ask(true), (Ok(()), Ok(())), "nobody is told to ask again: the host ends");
        }
    }
}
