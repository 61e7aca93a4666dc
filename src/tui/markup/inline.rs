//! What is marked within lines: weight, strokes, code, spoilers, links. One pass finds the signs, one pairs them; whatever
//! has no partner stays as it was typed. Which lines there are, and how they are set, is not known here.

use std::collections::HashMap;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::Face;

/// Bytes of an address that is still taken for one: what browsers and terminals take, by the smallest known.
pub const URL_BYTES: usize = 2000;

/// A stretch of text that looks one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bit<'a> {
    /// The text; it may hold line feeds.
    pub text: &'a str,
    /// How it looks.
    pub face: Face,
    /// Where it leads.
    pub link: Option<&'a str>,
}

/// What a pair of signs does; also the index of its kind below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    BoldStars,
    ItalicStar,
    BoldLines,
    ItalicLine,
    Strike,
    Spoiler,
}

/// How many of them there are.
const KINDS: usize = 6;

impl Kind {
    fn flag(self) -> Face {
        match self {
            Kind::BoldStars | Kind::BoldLines => Face::BOLD,
            Kind::ItalicStar | Kind::ItalicLine => Face::ITALIC,
            Kind::Strike => Face::STRIKE,
            Kind::Spoiler => Face::SPOILER,
        }
    }
}

/// A row of the same sign, and whether it can begin or end something.
struct Run<'a> {
    at: usize,
    sign: u8,
    text: &'a str,
    open: bool,
    close: bool,
}

enum Token<'a> {
    Bit(Bit<'a>),
    Run(Run<'a>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Literal,
    Opens,
    Closes,
}

enum Part<'a> {
    Bit(Bit<'a>),
    Sign(&'a str, Kind, State),
}

/// Reads a text. `base` is what all of it looks like; with `ticks` code keeps its backticks, for screens on which nothing
/// else would tell it.
pub fn read(text: &str, base: Face, ticks: bool) -> Vec<Bit<'_>> {
    emit(pair(tokens(text, ticks)), base)
}

/// Every address in a text, also in code, as those who draw it find them.
pub fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text.get(at..)?.find(['h', 'H']) {
            let start = at + found;
            at = start + 1;
            if begins_url(text, start) {
                at = url_end(text, start);
                if at - start <= URL_BYTES {
                    return Some(&text[start..at]);
                }
            }
        }
        None
    })
}

/// The spoilers of a text that go on over the end of a line, in their order.
pub fn long_spoilers(text: &str) -> Vec<Range<usize>> {
    if !text.contains("||") {
        return Vec::new();
    }
    let tokens = tokens(text, false);
    let mut found = Vec::new();
    let mut opened = 0;
    for (token, state) in tokens.iter().zip(pair_spoilers(&tokens)) {
        if let Token::Run(run) = token {
            match state {
                State::Opens => opened = run.at,
                State::Closes if text[opened..run.at].contains('\n') => found.push(opened..run.at),
                _ => {}
            }
        }
    }
    found
}

fn tokens(text: &str, ticks: bool) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut code: Option<HashMap<usize, usize>> = None;
    let mut found = Vec::new();
    let (mut at, mut from) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'\\' if escapes(text, at) => {
                plain(&mut found, &text[from..at]);
                from = at + 1;
                at += 2;
                continue;
            }
            b'`' => {
                let run = run_of(bytes, at);
                let ends = code.get_or_insert_with(|| code_ends(text));
                let Some(&close) = ends.get(&at) else {
                    at += run;
                    continue;
                };
                plain(&mut found, &text[from..at]);
                let end = close + run;
                let inside = if ticks { &text[at..end] } else { unpadded(&text[at + run..close], run) };
                found.push(Token::Bit(Bit { text: inside, face: Face::CODE, link: None }));
                end
            }
            b'[' => match labelled(text, at) {
                Some((label, url, end)) => {
                    plain(&mut found, &text[from..at]);
                    let leads = |text, face| Token::Bit(Bit { text, face, link: Some(url) });
                    found.push(leads(label, Face::LINK));
                    // The target is always told, so that no label can lie about it.
                    found.push(Token::Bit(Bit { text: " (", face: Face::DIM, link: None }));
                    found.push(leads(url, Face::LINK | Face::DIM));
                    found.push(Token::Bit(Bit { text: ")", face: Face::DIM, link: None }));
                    end
                }
                None => {
                    at += 1;
                    continue;
                }
            },
            b'h' | b'H' if begins_url(text, at) => {
                let end = url_end(text, at);
                if end - at <= URL_BYTES {
                    plain(&mut found, &text[from..at]);
                    let url = &text[at..end];
                    found.push(Token::Bit(Bit { text: url, face: Face::LINK, link: Some(url) }));
                } else {
                    plain(&mut found, &text[from..end]);
                }
                end
            }
            b'*' | b'_' | b'~' | b'|' => {
                let end = at + run_of(bytes, at);
                match run(text, at, end) {
                    Some(run) => {
                        plain(&mut found, &text[from..at]);
                        found.push(Token::Run(run));
                        end
                    }
                    None => {
                        at = end;
                        continue;
                    }
                }
            }
            _ => {
                at += 1;
                continue;
            }
        };
        (at, from) = (end, end);
    }
    plain(&mut found, &text[from..]);
    found
}

