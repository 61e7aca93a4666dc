//! `wschat send --live`: one message that is kept up to date with the last lines of a command, or of what is piped in, and
//! closed with how it ended. The command never waits for the chat, and does not end because of it.

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::feed::{self, End, Fed, Feed};
use super::session::{Keep, News, Session, until, wait_for};
use super::signals::Signals;
use super::window::{State, Window};
use super::{Done, Exit, Failure, Way, out};
use crate::cli::pipe::Send;
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::entry::{Nonce, Seq, What};
use crate::protocol::event::{Code, Event};
use crate::protocol::text::Text;

/// The shortest time between two changes of the message: people read no faster, and hosts slow down who writes much more.
const EVERY: Duration = Duration::from_secs(1);

/// The longest. Each change is kept in the log for good: a build of a night is not to leave thirty thousand.
const RARELY: Duration = Duration::from_secs(10);

/// Bytes of the message: a screen full, also where the host takes more.
const BYTES: usize = 4096;

/// What goes on, as both who watches and who tells see it.
struct Watched {
    window: RefCell<Window>,
    title: String,
    begun: Instant,
    end: Cell<Option<(End, Instant)>>,
    /// Something changed.
    news: Notify,
    /// It is over.
    over: Notify,
}

impl Watched {
    fn text(&self, limit: usize) -> Text {
        let state = match self.end.get() {
            None => State::Running,
            Some((end, at)) => State::Ended(end, at.duration_since(self.begun)),
        };
        let limit = if limit == 0 { BYTES } else { limit.min(BYTES) };
        self.window.borrow().message(&self.title, &state, limit)
    }

    fn ended(&self, end: End) {
        if self.end.get().is_none() {
            self.end.set(Some((end, Instant::now())));
            self.news.notify_one();
            self.over.notify_one();
        }
    }

    /// Takes in what comes, to the end.
    async fn watch(&self, feed: &mut Feed) {
        while let Some(fed) = feed.fed.recv().await {
            match fed {
                Fed::Piece(bytes) => {
                    self.window.borrow_mut().take(&bytes);
                    self.news.notify_one();
                }
                Fed::Ended(end) => return self.ended(end),
            }
        }
        // An end that nobody told is one all the same.
        self.ended(End::Input);
    }

    /// Closes the message when somebody ends us. A command ends by itself: from a terminal it was told as we were.
    async fn interrupted(&self, signals: &mut Signals, pid: Option<Pid>) {
        let mut before = false;
        loop {
            let signal = signals.told().await;
            let Some(pid) = pid else { return self.ended(End::Interrupted(signal)) };
            let pass_on = match (signal, before) {
                (2, false) => None,
                (_, true) => Some(Signal::KILL),
                _ => Some(Signal::TERM),
            };
            if let Some(signal) = pass_on.filter(|_| self.end.get().is_none()) {
                // Gone meanwhile: that is what was wanted.
                let _ = kill_process(pid, signal);
            }
            before = true;
        }
    }
}

