//! What needs somebody's consent, on a case: pauses, extensions, completion deadlines, further agreed times.

use std::collections::BTreeMap;

use super::{Act, Case, End, Obligation};
use crate::decide::Refusal;
use crate::event::{Consented, PauseReason, Request, Requested};
use crate::id::{DepartmentId, EnvelopeId, PersonId, ShiftId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::reckoning::Pause;

/// Consents asked for and given, and the shift that is being handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consents {
    pub requests: Vec<RequestMade>,
    /// Stretches in which clocks that can pause stand still; why, say the requests that were granted.
    pub pauses: Vec<Pause>,
    /// Shift handovers that are not taken yet (F7).
    pub shifts: Vec<Shift>,
    /// Whose shift was taken over, with who is on duty for them (F7).
    pub on_duty: BTreeMap<PersonId, PersonId>,
    /// Departments that answered beside a first responder before a succession (F3), with how often the slip had moved.
    pub former_homes: Vec<(DepartmentId, usize)>,
}

/// What one person owes here goes to the next post on duty, once it is taken (F7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    pub shift: ShiftId,
    pub from: PersonId,
    pub to: PersonId,
    pub envelope: EnvelopeId,
}

impl Consents {
    /// What was asked for the handling lapses unanswered, and its pauses end with it.
    pub(super) fn handling_ends(&mut self, at: Moment) {
        for made in &mut self.requests {
            made.lapsed |= made.answer.is_none() && made.request != Request::Succession;
        }
        self.end_pauses(at);
    }

    /// Nothing is left that a succession could move.
    pub(super) fn case_ends(&mut self) {
        for made in &mut self.requests {
            made.lapsed |= made.answer.is_none();
        }
    }

    /// The first responder is another: what was asked and granted for the one before is done with (F3).
    pub(super) fn succeeded(&mut self) {
        for made in &mut self.requests {
            made.lapsed |= made.request == Request::Succession;
        }
    }

    /// Whoever stood in for others goes off shift with them; whoever takes over is there themselves.
    pub(super) fn shift_taken(&mut self, from: &PersonId, to: &PersonId) {
        for by in self.on_duty.values_mut().filter(|it| *it == from) {
            by.clone_from(to);
        }
        self.on_duty.insert(from.clone(), to.clone());
        self.on_duty.remove(to);
    }

    /// Whether the director's consent to a succession is there, and not used yet (F3).
    pub fn may_succeed(&self) -> bool {
        self.requests
            .iter()
            .any(|it| it.request == Request::Succession && it.is_granted() && !it.lapsed)
    }

    pub(super) fn end_pauses(&mut self, at: Moment) {
        for pause in self.pauses.iter_mut().filter(|it| lasts_at(it, at)) {
            pause.until = Some(at);
        }
    }

    /// Whether it is owed to answer a request for a succession.
    pub(super) fn is_of_a_succession(&self, obligation: &Obligation) -> bool {
        obligation.deadline == DeadlineId::Consent
            && self
                .requests
                .iter()
                .any(|it| it.envelope == obligation.arose && it.request == Request::Succession)
    }

    /// Whether an obligation to answer belongs to a request that stands still.
    pub(super) fn is_asked_still(&self, obligation: &Obligation) -> bool {
        obligation.deadline == DeadlineId::Consent
            && self
                .requests
                .iter()
                .any(|it| it.envelope == obligation.arose && it.is_open())
    }
}

fn lasts_at(pause: &Pause, at: Moment) -> bool {
    pause.from <= at && pause.until.is_none_or(|until| at < until)
}

/// A request, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMade {
    pub envelope: EnvelopeId,
    pub request: Request,
    pub by: PersonId,
    pub of: PersonId,
    pub at: Moment,
    /// Who answered, when, and whether it was granted.
    pub answer: Option<(PersonId, Moment, bool)>,
    /// What it was asked for ended before anybody answered, or was done.
    pub lapsed: bool,
}

impl RequestMade {
    /// Nobody answered, and it did not lapse.
    pub const fn is_open(&self) -> bool {
        self.answer.is_none() && !self.lapsed
    }

    /// Answered, and with yes.
    pub fn is_granted(&self) -> bool {
        self.answer.as_ref().is_some_and(|(_, _, granted)| *granted)
    }
}

impl Case {
    /// Pauses granted and further agreed times so far (T10 limits them).
    pub fn n_postponed(&self) -> usize {
        self.consents.pauses.len() + self.intake.agreed.len()
    }

    pub(super) fn admit_requested(&self, act: Act<'_>, it: &Requested) -> Result<(), Refusal> {
        let same_kind =
            |other: &Request| std::mem::discriminant(other) == std::mem::discriminant(&it.request);
        if self
            .consents
            .requests
            .iter()
            .any(|made| made.is_open() && same_kind(&made.request))
        {
            return Err(Refusal::RequestOpen);
        }
        match it.request {
            Request::Pause(..) if self.pause_at(act.at).is_some() => Err(Refusal::Paused),
            Request::Extension(deadline, _) => self.admit_owed(deadline),
            Request::Completion(_) => self.admit_owed(DeadlineId::Reply),
            Request::AgreedTime(..) => self.admit_time_agreed(),
            Request::Pause(..) | Request::Succession => Ok(()),
        }
    }

    /// The pause that lasts until somebody ends it.
    pub fn open_pause(&self) -> Option<&Pause> {
        self.consents.pauses.iter().find(|it| it.until.is_none())
    }

