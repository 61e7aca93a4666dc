//! A socket while HTTP is spoken on it. What it adds: the answer to an upgrade is held back, so that it leaves in one packet
//! with the first frame behind it (a packet costs more than all else that is done to let somebody in), and whoever speaks TLS
//! where nobody does is told apart. What is asked and answered is `http`'s.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The first byte of a TLS connection: a record that begins a handshake (RFC 8446, 5.1). No HTTP request begins so.
pub const TLS_HANDSHAKE: u8 = 0x16;

/// How the answer to an upgrade begins (RFC 9112, 4).
const SWITCHING: &[u8] = b"HTTP/1.1 101 ";

/// A socket, and the answer that it was given and has not sent.
pub struct Handshake<S> {
    socket: S,
    answer: Vec<u8>,
    begun: bool,
}

impl<S> Handshake<S> {
    /// Nothing was said yet.
    pub fn new(socket: S) -> Handshake<S> {
        Handshake { socket, answer: Vec::new(), begun: false }
    }

    /// The socket, and what is to be sent on it before all else.
    pub fn into_parts(self) -> (S, Vec<u8>) {
        (self.socket, self.answer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Handshake<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        if let (false, Some(first)) = (self.begun, buffer.filled().get(before)) {
            self.begun = true;
            if *first == TLS_HANDSHAKE {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "TLS is not spoken here")));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Handshake<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let begins = slices.iter().find(|slice| !slice.is_empty()).is_some_and(|slice| slice.starts_with(SWITCHING));
        if !begins && self.answer.is_empty() {
            return Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        }
        // Bounded by what we answer: nothing but a header of ours comes here, and after it nothing.
        let before = self.answer.len();
        slices.iter().for_each(|slice| self.answer.extend_from_slice(slice));
        Poll::Ready(Ok(self.answer.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn block_on<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts").block_on(test)
    }

    #[test]
    fn an_upgrade_is_held_back_and_everything_else_goes_at_once() {
        block_on(async {
            let (near, mut far) = tokio::io::duplex(1024);
            let mut shaking = Handshake::new(near);
            shaking.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").await.expect("there is room");
            shaking.flush().await.expect("there is room");
            let mut heard = [0; 26];
            far.read_exact(&mut heard).await.expect("it was sent");
            assert_eq!(&heard, b"HTTP/1.1 404 Not Found\r\n\r\n");
            // However it is cut after its first line.
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n";
            shaking.write_all(&answer[..20]).await.expect("it is kept");
            shaking.write_all(&answer[20..]).await.expect("it is kept");
            shaking.flush().await.expect("nothing is to be sent");
            let (near, held) = shaking.into_parts();
            assert_eq!(held, answer);
            drop(near);
            assert_eq!(far.read(&mut heard).await.expect("it ended"), 0, "none of it was sent");
        });
    }

    #[test]
    fn who_speaks_tls_is_told_apart_by_the_first_byte_alone() {
        for (said, fine) in [(&b"\x16\x03\x01"[..], false), (b"G\x16", true)] {
            block_on(async {
                let (near, mut far) = tokio::io::duplex(1024);
                let mut shaking = Handshake::new(near);
                far.write_all(said).await.expect("there is room");
                let read = shaking.read(&mut [0; 8]).await;
                assert_eq!(read.is_ok(), fine, "{said:?}");
                far.write_all(b"\x16").await.expect("there is room");
                assert!(!fine || shaking.read(&mut [0; 8]).await.is_ok());
            });
        }
    }
}
