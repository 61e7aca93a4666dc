//! The pane of messages: which entries are on the screen, and where. Only what is visible is laid out, walking from the
//! anchor; how one entry becomes lines is `entry`'s. Nothing here changes the app.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;
use ratatui::widgets::Clear;

use super::super::app::{App, Scroll};
use super::super::links::Links;
use super::super::theme::Role;
use super::super::wrap::{fit, width, wrap};
use super::entry::{Block, Link, entry_lines, pending_lines};
use super::row::put_row;
use crate::client::chat::Talk;
use crate::protocol::entry::Seq;
use crate::protocol::names::Target;
use crate::protocol::rights::RoomSettings;

/// What is on the screen, and what the scrolling needs to know of it.
#[derive(Debug, Default)]
pub struct Visible {
    /// The lines, from the top of the pane.
    pub lines: Vec<Line<'static>>,
    /// The first entry whose text begins on the screen, and the row it begins on; of a text longer than the screen, the
    /// row it would begin on.
    pub anchor: Option<(Seq, i32)>,
    /// Whether the newest line is among them.
    pub at_bottom: bool,
    /// Whether the oldest loaded line is.
    pub at_top: bool,
    /// The last entry of which something is visible.
    pub last: Option<Seq>,
    /// Whose each line is.
    pub of: Vec<Option<Seq>>,
    /// What leads somewhere, by lines of the pane.
    pub links: Vec<Link>,
}

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, app: &App, area: Rect, links: &mut Links) {
    if area.is_empty() {
        return;
    }
    let Some(talk) = app.here_talk() else {
        return empty(frame, app, area);
    };
    let seen = visible(app, talk, area.width, area.height);
    if seen.lines.is_empty() {
        return empty(frame, app, area);
    }
    let missing = area.height.saturating_sub(seen.lines.len() as u16);
    for (line, y) in seen.lines.iter().zip(area.y + missing..area.bottom()) {
        put_row(frame, line, Rect { y, height: 1, ..area });
    }
    for Link { line, columns, url } in &seen.links {
        let y = area.y.saturating_add(missing).saturating_add(u16::try_from(*line).unwrap_or(u16::MAX));
        let place = Rect { x: area.x.saturating_add(columns.start), y, width: columns.len() as u16, height: 1 };
        links.mark(frame.buffer_mut(), place.intersection(area), url);
    }
    let below = app.below(talk, seen.last);
    if !seen.at_bottom {
        let glyphs = app.glyphs();
        let text = match below {
            0 => format!(" {} newest: {} ", glyphs.down, app.key_of(super::super::keys::Action::Bottom)),
            n => format!(" {} {n} new ", glyphs.down),
        };
        let text = fit(&text, area.width as usize, "");
        let wide = width(&text) as u16;
        let place = Rect { x: area.right() - wide, y: area.bottom() - 1, width: wide, height: 1 };
        let role = if below > 0 { Role::Unread } else { Role::Dim };
        frame.render_widget(Clear, place);
        put_row(frame, &Line::styled(text, app.style(role).add_modifier(Modifier::REVERSED)), place);
    }
}

fn empty(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let dim = app.style(Role::Dim);
    let words: Vec<String> = match app.here_talk() {
        None => app.nowhere(),
        Some(talk) => match &talk.to {
            Target::Room(_) if talk.head == Seq::ZERO => {
                let who = match talk.settings {
                    RoomSettings { private: true, .. } => "Only who is invited knows of it and reads it.",
                    RoomSettings { password: true, .. } => "Who knows its password can join and read it.",
                    _ => "Everybody on this host can join and read it.",
                };
                vec![format!("Nothing was said in {} yet.", talk.to), who.into()]
            }
            Target::Direct(nick) if talk.head == Seq::ZERO => {
                vec![format!("Only you and {nick} read this."), "Nothing was said yet.".into()]
            }
            _ => vec![format!("loading {}", app.glyphs().ellipsis)],
        },
    };
    let wide = area.width.saturating_sub(2) as usize;
    let mut y = area.y + area.height / 3;
    for word in words {
        for range in wrap(&word, wide) {
            if y < area.bottom() {
                let text = format!(" {}", word[range].trim_end());
                put_row(frame, &Line::styled(text, dim), Rect { y, height: 1, ..area });
                y += 1;
            }
        }
    }
}

/// How many lines an entry has, with what stands above it, and on which of them its text begins.
pub fn extent(app: &App, talk: &Talk, seq: Seq, columns: u16) -> Option<(usize, usize)> {
    let shown = talk.timeline.get(seq)?;
    let before = talk.timeline.before(seq);
    let block = entry_lines(app, talk, before.as_ref(), &shown, columns as usize);
    Some((block.lines.len(), block.text))
}

