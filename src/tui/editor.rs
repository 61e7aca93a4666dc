//! A draft in the person's own editor: `$VISUAL`, else `$EDITOR`, else `vi`, with the draft in a file that nobody else can
//! read and that is gone afterwards. The terminal is the editor's meanwhile; whose it is when is `tui`'s.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;

use crate::paths::private_file;

/// Bytes that are read back: as much as a draft may be, and one more, so that it is seen to be too much.
const READ_BACK: u64 = 64 * 1024 + 1;

/// Edits a text in `dir` and gives it back as it was saved. Waits for the editor, so it is not for a thread that others
/// need. An error says what to do.
pub fn edit(dir: &Path, text: &str) -> Result<String, String> {
    let command =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.trim().is_empty()));
    let command = command.unwrap_or_else(|| "vi".to_owned());
    let file = dir.join(format!("draft-{}.md", std::process::id()));
    let edited = with_file(&file, text, &command);
    let _ = fs::remove_file(&file);
    edited
}

fn with_file(file: &Path, text: &str, command: &str) -> Result<String, String> {
    let kept = |e: io::Error| format!("the draft cannot be put into {}: {e}", file.display());
    let _ = fs::remove_file(file);
    private_file().write(true).open(file).and_then(|mut new| new.write_all(text.as_bytes())).map_err(kept)?;
    // As git and cron do: the variable may hold arguments, and only a shell takes them apart as people write them.
    let ended = Command::new("/bin/sh").arg("-c").arg(format!("{command} \"$1\"")).arg("sh").arg(file).status();
    match ended {
        Ok(status) if status.success() => {}
        Ok(status) => {
            return Err(format!("the draft is as it was: `{command}` ended with {status}"));
        }
        Err(why) => return Err(format!("set $EDITOR: `{command}` cannot be started: {why}")),
    }
    let mut bytes = Vec::new();
    fs::File::open(file).and_then(|file| file.take(READ_BACK).read_to_end(&mut bytes)).map_err(kept)?;
    String::from_utf8(bytes).map_err(|_| "the draft is as it was: what was saved is not UTF-8".to_owned())
}
