//! Why a rule says no.

use std::fmt;

use crate::event::Field;
use crate::hash::Hash;
use crate::id::{CaseId, CategoryId, DepartmentId, EmergencyId, PaperId, PersonId};
use crate::moment::{Minutes, Moment};
use crate::pack::DeadlineId;
use crate::rule::RuleId;

/// Why a rule says no. Each names the rule it comes from: [`Refusal::rule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    NotRecorded,
    AlreadyRecorded,
    /// It concerns the site and no single case (G4).
    NotOfACase,
    Closed,
    NotClosed,
    /// The case is with another department.
    PassedOn {
        to: DepartmentId,
    },
    /// A slip cannot go where it already is (T7).
    SameDepartment,
    /// This pack knows no slips: the customer is guided, not a paper sent (I10).
    NoSlips,
    NoSlip,
    AlreadyReceived,
    NotReceived,
    AlreadyReplied,
    NoResult,
    NotTold,
    AlreadyTold,
    /// A return visit is needed before the case is closed (V4).
    NotVisited,
    /// A plain answer is signed by the supervisor before the case is closed (V5).
    PlainAnswerUnsigned,
    /// A second person checks first (I13).
    NotChecked,
    /// The customer has not said that the notice is clear (I4).
    NotClear,
    /// The customer was not reached often enough to end the case so (V1).
    TryAgain {
        tried: u32,
        needed: u32,
    },
    /// Not yet unsatisfied often enough for the director to end it (V5).
    MoreRounds {
        done: u32,
        needed: u32,
    },
    /// A customer who is satisfied by now is no case for the director to end (V5).
    CustomerSatisfied,
    /// Only these people may do it.
    NotYours {
        may: Vec<PersonId>,
    },
    /// Only members of this department may do it.
    NotYourDepartment {
        department: DepartmentId,
    },
    /// Only the head of a department, the deputy or somebody above may do it.
    NotSupervisor {
        department: DepartmentId,
    },
    /// The site's directory names nobody for this post.
    NoPost {
        post: Post,
    },
    /// Whom it concerns neither handles nor verifies it (I11).
    Concerned {
        person: PersonId,
    },
    /// Whoever did the work does not visit as well (V6).
    VisitorDidTheWork,
    /// A customer who was reached is on record with the number called and their words (V6).
    VisitLacks {
        field: Field,
    },
    /// Whoever did the work, or the visit, does not check it as well (I13, V3).
    CheckerDidTheWork {
        rule: RuleId,
    },
    /// The pack names a department for it, so nobody is sent elsewhere with it (I8).
    InScope {
        category: CategoryId,
    },
    NotInDepartment {
        person: PersonId,
        department: DepartmentId,
    },
    UnknownPerson {
        person: PersonId,
    },
    UnknownDepartment {
        department: DepartmentId,
    },
    UnknownCategory {
        category: CategoryId,
    },
    UnknownPaper {
        paper: PaperId,
    },
    UnknownEmergency {
        emergency: EmergencyId,
    },
    /// A required field is empty.
    Missing {
        field: Field,
    },
    /// Required fields are empty, and nobody says why (I1).
    Incomplete {
        missing: Vec<Field>,
    },
    /// Nothing is missing of the form (I1).
    NothingMissing,
    /// Of a child under 14 only the matter and an adult's contact are taken down (I1).
    ChildsData {
        field: Field,
    },
    /// An opinion is needed to return or pass on a slip (T4).
    OpinionMissing,
    /// A reason is needed.
    ReasonMissing {
        rule: RuleId,
    },
    NobodyAsked,
    TooManyAsked {
        limit: usize,
    },
    /// More photos at once than one act takes.
    TooManyPhotos {
        limit: usize,
    },
    /// The asking is later than now.
    AskedLater,
    /// Who was asked instead is said by a succession (F6).
    NameWhoWasAsked,
    /// Nobody signed for it: in somebody's name alone a new matter is recorded, and nothing else (F6).
    NeedsSignature,
    /// What is said to be done lies in the future, or before the asking.
    ImpossibleTime {
        at: Moment,
    },
    /// Recorded more than the allowed time after the asking: why, has to be said (I1).
    LateWithoutReason {
        allowed: Minutes,
    },
    TooLong {
        field: Field,
        chars: usize,
        limit: usize,
    },
    /// Nothing of the kind is owed.
    NotOwed {
        deadline: DeadlineId,
    },
    NotGuided,
    /// Nobody promises in matters of money or law (I15).
    Promise {
        phrase: String,
    },
    /// The answer waits for the leader's (C3).
    AwaitingLeader,
    /// Slip and signatures wait until the danger is over (I14).
    InDanger,
    SameUrgency,
    /// Only a supervisor lowers the urgency (I14).
    LoweringIsForSupervisors {
        department: DepartmentId,
    },
    /// No calls to customers at night (F7).
    Night {
        until: Moment,
    },
    SameResponder,
    /// No succession while a breach is undecided, unless the director consents (F3).
    BreachUndecided,
    ShiftPassedAlready,
    NoSuchShift,
    Paused,
    NotPaused,
    RequestOpen,
    NoRequest,
    /// Consent is asked for and given before it is due.
    Expired {
        due: Moment,
    },
    /// Pauses and newly agreed times are limited (T10).
    PostponedEnough {
        limit: u32,
    },
    /// A further agreed time needs consent: ask for it (T10).
    NeedsConsent,
    /// The clock of an hour for passing on, or of an emergency, never pauses.
    CannotPause,
    NotCoordinating,
    AlreadyEscalated,
    JoinedToItself,
    /// This pack handles every case by itself (C5).
    NoJoining,
    IsJoined {
        main: CaseId,
    },
    NotJoined {
        main: CaseId,
    },
    NotFromAbove,
    /// The limit within which the sender takes it back has passed (C6).
    TooLateToReturn {
        until: Moment,
    },
    /// The sender's limit comes first, and only the sender moves it (C6).
    PastOuterLimit {
        until: Moment,
    },
    /// A suggestion is answered with what changed because of it, or why nothing (L4).
    SuggestionFateMissing,
    NoProposal,
    AlreadyDecided,
    /// Outside the range that the pack sets (A10).
    OutOfRange {
        least: u32,
        most: u32,
    },
    /// At this stage nothing is proposed, so nothing is decided (G1).
    NotAssessed,
    /// The pack names no case beside the repeated complaint (A4).
    NoFurtherCase,
    /// The person concerned may still say their side (A10).
    MayStillState {
        until: Moment,
    },
    /// Undecided for too long (A10).
    Lapsed {
        at: Moment,
    },
    /// Only these people adopt texts for the site (G4).
    NotAdopter {
        may: Vec<PersonId>,
    },
    /// This pack is not at hand here, or not adopted (G4).
    UnknownPack {
        pack: Hash,
    },
    /// Every question is answered (G3).
    AnswersMissing {
        given: usize,
        needed: usize,
    },
}

