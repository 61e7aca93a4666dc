//! Themes: which style each role has, read from `config/themes/`, which is compiled in, or from a person's own file. The
//! screen names roles and never colours. What a terminal cannot show becomes the nearest that it can, and `NO_COLOR`
//! leaves weight, underline and reverse, so that no role says what it says by colour alone.

use std::env;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};

use crate::config::file::{Item, Problem, Problems, Source, called, hint, texts};

/// The themes that come with the program.
pub const BUILTIN: [(&str, &str); 8] = [
    ("default", include_str!("../../config/themes/default.toml")),
    ("dark", include_str!("../../config/themes/dark.toml")),
    ("dusk", include_str!("../../config/themes/dusk.toml")),
    ("contrast-dark", include_str!("../../config/themes/contrast-dark.toml")),
    ("light", include_str!("../../config/themes/light.toml")),
    ("paper", include_str!("../../config/themes/paper.toml")),
    ("contrast-light", include_str!("../../config/themes/contrast-light.toml")),
    ("mono", include_str!("../../config/themes/mono.toml")),
];

/// Most colours of names that are kept; nobody can tell more apart.
const AUTHORS: usize = 64;

macro_rules! roles {
    ($($role:ident $name:literal $line:literal;)*) => {
        /// What something on the screen is, which decides how it looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Role {
            $(#[doc = $line] $role,)*
        }

        impl Role {
            /// All of them.
            pub const ALL: &[Role] = &[$(Role::$role,)*];
        }

        const NAMES: &[&str] = &[$($name,)*];
    };
}

roles! {
    Text "text" "What people wrote, and whatever else is simply read.";
    Dim "dim" "Times, hints, what steps back.";
    Accent "accent" "What is yours to act on: the room you are in, the focus.";
    Mention "mention" "A line or a room that mentions you.";
    Error "error" "What went wrong, and failed messages.";
    Warn "warn" "What may go wrong.";
    Ok "ok" "What went well, and who is here.";
    Unread "unread" "A room with unread lines, and the line above them.";
    Rule "rule" "The lines between regions.";
    Selected "selected" "The chosen line of a list.";
    Own "own" "Your own name.";
    Code "code" "Code within a message.";
    Comment "comment" "In a block of code: comments.";
    Words "string" "In a block of code: texts.";
    Number "number" "In a block of code: numbers, and words that stand for a value.";
    Keyword "keyword" "In a block of code: the words of the language.";
    Quote "quote" "Somebody else's words within a message.";
    Link "link" "An address within a message.";
    Author "author" "Another person's name, but for its colour.";
}

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None, or none are wanted.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// The 256 of xterm.
    Many,
    /// All.
    True,
}

impl Colours {
    /// What the environment says of the terminal.
    pub fn here() -> Colours {
        let get = |name| env::var(name).unwrap_or_default();
        Colours::of(&get("NO_COLOR"), &get("COLORTERM"), &get("TERM"))
    }

    /// What these variables say.
    pub fn of(no_color: &str, colorterm: &str, term: &str) -> Colours {
        // By name those that show 256 without saying so in it.
        const KNOWN: [&str; 7] = ["kitty", "alacritty", "ghostty", "foot", "wezterm", "contour", "256"];
        match () {
            () if !no_color.is_empty() => Colours::None,
            () if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") => Colours::True,
            () if KNOWN.iter().any(|name| term.contains(name)) => Colours::Many,
            () => Colours::Sixteen,
        }
    }
}

/// How everything looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    styles: Vec<Style>,
    authors: Vec<Color>,
}

impl Theme {
    /// The theme of this name for such a terminal: one of ours, or `NAME.toml` in the person's directory, which comes
    /// first. When there is none, or it has errors, these are listed and the default stands in.
    pub fn load(name: &str, themes: Option<&Path>, colours: Colours) -> (Theme, Vec<Problem>) {
        let name = match name {
            "auto" if colours == Colours::None => "mono",
            "auto" => "default",
            name => name,
        };
        let mut theme = Theme::blank();
        let mut problems = theme.read(&builtin("default"));
        let own = themes.map(|dir| dir.join(format!("{name}.toml"))).filter(|file| file.exists());
        problems.extend(match own.as_deref().map(Source::open) {
            Some(Ok(source)) => theme.read(&source),
            Some(Err(problem)) => vec![problem],
            None if BUILTIN.iter().any(|(known, _)| *known == name) => theme.read(&builtin(name)),
            None => vec![no_such_theme(name, themes)],
        });
        (theme.shown_with(colours), problems)
    }

