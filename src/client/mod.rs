//! A client without a screen: what it knows (`chat`, `timeline`), what it has still to say (`outbox`), who it is (`keyring`)
//! and the wire (`link`). The terminal draws it, a bot answers with it. It meets the host on the wire alone.

pub mod backoff;
pub mod chat;
pub mod keyring;
pub mod link;
pub mod outbox;
pub mod timeline;
