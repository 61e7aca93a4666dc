//! The listening sockets: which addresses, opened how, and the loop that accepts. What is spoken on a connection is
//! `http`'s and `connection`'s business.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections the kernel holds for us until we accept them. Everybody comes back in the same second after a restart;
/// tokio's own 1,024 would drop some of five thousand, and a dropped SYN costs its client a whole second.
const BACKLOG: u32 = 4096;

/// Free ports tried when the one that IPv4 picked is taken on IPv6.
const PORT_TRIES: usize = 16;

/// How long nothing is accepted after the system ran out of files or memory. Long enough not to spin, short enough that
/// nobody's handshake times out.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(200);

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// 127.0.0.1 and `[::1]` on one port; 0 picks a free one.
    Loopback {
        /// The port.
        port: u16,
    },
    /// Every address, IPv4 and IPv6 on one port; 0 picks a free one.
    Everywhere {
        /// The port.
        port: u16,
    },
    /// Exactly this address.
    One(SocketAddr),
}

/// Sockets that listen.
pub struct Listeners {
    /// The address to tell people; of two, the IPv4 one.
    pub first: SocketAddr,
    pub(super) sockets: Vec<TcpListener>,
}

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("port {} is taken on {}: another program listens there; stop it, or choose another port", .0.port(), .0.ip())]
    Taken(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {addr}: {error}")]
    Cannot {
        /// Where.
        addr: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// Opens the sockets. A machine without IPv6 loopback is served on IPv4 alone, and the log says so; a port that is taken
/// on either is an error. To be called inside a tokio runtime.
pub fn bind(place: Place) -> Result<Listeners, BindError> {
    raise_files();
    match place {
        Place::One(addr) => bind_one(addr),
        // One socket of IPv6 takes both, unless the machine has none.
        Place::Everywhere { port } => match bind_one(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
            Err(BindError::Cannot { error, .. }) if no_such_family(&error) => {
                bind_one(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
            }
            done => done,
        },
        Place::Loopback { port: 0 } => {
            let mut tries = 1;
            loop {
                match both(0) {
                    Err(BindError::Taken(addr)) if addr.is_ipv6() && tries < PORT_TRIES => tries += 1,
                    done => return done,
                }
            }
        }
        Place::Loopback { port } => both(port),
    }
}

fn bind_one(addr: SocketAddr) -> Result<Listeners, BindError> {
    let socket = listen(addr)?;
    Ok(Listeners { first: local(&socket, addr)?, sockets: vec![socket] })
}

/// IPv4 first: it picks the port if any is to be picked.
fn both(port: u16) -> Result<Listeners, BindError> {
    let four = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let socket = listen(four)?;
    let first = local(&socket, four)?;
    let mut sockets = vec![socket];
    match listen(SocketAddr::from((Ipv6Addr::LOCALHOST, first.port()))) {
        Ok(socket) => sockets.push(socket),
        Err(BindError::Cannot { error, .. }) if no_such_family(&error) => {
            tracing::info!("this machine has no IPv6 loopback: listening on {first} alone");
        }
        Err(e) => return Err(e),
    }
    Ok(Listeners { first, sockets })
}

fn no_such_family(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT))
}

fn local(socket: &TcpListener, addr: SocketAddr) -> Result<SocketAddr, BindError> {
    socket.local_addr().map_err(|error| BindError::Cannot { addr, error })
}

fn listen(addr: SocketAddr) -> Result<TcpListener, BindError> {
    let open = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A host that restarts must get its port back while connections of before are still in TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken(addr),
        _ => BindError::Cannot { addr, error },
    })
}

/// Accepts for ever. Runs out of files by pausing, never by spinning, and goes on when there are some again.
pub(super) async fn accept(socket: TcpListener, mut take: impl FnMut(TcpStream, SocketAddr)) {
    let mut short = false;
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => {
                short = false;
                // Best effort: without it a message may wait for the one before to be acknowledged.
                let _ = stream.set_nodelay(true);
                take(stream, peer);
            }
            Err(error) if out_of_resources(&error) => {
                if !std::mem::replace(&mut short, true) {
                    tracing::warn!("accepting nobody for a while: {error}");
                }
                tokio::time::sleep(OUT_OF_FILES_PAUSE).await;
            }
            // Anything else is about the connection that was to be accepted: its peer has gone already.
            Err(error) => tracing::debug!("a connection went before it was accepted: {error}"),
        }
    }
}

fn out_of_resources(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}

/// Takes as many files as the system lets us: each connection is one. Failing is no reason not to start.
fn raise_files() {
    let files = getrlimit(Resource::Nofile);
    if files.current != files.maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
    }
}

/// How many files this process may have open.
pub(super) fn files() -> usize {
    /// Where the system has no bound: as many as is usual.
    const USUAL: u64 = 65_536;
    usize::try_from(getrlimit(Resource::Nofile).current.unwrap_or(USUAL)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_loopbacks_share_a_port_and_a_taken_one_is_named() {
        let held = bind(Place::Loopback { port: 0 }).expect("there is a free port");
        assert_eq!(held.first.ip(), Ipv4Addr::LOCALHOST);
        for socket in &held.sockets {
            assert_eq!(socket.local_addr().expect("it is bound").port(), held.first.port());
        }
        let port = held.first.port();
        let again = bind(Place::Loopback { port }).err().expect("it is taken");
        assert!(again.to_string().contains(&format!("port {port} is taken on 127.0.0.1")), "{again}");
    }

    #[tokio::test]
    async fn a_port_taken_on_ipv6_alone_is_an_error_too() {
        let Ok(six) = listen(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))) else {
            eprintln!("no IPv6 loopback here: not tried");
            return;
        };
        let port = six.local_addr().expect("it is bound").port();
        match bind(Place::Loopback { port }) {
            Err(BindError::Taken(addr)) => assert_eq!(addr.port(), port),
            Err(e) => panic!("{e}"),
            Ok(_) => panic!("only one of two was free"),
        }
    }
}
