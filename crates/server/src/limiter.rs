//! How often something may be tried within a time, and how many may be open at one time. Kept in memory: a
//! restart forgets it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A limiter remembers so many keys, whoever asks; some 30 MB where each is at its limit.
const KEYS: usize = 65_536;
/// Tries within such a part of the period count as one moment, so that a high limit takes no more memory than a
/// low one.
const MOMENTS: u32 = 16;

#[derive(Debug)]
pub struct Limiter<K> {
    n_tries: u32,
    period: Duration,
    n_keys: usize,
    tries: BTreeMap<K, Tries>,
}

#[derive(Debug, Default)]
struct Tries {
    n: u32,
    /// When they began to come, and how many came so close behind.
    moments: VecDeque<(Instant, u32)>,
}

impl<K: Ord + Clone> Limiter<K> {
    pub const fn new(n_tries: u32, period: Duration) -> Self {
        Self {
            n_tries,
            period,
            n_keys: KEYS,
            tries: BTreeMap::new(),
        }
    }

    /// Counts a try, or says how long to wait. A try that is refused is not counted.
    pub fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if self.tries.len() >= self.n_keys && !self.tries.contains_key(&key) {
            self.make_room(now);
        }
        let tries = self.tries.entry(key).or_default();
        tries.lapse(now, self.period);
        match tries.moments.front() {
            Some(&(first, _)) if tries.n >= self.n_tries => {
                Err(self.period.saturating_sub(now.duration_since(first)))
            }
            _ => {
                tries.count(now, self.period / MOMENTS);
                Ok(())
            }
        }
    }

    pub fn forget(&mut self, key: &K) {
        self.tries.remove(key);
    }

    /// Forgets what has lapsed; where that is little, also a quarter of the keys, those that tried least. Whoever
    /// fills the memory with new keys so pushes out keys of that sort, and no limit that was reached.
    fn make_room(&mut self, now: Instant) {
        self.tries.retain(|_, tries| {
            tries.lapse(now, self.period);
            tries.n > 0
        });
        let kept = self.n_keys - self.n_keys / 4;
        if self.tries.len() <= kept {
            return;
        }
        let mut keys: Vec<_> = self
            .tries
            .iter()
            .map(|(key, it)| (it.n, it.moments.back().map(|it| it.0), key.clone()))
            .collect();
        keys.sort_unstable();
        for (_, _, key) in keys.drain(..self.tries.len() - kept) {
            self.tries.remove(&key);
        }
    }
}

impl Tries {
    fn lapse(&mut self, now: Instant, period: Duration) {
        while let Some(&(began, n)) = self.moments.front()
            && now.duration_since(began) >= period
        {
            self.n -= n;
            self.moments.pop_front();
        }
    }

    fn count(&mut self, now: Instant, moment: Duration) {
        self.n += 1;
        match self.moments.back_mut() {
            Some((began, n)) if now.duration_since(*began) < moment => *n += 1,
            _ => self.moments.push_back((now, 1)),
        }
    }
}

/// How many may be open at one time: for each key, and together.
#[derive(Debug)]
pub struct Places<K: Ord> {
    for_one: usize,
    for_all: usize,
    taken: Mutex<(usize, BTreeMap<K, usize>)>,
}

/// Held as long as what took it is open.
#[derive(Debug)]
pub struct Place<K: Ord + Clone> {
    key: K,
    places: Arc<Places<K>>,
}

impl<K: Ord + Clone> Places<K> {
    pub const fn new(for_one: usize, for_all: usize) -> Self {
        Self {
            for_one,
            for_all,
            taken: Mutex::new((0, BTreeMap::new())),
        }
    }

    pub fn take(self: &Arc<Self>, key: K) -> Option<Place<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let n = taken.1.get(&key).copied().unwrap_or_default();
        if n >= self.for_one || taken.0 >= self.for_all {
            return None;
        }
        taken.0 += 1;
        taken.1.insert(key.clone(), n + 1);
        Some(Place {
            key,
            places: Arc::clone(self),
        })
    }
}

impl<K: Ord + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let taken = &self.places.taken;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.0 -= 1;
        if let Some(n) = taken.1.get_mut(&self.key) {
            *n -= 1;
            if *n == 0 {
                taken.1.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_over_the_limit_waits_until_the_first_try_has_lapsed() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut limiter = Limiter::new(2, MINUTE);
        assert_eq!(limiter.take("li-na", at(0)), Ok(()));
        assert_eq!(limiter.take("li-na", at(10)), Ok(()));
        assert_eq!(limiter.take("li-na", at(20)), Err(Duration::from_secs(40)));
        assert_eq!(limiter.take("ma-jie", at(20)), Ok(()));
        assert_eq!(limiter.take("li-na", at(60)), Ok(()));
        assert_eq!(limiter.take("li-na", at(61)), Err(Duration::from_secs(9)));
    }

    #[test]
    fn a_high_limit_is_kept_in_as_little_memory_as_a_low_one() {
        let start = Instant::now();
        let mut limiter = Limiter::new(6_000, MINUTE);
        let at = |n: u32| start + Duration::from_millis(10) * n;
        for n in 0..6_000 {
            assert_eq!(limiter.take((), at(n)), Ok(()), "try {n}");
            assert!(limiter.tries[&()].moments.len() <= 16);
        }
        assert!(limiter.take((), at(5_999)).is_err());
        assert_eq!(limiter.take((), at(6_000)), Ok(()), "the first have lapsed");
    }

    #[test]
    fn what_succeeded_starts_anew() {
        let now = Instant::now();
        let mut limiter = Limiter::new(1, MINUTE);
        limiter.take(1, now).unwrap();
        limiter.forget(&1);
        assert_eq!(limiter.take(1, now), Ok(()));
    }

    #[test]
    fn lapsed_keys_do_not_fill_the_memory() {
        let start = Instant::now();
        let mut limiter = Limiter::new(1, MINUTE);
        for key in 0..KEYS {
            limiter.take(key, start).unwrap();
        }
        limiter.take(usize::MAX, start + MINUTE).unwrap();
        assert_eq!(limiter.tries.len(), 1);
    }

    #[test]
    fn ever_new_keys_fill_no_memory_and_free_nobody_from_a_limit() {
        let now = Instant::now();
        let mut limiter = Limiter::new(2, MINUTE);
        limiter.n_keys = 64;
        limiter.take(0, now).unwrap();
        limiter.take(0, now).unwrap();
        for key in 1..1_000 {
            limiter.take(key, now).unwrap();
            assert!(limiter.tries.len() <= 64);
        }
        assert_eq!(limiter.take(0, now), Err(MINUTE));
    }

    #[test]
    fn a_place_is_free_again_when_it_is_let_go() {
        let places = Arc::new(Places::new(2, 3));
        let (a, _b) = (places.take("wang"), places.take("wang"));
        assert!(a.is_some());
        assert!(places.take("wang").is_none(), "no third for one");
        let _c = places.take("li").unwrap();
        assert!(places.take("ma").is_none(), "no fourth for all");
        drop(a);
        assert!(places.take("ma").is_some());
        let taken = places.taken.lock().unwrap();
        assert_eq!(taken.1.len(), 2, "who holds none is not remembered");
    }
}
