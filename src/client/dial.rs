//! A connection to a host, plain or encrypted, up to where a WebSocket can begin. Whether the host is who it was is
//! `trust`'s to say; what is spoken on it is `link`'s.

use std::io;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::address::{Address, Transport, split_port};
use super::trust::{Distrust, KnownHosts, Verifier};
use crate::protocol::fingerprint::Fingerprint;

/// What is spoken on.
pub type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// How long a server that may not know TLS is given to answer it. One that does takes a few milliseconds and the way
/// there and back twice.
const TLS_WITHIN: Duration = Duration::from_secs(4);

/// Why there is no connection.
#[derive(Debug)]
pub enum DialError {
    /// The network says no.
    Io(io::Error),
    /// The host is not trusted.
    Distrust(Distrust),
    /// In words.
    Words(String),
}

/// A connection, and what the host was recognised by, to be kept once it proved to be one.
pub struct Dialled {
    /// The connection.
    pub stream: Stream,
    /// Whether it is encrypted.
    pub secure: bool,
}

/// Connects. What `known` has of the host, or else what the address says, is what its certificate must be.
pub async fn dial(address: &Address, known: Option<&KnownHosts>) -> Result<Dialled, DialError> {
    let authority = &address.authority;
    let kept = known.map(|known| known.get(authority)).transpose();
    let kept = kept.map_err(|e| {
        let path = known.map(|known| known.path().display().to_string()).unwrap_or_default();
        DialError::Words(format!("{path} cannot be read ({e}), so nobody knows who this host was"))
    })?;
    // An invitation comes from a person, so it may say that a host has a new certificate.
    let expected = address.pin.or(kept.flatten());
    let transport = match (address.transport, expected) {
        // A host that was once encrypted is never spoken to in the clear: that is what somebody in between would want.
        (Transport::Either, Some(_)) => Transport::Tls,
        (transport, _) => transport,
    };
    if transport == Transport::Plain {
        return plain(authority).await;
    }
    let host = split_port(authority).map_or(authority.as_str(), |(host, _)| host);
    match tls(authority, host, expected).await {
        Ok(dialled) => Ok(dialled),
        Err(NoTls::Not(_)) if transport == Transport::Either => plain(authority).await,
        Err(NoTls::Not(why)) => Err(DialError::Words(why)),
        Err(NoTls::Dial(error)) => Err(error),
    }
}

async fn connect(authority: &str) -> Result<TcpStream, DialError> {
    let socket = TcpStream::connect(authority).await.map_err(DialError::Io)?;
    // Best effort: without it a line may wait for the one before to be acknowledged.
    let _ = socket.set_nodelay(true);
    Ok(socket)
}

async fn plain(authority: &str) -> Result<Dialled, DialError> {
    Ok(Dialled { stream: Either::Left(connect(authority).await?), secure: false })
}

enum NoTls {
    Dial(DialError),
    /// Something else is spoken there.
    Not(String),
}

async fn tls(authority: &str, host: &str, expected: Option<Fingerprint>) -> Result<Dialled, NoTls> {
    let socket = connect(authority).await.map_err(NoTls::Dial)?;
    let words = |why: String| NoTls::Dial(DialError::Words(why));
    let verifier = Verifier::new(host, expected).map_err(words)?;
    let config = verifier.config().map_err(words)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|e| words(e.to_string()))?;
    let shaking = TlsConnector::from(std::sync::Arc::new(config)).connect(name, socket);
    match timeout(TLS_WITHIN, shaking).await {
        Ok(Ok(stream)) => Ok(Dialled { stream: Either::Right(stream), secure: true }),
        Ok(Err(error)) => Err(match verifier.distrust() {
            Some(why) => NoTls::Dial(DialError::Distrust(why)),
            None => NoTls::Not(format!("TLS is not spoken there: {error}")),
        }),
        Err(_) => Err(NoTls::Not("TLS is not spoken there: no answer".to_owned())),
    }
}
