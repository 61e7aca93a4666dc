//! The way to a host, step by step as a client goes it: its name, the connection, TLS, the upgrade, what is spoken, its clock;
//! and the hosts of the network one is on. Which step fails, and what mends it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{timeout, timeout_at};

use super::files::apart;
use super::report::{Finding, Verdict};
use crate::client::address::{Address, PORT, Transport, is_this_machine, split_port};
use crate::client::discover::{Looking, Nearby, News};
use crate::client::link::probe::{self, Met, Stop};
use crate::client::trust::{Distrust, KnownHosts};
use crate::paths::Paths;

const HOST: &str = "host";
const LAN: &str = "network";

/// How long each step may take: a name that has to be asked for, a connection around the world.
const STEP: Duration = Duration::from_secs(5);

/// How long hosts nearby are listened for: those that are awake answer in a second.
const NEARBY: Duration = Duration::from_millis(1500);

/// Clocks further apart than that make times on the screen look wrong.
const CLOCKS: Duration = Duration::from_secs(60);

/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// Hosts nearby that are named.
const NAMED: usize = 8;

/// Looks at the host that was named, or at this machine and the network.
pub async fn look(target: Option<&Address>, paths: &Paths) -> Vec<Finding> {
    if let Some(address) = target {
        return way(address, paths).await;
    }
    let here = Address::local();
    let mut found = match listens(&here.authority).await {
        true => way(&here, paths).await,
        false => vec![Finding::new(
            HOST,
            "this machine",
            Verdict::Well,
            format!("nobody hosts on port {PORT} here; wschat --host does, wschat doctor HOST tries another's"),
        )],
    };
    found.push(nearby().await);
    found
}

async fn listens(authority: &str) -> bool {
    matches!(timeout(STEP, TcpStream::connect(authority)).await, Ok(Ok(_)))
}

async fn way(address: &Address, paths: &Paths) -> Vec<Finding> {
    let (host, port) = match split_port(&address.authority) {
        Ok((host, port)) => (host, port.unwrap_or(PORT)),
        Err(why) => return vec![Finding::new(HOST, "address", Verdict::Fails, why)],
    };
    let addresses = match resolved(host, port).await {
        Ok(addresses) => addresses,
        Err(finding) => return vec![finding],
    };
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let mut found = vec![Finding::new(HOST, "name", Verdict::Well, format!("{host} is {}", shown.join(", ")))];
    let (finding, goes_on) = connected(host, port, &addresses).await;
    found.push(finding);
    if !goes_on {
        return found;
    }
    let known = KnownHosts::at(paths.known_hosts());
    match probe::meet(address, Some(&known), STEP * 2).await {
        Ok(met) => found.extend(met_well(address, &met)),
        Err(stop) => found.push(stopped(address, host, stop, &known)),
    }
    found
}

async fn resolved(host: &str, port: u16) -> Result<Vec<SocketAddr>, Finding> {
    let why = match timeout(STEP, lookup_host((host.trim_matches(['[', ']']), port))).await {
        Err(_) => "nobody answers who that is: is this machine on a network?".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Ok(Ok(found)) => {
            let mut all: Vec<SocketAddr> = found.take(ADDRESSES).collect();
            all.dedup();
            if !all.is_empty() {
                return Ok(all);
            }
            "it has no address".to_owned()
        }
    };
    let finding = Finding::new(HOST, "name", Verdict::Fails, format!("there is no such host as {host} ({why})"));
    Err(match host.ends_with(".local") {
        true => finding.mended(
            "on Debian and Ubuntu, for names of the own network; or join by the address",
            "sudo apt install libnss-mdns",
        ),
        false => {
            finding.mended("look whether it is written right, or join by its address", format!("getent hosts {host}"))
        }
    })
}