    /// How this looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// How the name of this person looks: always the same for the same `seed`, such as the bytes of its id.
    pub fn author(&self, seed: &[u8]) -> Style {
        // FNV-1a, folded: spread well enough over a dozen colours, and the same on every machine and in every version.
        let hash =
            seed.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
        let at = (hash ^ (hash >> 32)) as u32 as usize;
        let style = self.style(Role::Author);
        match self.authors.is_empty() {
            true => style,
            false => style.fg(self.authors[at % self.authors.len()]),
        }
    }

    fn blank() -> Theme {
        Theme { styles: vec![Style::new(); Role::ALL.len()], authors: Vec::new() }
    }

    fn read(&mut self, source: &Source) -> Vec<Problem> {
        source.walk(|item, problems| match (item.key, NAMES.iter().position(|name| *name == item.key)) {
            ("authors", _) => self.read_authors(item, problems),
            (_, Some(role)) => match item.value.as_str().map(style) {
                Some(Ok(style)) => self.styles[role] = style,
                Some(Err(why)) => problems.add(&item.span, format!("{}: {why}", item.key)),
                None => {
                    let what = format!("{}: takes a style, as \"bold red\", not {}", item.key, called(item.value));
                    problems.add(&item.span, what);
                }
            },
            (unknown, None) => {
                let near = hint(unknown, NAMES.iter().copied().chain(["authors"]));
                problems.add(&item.key_span, format!("unknown role {unknown:?}{near}"));
            }
        })
    }

    fn read_authors(&mut self, item: &Item<'_>, problems: &mut Problems<'_>) {
        let Some(list) = texts("authors", item, problems) else {
            problems.add(&item.span, format!("authors: takes a list of colours, not {}", called(item.value)));
            return;
        };
        self.authors.clear();
        for (text, span) in list.into_iter().take(AUTHORS) {
            match colour(&text) {
                Some(colour) => self.authors.push(colour),
                None => problems.add(&span, format!("authors: {text:?} is no colour")),
            }
        }
    }

    /// What such a terminal makes of it. A role that only a colour told apart gets the weight that `mono` gives it.
    fn shown_with(mut self, colours: Colours) -> Theme {
        if colours == Colours::None {
            let mut mono = Theme::blank();
            mono.read(&builtin("mono"));
            for (style, plain) in self.styles.iter_mut().zip(&mono.styles) {
                let modifiers = if style.add_modifier.is_empty() { plain.add_modifier } else { style.add_modifier };
                *style = Style::new().add_modifier(modifiers);
            }
            self.authors.clear();
            return self;
        }
        for style in &mut self.styles {
            style.fg = style.fg.map(|c| nearest(c, colours));
            style.bg = style.bg.map(|c| nearest(c, colours));
        }
        for colour in &mut self.authors {
            *colour = nearest(*colour, colours);
        }
        self
    }
}

fn builtin(name: &str) -> Source {
    let (name, text) = BUILTIN.iter().find(|(known, _)| *known == name).expect("only named from this list");
    Source::new(format!("config/themes/{name}.toml"), *text)
}

fn no_such_theme(name: &str, themes: Option<&Path>) -> Problem {
    let file = themes.unwrap_or(Path::new("themes")).join(format!("{name}.toml"));
    let near = hint(name, BUILTIN.iter().map(|(name, _)| *name));
    Problem::of_file(&file, format!("there is no theme {name:?}{near}"))
}

/// Reads "bold red on white".
fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let modifier = match word {
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            "reverse" => Modifier::REVERSED,
            "strike" => Modifier::CROSSED_OUT,
            "on" => {
                let behind = words.next().and_then(colour).ok_or("after \"on\" comes a colour")?;
                style.bg = Some(behind);
                continue;
            }
            word => {
                let known = ["bold", "dim", "italic", "underline", "reverse", "strike"].into_iter();
                let why = || format!("{word:?} is no colour and no style{}", hint(word, known.chain(COLOURS)));
                style.fg = Some(colour(word).ok_or_else(why)?);
                continue;
            }
        };
        style.add_modifier |= modifier;
    }
    Ok(style)
}

/// The terminal's own colours in their order; the second eight are the bright ones.
const COLOURS: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

fn colour(word: &str) -> Option<Color> {
    let at = |name: &str| COLOURS.iter().position(|known| *known == name);
    if word == "default" {
        return Some(Color::Reset);
    }
    if let Some(number) = word.strip_prefix("color-") {
        return number.parse().ok().map(Color::Indexed);
    }
    if let Some(hex) = word.strip_prefix('#') {
        let digits = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return digits.then(|| Color::from_u32(u32::from_str_radix(hex, 16).unwrap_or(0)));
    }
    match word.strip_prefix("bright-") {
        Some(name) => at(name).map(|i| own(i + 8)),
        None => at(word).map(own),
    }
}

