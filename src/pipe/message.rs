//! What is to be said, from arguments, a file or stdin: read whole within a bound, checked, and made a message, or several.
//! Saying it is `send`'s.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anstream::adapter::strip_str;

use super::Failure;
use crate::cli::pipe::Send;
use crate::protocol::text::{Text, TextError};

/// Messages that one text is split into. A screen shows forty lines; who has more than this to say has a file to share, not
/// a message.
const PARTS: usize = 64;

/// Bytes that are read of a file or of stdin: an endless one is told so, and not read for ever.
const READ: usize = 1024 * 1024;

/// The longest text a host takes when neither it nor the settings say so; what nobody limits is read to here.
const UNLIMITED: usize = 64 * 1024;

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// Above all, as it is.
    head: String,
    /// What follows it.
    body: String,
    /// As code in this language.
    code: Option<String>,
}

impl Words {
    /// Reads it.
    pub fn read(asked: &Send) -> Result<Words, Failure> {
        let mut words = asked.words.clone();
        for word in &asked.rest {
            let word = word.to_str().ok_or_else(|| Failure::usage("what is to be said is not UTF-8"))?;
            words.push(word.to_owned());
        }
        let words = words.join(" ");
        if let Some(file) = &asked.file {
            let named = |why: String| Failure::usage(format!("{}: {why}", file.display()));
            let opened = File::open(file).map_err(|why| named(format!("it cannot be read: {why}")))?;
            let body = text(opened, "it").map_err(named)?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let head = [words.as_str(), name.as_str()].into_iter().filter(|part| !part.is_empty());
            let (head, code) =
                (head.collect::<Vec<_>>().join("\n"), asked.code.clone().or_else(|| Some(language(file))));
            return Ok(Words { head, body, code });
        }
        let body = match words.is_empty() && asked.words.is_empty() && asked.rest.is_empty() {
            true => {
                let read = text(io::stdin().lock(), "what comes on stdin").map_err(Failure::usage)?;
                // What a terminal would be coloured with is no words.
                strip_str(&read).to_string()
            }
            false => words,
        };
        Ok(Words { head: String::new(), body, code: asked.code.clone() })
    }

    /// As messages of at most so many bytes each (0: no limit); more than one only when that is meant.
    pub fn messages(&self, limit: usize, split: bool) -> Result<Vec<Text>, Failure> {
        if self.body.trim().is_empty() {
            return Err(Failure::usage("there is nothing to say: it is empty"));
        }
        let whole = self.framed(&self.head, &self.body);
        match Text::parse(&whole, limit) {
            Ok(text) => Ok(vec![text]),
            Err(TextError::Blank) => Err(Failure::usage("there is nothing to say: nothing of it can be seen")),
            Err(TextError::TooLong { bytes, limit }) if !split => Err(Failure::usage(format!(
                "it is too long for one message: {bytes} bytes, and this host takes {limit}. Shorten it (tail -c), or say it \
                 in several messages with --split"
            ))),
            Err(TextError::TooLong { .. }) => self.parts(if limit == 0 { UNLIMITED } else { limit }),
        }
    }

    /// Cut at the ends of lines, where that is possible.
    fn parts(&self, limit: usize) -> Result<Vec<Text>, Failure> {
        let over = || {
            Failure::usage(format!(
                "it is too long: more than {PARTS} messages of {limit} bytes. Share a file of that size in another way"
            ))
        };
        let (mut parts, mut rest, mut head) = (Vec::new(), self.body.as_str(), self.head.as_str());
        while !rest.trim().is_empty() {
            if parts.len() == PARTS {
                return Err(over());
            }
            // The frame grows by what is in it only with the ticks that it has to have more of.
            let frame = self.framed(head, "").len() + longest_ticks(rest) * 2;
            let room = limit.checked_sub(frame).filter(|room| *room >= 64);
            let room = room.ok_or_else(|| Failure::usage(format!("messages of {limit} bytes have no room for it")))?;
            let (mut part, mut more) = cut(rest, room);
            // What is made visible grows: a control character becomes three bytes.
            let text = loop {
                match Text::parse(&self.framed(head, part), limit) {
                    Ok(text) => break Some(text),
                    Err(TextError::Blank) => break None,
                    Err(TextError::TooLong { .. }) => (part, more) = cut(rest, (part.len() / 2).max(4)),
                }
            };
            parts.extend(text);
            (rest, head) = (more, "");
        }
        Ok(parts)
    }

    fn framed(&self, head: &str, body: &str) -> String {
        let head = if head.is_empty() { String::new() } else { format!("{head}\n") };
        match &self.code {
            None => format!("{head}{body}"),
            Some(language) => format!("{head}{}", block(language, body)),
        }
    }
}

