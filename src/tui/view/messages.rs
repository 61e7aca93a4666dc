//! The pane of messages: entries as lines, grouped by author and day, and which of them are on the screen. Only what is
//! visible is laid out, walking from the anchor; nothing here changes the app.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::app::{App, Scroll};
use super::super::theme::Role;
use super::super::wrap::{fit, untab, width, wrap};
use crate::client::chat::{Delivery, Pending, Talk};
use crate::config::{Clock, Density};
use crate::protocol::entry::{Author, Seq, Shown, ShownWhat, Timestamp};
use crate::protocol::mention;
use crate::protocol::names::{Nick, Target};

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
}

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, app: &App, area: Rect) {
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
    let top = if app.scroll() == Scroll::Bottom { missing } else { 0 };
    for (line, y) in seen.lines.iter().zip(area.y + top..area.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
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
        frame.render_widget(Line::styled(text, app.style(role).add_modifier(Modifier::REVERSED)), place);
    }
}

fn empty(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let dim = app.style(Role::Dim);
    let words: Vec<String> = match app.here_talk() {
        None => app.nowhere(),
        Some(talk) => match &talk.to {
            Target::Room(_) if talk.head == Seq::ZERO => {
                vec![
                    format!("Nothing was said in {} yet.", talk.to),
                    "Everybody on this host can join and read it.".into(),
                ]
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
                frame.render_widget(Line::styled(text, dim), Rect { y, height: 1, ..area });
                y += 1;
            }
        }
    }
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

/// A line, whose it is, and which of its entry's text it is (negative: above it).
struct Row(Option<Seq>, i32, Line<'static>);

/// What an entry adds to the pane, and where its text begins in it.
struct Block {
    seq: Seq,
    lines: Vec<Line<'static>>,
    text: usize,
}

impl Block {
    fn rows(self) -> impl DoubleEndedIterator<Item = Row> + ExactSizeIterator {
        let text = self.text as i32;
        self.lines.into_iter().enumerate().map(move |(n, line)| Row(Some(self.seq), n as i32 - text, line))
    }
}

fn from_bottom(app: &App, talk: &Talk, columns: usize, rows: usize) -> Visible {
    let mut above: Vec<Row> = Vec::new();
    let waiting = pending_lines(app, talk, columns, rows);
    above.extend(waiting.into_iter().rev().map(|line| Row(None, 0, line)));
    let floor = app.cleared(&talk.to);
    let mut next = talk.timeline.last().filter(|shown| shown.seq > floor);
    while let Some(shown) = next.filter(|_| above.len() < rows) {
        let before = talk.timeline.before(shown.seq);
        above.extend(entry_lines(app, talk, before, shown, columns).rows().rev());
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
    let block = entry_lines(app, talk, before, shown, columns);
    let text = block.text;
    let mut lines: Vec<Row> = block.rows().collect();
    let mut below: Vec<Row> = lines.split_off(text);
    let wanted = usize::try_from(row).unwrap_or(0);
    let skipped = usize::try_from(-row).unwrap_or(0);
    let mut above: Vec<Row> = lines.into_iter().rev().collect();
    let mut next = before;
    while let Some(shown) = next.filter(|_| above.len() < wanted) {
        let before = talk.timeline.before(shown.seq);
        above.extend(entry_lines(app, talk, before, shown, columns).rows().rev());
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
        below.extend(entry_lines(app, talk, Some(before), shown, columns).rows());
        before = shown;
    }
    below.extend(pending_lines(app, talk, columns, rows).into_iter().map(|line| Row(None, 0, line)));
    let mut lines = above;
    lines.extend(below.into_iter().skip(skipped));
    let at_bottom = ended && lines.len() <= rows;
    lines.truncate(rows);
    seen(lines, at_bottom, at_top)
}

fn seen(rows: Vec<Row>, at_bottom: bool, at_top: bool) -> Visible {
    let whose = || rows.iter().enumerate().filter_map(|(at, Row(seq, rel, _))| Some(((*seq)?, at as i32 - rel, *rel)));
    let anchor = whose().find(|(_, _, rel)| *rel == 0).or_else(|| whose().next());
    let last = whose().next_back().map(|(seq, ..)| seq);
    let anchor = anchor.map(|(seq, row, _)| (seq, row));
    Visible { anchor, at_bottom, at_top, last, lines: rows.into_iter().map(|Row(_, _, line)| line).collect() }
}

/// Everything an entry adds to the pane, with what stands above it: hole, day, unread line, blank, name.
fn entry_lines(app: &App, talk: &Talk, before: Option<&Shown>, shown: &Shown, columns: usize) -> Block {
    let mut lines = Vec::new();
    match before {
        None => lines.extend(beginning(app, talk, columns)),
        Some(before) => {
            let missing = talk.timeline.missing_between(before.seq, shown.seq);
            if missing > 0 {
                let text = format!("{missing} lines are missing here; they load when you look");
                lines.push(middle(app, &text, columns, app.style(Role::Dim)));
            }
        }
    }
    let day = app.day(shown.at);
    let new_day = before.is_none_or(|before| app.day(before.at) != day);
    if new_day {
        lines.push(ruled(app, &day, columns, Role::Dim));
    }
    let mark = app.unread_mark(&talk.to);
    let above = before.map_or(Seq::ZERO, |before| before.seq);
    let unread = mark.is_some_and(|mark| above <= mark && shown.seq > mark && (before.is_some() || mark > Seq::ZERO));
    if unread {
        lines.push(ruled(app, "new", columns, Role::Unread));
    }
    let grouped = !new_day && !unread && before.is_some_and(|before| app.groups(before, shown));
    let mut text_at = lines.len();
    match &shown.what {
        ShownWhat::Topic { text } => {
            let what = match text.is_blank() {
                true => format!("* {} cleared the topic", shown.from.name),
                false => format!("* {} set the topic: {}", shown.from.name, text.one_line()),
            };
            push_wrapped(&mut lines, &what, " ", columns, app.style(Role::Dim));
        }
        ShownWhat::Said { text, me, reply_to, edited, reactions } => {
            let style = app.style(Role::Text);
            let means_me = app.chat().me().is_some_and(|me| shown.mentions.contains(&me.person));
            let tail = if *edited { " (edited)" } else { "" };
            let (words, style) = match text {
                Some(text) => (format!("{}{tail}", text.as_str()), style),
                None => ("(deleted)".to_owned(), app.style(Role::Dim)),
            };
            let quote = reply_to.map(|seq| quoted(app, talk, seq, columns));
            let said_now =
                Said { from: &shown.from, at: Some(shown.at), words: &words, style, me: *me, grouped, quote };
            text_at = said(app, &mut lines, said_now, columns);
            if means_me {
                mark_mine(app, &mut lines[text_at..]);
            }
            if !reactions.is_empty() {
                let row: Vec<String> = reactions.iter().map(|r| format!("{} {}", r.emoji.as_str(), r.count)).collect();
                push_wrapped(&mut lines, &row.join("  "), indent(app), columns, app.style(Role::Dim));
            }
        }
    }
    Block { seq: shown.seq, text: text_at.min(lines.len().saturating_sub(1)), lines }
}

/// A message as lines.
struct Said<'a> {
    from: &'a Author,
    at: Option<Timestamp>,
    words: &'a str,
    style: Style,
    me: bool,
    grouped: bool,
    quote: Option<Line<'static>>,
}

/// Adds a message; gives the line its text begins on.
fn said(app: &App, lines: &mut Vec<Line<'static>>, said: Said<'_>, columns: usize) -> usize {
    let comfortable = app.density() == Density::Comfortable && columns > 24;
    let time = said.at.map(|at| app.time(at)).unwrap_or_default();
    let name_style = app.name_style(said.from);
    let shown_name = shown_name(said.from);
    if said.me {
        let start = lines.len();
        let text = format!("* {shown_name} {}", said.words);
        push_wrapped(lines, &text, " ", columns, said.style.add_modifier(Modifier::ITALIC));
        if let Some(line) = lines.get_mut(start) {
            line.spans.push(Span::styled(format!("  {time}"), app.style(Role::Dim)));
        }
        return start;
    }
    if comfortable {
        if !said.grouped {
            if lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::from(vec![
                Span::raw(" "),
                Span::styled(shown_name, name_style),
                Span::styled(format!("  {time}"), app.style(Role::Dim)),
            ]));
        }
        lines.extend(said.quote);
        let start = lines.len();
        push_wrapped(lines, said.words, indent(app), columns, said.style);
        return start;
    }
    let head = if said.grouped { String::new() } else { format!("{shown_name}: ") };
    lines.extend(said.quote);
    let start = lines.len();
    push_wrapped(lines, &format!("{head}{}", said.words), " ", columns, said.style);
    if !said.grouped
        && let Some(first) = lines.get_mut(start)
    {
        let text: String = first.spans.iter().map(|span| span.content.as_ref()).collect();
        let rest = text.strip_prefix(&format!(" {shown_name}")).unwrap_or("").to_owned();
        first.spans = vec![Span::raw(" "), Span::styled(shown_name, name_style), Span::styled(rest, said.style)];
    }
    start
}

fn indent(app: &App) -> &'static str {
    if app.density() == Density::Comfortable { "   " } else { " " }
}