fn plain<'a>(found: &mut Vec<Token<'a>>, text: &'a str) {
    if !text.is_empty() {
        found.push(Token::Bit(Bit { text, face: Face::PLAIN, link: None }));
    }
}

/// Whether the backslash there makes the sign behind it a mere sign. Everywhere else it was typed to be seen: in paths, and
/// in the arm of ¯\_(ツ)_/¯.
fn escapes(text: &str, at: usize) -> bool {
    let Some(next) = text.as_bytes().get(at + 1) else { return false };
    match next {
        b'*' | b'_' | b'~' | b'`' | b'|' | b'[' => !text[..at].ends_with('¯'),
        // These mean something at the beginning of a line alone.
        b'>' | b'-' => matches!(text[..at].trim_end_matches(' ').as_bytes().last(), None | Some(b'\n')),
        _ => false,
    }
}

fn run_of(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|byte| **byte == bytes[at]).count()
}

/// For each row of backticks that begins code, where the row that ends it stands: the next of the same length on the same
/// line. Found from the end, so that a text of nothing but backticks takes one pass.
fn code_ends(text: &str) -> HashMap<usize, usize> {
    let bytes = text.as_bytes();
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'`' => {
                let run = run_of(bytes, at);
                runs.push((at, run));
                at += run;
            }
            b'\n' => {
                runs.push((at, 0));
                at += 1;
            }
            _ => at += 1,
        }
    }
    let (mut next, mut ends): (HashMap<usize, usize>, _) = (HashMap::new(), HashMap::new());
    for (at, run) in runs.into_iter().rev() {
        if run == 0 {
            next.clear();
        } else if let Some(end) = next.insert(run, at) {
            ends.insert(at, end);
        }
    }
    ends
}

/// Code in more than one backtick may stand off from them by a blank, to begin or end with one itself.
fn unpadded(code: &str, run: usize) -> &str {
    match code.strip_prefix(' ').and_then(|code| code.strip_suffix(' ')) {
        Some(inside) if run > 1 && !inside.trim().is_empty() => inside,
        _ => code,
    }
}

/// Whether words go on over a sign beside this. Scripts that put no blanks between words have a border everywhere.
fn wordy(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() && c.width() != Some(2))
}

fn run(text: &str, at: usize, end: usize) -> Option<Run<'_>> {
    let sign = text.as_bytes()[at];
    let many = end - at;
    let fits = match sign {
        b'_' if text[..at].ends_with("¯\\") => false,
        b'*' | b'_' => many <= 3,
        _ => many == 2,
    };
    if !fits {
        return None;
    }
    let (before, after) = (text[..at].chars().next_back(), text[end..].chars().next());
    let solid = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
    let (mut open, mut close) = (solid(after), solid(before));
    if sign == b'_' || (sign == b'*' && many == 1) {
        open &= !wordy(before);
        close &= !wordy(after);
    }
    (open || close).then_some(Run { at, sign, text: &text[at..end], open, close })
}

