//! Invitations on the screen: the card of a new one, with its link and a code that a phone reads, and the list of those
//! there are. Also `/host`, for whoever hosts here. What an invitation opens is the host's business.

use qrcode::{Color, EcLevel, QrCode};

use std::time::Duration;

use super::{App, Popup, Role};
use crate::client::chat::Ask;
use crate::protocol::entry::Timestamp;
use crate::protocol::event::Device;
use crate::protocol::hook::Hook;
use crate::protocol::invite::{Invitation, State};
use crate::protocol::secret::ShortCode;
use crate::protocol::span;
use crate::tui::keys::Action;

/// Light cells around a code: the standard wants four, and phones read two.
pub const QUIET: usize = 2;

/// How long the invitation works that is shown when a host was opened: an evening.
const HANDED_OUT_FOR: Duration = Duration::from_secs(12 * 3600);

/// An invitation, to be handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it is.
    pub title: &'static str,
    /// All that is needed to come in.
    pub link: String,
    /// What it opens, in a line.
    pub what: String,
    /// What may be typed instead of the link.
    pub code: Option<String>,
    /// Cells of a side of the code, with its light border.
    pub side: usize,
    cells: Vec<bool>,
}

impl Card {
    fn new(link: String, what: String) -> Card {
        let title = "Invitation";
        let code = QrCode::with_error_correction_level(link.as_bytes(), EcLevel::L);
        let Ok(code) = code else { return Card { title, link, what, code: None, side: 0, cells: Vec::new() } };
        let (inner, colors) = (code.width(), code.to_colors());
        let side = inner + 2 * QUIET;
        let dark = |at: usize| {
            let (x, y) = ((at % side).checked_sub(QUIET)?, (at / side).checked_sub(QUIET)?);
            (x < inner).then(|| colors.get(y * inner + x).copied()).flatten()
        };
        let cells = (0..side * side).map(|at| dark(at) == Some(Color::Dark)).collect();
        Card { title, link, what, code: None, side, cells }
    }

    /// A link for programs, which need no code to read.
    fn bare(title: &'static str, link: String, what: String) -> Card {
        Card { title, link, what, code: None, side: 0, cells: Vec::new() }
    }

    /// Whether this cell of the code is dark; those outside are light.
    pub fn dark(&self, x: usize, y: usize) -> bool {
        x < self.side && self.cells.get(y * self.side + x).copied().unwrap_or(false)
    }
}

impl App {
    pub(super) fn invitation(&mut self, invitation: &Invitation, link: String, code: Option<&ShortCode>) {
        // By the host's clock alone: that of this machine may be an hour off.
        let what = self.opens(invitation, invitation.made);
        self.popup = Popup::Card(Box::new(Card { code: code.map(ShortCode::spoken), ..Card::new(link, what) }));
    }

    /// What one opens, in words.
    fn opens(&self, one: &Invitation, from: Timestamp) -> String {
        let who = if one.once { "one person" } else { "whoever has it" };
        let room = one.room.as_ref().map(|room| format!(" into {room}")).unwrap_or_default();
        let left = |until: Timestamp| u64::try_from(until.0.saturating_sub(from.0)).unwrap_or(0);
        let until = match one.until {
            Some(until) => format!("for {}", span::show(std::time::Duration::from_millis(left(until)))),
            None => "until it is revoked".to_owned(),
        };
        format!("lets {who} in{room}, {until}")
    }

    pub(super) fn invitations(&mut self, all: &[Invitation]) {
        let mut lines = Vec::new();
        for one in all {
            let state = one.state(self.now.wall);
            let used = match (state, one.used) {
                (State::Open, 0) => String::new(),
                (State::Open, many) => format!(", used {many} times"),
                (over, _) => format!(", {}", over.as_str()),
            };
            let what =
                if state == State::Open { self.opens(one, self.now.wall) } else { "opens nothing any more".to_owned() };
            lines.push(format!(" {:>3}  {what}{used}", one.number));
            lines.push(format!("      by {}, {} {}", one.by, self.day(one.made), self.time(one.made)));
        }
        if lines.is_empty() {
            lines.push(" none; /invite makes one".to_owned());
        }
        lines.extend([String::new(), " /revoke number takes one back".to_owned()]);
        self.popup = Popup::List { title: "Invitations".into(), lines, scroll: 0 };
    }

    pub(super) fn hook(&mut self, hook: &Hook, link: String) {
        let what = format!(
            "webhook {}: what is sent there by POST is said in {} by {}; it is shown this once",
            hook.number, hook.room, hook.name
        );
        self.popup = Popup::Card(Box::new(Card::bare("Webhook", link, what)));
    }

