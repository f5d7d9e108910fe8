//! Asking for consent and giving it: pauses, extensions, completion deadlines, further agreed times.

use super::refusal::Refusal;
use super::roles::{acts_for, director, home, known, member, supervises};
use super::{On, bare, needed, with_words};
use crate::event::{Consented, Content, Event, Fact, Request, Requested, Resumed};
use crate::id::{DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::rule::RuleId;

/// Whoever has the case asks; the supervisor's consent, or from the second postponement on the director's (T10).
pub(super) fn ask(on: On<'_>, request: Request, text: String) -> Result<Vec<Event>, Refusal> {
    if request == Request::Succession {
        supervises(
            on.actor,
            &on.case.responder.department,
            &on.rules().directory,
        )?;
    } else {
        member(on.actor, on.case.holder()).or_else(|_| home(on.case, on.actor))?;
    }
    check(on, request)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::T9 })?;
    let (of, of_department) = consent_of(on, request)?;
    let asked = Event::new(
        Fact::Requested(Requested {
            request,
            of,
            of_department,
        }),
        Content::text(text),
    );
    Ok(vec![asked])
}

/// Whose consent it takes.
fn consent_of(on: On<'_>, request: Request) -> Result<(PersonId, DepartmentId), Refusal> {
    let directory = &on.rules().directory;
    let postpones = matches!(request, Request::Pause(..) | Request::AgreedTime(..));
    let to_the_director =
        request == Request::Succession || (postpones && on.case.n_postponed() > 0);
    let head = directory
        .department(&on.actor.department)
        .map(|it| it.head.clone());
    match head.filter(|it| !to_the_director && *it != on.actor.id) {
        Some(head) => Ok((head, on.actor.department.clone())),
        // A head does not consent to their own request.
        None => director(directory).map(|it| (it.id.clone(), it.department.clone())),
    }
}

fn check(on: On<'_>, request: Request) -> Result<(), Refusal> {
    let now = on.acting.now;
    let future = |at: Moment| {
        if at > now {
            Ok(())
        } else {
            Err(Refusal::ImpossibleTime { at })
        }
    };
    match request {
        Request::Pause(_, until) => {
            enough(on)?;
            pausable(on)?;
            until.map_or(Ok(()), future)
        }
        Request::AgreedTime(at, _) => {
            enough(on)?;
            future(at)
        }
        Request::Extension(deadline, until) => {
            future(until)?;
            extendable(deadline)?;
            before_it_is_due(on, deadline)
        }
        Request::Completion(at) => {
            future(at)?;
            before_it_is_due(on, DeadlineId::Reply)
        }
        Request::Succession => Ok(()),
    }
}

/// T10: pauses and newly agreed times are limited.
fn enough(on: On<'_>) -> Result<(), Refusal> {
    let limit = on.rules().pack_of(on.case).max_postponed;
    if u32::try_from(on.case.n_postponed()).unwrap_or(u32::MAX) >= limit {
        Err(Refusal::PostponedEnough { limit })
    } else {
        Ok(())
    }
}

/// Never on the hour for passing on, never in an emergency.
fn pausable(on: On<'_>) -> Result<(), Refusal> {
    if on.case.intake.in_danger || !on.case.open_obligations().any(|it| it.deadline.can_pause()) {
        Err(Refusal::CannotPause)
    } else {
        Ok(())
    }
}

/// What the sender of a ticket, an emergency or the hour for passing on sets is not ours to move.
const fn extendable(deadline: DeadlineId) -> Result<(), Refusal> {
    if matches!(
        deadline,
        DeadlineId::Reply | DeadlineId::Completion | DeadlineId::ReturnVisit
    ) {
        Ok(())
    } else {
        Err(Refusal::CannotPause)
    }
}

/// An extension is approved before expiry (`time.md`).
fn before_it_is_due(on: On<'_>, deadline: DeadlineId) -> Result<(), Refusal> {
    let due = on
        .case
        .open_obligations()
        .filter(|it| it.deadline == deadline)
        .filter_map(|it| on.rules().due(on.case, it).ok())
        .map(|it| it.at)
        .min();
    match due.filter(|due| on.acting.now > *due) {
        Some(due) => Err(Refusal::Expired { due }),
        None => Ok(()),
    }
}

pub(super) fn consent(
    on: On<'_>,
    request: EnvelopeId,
    granted: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let made = on.case.open_request(request).ok_or(Refusal::NoRequest)?;
    known(on.rules(), &made.of)?;
    if !acts_for(on.actor, &made.of, &on.rules().directory) || on.actor.id == made.by {
        return Err(Refusal::NotYours {
            may: vec![made.of.clone()],
        });
    }
    let fact = Fact::Consented(Consented { request, granted });
    if !granted {
        let text = needed(text, Refusal::ReasonMissing { rule: RuleId::T9 })?;
        return Ok(vec![Event::new(fact, Content::text(text))]);
    }
    match made.request {
        Request::Extension(deadline, _) => before_it_is_due(on, deadline)?,
        Request::Completion(_) => before_it_is_due(on, DeadlineId::Reply)?,
        Request::Pause(..) => pausable(on)?,
        Request::AgreedTime(..) | Request::Succession => {}
    }
    Ok(vec![with_words(fact, text)])
}

pub(super) fn resume(on: On<'_>) -> Result<Vec<Event>, Refusal> {
    member(on.actor, on.case.holder()).or_else(|_| home(on.case, on.actor))?;
    Ok(vec![bare(Fact::Resumed(Resumed {}))])
}
