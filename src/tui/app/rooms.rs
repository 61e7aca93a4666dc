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
    /// Over those at the top.
    Pinned,
    /// Over the rooms.
    Rooms,
    /// Over the people one talks to alone.
    Direct,
    /// So many more below, and whether one of them calls.
    More(usize, bool),
    /// A conversation, by its place among [`App::rooms`].
    Talk(usize),
}

impl RoomRow {
    fn talk(self) -> Option<usize> {
        match self {
            RoomRow::Talk(at) => Some(at),
            _ => None,
        }
    }
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
    /// The conversations on the list, in its order: those at the top, then rooms, then people. What was taken off the list
    /// is on it only while one is there.
    pub fn rooms(&self) -> Vec<&Talk> {
        let talks = self.chat.talks();
        let pinned = self.pinned.iter().filter_map(|to| talks.iter().find(|talk| talk.to == *to));
        let listed = |talk: &&Talk| {
            !self.pinned.contains(&talk.to)
                && (self.here.as_ref() == Some(&talk.to) || !self.archived.contains(&talk.to))
        };
        pinned.chain(talks.iter().filter(listed)).collect()
    }

    /// `/pin`.
    pub(super) fn toggle_pin(&mut self) {
        let Some(here) = self.here.clone() else { return };
        let said = match self.pinned.iter().position(|to| *to == here) {
            Some(at) => {
                self.pinned.remove(at);
                format!("{here} is at the top no more")
            }
            None => {
                self.archived.retain(|to| *to != here);
                self.pinned.push(here.clone());
                format!("{here} is at the top; /pin again and it is not")
            }
        };
        self.wrote();
        self.say(said, super::Role::Dim);
    }

    /// `/archive`.
    pub(super) fn toggle_archive(&mut self) {
        let Some(here) = self.here.clone() else { return };
        self.wrote();
        if let Some(at) = self.archived.iter().position(|to| *to == here) {
            self.archived.remove(at);
            return self.say(format!("{here} is on the list again"), super::Role::Dim);
        }
        self.pinned.retain(|to| *to != here);
        let next = self.rooms().iter().map(|talk| talk.to.clone()).find(|to| *to != here);
        let Some(next) = next else {
            return self.say("this is the only one on the list".to_owned(), super::Role::Error);
        };
        self.archived.push(here.clone());
        self.go(next);
        self.say(format!("{here} is off the list until something new is said there"), super::Role::Dim);
    }

    /// Words alone, and the mouse left to the terminal; or as before.
    pub(super) fn toggle_bare(&mut self) {
        self.bare = !self.bare;
        if self.mouse {
            self.effects.push(super::Effect::Mouse(!self.bare));
        }
    }

    /// Whether words are shown alone.
    pub fn bare(&self) -> bool {
        self.bare
    }

