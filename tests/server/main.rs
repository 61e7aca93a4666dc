//! A real host on a real port, spoken to by raw clients: what it lets in, what it answers to what is wrong, what it costs
//! when it is treated badly, and how it stops. What is said and who hears it is shown by the hub's stories.

#[path = "../common/host.rs"]
mod host;

mod frames;
mod handshake;
mod nearby;
mod over_http;
mod pages;
mod patience;
mod stopping;
mod tls;