/// One of the terminal's own sixteen.
fn own(i: usize) -> Color {
    use Color::*;
    const OWN: [Color; 16] = [
        Black,
        Red,
        Green,
        Yellow,
        Blue,
        Magenta,
        Cyan,
        Gray,
        DarkGray,
        LightRed,
        LightGreen,
        LightYellow,
        LightBlue,
        LightMagenta,
        LightCyan,
        White,
    ];
    OWN[i % OWN.len()]
}

/// The nearest that such a terminal shows.
fn nearest(colour: Color, colours: Colours) -> Color {
    match (colour, colours) {
        (Color::Indexed(i), _) if i < 16 => own(i.into()),
        (Color::Rgb(..), Colours::Many) => Color::Indexed(cube(rgb(colour))),
        (Color::Rgb(..) | Color::Indexed(_), Colours::Sixteen) => by_hue(rgb(colour)),
        (colour, _) => colour,
    }
}

/// The levels of each primary in xterm's cube of 216 colours.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb(colour: Color) -> [u8; 3] {
    match colour {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(i @ 16..=231) => [(i - 16) / 36, (i - 16) / 6 % 6, (i - 16) % 6].map(|l| LEVELS[usize::from(l)]),
        Color::Indexed(i @ 232..) => [8 + 10 * (i - 232); 3],
        _ => [0; 3],
    }
}

fn cube(rgb: [u8; 3]) -> u8 {
    let level = |v: u8| (0..6u8).min_by_key(|l| LEVELS[usize::from(*l)].abs_diff(v)).unwrap_or(0);
    let [r, g, b] = rgb.map(level);
    16 + 36 * r + 6 * g + b
}

