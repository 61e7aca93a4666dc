//! A TOML file as people write it: read with all of its errors at once, each with file and line, and the nearest word that
//! was probably meant. Settings, keys and themes are read through this; what they mean is not known here.

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeInteger, DeTable, DeValue};

use crate::logging::visible;

/// The largest file that is read. The whole of our own, with every comment, is a fiftieth of it.
const FILE_BYTES: u64 = 1 << 20;

/// How many errors of one file are listed. Beyond it the file is something else, not a file with errors.
const PROBLEMS: usize = 100;

/// One thing wrong in a file, fit to be shown: `FILE:LINE: what, and what to do`. Holds no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file it stands in.
    pub file: PathBuf,
    /// Its line, from 1; `None` when it is about the whole file.
    pub line: Option<usize>,
    /// A sentence without a full stop.
    pub what: String,
}

impl Problem {
    /// About the whole file.
    pub fn of_file(file: &Path, what: impl fmt::Display) -> Problem {
        Problem { file: file.to_owned(), line: None, what: visible(&what.to_string()).into_owned() }
    }

    /// Whether nothing of the file could be read at all.
    pub fn is_of_file(&self) -> bool {
        self.line.is_none()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", visible(&self.file.to_string_lossy()))?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.what)
    }
}

/// The text of a file and what it is called.
pub struct Source {
    name: PathBuf,
    text: String,
}

impl Source {
    /// A text that is compiled in, or made by a test.
    pub fn new(name: impl Into<PathBuf>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into() }
    }

    /// Reads a file. One that cannot be read, is too large or no UTF-8 is one problem.
    pub fn open(path: &Path) -> Result<Source, Problem> {
        let unreadable = |e: std::io::Error| Problem::of_file(path, format!("cannot be read: {e}"));
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(Problem::of_file(path, "is larger than 1 MiB and surely not the file you mean"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source::new(path, text)),
            Err(e) => {
                let good = e.utf8_error().valid_up_to();
                let line = 1 + e.as_bytes()[..good].iter().filter(|b| **b == b'\n').count();
                let what = "is not UTF-8 from here on; save it as UTF-8".to_owned();
                Err(Problem { file: path.to_owned(), line: Some(line), what })
            }
        }
    }

    /// A problem at a place of this text.
    pub fn problem(&self, span: &Range<usize>, what: impl fmt::Display) -> Problem {
        let line = Some(self.line(span.start));
        Problem { file: self.name.clone(), line, what: visible(&what.to_string()).into_owned() }
    }

    /// What it is called.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of this place, from 1.
    pub fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|b| **b == b'\n').count()
    }

    /// Walks everything in the file that could be read, after listing what could not. `each` gets the keys of the top
    /// level in the order of the file. A line with a syntax error is listed once and its keys are left out.
    pub fn walk(&self, mut each: impl FnMut(&Item<'_>, &mut Problems<'_>)) -> Vec<Problem> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        let mut problems = Problems { source: self, broken: Vec::new(), list: Vec::new() };
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            problems.add(&span, error.message());
            problems.broken.push(self.line(span.start));
        }
        problems.each_of(table.get_ref(), &mut each);
        problems.list.sort_by_key(|p| p.line);
        problems.list.dedup();
        problems.list
    }
}

/// A key of a table and its value.
pub struct Item<'a> {
    /// The key as written.
    pub key: &'a str,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// Its value.
    pub value: &'a DeValue<'a>,
    /// Where the value stands.
    pub span: Range<usize>,
}

/// What has been found wrong with a file so far.
pub struct Problems<'s> {
    source: &'s Source,
    /// Lines that are listed already, for their syntax.
    broken: Vec<usize>,
    list: Vec<Problem>,
}

