//! The chat without a picture: one line for each thing that happens, and whole lines typed, for screen readers, dumb
//! terminals and logs. The mind below is the same app; here its changes become words. Nothing is ever drawn over, moved or
//! coloured. The loop is `run`.

mod run;

pub use run::run;

use std::collections::{HashMap, HashSet};

use super::app::{App, Effect, FindState, Input, Popup};
use super::view::entry::shown_name;
use crate::client::chat::{LinkEvent, Now, Status, Talk};
use crate::protocol::entry::{Seq, Shown, ShownWhat, What};
use crate::protocol::event::Event;
use crate::protocol::names::Target;

/// Messages that are read out when one comes to a conversation.
const EARLIER: usize = 10;

/// Messages around one that was gone to.
const AROUND: usize = 3;

/// Lines of a list that are read out.
const LISTED: usize = 30;

/// An app that is read out.
pub struct Plain {
    app: App,
    /// Up to where each conversation was read out.
    told: HashMap<Target, Seq>,
    /// Where one was already: what was said there before is not read out again.
    visited: HashSet<Target>,
    here: Option<Target>,
    status: Option<String>,
    notice: Option<String>,
    /// What is open and was read out.
    open: Option<String>,
    lines: Vec<String>,
}

impl Plain {
    /// Reads this one out.
    pub fn new(app: App) -> Plain {
        let (told, visited, lines) = (HashMap::new(), HashSet::new(), Vec::new());
        Plain { app, told, visited, here: None, status: None, notice: None, open: None, lines }
    }

    /// The app below.
    pub fn app(&mut self) -> &mut App {
        &mut self.app
    }

    /// When it wants an [`Input::Woke`].
    pub fn wake_at(&self) -> Option<std::time::Duration> {
        self.app.wake_at()
    }

    /// Whether a typed line can be taken: before the first conversation only a name, and then only when it is asked for.
    pub fn ready(&self) -> bool {
        let offline = matches!(self.app.chat().status(), Status::Offline { .. });
        *self.app.popup() == Popup::Name || self.app.here().is_some() || offline
    }

    /// Whether something of one's own is still on its way.
    pub fn unsent(&self) -> bool {
        let chat = self.app.chat();
        chat.talks().iter().any(|talk| chat.pending(&talk.to).next().is_some())
    }

