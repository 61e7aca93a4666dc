//! `wschat send`: said once or not, and the exit code and a sentence say which.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use wschat::server::entrance::Entrance;
use wschat::server::tls::Tls;

use tokio_tungstenite::tungstenite;

use crate::common::bot::Bot;
use crate::common::process::wschat;
use crate::common::proxy::Proxy;
use crate::host::{Host, OWNERS};
use crate::shell::{Started, Town, command, json, run, text, until};

#[test]
fn what_is_said_is_in_the_log_when_it_ends() {
    let town = Town::new();
    assert_eq!(town.run("ann", "send hello there", &[]).well(), "");
    run(town.command("ann", "send --code rust", &[]), b"fn main() {}\n").well();
    run(town.command("ann", "send", &[]), "two\nlines, \u{1b}[31mred\u{1b}[0m and é\n".as_bytes()).well();
    let file = town.dir.path().join("build.log");
    fs::write(&file, "a\n```\nb\n").expect("a file of the test");
    town.run("ann", "send look: --file", &[file.to_str().expect("a path")]).well();
    town.run("ann", "send --reply 1", &["--", "--dashes"]).well();
    let made = json(&town.run("ann", "send --json last", &[]).well());
    assert_eq!(
        (&made[0]["seq"], &made[0]["kind"], &made[0]["from"]["name"]),
        (&6.into(), &"said".into(), &"ann".into())
    );
    let said = town.said("lobby");
    let words: Vec<String> = said.iter().map(text).collect();
    let file = "look:\nbuild.log\n````text\na\n```\nb\n````";
    let right = ["hello there", "```rust\nfn main() {}\n```", "two\nlines, red and é", file, "--dashes", "last"];
    assert_eq!(words, right);
    assert_eq!(said[4]["reply_to"], 1);
    // A room is made only when that is meant; a person is told alone.
    town.run("ann", "send -r ops hi", &[]).ill(5, "there is no #ops");
    town.run("ann", "send -r ops --create hi", &[]).well();
    town.run("ben", "send -r #ops me too", &[]).well();
    assert_eq!(town.words("ops"), ["hi", "me too"]);
    town.run("ann", "send -r @ben psst", &[]).well();
    assert_eq!(json(&town.run("ben", "tail --json -r @ann", &[]).well())[0]["text"], "psst");
    town.run("ann", "send -r @nobody psst", &[]).ill(5, "nobody here is called nobody; it is not said");
}

#[test]
fn what_cannot_be_said_is_told_why() {
    let town = Town::new();
    let huge = vec![b'y'; 3 << 20];
    for (words, stdin, code, why) in [
        ("send", &b""[..], 2, "nothing to say: it is empty"),
        ("send", b" \n\n", 2, "nothing to say: it is empty"),
        ("send", "\u{200b}".as_bytes(), 2, "nothing of it can be seen"),
        ("send", b"caf\xe9", 2, "not UTF-8, from byte 4"),
        ("send", &huge, 2, "more than 1 MiB"),
        ("send --split", &huge, 2, "more than 1 MiB"),
        ("send --split", &huge[..900_000], 2, "more than 64 messages"),
        ("send", &huge[..9000], 2, "9000 bytes, and this host takes 8192"),
        ("send --file /no/such/file", b"", 2, "/no/such/file: it cannot be read"),
        ("send --reply 0 x", b"", 2, "not the number of a message"),
        ("send --code a`b x", b"", 2, "a language is a short word"),
        ("send --timeout 5 x", b"", 2, "write a time as 30s"),
        ("send -r a/b x", b"", 2, "a room's name cannot hold"),
        ("send -r nowhere x", b"", 5, "there is no #nowhere"),
        ("send --live --split", b"", 2, "cannot be used with"),
        ("send -r @ann --guest x", b"", 2, "guests have no direct messages"),
        ("send --invite /no/such/file x", b"", 2, "/no/such/file cannot be read"),
    ] {
        run(town.command("ann", words, &[]), stdin).ill(code, why);
    }
    assert_eq!(town.words("lobby"), [""; 0], "and nothing was said, or waits");
    town.run("ann", "send --waiting", &[]).well();
    let mut nobody = wschat();
    nobody.arg("--data-dir").arg(town.dir.path().join("new")).args(["send", "-s", &town.at, "hi"]);
    run(nobody, b"").ill(2, "nobody says who speaks");
    let mut guest = wschat();
    guest.arg("--data-dir").arg(town.dir.path().join("new")).args(["send", "-s", &town.at, "--guest", "hi"]);
    run(guest, b"").well();
    let said = town.said("lobby");
    assert_eq!(said[0]["from"]["guest"], true, "{said:?}");
    let link = format!("ws://{}/#lobby?k=secret", town.at);
    let on_the_line = command(town.dir.path(), &link, "ann", "send hi", &[]);
    run(on_the_line, b"").ill(2, "not for the command line");
    town.run("ben", "send mine", &[]).well();
    // Another folder has another key.
    let mut thief = wschat();
    thief.arg("--data-dir").arg(town.dir.path().join("cy")).args(["send", "-s", &town.at, "--name", "ben", "stolen"]);
    run(thief, b"").ill(5, "belongs to somebody else");
    for nowhere in ["no.such.host.invalid", "127.0.0.1:1"] {
        let away = command(town.dir.path(), nowhere, "ann", "send hi --timeout 1s", &[]);
        run(away, b"").ill(3, "is not reached: ");
    }
}

