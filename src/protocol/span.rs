//! Times as people write them in commands and read them in news: `1h10m`, `30s`, `2d`. What a setting may be is not known
//! here.

use std::time::Duration;

/// Units, largest first, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Reads `1h10m`, `45s`, `2d`: numbers with a unit behind each. `None` when it is no time, or none at all.
pub fn parse(text: &str) -> Option<Duration> {
    let (mut secs, mut number): (u64, Option<u64>) = (0, None);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit.into())?);
            continue;
        }
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == c.to_ascii_lowercase())?;
        secs = secs.checked_add(number.take()?.checked_mul(*unit)?)?;
    }
    (number.is_none() && secs > 0).then(|| Duration::from_secs(secs))
}

/// Writes a time in its two largest units, the last rounded up: `1h 10m`. Nobody counts the seconds of a day.
pub fn show(time: Duration) -> String {
    let secs = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let Some(first) = UNITS.iter().position(|(_, unit)| secs >= *unit) else { return "0s".to_owned() };
    let last = UNITS[(first + 1).min(UNITS.len() - 1)].1;
    let mut left = secs.div_ceil(last) * last;
    let mut parts = Vec::new();
    for (name, unit) in UNITS {
        let many = left / unit;
        left %= unit;
        if many > 0 {
            parts.push(format!("{many}{name}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_both_ways() {
        for (text, secs, shown) in [
            ("1h10m", 4200, "1h 10m"),
            ("45s", 45, "45s"),
            ("90s", 90, "1m 30s"),
            ("2d", 172_800, "2d"),
            ("1d1h1s", 90_001, "1d 2h"),
            ("1H", 3600, "1h"),
            ("59m60s", 3600, "1h"),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(secs)), "{text}");
            assert_eq!(show(Duration::from_secs(secs)), shown, "{text}");
        }
        for bad in ["", "1", "h", "1x", "1h1", "0s", "-1h", "99999999999999999999d", "spam"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!((show(Duration::ZERO), show(Duration::from_millis(1200))), ("0s".into(), "2s".into()));
    }
}