impl Problems<'_> {
    /// One more.
    pub fn add(&mut self, span: &Range<usize>, what: impl fmt::Display) {
        let line = self.source.line(span.start);
        if self.list.len() < PROBLEMS && !self.broken.contains(&line) {
            self.list.push(self.source.problem(span, what));
        }
    }

    /// Calls for every key of a table in the order of the file, but for those on lines that are broken.
    pub fn each_of(&mut self, table: &DeTable<'_>, each: &mut impl FnMut(&Item<'_>, &mut Self)) {
        let mut items: Vec<_> = table.iter().collect();
        items.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in items {
            // Counting lines costs ten times what reading the file does, and most files have nothing broken in them.
            let broken = |at: usize| !self.broken.is_empty() && self.broken.contains(&self.source.line(at));
            if !value.get_ref().is_table() && (broken(key.span().start) || broken(value.span().start)) {
                continue;
            }
            let item = Item { key: key.get_ref(), key_span: key.span(), value: value.get_ref(), span: value.span() };
            each(&item, self);
        }
    }
}

/// The word that was probably meant, if one is near enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(&word, k), k))
        .filter(|(near, _)| *near > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

/// `, did you mean "x"?` or nothing, to end a sentence with.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|near| format!(", did you mean {near:?}?")).unwrap_or_default()
}

/// The number, when it is one that 128 bits hold.
pub fn integer(value: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(value.as_str(), value.radix()).ok()
}

/// What a value is, as one would say it.
pub fn called(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
        DeValue::String(_) => "a long text".to_owned(),
        DeValue::Integer(n) => n.to_string(),
        DeValue::Float(n) => n.to_string(),
        DeValue::Boolean(yes) => yes.to_string(),
        DeValue::Datetime(at) => at.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
    }
}

/// The texts of a list. Everything in it that is no text is listed; `None` when it is no list at all.
pub fn texts(name: &str, item: &Item<'_>, problems: &mut Problems<'_>) -> Option<Vec<(String, Range<usize>)>> {
    let array = item.value.as_array()?;
    let mut out = Vec::new();
    for value in array.iter() {
        match value.get_ref().as_str() {
            Some(text) => out.push((text.to_owned(), value.span())),
            None => problems.add(&value.span(), format!("{name}: {} is no text", called(value.get_ref()))),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_and_problems(text: &str) -> (Vec<String>, Vec<String>) {
        let mut keys = Vec::new();
        let problems = Source::new("x.toml", text).walk(|item, problems| {
            keys.push(item.key.to_owned());
            if let Some(table) = item.value.as_table() {
                problems.each_of(table, &mut |item, _| keys.push(item.key.to_owned()));
            }
        });
        (keys, problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn a_broken_line_leaves_the_others() {
        let (keys, problems) = keys_and_problems("a = 1\nb = = 2\nc = 3\n[s]\nd = \ne = \"x\nf = 1\n");
        assert_eq!(keys, ["a", "c", "s", "f"]);
        let lines: Vec<&str> = problems.iter().map(|p| p.split(' ').next().unwrap()).collect();
        assert_eq!(lines, ["x.toml:2:", "x.toml:5:", "x.toml:6:"], "{problems:?}");
    }

    #[test]
    fn twice_is_an_error() {
        let (_, problems) = keys_and_problems("a = 1\na = 2\n");
        assert_eq!(problems, ["x.toml:2: duplicate key"]);
    }

    #[test]
    fn any_text_is_survived() {
        for text in
            ["", "\u{feff}a = 1", "[", "[[", "]", "=", "\"", "'''", "a.b.c = [", "\0", "a = {", "[a]\n[a]", "a = nan"]
        {
            keys_and_problems(text);
        }
        keys_and_problems(&"[".repeat(100_000));
        keys_and_problems(&"a = 1\n".repeat(1000));
    }

    #[test]
    fn problems_hold_no_control_characters() {
        let source = Source::new("a\u{1b}b.toml", "x");
        let shown = source.problem(&(0..1), "unknown key \u{1b}]0;x\u{7}").to_string();
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
    }

    #[test]
    fn what_was_meant() {
        let known = ["queue_bytes", "frame_bytes", "read_buffer"];
        assert_eq!(nearest("queue_byte", known), Some("queue_bytes"));
        assert_eq!(nearest("Frame-Bytes", known), Some("frame_bytes"));
        assert_eq!(nearest("zzz", known), None);
    }
}
