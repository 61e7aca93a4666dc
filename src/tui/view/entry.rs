//! One entry as lines: what stands above it, its author, its words, what hangs on it, and the lines of one's own that
//! are not acked yet. Which entries are on the screen is `messages`' to say.

use std::ops::Range;
use std::sync::Arc;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::app::App;
use super::super::app::known::Standing;
use super::super::keys::Action;
use super::super::markup::{self, Face, Layout, Token};
use super::super::theme::Role;
use super::super::wrap::{fit, untab, width, wrap};
use crate::client::chat::{Delivery, Pending, Talk};
use crate::config::{Clock, Density};
use crate::protocol::entry::{Author, Seq, Shown, ShownWhat, Timestamp, What};
use crate::protocol::mention;
use crate::protocol::names::Nick;

/// Columns below which an author's name stands before the text, whatever the density.
const NARROW: usize = 24;

/// Columns below which compact lines have no columns for time and name.
const NARROW_COMPACT: usize = 40;

/// The widest column of names.
const NAMES: usize = 16;

/// What an entry adds to the pane, and where its text begins in it.
pub struct Block {
    /// The entry.
    pub seq: Seq,
    /// Its lines.
    pub lines: Vec<Line<'static>>,
    /// The line its text begins on.
    pub text: usize,
    /// The addresses in it, from above.
    pub links: Vec<Link>,
}

/// Where on a line something leads somewhere.
#[derive(Debug, Clone)]
pub struct Link {
    /// The line, counted from the first of its block.
    pub line: usize,
    /// Its columns there.
    pub columns: Range<u16>,
    /// The whole address.
    pub url: Arc<str>,
}

/// How messages are set at this width.
#[derive(Clone, Copy)]
struct Set {
    form: Form,
    columns: usize,
    /// Columns of the time of day.
    clock: usize,
}

#[derive(Clone, Copy)]
enum Form {
    /// A name and a time over a block of lines.
    Block,
    /// `14:02 ann  text`, with names to the right of a column so wide.
    Columns(usize),
    /// `ann: text`.
    Narrow,
}

impl Set {
    fn of(app: &App, talk: &Talk, columns: usize) -> Set {
        let form = match app.density() {
            Density::Comfortable if columns > NARROW => Form::Block,
            Density::Compact if columns > NARROW_COMPACT => {
                Form::Columns(talk.timeline.name_columns().clamp(1, NAMES.min(columns / 4)))
            }
            _ => Form::Narrow,
        };
        Set { form, columns, clock: app.clock_columns() }
    }

    /// What stands before every line of a text.
    fn indent(&self) -> String {
        let wide = match self.form {
            Form::Block => 3,
            Form::Columns(name) => self.clock + name + 4,
            Form::Narrow => 1,
        };
        " ".repeat(wide)
    }
}

/// Everything an entry adds to the pane, with what stands above it: hole, day, unread line, blank, name.
pub fn entry_lines(app: &App, talk: &Talk, before: Option<&Shown>, shown: &Shown, columns: usize) -> Block {
    let set = Set::of(app, talk, columns);
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
    let text_at;
    let mut links = Vec::new();
    match &shown.what {
        ShownWhat::Topic { text } => {
            let what = match text.is_blank() {
                true => format!("{} cleared the topic", shown.from.marked()),
                false => format!("{} set the topic: {}", shown.from.marked(), text.one_line()),
            };
            let told = Words { lead: &what, text: "", tail: "", revealed: false, style: app.style(Role::Dim) };
            text_at = news(app, &mut lines, &mut links, told, Some(shown.at), set);
        }
        ShownWhat::Said { text, me, reply_to, edited, reactions } => {
            let style = app.style(Role::Text);
            let means_me = app.chat().me().is_some_and(|me| shown.mentions.contains(&me.person));
            let tail = if *edited { " (edited)" } else { "" };
            let (text, style) = match text {
                Some(_) if app.ignores(&shown.from) => ("(ignored)", app.style(Role::Dim)),
                Some(text) => (text.as_str(), style),
                None => ("(deleted)", app.style(Role::Dim)),
            };
            // What is picked out is looked at: it shows what it hides.
            let revealed = app.selection().is_some_and(|selection| selection.at == shown.seq);
            let words = Words { lead: "", text, tail, revealed, style };
            let quote = reply_to.map(|seq| quoted(app, talk, seq, set));
            // A time that stands above already says nothing.
            let same = grouped && before.is_some_and(|before| app.time(before.at) == app.time(shown.at));
            let at = (!same).then_some(shown.at);
            let now = Said { from: &shown.from, at, words, me: *me, grouped, quote };
            text_at = said(app, &mut lines, &mut links, now, set);
            if means_me {
                mark_mine(app, &mut lines[text_at..]);
            }
            if !reactions.is_empty() {
                let row: Vec<String> = reactions.iter().map(|r| format!("{} {}", r.emoji.as_str(), r.count)).collect();
                push_wrapped(&mut lines, &row.join("  "), set, app.style(Role::Dim));
            }
        }
    }
    let text = text_at.min(lines.len().saturating_sub(1));
    mark_picked(app, shown.seq, &mut lines[text..]);
    Block { seq: shown.seq, text, lines, links }
}

