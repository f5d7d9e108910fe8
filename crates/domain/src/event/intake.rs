//! How a case comes in: the record and what is told, given and asked at the counter (F, I).

use minicbor::{Decode, Encode};

use super::{
    AgreedBecause, Channel, EmergencyStep, Field, Guidance, Kind, MissingBecause, PhotoSource,
    Takeaway, Urgency, is_false,
};
use crate::hash::Hash;
use crate::id::{CaseId, CategoryId, DepartmentId, EmergencyId, PaperId, PersonId};
use crate::moment::Moment;
use crate::pack::Difficulty;

/// A case was taken down (I1); the first responder follows from who was asked (F1, F2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Recorded {
    #[n(1)]
    pub number: String,
    #[n(2)]
    pub channel: Channel,
    /// When the customer asked; every clock of the customer starts here (T10).
    #[n(3)]
    pub asked_at: Moment,
    /// All who were asked together, with the rank each held then (F2).
    #[n(4)]
    pub asked: Vec<Asked>,
    #[n(5)]
    pub first_responder: PersonId,
    /// The first responder's department, which answers beside them (F1).
    #[n(6)]
    pub department: DepartmentId,
    #[n(7)]
    pub category: CategoryId,
    #[n(8)]
    pub kind: Kind,
    /// The department whose matter it is, by the pack's category; none: out of every department's scope.
    #[n(9)]
    pub proper: Option<DepartmentId>,
    /// Which required fields are missing (I1): such a form is filed as incomplete.
    #[n(10)]
    pub missing: Vec<Field>,
    /// The head of the first responder's department as found when acting.
    #[n(11)]
    pub supervisor: Option<PersonId>,
    #[n(12)]
    #[cbor(default, skip_if = "Urgency::is_ordinary")]
    pub urgency: Urgency,
    /// Recorded longer after the asking than the pack allows: 补录, with a reason (I1).
    #[n(13)]
    #[cbor(default, skip_if = "is_false")]
    pub late: bool,
    #[n(14)]
    pub missing_because: Option<MissingBecause>,
    /// A public area: place and photo stand for name and phone (I1).
    #[n(15)]
    #[cbor(default, skip_if = "is_false")]
    pub public_area: bool,
    /// The customer is a child under 14: the matter and an adult's contact only (I1).
    #[n(16)]
    #[cbor(default, skip_if = "is_false")]
    pub under_14: bool,
    /// Whom a complaint or a report of wrongdoing is about (I11).
    #[n(17)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub concerns: Vec<PersonId>,
    #[n(18)]
    pub asked_before: Option<AskedBefore>,
    #[n(19)]
    pub repeats: Option<CaseId>,
    #[n(20)]
    pub outer: Option<OuterTicket>,
    /// By when an inspection or a request for data is to be answered (I13).
    #[n(21)]
    pub due_by: Option<Moment>,
    #[n(22)]
    #[cbor(default, skip_if = "Difficulty::is_ordinary")]
    pub difficulty: Difficulty,
    /// Which emergency of the pack's list it is (I14).
    #[n(23)]
    pub emergency: Option<EmergencyId>,
    /// A matter of money or law: no promise is made (I15).
    #[n(24)]
    #[cbor(default, skip_if = "is_false")]
    pub sensitive: bool,
    /// The pack's emergency needs a lift rescuer (I14).
    #[n(25)]
    #[cbor(default, skip_if = "is_false")]
    pub needs_rescuer: bool,
    /// Neither name nor phone was given: the answer is published, or why not is recorded (I1).
    #[n(26)]
    #[cbor(default, skip_if = "is_false")]
    pub unnamed: bool,
}

/// Somebody the customer asked, and their rank at that time; a higher number is a higher position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Asked {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub rank: u8,
}

/// Whom the customer says to have asked before (F5). Without a record it is a question to that person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskedBefore {
    #[n(1)]
    pub person: PersonId,
    #[n(2)]
    pub recorded_as: Option<CaseId>,
    /// That person's department as found when acting.
    #[n(3)]
    pub department: Option<DepartmentId>,
}

/// A ticket from above, with the sender's own limits (C6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OuterTicket {
    #[n(1)]
    pub number: String,
    #[n(2)]
    pub sender: String,
    #[n(3)]
    pub sign_by: Option<Moment>,
    #[n(4)]
    pub return_by: Option<Moment>,
    #[n(5)]
    pub reply_by: Option<Moment>,
}

/// In scope, answerable, and answered on the spot (I2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnsweredAtOnce {
    /// Phrases of the pack that were sent all the same (L1).
    #[n(1)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
    /// The customer said that it is clear (I4).
    #[n(2)]
    #[cbor(default, skip_if = "is_false")]
    pub clear: bool,
}

/// Why there was no answer at once was explained to the customer (I3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReasonExplained {
    /// Whether the customer accepted it; if not, the supervisor is told.
    #[n(1)]
    pub understood: bool,
    #[n(2)]
    pub supervisor_told: Option<PersonId>,
}

