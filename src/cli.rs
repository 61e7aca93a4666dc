//! The command line: what may be asked, how addresses are written, and which [`Mode`] that comes to. Pure but for
//! [`Cli::read`]; it opens and resolves nothing. Running the mode is `main`'s.

pub mod admin;
pub mod configure;
pub mod doctor;
pub mod handout;
pub mod pipe;
pub mod when;

use std::ffi::OsString;
use std::fmt;
use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

use crate::client::address::{Address, PORT, digits, split_port};
use crate::config::LogLevel;
use crate::config::settings::{origin, room};
use crate::protocol::names::{Nick, RoomName};
use pipe::Pipe;

const EXAMPLES: &str = "\
Examples:
  wschat --demo                        look at it first, offline
  wschat --host                        host here and chat, on port 8080
  wschat                               join the host of this machine; without one
                                       see who hosts on your network, and choose
  wschat chat.example                  join another one, on port 8080
  wschat ws://chat.example:8080/#dev   the same as a URL, in the room #dev
  wschat --name ann --room dev --room ops
  wschat --host --lan                  host for your network, by invitation
  wschat --host --lan --open           host for everybody on it
  wschat --host 0.0.0.0 --headless     serve a network, without a screen
  wschat --host 0 --ephemeral          on a free port, keeping nothing
  make 2>&1 | wschat send -r ops --live   from the shell; see also tail, ask, export
  wschat admin list                    look after a host, through its folder

ADDR, to listen on: PORT or :PORT (this machine alone, IPv4 and IPv6), IP,
IP:PORT, [IP6]:PORT. Without a port 8080; port 0 takes a free one.

TARGET, to join: HOST, HOST:PORT, [IP6]:PORT (without a port 8080; encrypted
where the host can), wss://HOST[:PORT][/#ROOM], ws:// for plain connections,
or a whole invitation. Quote what has a '#' or '&' in it. A server that is called
as a command is ('admin', 'send') is joined by wschat ws://admin.

Settings: wschat.toml in the configuration directory, ~/.config/wschat on
Linux; keys: keys.toml beside it ('wschat config' makes and shows them);
WSCHAT_LOG: what is logged, by module.
F1 in the chat lists the keys, /help the commands.";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(
    name = "wschat",
    version,
    about = "Chat in your terminal, over plain WebSockets",
    long_about = "Chat in your terminal, over plain WebSockets. One program: run a host with --host, join one without.",
    after_help = "wschat --help shows examples.",
    after_long_help = EXAMPLES,
    disable_help_subcommand = true,
    subcommand_value_name = "COMMAND"
)]
pub struct Cli {
    /// The host to join: HOST[:PORT], a URL, or an invitation; without it the one of this machine, or you are asked
    #[arg(value_name = "TARGET", conflicts_with = "host")]
    pub address: Option<Address>,

    /// Run a host, on this machine alone unless ADDR says otherwise, and chat on it
    #[arg(long, value_name = "ADDR")]
    host: Option<Option<HostAddr>>,

    /// Host for your network: on every address of this machine, by TLS, for whom you invite
    #[arg(long, requires = "host")]
    pub lan: bool,

    /// Let everybody in who reaches the host, encrypted or not, without an invitation
    #[arg(long, requires = "host")]
    pub open: bool,

    /// The certificate (PEM, with its chain) to use instead of one of the host's own; read again on SIGHUP
    #[arg(long, value_name = "FILE", requires_all = ["host", "tls_key"])]
    pub tls_cert: Option<PathBuf>,

    /// The key of that certificate
    #[arg(long, value_name = "FILE", requires_all = ["host", "tls_cert"])]
    pub tls_key: Option<PathBuf>,

    /// Speak no TLS: a proxy in front of the host does
    #[arg(long, requires = "host", conflicts_with = "tls_cert")]
    pub no_tls: bool,

    /// Believe this proxy for whom it speaks (X-Forwarded-For); may be given several times
    #[arg(long = "trusted-proxy", value_name = "IP", requires = "host")]
    pub trusted_proxies: Vec<IpAddr>,

