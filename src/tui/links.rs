//! Which cells of a picture lead where. A cell of the screen library has no place for an address; of the bits of its
//! modifier seven are free, and they hold the number of one. So what covers a cell covers its link, and a link that changes
//! is a change of the cell. What is written to a terminal for it is the pen's business.

use std::fmt::Write;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::markup::URL_BYTES;

/// Addresses on one screen that can be followed: as many numbers as the free bits hold. More are seldom even visible.
const SLOTS: usize = 127;

/// The place of those bits: above all that the library knows.
const SHIFT: u32 = 9;

/// The addresses of the picture that is drawn and of the one before. An address keeps its number from one to the next, and
/// no number has two addresses in both, so that equal cells lead to equal places.
#[derive(Debug, Default)]
pub struct Links {
    on: bool,
    picture: u64,
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    url: Arc<str>,
    /// As a terminal takes it.
    written: String,
    /// The last picture it was in.
    seen: u64,
}

impl Links {
    /// No links yet, and never any when they are not wanted.
    pub fn new(on: bool) -> Links {
        Links { on, picture: 0, slots: Vec::new() }
    }

    /// A new picture begins.
    pub fn begin(&mut self) {
        self.picture += 1;
    }

    /// Has these cells lead there. Nothing happens when the address is none that a terminal should be told.
    pub fn mark(&mut self, buffer: &mut Buffer, area: Rect, url: &Arc<str>) {
        let area = area.intersection(buffer.area);
        if !self.on || area.is_empty() {
            return;
        }
        let Some(slot) = self.slot(url) else { return };
        let bits = Modifier::from_bits_retain((slot as u16 + 1) << SHIFT);
        for position in area.positions() {
            let modifier = &mut buffer[position].modifier;
            *modifier = modifier.intersection(Modifier::all()).union(bits);
        }
    }

    fn slot(&mut self, url: &Arc<str>) -> Option<usize> {
        let known = self.slots.iter().position(|slot| slot.url == *url);
        if let Some(at) = known {
            self.slots[at].seen = self.picture;
            return Some(at);
        }
        let slot = Slot { url: Arc::clone(url), written: written(url)?, seen: self.picture };
        if let Some(at) = self.slots.iter().position(|slot| slot.seen + 1 < self.picture) {
            self.slots[at] = slot;
            return Some(at);
        }
        (self.slots.len() < SLOTS).then(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        })
    }

    /// Where a cell with this modifier leads: the number and the address.
    pub fn of(&self, modifier: Modifier) -> Option<(u16, &str)> {
        let number = modifier.bits() >> SHIFT;
        let slot = self.slots.get(usize::from(number.checked_sub(1)?))?;
        Some((number, &slot.written))
    }
}

/// An address as it may stand in a terminal's sequence: http or https alone, short, every byte printable ASCII.
fn written(url: &str) -> Option<String> {
    let scheme = url.split_once("://")?.0;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !known || url.len() > URL_BYTES || url.chars().any(char::is_control) {
        return None;
    }
    let mut written = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b'!'..=b'~' => written.push(char::from(byte)),
            _ => write!(written, "%{byte:02X}").ok()?,
        }
    }
    (written.len() <= URL_BYTES).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_terminal_may_be_told() {
        assert_eq!(written("https://a.b/c?d=(e)").as_deref(), Some("https://a.b/c?d=(e)"));
        assert_eq!(written("HTTP://a.b/é").as_deref(), Some("HTTP://a.b/%C3%A9"));
        for bad in ["javascript:alert(1)", "file:///etc/passwd", "https://a\u{1b}]8;;", "ftp://a", "https://a\u{9c}"] {
            assert_eq!(written(bad), None, "{bad}");
        }
        assert_eq!(written(&format!("https://{}", "a".repeat(URL_BYTES))), None);
        assert_eq!(written(&format!("https://{}", "é".repeat(URL_BYTES / 4))), None);
    }

    #[test]
    fn a_number_stays_with_its_address() {
        let mut links = Links::new(true);
        let area = Rect::new(0, 0, 1, 1);
        let mark = |links: &mut Links, url: &str| {
            let mut buffer = Buffer::empty(area);
            buffer[(0, 0)].modifier = Modifier::BOLD;
            links.mark(&mut buffer, area, &url.into());
            assert!(buffer[(0, 0)].modifier.contains(Modifier::BOLD));
            links.of(buffer[(0, 0)].modifier).map(|(number, url)| (number, url.to_owned()))
        };
        links.begin();
        assert_eq!(mark(&mut links, "http://a"), Some((1, "http://a".to_owned())));
        assert_eq!(mark(&mut links, "http://b"), Some((2, "http://b".to_owned())));
        links.begin();
        assert_eq!(mark(&mut links, "http://b").map(|found| found.0), Some(2));
        assert_eq!(mark(&mut links, "http://c").map(|found| found.0), Some(3), "the first is still on the screen");
        links.begin();
        assert_eq!(mark(&mut links, "http://d").map(|found| found.0), Some(1), "now it is free");
        for n in 0..SLOTS * 2 {
            let found = mark(&mut links, &format!("http://{n}"));
            assert!(found.is_none_or(|(_, url)| url == format!("http://{n}")));
        }
        assert_eq!(links.slots.len(), SLOTS);
        assert_eq!(mark(&mut Links::new(false), "http://a"), None);
    }
}
