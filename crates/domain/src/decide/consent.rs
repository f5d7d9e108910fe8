//! Asking for consent and giving it: pauses, extensions, completion deadlines, further agreed times.

use super::refusal::Refusal;
use super::roles::{
    acts_for, by_day, director, directors_deputy, directs, holder, home, is_director,
    may_answer_for, not_concerned, supervises,
};
use super::{On, bare, needed, with_words};
use crate::case::RequestMade;
use crate::event::{
    Consented, Contact, Content, DelayTold, Event, Fact, Request, Requested, Resumed,
};
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
        holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    }
    not_concerned(on.case, &on.actor.id)?;
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
    let to_the_director =
        request == Request::Succession || (postpones(request) && on.case.n_postponed() > 0);
    let department = match request {
        Request::Extension(DeadlineId::ReturnVisit, _) => &on.case.responder.department,
        Request::Pause(..)
        | Request::Extension(..)
        | Request::Completion(_)
        | Request::AgreedTime(..)
        | Request::Succession => on.case.holder(),
    };
    let head = directory.department(department).map(|it| it.head.clone());
    let may_consent = |it: &PersonId| *it != on.actor.id && not_concerned(on.case, it).is_ok();
    if let Some(head) = head.filter(|it| !to_the_director && may_consent(it)) {
        return Ok((head, department.clone()));
    }
    // Nobody consents to their own request, nor whom the matter concerns (I11): a head's goes to the director, the
    // director's to their deputy.
    let director = director(directory)?;
    if may_consent(&director.id) {
        return Ok((director.id.clone(), director.department.clone()));
    }
    let deputy = directors_deputy(director, directory)?;
    if !may_consent(&deputy.id) {
        not_concerned(on.case, &director.id)?;
        not_concerned(on.case, &deputy.id)?;
    }
    Ok((deputy.id.clone(), deputy.department.clone()))
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
    if let Some(at) = moved_to(request) {
        within_outer_limit(on, at)?;
    }
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
            running(on)?;
            future(until)?;
            extendable(deadline)?;
            if due(on, deadline).is_some_and(|due| until <= due) {
                return Err(Refusal::ImpossibleTime { at: until });
            }
            before_it_is_due(on, deadline)
        }
        Request::Completion(at) => {
            running(on)?;
            future(at)?;
            before_it_is_due(on, DeadlineId::Reply)
        }
        Request::Succession => Ok(()),
    }
}

const fn postpones(request: Request) -> bool {
    matches!(request, Request::Pause(..) | Request::AgreedTime(..))
}

fn n_postponed(on: On<'_>) -> u32 {
    u32::try_from(on.case.n_postponed()).unwrap_or(u32::MAX)
}

/// When the customer is to have the result, if it is granted.
const fn moved_to(request: Request) -> Option<Moment> {
    match request {
        Request::Pause(_, until) => until,
        Request::AgreedTime(at, _)
        | Request::Completion(at)
        | Request::Extension(DeadlineId::Reply | DeadlineId::Completion, at) => Some(at),
        Request::Extension(..) | Request::Succession => None,
    }
}

/// C6: of our limits and the sender's the earliest binds, so nothing is put off past the answer that the sender waits for.
pub(super) fn within_outer_limit(on: On<'_>, at: Moment) -> Result<(), Refusal> {
    let reply_by = on
        .case
        .open_obligations()
        .filter(|it| it.deadline == DeadlineId::OuterReply)
        .find_map(|it| it.until);
    match reply_by.filter(|it| at > *it) {
        Some(until) => Err(Refusal::PastOuterLimit { until }),
        None => Ok(()),
    }
}

/// T10: pauses and newly agreed times are limited.
fn enough(on: On<'_>) -> Result<(), Refusal> {
    let limit = on.rules().pack_of(on.case).max_postponed;
    if n_postponed(on) >= limit {
        Err(Refusal::PostponedEnough { limit })
    } else {
        Ok(())
    }
}

/// Never on the hour for passing on, never in an emergency; a moment set by hand is set anew instead.
fn pausable(on: On<'_>) -> Result<(), Refusal> {
    let can_pause = on
        .case
        .open_obligations()
        .any(|it| it.deadline.can_pause() && it.until.is_none());
    if on.case.intake.in_danger || !can_pause {
        Err(Refusal::CannotPause)
    } else {
        Ok(())
    }
}

