//! What the terminal shows and tells: judged, purely, from the environment and from its answers. Asking is `asking`'s,
//! and what tmux in front of it does with all of this is `tmux`'s.

use std::io::IsTerminal;

use super::Environment;
use super::answers::Answers;
use super::asking;
use super::report::{Finding, Verdict};
use crate::config::{Config, Desktop};
use crate::tui::terminal::{known_desktop, speaks_kitty};
use crate::tui::theme::Colours;

const AREA: &str = "terminal";

/// Where settings go.
const SETTINGS: &str = "wschat.toml";

/// Terminals that take texts for the clipboard (OSC 52) without being told to; as XTVERSION or the environment has them.
const CLIPBOARD: [&str; 9] =
    ["kitty", "foot", "wezterm", "ghostty", "alacritty", "contour", "rio", "windows-terminal", "konsole"];

/// Terminals that make links of addresses they are told (OSC 8); VTE's are known by their variable.
const LINKS: [&str; 10] =
    ["kitty", "foot", "wezterm", "ghostty", "alacritty", "contour", "iterm", "windows-terminal", "konsole", "vscode"];

/// Themes that are made for a light background, and for a dark one.
const LIGHT: [&str; 3] = ["light", "paper", "contrast-light"];
const DARK: [&str; 3] = ["dark", "dusk", "contrast-dark"];

/// Fewer columns and rows than that show one pane with little in it.
const SMALL: (u16, u16) = (40, 12);

/// Asks it and judges.
pub fn look(env: &Environment, config: &Config) -> Vec<Finding> {
    let asked = match std::io::stdout().is_terminal() {
        true => asking::ask(),
        false => Err("stdout is no terminal: run wschat doctor in one".to_owned()),
    };
    judge(env, config, &asked)
}

/// What it is called: what it says itself, or what the environment says.
fn name(env: &Environment, answers: Option<&Answers>) -> String {
    let said = answers.and_then(|answers| answers.version.clone());
    let program = || {
        let (name, version) = (env.get("TERM_PROGRAM"), env.get("TERM_PROGRAM_VERSION"));
        (!name.is_empty()).then(|| format!("{name} {version}").trim_end().to_owned())
    };
    let vte = || env.has("VTE_VERSION").then(|| format!("VTE {}", env.get("VTE_VERSION")));
    let windows = || env.has("WT_SESSION").then(|| "Windows-Terminal".to_owned());
    said.or_else(program).or_else(vte).or_else(windows).unwrap_or_default()
}

fn judge(env: &Environment, config: &Config, asked: &Result<(Answers, (u16, u16)), String>) -> Vec<Finding> {
    let mut found = vec![term(env, asked)];
    found.push(colours(env, asked.as_ref().ok().map(|(answers, _)| answers)));
    found.push(locale(env, config));
    found.push(desktop(env, config, asked.as_ref().ok().map(|(answers, _)| answers)));
    let (answers, size) = match asked {
        Ok((answers, size)) => (answers, *size),
        Err(why) => {
            found.push(Finding::new(AREA, "everything else", Verdict::Unasked, why));
            return found;
        }
    };
    found.push(size_of(size));
    if answers.class.is_none() {
        let said = "the terminal answers no question (DA1) within 1.5 seconds; what it can do cannot be told";
        found.push(Finding::new(AREA, "answers", Verdict::Unasked, said));
        return found;
    }
    found.push(background(config, answers));
    let mode = |what, mode, good: &str, bad: &str| match answers.knows(mode) {
        Some(true) => Finding::new(AREA, what, Verdict::Well, good),
        Some(false) => Finding::new(AREA, what, Verdict::Better, bad),
        None => Finding::new(AREA, what, Verdict::Unasked, "it does not say (DECRQM)"),
    };
    found.push(mode(
        "paste",
        2004,
        "pastes come in one piece (bracketed paste)",
        "a paste comes as if typed: lines of it are sent one by one. Ctrl+J makes a new line; /edit opens your editor",
    ));
    found.push(mode(
        "focus",
        1004,
        "it tells when its window is looked at",
        "it does not tell when its window is looked at: what calls you calls always",
    ));
    found.push(mode(
        "mouse",
        1006,
        "clicks and the wheel are told (SGR)",
        "clicks and the wheel are not told; every one of them has a key (F1)",
    ));
    found.push(mode(
        "whole pictures",
        2026,
        "it shows each picture at once (synchronised output)",
        "it may show half a picture for a moment (no synchronised output); nothing is lost by that",
    ));
    found.push(keyboard(answers));
    found.push(clipboard(env, answers));
    found.push(links(env, config, answers));
    found
}

