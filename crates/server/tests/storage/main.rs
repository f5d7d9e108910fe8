//! What every storage has to do, tried on SQLite and on PostgreSQL: each test opens the database as
//! one or more server processes do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

macro_rules! on_both_engines {
    ($($name:ident)* ; $($backup:ident)*) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&super::Home::sqlite()); })*
            $(#[test] fn $backup() { super::backups::$backup(&super::Home::sqlite()); })*
        }
        mod postgresql {
            $(#[test] fn $name() { super::$name(&super::Home::postgresql()); })*
            $(#[test] fn $backup() { super::backups::$backup(&super::Home::postgresql()); })*
        }
    };
}

mod backups;
mod chain;
mod erasure;
mod files;
#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "every test program uses a part")]
mod postgres;
mod postgresql_only;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use chain::{Chain, key, signatories};
use postgres::Database;
use shouwen_domain::envelope::{Envelope, Fate, HeldReason, Receipt, RefusedReason};
use shouwen_domain::event::{AnsweredAtOnce, Closed, Ending, Fact, HandedOver, Reopened};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId, SiteId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::scope::{Concerned, Scope};
use shouwen_domain::signature::{Algorithm, SecretKey};
use shouwen_server::keys::Bearer;
use shouwen_server::storage::access;
use shouwen_server::storage::contact;
use shouwen_server::storage::db::Db;
use shouwen_server::storage::{Fault, Place, Storage, feed, log};
use shouwen_sync::message::{Ask, Cursor, Page, Push, Stated, Withdrawal};
use shouwen_sync::server::{Sender, Version, read};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const SITES: [&str; 2] = ["lanting", "cuihu"];

/// A database that is empty at first, and what it needs to live.
struct Home {
    place: Place,
    runtime: Arc<Runtime>,
    database: Option<Database>,
    _folder: Option<TempDir>,
}

/// The storage as one server process opens it.
#[derive(Clone)]
struct Process {
    storage: Storage,
    runtime: Arc<Runtime>,
}

impl Home {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            place: Place::Folder(folder.path().to_owned()),
            runtime: Arc::new(Runtime::new().unwrap()),
            database: None,
            _folder: Some(folder),
        }
    }

    fn postgresql() -> Self {
        let database = Database::fresh();
        Self {
            place: Place::PostgreSql(database.address()),
            runtime: Arc::new(Runtime::new().unwrap()),
            database: Some(database),
            _folder: None,
        }
    }

    /// Until somebody waits for a lock that another transaction holds, where that can be asked.
    fn until_somebody_waits(&self) {
        let Some(database) = &self.database else {
            return;
        };
        let mut client = database.connect();
        for _ in 0..200 {
            let waiting = client.query("SELECT 1 FROM pg_locks WHERE NOT granted", &[]);
            if !waiting.unwrap().is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// One more process on the same database.
    fn open(&self) -> Process {
        Process::open(&self.place, &self.runtime)
    }
}

impl Process {
    fn open(place: &Place, runtime: &Arc<Runtime>) -> Self {
        let process = Self {
            storage: runtime.block_on(Storage::open(place)).unwrap(),
            runtime: Arc::clone(runtime),
        };
        for name in SITES {
            process
                .write(name, move |db| log::add_site(db, &site(name)))
                .unwrap();
        }
        process
    }

    fn write<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnMut(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.runtime.block_on(self.storage.write(&site(name), work))
    }

    fn write_everywhere<T: Send + 'static>(
        &self,
        work: impl FnMut(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.runtime.block_on(self.storage.write_everywhere(work))
    }

    /// On all sites.
    fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.runtime.block_on(self.storage.read_everywhere(work))
    }

    fn read_of<T: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&dyn Db) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.runtime.block_on(self.storage.read(&site(name), work))
    }

    fn try_push(&self, chain: &Chain, envelopes: &[Vec<u8>]) -> Result<Vec<Receipt>, Fault> {
        let (sender, push) = (chain.sender.clone(), chain.push(envelopes));
        self.write(&chain.sender.site.to_string(), move |db| {
            take_in(db, &sender, &push)
        })
    }

    fn push(&self, chain: &Chain, envelopes: &[Vec<u8>]) -> Vec<Receipt> {
        self.try_push(chain, envelopes).unwrap()
    }

    fn fates(&self, chain: &Chain, envelopes: &[Vec<u8>]) -> Vec<Fate> {
        let receipts = self.push(chain, envelopes);
        receipts.into_iter().map(|it| it.fate).collect()
    }

    /// As the server does for whoever asks.
    fn follow(&self, name: &str) {
        let here = site(name);
        let end = self.read_of(name, move |db| feed::ends(db, &here));
        let end = end.unwrap();
        let mut more = end.followed < end.last;
        while more {
            let here = site(name);
            let follow = move |db: &dyn Db| feed::follow(db, &here);
            more = self.write(name, follow).unwrap();
        }
    }

    fn page(&self, name: &str, asked: Cursor) -> Page {
        self.follow(name);
        let site = site(name);
        let ask = |cursor| Ask::News { cursor, below: 0 };
        let page = self.read_of(name, move |db| {
            let page = feed::page(db, &site, &Scope::Site, ask(asked), now())?;
            match page {
                // In another epoch, from the beginning.
                Ok(Page { from, .. }) if from.epoch != asked.epoch => {
                    feed::page(db, &site, &Scope::Site, ask(from), now())
                }
                page => Ok(page),
            }
        });
        page.unwrap().unwrap()
    }

    /// The whole feed of a site.
    fn feed(&self, name: &str) -> Vec<Vec<u8>> {
        let mut reader = Reader::default();
        while reader.read_on(self, name) {}
        reader.found
    }

    fn epoch(&self, name: &str) -> u64 {
        self.page(name, Cursor::default()).next.epoch
    }

    fn close(self) {
        self.runtime.block_on(self.storage.close());
    }
}

