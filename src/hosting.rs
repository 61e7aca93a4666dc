//! What a host on this machine is made of, before it serves: its folder and history, its certificate, and who may come in
//! how, from arguments and settings. Serving is `server`'s; what the parts mean is decided there and in `hub`.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::{Cli, HostAddr};
use crate::config::Config;
use crate::hub::invites::Site;
use crate::paths::{self, Paths};
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::lan::Announcement;
use crate::protocol::rights::Role;
use crate::protocol::secret::Token;
use crate::server::announce::{Announced, On};
use crate::server::entrance::Entrance;
use crate::server::tls::Tls;
use crate::server::{self, Listeners, Options, Place};
use crate::store::Store;
use crate::store::lock::DataDirLock;
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;

/// An address that is nobody's (RFC 5737): asking the way there sends nothing, and tells which address of ours it would
/// begin at.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// The largest message that tests of conformance send (Autobahn, case 9.1.6).
const ECHO_BYTES: usize = 16 * 1024 * 1024;

/// A host, ready to serve.
pub struct House {
    /// What was said.
    pub store: Box<dyn Store>,
    /// Whether it forgets.
    pub ephemeral: bool,
    /// Whether it only sends back what comes.
    pub echo: bool,
    /// Of its clock, before the system's, in milliseconds.
    pub ahead: i64,
    /// What makes whoever enters with it the owner.
    pub owner_ticket: Option<Token>,
    /// Who may come in, and how.
    pub entrance: Entrance,
    /// Where others find it, once that is known.
    pub site: Option<String>,
    /// Whether the network is told of it.
    pub announce: bool,
    /// The folder of which it holds the lock.
    pub folder: Option<PathBuf>,
    /// Keeps a second host out of the folder.
    pub lock: Option<DataDirLock>,
}

impl House {
    /// The host of these arguments and settings, which is to listen there.
    pub fn open(cli: &Cli, config: &Config, paths: &Paths, addr: HostAddr) -> anyhow::Result<House> {
        let mut epoch = [0; 16];
        getrandom::fill(&mut epoch).map_err(|e| anyhow!("no random numbers: {e}"))?;
        let dir: &Path = paths.data_dir();
        if cli.ephemeral {
            let entrance = entrance(cli, config, dir, addr)?;
            let store = Box::new(MemoryStore::new(epoch));
            return Ok(House {
                store,
                ephemeral: true,
                echo: cli.conformance_echo,
                ahead: 0,
                owner_ticket: None,
                entrance,
                site: None,
                announce: cli.lan,
                folder: None,
                lock: None,
            });
        }
        paths::make_dir(dir)?;
        let lock = DataDirLock::take(dir)?;
        let store = Box::new(SqliteStore::open(&paths.host_db(), epoch)?);
        let entrance = entrance(cli, config, dir, addr)?;
        Ok(House {
            store,
            ephemeral: false,
            echo: cli.conformance_echo,
            ahead: 0,
            owner_ticket: None,
            entrance,
            site: None,
            announce: cli.lan,
            folder: Some(dir.to_owned()),
            lock: Some(lock),
        })
    }

    /// Whether somebody owns it.
    pub fn is_owned(&mut self) -> anyhow::Result<bool> {
        Ok(self.store.facts()?.people.iter().any(|person| person.role == Role::Owner))
    }

    /// Serves until `shutdown`.
    pub async fn serve(
        self,
        config: &Config,
        listeners: Listeners,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let fingerprint = self.entrance.tls.as_ref().filter(|tls| tls.is_own()).map(Tls::fingerprint);
        let options = Options {
            echo: self.echo,
            ahead: self.ahead,
            owner_ticket: self.owner_ticket,
            site: Site { address: self.site, fingerprint },
            entrance: self.entrance,
            folder: self.folder,
            ..Options::new(config, self.store, self.ephemeral)
        };
        let told = self.announce.then(|| {
            let said = Announcement {
                name: config.server.name.clone(),
                port: listeners.first.port(),
                tls: options.entrance.tls.is_some(),
                open: options.entrance.open,
                here: 0,
            };
            Announced::start(said, On::Everywhere)
        });
        let telling = match told {
            Some(Ok(announced)) => Some(tokio::spawn(announced.keep_telling(options.here.subscribe()))),
            Some(Err(why)) => {
                tracing::warn!("the network is not told of this host: {why}");
                None
            }
            None => None,
        };
        // Signals are waited for in a task of their own: what stops a server is looked at in every turn of it.
        let signalled = tokio::spawn(shutdown);
        let stopped = async {
            // Should it fail, nobody could be told to stop any more.
            let _ = signalled.await;
        };
        // A task of its own: the future a runtime blocks on is only looked at after one more question to the system.
        let served = tokio::spawn(server::run(listeners, options, stopped)).await;
        if let Some(telling) = telling {
            telling.abort();
            // Its end takes the announcement back.
            let _ = telling.await;
        }
        served.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))?;
        Ok(())
    }
}

/// The settings of a host, with what the arguments say over them.
pub fn settings(cli: &Cli, mut config: Config) -> Config {
    let server = &mut config.server;
    server.open |= cli.open;
    if let (Some(cert), Some(key)) = (&cli.tls_cert, &cli.tls_key) {
        server.tls_cert = cert.to_string_lossy().into_owned();
        server.tls_key = key.to_string_lossy().into_owned();
    }
    server.trusted_proxies.extend(cli.trusted_proxies.iter().map(IpAddr::to_canonical));
    server.allowed_origins.extend(cli.allowed_origins.iter().cloned());
    if cli.conformance_echo {
        let limits = &mut config.limits;
        (limits.frame_bytes, limits.frame_bytes_before_enter) = (ECHO_BYTES, ECHO_BYTES);
        // Messages of that size, several at once.
        limits.queue_bytes = 8 * ECHO_BYTES;
        limits.connection_burst = 0;
    }
    if !cli.lan {
        return config;
    }
    // On its own network a machine is also called by its name.
    if let Some(name) = machine_name() {
        server.names.extend([format!("{name}.local"), name]);
    }
    config
}