    /// `/mouse`.
    pub(super) fn use_mouse(&mut self, on: bool) {
        self.mouse = on;
        self.effects.push(super::Effect::Mouse(on));
        let said = if on { "the mouse is used here" } else { "the mouse is left to the terminal, for marking text" };
        self.say(said.to_owned(), super::Role::Dim);
    }

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
            Action::Bare => self.toggle_bare(),
            Action::ToggleRooms => self.rooms_shown = !self.rooms_shown,
            Action::TogglePeople => self.people_shown = Some(self.areas().people.is_empty()),
            action => match action.room_index() {
                Some(at) => {
                    if let Some(to) = self.rooms().get(at).map(|talk| talk.to.clone()) {
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
        self.rooms().iter().position(|talk| Some(&talk.to) == self.here.as_ref()).unwrap_or(0)
    }

    fn step(&mut self, by: isize) {
        let rooms = self.rooms();
        if rooms.len() > 1 {
            let at = (self.index() as isize + by).rem_euclid(rooms.len() as isize) as usize;
            let to = rooms[at].to.clone();
            self.go(to);
        }
    }

    /// The next conversation that needs one: mentions first, then direct ones, then unread.
    fn needing(&mut self, forward: bool) {
        let talks = self.rooms();
        let (here, many) = (self.index(), talks.len());
        let away = |at: usize| if forward { (at + many - here) % many } else { (here + many - at) % many };
        let best = (0..many).filter(|at| *at != here && need(talks[*at], self.muted(&talks[*at].to)) > 0);
        let best = best.max_by_key(|at| (need(talks[*at], self.muted(&talks[*at].to)), std::cmp::Reverse(away(*at))));
        match best.map(|at| talks[at].to.clone()) {
            Some(to) => self.go(to),
            None => self.say("nothing is unread".to_owned(), super::Role::Dim),
        }
    }

    /// The lines of the room list, so many that the one on the screen is among them.
    pub fn room_rows(&self, height: u16) -> Vec<RoomRow> {
        let mut rows = Vec::new();
        for (at, talk) in self.rooms().into_iter().enumerate() {
            let heading = match &talk.to {
                to if self.pinned.contains(to) => RoomRow::Pinned,
                Target::Room(_) => RoomRow::Rooms,
                Target::Direct(_) => RoomRow::Direct,
            };
            if !rows.contains(&heading) {
                rows.push(heading);
            }
            rows.push(RoomRow::Talk(at));
        }
        if rows.is_empty() {
            rows.push(RoomRow::Rooms);
        }
        let here = rows.iter().position(|row| *row == RoomRow::Talk(self.index())).unwrap_or(0);
        let first = (here + 1).saturating_sub(height as usize);
        let mut seen: Vec<RoomRow> = rows.iter().skip(first).take(height as usize).copied().collect();
        let hidden = rows.len().saturating_sub(first + seen.len());
        // The last line gives way to how many follow, unless it is where one is.
        if hidden > 0 && seen.len() > 2 && here + 1 < first + seen.len() {
            let rooms = self.rooms();
            let left = rows.iter().skip(first + seen.len() - 1);
            let left: Vec<&Talk> = left.filter_map(|row| Some(rooms[row.talk()?])).collect();
            let calls = left.iter().any(|talk| talk.mentions > 0 && !self.muted(&talk.to));
            seen.pop();
            seen.push(RoomRow::More(left.len(), calls));
        }
        seen
    }

    /// The tabs of a narrow screen: from the first one, or from further right when the present one would not be seen.
    pub fn tabs_from_here(&self) -> Vec<&Talk> {
        let talks = self.rooms();
        let room = usize::from(self.size.0).saturating_sub(12);
        let wide = |talk: &&Talk| width(&talk.to.to_string()) + 6;
        let here = self.index();
        let mut first = here.min(talks.len());
        let mut used = talks.get(here).map_or(0, wide);
        while first > 0 && used + wide(&talks[first - 1]) <= room {
            first -= 1;
            used += wide(&talks[first]);
        }
        talks[first..].to_vec()
    }

    /// A click: to the room under it, to where a link leads, to a message, or to what can be done with somebody.
    pub(super) fn click(&mut self, x: u16, y: u16) {
        let (areas, at) = (self.areas(), Position { x, y });
        if self.has_popup() {
            return;
        }
        if areas.rooms.contains(at) {
            let row = self.room_rows(areas.rooms.height).get((y - areas.rooms.y) as usize).copied();
            if let Some(RoomRow::Talk(at)) = row
                && let Some(to) = self.rooms().get(at).map(|talk| talk.to.clone())
            {
                self.go(to);
            }
        } else if areas.tabs && areas.title.contains(at) {
            self.click_tab(x - areas.title.x);
        } else if areas.people.contains(at) {
            let row = self.person_rows(areas.people.height).into_iter().nth(usize::from(y - areas.people.y));
            if let Some(super::PersonRow::Person(member)) = row {
                self.person_menu(&member.who.name);
            }
        } else if areas.messages.contains(at) {
            self.click_message(x - areas.messages.x, y - areas.messages.y);
        }
    }

    fn click_tab(&mut self, x: u16) {
        let mut end = 0;
        let to = self.tabs_from_here().into_iter().find_map(|talk| {
            end += super::super::view::tab_width(talk);
            (usize::from(x) < end).then(|| talk.to.clone())
        });
        if let Some(to) = to {
            self.go(to);
        }
    }

    fn click_message(&mut self, x: u16, y: u16) {
        let height = self.areas().messages.height;
        let Some(seen) = self.visible() else { return };
        let Some(row) = usize::from(y).checked_sub(usize::from(height).saturating_sub(seen.lines.len())) else {
            return;
        };
        let link = seen.links.iter().find(|link| link.line == row && link.columns.contains(&x));
        if let Some(url) = link.map(|link| link.url.to_string()) {
            return self.follow(url);
        }
        if let Some(seq) = seen.of.get(row).copied().flatten() {
            if self.selection.is_none() {
                self.select();
            }
            self.select_at(seq);
        }
    }
}
