//! Who may do what, by the directory as found when acting. A deputy (AB角) acts for whom they stand in for.

use super::Acting;
use super::refusal::{Post, Refusal};
use crate::case::Case;
use crate::directory::{Directory, Person};
use crate::id::{DepartmentId, PersonId};
use crate::rules::Rules;

/// Acts of the first responder's side: they themselves, or a colleague of the department that answers beside them (F1).
pub(super) fn home(case: &Case, actor: &Person) -> Result<(), Refusal> {
    if actor.id == case.responder.person {
        Ok(())
    } else {
        member(actor, &case.responder.department)
    }
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

/// Whether `actor` is this person or their deputy.
pub fn acts_for(actor: &Person, person: &PersonId, directory: &Directory) -> bool {
    actor.id == *person
        || directory
            .person(person)
            .is_some_and(|it| it.deputy.as_ref() == Some(&actor.id))
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

/// The head of a department, unless `actor` signs for it already as head or deputy.
pub(super) fn head_to_sign(
    department: &DepartmentId,
    actor: &Person,
    directory: &Directory,
) -> Option<PersonId> {
    let head = &directory.department(department)?.head;
    (!acts_for(actor, head, directory)).then(|| head.clone())
}

/// The head of a person's department, unless that is the person.
pub(super) fn supervisor(person: &Person, rules: &Rules) -> Option<PersonId> {
    rules
        .directory
        .department(&person.department)
        .map(|it| it.head.clone())
        .filter(|it| *it != person.id)
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
