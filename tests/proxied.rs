//! A host behind nginx, as docs/hosting.md says: the configuration is the page's own, with other ports and files. Needs
//! nginx (feature `system-tests`; `.ci/run` installs it).

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::term::{Term, free_port, settings, wschat};

const PAGE: &str = include_str!("../docs/hosting.md");

/// nginx, ended when dropped.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The page's own configuration, on these ports.
fn nginx(dir: &Path, front: u16, back: u16) -> Nginx {
    let server = PAGE.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the page has one");
    let file = |name: &str| dir.join(name).display().to_string();
    let server = server
        .replace("listen 443 ssl", &format!("listen 127.0.0.1:{front} ssl"))
        .replace("/etc/ssl/chat.example/fullchain.pem", &file("front/host-cert.pem"))
        .replace("/etc/ssl/chat.example/privkey.pem", &file("front/host-key.pem"))
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{back}"));
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};\n", file(kind)))
        .concat();
    let (pid, log) = (file("nginx.pid"), file("nginx.log"));
    let conf = format!(
        "daemon off;\nmaster_process off;\npid {pid};\nerror_log {log};\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{server}}}\n"
    );
    std::fs::write(dir.join("nginx.conf"), conf).expect("the test's folder can be written");
    let child = Command::new("nginx")
        .args(["-p", &dir.display().to_string(), "-c", &file("nginx.conf"), "-e", &log])
        .stdout(Stdio::null())
        .spawn()
        .expect("nginx is installed");
    Nginx(child)
}

#[test]
fn through_nginx_one_is_from_elsewhere_and_comes_in_by_invitation() {
    let dir = tempfile::tempdir().expect("a folder for the test");
    std::fs::create_dir(dir.path().join("front")).expect("the test's folder can be written");
    let tls = wschat::server::tls::Tls::own(&dir.path().join("front"), &["chat.example".to_owned()]);
    let print = tls.expect("a certificate is made").fingerprint();
    let (front, back) = (free_port(), free_port());
    let data = dir.path().join("data");
    std::fs::write(settings(&data), "[server]\nnames = [\"chat.example\"]\n").expect("the folder can be written");
    let args = ["--host", &back.to_string(), "--trusted-proxy", "127.0.0.1", "--name", "ann"];
    let mut host = Term::open(wschat(&data, &args), 100, 40);
    host.shows("whoever is invited may come in, through the proxy");
    let _nginx = nginx(dir.path(), front, back);
    let end = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", front)).is_err() {
        assert!(Instant::now() < end, "nginx does not listen");
        std::thread::yield_now();
    }

    host.types("/invite once\r");
    host.shows("lets one person in, until it is revoked");
    // The last of the card, so all of it is there.
    host.shows("copies it, Esc closes");
    let screen = host.screen();
    let link = screen.split_whitespace().find(|word| word.contains("?k=")).expect("a link");
    assert!(link.starts_with("https://chat.example/#?k="), "{link}");
    let token = link.split("?k=").nth(1).expect("a token");
    let guest = |name: &str, to: &str| Term::open(wschat(&dir.path().join(name), &[to, "--name", name]), 80, 24);

    let uninvited = guest("cy", &format!("https://127.0.0.1:{front}/#?f={print}"));
    uninvited.shows("this host lets in whom it invited");
    let mut ben = guest("ben", &format!("https://127.0.0.1:{front}/#?k={token}&f={print}"));
    ben.shows("ben › write to #lobby");
    ben.types("through the proxy\r");
    host.shows("● ben");
    host.types("\x1b");
    host.shows("through the proxy");
}