/// The first of the addresses that takes a connection, as a client tries them; whether one does.
async fn connected(host: &str, port: u16, addresses: &[SocketAddr]) -> (Finding, bool) {
    let mut why = Vec::new();
    let mut refused = false;
    for address in addresses {
        let begun = Instant::now();
        match timeout(STEP, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                let ms = begun.elapsed().as_secs_f64() * 1000.0;
                let said = format!("{address} takes it, in {ms:.1} ms");
                return (Finding::new(HOST, "connection", Verdict::Well, said), true);
            }
            Ok(Err(error)) => {
                refused |= error.kind() == std::io::ErrorKind::ConnectionRefused;
                why.push(format!("{address}: {error}"));
            }
            Err(_) => why.push(format!("{address}: no answer within {} s", STEP.as_secs())),
        }
    }
    let finding = Finding::new(HOST, "connection", Verdict::Fails, why.join("\n"));
    let finding = match (refused, is_this_machine(host)) {
        (true, true) => finding.mended("nobody listens there; to host", format!("wschat --host {port}")),
        (true, false) => finding.mended(
            format!("nobody listens there for others; on {host} (a host is for its own machine unless told otherwise)"),
            format!("wschat --host 0.0.0.0:{port}"),
        ),
        (false, _) => finding.mended(
            format!("something drops it on the way, mostly a firewall; on {host}, where that is ufw"),
            format!("sudo ufw allow {port}/tcp"),
        ),
    };
    (finding, false)
}

fn met_well(address: &Address, met: &Met) -> Vec<Finding> {
    let new = |what, verdict, said: String| Finding::new(HOST, what, verdict, said);
    let host = split_port(&address.authority).map_or(address.authority.as_str(), |(host, _)| host);
    let encryption = match (met.secure, is_this_machine(host)) {
        (true, _) => new("encryption", Verdict::Well, "by TLS, with a certificate that is known".into()),
        (false, true) => new("encryption", Verdict::Well, "none, and none is needed on this machine".into()),
        (false, false) => new("encryption", Verdict::Better, "none: whoever is on the way reads along".into())
            .mended(format!("on {host}"), "wschat --host --lan"),
    };
    let speaks = match &met.hello {
        Some(hello) => {
            let ms = met.took.as_secs_f64() * 1000.0;
            let said = format!("{:?} greets, after {ms:.0} ms; it has {}", hello.server.one_line(), hello.features.join(", "));
            new("wschat.v1", Verdict::Well, said)
        }
        None => new(
            "plain text",
            Verdict::Better,
            "it speaks plain text alone: no acknowledgements, no history. If it is a wschat host, something in between \
             drops the header Sec-WebSocket-Protocol"
                .into(),
        ),
    };
    vec![encryption, speaks, clock(met.date.as_deref(), Timestamp::now())]
}

fn clock(date: Option<&str>, now: Timestamp) -> Finding {
    let new = |verdict, said: String| Finding::new(HOST, "clock", verdict, said);
    let read = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let Some(there) = read else { return new(Verdict::Unasked, "it does not say what time it has".into()) };
    let ms = there.timestamp().as_millisecond().saturating_sub(now.as_millisecond());
    let (by, word) = (Duration::from_millis(ms.unsigned_abs()), if ms > 0 { "ahead of" } else { "behind" });
    match by {
        // It is told in whole seconds.
        by if by < Duration::from_secs(2) => new(Verdict::Well, "as here, to two seconds".into()),
        by if by < CLOCKS => new(Verdict::Well, format!("{} {word} the one here", apart(by))),
        by => new(Verdict::Better, format!("{} {word} the one here: times of messages are the host's", apart(by)))
            .mended("on whichever of the two is wrong", "sudo timedatectl set-ntp true"),
    }
}

