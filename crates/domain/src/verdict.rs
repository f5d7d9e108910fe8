//! Whether an obligation was met, judged honestly: no better than the clocks behind it allow.
//!
//! Every envelope carries the wall time of its device, which may be wrong. What is known of the true
//! time is an interval, see [`Witness::when`]; where it spans the due moment, nobody can tell. Being
//! offline is never a breach: the time that counts is when something was done.

use crate::case::{Case, End, Obligation};
use crate::envelope::{ClockEvidence, Envelope};
use crate::id::{EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::reckoning::ReckoningError;
use crate::rules::Rules;

/// How far a clock goes astray that nobody sets, in parts of a million: 1.8 s an hour, 43 s a day.
///
/// It is what operating systems slew a clock by at most. The quartz of a phone alone stays within a
/// fifth of it; a clock that was set by hand is caught by receipts and arrivals, not by this bound.
pub const DRIFT_PPM: i64 = 500;

/// How wrong a measured offset may be in milliseconds: the server's time is as old as its answer was
/// under way, which on a poor network is seconds.
pub const OFFSET_ERROR_MS: i64 = 10_000;

/// From which difference on a person is shown that the clock is wrong, in milliseconds.
pub const SKEW_SHOWN_MS: i64 = 120_000;

/// The server's time minus the device's in milliseconds, where it is more than two minutes.
///
/// ```
/// use shouwen_domain::envelope::ClockEvidence;
/// use shouwen_domain::verdict::skew_to_show;
///
/// let clock = |offset_ms| ClockEvidence { offset_ms, age_s: 60 };
/// assert_eq!(skew_to_show(clock(-130_000)), Some(-130_000));
/// assert_eq!(skew_to_show(clock(120_000)), None);
/// ```
pub const fn skew_to_show(clock: ClockEvidence) -> Option<i64> {
    if clock.offset_ms.unsigned_abs() > SKEW_SHOWN_MS.unsigned_abs() {
        Some(clock.offset_ms)
    } else {
        None
    }
}

/// What became of an obligation, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Met,
    /// Not done in time, beyond doubt: alone of all this one may lead to a proposal (A).
    Missed,
    /// No penalty is ever proposed on it.
    CannotBeTold {
        why: Doubt,
    },
    /// Later than due, because the slip lay in a phone without a network: nobody's fault. The
    /// customer's clock ran on all the while (T10).
    Excused {
        /// When head office had the slip.
        arrived: Moment,
        /// By when it is due, counted from there.
        until: Moment,
    },
    /// The arrival stamp of this envelope is not known here yet.
    NotYetJudged {
        waits_for: EnvelopeId,
    },
    /// Open, and not due yet.
    Running,
    /// Open past its due moment. Missed, unless it was done on a device that is not heard from yet.
    Late,
    /// Something else happened before it was due that left nothing to do.
    Lifted,
}

/// Why it cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It was done before or after it was due; no evidence says which.
    Spans { when: When },
    /// The act claims a time before the last receipt that its device had.
    BeforeLastReceipt { receipt: Moment },
    /// It arose by a clock that was wrong; set right, it would have been due then, and judged otherwise.
    StartedByAWrongClock { due: Moment },
    /// The act that ended it is not at hand.
    NoEvidence,
}

/// The true time of an act: somewhere from `earliest` to `latest`, in the server's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    pub earliest: Option<Moment>,
    pub latest: Option<Moment>,
}

/// What is known of when an envelope was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness<'a> {
    pub envelope: EnvelopeId,
    pub by: &'a PersonId,
    /// The device's wall clock.
    pub at: Moment,
    pub clock: Option<ClockEvidence>,
    /// When the server gave the last receipt that the device had by then: the act came after it.
    pub not_before: Option<Moment>,
    /// When head office had the envelope: the act came before it. None: not known here (yet).
    pub arrived: Option<Moment>,
}

impl<'a> Witness<'a> {
    /// What an envelope says, with when the last receipt before it was given and when head office had it.
    pub const fn of(
        envelope: &'a Envelope,
        not_before: Option<Moment>,
        arrived: Option<Moment>,
    ) -> Self {
        let header = envelope.header();
        Self {
            envelope: header.id,
            by: &header.person,
            at: header.at,
            clock: header.clock,
            not_before,
            arrived,
        }
    }