/// The one of the sixteen with the nearest hue; greys go by brightness.
fn by_hue([r, g, b]: [u8; 3]) -> Color {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most - least < 30 {
        return match most {
            0..=63 => Color::Black,
            64..=159 => Color::DarkGray,
            160..=223 => Color::Gray,
            _ => Color::White,
        };
    }
    let [r, g, b, span] = [r, g, b, most - least].map(f32::from);
    let hue = match f32::from(most) {
        most if most == r => (g - b) / span,
        most if most == g => 2.0 + (b - r) / span,
        _ => 4.0 + (r - g) / span,
    };
    const WHEEL: [usize; 6] = [1, 3, 2, 6, 4, 5];
    let bright = if most > 200 { 8 } else { 0 };
    own(WHEEL[hue.round().rem_euclid(6.0) as usize] + bright)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, colours: Colours) -> Theme {
        let (theme, problems) = Theme::load(name, None, colours);
        assert_eq!(problems, []);
        theme
    }

    /// Contrast by WCAG 2.
    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let light = |rgb: [u8; 3]| {
            let [r, g, b] = rgb.map(|v| f64::from(v) / 255.0);
            let linear = |v: f64| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        let (a, b) = (light(a) + 0.05, light(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    /// What xterm shows for its own colours, where `rgb` does not know.
    fn shown(colour: Color) -> [u8; 3] {
        match colour {
            Color::Red => [205, 0, 0],
            Color::Blue => [0, 0, 238],
            Color::Magenta => [205, 0, 205],
            Color::LightRed => [255, 0, 0],
            Color::LightGreen => [0, 255, 0],
            Color::LightYellow => [255, 255, 0],
            Color::LightBlue => [92, 92, 255],
            Color::LightMagenta => [255, 0, 255],
            Color::LightCyan => [0, 255, 255],
            Color::White => [255; 3],
            Color::Indexed(_) => rgb(colour),
            other => panic!("no value for {other:?}"),
        }
    }

    #[test]
    fn ours_are_complete() {
        for (name, _) in BUILTIN {
            let mut keys = Vec::new();
            builtin(name).walk(|item, _| keys.push(item.key.to_owned()));
            let wanted: Vec<&str> = NAMES.iter().copied().chain(["authors"]).collect();
            assert_eq!(keys, wanted, "{name}");
            of(name, Colours::True);
        }
    }

    #[test]
    fn readable_where_they_are_for() {
        const BLACK: [u8; 3] = [0; 3];
        const WHITE: [u8; 3] = [255; 3];
        for (name, backgrounds, least) in [
            ("default", &[BLACK, WHITE][..], 3.0),
            ("dark", &[BLACK, [30; 3]], 3.0),
            ("dusk", &[BLACK, [30; 3]], 4.5),
            ("contrast-dark", &[BLACK, [30; 3]], 7.0),
            ("light", &[WHITE, [240; 3]], 3.0),
            ("paper", &[WHITE, [240; 3]], 4.5),
            ("contrast-light", &[WHITE, [240; 3]], 7.0),
        ] {
            let theme = of(name, Colours::Many);
            let colours = theme.styles.iter().filter_map(|s| s.fg).chain(theme.authors.iter().copied());
            for (colour, background) in colours.flat_map(|c| backgrounds.iter().map(move |b| (c, *b))) {
                let contrast = contrast(shown(colour), background);
                assert!(contrast >= least, "{name}: {colour:?} on {background:?} has {contrast:.2}");
            }
        }
    }

    #[test]
    fn without_colours_weight_remains() {
        for name in ["default", "dark", "auto"] {
            let theme = of(name, Colours::None);
            let coloured = |s: &Style| s.fg.is_some() || s.bg.is_some();
            assert!(!theme.styles.iter().any(coloured) && !coloured(&theme.author(b"ann")));
            assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
            assert!(theme.style(Role::Mention).add_modifier.contains(Modifier::BOLD));
        }
        assert_eq!(of("auto", Colours::None), of("mono", Colours::True));
    }

    #[test]
    fn a_person_keeps_a_colour() {
        let theme = of("default", Colours::Many);
        assert_eq!(theme.author(b"ann"), theme.author(b"ann"));
        let mut seen: Vec<Color> = (0..200u8).filter_map(|i| theme.author(&[i; 16]).fg).collect();
        seen.sort_by_key(|c| format!("{c:?}"));
        seen.dedup();
        assert_eq!(seen.len(), theme.authors.len(), "every colour is used");
    }

    #[test]
    fn styles_as_written() {
        let check = |text: &str| style(text).map_err(|e| e.to_string());
        assert_eq!(check(""), Ok(Style::new()));
        assert_eq!(check("bold bright-red on black"), Ok(Style::new().fg(Color::LightRed).bg(Color::Black).bold()));
        assert_eq!(check("#ff8000"), Ok(Style::new().fg(Color::Rgb(255, 128, 0))));
        assert_eq!(check("color-200 underline"), Ok(Style::new().fg(Color::Indexed(200)).underlined()));
        for bad in ["blod", "color-256", "#ff80", "#+12345", "on", "on bold", "bright-", "bright-default"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check("blod").unwrap_err(), "\"blod\" is no colour and no style, did you mean \"bold\"?");
    }

    #[test]
    fn what_a_terminal_lacks() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(nearest(orange, Colours::True), orange);
        assert_eq!(nearest(orange, Colours::Many), Color::Indexed(208));
        assert_eq!(nearest(Color::Indexed(29), Colours::Sixteen), Color::Cyan);
        assert_eq!(nearest(Color::Indexed(161), Colours::Sixteen), Color::LightRed);
        assert_eq!(nearest(Color::Indexed(9), Colours::Many), Color::LightRed);
        assert_eq!(nearest(Color::Indexed(240), Colours::Sixteen), Color::DarkGray);
        for (no_color, colorterm, term, colours) in [
            ("1", "truecolor", "xterm-256color", Colours::None),
            ("", "truecolor", "xterm", Colours::True),
            ("", "", "xterm-256color", Colours::Many),
            ("", "", "xterm-kitty", Colours::Many),
            ("", "", "linux", Colours::Sixteen),
        ] {
            assert_eq!(Colours::of(no_color, colorterm, term), colours);
        }
    }

    #[test]
    fn a_theme_of_ones_own() {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let text =
            "accent = \"bold #ff0000\"\nmentoin = \"red\"\nerror = 4\nauthors = [\"red\", \"rot\"]\nwarn = \"blod\"\n";
        std::fs::write(dir.path().join("mine.toml"), text).expect("writes");
        let (theme, problems) = Theme::load("mine", Some(dir.path()), Colours::True);
        let ends: Vec<String> =
            problems.iter().map(|p| p.to_string().rsplit("mine.toml:").next().unwrap_or_default().to_owned()).collect();
        assert_eq!(
            ends,
            [
                "2: unknown role \"mentoin\", did you mean \"mention\"?",
                "3: error: takes a style, as \"bold red\", not 4",
                "4: authors: \"rot\" is no colour",
                "5: warn: \"blod\" is no colour and no style, did you mean \"bold\"?",
            ]
        );
        assert_eq!(theme.style(Role::Accent), Style::new().fg(Color::Rgb(255, 0, 0)).bold());
        assert_eq!(theme.style(Role::Mention), of("default", Colours::True).style(Role::Mention));
        assert_eq!(theme.authors, [Color::Red]);
        let (theme, problems) = Theme::load("drak", Some(dir.path()), Colours::True);
        assert_eq!(theme, of("default", Colours::True));
        assert!(
            problems[0].to_string().ends_with("there is no theme \"drak\", did you mean \"dark\"?"),
            "{problems:?}"
        );
    }
}
