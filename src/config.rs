//! The settings: plain structs filled from `config/wschat.toml`, which is compiled in and the only place where a default
//! stands, and then, key by key, from a person's own file. All errors of a file come back as values, and every other key
//! of it counts. Where the file lies is known to [`crate::paths`]; what a setting does, to whoever reads it.

#[cfg(test)]
pub(crate) mod docs;
pub mod edit;
pub mod file;
pub mod schema;
pub mod settings;
pub mod shown;
pub mod units;

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use toml::de::DeValue;

use crate::protocol::names::RoomName;
use file::{Item, Problem, Problems, Source, called, hint, integer, texts};
use settings::{Kind, Number, ORDERED, SETTINGS, Setting, sections, setting};

/// Every setting with its default and its reason, as text.
pub const BUILTIN: &str = include_str!("../config/wschat.toml");

/// All settings. What each is for stands beside its default in `config/wschat.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Who the host is and whom it lets in.
    pub server: Server,
    /// How much of anything there may be.
    pub limits: Limits,
    /// How long anything may take; the file has these in `[limits]` too.
    pub timeouts: Timeouts,
    /// How much is kept.
    pub history: History,
    /// The screen.
    pub ui: Ui,
    /// The log.
    pub log: Log,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// What the host calls itself; one line, never blank.
    pub name: String,
    /// Always there, and where everybody starts.
    pub default_room: RoomName,
    /// Further names of the host, lower case, with or without a port.
    pub names: Vec<String>,
    /// Origins that may connect besides its own, lower case, without a trailing slash.
    pub allowed_origins: Vec<String>,
    /// Whether everybody who reaches it may come in.
    pub open: bool,
    /// A certificate of somebody's, and its key; empty: one of its own.
    pub tls_cert: String,
    /// See above.
    pub tls_key: String,
    /// Of whom it is believed for whom they speak.
    pub trusted_proxies: Vec<IpAddr>,
    /// What shows that one may read the figures from elsewhere; empty: nobody may.
    pub metrics_token: String,
}

/// Counts and sizes of `[limits]`; sizes in bytes. 0 means no limit where the file says that it lifts one.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub struct Limits {
    pub queue_bytes: usize,
    pub read_buffer: usize,
    pub frame_bytes: usize,
    pub frame_bytes_before_enter: usize,
    pub text_bytes: usize,
    pub topic_bytes: usize,
    pub sessions_per_person: usize,
    pub unanswered_commands: usize,
    pub keeper_queue: usize,
    pub rooms: usize,
    pub rooms_per_person: usize,
    pub crowd: usize,
    pub people: usize,
    /// 0: half of the files the process may have open.
    pub half_open: usize,
    pub page_entries: usize,
    pub page_bytes: usize,
    pub enter_tries: u32,
    pub bad_frames: u32,
    pub message_burst: u32,
    pub message_every: Duration,
    pub join_burst: u32,
    pub join_every: Duration,
    pub name_burst: u32,
    pub name_every: Duration,
    pub invite_burst: u32,
    pub invite_every: Duration,
    pub password_burst: u32,
    pub password_every: Duration,
    pub search_burst: u32,
    pub search_every: Duration,
    /// How many people's worth one address has; 0: addresses are not looked at.
    pub people_per_address: u32,
    pub connections_per_address: usize,
    pub connection_burst: u32,
    pub connection_every: Duration,
}

/// The times of `[limits]`. Zero means never where the file says so.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub struct Timeouts {
    pub enter: Duration,
    pub write: Duration,
    pub ack: Duration,
    pub host_ping_after: Duration,
    pub client_ping_after: Duration,
    pub dead_after: Duration,
    pub stop: Duration,
    pub close_flush: Duration,
    pub backoff_min: Duration,
    pub backoff_max: Duration,
    pub backoff_reset: Duration,
    pub linger_online: Duration,
    pub name_reserved: Duration,
}

/// `[history]`; 0 is no limit.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub struct History {
    pub max_days: u32,
    pub max_entries: u64,
    pub max_bytes: u64,
}

