//! How what a device stores lies sealed, as far as head office reads it too: a device on which nobody is signed in brings
//! the chunks of its photos as they lie.
//!
//! A sealed record is a nonce and, behind it, what AES-256-GCM with the device's content key makes of the record. Its store
//! and key go in as associated data, so that a record put in another's place is none.

use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::hash::Hash;

/// Stands in front of every record, sealed with it.
pub const FORMAT: u32 = 1;

pub const NONCE_BYTES: usize = 12;
/// What sealing adds to a chunk: the nonce, the tag, and what is around its bytes.
pub const SEALING_BYTES: usize = NONCE_BYTES + 16 + 8;

/// Goes in with every record, so that the same key can seal something else.
const PURPOSE: &[u8] = b"shouwen/record/1\0";
/// The store of chunks.
pub const CHUNKS: &str = "chunks";

/// The associated data of a record.
pub fn bound_to(store: &str, key: &[u8]) -> Vec<u8> {
    [PURPOSE, store.as_bytes(), b"\0", key].concat()
}

/// The name of a chunk in its store. Sorted by name is in order: no file has a hundred chunks.
pub fn chunk_name(hash: Hash, n: u32) -> String {
    format!("{hash}/{n:02}")
}

/// What is stored of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Chunk {
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A record: its format, and what it holds.
pub fn record(what: &impl Encode<()>) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    e.u32(FORMAT)
        .and_then(|e| e.encode(what))
        .expect("writing to a vector cannot fail");
    e.into_writer()
}

/// The chunk in an opened record; none where it is none, or of another format.
pub fn chunk_in(record: &[u8]) -> Option<Chunk> {
    let mut d = Decoder::new(record);
    (d.u32().ok()? == FORMAT).then(|| d.decode().ok())?
}
