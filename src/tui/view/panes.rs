//! The panes around the messages: title or tabs, rooms, topic, people, composer, hints.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::app::known::Standing;
use super::super::app::order::role_mark;
use super::super::app::{Aim, App, Hint, PersonRow, RoomRow};
use super::super::layout::Areas;
use super::super::theme::Role;
use super::super::wrap::{fit, width};
use super::entry::{in_a_line, shown_name};
use super::row::put_row;
use crate::client::chat::{Status, Talk};
use crate::protocol::entry::COUNT_LIMIT;
use crate::protocol::event::Peer;
use crate::protocol::names::{Nick, Target};
use crate::protocol::rights::described;

/// Left and right on one line; the left gives way.
fn two_ends(frame: &mut Frame<'_>, app: &App, area: Rect, left: Vec<Span<'static>>, right: Vec<Span<'static>>) {
    if area.is_empty() {
        return;
    }
    let right = Line::from(right);
    let wide = (right.width() as u16).min(area.width);
    let room = area.width - wide;
    let mut line = Line::default();
    let mut used = 0;
    for span in left {
        let text = fit(&span.content, (room as usize).saturating_sub(used), app.glyphs().ellipsis);
        used += width(&text);
        line.spans.push(Span::styled(text, span.style));
    }
    put_row(frame, &line, Rect { width: room, height: 1, ..area });
    put_row(frame, &right, Rect { x: area.x + room, width: wide, height: 1, ..area });
}

pub fn title(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    let dim = app.style(Role::Dim);
    let connection = connection(app);
    if areas.tabs {
        return two_ends(frame, app, areas.title, tabs(app), vec![Span::styled(format!(" {connection} "), dim)]);
    }
    let chat = app.chat();
    let server = match chat.server().is_blank() {
        true => app.address().to_owned(),
        false => chat.server().one_line().into_owned(),
    };
    let mut left = vec![Span::raw(" "), Span::styled(server, app.style(Role::Text).add_modifier(Modifier::BOLD))];
    if chat.ephemeral() {
        left.push(Span::styled("  this host forgets everything when it stops", app.style(Role::Warn)));
    }
    if chat.in_the_clear() {
        left.push(Span::styled("  not encrypted", app.style(Role::Warn)));
    }
    let dot = app.glyphs().dot;
    let here = match app.here_talk() {
        Some(talk) => talk
            .crowd
            .map_or_else(|| talk.people.iter().filter(|member| member.online).count(), |(_, online)| online as usize),
        None => 0,
    };
    let here = if here > 0 && *chat.status() == Status::Online { format!("{here} here {dot} ") } else { String::new() };
    let help = app.key_of(super::super::keys::Action::Help);
    let right = vec![Span::styled(format!(" {here}{connection} {dot} {help} help "), dim)];
    two_ends(frame, app, areas.title, left, right);
}

fn connection(app: &App) -> String {
    match (app.chat().status(), app.chat().latency()) {
        (Status::Online, Some(took)) => format!("{} ms", took.as_millis().max(1)),
        (Status::Online, None) => "online".to_owned(),
        (Status::Connecting, _) => "connecting".to_owned(),
        (Status::NeedsName(_), _) => "no name yet".to_owned(),
        (Status::Offline { .. }, _) => "offline".to_owned(),
    }
}

fn count(talk: &Talk) -> Option<(String, bool)> {
    let number = |n: u32| if n >= COUNT_LIMIT { "999+".to_owned() } else { n.to_string() };
    match (talk.mentions, talk.unread) {
        (0, 0) => None,
        (0, n) => Some((number(n), false)),
        (n, _) if matches!(talk.to, Target::Direct(_)) => Some((number(n), true)),
        (n, _) => Some((format!("@{}", number(n)), true)),
    }
}

fn tabs(app: &App) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for talk in app.tabs_from_here() {
        let here = app.here() == Some(&talk.to);
        let count = count(talk);
        spans.push(Span::styled(tab(talk), room_style(app, talk, here, count.as_ref())));
    }
    spans
}

/// What stands on a conversation's tab.
pub fn tab(talk: &Talk) -> String {
    match count(talk) {
        Some((count, _)) => format!(" {} {count} ", talk.to),
        None => format!(" {} ", talk.to),
    }
}

fn room_style(app: &App, talk: &Talk, here: bool, count: Option<&(String, bool)>) -> Style {
    match (here, count.filter(|(_, mention)| *mention || !app.muted(&talk.to))) {
        (true, _) => app.style(Role::Accent).add_modifier(Modifier::BOLD),
        (false, Some((_, true))) => app.style(Role::Mention).add_modifier(Modifier::BOLD),
        (false, Some(_)) => app.style(Role::Unread).add_modifier(Modifier::BOLD),
        (false, None) => app.style(Role::Dim),
    }
}

