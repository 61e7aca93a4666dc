//! What is spoken before the chat: TLS where the first byte says so, then one request, answered by a page, a word of
//! health, or the upgrade to a WebSocket. Every request passes the [`Gate`] first. The chat itself is `connection`'s.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tower::ServiceExt;

use super::addresses::{Addresses, Seat};
use super::connection::{House, Upgraded};
use super::entrance::{Entrance, Way};
use super::gate::Gate;
use super::half_open;
use super::handshake::{Handshake, TLS_HANDSHAKE};
use super::pages;
use super::web::{self, By, Web};
use super::wire::Wire;
use crate::protocol::dialect::{Choice, Dialect, KNOWN};

/// All headers of a request together. A browser sends 1 to 2 KiB; each half-open connection may cost this much.
const HEADER_BYTES: usize = 16 * 1024;

/// The share of the time to enter after which who is too slow is told so.
const ANSWERED_WITHIN: f64 = 0.8;

/// What every answer carries besides its policy: it is taken for nothing else than it is, and tells nobody where one was.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    // One request, one connection: half-open ones are counted and timed, and what a page is made of is fetched once.
    (HeaderName::from_static("connection"), HeaderValue::from_static("close")),
];

/// What a connection is to be known by in a request.
struct Knock {
    peer: SocketAddr,
    here: IpAddr,
    /// Whether it is encrypted.
    secure: bool,
    /// Until when it is to be answered.
    by: By,
    upgrade: Arc<Mutex<Option<Upgrade>>>,
}

/// An upgrade that was answered.
struct Upgrade {
    ready: OnUpgrade,
    dialect: Dialect,
    authority: String,
    way: Way,
    seat: Seat,
}

/// Who may knock, and who may come in how.
pub struct Porch {
    /// By names and origins.
    pub gate: Gate,
    /// By addresses and encryption.
    pub entrance: Arc<Entrance>,
    /// By how many come from there.
    pub addresses: Arc<Addresses>,
}

/// What answers a request: the porch, and the routes behind it. One for all connections.
#[derive(Clone)]
pub struct Front {
    porch: Arc<Porch>,
    routes: Router,
}

impl Front {
    /// With all the routes there are.
    pub fn new(porch: Porch, web: Arc<Web>) -> Front {
        let routes = pages::routes().merge(web::routes(web)).fallback(async || pages::nothing_here());
        Front { porch: Arc::new(porch), routes }
    }

    /// The gate, then the upgrade where one is asked for, whatever the path; a route only for who wants neither.
    async fn answer(&self, knock: &Knock, mut request: hyper::Request<Incoming>) -> Response {
        let porch = &self.porch;
        let authority = match porch.gate.check(request.headers(), request.uri(), knock.here) {
            Ok(authority) => authority,
            Err(turned) => return refuse(knock, turned.status, turned.why),
        };
        let upgrading = is_upgrade(request.headers());
        let way = match porch.entrance.way(knock.peer.ip(), knock.secure, request.headers()) {
            Ok(way) => way,
            // Somebody typed the address into a browser; what follows `#` stays with it.
            Err(_) if !upgrading && request.method().is_safe() => return to_tls(&authority, request.uri()),
            Err(why) => return refuse(knock, StatusCode::FORBIDDEN, why),
        };
        if upgrading {
            return match porch.addresses.seat(way.address) {
                Ok(seat) => upgrade(knock, authority, way, seat, request),
                Err(wait) => crowded(knock, wait),
            };
        }
        // Whoever sends something counts like who comes to stay; it gives its place back when it is answered.
        let _seat = match request.method().is_safe() {
            true => None,
            false => match porch.addresses.seat(way.address) {
                Ok(seat) => Some(seat),
                Err(wait) => return crowded(knock, wait),
            },
        };
        request.extensions_mut().insert(way);
        request.extensions_mut().insert(knock.by);
        // Boxed: who comes to stay never gets here, and is not to wait in so much memory.
        let Ok(mut response) = Box::pin(self.routes.clone().oneshot(request)).await;
        dress(&mut response, Some(&authority));
        response
    }
}

/// Between whom a socket is.
#[derive(Clone, Copy)]
pub struct Ends {
    /// The other end.
    pub peer: SocketAddr,
    /// Ours, where the listener has only one; else the socket is asked.
    pub here: Option<IpAddr>,
}

