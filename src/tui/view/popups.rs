//! What lies over the panes: the question for a name, help, lists, completion. The only framed things.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::super::app::{App, Pick, Popup};
use super::super::keys::Action;
use super::super::layout::Areas;
use super::super::theme::Role;
use super::super::wrap::{fit, width, wrap};
use super::row::put_row;
use super::{card, find};

pub fn draw(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    match app.popup() {
        Popup::None => completion(frame, app, areas),
        Popup::Name => name(frame, app),
        Popup::List { title, lines, scroll } => list(frame, app, title, lines, *scroll),
        Popup::Pick(choice) => pick(frame, app, choice),
        Popup::Press(action) => press(frame, app, *action),
        Popup::Find(looked) => find::draw(frame, app, looked),
        Popup::Card(card) => card::draw(frame, app, card),
    }
}

/// A framed place in the middle; gives its inside.
pub fn framed(frame: &mut Frame<'_>, app: &App, title: &str, columns: u16, rows: u16) -> Rect {
    let screen = frame.area();
    let (w, h) = (columns.min(screen.width), rows.min(screen.height));
    let area =
        Rect { x: screen.x + (screen.width - w) / 2, y: screen.y + (screen.height - h) / 2, width: w, height: h };
    frame.render_widget(Clear, area);
    if w < 8 || h < 3 {
        return area;
    }
    let (glyphs, style) = (app.glyphs(), app.style(Role::Rule));
    let [tl, tr, bl, br] = glyphs.corners;
    let title = fit(&format!(" {title} "), w as usize - 4, "");
    let rest = w as usize - 3 - width(&title);
    let line = |y: u16, text: String| (Line::styled(text, style), Rect { y, height: 1, ..area });
    let top = line(area.y, format!("{tl}{}{title}{}{tr}", glyphs.rule, glyphs.rule.repeat(rest)));
    let bottom = line(area.bottom() - 1, format!("{bl}{}{br}", glyphs.rule.repeat(w as usize - 2)));
    for (line, place) in [top, bottom] {
        put_row(frame, &line, place);
    }
    for y in area.y + 1..area.bottom() - 1 {
        for x in [area.x, area.right() - 1] {
            put_row(frame, &Line::styled(glyphs.upright, style), Rect { x, y, width: 1, height: 1 });
        }
    }
    Rect { x: area.x + 2, y: area.y + 1, width: w - 4, height: h - 2 }
}

fn name(frame: &mut Frame<'_>, app: &App) {
    let (value, caret) = app.name_field();
    let wide = frame.area().width.clamp(1, 56);
    let help: Vec<String> = app.name_help();
    let inner_width = wide.saturating_sub(4).max(1) as usize;
    let mut lines: Vec<(String, Role)> = Vec::new();
    for (at, text) in help.iter().enumerate() {
        let role = if at == 0 && app.name_refused() { Role::Error } else { Role::Dim };
        lines.extend(wrap(text, inner_width).into_iter().map(|range| (text[range].trim_end().to_owned(), role)));
    }
    let area = framed(frame, app, app.name_question(), wide, lines.len() as u16 + 4);
    let prompt = format!("{} ", app.glyphs().prompt);
    let room = (area.width as usize).saturating_sub(width(&prompt) + 1);
    // Only the end of a value too long for its field is seen.
    let mut shown = value.as_str();
    while width(shown) > room && !shown.is_empty() {
        shown = &shown[shown.chars().next().map_or(0, char::len_utf8)..];
    }
    put_row(
        frame,
        &Line::styled(format!("{prompt}{shown}"), app.style(Role::Text)),
        Rect { height: 1.min(area.height), ..area },
    );
    let x = area.x + (width(&prompt) + caret.min(width(shown))) as u16;
    frame.set_cursor_position(Position { x: x.min(area.right().saturating_sub(1)), y: area.y });
    for ((text, role), y) in lines.into_iter().zip(area.y + 2..area.bottom()) {
        put_row(frame, &Line::styled(text, app.style(role)), Rect { y, height: 1, ..area });
    }
}

fn press(frame: &mut Frame<'_>, app: &App, action: Action) {
    let keys: Vec<String> = app.keymap().keys_for(action).iter().map(ToString::to_string).collect();
    let lines = [
        action.line().to_owned(),
        format!("now: {}", if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") }),
        "Backspace takes back what you changed, Esc leaves it".to_owned(),
    ];
    let wide = lines.iter().map(|line| width(line)).max().unwrap_or(0) as u16 + 4;
    let area = framed(frame, app, "Press the key for it", wide.min(frame.area().width), lines.len() as u16 + 2);
    for (at, (line, y)) in lines.iter().zip(area.y..area.bottom()).enumerate() {
        let role = if at == 0 { Role::Text } else { Role::Dim };
        let line = fit(line, area.width as usize, app.glyphs().ellipsis);
        put_row(frame, &Line::styled(line, app.style(role)), Rect { y, height: 1, ..area });
    }
}

/// The width of a list on a screen so wide, and its lines wrapped to it.
pub fn list_rows(title: &str, lines: &[String], screen: u16) -> (u16, Vec<String>) {
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0).max(width(title) + 4);
    let wide = u16::try_from(widest + 4).unwrap_or(u16::MAX).clamp(1, screen.max(1));
    let inner = wide.saturating_sub(4).max(1) as usize;
    let rows = lines.iter().flat_map(|line| wrap(line, inner).into_iter().map(|range| line[range].to_owned()));
    (wide, rows.collect())
}

