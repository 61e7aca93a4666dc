//! How hosts of one network find each other (DNS-SD, RFC 6763, over multicast DNS, RFC 6762): the service's name and what an
//! announcement says of a host. Nothing of it is believed for more than a list; announcing is the server's, looking the
//! client's.

use std::collections::HashMap;

use super::text::Text;

/// The service, as it is asked for.
pub const SERVICE: &str = "_wschat._tcp.local.";

/// Columns of a host's name in a list.
pub const NAME_COLUMNS: usize = 32;

/// What a host says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What it calls itself.
    pub name: String,
    /// The port it listens on.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Whether everybody may come in.
    pub open: bool,
    /// How many connections it has.
    pub here: usize,
}

impl Announcement {
    /// The entries of the TXT record.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let flag = |on: bool| if on { "1" } else { "0" }.to_owned();
        vec![
            ("v", "1".to_owned()),
            ("name", self.name.clone()),
            ("tls", flag(self.tls)),
            ("open", flag(self.open)),
            ("here", self.here.to_string()),
        ]
    }

    /// What somebody's TXT record says; anything may stand in it.
    pub fn read(port: u16, entries: &HashMap<String, String>) -> Announcement {
        let get = |key: &str| entries.get(key).map(String::as_str).unwrap_or_default();
        let name: String = Text::clean(get("name")).one_line().trim().chars().take(NAME_COLUMNS).collect();
        Announcement {
            name: if name.is_empty() { "wschat".to_owned() } else { name },
            port,
            tls: get("tls") == "1",
            open: get("open") == "1",
            here: get("here").parse().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn said_and_read_and_nothing_believed() {
        let said = Announcement { name: "Küche 漢字".into(), port: 8080, tls: true, open: false, here: 3 };
        let entries = said.entries().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        assert_eq!(Announcement::read(8080, &entries), said);

        let hostile = [("name", "\u{1b}]0;x\u{7}a\nb\u{202e}c"), ("here", "-1"), ("tls", "yes")];
        let entries = hostile.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let read = Announcement::read(1, &entries);
        assert!(!read.name.chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", read.name);
        assert_eq!((read.here, read.tls), (0, false));
        let long = [("name".to_owned(), "x".repeat(500))].into();
        assert_eq!(Announcement::read(1, &long).name.len(), NAME_COLUMNS);
        assert_eq!(Announcement::read(1, &HashMap::new()).name, "wschat");
    }
}
