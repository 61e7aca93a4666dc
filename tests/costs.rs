//! Costs that are the same on every machine, since they are counted and not timed: what a hearer of a line takes at the
//! host, and what a screen does when nothing happens, when a key is pressed and when too much is said. What takes how
//! long is measured by the benches and told in docs/performance.md.

mod common;
#[path = "common/host.rs"]
mod host;

use std::io::ErrorKind;
use std::time::Instant;

use common::bot::DEADLINE;
use common::term::{Term, wschat};
use host::{Host, Raw, soon};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use wschat::config::Config;
use wschat::server::{self, Options, Place};
use wschat::store::Store;
use wschat::store::memory::MemoryStore;
use wschat::store::sqlite::SqliteStore;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// Allocations of a host's whole life in which so many people hear so many lines.
fn allocations(members: usize, lines: usize) -> u64 {
    let (tell, told) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let host = std::thread::spawn(move || {
        let counted = allocation_counter::measure(|| {
            runtime().block_on(async {
                let store = Box::new(MemoryStore::new([7; 16]));
                let listeners = server::bind(Place::Loopback { port: 0 }).expect("a port is free");
                tell.send(listeners.first.to_string()).expect("the test waits");
                let mut config = Config::builtin();
                // What is counted here is said as fast as it goes.
                (config.limits.message_burst, config.limits.join_burst) = (0, 0);
                let options = Options::new(&config, store, true);
                let ended = server::run(listeners, options, async { _ = stopped.await }).await;
                ended.expect("it stops well");
            });
        });
        counted.count_total
    });
    let authority = told.recv_timeout(DEADLINE).expect("it starts");
    runtime().block_on(async {
        let mut people = Vec::new();
        for n in 0..members {
            people.push(Raw::guest(&authority, &format!("p{n}")).await);
        }
        for n in 0..lines {
            people[0]
                .send(
                    json!({"type": "say", "id": n + 3, "to": "#lobby", "text": "hello", "nonce": format!("{n:032x}")}),
                )
                .await;
            // In step, so that nobody's socket fills.
            for raw in &mut people {
                assert_eq!(raw.hears("entry").await["seq"], n + 1);
            }
        }
        drop(stop);
        for raw in &mut people {
            raw.closed().await;
        }
    });
    host.join().expect("the host does not panic")
}

#[test]
fn a_hearer_costs_no_allocation() {
    let per_line = |members| {
        let (few, many) = (allocations(members, 50), allocations(members, 250));
        many.saturating_sub(few) as f64 / 200.0
    };
    let (few, crowd) = (per_line(12), per_line(92));
    let hearer = (crowd - few) / 80.0;
    // A line alone takes three or so more where its answer falls into a turn of its own: that is spread over the hearers
    // here, and is far from the one that a single allocation for each would be.
    assert!(hearer.abs() < 0.1, "{few} allocations for a line among 12, {crowd} among 92: {hearer} for a hearer");
}

/// Twenty people in one room of a host in the same runtime, so that who has their turn when is the same in every run.
/// Gives back the host's address, what makes it stop, and them.
async fn crowd(store: Box<dyn Store>) -> (String, oneshot::Sender<()>, Vec<Raw>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let listeners = server::bind(Place::Loopback { port: 0 }).expect("a port is free");
    let authority = listeners.first.to_string();
    let options = Options::new(&Config::builtin(), store, false);
    tokio::spawn(server::run(listeners, options, async { _ = stopped.await }));
    let mut people = Vec::new();
    for n in 0..20 {
        people.push(Raw::guest(&authority, &format!("p{n}")).await);
    }
    // Behind this nothing is on its way any more.
    people[0].send(say(0)).await;
    for raw in &mut people {
        raw.hears("entry").await;
    }
    (authority, stop, people)
}

fn say(n: u32) -> Value {
    json!({"type": "say", "id": n + 3, "to": "#lobby", "text": "hello", "nonce": format!("{n:032x}")})
}

/// Eighteen who say something, each while the host reads what the one before said.
async fn at_almost_once(people: &mut [Raw]) {
    for (n, raw) in people[..18].iter_mut().enumerate() {
        let line = host::frame(0x81, say(n as u32 + 1).to_string().as_bytes());
        assert_eq!(raw.socket.get_mut().try_write(&line).expect("it has room"), line.len());
        tokio::task::yield_now().await;
    }
}

#[test]
fn what_is_said_while_a_line_is_read_is_written_with_it() {
    let test = async {
        let (_, _stop, mut people) = crowd(Box::new(MemoryStore::new([7; 16]))).await;
        at_almost_once(&mut people).await;
        let mut first = [0; 8192];
        let hearer = people[19].socket.get_ref();
        let read = soon("a line", async {
            loop {
                match hearer.try_read(&mut first) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::task::yield_now().await,
                    read => return read.expect("it does not hang up"),
                }
            }
        });
        let read = read.await;
        let text = String::from_utf8_lossy(&first[..read]);
        assert_eq!(text.matches("\"type\":\"entry\"").count(), 18, "{text}");
    };
    runtime().block_on(async { tokio::spawn(test).await }).expect("no panic");
}

