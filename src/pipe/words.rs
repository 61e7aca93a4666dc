//! What was said as it is written: in lines of text, in JSON, as Markdown. Pure; the zone of the times is handed in.
//!
//! Markdown is other people's words in a document of one's own, so it is made harmless: each message is a quote that it
//! cannot leave, HTML in it is shown and not meant, and the only blocks of code are those that begin at a line's begin.

use std::collections::VecDeque;

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::client::history::Item;
use crate::protocol::dialect::v1;
use crate::protocol::entry::{Author, Entry, Seq, Shown, ShownWhat, Timestamp, What};
use crate::protocol::event::Event;
use crate::protocol::names::Target;

/// Messages that are remembered, so that a change of one can say of which.
const REMEMBERED: usize = 256;

/// Characters of a message that say which one it is.
const QUOTED: usize = 40;

/// Writes lines of text.
pub struct Lines {
    zone: TimeZone,
    known: VecDeque<(Seq, String)>,
}

/// A name as it stands before words; a guest's has its mark.
pub fn called(author: &Author) -> String {
    format!("{}{}", if author.guest { "~" } else { "" }, author.name)
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Zoned {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(zone.clone())
}

/// The first words of a message, on one line.
fn quoted(text: &str) -> String {
    let line = text.lines().next().unwrap_or("").replace('\t', " ");
    match line.chars().count() > QUOTED || text.lines().count() > 1 {
        true => format!("“{}…”", line.chars().take(QUOTED).collect::<String>()),
        false => format!("“{line}”"),
    }
}

impl Lines {
    /// With times of this zone.
    pub fn new(zone: TimeZone) -> Lines {
        Lines { zone, known: VecDeque::new() }
    }

    fn remember(&mut self, seq: Seq, text: &str) {
        if self.known.len() >= REMEMBERED {
            self.known.pop_front();
        }
        self.known.push_back((seq, quoted(text)));
    }

    fn which(&self, of: Seq) -> String {
        let known = self.known.iter().rev().find(|(seq, _)| *seq == of);
        known.map_or_else(|| format!("message {of}"), |(_, words)| words.clone())
    }

    /// A time, a name and words; further lines of the words stand behind two blanks, so that none of them can be taken for
    /// somebody else's.
    fn line(&self, at: Timestamp, head: &str, text: &str) -> String {
        let mut lines = text.lines();
        let time = zoned(at, &self.zone).strftime("%Y-%m-%d %H:%M:%S");
        let mut line = format!("{time} {head}{}\n", lines.next().unwrap_or(""));
        for more in lines {
            line.push_str("  ");
            line.push_str(more);
            line.push('\n');
        }
        line
    }

    /// One thing that was read.
    pub fn item(&mut self, item: &Item) -> String {
        match item {
            Item::Said(shown) => self.said(shown),
            Item::Change(entry) => self.change(entry),
            Item::Changed(shown) => {
                let (which, name) = (self.which(shown.seq), called(&shown.from));
                match &shown.what {
                    ShownWhat::Said { text: None, .. } => self.line(shown.at, &format!("* {name} deleted "), &which),
                    ShownWhat::Said { text: Some(text), reactions, .. } => {
                        let mut signs = String::new();
                        for reaction in reactions {
                            signs.push_str(&format!(" {} {}", reaction.emoji.as_str(), reaction.count));
                        }
                        self.remember(shown.seq, text.as_str());
                        self.line(shown.at, &format!("* {name} said {which}, now{signs}: "), text.as_str())
                    }
                    ShownWhat::Topic { .. } => String::new(),
                }
            }
            Item::Anew => "* history began anew\n".to_owned(),
        }
    }

    /// A message.
    pub fn said(&mut self, shown: &Shown) -> String {
        let name = called(&shown.from);
        match &shown.what {
            ShownWhat::Topic { text } if text.is_blank() => {
                self.line(shown.at, &format!("* {name} cleared the topic"), "")
            }
            ShownWhat::Topic { text } => self.line(shown.at, &format!("* {name} set the topic: "), &text.one_line()),
            ShownWhat::Said { text: None, .. } => String::new(),
            ShownWhat::Said { text: Some(text), me, reply_to, edited, .. } => {
                let answers = reply_to.map(|of| format!(" to {}", self.which(of))).unwrap_or_default();
                let edited = if *edited { " (edited)" } else { "" };
                self.remember(shown.seq, text.as_str());
                match me {
                    true => self.line(shown.at, &format!("* {name}{answers}{edited} "), text.as_str()),
                    false => self.line(shown.at, &format!("{name}{answers}{edited}: "), text.as_str()),
                }
            }
        }
    }

    fn change(&mut self, entry: &Entry) -> String {
        let name = called(&entry.from);
        let which = entry.what.of().map(|of| self.which(of)).unwrap_or_default();
        match &entry.what {
            What::Edited { of, text } => {
                self.remember(*of, text.as_str());
                self.line(entry.at, &format!("* {name} changed {which} to: "), text.as_str())
            }
            What::Deleted { .. } => self.line(entry.at, &format!("* {name} deleted {which}"), ""),
            What::Reacted { emoji, .. } => {
                self.line(entry.at, &format!("* {name} reacted {} to {which}", emoji.as_str()), "")
            }
            What::Unreacted { emoji, .. } => {
                self.line(entry.at, &format!("* {name} took back {} from {which}", emoji.as_str()), "")
            }
            What::Said { .. } | What::Topic { .. } => String::new(),
        }
    }
}

/// One thing that was read, as an object with the wire's own fields; `None` when there is none for it.
pub fn json(to: &Target, item: &Item) -> Option<Vec<u8>> {
    match item {
        Item::Said(shown) => Some(v1::encode_shown("entry", to, shown)),
        Item::Changed(shown) => Some(v1::encode_shown("changed", to, shown)),
        Item::Change(entry) => Some(v1::encode(&Event::Entry(std::sync::Arc::new(entry.clone())), None)),
        Item::Anew => None,
    }
}

/// Writes Markdown.
pub struct Markdown {
    zone: TimeZone,
    day: String,
}

impl Markdown {
    /// With times of this zone.
    pub fn new(zone: TimeZone) -> Markdown {
        Markdown { zone, day: String::new() }
    }

    /// What stands above all.
    pub fn head(to: &Target) -> String {
        format!("# {}\n", escaped(&to.to_string()))
    }

    /// A message, behind its day when that is a new one.
    pub fn said(&mut self, shown: &Shown) -> String {
        let at = zoned(shown.at, &self.zone);
        let (day, time) = (at.strftime("%Y-%m-%d").to_string(), at.strftime("%H:%M"));
        let mut out = String::new();
        if day != self.day {
            out.push_str(&format!("\n## {day}\n"));
            self.day = day;
        }
        let (name, seq) = (escaped(&called(&shown.from)), shown.seq);
        match &shown.what {
            ShownWhat::Topic { text } => {
                out.push_str(&format!("\n*{time} · {seq}* **{name}** set the topic:\n\n"));
                out.push_str(&quote(text.as_str()));
            }
            ShownWhat::Said { text: None, .. } => {}
            ShownWhat::Said { text: Some(text), me, reply_to, edited, reactions } => {
                let me = if *me { ", of themselves" } else { "" };
                let answers = reply_to.map(|of| format!(", to {of}")).unwrap_or_default();
                let edited = if *edited { ", edited" } else { "" };
                out.push_str(&format!("\n*{time} · {seq}* **{name}**{me}{answers}{edited}:\n\n"));
                out.push_str(&quote(text.as_str()));
                if !reactions.is_empty() {
                    let signs: Vec<String> = reactions
                        .iter()
                        .map(|reaction| format!("{} {}", escaped(reaction.emoji.as_str()), reaction.count))
                        .collect();
                    out.push_str(&format!("\n{}\n", signs.join(" · ")));
                }
            }
        }
        out
    }
}

/// A word that is one in Markdown, too.
fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '-' | '.') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The ticks of a line that begins a block of code at its first column, as CommonMark has it (4.5).
fn fence(line: &str) -> Option<usize> {
    let rest = line.trim_start_matches('`');
    let ticks = line.len() - rest.len();
    (ticks >= 3 && !rest.contains('`')).then_some(ticks)
}

