//! Times as people say them: `15:00`, `yesterday`, `monday 9:30`, `2026-11-20 14:00`, `2h` ago. Read by the clock and the
//! zone that are handed in.

use jiff::civil::{Date, Time, Weekday};
use jiff::{ToSpan, Zoned};

use crate::config::units::parse_time;
use crate::protocol::entry::Timestamp;

/// What the time that is meant, as the host stamps it; a day without a time is its beginning.
pub fn read(text: &str, now: &Zoned) -> Option<Timestamp> {
    let text = text.trim().to_lowercase();
    let text = text.strip_suffix(" ago").unwrap_or(&text).trim();
    if let Some(back) = parse_time(text).filter(|back| !back.is_zero()) {
        let back = i64::try_from(back.as_millis()).ok()?;
        return Some(Timestamp(now.timestamp().as_millisecond().saturating_sub(back)));
    }
    // `2026-11-20T14:00` as well; `today` has a t of its own.
    let parted = text.split_once(' ').or_else(|| text.split_once('t').filter(|(day, _)| day.contains('-')));
    let (day, time) = match parted.filter(|(day, _)| date(day, now).is_some()) {
        Some((day, time)) => (date(day, now)?, clock(time)?),
        None => match date(text, now) {
            Some(day) => (day, Time::midnight()),
            None => (now.date(), clock(text)?),
        },
    };
    let at = day.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

fn date(text: &str, now: &Zoned) -> Option<Date> {
    let today = now.date();
    let days = [
        (Weekday::Monday, "monday"),
        (Weekday::Tuesday, "tuesday"),
        (Weekday::Wednesday, "wednesday"),
        (Weekday::Thursday, "thursday"),
        (Weekday::Friday, "friday"),
        (Weekday::Saturday, "saturday"),
        (Weekday::Sunday, "sunday"),
    ];
    match text {
        "today" => return Some(today),
        "yesterday" => return today.checked_sub(1.day()).ok(),
        _ => {}
    }
    if let Some((day, _)) = days.iter().find(|(_, name)| text.len() >= 3 && name.starts_with(text)) {
        // The last one before today.
        return (1..=7).filter_map(|back| today.checked_sub(back.days()).ok()).find(|date| date.weekday() == *day);
    }
    Date::strptime("%Y-%m-%d", text).ok()
}

fn clock(text: &str) -> Option<Time> {
    let text = text.trim();
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (i8, i8) = (hour.parse().ok()?, minute.parse().ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_say_them() {
        let now: Zoned = "2026-11-20T15:30:00+01:00[Europe/Berlin]".parse().expect("a time");
        for (text, meant) in [
            ("yesterday 15:00", Some("2026-11-19T15:00:00+01:00")),
            ("Yesterday", Some("2026-11-19T00:00:00+01:00")),
            ("9:05", Some("2026-11-20T09:05:00+01:00")),
            ("today", Some("2026-11-20T00:00:00+01:00")),
            ("mon 8:00", Some("2026-11-16T08:00:00+01:00")),
            ("friday", Some("2026-11-13T00:00:00+01:00")),
            ("2026-03-29 01:30", Some("2026-03-29T01:30:00+01:00")),
            ("2026-03-29T12:00", Some("2026-03-29T12:00:00+02:00")),
            ("2h", Some("2026-11-20T13:30:00+01:00")),
            ("3d ago", Some("2026-11-17T15:30:00+01:00")),
            ("25:00", None),
            ("2026-13-01", None),
            ("soon", None),
            ("", None),
        ] {
            let meant = meant.map(|text| text.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
            assert_eq!(read(text, &now).map(|at| at.0), meant, "{text}");
        }
    }
}
