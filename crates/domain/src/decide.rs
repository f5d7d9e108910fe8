//! The one place where a command is obeyed or refused. Pure: time and identity come as arguments.

use std::fmt;

use crate::case::{Act, Case, Stage};
use crate::command::{Command, Explained, Next, RecordForm};
use crate::directory::Person;
use crate::event::{
    AnsweredAtOnce, Asked, Closed, Contact, Content, Ending, Event, Fact, Field, Finding,
    HandedOver, HandlerNamed, Outcome, ReasonExplained, Received, Recorded, Replied, ResultTold,
    Returned, Visited,
};
use crate::id::{CaseId, CategoryId, DepartmentId, EnvelopeId, PersonId};
use crate::limits;
use crate::moment::{Minutes, Moment};
use crate::rule::RuleId;
use crate::rules::Rules;

/// Who acts, when, under which texts.
#[derive(Debug, Clone, Copy)]
pub struct Acting<'a> {
    pub rules: &'a Rules,
    pub person: &'a PersonId,
    pub now: Moment,
}

/// Why a rule says no. Each names the rule it comes from: [`Refusal::rule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    NotRecorded,
    AlreadyRecorded,
    Closed,
    /// The case is with another department.
    PassedOn {
        to: DepartmentId,
    },
    /// A slip cannot go where it already is (T7).
    SameDepartment,
    NoSlip,
    AlreadyReceived,
    NotReceived,
    AlreadyReplied,
    NoResult,
    NotTold,
    AlreadyTold,
    /// A return visit is needed before the case is closed (V4).
    NotVisited,
    /// The customer was not reached often enough to end the case so (V1).
    TryAgain {
        tried: u32,
        needed: u32,
    },
    /// Only these people may do it.
    NotYours {
        may: Vec<PersonId>,
    },
    /// Only members of this department may do it.
    NotYourDepartment {
        department: DepartmentId,
    },
    /// Whoever did the work does not visit as well (V6).
    VisitorDidTheWork,
    NotInDepartment {
        person: PersonId,
        department: DepartmentId,
    },
    UnknownPerson {
        person: PersonId,
    },
    UnknownDepartment {
        department: DepartmentId,
    },
    UnknownCategory {
        category: CategoryId,
    },
    /// A required field is empty.
    Missing {
        field: Field,
    },
    /// An opinion is needed to return or pass on a slip (T4).
    OpinionMissing,
    NobodyAsked,
    TooManyAsked {
        limit: usize,
    },
    /// The asking is later than now.
    AskedLater,
    /// Recorded more than the allowed time after the asking: why, has to be said (I1).
    LateWithoutReason {
        allowed: Minutes,
    },
    TooLong {
        field: Field,
        chars: usize,
        limit: usize,
    },
}

