//! [`Text`]: what people write, made harmless at the one place where foreign words come in. It keeps line feeds and
//! tabs; every other control character becomes visible or goes, text that would turn the reading order goes, stacks of
//! marks are cut. How long a text may be is a setting and is asked at parse; how it wraps is the screen's business.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Marks one base may carry: Vietnamese and Hebrew need three, a fourth is grace.
const MARKS_PER_BASE: usize = 4;

/// Bytes one grapheme cluster may weigh. The longest emoji in use (a kissing couple with skin tones) has 35.
const CLUSTER_BYTES: usize = 64;

/// Words of a person that can do a reader no harm.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Arc<str>);

/// Why a string is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or only blanks.
    #[error("there is nothing in it")]
    Blank,
    /// More bytes of UTF-8 than the host takes.
    #[error("it is too long: {bytes} bytes, and {limit} are allowed")]
    TooLong {
        /// Bytes it has.
        bytes: usize,
        /// Bytes it may have.
        limit: usize,
    },
}

impl Text {
    /// Cleans what a person wrote and takes it when it is neither blank nor longer than `limit` bytes (0 lifts it).
    pub fn parse(raw: &str, limit: usize) -> Result<Text, TextError> {
        if limit > 0 && raw.len() > limit {
            return Err(TextError::TooLong { bytes: raw.len(), limit });
        }
        let text = Text::clean(raw);
        match text.is_blank() {
            true => Err(TextError::Blank),
            // Making a control character visible can lengthen the text; the limit is on what is kept.
            false if limit > 0 && text.0.len() > limit => Err(TextError::TooLong { bytes: text.0.len(), limit }),
            false => Ok(text),
        }
    }

    /// Cleans a string, whatever is in it; used for what need not be a message (topics may be empty).
    pub fn clean(raw: &str) -> Text {
        Text(sanitise(raw).into())
    }

    /// The text itself. It holds no control character but LF and TAB.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text for a place that has one line: line feeds and tabs become blanks.
    pub fn one_line(&self) -> Cow<'_, str> {
        match self.0.contains(['\n', '\t']) {
            true => Cow::Owned(self.0.replace(['\n', '\t'], " ")),
            false => Cow::Borrowed(&self.0),
        }
    }

    /// Whether nothing of it can be seen.
    pub fn is_blank(&self) -> bool {
        self.0.chars().all(|c| {
            c.is_whitespace()
                || matches!(
                    c,
                    '\u{200C}' | '\u{200D}' | '\u{FE00}'
                        ..='\u{FE0F}' | '\u{3164}' | '\u{115F}' | '\u{1160}' | '\u{FFA0}' | '\u{2800}'
                )
        })
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({:?})", &*self.0)
    }
}

fn sanitise(raw: &str) -> String {
    // Most texts are harmless as they are, and are seen to be in a fraction of the time: looked at to the end, as that goes
    // by many bytes at once.
    let harmful = |byte: u8| !matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    match !raw.bytes().fold(false, |found, byte| found | harmful(byte)) {
        true => raw.trim_end().to_owned(),
        false => sanitise_any(raw),
    }
}

fn sanitise_any(raw: &str) -> String {
    let mut seen = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                seen.push('\n');
            }
            '\n' | '\t' => seen.push(c),
            '\u{2028}' | '\u{2029}' | '\u{85}' => seen.push('\n'),
            '\0'..='\u{1F}' => seen.push(visible(c)),
            '\u{7F}' => seen.push('\u{2421}'),
            '\u{80}'..='\u{9F}' => seen.push(char::REPLACEMENT_CHARACTER),
            c if is_dropped(c) => {}
            '\u{1F3F4}' => {
                seen.push(c);
                flag_tags(&mut chars, &mut seen);
            }
            '\u{E0000}'..='\u{E0FFF}' => {}
            c => seen.push(c),
        }
    }
    let cut = cut_clusters(&seen);
    cut.trim_end().to_owned()
}

/// The picture of a C0 control character (Unicode block "Control Pictures").
fn visible(c: char) -> char {
    char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Format characters that turn the reading order, hide text or annotate it. ZWJ and ZWNJ stay: emoji and scripts need
/// them. Marks of direction (LRM, RLM, ALM) go too, a terminal can make nothing good of them.
fn is_dropped(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}')
}

/// After a black flag, the tags of a subdivision flag (UTS 51, ED-14a) are kept when they are complete, else dropped.
fn flag_tags(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, seen: &mut String) {
    let mut tags = String::new();
    while let Some(tag) = chars.next_if(|c| matches!(c, '\u{E0020}'..='\u{E007F}')) {
        tags.push(tag);
        if tag == '\u{E007F}' {
            if (3..=8).contains(&tags.chars().count()) {
                seen.push_str(&tags);
            }
            return;
        }
    }
}

/// Cuts clusters that weigh too much or carry too many marks; real emoji and letters stay whole.
fn cut_clusters(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        let (mut marks, mut bytes) = (0, 0);
        for c in cluster.chars() {
            marks = if is_combining_mark(c) { marks + 1 } else { 0 };
            bytes += c.len_utf8();
            if bytes > CLUSTER_BYTES {
                break;
            }
            if marks <= MARKS_PER_BASE {
                kept.push(c);
            }
        }
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(raw: &str) -> String {
        Text::clean(raw).as_str().to_owned()
    }

    #[test]
    fn newlines_and_tabs_stay_the_rest_shows() {
        assert_eq!(clean("a\r\nb\rc\n\td"), "a\nb\nc\n\td");
        assert_eq!(clean("\x1b[31mred"), "␛[31mred");
        assert_eq!(clean("a\0\x7f\u{9b}b"), "a␀␡\u{FFFD}b");
    }

    #[test]
    fn reading_order_cannot_be_turned() {
        assert_eq!(clean("a\u{202E}b\u{2066}c\u{200B}d\u{AD}e"), "abcde");
    }

    #[test]
    fn emoji_stay_whole() {
        for whole in ["👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👨🏿‍❤️‍💋‍👨🏻", "♻️", "🇩🇪", "한국어", "שָׁלוֹם"]
        {
            assert_eq!(clean(whole), whole);
        }
        assert_eq!(clean("x\u{E0041}y🏴\u{E0041}"), "xy🏴");
    }

    #[test]
    fn stacks_of_marks_are_cut() {
        let zalgo = format!("a{}b", "\u{301}".repeat(200));
        assert_eq!(clean(&zalgo).chars().count(), 2 + MARKS_PER_BASE);
    }

    #[test]
    fn blank_and_long_are_refused() {
        for blank in ["", "  \n\t", "\u{200B}", "\u{3164}"] {
            assert_eq!(Text::parse(blank, 10), Err(TextError::Blank));
        }
        assert!(matches!(Text::parse("12345678901", 10), Err(TextError::TooLong { bytes: 11, limit: 10 })));
        assert!(Text::parse(&"x".repeat(99), 0).is_ok());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(3000))]
        #[test]
        fn ascii_is_read_as_any_text(text in "[ -~\\n\\t]{0,200}", control in "[\\x00-\\x7f]{0,100}") {
            proptest::prop_assert_eq!(sanitise(&text), sanitise_any(&text));
            proptest::prop_assert_eq!(sanitise(&control), sanitise_any(&control));
        }
    }
}
