//! A client on its way: the chat's mind, its outbox and its wire, pumped together where there is no screen. It comes in and
//! comes in again, says what it is told to and hands on what it hears. What that means is up to its owner: a command of the
//! shell, or a bot. Where keys and outboxes lie on a disk is the owner's too.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::chat::{Ask, Chat, Effect, Input, LinkEvent, Now, Status};
use super::link::{self, Link, ToLink};
use super::outbox::{Outbox, Record};
use super::trust::Distrust;
use crate::protocol::command::Command;
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Nonce, Timestamp};
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::names::Nick;

/// Commands of the owner are numbered from here, those of the chat from 1: nobody asks so many.
const OWN_IDS: u64 = 1 << 52;

/// How long a goodbye may take on the way out.
const GOODBYE: Duration = Duration::from_millis(500);

/// After how long something is asked again that the host could not do, when it does not say.
const AGAIN: Duration = Duration::from_secs(1);

/// Messages kept in memory of what the chat hears live: nobody looks at them.
const SCROLLBACK: usize = 16;

/// What happened on the way.
#[derive(Debug)]
pub enum News {
    /// The host told this.
    Heard(Event),
    /// It answered the owner's command with this id.
    Answer(u64, Event),
    /// It refused it.
    Refused(u64, Refusal),
    /// A line of ours is settled: it is in the log.
    Settled(Nonce),
    /// The person is called otherwise there: from this name to that one.
    Renamed(Nick, Nick),
    /// The wire broke.
    Down,
    /// The host is not trusted.
    Distrusted(Distrust),
}

/// Why one is not in, and will not be by waiting.
#[derive(Clone, Debug)]
pub enum Shut {
    /// The host does not let one in.
    NotLetIn(Refusal),
    /// The wire gave up, in words.
    GaveUp(String),
}

/// What was waited for.
enum Woken {
    Link(Box<LinkEvent>),
    /// The wire takes more.
    Room,
    Time,
    /// The same name may be tried again.
    Again,
}

/// The client.
#[derive(Debug)]
pub struct Headless {
    chat: Chat,
    outbox: Outbox,
    name: Nick,
    guest: bool,
    to_link: mpsc::Sender<ToLink>,
    from_link: mpsc::Receiver<LinkEvent>,
    backlog: VecDeque<ToLink>,
    start: Instant,
    asked: u64,
    /// When the same name is tried again, which was not let in for now.
    again: Option<Instant>,
    /// Why one is not in, in words.
    why: String,
    plain: bool,
}

impl Headless {
    /// Begins to dial, under this name. What is said waits in memory until [`Headless::keep_in`] gives it a disk. The start
    /// in the options is set here. `Err`: this machine gives no random numbers.
    pub fn begin(name: Nick, ack_within: Duration, options: link::Options) -> Result<Headless, getrandom::Error> {
        let mut run = [0; 16];
        getrandom::fill(&mut run)?;
        let mut chat = Chat::new(run, options.address.authority.clone(), Some(name.clone()), Vec::new());
        chat.set_patience(ack_within);
        chat.set_scrollback(SCROLLBACK);
        let start = Instant::now();
        let guest = options.keyring.is_none();
        let Link { to, from } = Link::spawn(link::Options { start, ..options });
        Ok(Headless {
            chat,
            outbox: Outbox::in_memory(),
            name,
            guest,
            to_link: to,
            from_link: from,
            backlog: VecDeque::new(),
            start,
            asked: OWN_IDS,
            again: None,
            why: "it does not answer".to_owned(),
            plain: false,
        })
    }

    /// What is said is kept there from now on. What waits moves with it; what is there already is left to the caller.
    pub fn keep_in(&mut self, mut outbox: Outbox) -> io::Result<()> {
        for record in self.outbox.waiting().to_vec() {
            outbox.keep(record.clone())?;
            self.outbox.forget(record.nonce)?;
        }
        self.outbox = outbox;
        Ok(())
    }

    /// What is known.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// Makes records.
    pub fn chat_mut(&mut self) -> &mut Chat {
        &mut self.chat
    }

    /// What one is called here.
    pub fn name(&self) -> &Nick {
        &self.name
    }

    /// What waits, oldest first.
    pub fn waiting(&self) -> &[Record] {
        self.outbox.waiting()
    }

    /// Whether the server speaks only plain text.
    pub fn plain(&self) -> bool {
        self.plain
    }

    /// Whether one is in.
    pub fn is_in(&self) -> bool {
        *self.chat.status() == Status::Online
    }

    /// Why one is not in, in words.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// One is not in for this reason.
    pub fn because(&mut self, why: String) {
        self.why = why;
    }

    /// Keeps a line; [`Headless::say`] says it.
    pub fn keep(&mut self, record: Record) -> io::Result<()> {
        self.outbox.keep(record)
    }

    /// Says a line; whether it is kept meanwhile is another matter.
    pub fn say(&mut self, record: Record) -> Vec<News> {
        self.handle(Input::Ask(Ask::Say(record)))
    }

    /// Gives a line up.
    pub fn discard(&mut self, nonce: Nonce) {
        self.handle(Input::Ask(Ask::Discard(nonce)));
        if let Err(why) = self.outbox.forget(nonce) {
            tracing::warn!(%why, "a line that was given up stays in the outbox");
        }
    }

    /// Sends a command; gives what its answer is recognised by. Only while one is in.
    pub fn ask(&mut self, command: Command) -> u64 {
        self.asked += 1;
        self.write(ToLink::Command(self.asked, command));
        self.asked
    }

    fn now(&self) -> Now {
        Now { up: self.start.elapsed(), wall: Timestamp(jiff::Timestamp::now().as_millisecond()) }
    }

