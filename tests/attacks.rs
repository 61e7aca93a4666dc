//! Attacks on the built host that fill what it has: connections, files, headers, memory (threats 10, 11, 12, 13, 14, 16).
//! Each is bounded, goes to loopback and leaves an honest client served. What can be seen with one connection inside the
//! test is in `tests/server`.

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::bot::DEADLINE;
use common::process::Host;

/// A host that counts neither connections nor attempts: it is to be hurt by their number.
fn host(dir: &Path) -> Host {
    with(Command::new(env!("CARGO_BIN_EXE_wschat")), dir)
}

fn with(command: Command, dir: &Path) -> Host {
    let config = dir.join("host.toml");
    let settings = "[limits]\nconnections_per_address = 0\nconnection_burst = 0\n";
    std::fs::write(&config, settings).expect("the test's folder can be written");
    let more = ["-v", "--config", config.to_str().expect("its name is text")];
    Host::start_with(command, "127.0.0.1:0", &dir.join("host"), &more)
}

/// Asks for a page, as an honest client would; how long that took.
fn served(addr: SocketAddr) -> Duration {
    let begun = Instant::now();
    let mut last = String::new();
    while begun.elapsed() < DEADLINE {
        let asked = Instant::now();
        match ask(addr) {
            Ok(answer) if answer.starts_with("HTTP/1.1 200") => return asked.elapsed(),
            Ok(answer) => last = answer,
            Err(error) => last = error.to_string(),
        }
    }
    panic!("an honest client is not served: {last}");
}

fn ask(addr: SocketAddr) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(addr)?;
    socket.set_read_timeout(Some(DEADLINE))?;
    write!(socket, "GET /about HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

/// KiB of the host's memory that is its own.
fn memory(host: &Host) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux says");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

/// How many files it has open.
fn files(host: &Host) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", host.pid())).expect("it runs").count()
}

/// Hundredths of a second of CPU it has used.
fn cpu(host: &Host) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", host.pid())).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let of = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).expect("a number");
    of(11) + of(12)
}

/// Waits until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < DEADLINE, "in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Reads to the end, whatever it is like.
fn ended(socket: &mut TcpStream) {
    socket.set_read_timeout(Some(DEADLINE)).expect("a time");
    let mut nowhere = [0; 4096];
    loop {
        match socket.read(&mut nowhere) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                panic!("it was not cut: {error}")
            }
            Err(_) => return,
        }
    }
}

#[test]
fn slowloris_two_thousand_stalled_handshakes() {
    let many = rustix::process::getrlimit(rustix::process::Resource::Nofile)
        .current
        .map_or(2_000, |most| (most / 3).min(2_000));
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = host(dir.path());
    served(host.addr);
    let (base, before) = (files(&host), memory(&host));
    let mut stalled = Vec::new();
    for n in 0..many {
        let mut socket = TcpStream::connect(host.addr).expect("it listens");
        let start: &[u8] = if n % 2 == 0 { b"" } else { b"GET / HTTP/1.1\r\nHost: loc" };
        // Under its bound of half-open connections the oldest are cut at once.
        let _ = socket.write_all(start);
        stalled.push(socket);
    }
    let last = Instant::now();
    let mut honest: Vec<Duration> = (0..21).map(|_| served(host.addr)).collect();
    honest.sort();
    let grown = memory(&host) - before;
    stalled.iter_mut().for_each(ended);
    let all_cut = last.elapsed();
    println!(
        "{many} stalled: all cut {all_cut:?} after the last came, honest median {:?}, memory +{grown} KiB",
        honest[10]
    );
    // Five seconds each has; a machine with other work needs some for as many goodbyes.
    assert!(all_cut < Duration::from_secs(15), "{all_cut:?}");
    assert!(grown < 64 * 1024, "{grown} KiB for {many} that said nothing");
    // Also while their peers still hold on to them.
    until("their files are closed", || files(&host) <= base + 4);
    assert!(host.stop().success());
}

#[test]
fn headers_too_large_and_too_many() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = host(dir.path());
    let before = memory(&host);
    let one = format!("GET / HTTP/1.1\r\nHost: {}\r\nX: {}\r\n\r\n", host.addr, "x".repeat(2 << 20));
    let many = format!("GET / HTTP/1.1\r\nHost: {}\r\n{}\r\n", host.addr, "X-A: b\r\n".repeat(100_000));
    for request in [one, many] {
        for _ in 0..10 {
            let mut socket = TcpStream::connect(host.addr).expect("it listens");
            // It hangs up in the middle.
            let _ = socket.write_all(request.as_bytes());
            ended(&mut socket);
        }
    }
    served(host.addr);
    let grown = memory(&host) - before;
    println!("20 requests of 0.8 to 2 MiB of headers: memory +{grown} KiB");
    assert!(grown < 4 * 1024, "{grown} KiB");
    assert!(host.stop().success());
}

/// A WebSocket of a raw client, upgraded by hand.
fn upgraded(addr: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(addr).expect("it listens");
    write!(
        socket,
        "GET / HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    .expect("it reads");
    socket.set_read_timeout(Some(DEADLINE)).expect("a time");
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).expect("it answers") == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(!head.contains("permessage-deflate"), "nothing that inflates is agreed to (threat 15): {head}");
    socket
}

/// What is sent without end until the host hangs up; how long that took.
fn flooded(addr: SocketAddr, first: &[u8], flood: &[u8]) -> Duration {
    let mut socket = upgraded(addr);
    socket.set_write_timeout(Some(DEADLINE)).expect("a time");
    let begun = Instant::now();
    let _ = socket.write_all(first);
    let block = flood.repeat(4096 / flood.len());
    while begun.elapsed() < DEADLINE {
        if socket.write_all(&block).is_err() {
            return begun.elapsed();
        }
    }
    panic!("it reads on and on");
}

