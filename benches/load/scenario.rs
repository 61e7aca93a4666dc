//! What the load does: rooms in a closed loop, lines at fixed times, connections that only stand there, that come and go,
//! that do not read. Each gives figures by name; every line is watched for loss, doubling and order.

use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::time::Timespec;

use crate::client::{Client, Wire};
use crate::peers::Server;

/// Senders in a room; more clients only listen.
const SENDERS: usize = 10;

/// Bytes of a line.
const BYTES: usize = 100;

/// Before anything is counted.
const WARM: Duration = Duration::from_millis(300);

/// Nothing for so long is silence.
const SILENCE: Duration = Duration::from_millis(300);

/// What a scenario found, by name.
pub type Figures = Vec<(&'static str, f64)>;

/// Clients in one room (or several), and what they heard.
pub struct Crowd {
    clients: Vec<Client>,
    rooms: Vec<String>,
    epoll: OwnedFd,
    scratch: Vec<u8>,
    /// Copies of each line that are still to be heard.
    owed: Vec<u32>,
    /// Hearers of a line.
    hearers: usize,
    next: u32,
    outstanding: usize,
    heard: u64,
    lost: u64,
    doubled: u64,
    /// When each line was meant to be sent; and how late each copy was.
    meant: Vec<Instant>,
    late: Vec<u32>,
}

impl Crowd {
    /// So many clients in one room.
    pub fn gather(server: &Server, wire: Wire, members: usize) -> anyhow::Result<Crowd> {
        Crowd::in_rooms(server, wire, 1, members)
    }

    /// So many rooms of so many members; more than one only where there are rooms.
    pub fn in_rooms(server: &Server, wire: Wire, rooms: usize, members: usize) -> anyhow::Result<Crowd> {
        let names: Vec<String> =
            (0..rooms).map(|n| if n == 0 { "#lobby".into() } else { format!("#room-{n}") }).collect();
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let mut clients = Vec::new();
        for n in 0..rooms * members {
            let room = (n % rooms > 0).then(|| names[n % rooms].as_str());
            let mut client = Client::connect(server.port, wire, n, room)?;
            client.last = vec![0; SENDERS.max(rooms)];
            epoll::add(&epoll, &client.socket, EventData::new_u64(n as u64), EventFlags::IN)?;
            clients.push(client);
        }
        let mut crowd = Crowd {
            clients,
            rooms: names,
            epoll,
            scratch: vec![0; 4 << 20],
            owed: vec![0],
            hearers: members,
            // Number 0 is none, so that "not heard yet" needs no other word.
            next: 1,
            outstanding: 0,
            heard: 0,
            lost: 0,
            doubled: 0,
            meant: vec![Instant::now()],
            late: Vec::new(),
        };
        crowd.settle()?;
        Ok(crowd)
    }

    /// Reads until nothing comes any more.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        while self.listen(SILENCE)? {}
        Ok(())
    }

    fn senders(&self) -> usize {
        if self.rooms.len() > 1 { self.rooms.len() } else { SENDERS.min(self.clients.len()) }
    }

    fn say(&mut self, bytes: usize, meant: Instant) -> anyhow::Result<()> {
        let id = self.next;
        let sender = id as usize % self.senders();
        let room = sender % self.rooms.len();
        self.next += 1;
        self.owed.push(self.hearers as u32);
        self.meant.push(meant);
        self.outstanding += 1;
        let room = self.rooms[room].clone();
        self.clients[sender].say(id, bytes, &room)
    }

    /// Waits so long at most, and reads what is there; whether there was anything.
    fn listen(&mut self, within: Duration) -> anyhow::Result<bool> {
        let mut events = Vec::with_capacity(1024);
        let within = Timespec { tv_sec: within.as_secs() as i64, tv_nsec: within.subsec_nanos().into() };
        epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&within))?;
        let senders = self.senders() as u32;
        for event in &events {
            let place = event.data.u64() as usize;
            let client = &mut self.clients[place];
            let mut last = std::mem::take(&mut client.last);
            let now = Instant::now();
            let (owed, meant, late) = (&mut self.owed, &self.meant, &mut self.late);
            let (heard, lost, doubled, outstanding) =
                (&mut self.heard, &mut self.lost, &mut self.doubled, &mut self.outstanding);
            client.read(&mut self.scratch, |id| {
                *heard += 1;
                let before = &mut last[(id % senders) as usize];
                let expected = if *before == 0 { id } else { *before + senders };
                match id {
                    _ if id < expected => return *doubled += 1,
                    _ => *lost += u64::from((id - expected) / senders),
                }
                *before = id;
                late.push(now.duration_since(meant[id as usize]).as_micros() as u32);
                let owed = &mut owed[id as usize];
                *owed -= 1;
                *outstanding -= usize::from(*owed == 0);
            })?;
            client.last = last;
        }
        Ok(!events.is_empty())
    }

    fn reads(&self) -> (u64, u64) {
        self.clients.iter().fold((0, 0), |(reads, frames), client| (reads + client.reads, frames + client.frames))
    }

    /// Hears what is still owed, as far as it comes.
    fn drain(&mut self) -> anyhow::Result<()> {
        while self.outstanding > 0 && self.listen(Duration::from_secs(5))? {}
        self.lost += self.owed.iter().map(|owed| u64::from(*owed)).sum::<u64>();
        Ok(())
    }

    /// A closed loop: so many lines outstanding, for so long.
    pub fn closed(&mut self, server: &Server, window: usize, bytes: usize, time: Duration) -> anyhow::Result<Figures> {
        let mut start = Instant::now();
        let (mut cpu, mut heard, mut reads, mut said) = (Duration::ZERO, 0, (0, 0), 0);
        let mut warm = false;
        while !warm || start.elapsed() < time {
            if !warm && start.elapsed() > WARM {
                (warm, start, cpu) = (true, Instant::now(), server.cpu());
                (heard, reads, said) = (self.heard, self.reads(), self.next);
                self.late.clear();
            }
            while self.outstanding < window {
                self.say(bytes, Instant::now())?;
            }
            self.listen(Duration::from_secs(5))?;
        }
        self.drain()?;
        let spent = (server.cpu() - cpu).as_nanos() as f64 / 1e3;
        let copies = (self.heard - heard) as f64;
        let reads = (self.reads().0 - reads.0, self.reads().1 - reads.1);
        Ok(vec![
            ("us/delivery", spent / copies),
            ("us/message", spent / f64::from(self.next - said)),
            ("frames/read", reads.1 as f64 / reads.0.max(1) as f64),
            ("deliveries/s", copies / start.elapsed().as_secs_f64()),
            ("lost", self.lost as f64),
            ("doubled", self.doubled as f64),
        ])
    }

    /// An open loop: so many lines a second at fixed times, whatever becomes of them.
    pub fn steady(&mut self, server: &Server, rate: u32, time: Duration) -> anyhow::Result<Figures> {
        let start = Instant::now();
        let all = (time.as_secs_f64() * f64::from(rate)) as u32;
        let (cpu, heard) = (server.cpu(), self.heard);
        for n in 0..all {
            let at = start + Duration::from_secs(1) * n / rate;
            // Asked without waiting: a sleep would be late by itself.
            while Instant::now() < at {
                self.listen(Duration::ZERO)?;
            }
            self.say(BYTES, at)?;
        }
        self.drain()?;
        let spent = (server.cpu() - cpu).as_nanos() as f64 / 1e3;
        self.late.sort_unstable();
        let part = |share: f64| f64::from(self.late[((self.late.len() - 1) as f64 * share) as usize]) / 1e3;
        Ok(vec![
            ("p50 ms", part(0.5)),
            ("p99 ms", part(0.99)),
            ("max ms", part(1.0)),
            ("us/delivery", spent / (self.heard - heard) as f64),
            ("lost", self.lost as f64),
            ("doubled", self.doubled as f64),
        ])
    }

    /// These clients read no more.
    pub fn stall(&mut self, clients: usize) -> anyhow::Result<()> {
        for client in self.clients.iter().rev().take(clients) {
            epoll::delete(&self.epoll, &client.socket)?;
        }
        self.hearers -= clients;
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.clients.len()
    }
}

