//! What intake leaves on a case (F, I): the record's obligations, notices, agreed times, emergencies.

use super::{Act, Case, Claim, End, Owed, Responder, Stage, waits_for_safety};
use crate::decide::{Refusal, may_see, photo_stands_for};
use crate::event::{
    AgreedBecause, AnswerPublished, AskedConfirmed, EmergencyStep, EmergencyStepDone, Field,
    FormCompleted, GuidedReceived, Kind, NoticeGiven, OutsideContacted, PhotoAdded, PhotoSource,
    Recorded, ResultChecked, SecondTripMade, Urgency, UrgencySet,
};
use crate::hash::Hash;
use crate::id::{CaseId, DepartmentId, EmergencyId, EnvelopeId, PaperId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// What was noted of the intake and at the counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// Required fields that are missing still (I1).
    pub missing: Vec<Field>,
    /// The person named as asked objected, and no supervisor has decided otherwise (F6).
    pub asked_objected: bool,
    /// What the person said whom the customer had asked before, and who has no record of it (F5).
    pub asked_before: Option<bool>,
    /// Neither name nor phone is known (I1).
    pub unnamed: bool,
    /// The earlier case that this one repeats (I9).
    pub repeats: Option<CaseId>,
    pub guided: Option<Guided>,
    pub n_whom_told: u32,
    pub notices: Vec<Notice>,
    pub second_trips: Vec<SecondTrip>,
    pub outside_contacts: Vec<OutsideContact>,
    pub agreed: Vec<Agreed>,
    pub photos: Vec<Photo>,
    pub n_takeaways: u32,
    /// Contacts without anything new (V5).
    pub n_contacts: u32,
    pub emergency: Option<EmergencyId>,
    /// An emergency is running: slip and signatures wait (I14).
    pub in_danger: bool,
    /// Signatures that wait until the danger is over (I14).
    pub waiting: Vec<(DeadlineId, Owed)>,
}

/// Somebody outside was rung or written to (I5, T11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideContact {
    pub by: PersonId,
    pub at: Moment,
    /// The contractor it was, as its counterpart says; none: somebody else, or nobody of the directory.
    pub contractor: Option<DepartmentId>,
}

impl Intake {
    pub(super) fn of(record: &Recorded) -> Self {
        Self {
            missing: record.missing.clone(),
            asked_objected: false,
            asked_before: None,
            unnamed: record.unnamed,
            repeats: record.repeats,
            guided: None,
            n_whom_told: 0,
            notices: Vec::new(),
            second_trips: Vec::new(),
            outside_contacts: Vec::new(),
            agreed: Vec::new(),
            photos: Vec::new(),
            n_takeaways: 0,
            n_contacts: 0,
            emergency: record.emergency.clone(),
            in_danger: record.urgency == Urgency::Emergency,
            waiting: Vec::new(),
        }
    }
}

/// The customer was taken or connected to a department (I10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guided {
    pub to: DepartmentId,
    pub at: Moment,
    pub received: Option<(PersonId, Moment)>,
}

/// A one-time notice (I4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub envelope: EnvelopeId,
    pub by: PersonId,
    pub at: Moment,
    pub papers: Vec<PaperId>,
    pub clear: bool,
    pub more: bool,
}

/// A second trip of the customer (I4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondTrip {
    pub envelope: EnvelopeId,
    pub at: Moment,
    /// Papers that the customer came for and that no notice before had named.
    pub untold: Vec<PaperId>,
    /// Something else that nobody had told.
    pub untold_else: bool,
    pub in_vain: bool,
}

/// A time agreed with the customer (I5, I6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    pub envelope: EnvelopeId,
    pub by: PersonId,
    pub made_at: Moment,
    pub at: Moment,
    pub because: AgreedBecause,
}

/// A photo on the case (V7), or the customer's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    pub photo: Hash,
    pub by: PersonId,
    pub at: Moment,
    pub source: PhotoSource,
    pub taken_at: Option<Moment>,
    pub placed: bool,
}

impl Photo {
    /// As [`PhotoAdded::is_signature`].
    pub const fn is_signature(&self) -> bool {
        matches!(self.source, PhotoSource::Signature)
    }
}

/// What a photo may not prove (V7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoDoubt {
    FromAlbum,
    WithoutTime,
    WithoutPlace,
    /// Taken before the slip was handed over.
    OlderThanHandover,
    UsedElsewhere {
        case: CaseId,
    },
}

