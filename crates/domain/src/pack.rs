//! The policy pack: every choice that the regulations leave open, as checked data.
//!
//! A pack is a TOML text that people can read; [`Pack::parse`] is strict and says what is wrong where.

mod assessment;
mod diff;
mod personal;
mod practice;
mod read;
mod search;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use assessment::{
    Against, Amount, AmountUnit, Assessment, Assessments, Consequence, Decider, Penalty,
};
pub use diff::Change;
pub use personal::{Kept, Personal, PersonalField};
pub use practice::{Escalation, JoinedMatters, Question, SpotChecks, Stage, Stages};
pub use search::{Found, Hit};
pub use words::{Capacity, CommonAnswer, Courtesy, Pledge, Words};

pub use crate::document::{DocumentError as PackError, Problem as PackProblem};
use crate::event::{Field, Kind};
use crate::hash::Hash;
use crate::hours::{DutyHours, TimeOfDay};
use crate::id::{CategoryId, DepartmentId, EmergencyId, PaperId};
use crate::moment::Minutes;
use crate::reckoning::Limit;
use crate::rule::RuleId;
use crate::zone::Zones;

/// A policy pack as read: everything that the regulations leave to the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// How far apart tries of a return visit are to count (V1).
    pub return_visit_gap: Minutes,
    /// An emergency is recorded within this time, acted on first (I14).
    pub emergency_record_within: Minutes,
    /// No calls to customers from here until there (F7).
    pub night: Night,
    /// Pauses and newly agreed times together (T10).
    pub max_postponed: u32,
    /// Unsatisfied results after which the director may end a case (V5).
    pub max_rounds: u32,
    /// Whether cases move between departments by slip; if not, customers are guided (I10).
    pub slips: bool,
    /// What counts as an emergency (I14).
    pub emergencies: Vec<Emergency>,
    /// The departments that categories may name; their names are the directory's.
    pub departments: Vec<DepartmentId>,
    /// In the author's order.
    pub categories: Vec<Category>,
    pub required_fields: RequiredFields,
    /// None: the pack says nothing of what is kept of a customer.
    pub personal: Option<Personal>,
    /// What a reply should not say (L1, I15), for a [`PhraseGuard`](crate::conduct::PhraseGuard).
    pub phrases: Vec<Phrase>,
    pub words: Words,
    /// What may be proposed after a breach; empty in a pack without penalties (A).
    pub assessments: Assessments,
    pub stages: Stages,
    /// How an overdue obligation climbs; none: it stays with whoever owes it (C4).
    pub escalation: Option<Escalation>,
    /// None: no spot checks are drawn (V3).
    pub spot_checks: Option<SpotChecks>,
    /// None: every case is handled by itself (C5).
    pub joined: Option<JoinedMatters>,
    /// What every position's description says of customers' enquiries and complaints (G3).
    pub duty: Text,
    /// By which staff confirm having understood the rules (G3).
    pub quiz: Vec<Question>,
    pub courtesy: Vec<Courtesy>,
    pub pledge: Option<Pledge>,
    pub answers: Vec<CommonAnswer>,
    text: Box<str>,
    deadlines: BTreeMap<DeadlineId, DeadlineRule>,
    rules: BTreeMap<RuleId, RuleText>,
    hash: Hash,
}

impl Pack {
    /// Reads a policy pack; `docs/packs.md` describes its text.
    ///
    /// ```
    /// use shouwen_domain::pack::Pack;
    ///
    /// let shipped = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/property-service.toml"));
    /// let slip = shipped.replace("max_moves = ", "max_mvoes = ");
    /// let error = Pack::parse("our-own.toml", &slip).unwrap_err().to_string();
    /// assert!(error.starts_with("our-own.toml, line "));
    /// assert!(error.contains("limits.max_mvoes: This key is not known here; expected"));
    /// ```
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, PackError> {
        read::pack(file_name, text)
    }

    /// The text it was read from.
    pub const fn text(&self) -> &str {
        &self.text
    }

