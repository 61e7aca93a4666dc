//! The screen that asks where to go, drawn: the list between two rules, the field under it, as the chat has them.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line as TextLine, Span};

use super::super::glyphs::Glyphs;
use super::super::theme::{Role, Theme};
use super::super::view::row::put_row;
use super::super::wrap::{fit, width};
use super::{Line, Row, Start};

/// Columns of names at most: what a host is called has at most 32.
const LABELS: usize = 32;

/// How it looks.
pub struct Look<'a> {
    pub theme: &'a Theme,
    pub glyphs: &'a Glyphs,
    /// The keys that matter, and what they do.
    pub hints: &'a [(String, &'static str)],
}

/// Rows of the screen that are not the list's: title, two rules, field, hints.
const AROUND: u16 = 5;

/// Rows of the list on a screen so high.
pub fn list_rows(height: u16) -> usize {
    usize::from(height.saturating_sub(AROUND))
}

/// The first line of the list that is seen.
pub fn first_line(start: &Start, rows: usize) -> usize {
    let lines = start.lines();
    let at = lines.iter().position(|line| *line == Line::Row(start.chosen())).unwrap_or(0);
    // With its heading, when that is just above.
    let last = (at + 2).min(lines.len());
    last.saturating_sub(rows.max(1)).min(at)
}

/// Draws it all.
pub fn draw(frame: &mut Frame<'_>, start: &Start, look: &Look<'_>) {
    let area = frame.area();
    let (theme, glyphs) = (look.theme, look.glyphs);
    let row = |y: u16| Rect { y, height: 1.min(area.height), ..area };
    let rule = TextLine::styled(glyphs.rule.repeat(area.width.into()), theme.style(Role::Rule));
    let title = Span::styled(" wschat", theme.style(Role::Text).add_modifier(Modifier::BOLD));
    let asks = Span::styled("  where to?", theme.style(Role::Dim));
    put_row(frame, &TextLine::from(vec![title, asks]), row(area.y));
    let rows = list_rows(area.height);
    put_row(frame, &rule, row(area.y + 1));
    let (all, first) = (start.rows(), first_line(start, rows));
    for (line, y) in start.lines().iter().skip(first).take(rows).zip(area.y + 2..) {
        put_row(frame, &list_line(line, &all, start.chosen(), area.width, look), row(y));
    }
    if area.height < AROUND {
        return;
    }
    put_row(frame, &rule, row(area.bottom() - 3));
    field(frame, start, look, row(area.bottom() - 2));
    let said = match start.wrong() {
        Some(why) => vec![Span::styled(format!(" {why}"), theme.style(Role::Error))],
        None => hints(look),
    };
    put_row(frame, &TextLine::from(said), row(area.bottom() - 1));
}

fn hints(look: &Look<'_>) -> Vec<Span<'static>> {
    let (bright, dim) = (look.theme.style(Role::Text), look.theme.style(Role::Dim));
    let hint = |(key, what): &(String, &'static str)| {
        [Span::styled(format!(" {key}"), bright), Span::styled(format!(" {what} "), dim)]
    };
    look.hints.iter().flat_map(hint).collect()
}

fn list_line(line: &Line, all: &[Row], chosen: usize, columns: u16, look: &Look<'_>) -> TextLine<'static> {
    let (theme, glyphs, columns) = (look.theme, look.glyphs, usize::from(columns));
    match line {
        Line::Blank => TextLine::default(),
        Line::Heading(words) => TextLine::styled(format!(" {words}"), theme.style(Role::Dim)),
        Line::Words(words) => {
            TextLine::styled(fit(&format!("   {words}"), columns, glyphs.ellipsis), theme.style(Role::Dim))
        }
        Line::Row(at) => {
            let Some(row) = all.get(*at) else { return TextLine::default() };
            let widest = all.iter().map(|row| width(&row.label)).max().unwrap_or(0);
            let labels = widest.min(LABELS).min(columns / 2);
            let label = fit(&row.label, labels, glyphs.ellipsis);
            let gap = " ".repeat((labels + 2).saturating_sub(width(&label)));
            let detail = fit(&row.detail, columns.saturating_sub(labels + 6), glyphs.ellipsis);
            let (bar, role) = if *at == chosen { (glyphs.current, Role::Accent) } else { (" ", Role::Text) };
            TextLine::from(vec![
                Span::styled(format!("{bar}  "), theme.style(Role::Accent)),
                Span::styled(label, theme.style(role)),
                Span::styled(format!("{gap}{detail}"), theme.style(Role::Dim)),
            ])
        }
    }
}

fn field(frame: &mut Frame<'_>, start: &Start, look: &Look<'_>, area: Rect) {
    let (value, caret) = start.field();
    let prompt = format!(" go to {} ", look.glyphs.prompt);
    let room = usize::from(area.width).saturating_sub(width(&prompt) + 1);
    let before: String = value.chars().take(caret).collect();
    // The part around the caret is seen of what is too long.
    let mut hidden = 0;
    while width(&before[hidden..]) > room && hidden < before.len() {
        hidden += before[hidden..].chars().next().map_or(1, char::len_utf8);
    }
    let line = match value.is_empty() {
        true => Span::styled("type a name or an address, or paste an invitation", look.theme.style(Role::Dim)),
        false => Span::styled(value[hidden..].to_owned(), look.theme.style(Role::Text)),
    };
    let prompted = Span::styled(prompt.clone(), look.theme.style(Role::Accent));
    put_row(frame, &TextLine::from(vec![prompted, line]), area);
    let x = area.x + (width(&prompt) + width(&before[hidden..])) as u16;
    frame.set_cursor_position(Position { x: x.min(area.right().saturating_sub(1)), y: area.y });
}
