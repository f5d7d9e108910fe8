//! Head office: keeps the log of every device, hands it on, and serves the app.
//!
//! What becomes of an envelope is judged by `shouwen_sync::server`, what a case is by the domain;
//! here are only sockets, files and the database. Start at [`Server`].

pub mod admin;
pub mod arguments;
pub mod bounds;
pub mod clock;
pub mod customer;
pub mod demo;
pub mod enrolment;
pub mod invitation;
pub mod server;
pub mod site;
pub mod tls;
mod watch;

pub mod keys;
mod news;

mod api;
mod app_files;
mod connections;
mod disk;
mod limiter;
mod pin;
pub mod storage;

pub use server::{Server, Settings, StartError};
