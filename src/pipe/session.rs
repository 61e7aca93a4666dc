//! One client on its way: the chat's mind, its outbox and its wire, without a screen. It comes in, finds the room, asks, and
//! says goodbye; whatever stands in the way becomes a sentence with a code. What is said and read is up to the commands.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Done, Exit, Failure, Way};
use crate::client::backoff::Backoff;
use crate::client::chat::{Ask, Chat, Effect, Input, LinkEvent, Now, Status};
use crate::client::keyring::Keyring;
use crate::client::link::{self, Link, ToLink};
use crate::client::outbox::{self, Outbox, Record};
use crate::client::trust::{Distrust, KnownHosts};
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::command::{Command, PageEnd};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Nonce, Timestamp};
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::names::{Nick, Target};

/// Commands of ours are numbered from here, those of the chat from 1: nobody asks so many.
const OWN_IDS: u64 = 1 << 52;

/// How long a goodbye may take on the way out.
const GOODBYE: Duration = Duration::from_millis(500);

/// After how long something is asked again that the host could not do, when it does not say.
const AGAIN: Duration = Duration::from_secs(1);

/// Messages kept in memory of what the chat hears live: nothing here looks at them.
const SCROLLBACK: usize = 16;

/// What happened on the way.
#[derive(Debug)]
pub enum News {
    /// The host told this.
    Heard(Event),
    /// It answered the command with this id, which was ours.
    Answer(u64, Event),
    /// It refused it.
    Refused(u64, Refusal),
    /// A line of ours is settled: it is in the log.
    Settled(Nonce),
    /// The wire broke.
    Down,
    /// The host is not trusted.
    Distrusted(Distrust),
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

/// A client.
pub struct Session {
    chat: Chat,
    outbox: Outbox,
    kept: bool,
    keyring: Option<Keyring>,
    outbox_dir: PathBuf,
    place: String,
    name: Nick,
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
    renamed: Option<Failure>,
    invited: bool,
}

/// Whether what is said is on disk until the host has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// On disk, together with what earlier ones have left.
    OnDisk,
    /// As long as this runs.
    Nowhere,
}

impl Session {
    /// Opens the outbox, and begins to dial.
    pub fn open(way: &Way, keep: Keep, config: &Config, paths: &Paths) -> Result<Session, Failure> {
        let keyring = (!way.guest).then(|| Keyring::at(paths.keys_dir()));
        if let Some(keyring) = &keyring {
            keyring.secret(&way.name).map_err(Failure::here)?;
        }
        let place = outbox::place(&way.address.authority);
        let kept = keep == Keep::OnDisk && !way.guest;
        let mut run = [0; 16];
        getrandom::fill(&mut run).map_err(|why| Failure::here(format!("no random numbers: {why}")))?;
        let mut chat = Chat::new(run, way.address.authority.clone(), Some(way.name.clone()), Vec::new());
        chat.set_patience(config.timeouts.ack);
        chat.set_scrollback(SCROLLBACK);
        let start = Instant::now();
        let timeouts = &config.timeouts;
        let Link { to, from } = Link::spawn(link::Options {
            address: way.address.clone(),
            known: Some(KnownHosts::at(paths.known_hosts())),
            keyring: keyring.clone(),
            invite: way.invite.clone(),
            dial_within: or_never(timeouts.write),
            write_within: or_never(timeouts.write),
            ping_after: or_never(timeouts.client_ping_after),
            dead_after: or_never(timeouts.dead_after),
            backoff: Backoff::new(timeouts.backoff_min, timeouts.backoff_max, timeouts.backoff_reset),
            start,
        });
        let mut session = Session {
            chat,
            outbox: Outbox::in_memory(),
            kept,
            keyring,
            outbox_dir: paths.outbox_dir(),
            place,
            name: way.name.clone(),
            to_link: to,
            from_link: from,
            backlog: VecDeque::new(),
            start,
            asked: OWN_IDS,
            again: None,
            why: "it does not answer".to_owned(),
            plain: false,
            renamed: None,
            invited: way.invite.is_some(),
        };
        if kept {
            session.outbox = session.open_outbox(&way.name)?;
        }
        Ok(session)
    }

