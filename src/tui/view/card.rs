//! An invitation drawn: its code in half blocks, dark on light whatever the theme, since that is what phones read; the
//! link below it, whole. Where there is no room for the code the link stands alone.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::super::app::App;
use super::super::app::card::Card;
use super::super::keys::Action;
use super::super::theme::Role;
use super::super::wrap::{fit, width};
use super::popups::framed;
use super::row::put_row;

pub fn draw(frame: &mut Frame<'_>, app: &App, card: &Card) {
    let screen = frame.area();
    let inner = usize::from(screen.width.saturating_sub(4)).max(1);
    let link: Vec<char> = card.link.chars().collect();
    let link: Vec<String> = link.chunks(inner).map(String::from_iter).collect();
    let keys = format!("{} copies it, {} closes", app.key_of(Action::Copy), app.key_of(Action::Cancel));
    let ellipsis = app.glyphs().ellipsis;
    let code = card.code.iter().map(|code| fit(&format!("or type the code {code}"), inner, ellipsis));
    let words: Vec<String> =
        [fit(&card.what, inner, ellipsis), String::new()].into_iter().chain(link).chain(code).collect();
    let code_rows = card.side.div_ceil(2);
    let rows = words.len() + 2;
    let room = usize::from(screen.height.saturating_sub(2));
    // Without its frame's worth of words around it, if need be: the code is what is handed across the table.
    let drawn = card.side > 0 && card.side <= inner && !app.glyphs().rule.is_ascii();
    let (code, wordy) = match (drawn, code_rows) {
        (true, code) if code + rows < room => (true, true),
        (true, code) if code <= room => (true, false),
        _ => (false, true),
    };
    let widest = words.iter().map(|line| width(line)).max().unwrap_or(0).max(width(&keys));
    let wide = if wordy { widest } else { 0 }.max(if code { card.side } else { 0 });
    let tall = if wordy { rows } else { 0 } + if code { code_rows + usize::from(wordy) } else { 0 };
    // Where the words find no room the frame has what matters of them.
    let title = match (&card.code, wordy) {
        (Some(code), false) => format!("{code} · {} copies the link", app.key_of(Action::Copy)),
        _ => card.title.to_owned(),
    };
    let area = framed(frame, app, &title, wide as u16 + 4, tall as u16 + 2);
    let mut y = area.y;
    if code {
        let colourless = [Role::Accent, Role::Error, Role::Own].iter().all(|role| app.style(*role).fg.is_none());
        let left = area.x + (area.width.saturating_sub(card.side as u16)) / 2;
        for row in 0..code_rows {
            let place = Rect { x: left, y: area.y + row as u16, width: card.side as u16, height: 1 };
            put_row(frame, &code_row(card, row, colourless), place.intersection(area));
        }
        y += code_rows as u16 + 1;
    }
    if !wordy {
        return;
    }
    let lines = words.iter().map(|line| (line.as_str(), Role::Text)).chain([("", Role::Dim), (&keys, Role::Dim)]);
    for ((line, role), y) in lines.zip(y..area.bottom()) {
        put_row(frame, &Line::styled(line.to_owned(), app.style(role)), Rect { y, height: 1, ..area });
    }
}

/// Two rows of cells in one of the screen. Without colours what is light is drawn, as on a dark terminal; phones read the
/// other way round as well.
fn code_row(card: &Card, row: usize, colourless: bool) -> Line<'static> {
    if colourless {
        let sign = |x: usize| match (card.dark(x, row * 2), card.dark(x, row * 2 + 1)) {
            (false, false) => '█',
            (false, true) => '▀',
            (true, false) => '▄',
            (true, true) => ' ',
        };
        return (0..card.side).map(sign).collect::<String>().into();
    }
    let color = |dark: bool| if dark { Color::Rgb(0, 0, 0) } else { Color::Rgb(255, 255, 255) };
    let cell = |x: usize| {
        let (upper, lower) = (card.dark(x, row * 2), card.dark(x, row * 2 + 1));
        Span::styled("▀", Style::new().fg(color(upper)).bg(color(lower)))
    };
    (0..card.side).map(cell).collect::<Vec<_>>().into()
}
