//! What people write, read as markup and set in rows: a small language made for chat, in which nothing that was typed
//! vanishes and a line stays a line. Rows are pieces of text with a face and, where they lead somewhere, an address; which
//! colours a face has is the view's business. All of it is pure, and linear in the text whatever a peer writes.

mod code;
mod inline;
#[cfg(test)]
mod tests;

use std::ops::{BitOr, Range};
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::glyphs::Glyphs;
use super::wrap::{fit, untab, width, wrap};
pub use code::Token;
pub use inline::{URL_BYTES, links};

/// A block of code folds when it has more rows than this, a message when it was typed in more lines: what is long by its
/// words alone is read and not skipped.
const CODE_FOLDS: usize = 16;
const LINES_FOLD: usize = 32;

/// Rows that are shown then; enough less that folding is worth its line.
const CODE_SHOWN: usize = 12;
const ROWS_SHOWN: usize = 24;

/// Quotes within quotes that are drawn; deeper ones are read as text, as nobody could tell them apart.
const QUOTES: usize = 4;

/// Columns of a language's name beside its code; what is longer is no language.
const LANGUAGE: usize = 12;

/// How a piece looks: flags, and what it is in a language of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Face {
    flags: u16,
    /// What it is within code.
    pub token: Token,
}

impl Face {
    /// As anything.
    pub const PLAIN: Face = Face::flag(0);
    /// `**so**`
    pub const BOLD: Face = Face::flag(1);
    /// `*so*`
    pub const ITALIC: Face = Face::flag(1 << 1);
    /// `~~so~~`
    pub const STRIKE: Face = Face::flag(1 << 2);
    /// Code in a line.
    pub const CODE: Face = Face::flag(1 << 3);
    /// Somebody else's words.
    pub const QUOTE: Face = Face::flag(1 << 4);
    /// What steps back.
    pub const DIM: Face = Face::flag(1 << 5);
    /// `||so||`, whether it is hidden or not.
    pub const SPOILER: Face = Face::flag(1 << 6);
    /// An address, or what leads to one.
    pub const LINK: Face = Face::flag(1 << 7);
    /// A sign that nobody typed, or that stands for one: bars, bullets.
    pub const SIGN: Face = Face::flag(1 << 8);
    /// The words before the text, which are not part of it.
    pub const LEAD: Face = Face::flag(1 << 9);

    /// Code in a block, which the bar beside it tells.
    pub const BLOCK: Face = Face::flag(1 << 10);

    const fn flag(flags: u16) -> Face {
        Face { flags, token: Token::Plain }
    }

    /// Whether it has all flags of that.
    pub fn has(self, flag: Face) -> bool {
        self.flags & flag.flags == flag.flags
    }
}

impl BitOr for Face {
    type Output = Face;

    fn bitor(self, other: Face) -> Face {
        let token = if other.token == Token::Plain { self.token } else { other.token };
        Face { flags: self.flags | other.flags, token }
    }
}

/// A stretch of a row that looks one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// How it looks.
    pub face: Face,
    /// The whole address it leads to, also where only a part of it stands here.
    pub link: Option<Arc<str>>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// From left to right.
    pub pieces: Vec<Piece>,
    /// Rows that are folded away behind this one.
    folded: usize,
}

/// How a text is to be set.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// Columns of a row.
    pub columns: usize,
    /// What stands before the text on its first row and is no markup.
    pub lead: &'a str,
    /// What stands behind it.
    pub tail: &'a str,
    /// Whether spoilers are shown.
    pub revealed: bool,
    /// Whether what is long is shown whole.
    pub whole: bool,
    /// Whether code keeps its backticks, where no colour tells it.
    pub ticks: bool,
    /// The signs.
    pub glyphs: Glyphs,
}

