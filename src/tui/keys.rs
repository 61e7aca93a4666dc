//! Keys: our own type for one, with the spelling that settings, help and tests share, and the translation from what the
//! terminal library reports. What keys do is in [`action`] (the table) and [`keymap`] (which key does which).

pub mod action;
pub mod keymap;
mod stroke;

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent, MouseEventKind};

pub use action::{Action, Context, Group};
pub use keymap::Keymap;
pub use stroke::Stroke;

/// One key, pressed with or without modifiers. Always in normal form: what terminals cannot tell apart is one key here,
/// so `Ctrl+7`, `Ctrl+/` and `Ctrl+_` are equal, and so are `Alt+?` and `Alt+Shift+/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: Code,
    ctrl: bool,
    alt: bool,
    shift: bool,
}

/// Which key, without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// What it types; a letter is lower case when a modifier goes with it.
    Char(char),
    /// F1 and on.
    F(u8),
    /// One of those with a name.
    Named(Named),
}

/// Keys with a name. The wheel of a mouse counts as two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Named {
    Enter,
    Tab,
    Esc,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    WheelUp,
    WheelDown,
}

/// How they are spelled; of several the first is written, all are read. The sign is for narrow places.
const NAMES: &[(Named, &[&str], &str)] = &[
    (Named::Enter, &["Enter", "Return"], "↵"),
    (Named::Tab, &["Tab"], "⇥"),
    (Named::Esc, &["Esc", "Escape"], "Esc"),
    (Named::Backspace, &["Backspace"], "⌫"),
    (Named::Delete, &["Delete", "Del"], "Del"),
    (Named::Insert, &["Insert", "Ins"], "Ins"),
    (Named::Up, &["Up"], "↑"),
    (Named::Down, &["Down"], "↓"),
    (Named::Left, &["Left"], "←"),
    (Named::Right, &["Right"], "→"),
    (Named::Home, &["Home"], "Home"),
    (Named::End, &["End"], "End"),
    (Named::PageUp, &["PgUp", "PageUp"], "PgUp"),
    (Named::PageDown, &["PgDn", "PageDown", "PgDown"], "PgDn"),
    (Named::WheelUp, &["WheelUp"], "Wheel"),
    (Named::WheelDown, &["WheelDown"], "Wheel"),
];

/// What Shift makes of the signs of an American keyboard. Terminals that report the sign without its Shift say it this
/// way; on other keyboards the sign itself arrives, which needs no table.
const SHIFTED: &str = "1!2@3#4$5%6^7&8*9(0)-_=+[{]}\\|;:'\",<.>/?`~";

impl Key {
    /// A key in normal form.
    pub fn new(code: Code, ctrl: bool, alt: bool, shift: bool) -> Key {
        match code {
            Code::Char(c) => Key::of_char(c, ctrl, alt, shift),
            code => Key { code, ctrl, alt, shift },
        }
    }

    /// A key without modifiers that has a name.
    pub fn named(named: Named) -> Key {
        Key { code: Code::Named(named), ctrl: false, alt: false, shift: false }
    }

    fn of_char(c: char, ctrl: bool, alt: bool, shift: bool) -> Key {
        let (lower, upper) = (one(c.to_lowercase(), c), one(c.to_uppercase(), c));
        let letter = lower != upper;
        if !ctrl && !alt {
            let c = match (shift, letter) {
                (true, true) => upper,
                (true, false) => shifted(c),
                (false, _) => c,
            };
            return Key { code: Code::Char(c), ctrl, alt, shift: false };
        }
        if letter && shift {
            return Key { code: Code::Char(lower), ctrl, alt, shift };
        }
        let c = if shift { shifted(c) } else { lower };
        let (code, ctrl) = if ctrl { as_sent(c) } else { (Code::Char(c), false) };
        Key { code, ctrl, alt, shift: false }
    }

