//! Hours with two hundred people who write, are cut off and come back: the host's memory and files do not grow. Not part of
//! an ordinary run: `WSCHAT_SOAK=SECONDS cargo test --release --test faults soak -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use crate::client::Order;
use crate::common::process::Host;
use crate::common::proxy::Proxy;
use crate::seed::Seed;
use crate::stored;
use crate::workload::{Crowd, block_on, devices, judge};

const PEOPLE: usize = 200;

/// Of these the wires are bad.
const FRAIL: usize = 40;

/// Lines one device writes when it is its turn, and how many have theirs each second.
const LINES: u64 = 2;
const TURNS: u64 = 5;

/// What memory may grow in an hour once it is warm, in KiB: what is below cannot be told from noise in twenty minutes.
const GROWTH: f64 = 8.0 * 1024.0;

const SETTINGS: &str = "[limits]\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\nconnections_per_address = 0\n\
    connection_burst = 0\npeople_per_address = 0\n";

#[test]
#[ignore = "twenty minutes, or WSCHAT_SOAK seconds"]
fn soak() {
    let seed = Seed::of("soak");
    let mut chance = seed.chance();
    let asked = std::env::var("WSCHAT_SOAK").ok().and_then(|seconds| seconds.parse().ok());
    let length = Duration::from_secs(asked.unwrap_or(1200));
    assert!(length >= Duration::from_secs(100), "that is too short to tell anything");
    let dir = tempfile::tempdir().expect("a folder for the test");
    let (data, config) = (dir.path().join("host"), dir.path().join("host.toml"));
    std::fs::write(&config, SETTINGS).expect("the test's folder can be written");
    block_on(async {
        let host = Host::start("127.0.0.1:0", &data, &["--config", config.to_str().expect("its name is text")]);
        let names: Vec<String> = (0..PEOPLE).map(|n| format!("person{n}")).collect();
        let people: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let mut devices = devices(&people, &host.authority(), dir.path(), seed.seed);
        let mut wires = Vec::new();
        for device in devices.iter_mut().take(FRAIL) {
            let wire = Proxy::to(host.addr).await;
            device.authority = wire.addr.to_string();
            wires.push(wire);
        }
        for device in &mut devices {
            device.rooms = vec!["#lobby".into()];
            device.patience = Duration::from_secs(10);
        }
        let mut crowd = Crowd::gather(devices).await;
        let begun = Instant::now();
        let mut samples: Vec<(f64, f64, usize)> = Vec::new();
        let (mut cuts, mut second) = (0, 0);
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        while begun.elapsed() < length {
            ticks.tick().await;
            second += 1;
            for _ in 0..TURNS {
                crowd.tell(chance.roll(PEOPLE as u64) as usize, Order::Write(LINES)).await;
            }
            let wire = &wires[chance.roll(FRAIL as u64) as usize];
            match chance.roll(3) {
                0 => wire.cut(),
                1 => wire.stall(),
                _ => wires.iter().for_each(Proxy::flow),
            }
            cuts += 1;
            if second % 10 == 0 {
                let (memory, _) = host.memory().expect("Linux tells");
                let files = std::fs::read_dir(format!("/proc/{}/fd", host.pid())).expect("it runs").count();
                samples.push((begun.elapsed().as_secs_f64() / 3600.0, memory as f64, files));
                if second % 60 == 0 {
                    println!(
                        "{} min: {memory} KiB, {files} files, {} acked",
                        second / 60,
                        crowd.sum(|view| view.acked)
                    );
                }
            }
        }
        wires.iter().for_each(Proxy::flow);
        crowd.rest().await;
        // The first quarter is for warming up.
        let warm = &samples[samples.len() / 4..];
        let slope = slope(warm);
        let files = |of: &[(f64, f64, usize)]| of.iter().map(|sample| sample.2).max().unwrap_or(0);
        let (early, late) = warm.split_at(warm.len() / 2);
        let logs = crowd.end(&data).await;
        assert!(host.stop().success());
        let figures = judge(&logs, &stored::read(&data));
        seed.says(format!(
            "{length:?}, {cuts} faults, memory {} to {} KiB, {slope:.0} KiB an hour, at most {} then {} files: {figures}",
            warm.first().map_or(0.0, |sample| sample.1),
            warm.last().map_or(0.0, |sample| sample.1),
            files(early),
            files(late),
        ));
        assert!(slope < GROWTH, "{slope} KiB an hour");
        assert!(files(late) <= files(early) + FRAIL, "files grow");
    });
}

/// KiB an hour, by least squares.
fn slope(samples: &[(f64, f64, usize)]) -> f64 {
    let many = samples.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64, usize)) -> f64| samples.iter().map(of).sum::<f64>() / many;
    let (hours, memory) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let both: f64 = samples.iter().map(|sample| (sample.0 - hours) * (sample.1 - memory)).sum();
    let square: f64 = samples.iter().map(|sample| (sample.0 - hours).powi(2)).sum();
    if square > 0.0 { both / square } else { 0.0 }
}
