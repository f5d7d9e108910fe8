//! What one department cannot settle (C): coordination, leaders, the director, joined and outer matters.

use minicbor::{Decode, Encode};

use super::{Outcome, OuterLimit, is_false};
use crate::id::{CaseId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;

/// Reported to the coordinating department (C1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReportedToCoordination {
    /// The coordinating department 牵头部门.
    #[n(1)]
    pub to: DepartmentId,
    /// Its head as found when acting.
    #[n(2)]
    pub head: Option<PersonId>,
    /// By itself, because the slip moved too often (T8).
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub automatic: bool,
    /// The head of the reporting department who signs for the dispatch, where somebody else let the slip go (T6).
    #[n(4)]
    pub sender_head: Option<PersonId>,
    /// The first responder's supervisor, told at the same time (T1).
    #[n(5)]
    pub supervisor_told: Option<PersonId>,
}

/// The coordinating department named the one lead (C1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LeadNamed {
    #[n(1)]
    pub lead: DepartmentId,
    #[n(2)]
    pub head: Option<PersonId>,
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub contractor: bool,
    /// Departments that had returned the slip with a ground that holds (A7): theirs was no refusal.
    #[n(4)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub upheld: Vec<DepartmentId>,
    /// The head of the coordinating department who signs for the dispatch, where somebody else named the lead (T6).
    #[n(5)]
    pub sender_head: Option<PersonId>,
}

/// What is not known for certain was put to a leader; the answer to the customer waits for it (C3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PutToLeader {
    #[n(1)]
    pub leader: PersonId,
    #[n(2)]
    pub leader_department: DepartmentId,
    /// When the customer is to expect the answer.
    #[n(3)]
    pub expected_at: Moment,
}

/// The leader answered (C3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LeaderAnswered {}

/// 矛盾升级: the case reached the director (C2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Escalated {
    #[n(1)]
    pub director: PersonId,
    #[n(2)]
    pub department: DepartmentId,
}

/// The director's instruction (C2, T9).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Instructed {
    /// The department told to carry it out; none: whoever has the case.
    #[n(1)]
    pub department: Option<DepartmentId>,
    #[n(2)]
    pub head: Option<PersonId>,
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub contractor: bool,
}

/// Joined with others of one matter: one handling, each complainant told (C5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Joined {
    /// The case that is handled for all.
    #[n(1)]
    pub main: CaseId,
}

/// The result of the main case, for this complainant too (C5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ResultTakenOver {
    #[n(1)]
    pub main: CaseId,
    /// The envelope of the main case that replied.
    #[n(2)]
    pub reply: EnvelopeId,
    #[n(3)]
    pub department: DepartmentId,
    #[n(4)]
    pub outcome: Outcome,
    /// Among those to be visited (C5).
    #[n(5)]
    pub in_sample: bool,
    /// Who did the work there, and so does not visit here (V6).
    #[n(6)]
    pub by: Option<PersonId>,
}

/// The ticket from above was signed for outside (C6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OuterSigned {}

/// The sender was given the answer (C6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OuterReplied {}

/// The sender moved a limit (C6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OuterExtended {
    #[n(1)]
    pub limit: OuterLimit,
    #[n(2)]
    pub until: Moment,
}

/// The sender rejected the result: the case is open again (C6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RejectedOutside {
    #[n(1)]
    pub reply_by: Option<Moment>,
}
