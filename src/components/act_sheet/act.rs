//! What a person can be asked to do with a case, as a button: its word, and the command with everything filled in.

use shouwen_domain::case::RequestMade;
use shouwen_domain::command::Explained;
use shouwen_domain::event::{
    Contact, EmergencyStep, Finding, Outcome, Signing, SuccessionReason, SuggestionFate,
    WaivedBecause,
};
use shouwen_domain::id::{DepartmentId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::{Case, Command};

use crate::say;
use crate::wording::{Language, act};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    HandOver,
    AnswerAtOnce,
    Receive,
    NameHandler,
    Reply,
    Return,
    Tell,
    Visit,
    Close,
    Sign(Signing),
    ConfirmAsked,
    NameAsked,
    Consent,
    AcceptSuccession,
    TakeShift,
    ReceiveGuided,
    WaiveVisit,
    ReportToCoordination,
    NameLead,
    AnswerAsLeader,
    Instruct,
    Resume,
    CheckResult,
    PublishAnswer,
    ReportToAuthority,
    SignOuter,
    TellDelay,
    ReplyOuter,
    Emergency(EmergencyStep),
    AddPhotos,
}

impl Act {
    /// The way of most cases: shown with the reason where one is not possible now.
    pub const MAIN: [Self; 9] = [
        Self::HandOver,
        Self::AnswerAtOnce,
        Self::Receive,
        Self::NameHandler,
        Self::Reply,
        Self::Return,
        Self::Tell,
        Self::Visit,
        Self::Close,
    ];

    /// What comes beside it: shown where it is possible.
    pub const BESIDE: [Self; 28] = [
        Self::AddPhotos,
        Self::Emergency(EmergencyStep::PassedOn),
        Self::Emergency(EmergencyStep::OnSite),
        Self::Emergency(EmergencyStep::RescuerOnSite),
        Self::Emergency(EmergencyStep::DirectorTold),
        Self::Emergency(EmergencyStep::DangerOver),
        Self::Sign(Signing::Receipt),
        Self::Sign(Signing::Dispatch),
        Self::Sign(Signing::Result),
        Self::Sign(Signing::PlainAnswer),
        Self::ConfirmAsked,
        Self::NameAsked,
        Self::Consent,
        Self::AcceptSuccession,
        Self::TakeShift,
        Self::ReceiveGuided,
        Self::NameLead,
        Self::AnswerAsLeader,
        Self::Instruct,
        Self::Resume,
        Self::CheckResult,
        Self::PublishAnswer,
        Self::ReportToAuthority,
        Self::SignOuter,
        Self::TellDelay,
        Self::ReplyOuter,
        Self::WaiveVisit,
        Self::ReportToCoordination,
    ];

    /// What is likely next where this is owed; none where the app has no act for it.
    pub const fn for_deadline(deadline: DeadlineId) -> Option<Self> {
        Some(match deadline {
            DeadlineId::Transfer | DeadlineId::ReturnSlip => Self::HandOver,
            DeadlineId::AssignHandler => Self::NameHandler,
            DeadlineId::Reply | DeadlineId::Completion | DeadlineId::AgreedTime => Self::Reply,
            DeadlineId::TellResult => Self::Tell,
            DeadlineId::ReturnVisit | DeadlineId::RetryVisit => Self::Visit,
            DeadlineId::Sign => Self::Receive,
            DeadlineId::Close => Self::Close,
            DeadlineId::ConfirmAsked => Self::ConfirmAsked,
            DeadlineId::DecideAsked => Self::NameAsked,
            DeadlineId::ReceiveGuided => Self::ReceiveGuided,
            DeadlineId::Consent => Self::Consent,
            DeadlineId::SignReceipt => Self::Sign(Signing::Receipt),
            DeadlineId::SignDispatch => Self::Sign(Signing::Dispatch),
            DeadlineId::SignResult => Self::Sign(Signing::Result),
            DeadlineId::SignPlainAnswer => Self::Sign(Signing::PlainAnswer),
            DeadlineId::TakeShift => Self::TakeShift,
            DeadlineId::AcceptSuccession => Self::AcceptSuccession,
            DeadlineId::ReportToCoordination => Self::ReportToCoordination,
            DeadlineId::NameLead => Self::NameLead,
            DeadlineId::LeaderAnswer => Self::AnswerAsLeader,
            DeadlineId::Instruct => Self::Instruct,
            DeadlineId::EmergencyPass => Self::Emergency(EmergencyStep::PassedOn),
            DeadlineId::EmergencyOnSite => Self::Emergency(EmergencyStep::OnSite),
            DeadlineId::EmergencyRescuer => Self::Emergency(EmergencyStep::RescuerOnSite),
            DeadlineId::EmergencyTellDirector => Self::Emergency(EmergencyStep::DirectorTold),
            DeadlineId::ReportToAuthority => Self::ReportToAuthority,
            DeadlineId::CheckResult => Self::CheckResult,
            DeadlineId::PublishAnswer => Self::PublishAnswer,
            DeadlineId::OuterSign => Self::SignOuter,
            DeadlineId::OuterReply => Self::ReplyOuter,
            DeadlineId::TellDelay | DeadlineId::TellExpected => Self::TellDelay,
            DeadlineId::Customer | DeadlineId::CompleteForm | DeadlineId::State => return None,
        })
    }

