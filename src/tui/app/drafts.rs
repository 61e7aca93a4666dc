//! What is written and not sent, where one was, what one wrote before and what is muted: as it is kept for the next start. When it is
//! kept is decided here, how is the shell's.

use std::time::Duration;

use super::compose::Aim;
use super::{App, Effect, Until};
use crate::config::Notify;
use crate::protocol::entry::PersonId;
use crate::protocol::names::{Nick, Target};
use crate::protocol::slash::without_password;

/// How long what was written may be in memory only: a second of typing is what kill -9 costs at most.
const KEPT_WITHIN: Duration = Duration::from_secs(1);

/// What is kept for the next start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Where one was.
    pub here: Option<Target>,
    /// What is written in each conversation.
    pub drafts: Vec<(Target, String)>,
    /// What was sent before, oldest first.
    pub history: Vec<String>,
    /// What is muted.
    pub mutes: Vec<(Target, Until)>,
    /// At the top of the list.
    pub pinned: Vec<Target>,
    /// Not on the list.
    pub archived: Vec<Target>,
    /// What calls, where it is not as the settings say.
    pub levels: Vec<(Target, Notify)>,
    /// Whose lines are folded away, by the name and the id of then.
    pub ignored: Vec<(Nick, PersonId)>,
    /// What the host had of all this, for one's other screens.
    pub shared: super::follow::Shared,
}

impl App {
    /// What an earlier screen of this person has left; before anything is written here.
    pub fn restore(&mut self, kept: Kept) {
        self.wish = kept.here.clone();
        self.history = kept.history.clone();
        self.mutes = kept.mutes.iter().cloned().collect();
        self.levels = kept.levels.iter().cloned().collect();
        self.pinned = kept.pinned.clone();
        self.archived = kept.archived.clone();
        self.ignored = kept.ignored.clone();
        self.follow.base = kept.shared.clone();
        for (to, text) in &kept.drafts {
            let area = self.composers.entry(to.clone()).or_insert_with(super::compose::field);
            if area.is_empty() {
                area.insert_str(text);
            }
        }
        self.kept = kept;
    }

    /// All that is to be kept now.
    pub(super) fn to_keep(&self) -> Kept {
        let mut drafts: Vec<(Target, String)> = self
            .composers
            .iter()
            .map(|(to, area)| match self.aims.get(to) {
                // An edit is begun anew by a key; what it put aside is not to be had again.
                Some(Aim::Edit { stash, .. }) => (to.clone(), stash.clone()),
                _ => (to.clone(), area.lines().join("\n")),
            })
            .filter(|(_, text)| !text.trim().is_empty() && without_password(text).is_none())
            .collect();
        drafts.sort_by(|a, b| a.0.cmp(&b.0));
        let mut mutes: Vec<_> = self.mutes.iter().map(|(to, until)| (to.clone(), *until)).collect();
        let mut levels: Vec<_> = self.levels.iter().map(|(to, level)| (to.clone(), *level)).collect();
        mutes.sort_by(|a, b| a.0.cmp(&b.0));
        levels.sort_by(|a, b| a.0.cmp(&b.0));
        let (pinned, archived) = (self.pinned.clone(), self.archived.clone());
        let (here, history, ignored) = (self.here.clone(), self.history.clone(), self.ignored.clone());
        let shared = self.follow.base.clone();
        Kept { here, drafts, history, mutes, pinned, archived, levels, ignored, shared }
    }

    /// Something may have been written: it is kept soon.
    pub(super) fn wrote(&mut self) {
        self.wrote_at.get_or_insert(self.now.up);
        self.follow_soon();
    }

    /// When what was written is to be kept.
    pub(super) fn keep_at(&self) -> Option<Duration> {
        self.wrote_at.map(|at| at + KEPT_WITHIN)
    }

    /// Keeps what was written when it is time, or at once; nothing when nothing changed.
    pub(super) fn keep_drafts(&mut self, at_once: bool) {
        if !at_once && self.keep_at().is_none_or(|at| at > self.now.up) {
            return;
        }
        self.wrote_at = None;
        // A host that keeps nothing is not to find what was said to it on this disk either.
        if self.chat.ephemeral() {
            return;
        }
        let kept = self.to_keep();
        if kept != self.kept {
            self.kept = kept.clone();
            self.effects.push(Effect::KeepDrafts(kept));
        }
    }
}
