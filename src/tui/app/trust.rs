//! The question whether a host is the right one: what it shows, what that may mean, and the one answer that is taken. A
//! certificate that changed is no question, only told. How certificates are checked is `client::trust`'s.

use super::{App, Effect, Popup};
use crate::client::trust::Distrust;

impl App {
    pub(super) fn distrusted(&mut self, why: &Distrust) {
        let (title, lines) = match why {
            Distrust::Stranger { found } => {
                self.stranger = Some(*found);
                let lines = [
                    format!("{} is new to you, and nobody vouches for it.", self.address),
                    String::new(),
                    "The fingerprint of its certificate is".to_owned(),
                    format!("  {}", found.spoken()),
                    String::new(),
                    "Ask whoever hosts it whether that is what /host shows there: otherwise somebody between"
                        .to_owned(),
                    "you could have answered. An invitation from there needs no question.".to_owned(),
                    String::new(),
                    "y trusts it from now on, Esc does not connect.".to_owned(),
                ];
                ("Is this the right host?", lines.to_vec())
            }
            Distrust::Changed { expected, found } => {
                self.stranger = None;
                let lines = [
                    format!("{} has another certificate than it should. Nothing was said to it.", self.address),
                    String::new(),
                    "It should have".to_owned(),
                    format!("  {}", expected.spoken()),
                    "but it has".to_owned(),
                    format!("  {}", found.spoken()),
                    String::new(),
                    "Either its owner made a new one, or another machine has this address now, or somebody between"
                        .to_owned(),
                    "you answers in its place. Ask the owner, and come by a new invitation; or take its line out of"
                        .to_owned(),
                    "the file known_hosts, and look at the fingerprint well when you are asked.".to_owned(),
                ];
                ("Not the host you know", lines.to_vec())
            }
            // One line says it all, and the status line has it.
            Distrust::Invalid(_) => return,
        };
        self.popup = Popup::List { title: title.into(), lines, scroll: 0 };
    }

    /// A letter typed while the question stands. Whether it was the answer.
    pub(super) fn trusts(&mut self, typed: char) -> bool {
        if !typed.eq_ignore_ascii_case(&'y') {
            return false;
        }
        let Some(print) = self.stranger.take() else { return false };
        self.popup = Popup::None;
        self.effects.push(Effect::Trust(print));
        true
    }
}
