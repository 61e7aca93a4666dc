//! A disk that fails under a running host: full for a while, and an fsync that says the data may be gone. Needs strace,
//! which makes the system calls fail, so it is run by `.ci/run` with the feature `system-tests`.

mod common;

use std::path::Path;
use std::process::Command;

use common::bot::Bot;
use common::process::{Host, signal, wschat};

/// The host under strace, with this fault put into its system calls.
fn faulty(fault: &str, data: &Path) -> Host {
    let mut command = Command::new("strace");
    let calls = fault.split(':').next().expect("a fault names its call");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &format!("inject={fault}")]);
    command.arg(wschat().get_program());
    Host::start_with(command, "127.0.0.1:0", data, &[])
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// Everything that was acked is there for a newcomer, once.
async fn kept(ann: &Bot, at: &str) {
    let mut newcomer = Bot::new("newcomer");
    newcomer.come_in(at).await;
    newcomer.check("#lobby");
    let log = &newcomer.log["#lobby"];
    for (nonce, seq) in &ann.acked {
        assert_eq!(log.get(seq).and_then(|heard| heard.nonce.as_ref()), Some(nonce), "acked and not kept: {seq}");
    }
}

#[test]
fn a_failed_fsync_ends_the_host_and_what_was_acked_is_kept() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("host");
    let host = faulty("fsync,fdatasync:error=EIO:when=40+", &data);
    let at = host.authority();
    runtime().block_on(async {
        let mut ann = Bot::new("ann");
        ann.come_in(&at).await;
        // One line, one sync: after some dozens of them the disk is broken.
        for n in 0..60 {
            ann.say("#lobby", &format!("line {n}")).await;
            let (nonce, ..) = ann.pending.last().expect("it was just said").clone();
            let answer = ann.wait_raw(|told| told["nonce"] == nonce.as_str()).await;
            if answer.is_err() {
                break;
            }
        }
        assert!(!ann.acked.is_empty() && !ann.pending.is_empty(), "{} acked", ann.acked.len());
        assert!(!host.ends().success(), "a host that cannot keep its word says so");
        let log = std::fs::read_to_string(data.with_extension("log")).expect("its log");
        assert!(log.contains("host.db"), "the log names the file: {log}");
        let host = Host::start("127.0.0.1:0", &data, &[]);
        kept(&ann, &host.authority()).await;
        let at = host.authority();
        ann.until(&at, "what waited is said", |bot| bot.pending.is_empty()).await;
        kept(&ann, &at).await;
    });
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("host");
    let host = faulty("pwrite64:error=ENOSPC:when=200..260", &data);
    let at = host.authority();
    runtime().block_on(async {
        let mut ann = Bot::new("ann");
        ann.come_in(&at).await;
        let (mut refused, mut after) = (0, 0);
        for n in 0..2000 {
            ann.say("#lobby", &format!("line {n}")).await;
            let (nonce, ..) = ann.pending.last().expect("it was just said").clone();
            let answer = ann.wait_raw(|told| told["nonce"] == nonce.as_str()).await.expect("the host stays");
            match answer["type"].as_str() {
                Some("refused") => {
                    assert_eq!(answer["code"], "storage", "{answer}");
                    refused += 1;
                    ann.pending.pop();
                }
                _ if refused > 0 => after += 1,
                _ => {}
            }
            if after > 20 {
                break;
            }
        }
        assert!(refused > 0 && after > 20, "{refused} refused, {after} said after that");
        kept(&ann, &at).await;
        let pid = std::fs::read_to_string(data.join("host.lock")).expect("the host holds its lock");
        signal(pid.trim().parse().expect("it is a pid"), rustix::process::Signal::TERM);
        assert!(host.ends().success());
    });
}