    pub fn word(self, language: Language) -> String {
        let task = |deadline| act::task(language, deadline);
        match self {
            Self::HandOver => say!(language, "act.hand_over"),
            Self::Receive => say!(language, "act.receive"),
            Self::NameHandler => say!(language, "act.name_handler"),
            Self::Return => say!(language, "act.return"),
            Self::Reply => say!(language, "act.reply"),
            Self::Tell => say!(language, "act.tell"),
            Self::Visit => say!(language, "act.visit"),
            Self::Close => say!(language, "act.close"),
            Self::AnswerAtOnce => say!(language, "act.answer_at_once"),
            Self::Sign(what) => act::signing(language, what),
            Self::ConfirmAsked => task(DeadlineId::ConfirmAsked),
            Self::NameAsked => say!(language, "act.name_asked"),
            Self::Consent => task(DeadlineId::Consent),
            Self::AcceptSuccession => task(DeadlineId::AcceptSuccession),
            Self::TakeShift => task(DeadlineId::TakeShift),
            Self::ReceiveGuided => task(DeadlineId::ReceiveGuided),
            Self::WaiveVisit => say!(language, "act.waive_visit"),
            Self::ReportToCoordination => task(DeadlineId::ReportToCoordination),
            Self::NameLead => task(DeadlineId::NameLead),
            Self::AnswerAsLeader => task(DeadlineId::LeaderAnswer),
            Self::Instruct => task(DeadlineId::Instruct),
            Self::Resume => say!(language, "act.resume"),
            Self::CheckResult => task(DeadlineId::CheckResult),
            Self::PublishAnswer => task(DeadlineId::PublishAnswer),
            Self::ReportToAuthority => task(DeadlineId::ReportToAuthority),
            Self::SignOuter => task(DeadlineId::OuterSign),
            Self::TellDelay => task(DeadlineId::TellDelay),
            Self::ReplyOuter => task(DeadlineId::OuterReply),
            Self::Emergency(step) => act::emergency_step(language, step),
            Self::AddPhotos => say!(language, "act.add_photos"),
        }
    }