fn machine_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_ascii_lowercase();
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (!name.is_empty() && name.len() <= 63 && name.bytes().all(letter)).then_some(name)
}

fn entrance(cli: &Cli, config: &Config, dir: &Path, addr: HostAddr) -> anyhow::Result<Entrance> {
    let server = &config.server;
    let proxies = server.trusted_proxies.clone();
    let behind = cli.no_tls || !proxies.is_empty();
    let given =
        (!server.tls_cert.is_empty()).then(|| (PathBuf::from(&server.tls_cert), PathBuf::from(&server.tls_key)));
    let tls = match given {
        _ if cli.no_tls => None,
        Some((cert, key)) => Some(Tls::from_files(&cert, &key)?),
        // Nobody listens in on this machine, and a proxy speaks TLS itself.
        None if behind || addr.is_loopback() => None,
        None => {
            paths::make_dir(dir)?;
            Some(Tls::own(dir, &server.names)?)
        }
    };
    Ok(Entrance { tls, open: server.open, behind, proxies })
}

/// Where to listen.
pub fn place(addr: HostAddr) -> Place {
    match addr {
        HostAddr::Loopback { port } => Place::Loopback { port },
        HostAddr::Everywhere { port } => Place::Everywhere { port },
        HostAddr::One(addr) => Place::One(addr),
    }
}

/// How a host is reached, and by whom: what is told to those who host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// `ws://127.0.0.1:8080` or `wss://192.168.1.5:8080`, as others would dial it.
    pub url: String,
    /// What its certificate is recognised by.
    pub fingerprint: Option<Fingerprint>,
    /// Who may come in, in one line.
    pub who: String,
    /// The page that invitations lead to; `None` when nobody but this machine finds it, or a proxy knows where it is.
    pub page: Option<String>,
}

impl Reach {
    /// Of a host that listens there.
    pub fn of(listening: SocketAddr, names: &[String], entrance: &Entrance) -> Reach {
        let ip = listening.ip().to_canonical();
        let public = names.first().filter(|_| entrance.behind || !ip.is_loopback());
        let authority = match public.filter(|name| !name.ends_with(".local")) {
            Some(name) if name.contains(':') || entrance.behind => name.clone(),
            Some(name) => format!("{name}:{}", listening.port()),
            None if ip.is_unspecified() => SocketAddr::new(own_address(), listening.port()).to_string(),
            None => SocketAddr::new(ip, listening.port()).to_string(),
        };
        let secure = entrance.tls.is_some() || (entrance.behind && public.is_some());
        let url = format!("{}://{authority}", if secure { "wss" } else { "ws" });
        let who = match (ip.is_loopback(), entrance.behind, entrance.open) {
            (_, true, false) => "whoever is invited may come in, through the proxy".to_owned(),
            (_, true, true) => "everybody whom the proxy lets through may come in".to_owned(),
            (true, false, _) => "only this machine can come in".to_owned(),
            (false, false, true) => format!("everybody who reaches {authority} may come in, encrypted or not"),
            (false, false, false) => format!("whoever is invited may come in at {authority}, encrypted"),
        };
        let scheme = if secure { "https" } else { "http" };
        let page =
            (!ip.is_loopback() || (entrance.behind && public.is_some())).then(|| format!("{scheme}://{authority}"));
        Reach { url, fingerprint: entrance.tls.as_ref().map(Tls::fingerprint), who, page }
    }

    /// What `/host` shows.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.url.clone(), String::new(), format!("  {}", self.who)];
        if let Some(print) = self.fingerprint {
            lines.extend([String::new(), "fingerprint of the certificate".to_owned(), format!("  {}", print.spoken())]);
        }
        lines
    }
}

/// The address that this machine has on its network; loopback when it is on none.
fn own_address() -> IpAddr {
    let asked = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect(ELSEWHERE)?;
        socket.local_addr()
    });
    asked.map_or(Ipv4Addr::LOCALHOST.into(), |addr| addr.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(listening: &str, names: &[&str], entrance: &Entrance) -> (String, String) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let reach = Reach::of(listening.parse().expect("an address"), &names, entrance);
        (reach.url, reach.who)
    }

    #[test]
    fn who_may_come_in_is_said_in_one_line() {
        let open = Entrance { open: true, ..Entrance::default() };
        let proxied = Entrance { behind: true, ..Entrance::default() };
        let said = |listening: &str, names: &[&str], entrance: &Entrance| {
            let (url, who) = reach(listening, names, entrance);
            format!("{url} {who}")
        };
        assert_eq!(
            said("127.0.0.1:8080", &["chat.example"], &Entrance::default()),
            "ws://127.0.0.1:8080 only this machine can come in"
        );
        assert_eq!(
            said("198.51.100.7:8080", &[], &open),
            "ws://198.51.100.7:8080 everybody who reaches 198.51.100.7:8080 may come in, encrypted or not"
        );
        assert_eq!(
            said("198.51.100.7:8080", &["chat.example"], &Entrance::default()),
            "ws://chat.example:8080 whoever is invited may come in at chat.example:8080, encrypted"
        );
        assert_eq!(
            said("127.0.0.1:8080", &["chat.example"], &proxied),
            "wss://chat.example whoever is invited may come in, through the proxy"
        );
    }
}
