//! The server's body: sockets, disk and time around the hub. In reading order: `listen` opens and accepts, `tls` has the
//! certificate, `gate` says who may knock and `entrance` who may come in how, `http` speaks over a `handshake` until a
//! connection is upgraded and `pages` is what it sends otherwise, `web` what it asks of the hub (`tails`, `hooks`,
//! `metrics`), `connection` reads its `wire` and `outgoing` is what is written to it,
//! `driver` owns the hub and `fanout` tells everybody what it wants told, `keeper` owns the store and
//! `turns` asks it, `passwords` works out what takes long; `admin` hears who has the host's folder, `alone` is the host that
//! is asked when none runs. What may be said and who hears it is decided in `hub`, nowhere here.
//!
//! A connection's task never touches the hub, the driver never waits, and nothing is told before it is kept.

mod addresses;
pub mod admin;
pub mod alone;
pub mod announce;
mod connection;
mod driver;
pub mod entrance;
mod fanout;
mod frames;
mod gate;
mod half_open;
mod handshake;
mod hooks;
mod http;
mod ids;
mod keeper;
mod listen;
mod metrics;
pub mod outgoing;
mod pages;
mod passwords;
mod tails;
pub mod tls;
mod together;
pub mod turns;
mod web;
pub mod wire;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::config::{self, Config, Limits, Timeouts};
use crate::hub::invites::Site;
use crate::hub::limits::{Rate, Rates};
use crate::hub::{Hub, Rules};
use crate::protocol::dialect::{DecodeLimits, Translator};
use crate::protocol::event::Bounds;
use crate::protocol::secret::Token;
use crate::protocol::text::Text;
use crate::store::{Retention, Store};
use addresses::Addresses;
use admin::Admin;
use connection::House;
use driver::Driver;
use entrance::Entrance;
use gate::Gate;
use half_open::HalfOpen;
use http::Porch;
use ids::Ids;
use keeper::Keeper;
use metrics::Tally;
use web::Web;

pub use listen::{BindError, Listeners, Place, bind};

/// Inputs of connections that wait for the driver; beyond it they wait themselves. A few turns, so that the driver never
/// runs dry while they wake.
const ARRIVALS: usize = 1024;

/// Of the time to stop: so much to commit what was taken, and so much, from the start, to see everybody off. What is left
/// is for the store to close.
const SETTLE: f64 = 0.4;
const SEE_OFF: f64 = 0.8;

/// All a server needs to know.
pub struct Options {
    /// Names, origins, the default room.
    pub server: config::Server,
    /// Who may come in, and how.
    pub entrance: Entrance,
    /// How much.
    pub limits: Limits,
    /// How long.
    pub timeouts: Timeouts,
    /// What is kept of old history.
    pub retention: Retention,
    /// What was said, and will be.
    pub store: Box<dyn Store>,
    /// Whether the store ends with the host; clients are told.
    pub ephemeral: bool,
    /// Whether all that comes is only sent back, for what tries implementations of WebSocket.
    pub echo: bool,
    /// Milliseconds that its clock on the wall is ahead of the system's: 0, but in a demo.
    pub ahead: i64,
    /// Who enters with a key and this invitation owns the host, if nobody does yet.
    pub owner_ticket: Option<Token>,
    /// Told how many connections there are.
    pub here: watch::Sender<usize>,
    /// Where others find it.
    pub site: Site,
    /// Its folder, where whoever may enter that asks things of it; the lock of the folder is ours then.
    pub folder: Option<PathBuf>,
}

impl Options {
    /// As the settings say.
    pub fn new(config: &Config, store: Box<dyn Store>, ephemeral: bool) -> Options {
        Options {
            server: config.server.clone(),
            entrance: Entrance { open: true, ..Entrance::default() },
            limits: config.limits.clone(),
            timeouts: config.timeouts.clone(),
            retention: Retention {
                max_days: config.history.max_days.into(),
                max_entries: config.history.max_entries,
                max_bytes: config.history.max_bytes,
            },
            store,
            ephemeral,
            echo: false,
            ahead: 0,
            owner_ticket: None,
            here: watch::Sender::new(0),
            site: Site::default(),
            folder: None,
        }
    }

