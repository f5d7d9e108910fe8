//! The closed lists that events choose from, as they are stored.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::moment::Moment;
use crate::pack::DeadlineId;

/// How a case came in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// 来访
    #[n(0)]
    Counter,
    /// 来电
    #[n(1)]
    Phone,
    /// 来信
    #[n(2)]
    Letter,
    /// 微信
    #[n(3)]
    Message,
    /// 当面/巡查
    #[n(4)]
    Met,
    /// 上级转办
    #[n(5)]
    FromAbove,
}

impl Channel {
    /// All channels, in the order in which a form offers them.
    pub const ALL: [Self; 6] = [
        Self::Counter,
        Self::Phone,
        Self::Letter,
        Self::Message,
        Self::Met,
        Self::FromAbove,
    ];
}

/// What sort of matter a case is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 咨询
    #[n(0)]
    Enquiry,
    /// 投诉
    #[n(1)]
    Complaint,
    /// 报修/求助
    #[n(2)]
    ServiceRequest,
    /// 办事
    #[n(3)]
    Formality,
    /// 意见建议
    #[n(4)]
    Suggestion,
    /// 举报
    #[n(5)]
    Report,
    /// 检查/数据
    #[n(6)]
    Inspection,
}

/// A field of the record form that a pack may require (I1).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    #[n(0)]
    Matter,
    #[n(1)]
    CustomerName,
    #[n(2)]
    CustomerPhone,
    #[n(3)]
    CustomerAddress,
    #[n(4)]
    Category,
    #[n(5)]
    Channel,
    /// The actor's own words: an answer, an opinion, a result.
    #[n(6)]
    Text,
}

/// What a result is (V5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    #[n(0)]
    Solved,
    /// 明确答复: what could not be done, why, and where the customer may turn.
    #[n(1)]
    PlainAnswer,
}

/// How a customer was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Contact {
    #[n(0)]
    Call,
    #[n(1)]
    InPerson,
    #[n(2)]
    Message,
    /// The customer came or rang of their own accord.
    #[n(3)]
    ByCustomer,
}

/// What a return visit found (V1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Finding {
    #[n(0)]
    Satisfied,
    #[n(1)]
    NotSatisfied,
    #[n(2)]
    NotReached,
}

/// How a case ended (V4); a customer who was not reached is never counted as satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Ending {
    #[n(0)]
    AnsweredAtOnce,
    #[n(1)]
    Told,
    #[n(2)]
    Satisfied,
    /// 未联系上
    #[n(3)]
    NotReached,
    /// No return visit was made, for a reason on record.
    #[n(4)]
    Waived,
    /// Out of the organisation's scope: the customer was told who handles it (I8).
    #[n(5)]
    ReferredOutside,
    /// 终结: still unsatisfied after the last round; never counted as satisfied (V5).
    #[n(6)]
    Terminated,
}

/// How urgent a matter is (I14).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    #[default]
    #[n(0)]
    Ordinary,
    #[n(1)]
    Urgent,
    /// People stuck in a lift, fire, gas and the like: a clock of its own that never stops.
    #[n(2)]
    Emergency,
}

impl Urgency {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "`skip_if` calls it so")]
    pub(crate) const fn is_ordinary(&self) -> bool {
        matches!(self, Self::Ordinary)
    }
}

/// What is done in an emergency before any form (I14).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum EmergencyStep {
    /// Whoever has to come was rung.
    #[n(0)]
    PassedOn,
    #[n(1)]
    OnSite,
    #[n(2)]
    RescuerOnSite,
    #[n(3)]
    DirectorTold,
    /// Slip and signatures are owed from here on.
    #[n(4)]
    DangerOver,
}

/// Why a required field of the record form is empty (I1).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum MissingBecause {
    #[n(0)]
    Declined,
    #[n(1)]
    NotKnown,
}

/// Why the answerability itself moves (F3).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum SuccessionReason {
    #[n(0)]
    Leave,
    #[n(1)]
    Resignation,
    /// The person named as asked was not the one (F6).
    #[n(2)]
    WronglyNamed,
}

/// Why a clock may stand still: a closed list.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    #[n(0)]
    CustomersAppointment,
    #[n(1)]
    PartsOrContractor,
    #[n(2)]
    ForceMajeure,
}

/// Why a time was agreed with the customer (I5, I6).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum AgreedBecause {
    /// The formalities are complete, funds or a third party are awaited.
    #[n(0)]
    AwaitingOutside,
    #[n(1)]
    PapersMissing,
    #[n(2)]
    CustomersWish,
}

/// What needs the consent of a supervisor or the director.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// The clock stands still from the asking on (`time.md`); until: none, until it is resumed.
    #[n(0)]
    Pause(#[n(0)] PauseReason, #[n(1)] Option<Moment>),
    /// A later end for what is owed, asked for before it is due.
    #[n(1)]
    Extension(#[n(0)] DeadlineId, #[n(1)] Moment),
    /// The work takes longer than the answer: by when it will be complete (T3).
    #[n(2)]
    Completion(#[n(0)] Moment),
    /// A further agreed time (T10).
    #[n(3)]
    AgreedTime(#[n(0)] Moment, #[n(1)] AgreedBecause),
    /// Succession while a breach is undecided (F3).
    #[n(4)]
    Succession,
}

/// What is signed for by the head of a department or the named deputy (T6, V5).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    #[n(0)]
    Receipt,
    #[n(1)]
    Dispatch,
    #[n(2)]
    Result,
    #[n(3)]
    PlainAnswer,
}

/// How the customer was taken to whoever deals with the matter (I10).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Guidance {
    #[n(0)]
    Taken,
    #[n(1)]
    Connected,
}

/// In what form the customer has number, name, next step and phone (I12).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Takeaway {
    #[n(0)]
    Paper,
    #[n(1)]
    Qr,
    #[n(2)]
    Text,
}

/// Where a photo comes from (V7).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum PhotoSource {
    #[n(0)]
    Camera,
    #[n(1)]
    Album,
    /// No photo: the customer's signature, drawn on the screen.
    #[n(2)]
    Signature,
}

/// Why no return visit is made (V4).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum WaivedBecause {
    /// The customer asked not to be contacted again.
    #[n(0)]
    CustomerDeclined,
    /// One of many joined complaints, visited by sample (C5).
    #[n(1)]
    NotInSample,
    /// The record has neither phone nor address to visit (I1: a public area).
    #[n(2)]
    Unnamed,
}

/// What became of a suggestion (L4).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum SuggestionFate {
    #[n(0)]
    Changed,
    #[n(1)]
    NothingChanged,
    #[n(2)]
    PassedOn,
}

/// What a result is told apart by in an assessment (A).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    #[n(0)]
    Upheld,
    #[n(1)]
    Dismissed,
}

/// Which limit of an outer ticket (C6).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum OuterLimit {
    #[n(0)]
    Sign,
    #[n(1)]
    Return,
    #[n(2)]
    Reply,
}

/// How somebody had what is known of a customer before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Look {
    /// The case, name and phone number masked or not as the person's part in it has it.
    #[n(0)]
    Opened,
    /// Name and phone number that had been masked.
    #[n(1)]
    Unmasked,
    #[n(2)]
    Printed,
    /// Written into a file.
    #[n(3)]
    Exported,
}
