//! What the doctor finds, one thing at a time, and how it is written: for people in columns, for programs as lines of JSON.
//! What may come from elsewhere (a terminal's name, a host's words) is made visible here.

use std::fmt::Write;

use serde_json::json;

use crate::logging::visible;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works, or is as it should be.
    Well,
    /// It works less well than it could.
    Better,
    /// It does not work.
    Fails,
    /// Nobody could be asked.
    Unasked,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Well => "ok",
            Verdict::Better => "better",
            Verdict::Fails => "fails",
            Verdict::Unasked => "unasked",
        }
    }

    /// The sign of a line, that in ASCII, and its colour (SGR).
    fn sign(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Verdict::Well => ("✓", "ok", "32"),
            Verdict::Better => ("!", "! ", "33"),
            Verdict::Fails => ("✗", "NO", "31"),
            Verdict::Unasked => ("?", "? ", "2"),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    area: &'static str,
    what: &'static str,
    verdict: Verdict,
    said: String,
    /// Where the line that mends it goes, and the line: to be copied as it is.
    mends: Option<(String, String)>,
}

impl Finding {
    /// Something of an area, how well it is, and that in words.
    pub fn new(area: &'static str, what: &'static str, verdict: Verdict, said: impl Into<String>) -> Finding {
        Finding { area, what, verdict, said: said.into(), mends: None }
    }

    /// It is mended by this line (or these), which goes there: a file, or "in a shell".
    pub fn mended(mut self, place: impl Into<String>, line: impl Into<String>) -> Finding {
        self.mends = Some((place.into(), line.into()));
        self
    }

    /// Whether it does not work.
    pub fn fails(&self) -> bool {
        self.verdict == Verdict::Fails
    }

    #[cfg(test)]
    pub fn what(&self) -> &str {
        self.what
    }

    #[cfg(test)]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    #[cfg(test)]
    pub fn line(&self) -> &str {
        self.mends.as_ref().map_or("", |(_, line)| line)
    }
}

/// How it is to look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// With colours.
    pub colours: bool,
    /// With signs that are not ASCII.
    pub signs: bool,
}

/// For people.
pub fn text(found: &[Finding], look: Look) -> String {
    let mut out =
        format!("wschat {} on {} {}\n", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let mut area = "";
    for finding in found {
        if finding.area != area {
            area = finding.area;
            let _ = writeln!(out, "\n{area}");
        }
        let (sign, ascii, colour) = finding.verdict.sign();
        let sign = if look.signs { sign } else { ascii };
        let sign = if look.colours { format!("\x1b[{colour}m{sign}\x1b[0m") } else { sign.to_owned() };
        let mut said = finding.said.lines();
        let _ = writeln!(out, "  {sign} {:17} {}", finding.what, visible(said.next().unwrap_or_default()));
        for more in said {
            let _ = writeln!(out, "    {:17} {}", "", visible(more));
        }
        if let Some((place, line)) = &finding.mends {
            let _ = writeln!(out, "      {}:", visible(place));
            for line in line.lines() {
                let _ = writeln!(out, "        {}", visible(line));
            }
        }
    }
    let many = |verdict| found.iter().filter(|finding| finding.verdict == verdict).count();
    let (fail, better, unasked) = (many(Verdict::Fails), many(Verdict::Better), many(Verdict::Unasked));
    let unasked = match unasked {
        0 => String::new(),
        many => format!(", {many} could not be asked"),
    };
    let _ = match (fail, better) {
        (0, 0) => writeln!(out, "\nall of it works{unasked}"),
        (0, better) => writeln!(out, "\nit works; {better} could be better{unasked}"),
        (fail, better) => writeln!(out, "\n{fail} do not work, {better} could be better{unasked}"),
    };
    out
}

/// For programs: an object on each line.
pub fn json(found: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let (place, mends) = finding.mends.as_ref().map_or((None, None), |(place, line)| (Some(place), Some(line)));
        let (area, what, verdict) = (finding.area, finding.what, finding.verdict.word());
        json!({"area": area, "what": what, "verdict": verdict, "said": finding.said, "place": place, "mends": mends})
            .to_string()
            + "\n"
    };
    found.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_and_no_word_that_acts_on_the_terminal() {
        let found = [
            Finding::new("terminal", "name", Verdict::Well, "xterm\x1b]0;x\x07"),
            Finding::new("tmux", "clipboard", Verdict::Better, "it keeps it")
                .mended("~/.tmux.conf", "set -s set-clipboard on"),
        ];
        let text = text(&found, Look { colours: false, signs: true });
        assert!(!text.contains('\x1b'), "{text:?}");
        assert!(text.contains("\n  ✓ name "), "{text}");
        assert!(text.contains("\n      ~/.tmux.conf:\n        set -s set-clipboard on\n"), "{text}");
        assert!(text.ends_with("\nit works; 1 could be better\n"), "{text}");
        let json: Vec<serde_json::Value> =
            json(&found).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        assert_eq!(json[1]["mends"], "set -s set-clipboard on");
        assert_eq!(json[0]["verdict"], "ok");
    }
}
