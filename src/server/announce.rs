//! Tells the network that a host is here, as long as it is: by multicast DNS, and anew when the number of those who are
//! there changes. What is told is in `protocol::lan`; who listens to it is the client's business.

use std::time::Duration;

use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};
use tokio::sync::watch;

use crate::protocol::lan::{Announcement, SERVICE};

/// How often the number is told anew, at most: everybody on the network hears each time.
const ANEW: Duration = Duration::from_secs(30);

/// Where it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On every network this machine is on.
    Everywhere,
    /// On this machine alone.
    Loopback,
}

/// A host that is announced; dropping it takes that back.
pub struct Announced {
    daemon: ServiceDaemon,
    said: Announcement,
    instance: String,
    on: On,
}

impl Announced {
    /// Announces a host. The error is in words: a machine without a network has none to tell.
    pub fn start(said: Announcement, on: On) -> Result<Announced, String> {
        let daemon = ServiceDaemon::new().map_err(|e| e.to_string())?;
        if on == On::Loopback {
            let alone =
                daemon.disable_interface(IfKind::All).and_then(|()| daemon.enable_interface(IfKind::LoopbackV4));
            alone.map_err(|e| e.to_string())?;
        }
        // Instances of one name would be renamed behind our back; chance keeps two hosts of one name apart.
        let mut chance = [0; 3];
        getrandom::fill(&mut chance).map_err(|e| e.to_string())?;
        let instance = format!("wschat-{:02x}{:02x}{:02x}", chance[0], chance[1], chance[2]);
        let announced = Announced { daemon, said, instance, on };
        announced.tell()?;
        Ok(announced)
    }

    fn tell(&self) -> Result<(), String> {
        let host = format!("{}.local.", self.instance);
        let entries = self.said.entries();
        let ip = if self.on == On::Loopback { "127.0.0.1" } else { "" };
        let info = ServiceInfo::new(SERVICE, &self.instance, &host, ip, self.said.port, &entries[..]);
        let info = info.map_err(|e| e.to_string())?;
        let info = if self.on == On::Everywhere { info.enable_addr_auto() } else { info };
        self.daemon.register(info).map_err(|e| e.to_string())
    }

    /// Tells the number anew whenever it has changed, for as long as it is awaited.
    pub async fn keep_telling(mut self, mut here: watch::Receiver<usize>) {
        while here.changed().await.is_ok() {
            self.said.here = *here.borrow_and_update();
            if let Err(why) = self.tell() {
                tracing::info!("the network is not told: {why}");
            }
            tokio::time::sleep(ANEW).await;
        }
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let name = format!("{}.{SERVICE}", self.instance);
        // The daemon says goodbye in a thread of its own; who does not hear it forgets the host by itself.
        let _ = self.daemon.unregister(&name).map(|done| done.recv_timeout(Duration::from_millis(300)));
        let _ = self.daemon.shutdown();
    }
}
