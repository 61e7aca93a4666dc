//! The words of `wschat completions` and `wschat man`. What they write is `handout`'s.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

const SHELLS: &str = "\
Where they go:
  bash        wschat completions bash > ~/.local/share/bash-completion/completions/wschat
  zsh         wschat completions zsh > DIR/_wschat, DIR being in $fpath before compinit
  fish        wschat completions fish > ~/.config/fish/completions/wschat.fish
  PowerShell  wschat completions powershell >> $PROFILE";

const MAN: &str = "\
Example:
  wschat man ~/.local/share/man/man1 && man wschat";

/// `wschat completions`: print what a shell completes wschat's arguments by
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = SHELLS)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// `wschat man`: write the manual's pages, one for each command
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = MAN)]
pub struct Man {
    /// The folder; it is made when it is not there
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
