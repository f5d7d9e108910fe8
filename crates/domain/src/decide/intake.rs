//! Commands at the counter, on the phone and on the round (F, I).

use std::collections::BTreeSet;

use super::consent::{missed_by_the_customer, within_outer_limit};
use super::refusal::{Post, Refusal};
use super::roles::{
    director, holder, home, known, known_department, member, not_concerned,
    not_to_whom_it_concerns, supervises, supervises_responder, supervisor,
};
use super::transfer::{reason_explained, slip};
use super::{Acting, On, bare, needed, said, with_words};
use crate::case::{Claim, Photo};
use crate::command::{Circumstances, Explained, Next, RecordForm};
use crate::directory::Person;
use crate::event::{
    AgreedBecause, AnswerPublished, AnsweredAtOnce, Asked, AskedBefore, AskedConfirmed, Channel,
    Closed, ContactLogged, Content, EmergencyStep, EmergencyStepDone, Ending, Event, Fact, Field,
    FormCompleted, Guidance, Guided, GuidedReceived, IllegalActFound, Kind, MissingBecause,
    NoticeGiven, OutsideContacted, PhotoAdded, Recorded, RepeatMarked, ReportedToAuthority,
    ResultChecked, SecondTripMade, Takeaway, TakeawayGiven, TimeAgreed, Urgency, UrgencySet,
    WhomToSeeTold,
};
use crate::hash::Hash;
use crate::id::{CaseId, DepartmentId, EmergencyId, PaperId, PersonId};
use crate::limits;
use crate::moment::Moment;
use crate::pack::{Category, DeadlineId};
use crate::rule::RuleId;
use crate::rules::Rules;

pub(super) fn record(
    form: RecordForm,
    actor: &Person,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let rules = acting.rules;
    let category = rules
        .pack
        .category(&form.category)
        .ok_or_else(|| Refusal::UnknownCategory {
            category: form.category.clone(),
        })?;
    let needs_rescuer = emergency(form.more.urgency, form.more.emergency.as_ref(), rules)?;
    if form.matter.trim().is_empty() {
        return Err(Refusal::Missing {
            field: Field::Matter,
        });
    }
    let late = late(&form, acting)?;
    check_due_by(&form, category)?;
    let first = first_responder(&form, actor, category, rules)?;
    for person in &form.more.concerns {
        known(rules, person)?;
    }
    let content = Content {
        matter: said(form.matter),
        customer: said(form.customer),
        phone: said(form.phone),
        address: said(form.address),
        text: said(form.remark),
    };
    check_child(&content, form.more.under_14)?;
    let missing = missing(&content, category, &form.next, &form.more, rules);
    let public_area = form.more.public_area && category.public_area;
    check_incomplete(&missing, &content, public_area, &form.more)?;
    let supervisor = supervisor(first, &form.more.concerns, rules);
    let unnamed = content.customer.is_none() && content.phone.is_none();
    let more = form.more;
    let asked_before = match more.asked_before {
        Some((person, recorded_as)) => Some(AskedBefore {
            department: Some(known(rules, &person)?.department.clone()),
            person,
            recorded_as,
        }),
        None => None,
    };
    let recorded = Recorded {
        number: form.number,
        channel: form.channel,
        asked_at: form.asked_at,
        asked: form
            .asked
            .iter()
            .map(|it| rank(rules, it))
            .collect::<Result<_, _>>()?,
        first_responder: first.id.clone(),
        department: first.department.clone(),
        category: category.id.clone(),
        kind: category.kind,
        proper: category.department.clone(),
        missing_because: more.missing_because.filter(|_| !missing.is_empty()),
        missing,
        supervisor,
        urgency: more.urgency,
        late,
        public_area,
        under_14: more.under_14,
        concerns: more.concerns,
        asked_before,
        repeats: more.repeats,
        outer: more.outer,
        due_by: more.due_by,
        difficulty: more.difficulty,
        emergency: more.emergency,
        sensitive: category.sensitive,
        needs_rescuer,
        unnamed,
    };
    let photos = add_photos(more.photos, &[])?;
    let followed_by = following(form.next, &recorded, first, actor, category, rules)?;
    let recorded = Event::new(Fact::Recorded(recorded), content);
    let with_photos = [recorded].into_iter().chain(photos);
    Ok(with_photos.chain(followed_by).collect())
}