/// `wN-C`.
pub fn closed(server: &Server, wire: Wire, window: usize, members: usize) -> anyhow::Result<Figures> {
    Crowd::gather(server, wire, members)?.closed(server, window, BYTES, Duration::from_millis(1500))
}

/// Lines at fixed times to a room.
pub fn steady(server: &Server, wire: Wire, rate: u32, members: usize) -> anyhow::Result<Figures> {
    Crowd::gather(server, wire, members)?.steady(server, rate, Duration::from_secs(3))
}

/// So many rooms of so many members, each with one sender.
pub fn rooms(server: &Server, wire: Wire, rooms: usize, members: usize) -> anyhow::Result<Figures> {
    Crowd::in_rooms(server, wire, rooms, members)?.closed(server, 16, BYTES, Duration::from_millis(1500))
}

/// Connections that only stand there, all in one room.
pub fn idle(server: &Server, wire: Wire, clients: usize) -> anyhow::Result<Figures> {
    // The first ones make what is made once.
    let first = Crowd::gather(server, wire, 50)?;
    let (before, cpu) = (server.rss(), server.cpu());
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let mut all = Vec::new();
    let mut scratch = vec![0; 4 << 20];
    for n in 0..clients {
        let mut client = Client::connect(server.port, wire, first.len() + n, None)?;
        client.last = vec![0; SENDERS];
        epoll::add(&epoll, &client.socket, EventData::new_u64(n as u64), EventFlags::IN)?;
        all.push(client);
        hear(&epoll, &mut all, &mut scratch, Duration::ZERO)?;
    }
    while hear(&epoll, &mut all, &mut scratch, SILENCE)? {}
    let spent = (server.cpu() - cpu).as_nanos() as f64 / 1e3;
    let total = clients as f64;
    Ok(vec![("KiB/connection", (server.rss() - before) / total), ("us/join among all", spent / total)])
}