    /// Let web pages of this origin connect, as https://pages.example; may be given several times
    #[arg(long = "allow-origin", value_name = "ORIGIN", requires = "host", value_parser = origin)]
    pub allowed_origins: Vec<String>,

    /// Only serve: no screen, one line on stdout once it listens, logs on stderr
    ///
    /// The same happens by itself when stdout is no terminal.
    #[arg(long)]
    headless: bool,

    /// Only send back what comes, up to 16 MiB: for tests of the WebSocket protocol, from this machine alone
    #[arg(long, hide = true, requires_all = ["host", "headless"], conflicts_with_all = ["lan", "open"])]
    pub conformance_echo: bool,

    /// Show what wschat is: a lively host of its own, offline, that is gone when you quit
    ///
    /// Nothing of it is kept, whatever --data-dir says.
    #[arg(long, conflicts_with_all = ["host", "address", "headless", "ephemeral", "rooms"])]
    demo: bool,

    /// Chat in lines, without a picture: for screen readers, dumb terminals and logs
    ///
    /// The same happens by itself where TERM is dumb, and nothing needs to be a terminal.
    #[arg(long, conflicts_with = "headless")]
    plain: bool,

    /// Your name; without it you are asked
    ///
    /// A name belongs to a key that is made on first use. Another name is another person.
    #[arg(long, value_parser = name)]
    pub name: Option<Nick>,

    /// A room to be in, as dev or '#dev'; may be given several times, the last one is shown
    #[arg(long = "room", value_name = "ROOM", value_parser = room)]
    rooms: Vec<RoomName>,

    /// Keep data, state and logs here instead of the usual places
    #[arg(long, value_name = "DIR", env = "WSCHAT_DATA_DIR", hide_env_values = true, global = true)]
    pub data_dir: Option<PathBuf>,

    /// Read the settings from this file
    #[arg(long, value_name = "FILE", env = "WSCHAT_CONFIG", hide_env_values = true, global = true)]
    pub config: Option<PathBuf>,

    /// Host without keeping anything: the history is gone when the host stops
    #[arg(long)]
    pub ephemeral: bool,

    /// Write all your keys into a new file, sealed by a passphrase that is asked for (or is the first line of stdin)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["host", "address", "demo", "import_keys"])]
    export_keys: Option<PathBuf>,

    /// Read keys from such a file; those that are here stay
    #[arg(long, value_name = "FILE", conflicts_with_all = ["host", "address", "demo"])]
    import_keys: Option<PathBuf>,

    /// Log more; twice for everything
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,

    /// Log only warnings; twice for errors alone
    #[arg(short, long, action = ArgAction::Count)]
    quiet: u8,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What is no chat and no host.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
enum Command {
    /// Look after a host through its folder: roles, bans, the record, backups
    Admin(admin::Admin),
    /// Say something in a room, once; or keep a message up to date with what a command writes
    Send(Box<pipe::Send>),
    /// Read what was said, in lines of text or JSON, and go on with what will be
    Tail(Box<pipe::Tail>),
    /// Ask a room or a person, and wait for the answer
    Ask(Box<pipe::Ask>),
    /// Write a conversation as Markdown, JSON or text
    Export(Box<pipe::Export>),
    /// Make, show and find the settings
    Config(configure::Settings),
    /// Print what a shell completes arguments by
    Completions(handout::Completions),
    /// Write the manual's pages
    Man(handout::Man),
    /// Find out what works here, what does not, and what mends it
    Doctor(doctor::Doctor),
}

/// What the program is going to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// A client with a screen.
    Join(Address),
    /// Nobody said where to: the host of this machine, or what the person chooses.
    Ask,
    /// All keys into this file.
    ExportKeys(PathBuf),
    /// The keys of this file.
    ImportKeys(PathBuf),
    /// A host is looked after.
    Admin(admin::Admin),
    /// A command for the shell.
    Pipe(Pipe),
    /// The settings are looked at.
    Config(configure::Settings),
    /// Something is printed for a shell.
    Completions(handout::Completions),
    /// The manual is written.
    Man(handout::Man),
    /// What works here is looked at.
    Doctor(doctor::Doctor),
    /// A client of a host that only plays.
    Demo,
    /// A host.
    Host {
        /// Where it listens.
        addr: HostAddr,
        /// Without a screen.
        headless: bool,
    },
}

