//! Acts, channels, endings and duties by their names.

use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{Fate, HeldReason, RefusedReason};
use shouwen_domain::event::{Channel, Contact, Ending, Fact, Finding, Kind, Outcome};
use shouwen_domain::pack::DeadlineId;

use super::{Language, department, person};
use crate::say;

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
    }
}

pub fn ending(language: Language, ending: Ending) -> String {
    match ending {
        Ending::AnsweredAtOnce => say!(language, "ending.answered_at_once"),
        Ending::Told => say!(language, "ending.told"),
        Ending::Satisfied => say!(language, "ending.satisfied"),
        Ending::NotReached => say!(language, "ending.not_reached"),
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
    }
}

/// One line of the timeline.
pub fn fact(language: Language, fact: &Fact, directory: &Directory) -> String {
    match fact {
        Fact::Recorded(it) => say!(
            language,
            "event.recorded",
            channel = channel(language, it.channel)
        ),
        Fact::AnsweredAtOnce(_) => say!(language, "event.answered_at_once"),
        Fact::ReasonExplained(it) if it.understood => say!(language, "event.reason_explained"),
        Fact::ReasonExplained(_) => say!(language, "event.reason_not_accepted"),
        Fact::HandedOver(it) => {
            let handed = say!(
                language,
                "event.handed_over",
                to = department(language, directory, &it.to)
            );
            match &it.supervisor_told {
                Some(who) => {
                    let told = say!(
                        language,
                        "event.told_supervisor",
                        who = person(directory, who)
                    );
                    format!("{handed}{}{told}", language.separator())
                }
                None => handed,
            }
        }
        Fact::Received(it) => {
            say!(
                language,
                "event.received",
                department = department(language, directory, &it.department)
            )
        }
        Fact::HandlerNamed(it) => say!(
            language,
            "event.handler_named",
            who = person(directory, &it.handler)
        ),
        Fact::Returned(it) => say!(
            language,
            "event.returned",
            to = department(language, directory, &it.to)
        ),
        Fact::Replied(it) => match it.outcome {
            Outcome::Solved => say!(language, "event.replied"),
            Outcome::PlainAnswer => say!(language, "event.replied_plain"),
        },
        Fact::ResultTold(it) => say!(
            language,
            "event.result_told",
            how = contact(language, it.how)
        ),
        Fact::Visited(it) => match it.finding {
            Finding::Satisfied => say!(language, "event.visited_satisfied"),
            Finding::NotSatisfied => say!(language, "event.visited_not_satisfied"),
            Finding::NotReached => say!(language, "event.visited_not_reached"),
        },
        Fact::Closed(it) => say!(
            language,
            "event.closed",
            ending = ending(language, it.ending)
        ),
    }
}

/// What became of an act, in a word; none: recorded here, not sent yet.
pub fn fate(language: Language, fate: Option<Fate>) -> String {
    match fate {
        None => say!(language, "fate.recorded"),
        Some(Fate::Accepted) => say!(language, "fate.accepted"),
        Some(Fate::Held(_)) => say!(language, "fate.held"),
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
        }),
        Fate::Refused(reason) => Some(match reason {
            RefusedReason::Malformed => say!(language, "refused_fate.malformed"),
            RefusedReason::TooLarge => say!(language, "refused_fate.too_large"),
            RefusedReason::NotYours => say!(language, "refused_fate.not_yours"),
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
