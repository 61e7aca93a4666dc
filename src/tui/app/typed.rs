//! The way in for whoever has no picture: a whole typed line, and lists that are chosen from by number. All of it ends in
//! what keys do; nothing here knows how things are shown.

use super::super::keys::Action;
use super::pick::{Choice, Item};
use super::{App, Effect, Popup};
use crate::client::chat::Now;
use crate::protocol::entry::{Emoji, Seq, ShownWhat, What};

impl App {
    /// A line that was typed as a whole: an answer to what is open, a command, or words.
    pub fn submit(&mut self, now: Now, line: &str) -> Vec<Effect> {
        self.now = now;
        self.notice = None;
        self.touched();
        match &self.popup {
            Popup::Name => {
                while !self.name_field().0.is_empty() {
                    self.name_act(Action::DeleteBack);
                }
                line.trim().chars().for_each(|c| self.name.typed(c));
                self.name_act(Action::Accept);
            }
            _ if self.stranger.is_some() => {
                let yes = ["y", "yes"].contains(&line.trim().to_lowercase().as_str());
                if !(yes && self.trusts('y')) {
                    self.stranger = None;
                    self.dismiss();
                    self.say("not connected".to_owned(), super::Role::Dim);
                }
            }
            _ => {
                self.dismiss();
                self.write_line(line);
            }
        }
        self.settle_typed()
    }

    fn write_line(&mut self, line: &str) {
        *self.composer_mut() = super::compose::field();
        self.composer_mut().insert_str(line);
        if !line.trim().is_empty() {
            self.compose_act(Action::Send);
        }
    }

    /// Chooses from what is open, counted from 1; `None` when there is no such line.
    pub fn choose_nth(&mut self, now: Now, at: usize) -> Option<Vec<Effect>> {
        self.now = now;
        let at = at.checked_sub(1)?;
        let picked = match &mut self.popup {
            Popup::Pick(pick) => pick.put_on(at),
            Popup::Find(find) => {
                find.chosen = at;
                at < find.hits().len()
            }
            _ => false,
        };
        match (&self.popup, picked) {
            (Popup::Pick(_), true) => self.pick_act(Action::Accept),
            (Popup::Find(_), true) => self.find_act(Action::Accept),
            _ => return None,
        }
        Some(self.settle_typed())
    }

    /// The lines of the list that is open and their numbers, without those that only stand for a key.
    pub fn choices(&self) -> Vec<(usize, Item)> {
        let Popup::Pick(pick) = &self.popup else { return Vec::new() };
        let numbered = pick.fitting().0.cloned().enumerate().map(|(at, item)| (at + 1, item));
        numbered.filter(|(_, item)| !matches!(item.choice, Choice::Do(_))).collect()
    }

    /// Nothing is open and nothing picked out any more.
    pub fn dismiss(&mut self) {
        if self.popup != Popup::Name {
            self.end_preview();
            self.popup = Popup::None;
        }
        self.selection = None;
    }

    /// What is said at the bottom of the screen now.
    pub fn said(&self) -> Option<&str> {
        self.notice.as_ref().map(|(text, ..)| text.as_str())
    }

    fn settle_typed(&mut self) -> Vec<Effect> {
        self.wrote();
        self.saw();
        self.keep_drafts(false);
        self.follow_now(false);
        std::mem::take(&mut self.effects)
    }

    /// `/reply`, `/react` and `/delete` name a message by its number.
    pub(super) fn about(&mut self, of: u64, what: About) {
        let Some(to) = self.here.clone() else { return };
        let of = Seq(of);
        let there = self.here_talk().and_then(|talk| talk.timeline.get(of));
        let words = there.is_some_and(|shown| matches!(shown.what, ShownWhat::Said { text: Some(_), .. }));
        if !words {
            return self.say(format!("there is no message {of} here, as far as it is loaded"), super::Role::Error);
        }
        match what {
            About::Reply(words) => self.keep_said(to, &words, false, Some(of)),
            About::React(sign) => {
                let named = emojis::get_by_shortcode(sign.trim_matches(':')).map(|emoji| emoji.as_str());
                match Emoji::parse(named.unwrap_or(&sign)) {
                    Some(emoji) => self.change(What::Reacted { of, emoji }),
                    None => self.say(format!("“{sign}” is no emoji"), super::Role::Error),
                }
            }
            About::Delete => self.change(What::Deleted { of }),
        }
    }
}

/// What is done with a message.
pub(super) enum About {
    Reply(String),
    React(String),
    Delete,
}
