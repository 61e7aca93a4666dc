//! The words of `wschat doctor`. What it looks at is in `doctor`.

use clap::Args;

use crate::client::address::Address;

const EXAMPLES: &str = "\
Examples:
  wschat doctor                    the terminal, tmux, your files, hosts nearby
  wschat doctor chat.example       and every step of the way to that host
  wschat doctor --offline --json   nothing of the network; one JSON object a line

It changes nothing. What could be better has the line that mends it below; the exit
code is 1 when something does not work. A server that is called 'doctor' is joined
by wschat ws://doctor.";

/// `wschat doctor`: what works here, what does not, and what mends it
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    /// A host, to try every step of the way there
    #[arg(value_name = "TARGET", conflicts_with = "offline")]
    pub target: Option<Address>,

    /// Ask nothing of the network
    #[arg(long)]
    pub offline: bool,

    /// Answer in lines of JSON
    #[arg(long)]
    pub json: bool,
}
