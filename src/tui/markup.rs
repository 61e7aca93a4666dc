//! What people write, as it is meant: bold, code, quotes, lists, spoilers, links. Made for chat and not for documents: a
//! newline is a newline, nothing typed vanishes but the signs themselves, and what is not clearly markup is what it is.
//! Gives rows of a width; which colours they have is the theme's, where they stand the view's. Every pass is linear in the
//! text, and nothing nests, so that no message costs more than another of its length.

use std::ops::Range;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::wrap::{untab, width, wrap};

/// Rows of a code block that are shown, when it has more than this and some.
const CODE_SHOWN: usize = 12;
const CODE_FOLDS: usize = 16;

/// Rows of a whole message that are shown, when it has more lines than this and some. One that is long by its words alone
/// is read and not skipped, so it is not folded.
const ROWS_SHOWN: usize = 24;
const LINES_FOLD: usize = 32;

/// The longest address a terminal is told: longer ones are cut by some, and a cut address leads elsewhere.
const LINK_BYTES: usize = 2000;

/// How a piece of text is meant. Several at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Face(u16);

impl Face {
    /// As it is.
    pub const PLAIN: Face = Face(0);
    /// `**so**`
    pub const BOLD: Face = Face(1);
    /// `*so*` or `_so_`
    pub const ITALIC: Face = Face(2);
    /// `~~so~~`
    pub const STRIKE: Face = Face(4);
    /// `` `so` ``, or a line of a block.
    pub const CODE: Face = Face(8);
    /// What somebody else said.
    pub const QUOTE: Face = Face(16);
    /// `||so||`, whether it is revealed or not.
    pub const SPOILER: Face = Face(32);
    /// It leads somewhere.
    pub const LINK: Face = Face(64);
    /// Ours, not the author's: bars, bullets, where a link leads.
    pub const OURS: Face = Face(128);

    /// Whether it is meant so as well.
    pub fn has(self, face: Face) -> bool {
        self.0 & face.0 == face.0
    }

    fn with(self, face: Face) -> Face {
        Face(self.0 | face.0)
    }
}

/// A stretch of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its words.
    pub text: String,
    /// How they are meant.
    pub face: Face,
    /// Where they lead, whole, also when the row has only a part of it.
    pub link: Option<Arc<str>>,
}

/// A row of a message.
pub type Row = Vec<Piece>;

/// How rows are made.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Columns there are.
    pub columns: usize,
    /// With plain signs only.
    pub ascii: bool,
    /// Spoilers are shown.
    pub revealed: bool,
    /// Nothing is folded away.
    pub whole: bool,
}

impl How {
    fn bar(&self) -> &'static str {
        if self.ascii { "|" } else { "┃" }
    }
    fn bullet(&self) -> &'static str {
        if self.ascii { "-" } else { "•" }
    }
    fn hidden(&self) -> &'static str {
        if self.ascii { "#" } else { "▒" }
    }
    fn ellipsis(&self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }
}

/// Whether a text has no markup and nothing to fold: so it is with nearly all, and that is seen in one look at its bytes.
pub fn plain(text: &str) -> bool {
    let mut begins = true;
    let mut lines = 0;
    for byte in text.bytes() {
        match byte {
            b'*' | b'_' | b'~' | b'`' | b'|' | b'[' | b'\\' | b'>' | b'/' => return false,
            b'-' | b'+' | b'0'..=b'9' if begins => return false,
            b'\n' => (begins, lines) = (true, lines + 1),
            b' ' | b'\t' => {}
            _ => begins = false,
        }
    }
    lines < LINES_FOLD
}

/// A message as rows. Always at least one. A [`plain`] text is the same wrapped as it is, for less.
pub fn rows(text: &str, how: How) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut lines = text.split('\n');
    while let Some(line) = lines.next() {
        match fence(line) {
            Some((ticks, language)) => code_block(&mut rows, &mut lines, ticks, language, how),
            None => paragraph(&mut rows, line, how),
        }
    }
    if text.bytes().filter(|byte| *byte == b'\n').count() >= LINES_FOLD {
        fold(&mut rows, ROWS_SHOWN, LINES_FOLD, how);
    }
    if rows.is_empty() {
        rows.push(Row::new());
    }
    rows
}

fn piece(text: &str, face: Face) -> Piece {
    Piece { text: text.to_owned(), face, link: None }
}

