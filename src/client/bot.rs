//! A program that listens and answers: a client without a screen that is in its rooms, hears each line of people once, also
//! what was said while it was cut off, and says what it is told to until the host has it. What it answers is the program's,
//! which is written around [`Bot::next`]; `examples/echo_bot.rs` and `examples/dice_bot.rs` are whole ones.
//!
//! ```no_run
//! use wschat::client::bot::{Bot, News, Options};
//!
//! # async fn greet() -> Result<(), Box<dyn std::error::Error>> {
//! let mut bot = Bot::new(Options::new("localhost:8080#lobby".parse()?, "greeter".parse()?))?;
//! loop {
//!     if let News::Heard(line) = bot.next().await?
//!         && line.text.as_str() == "hello"
//!     {
//!         bot.answer(&line, "hello to you");
//!     }
//! }
//! # }
//! ```

use std::collections::VecDeque;
use std::path::PathBuf;

use thiserror::Error;
use tokio::time::Instant;

use super::address::Address;
use super::chat::Delivery;
use super::headless::{self, Headless, Shut, until, wait_for};
use super::history::{Begin, History, Item};
use super::keyring::{KeyError, Keyring};
use super::link;
use super::trust::{Distrust, KnownHosts};
use crate::config::Config;
use crate::protocol::command::Command;
use crate::protocol::entry::{Author, Conversation, Entry, PersonId, Seq, Shown, ShownWhat, Timestamp, What};
use crate::protocol::event::{self, Event, Refusal};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::secret::Token;
use crate::protocol::text::Text;

/// What may wait to be said: a bot that talks on its own while its host is away must not fill the memory.
const WAITING: usize = 1000;

/// Who it is and where it goes.
#[derive(Clone, Debug)]
pub struct Options {
    address: Address,
    name: Nick,
    rooms: Vec<RoomName>,
    keys: Option<PathBuf>,
    known_hosts: Option<PathBuf>,
    invite: Option<Token>,
}

impl Options {
    /// A guest of this name at this host, in the room of the address if it has one, by the invitation it carries if any.
    pub fn new(address: Address, name: Nick) -> Options {
        let rooms = address.room.iter().cloned().collect();
        Options { invite: address.invite.clone(), address, name, rooms, keys: None, known_hosts: None }
    }

    /// Is in this room too; joins it if need be.
    pub fn room(mut self, room: RoomName) -> Options {
        self.rooms.push(room);
        self
    }

    /// Has its keys in this folder, which is made with the first of them: it owns its name, keeps its rooms and is spoken to
    /// while it is away. Without, it is a guest, who is somebody new on every connection.
    pub fn keys(mut self, folder: PathBuf) -> Options {
        self.keys = Some(folder);
        self
    }

    /// Believes the hosts in this file by their certificates; without, only those that the system's roots vouch for, and the
    /// one whose fingerprint the address carries.
    pub fn known_hosts(mut self, file: PathBuf) -> Options {
        self.known_hosts = Some(file);
        self
    }
}

/// A line that somebody said: never the bot itself nor another program, so that two of them do not talk for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where an answer goes: the room, or the person who said it to the bot alone.
    pub to: Target,
    /// Its place there.
    pub seq: Seq,
    /// Who said it.
    pub from: Author,
    /// When, by the host's clock: what was said while the bot was cut off comes later.
    pub at: Timestamp,
    /// The words, as they were when they were read.
    pub text: Text,
    /// Whether it means the bot: it names it, or was said to it alone.
    pub to_me: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Somebody said something.
    Heard(Line),
    /// This is not said, and will not be by waiting.
    Unsaid {
        /// Where it should have gone.
        to: Target,
        /// The words.
        text: Text,
        /// Why not.
        why: String,
    },
    /// It is in this room no more: it was put out, or the room is gone.
    Out(RoomName),
}

/// Why it cannot go on.
#[derive(Debug, Error)]
pub enum BotError {
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The machine.
    #[error("no random numbers: {0}")]
    Luck(getrandom::Error),
    /// The host could be another one.
    #[error("{host} is not trusted, so nothing was said to it: {}", distrusted(.why))]
    Distrusted {
        /// `host:port`.
        host: String,
        /// What speaks against it.
        why: Distrust,
    },
    /// The host does not take it.
    #[error("{host} does not let {name} in: {why}")]
    NotLetIn {
        /// `host:port`.
        host: String,
        /// As whom.
        name: Nick,
        /// In the host's words.
        why: String,
    },
    /// A room does not take it.
    #[error("{room} cannot be joined: {why}")]
    NoRoom {
        /// Which.
        room: RoomName,
        /// In the host's words.
        why: String,
    },
    /// Something else than wschat.
    #[error("{0} speaks only plain text: a bot has nothing to go by there")]
    PlainText(String),
}

