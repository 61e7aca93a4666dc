//! Answers as people read them, in columns, and as lines of JSON. Names and texts in them are clean by their types.

use std::time::Duration;

use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use crate::protocol::admin::{Ask, Line};
use crate::protocol::entry::Timestamp;
use crate::protocol::rights::{Role, recorded};
use crate::protocol::span;

/// The widest a column is filled up to: one long name must not push everything off the screen.
const WIDEST: usize = 32;

/// Between two columns.
const GAP: &str = "  ";

/// Each line as it came, but the last, which says no more than that it was the last.
pub fn json(lines: &[Line]) -> String {
    let told = lines.iter().filter(|line| !matches!(line, Line::Done { said } if said.is_blank()));
    told.filter_map(|line| serde_json::to_string(line).ok()).map(|line| line + "\n").collect()
}

/// What was asked for, in columns; what was done, as a sentence.
pub fn text(ask: &Ask, lines: &[Line]) -> String {
    match ask {
        Ask::Order { .. } => lines.iter().map(sentence).collect(),
        Ask::List => list(lines),
        Ask::Bans => {
            let rows: Vec<Vec<String>> = lines.iter().filter_map(ban).collect();
            or_nothing(&["", "NAME", "WHERE", "UNTIL", "WHY"], rows, "nobody is banned or muted")
        }
        Ask::Audit { .. } => {
            let records = lines.iter().filter_map(Line::as_record);
            let text: String =
                records.map(|record| format!("{}{GAP}{}\n", when(record.at.0), recorded(&record))).collect();
            if text.is_empty() { "nothing was done to keep order yet\n".to_owned() } else { text }
        }
    }
}

fn sentence(line: &Line) -> String {
    match line {
        Line::Done { said } => format!("{}\n", said.one_line()),
        _ => String::new(),
    }
}

fn list(lines: &[Line]) -> String {
    let person = |line: &Line| {
        let Line::Person { name, role, online, seen, devices, rooms } = line else { return None };
        let there = match (online, seen) {
            (true, _) => "here".to_owned(),
            (false, Some(at)) => when(*at),
            (false, None) => "-".to_owned(),
        };
        let name = if *role == Role::Guest { format!("~{name}") } else { name.to_string() };
        Some(vec![name, role.as_str().to_owned(), devices.to_string(), rooms.to_string(), there])
    };
    let room = |line: &Line| {
        let Line::Room { room, kind, members, entries } = line else { return None };
        Some(vec![room.to_string(), members.to_string(), entries.to_string(), kind.clone()])
    };
    let people: Vec<Vec<String>> = lines.iter().filter_map(person).collect();
    let rooms: Vec<Vec<String>> = lines.iter().filter_map(room).collect();
    let people = or_nothing(&["NAME", "ROLE", "DEVICES", "ROOMS", "SEEN"], people, "nobody has been here yet");
    let rooms = or_nothing(&["ROOM", "MEMBERS", "ENTRIES", "KIND"], rooms, "there is no room");
    format!("{people}\n{rooms}")
}

fn ban(line: &Line) -> Option<Vec<String>> {
    let Line::Sentence { penalty, name, address, room, until, why } = line else { return None };
    let name = match address {
        Some(address) => format!("~{name} ({address})"),
        None => name.to_string(),
    };
    let place = room.as_ref().map_or_else(|| "the host".to_owned(), ToString::to_string);
    let until = until.map_or_else(|| "for good".to_owned(), |at| format!("{} ({})", when(at), left(at)));
    Some(vec![penalty.as_str().to_owned(), name, place, until, why.one_line().into_owned()])
}

/// How long it is until then.
fn left(at: i64) -> String {
    let ms = at.saturating_sub(jiff::Timestamp::now().as_millisecond());
    format!("another {}", span::show(Duration::from_millis(u64::try_from(ms).unwrap_or(0))))
}

/// A time as this machine's clock shows it.
fn when(at: i64) -> String {
    let Timestamp(ms) = Timestamp(at);
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(at) => at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "-".to_owned(),
    }
}

fn or_nothing(head: &[&str], rows: Vec<Vec<String>>, nothing: &str) -> String {
    if rows.is_empty() {
        return format!("{nothing}\n");
    }
    let head = head.iter().map(ToString::to_string).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let columns = rows[0].len();
    let wide = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width().min(WIDEST)).max();
    let widths: Vec<usize> = (0..columns).map(|at| wide(at).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let filled = row
            .iter()
            .zip(&widths)
            .map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide.saturating_sub(cell.width()))));
        text.push_str(filled.collect::<Vec<_>>().join(GAP).trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::names::{Nick, RoomName};
    use crate::protocol::rights::Penalty;
    use crate::protocol::text::Text;

    #[test]
    fn columns_stand_below_each_other_whatever_is_in_them() {
        let person = |name: &str, role| {
            let name = Nick::parse(name).expect("a name");
            Line::Person { name, role, online: true, seen: None, devices: 1, rooms: 2 }
        };
        let room = RoomName::parse("dev").expect("a room");
        let lines = [
            person("ann", Role::Owner),
            person("李雷", Role::Guest),
            Line::Room { room, kind: "open to all".into(), members: 2, entries: 17 },
            Line::done(""),
        ];
        let shown = text(&Ask::List, &lines);
        assert_eq!(
            shown,
            "NAME   ROLE   DEVICES  ROOMS  SEEN\nann    owner  1        2      here\n~李雷  guest  1        2      here\n\n\
             ROOM  MEMBERS  ENTRIES  KIND\n#dev  2        17       open to all\n"
        );
        assert_eq!(json(&lines).lines().count(), 3);
        let name = Nick::parse("ben").expect("a name");
        let why = Text::clean("a\nb");
        let ban = Line::Sentence { penalty: Penalty::Ban, name, address: None, room: None, until: None, why };
        let shown = text(&Ask::Bans, &[ban, Line::done("")]);
        assert_eq!(shown, "     NAME  WHERE     UNTIL     WHY\nban  ben   the host  for good  a b\n");
        assert_eq!(text(&Ask::Bans, &[Line::done("")]), "nobody is banned or muted\n");
    }
}
