//! The whole way between two machines, which are two network namespaces joined by a cable that can be pulled: found on the
//! network, let in by a code, cut, back. Needs iproute2, util-linux and the right to make namespaces (feature
//! `system-tests`; `.ci/run` runs it). Where that right is missing it says so and tests nothing.

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::term::{Term, plain_environment, settings};
use portable_pty::CommandBuilder;

/// A machine as far as the network goes; gone when dropped.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Machine {
    /// A namespace with nothing in it but a process that waits for its end, and says when it is there.
    fn new() -> Option<Machine> {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "echo there; exec cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().ok()?;
        let mut said = [0; 6];
        let out = child.stdout.as_mut()?;
        let there = std::io::Read::read_exact(out, &mut said).is_ok();
        let machine = Machine(child);
        there.then_some(machine)
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    /// Runs `ip` there.
    fn ip(&self, args: &str) -> bool {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &self.pid(), "ip"]).args(args.split(' '));
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// A terminal there with wschat in it.
    fn wschat(&self, data: &Path, args: &[&str]) -> Term {
        let mut command = CommandBuilder::new("nsenter");
        command.args(["--net", "--target", &self.pid(), env!("CARGO_BIN_EXE_wschat")]);
        command.args(args);
        command.arg("--data-dir");
        command.arg(data);
        command.arg("--config");
        command.arg(settings(data));
        plain_environment(&mut command);
        Term::open(command, 100, 45)
    }
}

/// Two machines on one network.
fn machines() -> Option<(Machine, Machine)> {
    let (one, other) = (Machine::new()?, Machine::new()?);
    let made = one.ip(&format!("link add cable type veth peer name cable netns {}", other.pid()));
    let up = |machine: &Machine, address: &str| {
        machine.ip("link set lo up")
            && machine.ip(&format!("address add {address}/24 dev cable"))
            && machine.ip("link set cable up")
            && machine.ip("route add default dev cable")
    };
    (made && up(&one, "10.77.0.1") && up(&other, "10.77.0.2")).then_some((one, other))
}

#[test]
fn found_on_the_network_let_in_by_a_code_cut_and_back() {
    let Some((here, there)) = machines() else {
        return eprintln!("NOT TESTED: no network namespaces can be made here");
    };
    let dir = tempfile::tempdir().expect("a folder for the test");
    let mut ann = here.wschat(&dir.path().join("ann"), &["--host", "--lan", "--name", "ann"]);
    // Nothing needs to be asked for: whoever opens a host sees how others come in.
    ann.shows("lets whoever has it in, for 12h");
    ann.shows("or type the code");
    ann.shows("copies it, Esc closes");
    let screen = ann.screen();
    assert!(screen.contains("https://10.77.0.1:8080/#"), "{screen}");
    let code = screen.split("or type the code ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let code = code.expect("eight letters").to_owned();
    ann.types("\x1b");
    ann.hides("or type the code");

    // Nobody told where the host is: it is seen.
    let mut ben = there.wschat(&dir.path().join("ben"), &["--name", "ben"]);
    ben.shows("10.77.0.1:8080");
    ben.types("\r");
    ben.shows("Is this the right host?");
    ann.types("/host\r");
    ann.shows("fingerprint of the certificate");
    let print = |screen: &str| {
        let words = screen.split_whitespace().collect::<Vec<_>>();
        let four = |word: &&&str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_hexdigit());
        words.iter().filter(four).map(|word| word.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(print(&ann.screen()), print(&ben.screen()), "what both see is the same");
    assert!(print(&ann.screen()).len() >= 8);
    ann.types("\x1b");
    ben.types("y");
    ben.shows("The code of your invitation?");
    ben.types(&code);
    ben.shows("comes in by it as ben");
    ben.types("\r");
    ben.shows("ben › write to #lobby");
    ben.types("from the other machine\r");
    ann.shows("from the other machine");

    // The cable is pulled, and both write on.
    assert!(there.ip("link set cable down"));
    ben.types("while it was out\r");
    ann.types("so was mine\r");
    assert!(there.ip("link set cable up") && there.ip("route replace default dev cable"));
    for (term, words) in [(&ann, "while it was out"), (&ben, "so was mine")] {
        term.until(words, |screen| screen.contents().contains(words) && !screen.contents().contains("reconnecting"));
    }
    let seen = ben.screen();
    assert_eq!(seen.matches("while it was out").count(), 1, "{seen}");
    ben.types("\x11");
    ben.ends();
    ann.types("\x11");
    ann.ends();
}
