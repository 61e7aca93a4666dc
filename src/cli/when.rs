//! A place in a log as one types it behind `--since`, `--from` and `--to`: a number, a time that has passed since, a day, a
//! moment. Pure: what time it is, and where, is handed in.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use crate::protocol::entry::{Seq, Timestamp};
use crate::protocol::span;

/// What one can write, for errors.
const FORMS: &str = "write a time that has passed (90s, 1h10m, 7d), today, yesterday, 15:00, 2026-11-20, '2026-11-20 15:00', a time of \
     RFC 3339 (2026-11-20T15:00:00Z), or the number of a message";

/// A place in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// The message with this number.
    Seq(Seq),
    /// So long ago.
    Ago(Duration),
    /// The day so many days before this one.
    DaysAgo(i8),
    /// That day.
    Day(Date),
    /// That time of this day.
    Clock(Time),
    /// That time of that day, where one is.
    Civil(DateTime),
    /// Wherever one is.
    Moment(jiff::Timestamp),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<When, String> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(|seq| When::Seq(Seq(seq))).map_err(|_| format!("no log has {text} messages"));
        }
        if let Some(span) = span::parse(text) {
            return Ok(When::Ago(span));
        }
        // A name of a zone in brackets is more than anybody writes here, and the parsers would take it.
        let plain = text.len() <= 64 && !text.contains('[');
        let read = match text {
            "today" => Some(When::DaysAgo(0)),
            "yesterday" => Some(When::DaysAgo(1)),
            _ if !plain => None,
            // What has an offset is a moment; read as a time of day it would lose it.
            _ => text.parse().map(When::Moment).ok().or_else(|| civil(text)),
        };
        read.ok_or_else(|| format!("that is no time; {FORMS}"))
    }
}

/// A day or a time without a word of where.
fn civil(text: &str) -> Option<When> {
    if text.contains(['Z', 'z', '+']) {
        return None;
    }
    match (text.contains('-'), text.contains(':')) {
        (true, true) => text.parse().map(When::Civil).ok(),
        (true, false) => text.parse().map(When::Day).ok(),
        (false, true) => text.parse().map(When::Clock).ok(),
        (false, false) => None,
    }
}

impl When {
    /// The first moment that is meant, seen from this one; `None` for the number of a message.
    pub fn from(&self, now: &Zoned) -> Option<Timestamp> {
        self.moment(now, false)
    }

    /// The last moment that is meant: of a day its end.
    pub fn to(&self, now: &Zoned) -> Option<Timestamp> {
        self.moment(now, true)
    }

    fn moment(&self, now: &Zoned, end: bool) -> Option<Timestamp> {
        let zone = now.time_zone();
        let day = |date: Date| match end {
            // The last millisecond, whatever hour of the day a change of clocks takes.
            true => date.tomorrow().ok().and_then(|next| start(next, zone)).map(|next| Timestamp(next.0 - 1)),
            false => start(date, zone),
        };
        // What no calendar holds lies before or behind everything that was ever said.
        let far = Some(Timestamp(if end { i64::MAX } else { 0 }));
        match self {
            When::Seq(_) => None,
            When::Ago(span) => {
                let ago = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
                Some(Timestamp(now.timestamp().as_millisecond().saturating_sub(ago).max(0)))
            }
            When::DaysAgo(days) => now.date().checked_sub(Span::new().days(*days)).ok().and_then(day).or(far),
            When::Day(date) => day(*date).or(far),
            When::Clock(time) => at(now.date().to_datetime(*time), zone).or(far),
            When::Civil(time) => at(*time, zone).or(far),
            When::Moment(moment) => Some(Timestamp(moment.as_millisecond())),
        }
    }
}

fn start(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let first = date.to_zoned(zone.clone()).and_then(|zoned| zoned.start_of_day()).ok()?;
    Some(Timestamp(first.timestamp().as_millisecond()))
}

fn at(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    Some(Timestamp(time.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-27T12:30:00+01:00[Europe/Berlin]".parse().expect("a time of the test")
    }

    #[test]
    fn what_one_writes_is_what_is_meant() {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().expect(text).as_millisecond();
        for (text, from, to) in [
            ("1h", "2026-11-27T10:30:00Z", "2026-11-27T10:30:00Z"),
            ("1h10m", "2026-11-27T10:20:00Z", "2026-11-27T10:20:00Z"),
            ("today", "2026-11-26T23:00:00Z", "2026-11-27T22:59:59.999Z"),
            ("yesterday", "2026-11-25T23:00:00Z", "2026-11-26T22:59:59.999Z"),
            ("2026-11-20", "2026-11-19T23:00:00Z", "2026-11-20T22:59:59.999Z"),
            // The day on which the clocks change.
            ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59.999Z"),
            ("15:00", "2026-11-27T14:00:00Z", "2026-11-27T14:00:00Z"),
            ("2026-11-20 15:00", "2026-11-20T14:00:00Z", "2026-11-20T14:00:00Z"),
            ("2026-11-20T15:00:30", "2026-11-20T14:00:30Z", "2026-11-20T14:00:30Z"),
            ("2026-11-20T15:00:00Z", "2026-11-20T15:00:00Z", "2026-11-20T15:00:00Z"),
            ("2026-11-20T15:00:00-05:00", "2026-11-20T20:00:00Z", "2026-11-20T20:00:00Z"),
            ("99999999d", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            let when: When = text.parse().expect(text);
            assert_eq!(when.from(&now()), Some(Timestamp(moment(from))), "from {text}");
            assert_eq!(when.to(&now()), Some(Timestamp(moment(to))), "to {text}");
        }
        let seq: When = "41".parse().expect("a number");
        assert_eq!((seq.clone(), seq.from(&now())), (When::Seq(Seq(41)), None));
    }

    #[test]
    fn what_is_no_time_is_told_what_one_may_write() {
        for bad in
            ["", "soon", "1x", "-5", "2026-13-01", "2026-11-31", "25:00", "15", "tomorrow week", "\u{1b}[2J", "１５"]
        {
            match (bad, bad.parse::<When>()) {
                ("15", Ok(When::Seq(Seq(15)))) => {}
                (_, Err(why)) => assert!(why.contains("write a time"), "{bad}: {why}"),
                (_, Ok(when)) => panic!("{bad} was read as {when:?}"),
            }
        }
        assert!("99999999999999999999999".parse::<When>().is_err_and(|why| why.contains("no log")));
    }
}