/// The person named as asked says whether that is right (F6), and so does whoever is said to have been
/// asked before (F5). After an objection the supervisor says it; the time runs from the asking.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskedConfirmed {
    #[n(1)]
    pub agrees: bool,
}

/// What the form lacked was added (I1); the words are in the content.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FormCompleted {
    /// What is missing still.
    #[n(1)]
    pub missing: Vec<Field>,
    #[n(2)]
    pub missing_because: Option<MissingBecause>,
    /// Name or phone is among what was added.
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub named: bool,
}

/// The customer was taken or connected to whoever deals with the matter (I10).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Guided {
    #[n(1)]
    pub to: DepartmentId,
    #[n(2)]
    pub how: Guidance,
    /// The head of that department as found when acting.
    #[n(3)]
    pub head: Option<PersonId>,
}

/// 已接待: the receiver has the customer; it stands for the slip (I10).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GuidedReceived {
    #[n(1)]
    pub department: DepartmentId,
    /// The first responder's supervisor, told at the same time as of a slip (T1).
    #[n(2)]
    pub supervisor_told: Option<PersonId>,
}

/// Nobody could be reached: the customer was told department, place and phone of whom to see (I7).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WhomToSeeTold {
    #[n(1)]
    pub department: DepartmentId,
}

/// 一次性告知: everything the customer still has to bring or do, told at once (I4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NoticeGiven {
    /// What is missing of the category's papers.
    #[n(1)]
    pub papers: Vec<PaperId>,
    /// The customer said that it is clear.
    #[n(2)]
    pub clear: bool,
    /// More is missing than the category lists; the words are in the content.
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub more: bool,
}

/// The customer had to come again (I4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SecondTripMade {
    /// For these papers, which were or were not on the notice.
    #[n(1)]
    pub papers: Vec<PaperId>,
    /// At an agreed time, and in vain.
    #[n(2)]
    #[cbor(default, skip_if = "is_false")]
    pub in_vain: bool,
    /// For something that is no paper of the category's and that nobody had told.
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub untold: bool,
}

/// The outside party that is awaited was contacted (I5, T11).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OutsideContacted {
    /// The contractor's department, where it is one (T11).
    #[n(1)]
    pub contractor: Option<DepartmentId>,
    #[n(2)]
    pub reached: bool,
}

/// A time was agreed with the customer: it is a deadline (I5, I6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TimeAgreed {
    #[n(1)]
    pub at: Moment,
    #[n(2)]
    pub because: AgreedBecause,
    /// When the customer's clock was up that ended before this was agreed: what was missed stays missed (T10).
    /// None: the agreed time is the customer's too.
    #[n(3)]
    pub customer_until: Option<Moment>,
}

/// Recognised as a repeat of an earlier case (I9).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RepeatMarked {
    /// None: it is no repeat after all.
    #[n(1)]
    pub earlier: Option<CaseId>,
}

/// The customer has number, first responder, next step and phone (I12).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TakeawayGiven {
    #[n(1)]
    pub form: Takeaway,
}

/// A second person checked what is delivered to an inspection or a request for data (I13).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ResultChecked {
    #[n(1)]
    pub right: bool,
}

/// How urgent it is was set anew (I14): anyone raises it, a supervisor lowers it with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UrgencySet {
    #[n(1)]
    pub urgency: Urgency,
    #[n(2)]
    pub emergency: Option<EmergencyId>,
    #[n(3)]
    #[cbor(default, skip_if = "is_false")]
    pub needs_rescuer: bool,
}

/// A step of an emergency was done (I14).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EmergencyStepDone {
    #[n(1)]
    pub step: EmergencyStep,
    /// When it was done; it is written down when there is time (act first, record within the limit).
    #[n(2)]
    pub done_at: Moment,
}

/// An illegal act was met and stopped; it has to be reported (I15).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IllegalActFound {}

/// The illegal act was reported to the authority (I15).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReportedToAuthority {}

/// The customer is unnamed: the answer was published, or why not is recorded (I1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnswerPublished {
    #[n(1)]
    pub published: bool,
    /// Phrases of the pack that were sent all the same (L1).
    #[n(2)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
}

/// A photo with where it comes from (V7), or the customer's signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PhotoAdded {
    /// SHA-256 of the picture's bytes.
    #[n(1)]
    pub photo: Hash,
    #[n(2)]
    pub source: PhotoSource,
    /// When it was taken, by its own account.
    #[n(3)]
    pub taken_at: Option<Moment>,
    /// Whether the place is known from the device or a code on the spot.
    #[n(4)]
    #[cbor(default, skip_if = "is_false")]
    pub placed: bool,
}

impl PhotoAdded {
    /// The customer's, drawn on the screen; shows nothing of the matter, so no rule takes it for a photo.
    pub const fn is_signature(&self) -> bool {
        matches!(self.source, PhotoSource::Signature)
    }
}

/// The customer was in touch without anything new; it starts no clock (V5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ContactLogged {}
