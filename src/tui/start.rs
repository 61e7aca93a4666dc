//! The screen that asks where to go, when one came without saying so and nobody hosts on this machine: hosts on the network
//! as they come and go, servers one was at, and hosting oneself. [`Start`] is the mind of it and decides nothing but where;
//! drawing is in `view`, the loop in `run`.

mod run;
mod view;

pub use run::run;

use tui_input::{Input as Field, InputRequest};

use super::keys::{Action, Context, Key, Keymap};
use super::recent::{Recent, shown};
use crate::client::address::Address;
use crate::client::discover::{HOSTS, Nearby, News};

/// Characters of what is typed: an invitation is the longest.
const FIELD: usize = 512;

/// Where one goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To a host.
    Join(Address),
    /// Hosting, on this machine alone.
    Host,
    /// Hosting for the network.
    HostLan,
    /// Nowhere.
    Quit,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// A click on the row that begins at this line of the list.
    Click(usize),
    /// On the network.
    News(News),
    /// The network cannot be looked at, and why.
    Blind(String),
}

/// A line to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// More of it.
    pub detail: String,
    /// Where it leads.
    pub goal: Goal,
}

/// What stands in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Over what follows.
    Heading(&'static str),
    /// Nothing to choose.
    Words(String),
    /// Something to choose, by its number among those.
    Row(usize),
    /// Nothing.
    Blank,
}

/// The mind.
pub struct Start {
    field: Field,
    nearby: Vec<Nearby>,
    blind: Option<String>,
    recent: Vec<(Recent, String)>,
    chosen: usize,
    /// What was typed is no address, and why.
    wrong: Option<String>,
}

impl Start {
    /// With the servers of before, each with how long ago that was.
    pub fn new(recent: Vec<(Recent, String)>) -> Start {
        Start { field: Field::default(), nearby: Vec::new(), blind: None, recent, chosen: 0, wrong: None }
    }

    /// Takes in one thing that happened; where it leads, if that is decided.
    pub fn handle(&mut self, input: Input, keys: &Keymap) -> Option<Goal> {
        match input {
            Input::Key(key) => return self.key(key, keys),
            Input::Paste(text) => {
                let line = text.lines().next().unwrap_or_default();
                line.chars().filter(|c| !c.is_control()).for_each(|c| self.typed(c));
            }
            Input::Click(at) => {
                if let Some(Line::Row(row)) = self.lines().get(at) {
                    return self.rows().get(*row).map(|row| row.goal.clone());
                }
            }
            Input::News(News::Here(nearby)) => self.here(*nearby),
            Input::News(News::Gone(id)) => self.gone(&id),
            Input::Blind(why) => self.blind = Some(why),
        }
        None
    }

    /// A host is there. Whoever has chosen another row keeps it under the bar.
    fn here(&mut self, nearby: Nearby) {
        let kept = self.under();
        match self.nearby.iter().position(|one| one.id == nearby.id) {
            Some(at) => self.nearby[at] = nearby,
            None if self.nearby.len() < HOSTS => self.nearby.push(nearby),
            None => {}
        }
        self.nearby.sort_by(|a, b| (&a.said.name, &a.id).cmp(&(&b.said.name, &b.id)));
        self.put_under(kept);
    }

    fn gone(&mut self, id: &str) {
        let kept = self.under();
        self.nearby.retain(|one| one.id != id);
        self.put_under(kept);
    }

    fn under(&self) -> Option<Goal> {
        // Nobody has chosen yet, so what comes first is under the bar.
        (self.chosen > 0).then(|| self.rows().get(self.chosen).map(|row| row.goal.clone())).flatten()
    }

    fn put_under(&mut self, kept: Option<Goal>) {
        let rows = self.rows();
        let at = kept.and_then(|kept| rows.iter().position(|row| row.goal == kept));
        self.chosen = at.unwrap_or_else(|| self.chosen.min(rows.len().saturating_sub(1)));
    }

    fn key(&mut self, key: Key, keys: &Keymap) -> Option<Goal> {
        let many = self.rows().len();
        let request = match (keys.lookup(Context::Dialog, key), key.typed()) {
            (Some(Action::Quit | Action::QuitNow), _) => return Some(Goal::Quit),
            (Some(Action::Cancel), _) if self.typed_text().is_empty() => return Some(Goal::Quit),
            (Some(Action::Cancel), _) => {
                self.field = Field::default();
                self.changed();
                return None;
            }
            (Some(Action::Accept), _) => return self.accept(),
            (Some(Action::ListDown | Action::ScrollDown), _) => {
                self.chosen = if self.chosen + 1 < many { self.chosen + 1 } else { 0 };
                return None;
            }
            (Some(Action::ListUp | Action::ScrollUp), _) => {
                self.chosen = self.chosen.checked_sub(1).unwrap_or(many.saturating_sub(1));
                return None;
            }
            (Some(Action::Left), _) => InputRequest::GoToPrevChar,
            (Some(Action::Right), _) => InputRequest::GoToNextChar,
            (Some(Action::LineStart), _) => InputRequest::GoToStart,
            (Some(Action::LineEnd), _) => InputRequest::GoToEnd,
            (Some(Action::DeleteBack), _) => InputRequest::DeletePrevChar,
            (Some(Action::DeleteForward), _) => InputRequest::DeleteNextChar,
            (Some(Action::DeleteWordBack), _) => InputRequest::DeletePrevWord,
            (Some(Action::KillToStart), _) => InputRequest::DeleteFromStart,
            (Some(Action::KillToEnd), _) => InputRequest::DeleteTillEnd,
            (Some(_), _) => return None,
            (None, Some(c)) => {
                self.typed(c);
                return None;
            }
            (None, None) => return None,
        };
        self.field.handle(request);
        self.changed();
        None
    }

