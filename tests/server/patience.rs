//! Those who are slow, silent or half there: what they may take, and that nobody else waits for them.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::host::{Host, Raw, frame, soon};

#[tokio::test]
async fn who_does_not_read_is_closed_as_slow_and_nobody_waits() {
    let host = Host::with(|config| config.limits.queue_bytes = 256 << 10);
    let mut ann = host.plain("ann").await;
    let mut ben = host.plain("ben").await;
    // A receive buffer as small as can be, so that the kernel keeps little for who does not read.
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.set_recv_buffer_size(4096).expect("it can be small");
    let mut stalled = Raw::over(socket.connect(host.addr).await.expect("it listens"), &host.authority(), None).await;
    let text = "x".repeat(8_000);
    // More than the kernel can hold for one socket, and what may wait for it.
    for n in 0..1_500 {
        let line = format!("ann: {n} {text}");
        ann.say(&line).await;
        ann.until(&format!("Received {line}")).await;
        ben.until(&line).await;
    }
    // The close frame reaches it if the kernel takes it in time; either way it is over.
    assert!(stalled.closed().await.is_none_or(|(code, _)| code == 4408));
    ann.say("ann: done").await;
    ben.until("ann: done").await;
}

#[tokio::test]
async fn who_takes_nothing_for_too_long_is_closed() {
    let host = Host::with(|config| {
        config.limits.queue_bytes = 0;
        config.timeouts.write = Duration::from_millis(300);
    });
    let mut ann = host.plain("ann").await;
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.set_recv_buffer_size(4096).expect("it can be small");
    let mut stalled = Raw::over(socket.connect(host.addr).await.expect("it listens"), &host.authority(), None).await;
    let text = "x".repeat(8_000);
    for n in 0..1_500 {
        let line = format!("ann: {n} {text}");
        ann.say(&line).await;
        ann.until(&format!("Received {line}")).await;
    }
    // Not reading it until the host has given it up: others see it go by its absence among those who are there.
    let mut ben = host.guest("ben").await;
    gone(&mut ben).await;
    // The close frame reaches it if the kernel takes it in time; either way it is over.
    assert!(stalled.closed().await.is_none_or(|(code, _)| code == 4408));
}

/// Waits until only ann and ben are there, by asking: nothing tells of a guest that never spoke.
async fn gone(ben: &mut Raw) {
    let end = Instant::now() + crate::host::DEADLINE;
    loop {
        ben.send(json!({"type": "who", "id": 9})).await;
        let people = ben.hears("members").await["people"].as_array().map_or(0, Vec::len);
        if people <= 2 {
            return;
        }
        assert!(Instant::now() < end, "{people} are still there");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn commands_without_an_answer_are_bounded_and_all_are_answered() {
    let host = Host::with(|config| config.limits.unanswered_commands = 4);
    let mut ann = host.guest("ann").await;
    let mut burst = Vec::new();
    for n in 0..500 {
        let command = match n % 3 {
            0 => json!({"type": "say", "id": n, "to": "#lobby", "text": format!("{n}")}),
            1 => json!({"type": "page", "id": n, "to": "#lobby"}),
            _ => json!({"type": "nonsense", "id": n}),
        };
        burst.extend(frame(0x81, command.to_string().as_bytes()));
    }
    ann.bytes(&burst).await;
    let (mut said, mut refused, mut pages) = (0, 0, 0);
    while said + refused + pages < 500 {
        let event: serde_json::Value = serde_json::from_str(&ann.text().await).expect("it speaks JSON");
        match event["type"].as_str() {
            Some("entry") => said += 1,
            Some("refused") => refused += 1,
            Some("page") => pages += 1,
            _ => {}
        }
    }
    assert_eq!((said, pages, refused), (167, 167, 166));
}

#[tokio::test]
async fn who_says_nothing_is_cut_and_costs_nobody_anything() {
    let host = Host::with(|config| config.timeouts.enter = Duration::from_millis(400));
    let mut silent = Vec::new();
    for n in 0..200 {
        let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
        // Nothing, half a request, and a WebSocket that never enters.
        let start: &[u8] = match n % 3 {
            0 => b"",
            1 => b"GET / HTTP/1.1\r\nHost: loc",
            _ => {
                b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Protocol: wschat.v1\r\n\r\n"
            }
        };
        socket.write_all(start).await.expect("it reads");
        silent.push(socket);
    }
    host.plain("ann").await;
    let ends = silent.iter_mut().map(|socket| async {
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
        rest
    });
    for (n, rest) in soon("all are cut", join_all(ends)).await.into_iter().enumerate() {
        if n % 3 == 2 {
            let code = 4401_u16.to_be_bytes();
            assert!(rest.windows(2).any(|pair| pair == code), "it says why: {}", String::from_utf8_lossy(&rest));
        }
    }
}

#[tokio::test]
async fn the_oldest_half_open_connection_gives_way_never_the_newcomer() {
    let host = Host::with(|config| config.limits.half_open = 8);
    let mut oldest = host.dial(Some("wschat.v1")).await;
    oldest.hears("hello").await;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(TcpStream::connect(host.addr).await.expect("it listens"));
    }
    let mut ann = host.guest("ann").await;
    assert_eq!(oldest.closed().await.expect("it says why").0, 4401);
    ann.send(json!({"type": "say", "id": 3, "to": "#lobby", "text": "hi"})).await;
    assert_eq!(ann.hears("entry").await["text"], "hi");
}

#[tokio::test]
async fn who_is_silent_is_pinged_and_then_given_up() {
    let host = Host::with(|config| {
        config.timeouts.host_ping_after = Duration::from_millis(100);
        config.timeouts.dead_after = Duration::from_millis(400);
    });
    let start = Instant::now();
    let mut dead = TcpStream::connect(host.addr).await.expect("it listens");
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    dead.write_all(request.as_bytes()).await.expect("it reads");
    let mut alive = host.dial(None).await;
    let mut pings = 0;
    while start.elapsed() < Duration::from_millis(900) {
        if let Message::Ping(_) = alive.next().await {
            pings += 1;
        }
    }
    assert!(pings >= 2, "whoever answers is asked again and stays");
    let mut heard = Vec::new();
    soon("it is given up", dead.read_to_end(&mut heard)).await.expect("the socket works");
    assert!(heard.windows(2).any(|pair| pair == [0x89, 0]), "it was asked before");
    alive.say("ann: here").await;
    alive.until("Received ann: here").await;
}