    /// Waits for the next thing that happens. May be dropped and called again.
    pub async fn next(&mut self) -> Vec<News> {
        let wake = self.chat.wake_at().map(|at| self.start + at);
        let woken = tokio::select! {
            Some(event) = self.from_link.recv() => Woken::Link(Box::new(event)),
            _ = self.to_link.reserve(), if !self.backlog.is_empty() => Woken::Room,
            () = until(wake) => Woken::Time,
            () = until(self.again) => Woken::Again,
        };
        match woken {
            Woken::Link(event) => self.hear(*event),
            Woken::Room => {
                self.write_on();
                Vec::new()
            }
            Woken::Time => self.handle(Input::Woke),
            Woken::Again => {
                self.again = None;
                self.handle(Input::Ask(Ask::EnterAs(self.name.clone())))
            }
        }
    }

    fn hear(&mut self, event: LinkEvent) -> Vec<News> {
        let own = |id: &u64| *id > OWN_IDS;
        let mut news = Vec::new();
        let event = match event {
            LinkEvent::Answered(id, Event::Refused(refusal)) if own(&id) => return vec![News::Refused(id, refusal)],
            LinkEvent::Answered(id, page @ Event::Page { .. }) if own(&id) => return vec![News::Answer(id, page)],
            event => event,
        };
        match &event {
            LinkEvent::Answered(id, event) if own(id) => news.push(News::Answer(*id, event.clone())),
            LinkEvent::Answered(_, event) | LinkEvent::Heard(event) => news.push(News::Heard(event.clone())),
            LinkEvent::Up { dialect, .. } => self.plain = *dialect == Dialect::Plain,
            LinkEvent::Distrusted(why) => news.push(News::Distrusted(why.clone())),
            LinkEvent::Down { why, .. } => {
                self.backlog.clear();
                self.why = why.clone();
                news.push(News::Down);
            }
            LinkEvent::Dialling | LinkEvent::Line(_) | LinkEvent::Latency(_) => {}
        }
        news.extend(self.handle(Input::Link(event)));
        news
    }

    fn handle(&mut self, input: Input) -> Vec<News> {
        let mut news = Vec::new();
        let now = self.now();
        for effect in self.chat.handle(now, input) {
            match effect {
                Effect::Send(id, command) => self.write(ToLink::Command(id, command)),
                Effect::Enter(id, name) => self.write(ToLink::Enter(id, name)),
                Effect::Line(line) => self.write(ToLink::Line(line)),
                Effect::Redial => self.write(ToLink::Redial),
                Effect::Forget(nonce) => {
                    if let Err(why) = self.outbox.forget(nonce) {
                        tracing::warn!(%why, "an acked line stays in the outbox and will be asked again");
                    }
                    news.push(News::Settled(nonce));
                }
                Effect::Ephemeral => {
                    if let Err(why) = self.outbox.keep_nothing_on_disk() {
                        tracing::warn!(%why, "the outbox cannot be emptied");
                    }
                }
                Effect::Renamed(was, name) => {
                    self.name = name.clone();
                    news.push(News::Renamed(was, name));
                }
                Effect::Note(_) => {}
            }
        }
        news
    }

    fn write(&mut self, order: ToLink) {
        self.backlog.push_back(order);
        self.write_on();
    }

    fn write_on(&mut self) {
        while let Ok(permit) = self.to_link.try_reserve() {
            let Some(order) = self.backlog.pop_front() else { return };
            permit.send(order);
        }
    }

    /// Whether one will be in by waiting; arranges that the same name is tried again where that helps. To be asked after
    /// each [`Headless::next`].
    pub fn check(&mut self) -> Result<(), Shut> {
        match self.chat.status().clone() {
            // Whoever is called so may be oneself, of the connection before, which the host has still to see the end of.
            Status::NeedsName(None) if self.again.is_none() && self.chat.me().is_some() => {
                self.again = Some(Instant::now() + AGAIN);
                Ok(())
            }
            // As many screens as one may have: one of them may be gone in a moment.
            Status::NeedsName(Some(refusal)) if self.again.is_none() => match self.wait_to_enter(&refusal) {
                Some(wait) => {
                    self.why = refusal.text;
                    self.again = Some(Instant::now() + wait);
                    Ok(())
                }
                None => Err(Shut::NotLetIn(refusal)),
            },
            Status::Offline { why, retry_at: None } => Err(Shut::GaveUp(why)),
            _ => Ok(()),
        }
    }

    fn wait_to_enter(&self, refusal: &Refusal) -> Option<Duration> {
        let screens = refusal.code == Code::Limit;
        let oneself = refusal.code == Code::NameTaken && self.guest && self.chat.me().is_some();
        wait_for(refusal).or((screens || oneself).then_some(AGAIN))
    }

    /// Says goodbye, so that others see one go at once.
    pub async fn bye(mut self) {
        self.handle(Input::Ask(Ask::Bye));
        let Headless { to_link, mut from_link, mut backlog, .. } = self;
        let gone = async {
            while let Some(order) = backlog.pop_front() {
                if to_link.send(order).await.is_err() {
                    return;
                }
            }
            drop(to_link);
            while !matches!(from_link.recv().await, None | Some(LinkEvent::Down { .. })) {}
        };
        let _ = timeout(GOODBYE, gone).await;
    }
}

/// How long to wait before the same may go well; `None`: it will not by waiting.
pub fn wait_for(refusal: &Refusal) -> Option<Duration> {
    match refusal.code {
        Code::Busy | Code::Storage | Code::RateLimited => Some(refusal.retry_after.unwrap_or(AGAIN)),
        _ => None,
    }
}

/// Until then; for ever when there is no time.
pub async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
