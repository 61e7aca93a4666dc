//! The pages of a host: the client for browsers, the page about the host for everything else that asks, and under
//! which headers they are sent. All of it is compiled in, put together (`together`) and compressed once, when it is first
//! asked for. Who may ask is the gate's business, and what the client then says goes over a WebSocket like anybody's.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::together;

/// What is found at the root by who asks for a page to look at.
const CLIENT: &str = include_str!("../../assets/web/index.html");

/// What everybody else finds there: how one joins.
const ABOUT: &str = include_str!("../../assets/web/about.html");

/// How that looks.
const ABOUT_STYLE: &str = include_str!("../../assets/web/about.css");

/// Where the client's page looks for its parts; the dash becomes what names this version of them.
const PARTS: &str = "/web/-/";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../assets/web/", $name)))),*]
    };
}

/// How the client looks.
const STYLE: (&str, &str) = ("client.css", include_str!("../../assets/web/client.css"));

/// What it does.
const MODULES: &[(&str, &str)] = modules![
    "bell.js",
    "chat.js",
    "choices.js",
    "code.js",
    "commands.js",
    "composer.js",
    "dialogs.js",
    "dom.js",
    "door.js",
    "finding.js",
    "hand.js",
    "history.js",
    "identity.js",
    "keep.js",
    "keys.js",
    "link.js",
    "log.js",
    "main.js",
    "markup.js",
    "memos.js",
    "order.js",
    "panes.js",
    "people.js",
    "render.js",
    "rows.js",
    "saying.js",
    "settings.js",
    "slash.js",
    "taken.js",
    "talk.js",
    "text.js",
    "walking.js",
    "when.js",
];

/// A page whose address stays: asked for each time, and sent only when it is another.
const FRESH: &str = "no-cache";

/// A part whose address has its version in it.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// One thing that can be sent.
struct Page {
    kind: &'static str,
    keep: &'static str,
    vary: &'static str,
    tag: String,
    plain: Bytes,
    packed: Bytes,
}

/// All there is.
struct Pages {
    client: Page,
    about: Page,
    about_style: Page,
    version: String,
    parts: Vec<(&'static str, Page)>,
}

/// Most hosts are never asked by a browser, and pay nothing for it.
static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    let parts = [(STYLE.0, CSS, together::style(STYLE.1)), (together::MAIN, JS, together::script(MODULES))];
    let mut all = Sha256::new();
    for (name, _, text) in &parts {
        all.update(name.as_bytes());
        all.update([0]);
        all.update(text.as_bytes());
    }
    let version = short(&all.finalize());
    let client = CLIENT.replace(PARTS, &format!("/web/{version}/"));
    Pages {
        client: Page::new(HTML, FRESH, "accept, accept-encoding", client.into()),
        about: Page::new(HTML, FRESH, "accept, accept-encoding", ABOUT.into()),
        about_style: Page::new(CSS, FRESH, "accept-encoding", ABOUT_STYLE.into()),
        version,
        parts: parts
            .into_iter()
            .map(|(name, kind, text)| (name, Page::new(kind, FOREVER, "accept-encoding", text.into())))
            .collect(),
    }
});

/// Eight bytes of a digest are enough to tell versions of one file apart.
fn short(digest: &[u8]) -> String {
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Page {
    fn new(kind: &'static str, keep: &'static str, vary: &'static str, plain: Bytes) -> Page {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail; were it to, the page would go as it is.
        let packed = packer.write_all(&plain).and_then(|()| packer.finish()).unwrap_or_default();
        Page { kind, keep, vary, tag: short(&Sha256::digest(&plain)), plain, packed: packed.into() }
    }

    /// The page as this request wants it.
    fn answer(&self, asked: &HeaderMap) -> Response {
        let packed = !self.packed.is_empty() && takes_gzip(asked);
        let tag = format!("\"{}{}\"", self.tag, if packed { "-gz" } else { "" });
        let known = list(asked, &IF_NONE_MATCH).any(|one| one == "*" || one.trim_start_matches("W/") == tag);
        let mut response = match (known, packed) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, true) => Body::from(self.packed.clone()).into_response(),
            (false, false) => Body::from(self.plain.clone()).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.keep));
        headers.insert(VARY, HeaderValue::from_static(self.vary));
        headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (ETAG, tag)));
        if !known {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
            headers.extend(packed.then_some((CONTENT_ENCODING, HeaderValue::from_static("gzip"))));
        }
        response
    }
}

