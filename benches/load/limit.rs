//! The limit: the least a server can do that reads WebSocket text and forwards it to everybody. One thread, epoll, one
//! buffer for all that came in a turn, one write per connection. It checks nothing, keeps nothing and knows nobody.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

const LISTENER: u64 = u64::MAX;

struct Peer {
    socket: TcpStream,
    heard: Vec<u8>,
    waiting: Vec<u8>,
    upgraded: bool,
}

/// Serves until it is killed; prints its port. What is forwarded is made longer by `more` bytes, so that servers whose
/// frames carry more can be held to the limit of the bytes as well.
pub fn serve(more: usize) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    rustix::net::listen(&listener, 4096)?;
    listener.set_nonblocking(true)?;
    println!("listening on ws://{}", listener.local_addr()?);
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut peers: Vec<Option<Peer>> = Vec::new();
    let mut events = Vec::with_capacity(1024);
    let mut scratch = vec![0; 64 * 1024];
    let mut turn = Vec::new();
    loop {
        events.clear();
        epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), None)?;
        turn.clear();
        for event in &events {
            if event.data.u64() == LISTENER {
                while let Ok((socket, _)) = listener.accept() {
                    socket.set_nonblocking(true)?;
                    socket.set_nodelay(true)?;
                    let place = EventData::new_u64(peers.len() as u64);
                    epoll::add(&epoll, &socket, place, EventFlags::IN | EventFlags::OUT | EventFlags::ET)?;
                    peers.push(Some(Peer { socket, heard: Vec::new(), waiting: Vec::new(), upgraded: false }));
                }
                continue;
            }
            let place = event.data.u64() as usize;
            let Some(peer) = &mut peers[place] else { continue };
            if !peer.read(&mut scratch, &mut turn, more) || !peer.write(&[]) {
                peers[place] = None;
            }
        }
        if turn.is_empty() {
            continue;
        }
        for place in &mut peers {
            if place.as_mut().is_some_and(|peer| peer.upgraded && !peer.write(&turn)) {
                *place = None;
            }
        }
    }
}

impl Peer {
    /// Reads all there is; what is said goes into the turn as frames of a server. `false`: it is gone.
    fn read(&mut self, scratch: &mut [u8], turn: &mut Vec<u8>, more: usize) -> bool {
        loop {
            match self.socket.read(scratch) {
                Ok(0) => return false,
                Ok(n) => self.heard.extend_from_slice(&scratch[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        if !self.upgraded {
            let Some(end) = self.heard.windows(4).position(|part| part == b"\r\n\r\n") else { return true };
            self.heard.drain(..end + 4);
            self.upgraded = true;
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
            if self.socket.write_all(answer).is_err() {
                return false;
            }
        }
        let mut at = 0;
        while let Some((length, head)) = length(&self.heard[at..]) {
            let (mask, payload) = (at + head, at + head + 4);
            if self.heard.len() < payload + length {
                break;
            }
            turn.push(0x81);
            match length + more {
                short @ 0..=125 => turn.push(short as u8),
                long => turn.extend_from_slice(&[126, (long >> 8) as u8, long as u8]),
            }
            for n in 0..length {
                turn.push(self.heard[payload + n] ^ self.heard[mask + n % 4]);
            }
            turn.resize(turn.len() + more, b'.');
            at = payload + length;
        }
        self.heard.drain(..at);
        true
    }

    /// Writes what waited and then this; what the socket does not take waits. `false`: it is gone.
    fn write(&mut self, frames: &[u8]) -> bool {
        if !self.waiting.is_empty() {
            self.waiting.extend_from_slice(frames);
            return match self.socket.write(&self.waiting) {
                Ok(n) => {
                    self.waiting.drain(..n);
                    true
                }
                Err(e) => e.kind() == ErrorKind::WouldBlock,
            };
        }
        if frames.is_empty() {
            return true;
        }
        match self.socket.write(frames) {
            Ok(n) => self.waiting.extend_from_slice(&frames[n..]),
            Err(e) if e.kind() == ErrorKind::WouldBlock => self.waiting.extend_from_slice(frames),
            Err(_) => return false,
        }
        true
    }
}

/// Length of a client's frame (up to 64 KiB), and bytes of its head without the mask.
fn length(heard: &[u8]) -> Option<(usize, usize)> {
    match heard.get(1)? & 0x7f {
        126 => Some((usize::from(*heard.get(2)?) << 8 | usize::from(*heard.get(3)?), 4)),
        127 => None,
        short => Some((short.into(), 2)),
    }
}