/// Whether a text has no markup and is too short to fold, so that its rows are its lines, wrapped. One pass, and for nearly
/// all that is said the only one.
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut lines = 1;
    let begins = |line: &[u8]| {
        let line = line.trim_ascii_start();
        line.first().is_some_and(|first| matches!(first, b'-' | b'+' | b'>' | b'0'..=b'9')) && item(line).is_some()
            || line.first() == Some(&b'>')
    };
    if begins(bytes) {
        return false;
    }
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'*' | b'_' | b'~' | b'`' | b'|' | b'[' | b'\\' => return false,
            b':' if bytes[at..].starts_with(b"://") => return false,
            b'\n' => {
                lines += 1;
                if lines > LINES_FOLD || begins(&bytes[at + 1..]) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

/// A text as rows, at least one. None is wider than the layout's columns, where these are 4 or more.
pub fn rows(text: &str, layout: &Layout<'_>) -> Vec<Row> {
    let mut setter = Setter { layout, columns: layout.columns.max(4), rows: Vec::new(), lead: layout.lead };
    let mut lines = Lines { text, at: 0 };
    let mut prose = Prose::default();
    let mut spoilers = inline::long_spoilers(text).into_iter().peekable();
    while let Some((start, line)) = lines.next() {
        while spoilers.next_if(|spoiler| spoiler.end < start).is_some() {}
        // Within a spoiler no line begins anything: it would be seen.
        if spoilers.peek().is_some_and(|spoiler| spoiler.contains(&start)) {
            prose.range = Some(prose.range.map_or(start, |range| range.start)..start + line.len());
        } else if let Some(fence) = Fence::begins(line) {
            setter.prose(text, &mut prose, "");
            setter.block(&fence, fence.lines(&mut lines));
        } else {
            setter.line(text, &mut prose, start, line);
        }
    }
    match prose.range.is_some() {
        true => setter.prose(text, &mut prose, layout.tail),
        false => setter.own_row(layout.tail.trim_start()),
    }
    let mut rows = setter.rows;
    if rows.is_empty() {
        rows.push(Row::default());
    }
    if !layout.whole && rows.len() > LINES_FOLD && text.bytes().filter(|byte| *byte == b'\n').count() >= LINES_FOLD {
        let folded: usize = rows.iter().skip(ROWS_SHOWN).map(|row| row.folded.max(1)).sum();
        rows.truncate(ROWS_SHOWN);
        rows.push(more(folded, layout.columns.max(4), layout.glyphs));
    }
    rows
}

/// The row that says how many more there are.
fn more(folded: usize, columns: usize, glyphs: Glyphs) -> Row {
    let text = format!("{} {folded} more {}", glyphs.ellipsis, if folded == 1 { "line" } else { "lines" });
    Row { pieces: vec![Piece { text: fit(&text, columns, ""), face: Face::SIGN, link: None }], folded }
}

/// The lines of a text, with where each begins.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let rest = self.text.get(self.at..)?;
        let start = self.at;
        let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
        // Behind the last line there is no place to begin at.
        self.at = start + line.len() + 1;
        Some((start, line))
    }
}

/// The beginning of a block of code.
struct Fence<'a> {
    ticks: usize,
    language: &'a str,
    /// What stands behind the backticks and is no language: the first line of the code.
    first: Option<&'a str>,
}

impl<'a> Fence<'a> {
    fn begins(line: &'a str) -> Option<Fence<'a>> {
        let line = line.trim_start();
        let rest = line.trim_start_matches('`');
        let ticks = line.len() - rest.len();
        if ticks < 3 || rest.contains('`') {
            return None;
        }
        let word = rest.trim();
        let named = word.len() <= LANGUAGE
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'#' | b'-' | b'_' | b'.'));
        Some(match named {
            true => Fence { ticks, language: word, first: None },
            false => Fence { ticks, language: "", first: Some(rest) },
        })
    }

    /// The lines of the code, up to what ends it, or all there are.
    fn lines(&self, lines: &mut Lines<'a>) -> Vec<&'a str> {
        let mut code: Vec<&str> = self.first.into_iter().collect();
        for (_, line) in lines {
            let before = line.trim_end().trim_end_matches('`');
            if line.trim_end().len() - before.len() >= self.ticks {
                // What stands before the end on its line is code as well: many put it there.
                code.extend((!before.trim().is_empty()).then_some(before));
                break;
            }
            code.push(line);
        }
        code
    }
}

/// Lines of prose that follow one another in one place: what is marked in them may go on from line to line.
#[derive(Default)]
struct Prose {
    range: Option<Range<usize>>,
    quotes: usize,
    /// What stands before the first row, and its columns before the others.
    hang: Vec<Piece>,
}

/// How much of a line is the sign of a list's item, and whether it is a bullet: `- `, `* `, `+ `, `12. `, `12) `.
fn item(line: &[u8]) -> Option<(usize, bool)> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (sign, bullet) = match (digits, line.get(digits)?) {
        (0, b'-' | b'*' | b'+') => (1, true),
        (1..=9, b'.' | b')') => (digits + 1, false),
        _ => return None,
    };
    // Something has to follow: a line of dashes, or a number that ends a sentence, is no list.
    let blanks = line[sign..].iter().take_while(|byte| **byte == b' ').count();
    let follows = line.get(sign + blanks).is_some_and(|byte| *byte != b'\t');
    (blanks > 0 && follows).then_some((sign + blanks, bullet))
}

struct Setter<'a> {
    layout: &'a Layout<'a>,
    columns: usize,
    rows: Vec<Row>,
    /// What still has to stand before the first row.
    lead: &'a str,
}

