//! What is written on stdout: whole lines, and the quiet end when nobody reads them any more. What they say is decided
//! elsewhere.

use std::io::{self, ErrorKind, Write};

use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::oneshot;

use super::{Exit, Failure};

/// stdout, or that nobody reads it.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// Somebody does, as far as one knows.
    On,
    /// The reader has gone (`… | head`), which is its way to say that it has enough.
    Gone,
}

/// Writes bytes, and has them leave.
pub fn write(bytes: &[u8]) -> Result<Read, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Read::On),
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(Read::Gone),
        Err(why) => Err(Failure::new(Exit::Here, format!("what was read cannot be written: {why}"))),
    }
}

/// A line on stderr; that nobody reads it is no reason for anything.
pub fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", crate::protocol::text::Text::clean(line).one_line());
}

/// Ends when nobody reads stdout any more, also while there is nothing to write. Where the system does not say, never.
pub async fn unread() {
    let (tell, told) = oneshot::channel::<()>();
    // Nobody waits for the thread: it ends with the process.
    let watch = std::thread::Builder::new().name("stdout".into()).spawn(move || {
        let out = io::stdout();
        loop {
            // No events are asked for: only that the other end is gone is reported.
            let mut asked = [PollFd::new(&out, PollFlags::empty())];
            match poll(&mut asked, None) {
                Err(rustix::io::Errno::INTR) => continue,
                Ok(_) if asked[0].revents().intersects(PollFlags::ERR) => break,
                // A terminal that hung up, or a file that cannot be asked: signals and writes tell of those.
                _ => return std::mem::forget(tell),
            }
        }
        drop(tell);
    });
    if watch.is_err() {
        std::future::pending::<()>().await;
    }
    let _ = told.await;
}
