//! The terminal client as a person's terminal meets it: a real pty, a real host, and what start, keys, silence and floods
//! cost in time, bytes, processor and memory. `cargo bench --bench screen` prints the table of docs/performance.md.

#![forbid(unsafe_code)]

#[path = "../load/client.rs"]
#[allow(dead_code)] // the load uses the rest
mod client;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use client::{Client, Wire};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// The longest anything is waited for.
const DEADLINE: Duration = Duration::from_secs(60);

/// A key that no other text on the screen holds.
const KEY: u8 = b'Q';

/// A terminal that counts.
struct Term {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    out: Arc<(Mutex<Vec<u8>>, Condvar)>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Term {
    fn open(data: &Path, args: &[&str]) -> anyhow::Result<Term> {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wschat"));
        command.args(args);
        command.arg("--data-dir");
        command.arg(data);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command)?;
        let mut reader = pair.master.try_clone_reader()?;
        let out = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let told = out.clone();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(n) = reader.read(&mut bytes)
                && n > 0
            {
                told.0.lock().expect("no holder panics").extend_from_slice(&bytes[..n]);
                told.1.notify_all();
            }
        });
        Ok(Term { child, keys: pair.master.take_writer()?, out, _master: pair.master })
    }

    /// Waits until something like this was written since then; the moment it was seen.
    fn until(&self, since: usize, wanted: &[u8]) -> anyhow::Result<Instant> {
        let end = Instant::now() + DEADLINE;
        let mut bytes = self.out.0.lock().expect("no holder panics");
        let mut from = since;
        loop {
            if bytes[from..].windows(wanted.len()).any(|part| part == wanted) {
                return Ok(Instant::now());
            }
            from = bytes.len().saturating_sub(wanted.len()).max(since);
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("waited in vain for {:?}", String::from_utf8_lossy(wanted));
            }
            bytes = self.out.1.wait_timeout(bytes, left).expect("no holder panics").0;
        }
    }

    /// Waits until nothing is written any more.
    fn settle(&self) {
        let mut before = usize::MAX;
        while before != self.written() {
            before = self.written();
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn written(&self) -> usize {
        self.out.0.lock().expect("no holder panics").len()
    }

    fn press(&mut self, keys: &[u8]) -> anyhow::Result<()> {
        self.keys.write_all(keys)?;
        Ok(self.keys.flush()?)
    }

    fn proc(&self, file: &str) -> String {
        let pid = self.child.process_id().unwrap_or(0);
        std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
    }

    fn rss_mb(&self) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("");
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
    }

    /// Of all threads: time with a processor, and how often one was given or taken.
    fn cpu(&self) -> (Duration, u64) {
        let pid = self.child.process_id().unwrap_or(0);
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let mut sum = (0, 0);
        for task in tasks {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let mut parts = stat.split_whitespace().filter_map(|part| part.parse::<u64>().ok());
            sum = (sum.0 + parts.next().unwrap_or(0), sum.1 + parts.nth(1).unwrap_or(0));
        }
        (Duration::from_nanos(sum.0), sum.1)
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A host to talk to.
struct Host {
    child: std::process::Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Host {
    fn start() -> anyhow::Result<Host> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_wschat"));
        command.args(["-q", "--host", "127.0.0.1:0", "--headless", "--ephemeral", "--data-dir"]).arg(dir.path());
        // Floods are what is measured here.
        let config = dir.path().join("host.toml");
        std::fs::write(&config, "[limits]\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\n")?;
        command.arg("--config").arg(config);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it is piped")?).read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).context("the host starts")?;
        Ok(Host { child, port, _dir: dir })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(values: &mut [f64]) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[values.len() - 1])
}

fn say(figure: &str, value: impl std::fmt::Display) {
    println!("{figure:52} {value}");
}

/// What follows coming in is over: the drafts are kept after a second, the other screens told after three.
const SETTLED: Duration = Duration::from_secs(4);

fn main() -> anyhow::Result<()> {
    // Debian's cargo and ours pass --bench; nothing else is known.
    let quick = std::env::args().any(|arg| arg == "--quick");
    starts()?;
    let host = Host::start()?;
    let dir = tempfile::tempdir()?;
    let at = format!("127.0.0.1:{}", host.port);
    let mut ann = Term::open(dir.path(), &[&at, "--name", "ann"])?;
    ann.until(0, b"write to")?;
    std::thread::sleep(SETTLED);
    ann.settle();
    say("C2 memory, connected and quiet, MB", format!("{:.1}", ann.rss_mb()));
    let quiet = Duration::from_secs(if quick { 5 } else { 60 });
    let ((cpu, woken), written) = (ann.cpu(), ann.written());
    std::thread::sleep(quiet);
    let (cpu2, woken2) = ann.cpu();
    let idle = format!("{} wake-ups, {} bytes, {:?}", woken2 - woken, ann.written() - written, cpu2 - cpu);
    say(&format!("C3 idle for {} s", quiet.as_secs()), idle);
    keys(&mut ann)?;
    flood(&mut ann, host.port)?;
    drop(ann);
    bulk(&host)
}

fn starts() -> anyhow::Result<()> {
    let host = Host::start()?;
    let (mut asks, mut joins) = (Vec::new(), Vec::new());
    for n in 0..21 {
        let dir = tempfile::tempdir()?;
        let start = Instant::now();
        let term = Term::open(dir.path(), &["127.0.0.1:1"])?;
        asks.push((term.until(0, b"called?")? - start).as_secs_f64() * 1e3);
        drop(term);
        let (name, at) = (format!("p{n}"), format!("127.0.0.1:{}", host.port));
        let start = Instant::now();
        let term = Term::open(dir.path(), &[&at, "--name", &name])?;
        joins.push((term.until(0, b"help")? - start).as_secs_f64() * 1e3);
    }
    let ((ask, ask_max), (join, join_max)) = (median(&mut asks), median(&mut joins));
    say("C1 start to the question for a name, ms", format!("{ask:.1}, max {ask_max:.1}"));
    say("C1 start to the first frame with --name, ms", format!("{join:.1}, max {join_max:.1}"));
    Ok(())
}

fn keys(ann: &mut Term) -> anyhow::Result<()> {
    let (mut late, mut bytes, many) = (Vec::new(), 0, 300);
    let cpu = ann.cpu().0;
    for n in 0..many {
        let letter = [b'a' + (n % 26) as u8];
        if n % 60 == 59 {
            ann.press(b"\x15")?;
            ann.settle();
        }
        let before = ann.written();
        let start = Instant::now();
        ann.press(&letter)?;
        late.push((ann.until(before, &letter)? - start).as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_millis(5));
        bytes += ann.written() - before;
    }
    let spent = (ann.cpu().0 - cpu).as_secs_f64() * 1e6 / f64::from(many);
    let (p50, max) = median(&mut late);
    say("C5 key to echo, quiet, ms", format!("p50 {p50:.2}, max {max:.2}"));
    say("C6 bytes to the terminal for a key", format!("{:.1}", bytes as f64 / f64::from(many)));
    say("   processor for a key, us", format!("{spent:.0}"));
    ann.press(b"\x15")?;
    ann.settle();
    Ok(())
}

/// A thousand lines a second, for some seconds, while one types.
fn flood(ann: &mut Term, port: u16) -> anyhow::Result<()> {
    let mut bot = Client::connect(port, Wire::Guest, 1, None)?;
    let (rate, seconds) = (1000_u32, 5_u32);
    let mut scratch = vec![0; 1 << 20];
    ann.settle();
    let (cpu, before) = (ann.cpu().0, ann.written());
    let start = Instant::now();
    let (mut pressed, mut late): (Option<(Instant, usize)>, _) = (None, Vec::new());
    let mut keys = 0;
    for n in 0..rate * seconds {
        let at = start + Duration::from_secs(1) * n / rate;
        while Instant::now() < at {
            std::thread::sleep(Duration::from_micros(100));
            if let Some((when, from)) = pressed {
                let bytes = ann.out.0.lock().expect("no holder panics");
                if bytes[from..].contains(&KEY) {
                    late.push(when.elapsed().as_secs_f64() * 1e3);
                    pressed = None;
                }
            }
        }
        bot.say(n + 1, 100, "#lobby")?;
        bot.read(&mut scratch, |_| {})?;
        if n % 40 == 0 && pressed.is_none() {
            keys += 1;
            if keys % 50 == 0 {
                ann.press(b"\x15")?;
            }
            let from = ann.written();
            ann.press(&[KEY])?;
            pressed = Some((Instant::now(), from));
        }
    }
    let took = start.elapsed();
    ann.settle();
    let spent = ann.cpu().0 - cpu;
    let total = f64::from(rate * seconds);
    let (p50, max) = median(&mut late);
    say("C4 processor at 1,000 lines a second, %", format!("{:.1}", spent.as_secs_f64() / took.as_secs_f64() * 100.0));
    say("   bytes to the terminal for a line then", format!("{:.0}", (ann.written() - before) as f64 / total));
    say("C5 key to echo in that flood, ms", format!("p50 {p50:.2}, max {max:.2}"));
    Ok(())
}

/// A hundred thousand lines at full speed.
fn bulk(host: &Host) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let settings = dir.path().join("wschat.toml");
    std::fs::write(&settings, "[ui]\nscrollback = 100000\n")?;
    let settings = settings.to_string_lossy().into_owned();
    let at = format!("127.0.0.1:{}", host.port);
    let mut ann = Term::open(dir.path(), &[&at, "--name", "ben", "--config", &settings])?;
    ann.until(0, b"write to")?;
    ann.settle();
    let mut bot = Client::connect(host.port, Wire::Guest, 2, None)?;
    let mut scratch = vec![0; 1 << 20];
    let (cpu, before, rss, start) = (ann.cpu().0, ann.written(), ann.rss_mb(), Instant::now());
    let many = 100_000;
    let (mut last, mut sent) = (0, 0);
    while last < many {
        while sent < many && sent < last + 32 {
            sent += 1;
            bot.say(sent, 100, "#lobby")?;
        }
        bot.read(&mut scratch, |id| last = id)?;
    }
    ann.settle();
    let spent = (ann.cpu().0 - cpu).as_secs_f64();
    say("C8 100,000 lines: processor, s", format!("{spent:.2} in {:.1} s", start.elapsed().as_secs_f64()));
    say("C8 ... memory, MB", format!("{:.1}, {:.1} before", ann.rss_mb(), rss));
    say("   ... bytes to the terminal for a line", format!("{:.1}", (ann.written() - before) as f64 / f64::from(many)));
    let mut late = Vec::new();
    let (cpu, written) = (ann.cpu().0, ann.written());
    for _ in 0..50 {
        let before = ann.written();
        let start = Instant::now();
        ann.press(b"\x1b[5~")?;
        while ann.written() == before && start.elapsed() < DEADLINE {
            std::thread::yield_now();
        }
        late.push(start.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_millis(5));
    }
    let (p50, max) = median(&mut late);
    let each = (ann.written() - written) / 50;
    say("   page up then, ms", format!("p50 {p50:.2}, max {max:.2}; {each} bytes"));
    say("C7 processor for such a page, us", format!("{:.0}", (ann.cpu().0 - cpu).as_secs_f64() * 1e6 / 50.0));
    Ok(())
}
