//! An accepted socket, plain or under TLS, that is read and written without waiting: both look the same to whoever holds
//! one. The handshake of either is `http`'s, what is spoken over it `connection`'s.

use std::io::{self, IoSlice, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use rustls::ServerConnection;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A socket that was upgraded.
pub enum Wire {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted. Boxed, since it is a kilobyte and most hosts have none.
    Tls(Box<Tls>),
}

/// A socket and what encrypts on it. The driver and the connection's task both write.
pub struct Tls {
    socket: TcpStream,
    session: Mutex<ServerConnection>,
}

impl From<TcpStream> for Wire {
    fn from(socket: TcpStream) -> Wire {
        Wire::Plain(socket)
    }
}

impl From<TlsStream<TcpStream>> for Wire {
    fn from(stream: TlsStream<TcpStream>) -> Wire {
        let (socket, session) = stream.into_inner();
        Wire::Tls(Box::new(Tls { socket, session: Mutex::new(session) }))
    }
}

impl Wire {
    fn socket(&self) -> &TcpStream {
        match self {
            Wire::Plain(socket) => socket,
            Wire::Tls(tls) => &tls.socket,
        }
    }

    /// Reads what is there. `WouldBlock` when nothing is, and only then [`Wire::poll_read_ready`] tells of more.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(socket) => read_all(socket, buffer),
            Wire::Tls(tls) => tls.try_read(buffer),
        }
    }

    /// Writes what the socket takes. Under TLS some of it may be held back: see [`Wire::pending`].
    pub fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, slices) {
            (Wire::Plain(socket), [one]) => socket.try_write(one),
            (Wire::Plain(socket), many) => socket.try_write_vectored(many),
            (Wire::Tls(tls), slices) => tls.try_write(slices),
        }
    }

    /// Whether something that was written is still to be handed to the socket, by [`Wire::drain`].
    pub fn pending(&self) -> bool {
        match self {
            Wire::Plain(_) => false,
            Wire::Tls(tls) => tls.lock().wants_write(),
        }
    }

    /// Hands over what is pending. `WouldBlock` when the socket does not take all.
    #[inline]
    pub fn drain(&self) -> io::Result<()> {
        match self {
            Wire::Plain(_) => Ok(()),
            Wire::Tls(tls) => tls.drain(&mut tls.lock()),
        }
    }

    /// Says that nothing more will be written.
    pub fn end(&self) -> io::Result<()> {
        if let Wire::Tls(tls) = self {
            let mut session = tls.lock();
            session.send_close_notify();
            // The goodbye of TLS is for the peer's peace of mind; whoever does not take it hears the socket's.
            let _ = tls.drain(&mut session);
        }
        match rustix::net::shutdown(self.socket(), rustix::net::Shutdown::Write) {
            Ok(()) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// Ready when there is something to read.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_read_ready(cx)
    }

    /// Ready when something can be written.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_write_ready(cx)
    }

    /// Waits until there is something to read.
    pub async fn readable(&self) -> io::Result<()> {
        self.socket().readable().await
    }

    /// Waits until something can be written.
    pub async fn writable(&self) -> io::Result<()> {
        self.socket().writable().await
    }
}

impl Tls {
    fn lock(&self) -> MutexGuard<'_, ServerConnection> {
        // A panic while it was held broke one connection, which ends by it.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut session = self.lock();
        loop {
            match session.reader().read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            // At the end of the socket the reader says whether it was a clean one.
            session.read_tls(&mut Now(&self.socket))?;
            let processed = session.process_new_packets();
            // Alerts and answers to what was processed, also when it was nonsense.
            match self.drain(&mut session) {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                _ => {}
            }
            processed.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        }
    }

    fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut session = self.lock();
        // Nothing is added while something waits: so what is held back is one call's share at most.
        self.drain(&mut session)?;
        let n = session.writer().write_vectored(slices)?;
        match self.drain(&mut session) {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(n),
        }
    }

    fn drain(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            if session.write_tls(&mut Now(&self.socket))? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

/// A socket as rustls sees it: what cannot be done now would block.
struct Now<'a>(&'a TcpStream);

impl Read for Now<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_all(self.0, buffer)
    }
}

/// Reads what is there. Less than there was room for is all of it, so the next read waits for news instead of asking the
/// system whether there is more: true of sockets that are told of by edges (epoll(7), "Questions and answers", 9; so is
/// kqueue), and tokio's own readers do the same. An end that came along is news that stays.
fn read_all(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let n = socket.try_read(buffer)?;
    if cfg!(unix) && 0 < n && n < buffer.len() {
        // Only takes back that there is something to read; what else it says is what we tell it.
        let _ = socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
    Ok(n)
}

impl Write for Now<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
