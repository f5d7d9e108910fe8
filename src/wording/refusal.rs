//! Why something was not done, in the reader's words.

use shouwen_domain::Refusal;
use shouwen_domain::directory::Directory;
use shouwen_domain::event::Field;

use super::{Language, department, person};
use crate::say;

pub fn refusal(language: Language, refusal: &Refusal, directory: &Directory) -> String {
    let words = match refusal {
        Refusal::NotRecorded => say!(language, "refusal.not_recorded"),
        Refusal::AlreadyRecorded => say!(language, "refusal.already_recorded"),
        Refusal::Closed => say!(language, "refusal.closed"),
        Refusal::PassedOn { to } => say!(
            language,
            "refusal.passed_on",
            to = department(language, directory, to)
        ),
        Refusal::SameDepartment => say!(language, "refusal.same_department"),
        Refusal::NoSlip => say!(language, "refusal.no_slip"),
        Refusal::AlreadyReceived => say!(language, "refusal.already_received"),
        Refusal::NotReceived => say!(language, "refusal.not_received"),
        Refusal::AlreadyReplied => say!(language, "refusal.already_replied"),
        Refusal::NoResult => say!(language, "refusal.no_result"),
        Refusal::NotTold => say!(language, "refusal.not_told"),
        Refusal::AlreadyTold => say!(language, "refusal.already_told"),
        Refusal::NotVisited => say!(language, "refusal.not_visited"),
        Refusal::TryAgain { tried, needed } => say!(
            language,
            "refusal.try_again",
            tried = tried,
            needed = needed
        ),
        Refusal::NotYours { may } => {
            let names: Vec<String> = may.iter().map(|it| person(directory, it)).collect();
            say!(
                language,
                "refusal.not_yours",
                who = names.join(language.separator())
            )
        }
        Refusal::NotYourDepartment { department: it } => {
            say!(
                language,
                "refusal.not_your_department",
                department = department(language, directory, it)
            )
        }
        Refusal::VisitorDidTheWork => say!(language, "refusal.visitor_did_the_work"),
        Refusal::NotInDepartment {
            person: who,
            department: it,
        } => say!(
            language,
            "refusal.not_in_department",
            who = person(directory, who),
            department = department(language, directory, it)
        ),
        Refusal::UnknownPerson { person } => say!(language, "refusal.unknown_person", id = person),
        Refusal::UnknownDepartment { department } => {
            say!(language, "refusal.unknown_department", id = department)
        }
        Refusal::UnknownCategory { category } => {
            say!(language, "refusal.unknown_category", id = category)
        }
        Refusal::Missing { field: it } => {
            say!(language, "refusal.missing", field = field(language, *it))
        }
        Refusal::OpinionMissing => say!(language, "refusal.opinion_missing"),
        Refusal::NobodyAsked => say!(language, "refusal.nobody_asked"),
        Refusal::TooManyAsked { limit } => say!(language, "refusal.too_many_asked", n = limit),
        Refusal::AskedLater => say!(language, "refusal.asked_later"),
        Refusal::LateWithoutReason { allowed } => {
            say!(language, "refusal.late_without_reason", n = allowed.0)
        }
        Refusal::TooLong {
            field: it,
            chars,
            limit,
        } => {
            say!(
                language,
                "refusal.too_long",
                field = field(language, *it),
                chars = chars,
                limit = limit
            )
        }
    };
    match refusal.rule() {
        Some(rule) => format!("{words} {}", say!(language, "refusal.rule", rule = rule)),
        None => words,
    }
}

pub fn field(language: Language, field: Field) -> String {
    match field {
        Field::Matter => say!(language, "field.matter"),
        Field::CustomerName => say!(language, "field.customer_name"),
        Field::CustomerPhone => say!(language, "field.customer_phone"),
        Field::CustomerAddress => say!(language, "field.customer_address"),
        Field::Category => say!(language, "field.category"),
        Field::Channel => say!(language, "field.channel"),
        Field::Text => say!(language, "field.text"),
    }
}

pub fn fields(language: Language, missing: &[Field]) -> String {
    missing
        .iter()
        .map(|it| field(language, *it))
        .collect::<Vec<_>>()
        .join(language.separator())
}

/// The field of the record form that a refusal is about, where it should be shown.
pub const fn concerns(refusal: &Refusal) -> Option<Field> {
    match refusal {
        Refusal::Missing { field } | Refusal::TooLong { field, .. } => Some(*field),
        Refusal::LateWithoutReason { .. } => Some(Field::Text),
        Refusal::UnknownCategory { .. } => Some(Field::Category),
        Refusal::NotRecorded
        | Refusal::AlreadyRecorded
        | Refusal::Closed
        | Refusal::PassedOn { .. }
        | Refusal::SameDepartment
        | Refusal::NoSlip
        | Refusal::AlreadyReceived
        | Refusal::NotReceived
        | Refusal::AlreadyReplied
        | Refusal::NoResult
        | Refusal::NotTold
        | Refusal::AlreadyTold
        | Refusal::NotVisited
        | Refusal::TryAgain { .. }
        | Refusal::NotYours { .. }
        | Refusal::NotYourDepartment { .. }
        | Refusal::VisitorDidTheWork
        | Refusal::NotInDepartment { .. }
        | Refusal::UnknownPerson { .. }
        | Refusal::UnknownDepartment { .. }
        | Refusal::OpinionMissing
        | Refusal::NobodyAsked
        | Refusal::TooManyAsked { .. }
        | Refusal::AskedLater => None,
    }
}