    /// What the terminal library reports; nothing for a key let go, and for keys and modifiers that are not ours.
    pub fn of_event(event: &KeyEvent) -> Option<Key> {
        if event.kind == KeyEventKind::Release || event.modifiers.intersects(KeyModifiers::SUPER | KeyModifiers::HYPER)
        {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::META);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let named = |named| Some(Key::new(Code::Named(named), ctrl, alt, shift));
        match event.code {
            KeyCode::Char(c) => Some(Key::of_char(c, ctrl, alt, shift)),
            KeyCode::F(n) => Some(Key::new(Code::F(n), ctrl, alt, shift)),
            KeyCode::BackTab => Some(Key::new(Code::Named(Named::Tab), ctrl, alt, true)),
            KeyCode::Enter => named(Named::Enter),
            KeyCode::Tab => named(Named::Tab),
            KeyCode::Esc => named(Named::Esc),
            KeyCode::Backspace => named(Named::Backspace),
            KeyCode::Delete => named(Named::Delete),
            KeyCode::Insert => named(Named::Insert),
            KeyCode::Up => named(Named::Up),
            KeyCode::Down => named(Named::Down),
            KeyCode::Left => named(Named::Left),
            KeyCode::Right => named(Named::Right),
            KeyCode::Home => named(Named::Home),
            KeyCode::End => named(Named::End),
            KeyCode::PageUp => named(Named::PageUp),
            KeyCode::PageDown => named(Named::PageDown),
            _ => None,
        }
    }

    /// The wheel of a mouse as a key; its other doings are none.
    pub fn of_mouse(event: &MouseEvent) -> Option<Key> {
        match event.kind {
            MouseEventKind::ScrollUp => Some(Key::named(Named::WheelUp)),
            MouseEventKind::ScrollDown => Some(Key::named(Named::WheelDown)),
            _ => None,
        }
    }

    /// What it types into a text; nothing when a modifier goes with it.
    pub fn typed(&self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt && !c.is_control() => Some(c),
            _ => None,
        }
    }

    /// Whether Alt goes with it. Such a key is never the only way in, as not every terminal sends it.
    pub fn has_alt(&self) -> bool {
        self.alt
    }

    /// The same key with Alt: what Esc and then this key means on terminals that take them apart.
    pub fn with_alt(&self) -> Key {
        Key::new(self.code, self.ctrl, true, self.shift)
    }

    /// Which key.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Spelled for narrow places: `^J`, `⇧⇥`, `↵`; with `ascii` only names, `S-Tab`, `Enter`.
    pub fn short(&self, ascii: bool) -> String {
        let mut out = String::new();
        let caret = self.ctrl && matches!(self.code, Code::Char(c) if c != ' ');
        out.push_str(if caret { "^" } else { "" });
        out.push_str(if self.ctrl && !caret { "C-" } else { "" });
        out.push_str(if self.alt { "Alt+" } else { "" });
        out.push_str(match (self.shift, ascii) {
            (false, _) => "",
            (true, false) => "⇧",
            (true, true) => "S-",
        });
        match self.code {
            Code::Named(named) if !ascii => out.push_str(entry(named).2),
            code => out.push_str(&spelled(code, self.ctrl || self.alt)),
        }
        out
    }
}

/// The terminal's own code for Control with a character: several are one, and four are keys of their own.
fn as_sent(c: char) -> (Code, bool) {
    match c {
        'i' => (Code::Named(Named::Tab), false),
        'm' => (Code::Named(Named::Enter), false),
        'h' | '8' | '?' => (Code::Named(Named::Backspace), false),
        '[' | '3' => (Code::Named(Named::Esc), false),
        '2' | '@' | '`' => (Code::Char(' '), true),
        '4' => (Code::Char('\\'), true),
        '5' => (Code::Char(']'), true),
        '6' => (Code::Char('^'), true),
        '7' | '/' => (Code::Char('_'), true),
        c => (Code::Char(c), true),
    }
}

/// The one character of a case mapping; of mappings to several, the character as it was.
fn one(mut mapped: impl Iterator<Item = char>, c: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn shifted(c: char) -> char {
    let mut signs = SHIFTED.chars();
    while let (Some(plain), Some(shifted)) = (signs.next(), signs.next()) {
        if plain == c {
            return shifted;
        }
    }
    c
}

fn entry(named: Named) -> &'static (Named, &'static [&'static str], &'static str) {
    NAMES.iter().find(|(n, ..)| *n == named).expect("the table has every named key; a test walks it")
}

fn spelled(code: Code, modified: bool) -> String {
    match code {
        Code::Char(' ') => "Space".to_owned(),
        Code::Char(c) if modified => c.to_uppercase().to_string(),
        Code::Char(c) => c.to_string(),
        Code::F(n) => format!("F{n}"),
        Code::Named(named) => entry(named).1[0].to_owned(),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")] {
            f.write_str(if held { name } else { "" })?;
        }
        f.write_str(&spelled(self.code, self.ctrl || self.alt))
    }
}

