//! `wschat doctor` from the built binary: without a terminal, in one that answers and in one that does not, behind tmux, on
//! the way to hosts that are there and that are not, and with files that are wrong. It tells the line that mends it.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::process::{Host, wschat};
use common::term::{self, Term, free_port};
use serde_json::Value;

/// The files of a test, with settings of its own.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new(settings: &str) -> Place {
        let dir = tempfile::tempdir().expect("a folder for the test");
        std::fs::write(dir.path().join("own.toml"), settings).expect("the test's folder can be written");
        Place { dir }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// What it finds, and its exit code.
    fn finds(&self, args: &[&str]) -> (Vec<Value>, Option<i32>) {
        let done = wschat()
            .args(["doctor", "--json"])
            .args(args)
            .arg("--data-dir")
            .arg(self.data())
            .arg("--config")
            .arg(self.dir.path().join("own.toml"))
            .env_remove("TMUX")
            .output()
            .expect("the binary is built");
        assert_eq!(String::from_utf8_lossy(&done.stderr), "");
        let out = String::from_utf8(done.stdout).expect("it speaks UTF-8");
        let lines = out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        (lines, done.status.code())
    }
}

/// What was found of one thing.
fn of<'a>(found: &'a [Value], area: &str, what: &str) -> &'a Value {
    let one = found.iter().find(|one| one["area"] == area && one["what"] == what);
    one.unwrap_or_else(|| panic!("nothing of {area}, {what} in {found:#?}"))
}

#[test]
fn without_a_terminal_it_says_what_it_could_not_ask_and_all_else() {
    let place = Place::new("");
    let (found, code) = place.finds(&["--offline"]);
    assert_eq!(code, Some(0), "{found:#?}");
    let rest = of(&found, "terminal", "everything else");
    assert_eq!(rest["verdict"], "unasked");
    assert_eq!(of(&found, "settings", "files")["verdict"], "ok");
    assert_eq!(of(&found, "files", "folder")["verdict"], "ok");
    assert!(!place.data().exists(), "it makes nothing");
}

#[test]
fn errors_of_settings_are_listed_and_it_fails() {
    let place = Place::new("[ui]\ndensity = \"tight\"\nbell = true\nthme = \"dark\"\n");
    let (found, code) = place.finds(&["--offline"]);
    let errors: Vec<&str> =
        found.iter().filter(|one| one["area"] == "settings").filter_map(|one| one["said"].as_str()).collect();
    assert_eq!((errors.len(), code), (2, Some(1)), "{found:#?}");
    assert!(errors[0].contains("own.toml:2: ") && errors[1].contains("did you mean \"theme\"?"), "{errors:?}");
}

#[test]
fn the_way_to_a_host_is_told_step_by_step() {
    let place = Place::new("");
    let host = Host::start("127.0.0.1:0", &place.data(), &[]);
    let (found, code) = place.finds(&[&host.authority()]);
    assert_eq!(code, Some(0), "{found:#?}");
    for what in ["name", "connection", "encryption", "wschat.v1", "clock"] {
        assert_eq!(of(&found, "host", what)["verdict"], "ok", "{what}: {found:#?}");
    }
    // The host's own folder, too.
    let lock = of(&found, "files", "lock")["said"].as_str().unwrap_or_default();
    assert!(lock.contains(&format!("pid {}", host.pid())), "{lock}");
    assert!(of(&found, "files", "history")["said"].as_str().is_some_and(|said| said.contains("version ")));
    assert_ne!(of(&found, "files", "disk")["verdict"], "fails");
    host.stop();
    let (found, code) = place.finds(&["--offline"]);
    assert_eq!(code, Some(0), "{found:#?}");
    assert!(of(&found, "files", "lock")["said"].as_str().is_some_and(|said| said.starts_with("no host")));
}

#[test]
fn the_step_that_fails_has_the_line_that_mends_it() {
    let place = Place::new("");
    let port = free_port();
    let (found, code) = place.finds(&[&format!("127.0.0.1:{port}")]);
    let connection = of(&found, "host", "connection");
    assert_eq!((connection["verdict"].as_str(), code), (Some("fails"), Some(1)), "{found:#?}");
    assert_eq!(connection["mends"], format!("wschat --host {port}"));

    let (found, code) = place.finds(&["no-such-host.invalid"]);
    assert_eq!((of(&found, "host", "name")["verdict"].as_str(), code), (Some("fails"), Some(1)), "{found:#?}");
}

