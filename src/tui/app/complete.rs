//! Tab completion: what the word before the caret could become, and going round among it. Candidates are commands at the
//! start of a line, rooms after `#`, emoji after `:`, people elsewhere.

use super::App;
use crate::protocol::names::{Target, fold};
use crate::protocol::slash::{At, COMMANDS};

/// Letters of an emoji's name from which on it is completed, and how many are offered at most.
const EMOJI_FROM: usize = 2;
const EMOJI_OFFERED: usize = 50;

fn emoji_label(sign: &str) -> String {
    let name = emojis::get(sign).and_then(emojis::Emoji::shortcode).unwrap_or_default();
    format!("{sign} {name}")
}

/// Candidates of one word, the first taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Everything the word could be, best first.
    pub items: Vec<String>,
    /// How they are listed.
    labels: Vec<String>,
    /// Which of them stands in the composer.
    pub chosen: usize,
    /// Characters of it there, with what follows it.
    length: usize,
    /// What follows a candidate: `: ` after a name at the start of a line, else a blank.
    after: &'static str,
}

impl App {
    /// The candidates and which one is taken, while there is a choice.
    pub fn completing(&self) -> Option<(&[String], usize)> {
        self.completion.as_ref().map(|completion| (completion.labels.as_slice(), completion.chosen))
    }

    /// Completes the word before the caret; once it is, goes on to the next candidate, or back.
    pub(super) fn complete(&mut self, back: bool) {
        let (completion, replaced) = match self.completion.take() {
            Some(mut known) => {
                let many = known.items.len();
                known.chosen = (known.chosen + if back { many - 1 } else { 1 }) % many;
                let replaced = known.length;
                (known, replaced)
            }
            None => {
                let area = self.composer();
                let cursor = area.cursor();
                let line: Vec<char> = area.lines()[cursor.0].chars().take(cursor.1).collect();
                let start = line.iter().rposition(|c| c.is_whitespace()).map_or(0, |at| at + 1);
                let word: String = line[start..].iter().collect();
                let first = start == 0 && cursor.0 == 0;
                let (items, after) = self.candidates(&word, first);
                if items.is_empty() {
                    return;
                }
                let labels = match word.starts_with(':') {
                    true => items.iter().map(|sign| emoji_label(sign)).collect(),
                    false => items.clone(),
                };
                (Completion { items, labels, chosen: 0, length: 0, after }, word.chars().count())
            }
        };
        let text = format!("{}{}", completion.items[completion.chosen], completion.after);
        self.replace_before_caret(replaced, &text);
        let length = text.chars().count();
        // One candidate is no choice: the next Tab completes the next word.
        self.completion = (completion.items.len() > 1).then_some(Completion { length, ..completion });
    }

    fn candidates(&self, word: &str, first: bool) -> (Vec<String>, &'static str) {
        if let Some(begun) = word.strip_prefix('/').filter(|_| first) {
            let known = COMMANDS.iter().filter(|spec| spec.at != At::Plain);
            let fits = known.filter(|spec| spec.name.starts_with(&begun.to_lowercase()));
            return (fits.map(|spec| format!("/{}", spec.name)).collect(), " ");
        }
        if let Some(begun) = word.strip_prefix('#') {
            let rooms = self.chat.talks().iter().filter_map(|talk| match &talk.to {
                Target::Room(room) => Some(room),
                Target::Direct(_) => None,
            });
            let fits = rooms.filter(|room| room.folded().starts_with(&fold(begun)));
            return (fits.map(ToString::to_string).collect(), " ");
        }
        if let Some(begun) = word.strip_prefix(':').filter(|begun| begun.len() >= EMOJI_FROM) {
            let begun = begun.trim_end_matches(':').to_lowercase();
            let fits = |emoji: &&emojis::Emoji| emoji.shortcodes().any(|name| name.starts_with(&begun));
            let found = emojis::iter().filter(fits).take(EMOJI_OFFERED);
            return (found.map(|emoji| emoji.as_str().to_owned()).collect(), " ");
        }
        let (sign, begun) = match word.strip_prefix('@') {
            Some(begun) => ("@", begun),
            None => ("", word),
        };
        if begun.is_empty() && sign.is_empty() {
            return (Vec::new(), "");
        }
        let begun = fold(begun);
        // Who spoke last is who is meant most often.
        let recent: Vec<_> = match self.here_talk() {
            Some(talk) => talk.timeline.latest(200).map(|shown| shown.from.name.clone()).collect(),
            None => Vec::new(),
        };
        let me = self.chat.me().map(|me| me.name.folded().to_owned());
        let mut items: Vec<String> = Vec::new();
        for name in recent.into_iter().chain(self.chat.names()) {
            let item = format!("{sign}{name}");
            let own = me.as_deref() == Some(name.folded());
            if name.folded().starts_with(&begun) && !own && !items.contains(&item) {
                items.push(item);
            }
        }
        (items, if first && sign.is_empty() { ": " } else { " " })
    }
}
