//! What concerns the site and no single case (G): texts adopted, rules read, who may come in, PINs, whose words are
//! erased. They lie in the log under [`crate::id::CaseId::SITE`]; who looked at what lies apart (`crate::looks`).

use minicbor::{Decode, Encode};

use super::{Look, is_false};
use crate::hash::Hash;
use crate::id::{CaseId, DeviceId, PersonId};
use crate::moment::Moment;

/// The site adopted a pack, a calendar or a directory from a moment on (G4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Adopted {
    #[n(1)]
    pub pack: Option<Hash>,
    #[n(2)]
    pub calendar: Option<Hash>,
    #[n(3)]
    pub directory: Option<Hash>,
    #[n(4)]
    pub from: Moment,
}

/// A member of staff read the rules and understood them, or objects (G3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RulesConfirmed {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub pack: Hash,
    /// Questions answered right, of how many.
    #[n(3)]
    pub n_right: u32,
    #[n(4)]
    pub n_questions: u32,
    /// The objection's words are in the content.
    #[n(5)]
    #[cbor(default, skip_if = "is_false")]
    pub objects: bool,
}

/// Head office lets somebody in no more, or in again. Only head office's own device says so.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AccessDecided {
    #[n(1)]
    pub whom: Holder,
    #[n(2)]
    pub may_enter: bool,
}

/// The words of a case are gone for good, at the customer's request. Only head office's own device says so, and two
/// people stand for it: whose envelope it is, and who agreed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CaseErased {
    #[n(1)]
    pub case: CaseId,
    #[n(2)]
    pub agreed: PersonId,
}

/// A supervisor gave somebody another PIN on the device that says so: they read there by it, and sign by nothing.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinReset {
    #[n(1)]
    pub person: PersonId,
}

/// Whoever may come in: a person on any device, or a device with whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Holder {
    #[n(0)]
    Person(#[n(0)] PersonId),
    #[n(1)]
    Device(#[n(0)] DeviceId),
}

/// A member of staff had what is known of a customer before them; who and when stand in the header. No word of it is here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Looked {
    /// None: all cases of the site.
    #[n(1)]
    pub case: Option<CaseId>,
    #[n(2)]
    pub how: Look,
}
