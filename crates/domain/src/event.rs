//! What happened to a case, in its lasting form.
//!
//! Every event is a [`Fact`], which rules read and which stays, and [`Content`], which may be erased
//! one day and which no rule reads. Both are stored as CBOR maps with integer keys: a key once given
//! out is never given out again, a new optional key is skipped by older readers, and a new kind of
//! fact raises [`VOCABULARY`], so that an older reader shows the case without acting on it.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::id::{CategoryId, DepartmentId, PersonId};
use crate::moment::Moment;

/// The vocabulary this build reads and writes. Raised with every new kind of fact or new meaning.
pub const VOCABULARY: u32 = 1;

/// One thing that happened, with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub fact: Fact,
    pub content: Content,
}

impl Event {
    pub const fn new(fact: Fact, content: Content) -> Self {
        Self { fact, content }
    }
}

/// What rules read. Who acted and when stand in the envelope's header.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
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
}

/// A case was taken down (I1); the first responder follows from who was asked (F1, F2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
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

/// In scope, answerable, and answered on the spot (I2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnsweredAtOnce {}

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
}

/// The receiving department signed for the slip (T6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Received {
    #[n(1)]
    pub department: DepartmentId,
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
}

/// The handling department's result, sent back to the first responder (T3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Replied {
    #[n(1)]
    pub department: DepartmentId,
    #[n(2)]
    pub outcome: Outcome,
}

/// The customer was told the result, by whom the header says (F4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ResultTold {
    #[n(1)]
    pub how: Contact,
}

/// A return visit was made or tried (V1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Visited {
    #[n(1)]
    pub how: Contact,
    #[n(2)]
    pub finding: Finding,
}

/// The case ended (V4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Closed {
    #[n(1)]
    pub ending: Ending,
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
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

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
}