/// A device that reads a site's feed page by page.
#[derive(Default)]
struct Reader {
    cursor: Cursor,
    found: Vec<Vec<u8>>,
}

impl Reader {
    /// Whether there was anything new.
    fn read_on(&mut self, process: &Process, name: &str) -> bool {
        let page = process.page(name, self.cursor);
        let n_new = page.entries.len();
        assert_eq!(
            page.next.position,
            page.from.position + n_new as u64,
            "positions have no gap"
        );
        if page.from.position == 0 {
            // Also where a new epoch began.
            self.found.clear();
        }
        self.cursor = page.next;
        self.found
            .extend(page.entries.into_iter().map(|it| it.envelope.0));
        n_new > 0
    }
}

fn site(name: &str) -> SiteId {
    name.parse().unwrap()
}

const fn now() -> Moment {
    Moment::from_unix_ms(1_783_904_400_000)
}

fn take_in(db: &dyn Db, sender: &Sender, push: &Push) -> Result<Vec<Receipt>, Fault> {
    let (receipts, _) =
        log::take_in(db, sender, push, &read(push, &signatories()), now())?.unwrap();
    feed::follow(db, &sender.site)?;
    Ok(receipts)
}

on_both_engines! {
    a_repeated_push_is_stored_once_through_whichever_process
    a_fork_is_held_and_both_branches_are_kept
    what_waited_for_a_gap_is_passed_on_when_another_process_fills_it
    a_large_push_is_stored_whole_and_paged_without_a_gap
    each_site_counts_by_itself
    readers_that_page_while_two_processes_append_miss_nothing_and_see_nothing_twice
    one_chain_through_two_processes_at_once_stays_one_chain
    who_comes_after_a_late_committer_gets_the_later_positions
    work_that_fails_leaves_nothing_and_does_not_harm_its_neighbours
    a_snapshot_is_not_disturbed_by_what_is_written_beside_it
    processes_that_start_at_once_make_one_database
    what_is_meant_for_another_epoch_is_not_taken
    a_log_that_fell_back_begins_a_new_epoch_on_every_site
    a_device_keeps_its_code_and_no_two_share_one
    a_code_that_is_being_given_out_is_not_given_out_beside_it
    another_key_under_a_device_is_turned_away
    of_two_devices_with_one_invitation_one_joins_whichever_process_is_asked
    a_chain_is_given_out_once_whichever_process_is_asked
    a_chain_that_a_restored_database_does_not_know_is_given_to_no_clone
    a_device_at_the_end_of_its_chain_goes_on_there
    what_was_taken_back_stays_so_through_whichever_process
    what_an_older_version_held_for_its_format_is_judged_at_the_start
    everything_is_there_after_all_processes_went
    a_database_of_a_later_version_is_left_alone
    a_scope_is_given_its_cases_each_as_a_whole
    ;
    what_was_backed_up_comes_back_as_it_was_under_a_new_epoch
    a_database_moves_to_the_other_engine_and_back
    a_backup_under_load_holds_each_chain_up_to_some_point
    pushing_goes_on_while_a_backup_is_restored
    a_database_that_is_not_empty_is_replaced_only_on_demand
    a_code_that_was_given_out_since_the_backup_is_not_given_out_again
    a_log_that_was_restored_since_the_snapshot_is_not_marked
    a_damaged_file_changes_nothing
    what_does_not_hang_together_is_no_backup
}

