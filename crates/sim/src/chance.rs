//! All randomness, from one seed: a stream of its own for everything that acts.

/// Splitmix64: small, even, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream of one thing among many, so that a run without one of them goes on as before for the rest.
    pub fn of(seed: u64, whose: Whose, n: u64) -> Self {
        let mut mixed = Self(seed);
        for part in [whose as u64, n] {
            mixed = Self(mixed.bits() ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93));
        }
        Self(mixed.bits())
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` up to and including `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// An index below `n`, which is not zero.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.bits() % n as u64).expect("a remainder is smaller than its divisor")
    }

    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.bits() % 1_000 < per_mille
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn id(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.bits().to_be_bytes());
        id[8..].copy_from_slice(&self.bits().to_be_bytes());
        id
    }
}

/// Who draws from a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Plan = 1,
    Device,
    Process,
    Act,
    Twin,
}
