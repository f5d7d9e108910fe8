//! Commands on the slip's way (T), and on who answers and who stands in (F3, F7).

use std::collections::BTreeSet;

use super::refusal::Refusal;
use super::roles::{
    acts_for, by_day, directs, head_to_sign, holder, home, known, known_department, not_concerned,
    not_to_whom_it_concerns, stands_in, supervises, supervises_responder, supervisor,
};
use super::{On, bare, needed, with_words};
use crate::case::{Case, Stage};
use crate::command::Explained;
use crate::directory::Person;
use crate::event::{
    Contact, Content, Event, Fact, Field, HandedOver, HandlerNamed, Kind, Outcome, ReasonExplained,
    Received, Replied, ReportedToCoordination, ResultTold, Returned, ShiftPassed, ShiftTaken,
    ShirkingReported, Signed, Signing, Succeeded, SuccessionAccepted, SuccessionReason,
    SuggestionFate,
};
use crate::id::{DepartmentId, PersonId, ShiftId};
use crate::rule::RuleId;
use crate::rules::Rules;

pub(super) fn hand_over(
    on: On<'_>,
    to: DepartmentId,
    explained: Explained,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let rules = on.rules();
    if !rules.pack_of(on.case).slips {
        return Err(Refusal::NoSlips);
    }
    not_to_whom_it_concerns(&on.case.record.concerns, &to, rules)?;
    insisting_needs_a_reason(on, &to, &text)?;
    match &on.case.stage {
        Stage::Passed { department, .. } => {
            holder(on.case, on.actor)?;
            not_concerned(on.case, &on.actor.id)?;
            known_department(rules, &to)?;
            let opinion = needed(text, Refusal::OpinionMissing)?;
            let sender_head = signs_for(on, department);
            let fact = past_the_cap(on, sender_head.clone()).unwrap_or_else(|| {
                let supervisor = on.case.responder.supervisor.clone();
                Fact::HandedOver(HandedOver {
                    sender_head,
                    ..handed_over(department, to, supervisor, rules)
                })
            });
            Ok(with_receipt(on, Event::new(fact, Content::text(opinion))))
        }
        Stage::Own
        | Stage::Coordinating { .. }
        | Stage::Joined { .. }
        | Stage::Replied
        | Stage::Closed => {
            home(on.case, on.actor)?;
            own_work_needs_a_reason(on, &text)?;
            if let Some(coordination) = past_the_cap(on, None) {
                return Ok(vec![with_words(coordination, text)]);
            }
            if !rules.pack_of(on.case).slips {
                return Err(Refusal::NoSlips);
            }
            slip(
                &on.case.responder.department,
                to,
                explained,
                text,
                on.case.responder.supervisor.clone(),
                rules,
            )
        }
    }
}

/// T7: what one's own department should solve is passed on only with why it cannot.
fn own_work_needs_a_reason(on: On<'_>, text: &str) -> Result<(), Refusal> {
    let own = on.case.record.proper.as_ref() == Some(&on.case.responder.department);
    if own && text.trim().is_empty() {
        Err(Refusal::ReasonMissing { rule: RuleId::T7 })
    } else {
        Ok(())
    }
}

/// T5: to a department that has returned the slip, it goes again only with why.
fn insisting_needs_a_reason(on: On<'_>, to: &DepartmentId, text: &str) -> Result<(), Refusal> {
    let was_returned = on.case.moves.iter().any(|it| it.returned && it.from == *to);
    if was_returned && text.trim().is_empty() {
        Err(Refusal::ReasonMissing { rule: RuleId::T5 })
    } else {
        Ok(())
    }
}

/// T8: past the pack's cap the slip goes to coordination by itself, wherever it was sent. Every lead that was named
/// counts anew. Where coordination is whom it concerns (I11), or nobody, the slip goes on.
fn past_the_cap(on: On<'_>, sender_head: Option<PersonId>) -> Option<Fact> {
    let cap = on.rules().pack_of(on.case).max_moves;
    let n_moves = u32::try_from(on.case.n_moves_unsettled()).unwrap_or(u32::MAX);
    (n_moves >= cap)
        .then(|| to_coordination(on.case, on.rules(), true, sender_head).ok())
        .flatten()
}