/// Eight cases of customer service, of which every second goes to engineering at its third act and every third is
/// closed at its last; the acts by case.
fn eight_cases(process: &Process) -> BTreeMap<CaseId, Vec<Vec<u8>>> {
    let mut li = Chain::new("lanting", 1);
    let mut cases: BTreeMap<CaseId, Vec<Vec<u8>>> = BTreeMap::new();
    for act in 0..5 {
        for n in 1..=8 {
            let case = CaseId::from_random([n; 16]);
            let handed_over =
                || HandedOver::new("service".parse().unwrap(), "engineering".parse().unwrap());
            let fact = match act {
                0 => Fact::Reopened(Reopened {}),
                2 if n % 2 == 0 => Fact::HandedOver(handed_over()),
                4 if n % 3 == 0 => Fact::Closed(Closed {
                    ending: Ending::Told,
                    phrases: Vec::new(),
                }),
                _ => Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
            };
            let written = li.act(case, "li-na", fact, &"字".repeat(2_000));
            process.push(&li, std::slice::from_ref(&written));
            cases.entry(case).or_default().push(written);
        }
    }
    cases
}

fn a_scope_is_given_its_cases_each_as_a_whole(home: &Home) {
    let process = home.open();
    let cases = eight_cases(&process);
    let epoch = process.epoch("lanting");
    let engineering = || {
        Scope::Of(Concerned {
            departments: ["engineering".parse().unwrap()].into(),
            ..Concerned::default()
        })
    };
    let ask = |ask: Ask| {
        let page = process.read_of("lanting", move |db| {
            feed::page(db, &site("lanting"), &engineering(), ask, now())
        });
        page.unwrap().unwrap()
    };
    let bytes = |page: &Page| -> Vec<Vec<u8>> {
        page.entries
            .iter()
            .map(|it| it.envelope.0.clone())
            .collect()
    };
    let theirs: Vec<_> = cases
        .iter()
        .filter(|(case, _)| case.bytes()[0].is_multiple_of(2))
        .collect();
    // The news, from the beginning: each of their cases once and whole, and nothing of the others.
    let mut cursor = Cursor { epoch, position: 0 };
    let mut found = Vec::new();
    loop {
        let page = ask(Ask::News { cursor, below: 0 });
        found.extend(bytes(&page));
        cursor = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(cursor.position, 40);
    let mut expected: Vec<_> = theirs
        .iter()
        .flat_map(|(_, acts)| (*acts).clone())
        .collect();
    assert_eq!(found.len(), expected.len());
    found.sort();
    expected.sort();
    assert!(found == expected);
    // To whom history is missing an act comes with its case.
    let last_act = Cursor {
        epoch,
        position: 39,
    };
    let page = ask(Ask::News {
        cursor: last_act,
        below: 39,
    });
    assert!(bytes(&page) == cases[&CaseId::from_random([8; 16])]);
    // Open ones: all of theirs but the sixth.
    let (mut after, mut open) = (None, Vec::new());
    loop {
        let page = ask(Ask::Open { at: None, after });
        assert_eq!(page.from.position, 40);
        open.extend(bytes(&page));
        assert_eq!(page.n_left > 0, page.more);
        after = page.after;
        if !page.more {
            break;
        }
    }
    let expected: Vec<_> = theirs
        .iter()
        .filter(|(case, _)| case.bytes()[0] != 6)
        .flat_map(|(_, acts)| (*acts).clone())
        .collect();
    assert!(open == expected);
}

fn a_repeated_push_is_stored_once_through_whichever_process(home: &Home) {
    let (one, other) = (home.open(), home.open());
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(3);
    let receipts = one.push(&li, &envelopes);
    assert!(receipts.iter().all(|it| it.fate == Fate::Accepted));
    assert_eq!(other.push(&li, &envelopes), receipts);
    assert_eq!(one.push(&li, &envelopes[1..]), receipts[1..]);
    assert_eq!(other.feed("lanting"), envelopes);
}

fn a_fork_is_held_and_both_branches_are_kept(home: &Home) {
    let (one, other) = (home.open(), home.open());
    let mut li = Chain::new("lanting", 1);
    let mut copy = li.clone();
    let (mine, theirs) = (li.write("mine"), copy.write("theirs"));
    assert_eq!(
        one.fates(&li, std::slice::from_ref(&mine)),
        [Fate::Accepted]
    );
    let held = [Fate::Held(HeldReason::Fork)];
    assert_eq!(other.fates(&copy, std::slice::from_ref(&theirs)), held);
    assert_eq!(one.fates(&copy, std::slice::from_ref(&theirs)), held);
    assert_eq!(one.feed("lanting"), [mine]);
    let kept = one.read(|db| db.query("SELECT bytes FROM envelope WHERE position IS NULL", &[]));
    assert_eq!(kept.unwrap()[0].take::<Vec<u8>>(0).unwrap(), theirs);
}

fn what_waited_for_a_gap_is_passed_on_when_another_process_fills_it(home: &Home) {
    let (one, other) = (home.open(), home.open());
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(4);
    let gap = [Fate::Held(HeldReason::Gap); 2];
    assert_eq!(one.fates(&li, &envelopes[2..]), gap);
    assert_eq!(other.fates(&li, &envelopes[1..2]), gap[..1]);
    assert!(one.feed("lanting").is_empty());
    assert_eq!(other.fates(&li, &envelopes[..1]), [Fate::Accepted]);
    assert_eq!(one.feed("lanting"), envelopes);
    assert_eq!(one.fates(&li, &envelopes), [Fate::Accepted; 4]);
}

fn a_large_push_is_stored_whole_and_paged_without_a_gap(home: &Home) {
    let process = home.open();
    let mut li = Chain::new("lanting", 1);
    let mut envelopes = li.write_some(150);
    envelopes.extend((0..70).map(|_| li.write(&"字".repeat(3_000))));
    envelopes.extend(li.write_some(60));
    assert_eq!(process.fates(&li, &envelopes), vec![Fate::Accepted; 280]);
    assert_eq!(process.feed("lanting"), envelopes);
    let first = process.page("lanting", Cursor::default());
    assert!(first.more && first.entries.len() > 150);
    let epoch = first.next.epoch;
    let end = process.page(
        "lanting",
        Cursor {
            epoch,
            position: 280,
        },
    );
    assert!(!end.more && end.entries.is_empty());
}

fn each_site_counts_by_itself(home: &Home) {
    let process = home.open();
    let (mut li, mut zhao) = (Chain::new("lanting", 1), Chain::new("cuihu", 1));
    let (here, there) = (li.write_some(2), zhao.write_some(3));
    process.push(&li, &here);
    process.push(&zhao, &there);
    assert_eq!(process.feed("lanting"), here);
    assert_eq!(process.feed("cuihu"), there);
    let mut stray = Chain::new("nowhere", 9);
    let envelope = stray.write("lost");
    assert!(matches!(
        process.try_push(&stray, &[envelope]),
        Err(Fault::Database(_))
    ));
}

fn readers_that_page_while_two_processes_append_miss_nothing_and_see_nothing_twice(home: &Home) {
    const DEVICES: u8 = 6;
    const PUSHES: usize = 12;
    let processes = [home.open(), home.open()];
    let is_over = AtomicBool::new(false);
    let (feeds, written) = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|n| {
                let (process, is_over) = (&processes[n % 2], &is_over);
                scope.spawn(move || {
                    let mut reader = Reader::default();
                    loop {
                        let was_over = is_over.load(Ordering::SeqCst);
                        if !reader.read_on(process, "lanting") && was_over {
                            return reader.found;
                        }
                    }
                })
            })
            .collect();
        let writers: Vec<_> = (0..DEVICES)
            .map(|n| {
                let process = &processes[usize::from(n % 2)];
                scope.spawn(move || {
                    let mut chain = Chain::new("lanting", n + 1);
                    let mut written = Vec::new();
                    for push in 0..PUSHES {
                        let envelopes = chain.write_some(1 + push % 3);
                        let fates = process.fates(&chain, &envelopes);
                        assert_eq!(fates, vec![Fate::Accepted; envelopes.len()]);
                        written.extend(envelopes);
                    }
                    written
                })
            })
            .collect();
        let written: Vec<_> = writers.into_iter().map(|it| it.join().unwrap()).collect();
        is_over.store(true, Ordering::SeqCst);
        let feeds: Vec<_> = readers.into_iter().map(|it| it.join().unwrap()).collect();
        (feeds, written)
    });
    let feed = processes[0].feed("lanting");
    for seen in feeds {
        assert!(seen == feed, "every reader sees the same feed");
    }
    let expected: BTreeSet<_> = written.iter().flatten().cloned().collect();
    assert_eq!(feed.len(), expected.len());
    assert_eq!(feed.iter().cloned().collect::<BTreeSet<_>>(), expected);
    for chain in written {
        let in_feed = feed.iter().filter(|it| chain.contains(it));
        assert!(in_feed.eq(chain.iter()), "a chain is in its own order");
    }
}