/// `[ui]`.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub struct Ui {
    /// `auto`, one of ours, or the name of a file in `themes/`.
    pub theme: String,
    pub density: Density,
    pub group_within: Duration,
    pub time_format: Clock,
    /// The name of a set of keys.
    pub keys: String,
    pub mouse: bool,
    pub hyperlinks: bool,
    pub ascii: bool,
    /// In columns.
    pub rooms_width: u16,
    /// In columns.
    pub people_width: u16,
    pub rooms_shown: bool,
    pub people_shown: bool,
    /// In messages of one conversation.
    pub scrollback: usize,
    pub confirm_quit: bool,
    pub notify: Notify,
    /// Words that call like a mention.
    pub keywords: Vec<String>,
    pub bell: bool,
    pub desktop: Desktop,
    pub title: bool,
    /// Whether others see that one writes, and one sees that they do.
    pub typing: bool,
    /// Whether drafts and what is muted and pinned follow to one's other screens.
    pub follow: bool,
    /// Without a key for so long one is away; 0: never.
    pub away_after: Duration,
    /// How long a message can be taken back before it is sent; 0: not at all.
    pub undo_send: Duration,
    /// `None`: none.
    pub quiet_hours: Option<Quiet>,
}

/// Which lines of a conversation call somebody who does not look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// All.
    All,
    /// Those that mention the person, and direct ones.
    #[default]
    Mentions,
    /// None.
    Nothing,
}

impl Notify {
    /// As it is written in settings and commands.
    pub fn word(self) -> &'static str {
        match self {
            Notify::All => "all",
            Notify::Mentions => "mentions",
            Notify::Nothing => "nothing",
        }
    }

    /// The level of this word.
    pub fn named(word: &str) -> Option<Notify> {
        [Notify::All, Notify::Mentions, Notify::Nothing].into_iter().find(|level| level.word() == word)
    }

    /// For a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Notify::All => "every line",
            Notify::Mentions => "what mentions you",
            Notify::Nothing => "nothing",
        }
    }
}

/// How the terminal is asked to tell something on the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Desktop {
    /// As this terminal is known to take it; not at all where it is not known.
    #[default]
    Auto,
    Osc9,
    Osc777,
    Osc99,
    Off,
}

/// Hours at which nothing calls, in minutes after midnight; over midnight when `to` is the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Quiet {
    pub from: u16,
    pub to: u16,
}

/// How tightly messages are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Density {
    /// A block for each author.
    #[default]
    Comfortable,
    /// A line for each message.
    Compact,
}

/// How the time of day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// 14:02
    #[default]
    Hours24,
    /// 2:02 pm
    Hours12,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// The least grave that is still logged.
    pub level: LogLevel,
}

