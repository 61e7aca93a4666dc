//! The log: one line for each event, to stderr while there is no screen, to a bounded file while the screen is owned. No
//! line of it can be forged: whatever a peer may have written is escaped before it is kept. What is worth logging is
//! decided where it happens.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogLevel;
use crate::paths::private_file;

/// A log file larger than this begins anew, and the one before it is kept as `.1`: some weeks of a busy host, and never
/// more than twice this on disk.
const FILE_BYTES: u64 = 5 << 20;

/// The environment variable that says what is logged instead of the level, as `wschat::server=debug,warn`.
pub const FILTER_VAR: &str = "WSCHAT_LOG";

/// Logs to stderr from now on. Under a service manager that stamps lines itself (`JOURNAL_STREAM`) without times, and
/// with colours only on a terminal that wants them.
pub fn to_stderr(level: LogLevel) {
    let terminal = io::stderr().is_terminal();
    let shape = Shape {
        times: std::env::var_os("JOURNAL_STREAM").is_none(),
        colours: terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    };
    start(level, shape, io::stderr);
}

/// Logs to a file from now on, which only its owner may read. The error says which file and what to do.
pub fn to_file(path: &Path, level: LogLevel) -> io::Result<()> {
    let log = LogFile::open(path, FILE_BYTES).map_err(|e| {
        let name = path.display();
        io::Error::new(e.kind(), format!("the log {name} cannot be written: {e}; choose another place with --data-dir"))
    })?;
    start(level, Shape { times: true, colours: false }, Mutex::new(log));
    Ok(())
}

/// Makes what it is given visible: every control character, and every sign that would turn or hide what stands around
/// it, becomes `\n`, `\u{1b}` and the like. Without these it comes back as it is.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match hidden(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// C0, DEL, C1, line and paragraph separators, bidi controls, invisible joiners and tags.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

fn start<W>(level: LogLevel, shape: Shape, writer: W)
where
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let asked = std::env::var(FILTER_VAR).ok().filter(|text| !text.is_empty());
    let (filter, unread) = filter(level, asked.as_deref());
    let layer = tracing_subscriber::fmt::layer().event_format(shape).with_writer(writer);
    // A second start is a test in the same process; the first log stays.
    let _ = tracing_subscriber::registry().with(layer).with(filter).try_init();
    if let Some(why) = unread {
        tracing::warn!("{FILTER_VAR} is not understood ({why}); it is written wschat::server=debug,warn");
    }
}

/// What was asked for; else our own lines from the level on, and of the libraries only what is wrong. With it, why what
/// was asked for could not be read.
fn filter(level: LogLevel, asked: Option<&str>) -> (Targets, Option<String>) {
    let level = LevelFilter::from_level(level.into());
    let usual = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(env!("CARGO_CRATE_NAME"), level);
    match asked.map(str::parse::<Targets>) {
        None => (usual, None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(why)) => (usual, Some(why.to_string())),
    }
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Level {
        match level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Trace => Level::TRACE,
        }
    }
}

/// How a line looks: `2026-11-23T09:14:02.123Z WARN server::connection: slow peer=127.0.0.1:4242`.
struct Shape {
    times: bool,
    colours: bool,
}

impl<S, N> FormatEvent<S, N> for Shape
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if self.times {
            write!(out, "{:.3} ", jiff::Timestamp::now())?;
        }
        let level = *event.metadata().level();
        match self.colours {
            true => write!(out, "\u{1b}[{}m{level}\u{1b}[0m ", colour(level))?,
            false => write!(out, "{level} ")?,
        }
        let target = event.metadata().target();
        let target = target.strip_prefix(concat!(env!("CARGO_CRATE_NAME"), "::")).unwrap_or(target);
        write!(out, "{target}:")?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        writeln!(out, "{}{}", visible(&fields.message), visible(&fields.others))
    }
}

fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 2,
    }
}

