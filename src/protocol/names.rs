//! Names that are valid by construction: a person's [`Nick`], a [`RoomName`], and the [`Target`] a line is addressed to.
//! Equality and hashing follow the fold (NFKC and case), so `Ann` and `ann` are one name; the UTS 39 skeleton that catches
//! look-alikes is computed here too. Who owns a name is the hub's business, not ours.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthStr;

use super::text::Text;

/// Widest name in terminal columns: a side pane stays readable and a line's author never fills the screen.
pub const NAME_COLUMNS: usize = 32;

/// Longest name in bytes. 32 columns of CJK are 48 bytes; the rest is room for marks, and no more.
const NAME_BYTES: usize = 128;

/// Combining marks a base letter may carry in a name; the scripts of the world need two, stacks of them are vandalism.
const NAME_MARKS: usize = 4;

/// Words that speak for the house. Nobody may wear them.
const RESERVED: [&str; 4] = ["host", "system", "server", "wschat"];

/// What a guest without a name is called, before the host's four letters.
pub const GUEST_PREFIX: &str = "guest-";

/// Why a string is no name. The sentence is fit for a person's eyes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was left of it.
    #[error("a name needs at least one letter or digit")]
    Empty,
    /// Wider than [`NAME_COLUMNS`] or heavier than its bytes may be.
    #[error("a name has at most {NAME_COLUMNS} columns")]
    TooLong,
    /// The first character must be a letter, a digit or `_`.
    #[error("a name begins with a letter, a digit or _")]
    BadStart,
    /// A character that no name holds.
    #[error("a name cannot hold {}", describe(*.0))]
    BadChar(char),
}

/// A character as an error may show it. What a text would not keep as it is (it turns the reading order, or cannot be
/// seen) is named by its number: a refusal reaches screens and logs too.
fn describe(c: char) -> String {
    let shown = Text::clean(c.encode_utf8(&mut [0; 4]));
    match c {
        c if c.is_whitespace() => "blanks (try - instead)".into(),
        c if is_invisible(c) || shown.is_blank() || !shown.as_str().starts_with(c) => {
            format!("the invisible character U+{:04X}", c as u32)
        }
        c => format!("“{c}”"),
    }
}

/// A name with its fold beside it; both kinds of name share it.
#[derive(Clone)]
struct Name {
    shown: Arc<str>,
    folded: Arc<str>,
}

impl Name {
    fn parse(text: &str) -> Result<Name, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > NAME_BYTES * 4 {
            return Err(NameError::TooLong);
        }
        match text.is_ascii() {
            true => Name::parse_ascii(text),
            false => Name::parse_any(text),
        }
    }

    /// Nearly every name, at a tenth of the cost: ASCII is its own normal form.
    fn parse_ascii(text: &str) -> Result<Name, NameError> {
        let held = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if let Some(first) = text.bytes().next().filter(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_') {
            return Err(if held(first) { NameError::BadStart } else { NameError::BadChar(first.into()) });
        }
        if let Some(bad) = text.bytes().find(|byte| !held(*byte)) {
            return Err(NameError::BadChar(bad.into()));
        }
        if text.len() > NAME_COLUMNS.min(NAME_BYTES) {
            return Err(NameError::TooLong);
        }
        let shown: Arc<str> = text.into();
        let capital = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let folded = if capital { text.to_ascii_lowercase().into() } else { shown.clone() };
        Ok(Name { shown, folded })
    }

    fn parse_any(text: &str) -> Result<Name, NameError> {
        let shown: String = text.nfc().collect();
        let mut marks = 0;
        for (i, c) in shown.chars().enumerate() {
            let letter = c.is_alphanumeric() && !is_invisible(c);
            if i == 0 && !letter && c != '_' {
                return Err(if holds(c) { NameError::BadStart } else { NameError::BadChar(c) });
            }
            if !holds(c) {
                return Err(NameError::BadChar(c));
            }
            marks = if is_combining_mark(c) { marks + 1 } else { 0 };
            if marks > NAME_MARKS {
                return Err(NameError::BadChar(c));
            }
        }
        if shown.width() > NAME_COLUMNS || shown.len() > NAME_BYTES {
            return Err(NameError::TooLong);
        }
        let folded = fold(&shown);
        let shown: Arc<str> = shown.into();
        let folded = if *folded == *shown { shown.clone() } else { folded.into() };
        Ok(Name { shown, folded })
    }
}

