//! `wschat send`: says something once and for all. What is to be said is in the outbox, synced, before the host is dialled;
//! the command ends well only when the host has it on disk. Else it waits for the next one, or was refused, and the exit code
//! and a sentence say which.

use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep_until};

use super::message::Words;
use super::session::{Keep, News, Session, wait_for};
use super::signals::Signals;
use super::{Done, Exit, Failure, Way, out};
use crate::cli::pipe::Send;
use crate::client::outbox::Record;
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::dialect::v1;
use crate::protocol::entry::{Nonce, What};
use crate::protocol::event::{Code, Event};
use crate::protocol::names::Target;
use crate::protocol::text::Text;

/// Bytes of a text that is kept before a host has said how long one may be, when the settings set no limit either: more
/// would be refused, whole frame and all, each time that it is tried.
const KEPT_BLIND: usize = 8 * 1024;

/// What is to be said, and how far it is.
struct Sending<'a> {
    asked: &'a Send,
    words: Option<Words>,
    /// Lines of this run that are not settled.
    mine: Vec<Nonce>,
    said: usize,
    /// Whether they were put on the wire.
    sent: bool,
}

/// Says it.
pub async fn run(asked: &Send, config: &Config, paths: &Paths) -> Done {
    let words = (!asked.waiting).then(|| Words::read(asked)).transpose()?;
    let way = Way { create: asked.create, ..Way::of(&asked.at, config, paths)? };
    let blind = match config.limits.text_bytes {
        0 => KEPT_BLIND,
        most => most,
    };
    // What cannot be said anywhere is told before anybody is dialled.
    let parts = match &words {
        Some(words) => words.messages(if asked.split { blind } else { 0 }, asked.split)?,
        None => Vec::new(),
    };
    // From before anything is kept, so that whoever is interrupted is told what became of it.
    let mut signals = Signals::new()?;
    let keep = if asked.no_outbox { Keep::Nowhere } else { Keep::OnDisk };
    let mut session = Session::open(&way, keep, config, paths)?;
    if asked.waiting && session.waiting().is_empty() {
        return Ok(());
    }
    let mut sending = Sending { asked, words, mine: Vec::new(), said: 0, sent: false };
    let long = parts.iter().any(|part| part.as_str().len() > blind);
    if !long {
        sending.keep(&mut session, &way.to, parts)?;
    }
    let before = Instant::now() + asked.timeout;
    let done = tokio::select! {
        biased;
        done = sending.deliver(&mut session, &way, long, before) => done,
        signal = signals.told() => Err(Failure::new(Exit::Signal(signal), "interrupted")),
    };
    let done = done.map_err(|failure| sending.what_became(&mut session, long, failure));
    session.bye().await;
    done
}

