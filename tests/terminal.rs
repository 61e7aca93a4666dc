//! The built binary in a real terminal, as a person has it: host and guest, keys and screens, and every way out.
//! Names in use, kept lines and unread counts of several screens are in `screens.rs`.

mod common;

use common::process::signal;
use common::term::{Term, free_port, plain_environment, settings, wschat};
use portable_pty::CommandBuilder;
use rustix::process::Signal;

const ALT_DOWN: &str = "\x1b[1;3B";

#[test]
fn host_and_guest_talk_switch_rooms_and_outlive_the_host() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let port = free_port().to_string();
    let data = dir.path().join("data");
    let mut host = Term::open(wschat(&data, &["--host", &port]), 120, 40);
    host.shows("What shall you be called?");
    host.types("a b");
    host.shows("cannot hold blanks");
    host.types("\x15ann");
    host.shows("goes in as ann");
    host.types("\r");
    host.shows("ann › write to #lobby");
    host.shows("1 here");

    let at = format!("localhost:{port}");
    let mut guest = Term::open(wschat(&dir.path().join("other"), &[&at]), 80, 24);
    guest.shows("What shall you be called?");
    guest.types("ann\r");
    guest.shows("Free:");
    guest.types("\x15ben\r");
    guest.shows("ben › write to #lobby");
    host.shows("● ben");
    guest.types("good morning 漢字\r");
    host.shows("good morning 漢字");
    host.types("hi ben\r");
    guest.shows("hi ben");

    // Rooms: one makes it, both talk there, keys go to and fro, counts show what waits elsewhere.
    host.types("/join #dev\r");
    host.shows("ann › write to #dev");
    guest.types("/join dev\r");
    guest.shows("ben › write to #dev");
    guest.types("in dev\r");
    host.shows("in dev");
    host.types("\x10");
    host.shows("ann › write to #lobby");
    guest.types("ann, one more\r");
    host.until("a mention counted", |screen| {
        screen.contents().lines().any(|l| l.contains("# dev") && l.contains("@1"))
    });
    host.types(ALT_DOWN);
    host.shows("ann, one more");
    host.types("\x1b2");
    host.types("\x1b1");
    host.shows("ann › write to #lobby");
    host.types("\x1b/");
    host.shows("ann › write to #dev");
    guest.types("\x1b1");
    guest.shows("ben › write to #lobby");

    // Nobody is asked while nobody hosts; what is written waits on disk and is said once, in order.
    host.kill();
    guest.shows("reconnecting in");
    guest.types("written while away\r");
    guest.shows("queued");
    guest.types("and another\r");
    guest.until("two lines queued", |screen| screen.contents().matches("queued").count() == 2);
    let mut host = Term::open(wschat(&data, &["--host", &port, "--name", "ann"]), 120, 40);
    guest.types("\r");
    guest.hides("queued");
    host.shows("and another");
    for screen in [host.screen(), guest.screen()] {
        let at = |words: &str| screen.find(words).unwrap_or_else(|| panic!("{words} is missing in\n{screen}"));
        assert_eq!(screen.matches("written while away").count(), 1, "said once:\n{screen}");
        assert!(at("good morning") < at("hi ben") && at("hi ben") < at("written while away"), "{screen}");
        assert!(at("written while away") < at("and another"), "{screen}");
    }
    // A host with others on it asks once.
    host.types("/quit\r");
    host.shows("/quit again stops it");
    host.types("/quit\r");
    assert!(host.ends().success());
    guest.types("\x03\x03");
    assert!(guest.ends().success());
}

#[test]
fn nobody_there_is_said_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let at = format!("localhost:{}", free_port());
    let mut guest = Term::open(wschat(&dir.path().join("data"), &[&at, "--name", "ben"]), 130, 24);
    guest.shows(&format!("Can't reach ws://{at}"));
    guest.shows("Start one with wschat --host");
    guest.shows("reconnecting in");
    guest.types("/quit\r");
    assert!(guest.ends().success());
}

/// A shell that tells how the terminal was before and after.
fn between_stty(dir: &std::path::Path, args: &str, before: &str) -> CommandBuilder {
    let mut shell = CommandBuilder::new("sh");
    let (data, config) = (dir.join("data"), settings(&dir.join("data")));
    shell.args(["-c", &format!(
        "stty -a > {d}/before; {before} {} {args} --data-dir {} --config {} 2> {d}/errors; echo $? > {d}/code; stty -a > {d}/after; echo it is over",
        env!("CARGO_BIN_EXE_wschat"), data.display(), config.display(), d = dir.display(),
    )]);
    plain_environment(&mut shell);
    shell
}