/// What somebody wrote, as it is to be set.
#[derive(Clone, Copy)]
struct Words<'a> {
    /// What stands before it and is no markup.
    lead: &'a str,
    text: &'a str,
    /// What stands behind it.
    tail: &'a str,
    /// Whether what is hidden is shown.
    revealed: bool,
    style: Style,
}

/// A message as lines.
struct Said<'a> {
    from: &'a Author,
    at: Option<Timestamp>,
    words: Words<'a>,
    me: bool,
    grouped: bool,
    quote: Option<Line<'static>>,
}

/// Adds a message; gives the line its text begins on.
fn said(app: &App, lines: &mut Vec<Line<'static>>, links: &mut Vec<Link>, said: Said<'_>, set: Set) -> usize {
    let name = shown_name(said.from);
    if said.me {
        let style = said.words.style.add_modifier(Modifier::ITALIC);
        let words = Words { lead: &format!("{name} "), style, ..said.words };
        return news(app, lines, links, words, said.at, set);
    }
    let name_style = app.name_style(said.from);
    let dim = app.style(Role::Dim);
    let time = said.at.map(|at| app.time(at)).unwrap_or_default();
    if let (Form::Block, false) = (set.form, said.grouped) {
        if lines.is_empty() {
            lines.push(Line::default());
        }
        let name = Span::styled(name.clone(), name_style);
        let mut head = vec![Span::raw(" "), name];
        if app.here_talk().is_some_and(|talk| talk.alike.contains(&said.from.person)) {
            head.push(Span::styled(format!(" {}", app.glyphs().alike), app.style(Role::Warn)));
        }
        if app.standing(said.from.person) == Standing::Other {
            head.push(Span::styled(format!(" {}", app.glyphs().failed), app.style(Role::Warn)));
        }
        head.push(Span::styled(format!("  {time}"), dim));
        lines.push(Line::from(head));
    }
    lines.extend(said.quote);
    let start = lines.len();
    match set.form {
        Form::Narrow if !said.grouped => {
            let lead = format!("{name}: ");
            push_words(app, lines, links, Words { lead: &lead, ..said.words }, name_style, set);
        }
        _ => push_words(app, lines, links, said.words, name_style, set),
    }
    if let (Form::Columns(wide), Some(first)) = (set.form, lines.get_mut(start)) {
        let name = if said.grouped { String::new() } else { name };
        columns(app, first, &time, Span::styled(name, name_style), wide, set);
    }
    start
}

/// Adds a line that tells what somebody did; gives the line it begins on.
fn news(
    app: &App,
    lines: &mut Vec<Line<'static>>,
    links: &mut Vec<Link>,
    words: Words<'_>,
    at: Option<Timestamp>,
    set: Set,
) -> usize {
    let start = lines.len();
    let time = at.map(|at| app.time(at)).unwrap_or_default();
    let dim = app.style(Role::Dim);
    match set.form {
        Form::Columns(wide) => {
            push_words(app, lines, links, words, words.style, set);
            if let Some(first) = lines.get_mut(start) {
                columns(app, first, &time, Span::styled("*", dim), wide, set);
            }
        }
        Form::Block | Form::Narrow => {
            let lead = format!("* {}", words.lead);
            let set = Set { form: Form::Narrow, ..set };
            push_words(app, lines, links, Words { lead: &lead, ..words }, words.style, set);
            if let (Form::Block, Some(line)) = (set.form, lines.get_mut(start))
                && line.width() + time.len() + 2 <= set.columns
            {
                line.spans.push(Span::styled(format!("  {time}"), dim));
            }
        }
    }
    start
}

