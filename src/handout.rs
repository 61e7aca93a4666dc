//! What is given out beside the program, made from the table of its arguments: completions for shells, pages of the manual.
//! So they are never out of date; where they are installed is said by `assets/release` and by the help.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

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
    let mut all = Cli::command().disable_help_subcommand(true);
    all.build();
    pages(&all, dir).with_context(|| format!("the pages cannot be written into {shown}"))?;
    let _ = writeln!(std::io::stdout(), "the pages are in {shown}; read them by: man {shown}/wschat.1");
    Ok(())
}

fn pages(command: &Command, dir: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages(below, dir)?;
    }
    let (name, text) = page(command)?;
    std::fs::write(dir.join(name), text)
}

/// A page and the name of its file. The sections are clap_mangen's, but for the title, which names a command of a command by
/// its last word and no version, and for what follows the help, whose columns would be filled up like prose.
fn page(command: &Command) -> io::Result<(String, Vec<u8>)> {
    let man = Man::new(command.clone());
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let mut text = Vec::new();
    // The date would make two builds of the same thing differ, and a version says more.
    writeln!(text, ".TH \"{name}\" 1 \"\" \"wschat {}\" \"wschat\"", env!("CARGO_PKG_VERSION"))?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    if command.get_subcommands().any(|below| !below.is_hide_set()) {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(more) = command.get_after_long_help().or_else(|| command.get_after_help()) {
        let mut roff = Roff::new();
        roff.control("SH", ["MORE"]).control("nf", []);
        for line in more.to_string().lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []).to_writer(&mut text)?;
    }
    Ok((format!("{name}.1"), text))
}