fn term(env: &Environment, asked: &Result<(Answers, (u16, u16)), String>) -> Finding {
    let answers = asked.as_ref().ok().map(|(answers, _)| answers);
    let (term, name) = (env.get("TERM"), name(env, answers));
    let called = if name.is_empty() { String::new() } else { format!(", {name}") };
    match (term, asked.is_ok()) {
        ("", true) => Finding::new(AREA, "name", Verdict::Fails, "TERM is not set: no screen can be drawn")
            .mended("in the shell", "export TERM=xterm-256color"),
        ("dumb", true) => {
            Finding::new(AREA, "name", Verdict::Better, format!("TERM=dumb{called}: wschat chats in lines there"))
                .mended("in the shell, if it can draw", "export TERM=xterm-256color")
        }
        ("", false) => Finding::new(AREA, "name", Verdict::Unasked, "TERM is not set"),
        (term, _) => Finding::new(AREA, "name", Verdict::Well, format!("TERM={term}{called}")),
    }
}

fn colours(env: &Environment, answers: Option<&Answers>) -> Finding {
    let here = Colours::of(env.get("NO_COLOR"), env.get("COLORTERM"), env.get("TERM"));
    let new = |verdict, said: &str| Finding::new(AREA, "colours", verdict, said);
    let all = answers.is_some_and(|answers| answers.rgb);
    match here {
        Colours::None => new(Verdict::Well, "none, as NO_COLOR asks"),
        Colours::True => new(Verdict::Well, "all (COLORTERM or TERM says so)"),
        Colours::Many | Colours::Sixteen if all => {
            new(Verdict::Better, "it shows all colours, but the environment does not say so")
                .mended("the shell's profile, as ~/.profile", "export COLORTERM=truecolor")
        }
        Colours::Many => new(Verdict::Well, "256; if it shows all, COLORTERM=truecolor says so"),
        Colours::Sixteen => new(Verdict::Better, "16, as TERM and COLORTERM say; themes are brought to these")
            .mended("in the shell, if it shows more", "export TERM=xterm-256color"),
    }
}

fn locale(env: &Environment, config: &Config) -> Finding {
    let (variable, locale) = env.locale();
    match (env.utf8(), config.ui.ascii) {
        (true, _) => Finding::new(AREA, "locale", Verdict::Well, format!("{variable}={locale}")),
        (false, true) => Finding::new(AREA, "locale", Verdict::Well, "no UTF-8, and ui.ascii draws without"),
        (false, false) => {
            let said = match locale {
                "" => "no locale is set: signs and names may come out as question marks".to_owned(),
                locale => format!("{variable}={locale} is no UTF-8: signs and names may come out as question marks"),
            };
            let place = "the shell's profile; or, in wschat.toml under [ui], ascii = true";
            Finding::new(AREA, "locale", Verdict::Better, said).mended(place, "export LC_ALL=C.UTF-8")
        }
    }
}

fn size_of((columns, rows): (u16, u16)) -> Finding {
    let said = format!("{columns} columns, {rows} rows");
    match (columns, rows) {
        (0, _) | (_, 0) => Finding::new(AREA, "size", Verdict::Better, "it does not say how large it is")
            .mended("in the shell", "stty columns 80 rows 24"),
        _ if columns < SMALL.0 || rows < SMALL.1 => {
            Finding::new(AREA, "size", Verdict::Better, format!("{said}: little fits on it; make the window larger"))
        }
        _ if columns < 50 => Finding::new(AREA, "size", Verdict::Well, format!("{said}: one pane, rooms as tabs")),
        _ if columns < 100 => Finding::new(AREA, "size", Verdict::Well, format!("{said}: people show from 100 on")),
        _ => Finding::new(AREA, "size", Verdict::Well, said),
    }
}

