//! What a backup's frames hold: which tables and columns there are, then rows, then how many there were.

use std::collections::BTreeMap;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use shouwen_domain::moment::Moment;

use super::BackupError;
use crate::storage::db::{Cell, Row};

const NAME: &str = "shouwen-backup";
const FORMAT: u32 = 1;

/// A table that a backup holds, site by site.
pub struct Table {
    pub name: &'static str,
    /// Its site first.
    pub columns: &'static [&'static str],
    /// What orders its rows within a site; empty where a site has one row.
    pub key: &'static [&'static str],
    /// Otherwise what the database has stays, and the backup adds what it lacks.
    pub is_replaced: bool,
}

/// Everything but the epoch, which a restored database begins anew, the keys that it belongs to, and what
/// follows from the backup itself.
pub const TABLES: [Table; 10] = [
    Table {
        name: "site",
        columns: &[
            "site",
            "last_position",
            "highest_counter",
            "last_arrival",
            "n_codes",
        ],
        key: &[],
        is_replaced: false,
    },
    Table {
        name: "pin",
        columns: &["site", "person", "hashed"],
        key: &["person"],
        is_replaced: true,
    },
    // A code that was given out since stays given out.
    Table {
        name: "device",
        columns: &["site", "device", "chain", "code", "key"],
        key: &["device", "chain"],
        is_replaced: false,
    },
    // A key that was certified since stays a person's.
    Table {
        name: "signer",
        columns: &["site", "device", "person", "key", "since_ms"],
        key: &["device", "person", "key"],
        is_replaced: false,
    },
    // What was taken back since stays taken back.
    Table {
        name: "withdrawal",
        columns: &["site", "device", "chain", "sequence", "hash", "statement"],
        key: &["device", "chain", "sequence", "hash"],
        is_replaced: false,
    },
    Table {
        name: "erasure",
        columns: &["site", "device", "at_ms", "statement"],
        key: &["device", "at_ms"],
        is_replaced: false,
    },
    Table {
        name: "chain",
        columns: &[
            "site",
            "device",
            "chain",
            "head_sequence",
            "head_hash",
            "announced",
        ],
        key: &["device", "chain"],
        is_replaced: true,
    },
    // In the order of chains, so that a reader follows them without remembering them.
    Table {
        name: "envelope",
        columns: &[
            "site",
            "arrival",
            "device",
            "chain",
            "sequence",
            "hash",
            "previous",
            "format",
            "counter",
            "fate",
            "arrived_ms",
            "position",
            "bytes",
        ],
        key: &["device", "chain", "sequence", "hash"],
        is_replaced: true,
    },
    Table {
        name: "file",
        columns: &["site", "hash", "n_bytes", "is_whole", "arrived_ms"],
        key: &["hash"],
        is_replaced: true,
    },
    Table {
        name: "file_chunk",
        columns: &["site", "hash", "n", "bytes"],
        key: &["hash", "n"],
        is_replaced: true,
    },
];

impl Table {
    pub fn column(&self, name: &str) -> usize {
        self.columns
            .iter()
            .position(|it| *it == name)
            .expect("a key is made of the table's columns")
    }

    fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|it| it.name == name)
    }
}

/// What one frame holds.
pub enum Part {
    Begin {
        taken: Moment,
    },
    Rows {
        table: &'static Table,
        columns: Vec<String>,
        rows: Vec<Row>,
    },
    End {
        counts: BTreeMap<String, u64>,
    },
}

/// Why a payload cannot be read; its frame is whole.
pub enum PartError {
    Malformed(String),
    Newer(String),
}

impl PartError {
    pub fn at(self, from: u64, to: u64) -> BackupError {
        match self {
            Self::Malformed(what) => BackupError::Damaged { from, to, what },
            Self::Newer(what) => BackupError::Newer { what },
        }
    }
}

impl From<minicbor::decode::Error> for PartError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl Part {
    pub const fn begin(taken: Moment) -> Self {
        Self::Begin { taken }
    }

    pub fn rows(table: &'static Table, rows: Vec<Row>) -> Self {
        let columns = table.columns.iter().map(ToString::to_string).collect();
        Self::Rows {
            table,
            columns,
            rows,
        }
    }

    pub fn to_payload(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        self.encode(&mut e).expect("writing to memory cannot fail");
        e.into_writer()
    }

    fn encode(
        &self,
        e: &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        match self {
            Self::Begin { taken } => {
                e.array(3)?.str(NAME)?.u32(FORMAT)?.i64(taken.unix_ms())?;
            }
            Self::Rows {
                table,
                columns,
                rows,
            } => {
                e.array(3)?.str(table.name)?.array(columns.len() as u64)?;
                for column in columns {
                    e.str(column)?;
                }
                e.array(rows.len() as u64)?;
                for Row(cells) in rows {
                    for cell in cells {
                        match cell {
                            Cell::Null => e.null()?,
                            Cell::Whole(it) => e.i64(*it)?,
                            Cell::Text(it) => e.str(it)?,
                            Cell::Bytes(it) => e.bytes(it)?,
                        };
                    }
                }
            }
            Self::End { counts } => {
                e.array(2)?.str("end")?.map(counts.len() as u64)?;
                for (table, count) in counts {
                    e.str(table)?.u64(*count)?;
                }
            }
        }
        Ok(())
    }

