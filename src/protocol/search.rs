//! What is looked for, and whether a text has it: the one meaning of a search, for the store that finds, the naive model it
//! is compared with, and the screen that marks what was found. How an index is asked is the store's.
//!
//! Texts are compared folded: compatibility forms, case, accents and width make no difference (UAX 15 NFKD, Unicode
//! default case folding). A term that begins with a letter or digit is found where a word begins; in writing without
//! blanks between words (Han, Kana, Thai and their like), and when it begins with a sign, it is found anywhere.

use std::ops::Range;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkd_quick};

use super::entry::{Author, Conversation, PersonId, Shown, ShownWhat, Timestamp};
use super::names::Nick;
use super::text::Text;

/// Terms of one search at most: each is asked of the index, and nobody types more.
pub const TERMS: usize = 16;

/// Bytes of what is typed at most.
pub const QUERY_BYTES: usize = 500;

/// What is looked for. All of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Its words.
    pub words: Words,
    /// Who said it, under whatever name.
    pub from: Option<Nick>,
    /// Said before this.
    pub before: Option<Timestamp>,
    /// Said at this time or after.
    pub after: Option<Timestamp>,
    /// Has a link in it.
    pub link: bool,
    /// Means the one who asks.
    pub mentions: bool,
}

/// The words that are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Folded, none of them empty.
    terms: Vec<String>,
    /// As they were given.
    given: String,
}

impl Query {
    /// Looks for these words; `"two words"` in quotes stand together.
    pub fn new(words: &str) -> Query {
        let mut terms = Vec::new();
        let mut quoted = false;
        for part in words.split('"') {
            let found: Vec<&str> = if quoted { vec![part] } else { part.split_whitespace().collect() };
            terms.extend(found.into_iter().map(|term| fold(term.trim())).filter(|term| !term.is_empty()));
            quoted = !quoted;
        }
        terms.truncate(TERMS);
        Query { words: Words { terms, given: words.to_owned() }, ..Query::default() }
    }

    /// The terms, folded.
    pub fn terms(&self) -> &[String] {
        &self.words.terms
    }

    /// The words as they were given.
    pub fn given(&self) -> &str {
        &self.words.given
    }

    /// Whether it asks for nothing at all.
    pub fn is_empty(&self) -> bool {
        self.terms().is_empty()
            && self.from.is_none()
            && self.before.is_none()
            && self.after.is_none()
            && !self.link
            && !self.mentions
    }

    /// Whether this text has what is looked for.
    pub fn in_text(&self, text: &str) -> bool {
        if self.link && !has_link(text) {
            return false;
        }
        if self.terms().is_empty() {
            return true;
        }
        let folded = fold(text);
        self.terms().iter().all(|term| places(&folded, term).next().is_some())
    }

    /// Whether this message is one: its words, who said it and whom it mentions. When it was said is the log's to know,
    /// which is in order.
    pub fn in_shown(&self, shown: &Shown, asker: PersonId, author: Option<PersonId>) -> bool {
        let ShownWhat::Said { text: Some(text), .. } = &shown.what else { return false };
        self.fits(text, &shown.from, &shown.mentions, asker, author)
    }

    /// The same, of a message in its parts.
    pub fn fits(
        &self,
        text: &Text,
        from: &Author,
        mentions: &[PersonId],
        asker: PersonId,
        author: Option<PersonId>,
    ) -> bool {
        let said_by = |nick: &Nick| from.name == *nick || Some(from.person) == author;
        self.from.as_ref().is_none_or(said_by)
            && (!self.mentions || (mentions.contains(&asker) && from.person != asker))
            && self.in_text(text.as_str())
    }

    /// Where in a text the terms stand, to be marked: byte ranges, rising and apart.
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        if self.terms().is_empty() {
            return Vec::new();
        }
        let (folded, from) = fold_with_places(text);
        let mut marks: Vec<Range<usize>> = Vec::new();
        for term in self.terms() {
            for at in places(&folded, term) {
                let last = from[at + term.len() - 1].clone();
                marks.push(from[at].start..last.end);
            }
        }
        marks.sort_by_key(|mark| (mark.start, mark.end));
        marks.dedup_by(|next, kept| {
            let overlap = next.start < kept.end;
            if overlap {
                kept.end = kept.end.max(next.end);
            }
            overlap
        });
        marks
    }
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where.
    pub conversation: Conversation,
    /// What, in its present form.
    pub shown: Shown,
}

/// What was found, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages.
    pub hits: Vec<Hit>,
    /// There may be more: a search for less finds it.
    pub more: bool,
}