    fn typed(&mut self, c: char) {
        if self.field.value().chars().count() < FIELD {
            self.field.handle(InputRequest::InsertChar(c));
            self.changed();
        }
    }

    fn changed(&mut self) {
        self.wrong = None;
        self.chosen = 0;
    }

    fn accept(&mut self) -> Option<Goal> {
        if let Some(row) = self.rows().get(self.chosen) {
            return Some(row.goal.clone());
        }
        self.wrong = self.typed_text().parse::<Address>().err();
        None
    }

    fn typed_text(&self) -> &str {
        self.field.value().trim()
    }

    /// All that can be chosen, in order.
    pub fn rows(&self) -> Vec<Row> {
        self.groups().into_iter().flat_map(|(_, rows)| rows).collect()
    }

    fn groups(&self) -> Vec<(&'static str, Vec<Row>)> {
        let typed = self.typed_text().to_lowercase();
        let fits = |row: &Row| {
            let whole = format!("{} {}", row.label, row.detail).to_lowercase();
            typed.split_whitespace().all(|word| whole.contains(word))
        };
        let nearby = self.nearby.iter().map(|one| {
            let how = match (one.said.open, one.said.here) {
                (true, here) => format!("{here} there, open to all"),
                (false, here) => format!("{here} there, by invitation"),
            };
            let detail = format!("{how}, {}", one.address.authority);
            Row { label: one.said.name.clone(), detail, goal: Goal::Join(one.address.clone()) }
        });
        let recent = self.recent.iter().map(|(one, ago)| {
            let unread = if one.unread > 0 { format!(", {} unread then", one.unread) } else { String::new() };
            let detail = format!("{}, {ago}{unread}", shown(&one.address));
            Row { label: one.name.clone(), detail, goal: Goal::Join(one.address.clone()) }
        });
        let row = |label: &str, detail: &str, goal| Row { label: label.into(), detail: detail.into(), goal };
        let own = [
            row("Host here", "on this machine alone, port 8080", Goal::Host),
            row("Host for your network", "encrypted, for whom you invite", Goal::HostLan),
        ];
        let mut groups = vec![
            ("ON THIS NETWORK", nearby.filter(fits).collect()),
            ("RECENT", recent.filter(fits).collect()),
            ("HOST", own.into_iter().filter(fits).collect::<Vec<_>>()),
        ];
        // What looks like an address is one, whatever else it fits.
        let address = self.typed_text().parse::<Address>().ok().filter(|_| !typed.is_empty());
        if let Some(address) = address {
            let row =
                Row { label: format!("Go to {}", shown(&address)), detail: String::new(), goal: Goal::Join(address) };
            let known = groups.iter().any(|(_, rows)| !rows.is_empty()) && !typed.contains(['.', ':', '/']);
            let at = if known { groups.len() } else { 0 };
            groups.insert(at, ("ADDRESS", vec![row]));
        }
        groups
    }

    /// The list as it stands on the screen.
    pub fn lines(&self) -> Vec<Line> {
        let (mut lines, mut at) = (Vec::new(), 0);
        for (heading, rows) in self.groups() {
            let looking = heading == "ON THIS NETWORK" && self.typed_text().is_empty();
            if rows.is_empty() && !looking {
                continue;
            }
            if !lines.is_empty() {
                lines.push(Line::Blank);
            }
            lines.push(Line::Heading(heading));
            if rows.is_empty() {
                lines.push(Line::Words(match &self.blind {
                    Some(why) => format!("cannot be looked at: {why}"),
                    None => "nobody hosts here yet".to_owned(),
                }));
            }
            for _ in rows {
                lines.push(Line::Row(at));
                at += 1;
            }
        }
        if at == 0 {
            lines.push(Line::Words("nothing fits; write an address, as chat.example or 192.168.1.5:8080".to_owned()));
        }
        lines
    }

    /// The row under the bar, by its number.
    pub fn chosen(&self) -> usize {
        self.chosen
    }

    /// What is typed, and the characters before the caret.
    pub fn field(&self) -> (&str, usize) {
        (self.field.value(), self.field.cursor())
    }

    /// Why what was typed leads nowhere.
    pub fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }
}

#[cfg(test)]
mod tests;