    /// What one may do in how long.
    fn rates(&self) -> Rates {
        let of = |burst, every| Rate { burst, every };
        let limits = &self.limits;
        Rates {
            messages: of(limits.message_burst, limits.message_every),
            joins: of(limits.join_burst, limits.join_every),
            names: of(limits.name_burst, limits.name_every),
            invites: of(limits.invite_burst, limits.invite_every),
            passwords: of(limits.password_burst, limits.password_every),
            searches: of(limits.search_burst, limits.search_every),
            per_address: limits.people_per_address,
        }
    }

    /// The hub's share.
    fn rules(&self, seed: [u8; 32]) -> Rules {
        let Limits { frame_bytes, text_bytes, page_entries, unanswered_commands, .. } = self.limits;
        Rules {
            server: Text::clean(&self.server.name),
            default_room: self.server.default_room.clone(),
            ephemeral: self.ephemeral,
            bounds: Bounds { frame_bytes, text_bytes, page_entries, unanswered: unanswered_commands },
            sessions_per_person: self.limits.sessions_per_person,
            rooms: self.limits.rooms,
            rooms_per_person: self.limits.rooms_per_person,
            crowd: self.limits.crowd,
            people: self.limits.people,
            enter_tries: self.limits.enter_tries,
            bad_frames: self.limits.bad_frames,
            topic_bytes: self.limits.topic_bytes,
            linger: self.timeouts.linger_online,
            enter_within: self.timeouts.enter,
            name_reserved: self.timeouts.name_reserved,
            owner_ticket: self.owner_ticket.clone(),
            site: self.site.clone(),
            seed,
            rates: self.rates(),
        }
    }
}

/// How a server ended that was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that did not take their goodbye in time, and were cut.
    pub cut: usize,
}

/// Why a server ended that was not asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot go on. What was acknowledged is kept.
    #[error("{0}")]
    Store(String),
    /// Nobody is accepted any more.
    #[error("the host stops: {0}")]
    Accepting(String),
}

/// Serves until `shutdown`, then stops in order: nobody is accepted, what was taken is committed and told, everybody is
/// closed with 1012, the store is closed; all within the time to stop. On an error of the store it stops the same way,
/// and nothing that is not kept was ever acknowledged.
///
/// Meant for a `current_thread` runtime with time and I/O enabled, on a thread of its own.
pub async fn run(
    listeners: Listeners,
    mut options: Options,
    shutdown: impl Future<Output = ()>,
) -> Result<Stopped, ServeError> {
    let store_error = |e: crate::store::StoreError| ServeError::Store(e.to_string());
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| ServeError::Store(format!("no random numbers: {e}")))?;
    let rules = options.rules(seed);
    let facts = options.store.facts().map_err(store_error)?;
    let hub = Hub::new(rules, options.store.epoch(), facts);
    let retain = options.retention != Retention::default();
    let queue = options.limits.keeper_queue;
    let tally = Arc::<Tally>::default();
    let (keeper, answers) = Keeper::start(options.store, options.ephemeral, queue, options.retention, tally.clone())
        .map_err(store_error)?;

    let (sender, arrivals) = mpsc::channel(ARRIVALS);
    let house = Arc::new(House {
        arrivals: sender,
        translator: Translator { default_room: options.server.default_room.clone() },
        limits: options.limits,
        timeouts: options.timeouts,
        ids: Ids::default(),
        echo: options.echo,
        ahead: options.ahead,
        tally: tally.clone(),
        here: options.here,
    });
    let gate = Gate { names: options.server.names, origins: options.server.allowed_origins };
    let crowd = Rate { burst: house.limits.connection_burst, every: house.limits.connection_every };
    let addresses = Addresses::new(house.limits.connections_per_address, crowd);
    let desk = options.folder.as_deref().and_then(|folder| Admin::open(folder, house.arrivals.clone()));
    let porch = Porch { gate, entrance: Arc::new(options.entrance), addresses };
    let token = Token::parse(&options.server.metrics_token);
    let web = Web::new(house.arrivals.clone(), house.limits.clone(), tally, token);
    let mut door = Door::open(listeners, porch, web, house.clone());
    let mut driver = Driver::new(hub, keeper, answers, arrivals, house.clone(), retain);

    let mut failed = None;
    let asked_to = async {
        tokio::select! {
            () = shutdown => {}
            why = door.broken() => failed = Some(ServeError::Accepting(why)),
        }
    };
    let worked = driver.work(asked_to).await;
    drop(desk);
    let stopped = stop(driver, door, house.timeouts.stop, worked.is_ok()).await;
    worked?;
    failed.map_or(Ok(stopped), Err)
}