fn following(
    next: Next,
    recorded: &Recorded,
    first: &Person,
    actor: &Person,
    category: &Category,
    rules: &Rules,
) -> Result<Vec<Event>, Refusal> {
    let concerns = &recorded.concerns;
    match next {
        Next::Keep => Ok(Vec::new()),
        Next::AnswerAtOnce { text } => {
            answered_by_whom_it_concerns(concerns, &actor.id)?;
            takes_more_than_an_answer(category.kind)?;
            answer_at_once(text, false, category.sensitive, rules)
        }
        Next::HandOver {
            to,
            explained,
            text,
        } => {
            if !rules.pack.slips {
                return Err(Refusal::NoSlips);
            }
            not_to_whom_it_concerns(concerns, &to, rules)?;
            let own_work = category.department.as_ref() == Some(&first.department);
            if own_work && text.trim().is_empty() {
                return Err(Refusal::ReasonMissing { rule: RuleId::T7 });
            }
            let supervisor = recorded.supervisor.clone();
            slip(&first.department, to, explained, text, supervisor, rules)
        }
        Next::Guide { to, how } => {
            not_to_whom_it_concerns(concerns, &to, rules)?;
            Ok(vec![guided(to, how, rules)?])
        }
    }
}

/// Whether it is recorded late; a reason is needed then (I1). An emergency is acted on first (I14).
fn late(form: &RecordForm, acting: Acting<'_>) -> Result<bool, Refusal> {
    if form.asked_at > acting.now {
        return Err(Refusal::AskedLater);
    }
    let pack = &acting.rules.pack;
    let allowed = if form.more.urgency == Urgency::Emergency {
        pack.emergency_record_within
    } else {
        pack.late_record_after
    };
    let late = acting.now > form.asked_at + allowed;
    if late && form.remark.trim().is_empty() {
        return Err(Refusal::LateWithoutReason { allowed });
    }
    Ok(late)
}

/// I13: only an inspection says itself by when, and not before it asked.
fn check_due_by(form: &RecordForm, category: &Category) -> Result<(), Refusal> {
    let may_be = |at: Moment| category.kind == Kind::Inspection && at > form.asked_at;
    match form.more.due_by.filter(|it| !may_be(*it)) {
        Some(at) => Err(Refusal::ImpossibleTime { at }),
        None => Ok(()),
    }
}

/// I1: of a child under 14 the matter and an adult's contact only.
fn check_child(content: &Content, under_14: bool) -> Result<(), Refusal> {
    let given = [
        (Field::CustomerName, content.customer.is_some()),
        (Field::CustomerAddress, content.address.is_some()),
    ];
    match given.into_iter().find(|(_, given)| under_14 && *given) {
        Some((field, _)) => Err(Refusal::ChildsData { field }),
        None => Ok(()),
    }
}

/// I1: filed as incomplete only with why. An emergency is acted on first and owes the rest (I14); in a public area the
/// photo that stands for name and phone follows.
fn check_incomplete(
    missing: &[Field],
    content: &Content,
    public_area: bool,
    more: &Circumstances,
) -> Result<(), Refusal> {
    let is_explained = more.missing_because.is_some() || content.text.is_some();
    let missing: Vec<Field> = missing
        .iter()
        .copied()
        .filter(|it| !(public_area && photo_stands_for(*it)))
        .collect();
    if missing.is_empty() || is_explained || more.urgency == Urgency::Emergency {
        return Ok(());
    }
    Err(Refusal::Incomplete { missing })
}

/// In a public area (I1).
pub(crate) const fn photo_stands_for(field: Field) -> bool {
    matches!(field, Field::CustomerName | Field::CustomerPhone)
}

/// The required fields that are empty (I1).
fn missing(
    content: &Content,
    category: &Category,
    next: &Next,
    more: &Circumstances,
    rules: &Rules,
) -> Vec<Field> {
    let at_once = matches!(next, Next::AnswerAtOnce { .. });
    let required = rules.pack.required_fields.of(category.kind, at_once);
    let spared = |field: Field| match field {
        Field::CustomerName | Field::CustomerAddress => more.under_14,
        Field::Matter | Field::CustomerPhone | Field::Category | Field::Channel | Field::Text => {
            false
        }
    };
    required
        .iter()
        .copied()
        .filter(|it| is_missing(content, *it) && !spared(*it))
        .collect()
}