/// Reported to the coordinating department (C1), by itself or by a person.
pub(super) fn to_coordination(
    case: &Case,
    rules: &Rules,
    automatic: bool,
    sender_head: Option<PersonId>,
) -> Result<Fact, Refusal> {
    let to = rules
        .directory
        .coordination
        .clone()
        .ok_or(Refusal::NoPost {
            post: super::refusal::Post::Coordination,
        })?;
    not_to_whom_it_concerns(&case.record.concerns, &to, rules)?;
    let head = rules.directory.department(&to).map(|it| it.head.clone());
    Ok(Fact::ReportedToCoordination(ReportedToCoordination {
        to,
        head,
        automatic,
        sender_head,
        supervisor_told: case.responder.supervisor.clone(),
    }))
}

fn handed_over(
    from: &DepartmentId,
    to: DepartmentId,
    supervisor_told: Option<PersonId>,
    rules: &Rules,
) -> HandedOver {
    let receiver = rules.directory.department(&to);
    HandedOver {
        from: from.clone(),
        head: receiver.map(|it| it.head.clone()),
        contractor: receiver.is_some_and(|it| it.contractor),
        to,
        supervisor_told,
        sender_head: None,
    }
}

/// T1 with I3: the reason is explained, the slip issued, the supervisor told at the same time.
pub(super) fn slip(
    from: &DepartmentId,
    to: DepartmentId,
    explained: Explained,
    text: String,
    supervisor: Option<PersonId>,
    rules: &Rules,
) -> Result<Vec<Event>, Refusal> {
    known_department(rules, &to)?;
    if *from == to {
        return Err(Refusal::SameDepartment);
    }
    Ok(vec![
        bare(reason_explained(explained, supervisor.as_ref())),
        with_words(
            Fact::HandedOver(handed_over(from, to, supervisor, rules)),
            text,
        ),
    ])
}

/// Who signs for a department, where it is not whoever acts (T6).
pub(super) fn signs_for(on: On<'_>, department: &DepartmentId) -> Option<PersonId> {
    let directory = &on.rules().directory;
    head_to_sign(department, on.actor, &on.case.record.concerns, directory)
}

/// I3: where the customer does not accept it, the supervisor is told.
pub(super) fn reason_explained(explained: Explained, supervisor: Option<&PersonId>) -> Fact {
    let understood = explained == Explained::Accepted;
    Fact::ReasonExplained(ReasonExplained {
        understood,
        supervisor_told: supervisor.filter(|_| !understood).cloned(),
    })
}

pub(super) fn receive(on: On<'_>) -> Result<Vec<Event>, Refusal> {
    let Stage::Passed { department, .. } = &on.case.stage else {
        return Err(Refusal::NoSlip);
    };
    holder(on.case, on.actor)?;
    not_concerned(on.case, &on.actor.id)?;
    Ok(vec![received(on, department)])
}

/// Who acts on a slip that nobody signed for has received it, and its head signs for that as well (T6).
fn with_receipt(on: On<'_>, then: Event) -> Vec<Event> {
    let receipt = match &on.case.stage {
        Stage::Passed {
            department,
            received: false,
            ..
        } => Some(received(on, department)),
        Stage::Own
        | Stage::Passed { .. }
        | Stage::Coordinating { .. }
        | Stage::Joined { .. }
        | Stage::Replied
        | Stage::Closed => None,
    };
    receipt.into_iter().chain([then]).collect()
}

fn received(on: On<'_>, department: &DepartmentId) -> Event {
    bare(Fact::Received(Received {
        department: department.clone(),
        head: signs_for(on, department),
    }))
}

pub(super) fn name_handler(on: On<'_>, handler: PersonId) -> Result<Vec<Event>, Refusal> {
    let Stage::Passed {
        department,
        handler: current,
        ..
    } = &on.case.stage
    else {
        return Err(Refusal::NoSlip);
    };
    holder(on.case, on.actor)?;
    if known(on.rules(), &handler)?.department != *department {
        return Err(Refusal::NotInDepartment {
            person: handler,
            department: department.clone(),
        });
    }
    not_concerned(on.case, &handler)?;
    not_concerned(on.case, &on.actor.id)?;
    if current.as_ref() == Some(&handler) {
        return Ok(Vec::new());
    }
    let named = Fact::HandlerNamed(HandlerNamed { handler });
    Ok(with_receipt(on, bare(named)))
}

