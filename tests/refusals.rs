//! What keeps the program from starting: said in one line with what to do, with an exit code, and nothing overwritten.

mod common;

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use common::process::{Host, wait_for, wschat};

/// Starts a host that must refuse; gives its last words.
fn refused(data: &Path, args: &[&str]) -> String {
    let mut child = wschat()
        .args(args)
        .arg("--data-dir")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is built");
    let status = wait_for(&mut child);
    let output = child.wait_with_output().expect("it is our child");
    let words = String::from_utf8(output.stderr).expect("errors are text");
    assert!(output.stdout.is_empty(), "nothing was promised on stdout");
    assert!(!status.success(), "{words}");
    words
}

fn last_line(words: &str) -> &str {
    words.trim_end().lines().last().unwrap_or("")
}

const HOST: [&str; 3] = ["--host", "127.0.0.1:0", "--headless"];

#[test]
fn keys_go_into_a_file_and_come_back_and_nothing_is_overwritten() {
    use std::io::Write;
    let dir = tempfile::tempdir().expect("a folder for the test");
    let run = |data: &str, args: [&str; 2], says: &str| {
        let mut child = wschat()
            .args(args)
            .arg("--data-dir")
            .arg(dir.path().join(data))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary is built");
        child.stdin.take().expect("it is piped").write_all(says.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it is our child");
        let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
        (output.status.success(), out.expect("text") + &err.expect("text"))
    };
    let file = dir.path().join("keys.sealed").display().to_string();
    let ring = |data: &str| wschat::client::keyring::Keyring::at(dir.path().join(data).join("keys"));
    let ann = wschat::protocol::names::Nick::parse("ann").expect("a name");
    assert!(run("one", ["--export-keys", &file], "correct horse\n").1.contains("there are no keys"));
    let secret = ring("one").secret(&ann).expect("it is made");
    assert!(run("one", ["--export-keys", &file], "short\n").1.contains("8 characters"));
    assert_eq!(run("one", ["--export-keys", &file], "correct horse\n"), (true, format!("1 keys are in {file}\n")));
    assert!(run("one", ["--export-keys", &file], "correct horse\n").1.contains("cannot be made"), "it is there");
    assert!(run("two", ["--import-keys", &file], "wrong horse\n").1.contains("passphrase is wrong"));
    assert_eq!(run("two", ["--import-keys", &file], "correct horse\n"), (true, "ann is here\n".to_owned()));
    assert_eq!(ring("two").secret(&ann).expect("it is there"), secret);
    let other = ring("three").secret(&ann).expect("it is made");
    assert!(run("three", ["--import-keys", &file], "correct horse\n").1.contains("has another key here"));
    assert_eq!(ring("three").secret(&ann).expect("it is there"), other);
    std::fs::write(&file, "something else").expect("the folder can be written");
    assert!(run("two", ["--import-keys", &file], "correct horse\n").1.contains("no keys of wschat"));
}

#[test]
fn a_port_that_is_taken() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    for args in [&["--host", &port, "--headless"][..], &["--host", &format!("127.0.0.1:{port}")][..]] {
        let words = refused(dir.path(), args);
        assert!(last_line(&words).starts_with("error: ") && words.contains(&port), "{words}");
    }
}

#[test]
fn a_data_folder_in_use_or_unusable() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
    let words = refused(&dir.path().join("host"), &HOST);
    assert!(words.contains(&format!("pid {}", host.pid())) && words.contains("--data-dir"), "{words}");
    // A file where the folder should be: what a permission would be to somebody who is not root.
    let file = dir.path().join("file");
    std::fs::write(&file, "mine").expect("the test's folder can be written");
    let words = refused(&file, &HOST);
    assert!(words.contains("file"), "{words}");
    assert_eq!(std::fs::read(&file).expect("it is there"), b"mine");
}

#[test]
fn a_database_that_is_damaged_or_newer() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("host");
    assert!(Host::start("127.0.0.1:0", &data, &[]).stop().success());
    let file = data.join("host.db");
    let whole = std::fs::read(&file).expect("the host made it");
    // Bytes 60 to 63 of an SQLite file are its user_version (sqlite.org/fileformat2.html, 1.3).
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    let mut damaged = whole.clone();
    for byte in &mut damaged[..2048] {
        *byte ^= 0x5a;
    }
    for (bad, says) in [(newer, "newer"), (damaged, "damaged")] {
        std::fs::write(&file, &bad).expect("it is ours");
        let words = refused(&data, &HOST);
        assert!(words.contains(says), "{says}: {words}");
        assert_eq!(std::fs::read(&file).expect("it is there"), bad, "nothing is overwritten");
    }
    std::fs::write(&file, &whole).expect("it is ours");
    Host::start("127.0.0.1:0", &data, &[]);
}

#[test]
fn no_terminal_and_wrong_arguments() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    for (args, says) in [
        (&[][..], "stdout is not a terminal"),
        (&["--headless"][..], "--host"),
        (&["--name", "a b"][..], "cannot hold blanks"),
        (&["--host", "nowhere:1"][..], "write a port"),
    ] {
        let words = refused(dir.path(), args);
        assert!(words.contains(says), "{args:?}: {words}");
    }
}

#[test]
fn without_a_terminal_a_host_serves_only() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &["--ephemeral"]);
    assert_eq!(host.said, format!("listening on ws://{}\n", host.addr));
    assert!(host.stop().success());
}
