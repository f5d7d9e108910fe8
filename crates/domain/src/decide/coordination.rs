//! Commands where one department cannot settle it (C).

use super::refusal::Refusal;
use super::roles::{
    acts_for, director, directs, holder, home, known, known_department, may_answer_for, member,
    not_concerned, not_to_whom_it_concerns, stands_in,
};
use super::transfer::{signs_for, to_coordination};
use super::{On, bare, needed};
use crate::case::{Case, OneMatter, Stage};
use crate::event::{
    Content, Escalated, Event, Fact, Field, Instructed, Joined, LeadNamed, LeaderAnswered,
    OuterExtended, OuterLimit, OuterReplied, OuterSigned, PutToLeader, RejectedOutside,
    ResultTakenOver,
};
use crate::id::{CaseId, DepartmentId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::rule::RuleId;

/// C1: by whoever has the case, or the first responder's side.
pub(super) fn report(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    not_concerned(on.case, &on.actor.id)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::C1 })?;
    let has_it = matches!(on.case.stage, Stage::Passed { .. }) && holder(on.case, on.actor).is_ok();
    let sender_head = has_it.then(|| signs_for(on, on.case.holder())).flatten();
    let fact = to_coordination(on.case, on.rules(), false, sender_head)?;
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// C1: the coordinating department names one lead, and says whose ground for returning holds (A7).
pub(super) fn name_lead(
    on: On<'_>,
    lead: DepartmentId,
    upheld: Vec<DepartmentId>,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let rules = on.rules();
    member(on.actor, on.case.holder())?;
    not_concerned(on.case, &on.actor.id)?;
    known_department(rules, &lead)?;
    not_to_whom_it_concerns(&on.case.record.concerns, &lead, rules)?;
    if let Some(department) = upheld.iter().find(|it| {
        !on.case
            .moves
            .iter()
            .any(|slip| slip.returned && slip.from == **it)
    }) {
        return Err(Refusal::NotYourDepartment {
            department: department.clone(),
        });
    }
    let text = needed(text, Refusal::OpinionMissing)?;
    let receiver = rules.directory.department(&lead);
    let fact = Fact::LeadNamed(LeadNamed {
        head: receiver.map(|it| it.head.clone()),
        contractor: receiver.is_some_and(|it| it.contractor),
        lead,
        upheld,
        sender_head: signs_for(on, on.case.holder()),
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// C3: guessing is not answering; the customer is told when to expect the answer.
pub(super) fn put_to_leader(
    on: On<'_>,
    leader: PersonId,
    expected_at: Moment,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    let person = known(on.rules(), &leader)?;
    not_concerned(on.case, &leader)?;
    if leader == on.actor.id {
        return Err(Refusal::NotYours { may: Vec::new() });
    }
    if expected_at <= on.acting.now {
        return Err(Refusal::ImpossibleTime { at: expected_at });
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::C3 })?;
    let fact = Fact::PutToLeader(PutToLeader {
        leader_department: person.department.clone(),
        leader,
        expected_at,
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// C3: by the leader who was asked, whoever has the post by now, or the director.
pub(super) fn answer_as_leader(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    let directory = &on.rules().directory;
    let asked = || {
        on.case
            .open_obligations()
            .filter(|it| it.deadline == DeadlineId::LeaderAnswer)
    };
    let may = asked().any(|it| match &it.owed_by.person {
        Some(leader) => may_answer_for(on.actor, leader, &it.owed_by.department, directory),
        None => false,
    });
    if !may {
        return Err(Refusal::NotYours {
            may: asked().filter_map(|it| it.owed_by.person.clone()).collect(),
        });
    }
    not_concerned(on.case, &on.actor.id)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::C3 })?;
    let fact = Fact::LeaderAnswered(LeaderAnswered {});
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// C2: what reaches the director is marked escalated.
pub(super) fn escalate(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    let director = director(&on.rules().directory)?;
    not_concerned(on.case, &director.id)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::C2 })?;
    let fact = Fact::Escalated(Escalated {
        director: director.id.clone(),
        department: director.department.clone(),
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn instruct(
    on: On<'_>,
    department: Option<DepartmentId>,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let rules = on.rules();
    directs(on.actor, &rules.directory)?;
    not_concerned(on.case, &on.actor.id)?;
    if let Some(to) = &department {
        known_department(rules, to)?;
        not_to_whom_it_concerns(&on.case.record.concerns, to, rules)?;
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::C2 })?;
    let told = department
        .as_ref()
        .and_then(|it| rules.directory.department(it));
    let fact = Fact::Instructed(Instructed {
        head: told.map(|it| it.head.clone()),
        contractor: told.is_some_and(|it| it.contractor),
        department,
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn join(on: On<'_>, main: CaseId) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    not_concerned(on.case, &on.actor.id)?;
    if on.rules().pack_of(on.case).joined.is_none() {
        return Err(Refusal::NoJoining);
    }
    Ok(vec![bare(Fact::Joined(Joined { main }))])
}

/// C5: each complainant is told; what they are told is the main case's result.
pub(super) fn take_over_result(
    on: On<'_>,
    main: &Case,
    joined: &[Case],
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    let result = main.result.as_ref().ok_or(Refusal::NoResult)?;
    let matter = OneMatter::of(main, joined.iter().chain([on.case]));
    Ok(vec![bare(Fact::ResultTakenOver(ResultTakenOver {
        main: main.id,
        reply: result.envelope,
        department: result.department.clone(),
        outcome: result.outcome,
        in_sample: matter.is_visited(on.case.id, on.rules()),
        by: Some(result.by.clone()),
    }))])
}

/// C6: who signs for it is the first responder, or their deputy, or the post on duty.
pub(super) fn sign_outer(on: On<'_>) -> Result<Vec<Event>, Refusal> {
    let first = &on.case.responder.person;
    if !acts_for(on.actor, first, &on.rules().directory) && !stands_in(on.case, on.actor) {
        return Err(Refusal::NotYours {
            may: vec![first.clone()],
        });
    }
    Ok(vec![bare(Fact::OuterSigned(OuterSigned {}))])
}

/// C6: what was answered is what the customer was told, so there is a result first.
pub(super) fn reply_outer(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    let is_answered = on.case.result.is_some() || on.case.ending.is_some();
    if !is_answered {
        return Err(Refusal::NoResult);
    }
    let text = needed(text, Refusal::Missing { field: Field::Text })?;
    let fact = Fact::OuterReplied(OuterReplied {});
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// C6: only the sender extends; what they wrote is the reason.
pub(super) fn extend_outer(
    on: On<'_>,
    limit: OuterLimit,
    until: Moment,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::C6 })?;
    let fact = Fact::OuterExtended(OuterExtended { limit, until });
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn reject_outside(
    on: On<'_>,
    reply_by: Option<Moment>,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::C6 })?;
    let fact = Fact::RejectedOutside(RejectedOutside { reply_by });
    Ok(vec![Event::new(fact, Content::text(text))])
}
