//! Commands that verify a result and end a case (V).

use super::refusal::Refusal;
use super::roles::{by_day, directs, home, not_concerned, supervises};
use super::{On, bare, needed, with_words};
use crate::event::{
    Closed, Contact, Content, Ending, Event, Fact, Field, Finding, Reopened, SpotChecked,
    VisitWaived, Visited, WaivedBecause,
};
use crate::hash::Hash;
use crate::moment::Moment;
use crate::rule::RuleId;

pub(super) fn visit(
    on: On<'_>,
    how: Contact,
    finding: Finding,
    phone: String,
    words: String,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    not_concerned(on.case, &on.actor.id)?;
    if how == Contact::Call {
        by_day(on.case, on.acting)?;
    }
    let did_the_work = on
        .case
        .result
        .as_ref()
        .is_some_and(|it| it.by == on.actor.id);
    if did_the_work {
        return Err(Refusal::VisitorDidTheWork);
    }
    let content = Content {
        phone: super::said(phone),
        text: super::said(words),
        ..Content::default()
    };
    if finding != Finding::NotReached {
        check_visit(how, &content)?;
    }
    let this_try = (finding == Finding::NotReached).then_some(on.acting.now);
    let enough = this_try.is_some()
        && tries(on, this_try) >= on.rules().pack_of(on.case).return_visit_attempts;
    let fact = Fact::Visited(Visited {
        how,
        finding,
        enough,
    });
    Ok(vec![Event::new(fact, content)])
}

/// V6: what a customer who was reached said, and at which number.
fn check_visit(how: Contact, content: &Content) -> Result<(), Refusal> {
    let lacks = |field| Err(Refusal::VisitLacks { field });
    if how == Contact::Call && content.phone.is_none() {
        return lacks(Field::CustomerPhone);
    }
    if content.text.is_none() {
        return lacks(Field::Text);
    }
    Ok(())
}

/// V4: with a reason; an unnamed customer is one. Of joined complaints those outside the sample owe no visit anyway,
/// and those in it are visited (C5).
pub(super) fn waive_visit(
    on: On<'_>,
    because: WaivedBecause,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    not_concerned(on.case, &on.actor.id)?;
    let fact = Fact::VisitWaived(VisitWaived { because });
    match because {
        WaivedBecause::Unnamed if !on.case.is_unnamed() => {
            Err(Refusal::ReasonMissing { rule: RuleId::V4 })
        }
        WaivedBecause::NotInSample if !on.case.coordination.is_outside_sample => {
            Err(Refusal::ReasonMissing { rule: RuleId::C5 })
        }
        WaivedBecause::Unnamed | WaivedBecause::NotInSample => Ok(vec![with_words(fact, text)]),
        WaivedBecause::CustomerDeclined => {
            let text = needed(text, Refusal::ReasonMissing { rule: RuleId::V4 })?;
            Ok(vec![Event::new(fact, Content::text(text))])
        }
    }
}

/// V3: by a supervisor who did neither the work nor the visit.
pub(super) fn spot_check(
    on: On<'_>,
    seed: Hash,
    handling_true: bool,
    visit_true: Option<bool>,
    customer_asked: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let directory = &on.rules().directory;
    supervises(on.actor, &on.case.responder.department, directory)
        .or_else(|_| supervises(on.actor, on.case.holder(), directory))
        .or_else(|error| {
            let quality = directory.quality.as_ref();
            if quality == Some(&on.actor.department) {
                Ok(())
            } else {
                Err(error)
            }
        })?;
    not_concerned(on.case, &on.actor.id)?;
    let handled = on.case.result.as_ref().map(|it| &it.by);
    let visited = on.case.visits.last().map(|it| &it.by);
    if [handled, visited].contains(&Some(&on.actor.id)) {
        return Err(Refusal::CheckerDidTheWork { rule: RuleId::V3 });
    }
    let found_wrong = !handling_true || visit_true == Some(false);
    if found_wrong && text.trim().is_empty() {
        return Err(Refusal::ReasonMissing { rule: RuleId::V3 });
    }
    let fact = Fact::SpotChecked(SpotChecked {
        seed,
        handling_true,
        visit_true,
        customer_asked,
    });
    Ok(vec![with_words(fact, text)])
}

pub(super) fn close(on: On<'_>) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    not_concerned(on.case, &on.actor.id)?;
    let ending = match on.case.last_finding() {
        Some(Finding::Satisfied) => Ending::Satisfied,
        _ if on.case.verification.waived.is_some() => Ending::Waived,
        Some(Finding::NotReached) => {
            let pack = on.rules().pack_of(on.case);
            let needed = pack.return_visit_attempts;
            let tried = tries(on, None);
            if tried < needed {
                return Err(Refusal::TryAgain { tried, needed });
            }
            Ending::NotReached
        }
        Some(Finding::NotSatisfied) | None => Ending::Told,
    };
    Ok(vec![bare(Fact::Closed(Closed {
        ending,
        phrases: Vec::new(),
    }))])
}

/// V1: tries that did not reach the customer, with the one made now, those too close together counted once.
fn tries(on: On<'_>, now: Option<Moment>) -> u32 {
    let apart = on.rules().pack_of(on.case).return_visit_gap;
    let mut last: Option<Moment> = None;
    let mut n_tries = 0;
    let before = on
        .case
        .visits_since_result()
        .filter(|it| it.finding == Finding::NotReached)
        .map(|it| it.at);
    for at in before.chain(now) {
        if last.is_none_or(|last| at >= last + apart) {
            last = Some(at);
            n_tries += 1;
        }
    }
    n_tries
}

/// V5: still unsatisfied after the pack's rounds, the director may end it; counted apart.
pub(super) fn terminate(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    directs(on.actor, &on.rules().directory)?;
    not_concerned(on.case, &on.actor.id)?;
    let needed_rounds = on.rules().pack_of(on.case).max_rounds;
    let done = on.case.verification.n_rounds;
    if done < needed_rounds {
        return Err(Refusal::MoreRounds {
            done,
            needed: needed_rounds,
        });
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::V5 })?;
    let fact = Fact::Closed(Closed {
        ending: Ending::Terminated,
        phrases: Vec::new(),
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// V5: only new facts open it again, and they are said.
pub(super) fn reopen(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::V5 })?;
    not_concerned(on.case, &on.actor.id)?;
    let fact = Fact::Reopened(Reopened {});
    Ok(vec![Event::new(fact, Content::text(text))])
}
