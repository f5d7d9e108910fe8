//! Duties, fates and the closed lists that acts choose from, by their names. What happened stands in [`super::fact`].

use shouwen_domain::case::Stage;
use shouwen_domain::envelope::{Fate, HeldReason, RefusedReason};
use shouwen_domain::event::{
    AgreedBecause, Channel, Contact, EmergencyStep, Ending, Kind, OuterLimit, PauseReason,
    PhotoSource, Request, Signing, SuccessionReason, SuggestionFate, Takeaway, Urgency,
    WaivedBecause,
};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::{DeadlineId, PersonalField};
use shouwen_domain::{Case, Rules};

use super::{Language, time};
use crate::say;

/// What is kept of a customer.
pub fn personal(language: Language, it: PersonalField) -> String {
    match it {
        PersonalField::Name => say!(language, "record.customer"),
        PersonalField::Phone => say!(language, "record.phone"),
        PersonalField::Address => say!(language, "record.address"),
        PersonalField::Matter => say!(language, "record.matter"),
        PersonalField::Words => say!(language, "personal.words"),
        PersonalField::Photos => say!(language, "personal.photos"),
        PersonalField::Signature => say!(language, "personal.signature"),
    }
}

pub fn channel(language: Language, channel: Channel) -> String {
    match channel {
        Channel::Counter => say!(language, "channel.counter"),
        Channel::Phone => say!(language, "channel.phone"),
        Channel::Letter => say!(language, "channel.letter"),
        Channel::Message => say!(language, "channel.message"),
        Channel::Met => say!(language, "channel.met"),
        Channel::FromAbove => say!(language, "channel.from_above"),
    }
}

pub fn kind(language: Language, kind: Kind) -> String {
    match kind {
        Kind::Enquiry => say!(language, "kind.enquiry"),
        Kind::Complaint => say!(language, "kind.complaint"),
        Kind::ServiceRequest => say!(language, "kind.service_request"),
        Kind::Formality => say!(language, "kind.formality"),
        Kind::Suggestion => say!(language, "kind.suggestion"),
        Kind::Report => say!(language, "kind.report"),
        Kind::Inspection => say!(language, "kind.inspection"),
    }
}

pub fn contact(language: Language, contact: Contact) -> String {
    match contact {
        Contact::Call => say!(language, "act.call"),
        Contact::InPerson => say!(language, "act.in_person"),
        Contact::Message => say!(language, "act.message"),
        Contact::ByCustomer => say!(language, "act.by_customer"),
    }
}

pub fn ending(language: Language, ending: Ending) -> String {
    match ending {
        Ending::AnsweredAtOnce => say!(language, "ending.answered_at_once"),
        Ending::Told => say!(language, "ending.told"),
        Ending::Satisfied => say!(language, "ending.satisfied"),
        Ending::NotReached => say!(language, "ending.not_reached"),
        Ending::Waived => say!(language, "ending.waived"),
        Ending::ReferredOutside => say!(language, "ending.referred_outside"),
        Ending::Terminated => say!(language, "ending.terminated"),
    }
}

/// Where a case stands; how it ended once it has.
pub fn status(language: Language, case: &Case) -> String {
    if let Some(it) = case.ending {
        return ending(language, it);
    }
    match &case.stage {
        Stage::Own => say!(language, "status.own"),
        Stage::Passed {
            received: false, ..
        } => say!(language, "status.passed"),
        Stage::Passed { handler: None, .. } => say!(language, "status.received"),
        Stage::Passed { .. } => say!(language, "status.handling"),
        Stage::Coordinating { .. } => say!(language, "status.coordinating"),
        Stage::Joined { .. } => say!(language, "status.joined"),
        Stage::Replied => say!(language, "status.replied"),
        Stage::Closed => say!(language, "status.closed"),
    }
}