/// Whether a text names an address of the web.
pub fn has_link(text: &str) -> bool {
    text.contains("http://") || text.contains("https://")
}

/// A text with what makes no difference taken out.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        let folded = text.bytes().map(fold_ascii).collect();
        return String::from_utf8(folded).expect("ASCII becomes ASCII");
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        fold_char(c, &mut folded);
    }
    folded
}

/// The same, and for every byte of it the characters it came from.
fn fold_with_places(text: &str) -> (String, Vec<Range<usize>>) {
    let (mut folded, mut from) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
    for (at, c) in text.char_indices() {
        let before = folded.len();
        fold_char(c, &mut folded);
        from.extend(std::iter::repeat_n(at..at + c.len_utf8(), folded.len() - before));
    }
    (folded, from)
}

fn fold_char(c: char, out: &mut String) {
    if c.is_ascii() {
        return out.push(char::from(fold_ascii(c as u8)));
    }
    if c.is_whitespace() {
        return out.push(' ');
    }
    if is_itself(c) {
        return out.push(c);
    }
    fold_any(c, out);
}

/// Whether folding leaves a character of East Asian writing as it is, which is seen sooner than it is folded. None of them
/// has a case.
fn is_itself(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{a4cf}') && is_nfkd_quick(std::iter::once(c)) == IsNormalized::Yes && !ignored(c)
}

fn fold_any(c: char, out: &mut String) {
    let lower = caseless::default_case_fold_str(c.encode_utf8(&mut [0; 4]).nfkd().collect::<String>().as_str());
    out.extend(lower.nfkd().filter(|c| !ignored(*c)));
}

fn fold_ascii(byte: u8) -> u8 {
    if byte.is_ascii_whitespace() || byte.is_ascii_control() { b' ' } else { byte.to_ascii_lowercase() }
}

/// Accents and points, and what has no form at all: selectors, joiners, soft hyphens. Voicing marks of Kana make another
/// letter and stay.
fn ignored(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What a character is to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Part of a word with others.
    Letter,
    /// Of a writing without blanks between words.
    Unspaced,
    /// A sign that means something: `+`, `€`, an emoji.
    Sign,
    /// Between words.
    Between,
}

fn kind(c: char) -> Kind {
    match c {
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => Kind::Unspaced,
        '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' => Kind::Unspaced,
        '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
            Kind::Unspaced
        }
        '\u{20000}'..='\u{3ffff}' => Kind::Unspaced,
        c if c.is_alphanumeric() => Kind::Letter,
        '+' | '<' | '=' | '>' | '|' | '~' | '$' | '^' | '`' => Kind::Sign,
        c if c.is_ascii() => Kind::Between,
        '\u{a2}'..='\u{a9}' | '\u{ac}' | '\u{ae}'..='\u{b1}' | '\u{d7}' | '\u{f7}' => Kind::Sign,
        '\u{20a0}'..='\u{20cf}' | '\u{2100}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => Kind::Sign,
        _ => Kind::Between,
    }
}

/// Where a folded term stands in a folded text.
fn places<'a>(folded: &'a str, term: &'a str) -> impl Iterator<Item = usize> + 'a {
    let of_word = term.chars().next().is_some_and(|first| kind(first) == Kind::Letter);
    let found = folded.match_indices(term).map(|(at, _)| at);
    found.filter(move |at| {
        !of_word || folded[..*at].chars().next_back().is_none_or(|before| kind(before) != Kind::Letter)
    })
}

/// A folded text as the words an index has of it, one after the other. Writing without blanks is cut into pairs, and the
/// last of a run stands alone, so that any two characters that stand together are one word, and any one begins one.
pub fn index_words(folded: &str) -> Vec<&str> {
    words(folded, true).into_iter().map(|range| &folded[range]).collect()
}

/// The words of a term, as [`index_words`] has them, and whether the last of them may go on.
pub fn term_words(term: &str) -> (Vec<&str>, bool) {
    let found = words(term, false);
    let open = term.chars().next_back().is_some_and(|last| matches!(kind(last), Kind::Letter | Kind::Unspaced));
    (found.into_iter().map(|range| &term[range]).collect(), open)
}

