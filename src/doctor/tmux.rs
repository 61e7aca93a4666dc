//! What tmux, when it is in between, lets through: its options are read by `tmux show`, never set. Judged purely from what
//! it prints.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Environment;
use super::report::{Finding, Verdict};

const AREA: &str = "tmux";

/// Where its options are set for good.
const FILE: &str = "~/.tmux.conf, then tmux source ~/.tmux.conf";

/// How long tmux may take for all of its options.
const WITHIN: Duration = Duration::from_secs(2);

/// Bytes of its answer that are read: all options of tmux 3.6 take 6 KiB.
const BYTES: u64 = 64 * 1024;

/// After Esc tmux waits so long for more of a key; longer is felt in every Esc.
const ESCAPE: u64 = 50;

/// Asks it, when one is in it.
pub fn look(env: &Environment) -> Vec<Finding> {
    if !env.has("TMUX") {
        return match env.has("STY") {
            true => vec![Finding::new(
                "screen",
                "GNU screen",
                Verdict::Better,
                "it passes neither texts for the clipboard nor links on, nor all colours; tmux does",
            )],
            false => Vec::new(),
        };
    }
    // One call for all: server, session and window options, then the client's terminal and what tmux knows of it.
    let asked = ask(&[
        "show-options",
        "-s",
        ";",
        "show-options",
        "-g",
        ";",
        "show-options",
        "-gw",
        ";",
        "display-message",
        "-p",
        "wschat-version #{version}\nwschat-terminal #{client_termname}\nwschat-features #{client_termfeatures}",
    ]);
    match asked {
        Ok(text) => judge(&text),
        Err(why) => vec![Finding::new(AREA, "options", Verdict::Unasked, format!("tmux cannot be asked: {why}"))],
    }
}

fn ask(words: &[&str]) -> Result<String, String> {
    let mut child = Command::new("tmux")
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut out = child.stdout.take().ok_or("it has no output")?.take(BYTES);
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        out.read_to_end(&mut text).map(|_| text)
    });
    let end = Instant::now() + WITHIN;
    while !reading.is_finished() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    // It has answered, or will not; either way it is not waited for any longer.
    let _ = child.kill();
    let _ = child.wait();
    let text = reading.join().map_err(|_| "it cannot be read")?.map_err(|e| e.to_string())?;
    match text.is_empty() {
        true => Err("it does not answer".to_owned()),
        false => Ok(String::from_utf8_lossy(&text).into_owned()),
    }
}

fn judge(text: &str) -> Vec<Finding> {
    let option = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map(|value| value.trim().trim_matches('"'))
    };
    let terminal = option("wschat-terminal").filter(|name| !name.is_empty()).unwrap_or("*");
    let features: Vec<&str> = option("wschat-features").unwrap_or_default().split(',').collect();
    let mut found = vec![Finding::new(
        AREA,
        "version",
        Verdict::Well,
        format!("tmux {}, on a terminal called {terminal}", option("wschat-version").unwrap_or("of no known version")),
    )];
    let mut on = |what, name: &str, good: &[&str], well: &str, bad: &str, line: &str| {
        found.push(match option(name) {
            None => Finding::new(AREA, what, Verdict::Unasked, format!("this tmux has no option {name}")),
            Some(value) if good.contains(&value) => Finding::new(AREA, what, Verdict::Well, well),
            Some(value) => {
                Finding::new(AREA, what, Verdict::Better, format!("{name} is {value}: {bad}")).mended(FILE, line)
            }
        });
    };
    on(
        "clipboard",
        "set-clipboard",
        &["on"],
        "a copied message goes on to the terminal",
        "what y copies stays in tmux, or goes nowhere",
        "set -s set-clipboard on",
    );
    on(
        "focus",
        "focus-events",
        &["on"],
        "wschat is told when its pane is looked at",
        "wschat is not told when its pane is looked at, so what calls you calls always",
        "set -g focus-events on",
    );
    on(
        "desktop",
        "allow-passthrough",
        &["on", "all"],
        "notifications reach the terminal, if ui.desktop says how it takes them",
        "notifications for the desktop (ui.desktop) do not get through",
        "set -g allow-passthrough on",
    );
    on(
        "mouse",
        "mouse",
        &["on"],
        "clicks and the wheel get through",
        "clicks and the wheel stay with the terminal",
        "set -g mouse on",
    );
    on(
        "colours inside",
        "default-terminal",
        &["tmux-256color", "screen-256color", "tmux-direct", "xterm-256color"],
        "256 or more are told to programs",
        "programs are told of few colours",
        "set -g default-terminal tmux-256color",
    );
    if let Some(ms) = option("escape-time").and_then(|value| value.parse::<u64>().ok()) {
        found.push(match ms <= ESCAPE {
            true => Finding::new(AREA, "Esc", Verdict::Well, format!("is passed on after {ms} ms")),
            false => Finding::new(AREA, "Esc", Verdict::Better, format!("is held back for {ms} ms each time"))
                .mended(FILE, "set -s escape-time 20"),
        });
    }
    for (what, feature, lacks) in [
        ("all colours", "RGB", "colours are brought to 256"),
        ("links", "hyperlinks", "links (OSC 8) do not get through"),
        ("copying", "clipboard", "texts for the clipboard do not get through"),
        ("whole pictures", "sync", "half a picture may show for a moment"),
    ] {
        found.push(match features.contains(&feature) {
            true => {
                Finding::new(AREA, what, Verdict::Well, format!("tmux knows that the terminal has them ({feature})"))
            }
            false => {
                let said = format!("tmux does not know that the terminal has them: {lacks}");
                Finding::new(AREA, what, Verdict::Better, said)
                    .mended(format!("{FILE}, if it has"), format!("set -as terminal-features ',{terminal}:{feature}'"))
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_stand_in_the_way_have_their_line() {
        let text = "escape-time 500\nset-clipboard external\nfocus-events off\ndefault-terminal \"screen\"\nmouse on\n\
                    allow-passthrough off\nwschat-version 3.4\nwschat-terminal xterm-kitty\nwschat-features 256,RGB,title\n";
        let found = judge(text);
        let lines: Vec<&str> = found.iter().map(Finding::line).filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "set -s set-clipboard on",
                "set -g focus-events on",
                "set -g allow-passthrough on",
                "set -g default-terminal tmux-256color",
                "set -s escape-time 20",
                "set -as terminal-features ',xterm-kitty:hyperlinks'",
                "set -as terminal-features ',xterm-kitty:clipboard'",
                "set -as terminal-features ',xterm-kitty:sync'",
            ]
        );
        let good = "set-clipboard on\nfocus-events on\nallow-passthrough all\nmouse on\nescape-time 10\n\
                    default-terminal tmux-256color\nwschat-features RGB,hyperlinks,clipboard,sync\n";
        assert!(judge(good).iter().all(|one| one.verdict() == Verdict::Well), "{:?}", judge(good));
        assert!(judge("").iter().all(|one| !one.fails()));
    }
}
