//! A crowd of devices that write, in this process: who they are, how it is waited for what they do, and how they come to
//! rest so that the checker can judge them. What goes wrong meanwhile is each test's own.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;

use futures_util::future::select_all;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, timeout_at};

use crate::checker::{self, Figures, Log, Stored};
use crate::client::{Client, Device, Order, Sink, View};
use crate::stored;

/// How long any wait may take. It is a deadline and no duration.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Rooms of the workload; the lobby is there anyway.
pub const ROOMS: [&str; 3] = ["#lobby", "#one", "#two"];

/// Runs this on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts").block_on(future)
}

/// Devices of these people, by how many each has; `friends` write to one another directly.
pub fn devices(people: &[(&str, usize)], authority: &str, dir: &Path, seed: u64) -> Vec<Device> {
    let mut devices = Vec::new();
    for (at, (person, many)) in people.iter().enumerate() {
        for number in 0..*many {
            devices.push(Device {
                person: (*person).into(),
                number,
                authority: authority.into(),
                dir: dir.join(person),
                rooms: ROOMS.map(str::to_owned).into(),
                friends: vec![people[(at + 1) % people.len()].0.to_owned()],
                seed: seed.wrapping_add(((at as u64) << 32) | ((number as u64) << 16)),
                life: 0,
                padding: 200,
                window: 8,
                // Not yet: a screen that was away does not hear of what was changed meanwhile.
                changes: true,
                patience: Duration::from_secs(2),
            });
        }
    }
    devices
}

struct Running {
    device: Device,
    orders: mpsc::Sender<Order>,
    view: watch::Receiver<View>,
    task: JoinHandle<Sink>,
}

/// Devices that run.
pub struct Crowd {
    running: Vec<Running>,
}

impl Crowd {
    /// Starts them, and waits until all are in: who was never there cannot be written to.
    pub async fn gather(devices: Vec<Device>) -> Crowd {
        let mut running = Vec::new();
        for device in devices {
            let (orders, taken) = mpsc::channel(16);
            let (tell, view) = watch::channel(View::default());
            let client = Client::new(device.clone(), Sink::Memory(Vec::new()));
            running.push(Running { device, orders, view, task: tokio::spawn(client.run(taken, tell)) });
        }
        let mut crowd = Crowd { running };
        crowd.until("all are in", |views| views.iter().all(|view| view.online)).await;
        crowd
    }

    pub fn views(&self) -> Vec<View> {
        self.running.iter().map(|one| one.view.borrow().clone()).collect()
    }

    /// The sum of something over all devices.
    pub fn sum(&self, of: impl Fn(&View) -> u64) -> u64 {
        self.running.iter().map(|one| of(&one.view.borrow())).sum()
    }

    /// Tells one device.
    pub async fn tell(&self, at: usize, order: Order) {
        self.running[at].orders.send(order).await.expect("it runs");
    }

    /// Tells all.
    pub async fn tell_all(&self, order: &Order) {
        for at in 0..self.running.len() {
            self.tell(at, order.clone()).await;
        }
    }

    /// Waits until they stand so.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&[View]) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !fits(&self.views()) {
            let changed = self.running.iter_mut().map(|one| Box::pin(one.view.changed()));
            let Ok((change, at, _)) = timeout_at(end, select_all(changed)).await else {
                panic!("waited in vain: {what}; {}", self.words());
            };
            if change.is_err() {
                let task = self.running.swap_remove(at).task;
                panic!("a client ended: {:?}", task.await.err());
            }
        }
    }

    /// Waits until so much more was acked, over all.
    pub async fn until_acked(&mut self, more: u64) {
        let before = self.sum(|view| view.acked);
        let sum = |views: &[View]| views.iter().map(|view| view.acked).sum::<u64>();
        self.until("acks", |views| sum(views) >= before + more).await;
    }

    fn words(&self) -> String {
        let one = |one: &Running| format!("{}: {:?}\n", one.device.name(), *one.view.borrow());
        self.running.iter().map(one).collect()
    }

    /// Nobody writes any more, and all that was written is acked or refused.
    pub async fn rest(&mut self) {
        self.tell_all(&Order::Pause).await;
        self.until("all is acked", |views| views.iter().all(|view| view.online && view.waiting == 0)).await;
    }

    /// Everybody gets all there is; then their logs are taken.
    pub async fn end(mut self, data: &Path) -> Vec<Log> {
        self.rest().await;
        let heads = stored::heads(data);
        for one in &self.running {
            let goal = goal(&one.device.person, &heads);
            one.orders.send(Order::Gather(goal)).await.expect("it runs");
        }
        self.until("all is seen", |views| views.iter().all(|view| view.whole)).await;
        self.tell_all(&Order::End).await;
        let mut logs = Vec::new();
        for one in self.running {
            let Sink::Memory(run) = one.task.await.expect("a client does not panic") else { continue };
            logs.push(Log { device: one.device.name(), person: one.device.person, runs: vec![run] });
        }
        logs
    }
}

/// What of these a person can see.
pub fn goal(person: &str, heads: &[(String, u64)]) -> BTreeMap<String, u64> {
    let own = |to: &str| to.starts_with('#') || to.split(' ').any(|name| name.strip_prefix('@') == Some(person));
    heads.iter().filter(|(to, head)| own(to) && *head > 0).cloned().collect()
}

/// Judges; every violation is told.
pub fn judge(logs: &[Log], stored: &Stored) -> Figures {
    match checker::check(logs, stored) {
        Ok(figures) => figures,
        Err(violations) => {
            let told: String = violations.iter().map(|violation| format!("  {violation}\n")).collect();
            panic!("the contract is broken:\n{told}");
        }
    }
}