fn background(config: &Config, answers: &Answers) -> Finding {
    let theme = config.ui.theme.as_str();
    let new = |verdict, said: String| Finding::new(AREA, "background", verdict, said);
    match answers.dark() {
        None => {
            new(Verdict::Unasked, "it does not tell its colour (OSC 11); the default theme is readable on both".into())
        }
        Some(true) if LIGHT.contains(&theme) => {
            new(Verdict::Better, format!("dark, and the theme {theme:?} is made for a light one"))
                .mended(format!("{SETTINGS}, under [ui]; or /theme in the chat"), "theme = \"dark\"")
        }
        Some(false) if DARK.contains(&theme) => {
            new(Verdict::Better, format!("light, and the theme {theme:?} is made for a dark one"))
                .mended(format!("{SETTINGS}, under [ui]; or /theme in the chat"), "theme = \"light\"")
        }
        Some(dark) => {
            new(Verdict::Well, format!("{}; the theme {theme:?} suits it", if dark { "dark" } else { "light" }))
        }
    }
}

fn keyboard(answers: &Answers) -> Finding {
    let new = |verdict, said| Finding::new(AREA, "keys", verdict, said);
    match (answers.kitty, speaks_kitty()) {
        (true, true) => new(Verdict::Well, "all keys are told apart (kitty protocol), Shift+Enter too"),
        (true, false) => new(
            Verdict::Well,
            "it can tell all keys apart (kitty protocol), but is not on the list of those wschat asks for it; every key \
             has a second way",
        ),
        (false, _) => new(
            Verdict::Well,
            "as terminals always told them: Shift+Enter is Enter, so a new line is Ctrl+J; every key has a second way",
        ),
    }
}

fn known(env: &Environment, answers: &Answers, names: &[&str]) -> bool {
    let name = format!("{} {}", name(env, Some(answers)), env.get("TERM")).to_lowercase();
    names.iter().any(|known| name.contains(known))
}

fn clipboard(env: &Environment, answers: &Answers) -> Finding {
    let new = |verdict, said: &str| Finding::new(AREA, "clipboard", verdict, said);
    if env.has("TMUX") {
        return new(Verdict::Unasked, "tmux is in between; see there");
    }
    let name = name(env, Some(answers));
    let says = answers.clipboard || answers.class.as_ref().is_some_and(|class| class.contains(&52));
    if says || known(env, answers, &CLIPBOARD) {
        return new(Verdict::Well, "y copies a message, over SSH too (OSC 52)");
    }
    if env.has("VTE_VERSION") || name == "Apple_Terminal" || name.starts_with("Apple_Terminal ") {
        return new(
            Verdict::Better,
            "it takes no text from a program (OSC 52): mark with the mouse while Alt+L shows words alone",
        )
        .mended("in the chat, to leave the mouse to the terminal", "/mouse off");
    }
    if name.starts_with("XTerm") {
        return new(Verdict::Better, "xterm takes no text from a program until it is allowed to (OSC 52)")
            .mended("~/.Xresources, then xrdb -merge ~/.Xresources", "XTerm*disallowedWindowOps: 20,21,SetXprop");
    }
    if name.to_lowercase().contains("iterm") {
        return new(
            Verdict::Better,
            "iTerm2 takes a text from a program (OSC 52) when that is allowed: Settings, General, Selection, \
             Applications in terminal may access clipboard",
        );
    }
    new(Verdict::Unasked, "whether it takes texts (OSC 52) it does not say: press y on a message, and paste elsewhere")
}

fn links(env: &Environment, config: &Config, answers: &Answers) -> Finding {
    let new = |verdict, said: &str| Finding::new(AREA, "links", verdict, said);
    let vte = env.get("VTE_VERSION").parse::<u32>().is_ok_and(|version| version >= 5000);
    match () {
        () if !config.ui.hyperlinks => new(Verdict::Well, "not told to the terminal, as ui.hyperlinks says"),
        () if env.has("TMUX") => new(Verdict::Unasked, "tmux is in between; see there"),
        () if vte || known(env, answers, &LINKS) => new(Verdict::Well, "an address over two lines is one link (OSC 8)"),
        () => new(
            Verdict::Unasked,
            "whether it knows links (OSC 8) no terminal says; one that does not shows the address all the same",
        ),
    }
}