/// A block of code that nothing in it ends.
pub fn block(language: &str, body: &str) -> String {
    let ticks = "`".repeat(longest_ticks(body).max(2) + 1);
    format!("{ticks}{language}\n{}\n{ticks}", body.trim_end_matches('\n'))
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The longest beginning of at most so many bytes, to the end of a line if there is one, and the rest.
fn cut(text: &str, most: usize) -> (&str, &str) {
    if text.len() <= most {
        return (text, "");
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    match text[..end].rfind('\n').filter(|at| *at > 0) {
        Some(line) => (&text[..line], &text[line + 1..]),
        None => text.split_at(end),
    }
}

/// Reads a text within the bound. The error is a sentence.
fn text(from: impl Read, what: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = from.take(READ as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|why| format!("{what} cannot be read: {why}"))?;
    if bytes.len() > READ {
        return Err(format!("{what} is too long: more than {} MiB", READ / 1024 / 1024));
    }
    String::from_utf8(bytes).map_err(|why| {
        let at = why.utf8_error().valid_up_to();
        format!("{what} is not UTF-8, from byte {} on; convert it (iconv -f latin1 -t utf-8), or show it (xxd)", at + 1)
    })
}

/// What a file's name says of its language.
fn language(file: &Path) -> String {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_ascii_lowercase();
    let known = match ending.as_str() {
        "rs" => "rust",
        "py" => "python",
        "sh" | "bash" => "sh",
        "js" | "mjs" => "js",
        "yml" => "yaml",
        "patch" => "diff",
        "c" | "h" => "c",
        "ts" | "go" | "json" | "toml" | "yaml" | "html" | "css" | "sql" | "diff" | "java" | "xml" => ending.as_str(),
        _ => "text",
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str, code: Option<&str>) -> Words {
        Words { head: String::new(), body: body.to_owned(), code: code.map(str::to_owned) }
    }

    fn said(words: &Words, limit: usize, split: bool) -> Vec<String> {
        let parts = words.messages(limit, split).expect("it can be said");
        parts.iter().map(|text| text.as_str().to_owned()).collect()
    }

    #[test]
    fn code_is_a_block_that_nothing_in_it_ends() {
        assert_eq!(said(&words("fn x() {}\n", Some("rust")), 0, false), ["```rust\nfn x() {}\n```"]);
        assert_eq!(said(&words("a\n````\nb", Some("md")), 0, false), ["`````md\na\n````\nb\n`````"]);
        let head = Words { head: "look:\nbuild.log".into(), ..words("done", Some("text")) };
        assert_eq!(said(&head, 0, false), ["look:\nbuild.log\n```text\ndone\n```"]);
    }

    #[test]
    fn what_cannot_be_said_is_told_why() {
        for (body, limit, split, why) in [
            ("", 0, false, "it is empty"),
            (" \n\t", 0, true, "it is empty"),
            ("\u{200b}", 0, false, "nothing of it can be seen"),
            ("123456789", 8, false, "9 bytes, and this host takes 8"),
            (&"x\n".repeat(9000), 100, true, "more than 64 messages of 100 bytes"),
        ] {
            let failure = words(body, None).messages(limit, split).expect_err(body);
            assert!(failure.words.contains(why), "{}", failure.words);
        }
        assert!(text(&[0xff, b'a'][..], "it").is_err_and(|why| why.contains("not UTF-8, from byte 1")));
        assert!(text(io::repeat(b'y'), "it").is_err_and(|why| why.contains("more than 1 MiB")));
    }

    #[test]
    fn what_is_split_is_whole_and_fits() {
        let line = |n: usize| format!("line {n} with some words, and é\n");
        let text: String = (0..200).map(line).collect();
        for (code, limit) in [(None, 500), (Some("text"), 500), (None, 150), (Some("rust"), 300)] {
            let parts = said(&words(&text, code), limit, true);
            assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= limit));
            let lines = parts.iter().flat_map(|part| part.lines()).filter(|line| !line.starts_with("```"));
            let whole: String = lines.map(|line| format!("{line}\n")).collect();
            assert_eq!(whole, text, "{code:?} {limit}");
        }
        // One line without an end, of characters that cannot be cut, and of such that grow.
        let parts = said(&words(&"漢".repeat(500), None), 256, true);
        assert_eq!(parts.concat(), "漢".repeat(500));
        let parts = said(&words(&"\u{1}".repeat(500), None), 256, true);
        assert_eq!(parts.concat(), "␁".repeat(500));
    }
}
