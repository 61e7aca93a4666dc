//! The server beside the limit of the machine and beside Node, in one interleaved run. `cargo bench --bench load` prints
//! the table; docs/performance.md says what is in it and how to read it. Loopback only, bounded in count and time.

#![forbid(unsafe_code)]

mod client;
mod limit;
mod peers;
mod scenario;

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use peers::Peer;
use scenario::Figures;

/// The generator's core; the servers have the other.
const CORE: usize = 1;

/// A scenario, and who takes part.
struct Row {
    name: &'static str,
    run: fn(Peer) -> anyhow::Result<Figures>,
    /// Only servers that know rooms.
    rooms: bool,
}

/// A scenario of a fresh server.
macro_rules! on_a_server {
    ($name:literal, $server:ident, $wire:ident, $run:expr) => {
        Row {
            name: $name,
            run: |peer| {
                let ($server, $wire) = (&peer.start()?, peer.wire());
                $run
            },
            rooms: false,
        }
    };
}

fn rows() -> Vec<Row> {
    let mut rows = vec![
        on_a_server!("w1-200", server, wire, scenario::closed(server, wire, 1, 200)),
        on_a_server!("w16-200", server, wire, scenario::closed(server, wire, 16, 200)),
        on_a_server!("w128-1000", server, wire, scenario::closed(server, wire, 128, 1000)),
        on_a_server!("steady-200", server, wire, scenario::steady(server, wire, 200, 200)),
        on_a_server!("steady-1000", server, wire, scenario::steady(server, wire, 100, 1000)),
        on_a_server!("idle-5000", server, wire, scenario::idle(server, wire, 5000)),
        Row { name: "alone", run: |peer| Ok(vec![("RSS MiB", peer.start()?.rss() / 1024.0)]), rooms: false },
        on_a_server!("connect", server, wire, scenario::connects(server, wire, 1000)),
        on_a_server!("return", server, wire, scenario::returns(server, wire, 500)),
        on_a_server!("stalled-0", server, wire, scenario::stalled(server, wire, 0)),
        on_a_server!("stalled-5", server, wire, scenario::stalled(server, wire, 5)),
        Row { name: "fixed-w1", run: |peer| scenario::fixed(peer, 1), rooms: false },
        Row { name: "fixed-w64", run: |peer| scenario::fixed(peer, 64), rooms: false },
    ];
    let scale = [
        on_a_server!("members-2", server, wire, scenario::closed(server, wire, 16, 2)),
        on_a_server!("members-20", server, wire, scenario::closed(server, wire, 16, 20)),
        on_a_server!("members-5000", server, wire, scenario::closed(server, wire, 16, 5000)),
        on_a_server!("rooms-1x10", server, wire, scenario::rooms(server, wire, 1, 10)),
        on_a_server!("rooms-10x10", server, wire, scenario::rooms(server, wire, 10, 10)),
        on_a_server!("rooms-100x10", server, wire, scenario::rooms(server, wire, 100, 10)),
        on_a_server!("rooms-1000x2", server, wire, scenario::rooms(server, wire, 1000, 2)),
        on_a_server!("rooms-5000x2", server, wire, scenario::rooms(server, wire, 5000, 2)),
        // As many as a host has by default, with the lobby; and about as many connections as its files allow.
        on_a_server!("rooms-9999x1", server, wire, scenario::rooms(server, wire, 9999, 1)),
    ];
    rows.extend(scale.into_iter().map(|row| Row { rooms: true, ..row }));
    rows
}

/// Figures of one scenario, of every server, run after run.
type Found = BTreeMap<(usize, &'static str), Vec<f64>>;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "serve-limit") {
        let more = args.get(1).map_or(Ok(0), |more| more.parse()).context("serve-limit takes a number of bytes")?;
        return Ok(limit::serve(more)?);
    }
    let (mut rounds, mut only, mut who) = (5, Vec::new(), Peer::all());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let value = rest.next().with_context(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--rounds" => rounds = value.parse().context("--rounds takes a number")?,
            "--only" => only = value.split(',').map(str::to_owned).collect(),
            "--peers" => who.retain(|peer| value.split(',').any(|name| name == peer.name())),
            _ => bail!("unknown: {arg}; there are --rounds N, --only NAME,…, --peers NAME,…"),
        }
    }
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let files = rustix::process::Rlimit { current: files.maximum, ..files };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, files)?;
    let mut core = rustix::thread::CpuSet::new();
    core.set(CORE);
    rustix::thread::sched_setaffinity(None, &core).context("two cores are needed, one for the servers")?;
    for row in rows() {
        if !only.is_empty() && !only.iter().any(|name| row.name.starts_with(name.as_str())) {
            continue;
        }
        let mut found = Found::new();
        for round in 0..rounds {
            for at in 0..who.len() {
                let at = (at + round) % who.len();
                let peer = who[at];
                if row.rooms && !matches!(peer, Peer::Wschat | Peer::Durable | Peer::Before) {
                    continue;
                }
                match (row.run)(peer) {
                    Ok(figures) => {
                        for (name, value) in figures {
                            found.entry((at, name)).or_default().push(value);
                        }
                    }
                    Err(why) => eprintln!("{} of {}: {why:#}", row.name, peer.name()),
                }
            }
        }
        print(row.name, &who, &found);
    }
    Ok(())
}

/// Medians of a scenario, and how each server stands to the limit and to Node.
fn print(name: &str, who: &[Peer], found: &Found) {
    println!("\n## {name}");
    let mut figures: Vec<&str> = found.keys().map(|(_, figure)| *figure).collect();
    figures.sort_unstable();
    figures.dedup();
    for figure in figures {
        let median = |wanted: Peer| {
            let at = who.iter().position(|peer| *peer == wanted)?;
            let mut values = found.get(&(at, figure))?.clone();
            values.sort_by(f64::total_cmp);
            Some(values[values.len() / 2])
        };
        for peer in who {
            let Some(value) = median(*peer) else { continue };
            let ratio = |to: Peer, says: &str| match median(to) {
                Some(other) if to != *peer && value > 0.0 && figure.starts_with("us/") => {
                    format!("   {:.2} {says}", other / value)
                }
                _ => String::new(),
            };
            let (limit, node) = (ratio(Peer::Limit, "of limit"), ratio(Peer::Node, "x node-ws"));
            println!("{figure:18} {:17} {value:10.3}{limit}{node}", peer.name());
        }
    }
}
