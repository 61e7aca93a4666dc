//! What the built program gives out beside itself: settings to begin with and in force, where everything is, completions
//! and the manual; and what lies beside it for menus, packages and readers of the changelog. What stands in the settings is
//! tried by the tests of `config`, what is given away in one archive by `tests/release`.

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
        assert!(text.contains(holds), "{page}");
        let name = page.trim_end_matches(".1");
        let title = format!(".TH \"{name}\" 1 \"\" \"wschat {}\" \"wschat\"", env!("CARGO_PKG_VERSION"));
        assert!(text.lines().any(|line| line == title), "{page} has no line {title}");
    }
    std::fs::write(dir.path().join("file"), "").expect("written");
    let output = wschat(dir.path(), &["man", &dir.path().join("file").to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1), "a file is no folder");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be made"));
}

/// A file of the project.
fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn the_entry_for_menus_starts_what_there_is() {
    let entry = file("assets/wschat.desktop");
    let values = |key: &str| -> Vec<&str> {
        entry.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
    };
    assert_eq!((values("Terminal"), values("StartupNotify")), (vec!["true"], vec!["false"]));
    let started = values("Exec");
    assert_eq!(started.len(), 1 + values("Actions")[0].split_terminator(';').count());
    let dir = folder();
    for line in started {
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("wschat"), "{line}");
        let arguments: Vec<&str> = words.chain(["--help"]).collect();
        printed(dir.path(), &arguments);
        assert!(!line.contains('%'), "{line}: links are not taken");
    }
    assert_eq!(values("MimeType"), Vec::<&str>::new());
    assert_eq!(values("TryExec"), ["wschat"]);
    assert!(file("assets/wschat.svg").starts_with("<svg") && values("Icon") == ["wschat"]);
}

#[test]
fn what_the_package_holds_is_there_or_made() {
    let manifest: toml::Table = file("Cargo.toml").parse().expect("TOML");
    let assets = &manifest["package"]["metadata"]["deb"]["assets"];
    let script = file("assets/release");
    for asset in assets.as_array().expect("a list") {
        let from = asset[0].as_str().expect("a path");
        if let Some(made) = from.strip_prefix("target/release/handout/") {
            let first = made.split('*').next().unwrap_or(made).trim_end_matches('/');
            assert!(script.contains(&format!("\"$made/{first}")), "assets/release makes no {made}");
        } else if from != "target/release/wschat" {
            let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(from.split('*').next().unwrap_or(from));
            assert!(place.exists(), "{from}");
        }
    }
    let whose = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("Copyright"))?;
        line.split_once([')', ':']).map(|(_, whose)| whose.trim().to_owned())
    };
    let licence = file("LICENSE-MIT");
    assert!(whose(&licence).is_some() && whose(&licence) == whose(&file("assets/copyright")));
}

#[test]
fn the_changelog_tells_of_this_version_or_of_what_comes() {
    let log = file("CHANGELOG.md");
    let number = |text: &str| -> Vec<u32> {
        text.split('.').map(|part| part.parse().unwrap_or_else(|_| panic!("{text} is no version"))).collect()
    };
    let (mut unreleased, mut told, mut told_at) = (false, Vec::new(), 0);
    for (at, line) in log.lines().enumerate().filter(|(_, line)| line.starts_with("## ")) {
        if line == "## [Unreleased]" {
            assert!(told.is_empty(), "[Unreleased] stands first");
            (unreleased, told_at) = (true, at);
            continue;
        }
        let (version, date) = line
            .strip_prefix("## [")
            .and_then(|rest| rest.split_once("] - "))
            .unwrap_or_else(|| panic!("{line:?} is not '## [VERSION] - YEAR-MONTH-DAY'"));
        let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00", "{line}");
        told.push(number(version));
    }
    assert!(told.is_sorted_by(|newer, older| newer > older), "the newest first: {told:?}");
    let here = number(env!("CARGO_PKG_VERSION"));
    match told.first() {
        Some(newest) if *newest == here => {}
        newest => {
            assert!(newest.is_none_or(|newest| *newest < here), "Cargo.toml is behind the changelog: {newest:?}");
            let said = log.lines().skip(told_at + 1).take_while(|line| !line.starts_with("## "));
            assert!(unreleased && said.filter(|line| line.starts_with("- ")).count() > 0, "{here:?} is not told of");
        }
    }
}