impl Refusal {
    /// The rule that says no; none where it is not a rule but a limit or an unknown name.
    pub const fn rule(&self) -> Option<RuleId> {
        match self {
            Self::NotRecorded
            | Self::AlreadyRecorded
            | Self::Missing { .. }
            | Self::LateWithoutReason { .. } => Some(RuleId::I1),
            Self::Closed | Self::NoResult | Self::NotTold | Self::NotVisited => Some(RuleId::V4),
            Self::PassedOn { .. } | Self::NotYours { .. } => Some(RuleId::F3),
            Self::SameDepartment => Some(RuleId::T7),
            Self::NoSlip | Self::AlreadyReceived | Self::NotReceived => Some(RuleId::T6),
            Self::AlreadyReplied | Self::NotYourDepartment { .. } => Some(RuleId::T3),
            Self::AlreadyTold => Some(RuleId::F4),
            Self::TryAgain { .. } => Some(RuleId::V1),
            Self::VisitorDidTheWork => Some(RuleId::V6),
            Self::NotInDepartment { .. } => Some(RuleId::T2),
            Self::OpinionMissing => Some(RuleId::T4),
            Self::NobodyAsked | Self::TooManyAsked { .. } => Some(RuleId::F2),
            Self::AskedLater => Some(RuleId::F6),
            Self::UnknownPerson { .. }
            | Self::UnknownDepartment { .. }
            | Self::UnknownCategory { .. }
            | Self::TooLong { .. } => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule() {
            Some(rule) => write!(f, "Rule {rule} refuses this: {self:?}"),
            None => write!(f, "This is refused: {self:?}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The events that obey `command`, or the refusal. No events: the command changes nothing.
pub fn decide(
    case: Option<&Case>,
    command: Command,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let actor = known(acting.rules, acting.person)?;
    let events = match (case, command) {
        (None, Command::Record(form)) => record(*form, actor, acting)?,
        (Some(_), Command::Record(_)) => return Err(Refusal::AlreadyRecorded),
        (None, _) => return Err(Refusal::NotRecorded),
        (Some(case), Command::AnswerAtOnce { text }) => {
            home(case, actor)?;
            answer_at_once(text)?
        }
        (
            Some(case),
            Command::HandOver {
                to,
                explained,
                text,
            },
        ) => hand_over(case, &to, explained, text, actor, acting)?,
        (Some(case), Command::Receive) => receive(case, actor)?,
        (Some(case), Command::NameHandler { handler }) => {
            name_handler(case, handler, actor, acting)?
        }
        (Some(case), Command::Return { opinion }) => return_slip(case, opinion, actor)?,
        (
            Some(case),
            Command::Reply {
                outcome,
                text,
                told,
            },
        ) => reply(case, outcome, text, told, actor, acting)?,
        (Some(case), Command::TellResult { how, text }) => tell(case, how, text, actor, acting)?,
        (
            Some(case),
            Command::Visit {
                how,
                finding,
                words,
            },
        ) => visit(case, how, finding, words, actor)?,
        (Some(case), Command::Close) => close(case, actor, acting)?,
    };
    check_lengths(&events)?;
    check_possible(case, &events, acting)?;
    Ok(events)
}

fn record(form: RecordForm, actor: &Person, acting: Acting<'_>) -> Result<Vec<Event>, Refusal> {
    let rules = acting.rules;
    let category = rules
        .pack
        .category(&form.category)
        .ok_or_else(|| Refusal::UnknownCategory {
            category: form.category.clone(),
        })?;
    if form.matter.trim().is_empty() {
        return Err(Refusal::Missing {
            field: Field::Matter,
        });
    }
    if form.asked_at > acting.now {
        return Err(Refusal::AskedLater);
    }
    let allowed = rules.pack.late_record_after;
    if acting.now > form.asked_at + allowed && form.remark.trim().is_empty() {
        return Err(Refusal::LateWithoutReason { allowed });
    }
    let first = first_responder(&form, actor, rules)?;
    let content = Content {
        matter: said(form.matter),
        customer: said(form.customer),
        phone: said(form.phone),
        address: said(form.address),
        text: said(form.remark),
    };
    let at_once = matches!(form.next, Next::AnswerAtOnce { .. });
    let fields = &rules.pack.required_fields;
    let required = if at_once {
        &fields.answered_at_once
    } else {
        &fields.otherwise
    };
    let missing = required
        .iter()
        .copied()
        .filter(|it| is_missing(&content, *it))
        .collect();
    let supervisor = supervisor(first, rules);
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
        missing,
        supervisor: supervisor.clone(),
    };
    let mut events = vec![Event::new(Fact::Recorded(recorded), content)];
    match form.next {
        Next::Keep => {}
        Next::AnswerAtOnce { text } => events.extend(answer_at_once(text)?),
        Next::HandOver {
            to,
            explained,
            text,
        } => {
            events.extend(slip(
                &first.department,
                &to,
                explained,
                text,
                supervisor,
                rules,
            )?);
        }
    }
    Ok(events)
}

/// F2: the highest position of all who were asked; among equals the one who records, else the first named.
fn first_responder<'a>(
    form: &RecordForm,
    actor: &Person,
    rules: &'a Rules,
) -> Result<&'a Person, Refusal> {
    if form.asked.len() > limits::ASKED_PEOPLE {
        return Err(Refusal::TooManyAsked {
            limit: limits::ASKED_PEOPLE,
        });
    }
    let asked = form
        .asked
        .iter()
        .map(|it| known(rules, it))
        .collect::<Result<Vec<_>, _>>()?;
    let highest = asked
        .iter()
        .map(|it| it.rank)
        .max()
        .ok_or(Refusal::NobodyAsked)?;
    let mut equals = asked.into_iter().filter(|it| it.rank == highest);
    let first = equals.next().ok_or(Refusal::NobodyAsked)?;
    Ok(if first.id == actor.id {
        first
    } else {
        equals.find(|it| it.id == actor.id).unwrap_or(first)
    })
}

fn answer_at_once(text: String) -> Result<Vec<Event>, Refusal> {
    let text = needed(text, Refusal::Missing { field: Field::Text })?;
    Ok(vec![
        Event::new(Fact::AnsweredAtOnce(AnsweredAtOnce {}), Content::text(text)),
        Event::new(
            Fact::Closed(Closed {
                ending: Ending::AnsweredAtOnce,
            }),
            Content::default(),
        ),
    ])
}

fn hand_over(
    case: &Case,
    to: &DepartmentId,
    explained: Explained,
    text: String,
    actor: &Person,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let rules = acting.rules;
    match &case.stage {
        Stage::Passed { department, .. } => {
            member(actor, department)?;
            known_department(rules, to)?;
            let opinion = needed(text, Refusal::OpinionMissing)?;
            let fact = HandedOver {
                from: department.clone(),
                to: to.clone(),
                supervisor_told: case.record.supervisor.clone(),
            };
            Ok(vec![Event::new(
                Fact::HandedOver(fact),
                Content::text(opinion),
            )])
        }
        Stage::Own | Stage::Replied | Stage::Closed => {
            home(case, actor)?;
            slip(
                &case.record.department,
                to,
                explained,
                text,
                case.record.supervisor.clone(),
                rules,
            )
        }
    }
}

/// T1 with I3: the reason is explained, the slip issued, the supervisor told at the same time.
fn slip(
    from: &DepartmentId,
    to: &DepartmentId,
    explained: Explained,
    text: String,
    supervisor: Option<PersonId>,
    rules: &Rules,
) -> Result<Vec<Event>, Refusal> {
    known_department(rules, to)?;
    if from == to {
        return Err(Refusal::SameDepartment);
    }
    let understood = explained == Explained::Accepted;
    let told = if understood { None } else { supervisor.clone() };
    let handed = HandedOver {
        from: from.clone(),
        to: to.clone(),
        supervisor_told: supervisor,
    };
    Ok(vec![
        Event::new(
            Fact::ReasonExplained(ReasonExplained {
                understood,
                supervisor_told: told,
            }),
            Content::default(),
        ),
        Event::new(
            Fact::HandedOver(handed),
            Content {
                text: said(text),
                ..Content::default()
            },
        ),
    ])
}

fn receive(case: &Case, actor: &Person) -> Result<Vec<Event>, Refusal> {
    let Stage::Passed { department, .. } = &case.stage else {
        return Err(Refusal::NoSlip);
    };
    member(actor, department)?;
    Ok(vec![received(department)])
}

fn name_handler(
    case: &Case,
    handler: PersonId,
    actor: &Person,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let Stage::Passed {
        department,
        received: is_received,
        handler: current,
    } = &case.stage
    else {
        return Err(Refusal::NoSlip);
    };
    member(actor, department)?;
    if known(acting.rules, &handler)?.department != *department {
        return Err(Refusal::NotInDepartment {
            person: handler,
            department: department.clone(),
        });
    }
    if current.as_ref() == Some(&handler) {
        return Ok(Vec::new());
    }
    let signed = (!is_received).then(|| received(department));
    let named = Event::new(
        Fact::HandlerNamed(HandlerNamed { handler }),
        Content::default(),
    );
    Ok(signed.into_iter().chain([named]).collect())
}

fn return_slip(case: &Case, opinion: String, actor: &Person) -> Result<Vec<Event>, Refusal> {
    let Stage::Passed { department, .. } = &case.stage else {
        return Err(Refusal::NoSlip);
    };
    member(actor, department)?;
    let opinion = needed(opinion, Refusal::OpinionMissing)?;
    let to = case.sender().unwrap_or(&case.record.department).clone();
    let fact = Fact::Returned(Returned {
        from: department.clone(),
        to,
    });
    Ok(vec![Event::new(fact, Content::text(opinion))])
}

fn reply(
    case: &Case,
    outcome: Outcome,
    text: String,
    told: Option<Contact>,
    actor: &Person,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let holder = case.holder();
    member(actor, holder)?;
    let text = needed(text, Refusal::Missing { field: Field::Text })?;
    let fact = Fact::Replied(Replied {
        department: holder.clone(),
        outcome,
    });
    let mut events = vec![Event::new(fact, Content::text(text))];
    if let Some(how) = told {
        may_tell(case, holder, actor, acting.rules)?;
        events.push(Event::new(
            Fact::ResultTold(ResultTold { how }),
            Content::default(),
        ));
    }
    Ok(events)
}

fn tell(
    case: &Case,
    how: Contact,
    text: String,
    actor: &Person,
    acting: Acting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let handling = case
        .result
        .as_ref()
        .map(|it| &it.department)
        .ok_or(Refusal::NoResult)?;
    may_tell(case, handling, actor, acting.rules)?;
    let content = Content {
        text: said(text),
        ..Content::default()
    };
    Ok(vec![Event::new(
        Fact::ResultTold(ResultTold { how }),
        content,
    )])
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
    let may: Vec<PersonId> = [case.record.first_responder.clone()]
        .into_iter()
        .chain(head)
        .collect();
    if may.contains(&actor.id) {
        Ok(())
    } else {
        Err(Refusal::NotYours { may })
    }
}

fn visit(
    case: &Case,
    how: Contact,
    finding: Finding,
    words: String,
    actor: &Person,
) -> Result<Vec<Event>, Refusal> {
    home(case, actor)?;
    let did_the_work = case.result.as_ref().is_some_and(|it| it.by == actor.id);
    if did_the_work {
        return Err(Refusal::VisitorDidTheWork);
    }
    let content = Content {
        text: said(words),
        ..Content::default()
    };
    Ok(vec![Event::new(
        Fact::Visited(Visited { how, finding }),
        content,
    )])
}

fn close(case: &Case, actor: &Person, acting: Acting<'_>) -> Result<Vec<Event>, Refusal> {
    home(case, actor)?;
    let ending = match case.last_finding() {
        Some(Finding::Satisfied) => Ending::Satisfied,
        Some(Finding::NotReached) => {
            let needed = acting.rules.pack.return_visit_attempts;
            let tried = u32::try_from(case.n_not_reached()).unwrap_or(u32::MAX);
            if tried < needed {
                return Err(Refusal::TryAgain { tried, needed });
            }
            Ending::NotReached
        }
        Some(Finding::NotSatisfied) | None => Ending::Told,
    };
    Ok(vec![Event::new(
        Fact::Closed(Closed { ending }),
        Content::default(),
    )])
}

fn received(department: &DepartmentId) -> Event {
    Event::new(
        Fact::Received(Received {
            department: department.clone(),
        }),
        Content::default(),
    )
}

/// Acts of the first responder's side: they themselves, or a colleague of the department that answers beside them (F1).
fn home(case: &Case, actor: &Person) -> Result<(), Refusal> {
    if actor.id == case.record.first_responder {
        Ok(())
    } else {
        member(actor, &case.record.department)
    }
}

fn member(actor: &Person, department: &DepartmentId) -> Result<(), Refusal> {
    if actor.department == *department {
        Ok(())
    } else {
        Err(Refusal::NotYourDepartment {
            department: department.clone(),
        })
    }
}

fn known<'a>(rules: &'a Rules, person: &PersonId) -> Result<&'a Person, Refusal> {
    rules
        .directory
        .person(person)
        .ok_or_else(|| Refusal::UnknownPerson {
            person: person.clone(),
        })
}