    /// For `data-act` and the names of drafts.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::HandOver => "hand-over",
            Self::Receive => "receive",
            Self::NameHandler => "name-handler",
            Self::Return => "return",
            Self::Reply => "reply",
            Self::Tell => "tell",
            Self::Visit => "visit",
            Self::Close => "close",
            Self::AnswerAtOnce => "answer-at-once",
            Self::Sign(Signing::Receipt) => "sign-receipt",
            Self::Sign(Signing::Dispatch) => "sign-dispatch",
            Self::Sign(Signing::Result) => "sign-result",
            Self::Sign(Signing::PlainAnswer) => "sign-plain-answer",
            Self::ConfirmAsked => "confirm-asked",
            Self::NameAsked => "name-asked",
            Self::Consent => "consent",
            Self::AcceptSuccession => "accept-succession",
            Self::TakeShift => "take-shift",
            Self::ReceiveGuided => "receive-guided",
            Self::WaiveVisit => "waive-visit",
            Self::ReportToCoordination => "report-to-coordination",
            Self::NameLead => "name-lead",
            Self::AnswerAsLeader => "answer-as-leader",
            Self::Instruct => "instruct",
            Self::Resume => "resume",
            Self::CheckResult => "check-result",
            Self::PublishAnswer => "publish-answer",
            Self::ReportToAuthority => "report-to-authority",
            Self::SignOuter => "sign-outer",
            Self::TellDelay => "tell-delay",
            Self::ReplyOuter => "reply-outer",
            Self::Emergency(EmergencyStep::PassedOn) => "emergency-passed-on",
            Self::Emergency(EmergencyStep::OnSite) => "emergency-on-site",
            Self::Emergency(EmergencyStep::RescuerOnSite) => "emergency-rescuer",
            Self::Emergency(EmergencyStep::DirectorTold) => "emergency-director",
            Self::Emergency(EmergencyStep::DangerOver) => "emergency-over",
            Self::AddPhotos => "add-photos",
        }
    }

    /// The command, where the act needs nothing but the person's word: done with one tap.
    pub fn plain_command(self, case: &Case) -> Option<Command> {
        match self {
            Self::Receive => Some(Command::Receive),
            Self::Close => Some(Command::Close),
            Self::Sign(what) => Some(Command::Sign { what }),
            Self::AcceptSuccession => Some(Command::AcceptSuccession),
            Self::ReceiveGuided => Some(Command::ReceiveGuided),
            Self::Resume => Some(Command::Resume),
            Self::SignOuter => Some(Command::SignOuter),
            Self::TakeShift => {
                let shift = case.consents.shifts.last()?.shift;
                Some(Command::TakeShift { shift })
            }
            Self::HandOver
            | Self::NameHandler
            | Self::Return
            | Self::Reply
            | Self::Tell
            | Self::Visit
            | Self::AnswerAtOnce
            | Self::ConfirmAsked
            | Self::NameAsked
            | Self::Consent
            | Self::WaiveVisit
            | Self::ReportToCoordination
            | Self::NameLead
            | Self::AnswerAsLeader
            | Self::Instruct
            | Self::CheckResult
            | Self::PublishAnswer
            | Self::ReportToAuthority
            | Self::TellDelay
            | Self::ReplyOuter
            | Self::Emergency(_)
            | Self::AddPhotos => None,
        }
    }

    /// A command of this kind with everything filled in, to ask the rules whether it is possible at all;
    /// none where the case holds nothing that it could be about.
    pub fn probe(
        self,
        case: &Case,
        me: &PersonId,
        elsewhere: &DepartmentId,
        now: Moment,
    ) -> Option<Command> {
        let text = "…".to_owned();
        Some(match self {
            Self::HandOver => Command::HandOver {
                to: elsewhere.clone(),
                explained: Explained::Accepted,
                text,
            },
            Self::NameHandler => Command::NameHandler {
                handler: me.clone(),
            },
            Self::Return => Command::Return { opinion: text },
            Self::Reply => Command::Reply {
                outcome: Outcome::Solved,
                text,
                told: None,
                suggestion: Some(SuggestionFate::Changed),
            },
            Self::Tell => Command::TellResult {
                how: Contact::Message,
                text,
            },
            Self::Visit => Command::Visit {
                how: Contact::Message,
                finding: Finding::Satisfied,
                phone: String::new(),
                words: text,
            },
            Self::AnswerAtOnce => Command::AnswerAtOnce { text },
            Self::ConfirmAsked => Command::ConfirmAsked { agrees: true, text },
            Self::NameAsked => Command::Succeed {
                to: me.clone(),
                reason: SuccessionReason::WronglyNamed,
                text,
            },
            Self::Consent => Command::Consent {
                request: open_request(case, me)?.envelope,
                granted: false,
                text,
            },
            Self::WaiveVisit => Command::WaiveVisit {
                because: WaivedBecause::CustomerDeclined,
                text,
            },
            Self::ReportToCoordination => Command::ReportToCoordination { text },
            Self::NameLead => Command::NameLead {
                lead: elsewhere.clone(),
                upheld: Vec::new(),
                text,
            },
            Self::AnswerAsLeader => Command::AnswerAsLeader { text },
            Self::Instruct => Command::Instruct {
                department: None,
                text,
            },
            Self::CheckResult => Command::CheckResult { right: true, text },
            Self::PublishAnswer => Command::PublishAnswer {
                published: true,
                text,
            },
            Self::ReportToAuthority => Command::ReportToAuthority { text },
            Self::TellDelay => Command::TellDelay {
                how: Contact::Message,
                text,
            },
            Self::ReplyOuter => Command::ReplyOuter { text },
            Self::Emergency(step) => Command::EmergencyStep { step, done_at: now },
            Self::AddPhotos => Command::AddPhotos { photos: Vec::new() },
            Self::Receive
            | Self::Close
            | Self::Sign(_)
            | Self::AcceptSuccession
            | Self::ReceiveGuided
            | Self::Resume
            | Self::SignOuter
            | Self::TakeShift => return self.plain_command(case),
        })
    }
}

/// The request that waits for this person's answer, else for anybody's.
pub fn open_request<'a>(case: &'a Case, me: &PersonId) -> Option<&'a RequestMade> {
    let open = || {
        let requests = case.consents.requests.iter();
        requests.filter(|it| it.answer.is_none())
    };
    open().find(|it| it.of == *me).or(open().next())
}
