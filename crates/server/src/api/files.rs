//! Photos: what is lacking, a chunk in, a chunk out. A device sees those of the cases that it sees.
//!
//! Nothing but pictures is taken, told by how they begin, and nothing is given out that a browser would
//! show by itself: a chunk is a field in CBOR.

use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::IntoResponse;
use shouwen_domain::at_rest;
use shouwen_domain::chunk::{chunk_bytes, n_chunks};
use shouwen_domain::hash::Hash;
use shouwen_domain::limits;
use shouwen_sync::message::Bytes;
use shouwen_sync::message::files::{
    ChunkTaken, GivenChunk, Lacking, OFFERED_FILES, Offer, PutChunk,
};

use super::answer::{Cbor, Declined};
use super::openapi::{Answered, Bodied, Failure, Guarded, Message, Proven};
use super::{Bringing, Office, Reader};

use crate::keys::{Bearer, CERTIFICATE_BYTES};
use crate::storage::files::{self, NewChunk, Put};
use crate::storage::{feed, log};

/// A chunk with what is around it.
pub const CHUNK_BODY_BYTES: usize =
    limits::CHUNK_BYTES + at_rest::SEALING_BYTES + CERTIFICATE_BYTES + 256;
/// A question that names as many files as may be.
pub const OFFER_BODY_BYTES: usize = OFFERED_FILES * 64;

/// Which chunks of these photos head office lacks.
#[utoipa::path(
    post, path = "/api/files/lacking",
    request_body(content = Message, content_type = "application/cbor"),
    responses(Answered, Guarded, Bodied, Proven),
    security(("token" = [])),
)]
pub async fn lacking(
    State(office): State<Arc<Office>>,
    Bringing(bearer): Bringing,
    Cbor(offer): Cbor<Offer>,
) -> Result<Cbor<Lacking>, Declined> {
    if offer.files.len() > OFFERED_FILES {
        return Err(Declined::TooLarge);
    }
    if offer.files.iter().any(|it| n_chunks(it.n_bytes).is_none()) {
        return Err(Declined::Malformed(
            "A file is empty or too long".to_owned(),
        ));
    }
    let site = bearer.site.clone();
    let answer = office.storage.read(&site, move |db| {
        Ok(Lacking {
            files: files::lacking(db, &bearer.site, &offer.files)?,
            epoch: log::epoch(db, &bearer.site)?,
        })
    });
    Ok(Cbor(answer.await?))
}

/// A chunk of a photo comes in.
#[utoipa::path(
    put, path = "/api/files/{hash}/{n}",
    params(
        ("hash" = String, Path, description = "SHA-256 of the whole file, in hex", pattern = "^[0-9a-f]{64}$"),
        ("n" = u32, Path, description = "Which chunk, from 0"),
    ),
    request_body(content = Message, content_type = "application/cbor"),
    responses(
        Answered,
        Guarded,
        Bodied,
        Proven,
        (status = 422, description = "The chunks do not make up the file; all of them are thrown away", content_type = "application/cbor", body = Failure),
    ),
    security(("token" = [])),
)]
pub async fn put(
    State(office): State<Arc<Office>>,
    Bringing(bearer): Bringing,
    path: Result<Path<(String, u32)>, PathRejection>,
    Cbor(chunk): Cbor<PutChunk>,
) -> Result<Cbor<ChunkTaken>, Declined> {
    let (hash, n) = chunk_in(path)?;
    let n_bytes = chunk.n_bytes;
    let bytes = if chunk.is_sealed {
        office.opened(&bearer, hash, n, &chunk)?
    } else {
        chunk.bytes.0
    };
    if chunk_bytes(n_bytes, n) != Some(bytes.len()) {
        return Err(Declined::Malformed(
            "No file of this length has such a chunk".to_owned(),
        ));
    }
    if n == 0 && !is_picture(&bytes) {
        return Err(Declined::NotAPicture);
    }
    let chunk = NewChunk {
        hash,
        n,
        n_bytes,
        bytes,
    };
    let (site, now) = (bearer.site.clone(), office.clock.now());
    let most_a_day = limits::SITE_FILES_DAY_BYTES;
    let answer = office.storage.write(&bearer.site, move |db| {
        let put = files::put(db, &site, &chunk, now, most_a_day)?;
        Ok((put, log::epoch(db, &site)?))
    });
    match answer.await? {
        (Put::Stored { missing }, epoch) => Ok(Cbor(ChunkTaken {
            hash,
            missing,
            epoch,
        })),
        (Put::WrongBytes, _) => Err(Declined::WrongBytes),
        (Put::TooMuchToday, _) => Err(Declined::FilesOfTheDay),
    }
}

