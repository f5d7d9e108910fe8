//! Who may do what, by the directory as found when acting. A deputy (AB角) acts for whom they stand in for.

use super::Acting;
use super::refusal::{Post, Refusal};
use crate::case::Case;
use crate::directory::{Directory, Person};
use crate::event::Kind;
use crate::id::{DepartmentId, PersonId};
use crate::pack::DeadlineId;
use crate::rules::Rules;

/// Whether a person may be shown a case: whom a report of wrongdoing is about is not (I11).
pub fn may_see(case: &Case, person: &PersonId) -> bool {
    case.record.kind != Kind::Report || !case.record.concerns.contains(person)
}

/// Whether a person has to reach the customer of a case without asking for it: they owe something of it, as a deputy too,
/// or are its first responder or its handler while it is open. To others the customer's name and number are masked.
pub fn is_answerable(case: &Case, person: &Person, directory: &Directory) -> bool {
    let is_open = case.ending.is_none();
    let is_named = case.responder.person == person.id
        || stands_in(case, person)
        || case.handler() == Some(&person.id);
    let owes = case.open_obligations().any(|it| {
        let owed_by = it.owed_by.person.as_ref();
        it.owed_by.is_for(&person.id, &person.department)
            || owed_by.is_some_and(|by| falls_to_deputy(it.deadline, by, person, directory))
    });
    (is_open && is_named) || owes
}

/// Acts of the first responder's side: they themselves, whoever took over their shift (F7), or a colleague of
/// the department that answers beside them (F1).
pub(super) fn home(case: &Case, actor: &Person) -> Result<(), Refusal> {
    if actor.id == case.responder.person || stands_in(case, actor) {
        Ok(())
    } else {
        member(actor, &case.responder.department)
    }
}

/// Acts of whoever has the case: the department, or whoever took over a shift of it (F7).
pub(super) fn holder(case: &Case, actor: &Person) -> Result<(), Refusal> {
    let department = case.holder();
    let is_on_duty = case.consents.on_duty.values().any(|it| *it == actor.id);
    let has_it = || {
        case.open_obligations().any(|it| {
            it.owed_by.department == *department && it.owed_by.person.as_ref() == Some(&actor.id)
        })
    };
    if is_on_duty && has_it() {
        Ok(())
    } else {
        member(actor, department)
    }
}

/// The post on duty has what the first responder owes (F7).
pub(super) fn stands_in(case: &Case, actor: &Person) -> bool {
    *case.on_duty_for(&case.responder.person) == actor.id
}

pub(super) fn member(actor: &Person, department: &DepartmentId) -> Result<(), Refusal> {
    if actor.department == *department {
        Ok(())
    } else {
        Err(Refusal::NotYourDepartment {
            department: department.clone(),
        })
    }
}

/// The head of the department or the deputy; the director may do what a head may.
pub(super) fn supervises(
    actor: &Person,
    department: &DepartmentId,
    directory: &Directory,
) -> Result<(), Refusal> {
    let head = directory.department(department).map(|it| &it.head);
    let may =
        head.is_some_and(|it| acts_for(actor, it, directory)) || is_director(actor, directory);
    if may {
        Ok(())
    } else {
        Err(Refusal::NotSupervisor {
            department: department.clone(),
        })
    }
}

/// Whoever supervises a first responder: the head or the deputy; of a head, or of themselves, only the director.
pub(crate) fn supervises_responder(
    actor: &Person,
    responder: &PersonId,
    department: &DepartmentId,
    directory: &Directory,
) -> Result<(), Refusal> {
    supervises(actor, department, directory)?;
    let is_their_own = actor.id == *responder
        || directory
            .department(department)
            .is_some_and(|it| it.head == *responder);
    if is_their_own && !is_director(actor, directory) {
        Err(Refusal::NotSupervisor {
            department: department.clone(),
        })
    } else {
        Ok(())
    }
}

/// Whether `actor` is this person or their deputy.
pub fn acts_for(actor: &Person, person: &PersonId, directory: &Directory) -> bool {
    actor.id == *person
        || directory
            .person(person)
            .is_some_and(|it| it.deputy.as_ref() == Some(&actor.id))
}

/// Whether `actor` may say what somebody was asked to say in their post: they, their deputy, the director, or, once they
/// have left, whoever has the post by now.
pub(super) fn may_answer_for(
    actor: &Person,
    asked: &PersonId,
    department: &DepartmentId,
    directory: &Directory,
) -> bool {
    let has_left = directory.person(asked).is_none();
    acts_for(actor, asked, directory)
        || is_director(actor, directory)
        || (has_left && supervises(actor, department, directory).is_ok())
}

/// Whether what `owes` has to do stands on the list of this person, their deputy, as well: what a deputy may do for
/// them. What somebody says of themselves nobody says for them; what any colleague may do takes a colleague.
pub fn falls_to_deputy(
    deadline: DeadlineId,
    owes: &PersonId,
    deputy: &Person,
    directory: &Directory,
) -> bool {
    let is_personal = matches!(
        deadline,
        DeadlineId::Customer
            | DeadlineId::ConfirmAsked
            | DeadlineId::TakeShift
            | DeadlineId::AcceptSuccession
            | DeadlineId::State
    );
    let goes_with_the_post = matches!(
        deadline,
        DeadlineId::SignReceipt
            | DeadlineId::SignDispatch
            | DeadlineId::SignResult
            | DeadlineId::SignPlainAnswer
            | DeadlineId::DecideAsked
            | DeadlineId::Consent
            | DeadlineId::LeaderAnswer
            | DeadlineId::Instruct
            | DeadlineId::TellResult
            | DeadlineId::OuterSign
    );
    let is_deputy = deputy.id != *owes && acts_for(deputy, owes, directory);
    let is_colleague = || {
        let owes = directory.person(owes);
        owes.is_some_and(|it| it.department == deputy.department)
    };
    is_deputy && !is_personal && (goes_with_the_post || is_colleague())
}

