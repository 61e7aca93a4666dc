//! `wschat ask`: a question in a room, or to a person, and an answer that a script can go by. Who may answer is decided
//! here: a guest's name is nobody's, so what a guest says counts only when that is meant.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::out;
use super::reading::Reading;
use super::session::{Keep, News, Session, until, wait_for};
use super::signals::Signals;
use super::words::called;
use super::{Done, Exit, Failure, Way};
use crate::cli::pipe::Ask;
use crate::client::history::{Begin, Item};
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::entry::{Author, Seq, ShownWhat, What};
use crate::protocol::event::Event;
use crate::protocol::names::Target;
use crate::protocol::span;
use crate::protocol::text::Text;

/// How long the question may take to be asked.
const ASKED_WITHIN: Duration = Duration::from_secs(10);

/// How long saying what came of it may take: the answer is there already.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// Words that are a yes, folded.
const YES: &[&str] = &[
    "yes", "y", "yep", "yeah", "ok", "okay", "sure", "+1", "👍", "✅", "👌", "🆗", "ja", "oui", "si", "sí", "sim", "da",
];
const NO: &[&str] = &["no", "n", "nope", "-1", "👎", "❌", "⛔", "🚫", "nein", "non", "não", "nao", "nej"];

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    from: Author,
    text: String,
    yes: Option<bool>,
}

/// Whether these words are a yes or a no; everything else is neither, and is waited past.
fn yes_or_no(text: &str) -> Option<bool> {
    // A sign in another colour is the same sign.
    let plain = |c: &char| !matches!(c, '\u{1F3FB}'..='\u{1F3FF}' | '\u{FE0E}' | '\u{FE0F}');
    let text: String = text.trim().trim_end_matches(['.', '!', ',']).chars().filter(plain).collect();
    let text = text.to_lowercase();
    match (YES.contains(&text.as_str()), NO.contains(&text.as_str())) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Asks, and waits.
pub async fn run(asked: &Ask, config: &Config, paths: &Paths) -> Done {
    let way = Way::of(&asked.at, config, paths)?;
    let question = asked.words.join(" ");
    if Text::clean(&question).is_blank() {
        return Err(Failure::usage("there is no question: it is empty"));
    }
    let mut session = Session::open(&way, Keep::Nowhere, config, paths)?;
    let mut signals = Signals::new()?;
    let mut asking = Asking { asked, way: &way, question, seq: None };
    let ended = tokio::select! {
        biased;
        answer = asking.ask(&mut session) => answer,
        signal = signals.told() => Err(Failure::new(Exit::Signal(signal), "interrupted")),
    };
    let closing = match &ended {
        Ok(answer) => match answer.yes {
            Some(true) => format!("yes, says {}", called(&answer.from)),
            Some(false) => format!("no, says {}", called(&answer.from)),
            None => format!("answered by {}", called(&answer.from)),
        },
        Err(failure) if failure.exit == Exit::Unanswered => {
            let time = asked.timeout.map(span::show).unwrap_or_default();
            format!("nobody answered within {time}; it is not waited for any more")
        }
        Err(_) => "nobody waits for an answer any more".to_owned(),
    };
    let answered = match &ended {
        Ok(answer) => tell(asked, answer),
        Err(_) => Ok(()),
    };
    // Whoever reads it later sees that it is over. Not to be able to say so changes nothing of the answer.
    if let Err(failure) = asking.close(&mut session, &closing).await {
        tracing::warn!("the question stays open to look at: {}", failure.words);
    }
    session.bye().await;
    answered?;
    match ended?.yes {
        Some(false) => Err(Failure::new(Exit::No, "")),
        _ => Ok(()),
    }
}

/// The answer on stdout, and on stderr whose it is.
fn tell(asked: &Ask, answer: &Answer) -> Done {
    let line = match asked.json {
        true => {
            let from = json!({
                "person": answer.from.person.to_string(), "name": answer.from.name.as_str(), "guest": answer.from.guest,
            });
            json!({"answer": answer.text, "yes": answer.yes, "from": from}).to_string()
        }
        false => answer.text.clone(),
    };
    out::tell(&format!("answered by {}", called(&answer.from)));
    out::write(format!("{line}\n").as_bytes()).map(|_| ())
}

struct Asking<'a> {
    asked: &'a Ask,
    way: &'a Way,
    question: String,
    seq: Option<Seq>,
}

