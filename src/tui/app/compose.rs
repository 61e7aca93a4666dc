//! The composer: what is written in each conversation, what keys do to it, and how a finished line becomes words, a
//! command, or an error. Moves and deletions go by grapheme, as a person sees characters.

use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use super::super::keys::Action;
use super::super::theme::Role;
use super::super::wrap::{fit, untab, width, wrap};
use super::pick::{Choice, Item, Pasted};
use super::typed::About;
use super::{App, Effect, Scroll, select};
use crate::client::chat::{Ask, Delivery};
use crate::client::outbox::Record;
use crate::protocol::entry::{Seq, What};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::secret::Password;
use crate::protocol::slash::{self, At, Line};
use crate::protocol::text::Text;

/// Bytes of one draft: eight texts of the longest kind. More than that was pasted by mistake.
const DRAFT_BYTES: usize = 64 * 1024;

/// From so many lines on a paste asks what it is to be: one that was meant to be sent would be a wall, and one that was
/// made by mistake a flood.
const ASK_FROM: usize = 6;

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

/// What the next line is about, besides the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// It answers this message.
    Reply(Seq),
    /// It takes the place of these words.
    Edit {
        /// Of this message.
        of: Seq,
        /// What was being written before.
        stash: String,
    },
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

    /// What the next line is about.
    pub fn aimed(&self) -> Option<&Aim> {
        self.aims.get(self.here.as_ref()?)
    }

    pub(super) fn aim(&mut self, aim: Option<Aim>) {
        let Some(here) = self.here.clone() else { return };
        // Of an edit that is given up, what was being written before comes back.
        if let Some(Aim::Edit { stash, .. }) = self.aims.remove(&here) {
            self.set_draft(&stash);
        }
        if let Some(aim) = aim {
            self.aims.insert(here, aim);
        }
    }

    pub(super) fn begin_edit(&mut self, of: Seq, text: &str) {
        self.aim(None);
        let stash = self.written();
        self.aim(Some(Aim::Edit { of, stash }));
        self.set_draft(text);
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
            if c == ':' {
                self.name_to_emoji();
            }
            self.typing();
        }
    }

    /// `:tada:` at the caret becomes the emoji; undo brings the name back.
    fn name_to_emoji(&mut self) {
        let area = self.composer();
        let cursor = area.cursor();
        let line: Vec<char> = area.lines()[cursor.0].chars().take(cursor.1).collect();
        let Some((_, named)) = line.split_last() else { return };
        let Some(start) = named.iter().rposition(|c| *c == ':') else { return };
        let alone = start == 0 || named[start - 1].is_whitespace();
        let name: String = named[start + 1..].iter().collect();
        if let Some(emoji) = emojis::get_by_shortcode(&name).filter(|_| alone && !name.is_empty()) {
            self.replace_before_caret(line.len() - start, emoji.as_str());
        }
    }

    /// Text that was pasted. It never sends, however many lines it has.
    pub(super) fn paste(&mut self, text: &str) {
        self.completion = None;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        match &self.popup {
            super::Popup::Pick(_) => text.lines().next().unwrap_or("").chars().for_each(|c| self.pick_typed(c)),
            super::Popup::Find(_) => text.lines().next().unwrap_or("").chars().for_each(|c| self.find_typed(c)),
            super::Popup::Name => text.lines().next().unwrap_or("").chars().for_each(|c| self.name.typed(c)),
            super::Popup::List { .. } | super::Popup::Press(_) | super::Popup::Card(_) => {}
            super::Popup::None => {
                let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
                if clean.is_empty() || !self.fits(clean.len()) {
                    return;
                }
                self.deselect();
                let lines = clean.trim_end().lines().count();
                if lines >= ASK_FROM {
                    return self.ask_pasted(clean, lines);
                }
                self.history_at = None;
                self.composer_mut().insert_str(clean);
            }
        }
    }

    fn ask_pasted(&mut self, text: String, lines: usize) {
        let choices = [
            ("Write it into the message", Pasted::Edit),
            ("Send it as it is", Pasted::Send),
            ("Send it as code", Pasted::Code),
        ];
        let items = choices.map(|(label, how)| Item {
            label: label.to_owned(),
            detail: String::new(),
            choice: Choice::Paste(how, text.clone()),
        });
        self.pick(format!("{lines} lines were pasted"), items.into());
    }

    /// What was chosen for a long paste. What stood in the composer before is sent with it, above.
    pub(super) fn pasted(&mut self, how: Pasted, text: &str) {
        let text = match how {
            Pasted::Edit | Pasted::Send => text.to_owned(),
            Pasted::Code => {
                // A fence that is longer than any in the text.
                let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                let fence = "`".repeat(longest.max(2) + 1);
                let above = if self.composer().is_empty() { "" } else { "\n" };
                format!("{above}{fence}\n{}\n{fence}", text.trim_end())
            }
        };
        self.history_at = None;
        self.composer_mut().insert_str(text);
        if how != Pasted::Edit {
            self.send();
        }
    }

    /// What the person's editor was left with.
    pub(super) fn edited(&mut self, text: &str) {
        let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        if clean.len() > DRAFT_BYTES {
            self.fits(DRAFT_BYTES + 1);
            return;
        }
        self.write_instead(clean.trim_end_matches('\n'));
        self.wrote();
    }

    /// Something else stands in the composer from now on; undo brings back what did.
    pub(super) fn write_instead(&mut self, text: &str) {
        self.history_at = None;
        self.set_draft(text);
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

    /// The message that is being edited, if one is.
    pub(super) fn aimed_edit(&self) -> Option<Seq> {
        match self.aimed() {
            Some(Aim::Edit { of, .. }) => Some(*of),
            _ => None,
        }
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
            Action::SearchHistory => self.pick_history(),
            Action::Unsend => self.unsend(),
            Action::Editor => self.effects.push(Effect::Editor(self.written())),
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
            Action::KillToEnd => {
                // With nothing to the right there is nothing to cut: then it is the key of those who switch rooms by it.
                let (row, column) = (area.cursor().0, area.cursor().1);
                let last = row + 1 == area.lines().len() && column == area.lines()[row].chars().count();
                match last {
                    true => self.go_to(),
                    false => _ = self.composer_mut().delete_line_by_end(),
                }
            }
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
        // A password is in nobody's history: what stands before it is.
        let text = slash::without_password(&text).unwrap_or(text);
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
        if let (None, Some(change)) = (self.aimed(), Substitution::read(&written)) {
            return self.substitute(&change);
        }
        match slash::read(&written, At::Screen) {
            Err(error) => self.say(error.to_string(), Role::Error),
            Ok(line) => self.carry_out(line, written),
        }
    }

    pub(super) fn carry_out(&mut self, line: Line, written: String) {
        let here = self.here.clone();
        match (line, here) {
            (Line::Say(words), Some(to)) => return self.keep_aimed(to, &words, false),
            (Line::Me(words), Some(to)) => return self.keep_aimed(to, &words, true),
            (Line::Msg(nick, Some(words)), _) => return self.keep_said(Target::Direct(nick), &words, false, None),
            (Line::Say(_) | Line::Me(_), None) => {
                return self.say("you are in no room yet; /join #lobby goes to one".to_owned(), Role::Error);
            }
            (Line::Msg(nick, None), _) => self.open_direct(nick),
            (Line::Join(room, password), _) => self.join(room, password),
            (Line::Leave(Some(room)), _) => self.ask(Ask::Leave(room)),
            (Line::Leave(None), here) => self.leave(here),
            (Line::Rooms, _) => self.ask(Ask::Rooms),
            (Line::InviteTo(name, room), _) => self.invite_in(name, room),
            (Line::Invite(room, once, lasts), _) => self.invite(room, once, lasts),
            (Line::Invites, _) => self.ask(Ask::Invites),
            (Line::Revoke(number), _) => self.ask(Ask::Uninvite(number)),
            (Line::Hook(Some(room), name), _) | (Line::Hook(None, name), Some(Target::Room(room))) => {
                self.ask(Ask::Hook(room, name));
            }
            (Line::Hook(None, _), _) => {
                self.say("a webhook speaks in a room: /hook #room".to_owned(), Role::Error);
            }
            (Line::Hooks, _) => self.ask(Ask::Hooks),
            (Line::RevokeHook(number), _) => self.ask(Ask::Unhook(number)),
            (Line::Host, _) => self.show_host(),
            (Line::AddDevice, _) => self.ask(Ask::AddDevice),
            (Line::Devices, _) => self.ask(Ask::Devices),
            (Line::RemoveDevice(number), _) => self.ask(Ask::RemoveDevice(number)),
            (Line::Topic(text), here) => self.topic(here, text),
            (Line::Nick(name), _) => self.ask(Ask::Rename(name)),
            (Line::Who(room), here) => self.who(room, here),
            (Line::Edit(Some(words)), _) => return self.edit_command(Some(words)),
            (Line::Edit(None), _) => {
                self.composer_of_command(written);
                return self.edit_command(None);
            }
            (Line::Select, _) => self.select(),
            (Line::Reply(of, words), _) => return self.about(of, About::Reply(words)),
            (Line::React(of, sign), _) => self.about(of, About::React(sign)),
            (Line::Delete(of), _) => self.about(of, About::Delete),
            (Line::Editor, _) => {
                self.composer_of_command(written);
                return self.effects.push(Effect::Editor(self.written()));
            }
            (Line::Search(words), _) => self.find(&words, false),
            (Line::Mentions, _) => self.find("", true),
            (Line::GoTo(place), _) => self.go_to_said(&place),
            (Line::Unread, _) => self.first_unread(),
            (Line::Mute(time), _) => self.mute(time.as_deref()),
            (Line::Unmute, _) => self.unmute(),
            (Line::Dnd(time), _) => self.do_not_disturb(time.as_deref()),
            (Line::Away, _) => self.toggle_away(),
            (Line::Pin, _) => self.toggle_pin(),
            (Line::Archive, _) => self.toggle_archive(),
            (Line::Unsend, _) => {
                self.composer_of_command(written);
                return self.unsend();
            }
            (Line::Bare, _) => self.toggle_bare(),
            (Line::Theme(None), _) => self.pick_theme(),
            (Line::Theme(Some(name)), _) => self.set_command(Some("theme"), Some(&name)),
            (Line::Order(ordered), _) => self.order(ordered),
            (Line::Set(change), _) => self.set_room(change),
            (Line::Toggle(which), _) => self.toggle_room(which),
            (Line::MakePrivate(room), _) => self.make_private(room),
            (Line::DeleteRoom(room), _) => self.ask_delete_room(room),
            (Line::Bans(host), _) => self.ask_bans(host),
            (Line::Audit(lines), _) => self.ask(Ask::Audit(lines)),
            (Line::Ignore(name), _) => self.ignore(name),
            (Line::Unignore(name), _) => self.unignore(&name),
            (Line::Setting(name, value), _) => {
                self.composer_of_command(written);
                return self.set_command(name.as_deref(), value.as_deref());
            }
            (Line::Keys, _) => self.pick_key(),
            (Line::Reload, _) => self.effects.push(Effect::Reload { asked: true }),
            (Line::Mouse(on), _) => self.use_mouse(on),
            (Line::Notify(level), _) => self.notify_level(&level),
            (Line::Go, _) => self.go_to(),
            (Line::Back, _) => self.go_back(),
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

    /// Says it, or makes it the answer or the edit that is being written.
    fn keep_aimed(&mut self, to: Target, words: &str, me: bool) {
        match self.aimed() {
            Some(Aim::Edit { of, .. }) => {
                let of = *of;
                self.keep_edited(to, of, words);
            }
            Some(Aim::Reply(of)) => {
                let of = *of;
                self.keep_said(to, words, me, Some(of));
            }
            None => self.keep_said(to, words, me, None),
        }
    }

    pub(super) fn keep_said(&mut self, to: Target, words: &str, me: bool, reply_to: Option<Seq>) {
        if let Some(text) = self.sendable(words) {
            self.keep(to, What::Said { text, me, reply_to });
        }
    }

    fn keep_edited(&mut self, to: Target, of: Seq, words: &str) {
        let before = self.here_talk().and_then(|talk| talk.timeline.get(of)).map(|shown| select::words(&shown));
        if before.as_deref() == Some(words) {
            self.aim(None);
            return self.say("nothing was changed".to_owned(), Role::Dim);
        }
        if let Some(text) = self.sendable(words) {
            self.keep(to, What::Edited { of, text });
        }
    }

    /// The words as a text, when they may be said.
    fn sendable(&mut self, words: &str) -> Option<Text> {
        let limit = self.chat.text_bytes();
        let text = Text::clean(words);
        if limit > 0 && text.as_str().len() > limit {
            let over = text.as_str().len() - limit;
            let text = format!(
                "too long by {over} bytes (a message holds {} KiB): make it shorter, or two of it",
                limit / 1024
            );
            self.say(text, Role::Error);
            return None;
        }
        if text.is_blank() {
            self.say("there is nothing in it to send".to_owned(), Role::Error);
            return None;
        }
        Some(text)
    }

    fn keep(&mut self, to: Target, what: What) {
        self.keeping = true;
        let record = self.chat.record(to, what);
        self.effects.push(Effect::Keep(record));
    }

    /// The outbox has it: only now does the composer forget it.
    pub(super) fn kept(&mut self, record: Record) {
        let to = record.to.clone();
        match &record.what {
            What::Said { .. } => {
                self.keeping = false;
                self.landing = None;
                let written = self.written();
                self.remember(written);
                self.wrote();
                *self.composer_mut() = field();
                self.aims.remove(&to);
                if self.here.as_ref() != Some(&to) {
                    self.go(to.clone());
                }
                self.scrolls.insert(to, Scroll::Bottom);
            }
            What::Edited { .. } => {
                self.keeping = false;
                self.remember(self.written());
                match self.aimed() {
                    Some(_) => self.aim(None),
                    None => *self.composer_mut() = field(),
                }
            }
            // Not from the composer.
            _ => {}
        }
        let waits = matches!(record.what, What::Said { .. }).then_some(self.look.config.ui.undo_send);
        match waits.filter(|wait| !wait.is_zero()) {
            Some(wait) => {
                let key = self.key_of(Action::Unsend);
                self.ask(Ask::SayLater(record, wait));
                self.say(format!("{key} takes it back"), Role::Dim);
            }
            None => self.ask(Ask::Say(record)),
        }
    }

    /// Takes back what was said last and is not sent yet; it is in the composer again.
    pub(super) fn unsend(&mut self) {
        let Some(here) = self.here.clone() else { return };
        let held = self.chat.pending(&here).filter(|pending| matches!(pending.state, Delivery::Held(_))).last();
        let Some((nonce, What::Said { text, .. })) = held.map(|held| (held.record.nonce, held.record.what.clone()))
        else {
            return self.say("nothing waits to be sent".to_owned(), Role::Dim);
        };
        self.ask(Ask::Discard(nonce));
        let area = self.composer_mut();
        match area.is_empty() {
            true => _ = area.insert_str(text.as_str()),
            false => _ = area.insert_str(format!("\n{text}")),
        }
    }

    /// `s/old/new/`: the last message of one's own is edited.
    fn substitute(&mut self, change: &Substitution) {
        let Some((of, text)) = self.last_own() else {
            return self.say("you said nothing here that could be edited".to_owned(), Role::Error);
        };
        let new = change.apply(text.as_str());
        match (new, self.here.clone()) {
            (Some(new), Some(to)) => self.keep_edited(to, of, &new),
            _ => {
                let text = format!(
                    "“{}” is not in your last message; with a blank in front this line is said as it is",
                    change.old
                );
                self.say(text, Role::Error);
            }
        }
    }

    fn open_direct(&mut self, nick: Nick) {
        self.go(Target::Direct(nick));
    }

    pub(super) fn join(&mut self, room: RoomName, password: Option<Password>) {
        let to = Target::Room(room.clone());
        match self.chat.talk(&to).is_some() {
            true => self.go(to),
            false => self.ask(Ask::Join(room, password)),
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

    /// `/edit`: the last message of one's own, with new words at once or in the composer.
    fn edit_command(&mut self, words: Option<String>) {
        let (Some(words), Some(to)) = (words, self.here.clone()) else { return self.edit_last() };
        match self.last_own() {
            Some((of, _)) => self.keep_edited(to, of, &words),
            None => self.say("you said nothing here that could be edited".to_owned(), Role::Error),
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

/// `s/old/new/`, with `g` behind it everywhere; the sign after the `s` may be another one, as `s|a/b|c|`.
struct Substitution<'a> {
    old: &'a str,
    new: &'a str,
    everywhere: bool,
}

impl<'a> Substitution<'a> {
    fn read(line: &'a str) -> Option<Substitution<'a>> {
        let rest = line.strip_prefix('s')?;
        let sign = rest.chars().next().filter(|c| matches!(c, '/' | '|' | '#' | ','))?;
        let mut parts = rest[1..].split(sign);
        let (old, new, flags) = (parts.next()?, parts.next()?, parts.next()?);
        let ends = parts.next().is_none() && matches!(flags.trim_end(), "" | "g") && !line.contains('\n');
        (ends && !old.is_empty()).then_some(Substitution { old, new, everywhere: flags.starts_with('g') })
    }

    fn apply(&self, text: &str) -> Option<String> {
        text.contains(self.old).then(|| match self.everywhere {
            true => text.replace(self.old, self.new),
            false => text.replacen(self.old, self.new, 1),
        })
    }
}
