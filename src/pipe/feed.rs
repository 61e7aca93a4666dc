//! What a command writes, or what is piped in, as it comes, and how it ended. Threads of their own read, so that neither
//! waits for the chat: a build is not to be held up by a host that is away. What is shown of it is `window`'s.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Exit, Failure};

/// Pieces that wait; more wait in the pipe.
const WAITING: usize = 64;

/// Bytes of a piece.
const PIECE: usize = 16 * 1024;

/// How long the last words of a command are waited for, once it has ended: a daemon that it left may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What came.
#[derive(Debug)]
pub enum Fed {
    /// So much of it.
    Piece(Vec<u8>),
    /// The end.
    Ended(End),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The input did; of who wrote it one knows nothing.
    Input,
    /// The command, with this status.
    Status(u8),
    /// The command, by this signal.
    Killed(u8),
    /// A signal ended the watching.
    Interrupted(u8),
}

/// What is being written somewhere.
pub struct Feed {
    /// As it comes.
    pub fed: mpsc::Receiver<Fed>,
    /// The command's process, if there is one.
    pub pid: Option<rustix::process::Pid>,
}

/// stdin.
pub fn stdin() -> Result<Feed, Failure> {
    let (tell, fed) = mpsc::channel(WAITING);
    let read = move || {
        pass(&mut io::stdin().lock(), None, &tell);
        let _ = tell.blocking_send(Fed::Ended(End::Input));
    };
    std::thread::Builder::new().name("stdin".into()).spawn(read).map_err(Failure::here)?;
    Ok(Feed { fed, pid: None })
}

/// A command, which is started. What it writes goes on to our own stdout and stderr too.
pub fn command(words: &[OsString]) -> Result<Feed, Failure> {
    let (program, arguments) = words.split_first().ok_or_else(|| Failure::usage("which command?"))?;
    let started = Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.map_err(|why| {
        // As a shell has it.
        let code = if why.kind() == ErrorKind::NotFound { 127 } else { 126 };
        Failure::new(Exit::Command(code), format!("{} cannot be run: {why}", program.display()))
    })?;
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    let (tell, fed) = mpsc::channel(WAITING);
    let (done, readers) = channel::<()>();
    if let Some(out) = child.stdout.take() {
        reader(out, Box::new(io::stdout()), &tell, &done)?;
    }
    if let Some(err) = child.stderr.take() {
        reader(err, Box::new(io::stderr()), &tell, &done)?;
    }
    drop(done);
    let wait = move || {
        let end = wait(&mut child);
        // Each reader drops its end when it has read all; nobody ever sends.
        while !matches!(
            readers.recv_timeout(LAST_WORDS),
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout)
        ) {}
        let _ = tell.blocking_send(Fed::Ended(end));
    };
    std::thread::Builder::new().name("command".into()).spawn(wait).map_err(Failure::here)?;
    Ok(Feed { fed, pid })
}

fn wait(child: &mut Child) -> End {
    let ended: io::Result<ExitStatus> = child.wait();
    match ended {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => End::Status(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, Some(signal)) => End::Killed(u8::try_from(signal).unwrap_or(0)),
            (None, None) => End::Input,
        },
        Err(_) => End::Input,
    }
}

fn reader(
    mut from: impl Read + Send + 'static,
    to: Box<dyn Write + Send>,
    tell: &mpsc::Sender<Fed>,
    done: &Sender<()>,
) -> Result<(), Failure> {
    let (tell, done) = (tell.clone(), done.clone());
    let read = move || {
        pass(&mut from, Some(to), &tell);
        drop(done);
    };
    std::thread::Builder::new().name("output".into()).spawn(read).map_err(Failure::here)?;
    Ok(())
}

/// Hands on what comes. Whoever reads our own stdout may go; the command is not to notice.
fn pass(from: &mut impl Read, mut to: Option<Box<dyn Write + Send>>, tell: &mpsc::Sender<Fed>) {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return,
            Ok(n) => {
                if to.as_mut().is_some_and(|to| to.write_all(&piece[..n]).and_then(|()| to.flush()).is_err()) {
                    to = None;
                }
                // With nobody to tell it is read all the same: the one who writes must not stand still.
                let _ = tell.blocking_send(Fed::Piece(piece[..n].to_vec()));
            }
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