/// Puts a line in the place of what is too much.
fn fold(rows: &mut Vec<Row>, shown: usize, most: usize, how: How) {
    if !how.whole && rows.len() > most {
        let more = rows.len() - shown;
        rows.truncate(shown);
        rows.push(vec![piece(&format!("{} {more} more lines", how.ellipsis()), Face::OURS)]);
    }
}

/// The backticks and the language of a line that begins a block of code.
fn fence(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start_matches(' ');
    let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
    let language = line[ticks..].trim();
    let word = language.len() <= 20 && !language.contains(|c: char| c == '`' || c.is_whitespace());
    (ticks >= 3 && word).then_some((ticks, language))
}

fn code_block<'a>(
    rows: &mut Vec<Row>,
    lines: &mut impl Iterator<Item = &'a str>,
    ticks: usize,
    language: &str,
    how: How,
) {
    let closes = |line: &str| {
        let line = line.trim();
        line.len() >= ticks && line.bytes().all(|byte| byte == b'`')
    };
    // The language stands beside the first line, and the others under it.
    let label = if width(language) * 3 < how.columns { language } else { "" };
    let indent = if label.is_empty() { String::new() } else { " ".repeat(width(label) + 1) };
    let room = how.columns.saturating_sub(indent.len() + 2).max(1);
    let mut block: Vec<Row> = Vec::new();
    for line in lines.take_while(|line| !closes(line)) {
        for range in cut(&untab(line), room) {
            let before = match (block.is_empty(), label.is_empty()) {
                (true, false) => format!("{label} "),
                _ => indent.clone(),
            };
            let bar = format!("{before}{} ", how.bar());
            block.push(vec![piece(&bar, Face::OURS), piece(&range, Face::CODE)]);
        }
    }
    if block.is_empty() || (label.is_empty() && !language.is_empty()) {
        // Nothing, or a word that has no room beside it, is still what somebody wrote.
        block.insert(0, vec![piece(language, Face::OURS)]);
    }
    fold(&mut block, CODE_SHOWN, CODE_FOLDS, how);
    rows.append(&mut block);
}

