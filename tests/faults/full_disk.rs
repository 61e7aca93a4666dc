//! A small file system that fills under load and gets room again, round after round, with one and the same process. Needs a
//! mount of its own, so root: one of the `system-tests`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::client::Order;
use crate::common::process::Host;
use crate::seed::{Seed, size};
use crate::stored;
use crate::workload::{Crowd, block_on, devices, judge};

/// A file system in memory, as long as this lives.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Small {
        std::fs::create_dir_all(at).expect("the test's folder can be written");
        let mut mount = Command::new("mount");
        let done = mount.args(["-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs"]).arg(at).status();
        assert!(done.is_ok_and(|status| status.success()), "this test mounts a tmpfs, which takes root");
        Small(at.to_owned())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Takes all the room there is.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).expect("the test's folder can be written");
    for block in [vec![7; 1 << 20], vec![7; 4096], vec![7; 1]] {
        while file.write_all(&block).is_ok() {}
    }
}

#[test]
fn a_disk_that_fills_and_has_room_again() {
    let seed = Seed::of("a_disk_that_fills_and_has_room_again");
    let mut chance = seed.chance();
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("host");
    let small = Small::mount(&data);
    let ballast = data.join("ballast");
    let rounds = size(2, 20);
    block_on(async {
        let host = Host::start("127.0.0.1:0", &data, &[]);
        let pid = host.pid();
        let people = [("ann", 2), ("ben", 2), ("cy", 1), ("dee", 1)];
        let mut crowd = Crowd::gather(devices(&people, &host.authority(), dir.path(), seed.seed)).await;
        crowd.tell_all(&Order::Write(u64::MAX)).await;
        for _ in 0..rounds {
            crowd.until_acked(chance.between(1, 200)).await;
            let before = crowd.sum(|view| view.deferred);
            fill(&ballast);
            let put_off = |views: &[crate::client::View]| views.iter().map(|view| view.deferred).sum::<u64>() > before;
            crowd.until("somebody is told that there is no room", put_off).await;
            std::fs::remove_file(&ballast).expect("it is ours");
            crowd.until_acked(1).await;
        }
        assert_eq!(host.pid(), pid);
        let logs = crowd.end(&data).await;
        assert!(host.stop().success(), "the same process went on to its end");
        let figures = judge(&logs, &stored::read(&data));
        seed.says(format!("{rounds} times a full disk: {figures}"));
    });
    drop(small);
}