#[test]
fn what_is_said_while_a_line_is_read_is_synced_with_it() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let store = SqliteStore::open(&dir.path().join("host.db"), [7; 16]).expect("the folder is ours");
    let test = async {
        let (authority, _stop, mut people) = crowd(Box::new(store)).await;
        let commits = async || {
            let request = format!("GET /metrics HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
            let mut socket = TcpStream::connect(&authority).await.expect("it listens");
            socket.write_all(request.as_bytes()).await.expect("it reads");
            let mut answer = String::new();
            soon("figures", socket.read_to_string(&mut answer)).await.expect("they are text");
            let count = answer.lines().find_map(|line| line.strip_prefix("wschat_commit_seconds_count "));
            count.and_then(|count| count.parse::<u64>().ok()).expect("commits are counted")
        };
        let before = commits().await;
        at_almost_once(&mut people).await;
        for seq in 2..20 {
            assert_eq!(people[19].hears("entry").await["seq"], seq);
        }
        assert_eq!(commits().await - before, 1);
    };
    runtime().block_on(async { tokio::spawn(test).await }).expect("no panic");
}

/// A host and a screen in it that has settled.
fn quiet(dir: &std::path::Path, host: &Host) -> Term {
    let term = Term::open(wschat(&dir.join("data"), &[&host.authority(), "--name", "ann"]), 120, 40);
    term.shows("ann › write to #lobby");
    term.shows("Nothing was said in #lobby yet.");
    term
}

/// How often the threads of a process gave up the processor: what sleeps and is woken does.
fn rests(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    tasks
        .map(|task| {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            count.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0)
        })
        .sum()
}

#[test]
fn what_others_say_elsewhere_neither_wakes_nor_draws() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start();
    let ann = quiet(dir.path(), &host);
    runtime().block_on(async {
        let (mut ben, mut cem) = (host.guest("ben").await, host.guest("cem").await);
        for raw in [&mut ben, &mut cem] {
            raw.send(json!({"type": "join", "id": 3, "room": "#dev"})).await;
            raw.hears("joined").await;
        }
        // Both have come, and the screen has told it: what it does after this, nothing asked for.
        ann.shows("3 here");
        let mut talk = async |from: usize| {
            for n in from..from + 500 {
                ben.send(
                    json!({"type": "say", "id": n + 10, "to": "#dev", "text": "hm", "nonce": format!("{n:032x}")}),
                )
                .await;
                cem.hears("entry").await;
                ben.hears("entry").await;
            }
        };
        talk(0).await;
        // On a busy machine the screen may still be about its own coming in, so the first of these need not be quiet; what
        // costs something for a line elsewhere is never.
        let mut woken = None;
        for round in 1..=5 {
            let (written, rested) = (ann.raw().len(), rests(ann.pid()));
            talk(round * 500).await;
            if ann.raw().len() == written {
                woken = Some(rests(ann.pid()) - rested);
                break;
            }
        }
        let woken = woken.expect("bytes for nothing, again and again");
        // The host asks each connection whether it is there, once in a while.
        assert!(woken <= 4, "woken {woken} times for nothing");
    });
}

#[test]
fn a_key_costs_few_bytes() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start();
    let mut ann = quiet(dir.path(), &host);
    ann.types("x");
    ann.shows("ann › x");
    let (before, mut text) = (ann.raw().len(), "x".to_owned());
    for key in ('a'..='z').chain('A'..='Z') {
        text.push(key);
        ann.types(&key.to_string());
        ann.shows(&format!("ann › {text}"));
    }
    // What follows a letter in the same drawing may still be on its way: the next key's picture comes behind it.
    let bytes = (ann.raw().len() - before) as f64 / 52.0;
    assert!(bytes <= 25.0, "{bytes} bytes for a key");
}

#[test]
fn a_flood_is_drawn_at_most_sixty_times_a_second_and_a_key_at_once() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start();
    let mut ann = quiet(dir.path(), &host);
    let frames = |ann: &Term| ann.raw().windows(8).filter(|part| part == b"\x1b[?2026h").count();
    runtime().block_on(async {
        let mut ben = host.guest("ben").await;
        ann.shows("2 here");
        let (begun, before) = (Instant::now(), frames(&ann));
        for n in 0..3000 {
            ben.send(json!({"type": "say", "id": n + 10, "to": "#lobby", "text": format!("line {n}"), "nonce": format!("{n:032x}")})).await;
            if n % 8 == 7 {
                for _ in 0..8 {
                    ben.hears("entry").await;
                }
            }
            if n == 1500 {
                ann.types("Quick");
            }
        }
        ann.shows("line 2999");
        ann.shows("ann › Quick");
        let (drawn, took) = (frames(&ann) - before, begun.elapsed());
        // One for each key, one at each end.
        let most = took.as_millis() as usize / 16 + 5 + 2;
        assert!(drawn <= most, "{drawn} drawings in {took:?}");
        assert!(drawn > 1, "the flood was seen");
    });
}
