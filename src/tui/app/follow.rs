//! What follows to one's other screens: drafts, what is muted and pinned, what calls. Each is a memo at the host; what is
//! changed here goes there, and what was changed elsewhere comes in here unless it was changed here as well. What counts as
//! changed is told by what the host was last known to have.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::drafts::Kept;
use super::{App, Until};
use crate::client::chat::Ask;
use crate::config::Notify;
use crate::protocol::entry::Timestamp;
use crate::protocol::memo::{Memo, MemoName};
use crate::protocol::names::Target;
use crate::protocol::text::Text;

/// A draft goes to the host when nothing was written for so long: the other screen is not looked at while one writes here.
const QUIET: Duration = Duration::from_secs(3);

/// Memos of one go. The host counts them with what one says, and who has changed a lot at once is not to be kept from that.
const AT_ONCE: usize = 4;

/// The words of what is kept, apart from `#` and `@` of what they are about.
const DRAFT: &str = "draft:";
const MUTE: &str = "mute:";
const LEVEL: &str = "level:";
const PINNED: &str = "pinned";
const ARCHIVED: &str = "archived";

/// Names of memos and what they say.
pub type Shared = BTreeMap<String, String>;

/// How far the other screens know.
#[derive(Debug, Default)]
pub struct Follow {
    /// What the host has, as far as this screen knows.
    pub base: Shared,
    /// The host has told all of it on this connection.
    ready: bool,
    /// When what was changed goes there.
    at: Option<Duration>,
}

/// What is to follow, of what is kept.
fn shared(kept: &Kept) -> Shared {
    let list = |targets: &[Target]| targets.iter().map(Target::to_string).collect::<Vec<_>>().join(" ");
    let drafts = kept.drafts.iter().map(|(to, text)| (format!("{DRAFT}{to}"), Text::clean(text).as_str().to_owned()));
    let until = |until: &Until| match until {
        Until::Always => "always".to_owned(),
        Until::Then(then) => then.0.to_string(),
    };
    let mutes = kept.mutes.iter().map(|(to, then)| (format!("{MUTE}{to}"), until(then)));
    let levels = kept.levels.iter().map(|(to, level)| (format!("{LEVEL}{to}"), level.word().to_owned()));
    let lists = [(PINNED, &kept.pinned), (ARCHIVED, &kept.archived)];
    let lists = lists.into_iter().map(|(name, targets)| (name.to_owned(), list(targets)));
    drafts.chain(mutes).chain(levels).chain(lists).filter(|(_, text)| !text.is_empty()).collect()
}

impl App {
    /// Something was written or set: it follows when nothing more is.
    pub(super) fn follow_soon(&mut self) {
        self.follow.at = Some(self.now.up + QUIET);
    }

    /// When that is.
    pub(super) fn follow_at(&self) -> Option<Duration> {
        self.follow.at.filter(|_| self.follow.ready)
    }

    /// The connection is gone: what the host has is asked for on the next.
    pub(super) fn follow_lost(&mut self) {
        self.follow.ready = false;
    }

    /// Tells the host what was changed here, when it is time or at once.
    pub(super) fn follow_now(&mut self, at_once: bool) {
        let due = self.follow_at().is_some_and(|at| at_once || at <= self.now.up);
        if !due || !self.look.config.ui.follow {
            return;
        }
        self.follow.at = None;
        let here = shared(&self.to_keep());
        let room = self.chat.text_bytes();
        let names: BTreeSet<&String> = here.keys().chain(self.follow.base.keys()).collect();
        let changed = names.into_iter().filter_map(|name| {
            let (text, base) = (here.get(name), self.follow.base.get(name));
            let fits = text.is_none_or(|text| room == 0 || text.len() <= room);
            (text != base && fits).then(|| Some((MemoName::parse(name)?, text.cloned().unwrap_or_default())))?
        });
        let mut changed: Vec<(MemoName, String)> = changed.collect();
        if changed.len() > AT_ONCE {
            changed.truncate(AT_ONCE);
            self.follow_soon();
        }
        for (name, text) in changed {
            self.knows(name.as_str(), &text);
            self.ask(Ask::Memo(name, text));
        }
    }

    fn knows(&mut self, name: &str, text: &str) {
        match text.is_empty() {
            true => self.follow.base.remove(name),
            false => self.follow.base.insert(name.to_owned(), text.to_owned()),
        };
    }

    /// The host has these: all there are, or what another screen has changed.
    pub(super) fn followed(&mut self, memos: &[Memo], all: bool) {
        if !self.look.config.ui.follow {
            return;
        }
        let told: Shared =
            memos.iter().map(|memo| (memo.name.as_str().to_owned(), memo.text.as_str().to_owned())).collect();
        let gone = self.follow.base.keys().filter(|name| all && !told.contains_key(*name)).cloned();
        let gone: Vec<(String, String)> = gone.map(|name| (name, String::new())).collect();
        for (name, text) in gone.into_iter().chain(told) {
            let here = shared(&self.to_keep()).remove(&name).unwrap_or_default();
            let base = self.follow.base.get(&name).cloned().unwrap_or_default();
            self.knows(&name, &text);
            // What was changed on both stays here, and goes there next.
            if here == base && here != text {
                self.take_over(&name, &text);
            }
        }
        if all {
            self.follow.ready = true;
        }
        self.wrote();
    }

    fn take_over(&mut self, name: &str, text: &str) {
        let list = || text.split(' ').filter_map(|to| Target::parse(to).ok()).collect::<Vec<Target>>();
        let about = |kind: &str| name.strip_prefix(kind).and_then(|to| Target::parse(to).ok());
        if name == PINNED {
            self.pinned = list();
        } else if name == ARCHIVED {
            self.archived = list();
        } else if let Some(to) = about(DRAFT) {
            let mut area = super::compose::field();
            area.insert_str(text);
            self.composers.insert(to, area);
        } else if let Some(to) = about(MUTE) {
            let until = text.parse().map_or(Until::Always, |then| Until::Then(Timestamp(then)));
            match text.is_empty() {
                true => self.mutes.remove(&to),
                false => self.mutes.insert(to, until),
            };
        } else if let Some(to) = about(LEVEL) {
            match Notify::named(text) {
                None => self.levels.remove(&to),
                Some(level) => self.levels.insert(to, level),
            };
        }
    }
}