fn one_chain_through_two_processes_at_once_stays_one_chain(home: &Home) {
    let processes = [home.open(), home.open()];
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(40);
    std::thread::scope(|scope| {
        for (n, process) in processes.iter().enumerate() {
            let (li, envelopes) = (&li, &envelopes);
            scope.spawn(move || {
                // Overlapping, and one of the two in the wrong order.
                let mut parts: Vec<_> = envelopes.windows(4).step_by(2).collect();
                if n == 1 {
                    parts.reverse();
                }
                for part in parts {
                    process.push(li, part);
                }
            });
        }
    });
    assert_eq!(processes[0].feed("lanting"), envelopes);
    assert_eq!(processes[1].fates(&li, &envelopes), [Fate::Accepted; 40]);
    let stored = processes[0].read(|db| db.query("SELECT hash FROM envelope", &[]));
    assert_eq!(stored.unwrap().len(), 40);
}

fn who_comes_after_a_late_committer_gets_the_later_positions(home: &Home) {
    let (late, prompt) = (home.open(), home.open());
    let (mut li, mut zhao) = (Chain::new("lanting", 1), Chain::new("lanting", 2));
    let (first, second) = (li.write("first"), zhao.write("second"));
    let (has_appended, appended) = mpsc::channel();
    let (let_go, go) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let (sender, push) = (li.sender.clone(), li.push(std::slice::from_ref(&first)));
        let late = &late;
        let waiting = scope.spawn(move || {
            late.write("lanting", move |db| {
                let receipts = take_in(db, &sender, &push)?;
                has_appended.send(()).unwrap();
                go.recv().unwrap();
                Ok(receipts)
            })
        });
        appended.recv().unwrap();
        let (has_begun, begun) = mpsc::channel();
        let (zhao, second, prompt) = (&zhao, &second, &prompt);
        let pushing = scope.spawn(move || {
            has_begun.send(()).unwrap();
            prompt.push(zhao, std::slice::from_ref(second))
        });
        begun.recv().unwrap();
        home.until_somebody_waits();
        // Neither is committed: nobody sees anything of them, and certainly not the second alone.
        assert!(prompt.feed("lanting").is_empty());
        assert!(!pushing.is_finished());
        let_go.send(()).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap()[0].fate, Fate::Accepted);
        assert_eq!(pushing.join().unwrap()[0].fate, Fate::Accepted);
    });
    assert_eq!(prompt.feed("lanting"), [first, second]);
}

