//! One command's way to its host: a client without a screen that comes in, finds the room, asks, and says goodbye; whatever
//! stands in the way becomes a sentence with a code. What is said and read is up to the commands, the client is `headless`.

use std::path::PathBuf;

use tokio::time::{Instant, sleep_until};

use super::{Done, Exit, Failure, Way};
use crate::client::chat::Chat;
use crate::client::headless::{Headless, Shut};
pub use crate::client::headless::{News, until, wait_for};
use crate::client::keyring::Keyring;
use crate::client::link;
use crate::client::outbox::{self, Outbox, Record};
use crate::client::trust::{Distrust, KnownHosts};
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::command::{Command, PageEnd};
use crate::protocol::entry::Nonce;
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::names::{Nick, Target};

/// A client.
pub struct Session {
    client: Headless,
    kept: bool,
    keyring: Option<Keyring>,
    outbox_dir: PathBuf,
    place: String,
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
        let timeouts = &config.timeouts;
        let options = link::Options {
            known: Some(KnownHosts::at(paths.known_hosts())),
            keyring: keyring.clone(),
            invite: way.invite.clone(),
            ..link::Options::new(way.address.clone(), timeouts)
        };
        let client = Headless::begin(way.name.clone(), timeouts.ack, options)
            .map_err(|why| Failure::here(format!("no random numbers: {why}")))?;
        let mut session = Session {
            client,
            kept: keep == Keep::OnDisk && !way.guest,
            keyring,
            outbox_dir: paths.outbox_dir(),
            place: outbox::place(&way.address.authority),
            invited: way.invite.is_some(),
        };
        if session.kept {
            session.move_outbox(&way.name)?;
        }
        Ok(session)
    }

    fn move_outbox(&mut self, name: &Nick) -> Done {
        let mut luck = [0; 8];
        getrandom::fill(&mut luck).map_err(|why| Failure::here(format!("no random numbers: {why}")))?;
        let outbox = Outbox::open(&self.outbox_dir, &self.place, name, luck).map_err(|why| {
            Failure::here(format!(
                "what is said cannot be kept in {}: {why}; make it writable, or give another --data-dir",
                self.outbox_dir.display()
            ))
        })?;
        self.client
            .keep_in(outbox)
            .map_err(|why| Failure::here(format!("what waits to be sent cannot be moved: {why}")))
    }

    /// What is known.
    pub fn chat(&self) -> &Chat {
        self.client.chat()
    }

    /// Makes records.
    pub fn chat_mut(&mut self) -> &mut Chat {
        self.client.chat_mut()
    }

    /// What waits, oldest first.
    pub fn waiting(&self) -> &[Record] {
        self.client.waiting()
    }

    /// Whether what waits outlives this process.
    pub fn kept(&self) -> bool {
        self.kept && !self.chat().ephemeral()
    }

    /// Whether the server speaks only plain text.
    pub fn plain(&self) -> bool {
        self.client.plain()
    }

    /// Whether one is in.
    pub fn is_in(&self) -> bool {
        self.client.is_in()
    }

    /// Keeps a line; [`Session::say`] says it.
    pub fn keep(&mut self, record: Record) -> Done {
        self.client.keep(record).map_err(|why| {
            Failure::here(format!("what is said cannot be kept in {}: {why}", self.outbox_dir.display()))
        })
    }

    /// Says a line; whether it is kept meanwhile is another matter.
    pub fn say(&mut self, record: Record) -> Vec<News> {
        self.client.say(record)
    }

    /// Gives a line up.
    pub fn discard(&mut self, nonce: Nonce) {
        self.client.discard(nonce);
    }

    /// Sends a command; gives what its answer is recognised by. Only while one is in.
    pub fn ask(&mut self, command: Command) -> u64 {
        self.client.ask(command)
    }

    /// Waits for the next thing that happens. May be dropped and called again.
    pub async fn next(&mut self) -> Vec<News> {
        self.client.next().await
    }

    /// One is called otherwise here: key and outbox go with the person, as on a screen.
    fn rename(&mut self, was: &Nick, name: &Nick) -> Done {
        let Some(keyring) = &self.keyring else { return Ok(()) };
        keyring.also(was, name).map_err(Failure::here)?;
        if self.kept { self.move_outbox(name) } else { Ok(()) }
    }

    /// Whether what happened is the end of it.
    pub fn check(&mut self, news: &[News]) -> Done {
        for one in news {
            match one {
                News::Distrusted(why) => return Err(Failure::new(Exit::Refused, self.distrusted(why))),
                News::Renamed(was, name) => self.rename(was, name)?,
                _ => {}
            }
        }
        self.client.check().map_err(|shut| match shut {
            Shut::NotLetIn(refusal) => self.not_let_in(&refusal),
            Shut::GaveUp(why) => {
                let words = format!("{} does not let {} in: {why}", self.chat().address(), self.client.name());
                Failure::new(Exit::Refused, words)
            }
        })
    }

    fn not_let_in(&self, refusal: &Refusal) -> Failure {
        let what = match refusal.code {
            Code::NeedsInvite if !self.invited => "; put the invitation into a file and give --invite FILE",
            Code::NameTaken => "; give another --name",
            _ => "",
        };
        let (host, name) = (self.chat().address(), self.client.name());
        Failure::new(Exit::Refused, format!("{host} does not let {name} in: {}{what}", refusal.text))
    }

    /// There is nobody to be asked: the sentence says what a person would.
    fn distrusted(&self, why: &Distrust) -> String {
        let host = self.chat().address();
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
        Failure::new(Exit::NotReached, format!("{} is not reached: {}", self.chat().address(), self.client.why()))
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
                            self.client.because(refusal.text);
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
        if self.chat().talk(to).is_some() {
            return Ok(());
        }
        if self.plain() {
            let words = format!("{} speaks only plain text: it has one room, and no {to}", self.chat().address());
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
                let words =
                    format!("there is no {room} at {} that {} could see", self.chat().address(), self.client.name());
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
    pub async fn bye(self) {
        self.client.bye().await;
    }
}
