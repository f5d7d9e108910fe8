//! The printed sheets as values (P2), in the order people know: whoever prints them finds the words.

mod mask;

use super::{Bulletin, Row};
use crate::case::{Case, End, Move, Obligation};
use crate::envelope::Envelope;
use crate::event::{Channel, Contact, Ending, Event, Fact, Finding, Outcome, Urgency};
use crate::hash::Hash;
use crate::id::{CategoryId, DepartmentId, EnvelopeId, PaperId, PersonId};
use crate::moment::Moment;
use crate::pack::{DeadlineId, Text};
use crate::rule::RuleId;
use crate::rules::Rules;
use crate::summary::Particulars;

pub use mask::{masked_address, masked_contacts, masked_name, masked_phone, masked_words};

/// Which of the printed sheets (P2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SheetKind {
    /// 首问登记表
    Record,
    /// 处理单
    Slip,
    /// 一次性告知单
    Notice,
    /// 通报
    Bulletin,
}

/// A sheet as it is printed: sections of fields in the order of the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub kind: SheetKind,
    /// The case number, printed with its QR code; none on a bulletin.
    pub number: Option<String>,
    pub sections: Vec<Section>,
    /// By which words about the customer are found and masked.
    particulars: Particulars,
}

/// A box on the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub id: SectionId,
    pub fields: Vec<(FieldId, Value)>,
}

/// Which box on the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionId {
    Head,
    Customer,
    Matter,
    Answer,
    /// One for each movement of the slip.
    Movement,
    Result,
    Opinions,
    ReturnVisit,
    Papers,
    Contact,
    Figures(Row),
    Criticism,
}

/// Which field of a sheet; the app has its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldId {
    Number,
    AskedAt,
    RecordedAt,
    Channel,
    Customer,
    Capacity,
    Address,
    Phone,
    Matter,
    Category,
    Urgency,
    PapersReceived,
    AnsweredAtOnce,
    PassedOnTo,
    FirstResponder,
    FirstResponderDepartment,
    OthersAsked,
    CustomerSignature,
    SendingDepartment,
    SentBy,
    SentAt,
    TransferDue,
    ReceivingDepartment,
    ReceivedBy,
    ReceivedAt,
    Handler,
    HandlerNamedAt,
    ReplyDue,
    ReturnOpinion,
    DispatchSignature,
    ReceiptSignature,
    WhatWasDone,
    Outcome,
    ToldBy,
    ToldAt,
    ToldHow,
    HandlerSignature,
    HeadSignature,
    CoordinatorsOpinion,
    DirectorsInstruction,
    SupervisorInformed,
    VisitedBy,
    VisitedHow,
    VisitedAt,
    Finding,
    CustomersWords,
    Ending,
    Basis,
    Conditions,
    Paper,
    Steps,
    Fee,
    TimeLimit,
    Missing,
    AlsoMissing,
    QuestionsPhone,
    ComplaintsPhone,
    Period,
    CasesIn,
    Answered,
    OnTime,
    Satisfied,
    Overdue,
    Criticised,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// To be filled in or signed by hand.
    Blank,
    /// What the organisation's own texts say: numbers, phones, names of things.
    Text(String),
    /// The pack's words, in both languages.
    PackText(Text),
    /// Somebody's own words, which may name anybody.
    Words(String),
    CustomerName(String),
    CustomerPhone(String),
    CustomerAddress(String),
    Person(PersonId),
    People(Vec<PersonId>),
    Department(DepartmentId),
    Moment(Moment),
    /// A signature: name, with the time under it.
    Signed(PersonId, Moment),
    /// The customer's signature, drawn on the screen before somebody: the picture, where it may be shown, and when.
    Drawn(Option<Hash>, PersonId, Moment),
    Informed(PersonId, Moment),
    Category(CategoryId),
    Paper(PaperId),
    Channel(Channel),
    Urgency(Urgency),
    Outcome(Outcome),
    Contact(Contact),
    Finding(Finding),
    Ending(Ending),
    /// Year and month.
    Month(i32, u32),
    Count(u32),
    Criticism(DepartmentId, RuleId, u32),
}

