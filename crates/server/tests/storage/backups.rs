//! Backups on either engine, and from one to the other.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use shouwen_domain::envelope::Fate;
use shouwen_domain::id::DeviceId;
use shouwen_server::storage::backup::{self, BackupError, Summary};
use shouwen_server::storage::{access, log};
use shouwen_sync::message::Cursor;

use super::chain::{Chain, key};
use super::files::{chunk, photo, put, put_all};
use super::{Home, Process, now, site};

impl Process {
    fn back_up(&self, file: &Path) -> Result<Summary, BackupError> {
        self.runtime
            .block_on(backup::take(&self.storage, file, now()))
    }

    fn restore(&self, file: &Path, replace: bool) -> Result<Summary, BackupError> {
        self.runtime
            .block_on(backup::restore(&self.storage, file, replace, None))
    }

    /// Up to where the chain's receipts say that it is backed up.
    fn backed_up(&self, chain: &Chain, known: &[u8]) -> Option<u64> {
        self.push(chain, &[known.to_vec()])[0].backed_up_to
    }

    /// Every row that a backup should hold, as text.
    fn contents(&self) -> Vec<String> {
        let found = self.read(|db| {
            let mut found = Vec::new();
            for sql in [
                "SELECT site, last_position FROM site ORDER BY site",
                "SELECT site, person, hashed FROM pin ORDER BY site, person",
                "SELECT site, device, chain, code, key FROM device ORDER BY site, device, chain",
                "SELECT site, device, chain, head_sequence, head_hash, announced
                 FROM chain ORDER BY site, device, chain",
                "SELECT site, arrival, device, chain, sequence, hash, previous, format, counter,
                        fate, arrived_ms, position, bytes
                 FROM envelope ORDER BY site, arrival",
                "SELECT site, hash, n_bytes, is_whole, arrived_ms FROM file ORDER BY site, hash",
                "SELECT site, hash, n, bytes FROM file_chunk ORDER BY site, hash, n",
            ] {
                let rows = db.query(sql, &[])?;
                found.extend(rows.iter().map(|it| format!("{:?}", it.0)));
            }
            Ok(found)
        });
        found.unwrap()
    }
}

/// A place for files, gone with the test.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn file_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("it.backup")
}

/// Chains of every kind: whole, with a gap, forked, with something refused, on two sites; photos, one of
/// them not whole.
fn fill(process: &Process) -> (Chain, Vec<Vec<u8>>) {
    let mut li = Chain::new("lanting", 1);
    let mut copy = li.clone();
    let envelopes = li.write_some(5);
    process.push(&li, &envelopes);
    let branch = [copy.write("another"), copy.write("and more")];
    process.push(&copy, &branch);
    let mut gap = Chain::new("lanting", 2);
    let behind = gap.write_some(3);
    process.push(&gap, &behind[..1]);
    process.push(&gap, &behind[2..]);
    let mut zhao = Chain::new("cuihu", 3);
    let there = zhao.write_some(300);
    process.push(&zhao, &there);
    let mut stranger = Chain::new("cuihu", 4);
    let mut bad = stranger.write("to be spoilt");
    let last = bad.len() - 20;
    bad[last] ^= 1;
    process.push(&stranger, &[bad]);
    put_all(process, "lanting", &photo(1, 2));
    put(process, "cuihu", chunk(&photo(2, 3), 1));
    process
        .write("cuihu", |db| {
            let device = DeviceId::from_random([3; 16]);
            access::enrol(db, &site("cuihu"), device, &key().public())
        })
        .unwrap()
        .unwrap();
    (li, envelopes)
}

