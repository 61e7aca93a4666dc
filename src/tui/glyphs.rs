//! The signs the screen is drawn with, and the plain ones that take their places in ASCII mode. Each is one column wide.

/// One set of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Glyphs {
    /// The rule between regions, and where it meets the upright one.
    pub rule: &'static str,
    pub upright: &'static str,
    pub rule_down: &'static str,
    pub rule_up: &'static str,
    /// The corners of a popup: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Before the room one is in.
    pub current: &'static str,
    /// Before the composer.
    pub prompt: &'static str,
    /// Somebody who is here, and somebody who is away.
    pub here: &'static str,
    pub away: &'static str,
    /// Arrived.
    pub tick: &'static str,
    /// Did not arrive.
    pub failed: &'static str,
    /// Before the quote of what is replied to, and beside code.
    pub reply: &'static str,
    pub code: &'static str,
    /// A room that is muted.
    pub muted: &'static str,
    /// A name that can be taken for another's here.
    pub alike: &'static str,
    /// Where something was cut.
    pub ellipsis: &'static str,
    /// Between the parts of a status line.
    pub dot: &'static str,
    /// More above, more below.
    pub up: &'static str,
    pub down: &'static str,
    /// How much of a list is above and below: the bar of it.
    pub bar: &'static str,
    /// Before an item of a list, and in the place of what is hidden.
    pub bullet: &'static str,
    pub veil: &'static str,
}

/// For terminals and fonts that have them.
pub const UNICODE: Glyphs = Glyphs {
    rule: "─",
    upright: "│",
    rule_down: "┬",
    rule_up: "┴",
    corners: ["╭", "╮", "╰", "╯"],
    current: "▌",
    prompt: "›",
    here: "●",
    away: "○",
    tick: "✓",
    failed: "✗",
    reply: "╭",
    code: "┃",
    muted: "×",
    alike: "≈",
    ellipsis: "…",
    dot: "·",
    up: "↑",
    down: "↓",
    bar: "┃",
    bullet: "•",
    veil: "░",
};

/// For all others.
pub const ASCII: Glyphs = Glyphs {
    rule: "-",
    upright: "|",
    rule_down: "+",
    rule_up: "+",
    corners: ["+"; 4],
    current: ">",
    prompt: ">",
    here: "*",
    away: "o",
    tick: "v",
    failed: "x",
    reply: "/",
    code: "|",
    muted: "x",
    alike: "~",
    ellipsis: "~",
    dot: "-",
    up: "^",
    down: "v",
    bar: "#",
    bullet: "-",
    veil: "#",
};

impl Glyphs {
    /// The set for the setting `ui.ascii`.
    pub fn new(ascii: bool) -> Glyphs {
        if ascii { ASCII } else { UNICODE }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn all(g: &Glyphs) -> Vec<&'static str> {
        let single = [
            g.rule,
            g.upright,
            g.rule_down,
            g.rule_up,
            g.current,
            g.prompt,
            g.here,
            g.away,
            g.tick,
            g.failed,
            g.reply,
            g.code,
            g.muted,
            g.ellipsis,
            g.dot,
            g.up,
            g.down,
            g.bar,
            g.bullet,
            g.veil,
        ];
        single.into_iter().chain(g.corners).collect()
    }

    #[test]
    fn one_column_each() {
        assert!(all(&UNICODE).iter().all(|g| g.width() == 1));
        assert!(all(&ASCII).iter().all(|g| g.len() == 1 && g.is_ascii()));
    }
}
