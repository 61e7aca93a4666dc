//! A person's files: settings, keys and theme with their errors; the folder of what lasts with its rights, its disk, its
//! lock and its history. Nothing in them is changed; how long the disk takes is tried on a file that goes at once.

use std::fs::{self, File, Metadata};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::report::{Finding, Verdict};
use crate::config::units::{show_size, show_time};
use crate::paths::{Paths, private_file};
use crate::store::StoreError;
use crate::store::lock;
use crate::store::sqlite::copies::version_of;
use crate::tui::personal::Personal;

const SETTINGS: &str = "settings";
const DATA: &str = "files";

/// Less room than that is soon too little, and less than that is too little now: a host stops taking lines then.
const SOON: u64 = 1 << 30;
const NOW: u64 = 16 << 20;

/// A disk that takes longer than that to keep a line is felt: everybody waits for it before they hear it.
const SLOW: Duration = Duration::from_millis(40);

/// How often the disk is tried, and with how much: what a line costs the history.
const TRIES: usize = 7;
const TRIED: [u8; 4096] = [0x77; 4096];

/// Files looked at in a folder: more than anybody has keys.
const FILES: usize = 1000;

/// Looks at all of them.
pub fn look(paths: &Paths) -> Vec<Finding> {
    let mut found = settings(paths);
    let dir = paths.data_dir();
    match fs::metadata(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => found.push(not_yet(dir)),
        Err(e) => found.push(Finding::new(DATA, "folder", Verdict::Fails, format!("{}: {e}", dir.display()))),
        Ok(about) if !about.is_dir() => {
            let said = format!("{} is no folder", dir.display());
            found.push(
                Finding::new(DATA, "folder", Verdict::Fails, said).mended("choose another", "wschat --data-dir DIR"),
            );
        }
        Ok(about) => {
            found.push(rights(dir, &about));
            found.extend(private(paths));
            found.extend(disk(dir));
            found.push(held(dir));
            found.extend(history(&paths.host_db()));
        }
    }
    found
}

/// Errors of the files a person writes.
fn settings(paths: &Paths) -> Vec<Finding> {
    let mut personal = Personal::new(paths);
    let (_, problems) = personal.load(None);
    let mut problems: Vec<String> = problems;
    // A file that was named has to be there; the person's own need not.
    let missing = paths.config_file().filter(|file| !file.exists());
    problems.extend(missing.map(|file| format!("{}: is not there", file.display())));
    if !problems.is_empty() {
        let one = |problem: &String| Finding::new(SETTINGS, "error", Verdict::Fails, problem);
        return problems.iter().map(one).collect();
    }
    let file = paths.config_place();
    let said = match file.exists() {
        true => format!("{} has no errors, nor have keys and theme", file.display()),
        false => format!("as they come; {} would say otherwise (wschat config init)", file.display()),
    };
    vec![Finding::new(SETTINGS, "files", Verdict::Well, said)]
}

/// It is made when it is needed; can it be?
fn not_yet(dir: &Path) -> Finding {
    let above = dir.ancestors().skip(1).find(|above| above.exists()).unwrap_or(Path::new("/"));
    match writable(above) {
        true => Finding::new(DATA, "folder", Verdict::Well, format!("{} is made when it is needed", dir.display())),
        false => {
            let said = format!(
                "{} is not there and cannot be made: {} is not yours to write in",
                dir.display(),
                above.display()
            );
            Finding::new(DATA, "folder", Verdict::Fails, said).mended(
                "in a shell; or wschat --data-dir DIR",
                format!("sudo install -d -m 700 -o \"$USER\" {}", quoted(dir)),
            )
        }
    }
}

