//! What is asked over HTTP and answered by the hub: the routes, the way there and back, and how an answer looks. How many
//! may ask at once and for how long is bounded here; the tail of a room is in `tails`, webhooks in `hooks`, figures in
//! `metrics`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::driver::Arrival;
use super::hooks;
use super::metrics::{self, Tally};
use super::tails;
use crate::config::Limits;
use crate::hub::calls::{Reply, Wish};
use crate::protocol::event::{Code, Refusal};
use crate::protocol::secret::Token;

/// Who may ask at once. Each costs a question of the driver and, at most, a page or the body of a webhook in memory.
const AT_ONCE: usize = 64;

/// Bodies that may be on their way at once, each of at most what a frame has: 32 MiB with the settings as they come. Whoever
/// sends slowly holds a place for the few seconds one has.
const BODIES: usize = 512;

/// How long an answer may take where no time to enter is set.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all requests share.
pub struct Web {
    arrivals: mpsc::Sender<Arrival>,
    room: Semaphore,
    bodies: Semaphore,
    /// How much.
    pub limits: Limits,
    /// What is counted.
    pub tally: Arc<Tally>,
    /// Who shows it may read the figures from elsewhere.
    pub metrics_token: Option<Token>,
}

/// Until when this request is to be answered.
#[derive(Clone, Copy)]
pub struct By(pub Option<Instant>);

impl By {
    /// The moment.
    pub fn at(self) -> Instant {
        self.0.unwrap_or_else(|| Instant::now() + PATIENCE)
    }
}

impl Web {
    /// Nobody asks yet.
    pub fn new(
        arrivals: mpsc::Sender<Arrival>,
        limits: Limits,
        tally: Arc<Tally>,
        metrics_token: Option<Token>,
    ) -> Arc<Web> {
        Arc::new(Web {
            arrivals,
            room: Semaphore::new(AT_ONCE),
            bodies: Semaphore::new(BODIES),
            limits,
            tally,
            metrics_token,
        })
    }

    /// A place for a body that is to be read; `Err` is an answer already.
    pub fn body(&self) -> Result<SemaphorePermit<'_>, Box<Response>> {
        let why = "Many others send to this host just now; try again in a moment.";
        self.bodies.try_acquire().map_err(|_| Box::new(later(why, 1)))
    }

    /// Asks the hub, and waits for its answer; `Err` is an answer already.
    pub async fn ask(&self, wish: Wish, by: By) -> Result<Reply, Box<Response>> {
        let Ok(_place) = self.room.try_acquire() else {
            return Err(Box::new(later("Many others ask this host just now; try again in a moment.", 1)));
        };
        let (tell, told) = oneshot::channel();
        let asked = async {
            self.arrivals.send(Arrival::Called(wish, tell)).await.ok()?;
            told.await.ok()
        };
        match timeout_at(by.at(), asked).await {
            Ok(Some(Reply::Refused(refusal))) => Err(Box::new(refused(&refusal))),
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(Box::new(later("The host stops; try again in a moment.", 1))),
            Err(_) => Err(Box::new(later("The host is too slow just now; try again in a moment.", 5))),
        }
    }
}

/// The routes.
pub fn routes(web: Arc<Web>) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics::metrics))
        .route("/r/{file}", get(tails::tail))
        .route("/hook/{token}", post(hooks::hook).fallback(hooks::by_post_alone))
        .with_state(web)
}

/// Whether the keeper answers, and could keep what it was last given.
async fn health(State(web): State<Arc<Web>>, axum::Extension(by): axum::Extension<By>) -> Response {
    match web.ask(Wish::Health, by).await {
        Ok(_) => "ok".into_response(),
        Err(response) => *response,
    }
}

/// The token of a request that has one, as `Authorization: Bearer TOKEN`. `Err`: it has something else there.
pub fn bearer(headers: &HeaderMap) -> Result<Option<Token>, Box<Response>> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token.and_then(|(_, token)| Token::parse(token.trim())) {
        Some(token) => Ok(Some(token)),
        None => Err(Box::new(unknown("A token is sent as Authorization: Bearer TOKEN."))),
    }
}

/// The answer to who would have to show a token.
pub fn unknown(why: &str) -> Response {
    let mut response = (StatusCode::UNAUTHORIZED, format!("{why}\n")).into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn later(why: &str, seconds: u64) -> Response {
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A refusal of the hub.
fn refused(refusal: &Refusal) -> Response {
    let status = match refusal.code {
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Busy | Code::Storage => StatusCode::SERVICE_UNAVAILABLE,
        Code::NoSuchRoom => StatusCode::NOT_FOUND,
        Code::NonceConflict => StatusCode::CONFLICT,
        Code::NeedsInvite => return unknown(&sentence(&refusal.text)),
        Code::Banned => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = (status, format!("{}\n", sentence(&refusal.text))).into_response();
    if let Some(wait) = refusal.retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The text of a refusal, which continues one, as a sentence of its own.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
