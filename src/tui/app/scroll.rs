//! Which part of a conversation is seen, and what counts as read because of it. The anchor is an entry and the row its
//! text begins on, so that nothing that comes in above or below moves what one reads.

use super::super::keys::Action;
use super::super::view::messages::{self, Visible};
use super::{App, Popup, Scroll};
use crate::client::chat::{Ask, Status, Talk};
use crate::protocol::entry::Seq;

/// Messages that are loaded on the way to the first unread one; whoever has more than that to read begins there.
const LAND_WITHIN: usize = 1000;

/// Rows above the first unread line when one lands there: the line over it, and some of what was read before.
const ABOVE_UNREAD: i32 = 4;

/// Lines a turn of the wheel scrolls.
const WHEEL: i32 = 3;

impl App {
    /// What is seen of the conversation on the screen.
    pub fn scroll(&self) -> Scroll {
        self.here.as_ref().and_then(|here| self.scrolls.get(here)).copied().unwrap_or_default()
    }

    pub(super) fn visible(&self) -> Option<Visible> {
        let area = self.areas().messages;
        Some(messages::visible(self, self.here_talk()?, area.width, area.height))
    }

    pub(super) fn set_scroll(&mut self, scroll: Scroll) {
        if let Some(here) = self.here.clone() {
            self.scrolls.insert(here, scroll);
        }
    }

    /// Does what an action does to the pane of messages; `false` when it does nothing there.
    pub(super) fn scroll_act(&mut self, action: Action) -> bool {
        let page = i32::from(self.areas().messages.height).saturating_sub(2).max(1);
        let scrolls = !matches!(action, Action::FirstUnread);
        match action {
            Action::PageUp => self.scroll_by(page),
            Action::PageDown => self.scroll_by(-page),
            Action::HalfPageUp => self.scroll_by((page / 2).max(1)),
            Action::HalfPageDown => self.scroll_by(-(page / 2).max(1)),
            Action::ScrollUp => self.scroll_by(WHEEL),
            Action::ScrollDown => self.scroll_by(-WHEEL),
            Action::Top => self.oldest(),
            Action::Bottom => self.bottom(),
            Action::FirstUnread => self.first_unread(),
            Action::PreviousMention => self.mention(false),
            Action::NextMention => self.mention(true),
            _ => return false,
        }
        if scrolls {
            self.landing = None;
        }
        true
    }

    /// One has come to a conversation: to the first line that was not read, unless all of them are seen at the bottom.
    pub(super) fn land(&mut self) {
        let (Some(read), Some(talk)) = (self.landing, self.here_talk()) else { return };
        let timeline = &talk.timeline;
        let there = timeline.has(read.next()) || timeline.complete_below() || timeline.len() >= LAND_WITHIN;
        let whole = timeline.newest_hole(talk.head).is_none_or(|hole| *hole.end() <= read.0);
        if !there || !(whole || timeline.len() >= LAND_WITHIN) {
            if !talk.loading() {
                self.older();
            }
            return;
        }
        let first = timeline.after(read).next().map(|shown| shown.seq);
        self.landing = None;
        self.set_scroll(Scroll::Bottom);
        let Some(first) = first else { return };
        if self.visible().is_some_and(|seen| !seen.of.contains(&Some(first))) {
            self.settle_at(Scroll::At { seq: first, row: ABOVE_UNREAD });
        }
    }

    pub(super) fn first_unread(&mut self) {
        let mark = self.here.as_ref().and_then(|here| self.marks.get(here)).copied();
        let first = mark.and_then(|mark| self.here_talk()?.timeline.after(mark).next());
        match first {
            Some(first) => self.settle_at(Scroll::At { seq: first.seq, row: ABOVE_UNREAD }),
            None => self.say("nothing here was unread when you came".to_owned(), super::Role::Dim),
        }
    }

    /// Picks out the next line that mentions this person, or the one before.
    fn mention(&mut self, forward: bool) {
        let (Some(talk), Some(me)) = (self.here_talk(), self.chat.me().map(|me| me.person)) else { return };
        let from = match (self.selection(), self.visible()) {
            (Some(selection), _) => selection.at,
            (None, Some(seen)) => if forward { seen.of.iter().flatten().next().copied() } else { seen.last }
                .map_or(Seq::ZERO, |seq| if forward { seq.prev() } else { seq.next() }),
            (None, None) => return,
        };
        let means_me = |shown: &crate::protocol::entry::Shown| shown.mentions.contains(&me);
        let found = match forward {
            true => talk.timeline.after(from).find(means_me),
            false => talk.timeline.up_to(from.prev()).find(means_me),
        };
        match found {
            Some(found) => self.select_at(found.seq),
            None => {
                let way = if forward { "below" } else { "above, as far as it is loaded" };
                self.say(format!("no mention of you {way}"), super::Role::Dim);
            }
        }
    }

    pub(super) fn bottom(&mut self) {
        if let Some(talk) = self.here_talk().filter(|talk| talk.apart().is_some()) {
            let to = talk.to.clone();
            self.ask(Ask::Back(to));
        }
        self.topping = false;
        self.selection = None;
        self.seeking = None;
        self.set_scroll(Scroll::Bottom);
    }

    /// The oldest line: what is not loaded is asked for until it is.
    fn oldest(&mut self) {
        self.uncover();
        self.topping = true;
        self.go_on_to_top();
    }

