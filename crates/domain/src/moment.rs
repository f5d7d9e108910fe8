//! An instant, apart from any calendar: civil dates and times are `chrono`'s naive types and never mix with it.

use std::ops::{Add, Sub};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A UTC instant in milliseconds since 1970-01-01T00:00:00Z.
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
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Whole minutes from `earlier` to `self`, rounded towards negative infinity.
    pub const fn minutes_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(Minutes::MS)
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