/// What stands between us and the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    /// Whether stdout is one.
    pub stdout: bool,
    /// What `TERM` says.
    pub term: Option<OsString>,
}

impl Terminal {
    /// The one this process has.
    pub fn here() -> Terminal {
        Terminal { stdout: std::io::stdout().is_terminal(), term: std::env::var_os("TERM") }
    }

    /// Whether `TERM` names something that a screen can be drawn on.
    fn draws(&self) -> bool {
        self.term.as_ref().is_some_and(|term| !term.is_empty() && term != "dumb")
    }
}

impl Cli {
    /// Reads the arguments of this process. Help, version and errors end it here, errors with code 2.
    pub fn read() -> Cli {
        Cli::parse()
    }

    /// What that comes to on this terminal. The error prints itself and ends the process with code 2 by
    /// [`clap::Error::exit`].
    pub fn mode(&self, terminal: &Terminal) -> Result<Mode, clap::Error> {
        let refuse = |kind, what: &str| Err(Cli::command().error(kind, what));
        if let Some(command) = &self.command {
            let (name, mode) = match command.clone() {
                Command::Admin(asked) => ("admin", Mode::Admin(asked)),
                Command::Send(asked) => ("send", Mode::Pipe(Pipe::Send(asked))),
                Command::Tail(asked) => ("tail", Mode::Pipe(Pipe::Tail(asked))),
                Command::Ask(asked) => ("ask", Mode::Pipe(Pipe::Ask(asked))),
                Command::Export(asked) => ("export", Mode::Pipe(Pipe::Export(asked))),
                // About the arguments before it, and so takes them all.
                Command::Config(asked) if matches!(asked.what, configure::What::Show { .. }) => {
                    return Ok(Mode::Config(asked));
                }
                Command::Config(asked) => ("config", Mode::Config(asked)),
                Command::Completions(asked) => ("completions", Mode::Completions(asked)),
                Command::Man(asked) => ("man", Mode::Man(asked)),
                Command::Doctor(asked) => ("doctor", Mode::Doctor(asked)),
            };
            let alone = self.host.is_none() && self.address.is_none() && !self.demo && !self.headless && !self.plain;
            let nobody = self.name.is_none() && self.rooms.is_empty();
            return match alone && nobody && self.export_keys.is_none() && self.import_keys.is_none() {
                true => Ok(mode),
                false => {
                    let what = format!(
                        "before {name} only --data-dir, --config, -v and -q may stand; its own come behind it \
                         (wschat {name} --help)"
                    );
                    refuse(ErrorKind::ArgumentConflict, &what)
                }
            };
        }
        if let Some(file) = &self.export_keys {
            return Ok(Mode::ExportKeys(file.clone()));
        }
        if let Some(file) = &self.import_keys {
            return Ok(Mode::ImportKeys(file.clone()));
        }
        let Some(host) = self.host else {
            if self.headless {
                return refuse(ErrorKind::MissingRequiredArgument, "--headless only serves: add --host");
            }
            if self.ephemeral {
                let what = "--ephemeral is for a host: add --host. A client keeps no history anyway";
                return refuse(ErrorKind::MissingRequiredArgument, what);
            }
            if !terminal.stdout && !self.plain {
                let what = "there is no screen: stdout is not a terminal. Run wschat in a terminal, chat in lines with \
                            --plain, or serve with --host";
                return refuse(ErrorKind::Io, what);
            }
            if !terminal.draws() && !self.is_plain(terminal) {
                return refuse(ErrorKind::Io, &no_term(terminal, "set it, for example TERM=xterm-256color"));
            }
            if self.demo {
                return Ok(Mode::Demo);
            }
            return Ok(self.address.clone().map_or(Mode::Ask, Mode::Join));
        };
        let headless = self.headless || (!terminal.stdout && !self.plain);
        if !headless && !terminal.draws() && !self.is_plain(terminal) {
            return refuse(ErrorKind::Io, &no_term(terminal, "set it, or serve without a screen by --headless"));
        }
        let addr = match (host.unwrap_or(HostAddr::Loopback { port: PORT }), self.lan) {
            (HostAddr::Loopback { port }, true) => HostAddr::Everywhere { port },
            (addr, _) => addr,
        };
        if self.conformance_echo && !addr.is_loopback() {
            return refuse(
                ErrorKind::ArgumentConflict,
                "--conformance-echo is for this machine alone: leave the address out",
            );
        }
        Ok(Mode::Host { addr, headless })
    }

