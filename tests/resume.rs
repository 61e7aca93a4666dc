//! Nothing said is lost, doubled or reordered: hosts are killed, wires cut, stalled, and made to swallow an ack, while
//! people talk. The clients are the test's own.

mod common;

use common::bot::Bot;
use common::process::Host;
use common::proxy::Proxy;

/// Rounds of kill -9 in an ordinary run; the long form is a setting of the environment.
fn rounds() -> usize {
    std::env::var("WSCHAT_KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(6)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

#[test]
fn a_killed_host_loses_nothing_that_was_acked() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let data = dir.path().join("host");
        let mut host = Host::start("127.0.0.1:0", &data, &[]);
        let at = host.authority();
        let mut people = [Bot::new("ann"), Bot::new("ben"), Bot::new("cy")];
        for round in 0..rounds() {
            for person in &mut people {
                if round == 0 {
                    person.come_in(&at).await;
                }
                for n in 0..20 {
                    person.say("#lobby", &format!("{} {round}.{n}", person.name)).await;
                }
            }
            // One line of somebody is heard for sure, then the host dies among the others.
            let before = people[0].acked.len();
            people[0].until(&at, "an ack under load", |bot| bot.acked.len() > before).await;
            host.kill();
            host = Host::start(&at, &data, &[]);
        }
        settle(&mut people, &at, rounds() * 20 * 3).await;
    });
}

/// Everybody hears everything; the log is checked on every screen and against a newcomer's reading.
async fn settle(people: &mut [Bot], at: &str, total: usize) {
    for person in people.iter_mut() {
        person.until(at, "its own acks", |bot| bot.pending.is_empty()).await;
    }
    for person in people.iter_mut() {
        person.until(at, "all lines", |bot| bot.log.get("#lobby").is_some_and(|log| log.len() >= total)).await;
        person.check("#lobby");
    }
    let mut newcomer = Bot::new("newcomer");
    newcomer.come_in(at).await;
    newcomer.check("#lobby");
    assert_eq!(newcomer.log["#lobby"].len(), total);
    for person in people.iter() {
        assert_eq!(person.log["#lobby"], newcomer.log["#lobby"], "{} sees another log", person.name);
        let own: Vec<&str> =
            person.log["#lobby"].values().filter(|h| h.from == person.name).map(|h| h.text.as_str()).collect();
        let mut sorted = own.clone();
        sorted.sort_by_key(|text| {
            let (round, n) = text.rsplit(' ').next().and_then(|t| t.split_once('.')).expect("the test wrote it so");
            (round.parse::<u32>().expect("a number"), n.parse::<u32>().expect("a number"))
        });
        assert_eq!(own, sorted, "the order of one sender holds");
    }
}

#[test]
fn a_swallowed_ack_is_no_second_message() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
        let wire = Proxy::to(host.addr).await;
        let through = wire.addr.to_string();
        let (mut ann, mut ben) = (Bot::new("ann"), Bot::new("ben"));
        ann.come_in(&through).await;
        ben.come_in(&host.authority()).await;
        for n in 0..30 {
            let text = format!("ann 0.{n}");
            let marker = format!("\"{text}\"").into_bytes();
            wire.swallow(move |frame| frame.windows(marker.len()).any(|part| part == marker));
            ann.say("#lobby", &text).await;
            ann.until(&through, "its ack after the cut", |bot| bot.pending.is_empty()).await;
        }
        settle(&mut [ann, ben], &host.authority(), 30).await;
    });
}

#[test]
fn cuts_and_stalls_lose_nothing() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let host = Host::start("127.0.0.1:0", &dir.path().join("host"), &[]);
        let wire = Proxy::to(host.addr).await;
        let through = wire.addr.to_string();
        let (mut ann, mut ben) = (Bot::new("ann"), Bot::new("ben"));
        ann.come_in(&through).await;
        ben.come_in(&host.authority()).await;
        for round in 0..20 {
            if round % 3 == 0 {
                wire.stall();
            }
            for n in 0..5 {
                ann.say("#lobby", &format!("ann {round}.{n}")).await;
                ben.say("#lobby", &format!("ben {round}.{n}")).await;
            }
            wire.cut();
            ann.vanish();
            wire.flow();
            ann.until(&through, "its acks after the cut", |bot| bot.pending.is_empty()).await;
        }
        settle(&mut [ann, ben], &host.authority(), 200).await;
    });
}

#[test]
fn a_host_told_to_stop_says_1012_and_ends_well() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let data = dir.path().join("host");
        let host = Host::start("127.0.0.1:0", &data, &[]);
        let at = host.authority();
        let mut ann = Bot::new("ann");
        ann.come_in(&at).await;
        ann.say("#lobby", "ann 0.0").await;
        ann.until(&at, "its ack", |bot| bot.pending.is_empty()).await;
        assert!(host.stop().success());
        let end = ann.wait_raw(|_| false).await.expect_err("the host closes");
        assert!(end.contains("1012") || end.contains("Restart"), "{end}");
        let host = Host::start(&at, &data, &[]);
        assert_eq!(host.said.matches('\n').count(), 1);
        settle(&mut [ann], &at, 1).await;
    });
}