/// What an obligation asks for, as a verb: 转出.
pub fn task(language: Language, deadline: DeadlineId) -> String {
    match deadline {
        DeadlineId::Transfer => say!(language, "task.transfer"),
        DeadlineId::AssignHandler => say!(language, "task.assign_handler"),
        DeadlineId::Reply => say!(language, "task.reply"),
        DeadlineId::ReturnSlip => say!(language, "task.return_slip"),
        DeadlineId::TellResult => say!(language, "task.tell_result"),
        DeadlineId::ReturnVisit => say!(language, "task.return_visit"),
        DeadlineId::RetryVisit => say!(language, "task.retry_visit"),
        DeadlineId::Sign => say!(language, "task.sign"),
        DeadlineId::Close => say!(language, "task.close"),
        DeadlineId::Customer => say!(language, "task.customer"),
        DeadlineId::Completion => say!(language, "task.completion"),
        DeadlineId::AgreedTime => say!(language, "task.agreed_time"),
        DeadlineId::ConfirmAsked => say!(language, "task.confirm_asked"),
        DeadlineId::ReceiveGuided => say!(language, "task.receive_guided"),
        DeadlineId::CompleteForm => say!(language, "task.complete_form"),
        DeadlineId::Consent => say!(language, "task.consent"),
        DeadlineId::SignReceipt => say!(language, "task.sign_receipt"),
        DeadlineId::SignDispatch => say!(language, "task.sign_dispatch"),
        DeadlineId::SignResult => say!(language, "task.sign_result"),
        DeadlineId::SignPlainAnswer => say!(language, "task.sign_plain_answer"),
        DeadlineId::TakeShift => say!(language, "task.take_shift"),
        DeadlineId::AcceptSuccession => say!(language, "task.accept_succession"),
        DeadlineId::ReportToCoordination => say!(language, "task.report_to_coordination"),
        DeadlineId::NameLead => say!(language, "task.name_lead"),
        DeadlineId::LeaderAnswer => say!(language, "task.leader_answer"),
        DeadlineId::Instruct => say!(language, "task.instruct"),
        DeadlineId::EmergencyPass => say!(language, "task.emergency_pass"),
        DeadlineId::EmergencyOnSite => say!(language, "task.emergency_on_site"),
        DeadlineId::EmergencyRescuer => say!(language, "task.emergency_rescuer"),
        DeadlineId::EmergencyTellDirector => say!(language, "task.emergency_tell_director"),
        DeadlineId::ReportToAuthority => say!(language, "task.report_to_authority"),
        DeadlineId::CheckResult => say!(language, "task.check_result"),
        DeadlineId::PublishAnswer => say!(language, "task.publish_answer"),
        DeadlineId::OuterSign => say!(language, "task.outer_sign"),
        DeadlineId::OuterReply => say!(language, "task.outer_reply"),
        DeadlineId::State => say!(language, "task.state"),
        DeadlineId::DecideAsked => say!(language, "task.decide_asked"),
        DeadlineId::TellDelay => say!(language, "task.tell_delay"),
        DeadlineId::TellExpected => say!(language, "task.tell_expected"),
    }
}

/// What is signed for, in the words of the obligation that it meets.
pub fn signing(language: Language, what: Signing) -> String {
    task(
        language,
        match what {
            Signing::Receipt => DeadlineId::SignReceipt,
            Signing::Dispatch => DeadlineId::SignDispatch,
            Signing::Result => DeadlineId::SignResult,
            Signing::PlainAnswer => DeadlineId::SignPlainAnswer,
        },
    )
}

/// What somebody asks consent for: 暂停计时（等配件或维保单位）.
pub fn request(language: Language, request: Request, rules: &Rules) -> String {
    let at = |at: Moment| time::date_and_time(language, rules.zone().local(at));
    match request {
        Request::Pause(reason, None) => {
            let reason = pause_reason(language, reason);
            say!(language, "request.pause", reason = reason)
        }
        Request::Pause(reason, Some(until)) => say!(
            language,
            "request.pause_until",
            reason = pause_reason(language, reason),
            time = at(until)
        ),
        Request::Extension(deadline, until) => say!(
            language,
            "request.extension",
            task = task(language, deadline),
            time = at(until)
        ),
        Request::Completion(until) => say!(language, "request.completion", time = at(until)),
        Request::AgreedTime(until, because) => say!(
            language,
            "request.agreed_time",
            time = at(until),
            reason = agreed_because(language, because)
        ),
        Request::Succession => say!(language, "request.succession"),
    }
}

pub fn pause_reason(language: Language, reason: PauseReason) -> String {
    match reason {
        PauseReason::CustomersAppointment => say!(language, "pause_reason.customers_appointment"),
        PauseReason::PartsOrContractor => say!(language, "pause_reason.parts_or_contractor"),
        PauseReason::ForceMajeure => say!(language, "pause_reason.force_majeure"),
    }
}

pub fn agreed_because(language: Language, because: AgreedBecause) -> String {
    match because {
        AgreedBecause::AwaitingOutside => say!(language, "agreed_because.awaiting_outside"),
        AgreedBecause::PapersMissing => say!(language, "agreed_because.papers_missing"),
        AgreedBecause::CustomersWish => say!(language, "agreed_because.customers_wish"),
    }
}

pub fn succession_reason(language: Language, reason: SuccessionReason) -> String {
    match reason {
        SuccessionReason::Leave => say!(language, "succession_reason.leave"),
        SuccessionReason::Resignation => say!(language, "succession_reason.resignation"),
        SuccessionReason::WronglyNamed => say!(language, "succession_reason.wrongly_named"),
    }
}

