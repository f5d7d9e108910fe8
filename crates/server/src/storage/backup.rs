//! Backups: a consistent copy of the whole database in one file that no engine owns, taken while
//! servers run; what is read back and found whole; and the way back.
//!
//! The file is a sequence of frames ([`frames`]) that hold rows ([`rows`]), site by site. It has to be
//! whole in every byte, and what it holds has to hang together ([`check`]): then the chains that it
//! holds count as backed up, and devices are told so.

mod check;
mod frames;
mod rows;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use shouwen_domain::hash::Hash;
use shouwen_domain::id::SiteId;
use shouwen_domain::moment::Moment;

use crate::disk;

use super::db::{self, Cell, Db, Row, Value};
use super::orders::Replay;
use super::{Fault, Storage, feed, log};
use check::{Checked, Head};
use rows::{Part, TABLES, Table};

/// Why there is no backup, or none that can be used. Nothing of the database was changed.
#[derive(Debug)]
pub enum BackupError {
    File {
        path: PathBuf,
        error: io::Error,
    },
    /// Between these bytes of the file something is not as it was written.
    Damaged {
        from: u64,
        to: u64,
        what: String,
    },
    /// The file is whole, and what it holds does not hang together.
    Wrong {
        from: u64,
        what: String,
    },
    /// A newer version of the server wrote it.
    Newer {
        what: String,
    },
    /// The database that would be replaced is not empty.
    NotEmpty {
        n_envelopes: u64,
    },
    Fault(Fault),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Damaged { from, to, what } => {
                write!(
                    f,
                    "The backup is damaged between byte {from} and byte {to}: {what}"
                )
            }
            Self::Wrong { from, what } => {
                write!(f, "What the backup holds at byte {from} is wrong: {what}")
            }
            Self::Newer { what } => {
                write!(f, "A newer version of the server wrote the backup: {what}")
            }
            Self::NotEmpty { n_envelopes } => write!(
                f,
                "The database holds {n_envelopes} envelopes; --replace puts the backup in their place"
            ),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<Fault> for BackupError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub taken: Moment,
    pub n_sites: u64,
    pub n_chains: u64,
    pub n_envelopes: u64,
    pub n_bytes: u64,
    /// Over every byte before it; two files with the same are the same.
    pub hash: Hash,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            n_sites,
            n_chains,
            n_envelopes,
            n_bytes,
            hash,
            ..
        } = self;
        write!(
            f,
            "sites {n_sites}, chains {n_chains}, envelopes {n_envelopes}, bytes {n_bytes}, SHA-256 {hash}"
        )
    }
}

/// Writes a snapshot to `path`, reads it back, and marks what it holds as backed up. A file of that
/// name is replaced, and only by one that was found whole.
pub async fn take(storage: &Storage, path: &Path, now: Moment) -> Result<Summary, BackupError> {
    let partial = beside(path);
    let writing = partial.clone();
    let written = storage.read_everywhere(move |db| match write(db, &writing, now) {
        Err(BackupError::Fault(fault)) => Err(fault),
        written => Ok(written),
    });
    let epochs = written.await??;
    let reading = partial.clone();
    let checked = tokio::task::spawn_blocking(move || read(&reading, |_| Ok(())))
        .await
        .map_err(|_| Fault::Closed)??;
    disk::rename(&partial, path).map_err(|error| BackupError::File {
        path: path.to_owned(),
        error,
    })?;
    for (site, heads) in &checked.heads {
        if let Some(epoch) = epochs.get(site) {
            mark(storage, site, *epoch, heads).await?;
        }
    }
    Ok(checked.summary)
}

/// Reads a backup from end to end.
pub fn verify(path: &Path) -> Result<Summary, BackupError> {
    Ok(read(path, |_| Ok(()))?.summary)
}

