//! Where a host is: the address as one types it, copies it from a screen or gets it in an invitation. Pure; who dials it
//! and how is `link`'s business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::config::settings::room;
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::RoomName;
use crate::protocol::secret::Token;

/// The port of a host, and of an address that names none.
pub const PORT: u16 = 8080;

/// The ports of URLs that name none (RFC 6455, section 3).
const URL_PORT: u16 = 80;
const TLS_PORT: u16 = 443;

/// How a host is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// As it is.
    Plain,
    /// By TLS.
    Tls,
    /// By TLS if it is spoken there, else plainly: an address without a scheme.
    Either,
}

/// A host to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `localhost:8080`, `[::1]:8080`: lower case, always with its port. This is what a person signs towards the host.
    pub authority: String,
    /// What is asked for there: `/`, or the path of a URL.
    pub path: String,
    /// How.
    pub transport: Transport,
    /// The room of the address, after `#`.
    pub room: Option<RoomName>,
    /// The invitation it carries.
    pub invite: Option<Token>,
    /// The certificate the host must have.
    pub pin: Option<Fingerprint>,
}

impl Address {
    /// The host of this machine.
    pub fn local() -> Address {
        Address::of("localhost", PORT, "/", Transport::Plain)
    }

    fn of(host: &str, port: u16, path: &str, transport: Transport) -> Address {
        let authority = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        Address { authority, path: path.to_owned(), transport, room: None, invite: None, pin: None }
    }

    /// What is dialled, as a URL: `ws://localhost:8080/`. Without what only the one who dials needs to know.
    pub fn url(&self) -> String {
        let scheme = if self.transport == Transport::Tls { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }
}

/// How a host's own client reaches it: the address it listens on, or loopback where that is every address.
impl From<SocketAddr> for Address {
    fn from(listening: SocketAddr) -> Address {
        let ip = match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Address::of(&ip.to_string(), listening.port(), "/", Transport::Plain)
    }
}

impl FromStr for Address {
    type Err = String;

    /// Reads `HOST`, `HOST:PORT`, `[IP6]:PORT`, `SCHEME://HOST[:PORT][/PATH][#[ROOM][/N][?k=TOKEN][&f=FINGERPRINT]]`
    /// with ws, wss, http or https. A number after the room, which is that of a message, is not for an address to keep.
    fn from_str(text: &str) -> Result<Address, String> {
        let (scheme, rest) = match text.split_once("://") {
            None => (None, text),
            Some((scheme, rest)) => (Some(transport(scheme)?), rest),
        };
        if let Some(sign) = rest.chars().next().filter(|c| "#@".contains(*c)) {
            let how = if sign == '#' { format!("--room '{rest}'") } else { "/msg in the chat".to_owned() };
            return Err(format!("this is no host; to go there use {how}"));
        }
        let (place, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (host, path) = place.split_at(place.find(['/', '?']).unwrap_or(place.len()));
        if host.contains('@') {
            return Err("an address holds no name and no password; use --name".to_owned());
        }
        if let Some(bad) = path.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(format!("the path of an address cannot hold {bad:?}"));
        }
        let (host, port) = split_port(host)?;
        let host = valid_host(host)?;
        let default_port = match scheme {
            None => PORT,
            Some(Transport::Tls) => TLS_PORT,
            Some(_) => URL_PORT,
        };
        let port = match port.unwrap_or(default_port) {
            0 => return Err("port 0 can only be listened on; which port does the host have?".to_owned()),
            port => port,
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let mut address = Address::of(&host, port, &path, scheme.unwrap_or_else(|| unsaid(&host)));
        address.read_fragment(fragment)?;
        Ok(address)
    }
}

impl Address {
    fn read_fragment(&mut self, fragment: &str) -> Result<(), String> {
        let (place, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let place = match place.rsplit_once('/') {
            Some((place, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => place,
            _ => place,
        };
        self.room = if place.is_empty() { None } else { Some(room(place)?) };
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("k", token)) => self.invite = Some(Token::parse(token).ok_or_else(not_whole)?),
                Some(("f", fingerprint)) => {
                    let whole = fingerprint.parse().map_err(|_| not_whole())?;
                    self.pin = Some(whole);
                }
                // A newer host may say more in it.
                _ => {}
            }
        }
        if self.pin.is_some() && self.transport == Transport::Plain {
            return Err("the link names a certificate, but its scheme is not encrypted: copy it again".to_owned());
        }
        Ok(())
    }
}

fn not_whole() -> String {
    "the link is not whole: copy it again".to_owned()
}

fn transport(scheme: &str) -> Result<Transport, String> {
    match scheme.to_ascii_lowercase().as_str() {
        "ws" | "http" => Ok(Transport::Plain),
        "wss" | "https" => Ok(Transport::Tls),
        _ => Err("an address begins with ws://, wss://, http:// or https://, or with the host".to_owned()),
    }
}

/// How a host is dialled when the address does not say: on this machine nobody listens in.
fn unsaid(host: &str) -> Transport {
    if is_this_machine(host) { Transport::Plain } else { Transport::Either }
}

/// Whether nobody can listen in on the way to it.
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// `Some` when it is all digits: the port, or why it is none.
pub fn digits(text: &str) -> Option<Result<u16, String>> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all.then(|| text.parse().map_err(|_| format!("{text} is no port; ports go up to 65535")))
}

/// Takes `HOST`, `HOST:PORT`, `[IP6]`, `[IP6]:PORT` and a bare `IP6` apart.
pub fn split_port(text: &str) -> Result<(&str, Option<u16>), String> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text, None));
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, after)) => {
            host.parse::<Ipv6Addr>().map_err(|_| format!("[{host}] is no IPv6 address"))?;
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return Err(format!("after [{host}] comes nothing, or :PORT")),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    match port.map(|port| digits(port).unwrap_or_else(|| Err(format!("{port:?} is no port")))) {
        None => Ok((host, None)),
        Some(port) => Ok((host, Some(port?))),
    }
}