fn writable(dir: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=@".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn rights(dir: &Path, about: &Metadata) -> Finding {
    let shown = dir.display();
    if !writable(dir) {
        let said = format!("{shown} is not yours to write in: nothing can be kept there");
        return Finding::new(DATA, "folder", Verdict::Fails, said)
            .mended("in a shell; or wschat --data-dir DIR", format!("sudo chown -R \"$USER\" {}", quoted(dir)));
    }
    match about.permissions().mode() & 0o077 {
        0 => Finding::new(DATA, "folder", Verdict::Well, format!("{shown}, for its owner alone")),
        _ => Finding::new(DATA, "folder", Verdict::Better, format!("{shown} is open to others on this machine"))
            .mended("in a shell", format!("chmod 700 {}", quoted(dir))),
    }
}

/// Keys and the history are nobody else's.
fn private(paths: &Paths) -> Option<Finding> {
    let mut files = vec![paths.host_db()];
    let mut folders = vec![paths.keys_dir(), paths.outbox_dir()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = item.path();
            match item.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() && files.len() < FILES => files.push(path),
                _ => {}
            }
        }
    }
    let others = |file: &PathBuf| fs::metadata(file).is_ok_and(|about| about.mode() & 0o077 != 0);
    let open: Vec<String> = files.iter().filter(|file| others(file)).map(|file| quoted(file)).collect();
    let first = open.first()?;
    let said = match open.len() {
        1 => format!("{first} can be read by others on this machine"),
        many => format!("{many} files can be read by others on this machine, {first} among them"),
    };
    Some(
        Finding::new(DATA, "keys and talk", Verdict::Fails, said)
            .mended("in a shell", format!("chmod 600 {}", open.join(" "))),
    )
}

fn disk(dir: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Ok(about) = rustix::fs::statvfs(dir) {
        let free = about.f_bavail.saturating_mul(about.f_frsize);
        let said = format!("{} free", show_size(free >> 20 << 20));
        found.push(match free {
            _ if free < NOW => Finding::new(DATA, "room", Verdict::Fails, format!("{said}: the disk is full"))
                .mended("to keep only some of what was said, in wschat.toml under [history]", "max_bytes = \"1 GiB\""),
            _ if free < SOON => Finding::new(DATA, "room", Verdict::Better, format!("{said}: not for long"))
                .mended("to keep only some of what was said, in wschat.toml under [history]", "max_bytes = \"1 GiB\""),
            _ => Finding::new(DATA, "room", Verdict::Well, said),
        });
    }
    found.extend(far(dir));
    found.push(match try_out(dir) {
        Err(e) => {
            Finding::new(DATA, "disk", Verdict::Fails, format!("a file in {} cannot be kept: {e}", dir.display()))
        }
        Ok(took) => {
            let ms = format!("{:.1} ms to keep a line", took.as_secs_f64() * 1000.0);
            match took > SLOW {
                true => Finding::new(
                    DATA,
                    "disk",
                    Verdict::Better,
                    format!("{ms}: whoever hosts here makes everybody wait for it"),
                )
                .mended("host in a folder of a quicker disk", "wschat --host --data-dir DIR"),
                false => Finding::new(DATA, "disk", Verdict::Well, ms),
            }
        }
    });
    found
}

