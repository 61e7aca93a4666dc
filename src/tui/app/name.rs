//! The questions at a host's door. For a name: checked as one types, with what the host said when it was refused, and with
//! the name that is in use on this machine offered apart. For an invitation, where one is needed: its code or its link.

use tui_input::{Input, InputRequest};

use super::super::keys::Action;
use super::super::wrap::width;
use super::{App, Effect, Popup};
use crate::client::address::Address;
use crate::client::chat::Ask;
use crate::protocol::event::{Code, Refusal};
use crate::protocol::names::{NameError, Nick};
use crate::protocol::secret::{ShortCode, Token};

/// Characters of the field: a name has 32 columns, and more only shows that it is too long; a link has fewer than this.
const FIELD: usize = 400;

/// The state of the question.
#[derive(Clone, Debug, Default)]
pub struct NamePrompt {
    field: Input,
    second: Option<Nick>,
    refused: Option<Refusal>,
    suggestion: usize,
    /// An invitation is asked for, to come in under this name.
    invited_as: Option<Nick>,
}

impl NamePrompt {
    /// A question with this answer to begin with; `second` is a name in use on this machine.
    pub fn new(prefill: Option<Nick>, second: Option<Nick>) -> NamePrompt {
        let field = Input::new(prefill.map(|nick| nick.to_string()).unwrap_or_default());
        NamePrompt { field, second, ..NamePrompt::default() }
    }

    /// The host wants another one, or the first; or an invitation of whom it called so.
    pub fn refuse(&mut self, refused: Option<Refusal>, name: Option<&Nick>) {
        let Some(refused) = refused else { return };
        let waits = refused.code == Code::RateLimited && self.invited_as.is_some();
        let invited_as = name.filter(|_| waits || refused.code == Code::NeedsInvite).cloned();
        if self.invited_as.is_some() != invited_as.is_some() {
            // The answer to the other question: a code is no name.
            let again = self.invited_as.as_ref().map(ToString::to_string).unwrap_or_default();
            self.field = Input::new(again);
        }
        self.invited_as = invited_as;
        self.suggestion = 0;
        self.refused = Some(refused);
    }

    /// A code with its sign, or a link, in place of a name: whose name it is has a screen elsewhere, which shows one.
    fn instead(&self) -> Option<Token> {
        let text = self.field.value().trim();
        match text.strip_prefix('#') {
            Some(code) => ShortCode::parse(code).map(|code| code.token()),
            None => text.parse::<Address>().ok().filter(|_| text.contains("://"))?.invite,
        }
    }

    /// The invitation in the field.
    fn token(&self) -> Result<Token, String> {
        let text = self.field.value().trim();
        if let Some(code) = ShortCode::parse(text) {
            return Ok(code.token());
        }
        if !text.contains("://") {
            return Err("That is no code: it has eight letters and digits, as K7QP-3M9X; or paste the link.".to_owned());
        }
        let invite = text.parse::<Address>()?.invite;
        invite.ok_or_else(|| "There is no invitation in this link: it ends behind ?k=".to_owned())
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
        if let Some(name) = self.name.invited_as.clone() {
            let Ok(token) = self.name.token() else { return };
            self.popup = Popup::None;
            self.effects.push(Effect::Invited(token));
            return self.ask(Ask::EnterAs(name));
        }
        if let (Some(token), Some(name)) = (self.name.instead(), self.chat.asked_name().cloned()) {
            self.popup = Popup::None;
            self.effects.push(Effect::Invited(token));
            return self.ask(Ask::EnterAs(name));
        }
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

    /// What is asked for.
    pub fn name_question(&self) -> &'static str {
        match self.name.invited_as {
            Some(_) => "The code of your invitation?",
            None => "What shall you be called?",
        }
    }

    /// Whether the first line of [`App::name_help`] is a refusal.
    pub fn name_refused(&self) -> bool {
        if self.name.invited_as.is_some() {
            return self.name.refused.is_some() || (!self.name.field.value().is_empty() && self.name.token().is_err());
        }
        let empty = self.name.field.value().is_empty();
        self.name.refused.is_some() || (self.name.answer().is_err() && self.name.instead().is_none() && !empty)
    }

    /// What is said under the field.
    pub fn name_help(&self) -> Vec<String> {
        let prompt = &self.name;
        let enter = self.key_of(Action::Accept);
        if let Some(name) = &prompt.invited_as {
            let typed = !prompt.field.value().trim().is_empty();
            return match (&prompt.refused, prompt.token()) {
                (Some(refused), _) => vec![
                    refused.text.clone(),
                    "Whoever invites you sees its code below the link: type it here, or paste the link.".to_owned(),
                ],
                (None, Ok(_)) => vec![format!("{enter} comes in by it as {name}.")],
                (None, Err(why)) if typed => vec![why],
                (None, Err(_)) => vec!["Type the code of the invitation, or paste its link.".to_owned()],
            };
        }
        if let Some(refused) = &prompt.refused {
            let mut lines = vec![refused.text.clone()];
            if !refused.try_names.is_empty() {
                let names: Vec<String> = refused.try_names.iter().map(ToString::to_string).collect();
                lines.push(format!("Free: {}. {} takes one of them.", names.join(", "), self.key_of(Action::ListDown)));
            }
            if refused.code == Code::NameTaken {
                lines.push(
                    "Is it you, elsewhere? /device add there shows a code: write it here with a # before it.".into(),
                );
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
            (false, Err(_), _) if prompt.instead().is_some() && self.chat.asked_name().is_some() => {
                vec![format!("{enter} comes in by this code.")]
            }
            (false, Err(why), _) => vec![why],
            (false, Ok(name), _) => vec![format!("{enter} goes in as {name}.")],
        }
    }
}
