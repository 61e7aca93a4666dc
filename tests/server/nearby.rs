//! A host is found by those on its network, told anew when others come, and goes from the list when it stops. On loopback
//! alone, where the system lets multicast through; where it does not, that is said and nothing is tested.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use wschat::client::address::Transport;
use wschat::client::discover::{Looking, Nearby, News};
use wschat::protocol::lan::Announcement;
use wschat::server::announce::{Announced, On};

use crate::host::soon;

/// The next news of the host with this port; others may be on this machine too.
async fn next(looking: &mut Looking, of: &Nearby) -> News {
    loop {
        match soon("news", looking.news.recv()).await.expect("it goes on") {
            News::Here(nearby) if nearby.said.port != of.said.port => {}
            News::Gone(id) if id != of.id => {}
            news => return news,
        }
    }
}

async fn found(looking: &mut Looking, port: u16) -> Option<Nearby> {
    let look = async {
        loop {
            match looking.news.recv().await? {
                News::Here(nearby) if nearby.said.port == port => return Some(*nearby),
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(10), look).await.ok().flatten()
}

#[tokio::test]
async fn a_host_is_found_and_goes() {
    let said = Announcement { name: "Küche".into(), port: 45_871, tls: true, open: false, here: 0 };
    let announced = match Announced::start(said.clone(), On::Loopback) {
        Ok(announced) => announced,
        Err(why) => return eprintln!("NOT TESTED: nothing can be announced on this machine: {why}"),
    };
    let mut looking = Looking::start(true).expect("where one can announce one can look");
    let Some(nearby) = found(&mut looking, said.port).await else {
        return eprintln!("NOT TESTED: no multicast comes through the loopback of this machine");
    };
    assert_eq!(nearby.said, said);
    assert_eq!((&*nearby.address.authority, nearby.address.transport), ("127.0.0.1:45871", Transport::Plain));

    let (tell, here) = watch::channel(0);
    let telling = tokio::spawn(announced.keep_telling(here));
    tell.send_replace(3);
    loop {
        match next(&mut looking, &nearby).await {
            News::Here(changed) if changed.said.here == 3 => break,
            News::Here(_) => {}
            News::Gone(_) => panic!("it is still there"),
        }
    }
    telling.abort();
    let _ = telling.await;
    while next(&mut looking, &nearby).await != News::Gone(nearby.id.clone()) {}
}