pub(super) fn return_slip(on: On<'_>, opinion: String) -> Result<Vec<Event>, Refusal> {
    let Stage::Passed { department, .. } = &on.case.stage else {
        return Err(Refusal::NoSlip);
    };
    holder(on.case, on.actor)?;
    not_concerned(on.case, &on.actor.id)?;
    let opinion = needed(opinion, Refusal::OpinionMissing)?;
    let to = on
        .case
        .sender()
        .unwrap_or(&on.case.responder.department)
        .clone();
    let fact = Fact::Returned(Returned {
        from: department.clone(),
        to,
        sender_head: signs_for(on, department),
    });
    // The opinion stays on record as a return, so that coordination can find it to hold (A7).
    let returned = Event::new(fact, Content::text(opinion));
    let mut events = with_receipt(on, returned);
    events.extend(past_the_cap(on, None).map(bare));
    Ok(events)
}

pub(super) fn reply(
    on: On<'_>,
    outcome: Outcome,
    text: String,
    told: Option<Contact>,
    suggestion: Option<SuggestionFate>,
) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor)?;
    let holding = on.case.holder();
    not_concerned(on.case, &on.actor.id)?;
    let text = needed(text, Refusal::Missing { field: Field::Text })?;
    if on.case.record.kind == Kind::Suggestion && suggestion.is_none() {
        return Err(Refusal::SuggestionFateMissing);
    }
    let fact = Fact::Replied(Replied {
        department: holding.clone(),
        outcome,
        phrases: on.rules().phrases(&text, on.case.may_not_promise())?,
        suggestion: suggestion.filter(|_| on.case.record.kind == Kind::Suggestion),
        head: signs_for(on, holding),
    });
    let mut events = with_receipt(on, Event::new(fact, Content::text(text)));
    if let Some(how) = told {
        may_tell(on.case, holding, on.actor, on.rules())?;
        events.push(told_event(on, how, String::new())?);
    }
    Ok(events)
}

pub(super) fn tell(on: On<'_>, how: Contact, text: String) -> Result<Vec<Event>, Refusal> {
    let handling = on
        .case
        .result
        .as_ref()
        .map(|it| &it.department)
        .ok_or(Refusal::NoResult)?;
    may_tell(on.case, handling, on.actor, on.rules())?;
    Ok(vec![told_event(on, how, text)?])
}

fn told_event(on: On<'_>, how: Contact, text: String) -> Result<Event, Refusal> {
    if how == Contact::Call {
        by_day(on.case, on.acting)?;
    }
    let phrases = on.rules().phrases(&text, on.case.may_not_promise())?;
    Ok(with_words(
        Fact::ResultTold(ResultTold { how, phrases }),
        text,
    ))
}

/// F4: the first responder or the head of the handling department.
pub fn may_tell(
    case: &Case,
    handling: &DepartmentId,
    actor: &Person,
    rules: &Rules,
) -> Result<(), Refusal> {
    let head = rules
        .directory
        .department(handling)
        .map(|it| it.head.clone());
    let may: Vec<PersonId> = [case.responder.person.clone()]
        .into_iter()
        .chain(head)
        .collect();
    if may.iter().any(|it| acts_for(actor, it, &rules.directory)) || stands_in(case, actor) {
        Ok(())
    } else {
        Err(Refusal::NotYours { may })
    }
}