/// The routes of the pages.
pub fn routes() -> Router {
    Router::new()
        .route("/", get(front))
        .route("/about", get(async |asked: HeaderMap| PAGES.about.answer(&asked)))
        .route("/style.css", get(async |asked: HeaderMap| PAGES.about_style.answer(&asked)))
        .route("/web/{version}/{name}", get(part))
}

/// Browsers say that they want HTML; programs that take anything are told how to join.
async fn front(asked: HeaderMap) -> Response {
    match wants(&asked, &ACCEPT, "text/html") {
        true => PAGES.client.answer(&asked),
        false => PAGES.about.answer(&asked),
    }
}

async fn part(Path((version, name)): Path<(String, String)>, asked: HeaderMap) -> Response {
    let found = PAGES.parts.iter().find(|(known, _)| version == PAGES.version && *known == name);
    match found {
        Some((_, page)) => page.answer(&asked),
        None => nothing_here().into_response(),
    }
}

/// For every other address.
pub fn nothing_here() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "There is nothing here; the host's page is at /.\n")
}

/// What a page may do: load its own parts, and talk to this host under the names it has just been asked by. Nobody
/// frames it, no markup becomes part of it, and nothing comes from elsewhere.
pub fn policy(authority: Option<&str>) -> HeaderValue {
    let sockets = authority.map(sockets).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{sockets}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The WebSocket addresses of this host. Not every browser counts them to `'self'`. A policy cannot name an address of
/// IPv6, which is left to those that do; on the own machine the two names of it are one.
fn sockets(authority: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    if authority.is_empty() || !authority.chars().all(fits) {
        return String::new();
    }
    let (name, port) = authority.split_once(':').map_or((authority, ""), |(name, _)| (name, &authority[name.len()..]));
    let names = match name {
        "localhost" | "127.0.0.1" => vec!["localhost", "127.0.0.1"],
        name => vec![name],
    };
    names.iter().fold(String::new(), |mut all, name| {
        let _ = write!(all, " ws://{name}{port} wss://{name}{port}");
        all
    })
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    wants(asked, &ACCEPT_ENCODING, "gzip")
}

/// Whether a list with weights names this word, and not only to say no to it.
fn wants(asked: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    list(asked, name).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(word));
        let weight = parts.filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))).next();
        named && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

/// The items of a header that is a list, in however many lines it came.
fn list<'h>(asked: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = asked.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn words_of_a_list_count_unless_their_weight_is_nothing() {
        for (values, found) in [
            (&["text/html"][..], true),
            (&["application/json, TEXT/HTML;q=0.2"], true),
            (&["*/*"], false),
            (&["text/html;q=0"], false),
            (&["text/html; q=nonsense"], false),
            (&["text/plain", "text/html"], true),
            (&[], false),
        ] {
            assert_eq!(wants(&asked(ACCEPT, values), &ACCEPT, "text/html"), found, "{values:?}");
        }
    }

    #[test]
    fn the_policy_names_this_host_and_nothing_that_was_slipped_in() {
        let told = |authority: &str| policy(Some(authority)).to_str().expect("a policy is text").to_owned();
        assert!(told("chat.example").contains("connect-src 'self' ws://chat.example wss://chat.example;"));
        assert!(told("127.0.0.1:81").contains("ws://localhost:81 wss://localhost:81 ws://127.0.0.1:81"));
        for odd in ["[::1]:80", "a;script-src *", "a b", ""] {
            assert!(told(odd).contains("connect-src 'self';"), "{odd}");
        }
    }
}