fn desktop(env: &Environment, config: &Config, answers: Option<&Answers>) -> Finding {
    let new = |verdict, said: &str| Finding::new(AREA, "desktop", verdict, said);
    let way = match config.ui.desktop {
        Desktop::Off => return new(Verdict::Well, "nothing is shown there, as ui.desktop says; the bell rings"),
        Desktop::Auto => known_desktop(),
        way => way,
    };
    match way {
        Desktop::Osc99 => new(Verdict::Well, "what calls you is shown there (OSC 99)"),
        Desktop::Osc9 => new(Verdict::Well, "what calls you is shown there (OSC 9)"),
        Desktop::Osc777 => new(Verdict::Well, "what calls you is shown there (OSC 777)"),
        Desktop::Auto | Desktop::Off if answers.is_some_and(|answers| answers.notifies) => {
            new(Verdict::Better, "it can show what calls you there (OSC 99), but is not known by name")
                .mended("wschat.toml, under [ui]", "desktop = \"osc99\"")
        }
        Desktop::Auto | Desktop::Off if env.has("TMUX") => {
            new(Verdict::Better, "behind tmux nobody knows which way the terminal takes it; the bell rings").mended(
                "wschat.toml, under [ui], by the terminal: osc99 for kitty, osc777 for foot and urxvt",
                "desktop = \"osc9\"",
            )
        }
        Desktop::Auto | Desktop::Off => {
            new(Verdict::Unasked, "not known to show what calls you there (OSC 9, 777, 99); the bell rings")
                .mended("wschat.toml, under [ui], if it does", "desktop = \"osc9\"")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn with(env: &[(&str, &str)], answers: Answers) -> HashMap<String, (Verdict, String)> {
        let judged = judge(&Environment::of(env), &Config::builtin(), &Ok((answers, (120, 40))));
        judged.iter().map(|one| (one.what().to_owned(), (one.verdict(), one.line().to_owned()))).collect()
    }

    fn answers(text: &str) -> Answers {
        Answers::read(text.as_bytes())
    }

    #[test]
    fn what_lacks_has_the_line_that_mends_it() {
        let found =
            with(&[("TERM", "xterm"), ("LANG", "C")], answers("\x1bP>|XTerm(390)\x1b\\\x1b[?2004;0$y\x1b[?64c"));
        for (what, verdict, line) in [
            ("colours", Verdict::Better, "export TERM=xterm-256color"),
            ("locale", Verdict::Better, "export LC_ALL=C.UTF-8"),
            ("clipboard", Verdict::Better, "XTerm*disallowedWindowOps: 20,21,SetXprop"),
            ("paste", Verdict::Better, ""),
            ("focus", Verdict::Unasked, ""),
            ("background", Verdict::Unasked, ""),
            ("size", Verdict::Well, ""),
        ] {
            assert_eq!(found[what], (verdict, line.to_owned()), "{what}");
        }
        let found =
            with(&[("TERM", "xterm-256color"), ("LANG", "en_GB.UTF-8")], answers("\x1bP1+r524742=8\x1b\\\x1b[?62;52c"));
        assert_eq!(found["colours"], (Verdict::Better, "export COLORTERM=truecolor".to_owned()));
        assert_eq!((found["clipboard"].0, found["locale"].0), (Verdict::Well, Verdict::Well));
    }

    #[test]
    fn a_theme_for_the_other_background_is_pointed_out() {
        let mut config = Config::builtin();
        config.ui.theme = "paper".to_owned();
        let dark = answers("\x1b]11;rgb:0000/0000/0000\x07\x1b[?6c");
        assert_eq!(background(&config, &dark).line(), "theme = \"dark\"");
        config.ui.theme = "default".to_owned();
        assert_eq!(background(&config, &dark).verdict(), Verdict::Well);
    }

    #[test]
    fn without_a_terminal_it_says_what_it_could_not_ask() {
        let judged = judge(&Environment::of(&[]), &Config::builtin(), &Err("none".to_owned()));
        assert!(judged.iter().any(|one| one.what() == "everything else" && one.verdict() == Verdict::Unasked));
        assert!(!judged.iter().any(Finding::fails), "{judged:?}");
        let silent =
            judge(&Environment::of(&[("TERM", "vt52")]), &Config::builtin(), &Ok((Answers::default(), (80, 24))));
        assert!(silent.iter().any(|one| one.what() == "answers"), "{silent:?}");
    }
}
