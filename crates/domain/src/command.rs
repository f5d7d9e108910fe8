//! What a person can order. Each command is one action: one envelope, stored whole or not at all.

use crate::event::{Channel, Contact, Finding, Outcome};
use crate::id::{CategoryId, DepartmentId, PersonId};
use crate::moment::Moment;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take a case down (F1, F2, I1) and say what comes next.
    Record(Box<RecordForm>),
    /// In one's own hands and answerable after all: answer and close (I2).
    AnswerAtOnce { text: String },
    /// Issue the slip, or pass it on from one's own department with an opinion (I3, T1, T4).
    HandOver {
        to: DepartmentId,
        explained: Explained,
        text: String,
    },
    /// Sign for the slip (T6).
    Receive,
    /// Name who handles it (T2); signs for the slip as well where nobody did.
    NameHandler { handler: PersonId },
    /// Not ours: back to the sender, with an explicit opinion (T4).
    Return { opinion: String },
    /// The result, sent back to the first responder (T3). `told`: the customer knows it already (F4).
    Reply {
        outcome: Outcome,
        text: String,
        told: Option<Contact>,
    },
    /// The customer was told the result (F4).
    TellResult { how: Contact, text: String },
    /// The return visit was made or tried (V1).
    Visit {
        how: Contact,
        finding: Finding,
        words: String,
    },
    /// Close the case (V4).
    Close,
}

/// The record form as filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordForm {
    pub number: String,
    pub channel: Channel,
    pub asked_at: Moment,
    /// All whom the customer asked together (F2).
    pub asked: Vec<PersonId>,
    pub category: CategoryId,
    pub matter: String,
    pub customer: String,
    pub phone: String,
    pub address: String,
    /// Why required fields are missing, or why it is recorded late (I1).
    pub remark: String,
    pub next: Next,
}

/// What follows the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Stays with the first responder.
    Keep,
    /// 当场办结 (I2).
    AnswerAtOnce { text: String },
    /// 登记并转交 (T1).
    HandOver {
        to: DepartmentId,
        explained: Explained,
        text: String,
    },
}

/// Whether the customer accepted why there is no answer at once (I3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explained {
    Accepted,
    /// The supervisor is told.
    NotAccepted,
}