impl Sheet {
    /// For a notice board or an owners' group: phone 138****5678, name 李**, no room, the same in all words, and that
    /// the customer signed, but not how.
    #[must_use]
    pub fn masked(mut self) -> Self {
        let known = std::mem::take(&mut self.particulars);
        for (_, value) in self.sections.iter_mut().flat_map(|it| &mut it.fields) {
            match value {
                Value::CustomerName(it) => *it = masked_name(it),
                Value::CustomerPhone(it) => *it = masked_phone(it),
                Value::CustomerAddress(it) => *it = masked_address(it),
                Value::Words(it) => *it = masked_words(it, &known),
                Value::Drawn(picture, ..) => *picture = None,
                Value::Blank
                | Value::Text(_)
                | Value::PackText(_)
                | Value::Person(_)
                | Value::People(_)
                | Value::Department(_)
                | Value::Moment(_)
                | Value::Signed(..)
                | Value::Informed(..)
                | Value::Category(_)
                | Value::Paper(_)
                | Value::Channel(_)
                | Value::Urgency(_)
                | Value::Outcome(_)
                | Value::Contact(_)
                | Value::Finding(_)
                | Value::Ending(_)
                | Value::Month(..)
                | Value::Count(_)
                | Value::Criticism(..) => {}
            }
        }
        self
    }

    /// What stands in a field; of several sections that have it, the first.
    pub fn value(&self, field: FieldId) -> Option<&Value> {
        self.sections
            .iter()
            .flat_map(|it| &it.fields)
            .find(|(id, _)| *id == field)
            .map(|(_, value)| value)
    }

    /// The bulletin of a site (P1), which names no customer.
    pub fn of_bulletin(bulletin: &Bulletin) -> Self {
        let figures = |row: Row, it: super::Figures| Section {
            id: SectionId::Figures(row),
            fields: vec![
                (FieldId::CasesIn, Value::Count(it.n_in)),
                (FieldId::Answered, Value::Count(it.n_answered)),
                (FieldId::OnTime, Value::Count(it.n_on_time)),
                (FieldId::Satisfied, Value::Count(it.n_satisfied)),
                (FieldId::Overdue, Value::Count(it.n_overdue)),
            ],
        };
        let period = bulletin.period;
        let head = Section {
            id: SectionId::Head,
            fields: vec![(FieldId::Period, Value::Month(period.year, period.month))],
        };
        let criticism = Section {
            id: SectionId::Criticism,
            fields: bulletin
                .criticism
                .iter()
                .map(|it| {
                    let value = Value::Criticism(it.department.clone(), it.rule, it.n);
                    (FieldId::Criticised, value)
                })
                .collect(),
        };
        let rows = bulletin.rows.iter().cloned();
        let total = bulletin.total.map(|it| (Row::Total, it));
        Self {
            kind: SheetKind::Bulletin,
            number: None,
            sections: [head]
                .into_iter()
                .chain(
                    total
                        .into_iter()
                        .chain(rows)
                        .map(|(row, it)| figures(row, it)),
                )
                .chain([criticism])
                .collect(),
            particulars: Particulars::default(),
        }
    }
}

/// The sheet of a case from its envelopes, in the order of the printed form; a bulletin is no sheet of a case.
pub fn sheet(kind: SheetKind, case: &Case, envelopes: &[Envelope], rules: &Rules) -> Option<Sheet> {
    let mut ordered: Vec<&Envelope> = envelopes.iter().collect();
    ordered.sort_by_key(|it| it.order());
    let said = ordered
        .into_iter()
        .flat_map(|envelope| {
            let header = envelope.header();
            let act = move |event| Said {
                envelope: header.id,
                by: header.person.clone(),
                at: header.at,
                event,
            };
            envelope.events().unwrap_or_default().into_iter().map(act)
        })
        .collect();
    let writer = Writer {
        case,
        rules,
        said,
        particulars: Particulars::of(envelopes),
    };
    let sections = match kind {
        SheetKind::Record => writer.record(),
        SheetKind::Slip => writer.slip(),
        SheetKind::Notice => writer.notice()?,
        SheetKind::Bulletin => return None,
    };
    Some(Sheet {
        kind,
        number: Some(case.record.number.clone()),
        sections,
        particulars: writer.particulars,
    })
}

struct Said {
    envelope: EnvelopeId,
    by: PersonId,
    at: Moment,
    event: Event,
}

struct Writer<'a> {
    case: &'a Case,
    rules: &'a Rules,
    said: Vec<Said>,
    particulars: Particulars,
}

