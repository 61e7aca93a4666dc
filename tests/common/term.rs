//! A terminal with a program in it, as a person has one: a real pty, keys in, a screen out. Waits are for what the screen
//! shows, to a deadline.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use super::bot::DEADLINE;

/// A terminal.
pub struct Term {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Seen>,
}

struct Seen {
    parser: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    /// Everything that was written, for what leaves no trace on a screen.
    raw: Vec<u8>,
    ended: bool,
    closing: bool,
}

/// How the program is started: its arguments, and the environment besides `TERM`.
pub fn wschat(data: &Path, args: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wschat"));
    command.args(args);
    command.arg("--data-dir");
    command.arg(data);
    command.arg("--config");
    command.arg(settings(data));
    plain_environment(&mut command);
    command
}

/// A file of settings that changes nothing, so that those of who runs the test do not count.
pub fn settings(data: &Path) -> std::path::PathBuf {
    let file = data.with_extension("toml");
    if !file.exists() {
        std::fs::write(&file, "").expect("the test's folder can be written");
    }
    file
}

/// What a program of the test sees of the environment.
pub fn plain_environment(command: &mut CommandBuilder) {
    for var in ["WSCHAT_DATA_DIR", "WSCHAT_CONFIG", "NO_COLOR", "COLORTERM", "TERM_PROGRAM", "JOURNAL_STREAM"] {
        command.env_remove(var);
    }
    command.env("TERM", "xterm-256color");
    command.env("TZ", "UTC");
}

impl Term {
    /// A terminal of this size with this program in it.
    pub fn open(command: CommandBuilder, columns: u16, rows: u16) -> Term {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("this system has ptys");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut out = pair.master.try_clone_reader().expect("a pty can be read");
        let keys = pair.master.take_writer().expect("a pty can be written");
        let state = State {
            parser: vt100::Parser::new(cells(rows), cells(columns), 0),
            raw: Vec::new(),
            ended: false,
            closing: false,
        };
        let seen = Arc::new(Seen { parser: Mutex::new(state), changed: Condvar::new() });
        let reader = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let many = out.read(&mut bytes).unwrap_or(0);
                let mut state = reader.parser.lock().expect("no holder panics");
                state.parser.process(&bytes[..many]);
                state.raw.extend_from_slice(&bytes[..many]);
                state.ended = many == 0 || state.closing;
                reader.changed.notify_all();
                if state.ended {
                    return;
                }
            }
        });
        Term { master: Some(pair.master), keys: Some(keys), child, seen }
    }

    /// Types; `\r` is Enter, `\x1b` begins the codes of other keys.
    pub fn types(&mut self, keys: &str) {
        let out = self.keys.as_mut().expect("the terminal is open");
        out.write_all(keys.as_bytes()).and_then(|()| out.flush()).expect("the pty takes keys");
    }

    /// Waits until the screen is so.
    pub fn until(&self, what: &str, fits: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + DEADLINE;
        let mut state = self.seen.parser.lock().expect("no holder panics");
        while !fits(state.parser.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            let over = left.is_zero() || state.ended;
            assert!(!over, "waited in vain for {what}; the screen is:\n{}", state.parser.screen().contents());
            state = self.seen.changed.wait_timeout(state, left).expect("no holder panics").0;
        }
    }

    /// Waits until these words are on the screen.
    pub fn shows(&self, words: &str) {
        self.until(words, |screen| screen.contents().contains(words));
    }

    /// Waits until these words are gone from the screen.
    pub fn hides(&self, words: &str) {
        self.until(&format!("the end of {words:?}"), |screen| !screen.contents().contains(words));
    }

    /// The screen as it is now.
    pub fn screen(&self) -> String {
        self.seen.parser.lock().expect("no holder panics").parser.screen().contents()
    }

    /// What was written so far, codes and all.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.parser.lock().expect("no holder panics").raw.clone()
    }

    /// Makes the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the terminal is open").resize(size).expect("a pty has a size");
        self.seen.parser.lock().expect("no holder panics").parser.screen_mut().set_size(cells(rows), cells(columns));
    }

    /// Closes the window.
    pub fn close(&mut self) {
        // The reader holds the window open too; what the program draws for the new size wakes it to let go.
        self.seen.parser.lock().expect("no holder panics").closing = true;
        self.resize(70, 20);
        self.written_out();
        self.keys = None;
        self.master = None;
    }

    /// The process in it.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it was started")
    }

    /// kill -9.
    pub fn kill(mut self) {
        super::process::signal(self.pid(), rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }

    /// Waits for the program's end.
    pub fn ends(&mut self) -> ExitStatus {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            assert!(Instant::now() < end, "the program does not end; the screen is:\n{}", self.screen());
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    }

    /// Waits until everything that was written is read: the other end is closed.
    pub fn written_out(&self) {
        let end = Instant::now() + DEADLINE;
        let mut state = self.seen.parser.lock().expect("no holder panics");
        while !state.ended {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the terminal stays open");
            state = self.seen.changed.wait_timeout(state, left).expect("no holder panics").0;
        }
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(many: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(many).expect("a terminal has cells")
}

/// A port of loopback that was free a moment ago.
pub fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    socket.local_addr().expect("it is bound").port()
}
