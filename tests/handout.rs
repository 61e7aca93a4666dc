//! What the built program gives out beside itself: settings to begin with and in force, where everything is, completions
//! and the manual. What stands in the settings is tried by the tests of `config`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the program with a folder of its own for data and settings, and no terminal.
fn wschat(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wschat"))
        .args(["--data-dir", &dir.join("data").to_string_lossy()])
        .args(arguments)
        .env("HOME", dir)
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env_remove("WSCHAT_CONFIG")
        .env_remove("WSCHAT_LOG")
        .env_remove("NO_COLOR")
        .output()
        .expect("the program starts")
}

/// What it printed, ended well.
fn printed(dir: &Path, arguments: &[&str]) -> String {
    let output = wschat(dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Where the settings of this folder's person are, in a folder that is there.
fn settings(dir: &Path) -> PathBuf {
    let file = PathBuf::from(printed(dir, &["config", "path", "settings"]).trim_end());
    assert!(file.starts_with(dir), "{}", file.display());
    std::fs::create_dir_all(file.parent().expect("it has one")).expect("made");
    file
}

#[test]
fn files_to_begin_with_change_nothing_and_stay_when_they_are_there() {
    let dir = folder();
    let before = printed(dir.path(), &["config", "show"]);
    let said = printed(dir.path(), &["config", "init"]);
    assert_eq!(said.matches("is made").count(), 2, "{said}");
    assert_eq!(printed(dir.path(), &["config", "show"]), before, "no line of them is in force");
    let file = settings(dir.path());
    let text = std::fs::read_to_string(&file).expect("it is there");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
    assert_eq!(lines.count(), 0, "every setting is behind a #");
    std::fs::write(&file, "[ui]\ntime_format = \"12h\"\n").expect("it can be written");
    let said = printed(dir.path(), &["config", "init"]);
    assert_eq!(said.matches("stays as it is").count(), 2, "{said}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "[ui]\ntime_format = \"12h\"\n");
}

#[test]
fn settings_say_where_they_come_from_and_secrets_do_not_show() {
    let dir = folder();
    let file = settings(dir.path());
    let token = "0123456789abcdef0123";
    std::fs::write(&file, format!("[server]\nmetrics_token = \"{token}\"\n\n[ui]\ntime_format = \"12h\"\n"))
        .expect("written");
    let all = printed(dir.path(), &["config", "show"]);
    let line =
        |start: &str| all.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {all}"));
    assert!(line("time_format = \"12h\"").ends_with(&format!("{}:5", file.display())), "{all}");
    assert!(line("density").ends_with("# default"), "{all}");
    assert!(line("#metrics_token = \"…\"").ends_with(":2") && !all.contains(token), "{all}");
    let changed = printed(dir.path(), &["config", "show", "--changed"]);
    assert!(changed.contains("time_format") && !changed.contains("density"), "{changed}");
    let hosting = printed(dir.path(), &["--host", "--lan", "--open", "config", "show"]);
    assert!(hosting.lines().any(|line| line.starts_with("open = true") && line.ends_with("--open")), "{hosting}");
}

#[test]
fn what_is_shown_can_be_saved_and_means_the_same() {
    let dir = folder();
    let shown = printed(dir.path(), &["config", "show"]);
    std::fs::write(settings(dir.path()), &shown).expect("written");
    assert_eq!(
        printed(dir.path(), &["config", "show", "--changed"]).matches(" = ").count(),
        shown.matches(" = ").count()
    );
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  #").next().unwrap_or("").trim_end().to_owned()).collect()
    };
    assert_eq!(values(&printed(dir.path(), &["config", "show"])), values(&shown));
}

#[test]
fn wrong_settings_are_all_named_and_the_others_shown() {
    let dir = folder();
    std::fs::write(settings(dir.path()), "[ui]\ntime_format = \"13h\"\ndensitty = 1\ntyping = false\n")
        .expect("written");
    let output = wschat(dir.path(), &["config", "show", "--changed"]);
    assert_eq!(output.status.code(), Some(1));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("typing = false"), "{out}");
    assert!(err.contains("time_format") && err.contains("densitty") && err.contains("density"), "{err}");
}

#[test]
fn places_are_one_line_each_for_scripts() {
    let dir = folder();
    let place = |what: &str| printed(dir.path(), &["config", "path", what]);
    assert!(place("settings").ends_with("wschat.toml\n"));
    assert!(place("data").starts_with(&*dir.path().join("data").to_string_lossy()));
    assert!(printed(dir.path(), &["config", "path"]).lines().count() >= 10);
    assert_eq!(wschat(dir.path(), &["config", "path", "nowhere"]).status.code(), Some(2));
}

#[test]
fn the_schema_knows_every_setting() {
    let dir = folder();
    let schema: serde_json::Value = serde_json::from_str(&printed(dir.path(), &["config", "schema"])).expect("JSON");
    let shown = printed(dir.path(), &["config", "show"]);
    let (mut section, mut known) = ("", 0);
    for line in shown.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ") {
            let at = format!("/properties/{section}/properties/{key}/description");
            assert!(schema.pointer(&at).is_some_and(|words| words.is_string()), "{at}");
            known += 1;
        }
    }
    assert!(known > 50, "{known}");
}

#[test]
fn every_shell_completes_every_command() {
    let dir = folder();
    for (shell, holds) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef wschat"),
        ("fish", "complete -c wschat"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = printed(dir.path(), &["completions", shell]);
        assert!(script.contains(holds), "{shell}");
        for word in ["host", "ephemeral", "send", "tail", "ask", "export", "admin", "config", "completions"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    assert_eq!(wschat(dir.path(), &["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn bash_takes_its_completions() {
    let dir = folder();
    let script = dir.path().join("wschat.bash");
    std::fs::write(&script, printed(dir.path(), &["completions", "bash"])).expect("written");
    match Command::new("bash").arg("-n").arg(&script).status() {
        Ok(status) => assert!(status.success()),
        Err(error) => eprintln!("NOT TRIED, there is no bash here: {error}"),
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let dir = folder();
    let pages = dir.path().join("man");
    printed(dir.path(), &["man", &pages.to_string_lossy()]);
    for (page, holds) in [
        ("wschat.1", "host"),
        ("wschat-send.1", "live"),
        ("wschat-tail.1", "follow"),
        ("wschat-ask.1", "timeout"),
        ("wschat-export.1", "format"),
        ("wschat-admin.1", "backup"),
        ("wschat-config.1", "schema"),
    ] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(".TH") && text.contains(holds), "{page}");
    }
    std::fs::write(dir.path().join("file"), "").expect("written");
    let output = wschat(dir.path(), &["man", &dir.path().join("file").to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1), "a file is no folder");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be made"));
}
