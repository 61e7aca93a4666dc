//! The tail of a room, as a file that `curl` reads: `/r/ROOM.txt` in lines, `/r/ROOM.json` as the wire has it. Who may read
//! which room is the hub's to say.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::entrance::Way;
use super::web::{By, Web, bearer};
use crate::hub::calls::{Reply, Tail, Wish};
use crate::protocol::dialect::{plain, v1};
use crate::protocol::event::Event;
use crate::protocol::names::RoomName;

/// Entries, when it is not said how many.
const ENTRIES: u32 = 50;

/// In which form.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Json,
}

pub(super) async fn tail(
    State(web): State<Arc<Web>>,
    Extension(way): Extension<Way>,
    Extension(by): Extension<By>,
    file: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    // What is no name at all is answered like a room that is not there.
    let file = file.map(|Path(file)| file).unwrap_or_default();
    let Some((name, form)) = form(&file) else {
        return (StatusCode::NOT_FOUND, "The tail of a room is at /r/ROOM.txt and /r/ROOM.json.\n").into_response();
    };
    let Some(limit) = entries(query.as_deref().unwrap_or_default()) else {
        return (StatusCode::BAD_REQUEST, "How many is a whole number from 1 on: ?n=50.\n").into_response();
    };
    let token = match bearer(&headers) {
        Ok(token) => token,
        Err(response) => return *response,
    };
    let room = RoomName::parse(name.strip_prefix('#').unwrap_or(name)).ok();
    let wish = Wish::Tail(Tail { room, limit, address: way.address, free: way.free, token });
    let (to, page) = match web.ask(wish, by).await {
        Ok(Reply::Page(to, page)) => (to, page),
        Ok(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(response) => return *response,
    };
    match form {
        Form::Text => plain::tail(&page).into_response(),
        Form::Json => {
            let mut json = v1::encode(&Event::Page { to, page }, None);
            json.push(b'\n');
            let mut response = json.into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
    }
}

/// The name and the form of a file; a name may have dots in it.
fn form(file: &str) -> Option<(&str, Form)> {
    let text = file.strip_suffix(".txt").map(|name| (name, Form::Text));
    text.or_else(|| file.strip_suffix(".json").map(|name| (name, Form::Json)))
}

/// `n=` of a query; `None` when it is no number. More than the host gives at once is as many as it gives.
fn entries(query: &str) -> Option<u32> {
    let Some(wish) = query.split('&').find_map(|one| one.strip_prefix("n=")) else { return Some(ENTRIES) };
    let digits = !wish.is_empty() && wish.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| wish.parse().unwrap_or(u32::MAX)).filter(|many| *many > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_is_a_number_and_bounded() {
        for (query, many) in [
            ("", Some(50)),
            ("n=7", Some(7)),
            ("x=1&n=99999999999", Some(u32::MAX)),
            ("n=", None),
            ("n=0", None),
            ("n=-1", None),
            ("n=1e3", None),
            ("n=+5", None),
        ] {
            assert_eq!(entries(query), many, "{query}");
        }
    }
}
