//! The words of `wschat config`. What it prints and writes is `configure`'s.

use clap::{Args, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  wschat config init                        a wschat.toml and a keys.toml to begin with
  wschat config show                        all settings, and where each comes from
  wschat config show --changed              those that are not as they come
  wschat --host --lan config show           as they would be for such a host
  $EDITOR \"$(wschat config path settings)\"
  wschat config schema > wschat.schema.json    for an editor that completes TOML

A server that is called 'config' is joined by wschat ws://config.";

/// `wschat config`: make, show and find the settings
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Settings {
    /// What to do
    #[command(subcommand)]
    pub what: What,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum What {
    /// Write a wschat.toml and a keys.toml with every line explained and none in force; what is there stays
    Init,
    /// Show the settings in force and where each comes from: default, file, argument or environment
    ///
    /// What is shown can be saved as a file. Errors of your file are listed on stderr, and the exit code is 1 then.
    Show {
        /// Only what is not as it comes
        #[arg(long)]
        changed: bool,
    },
    /// Show where everything is kept
    Path {
        /// Only this one, alone on its line
        what: Option<Place>,
    },
    /// Print a JSON schema of wschat.toml
    Schema,
}

/// A place of wschat's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum Place {
    /// wschat.toml
    Settings,
    /// keys.toml
    Keymap,
    /// The folder of your themes
    Themes,
    /// The folder of all that lasts
    Data,
    /// The history of a host
    History,
    /// The keys of your names
    Keys,
    /// What is not sent yet
    Outbox,
    /// The hosts you know by their certificates
    KnownHosts,
    /// The folder of what can be lost
    State,
    /// The log while a screen is shown
    Log,
}