fn work_that_fails_leaves_nothing_and_does_not_harm_its_neighbours(home: &Home) {
    let process = home.open();
    let (mut li, mut zhao) = (Chain::new("lanting", 1), Chain::new("lanting", 2));
    let (good, bad) = (li.write("good"), zhao.write("bad"));
    let (let_go, go) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let process = &process;
        // Holds the thread that writes, so that the next two become one group.
        scope.spawn(move || process.write("lanting", move |_| Ok(go.recv().is_ok())));
        let (sender, push) = (zhao.sender.clone(), zhao.push(std::slice::from_ref(&bad)));
        let failing = scope.spawn(move || {
            process.write("lanting", move |db| {
                take_in(db, &sender, &push)?;
                Err::<(), _>(Fault::Database("as ordered".to_owned()))
            })
        });
        let (li, good) = (&li, &good);
        let storing = scope.spawn(move || process.fates(li, std::slice::from_ref(good)));
        drop(let_go);
        assert_eq!(
            failing.join().unwrap(),
            Err(Fault::Database("as ordered".to_owned()))
        );
        assert_eq!(storing.join().unwrap(), [Fate::Accepted]);
    });
    assert_eq!(process.feed("lanting"), [good]);
}

fn a_snapshot_is_not_disturbed_by_what_is_written_beside_it(home: &Home) {
    let process = home.open();
    let mut li = Chain::new("lanting", 1);
    let (first, second) = (li.write("first"), li.write("second"));
    process.push(&li, &[first]);
    let count = |db: &dyn Db| {
        let rows = db.query(
            "SELECT hash FROM envelope WHERE site = $1",
            &["lanting".into()],
        )?;
        Ok::<_, Fault>(rows.len())
    };
    let (writer, chain) = (process.clone(), li.clone());
    let counts = process.read(move |db| {
        let before = count(db)?;
        std::thread::scope(|scope| {
            let push = || writer.push(&chain, std::slice::from_ref(&second));
            scope.spawn(push).join().unwrap();
        });
        Ok((before, count(db)?))
    });
    assert_eq!(counts, Ok((1, 1)));
    assert_eq!(process.read(count), Ok(2));
}

