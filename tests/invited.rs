//! Coming in from elsewhere, as two people have it: the host's invitation on one screen, the guest by its link on another,
//! and everybody without one told what to do. Where this machine is on a network the guest really comes from there;
//! elsewhere the way is that of loopback, which needs no invitation, and what only a stranger sees is looked at behind
//! `--no-tls`, where nobody counts as of this machine.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use common::process;
use common::term::{Term, free_port, settings, wschat};
use wschat::protocol::fingerprint::Fingerprint;

/// The link on a screen.
fn link(screen: &str) -> String {
    let words = screen.split_whitespace().find(|word| word.contains("/#") && word.contains("?k="));
    words.unwrap_or_else(|| panic!("no link on\n{screen}")).to_owned()
}

/// Whether who dials this is seen to come from elsewhere.
fn is_elsewhere(link: &str) -> bool {
    let here = link.contains("//127.0.0.1:");
    if here {
        eprintln!(
            "this machine is on no network: who comes by the link needs no invitation, so only its way is tested"
        );
    }
    !here
}

fn guest(dir: &Path, name: &str, to: &str) -> Term {
    Term::open(wschat(&dir.join(name), &[to, "--name", name]), 80, 24)
}

#[test]
fn a_guest_comes_by_the_hosts_link_encrypted_and_nobody_else_does() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let addr = format!("0.0.0.0:{}", free_port());
    let data = dir.path().join("data");
    let args = ["--host", &addr, "--name", "ann"];
    let mut host = Term::open(wschat(&data, &args), 120, 45);
    host.shows("whoever is invited may come in at");
    host.types("/invite once 2h\r");
    host.shows("lets one person in, for 2h");
    // The last of the card, so all of it is there.
    host.shows("copies it, Esc closes");
    host.until("a code of blocks", |screen| screen.contents().contains("▀▀▀▀▀▀▀▀"));
    let invited = link(&host.screen());
    assert!(invited.starts_with("https://") && invited.contains("&f="), "{invited}");
    host.types("\x1b");
    host.hides("lets one person in");

    let mut ben = guest(dir.path(), "ben", &invited);
    ben.shows("ben › write to #lobby");
    ben.types("hello by link\r");
    host.shows("hello by link");
    assert!(!ben.screen().contains("not encrypted"));

    if is_elsewhere(&invited) {
        let cy = guest(dir.path(), "cy", &invited);
        cy.shows("somebody has come in by this invitation");
        let plain = invited.split("/#").next().expect("an address").replace("https", "ws");
        let dee = guest(dir.path(), "dee", &plain);
        dee.shows("this host is entered by TLS");
    }
    host.types("/invites\r");
    host.shows("/revoke number takes one back");
    host.types("\x1b");
    host.hides("/revoke number takes one back");
    host.types("/host\r");
    host.shows("fingerprint of the certificate");
    host.types("\x1b");
    host.hides("fingerprint of the certificate");

    // Another certificate at the same address: nothing is said to it.
    host.types("\x11");
    host.ends();
    for file in ["host-cert.pem", "host-key.pem"] {
        std::fs::remove_file(data.join(file)).expect("it was made");
    }
    let mut other = Term::open(wschat(&data, &args), 120, 45);
    other.shows("ann › write to #lobby");
    ben.shows("Not the host you know");
    ben.shows("but it has");
    other.types("\x11");
    other.ends();
}

