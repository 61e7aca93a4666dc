//! A client without a screen: what it knows (`chat`, `timeline`), what it has still to say (`outbox`), who it is (`keyring`)
//! and the wire (`dial`, `link`). Where a host is (`address`) and whether to believe it (`trust`). The terminal draws it;
//! commands of the shell pump it (`headless`), bots are written with it (`bot`). It meets the host on the wire alone.

pub mod acquaintances;
pub mod address;
pub mod backoff;
pub mod backup;
pub mod bot;
pub mod chat;
pub mod dial;
pub mod discover;
pub mod headless;
pub mod history;
pub mod keyring;
pub mod last_name;
pub mod link;
pub mod outbox;
pub mod timeline;
pub mod trust;
