//! The one task that owns the hub. It takes what happened (the store's answers first, then what connections sent), lets
//! the hub decide, and carries out what it wants; at the end of each turn everybody is written to once. Where that is dear
//! a turn takes what came meanwhile too. It never waits for anybody: not for a socket, not for the store.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::ServeError;
use super::connection::{Handle, House};
use super::fanout::Fanout;
use super::keeper::{Answer, Keeper};
use super::passwords::{Passwords, Task};
use super::turns::{Job, Look};
use crate::hub::calls::{Call, Reply, Wish};
use crate::hub::{Desk, Effect, Failure, Hub, Input, Now, Ticket};
use crate::protocol::admin::{Ask, Line};
use crate::protocol::entry::Timestamp;
use crate::protocol::event::CloseCode;
use crate::store::{PageAsk, SearchAsk};

/// What connections sent that is taken in one turn. More makes a turn longer before anybody is written to.
const TURN: usize = 256;

/// From so many who are to be written to, it is looked first whether more was said meanwhile: that costs about half of what
/// it costs to write to one, and saves a whole round of writing if something was.
const MANY: usize = 16;

/// How often old history is dropped, where it is dropped at all.
const RETAIN_EVERY: Duration = Duration::from_secs(3600);

/// Something that comes from a connection.
pub enum Arrival {
    /// It is there. The input is its `Opened`.
    Opened(Arc<Handle>, Input),
    /// Whoever has the host's folder asks something.
    Asked(Ask, oneshot::Sender<Vec<Line>>),
    /// Something is asked over HTTP.
    Called(Wish, oneshot::Sender<Reply>),
    /// Anything else.
    Input(Input),
}

/// The hub and all that it moves.
pub struct Driver {
    hub: Hub,
    fanout: Fanout,
    keeper: Keeper,
    answers: mpsc::Receiver<Answer>,
    arrivals: mpsc::Receiver<Arrival>,
    house: Arc<House>,
    started: Instant,
    now: Now,
    /// Answers the keeper owes.
    owed: usize,
    passwords: Passwords,
    checked: mpsc::Receiver<Input>,
    /// Refusals of our own, for the hub before anything else.
    refused: VecDeque<Input>,
    /// Who asks with the folder in hand, and how many have; [`super::admin`] lets few in at once.
    desks: HashMap<Desk, oneshot::Sender<Vec<Line>>>,
    asked: u64,
    /// Who asks over HTTP; [`super::web`] lets few in at once.
    calls: HashMap<Call, oneshot::Sender<Reply>>,
    /// When old history is to be dropped next.
    retain_at: Option<Instant>,
    stopping: bool,
}

impl Driver {
    /// Ready to work. `retain`: whether old history is ever dropped.
    pub fn new(
        hub: Hub,
        keeper: Keeper,
        answers: mpsc::Receiver<Answer>,
        arrivals: mpsc::Receiver<Arrival>,
        house: Arc<House>,
        retain: bool,
    ) -> Driver {
        let started = Instant::now();
        let (passwords, checked) = Passwords::new();
        Driver {
            hub,
            fanout: Fanout::new(house.translator.clone()),
            keeper,
            answers,
            arrivals,
            now: Now { up: Duration::ZERO, wall: wall(house.ahead) },
            house,
            started,
            owed: 0,
            passwords,
            checked,
            refused: VecDeque::new(),
            desks: HashMap::new(),
            asked: 0,
            calls: HashMap::new(),
            retain_at: retain.then_some(started),
            stopping: false,
        }
    }

