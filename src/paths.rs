//! Where wschat keeps its things: settings, keys, history, outboxes, logs. Directories are made for their owner alone, and
//! only when something is about to be put there. What the files hold is known to those who write them.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use directories::{ProjectDirs, UserDirs};

/// The longest part of a path made from a name; file systems take 255 bytes.
const PART: usize = 180;

/// Why a place cannot be used. The sentence says which, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// The system does not say where things go.
    #[error("this system names no home directory: set HOME, or say where to keep things with --data-dir DIR")]
    NoHome,
    /// A directory cannot be made.
    #[error("{} cannot be made: {cause}; make it yourself, or choose another place with --data-dir DIR", path.display())]
    Make {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A directory is there and not ours to write in.
    #[error("{} cannot be written to: {cause}; choose another place with --data-dir DIR", path.display())]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// All places. Nothing is made or opened by asking for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    config_file: PathBuf,
    /// Whether a person named the file; it has to be there then.
    config_named: bool,
    data: PathBuf,
    /// Whether a person named the folder.
    data_named: bool,
    state: PathBuf,
}

impl Paths {
    /// The default places of this system; `data_dir` takes the place of data, state and logs, `config` of the settings.
    pub fn new(data_dir: Option<&Path>, config: Option<&Path>) -> Result<Paths, PathError> {
        let home = ProjectDirs::from("", "", "wschat");
        Paths::with_home(home.as_ref(), data_dir, config)
    }

    fn with_home(
        home: Option<&ProjectDirs>,
        data_dir: Option<&Path>,
        config: Option<&Path>,
    ) -> Result<Paths, PathError> {
        let (data, state) = match (data_dir, home) {
            (Some(dir), _) => (dir.to_owned(), dir.to_owned()),
            (None, Some(home)) => {
                let data = home.data_local_dir().to_owned();
                let state = home.state_dir().map_or_else(|| data.clone(), Path::to_owned);
                (data, state)
            }
            (None, None) => return Err(PathError::NoHome),
        };
        let config_file = match (config, home) {
            (Some(file), _) => file.to_owned(),
            (None, Some(home)) => home.config_dir().join("wschat.toml"),
            (None, None) => data.join("wschat.toml"),
        };
        let (config_named, data_named) = (config.is_some(), data_dir.is_some());
        Ok(Paths { config_file, config_named, data, data_named, state })
    }

    /// The person's settings, if there are any. A file that was named is given whether it is there or not, so that its
    /// absence is an error.
    pub fn config_file(&self) -> Option<&Path> {
        (self.config_named || self.config_file.exists()).then_some(&self.config_file)
    }

    /// Where a person's settings are looked for.
    pub fn config_place(&self) -> &Path {
        &self.config_file
    }

    /// The person's keys, beside the settings, if there are any.
    pub fn keymap_file(&self) -> Option<PathBuf> {
        Some(self.config_file.with_file_name("keys.toml")).filter(|file| file.exists())
    }

    /// The person's themes, beside the settings.
    pub fn themes_dir(&self) -> PathBuf {
        self.config_file.with_file_name("themes")
    }

    /// Where texts go that a person saves: the folder of downloads, unless everything is to be in one place.
    pub fn saves_dir(&self) -> PathBuf {
        let downloads = UserDirs::new().and_then(|user| user.download_dir().map(Path::to_owned));
        downloads.filter(|_| !self.data_named).unwrap_or_else(|| self.data.join("saved"))
    }

    /// Where everything lasting goes; holds `host.db`, `host.lock` and the directories below.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The host's history.
    pub fn host_db(&self) -> PathBuf {
        self.data.join("host.db")
    }

    /// What keeps a second host out.
    pub fn host_lock(&self) -> PathBuf {
        self.data.join("host.lock")
    }

    /// What hosts are known by.
    pub fn known_hosts(&self) -> PathBuf {
        self.data.join("known_hosts")
    }

    /// Whom one has met, by their keys.
    pub fn known_people(&self) -> PathBuf {
        self.data.join("known_people")
    }

    /// Where the keys are.
    pub fn keys_dir(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// The key of a name, given folded. Different names have different files, and no name leads out of the directory.
    pub fn key_file(&self, folded_name: &str) -> PathBuf {
        in_parts(self.keys_dir(), folded_name, "key")
    }

    /// Where the outboxes of running clients are.
    pub fn outbox_dir(&self) -> PathBuf {
        self.data.join("outbox")
    }

    /// What was open where, the last name, and other things one can lose.
    pub fn state_dir(&self) -> &Path {
        &self.state
    }

    /// The file of that.
    pub fn state_file(&self) -> PathBuf {
        self.state.join("state.json")
    }

    /// Servers one was at.
    pub fn recent_file(&self) -> PathBuf {
        self.state.join("recent.json")
    }

    /// The log while the screen is owned.
    pub fn log_file(&self) -> PathBuf {
        self.state.join("wschat.log")
    }
}

/// Makes a directory and those above it for their owner alone, unless they are there; they keep their mode then.
pub fn make_dir(path: &Path) -> Result<(), PathError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| PathError::Make { path: path.to_owned(), cause })?;
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
        .map_err(|cause| PathError::NotWritable { path: path.to_owned(), cause: cause.into() })
}

