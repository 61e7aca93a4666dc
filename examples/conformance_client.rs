//! The client's own way to a WebSocket against a server that tries it (Autobahn's `fuzzingserver`): every case is opened as
//! the program opens its connections, and what comes is sent back. `cargo run --example conformance_client ws://127.0.0.1:9001`;
//! `tests/conformance/run` does all of it.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use wschat::client::address::Address;
use wschat::client::dial::Stream;
use wschat::client::link;

/// The largest message of a case (9.1.6).
const MOST: usize = 16 * 1024 * 1024;

async fn open(base: &str, path: &str) -> Result<WebSocketStream<Stream>, String> {
    let address: Address = format!("{base}{path}").parse()?;
    link::open(&address, MOST).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let base = std::env::args().nth(1).ok_or("usage: conformance_client ws://127.0.0.1:PORT")?;
    let mut count = open(&base, "/getCaseCount").await?;
    let Some(Ok(Message::Text(cases))) = count.next().await else {
        return Err("it does not say how many cases".into());
    };
    let cases: u32 = cases.parse().map_err(|_| "that is no number of cases")?;
    for case in 1..=cases {
        let mut socket = open(&base, &format!("/runCase?case={case}&agent=wschat-client")).await?;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() || message.is_binary() {
                // Who is gone in between has seen what it wanted.
                let _ = socket.send(message).await;
            }
        }
    }
    let mut reports = open(&base, "/updateReports?agent=wschat-client").await?;
    while reports.next().await.is_some_and(|frame| frame.is_ok()) {}
    println!("{cases} cases run");
    Ok(())
}
