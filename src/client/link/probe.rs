//! One look at a host, as the wire of a client comes there: dialled, shaken hands with, greeted, and left. For whoever wants
//! to know which step fails; it enters nothing and says nothing.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError, SubProtocolError};

use super::{FRAME_BYTES, Failed, in_words, shake_hands_answered, short};
use crate::client::address::Address;
use crate::client::dial::DialError;
use crate::client::trust::{Distrust, KnownHosts};
use crate::protocol::dialect::{Dialect, v1};
use crate::protocol::event::{Event, Hello};

/// How long a host may take to say hello once hands are shaken: it says it before it is asked anything.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// What was met.
#[derive(Debug)]
pub struct Met {
    /// What it speaks.
    pub dialect: Dialect,
    /// Whether the way there is encrypted.
    pub secure: bool,
    /// What it said of itself, if it is a host of ours.
    pub hello: Option<Box<Hello>>,
    /// What its clock says, as the header `Date` has it (RFC 9110, 6.6.1): in whole seconds.
    pub date: Option<String>,
    /// From dialling to the end of the handshake.
    pub took: Duration,
}

/// Where it came to an end.
#[derive(Debug)]
pub enum Stop {
    /// The network or TLS, in words.
    Way(String),
    /// The host is not trusted.
    Distrust(Distrust),
    /// Something answered by HTTP, but not with a WebSocket: its status, and its words on one line.
    Turned(u16, String),
    /// Something else than HTTP, or nothing, in words.
    Handshake(String),
    /// It took hands, and then did not say hello.
    Silent,
}

/// Goes there, within this time for the way and the handshake.
pub async fn meet(address: &Address, known: Option<&KnownHosts>, within: Duration) -> Result<Met, Stop> {
    let begun = Instant::now();
    let shaken = timeout(within, async {
        match shake_hands_answered(address, known, true, FRAME_BYTES).await {
            // As the wire does it: some servers choose none, and are asked without an offer.
            Err(Failed::Handshake(Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
                SubProtocolError::NoSubProtocol,
            )))) => shake_hands_answered(address, known, false, FRAME_BYTES).await,
            done => done,
        }
    });
    let (mut socket, dialect, secure, date) = match shaken.await {
        Err(_) => return Err(Stop::Handshake("it does not answer".to_owned())),
        Ok(Err(Failed::Dial(DialError::Distrust(why)))) => return Err(Stop::Distrust(why)),
        Ok(Err(Failed::Handshake(Error::Http(answer)))) => {
            let body = answer.body().as_deref().map(|body| String::from_utf8_lossy(body).into_owned());
            return Err(Stop::Turned(answer.status().as_u16(), short(body.unwrap_or_default().trim_end())));
        }
        Ok(Err(Failed::Handshake(error))) => return Err(Stop::Handshake(in_words(&error))),
        Ok(Err(other)) => return Err(Stop::Way(other.in_words())),
        Ok(Ok(shaken)) => shaken,
    };
    let took = begun.elapsed();
    let hello = match dialect {
        Dialect::V1 => {
            let first = timeout(HELLO_WITHIN, async {
                loop {
                    match socket.next().await {
                        Some(Ok(Message::Text(text))) => match v1::decode_event(&text) {
                            Ok(Some(incoming)) => return Some(incoming.event),
                            _ => continue,
                        },
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                        _ => return None,
                    }
                }
            });
            match first.await {
                Ok(Some(Event::Hello(hello))) => Some(Box::new(hello)),
                _ => return Err(Stop::Silent),
            }
        }
        _ => None,
    };
    let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
    Ok(Met { dialect, secure, hello, date, took })
}
