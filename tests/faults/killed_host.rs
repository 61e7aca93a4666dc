//! The host is killed with kill -9 under load and started again on its port and its files, round after round.

use crate::client::Order;
use crate::common::process::Host;
use crate::seed::{Seed, size};
use crate::stored;
use crate::workload::{Crowd, block_on, devices, judge};

#[test]
fn a_host_killed_under_load() {
    let seed = Seed::of("a_host_killed_under_load");
    let mut chance = seed.chance();
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("host");
    let rounds = size(30, 1000);
    block_on(async {
        let mut host = Host::start("127.0.0.1:0", &data, &[]);
        let at = host.authority();
        let people = [("ann", 2), ("ben", 2), ("cy", 1), ("dee", 1)];
        let mut crowd = Crowd::gather(devices(&people, &at, dir.path(), seed.seed)).await;
        crowd.tell_all(&Order::Write(u64::MAX)).await;
        for _ in 0..rounds {
            crowd.until_acked(chance.between(1, 60)).await;
            host.kill();
            host = Host::start(&at, &data, &[]);
        }
        let logs = crowd.end(&data).await;
        assert!(host.stop().success());
        seed.says(format!("{rounds} times kill -9 of the host: {}", judge(&logs, &stored::read(&data))));
    });
}
