//! A conversation read over the wire: what `history` wants is asked for, what comes is handed to it, and what it has read is
//! handed on, also through cuts. Who reads on for how long is decided by the command.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::session::{News, Session, until, wait_for};
use super::{Done, Exit, Failure, Way};
use crate::client::history::{Begin, History, Item};
use crate::protocol::command::Command;
use crate::protocol::entry::{Conversation, Entry, PersonId};
use crate::protocol::event::{Event, Refusal};
use crate::protocol::names::Target;

/// Somebody who reads one conversation.
pub struct Reading<'a> {
    session: &'a mut Session,
    way: &'a Way,
    history: History,
    /// The other one of a direct conversation, once known: names change.
    peer: Option<PersonId>,
    page: Option<u64>,
    /// When a page is asked for again that the host could not give.
    again: Option<Instant>,
    /// Whether this connection is in, and in the room.
    there: bool,
    patience: Option<Duration>,
    deadline: Option<Instant>,
    /// Why one is no member any more.
    put_out: Option<String>,
}

impl<'a> Reading<'a> {
    /// From there on. So long may nothing come of it before it is given up; `None`: for ever.
    pub async fn begin(
        session: &'a mut Session,
        way: &'a Way,
        begin: Begin,
        patience: Option<Duration>,
    ) -> Result<Reading<'a>, Failure> {
        let history = History::new(begin);
        let deadline = patience.map(|patience| Instant::now() + patience);
        let mut reading = Reading {
            session,
            way,
            history,
            peer: None,
            page: None,
            again: None,
            there: false,
            patience,
            deadline,
            put_out: None,
        };
        reading.arrive().await?;
        Ok(reading)
    }

    /// Waits from now on for as long as it takes.
    pub fn be_patient(&mut self) {
        (self.patience, self.deadline) = (None, None);
    }

    /// What was read up to.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Is in, and in the room: a guest comes back as somebody else, who has to join it again.
    async fn arrive(&mut self) -> Result<Vec<Item>, Failure> {
        let far = || Instant::now() + Duration::from_secs(365 * 24 * 3600);
        let before = self.deadline.unwrap_or_else(far);
        self.session.reach(self.way, &self.way.to, before).await?;
        if self.session.plain() {
            let words = format!("{} speaks only plain text; it keeps no history", self.session.chat().address());
            return Err(Failure::new(Exit::Refused, words));
        }
        let talk = self.session.chat().talk(&self.way.to);
        let epoch = talk.and_then(|talk| talk.epoch());
        self.peer = self.peer.or(talk.and_then(|talk| talk.peer).map(|peer| peer.person));
        (self.there, self.page, self.again) = (true, None, None);
        Ok(self.history.connected(epoch))
    }

    /// What is read next; also nothing. May be dropped and called again, but while it arrives.
    pub async fn next(&mut self) -> Result<Vec<Item>, Failure> {
        if !self.there {
            if !self.session.is_in() {
                let news = self.wait().await?;
                self.session.check(&news)?;
                return Ok(Vec::new());
            }
            return self.arrive().await;
        }
        if self.again.is_none()
            && let Some((end, limit)) = self.history.wants()
        {
            self.history.asked();
            self.page = Some(self.session.ask(Command::Page { to: self.way.to.clone(), end, limit: Some(limit) }));
        }
        let again = self.again;
        let news = tokio::select! {
            biased;
            news = self.wait() => news?,
            () = until(again) => {
                self.again = None;
                return Ok(Vec::new());
            }
        };
        self.session.check(&news)?;
        let mut items = Vec::new();
        for one in news {
            items.extend(self.take(one)?);
        }
        Ok(items)
    }

    async fn wait(&mut self) -> Result<Vec<News>, Failure> {
        match self.deadline {
            None => Ok(self.session.next().await),
            Some(at) => tokio::select! {
                biased;
                news = self.session.next() => Ok(news),
                () = sleep_until(at) => Err(self.session.not_reached()),
            },
        }
    }

    fn take(&mut self, news: News) -> Result<Vec<Item>, Failure> {
        match news {
            News::Answer(id, Event::Page { page, .. }) if Some(id) == self.page => {
                self.deadline = self.patience.map(|patience| Instant::now() + patience);
                return Ok(self.history.page(page));
            }
            News::Refused(id, refusal) if Some(id) == self.page => self.refused(refusal)?,
            News::Down => {
                self.there = false;
                self.history.lost();
            }
            News::Heard(Event::Entry(entry)) if self.is_here(&entry) => {
                let addressed = Entry { to: self.way.to.clone(), ..Entry::clone(&entry) };
                return Ok(self.history.live(&addressed));
            }
            News::Heard(Event::Skipped { to, seq, .. }) if to == self.way.to => self.history.skipped(seq),
            News::Heard(Event::Moderated { deed, room: Some(room), who, why, .. })
                if self.way.to == Target::Room(room.clone()) && self.is_me(who.person) =>
            {
                let why = if why.is_blank() { String::new() } else { format!(": {}", why.one_line()) };
                self.put_out = Some(format!(" ({}{why})", deed.as_str()));
            }
            News::Heard(Event::RoomDeleted { room, .. }) if self.way.to == Target::Room(room.clone()) => {
                self.put_out = Some(" (it is no more)".to_owned());
            }
            News::Heard(Event::Left { room }) if self.way.to == Target::Room(room.clone()) => {
                let why = self.put_out.take().unwrap_or_default();
                let words = format!("{} is in {room} no more{why}", self.way.name);
                return Err(Failure::new(Exit::Refused, words));
            }
            _ => {}
        }
        Ok(Vec::new())
    }

    fn refused(&mut self, refusal: Refusal) -> Done {
        self.history.refused();
        match wait_for(&refusal) {
            Some(wait) => {
                self.again = Some(Instant::now() + wait);
                Ok(())
            }
            None => Err(Failure::new(Exit::Refused, refusal.text)),
        }
    }

    fn is_me(&self, person: PersonId) -> bool {
        self.session.chat().me().is_some_and(|me| me.person == person)
    }

    /// Whether this entry is of the conversation that is read.
    fn is_here(&mut self, entry: &Entry) -> bool {
        let Some(me) = self.session.chat().me().map(|me| me.person) else { return false };
        match &entry.conversation {
            Conversation::Room(room) => self.way.to == Target::Room(room.clone()),
            Conversation::Direct(pair) => {
                let other = pair.other(me);
                let named = match entry.from.person == me {
                    true => entry.to == self.way.to,
                    false => self.way.to == Target::Direct(entry.from.name.clone()),
                };
                let here = self.peer == Some(other) || (self.peer.is_none() && named);
                if here {
                    self.peer = Some(other);
                }
                here
            }
        }
    }
}