/// F2: the highest position of all who were asked; among equals the one who records, else the first named.
/// In a chat group without a person addressed it is the group's keeper on duty (F1). Never whom a report of wrongdoing
/// is about, who is not shown it (I11): then it is who records it, else the supervisor.
fn first_responder<'a>(
    form: &RecordForm,
    actor: &Person,
    category: &Category,
    rules: &'a Rules,
) -> Result<&'a Person, Refusal> {
    if form.asked.len() > limits::ASKED_PEOPLE {
        return Err(Refusal::TooManyAsked {
            limit: limits::ASKED_PEOPLE,
        });
    }
    let keeper = rules.directory.keeper.iter();
    let keeper = keeper.filter(|_| form.asked.is_empty() && form.channel == Channel::Message);
    let asked = form
        .asked
        .iter()
        .chain(keeper)
        .map(|it| known(rules, it))
        .collect::<Result<Vec<_>, _>>()?;
    let concerns = &form.more.concerns;
    let may_see = |it: &PersonId| category.kind != Kind::Report || !concerns.contains(it);
    if let Some(first) = highest(asked.iter().copied().filter(|it| may_see(&it.id)), actor) {
        return Ok(first);
    }
    let concerned = highest(asked.into_iter(), actor).ok_or(Refusal::NobodyAsked)?;
    if may_see(&actor.id) {
        return known(rules, &actor.id);
    }
    supervisor(concerned, concerns, rules)
        .ok_or(Refusal::NoPost {
            post: Post::Director,
        })
        .and_then(|it| known(rules, &it))
}

fn highest<'a>(
    asked: impl Iterator<Item = &'a Person> + Clone,
    actor: &Person,
) -> Option<&'a Person> {
    let highest = asked.clone().map(|it| it.rank).max()?;
    let mut equals = asked.filter(|it| it.rank == highest);
    equals
        .clone()
        .find(|it| it.id == actor.id)
        .or_else(|| equals.next())
}

fn rank(rules: &Rules, person: &PersonId) -> Result<Asked, Refusal> {
    known(rules, person).map(|it| Asked {
        person: it.id.clone(),
        rank: it.rank,
    })
}

/// Whether the emergency needs a lift rescuer; an emergency names one of the pack's list (I14).
fn emergency(
    urgency: Urgency,
    emergency: Option<&EmergencyId>,
    rules: &Rules,
) -> Result<bool, Refusal> {
    match (urgency, emergency) {
        (Urgency::Emergency, None) => Err(Refusal::ReasonMissing { rule: RuleId::I14 }),
        (_, Some(id)) => rules
            .pack
            .emergency(id)
            .map(|it| it.needs_rescuer)
            .ok_or_else(|| Refusal::UnknownEmergency {
                emergency: id.clone(),
            }),
        (Urgency::Ordinary | Urgency::Urgent, None) => Ok(false),
    }
}

/// I11: nobody settles on the spot what concerns themselves.
fn answered_by_whom_it_concerns(concerns: &[PersonId], actor: &PersonId) -> Result<(), Refusal> {
    if concerns.contains(actor) {
        Err(Refusal::Concerned {
            person: actor.clone(),
        })
    } else {
        Ok(())
    }
}

/// What an inspection gets is checked by a second person first (I13), and of a suggestion it is said what became (L4).
const fn takes_more_than_an_answer(kind: Kind) -> Result<(), Refusal> {
    match kind {
        Kind::Inspection => Err(Refusal::NotChecked),
        Kind::Suggestion => Err(Refusal::SuggestionFateMissing),
        Kind::Enquiry | Kind::Complaint | Kind::ServiceRequest | Kind::Formality | Kind::Report => {
            Ok(())
        }
    }
}

fn answer_at_once(
    text: String,
    clear: bool,
    may_not_promise: bool,
    rules: &Rules,
) -> Result<Vec<Event>, Refusal> {
    let text = needed(text, Refusal::Missing { field: Field::Text })?;
    let phrases = rules.phrases(&text, may_not_promise)?;
    let answered = AnsweredAtOnce { phrases, clear };
    Ok(vec![
        Event::new(Fact::AnsweredAtOnce(answered), Content::text(text)),
        bare(Fact::Closed(Closed {
            ending: Ending::AnsweredAtOnce,
            phrases: Vec::new(),
        })),
    ])
}

pub(super) fn answer_at_once_later(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    not_concerned(on.case, &on.actor.id)?;
    takes_more_than_an_answer(on.case.record.kind)?;
    // The customer said so when the notice was gone through (I4).
    let clear = on.case.intake.notices.last().map(|it| it.clear);
    if clear == Some(false) {
        return Err(Refusal::NotClear);
    }
    let clear = clear.is_some();
    answer_at_once(text, clear, on.case.may_not_promise(), on.rules())
}