pub fn what_was_backed_up_comes_back_as_it_was_under_a_new_epoch(home: &Home) {
    let (folder, process) = (folder(), home.open());
    let file = file_in(&folder);
    let (li, envelopes) = fill(&process);
    assert_eq!(process.backed_up(&li, &envelopes[0]), None);
    let before = (process.contents(), process.epoch("lanting"));
    let summary = process.back_up(&file).unwrap();
    assert_eq!(
        (summary.n_sites, summary.n_chains, summary.n_envelopes),
        (2, 4, 310)
    );
    assert_eq!(backup::verify(&file).unwrap(), summary);
    assert_eq!(process.backed_up(&li, &envelopes[0]), Some(5));

    let mut later = li.clone();
    let lost = later.write("after the backup");
    process.push(&later, std::slice::from_ref(&lost));
    let other = home.open();
    assert_eq!(process.restore(&file, true).unwrap(), summary);
    assert!(other.contents() == before.0);
    let epoch = other.epoch("lanting");
    assert_ne!(epoch, before.1);
    // How far devices had counted is still known, so that nobody's refill is a leap.
    let counter = other.read(|db| {
        db.query(
            "SELECT highest_counter FROM site WHERE site = $1",
            &["lanting".into()],
        )
    });
    assert_eq!(counter.unwrap()[0].take(0), Ok(6_u64));
    assert_eq!(other.epoch("cuihu"), epoch);
    // Who read on begins anew, and who pushes again fills it up.
    let asked = Cursor {
        epoch: before.1,
        position: 6,
    };
    assert_eq!(other.page("lanting", asked).from.position, 0);
    let receipts = other.push(&later, std::slice::from_ref(&lost));
    assert_eq!(receipts[0].fate, Fate::Accepted);
    assert_eq!(
        (receipts[0].epoch, receipts[0].backed_up_to),
        (epoch, Some(5))
    );
    assert_eq!(other.feed("lanting").last(), Some(&lost));
}

pub fn a_database_moves_to_the_other_engine_and_back(home: &Home) {
    let (folder, process) = (folder(), home.open());
    let there = match &home.database {
        Some(_) => Home::sqlite(),
        None => Home::postgresql(),
    };
    let (file, file_back) = (file_in(&folder), folder.path().join("back.backup"));
    fill(&process);
    let contents = process.contents();
    process.back_up(&file).unwrap();
    let moved = there.open();
    moved.restore(&file, false).unwrap();
    assert!(moved.contents() == contents);
    moved.back_up(&file_back).unwrap();
    let counted = |it| {
        let summary = backup::verify(it).unwrap();
        (summary.n_sites, summary.n_chains, summary.n_envelopes)
    };
    assert_eq!(counted(&file), counted(&file_back));
    process.restore(&file_back, true).unwrap();
    assert!(process.contents() == contents);
}

pub fn a_backup_under_load_holds_each_chain_up_to_some_point(home: &Home) {
    let (folder, processes) = (folder(), [home.open(), home.open()]);
    let is_over = AtomicBool::new(false);
    let written: Vec<(Chain, Vec<Vec<u8>>)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4_u8)
            .map(|n| {
                let (process, is_over) = (&processes[usize::from(n % 2)], &is_over);
                scope.spawn(move || {
                    let mut chain = Chain::new("lanting", n + 1);
                    let mut written = Vec::new();
                    while !is_over.load(Ordering::SeqCst) {
                        let envelopes = chain.write_some(3);
                        process.push(&chain, &envelopes);
                        written.extend(envelopes);
                    }
                    (chain, written)
                })
            })
            .collect();
        for n in 0..4 {
            let file = folder.path().join(format!("{n}.backup"));
            processes[n % 2].back_up(&file).unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        writers.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let feed = processes[0].feed("lanting");
    let other = Home::sqlite();
    let restored = other.open();
    let mut n_before = 0;
    for n in 0..4 {
        let file = folder.path().join(format!("{n}.backup"));
        restored.restore(&file, true).unwrap();
        let part = restored.feed("lanting");
        assert!(part.len() >= n_before && feed.starts_with(&part));
        n_before = part.len();
    }
    // What receipts call backed up is in the last of them.
    let part = restored.feed("lanting");
    for (chain, written) in written {
        let n = processes[1].backed_up(&chain, &written[0]).unwrap_or(0);
        let n = usize::try_from(n).unwrap();
        assert!(written[..n].iter().all(|it| part.contains(it)));
        let restored_too = restored.backed_up(&chain, &written[0]);
        assert!(n == 0 || restored_too >= Some(n as u64));
    }
}

