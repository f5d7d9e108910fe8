//! What can only happen where the database is a process of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use shouwen_domain::envelope::Fate;
use shouwen_server::storage::db::Row;
use shouwen_server::storage::{Fault, Place};
use tokio::runtime::Runtime;

use super::chain::Chain;
use super::postgres::{Cluster, Database};
use super::{Home, Process, SITES};

#[test]
fn connections_that_the_database_ended_are_made_anew_without_anybody_noticing() {
    let database = Database::fresh();
    let url = format!("{}&application_name={}", database.url(), database.schema());
    let runtime = Arc::new(Runtime::new().unwrap());
    let process = Process::open(&Place::PostgreSql(url.parse().unwrap()), &runtime);
    let mut li = Chain::new("lanting", 1);
    let mut written = Vec::new();
    for _ in 0..3 {
        let envelope = li.write("here");
        let fates = process.fates(&li, std::slice::from_ref(&envelope));
        assert_eq!(fates, [Fate::Accepted]);
        written.push(envelope);
        assert_eq!(process.feed("lanting"), written);
        // Only those of this test: others use the same database.
        let ended = database.connect_as_named().query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            &[&database.schema()],
        );
        assert!(
            ended.unwrap().len() >= 2,
            "one that writes and one that reads"
        );
    }
}

#[test]
fn a_database_that_crashes_under_load_loses_and_doubles_nothing() {
    let cluster = Cluster::start();
    let runtime = Arc::new(Runtime::new().unwrap());
    let place = Place::PostgreSql(cluster.url().parse().unwrap());
    let processes = [
        Process::open(&place, &runtime),
        Process::open(&place, &runtime),
    ];
    let is_over = AtomicBool::new(false);
    let written: Vec<Vec<Vec<u8>>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4_u8)
            .map(|n| {
                let (process, is_over) = (&processes[usize::from(n % 2)], &is_over);
                scope.spawn(move || {
                    let mut chain = Chain::new("lanting", n + 1);
                    let mut written = Vec::new();
                    while !is_over.load(Ordering::SeqCst) {
                        let envelope = chain.write("under load");
                        // As a device does: until there is a receipt.
                        let receipts = loop {
                            match process.try_push(&chain, std::slice::from_ref(&envelope)) {
                                Ok(receipts) => break receipts,
                                Err(Fault::Lost(_) | Fault::Unknown(_) | Fault::Conflict(_)) => {}
                                Err(fault) => panic!("{fault}"),
                            }
                        };
                        assert_eq!(receipts[0].fate, Fate::Accepted);
                        written.push(envelope);
                    }
                    written
                })
            })
            .collect();
        for _ in 0..4 {
            cluster.stop();
            cluster.run_again();
        }
        is_over.store(true, Ordering::SeqCst);
        writers.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let feed = processes[0].feed("lanting");
    assert_eq!(feed.len(), written.iter().map(Vec::len).sum::<usize>());
    for chain in written {
        let in_feed = feed.iter().filter(|it| chain.contains(it));
        assert!(in_feed.eq(chain.iter()), "each once, in its chain's order");
    }
}

/// Between a server and its database: passes everything on, until it is told to cut the connection
/// at the moment when a commit was passed on and its answer was not.
struct Proxy {
    address: SocketAddr,
    cuts_next_commit: Arc<AtomicBool>,
}

impl Proxy {
    fn before(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cuts_next_commit = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&cuts_next_commit);
        std::thread::spawn(move || {
            for inner in listener.incoming() {
                let (inner, outer) = (inner.unwrap(), TcpStream::connect(database).unwrap());
                let is_cut = Arc::new(AtomicBool::new(false));
                let (to, from) = (outer.try_clone().unwrap(), inner.try_clone().unwrap());
                let (cut, is_cut_too) = (Arc::clone(&cut), Arc::clone(&is_cut));
                std::thread::spawn(move || {
                    pass(from, to, |bytes| {
                        if bytes.windows(7).any(|it| it == b"COMMIT\0")
                            && cut.swap(false, Ordering::SeqCst)
                        {
                            is_cut_too.store(true, Ordering::SeqCst);
                        }
                        true
                    });
                });
                std::thread::spawn(move || {
                    pass(outer, inner, |_| !is_cut.load(Ordering::SeqCst));
                });
            }
        });
        Self {
            address,
            cuts_next_commit,
        }
    }
}

