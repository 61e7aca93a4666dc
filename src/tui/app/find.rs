//! Looking for something that was said: what is typed becomes a search, what was found a list, and a choice from it the
//! place in its history, with a way back. Also everything else that leads to a place by name: `/goto`, and the addresses of
//! messages. What a search means is `protocol::search`'s, finding is the host's.

use tui_input::{Input, InputRequest};

use super::super::keys::Action;
use super::super::theme::Role;
use super::super::when;
use super::{App, Popup, Scroll};
use crate::client::chat::{Ask, Spot};
use crate::protocol::entry::Seq;
use crate::protocol::names::{Nick, Target};
use crate::protocol::search::{Hit, QUERY_BYTES, Query};

/// How it stands with what is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was typed yet.
    Empty,
    /// The host is looking.
    Looking,
    /// This is what there is; `true`: and more.
    Found(bool),
    /// It cannot be looked for.
    No(String),
}

/// A search, and what it found.
#[derive(Clone, Debug)]
pub struct Find {
    field: Input,
    /// The conversation it was begun in, and how that stood.
    begun: Option<(Target, Scroll)>,
    /// In all conversations, not only in that one.
    pub everywhere: bool,
    /// What mentions one.
    pub mentions: bool,
    /// What the words are, to be marked.
    pub query: Query,
    hits: Vec<(Target, Hit)>,
    /// Which hit is under the bar.
    pub chosen: usize,
    /// How it stands.
    pub state: State,
    /// One went to a hit: leaving goes back to where it was begun.
    went: bool,
}

impl Find {
    /// What was typed, and the column of the caret.
    pub fn field(&self) -> (&str, usize) {
        (self.field.value(), self.field.visual_cursor())
    }

    /// What was found, the newest first.
    pub fn hits(&self) -> &[(Target, Hit)] {
        &self.hits
    }

    /// Where it looks.
    pub fn place(&self) -> Option<&Target> {
        self.begun.as_ref().map(|(to, _)| to).filter(|_| !self.everywhere)
    }

    fn step(&mut self, by: isize) {
        let last = self.hits.len().saturating_sub(1) as isize;
        self.chosen = (self.chosen as isize + by).clamp(0, last) as usize;
    }
}

/// By what they show: a field is none of it.
impl PartialEq for Find {
    fn eq(&self, other: &Find) -> bool {
        self.field.value() == other.field.value()
            && (self.everywhere, self.mentions, self.chosen) == (other.everywhere, other.mentions, other.chosen)
            && (&self.hits, &self.state) == (&other.hits, &other.state)
    }
}
impl Eq for Find {}

impl App {
    /// Begins to look for something here; the second time, everywhere; with what was looked for before, if one came from it.
    pub(super) fn find(&mut self, words: &str, mentions: bool) {
        if let Some(found) = self.found.take_if(|found| words.is_empty() && found.went && found.mentions == mentions) {
            self.popup = Popup::Find(found);
            return;
        }
        let begun = self.here.clone().map(|here| (here, self.scroll()));
        let everywhere = mentions || begun.is_none();
        let mut find = Find {
            field: Input::default(),
            begun,
            everywhere,
            mentions,
            query: Query::default(),
            hits: Vec::new(),
            chosen: 0,
            state: State::Empty,
            went: false,
        };
        words.chars().filter(|c| !c.is_control()).for_each(|c| _ = find.field.handle(InputRequest::InsertChar(c)));
        self.found = None;
        self.popup = Popup::Find(Box::new(find));
        self.look_for();
    }

    /// Asks the host for what is typed.
    fn look_for(&mut self) {
        let Popup::Find(find) = &self.popup else { return };
        let read = self.read_query(find.field.value(), find.mentions);
        let place = find.place().cloned();
        let Popup::Find(find) = &mut self.popup else { return };
        find.chosen = 0;
        match read {
            Err(why) => find.state = State::No(why),
            Ok((_, query)) if query.is_empty() => {
                (find.state, find.query) = (State::Empty, query);
                find.hits.clear();
            }
            Ok((within, query)) => {
                (find.state, find.query) = (State::Looking, query.clone());
                self.ask(Ask::Search(within.or(place), query));
            }
        }
    }