/// A guest's name wears a mark.
pub fn shown_name(author: &Author) -> String {
    if author.guest { format!("~{}", author.name) } else { author.name.to_string() }
}

fn quoted(app: &App, talk: &Talk, of: Seq, columns: usize) -> Line<'static> {
    let words = match talk.timeline.get(of) {
        Some(Shown { from, what: ShownWhat::Said { text: Some(text), .. }, .. }) => {
            format!("{}  {}", from.name, text.one_line())
        }
        Some(_) => "(deleted)".to_owned(),
        None => "an earlier message".to_owned(),
    };
    let text = format!("{}{} {words}", indent(app), app.glyphs().reply);
    Line::styled(fit(&text, columns, app.glyphs().ellipsis), app.style(Role::Dim))
}

/// One's own lines that have no ack yet; no more of them than a screen has rows.
fn pending_lines(app: &App, talk: &Talk, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let Some(me) = app.chat().me() else { return lines };
    let grouped = talk.timeline.last().is_some_and(|last| last.from.person == me.person);
    let waiting: Vec<&Pending> = app.chat().pending(&talk.to).collect();
    let first = waiting.len().saturating_sub(rows);
    for (at, pending) in waiting.iter().enumerate().skip(first) {
        pending_line(app, &mut lines, me, pending, at > 0 || grouped, columns);
    }
    lines
}

