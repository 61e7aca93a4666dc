//! The same port with TLS: large and small things pass, whoever stalls is cut, whoever comes in the clear is told, and a
//! client goes nowhere near a host that is not the one it knows.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use wschat::client::address::{Address, Transport};
use wschat::client::backoff::Backoff;
use wschat::client::chat::LinkEvent;
use wschat::client::dial::{self, Stream};
use wschat::client::link::{self, Link, ToLink};
use wschat::client::trust::{Distrust, KnownHosts};
use wschat::protocol::event::Event;
use wschat::protocol::fingerprint::Fingerprint;
use wschat::server::entrance::Entrance;
use wschat::server::tls::Tls;

use crate::host::{Host, soon};

/// A host that speaks TLS too, and its certificate.
fn encrypted(dir: &std::path::Path) -> (Host, Fingerprint) {
    let tls = Tls::own(dir, &[]).expect("a certificate is made");
    let print = tls.fingerprint();
    (Host::guarded(Entrance { tls: Some(tls), open: true, ..Entrance::default() }, |_| {}), print)
}

fn address(host: &Host, pin: Option<Fingerprint>) -> Address {
    Address { transport: Transport::Tls, pin, ..Address::from(host.addr) }
}

async fn raw(host: &Host, print: Fingerprint) -> WebSocketStream<Stream> {
    let address = address(host, Some(print));
    let dialled = soon("TLS", dial::dial(&address, None)).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert!(dialled.secure);
    soon("a handshake", tokio_tungstenite::client_async(address.url(), dialled.stream)).await.expect("it lets us in").0
}