#[test]
fn floods_of_frames_below_any_message() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = host(dir.path());
    let before = memory(&host);
    // Masked with zeros, so that the payload is as it is.
    let floods: [(&str, &[u8], &[u8]); 4] = [
        ("empty fragments", &[0x01, 0x80, 0, 0, 0, 0], &[0x00, 0x80, 0, 0, 0, 0]),
        ("fragments of one byte", &[0x01, 0x81, 0, 0, 0, 0, b'x'], &[0x00, 0x81, 0, 0, 0, 0, b'x']),
        ("pings", &[], &[0x89, 0x81, 0, 0, 0, 0, b'?']),
        ("pongs nobody asked for", &[], &[0x8a, 0x80, 0, 0, 0, 0]),
    ];
    for (what, first, flood) in floods {
        let took = flooded(host.addr, first, flood);
        println!("{what}: cut after {took:?}");
        // Two seconds are promised, on a machine that does nothing else.
        assert!(took < Duration::from_secs(6), "{what}: {took:?}");
    }
    // Lengths that never come: fifty times 15 MiB, and a TiB.
    let mut waiting = Vec::new();
    for n in 0..51_u64 {
        let length: u64 = if n == 0 { 1 << 40 } else { 15 << 20 };
        let mut socket = upgraded(host.addr);
        let mut frame = vec![0x81, 0xff];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 14]);
        let _ = socket.write_all(&frame);
        waiting.push(socket);
    }
    waiting.iter_mut().for_each(ended);
    served(host.addr);
    let grown = memory(&host) - before;
    println!("after all of it: memory +{grown} KiB");
    assert!(grown < 8 * 1024, "{grown} KiB");
    assert!(host.stop().success());
}

#[test]
fn connections_that_come_and_go_by_the_thousand() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = host(dir.path());
    served(host.addr);
    let (base, before) = (files(&host), memory(&host));
    for n in 0..3_000 {
        let mut socket = TcpStream::connect(host.addr).expect("it listens");
        if n % 3 == 1 {
            let _ = socket.write_all(b"GET / HT");
        }
        if n % 3 == 2 {
            // Reset, not closed.
            let zero = Some(Duration::ZERO);
            rustix::net::sockopt::set_socket_linger(&socket, zero).expect("a socket has that");
        }
    }
    served(host.addr);
    until("their files are closed", || files(&host) <= base + 4);
    let grown = memory(&host) - before;
    println!("3,000 came and went: memory +{grown} KiB");
    assert!(grown < 8 * 1024, "{grown} KiB");
    assert!(host.stop().success());
}

#[test]
fn no_more_files_to_open() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_wschat")]);
    let host = with(command, dir.path());
    let log = common::process::log_file(&dir.path().join("host"));
    // Upgraded ones: they stay as long as they like, and nothing makes room but their end.
    let begun = Instant::now();
    let mut many: Vec<TcpStream> = Vec::new();
    let told = || std::fs::read_to_string(&log).unwrap_or_default().contains("accepting nobody for a while");
    while !told() {
        assert!(begun.elapsed() < DEADLINE, "{} connections, and it says nothing", many.len());
        let Ok(mut socket) = TcpStream::connect(host.addr) else { continue };
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            host.addr
        );
        let _ = socket.write_all(request.as_bytes());
        many.push(socket);
    }
    let (full, before) = (Instant::now(), cpu(&host));
    // As long as it is full it waits, and does not try without end.
    until("some time has passed", || full.elapsed() > Duration::from_secs(1));
    let used = cpu(&host) - before;
    assert!(used < 50, "{used} hundredths of a second of CPU in one");
    drop(many);
    served(host.addr);
    println!("with 64 files: it waited with {used} hundredths of CPU in a second, and served on");
    assert!(host.stop().success());
}

#[test]
fn webhook_bodies_without_end() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = host(dir.path());
    served(host.addr);
    let before = memory(&host);
    let piece = [b'x'; 64 * 1024];
    let mut answered = 0;
    let mut sending = Vec::new();
    for n in 0..40 {
        let mut socket = TcpStream::connect(host.addr).expect("it listens");
        let length = if n % 2 == 0 { "Content-Length: 10485760" } else { "Transfer-Encoding: chunked" };
        write!(socket, "POST /hook/x HTTP/1.1\r\nHost: {}\r\n{length}\r\n\r\n", host.addr).expect("it reads");
        for _ in 0..160 {
            // 10 MiB in all; it is cut long before that, and then writing fails.
            let head = if n % 2 == 0 { String::new() } else { format!("{:x}\r\n", piece.len()) };
            let tail: &[u8] = if n % 2 == 0 { b"" } else { b"\r\n" };
            if [head.as_bytes(), &piece, tail].iter().any(|part| socket.write_all(part).is_err()) {
                break;
            }
        }
        sending.push(socket);
    }
    let grown = memory(&host) - before;
    for mut socket in sending {
        socket.set_read_timeout(Some(DEADLINE)).expect("a time");
        let mut answer = String::new();
        // What was sent after the answer may have taken it along.
        let _ = socket.read_to_string(&mut answer);
        answered += usize::from(answer.starts_with("HTTP/1.1 413 "));
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    println!("40 bodies of 10 MiB: {answered} read that it is too much, memory +{grown} KiB");
    assert!(grown < 16 * 1024, "{grown} KiB");
    served(host.addr);
    assert!(host.stop().success());
}
