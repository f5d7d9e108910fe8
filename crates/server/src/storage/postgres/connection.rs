//! One connection: what is set on it, transactions on it, and what its errors mean.

use std::cell::{Cell as Shared, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use ::postgres::error::SqlState;
use ::postgres::types::private::BytesMut;
use ::postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use ::postgres::{Client, NoTls, Statement};

use super::Address;
use crate::storage::db::{Cell, Db, Row, Value};
use crate::storage::{Fault, Reach};

/// A statement that takes longer is given up, and so is waiting for another process's lock. A process
/// that was frozen inside a transaction loses its lock, so that it wedges nobody.
const SETTINGS: &str = "
    SET statement_timeout = '60s';
    SET lock_timeout = '20s';
    SET idle_in_transaction_session_timeout = '15s';
    -- What a transaction may see is told to every machine of a Citus cluster; elsewhere this means nothing.
    SET citus.propagate_set_commands = 'local'";

/// Statements kept prepared on a connection; there are some dozens.
const STATEMENTS: usize = 256;

pub struct Connection {
    client: Client,
    statements: HashMap<String, Statement>,
}

/// What became of a transaction that was to be committed.
pub enum Outcome {
    Committed,
    /// Nothing of it was stored.
    Undone(Fault),
    /// The connection broke during the commit.
    Unknown(Fault),
}

impl Connection {
    pub fn open(address: &Address) -> Result<Self, Fault> {
        let mut config = address.config();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        if config.get_application_name().is_none() {
            config.application_name("shouwen-server");
        }
        // A machine that vanished is noticed in half a minute.
        config
            .keepalives_idle(Duration::from_secs(15))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(30));
        let mut client = config.connect(NoTls)?;
        client.batch_execute(SETTINGS)?;
        let durable = |client: &mut Client, setting: &str| -> Result<bool, Fault> {
            let row = client.query_one(&format!("SHOW {setting}"), &[])?;
            Ok(row.get::<_, String>(0) != "off")
        };
        if !durable(&mut client, "synchronous_commit")? {
            // Whoever is told that something is stored may throw it away.
            client.batch_execute("SET synchronous_commit = on")?;
        }
        Ok(Self {
            client,
            statements: HashMap::new(),
        })
    }

    pub fn is_usable(&self) -> bool {
        !self.client.is_closed()
    }

    /// Orders outside of any transaction, or orders that begin and end one.
    pub fn order(&mut self, sql: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(sql)?)
    }

    /// Whether row security does not hold for who we are here.
    pub fn sees_past_policies(&mut self) -> Result<bool, Fault> {
        let sql = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
        Ok(self.client.query_one(sql, &[])?.get(0))
    }

    /// From here to the end of the transaction nothing is seen or written beyond `reach`: the policies in
    /// `0007-row-security.sql` ask for what is set here.
    fn begin(&mut self, how: &str, reach: &Reach) -> Result<(), Fault> {
        // A site's name holds nothing that would end a text, and is never "*".
        let site = match reach {
            Reach::Site(site) => site.as_str(),
            Reach::Everywhere => "*",
        };
        let begun = self.order(&format!("BEGIN {how}; SET LOCAL shouwen.site = '{site}'"));
        if begun.is_err() && self.is_usable() {
            let _ = self.order("ROLLBACK");
        }
        begun
    }

    /// Runs `work` on a snapshot.
    pub fn read<T>(
        &mut self,
        reach: &Reach,
        work: impl Fn(&dyn Db) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY", reach)?;
        let transaction = Transaction::on(self);
        let result = work(&transaction);
        let result = transaction.failed().map_or(result, Err);
        self.order("ROLLBACK")?;
        result
    }

    /// Runs `work` on all sites at once, in a transaction of its own, and commits it.
    pub fn write_everywhere<T>(
        &mut self,
        mut work: impl FnMut(&dyn Db) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut answer = None;
        let mut jobs = [|db: &dyn Db| {
            answer = Some(work(db)?);
            Ok(())
        }];
        match self.commit(&Reach::Everywhere, jobs.iter_mut()) {
            Outcome::Committed => answer.ok_or(Fault::Closed),
            Outcome::Undone(fault) | Outcome::Unknown(fault) => Err(fault),
        }
    }

    /// Runs all jobs in one transaction, in which each statement sees what was committed before it.
    pub fn commit<J: FnMut(&dyn Db) -> Result<(), Fault>>(
        &mut self,
        reach: &Reach,
        jobs: impl Iterator<Item = J>,
    ) -> Outcome {
        if let Err(fault) = self.begin("ISOLATION LEVEL READ COMMITTED READ WRITE", reach) {
            return Outcome::Undone(fault);
        }
        for mut job in jobs {
            let transaction = Transaction::on(self);
            let result = job(&transaction);
            // A job that passes over a statement's failure has failed: the rest was not done either.
            if let Some(fault) = transaction.failed().or(result.err()) {
                if self.is_usable() {
                    // What cannot be undone in order is undone by going.
                    let _ = self.order("ROLLBACK");
                }
                return Outcome::Undone(fault);
            }
        }
        match self.client.batch_execute("COMMIT") {
            Ok(()) => Outcome::Committed,
            Err(error) if is_surely_undone(&error) => Outcome::Undone(error.into()),
            Err(error) => Outcome::Unknown(Fault::Unknown(words(&error))),
        }
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, ::postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A connection on which a transaction was begun.
struct Transaction<'a> {
    connection: RefCell<&'a mut Connection>,
    failed: Shared<Option<Fault>>,
}