fn pending_line(
    app: &App,
    lines: &mut Vec<Line<'static>>,
    me: &Author,
    pending: &Pending,
    grouped: bool,
    columns: usize,
) {
    let (state, role) = match &pending.state {
        Delivery::Queued => ("queued".to_owned(), Role::Dim),
        Delivery::Sent(_) => ("sending".to_owned(), Role::Dim),
        Delivery::Later(_, why) => (format!("waiting: {why}"), Role::Warn),
        Delivery::Failed(why) => {
            let retry = app.key_of(super::super::keys::Action::Retry);
            let discard = app.key_of(super::super::keys::Action::Discard);
            (format!("{} not sent: {why} ({retry} again, {discard} drops it)", app.glyphs().failed), Role::Error)
        }
    };
    let style = app.style(Role::Dim);
    let text = pending.record.text.as_str();
    let mut block = Vec::new();
    let blank = lines.is_empty() || grouped;
    said(
        app,
        &mut block,
        Said { from: me, at: None, words: text, style, me: pending.record.me, grouped, quote: None },
        columns,
    );
    if !blank {
        lines.push(Line::default());
    }
    lines.extend(block);
    let used = lines.last().map_or(0, Line::width);
    if used + width(&state) + 3 <= columns {
        let gap = " ".repeat(columns - used - width(&state) - 1);
        if let Some(line) = lines.last_mut() {
            line.spans.push(Span::raw(gap));
            line.spans.push(Span::styled(state, app.style(role)));
        }
    } else {
        push_wrapped(lines, &state, indent(app), columns, app.style(role));
    }
}