/// Whether a name may hold this character at all (after its first).
fn holds(c: char) -> bool {
    (c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '-' | '_' | '.')) && !is_invisible(c)
}

/// Letters and marks by their tables that no eye can see: fillers, joiners, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{034F}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The form in which names are compared: NFKC, case folded, NFKC again (Unicode 3.13, D146).
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    fold_any(text)
}

fn fold_any(text: &str) -> String {
    let pass = |text: &str| caseless::default_case_fold_str(&text.nfkc().collect::<String>());
    pass(&pass(text)).nfkc().collect()
}

/// What a name looks like: the UTS 39 skeleton of the name as it is shown (a capital has look-alikes of its own: `I` is an
/// `l`, Cyrillic `В` a `B`), folded, since names that differ in case are one, and reduced again. As `i` is an `I` by case
/// and `I` an `l` by its look, `i` and `l` are one here. Names with one skeleton cannot both be had.
pub fn skeleton(shown: &str) -> String {
    match shown.is_ascii() {
        true => shown.bytes().map(|byte| LOOKS[usize::from(byte)].as_str()).collect(),
        false => skeleton_any(shown),
    }
}

/// What each character of ASCII looks like: none of them looks otherwise beside another.
static LOOKS: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..=0x7f_u8).map(|byte| skeleton_any(char::from(byte).encode_utf8(&mut [0; 4]))).collect());

/// What is left of a name when everything is taken that an eye passes over: accents, case, signs, and digits for letters. Two
/// names with one such rest can both be had, and should be told apart with care.
pub fn blurred(shown: &str) -> String {
    let plain = super::search::fold(shown);
    let letter = |c: char| match c {
        '0' => 'o',
        '1' => 'l',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        c => c,
    };
    skeleton(&plain.chars().filter(|c| c.is_alphanumeric()).map(letter).collect::<String>())
}

fn skeleton_any(shown: &str) -> String {
    let look = |text: &str| unicode_security::skeleton(text).collect::<String>();
    look(&fold(&look(shown))).replace('l', "i")
}

macro_rules! name_type {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $type(Name);

        impl $type {
            /// Reads a name as a person typed it; says why when it is none.
            pub fn parse(text: &str) -> Result<$type, NameError> {
                Name::parse(text).map($type)
            }
            /// The name as its owner writes it.
            pub fn as_str(&self) -> &str {
                &self.0.shown
            }
            /// Columns it takes in a terminal.
            pub fn columns(&self) -> usize {
                self.0.shown.width()
            }
            /// The name as it is compared.
            pub fn folded(&self) -> &str {
                &self.0.folded
            }
            /// The same, to be kept without a copy.
            pub fn shared_fold(&self) -> Arc<str> {
                self.0.folded.clone()
            }
            /// What the name looks like; see [`skeleton`].
            pub fn skeleton(&self) -> String {
                skeleton(&self.0.shown)
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0.folded == other.0.folded
            }
        }
        impl Eq for $type {}
        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.folded.hash(state);
            }
        }
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $type {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.folded.cmp(&other.0.folded)
            }
        }
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<$type, NameError> {
                $type::parse(text)
            }
        }
    };
}

name_type! {
    /// What a person is called now. Shown without a mark; a guest's gets its `~` from the screen.
    Nick
}
name_type! {
    /// A room's name, without its `#`.
    RoomName
}