/// The ranges of words. `closed`: what ends with the text ends there; a term may stand in the middle of a run.
fn words(text: &str, closed: bool) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut chars = text.char_indices().map(|(at, c)| (at, c.len_utf8(), kind(c))).peekable();
    while let Some((at, len, is)) = chars.next() {
        match is {
            Kind::Between => {}
            Kind::Sign => words.push(at..at + len),
            Kind::Letter => {
                let mut end = at + len;
                while let Some((next, len, _)) = chars.next_if(|(.., is)| *is == Kind::Letter) {
                    end = next + len;
                }
                words.push(at..end);
            }
            Kind::Unspaced => {
                let (mut last, mut end, mut pairs) = (at, at + len, 0);
                while let Some((next, len, _)) = chars.next_if(|(.., is)| *is == Kind::Unspaced) {
                    words.push(last..next + len);
                    pairs += 1;
                    (last, end) = (next, next + len);
                }
                let goes_on = !closed && chars.peek().is_none();
                if !goes_on || pairs == 0 {
                    words.push(last..end);
                }
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, words: &str) -> bool {
        Query::new(words).in_text(text)
    }

    #[test]
    fn accents_case_and_width_make_no_difference() {
        for (text, words) in [
            ("wir fahren nach Münster", "müns"),
            ("wir fahren nach Münster", "muns"),
            ("Munster", "MÜNSTER"),
            ("Straße", "strass"),
            ("STRASSE", "straß"),
            ("ｈｅｌｌｏ", "hello"),
            ("ﾃｽﾄ", "テスト"),
            ("café", "cafe\u{301}"),
            ("İstanbul", "istanbul"),
        ] {
            assert!(has(text, words), "{words} in {text}");
        }
        assert!(!has("かき", "がき"), "a voiced letter is another letter");
    }

    #[test]
    fn words_begin_where_words_begin_and_signs_count() {
        assert!(has("see foo_bar(1)", "foo_ba") && has("see foo_bar(1)", "bar") && !has("see foo_bar(1)", "oo_ba"));
        assert!(has("in /etc/hosts", "/etc/ho") && has("in /etc/hosts", "hosts") && !has("in /etc/hosts", "/etc/xo"));
        assert!(has("I like C++ and C", "C++") && !has("I like C and D", "C++") && has("1+1", "+1"));
        assert!(has("今日は東京に行きます", "東京") && has("今日は東京に行きます", "京") && !has("京東", "東京"));
        assert!(has("done 🎉", "🎉") && !has("done", "🎉"));
        assert!(has("one two three", "\"two three\"") && !has("two one three", "\"two three\""));
        assert!(has("one two three", "three one") && !has("one two", "one three"));
    }

    proptest::proptest! {
        #[test]
        fn ascii_is_folded_as_in_the_middle_of_other_text(text in "[\\x00-\\x7f]{0,60}") {
            assert_eq!(format!("{}\u{6771}", fold(&text)), fold(&format!("{text}\u{6771}")));
        }
    }

    #[test]
    fn what_folding_leaves_as_it_is_is_known_without_it() {
        let all = ('\0'..=char::MAX).filter(|c| is_itself(*c));
        let folded = |c: char| {
            let mut out = String::new();
            fold_any(c, &mut out);
            out
        };
        assert!(all.clone().all(|c| folded(c) == c.to_string()));
        assert!(all.count() > 28_000, "Han and most of Kana");
        assert!(!is_itself('が') && !is_itself('\u{3000}'), "two, and a blank");
    }

    #[test]
    fn marks_are_where_the_words_stand() {
        let text = "Ein Münsterländer in münster, ＭＵＮＳ";
        let marks = Query::new("müns in").marks(text);
        let marked: Vec<&str> = marks.into_iter().map(|mark| &text[mark]).collect();
        assert_eq!(marked, ["Müns", "in", "müns", "ＭＵＮＳ"]);
        assert_eq!(Query::new("a ab").marks("abc ab"), [0..2, 4..6]);
    }

    /// What the index is asked for is never less than what is found: each term's words stand one after the other among
    /// those of the text.
    fn index_has(text: &str, term: &str) -> bool {
        let (text, term) = (fold(text), fold(term));
        let (have, (want, open)) = (index_words(&text), term_words(&term));
        let fits = |at: usize| {
            want.iter().enumerate().all(|(n, word)| {
                let last = n + 1 == want.len();
                have.get(at + n).is_some_and(|one| if last && open { one.starts_with(word) } else { one == word })
            })
        };
        want.is_empty() || (0..have.len()).any(fits)
    }

    proptest::proptest! {
        #[test]
        fn the_index_misses_nothing(
            text in "[ab東京都かC+/_. é🎉]{0,24}",
            from in 0usize..24,
            many in 1usize..6,
        ) {
            let letters: Vec<char> = text.chars().collect();
            let term: String = letters.iter().skip(from).take(many).collect();
            for term in term.split_whitespace() {
                if has(&text, term) {
                    proptest::prop_assert!(index_has(&text, term), "{term:?} in {text:?}");
                }
            }
        }
    }
}
