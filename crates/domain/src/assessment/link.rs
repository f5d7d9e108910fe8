//! Whose link in the chain something was (A11): nobody answers for another link's time.

use super::{Account, Context, Judged};
use crate::case::{Case, End, Obligation, Owed, TraceKind};
use crate::id::{DepartmentId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// On whose account a missed obligation goes; a person only where it was theirs alone.
pub(super) fn of_missed(
    case: &Case,
    missed: &Obligation,
    due: Moment,
    context: Context<'_>,
) -> Account {
    let Owed { department, person } = held_at(case, missed, due, context);
    if is_contractor(&department, context)
        && is_work(missed.deadline)
        && was_rung(case, &department, missed.since, due)
    {
        return Account::Contract(department);
    }
    Account::Staff { department, person }
}

/// What a contractor does itself; the counterpart signs and names (T11).
const fn is_work(deadline: DeadlineId) -> bool {
    matches!(
        deadline,
        DeadlineId::Reply | DeadlineId::Completion | DeadlineId::AgreedTime
    )
}

/// Whether this contractor was contacted in time; another call outside is no call to it.
fn was_rung(case: &Case, contractor: &DepartmentId, since: Moment, due: Moment) -> bool {
    case.intake
        .outside_contacts
        .iter()
        .any(|it| it.contractor.as_ref() == Some(contractor) && since <= it.at && it.at <= due)
}

/// Who had it when it fell due. Where it changed hands on the way, no one person had the whole time.
fn held_at(case: &Case, missed: &Obligation, due: Moment, context: Context<'_>) -> Owed {
    if let Some((was, _)) = missed
        .before
        .first()
        .filter(|(_, moved_at)| *moved_at > due)
    {
        return was.clone();
    }
    let Owed { department, person } = missed.owed_by.clone();
    let person =
        person.filter(|_| missed.before.is_empty() && had_it_in_time(case, missed, due, context));
    let signs = matches!(
        missed.deadline,
        DeadlineId::Sign | DeadlineId::AssignHandler
    );
    let person = match person {
        None if signs || nobody_was_named(case, missed, due, context) => {
            sole_head(&department, context)
        }
        person => person,
    };
    Owed { department, person }
}

/// A handler answers for the answer only if named once and within the limit for naming one.
fn had_it_in_time(case: &Case, missed: &Obligation, due: Moment, context: Context<'_>) -> bool {
    let mut named = case
        .assessments
        .traces
        .iter()
        .filter(|it| matches!(it.kind, TraceKind::HandlerNamed(_)) && it.at >= missed.since);
    match (named.next(), named.next()) {
        (None, _) => true,
        (Some(once), None) if once.at <= due => case.obligations.iter().any(|it| {
            it.deadline == DeadlineId::AssignHandler
                && it.arose == missed.arose
                && (context.verdict)(case, it) == Judged::Met
        }),
        _ => false,
    }
}

/// Whoever had to name a handler surely named none in all that time.
fn nobody_was_named(case: &Case, missed: &Obligation, due: Moment, context: Context<'_>) -> bool {
    let was_named = case.assessments.traces.iter().any(|it| {
        matches!(it.kind, TraceKind::HandlerNamed(_)) && missed.since <= it.at && it.at <= due
    });
    !was_named
        && case.obligations.iter().any(|it| {
            it.deadline == DeadlineId::AssignHandler
                && it.arose == missed.arose
                && it.owed_by.department == missed.owed_by.department
                && (context.verdict)(case, it) == Judged::Missed
        })
}

/// The head, unless a deputy could have signed as well: then it cannot be told who was to.
fn sole_head(department: &DepartmentId, context: Context<'_>) -> Option<PersonId> {
    let directory = &context.rules.directory;
    let head = &directory.department(department)?.head;
    let has_deputy = directory.person(head)?.deputy.is_some();
    (!has_deputy).then(|| head.clone())
}

pub(super) fn is_contractor(department: &DepartmentId, context: Context<'_>) -> bool {
    context
        .rules
        .directory
        .department(department)
        .is_some_and(|it| it.contractor)
}

/// A person with the department they belong to by the directory, else the one given.
pub(super) fn of_person(
    person: &PersonId,
    otherwise: &DepartmentId,
    context: Context<'_>,
) -> Account {
    let department = context
        .rules
        .directory
        .person(person)
        .map_or_else(|| otherwise.clone(), |it| it.department.clone());
    Account::Staff {
        department,
        person: Some(person.clone()),
    }
}

/// Since when it stands that the person named was asked (F6): they recorded it themselves, agreed, or surely let the
/// time for objecting pass; none: it does not stand. What is put to somebody else (F5) says nothing of them.
pub(super) fn asked_since(case: &Case, context: Context<'_>) -> Option<Moment> {
    if case.intake.asked_objected {
        return None;
    }
    let named = Some(&case.record.first_responder);
    let mut since = case.recorded_at;
    for it in &case.obligations {
        let put_to = it.before.first().map_or(&it.owed_by, |(was, _)| was);
        let stands_at = if it.deadline == DeadlineId::DecideAsked {
            // After an objection it stands once the supervisor has said so.
            it.end?.at()
        } else if it.deadline == DeadlineId::ConfirmAsked && put_to.person.as_ref() == named {
            match it.end {
                Some(End::Met { at, .. }) => at,
                // Anybody could have claimed that they recorded it: there is nothing that silence would say.
                None if case.is_only_claimed() => return None,
                None if (context.verdict)(case, it) == Judged::Missed => {
                    context.rules.due(case, it).ok()?.at
                }
                Some(End::Lifted { .. }) | None => return None,
            }
        } else {
            continue;
        };
        since = since.max(stands_at);
    }
    Some(since)
}
