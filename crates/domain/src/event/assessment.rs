//! What is said and decided about those who answered (A): proposed by the rules, decided by a person.

use minicbor::{Decode, Encode};

use super::{Judgement, is_false};
use crate::hash::Hash;
use crate::id::{DepartmentId, PersonId};
use crate::moment::Moment;
use crate::rule::RuleId;

/// A quarrel with bad effects was reported (A2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct QuarrelReported {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub department: DepartmentId,
}

/// A higher authority or the press criticised the handling (A6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CriticismRecorded {
    #[n(1)]
    pub department: DepartmentId,
    #[n(2)]
    pub person: Option<PersonId>,
    /// When it was said; one case may be criticised more than once.
    #[n(3)]
    pub said_at: Moment,
}

/// What the pack names as A4's further case happened, such as a petition to those above.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FurtherCaseReported {
    #[n(1)]
    pub department: DepartmentId,
    #[n(2)]
    pub person: Option<PersonId>,
}

/// Somebody did well (A12).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Praised {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub department: DepartmentId,
    /// The customer's own praise.
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub by_customer: bool,
}

/// 情况说明: the person concerned said their side of a proposal (A10).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Stated {
    /// The proposal's key: rule, person or department, and the events that prove it.
    #[n(1)]
    pub proposal: Hash,
}

/// An entitled person decided on a proposal (A).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Assessed {
    #[n(1)]
    pub proposal: Hash,
    #[n(2)]
    pub rule: RuleId,
    #[n(3)]
    pub judgement: Judgement,
    /// In the pack's unit, within its range.
    #[n(4)]
    pub amount: Option<u32>,
    #[n(5)]
    #[cbor(default, skip_if = "is_false")]
    pub bulletin: bool,
    /// A recommendation to personnel and no more.
    #[n(6)]
    #[cbor(default, skip_if = "is_false")]
    pub off_post: bool,
    #[n(7)]
    pub person: Option<PersonId>,
    #[n(8)]
    pub department: DepartmentId,
}
