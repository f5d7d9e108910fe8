//! The log: what devices pushed, each with its fate, and the feed of what is passed on.
//!
//! What becomes of an envelope is not decided here: `shouwen_sync::server` is told what is known of
//! the chain, and what it says is written down.

use std::collections::BTreeSet;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use shouwen_domain::envelope::{Fate, Receipt};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::SiteId;
use shouwen_domain::moment::Moment;
use shouwen_sync::message::{Bytes, Cursor, Page, PageEntry, Push};
use shouwen_sync::server::{
    self as protocol, Arrival, ChainState, Head, Known, LogFellBack, MixedChains, Sender, Verdict,
};

use crate::pin;

use super::Fault;

/// Changes when the log was lost or restored.
pub fn epoch(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT epoch FROM server")?
        .query_row([], |row| row.get(0))
        .map(i64::cast_unsigned)
}

/// A random one: two logs never share it. Zero is left to those who have never read.
pub fn begin_epoch(db: &Connection) -> rusqlite::Result<u64> {
    let epoch = u64::from_le_bytes(pin::random()).max(1);
    db.execute(
        "INSERT INTO server (one, epoch) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch",
        [epoch.cast_signed()],
    )?;
    Ok(epoch)
}

/// Makes room for a site that has none yet.
pub fn add_site(db: &Connection, site: &SiteId) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO site (site) VALUES (?) ON CONFLICT (site) DO NOTHING",
        [site.as_str()],
    )?;
    Ok(())
}

/// Judges a push and writes down what was judged; to be run inside a transaction, and the receipts to
/// be given out after its commit.
pub fn take_in(
    db: &Connection,
    sender: &Sender,
    push: &Push,
    arrivals: &[Arrival],
    now: Moment,
) -> Result<Result<(Vec<Receipt>, u64), MixedChains>, Fault> {
    let state = chain_state(db, sender, push.chain, arrivals)?;
    let judgement = match protocol::judge(sender, push.chain, arrivals, state, now) {
        Ok(it) => it,
        Err(mixed) => return Ok(Err(mixed)),
    };
    for (verdict, Bytes(bytes)) in judgement.verdicts.iter().zip(&push.envelopes) {
        if let Verdict::Store(known) = verdict {
            add(db, sender, push.chain, known, bytes)?;
        }
    }
    for known in &judgement.released {
        set_fate(db, sender, push.chain, known)?;
    }
    pass_on(db, sender, push.chain, &judgement.passed_on())?;
    keep_head(db, sender, push, judgement.head)?;
    let epoch = epoch(db)?;
    // There are no verified backups yet, so no receipt speaks of one.
    Ok(Ok((
        judgement.receipts(sender, push.chain, now, epoch, None),
        epoch,
    )))
}

fn chain_state(
    db: &Connection,
    sender: &Sender,
    chain: u32,
    arrivals: &[Arrival],
) -> Result<ChainState, Fault> {
    let key = params![sender.site.as_str(), sender.device.bytes(), chain];
    let head = db
        .prepare_cached("SELECT head_sequence, head_hash FROM chain WHERE site = ? AND device = ? AND chain = ?")?
        .query_row(key, |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<[u8; 32]>>(1)?)))
        .optional()?
        .and_then(|(sequence, hash)| Some(Head { sequence: sequence?.cast_unsigned(), hash: Hash(hash?) }));
    let highest_counter: i64 = db
        .prepare_cached("SELECT highest_counter FROM site WHERE site = ?")?
        .query_row([sender.site.as_str()], |row| row.get(0))?;
    Ok(ChainState {
        head,
        known: known(db, sender, chain, head, arrivals)?,
        highest_counter: highest_counter.cast_unsigned(),
    })
}

/// Everything beyond the head and everything at the sequences that arrived, in the order of arrival.
fn known(
    db: &Connection,
    sender: &Sender,
    chain: u32,
    head: Option<Head>,
    arrivals: &[Arrival],
) -> Result<Vec<Known>, Fault> {
    const COLUMNS: &str =
        "SELECT arrival, sequence, hash, previous, format, counter, fate, arrived_ms
         FROM envelope WHERE site = ?1 AND device = ?2 AND chain = ?3";
    let (site, device) = (sender.site.as_str(), sender.device.bytes());
    let head = head.map_or(0, |it| it.sequence.cast_signed());
    let mut found = db
        .prepare_cached(&format!("{COLUMNS} AND sequence > ?4"))?
        .query_map(params![site, device, chain, head], read_known)?
        .collect::<Result<Vec<_>, _>>()?;
    let mut at_sequence = db.prepare_cached(&format!("{COLUMNS} AND sequence = ?4"))?;
    let sequences: BTreeSet<i64> = arrivals
        .iter()
        .filter_map(Arrival::sequence)
        .map(u64::cast_signed)
        .collect();
    for sequence in sequences.into_iter().filter(|it| *it <= head) {
        for one in at_sequence.query_map(params![site, device, chain, sequence], read_known)? {
            found.push(one?);
        }
    }
    found.sort_unstable_by_key(|(arrival, _)| *arrival);
    Ok(found.into_iter().map(|(_, known)| known).collect())
}

fn read_known(row: &Row<'_>) -> rusqlite::Result<(i64, Known)> {
    let Stored(fate) = row.get(6)?;
    let known = Known {
        sequence: row.get::<_, i64>(1)?.cast_unsigned(),
        hash: Hash(row.get(2)?),
        previous: row.get::<_, Option<[u8; 32]>>(3)?.map(Hash),
        format: row.get(4)?,
        counter: row.get::<_, i64>(5)?.cast_unsigned(),
        fate,
        arrived: Moment::from_unix_ms(row.get(7)?),
    };
    Ok((row.get(0)?, known))
}

