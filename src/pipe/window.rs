//! The last lines of what a command writes, as a terminal would show them: without colours, and with what a progress bar
//! writes over itself as the one line that it is. Pure. Makes the message of it that `live` keeps up to date.

use std::collections::VecDeque;
use std::time::Duration;

use anstream::adapter::StripBytes;

use super::feed::End;
use super::message::block;
use crate::protocol::span;
use crate::protocol::text::Text;

/// Bytes of a line that are kept: several rows of a screen.
const LINE: usize = 400;

/// The last lines.
#[derive(Debug)]
pub struct Window {
    strip: StripBytes,
    /// The begin of a character whose end has not come.
    begun: Vec<u8>,
    lines: VecDeque<String>,
    most: usize,
    /// Lines that were written.
    count: u64,
    /// The one that is being written.
    current: String,
    /// It goes on behind what is kept.
    cut: bool,
    /// What comes next is written over it.
    returned: bool,
}

impl Window {
    /// Of so many lines.
    pub fn new(most: usize) -> Window {
        Window {
            strip: StripBytes::new(),
            begun: Vec::new(),
            lines: VecDeque::new(),
            most: most.max(1),
            count: 0,
            current: String::new(),
            cut: false,
            returned: false,
        }
    }

    /// More was written.
    pub fn take(&mut self, bytes: &[u8]) {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let mut whole = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            whole.push_str(chunk.valid());
            let bad = chunk.invalid();
            match chunks.peek().is_none() && is_begin(bad) {
                true => self.begun = bad.to_vec(),
                false if !bad.is_empty() => whole.push(char::REPLACEMENT_CHARACTER),
                false => {}
            }
        }
        let mut strip = std::mem::take(&mut self.strip);
        for plain in strip.strip_next(whole.as_bytes()) {
            String::from_utf8_lossy(plain).chars().for_each(|c| self.char(c));
        }
        self.strip = strip;
    }

    fn char(&mut self, c: char) {
        match c {
            '\n' => {
                let line = self.line();
                self.lines.push_back(line);
                if self.lines.len() > self.most {
                    self.lines.pop_front();
                }
                self.count += 1;
                self.clear();
            }
            '\r' => self.returned = true,
            c => {
                if self.returned {
                    self.clear();
                }
                match self.current.len() < LINE {
                    true => self.current.push(c),
                    false => self.cut = true,
                }
            }
        }
    }

    fn clear(&mut self) {
        self.current.clear();
        (self.cut, self.returned) = (false, false);
    }

    fn line(&self) -> String {
        format!("{}{}", self.current, if self.cut { "…" } else { "" })
    }

    /// The message: what it is, how it stands, and the last lines, as many as fit.
    pub fn message(&self, title: &str, state: &State, limit: usize) -> Text {
        let unfinished = Some(self.line()).filter(|line| !line.trim().is_empty());
        let many = self.count + u64::from(unfinished.is_some());
        let mut lines: VecDeque<String> = self.lines.iter().cloned().chain(unfinished).collect();
        while lines.len() > self.most {
            lines.pop_front();
        }
        loop {
            let more = match many > lines.len() as u64 {
                true => format!(" (the last {} of {many} lines)", lines.len()),
                false => String::new(),
            };
            let head = format!("{title}: {state}{more}");
            if lines.is_empty() {
                return Text::clean(&cut_to(&head, limit));
            }
            let body: Vec<&str> = lines.iter().map(String::as_str).collect();
            let text = Text::clean(&format!("{head}\n{}", block("text", &body.join("\n"))));
            if limit == 0 || text.as_str().len() <= limit {
                return text;
            }
            lines.pop_front();
        }
    }
}

/// Whether these bytes may go on to be a character.
fn is_begin(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|why| why.valid_up_to() == 0 && why.error_len().is_none())
}

fn cut_to(text: &str, limit: usize) -> String {
    let limit = if limit == 0 { usize::MAX } else { limit };
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[..end].to_owned()
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes on.
    Running,
    /// It ended so, after so long.
    Ended(End, Duration),
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let State::Ended(end, took) = self else { return f.write_str("running") };
        let took = span::show(*took);
        match end {
            End::Input => write!(f, "ended after {took}"),
            End::Status(0) => write!(f, "done in {took}, status 0"),
            End::Status(status) => write!(f, "failed with status {status} after {took}"),
            End::Killed(signal) => write!(f, "ended by signal {signal} after {took}"),
            End::Interrupted(_) => write!(f, "interrupted after {took}, so how it went on is not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(pieces: &[&str]) -> String {
        let mut window = Window::new(3);
        pieces.iter().for_each(|piece| window.take(piece.as_bytes()));
        let text = window.message("make", &State::Running, 0);
        text.as_str().to_owned()
    }

    #[test]
    fn the_last_lines_as_a_terminal_shows_them() {
        assert_eq!(shows(&[]), "make: running");
        assert_eq!(shows(&["one\ntw", "o\nthr"]), "make: running\n```text\none\ntwo\nthr\n```");
        assert_eq!(shows(&["1\n2\n3\n4\n5"]), "make: running (the last 3 of 5 lines)\n```text\n3\n4\n5\n```");
        assert_eq!(shows(&["10%\r20%\r", "100%\r\ndone\n"]), "make: running\n```text\n100%\ndone\n```");
        assert_eq!(
            shows(&["\x1b[1;3", "1mred\x1b[0m and \x1b]0;title\x07plain\n"]),
            "make: running\n```text\nred and plain\n```"
        );
        assert_eq!(shows(&["a\n```\nb\n"]), "make: running\n````text\na\n```\nb\n````");
        assert!(shows(&["é".repeat(1000).as_str()]).contains("é…\n"));
        let mut window = Window::new(3);
        window.take(b"\xff\xfe \xe6\xbc");
        window.take(b"\xa2\n");
        assert_eq!(window.message("x", &State::Running, 0).as_str(), "x: running\n```text\n\u{FFFD}\u{FFFD} 漢\n```");
    }

    #[test]
    fn it_fits_whatever_is_written() {
        let mut window = Window::new(200);
        window.take("`x` \u{1}\n".repeat(5000).as_bytes());
        window.take(&[b'y'; 100_000]);
        for limit in [20, 100, 1000, 8192] {
            let text = window.message("make", &State::Ended(End::Status(2), Duration::from_secs(62)), limit);
            assert!(text.as_str().len() <= limit, "{limit}");
        }
        let text = window.message("make", &State::Ended(End::Killed(9), Duration::from_secs(62)), 8192);
        assert!(text.as_str().starts_with("make: ended by signal 9 after 1m 2s (the last "));
    }
}
