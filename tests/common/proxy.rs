//! A faulty wire between a client and a host, at will: it cuts, stalls, holds back what the host says, loses everything
//! without a word, and swallows exactly the frame a test names (an ack, say) and then cuts. It forwards bytes and knows of
//! WebSockets only where the host's frames begin and end.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// What the wire does just now.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mood {
    Forward,
    Stall,
    Deaf,
    Hole,
}

type Swallow = Arc<Mutex<Option<Box<dyn FnMut(&[u8]) -> bool + Send>>>>;

/// The wire; dropping it cuts everything.
pub struct Proxy {
    pub addr: SocketAddr,
    mood: watch::Sender<Mood>,
    cut: watch::Sender<u64>,
    swallow: Swallow,
    accept: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// A wire to this host, on a port of its own.
    pub async fn to(host: SocketAddr) -> Proxy {
        Proxy::of_width(host, None).await
    }

    /// The same, with so many bytes at most on their way from the host: a stall is felt by it soon.
    pub async fn narrow(host: SocketAddr, bytes: u32) -> Proxy {
        Proxy::of_width(host, Some(bytes)).await
    }

    async fn of_width(host: SocketAddr, width: Option<u32>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let addr = listener.local_addr().expect("it is bound");
        let (mood, _) = watch::channel(Mood::Forward);
        let (cut, _) = watch::channel(0);
        let swallow: Swallow = Arc::default();
        let accept = {
            let (mood, cut, swallow) = (mood.subscribe(), cut.subscribe(), swallow.clone());
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    let Ok(server) = connect(host, width).await else { continue };
                    let (mood, mut cut, swallow) = (mood.clone(), cut.clone(), swallow.clone());
                    tokio::spawn(async move {
                        cut.mark_unchanged();
                        let (from_client, to_client) = client.into_split();
                        let (from_server, to_server) = server.into_split();
                        let lost = watch::Sender::new(false);
                        let up = pass(from_client, to_server, mood.clone(), &lost, None);
                        let down = pass(from_server, to_client, mood, &lost, Some(swallow));
                        tokio::select! { _ = up => {}, _ = down => {}, _ = cut.changed() => {} }
                    });
                }
            })
        };
        Proxy { addr, mood, cut, swallow, accept }
    }

    /// Cuts every connection now; new ones are accepted.
    pub fn cut(&self) {
        self.cut.send_modify(|n| *n += 1);
    }

    /// Nothing goes through any more, and nobody is told.
    pub fn stall(&self) {
        self.mood.send_replace(Mood::Stall);
    }

    /// What the host says is held back; what the clients say goes through.
    pub fn deafen(&self) {
        self.mood.send_replace(Mood::Deaf);
    }

    /// Connections that say or hear something now are lost for good, and neither end is told.
    pub fn lose(&self) {
        self.mood.send_replace(Mood::Hole);
    }

    /// Everything goes through again, but on connections that were lost.
    pub fn flow(&self) {
        self.mood.send_replace(Mood::Forward);
    }

    /// The first frame of the host that fits is swallowed and its connection is cut.
    pub fn swallow(&self, fits: impl FnMut(&[u8]) -> bool + Send + 'static) {
        *self.swallow.lock().expect("no test panics while it holds this") = Some(Box::new(fits));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accept.abort();
        self.cut();
    }
}

async fn connect(host: SocketAddr, width: Option<u32>) -> std::io::Result<TcpStream> {
    let socket = if host.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bytes) = width {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.connect(host).await
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mood: watch::Receiver<Mood>,
    lost: &watch::Sender<bool>,
    swallow: Option<Swallow>,
) {
    let down = swallow.is_some();
    let goes = move |mood: &Mood| *mood == Mood::Forward || *mood == Mood::Hole || *mood == Mood::Deaf && !down;
    let mut buffer = vec![0; 16 * 1024];
    let mut waiting = Vec::new();
    let mut upgraded = false;
    loop {
        if mood.wait_for(goes).await.is_err() {
            return;
        }
        let n = match from.read(&mut buffer).await {
            Ok(n) if n > 0 => n,
            // Whoever is behind a hole does not hear that the other end hung up, either.
            _ if *lost.borrow() => return std::future::pending().await,
            _ => return,
        };
        if mood.wait_for(goes).await.is_err() {
            return;
        }
        if *mood.borrow() == Mood::Hole {
            lost.send_replace(true);
        }
        if *lost.borrow() {
            continue;
        }
        let Some(swallow) = &swallow else {
            if to.write_all(&buffer[..n]).await.is_err() {
                return;
            }
            continue;
        };
        waiting.extend_from_slice(&buffer[..n]);
        while let Some(length) = if upgraded { frame_length(&waiting) } else { head_length(&waiting) } {
            let part: Vec<u8> = waiting.drain(..length).collect();
            let fits = upgraded
                && swallow.lock().expect("no test panics while it holds this").as_mut().is_some_and(|fits| fits(&part));
            if fits {
                *swallow.lock().expect("no test panics while it holds this") = None;
                return;
            }
            upgraded = true;
            if to.write_all(&part).await.is_err() {
                return;
            }
        }
    }
}

/// Length of the answer to the upgrade, when it is whole.
fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// Length of the first unmasked frame, when it is whole (RFC 6455, 5.2).
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let payload = |n: u64, head: usize| usize::try_from(n).ok().and_then(|n| n.checked_add(head));
    let whole = match *bytes.get(1)? & 0x7f {
        126 => payload(u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => payload(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        n => payload(u64::from(n), 2),
    }?;
    (bytes.len() >= whole).then_some(whole)
}
