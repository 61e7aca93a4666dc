//! `wschat export`: a whole conversation, or a stretch of it, in its present form, page by page as it is read.

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::out::{self, Read};
use super::reading::Reading;
use super::session::{Keep, Session};
use super::tail::begin;
use super::words::{self, Lines, Markdown};
use super::{Done, Exit, Failure, Way};
use crate::cli::pipe::{Export, Format};
use crate::cli::when::When;
use crate::client::history::{Begin, Item};
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::entry::{Seq, Shown, Timestamp};
use crate::protocol::names::Target;

/// Where it ends.
enum End {
    Seq(Seq),
    Time(Timestamp),
    Nowhere,
}

impl End {
    fn of(when: Option<&When>) -> End {
        match when {
            None => End::Nowhere,
            Some(When::Seq(seq)) => End::Seq(*seq),
            Some(when) => when.to(&Zoned::now()).map_or(End::Nowhere, End::Time),
        }
    }

    fn holds(&self, shown: &Shown) -> bool {
        match self {
            End::Seq(seq) => shown.seq <= *seq,
            End::Time(at) => shown.at <= *at,
            End::Nowhere => true,
        }
    }
}

/// What a conversation is written as, and how far it is.
enum Writer {
    Txt(Lines),
    Md(Markdown),
    Json { any: bool },
}

impl Writer {
    fn new(format: Format, zone: TimeZone) -> Writer {
        match format {
            Format::Txt => Writer::Txt(Lines::new(zone)),
            Format::Md => Writer::Md(Markdown::new(zone)),
            Format::Json => Writer::Json { any: false },
        }
    }

    fn head(&self, to: &Target) -> String {
        match self {
            Writer::Txt(_) => String::new(),
            Writer::Md(_) => Markdown::head(to),
            Writer::Json { .. } => "[".to_owned(),
        }
    }

    fn said(&mut self, to: &Target, shown: Shown) -> Vec<u8> {
        match self {
            Writer::Txt(lines) => lines.said(&shown).into_bytes(),
            Writer::Md(markdown) => markdown.said(&shown).into_bytes(),
            Writer::Json { any } => {
                let before: &[u8] = if std::mem::replace(any, true) { b",\n" } else { b"\n" };
                let object = words::json(to, &Item::Said(shown)).unwrap_or_default();
                [before, &object].concat()
            }
        }
    }

    fn foot(&self) -> &'static str {
        match self {
            Writer::Json { .. } => "\n]\n",
            _ => "",
        }
    }
}

/// Writes it.
pub async fn run(asked: &Export, config: &Config, paths: &Paths) -> Done {
    let way = Way::of(&asked.at, config, paths)?;
    let begin = match &asked.from {
        // Behind an entry is where reading begins; from one on is what is asked for.
        Some(When::Seq(seq)) => Begin::After(seq.prev()),
        Some(when) => begin(when)?,
        None => Begin::After(Seq::ZERO),
    };
    let end = End::of(asked.to.as_ref());
    let mut session = Session::open(&way, Keep::Nowhere, config, paths)?;
    let written = write(asked, &way, begin, &end, &mut session).await;
    session.bye().await;
    written
}

async fn write(asked: &Export, way: &Way, begin: Begin, end: &End, session: &mut Session) -> Done {
    let mut reading = Reading::begin(session, way, begin, Some(asked.timeout)).await?;
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let mut writer = Writer::new(asked.format, zone);
    // Nothing is written before something was read: a refusal leaves no half of a document.
    let mut head = Some(writer.head(&way.to));
    loop {
        let items = reading.next().await?;
        let (mut bytes, mut beyond) = (Vec::new(), false);
        for item in items {
            match item {
                Item::Said(shown) if end.holds(&shown) => {
                    bytes.extend(head.take().unwrap_or_default().into_bytes());
                    bytes.extend(writer.said(&way.to, shown));
                    beyond = false;
                }
                // Clocks of hosts have gone back: only when a whole page lies beyond is it the end.
                Item::Said(_) => beyond = bytes.is_empty(),
                Item::Anew => {
                    let words = "history began anew while it was read: what is written is of two logs; export it again";
                    return Err(Failure::new(Exit::Refused, words));
                }
                Item::Change(_) | Item::Changed(_) => {}
            }
        }
        if !bytes.is_empty() && out::write(&bytes)? == Read::Gone {
            return Ok(());
        }
        if beyond || reading.history().caught_up() {
            break;
        }
    }
    let last = format!("{}{}", head.unwrap_or_default(), writer.foot());
    out::write(last.as_bytes()).map(|_| ())
}