impl Asking<'_> {
    /// What is said: the question, and how to answer it.
    fn text(&self) -> String {
        let how = match (self.asked.yes_no, &self.way.to) {
            (true, Target::Room(_)) => "answer by 👍 or 👎, or reply yes or no",
            (true, Target::Direct(_)) => "answer yes or no, or by 👍 or 👎",
            (false, Target::Room(_)) => "reply to this message to answer",
            (false, Target::Direct(_)) => "what you say next is the answer",
        };
        format!("{}\n*{how}*", self.question)
    }

    async fn ask(&mut self, session: &mut Session) -> Result<Answer, Failure> {
        let before = Instant::now() + ASKED_WITHIN.min(self.asked.timeout.unwrap_or(ASKED_WITHIN));
        let deadline = self.asked.timeout.map(|timeout| Instant::now() + timeout);
        session.reach(self.way, &self.way.to, before).await?;
        if session.plain() {
            let words = format!("{} speaks only plain text: nobody can answer there", session.chat().address());
            return Err(Failure::new(Exit::Refused, words));
        }
        let text = Text::parse(&self.text(), session.chat().text_bytes());
        let text = text.map_err(|why| Failure::usage(format!("the question cannot be asked: {why}")))?;
        let seq = self.put(session, What::Said { text, me: false, reply_to: None }, before).await?;
        self.seq = Some(seq);
        let mut reading = Reading::begin(session, self.way, Begin::After(seq), None).await?;
        loop {
            let items = tokio::select! {
                biased;
                items = reading.next() => items?,
                () = until(deadline) => return Err(Failure::new(Exit::Unanswered, "nobody answered in time")),
            };
            for item in items {
                if let Some(answer) = self.answer(&item, seq) {
                    return Ok(answer);
                }
                if item == Item::Anew {
                    return Err(Failure::new(Exit::Refused, "history began anew, and the question is not in it"));
                }
            }
        }
    }

    /// Puts an entry into the log; gives its place.
    async fn put(&self, session: &mut Session, what: What, before: Instant) -> Result<Seq, Failure> {
        let record = session.chat_mut().record(self.way.to.clone(), what);
        let nonce = record.nonce;
        let mut waiting = session.say(record);
        loop {
            session.check(&waiting)?;
            for one in waiting {
                match one {
                    News::Heard(Event::Entry(entry)) if entry.nonce == Some(nonce) => return Ok(entry.seq),
                    News::Heard(Event::Refused(refusal))
                        if refusal.nonce == Some(nonce) && wait_for(&refusal).is_none() =>
                    {
                        session.discard(nonce);
                        return Err(Failure::new(Exit::Refused, refusal.text));
                    }
                    News::Down if self.way.guest => {
                        session.discard(nonce);
                        let words = format!("{} cut the wire; a guest does not ask twice", session.chat().address());
                        return Err(Failure::new(Exit::NotReached, words));
                    }
                    _ => {}
                }
            }
            waiting = tokio::select! {
                biased;
                news = session.next() => news,
                () = sleep_until(before) => {
                    session.discard(nonce);
                    return Err(session.not_reached());
                }
            };
        }
    }

    /// The message says what came of it.
    async fn close(&mut self, session: &mut Session, closing: &str) -> Done {
        let Some(of) = self.seq else { return Ok(()) };
        let before = Instant::now() + CLOSED_WITHIN;
        session.come_in(before).await?;
        let text = Text::clean(&format!("{}\n*{closing}*", self.question));
        self.put(session, What::Edited { of, text }, before).await.map(|_| ())
    }

    /// Whether this answers.
    fn answer(&self, item: &Item, question: Seq) -> Option<Answer> {
        match item {
            Item::Said(shown) => {
                let ShownWhat::Said { text: Some(text), reply_to, .. } = &shown.what else { return None };
                let other = matches!(&self.way.to, Target::Direct(name) if shown.from.name == *name);
                let meant = *reply_to == Some(question) || other;
                self.counts(&shown.from, text.as_str()).filter(|_| meant)
            }
            Item::Change(entry) if self.asked.yes_no => match &entry.what {
                What::Reacted { of, emoji } if *of == question => self.counts(&entry.from, emoji.as_str()),
                _ => None,
            },
            // While the wire was cut somebody may have reacted.
            Item::Changed(shown) if self.asked.yes_no && shown.seq == question => {
                let ShownWhat::Said { reactions, .. } = &shown.what else { return None };
                let all = reactions.iter().flat_map(|reaction| reaction.by.iter().map(move |by| (by, &reaction.emoji)));
                let mut all = all.filter_map(|(by, emoji)| self.counts(by, emoji.as_str()));
                all.next()
            }
            _ => None,
        }
    }

    /// The answer, if this is one, and this person's counts.
    fn counts(&self, from: &Author, text: &str) -> Option<Answer> {
        let named = self.asked.by.is_empty() || self.asked.by.contains(&from.name);
        if !named || (from.guest && !self.asked.guests) {
            return None;
        }
        let yes = yes_or_no(text);
        match self.asked.yes_no {
            true => yes.map(|yes| {
                let text = if yes { "yes" } else { "no" }.to_owned();
                Answer { from: from.clone(), text, yes: Some(yes) }
            }),
            false => Some(Answer { from: from.clone(), text: text.to_owned(), yes: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_yes_and_what_is_a_no() {
        for (text, means) in [
            ("yes", Some(true)),
            ("Yes!", Some(true)),
            (" OK. ", Some(true)),
            ("👍", Some(true)),
            ("👍🏽", Some(true)),
            ("✅", Some(true)),
            ("No", Some(false)),
            ("nein", Some(false)),
            ("👎🏿", Some(false)),
            ("⛔️", Some(false)),
            ("yes, but not now", None),
            ("not yes", None),
            ("maybe", None),
            ("", None),
            ("🎉", None),
        ] {
            assert_eq!(yes_or_no(text), means, "{text}");
        }
    }
}