    /// The error that its zone is not in a zone table.
    pub(crate) fn unknown_zone(&self, zones: &Zones) -> PackError {
        read::unknown_zone(self, zones)
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

    /// The text of a rule, for every rule that the pack cites and those it adds.
    pub fn rule(&self, id: RuleId) -> Option<&RuleText> {
        self.rules.get(&id)
    }

    /// The texts of the rules that hold here, in the rules' order.
    pub fn rules(&self) -> impl Iterator<Item = (RuleId, &RuleText)> {
        self.rules.iter().map(|(id, text)| (*id, text))
    }

    /// A category by its id.
    pub fn category(&self, id: &CategoryId) -> Option<&Category> {
        self.categories.iter().find(|it| it.id == *id)
    }

    /// An emergency of the pack's list by its id (I14).
    pub fn emergency(&self, id: &EmergencyId) -> Option<&Emergency> {
        self.emergencies.iter().find(|it| it.id == *id)
    }

    /// The limit of the answer: the category's for this difficulty (T3), or the time that a formality takes (I4),
    /// else the general one.
    pub fn reply_limit(&self, category: &CategoryId, difficulty: Difficulty) -> Option<&Limit> {
        self.category(category)
            .and_then(|it| it.reply.get(&difficulty).or(it.complete_within.as_ref()))
            .or(self.deadline(DeadlineId::Reply).limit.as_ref())
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
    /// The customer knows the result, counted from the asking; it never starts again (T10).
    #[n(9)]
    Customer,
    /// Longer work is complete, at the time consented to (T3).
    #[n(10)]
    Completion,
    /// The time agreed with the customer (I5, I6).
    #[n(11)]
    AgreedTime,
    /// The person named as asked confirms or objects (F6).
    #[n(12)]
    ConfirmAsked,
    /// The receiver of a guided customer confirms (I10).
    #[n(13)]
    ReceiveGuided,
    /// What an emergency's record lacks is written down (I14).
    #[n(14)]
    CompleteForm,
    /// Whoever was asked for consent answers (T9).
    #[n(15)]
    Consent,
    /// The head or deputy signs for the receipt of a slip that somebody else took (T6).
    #[n(16)]
    SignReceipt,
    /// The head or deputy signs for the dispatch of a slip (T6).
    #[n(17)]
    SignDispatch,
    /// The head or deputy signs the result (T6).
    #[n(18)]
    SignResult,
    /// The supervisor signs a plain answer (V5).
    #[n(19)]
    SignPlainAnswer,
    /// The next post takes over what is open (F7).
    #[n(20)]
    TakeShift,
    /// The successor accepts the list (F3).
    #[n(21)]
    AcceptSuccession,
    /// A slip that went to and fro is reported to the coordinating department (T9).
    #[n(22)]
    ReportToCoordination,
    /// The coordinating department names the lead (C1, T9).
    #[n(23)]
    NameLead,
    /// The leader answers what was put to them (C3, T9).
    #[n(24)]
    LeaderAnswer,
    /// The director instructs (C2, T9).
    #[n(25)]
    Instruct,
    /// An emergency is passed on (I14).
    #[n(26)]
    EmergencyPass,
    /// Somebody is on site (I14).
    #[n(27)]
    EmergencyOnSite,
    /// The lift rescuer is on site (I14).
    #[n(28)]
    EmergencyRescuer,
    /// The director is told of an emergency (I14).
    #[n(29)]
    EmergencyTellDirector,
    /// An illegal act is reported to the authority (I15).
    #[n(30)]
    ReportToAuthority,
    /// A second person checks what an inspection gets (I13).
    #[n(31)]
    CheckResult,
    /// The answer to an unnamed customer is published, or why not is recorded (I1).
    #[n(32)]
    PublishAnswer,
    /// A ticket from above is signed for (C6).
    #[n(33)]
    OuterSign,
    /// A ticket from above is answered (C6).
    #[n(34)]
    OuterReply,
    /// The person concerned may say their side (A10).
    #[n(35)]
    State,
    /// The supervisor decides who was asked, after an objection (F6).
    #[n(40)]
    DecideAsked,
    /// The customer is told of a delay that was consented to (T3, T10).
    #[n(41)]
    TellDelay,
    /// The customer is told when to expect what was put to a leader (C3).
    #[n(42)]
    TellExpected,
}

impl DeadlineId {
    /// All deadlines, in the order of a case's way.
    pub const ALL: [Self; 39] = [
        Self::Transfer,
        Self::AssignHandler,
        Self::Reply,
        Self::ReturnSlip,
        Self::TellResult,
        Self::ReturnVisit,
        Self::RetryVisit,
        Self::Sign,
        Self::Close,
        Self::Customer,
        Self::Completion,
        Self::AgreedTime,
        Self::ConfirmAsked,
        Self::ReceiveGuided,
        Self::CompleteForm,
        Self::Consent,
        Self::SignReceipt,
        Self::SignDispatch,
        Self::SignResult,
        Self::SignPlainAnswer,
        Self::TakeShift,
        Self::AcceptSuccession,
        Self::ReportToCoordination,
        Self::NameLead,
        Self::LeaderAnswer,
        Self::Instruct,
        Self::EmergencyPass,
        Self::EmergencyOnSite,
        Self::EmergencyRescuer,
        Self::EmergencyTellDirector,
        Self::ReportToAuthority,
        Self::CheckResult,
        Self::PublishAnswer,
        Self::OuterSign,
        Self::OuterReply,
        Self::State,
        Self::DecideAsked,
        Self::TellDelay,
        Self::TellExpected,
    ];

    /// Whether its moment is agreed, consented to or set by a sender, so that a pack gives no limit.
    pub const fn is_set_by_hand(self) -> bool {
        matches!(
            self,
            Self::AgreedTime | Self::Completion | Self::OuterSign | Self::OuterReply
        )
    }

    /// Whether a pause holds its clock: never the hour for passing on, an emergency, or a moment set by hand.
    pub const fn can_pause(self) -> bool {
        matches!(
            self,
            Self::Reply | Self::Customer | Self::Completion | Self::ReturnVisit | Self::RetryVisit
        )
    }

    /// Every key under which a pack sets one.
    pub(crate) const KEYS: [&'static str; Self::ALL.len()] = {
        let mut keys = [""; Self::ALL.len()];
        let mut i = 0;
        while i < keys.len() {
            keys[i] = Self::ALL[i].key();
            i += 1;
        }
        keys
    };

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
            Self::Customer => "customer",
            Self::Completion => "completion",
            Self::AgreedTime => "agreed_time",
            Self::ConfirmAsked => "confirm_asked",
            Self::ReceiveGuided => "receive_guided",
            Self::CompleteForm => "complete_form",
            Self::Consent => "consent",
            Self::SignReceipt => "sign_receipt",
            Self::SignDispatch => "sign_dispatch",
            Self::SignResult => "sign_result",
            Self::SignPlainAnswer => "sign_plain_answer",
            Self::TakeShift => "take_shift",
            Self::AcceptSuccession => "accept_succession",
            Self::ReportToCoordination => "report_to_coordination",
            Self::NameLead => "name_lead",
            Self::LeaderAnswer => "leader_answer",
            Self::Instruct => "instruct",
            Self::EmergencyPass => "emergency_pass",
            Self::EmergencyOnSite => "emergency_on_site",
            Self::EmergencyRescuer => "emergency_rescuer",
            Self::EmergencyTellDirector => "emergency_tell_director",
            Self::ReportToAuthority => "report_to_authority",
            Self::CheckResult => "check_result",
            Self::PublishAnswer => "publish_answer",
            Self::OuterSign => "outer_sign",
            Self::OuterReply => "outer_reply",
            Self::State => "state",
            Self::DecideAsked => "decide_asked",
            Self::TellDelay => "tell_delay",
            Self::TellExpected => "tell_expected",
        }
    }
}