/// The message of an event, and what goes with it as `key=value`.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, " {value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.extend([" ", value]),
            // Quoted, so that a value cannot pass itself off as further fields.
            name => drop(write!(self.others, " {name}={value:?}")),
        }
    }
}

/// The log file, which begins anew when it has grown too large.
struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    limit: u64,
}

impl LogFile {
    fn open(path: &Path, limit: u64) -> io::Result<LogFile> {
        let file = private_file().append(true).open(path)?;
        let bytes = file.metadata()?.len();
        let mut log = LogFile { path: path.to_owned(), file, bytes, limit };
        if bytes > limit {
            log.begin_anew()?;
        }
        Ok(log)
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        fs::rename(&self.path, old)?;
        self.file = private_file().append(true).open(&self.path)?;
        self.bytes = self.file.metadata()?.len();
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > self.limit && self.begin_anew().is_err() {
            // The old file goes on: a log too long is better than none. Tried again after as much again.
            self.bytes = 0;
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, PoisonError};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let shape = Shape { times: false, colours: false };
        let layer = tracing_subscriber::fmt::layer().event_format(shape).with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        let bytes = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).expect("the log is UTF-8")
    }

    #[test]
    fn no_line_can_be_forged() {
        let nick = "a\n2026-11-23T09:00:00Z ERROR hub: forged \u{1b}[2J\u{9b}31m\u{7f}\r\u{202e}\u{2028}";
        let log = logged(|| {
            tracing::warn!(nick, shown = %nick, debug = ?nick, error = %io::Error::other(nick), "refused {nick}");
        });
        assert_eq!(log.lines().count(), 1, "{log:?}");
        let line = log.trim_end_matches('\n');
        assert!(!line.chars().any(hidden), "{line:?}");
        assert!(line.starts_with("WARN logging::tests: refused a\\n2026"), "{line}");
    }

    #[test]
    fn a_line_as_it_looks() {
        let log = logged(|| tracing::info!(peer = %"127.0.0.1:4242", text = "x y=1", n = 3, "hello"));
        assert_eq!(log, "INFO logging::tests: hello peer=127.0.0.1:4242 text=\"x y=1\" n=3\n");
    }

    #[test]
    fn what_is_logged() {
        let would = |level, asked, target, at| filter(level, asked).0.would_enable(target, &at);
        assert!(would(LogLevel::Info, None, "wschat::hub", Level::INFO));
        assert!(!would(LogLevel::Info, None, "wschat::hub", Level::DEBUG));
        assert!(!would(LogLevel::Trace, None, "hyper", Level::INFO));
        assert!(!would(LogLevel::Error, None, "hyper", Level::WARN));
        assert!(would(LogLevel::Error, Some("hyper=debug"), "hyper", Level::DEBUG));
        assert!(filter(LogLevel::Info, Some("a=b=c")).1.is_some());
    }

    #[test]
    fn visible_leaves_text_alone() {
        for text in ["", "ann", "東京 🎉", "naïve — “x”"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(visible("a\tb\u{1b}c"), "a\\tb\\u{1b}c");
    }

    #[test]
    fn the_file_is_private_and_bounded() {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let path = dir.path().join("wschat.log");
        let mut log = LogFile::open(&path, 100).expect("opens");
        for i in 0..20 {
            let line = format!("{i:02} {}\n", "x".repeat(26));
            log.write_all(line.as_bytes()).expect("writes");
        }
        let old = fs::read_to_string(dir.path().join("wschat.log.1")).expect("the file before it");
        let new = fs::read_to_string(&path).expect("the file");
        assert!(old.len() <= 130 && new.len() <= 130 && new.ends_with(&format!("19 {}\n", "x".repeat(26))));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "x".repeat(101)).expect("writes");
        LogFile::open(&path, 100).expect("opens");
        assert_eq!(fs::metadata(&path).expect("is there").len(), 0, "too large at the start: begins anew");
    }
}