    /// When something was truly done that this envelope says was done at `at`.
    ///
    /// The offset to the server, as far as it can have drifted since it was measured, within what the
    /// last receipt and the arrival leave; these two alone where there is no offset or they disprove it.
    ///
    /// # Errors
    ///
    /// The envelope claims a time before the last receipt that its device had.
    ///
    /// ```
    /// use shouwen_domain::envelope::ClockEvidence;
    /// use shouwen_domain::id::EnvelopeId;
    /// use shouwen_domain::moment::Moment;
    /// use shouwen_domain::verdict::Witness;
    ///
    /// let by = "wang-jianguo".parse().unwrap();
    /// let at = Moment::from_unix_ms(1_000_000);
    /// let witness = Witness {
    ///     envelope: EnvelopeId::from_random([1; 16]),
    ///     by: &by,
    ///     at,
    ///     clock: Some(ClockEvidence { offset_ms: 200_000, age_s: 3_600 }),
    ///     not_before: None,
    ///     arrived: Some(Moment::from_unix_ms(1_205_000)),
    /// };
    /// let when = witness.when(at).unwrap();
    /// assert_eq!(when.earliest, Some(Moment::from_unix_ms(1_188_200)), "10 s and 1.8 s of drift");
    /// assert_eq!(when.latest, witness.arrived);
    /// ```
    pub fn when(&self, at: Moment) -> Result<When, Doubt> {
        let claim = self.claim(at);
        // What is written down afterwards may well have been done before the last receipt.
        let not_before = self.not_before.filter(|_| at == self.at);
        if let Some(receipt) = not_before
            && claim.latest.unwrap_or(at) < receipt
        {
            return Err(Doubt::BeforeLastReceipt { receipt });
        }
        let latest = earlier(claim.latest, self.arrived);
        let earliest = claim.earliest.max(not_before);
        let disproved = matches!((earliest, latest), (Some(from), Some(to)) if from > to);
        Ok(if disproved {
            When {
                earliest: not_before,
                latest: self.arrived,
            }
        } else {
            When { earliest, latest }
        })
    }

    /// By the device's clock alone.
    fn claim(&self, at: Moment) -> When {
        let Some(clock) = self.clock else {
            return When {
                earliest: None,
                latest: None,
            };
        };
        let since_measured_ms = i64::from(clock.age_s) * 1_000
            + at.unix_ms()
                .saturating_sub(self.at.unix_ms())
                .saturating_abs()
                .min(MOST_MS);
        let bound_ms = OFFSET_ERROR_MS + since_measured_ms / 1_000 * DRIFT_PPM / 1_000;
        let guess_ms = at.unix_ms().saturating_add(clock.offset_ms);
        When {
            earliest: Some(Moment::from_unix_ms(guess_ms.saturating_sub(bound_ms))),
            latest: Some(Moment::from_unix_ms(guess_ms.saturating_add(bound_ms))),
        }
    }

    fn side(&self, at: Moment, due: Moment) -> Side {
        let when = match self.when(at) {
            Ok(when) => when,
            Err(doubt) => return Side::Unknown(doubt),
        };
        let is_certain = self.arrived.is_some() || self.not_before.is_some_and(|it| it > due);
        if when.latest.is_some_and(|it| it <= due) {
            Side::InTime
        } else if self.arrived.is_none() && !is_certain {
            Side::Awaits
        } else if when.earliest.is_some_and(|it| it > due) {
            Side::After
        } else {
            Side::Unknown(Doubt::Spans { when })
        }
    }
}

/// A thousand years: more than any clock is wrong, and safe to reckon with.
const MOST_MS: i64 = 31_556_952_000_000;

fn earlier(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// On which side of a moment something was done.
#[derive(Clone, Copy)]
enum Side {
    InTime,
    After,
    Unknown(Doubt),
    /// The arrival may still settle it.
    Awaits,
}

/// What is known of the envelopes of a case, as far as their arrival is known here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    pub acts: &'a [Witness<'a>],
    /// Up to when every device was heard from that could have met something; none: not known here.
    pub heard_until: Option<Moment>,
}

impl<'a> Evidence<'a> {
    /// What is known of an envelope, if it is known at all.
    pub fn of(&self, envelope: EnvelopeId) -> Option<&'a Witness<'a>> {
        self.acts.iter().find(|it| it.envelope == envelope)
    }
}

