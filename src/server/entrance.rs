//! Who may come in and how, by where a connection comes from and whether it is encrypted. Who somebody is, and what an
//! invitation is worth, the hub says. Pure.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

use super::tls::Tls;

/// What a proxy tells of who it speaks for: addresses with commas between them, the last one its own finding.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How a host is entered.
#[derive(Default)]
pub struct Entrance {
    /// What TLS is spoken with, if it is.
    pub tls: Option<Tls>,
    /// Whether everybody who reaches it may come in, in whatever way.
    pub open: bool,
    /// Somebody else speaks TLS for this host: nobody is known to be of this machine, and what is plain here was not.
    pub behind: bool,
    /// Of these proxies it is believed whom they speak for.
    pub proxies: Vec<IpAddr>,
}

/// How one connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// From where, as far as is known.
    pub address: IpAddr,
    /// Whether it is encrypted.
    pub secure: bool,
    /// Whether it needs no invitation.
    pub free: bool,
    /// Whether it is known to come from this machine itself.
    pub here: bool,
}

impl Entrance {
    /// How this connection came, or why it may not come so.
    pub fn way(&self, peer: IpAddr, secure: bool, headers: &HeaderMap) -> Result<Way, &'static str> {
        let peer = peer.to_canonical();
        let address = self.speaks_for(peer, headers);
        let here = peer.is_loopback() && !self.behind;
        if !(secure || here || self.open || self.behind) {
            return Err("From other machines this host is entered by TLS: use wss:// or https:// instead.");
        }
        Ok(Way { address, secure, free: here || self.open, here })
    }

    /// The last address that none of the proxies believed in has.
    fn speaks_for(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let believed = |address: &IpAddr| self.proxies.contains(address);
        if !believed(&peer) {
            return peer;
        }
        let named = headers.get_all(FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = named.flat_map(|value| value.split(',')).collect();
        for name in named.into_iter().rev() {
            let Ok(address) = name.trim().parse::<IpAddr>() else { break };
            let address = address.to_canonical();
            if !believed(&address) {
                return address;
            }
        }
        peer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    fn forwarded(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (FORWARDED_FOR, value.parse().expect("a value"))).collect()
    }

    #[test]
    fn others_come_encrypted_or_not_at_all() {
        let (none, entrance) = (HeaderMap::new(), Entrance::default());
        let free = |peer: &str, secure| entrance.way(ip(peer), secure, &none).map(|way| way.free);
        assert_eq!(free("127.0.0.1", false), Ok(true));
        assert_eq!(free("::ffff:127.0.0.2", false), Ok(true));
        assert_eq!(free("192.0.2.7", true), Ok(false));
        assert!(free("192.0.2.7", false).is_err());
        let open = Entrance { open: true, ..Entrance::default() };
        assert!(open.way(ip("192.0.2.7"), false, &none).is_ok_and(|way| way.free && !way.secure));
    }

    #[test]
    fn behind_a_proxy_nobody_is_of_this_machine() {
        let behind = Entrance { behind: true, proxies: vec![ip("127.0.0.1"), ip("10.0.0.1")], ..Entrance::default() };
        let from = |peer: &str, values: &[&str]| behind.way(ip(peer), false, &forwarded(values)).expect("let in");
        assert!(!from("127.0.0.1", &[]).free);
        for (values, address) in [
            (&["192.0.2.7"][..], "192.0.2.7"),
            (&["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
            (&["1.1.1.1", "192.0.2.7, 10.0.0.1"], "192.0.2.7"),
            (&["192.0.2.7, nonsense"], "127.0.0.1"),
            (&["10.0.0.1"], "127.0.0.1"),
            (&["::ffff:192.0.2.9"], "192.0.2.9"),
        ] {
            assert_eq!(from("127.0.0.1", values).address, ip(address), "{values:?}");
        }
        assert_eq!(from("192.0.2.8", &["192.0.2.7"]).address, ip("192.0.2.8"), "a stranger is not believed");
    }
}
