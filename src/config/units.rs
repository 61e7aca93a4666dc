//! Times and sizes as people write them: "250ms", "30d", "64 KiB". Both ways, so that documentation and errors show a value
//! as one would write it. Which values a setting takes is not known here.

use std::time::Duration;

/// Units of time, largest first, in milliseconds.
const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Units of size, largest first, in bytes.
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads "5s", "250 ms", "0.5h"; `None` when it is no time or too long to count in milliseconds.
pub fn parse_time(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    if unit.is_empty() {
        return (number == "0").then_some(Duration::ZERO);
    }
    let (_, factor) = TIMES.iter().find(|(name, _)| *name == unit)?;
    scaled(number, *factor).map(Duration::from_millis)
}

/// Reads "65536", "64 KiB", "1.5MiB"; `None` when it is no size.
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = if unit.is_empty() { "B" } else { unit };
    let (_, factor) = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    scaled(number, *factor)
}

/// Writes a time in the largest unit that leaves no fraction.
pub fn show_time(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    show(ms, &TIMES, "")
}

/// Writes a size in the largest unit that leaves no fraction.
pub fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES, " ")
}

fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (!number.is_empty()).then(|| (number, unit.trim_start()))
}

/// A decimal number times a unit, exact to the unit's parts; `None` on overflow or when it is no number.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    // Nine places are finer than any unit here, and keep the product within 64 bits.
    if part.len() > 9 {
        return None;
    }
    let tenths = part.parse::<u64>().ok()? as u128 * factor as u128 / 10u128.pow(part.len() as u32);
    whole.checked_add(u64::try_from(tenths).ok()?)
}

fn show(value: u64, units: &[(&str, u64)], gap: &str) -> String {
    match units.iter().find(|(_, factor)| value != 0 && value.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{gap}{unit}", value / factor),
        None => "0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, ms) in
            [("5s", 5000), ("250ms", 250), ("2h", 7_200_000), ("0.5 m", 30_000), ("0", 0), (" 1d ", 86_400_000)]
        {
            assert_eq!(parse_time(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for bad in ["", "5", "s", "5 x", "-1s", "1.2.3s", "99999999999999999999s", "999999999999999999d", "1e3s", "٣s"]
        {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("64 KiB", 65536), ("1mib", 1 << 20), ("17", 17), ("1.5 KiB", 1536), ("0", 0)] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for bad in ["", "KiB", "1 KB", "-1", "18446744073709551616", "99999999999999 GiB", "1."] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }

    #[test]
    fn shown_as_written() {
        for text in ["5s", "250ms", "30d", "90s", "0"] {
            assert_eq!(show_time(parse_time(text).unwrap()), text);
        }
        for text in ["1 MiB", "48 KiB", "100 B", "0"] {
            assert_eq!(show_size(parse_size(text).unwrap()), text);
        }
    }
}