impl Nick {
    /// Whether a key may own this name: not one of the house's words, not a guest's, and nothing that looks like them.
    pub fn claimable(&self) -> bool {
        static GUEST: LazyLock<String> = LazyLock::new(|| skeleton(GUEST_PREFIX));
        static HOUSE: LazyLock<Vec<String>> = LazyLock::new(|| RESERVED.map(skeleton).to_vec());
        let look = self.skeleton();
        !look.starts_with(GUEST.as_str()) && !HOUSE.contains(&look)
    }

    /// The nearest name to what a stranger called itself: blanks become `-`, what a name may not hold is dropped, the
    /// rest is cut to fit. `None` when nothing is left.
    pub fn nearest(wish: &str) -> Option<Nick> {
        let mut kept = String::new();
        for c in wish.trim().chars().take(NAME_COLUMNS * 4) {
            let c = if c.is_whitespace() { '-' } else { c };
            let starts = c.is_alphanumeric() || c == '_';
            if holds(c) && (starts || !kept.is_empty()) {
                kept.push(c);
            }
        }
        while !kept.is_empty() {
            if let Ok(nick) = Nick::parse(&kept) {
                return Some(nick);
            }
            kept.pop();
        }
        None
    }

    /// This name with `-n` behind it, shortened where it would grow too wide.
    pub fn numbered(&self, n: u32) -> Nick {
        let tail = format!("-{n}");
        let mut stem = self.as_str().to_owned();
        loop {
            if let Ok(nick) = Nick::parse(&format!("{stem}{tail}")) {
                return nick;
            }
            stem.pop();
            assert!(!stem.is_empty(), "a letter and -n always make a name");
        }
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nick({})", self.as_str())
    }
}
impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.as_str())
    }
}
impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomName({})", self.as_str())
    }
}

/// Where a line goes, as a person writes it: `#lobby` or `@ann`. The wire writes it the same way.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A room.
    Room(RoomName),
    /// The other of two people, by its name of the moment.
    Direct(Nick),
}

impl Target {
    /// Reads `#room` or `@nick`.
    pub fn parse(text: &str) -> Result<Target, NameError> {
        match text.split_at_checked(1) {
            Some(("#", room)) => RoomName::parse(room).map(Target::Room),
            Some(("@", nick)) => Nick::parse(nick).map(Target::Direct),
            Some(_) => Err(NameError::BadStart),
            None => match text.chars().next() {
                None => Err(NameError::Empty),
                Some(_) => Err(NameError::BadStart),
            },
        }
    }
}