/// Whether this line ends a block that so many ticks began.
fn ends(line: &str, ticks: usize) -> bool {
    let indented = line.trim_start_matches(' ');
    let rest = indented.trim_start_matches('`');
    line.len() - indented.len() <= 3 && indented.len() - rest.len() >= ticks && rest.trim().is_empty()
}

/// Somebody's words as a quote. What begins a block of code anywhere but at the first column does not, here: in a list it
/// would end with that, and what follows would be read as something else than it was.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut open: Option<usize> = None;
    for line in text.lines() {
        out.push_str("> ");
        match open {
            Some(ticks) => {
                out.push_str(line);
                open = open.filter(|_| !ends(line, ticks));
            }
            None => match fence(line) {
                Some(ticks) => {
                    open = Some(ticks);
                    out.push_str(line);
                }
                None => out.push_str(&harmless(line)),
            },
        }
        out.push('\n');
    }
    out
}

/// A line of prose without HTML and without signs of blocks that do not begin here.
fn harmless(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' if chars.peek().is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')) => {
                out.push_str("&lt;");
            }
            '`' | '~' => {
                let mut run = 1;
                while chars.next_if_eq(&c).is_some() {
                    run += 1;
                }
                for _ in 0..run {
                    if run >= 3 {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::entry::{Emoji, PersonId, Reaction};
    use crate::protocol::names::Nick;
    use crate::protocol::text::Text;

    fn shown(seq: u64, text: &str) -> Shown {
        let from = Author { person: PersonId([1; 16]), name: Nick::parse("ann").unwrap(), guest: seq == 2, bot: false };
        let text = Some(Text::clean(text));
        let what = ShownWhat::Said { text, me: false, reply_to: None, edited: false, reactions: Vec::new() };
        let at = Timestamp(1_795_795_200_000 + seq as i64 * 1000);
        Shown { seq: Seq(seq), at, from, nonce: None, rev: Seq(seq), mentions: Vec::new(), what }
    }

    #[test]
    fn lines_of_text_cannot_be_taken_for_somebody_elses() {
        let mut lines = Lines::new(TimeZone::UTC);
        assert_eq!(lines.said(&shown(1, "hello")), "2026-11-27 16:00:01 ann: hello\n");
        let forged = lines.said(&shown(2, "a\n2026-11-27 16:00:01 ben: yes"));
        assert_eq!(forged, "2026-11-27 16:00:02 ~ann: a\n  2026-11-27 16:00:01 ben: yes\n");
        let mut answer = shown(3, "why?");
        if let ShownWhat::Said { reply_to, edited, .. } = &mut answer.what {
            (*reply_to, *edited) = (Some(Seq(1)), true);
        }
        assert_eq!(lines.said(&answer), "2026-11-27 16:00:03 ann to “hello” (edited): why?\n");
    }

    #[test]
    fn json_has_the_fields_of_the_wire() {
        let to = Target::parse("#ops").unwrap();
        let mut one = shown(7, "say \"\u{1b}[2J\"");
        if let ShownWhat::Said { reactions, .. } = &mut one.what {
            reactions.push(Reaction { emoji: Emoji::parse("👍").unwrap(), count: 1, by: vec![one.from.clone()] });
        }
        let line = json(&to, &Item::Said(one)).expect("an object");
        let value: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        assert_eq!(value["type"], "entry");
        assert_eq!((&value["to"], &value["seq"], &value["kind"]), (&"#ops".into(), &7.into(), &"said".into()));
        assert_eq!((&value["from"]["name"], &value["reactions"][0]["emoji"]), (&"ann".into(), &"👍".into()));
        assert!(!line.contains(&b'\n') && !line.contains(&0x1b));
    }

    #[test]
    fn markdown_is_a_quote_that_nobody_leaves() {
        for (text, written) in [
            ("plain", "> plain\n"),
            ("a\n\n# b", "> a\n> \n> # b\n"),
            ("<script>x</script> 1 < 2 <https://x>", "> &lt;script>x&lt;/script> 1 < 2 &lt;https://x>\n"),
            ("```rust\nVec<String>\n```\n<b>", "> ```rust\n> Vec<String>\n> ```\n> &lt;b>\n"),
            ("```\nnot over ```\n<b>", "> ```\n> not over ```\n> <b>\n"),
            // A block in a list, which CommonMark ends with the list: nothing of it is one.
            ("- a\n  ```\n<b>", "> - a\n>   \\`\\`\\`\n> &lt;b>\n"),
            (" ```\n```\n<b>\n```\n<i>", ">  \\`\\`\\`\n> ```\n> <b>\n> ```\n> &lt;i>\n"),
            ("~~~\n<b>", "> \\~\\~\\~\n> &lt;b>\n"),
            ("`a < b` and ~~no~~", "> `a < b` and ~~no~~\n"),
        ] {
            assert_eq!(quote(text), written, "{text}");
        }
        let mut markdown = Markdown::new(TimeZone::UTC);
        let first = markdown.said(&shown(1, "one"));
        assert_eq!(first, "\n## 2026-11-27\n\n*16:00 · 1* **ann**:\n\n> one\n");
        assert_eq!(markdown.said(&shown(2, "two")), "\n*16:00 · 2* **\\~ann**:\n\n> two\n");
    }
}