/// What a pack says of one deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlineRule {
    pub rule: RuleId,
    /// None: the moment itself is agreed, consented to or set by a sender.
    pub limit: Option<Limit>,
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

impl Difficulty {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "`skip_if` calls it so")]
    pub(crate) const fn is_ordinary(&self) -> bool {
        matches!(self, Self::Ordinary)
    }
}

/// What a matter can be about, with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// A matter of money or law: no promise is made (I15).
    pub sensitive: bool,
    /// What belongs to it and what does not.
    pub scope: Option<Text>,
    /// The body outside that handles it; some: out of the organisation's scope (I8).
    pub handled_by: Option<OutsideBody>,
    /// How long a formality takes once its papers are complete (I4).
    pub complete_within: Option<Limit>,
    /// On what a formality rests: a law, a rule of the site.
    pub basis: Option<Text>,
    /// Who may apply, and when.
    pub conditions: Option<Text>,
    pub fee: Option<Text>,
    /// What is done one after the other (I4, L3).
    pub steps: Vec<Text>,
    /// The papers it takes (I4).
    pub papers: Vec<Paper>,
    /// Other words by which it is looked for (L3).
    pub words: Vec<String>,
}

impl Category {
    /// Whether it is surely a department's here, so that nobody is sent elsewhere with it (I8). What is decided case by
    /// case is neither in scope nor out of it.
    pub const fn is_in_scope(&self) -> bool {
        self.department.is_some() && self.handled_by.is_none()
    }
}

/// A body outside the organisation (I8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideBody {
    pub name: Text,
    pub phone: Option<String>,
}

/// A paper that a formality takes (I4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    pub id: PaperId,
    pub name: Text,
    /// How many copies stay here; 0: it is shown only.
    pub copies: u32,
}

/// People stuck in a lift, fire, gas and the like (I14).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    pub id: EmergencyId,
    pub name: Text,
    /// Whom to ring before any field.
    pub ring: Text,
    /// A lift rescuer has to come within a time of their own.
    pub needs_rescuer: bool,
}

/// The hours at which nobody rings a customer (F7), over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    pub from: TimeOfDay,
    pub until: TimeOfDay,
}

/// What a record form must hold, besides the time and who was asked (I1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequiredFields {
    pub answered_at_once: BTreeSet<Field>,
    pub otherwise: BTreeSet<Field>,
    /// Instead of `otherwise`, for a kind of matter.
    pub kinds: BTreeMap<Kind, BTreeSet<Field>>,
}

impl RequiredFields {
    /// The fields that a form of this kind requires (I1).
    pub fn of(&self, kind: Kind, at_once: bool) -> &BTreeSet<Field> {
        if at_once {
            &self.answered_at_once
        } else {
            self.kinds.get(&kind).unwrap_or(&self.otherwise)
        }
    }
}

/// What a reply should not say, and what to say instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phrase {
    pub kind: PhraseKind,
    pub forbidden: String,
    /// Longer words that hold the phrase and are innocent, such as 没人受伤 for 没人.
    pub unless: Vec<String>,
    pub instead: Text,
}

/// Why a phrase is pointed out; a pack has a list of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PhraseKind {
    /// It dismisses the customer (L1).
    Dismissive,
    /// It promises money or a result where none may be promised (I15).
    Promise,
}

/// A rule in the organisation's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    pub title: Text,
    pub sentence: Text,
}

#[cfg(test)]
mod tests;
