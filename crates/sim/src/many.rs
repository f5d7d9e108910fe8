//! Many seeds on every core.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::plant::Plant;
use crate::run;
use crate::world::{Report, Violation};

/// Plays seeds until one breaks a law: what all came to, and the lowest seed that broke one.
pub fn many(seeds: Range<u64>, plant: Option<Plant>) -> (Report, Option<Violation>) {
    let next = AtomicU64::new(seeds.start);
    let lowest: Mutex<Option<Violation>> = Mutex::new(None);
    let work = || {
        let mut report = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return report;
            }
            match run(seed, plant) {
                Ok(it) => report = report.and(it),
                Err(it) => {
                    next.fetch_max(seeds.end, Ordering::Relaxed);
                    let mut lowest = lowest.lock().expect("nobody panics with the lock");
                    if lowest.as_ref().is_none_or(|known| it.seed < known.seed) {
                        *lowest = Some(it);
                    }
                    return report;
                }
            }
        }
    };
    let n_threads = thread::available_parallelism().map_or(1, usize::from);
    let report = thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        let reports = threads.into_iter().map(thread::ScopedJoinHandle::join);
        reports.fold(Report::default(), |sum, it| {
            sum.and(it.expect("a run answers and does not panic"))
        })
    });
    let violation = lowest.into_inner().expect("nobody panics with the lock");
    (report, violation)
}
