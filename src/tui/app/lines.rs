//! What lists say: the help, made from the live keymap and the table of commands, the host's rooms, and people.

use super::super::keys::{Action, Group};
use super::{App, Popup};
use crate::protocol::event::{Member, RoomInfo};
use crate::protocol::names::RoomName;
use crate::protocol::rights::described;
use crate::protocol::slash::{At, COMMANDS};

/// The help.
pub fn help(app: &App) -> Vec<String> {
    let mut lines = vec!["Commands".to_owned()];
    for spec in COMMANDS.iter().filter(|spec| spec.at != At::Plain) {
        let usage = format!("/{} {}", spec.name, spec.args);
        lines.push(format!("  {usage:<22} {}", spec.help));
    }
    lines.push("  //text                 say a line that begins with a slash".to_owned());
    for group in Group::ALL {
        lines.push(String::new());
        lines.push(group.title().to_owned());
        let of: Vec<Action> = Action::ALL.iter().copied().filter(|action| action.group() == group).collect();
        let mut at = 0;
        while let Some(action) = of.get(at) {
            at += 1;
            let mut keys = keys_of(app, *action);
            let mut line = action.line().to_owned();
            if action.room_index() == Some(0) {
                // Ten lines that say one thing are one line.
                let last = of.iter().filter(|action| action.room_index().is_some()).count();
                let to = of.iter().rfind(|action| action.room_index().is_some());
                keys = format!("{keys} to {}", to.map(|to| keys_of(app, *to)).unwrap_or_default());
                line = format!("Go to room 1 to {last}");
                at += last - 1;
            }
            lines.push(format!("  {keys:<22} {line}"));
        }
    }
    lines
}

fn keys_of(app: &App, action: Action) -> String {
    let keys: Vec<String> = app.keymap().keys_for(action).iter().take(2).map(ToString::to_string).collect();
    if keys.is_empty() { "(no key)".to_owned() } else { keys.join(", ") }
}

impl App {
    pub(super) fn list_rooms(&mut self, rooms: &[RoomInfo]) {
        let widest = rooms.iter().map(|info| info.room.as_str().chars().count() + 1).max().unwrap_or(0).min(24);
        let mut lines: Vec<String> = Vec::new();
        for info in rooms {
            let mark = if info.member { self.glyphs().tick } else { " " };
            let people = format!("{:>5} {}", info.members, if info.members == 1 { "person" } else { "people" });
            let room = info.room.to_string();
            let set = match info.settings.plain() {
                true => String::new(),
                false => format!("({}) ", described(&info.settings)),
            };
            let line = format!(" {mark} {room:<widest$}  {people:<12}  {set}{}", info.topic.one_line());
            lines.push(line.trim_end().to_owned());
        }
        lines.push(String::new());
        lines.push(" /join #room goes to one, and makes it when there is none of that name".to_owned());
        self.popup = Popup::List { title: "Rooms".into(), lines, scroll: 0 };
    }

    pub(super) fn list_people(&mut self, room: Option<RoomName>, people: &[Member]) {
        // The pane of people asks too, when a room is first seen; only a person who asked gets a list.
        if !std::mem::take(&mut self.asked_people) {
            return;
        }
        let title = match room {
            Some(room) => format!("People of {room}"),
            None => "People".to_owned(),
        };
        let mut lines: Vec<String> = Vec::new();
        for (online, word) in [(true, "here"), (false, "away")] {
            for member in people.iter().filter(|member| member.online == online) {
                let sign = if online { self.glyphs().here } else { self.glyphs().away };
                let name = super::entry::shown_name(&member.who);
                lines.push(format!(" {sign} {name}  {word}"));
            }
        }
        if lines.is_empty() {
            lines.push(" nobody".to_owned());
        }
        self.popup = Popup::List { title, lines, scroll: 0 };
    }
}