impl Case {
    /// What the record itself makes owed.
    pub(super) fn take_down(&mut self, act: Act<'_>) {
        let record = self.record.clone();
        if self.intake.in_danger {
            self.owe_emergency(record.asked_at, record.needs_rescuer, act);
            if !record.missing.is_empty() {
                self.owe_responder(DeadlineId::CompleteForm, record.asked_at, act);
            }
        } else {
            self.owe_handling(record.asked_at, act);
        }
        // An inspection says itself by when (I13).
        let Owed { department, person } = self.responder_owes();
        self.owe_until(
            DeadlineId::Customer,
            &department,
            person,
            record.asked_at,
            record.due_by,
            act,
        );
        // Whom a report is about was asked and is not shown it (I11): nobody else can say so for them.
        let was_named = record.asked.is_empty()
            || record
                .asked
                .iter()
                .any(|it| it.person == self.responder.person);
        // Nobody was there to sign: whoever is said to have recorded it is named by somebody else as well.
        let is_own_hand = self.responder.person == *act.by;
        if was_named && (!is_own_hand || act.claimed) {
            self.owe_responder(DeadlineId::ConfirmAsked, act.at, act);
        }
        if act.claimed && !is_own_hand && may_see(self, act.by) {
            let by = Some(act.by.clone());
            self.owe(
                DeadlineId::ConfirmAsked,
                &record.department,
                by,
                act.at,
                act,
            );
        }
        if let Some(before) = self.asked_before_without_record().cloned() {
            let department = record
                .asked_before
                .and_then(|it| it.department)
                .unwrap_or(department);
            self.owe(
                DeadlineId::ConfirmAsked,
                &department,
                Some(before),
                act.at,
                act,
            );
        }
        self.owe_outer(act);
    }

    /// Whom the customer says to have asked before, where no record of it is known: it is a question to them (F5).
    /// Whoever writes it down of themselves, or is asked as the first responder anyway, is not asked twice, and whom a
    /// report is about is not told of it (I11).
    pub(crate) fn asked_before_without_record(&self) -> Option<&PersonId> {
        self.record
            .asked_before
            .as_ref()
            .filter(|it| it.recorded_as.is_none())
            .map(|it| &it.person)
            .filter(|it| **it != self.record.first_responder && **it != self.recorded_by)
            .filter(|it| may_see(self, it))
    }

    /// Own matters are answered, others' passed on (T1, T3).
    pub(super) fn owe_handling(&mut self, since: Moment, act: Act<'_>) {
        let own = self
            .record
            .proper
            .as_ref()
            .is_none_or(|it| *it == self.responder.department);
        let first = if own {
            DeadlineId::Reply
        } else {
            DeadlineId::Transfer
        };
        self.owe_responder(first, since, act);
    }

    pub(super) fn responder_owes(&self) -> Owed {
        Owed {
            department: self.responder.department.clone(),
            person: Some(self.responder.person.clone()),
        }
    }

    fn owe_emergency(&mut self, since: Moment, needs_rescuer: bool, act: Act<'_>) {
        let steps = [
            DeadlineId::EmergencyPass,
            DeadlineId::EmergencyOnSite,
            DeadlineId::EmergencyTellDirector,
        ];
        let rescuer = needs_rescuer.then_some(DeadlineId::EmergencyRescuer);
        self.owe_in_danger(steps.into_iter().chain(rescuer), since, act);
    }

    /// Owed by whoever has the case.
    fn owe_in_danger(
        &mut self,
        steps: impl IntoIterator<Item = DeadlineId>,
        since: Moment,
        act: Act<'_>,
    ) {
        let (department, person) = match &self.stage {
            Stage::Passed {
                department,
                handler,
                ..
            } => (department.clone(), handler.clone()),
            Stage::Own
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => {
                let owed = self.responder_owes();
                (owed.department, owed.person)
            }
        };
        for deadline in steps {
            self.owe(deadline, &department, person.clone(), since, act);
        }
    }