    /// Whether there is no picture: it was asked for so, or the terminal can draw none.
    pub fn is_plain(&self, terminal: &Terminal) -> bool {
        self.plain || (terminal.stdout && terminal.term.as_ref().is_some_and(|term| term == "dumb"))
    }

    /// The rooms asked for, the one to be shown last.
    pub fn rooms(&self) -> Vec<RoomName> {
        let of_address = self.address.as_ref().and_then(|a| a.room.clone());
        let mut rooms: Vec<RoomName> = Vec::new();
        for room in of_address.into_iter().chain(self.rooms.iter().cloned()) {
            rooms.retain(|r| *r != room);
            rooms.push(room);
        }
        rooms
    }

    /// The argument that says how much is logged, if one does.
    pub fn log_argument(&self) -> Option<&'static str> {
        match (self.verbose, self.quiet) {
            (0, 0) => None,
            (0, _) => Some("--quiet"),
            _ => Some("--verbose"),
        }
    }

    /// How much is logged, `-v` and `-q` counted from what the settings say.
    pub fn log_level(&self, settings: LogLevel) -> LogLevel {
        match (self.verbose, self.quiet) {
            (0, 0) => settings,
            (1, _) => LogLevel::Debug.max(settings),
            (2.., _) => LogLevel::Trace,
            (0, 1) => LogLevel::Warn.min(settings),
            (0, _) => LogLevel::Error,
        }
    }
}

fn no_term(terminal: &Terminal, what_to_do: &str) -> String {
    match &terminal.term {
        Some(term) if !term.is_empty() => format!("no screen can be drawn on TERM={}: {what_to_do}", term.display()),
        _ => format!("TERM is not set, so nobody knows how to draw on this terminal: {what_to_do}"),
    }
}

fn name(text: &str) -> Result<Nick, String> {
    let nick = Nick::parse(text).map_err(|e| e.to_string())?;
    match nick.claimable() {
        true => Ok(nick),
        false => Err("this name cannot be owned, choose another".to_owned()),
    }
}

/// Where a host listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAddr {
    /// This machine alone, IPv4 and IPv6 on one port. Port 0: a free one.
    Loopback {
        /// The port.
        port: u16,
    },
    /// Every address of this machine, IPv4 and IPv6 on one port. Port 0: a free one.
    Everywhere {
        /// The port.
        port: u16,
    },
    /// Exactly this address.
    One(SocketAddr),
}

impl HostAddr {
    /// Whether only this machine reaches it.
    pub fn is_loopback(&self) -> bool {
        match self {
            HostAddr::Loopback { .. } => true,
            HostAddr::Everywhere { .. } => false,
            HostAddr::One(addr) => addr.ip().to_canonical().is_loopback(),
        }
    }
}

impl FromStr for HostAddr {
    type Err = String;