pub(super) fn is_director(actor: &Person, directory: &Directory) -> bool {
    directory
        .director
        .as_ref()
        .is_some_and(|it| acts_for(actor, it, directory))
}

pub(super) fn directs(actor: &Person, directory: &Directory) -> Result<(), Refusal> {
    let director = director(directory)?;
    if acts_for(actor, &director.id, directory) {
        Ok(())
    } else {
        Err(Refusal::NotYours {
            may: vec![director.id.clone()],
        })
    }
}

pub(super) fn director(directory: &Directory) -> Result<&Person, Refusal> {
    directory
        .director
        .as_ref()
        .and_then(|it| directory.person(it))
        .ok_or(Refusal::NoPost {
            post: Post::Director,
        })
}

pub(super) fn directors_deputy<'a>(
    director: &Person,
    directory: &'a Directory,
) -> Result<&'a Person, Refusal> {
    director
        .deputy
        .as_ref()
        .and_then(|it| directory.person(it))
        .ok_or(Refusal::NoPost {
            post: Post::DirectorsDeputy,
        })
}

/// The head of a department, unless `actor` signs for it already as head or deputy. The place of a head whom the matter
/// concerns is taken by the director (I11).
pub(super) fn head_to_sign(
    department: &DepartmentId,
    actor: &Person,
    concerns: &[PersonId],
    directory: &Directory,
) -> Option<PersonId> {
    let head = &directory.department(department)?.head;
    let signs = [Some(head), directory.director.as_ref()]
        .into_iter()
        .flatten()
        .find(|it| !concerns.contains(it))?;
    (!acts_for(actor, signs, directory)).then(|| signs.clone())
}

/// The head of a person's department; the director where that is the person, or whom the matter concerns (I11).
pub(super) fn supervisor(
    person: &Person,
    concerns: &[PersonId],
    rules: &Rules,
) -> Option<PersonId> {
    let head = rules
        .directory
        .department(&person.department)
        .map(|it| &it.head);
    head.into_iter()
        .chain(&rules.directory.director)
        .find(|it| **it != person.id && !concerns.contains(it))
        .cloned()
}

pub(super) fn known<'a>(rules: &'a Rules, person: &PersonId) -> Result<&'a Person, Refusal> {
    rules
        .directory
        .person(person)
        .ok_or_else(|| Refusal::UnknownPerson {
            person: person.clone(),
        })
}

pub(super) fn known_department(rules: &Rules, department: &DepartmentId) -> Result<(), Refusal> {
    match rules.directory.department(department) {
        Some(_) => Ok(()),
        None => Err(Refusal::UnknownDepartment {
            department: department.clone(),
        }),
    }
}

/// Whom a complaint or a report is about neither handles nor verifies it (I11).
pub(super) fn not_concerned(case: &Case, person: &PersonId) -> Result<(), Refusal> {
    if case.record.concerns.contains(person) {
        Err(Refusal::Concerned {
            person: person.clone(),
        })
    } else {
        Ok(())
    }
}

/// Where the head is concerned, the slip goes to nobody of that department (I11).
pub(super) fn not_to_whom_it_concerns(
    concerns: &[PersonId],
    to: &DepartmentId,
    rules: &Rules,
) -> Result<(), Refusal> {
    let head = rules.directory.department(to).map(|it| &it.head);
    match head.filter(|it| concerns.contains(it)) {
        Some(person) => Err(Refusal::Concerned {
            person: person.clone(),
        }),
        None => Ok(()),
    }
}

/// No calls to customers at night, emergencies excepted (F7).
pub(super) fn by_day(case: &Case, acting: Acting<'_>) -> Result<(), Refusal> {
    if case.urgency == crate::event::Urgency::Emergency {
        return Ok(());
    }
    match acting.rules.night_until(acting.now) {
        Some(until) => Err(Refusal::Night { until }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = include_str!("../../../../packs/demo-site.toml");

    #[test]
    fn a_deputy_sees_what_the_principal_owes_as_far_as_a_deputy_may_do_it() {
        let directory = Directory::parse("demo-site.toml", SITE).expect("the demo is in order");
        let id = |it: &str| it.parse::<PersonId>().expect("an id");
        let sees = |deputy: &str, deadline, owes: &str| {
            falls_to_deputy(
                deadline,
                &id(owes),
                &directory.people[&id(deputy)],
                &directory,
            )
        };
        // 李娜 stands in for 刘敏, of her own department.
        assert!(sees("li-na", DeadlineId::SignResult, "liu-min"));
        assert!(sees("li-na", DeadlineId::ReturnVisit, "liu-min"));
        assert!(!sees("li-na", DeadlineId::ConfirmAsked, "liu-min"));
        assert!(!sees("ma-jie", DeadlineId::SignResult, "liu-min"));
        assert!(!sees("liu-min", DeadlineId::SignResult, "li-na"));
        assert!(!sees("liu-min", DeadlineId::SignResult, "liu-min"));
        // 徐文博 stands in for 林志远, of another department.
        assert!(sees("xu-wenbo", DeadlineId::Instruct, "lin-zhiyuan"));
        assert!(!sees("xu-wenbo", DeadlineId::ReturnVisit, "lin-zhiyuan"));
    }
}