impl FromStr for Target {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Target, NameError> {
        Target::parse(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Room(room) => write!(f, "{room}"),
            Target::Direct(nick) => write!(f, "@{nick}"),
        }
    }
}
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_by_fold() {
        let same = [("Ann", "ann"), ("STRASSE", "straße"), ("ａｎｎ", "ann"), ("Å", "A\u{30A}")];
        for (a, b) in same {
            assert_eq!(Nick::parse(a).unwrap(), Nick::parse(b).unwrap(), "{a} {b}");
        }
        assert_ne!(Nick::parse("ann").unwrap(), Nick::parse("anne").unwrap());
    }

    /// Names that a reader takes for one another, by the confusables of UTS 39. Each pair is two names by their fold, so
    /// only the skeleton can tell that the second must not be had beside the first.
    #[test]
    fn look_alikes_share_a_skeleton() {
        const PAIRS: [(&str, &str); 50] = [
            // Cyrillic in Latin
            ("admin", "аdmin"),
            ("ann", "аnn"),
            ("ben", "bеn"),
            ("cy", "сy"),
            ("cy", "cу"),
            ("dee", "dеe"),
            ("dee", "ԁee"),
            ("evan", "еvan"),
            ("paypal", "pаypal"),
            ("root", "rооt"),
            ("oscar", "оscar"),
            ("sam", "ѕam"),
            ("jim", "јim"),
            ("ivo", "іvo"),
            ("xena", "хena"),
            ("hanna", "һanna"),
            ("quin", "ԛuin"),
            ("will", "ԝill"),
            ("pip", "рip"),
            ("ysabel", "уsabel"),
            ("scope", "ѕсоре"),
            // Greek in Latin
            ("oscar", "οscar"),
            ("vera", "νera"),
            ("ada", "αda"),
            ("iris", "ιris"),
            ("pip", "ρip"),
            ("gus", "ɡus"),
            // Armenian, Cherokee, and other scripts
            ("oscar", "օscar"),
            ("sam", "ꮪam"),
            ("uli", "սli"),
            ("nora", "ոora"),
            ("hans", "հans"),
            ("qi", "զi"),
            // digits and letters
            ("bill", "bi1l"),
            ("bill", "biIl"),
            ("lola", "1ola"),
            ("oslo", "0slo"),
            ("ilo", "llo"),
            // two letters as one
            ("ernie", "emie"),
            ("modem", "rnodem"),
            // what a font draws alike
            ("lina", "ӏina"),
            ("zoe", "ᴢoe"),
            ("vera", "ᴠera"),
            ("will", "ᴡill"),
            ("cy", "ᴄy"),
            ("oscar", "ᴏscar"),
            ("ibo", "ɪbo"),
            ("tıa", "tia"),
            ("gus", "ᶃus"),
            ("alma", "aIma"),
        ];
        for (a, b) in PAIRS {
            let (a, b) = (Nick::parse(a).unwrap(), Nick::parse(b).unwrap());
            assert_ne!(a, b, "one name already");
            assert_eq!(a.skeleton(), b.skeleton(), "{a} {b}");
        }
        for (a, b) in [("ann", "anne"), ("ben", "bee"), ("müller", "muller"), ("東京", "京東")] {
            assert_ne!(Nick::parse(a).unwrap().skeleton(), Nick::parse(b).unwrap().skeleton(), "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_name() {
        let long = "x".repeat(33);
        for bad in [
            "",
            " ",
            "a b",
            "-a",
            "#a",
            "a:b",
            "a\u{7}",
            "a\u{200B}b",
            "\u{3164}",
            "a\u{202E}b",
            &long,
            &"x".repeat(10_000),
        ] {
            assert!(Nick::parse(bad).is_err(), "{bad:?}");
            assert!(RoomName::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "ann_2", "東京", "jörg", "x.y-z", &"漢".repeat(16)] {
            assert!(Nick::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn nearest_name_of_a_wish() {
        let near = |wish: &str| Nick::nearest(wish).map(|n| n.as_str().to_owned());
        assert_eq!(near("ann lee").as_deref(), Some("ann-lee"));
        assert_eq!(near("<b>ann</b>").as_deref(), Some("bannb"));
        assert_eq!(near("-- !"), None);
        assert_eq!(near(&"x".repeat(99)).map(|n| n.len()), Some(32));
    }

    #[test]
    fn numbers_fit() {
        let wide = Nick::parse(&"x".repeat(32)).unwrap();
        assert_eq!(wide.numbered(12).as_str().len(), 32);
        assert!(Nick::parse("Ann").unwrap().claimable());
        assert!(!Nick::parse("Host").unwrap().claimable());
        for taken in ["guest-abcd", "GUEST-abcd", "guеst-abcd", "hоst", "ｓｅｒｖｅｒ", "wѕchat"] {
            assert!(!Nick::parse(taken).unwrap().claimable(), "{taken}");
        }
    }

    #[test]
    fn targets_read_as_written() {
        for text in ["#lobby", "@ann"] {
            assert_eq!(Target::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "lobby", "#", "@", "é", "#a b"] {
            assert!(Target::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5000))]
        #[test]
        fn ascii_is_read_as_the_tables_would(text in "[a-cA-C019_.@ -]{1,40}", any in "[\\x00-\\x7f]{1,140}") {
            for text in [text, any] {
                let both = |name: Name| (name.shown.to_string(), name.folded.to_string());
                proptest::prop_assert_eq!(Name::parse_ascii(&text).map(both), Name::parse_any(&text).map(both));
                proptest::prop_assert_eq!(fold(&text), fold_any(&text));
                proptest::prop_assert_eq!(skeleton(&text), skeleton_any(&text));
            }
        }
    }
}