/// A clock that stands still is due at no moment that could be moved: it runs on first.
fn running(on: On<'_>) -> Result<(), Refusal> {
    match on.case.pause_at(on.acting.now) {
        Some(_) => Err(Refusal::Paused),
        None => Ok(()),
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
    match due(on, deadline).filter(|due| on.acting.now > *due) {
        Some(due) => Err(Refusal::Expired { due }),
        None => Ok(()),
    }
}

fn due(on: On<'_>, deadline: DeadlineId) -> Option<Moment> {
    on.case
        .open_obligations()
        .filter(|it| it.deadline == deadline)
        .filter_map(|it| on.rules().due(on.case, it).ok())
        .map(|it| it.at)
        .min()
}

pub(super) fn consent(
    on: On<'_>,
    request: EnvelopeId,
    granted: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let made = on.case.open_request(request).ok_or(Refusal::NoRequest)?;
    if !may_answer(on, made) || on.actor.id == made.by {
        return Err(Refusal::NotYours {
            may: vec![made.of.clone()],
        });
    }
    not_concerned(on.case, &on.actor.id)?;
    let fact = Fact::Consented(Consented {
        request,
        granted,
        customer_until: granted.then(|| customer_until(on, made.request)).flatten(),
        postponed_before: (granted && postpones(made.request)).then(|| n_postponed(on)),
    });
    if !granted {
        let text = needed(text, Refusal::ReasonMissing { rule: RuleId::T9 })?;
        return Ok(vec![Event::new(fact, Content::text(text))]);
    }
    if let Some(at) = moved_to(made.request) {
        within_outer_limit(on, at)?;
    }
    match made.request {
        Request::Extension(deadline, _) => {
            running(on)?;
            before_it_is_due(on, deadline)?;
        }
        Request::Completion(_) => {
            running(on)?;
            before_it_is_due(on, DeadlineId::Reply)?;
        }
        Request::Pause(..) => {
            pausable(on)?;
            still_enough(on)?;
        }
        Request::AgreedTime(..) => still_enough(on)?,
        Request::Succession => {}
    }
    Ok(vec![with_words(fact, text)])
}

/// Another postponement may have been granted since it was asked for: the limit holds, and so does whose consent the
/// second one takes (T10).
fn still_enough(on: On<'_>) -> Result<(), Refusal> {
    enough(on)?;
    if on.case.n_postponed() > 0 {
        directs(on.actor, &on.rules().directory)?;
    }
    Ok(())
}

/// Whoever was asked, the deputy, whoever has the post by now, or the director; to a succession the director alone.
fn may_answer(on: On<'_>, made: &RequestMade) -> bool {
    let directory = &on.rules().directory;
    let department = on
        .case
        .open_obligations()
        .find(|it| it.deadline == DeadlineId::Consent && it.arose == made.envelope)
        .map(|it| &it.owed_by.department)
        .filter(|_| made.request != Request::Succession);
    match department {
        Some(department) => may_answer_for(on.actor, &made.of, department, directory),
        None => acts_for(on.actor, &made.of, directory) || is_director(on.actor, directory),
    }
}

/// T10: the customer's clock goes on until the work was consented to take, and never ends earlier for it.
fn customer_until(on: On<'_>, request: Request) -> Option<Moment> {
    match request {
        Request::Extension(DeadlineId::Reply | DeadlineId::Completion, until)
        | Request::Completion(until) => due(on, DeadlineId::Customer)
            .filter(|it| *it >= on.acting.now)
            .map(|it| it.max(until)),
        Request::AgreedTime(..) => missed_by_the_customer(on),
        Request::Extension(..) | Request::Pause(..) | Request::Succession => None,
    }
}

/// When the customer's clock was up, where that is over: what was missed stays missed, whatever is agreed now (T10).
pub(super) fn missed_by_the_customer(on: On<'_>) -> Option<Moment> {
    due(on, DeadlineId::Customer).filter(|it| *it < on.acting.now)
}

/// T10: what was consented to is told to the customer, by either side.
pub(super) fn tell_delay(on: On<'_>, how: Contact, text: String) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    if how == Contact::Call {
        by_day(on.case, on.acting)?;
    }
    let phrases = on.rules().phrases(&text, on.case.may_not_promise())?;
    Ok(vec![with_words(
        Fact::DelayTold(DelayTold { how, phrases }),
        text,
    )])
}

pub(super) fn resume(on: On<'_>) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    Ok(vec![bare(Fact::Resumed(Resumed {}))])
}