    /// What came in may be what was looked for.
    pub(super) fn go_on(&mut self) {
        if let Some(of) = self.seeking
            && self.here_talk().is_some_and(|talk| !talk.loading())
        {
            self.seek(of);
        }
        self.land();
        self.go_on_to_top();
    }

    fn go_on_to_top(&mut self) {
        let Some(talk) = self.here_talk().filter(|_| self.topping) else { return };
        let (to, whole) = (talk.to.clone(), talk.timeline.complete_below());
        let Some(start) = talk.timeline.start() else { return };
        self.topping = !whole;
        if !whole {
            self.ask(Ask::Older(to));
        }
        self.settle_at(Scroll::At { seq: start, row: i32::from(u16::MAX) });
    }

    /// What was cleared away comes back when one scrolls up.
    fn uncover(&mut self) {
        if let Some(here) = self.here.clone() {
            self.cleared.remove(&here);
        }
    }

    /// Scrolls so many lines up; down, when negative.
    fn scroll_by(&mut self, lines: i32) {
        self.topping = false;
        if lines > 0 {
            self.uncover();
        }
        let Some(seen) = self.visible() else { return };
        if lines < 0 && seen.at_bottom && self.scroll() == Scroll::Bottom {
            return;
        }
        if let Some((seq, row)) = seen.anchor {
            self.settle_at(Scroll::At { seq, row: row + lines });
        }
        self.load_near();
    }

    /// Loads what is about to be seen: above the oldest line, and where a hole begins below what was jumped to.
    pub(super) fn load_near(&mut self) {
        let (Some(seen), Some(talk)) = (self.visible(), self.here_talk()) else { return };
        let hole = talk.apart().and_then(|seq| talk.timeline.hole_above(seq));
        if let (Some(hole), Some(last)) = (hole, seen.last)
            && last.0 + 1 >= *hole.start()
        {
            let to = talk.to.clone();
            self.ask(Ask::Newer(to));
        }
        if seen.at_top {
            self.older();
        }
    }

    /// Takes the nearest place that can be shown, anchored at the first text that begins on the screen.
    pub(super) fn settle_at(&mut self, scroll: Scroll) {
        self.set_scroll(scroll);
        let Some(seen) = self.visible() else { return };
        let place = seen.anchor.filter(|_| !seen.at_bottom).map(|(seq, row)| Scroll::At { seq, row });
        self.set_scroll(place.unwrap_or(Scroll::Bottom));
    }

    pub(super) fn older(&mut self) {
        let Some(talk) = self.here_talk().filter(|talk| !talk.timeline.complete_below()) else { return };
        let to = talk.to.clone();
        self.ask(Ask::Older(to));
    }

    /// How many lines of others came in below what is seen.
    pub fn below(&self, talk: &Talk, last: Option<Seq>) -> usize {
        let from = talk.read.max(last.unwrap_or(Seq::ZERO));
        let me = self.chat.me().map(|me| me.person);
        talk.timeline.of_others(from, me).0
    }

    /// Tells the chat what was read, when somebody looks.
    pub(super) fn saw(&mut self) {
        let online = *self.chat.status() == Status::Online;
        if !self.focused || !online {
            self.away = true;
            return;
        }
        let Some(talk) = self.here_talk() else { return };
        let (to, read, head, newest) = (talk.to.clone(), talk.read, talk.head, talk.timeline.newest());
        if self.away && newest >= head {
            self.away = false;
            self.mark();
        }
        if read >= head || self.popup == Popup::Name || self.landing.is_some() {
            return;
        }
        let last = match self.scroll() {
            // What has not arrived yet was not seen.
            Scroll::Bottom if newest >= head => Some(head),
            Scroll::Bottom => None,
            Scroll::At { .. } => self.visible().and_then(|seen| seen.last),
        };
        if let Some(last) = last.filter(|last| *last > read) {
            self.ask(Ask::Seen(to, last));
        }
    }

    /// Keys of a list to be read.
    pub(super) fn list_act(&mut self, action: Action) {
        let page = usize::from(self.size.1).saturating_sub(4).max(1);
        let most = self.list_scroll_most();
        let Popup::List { scroll, .. } = &mut self.popup else { return };
        *scroll = match action {
            Action::PageUp => scroll.saturating_sub(page),
            Action::HalfPageUp => scroll.saturating_sub(page / 2),
            Action::ScrollUp => scroll.saturating_sub(WHEEL as usize),
            Action::ListUp => scroll.saturating_sub(1),
            Action::PageDown => *scroll + page,
            Action::HalfPageDown => *scroll + page / 2,
            Action::ScrollDown => *scroll + WHEEL as usize,
            Action::ListDown => *scroll + 1,
            Action::Top => 0,
            Action::Bottom => usize::MAX,
            Action::Copy => return self.take_whole(false),
            Action::Save => return self.take_whole(true),
            Action::Cancel | Action::CloseHelp | Action::Help => {
                self.stranger = None;
                self.popup = Popup::None;
                self.whole = None;
                return;
            }
            _ => return,
        }
        .min(most);
    }

    fn list_scroll_most(&self) -> usize {
        let Popup::List { title, lines, .. } = &self.popup else { return 0 };
        super::super::view::list_rows(title, lines, self.size)
            .saturating_sub(usize::from(self.size.1).saturating_sub(2))
    }
}