impl Office {
    /// A chunk that comes as it lies on its device.
    fn opened(
        &self,
        bearer: &Bearer,
        hash: Hash,
        n: u32,
        chunk: &PutChunk,
    ) -> Result<Vec<u8>, Declined> {
        let device = match &chunk.first_certificate {
            None => bearer.device,
            Some(it) => {
                let first = self.keys().device(&it.0).map(|(it, _)| it);
                let first = first.filter(|it| it.site == bearer.site);
                first.ok_or(Declined::NotEnrolled)?.device
            }
        };
        let key = self.keys().content_key(&bearer.site, device);
        sealed_chunk(&key, hash, n, &chunk.bytes.0).ok_or(Declined::WrongBytes)
    }
}

/// What was sealed with this key as that chunk.
fn sealed_chunk(key: &[u8; 32], hash: Hash, n: u32, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.split_first_chunk::<{ at_rest::NONCE_BYTES }>()?;
    let aad = at_rest::bound_to(at_rest::CHUNKS, at_rest::chunk_name(hash, n).as_bytes());
    let payload = Payload { msg, aad: &aad };
    let record = Aes256Gcm::new(key.into()).decrypt(nonce.into(), payload);
    at_rest::chunk_in(&record.ok()?).map(|it| it.bytes)
}

/// A chunk of a photo goes out.
#[utoipa::path(
    get, path = "/api/files/{hash}/{n}",
    params(
        ("hash" = String, Path, description = "SHA-256 of the whole file, in hex", pattern = "^[0-9a-f]{64}$"),
        ("n" = u32, Path, description = "Which chunk, from 0"),
    ),
    responses(
        Answered,
        Guarded,
        Proven,
        (status = 400, description = "No such place can be", content_type = "application/cbor", body = Failure),
        (status = 404, description = "No such file is here as a whole", content_type = "application/cbor", body = Failure),
    ),
    security(("token" = [])),
)]
pub async fn get(
    State(office): State<Arc<Office>>,
    Reader(bearer): Reader,
    path: Result<Path<(String, u32)>, PathRejection>,
) -> Result<impl IntoResponse, Declined> {
    let (hash, n) = chunk_in(path)?;
    let (site, scope) = (bearer.site.clone(), office.scope(&bearer)?);
    let answer = office.storage.read(&site, move |db| {
        let chunk = if feed::shows(db, &bearer.site, &scope, &hash)? {
            files::chunk(db, &bearer.site, &hash, n)?
        } else {
            None
        };
        Ok((chunk, log::epoch(db, &bearer.site)?))
    });
    let (chunk, epoch) = answer.await?;
    let chunk = chunk.ok_or(Declined::NotHere)?;
    let given = GivenChunk {
        n_bytes: chunk.n_bytes,
        bytes: Bytes(chunk.bytes),
        epoch,
    };
    Ok(([(CONTENT_DISPOSITION, "attachment")], Cbor(given)))
}

fn chunk_in(path: Result<Path<(String, u32)>, PathRejection>) -> Result<(Hash, u32), Declined> {
    let Path((hash, n)) = path.map_err(|it| Declined::Malformed(it.body_text()))?;
    Ok((hash_in(&hash)?, n))
}

fn hash_in(path: &str) -> Result<Hash, Declined> {
    let digit = |it: u8| match it {
        b'0'..=b'9' => Some(it - b'0'),
        b'a'..=b'f' => Some(it - b'a' + 10),
        _ => None,
    };
    let pair = |it: &[u8]| Some(digit(it[0])? << 4 | digit(it[1])?);
    let bytes: Option<Vec<u8>> = path.as_bytes().chunks_exact(2).map(pair).collect();
    let hash = bytes.filter(|_| path.len() == 64);
    hash.and_then(|it| it.try_into().ok())
        .map(Hash)
        .ok_or_else(|| Declined::Malformed("The path names no hash".to_owned()))
}

/// JPEG, PNG or WebP, by how they begin. SVG and HTML can carry a program.
fn is_picture(first: &[u8]) -> bool {
    let is_webp = first.starts_with(b"RIFF") && first.get(8..12) == Some(b"WEBP");
    first.starts_with(b"\xff\xd8\xff") || first.starts_with(b"\x89PNG\r\n\x1a\n") || is_webp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_how_it_begins() {
        for it in [
            &b"\xff\xd8\xff\xe0\0\x10JFIF"[..],
            b"\x89PNG\r\n\x1a\n\0\0",
            b"RIFF\x24\0\0\0WEBPVP8 ",
        ] {
            assert!(is_picture(it));
        }
        for it in [
            &b""[..],
            b"\xff\xd8",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\">",
            b"<!doctype html>",
            b"GIF89a",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"RIFF",
        ] {
            assert!(!is_picture(it));
        }
    }

    #[test]
    fn a_hash_is_sixty_four_small_digits() {
        let hash = Hash::of(b"a photo");
        assert_eq!(hash_in(&hash.to_string()), Ok(hash));
        let text = hash.to_string();
        for wrong in [&text[..62], &text.to_uppercase(), &format!("{text}00"), ""] {
            assert!(hash_in(wrong).is_err(), "{wrong}");
        }
    }
}