    pub fn from_payload(payload: &[u8]) -> Result<Self, PartError> {
        let mut d = Decoder::new(payload);
        d.array()?;
        let part = match d.str()? {
            NAME => {
                let format = d.u32()?;
                if format > FORMAT {
                    return Err(PartError::Newer(format!("it has format {format}")));
                }
                Self::Begin {
                    taken: Moment::from_unix_ms(d.i64()?),
                }
            }
            "end" => {
                let n = d.map()?.unwrap_or_default();
                let mut counts = BTreeMap::new();
                for _ in 0..n {
                    counts.insert(d.str()?.to_owned(), d.u64()?);
                }
                Self::End { counts }
            }
            name => {
                let table = Table::named(name).ok_or_else(|| {
                    PartError::Newer(format!("this one knows no table \"{name}\""))
                })?;
                let columns = columns(&mut d, table)?;
                let rows = rows(&mut d, columns.len())?;
                Self::Rows {
                    table,
                    columns,
                    rows,
                }
            }
        };
        if d.position() == payload.len() {
            Ok(part)
        } else {
            Err(PartError::Malformed("bytes are left over".to_owned()))
        }
    }
}

/// An older version may have had fewer.
fn columns(d: &mut Decoder<'_>, table: &Table) -> Result<Vec<String>, PartError> {
    let n = d.array()?.unwrap_or_default();
    let mut columns = Vec::new();
    for _ in 0..n {
        let column = d.str()?;
        if !table.columns.contains(&column) {
            let what = format!("this one knows no column \"{column}\" of {}", table.name);
            return Err(PartError::Newer(what));
        }
        columns.push(column.to_owned());
    }
    Ok(columns)
}

fn rows(d: &mut Decoder<'_>, n_columns: usize) -> Result<Vec<Row>, PartError> {
    let n = d.array()?.unwrap_or_default();
    let mut rows = Vec::new();
    for _ in 0..n {
        let cells = (0..n_columns).map(|_| cell(d));
        rows.push(Row(cells.collect::<Result<_, _>>()?));
    }
    Ok(rows)
}

fn cell(d: &mut Decoder<'_>) -> Result<Cell, PartError> {
    let kind = d.datatype()?;
    Ok(if kind == Type::Null {
        d.null()?;
        Cell::Null
    } else if kind == Type::String {
        Cell::Text(d.str()?.to_owned())
    } else if kind == Type::Bytes {
        Cell::Bytes(d.bytes()?.to_vec())
    } else {
        Cell::Whole(d.i64()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sqlite;

    /// What a restored database gives out anew or counts anew, and what follows from the log or the backup itself.
    const LEFT_OUT: [(&str, &[&str]); 9] = [
        ("server", &["one", "epoch", "root"]),
        ("site", &["epoch", "followed"]),
        ("feed_case", &["site", "position", "case_id"]),
        ("concern", &["site", "case_id", "whom", "position"]),
        ("open_case", &["site", "case_id"]),
        ("photo", &["site", "hash", "case_id"]),
        ("chain", &["backed_up"]),
        ("file_day", &["site", "day", "n_bytes"]),
        ("invitation", &["site", "hash", "ends_ms", "device"]),
    ];

    #[test]
    fn every_column_of_the_database_is_in_a_backup_or_left_out_on_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let engine = sqlite::Engine::open(folder.path()).unwrap();
        let columns = engine.read(|db| {
            db.query(
                "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                 WHERE t.type = 'table'",
                &[],
            )
        });
        let mut n_columns = 0;
        for mut row in columns.unwrap() {
            let (table, column): (String, String) = (row.take(0).unwrap(), row.take(1).unwrap());
            let is_left_out = LEFT_OUT
                .iter()
                .any(|it| it.0 == table && it.1.contains(&column.as_str()));
            let is_in = Table::named(&table).is_some_and(|it| it.columns.contains(&&*column));
            assert!(is_in != is_left_out, "{table}.{column}");
            n_columns += 1;
        }
        let n_known = TABLES.iter().map(|it| it.columns.len()).sum::<usize>();
        let n_left_out = LEFT_OUT.iter().map(|it| it.1.len()).sum::<usize>();
        assert_eq!(n_columns, n_known + n_left_out);
    }

    #[test]
    fn a_later_version_s_backup_is_refused_as_such() {
        let later = |payload: &[u8]| Part::from_payload(payload).err();
        let found = [
            later(b"\x83\x6eshouwen-backup\x02\x00"),
            later(b"\x83\x65attic"),
            later(b"\x83\x63pin\x81\x66colour"),
        ];
        for it in found {
            assert!(matches!(it, Some(PartError::Newer(_))));
        }
    }
}