impl Setter<'_> {
    /// Takes a line in: it goes on with the prose before it, or begins anew.
    fn line(&mut self, text: &str, prose: &mut Prose, start: usize, line: &str) {
        let (mut rest, mut quotes) = (line, 0);
        while quotes < QUOTES.min(self.columns / 4)
            && let Some(inside) = rest.trim_start_matches(' ').strip_prefix('>')
            && (inside.is_empty() || inside.starts_with([' ', '>']))
            && !(quotes == 0 && inside.starts_with('>') && !inside.trim_start_matches('>').starts_with(' '))
        {
            quotes += 1;
            rest = inside.strip_prefix(' ').unwrap_or(inside);
        }
        let words = rest.trim_start_matches(' ');
        let deep = rest.len() - words.len();
        let item = item(words.as_bytes());
        let from = start + line.len() - rest.len();
        let begins = item.is_some() || prose.range.is_none() || prose.quotes != quotes || !prose.hang.is_empty();
        // Quoted lines have their signs between them; each is read by itself.
        if !begins
            && quotes == 0
            && let Some(range) = &mut prose.range
        {
            range.end = start + line.len();
            return;
        }
        self.prose(text, prose, "");
        prose.quotes = quotes;
        prose.range = Some(from..start + line.len());
        if let Some((sign, bullet)) = item {
            let typed = &words[..sign];
            let sign_at = from + deep;
            prose.range = Some(sign_at + sign..start + line.len());
            let room = self.columns.saturating_sub(2 * quotes) / 2;
            let shown = match bullet {
                true => format!("{} ", self.layout.glyphs.bullet),
                false => format!("{} ", typed.trim_end()),
            };
            // On a narrow screen, or for those who count far, the number stands in the text instead.
            if width(&shown) > room {
                prose.range = Some(sign_at..start + line.len());
                return;
            }
            let deep = deep.min(room - width(&shown));
            prose.hang = vec![sign_piece(" ".repeat(deep) + &shown)];
        }
    }

    /// Sets the prose that was taken in.
    fn prose(&mut self, text: &str, prose: &mut Prose, tail: &str) {
        let Prose { range: Some(range), quotes, hang } = std::mem::take(prose) else { return };
        let base = if quotes > 0 { Face::QUOTE } else { Face::PLAIN };
        let bar = format!("{} ", self.layout.glyphs.upright).repeat(quotes);
        let mut before: Vec<Piece> = Vec::new();
        if quotes > 0 {
            before.push(sign_piece(bar.clone()));
        }
        let hanging: usize = hang.iter().map(|piece| width(&piece.text)).sum();
        let mut after = before.clone();
        if hanging > 0 {
            after.push(sign_piece(" ".repeat(hanging)));
        }
        before.extend(hang);
        let mut flow = Flow::default();
        if before.is_empty() {
            flow.push(std::mem::take(&mut self.lead), Face::LEAD, None);
        } else {
            self.own_row("");
        }
        let mut set = |flow: &mut Flow| {
            let flow = std::mem::take(flow);
            let room = self.columns.saturating_sub(before.iter().map(|piece| width(&piece.text)).sum()).max(2);
            for range in wrap(&flow.text, room) {
                let words = &flow.text[range.clone()];
                let end = range.start + words.trim_end().len();
                let mut row = Row { pieces: before.clone(), folded: 0 };
                flow.cut(range.start..end, &mut row.pieces);
                if end == range.start
                    && let Some(sign) = row.pieces.last_mut()
                {
                    sign.text.truncate(sign.text.trim_end().len());
                }
                self.rows.push(row);
                before.clone_from(&after);
            }
        };
        for bit in inline::read(&text[range], base, self.layout.ticks) {
            let hidden = bit.face.has(Face::SPOILER) && !self.layout.revealed;
            for (n, words) in bit.text.split('\n').enumerate() {
                if n > 0 {
                    set(&mut flow);
                }
                match hidden {
                    true => flow.push(
                        &self.layout.glyphs.veil.repeat(width(&untab(words))),
                        Face::SPOILER | Face::DIM,
                        None,
                    ),
                    false => flow.push(&untab(words), bit.face, bit.link.map(Arc::from).as_ref()),
                }
            }
        }
        flow.push(tail, Face::DIM, None);
        set(&mut flow);
    }

    /// What waits to stand before the text, and a tail, when neither has words to stand with.
    fn own_row(&mut self, tail: &str) {
        let lead = std::mem::take(&mut self.lead);
        for (text, face) in [(lead.trim_end(), Face::LEAD), (tail, Face::DIM)] {
            for range in wrap(text, self.columns).into_iter().filter(|_| !text.is_empty()) {
                let text = text[range].trim_end().to_owned();
                self.rows.push(Row { pieces: vec![Piece { text, face, link: None }], folded: 0 });
            }
        }
    }

    /// Sets a block of code: its blanks as they are, cut where the row ends.
    fn block(&mut self, fence: &Fence<'_>, lines: Vec<&str>) {
        self.own_row("");
        let bar = format!("{} ", self.layout.glyphs.code);
        // A name that leaves no room for the code stands above it.
        let beside = width(fence.language) < self.columns / 4;
        let mut label = match (fence.language, beside) {
            ("", _) => String::new(),
            (name, true) => format!("{name} "),
            (name, false) => {
                for range in hard(name, self.columns) {
                    let name = Piece { text: name[range].to_owned(), face: Face::SIGN, link: None };
                    self.rows.push(Row { pieces: vec![name], folded: 0 });
                }
                String::new()
            }
        };
        let room = self.columns.saturating_sub(width(&label) + width(&bar)).max(2);
        let lines: Vec<_> = lines.into_iter().map(untab).collect();
        let cuts: Vec<_> = lines.iter().map(|line| hard(line, room)).collect();
        let all: usize = cuts.iter().map(Vec::len).sum();
        let shown = if self.layout.whole || all <= CODE_FOLDS { all } else { CODE_SHOWN };
        let mut left = shown;
        let mut lexer = code::Lexer::of(fence.language);
        let empty = lines.is_empty();
        for (line, cuts) in lines.iter().zip(cuts) {
            if left == 0 {
                break;
            }
            let mut flow = Flow::default();
            lexer.line(line, |words, token| flow.push(words, Face { token, ..Face::BLOCK }, None));
            for range in cuts.into_iter().take(left) {
                left -= 1;
                let mut row = Row { pieces: vec![sign_piece(label.clone()), sign_piece(bar.clone())], folded: 0 };
                label = " ".repeat(width(&label));
                flow.cut(range, &mut row.pieces);
                self.rows.push(row);
            }
        }
        if empty {
            let bar = bar.trim_end().to_owned();
            self.rows.push(Row { pieces: vec![sign_piece(label.clone()), sign_piece(bar)], folded: 0 });
        }
        if all > shown {
            let mut row = more(all - shown, room, self.layout.glyphs);
            row.pieces.insert(0, sign_piece(" ".repeat(width(&label))));
            self.rows.push(row);
        }
    }
}

