//! The table of settings: where each stands in the file, what it may be, and which field it fills. Reading, errors and
//! docs/configuration.md go by this table; the values themselves stand in `config/wschat.toml` and nowhere else.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::units::{show_size, show_time};
use crate::config::{Clock, Config, Density, Desktop, LogLevel, Notify, Quiet};
use crate::protocol::names::{RoomName, Target};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Times are held in milliseconds here.
const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;

/// Larger counts than this are typing errors, and it fits every number type used.
const MANY: u64 = 1_000_000_000;

/// One setting.
pub struct Setting {
    /// The section it stands in.
    pub section: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// What it may be, and where it goes.
    pub kind: Kind,
}

impl PartialEq for Setting {
    fn eq(&self, other: &Setting) -> bool {
        (self.section, self.key) == (other.section, other.key)
    }
}
impl Eq for Setting {}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

/// What a setting may be, and where it goes.
pub enum Kind {
    /// A number of bytes.
    Size(Number),
    /// A number of something.
    Count(Number),
    /// A time, in milliseconds here.
    Time(Number),
    /// Yes or no: how the field is read, and filled.
    Flag(fn(&Config) -> bool, fn(&mut Config, bool)),
    /// One of these words: how the field is read, and filled.
    Choice(&'static [&'static str], fn(&Config) -> &str, fn(&mut Config, &str)),
    /// A text: what it is, how the field is read, and filled or refused with a sentence.
    Text(&'static str, fn(&Config) -> String, fn(&mut Config, &str) -> Result<(), String>),
    /// A list of texts: what they are; each is made the one that is kept, or refused with a sentence; how the field is
    /// read, and filled.
    Texts(&'static str, fn(&str) -> Result<String, String>, fn(&Config) -> Vec<String>, fn(&mut Config, Vec<String>)),
}

/// A number, whatever it counts.
pub struct Number {
    /// What it may be.
    pub range: RangeInclusive<u64>,
    /// Whether it may be 0 as well, which then says something of its own.
    pub or_zero: bool,
    /// Reads the field.
    pub get: fn(&Config) -> u64,
    /// Fills the field.
    pub set: fn(&mut Config, u64),
}

impl Setting {
    /// `limits.queue_bytes`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// What it may be, in words.
    pub fn takes(&self) -> String {
        let range = |n: &Number, show: fn(u64) -> String| {
            let zero = if n.or_zero { ", or 0" } else { "" };
            format!("{} to {}{zero}", show(*n.range.start()), show(*n.range.end()))
        };
        match &self.kind {
            Kind::Size(n) => format!("a size, {}", range(n, show_size)),
            Kind::Count(n) => format!("a number, {}", range(n, |v| v.to_string())),
            Kind::Time(n) => format!("a time, {}", range(n, |v| show_time(Duration::from_millis(v)))),
            Kind::Flag(..) => "true or false".to_owned(),
            Kind::Choice(words, ..) => words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(" or "),
            Kind::Text(what, ..) => format!("a text: {what}"),
            Kind::Texts(what, ..) => format!("a list of texts: {what}"),
        }
    }

    /// The number behind it, if it is one.
    pub fn number(&self) -> Option<&Number> {
        match &self.kind {
            Kind::Size(n) | Kind::Count(n) | Kind::Time(n) => Some(n),
            _ => None,
        }
    }
}

macro_rules! number {
    ($range:expr, $zero:expr, $($field:ident).+) => {
        Number {
            range: $range,
            or_zero: $zero,
            get: |c| c.$($field).+ as u64,
            set: |c, v| c.$($field).+ = v as _,
        }
    };
}

/// A setting that holds a number: section, key, kind, range, field.
macro_rules! sized {
    ($section:literal $key:literal $kind:ident $range:expr, $zero:expr => $($field:ident).+) => {
        Setting { section: $section, key: $key, kind: Kind::$kind(number!($range, $zero, $($field).+)) }
    };
}

macro_rules! timed {
    ($section:literal $key:literal $range:expr, $zero:expr => $($field:ident).+) => {
        Setting {
            section: $section,
            key: $key,
            kind: Kind::Time(Number {
                range: $range,
                or_zero: $zero,
                get: |c| c.$($field).+.as_millis() as u64,
                set: |c, v| c.$($field).+ = Duration::from_millis(v),
            }),
        }
    };
}

macro_rules! flag {
    ($section:literal $key:literal => $($field:ident).+) => {
        Setting { section: $section, key: $key, kind: Kind::Flag(|c| c.$($field).+, |c, yes| c.$($field).+ = yes) }
    };
}

/// 0 says something of its own: it lifts the limit, or what the comment in the file says.
const OR_ZERO: bool = true;
/// Without this one the program cannot work.
const NEVER_ZERO: bool = false;

/// Every setting, in the order of `config/wschat.toml`.
pub static SETTINGS: &[Setting] = &[
    Setting {
        section: "server",
        key: "name",
        kind: Kind::Text("at most 64 characters", |c| c.server.name.clone(), server_name),
    },
    Setting {
        section: "server",
        key: "default_room",
        kind: Kind::Text(
            "a room, as \"#lobby\"",
            |c| Target::Room(c.server.default_room.clone()).to_string(),
            default_room,
        ),
    },
    Setting {
        section: "server",
        key: "names",
        kind: Kind::Texts(
            "host names, with or without port",
            host_name,
            |c| c.server.names.clone(),
            |c, v| c.server.names = v,
        ),
    },
    Setting {
        section: "server",
        key: "allowed_origins",
        kind: Kind::Texts(
            "origins, as \"http://pages.example\"",
            origin,
            |c| c.server.allowed_origins.clone(),
            |c, v| {
                c.server.allowed_origins = v;
            },
        ),
    },
    flag!("server" "open" => server.open),
    Setting {
        section: "server",
        key: "tls_cert",
        kind: Kind::Text("a file, or nothing", |c| c.server.tls_cert.clone(), tls_cert),
    },
    Setting {
        section: "server",
        key: "tls_key",
        kind: Kind::Text("a file, or nothing", |c| c.server.tls_key.clone(), tls_key),
    },
    Setting {
        section: "server",
        key: "trusted_proxies",
        kind: Kind::Texts("addresses, as \"127.0.0.1\"", proxy, proxies, |c, v| {
            c.server.trusted_proxies = v.iter().filter_map(|text| text.parse().ok()).collect();
        }),
    },
    Setting {
        section: "server",
        key: "metrics_token",
        kind: Kind::Text(
            "16 to 64 characters, or nothing",
            |config| config.server.metrics_token.clone(),
            metrics_token,
        ),
    },
    sized!("limits" "queue_bytes" Size 64 * KIB..=GIB, OR_ZERO => limits.queue_bytes),
    sized!("limits" "read_buffer" Size 128..=MIB, NEVER_ZERO => limits.read_buffer),
    sized!("limits" "frame_bytes" Size KIB..=64 * MIB, OR_ZERO => limits.frame_bytes),
    sized!("limits" "frame_bytes_before_enter" Size KIB..=MIB, OR_ZERO => limits.frame_bytes_before_enter),
    sized!("limits" "text_bytes" Size 64..=16 * MIB, OR_ZERO => limits.text_bytes),
    sized!("limits" "topic_bytes" Size 16..=8 * KIB, OR_ZERO => limits.topic_bytes),
    sized!("limits" "sessions_per_person" Count 1..=10_000, OR_ZERO => limits.sessions_per_person),
    sized!("limits" "unanswered_commands" Count 1..=10_000, OR_ZERO => limits.unanswered_commands),
    sized!("limits" "keeper_queue" Count 16..=1_000_000, NEVER_ZERO => limits.keeper_queue),
    sized!("limits" "rooms" Count 1..=MANY, OR_ZERO => limits.rooms),
    sized!("limits" "rooms_per_person" Count 1..=MANY, OR_ZERO => limits.rooms_per_person),
    sized!("limits" "crowd" Count 1..=MANY, OR_ZERO => limits.crowd),
    sized!("limits" "people" Count 1..=MANY, OR_ZERO => limits.people),
    sized!("limits" "half_open" Count 1..=1_000_000, OR_ZERO => limits.half_open),
    sized!("limits" "page_entries" Count 1..=10_000, NEVER_ZERO => limits.page_entries),
    sized!("limits" "page_bytes" Size KIB..=16 * MIB, NEVER_ZERO => limits.page_bytes),
    sized!("limits" "enter_tries" Count 1..=1000, OR_ZERO => limits.enter_tries),
    sized!("limits" "bad_frames" Count 1..=1000, OR_ZERO => limits.bad_frames),
    sized!("limits" "message_burst" Count 1..=1_000_000, OR_ZERO => limits.message_burst),
    timed!("limits" "message_every" 1..=DAY, NEVER_ZERO => limits.message_every),
    sized!("limits" "join_burst" Count 1..=1_000_000, OR_ZERO => limits.join_burst),
    timed!("limits" "join_every" 1..=DAY, NEVER_ZERO => limits.join_every),
    sized!("limits" "name_burst" Count 1..=1_000_000, OR_ZERO => limits.name_burst),
    timed!("limits" "name_every" 1..=DAY, NEVER_ZERO => limits.name_every),
    sized!("limits" "invite_burst" Count 1..=1_000_000, OR_ZERO => limits.invite_burst),
    timed!("limits" "invite_every" 1..=DAY, NEVER_ZERO => limits.invite_every),
    sized!("limits" "password_burst" Count 1..=1_000_000, OR_ZERO => limits.password_burst),
    timed!("limits" "password_every" 1..=DAY, NEVER_ZERO => limits.password_every),
    sized!("limits" "search_burst" Count 1..=1_000_000, OR_ZERO => limits.search_burst),
    timed!("limits" "search_every" 1..=DAY, NEVER_ZERO => limits.search_every),
    sized!("limits" "people_per_address" Count 1..=1_000_000, OR_ZERO => limits.people_per_address),
    sized!("limits" "connections_per_address" Count 1..=1_000_000, OR_ZERO => limits.connections_per_address),
    sized!("limits" "connection_burst" Count 1..=1_000_000, OR_ZERO => limits.connection_burst),
    timed!("limits" "connection_every" 1..=DAY, NEVER_ZERO => limits.connection_every),
    timed!("limits" "enter_timeout" 100..=DAY, OR_ZERO => timeouts.enter),
    timed!("limits" "write_timeout" 100..=DAY, OR_ZERO => timeouts.write),
    timed!("limits" "ack_timeout" 100..=DAY, OR_ZERO => timeouts.ack),
    timed!("limits" "host_ping_after" 100..=DAY, OR_ZERO => timeouts.host_ping_after),
    timed!("limits" "client_ping_after" 100..=DAY, OR_ZERO => timeouts.client_ping_after),
    timed!("limits" "dead_after" 200..=DAY, OR_ZERO => timeouts.dead_after),
    timed!("limits" "stop_timeout" 100..=600 * SECOND, NEVER_ZERO => timeouts.stop),
    timed!("limits" "close_flush" 10..=60 * SECOND, NEVER_ZERO => timeouts.close_flush),
    timed!("limits" "backoff_min" 10..=600 * SECOND, NEVER_ZERO => timeouts.backoff_min),
    timed!("limits" "backoff_max" 10..=DAY, NEVER_ZERO => timeouts.backoff_max),
    timed!("limits" "backoff_reset" 100..=DAY, NEVER_ZERO => timeouts.backoff_reset),
    timed!("limits" "linger_online" 100..=DAY, OR_ZERO => timeouts.linger_online),
    timed!("limits" "name_reserved" SECOND..=36_500 * DAY, OR_ZERO => timeouts.name_reserved),
    sized!("history" "max_days" Count 1..=36_500, OR_ZERO => history.max_days),
    sized!("history" "max_entries" Count 1..=1 << 53, OR_ZERO => history.max_entries),
    sized!("history" "max_bytes" Size MIB..=1 << 53, OR_ZERO => history.max_bytes),
    Setting {
        section: "ui",
        key: "theme",
        kind: Kind::Text("a theme's name, or \"auto\"", |c| c.ui.theme.clone(), theme),
    },
    Setting {
        section: "ui",
        key: "density",
        kind: Kind::Choice(&["comfortable", "compact"], density, |c, word| {
            c.ui.density = if word == "compact" { Density::Compact } else { Density::Comfortable };
        }),
    },
    timed!("ui" "group_within" SECOND..=DAY, OR_ZERO => ui.group_within),
    Setting {
        section: "ui",
        key: "time_format",
        kind: Kind::Choice(&["24h", "12h"], clock, |c, word| {
            c.ui.time_format = if word == "12h" { Clock::Hours12 } else { Clock::Hours24 };
        }),
    },
    Setting {
        section: "ui",
        key: "keys",
        kind: Kind::Choice(&["default", "emacs", "vim"], |c| &c.ui.keys, |c, word| c.ui.keys = word.to_owned()),
    },
    flag!("ui" "mouse" => ui.mouse),
    flag!("ui" "hyperlinks" => ui.hyperlinks),
    flag!("ui" "ascii" => ui.ascii),
    sized!("ui" "rooms_width" Count 8..=60, NEVER_ZERO => ui.rooms_width),
    sized!("ui" "people_width" Count 8..=60, NEVER_ZERO => ui.people_width),
    flag!("ui" "rooms_shown" => ui.rooms_shown),
    flag!("ui" "people_shown" => ui.people_shown),
    sized!("ui" "scrollback" Count 100..=10_000_000, NEVER_ZERO => ui.scrollback),
    flag!("ui" "confirm_quit" => ui.confirm_quit),
    Setting {
        section: "ui",
        key: "notify",
        kind: Kind::Choice(
            &["mentions", "all", "nothing"],
            |c| c.ui.notify.word(),
            |c, word| {
                c.ui.notify = Notify::named(word).unwrap_or_default();
            },
        ),
    },
    Setting {
        section: "ui",
        key: "keywords",
        kind: Kind::Texts("words", keyword, |c| c.ui.keywords.clone(), |c, words| c.ui.keywords = words),
    },
    flag!("ui" "bell" => ui.bell),
    Setting {
        section: "ui",
        key: "desktop",
        kind: Kind::Choice(&["auto", "osc9", "osc777", "osc99", "off"], desktop, |c, word| {
            c.ui.desktop = match word {
                "osc9" => Desktop::Osc9,
                "osc777" => Desktop::Osc777,
                "osc99" => Desktop::Osc99,
                "off" => Desktop::Off,
                _ => Desktop::Auto,
            };
        }),
    },
    flag!("ui" "title" => ui.title),
    flag!("ui" "typing" => ui.typing),
    flag!("ui" "follow" => ui.follow),
    timed!("ui" "away_after" SECOND..=DAY, OR_ZERO => ui.away_after),
    timed!("ui" "undo_send" 100..=60 * SECOND, OR_ZERO => ui.undo_send),
    Setting {
        section: "ui",
        key: "quiet_hours",
        kind: Kind::Text("hours, as \"22:00-07:00\", or \"\"", hours, quiet_hours),
    },
    Setting {
        section: "log",
        key: "level",
        kind: Kind::Choice(&["error", "warn", "info", "debug", "trace"], level, |c, word| {
            c.log.level = match word {
                "error" => LogLevel::Error,
                "warn" => LogLevel::Warn,
                "debug" => LogLevel::Debug,
                "trace" => LogLevel::Trace,
                _ => LogLevel::Info,
            };
        }),
    },
];

/// Pairs of which the first may not be larger than the second, and why. 0 is no bound on either side.
pub const ORDERED: &[(&str, &str, &str)] = &[
    ("limits.frame_bytes_before_enter", "limits.frame_bytes", "entering would narrow what a client may send"),
    ("limits.text_bytes", "limits.frame_bytes", "a text has to fit into a frame"),
    ("limits.topic_bytes", "limits.text_bytes", "a topic is a text"),
    ("limits.page_bytes", "limits.queue_bytes", "a page has to fit into the queue"),
    ("limits.backoff_min", "limits.backoff_max", "the wait grows from the one to the other"),
    ("limits.host_ping_after", "limits.dead_after", "nobody would be asked before being given up"),
    ("limits.client_ping_after", "limits.dead_after", "nobody would be asked before being given up"),
    ("limits.close_flush", "limits.stop_timeout", "closing is a part of stopping"),
];

/// The setting of this name, as "limits.queue_bytes".
pub fn setting(name: &str) -> Option<&'static Setting> {
    let (section, key) = name.split_once('.')?;
    SETTINGS.iter().find(|s| s.section == section && s.key == key)
}

