//! Reports about those who answered, their own word, and the decision (A).

use super::refusal::{Post, Refusal};
use super::roles::{directs, known, known_department, member, not_concerned, supervises};
use super::{Acting, On, needed, with_words};
use crate::assessment::{Context, Decider, Proposal, Standing, all, judge, standing};
use crate::case::Case;
use crate::event::{
    Assessed, Content, CriticismRecorded, Event, Fact, FurtherCaseReported, Judgement, Praised,
    QuarrelReported, Stated,
};
use crate::hash::Hash;
use crate::id::{DepartmentId, PersonId};
use crate::moment::Moment;
use crate::rule::RuleId;
use crate::rules::Rules;

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

/// A4: only where the pack names the case that the regulation leaves blank.
pub(super) fn report_further_case(
    on: On<'_>,
    department: DepartmentId,
    person: Option<PersonId>,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    if on.rules().pack_of(on.case).further_case().is_none() {
        return Err(Refusal::NoFurtherCase);
    }
    known_department(on.rules(), &department)?;
    if let Some(it) = &person {
        known(on.rules(), it)?;
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::A4 })?;
    let fact = Fact::FurtherCaseReported(FurtherCaseReported { department, person });
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

/// A10: the person concerned says their side; for a department its head does.
pub(super) fn state(
    on: On<'_>,
    proposal: Hash,
    again: &[Case],
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let it = open_proposal(on, proposal, again)?;
    let concerned = concerned(&it, on.rules()).ok_or(Refusal::NotYours { may: Vec::new() })?;
    if concerned != on.actor.id {
        return Err(Refusal::NotYours {
            may: vec![concerned],
        });
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::A10 })?;
    let fact = Fact::Stated(Stated { proposal });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// What the entitled person decides on a proposal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ruling {
    pub judgement: Judgement,
    pub amount: Option<u32>,
    pub bulletin: bool,
    pub off_post: bool,
}

/// A1–A11: only what the rules proposed, by whom the pack names, within its range.
pub(super) fn assess(
    on: On<'_>,
    proposal: Hash,
    again: &[Case],
    ruling: Ruling,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    let it = open_proposal(on, proposal, again)?;
    may_decide(on, &it)?;
    has_been_heard(on, &it)?;
    within_the_table(&it, ruling)?;
    alike_on_all_sides(on.case, &it, ruling)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::A10 })?;
    let fact = Fact::Assessed(Assessed {
        proposal,
        rule: it.rule,
        judgement: ruling.judgement,
        amount: ruling.amount,
        bulletin: ruling.bulletin,
        off_post: ruling.off_post,
        person: it.person,
        department: it.department,
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

fn open_proposal(on: On<'_>, key: Hash, again: &[Case]) -> Result<Proposal, Refusal> {
    let Acting {
        rules,
        now,
        evidence,
        ..
    } = on.acting;
    let context = Context {
        rules,
        now,
        verdict: &|case, it| judge(case, it, rules, now, &evidence),
        again,
    };
    if on
        .case
        .assessments
        .decisions
        .iter()
        .any(|it| it.proposal == key)
    {
        return Err(Refusal::AlreadyDecided);
    }
    let all = all(on.case, context);
    let it = all
        .iter()
        .find(|it| it.key == key)
        .ok_or(Refusal::NoProposal)?;
    match standing(it, &all, on.case, context) {
        Standing::Open => Ok(it.clone()),
        Standing::Decided => Err(Refusal::AlreadyDecided),
        Standing::Lapsed => Err(Refusal::Lapsed { at: it.lapses_at }),
        Standing::Waiting => Err(Refusal::NoProposal),
        Standing::NotAssessed => Err(Refusal::NotAssessed),
    }
}

fn head_of<'a>(department: &DepartmentId, rules: &'a Rules) -> Option<&'a PersonId> {
    rules.directory.department(department).map(|it| &it.head)
}

fn concerned(it: &Proposal, rules: &Rules) -> Option<PersonId> {
    it.person
        .clone()
        .or_else(|| head_of(&it.department, rules).cloned())
}

/// Never whom it is against, a department's head for the department; never whom the complaint is about (I11). What is
/// against a head, or against quality control itself, is for the director.
fn may_decide(on: On<'_>, it: &Proposal) -> Result<(), Refusal> {
    let rules = on.rules();
    let concerned = concerned(it, rules);
    if concerned.as_ref() == Some(&on.actor.id) {
        return Err(Refusal::Concerned {
            person: on.actor.id.clone(),
        });
    }
    not_concerned(on.case, &on.actor.id)?;
    let directory = &rules.directory;
    let is_against_head = concerned.as_ref() == head_of(&it.department, rules);
    match it.decided_by {
        Decider::Director => directs(on.actor, directory),
        Decider::Quality => {
            let quality = directory.quality.as_ref().ok_or(Refusal::NoPost {
                post: Post::Quality,
            })?;
            if it.department == *quality {
                directs(on.actor, directory)
            } else {
                member(on.actor, quality)
            }
        }
        Decider::Supervisor if is_against_head => directs(on.actor, directory),
        Decider::Supervisor => supervises(on.actor, &it.department, directory),
    }
}

/// A10: after the statement, or once the time for it is over.
fn has_been_heard(on: On<'_>, it: &Proposal) -> Result<(), Refusal> {
    let stated = on
        .case
        .assessments
        .statements
        .iter()
        .any(|made| made.proposal == it.key);
    let until = it.state_by.unwrap_or(it.lapses_at);
    if stated || on.acting.now > until {
        Ok(())
    } else {
        Err(Refusal::MayStillState { until })
    }
}

/// A10: a range is decided within the range, and nothing follows that the line does not hold.
fn within_the_table(it: &Proposal, ruling: Ruling) -> Result<(), Refusal> {
    let upheld = ruling.judgement == Judgement::Upheld;
    let (least, most) = it.amount.filter(|_| upheld).unwrap_or((0, 0));
    let amount = ruling.amount.unwrap_or(0);
    let more_than_upheld = (ruling.bulletin && !(upheld && it.bulletin))
        || (ruling.off_post && !(upheld && it.off_post));
    if more_than_upheld || amount < least || amount > most {
        Err(Refusal::OutOfRange { least, most })
    } else {
        Ok(())
    }
}

/// A7: what one side got, the other gets.
fn alike_on_all_sides(case: &Case, it: &Proposal, ruling: Ruling) -> Result<(), Refusal> {
    let unlike = case
        .assessments
        .decisions
        .iter()
        .filter(|made| it.sides.contains(&made.proposal))
        .find(|made| {
            (made.judgement, made.bulletin, made.off_post)
                != (ruling.judgement, ruling.bulletin, ruling.off_post)
                || made.amount.unwrap_or(0) != ruling.amount.unwrap_or(0)
        });
    match unlike {
        Some(made) => {
            let amount = made.amount.unwrap_or(0);
            Err(Refusal::OutOfRange {
                least: amount,
                most: amount,
            })
        }
        None => Ok(()),
    }
}
