//! Readers who stop reading while one person writes as fast as it goes: they are closed as slow, everybody else hears all in
//! order and is not cut, and the host needs no more than what may wait for each. When they read again they get the rest.

use crate::client::Order;
use crate::common::process::Host;
use crate::common::proxy::Proxy;
use crate::seed::{Seed, release, size};
use crate::stored;
use crate::workload::{Crowd, DEADLINE, block_on, devices, judge};

/// Of these so many stall: of 200 before a release. Each line goes to all who read, and an ordinary run is to be short.
const STALLED: usize = 20;

/// What may wait for each, here: less than is usual, so that the sockets in between are most of what is to be filled.
const QUEUE: u64 = 256 << 10;

/// What the host may grow besides, in KiB: lines on their way to the disk, its cache, and what the allocator keeps of them.
const BESIDES: u64 = 2 << 10;

/// Nobody is given up for being silent here, or because the socket takes nothing: only for what waits.
const SETTINGS: &str = "[limits]\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\nqueue_bytes = \"256 KiB\"\ncrowd = 20\n\
    host_ping_after = 0\ndead_after = 0\nwrite_timeout = \"10m\"\n";

#[test]
fn stalled_readers_lose_nothing_and_hold_nobody_up() {
    let seed = Seed::of("stalled_readers_lose_nothing_and_hold_nobody_up");
    let dir = tempfile::tempdir().expect("a folder for the test");
    let (data, config) = (dir.path().join("host"), dir.path().join("host.toml"));
    std::fs::write(&config, SETTINGS).expect("the test's folder can be written");
    let rounds = size(1, 20);
    let readers = if release() { 200 } else { 60 };
    block_on(async {
        let host = Host::start("127.0.0.1:0", &data, &["--config", config.to_str().expect("its name is text")]);
        let names: Vec<String> = (0..readers).map(|n| format!("reader{n}")).collect();
        let people: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1)).chain([("writer", 1)]).collect();
        let mut devices = devices(&people, &host.authority(), dir.path(), seed.seed);
        let mut wires = Vec::new();
        for (n, device) in devices.iter_mut().enumerate() {
            if n < STALLED {
                let wire = Proxy::narrow(host.addr, 4096).await;
                device.authority = wire.addr.to_string();
                wires.push(wire);
            }
            device.rooms = vec!["#lobby".into()];
            device.friends.clear();
            device.changes = false;
            device.patience = DEADLINE;
            // Half of it on average, and always less than a message may have.
            device.padding = 8000;
            device.window = 32;
        }
        let writer = readers;
        let mut crowd = Crowd::gather(devices).await;
        crowd.tell(writer, Order::Write(50)).await;
        crowd.until("all hear the first lines", |views| views.iter().all(|view| view.heard >= 50)).await;
        let all = readers as u32 + 1;
        let (before, mut peak) = (host.memory(), 0);
        for round in 1..=rounds {
            crowd.until("all are there", |views| views.iter().all(|view| view.online && view.there == all)).await;
            wires.iter().for_each(Proxy::stall);
            crowd.tell(writer, Order::Write(u64::MAX)).await;
            crowd.until("the host gives those up who stall", |views| views[writer].there == all - STALLED as u32).await;
            crowd.rest().await;
            wires.iter().for_each(Proxy::flow);
            // They read what was on its way to them, then that they were given up; its goodbye may have had no room left.
            let cut = |views: &[_]| views[..STALLED].iter().all(|view: &crate::client::View| view.cuts >= round);
            crowd.until("they see that they were given up", cut).await;
        }
        if let (Some((before, _)), Some((_, most))) = (before, host.memory()) {
            peak = most.saturating_sub(before);
            let bound = STALLED as u64 * (QUEUE >> 10) + BESIDES;
            assert!(peak <= bound, "the host grew by {peak} KiB, over {bound}");
        }
        let cuts: u64 = crowd.views()[STALLED..].iter().map(|view| view.cuts).sum();
        assert_eq!(cuts, 0, "who reads is not cut");
        let logs = crowd.end(&data).await;
        assert!(host.stop().success());
        let figures = judge(&logs, &stored::read(&data));
        seed.says(format!(
            "{rounds} times {STALLED} of {readers} readers stalled, the host grew by {peak} KiB at most: {figures}"
        ));
    });
}