    /// The pause that lasts at `at`.
    pub fn pause_at(&self, at: Moment) -> Option<&Pause> {
        self.consents.pauses.iter().find(|it| lasts_at(it, at))
    }

    /// Why the clock stands still.
    pub fn pause_reason(&self) -> Option<PauseReason> {
        let from = self.open_pause()?.from;
        self.consents
            .requests
            .iter()
            .filter(|it| it.is_granted() && it.at == from)
            .find_map(|it| match it.request {
                Request::Pause(reason, _) => Some(reason),
                Request::Extension(..)
                | Request::Completion(_)
                | Request::AgreedTime(..)
                | Request::Succession => None,
            })
    }

    pub(super) fn requested(&mut self, act: Act<'_>, it: &Requested) {
        self.consents.requests.push(RequestMade {
            envelope: act.envelope,
            request: it.request,
            by: act.by.clone(),
            of: it.of.clone(),
            at: act.at,
            answer: None,
            lapsed: false,
        });
        self.owe(
            DeadlineId::Consent,
            &it.of_department,
            Some(it.of.clone()),
            act.at,
            act,
        );
    }

    /// The request that an envelope made and nobody answered.
    pub fn open_request(&self, envelope: EnvelopeId) -> Option<&RequestMade> {
        self.consents
            .requests
            .iter()
            .find(|it| it.envelope == envelope && it.is_open())
    }

    pub(super) fn admit_consented(&self, it: &Consented) -> Result<(), Refusal> {
        let made = self.open_request(it.request).ok_or(Refusal::NoRequest)?;
        if !it.granted {
            return Ok(());
        }
        // Another one was granted elsewhere at the same time: the consent was to a first or second, not to this one.
        let knew = it.postponed_before.map(usize::try_from);
        if knew.is_some_and(|it| it != Ok(self.n_postponed())) {
            return Err(Refusal::NeedsConsent);
        }
        match made.request {
            Request::Extension(deadline, _) => self.admit_owed(deadline),
            Request::Completion(_) => self.admit_owed(DeadlineId::Reply),
            Request::AgreedTime(..) => self.admit_time_agreed(),
            Request::Pause(..) | Request::Succession => Ok(()),
        }
    }

    pub(super) fn consented(&mut self, act: Act<'_>, it: &Consented) {
        let Some(made) = self
            .consents
            .requests
            .iter_mut()
            .find(|made| made.envelope == it.request)
        else {
            return;
        };
        made.answer = Some((act.by.clone(), act.at, it.granted));
        let (request, asked_at, asked_in) = (made.request, made.at, made.envelope);
        let end = End::met(act);
        self.open_mut(DeadlineId::Consent)
            .filter(|open| open.arose == asked_in)
            .for_each(|open| open.end = Some(end));
        if it.granted {
            self.grant(act, request, it.customer_until, asked_at, asked_in);
        }
    }

    fn grant(
        &mut self,
        act: Act<'_>,
        request: Request,
        customer_until: Option<Moment>,
        asked_at: Moment,
        asked_in: EnvelopeId,
    ) {
        if let Some(until) = customer_until.filter(|_| !matches!(request, Request::AgreedTime(..)))
        {
            self.open_mut(DeadlineId::Customer)
                .for_each(|it| it.until = Some(until));
        }
        if !matches!(request, Request::AgreedTime(..) | Request::Succession) {
            self.lift(DeadlineId::TellDelay, act.at);
            self.owe_responder(DeadlineId::TellDelay, act.at, act);
        }
        match request {
            Request::Pause(_, until) => self.consents.pauses.push(Pause {
                from: asked_at,
                until,
            }),
            Request::Extension(deadline, until) => {
                self.open_mut(deadline)
                    .for_each(|open| open.until = Some(until));
            }
            Request::Completion(at) => self.completion_granted(act, at, asked_at, asked_in),
            Request::AgreedTime(at, because) => {
                self.time_agreed(act, at, because, customer_until);
            }
            Request::Succession => {}
        }
    }

    /// The answer said what was found, what follows and when (T3): that time is the completion deadline.
    fn completion_granted(
        &mut self,
        act: Act<'_>,
        at: Moment,
        asked_at: Moment,
        asked_in: EnvelopeId,
    ) {
        let owed_by = self
            .open_obligations()
            .find(|it| it.deadline == DeadlineId::Reply)
            .map_or_else(|| self.responder_owes(), |it| it.owed_by.clone());
        self.meet_at(DeadlineId::Reply, asked_at, asked_in);
        self.owe_until(
            DeadlineId::Completion,
            &owed_by.department,
            owed_by.person,
            asked_at,
            Some(at),
            act,
        );
    }

    /// The customer is told of a delay that was consented to (T10), or when a leader answers (C3).
    pub(super) fn admit_delay_told(&self) -> Result<(), Refusal> {
        if self.owes(DeadlineId::TellExpected) {
            return Ok(());
        }
        self.admit_owed(DeadlineId::TellDelay)
    }

    pub(super) fn admit_resumed(&self, act: Act<'_>) -> Result<(), Refusal> {
        match self.pause_at(act.at) {
            Some(_) => Ok(()),
            None => Err(Refusal::NotPaused),
        }
    }

    pub(super) fn resumed(&mut self, act: Act<'_>) {
        self.consents.end_pauses(act.at);
    }
}