pub fn urgency(language: Language, urgency: Urgency) -> String {
    match urgency {
        Urgency::Ordinary => say!(language, "urgency.ordinary"),
        Urgency::Urgent => say!(language, "urgency.urgent"),
        Urgency::Emergency => say!(language, "urgency.emergency"),
    }
}

pub fn emergency_step(language: Language, step: EmergencyStep) -> String {
    match step {
        EmergencyStep::PassedOn => say!(language, "emergency_step.passed_on"),
        EmergencyStep::OnSite => say!(language, "emergency_step.on_site"),
        EmergencyStep::RescuerOnSite => say!(language, "emergency_step.rescuer_on_site"),
        EmergencyStep::DirectorTold => say!(language, "emergency_step.director_told"),
        EmergencyStep::DangerOver => say!(language, "emergency_step.danger_over"),
    }
}

pub fn takeaway(language: Language, form: Takeaway) -> String {
    match form {
        Takeaway::Paper => say!(language, "takeaway.paper"),
        Takeaway::Qr => say!(language, "takeaway.qr"),
        Takeaway::Text => say!(language, "takeaway.text"),
    }
}

pub fn photo_source(language: Language, source: PhotoSource) -> String {
    match source {
        PhotoSource::Camera => say!(language, "photo_source.camera"),
        PhotoSource::Album => say!(language, "photo_source.album"),
        PhotoSource::Signature => say!(language, "photo_source.signature"),
    }
}

pub fn waived_because(language: Language, because: WaivedBecause) -> String {
    match because {
        WaivedBecause::CustomerDeclined => say!(language, "waived_because.customer_declined"),
        WaivedBecause::NotInSample => say!(language, "waived_because.not_in_sample"),
        WaivedBecause::Unnamed => say!(language, "waived_because.unnamed"),
    }
}

pub fn suggestion_fate(language: Language, fate: SuggestionFate) -> String {
    match fate {
        SuggestionFate::Changed => say!(language, "suggestion_fate.changed"),
        SuggestionFate::NothingChanged => say!(language, "suggestion_fate.nothing_changed"),
        SuggestionFate::PassedOn => say!(language, "suggestion_fate.passed_on"),
    }
}

pub fn outer_limit(language: Language, limit: OuterLimit) -> String {
    match limit {
        OuterLimit::Sign => say!(language, "outer_limit.sign"),
        OuterLimit::Return => say!(language, "outer_limit.return"),
        OuterLimit::Reply => say!(language, "outer_limit.reply"),
    }
}

/// What became of an act, in a word; none: recorded here, not sent yet.
pub fn fate(language: Language, fate: Option<Fate>) -> String {
    match fate {
        None => say!(language, "fate.recorded"),
        Some(Fate::Accepted) => say!(language, "fate.accepted"),
        Some(Fate::Held(_)) => say!(language, "fate.held"),
        Some(Fate::Refused(RefusedReason::Withdrawn)) => say!(language, "fate.withdrawn"),
        Some(Fate::Refused(_)) => say!(language, "fate.refused"),
    }
}

/// Why an act is held or was refused; none where there is nothing to say.
pub fn fate_reason(language: Language, fate: Option<Fate>) -> Option<String> {
    match fate? {
        Fate::Accepted => None,
        Fate::Held(reason) => Some(match reason {
            HeldReason::Gap => say!(language, "held.gap"),
            HeldReason::Fork => say!(language, "held.fork"),
            HeldReason::UnknownFormat => say!(language, "held.unknown_format"),
            HeldReason::CounterLeap => say!(language, "held.counter_leap"),
            HeldReason::Revoked => say!(language, "held.revoked"),
        }),
        Fate::Refused(reason) => Some(match reason {
            RefusedReason::Malformed => say!(language, "refused_fate.malformed"),
            RefusedReason::TooLarge => say!(language, "refused_fate.too_large"),
            RefusedReason::NotYours => say!(language, "refused_fate.not_yours"),
            RefusedReason::Unsigned => say!(language, "refused_fate.unsigned"),
            RefusedReason::NotByPerson => say!(language, "refused_fate.not_by_person"),
            RefusedReason::Withdrawn => say!(language, "refused_fate.withdrawn"),
        }),
    }
}

/// For `data-fate`.
pub const fn fate_slug(fate: Option<Fate>) -> &'static str {
    match fate {
        None => "recorded",
        Some(Fate::Accepted) => "accepted",
        Some(Fate::Held(_)) => "held",
        Some(Fate::Refused(_)) => "refused",
    }
}
