//! The time zone of this machine, in which times are shown. What a time is called in it is `when`'s and the views'.

use std::ffi::OsString;
use std::path::Path;

use jiff::tz::TimeZone;

/// Where a system keeps the zone it is in (tzset(3)), in the form of RFC 9636.
pub const FILE: &str = "/etc/localtime";

/// The zone that is asked for (`TZ`), or the one in this file. The file is read as it is: for its name all zones of the
/// system would be looked through, before the first picture.
pub fn local(asked_for: Option<OsString>, file: &Path) -> TimeZone {
    let bytes = asked_for.is_none().then(|| std::fs::read(file).ok()).flatten();
    let read = bytes.and_then(|bytes| TimeZone::tzif("local", &bytes).ok());
    read.unwrap_or_else(|| TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// RFC 9636, version 2, with no transition but the rule of Central Europe at its end.
    fn tzif() -> Vec<u8> {
        let header = |counts: [u32; 6]| {
            let counts = counts.into_iter().flat_map(u32::to_be_bytes);
            b"TZif2".iter().copied().chain([0; 15]).chain(counts).collect::<Vec<u8>>()
        };
        let one_type = [0, 0, 0x0e, 0x10, 0, 0, b'C', b'E', b'T', 0];
        let part = [header([0, 0, 0, 0, 1, 4]), one_type.to_vec()].concat();
        [part.clone(), part, b"\nCET-1CEST,M3.5.0,M10.5.0/3\n".to_vec()].concat()
    }

    fn hour(zone: &TimeZone, at: &str) -> i8 {
        at.parse::<Timestamp>().expect("a time").to_zoned(zone.clone()).hour()
    }

    #[test]
    fn a_zone_is_its_files_whatever_it_is_called() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let file = dir.path().join("localtime");
        std::fs::write(&file, tzif()).expect("ours");
        let zone = local(None, &file);
        assert_eq!(hour(&zone, "2026-11-28T12:00:00Z"), 13);
        assert_eq!(hour(&zone, "2026-07-28T12:00:00Z"), 14, "in summer");
    }

    #[test]
    fn without_such_a_file_or_when_another_is_asked_for_it_is_the_systems() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let file = dir.path().join("localtime");
        let systems = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        assert_eq!(local(None, &file), systems);
        std::fs::write(&file, "no zone").expect("ours");
        assert_eq!(local(None, &file), systems);
        std::fs::write(&file, tzif()).expect("ours");
        assert_eq!(local(Some("anything".into()), &file), systems);
    }
}
