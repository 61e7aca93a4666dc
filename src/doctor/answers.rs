//! What a terminal is asked, and what its answers say: pure, from bytes to facts. Who writes and waits is `asking`.

use std::collections::HashMap;

/// All questions in one breath, on the other screen so that a terminal which prints what it does not know leaves nothing
/// behind. The last is DA1, which every terminal since the VT100 answers, and answers in order: when it is answered,
/// nothing else will be. What would ask the person for leave (reading the clipboard) is not asked.
///
/// In order: colour of the background (OSC 11), keys by the kitty protocol, modes (DECRQM) for pastes 2004, focus 1004,
/// mouse 1006 and synchronised output 2026, name (XTVERSION), notifications (OSC 99), all colours and the clipboard
/// (XTGETTCAP `RGB`, `Ms`).
pub const QUESTIONS: &str = concat!(
    "\x1b[?1049h",
    "\x1b]11;?\x1b\\",
    "\x1b[?u",
    "\x1b[?2004$p\x1b[?1004$p\x1b[?1006$p\x1b[?2026$p",
    "\x1b[>q",
    "\x1b]99;i=wschat:p=?;\x1b\\",
    "\x1bP+q524742\x1b\\\x1bP+q4d73\x1b\\",
    "\x1b[c",
);

/// Puts the screen back.
pub const AFTERWARDS: &str = "\x1b[?1049l";

/// Bytes of answers that are read at most: ten times what the longest of them have together.
pub const BYTES: usize = 8 * 1024;

/// What was answered. What is `None` or not there was not.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Answers {
    /// What it says it can do (DA1); there when everything was answered that will be.
    pub class: Option<Vec<u16>>,
    /// The background, red, green and blue.
    pub background: Option<(u8, u8, u8)>,
    /// It knows the kitty protocol for keys.
    pub kitty: bool,
    /// Modes: 1 set, 2 reset, 3 and 4 the same for good, 0 not known (DECRPM).
    pub modes: HashMap<u16, u8>,
    /// Its name and version.
    pub version: Option<String>,
    /// It knows notifications by OSC 99.
    pub notifies: bool,
    /// It shows all colours.
    pub rgb: bool,
    /// It has a capability for the clipboard.
    pub clipboard: bool,
}

impl Answers {
    /// Whether a mode is known there; `None` when it did not say.
    pub fn knows(&self, mode: u16) -> Option<bool> {
        self.modes.get(&mode).map(|state| !matches!(state, 0 | 4))
    }

    /// Whether the background is a dark one.
    pub fn dark(&self) -> Option<bool> {
        let (r, g, b) = self.background?;
        // Rec. 709, without its gamma: good enough for the two sides of the middle.
        let light = 2126 * u32::from(r) + 7152 * u32::from(g) + 722 * u32::from(b);
        Some(light < 127 * 10_000)
    }

    /// Reads what came; whatever it does not know, it passes over.
    pub fn read(bytes: &[u8]) -> Answers {
        let mut answers = Answers::default();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == 0x1b) {
            rest = &rest[at + 1..];
            match rest.first() {
                Some(b'[') => {
                    let end = rest.iter().skip(1).position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 1);
                    let Some(end) = end else { return answers };
                    answers.sequence(&rest[1..end], rest[end]);
                    rest = &rest[end + 1..];
                }
                Some(kind @ (b']' | b'P')) => {
                    // They end by ST, or by BEL where the terminal is an older one.
                    let end = rest.iter().position(|byte| matches!(byte, 0x07 | 0x1b));
                    let Some(end) = end else { return answers };
                    let text = String::from_utf8_lossy(&rest[1..end]).into_owned();
                    match kind {
                        b']' => answers.command(&text),
                        _ => answers.control(&text),
                    }
                    rest = &rest[end..];
                }
                _ => {}
            }
        }
        answers
    }

    /// CSI.
    fn sequence(&mut self, parameters: &[u8], last: u8) {
        let text = String::from_utf8_lossy(parameters);
        let Some(text) = text.strip_prefix('?') else { return };
        match last {
            b'c' => self.class = Some(text.split(';').filter_map(|number| number.parse().ok()).collect()),
            b'u' => self.kitty = true,
            b'y' => {
                let numbers = text.trim_end_matches('$').split_once(';');
                if let Some((Ok(mode), Ok(state))) = numbers.map(|(mode, state)| (mode.parse(), state.parse())) {
                    self.modes.insert(mode, state);
                }
            }
            _ => {}
        }
    }

    /// OSC.
    fn command(&mut self, text: &str) {
        if let Some(colour) = text.strip_prefix("11;") {
            self.background = colour_of(colour);
        } else if text.starts_with("99;") {
            self.notifies = true;
        }
    }

    /// DCS.
    fn control(&mut self, text: &str) {
        if let Some(version) = text.strip_prefix(">|") {
            self.version = Some(version.chars().take(64).collect());
        } else if let Some(found) = text.strip_prefix("1+r") {
            let name = found.split('=').next().unwrap_or_default().to_ascii_lowercase();
            self.rgb |= name.split(';').any(|name| name == "524742");
            self.clipboard |= name.split(';').any(|name| name == "4d73");
        }
    }
}

/// `rgb:ffff/8080/00`, with one to four digits each, or with `rgba:`.
fn colour_of(text: &str) -> Option<(u8, u8, u8)> {
    let digits = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
    let mut parts = digits.split('/').map(|part| {
        let value = u32::from_str_radix(part, 16).ok()?;
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1)?;
        u8::try_from(value.checked_mul(255)? / most.max(1)).ok()
    });
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_says_is_understood() {
        let kitty = b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?0u\x1b[?2004;2$y\x1b[?1004;2$y\x1b[?2026;2$y\
            \x1bP>|kitty(0.35.2)\x1b\\\x1b]99;i=wschat:p=?;a=focus\x1b\\\x1bP1+r524742=8\x1b\\\x1bP1+r4d73=1b\x1b\\\x1b[?62;52;c";
        let answers = Answers::read(kitty);
        assert_eq!(answers.class, Some(vec![62, 52]));
        assert_eq!((answers.background, answers.dark()), (Some((30, 30, 46)), Some(true)));
        assert_eq!((answers.kitty, answers.notifies, answers.rgb, answers.clipboard), (true, true, true, true));
        assert_eq!(answers.version.as_deref(), Some("kitty(0.35.2)"));
        assert_eq!((answers.knows(2004), answers.knows(2026), answers.knows(1006)), (Some(true), Some(true), None));

        let old = Answers::read(b"\x1b]11;rgb:ff/ff/f0\x07\x1b[?2026;0$y\x1bP0+r\x1b\\\x1b[?1;2c");
        assert_eq!(
            (old.dark(), old.knows(2026), old.rgb, old.class),
            (Some(false), Some(false), false, Some(vec![1, 2]))
        );
    }

    #[test]
    fn anything_is_survived() {
        for bytes in [
            &b""[..],
            b"\x1b",
            b"\x1b[",
            b"\x1b[?",
            b"\x1b]11;",
            b"\x1bP1+r",
            b"hello",
            b"\x1b\x1b\x1b[c",
            b"\xff\x1b]\xff\x07",
        ] {
            Answers::read(bytes);
        }
        for colour in ["rgb:", "rgb:/", "rgb:fffffffff/0/0", "rgb:g/0/0", "rgb:1/2", "#fff", "rgb://"] {
            assert_eq!(colour_of(colour), None, "{colour}");
        }
        assert_eq!(colour_of("rgba:f/8/0/f"), Some((255, 136, 0)));
    }
}
