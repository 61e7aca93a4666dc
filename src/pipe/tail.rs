//! `wschat tail`: what was said in a room, and with `--follow` what is being said, in lines of text or JSON.

use std::collections::VecDeque;

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::out::{self, Read};
use super::reading::Reading;
use super::session::{Keep, Session};
use super::words::{self, Lines};
use super::{Done, Failure, Way};
use crate::cli::pipe::Tail;
use crate::cli::when::When;
use crate::client::history::{Begin, Item};
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::names::Target;

/// Messages that are read when nobody says how many.
const USUAL: u32 = 10;

/// Where to begin to read, for this.
pub fn begin(when: &When) -> Result<Begin, Failure> {
    let now = Zoned::now();
    match when {
        When::Seq(seq) => Ok(Begin::After(*seq)),
        when => when.from(&now).map(Begin::At).ok_or_else(|| Failure::usage("that is no time")),
    }
}

struct Writer<'a> {
    json: bool,
    to: &'a Target,
    lines: Lines,
}

impl Writer<'_> {
    fn write(&mut self, item: &Item) -> Result<Read, Failure> {
        if *item == Item::Anew {
            out::tell("history began anew: what follows is of a new log");
            return Ok(Read::On);
        }
        let bytes = match self.json {
            true => words::json(self.to, item).map(|mut line| {
                line.push(b'\n');
                line
            }),
            false => Some(self.lines.item(item).into_bytes()),
        };
        bytes.map_or(Ok(Read::On), |bytes| out::write(&bytes))
    }
}

/// Reads until the end, or for ever.
pub async fn run(asked: &Tail, config: &Config, paths: &Paths) -> Done {
    let way = Way::of(&asked.at, config, paths)?;
    let begin = match &asked.since {
        Some(when) => begin(when)?,
        None => Begin::Last(asked.lines.unwrap_or(USUAL)),
    };
    let mut session = Session::open(&way, Keep::Nowhere, config, paths)?;
    let unread = out::unread();
    tokio::pin!(unread);
    let read = tokio::select! {
        biased;
        read = read(asked, &way, begin, &mut session) => read,
        () = &mut unread => Ok(()),
    };
    session.bye().await;
    read
}

async fn read(asked: &Tail, way: &Way, begin: Begin, session: &mut Session) -> Done {
    let mut reading = Reading::begin(session, way, begin, Some(asked.timeout)).await?;
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let mut writer = Writer { json: asked.json, to: &way.to, lines: Lines::new(zone) };
    // With both a beginning and a number, the newest of what there is: they are known when all is read.
    let mut last: Option<(usize, VecDeque<Item>)> =
        asked.lines.filter(|_| asked.since.is_some()).map(|most| (most as usize, VecDeque::new()));
    let mut caught_up = false;
    loop {
        for item in reading.next().await? {
            match &mut last {
                Some((most, newest)) => {
                    newest.push_back(item);
                    if newest.len() > *most {
                        newest.pop_front();
                    }
                }
                None => {
                    if writer.write(&item)? == Read::Gone {
                        return Ok(());
                    }
                }
            }
        }
        if caught_up || !reading.history().caught_up() {
            continue;
        }
        for item in last.take().into_iter().flat_map(|(_, newest)| newest) {
            if writer.write(&item)? == Read::Gone {
                return Ok(());
            }
        }
        if !asked.follow {
            return Ok(());
        }
        caught_up = true;
        reading.be_patient();
    }
}
