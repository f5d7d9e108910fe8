//! What the log and the lists of who may come in ask of a database, whichever it is.
//!
//! The SQL is written once, in what SQLite, PostgreSQL and those that follow PostgreSQL all take:
//! parameters are `$1`, `$2` … in the order in which they first appear (SQLite numbers them so), no
//! sequence gives an order, and numbers that are u64 in the program are stored as the i64 with the
//! same bits.

use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId, PersonId, SiteId};

use super::Fault;

/// A transaction of one of the engines, or a snapshot that is only read.
pub trait Db {
    /// How many rows it was done to.
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Fault>;

    fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault>;

    /// The first row, if there is any.
    fn query_first(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Row>, Fault> {
        Ok(self.query(sql, values)?.into_iter().next())
    }
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    Whole(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(it: i64) -> Self {
        Self::Whole(it)
    }
}

impl From<u32> for Value<'_> {
    fn from(it: u32) -> Self {
        Self::Whole(it.into())
    }
}

impl From<u64> for Value<'_> {
    fn from(it: u64) -> Self {
        Self::Whole(it.cast_signed())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(it: &'a str) -> Self {
        Self::Text(it)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(it: &'a [u8]) -> Self {
        Self::Bytes(it)
    }
}

impl<'a> From<&'a SiteId> for Value<'a> {
    fn from(it: &'a SiteId) -> Self {
        Self::Text(it.as_str())
    }
}

impl<'a> From<&'a PersonId> for Value<'a> {
    fn from(it: &'a PersonId) -> Self {
        Self::Text(it.as_str())
    }
}

impl<'a> From<&'a DeviceId> for Value<'a> {
    fn from(it: &'a DeviceId) -> Self {
        Self::Bytes(it.bytes())
    }
}

impl<'a> From<&'a CaseId> for Value<'a> {
    fn from(it: &'a CaseId) -> Self {
        Self::Bytes(it.bytes())
    }
}

impl<'a> From<&'a Hash> for Value<'a> {
    fn from(it: &'a Hash) -> Self {
        Self::Bytes(&it.0)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(it: Option<T>) -> Self {
        it.map_or(Self::Null, Into::into)
    }
}

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    Whole(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// How much room it takes, roughly.
    pub const fn n_bytes(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Whole(_) => 9,
            Self::Text(it) => it.len(),
            Self::Bytes(it) => it.len(),
        }
    }

    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Whole(it) => Value::Whole(*it),
            Self::Text(it) => Value::Text(it),
            Self::Bytes(it) => Value::Bytes(it),
        }
    }
}

/// A row of an answer; each column is taken out once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Cell>);

impl Row {
    pub fn take<T: FromCell>(&mut self, column: usize) -> Result<T, Fault> {
        let cell = self
            .0
            .get_mut(column)
            .map(|it| std::mem::replace(it, Cell::Null));
        cell.and_then(T::from_cell).ok_or_else(|| {
            Fault::Database(format!(
                "column {column} holds no {}",
                std::any::type_name::<T>()
            ))
        })
    }
}

pub trait FromCell: Sized {
    /// None where the column holds something else.
    fn from_cell(cell: Cell) -> Option<Self>;
}

impl FromCell for i64 {
    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Whole(it) => Some(it),
            Cell::Null | Cell::Text(_) | Cell::Bytes(_) => None,
        }
    }
}

impl FromCell for u64 {
    fn from_cell(cell: Cell) -> Option<Self> {
        i64::from_cell(cell).map(i64::cast_unsigned)
    }
}

impl FromCell for u32 {
    fn from_cell(cell: Cell) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Text(it) => Some(it),
            Cell::Null | Cell::Whole(_) | Cell::Bytes(_) => None,
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(it) => Some(it),
            Cell::Null | Cell::Whole(_) | Cell::Text(_) => None,
        }
    }
}

impl<const N: usize> FromCell for [u8; N] {
    fn from_cell(cell: Cell) -> Option<Self> {
        Vec::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for Hash {
    fn from_cell(cell: Cell) -> Option<Self> {
        FromCell::from_cell(cell).map(Self)
    }
}

impl FromCell for DeviceId {
    fn from_cell(cell: Cell) -> Option<Self> {
        FromCell::from_cell(cell).map(Self::from_random)
    }
}

impl FromCell for CaseId {
    fn from_cell(cell: Cell) -> Option<Self> {
        FromCell::from_cell(cell).map(Self::from_random)
    }
}

impl FromCell for SiteId {
    fn from_cell(cell: Cell) -> Option<Self> {
        String::from_cell(cell)?.parse().ok()
    }
}

impl FromCell for PersonId {
    fn from_cell(cell: Cell) -> Option<Self> {
        String::from_cell(cell)?.parse().ok()
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            Cell::Whole(_) | Cell::Text(_) | Cell::Bytes(_) => T::from_cell(cell).map(Some),
        }
    }
}

/// `($1, $2), ($3, $4)`: places for `n_rows` rows of `n_columns`.
pub fn places(n_rows: usize, n_columns: usize) -> String {
    let mut sql = String::new();
    for row in 0..n_rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..n_columns {
            if column > 0 {
                sql.push_str(", ");
            }
            sql.push('$');
            sql.push_str(&(row * n_columns + column + 1).to_string());
        }
        sql.push(')');
    }
    sql
}

/// Rows to write in one statement: few sizes, so that few statements are prepared.
pub fn chunks<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    const SIZES: [usize; 3] = [64, 8, 1];
    let mut rest = rows;
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|it| *it <= rest.len())?;
        let (chunk, behind) = rest.split_at(size);
        rest = behind;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through() {
        assert_eq!(places(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }

    #[test]
    fn every_row_is_in_one_chunk() {
        let rows: Vec<_> = (0..147).collect();
        let sizes: Vec<_> = chunks(&rows).map(<[i32]>::len).collect();
        assert_eq!(sizes, [64, 64, 8, 8, 1, 1, 1]);
        assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
    }

    #[test]
    fn a_column_of_another_kind_is_a_fault_and_no_zero() {
        let mut row = Row(vec![Cell::Text("1".to_owned()), Cell::Null]);
        assert!(row.take::<i64>(0).is_err());
        assert!(row.take::<i64>(1).is_err());
        assert_eq!(row.take::<Option<i64>>(1), Ok(None));
        assert!(row.take::<Option<i64>>(2).is_err());
    }
}