fn distrusted(why: &Distrust) -> String {
    match why {
        Distrust::Stranger { found } => {
            format!(
                "nobody vouches for its certificate ({found}); if that is the right one, end the address with #?f={found}"
            )
        }
        Distrust::Changed { expected, found } => format!("its certificate is {found} and should be {expected}"),
        Distrust::Invalid(words) => words.clone(),
    }
}

/// One conversation it is in.
#[derive(Debug)]
struct Place {
    to: Target,
    peer: Option<PersonId>,
    history: History,
    /// The page that was asked for.
    page: Option<u64>,
    /// When it is asked for again.
    again: Option<Instant>,
}

/// The bot.
#[derive(Debug)]
pub struct Bot {
    client: Headless,
    rooms: Vec<RoomName>,
    joins: Vec<(u64, RoomName)>,
    join_again: Option<Instant>,
    places: Vec<Place>,
    ready: VecDeque<News>,
    /// Whether this connection is in.
    here: bool,
    /// Whether one ever was.
    been: bool,
}

impl Bot {
    /// Begins to dial, as a task of the present tokio runtime.
    pub fn new(options: Options) -> Result<Bot, BotError> {
        let Options { address, name, rooms, keys, known_hosts, invite } = options;
        let keyring = keys.map(Keyring::at);
        if let Some(keyring) = &keyring {
            keyring.secret(&name)?;
        }
        let times = Config::builtin().timeouts;
        let options = link::Options {
            known: known_hosts.map(KnownHosts::at),
            keyring,
            invite,
            bot: Some(true),
            ..link::Options::new(address, &times)
        };
        let client = Headless::begin(name, times.ack, options).map_err(BotError::Luck)?;
        Ok(Bot {
            client,
            rooms,
            joins: Vec::new(),
            join_again: None,
            places: Vec::new(),
            ready: VecDeque::new(),
            here: false,
            been: false,
        })
    }

    /// What it is called, which the host may have changed.
    pub fn name(&self) -> &Nick {
        self.client.chat().me().map_or(self.client.name(), |me| &me.name)
    }

    /// Waits for the next thing that happens. May be dropped and called again: nothing is lost by it, so it can stand in a
    /// `select!`. An error is the end of the bot; that its host is away is none.
    pub async fn next(&mut self) -> Result<News, BotError> {
        loop {
            if let Some(news) = self.ready.pop_front() {
                return Ok(news);
            }
            self.ask_on();
            let again = self.places.iter().filter_map(|place| place.again).chain(self.join_again).min();
            let news = tokio::select! {
                biased;
                news = self.client.next() => news,
                () = until(again) => {
                    self.again();
                    continue;
                }
            };
            self.take(news)?;
        }
    }

    /// Says this there. It waits until the host has it, through cuts, in the order in which it was told to; what the host
    /// does not take comes back as [`News::Unsaid`].
    pub fn say(&mut self, to: &Target, text: &str) {
        self.utter(to.clone(), What::Said { text: Text::clean(text), me: false, reply_to: None });
    }

    /// The same as an answer to this line.
    pub fn answer(&mut self, line: &Line, text: &str) {
        self.utter(line.to.clone(), What::Said { text: Text::clean(text), me: false, reply_to: Some(line.seq) });
    }

    /// What waits to be said.
    pub fn waiting(&self) -> usize {
        self.client.waiting().len()
    }

    /// Says goodbye, so that others see it go at once. What still waits is not said.
    pub async fn bye(self) {
        self.client.bye().await;
    }

    fn utter(&mut self, to: Target, what: What) {
        let record = self.client.chat_mut().record(to, what);
        let kept = match self.client.waiting().len() < WAITING {
            true => self.client.keep(record.clone()).map_err(|why| why.to_string()),
            false => Err(format!("{WAITING} lines wait already")),
        };
        match kept {
            Ok(()) => {
                self.client.say(record);
                self.give_up();
            }
            Err(why) => self.unsaid(record.to, record.what, why),
        }
    }