pub fn pushing_goes_on_while_a_backup_is_restored(home: &Home) {
    let (folder, processes) = (folder(), [home.open(), home.open()]);
    let file = file_in(&folder);
    let (_, envelopes) = fill(&processes[0]);
    processes[0].back_up(&file).unwrap();
    let is_over = AtomicBool::new(false);
    let epochs = std::thread::scope(|scope| {
        let pushing = scope.spawn(|| {
            let mut chain = Chain::new("lanting", 9);
            let (mut written, mut epochs) = (Vec::new(), Vec::new());
            while !is_over.load(Ordering::SeqCst) {
                written.push(chain.write("meanwhile"));
                // As devices do that hear of a new epoch: everything once more.
                let receipts = processes[1].push(&chain, &written);
                assert!(receipts.iter().all(|it| it.fate == Fate::Accepted));
                epochs.push(receipts[0].epoch);
                // An answer travels. Without a pause the file is never free when the other process looks.
                std::thread::sleep(Duration::from_millis(5));
            }
            let receipts = processes[1].push(&chain, &written);
            epochs.push(receipts[0].epoch);
            let feed = processes[1].feed("lanting");
            let in_feed = feed.iter().filter(|it| written.contains(it));
            assert!(in_feed.eq(written.iter()));
            epochs
        });
        for _ in 0..3 {
            processes[0].restore(&file, true).unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        pushing.join().unwrap()
    });
    assert_eq!(epochs.last(), Some(&processes[0].epoch("cuihu")));
    let feed = processes[0].feed("lanting");
    assert!(envelopes.iter().all(|it| feed.contains(it)));
}

pub fn a_database_that_is_not_empty_is_replaced_only_on_demand(home: &Home) {
    let (folder, process) = (folder(), home.open());
    let file = file_in(&folder);
    fill(&process);
    process.back_up(&file).unwrap();
    let before = (process.contents(), process.epoch("lanting"));
    let refused = process.restore(&file, false);
    assert!(
        matches!(refused, Err(BackupError::NotEmpty { n_envelopes: 310 })),
        "{refused:?}"
    );
    assert!((process.contents(), process.epoch("lanting")) == before);
}

pub fn a_code_that_was_given_out_since_the_backup_is_not_given_out_again(home: &Home) {
    let (folder, process) = (folder(), home.open());
    let file = file_in(&folder);
    let code = |device: u8| {
        process
            .write("lanting", move |db| {
                let device = DeviceId::from_random([device; 16]);
                access::enrol(db, &site("lanting"), device, &key().public())
            })
            .unwrap()
            .unwrap()
    };
    let first = code(1);
    process.back_up(&file).unwrap();
    let since = code(2);
    process.restore(&file, true).unwrap();
    assert_eq!((code(1), code(2)), (first.clone(), since.clone()));
    assert!(![first, since].contains(&code(3)));
}

pub fn a_log_that_was_restored_since_the_snapshot_is_not_marked(home: &Home) {
    let (folder, processes) = (folder(), [home.open(), home.open()]);
    let file = file_in(&folder);
    let (li, envelopes) = fill(&processes[0]);
    let (has_begun, begun) = mpsc::channel();
    let (let_go, go) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let [one, other] = &processes;
        let beginning = scope.spawn(move || {
            one.write("lanting", move |db| {
                log::begin_epoch(db)?;
                has_begun.send(()).unwrap();
                go.recv().unwrap();
                Ok(())
            })
        });
        begun.recv().unwrap();
        let file = &file;
        let backing_up = scope.spawn(move || other.back_up(file));
        // The file is there when all but the marks is done.
        while !file.exists() && !backing_up.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let_go.send(()).unwrap();
        beginning.join().unwrap().unwrap();
        backing_up.join().unwrap().unwrap();
    });
    assert_eq!(processes[0].backed_up(&li, &envelopes[0]), None);
}