fn hear(epoll: &OwnedFd, all: &mut [Client], scratch: &mut [u8], within: Duration) -> anyhow::Result<bool> {
    let mut events = Vec::with_capacity(1024);
    let within = Timespec { tv_sec: 0, tv_nsec: within.subsec_nanos().into() };
    epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), Some(&within))?;
    for event in &events {
        all[event.data.u64() as usize].read(scratch, |_| {})?;
    }
    Ok(!events.is_empty())
}

/// Connections that come, enter and go, one after the other; what others are told of it is not in it.
pub fn connects(server: &Server, wire: Wire, clients: usize) -> anyhow::Result<Figures> {
    for n in 0..50 {
        Client::connect(server.port, wire, n, None)?;
    }
    let cpu = server.cpu();
    for n in 50..50 + clients {
        Client::connect(server.port, wire, n, None)?;
    }
    Ok(vec![("us/connect", (server.cpu() - cpu).as_nanos() as f64 / 1e3 / clients as f64)])
}

/// The same of people who were here before: who has a key is known, so nothing is put on the disk.
pub fn returns(server: &Server, wire: Wire, clients: usize) -> anyhow::Result<Figures> {
    for n in 0..clients {
        Client::connect(server.port, wire, n, None)?;
    }
    let cpu = server.cpu();
    for n in 0..clients {
        Client::connect(server.port, wire, n, None)?;
    }
    Ok(vec![("us/connect", (server.cpu() - cpu).as_nanos() as f64 / 1e3 / clients as f64)])
}

/// Some of a room do not read: what that costs in memory, and the others in patience.
pub fn stalled(server: &Server, wire: Wire, stalled: usize) -> anyhow::Result<Figures> {
    let mut crowd = Crowd::gather(server, wire, 50)?;
    let before = server.rss();
    crowd.stall(stalled)?;
    let figures = crowd.closed(server, 16, 1000, Duration::from_secs(3))?;
    let grown = (server.rss() - before) / 1024.0;
    crowd.late.sort_unstable();
    let p99 = f64::from(crowd.late[(crowd.late.len() - 1) * 99 / 100]) / 1e3;
    let lost = figures.iter().filter(|(name, _)| *name == "lost").map(|(_, n)| *n).sum();
    Ok(vec![("MiB grown", grown), ("p99 ms", p99), ("lost", lost)])
}

/// What a message costs however few hear it: the intercept of a line through rooms of 2 to 50.
pub fn fixed(peer: crate::peers::Peer, window: usize) -> anyhow::Result<Figures> {
    let mut points = Vec::new();
    for members in [2, 5, 10, 20, 50] {
        let server = peer.start()?;
        let mut crowd = Crowd::gather(&server, peer.wire(), members)?;
        let figures = crowd.closed(&server, window, BYTES, Duration::from_millis(700))?;
        let cost = figures.iter().find(|(name, _)| *name == "us/message").map_or(0.0, |(_, cost)| *cost);
        points.push((members as f64, cost));
    }
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), (a, b)| (x + a / n, y + b / n));
    let slope = points.iter().map(|(a, b)| (a - x) * (b - y)).sum::<f64>()
        / points.iter().map(|(a, _)| (a - x).powi(2)).sum::<f64>();
    Ok(vec![("us/message fixed", y - slope * x), ("us/delivery", slope)])
}
