//! The rows of all cases in memory, to be looked through while somebody types.

use shouwen_domain::id::CaseId;
use shouwen_domain::moment::Moment;

use crate::{Fault, Log, Position, Row, RowMark};

/// So many changed rows are put in their places; where more changed, all are read anew.
const N_CHANGED: usize = 500;

/// Read page by page, in the order of [`Log::rows`], and brought level with the log afterwards.
#[derive(Debug, Default)]
pub struct Lookup {
    rows: Vec<Place>,
    /// The bodies, one behind the other; what was changed since lies there too, and nobody looks at it.
    bytes: Vec<u8>,
    reading: Reading,
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
    /// Everything up to there.
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
        self.take_changes(log, since).await
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
        self.take_changes(log, since).await
    }

    async fn take_changes(&mut self, log: &impl Log, since: Position) -> Result<bool, Fault> {
        let changes = log.changes(since).await?;
        let few = changes.filter(|it| it.rows.len() <= N_CHANGED);
        let Some(changes) = few else {
            *self = Self::default();
            return Ok(false);
        };
        for row in &changes.rows {
            self.put(row);
        }
        self.reading = Reading::Level(changes.standing.position);
        Ok(true)
    }

    /// In the place that is its own by now.
    fn put(&mut self, row: &Row) {
        self.rows.retain(|it| it.case != row.case);
        let n_open = self.rows.partition_point(|it| it.due.is_some());
        let at = match row.due {
            // Nothing was changed later.
            None => n_open,
            Some(due) => self.rows[..n_open].partition_point(|it| {
                it.due
                    .is_some_and(|other| (other, it.case) < (due, row.case))
            }),
        };
        let place = self.keep(row);
        self.rows.insert(at, place);
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
