//! What happened, one line of the timeline a fact. The actor's own words stand below it and are not said here.

use shouwen_domain::Rules;
use shouwen_domain::event::{
    Fact, Finding, Guidance, Judgement, LeadNamed, NoticeGiven, Outcome, OutsideContacted,
    SecondTripMade,
};
use shouwen_domain::id::{DepartmentId, PaperId, PersonId};
use shouwen_domain::moment::Moment;

use super::{Language, act, refusal, time};
use crate::say;

/// One line of the timeline.
pub fn fact(language: Language, fact: &Fact, rules: &Rules) -> String {
    Words { language, rules }.line(fact)
}

#[derive(Clone, Copy)]
struct Words<'a> {
    language: Language,
    rules: &'a Rules,
}

impl Words<'_> {
    fn who(self, id: &PersonId) -> String {
        super::person(&self.rules.directory, id)
    }

    fn department(self, id: &DepartmentId) -> String {
        super::department(self.language, &self.rules.directory, id)
    }

    fn at(self, at: Moment) -> String {
        time::date_and_time(self.language, self.rules.zone().local(at))
    }

    #[expect(clippy::too_many_lines, reason = "one arm a fact")]
    fn line(self, fact: &Fact) -> String {
        let language = self.language;
        match fact {
            Fact::Recorded(it) => {
                let channel = act::channel(language, it.channel);
                say!(language, "event.recorded", channel = channel)
            }
            Fact::AnsweredAtOnce(_) => say!(language, "event.answered_at_once"),
            Fact::ReasonExplained(it) if it.understood => say!(language, "event.reason_explained"),
            Fact::ReasonExplained(_) => say!(language, "event.reason_not_accepted"),
            Fact::AskedConfirmed(it) if it.agrees => say!(language, "event.asked_confirmed"),
            Fact::AskedConfirmed(_) => say!(language, "event.asked_objected"),
            Fact::FormCompleted(it) if it.missing.is_empty() => {
                say!(language, "event.form_completed")
            }
            Fact::FormCompleted(it) => {
                let fields = refusal::fields(language, &it.missing);
                say!(language, "event.form_incomplete", fields = fields)
            }
            Fact::Guided(it) => {
                let to = self.department(&it.to);
                match it.how {
                    Guidance::Taken => say!(language, "event.guided_taken", to = to),
                    Guidance::Connected => say!(language, "event.guided_connected", to = to),
                }
            }
            Fact::GuidedReceived(it) => {
                let department = self.department(&it.department);
                let received = say!(language, "event.guided_received", department = department);
                self.and_told(received, fact)
            }
            Fact::WhomToSeeTold(it) => {
                let to = self.department(&it.department);
                say!(language, "event.whom_to_see", to = to)
            }
            Fact::NoticeGiven(it) => self.notice_given(it),
            Fact::SecondTripMade(it) => self.second_trip_made(it),
            Fact::OutsideContacted(it) => self.outside_contacted(it),
            Fact::TimeAgreed(it) => say!(
                language,
                "event.time_agreed",
                time = self.at(it.at),
                reason = act::agreed_because(language, it.because)
            ),
            Fact::RepeatMarked(it) if it.earlier.is_some() => say!(language, "event.repeat_marked"),
            Fact::RepeatMarked(_) => say!(language, "event.repeat_unmarked"),
            Fact::TakeawayGiven(it) => {
                let form = act::takeaway(language, it.form);
                say!(language, "event.takeaway_given", form = form)
            }
            Fact::ResultChecked(it) if it.right => say!(language, "event.checked_right"),
            Fact::ResultChecked(_) => say!(language, "event.checked_wrong"),
            Fact::UrgencySet(it) => {
                let urgency = act::urgency(language, it.urgency);
                say!(language, "event.urgency_set", urgency = urgency)
            }
            Fact::EmergencyStepDone(it) => {
                let step = act::emergency_step(language, it.step);
                format!("{step} · {}", self.at(it.done_at))
            }
            Fact::IllegalActFound(_) => say!(language, "event.illegal_act"),
            Fact::ReportedToAuthority(_) => say!(language, "event.reported_to_authority"),
            Fact::AnswerPublished(it) if it.published => say!(language, "event.answer_published"),
            Fact::AnswerPublished(_) => say!(language, "event.answer_not_published"),
            Fact::PhotoAdded(it) if it.is_signature() => say!(language, "event.signature_added"),
            Fact::PhotoAdded(it) => {
                let source = act::photo_source(language, it.source);
                say!(language, "event.photo_added", source = source)
            }
            Fact::ContactLogged(_) => say!(language, "event.contact_logged"),
            Fact::HandedOver(it) => {
                let handed = say!(language, "event.handed_over", to = self.department(&it.to));
                self.and_told(handed, fact)
            }
            Fact::Received(it) => {
                let department = self.department(&it.department);
                say!(language, "event.received", department = department)
            }
            Fact::HandlerNamed(it) => {
                say!(language, "event.handler_named", who = self.who(&it.handler))
            }
            Fact::Returned(it) => {
                say!(language, "event.returned", to = self.department(&it.to))
            }
            Fact::Replied(it) => match it.outcome {
                Outcome::Solved => say!(language, "event.replied"),
                Outcome::PlainAnswer => say!(language, "event.replied_plain"),
            },
            Fact::ResultTold(it) => {
                let how = act::contact(language, it.how);
                say!(language, "event.result_told", how = how)
            }
            Fact::Signed(it) => format!(
                "{} · {}",
                act::signing(language, it.what),
                self.department(&it.department)
            ),
            Fact::ShirkingReported(it) => {
                let department = self.department(&it.department);
                say!(language, "event.shirking_reported", department = department)
            }
            Fact::ShiftPassed(it) => {
                say!(language, "event.shift_passed", who = self.who(&it.to))
            }
            Fact::ShiftTaken(_) => say!(language, "event.shift_taken"),
            Fact::Succeeded(it) => say!(
                language,
                "event.succeeded",
                who = self.who(&it.to),
                reason = act::succession_reason(language, it.reason)
            ),
            Fact::SuccessionAccepted(_) => say!(language, "event.succession_accepted"),
            Fact::Requested(it) => say!(
                language,
                "event.requested",
                request = act::request(language, it.request, self.rules),
                who = self.who(&it.of)
            ),
            Fact::Consented(it) if it.granted => say!(language, "event.granted"),
            Fact::Consented(_) => say!(language, "event.withheld"),
            Fact::Resumed(_) => say!(language, "event.resumed"),
            Fact::ReportedToCoordination(it) => {
                let to = self.department(&it.to);
                let reported = if it.automatic {
                    say!(language, "event.to_coordination_itself", to = to)
                } else {
                    say!(language, "event.to_coordination", to = to)
                };
                self.and_told(reported, fact)
            }
            Fact::LeadNamed(it) => self.lead_named(it),
            Fact::PutToLeader(it) => say!(
                language,
                "event.put_to_leader",
                who = self.who(&it.leader),
                time = self.at(it.expected_at)
            ),
            Fact::LeaderAnswered(_) => say!(language, "event.leader_answered"),
            Fact::Escalated(it) => {
                say!(language, "event.escalated", who = self.who(&it.director))
            }
            Fact::Instructed(it) => match &it.department {
                Some(to) => say!(language, "event.instructed_to", to = self.department(to)),
                None => say!(language, "event.instructed"),
            },
            Fact::Joined(_) => say!(language, "event.joined"),
            Fact::ResultTakenOver(it) => match it.outcome {
                Outcome::Solved => say!(language, "event.result_taken_over"),
                Outcome::PlainAnswer => say!(language, "event.result_taken_over_plain"),
            },
            Fact::OuterSigned(_) => say!(language, "event.outer_signed"),
            Fact::OuterExtended(it) => say!(
                language,
                "event.outer_extended",
                limit = act::outer_limit(language, it.limit),
                time = self.at(it.until)
            ),
            Fact::OuterReplied(_) => say!(language, "event.outer_replied"),
            Fact::DelayTold(it) => say!(
                language,
                "event.delay_told",
                how = act::contact(language, it.how)
            ),
            Fact::RejectedOutside(_) => say!(language, "event.rejected_outside"),
            Fact::Visited(it) => match it.finding {
                Finding::Satisfied => say!(language, "event.visited_satisfied"),
                Finding::NotSatisfied => say!(language, "event.visited_not_satisfied"),
                Finding::NotReached => say!(language, "event.visited_not_reached"),
            },
            Fact::VisitWaived(it) => {
                let reason = act::waived_because(language, it.because);
                say!(language, "event.visit_waived", reason = reason)
            }
            Fact::SpotChecked(it) if it.handling_true && it.visit_true != Some(false) => {
                say!(language, "event.spot_checked_true")
            }
            Fact::SpotChecked(_) => say!(language, "event.spot_checked_wrong"),
            Fact::Closed(it) => act::ending(language, it.ending),
            Fact::Reopened(_) => say!(language, "event.reopened"),
            Fact::QuarrelReported(it) => {
                say!(
                    language,
                    "event.quarrel_reported",
                    who = self.who(&it.person)
                )
            }
            Fact::CriticismRecorded(it) => {
                let department = self.department(&it.department);
                say!(language, "event.criticised", department = department)
            }
            Fact::FurtherCaseReported(it) => {
                let department = self.department(&it.department);
                say!(language, "event.further_case", department = department)
            }
            Fact::Praised(it) if it.by_customer => {
                say!(
                    language,
                    "event.praised_by_customer",
                    who = self.who(&it.person)
                )
            }
            Fact::Praised(it) => say!(language, "event.praised", who = self.who(&it.person)),
            Fact::Stated(_) => say!(language, "event.stated"),
            Fact::Assessed(it) => match it.judgement {
                Judgement::Upheld => say!(language, "event.assessed_upheld", rule = it.rule),
                Judgement::Dismissed => say!(language, "event.assessed_dismissed", rule = it.rule),
            },
            Fact::Adopted(_) => say!(language, "event.adopted"),
            Fact::RulesConfirmed(it) if it.objects => say!(language, "event.rules_objected"),
            Fact::RulesConfirmed(_) => say!(language, "event.rules_confirmed"),
            Fact::AccessDecided(it) if it.may_enter => say!(language, "event.let_in_again"),
            Fact::AccessDecided(_) => say!(language, "event.let_in_no_more"),
            Fact::CaseErased(_) => say!(language, "event.case_erased"),
            Fact::PinReset(_) => say!(language, "event.pin_reset"),
            // In no case's history.
            Fact::Looked(_) => say!(language, "event.looked"),
        }
    }

    /// With the supervisor who was told at the same time (T1).
    fn and_told(self, words: String, fact: &Fact) -> String {
        let language = self.language;
        match fact.supervisor_told() {
            Some(who) => {
                let told = say!(language, "event.told_supervisor", who = self.who(who));
                format!("{words}{}{told}", language.separator())
            }
            None => words,
        }
    }

    /// 一次性告知：身份证、购房合同
    fn notice_given(self, it: &NoticeGiven) -> String {
        let notice = if it.clear {
            say!(self.language, "event.notice_given")
        } else {
            say!(self.language, "event.notice_unclear")
        };
        self.with_papers(notice, &it.papers)
    }

    fn second_trip_made(self, it: &SecondTripMade) -> String {
        let trip = if it.in_vain {
            say!(self.language, "event.trip_in_vain")
        } else {
            say!(self.language, "event.second_trip")
        };
        self.with_papers(trip, &it.papers)
    }

    fn with_papers(self, words: String, papers: &[PaperId]) -> String {
        if papers.is_empty() {
            return words;
        }
        let names: Vec<String> = papers.iter().map(|it| self.paper(it)).collect();
        format!("{words} · {}", names.join(self.language.separator()))
    }

    fn paper(self, id: &PaperId) -> String {
        let categories = &self.rules.pack.categories;
        categories
            .iter()
            .flat_map(|it| &it.papers)
            .find(|it| it.id == *id)
            .map_or_else(
                || id.to_string(),
                |it| self.language.of(&it.name).to_owned(),
            )
    }

    fn outside_contacted(self, it: &OutsideContacted) -> String {
        let language = self.language;
        let who = match &it.contractor {
            Some(it) => self.department(it),
            None => say!(language, "event.outside"),
        };
        if it.reached {
            say!(language, "event.outside_reached", who = who)
        } else {
            say!(language, "event.outside_not_reached", who = who)
        }
    }

    fn lead_named(self, it: &LeadNamed) -> String {
        let language = self.language;
        let lead = say!(
            language,
            "event.lead_named",
            lead = self.department(&it.lead)
        );
        if it.upheld.is_empty() {
            return lead;
        }
        let departments: Vec<String> = it.upheld.iter().map(|it| self.department(it)).collect();
        let upheld = say!(
            language,
            "event.return_upheld",
            departments = departments.join(language.separator())
        );
        format!("{lead}{}{upheld}", language.separator())
    }
}