/// A host's name or address, lower case.
fn valid_host(host: &str) -> Result<String, String> {
    if host.parse::<IpAddr>().is_ok() {
        return Ok(host.to_ascii_lowercase());
    }
    let label =
        |l: &str| (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !host.is_ascii() {
        return Err("write the host's name in its ASCII form (xn--…)".to_owned());
    }
    if host.len() > 253 || !host.strip_suffix('.').unwrap_or(host).split('.').all(label) {
        return Err("write HOST, HOST:PORT or wss://HOST:PORT, as chat.example:8080 or [::1]:8080".to_owned());
    }
    Ok(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_one_joins() {
        for (text, authority, url, room) in [
            ("chat.example", "chat.example:8080", "ws://chat.example:8080/", None),
            ("Chat.Example:9000", "chat.example:9000", "ws://chat.example:9000/", None),
            ("192.0.2.7", "192.0.2.7:8080", "ws://192.0.2.7:8080/", None),
            ("[::1]:9000", "[::1]:9000", "ws://[::1]:9000/", None),
            ("[::1]", "[::1]:8080", "ws://[::1]:8080/", None),
            ("::1", "[::1]:8080", "ws://[::1]:8080/", None),
            ("localhost/#dev", "localhost:8080", "ws://localhost:8080/", Some("#dev")),
            ("ws://localhost:8080", "localhost:8080", "ws://localhost:8080/", None),
            ("http://localhost:8080/", "localhost:8080", "ws://localhost:8080/", None),
            ("http://localhost:8080/#dev/12", "localhost:8080", "ws://localhost:8080/", Some("#dev")),
            ("WS://localhost:8080/#dev", "localhost:8080", "ws://localhost:8080/", Some("#dev")),
            ("ws://localhost:8080#dev", "localhost:8080", "ws://localhost:8080/", Some("#dev")),
            ("ws://chat.example/chat?a=b#東京", "chat.example:80", "ws://chat.example:80/chat?a=b", Some("#東京")),
            ("ws://chat.example?a", "chat.example:80", "ws://chat.example:80/?a", None),
            ("wss://chat.example", "chat.example:443", "wss://chat.example:443/", None),
            ("https://chat.example/#dev", "chat.example:443", "wss://chat.example:443/", Some("#dev")),
        ] {
            let address: Address = text.parse().expect(text);
            let found = address.room.as_ref().map(|r| r.to_string());
            assert_eq!((&*address.authority, &*address.url(), found.as_deref()), (authority, url, room), "{text}");
        }
        for (text, why) in [
            ("ftp://x", "begins with ws://"),
            ("", "write HOST"),
            ("ws://", "write HOST"),
            ("a b", "write HOST"),
            ("a..b", "write HOST"),
            ("host:0", "port 0"),
            ("host:99999", "65535"),
            ("host:http", "is no port"),
            ("#dev", "--room '#dev'"),
            ("@ann", "/msg"),
            ("ws://ann:secret@host", "no password"),
            ("ws://host/#a b", "a room's name cannot hold"),
            ("ws://host/\u{1b}x", "cannot hold"),
            ("bücher.example", "ASCII form"),
            ("https://host/#dev?k=ä", "not whole"),
            ("https://host/#dev?k=a&f=abc", "not whole"),
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn an_invitation_is_an_address_with_more_behind_it() {
        let print = Fingerprint::of(b"certificate");
        let link = format!("https://192.168.1.5:8080/#dev?k=abc-_Z9&f={print}&later=x");
        let address: Address = link.parse().expect("an address");
        assert_eq!((address.transport, address.url().as_str()), (Transport::Tls, "wss://192.168.1.5:8080/"));
        assert_eq!((address.invite, address.pin), (Token::parse("abc-_Z9"), Some(print)));

        let plain = format!("http://192.168.1.5:8080/#?f={print}").parse::<Address>();
        assert!(plain.is_err_and(|why| why.contains("not encrypted")));
        let nowhere: Address = "http://localhost:8080/#?k=abc".parse().expect("an address");
        assert_eq!((nowhere.room, nowhere.invite), (None, Token::parse("abc")));
    }

    #[test]
    fn an_address_without_a_scheme_is_dialled_by_tls_first_but_for_this_machine() {
        for (text, transport) in [
            ("localhost", Transport::Plain),
            ("127.0.0.2:9", Transport::Plain),
            ("::1", Transport::Plain),
            ("laptop", Transport::Either),
            ("192.168.1.5", Transport::Either),
        ] {
            assert_eq!(text.parse::<Address>().expect(text).transport, transport, "{text}");
        }
    }

    #[test]
    fn a_host_reaches_itself() {
        for (listening, url) in [
            ("0.0.0.0:8080", "ws://127.0.0.1:8080/"),
            ("[::]:9000", "ws://[::1]:9000/"),
            ("192.0.2.7:1", "ws://192.0.2.7:1/"),
        ] {
            assert_eq!(Address::from(listening.parse::<SocketAddr>().expect("an address")).url(), url);
        }
    }
}
