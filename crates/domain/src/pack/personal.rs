//! What is kept of a customer, what for and how long: shown where it is asked for. `PRIVACY.md` tells of it.

use super::{Pack, Text};
use crate::limits;
use serde::{Deserialize, Serialize};

/// What a pack says of personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// Days that a device keeps a case after its last change, once it is closed and nothing is owed of it.
    pub on_devices_days: u32,
    /// Every field, in the order of [`PersonalField::ALL`].
    pub fields: Vec<Kept>,
}

/// One kind of personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub field: PersonalField,
    pub purpose: Text,
    /// Days after the case is closed; head office erases by order.
    pub days: u32,
}

/// What can be known of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PersonalField {
    Name,
    Phone,
    Address,
    /// What the customer said.
    Matter,
    /// What staff wrote: answers, results, what was said on a visit.
    Words,
    Photos,
    Signature,
}

impl PersonalField {
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Phone,
        Self::Address,
        Self::Matter,
        Self::Words,
        Self::Photos,
        Self::Signature,
    ];

    /// Its key under `personal`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "customer_name",
            Self::Phone => "customer_phone",
            Self::Address => "customer_address",
            Self::Matter => "matter",
            Self::Words => "words",
            Self::Photos => "photos",
            Self::Signature => "signature",
        }
    }
}

impl Pack {
    /// Days that a device keeps a case that is over.
    pub fn kept_on_devices_days(&self) -> u32 {
        let said = self.personal.as_ref().map(|it| it.on_devices_days);
        said.unwrap_or(limits::KEPT_DAYS)
    }
}