/// A line of code in pieces of a width: by character, since its blanks mean something.
fn cut(line: &str, columns: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for grapheme in line.graphemes(true) {
        let wide = width(grapheme);
        if used + wide > columns && used > 0 {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(last) = pieces.last_mut() {
            last.push_str(grapheme);
        }
    }
    pieces
}

/// One line that is no code: what stands before it, and its words.
fn paragraph(rows: &mut Vec<Row>, line: &str, how: How) {
    let line = untab(line);
    let (quotes, rest) = quoted(&line);
    let (mark, rest) = listed(rest, how);
    let face = if quotes > 0 { Face::QUOTE } else { Face::PLAIN };
    let bars = format!("{} ", how.bar()).repeat(quotes);
    let hang = " ".repeat(width(&mark));
    let room = how.columns.saturating_sub(width(&bars) + hang.len()).max(1);
    let inline = Inline::read(rest, face, how);
    for (n, range) in wrap(&inline.text, room).into_iter().enumerate() {
        let mut row = Row::new();
        if !bars.is_empty() {
            row.push(piece(&bars, Face::OURS));
        }
        if !mark.is_empty() {
            row.push(piece(if n == 0 { &mark } else { &hang }, Face::OURS));
        }
        inline.put(&mut row, range);
        rows.push(row);
    }
}

/// How deep a line is quoted, and what is left of it. Deeper than four is as deep as four.
fn quoted(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    while let Some(after) = rest.strip_prefix('>').filter(|_| depth < 4) {
        // `>_<` and `>:(` are faces.
        if depth == 0 && !after.is_empty() && !after.starts_with([' ', '>']) {
            break;
        }
        depth += 1;
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    (depth, rest)
}

/// The mark of a line of a list, as it is shown, and what is left.
fn listed(line: &str, how: How) -> (String, &str) {
    let inner = line.trim_start_matches(' ');
    let blanks = (line.len() - inner.len()).min(12);
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let length = match inner.as_bytes().get(digits) {
        Some(b'.' | b')') if (1..=9).contains(&digits) => digits + 1,
        Some(b'-' | b'*' | b'+') if digits == 0 => 1,
        _ => return (String::new(), line),
    };
    let Some(rest) = inner[length..].strip_prefix(' ').filter(|rest| !rest.trim().is_empty()) else {
        return (String::new(), line);
    };
    let mark = if digits == 0 { how.bullet() } else { &inner[..length] };
    (format!("{}{mark} ", " ".repeat(blanks)), rest)
}

/// Signs that begin and end something; each by itself, so that they may cross.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sign {
    text: &'static str,
    face: Face,
    /// Only at the border of a word: `foo_bar_baz` and `2*3*4` are what they are.
    bordered: bool,
}

const SIGNS: [Sign; 6] = [
    Sign { text: "**", face: Face::BOLD, bordered: false },
    Sign { text: "__", face: Face::BOLD, bordered: true },
    Sign { text: "*", face: Face::ITALIC, bordered: true },
    Sign { text: "_", face: Face::ITALIC, bordered: true },
    Sign { text: "~~", face: Face::STRIKE, bordered: false },
    Sign { text: "||", face: Face::SPOILER, bordered: true },
];

/// A line's words without their signs, and what they mean.
struct Inline {
    text: String,
    spans: Vec<(Range<usize>, Face, Option<Arc<str>>)>,
}

/// What happens at a byte of the line.
#[derive(Clone)]
enum Event {
    /// These bytes are not shown.
    Drop(usize),
    /// These bytes are a sign that begins, or ends, something.
    Turn(usize, Face),
    /// These bytes are shown as they are, meant so, leading there.
    Keep(usize, Face, Option<Arc<str>>),
    /// From here on, up to so many bytes, words lead there; then come these bytes, dropped.
    Label(usize, usize, Arc<str>),
}

impl Inline {
    fn read(line: &str, face: Face, how: How) -> Inline {
        let events = events(line);
        let mut inline = Inline { text: String::with_capacity(line.len()), spans: Vec::new() };
        let (mut at, mut on) = (0, face);
        let mut label: Option<(usize, usize, Arc<str>)> = None;
        for (start, event) in events.into_iter().chain([(line.len(), Event::Drop(0))]) {
            if start < at {
                continue;
            }
            if let Some((ends, skips, link)) = label.take() {
                if start >= ends {
                    inline.add(&line[at..ends], on.with(Face::LINK), Some(&link), how);
                    let shown = format!(" ({link})");
                    inline.add(&shown, Face::OURS.with(Face::LINK), Some(&link), how);
                    at = skips;
                    if start < at {
                        continue;
                    }
                } else {
                    inline.add(&line[at..start], on.with(Face::LINK), Some(&link), how);
                    at = start;
                    label = Some((ends, skips, link));
                }
            }
            let link = label.as_ref().map(|(_, _, link)| link.clone());
            let extra = if link.is_some() { Face::LINK } else { Face::PLAIN };
            inline.add(&line[at..start], on.with(extra), link.as_ref(), how);
            at = start;
            match event {
                Event::Drop(bytes) => at += bytes,
                Event::Turn(bytes, face) => {
                    on = Face(on.0 ^ face.0);
                    at += bytes;
                }
                Event::Keep(bytes, face, to) => {
                    inline.add(&line[at..at + bytes], on.with(face), to.as_ref().or(link.as_ref()), how);
                    at += bytes;
                }
                Event::Label(bytes, skips, to) => {
                    at += 1;
                    label = Some((start + 1 + bytes, skips, to));
                }
            }
        }
        inline
    }

    fn add(&mut self, text: &str, face: Face, link: Option<&Arc<str>>, how: How) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        match face.has(Face::SPOILER) && !how.revealed && !face.has(Face::OURS) {
            true => {
                for grapheme in text.graphemes(true) {
                    let blank = grapheme == " ";
                    self.text.push_str(&if blank { " ".to_owned() } else { how.hidden().repeat(width(grapheme)) });
                }
                // Where it leads would tell what it says.
                self.spans.push((start..self.text.len(), face, None));
            }
            false => {
                self.text.push_str(text);
                self.spans.push((start..self.text.len(), face, link.cloned()));
            }
        }
    }

    /// A stretch of it as pieces; blanks at its end are not worth one.
    fn put(&self, row: &mut Row, range: Range<usize>) {
        let end = range.start + self.text[range.clone()].trim_end().len();
        let first = self.spans.partition_point(|(span, ..)| span.end <= range.start);
        for (span, face, link) in &self.spans[first..] {
            let (from, to) = (span.start.max(range.start), span.end.min(end));
            if from >= end {
                break;
            }
            if from < to {
                row.push(Piece { text: self.text[from..to].to_owned(), face: *face, link: link.clone() });
            }
        }
    }
}