pub fn rules(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    let (glyphs, style) = (app.glyphs(), app.style(Role::Rule));
    for (area, joint) in [(areas.rule_top, glyphs.rule_down), (areas.rule_bottom, glyphs.rule_up)] {
        if area.is_empty() {
            continue;
        }
        let meets = |x: u16| [areas.bar_left, areas.bar_right].iter().any(|bar| !bar.is_empty() && bar.x == x);
        let line: String = (area.x..area.right()).map(|x| if meets(x) { joint } else { glyphs.rule }).collect();
        put_row(frame, &Line::styled(line, style), area);
    }
    for bar in [areas.bar_left, areas.bar_right] {
        for y in bar.y..bar.bottom() {
            put_row(frame, &Line::styled(glyphs.upright, style), Rect { y, height: 1, ..bar });
        }
    }
}

pub fn rooms(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    let area = areas.rooms;
    let listed = app.rooms();
    for (y, row) in (area.y..area.bottom()).zip(app.room_rows(area.height)) {
        let place = Rect { y, height: 1, ..area };
        let heading = |word: &'static str| Line::styled(word, app.style(Role::Dim));
        let talk = match row {
            RoomRow::More(many, calls) => {
                let role = if calls { Role::Mention } else { Role::Dim };
                let text = format!(" {} {many} more", app.glyphs().down);
                put_row(frame, &Line::styled(text, app.style(role)), place);
                continue;
            }
            RoomRow::Pinned => {
                put_row(frame, &heading(" PINNED"), place);
                continue;
            }
            RoomRow::Rooms => {
                put_row(frame, &heading(" ROOMS"), place);
                continue;
            }
            RoomRow::Direct => {
                put_row(frame, &heading(" DIRECT"), place);
                continue;
            }
            RoomRow::Talk(at) => listed.get(at),
        };
        let Some(talk) = talk else { continue };
        let here = app.here() == Some(&talk.to);
        let count = count(talk);
        let style = room_style(app, talk, here, count.as_ref());
        let mark = if here { app.glyphs().current } else { " " };
        let (sign, name) = match &talk.to {
            Target::Room(room) => ("#", room.as_str().to_owned()),
            Target::Direct(nick) => ("@", nick.to_string()),
        };
        let left = vec![Span::styled(mark, app.style(Role::Accent)), Span::styled(format!("{sign} {name}"), style)];
        let muted = if app.muted(&talk.to) { app.glyphs().muted } else { "" };
        let count = count.map(|(count, _)| count).unwrap_or_default();
        let tail = [muted, &count].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let right = match tail.is_empty() {
            true => Vec::new(),
            false => vec![Span::styled(format!(" {tail} "), style)],
        };
        two_ends(frame, app, place, left, right);
    }
}

pub fn topic(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    if areas.topic.is_empty() {
        return;
    }
    let Some(talk) = app.here_talk() else { return };
    let topic = match &talk.to {
        Target::Direct(nick) if talk.topic.is_blank() => between(app, talk, nick),
        _ => talk.topic.one_line().into_owned(),
    };
    let left = vec![
        Span::styled(format!(" {}", talk.to), app.style(Role::Accent).add_modifier(Modifier::BOLD)),
        Span::styled(format!("   {topic}"), app.style(Role::Dim)),
    ];
    // How a room is set belongs to where one writes: who is held up knows why before it happens.
    let set = match talk.settings.plain() {
        true => Vec::new(),
        false => vec![Span::styled(format!(" {} ", described(&talk.settings)), app.style(Role::Warn))],
    };
    two_ends(frame, app, areas.topic, left, set);
}

/// What stands over a direct conversation: who reads it, and whether the other one is there.
fn between(app: &App, talk: &Talk, nick: &Nick) -> String {
    let dot = app.glyphs().dot;
    match talk.peer {
        Some(peer) if peer.online && peer.away => format!("between you and {nick} {dot} away"),
        Some(Peer { online: false, seen: Some(at), .. }) => {
            let ago = match app.ago(at) {
                now if now == "now" => "just now".to_owned(),
                ago => format!("{ago} ago"),
            };
            format!("between you and {nick} {dot} last seen {ago}")
        }
        Some(Peer { online: false, .. }) => format!("between you and {nick} {dot} not here"),
        _ => format!("between you and {nick}"),
    }
}