    /// Reads `PORT`, `:PORT`, `IP`, `IP:PORT`, `[IP6]:PORT`.
    fn from_str(text: &str) -> Result<HostAddr, String> {
        if let Some(port) = digits(text.strip_prefix(':').unwrap_or(text)) {
            return port.map(|port| HostAddr::Loopback { port });
        }
        let (host, port) = split_port(text)?;
        let port = port.unwrap_or(PORT);
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(HostAddr::Loopback { port });
        }
        let ip = host.parse::<IpAddr>().map_err(|_| {
            "write a port (8080), or an address of this machine with or without one (0.0.0.0, 192.0.2.7:9000, [::1]:9000)"
                .to_owned()
        })?;
        Ok(HostAddr::One(SocketAddr::new(ip, port)))
    }
}

impl fmt::Display for HostAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostAddr::Loopback { port } => write!(f, "port {port} of this machine"),
            HostAddr::Everywhere { port } => write!(f, "port {port} of every address"),
            HostAddr::One(addr) => write!(f, "{addr}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cli(args: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("wschat").chain(args.split_whitespace()))
    }

    fn screen() -> Terminal {
        Terminal { stdout: true, term: Some("xterm".into()) }
    }

    fn mode(args: &str) -> Mode {
        cli(args).expect(args).mode(&screen()).expect(args)
    }

    fn refused(args: &str, terminal: &Terminal) -> String {
        let error = cli(args).and_then(|cli| cli.mode(terminal)).expect_err(args);
        assert_eq!(error.exit_code(), 2, "{args}");
        error.to_string()
    }

    #[test]
    fn the_table_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn where_a_host_listens() {
        let one = |text: &str| HostAddr::One(text.parse().expect("an address"));
        for (text, addr) in [
            ("9000", HostAddr::Loopback { port: 9000 }),
            (":9000", HostAddr::Loopback { port: 9000 }),
            ("0", HostAddr::Loopback { port: 0 }),
            ("localhost", HostAddr::Loopback { port: 8080 }),
            ("LOCALHOST:1", HostAddr::Loopback { port: 1 }),
            ("0.0.0.0", one("0.0.0.0:8080")),
            ("192.0.2.7:9000", one("192.0.2.7:9000")),
            ("127.0.0.1:0", one("127.0.0.1:0")),
            ("::1", one("[::1]:8080")),
            ("[::1]", one("[::1]:8080")),
            ("[::1]:9000", one("[::1]:9000")),
            ("::", one("[::]:8080")),
        ] {
            assert_eq!(text.parse(), Ok(addr), "{text}");
        }
        for (text, why) in [
            ("65536", "ports go up to 65535"),
            (":", "is no port"),
            ("", "write a port"),
            ("chat.example", "an address of this machine"),
            ("127.0.0.1:x", "\"x\" is no port"),
            ("127.0.0.1:", "is no port"),
            ("[::1", "is no port"),
            ("[x]:1", "no IPv6 address"),
            ("[::1]9", "comes nothing"),
            ("1:2:3", "is no port"),
            ("-1", "write a port"),
            ("256.0.0.1", "write a port"),
        ] {
            let error = text.parse::<HostAddr>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_that_comes_to() {
        let here = HostAddr::Loopback { port: 8080 };
        assert_eq!(mode(""), Mode::Ask);
        assert_eq!(mode("localhost"), Mode::Join(Address::local()));
        for server in ["admin.example.org", "admins", "adm", "admin:8080", "ws://admin", "help", "ws://admin/#list"] {
            assert!(matches!(mode(server), Mode::Join(_)), "{server}");
        }
        for asked in ["admin list", "--data-dir d admin list", "admin --data-dir d list", "admin list --json"] {
            assert!(matches!(mode(asked), Mode::Admin(_)), "{asked}");
        }
        assert_eq!(mode("--host"), Mode::Host { addr: here, headless: false });
        assert_eq!(mode("--host --headless"), Mode::Host { addr: here, headless: true });
        let port = HostAddr::Loopback { port: 9000 };
        for args in ["--host 9000 --headless", "--headless --host :9000", "--host=9000 --headless --ephemeral"] {
            assert_eq!(mode(args), Mode::Host { addr: port, headless: true }, "{args}");
        }
        assert_eq!(mode("--host --lan"), Mode::Host { addr: HostAddr::Everywhere { port: 8080 }, headless: false });
        let pipe = Terminal { stdout: false, ..screen() };
        let served = cli("--host").expect("an option").mode(&pipe).expect("serves");
        assert_eq!(served, Mode::Host { addr: here, headless: true });
    }

    #[test]
    fn what_is_refused() {
        let pipe = Terminal { stdout: false, ..screen() };
        let bare = Terminal { stdout: true, term: None };
        for (args, terminal, why) in [
            ("--headless", screen(), "add --host"),
            ("--ephemeral", screen(), "add --host"),
            ("", pipe.clone(), "stdout is not a terminal"),
            ("", bare.clone(), "TERM is not set"),
            ("--host", bare, "--headless"),
            ("chat.example --host", screen(), "cannot be used with"),
            ("chat.example admin list", screen(), "only --data-dir"),
            ("--host admin list", screen(), "an address of this machine"),
            ("--host 8080 admin list", screen(), "only --data-dir"),
            ("admin lits", screen(), "list"),
            ("admin owner a:b", screen(), "a name cannot hold"),
            ("admin audit 0", screen(), "0"),
            ("--host nowhere", screen(), "an address of this machine"),
            ("--lan", screen(), "--host"),
            ("--host --tls-cert a", screen(), "--tls-key"),
            ("--host --no-tls --tls-cert a --tls-key b", screen(), "cannot be used with"),
            ("--host --trusted-proxy x", screen(), "invalid IP"),
            ("--name a:b", screen(), "a name cannot hold"),
            ("--name guest-abcd", screen(), "cannot be owned"),
            ("--room @ann", screen(), "that is a person"),
            ("-v -q", screen(), "cannot be used with"),
            ("--hots", screen(), "--host"),
        ] {
            let error = refused(args, &terminal);
            assert!(error.contains(why), "{args}: {error}");
        }
    }

    #[test]
    fn without_a_picture_no_terminal_is_needed() {
        let pipe = Terminal { stdout: false, term: None };
        let dumb = Terminal { stdout: true, term: Some("dumb".into()) };
        for (args, terminal, plain) in [
            ("--plain", &pipe, true),
            ("", &dumb, true),
            ("--demo", &dumb, true),
            ("--plain", &screen(), true),
            ("", &screen(), false),
        ] {
            let asked = cli(args).expect(args);
            assert!(asked.mode(terminal).is_ok(), "{args}");
            assert_eq!(asked.is_plain(terminal), plain, "{args}");
        }
        let hosts = |args: &str, terminal: &Terminal| cli(args).expect(args).mode(terminal).expect(args);
        assert!(matches!(hosts("--host --plain", &pipe), Mode::Host { headless: false, .. }));
        assert!(matches!(hosts("--host", &pipe), Mode::Host { headless: true, .. }));
        assert!(cli("--host --headless --plain").is_err());
    }

    #[test]
    fn rooms_and_the_log() {
        let asked = cli("ws://h/#a --room b --room #A --room #c").expect("fine");
        assert_eq!(asked.rooms().iter().map(RoomName::to_string).collect::<Vec<_>>(), ["#b", "#A", "#c"]);
        let level = |args: &str, settings| cli(args).expect("fine").log_level(settings);
        assert_eq!(level("", LogLevel::Error), LogLevel::Error);
        assert_eq!(level("-v", LogLevel::Info), LogLevel::Debug);
        assert_eq!(level("-v", LogLevel::Trace), LogLevel::Trace);
        assert_eq!(level("-vv", LogLevel::Info), LogLevel::Trace);
        assert_eq!(level("-q", LogLevel::Info), LogLevel::Warn);
        assert_eq!(level("-qq", LogLevel::Info), LogLevel::Error);
    }
}
