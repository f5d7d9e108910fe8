//! What happens beside the main path: signatures, confirmations, consent, emergencies, coordination.

use shouwen_domain::Command;
use shouwen_domain::case::Case;
use shouwen_domain::event::{AgreedBecause, EmergencyStep, PauseReason, Request, Signing, Urgency};
use shouwen_domain::id::{DepartmentId, EmergencyId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::DeadlineId;

use super::{Act, Teller};
use crate::words;

/// Something that most cases have nothing of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    /// 代登记: somebody else writes down what a colleague was asked.
    RecordedByAnother,
    /// The clock stands still until parts have come.
    Pause,
    /// A time is agreed with the customer.
    AgreedTime,
    /// After a slip has come back, the coordinating department names the lead.
    Coordination,
}

const SIGNATURES: [(DeadlineId, Signing); 4] = [
    (DeadlineId::SignReceipt, Signing::Receipt),
    (DeadlineId::SignDispatch, Signing::Dispatch),
    (DeadlineId::SignResult, Signing::Result),
    (DeadlineId::SignPlainAnswer, Signing::PlainAnswer),
];

const STEPS: [(DeadlineId, EmergencyStep, (u32, u32)); 4] = [
    (DeadlineId::EmergencyPass, EmergencyStep::PassedOn, (0, 0)),
    (
        DeadlineId::EmergencyTellDirector,
        EmergencyStep::DirectorTold,
        (0, 2),
    ),
    (DeadlineId::EmergencyOnSite, EmergencyStep::OnSite, (2, 9)),
    (
        DeadlineId::EmergencyRescuer,
        EmergencyStep::RescuerOnSite,
        (8, 30),
    ),
];

impl Teller<'_> {
    /// What comes before the next act on the main path, or is left when that has ended.
    pub(super) fn beside(&mut self, case: &Case, since: Moment) -> Option<Act> {
        if case.intake.in_danger {
            return Some(self.in_danger(case, since));
        }
        if case.owes(DeadlineId::ConfirmAsked) {
            let confirm = Command::ConfirmAsked {
                agrees: true,
                text: String::new(),
            };
            let who = case.responder.person.clone();
            return Some(self.on_duty(&who, since, (4, 50), confirm));
        }
        let open = case.consents.requests.iter().find(|it| it.answer.is_none());
        if let Some(open) = open {
            let consent = Command::Consent {
                request: open.envelope,
                granted: true,
                text: String::new(),
            };
            return Some(self.on_duty(&open.of, since, (5, 80), consent));
        }
        if case.open_pause().is_some() {
            let who = case.handler().unwrap_or(&case.responder.person).clone();
            return Some(self.on_duty(&who, since, (120, 700), Command::Resume));
        }
        let percent = if case.ending.is_some() { 85 } else { 40 };
        if self.chance.happens(percent) {
            return self.signature(case, since);
        }
        None
    }

    /// The head signs for what somebody else received, sent or answered.
    pub(super) fn signature(&mut self, case: &Case, since: Moment) -> Option<Act> {
        let (head, what) = case.open_obligations().find_map(|it| {
            let what = SIGNATURES.iter().find(|(id, _)| *id == it.deadline)?.1;
            Some((it.owed_by.person.clone()?, what))
        })?;
        Some(self.on_duty(&head, since, (2, 40), Command::Sign { what }))
    }

    /// A second person looks at what an inspection gets.
    pub(super) fn check_result(&mut self, case: &Case, since: Moment) -> Option<Act> {
        let result = case.result.as_ref()?;
        let who = self.colleague(&result.department, &result.by)?;
        let check = Command::CheckResult {
            right: true,
            text: String::new(),
        };
        Some(self.on_duty(&who, since, (5, 60), check))
    }

    /// Danger knows no duty hours: the steps follow one another by the clock on the wall.
    fn in_danger(&mut self, case: &Case, since: Moment) -> Act {
        let owed = STEPS.into_iter().find(|(id, ..)| case.owes(*id));
        let (step, (low, high)) =
            owed.map_or((EmergencyStep::DangerOver, (3, 15)), |it| (it.1, it.2));
        let minutes = self.chance.between(low, high);
        let at = self.clock(since, minutes);
        Act {
            at,
            person: case.responder.person.clone(),
            command: Command::EmergencyStep { step, done_at: at },
        }
    }

    /// Which emergency of the pack's list the customer's words tell of.
    pub(super) fn emergency(&self) -> Option<EmergencyId> {
        let (_, slug) = words::EMERGENCIES
            .iter()
            .find(|(words, _)| self.matter.text.contains(words))?;
        let id = slug.parse().ok()?;
        self.rules.pack.emergency(&id).map(|it| it.id.clone())
    }

    pub(super) fn urgency(emergency: Option<&EmergencyId>) -> Urgency {
        if emergency.is_some() {
            Urgency::Emergency
        } else {
            Urgency::Ordinary
        }
    }

    /// What delays the result, once a case.
    pub(super) fn delay(&mut self, case: &Case, worker: &PersonId, since: Moment) -> Option<Act> {
        if case.n_postponed() > 0 || !case.owes(DeadlineId::Reply) {
            return None;
        }
        match self.plot.aside? {
            Aside::Pause => {
                let text = self.say(&words::PAUSED);
                let request = Request::Pause(PauseReason::PartsOrContractor, None);
                Some(self.on_duty(worker, since, (15, 60), Command::Ask { request, text }))
            }
            Aside::AgreedTime => {
                let minutes = self.chance.between(700, 1_200);
                let at = self.duty(since, minutes);
                let agree = Command::AgreeTime {
                    at,
                    because: AgreedBecause::CustomersWish,
                    text: self.say(&words::AGREED),
                };
                Some(self.on_duty(worker, since, (10, 60), agree))
            }
            Aside::RecordedByAnother | Aside::Coordination => None,
        }
    }

    /// The first responder's side has it settled who leads, after the slip came back.
    pub(super) fn report_to_coordination(&mut self, case: &Case, since: Moment) -> Option<Act> {
        let came_back = case.moves.last().is_some_and(|it| it.returned);
        let wanted = self.plot.aside == Some(Aside::Coordination)
            && self.rules.directory.coordination.is_some();
        if !wanted || !came_back || case.coordination.n_reported > 0 {
            return None;
        }
        let report = Command::ReportToCoordination {
            text: self.say(&words::TO_COORDINATION),
        };
        let who = case.responder.person.clone();
        Some(self.on_duty(&who, since, (5, 25), report))
    }

    pub(super) fn name_lead(
        &mut self,
        case: &Case,
        coordination: &DepartmentId,
        since: Moment,
    ) -> Option<Act> {
        let head = self.rules.directory.department(coordination)?.head.clone();
        let home = &case.responder.department;
        let name = Command::NameLead {
            lead: self.proper_elsewhere(home).unwrap_or_else(|| home.clone()),
            upheld: case
                .moves
                .iter()
                .filter(|it| it.returned)
                .map(|it| it.from.clone())
                .collect(),
            text: self.say(&words::LEAD),
        };
        Some(self.on_duty(&head, since, (20, 150), name))
    }
}
