//! The rows of all cases in memory, to be looked through while somebody types.

use std::collections::BTreeSet;

use shouwen_domain::id::CaseId;
use shouwen_domain::moment::Moment;

use crate::{Changes, Fault, Log, Position, Row, RowMark};

/// Read page by page, in the order of [`Log::rows`], and brought level with the log afterwards.
#[derive(Debug, Default)]
pub struct Lookup {
    rows: Vec<Place>,
    /// The bodies, one behind the other; what was changed since lies there too, and nobody looks at it.
    bytes: Vec<u8>,
    reading: Reading,
    /// How often they were read from the beginning.
    n_begun: u32,
}

/// Where a row lies.
#[derive(Debug)]
struct Place {
    case: CaseId,
    due: Option<Moment>,
    from: u32,
    to: u32,
}

#[derive(Debug, Default)]
enum Reading {
    #[default]
    NotBegun,
    Before {
        /// Where the log stood before the first page.
        since: Position,
        next: RowMark,
    },
    /// Everything as it was up to there, and maybe later.
    Level(Position),
}

impl Lookup {
    /// How many rows are here.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Another number once they are begun anew: what was looked through before says nothing any more.
    pub const fn n_begun(&self) -> u32 {
        self.n_begun
    }

    /// The bodies of the rows from the `n`th on, open cases by due time, then closed ones, lately changed first.
    pub fn bodies_from(&self, n: usize) -> impl Iterator<Item = &[u8]> {
        let rows = self.rows.get(n..).unwrap_or_default().iter();
        rows.map(|it| &self.bytes[it.from as usize..it.to as usize])
    }

    /// Takes in what the log has by now of what was read before; whether all of it is here.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    pub async fn catch_up(&mut self, log: &impl Log) -> Result<bool, Fault> {
        let Reading::Level(since) = self.reading else {
            return Ok(false);
        };
        if log.opening(0).await?.standing.position == since {
            return Ok(true);
        }
        let Some(changes) = log.changes(since).await? else {
            *self = Self {
                n_begun: self.n_begun + 1,
                ..Self::default()
            };
            return Ok(false);
        };
        self.take(changes);
        Ok(true)
    }

    /// Reads one page of about so many rows; whether all of them are here.
    ///
    /// # Errors
    /// A [`Fault`] where the store cannot be read.
    pub async fn read_on(&mut self, log: &impl Log, n_rows: usize) -> Result<bool, Fault> {
        let (since, after) = match self.reading {
            Reading::NotBegun => (log.opening(0).await?.standing.position, None),
            Reading::Before { since, next } => (since, Some(next)),
            Reading::Level(_) => return self.catch_up(log).await,
        };
        let page = log.rows(after, n_rows).await?;
        for row in &page.rows {
            let place = self.keep(row);
            self.rows.push(place);
        }
        if let Some(next) = page.next {
            self.reading = Reading::Before { since, next };
            return Ok(false);
        }
        self.reading = Reading::Level(since);
        // Where the log cannot tell any more what changed meanwhile, whoever catches up begins anew: so one reading ends,
        // however much is written beside it.
        if let Some(changes) = log.changes(since).await? {
            self.take(changes);
        }
        Ok(true)
    }

    /// Puts changed rows in the places that are theirs by now.
    fn take(&mut self, changes: Changes) {
        let cases: BTreeSet<CaseId> = changes.rows.iter().map(|it| it.case).collect();
        self.rows.retain(|it| !cases.contains(&it.case));
        let places = changes.rows.iter().map(|it| self.keep(it));
        let (mut open, closed): (Vec<Place>, Vec<Place>) = places
            .collect::<Vec<_>>()
            .into_iter()
            .partition(|it| it.due.is_some());
        // No other closed one was changed later.
        let n_open = self.rows.partition_point(|it| it.due.is_some());
        open.extend(self.rows.drain(..n_open));
        open.sort_by_key(|it| (it.due, it.case));
        self.rows.splice(..0, open.into_iter().chain(closed));
        self.reading = Reading::Level(changes.standing.position);
    }

    fn keep(&mut self, row: &Row) -> Place {
        let end = |bytes: &[u8]| {
            u32::try_from(bytes.len()).expect("no device has four gigabytes of rows")
        };
        let from = end(&self.bytes);
        self.bytes.extend_from_slice(&row.body);
        Place {
            case: row.case,
            due: row.due,
            from,
            to: end(&self.bytes),
        }
    }
}