fn left_as_found(dir: &std::path::Path, term: &Term, code: &str) {
    term.shows("it is over");
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect("the shell wrote it");
    assert_eq!(read("before"), read("after"), "stty -a");
    assert_eq!(read("code").trim(), code, "{}", read("errors"));
    term.until("a terminal given back", |screen| {
        let mouse = screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
        mouse && !screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor()
    });
    let raw = String::from_utf8_lossy(&term.raw()).into_owned();
    assert!(raw.rfind("\x1b[?1004l") >= raw.rfind("\x1b[?1004h"), "focus reports are off again");
    assert!(raw.rfind("\x1b[<1u") >= raw.rfind("\x1b[>1u"), "keys are reported as before");
}

/// The pid of the program under that shell, from the lock it holds.
fn pid_of_host(dir: &std::path::Path) -> u32 {
    let text = std::fs::read_to_string(dir.join("data/host.lock")).expect("the host holds its lock");
    text.trim().parse().expect("it is a pid")
}

#[test]
fn the_terminal_is_left_as_found() {
    let quit: &[(&str, &str)] = &[("/quit\r", "0"), ("\x03\x03", "0"), ("\x11", "0")];
    for (keys, code) in quit {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let args = format!("--host {} --name ann", free_port());
        let mut term = Term::open(between_stty(dir.path(), &args, ""), 80, 24);
        term.shows("write to #lobby");
        term.types(keys);
        left_as_found(dir.path(), &term, code);
    }
    for by in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let args = format!("--host {} --name ann", free_port());
        let term = Term::open(between_stty(dir.path(), &args, ""), 80, 24);
        term.shows("write to #lobby");
        signal(pid_of_host(dir.path()), by);
        left_as_found(dir.path(), &term, "0");
    }
}

#[test]
fn errors_are_told_on_a_terminal_left_as_found() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder for the test");
    let args = "localhost:9 --name ann";
    let mut term = Term::open(between_stty(dir.path(), args, ""), 80, 24);
    term.shows("Can't reach");
    term.types("/quit\r");
    left_as_found(dir.path(), &term, "0");
    let mut keys = std::fs::read_dir(dir.path().join("data/keys")).expect("a key was made");
    let key = keys.next().expect("there is one").expect("it can be read").path();
    assert_eq!(std::fs::metadata(&key).expect("it is there").permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let term = Term::open(between_stty(dir.path(), args, ""), 80, 24);
    left_as_found(dir.path(), &term, "1");
    let errors = std::fs::read_to_string(dir.path().join("errors")).expect("the shell wrote it");
    assert!(errors.contains("chmod 600"), "{errors}");

    // Chosen at the prompt, the screen is there already: it is given back first.
    let term_args = "localhost:9";
    let mut term = Term::open(between_stty(dir.path(), term_args, ""), 80, 24);
    term.shows("What shall you be called?");
    term.types("\x15ann\r");
    left_as_found(dir.path(), &term, "1");
    let errors = std::fs::read_to_string(dir.path().join("errors")).expect("the shell wrote it");
    assert!(errors.contains("chmod 600"), "{errors}");

    let term = Term::open(between_stty(dir.path(), args, "TERM="), 80, 24);
    left_over(dir.path(), &term, "2", "TERM");
}

fn left_over(dir: &std::path::Path, term: &Term, code: &str, says: &str) {
    term.shows("it is over");
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect("the shell wrote it");
    assert_eq!(read("code").trim(), code);
    assert!(read("errors").contains(says), "{}", read("errors"));
}

#[test]
fn a_closed_window_ends_the_program() {
    for before in ["", "trap '' HUP;"] {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let args = format!("--host {} --name ann", free_port());
        let mut term = Term::open(between_stty(dir.path(), &args, before), 80, 24);
        term.shows("write to #lobby");
        term.close();
        let end = std::time::Instant::now() + common::bot::DEADLINE;
        let lock = std::fs::File::open(dir.path().join("data/host.lock")).expect("the host holds its lock");
        while lock.try_lock().is_err() {
            assert!(std::time::Instant::now() < end, "it goes on without a terminal");
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    }
}

#[test]
fn suspended_and_back() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("data");
    let mut shell = CommandBuilder::new("sh");
    shell.arg("-i");
    plain_environment(&mut shell);
    shell.env("PS1", "ready> ");
    shell.env("ENV", "");
    let mut term = Term::open(shell, 80, 24);
    term.shows("ready>");
    let config = settings(&data);
    let run = format!(
        "{} --host {} --name ann --data-dir {} --config {}\r",
        env!("CARGO_BIN_EXE_wschat"),
        free_port(),
        data.display(),
        config.display()
    );
    term.types(&run);
    term.shows("write to #lobby");
    term.types("half a li\x1a");
    term.until("the shell again", |screen| !screen.alternate_screen() && screen.contents().contains("Stopped"));
    term.types("fg\r");
    term.until("the screen again", |screen| screen.alternate_screen() && screen.contents().contains("half a li"));
    term.types("ne\r");
    term.shows("half a line");
    term.hides("sending");
    term.types("\x11");
    term.until("the end", |screen| !screen.alternate_screen());
}

