//! The log on the device and the files beside it, in the browser's IndexedDB.
//!
//! [`Engine`] is the log over any [`disk::Disk`] and compiles anywhere, and so does [`Sealing`], a disk of which nobody
//! reads anything without a key; the disk that is IndexedDB and the browser's cipher need a browser. Nothing outside this crate knows an object store.

mod blocks;
mod compaction;
mod directory;
pub mod disk;
mod engine;
mod erasing;
mod files;
#[cfg(target_arch = "wasm32")]
pub mod hpke;
#[cfg(target_arch = "wasm32")]
mod indexeddb;
mod known;
mod letting_go;
mod mirror;
mod prepare;
mod record;
mod sealing;
#[cfg(target_arch = "wasm32")]
mod webcrypto;

pub use engine::Engine;
#[cfg(target_arch = "wasm32")]
pub use indexeddb::{IndexedDb, IndexedDbLog};
pub use record::ChainPlace;
pub use sealing::{Cipher, Message, Sealing};
#[cfg(target_arch = "wasm32")]
pub use webcrypto::{ContentKey, SealedLog};

#[cfg(all(test, target_arch = "wasm32"))]
mod browser_tests;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
