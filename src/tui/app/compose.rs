//! The composer: what is written in each conversation, what keys do to it, and how a finished line becomes words, a
//! command, or an error. Moves and deletions go by grapheme, as a person sees characters.

use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use super::super::keys::Action;
use super::super::theme::Role;
use super::super::wrap::{fit, untab, width, wrap};
use super::{App, Effect, Scroll};
use crate::client::chat::Ask;
use crate::client::outbox::Record;
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::slash::{self, At, Line};
use crate::protocol::text::Text;

/// Bytes of one draft: eight texts of the longest kind. More than that was pasted by mistake.
const DRAFT_BYTES: usize = 64 * 1024;

/// Lines written that are remembered.
const HISTORY: usize = 200;

/// What is written, as it is seen at some width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its lines.
    pub lines: Vec<String>,
    /// Column and line of the caret.
    pub caret: (usize, usize),
    /// Whether there is nothing.
    pub empty: bool,
}

/// An empty composer.
pub fn field() -> TextArea<'static> {
    TextArea::default()
}

impl App {
    /// The draft of the conversation on the screen.
    pub fn composer(&self) -> &TextArea<'static> {
        self.here.as_ref().and_then(|here| self.composers.get(here)).unwrap_or(&self.nowhere)
    }

    pub(super) fn composer_mut(&mut self) -> &mut TextArea<'static> {
        match &self.here {
            Some(here) => self.composers.entry(here.clone()).or_insert_with(field),
            None => &mut self.nowhere,
        }
    }

    /// What is written, wrapped, with its caret.
    pub fn composed(&self, columns: u16) -> Written {
        let area = self.composer();
        let cursor = area.cursor();
        // One column is kept for the caret behind a full line.
        let room = usize::from(columns).saturating_sub(1).max(1);
        let mut written = Written { empty: area.is_empty(), ..Written::default() };
        for (row, line) in area.lines().iter().enumerate() {
            let at: usize = line.chars().take(cursor.1).map(char::len_utf8).sum();
            let pieces = wrap(line, room);
            let last = pieces.len() - 1;
            for (n, piece) in pieces.into_iter().enumerate() {
                if row == cursor.0 && at >= piece.start && (at < piece.end || n == last) {
                    written.caret = (width(&untab(&line[piece.start..at])), written.lines.len());
                }
                written.lines.push(untab(&line[piece]).into_owned());
            }
        }
        written
    }

    /// What stands before the composer.
    pub fn prompt_text(&self, columns: u16) -> String {
        let sign = self.glyphs().prompt;
        match self.chat.me() {
            Some(me) if columns >= 30 => format!(" {} {sign} ", fit(me.name.as_str(), 16, self.glyphs().ellipsis)),
            _ => format!("{sign} "),
        }
    }

    /// What stands in an empty composer.
    pub fn placeholder(&self) -> String {
        match &self.here {
            Some(here) => format!("write to {here}"),
            None => String::new(),
        }
    }

    pub(super) fn compose_typed(&mut self, c: char) {
        if self.fits(c.len_utf8()) {
            self.history_at = None;
            self.composer_mut().insert_char(c);
        }
    }

    /// Text that was pasted. It never sends, however many lines it has.
    pub(super) fn paste(&mut self, text: &str) {
        self.completion = None;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        match self.popup {
            super::Popup::Name => text.lines().next().unwrap_or("").chars().for_each(|c| self.name.typed(c)),
            super::Popup::List { .. } => {}
            super::Popup::None => {
                let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
                if !clean.is_empty() && self.fits(clean.len()) {
                    self.history_at = None;
                    self.composer_mut().insert_str(clean);
                }
            }
        }
    }

    fn fits(&mut self, more: usize) -> bool {
        let written: usize = self.composer().lines().iter().map(|line| line.len() + 1).sum();
        if written + more > DRAFT_BYTES {
            let text = format!(
                "that is too long to write here: at most {} KiB fit; a file is better sent as a link",
                DRAFT_BYTES / 1024
            );
            self.say(text, Role::Error);
            return false;
        }
        true
    }

    /// Puts `text` in the place of so many characters before the caret.
    pub(super) fn replace_before_caret(&mut self, characters: usize, text: &str) {
        let area = self.composer_mut();
        for _ in 0..characters {
            area.move_cursor(CursorMove::Back);
        }
        area.delete_str(characters);
        area.insert_str(text);
    }

    /// Does what an action does to the composer; `false` when it does nothing there.
    pub(super) fn compose_act(&mut self, action: Action) -> bool {
        let cursor = self.composer().cursor();
        let lines = self.composer().lines().len();
        match action {
            Action::Send => self.send(),
            Action::Newline => {
                if self.fits(1) {
                    self.composer_mut().insert_newline();
                }
            }
            Action::Complete => self.complete(false),
            Action::CompletePrevious => self.complete(true),
            Action::Up if cursor.0 > 0 => self.composer_mut().move_cursor(CursorMove::Up),
            Action::Down if cursor.0 + 1 < lines => self.composer_mut().move_cursor(CursorMove::Down),
            Action::Up | Action::HistoryPrevious => self.history_previous(),
            Action::Down | Action::HistoryNext => self.history_next(),
            Action::ClearDraft => {
                self.history_at = None;
                self.composer_mut().clear();
                let undo = self.key_of(Action::Undo);
                self.say(
                    format!("cleared; {undo} brings it back, {} again quits", self.key_of(Action::Quit)),
                    Role::Dim,
                );
            }
            Action::Left => self.back(),
            Action::Right => self.forward(),
            Action::DeleteBack => self.delete_back(),
            Action::DeleteForward => {
                let next = self.graphemes_at_caret().1;
                self.composer_mut().delete_str(next.max(1));
            }
            action => return self.edit(action),
        }
        true
    }

    fn edit(&mut self, action: Action) -> bool {
        let area = self.composer_mut();
        match action {
            Action::WordLeft => area.move_cursor(CursorMove::WordBack),
            Action::WordRight => area.move_cursor(CursorMove::WordForward),
            Action::LineStart => area.move_cursor(CursorMove::Head),
            Action::LineEnd => area.move_cursor(CursorMove::End),
            Action::DeleteWordBack => _ = area.delete_word(),
            Action::DeleteWordForward => _ = area.delete_next_word(),
            Action::KillToStart => _ = area.delete_line_by_head(),
            Action::KillToEnd => _ = area.delete_line_by_end(),
            Action::Yank => _ = area.paste(),
            Action::Undo => _ = area.undo(),
            Action::Redo => _ = area.redo(),
            _ => return false,
        }
        true
    }

    /// Characters (as Rust counts them) of the grapheme before the caret and of the one after it, on its line.
    fn graphemes_at_caret(&self) -> (usize, usize) {
        let area = self.composer();
        let cursor = area.cursor();
        let line = &area.lines()[cursor.0];
        let at: usize = line.chars().take(cursor.1).map(char::len_utf8).sum();
        let before = line[..at].graphemes(true).next_back().map_or(0, |g| g.chars().count());
        let after = line[at..].graphemes(true).next().map_or(0, |g| g.chars().count());
        (before, after)
    }

    fn back(&mut self) {
        for _ in 0..self.graphemes_at_caret().0.max(1) {
            self.composer_mut().move_cursor(CursorMove::Back);
        }
    }

    fn forward(&mut self) {
        for _ in 0..self.graphemes_at_caret().1.max(1) {
            self.composer_mut().move_cursor(CursorMove::Forward);
        }
    }

    fn delete_back(&mut self) {
        match self.graphemes_at_caret().0 {
            // At the start of a line its newline goes; at the very start nothing does.
            0 => _ = self.composer_mut().delete_char(),
            characters => self.replace_before_caret(characters, ""),
        }
    }

    fn history_previous(&mut self) {
        let at = match self.history_at {
            None => {
                self.stash = self.written();
                self.history.len()
            }
            Some(at) => at,
        };
        if let Some(at) = at.checked_sub(1) {
            self.history_at = Some(at);
            let text = self.history[at].clone();
            self.set_draft(&text);
        }
    }

    fn history_next(&mut self) {
        let Some(at) = self.history_at else { return };
        let text = match self.history.get(at + 1) {
            Some(text) => {
                self.history_at = Some(at + 1);
                text.clone()
            }
            None => {
                self.history_at = None;
                std::mem::take(&mut self.stash)
            }
        };
        self.set_draft(&text);
    }

    fn set_draft(&mut self, text: &str) {
        let area = self.composer_mut();
        area.clear();
        area.insert_str(text);
    }

    fn written(&self) -> String {
        self.composer().lines().join("\n")
    }

    fn remember(&mut self, text: String) {
        self.history_at = None;
        self.stash.clear();
        if self.history.last() != Some(&text) {
            self.history.push(text);
        }
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
    }

    fn send(&mut self) {
        if self.keeping {
            return;
        }
        let written = self.written();
        if written.trim().is_empty() {
            return self.say("there is nothing to send: only blanks".to_owned(), Role::Dim);
        }
        match slash::read(&written, At::Screen) {
            Err(error) => self.say(error.to_string(), Role::Error),
            Ok(line) => self.carry_out(line, written),
        }
    }

    fn carry_out(&mut self, line: Line, written: String) {
        let here = self.here.clone();
        match (line, here) {
            (Line::Say(words), Some(to)) => return self.keep(to, &words, false),
            (Line::Me(words), Some(to)) => return self.keep(to, &words, true),
            (Line::Msg(nick, Some(words)), _) => return self.keep(Target::Direct(nick), &words, false),
            (Line::Say(_) | Line::Me(_), None) => {
                return self.say("you are in no room yet; /join #lobby goes to one".to_owned(), Role::Error);
            }
            (Line::Msg(nick, None), _) => self.open_direct(nick),
            (Line::Join(room), _) => self.join(room),
            (Line::Leave(Some(room)), _) => self.ask(Ask::Leave(room)),
            (Line::Leave(None), here) => self.leave(here),
            (Line::Rooms, _) => self.ask(Ask::Rooms),
            (Line::Topic(text), here) => self.topic(here, text),
            (Line::Nick(name), _) => self.ask(Ask::Rename(name)),
            (Line::Who(room), here) => self.who(room, here),
            (Line::Clear, Some(here)) => self.clear(here),
            (Line::Clear, None) => {}
            (Line::Help(of), _) => self.command_help(of.as_deref()),
            (Line::Quit, _) => self.quit_command(),
            // Only raw clients have it: a screen scrolls.
            (Line::History(_), _) => {}
        }
        self.composer_of_command(written);
    }

    /// A command was carried out: its line goes from the composer it was written in.
    fn composer_of_command(&mut self, written: String) {
        for area in self.composers.values_mut().chain([&mut self.nowhere]) {
            if area.lines().join("\n") == written {
                *area = field();
            }
        }
        self.remember(written);
    }

    fn keep(&mut self, to: Target, words: &str, me: bool) {
        let limit = self.chat.text_bytes();
        let text = Text::clean(words);
        if limit > 0 && text.as_str().len() > limit {
            let over = text.as_str().len() - limit;
            let text = format!(
                "too long by {over} bytes (a message holds {} KiB): make it shorter, or two of it",
                limit / 1024
            );
            return self.say(text, Role::Error);
        }
        if text.is_blank() {
            return self.say("there is nothing in it to send".to_owned(), Role::Error);
        }
        self.keeping = true;
        let record = self.chat.draft(to, text, me);
        self.effects.push(Effect::Keep(record));
    }

    /// The outbox has it: only now does the composer forget it.
    pub(super) fn kept(&mut self, record: Record) {
        self.keeping = false;
        let written = self.written();
        self.remember(written);
        *self.composer_mut() = field();
        let to = record.to.clone();
        if self.here.as_ref() != Some(&to) {
            self.go(to.clone());
        }
        self.scrolls.insert(to, Scroll::Bottom);
        self.ask(Ask::Say(record));
    }

    fn open_direct(&mut self, nick: Nick) {
        self.go(Target::Direct(nick));
    }

    fn join(&mut self, room: RoomName) {
        let to = Target::Room(room.clone());
        match self.chat.talk(&to).is_some() {
            true => self.go(to),
            false => self.ask(Ask::Join(room)),
        }
    }

    fn leave(&mut self, here: Option<Target>) {
        match here {
            Some(Target::Room(room)) => self.ask(Ask::Leave(room)),
            Some(to @ Target::Direct(_)) => {
                self.ask(Ask::Hide(to));
            }
            None => self.say("you are in no room".to_owned(), Role::Error),
        }
    }

    fn topic(&mut self, here: Option<Target>, text: Option<String>) {
        match (here, text) {
            (Some(Target::Room(room)), Some(text)) => self.ask(Ask::Topic(room, Text::clean(&text))),
            (Some(to @ Target::Room(_)), None) => {
                let topic = self.chat.talk(&to).map(|talk| talk.topic.one_line().into_owned()).unwrap_or_default();
                let text =
                    if topic.is_empty() { format!("{to} has no topic") } else { format!("topic of {to}: {topic}") };
                self.say(text, Role::Text);
            }
            (Some(Target::Direct(_)), _) => self.say("only rooms have a topic".to_owned(), Role::Error),
            (None, _) => self.say("you are in no room".to_owned(), Role::Error),
        }
    }

    fn who(&mut self, room: Option<RoomName>, here: Option<Target>) {
        let of_here = match here {
            Some(Target::Room(room)) => Some(room),
            _ => None,
        };
        let room = room.or(of_here);
        self.asked_people = true;
        self.ask(Ask::Who(room));
    }

    fn clear(&mut self, here: Target) {
        if let Some(talk) = self.chat.talk(&here) {
            self.cleared.insert(here.clone(), talk.head);
            self.scrolls.insert(here, Scroll::Bottom);
        }
    }
}