/// By when an obligation is owed: all that a verdict needs beside the evidence. Reckoned once, judged often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub due: Moment,
    /// By when it would be due with the clock set right that said when it arose; none: nothing shows that it was wrong.
    pub set_right: Option<Moment>,
    pub slip: Slip,
}

/// Whether an obligation had to reach those who owe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// They knew of it themselves.
    AtHand,
    /// From somebody else's device, by this envelope, and whether it is there is not known here.
    UnderWay(EnvelopeId),
    /// Head office had it `at`; counted from there, it is due `until`.
    Arrived { at: Moment, until: Moment },
}

impl Rules {
    /// By when an obligation is owed, and by when after a slip that lay in a phone.
    pub fn terms(
        &self,
        case: &Case,
        obligation: &Obligation,
        evidence: &Evidence<'_>,
    ) -> Result<Terms, ReckoningError> {
        let due = self.due_at(case, obligation, obligation.since)?;
        let set_right = match offset_of(obligation, evidence) {
            Some(offset_ms) => Some(self.due_at(
                case,
                obligation,
                Moment::from_unix_ms(obligation.since.unix_ms().saturating_add(offset_ms)),
            )?),
            None => None,
        };
        if !had_to_arrive(case, obligation, evidence) {
            let slip = Slip::AtHand;
            return Ok(Terms {
                due,
                set_right,
                slip,
            });
        }
        let arrived = evidence.of(obligation.arose).and_then(|it| it.arrived);
        let slip = match arrived {
            None => Slip::UnderWay(obligation.arose),
            Some(at) => Slip::Arrived {
                at,
                until: due.max(self.due_at(case, obligation, at)?),
            },
        };
        Ok(Terms {
            due,
            set_right,
            slip,
        })
    }

    /// What became of an obligation of `case` by `now`, a moment in the server's time.
    pub fn verdict(
        &self,
        case: &Case,
        obligation: &Obligation,
        now: Moment,
        evidence: &Evidence<'_>,
    ) -> Result<Verdict, ReckoningError> {
        self.terms(case, obligation, evidence)
            .map(|it| it.verdict(obligation, now, evidence))
    }
}

impl Terms {
    /// Allocates nothing.
    pub fn verdict(
        &self,
        obligation: &Obligation,
        now: Moment,
        evidence: &Evidence<'_>,
    ) -> Verdict {
        match obligation.end {
            None => self.open(now, evidence.heard_until),
            Some(End::Met { at, by }) => match evidence.of(by) {
                Some(witness) => self.done(witness, at),
                None => Verdict::CannotBeTold {
                    why: Doubt::NoEvidence,
                },
            },
            Some(End::Lifted { at }) => self.lifted(at, evidence),
        }
    }

    /// Of something that nobody did yet, as far as is known here.
    pub fn open(&self, now: Moment, heard_until: Option<Moment>) -> Verdict {
        if now <= self.latest() {
            return Verdict::Running;
        }
        let until = match self.slip {
            Slip::UnderWay(waits_for) => return Verdict::NotYetJudged { waits_for },
            Slip::Arrived { at, until } if now <= until => {
                return Verdict::Excused { arrived: at, until };
            }
            Slip::Arrived { until, .. } => until,
            Slip::AtHand => self.latest(),
        };
        if heard_until.is_some_and(|it| it > until) {
            Verdict::Missed
        } else {
            Verdict::Late
        }
    }

    /// The later of the two due moments, where a wrong clock leaves two.
    pub(crate) fn latest(&self) -> Moment {
        self.set_right.map_or(self.due, |it| it.max(self.due))
    }

    /// Where a wrong clock leaves two due moments, only what both agree on.
    fn done(&self, witness: &Witness<'_>, at: Moment) -> Verdict {
        let claimed = self.done_by(self.due, witness, at);
        let Some(due) = self.set_right else {
            return claimed;
        };
        let set_right = self.done_by(due, witness, at);
        if claimed == set_right || matches!(claimed, Verdict::NotYetJudged { .. }) {
            return claimed;
        }
        if matches!(set_right, Verdict::NotYetJudged { .. }) {
            return set_right;
        }
        Verdict::CannotBeTold {
            why: Doubt::StartedByAWrongClock { due },
        }
    }

