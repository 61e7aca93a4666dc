//! Who is meant by a text: the one function that finds mentions, used once, when something is said. Highlighting on a
//! screen uses the same rule; counting is the store's.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::names::{NAME_COLUMNS, Nick, fold};

/// Names one message may mention; more are not looked for, so that a text of nothing but names stays cheap.
pub const MENTIONS_PER_TEXT: usize = 50;

/// The words of a text that could be names: those after an `@` anywhere, and every other whole word, as byte ranges with
/// the name that stands there, folded as names are compared. `@ann`, `ann:` and `ann,` all mean ann; `anna` and
/// `ann@example` do not.
pub fn candidates(text: &str) -> impl Iterator<Item = (Range<usize>, Cow<'_, str>)> {
    let (plain, other) = match text.is_ascii() {
        true => (Some(ascii_names(text)), None),
        false => (None, Some(by_the_tables(text))),
    };
    plain.into_iter().flatten().chain(other.into_iter().flatten())
}

fn by_the_tables(text: &str) -> impl Iterator<Item = (Range<usize>, Cow<'_, str>)> {
    let words = text.split_word_bound_indices();
    words.filter_map(|(start, word)| extend(text, start, word)).filter_map(|range| {
        let nick = Nick::parse(&text[range.clone()]).ok()?;
        Some((range, Cow::Owned(nick.folded().to_owned())))
    })
}

/// Whether a word (or several) stands in a text by itself, whatever its case and width.
pub fn holds_word(text: &str, word: &str) -> bool {
    let (text, word) = (fold(text), fold(word));
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !word.is_empty()
        && text
            .match_indices(&word)
            .any(|(at, found)| !part(text[..at].chars().next_back()) && !part(text[at + found.len()..].chars().next()))
}

/// The same where all is ASCII, in which a name is its own normal form. Words begin as UAX 29 has it: `don't` is one word,
/// and so is `1,5`.
fn ascii_names(text: &str) -> impl Iterator<Item = (Range<usize>, Cow<'_, str>)> {
    let bytes = text.as_bytes();
    let kind = |at: usize| bytes.get(at).map_or(0, |byte| KINDS[usize::from(*byte)]);
    let joined = |at: usize| match bytes[..at] {
        [.., before, b'\''] => {
            before.is_ascii_alphabetic() && bytes[at].is_ascii_alphabetic() || both_digits(before, bytes[at])
        }
        [.., before, b':'] => before.is_ascii_alphabetic() && bytes[at].is_ascii_alphabetic(),
        [.., before, b',' | b';'] => both_digits(before, bytes[at]),
        _ => false,
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += bytes[at..].iter().position(|byte| KINDS[usize::from(*byte)] > 0)?;
            let (start, mut kinds) = (at, 0);
            while kind(at) > 0 {
                kinds |= kind(at);
                at += 1;
            }
            let ends = bytes[start..at].iter().rev().take_while(|byte| matches!(byte, b'.' | b'-')).count();
            let end = at - ends;
            let begins = !matches!(bytes[start], b'.' | b'-') && !joined(start);
            if begins && bytes.get(end) != Some(&b'@') && end - start <= NAME_COLUMNS {
                let name = &text[start..end];
                let folded =
                    if kinds & CAPITAL > 0 { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) };
                return Some((start..end, folded));
            }
        }
    })
}

/// A capital, among [`KINDS`].
const CAPITAL: u8 = 2;

/// What a byte is in a name of ASCII: nothing, a part of it, or a capital.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        if byte.is_ascii_uppercase() {
            kinds[byte as usize] = CAPITAL;
        } else if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            kinds[byte as usize] = 1;
        }
        byte += 1;
    }
    kinds
};

fn both_digits(before: u8, here: u8) -> bool {
    before.is_ascii_digit() && here.is_ascii_digit()
}

/// Word bounds split `ann-2` and `x.y`; a name goes on over `-`, `_`, `.` inside it.
fn extend(text: &str, start: usize, token: &str) -> Option<Range<usize>> {
    let part = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '_' | '.') || unicode_normalization::char::is_combining_mark(c)
    };
    let before = text[..start].chars().next_back();
    if !token.starts_with(|c: char| c.is_alphanumeric() || c == '_') || before.is_some_and(part) {
        return None;
    }
    let rest = &text[start..];
    let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
    let end = start + rest[..end].trim_end_matches(['.', '-']).len();
    (!text[end..].starts_with('@')).then_some(start..end)
}

/// Byte ranges of a text that mention one of these names (given folded).
pub fn ranges(text: &str, folded_names: &[&str]) -> Vec<Range<usize>> {
    // Most texts mention nobody: one cheap look before the words are cut.
    let folded = fold(text);
    if !folded_names.iter().any(|name| folded.contains(name)) {
        return Vec::new();
    }
    candidates(text).filter(|(_, name)| folded_names.contains(&&**name)).map(|(range, _)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str, name: &str) -> Vec<String> {
        ranges(text, &[name]).into_iter().map(|r| text[r].to_owned()).collect()
    }

    #[test]
    fn whole_words_only() {
        assert_eq!(hits("hi Ann, and @ann: look. ann", "ann"), ["Ann", "ann", "ann"]);
        for none in ["anna", "joann", "ann@example", "ann-2 is another", "x.ann"] {
            assert_eq!(hits(none, "ann"), Vec::<String>::new(), "{none}");
        }
        assert_eq!(hits("ann-2!", "ann-2"), ["ann-2"]);
        assert_eq!(hits("thanks ben.", "ben"), ["ben"]);
        assert_eq!(hits("@東京 さん", "東京"), ["東京"]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5000))]
        #[test]
        fn ascii_is_read_as_the_tables_would(text in "[ -~\\n\\t]{0,40}", dense in "[aB1_.,:;'@\\- -]{0,14}") {
            for text in [text, dense] {
                let names: Vec<_> = candidates(&text).collect();
                proptest::prop_assert_eq!(names, by_the_tables(&text).collect::<Vec<_>>());
            }
        }
    }
}
