//! What on the screen leads somewhere: a frame has no room for it in its cells, so it goes beside them to the terminal,
//! which writes it as OSC 8.

use std::ops::Range;
use std::sync::Arc;

/// Stretches of the screen that lead somewhere.
#[derive(Clone, Debug, Default)]
pub struct Links {
    found: Vec<(u16, Range<u16>, Arc<str>)>,
}

impl Links {
    /// One more, on this row in these columns.
    pub fn add(&mut self, row: u16, columns: Range<u16>, link: Arc<str>) {
        self.found.push((row, columns, link));
    }

    /// Where this cell leads.
    pub fn at(&self, x: u16, y: u16) -> Option<&Arc<str>> {
        self.found.iter().find(|(row, columns, _)| *row == y && columns.contains(&x)).map(|(.., link)| link)
    }

    /// Whether nothing leads anywhere.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}