    /// Works until `stop`, or until the store cannot go on.
    pub async fn work(&mut self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut stop = pin!(stop);
        let mut timer = pin!(sleep_until(self.started));
        let mut inbox = Vec::with_capacity(TURN);
        let mut taken = 0;
        loop {
            let due = self.due();
            if let Some(due) = due
                && (timer.is_elapsed() || due < timer.deadline())
            {
                timer.as_mut().reset(due);
            }
            tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                () = &mut timer, if due.is_some() => self.time(),
                answer = self.answers.recv() => self.answered(answer)?,
                Some(checked) = self.checked.recv() => {
                    self.tick();
                    self.take(checked);
                }
                _ = self.arrivals.recv_many(&mut inbox, TURN - taken) => {
                    taken += inbox.len();
                    self.arrived(&mut inbox);
                }
            }
            self.keep()?;
            // By one at least, so that a turn ends, whatever it is that keeps coming.
            taken += 1;
            if taken < TURN && self.better_with_more() {
                // Everybody else has their turn, sockets included.
                tokio::task::yield_now().await;
                if !self.arrivals.is_empty() {
                    continue;
                }
            }
            taken = 0;
            self.end_of_turn();
        }
    }

    /// Whether what this turn does at its end costs far more than to look whether there is more of it: to write to many, or
    /// to have the disk sync.
    fn better_with_more(&self) -> bool {
        match self.keeper.answers_here() {
            true => self.fanout.hearers() >= MANY,
            false => self.keeper.holds_back(),
        }
    }

    /// What was asked goes to the store, what was said to everybody.
    fn end_of_turn(&mut self) {
        self.keeper.hand_over();
        self.fanout.flush();
    }

    /// Works until the keeper owes nothing, so that what was taken is also answered.
    pub async fn settle(&mut self) -> Result<(), ServeError> {
        let mut inbox = Vec::new();
        self.end_of_turn();
        while self.owed > 0 {
            tokio::select! {
                biased;
                answer = self.answers.recv() => self.answered(answer)?,
                _ = self.arrivals.recv_many(&mut inbox, TURN) => self.arrived(&mut inbox),
            }
            self.keep()?;
            self.end_of_turn();
        }
        Ok(())
    }

    /// Asks a store in memory, until it was asked all.
    fn keep(&mut self) -> Result<(), ServeError> {
        while let Some(answers) = self.keeper.turn() {
            let answers = answers.map_err(|e| ServeError::Store(e.to_string()))?;
            self.answered(Some(Answer::Turn(answers)))?;
        }
        Ok(())
    }

    /// From now on nothing that connections ask is taken.
    pub fn stop_taking(&mut self) {
        self.stopping = true;
    }

    /// Closes everybody.
    pub fn close_all(&mut self) {
        self.tick();
        self.take(Input::Stopping);
        self.end_of_turn();
    }

    /// Lets the keeper finish what it was given and waits for it. A panic of its threads was told before.
    pub async fn finish(mut self) {
        let threads = self.keeper.finish();
        while self.answers.recv().await.is_some() {}
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.fanout.open()
    }

    fn tick(&mut self) {
        self.now = Now { up: self.started.elapsed(), wall: wall(self.house.ahead) };
    }

    fn due(&self) -> Option<Instant> {
        let wake = self.hub.wake_at().map(|up| self.started + up);
        wake.into_iter().chain(self.retain_at).min()
    }

    fn time(&mut self) {
        self.tick();
        if self.hub.wake_at().is_some_and(|at| at <= self.now.up) {
            self.take(Input::Woke);
        }
        if self.retain_at.is_some_and(|at| at <= Instant::now()) {
            // A keeper with a full queue has better things to do; the next hour will do.
            let _ = self.keeper.ask(Job::Retain(self.now.wall));
            self.retain_at = Some(Instant::now() + RETAIN_EVERY);
        }
    }

    fn answered(&mut self, answer: Option<Answer>) -> Result<(), ServeError> {
        match answer {
            Some(Answer::Turn(inputs)) => {
                self.tick();
                self.owed = self.owed.saturating_sub(inputs.len());
                inputs.into_iter().for_each(|input| self.take(input));
                Ok(())
            }
            Some(Answer::Broken(why)) => Err(ServeError::Store(why)),
            None => Err(ServeError::Store("the history cannot be kept: its keeper has gone".into())),
        }
    }

    fn arrived(&mut self, inbox: &mut Vec<Arrival>) {
        self.tick();
        for arrival in inbox.drain(..) {
            match arrival {
                Arrival::Opened(handle, _) if self.stopping => {
                    handle.out.close(CloseCode::Restarting.number(), "the host stops");
                    handle.out.flush();
                }
                Arrival::Opened(handle, input) => {
                    if let Input::Opened { session, .. } = input {
                        self.fanout.add(session, handle);
                        self.house.here.send_replace(self.fanout.open());
                        self.take(input);
                    }
                }
                Arrival::Input(Input::Closed { session }) => {
                    if self.fanout.remove(session) {
                        self.house.here.send_replace(self.fanout.open());
                        self.take(Input::Closed { session });
                    }
                    self.house.ids.give_back(session);
                }
                // Whoever waits learns by the end of it that nothing will come.
                Arrival::Asked(..) if self.stopping => {}
                Arrival::Asked(ask, answer) => {
                    self.asked += 1;
                    let desk = Desk(self.asked);
                    self.desks.insert(desk, answer);
                    self.take(Input::Asked { desk, ask });
                }
                Arrival::Called(..) if self.stopping => {}
                Arrival::Called(wish, answer) => {
                    self.asked += 1;
                    let call = Call(self.asked);
                    self.calls.insert(call, answer);
                    self.take(Input::Called { call, wish });
                }
                // Asked too late. Nothing of it is acknowledged, so its sender asks again after the restart.
                Arrival::Input(_) if self.stopping => {}
                Arrival::Input(input) => self.take(input),
            }
        }
    }

    /// One thing that happened, and all that follows from it.
    fn take(&mut self, input: Input) {
        for effect in self.hub.handle(self.now, input) {
            self.perform(effect);
        }
        while let Some(refused) = self.refused.pop_front() {
            for effect in self.hub.handle(self.now, refused) {
                self.perform(effect);
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send { to, except, event } => {
                self.house.tally.deliveries.fetch_add(to.len() as u64, Ordering::Relaxed);
                self.fanout.send(&to, except, &event);
            }
            Effect::Tell { session, id, event } => self.fanout.tell(session, id, &event),
            Effect::Answered { session } => {
                if let Some(handle) = self.fanout.handle(session) {
                    handle.answered();
                }
            }
            Effect::Append { ticket, draft } => self.ask(ticket, Job::Append(ticket, draft)),
            Effect::Keep { ticket, facts } => self.ask(ticket, Job::Keep(ticket, facts)),
            Effect::Load { ticket, person, of } => self.ask(ticket, Job::Load(ticket, person, of)),
            Effect::Page { ticket, conversation, end, limit, asker } => {
                let bytes = self.page_bytes();
                self.ask(ticket, Job::Look(ticket, Look::Page(PageAsk { conversation, end, limit, bytes, asker })));
            }
            Effect::Search { ticket, of, query, author, limit, asker } => {
                let bytes = self.page_bytes();
                let ask = SearchAsk { of, query, author, limit, bytes, asker };
                self.ask(ticket, Job::Look(ticket, Look::Search(ask)));
            }
            Effect::Audit { ticket, limit } => self.ask(ticket, Job::Look(ticket, Look::Audit(limit))),
            Effect::Check { ticket, password, hash } => self.work_out(ticket, Task::Check(password, hash)),
            Effect::Hash { ticket, password } => self.work_out(ticket, Task::Hash(password)),
            Effect::Report { desk, lines } => {
                if let Some(answer) = self.desks.remove(&desk) {
                    // Whoever asked may have gone; what was asked is done all the same.
                    let _ = answer.send(lines);
                }
            }
            Effect::Reply { call, reply } => {
                if let Reply::Figures(_) = reply {
                    let tally = &self.house.tally;
                    tally.connections.store(self.fanout.open(), Ordering::Relaxed);
                    tally.waiting.store(self.fanout.waiting(), Ordering::Relaxed);
                }
                if let Some(answer) = self.calls.remove(&call) {
                    let _ = answer.send(reply);
                }
            }
            Effect::Close { session, code, why } => self.fanout.close(session, code, &why),
        }
    }

    fn page_bytes(&self) -> usize {
        match self.house.limits.page_bytes {
            0 => usize::MAX,
            bytes => bytes,
        }
    }

    fn work_out(&mut self, ticket: Ticket, task: Task) {
        if let Err(why) = self.passwords.ask(ticket, task) {
            self.refused.push_back(Input::Failed { ticket, why });
        }
    }

    fn ask(&mut self, ticket: Ticket, job: Job) {
        match self.keeper.ask(job) {
            Ok(()) => self.owed += 1,
            Err(why) => {
                debug_assert_eq!(why, Failure::Busy, "nothing else is known without asking");
                self.refused.push_back(Input::Failed { ticket, why });
            }
        }
    }
}

/// The clock on the wall, so many milliseconds ahead of the system's. Before 1970 is 1970.
pub fn wall(ahead: i64) -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(ahead))
}
