//! Reads what was written to a terminal and names whatever the program does not write by itself: a control character in
//! words, a sequence nobody asked for, a string that has no end.

/// What stands in the way of calling this harmless; empty when nothing does.
pub fn odd(written: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(written);
    let mut odd = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => {
                    let mut code = String::new();
                    let last = loop {
                        match chars.next() {
                            Some(c @ ('0'..='9' | ';' | '?' | ' ' | '>' | '<' | '=' | ':' | '$')) => code.push(c),
                            other => break other,
                        }
                    };
                    if !is_own(&code, last) {
                        odd.push(format!("CSI {code}{last:?}"));
                    }
                }
                Some(']') => {
                    let mut string = String::new();
                    let ended = loop {
                        match chars.next() {
                            Some('\u{7}') => break true,
                            Some('\u{1b}') => break chars.next() == Some('\\'),
                            Some(c) if !is_control(c) => string.push(c),
                            _ => break false,
                        }
                    };
                    if !ended || !is_own_string(&string) {
                        odd.push(format!("OSC {string:?}, ended: {ended}"));
                    }
                }
                other => odd.push(format!("ESC {other:?}")),
            },
            // Rings; what a peer wrote of it would be more than one.
            '\u{7}' if chars.peek() != Some(&'\u{7}') => {}
            // Of the shell's line discipline, when the screen is given back.
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {}
            c if is_control(c) => odd.push(format!("{c:?}")),
            _ => {}
        }
    }
    odd
}

fn is_control(c: char) -> bool {
    c.is_control()
}

/// Moves, colours, clears, modes that a screen has: what the program writes. Nothing that asks the terminal to answer.
fn is_own(code: &str, last: Option<char>) -> bool {
    match last {
        Some('H' | 'J' | 'K' | 'm' | 'A' | 'B' | 'C' | 'D' | 'G') => true,
        Some('h' | 'l') => {
            ["?1049", "?25", "?2004", "?1000", "?1002", "?1003", "?1006", "?1015", "?1004", "?2026"].contains(&code)
        }
        // The kitty keyboard: asked, turned on, turned off; the question for the terminal's kind goes with it.
        Some('u') => code.starts_with(['?', '>', '<']),
        Some('c') => code.is_empty(),
        Some('q') => code.ends_with(' '),
        Some('t') => code.starts_with("22") || code.starts_with("23"),
        _ => false,
    }
}

/// Titles, links to where the words say, notifications.
fn is_own_string(string: &str) -> bool {
    let (number, rest) = string.split_once(';').unwrap_or((string, ""));
    match number {
        "0" | "2" => true,
        "8" => rest == ";" || (rest.starts_with("id=") && (rest.contains(";https://") || rest.contains(";http://"))),
        "9" => true,
        _ => false,
    }
}

#[test]
fn what_is_odd_is_seen() {
    for bad in [
        "\u{1b}[6n",
        "\u{1b}]52;c;AA\u{7}",
        "\u{1b}c",
        "a\u{9b}2J",
        "\u{8}",
        "\u{1b}]0;a",
        "\u{1b}P1\u{1b}\\",
        "\u{7}\u{7}",
        "\u{7f}",
    ] {
        assert!(!odd(bad.as_bytes()).is_empty(), "{bad:?}");
    }
    let good = "\u{1b}[?1049h\u{1b}[1;2H\u{1b}[38;5;2mhello\u{1b}]8;id=1;http://b.c\u{1b}\\b\u{1b}]8;;\u{1b}\\\u{7}";
    assert_eq!(odd(good.as_bytes()), Vec::<String>::new());
}