/// How grave a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[allow(missing_docs)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Config {
    /// The settings as they come.
    pub fn builtin() -> Config {
        let mut config = Config::unset();
        let problems = config.read(&Source::new("config/wschat.toml", BUILTIN));
        debug_assert!(problems.is_empty(), "a test holds table and file together: {problems:?}");
        config
    }

    /// The settings as they come, overridden by a person's file if there is one. A file given here has to be readable;
    /// [`crate::paths::Paths::config_file`] knows whether there is one.
    pub fn load(file: Option<&Path>) -> (Config, Vec<Problem>) {
        match file.map(Source::open) {
            None => (Config::builtin(), Vec::new()),
            Some(Ok(source)) => Config::of(&source),
            Some(Err(problem)) => (Config::builtin(), vec![problem]),
        }
    }

    /// The same with a file that was read already.
    pub fn of(source: &Source) -> (Config, Vec<Problem>) {
        let mut config = Config::builtin();
        let problems = config.read(source);
        (config, problems)
    }

    /// The settings of a file, what is wrong with it, and which settings it has set, with their lines, in its order. What
    /// was refused is not among them.
    pub fn noted(source: &Source) -> (Config, Vec<Problem>, Vec<(String, usize)>) {
        let mut config = Config::builtin();
        let mut taken = HashMap::new();
        let problems = config.read_noting(source, &mut taken);
        let line = |(name, span): (String, Range<usize>)| (name, source.line(span.start));
        let mut taken: Vec<(String, usize)> = taken.into_iter().map(line).collect();
        taken.sort_by_key(|(_, line)| *line);
        (config, problems, taken)
    }

    /// These settings with one of them as it was typed, and how that stands in the file; or why it cannot be.
    pub fn with(&self, setting: &Setting, typed: &str) -> Result<(Config, String), String> {
        let literal = edit::literal(setting, typed);
        let mut config = self.clone();
        let source = Source::new("what you typed", format!("[{}]\n{} = {literal}\n", setting.section, setting.key));
        match config.read(&source).into_iter().next() {
            None => Ok((config, literal)),
            Some(problem) => Err(problem.what),
        }
    }

    /// Nothing set yet; the compiled-in file fills every field of it.
    fn unset() -> Config {
        Config {
            server: Server {
                name: String::new(),
                default_room: RoomName::parse("_").expect("one underscore is a name"),
                names: Vec::new(),
                allowed_origins: Vec::new(),
                open: false,
                tls_cert: String::new(),
                tls_key: String::new(),
                trusted_proxies: Vec::new(),
                metrics_token: String::new(),
            },
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            history: History::default(),
            ui: Ui::default(),
            log: Log::default(),
        }
    }

    /// Takes over what a file says and lists what is wrong with it.
    fn read(&mut self, source: &Source) -> Vec<Problem> {
        self.read_noting(source, &mut HashMap::new())
    }

    /// The same, and which settings were taken over.
    fn read_noting(&mut self, source: &Source, taken: &mut Taken) -> Vec<Problem> {
        let before = self.clone();
        let mut problems = source.walk(|section, problems| self.read_section(section, taken, problems));
        problems.extend(self.keep_order(&before, source, taken));
        problems.sort_by_key(|p| p.line);
        problems
    }

    fn read_section(&mut self, section: &Item<'_>, taken: &mut Taken, problems: &mut Problems<'_>) {
        let known = sections();
        match section.value.as_table() {
            Some(table) if known.contains(&section.key) => {
                problems.each_of(table, &mut |item, problems| match setting(&format!("{}.{}", section.key, item.key)) {
                    Some(setting) => {
                        if self.read_setting(setting, item, problems) {
                            taken.insert(setting.name(), item.key_span.clone());
                        }
                    }
                    None => problems.add(&item.key_span, unknown_key(section.key, item.key)),
                })
            }
            Some(_) => {
                let what = format!("unknown section [{}]{}", section.key, hint(section.key, known));
                problems.add(&section.key_span, what);
            }
            None if known.contains(&section.key) => {
                problems
                    .add(&section.key_span, format!("{0} is a section: write [{0}] on a line of its own", section.key));
            }
            None => problems.add(&section.key_span, unknown_key("", section.key)),
        }
    }

    /// Whether it was taken over.
    fn read_setting(&mut self, setting: &Setting, item: &Item<'_>, problems: &mut Problems<'_>) -> bool {
        let read = self.try_setting(setting, item, problems);
        if let Err(why) = &read {
            problems.add(&item.span, format!("{}: {why}", setting.name()));
        }
        read.is_ok()
    }

    fn try_setting(&mut self, setting: &Setting, item: &Item<'_>, problems: &mut Problems<'_>) -> Result<(), String> {
        let wrong = || format!("takes {}, not {}", setting.takes(), called(item.value));
        match &setting.kind {
            Kind::Size(number) | Kind::Count(number) | Kind::Time(number) => {
                let value = read_number(&setting.kind, item.value).filter(|v| number.allows(*v)).ok_or_else(wrong)?;
                (number.set)(self, value);
            }
            Kind::Flag(_, set) => set(self, item.value.as_bool().ok_or_else(wrong)?),
            Kind::Choice(words, _, set) => {
                let word = item.value.as_str().ok_or_else(wrong)?;
                if !words.contains(&word) {
                    return Err(wrong() + &hint(word, words.iter().copied()));
                }
                set(self, word);
            }
            Kind::Text(_, _, set) => set(self, item.value.as_str().ok_or_else(wrong)?)?,
            Kind::Texts(_, check, _, set) => {
                let mut kept = Vec::new();
                for (text, span) in texts(&setting.name(), item, problems).ok_or_else(wrong)? {
                    match check(&text) {
                        Ok(text) => kept.push(text),
                        Err(why) => problems.add(&span, format!("{}: {text:?}: {why}", setting.name())),
                    }
                }
                set(self, kept);
            }
        }
        Ok(())
    }

    /// Sets back pairs that contradict each other.
    fn keep_order(&mut self, before: &Config, source: &Source, taken: &mut Taken) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (small, large, why) in ORDERED {
            let number = |name| setting(name).and_then(Setting::number).expect("a test reads every pair");
            let (low, high) = (number(small), number(large));
            let (a, b) = ((low.get)(self), (high.get)(self));
            if a == 0 || b == 0 || a <= b {
                continue;
            }
            let spans = [*small, *large].map(|name| taken.remove(name));
            if let Some(span) = spans.iter().flatten().next() {
                let what = format!("{small} may not be larger than {large}: {why}; both stay as they were");
                problems.push(source.problem(span, what));
                (low.set)(self, (low.get)(before));
                (high.set)(self, (high.get)(before));
            }
        }
        problems
    }
}