/// Makes the directory a file is going to stand in.
pub fn make_dir_of(file: &Path) -> Result<(), PathError> {
    match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => make_dir(dir),
        _ => Ok(()),
    }
}

/// How a file for its owner alone is opened: made with 0600 if it is not there, and never through a link put in its
/// place. Add `write` or `append`.
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    options
}

/// A name as part of a file's name: never empty, never hidden, never `..` or a device, the same on file systems that do
/// not tell case apart. Different names stay different. Without a length limit; [`Paths::key_file`] cuts it in parts.
pub fn safe_name(name: &str) -> String {
    let mut out = String::from("name-");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => out.push(byte.into()),
            _ => out.push_str(&format!("={byte:02x}")),
        }
    }
    out
}

/// Too long a name goes on in directories below; a directory ends in `+`, which no file does.
fn in_parts(dir: PathBuf, name: &str, extension: &str) -> PathBuf {
    let safe = safe_name(name);
    let mut path = dir;
    let mut rest = safe.as_str();
    while rest.len() > PART {
        let (part, more) = rest.split_at(PART);
        path.push(format!("{part}+"));
        rest = more;
    }
    path.join(format!("{rest}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Component;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").permissions().mode() & 0o777
    }

    #[test]
    fn a_data_dir_holds_everything_but_the_settings() {
        let paths = Paths::new(Some(Path::new("/d")), Some(Path::new("/c/my.toml"))).expect("both are named");
        assert_eq!(paths.host_db(), Path::new("/d/host.db"));
        for path in [paths.key_file("ann"), paths.outbox_dir(), paths.state_file(), paths.log_file(), paths.host_lock()]
        {
            assert!(path.starts_with("/d"), "{path:?}");
        }
        assert_eq!(paths.config_file(), Some(Path::new("/c/my.toml")), "named, so its absence is an error later");
        assert_eq!(paths.themes_dir(), Path::new("/c/themes"));
        assert_eq!(paths.keymap_file(), None);
    }

    #[test]
    fn without_a_home_a_data_dir_is_enough() {
        assert!(matches!(Paths::with_home(None, None, None), Err(PathError::NoHome)));
        let paths = Paths::with_home(None, Some(Path::new("/no/such/place")), None).expect("a place is named");
        assert_eq!(paths.config_file(), None);
    }

    #[test]
    fn no_name_is_a_path() {
        let paths = Paths::new(Some(Path::new("/d")), None).expect("a place is named");
        let long = "漢".repeat(400);
        let longer = "漢".repeat(401);
        let names = [
            "",
            ".",
            "..",
            "../x",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "a\0b",
            "\u{1}",
            "con",
            "~",
            "-rf",
            "ann",
            "ANN",
            "a.b",
            "a=2eb",
            "a+",
            &long,
            &longer,
            "name-ann",
            "ann.key",
        ];
        let mut files = HashSet::new();
        for name in names {
            let file = paths.key_file(name);
            let inside = file.strip_prefix(paths.keys_dir()).expect("inside");
            assert!(inside.components().all(|c| matches!(c, Component::Normal(n) if n.len() < 200)), "{file:?}");
            assert!(!inside.to_string_lossy().contains(['\\', '\0', '~']));
            assert!(files.insert(file.to_string_lossy().to_lowercase()), "{name:?} shares its file");
        }
        assert_eq!(paths.key_file("ann"), Path::new("/d/keys/name-ann.key"));
    }

    #[test]
    fn made_for_the_owner_alone() {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let deep = dir.path().join("a/b");
        make_dir(&deep).expect("made");
        make_dir(&deep).expect("there already");
        assert_eq!((mode(&dir.path().join("a")), mode(&deep)), (0o700, 0o700));
        let file = deep.join("f");
        private_file().write(true).open(&file).expect("opens");
        assert_eq!(mode(&file), 0o600);
        let link = deep.join("l");
        std::os::unix::fs::symlink(&file, &link).expect("links");
        assert!(private_file().write(true).open(&link).is_err(), "a link is not followed");
    }

    #[test]
    fn an_error_says_where_and_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let file = dir.path().join("f");
        fs::write(&file, "").expect("writes");
        let error = make_dir(&file.join("below")).expect_err("below a file").to_string();
        assert!(error.contains("f/below cannot be made: ") && error.ends_with("--data-dir DIR"), "{error}");
    }
}
