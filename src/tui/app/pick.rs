//! The one list to choose from by typing: what can be done with a message, emoji, links, and where one can go. It filters
//! and knows what is under the bar; what a choice then does is carried out by those who know it.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui_textarea::CursorMove;
use tui_input::{Input, InputRequest};

use super::super::keys::{Action, Context, Group};
use super::super::theme::Role;
use super::{App, Popup};
use crate::client::chat::{Ask, Talk};
use crate::config::settings::Setting;
use crate::protocol::entry::{Emoji, Seq};
use crate::protocol::names::{RoomName, Target};
use crate::protocol::slash::{self, At, COMMANDS};

/// Characters that are filtered by: longer than anything there is to be found.
const FIELD: usize = 100;

/// What happens when it is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing.
    Nothing,
    /// As if its key were pressed.
    Do(Action),
    /// Goes there.
    Go(Target),
    /// Joins, or makes, this room.
    Join(RoomName),
    /// Make an end of a room.
    DeleteRoom(RoomName),
    /// A command: carried out, or put into the composer when it wants more.
    Command(&'static str),
    /// Reacts to the message picked out.
    React(Emoji),
    /// Deletes these messages.
    Delete(Vec<Seq>),
    /// Opens a link.
    Open(String),
    /// Changes a setting, or asks what to.
    Setting(&'static Setting),
    /// Sets it to this.
    Set(&'static Setting, String),
    /// Waits for the key that is to do it.
    Bind(Action),
    /// Puts this into the composer, where the caret is.
    Insert(String),
    /// Looks for this.
    Find(String),
    /// Puts this into the composer, in the place of what is there.
    Write(String),
    /// Does this with a long text that was pasted.
    Paste(Pasted, String),
}

/// What becomes of a long text that was pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// It stands in the composer, to be changed.
    Edit,
    /// It is sent as it is.
    Send,
    /// It is sent as code.
    Code,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is, and what it is found by.
    pub label: String,
    /// Beside it, at the right edge: a key, a count.
    pub detail: String,
    /// What it does.
    pub choice: Choice,
}

/// A list to choose from.
#[derive(Clone, Debug)]
pub struct Pick {
    /// Over it.
    pub title: String,
    field: Input,
    items: Vec<Item>,
    /// Those that fit what was typed, best first.
    fitting: Vec<usize>,
    chosen: usize,
    /// What the first letter means, if this list has letters that mean something.
    signs: bool,
    card: bool,
}

impl Pick {
    fn new(title: String, items: Vec<Item>, signs: bool) -> Pick {
        let mut pick =
            Pick { title, field: Input::default(), items, fitting: Vec::new(), chosen: 0, signs, card: false };
        pick.filter();
        pick
    }

    /// One that is only looked at: what is typed is meant for the composer.
    pub(super) fn card(title: String, items: Vec<Item>) -> Pick {
        Pick { card: true, ..Pick::new(title, items, false) }
    }

    /// What a key can do to it.
    pub(super) fn card_takes(action: Action) -> bool {
        use Action::*;
        matches!(
            action,
            Accept
                | Cancel
                | ListUp
                | ListDown
                | PageUp
                | PageDown
                | ScrollUp
                | ScrollDown
                | Redraw
                | Suspend
                | Quit
                | QuitNow
        )
    }

    /// Whether it is such a one.
    pub fn is_card(&self) -> bool {
        self.card
    }

    /// What was typed, and the column of the caret.
    pub fn field(&self) -> (&str, usize) {
        (self.field.value(), self.field.visual_cursor())
    }

    /// The lines that fit, and the place of the chosen one among them.
    pub fn fitting(&self) -> (impl ExactSizeIterator<Item = &Item>, usize) {
        (self.fitting.iter().map(|at| &self.items[*at]), self.chosen)
    }

    /// Puts the bar on this line; `false` when there is none.
    pub(super) fn put_on(&mut self, at: usize) -> bool {
        if at < self.fitting.len() {
            self.chosen = at;
        }
        at < self.fitting.len()
    }

    /// What the line under the bar does.
    pub(super) fn chosen(&self) -> Option<&Choice> {
        self.fitting.get(self.chosen).map(|at| &self.items[*at].choice)
    }

    /// How many there are to choose from, fitting or not.
    pub fn many(&self) -> usize {
        self.items.len()
    }

    fn filter(&mut self) {
        let typed = self.field.value().trim();
        let (of, typed) = match typed.chars().next() {
            Some(sign @ ('#' | '@' | '>')) if self.signs => (Some(sign), &typed[1..]),
            _ => (None, typed),
        };
        let of_kind = |item: &Item| match of {
            Some('#') => matches!(&item.choice, Choice::Go(Target::Room(_)) | Choice::Join(_)),
            Some('@') => matches!(&item.choice, Choice::Go(Target::Direct(_))),
            Some(_) => matches!(&item.choice, Choice::Do(_) | Choice::Command(_) | Choice::Setting(_)),
            None => true,
        };
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut letters = Vec::new();
        let mut found: Vec<(u32, usize)> = Vec::new();
        for (at, item) in self.items.iter().enumerate().filter(|(_, item)| of_kind(item)) {
            if let Some(score) = pattern.score(Utf32Str::new(&item.label, &mut letters), &mut matcher) {
                found.push((score, at));
            }
        }
        // What fits equally well stays in its order.
        found.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.fitting = found.into_iter().map(|(_, at)| at).collect();
        self.chosen = 0;
    }

    fn typed(&mut self, c: char) {
        if self.field.value().chars().count() < FIELD && !c.is_control() {
            self.field.handle(InputRequest::InsertChar(c));
            self.filter();
        }
    }

    fn step(&mut self, by: isize, round: bool) {
        let many = self.fitting.len() as isize;
        if many > 0 {
            let at = self.chosen as isize + by;
            self.chosen = if round { at.rem_euclid(many) } else { at.clamp(0, many - 1) } as usize;
        }
    }
}

/// What an action does to a field of one line.
pub(super) fn request(action: Action) -> Option<InputRequest> {
    Some(match action {
        Action::Left => InputRequest::GoToPrevChar,
        Action::Right => InputRequest::GoToNextChar,
        Action::WordLeft => InputRequest::GoToPrevWord,
        Action::WordRight => InputRequest::GoToNextWord,
        Action::LineStart => InputRequest::GoToStart,
        Action::LineEnd => InputRequest::GoToEnd,
        Action::DeleteBack => InputRequest::DeletePrevChar,
        Action::DeleteForward => InputRequest::DeleteNextChar,
        Action::DeleteWordBack => InputRequest::DeletePrevWord,
        Action::DeleteWordForward => InputRequest::DeleteNextWord,
        Action::KillToStart => InputRequest::DeleteLine,
        Action::KillToEnd => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}

/// By what they show: a matcher is none of it.
impl PartialEq for Pick {
    fn eq(&self, other: &Pick) -> bool {
        self.title == other.title
            && self.items == other.items
            && self.field.value() == other.field.value()
            && self.chosen == other.chosen
    }
}
impl Eq for Pick {}

impl App {
    pub(super) fn pick(&mut self, title: String, items: Vec<Item>) {
        self.popup = Popup::Pick(Box::new(Pick::new(title, items, false)));
    }

    /// Everything one can go to or do, by name: what needs one first.
    pub(super) fn go_to(&mut self) {
        let mut talks: Vec<&Talk> =
            self.chat.talks().iter().filter(|talk| Some(&talk.to) != self.here.as_ref()).collect();
        talks.sort_by_key(|talk| std::cmp::Reverse(super::rooms::need(talk, self.muted(&talk.to))));
        let mut items: Vec<Item> = Vec::new();
        for talk in talks {
            let detail = match (&talk.to, talk.mentions, talk.unread) {
                (_, _, 0) => String::new(),
                (Target::Room(_), 1.., _) => format!("@{}", talk.mentions),
                (_, _, unread) => unread.to_string(),
            };
            items.push(Item { label: talk.to.to_string(), detail, choice: Choice::Go(talk.to.clone()) });
        }
        let me = self.chat.me().map(|me| me.name.clone());
        for name in self.chat.names().into_iter().filter(|name| Some(name) != me.as_ref()) {
            let to = Target::Direct(name);
            if self.chat.talk(&to).is_none() {
                items.push(Item { label: to.to_string(), detail: String::new(), choice: Choice::Go(to) });
            }
        }
        let doing = |action: &&Action| {
            let chat = action.places().iter().any(|place| matches!(place, Context::Composer | Context::EmptyComposer));
            let typing = matches!(action.group(), Group::Editing | Group::Composing | Group::Dialogs);
            chat && !typing && action.room_index().is_none() && **action != Action::GoTo
        };
        for action in Action::ALL.iter().filter(doing) {
            let label = action.line().to_owned();
            items.push(Item { label, detail: self.key_of(*action), choice: Choice::Do(*action) });
        }
        items.extend(self.setting_items());
        for spec in COMMANDS.iter().filter(|spec| spec.at != At::Plain && spec.name != "go") {
            let label = format!("/{} {}", spec.name, spec.help);
            items.push(Item { label, detail: spec.args.to_owned(), choice: Choice::Command(spec.name) });
        }
        self.popup = Popup::Pick(Box::new(Pick::new("Go to".to_owned(), items, true)));
    }

    /// What was sent before, the newest first.
    pub(super) fn pick_history(&mut self) {
        let mut items: Vec<Item> = Vec::new();
        for text in self.history.iter().rev() {
            let label = text.replace('\n', " ");
            if !items.iter().any(|item| item.label == label) {
                items.push(Item { label, detail: String::new(), choice: Choice::Write(text.clone()) });
            }
        }
        match items.is_empty() {
            true => self.say("you sent nothing yet".to_owned(), Role::Dim),
            false => self.pick("What you sent before".to_owned(), items),
        }
    }

    pub(super) fn pick_typed(&mut self, c: char) {
        if let Popup::Pick(pick) = &mut self.popup {
            pick.typed(c);
            self.offer_new_room();
            self.preview();
        }
    }

    /// A room that nobody made yet can be gone to as well.
    fn offer_new_room(&mut self) {
        let Popup::Pick(pick) = &mut self.popup else { return };
        if !pick.signs {
            return;
        }
        let before = pick.items.len();
        pick.items.retain(|item| !matches!(item.choice, Choice::Join(_)));
        let wish = pick.field.value().trim().strip_prefix('#').and_then(|name| RoomName::parse(name).ok());
        let known = |room: &RoomName| self.chat.talk(&Target::Room(room.clone())).is_some();
        if let Some(room) = wish.filter(|room| !known(room)) {
            let detail = "join, or make it".to_owned();
            pick.items.push(Item { label: room.to_string(), detail, choice: Choice::Join(room) });
        }
        if pick.items.len() != before || pick.items.iter().any(|item| matches!(item.choice, Choice::Join(_))) {
            pick.filter();
        }
    }

    pub(super) fn pick_act(&mut self, action: Action) {
        let page = isize::from(i16::try_from(self.size.1 / 2).unwrap_or(i16::MAX)).max(1);
        let Popup::Pick(pick) = &mut self.popup else { return };
        match action {
            Action::Accept => return self.choose(),
            Action::Cancel => {
                self.popup = Popup::None;
                return self.end_preview();
            }
            Action::ListUp => pick.step(-1, true),
            Action::ListDown => pick.step(1, true),
            Action::PageUp | Action::ScrollUp => pick.step(-page, false),
            Action::PageDown | Action::ScrollDown => pick.step(page, false),
            _ => {}
        }
        self.preview();
        let Popup::Pick(pick) = &mut self.popup else { return };
        let Some(request) = request(action) else { return };
        let before = pick.field.value().to_owned();
        pick.field.handle(request);
        if pick.field.value() != before {
            pick.filter();
            self.offer_new_room();
            self.preview();
        }
    }

    fn choose(&mut self) {
        let Popup::Pick(pick) = &self.popup else { return };
        let Some(choice) = pick.fitting.get(pick.chosen).map(|at| pick.items[*at].choice.clone()) else { return };
        self.popup = Popup::None;
        match choice {
            Choice::Nothing => {}
            Choice::Do(action) => self.act(action),
            Choice::Go(to) => self.go(to),
            Choice::Join(room) => self.join(room, None),
            Choice::DeleteRoom(room) => self.ask(Ask::DeleteRoom(room)),
            Choice::React(emoji) => self.react(emoji),
            Choice::Delete(of) => self.delete(of),
            Choice::Open(link) => self.follow(link),
            Choice::Command(name) => self.command_chosen(name),
            Choice::Setting(setting) => self.setting_chosen(setting),
            Choice::Set(setting, value) => self.set(setting, &value),
            Choice::Bind(action) => self.press_for(action),
            Choice::Insert(text) => _ = self.composer_mut().insert_str(text),
            Choice::Find(words) => self.find(&words, false),
            Choice::Write(text) => self.write_instead(&text),
            Choice::Paste(how, text) => self.pasted(how, &text),
        }
    }

    fn command_chosen(&mut self, name: &str) {
        let wants = slash::spec(name).is_some_and(|spec| !spec.args.is_empty());
        let line = format!("/{name}");
        if wants {
            // What is written already becomes what the command is about.
            let area = self.composer_mut();
            area.move_cursor(CursorMove::Top);
            area.move_cursor(CursorMove::Head);
            area.insert_str(format!("{line} "));
            area.move_cursor(CursorMove::End);
        } else if let Ok(read) = slash::read(&line, At::Screen) {
            self.carry_out(read, line);
        }
    }
}
