//! `wschat admin` from the built binary: on hosts that run, with people there who see what comes of it, and on hosts
//! that are stopped; backups while people talk, restored; histories that are damaged, and sockets left behind.

mod common;

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::bot::Bot;
use common::process::{Host, wschat};
use serde_json::{Value, json};
use wschat::store::lock::DataDirLock;

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `wschat admin` on this folder.
fn admin(data: &Path, args: &[&str]) -> Said {
    let done = wschat().args(["admin", "--data-dir"]).arg(data).args(args).output().expect("the binary is built");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
    Said { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

/// The same where it must go well; gives what it said.
fn done(data: &Path, args: &[&str]) -> String {
    let said = admin(data, args);
    assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
    assert_eq!(said.err, "", "{args:?}");
    said.out
}

/// The same where it must not; gives why.
fn refused(data: &Path, args: &[&str]) -> String {
    let said = admin(data, args);
    assert_eq!(said.code, Some(1), "{args:?}: {said:?}");
    said.err
}

/// The lines of an answer in JSON.
fn lines(data: &Path, args: &[&str]) -> Vec<Value> {
    let said = done(data, &[args, &["--json"]].concat());
    said.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

struct Place {
    _dir: tempfile::TempDir,
    data: PathBuf,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().expect("a folder for the test");
        Place { data: dir.path().join("host"), _dir: dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.with_file_name(name)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.with_extension("log")).expect("the host's log")
    }
}

async fn comes(name: &str, at: &str) -> Bot {
    let mut bot = Bot::new(name);
    bot.come_in(at).await;
    bot
}

/// Waits until this was done to them, as they hear it.
async fn hears(bot: &mut Bot, deed: &str, whom: &str) -> Value {
    let fits = |told: &Value| told["type"] == "moderated" && told["deed"] == deed && told["who"]["name"] == whom;
    bot.wait_raw(fits).await.expect("everybody around hears it")
}

/// The answer to a question.
async fn asks(bot: &mut Bot, command: Value) -> Value {
    let id = bot.ask(command).await.expect("connected");
    bot.wait_raw(|told| told["id"] == id).await.expect("it is answered")
}

fn role(data: &Path, name: &str) -> String {
    let all = lines(data, &["list"]);
    let person = all.iter().find(|line| line["type"] == "person" && line["name"] == name);
    person.unwrap_or_else(|| panic!("{name} is not in {all:?}"))["role"].as_str().expect("a role").to_owned()
}

#[test]
fn people_see_at_once_what_is_done_to_a_host_that_runs() {
    let place = Place::new();
    let data = &place.data;
    let host = Host::start("127.0.0.1:0", data, &[]);
    let at = host.authority();
    runtime().block_on(async {
        let (mut ann, mut ben, mut cy) = (comes("ann", &at).await, comes("ben", &at).await, comes("cy", &at).await);
        assert_eq!(asks(&mut ann, json!({"type": "audit"})).await["code"], "not_allowed");

        assert_eq!(done(data, &["owner", "ann"]), "ann owns this host now\n");
        let told = hears(&mut ben, "owner", "ann").await;
        assert!(told.get("by").is_none(), "nobody who is there did it: {told}");
        assert_eq!(asks(&mut ann, json!({"type": "audit"})).await["type"], "audit", "and may what an owner may");

        assert_eq!(done(data, &["op", "@cy"]), "cy is an operator now of this host\n");
        hears(&mut cy, "op", "cy").await;
        assert_eq!(done(data, &["owner", "ben"]), "ben owns this host now\n");
        hears(&mut cy, "deop", "ann").await;
        hears(&mut cy, "owner", "ben").await;
        assert_eq!(asks(&mut ann, json!({"type": "audit"})).await["code"], "not_allowed", "who owned it is a member");
        assert_eq!([role(data, "ann"), role(data, "ben"), role(data, "cy")], ["member", "owner", "operator"]);
        assert_eq!(done(data, &["deop", "cy"]), "cy is no operator any more of this host\n");
        hears(&mut cy, "deop", "cy").await;

        let mut mallory = comes("mallory", &at).await;
        let said = done(data, &["ban", "mallory", "1h10m", "spam", "again"]);
        assert_eq!(said, "mallory was banned from this host for 1h 10m: spam again\n");
        let end = mallory.wait_raw(|_| false).await.expect_err("who is banned is sent away");
        assert!(end.contains("4403") && end.contains("spam again"), "{end}");
        hears(&mut ben, "ban", "mallory").await;
        let bans = done(data, &["bans"]);
        assert!(bans.contains("ban  mallory  the host  ") && bans.contains("spam again"), "{bans}");
        let ban = &lines(data, &["bans"])[0];
        assert!(ban["name"] == "mallory" && ban["until"].is_i64() && ban["why"] == "spam again", "{ban}");
        assert_eq!(done(data, &["unban", "mallory"]), "mallory may come again to this host\n");
        assert_eq!(done(data, &["bans"]), "nobody is banned or muted\n");
        mallory.come_in(&at).await;

        let record = asks(&mut ben, json!({"type": "audit"})).await;
        let deeds: Vec<&str> = record["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| {
                assert!(line.get("by").is_none(), "by the host: {line}");
                line["deed"].as_str().expect("a deed")
            })
            .collect();
        assert_eq!(deeds, ["owner", "op", "owner", "deop", "ban", "unban"]);
        let shown = done(data, &["audit", "2"]);
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert!(shown.contains("(the host): ban @mallory for 1h 10m: spam again\n"), "{shown}");

        ann.say("#lobby", "here").await;
        ann.until(&at, "her ack", |bot| bot.pending.is_empty()).await;
        let list = done(data, &["list"]);
        let row = |begin: &str| {
            list.lines().find(|line| line.starts_with(begin)).expect(begin).split_whitespace().collect::<Vec<_>>()
        };
        assert_eq!(row("ben"), ["ben", "owner", "1", "1", "here"], "{list}");
        assert_eq!(row("#lobby"), ["#lobby", "4", "1", "open", "to", "all"], "{list}");
    });
    assert!(host.stop().success());
}

#[test]
fn a_stopped_host_is_looked_after_by_the_same_rules() {
    let place = Place::new();
    let data = &place.data;
    let host = Host::start("127.0.0.1:0", data, &[]);
    let at = host.authority();
    runtime().block_on(async {
        for name in ["ann", "ben", "mallory"] {
            comes(name, &at).await;
        }
    });
    assert!(host.stop().success());
    done(data, &["owner", "ann"]);
    done(data, &["op", "ben"]);
    done(data, &["ban", "mallory", "no", "manners"]);
    let refusals = [
        (["op", "ann"], "they own the host"),
        (["deop", "mallory"], "nothing would change"),
        (["owner", "ann"], "owns this host already"),
        (["owner", "mallory"], "unban them first"),
        (["ban", "ann"], "they own the host"),
        (["unban", "ben"], "nobody called ben is under a ban"),
        (["op", "bne"], "did you mean ben?"),
        (["op", "zzzzzz"], "wschat admin list shows"),
    ];
    let stopped: Vec<String> = refusals.iter().map(|(args, _)| refused(data, args)).collect();
    let running = Host::start(&at, data, &[]);
    for ((args, _), before) in refusals.iter().zip(&stopped) {
        assert_eq!(refused(data, args), *before, "{args:?}: one set of rules");
    }
    for ((args, why), said) in refusals.iter().zip(&stopped) {
        assert!(said.contains(why), "{args:?}: {said}");
    }
    runtime().block_on(async {
        let mut ann = comes("ann", &at).await;
        let record = asks(&mut ann, json!({"type": "audit"})).await;
        assert_eq!(record["lines"].as_array().map(Vec::len), Some(3), "{record}");
        let people = asks(&mut ann, json!({"type": "who", "room": "#lobby"})).await;
        let ben = people["people"].as_array().expect("people").iter().find(|one| one["name"] == "ben").cloned();
        assert_eq!(ben.expect("ben is a member")["role"], "operator");
        let mut mallory = Bot::new("mallory");
        let why = mallory.try_come_in(&at).await.expect_err("who is banned does not come in");
        assert!(why.contains("no manners"), "{why}");
    });
    assert!(running.stop().success());
    assert!(done(data, &["bans"]).contains("no manners"));
    assert_eq!(done(data, &["audit"]).lines().count(), 3);
}

#[test]
fn where_there_is_nothing_to_look_after_it_is_said() {
    let place = Place::new();
    assert!(refused(&place.data, &["list"]).contains("there is no host in"), "no folder");
    std::fs::create_dir(&place.data).expect("a folder");
    for args in [&["list"][..], &["backup", "x"], &["verify"]] {
        assert!(refused(&place.data, args).contains("there is no host in"), "{args:?}");
    }
    assert!(std::fs::read_dir(&place.data).expect("a folder").next().is_none(), "and nothing is made there");
    let host = Host::start("127.0.0.1:0", &place.data, &[]);
    assert!(host.stop().success());
    let held = DataDirLock::take(&place.data).expect("the host has let go");
    let said = refused(&place.data, &["list"]);
    assert!(said.contains(&format!("(pid {})", std::process::id())) && said.contains("just starting"), "{said}");
    drop(held);
    let usage = admin(&place.data, &["dance"]);
    assert_eq!(usage.code, Some(2), "{usage:?}");
}

#[test]
fn the_socket_is_its_owners_alone_and_one_left_behind_is_in_nobodys_way() {
    let place = Place::new();
    let socket = place.data.join("admin.sock");
    let host = Host::start("127.0.0.1:0", &place.data, &[]);
    done(&place.data, &["list"]);
    let made = std::fs::symlink_metadata(&socket).expect("the host listens");
    assert!(made.file_type().is_socket());
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    let folder = std::fs::metadata(&place.data).expect("the folder");
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    assert_eq!((made.uid(), folder.uid()), (rustix::process::geteuid().as_raw(), made.uid()));
    host.kill();
    assert!(socket.exists(), "nobody tidied up");
    assert!(done(&place.data, &["list"]).contains("#lobby"), "a host that was killed is stopped");
    let host = Host::start("127.0.0.1:0", &place.data, &[]);
    assert!(done(&place.data, &["list"]).contains("#lobby"));
    assert!(host.stop().success());
    assert!(!socket.exists(), "who stops in order leaves nothing behind");
    assert!(!place.log().contains("WARN"), "{}", place.log());
}

#[test]
fn a_folder_too_deep_for_a_socket_keeps_no_host_from_running() {
    let place = Place::new();
    let deep = place.data.join("d".repeat(120));
    std::fs::create_dir(&place.data).expect("a folder");
    let host = Host::start("127.0.0.1:0", &deep, &[]);
    let said = refused(&deep, &["list"]);
    assert!(said.contains("shorter --data-dir"), "{said}");
    done(&deep, &["verify"]);
    let log = std::fs::read_to_string(deep.with_extension("log")).expect("its log");
    assert!(log.contains("wschat admin cannot reach this host while it runs"), "{log}");
    assert!(host.stop().success());
    assert!(done(&deep, &["list"]).contains("#lobby"));
}

#[test]
fn a_backup_made_while_people_talk_is_whole_and_comes_back() {
    let place = Place::new();
    let (data, file) = (&place.data, place.file("backup.db"));
    let name = file.to_str().expect("a path of the test");
    let host = Host::start("127.0.0.1:0", data, &[]);
    let at = host.authority();
    let (mut ann, mut ben) = (Bot::new("ann"), Bot::new("ben"));
    let acked = runtime().block_on(async {
        ann.come_in(&at).await;
        ben.come_in(&at).await;
        for n in 0..50 {
            ann.say("#lobby", &format!("before {n}")).await;
        }
        ann.until(&at, "her acks", |bot| bot.pending.is_empty()).await;
        let acked = ann.acked.clone();
        let mut backup = wschat();
        let backup = backup.args(["admin", "--data-dir"]).arg(data).args(["backup", name]);
        let mut backup = backup.stdout(Stdio::null()).spawn().expect("the binary is built");
        let mut n = 0;
        let ended = loop {
            if let Some(ended) = backup.try_wait().expect("it is our child") {
                break ended;
            }
            // Each line is kept before the next is said, so the host writes for as long as the copy is made.
            ann.say("#lobby", &format!("meanwhile {n}")).await;
            ann.until(&at, "her ack", |bot| bot.pending.is_empty()).await;
            n += 1;
        };
        assert!(ended.success() && n > 0, "{ended} after {n} lines");
        ann.say("#lobby", "after").await;
        ann.until(&at, "her ack", |bot| bot.pending.is_empty()).await;
        let total = ann.log["#lobby"].len();
        ben.until(&at, "all lines", |bot| bot.log.get("#lobby").is_some_and(|log| log.len() == total)).await;
        acked
    });
    assert_eq!(std::fs::metadata(&file).expect("the backup").permissions().mode() & 0o777, 0o600);
    assert!(refused(data, &["backup", name]).contains("is there already"));
    assert!(done(data, &["verify", name]).contains("is whole"));
    assert!(done(data, &["verify"]).contains("is whole"));
    assert!(refused(data, &["restore", name]).contains("stop it first"));
    assert!(host.stop().success());

    let before = std::fs::read(data.join("host.db")).expect("the history");
    let epoch_before = ann.epoch("#lobby");
    let said = done(data, &["restore", name]);
    let aside = said.lines().find_map(|line| line.strip_prefix("what was there is kept as ")).expect("it says where");
    assert!(std::fs::read(aside).expect("it is kept") == before, "to the byte");
    assert_eq!(std::fs::metadata(data.join("host.db")).expect("restored").permissions().mode() & 0o777, 0o600);
    assert!(!data.join("restoring").exists());
    assert!(done(data, &["audit"]).contains("(the host): restore: backup.db"));

    let host = Host::start(&at, data, &[]);
    runtime().block_on(async {
        // Ann has lines that the backup has not, under numbers that will be given anew: she must not believe in them.
        let in_backup = |log: &std::collections::BTreeMap<u64, common::bot::Heard>| {
            acked.iter().all(|(nonce, seq)| log.get(seq).and_then(|heard| heard.nonce.as_ref()) == Some(nonce))
        };
        ann.come_in(&at).await;
        assert_ne!(ann.epoch("#lobby"), epoch_before, "history began anew");
        let log = ann.log["#lobby"].clone();
        assert!(in_backup(&log), "every line acked before the backup is there");
        assert!(log.values().all(|heard| heard.text != "after"), "what came later is not");
        ann.check("#lobby");
        ben.say("#lobby", "another line under a number that was given before").await;
        ben.come_in(&at).await;
        ben.until(&at, "his ack", |bot| bot.pending.is_empty()).await;
        ben.check("#lobby");
        ann.until(&at, "his line", |bot| bot.log["#lobby"].len() == ben.log["#lobby"].len()).await;
        assert_eq!(ann.log["#lobby"], ben.log["#lobby"]);
        let newcomer = comes("newcomer", &at).await;
        assert_eq!(newcomer.log["#lobby"], ann.log["#lobby"]);
    });
    assert!(host.stop().success());
}

#[test]
fn what_a_killed_host_had_in_its_log_is_kept_aside_with_its_history() {
    let place = Place::new();
    let (data, file) = (&place.data, place.file("backup.db"));
    let name = file.to_str().expect("a path of the test");
    let host = Host::start("127.0.0.1:0", data, &[]);
    let at = host.authority();
    done(data, &["backup", name]);
    runtime().block_on(async {
        let mut ann = comes("ann", &at).await;
        for n in 0..30 {
            ann.say("#lobby", &format!("line {n}")).await;
        }
        ann.until(&at, "her acks", |bot| bot.pending.is_empty()).await;
    });
    host.kill();
    let log = std::fs::metadata(data.join("host.db-wal")).expect("a host that was killed has a log");
    assert!(log.len() > 0);
    let said = done(data, &["restore", name]);
    let aside = said.lines().find_map(|line| line.strip_prefix("what was there is kept as ")).expect("it says where");
    assert!(!data.join("host.db-wal").exists(), "no log of another history stays beside the restored one");
    assert!(done(data, &["verify", aside]).contains("30 entries"), "all that was acked is there");
    assert!(done(data, &["verify"]).contains("0 entries"));
    // And back again.
    done(data, &["restore", aside]);
    let host = Host::start(&at, data, &[]);
    runtime().block_on(async {
        assert_eq!(comes("ben", &at).await.log["#lobby"].len(), 30);
    });
    assert!(host.stop().success());
}

/// Says so much that the history has pages in its middle which belong to nothing that is looked at when a host starts.
fn long_history(data: &Path) -> String {
    let host = Host::start("127.0.0.1:0", data, &[]);
    let at = host.authority();
    runtime().block_on(async {
        let mut ann = comes("ann", &at).await;
        for n in 0..600 {
            ann.say("#lobby", &format!("line {n}: {}", "words ".repeat(50))).await;
            if n % 100 == 99 {
                ann.until(&at, "her acks", |bot| bot.pending.is_empty()).await;
            }
        }
    });
    assert!(host.stop().success());
    at
}

/// Overwrites pages of a file, from this share of it on.
fn damage(file: &Path, from: f64, pages: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(file).expect("the history");
    let all = bytes.len() / 4096;
    let first = (all as f64 * from) as usize;
    assert!(first + pages < all, "{all} pages");
    bytes[first * 4096..(first + pages) * 4096].fill(0xa5);
    std::fs::write(file, &bytes).expect("it can be written");
    bytes
}

#[test]
fn damage_is_said_plainly_and_nothing_of_it_is_lost() {
    let place = Place::new();
    let (data, backup) = (&place.data, place.file("backup.db"));
    let name = backup.to_str().expect("a path of the test");
    let at = long_history(data);
    done(data, &["backup", name]);

    let bad = damage(&data.join("host.db"), 0.3, 12);
    let said = admin(data, &["verify"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("host.db is damaged") && !said.out.is_empty(), "{said:?}");
    let other = place.file("other.db");
    assert!(refused(data, &["backup", other.to_str().expect("a path")]).contains("damaged"));
    assert!(!other.exists() && !place.file("other.db.partial").exists(), "a copy of that is no backup");
    assert!(std::fs::read(data.join("host.db")).expect("it is there") == bad, "looking changes nothing");

    // Its head is gone: the host does not start, says why and what to do, and leaves it as it is.
    let worse = damage(&data.join("host.db"), 0.0, 8);
    let mut host = Command::new(env!("CARGO_BIN_EXE_wschat"));
    let host =
        host.args(["--host", "127.0.0.1:0", "--headless", "--data-dir"]).arg(data).output().expect("it is built");
    let said = String::from_utf8_lossy(&host.stderr).into_owned();
    assert_eq!(host.status.code(), Some(1), "{said}");
    assert!(said.contains("host.db is damaged") && said.contains("wschat admin restore FILE"), "{said}");
    assert!(std::fs::read(data.join("host.db")).expect("it is there") == worse, "to the byte");
    assert!(refused(data, &["list"]).contains("is damaged"));

    let spoilt = place.file("spoilt.db");
    std::fs::copy(&backup, &spoilt).expect("it can be copied");
    damage(&spoilt, 0.5, 3);
    assert!(refused(data, &["restore", spoilt.to_str().expect("a path")]).contains("nothing was changed"));
    assert!(refused(data, &["restore", "Cargo.toml"]).contains("nothing was changed"));
    assert!(std::fs::read(data.join("host.db")).expect("it is there") == worse, "to the byte");

    let said = done(data, &["restore", name]);
    let aside = said.lines().find_map(|line| line.strip_prefix("what was there is kept as ")).expect("it says where");
    assert!(std::fs::read(aside).expect("it is kept") == worse, "the bad file is kept");
    assert!(done(data, &["verify"]).contains("is whole"));
    let host = Host::start(&at, data, &[]);
    runtime().block_on(async {
        let newcomer = comes("newcomer", &at).await;
        assert_eq!(newcomer.log["#lobby"].len(), 600);
        newcomer.check("#lobby");
    });
    assert!(host.stop().success());
}

#[test]
fn a_host_that_starts_on_a_history_with_a_damaged_middle_says_so_and_tells_nothing_wrong() {
    let place = Place::new();
    let at = long_history(&place.data);
    damage(&place.data.join("host.db"), 0.3, 12);
    let host = Host::start(&at, &place.data, &[]);
    let end = std::time::Instant::now() + common::bot::DEADLINE;
    loop {
        let said = place.log();
        if said.contains("host.db is damaged") && said.contains("wschat admin restore") {
            break;
        }
        assert!(std::time::Instant::now() < end, "nothing is said: {said}");
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    runtime().block_on(async {
        let mut newcomer = Bot::new("newcomer");
        let refused = newcomer.try_come_in(&at).await.expect_err("not all can be read");
        assert!(refused.contains("cannot read that part of its history"), "{refused}");
        // What is read is what was said.
        for heard in newcomer.log["#lobby"].values() {
            let number = heard.text.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
            assert!(number.is_some_and(|(_, words)| words.trim_end() == "words ".repeat(50).trim_end()), "{heard:?}");
        }
        let (newest, last) = newcomer.log["#lobby"].last_key_value().expect("the newest page is whole");
        assert!(*newest == 600 && last.text.starts_with("line 599: "), "{last:?}");
    });
    assert!(host.stop().success());
}
