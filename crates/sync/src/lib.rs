//! The protocol between a device and head office.
//!
//! Pure state machines: no sockets, no clock, no storage. Bytes, time and chance come in as
//! arguments, and what is to be done comes out; who drives them performs it and reports back.

pub mod client;
pub mod copies;
pub mod feed;
pub mod files;
pub mod message;
pub mod server;

#[cfg(test)]
mod sample;
