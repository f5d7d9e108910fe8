//! How a case moves from hand to hand (T), and who answers for it while it does (F3, F7).

use minicbor::{Decode, Encode};

use super::{Contact, Outcome, Request, Signing, SuccessionReason, SuggestionFate, is_false};
use crate::id::{DepartmentId, EnvelopeId, PersonId, ShiftId};
use crate::moment::Moment;

/// A slip was issued or passed on (T1, T4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HandedOver {
    #[n(1)]
    pub from: DepartmentId,
    #[n(2)]
    pub to: DepartmentId,
    /// The first responder's supervisor, told at the same time (T1).
    #[n(3)]
    pub supervisor_told: Option<PersonId>,
    /// The head of the receiving department as found when acting.
    #[n(4)]
    pub head: Option<PersonId>,
    /// The receiver is a contractor with a counterpart of our own (T11).
    #[n(5)]
    #[cbor(default, skip_if = "is_false")]
    pub contractor: bool,
    /// The head of the sending department who signs for the dispatch, where somebody else passed it on (T6).
    #[n(6)]
    pub sender_head: Option<PersonId>,
}

impl HandedOver {
    /// By the first responder's side, to a department whose head is not known here.
    pub const fn new(from: DepartmentId, to: DepartmentId) -> Self {
        Self {
            from,
            to,
            supervisor_told: None,
            head: None,
            contractor: false,
            sender_head: None,
        }
    }
}

/// The receiving department has the slip; the head's or deputy's own receipt is the signature as well (T6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Received {
    #[n(1)]
    pub department: DepartmentId,
    /// The head as found when acting, where somebody else took the slip: signs for it (T6).
    #[n(2)]
    pub head: Option<PersonId>,
}

/// The receiving department named who handles it (T2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HandlerNamed {
    #[n(1)]
    pub handler: PersonId,
}

/// The slip went back to the sender with an explicit opinion (T4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Returned {
    #[n(1)]
    pub from: DepartmentId,
    #[n(2)]
    pub to: DepartmentId,
    /// The head who signs for it, where somebody else returned it (T6).
    #[n(3)]
    pub sender_head: Option<PersonId>,
}

/// The handling department's result, sent back to the first responder (T3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Replied {
    #[n(1)]
    pub department: DepartmentId,
    #[n(2)]
    pub outcome: Outcome,
    /// Phrases of the pack that were sent all the same (L1).
    #[n(3)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
    /// What became of a suggestion (L4).
    #[n(4)]
    pub suggestion: Option<SuggestionFate>,
    /// The head of the department as found when acting, where somebody else acted: signs the result (T6, V5).
    #[n(5)]
    pub head: Option<PersonId>,
}

/// The customer was told the result, by whom the header says (F4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ResultTold {
    #[n(1)]
    pub how: Contact,
    /// Phrases of the pack that were said all the same (L1).
    #[n(2)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
}

/// The head of a department or the named deputy signed (T6, V5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Signed {
    #[n(1)]
    pub department: DepartmentId,
    #[n(2)]
    pub what: Signing,
}

/// A department would not take the slip, or two are wrangling over it (T4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ShirkingReported {
    #[n(1)]
    pub department: DepartmentId,
    #[n(2)]
    pub person: Option<PersonId>,
}

/// What is open stands with the next post on duty; both sign (F7).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ShiftPassed {
    /// One shift handover lists many cases.
    #[n(1)]
    pub shift: ShiftId,
    #[n(2)]
    pub to: PersonId,
}

/// The next post took the shift over, this case among others (F7).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ShiftTaken {
    #[n(1)]
    pub shift: ShiftId,
}

/// 责任移交: the answerability itself moves, by a supervisor's act (F3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Succeeded {
    #[n(1)]
    pub to: PersonId,
    /// The successor's department.
    #[n(2)]
    pub department: DepartmentId,
    #[n(3)]
    pub reason: SuccessionReason,
    /// The successor's supervisor as found when acting.
    #[n(4)]
    pub supervisor: Option<PersonId>,
}

/// The successor accepted the list (F3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SuccessionAccepted {}

/// Consent was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Requested {
    #[n(1)]
    pub request: Request,
    /// Whose consent it takes, as found when acting.
    #[n(2)]
    pub of: PersonId,
    #[n(3)]
    pub of_department: DepartmentId,
}

/// Consent was given or withheld.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Consented {
    /// The envelope that asked.
    #[n(1)]
    pub request: EnvelopeId,
    #[n(2)]
    pub granted: bool,
    /// What the customer's clock runs to from then on (T10): never earlier than before.
    #[n(3)]
    pub customer_until: Option<Moment>,
    /// How often the case had been postponed as far as known when consenting to a further time: whose consent it
    /// takes, and whether any is left, hangs on that (T10).
    #[n(4)]
    pub postponed_before: Option<u32>,
}

/// The customer was told that it takes longer, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DelayTold {
    #[n(1)]
    pub how: Contact,
    /// Phrases of the pack that were sent all the same (L1).
    #[n(2)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
}

/// What the clock waited for has come; it runs on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Resumed {}
