//! How a text is cut into lines of a width: by words where it can, by grapheme where it must, wide characters anywhere.
//! Widths are the terminal's columns, by the same tables the screen library uses.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns of a text on one line.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A tab as a terminal cell grid can show it.
pub fn untab(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains('\t') {
        true => text.replace('\t', "    ").into(),
        false => text.into(),
    }
}

/// Byte ranges of one logical line, each at most `columns` wide. Always at least one range; a grapheme wider than the
/// whole line has one of its own.
pub fn wrap(line: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(1);
    match line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        true => wrap_ascii(line.as_bytes(), columns),
        false => wrap_any(line, columns),
    }
}

/// The same where every byte is a column, as in most lines: a screen full of them is cut at every key.
fn wrap_ascii(line: &[u8], columns: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::with_capacity(line.len() / columns + 1);
    let mut start = 0;
    // Blanks hang over the edge; what follows them begins the next line.
    while let Some(over) = line
        .get(start + columns..)
        .and_then(|rest| rest.iter().position(|byte| *byte != b' '))
        .map(|n| start + columns + n)
    {
        let cut =
            line[start..over].iter().rposition(|byte| matches!(byte, b' ' | b'-' | b'/')).map(|at| start + at + 1);
        let end = cut.unwrap_or(over);
        ranges.push(start..end);
        start = end;
    }
    ranges.push(start..line.len());
    ranges
}

fn wrap_any(line: &str, columns: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut used) = (0, 0);
    let mut cut: Option<usize> = None;
    for (at, grapheme) in line.grapheme_indices(true) {
        let wide = grapheme.width();
        let blank = grapheme.chars().all(char::is_whitespace);
        if used + wide > columns && at > start && !blank {
            let end = cut.filter(|cut| *cut > start).unwrap_or(at);
            ranges.push(start..end);
            start = end;
            used = line[start..at].width();
            cut = None;
            if used + wide > columns && at > start {
                ranges.push(start..at);
                (start, used) = (at, 0);
            }
        }
        used += wide;
        if blank || wide == 2 || grapheme == "-" || grapheme == "/" {
            cut = Some(at + grapheme.len());
        }
    }
    ranges.push(start..line.len());
    ranges
}

/// The beginning of a text that fits, with `mark` behind it when it was cut.
pub fn fit(text: &str, columns: usize, mark: &str) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(mark.width());
    let (mut kept, mut used) = (String::new(), 0);
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    if columns >= mark.width() {
        kept.push_str(mark);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, columns: usize) -> Vec<&str> {
        wrap(text, columns).into_iter().map(|range| text[range].trim_end()).collect()
    }

    #[test]
    fn words_then_graphemes() {
        assert_eq!(lines("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("漢字漢字漢", 5), ["漢字", "漢字", "漢"]);
        assert_eq!(lines("a 👩‍👩‍👧👩‍👩‍👧", 4), ["a 👩‍👩‍👧", "👩‍👩‍👧"]);
        assert_eq!(lines("", 5), [""]);
        assert_eq!(lines("漢", 1), ["漢"]);
        assert_eq!(lines("see https://example.org/a/long/path", 12), ["see https://", "example.org/", "a/long/path"]);
    }

    #[test]
    fn nothing_is_lost_and_nothing_too_wide() {
        let text = "ab 漢字 👩‍👩‍👧 e\u{301}e\u{301} longwordlongword -x-y 한국어 ok";
        for columns in 2..30 {
            let ranges = wrap(text, columns);
            assert_eq!(ranges.first().map(|r| r.start), Some(0));
            assert_eq!(ranges.last().map(|r| r.end), Some(text.len()));
            assert!(ranges.windows(2).all(|two| two[0].end == two[1].start));
            assert!(ranges.iter().all(|r| width(text[r.clone()].trim_end()) <= columns), "{columns}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5000))]
        #[test]
        fn ascii_is_cut_as_any_text(line in "[a-c /-]{0,60}|[ -~]{0,200}", columns in 1_usize..40) {
            proptest::prop_assert_eq!(wrap(&line, columns), wrap_any(&line, columns));
        }
    }

    #[test]
    fn fitting_marks_the_cut() {
        assert_eq!(fit("hello", 5, "…"), "hello");
        assert_eq!(fit("hello", 4, "…"), "hel…");
        assert_eq!(fit("漢字漢", 4, "…"), "漢…");
        assert_eq!(fit("x", 0, "…"), "");
    }
}