    fn unsaid(&mut self, to: Target, what: What, why: String) {
        if let What::Said { text, .. } = what {
            self.ready.push_back(News::Unsaid { to, text, why });
        }
    }

    /// What was refused for good waits no more.
    fn give_up(&mut self) {
        let chat = self.client.chat();
        let failed = self.client.waiting().iter().filter_map(|record| {
            let pending = chat.pending(&record.to).find(|pending| pending.record.nonce == record.nonce)?;
            match &pending.state {
                Delivery::Failed(why) => Some((record.clone(), why.clone())),
                _ => None,
            }
        });
        let failed: Vec<_> = failed.collect();
        for (record, why) in failed {
            self.client.discard(record.nonce);
            self.unsaid(record.to, record.what, why);
        }
    }

    /// Asks for what is to be read next, and joins what it is not in.
    fn ask_on(&mut self) {
        if !self.here {
            return;
        }
        for place in &mut self.places {
            if place.again.is_none()
                && let Some((end, limit)) = place.history.wants()
            {
                place.history.asked();
                place.page = Some(self.client.ask(Command::Page { to: place.to.clone(), end, limit: Some(limit) }));
            }
        }
        if self.join_again.is_some() {
            return;
        }
        for room in &self.rooms {
            let to = Target::Room(room.clone());
            let known = self.places.iter().any(|place| place.to == to);
            if !known && !self.joins.iter().any(|(_, asked)| asked == room) {
                let id = self.client.ask(Command::Join { room: room.clone(), password: None });
                self.joins.push((id, room.clone()));
            }
        }
    }

    fn again(&mut self) {
        let now = Instant::now();
        for place in &mut self.places {
            place.again = place.again.filter(|at| *at > now);
        }
        self.join_again = self.join_again.filter(|at| *at > now);
    }

    fn take(&mut self, news: Vec<headless::News>) -> Result<(), BotError> {
        for one in news {
            self.one(one)?;
        }
        if self.client.plain() {
            return Err(BotError::PlainText(self.host()));
        }
        self.client.check().map_err(|shut| BotError::NotLetIn {
            host: self.host(),
            name: self.client.name().clone(),
            why: match shut {
                Shut::NotLetIn(refusal) => refusal.text,
                Shut::GaveUp(why) => why,
            },
        })?;
        if !self.here && self.client.is_in() {
            self.arrive();
        }
        self.give_up();
        Ok(())
    }

    fn host(&self) -> String {
        self.client.chat().address().to_owned()
    }

    fn one(&mut self, news: headless::News) -> Result<(), BotError> {
        match news {
            headless::News::Distrusted(why) => return Err(BotError::Distrusted { host: self.host(), why }),
            headless::News::Down => {
                self.here = false;
                self.joins.clear();
                for place in &mut self.places {
                    (place.page, place.again) = (None, None);
                    place.history.lost();
                }
            }
            headless::News::Answer(id, Event::Page { page, .. }) => {
                if let Some(at) = self.places.iter().position(|place| place.page == Some(id)) {
                    let items = self.places[at].history.page(page);
                    self.read(at, items);
                }
            }
            headless::News::Refused(id, refusal) => self.refused(id, refusal)?,
            headless::News::Answer(_, event) | headless::News::Heard(event) => self.heard(event),
            headless::News::Settled(_) | headless::News::Renamed(..) => {}
        }
        Ok(())
    }

    fn heard(&mut self, event: Event) {
        match event {
            Event::Welcome(welcome) => self.welcome(welcome.places),
            Event::Entry(entry) if self.here => self.entry(&entry),
            Event::Skipped { to, seq, .. } => {
                if let Some(place) = self.places.iter_mut().find(|place| place.to == to) {
                    place.history.skipped(seq);
                }
            }
            Event::Joined { place } => {
                self.joins.retain(|(_, room)| Target::Room(room.clone()) != place.to);
                self.place(place.to, None, Begin::After(place.standing.head));
            }
            Event::Left { room } => {
                let to = Target::Room(room.clone());
                self.places.retain(|place| place.to != to);
                self.rooms.retain(|wanted| *wanted != room);
                self.ready.push_back(News::Out(room));
            }
            _ => {}
        }
    }