/// T6, V5: the head of the department or the named deputy.
/// All that is open of the kind is signed in one go; whom the matter concerns signs nothing (I11).
pub(super) fn sign(on: On<'_>, what: Signing) -> Result<Vec<Event>, Refusal> {
    not_concerned(on.case, &on.actor.id)?;
    let deadline = Case::signature(what);
    let open: BTreeSet<&DepartmentId> = on
        .case
        .open_obligations()
        .filter(|it| it.deadline == deadline)
        .map(|it| &it.owed_by.department)
        .collect();
    let Some(any) = open.first() else {
        return Err(Refusal::NotOwed { deadline });
    };
    let signed: Vec<Event> = open
        .iter()
        .filter(|it| signs(on, it).is_ok())
        .map(|it| {
            bare(Fact::Signed(Signed {
                department: (*it).clone(),
                what,
            }))
        })
        .collect();
    if signed.is_empty() {
        return Err(Refusal::NotSupervisor {
            department: (*any).clone(),
        });
    }
    Ok(signed)
}

/// The head or the deputy; for a head whom the matter concerns, only the director (I11).
fn signs(on: On<'_>, department: &DepartmentId) -> Result<(), Refusal> {
    let directory = &on.rules().directory;
    let head = directory.department(department).map(|it| &it.head);
    if head.is_some_and(|it| on.case.record.concerns.contains(it)) {
        directs(on.actor, directory)
    } else {
        supervises(on.actor, department, directory)
    }
}

/// T4: said by whoever met it, with what happened.
pub(super) fn report_shirking(
    on: On<'_>,
    department: DepartmentId,
    person: Option<PersonId>,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    known_department(on.rules(), &department)?;
    if let Some(it) = &person {
        known(on.rules(), it)?;
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::T4 })?;
    let fact = Fact::ShirkingReported(ShirkingReported { department, person });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// F7: whoever owes something here hands it to the next post.
pub(super) fn pass_shift(on: On<'_>, shift: ShiftId, to: PersonId) -> Result<Vec<Event>, Refusal> {
    known(on.rules(), &to)?;
    not_concerned(on.case, &to)?;
    let owes = on
        .case
        .open_obligations()
        .any(|it| it.owed_by.person.as_ref() == Some(&on.actor.id));
    if !owes || to == on.actor.id {
        return Err(Refusal::NotYours {
            may: on
                .case
                .open_obligations()
                .filter_map(|it| it.owed_by.person.clone())
                .collect(),
        });
    }
    Ok(vec![bare(Fact::ShiftPassed(ShiftPassed { shift, to }))])
}

pub(super) fn take_shift(on: On<'_>, shift: ShiftId) -> Result<Vec<Event>, Refusal> {
    let may: Vec<PersonId> = on
        .case
        .consents
        .shifts
        .iter()
        .filter(|it| it.shift == shift)
        .map(|it| it.to.clone())
        .collect();
    if may.is_empty() {
        Err(Refusal::NoSuchShift)
    } else if may.contains(&on.actor.id) {
        Ok(vec![bare(Fact::ShiftTaken(ShiftTaken { shift }))])
    } else {
        Err(Refusal::NotYours { may })
    }
}

/// F3: a supervisor's act, with a reason; none while a breach is undecided, unless the director consented.
pub(super) fn succeed(
    on: On<'_>,
    to: PersonId,
    reason: SuccessionReason,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let rules = on.rules();
    let wrongly_named = reason == SuccessionReason::WronglyNamed;
    let (responder, department) = if wrongly_named {
        (&on.case.record.first_responder, &on.case.record.department)
    } else {
        (&on.case.responder.person, &on.case.responder.department)
    };
    supervises_responder(on.actor, responder, department, &rules.directory)?;
    not_concerned(on.case, &on.actor.id)?;
    let successor = known(rules, &to)?;
    not_concerned(on.case, &to)?;
    let consented = on.case.consents.may_succeed();
    if !consented
        && !wrongly_named
        && rules.has_undecided_breach(on.case, on.acting.now, &on.acting.evidence)
    {
        return Err(Refusal::BreachUndecided);
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::F3 })?;
    let fact = Fact::Succeeded(Succeeded {
        department: successor.department.clone(),
        supervisor: supervisor(successor, &on.case.record.concerns, rules),
        to,
        reason,
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn accept_succession(on: On<'_>) -> Result<Vec<Event>, Refusal> {
    if on.actor.id != on.case.responder.person {
        return Err(Refusal::NotYours {
            may: vec![on.case.responder.person.clone()],
        });
    }
    Ok(vec![bare(Fact::SuccessionAccepted(SuccessionAccepted {}))])
}