/// Everything in a line that is not simply shown, in order.
fn events(line: &str) -> Vec<(usize, Event)> {
    let mut found: Vec<(usize, Event)> = Vec::new();
    // What may begin or end something; which of them do is known at the end.
    let mut turns: Vec<(usize, usize)> = Vec::new();
    let mut open: [Option<usize>; SIGNS.len()] = [None; SIGNS.len()];
    let code = code_spans(line);
    let mut code = code.into_iter().peekable();
    let mut label_end: Option<usize> = Some(0);
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < line.len() {
        if let Some((start, ticks, end)) = code.peek().copied()
            && start <= at
        {
            code.next();
            if start == at {
                found.push((at, Event::Drop(ticks)));
                found.push((at + ticks, Event::Keep(end - at - 2 * ticks, Face::CODE, None)));
                found.push((end - ticks, Event::Drop(ticks)));
                at = end;
            }
            continue;
        }
        let before = line[..at].chars().next_back();
        match bytes[at] {
            b'\\' if bytes.get(at + 1).is_some_and(|next| b"*_~|`[]()>\\".contains(next)) => {
                found.push((at, Event::Drop(1)));
                found.push((at + 1, Event::Keep(1, Face::PLAIN, None)));
                at += 2;
            }
            b'h' if !before.is_some_and(char::is_alphanumeric) => match address(&line[at..]) {
                Some(length) => {
                    let link: Arc<str> = line[at..at + length].into();
                    found.push((at, Event::Keep(length, Face::LINK, Some(link))));
                    at += length;
                }
                None => at += 1,
            },
            b'[' => {
                if label_end.is_some_and(|end| end <= at) {
                    label_end = line[at..].find("](").map(|n| at + n);
                }
                if let Some((end, skips, link)) = label_end.and_then(|end| labelled(line, at, end)) {
                    found.push((at, Event::Label(end - at - 1, skips, link)));
                }
                at += 1;
            }
            byte @ (b'*' | b'_' | b'~' | b'|') => {
                let run = bytes[at..].iter().take_while(|b| **b == byte).count();
                sign_run(line, at, run, &mut open, &mut turns);
                at += run;
            }
            _ => at += line[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found.extend(turns.into_iter().map(|(at, sign)| (at, Event::Turn(SIGNS[sign].text.len(), SIGNS[sign].face))));
    found.sort_by_key(|(at, _)| *at);
    found
}

/// A run of the same sign: what it begins or ends.
fn sign_run(line: &str, at: usize, run: usize, open: &mut [Option<usize>; 6], turns: &mut Vec<(usize, usize)>) {
    let sign = &line[at..at + 1];
    let parts: &[&str] = match (sign, run) {
        ("*", 1) => &["*"],
        ("*", 2) => &["**"],
        ("*", 3) => &["**", "*"],
        ("_", 1) => &["_"],
        ("_", 2) => &["__"],
        ("~", 2) => &["~~"],
        ("|", 2) => &["||"],
        // A line of them is a line of them.
        _ => return,
    };
    let (before, after) = (line[..at].chars().next_back(), line[at + run..].chars().next());
    let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    // What ends `**so *and* so**` stands in the order in which it began.
    let ends = !blank(before);
    let mut place = at;
    for part in parts {
        let Some(kind) = SIGNS.iter().position(|sign| sign.text == *part) else { continue };
        let bordered = SIGNS[kind].bordered;
        match open[kind] {
            Some(began) if ends && !(bordered && word(after)) && began < at => {
                turns.push((began, kind));
                turns.push((place, kind));
                open[kind] = None;
            }
            None if !(blank(after) || bordered && word(before)) => open[kind] = Some(place),
            _ => {}
        }
        place += part.len();
    }
}

/// Stretches of code in a line: where they begin, their backticks, where they end.
fn code_spans(line: &str) -> Vec<(usize, usize, usize)> {
    if !line.contains('`') {
        return Vec::new();
    }
    let bytes = line.as_bytes();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| **byte == b'`').count();
        if run > 0 && (at == 0 || bytes[at - 1] != b'\\') {
            runs.push((at, run));
        }
        at += run.max(1);
    }
    // The next run of as many, of each; from the end, so that it is found once.
    let mut next: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
    let mut pairs = vec![None; runs.len()];
    for (n, (_, ticks)) in runs.iter().enumerate().rev() {
        pairs[n] = next.insert(*ticks, n);
    }
    let mut spans = Vec::new();
    let mut n = 0;
    while n < runs.len() {
        let ((start, ticks), Some(other)) = (runs[n], pairs[n]) else {
            n += 1;
            continue;
        };
        let (end, _) = runs[other];
        spans.push((start, ticks, end + ticks));
        n = other + 1;
    }
    spans
}

/// How long the address at the beginning of a text is, if there is one. Stops behind it, and brackets around it, are not
/// of it.
fn address(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|' | '\\');
    let mut link = &text[..text.find(ends).unwrap_or(text.len())];
    let count = |link: &str, sign: char| link.chars().filter(|c| *c == sign).count();
    // Counted once: what is taken off is counted down.
    let (opened, mut closed) = (count(link, '('), count(link, ')'));
    while let Some(last) = link.chars().next_back() {
        let off = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | ']' | '}' => true,
            ')' => closed > opened,
            _ => false,
        };
        if !off {
            break;
        }
        closed -= usize::from(last == ')');
        link = &link[..link.len() - last.len_utf8()];
    }
    (link.len() > scheme.len() && link.len() <= LINK_BYTES).then_some(link.len())
}

