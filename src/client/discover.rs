//! Hosts on the network one is on, as they announce themselves: looked for only while somebody wants to see them. What they
//! say is shown and not believed; whether a host is the right one is `trust`'s question when it is dialled.

use std::collections::HashMap;

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent};
use tokio::sync::mpsc;

use super::address::{Address, Transport};
use crate::protocol::lan::{Announcement, SERVICE};

/// Hosts that are told of: more than a list shows, and an end for whoever announces thousands.
pub const HOSTS: usize = 64;

/// News that wait to be seen.
const NEWS: usize = 64;

/// A host that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearby {
    /// What it is recognised by when it goes.
    pub id: String,
    /// What it says of itself.
    pub said: Announcement,
    /// How to get there.
    pub address: Address,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A host, new or changed.
    Here(Box<Nearby>),
    /// It is there no more.
    Gone(String),
}

/// Looking; it ends when this is dropped.
pub struct Looking {
    daemon: ServiceDaemon,
    /// What is seen.
    pub news: mpsc::Receiver<News>,
}

impl Looking {
    /// Begins to look; on loopback alone when it is asked for. The error is in words.
    pub fn start(loopback: bool) -> Result<Looking, String> {
        let words = |e: mdns_sd::Error| e.to_string();
        let daemon = ServiceDaemon::new().map_err(words)?;
        if loopback {
            daemon.disable_interface(IfKind::All).map_err(words)?;
            daemon.enable_interface(IfKind::LoopbackV4).map_err(words)?;
        }
        let found = daemon.browse(SERVICE).map_err(words)?;
        let (tell, news) = mpsc::channel(NEWS);
        tokio::spawn(async move {
            let mut known = Vec::new();
            while let Ok(event) = found.recv_async().await {
                let Some(seen) = read(event, &mut known) else { continue };
                if tell.send(seen).await.is_err() {
                    return;
                }
            }
        });
        Ok(Looking { daemon, news })
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        let _ = self.daemon.shutdown();
    }
}

fn read(event: ServiceEvent, known: &mut Vec<String>) -> Option<News> {
    match event {
        ServiceEvent::ServiceResolved(found) => {
            let id = found.get_fullname().to_owned();
            if !known.contains(&id) {
                if known.len() >= HOSTS {
                    return None;
                }
                known.push(id);
            }
            nearby(&found).map(|nearby| News::Here(Box::new(nearby)))
        }
        ServiceEvent::ServiceRemoved(_, id) => {
            let before = known.len();
            known.retain(|one| *one != id);
            (known.len() < before).then_some(News::Gone(id))
        }
        _ => None,
    }
}

/// A host by its IPv4 address; one that has none is not found.
fn nearby(found: &ResolvedService) -> Option<Nearby> {
    let entries: HashMap<String, String> =
        found.get_properties().iter().map(|entry| (entry.key().to_owned(), entry.val_str().to_owned())).collect();
    let said = Announcement::read(found.get_port(), &entries);
    let mut addresses: Vec<_> = found.get_addresses_v4().into_iter().collect();
    // A host of this machine is heard on loopback too, and is entered there without a question.
    addresses.sort_by_key(|ip| (!ip.is_loopback(), *ip));
    let host = addresses.first().map(ToString::to_string)?;
    let mut address: Address = format!("{host}:{}", said.port).parse().ok()?;
    if said.tls && !addresses.first().is_some_and(|ip| ip.is_loopback()) {
        address.transport = Transport::Tls;
    }
    Some(Nearby { id: found.get_fullname().to_owned(), said, address })
}
