//! An instant, apart from any calendar: civil dates and times are `chrono`'s naive types and never mix with it.

use std::ops::{Add, Sub};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A UTC instant in milliseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use shouwen_domain::moment::{Minutes, Moment};
///
/// let asked_at = Moment::from_unix_ms(1_784_280_000_000);
/// let recorded_at = asked_at + Minutes(16);
/// assert_eq!(recorded_at.minutes_since(asked_at), 16);
/// assert_eq!(asked_at.ms_since(recorded_at), 0);
/// ```
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Moment(#[n(0)] i64);

impl Moment {
    /// Milliseconds since 1970 in UTC.
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970 in UTC.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Whole minutes from `earlier` to `self`, rounded towards negative infinity.
    pub const fn minutes_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(Minutes::MS)
    }

    /// Milliseconds from `earlier` to `self`; none if `earlier` is later.
    pub const fn ms_since(self, earlier: Self) -> u64 {
        if self.0 > earlier.0 {
            self.0.abs_diff(earlier.0)
        } else {
            0
        }
    }

    /// So many milliseconds later, up to the end of what can be said.
    #[must_use]
    pub const fn after_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add_unsigned(ms))
    }
}

/// A span of clock time in whole minutes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Minutes(#[n(0)] pub u32);

impl Minutes {
    const MS: i64 = 60_000;

    /// In milliseconds.
    pub const fn ms(self) -> u64 {
        self.0 as u64 * Self::MS.unsigned_abs()
    }
}

impl Add<Minutes> for Moment {
    type Output = Self;

    fn add(self, span: Minutes) -> Self {
        Self(self.0 + i64::from(span.0) * Minutes::MS)
    }
}

impl Sub<Minutes> for Moment {
    type Output = Self;

    fn sub(self, span: Minutes) -> Self {
        Self(self.0 - i64::from(span.0) * Minutes::MS)
    }
}
