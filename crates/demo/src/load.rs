//! What one head office bears: many devices that push at once, and many that read everything at once.
//!
//! What is pushed is signed beforehand, so that the devices take little of the machine that they share with head office.

use std::fmt;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::device::DeviceError;
use crate::office::Office;
use crate::replay::{ReplayError, Site};
use crate::workload;

/// Devices of the same seed that wrote what is there already have lower numbers.
const PUSHING_FROM: u64 = 1 << 32;
const READING_FROM: u64 = 2 << 32;

/// How long each of something took, and all of it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Took {
    pub n_acts: usize,
    pub all: Duration,
    /// From the shortest to the longest.
    pub each: Vec<Duration>,
}

impl Took {
    fn of(n_acts: usize, all: Duration, mut each: Vec<Duration>) -> Self {
        each.sort_unstable();
        Self { n_acts, all, each }
    }

    /// The longest of this share of them.
    fn longest_of(&self, percent: usize) -> Duration {
        let at = (self.each.len() * percent / 100).min(self.each.len().saturating_sub(1));
        self.each.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |it: Duration| it.as_secs_f64() * 1_000.0;
        let all_ms = self.all.as_millis().max(1);
        let a_second = self.n_acts as u128 * 1_000 / all_ms;
        write!(
            f,
            "{} acts in {:.2} s, {a_second} a second; {} times, median {:.0} ms, p99 {:.0} ms",
            self.n_acts,
            self.all.as_secs_f64(),
            self.each.len(),
            ms(self.longest_of(50)),
            ms(self.longest_of(99)),
        )
    }
}

/// Devices that push what they did, all at once: `n_cases` of five acts each. Each push is answered when it is durable.
pub fn push(
    site: &Site,
    office: &Office,
    n_devices: usize,
    n_cases: usize,
    seed: u64,
) -> Result<Took, ReplayError> {
    let written = |nth| workload::written(site, office, n_cases, seed, PUSHING_FROM + nth);
    at_once(n_devices, written, |(device, pushes)| {
        let mut each = Vec::with_capacity(pushes.len());
        let mut n_acts = 0;
        for push in pushes {
            let begun = Instant::now();
            device.hand_in(office, &push)?;
            each.push(begun.elapsed());
            n_acts += push.len();
        }
        Ok((n_acts, each))
    })
}

/// New devices that joined and read everything, all at once.
pub fn read(
    site: &Site,
    office: &Office,
    n_devices: usize,
    n_acts: usize,
    seed: u64,
) -> Result<Took, ReplayError> {
    let joined = |nth| site.device(office, Chance::apart(seed, READING_FROM + nth));
    at_once(n_devices, joined, |mut device| {
        let begun = Instant::now();
        device.get_level(office)?;
        Ok((n_acts, vec![begun.elapsed()]))
    })
}

/// Each device on a thread of its own, where it is made before all of them begin.
fn at_once<T>(
    n_devices: usize,
    make: impl Fn(u64) -> Result<T, ReplayError> + Sync,
    work: impl Fn(T) -> Result<(usize, Vec<Duration>), DeviceError> + Sync,
) -> Result<Took, ReplayError> {
    let begins = Barrier::new(n_devices);
    let run = |nth| {
        let device = make(nth);
        begins.wait();
        let begun = Instant::now();
        let (n_acts, each) = work(device?)?;
        Ok((begun, Instant::now(), n_acts, each))
    };
    thread::scope(|scope| {
        let run = &run;
        let threads = (0..n_devices as u64).map(|nth| scope.spawn(move || run(nth)));
        let threads: Vec<_> = threads.collect();
        let done = threads
            .into_iter()
            .map(|it| it.join().expect("no thread panics"));
        let done = done.collect::<Result<Vec<_>, ReplayError>>()?;
        let begun = done.iter().map(|it| it.0).min();
        let ended = done.iter().map(|it| it.1).max();
        let all = begun.zip(ended).map(|(begun, ended)| ended - begun);
        let n_acts = done.iter().map(|it| it.2).sum();
        let each = done.into_iter().flat_map(|it| it.3).collect();
        Ok(Took::of(n_acts, all.unwrap_or_default(), each))
    })
}
