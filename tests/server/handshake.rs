//! Who is let in: names, origins, subprotocols, headers; and the pages.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::host::{Host, soon};

const KEY: &str = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn upgrade(host: &str, more: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n{KEY}{more}\r\n"
    )
}

/// The head of the answer to one request.
async fn head(host: &Host, request: &str) -> String {
    let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
    socket.write_all(request.as_bytes()).await.expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = soon("an answer", socket.read_u8()).await.expect("it answers");
        head.push(byte);
    }
    String::from_utf8(head).expect("it answers in text")
}

#[tokio::test]
async fn host_and_origin_decide_who_is_let_in() {
    let host = Host::with(|config| {
        config.server.names = vec!["chat.example".into(), "other.example:99".into()];
        config.server.allowed_origins = vec!["https://pages.example".into()];
    });
    let cases = [
        ("localhost:8080", "", 101),
        ("LOCALHOST", "", 101),
        ("127.0.0.1", "", 101),
        ("[::1]:1", "", 101),
        ("chat.example", "", 101),
        ("Chat.Example:8080", "", 101),
        ("other.example:99", "", 101),
        ("other.example:98", "", 403),
        ("other.example", "", 403),
        ("evil.example", "", 403),
        ("evil.example:8080", "", 403),
        ("localhost.evil.example", "", 403),
        ("localhost@evil.example", "", 403),
        ("evil.example@localhost", "", 403),
        ("192.0.2.7", "", 403),
        ("", "", 403),
        ("localhost", "Origin: http://localhost:8080\r\n", 101),
        ("localhost", "Origin: https://127.0.0.1\r\n", 101),
        ("localhost", "Origin: HTTPS://chat.example\r\n", 101),
        ("localhost", "Origin: https://pages.example\r\n", 101),
        ("localhost", "Origin: http://pages.example\r\n", 403),
        ("localhost", "Origin: https://pages.example.evil.example\r\n", 403),
        ("localhost", "Origin: https://evil.example\r\n", 403),
        ("localhost", "Origin: http://localhost.evil.example\r\n", 403),
        ("localhost", "Origin: null\r\n", 403),
        ("localhost", "Origin: file://\r\n", 403),
        ("localhost", "Origin: http://localhost\r\nOrigin: https://evil.example\r\n", 403),
        ("localhost\r\nHost: localhost", "", 400),
    ];
    for (name, more, status) in cases {
        for request in [upgrade(name, more), format!("GET /healthz HTTP/1.1\r\nHost: {name}\r\n{more}\r\n")] {
            let status = if status == 101 && !request.contains("Upgrade") { 200 } else { status };
            let answer = head(&host, &request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}{answer}");
        }
    }
    let evil = host.http("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").await;
    assert!(evil.contains("`names` under [server]"), "{evil}");
    let foreign = host.http("GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n").await;
    assert!(foreign.contains("`allowed_origins` under [server]"), "{foreign}");
    let absolute = "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert!(head(&host, absolute).await.starts_with("HTTP/1.1 403 "), "the target names a host too");
}

#[tokio::test]
async fn the_offer_decides_what_is_spoken() {
    let host = Host::start();
    let offer = |words: &str| upgrade("localhost", &format!("Sec-WebSocket-Protocol: {words}\r\n"));
    for (request, named) in [
        (upgrade("localhost", ""), None),
        (offer("wschat.plain, wschat.v1"), Some("wschat.v1")),
        (offer("wschat.v1"), Some("wschat.v1")),
        (offer("wschat.plain"), Some("wschat.plain")),
        (offer("mqtt,wschat.plain"), Some("wschat.plain")),
    ] {
        let answer = head(&host, &request).await.to_lowercase();
        assert!(answer.starts_with("http/1.1 101 "), "{answer}");
        assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
        let line = answer.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        assert_eq!(line, named);
        assert!(!answer.contains("sec-websocket-extensions"), "{answer}");
    }
    let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
    socket.write_all(offer("mqtt, soap").as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    soon("an answer", socket.read_to_string(&mut answer)).await.expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("wschat.v1, wschat.plain"), "{answer}");
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused() {
    let host = Host::start();
    let start = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    for request in [
        format!("{start}\r\n"),
        format!("{start}Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
        format!("{start}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n"),
        upgrade("localhost", "").replace("GET", "POST"),
        upgrade("localhost", "").replace("HTTP/1.1", "HTTP/1.0"),
    ] {
        let answer = head(&host, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.0 400 "), "{request}{answer}");
        assert!(answer.contains("sec-websocket-version: 13"), "{answer}");
    }
    for request in [
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(2 << 20)),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(100_000)),
        format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000)),
        "\u{16}\u{3}\u{1} this is TLS, or might be\r\n\r\n".into(),
    ] {
        let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
        // It may hang up while we still write; then what it said may be lost.
        let _ = soon("it reads or hangs up", socket.write_all(request.as_bytes())).await;
        let mut answer = Vec::new();
        let _ = soon("it hangs up", socket.read_to_end(&mut answer)).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    host.plain("ann").await;
}

#[tokio::test]
async fn the_pages() {
    let host = Host::start();
    let get = async |path: &str| host.http(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
    let page = get("/").await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("wschat HOST"), "{page}");
    let page = page.to_lowercase();
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"] {
        assert!(page.contains(header), "{page}");
    }
    let foreign = page.split(['"', '\'']).filter(|word| word.starts_with("http") && word.contains("://")).count();
    assert_eq!(foreign, 0, "nothing of the page comes from elsewhere: {page}");
    assert!(get("/style.css").await.contains("text/css"));
    let health = get("/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200 ") && health.ends_with("\r\n\r\nok"), "{health}");
    assert!(get("/nowhere").await.starts_with("HTTP/1.1 404 "));
    let any_path = head(&host, &upgrade("localhost", "").replace("GET /", "GET /some/where?x=y")).await;
    assert!(any_path.starts_with("HTTP/1.1 101 "), "{any_path}");
}

#[tokio::test]
async fn what_comes_with_the_handshake_is_not_lost() {
    let host = Host::start();
    let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
    let mut early = upgrade("localhost", "").into_bytes();
    early.extend(crate::host::frame(0x81, b"ann: hello, all of you"));
    socket.write_all(&early).await.expect("it reads");
    let mut heard = Vec::new();
    while !heard.ends_with(b"Received ann: hello, all of you") {
        heard.push(soon("an answer", socket.read_u8()).await.expect("it answers"));
    }
}

#[tokio::test]
async fn the_answer_and_the_greeting_come_together_and_who_is_not_greeted_waits_for_nothing() {
    let host = Host::start();
    let ask = |offer: &str| upgrade(&host.authority(), &format!("Sec-WebSocket-Protocol: {offer}\r\n"));
    let mut heard = vec![0; 4096];
    let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
    socket.write_all(ask("wschat.v1").as_bytes()).await.expect("it reads");
    let n = soon("an answer", socket.read(&mut heard)).await.expect("it answers");
    let first = String::from_utf8_lossy(&heard[..n]).into_owned();
    assert!(first.starts_with("HTTP/1.1 101 ") && first.contains(r#""type":"hello""#), "{first}");
    let mut socket = TcpStream::connect(host.addr).await.expect("it listens");
    socket.write_all(ask("wschat.plain").as_bytes()).await.expect("it reads");
    let n = soon("an answer", socket.read(&mut heard)).await.expect("it answers");
    let first = String::from_utf8_lossy(&heard[..n]).into_owned();
    assert!(first.starts_with("HTTP/1.1 101 ") && first.ends_with("\r\n\r\n"), "{first}");
    host.stop().await;
}
