//! All randomness, from one seed: the same seed, messages, site and time give the same run.

/// Splitmix64: small, even, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another sequence for each `n`, so that one case's luck does not depend on those before it.
    pub fn apart(seed: u64, n: u64) -> Self {
        let mut first = Self(seed);
        Self(first.bits() ^ n.wrapping_mul(0xd134_2543_de82_ef95))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A key for a device of the demonstration; whoever knows the seed knows it.
    pub fn secret(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.as_chunks_mut::<8>().0 {
            *part = self.bits().to_be_bytes();
        }
        bytes
    }

    /// From `low` up to and including `high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + u32::try_from(self.bits() % span).expect("a remainder is smaller than its divisor")
    }

    pub fn happens(&mut self, percent: u32) -> bool {
        self.bits() % 100 < u64::from(percent)
    }

    /// One of `from`, which is not empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let n = self.bits() % from.len() as u64;
        &from[usize::try_from(n).expect("a remainder is smaller than its divisor")]
    }

    /// One of `from`, as often as its weight says; the weights are not all zero.
    pub fn weighed<T: Clone>(&mut self, from: &[(u32, T)]) -> T {
        let total: u64 = from.iter().map(|it| u64::from(it.0)).sum();
        let mut left = self.bits() % total;
        for (weight, it) in from {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return it.clone(),
            }
        }
        unreachable!("a remainder is smaller than the sum of the weights")
    }

    pub fn id(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.bits().to_be_bytes());
        id[8..].copy_from_slice(&self.bits().to_be_bytes());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut chance = Chance::new(7);
        let drawn: Vec<char> = (0..200)
            .map(|_| chance.weighed(&[(1, 'a'), (0, 'b'), (3, 'c')]))
            .collect();
        assert!(drawn.contains(&'a') && drawn.contains(&'c') && !drawn.contains(&'b'));
    }
}
