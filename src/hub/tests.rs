//! Stories: who does what, and what everybody reads of it. A little perfect store answers, at once or late; no socket, no
//! disk, no clock. Raw clients' transcripts are exactly their lines; those of `wschat.v1` are told in short.

mod bots;
mod calls;
mod desk;
mod devices;
mod hooks;
mod invites;
mod limits;
mod memos;
mod order;
mod others;
mod outsiders;
mod ranks;
mod raw;
mod seeds;
mod stories;
mod world;