fn processes_that_start_at_once_make_one_database(home: &Home) {
    let epochs: BTreeSet<u64> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| home.open().epoch("lanting")))
            .collect();
        starting.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(epochs.len(), 1);
    assert_ne!(epochs.first(), Some(&0));
}

fn what_is_meant_for_another_epoch_is_not_taken(home: &Home) {
    let process = home.open();
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(1);
    let here = process.epoch("lanting");
    for (epoch, n_receipts) in [(here + 1, 0), (here, 1)] {
        let (sender, push) = (
            li.sender.clone(),
            Push {
                epoch: Some(epoch),
                ..li.push(&envelopes)
            },
        );
        let take_in = move |db: &dyn Db| take_in(db, &sender, &push);
        let receipts = process.write("lanting", take_in).unwrap();
        assert_eq!(receipts.len(), n_receipts);
        assert_eq!(process.feed("lanting").len(), n_receipts);
    }
}

fn a_log_that_fell_back_begins_a_new_epoch_on_every_site(home: &Home) {
    let (one, other) = (home.open(), home.open());
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(2);
    let before = one.push(&li, &envelopes)[0].epoch;
    let asked = Ask::News {
        cursor: Cursor {
            epoch: before,
            position: 3,
        },
        below: 0,
    };
    let lanting = site("lanting");
    let fell_back = one.read_of("lanting", move |db| {
        feed::page(db, &lanting, &Scope::Site, asked, now())
    });
    assert!(fell_back.unwrap().is_err());
    let renew = |process: &Process| {
        let lanting = site("lanting");
        process
            .write_everywhere(move |db| feed::renew_epoch(db, &lanting, asked))
            .unwrap();
    };
    renew(&one);
    let after = other.epoch("lanting");
    assert_ne!(after, before);
    // Somebody who saw the same fall at the same time changes nothing more.
    renew(&other);
    assert_eq!(one.epoch("lanting"), after);
    assert_eq!(one.epoch("cuihu"), after);
    assert_eq!(other.push(&li, &envelopes)[0].epoch, after);
    assert_eq!(other.feed("lanting"), envelopes);
    assert_eq!(home.open().epoch("lanting"), after);
}

fn a_device_keeps_its_code_and_no_two_share_one(home: &Home) {
    let processes = [home.open(), home.open()];
    let codes: Vec<String> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16)
            .map(|n| {
                let process = &processes[usize::from(n % 2)];
                scope.spawn(move || {
                    let device = DeviceId::from_random([n / 2; 16]);
                    process
                        .write("lanting", move |db| {
                            access::enrol(db, &site("lanting"), device, &key().public())
                        })
                        .unwrap()
                        .unwrap()
                })
            })
            .collect();
        asking.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(codes.chunks(2).all(|it| it[0] == it[1]), "{codes:?}");
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 8);
}

fn a_code_that_is_being_given_out_is_not_given_out_beside_it(home: &Home) {
    let processes = [home.open(), home.open()];
    let give = |db: &dyn Db, device: u8| {
        access::enrol(
            db,
            &site("lanting"),
            DeviceId::from_random([device; 16]),
            &key().public(),
        )
    };
    let (has_given, given) = mpsc::channel();
    let (let_go, go) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let [late, prompt] = &processes;
        let waiting = scope.spawn(move || {
            late.write("lanting", move |db| {
                let code = give(db, 1)?;
                has_given.send(()).unwrap();
                go.recv().unwrap();
                Ok(code)
            })
        });
        given.recv().unwrap();
        let asking = scope.spawn(move || prompt.write("lanting", move |db| give(db, 2)));
        home.until_somebody_waits();
        let_go.send(()).unwrap();
        let codes = (waiting.join().unwrap(), asking.join().unwrap());
        let given = |code: &str| Ok(Ok(code.to_owned()));
        assert_eq!(codes, (given("K7"), given("T2")));
    });
}