fn list(frame: &mut Frame<'_>, app: &App, title: &str, lines: &[String], scroll: usize) {
    let screen = frame.area();
    let (wide, rows) = list_rows(title, lines, screen.width);
    let tall = (rows.len() as u16 + 2).min(screen.height);
    let area = framed(frame, app, title, wide, tall);
    let scroll = scroll.min(rows.len().saturating_sub(area.height as usize));
    for (row, y) in rows.iter().skip(scroll).zip(area.y..area.bottom()) {
        let role = if row.starts_with(' ') || row.is_empty() { Role::Text } else { Role::Accent };
        put_row(frame, &Line::styled(row.clone(), app.style(role)), Rect { y, height: 1, ..area });
    }
    if rows.len() > scroll + area.height as usize {
        let more = format!(" {} more ", app.glyphs().down);
        let at = Rect {
            x: area.x,
            y: (area.bottom()).min(screen.bottom() - 1),
            width: (width(&more) as u16).min(area.width),
            height: 1,
        };
        put_row(frame, &Line::styled(more, app.style(Role::Dim)), at);
    }
}

/// Rows of a list to choose from, at most; more scroll.
const PICK_ROWS: u16 = 14;

/// Columns of a list to choose from, at most.
const PICK_COLUMNS: u16 = 72;

fn pick(frame: &mut Frame<'_>, app: &App, pick: &Pick) {
    let screen = frame.area();
    // As many rows as there is to choose from, whatever fits: a frame that grows and shrinks while one types is in the way.
    let rows = u16::try_from(pick.many()).unwrap_or(u16::MAX).clamp(1, PICK_ROWS).min(screen.height.saturating_sub(4));
    let field = u16::from(!pick.is_card());
    let area = framed(frame, app, &pick.title, PICK_COLUMNS.min(screen.width), rows + 2 + field);
    if pick.is_card() {
        return items(frame, app, pick, area);
    }
    let (typed, caret) = pick.field();
    let prompt = format!("{} ", app.glyphs().prompt);
    let field = Line::from(vec![
        Span::styled(prompt.clone(), app.style(Role::Accent)),
        Span::styled(typed.to_owned(), app.style(Role::Text)),
    ]);
    put_row(frame, &field, Rect { height: 1.min(area.height), ..area });
    let x = area.x + (width(&prompt) + caret) as u16;
    frame.set_cursor_position(Position { x: x.min(area.right().saturating_sub(1)), y: area.y });
    items(frame, app, pick, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
}

/// What there is to choose from.
fn items(frame: &mut Frame<'_>, app: &App, pick: &Pick, area: Rect) {
    let (fitting, chosen) = pick.fitting();
    if fitting.len() == 0 {
        let nothing = Line::styled("nothing fits", app.style(Role::Dim));
        return put_row(frame, &nothing, Rect { height: area.height.min(1), ..area });
    }
    let room = area.height as usize;
    let first = (chosen + 1).saturating_sub(room);
    for ((at, item), y) in fitting.enumerate().skip(first).zip(area.y..area.bottom()) {
        let columns = area.width as usize;
        let detail = fit(&item.detail, columns / 2, app.glyphs().ellipsis);
        let label = fit(&item.label, columns.saturating_sub(width(&detail) + 3), app.glyphs().ellipsis);
        let gap = columns.saturating_sub(width(&label) + width(&detail) + 2);
        let (label, rest) = (format!(" {label}"), format!("{}{detail} ", " ".repeat(gap)));
        let line = match at == chosen {
            true => Line::styled(format!("{label}{rest}"), app.style(Role::Selected)),
            false => {
                Line::from(vec![Span::styled(label, app.style(Role::Text)), Span::styled(rest, app.style(Role::Dim))])
            }
        };
        put_row(frame, &line, Rect { y, height: 1, ..area });
    }
}

fn completion(frame: &mut Frame<'_>, app: &App, areas: &Areas) {
    let Some((items, chosen)) = app.completing() else { return };
    let room = areas.messages.height.min(8);
    if items.len() < 2 || room == 0 {
        return;
    }
    let first = (chosen + 1).saturating_sub(room as usize);
    let shown: Vec<(usize, &String)> = items.iter().enumerate().skip(first).take(room as usize).collect();
    let wide = shown.iter().map(|(_, item)| width(item)).max().unwrap_or(0) as u16 + 2;
    let wide = wide.min(areas.composer.width);
    let tall = shown.len() as u16;
    let area =
        Rect { x: areas.composer.x + 1, y: areas.composer.y.saturating_sub(tall + 1), width: wide, height: tall };
    let area = area.intersection(frame.area());
    frame.render_widget(Clear, area);
    for ((at, item), y) in shown.into_iter().zip(area.y..area.bottom()) {
        let style = if at == chosen { app.style(Role::Selected) } else { app.style(Role::Text) };
        let text = format!(" {:wide$}", item, wide = (wide as usize).saturating_sub(1));
        put_row(frame, &Line::styled(fit(&text, wide as usize, ""), style), Rect { y, height: 1, ..area });
    }
}
