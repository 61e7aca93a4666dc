//! Where programs speak: `POST /hook/TOKEN`. Reads no more than a message may have, makes words of text or JSON, and
//! answers once they are kept. Whose token it is, and whether it may be said, is the hub's to say; no token is logged.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tokio::time::timeout_at;

use super::entrance::Way;
use super::web::{By, Web, sentence, unknown};
use crate::hub::calls::{Reply, Wish};
use crate::hub::hooks::Words;
use crate::protocol::hook::{self, EXPECTED, Sent, read_json};
use crate::protocol::names::Nick;
use crate::protocol::secret::Token;
use crate::protocol::text::{Text, TextError};

/// What is read of a body where frames have no bound of their own.
const BODY_BYTES: usize = 1024 * 1024;

/// What is read and thrown away of a body that is too large, so that who is still sending gets its answer. Beyond it the
/// connection is cut.
const THROWN_AWAY: usize = 1024 * 1024;

/// What makes sending again safe.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest such key; the digest of one is kept.
const KEY_BYTES: usize = 255;

pub(super) async fn hook(
    State(web): State<Arc<Web>>,
    Extension(way): Extension<Way>,
    Extension(by): Extension<By>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let headers = head.headers;
    let most = match web.limits.frame_bytes {
        0 => BODY_BYTES,
        bytes => bytes.min(BODY_BYTES),
    };
    // Before a word of it is read: nobody sends for nothing who asked first.
    if length(&headers).is_some_and(|bytes| bytes > most as u64) {
        if !headers.contains_key(EXPECT) {
            let _ = timeout_at(by.at(), throw_away(body)).await;
        }
        return too_large(most);
    }
    let _place = match web.body() {
        Ok(place) => place,
        Err(response) => return *response,
    };
    let body = match timeout_at(by.at(), read(body, most)).await {
        Ok(Ok(body)) => body,
        Ok(Err(response)) => return *response,
        Err(_) => return (StatusCode::REQUEST_TIMEOUT, "That came too slowly.\n").into_response(),
    };
    let said = match said(&web, &headers, &body) {
        Ok(said) => said,
        Err(response) => return *response,
    };
    let Some(token) = token.ok().and_then(|Path(token)| Token::parse(&token)) else {
        return unknown("There is no such webhook, or it was taken back.");
    };
    let (text, name, nonce) = said;
    let words = Words { token, text, name, nonce, address: way.address };
    match web.ask(Wish::Say(words), by).await {
        Ok(Reply::Said(entry, fresh)) => {
            let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
            let told = serde_json::json!({"room": entry.to.to_string(), "seq": entry.seq.0, "at": entry.at.0});
            let mut response = (status, format!("{told}\n")).into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(response) => *response,
    }
}

/// A webhook shows nothing, and is spoken to in one way.
pub(super) async fn by_post_alone() -> Response {
    let why = "A webhook is spoken to by POST, with what is to be said as the body.\n";
    let mut response = (StatusCode::METHOD_NOT_ALLOWED, why).into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(most: usize) -> Response {
    (StatusCode::PAYLOAD_TOO_LARGE, format!("That is too much: a body has at most {most} bytes.\n")).into_response()
}

fn wrong(why: &str) -> Box<Response> {
    Box::new((StatusCode::BAD_REQUEST, format!("{why}\n")).into_response())
}

/// A body of at most so many bytes; never more of it is held.
async fn read(body: Body, most: usize) -> Result<Vec<u8>, Box<Response>> {
    let mut pieces = body.into_data_stream();
    let mut whole: Vec<u8> = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece: Bytes = piece.map_err(|_| wrong("The body ended before its end."))?;
        if whole.len() + piece.len() > most {
            throw_away(Body::from_stream(pieces)).await;
            return Err(Box::new(too_large(most)));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

async fn throw_away(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut thrown = 0;
    while let Some(Ok(piece)) = pieces.next().await {
        thrown += piece.len();
        if thrown > THROWN_AWAY {
            return;
        }
    }
}

type Said = (Text, Option<Nick>, Option<crate::protocol::entry::Nonce>);

/// What is to be said, or what is wrong with it.
fn said(web: &Web, headers: &HeaderMap, body: &[u8]) -> Result<Said, Box<Response>> {
    let nonce = match headers.get(IDEMPOTENCY_KEY) {
        None => None,
        Some(key) if (1..=KEY_BYTES).contains(&key.len()) => Some(hook::nonce(key.as_bytes())),
        Some(_) => return Err(wrong("An Idempotency-Key has 1 to 255 characters.")),
    };
    let body = std::str::from_utf8(body).map_err(|_| wrong("Text is UTF-8 here, and this is not."))?;
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let text = |text: &str| Ok(Sent { text: text.to_owned(), name: None });
    let sent = if kind.contains("json") {
        read_json(body)
    } else if kind.starts_with("text/plain") {
        text(body)
    } else if kind.starts_with("multipart/") {
        Err(format!("send the text as it is, or as JSON: {EXPECTED}"))
    } else {
        // `curl -d` says that all it sends is a form. What can be read as JSON was meant as that.
        read_json(body).or_else(|_| text(body))
    };
    let Sent { text, name } = sent.map_err(|why| wrong(&sentence(&why)))?;
    let text = Text::parse(text.trim_end_matches(['\n', '\r']), web.limits.text_bytes).map_err(|why| match why {
        TextError::Blank => wrong(&format!("There is nothing to say in it; {EXPECTED}, or the text itself.")),
        TextError::TooLong { bytes, limit } => Box::new(
            (StatusCode::PAYLOAD_TOO_LARGE, format!("A message has at most {limit} bytes, and this has {bytes}.\n"))
                .into_response(),
        ),
    })?;
    let name = match name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => Some(Nick::parse(name).map_err(|why| wrong(&format!("The name cannot be used: {why}.")))?),
        None => None,
    };
    Ok((text, name, nonce))
}
