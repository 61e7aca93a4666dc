//! The words of the commands for the shell, `send`, `tail`, `ask` and `export`, as clap reads them and their help shows
//! them. What they do is in `pipe`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::when::When;
use crate::client::address::Address;
use crate::config::settings::room;
use crate::protocol::entry::Seq;
use crate::protocol::names::{Nick, Target};
use crate::protocol::span;

/// A command for the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pipe {
    /// Says something.
    Send(Box<Send>),
    /// Reads what was said.
    Tail(Box<Tail>),
    /// Asks and waits.
    Ask(Box<Ask>),
    /// Writes a whole conversation.
    Export(Box<Export>),
}

// What holds for all of them.
macro_rules! who {
    () => {
        "\n\n\
SERVER is written as wschat TARGET takes it, without an invitation; without -s it is
$WSCHAT_SERVER (which may be a whole invitation), then the host of this machine. The
name is that of --name or $WSCHAT_NAME, then the one you last used here; it belongs to
a key that is made on first use, so each script may well have a name of its own.
Nothing secret is ever an argument: others on this machine can read those."
    };
}

macro_rules! exits {
    () => {
        "\n\n\
Exit codes: 0 done · 2 wrongly used (also: nothing to say, too long, not UTF-8) · 3 not
reached in time · 4 nobody answered in time · 5 refused by the host, or it is not trusted
· 6 something on this machine (a file, a key) · 130, 143 interrupted."
    };
}

/// Where, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Place {
    /// The host; see below
    #[arg(short, long, value_name = "SERVER", value_parser = server)]
    pub server: Option<Address>,

    /// The room, as ops or '#ops', or a person, as @ann; without it that of SERVER, or the one where everybody starts
    ///
    /// You become a member of the room, as on a screen.
    #[arg(short, long, value_name = "ROOM", value_parser = target)]
    pub room: Option<Target>,

    /// The name to come by
    #[arg(long, env = "WSCHAT_NAME", hide_env_values = true, value_parser = super::name)]
    pub name: Option<Nick>,

    /// Come as a guest: without a key, for one connection, and nothing is kept for later
    #[arg(long)]
    pub guest: bool,

    /// Come in by the invitation (a link or a code) that is in this file
    #[arg(long, value_name = "FILE")]
    pub invite: Option<PathBuf>,

    /// Join by the room's password, which is the first line of this file
    #[arg(long, value_name = "FILE")]
    pub password: Option<PathBuf>,
}

const SEND_HELP: &str = concat!(
    "\
Examples:
  wschat send hello                               to where everybody starts
  wschat send -r ops deployed 1.4.2
  wschat send -r @ann 'your build is through'     to one person
  df -h | wschat send -r ops --code text          what comes on stdin
  wschat send -r ops --file build.log --split     a file, in as many messages as it takes
  wschat send -r ops --live -- make -j4           runs it, and keeps one message up to date
  make 2>&1 | wschat send -r ops --live 'build'   the same for what is piped in
  wschat send -r ops --id backup-2026-11-27 done  again after a failure: said once
  wschat send --waiting                           says what waits from before

What is to be said is on disk before it is sent. When the host cannot be reached it waits
there (exit code 3), and the next wschat send under this name, or your screen, says it
first; nothing is said twice. With --live, the exit code is that of COMMAND once it ran.",
    who!(),
    exits!()
);

/// `wschat send`: say something in a room, or to a person
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "wschat send --help shows examples.", after_long_help = SEND_HELP)]
pub struct Send {
    /// Where, and as whom
    #[command(flatten)]
    pub at: Place,

    /// What to say; without it, and without --file, what comes on stdin. With --live what stands above the lines
    #[arg(value_name = "TEXT")]
    pub words: Vec<String>,

    /// The command that is run by --live; without it, more TEXT, which may begin with a dash
    #[arg(last = true, value_name = "COMMAND")]
    pub rest: Vec<OsString>,

    /// As code in this language: rust, sh, diff, text …
    #[arg(long, value_name = "LANG", value_parser = language)]
    pub code: Option<String>,

    /// What is in this file, as code under its name; TEXT stands above it
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    pub file: Option<PathBuf>,

    /// Keep one message up to date with the last lines of COMMAND, or of stdin, and how it ended
    #[arg(long, conflicts_with_all = ["split", "id", "reply", "code", "waiting", "guest"])]
    pub live: bool,

    /// Lines that --live shows
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub lines: u16,

    /// Say it once, however often it is tried: the same ID under the same name in the same room is the same message
    #[arg(long, value_name = "ID", value_parser = id)]
    pub id: Option<String>,

    /// As an answer to the message with this number
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    pub reply: Option<Seq>,

    /// What is too long for one message goes out in several
    #[arg(long)]
    pub split: bool,

    /// Say nothing new, only what waits from before
    #[arg(long, conflicts_with_all = ["words", "rest", "file", "code", "id", "reply", "guest"])]
    pub waiting: bool,

    /// Make the room if it is not there
    #[arg(long)]
    pub create: bool,

    /// Do not keep what cannot be said now
    #[arg(long)]
    pub no_outbox: bool,

    /// How long to try
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub timeout: Duration,

    /// Write the entry that was made, as JSON
    #[arg(long, conflicts_with = "live")]
    pub json: bool,
}