fn begins_url(text: &str, at: usize) -> bool {
    let rest = &text.as_bytes()[at..];
    let is = |word: &[u8]| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let scheme = match () {
        () if is(b"https://") => 8,
        () if is(b"http://") => 7,
        () => return false,
    };
    let host = text[at + scheme..].chars().next();
    host.is_some_and(|c| c.is_alphanumeric() || c == '[') && !wordy(text[..at].chars().next_back())
}

/// Whether an address cannot go on over this: blanks, what quotes it, and the stops of scripts without blanks.
fn ends_url(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '`' | '|' | '\\')
        || matches!(c, '。' | '、' | '，' | '；' | '：' | '！' | '？' | '）' | '」' | '』' | '】' | '》' | '”' | '’')
}

/// Where an address ends: the stops of the sentence around it, and brackets that were opened before it, are no part of it.
fn url_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let (mut round, mut square) = (0_usize, 0_usize);
    let outside = |c: char| {
        match c {
            '(' => round += 1,
            '[' => square += 1,
            ')' if round > 0 => round -= 1,
            ']' if square > 0 => square -= 1,
            ')' | ']' => return true,
            c => return ends_url(c),
        }
        false
    };
    let rest = &rest[..rest.find(outside).unwrap_or(rest.len())];
    at + rest.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~']).len()
}

/// `[label](https://…)`: label, address, and where it ends. A label that looks like an address itself is none.
fn labelled(text: &str, at: usize) -> Option<(&str, &str, usize)> {
    let inside = &text[at + 1..];
    // A label holds no bracket, so no stretch of a text is looked through twice for one.
    let close = inside.find(['[', ']', '\n']).filter(|end| inside.as_bytes()[*end] == b']')?;
    let label = &inside[..close];
    let from = at + 1 + close + 2;
    if label.trim().is_empty()
        || label.contains("://")
        || text.as_bytes().get(from - 1) != Some(&b'(')
        || !begins_url(text, from)
    {
        return None;
    }
    let mut deep = 0;
    for (n, c) in text[from..].char_indices() {
        match c {
            '(' => deep += 1,
            ')' if deep == 0 => {
                return (n <= URL_BYTES).then(|| (label, &text[from..from + n], from + n + 1));
            }
            ')' => deep -= 1,
            c if ends_url(c) => return None,
            _ => {}
        }
    }
    None
}

/// The signs that wait for their other half, innermost last.
#[derive(Default)]
struct Waiting {
    /// The kind of each, and its part.
    all: Vec<(Kind, usize)>,
    /// Where each kind stands in it.
    of: [Vec<usize>; KINDS],
    /// Those below are outside of the spoiler one is in.
    floor: usize,
}

impl Waiting {
    fn push(&mut self, kind: Kind, part: usize) {
        self.of[kind as usize].push(self.all.len());
        self.all.push((kind, part));
    }

    fn place(&self, kind: Kind) -> Option<usize> {
        self.of[kind as usize].last().copied().filter(|at| *at >= self.floor)
    }

    /// Takes everything from there on; gives the part that stood there.
    fn take_from(&mut self, at: usize) -> Option<usize> {
        let mut part = None;
        while self.all.len() > at
            && let Some((kind, of)) = self.all.pop()
        {
            self.of[kind as usize].pop();
            part = Some(of);
        }
        part
    }

