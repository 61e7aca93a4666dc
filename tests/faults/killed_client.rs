//! Clients are killed with kill -9 while lines are between their outbox and their ack, and started again on the same files.
//! Each is a process of its own: this test's binary, run as the test below it that is otherwise passed over.

use std::collections::{BTreeMap, HashSet};
use std::fs::OpenOptions;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::checker::{Event, Key, Log};
use crate::client::{Client, Device, Order, Sink, View, read_log};
use crate::common::process::{Host, wait_for};
use crate::common::proxy::Proxy;
use crate::seed::{Seed, size};
use crate::stored;
use crate::workload::{DEADLINE, block_on, devices, goal, judge};

/// What tells a process that it is a client, and what it does.
const JOB: &str = "WSCHAT_FAULTS_JOB";

#[derive(Serialize, Deserialize)]
struct Job {
    device: Device,
    log: PathBuf,
    task: Task,
}

#[derive(Clone, Serialize, Deserialize)]
enum Task {
    /// Write until killed.
    Write,
    /// Wait for the acks of what lives before have left, and end.
    Drain,
    /// Read up to here, and end.
    Read(BTreeMap<String, u64>),
}

#[test]
#[ignore = "it is the client that the test beside it starts"]
fn a_client_process() {
    let Ok(job) = std::env::var(JOB) else { return };
    let Job { device, log, task } = serde_json::from_str(&job).expect("the other test wrote it");
    // Whoever started this is gone when its end of the pipe is.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
    block_on(async {
        let file = OpenOptions::new().create(true).append(true).open(log).expect("the test's folder can be written");
        let (orders, taken) = mpsc::channel(4);
        let (tell, mut view) = watch::channel(View::default());
        let first = match &task {
            Task::Write => Order::Write(1_000_000),
            Task::Drain => Order::Pause,
            Task::Read(goal) => Order::Gather(goal.clone()),
        };
        orders.send(first).await.expect("there is room for it");
        let client = tokio::spawn(Client::new(device, Sink::File(file)).run(taken, tell));
        let done = view.wait_for(|view| match task {
            Task::Write => false,
            Task::Drain => view.online && view.waiting == 0,
            Task::Read(_) => view.whole,
        });
        timeout(DEADLINE, done).await.expect("it ends in time").expect("the client runs");
        orders.send(Order::End).await.expect("the client runs");
        client.await.expect("a client does not panic");
    });
}

/// A process that is a client; dropping it kills it.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    fn start(device: &Device, dir: &Path, task: Task) -> Process {
        let log = dir.join(format!("{}-{}-{}.log", device.person, device.number, device.life));
        let job = Job { device: device.clone(), log: log.clone(), task };
        let child = Command::new(std::env::current_exe().expect("a process knows its program"))
            .args(["--exact", "killed_client::a_client_process", "--ignored", "--quiet"])
            .env(JOB, serde_json::to_string(&job).expect("a job has a form"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("this program can be run again");
        Process { child, log }
    }

    /// Lines its outbox has kept in this life, and those of them that were acked or refused.
    fn progress(&self) -> (usize, usize) {
        let log = read_log(&self.log);
        let kept: HashSet<Key> = log
            .iter()
            .filter_map(|event| match event {
                Event::Kept { nonce } => Some(*nonce),
                _ => None,
            })
            .collect();
        let settled = log.iter().filter(|event| match event {
            Event::Acked { nonce, .. } | Event::Refused { nonce, .. } => kept.contains(nonce),
            _ => false,
        });
        (kept.len(), settled.count())
    }

    fn until(&self, what: &str, fits: impl Fn(usize, usize) -> bool) {
        let end = Instant::now() + DEADLINE;
        loop {
            let (kept, settled) = self.progress();
            if fits(kept, settled) {
                return;
            }
            assert!(Instant::now() < end, "{}: {what}, in vain; {kept} kept, {settled} settled", self.log.display());
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    fn ends(mut self) {
        assert!(wait_for(&mut self.child).success(), "{}", self.log.display());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Wires on a thread of their own: the test's own waits for processes.
struct Wires {
    proxies: Vec<Proxy>,
    _stop: oneshot::Sender<()>,
}

impl Wires {
    fn start(host: SocketAddr, many: usize) -> Wires {
        let (tell, made) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            block_on(async {
                let mut proxies = Vec::new();
                for _ in 0..many {
                    proxies.push(Proxy::to(host).await);
                }
                tell.send(proxies).expect("the test waits for them");
                let _ = stopped.await;
            });
        });
        Wires { proxies: made.recv_timeout(DEADLINE).expect("loopback has ports"), _stop: stop }
    }
}

#[test]
fn clients_killed_between_sending_and_ack() {
    let seed = Seed::of("clients_killed_between_sending_and_ack");
    let mut chance = seed.chance();
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("host");
    let rounds = size(30, 1000);
    let host = Host::start("127.0.0.1:0", &data, &[]);
    let people = [("ann", 2), ("ben", 1), ("cy", 1)];
    let mut devices = devices(&people, "", dir.path(), seed.seed);
    let Wires { proxies, .. } = &Wires::start(host.addr, devices.len());
    let mut logs: Vec<Log> = Vec::new();
    for (device, wire) in devices.iter_mut().zip(proxies) {
        device.authority = wire.addr.to_string();
        // People have to be known before anybody writes to them.
        Process::start(device, dir.path(), Task::Drain).ends();
        device.life = 1;
        logs.push(Log { device: device.name(), person: device.person.clone(), runs: Vec::new() });
    }
    let mut running: Vec<Process> =
        devices.iter().map(|device| Process::start(device, dir.path(), Task::Write)).collect();
    let mut between = 0;
    for _ in 0..rounds {
        let at = chance.roll(running.len() as u64) as usize;
        let lines = chance.between(1, 12) as usize;
        running[at].until("lines are written", |kept, _| kept >= lines);
        if chance.roll(2) == 0 {
            // From here on nothing it sends is acked.
            proxies[at].deafen();
            running[at].until("a line waits", |kept, settled| kept > settled);
        }
        devices[at].life += 1;
        let next = devices[at].clone();
        let _ = running[at].child.kill();
        let _ = running[at].child.wait();
        proxies[at].flow();
        let (kept, settled) = running[at].progress();
        between += usize::from(kept > settled);
        running[at] = Process::start(&next, dir.path(), Task::Write);
    }
    drop(running);
    for task in [Task::Drain, Task::Read(BTreeMap::new())] {
        let heads = stored::heads(&data);
        let mut last = Vec::new();
        for device in &mut devices {
            device.life += 1;
            let task = match &task {
                Task::Read(_) => Task::Read(goal(&device.person, &heads)),
                task => task.clone(),
            };
            last.push(Process::start(device, dir.path(), task));
        }
        last.into_iter().for_each(Process::ends);
    }
    let mut again = 0;
    for (log, device) in logs.iter_mut().zip(&devices) {
        for life in 0..=device.life {
            let file = dir.path().join(format!("{}-{}-{life}.log", device.person, device.number));
            let run = read_log(&file);
            again += run.iter().filter(|event| matches!(event, Event::Told { .. })).count();
            log.runs.push(run);
        }
    }
    assert!(host.stop().success());
    let figures = judge(&logs, &stored::read(&data));
    assert!(between as u64 * 2 >= rounds, "only {between} of {rounds} were killed before an ack");
    seed.says(format!(
        "{rounds} times kill -9 of a client, {between} of them before an ack; {again} lines sent again were in the log \
         already: {figures}"
    ));
}