async fn text(socket: &mut WebSocketStream<Stream>) -> String {
    loop {
        match soon("a message", socket.next()).await.expect("it stays").expect("it speaks well") {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn plain_and_encrypted_people_talk_on_one_port() {
    let dir = tempfile::tempdir().expect("a folder");
    let (host, print) = encrypted(dir.path());
    let mut ann = raw(&host, print).await;
    ann.send(Message::text("ann: hello")).await.expect("it reads");
    assert_eq!(text(&mut ann).await, "Received ann: hello");
    let mut ben = host.plain("ben").await;
    ben.say("ben: long").await;
    ben.until("Received ben: long").await;
    while text(&mut ann).await != "ben: long" {}
    // A frame far larger than what TLS or the socket takes at once.
    let much = "x".repeat(8000);
    for n in 0..300 {
        ben.say(&format!("ben: {n} {much}")).await;
        ben.until(&format!("Received ben: {n} {much}")).await;
    }
    for n in 0..300 {
        assert_eq!(text(&mut ann).await, format!("ben: {n} {much}"));
    }
    ann.close(None).await.expect("it says goodbye");
    host.stop().await;
}

#[tokio::test]
async fn who_takes_nothing_is_cut_and_the_others_hear_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let (host, print) = encrypted(dir.path());
    let (mut stalled, mut ann) = (raw(&host, print).await, raw(&host, print).await);
    let mut ben = host.plain("ben").await;
    let much = "x".repeat(8000);
    // Sockets of loopback hold some megabytes, the queue one more.
    for n in 0..2000 {
        ben.say(&format!("ben: {n} {much}")).await;
        ben.until(&format!("Received ben: {n} {much}")).await;
        while text(&mut ann).await != format!("ben: {n} {much}") {}
    }
    let mut taken = 0;
    let end = loop {
        match soon("the end", stalled.next()).await {
            Some(Ok(Message::Text(text))) => {
                let whole = text.strip_prefix("ben: ").is_none_or(|words| words.ends_with(&format!(" {much}")));
                assert!(whole, "no line is cut: {text}");
                taken += 1;
            }
            Some(Ok(Message::Ping(_))) => {}
            other => break other,
        }
    };
    // The goodbye itself is only there for whoever reads again within the time to take it.
    if let Some(Ok(Message::Close(close))) = end {
        assert_eq!(close.map(|close| u16::from(close.code)), Some(4408));
    }
    assert!(taken < 2000, "it was cut");
    host.stop().await;
}

/// What a wire tells first, after dialling.
async fn first_word(address: Address, known: Option<KnownHosts>) -> (Link, LinkEvent) {
    const LONG: Duration = Duration::from_secs(30);
    let mut link = Link::spawn(link::Options {
        address,
        known,
        invite: None,
        keyring: None,
        bot: None,
        dial_within: LONG,
        write_within: LONG,
        ping_after: LONG,
        dead_after: LONG,
        backoff: Backoff::new(LONG, LONG, LONG),
        start: Instant::now(),
    });
    let word = next(&mut link).await;
    (link, word)
}

async fn next(link: &mut Link) -> LinkEvent {
    loop {
        match soon("news", link.from.recv()).await.expect("the wire lives") {
            LinkEvent::Dialling => {}
            news => return news,
        }
    }
}

#[tokio::test]
async fn a_stranger_is_asked_about_once_and_known_from_then_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let (host, print) = encrypted(dir.path());
    let known = || Some(KnownHosts::at(dir.path().join("known_hosts")));

    let (mut link, word) = first_word(address(&host, None), known()).await;
    assert!(matches!(&word, LinkEvent::Distrusted(Distrust::Stranger { found }) if *found == print), "{word:?}");
    assert!(matches!(next(&mut link).await, LinkEvent::Down { retry_at: None, .. }), "nothing is tried unasked");
    link.to.send(ToLink::Trust(print)).await.expect("the wire lives");
    assert!(matches!(next(&mut link).await, LinkEvent::Up { secure: true, .. }));
    assert!(matches!(next(&mut link).await, LinkEvent::Heard(Event::Hello(_))));

    let (_link, word) = first_word(address(&host, None), known()).await;
    assert!(matches!(word, LinkEvent::Up { secure: true, .. }), "{word:?}");
    // Whoever was once spoken to in secret is never spoken to in the clear.
    let bare = Address { transport: Transport::Either, ..address(&host, None) };
    let (_link, word) = first_word(bare, known()).await;
    assert!(matches!(word, LinkEvent::Up { secure: true, .. }), "{word:?}");
    host.stop().await;
}

#[tokio::test]
async fn another_certificate_stops_everything_and_shows_both() {
    let dir = tempfile::tempdir().expect("a folder");
    let (host, print) = encrypted(dir.path());
    let other = Fingerprint::of(b"another");
    let changed = |word: &LinkEvent| matches!(word, LinkEvent::Distrusted(Distrust::Changed { expected, found }) if (*expected, *found) == (other, print));
    let (_link, word) = first_word(address(&host, Some(other)), None).await;
    assert!(changed(&word), "{word:?}");
    let known = KnownHosts::at(dir.path().join("known_hosts"));
    known.keep(&host.authority(), other).expect("kept");
    let (_link, word) = first_word(address(&host, None), Some(known.clone())).await;
    assert!(changed(&word), "{word:?}");
    // An invitation comes from a person, and may know better.
    let (_link, word) = first_word(address(&host, Some(print)), Some(known.clone())).await;
    assert!(matches!(word, LinkEvent::Up { secure: true, .. }), "{word:?}");
    assert_eq!(known.get(&host.authority()).expect("read"), Some(print));
    host.stop().await;
}

#[tokio::test]
async fn a_host_without_tls_is_found_by_whoever_may_speak_plainly_and_by_nobody_else() {
    let host = Host::start();
    let either = Address { transport: Transport::Either, ..address(&host, None) };
    let (_link, word) = first_word(either, None).await;
    assert!(matches!(word, LinkEvent::Up { secure: false, .. }), "{word:?}");
    let (_link, word) = first_word(address(&host, None), None).await;
    assert!(matches!(&word, LinkEvent::Down { why, .. } if why.starts_with("TLS is not spoken there")), "{word:?}");
    host.stop().await;
}

#[tokio::test]
async fn from_elsewhere_nobody_comes_in_the_clear_or_uninvited_as_raw_client() {
    // Behind a proxy nobody counts as of this machine, and the proxy speaks TLS.
    let host = Host::guarded(Entrance { behind: true, ..Entrance::default() }, |_| {});
    let request = |extra: &str| {
        let authority = host.authority();
        format!(
            "GET / HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extra}\r\n"
        )
    };
    let answer = host.http(&request("")).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("lets in whom it invited"), "{answer}");
    host.stop().await;
}
