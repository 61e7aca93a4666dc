//! Memos: small things that a client puts down at the host for the other screens of its person, such as drafts and what is
//! muted. The host keeps them and gives them back, and reads nothing into them; what they mean is the client's business.

use super::text::Text;

/// The longest name of a memo in bytes: a word and the longest target.
pub const NAME_BYTES: usize = 160;

/// What the memos of one person may have together, names and texts, in bytes. The host has them in memory; four of the
/// longest drafts fit.
pub const PERSON_BYTES: usize = 32 * 1024;

/// Memos of one person: a mute and a level for each of more conversations than anybody is in.
pub const PERSON_MEMOS: usize = 400;

/// What a memo is called: one line without blanks at its ends, `draft:#dev`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoName(String);

impl MemoName {
    /// Reads one.
    pub fn parse(text: &str) -> Option<MemoName> {
        let clean = Text::clean(text).one_line().into_owned();
        let fits = (1..=NAME_BYTES).contains(&text.len()) && clean == text && text.trim() == text;
        fits.then_some(MemoName(clean))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memo {
    /// What it is called.
    pub name: MemoName,
    /// What it says; blank when there is none any more.
    pub text: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_and_bounded() {
        for good in ["draft:#dev", "mute:@ben", "x", "draft:#münchen 東"] {
            assert_eq!(MemoName::parse(good).expect(good).as_str(), good);
        }
        for bad in ["", " x", "x\n", "a\u{1b}b", &"x".repeat(NAME_BYTES + 1)] {
            assert!(MemoName::parse(bad).is_none(), "{bad:?}");
        }
    }
}
