//! How often something may be tried within a time. Kept in memory: a restart forgets it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Above so many keys, those whose tries have all lapsed are forgotten.
const TIDY_ABOVE_KEYS: usize = 4_096;

#[derive(Debug)]
pub struct Limiter<K> {
    n_tries: usize,
    period: Duration,
    tries: BTreeMap<K, VecDeque<Instant>>,
}

impl<K: Ord> Limiter<K> {
    pub const fn new(n_tries: usize, period: Duration) -> Self {
        Self {
            n_tries,
            period,
            tries: BTreeMap::new(),
        }
    }

    /// Counts a try, or says how long to wait. A try that is refused is not counted.
    pub fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if self.tries.len() > TIDY_ABOVE_KEYS {
            let period = self.period;
            self.tries.retain(|_, tries| {
                tries
                    .back()
                    .is_some_and(|&it| now.duration_since(it) < period)
            });
        }
        let tries = self.tries.entry(key).or_default();
        while tries
            .front()
            .is_some_and(|&it| now.duration_since(it) >= self.period)
        {
            tries.pop_front();
        }
        match tries.front() {
            Some(&first) if tries.len() >= self.n_tries => {
                Err(self.period.saturating_sub(now.duration_since(first)))
            }
            _ => {
                tries.push_back(now);
                Ok(())
            }
        }
    }

    pub fn forget(&mut self, key: &K) {
        self.tries.remove(key);
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
        for key in 0..=TIDY_ABOVE_KEYS {
            limiter.take(key, start).unwrap();
        }
        limiter.take(usize::MAX, start + MINUTE).unwrap();
        assert_eq!(limiter.tries.len(), 1);
    }
}
