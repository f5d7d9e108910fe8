//! What can only happen where the database is a process of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use shouwen_domain::envelope::Fate;
use shouwen_server::storage::{Fault, Place, log};
use tokio::runtime::Runtime;

use super::chain::Chain;
use super::postgres::{Cluster, Database};
use super::{Home, Process, site};

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
        let ended = database.connect().query(
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

#[test]
fn of_two_transactions_in_one_another_s_way_each_is_done_once() {
    let home = Home::postgresql();
    let processes = [home.open(), home.open()];
    let (ready, both_ready) = mpsc::channel();
    let (go_one, told_one) = mpsc::channel::<()>();
    let (go_other, told_other) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let order = [("lanting", "cuihu"), ("cuihu", "lanting")];
        let told = [told_one, told_other];
        for ((process, (first, second)), told) in processes.iter().zip(order).zip(told) {
            let ready = ready.clone();
            scope.spawn(move || {
                let mut is_first_time = true;
                process
                    .write(first, move |db| {
                        log::hold_site(db, &site(first))?;
                        if std::mem::take(&mut is_first_time) {
                            ready.send(()).unwrap();
                            told.recv().unwrap();
                        }
                        log::hold_site(db, &site(second))?;
                        db.execute("UPDATE site SET highest_counter = highest_counter + 1", &[])
                    })
                    .unwrap();
            });
        }
        both_ready.recv().unwrap();
        both_ready.recv().unwrap();
        go_one.send(()).unwrap();
        go_other.send(()).unwrap();
    });
    let mut rows = processes[0]
        .read(|db| db.query("SELECT highest_counter FROM site", &[]))
        .unwrap();
    assert!(rows.iter_mut().all(|row| row.take(0) == Ok(2_i64)));
}

/// What lets the tables be spread over machines by site.
#[test]
fn every_table_that_grows_has_its_site_first_in_every_key() {
    const SHARED: [&str; 2] = ["schema_version", "server"];
    let home = Home::postgresql();
    home.open();
    let database = home.database.as_ref().unwrap();
    let mut client = database.connect();
    let tables = client
        .query(
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p')
             AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
            &[&database.schema()],
        )
        .unwrap();
    let growing: Vec<String> = tables.iter().map(|it| it.get(0)).collect();
    assert!(growing.len() > SHARED.len());
    for table in growing.iter().filter(|it| !SHARED.contains(&it.as_str())) {
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