/// A post of the site that somebody has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Post {
    /// 管理处主任
    Director,
    /// 质检部
    Quality,
    /// 牵头部门
    Coordination,
    /// 主任的B角
    DirectorsDeputy,
}

impl Refusal {
    /// The rule that says no; none where it is not a rule but a limit or an unknown name.
    pub const fn rule(&self) -> Option<RuleId> {
        match self {
            Self::NotRecorded
            | Self::AlreadyRecorded
            | Self::Missing { .. }
            | Self::Incomplete { .. }
            | Self::NothingMissing
            | Self::ChildsData { .. }
            | Self::LateWithoutReason { .. } => Some(RuleId::I1),
            Self::Closed | Self::NoResult | Self::NotTold | Self::NotVisited => Some(RuleId::V4),
            Self::NotClosed
            | Self::MoreRounds { .. }
            | Self::CustomerSatisfied
            | Self::PlainAnswerUnsigned => Some(RuleId::V5),
            Self::NotChecked => Some(RuleId::I13),
            Self::PassedOn { .. }
            | Self::NotYours { .. }
            | Self::SameResponder
            | Self::BreachUndecided => Some(RuleId::F3),
            Self::SameDepartment => Some(RuleId::T7),
            Self::NoSlips | Self::NotGuided => Some(RuleId::I10),
            Self::NoSlip
            | Self::AlreadyReceived
            | Self::NotReceived
            | Self::NotSupervisor { .. } => Some(RuleId::T6),
            Self::AlreadyReplied | Self::NotYourDepartment { .. } => Some(RuleId::T3),
            Self::AlreadyTold => Some(RuleId::F4),
            Self::TryAgain { .. } => Some(RuleId::V1),
            Self::VisitorDidTheWork | Self::VisitLacks { .. } => Some(RuleId::V6),
            Self::InScope { .. } => Some(RuleId::I8),
            Self::NotInDepartment { .. } => Some(RuleId::T2),
            Self::OpinionMissing => Some(RuleId::T4),
            Self::ReasonMissing { rule } | Self::CheckerDidTheWork { rule } => Some(*rule),
            Self::NobodyAsked | Self::TooManyAsked { .. } => Some(RuleId::F2),
            Self::TooManyPhotos { .. } => Some(RuleId::V7),
            Self::AskedLater | Self::NameWhoWasAsked | Self::NeedsSignature => Some(RuleId::F6),
            Self::Concerned { .. } => Some(RuleId::I11),
            Self::NotClear | Self::UnknownPaper { .. } => Some(RuleId::I4),
            Self::Promise { .. } => Some(RuleId::I15),
            Self::AwaitingLeader => Some(RuleId::C3),
            Self::InDanger
            | Self::SameUrgency
            | Self::UnknownEmergency { .. }
            | Self::LoweringIsForSupervisors { .. } => Some(RuleId::I14),
            Self::Night { .. } | Self::ShiftPassedAlready | Self::NoSuchShift => Some(RuleId::F7),
            Self::Paused
            | Self::NotPaused
            | Self::PostponedEnough { .. }
            | Self::NeedsConsent
            | Self::CannotPause => Some(RuleId::T10),
            Self::RequestOpen | Self::NoRequest | Self::Expired { .. } => Some(RuleId::T9),
            Self::NotCoordinating => Some(RuleId::C1),
            Self::AlreadyEscalated => Some(RuleId::C2),
            Self::JoinedToItself
            | Self::NoJoining
            | Self::IsJoined { .. }
            | Self::NotJoined { .. } => Some(RuleId::C5),
            Self::NotFromAbove | Self::TooLateToReturn { .. } | Self::PastOuterLimit { .. } => {
                Some(RuleId::C6)
            }
            Self::SuggestionFateMissing => Some(RuleId::L4),
            Self::NoProposal
            | Self::AlreadyDecided
            | Self::OutOfRange { .. }
            | Self::MayStillState { .. }
            | Self::Lapsed { .. } => Some(RuleId::A10),
            Self::NotAssessed => Some(RuleId::G1),
            Self::NoFurtherCase => Some(RuleId::A4),
            Self::NotOfACase | Self::NotAdopter { .. } | Self::UnknownPack { .. } => {
                Some(RuleId::G4)
            }
            Self::AnswersMissing { .. } => Some(RuleId::G3),
            Self::UnknownPerson { .. }
            | Self::UnknownDepartment { .. }
            | Self::UnknownCategory { .. }
            | Self::NoPost { .. }
            | Self::ImpossibleTime { .. }
            | Self::NotOwed { .. }
            | Self::TooLong { .. } => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule() {
            Some(rule) => write!(f, "Rule {rule} refuses this: {self:?}"),
            None => write!(f, "This is refused: {self:?}"),
        }
    }
}

impl std::error::Error for Refusal {}