/// The sections, each once, in the order of the file.
pub fn sections() -> Vec<&'static str> {
    let mut out: Vec<&str> = SETTINGS.iter().map(|s| s.section).collect();
    out.dedup();
    out
}

fn proxies(config: &Config) -> Vec<String> {
    config.server.trusted_proxies.iter().map(ToString::to_string).collect()
}

fn density(config: &Config) -> &str {
    match config.ui.density {
        Density::Comfortable => "comfortable",
        Density::Compact => "compact",
    }
}

fn clock(config: &Config) -> &str {
    match config.ui.time_format {
        Clock::Hours24 => "24h",
        Clock::Hours12 => "12h",
    }
}

fn desktop(config: &Config) -> &str {
    match config.ui.desktop {
        Desktop::Auto => "auto",
        Desktop::Osc9 => "osc9",
        Desktop::Osc777 => "osc777",
        Desktop::Osc99 => "osc99",
        Desktop::Off => "off",
    }
}

fn level(config: &Config) -> &str {
    match config.log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

fn hours(config: &Config) -> String {
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    config.ui.quiet_hours.map_or_else(String::new, |quiet| format!("{}-{}", time(quiet.from), time(quiet.to)))
}

fn server_name(config: &mut Config, text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err("a name has 1 to 64 characters on one line".to_owned());
    }
    config.server.name = text.to_owned();
    Ok(())
}