/// Runs it, or reads, and tells of it.
pub async fn run(asked: &Send, config: &Config, paths: &Paths) -> Done {
    let way = Way { create: asked.create, ..Way::of(&asked.at, config, paths)? };
    let words = asked.words.join(" ");
    let title = match (words.is_empty(), asked.rest.is_empty()) {
        (false, _) => words,
        (true, true) => "output".to_owned(),
        (true, false) => {
            let words: Vec<_> = asked.rest.iter().map(|word| as_typed(&word.to_string_lossy())).collect();
            let line = words.join(" ").replace(['\n', '`'], " ");
            format!("`{}`", line.chars().take(200).collect::<String>())
        }
    };
    if asked.rest.is_empty() && io::stdin().is_terminal() {
        let words =
            "--live shows a command (wschat send --live -- make) or what is piped in (make | wschat send --live)";
        return Err(Failure::usage(words));
    }
    let keep = if asked.no_outbox { Keep::Nowhere } else { Keep::OnDisk };
    // What is wrong with a key or a folder is told before anything is run.
    let mut session = Session::open(&way, keep, config, paths)?;
    let mut signals = Signals::new()?;
    let mut feed = if asked.rest.is_empty() { feed::stdin()? } else { feed::command(&asked.rest)? };
    let watched = Watched {
        window: RefCell::new(Window::new(asked.lines.into())),
        title,
        begun: Instant::now(),
        end: Cell::new(None),
        news: Notify::new(),
        over: Notify::new(),
    };
    let pid = feed.pid;
    let mut telling = Telling { watched: &watched, way: &way, first: None, seq: None, flying: None, last: None };
    let told = {
        let told = async {
            let told = tokio::select! {
                biased;
                told = telling.tell(&mut session) => told,
                late = telling_late(&watched, asked.timeout) => late,
            };
            // Whoever watches the command is told at once, and not again at its end.
            match told {
                Err(failure) if watched.end.get().is_none() && failure.exit != Exit::NotReached => {
                    out::tell(&format!("error: {}; {} goes on untold", failure.words, watched.title));
                    Err((failure, true))
                }
                told => told.map_err(|failure| (failure, false)),
            }
        };
        let watch = async {
            tokio::select! {
                () = watched.watch(&mut feed) => {}
                () = watched.interrupted(&mut signals, pid) => {}
            }
        };
        let (told, ()) = tokio::join!(told, watch);
        told
    };
    let told = match told {
        Ok(()) => Ok(()),
        Err((failure, true)) => Err(Failure::new(telling.what_became(&mut session, failure).exit, "")),
        Err((failure, false)) => Err(telling.what_became(&mut session, failure)),
    };
    session.bye().await;
    let code = match watched.end.get() {
        Some((End::Status(0) | End::Input, _)) | None => return told,
        Some((End::Status(code), _)) => Exit::Command(code),
        Some((End::Killed(signal) | End::Interrupted(signal), _)) => Exit::Signal(signal),
    };
    // How the command ended is what a script wants to know first; what the chat made of it is said beside.
    Err(Failure::new(code, told.err().map_or_else(String::new, |failure| failure.words)))
}

/// A word of a command line as one would type it.
fn as_typed(word: &str) -> String {
    match word.is_empty() || word.contains(|c: char| c.is_whitespace() || "\"$&;|<>()*?".contains(c)) {
        true => format!("'{word}'"),
        false => word.to_owned(),
    }
}

/// So long after the end it is given up.
async fn telling_late(watched: &Watched, patience: Duration) -> Done {
    watched.over.notified().await;
    sleep(patience).await;
    Err(Failure::new(Exit::NotReached, String::new()))
}

/// The message, and how far it is.
struct Telling<'a> {
    watched: &'a Watched,
    way: &'a Way,
    /// What the first form of it is recognised by.
    first: Option<Nonce>,
    /// Its place, once it has one.
    seq: Option<Seq>,
    /// The change that is on its way, and whether it is the last.
    flying: Option<(Nonce, bool)>,
    /// What it says, or will when what flies has landed.
    last: Option<Text>,
}

