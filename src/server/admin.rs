//! The socket in a host's folder by which `wschat admin` reaches it: who may use the folder may use it. Reads what is
//! asked, hands it to the driver as an input like any other, writes the answer. What comes of it is the hub's to say.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::Mode;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::driver::Arrival;
use crate::protocol::admin::{ASK_BYTES, Ask, Line};

/// The socket's name in the folder.
pub const SOCKET: &str = "admin.sock";

/// Bytes that the path of a socket may have: the least of all systems (`sun_path` has 104 on some, with an end).
pub const PATH_BYTES: usize = 103;

/// Asked at once. Who may ask is one person; more than a few is a script that should wait for its answers.
const AT_ONCE: usize = 8;

/// How long one may take to ask, and to take the answer: nobody types here.
const PATIENCE: Duration = Duration::from_secs(10);

/// After an accept that failed, for want of files say.
const BREATH: Duration = Duration::from_secs(1);

/// Listens until it is dropped, and leaves no socket behind.
pub struct Admin {
    path: PathBuf,
    listening: JoinHandle<()>,
}

/// Why there is no socket. The host goes on without it.
#[derive(Debug, thiserror::Error)]
enum NoSocket {
    #[error("the path has {0} bytes, and a socket's may have {PATH_BYTES}; choose a shorter --data-dir")]
    TooLong(usize),
    #[error("something else than a socket is there; move it away")]
    Occupied,
    #[error("others may write in that folder; take that from them (chmod go-w)")]
    Shared,
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Where the socket of this folder is, unless that is too long a path for one.
pub fn socket(folder: &Path) -> Result<PathBuf, usize> {
    let path = folder.join(SOCKET);
    let bytes = path.as_os_str().as_bytes().len();
    if bytes > PATH_BYTES { Err(bytes) } else { Ok(path) }
}

impl Admin {
    /// Listens in a folder whose lock is ours. What cannot be is logged, and the host goes on.
    pub fn open(folder: &Path, arrivals: mpsc::Sender<Arrival>) -> Option<Admin> {
        match bind(folder) {
            Ok((path, listener)) => {
                let listening = tokio::spawn(listen(listener, arrivals));
                Some(Admin { path, listening })
            }
            Err(why) => {
                let path = folder.join(SOCKET);
                tracing::warn!("wschat admin cannot reach this host while it runs: {}: {why}", path.display());
                None
            }
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.listening.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

fn bind(folder: &Path) -> Result<(PathBuf, UnixListener), NoSocket> {
    let path = socket(folder).map_err(NoSocket::TooLong)?;
    // Whoever may write in the folder could put a socket of their own in the place of ours.
    if std::fs::metadata(folder)?.mode() & 0o022 != 0 {
        return Err(NoSocket::Shared);
    }
    match std::fs::symlink_metadata(&path) {
        // The folder is ours, so whose it was has gone without a goodbye.
        Ok(there) if there.file_type().is_socket() => std::fs::remove_file(&path)?,
        Ok(_) => return Err(NoSocket::Occupied),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e.into()),
    }
    // For its owner alone from the first moment, also in a folder that others may look into. What other threads make
    // meanwhile is for its owner alone too, which harms nobody.
    let before = rustix::process::umask(Mode::from_bits_truncate(0o077));
    let bound = UnixListener::bind(&path);
    rustix::process::umask(before);
    let listener = bound?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok((path, listener))
}

async fn listen(listener: UnixListener, arrivals: mpsc::Sender<Arrival>) {
    // Its end, with this task's, ends those who ask.
    let mut asking = JoinSet::new();
    loop {
        while asking.len() >= AT_ONCE {
            asking.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let arrivals = arrivals.clone();
                    asking.spawn(async move {
                        if let Err(why) = answer(stream, arrivals).await {
                            tracing::debug!("wschat admin was not answered: {why}");
                        }
                    });
                }
                Err(why) => {
                    tracing::warn!("wschat admin is not heard: {why}");
                    sleep(BREATH).await;
                }
            },
            Some(_) = asking.join_next() => {}
        }
    }
}

/// One question, one answer.
async fn answer(stream: UnixStream, arrivals: mpsc::Sender<Arrival>) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut line = String::new();
    let mut from = BufReader::new(from.take(ASK_BYTES as u64));
    timeout(PATIENCE, from.read_line(&mut line)).await??;
    let lines = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => {
            tracing::info!("wschat admin asks: {}", line.trim_end());
            let (tell, told) = oneshot::channel();
            let asked = arrivals.send(Arrival::Asked(ask, tell)).await.is_ok();
            let lines = if asked { told.await.ok() } else { None };
            lines.unwrap_or_else(|| vec![Line::refused("the host stops; ask again in a moment")])
        }
        Err(_) => {
            vec![Line::refused("this host does not know what that means: it is of another version than this program")]
        }
    };
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
    }
    timeout(PATIENCE, to.write_all(&bytes)).await??;
    to.shutdown().await
}