fn sign_piece(text: String) -> Piece {
    Piece { text, face: Face::SIGN, link: None }
}

/// One line before it is cut into rows, with what each stretch of it looks like.
#[derive(Default)]
struct Flow {
    text: String,
    /// Where each stretch begins.
    marks: Vec<(usize, Face, Option<Arc<str>>)>,
}

impl Flow {
    fn push(&mut self, text: &str, face: Face, link: Option<&Arc<str>>) {
        if !text.is_empty() {
            self.marks.push((self.text.len(), face, link.cloned()));
            self.text.push_str(text);
        }
    }

    /// The pieces of one row. A sign that vanished can bring letters together that are one on the screen; such a one looks
    /// as its beginning does.
    fn cut(&self, range: Range<usize>, pieces: &mut Vec<Piece>) {
        let row = &self.text[range.clone()];
        let mut from = range.start;
        let mut mark = self.marks.partition_point(|(start, ..)| *start <= from).saturating_sub(1);
        let ascii = row.is_ascii();
        while from < range.end
            && let Some((_, face, link)) = self.marks.get(mark)
        {
            let next = self.marks.get(mark + 1).map_or(range.end, |(start, ..)| (*start).min(range.end));
            let end = match ascii {
                true => next,
                false => whole(row, next - range.start) + range.start,
            };
            if end > from {
                let text = self.text[from..end].to_owned();
                pieces.push(Piece { text, face: *face, link: link.clone() });
                from = end;
            }
            mark += 1;
        }
    }
}

/// The first border between graphemes that is not before this place.
fn whole(row: &str, at: usize) -> usize {
    let mut cursor = unicode_segmentation::GraphemeCursor::new(at, row.len(), true);
    match cursor.is_boundary(row, 0) {
        Ok(false) => cursor.next_boundary(row, 0).ok().flatten().unwrap_or(row.len()),
        _ => at,
    }
}

/// Cuts a line where the row ends, whatever stands there; at least one range.
fn hard(line: &str, columns: usize) -> Vec<Range<usize>> {
    if line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        let rows = line.len().div_ceil(columns).max(1);
        return (0..rows).map(|row| row * columns..((row + 1) * columns).min(line.len())).collect();
    }
    let (mut ranges, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, grapheme) in line.grapheme_indices(true) {
        let wide = grapheme.width();
        if used + wide > columns && at > start {
            ranges.push(start..at);
            (start, used) = (at, 0);
        }
        used += wide;
    }
    ranges.push(start..line.len());
    ranges
}