    fn done_by(&self, due: Moment, witness: &Witness<'_>, at: Moment) -> Verdict {
        let waits_for = witness.envelope;
        match witness.side(at, due) {
            Side::InTime => return Verdict::Met,
            Side::Unknown(why) => return Verdict::CannotBeTold { why },
            Side::Awaits => return Verdict::NotYetJudged { waits_for },
            Side::After => {}
        }
        match self.slip {
            Slip::AtHand => Verdict::Missed,
            Slip::UnderWay(waits_for) => Verdict::NotYetJudged { waits_for },
            Slip::Arrived { at: arrived, until } => match witness.side(at, until) {
                Side::InTime => Verdict::Excused { arrived, until },
                Side::After => Verdict::Missed,
                Side::Unknown(why) => Verdict::CannotBeTold { why },
                Side::Awaits => Verdict::NotYetJudged { waits_for },
            },
        }
    }

    /// What was lifted in time was not missed; what was overdue by then was, as if done then.
    fn lifted(&self, at: Moment, evidence: &Evidence<'_>) -> Verdict {
        let Some(witness) = evidence.acts.iter().find(|it| it.at == at) else {
            return if at <= self.due {
                Verdict::Lifted
            } else {
                Verdict::CannotBeTold {
                    why: Doubt::NoEvidence,
                }
            };
        };
        let verdict = self.done(witness, at);
        if verdict == Verdict::Met {
            Verdict::Lifted
        } else {
            verdict
        }
    }
}

/// How wrong the clock is shown to have been that said when an obligation arose, in milliseconds.
fn offset_of(obligation: &Obligation, evidence: &Evidence<'_>) -> Option<i64> {
    let clock = evidence.of(obligation.arose)?.clock?;
    skew_to_show(clock).filter(|_| obligation.until.is_none())
}

/// Whether those who owe it learnt of it from somebody else's device.
///
/// The customer's clock, an emergency and the hour for passing on run from the asking whatever a phone
/// does; so does what the first responder's side owes by the record, since it was asked in person. What a
/// colleague's act or new facts leave them to do is another matter.
fn had_to_arrive(case: &Case, obligation: &Obligation, evidence: &Evidence<'_>) -> bool {
    if obligation.until.is_some() || !comes_by_slip(obligation.deadline) {
        return false;
    }
    let first = obligation
        .before
        .first()
        .map_or(&obligation.owed_by, |(was, _)| was);
    let with_the_record = case
        .obligations
        .first()
        .is_some_and(|it| it.arose == obligation.arose);
    let was_asked =
        first.department == case.record.department || obligation.deadline == DeadlineId::Transfer;
    if with_the_record && was_asked {
        return false;
    }
    let own_act = evidence
        .of(obligation.arose)
        .is_some_and(|it| first.person.as_ref() == Some(it.by));
    !own_act
}

const fn comes_by_slip(deadline: DeadlineId) -> bool {
    match deadline {
        DeadlineId::AssignHandler
        | DeadlineId::Reply
        | DeadlineId::ReturnSlip
        | DeadlineId::TellResult
        | DeadlineId::ReturnVisit
        | DeadlineId::Sign
        | DeadlineId::ConfirmAsked
        | DeadlineId::Consent
        | DeadlineId::SignReceipt
        | DeadlineId::SignDispatch
        | DeadlineId::SignResult
        | DeadlineId::SignPlainAnswer
        | DeadlineId::TakeShift
        | DeadlineId::AcceptSuccession
        | DeadlineId::ReportToCoordination
        | DeadlineId::NameLead
        | DeadlineId::LeaderAnswer
        | DeadlineId::Instruct
        | DeadlineId::DecideAsked
        | DeadlineId::TellDelay
        | DeadlineId::TellExpected
        | DeadlineId::Transfer
        | DeadlineId::RetryVisit
        | DeadlineId::Close
        | DeadlineId::ReportToAuthority
        | DeadlineId::PublishAnswer
        | DeadlineId::CheckResult => true,
        DeadlineId::Customer
        | DeadlineId::Completion
        | DeadlineId::AgreedTime
        | DeadlineId::ReceiveGuided
        | DeadlineId::CompleteForm
        | DeadlineId::EmergencyPass
        | DeadlineId::EmergencyOnSite
        | DeadlineId::EmergencyRescuer
        | DeadlineId::EmergencyTellDirector
        | DeadlineId::OuterSign
        | DeadlineId::OuterReply
        | DeadlineId::State => false,
    }
}