/// Run by the test below in a terminal of its own; by itself it does nothing.
#[test]
fn child_that_panics() {
    if std::env::var_os("WSCHAT_TEST_PANICS").is_none() {
        return;
    }
    wschat::tui::terminal::end_on_panic();
    let _screen = wschat::tui::terminal::Screen::take(true, true).expect("there is a terminal");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(async {
        // A task as those of screen and wire are, or a thread as the store's is.
        match std::env::var("WSCHAT_TEST_PANICS").as_deref() {
            Ok("thread") => drop(std::thread::spawn(|| panic!("on purpose")).join()),
            _ => drop(tokio::spawn(async { panic!("on purpose") }).await),
        }
        std::future::pending::<()>().await;
    });
}

#[test]
fn a_panic_of_any_task_gives_the_terminal_back() {
    for whose in ["task", "thread"] {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let program = std::env::current_exe().expect("this test has a file");
        let mut shell = CommandBuilder::new("sh");
        shell.args(["-c", &format!(
        "stty -a > {d}/before; {} --exact child_that_panics --nocapture 2> {d}/errors; echo $? > {d}/code; stty -a > {d}/after; echo it is over",
        program.display(), d = dir.path().display(),
    )]);
        plain_environment(&mut shell);
        shell.env("WSCHAT_TEST_PANICS", whose);
        let term = Term::open(shell, 80, 24);
        left_as_found(dir.path(), &term, "101");
        let errors = std::fs::read_to_string(dir.path().join("errors")).expect("the shell wrote it");
        assert!(errors.contains("on purpose"), "{errors}");
    }
}

#[test]
fn a_draft_outlives_kill_nine_and_one_is_where_one_was() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = common::process::Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let data = dir.path().join("data");
    let args = [&host.authority(), "--name", "ann"];
    let mut ann = Term::open(wschat(&data, &args), 80, 24);
    ann.shows("ann › write to #lobby");
    ann.types("/join #dev\r");
    ann.shows("ann › write to #dev");
    ann.types("half a thought");
    let begun = std::time::Instant::now();
    let kept = || {
        let files = walk(&data).into_iter().filter(|path| path.to_string_lossy().contains("drafts"));
        files.filter_map(|path| std::fs::read_to_string(path).ok()).any(|text| text.contains("half a thought"))
    };
    while !kept() {
        assert!(begun.elapsed() < common::bot::DEADLINE, "the draft is kept");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    ann.kill();
    let ann = Term::open(wschat(&data, &args), 80, 24);
    ann.shows("ann › half a thought");
    ann.until("one is in #dev", |screen| screen.contents().contains("▌# dev"));
}

/// All files below a folder.
fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let items = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|item| item.path());
    items.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_draft_is_edited_in_ones_own_editor() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = common::process::Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let editor = dir.path().join("my editor");
    let script = "#!/bin/sh\nprintf 'editing %s; ' \"$(cat \"$1\")\"\nread line\n[ \"$line\" = fail ] && exit 3\nprintf '%s, %s\\n' \"$(cat \"$1\")\" \"$line\" > \"$1\"\n";
    std::fs::write(&editor, script).expect("a script of the test");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).expect("it may be run");
    let mut command = wschat(&dir.path().join("data"), &[&host.authority(), "--name", "ann"]);
    command.env("EDITOR", format!("'{}'", editor.display()));
    command.env("VISUAL", "");
    let mut ann = Term::open(command, 80, 24);
    ann.shows("ann › write to #lobby");
    ann.types("begun");
    ann.shows("ann › begun");
    ann.types("\x1bk");
    ann.shows("editing begun;");
    ann.types("ended\r");
    ann.shows("ann › begun, ended");
    // What fails leaves the draft as it was, and says so.
    ann.types("\x1bk");
    ann.shows("editing begun, ended;");
    ann.types("fail\r");
    ann.shows("the draft is as it was");
    ann.types("!\r");
    ann.shows("begun, ended!");
    ann.shows("ann › write to #lobby");
    let left = walk(&dir.path().join("data")).into_iter().filter(|path| path.to_string_lossy().contains("draft-"));
    assert_eq!(left.count(), 0, "no draft is left lying about");
}