fn stopped(address: &Address, host: &str, stop: Stop, known: &KnownHosts) -> Finding {
    let new = |what, said: String| Finding::new(HOST, what, Verdict::Fails, said);
    let (authority, file) = (&address.authority, known.path().display());
    match stop {
        Stop::Way(why) if address.transport == Transport::Tls => new("encryption", why)
            .mended("if it speaks none, and you want to go there in the clear", format!("wschat ws://{authority}")),
        Stop::Way(why) => new("way", why),
        Stop::Distrust(Distrust::Stranger { found }) => Finding::new(
            HOST,
            "certificate",
            Verdict::Better,
            format!("nobody here knows this host yet; wschat asks when you join. Its fingerprint is\n{}", found.spoken()),
        ),
        Stop::Distrust(Distrust::Changed { expected, found }) => {
            let (has, had) = (found.spoken(), expected.spoken());
            new(
                "certificate",
                format!("is not the one it had, or the invitation says: somebody may be in between\nit has {has}\nit had {had}"),
            )
            .mended("only when its owner says that it has a new one", format!("sed -i '/^{authority} /d' {file}"))
        }
        Stop::Distrust(Distrust::Invalid(why)) => new("certificate", why),
        Stop::Turned(403, said) => new("upgrade", format!("the host turns you away: {said}")).mended(
            format!("if {host} is a name of it: on the host, in wschat.toml under [server]"),
            format!("names = [\"{host}\"]"),
        ),
        Stop::Turned(status, _) => new(
            "upgrade",
            format!(
                "a web server answers {status}, and no chat: a proxy that passes no WebSockets on, or another port"
            ),
        )
        .mended(
            "where that is nginx, in the location",
            "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection \"upgrade\";",
        ),
        Stop::Handshake(why) => new("upgrade", format!("something listens there, but no chat: {why}")),
        Stop::Silent => new("hello", "it agrees to wschat.v1, and then does not greet".into()),
    }
}

/// Who announces itself on the network.
async fn nearby() -> Finding {
    let new = |verdict, said: String| Finding::new(LAN, "hosts nearby", verdict, said);
    let mut looking = match Looking::start(false) {
        Ok(looking) => looking,
        Err(why) => {
            return new(Verdict::Better, format!("the network cannot be asked (multicast DNS): {why}"))
                .mended("if it is the firewall, and that is ufw", "sudo ufw allow 5353/udp");
        }
    };
    let end = tokio::time::Instant::now() + NEARBY;
    let mut hosts: Vec<Nearby> = Vec::new();
    while let Ok(Some(news)) = timeout_at(end, looking.news.recv()).await {
        match news {
            News::Here(host) => {
                hosts.retain(|known| known.id != host.id);
                hosts.push(*host);
            }
            News::Gone(id) => hosts.retain(|known| known.id != id),
        }
    }
    let named: Vec<&str> = hosts.iter().take(NAMED).map(|host| host.address.authority.as_str()).collect();
    match named.is_empty() {
        true => new(Verdict::Well, "none announces itself here; wschat --host --lan does".into()),
        false => new(Verdict::Well, format!("{} announced: {}", hosts.len(), named.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::fingerprint::Fingerprint;

    #[test]
    fn clocks_are_compared_and_a_wrong_one_is_mended() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().expect("a time");
        let told = |date| clock(date, now);
        assert_eq!(told(Some("Fri, 27 Nov 2026 11:59:59 GMT")).verdict(), Verdict::Well);
        assert_eq!(told(Some("Fri, 27 Nov 2026 12:00:30 GMT")).verdict(), Verdict::Well);
        let wrong = told(Some("Fri, 27 Nov 2026 12:10:00 GMT"));
        assert_eq!((wrong.verdict(), wrong.line()), (Verdict::Better, "sudo timedatectl set-ntp true"));
        assert_eq!(told(None).verdict(), Verdict::Unasked);
        assert_eq!(told(Some("yesterday")).verdict(), Verdict::Unasked);
    }

    #[test]
    fn every_end_of_the_way_has_words() {
        let address: Address = "wss://chat.example".parse().expect("an address");
        let known = KnownHosts::at("/d/known_hosts".into());
        let end = |stop| stopped(&address, "chat.example", stop, &known);
        assert_eq!(end(Stop::Turned(403, "no".into())).line(), "names = [\"chat.example\"]");
        assert!(end(Stop::Turned(404, String::new())).line().contains("proxy_set_header Upgrade"));
        assert_eq!(end(Stop::Way("no".into())).line(), "wschat ws://chat.example:443");
        let (one, two) = (Fingerprint::of(b"one"), Fingerprint::of(b"two"));
        let changed = end(Stop::Distrust(Distrust::Changed { expected: one, found: two }));
        assert_eq!((changed.fails(), changed.line()), (true, "sed -i '/^chat.example:443 /d' /d/known_hosts"));
        assert!(!end(Stop::Distrust(Distrust::Stranger { found: two })).fails(), "a stranger is a question");
    }
}
