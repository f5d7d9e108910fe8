//! The log on the device: its contract, a memory double, and the suite that every log passes.
//!
//! Start at [`Log`]. This crate knows no database, no browser and no network; what it stores are
//! envelopes, byte for byte as first written, and beside them one opaque row a case, made by the app.

mod fault;
pub mod files;
mod log;
mod lookup;
pub mod memory;
#[cfg(feature = "suite")]
pub mod suite;

pub use fault::{Conflict, Fault, WriteError};
pub use files::{ChunkHere, FileChunk, FileNote, FileState, FileTotals, Files, Hold, Taken};
pub use log::{
    Append, CaseIn, Changes, Compacted, Cursor, Entry, Erase, Fence, Head, History, Log,
    NamedRecord, Opening, OwnFate, Position, Projection, Row, RowMark, RowPage, Section, Standing,
    TakeIn, is_settled,
};
pub use lookup::Lookup;
pub use memory::Memory;
