//! Figures for Prometheus (text format 0.0.4) at `/metrics`: for this machine, or for who has the token of the settings.
//! What is counted is counted where it happens, by adding to a number; nothing here runs while nobody asks.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::entrance::Way;
use super::web::{By, Web, bearer, unknown};
use crate::hub::calls::{Figures, Reply, Wish};

/// Upper bounds of the histogram of commits, in seconds: from a store in memory to a disk that is about to fail.
const BOUNDS: [f64; 10] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

/// What is counted outside the hub.
pub struct Tally {
    started: Instant,
    /// Frames handed out to connections.
    pub deliveries: AtomicU64,
    /// Connections that are open.
    pub connections: AtomicUsize,
    /// Bytes that wait for all connections, as of the last time somebody asked.
    pub waiting: AtomicUsize,
    commits: [AtomicU64; BOUNDS.len() + 1],
    commit_micros: AtomicU64,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            started: Instant::now(),
            deliveries: AtomicU64::new(0),
            connections: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            commits: Default::default(),
            commit_micros: AtomicU64::new(0),
        }
    }
}

impl Tally {
    /// A commit took so long.
    pub fn committed(&self, took: Duration) {
        let at = BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound).unwrap_or(BOUNDS.len());
        self.commits[at].fetch_add(1, Ordering::Relaxed);
        self.commit_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

pub(super) async fn metrics(
    State(web): State<Arc<Web>>,
    Extension(way): Extension<Way>,
    Extension(by): Extension<By>,
    headers: HeaderMap,
) -> Response {
    let token = match bearer(&headers) {
        Ok(token) => token,
        Err(response) => return *response,
    };
    let shown = token.is_some() && token == web.metrics_token;
    if !(way.here || shown) {
        return unknown("Figures are for this machine, and for who sends the metrics_token of the host's settings.");
    }
    match web.ask(Wish::Figures, by).await {
        Ok(Reply::Figures(figures)) => {
            let mut response = write(&figures, &web.tally).into_response();
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(response) => *response,
    }
}

fn write(figures: &Figures, tally: &Tally) -> String {
    let mut out = String::with_capacity(4096);
    let mut one = |name: &str, kind: &str, help: &str, value: u64| {
        let _ = writeln!(out, "# HELP wschat_{name} {help}\n# TYPE wschat_{name} {kind}\nwschat_{name} {value}");
    };
    let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    one("uptime_seconds", "gauge", "Since the host started.", tally.started.elapsed().as_secs());
    one("connections", "gauge", "WebSocket connections.", count(tally.connections.load(Ordering::Relaxed)));
    one("people", "gauge", "People with a key whom the host knows.", count(figures.people));
    one("people_online", "gauge", "People who are there, guests included.", count(figures.online));
    one("rooms", "gauge", "Rooms.", count(figures.rooms));
    one("webhooks", "gauge", "Webhooks.", count(figures.hooks));
    one("entries_total", "counter", "Messages, edits, reactions and topics kept.", figures.entries);
    one("deliveries_total", "counter", "Events handed out, once for each connection.", read(&tally.deliveries));
    one("refusals_total", "counter", "Answers that were no.", figures.refusals);
    one("queue_bytes", "gauge", "Bytes that wait for all readers.", count(tally.waiting.load(Ordering::Relaxed)));
    one("store_full", "gauge", "1 when the last write found no room on the disk.", u64::from(figures.full));
    let _ = writeln!(
        out,
        "# HELP wschat_commit_seconds How long the store took to keep a turn, synced to the disk.\n# TYPE wschat_commit_seconds histogram"
    );
    let mut sum = 0;
    for (at, counter) in tally.commits.iter().enumerate() {
        sum += read(counter);
        let bound = BOUNDS.get(at).map_or_else(|| "+Inf".to_owned(), f64::to_string);
        let _ = writeln!(out, "wschat_commit_seconds_bucket{{le=\"{bound}\"}} {sum}");
    }
    let seconds = Duration::from_micros(read(&tally.commit_micros)).as_secs_f64();
    let _ = writeln!(out, "wschat_commit_seconds_sum {seconds}\nwschat_commit_seconds_count {sum}");
    let _ = writeln!(
        out,
        "# HELP wschat_build_info What runs here.\n# TYPE wschat_build_info gauge\nwschat_build_info{{version=\"{}\"}} 1",
        env!("CARGO_PKG_VERSION")
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_told_with_its_type_and_buckets_add_up() {
        let tally = Tally::default();
        for ms in [0, 1, 3, 9000] {
            tally.committed(Duration::from_millis(ms));
        }
        let told = write(&Figures { entries: 7, ..Figures::default() }, &tally);
        for line in told.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = name.split('{').next().expect("a name");
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(told.contains(&format!("# TYPE {base} ")), "{line}");
        }
        for line in [
            "wschat_entries_total 7",
            "wschat_commit_seconds_bucket{le=\"0.001\"} 2",
            "wschat_commit_seconds_bucket{le=\"2.5\"} 3",
            "wschat_commit_seconds_bucket{le=\"+Inf\"} 4",
            "wschat_commit_seconds_count 4",
            "wschat_commit_seconds_sum 9.004",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} in {told}");
        }
    }
}
