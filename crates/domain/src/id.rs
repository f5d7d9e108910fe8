//! Identifiers, each a type of its own.
//!
//! What people name (sites, departments, people, categories) is a short readable slug; what devices
//! make by themselves without a network (cases, envelopes, devices) is 128 random bits.
//!
//! ```
//! use shouwen_domain::id::{CaseId, IdError, PersonId};
//!
//! let guard: PersonId = "wang-jianguo".parse()?;
//! assert_eq!(guard.as_str(), "wang-jianguo");
//! assert_eq!("王建国".parse::<PersonId>(), Err(IdError::NotASlug("王建国".to_owned())));
//!
//! let case = CaseId::from_random([171; 16]);
//! assert_eq!(case.to_string(), "ab".repeat(16));
//! assert_eq!(case.to_string().parse(), Ok(case));
//! # Ok::<(), IdError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdError {
    /// Slugs are 1 to 40 characters of `a-z`, `0-9` and `-`.
    NotASlug(String),
    /// Random identifiers are 32 hexadecimal digits.
    NotHex(String),
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASlug(text) => {
                write!(f, "\"{text}\" is not 1 to 40 characters of a-z, 0-9 and -")
            }
            Self::NotHex(text) => write!(f, "\"{text}\" is not 32 hexadecimal digits"),
        }
    }
}

impl std::error::Error for IdError {}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// As written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                let fits = (1..=40).contains(&text.len())
                    && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
                if fits { Ok(Self(text.into())) } else { Err(IdError::NotASlug(text)) }
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                let at = d.position();
                d.str()?.parse().map_err(|error| decode::Error::custom(error).at(at))
            }
        }
    };
}

slug!(
    /// A place with a management office of its own.
    SiteId
);
slug!(
    /// A member of staff.
    PersonId
);
slug!(
    /// A department of a site.
    DepartmentId
);
slug!(
    /// A category of the policy pack.
    CategoryId
);

slug!(
    /// A paper that a formality takes (I4).
    PaperId
);
slug!(
    /// An emergency of the pack's list (I14).
    EmergencyId
);
slug!(
    /// In which capacity a customer comes: owner, tenant, visitor.
    CapacityId
);

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
        #[cbor(transparent)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

        impl $name {
            /// From 128 bits drawn by the caller.
            pub const fn from_random(bits: [u8; 16]) -> Self {
                Self(bits)
            }

            /// As stored.
            pub const fn bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let wrong = || IdError::NotHex(text.to_owned());
                if text.len() != 32 || !text.is_ascii() {
                    return Err(wrong());
                }
                let mut bits = [0; 16];
                for (i, byte) in bits.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
                }
                Ok(Self(bits))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

random_id!(
    /// One matter of one customer.
    CaseId
);
random_id!(
    /// One action; breaks ties in the order of a case.
    EnvelopeId
);
random_id!(
    /// One installation of the app.
    DeviceId
);
random_id!(
    /// One shift handover of a person, which lists many cases (F7).
    ShiftId
);

impl DeviceId {
    /// Head office itself, which writes to a site what it orders. No device ever draws all zeros.
    pub const HEAD_OFFICE: Self = Self([0; 16]);
}

impl CaseId {
    /// Where the site's own events lie: texts adopted, rules read. No case is ever drawn as all zeros.
    pub const SITE: Self = Self([0; 16]);

    /// Where a day's records of reading lie ([`crate::looks`]): the day counts from the beginning of our era. No case is ever
    /// drawn with so many zeros.
    pub fn of_looks(day: NaiveDate) -> Self {
        let mut bits = [0; 16];
        bits[12..].copy_from_slice(&day.num_days_from_ce().to_be_bytes());
        Self(bits)
    }

    /// Whether records of reading lie there, and nothing of a customer.
    pub fn is_of_looks(self) -> bool {
        self.0[..12] == [0; 12] && self != Self::SITE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_refuses_what_people_might_type_and_says_so() {
        let error = "Wang 建国".parse::<PersonId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"Wang 建国\" is not 1 to 40 characters of a-z, 0-9 and -"
        );
        assert!("".parse::<SiteId>().is_err());
        assert_eq!("wang-jg".parse::<PersonId>().unwrap().as_str(), "wang-jg");
    }

    #[test]
    fn a_random_id_survives_its_text() {
        let id = CaseId::from_random([0xa5; 16]);
        assert_eq!(id.to_string().parse::<CaseId>(), Ok(id));
        assert!("zz".parse::<CaseId>().is_err());
    }
}