/// Until either side ends, or `may_pass` says no to what was read.
fn pass(mut from: TcpStream, mut to: TcpStream, mut may_pass: impl FnMut(&[u8]) -> bool) {
    let mut bytes = [0; 8192];
    while let Ok(n) = from.read(&mut bytes)
        && n > 0
        && may_pass(&bytes[..n])
        && to.write_all(&bytes[..n]).is_ok()
    {}
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_whose_answer_is_lost_is_a_fault_and_is_stored_once() {
    let database = Database::fresh();
    let proxy = Proxy::before(database.socket());
    let mut config: Vec<_> = vec![format!("host=127.0.0.1 port={}", proxy.address.port())];
    let direct: postgres::Config = database.url().parse().unwrap();
    config.push(format!("dbname={}", direct.get_dbname().unwrap()));
    config.push(format!("user={}", direct.get_user().unwrap()));
    config.push(format!("options='-c search_path={}'", database.schema()));
    let runtime = Arc::new(Runtime::new().unwrap());
    let place = Place::PostgreSql(config.join(" ").parse().unwrap());
    let process = Process::open(&place, &runtime);
    let mut li = Chain::new("lanting", 1);
    let envelope = [li.write("once")];
    proxy.cuts_next_commit.store(true, Ordering::SeqCst);
    let answer = process.try_push(&li, &envelope);
    assert!(matches!(answer, Err(Fault::Unknown(_))), "{answer:?}");
    assert_eq!(process.fates(&li, &envelope), [Fate::Accepted]);
    assert_eq!(process.feed("lanting"), envelope);
}

#[test]
fn a_statement_whose_failure_is_passed_over_fails_the_work() {
    let home = Home::postgresql();
    let process = home.open();
    let answer = process.write("lanting", |db| {
        let _ = db.query("SELECT nothing FROM nowhere", &[]);
        Ok(())
    });
    assert!(matches!(answer, Err(Fault::Database(_))), "{answer:?}");
}

const TAKE_SITE: &str =
    "UPDATE site SET highest_counter = highest_counter + 1 WHERE site = 'lanting'";
const TAKE_PIN: &str = "INSERT INTO pin (site, person, hashed) VALUES ('lanting', 'li-na', '1')
     ON CONFLICT (site, person) DO UPDATE SET hashed = pin.hashed || '1'";

#[test]
fn of_two_transactions_in_one_another_s_way_each_is_done_once() {
    let home = Home::postgresql();
    let processes = [home.open(), home.open()];
    let (ready, both_ready) = mpsc::channel();
    let (go_one, told_one) = mpsc::channel::<()>();
    let (go_other, told_other) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        // Each takes one of two rows, and then wants the other's.
        let order = [(TAKE_SITE, TAKE_PIN), (TAKE_PIN, TAKE_SITE)];
        let told = [told_one, told_other];
        for ((process, (first, second)), told) in processes.iter().zip(order).zip(told) {
            let ready = ready.clone();
            scope.spawn(move || {
                let mut is_first_time = true;
                process
                    .write("lanting", move |db| {
                        db.execute(first, &[])?;
                        if std::mem::take(&mut is_first_time) {
                            ready.send(()).unwrap();
                            told.recv().unwrap();
                        }
                        db.execute(second, &[])
                    })
                    .unwrap();
            });
        }
        both_ready.recv().unwrap();
        both_ready.recv().unwrap();
        go_one.send(()).unwrap();
        go_other.send(()).unwrap();
    });
    let counted = "SELECT highest_counter, hashed FROM site JOIN pin USING (site)";
    let mut rows = processes[0].read(|db| db.query(counted, &[])).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].take(0), Ok(2_i64));
    assert_eq!(rows[0].take(1), Ok("11".to_owned()));
}

/// All that hold rows of sites.
fn growing_tables(database: &Database) -> Vec<String> {
    const SHARED: [&str; 2] = ["schema_version", "server"];
    let tables = database.connect().query(
        "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p')
         AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
        &[&database.schema()],
    );
    let mut tables: Vec<String> = tables.unwrap().iter().map(|it| it.get(0)).collect();
    tables.retain(|it| !SHARED.contains(&it.as_str()));
    assert!(tables.len() > 10, "{tables:?}");
    tables
}