#[test]
fn what_waits_for_a_host_that_is_away_is_said_once_and_in_order() {
    let mut town = Town::new();
    town.run("ann", "send --create -r ops zero", &[]).well();
    town.kill();
    for word in ["one", "two"] {
        town.run("ann", "send -r ops --timeout 1s", &[word]).ill(3, "waits in the outbox");
    }
    town.run("ann", "send -r ops --timeout 1s --no-outbox never", &[]).ill(3, "it is not said, and not kept");
    let mut long = town.command("ann", "send --timeout 1s", &[]);
    long.arg("x".repeat(10_000));
    run(long, b"").ill(3, "too long to be kept");
    town.start();
    town.run("ann", "send -r lobby elsewhere", &[]).well();
    assert_eq!(town.words("ops"), ["zero", "one", "two"]);
    town.kill();
    town.run("ann", "send -r ops --timeout 1s three", &[]).ill(3, "waits in the outbox");
    town.start();
    town.run("ann", "send --waiting", &[]).well();
    town.run("ann", "send --waiting", &[]).well();
    assert_eq!(town.words("ops"), ["zero", "one", "two", "three"]);
}

#[test]
fn an_id_makes_a_retry_safe() {
    let town = Town::new();
    for _ in 0..3 {
        town.run("ann", "send --id backup-27 done", &[]).well();
    }
    town.run("ben", "send --id backup-27 done", &[]).well();
    town.run("ann", "send --id backup-27 otherwise", &[]).ill(5, "something else was said in #lobby under this --id");
    town.run("ann", "send --id backup-28 done", &[]).well();
    assert_eq!(town.words("lobby"), ["done", "done", "done"]);
    let long: String = (0..600).map(|n| format!("line {n} with some words\n")).collect();
    for _ in 0..2 {
        run(town.command("ann", "send --id long --split --code text", &[]), long.as_bytes()).well();
    }
    let parts = town.words("lobby").split_off(3);
    assert_eq!(parts.len(), 2);
    let lines: String = parts.iter().flat_map(|part| part.lines()).filter(|line| !line.starts_with("```")).collect();
    assert_eq!(lines, long.replace('\n', ""));
}

/// A faulty wire, on a thread of its own: commands are waited for without a runtime.
fn wire(host: SocketAddr) -> Proxy {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(async {
            let _ = tell.send(Proxy::to(host).await);
            std::future::pending::<()>().await;
        });
    });
    told.recv().expect("it listens")
}

/// The ack is lost and the wire cut: it is asked again, and said once. Then nothing comes back at all: nobody can tell, so
/// it waits, and is still said once.
#[test]
fn a_host_that_goes_away_halfway_is_asked_again() {
    let town = Town::new();
    let proxy = wire(town.at.parse().expect("an address"));
    let at = proxy.addr.to_string();
    let swallowed = Arc::new(AtomicBool::new(false));
    let seen = swallowed.clone();
    proxy.swallow(move |frame| {
        let ack = frame.windows(14).any(|part| part == b"\"text\":\"first\"");
        seen.fetch_or(ack, Ordering::SeqCst);
        ack
    });
    run(command(town.dir.path(), &at, "ann", "send first", &[]), b"").well();
    assert!(swallowed.load(Ordering::SeqCst), "the ack was lost on the way");
    assert_eq!(town.words("lobby"), ["first"]);

    let mut second = Started::new(command(town.dir.path(), &at, "ann", "send second --timeout 3s", &[]));
    proxy.swallow(|frame| frame.windows(15).any(|part| part == b"\"text\":\"second\""));
    until("it is said", || town.words("lobby").len() == 2);
    second.ends().well();
    // Nothing comes back at all.
    proxy.stall();
    run(command(town.dir.path(), &at, "ann", "send third --timeout 1s", &[]), b"").ill(3, "waits in the outbox");
    proxy.flow();
    run(command(town.dir.path(), &at, "ann", "send --waiting", &[]), b"").well();
    assert_eq!(town.words("lobby"), ["first", "second", "third"]);
}

