//! Commands that keep order, as a person types them: what is done to whom, how a room is set, who is ignored here. Whether
//! it may be done is the host's to say.

use super::super::theme::Role as Look;
use super::super::wrap::{untab, wrap};
use super::pick::{Choice, Item};
use super::{App, Popup};
use crate::client::chat::Ask;
use crate::protocol::entry::{Author, PersonId};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::rights::{Barred, Change, Order, Record, Role, barred, recorded};
use crate::protocol::slash::{Ordered, Toggled};
use crate::protocol::text::Text;

/// People ignored at most: each line drawn is compared with all of them.
const IGNORED: usize = 200;

/// Columns of the record's lines; a popup is no wider on most screens.
const RECORD_COLUMNS: usize = 72;

impl App {
    /// The room on the screen, or a word why there is none.
    fn this_room(&mut self) -> Option<RoomName> {
        match &self.here {
            Some(Target::Room(room)) => Some(room.clone()),
            _ => {
                self.say("that is for rooms; go to one first".to_owned(), Look::Error);
                None
            }
        }
    }

    /// `/kick`, `/ban`, `/op` and the like.
    pub(super) fn order(&mut self, ordered: Ordered) {
        let Ordered { deed, host, name, time, why } = ordered;
        let room = match (host, &self.here) {
            (true, _) => None,
            (false, Some(Target::Room(room))) => Some(room.clone()),
            (false, _) => {
                let text = format!("in which room? go there; /{} host @{name} is for the whole host", deed.as_str());
                return self.say(text, Look::Error);
            }
        };
        self.ask(Ask::Order(Order { deed, room, name, time, why: Text::clean(&why) }));
    }

    /// `/invite @name`.
    pub(super) fn invite_in(&mut self, name: Nick, room: Option<RoomName>) {
        if let Some(room) = room.or_else(|| self.this_room()) {
            self.say(format!("letting {name} into {room}"), Look::Dim);
            self.ask(Ask::InviteTo(room, name));
        }
    }

    /// `/slow`, `/readonly on`, `/private on`, `/password`.
    pub(super) fn set_room(&mut self, change: Change) {
        if let Some(room) = self.this_room() {
            self.ask(Ask::SetRoom(room, change));
        }
    }

    /// `/readonly` and `/private` without a word.
    pub(super) fn toggle_room(&mut self, which: Toggled) {
        let Some(settings) = self.here_talk().map(|talk| talk.settings) else { return };
        self.set_room(match which {
            Toggled::Readonly => Change { readonly: Some(!settings.readonly), ..Change::default() },
            Toggled::Private => Change { private: Some(!settings.private), ..Change::default() },
        });
    }

    /// `/private #_room`.
    pub(super) fn make_private(&mut self, room: RoomName) {
        self.ask(Ask::SetRoom(room, Change { private: Some(true), ..Change::default() }));
    }

    /// `/delete #room`: asked once, since nothing brings it back.
    pub(super) fn ask_delete_room(&mut self, room: RoomName) {
        let item = |label: String, choice| Item { label, detail: String::new(), choice };
        let items = vec![
            item("Keep it".to_owned(), Choice::Nothing),
            item(format!("Delete {room} and all that was said there"), Choice::DeleteRoom(room.clone())),
        ];
        self.pick(format!("Delete {room}? Nothing brings it back"), items);
    }

    /// `/bans`: of the room on the screen, or of the host.
    pub(super) fn ask_bans(&mut self, host: bool) {
        let room = match (host, &self.here) {
            (true, _) => None,
            (false, Some(Target::Room(room))) => Some(room.clone()),
            (false, _) => {
                return self.say("of which room? go there; /bans host is of the whole host".to_owned(), Look::Error);
            }
        };
        self.ask(Ask::Bans(room));
    }