impl Writer<'_> {
    fn record(&self) -> Vec<Section> {
        let record = &self.case.record;
        let others: Vec<PersonId> = record
            .asked
            .iter()
            .map(|it| it.person.clone())
            .filter(|it| *it != record.first_responder)
            .collect();
        let answered = self.last_words(|fact| matches!(fact, Fact::AnsweredAtOnce(_)));
        let passed_on = self
            .case
            .moves
            .first()
            .map(|it| Value::Department(it.to.clone()));
        vec![
            self.head(),
            self.customer(),
            Section {
                id: SectionId::Matter,
                fields: vec![
                    (
                        FieldId::Matter,
                        Value::Words(self.particulars.matter.clone()),
                    ),
                    (FieldId::Category, Value::Category(record.category.clone())),
                    (FieldId::Urgency, Value::Urgency(self.case.urgency)),
                    (FieldId::PapersReceived, Value::Blank),
                ],
            },
            Section {
                id: SectionId::Answer,
                fields: vec![
                    (FieldId::AnsweredAtOnce, answered),
                    (FieldId::PassedOnTo, or_blank(passed_on)),
                    (
                        FieldId::FirstResponder,
                        Value::Person(record.first_responder.clone()),
                    ),
                    (
                        FieldId::FirstResponderDepartment,
                        Value::Department(record.department.clone()),
                    ),
                    (FieldId::OthersAsked, Value::People(others)),
                    (FieldId::CustomerSignature, or_blank(self.drawn())),
                ],
            },
        ]
    }

    /// The first one is that of the record: what the customer signs later is about what came of it.
    fn drawn(&self) -> Option<Value> {
        let photos = &self.case.intake.photos;
        let it = photos.iter().find(|it| it.is_signature())?;
        let at = it.taken_at.unwrap_or(it.at);
        Some(Value::Drawn(Some(it.photo), it.by.clone(), at))
    }

    fn head(&self) -> Section {
        let record = &self.case.record;
        Section {
            id: SectionId::Head,
            fields: vec![
                (FieldId::Number, Value::Text(record.number.clone())),
                (FieldId::AskedAt, Value::Moment(record.asked_at)),
                (FieldId::RecordedAt, Value::Moment(self.case.recorded_at)),
                (FieldId::Channel, Value::Channel(record.channel)),
            ],
        }
    }

    fn customer(&self) -> Section {
        let Particulars {
            customer,
            phone,
            address,
            ..
        } = self.particulars.clone();
        let or = |text: String, value: fn(String) -> Value| {
            if text.is_empty() {
                Value::Blank
            } else {
                value(text)
            }
        };
        Section {
            id: SectionId::Customer,
            fields: vec![
                (FieldId::Customer, or(customer, Value::CustomerName)),
                (FieldId::Capacity, Value::Blank),
                (FieldId::Address, or(address, Value::CustomerAddress)),
                (FieldId::Phone, or(phone, Value::CustomerPhone)),
            ],
        }
    }

    fn slip(&self) -> Vec<Section> {
        let case = self.case;
        let mut head = self.head();
        head.fields.push((
            FieldId::FirstResponder,
            Value::Person(case.record.first_responder.clone()),
        ));
        let transfer = self.due(|it| it.deadline == DeadlineId::Transfer);
        head.fields.push((FieldId::TransferDue, transfer));
        let left_at = case.moves.iter().skip(1).map(|it| Some(it.at));
        let movements = case
            .moves
            .iter()
            .zip(left_at.chain([None]))
            .map(|(it, left_at)| self.movement(it, left_at));
        let visits = case.visits.iter().map(|it| Section {
            id: SectionId::ReturnVisit,
            fields: vec![
                (FieldId::VisitedBy, Value::Person(it.by.clone())),
                (FieldId::VisitedHow, Value::Contact(it.how)),
                (FieldId::VisitedAt, Value::Moment(it.at)),
                (FieldId::Finding, Value::Finding(it.finding)),
                (
                    FieldId::CustomersWords,
                    self.words_of(|said| {
                        matches!(said.event.fact, Fact::Visited(_)) && said.at == it.at
                    }),
                ),
            ],
        });
        [head, self.customer()]
            .into_iter()
            .chain(movements)
            .chain([self.result(), self.opinions()])
            .chain(visits)
            .collect()
    }

    fn movement(&self, it: &Move, left_at: Option<Moment>) -> Section {
        let received = it.received.as_ref();
        let named = self
            .said
            .iter()
            .filter(|said| said.at >= it.at && left_at.is_none_or(|left| said.at < left))
            .find_map(|said| {
                let Fact::HandlerNamed(named) = &said.event.fact else {
                    return None;
                };
                Some((named.handler.clone(), said.at))
            })
            .filter(|_| !it.returned);
        let opinion = self.words_of(|said| {
            said.envelope == it.envelope
                && matches!(said.event.fact, Fact::HandedOver(_) | Fact::Returned(_))
        });
        Section {
            id: SectionId::Movement,
            fields: vec![
                (
                    FieldId::SendingDepartment,
                    Value::Department(it.from.clone()),
                ),
                (FieldId::SentBy, Value::Person(it.by.clone())),
                (FieldId::SentAt, Value::Moment(it.at)),
                (
                    FieldId::ReceivingDepartment,
                    Value::Department(it.to.clone()),
                ),
                (
                    FieldId::ReceivedBy,
                    or_blank(received.map(|(by, _)| Value::Person(by.clone()))),
                ),
                (
                    FieldId::ReceivedAt,
                    or_blank(received.map(|(_, at)| Value::Moment(*at))),
                ),
                (
                    FieldId::Handler,
                    or_blank(named.as_ref().map(|(by, _)| Value::Person(by.clone()))),
                ),
                (
                    FieldId::HandlerNamedAt,
                    or_blank(named.map(|(_, at)| Value::Moment(at))),
                ),
                (
                    FieldId::ReplyDue,
                    self.due(|owed| {
                        owed.arose == it.envelope && owed.deadline == DeadlineId::Reply
                    }),
                ),
                (FieldId::ReturnOpinion, opinion),
                (
                    FieldId::DispatchSignature,
                    self.signature(|owed| {
                        owed.deadline == DeadlineId::SignDispatch && owed.arose == it.envelope
                    })
                    .unwrap_or_else(|| Value::Signed(it.by.clone(), it.at)),
                ),
                (
                    FieldId::ReceiptSignature,
                    or_blank(
                        self.signature(|owed| {
                            owed.deadline == DeadlineId::SignReceipt
                                && owed.owed_by.department == it.to
                                && received.is_some_and(|(_, at)| owed.since == *at)
                        })
                        .or_else(|| received.map(|(by, at)| Value::Signed(by.clone(), *at))),
                    ),
                ),
            ],
        }
    }

    fn result(&self) -> Section {
        let result = self.case.result.as_ref();
        let told = result.and_then(|it| it.told.as_ref());
        let head = result.and_then(|it| {
            self.signature(|owed| {
                matches!(
                    owed.deadline,
                    DeadlineId::SignResult | DeadlineId::SignPlainAnswer
                ) && owed.arose == it.envelope
            })
            .or_else(|| Some(Value::Signed(it.by.clone(), it.at)))
        });
        Section {
            id: SectionId::Result,
            fields: vec![
                (
                    FieldId::WhatWasDone,
                    self.last_words(|fact| matches!(fact, Fact::Replied(_))),
                ),
                (
                    FieldId::Outcome,
                    or_blank(result.map(|it| Value::Outcome(it.outcome))),
                ),
                (
                    FieldId::ToldBy,
                    or_blank(told.map(|(by, ..)| Value::Person(by.clone()))),
                ),
                (
                    FieldId::ToldAt,
                    or_blank(told.map(|(_, at, _)| Value::Moment(*at))),
                ),
                (
                    FieldId::ToldHow,
                    or_blank(told.map(|(.., how)| Value::Contact(*how))),
                ),
                (
                    FieldId::HandlerSignature,
                    or_blank(result.map(|it| Value::Signed(it.by.clone(), it.at))),
                ),
                (FieldId::HeadSignature, or_blank(head)),
                (
                    FieldId::Ending,
                    or_blank(self.case.ending.map(Value::Ending)),
                ),
            ],
        }
    }

    fn opinions(&self) -> Section {
        let told = self
            .said
            .iter()
            .find_map(|said| {
                let told = said.event.fact.supervisor_told()?;
                Some((told.clone(), said.at))
            })
            .map(|(supervisor, at)| Value::Informed(supervisor, at));
        Section {
            id: SectionId::Opinions,
            fields: vec![
                (
                    FieldId::CoordinatorsOpinion,
                    self.last_words(|fact| matches!(fact, Fact::LeadNamed(_))),
                ),
                (
                    FieldId::DirectorsInstruction,
                    self.last_words(|fact| matches!(fact, Fact::Instructed(_))),
                ),
                (FieldId::SupervisorInformed, or_blank(told)),
            ],
        }
    }

    /// Everything that was told to be missing, each once (I4).
    fn notice(&self) -> Option<Vec<Section>> {
        let last = self.case.intake.notices.last()?;
        let mut missing: Vec<PaperId> = Vec::new();
        for paper in &last.papers {
            if !missing.contains(paper) {
                missing.push(paper.clone());
            }
        }
        let pack = self.rules.pack_of(self.case);
        let category = pack.category(&self.case.record.category);
        let listed = category
            .into_iter()
            .flat_map(|it| &it.papers)
            .map(|it| (FieldId::Paper, Value::Paper(it.id.clone())));
        let item = (
            FieldId::Category,
            Value::Category(self.case.record.category.clone()),
        );
        let told =
            |field, text: Option<&Text>| (field, or_blank(text.cloned().map(Value::PackText)));
        let steps: Vec<_> = match category.map(|it| &it.steps) {
            Some(steps) if !steps.is_empty() => steps
                .iter()
                .map(|it| told(FieldId::Steps, Some(it)))
                .collect(),
            _ => vec![told(FieldId::Steps, None)],
        };
        let also = self.words_of(|said| {
            said.envelope == last.envelope && matches!(said.event.fact, Fact::NoticeGiven(_))
        });
        let given_by = (
            FieldId::FirstResponder,
            Value::Signed(last.by.clone(), last.at),
        );
        let phone = self
            .rules
            .directory
            .department(&self.case.responder.department)
            .map(|it| Value::Text(it.phone.clone()));
        let takeaway = super::takeaway(self.case, self.rules);
        Some(vec![
            self.head(),
            Section {
                id: SectionId::Matter,
                fields: [
                    item,
                    told(FieldId::Basis, category.and_then(|it| it.basis.as_ref())),
                    told(
                        FieldId::Conditions,
                        category.and_then(|it| it.conditions.as_ref()),
                    ),
                ]
                .into_iter()
                .chain(listed)
                .chain(steps)
                .chain([
                    told(FieldId::Fee, category.and_then(|it| it.fee.as_ref())),
                    (
                        FieldId::TimeLimit,
                        or_blank(takeaway.result_by.map(Value::Moment)),
                    ),
                ])
                .collect(),
            },
            Section {
                id: SectionId::Papers,
                fields: missing
                    .into_iter()
                    .map(|it| (FieldId::Missing, Value::Paper(it)))
                    .chain([(FieldId::AlsoMissing, also)])
                    .collect(),
            },
            Section {
                id: SectionId::Contact,
                fields: vec![
                    given_by,
                    (FieldId::QuestionsPhone, or_blank(phone)),
                    (
                        FieldId::ComplaintsPhone,
                        Value::Text(takeaway.complaints_phone),
                    ),
                    (FieldId::CustomerSignature, Value::Blank),
                ],
            },
        ])
    }

    fn last_words(&self, of: impl Fn(&Fact) -> bool) -> Value {
        self.words_of(|said| of(&said.event.fact))
    }

    fn words_of(&self, of: impl Fn(&Said) -> bool) -> Value {
        let said = self.said.iter().rev().find(|it| of(it));
        or_blank(
            said.and_then(|it| it.event.content.text.clone())
                .map(Value::Words),
        )
    }

    fn due(&self, of: impl Fn(&Obligation) -> bool) -> Value {
        let owed = self.case.obligations.iter().find(|it| of(it));
        let due = owed.and_then(|it| self.rules.due(self.case, it).ok());
        or_blank(due.map(|it| Value::Moment(it.at)))
    }

    /// Of the head or deputy, where somebody else acted; blank until it is there.
    fn signature(&self, of: impl Fn(&Obligation) -> bool) -> Option<Value> {
        let owed = self.case.obligations.iter().find(|it| of(it))?;
        Some(match owed.end {
            Some(End::Met { at, by }) => self
                .said
                .iter()
                .find(|it| it.envelope == by)
                .map_or(Value::Blank, |it| Value::Signed(it.by.clone(), at)),
            Some(End::Lifted { .. }) | None => Value::Blank,
        })
    }
}

fn or_blank(value: Option<Value>) -> Value {
    value.unwrap_or(Value::Blank)
}