#[test]
fn a_file_with_any_bit_changed_is_refused_with_its_place() {
    let (folder, home) = (folder(), Home::sqlite());
    let (file, process) = (file_in(&folder), home.open());
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(3);
    process.push(&li, &envelopes);
    process.back_up(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 1 << (at % 8);
        std::fs::write(&file, &spoilt).unwrap();
        match backup::verify(&file) {
            Err(BackupError::Damaged { from, to, .. }) => {
                assert!((from..=to).contains(&(at as u64)), "{at}: {from} to {to}");
            }
            other => panic!("{at}: {other:?}"),
        }
    }
}

#[test]
fn a_file_that_ends_early_or_late_is_refused() {
    let (folder, home) = (folder(), Home::sqlite());
    let (file, process) = (file_in(&folder), home.open());
    let mut li = Chain::new("lanting", 1);
    let envelopes = li.write_some(3);
    process.push(&li, &envelopes);
    process.back_up(&file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for n in 0..whole.len() {
        std::fs::write(&file, &whole[..n]).unwrap();
        match backup::verify(&file) {
            Err(BackupError::Damaged { to, .. }) => assert_eq!(to, n as u64),
            other => panic!("{n}: {other:?}"),
        }
    }
    std::fs::write(&file, [whole.as_slice(), &whole].concat()).unwrap();
    assert!(backup::verify(&file).is_err());
}

pub fn a_damaged_file_changes_nothing(home: &Home) {
    let (folder, process) = (folder(), home.open());
    let file = file_in(&folder);
    fill(&process);
    process.back_up(&file).unwrap();
    let before = (process.contents(), process.epoch("lanting"));
    let whole = std::fs::read(&file).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 7) {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 0x10;
        std::fs::write(&file, &spoilt).unwrap();
        let refused = process.restore(&file, true);
        assert!(
            matches!(refused, Err(BackupError::Damaged { .. })),
            "{refused:?}"
        );
        std::fs::write(&file, &whole[..at]).unwrap();
        assert!(process.restore(&file, true).is_err());
    }
    assert!((process.contents(), process.epoch("lanting")) == before);
}

pub fn what_does_not_hang_together_is_no_backup(home: &Home) {
    let folder = folder();
    let file = file_in(&folder);
    for (spoil, expected) in [
        (
            "UPDATE envelope SET bytes = hash WHERE site = 'cuihu' AND sequence = 7",
            "is not the one with its hash",
        ),
        (
            "UPDATE envelope SET sequence = 700 WHERE site = 'cuihu' AND sequence = 7",
            "says that it is another",
        ),
        (
            "UPDATE envelope SET position = 700 WHERE site = 'cuihu' AND sequence = 7",
            "there is no position 700",
        ),
        (
            "UPDATE envelope SET bytes = NULL WHERE site = 'cuihu' AND sequence = 7",
            "the bytes of an envelope are missing",
        ),
        (
            "UPDATE site SET last_position = 301 WHERE site = 'cuihu'",
            "of 301 positions of \"cuihu\" 300 are there",
        ),
        (
            "UPDATE chain SET head_sequence = 299 WHERE head_sequence = 300",
            "leads to Some(300), and its head is Some(299)",
        ),
        (
            "DELETE FROM envelope WHERE site = 'cuihu' AND sequence = 300",
            "leads to Some(299), and its head is Some(300)",
        ),
        (
            "DELETE FROM chain WHERE head_sequence = 300",
            "leads to Some(300), and its head is None",
        ),
    ] {
        let process = home.open();
        process
            .write_everywhere(|db| {
                db.execute("DELETE FROM envelope", &[])?;
                db.execute("DELETE FROM chain", &[])?;
                db.execute("UPDATE site SET last_position = 0", &[])
            })
            .unwrap();
        let (li, envelopes) = fill(&process);
        process
            .write("cuihu", move |db| db.execute(spoil, &[]))
            .unwrap();
        let error = process.back_up(&file).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        // No file bears the name of a backup, and nothing counts as backed up.
        assert!(!file.exists());
        assert_eq!(process.backed_up(&li, &envelopes[0]), None);
    }
}
