//! Why something was not done, in the reader's words.

use shouwen_domain::event::Field;
use shouwen_domain::id::{DepartmentId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::{Refusal, Rules, decide::Post};

use super::{Language, act, time};
use crate::say;

pub fn refusal(language: Language, refusal: &Refusal, rules: &Rules) -> String {
    let words = words(language, refusal, rules);
    match refusal.rule() {
        Some(rule) => format!("{words} {}", say!(language, "refusal.rule", rule = rule)),
        None => words,
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a refusal")]
fn words(language: Language, refusal: &Refusal, rules: &Rules) -> String {
    let person = |it: &PersonId| super::person(&rules.directory, it);
    let department = |it: &DepartmentId| super::department(language, &rules.directory, it);
    let moment = |it: Moment| time::date_and_time(language, rules.zone().local(it));
    match refusal {
        Refusal::NotRecorded => say!(language, "refusal.not_recorded"),
        Refusal::AlreadyRecorded => say!(language, "refusal.already_recorded"),
        Refusal::NotOfACase => say!(language, "refusal.not_of_a_case"),
        Refusal::Closed => say!(language, "refusal.closed"),
        Refusal::NotClosed => say!(language, "refusal.not_closed"),
        Refusal::PassedOn { to } => say!(language, "refusal.passed_on", to = department(to)),
        Refusal::SameDepartment => say!(language, "refusal.same_department"),
        Refusal::NoSlips => say!(language, "refusal.no_slips"),
        Refusal::NoSlip => say!(language, "refusal.no_slip"),
        Refusal::AlreadyReceived => say!(language, "refusal.already_received"),
        Refusal::NotReceived => say!(language, "refusal.not_received"),
        Refusal::AlreadyReplied => say!(language, "refusal.already_replied"),
        Refusal::NoResult => say!(language, "refusal.no_result"),
        Refusal::NotTold => say!(language, "refusal.not_told"),
        Refusal::AlreadyTold => say!(language, "refusal.already_told"),
        Refusal::NotVisited => say!(language, "refusal.not_visited"),
        Refusal::PlainAnswerUnsigned => say!(language, "refusal.plain_answer_unsigned"),
        Refusal::NotChecked => say!(language, "refusal.not_checked"),
        Refusal::NotClear => say!(language, "refusal.not_clear"),
        Refusal::TryAgain { tried, needed } => say!(
            language,
            "refusal.try_again",
            tried = tried,
            needed = needed
        ),
        Refusal::MoreRounds { done, needed } => {
            say!(
                language,
                "refusal.more_rounds",
                done = done,
                needed = needed
            )
        }
        Refusal::CustomerSatisfied => say!(language, "refusal.customer_satisfied"),
        Refusal::NotAdopter { may } => {
            let names: Vec<String> = may.iter().map(person).collect();
            let who = names.join(language.separator());
            say!(language, "refusal.not_adopter", who = who)
        }
        Refusal::UnknownPack { .. } => say!(language, "refusal.unknown_pack"),
        Refusal::AnswersMissing { given, needed } => say!(
            language,
            "refusal.answers_missing",
            given = given,
            needed = needed
        ),
        Refusal::NotYours { may } if may.is_empty() => say!(language, "refusal.not_yours_at_all"),
        Refusal::NotYours { may } => {
            let names: Vec<String> = may.iter().map(person).collect();
            let who = names.join(language.separator());
            say!(language, "refusal.not_yours", who = who)
        }
        Refusal::NotYourDepartment { department: it } => say!(
            language,
            "refusal.not_your_department",
            department = department(it)
        ),
        Refusal::NotSupervisor { department: it } => say!(
            language,
            "refusal.not_supervisor",
            department = department(it)
        ),
        Refusal::NoPost { post: it } => {
            say!(language, "refusal.no_post", post = post(language, *it))
        }
        Refusal::Concerned { person: who } => {
            say!(language, "refusal.concerned", who = person(who))
        }
        Refusal::VisitorDidTheWork => say!(language, "refusal.visitor_did_the_work"),
        Refusal::VisitLacks { field: it } => say!(
            language,
            "refusal.visit_lacks",
            field = if *it == Field::CustomerPhone {
                say!(language, "act.visit_phone")
            } else {
                say!(language, "act.words")
            }
        ),
        Refusal::InScope { .. } => say!(language, "refusal.in_scope"),
        Refusal::CheckerDidTheWork { .. } => say!(language, "refusal.checker_did_the_work"),
        Refusal::NotInDepartment {
            person: who,
            department: it,
        } => say!(
            language,
            "refusal.not_in_department",
            who = person(who),
            department = department(it)
        ),
        Refusal::UnknownPerson { person: it } => {
            say!(language, "refusal.unknown_person", id = it)
        }
        Refusal::UnknownDepartment { department: it } => {
            say!(language, "refusal.unknown_department", id = it)
        }
        Refusal::UnknownCategory { category: it } => {
            say!(language, "refusal.unknown_category", id = it)
        }
        Refusal::UnknownPaper { paper: it } => say!(language, "refusal.unknown_paper", id = it),
        Refusal::UnknownEmergency { emergency: it } => {
            say!(language, "refusal.unknown_emergency", id = it)
        }
        Refusal::Missing { field: it } => {
            say!(language, "refusal.missing", field = field(language, *it))
        }
        Refusal::Incomplete { missing } => say!(
            language,
            "refusal.incomplete",
            fields = fields(language, missing)
        ),
        Refusal::NothingMissing => say!(language, "refusal.nothing_missing"),
        Refusal::ChildsData { field: it } => say!(
            language,
            "refusal.childs_data",
            field = field(language, *it)
        ),
        Refusal::OpinionMissing => say!(language, "refusal.opinion_missing"),
        Refusal::ReasonMissing { .. } => say!(language, "refusal.reason_missing"),
        Refusal::NameWhoWasAsked => say!(language, "refusal.name_who_was_asked"),
        Refusal::NeedsSignature => say!(language, "refusal.needs_signature"),
        Refusal::NobodyAsked => say!(language, "refusal.nobody_asked"),
        Refusal::TooManyAsked { limit } => say!(language, "refusal.too_many_asked", n = limit),
        Refusal::TooManyPhotos { limit } => say!(language, "refusal.too_many_photos", n = limit),
        Refusal::AskedLater => say!(language, "refusal.asked_later"),
        Refusal::ImpossibleTime { at } => {
            say!(language, "refusal.impossible_time", time = moment(*at))
        }
        Refusal::LateWithoutReason { allowed } => {
            say!(language, "refusal.late_without_reason", n = allowed.0)
        }
        Refusal::TooLong {
            field: it,
            chars,
            limit,
        } => say!(
            language,
            "refusal.too_long",
            field = field(language, *it),
            chars = chars,
            limit = limit
        ),
        Refusal::NotOwed { deadline } => {
            let task = act::task(language, *deadline);
            say!(language, "refusal.not_owed", task = task)
        }
        Refusal::NotGuided => say!(language, "refusal.not_guided"),
        Refusal::Promise { phrase } => say!(language, "refusal.promise", phrase = phrase),
        Refusal::AwaitingLeader => say!(language, "refusal.awaiting_leader"),
        Refusal::InDanger => say!(language, "refusal.in_danger"),
        Refusal::SameUrgency => say!(language, "refusal.same_urgency"),
        Refusal::LoweringIsForSupervisors { department: it } => say!(
            language,
            "refusal.lowering_is_for_supervisors",
            department = department(it)
        ),
        Refusal::Night { until } => say!(language, "refusal.night", time = moment(*until)),
        Refusal::SameResponder => say!(language, "refusal.same_responder"),
        Refusal::BreachUndecided => say!(language, "refusal.breach_undecided"),
        Refusal::ShiftPassedAlready => say!(language, "refusal.shift_passed_already"),
        Refusal::NoSuchShift => say!(language, "refusal.no_such_shift"),
        Refusal::Paused => say!(language, "refusal.paused"),
        Refusal::NotPaused => say!(language, "refusal.not_paused"),
        Refusal::RequestOpen => say!(language, "refusal.request_open"),
        Refusal::NoRequest => say!(language, "refusal.no_request"),
        Refusal::Expired { due } => say!(language, "refusal.expired", time = moment(*due)),
        Refusal::PostponedEnough { limit } => {
            say!(language, "refusal.postponed_enough", n = limit)
        }
        Refusal::NeedsConsent => say!(language, "refusal.needs_consent"),
        Refusal::CannotPause => say!(language, "refusal.cannot_pause"),
        Refusal::NotCoordinating => say!(language, "refusal.not_coordinating"),
        Refusal::AlreadyEscalated => say!(language, "refusal.already_escalated"),
        Refusal::NoJoining => say!(language, "refusal.no_joining"),
        Refusal::JoinedToItself => say!(language, "refusal.joined_to_itself"),
        Refusal::IsJoined { .. } => say!(language, "refusal.is_joined"),
        Refusal::NotJoined { .. } => say!(language, "refusal.not_joined"),
        Refusal::NotFromAbove => say!(language, "refusal.not_from_above"),
        Refusal::PastOuterLimit { until } => {
            say!(language, "refusal.past_outer_limit", time = moment(*until))
        }
        Refusal::TooLateToReturn { until } => {
            say!(
                language,
                "refusal.too_late_to_return",
                time = moment(*until)
            )
        }
        Refusal::SuggestionFateMissing => say!(language, "refusal.suggestion_fate_missing"),
        Refusal::NoProposal => say!(language, "refusal.no_proposal"),
        Refusal::AlreadyDecided => say!(language, "refusal.already_decided"),
        Refusal::OutOfRange { least, most } => {
            say!(language, "refusal.out_of_range", least = least, most = most)
        }
        Refusal::NotAssessed => say!(language, "refusal.not_assessed"),
        Refusal::NoFurtherCase => say!(language, "refusal.no_further_case"),
        Refusal::MayStillState { until } => {
            say!(language, "refusal.may_still_state", time = moment(*until))
        }
        Refusal::Lapsed { at } => say!(language, "refusal.lapsed", time = moment(*at)),
    }
}

fn post(language: Language, post: Post) -> String {
    match post {
        Post::Director => say!(language, "post.director"),
        Post::Quality => say!(language, "post.quality"),
        Post::Coordination => say!(language, "post.coordination"),
        Post::DirectorsDeputy => say!(language, "post.directors_deputy"),
    }
}

pub fn field(language: Language, field: Field) -> String {
    match field {
        Field::Matter => say!(language, "field.matter"),
        Field::CustomerName => say!(language, "field.customer_name"),
        Field::CustomerPhone => say!(language, "field.customer_phone"),
        Field::CustomerAddress => say!(language, "field.customer_address"),
        Field::Category => say!(language, "field.category"),
        Field::Channel => say!(language, "field.channel"),
        Field::Text => say!(language, "field.text"),
    }
}

pub fn fields(language: Language, missing: &[Field]) -> String {
    missing
        .iter()
        .map(|it| field(language, *it))
        .collect::<Vec<_>>()
        .join(language.separator())
}

/// The field of the record form that a refusal is about, where it should be shown.
pub const fn concerns(refusal: &Refusal) -> Option<Field> {
    if let Refusal::Missing { field }
    | Refusal::TooLong { field, .. }
    | Refusal::ChildsData { field } = refusal
    {
        Some(*field)
    } else if matches!(
        refusal,
        Refusal::LateWithoutReason { .. } | Refusal::Incomplete { .. }
    ) {
        Some(Field::Text)
    } else if matches!(refusal, Refusal::UnknownCategory { .. }) {
        Some(Field::Category)
    } else {
        None
    }
}