    /// What is typed, as what is looked for, and where when it says so.
    fn read_query(&self, typed: &str, mentions: bool) -> Result<(Option<Target>, Query), String> {
        let now = self.zoned(self.now.wall);
        let (mut words, mut within, mut parts) = (Vec::new(), None, Query::default());
        for word in quoted_words(typed) {
            let Some((key, value)) = word.split_once(':').filter(|(_, value)| !value.is_empty()) else {
                words.push(word);
                continue;
            };
            let time = |value: &str| {
                let value = value.trim_matches('"');
                when::read(value, &now).ok_or_else(|| format!("“{value}” is no time; write yesterday or 2026-11-20"))
            };
            match key {
                "from" => {
                    let name = value.strip_prefix('@').unwrap_or(value);
                    parts.from = Some(Nick::parse(name).map_err(|why| format!("“{name}”: {why}"))?);
                }
                "in" => {
                    let sign = if value.starts_with(['#', '@']) { "" } else { "#" };
                    let to = Target::parse(&format!("{sign}{value}")).map_err(|why| format!("“{value}”: {why}"))?;
                    within = Some(to);
                }
                "before" => parts.before = Some(time(value)?),
                "after" => parts.after = Some(time(value)?),
                "has" if value == "link" => parts.link = true,
                "has" => return Err(format!("“has:{value}” is not known; has:link is")),
                _ => words.push(word),
            }
        }
        let query = Query { mentions, ..parts };
        let words = words.join(" ");
        let Query { from, before, after, link, mentions, .. } = query;
        Ok((within, Query { from, before, after, link, mentions, ..Query::new(&words) }))
    }

    pub(super) fn found(&mut self, hits: Vec<(Target, Hit)>, more: bool) {
        if let Popup::Find(find) = &mut self.popup
            && find.state == State::Looking
        {
            (find.hits, find.state) = (hits, State::Found(more));
            find.chosen = 0;
        }
    }

    pub(super) fn not_found(&mut self, why: String) {
        if let Popup::Find(find) = &mut self.popup
            && find.state == State::Looking
        {
            find.hits.clear();
            find.state = State::No(why);
        }
    }

    pub(super) fn find_typed(&mut self, c: char) {
        let Popup::Find(find) = &mut self.popup else { return };
        if find.field.value().len() + c.len_utf8() <= QUERY_BYTES && !c.is_control() {
            find.field.handle(InputRequest::InsertChar(c));
            self.look_for();
        }
    }

    pub(super) fn find_act(&mut self, action: Action) {
        let page = isize::from(i16::try_from(self.size.1 / 4).unwrap_or(i16::MAX)).max(1);
        let Popup::Find(find) = &mut self.popup else { return };
        match action {
            Action::Accept => return self.go_to_hit(),
            Action::Cancel => return self.end_find(),
            Action::Find => {
                find.everywhere = !find.everywhere || find.begun.is_none();
                return self.look_for();
            }
            Action::ListUp => return find.step(-1),
            Action::ListDown => return find.step(1),
            Action::PageUp | Action::ScrollUp => return find.step(-page),
            Action::PageDown | Action::ScrollDown => return find.step(page),
            _ => {}
        }
        let Some(request) = super::pick::request(action) else { return };
        let before = find.field.value().to_owned();
        find.field.handle(request);
        if find.field.value() != before {
            self.look_for();
        }
    }

    /// Leaves the search; back to where it was begun, when one went elsewhere with it.
    fn end_find(&mut self) {
        let Popup::Find(find) = std::mem::replace(&mut self.popup, Popup::None) else { return };
        self.found = None;
        if let (true, Some((to, scroll))) = (find.went, find.begun)
            && self.chat.talk(&to).is_some()
        {
            self.selection = None;
            self.bottom();
            self.go(to);
            self.landing = None;
            self.set_scroll(scroll);
        }
    }

    fn go_to_hit(&mut self) {
        let Popup::Find(find) = &mut self.popup else { return };
        let Some((to, seq)) = find.hits.get(find.chosen).map(|(to, hit)| (to.clone(), hit.shown.seq)) else { return };
        find.went = true;
        if let Popup::Find(find) = std::mem::replace(&mut self.popup, Popup::None) {
            self.found = Some(find);
        }
        self.go_to_place(to, Spot::Seq(seq));
    }

