//! A case as its events leave it: where it stands, who owes what, which acts did not count.
//!
//! Events are folded in the order (logical counter, random id), the same on every device. An act
//! that was possible where it was done but finds the case elsewhere in that order stays on record
//! *without effect*; the fold alone says so. Start at [`Case::fold`].

use crate::decide::Refusal;
use crate::envelope::{Envelope, EnvelopeError};
use crate::event::{Contact, Ending, Fact, Finding, Kind, Outcome, Recorded};
use crate::hash::Hash;
use crate::id::{CaseId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// One fact with who did it and when.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    pub envelope: EnvelopeId,
    pub by: &'a PersonId,
    pub at: Moment,
    pub fact: &'a Fact,
}

/// A case that was recorded. Holds no words of anybody: those are read from the envelopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub id: CaseId,
    pub record: Recorded,
    pub recorded_by: PersonId,
    pub recorded_at: Moment,
    /// The pack under which it was opened, which it keeps (G4).
    pub pack: Hash,
    pub stage: Stage,
    /// Every movement of the slip, returns included (T8).
    pub moves: Vec<Move>,
    pub result: Option<CaseResult>,
    pub visits: Vec<Visit>,
    pub obligations: Vec<Obligation>,
    pub ending: Option<Ending>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// With the first responder's own department.
    Own,
    /// A department holds the slip.
    Passed {
        department: DepartmentId,
        received: bool,
        handler: Option<PersonId>,
    },
    /// The result is back with the first responder.
    Replied,
    Closed,
}

/// One movement of a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub from: DepartmentId,
    pub to: DepartmentId,
    pub by: PersonId,
    pub at: Moment,
    pub returned: bool,
    /// Who signed for it at the other end, and when (T6).
    pub received: Option<(PersonId, Moment)>,
}

/// The result that a department sent back, and whether the customer knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    pub department: DepartmentId,
    pub by: PersonId,
    pub at: Moment,
    pub outcome: Outcome,
    pub told: Option<(PersonId, Moment, Contact)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub by: PersonId,
    pub at: Moment,
    pub finding: Finding,
}

/// Who must do what, since when, and how it ended. By when follows from the pack: [`Obligation::due`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    pub deadline: DeadlineId,
    pub owed_by: Owed,
    pub since: Moment,
    pub end: Option<End>,
}

/// The department that answers for an obligation and, once named, the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub department: DepartmentId,
    pub person: Option<PersonId>,
}

impl Owed {
    /// Whether it is this person's to do.
    pub fn is_for(&self, person: &PersonId, department: &DepartmentId) -> bool {
        falls_to(self.person.as_ref(), &self.department, person, department)
    }
}

/// An obligation falls to whoever is named, and to the whole department while nobody is.
pub(crate) fn falls_to(
    named: Option<&PersonId>,
    owing: &DepartmentId,
    person: &PersonId,
    department: &DepartmentId,
) -> bool {
    named.map_or(owing == department, |it| it == person)
}

/// How an obligation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Met {
        at: Moment,
    },
    /// Something else happened that left nothing to do.
    Lifted {
        at: Moment,
    },
}

/// What a fold gives: the case, and which envelopes did not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    pub case: Option<Case>,
    pub without_effect: Vec<(EnvelopeId, WithoutEffect)>,
}