    fn refused(&mut self, id: u64, refusal: Refusal) -> Result<(), BotError> {
        let again = wait_for(&refusal).map(|wait| Instant::now() + wait);
        if let Some(at) = self.joins.iter().position(|(asked, _)| *asked == id) {
            let (_, room) = self.joins.remove(at);
            if again.is_none() {
                return Err(BotError::NoRoom { room, why: refusal.text });
            }
            self.join_again = again;
        }
        if let Some(at) = self.places.iter().position(|place| place.page == Some(id)) {
            let place = &mut self.places[at];
            place.page = None;
            place.history.refused();
            match again {
                Some(_) => place.again = again,
                // It is not for us to read any more.
                None => {
                    self.places.remove(at);
                }
            }
        }
        Ok(())
    }

    /// One is let in. What was said before the first time is not for this bot; what is said from now on is, also while it has
    /// still to go live.
    fn welcome(&mut self, places: Vec<event::Place>) {
        for place in places {
            // Who began to speak to it while it was cut off is heard from the first line on.
            let begun_since = self.been && matches!(place.to, Target::Direct(_));
            let after = if begun_since { place.standing.read } else { place.standing.head };
            self.place(place.to, place.peer.map(|peer| peer.person), Begin::After(after));
        }
        self.been = true;
    }

    /// One is live: what it is in is what the host has told now.
    fn arrive(&mut self) {
        self.here = true;
        let talks = self.client.chat().talks();
        let there: Vec<Target> = talks.iter().map(|talk| talk.to.clone()).collect();
        self.places.retain(|place| matches!(place.to, Target::Direct(_)) || there.contains(&place.to));
        for place in self.places.iter().map(|place| (place.to.clone(), place.peer)).collect::<Vec<_>>() {
            self.place(place.0, place.1, Begin::After(Seq::ZERO));
        }
    }

    /// Is in this conversation, on this connection.
    fn place(&mut self, to: Target, peer: Option<PersonId>, begin: Begin) {
        let known = self.places.iter().position(|place| match (place.peer, peer) {
            (Some(known), Some(peer)) => known == peer,
            _ => place.to == to,
        });
        let at = known.unwrap_or_else(|| {
            let history = History::new(begin);
            self.places.push(Place { to: to.clone(), peer, history, page: None, again: None });
            self.places.len() - 1
        });
        let epoch = self.client.chat().talk(&to).and_then(|talk| talk.epoch());
        let place = &mut self.places[at];
        (place.to, place.peer) = (to, peer.or(place.peer));
        let items = place.history.connected(epoch);
        self.read(at, items);
    }

    fn entry(&mut self, entry: &Entry) {
        let Some(me) = self.client.chat().me().map(|me| me.person) else { return };
        let at = match &entry.conversation {
            Conversation::Room(_) => self.places.iter().position(|place| place.to == entry.to),
            Conversation::Direct(pair) => {
                let other = pair.other(me);
                let to =
                    if entry.from.person == me { entry.to.clone() } else { Target::Direct(entry.from.name.clone()) };
                let known = self.places.iter().position(|place| place.peer == Some(other));
                if known.is_none() {
                    self.place(to, Some(other), Begin::After(entry.seq.prev()));
                }
                self.places.iter().position(|place| place.peer == Some(other))
            }
        };
        if let Some(at) = at {
            let items = self.places[at].history.live(entry);
            self.read(at, items);
        }
    }

    /// Hands on what people said.
    fn read(&mut self, at: usize, items: Vec<Item>) {
        let me = self.client.chat().me().map(|me| me.person);
        for item in items {
            let to = self.places[at].to.clone();
            match item {
                Item::Said(Shown {
                    seq, at, from, mentions, what: ShownWhat::Said { text: Some(text), .. }, ..
                }) if !from.bot && Some(from.person) != me => {
                    let to_me = matches!(to, Target::Direct(_)) || me.is_some_and(|me| mentions.contains(&me));
                    self.ready.push_back(News::Heard(Line { to, seq, from, at, text, to_me }));
                }
                Item::Said(_) | Item::Change(_) | Item::Changed(_) => {}
                // Another log, put back or begun anew: what is in it already may be years old, and is let be.
                Item::Anew => {
                    let talk = self.client.chat().talk(&to);
                    let (head, epoch) = talk.map_or((Seq::ZERO, None), |talk| (talk.head, talk.epoch()));
                    let place = &mut self.places[at];
                    place.history = History::new(Begin::After(head));
                    place.history.connected(epoch);
                    return;
                }
            }
        }
    }
}