/// Puts what the backup holds in the place of what the database holds, in one transaction, and begins
/// a new epoch: devices then read from the start and push again what the backup did not have yet. What was ordered
/// since is ordered again in the same transaction.
pub async fn restore(
    storage: &Storage,
    path: &Path,
    replace: bool,
    orders: Option<Replay>,
) -> Result<Summary, BackupError> {
    let first = path.to_owned();
    let found = tokio::task::spawn_blocking(move || verify(&first))
        .await
        .map_err(|_| Fault::Closed)??;
    // What is no fault of the database's has to undo the transaction all the same.
    let refusal = Arc::new(Mutex::new(None));
    let (path, refused) = (path.to_owned(), Arc::clone(&refusal));
    let restored = storage.write_everywhere(move |db| {
        let summary = put_back(db, &path, replace).and_then(|it| {
            if it.hash == found.hash {
                let has_erased = match &orders {
                    Some(orders) => orders.everywhere(db)?,
                    None => false,
                };
                Ok((it, has_erased))
            } else {
                let what = "the file changed while it was read".to_owned();
                Err(BackupError::Wrong { from: 0, what })
            }
        });
        summary.map_err(|error| {
            if let BackupError::Fault(fault) = error {
                return fault;
            }
            let fault = Fault::Database(error.to_string());
            *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            fault
        })
    });
    let restored = restored.await;
    let refusal = refusal
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(error) = refusal {
        return Err(error);
    }
    let (summary, has_erased) = restored?;
    if has_erased {
        storage.sweep().await?;
    }
    Ok(summary)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Rows fetched at a time: of envelopes 64 KiB at most, so some megabytes.
const LOT: u64 = 256;

/// Each site's epoch at the moment of the snapshot.
fn write(db: &dyn Db, path: &Path, now: Moment) -> Result<BTreeMap<SiteId, u64>, BackupError> {
    let in_file = |error| BackupError::File {
        path: path.to_owned(),
        error,
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It holds what the database holds.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(in_file)?;
    let mut frames = frames::Writer::new(BufWriter::new(file));
    frames
        .write(&Part::begin(now).to_payload())
        .map_err(in_file)?;
    let mut epochs = BTreeMap::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for mut row in db.query("SELECT site, epoch FROM site ORDER BY site", &[])? {
        let site: SiteId = row.take(0)?;
        for table in &TABLES {
            let mut behind: Option<Vec<Cell>> = None;
            loop {
                let rows = lot(db, table, &site, behind.as_deref())?;
                let Some(last) = rows.last() else { break };
                let key = table.key.iter().map(|it| last.0[table.column(it)].clone());
                let (key, n_rows) = (key.collect(), rows.len() as u64);
                for some in in_frames(rows) {
                    let part = Part::rows(table, some);
                    frames.write(&part.to_payload()).map_err(in_file)?;
                }
                *counts.entry(table.name.to_owned()).or_default() += n_rows;
                if n_rows < LOT || table.key.is_empty() {
                    break;
                }
                behind = Some(key);
            }
        }
        epochs.insert(site, row.take(1)?);
    }
    frames
        .write(&Part::End { counts }.to_payload())
        .map_err(in_file)?;
    let file = frames.finish().map_err(in_file)?;
    let file = file.into_inner().map_err(|it| in_file(it.into_error()))?;
    file.sync_all().map_err(in_file)?;
    Ok(epochs)
}

/// Rows of some hundred kilobytes at most together, or one: what is damaged is told by its frame.
fn in_frames(mut rows: Vec<Row>) -> impl Iterator<Item = Vec<Row>> {
    const FRAME_BYTES: usize = 512 * 1024;
    let size = |row: &Row| row.0.iter().map(Cell::n_bytes).sum::<usize>();
    std::iter::from_fn(move || {
        let mut n_bytes = 0;
        let fits = |row: &&Row| {
            n_bytes += size(row);
            n_bytes <= FRAME_BYTES
        };
        let n_rows = rows.iter().take_while(fits).count().max(1).min(rows.len());
        let behind = rows.split_off(n_rows);
        let some = std::mem::replace(&mut rows, behind);
        (!some.is_empty()).then_some(some)
    })
}

/// The next rows of a site's table, in the order of its key.
fn lot(
    db: &dyn Db,
    table: &Table,
    site: &SiteId,
    behind: Option<&[Cell]>,
) -> Result<Vec<Row>, Fault> {
    let (columns, key) = (table.columns.join(", "), table.key.join(", "));
    let mut values: Vec<Value<'_>> = vec![site.into()];
    let after = behind.map_or_else(String::new, |behind| {
        values.extend(behind.iter().map(Cell::as_value));
        let places: Vec<_> = (2..=values.len()).map(|it| format!("${it}")).collect();
        format!(" AND ({key}) > ({})", places.join(", "))
    });
    let order = if table.key.is_empty() {
        String::new()
    } else {
        format!(" ORDER BY {key} LIMIT {LOT}")
    };
    let sql = format!(
        "SELECT {columns} FROM {} WHERE site = $1{after}{order}",
        table.name
    );
    db.query(&sql, &values)
}

/// Reads and checks a whole file, and hands its rows on as they come.
fn read(
    path: &Path,
    mut take: impl FnMut(&Part) -> Result<(), BackupError>,
) -> Result<Checked, BackupError> {
    let file = File::open(path).map_err(|error| BackupError::File {
        path: path.to_owned(),
        error,
    })?;
    let mut frames = frames::Reader::new(BufReader::new(file));
    let mut check = check::Check::default();
    while let Some(frame) = frames.read()? {
        let part = Part::from_payload(&frame.payload).map_err(|it| it.at(frame.from, frame.to))?;
        check.take(&part, frame.from)?;
        take(&part)?;
    }
    check.finish(frames.hash(), frames.offset())
}

async fn mark(
    storage: &Storage,
    site: &SiteId,
    epoch: u64,
    heads: &[Head],
) -> Result<(), BackupError> {
    for some in heads.chunks(500) {
        let (id, some) = (site.clone(), some.to_vec());
        let marking = storage.write(site, move |db| {
            log::hold_site(db, &id)?;
            // A log that was restored meanwhile may hold less than this backup.
            if log::epoch(db, &id)? != epoch {
                return Ok(());
            }
            for head in &some {
                db.execute(
                    "UPDATE chain SET backed_up = $1
                     WHERE site = $2 AND device = $3 AND chain = $4
                       AND (backed_up IS NULL OR backed_up < $5)",
                    &[
                        head.sequence.into(),
                        (&id).into(),
                        head.device.as_slice().into(),
                        head.chain.into(),
                        head.sequence.into(),
                    ],
                )?;
            }
            Ok(())
        });
        marking.await?;
    }
    Ok(())
}

fn put_back(db: &dyn Db, path: &Path, replace: bool) -> Result<Summary, BackupError> {
    // First, since it takes every site's row: whoever pushes meanwhile waits, and then finds the new epoch.
    let epoch = log::begin_epoch(db)?;
    let n_envelopes = db
        .query_first("SELECT count(*) FROM envelope", &[])?
        .map_or(Ok(0), |mut row| row.take(0))?;
    if n_envelopes > 0 && !replace {
        return Err(BackupError::NotEmpty { n_envelopes });
    }
    for table in TABLES.iter().filter(|it| it.is_replaced) {
        db.execute(&format!("DELETE FROM {}", table.name), &[])?;
    }
    db.execute("UPDATE site SET last_position = 0, last_arrival = 0", &[])?;
    feed::forget(db)?;
    let checked = read(path, |part| {
        if let Part::Rows {
            table,
            columns,
            rows,
        } = part
        {
            insert(db, table, columns, rows, epoch)?;
        }
        Ok(())
    })?;
    // What came out of a backup that was found whole is in one.
    db.execute("UPDATE chain SET backed_up = head_sequence", &[])?;
    Ok(checked.summary)
}

fn insert(
    db: &dyn Db,
    table: &Table,
    columns: &[String],
    rows: &[Row],
    epoch: u64,
) -> Result<(), Fault> {
    if table.name == "site" {
        return rows
            .iter()
            .try_for_each(|row| insert_site(db, columns, row, epoch));
    }
    // Where the database's own rows stay, the backup adds what they lack.
    let or_else = if table.is_replaced {
        ""
    } else {
        " ON CONFLICT DO NOTHING"
    };
    for some in db::chunks(rows) {
        let values: Vec<_> = some
            .iter()
            .flat_map(|row| row.0.iter().map(Cell::as_value))
            .collect();
        let places = db::places(some.len(), columns.len());
        db.execute(
            &format!(
                "INSERT INTO {} ({}) VALUES {places}{or_else}",
                table.name,
                columns.join(", ")
            ),
            &values,
        )?;
    }
    Ok(())
}

/// More than a site gets new devices from one backup to the next.
const CODES_LEFT_OUT: i64 = 64;

fn insert_site(db: &dyn Db, columns: &[String], row: &Row, epoch: u64) -> Result<(), Fault> {
    // Devices that joined since bring their codes back: nobody else is to get one of those.
    let cell = |(column, cell): (&String, &Cell)| match cell {
        Cell::Whole(n) if column == "n_codes" => Cell::Whole(n + CODES_LEFT_OUT),
        cell @ (Cell::Null | Cell::Whole(_) | Cell::Text(_) | Cell::Bytes(_)) => cell.clone(),
    };
    let cells: Vec<Cell> = columns.iter().zip(&row.0).map(cell).collect();
    let mut values: Vec<_> = cells.iter().map(Cell::as_value).collect();
    values.push(epoch.into());
    let places = db::places(1, values.len());
    let settings = columns.iter().filter(|it| *it != "site").map(|column| {
        // How far devices count was seen, and stays so: what they push again is no leap.
        if column == "highest_counter" || column == "n_codes" {
            format!(
                "{column} = CASE WHEN excluded.{column} > site.{column}
                 THEN excluded.{column} ELSE site.{column} END"
            )
        } else {
            format!("{column} = excluded.{column}")
        }
    });
    let settings: Vec<_> = settings.collect();
    db.execute(
        &format!(
            "INSERT INTO site ({}, epoch) VALUES {places} ON CONFLICT (site) DO UPDATE SET {}",
            columns.join(", "),
            settings.join(", ")
        ),
        &values,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_rows_are_divided_and_none_is_left_out() {
        let sizes = [300_000, 300_000, 1, 700_000, 5, 5];
        let rows = sizes.map(|it| Row(vec![Cell::Bytes(vec![0; it])]));
        let frames: Vec<_> = in_frames(rows.to_vec()).collect();
        let n_rows: Vec<_> = frames.iter().map(Vec::len).collect();
        assert_eq!(n_rows, [1, 2, 1, 2]);
        assert!(frames.concat() == rows);
        assert_eq!(in_frames(Vec::new()).count(), 0);
    }
}