const TAIL_HELP: &str = concat!(
    "\
Examples:
  wschat tail -r ops                        the last 10 messages
  wschat tail -r ops -n 100 --since 1h      those of the last hour, 100 at most
  wschat tail -r ops --follow               and what is said from now on
  wschat tail -r ops --json --since 41 | jq -r 'select(.kind==\"said\") | .text'
  wschat tail -r ops --follow --json | while read -r line; do …; done

--since takes the number of a message (what comes after it), a time that has passed (90s,
1h10m, 7d), a day or a moment. Messages are as they read now; with --follow later changes
come as lines of their own. A cut connection is dialled again, and nothing is lost or
written twice. --json writes one object a line with the fields of docs/protocol.md: type
'entry', and 'changed' for a message that was changed while the wire was cut.",
    who!(),
    exits!()
);

/// `wschat tail`: read what was said in a room
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "wschat tail --help shows examples.", after_long_help = TAIL_HELP)]
pub struct Tail {
    /// Where, and as whom
    #[command(flatten)]
    pub at: Place,

    /// One JSON object a line
    #[arg(long)]
    pub json: bool,

    /// From here on; see below
    #[arg(long, value_name = "TIME|SEQ")]
    pub since: Option<When>,

    /// Messages at most, the newest; 10 without --since, all of them with it
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub lines: Option<u32>,

    /// Go on with what is said from now on
    #[arg(short, long)]
    pub follow: bool,

    /// How long to try to reach the host
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub timeout: Duration,
}

const ASK_HELP: &str = concat!(
    "\
Examples:
  wschat ask -r ops 'deploy 1.4.2?' --yes-no --timeout 5m && ./deploy
  wschat ask -r @ann 'may I restart the database?' --yes-no
  wschat ask -r ops --by ann --by ben 'deploy?' --yes-no --timeout 1h
  version=$(wschat ask -r ops 'which version?' --timeout 10m)

An answer is a reply to the message, and with --yes-no also a reaction (👍 or 👎); between
two people, any message. The first one counts. Guests can answer only with --guests:
nobody vouches for their names. The answer is written on stdout, who gave it on stderr,
and the message says so too. Exit codes besides those below: 1 no.",
    who!(),
    exits!()
);

/// `wschat ask`: ask a room or a person, and wait for the answer
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "wschat ask --help shows examples.", after_long_help = ASK_HELP)]
pub struct Ask {
    /// Where, and as whom
    #[command(flatten)]
    pub at: Place,

    /// The question
    #[arg(value_name = "QUESTION", required = true)]
    pub words: Vec<String>,

    /// Only yes and no are answers: exit code 0 is yes, 1 is no
    #[arg(long)]
    pub yes_no: bool,

    /// Only what this person answers counts; may be given several times
    #[arg(long, value_name = "NAME", value_parser = super::name, conflicts_with = "guests")]
    pub by: Vec<Nick>,

    /// What guests answer counts too
    #[arg(long)]
    pub guests: bool,

    /// How long to wait for an answer (exit code 4); without it as long as it takes
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,

    /// Write the answer as JSON
    #[arg(long)]
    pub json: bool,
}

const EXPORT_HELP: &str = concat!(
    "\
Examples:
  wschat export -r ops --format md > ops.md
  wschat export -r ops --format json --from 2026-11-01 --to 2026-11-30 | jq length
  wschat export -r @ann --format txt --from 7d

It writes the whole conversation, as far as you may read it, in its present form: edits
worked in, what was deleted left out. --to has the whole of a day. md has each message as
a quote, json is one array of objects with the fields of docs/protocol.md.",
    who!(),
    exits!()
);

/// `wschat export`: write a conversation as Markdown, JSON or text
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "wschat export --help shows examples.", after_long_help = EXPORT_HELP)]
pub struct Export {
    /// Where, and as whom
    #[command(flatten)]
    pub at: Place,

    /// How
    #[arg(long, value_enum)]
    pub format: Format,

    /// From this time, or this message, on
    #[arg(long, value_name = "TIME|SEQ")]
    pub from: Option<When>,

    /// Up to this time, or this message
    #[arg(long, value_name = "TIME|SEQ")]
    pub to: Option<When>,

    /// How long to try to reach the host
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub timeout: Duration,
}

/// What a conversation is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Markdown
    Md,
    /// One JSON array
    Json,
    /// Lines of text
    Txt,
}

/// An invitation is no argument: whoever may list the processes of this machine could come in by it.
fn server(text: &str) -> Result<Address, String> {
    let address: Address = text.parse()?;
    match address.invite {
        None => Ok(address),
        Some(_) => Err("an invitation is not for the command line, where others can read it: put it into a file and \
                        give --invite FILE, or set WSCHAT_SERVER"
            .to_owned()),
    }
}

/// A room, or a person with an `@`.
fn target(text: &str) -> Result<Target, String> {
    match text.starts_with('@') {
        true => Target::parse(text).map_err(|why| why.to_string()),
        false => room(text).map(Target::Room),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    span::parse(text).ok_or_else(|| "write a time as 30s, 5m or 1h10m".to_owned())
}

fn seq(text: &str) -> Result<Seq, String> {
    let seq = text.parse().ok().filter(|seq| *seq > 0).map(Seq);
    seq.ok_or_else(|| "that is not the number of a message; wschat tail --json shows it as seq".to_owned())
}

/// As far as a block of code takes its language.
fn language(text: &str) -> Result<String, String> {
    let held = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'#' | b'-' | b'_' | b'.');
    match !text.is_empty() && text.len() <= 20 && text.bytes().all(held) {
        true => Ok(text.to_owned()),
        false => Err("a language is a short word: rust, sh, diff, text".to_owned()),
    }
}

fn id(text: &str) -> Result<String, String> {
    match text.is_empty() || text.len() > 256 {
        true => Err("an ID has 1 to 256 bytes".to_owned()),
        false => Ok(text.to_owned()),
    }
}
