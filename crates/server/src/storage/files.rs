//! Photos: kept by the hash of their bytes, each site its own.
//!
//! Chunks come in any order and any number of times; with the last one the whole is checked, and what
//! is not what its hash says is thrown away. Whoever writes holds the site's row, so that two who send the
//! last two chunks at once see each other's.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::chunk::n_chunks;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::SiteId;
use shouwen_domain::moment::Moment;
use shouwen_sync::message::files::{LackingFile, Offered};

use super::db::{self, Db, Value};
use super::{Fault, erasure, log, orders};

/// A chunk that has this place in a file of this length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChunk {
    pub hash: Hash,
    pub n: u32,
    /// Of the whole file.
    pub n_bytes: u32,
    pub bytes: Vec<u8>,
}

/// What became of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is there; none missing: so is the whole.
    Stored { missing: Vec<u32> },
    /// The whole was not what its hash says, and is gone.
    WrongBytes,
    /// The site has sent too much today; nothing of this file was taken.
    TooMuchToday,
}

/// A chunk of a whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Of the whole file.
    pub n_bytes: u32,
    pub bytes: Vec<u8>,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy)]
struct Known {
    n_bytes: u32,
    is_whole: bool,
}

/// Which of these files, and which of their chunks, are not there. What was erased is wanted no more.
pub fn lacking(db: &dyn Db, site: &SiteId, offered: &[Offered]) -> Result<Vec<LackingFile>, Fault> {
    let hashes: Vec<Hash> = offered.iter().map(|it| it.hash).collect();
    let erased = erasure::erased_pictures(db, site, &orders::site(db, site)?, &hashes)?;
    let known = all_known(db, site, offered)?;
    let begun: Vec<Hash> = offered
        .iter()
        .filter(|it| {
            let begun = known.get(&it.hash).filter(|known| !known.is_whole);
            begun.is_some_and(|known| known.n_bytes == it.n_bytes)
        })
        .map(|it| it.hash)
        .collect();
    let mut here: BTreeMap<Hash, BTreeSet<u32>> = BTreeMap::new();
    for (hash, n) in chunks_of(db, site, &begun)? {
        here.entry(hash).or_default().insert(n);
    }
    let mut lacking = Vec::new();
    for it in offered.iter().filter(|it| !erased.contains(&it.hash)) {
        if known.get(&it.hash).is_some_and(|known| known.is_whole) {
            continue;
        }
        let here = here.get(&it.hash);
        let chunks: Vec<u32> = (0..n_chunks(it.n_bytes).unwrap_or_default())
            .filter(|n| here.is_none_or(|here| !here.contains(n)))
            .collect();
        lacking.push(LackingFile {
            hash: it.hash,
            chunks,
        });
    }
    Ok(lacking)
}

/// Writes a chunk down, and checks the whole with the last one. `most_a_day`: bytes of new files.
pub fn put(
    db: &dyn Db,
    site: &SiteId,
    chunk: &NewChunk,
    now: Moment,
    most_a_day: u64,
) -> Result<Put, Fault> {
    log::hold_site(db, site)?;
    let erased = erasure::erased_pictures(db, site, &orders::site(db, site)?, &[chunk.hash])?;
    if !erased.is_empty() {
        // Whoever brings it need not keep it for us.
        let missing = Vec::new();
        return Ok(Put::Stored { missing });
    }
    let known = known(db, site, &chunk.hash)?;
    match known {
        Some(it) if it.is_whole => {
            let missing = Vec::new();
            return Ok(Put::Stored { missing });
        }
        Some(it) if it.n_bytes == chunk.n_bytes => {}
        // Somebody said another length before; one of the two is wrong, and the whole will tell.
        Some(_) => {
            remove(db, site, &chunk.hash)?;
            add(db, site, chunk, now)?;
        }
        None => {
            if !count(db, site, chunk.n_bytes, now, most_a_day)? {
                return Ok(Put::TooMuchToday);
            }
            add(db, site, chunk, now)?;
        }
    }
    db.execute(
        "INSERT INTO file_chunk (site, hash, n, bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (site, hash, n) DO UPDATE SET bytes = excluded.bytes",
        &[
            site.into(),
            (&chunk.hash).into(),
            chunk.n.into(),
            chunk.bytes.as_slice().into(),
        ],
    )?;
    let here: BTreeSet<u32> = chunks_of(db, site, &[chunk.hash])?
        .into_iter()
        .map(|it| it.1)
        .collect();
    let missing: Vec<u32> = (0..n_chunks(chunk.n_bytes).unwrap_or_default())
        .filter(|it| !here.contains(it))
        .collect();
    if !missing.is_empty() {
        return Ok(Put::Stored { missing });
    }
    if Hash::of(&whole(db, site, &chunk.hash)?) != chunk.hash {
        remove(db, site, &chunk.hash)?;
        return Ok(Put::WrongBytes);
    }
    db.execute(
        "UPDATE file SET is_whole = 1, arrived_ms = $1 WHERE site = $2 AND hash = $3",
        &[now.unix_ms().into(), site.into(), (&chunk.hash).into()],
    )?;
    Ok(Put::Stored { missing })
}