/// Stops in order. `whole`: whether the store still works.
async fn stop(mut driver: Driver, door: Door, allowed: Duration, mut whole: bool) -> Stopped {
    let start = Instant::now();
    let by = |share: f64| start + allowed.mul_f64(share);
    tracing::info!(connections = driver.open(), "stopping");
    let Door { accepting, half_open, tasks } = door;
    drop(accepting);
    driver.stop_taking();
    if whole {
        whole = match timeout_at(by(SETTLE), driver.settle()).await {
            Ok(settled) => settled.is_ok(),
            Err(_) => {
                tracing::warn!("the disk is too slow: some of what was asked is not answered");
                true
            }
        };
    }
    driver.close_all();
    half_open.clear();
    tasks.close();
    let seen_off = async {
        if driver.work(tasks.wait()).await.is_err() {
            // Without a store there is nothing left to drive; the connections still end by themselves.
            tasks.wait().await;
        }
    };
    let _ = timeout_at(by(SEE_OFF), seen_off).await;
    let cut = tasks.len();
    if whole && timeout_at(by(1.0), driver.finish()).await.is_err() {
        tracing::warn!("the disk is too slow: leaving before it was done");
    }
    tracing::info!(cut, "stopped");
    Stopped { cut }
}

/// What lets people in.
struct Door {
    /// One task for each listening socket.
    accepting: JoinSet<()>,
    half_open: Arc<HalfOpen>,
    /// One task for each connection.
    tasks: TaskTracker,
}

impl Door {
    fn open(listeners: Listeners, porch: Porch, web: Arc<Web>, house: Arc<House>) -> Door {
        let half_open = HalfOpen::new(match house.limits.half_open {
            // The other half is for those who have entered, and for the store.
            0 => listen::files() / 2,
            most => most,
        });
        let tasks = TaskTracker::new();
        let entrance = porch.entrance.clone();
        let front = http::Front::new(porch, web);
        let mut accepting = JoinSet::new();
        for socket in listeners.sockets {
            let here = socket.local_addr().ok().map(|here| here.ip()).filter(|here| !here.is_unspecified());
            let (half_open, tasks, house) = (half_open.clone(), tasks.clone(), house.clone());
            let (front, entrance) = (front.clone(), entrance.clone());
            accepting.spawn(listen::accept(socket, move |stream: TcpStream, peer: SocketAddr| {
                let (ends, place, house) = (http::Ends { peer, here }, half_open.enter(), house.clone());
                let (front, entrance) = (front.clone(), entrance.clone());
                let next = tasks.clone();
                tasks.spawn(async move {
                    if let Some(upgraded) = http::greet(front, house.clone(), entrance, stream, ends, place).await {
                        // A task of its own: this one's memory was made for HTTP, which needs far more.
                        if let Some(serving) = connection::serve(house, upgraded) {
                            next.spawn(serving);
                        }
                    }
                });
            }));
        }
        Door { accepting, half_open, tasks }
    }

    /// Ready when one of the sockets is not accepted from any more, which no system does and only a mistake can.
    async fn broken(&mut self) -> String {
        match self.accepting.join_next().await {
            Some(Err(error)) => format!("nobody is let in any more: {error}"),
            _ => std::future::pending().await,
        }
    }
}

/// What decoding needs of the settings.
fn decode_limits(limits: &Limits) -> DecodeLimits {
    DecodeLimits {
        text_bytes: limits.text_bytes,
        topic_bytes: limits.topic_bytes,
        page_entries: u32::try_from(limits.page_entries).unwrap_or(u32::MAX),
    }
}
