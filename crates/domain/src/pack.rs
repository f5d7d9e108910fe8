//! The policy pack: every choice that the regulations leave open, as checked data.
//!
//! A pack is a TOML text that people can read; [`Pack::parse`] is strict and says what is wrong where.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use crate::document::{DocumentError as PackError, Problem as PackProblem};
use crate::event::{Field, Kind};
use crate::hash::Hash;
use crate::hours::DutyHours;
use crate::id::{CategoryId, DepartmentId};
use crate::moment::Minutes;
use crate::reckoning::Limit;
use crate::rule::RuleId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub id: String,
    pub version: u32,
    pub name: Text,
    /// The name of a zone in the zone table.
    pub zone: String,
    /// The name of a folder of calendars.
    pub calendar: String,
    pub hours: DutyHours,
    /// How long after the next duty start a clock starts that was set off duty; the limits carry it already.
    pub off_duty_start_after: Minutes,
    /// A case recorded later than this after the asking is a late record (I1).
    pub late_record_after: Minutes,
    /// How often a return visit is tried (V1).
    pub return_visit_attempts: u32,
    /// How often a slip moves before it goes to coordination (T8).
    pub max_moves: u32,
    /// The departments that categories may name; their names are the directory's.
    pub departments: Vec<DepartmentId>,
    /// In the author's order.
    pub categories: Vec<Category>,
    pub required_fields: RequiredFields,
    pub phrases: Vec<Phrase>,
    deadlines: BTreeMap<DeadlineId, DeadlineRule>,
    rules: BTreeMap<RuleId, RuleText>,
    hash: Hash,
}

impl Pack {
    /// # Errors
    ///
    /// The first thing that is wrong, with its place.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, PackError> {
        read::pack(file_name, text)
    }

    /// SHA-256 of the text.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// # Panics
    ///
    /// Never: a pack without one of the deadlines is refused when read.
    pub fn deadline(&self, id: DeadlineId) -> &DeadlineRule {
        self.deadlines
            .get(&id)
            .expect("a pack without one of the deadlines is refused when read")
    }

    /// The text of a rule, for every rule that a deadline cites and those the pack adds.
    pub fn rule(&self, id: RuleId) -> Option<&RuleText> {
        self.rules.get(&id)
    }

    pub fn category(&self, id: &CategoryId) -> Option<&Category> {
        self.categories.iter().find(|it| it.id == *id)
    }

    /// The limit of the answer (T3): the category's for this difficulty, else the general one.
    pub fn reply_limit(&self, category: &CategoryId, difficulty: Difficulty) -> &Limit {
        self.category(category)
            .and_then(|it| it.reply.get(&difficulty))
            .unwrap_or(&self.deadline(DeadlineId::Reply).limit)
    }

    /// The forbidden phrases that a text contains (L1), in the pack's order.
    pub fn phrases_in(&self, text: &str) -> impl Iterator<Item = &Phrase> {
        self.phrases
            .iter()
            .filter(move |it| text.contains(&it.forbidden))
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

/// What has a deadline.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineId {
    /// The slip is issued and handed over (T1).
    #[n(0)]
    Transfer,
    /// The receiving department names a handler (T2).
    #[n(1)]
    AssignHandler,
    /// The receiving department answers (T3).
    #[n(2)]
    Reply,
    /// A slip that is not theirs goes back or on (T9).
    #[n(3)]
    ReturnSlip,
    /// The customer is told the result (F4).
    #[n(4)]
    TellResult,
    /// The first responder verifies the result (V1).
    #[n(5)]
    ReturnVisit,
    /// A customer who was not reached is tried again (V1).
    #[n(6)]
    RetryVisit,
    /// A handover is signed for (T6).
    #[n(7)]
    Sign,
    /// Everything is done: the case is closed (V4).
    #[n(8)]
    Close,
}

impl DeadlineId {
    pub const ALL: [Self; 9] = [
        Self::Transfer,
        Self::AssignHandler,
        Self::Reply,
        Self::ReturnSlip,
        Self::TellResult,
        Self::ReturnVisit,
        Self::RetryVisit,
        Self::Sign,
        Self::Close,
    ];

    /// As a pack writes it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::AssignHandler => "assign_handler",
            Self::Reply => "reply",
            Self::ReturnSlip => "return_slip",
            Self::TellResult => "tell_result",
            Self::ReturnVisit => "return_visit",
            Self::RetryVisit => "retry_visit",
            Self::Sign => "sign",
            Self::Close => "close",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineRule {
    pub rule: RuleId,
    pub limit: Limit,
    pub name: Text,
}

/// How hard a matter is; the answer may be due sooner (T3).
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
pub enum Difficulty {
    #[n(0)]
    Simple,
    #[default]
    #[n(1)]
    Ordinary,
    #[n(2)]
    Complex,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    pub id: CategoryId,
    pub kind: Kind,
    pub name: Text,
    /// Whose matter it usually is; none: decided case by case.
    pub department: Option<DepartmentId>,
    /// Answers that are due sooner than the general limit.
    pub reply: BTreeMap<Difficulty, Limit>,
    /// It may concern a public area: place and photo stand for name and phone (I1).
    pub public_area: bool,
}

/// What a record form must hold, besides the time and who was asked (I1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredFields {
    pub answered_at_once: BTreeSet<Field>,
    pub otherwise: BTreeSet<Field>,
}

/// A phrase that dismisses a customer, and what to say instead (L1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    pub forbidden: String,
    pub instead: Text,
}

/// A rule in the organisation's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    pub title: Text,
    pub sentence: Text,
}

#[cfg(test)]
mod tests;
