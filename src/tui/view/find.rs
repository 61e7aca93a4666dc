//! The list of what was found, over the panes: who said it where and when, and its words around what was looked for.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::super::app::{App, Find, FindState};
use super::super::keys::Action;
use super::super::theme::Role;
use super::super::wrap::{fit, width};
use super::entry::shown_name;
use super::popups::framed;
use super::row::put_row;
use crate::protocol::entry::{Shown, ShownWhat};

/// Columns of the list, at most: lines longer than this are hard to follow.
const COLUMNS: u16 = 100;

pub fn draw(frame: &mut Frame<'_>, app: &App, find: &Find) {
    let screen = frame.area();
    let title = match (find.mentions, find.place()) {
        (true, _) => "What mentions you".to_owned(),
        (false, Some(to)) => format!("Find in {to}"),
        (false, None) => "Find everywhere".to_owned(),
    };
    let tall = screen.height.saturating_sub(2).max(3);
    let area = framed(frame, app, &title, COLUMNS.min(screen.width), tall);
    if area.height < 2 {
        return;
    }
    let (typed, caret) = find.field();
    let prompt = format!("{} ", app.glyphs().prompt);
    let room = usize::from(area.width).saturating_sub(width(&prompt) + 1);
    let mut shown = typed;
    while width(shown) > room && !shown.is_empty() {
        shown = &shown[shown.chars().next().map_or(0, char::len_utf8)..];
    }
    let field = Line::from(vec![
        Span::styled(prompt.clone(), app.style(Role::Accent)),
        Span::styled(shown.to_owned(), app.style(Role::Text)),
    ]);
    put_row(frame, &field, Rect { height: 1, ..area });
    let x = area.x + (width(&prompt) + caret.min(width(shown))) as u16;
    frame.set_cursor_position(Position { x: x.min(area.right().saturating_sub(1)), y: area.y });
    let says = Line::styled(fit(&says(app, find), area.width as usize, app.glyphs().ellipsis), app.style(Role::Dim));
    put_row(frame, &says, Rect { y: area.y + 1, height: 1, ..area });
    let list = Rect { y: area.y + 2, height: area.height - 2, ..area };
    let fitting = usize::from(list.height / 2).max(1);
    let first = (find.chosen + 1).saturating_sub(fitting);
    for (n, (to, hit)) in find.hits().iter().enumerate().skip(first).take(fitting) {
        let y = list.y + (n - first) as u16 * 2;
        let chosen = n == find.chosen;
        let mark = if chosen { app.glyphs().current } else { " " };
        let head = Line::from(vec![
            Span::styled(mark, app.style(Role::Accent)),
            Span::styled(format!("{to} "), app.style(Role::Accent)),
            Span::styled(shown_name(&hit.shown.from), app.name_style(&hit.shown.from)),
            Span::styled(format!("  {} {}", app.day(hit.shown.at), app.time(hit.shown.at)), app.style(Role::Dim)),
        ]);
        let mut words = words(app, find, &hit.shown, usize::from(list.width));
        words.spans.insert(0, Span::styled(mark, app.style(Role::Accent)));
        for (line, y) in [(head, y), (words, y + 1)] {
            let place = Rect { y, height: 1, ..list }.intersection(list);
            put_row(frame, &line, place);
        }
    }
}

/// The line under the field: how it stands, or what could be typed.
fn says(app: &App, find: &Find) -> String {
    let other = if find.everywhere { "only here" } else { "everywhere" };
    let key = app.key_of(Action::Find);
    match &find.state {
        FindState::Empty if find.mentions => "nothing mentions you".to_owned(),
        FindState::Empty => {
            format!("{key} {other}; also from:ben in:#room before:2026-11-20 after:monday has:link")
        }
        FindState::Looking if find.hits().is_empty() => format!("looking {}", app.glyphs().ellipsis),
        FindState::Looking => format!("{} {}", find.hits().len(), app.glyphs().ellipsis),
        FindState::Found(_) if find.hits().is_empty() => format!("nothing found; {key} looks {other}"),
        FindState::Found(more) => {
            let many = find.hits().len();
            let of = if *more { "the newest of more" } else { "all there is" };
            format!("{} of {many}, {of}; {key} looks {other}", find.chosen + 1)
        }
        FindState::No(why) => why.clone(),
    }
}

/// The words of a message on one line, so that what was looked for is seen, and marked.
fn words(app: &App, find: &Find, shown: &Shown, columns: usize) -> Line<'static> {
    let text = match &shown.what {
        ShownWhat::Said { text: Some(text), .. } => veiled(&text.one_line(), app.glyphs().veil),
        _ => String::new(),
    };
    let room = columns.saturating_sub(2);
    let marks = find.query.marks(&text);
    let from = marks.first().map_or(0, |mark| beginning(&text, mark, room));
    let ellipsis = if from > 0 { app.glyphs().ellipsis } else { "" };
    let seen = fit(&text[from..], room.saturating_sub(width(ellipsis)), app.glyphs().ellipsis);
    let plain = app.style(Role::Text);
    let loud = app.style(Role::Mention).add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled(ellipsis.to_owned(), app.style(Role::Dim))];
    let mut at = 0;
    let cut = |at: usize| at.saturating_sub(from).min(seen.len());
    for Range { start, end } in marks {
        let (start, end) = (cut(start), cut(end));
        if start >= end || !text[from..].starts_with(&seen[..end]) {
            continue;
        }
        spans.push(Span::styled(seen[at..start].to_owned(), plain));
        spans.push(Span::styled(seen[start..end].to_owned(), loud));
        at = end;
    }
    spans.push(Span::styled(seen[at..].to_owned(), plain));
    Line::from(spans)
}

/// What is hidden in a message stays so until one goes there.
fn veiled(text: &str, veil: &str) -> String {
    let parts: Vec<&str> = text.split("||").collect();
    if parts.len() < 3 {
        return text.to_owned();
    }
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        // Every second part stands between two signs; the last one only when they are an even number.
        match at % 2 == 1 && at + 1 < parts.len() {
            true => out.push_str(&veil.repeat(width(part))),
            false if at % 2 == 1 => out.push_str(&format!("||{part}")),
            false => out.push_str(part),
        }
    }
    out
}

/// Where a line begins so that this mark is seen with a little of what stands before it.
fn beginning(text: &str, mark: &Range<usize>, room: usize) -> usize {
    if width(&text[..mark.end]) <= room.saturating_sub(1) {
        return 0;
    }
    let before = text[..mark.start].char_indices().rev().map(|(at, _)| at);
    let near = before.take_while(|at| width(&text[*at..mark.start]) <= room / 3);
    near.last().unwrap_or(mark.start)
}