/// Puts time and name into the margin of a text's first line.
fn columns(app: &App, first: &mut Line<'static>, time: &str, name: Span<'static>, wide: usize, set: Set) {
    let fitted = fit(&name.content, wide, app.glyphs().ellipsis);
    let before = " ".repeat(wide - width(&fitted));
    let words = first.spans.split_off(1.min(first.spans.len()));
    first.spans = vec![
        Span::raw(" "),
        Span::styled(format!("{time:>clock$} ", clock = set.clock), app.style(Role::Dim)),
        Span::styled(before, Style::default()),
        Span::styled(fitted, name.style),
        Span::raw("  "),
    ];
    first.spans.extend(words);
}

/// A guest's name wears a mark, and so does a program's.
pub fn shown_name(author: &Author) -> String {
    if author.guest { format!("~{}", author.marked()) } else { author.marked() }
}

/// A message in a line, for what is about it.
pub fn in_a_line(talk: &Talk, of: Seq) -> String {
    match talk.timeline.get(of) {
        Some(Shown { from, what: ShownWhat::Said { text: Some(text), .. }, .. }) => {
            format!("{}  {}", from.marked(), text.one_line())
        }
        Some(_) => "(deleted)".to_owned(),
        None => "an earlier message".to_owned(),
    }
}

fn quoted(app: &App, talk: &Talk, of: Seq, set: Set) -> Line<'static> {
    let text = format!("{}{} {}", set.indent(), app.glyphs().reply, in_a_line(talk, of));
    Line::styled(fit(&text, set.columns.saturating_sub(1), app.glyphs().ellipsis), app.style(Role::Dim))
}

/// One's own lines that have no ack yet; no more of them than a screen has rows.
pub fn pending_lines(app: &App, talk: &Talk, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let set = Set::of(app, talk, columns);
    let mut lines = Vec::new();
    let Some(me) = app.chat().me() else { return lines };
    let grouped = talk.timeline.last().is_some_and(|last| last.from.person == me.person);
    let waiting: Vec<&Pending> = app.chat().pending(&talk.to).collect();
    let first = waiting.len().saturating_sub(rows);
    for (at, pending) in waiting.iter().enumerate().skip(first) {
        pending_line(app, talk, &mut lines, me, pending, at > 0 || grouped, set);
    }
    lines
}

