//! What a person can order. Each command is one action: one envelope, stored whole or not at all.

use crate::case::Case;
use crate::event::{
    AgreedBecause, Channel, Contact, EmergencyStep, Finding, Guidance, Judgement, MissingBecause,
    Outcome, OuterLimit, OuterTicket, PhotoAdded, Request, Signing, SuccessionReason,
    SuggestionFate, Takeaway, Urgency, WaivedBecause,
};
use crate::hash::Hash;
use crate::id::{
    CaseId, CategoryId, DepartmentId, EmergencyId, EnvelopeId, PaperId, PersonId, ShiftId,
};
use crate::moment::Moment;
use crate::pack::Difficulty;

/// One action, as [`decide`](crate::decide()) is given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    // Intake
    /// Take a case down (F1, F2, I1) and say what comes next.
    Record(Box<RecordForm>),
    /// In one's own hands and answerable after all: answer and close (I2).
    AnswerAtOnce { text: String },
    /// Add what the form lacks (I1).
    CompleteForm {
        customer: String,
        phone: String,
        address: String,
        missing_because: Option<MissingBecause>,
    },
    /// The person named as asked, or as asked before, agrees or objects (F5, F6); after an objection, the
    /// supervisor's word that it is right all the same.
    ConfirmAsked { agrees: bool, text: String },
    /// Take or connect the customer to whoever deals with it (I10).
    Guide { to: DepartmentId, how: Guidance },
    /// 已接待 (I10).
    ReceiveGuided,
    /// Nobody reached: tell department, place and phone (I7).
    TellWhomToSee { department: DepartmentId },
    /// Out of the organisation's scope: explain and name the body that handles it (I8). Never what the pack names a
    /// department for.
    ReferOutside { text: String },
    /// 一次性告知 (I4): all that is missing, `text` for what the category does not list.
    GiveNotice {
        papers: Vec<PaperId>,
        text: String,
        clear: bool,
    },
    /// The customer had to come again (I4).
    RecordSecondTrip {
        papers: Vec<PaperId>,
        in_vain: bool,
        text: String,
    },
    /// A contact with the party that is awaited (I5, T11).
    ContactOutside {
        contractor: Option<DepartmentId>,
        reached: bool,
        text: String,
    },
    /// A time agreed with the customer (I5, I6); a further one is a [`Request::AgreedTime`] (T10).
    AgreeTime {
        at: Moment,
        because: AgreedBecause,
        text: String,
    },
    /// A repeat of an earlier case, or none after all (I9).
    MarkRepeat { earlier: Option<CaseId> },
    /// What the customer takes along (I12).
    GiveTakeaway { form: Takeaway },
    /// A second person's check of what an inspection gets (I13).
    CheckResult { right: bool, text: String },
    /// Raise or lower the urgency (I14).
    SetUrgency {
        urgency: Urgency,
        emergency: Option<EmergencyId>,
        reason: String,
    },
    /// A step of an emergency, written down when there is time (I14).
    EmergencyStep {
        step: EmergencyStep,
        done_at: Moment,
    },
    /// An illegal act was met and stopped (I15).
    FindIllegalAct { text: String },
    /// It was reported to the authority (I15).
    ReportToAuthority { text: String },
    /// Publish the answer to an unnamed customer, or say why not (I1).
    PublishAnswer { published: bool, text: String },
    /// Put photos to the case (V7).
    AddPhotos { photos: Vec<PhotoAdded> },
    /// The customer was in touch without anything new (V5).
    LogContact { text: String },

    /// Why there is no answer at once, told to the customer; a slip says it itself (I3).
    Explain { explained: Explained, text: String },

    // Transfer
    /// Issue the slip, or pass it on from one's own department with an opinion (I3, T1, T4).
    HandOver {
        to: DepartmentId,
        explained: Explained,
        text: String,
    },
    /// Take the slip; the head's or deputy's act is the signature as well (T6).
    Receive,
    /// Name who handles it (T2); takes the slip as well where nobody did.
    NameHandler { handler: PersonId },
    /// Not ours: back to the sender, with an explicit opinion (T4).
    Return { opinion: String },
    /// The result, sent back to the first responder (T3). `told`: the customer knows it already (F4).
    Reply {
        outcome: Outcome,
        text: String,
        told: Option<Contact>,
        suggestion: Option<SuggestionFate>,
    },
    /// The customer was told the result (F4).
    TellResult { how: Contact, text: String },
    /// Sign as head or named deputy (T6, V5).
    Sign { what: Signing },
    /// A department would not take the slip, or two are wrangling over it (T4).
    ReportShirking {
        department: DepartmentId,
        person: Option<PersonId>,
        text: String,
    },
    /// End of shift: this case among others goes to the next post (F7).
    PassShift { shift: ShiftId, to: PersonId },
    /// Begin of shift: take it over (F7).
    TakeShift { shift: ShiftId },
    /// 责任移交, by a supervisor (F3).
    Succeed {
        to: PersonId,
        reason: SuccessionReason,
        text: String,
    },
    /// The successor accepts (F3).
    AcceptSuccession,
    /// Ask for consent: pause, extension, completion deadline, a further agreed time, succession.
    Ask { request: Request, text: String },
    /// Give or withhold it.
    Consent {
        request: EnvelopeId,
        granted: bool,
        text: String,
    },
    /// What the clock waited for has come.
    Resume,
    /// The customer was told that it takes longer, as consented to (T10), or when a leader answers (C3).
    TellDelay { how: Contact, text: String },

    // Coordination
    /// Report to the coordinating department (C1).
    ReportToCoordination { text: String },
    /// Name the one lead, and whose ground for returning the slip holds (C1, A7).
    NameLead {
        lead: DepartmentId,
        upheld: Vec<DepartmentId>,
        text: String,
    },
    /// Ask a leader what is not known for certain (C3).
    PutToLeader {
        leader: PersonId,
        expected_at: Moment,
        text: String,
    },
    /// The leader's answer (C3).
    AnswerAsLeader { text: String },
    /// Put it to the director (C2).
    Escalate { text: String },
    /// The director's instruction (C2).
    Instruct {
        department: Option<DepartmentId>,
        text: String,
    },
    /// Join with another case of one matter (C5).
    Join { main: CaseId },
    /// Take over the result of the main case for this complainant (C5). `joined`: the cases joined with it as far as
    /// they are known, by which it follows whether this customer is visited.
    TakeOverResult { main: Box<Case>, joined: Vec<Case> },
    /// Signed for outside (C6).
    SignOuter,
    /// The sender was given the answer (C6).
    ReplyOuter { text: String },
    /// The sender moved a limit (C6).
    ExtendOuter {
        limit: OuterLimit,
        until: Moment,
        text: String,
    },
    /// The sender rejected the result (C6).
    RejectOutside {
        reply_by: Option<Moment>,
        text: String,
    },

    // Verification
    /// The return visit was made or tried (V1). Where the customer was reached, `words` are theirs, and `phone` is the
    /// number that was called (V6).
    Visit {
        how: Contact,
        finding: Finding,
        phone: String,
        words: String,
    },
    /// No return visit, and why (V4).
    WaiveVisit {
        because: WaivedBecause,
        text: String,
    },
    /// Check by sample (V3).
    SpotCheck {
        seed: Hash,
        handling_true: bool,
        visit_true: Option<bool>,
        customer_asked: bool,
        text: String,
    },
    /// Close the case (V4).
    Close,
    /// 终结, by the director (V5).
    Terminate { text: String },
    /// New facts open it again (V5).
    Reopen { text: String },

    // Assessment
    /// A quarrel with bad effects (A2).
    ReportQuarrel { person: PersonId, text: String },
    /// Criticism by a higher authority or the press (A6).
    RecordCriticism {
        department: DepartmentId,
        person: Option<PersonId>,
        said_at: Moment,
        text: String,
    },
    /// What the pack names as A4's further case.
    ReportFurtherCase {
        department: DepartmentId,
        person: Option<PersonId>,
        text: String,
    },
    /// Praise (A12).
    Praise {
        person: PersonId,
        by_customer: bool,
        text: String,
    },
    /// 情况说明 (A10). `again`: the cases that repeat this one, which some proposals rest on (A1, A4).
    State {
        proposal: Hash,
        again: Vec<Case>,
        text: String,
    },
    /// Decide on a proposal (A1–A11). `again` as for a statement.
    Assess {
        proposal: Hash,
        again: Vec<Case>,
        judgement: Judgement,
        amount: Option<u32>,
        bulletin: bool,
        off_post: bool,
        text: String,
    },
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
    /// Why it is recorded late, or why required fields are missing, in words (I1). Of those missing, only
    /// `more.missing_because` is an excuse (A9).
    pub remark: String,
    pub next: Next,
    pub more: Circumstances,
}

/// What most records have nothing of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    pub urgency: Urgency,
    pub emergency: Option<EmergencyId>,
    pub difficulty: Difficulty,
    pub missing_because: Option<MissingBecause>,
    /// Place and photo stand for name and phone (I1).
    pub public_area: bool,
    pub under_14: bool,
    /// Whom it is about (I11).
    pub concerns: Vec<PersonId>,
    /// Whom the customer says to have asked before (F5), with the case if there is one.
    pub asked_before: Option<(PersonId, Option<CaseId>)>,
    /// The earlier case of which it is a repeat (I9).
    pub repeats: Option<CaseId>,
    pub outer: Option<OuterTicket>,
    /// By when an inspection or a request for data is to be answered (I13).
    pub due_by: Option<Moment>,
    /// Taken while recording (V7).
    pub photos: Vec<PhotoAdded>,
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
    /// 引导/接通 (I10).
    Guide { to: DepartmentId, how: Guidance },
}

/// Whether the customer accepted why there is no answer at once (I3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explained {
    Accepted,
    /// The supervisor is told.
    NotAccepted,
}