pub(super) fn complete_form(
    on: On<'_>,
    customer: String,
    phone: String,
    address: String,
    missing_because: Option<MissingBecause>,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    let content = Content {
        customer: said(customer),
        phone: said(phone),
        address: said(address),
        ..Content::default()
    };
    check_child(&content, on.case.record.under_14)?;
    let missing: Vec<Field> = on
        .case
        .intake
        .missing
        .iter()
        .copied()
        .filter(|it| is_missing(&content, *it))
        .collect();
    if content.is_empty() && missing_because.is_none() && !missing.is_empty() {
        return Err(Refusal::Incomplete { missing });
    }
    let completed = FormCompleted {
        missing_because: missing_because.filter(|_| !missing.is_empty()),
        missing,
        named: content.customer.is_some() || content.phone.is_some(),
    };
    Ok(vec![Event::new(Fact::FormCompleted(completed), content)])
}

pub(super) fn confirm_asked(on: On<'_>, agrees: bool, text: String) -> Result<Vec<Event>, Refusal> {
    let fact = Fact::AskedConfirmed(AskedConfirmed { agrees });
    let is_claimed = on.case.claim == Some(Claim::Open);
    let is_asked = on.case.asked_to_confirm().contains(&on.actor.id)
        || (is_claimed && on.case.recorded_by == on.actor.id);
    // Whoever is gone says nothing any more.
    let is_gone = is_claimed && known(on.rules(), &on.case.recorded_by).is_err();
    if !is_asked && (is_gone || on.case.owes(DeadlineId::DecideAsked)) {
        return decide_asked(on, fact, agrees, text);
    }
    if !is_asked && is_claimed {
        return Err(Refusal::NotYours {
            may: on.case.asked_to_confirm(),
        });
    }
    if agrees {
        return Ok(vec![with_words(fact, text)]);
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::F6 })?;
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// F6: after an objection the supervisor says that it is right all the same, and why; that it is wrong is said by a
/// succession to whoever was asked.
fn decide_asked(on: On<'_>, fact: Fact, agrees: bool, text: String) -> Result<Vec<Event>, Refusal> {
    let named = &on.case.record;
    let directory = &on.rules().directory;
    supervises_responder(
        on.actor,
        &named.first_responder,
        &named.department,
        directory,
    )?;
    not_concerned(on.case, &on.actor.id)?;
    // Of one who answers for nothing, that the record is not theirs is all there is to say.
    let only_wrote = on.case.claim == Some(Claim::Open)
        && on.case.recorded_by != named.first_responder
        && !on.case.owes(DeadlineId::DecideAsked);
    if !agrees && !only_wrote {
        return Err(Refusal::NameWhoWasAsked);
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::F6 })?;
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn guide(on: On<'_>, to: DepartmentId, how: Guidance) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    not_to_whom_it_concerns(&on.case.record.concerns, &to, on.rules())?;
    Ok(vec![guided(to, how, on.rules())?])
}

fn guided(to: DepartmentId, how: Guidance, rules: &Rules) -> Result<Event, Refusal> {
    known_department(rules, &to)?;
    let head = rules.directory.department(&to).map(|it| it.head.clone());
    Ok(bare(Fact::Guided(Guided { to, how, head })))
}

pub(super) fn receive_guided(on: On<'_>) -> Result<Vec<Event>, Refusal> {
    let guided = on.case.intake.guided.as_ref().ok_or(Refusal::NotGuided)?;
    member(on.actor, &guided.to)?;
    not_concerned(on.case, &on.actor.id)?;
    Ok(vec![bare(Fact::GuidedReceived(GuidedReceived {
        department: guided.to.clone(),
        supervisor_told: on.case.responder.supervisor.clone(),
    }))])
}

pub(super) fn tell_whom_to_see(
    on: On<'_>,
    department: DepartmentId,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    known_department(on.rules(), &department)?;
    not_to_whom_it_concerns(&on.case.record.concerns, &department, on.rules())?;
    Ok(vec![bare(Fact::WhomToSeeTold(WhomToSeeTold {
        department,
    }))])
}

