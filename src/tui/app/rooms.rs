//! Where one is and how one gets elsewhere: by order, by number, by need, by a click. Also what the room list shows, so
//! that clicking and drawing agree.

use ratatui::layout::Position;

use super::super::keys::Action;
use super::super::wrap::width;
use super::App;
use crate::client::chat::{Ask, Talk};
use crate::protocol::names::Target;

/// A line of the room list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomRow {
    /// Over the rooms.
    Rooms,
    /// Over the people one talks to alone.
    Direct,
    /// A conversation, by its place among [`crate::client::chat::Chat::talks`].
    Talk(usize),
}

/// How much a conversation needs one: mentions, then direct ones, then unread, then nothing. Of a muted one only what
/// mentions the person does, and last.
pub fn need(talk: &Talk, muted: bool) -> u8 {
    if muted {
        return u8::from(talk.mentions > 0);
    }
    match (&talk.to, talk.mentions, talk.unread) {
        (Target::Room(_), 1.., _) => 3,
        (Target::Direct(_), _, 1..) => 2,
        (_, _, 1..) => 1,
        _ => 0,
    }
}

impl App {
    /// Goes to a conversation.
    pub(super) fn go(&mut self, to: Target) {
        if self.here.as_ref() != Some(&to) {
            if let Some(left) = self.here.take() {
                self.marks.remove(&left);
                self.last_here = Some(left);
            }
            self.completion = None;
            self.history_at = None;
            self.selection = None;
            self.seeking = None;
            self.here = Some(to.clone());
            self.mark();
        }
        if let std::collections::hash_map::Entry::Vacant(empty) = self.composers.entry(to.clone()) {
            // What was written before there was a room is not lost.
            empty.insert(std::mem::replace(&mut self.nowhere, super::compose::field()));
        }
        self.landing = self.chat.talk(&to).filter(|talk| talk.unread > 0).map(|talk| talk.read);
        self.wrote();
        self.ask(Ask::Look(to));
        self.land();
    }

    /// Draws the line of unread over what is unread now.
    pub(super) fn mark(&mut self) {
        let Some(here) = self.here.clone() else { return };
        if let Some(talk) = self.chat.talk(&here).filter(|talk| talk.unread > 0) {
            self.marks.insert(here, talk.read);
        }
    }

    /// Does what an action does to rooms and panes; `false` when it does nothing there.
    pub(super) fn rooms_act(&mut self, action: Action) -> bool {
        match action {
            Action::NextRoom => self.step(1),
            Action::PreviousRoom => self.step(-1),
            Action::NextNeedingYou => self.needing(true),
            Action::PreviousNeedingYou => self.needing(false),
            Action::LastRoom => self.go_back(),
            Action::GoTo => self.go_to(),
            Action::MuteRoom => self.toggle_mute(),
            Action::ToggleRooms => self.rooms_shown = !self.rooms_shown,
            Action::TogglePeople => self.people_shown = Some(self.areas().people.is_empty()),
            action => match action.room_index() {
                Some(at) => {
                    if let Some(to) = self.chat.talks().get(at).map(|talk| talk.to.clone()) {
                        self.go(to);
                    }
                }
                None => return false,
            },
        }
        true
    }

    pub(super) fn go_back(&mut self) {
        if let Some(to) = self.last_here.clone().filter(|to| self.chat.talk(to).is_some()) {
            self.go(to);
        }
    }

    fn index(&self) -> usize {
        self.chat.talks().iter().position(|talk| Some(&talk.to) == self.here.as_ref()).unwrap_or(0)
    }

    fn step(&mut self, by: isize) {
        let many = self.chat.talks().len();
        if many > 1 {
            let at = (self.index() as isize + by).rem_euclid(many as isize) as usize;
            self.go(self.chat.talks()[at].to.clone());
        }
    }

    /// The next conversation that needs one: mentions first, then direct ones, then unread.
    fn needing(&mut self, forward: bool) {
        let talks = self.chat.talks();
        let (here, many) = (self.index(), talks.len());
        let away = |at: usize| if forward { (at + many - here) % many } else { (here + many - at) % many };
        let best = (0..many).filter(|at| *at != here && need(&talks[*at], self.muted(&talks[*at].to)) > 0);
        let best = best.max_by_key(|at| (need(&talks[*at], self.muted(&talks[*at].to)), std::cmp::Reverse(away(*at))));
        match best.map(|at| talks[at].to.clone()) {
            Some(to) => self.go(to),
            None => self.say("nothing is unread".to_owned(), super::Role::Dim),
        }
    }

    /// The lines of the room list, so many that the one on the screen is among them.
    pub fn room_rows(&self, height: u16) -> Vec<RoomRow> {
        let mut rows = vec![RoomRow::Rooms];
        for (at, talk) in self.chat.talks().iter().enumerate() {
            if matches!(talk.to, Target::Direct(_)) && !rows.contains(&RoomRow::Direct) {
                rows.push(RoomRow::Direct);
            }
            rows.push(RoomRow::Talk(at));
        }
        let here = rows.iter().position(|row| *row == RoomRow::Talk(self.index())).unwrap_or(0);
        let first = (here + 1).saturating_sub(height as usize);
        rows.into_iter().skip(first).take(height as usize).collect()
    }

    /// The tabs of a narrow screen: from the first one, or from further right when the present one would not be seen.
    pub fn tabs_from_here(&self) -> Vec<&Talk> {
        let talks = self.chat.talks();
        let room = usize::from(self.size.0).saturating_sub(12);
        let wide = |talk: &Talk| width(&talk.to.to_string()) + 6;
        let here = self.index();
        let mut first = here.min(talks.len());
        let mut used = talks.get(here).map_or(0, wide);
        while first > 0 && used + wide(&talks[first - 1]) <= room {
            first -= 1;
            used += wide(&talks[first]);
        }
        talks[first..].iter().collect()
    }

    /// A click goes to the room under it.
    pub(super) fn click(&mut self, x: u16, y: u16) {
        let areas = self.areas();
        if self.has_popup() || !areas.rooms.contains(Position { x, y }) {
            return;
        }
        let row = self.room_rows(areas.rooms.height).get((y - areas.rooms.y) as usize).copied();
        if let Some(RoomRow::Talk(at)) = row
            && let Some(to) = self.chat.talks().get(at).map(|talk| talk.to.clone())
        {
            self.go(to);
        }
    }
}
