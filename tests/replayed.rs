//! What the fuzzer found worth keeping is run again on stable: no reader falls, no promise of `fuzz/src/targets.rs` is
//! broken. `cargo +nightly fuzz run TARGET` looks for more.

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut many = 0;
    for file in std::fs::read_dir(&dir).expect("the corpus is committed").flatten() {
        let data = std::fs::read(file.path()).expect("it can be read");
        let name = file.file_name();
        // The name is told when it falls.
        let fell = std::panic::catch_unwind(|| run(&data)).is_err();
        assert!(!fell, "{target} falls over {}", name.to_string_lossy());
        many += 1;
    }
    assert!(many >= 20, "{many} of {target} are kept");
}

#[test]
fn frames_of_version_one() {
    replay("v1", targets::v1);
}

#[test]
fn lines_of_raw_clients() {
    replay("plain", targets::plain);
}

#[test]
fn what_is_typed() {
    replay("slash", targets::slash);
}

#[test]
fn markup_in_all_widths() {
    replay("markup", targets::markup);
}

#[test]
fn files_of_settings() {
    replay("config", targets::config);
}

#[test]
fn screens_of_stories() {
    replay("screen", targets::screen);
}