/// Why a text is no key one can bind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not spelled as a key is.
    #[error("{0:?} is no key; keys are written Ctrl+N, Alt+Shift+Down, F7, PgUp, Alt+?")]
    Unknown(String),
    /// Not a modifier.
    #[error("{0:?} is no modifier; there are Ctrl, Alt and Shift")]
    Modifier(String),
    /// A terminal sends another key's code for it.
    #[error("{0} is {1} to a terminal; write {1} if you mean that")]
    Same(String, &'static str),
    /// A terminal waits for more after it.
    #[error("{0} begins the codes of other keys, so that it never arrives by itself")]
    Prefix(String),
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Key, KeyError> {
        let unknown = || KeyError::Unknown(text.to_owned());
        // The last `+` parts modifiers and key, but for the key `+` itself.
        let at = text.strip_suffix('+').unwrap_or(text).rfind('+').map_or(0, |at| at + 1);
        let (modifiers, key) = text.split_at(at);
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        for modifier in modifiers.split_terminator('+') {
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => ctrl = true,
                "alt" | "meta" => alt = true,
                "shift" => shift = true,
                _ => return Err(KeyError::Modifier(modifier.to_owned())),
            }
        }
        let code = code(key).ok_or_else(unknown)?;
        if let Code::Char(c) = code {
            let c = if ctrl || alt { c.to_ascii_lowercase() } else { c };
            refuse_undeliverable(text, c, ctrl, alt, shift)?;
            return Ok(Key::of_char(c, ctrl, alt, shift));
        }
        Ok(Key::new(code, ctrl, alt, shift))
    }
}

fn refuse_undeliverable(text: &str, c: char, ctrl: bool, alt: bool, shift: bool) -> Result<(), KeyError> {
    let same = |key| Err(KeyError::Same(text.to_owned(), key));
    match c {
        'i' if ctrl && !shift => same("Tab"),
        'm' if ctrl && !shift => same("Enter"),
        '[' if ctrl => same("Esc"),
        'h' if ctrl && !shift => same("Backspace"),
        '[' if alt => Err(KeyError::Prefix(text.to_owned())),
        'o' if alt && shift => Err(KeyError::Prefix(text.to_owned())),
        _ => Ok(()),
    }
}