    /// `***both** one*`: of two that opened together, the one that ends first is the inner one.
    fn turn(&mut self, bold: Kind, italic: Kind, parts: &mut [Part<'_>]) {
        let [.., (outer, first), (inner, second)] = self.all[..] else { return };
        let together = (outer, inner) == (bold, italic) && second == first + 1 && self.all.len() - 2 >= self.floor;
        let signs = match parts.get_mut(first..=second) {
            Some([Part::Sign(_, outer, _), Part::Sign(_, inner, _)]) if together => (outer, inner),
            _ => return,
        };
        (*signs.0, *signs.1) = (italic, bold);
        self.take_from(self.all.len() - 2);
        self.push(italic, first);
        self.push(bold, second);
    }
}

/// Finds which signs belong together. Spoilers come first: nothing that begins outside of one can keep it from closing.
fn pair(tokens: Vec<Token<'_>>) -> Vec<Part<'_>> {
    let spoilers = pair_spoilers(&tokens);
    let mut parts: Vec<Part<'_>> = Vec::with_capacity(tokens.len());
    let mut waiting = Waiting::default();
    let mut outside = 0;
    for (token, state) in tokens.into_iter().zip(spoilers) {
        match token {
            Token::Bit(bit) => parts.push(Part::Bit(bit)),
            Token::Run(run) if run.sign == b'|' => {
                match state {
                    State::Opens => outside = std::mem::replace(&mut waiting.floor, waiting.all.len()),
                    State::Closes => {
                        waiting.take_from(waiting.floor);
                        waiting.floor = outside;
                    }
                    State::Literal => {}
                }
                parts.push(Part::Sign(run.text, Kind::Spoiler, state));
            }
            Token::Run(run) => pair_run(&run, &mut waiting, &mut parts),
        }
    }
    parts
}

fn pair_spoilers(tokens: &[Token<'_>]) -> Vec<State> {
    let mut states = vec![State::Literal; tokens.len()];
    let mut opened: Option<usize> = None;
    for (at, token) in tokens.iter().enumerate() {
        match (token, opened) {
            (Token::Run(run), Some(open)) if run.sign == b'|' && run.close => {
                (states[open], states[at]) = (State::Opens, State::Closes);
                opened = None;
            }
            (Token::Run(run), None) if run.sign == b'|' && run.open => opened = Some(at),
            _ => {}
        }
    }
    states
}

fn pair_run<'a>(run: &Run<'a>, waiting: &mut Waiting, parts: &mut Vec<Part<'a>>) {
    let (bold, italic) = match run.sign {
        b'*' => (Kind::BoldStars, Kind::ItalicStar),
        b'_' => (Kind::BoldLines, Kind::ItalicLine),
        // Its rows have two signs, always.
        _ => (Kind::Strike, Kind::Strike),
    };
    let mut left = run.text;
    while run.close && !left.is_empty() {
        if left.len() == 2 {
            waiting.turn(bold, italic, parts);
        }
        let (two, one) = (waiting.place(bold).filter(|_| left.len() >= 2), waiting.place(italic));
        let one = one.filter(|_| left.len() != 2);
        let (at, long) = match (two, one) {
            (Some(two), Some(one)) if one > two => (one, 1),
            (Some(two), _) => (two, 2),
            (None, Some(one)) => (one, 1),
            (None, None) => break,
        };
        let (sign, rest) = left.split_at(long);
        left = rest;
        if let Some(Part::Sign(_, _, state)) = waiting.take_from(at).and_then(|part| parts.get_mut(part)) {
            *state = State::Opens;
        }
        parts.push(Part::Sign(sign, if long == 2 { bold } else { italic }, State::Closes));
    }
    while !left.is_empty() {
        let (sign, rest) = left.split_at(left.len().min(2));
        left = rest;
        let kind = if sign.len() == 2 { bold } else { italic };
        if run.open {
            waiting.push(kind, parts.len());
        }
        parts.push(Part::Sign(sign, kind, State::Literal));
    }
}

fn emit(parts: Vec<Part<'_>>, base: Face) -> Vec<Bit<'_>> {
    let mut bits: Vec<Bit<'_>> = Vec::with_capacity(parts.len());
    let mut deep = [0_u32; KINDS];
    let mut face = base;
    const ALL: [Kind; KINDS] =
        [Kind::BoldStars, Kind::ItalicStar, Kind::BoldLines, Kind::ItalicLine, Kind::Strike, Kind::Spoiler];
    for part in parts {
        match part {
            Part::Bit(bit) => bits.push(Bit { face: face | bit.face, ..bit }),
            Part::Sign(text, _, State::Literal) => bits.push(Bit { text, face, link: None }),
            Part::Sign(_, kind, state) => {
                let deep_now = &mut deep[kind as usize];
                *deep_now = if state == State::Opens { *deep_now + 1 } else { deep_now.saturating_sub(1) };
                face = ALL.iter().filter(|kind| deep[**kind as usize] > 0).fold(base, |face, kind| face | kind.flag());
            }
        }
    }
    bits
}