/// I8. A ticket from above goes back only within the sender's limit (C6).
pub(super) fn refer_outside(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    not_concerned(on.case, &on.actor.id)?;
    let category = on
        .rules()
        .pack_of(on.case)
        .category(&on.case.record.category);
    if let Some(category) = category.filter(|it| it.is_in_scope()) {
        return Err(Refusal::InScope {
            category: category.id.clone(),
        });
    }
    let return_by = on
        .case
        .coordination
        .outer
        .as_ref()
        .and_then(|it| it.return_by);
    if let Some(until) = return_by.filter(|it| on.acting.now > *it) {
        return Err(Refusal::TooLateToReturn { until });
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::I8 })?;
    let phrases = on.rules().phrases(&text, on.case.may_not_promise())?;
    let closed = Fact::Closed(Closed {
        ending: Ending::ReferredOutside,
        phrases,
    });
    Ok(vec![Event::new(closed, Content::text(text))])
}

pub(super) fn give_notice(
    on: On<'_>,
    papers: Vec<PaperId>,
    text: String,
    clear: bool,
) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    known_papers(on, &papers)?;
    let words = said(text);
    if papers.is_empty() && words.is_none() {
        return Err(Refusal::Missing { field: Field::Text });
    }
    let fact = Fact::NoticeGiven(NoticeGiven {
        papers,
        clear,
        more: words.is_some(),
    });
    Ok(vec![with_words(fact, words.unwrap_or_default())])
}

fn known_papers(on: On<'_>, papers: &[PaperId]) -> Result<(), Refusal> {
    let known = on
        .rules()
        .pack_of(on.case)
        .category(&on.case.record.category)
        .map_or(&[][..], |it| &it.papers);
    match papers
        .iter()
        .find(|it| !known.iter().any(|known| known.id == **it))
    {
        Some(paper) => Err(Refusal::UnknownPaper {
            paper: paper.clone(),
        }),
        None => Ok(()),
    }
}

pub(super) fn record_second_trip(
    on: On<'_>,
    papers: Vec<PaperId>,
    in_vain: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    known_papers(on, &papers)?;
    let words = said(text);
    if papers.is_empty() && !in_vain && words.is_none() {
        return Err(Refusal::ReasonMissing { rule: RuleId::I4 });
    }
    if in_vain && on.case.intake.agreed.is_empty() {
        return Err(Refusal::NotOwed {
            deadline: DeadlineId::AgreedTime,
        });
    }
    let fact = Fact::SecondTripMade(SecondTripMade {
        untold: papers.is_empty() && !in_vain,
        papers,
        in_vain,
    });
    Ok(vec![with_words(fact, words.unwrap_or_default())])
}

pub(super) fn contact_outside(
    on: On<'_>,
    contractor: Option<DepartmentId>,
    reached: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    if let Some(it) = &contractor {
        known_department(on.rules(), it)?;
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::I5 })?;
    let fact = Fact::OutsideContacted(OutsideContacted {
        contractor,
        reached,
    });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// The first agreed time is the customer's and the responsible person's alone; a further one needs consent (T10).
pub(super) fn agree_time(
    on: On<'_>,
    at: Moment,
    because: AgreedBecause,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    holder(on.case, on.actor).or_else(|_| home(on.case, on.actor))?;
    not_concerned(on.case, &on.actor.id)?;
    if at <= on.acting.now {
        return Err(Refusal::ImpossibleTime { at });
    }
    if on.case.n_postponed() > 0 {
        return Err(Refusal::NeedsConsent);
    }
    within_outer_limit(on, at)?;
    let fact = Fact::TimeAgreed(TimeAgreed {
        at,
        because,
        customer_until: missed_by_the_customer(on),
    });
    Ok(vec![with_words(fact, text)])
}

pub(super) fn mark_repeat(on: On<'_>, earlier: Option<CaseId>) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    if earlier == Some(on.case.id) {
        return Err(Refusal::JoinedToItself);
    }
    if earlier == on.case.intake.repeats {
        return Ok(Vec::new());
    }
    Ok(vec![bare(Fact::RepeatMarked(RepeatMarked { earlier }))])
}

pub(super) fn give_takeaway(on: On<'_>, form: Takeaway) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    Ok(vec![bare(Fact::TakeawayGiven(TakeawayGiven { form }))])
}