    pub(super) fn admit_answer_at_once(&self) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Own if self.intake.in_danger => Err(Refusal::InDanger),
            Stage::Own if self.owes(DeadlineId::LeaderAnswer) => Err(Refusal::AwaitingLeader),
            Stage::Own => Ok(()),
            Stage::Passed { .. }
            | Stage::Coordinating { .. }
            | Stage::Joined { .. }
            | Stage::Replied
            | Stage::Closed => Err(Refusal::PassedOn {
                to: self.holder().clone(),
            }),
        }
    }

    /// What was passed on, or visited before, is no answer at once any more: its visit is not to be gone round (V4).
    pub(super) fn admit_answered_at_once(&self) -> Result<(), Refusal> {
        self.admit_answer_at_once()?;
        if self.moves.is_empty() && self.visits.is_empty() {
            Ok(())
        } else {
            Err(Refusal::NotVisited)
        }
    }

    pub(super) fn answered_at_once(&mut self, act: Act<'_>) {
        for deadline in [
            DeadlineId::Reply,
            DeadlineId::Transfer,
            DeadlineId::ReturnSlip,
            DeadlineId::AgreedTime,
            DeadlineId::Customer,
        ] {
            self.meet(deadline, act);
        }
    }

    /// Those named answer what is put to them; after an objection it is the supervisor's to say.
    pub(super) fn admit_asked_confirmed(&self, act: Act<'_>) -> Result<(), Refusal> {
        if self.asked_to_confirm().contains(act.by) || self.claim == Some(Claim::Open) {
            Ok(())
        } else if self.owes(DeadlineId::DecideAsked) {
            if *act.by == self.record.first_responder {
                Err(Refusal::SameResponder)
            } else {
                Ok(())
            }
        } else {
            self.admit_owed(DeadlineId::ConfirmAsked)
                .and(Err(Refusal::NotYours {
                    may: self.asked_to_confirm(),
                }))
        }
    }

    /// Whom it is put to whether they were asked (F5, F6).
    pub fn asked_to_confirm(&self) -> Vec<PersonId> {
        self.open_obligations()
            .filter(|it| it.deadline == DeadlineId::ConfirmAsked)
            .filter_map(|it| it.owed_by.person.clone())
            .collect()
    }

    pub(super) fn asked_confirmed(&mut self, act: Act<'_>, it: &AskedConfirmed) {
        let is_asked = self.asked_to_confirm().contains(act.by);
        let is_author = self.claim == Some(Claim::Open) && self.recorded_by == *act.by;
        if !is_asked && !is_author {
            self.asked_decided(act, it.agrees);
            return;
        }
        if is_author {
            self.settle_claim(act, it.agrees);
        }
        if *act.by != self.record.first_responder {
            if !is_author {
                self.intake.asked_before = Some(it.agrees);
            }
        } else if is_asked && !it.agrees {
            self.intake.asked_objected = true;
            let Responder {
                department,
                supervisor,
                ..
            } = self.responder.clone();
            self.owe(
                DeadlineId::DecideAsked,
                &department,
                supervisor,
                act.at,
                act,
            );
        }
        let end = End::met(act);
        self.open_mut(DeadlineId::ConfirmAsked)
            .filter(|open| open.owed_by.person.as_ref() == Some(act.by))
            .for_each(|open| open.end = Some(end));
    }

    /// The supervisor's word, after an objection or where whoever is named is gone.
    fn asked_decided(&mut self, act: Act<'_>, agrees: bool) {
        let is_of_the_author =
            self.recorded_by == self.record.first_responder || !self.owes(DeadlineId::DecideAsked);
        self.meet(DeadlineId::DecideAsked, act);
        self.intake.asked_objected = false;
        if self.claim.is_some() && is_of_the_author {
            self.settle_claim(act, agrees);
            let named = self.recorded_by.clone();
            let end = End::Lifted { at: act.at };
            self.open_mut(DeadlineId::ConfirmAsked)
                .filter(|open| open.owed_by.person.as_ref() == Some(&named))
                .for_each(|open| open.end = Some(end));
        }
    }

    /// Whose a record is that nobody had signed for (F6).
    pub(super) fn settle_claim(&mut self, act: Act<'_>, agrees: bool) {
        let by = act.by.clone();
        self.claim = Some(if agrees {
            Claim::Confirmed { by }
        } else {
            Claim::Denied { by }
        });
    }

    pub(super) fn admit_form_completed(&self) -> Result<(), Refusal> {
        if self.intake.missing.is_empty() && !self.intake.unnamed {
            Err(Refusal::NothingMissing)
        } else {
            Ok(())
        }
    }

    pub(super) fn form_completed(&mut self, act: Act<'_>, it: &FormCompleted) {
        // Somebody else may have added the rest at the same time.
        self.intake
            .missing
            .retain(|field| it.missing.contains(field));
        self.intake.unnamed &= !it.named;
        if self.intake.missing.is_empty() || it.missing_because.is_some() {
            self.meet(DeadlineId::CompleteForm, act);
        }
    }

    pub(super) fn admit_guided(&self, it: &crate::event::Guided) -> Result<(), Refusal> {
        self.admit_from_home()?;
        if it.to == self.responder.department {
            Err(Refusal::SameDepartment)
        } else {
            Ok(())
        }
    }

    /// Still in the hands of the first responder's own department.
    pub(super) fn admit_from_home(&self) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Own => Ok(()),
            Stage::Passed { .. } | Stage::Coordinating { .. } | Stage::Joined { .. } => {
                Err(Refusal::PassedOn {
                    to: self.holder().clone(),
                })
            }
            Stage::Replied => Err(Refusal::AlreadyReplied),
            Stage::Closed => Err(Refusal::Closed),
        }
    }

    pub(super) fn guided(&mut self, act: Act<'_>, it: &crate::event::Guided) {
        self.lift(DeadlineId::ReceiveGuided, act.at);
        self.intake.guided = Some(Guided {
            to: it.to.clone(),
            at: act.at,
            received: None,
        });
        self.owe(DeadlineId::ReceiveGuided, &it.to, None, act.at, act);
    }

    pub(super) fn admit_guided_received(&self, it: &GuidedReceived) -> Result<(), Refusal> {
        self.admit_from_home()?;
        let to = self
            .intake
            .guided
            .as_ref()
            .filter(|guided| guided.received.is_none())
            .map(|guided| &guided.to)
            .ok_or(Refusal::NotGuided)?;
        if *to == it.department {
            Ok(())
        } else {
            Err(Refusal::PassedOn { to: to.clone() })
        }
    }

    /// It stands for the slip: whoever received the customer handles the matter (I10).
    pub(super) fn guided_received(&mut self, act: Act<'_>, it: &GuidedReceived) {
        self.meet(DeadlineId::ReceiveGuided, act);
        self.meet(DeadlineId::Transfer, act);
        if let Some(guided) = &mut self.intake.guided {
            guided.received = Some((act.by.clone(), act.at));
        }
        self.take_guided(act, &it.department);
    }

    /// The customer knows whom to see; the slip is owed as ever (I7, I10).
    pub(super) fn whom_to_see_told(&mut self, act: Act<'_>) {
        self.lift(DeadlineId::ReceiveGuided, act.at);
        self.intake.n_whom_told += 1;
    }

    pub(super) fn notice_given(&mut self, act: Act<'_>, it: &NoticeGiven) {
        self.intake.notices.push(Notice {
            envelope: act.envelope,
            by: act.by.clone(),
            at: act.at,
            papers: it.papers.clone(),
            clear: it.clear,
            more: it.more,
        });
    }

    pub(super) fn second_trip_made(&mut self, act: Act<'_>, it: &SecondTripMade) {
        let told = |paper: &PaperId| {
            self.intake
                .notices
                .iter()
                .any(|notice| notice.papers.contains(paper))
        };
        let untold = it.papers.iter().filter(|it| !told(it)).cloned().collect();
        self.intake.second_trips.push(SecondTrip {
            envelope: act.envelope,
            at: act.at,
            untold,
            untold_else: it.untold,
            in_vain: it.in_vain,
        });
    }

    pub(super) fn outside_contacted(&mut self, act: Act<'_>, it: &OutsideContacted) {
        self.intake.outside_contacts.push(OutsideContact {
            by: act.by.clone(),
            at: act.at,
            contractor: it.contractor.clone(),
        });
    }

    pub(super) fn admit_time_agreed(&self) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Own | Stage::Passed { .. } => Ok(()),
            Stage::Coordinating { .. } | Stage::Joined { .. } => Err(Refusal::PassedOn {
                to: self.holder().clone(),
            }),
            Stage::Replied => Err(Refusal::AlreadyReplied),
            Stage::Closed => Err(Refusal::Closed),
        }
    }

    /// The first agreed time needs nobody's consent; a further one comes with it, or has no effect (T10).
    pub(super) fn admit_first_time_agreed(&self) -> Result<(), Refusal> {
        if self.n_postponed() > 0 {
            return Err(Refusal::NeedsConsent);
        }
        self.admit_time_agreed()
    }

    /// The agreed time is the deadline of the answer, for whoever has the case, and for the customer, unless their clock
    /// was up before.
    pub(super) fn time_agreed(
        &mut self,
        act: Act<'_>,
        at: Moment,
        because: AgreedBecause,
        customer_until: Option<Moment>,
    ) {
        self.intake.agreed.push(Agreed {
            envelope: act.envelope,
            by: act.by.clone(),
            made_at: act.at,
            at,
            because,
        });
        let owed_by = self
            .open_obligations()
            .find(|it| {
                matches!(
                    it.deadline,
                    DeadlineId::Reply | DeadlineId::AgreedTime | DeadlineId::Completion
                )
            })
            .map_or_else(|| self.responder_owes(), |it| it.owed_by.clone());
        self.lift(DeadlineId::Reply, act.at);
        self.lift(DeadlineId::AgreedTime, act.at);
        self.lift(DeadlineId::Completion, act.at);
        // What the clock waited for is settled: the time is known.
        self.consents.end_pauses(act.at);
        self.open_mut(DeadlineId::Customer)
            .for_each(|it| it.until = Some(customer_until.unwrap_or(at)));
        self.owe_until(
            DeadlineId::AgreedTime,
            &owed_by.department,
            owed_by.person,
            act.at,
            Some(at),
            act,
        );
    }

    /// What an inspection gets is checked by a second person (I13); what is wrong is done again.
    pub(super) fn result_checked(&mut self, act: Act<'_>, it: &ResultChecked) {
        self.meet(DeadlineId::CheckResult, act);
        if !it.right {
            self.rework(act);
        }
    }

    pub(super) fn admit_urgency(&self, it: &UrgencySet) -> Result<(), Refusal> {
        // The same danger may come again once it was over.
        let comes_again = it.urgency == Urgency::Emergency && !self.intake.in_danger;
        if it.urgency == self.urgency && it.emergency == self.intake.emergency && !comes_again {
            Err(Refusal::SameUrgency)
        } else {
            Ok(())
        }
    }

    pub(super) fn urgency_set(&mut self, act: Act<'_>, it: &UrgencySet) {
        self.urgency = it.urgency;
        self.intake.emergency.clone_from(&it.emergency);
        match (it.urgency == Urgency::Emergency, self.intake.in_danger) {
            (true, false) => self.danger_begins(act, it.needs_rescuer),
            (true, true) if !it.needs_rescuer => self.lift(DeadlineId::EmergencyRescuer, act.at),
            (true, true) if !self.owes(DeadlineId::EmergencyRescuer) => {
                self.owe_in_danger([DeadlineId::EmergencyRescuer], act.at, act);
            }
            (false, true) => self.danger_over(act, act.at),
            (true, true) | (false, false) => {}
        }
    }

    /// Slip and signatures wait, and nothing pauses (I14).
    fn danger_begins(&mut self, act: Act<'_>, needs_rescuer: bool) {
        self.intake.in_danger = true;
        self.lift(DeadlineId::Transfer, act.at);
        self.lift(DeadlineId::ReturnSlip, act.at);
        for it in self
            .obligations
            .iter_mut()
            .filter(|it| it.end.is_none() && waits_for_safety(it.deadline))
        {
            it.end = Some(End::Lifted { at: act.at });
            self.intake.waiting.push((it.deadline, it.owed_by.clone()));
        }
        self.consents.end_pauses(act.at);
        self.owe_emergency(act.at, needs_rescuer, act);
    }

    pub(super) fn admit_emergency_step(&self, it: &EmergencyStepDone) -> Result<(), Refusal> {
        if it.step == EmergencyStep::DangerOver && self.intake.in_danger {
            return Ok(());
        }
        self.admit_owed(Self::deadline_of(it.step).unwrap_or(DeadlineId::EmergencyPass))
    }

    const fn deadline_of(step: EmergencyStep) -> Option<DeadlineId> {
        match step {
            EmergencyStep::PassedOn => Some(DeadlineId::EmergencyPass),
            EmergencyStep::OnSite => Some(DeadlineId::EmergencyOnSite),
            EmergencyStep::RescuerOnSite => Some(DeadlineId::EmergencyRescuer),
            EmergencyStep::DirectorTold => Some(DeadlineId::EmergencyTellDirector),
            EmergencyStep::DangerOver => None,
        }
    }

    pub(super) fn emergency_step_done(&mut self, act: Act<'_>, it: &EmergencyStepDone) {
        match Self::deadline_of(it.step) {
            Some(deadline) => self.meet_at(deadline, it.done_at, act.envelope),
            None => self.danger_over(act, it.done_at),
        }
    }

    /// Slip and signatures are owed from here on (I14).
    fn danger_over(&mut self, act: Act<'_>, at: Moment) {
        self.intake.in_danger = false;
        for deadline in [
            DeadlineId::EmergencyPass,
            DeadlineId::EmergencyOnSite,
            DeadlineId::EmergencyRescuer,
        ] {
            self.lift(deadline, at);
        }
        for (deadline, Owed { department, person }) in std::mem::take(&mut self.intake.waiting) {
            self.owe(deadline, &department, person, at, act);
        }
        let handled = [
            DeadlineId::Reply,
            DeadlineId::AgreedTime,
            DeadlineId::Completion,
            DeadlineId::ReportToCoordination,
        ];
        if self.stage == Stage::Own && !handled.iter().any(|it| self.owes(*it)) {
            self.owe_handling(at, act);
        }
    }

    pub(super) fn illegal_act_found(&mut self, act: Act<'_>) {
        if !self.owes(DeadlineId::ReportToAuthority) {
            self.owe_responder(DeadlineId::ReportToAuthority, act.at, act);
        }
    }

    /// In a public area, place and photo stand for name and phone (I1); a signature names nobody.
    pub(super) fn photo_added(&mut self, act: Act<'_>, it: &PhotoAdded) {
        self.intake.photos.push(Photo {
            photo: it.photo,
            by: act.by.clone(),
            at: act.at,
            source: it.source,
            taken_at: it.taken_at,
            placed: it.placed,
        });
        if self.record.public_area && !it.is_signature() {
            self.intake.missing.retain(|it| !photo_stands_for(*it));
            if self.intake.missing.is_empty() {
                self.meet(DeadlineId::CompleteForm, act);
            }
        }
    }

    /// Neither name nor phone: the answer is published, or why not is recorded (I1).
    pub const fn is_unnamed(&self) -> bool {
        self.intake.unnamed
    }

    pub(super) fn admit_answer_published(&self) -> Result<(), Refusal> {
        self.admit_owed(DeadlineId::PublishAnswer)?;
        self.admit_made_known()
    }

    pub(super) fn answer_published(&mut self, act: Act<'_>, it: &AnswerPublished) {
        self.meet(DeadlineId::PublishAnswer, act);
        self.meet(DeadlineId::Customer, act);
        if let Some(result) = &mut self.result {
            result.published = Some(it.published);
        }
        self.owe_close_without_visit(act);
    }

    /// What is pointed out about a photo (V7); it is never the only proof of a breach. Of a signature nothing is: it
    /// proves nothing about the matter. `others`: the site's other cases.
    pub fn photo_doubts<'a>(
        &self,
        photo: &Photo,
        others: impl IntoIterator<Item = &'a Self>,
    ) -> Vec<PhotoDoubt> {
        if photo.is_signature() {
            return Vec::new();
        }
        let handed_over = self
            .moves
            .iter()
            .rev()
            .find(|it| it.at <= photo.at)
            .map(|it| it.at);
        let is_older = photo
            .taken_at
            .zip(handed_over)
            .is_some_and(|(taken, moved)| taken < moved);
        let used_in = others
            .into_iter()
            .find(|it| {
                it.id != self.id
                    && it
                        .intake
                        .photos
                        .iter()
                        .any(|used| used.photo == photo.photo)
            })
            .map(|it| PhotoDoubt::UsedElsewhere { case: it.id });
        [
            (photo.source == PhotoSource::Album).then_some(PhotoDoubt::FromAlbum),
            photo.taken_at.is_none().then_some(PhotoDoubt::WithoutTime),
            (!photo.placed).then_some(PhotoDoubt::WithoutPlace),
            is_older.then_some(PhotoDoubt::OlderThanHandover),
            used_in,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    pub(super) fn is_inspection(&self) -> bool {
        self.record.kind == Kind::Inspection
    }
}