#[test]
fn the_demo_is_lively_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let mut command = wschat(&dir.path().join("data"), &["--name", "ann", "--demo"]);
    command.env("TMPDIR", dir.path());
    command.env("TZ", "UTC");
    let mut ann = Term::open(command, 120, 40);
    ann.shows("Friday demo at 15:00");
    ann.shows("ann › write to #lobby");
    ann.shows("● eli");
    ann.until("what waits elsewhere is counted", |screen| {
        screen.contents().lines().any(|line| line.contains("# ops") && line.contains("@1"))
    });
    ann.shows("14:10");
    ann.types("/topic a new one\r");
    ann.shows("#lobby   a new one");
    ann.types("/join #mine\r");
    ann.shows("ann › write to #mine");
    ann.types("\x1b1");
    ann.types("hello\r");
    ann.shows("ha, exactly");
    ann.types("\x11");
    assert!(ann.ends().success());
    let left: Vec<_> = walk(dir.path()).into_iter().filter(|path| path.to_string_lossy().contains("demo")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What was typed and what waits is there again, however the program was told to end.
#[test]
fn every_signal_keeps_what_was_written() {
    for by in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let host = common::process::Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
        let at = host.authority();
        let args = format!("{at} --name ann");
        // The shell in between tells the program's own id.
        let before = format!("sh -c 'echo $$ > {}/pid; exec \"$0\" \"$@\"'", dir.path().display());
        let mut command = between_stty(dir.path(), &args, &before);
        // One that is known to speak the kitty protocol, so that this is given back too.
        command.env("TERM_PROGRAM", "WezTerm");
        let mut ann = Term::open(command, 80, 24);
        ann.shows("ann › write to #lobby");
        host.kill();
        ann.shows("reconnecting in");
        ann.types("said to nobody\r");
        ann.shows("queued");
        ann.types("half a thought");
        ann.shows("half a thought");
        let pid = std::fs::read_to_string(dir.path().join("pid")).expect("the shell wrote it");
        let begun = std::time::Instant::now();
        signal(pid.trim().parse().expect("it is a pid"), by);
        ann.shows("it is over");
        // Two seconds are promised; a machine that does other things gets three more.
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?} after {by:?}", begun.elapsed());
        assert!(String::from_utf8_lossy(&ann.raw()).contains("\x1b[>1u"), "the keys' protocol was asked for");
        left_as_found(dir.path(), &ann, "0");
        let ann = Term::open(between_stty(dir.path(), &args, ""), 80, 24);
        ann.shows("reconnecting in");
        let _host = common::process::Host::start(&at, &dir.path().join("host"), &[]);
        let mut ann = ann;
        ann.types("\r");
        ann.shows("ann › half a thought");
        ann.shows("said to nobody");
        ann.hides("queued");
    }
}

/// A disk that takes no more, as far as one file can have that: what was written stays in the composer, and is told why.
#[test]
fn a_full_disk_keeps_the_words_where_they_were_typed() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = common::process::Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let args = format!("{} --name ann", host.authority());
    let mut ann = Term::open(between_stty(dir.path(), &args, "trap '' XFSZ; ulimit -f 4;"), 80, 24);
    ann.shows("ann › write to #lobby");
    ann.types(&format!("\x1b[200~{} the end\x1b[201~", "many words ".repeat(300)));
    ann.shows("the end");
    ann.types("\r");
    ann.shows("not sent, what you wrote is still here");
    ann.shows("the end");
    ann.types("\x15still alive");
    ann.shows("still alive");
    ann.types("\x11");
    left_as_found(dir.path(), &ann, "0");
}

#[test]
fn a_broken_file_of_settings_is_told_of_and_nothing_else_breaks() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = common::process::Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let config = settings(&dir.path().join("data"));
    std::fs::write(&config, "[ui\ntheme = \u{1b}[2J\u{0} \n\u{202e}").expect("the test's folder can be written");
    let args = format!("{} --name ann", host.authority());
    let mut ann = Term::open(between_stty(dir.path(), &args, ""), 80, 24);
    ann.shows("data.toml");
    ann.types("\x1b");
    ann.shows("ann › write to #lobby");
    ann.types("\x11");
    left_as_found(dir.path(), &ann, "0");
}