/// I13: a second person, never who did the work.
pub(super) fn check_result(on: On<'_>, right: bool, text: String) -> Result<Vec<Event>, Refusal> {
    let result = on.case.result.as_ref().ok_or(Refusal::NoResult)?;
    not_concerned(on.case, &on.actor.id)?;
    if result.by == on.actor.id {
        return Err(Refusal::CheckerDidTheWork { rule: RuleId::I13 });
    }
    let fact = Fact::ResultChecked(ResultChecked { right });
    if right {
        return Ok(vec![with_words(fact, text)]);
    }
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::I13 })?;
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// I14: anyone raises it; only a supervisor lowers it, with a reason.
pub(super) fn set_urgency(
    on: On<'_>,
    urgency: Urgency,
    kind: Option<EmergencyId>,
    reason: String,
) -> Result<Vec<Event>, Refusal> {
    let needs_rescuer = emergency(urgency, kind.as_ref(), on.rules())?;
    let reason = if urgency < on.case.urgency {
        let holder = on.case.holder();
        let home = &on.case.responder.department;
        supervises(on.actor, holder, &on.rules().directory)
            .or_else(|_| supervises(on.actor, home, &on.rules().directory))
            .map_err(|_| Refusal::LoweringIsForSupervisors {
                department: holder.clone(),
            })?;
        not_concerned(on.case, &on.actor.id)?;
        Some(needed(
            reason,
            Refusal::ReasonMissing { rule: RuleId::I14 },
        )?)
    } else {
        said(reason)
    };
    let fact = Fact::UrgencySet(UrgencySet {
        urgency,
        emergency: kind.filter(|_| urgency == Urgency::Emergency),
        needs_rescuer,
    });
    Ok(vec![with_words(fact, reason.unwrap_or_default())])
}

pub(super) fn emergency_step(
    on: On<'_>,
    step: EmergencyStep,
    done_at: Moment,
) -> Result<Vec<Event>, Refusal> {
    if done_at > on.acting.now || done_at < on.case.record.asked_at {
        return Err(Refusal::ImpossibleTime { at: done_at });
    }
    if step == EmergencyStep::DirectorTold {
        director(&on.rules().directory)?;
    }
    let fact = Fact::EmergencyStepDone(EmergencyStepDone { step, done_at });
    Ok(vec![bare(fact)])
}

pub(super) fn find_illegal_act(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    let _ = on;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::I15 })?;
    let fact = Fact::IllegalActFound(IllegalActFound {});
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn report_to_authority(on: On<'_>, text: String) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)
        .or_else(|_| member(on.actor, on.case.holder()))
        .or_else(|_| {
            supervises(
                on.actor,
                &on.case.responder.department,
                &on.rules().directory,
            )
        })?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::I15 })?;
    let fact = Fact::ReportedToAuthority(ReportedToAuthority {});
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// I1: the answer to an unnamed customer is published, or why not is recorded.
pub(super) fn publish_answer(
    on: On<'_>,
    published: bool,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::I1 })?;
    // Why it is not published is no word to the customer.
    let phrases = if published {
        on.rules().phrases(&text, on.case.may_not_promise())?
    } else {
        Vec::new()
    };
    let fact = Fact::AnswerPublished(AnswerPublished { published, phrases });
    Ok(vec![Event::new(fact, Content::text(text))])
}

/// V7: each once, and not those that the case has already.
pub(super) fn add_photos(photos: Vec<PhotoAdded>, known: &[Photo]) -> Result<Vec<Event>, Refusal> {
    if photos.len() > limits::PHOTOS {
        return Err(Refusal::TooManyPhotos {
            limit: limits::PHOTOS,
        });
    }
    let mut seen: BTreeSet<Hash> = known.iter().map(|it| it.photo).collect();
    let new = photos.into_iter().filter(|it| seen.insert(it.photo));
    Ok(new.map(|it| bare(Fact::PhotoAdded(it))).collect())
}

/// I3: what is not answered at once is explained, whether it stays here or the customer is guided on.
pub(super) fn explain(
    on: On<'_>,
    explained: Explained,
    text: String,
) -> Result<Vec<Event>, Refusal> {
    home(on.case, on.actor)?;
    let text = needed(text, Refusal::ReasonMissing { rule: RuleId::I3 })?;
    let fact = reason_explained(explained, on.case.responder.supervisor.as_ref());
    Ok(vec![Event::new(fact, Content::text(text))])
}

pub(super) fn log_contact(text: String) -> Vec<Event> {
    vec![with_words(Fact::ContactLogged(ContactLogged {}), text)]
}

/// Whether a field that a pack may require is empty (I1).
pub fn is_missing(content: &Content, field: Field) -> bool {
    match field {
        Field::Matter => content.matter.is_none(),
        Field::CustomerName => content.customer.is_none(),
        Field::CustomerPhone => content.phone.is_none(),
        Field::CustomerAddress => content.address.is_none(),
        Field::Text => content.text.is_none(),
        Field::Category | Field::Channel => false,
    }
}
