//! The question for a name: checked as one types, with what the host said when it was refused, and with the name that is
//! in use on this machine offered apart.

use tui_input::{Input, InputRequest};

use super::super::keys::Action;
use super::super::wrap::width;
use super::{App, Effect, Popup};
use crate::client::chat::Ask;
use crate::protocol::event::Refusal;
use crate::protocol::names::{NameError, Nick};

/// Characters of the field: a name has 32 columns; more only shows that it is too long.
const FIELD: usize = 64;

/// The state of the question.
#[derive(Clone, Debug, Default)]
pub struct NamePrompt {
    field: Input,
    second: Option<Nick>,
    refused: Option<Refusal>,
    suggestion: usize,
}

impl NamePrompt {
    /// A question with this answer to begin with; `second` is a name in use on this machine.
    pub fn new(prefill: Option<Nick>, second: Option<Nick>) -> NamePrompt {
        let field = Input::new(prefill.map(|nick| nick.to_string()).unwrap_or_default());
        NamePrompt { field, second, ..NamePrompt::default() }
    }

    /// The host wants another one, or the first.
    pub fn refuse(&mut self, refused: Option<Refusal>) {
        if refused.is_some() {
            self.suggestion = 0;
            self.refused = refused;
        }
    }

    /// A character was typed.
    pub fn typed(&mut self, c: char) {
        if self.field.value().chars().count() < FIELD && !c.is_control() {
            self.refused = None;
            self.field.handle(InputRequest::InsertChar(c));
        }
    }

    fn answer(&self) -> Result<Nick, String> {
        let text = self.field.value().trim();
        if let (true, Some(second)) = (text.is_empty(), &self.second) {
            return Ok(second.clone());
        }
        let name = Nick::parse(text).map_err(|why: NameError| why.to_string())?;
        match name.claimable() {
            true => Ok(name),
            false => Err("this name cannot be owned, choose another".to_owned()),
        }
    }
}

impl App {
    pub(super) fn name_act(&mut self, action: Action) {
        let request = match action {
            Action::Accept => return self.name_accept(),
            Action::ListDown | Action::ListUp => return self.name_suggest(action == Action::ListDown),
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
            Action::KillToStart => InputRequest::DeleteFromStart,
            Action::KillToEnd => InputRequest::DeleteTillEnd,
            Action::Yank => InputRequest::Yank,
            _ => return,
        };
        self.name.refused = None;
        self.name.field.handle(request);
    }

    fn name_accept(&mut self) {
        let Ok(name) = self.name.answer() else { return };
        self.popup = Popup::None;
        self.effects.push(Effect::Named(name.clone()));
        self.ask(Ask::EnterAs(name));
    }

    /// Puts the next free name of the host's into the field.
    fn name_suggest(&mut self, down: bool) {
        let Some(refused) = &self.name.refused else { return };
        let many = refused.try_names.len();
        let Some(name) = refused.try_names.get(self.name.suggestion % many.max(1)) else { return };
        self.name.field = Input::new(name.to_string());
        self.name.suggestion = (self.name.suggestion + if down { 1 } else { many - 1 }) % many;
    }

    /// What is in the field, and the column of the caret.
    pub fn name_field(&self) -> (String, usize) {
        let value = self.name.field.value();
        let before: String = value.chars().take(self.name.field.cursor()).collect();
        (value.to_owned(), width(&before))
    }

    /// Whether the first line of [`App::name_help`] is a refusal.
    pub fn name_refused(&self) -> bool {
        self.name.refused.is_some() || (self.name.answer().is_err() && !self.name.field.value().is_empty())
    }

    /// What is said under the field.
    pub fn name_help(&self) -> Vec<String> {
        let prompt = &self.name;
        let enter = self.key_of(Action::Accept);
        if let Some(refused) = &prompt.refused {
            let mut lines = vec![refused.text.clone()];
            if !refused.try_names.is_empty() {
                let names: Vec<String> = refused.try_names.iter().map(ToString::to_string).collect();
                lines.push(format!("Free: {}. {} takes one of them.", names.join(", "), self.key_of(Action::ListDown)));
            }
            return lines;
        }
        match (prompt.field.value().trim().is_empty(), prompt.answer(), &prompt.second) {
            (true, _, Some(second)) => vec![
                format!("{enter}: second screen of {second}, who is here on this machine already."),
                "Or write another name, to be somebody else.".to_owned(),
            ],
            (true, _, None) => vec![
                "Up to 32 letters, digits and signs, no blanks.".to_owned(),
                "A key made on this machine makes the name yours on this host.".to_owned(),
            ],
            (false, Err(why), _) => vec![why],
            (false, Ok(name), _) => vec![format!("{enter} goes in as {name}.")],
        }
    }
}