impl Telling<'_> {
    async fn tell(&mut self, session: &mut Session) -> Done {
        let far = Instant::now() + Duration::from_secs(365 * 24 * 3600);
        session.reach(self.way, &self.way.to, far).await?;
        if session.plain() {
            let words = format!("{} speaks only plain text: no message can be changed there", session.chat().address());
            return Err(Failure::new(Exit::Refused, words));
        }
        let text = self.watched.text(session.chat().text_bytes());
        let record = session.chat_mut().draft(self.way.to.clone(), text.clone(), false);
        let closed = self.watched.end.get().is_some();
        (self.first, self.last) = (Some(record.nonce), Some(text));
        session.keep(record.clone())?;
        session.say(record);
        let mut next = Instant::now() + EVERY;
        loop {
            let ended = self.watched.end.get().is_some();
            let settled = self.seq.is_some() && self.flying.is_none();
            if settled && (ended || Instant::now() >= next) {
                let text = self.watched.text(session.chat().text_bytes());
                if self.last.as_ref() == Some(&text) {
                    if ended || closed {
                        return Ok(());
                    }
                } else {
                    self.change(session, text, ended)?;
                    let pace = (self.watched.begun.elapsed() / 60).clamp(EVERY, RARELY);
                    next = Instant::now() + pace;
                }
            }
            // Once it may be changed again, the next news does that.
            let wake = Some(next).filter(|at| self.seq.is_some() && self.flying.is_none() && *at > Instant::now());
            let news = tokio::select! {
                biased;
                news = session.next() => news,
                () = until(wake) => continue,
                () = self.watched.news.notified() => continue,
            };
            session.check(&news)?;
            for one in news {
                self.take(session, one)?;
            }
        }
    }

    /// Changes the message. Only the last change is kept on disk: those before it are worth nothing later.
    fn change(&mut self, session: &mut Session, text: Text, last: bool) -> Done {
        let Some(of) = self.seq else { return Ok(()) };
        let record = session.chat_mut().record(self.way.to.clone(), What::Edited { of, text: text.clone() });
        (self.flying, self.last) = (Some((record.nonce, last)), Some(text));
        if last {
            session.keep(record.clone())?;
        }
        session.say(record);
        Ok(())
    }

    fn take(&mut self, session: &mut Session, news: News) -> Done {
        match news {
            News::Heard(Event::Entry(entry)) if entry.nonce.is_some() && entry.nonce == self.first => {
                self.seq = Some(entry.seq);
            }
            News::Settled(nonce) => self.flying = self.flying.filter(|(flying, _)| *flying != nonce),
            News::Heard(Event::Refused(refusal)) if wait_for(&refusal).is_none() => {
                let of_flying = self.flying.filter(|(flying, _)| refusal.nonce == Some(*flying));
                if of_flying.is_none() && (refusal.nonce.is_none() || refusal.nonce != self.first) {
                    return Ok(());
                }
                if let Some(nonce) = refusal.nonce {
                    session.discard(nonce);
                }
                self.flying = None;
                if refusal.code != Code::Unchanged {
                    return Err(Failure::new(Exit::Refused, refusal.text));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What is left to do when it could not be told to the end: how it ended waits in the outbox, when it can.
    fn what_became(&mut self, session: &mut Session, failure: Failure) -> Failure {
        let exit = failure.exit;
        let why = match failure.words.is_empty() {
            true if session.is_in() => format!("{} does not say that it has it", session.chat().address()),
            true => session.not_reached().words,
            false => failure.words,
        };
        if exit != Exit::NotReached {
            for nonce in
                [self.first.filter(|_| self.seq.is_none()), self.flying.map(|(nonce, _)| nonce)].into_iter().flatten()
            {
                session.discard(nonce);
            }
            return Failure::new(exit, why);
        }
        let flies = self.flying.is_some_and(|(_, last)| last);
        if session.kept() && !flies {
            // A form that is out of date must not be said later.
            let old = [self.first.filter(|_| self.seq.is_none()), self.flying.map(|(nonce, _)| nonce)];
            old.into_iter().flatten().for_each(|nonce| session.discard(nonce));
            let text = self.watched.text(BYTES);
            let what = match self.seq {
                Some(of) => What::Edited { of, text },
                None => What::Said { text, me: false, reply_to: None },
            };
            let record = session.chat_mut().record(self.way.to.clone(), what);
            if let Err(failure) = session.keep(record) {
                return Failure::new(failure.exit, format!("{why}; and {}", failure.words));
            }
        }
        let then = match session.kept() {
            true => {
                "how it ended waits in the outbox, and is said by the next wschat send under this name, or on your screen"
            }
            false => "how it ended is not said",
        };
        Failure::new(exit, format!("{why}; {then}"))
    }
}
