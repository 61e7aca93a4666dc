//! What calls somebody who does not look: which lines, of which rooms, at which hours, and what the window's title counts.
//! How a terminal is rung, and which of its ways to say something on the desktop it knows, is `terminal`'s.

use std::time::Duration;

use super::super::theme::Role;
use super::super::wrap::fit;
use super::{App, Effect};
use crate::client::chat::Talk;
use crate::config::units::{parse_time, show_time};
use crate::config::{Notify, Quiet};
use crate::protocol::entry::{Seq, Timestamp};
use crate::protocol::mention::holds_word;
use crate::protocol::names::Target;

/// Between two rings: who is called by many at once is called once.
const RING_EVERY: Duration = Duration::from_secs(2);

/// Columns of a notice on the desktop.
const NOTICE_COLUMNS: usize = 120;

/// Until when a room, or everything, is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until it is said otherwise.
    Always,
    /// Until this moment.
    Then(Timestamp),
}

impl Until {
    fn holds(self, now: Timestamp) -> bool {
        match self {
            Until::Always => true,
            Until::Then(then) => now < then,
        }
    }
}

impl App {
    /// Whether a conversation is muted now.
    pub fn muted(&self, to: &Target) -> bool {
        self.mutes.get(to).is_some_and(|until| until.holds(self.now.wall))
    }

    /// A line of somebody else came in: does it call?
    pub(super) fn heard_line(&mut self, to: &Target, seq: Seq, means_me: bool) {
        // What is new brings a conversation back to the list.
        if !self.muted(to) && self.archived.contains(to) {
            self.archived.retain(|archived| archived != to);
            self.wrote();
        }
        if (self.focused && self.here.as_ref() == Some(to)) || self.muted(to) || self.silent() {
            return;
        }
        let Some(shown) = self.chat.talk(to).and_then(|talk| talk.timeline.get(seq)) else { return };
        if self.ignores(&shown.from) {
            return;
        }
        let words = super::select::words(&shown);
        let level = self.levels.get(to).copied().unwrap_or(self.look.config.ui.notify);
        let wanted = match level {
            Notify::All => true,
            Notify::Mentions => means_me || self.look.config.ui.keywords.iter().any(|word| holds_word(&words, word)),
            Notify::Nothing => false,
        };
        if !wanted || self.rang.is_some_and(|at| self.now.up < at + RING_EVERY) {
            return;
        }
        self.rang = Some(self.now.up);
        if self.look.config.ui.bell {
            self.effects.push(Effect::Bell);
        }
        if !self.focused {
            let title = match to {
                Target::Room(_) => format!("{} in {to}", shown.from.marked()),
                Target::Direct(_) => shown.from.marked(),
            };
            let line = words.lines().next().unwrap_or("");
            let body = fit(line, NOTICE_COLUMNS, "…");
            self.effects.push(Effect::Notify { title, body });
        }
    }

    /// Whether nothing is to call at this hour.
    fn silent(&self) -> bool {
        self.silence.is_some_and(|until| until.holds(self.now.wall)) || self.quiet_hour()
    }

    fn quiet_hour(&self) -> bool {
        let Some(Quiet { from, to }) = self.look.config.ui.quiet_hours else { return false };
        let now = self.zoned(self.now.wall).time();
        let now = u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs());
        if from <= to { (from..to).contains(&now) } else { now >= from || now < to }
    }

    /// What the window's title says: how many lines call, and no word of what they say.
    pub(super) fn retitle(&mut self) {
        if !self.look.config.ui.title {
            return;
        }
        let calls = |talk: &&Talk| !self.muted(&talk.to);
        let many: u32 = self.chat.talks().iter().filter(calls).map(|talk| talk.mentions).sum();
        if self.titled != Some(many) {
            self.titled = Some(many);
            let title = if many == 0 { "wschat".to_owned() } else { format!("({many}) wschat") };
            self.effects.push(Effect::Title(title));
        }
    }

    /// `/mute`: this conversation, for so long or for good.
    pub(super) fn mute(&mut self, time: Option<&str>) {
        let Some(here) = self.here.clone() else { return };
        let Some(until) = self.until(time) else { return };
        self.mutes.insert(here.clone(), until);
        self.wrote();
        let what = format!("{here} is muted{}; /unmute lifts it", how_long(time));
        self.say(what, Role::Dim);
    }

    /// `/unmute`.
    pub(super) fn unmute(&mut self) {
        let Some(here) = self.here.clone() else { return };
        self.wrote();
        let what = match self.mutes.remove(&here) {
            Some(_) => format!("{here} is heard again"),
            None => format!("{here} is not muted"),
        };
        self.say(what, Role::Dim);
    }

    pub(super) fn toggle_mute(&mut self) {
        match self.here.as_ref().is_some_and(|here| self.muted(here)) {
            true => self.unmute(),
            false => self.mute(None),
        }
    }

    /// `/dnd`: nothing calls, for so long or until it is said again.
    pub(super) fn do_not_disturb(&mut self, time: Option<&str>) {
        let on = self.silence.is_some_and(|until| until.holds(self.now.wall));
        if on && time.is_none() {
            self.silence = None;
            return self.say("you are called again".to_owned(), Role::Dim);
        }
        if let Some(until) = self.until(time) {
            self.silence = Some(until);
            self.say(format!("nothing calls you{}; /dnd lifts it", how_long(time)), Role::Dim);
        }
    }

    /// `/notify`: what calls from this conversation.
    pub(super) fn notify_level(&mut self, word: &str) {
        let Some(here) = self.here.clone() else { return };
        let Some(level) = Notify::named(word) else {
            return self.say("usage: /notify all, mentions or nothing".to_owned(), Role::Error);
        };
        self.levels.insert(here.clone(), level);
        self.wrote();
        self.say(format!("of {here}, {} calls you", level.words()), Role::Dim);
    }

    fn until(&mut self, time: Option<&str>) -> Option<Until> {
        let Some(text) = time else { return Some(Until::Always) };
        match parse_time(text).filter(|time| !time.is_zero()) {
            Some(time) => {
                let more = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
                Some(Until::Then(Timestamp(self.now.wall.0.saturating_add(more))))
            }
            None => {
                self.say(format!("“{}” is no time; write 30m, 2h or 7d", fit(text, 20, "…")), Role::Error);
                None
            }
        }
    }
}

fn how_long(time: Option<&str>) -> String {
    time.and_then(parse_time).map(|time| format!(" for {}", show_time(time))).unwrap_or_default()
}
