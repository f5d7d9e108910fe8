//! Bringing a PostgreSQL to this version's form, step by numbered step, however many processes start
//! at once; on Citus, its tables are spread by site.

use super::connection::Connection;
use crate::storage::db::Db;
use crate::storage::{Fault, OpenError, Reach, log};

/// Step `n` leads from version `n` to `n + 1`. What was released is never edited. Each is a list of
/// orders divided by blank lines.
const STEPS: [&str; 8] = [
    include_str!("0001-log.sql"),
    include_str!("0002-keys.sql"),
    include_str!("0003-files.sql"),
    include_str!("0004-scope.sql"),
    include_str!("0005-access.sql"),
    include_str!("0006-signers.sql"),
    include_str!("0007-row-security.sql"),
    include_str!("0008-photos.sql"),
];

/// Small tables that every machine of a Citus cluster has a copy of. All others are spread by site.
const SHARED: [&str; 2] = ["schema_version", "server"];

/// How often another process may be in the way of a step.
const TRIES: u32 = 20;

/// Whether a server made its tables there.
pub fn is_made(connection: &mut Connection) -> Result<bool, Fault> {
    connection.read(&Reach::Everywhere, |db| {
        let found = db.query("SELECT to_regclass('schema_version')::text", &[])?;
        let mut names = found
            .into_iter()
            .map(|mut row| row.take::<Option<String>>(0));
        Ok(names.next().transpose()?.flatten().is_some())
    })
}

pub fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    // Of two that make it at once the second may fail, and finds it made.
    let made = connection.order(
        "CREATE TABLE IF NOT EXISTS schema_version (one BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
    );
    let filled = again(|| {
        connection.order(
            "INSERT INTO schema_version (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING",
        )
    });
    filled.map_err(|fault| made.err().unwrap_or(fault))?;
    loop {
        let found = again(|| connection.write_everywhere(step))?;
        match usize::try_from(found) {
            Ok(found) if found < STEPS.len() => {}
            Ok(found) if found == STEPS.len() => break,
            _ => {
                return Err(OpenError::Newer {
                    found,
                    known: STEPS.len(),
                });
            }
        }
    }
    again(|| connection.write_everywhere(log::ensure_epoch))?;
    Ok(spread_by_site(connection)?)
}

/// On Citus every table that grows is spread over the machines by its site, so that all of a site is on
/// one and a transaction stays there. Elsewhere nothing is done.
fn spread_by_site(connection: &mut Connection) -> Result<(), Fault> {
    let is_citus = |db: &dyn Db| {
        db.query_first(
            "SELECT extname::text FROM pg_extension WHERE extname = 'citus'",
            &[],
        )
    };
    if connection.write_everywhere(is_citus)?.is_none() {
        return Ok(());
    }
    while let Some(table) = connection.write_everywhere(next_to_spread)? {
        let order = if SHARED.contains(&table.as_str()) {
            format!("SELECT create_reference_table('{table}')")
        } else if table == "site" {
            format!("SELECT create_distributed_table('{table}', 'site')")
        } else {
            format!("SELECT create_distributed_table('{table}', 'site', colocate_with => 'site')")
        };
        // Another process may have been first.
        if let Err(fault) = connection.order(&order)
            && connection.write_everywhere(next_to_spread)? == Some(table)
        {
            return Err(fault);
        }
    }
    Ok(())
}

/// A table that is on one machine only: shared ones first, then `site`, with which the others go.
fn next_to_spread(db: &dyn Db) -> Result<Option<String>, Fault> {
    let found = db.query_first(
        "SELECT relname::text FROM pg_class
         WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
           AND oid NOT IN (SELECT logicalrelid FROM pg_dist_partition)
         ORDER BY relname NOT IN ('schema_version', 'server'), relname <> 'site', relname
         LIMIT 1",
        &[],
    )?;
    found.map(|mut row| row.take(0)).transpose()
}

/// Does the next step, if there is one, and tells which version was found. The version's row is held
/// until the commit: a second process waits here, and then finds the step done.
fn step(db: &dyn Db) -> Result<u64, Fault> {
    let found: u64 = db
        .query_first(
            "UPDATE schema_version SET version = version WHERE one = 1 RETURNING version",
            &[],
        )?
        .ok_or_else(|| Fault::Database("schema_version is empty".to_owned()))?
        .take(0)?;
    let sql = usize::try_from(found).ok().and_then(|it| STEPS.get(it));
    if let Some(sql) = sql {
        let is_order = |it: &&str| it.lines().any(|line| !line.starts_with("--"));
        for order in sql.split("\n\n").filter(is_order) {
            db.execute(order, &[])?;
        }
        db.execute(
            "UPDATE schema_version SET version = $1 WHERE one = 1",
            &[(found + 1).into()],
        )?;
    }
    Ok(found)
}

/// Tries again where another process was in the way.
fn again<T>(mut work: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
    let mut n_tries = 1;
    loop {
        match work() {
            Err(Fault::Conflict(_)) if n_tries < TRIES => n_tries += 1,
            result => return result,
        }
    }
}
