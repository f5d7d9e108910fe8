//! What travels of files: CBOR as everything else, so that no browser ever takes an answer for a document.

use minicbor::{Decode, Encode};
use shouwen_domain::hash::Hash;

use super::Bytes;

/// Files that one question may name.
pub const OFFERED_FILES: usize = 64;

/// `POST /api/files/lacking`: which of these does head office lack?
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offer {
    #[n(1)]
    pub files: Vec<Offered>,
}

/// A whole file on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offered {
    #[n(1)]
    pub hash: Hash,
    #[n(2)]
    pub n_bytes: u32,
}

/// What head office lacks of what was offered; it has all else.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lacking {
    #[n(1)]
    pub files: Vec<LackingFile>,
    #[n(2)]
    pub epoch: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LackingFile {
    #[n(1)]
    pub hash: Hash,
    /// By number, never none.
    #[n(2)]
    pub chunks: Vec<u32>,
}

/// `PUT /api/files/{hash}/{n}`: one chunk, any number of times.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PutChunk {
    /// Of the whole file.
    #[n(1)]
    pub n_bytes: u32,
    #[n(2)]
    pub bytes: Bytes,
    /// The bytes are as they lie on the device ([`shouwen_domain::at_rest`]): head office has the key, and the device need
    /// not be unlocked.
    #[n(3)]
    #[cbor(default)]
    pub is_sealed: bool,
    /// Of what the device was first, where it lost its key since: the storage is sealed with the content key of that.
    #[n(4)]
    pub first_certificate: Option<Bytes>,
}

/// The chunk is durably there.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChunkTaken {
    #[n(1)]
    pub hash: Hash,
    /// None: the whole is there, and is what its hash says.
    #[n(2)]
    pub missing: Vec<u32>,
    #[n(3)]
    pub epoch: u64,
}

/// `GET /api/files/{hash}/{n}`: one chunk of a file that is there as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GivenChunk {
    /// Of the whole file.
    #[n(1)]
    pub n_bytes: u32,
    #[n(2)]
    pub bytes: Bytes,
    #[n(3)]
    pub epoch: u64,
}