fn add(
    db: &Connection,
    sender: &Sender,
    chain: u32,
    known: &Known,
    bytes: &[u8],
) -> Result<(), Fault> {
    let kept = (!matches!(known.fate, Fate::Refused(_))).then_some(bytes);
    db.prepare_cached(
        "INSERT INTO envelope
             (site, device, chain, sequence, hash, previous, format, counter, fate, arrived_ms, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        sender.site.as_str(),
        sender.device.bytes(),
        chain,
        known.sequence.cast_signed(),
        known.hash.0,
        known.previous.map(|it| it.0),
        known.format,
        known.counter.cast_signed(),
        Stored(known.fate),
        known.arrived.unix_ms(),
        kept,
    ])?;
    Ok(())
}

fn set_fate(db: &Connection, sender: &Sender, chain: u32, known: &Known) -> Result<(), Fault> {
    db.prepare_cached(
        "UPDATE envelope SET fate = ? WHERE site = ? AND device = ? AND chain = ? AND sequence = ? AND hash = ?",
    )?
    .execute(params![
        Stored(known.fate),
        sender.site.as_str(),
        sender.device.bytes(),
        chain,
        known.sequence.cast_signed(),
        known.hash.0,
    ])?;
    Ok(())
}

/// Gives the site's next positions out, in the same transaction that makes the entries: without gaps,
/// and no reader ever sees a later one before an earlier one.
fn pass_on(
    db: &Connection,
    sender: &Sender,
    chain: u32,
    entries: &[(u64, Hash)],
) -> Result<(), Fault> {
    let mut next_position = db.prepare_cached(
        "UPDATE site SET last_position = last_position + 1 WHERE site = ? RETURNING last_position",
    )?;
    let mut place = db.prepare_cached(
        "UPDATE envelope SET position = ?
         WHERE site = ? AND device = ? AND chain = ? AND sequence = ? AND hash = ? RETURNING counter",
    )?;
    let mut highest = db.prepare_cached(
        "UPDATE site SET highest_counter = max(highest_counter, ?) WHERE site = ?",
    )?;
    for (sequence, hash) in entries {
        let site = sender.site.as_str();
        let position: i64 = next_position.query_row([site], |row| row.get(0))?;
        let counter: i64 = place.query_row(
            params![
                position,
                site,
                sender.device.bytes(),
                chain,
                sequence.cast_signed(),
                hash.0
            ],
            |row| row.get(0),
        )?;
        highest.execute(params![counter, site])?;
    }
    Ok(())
}

fn keep_head(
    db: &Connection,
    sender: &Sender,
    push: &Push,
    head: Option<Head>,
) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO chain (site, device, chain, head_sequence, head_hash, announced) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (site, device, chain) DO UPDATE SET
             head_sequence = excluded.head_sequence, head_hash = excluded.head_hash,
             announced = max(announced, excluded.announced)",
    )?
    .execute(params![
        sender.site.as_str(),
        sender.device.bytes(),
        push.chain,
        head.map(|it| it.sequence.cast_signed()),
        head.map(|it| it.hash.0),
        push.head.cast_signed(),
    ])?;
    Ok(())
}

/// The page of the site's feed that a device asks for.
pub fn page(
    db: &Connection,
    site: &SiteId,
    asked: Cursor,
    now: Moment,
) -> Result<Result<Page, LogFellBack>, Fault> {
    let from = match protocol::read_from(asked, epoch(db)?, last_position(db, site)?) {
        Ok(it) => it,
        Err(fell_back) => return Ok(Err(fell_back)),
    };
    let mut entries = db.prepare_cached(
        "SELECT position, arrived_ms, bytes FROM envelope WHERE site = ? AND position > ? ORDER BY position",
    )?;
    let entries =
        entries.query_map(params![site.as_str(), from.position.cast_signed()], |row| {
            let entry = PageEntry {
                arrived: Moment::from_unix_ms(row.get(1)?),
                envelope: Bytes(row.get(2)?),
            };
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), entry))
        })?;
    // The page takes what fits and reads no further; an error ends it and is not passed over.
    let mut error = None;
    let page = protocol::page(
        from,
        entries.map_while(|it| it.map_err(|it| error = Some(it)).ok()),
        now,
    );
    error.map_or(Ok(Ok(page)), |it| Err(it.into()))
}

/// A new epoch for a log that a device has read further than it goes: it was restored from a backup.
pub fn renew_epoch(db: &Connection, site: &SiteId, asked: Cursor) -> Result<(), Fault> {
    if protocol::read_from(asked, epoch(db)?, last_position(db, site)?).is_err() {
        begin_epoch(db)?;
    }
    Ok(())
}

fn last_position(db: &Connection, site: &SiteId) -> Result<u64, Fault> {
    let last: i64 = db
        .prepare_cached("SELECT last_position FROM site WHERE site = ?")?
        .query_row([site.as_str()], |row| row.get(0))?;
    Ok(last.cast_unsigned())
}

/// A fate in the form in which it also travels.
struct Stored(Fate);

impl ToSql for Stored {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let bytes = minicbor::to_vec(self.0)
            .map_err(|it| rusqlite::Error::ToSqlConversionFailure(Box::new(it)))?;
        Ok(bytes.into())
    }
}

impl FromSql for Stored {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        minicbor::decode(value.as_blob()?)
            .map(Self)
            .map_err(FromSqlError::other)
    }
}