fn another_key_under_a_device_is_turned_away(home: &Home) {
    let process = home.open();
    let enrol = |secret: u8| {
        let key = SecretKey::from_bytes(Algorithm::Ed25519, &[secret; 32]).unwrap();
        let enrol = move |db: &dyn Db| {
            let device = DeviceId::from_random([1; 16]);
            access::enrol(db, &site("lanting"), device, &key.public())
        };
        process.write("lanting", enrol).unwrap()
    };
    assert_eq!(enrol(1), Ok("K7".to_owned()));
    assert_eq!(enrol(2), Err(access::NotEnrolled::Taken));
    assert_eq!(enrol(1), Ok("K7".to_owned()));
}

fn of_two_devices_with_one_invitation_one_joins_whichever_process_is_asked(home: &Home) {
    let (now, code) = (Moment::from_unix_ms(0), Hash::of(b"code"));
    let processes = [home.open(), home.open()];
    let join = |process: &Process, device: u8| {
        let redeem = move |db: &dyn Db| {
            let device = DeviceId::from_random([device; 16]);
            access::redeem(db, &site("lanting"), &code, device, &key().public(), now)
        };
        process.write("lanting", redeem).unwrap()
    };
    assert_eq!(join(&processes[0], 1), Err(access::NotEnrolled::WrongCode));
    let invite = move |db: &dyn Db| {
        access::invite(db, &site("lanting"), &code, now + Minutes(15), now)?;
        access::invited_to(db, &code)
    };
    let invited = processes[0].write("lanting", invite).unwrap();
    assert_eq!(invited, Some(site("lanting")));
    let joined: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = (1..=6)
            .map(|n| {
                let process = &processes[usize::from(n) % 2];
                scope.spawn(move || join(process, n))
            })
            .collect();
        asking.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(
        joined.iter().filter(|it| it.is_ok()).count(),
        1,
        "{joined:?}"
    );
}

fn who(chain: &Chain) -> Bearer {
    Bearer {
        site: chain.sender.site.clone(),
        device: chain.sender.device,
        key: key().public(),
        people: BTreeSet::new(),
        signers: signatories().people,
        reads: false,
    }
}

fn a_chain_is_given_out_once_whichever_process_is_asked(home: &Home) {
    let processes = [home.open(), home.open()];
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(2);
    processes[0].push(&li, &envelopes);
    let stated = Stated {
        chain: 1,
        sequence: 1,
        hash: None,
    };
    let chains: Vec<(u32, String)> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|n| {
                let (process, who) = (&processes[n % 2], who(&li));
                scope.spawn(move || {
                    let meet =
                        move |db: &dyn Db| contact::meet(db, &who, "K7", &stated, false, now());
                    process.write("lanting", meet).unwrap().unwrap().new_chain
                })
            })
            .collect();
        let answers = asking.into_iter().map(|it| it.join().unwrap());
        answers.map(|it| it.unwrap()).collect()
    });
    let numbers: BTreeSet<u32> = chains.iter().map(|it| it.0).collect();
    let codes: BTreeSet<&str> = chains.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(numbers, (2..10).collect());
    assert_eq!(codes.len(), 8);
    assert!(!codes.contains("K7"), "that is of the first chain");
}

fn a_chain_that_a_restored_database_does_not_know_is_given_to_no_clone(home: &Home) {
    let process = home.open();
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(2);
    process.push(&li, &envelopes);
    let stated = |chain, sequence| Stated {
        chain,
        sequence,
        hash: None,
    };
    let has_to_write = || {
        let who = who(&li);
        let look = move |db: &dyn Db| contact::look(db, &who, &stated(2, 0), false);
        process.read(look).unwrap().is_none()
    };
    let meet = |stated| {
        let who = who(&li);
        let meet = move |db: &dyn Db| contact::meet(db, &who, "K7", &stated, false, now());
        let answer = process.write("lanting", meet).unwrap().unwrap();
        answer.new_chain.map(|it| it.0)
    };
    assert_eq!(meet(stated(1, 3)), None, "it is known by its first chain");
    assert!(has_to_write());
    assert_eq!(meet(stated(2, 0)), None);
    assert!(!has_to_write());
    assert_eq!(meet(stated(1, 1)), Some(3));
}

