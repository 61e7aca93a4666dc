//! What is given out beside the program, made from the table of its arguments: completions for shells, pages of the manual.
//! So they are never out of date; where they are installed is said by `assets/release` and by the help.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// Prints what this shell completes wschat's arguments by.
pub fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "wschat", &mut text);
    // Whoever reads may have read enough.
    let _ = std::io::stdout().write_all(&text);
    Ok(())
}

/// Writes the pages of the manual into this folder, `wschat.1` and one for each command.
pub fn man(dir: &Path) -> anyhow::Result<()> {
    let shown = dir.display();
    std::fs::create_dir_all(dir).with_context(|| format!("{shown} cannot be made"))?;
    // The date would make two builds of the same thing differ, and a version says more.
    clap_mangen::generate_to(Cli::command(), dir)
        .with_context(|| format!("the pages cannot be written into {shown}"))?;
    let _ = writeln!(std::io::stdout(), "the pages are in {shown}; read them by: man {shown}/wschat.1");
    Ok(())
}