#[test]
fn many_at_once_under_one_name_and_more_than_a_host_takes_at_once_are_all_said() {
    let town = Town::new();
    let all: Vec<Started> =
        (0..12).map(|n| Started::new(town.command("ann", "send --timeout 30s", &[&format!("number {n}")]))).collect();
    for mut one in all {
        one.ends().well();
    }
    let mut words = town.words("lobby");
    words.sort();
    let mut right: Vec<String> = (0..12).map(|n| format!("number {n}")).collect();
    right.sort();
    assert_eq!(words, right);

    let dir = tempfile::tempdir().expect("a folder for the test");
    let settings = dir.path().join("strict.toml");
    fs::write(&settings, "[limits]\nmessage_burst = 3\nmessage_every = \"30ms\"\ntext_bytes = 1024\n").expect("a file");
    let strict = Town::with(&["--config", settings.to_str().expect("a path")]);
    let long: String = (0..800).map(|n| format!("line {n} of many\n")).collect();
    run(strict.command("ann", "send --split --timeout 30s", &[]), long.as_bytes()).well();
    let said = strict.words("lobby");
    assert!(said.len() > 8, "{}", said.len());
    assert_eq!(said.join("\n") + "\n", long);
}

#[test]
fn an_interrupted_one_says_what_became_of_it() {
    let mut town = Town::new();
    town.run("ann", "send zero", &[]).well();
    town.kill();
    let kept = || -> Vec<_> {
        let files = fs::read_dir(town.dir.path().join("ann/outbox")).into_iter().flatten().flatten();
        files.filter(|file| file.metadata().is_ok_and(|about| about.len() > 0)).map(|file| file.file_name()).collect()
    };
    let before = kept();
    let mut waits = Started::new(town.command("ann", "send --timeout 1m one", &[]));
    until("it is kept", || kept().iter().any(|file| !before.contains(file)));
    waits.signal(rustix::process::Signal::INT);
    waits.ends().ill(130, "interrupted; what you say waits in the outbox");
    town.start();
    town.run("ann", "send --waiting", &[]).well();
    assert_eq!(town.words("lobby"), ["zero", "one"]);
}

#[test]
fn a_host_that_asks_for_an_invitation_gets_it_from_a_file() {
    let host = Host::guarded(Entrance { behind: true, ..Entrance::default() }, |_| {});
    let dir = tempfile::tempdir().expect("a folder for the test");
    let at = host.authority();
    let go = |words: &str| run(command(dir.path(), &at, "ann", words, &[]), b"");
    go("send hi").ill(5, "give --invite FILE; it is not said");
    let file = dir.path().join("invitation");
    let invite = file.to_str().expect("a path");
    for (content, code, why) in [
        ("what?", 2, "holds no invitation"),
        (&format!("ws://{at}/#lobby?k=wrong"), 5, "it is not said"),
        (&format!("ws://other.example:80/#lobby?k={OWNERS}"), 2, "the invitation is for other.example:80"),
    ] {
        fs::write(&file, content).expect("a file of the test");
        run(command(dir.path(), &at, "ann", "send hi --invite", &[invite]), b"").ill(code, why);
    }
    fs::write(&file, format!("ws://{at}/#lobby?k={OWNERS}\n")).expect("a file of the test");
    run(command(dir.path(), &at, "ann", "send hi --invite", &[invite]), b"").well();
    // From now on one is known.
    go("send again").well();
    let mut by_variable = wschat();
    by_variable.arg("--data-dir").arg(dir.path().join("ben")).args(["send", "--name", "ben", "me"]);
    by_variable.env("WSCHAT_SERVER", format!("ws://{at}/#lobby?k=wrong"));
    run(by_variable, b"").ill(5, "it is not said");
}

