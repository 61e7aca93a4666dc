//! The servers that are compared, each a process of its own, pinned to one core; and what the system says they cost.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use crate::client::Wire;

/// The server's core; the load has the other.
const CORE: &str = "0";

/// What `wschat.v1` puts around the text of a line: who, when, where, which.
const ENVELOPE: usize = 210;

/// A kind of server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// `limit`.
    Limit,
    /// The same, with frames as long as those of `wschat.v1`.
    LimitOfOurBytes,
    /// Node `ws`, one `send` for each client and message.
    Node,
    /// The same, gathering what comes in one turn of its loop.
    NodeGathering,
    /// wschat with `--ephemeral`, and guests.
    Wschat,
    /// wschat with its history on disk, and people with keys.
    Durable,
    /// Another build of it, like [`Peer::Wschat`]: the program that [`BEFORE`] names.
    Before,
}

/// Names another build, so that what a change is worth is seen in one run.
const BEFORE: &str = "WSCHAT_BEFORE";

impl Peer {
    /// All that can run here: Node only where it and its `ws` are.
    pub fn all() -> Vec<Peer> {
        let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/node_modules/ws").exists();
        let mut all = vec![Peer::Limit, Peer::LimitOfOurBytes, Peer::Wschat, Peer::Durable];
        if std::env::var_os(BEFORE).is_some() {
            all.push(Peer::Before);
        }
        if node {
            all.extend([Peer::Node, Peer::NodeGathering]);
        } else {
            eprintln!("without Node: run npm install in benches/peers to have it compared");
        }
        all
    }

    /// What the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Limit => "limit",
            Peer::LimitOfOurBytes => "limit, our bytes",
            Peer::Node => "node-ws",
            Peer::NodeGathering => "node-ws-opt",
            Peer::Wschat => "wschat",
            Peer::Durable => "wschat durable",
            Peer::Before => "before",
        }
    }

    /// How its clients speak.
    pub fn wire(self) -> Wire {
        match self {
            Peer::Wschat | Peer::Before => Wire::Guest,
            Peer::Durable => Wire::Keyed,
            _ => Wire::Plain,
        }
    }

    /// Starts a fresh one.
    pub fn start(self) -> anyhow::Result<Server> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new("taskset");
        command.args(["-c", CORE]);
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        match self {
            Peer::Limit => {
                command.arg(std::env::current_exe()?).arg("serve-limit");
            }
            Peer::LimitOfOurBytes => {
                command.arg(std::env::current_exe()?).arg("serve-limit").arg(ENVELOPE.to_string());
            }
            Peer::Node | Peer::NodeGathering => {
                let how = if self == Peer::Node { "plainly" } else { "gathering" };
                command.arg("node").arg(scripts.join("broadcast.mjs")).arg(how);
            }
            Peer::Wschat | Peer::Durable | Peer::Before => {
                let other = std::env::var_os(BEFORE).filter(|_| self == Peer::Before);
                let program = other.unwrap_or_else(|| env!("CARGO_BIN_EXE_wschat").into());
                command.arg(program).args(["-q", "--host", "127.0.0.1:0", "--headless"]);
                command.arg("--data-dir").arg(dir.path());
                // The generator answers no ping, and ten thousand people take longer to come than a silent one may stay. It
                // says as much as goes through, which is what limits are against.
                let config = dir.path().join("load.toml");
                std::fs::write(
                    &config,
                    "[limits]\nhost_ping_after = \"0s\"\ndead_after = \"0s\"\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\n",
                )?;
                command.arg("--config").arg(config);
                if self != Peer::Durable {
                    command.arg("--ephemeral");
                }
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("taskset (util-linux) starts the servers")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it is piped")?).read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("{} did not start: {line:?}", self.name()))?;
        Ok(Server { child, port, _dir: dir })
    }
}

/// A running server; dropping it ends it.
pub struct Server {
    child: Child,
    pub port: u16,
    _dir: tempfile::TempDir,
}

impl Server {
    /// Time it had a processor, all threads together.
    pub fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let times = tasks.filter_map(|task| {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(times.sum())
    }

    /// Memory it holds, KiB.
    pub fn rss(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("");
        line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