/// The end of a label that begins at `[`, the end of it all, and where it leads.
fn labelled(line: &str, at: usize, end: usize) -> Option<(usize, usize, Arc<str>)> {
    let label = &line[at + 1..end];
    if label.trim().is_empty() || label.contains('[') {
        return None;
    }
    let rest = &line[end + 2..];
    let length = rest.find(|c: char| c == ')' || c.is_whitespace()).filter(|n| rest[*n..].starts_with(')'))?;
    let link = &rest[..length];
    (address(link)? == link.len()).then(|| (end, end + 2 + length + 1, link.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn how(columns: usize) -> How {
        How { columns, ascii: false, revealed: false, whole: false }
    }

    /// A row as text: `B(bold)`, plain as it is.
    fn told(text: &str) -> String {
        let names = [
            (Face::BOLD, 'B'),
            (Face::ITALIC, 'I'),
            (Face::STRIKE, 'S'),
            (Face::CODE, 'C'),
            (Face::QUOTE, 'Q'),
            (Face::SPOILER, 'H'),
            (Face::LINK, 'L'),
            (Face::OURS, 'o'),
        ];
        let one = |piece: &Piece| {
            let marks: String = names.iter().filter(|(face, _)| piece.face.has(*face)).map(|(_, name)| name).collect();
            if marks.is_empty() { piece.text.clone() } else { format!("{marks}({})", piece.text) }
        };
        let rows = rows(text, how(60));
        rows.iter().map(|row| row.iter().map(one).collect::<String>()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_meant() {
        for (text, says) in [
            ("a **bold** word", "a B(bold) word"),
            ("a __bold__ word", "a B(bold) word"),
            ("*it* and _it_", "I(it) and I(it)"),
            ("***both***", "BI(both)"),
            ("**a *b* c**", "B(a )BI(b)B( c)"),
            ("~~gone~~ || no || ||hidden||", "S(gone) || no || H(▒▒▒▒▒▒)"),
            ("`code *so*` and ``a ` b``", "C(code *so*) and C(a ` b)"),
            ("foo_bar_baz 2*3*4 a * b * c", "foo_bar_baz 2*3*4 a * b * c"),
            ("**not closed *at all", "**not closed *at all"),
            ("** a ** _ b _", "** a ** _ b _"),
            (r"\*not\* \`this\` \\", r"*not* `this` \"),
            ("snake __init__.py", "snake B(init).py"),
            ("> quoted\n>> deeper\n>_< no", "o(┃ )Q(quoted)\no(┃ ┃ )Q(deeper)\n>_< no"),
            ("- one\n* two\n12. three\n- \n-no", "o(• )one\no(• )two\no(12. )three\n-\n-no"),
            (
                "see https://a.example/x_y_(z)?q=*1*, and (http://b.example).",
                "see L(https://a.example/x_y_(z)?q=*1)*, and (L(http://b.example)).",
            ),
            ("**https://a.example**", "BL(https://a.example)"),
            ("[the docs](https://a.example/) here", "L(the docs)Lo( (https://a.example/)) here"),
            ("[x](javascript:alert(1)) [y](ftp://a) [z]", "[x](javascript:alert(1)) [y](ftp://a) [z]"),
            ("ahttps://no.example https:// http://x", "ahttps://no.example https:// L(http://x)"),
            ("||https://a.example||", "HL(▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒)"),
            ("```rust\nfn *main*() {\n}\n```\nafter", "o(rust ┃ )C(fn *main*() {)\no(     ┃ )C(})\nafter"),
            ("```\nnever closed", "o(┃ )C(never closed)"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(told(text), says, "{text}");
        }
    }

    #[test]
    fn an_address_in_two_rows_is_one_link() {
        let link = format!("https://a.example/{}", "long/".repeat(20));
        let rows = rows(&format!("see {link} there"), how(40));
        let parts: String =
            rows.iter().flatten().filter(|p| p.link.as_deref() == Some(&link)).map(|p| p.text.as_str()).collect();
        assert_eq!(parts, link);
        assert!(rows.len() > 2);
    }

    #[test]
    fn what_is_long_is_folded_unless_it_is_wanted_whole() {
        let code = format!("```\n{}```", "x\n".repeat(50));
        assert_eq!(rows(&code, how(40)).len(), CODE_SHOWN + 1);
        assert_eq!(rows(&code, How { whole: true, ..how(40) }).len(), 50);
        let text = "line\n".repeat(100);
        assert_eq!(rows(&text, how(40)).len(), ROWS_SHOWN + 1);
        assert!(rows(&"line\n".repeat(30), how(40)).len() > 30);
    }

    #[test]
    fn nothing_hostile_takes_long() {
        for text in ["*", "_", "`", "``` ", "[", "](", "[](", "> ", "||", "~~", "**a", "\\", "http://", "(", ")"] {
            let text = text.repeat(8192 / text.len());
            rows(&text, how(80));
        }
        rows(&format!("http://{}", ")".repeat(8000)), how(80));
        rows(&(1..120).map(|n| "`".repeat(n) + "x").collect::<String>(), how(80));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn what_is_plain_is_only_wrapped(text in "[a-c1 .,:\n漢-]{0,60}", columns in 1..30_usize) {
            if !plain(&text) {
                return Ok(());
            }
            let shown: Vec<String> =
                rows(&text, how(columns)).iter().map(|row| row.iter().map(|piece| piece.text.as_str()).collect()).collect();
            let wrapped: Vec<String> = text
                .split('\n')
                .flat_map(|line| wrap(line, columns).into_iter().map(|range| line[range].trim_end().to_owned()))
                .collect();
            prop_assert_eq!(shown, wrapped);
        }

        #[test]
        fn rows_fit_and_nothing_is_lost(
            text in "([a-c *_~|`>\\[\\]()\\\\\\n-]|\\*\\*|\\|\\||```|https://a|漢|e\u{301}|1\\. ){0,80}",
            columns in 4..60_usize,
            revealed in any::<bool>(),
        ) {
            let how = How { columns, ascii: true, revealed, whole: true };
            let rows = rows(&text, how);
            for row in &rows {
                let wide: usize = row.iter().map(|piece| width(&piece.text)).sum();
                // What stands before a text may be wider than a very narrow pane, and a wide character than one column.
                prop_assert!(wide <= columns.max(24), "{row:?}");
            }
            let shown: String = rows.iter().flatten().map(|piece| piece.text.as_str()).collect();
            let hidden = rows.iter().flatten().any(|p| p.face.has(Face::SPOILER));
            let letters = |text: &str| text.chars().filter(|c| matches!(c, 'b' | 'c' | '漢')).collect::<String>();
            if revealed || !hidden {
                prop_assert_eq!(letters(&shown), letters(&text));
            }
            for piece in rows.iter().flatten().filter(|p| p.face.has(Face::SPOILER) && !revealed) {
                prop_assert!(piece.text.chars().all(|c| matches!(c, '#' | ' ')), "{piece:?}");
                prop_assert_eq!(&piece.link, &None);
            }
        }
    }
}