#[test]
fn behind_a_proxy_nobody_is_of_this_machine_and_everybody_is_told() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let port = free_port().to_string();
    let mut host =
        Term::open(wschat(&dir.path().join("data"), &["--host", &port, "--no-tls", "--name", "ann"]), 100, 40);
    host.shows("whoever is invited may come in, through the proxy");

    let address = format!("ws://127.0.0.1:{port}");
    let ben = guest(dir.path(), "ben", &address);
    ben.shows("this host lets in whom it invited");

    host.types("/invite\r");
    host.shows("lets whoever has it in, until it is revoked");
    // The last of the card, so all of it is there.
    host.shows("copies it, Esc closes");
    // The proxy would speak TLS; here nobody does.
    let invited = link(&host.screen()).replace("https://", "ws://");
    let mut cy = guest(dir.path(), "cy", &invited);
    cy.shows("cy › write to #lobby");
    cy.types("/invite\r");
    cy.shows("only operators of the host invite people");

    host.types("\x1b");
    host.hides("lets whoever has it in");
    host.types("/revoke 1\r");
    host.shows("invitation 1 is taken back");
    let dee = guest(dir.path(), "dee", &invited);
    dee.shows("this invitation was taken back; ask for another");
    let mut eve = guest(dir.path(), "eve", &format!("{address}/#?k=nonsense"));
    eve.shows("this invitation is not known here");

    // The same without a link, as one tells it across a table.
    host.types("/invite once\r");
    host.shows("lets one person in");
    host.shows("copies it, Esc closes");
    let screen = host.screen();
    let code = screen.split("type the code ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let code = code.unwrap_or_else(|| panic!("no code on\n{screen}"));
    eve.shows("The code of your invitation?");
    eve.types("no such code\r");
    eve.shows("That is no code");
    eve.types("\x15");
    eve.types(&code.to_lowercase());
    eve.shows("comes in by it as eve");
    eve.types("\r");
    eve.shows("eve › write to #lobby");
}

#[test]
fn another_device_is_the_same_person() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = process::Host::start("127.0.0.1:0", &dir.path().join("data"), &[]);
    let here = format!("ws://{}", host.authority());
    let mut desk = Term::open(wschat(&dir.path().join("desk"), &[&here, "--name", "ann"]), 120, 45);
    desk.shows("ann › write to #lobby");
    desk.types("/device add\r");
    desk.shows("makes one more device yours, for 10m");
    // The last of the card, so all of it is there.
    desk.shows("copies it, Esc closes");
    let link = link(&desk.screen());
    // Who has the name already is told how to be the same person.
    let tablet = Term::open(wschat(&dir.path().join("tablet"), &[&here, "--name", "ann"]), 80, 24);
    tablet.shows("Is it you, elsewhere?");
    let args = [&*link, "--name", "anna"];
    let mut phone = Term::open(wschat(&dir.path().join("phone"), &args), 80, 24);
    phone.shows("ann › write to #lobby");
    desk.shows("you have 2 devices now");
    phone.types("from the phone\r");
    desk.shows("from the phone");
    // What is half written on one is there on the other.
    desk.types("half a sentence");
    phone.shows("half a sentence");
    phone.types(", finished here\r");
    desk.hides("half a sentence\n");
    desk.shows("half a sentence, finished here");
    phone.types("/devices\r");
    phone.shows("this one");
    phone.types("\x1b");
    phone.hides("this one");

    // Its key is known from now on, under the name it has here.
    phone.types("\x11");
    phone.ends();
    let args = [&*here, "--name", "ann"];
    let phone = Term::open(wschat(&dir.path().join("phone"), &args), 80, 24);
    phone.shows("ann › write to #lobby");

    desk.types("/devices\r");
    desk.shows("Your devices");
    let other =
        desk.screen().lines().find(|line| line.contains("key") && !line.contains("this one")).map(str::to_owned);
    let number = other.as_deref().and_then(|line| line.split_whitespace().find_map(|word| word.parse::<u32>().ok()));
    desk.types("\x1b");
    desk.hides("Your devices");
    desk.types(&format!("/device remove {}\r", number.expect("the other device")));
    phone.shows("this device was taken away from its person");
}

