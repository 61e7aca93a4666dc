//! Who is meant by a text: the one function that finds mentions, used once, when something is said. Highlighting on a
//! screen uses the same rule; counting is the store's.

use unicode_segmentation::UnicodeSegmentation;

use super::names::{Nick, fold};

/// Names one message may mention; more are not looked for, so that a text of nothing but names stays cheap.
pub const MENTIONS_PER_TEXT: usize = 50;

/// The words of a text that could be names: those after an `@` anywhere, and every other whole word, as byte ranges with
/// the name that stands there. `@ann`, `ann:` and `ann,` all mean ann; `anna` and `ann@example` do not.
pub fn candidates(text: &str) -> Vec<(std::ops::Range<usize>, Nick)> {
    let mut found = Vec::new();
    match text.is_ascii() {
        true => ascii_words(text).for_each(|start| extend(text, start, &text[start..], &mut found)),
        false => words(text).for_each(|(start, token)| extend(text, start, token, &mut found)),
    }
    found
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

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_word_bound_indices()
}

/// Where words of ASCII begin that [`extend`] looks at, by the rules of UAX 29: `don't` is one word, and so is `1,5`.
fn ascii_words(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).filter(move |&at| {
        let here = bytes[at];
        let joins = |before: u8, joint: u8| match joint {
            b'\'' => before.is_ascii_alphabetic() && here.is_ascii_alphabetic() || both_digits(before, here),
            b':' => before.is_ascii_alphabetic() && here.is_ascii_alphabetic(),
            b',' | b';' => both_digits(before, here),
            _ => false,
        };
        let inside = match bytes[..at] {
            [.., last] if last.is_ascii_alphanumeric() || last == b'_' => true,
            [.., before, joint] => joins(before, joint),
            _ => false,
        };
        (here.is_ascii_alphanumeric() || here == b'_') && !inside
    })
}

fn both_digits(before: u8, here: u8) -> bool {
    before.is_ascii_digit() && here.is_ascii_digit()
}

/// Word bounds split `ann-2` and `x.y`; a name goes on over `-`, `_`, `.` inside it.
fn extend(text: &str, start: usize, token: &str, found: &mut Vec<(std::ops::Range<usize>, Nick)>) {
    let part = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '_' | '.') || unicode_normalization::char::is_combining_mark(c)
    };
    let before = text[..start].chars().next_back();
    if !token.starts_with(|c: char| c.is_alphanumeric() || c == '_') || before.is_some_and(part) {
        return;
    }
    let rest = &text[start..];
    let mut end = start + rest.find(|c| !part(c)).unwrap_or(rest.len());
    let trimmed = text[start..end].trim_end_matches(['.', '-']);
    end = start + trimmed.len();
    if text[end..].starts_with('@') {
        return;
    }
    if let Ok(nick) = Nick::parse(trimmed) {
        found.push((start..end, nick));
    }
}

/// Byte ranges of a text that mention one of these names (given folded).
pub fn ranges(text: &str, folded_names: &[&str]) -> Vec<std::ops::Range<usize>> {
    let hit = |(range, nick): (std::ops::Range<usize>, Nick)| folded_names.contains(&nick.folded()).then_some(range);
    // Most texts mention nobody: one cheap look before the words are cut.
    let folded = fold(text);
    if !folded_names.iter().any(|name| folded.contains(name)) {
        return Vec::new();
    }
    candidates(text).into_iter().filter_map(hit).collect()
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

    fn by_the_tables(text: &str) -> Vec<(std::ops::Range<usize>, Nick)> {
        let mut found = Vec::new();
        words(text).for_each(|(start, token)| extend(text, start, token, &mut found));
        found
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5000))]
        #[test]
        fn ascii_is_read_as_the_tables_would(text in "[ -~\\n\\t]{0,40}", dense in "[aB1_.,:;'@\\- -]{0,14}") {
            proptest::prop_assert_eq!(candidates(&text), by_the_tables(&text));
            proptest::prop_assert_eq!(candidates(&dense), by_the_tables(&dense));
        }
    }
}