/// A disk of another machine: SQLite's locks and its log in shared memory do not hold there.
#[cfg(target_os = "linux")]
fn far(dir: &Path) -> Option<Finding> {
    // As <linux/magic.h> has them.
    const FAR: [(u64, &str); 4] = [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB"), (0x0102_1997, "9P")];
    let kind = u64::from(rustix::fs::statfs(dir).ok()?.f_type as u32);
    let (_, name) = FAR.iter().find(|(known, _)| *known == kind)?;
    let said = format!("{} is on a disk of another machine ({name}): a history is not safe there", dir.display());
    Some(
        Finding::new(DATA, "whose disk", Verdict::Better, said)
            .mended("host in a folder of this machine", "wschat --host --data-dir DIR"),
    )
}

#[cfg(not(target_os = "linux"))]
fn far(_: &Path) -> Option<Finding> {
    None
}

/// How long it takes to have a little on disk for good; the middle of some tries. The file goes at once.
fn try_out(dir: &Path) -> std::io::Result<Duration> {
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    let tried = private_file().write(true).truncate(true).open(&path).and_then(|mut file: File| {
        let mut took = Vec::new();
        for _ in 0..TRIES {
            let begun = Instant::now();
            file.write_all(&TRIED)?;
            file.sync_data()?;
            took.push(begun.elapsed());
        }
        took.sort();
        Ok(took[TRIES / 2])
    });
    let _ = fs::remove_file(&path);
    tried
}

fn held(dir: &Path) -> Finding {
    match lock::holder(dir) {
        Ok(None) => Finding::new(DATA, "lock", Verdict::Well, "no host runs in this folder"),
        Ok(Some(pid)) => Finding::new(DATA, "lock", Verdict::Well, format!("a host runs in this folder (pid {pid})")),
        Err(e) => Finding::new(DATA, "lock", Verdict::Fails, format!("host.lock cannot be read: {e}"))
            .mended("in a shell", format!("sudo chown \"$USER\" {}", quoted(&dir.join("host.lock")))),
    }
}

fn history(file: &Path) -> Option<Finding> {
    let about = fs::metadata(file).ok()?;
    let new = |verdict, said| Finding::new(DATA, "history", verdict, said);
    Some(match version_of(file) {
        Ok((found, newest)) if found == newest => new(
            Verdict::Well,
            format!(
                "{}, version {found}; all of it is looked over by: wschat admin verify",
                show_size(about.len() >> 10 << 10)
            ),
        ),
        Ok((found, newest)) => new(
            Verdict::Well,
            format!("version {found}: a host brings it to {newest} at its next start, and keeps a copy"),
        ),
        Err(StoreError::Newer { found, known, .. }) => new(
            Verdict::Fails,
            format!("it is of version {found}, this wschat knows up to {known}: a newer one wrote it"),
        )
        .mended("get that one", "cargo install --locked --path ."),
        Err(other) => new(Verdict::Fails, other.to_string())
            .mended("in a shell, with the host stopped, if you have a backup", "wschat admin restore FILE"),
    })
}

/// How far apart two clocks are, in words.
pub fn apart(time: Duration) -> String {
    show_time(Duration::from_secs(time.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: &Path) -> Paths {
        let config = dir.join("none.toml");
        fs::write(&config, "").expect("the test's folder can be written");
        Paths::new(Some(&dir.join("data")), Some(&config)).expect("both are named")
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_fine_and_stays_so() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let paths = at(dir.path());
        let found = look(&paths);
        assert!(!found.iter().any(Finding::fails), "{found:?}");
        assert!(!paths.data_dir().exists(), "nothing is made");
    }

    #[test]
    fn keys_that_others_can_read_and_histories_of_nobody_are_told() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let paths = at(dir.path());
        fs::create_dir_all(paths.keys_dir()).expect("made");
        let key = paths.keys_dir().join("name-ann.key");
        fs::write(&key, "x").expect("written");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("ours");
        fs::set_permissions(paths.data_dir(), fs::Permissions::from_mode(0o755)).expect("ours");
        fs::write(paths.host_db(), "this is no history at all, whatever its name says").expect("written");
        fs::set_permissions(paths.host_db(), fs::Permissions::from_mode(0o600)).expect("ours");
        let found = look(&paths);
        let line =
            |what: &str| found.iter().find(|one| one.what() == what).map(|one| (one.verdict(), one.line().to_owned()));
        assert_eq!(line("keys and talk"), Some((Verdict::Fails, format!("chmod 600 {}", key.display()))));
        assert_eq!(line("folder"), Some((Verdict::Better, format!("chmod 700 {}", paths.data_dir().display()))));
        assert!(matches!(line("history"), Some((Verdict::Fails, _))), "{found:?}");
        assert_eq!(fs::read_dir(paths.data_dir()).expect("ours").count(), 2, "nothing is left behind");
    }
}