/// A process that serves two sites, each with something in it.
fn with_two_sites(home: &Home) -> Process {
    let process = home.open();
    for name in SITES {
        let mut chain = Chain::new(name, 1);
        let written = chain.write_some(3);
        assert_eq!(process.fates(&chain, &written), [Fate::Accepted; 3]);
    }
    process
}

fn sites_in(rows: Result<Vec<Row>, Fault>) -> Result<Vec<String>, Fault> {
    rows?.into_iter().map(|mut row| row.take(0)).collect()
}

#[test]
fn a_query_for_another_site_finds_nothing_whatever_it_says() {
    let home = Home::postgresql();
    let process = with_two_sites(&home);
    let tables = growing_tables(home.database.as_ref().unwrap());
    let mut n_seen = 0;
    for table in tables {
        let [all, theirs] = ["", " WHERE site = 'cuihu' OR true"]
            .map(|it| format!("SELECT DISTINCT site FROM {table}{it} ORDER BY site"));
        for sql in [all.clone(), theirs] {
            let seen = process.read_of("lanting", move |db| sites_in(db.query(&sql, &[])));
            assert!(seen.unwrap().iter().all(|it| it == "lanting"), "{table}");
        }
        let seen = process.read(move |db| sites_in(db.query(&all, &[])));
        n_seen += usize::from(seen.unwrap() == ["cuihu", "lanting"]);
    }
    assert!(
        n_seen >= 4,
        "site, envelope, feed_case and more have rows of both"
    );
    // Nor is anything seen where nobody said of which site.
    let mut client = home.database.as_ref().unwrap().connect();
    for table in ["site", "envelope"] {
        let seen = client.query(&format!("SELECT 1 FROM {table}"), &[]);
        assert!(seen.unwrap().is_empty(), "{table}");
    }
}

#[test]
fn what_is_written_to_another_site_is_refused_or_changes_nothing() {
    let home = Home::postgresql();
    let process = with_two_sites(&home);
    let write = |sql: &'static str| process.write("lanting", move |db| db.execute(sql, &[]));
    for sql in [
        "UPDATE envelope SET bytes = NULL WHERE site = 'cuihu'",
        "DELETE FROM envelope WHERE site = 'cuihu'",
        "UPDATE site SET epoch = 0 WHERE site <> 'lanting'",
    ] {
        assert_eq!(write(sql), Ok(0), "{sql}");
    }
    let planted = write("INSERT INTO pin (site, person, hashed) VALUES ('cuihu', 'li-na', 'x')");
    let Err(Fault::Database(why)) = planted else {
        panic!("{planted:?}")
    };
    assert!(why.contains("row-level security"), "{why}");
    let moved = write("UPDATE site SET site = 'cuihu-2' WHERE site = 'lanting'");
    assert!(matches!(moved, Err(Fault::Database(_))), "{moved:?}");
    assert_eq!(process.feed("cuihu").len(), 3);
}

#[test]
fn every_table_that_grows_has_row_security_also_for_its_owner() {
    let home = Home::postgresql();
    home.open();
    let database = home.database.as_ref().unwrap();
    let mut client = database.connect();
    for table in growing_tables(database) {
        let row = client.query_one(
            "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) = current_user
             FROM pg_class WHERE oid = $1::text::regclass",
            &[&table],
        );
        let row = row.unwrap();
        let [is_on, is_forced, is_owner] = [0, 1, 2].map(|it| row.get::<_, bool>(it));
        assert!(is_on && is_forced && is_owner, "{table}");
    }
    let row = client.query_one(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
        &[],
    );
    assert!(
        !row.unwrap().get::<_, bool>(0),
        "the tests come as an ordinary account"
    );
}

/// What lets the tables be spread over machines by site.
#[test]
fn every_table_that_grows_has_its_site_first_in_every_key() {
    let home = Home::postgresql();
    home.open();
    let database = home.database.as_ref().unwrap();
    let mut client = database.connect();
    for table in growing_tables(database) {
        let keys = client
            .query(
                "SELECT (SELECT attname::text FROM pg_attribute
                         WHERE attrelid = indrelid AND attnum = indkey[0])
                 FROM pg_index WHERE indisunique AND indrelid = $1::text::regclass",
                &[&table],
            )
            .unwrap();
        assert!(!keys.is_empty(), "{table} has no key");
        for key in keys {
            assert_eq!(key.get::<_, String>(0), "site", "{table}");
        }
    }
}