#[test]
fn a_headless_host_prints_once_how_its_owner_comes_in() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let data = dir.path().join("data");
    let mut child = process::wschat()
        .args(["--host", "0.0.0.0:0", "--headless", "--data-dir"])
        .arg(&data)
        .arg("--config")
        .arg(settings(&data))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary is built");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    assert!(lines.next().is_some_and(|line| line.starts_with("listening on wss://")));
    let line = lines.next().expect("nobody owns it yet");
    let ticket = line.split('\'').nth(1).expect("a link in quotes").to_owned();

    let mut ann = guest(dir.path(), "ann", &ticket);
    ann.shows("ann › write to #lobby");
    ann.types("/invite\r");
    ann.shows("copies the link");
    if is_elsewhere(&ticket) {
        let ben = guest(dir.path(), "ben", &ticket);
        ben.shows("this invitation is not known here");
    }
    process::signal(child.id(), rustix::process::Signal::TERM);
    process::wait_for(&mut child);

    let again = process::wschat()
        .args(["--host", "0.0.0.0:0", "--headless", "--data-dir"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut again = again.expect("the binary is built");
    let mut lines = BufReader::new(again.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    assert!(lines.next().is_some_and(|line| line.starts_with("listening on wss://")));
    process::signal(again.id(), rustix::process::Signal::TERM);
    process::wait_for(&mut again);
    assert_eq!(lines.next(), None, "it has an owner");
}

#[test]
fn a_renewed_certificate_is_read_on_hangup_and_a_bad_one_is_not_taken() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let renew = || {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate is made");
        std::fs::write(&cert, made.cert.pem()).expect("the test's folder can be written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("the test's folder can be written");
        Fingerprint::of(made.cert.der())
    };
    let first = renew();
    let mut command = process::wschat();
    command.args(["--host", "127.0.0.1:0", "--headless", "--data-dir"]).arg(&data).arg("--config");
    command.arg(settings(&data)).arg("--tls-cert").arg(&cert).arg("--tls-key").arg(&key);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(std::fs::File::create(&log).expect("a file"));
    let mut child = command.spawn().expect("the binary is built");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let line = lines.next().expect("it listens");
    let port = line.trim().rsplit(':').next().expect("a port").to_owned();
    let link = |print| format!("wss://127.0.0.1:{port}/#?f={print}");
    let logged = |words: &str| {
        let end = std::time::Instant::now() + common::bot::DEADLINE;
        while !std::fs::read_to_string(&log).expect("it was made").contains(words) {
            assert!(std::time::Instant::now() < end, "{}", std::fs::read_to_string(&log).expect("it was made"));
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    };
    let mut ann = guest(dir.path(), "ann", &link(first));
    ann.shows("ann › write to #lobby");

    let second = renew();
    process::signal(child.id(), rustix::process::Signal::HUP);
    logged("the certificate was read again");
    let ben = guest(dir.path(), "ben", &link(second));
    ben.shows("ben › write to #lobby");
    let cy = guest(dir.path(), "cy", &link(first));
    cy.shows("Not the host you know");
    ann.types("who was in stays in\r");
    ben.shows("who was in stays in");

    std::fs::write(&cert, "not a certificate").expect("the test's folder can be written");
    process::signal(child.id(), rustix::process::Signal::HUP);
    logged("the certificate stays as it was");
    let dee = guest(dir.path(), "dee", &link(second));
    dee.shows("dee › write to #lobby");
    process::signal(child.id(), rustix::process::Signal::TERM);
    process::wait_for(&mut child);
}

#[test]
fn who_says_nothing_is_asked_where_to() {
    let here = [std::net::Ipv4Addr::LOCALHOST.into(), std::net::IpAddr::from(std::net::Ipv6Addr::LOCALHOST)];
    if here.iter().any(|ip| std::net::TcpStream::connect((*ip, 8080)).is_ok()) {
        return eprintln!("NOT TESTED: something listens on port 8080 of this machine, and one would go there");
    }
    let dir = tempfile::tempdir().expect("a folder for the test");
    let host = process::Host::start("127.0.0.1:0", &dir.path().join("data"), &[]);
    let mut ben = Term::open(wschat(&dir.path().join("ben"), &["--name", "ben"]), 80, 24);
    ben.shows("where to?");
    ben.shows("Host for your network");
    ben.types("a b\r");
    ben.shows("write HOST");
    ben.types("\x15");
    ben.types(&host.authority());
    ben.shows("Go to ws://127.0.0.1");
    ben.types("\r");
    ben.shows("ben › write to #lobby");
    ben.types("\x11");
    assert!(ben.ends().success());

    let mut cy = Term::open(wschat(&dir.path().join("cy"), &["--name", "cy", "--plain"]), 80, 24);
    cy.shows("Where to? Type a number, an address or an invitation.");
    cy.types(&format!("{}\r", host.authority()));
    cy.shows("#lobby");
}
