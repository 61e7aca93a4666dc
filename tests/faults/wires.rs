//! Every device has a wire of its own to the host, and all of them are bad: they are cut, stall, lose everything without a
//! word, and swallow exactly the ack.

use crate::client::Order;
use crate::common::process::Host;
use crate::common::proxy::Proxy;
use crate::seed::{Seed, size};
use crate::stored;
use crate::workload::{Crowd, block_on, devices, judge};

/// A host that soon notices who is gone: lost connections count as screens of their person until then.
const SETTINGS: &str = "[limits]\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\n\
    host_ping_after = \"500ms\"\ndead_after = \"2s\"\n";

#[test]
fn wires_that_cut_stall_lose_and_swallow_acks() {
    let seed = Seed::of("wires_that_cut_stall_lose_and_swallow_acks");
    let mut chance = seed.chance();
    let dir = tempfile::tempdir().expect("a folder for the test");
    let (data, config) = (dir.path().join("host"), dir.path().join("host.toml"));
    std::fs::write(&config, SETTINGS).expect("the test's folder can be written");
    let faults = size(100, 5000);
    block_on(async {
        let host = Host::start("127.0.0.1:0", &data, &["--config", config.to_str().expect("its name is text")]);
        let people = [("ann", 2), ("ben", 2), ("cy", 1), ("dee", 1)];
        let mut devices = devices(&people, "", dir.path(), seed.seed);
        let mut wires = Vec::new();
        for device in &mut devices {
            let wire = Proxy::to(host.addr).await;
            device.authority = wire.addr.to_string();
            wires.push(wire);
        }
        let marks: Vec<String> = devices.iter().map(|device| format!("\"{} ", device.name())).collect();
        let mut crowd = Crowd::gather(devices).await;
        crowd.tell_all(&Order::Write(u64::MAX)).await;
        let (mut cut, mut stalled, mut lost, mut swallowed) = (0, 0, 0, 0);
        for _ in 0..faults {
            crowd.until_acked(chance.between(1, 12)).await;
            let at = chance.roll(wires.len() as u64) as usize;
            let wire = &wires[at];
            match chance.roll(100) {
                0..40 => {
                    cut += 1;
                    wire.cut();
                }
                40..65 => {
                    stalled += 1;
                    wire.stall();
                    crowd.until_acked(chance.between(1, 12)).await;
                    if chance.roll(2) == 0 {
                        wire.cut();
                    }
                    wire.flow();
                }
                65..75 => {
                    lost += 1;
                    wire.lose();
                    crowd.until_acked(chance.between(1, 12)).await;
                    wire.flow();
                }
                _ => {
                    swallowed += 1;
                    let mark = marks[at].clone().into_bytes();
                    let is_ack = move |frame: &[u8]| frame.windows(mark.len()).any(|part| part == mark);
                    let before = crowd.views()[at].cuts;
                    wire.swallow(is_ack);
                    crowd.until("the ack is swallowed", |views| views[at].cuts > before).await;
                }
            }
        }
        let logs = crowd.end(&data).await;
        assert!(host.stop().success());
        let figures = judge(&logs, &stored::read(&data));
        seed.says(format!(
            "{cut} wires cut, {stalled} stalled, {lost} lost without a word, {swallowed} acks swallowed: {figures}"
        ));
    });
}