    /// What is to be printed.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// As [`App::handle`].
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let heard = match &input {
            Input::Link(LinkEvent::Heard(event) | LinkEvent::Answered(_, event)) => self.heard(event),
            _ => None,
        };
        let effects = self.app.handle(now, input);
        self.read_out();
        self.lines.extend(heard);
        effects
    }

    /// A line was typed.
    pub fn typed(&mut self, now: Now, line: &str) -> Vec<Effect> {
        self.notice = None;
        let number = line.trim().parse().ok().filter(|_| self.open.is_some());
        if let Some(effects) = number.and_then(|at| self.app.choose_nth(now, at)) {
            self.open = None;
            self.read_out();
            return effects;
        }
        self.open = None;
        let effects = match line.trim().strip_prefix("/history") {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => {
                self.history(rest.trim().parse().unwrap_or(EARLIER));
                Vec::new()
            }
            _ => self.app.submit(now, line),
        };
        self.read_out();
        effects
    }

    /// What an event says that leaves no line in a conversation.
    fn heard(&self, event: &Event) -> Option<String> {
        let chat = self.app.chat();
        let tag = |to: &Target| self.tag(to);
        match event {
            Event::Entry(entry) => {
                let to = match &entry.to {
                    Target::Direct(_) if chat.me().is_some_and(|me| me.person != entry.from.person) => {
                        Target::Direct(entry.from.name.clone())
                    }
                    to => to.clone(),
                };
                let (tag, name) = (tag(&to), shown_name(&entry.from));
                let of = entry.what.of().map(|of| self.quoted(&to, of)).unwrap_or_default();
                Some(match &entry.what {
                    What::Edited { text, .. } => format!("{tag}{name} changed {of} to: {}", text.one_line()),
                    What::Deleted { .. } => format!("{tag}{name} deleted {of}"),
                    What::Reacted { emoji, .. } => format!("{tag}{name} reacted {} to {of}", emoji.as_str()),
                    What::Unreacted { emoji, .. } => format!("{tag}{name} took back {} from {of}", emoji.as_str()),
                    What::Said { .. } | What::Topic { .. } => return None,
                })
            }
            Event::Moved { room, who, joined, .. } => {
                let tag = tag(&Target::Room(room.clone()));
                Some(format!("{tag}{} {}", shown_name(who), if *joined { "joined" } else { "left" }))
            }
            _ => None,
        }
    }

    fn quoted(&self, to: &Target, of: Seq) -> String {
        let shown = self.app.chat().talk(to).and_then(|talk| talk.timeline.get(of));
        let words = shown.map(|shown| super::app::select::words(&shown)).unwrap_or_default();
        format!("“{}”", super::wrap::fit(words.lines().next().unwrap_or(""), 40, "..."))
    }

    /// Where it is, when that is not where one is.
    fn tag(&self, to: &Target) -> String {
        if self.app.here() == Some(to) { String::new() } else { format!("{to} ") }
    }

    /// Says what changed.
    fn read_out(&mut self) {
        self.say_status();
        self.say_here();
        self.say_messages();
        self.say_open();
        self.say_around();
        let notice = self.app.said().map(str::to_owned);
        if notice != self.notice {
            self.lines.extend(notice.clone());
            self.notice = notice;
        }
    }

    fn say_status(&mut self) {
        let chat = self.app.chat();
        let status = match chat.status() {
            Status::Online => {
                let name = chat.me().map(|me| me.name.to_string()).unwrap_or_default();
                format!("connected to {} as {name}", self.app.address())
            }
            Status::Offline { why, .. } => format!("not connected: {why}"),
            Status::Connecting | Status::NeedsName(_) => return,
        };
        if self.status.as_ref() == Some(&status) {
            return;
        }
        self.lines.push(status.clone());
        self.status = Some(status);
        if *chat.status() == Status::Online {
            let waiting = chat.talks().iter().filter(|talk| talk.unread > 0 && Some(&talk.to) != self.app.here());
            let lines: Vec<String> = waiting
                .map(|talk| match talk.mentions {
                    0 => format!("{}: {} unread", talk.to, talk.unread),
                    many => format!("{}: {} unread, {many} for you", talk.to, talk.unread),
                })
                .collect();
            self.lines.extend(lines);
        }
    }

    fn say_here(&mut self) {
        if self.here.as_ref() == self.app.here() {
            return;
        }
        self.here = self.app.here().cloned();
        let Some(talk) = self.app.here_talk() else { return };
        if self.visited.insert(talk.to.clone()) {
            self.told.remove(&talk.to);
        }
        let topic = match talk.topic.is_blank() {
            true => String::new(),
            false => format!(": {}", talk.topic.one_line()),
        };
        self.lines.push(format!("now in {}{topic}", talk.to));
    }

    fn say_messages(&mut self) {
        let (mut lines, mut upto) = (Vec::new(), Vec::new());
        for talk in self.app.chat().talks() {
            let newest = talk.timeline.last().map(|shown| shown.seq);
            let told = match self.told.get(&talk.to) {
                Some(told) => *told,
                // What was said before is read out where one is; elsewhere only what is new.
                None if self.app.here() == Some(&talk.to) => match newest {
                    Some(_) => talk.timeline.latest(EARLIER).last().map_or(talk.head, |shown| shown.seq.prev()),
                    None if talk.head == Seq::ZERO => Seq::ZERO,
                    None => continue,
                },
                None if self.app.here().is_none() => continue,
                // A conversation that came with what was said in it.
                None if !self.told.is_empty() => talk.timeline.start().map_or(talk.head, Seq::prev),
                None => talk.head,
            };
            if talk.apart().is_none() {
                let new = talk.timeline.after(told);
                lines.extend(new.flat_map(|shown| self.message(talk, &shown, None)));
            }
            let now = newest.filter(|_| talk.apart().is_none()).map_or(told, |newest| newest.max(told));
            upto.push((talk.to.clone(), now));
        }
        self.told.extend(upto);
        self.lines.append(&mut lines);
    }

    /// A message, a line for each of its lines.
    fn message(&self, talk: &Talk, shown: &Shown, number: Option<Seq>) -> Vec<String> {
        let (name, tag, at) = (shown_name(&shown.from), self.tag(&talk.to), self.app.time(shown.at));
        let number = number.map(|seq| format!("{seq} ")).unwrap_or_default();
        let head = format!("{number}{tag}{at} {name}");
        match &shown.what {
            ShownWhat::Topic { text } if text.is_blank() => vec![format!("{head} cleared the topic")],
            ShownWhat::Topic { text } => vec![format!("{head} set the topic: {}", text.one_line())],
            ShownWhat::Said { text: Some(_), .. } if self.app.ignores(&shown.from) => Vec::new(),
            ShownWhat::Said { text: None, .. } => vec![format!("{head} (deleted)")],
            ShownWhat::Said { text: Some(text), me, reply_to, edited, .. } => {
                let answers = reply_to.map(|of| format!(" to {}", self.quoted(&talk.to, of))).unwrap_or_default();
                let edited = if *edited { " (edited)" } else { "" };
                let sign = if *me { "" } else { ":" };
                let mut lines = text.as_str().lines();
                let first = lines.next().unwrap_or("");
                let first = format!("{head}{answers}{edited}{sign} {}", super::wrap::untab(first));
                std::iter::once(first).chain(lines.map(|line| format!("  {}", super::wrap::untab(line)))).collect()
            }
        }
    }

    /// The last messages, with the numbers that commands take.
    fn history(&mut self, most: usize) {
        let Some(talk) = self.app.here_talk() else { return };
        let mut found: Vec<Shown> = talk.timeline.latest(most.clamp(1, 1000)).collect();
        found.reverse();
        let lines: Vec<String> = found.iter().flat_map(|shown| self.message(talk, shown, Some(shown.seq))).collect();
        self.lines.extend(lines);
        self.lines.push("/reply NUMBER words, /react NUMBER emoji and /delete NUMBER take these numbers".to_owned());
    }

    /// What is open is read out: to be read, or to be chosen from by number.
    fn say_open(&mut self) {
        let mut lines = Vec::new();
        let key = match self.app.popup() {
            Popup::None => {
                self.open = None;
                return;
            }
            Popup::List { title, lines: rows, .. } => {
                lines.push(format!("{title}:"));
                lines.extend(rows.iter().map(|row| row.trim_end().to_owned()).filter(|row| !row.is_empty()));
                self.app.dismiss();
                self.lines.append(&mut lines);
                return;
            }
            Popup::Name => {
                lines.push(format!("{} Type it.", self.app.name_question()));
                lines.extend(self.app.name_help());
                format!("name {lines:?}")
            }
            Popup::Pick(pick) => {
                lines.push(format!("{}:", pick.title));
                let items = self.app.choices();
                for (at, item) in items.iter().take(LISTED) {
                    let detail = if item.detail.is_empty() { String::new() } else { format!(" ({})", item.detail) };
                    lines.push(format!("{at}. {}{detail}", item.label));
                }
                lines.push("type a number, or anything else to go on".to_owned());
                format!("pick {}", pick.title)
            }
            Popup::Find(find) => {
                match &find.state {
                    FindState::Empty | FindState::Looking => return,
                    FindState::No(why) => lines.push(why.clone()),
                    FindState::Found(_) if find.hits().is_empty() => lines.push("nothing found".to_owned()),
                    FindState::Found(more) => {
                        for (at, (to, hit)) in find.hits().iter().enumerate().take(LISTED) {
                            let words = super::app::select::words(&hit.shown);
                            let (day, time) = (self.app.day(hit.shown.at), self.app.time(hit.shown.at));
                            let name = shown_name(&hit.shown.from);
                            let line = words.lines().collect::<Vec<_>>().join(" ");
                            lines.push(format!("{}. {to} {day} {time} {name}: {line}", at + 1));
                        }
                        let rest = if *more || find.hits().len() > LISTED { "; there are more" } else { "" };
                        lines.push(format!("{} found{rest}; type a number to go there", find.hits().len()));
                    }
                }
                format!("find {:?} {}", find.state, find.query.given())
            }
            Popup::Card(card) => {
                lines.extend([format!("Invitation: it {}.", card.what), card.link.clone()]);
                self.app.dismiss();
                self.lines.append(&mut lines);
                return;
            }
            Popup::Press(_) => {
                self.app.dismiss();
                self.lines.push("keys are for the screen; there are none here".to_owned());
                return;
            }
        };
        if self.open.as_ref() != Some(&key) {
            self.open = Some(key);
            self.lines.append(&mut lines);
        }
    }

    /// One went to a message: it is read out with what stands around it.
    fn say_around(&mut self) {
        let Some(at) = self.app.selection().map(|selection| selection.at) else { return };
        if let Some(talk) = self.app.here_talk() {
            let mut before: Vec<Shown> = talk.timeline.up_to(at.prev()).take(AROUND).collect();
            before.reverse();
            let of = talk.timeline.get(at);
            let after: Vec<Shown> = talk.timeline.after(at).take(AROUND).collect();
            let all = before.iter().chain(of.as_ref()).chain(&after);
            let lines: Vec<String> = all.flat_map(|shown| self.message(talk, shown, Some(shown.seq))).collect();
            self.lines.extend(lines);
        }
        self.app.dismiss();
    }
}