/// A chunk of a file that is there as a whole.
pub fn chunk(db: &dyn Db, site: &SiteId, hash: &Hash, n: u32) -> Result<Option<Chunk>, Fault> {
    let Some(known) = known(db, site, hash)?.filter(|it| it.is_whole) else {
        return Ok(None);
    };
    let found = db.query_first(
        "SELECT bytes FROM file_chunk WHERE site = $1 AND hash = $2 AND n = $3",
        &[site.into(), hash.into(), n.into()],
    )?;
    let chunk = found.map(|mut row| {
        Ok(Chunk {
            n_bytes: known.n_bytes,
            bytes: row.take(0)?,
        })
    });
    chunk.transpose()
}

fn known(db: &dyn Db, site: &SiteId, hash: &Hash) -> Result<Option<Known>, Fault> {
    let found = db.query_first(
        "SELECT n_bytes, is_whole FROM file WHERE site = $1 AND hash = $2",
        &[site.into(), hash.into()],
    )?;
    let known = found.map(|mut row| {
        Ok(Known {
            n_bytes: row.take(0)?,
            is_whole: row.take::<u32>(1)? != 0,
        })
    });
    known.transpose()
}

fn all_known(
    db: &dyn Db,
    site: &SiteId,
    offered: &[Offered],
) -> Result<BTreeMap<Hash, Known>, Fault> {
    let hashes: Vec<Hash> = offered.iter().map(|it| it.hash).collect();
    let mut known = BTreeMap::new();
    for some in db::chunks(&hashes) {
        let sql = format!(
            "SELECT hash, n_bytes, is_whole FROM file WHERE site = $1 AND hash IN ({})",
            places(some.len())
        );
        for mut row in db.query(&sql, &with_site(site, some))? {
            let it = Known {
                n_bytes: row.take(1)?,
                is_whole: row.take::<u32>(2)? != 0,
            };
            known.insert(row.take(0)?, it);
        }
    }
    Ok(known)
}

/// The numbers of the chunks that are there.
fn chunks_of(db: &dyn Db, site: &SiteId, hashes: &[Hash]) -> Result<Vec<(Hash, u32)>, Fault> {
    let mut found = Vec::new();
    for some in db::chunks(hashes) {
        let sql = format!(
            "SELECT hash, n FROM file_chunk WHERE site = $1 AND hash IN ({})",
            places(some.len())
        );
        for mut row in db.query(&sql, &with_site(site, some))? {
            found.push((row.take(0)?, row.take(1)?));
        }
    }
    Ok(found)
}

fn places(n: usize) -> String {
    let places: Vec<_> = (0..n).map(|it| format!("${}", it + 2)).collect();
    places.join(", ")
}

fn with_site<'a>(site: &'a SiteId, hashes: &'a [Hash]) -> Vec<Value<'a>> {
    std::iter::once(site.into())
        .chain(hashes.iter().map(Value::from))
        .collect()
}

fn whole(db: &dyn Db, site: &SiteId, hash: &Hash) -> Result<Vec<u8>, Fault> {
    let rows = db.query(
        "SELECT bytes FROM file_chunk WHERE site = $1 AND hash = $2 ORDER BY n",
        &[site.into(), hash.into()],
    )?;
    let mut whole = Vec::new();
    for mut row in rows {
        whole.extend(row.take::<Vec<u8>>(0)?);
    }
    Ok(whole)
}

fn add(db: &dyn Db, site: &SiteId, chunk: &NewChunk, now: Moment) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO file (site, hash, n_bytes, is_whole, arrived_ms) VALUES ($1, $2, $3, 0, $4)",
        &[
            site.into(),
            (&chunk.hash).into(),
            chunk.n_bytes.into(),
            now.unix_ms().into(),
        ],
    )?;
    Ok(())
}

/// Throws away a file, or what is there of it; whether there was anything.
pub(super) fn remove(db: &dyn Db, site: &SiteId, hash: &Hash) -> Result<bool, Fault> {
    let mut n_rows = 0;
    for table in ["file_chunk", "file"] {
        n_rows += db.execute(
            &format!("DELETE FROM {table} WHERE site = $1 AND hash = $2"),
            &[site.into(), hash.into()],
        )?;
    }
    Ok(n_rows > 0)
}

/// Counts a new file to its day, if it still goes in.
fn count(
    db: &dyn Db,
    site: &SiteId,
    n_bytes: u32,
    now: Moment,
    most_a_day: u64,
) -> Result<bool, Fault> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let day = now.unix_ms().div_euclid(DAY_MS);
    let found = db.query_first(
        "SELECT n_bytes FROM file_day WHERE site = $1 AND day = $2",
        &[site.into(), day.into()],
    )?;
    let so_far: u64 = found
        .map(|mut row| row.take(0))
        .transpose()?
        .unwrap_or_default();
    let with_this = so_far + u64::from(n_bytes);
    if with_this > most_a_day {
        return Ok(false);
    }
    db.execute(
        "INSERT INTO file_day (site, day, n_bytes) VALUES ($1, $2, $3)
         ON CONFLICT (site, day) DO UPDATE SET n_bytes = excluded.n_bytes",
        &[site.into(), day.into(), with_this.into()],
    )?;
    Ok(true)
}