    pub(super) fn hooks(&mut self, all: &[Hook]) {
        let mut lines = Vec::new();
        for one in all {
            lines.push(format!(" {:>3}  {} speaks in {}", one.number, one.name, one.room));
            lines.push(format!("      by {}, {} {}", one.by, self.day(one.made), self.time(one.made)));
        }
        if lines.is_empty() {
            lines.push(" none; /hook makes one for this room".to_owned());
        }
        lines.extend([String::new(), " /hook revoke number takes one back".to_owned()]);
        self.popup = Popup::List { title: "Webhooks".into(), lines, scroll: 0 };
    }

    pub(super) fn device_link(&mut self, link: String, code: Option<&ShortCode>, until: Timestamp) {
        let left = u64::try_from(until.0.saturating_sub(self.now.wall.0)).unwrap_or(0);
        let left = span::show(Duration::from_millis(left));
        let what = format!("makes one more device yours, for {left}; open it there with wschat, quoted");
        self.popup = Popup::Card(Box::new(Card { code: code.map(ShortCode::spoken), ..Card::new(link, what) }));
    }

    pub(super) fn devices(&mut self, all: &[Device], asked: bool) {
        if !asked {
            let text = format!("you have {} devices now; /devices lists them", all.len());
            if matches!(self.popup, Popup::Card(_)) {
                self.popup = Popup::None;
            }
            return self.say(text, Role::Ok);
        }
        let mut lines: Vec<String> = Vec::new();
        for device in all {
            let digits = crate::protocol::entry::hex(&device.key.0[..4]);
            let here = match (device.own, device.screens) {
                (true, _) => "this one",
                (false, 0) => "not here now",
                (false, _) => "here",
            };
            lines.push(format!(" {:>2}  key {digits}  {here}", device.number));
        }
        lines.extend([
            String::new(),
            " /device add makes a link for one more, /device remove number takes one away".into(),
        ]);
        self.popup = Popup::List { title: "Your devices".into(), lines, scroll: 0 };
    }

    pub(super) fn card_act(&mut self, action: Action) {
        let Popup::Card(card) = &self.popup else { return };
        match action {
            Action::Copy => {
                let link = card.link.clone();
                self.copy_text(link, "the link is copied".to_owned());
            }
            Action::Cancel | Action::CloseHelp | Action::Help | Action::Accept => self.popup = Popup::None,
            _ => {}
        }
    }

    /// Once somebody who hosts is in: who may come in besides.
    pub(super) fn say_who_may_come(&mut self) {
        let told = std::mem::replace(&mut self.told_who, true);
        if let (false, Some(hosting)) = (told, &self.hosting) {
            self.say(format!("{}; /host tells more", hosting.who), Role::Text);
        }
    }

    /// Whoever has just opened a host for others sees at once how they come in; once, and while it is of use.
    pub(super) fn hand_out(&mut self) {
        let Some(hosting) = self.hosting.as_mut().filter(|hosting| hosting.invites) else { return };
        hosting.invites = false;
        self.invite(None, false, Some(HANDED_OUT_FOR));
    }

    /// `/host`.
    pub(super) fn show_host(&mut self) {
        let Some(hosting) = &self.hosting else {
            return self.say(format!("the host is {}; it does not run here", self.address), Role::Text);
        };
        let mut lines = hosting.lines.clone();
        lines.extend([String::new(), "/invite makes a link for others".to_owned()]);
        self.popup = Popup::List { title: "This host".into(), lines, scroll: 0 };
    }

    pub(super) fn invite(
        &mut self,
        room: Option<crate::protocol::names::RoomName>,
        once: bool,
        lasts: Option<std::time::Duration>,
    ) {
        self.ask(Ask::Invite { room, once, lasts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_light_border_and_its_three_corners() {
        let card = Card::new("https://192.168.1.5:8080/#?k=abc".into(), String::new());
        assert!(card.side > 21 + 2 * QUIET - 1);
        for at in 0..card.side {
            for border in [0, 1, card.side - 2, card.side - 1] {
                assert!(!card.dark(at, border) && !card.dark(border, at));
            }
        }
        let far = card.side - 1 - QUIET;
        assert!(card.dark(QUIET, QUIET) && card.dark(far, QUIET) && card.dark(QUIET, far));
        assert!(!card.dark(card.side, 0) && !card.dark(0, card.side));
        let much = Card::new("x".repeat(5000), String::new());
        assert_eq!((much.side, much.dark(0, 0)), (0, false));
    }
}