impl<'a> Transaction<'a> {
    fn on(connection: &'a mut Connection) -> Self {
        Self {
            connection: RefCell::new(connection),
            failed: Shared::new(None),
        }
    }

    /// After a statement failed, PostgreSQL undoes the whole transaction, whatever is done then.
    fn failed(self) -> Option<Fault> {
        self.failed.into_inner()
    }

    fn run<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        run: impl FnOnce(
            &mut Client,
            &Statement,
            &[&(dyn ToSql + Sync)],
        ) -> Result<T, ::postgres::Error>,
    ) -> Result<T, Fault> {
        let mut connection = self.connection.borrow_mut();
        let values: Vec<_> = values.iter().map(|it| it as &(dyn ToSql + Sync)).collect();
        let result = connection
            .prepared(sql)
            .and_then(|statement| run(&mut connection.client, &statement, &values));
        result.map_err(|error| {
            let fault = Fault::from(error);
            self.failed.set(Some(fault.clone()));
            fault
        })
    }
}

impl Db for Transaction<'_> {
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Fault> {
        self.run(sql, values, |client, statement, values| {
            client.execute(statement, values)
        })
    }

    fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        let rows = self.run(sql, values, |client, statement, values| {
            client.query(statement, values)
        })?;
        rows.iter().map(read_row).collect()
    }
}

fn read_row(row: &::postgres::Row) -> Result<Row, Fault> {
    let cell = |(at, column): (usize, &::postgres::Column)| -> Result<Cell, Fault> {
        let whole = |it: Option<i64>| it.map_or(Cell::Null, Cell::Whole);
        Ok(match *column.type_() {
            Type::INT8 => whole(row.try_get(at)?),
            Type::INT4 => whole(row.try_get::<_, Option<i32>>(at)?.map(Into::into)),
            Type::TEXT | Type::VARCHAR | Type::NAME => row
                .try_get::<_, Option<String>>(at)?
                .map_or(Cell::Null, Cell::Text),
            Type::BYTEA => row
                .try_get::<_, Option<Vec<u8>>>(at)?
                .map_or(Cell::Null, Cell::Bytes),
            ref other => {
                return Err(Fault::Database(format!(
                    "a column of type {other} is not expected"
                )));
            }
        })
    };
    let cells = row.columns().iter().enumerate().map(cell);
    Ok(Row(cells.collect::<Result<_, _>>()?))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Whole(it) if *wanted == Type::INT4 => i32::try_from(*it)?.to_sql(wanted, out),
            Self::Whole(it) => it.to_sql(wanted, out),
            Self::Text(it) => it.to_sql(wanted, out),
            Self::Bytes(it) => it.to_sql(wanted, out),
        }
    }

    fn accepts(wanted: &Type) -> bool {
        matches!(
            *wanted,
            Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::NAME | Type::BYTEA
        )
    }

    to_sql_checked!();
}

/// The server's own words on a commit that it undid; anything else leaves open what became of it.
fn is_surely_undone(error: &::postgres::Error) -> bool {
    const CONSTRAINT: &str = "23";
    const TRANSACTION_ROLLBACK: &str = "40";
    error.code().is_some_and(|it| {
        let class = it.code().get(..2).unwrap_or_default();
        // 40003 is "statement completion unknown".
        class == CONSTRAINT
            || class == TRANSACTION_ROLLBACK && *it != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
    })
}

fn words(error: &::postgres::Error) -> String {
    match error.as_db_error() {
        Some(it) => format!("{} ({})", it.message(), it.code().code()),
        None => error
            .source()
            .map_or_else(|| error.to_string(), |it| format!("{error}: {it}")),
    }
}

impl From<::postgres::Error> for Fault {
    fn from(error: ::postgres::Error) -> Self {
        let Some(state) = error.code() else {
            // No word of the server's: its connection, or the network.
            return if error.is_closed()
                || error
                    .source()
                    .is_some_and(<dyn Error>::is::<std::io::Error>)
            {
                Self::Lost(words(&error))
            } else {
                Self::Database(words(&error))
            };
        };
        let code = state.code();
        let is_lost = code.starts_with("08")
            || ["57P01", "57P02", "57P03", "57P05", "25P03", "53300"].contains(&code);
        if *state == SqlState::DISK_FULL {
            Self::Full
        } else if is_lost {
            Self::Lost(words(&error))
        } else if code.starts_with("40") {
            Self::Conflict(words(&error))
        } else {
            Self::Database(words(&error))
        }
    }
}
