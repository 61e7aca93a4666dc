//! The words of `wschat admin`, as clap reads them and its help shows them. What they do is in `admin`, which of them
//! may be done is the hub's to say.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::protocol::names::Nick;
use crate::protocol::rights::LONGEST;
use crate::protocol::span;

const EXAMPLES: &str = "\
Examples:
  wschat admin list                         who and which rooms there are
  wschat admin --data-dir /var/lib/wschat owner ann
  wschat admin ban mallory 1h10m spam       for a time, with a reason
  wschat admin ban mallory                  for good
  wschat admin audit 20                     the last 20 things done to keep order
  wschat admin backup /backup/host.db       while people talk
  wschat admin verify /backup/host.db
  wschat admin restore /backup/host.db      while the host is stopped

It works through the folder of the host (--data-dir, as the host was given it) and
never over the network: whoever may write there may do all of this. A host that
runs does it at once and people see it; one that is stopped finds it done. What is
done to people is on the record (/audit in the chat) as done by the host.

A server called 'admin' is joined by wschat ws://admin.";

/// `wschat admin`: keep order on a host, and its history safe, through its folder
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Admin {
    /// What to do
    #[command(subcommand)]
    pub what: What,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum What {
    /// Show who and which rooms there are
    List(Form),
    /// Give the host to somebody; who owned it before is an ordinary member from then on
    Owner {
        /// Their name; they need a key, so they have been here
        #[arg(value_parser = name)]
        name: Nick,
    },
    /// Make somebody an operator of the host
    Op {
        /// Their name
        #[arg(value_parser = name)]
        name: Nick,
    },
    /// Make an operator an ordinary member
    Deop {
        /// Their name
        #[arg(value_parser = name)]
        name: Nick,
    },
    /// Put somebody off the host; they may not come again, for a time or for good
    Ban {
        /// Their name
        #[arg(value_parser = name)]
        name: Nick,
        /// How long (30s, 10m, 1h10m, 7d), and why
        #[arg(value_name = "TIME] [REASON", trailing_var_arg = true)]
        why: Vec<String>,
    },
    /// Let somebody come again
    Unban {
        /// The name they have, or had when they were banned
        #[arg(value_parser = name)]
        name: Nick,
    },
    /// Show who may not come, or not speak
    Bans(Form),
    /// Show what was done to keep order, the newest last
    Audit {
        /// How many lines
        #[arg(value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        lines: u32,

        #[command(flatten)]
        form: Form,
    },
    /// Copy the history into a new file, also while people talk
    Backup {
        /// The file, which must not be there yet
        file: PathBuf,
    },
    /// Look the host's history over, or a backup
    Verify {
        /// A backup; without it the host's own history
        file: Option<PathBuf>,
    },
    /// Put a backup in the place of the history of a stopped host; what was there is kept beside it
    Restore {
        /// The backup
        file: PathBuf,
    },
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Form {
    /// Answer in lines of JSON
    #[arg(long)]
    pub json: bool,
}

fn name(text: &str) -> Result<Nick, String> {
    Nick::parse(text.strip_prefix('@').unwrap_or(text)).map_err(|why| why.to_string())
}

/// How long, if the first word is a time, and why.
pub fn sentence(words: &[String]) -> Result<(Option<Duration>, String), String> {
    let text = words.join(" ");
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
    match span::parse(first) {
        Some(time) if time > LONGEST => Err(format!(
            "{first} is longer than the longest ban with an end, {}; without a time it is for good",
            span::show(LONGEST)
        )),
        Some(time) => Ok((Some(time), rest.trim().to_owned())),
        None => Ok((None, text)),
    }
}