fn a_device_at_the_end_of_its_chain_goes_on_there(home: &Home) {
    let process = home.open();
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(3);
    process.push(&li, &envelopes[..2]);
    let hashes: Vec<Hash> = envelopes
        .iter()
        .map(|it| Envelope::from_bytes(it).unwrap().hash())
        .collect();
    let asked = who(&li);
    let goes_on = |sequence: u64, hash: Option<Hash>| {
        let (who, stated) = (
            asked.clone(),
            Stated {
                // A log in which nothing was written names no chain.
                chain: u32::from(sequence > 0),
                sequence,
                hash,
            },
        );
        let meet = move |db: &dyn Db| contact::meet(db, &who, "K7", &stated, false, now());
        let answer = process.write("lanting", meet).unwrap().unwrap();
        answer.new_chain.is_none()
    };
    assert!(goes_on(2, Some(hashes[1])));
    assert!(goes_on(3, Some(hashes[2])), "what is not here yet");
    assert!(!goes_on(1, Some(hashes[0])), "it was put back");
    assert!(!goes_on(2, Some(hashes[0])), "another one wrote on");
    assert!(!goes_on(0, None));
}

fn what_was_taken_back_stays_so_through_whichever_process(home: &Home) {
    let (one, other) = (home.open(), home.open());
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(3);
    one.push(&li, &envelopes[1..]);
    let second = Envelope::from_bytes(&envelopes[1]).unwrap();
    let what = Withdrawal {
        device: li.sender.device,
        chain: 1,
        sequence: 2,
        hash: second.hash(),
    };
    let withdraw = |process: &Process| {
        let statements = [(what, b"signed".to_vec())];
        let who = who(&li);
        let withdraw = move |db: &dyn Db| contact::withdraw(db, &who, &statements, now());
        process.write("lanting", withdraw).unwrap().0[0].fate
    };
    let withdrawn = Fate::Refused(RefusedReason::Withdrawn);
    assert_eq!(withdraw(&other), withdrawn);
    assert_eq!(withdraw(&one), withdrawn);
    one.push(&li, &envelopes[..1]);
    let fates: Vec<_> = other
        .push(&li, &envelopes)
        .iter()
        .map(|it| it.fate)
        .collect();
    assert_eq!(fates, [Fate::Accepted, withdrawn, Fate::Accepted]);
    assert_eq!(
        one.feed("lanting"),
        [envelopes[0].clone(), envelopes[2].clone()]
    );
}

fn what_an_older_version_held_for_its_format_is_judged_at_the_start(home: &Home) {
    let process = home.open();
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(2);
    let asked = who(&li);
    let enrol = move |db: &dyn Db| {
        access::keep_signers(db, &asked.site, asked.device, &asked.signers, now())?;
        access::enrol(db, &asked.site, asked.device, &asked.key)
    };
    process.write("lanting", enrol).unwrap().unwrap();
    let (sender, push) = (li.sender.clone(), li.push(&envelopes));
    let older = move |db: &dyn Db| {
        let arrivals = Version { format: 0 }.read(&push, &signatories());
        Ok(log::take_in(db, &sender, &push, &arrivals, now())?
            .unwrap()
            .0)
    };
    let receipts = process.write("lanting", older).unwrap();
    let held = Fate::Held(HeldReason::UnknownFormat);
    assert!(receipts.iter().all(|it| it.fate == held));
    assert!(process.feed("lanting").is_empty());
    let judge = |db: &dyn Db| log::reconsider(db, &site("lanting"));
    assert_eq!(process.write("lanting", judge), Ok(2));
    assert_eq!(process.write("lanting", judge), Ok(0));
    assert_eq!(process.feed("lanting"), envelopes);
    let again = process.push(&li, &envelopes);
    assert!(again.iter().all(|it| it.fate == Fate::Accepted));
}

fn everything_is_there_after_all_processes_went(home: &Home) {
    let process = home.open();
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(3);
    let receipts = process.push(&li, &envelopes);
    process.close();
    let process = home.open();
    assert_eq!(process.push(&li, &envelopes), receipts);
    assert_eq!(process.feed("lanting"), envelopes);
}

fn a_database_of_a_later_version_is_left_alone(home: &Home) {
    home.open().close();
    match (&home.place, &home.database) {
        (Place::Folder(folder), _) => {
            let file = folder.join("shouwen.sqlite3");
            let db = rusqlite::Connection::open(file).unwrap();
            db.pragma_update(None, "user_version", 99).unwrap();
        }
        (Place::PostgreSql(_), database) => {
            let mut client = database.as_ref().unwrap().connect();
            client
                .batch_execute("UPDATE schema_version SET version = 99")
                .unwrap();
        }
    }
    let opened = home.runtime.block_on(Storage::open(&home.place));
    let error = opened.err().unwrap().to_string();
    assert!(error.starts_with("It has form 99, this version"), "{error}");
}