/// The lines on the screen.
pub fn visible(app: &App, talk: &Talk, columns: u16, rows: u16) -> Visible {
    let (columns, rows) = (columns as usize, rows as usize);
    match app.scroll() {
        Scroll::Bottom => from_bottom(app, talk, columns, rows),
        Scroll::At { seq, row } => {
            let seen = from_anchor(app, talk, columns, rows, seq, row);
            if seen.lines.len() < rows { from_bottom(app, talk, columns, rows) } else { seen }
        }
    }
}

/// A line, whose it is, which of its entry's text it is (negative: above it), and what on it leads somewhere.
struct Row(Option<Seq>, i32, Line<'static>, Vec<Link>);

/// The lines of an entry, as rows.
fn rows_of(block: Block) -> impl DoubleEndedIterator<Item = Row> + ExactSizeIterator {
    let (text, seq, links) = (block.text as i32, block.seq, block.links);
    let of = move |n| links.iter().filter(|link| link.line == n).cloned().collect();
    block.lines.into_iter().enumerate().map(move |(n, line)| Row(Some(seq), n as i32 - text, line, of(n)))
}

fn from_bottom(app: &App, talk: &Talk, columns: usize, rows: usize) -> Visible {
    let mut above: Vec<Row> = Vec::new();
    let waiting = pending_lines(app, talk, columns, rows);
    above.extend(waiting.into_iter().rev().map(|line| Row(None, 0, line, Vec::new())));
    let floor = app.cleared(&talk.to);
    let mut next = talk.timeline.last().filter(|shown| shown.seq > floor);
    while above.len() < rows
        && let Some(shown) = next.take()
    {
        let before = talk.timeline.before(shown.seq);
        above.extend(rows_of(entry_lines(app, talk, before.as_ref(), &shown, columns)).rev());
        next = before.filter(|shown| shown.seq > floor);
    }
    let at_top = next.is_none() && above.len() <= rows;
    above.truncate(rows);
    above.reverse();
    seen(above, true, at_top)
}

/// The screen on which the text of this entry begins on this row.
fn from_anchor(app: &App, talk: &Talk, columns: usize, rows: usize, seq: Seq, row: i32) -> Visible {
    let mut entries = talk.timeline.after(seq.prev());
    let Some(shown) = entries.next() else { return Visible::default() };
    let before = talk.timeline.before(shown.seq);
    let block = entry_lines(app, talk, before.as_ref(), &shown, columns);
    let text = block.text;
    let mut lines: Vec<Row> = rows_of(block).collect();
    let mut below: Vec<Row> = lines.split_off(text);
    let wanted = usize::try_from(row).unwrap_or(0);
    let skipped = usize::try_from(-row).unwrap_or(0);
    let mut above: Vec<Row> = lines.into_iter().rev().collect();
    let mut next = before;
    while above.len() < wanted
        && let Some(shown) = next.take()
    {
        let before = talk.timeline.before(shown.seq);
        above.extend(rows_of(entry_lines(app, talk, before.as_ref(), &shown, columns)).rev());
        next = before;
    }
    let at_top = next.is_none() && above.len() <= wanted && skipped == 0;
    above.truncate(wanted);
    above.reverse();
    let mut before = shown;
    let mut ended = true;
    for shown in entries {
        if above.len() + below.len() > rows + skipped {
            ended = false;
            break;
        }
        below.extend(rows_of(entry_lines(app, talk, Some(&before), &shown, columns)));
        before = shown;
    }
    below.extend(pending_lines(app, talk, columns, rows).into_iter().map(|line| Row(None, 0, line, Vec::new())));
    let mut lines = above;
    lines.extend(below.into_iter().skip(skipped));
    let at_bottom = ended && lines.len() <= rows;
    lines.truncate(rows);
    seen(lines, at_bottom, at_top)
}

fn seen(rows: Vec<Row>, at_bottom: bool, at_top: bool) -> Visible {
    let whose = || rows.iter().enumerate().filter_map(|(at, Row(seq, rel, ..))| Some(((*seq)?, at as i32 - rel, *rel)));
    let anchor = whose().find(|(_, _, rel)| *rel == 0).or_else(|| whose().next());
    let last = whose().next_back().map(|(seq, ..)| seq);
    let anchor = anchor.map(|(seq, row, _)| (seq, row));
    let of = rows.iter().map(|Row(seq, ..)| *seq).collect();
    let mut links = Vec::new();
    let take = |(at, Row(_, _, line, of)): (usize, Row)| {
        links.extend(of.into_iter().map(|link| Link { line: at, ..link }));
        line
    };
    let lines = rows.into_iter().enumerate().map(take).collect();
    Visible { anchor, at_bottom, at_top, last, of, lines, links }
}