fn known_department(rules: &Rules, department: &DepartmentId) -> Result<(), Refusal> {
    match rules.directory.department(department) {
        Some(_) => Ok(()),
        None => Err(Refusal::UnknownDepartment {
            department: department.clone(),
        }),
    }
}

fn rank(rules: &Rules, person: &PersonId) -> Result<Asked, Refusal> {
    known(rules, person).map(|it| Asked {
        person: it.id.clone(),
        rank: it.rank,
    })
}

/// The head of a person's department, unless that is the person.
fn supervisor(person: &Person, rules: &Rules) -> Option<PersonId> {
    rules
        .directory
        .department(&person.department)
        .map(|it| it.head.clone())
        .filter(|it| *it != person.id)
}

fn said(text: String) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn needed(text: String, otherwise: Refusal) -> Result<String, Refusal> {
    said(text).ok_or(otherwise)
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

fn check_lengths(events: &[Event]) -> Result<(), Refusal> {
    for Event { content, .. } in events {
        let fields = [
            (Field::Matter, &content.matter),
            (Field::CustomerName, &content.customer),
            (Field::CustomerPhone, &content.phone),
            (Field::CustomerAddress, &content.address),
            (Field::Text, &content.text),
        ];
        for (field, text) in fields {
            let chars = text.as_ref().map_or(0, |it| it.chars().count());
            if chars > limits::TEXT_CHARS {
                return Err(Refusal::TooLong {
                    field,
                    chars,
                    limit: limits::TEXT_CHARS,
                });
            }
        }
    }
    Ok(())
}

/// What the fold would refuse is refused here, by the same function.
fn check_possible(
    case: Option<&Case>,
    events: &[Event],
    acting: Acting<'_>,
) -> Result<(), Refusal> {
    if events.is_empty() {
        return Ok(());
    }
    let nobody = EnvelopeId::from_random([0; 16]);
    let id = case.map_or(CaseId::from_random([0; 16]), |it| it.id);
    let facts: Vec<Fact> = events.iter().map(|it| it.fact.clone()).collect();
    let act = |fact| Act {
        envelope: nobody,
        by: acting.person,
        at: acting.now,
        fact,
    };
    Case::after(case, id, acting.rules.pack.hash(), &facts, act).map(drop)
}
