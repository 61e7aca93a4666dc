//! Proof under fault: the library's own clients write by chance over real sockets while hosts and clients are killed, wires
//! cut, stalled and lost, disks filled and readers stalled; afterwards the checker holds their logs against the store. Sizes
//! are for an ordinary run; `WSCHAT_FAULTS=release` takes those of a release, `docs/reliability.md` tells what came of it.

#![forbid(unsafe_code)]

mod checker;
mod client;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "system-tests")]
mod full_disk;
mod killed_client;
mod killed_host;
mod seed;
mod slow;
mod soak;
mod stored;
mod wires;
mod workload;