fn default_room(config: &mut Config, text: &str) -> Result<(), String> {
    config.server.default_room = room(text)?;
    Ok(())
}

/// Reads a room as people write it, `#dev` or `dev`.
pub fn room(text: &str) -> Result<RoomName, String> {
    match Target::parse(text) {
        Ok(Target::Room(room)) => Ok(room),
        Ok(Target::Direct(_)) => Err("that is a person; a room begins with #".to_owned()),
        Err(_) => {
            RoomName::parse(text.trim_start_matches('#')).map_err(|e| e.to_string().replace("a name", "a room's name"))
        }
    }
}

fn host_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if text.is_empty() || text.len() > 260 || !text.chars().all(allowed) {
        return Err("a host is written \"chat.example\" or \"chat.example:8080\"".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

fn tls_cert(config: &mut Config, text: &str) -> Result<(), String> {
    config.server.tls_cert = text.to_owned();
    Ok(())
}

fn tls_key(config: &mut Config, text: &str) -> Result<(), String> {
    config.server.tls_key = text.to_owned();
    Ok(())
}

fn metrics_token(config: &mut Config, text: &str) -> Result<(), String> {
    let long = text.is_empty() || text.len() >= 16;
    if !long || (!text.is_empty() && crate::protocol::secret::Token::parse(text).is_none()) {
        return Err("a token has 16 to 64 letters, digits and signs, without a blank; openssl rand -hex 16 makes one"
            .to_owned());
    }
    config.server.metrics_token = text.to_owned();
    Ok(())
}

fn proxy(text: &str) -> Result<String, String> {
    let address = text.parse::<std::net::IpAddr>();
    address
        .map(|ip| ip.to_canonical().to_string())
        .map_err(|_| "a proxy is written as its address, \"127.0.0.1\"".to_owned())
}

/// The one way to write an origin.
pub fn origin(text: &str) -> Result<String, String> {
    let wanted =
        || "an origin is written \"http://pages.example\" or \"https://pages.example:8443\", without a path".to_owned();
    let (scheme, host) = text.split_once("://").ok_or_else(wanted)?;
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
        return Err(wanted());
    }
    let host = host_name(host.strip_suffix('/').unwrap_or(host)).map_err(|_| wanted())?;
    Ok(format!("{}://{host}", scheme.to_ascii_lowercase()))
}

fn theme(config: &mut Config, text: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.is_empty() || text.len() > 64 || !text.chars().all(plain) {
        return Err("a theme's name has letters, digits, - and _, and no .toml behind it".to_owned());
    }
    config.ui.theme = text.to_owned();
    Ok(())
}

fn keyword(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        true => Err("a keyword has 1 to 64 characters".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn quiet_hours(config: &mut Config, text: &str) -> Result<(), String> {
    let minutes = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let hours = text.split_once('-').and_then(|(from, to)| Some(Quiet { from: minutes(from)?, to: minutes(to)? }));
    match (text.trim().is_empty(), hours) {
        (true, _) => config.ui.quiet_hours = None,
        (false, Some(hours)) => config.ui.quiet_hours = Some(hours),
        (false, None) => return Err("hours are written 22:00-07:00".to_owned()),
    }
    Ok(())
}