#[test]
fn something_else_that_listens_is_told_from_a_host() {
    use std::io::{Read, Write};
    let place = Place::new("");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let server = std::thread::spawn(move || {
        let status = ["HTTP/1.1 404 Not Found", "HTTP/1.1 403 Forbidden"];
        // Each time the connection is tried first, and then spoken on.
        for line in status {
            let _ = listener.accept();
            let Ok((mut socket, _)) = listener.accept() else { return };
            let _ = socket.read(&mut [0; 4096]);
            let _ = write!(socket, "{line}\r\ncontent-length: 8\r\nconnection: close\r\n\r\ngo away\n");
        }
    });
    let target = format!("ws://127.0.0.1:{port}");
    let (found, code) = place.finds(&[&target]);
    let upgrade = of(&found, "host", "upgrade");
    assert_eq!(code, Some(1));
    assert!(upgrade["mends"].as_str().is_some_and(|line| line.contains("proxy_set_header Upgrade")), "{found:#?}");
    let (found, _) = place.finds(&[&target]);
    let upgrade = of(&found, "host", "upgrade");
    assert!(upgrade["said"].as_str().is_some_and(|said| said.ends_with("turns you away: go away")), "{found:#?}");
    assert_eq!(upgrade["mends"], "names = [\"127.0.0.1\"]");
    server.join().expect("it does not panic");
}

/// Runs it in a terminal which answers so when it is asked; gives what is on the screen in the end.
fn in_terminal(place: &Place, answers: Option<&str>, vars: &[(&str, &Path)]) -> String {
    let mut command = term::wschat(&place.data(), &["doctor", "--offline"]);
    for var in ["TMUX", "STY", "VTE_VERSION", "WT_SESSION", "LC_ALL", "LC_CTYPE"] {
        command.env_remove(var);
    }
    command.env("LANG", "C.UTF-8");
    for (name, value) in vars {
        command.env(name, value);
    }
    let mut term = Term::open(command, 150, 60);
    if let Some(answers) = answers {
        let end = std::time::Instant::now() + common::bot::DEADLINE;
        while !term.raw().ends_with(b"\x1b[c") {
            assert!(std::time::Instant::now() < end, "it asks nothing");
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        term.types(answers);
    }
    term.written_out();
    assert!(term.ends().success(), "{}", term.screen());
    term.screen()
}

#[test]
fn a_terminal_is_asked_and_its_answers_are_told() {
    let place = Place::new("");
    let kitty = "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?0u\x1b[?2004;2$y\x1b[?1004;2$y\x1b[?1006;2$y\x1b[?2026;2$y\
                 \x1bP>|kitty(0.35.2)\x1b\\\x1bP1+r524742=8\x1b\\\x1b[?62;52c";
    let screen = in_terminal(&place, Some(kitty), &[]);
    for words in [
        "TERM=xterm-256color, kitty(0.35.2)",
        "export COLORTERM=truecolor",
        "pastes come in one piece",
        "it tells when its window is looked at",
        "shows each picture at once",
        "copies a message, over SSH too",
        "dark; the theme \"auto\" suits it",
        "150 columns, 60 rows",
    ] {
        assert!(screen.contains(words), "no {words:?} in\n{screen}");
    }
}

#[test]
fn a_terminal_that_does_not_answer_is_waited_for_once() {
    let screen = in_terminal(&Place::new(""), None, &[]);
    assert!(screen.contains("the terminal answers no question"), "{screen}");
}

#[test]
fn what_tmux_holds_back_has_its_line() {
    let place = Place::new("");
    let bin = place.dir.path().join("bin");
    std::fs::create_dir(&bin).expect("the test's folder can be written");
    let tmux = bin.join("tmux");
    let says = "#!/bin/sh\necho 'set-clipboard external'\necho 'focus-events off'\necho 'allow-passthrough off'\n\
                echo 'mouse on'\necho 'wschat-version 3.4'\necho 'wschat-terminal foot'\necho 'wschat-features RGB'\n";
    std::fs::write(&tmux, says).expect("the test's folder can be written");
    std::fs::set_permissions(&tmux, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let screen = in_terminal(&place, Some("\x1b[?1;2c"), &[("TMUX", Path::new("/tmp/none,1,0")), ("PATH", &bin)]);
    for line in [
        "set -s set-clipboard on",
        "set -g focus-events on",
        "set -g allow-passthrough on",
        "set -as terminal-features ',foot:hyperlinks'",
    ] {
        assert!(screen.contains(line), "no {line:?} in\n{screen}");
    }
}
