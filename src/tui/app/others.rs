//! Other people on the screen: the list of them, who writes, and whether this person is away to them. What is known of
//! them is the chat's.

use std::time::Duration;

use super::super::theme::Role;
use super::pick::{Choice, Item, Pick};
use super::rooms::need;
use super::{App, Popup};
use crate::client::chat::{Ask, Status, Talk};
use crate::protocol::entry::Timestamp;
use crate::protocol::event::Member;
use crate::protocol::names::{Nick, Target};

/// From so many new lines on coming back is worth a card; fewer are seen in the list of rooms at a glance.
const MANY_NEW: u32 = 20;

/// A line of the list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonRow {
    /// Over some of them, and how many there are.
    Heading(&'static str, usize),
    /// One of them.
    Person(Member),
    /// So many more than there is room for.
    More(usize),
}

impl App {
    /// The lines of the list of people: those who are here, then those who are away, then the others.
    pub fn person_rows(&self, height: u16) -> Vec<PersonRow> {
        let people = self.people();
        let crowd = self.here_talk().and_then(|talk| talk.crowd);
        let mut rows = Vec::new();
        let kind = |member: &Member| match (member.online, member.away) {
            (true, false) => "HERE",
            (true, true) => "AWAY",
            (false, _) => "OFFLINE",
        };
        for heading in ["HERE", "AWAY", "OFFLINE"] {
            let of: Vec<&Member> = people.iter().filter(|member| kind(member) == heading).collect();
            let count = match (crowd, heading) {
                (Some((_, here)), "HERE") => here as usize,
                (Some((members, here)), "OFFLINE") => members.saturating_sub(here) as usize,
                _ => of.len(),
            };
            if !of.is_empty() {
                rows.push(PersonRow::Heading(heading, count));
                rows.extend(of.into_iter().cloned().map(PersonRow::Person));
            }
        }
        let hidden = rows.len().saturating_sub(usize::from(height));
        if hidden > 0 {
            rows.truncate(usize::from(height).saturating_sub(1));
            rows.push(PersonRow::More(hidden + 1));
        }
        rows
    }

    /// Who writes here, in a few words; nothing when nobody does.
    pub fn writing(&self) -> Option<String> {
        let talk = self.here_talk().filter(|_| self.look.config.ui.typing)?;
        let names: Vec<&Nick> = talk.typing.iter().map(|(who, _)| &who.name).collect();
        let dots = self.glyphs.ellipsis;
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("{one} is writing {dots}")),
            [one, two] => Some(format!("{one} and {two} are writing {dots}")),
            many => Some(format!("{} people are writing {dots}", many.len())),
        }
    }

    /// How long ago somebody was there, short: `5m`, `2h`, `3d`.
    pub fn since(&self, member: &Member) -> Option<String> {
        let seen = member.seen.filter(|_| !member.online)?;
        Some(self.ago(seen))
    }

    /// How long ago that was, short.
    pub fn ago(&self, at: Timestamp) -> String {
        let minutes = self.now.wall.0.saturating_sub(at.0).max(0) / 60_000;
        match minutes {
            0 => "now".to_owned(),
            1..60 => format!("{minutes}m"),
            60..1440 => format!("{}h", minutes / 60),
            _ => format!("{}d", minutes / 1440),
        }
    }

    /// A key: whoever presses one looks.
    pub(super) fn touched(&mut self) {
        self.touched_at = self.now.up;
        if std::mem::take(&mut self.dozing) && !self.chat.away_said() {
            self.ask(Ask::Away(false));
        }
    }

    /// Somebody came, or came back: what there is, when it is worth a card. Never over something that is being written.
    pub(super) fn catch_up(&mut self) {
        let idle = self.popup == Popup::None && self.selection.is_none() && self.composer().is_empty();
        if !self.absent || !idle || *self.chat.status() != Status::Online || self.here.is_none() {
            return;
        }
        self.absent = false;
        let mut talks: Vec<&Talk> =
            self.rooms().into_iter().filter(|talk| talk.unread > 0 && !self.muted(&talk.to)).collect();
        let new: u32 = talks.iter().map(|talk| talk.unread).sum();
        let mentions: u32 = talks.iter().map(|talk| talk.mentions).sum();
        let elsewhere = talks.iter().any(|talk| Some(&talk.to) != self.here.as_ref());
        if !elsewhere || new < MANY_NEW {
            return;
        }
        talks.sort_by_key(|talk| std::cmp::Reverse(need(talk, false)));
        let items = talks.into_iter().map(|talk| {
            let means = match (&talk.to, talk.mentions) {
                (Target::Direct(_), _) | (_, 0) => String::new(),
                (_, 1) => ", 1 mentions you".to_owned(),
                (_, many) => format!(", {many} mention you"),
            };
            let detail = format!("{} new{means}", talk.unread);
            Item { label: talk.to.to_string(), detail, choice: Choice::Go(talk.to.clone()) }
        });
        let means = match mentions {
            0 => String::new(),
            1 => ", 1 calls you".to_owned(),
            many => format!(", {many} call you"),
        };
        let title = format!("While you were away: {new} new{means}");
        self.popup = Popup::Pick(Box::new(Pick::card(title, items.collect())));
    }

    /// When one who presses no key is away to others.
    pub(super) fn doze_at(&self) -> Option<Duration> {
        let after = self.look.config.ui.away_after;
        let counts = !after.is_zero() && !self.dozing && *self.chat.status() == Status::Online;
        counts.then(|| self.touched_at + after)
    }

    /// Nobody pressed a key for a while.
    pub(super) fn doze(&mut self) {
        if self.doze_at().is_some_and(|at| at <= self.now.up) {
            self.dozing = true;
            self.absent = true;
            if !self.chat.away_said() {
                self.ask(Ask::Away(true));
            }
        }
    }

    /// `/away`.
    pub(super) fn toggle_away(&mut self) {
        let away = !self.chat.away_said();
        self.chat.say_away(away);
        self.ask(Ask::Away(away));
        let said = if away { "you are away to others; /away again and you are back" } else { "you are back" };
        self.say(said.to_owned(), Role::Dim);
    }

    /// Tells that something is being written, when others may know.
    pub(super) fn typing(&mut self) {
        let line = self.composer().lines().first().map_or("", String::as_str);
        // A command is nothing that others wait for.
        let words = !self.composer().is_empty() && (!line.starts_with('/') || line.starts_with("//"));
        if let (true, true, None, Some(here)) =
            (self.look.config.ui.typing, words, self.aimed_edit(), self.here.clone())
        {
            self.ask(Ask::Typing(here));
        }
    }

    /// What can be done with somebody.
    pub(super) fn person_menu(&mut self, name: &Nick) {
        let item = |label: String, choice| Item { label, detail: String::new(), choice };
        let items = vec![
            item(format!("Talk to {name} alone"), Choice::Go(Target::Direct(name.clone()))),
            item(format!("Mention {name}"), Choice::Insert(format!("@{name} "))),
            item(format!("Find what {name} said"), Choice::Find(format!("from:{name} "))),
        ];
        self.pick(name.to_string(), items);
    }
}
