//! Whether the result is real (V): visits, checks, the end, and what opens a case again.

use minicbor::{Decode, Encode};

use super::{Contact, Ending, Finding, WaivedBecause, is_false};
use crate::hash::Hash;

/// A return visit was made or tried (V1). Number and the customer's words are in the content (V6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Visited {
    #[n(1)]
    pub how: Contact,
    #[n(2)]
    pub finding: Finding,
    /// Not reached, and tried as often as the pack asks: nothing but the end is left (V1).
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub enough: bool,
}

/// No return visit is made, and why (V4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct VisitWaived {
    #[n(1)]
    pub because: WaivedBecause,
}

/// A supervisor looked at handling and return visit by sample (V3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SpotChecked {
    /// The seed by which the sample was drawn; anyone can draw it again.
    #[n(1)]
    pub seed: Hash,
    #[n(2)]
    pub handling_true: bool,
    /// None: there was no return visit.
    #[n(3)]
    pub visit_true: Option<bool>,
    /// The customer was asked directly (V6).
    #[n(4)]
    #[cbor(default, skip_if = "is_false")]
    pub customer_asked: bool,
}

/// The case ended (V4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Closed {
    #[n(1)]
    pub ending: Ending,
    /// Phrases of the pack that were sent all the same (L1).
    #[n(2)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
}

/// New facts opened a closed case again (V5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reopened {}