fn code(text: &str) -> Option<Code> {
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control()).then_some(Code::Char(c));
    }
    if text.eq_ignore_ascii_case("Space") {
        return Some(Code::Char(' '));
    }
    if let Some(n) = text.strip_prefix(['F', 'f']).and_then(|n| n.parse::<u8>().ok()) {
        return (1..=24).contains(&n).then_some(Code::F(n));
    }
    let named = NAMES.iter().find(|(_, names, _)| names.iter().any(|n| n.eq_ignore_ascii_case(text)));
    named.map(|(named, ..)| Code::Named(*named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn event(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
        Key::of_event(&KeyEvent::new(code, modifiers))
    }

    #[test]
    fn written_as_read() {
        for text in [
            "Ctrl+N",
            "Alt+Shift+Down",
            "F7",
            "PgUp",
            "Alt+?",
            "Ctrl+Space",
            "Esc",
            "Shift+Tab",
            "Alt+Shift+B",
            "Ctrl++",
            "+",
            "Alt+1",
            "q",
            "Q",
            "?",
            "Ctrl+Alt+Delete",
            "WheelUp",
            "Ctrl+_",
            "Alt+Enter",
            "F12",
            "Alt+Ä",
        ] {
            assert_eq!(key(text).to_string(), text);
        }
    }

    #[test]
    fn many_spellings_one_key() {
        for (a, b) in [
            ("ctrl+n", "Ctrl+N"),
            ("Ctrl+7", "Ctrl+_"),
            ("Ctrl+/", "Ctrl+_"),
            ("Ctrl+Shift+-", "Ctrl+_"),
            ("Ctrl+6", "Ctrl+^"),
            ("Ctrl+2", "Ctrl+Space"),
            ("Alt+Shift+/", "Alt+?"),
            ("Shift+/", "?"),
            ("Shift+q", "Q"),
            ("Shift+Alt+down", "Alt+Shift+Down"),
            ("PageDown", "PgDn"),
            ("Control+Return", "Ctrl+Enter"),
            ("Shift+Ctrl+B", "Ctrl+Shift+B"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        assert_ne!(key("Alt+B"), key("Alt+Shift+B"));
        assert_ne!(key("Ctrl+J"), key("Enter"));
    }

    #[test]
    fn what_is_no_key() {
        for (text, why) in [
            ("", "is no key"),
            ("Ctrl+", "is no key"),
            ("Ctrl", "is no key"),
            ("Strg+N", "is no modifier"),
            ("Super+N", "is no modifier"),
            ("F0", "is no key"),
            ("F99", "is no key"),
            ("Ctrl+NN", "is no key"),
            ("\u{1b}", "is no key"),
            ("Ctrl+I", "is Tab"),
            ("Ctrl+M", "is Enter"),
            ("Ctrl+[", "is Esc"),
            ("Ctrl+H", "is Backspace"),
            ("Alt+[", "begins the codes"),
            ("Alt+Shift+O", "begins the codes"),
        ] {
            let error = text.parse::<Key>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_the_terminal_library_reports() {
        const NONE: KeyModifiers = KeyModifiers::NONE;
        const CTRL: KeyModifiers = KeyModifiers::CONTROL;
        const ALT: KeyModifiers = KeyModifiers::ALT;
        const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
        for (code, modifiers, text) in [
            (KeyCode::Char('n'), CTRL, "Ctrl+N"),
            (KeyCode::Char('j'), CTRL, "Ctrl+J"),
            (KeyCode::Char('7'), CTRL, "Ctrl+_"),
            (KeyCode::Char(' '), CTRL, "Ctrl+Space"),
            (KeyCode::Char('6'), CTRL, "Ctrl+^"),
            (KeyCode::Char('h'), CTRL, "Backspace"),
            (KeyCode::Char('B'), ALT | SHIFT, "Alt+Shift+B"),
            (KeyCode::Char('b'), ALT | SHIFT, "Alt+Shift+B"),
            (KeyCode::Char('?'), ALT, "Alt+?"),
            (KeyCode::Char('?'), ALT | SHIFT, "Alt+?"),
            (KeyCode::Char('/'), ALT | SHIFT, "Alt+?"),
            (KeyCode::Char('_'), ALT, "Alt+_"),
            (KeyCode::Char('A'), SHIFT, "A"),
            (KeyCode::Char('ß'), NONE, "ß"),
            (KeyCode::BackTab, SHIFT, "Shift+Tab"),
            (KeyCode::BackTab, NONE, "Shift+Tab"),
            (KeyCode::Down, ALT | SHIFT, "Alt+Shift+Down"),
            (KeyCode::Enter, ALT, "Alt+Enter"),
            (KeyCode::Char('b'), KeyModifiers::META, "Alt+B"),
        ] {
            assert_eq!(event(code, modifiers).map(|k| k.to_string()).as_deref(), Some(text), "{code:?} {modifiers:?}");
        }
        assert_eq!(event(KeyCode::Char('n'), KeyModifiers::SUPER), None);
        assert_eq!(event(KeyCode::CapsLock, NONE), None);
        let mut let_go = KeyEvent::new(KeyCode::Enter, NONE);
        let_go.kind = KeyEventKind::Release;
        assert_eq!(Key::of_event(&let_go), None);
        let_go.kind = KeyEventKind::Repeat;
        assert_eq!(Key::of_event(&let_go), Some(key("Enter")));
    }

    #[test]
    fn what_is_typed() {
        assert_eq!(event(KeyCode::Char('?'), KeyModifiers::SHIFT).and_then(|k| k.typed()), Some('?'));
        assert_eq!(event(KeyCode::Char('A'), KeyModifiers::SHIFT).and_then(|k| k.typed()), Some('A'));
        assert_eq!(key("Ctrl+N").typed(), None);
        assert_eq!(key("Enter").typed(), None);
        assert_eq!(key("a").with_alt(), key("Alt+A"));
    }

    #[test]
    fn short_forms() {
        for (text, short, ascii) in [
            ("Ctrl+J", "^J", "^J"),
            ("Shift+Tab", "⇧⇥", "S-Tab"),
            ("Enter", "↵", "Enter"),
            ("Alt+A", "Alt+A", "Alt+A"),
            ("Ctrl+Home", "C-Home", "C-Home"),
            ("F1", "F1", "F1"),
        ] {
            assert_eq!((key(text).short(false).as_str(), key(text).short(true).as_str()), (short, ascii));
        }
        for (named, names, _) in NAMES {
            assert_eq!(entry(*named).1, *names);
        }
    }
}