/// What stands above the oldest line that is loaded.
fn beginning(app: &App, talk: &Talk, columns: usize) -> Vec<Line<'static>> {
    let dim = app.style(Role::Dim);
    let mut lines = Vec::new();
    if talk.anew {
        lines.push(middle(app, "the host's history began anew", columns, app.style(Role::Warn)));
    }
    let text = match () {
        () if talk.timeline.complete_below() && talk.timeline.oldest() > Seq(1) => {
            "older lines were dropped by the host".to_owned()
        }
        () if talk.timeline.complete_below() => format!("the beginning of {}", talk.to),
        () if talk.loading() => format!("loading older lines {}", app.glyphs().ellipsis),
        () => format!("{} older lines load when you scroll up", app.glyphs().up),
    };
    lines.push(middle(app, &text, columns, dim));
    lines
}

fn middle(_app: &App, text: &str, columns: usize, style: Style) -> Line<'static> {
    let text = fit(text, columns, "");
    let left = (columns - width(&text)) / 2;
    Line::styled(format!("{}{text}", " ".repeat(left)), style)
}

/// A word in the middle of a rule.
fn ruled(app: &App, word: &str, columns: usize, role: Role) -> Line<'static> {
    let rule = app.glyphs().rule;
    let word = fit(word, columns.saturating_sub(4), "");
    let left = columns.saturating_sub(width(&word) + 2);
    let (before, after) = if role == Role::Dim { (2.min(left), 2.min(left)) } else { (left / 2, left - left / 2) };
    let pad = if role == Role::Dim { (left.saturating_sub(4)) / 2 } else { 0 };
    Line::from(vec![
        Span::raw(" ".repeat(pad)),
        Span::styled(rule.repeat(before), app.style(Role::Rule)),
        Span::styled(format!(" {word} "), app.style(role)),
        Span::styled(rule.repeat(after), app.style(Role::Rule)),
    ])
}

fn push_wrapped(lines: &mut Vec<Line<'static>>, text: &str, indent: &str, columns: usize, style: Style) {
    let room = columns.saturating_sub(indent.len() + 1).max(1);
    for logical in text.split('\n') {
        let logical = untab(logical);
        for range in wrap(&logical, room) {
            let words = logical[range].trim_end();
            lines.push(Line::from(vec![Span::raw(indent.to_owned()), Span::styled(words.to_owned(), style)]));
        }
    }
}

/// Marks a message that means this person: a bar in the margin, and the name where it stands.
fn mark_mine(app: &App, lines: &mut [Line<'static>]) {
    let Some(me) = app.chat().me() else { return };
    let loud = app.style(Role::Mention).add_modifier(Modifier::BOLD);
    for line in lines {
        let mut spans: Vec<Span<'static>> = Vec::new();
        for (at, span) in std::mem::take(&mut line.spans).into_iter().enumerate() {
            match at {
                0 => {
                    let rest: String = span.content.chars().skip(1).collect();
                    spans.extend([Span::styled(app.glyphs().current, loud), Span::styled(rest, span.style)]);
                }
                _ => spans.extend(named(&span, &me.name, loud)),
            }
        }
        line.spans = spans;
    }
}

/// A stretch of text, with a name in it made loud.
fn named(span: &Span<'static>, name: &Nick, loud: Style) -> Vec<Span<'static>> {
    let words = span.content.as_ref();
    let mut spans = Vec::new();
    let mut at = 0;
    for hit in mention::ranges(words, &[name.folded()]) {
        spans.push(Span::styled(words[at..hit.start].to_owned(), span.style));
        spans.push(Span::styled(words[hit.clone()].to_owned(), loud));
        at = hit.end;
    }
    spans.push(Span::styled(words[at..].to_owned(), span.style));
    spans
}

/// `14:02`, or `2:02 PM`.
pub fn clock(at: &jiff::Zoned, clock: Clock) -> String {
    match clock {
        Clock::Hours24 => at.strftime("%H:%M").to_string(),
        Clock::Hours12 => at.strftime("%-I:%M %p").to_string(),
    }
}
