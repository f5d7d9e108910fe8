//! What needs somebody's consent, on a case: pauses, extensions, completion deadlines, further agreed times.

use super::{Act, Case, End};
use crate::decide::Refusal;
use crate::event::{Consented, PauseReason, Request, Requested};
use crate::id::{EnvelopeId, PersonId, ShiftId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::reckoning::Pause;

/// Consents asked for and given, and the shift that is being handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consents {
    pub requests: Vec<RequestMade>,
    /// Stretches in which clocks that can pause stand still; why, say the requests that were granted.
    pub pauses: Vec<Pause>,
    /// The shift handover that is not taken yet, from whom to whom (F7).
    pub shift: Option<(ShiftId, PersonId, PersonId)>,
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
}

impl RequestMade {
    pub fn is_granted(&self) -> bool {
        self.answer.as_ref().is_some_and(|(_, _, granted)| *granted)
    }
}

impl Case {
    /// Pauses granted and further agreed times so far (T10 limits them).
    pub fn n_postponed(&self) -> usize {
        self.consents.pauses.len() + self.intake.agreed.len()
    }

    pub(super) fn admit_requested(&self, it: &Requested) -> Result<(), Refusal> {
        let same_kind =
            |other: &Request| std::mem::discriminant(other) == std::mem::discriminant(&it.request);
        if self
            .consents
            .requests
            .iter()
            .any(|made| made.answer.is_none() && same_kind(&made.request))
        {
            return Err(Refusal::RequestOpen);
        }
        match it.request {
            Request::Pause(..) if self.open_pause().is_some() => Err(Refusal::Paused),
            Request::Extension(deadline, _) => self.admit_owed(deadline),
            Request::Completion(_) => self.admit_owed(DeadlineId::Reply),
            Request::AgreedTime(..) => self.admit_time_agreed(),
            Request::Pause(..) | Request::Succession => Ok(()),
        }
    }

    pub fn open_pause(&self) -> Option<&Pause> {
        self.consents.pauses.iter().find(|it| it.until.is_none())
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
            .find(|it| it.envelope == envelope && it.answer.is_none())
    }

    pub(super) fn admit_consented(&self, it: &Consented) -> Result<(), Refusal> {
        let made = self.open_request(it.request).ok_or(Refusal::NoRequest)?;
        if !it.granted {
            return Ok(());
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
        let end = End::Met {
            at: act.at,
            by: act.envelope,
        };
        self.open_mut(DeadlineId::Consent)
            .filter(|open| open.arose == asked_in)
            .for_each(|open| open.end = Some(end));
        if it.granted {
            self.grant(act, request, asked_at, asked_in);
        }
    }

    fn grant(&mut self, act: Act<'_>, request: Request, asked_at: Moment, asked_in: EnvelopeId) {
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
            Request::AgreedTime(at, because) => self.time_agreed(act, at, because),
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
        self.open_mut(DeadlineId::Customer)
            .for_each(|it| it.until = Some(at));
        self.owe_until(
            DeadlineId::Completion,
            &owed_by.department,
            owed_by.person,
            asked_at,
            Some(at),
            act,
        );
    }

    pub(super) fn admit_resumed(&self) -> Result<(), Refusal> {
        match self.open_pause() {
            Some(_) => Ok(()),
            None => Err(Refusal::NotPaused),
        }
    }

    pub(super) fn resumed(&mut self, act: Act<'_>) {
        for pause in self
            .consents
            .pauses
            .iter_mut()
            .filter(|it| it.until.is_none())
        {
            pause.until = Some(act.at);
        }
    }
}