pub fn people(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    let area = areas.people;
    if area.is_empty() {
        return;
    }
    let me = app.chat().me().map(|me| me.person);
    let glyphs = app.glyphs();
    for (row, y) in app.person_rows(area.height).into_iter().zip(area.y..area.bottom()) {
        let place = Rect { y, height: 1, ..area };
        let member = match row {
            PersonRow::Heading(heading, count) => {
                put_row(frame, &Line::styled(format!(" {heading} {count}"), app.style(Role::Dim)), place);
                continue;
            }
            PersonRow::More(many) => {
                put_row(frame, &Line::styled(format!(" and {many} more"), app.style(Role::Dim)), place);
                continue;
            }
            PersonRow::Person(member) => member,
        };
        let here = member.online && !member.away;
        let (sign, role) = if here { (glyphs.here, Role::Ok) } else { (glyphs.away, Role::Dim) };
        let style = if member.online { app.name_style(&member.who) } else { app.style(Role::Dim) };
        let left =
            vec![Span::styled(format!(" {sign} "), app.style(role)), Span::styled(shown_name(&member.who), style)];
        let mut left = left;
        if app.here_talk().is_some_and(|talk| talk.alike.contains(&member.who.person)) {
            left.push(Span::styled(format!(" {}", glyphs.alike), app.style(Role::Warn)));
        }
        match app.standing(member.who.person) {
            Standing::New => {}
            Standing::Known(_) => left.push(Span::styled(format!(" {}", glyphs.tick), app.style(Role::Dim))),
            Standing::Other => left.push(Span::styled(format!(" {}", glyphs.failed), app.style(Role::Warn))),
        }
        let since = match Some(member.who.person) == me {
            true => Some("you".to_owned()),
            false => app.since(&member),
        };
        let mark = Some(role_mark(member.role)).filter(|mark| !mark.is_empty()).map(str::to_owned);
        let tail = match [mark, since].into_iter().flatten().collect::<Vec<_>>().join(" ") {
            nothing if nothing.is_empty() => nothing,
            tail => format!(" {tail} "),
        };
        let right = if tail.is_empty() { Vec::new() } else { vec![Span::styled(tail, app.style(Role::Dim))] };
        two_ends(frame, app, place, left, right);
    }
}

/// The line that says what is being written is about; gives the room that is left.
fn aim(frame: &mut Frame<'_>, app: &App, area: Rect) -> Rect {
    let (Some(aim), Some(talk), true) = (app.aimed(), app.here_talk(), area.height > 1) else { return area };
    let words = match aim {
        Aim::Reply(of) => format!(" {} to {}", app.glyphs().reply, in_a_line(talk, *of)),
        Aim::Edit { of, .. } => format!(" edit: {}", in_a_line(talk, *of)),
    };
    let words = fit(&words, area.width as usize, app.glyphs().ellipsis);
    put_row(frame, &Line::styled(words, app.style(Role::Accent)), Rect { height: 1, ..area });
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

pub fn composer(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    let area = areas.composer;
    if area.is_empty() {
        return;
    }
    let area = aim(frame, app, area);
    let prompt = app.prompt_text(area.width);
    let wide = (width(&prompt) as u16).min(area.width.saturating_sub(4));
    let me = app.chat().me().map_or(app.style(Role::Dim), |me| app.name_style(me));
    put_row(frame, &Line::styled(prompt, me), Rect { width: wide, height: 1, ..area });
    let field = Rect { x: area.x + wide, width: area.width - wide, ..area };
    let written = app.composed(field.width);
    if written.empty {
        let hint = fit(&app.placeholder(), field.width.saturating_sub(1) as usize, app.glyphs().ellipsis);
        put_row(frame, &Line::styled(hint, app.style(Role::Dim)), Rect { height: 1, ..field });
    }
    let first = (written.caret.1 + 1).saturating_sub(area.height as usize);
    for (line, y) in written.lines.iter().skip(first).zip(area.y..area.bottom()) {
        put_row(frame, &Line::styled(line.clone(), app.style(Role::Text)), Rect { y, height: 1, ..field });
    }
    if !app.has_popup() {
        let x = field.x + (written.caret.0 as u16).min(field.width.saturating_sub(1));
        let y = field.y + (written.caret.1 - first) as u16;
        frame.set_cursor_position(Position { x, y });
    }
}

pub fn status(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    if areas.status.is_empty() {
        return;
    }
    let writing = app.writing().map(|writing| format!("{writing} "));
    let room = areas.status.width as usize;
    let free = room.saturating_sub(writing.as_ref().map_or(0, |writing| width(writing) + 1));
    if let Some(writing) = writing.filter(|_| free > room / 3) {
        let place = Rect { x: areas.status.x + free as u16 + 1, width: (room - free - 1) as u16, ..areas.status };
        put_row(frame, &Line::styled(writing, app.style(Role::Dim)), place);
    }
    let areas = &Areas { status: Rect { width: free as u16, ..areas.status }, ..*areas };
    let (text, role) = match app.status_line() {
        Hint::Say(text, role) => (text, role),
        Hint::Keys(keys) => {
            let mut spans = vec![Span::raw(" ")];
            let mut used = 1;
            for (key, what) in keys {
                let wide = width(&key) + width(&what) + 3;
                if used + wide > areas.status.width as usize {
                    break;
                }
                used += wide;
                spans.push(Span::styled(key, app.style(Role::Text)));
                spans.push(Span::styled(format!(" {what}  "), app.style(Role::Dim)));
            }
            return put_row(frame, &Line::from(spans), areas.status);
        }
    };
    let text = fit(&format!(" {text}"), areas.status.width as usize, app.glyphs().ellipsis);
    put_row(frame, &Line::styled(text, app.style(role)), areas.status);
}
