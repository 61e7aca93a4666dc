//! What a person presses for one action: a key, or one key behind another that does nothing alone.

use std::fmt;

use super::Key;

/// A key, or two one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stroke {
    /// The one that begins it.
    pub lead: Option<Key>,
    /// The one that does it.
    pub key: Key,
}

impl Stroke {
    /// Whether both cannot be told apart as they are pressed: the same, or one begins the other.
    pub fn meets(&self, other: Stroke) -> bool {
        match (self.lead, other.lead) {
            (None, None) => self.key == other.key,
            (Some(lead), None) => lead == other.key,
            (None, Some(lead)) => lead == self.key,
            (Some(_), Some(_)) => *self == other,
        }
    }

    /// Whether Alt is held for it, which not every terminal sends.
    pub fn has_alt(&self) -> bool {
        self.key.has_alt() || self.lead.is_some_and(|lead| lead.has_alt())
    }

    /// Spelled for narrow places.
    pub fn short(&self, ascii: bool) -> String {
        let lead = self.lead.map(|lead| format!("{} ", lead.short(ascii))).unwrap_or_default();
        lead + &self.key.short(ascii)
    }
}

impl From<Key> for Stroke {
    fn from(key: Key) -> Stroke {
        Stroke { lead: None, key }
    }
}

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(lead) = self.lead {
            write!(f, "{lead} ")?;
        }
        self.key.fmt(f)
    }
}
