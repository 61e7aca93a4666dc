//! The built binary as a process of its own: a headless host with a data folder, killed and started again on one port.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::bot::DEADLINE;

/// Settings of a host that takes what is said as fast as it comes.
const QUICK: &str = "[limits]\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\n";

/// A running host; dropping it kills it.
pub struct Host {
    child: Child,
    pub addr: SocketAddr,
    /// The one line it printed.
    pub said: String,
}

/// The binary under test.
pub fn wschat() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wschat"));
    for var in ["WSCHAT_DATA_DIR", "WSCHAT_CONFIG", "WSCHAT_NAME", "WSCHAT_SERVER", "NO_COLOR", "JOURNAL_STREAM"] {
        command.env_remove(var);
    }
    command
}

impl Host {
    /// Starts a host on this address (`127.0.0.1:0` picks a port) and waits for its one line.
    pub fn start(addr: &str, data: &Path, more: &[&str]) -> Host {
        Host::start_with(wschat(), addr, data, more)
    }

    /// As [`Host::start`], with the command given (under strace, say).
    pub fn start_with(mut command: Command, addr: &str, data: &Path, more: &[&str]) -> Host {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log_file(data))
            .expect("the test's folder can be written");
        if !more.contains(&"--config") {
            // Tests are quicker than people; those of the limits bring settings of their own.
            let settings = data.with_extension("quick.toml");
            std::fs::write(&settings, QUICK).expect("the test's folder can be written");
            command.arg("--config").arg(settings);
        }
        let mut child = command
            .args(["--host", addr, "--headless", "--data-dir"])
            .arg(data)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary is built");
        let (tell, told) = mpsc::sync_channel(1);
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = out.read_line(&mut line);
            let _ = tell.send(line);
            let _ = out.read_to_string(&mut String::new());
        });
        let said = told.recv_timeout(DEADLINE).unwrap_or_default();
        let addr = said.trim().strip_prefix("listening on ws://").and_then(|addr| addr.parse().ok());
        let Some(addr) = addr else {
            let _ = child.kill();
            panic!(
                "no line from the host: {said:?}; its log: {}",
                std::fs::read_to_string(log_file(data)).unwrap_or_default()
            );
        };
        Host { child, addr, said }
    }

    /// `host:port` to dial.
    pub fn authority(&self) -> String {
        self.addr.to_string()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory it has now, and the most it had, in KiB. Only Linux tells.
    pub fn memory(&self) -> Option<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let of = |what: &str| {
            status.lines().find_map(|line| line.strip_prefix(what))?.split_whitespace().next()?.parse().ok()
        };
        Some((of("VmRSS:")?, of("VmHWM:")?))
    }

    /// kill -9.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end, which somebody else brought about.
    pub fn ends(mut self) -> ExitStatus {
        wait_for(&mut self.child)
    }

    /// SIGTERM, and how it ended.
    pub fn stop(mut self) -> ExitStatus {
        signal(self.child.id(), rustix::process::Signal::TERM);
        wait_for(&mut self.child)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process this test started.
pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a child has a pid");
    let _ = rustix::process::kill_process(pid, signal);
}

/// Waits for the end of a process, to a deadline.
pub fn wait_for(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status;
        }
        assert!(Instant::now() < end, "the process does not end");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

pub fn log_file(data: &Path) -> PathBuf {
    data.with_extension("log")
}