#[test]
fn an_untrusted_certificate_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let tls = Tls::own(dir.path(), &[]).expect("a certificate is made");
    let print = tls.fingerprint();
    let host = Host::guarded(Entrance { tls: Some(tls), open: true, ..Entrance::default() }, |_| {});
    let at = format!("wss://{}", host.authority());
    let out = run(command(dir.path(), &at, "ann", "send secret", &[]), b"");
    assert!(out.err.contains(&format!("-s 'wss://{}/#?f={print}'", host.authority())), "{}", out.err);
    out.ill(5, "nothing was said to it");
    let pinned = format!("{at}/#?f={print}");
    run(command(dir.path(), &pinned, "ann", "send by its fingerprint", &[]), b"").well();
    // It is known from then on, and another certificate is not it.
    run(command(dir.path(), &at, "ann", "send known", &[]), b"").well();
    let known = dir.path().join("ann/known_hosts");
    let other = fs::read_to_string(&known).expect("it is kept").replace(&print.to_string()[..8], "AAAAAAAA");
    fs::write(&known, other).expect("a file of the test");
    let changed = run(command(dir.path(), &at, "ann", "send secret", &[]), b"");
    assert_eq!(changed.code, 5, "{changed:?}");
}

#[test]
fn the_password_of_a_room_is_read_from_a_file() {
    let town = Town::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut ben = Bot::new("ben");
        ben.come_in(&town.at).await;
        for command in [
            serde_json::json!({"type": "join", "room": "#vault"}),
            serde_json::json!({"type": "room_set", "room": "#vault", "password": "open sesame"}),
        ] {
            let id = ben.ask(command).await.expect("sent");
            let done = ben.wait_raw(|answer| answer["id"] == id).await.expect("an answer");
            assert_ne!(done["type"], "refused", "{done}");
        }
    });
    town.run("ann", "send -r vault hi", &[]).ill(5, "give --password FILE; it is not said");
    let file = town.dir.path().join("password");
    let path = file.to_str().expect("a path");
    for (content, code, why) in [("wrong", 5, "not the password"), ("", 2, "is no password")] {
        fs::write(&file, content).expect("a file of the test");
        town.run("ann", "send -r vault hi --password", &[path]).ill(code, why);
    }
    fs::write(&file, "open sesame\n").expect("a file of the test");
    town.run("ann", "send -r vault hi --password", &[path]).well();
    town.run("ann", "send -r vault again", &[]).well();
}

/// A guest who comes back is somebody else, whom the host cannot tell from one who says the same: it is not tried again.
#[test]
fn a_guest_says_nothing_twice() {
    let town = Town::new();
    let proxy = wire(town.at.parse().expect("an address"));
    proxy.swallow(|frame| frame.windows(14).any(|part| part == b"\"text\":\"first\""));
    let at = proxy.addr.to_string();
    let cut = run(command(town.dir.path(), &at, "ann", "send --guest first", &[]), b"");
    cut.ill(3, "it may have been said or not, and is not kept");
    run(command(town.dir.path(), &at, "ann", "send --guest second", &[]), b"").well();
    assert_eq!(town.words("lobby"), ["first", "second"]);
}

/// A server that knows nothing but text: it gives back what it hears, or nothing.
fn plain_server(answers: bool) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(mut socket) = tungstenite::accept(stream) else { continue };
            while let Ok(message) = socket.read() {
                if message.is_text() && answers && socket.send(message).is_err() {
                    break;
                }
            }
        }
    });
    addr
}

#[test]
fn a_server_in_plain_text_promises_nothing_and_that_is_said() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let echo = plain_server(true).to_string();
    run(command(dir.path(), &echo, "ann", "send hello", &[]), b"").well();
    for (words, why) in [
        ("send -r ops hello", "it has one room, and no #ops"),
        ("tail", "speaks only plain text; it keeps no history"),
        ("export --format md", "speaks only plain text; it keeps no history"),
        ("ask x", "nobody can answer there"),
        ("send --live", "no message can be changed there"),
    ] {
        run(command(dir.path(), &echo, "ann", words, &[]), b"").ill(5, why);
    }
    let mute = plain_server(false).to_string();
    let ran = run(command(dir.path(), &mute, "ann", "send --timeout 1s hello", &[]), b"");
    ran.ill(3, "it may have been said or not, and is not kept");
}