impl Folded {
    /// Some envelope was written by a newer version: the case is shown, not acted on.
    pub fn is_understood(&self) -> bool {
        !self
            .without_effect
            .iter()
            .any(|(_, why)| matches!(why, WithoutEffect::Unreadable(_)))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WithoutEffect {
    /// The case had moved on in the meantime: somebody else acted at the same time.
    Parallel(Refusal),
    Unreadable(EnvelopeError),
}

impl Case {
    /// Folds the envelopes of one case, which may come in any order and more than once.
    pub fn fold<'a>(envelopes: impl IntoIterator<Item = &'a Envelope>) -> Folded {
        let mut envelopes: Vec<&Envelope> = envelopes.into_iter().collect();
        envelopes.sort_by_key(|it| it.order());
        envelopes.dedup_by_key(|it| it.order());
        let mut folded = Folded {
            case: None,
            without_effect: Vec::new(),
        };
        for envelope in envelopes {
            let header = envelope.header();
            let counted = match envelope.facts() {
                Ok(facts) => Self::after(
                    folded.case.as_ref(),
                    header.case,
                    header.rules.pack,
                    &facts,
                    |fact| Act {
                        envelope: header.id,
                        by: &header.person,
                        at: header.at,
                        fact,
                    },
                )
                .map_err(WithoutEffect::Parallel),
                Err(error) => Err(WithoutEffect::Unreadable(error)),
            };
            match counted {
                Ok(case) => folded.case = Some(case),
                Err(why) => folded.without_effect.push((header.id, why)),
            }
        }
        folded
    }

    /// The case after all of `facts`, or after none of them.
    pub fn after<'a>(
        before: Option<&Self>,
        id: CaseId,
        pack: Hash,
        facts: &'a [Fact],
        act: impl Fn(&'a Fact) -> Act<'a>,
    ) -> Result<Self, Refusal> {
        let mut case = before.cloned();
        for fact in facts {
            let act = act(fact);
            match (&mut case, fact) {
                (None, Fact::Recorded(record)) => {
                    case = Some(Self::recorded(id, pack, record, act));
                }
                (None, _) => return Err(Refusal::NotRecorded),
                (Some(case), _) => {
                    case.admit(fact)?;
                    case.apply(act);
                }
            }
        }
        case.ok_or(Refusal::NotRecorded)
    }

    fn recorded(id: CaseId, pack: Hash, record: &Recorded, act: Act<'_>) -> Self {
        let own = record
            .proper
            .as_ref()
            .is_none_or(|it| *it == record.department);
        let first = Obligation {
            deadline: if own {
                DeadlineId::Reply
            } else {
                DeadlineId::Transfer
            },
            owed_by: Owed {
                department: record.department.clone(),
                person: Some(record.first_responder.clone()),
            },
            since: record.asked_at,
            end: None,
        };
        Self {
            id,
            record: record.clone(),
            recorded_by: act.by.clone(),
            recorded_at: act.at,
            pack,
            stage: Stage::Own,
            moves: Vec::new(),
            result: None,
            visits: Vec::new(),
            obligations: vec![first],
            ending: None,
        }
    }

    /// The department whose hands the case is in.
    pub fn holder(&self) -> &DepartmentId {
        match &self.stage {
            Stage::Passed { department, .. } => department,
            Stage::Own | Stage::Replied | Stage::Closed => &self.record.department,
        }
    }

    /// A case that was passed on or is a complaint needs a return visit before it is closed (V4).
    pub fn needs_visit(&self) -> bool {
        !self.moves.is_empty() || self.record.kind == Kind::Complaint
    }

    /// Tries in a row that did not reach the customer since the last result (V1).
    pub fn n_not_reached(&self) -> usize {
        self.visits_since_result()
            .filter(|it| it.finding == Finding::NotReached)
            .count()
    }

    /// What the last return visit since the result found.
    pub fn last_finding(&self) -> Option<Finding> {
        self.visits_since_result().last().map(|it| it.finding)
    }

    pub fn open_obligations(&self) -> impl Iterator<Item = &Obligation> {
        self.obligations.iter().filter(|it| it.end.is_none())
    }

    /// The sender of the slip where it lies.
    pub fn sender(&self) -> Option<&DepartmentId> {
        let holder = self.holder();
        self.moves
            .iter()
            .rev()
            .find(|it| it.to == *holder && !it.returned)
            .map(|it| &it.from)
    }

    fn visits_since_result(&self) -> impl Iterator<Item = &Visit> {
        let since = self.result.as_ref().map_or(self.recorded_at, |it| it.at);
        self.visits.iter().filter(move |it| it.at >= since)
    }

    /// Whether `fact` can follow where the case stands. Who may do it is `decide`'s to say.
    fn admit(&self, fact: &Fact) -> Result<(), Refusal> {
        if self.stage == Stage::Closed {
            return Err(Refusal::Closed);
        }
        let own = self.stage == Stage::Own;
        match fact {
            Fact::Recorded(_) => Err(Refusal::AlreadyRecorded),
            Fact::AnsweredAtOnce(_) => own.then_some(()).ok_or(Refusal::PassedOn {
                to: self.holder().clone(),
            }),
            Fact::ReasonExplained(_) => Ok(()),
            Fact::HandedOver(it) if it.from == it.to => Err(Refusal::SameDepartment),
            Fact::HandedOver(it) => match &self.stage {
                Stage::Own if it.from == self.record.department => Ok(()),
                Stage::Passed { department, .. } if it.from == *department => Ok(()),
                Stage::Own | Stage::Passed { .. } => Err(Refusal::PassedOn {
                    to: self.holder().clone(),
                }),
                Stage::Replied | Stage::Closed => Err(Refusal::AlreadyReplied),
            },
            Fact::Received(it) => match &self.stage {
                Stage::Passed {
                    department,
                    received: false,
                    ..
                } if *department == it.department => Ok(()),
                Stage::Passed {
                    department,
                    received: true,
                    ..
                } if *department == it.department => Err(Refusal::AlreadyReceived),
                Stage::Own | Stage::Passed { .. } | Stage::Replied | Stage::Closed => {
                    Err(self.not_held_by(&it.department))
                }
            },
            Fact::HandlerNamed(_) => match &self.stage {
                Stage::Passed { received: true, .. } => Ok(()),
                Stage::Passed {
                    received: false, ..
                } => Err(Refusal::NotReceived),
                Stage::Own | Stage::Replied | Stage::Closed => Err(Refusal::NoSlip),
            },
            Fact::Returned(it) => match &self.stage {
                Stage::Passed { department, .. } if *department == it.from => Ok(()),
                Stage::Own | Stage::Passed { .. } | Stage::Replied | Stage::Closed => {
                    Err(self.not_held_by(&it.from))
                }
            },
            Fact::Replied(it) => match &self.stage {
                Stage::Replied | Stage::Closed => Err(Refusal::AlreadyReplied),
                Stage::Own | Stage::Passed { .. } if *self.holder() == it.department => Ok(()),
                Stage::Own | Stage::Passed { .. } => Err(self.not_held_by(&it.department)),
            },
            Fact::ResultTold(_) => match &self.result {
                Some(result) if self.stage == Stage::Replied => result
                    .told
                    .is_none()
                    .then_some(())
                    .ok_or(Refusal::AlreadyTold),
                _ => Err(Refusal::NoResult),
            },
            Fact::Visited(_) => match &self.result {
                Some(result) if self.stage == Stage::Replied => {
                    result.told.is_some().then_some(()).ok_or(Refusal::NotTold)
                }
                _ => Err(Refusal::NoResult),
            },
            Fact::Closed(it) => self.may_end(it.ending),
        }
    }

    /// V4: a result, told, and visited where a visit is needed.
    fn may_end(&self, ending: Ending) -> Result<(), Refusal> {
        if ending == Ending::AnsweredAtOnce {
            return (self.stage == Stage::Own)
                .then_some(())
                .ok_or(Refusal::NoResult);
        }
        let Some(result) = self
            .result
            .as_ref()
            .filter(|_| self.stage == Stage::Replied)
        else {
            return Err(Refusal::NoResult);
        };
        if result.told.is_none() {
            return Err(Refusal::NotTold);
        }
        let fits = match ending {
            Ending::Satisfied => self.last_finding() == Some(Finding::Satisfied),
            Ending::NotReached => self.last_finding() == Some(Finding::NotReached),
            Ending::Told => !self.needs_visit(),
            Ending::AnsweredAtOnce => false,
        };
        fits.then_some(()).ok_or(Refusal::NotVisited)
    }

    fn not_held_by(&self, department: &DepartmentId) -> Refusal {
        match self.stage {
            Stage::Passed { .. } | Stage::Own if self.holder() != department => Refusal::PassedOn {
                to: self.holder().clone(),
            },
            Stage::Replied => Refusal::AlreadyReplied,
            Stage::Own | Stage::Passed { .. } | Stage::Closed => Refusal::NoSlip,
        }
    }

    fn apply(&mut self, act: Act<'_>) {
        let at = act.at;
        match act.fact {
            Fact::Recorded(_) | Fact::ReasonExplained(_) => {}
            Fact::AnsweredAtOnce(_) => {
                self.end(DeadlineId::Reply, at);
                self.end(DeadlineId::Transfer, at);
            }
            Fact::HandedOver(it) => {
                self.end(DeadlineId::Transfer, at);
                self.end(DeadlineId::ReturnSlip, at);
                self.pass(act, &it.from, &it.to, false);
            }
            Fact::Received(_) => self.receive(act),
            Fact::HandlerNamed(it) => {
                self.end(DeadlineId::AssignHandler, at);
                self.name_handler(&it.handler);
            }
            Fact::Returned(it) => self.pass(act, &it.from, &it.to, true),
            Fact::Replied(it) => {
                self.end(DeadlineId::Reply, at);
                // A department that answers has taken the slip, whoever it named.
                self.end(DeadlineId::AssignHandler, at);
                self.end(DeadlineId::Sign, at);
                self.lift_all(at);
                self.stage = Stage::Replied;
                self.result = Some(CaseResult {
                    department: it.department.clone(),
                    by: act.by.clone(),
                    at,
                    outcome: it.outcome,
                    told: None,
                });
                self.owe_first_responder(DeadlineId::TellResult, at);
                if self.needs_visit() {
                    self.owe_visit(DeadlineId::ReturnVisit, at);
                }
            }
            Fact::ResultTold(it) => {
                self.end(DeadlineId::TellResult, at);
                if let Some(result) = &mut self.result {
                    result.told = Some((act.by.clone(), at, it.how));
                }
                if !self.needs_visit() {
                    self.owe_first_responder(DeadlineId::Close, at);
                }
            }
            Fact::Visited(it) => {
                self.visits.push(Visit {
                    by: act.by.clone(),
                    at,
                    finding: it.finding,
                });
                self.end(DeadlineId::ReturnVisit, at);
                self.end(DeadlineId::RetryVisit, at);
                self.lift_all(at);
                match it.finding {
                    Finding::Satisfied => self.owe_first_responder(DeadlineId::Close, at),
                    Finding::NotReached => self.owe_visit(DeadlineId::RetryVisit, at),
                    Finding::NotSatisfied => self.rework(at),
                }
            }
            Fact::Closed(it) => {
                self.end(DeadlineId::Close, at);
                self.lift_all(at);
                self.stage = Stage::Closed;
                self.ending = Some(it.ending);
            }
        }
    }

    fn pass(&mut self, act: Act<'_>, from: &DepartmentId, to: &DepartmentId, returned: bool) {
        self.lift_all(act.at);
        let home = *to == self.record.department;
        self.moves.push(Move {
            from: from.clone(),
            to: to.clone(),
            by: act.by.clone(),
            at: act.at,
            returned,
            received: None,
        });
        if home {
            self.stage = Stage::Own;
            let next = if returned {
                DeadlineId::ReturnSlip
            } else {
                DeadlineId::Reply
            };
            self.owe_first_responder(next, act.at);
            return;
        }
        // What comes back to a department that had signed for it needs no second signature.
        self.stage = Stage::Passed {
            department: to.clone(),
            received: returned,
            handler: None,
        };
        if !returned {
            self.owe(DeadlineId::Sign, to, None, act.at);
        }
        self.owe(DeadlineId::AssignHandler, to, None, act.at);
        self.owe(DeadlineId::Reply, to, None, act.at);
    }

    fn receive(&mut self, act: Act<'_>) {
        self.end(DeadlineId::Sign, act.at);
        if let Stage::Passed { received, .. } = &mut self.stage {
            *received = true;
        }
        if let Some(last) = self.moves.last_mut() {
            last.received = Some((act.by.clone(), act.at));
        }
    }

    fn name_handler(&mut self, person: &PersonId) {
        if let Stage::Passed { handler, .. } = &mut self.stage {
            *handler = Some(person.clone());
        }
        for it in self
            .obligations
            .iter_mut()
            .filter(|it| it.end.is_none() && it.deadline == DeadlineId::Reply)
        {
            it.owed_by.person = Some(person.clone());
        }
    }

    /// V2: the department that answered works on it again; the history stays.
    fn rework(&mut self, at: Moment) {
        let Some(result) = self.result.take() else {
            return;
        };
        if result.department == self.record.department {
            self.stage = Stage::Own;
            self.owe_first_responder(DeadlineId::Reply, at);
        } else {
            self.owe(
                DeadlineId::Reply,
                &result.department,
                Some(result.by.clone()),
                at,
            );
            self.stage = Stage::Passed {
                department: result.department,
                received: true,
                handler: Some(result.by),
            };
        }
    }

    fn owe_first_responder(&mut self, deadline: DeadlineId, since: Moment) {
        let (department, person) = (
            self.record.department.clone(),
            self.record.first_responder.clone(),
        );
        self.owe(deadline, &department, Some(person), since);
    }

    /// A first responder who did the work has a colleague visit (V6): then it is the department's.
    fn owe_visit(&mut self, deadline: DeadlineId, since: Moment) {
        let did_the_work = self
            .result
            .as_ref()
            .is_some_and(|it| it.by == self.record.first_responder);
        let person = (!did_the_work).then(|| self.record.first_responder.clone());
        let department = self.record.department.clone();
        self.owe(deadline, &department, person, since);
    }

    fn owe(
        &mut self,
        deadline: DeadlineId,
        department: &DepartmentId,
        person: Option<PersonId>,
        since: Moment,
    ) {
        let owed_by = Owed {
            department: department.clone(),
            person,
        };
        self.obligations.push(Obligation {
            deadline,
            owed_by,
            since,
            end: None,
        });
    }

    fn end(&mut self, deadline: DeadlineId, at: Moment) {
        for it in self
            .obligations
            .iter_mut()
            .filter(|it| it.end.is_none() && it.deadline == deadline)
        {
            it.end = Some(End::Met { at });
        }
    }

    fn lift_all(&mut self, at: Moment) {
        for it in self.obligations.iter_mut().filter(|it| it.end.is_none()) {
            it.end = Some(End::Lifted { at });
        }
    }
}