    /// Who may not come, or not speak.
    pub(super) fn list_bans(&mut self, room: Option<&RoomName>, bans: &[Barred], more: bool) {
        let place = room.map_or_else(|| "this host".to_owned(), RoomName::to_string);
        let mut rows = Vec::new();
        for one in bans {
            let end = match one.until {
                Some(at) => format!("until {} {}", self.day(at), self.time(at)),
                None => "for good".to_owned(),
            };
            let told = untab(&format!("{end}  {}", barred(one))).into_owned();
            rows.extend(wrap(&told, RECORD_COLUMNS).into_iter().map(|piece| format!(" {}", &told[piece])));
        }
        if more {
            rows.push(" and more".to_owned());
        }
        if rows.is_empty() {
            rows.push(" nobody is banned or muted".to_owned());
        }
        self.popup = Popup::List { title: format!("Bans and mutes of {place}"), lines: rows, scroll: 0 };
    }

    /// Who did what, in a list that begins at its end: the newest is what one asks for.
    pub(super) fn list_record(&mut self, lines: &[Record]) {
        let mut rows = Vec::new();
        for line in lines {
            let told = format!("{} {}  {}", self.day(line.at), self.time(line.at), recorded(line));
            let told = untab(&told).into_owned();
            rows.extend(wrap(&told, RECORD_COLUMNS).into_iter().map(|piece| format!(" {}", &told[piece])));
        }
        if rows.is_empty() {
            rows.push(" nothing was done to keep order yet".to_owned());
        }
        let scroll = rows.len().saturating_sub(1);
        self.popup = Popup::List { title: "Record".into(), lines: rows, scroll };
    }

    // Ignoring is nobody's business but one's own: no host hears of it.

    /// Whether this person's lines are folded away.
    pub fn ignores(&self, who: &Author) -> bool {
        // A guest is somebody else each time; what stays of one is the name.
        self.ignored.iter().any(|(name, person)| *person == who.person || (who.guest && *name == who.name))
    }

    /// `/ignore`.
    pub(super) fn ignore(&mut self, name: Option<Nick>) {
        let Some(name) = name else { return self.list_ignored() };
        if self.chat.me().is_some_and(|me| me.name == name) {
            return self.say("that is you".to_owned(), Look::Error);
        }
        if self.ignored.len() >= IGNORED {
            return self.say(format!("{IGNORED} are ignored, and that is as many as can be"), Look::Error);
        }
        let Some(person) = self.person_called(&name) else {
            return self.say(format!("nobody you have met here is called {name}"), Look::Error);
        };
        self.ignored.retain(|(_, known)| *known != person);
        self.ignored.push((name.clone(), person));
        self.wrote();
        self.say(format!("{name} is ignored, here alone; /unignore {name} ends it"), Look::Dim);
    }

    /// `/unignore`.
    pub(super) fn unignore(&mut self, name: &Nick) {
        let person = self.person_called(name);
        let before = self.ignored.len();
        self.ignored.retain(|(known, one)| known != name && Some(*one) != person);
        self.wrote();
        let text = match self.ignored.len() < before {
            true => format!("{name} is seen again"),
            false => format!("{name} is not ignored"),
        };
        self.say(text, Look::Dim);
    }

    fn list_ignored(&mut self) {
        let names: Vec<&str> = self.ignored.iter().map(|(name, _)| name.as_str()).collect();
        let text = match names.is_empty() {
            true => "nobody is ignored".to_owned(),
            false => format!("ignored here: {}", names.join(", ")),
        };
        self.say(text, Look::Text);
    }

    /// Who of those one has met is called so: people of rooms, partners, and who has said something that is loaded.
    fn person_called(&self, name: &Nick) -> Option<PersonId> {
        let talks = self.chat.talks();
        let members = talks.iter().flat_map(|talk| talk.people.iter().map(|member| &member.who));
        let found = members.clone().find(|who| who.name == *name).map(|who| who.person);
        let direct = || {
            let to = Target::Direct(name.clone());
            talks.iter().find(|talk| talk.to == to).and_then(|talk| talk.peer).map(|peer| peer.person)
        };
        let said = || {
            let talk = self.here_talk()?;
            talk.timeline.latest(1000).find(|shown| shown.from.name == *name).map(|shown| shown.from.person)
        };
        found.or_else(direct).or_else(said)
    }
}

/// What stands behind the name of who keeps order; short, for it stands in a narrow pane.
pub fn role_mark(role: Role) -> &'static str {
    match role {
        Role::Guest | Role::Member => "",
        Role::Operator => "op",
        Role::Owner => "owner",
    }
}