    fn open_outbox(&self, name: &Nick) -> Result<Outbox, Failure> {
        let mut luck = [0; 8];
        getrandom::fill(&mut luck).map_err(|why| Failure::here(format!("no random numbers: {why}")))?;
        Outbox::open(&self.outbox_dir, &self.place, name, luck).map_err(|why| {
            Failure::here(format!(
                "what is said cannot be kept in {}: {why}; make it writable, or give another --data-dir",
                self.outbox_dir.display()
            ))
        })
    }

    /// What is known.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// Makes records.
    pub fn chat_mut(&mut self) -> &mut Chat {
        &mut self.chat
    }

    /// What waits, oldest first.
    pub fn waiting(&self) -> &[Record] {
        self.outbox.waiting()
    }

    /// Whether what waits outlives this process.
    pub fn kept(&self) -> bool {
        self.kept && !self.chat.ephemeral()
    }

    /// Whether the server speaks only plain text.
    pub fn plain(&self) -> bool {
        self.plain
    }

    /// Whether one is in.
    pub fn is_in(&self) -> bool {
        *self.chat.status() == Status::Online
    }

    /// Keeps a line; [`Session::say`] says it.
    pub fn keep(&mut self, record: Record) -> Done {
        self.outbox.keep(record).map_err(|why| {
            Failure::here(format!("what is said cannot be kept in {}: {why}", self.outbox_dir.display()))
        })
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
                Effect::Renamed(was, name) => self.renamed = self.rename(&was, &name).err(),
                Effect::Note(_) => {}
            }
        }
        news
    }

    /// One is called otherwise here: key and outbox go with the person, as on a screen.
    fn rename(&mut self, was: &Nick, name: &Nick) -> Done {
        self.name = name.clone();
        let Some(keyring) = &self.keyring else { return Ok(()) };
        keyring.also(was, name).map_err(Failure::here)?;
        if !self.kept {
            return Ok(());
        }
        let mut outbox = self.open_outbox(name)?;
        for record in self.outbox.waiting().to_vec() {
            let moved = outbox.keep(record.clone()).and_then(|()| self.outbox.forget(record.nonce));
            moved.map_err(|why| Failure::here(format!("what waits to be sent cannot be moved: {why}")))?;
        }
        self.outbox = outbox;
        Ok(())
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

    /// Whether what happened is the end of it.
    pub fn check(&mut self, news: &[News]) -> Done {
        if let Some(failure) = self.renamed.take() {
            return Err(failure);
        }
        for one in news {
            if let News::Distrusted(why) = one {
                return Err(Failure::new(Exit::Refused, self.distrusted(why)));
            }
        }
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
                None => Err(self.not_let_in(&refusal)),
            },
            Status::Offline { why, retry_at: None } => {
                let words = format!("{} does not let {} in: {}", self.chat.address(), self.name, why);
                Err(Failure::new(Exit::Refused, words))
            }
            _ => Ok(()),
        }
    }

    fn wait_to_enter(&self, refusal: &Refusal) -> Option<Duration> {
        let screens = refusal.code == Code::Limit;
        let oneself = refusal.code == Code::NameTaken && self.keyring.is_none() && self.chat.me().is_some();
        wait_for(refusal).or((screens || oneself).then_some(AGAIN))
    }

    fn not_let_in(&self, refusal: &Refusal) -> Failure {
        let what = match refusal.code {
            Code::NeedsInvite if !self.invited => "; put the invitation into a file and give --invite FILE",
            Code::NameTaken => "; give another --name",
            _ => "",
        };
        Failure::new(
            Exit::Refused,
            format!("{} does not let {} in: {}{what}", self.chat.address(), self.name, refusal.text),
        )
    }

    /// There is nobody to be asked: the sentence says what a person would.
    fn distrusted(&self, why: &Distrust) -> String {
        let host = self.chat.address();
        match why {
            Distrust::Stranger { found } => format!(
                "{host} is new to you and nobody vouches for it, so nothing was said to it. Its certificate has the \
                 fingerprint {found}: compare it with what /host shows there. If it is the same, go there once on a screen \
                 (wschat {host}), or name it: -s 'wss://{host}/#?f={found}'"
            ),
            Distrust::Changed { expected, found } => format!(
                "{host} has another certificate ({found}) than it should ({expected}), so nothing was said to it. Either it \
                 was renewed or somebody sits between: ask whoever hosts it, then go there on a screen (wschat {host})"
            ),
            Distrust::Invalid(words) => format!("{host} is not trusted, so nothing was said to it: {words}"),
        }
    }

    /// The time is over and one is not in.
    pub fn not_reached(&self) -> Failure {
        Failure::new(Exit::NotReached, format!("{} is not reached: {}", self.chat.address(), self.why))
    }

    /// Comes in, before this time.
    pub async fn come_in(&mut self, before: Instant) -> Done {
        while !self.is_in() {
            tokio::select! {
                biased;
                news = self.next() => self.check(&news)?,
                () = sleep_until(before) => return Err(self.not_reached()),
            }
        }
        Ok(())
    }

    /// The answer to a command, which is asked again when the wire breaks or the host has too much to do.
    async fn answer(&mut self, command: &Command, before: Instant) -> Result<Result<Event, Refusal>, Failure> {
        let mut asked = None;
        let mut not_before: Option<Instant> = None;
        loop {
            if asked.is_none() && not_before.is_none() && self.is_in() {
                asked = Some(self.ask(command.clone()));
            }
            let news = tokio::select! {
                biased;
                news = self.next() => news,
                () = until(not_before) => {
                    not_before = None;
                    continue;
                }
                () = sleep_until(before) => return Err(self.not_reached()),
            };
            self.check(&news)?;
            for one in news {
                match one {
                    News::Answer(id, event) if Some(id) == asked => return Ok(Ok(event)),
                    News::Refused(id, refusal) if Some(id) == asked => match wait_for(&refusal) {
                        Some(wait) => {
                            (asked, not_before) = (None, Some(Instant::now() + wait));
                            self.why = refusal.text;
                        }
                        None => return Ok(Err(refusal)),
                    },
                    News::Down => asked = None,
                    _ => {}
                }
            }
        }
    }

    /// Is in this room, or joins it; a room that is not there is only made when that is meant.
    pub async fn reach(&mut self, way: &Way, to: &Target, before: Instant) -> Done {
        self.come_in(before).await?;
        if self.chat.talk(to).is_some() {
            return Ok(());
        }
        if self.plain {
            let words = format!("{} speaks only plain text: it has one room, and no {to}", self.chat.address());
            return Err(Failure::new(Exit::Refused, words));
        }
        let Target::Room(room) = to else { return Ok(()) };
        // Asking for its history tells whether it is there, and changes nothing.
        let look = Command::Page { to: to.clone(), end: PageEnd::Newest, limit: Some(1) };
        match self.answer(&look, before).await? {
            Ok(_) => return Ok(()),
            Err(refusal) if refusal.code == Code::NotMember => {}
            Err(refusal) if refusal.code == Code::NoSuchRoom && way.create => {}
            Err(refusal) if refusal.code == Code::NoSuchRoom => {
                let words = format!("there is no {room} at {} that {} could see", self.chat.address(), self.name);
                return Err(Failure::new(Exit::Refused, words));
            }
            Err(refusal) => return Err(Failure::new(Exit::Refused, refusal.text)),
        }
        let join = Command::Join { room: room.clone(), password: way.password.clone() };
        match self.answer(&join, before).await? {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.code == Code::NeedsPassword => {
                let words = format!("{room} asks for a password: put it into a file and give --password FILE");
                Err(Failure::new(Exit::Refused, words))
            }
            Err(refusal) => Err(Failure::new(Exit::Refused, refusal.text)),
        }
    }

    /// Says goodbye, so that others see one go at once.
    pub async fn bye(mut self) {
        self.handle(Input::Ask(Ask::Bye));
        let Session { to_link, mut from_link, mut backlog, .. } = self;
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

/// A time-out of 0 is none.
fn or_never(time: Duration) -> Duration {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    if time.is_zero() { YEAR } else { time }
}

/// Until then; for ever when there is no time.
pub async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
