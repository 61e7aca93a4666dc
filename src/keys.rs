//! `--export-keys` and `--import-keys`: asks for the passphrase, reads and writes the file, says what came of it. How keys are
//! sealed is `client::backup`'s, where they live `client::keyring`'s.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, anyhow, bail};

use crate::client::backup::{self, FILE_BYTES, PASSPHRASE};
use crate::client::keyring::Keyring;
use crate::paths::Paths;

/// A passphrase from the terminal, unseen, or the first line of stdin.
fn passphrase(twice: bool) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("no passphrase can be read")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let asked = rpassword::prompt_password("Passphrase: ").context("no passphrase can be asked for")?;
    if twice && rpassword::prompt_password("Again: ").context("no passphrase can be asked for")? != asked {
        bail!("the two are not the same");
    }
    Ok(asked)
}

/// Writes all keys into a new file.
pub fn export(paths: &Paths, file: &Path) -> anyhow::Result<()> {
    let keys = Keyring::at(paths.keys_dir()).all()?;
    if keys.is_empty() {
        bail!("there are no keys in {}", paths.keys_dir().display());
    }
    let passphrase = passphrase(true)?;
    if passphrase.chars().count() < PASSPHRASE {
        bail!("a passphrase has {PASSPHRASE} characters at least");
    }
    let mut chance = [0; 28];
    getrandom::fill(&mut chance).map_err(|e| anyhow!("no random numbers: {e}"))?;
    let sealed = backup::seal(&keys, &passphrase, &chance)?;
    // A new file alone: what is there may be the only copy of something.
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened.with_context(|| format!("{} cannot be made", file.display()))?;
    opened.write_all(sealed.as_bytes()).and_then(|()| opened.sync_all())?;
    let _ = writeln!(std::io::stdout(), "{} keys are in {}", keys.len(), file.display());
    Ok(())
}

/// Takes the keys of a file in; what is here stays.
pub fn import(paths: &Paths, file: &Path) -> anyhow::Result<()> {
    let mut text = String::new();
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    opened.take(FILE_BYTES).read_to_string(&mut text).with_context(|| format!("{} is no text", file.display()))?;
    let keys = backup::open(&text, &passphrase(false)?).with_context(|| file.display().to_string())?;
    let ring = Keyring::at(paths.keys_dir());
    let mut out = std::io::stdout();
    for (name, secret) in &keys {
        let said = match ring.put(name, secret)? {
            true => "is here",
            false => "has another key here, which stays; move it away to take the one of the file",
        };
        let _ = writeln!(out, "{name} {said}");
    }
    Ok(())
}