/// Which settings of a file were taken over, and where they stand.
type Taken = HashMap<String, Range<usize>>;

impl Number {
    fn allows(&self, value: u64) -> bool {
        self.range.contains(&value) || (self.or_zero && value == 0)
    }
}

/// The number a value stands for, in the unit of its kind.
fn read_number(kind: &Kind, value: &DeValue<'_>) -> Option<u64> {
    match (kind, value) {
        (Kind::Time(_), DeValue::String(text)) => u64::try_from(units::parse_time(text)?.as_millis()).ok(),
        (Kind::Time(_), DeValue::Integer(n)) => (integer(n)? == 0).then_some(0),
        (Kind::Size(_), DeValue::String(text)) => units::parse_size(text),
        (Kind::Size(_) | Kind::Count(_), DeValue::Integer(n)) => u64::try_from(integer(n)?).ok(),
        _ => None,
    }
}

fn unknown_key(section: &str, key: &str) -> String {
    if let Some(home) = SETTINGS.iter().find(|s| s.key == key) {
        return format!("{key} belongs into the section [{}]", home.section);
    }
    let near = hint(key, SETTINGS.iter().filter(|s| section.is_empty() || s.section == section).map(|s| s.key));
    match section {
        "" => format!("unknown key {key:?} outside of any section{near}"),
        _ => format!("unknown key {key:?} in [{section}]{near}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (Config, Vec<String>) {
        let mut config = Config::builtin();
        let problems = config.read(&Source::new("my.toml", text));
        (config, problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn table_and_file_hold_each_other() {
        let mut config = Config::unset();
        assert_eq!(config.read(&Source::new("config/wschat.toml", BUILTIN)), []);
        let mut in_file = Vec::new();
        Source::new("", BUILTIN).walk(|section, problems| {
            let table = section.value.as_table().expect("only sections at the top");
            problems.each_of(table, &mut |item, _| in_file.push(format!("{}.{}", section.key, item.key)));
        });
        let in_table: Vec<String> = SETTINGS.iter().map(Setting::name).collect();
        assert_eq!(in_file, in_table, "the same settings in the same order");
    }

    #[test]
    fn every_key_has_its_sentence() {
        for (name, comment, _) in schema::entries(BUILTIN) {
            assert!(comment.len() > 20 && comment.ends_with('.'), "{name}: {comment:?}");
        }
        assert_eq!(schema::entries(BUILTIN).len(), SETTINGS.len());
    }

    #[test]
    fn the_decided_values() {
        let c = Config::builtin();
        assert_eq!((c.limits.queue_bytes, c.limits.read_buffer, c.limits.text_bytes), (1 << 20, 1024, 8192));
        assert_eq!((c.limits.frame_bytes, c.limits.frame_bytes_before_enter), (65536, 4096));
        assert_eq!((c.limits.unanswered_commands, c.limits.keeper_queue), (32, 4096));
        assert_eq!((c.limits.rooms, c.limits.rooms_per_person, c.limits.sessions_per_person), (10_000, 64, 8));
        assert_eq!((c.limits.page_entries, c.limits.page_bytes), (100, 48 * 1024));
        let t = &c.timeouts;
        let seconds = [t.enter, t.write, t.ack, t.host_ping_after, t.client_ping_after, t.dead_after, t.stop];
        assert_eq!(seconds.map(|d| d.as_secs()), [5, 10, 10, 20, 30, 45, 5]);
        assert_eq!((t.backoff_min.as_millis(), t.backoff_max.as_secs(), t.backoff_reset.as_secs()), (250, 30, 60));
        assert_eq!((c.history.max_days, c.history.max_entries, c.history.max_bytes), (0, 0, 0));
        assert_eq!(c.server.default_room.to_string(), "#lobby");
    }

    #[test]
    fn a_file_overrides_key_by_key() {
        let (config, problems) = check(
            "[limits]\nqueue_bytes = 0\ntext_bytes = \"2 KiB\"\nenter_timeout = \"250ms\"\nack_timeout = 0\n\
             [ui]\ndensity = \"compact\"\nmouse = false\n[server]\nnames = [\"Chat.Example\"]\ndefault_room = \"#dev\"\n",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!((config.limits.queue_bytes, config.limits.text_bytes), (0, 2048));
        assert_eq!((config.timeouts.enter, config.timeouts.ack), (Duration::from_millis(250), Duration::ZERO));
        assert_eq!((config.ui.density, config.ui.mouse), (Density::Compact, false));
        assert_eq!(config.server.names, ["chat.example"]);
        assert_eq!(config.server.default_room.to_string(), "#dev");
        assert_eq!(config.limits.rooms, Config::builtin().limits.rooms);
    }

    #[test]
    fn all_errors_are_listed_and_the_rest_counts() {
        let (config, problems) = check(
            "mouse = true\n[limit]\nx = 1\n[limits]\nqueue_byte = 1\ntext_bytes = \"lots\"\nrooms = -4\npage_entries = 0\n\
             enter_timeout = 5\nack_timeout = \"20s\"\nbad = = 1\n[ui]\ndensity = \"compakt\"\nmouse = \"no\"\n\
             ascii = true\nscrollback = 99999999999999999999\nlevel = \"info\"\n[server]\nnames = [1, \"a b\", \"ok.example\"]\n\
             allowed_origins = \"http://x.example\"\ndefault_room = \"@ann\"\n",
        );
        insta::assert_snapshot!(problems.join("\n"), @r#"
        my.toml:1: mouse belongs into the section [ui]
        my.toml:2: unknown section [limit], did you mean "limits"?
        my.toml:5: unknown key "queue_byte" in [limits], did you mean "queue_bytes"?
        my.toml:6: limits.text_bytes: takes a size, 64 B to 16 MiB, or 0, not "lots"
        my.toml:7: limits.rooms: takes a number, 1 to 1000000000, or 0, not -4
        my.toml:8: limits.page_entries: takes a number, 1 to 10000, not 0
        my.toml:9: limits.enter_timeout: takes a time, 100ms to 1d, or 0, not 5
        my.toml:11: extra `=`, expected nothing
        my.toml:13: ui.density: takes "comfortable" or "compact", not "compakt", did you mean "compact"?
        my.toml:14: ui.mouse: takes true or false, not "no"
        my.toml:16: ui.scrollback: takes a number, 100 to 10000000, not 99999999999999999999
        my.toml:17: level belongs into the section [log]
        my.toml:19: server.names: 1 is no text
        my.toml:19: server.names: "a b": a host is written "chat.example" or "chat.example:8080"
        my.toml:20: server.allowed_origins: takes a list of texts: origins, as "http://pages.example", not "http://x.example"
        my.toml:21: server.default_room: that is a person; a room begins with #
        "#);
        assert_eq!(config.timeouts.ack, Duration::from_secs(20));
        assert!(config.ui.ascii);
        assert_eq!(config.server.names, ["ok.example"]);
        assert_eq!(config.limits.rooms, 10_000);
    }

    #[test]
    fn contradictions_stay_as_they_were() {
        let (config, problems) = check("[limits]\nbackoff_min = \"40s\"\n");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("my.toml:2: limits.backoff_min may not be larger"), "{problems:?}");
        assert_eq!(config, Config::builtin());
    }

    #[test]
    fn a_file_that_is_not_there() {
        let (config, problems) = Config::load(Some(Path::new("no/such/file.toml")));
        assert_eq!(config, Config::builtin());
        assert!(problems[0].is_of_file() && problems[0].to_string().contains("cannot be read"), "{problems:?}");
    }

    #[test]
    fn the_ends_of_every_range_can_be_set() {
        for setting in SETTINGS {
            let Some(number) = setting.number() else { continue };
            let zero = number.or_zero.then_some(0);
            for value in [*number.range.start(), *number.range.end()].into_iter().chain(zero) {
                let mut config = Config::builtin();
                (number.set)(&mut config, value);
                assert_eq!((number.get)(&config), value, "{}", setting.name());
            }
        }
    }
}
