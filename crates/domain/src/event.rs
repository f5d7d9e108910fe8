//! What happened to a case, in its lasting form.
//!
//! Every event is a [`Fact`], which rules read and which stays, and [`Content`], which may be erased
//! one day and which no rule reads. Both are stored as CBOR maps with integer keys: a key once given
//! out is never given out again, a new optional key is skipped by older readers, and a new kind of
//! fact raises [`VOCABULARY`], so that an older reader shows the case without acting on it.

mod assessment;
mod choice;
mod coordination;
mod intake;
mod site;
mod transfer;
mod verification;

use minicbor::{Decode, Encode};

use crate::id::PersonId;

pub use assessment::*;
pub use choice::*;
pub use coordination::*;
pub use intake::*;
pub use site::*;
pub use transfer::*;
pub use verification::*;

/// The vocabulary this build reads and writes. Raised with every new kind of fact or new meaning.
pub const VOCABULARY: u32 = 6;

/// One thing that happened, with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub fact: Fact,
    pub content: Content,
}

impl Event {
    /// A fact with its words.
    pub const fn new(fact: Fact, content: Content) -> Self {
        Self { fact, content }
    }
}

/// What rules read. Who acted and when stand in the envelope's header.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
// Where pointers are half as wide, the lint does not fire.
#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::large_enum_variant, reason = "a case has one record")
)]
pub enum Fact {
    #[n(0)]
    Recorded(#[n(0)] Recorded),
    #[n(1)]
    AnsweredAtOnce(#[n(0)] AnsweredAtOnce),
    #[n(2)]
    ReasonExplained(#[n(0)] ReasonExplained),
    #[n(3)]
    HandedOver(#[n(0)] HandedOver),
    #[n(4)]
    Received(#[n(0)] Received),
    #[n(5)]
    HandlerNamed(#[n(0)] HandlerNamed),
    #[n(6)]
    Returned(#[n(0)] Returned),
    #[n(7)]
    Replied(#[n(0)] Replied),
    #[n(8)]
    ResultTold(#[n(0)] ResultTold),
    #[n(9)]
    Visited(#[n(0)] Visited),
    #[n(10)]
    Closed(#[n(0)] Closed),
    #[n(11)]
    AskedConfirmed(#[n(0)] AskedConfirmed),
    #[n(12)]
    FormCompleted(#[n(0)] FormCompleted),
    #[n(13)]
    Guided(#[n(0)] Guided),
    #[n(14)]
    GuidedReceived(#[n(0)] GuidedReceived),
    #[n(15)]
    WhomToSeeTold(#[n(0)] WhomToSeeTold),
    #[n(16)]
    NoticeGiven(#[n(0)] NoticeGiven),
    #[n(17)]
    SecondTripMade(#[n(0)] SecondTripMade),
    #[n(18)]
    OutsideContacted(#[n(0)] OutsideContacted),
    #[n(19)]
    TimeAgreed(#[n(0)] TimeAgreed),
    #[n(20)]
    RepeatMarked(#[n(0)] RepeatMarked),
    #[n(21)]
    TakeawayGiven(#[n(0)] TakeawayGiven),
    #[n(22)]
    ResultChecked(#[n(0)] ResultChecked),
    #[n(23)]
    UrgencySet(#[n(0)] UrgencySet),
    #[n(24)]
    EmergencyStepDone(#[n(0)] EmergencyStepDone),
    #[n(25)]
    IllegalActFound(#[n(0)] IllegalActFound),
    #[n(26)]
    ReportedToAuthority(#[n(0)] ReportedToAuthority),
    #[n(27)]
    AnswerPublished(#[n(0)] AnswerPublished),
    #[n(28)]
    PhotoAdded(#[n(0)] PhotoAdded),
    #[n(29)]
    ContactLogged(#[n(0)] ContactLogged),
    #[n(30)]
    Signed(#[n(0)] Signed),
    #[n(31)]
    ShirkingReported(#[n(0)] ShirkingReported),
    #[n(32)]
    ShiftPassed(#[n(0)] ShiftPassed),
    #[n(33)]
    ShiftTaken(#[n(0)] ShiftTaken),
    #[n(34)]
    Succeeded(#[n(0)] Succeeded),
    #[n(35)]
    SuccessionAccepted(#[n(0)] SuccessionAccepted),
    #[n(36)]
    Requested(#[n(0)] Requested),
    #[n(37)]
    Consented(#[n(0)] Consented),
    #[n(38)]
    Resumed(#[n(0)] Resumed),
    #[n(39)]
    ReportedToCoordination(#[n(0)] ReportedToCoordination),
    #[n(40)]
    LeadNamed(#[n(0)] LeadNamed),
    #[n(41)]
    PutToLeader(#[n(0)] PutToLeader),
    #[n(42)]
    LeaderAnswered(#[n(0)] LeaderAnswered),
    #[n(43)]
    Escalated(#[n(0)] Escalated),
    #[n(44)]
    Instructed(#[n(0)] Instructed),
    #[n(45)]
    Joined(#[n(0)] Joined),
    #[n(46)]
    ResultTakenOver(#[n(0)] ResultTakenOver),
    #[n(47)]
    OuterSigned(#[n(0)] OuterSigned),
    #[n(48)]
    OuterExtended(#[n(0)] OuterExtended),
    #[n(49)]
    RejectedOutside(#[n(0)] RejectedOutside),
    #[n(50)]
    VisitWaived(#[n(0)] VisitWaived),
    #[n(51)]
    SpotChecked(#[n(0)] SpotChecked),
    #[n(52)]
    Reopened(#[n(0)] Reopened),
    #[n(53)]
    QuarrelReported(#[n(0)] QuarrelReported),
    #[n(54)]
    CriticismRecorded(#[n(0)] CriticismRecorded),
    #[n(55)]
    Praised(#[n(0)] Praised),
    #[n(56)]
    Stated(#[n(0)] Stated),
    #[n(57)]
    Assessed(#[n(0)] Assessed),
    #[n(58)]
    Adopted(#[n(0)] Adopted),
    #[n(59)]
    RulesConfirmed(#[n(0)] RulesConfirmed),
    #[n(70)]
    DelayTold(#[n(0)] DelayTold),
    #[n(71)]
    OuterReplied(#[n(0)] OuterReplied),
    #[n(72)]
    FurtherCaseReported(#[n(0)] FurtherCaseReported),
    #[n(73)]
    AccessDecided(#[n(0)] AccessDecided),
    #[n(74)]
    CaseErased(#[n(0)] CaseErased),
    #[n(75)]
    Looked(#[n(0)] Looked),
    #[n(76)]
    PinReset(#[n(0)] PinReset),
}

impl Fact {
    /// The first responder's supervisor, where the case left the department by this and they were told so (T1).
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few facts take a case to another department"
    )]
    pub const fn supervisor_told(&self) -> Option<&PersonId> {
        match self {
            Self::HandedOver(it) => it.supervisor_told.as_ref(),
            Self::GuidedReceived(it) => it.supervisor_told.as_ref(),
            Self::ReportedToCoordination(it) => it.supervisor_told.as_ref(),
            _ => None,
        }
    }

    /// The vocabulary a reader needs to act on it.
    pub const fn vocabulary(&self) -> u32 {
        let first = matches!(
            self,
            Self::Recorded(_)
                | Self::AnsweredAtOnce(_)
                | Self::ReasonExplained(_)
                | Self::HandedOver(_)
                | Self::Received(_)
                | Self::HandlerNamed(_)
                | Self::Returned(_)
                | Self::Replied(_)
                | Self::ResultTold(_)
                | Self::Visited(_)
                | Self::Closed(_)
        );
        if first {
            return 1;
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "few came after the second vocabulary"
        )]
        match self {
            Self::FurtherCaseReported(_) => 3,
            Self::PhotoAdded(it) if it.is_signature() => 4,
            Self::AccessDecided(_) => 5,
            Self::CaseErased(_) | Self::PinReset(_) | Self::Looked(_) => 6,
            _ => 2,
        }
    }
}

/// What is written down in the name of somebody who is not there to sign: a new matter with what shows it, and nothing
/// that answers, moves or decides one.
pub fn records_a_new_matter(facts: &[Fact]) -> bool {
    let Some((Fact::Recorded(_), rest)) = facts.split_first() else {
        return false;
    };
    rest.iter().all(|it| matches!(it, Fact::PhotoAdded(_)))
}

/// Words of an event, erasable as a whole. No rule reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Content {
    /// What the customer said, in full.
    #[n(1)]
    pub matter: Option<String>,
    #[n(2)]
    pub customer: Option<String>,
    #[n(3)]
    pub phone: Option<String>,
    #[n(4)]
    pub address: Option<String>,
    /// The actor's own words: an answer, an opinion, a result, what the customer said on a visit.
    #[n(5)]
    pub text: Option<String>,
}

impl Content {
    /// Words and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// No word in any field.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// For what is left out of a stored form where it says nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "`skip_if` calls it so")]
pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
}