/// Speaks TLS where it is asked for, then HTTP on a connection until it is upgraded or done. Ends by itself when the time
/// to enter is over or its place among the half-open is lost.
pub async fn greet(
    front: Front,
    house: Arc<House>,
    entrance: Arc<Entrance>,
    socket: TcpStream,
    ends: Ends,
    place: half_open::Place,
) -> Option<Upgraded> {
    let since = Instant::now();
    let peer = ends.peer;
    let here = match ends.here {
        Some(here) => here,
        None => socket.local_addr().ok()?.ip(),
    };
    let allowed = house.timeouts.enter;
    // What needs kilobytes is boxed: whatever waits around it moves several times before it begins.
    let speaking = async {
        // A little before the connection is cut, so that there is time to say so.
        let by = By((!allowed.is_zero()).then(|| since + allowed.mul_f64(ANSWERED_WITHIN)));
        let knock = |secure| Knock { peer, here, secure, by, upgrade: Arc::default() };
        let Some(tls) = &entrance.tls else {
            return Box::pin(speak::<TcpStream>(front, socket, knock(false))).await;
        };
        let mut first = [0];
        if socket.peek(&mut first).await.ok()? == 0 {
            return None;
        }
        if first != [TLS_HANDSHAKE] {
            return Box::pin(speak::<TcpStream>(front, socket, knock(false))).await;
        }
        match Box::pin(TlsAcceptor::from(tls.config()).accept(socket)).await {
            Ok(stream) => Box::pin(speak::<TlsStream<TcpStream>>(front, stream, knock(true))).await,
            Err(error) => {
                tracing::info!(%peer, "handshake failed: {error}");
                None
            }
        }
    };
    let in_time = async {
        match allowed.is_zero() {
            true => speaking.await,
            false => timeout_at(since + allowed, speaking).await.unwrap_or_else(|_| {
                tracing::info!(%peer, "handshake took too long");
                None
            }),
        }
    };
    let (Shaken { wire, answer, early }, Upgrade { dialect, authority, way, seat, .. }) = tokio::select! {
        upgraded = in_time => upgraded?,
        () = place.lost() => {
            tracing::info!(%peer, "handshake gave way to others");
            return None;
        }
    };
    Some(Upgraded { wire, answer, early, dialect, authority, way, since, peer, place, seat })
}

/// A socket after its handshake.
struct Shaken {
    wire: Wire,
    /// Our answer, which is still to be sent.
    answer: Vec<u8>,
    /// What came early.
    early: Vec<u8>,
}

/// Speaks HTTP until the upgrade.
async fn speak<S>(front: Front, socket: S, knock: Knock) -> Option<(Shaken, Upgrade)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static + Into<Wire>,
{
    let (peer, upgrade) = (knock.peer, knock.upgrade.clone());
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let answer = front.answer(&knock, request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut server = http1::Builder::new();
    // No timer of its own: how long all of it may take is looked at around it.
    server.max_buf_size(HEADER_BYTES).max_header_size(HEADER_BYTES);
    if let Err(error) = server.serve_connection(TokioIo::new(Handshake::new(socket)), service).with_upgrades().await {
        tracing::info!(%peer, "handshake failed: {}", story(&error));
        return None;
    }
    let mut upgrade = upgrade.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let parts = (&mut upgrade.ready).await.ok()?.downcast::<TokioIo<Handshake<S>>>().ok()?;
    // The buffer is hyper's own and large; what came early in it, if anything, is copied and the buffer let go.
    let early = parts.read_buf.to_vec();
    let (socket, answer) = parts.io.into_inner().into_parts();
    Some((Shaken { wire: socket.into(), answer, early }, upgrade))
}

/// An error with its cause: hyper's own words are often only half of it.
fn story(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// The same page, encrypted.
fn to_tls(authority: &str, uri: &Uri) -> Response {
    let mut response = Redirect::temporary(&format!("https://{authority}{}", uri.path())).into_response();
    dress(&mut response, None);
    response
}

/// The headers of every answer; `authority` is the name of this host that was asked, where it is one.
fn dress(response: &mut Response, authority: Option<&str>) {
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.insert(CONTENT_SECURITY_POLICY, pages::policy(authority));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    says(UPGRADE, "websocket") && says(CONNECTION, "upgrade")
}

/// Answers the handshake (RFC 6455, 4.2.2) and leaves the connection to the chat.
fn upgrade(knock: &Knock, authority: String, way: Way, seat: Seat, mut request: hyper::Request<Incoming>) -> Response {
    let offers: Vec<&str> =
        request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok()).collect();
    let offer = (!offers.is_empty()).then(|| offers.join(","));
    let (dialect, name) = match Dialect::choose(offer.as_deref()) {
        Choice::Named(dialect) => (dialect, Some(dialect.name())),
        Choice::Unnamed => (Dialect::Plain, None),
        Choice::Unknown => {
            return refuse(knock, StatusCode::BAD_REQUEST, &format!("The subprotocols spoken here are {KNOWN}."));
        }
    };
    if let (Dialect::Plain, false) = (dialect, way.free) {
        return refuse(knock, StatusCode::FORBIDDEN, NO_RAW);
    }
    let mut response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => {
            let mut response = refuse(knock, StatusCode::BAD_REQUEST, &format!("No WebSocket handshake: {error}."));
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            return response;
        }
    };
    if let Some(name) = name {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
    }
    let ready = hyper::upgrade::on(&mut request);
    *knock.upgrade.lock().unwrap_or_else(PoisonError::into_inner) =
        Some(Upgrade { ready, dialect, authority, way, seat });
    response
}

/// To a raw client where an invitation is needed: plain text has no place for one.
const NO_RAW: &str = "This host lets in whom it invited, and plain text cannot say so. Come with wschat or a browser, or \
                      ask for a host that was started with --open.";

/// To an address that has too many connections, or opened them too fast: when to come again.
fn crowded(knock: &Knock, wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let why = format!("Too many connections come from your address; try again in {seconds} s.");
    let mut response = refuse(knock, StatusCode::TOO_MANY_REQUESTS, &why);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// One line to the peer, one to the log.
fn refuse(knock: &Knock, status: StatusCode, why: &str) -> Response {
    tracing::info!(peer = %knock.peer, status = status.as_u16(), "refused: {why}");
    let mut response = (status, format!("{why}\n")).into_response();
    dress(&mut response, None);
    response
}