fn pending_line(
    app: &App,
    talk: &Talk,
    lines: &mut Vec<Line<'static>>,
    me: &Author,
    pending: &Pending,
    grouped: bool,
    set: Set,
) {
    let (state, role) = match &pending.state {
        Delivery::Queued => ("queued".to_owned(), Role::Dim),
        Delivery::Held(_) => (format!("{} takes it back", app.key_of(Action::Unsend)), Role::Warn),
        Delivery::Sent(_) => ("sending".to_owned(), Role::Dim),
        Delivery::Later(_, why) => (format!("waiting: {why}"), Role::Warn),
        Delivery::Failed(why) => {
            let retry = app.key_of(Action::Retry);
            let discard = app.key_of(Action::Discard);
            (format!("{} not sent: {why} ({retry} again, {discard} drops it)", app.glyphs().failed), Role::Error)
        }
    };
    let style = app.style(Role::Dim);
    let mut block = Vec::new();
    let blank = lines.is_empty() || grouped;
    let (text, third, quote) = match &pending.record.what {
        What::Said { text, me, reply_to } => {
            (text.as_str().to_owned(), *me, reply_to.map(|of| quoted(app, talk, of, set)))
        }
        What::Edited { of, text } => (format!("edit: {text}"), false, Some(quoted(app, talk, *of, set))),
        What::Deleted { of } => ("delete".to_owned(), false, Some(quoted(app, talk, *of, set))),
        What::Reacted { of, emoji } => (emoji.as_str().to_owned(), false, Some(quoted(app, talk, *of, set))),
        What::Unreacted { of, emoji } => {
            (format!("take back {}", emoji.as_str()), false, Some(quoted(app, talk, *of, set)))
        }
        What::Topic { text } => (format!("topic: {text}"), false, None),
    };
    let words = Words { lead: "", text: &text, tail: "", revealed: false, style };
    let now = Said { from: me, at: None, words, me: third, grouped, quote };
    // What is not said yet leads nowhere yet.
    said(app, &mut block, &mut Vec::new(), now, set);
    if !blank {
        lines.push(Line::default());
    }
    lines.extend(block);
    let used = lines.last().map_or(0, Line::width);
    if used + width(&state) + 3 <= set.columns {
        let gap = " ".repeat(set.columns - used - width(&state) - 1);
        if let Some(line) = lines.last_mut() {
            line.spans.push(Span::raw(gap));
            line.spans.push(Span::styled(state, app.style(role)));
        }
    } else {
        push_wrapped(lines, &state, set, app.style(role));
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

fn push_wrapped(lines: &mut Vec<Line<'static>>, text: &str, set: Set, style: Style) {
    let indent = set.indent();
    let room = set.columns.saturating_sub(indent.len() + 1).max(1);
    for logical in text.split('\n') {
        let logical = untab(logical);
        for range in wrap(&logical, room) {
            let words = logical[range].trim_end();
            lines.push(Line::from(vec![Span::raw(indent.clone()), Span::styled(words.to_owned(), style)]));
        }
    }
}

/// Adds what somebody wrote. What has no markup, as most has none, is wrapped and that is all.
fn push_words(
    app: &App,
    lines: &mut Vec<Line<'static>>,
    links: &mut Vec<Link>,
    words: Words<'_>,
    lead: Style,
    set: Set,
) {
    let Words { text, style, .. } = words;
    if words.tail.is_empty() && (words.lead.is_empty() || lead == style) && markup::is_plain(text) {
        return match words.lead {
            "" => push_wrapped(lines, text, set, style),
            lead => push_wrapped(lines, &format!("{lead}{text}"), set, style),
        };
    }
    let indent = set.indent();
    let layout = Layout {
        columns: set.columns.saturating_sub(indent.len() + 1),
        lead: words.lead,
        tail: words.tail,
        revealed: words.revealed,
        whole: false,
        ticks: app.style(Role::Code) == Style::new(),
        glyphs: *app.glyphs(),
    };
    for row in markup::rows(text, &layout) {
        let mut spans = vec![Span::raw(indent.clone())];
        let mut column = indent.len();
        for piece in row.pieces {
            let end = column + width(&piece.text);
            if let Some(url) = piece.link {
                let place = |column: usize| u16::try_from(column).unwrap_or(u16::MAX);
                links.push(Link { line: lines.len(), columns: place(column)..place(end), url });
            }
            column = end;
            let style = if piece.face.has(Face::LEAD) { lead } else { style_of(app, piece.face, style) };
            spans.push(Span::styled(piece.text, style));
        }
        lines.push(Line::from(spans));
    }
}

/// How a face looks in a text that looks so.
fn style_of(app: &App, face: Face, style: Style) -> Style {
    let token = match face.token {
        Token::Plain => None,
        Token::Comment => Some(Role::Comment),
        Token::Text => Some(Role::Words),
        Token::Number => Some(Role::Number),
        Token::Keyword => Some(Role::Keyword),
        Token::Added => Some(Role::Ok),
        Token::Removed => Some(Role::Error),
    };
    let roles = [
        (Face::QUOTE, Role::Quote),
        (Face::CODE, Role::Code),
        (Face::LINK, Role::Link),
        (Face::DIM, Role::Dim),
        (Face::SIGN, Role::Dim),
    ];
    let of_flags = roles.into_iter().filter(|(flag, _)| face.has(*flag));
    let style = of_flags.map(|(_, role)| role).chain(token).fold(style, |style, role| style.patch(app.style(role)));
    let modifiers =
        [(Face::BOLD, Modifier::BOLD), (Face::ITALIC, Modifier::ITALIC), (Face::STRIKE, Modifier::CROSSED_OUT)];
    modifiers
        .into_iter()
        .filter(|(flag, _)| face.has(*flag))
        .fold(style, |style, (_, modifier)| style.add_modifier(modifier))
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

/// A bar beside the message that is picked out, a tick beside those taken with it.
fn mark_picked(app: &App, seq: Seq, lines: &mut [Line<'static>]) {
    let Some(selection) = app.selection() else { return };
    let (at, marked) = (selection.at == seq, selection.marked.contains(&seq));
    if !at && !marked {
        return;
    }
    let glyphs = app.glyphs();
    for (n, line) in lines.iter_mut().enumerate() {
        let sign = if marked && n == 0 && !at { glyphs.tick } else { glyphs.current };
        let role = if at { Role::Accent } else { Role::Ok };
        if let Some(first) = line.spans.first_mut() {
            let rest: String = first.content.chars().skip(1).collect();
            let style = first.style;
            let sign = Span::styled(sign, app.style(role).add_modifier(Modifier::BOLD));
            line.spans.splice(0..1, [sign, Span::styled(rest, style)]);
        }
        if marked && at && n == 0 {
            line.spans.push(Span::styled(format!(" {}", glyphs.tick), app.style(Role::Ok)));
        }
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
