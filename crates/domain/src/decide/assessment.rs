//! Reports about those who answered, their own word, and the decision (A).

use super::refusal::Refusal;
use super::roles::{known, known_department};
use super::{On, needed, with_words};
use crate::event::{
    Content, CriticismRecorded, Event, Fact, Judgement, Praised, QuarrelReported, Stated,
};
use crate::hash::Hash;
use crate::id::{DepartmentId, PersonId};
use crate::moment::Moment;
use crate::rule::RuleId;

pub(super) fn report_quarrel(
    on: On<'_>,
    person: PersonId,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let department = known(on.rules(), &person)?.department.clone();
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::A2 })?;
    let fact = Fact::QuarrelReported(QuarrelReported { person, department });
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn record_criticism(
    on: On<'_>,
    department: DepartmentId,
    person: Option<PersonId>,
    said_at: Moment,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    known_department(on.rules(), &department)?;
    if let Some(it) = &person {
        known(on.rules(), it)?;
    }
    if said_at > on.acting.now {
        return Err(Refusal::ImpossibleTime { at: said_at });
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::A6 })?;
    let fact = Fact::CriticismRecorded(CriticismRecorded {
        department,
        person,
        said_at,
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// A12: nobody praises themselves.
pub(super) fn praise(
    on: On<'_>,
    person: PersonId,
    by_customer: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let department = known(on.rules(), &person)?.department.clone();
    if person == on.actor.id && !by_customer {
        return Err(Refusal::NotYours { may: Vec::new() });
    }
    let fact = Fact::Praised(Praised {
        person,
        department,
        by_customer,
    });
    Ok(vec![with_words(fact, text)])
}

/// A10: the person concerned says their side.
pub(super) fn state(on: On<'_>, proposal: Hash, text: String) -> Result<Vec<Event>, Refusal> {
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::A10 })?;
    let _ = on;
    let fact = Fact::Stated(Stated { proposal });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// A1–A11: only what the rules proposed, by whom the pack names, within its range.
pub(super) fn assess(
    on: On<'_>,
    proposal: Hash,
    judgement: Judgement,
    amount: Option<u32>,
    bulletin: bool,
    off_post: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let _ = (on, proposal, judgement, amount, bulletin, off_post, text);
    Err(Refusal::NoProposal)
}