impl Sending<'_> {
    /// Puts the lines into the outbox.
    fn keep(&mut self, session: &mut Session, to: &Target, parts: Vec<Text>) -> Done {
        for (number, text) in parts.into_iter().enumerate() {
            let what = What::Said { text, me: false, reply_to: self.asked.reply.filter(|_| number == 0) };
            let mut record = session.chat_mut().record(to.clone(), what);
            if let Some(id) = &self.asked.id {
                record.nonce = nonce(id, to, number);
            }
            self.mine.push(record.nonce);
            // With an id the line of an earlier try may be there.
            match session.waiting().iter().find(|waiting| waiting.nonce == record.nonce) {
                None => session.keep(record)?,
                Some(waiting) if *waiting == record => {}
                Some(_) => {
                    self.mine.clear();
                    return Err(Failure::usage("something else waits in the outbox under this --id"));
                }
            }
        }
        Ok(())
    }

    async fn deliver(&mut self, session: &mut Session, way: &Way, long: bool, before: Instant) -> Done {
        session.come_in(before).await?;
        if let Some(words) = &self.words {
            let limit = session.chat().text_bytes();
            let parts = words.messages(limit, self.asked.split)?;
            let fits = |record: &Record| match &record.what {
                What::Said { text, .. } => limit == 0 || text.as_str().len() <= limit,
                _ => true,
            };
            let mine = |record: &&Record| self.mine.contains(&record.nonce);
            if long || !session.waiting().iter().filter(mine).all(fits) {
                for nonce in std::mem::take(&mut self.mine) {
                    session.discard(nonce);
                }
                self.keep(session, &way.to, parts)?;
            }
            session.reach(way, &way.to, before).await?;
        }
        let mut others = self.say(session, way, before).await?;
        loop {
            // What an earlier run has left is sent along, but this one is not judged by it, unless it is all there is to do.
            if self.mine.is_empty() && others.is_empty() {
                return self.left_behind(session);
            }
            let news = tokio::select! {
                biased;
                news = session.next() => news,
                () = sleep_until(before) => match self.mine.is_empty() && !self.asked.waiting {
                    true => return Ok(()),
                    false => return Err(self.late(session)),
                },
            };
            if !self.mine.is_empty() || self.asked.waiting {
                session.check(&news)?;
            }
            for one in news {
                self.take(session, way, &mut others, one)?;
            }
        }
    }

    /// Says all that waits, oldest first; gives what is not of this run.
    async fn say(&mut self, session: &mut Session, way: &Way, before: Instant) -> Result<Vec<Nonce>, Failure> {
        let mut others = Vec::new();
        let mut closed: Vec<Target> = Vec::new();
        for record in session.waiting().to_vec() {
            let own = self.mine.contains(&record.nonce);
            // One who has left for a room that was never there must not keep others from being said.
            if !own && !closed.contains(&record.to) && record.to != way.to {
                match session.reach(way, &record.to, before).await {
                    Ok(()) => {}
                    Err(failure) if failure.exit == Exit::Refused => closed.push(record.to.clone()),
                    Err(failure) => return Err(failure),
                }
            }
            if closed.contains(&record.to) {
                continue;
            }
            if !own {
                others.push(record.nonce);
            }
            session.say(record);
        }
        self.sent = true;
        Ok(others)
    }

    fn take(&mut self, session: &mut Session, way: &Way, others: &mut Vec<Nonce>, news: News) -> Done {
        match news {
            News::Heard(Event::Entry(entry))
                if self.asked.json && entry.nonce.is_some_and(|nonce| self.mine.contains(&nonce)) =>
            {
                let mut line = v1::encode(&Event::Entry(entry), None);
                line.push(b'\n');
                out::write(&line)?;
            }
            News::Settled(nonce) => {
                self.said += usize::from(self.mine.contains(&nonce));
                self.mine.retain(|mine| *mine != nonce);
                others.retain(|other| *other != nonce);
            }
            News::Heard(Event::Refused(refusal)) if wait_for(&refusal).is_none() => {
                let Some(nonce) = refusal.nonce else { return Ok(()) };
                others.retain(|other| *other != nonce);
                if self.mine.contains(&nonce) {
                    let words = match refusal.code {
                        Code::NonceConflict => format!("something else was said in {} under this --id", way.to),
                        _ => refusal.text,
                    };
                    return Err(Failure::new(Exit::Refused, words));
                }
            }
            // A guest who comes back is somebody else, who might say it a second time.
            News::Down if way.guest && !self.mine.is_empty() => {
                return Err(Failure::new(Exit::NotReached, format!("{} cut the wire", session.chat().address())));
            }
            _ => {}
        }
        Ok(())
    }

    fn late(&self, session: &Session) -> Failure {
        if session.plain() && self.sent {
            let words = format!("{} speaks only plain text and did not send it back", session.chat().address());
            return Failure::new(Exit::NotReached, words);
        }
        match session.is_in() {
            true => {
                let words = format!("{} does not say that it has it", session.chat().address());
                Failure::new(Exit::NotReached, words)
            }
            false => session.not_reached(),
        }
    }

    /// With nothing else to do, what still waits is told.
    fn left_behind(&self, session: &Session) -> Done {
        let left = session.waiting().len();
        match self.asked.waiting && left > 0 {
            true => {
                let words =
                    format!("{left} messages from before are refused and wait on; your screen shows them, and why");
                Err(Failure::new(Exit::Refused, words))
            }
            false => Ok(()),
        }
    }

    /// Says what became of the lines, and gives up those that would not be said later either.
    fn what_became(&mut self, session: &mut Session, long: bool, failure: Failure) -> Failure {
        let Failure { exit, mut words } = failure;
        if self.said > 0 && !self.mine.is_empty() {
            words.push_str(&format!("; {} of {} messages were said", self.said, self.said + self.mine.len()));
        }
        let waits = !matches!(exit, Exit::Refused | Exit::Usage);
        if self.asked.waiting || (self.mine.is_empty() && !long) {
            return Failure { exit, words };
        }
        if waits && session.kept() && !self.mine.is_empty() && !session.plain() {
            words.push_str(
                "; what you say waits in the outbox, and is said once by the next wschat send under this name, or on your \
                 screen",
            );
            return Failure { exit, words };
        }
        for nonce in std::mem::take(&mut self.mine) {
            session.discard(nonce);
        }
        words.push_str(match (waits, self.sent) {
            (true, true) => "; it may have been said or not, and is not kept",
            (true, false) if long => "; it is not said, and too long to be kept for a host nobody has asked",
            (true, false) => "; it is not said, and not kept",
            (false, _) if exit == Exit::Usage => "",
            (false, _) => "; it is not said",
        });
        Failure { exit, words }
    }
}

/// What a line with an id of its own is recognised by: the same for each try.
fn nonce(id: &str, to: &Target, part: usize) -> Nonce {
    let to = match to {
        Target::Room(room) => format!("#{}", room.folded()),
        Target::Direct(name) => format!("@{}", name.folded()),
    };
    let digest = Sha256::digest(format!("wschat send --id\0{to}\0{part}\0{id}"));
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&digest[..16]);
    Nonce(nonce)
}