    /// The hit before or after the one that is picked out.
    pub(super) fn step_hit(&mut self, by: isize) {
        let Some(found) = &mut self.found else {
            return self.say("nothing was looked for; Ctrl+F does".to_owned(), Role::Dim);
        };
        found.step(by);
        let (at, many) = (found.chosen + 1, found.hits.len());
        let Some((to, seq)) = found.hits.get(found.chosen).map(|(to, hit)| (to.clone(), hit.shown.seq)) else { return };
        self.go_to_place(to, Spot::Seq(seq));
        self.say(format!("{at} of {many} found"), Role::Dim);
    }

    /// Goes to a place of a conversation, wherever that is in its history.
    pub(super) fn go_to_place(&mut self, to: Target, spot: Spot) {
        if self.here.as_ref() != Some(&to) {
            self.go(to.clone());
        }
        self.landing = None;
        self.topping = false;
        self.seeking = None;
        self.ask(Ask::Around(to, spot));
    }

    /// What was jumped to is there: it is picked out, in the middle of what stands around it.
    pub(super) fn around(&mut self, to: &Target, seq: Option<Seq>) {
        if self.here.as_ref() != Some(to) {
            return;
        }
        let there = seq.filter(|seq| self.here_talk().is_some_and(|talk| talk.timeline.get(*seq).is_some()));
        let Some(seq) = there else {
            return self.say("that message is not there any more".to_owned(), Role::Dim);
        };
        self.cleared.remove(to);
        self.selection.get_or_insert_default().at = seq;
        let row = i32::from(self.areas().messages.height) / 3;
        self.settle_at(Scroll::At { seq, row });
        if self.scroll() == Scroll::Bottom
            && let Some((seq, row)) = self.visible().and_then(|seen| seen.anchor)
        {
            self.set_scroll(Scroll::At { seq, row });
        }
        self.load_near();
    }

    /// `/goto`: a time, a message by its number or its address.
    pub(super) fn go_to_said(&mut self, place: &str) {
        let now = self.zoned(self.now.wall);
        if let Some((to, seq)) = self.message_at(place) {
            return match self.chat.talk(&to).is_some() {
                true => self.go_to_place(to, Spot::Seq(seq)),
                false => self.say(format!("you are not in {to}"), Role::Error),
            };
        }
        let Some(here) = self.here.clone() else { return };
        match when::read(place, &now) {
            Some(at) => self.go_to_place(here, Spot::Time(at)),
            None => {
                let text = "usage: /goto yesterday 15:00, /goto 2026-11-20, /goto 2h, or the address of a message";
                self.say(text.to_owned(), Role::Error);
            }
        }
    }

    /// The message that is meant by an address of this host (`http://host/#room/12`), by `#room/12`, or by `12` here.
    pub(super) fn message_at(&self, place: &str) -> Option<(Target, Seq)> {
        let place = place.trim();
        if let Ok(seq) = place.parse() {
            return Some((self.here.clone()?, Seq(seq)));
        }
        let rest = match place.starts_with(['#', '@']) {
            true => place,
            false => place.strip_prefix(&self.page_address())?.strip_prefix('/')?,
        };
        let (to, seq) = rest.rsplit_once('/')?;
        let to = to.strip_prefix("#@").map_or_else(|| to.to_owned(), |name| format!("@{name}"));
        Some((Target::parse(&to).ok()?, Seq(seq.parse().ok()?)))
    }

    /// The address of a message, for people and for browsers.
    pub(super) fn address_of(&self, to: &Target, seq: Seq) -> String {
        let sign = if matches!(to, Target::Direct(_)) { "#" } else { "" };
        format!("{}/{sign}{to}/{seq}", self.page_address())
    }

    /// The host's page for browsers.
    fn page_address(&self) -> String {
        let address = self.address.trim_end_matches('/');
        match address.split_once("://") {
            Some(("wss", rest)) => format!("https://{rest}"),
            Some((_, rest)) => format!("http://{rest}"),
            None => format!("http://{address}"),
        }
    }
}

/// Words apart by blanks; what stands in quotes is one, and keeps them.
fn quoted_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        if c.is_whitespace() && !quoted {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            continue;
        }
        quoted ^= c == '"';
        word.push(c);
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}
