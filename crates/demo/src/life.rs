//! One case from its asking to now: what people do, when they come to it, and what it says of them.
//!
//! Every act is decided by the rules at its own moment. Nothing is sent here.

mod beside;

use chrono::{TimeDelta, Timelike};
use shouwen_domain::case::{Act as Folding, Case, Stage};
use shouwen_domain::command::{Circumstances, Command, Explained, Next, RecordForm};
use shouwen_domain::directory::Person;
use shouwen_domain::event::{Channel, Contact, Fact, Finding, Kind, Outcome, SuggestionFate};
use shouwen_domain::id::{CaseId, CategoryId, DepartmentId, EnvelopeId, PersonId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::DeadlineId;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::{Acting, Refusal, Rules, decide};

use crate::chance::Chance;
use crate::customer::Customer;
use crate::words;

pub use beside::Aside;

/// What a message is about, ready for the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    pub category: CategoryId,
    pub channel: Channel,
    pub text: String,
    pub customer: Customer,
    /// The words of the result.
    pub reply: Option<String>,
    /// Duty minutes until the result.
    pub reply_after: Option<u32>,
}

/// What becomes of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plot {
    pub way: Way,
    pub detour: Option<Detour>,
    pub aside: Option<Aside>,
    pub n_reworks: u8,
    pub n_not_reached: u32,
    pub incomplete: bool,
    pub quick: bool,
    /// After so many acts nobody has come to it yet.
    pub stop_after: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    AtOnce,
    /// The first responder's own department sees to it.
    Own,
    Passed,
}

/// The slip goes to a wrong department first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detour {
    Returned,
    PassedOn,
}

/// One act of one person on their own device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub at: Moment,
    pub person: PersonId,
    pub command: Command,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// By time.
    pub acts: Vec<Act>,
    /// After the last act.
    pub case: Case,
    /// The place in the plan of the case of one matter that it was joined with (C5).
    pub joins: Option<usize>,
}

impl Life {
    pub fn is_closed(&self) -> bool {
        self.case.stage == Stage::Closed
    }
}

impl Plot {
    /// The shortest way to an end: a suggestion and an inspection take more than an answer (I13, L4).
    pub const fn shortest(kind: Kind) -> Way {
        match kind {
            Kind::Suggestion | Kind::Inspection => Way::Own,
            Kind::Enquiry
            | Kind::Formality
            | Kind::Complaint
            | Kind::ServiceRequest
            | Kind::Report => Way::AtOnce,
        }
    }

    /// What mostly becomes of a case of this kind.
    pub fn drawn(kind: Kind, chance: &mut Chance) -> Self {
        let at_once = match kind {
            Kind::Enquiry | Kind::Formality => 50,
            Kind::Complaint | Kind::ServiceRequest | Kind::Report => 14,
            Kind::Suggestion | Kind::Inspection => 0,
        };
        let way = chance.weighed(&[
            (at_once, Way::AtOnce),
            (10, Way::Own),
            (90 - at_once, Way::Passed),
        ]);
        let aside = chance.weighed(&[
            (82, None),
            (5, Some(Aside::RecordedByAnother)),
            (5, Some(Aside::Pause)),
            (5, Some(Aside::AgreedTime)),
            (3, Some(Aside::Coordination)),
        ]);
        let detour = chance.weighed(&[
            (86, None),
            (9, Some(Detour::Returned)),
            (5, Some(Detour::PassedOn)),
        ]);
        Self {
            way,
            detour: if aside == Some(Aside::Coordination) {
                Some(Detour::Returned)
            } else {
                detour
            },
            aside,
            n_reworks: chance.weighed(&[(88, 0), (10, 1), (2, 2)]),
            n_not_reached: chance.weighed(&[(80, 0), (10, 1), (5, 2), (5, u32::MAX)]),
            incomplete: chance.happens(5),
            quick: false,
            stop_after: usize::MAX,
        }
    }
}

/// Lets people act on `matter` until nobody has anything to do, the plot ends, or `now` is reached.
pub fn live(
    matter: &Matter,
    asked_at: Moment,
    plot: Plot,
    rules: &Rules,
    now: Moment,
    chance: &mut Chance,
) -> Result<Option<Life>, Refusal> {
    let mut teller = Teller {
        matter,
        plot,
        rules,
        now,
        chance,
        n_replies: 0,
    };
    let Some(first) = teller.record(asked_at) else {
        return Ok(None);
    };
    let mut acts = vec![first];
    let mut case: Option<Case> = None;
    loop {
        let act = acts.last().expect("an act was put there");
        case = Some(teller.after(case.as_ref(), act)?);
        let so_far = case.as_ref().expect("the case was put there");
        let next = (acts.len() < plot.stop_after)
            .then(|| teller.next(so_far, act.at))
            .flatten();
        match next {
            Some(next) if next.at <= now => acts.push(next),
            _ => break,
        }
    }
    Ok(case.map(|case| Life {
        acts,
        case,
        joins: None,
    }))
}

/// Somebody else comes with the matter of `main`, soon after it was taken down, and is joined with it (C5).
pub fn join(
    matter: &Matter,
    (place, main): (usize, &Life),
    rules: &Rules,
    now: Moment,
    chance: &mut Chance,
) -> Result<Option<Life>, Refusal> {
    let plot = Plot {
        way: Way::Own,
        detour: None,
        aside: None,
        n_reworks: 0,
        n_not_reached: 0,
        incomplete: false,
        quick: true,
        stop_after: 1,
    };
    let asked_at = main.acts.first().map_or(now, |it| it.at) + Minutes(chance.between(3, 9));
    let Some(mut life) = live(matter, asked_at, plot, rules, now, chance)? else {
        return Ok(None);
    };
    let mut teller = Teller {
        matter,
        plot,
        rules,
        now,
        chance,
        n_replies: 0,
    };
    let recorded_at = life.acts.first().map_or(asked_at, |it| it.at);
    let join = Act {
        at: teller.clock(recorded_at, 2),
        person: life.case.responder.person.clone(),
        // A plan knows no ids: the place says which case it is.
        command: Command::Join {
            main: CaseId::from_random([1; 16]),
        },
    };
    if join.at > now {
        return Ok(None);
    }
    life.case = teller.after(Some(&life.case), &join)?;
    life.acts.push(join);
    life.joins = Some(place);
    Ok(Some(life))
}

struct Teller<'a> {
    matter: &'a Matter,
    plot: Plot,
    rules: &'a Rules,
    now: Moment,
    chance: &'a mut Chance,
    n_replies: u8,
}

impl Teller<'_> {
    fn after(&self, case: Option<&Case>, act: &Act) -> Result<Case, Refusal> {
        let acting = Acting {
            rules: self.rules,
            person: &act.person,
            now: act.at,
            evidence: Evidence::default(),
        };
        let events = decide(case, act.command.clone(), acting)?;
        let facts: Vec<Fact> = events.into_iter().map(|it| it.fact).collect();
        let id = case.map_or(CaseId::from_random([0; 16]), |it| it.id);
        Case::after(case, id, self.rules.hashes(), &facts, |fact| Folding {
            envelope: EnvelopeId::from_random([0; 16]),
            by: &act.person,
            at: act.at,
            claimed: false,
            fact,
        })
    }

    fn record(&mut self, asked_at: Moment) -> Option<Act> {
        let on_duty = self.is_on_duty(asked_at);
        let channel = channel(self.matter.channel, on_duty);
        let emergency = self.emergency();
        let who = self.recorder(channel, asked_at, on_duty)?.clone();
        let is_late = if on_duty {
            self.chance.happens(7)
        } else {
            self.chance.happens(35)
        };
        let mut at = if emergency.is_some() {
            self.clock(asked_at, 1)
        } else if is_late {
            let minutes = self.chance.between(18, 55);
            self.duty(asked_at, minutes)
        } else {
            let minutes = self.chance.between(1, 9);
            self.clock(asked_at, minutes)
        };
        if at > self.now {
            at = self.clock(asked_at, 0).min(self.now);
        }
        let allowed = self.rules.pack.late_record_after;
        let incomplete = self.plot.incomplete && self.plot.way != Way::AtOnce;
        let remark = if at > asked_at + allowed {
            *self.chance.pick(&words::RECORDED_LATE)
        } else if incomplete {
            *self.chance.pick(&words::NO_PHONE)
        } else {
            ""
        };
        let proper = self.proper();
        let own = proper.is_none_or(|it| it == who.department);
        let wrong = self.wrong_department(&who.department);
        let next = match self.plot.way {
            // Act first: the slip waits until the danger is over.
            _ if emergency.is_some() => Next::Keep,
            Way::AtOnce if self.chance.happens(80) => Next::AnswerAtOnce {
                text: self.reply(&words::ANSWERED_AT_ONCE),
            },
            Way::Passed if self.chance.happens(55) => {
                let to = match (&wrong, self.plot.detour) {
                    (Some(wrong), Some(_)) => Some(wrong.clone()),
                    _ if own => None,
                    _ => self.proper(),
                };
                match to {
                    Some(to) => Next::HandOver {
                        to,
                        explained: self.explained(),
                        text: self.say(&words::SLIP),
                    },
                    None => Next::Keep,
                }
            }
            Way::AtOnce | Way::Own | Way::Passed => Next::Keep,
        };
        let mut asked = vec![who.id.clone()];
        if self.chance.happens(5) {
            asked.extend(self.colleague(&who.department, &who.id));
        }
        let by_another = self.plot.aside == Some(Aside::RecordedByAnother);
        let recorder = by_another
            .then(|| self.colleague(&who.department, &who.id))
            .flatten()
            .filter(|it| !asked.contains(it))
            .unwrap_or_else(|| who.id.clone());
        let Matter {
            category,
            text,
            customer,
            ..
        } = self.matter.clone();
        let form = RecordForm {
            number: String::new(),
            channel,
            asked_at,
            asked,
            category,
            matter: text,
            customer: customer.name,
            phone: if incomplete {
                String::new()
            } else {
                customer.phone
            },
            address: customer.address,
            remark: remark.to_owned(),
            next,
            more: Circumstances {
                urgency: Self::urgency(emergency.as_ref()),
                emergency,
                ..Circumstances::default()
            },
        };
        Some(Act {
            at,
            person: recorder,
            command: Command::Record(Box::new(form)),
        })
    }

    /// What somebody does next; nothing if nobody has anything to do.
    fn next(&mut self, case: &Case, since: Moment) -> Option<Act> {
        if let Some(act) = self.beside(case, since) {
            return Some(act);
        }
        match &case.stage {
            Stage::Closed | Stage::Joined { .. } => None,
            Stage::Own => Some(self.at_home(case, since)),
            Stage::Coordinating { department } => self.name_lead(case, department, since),
            Stage::Passed {
                department,
                received,
                handler,
            } => self.elsewhere(case, department, *received, handler.as_ref(), since),
            Stage::Replied => self.after_the_result(case, since),
        }
    }

    fn at_home(&mut self, case: &Case, since: Moment) -> Act {
        let home = &case.responder.department;
        let first = &case.responder.person;
        if self.plot.way == Way::AtOnce && case.moves.is_empty() {
            let text = self.reply(&words::ANSWERED_AT_ONCE);
            return self.on_duty(first, since, (2, 25), Command::AnswerAtOnce { text });
        }
        if let Some(act) = self.report_to_coordination(case, since) {
            return act;
        }
        let to = match case.moves.last() {
            _ if self.plot.way != Way::Passed => None,
            None => self
                .plot
                .detour
                .and_then(|_| self.wrong_department(home))
                .or_else(|| self.proper_elsewhere(home)),
            Some(back) if back.returned => self.proper_elsewhere(home),
            Some(_) => None,
        };
        if let Some(to) = to {
            let minutes = self.usual((4, 24), 12, (65, 190));
            let text = self.say(&words::SLIP);
            let explained = self.explained();
            let hand_over = Command::HandOver {
                to,
                explained,
                text,
            };
            return self.on_duty(first, since, (minutes, minutes), hand_over);
        }
        let worker = self.colleague(home, first).unwrap_or_else(|| first.clone());
        self.result(case, &worker, since)
    }

    fn elsewhere(
        &mut self,
        case: &Case,
        department: &DepartmentId,
        received: bool,
        handler: Option<&PersonId>,
        since: Moment,
    ) -> Option<Act> {
        let head = self.rules.directory.department(department)?.head.clone();
        let proper = self.proper_elsewhere(&case.responder.department);
        let is_wrong = self.plot.detour.is_some()
            && case.moves.len() == 1
            && proper.as_ref() != Some(department);
        if is_wrong {
            let minutes = self.usual((6, 60), 15, (90, 400));
            let opinion = self.say(&words::NOT_OURS);
            let command = match (self.plot.detour, proper) {
                (Some(Detour::PassedOn), Some(to)) => Command::HandOver {
                    to,
                    explained: Explained::Accepted,
                    text: opinion,
                },
                _ => Command::Return { opinion },
            };
            return Some(self.on_duty(&head, since, (minutes, minutes), command));
        }
        if handler.is_none() {
            if !received && self.chance.happens(45) {
                let who = self.colleague(department, &head).unwrap_or(head);
                let minutes = self.usual((1, 6), 10, (30, 600));
                return Some(self.on_duty(&who, since, (minutes, minutes), Command::Receive));
            }
            let handler = self
                .colleague(department, &head)
                .unwrap_or_else(|| head.clone());
            let minutes = self.usual((2, 8), 15, (18, 120));
            return Some(self.on_duty(
                &head,
                since,
                (minutes, minutes),
                Command::NameHandler { handler },
            ));
        }
        let worker = handler?.clone();
        Some(self.result(case, &worker, since))
    }

    fn result(&mut self, case: &Case, worker: &PersonId, since: Moment) -> Act {
        if let Some(act) = self.delay(case, worker, since) {
            return act;
        }
        let minutes = match self.matter.reply_after {
            Some(it) if self.n_replies == 0 => it,
            _ => self.usual((30, 300), 8, (600, 1_100)),
        };
        let (text, outcome) = if self.n_replies == 0 {
            let plain = self.chance.happens(20);
            let stock = if plain {
                &words::PLAIN_ANSWER[..]
            } else {
                &words::SOLVED[..]
            };
            let outcome = if plain {
                Outcome::PlainAnswer
            } else {
                Outcome::Solved
            };
            (self.reply(stock), outcome)
        } else {
            (self.say(&words::REWORKED), Outcome::Solved)
        };
        self.n_replies = self.n_replies.saturating_add(1);
        let is_head = self
            .rules
            .directory
            .department(case.holder())
            .is_some_and(|it| it.head == *worker);
        let told = is_head.then(|| self.contact());
        let reply = Command::Reply {
            outcome,
            text,
            told,
            suggestion: (case.record.kind == Kind::Suggestion).then(|| {
                *self
                    .chance
                    .pick(&[SuggestionFate::Changed, SuggestionFate::NothingChanged])
            }),
        };
        self.on_duty(worker, since, (minutes, minutes), reply)
    }

    fn after_the_result(&mut self, case: &Case, since: Moment) -> Option<Act> {
        let first = &case.responder.person;
        let result = case.result.as_ref()?;
        if result.told.is_none() {
            let head = &self.rules.directory.department(&result.department)?.head;
            let who = if self.chance.happens(15) { head } else { first };
            let minutes = self.usual((5, 50), 10, (70, 300));
            let (how, words) = *self.chance.pick(&words::TOLD);
            let tell = Command::TellResult {
                how,
                text: words.to_owned(),
            };
            return Some(self.on_duty(who, since, (minutes, minutes), tell));
        }
        let needed = self.rules.pack.return_visit_attempts;
        let tried = u32::try_from(case.n_not_reached()).unwrap_or(u32::MAX);
        let is_done = !case.needs_visit()
            || case.last_finding() == Some(Finding::Satisfied)
            || (case.last_finding() == Some(Finding::NotReached) && tried >= needed);
        if is_done && case.owes(DeadlineId::CheckResult) {
            return self.check_result(case, since);
        }
        if is_done && case.owes(DeadlineId::SignPlainAnswer) {
            return self.signature(case, since);
        }
        if is_done {
            return Some(self.on_duty(first, since, (2, 40), Command::Close));
        }
        let visitor = if result.by == *first {
            self.colleague(&case.responder.department, first)?
        } else {
            first.clone()
        };
        let (how, finding, words) = if tried < self.plot.n_not_reached {
            let (how, words) = *self.chance.pick(&words::NOT_REACHED);
            (how, Finding::NotReached, words.to_owned())
        } else if self.n_replies <= self.plot.n_reworks {
            let words = self.say(&words::NOT_SATISFIED);
            (self.contact(), Finding::NotSatisfied, words)
        } else {
            let words = self.say(&words::SATISFIED);
            (self.contact(), Finding::Satisfied, words)
        };
        let minutes = if tried > 0 {
            self.usual((120, 480), 8, (600, 900))
        } else {
            self.usual((40, 420), 8, (620, 1_100))
        };
        let visit = Command::Visit {
            how,
            finding,
            phone: if how == Contact::Call {
                self.matter.customer.phone.clone()
            } else {
                String::new()
            },
            words,
        };
        Some(self.on_duty(&visitor, since, (minutes, minutes), visit))
    }

    /// Minutes within the usual range, or with so many per cent within the slow one.
    fn usual(&mut self, usual: (u32, u32), slow_percent: u32, slow: (u32, u32)) -> u32 {
        if self.plot.quick {
            self.chance
                .between(usual.0.div_ceil(2), usual.1.div_ceil(3).max(usual.0))
        } else if self.chance.happens(slow_percent) {
            self.chance.between(slow.0, slow.1)
        } else {
            self.chance.between(usual.0, usual.1)
        }
    }

    fn on_duty(
        &mut self,
        person: &PersonId,
        since: Moment,
        (low, high): (u32, u32),
        command: Command,
    ) -> Act {
        let minutes = self.chance.between(low, high);
        Act {
            at: self.duty(since, minutes),
            person: person.clone(),
            command,
        }
    }

    /// So many minutes of duty later, and some seconds.
    fn duty(&mut self, since: Moment, minutes: u32) -> Moment {
        let minutes = Minutes(minutes.max(1));
        let at = self.rules.site_office().add(since, minutes.ms());
        // A year without a calendar: the clock on the wall serves as well.
        self.clock(at.unwrap_or(since + minutes), 0)
    }

    fn clock(&mut self, since: Moment, minutes: u32) -> Moment {
        let seconds = i64::from(self.chance.between(1, 50));
        Moment::from_unix_ms((since + Minutes(minutes)).unix_ms() + seconds * 1_000)
    }

    fn is_on_duty(&self, at: Moment) -> bool {
        let date = self.rules.zone().local(at).date();
        self.rules.calendar.day(date).is_err() || self.rules.site_office().is_on_duty(at)
    }

    /// Who was asked: the counter's people by phone and message, whoever is met, at night the guard.
    fn recorder(&mut self, channel: Channel, asked_at: Moment, on_duty: bool) -> Option<&Person> {
        let hour = self.rules.zone().local(asked_at).hour();
        let by_channel: &[(u32, &str)] = match channel {
            _ if !(7..22).contains(&hour) => &[(1, "security")],
            _ if !on_duty => &[(3, "security"), (1, "service")],
            Channel::Counter | Channel::Phone => &[(8, "service"), (1, "finance"), (1, "quality")],
            Channel::Message => &[(9, "service"), (1, "engineering")],
            Channel::Met => &[
                (4, "security"),
                (3, "engineering"),
                (2, "cleaning"),
                (2, "service"),
            ],
            Channel::Letter | Channel::FromAbove => &[(3, "office"), (1, "quality")],
        };
        let slug = self.chance.weighed(by_channel);
        let departments = &self.rules.directory.departments;
        let department = departments
            .iter()
            .find(|it| it.id.as_str() == slug)
            .or(departments.first())?;
        let who = self
            .colleague(&department.id, &department.head)
            .unwrap_or_else(|| department.head.clone());
        self.rules.directory.person(&who)
    }

    fn colleague(&mut self, department: &DepartmentId, but: &PersonId) -> Option<PersonId> {
        let staff = self.rules.directory.staff(department);
        let others: Vec<&Person> = staff.into_iter().filter(|it| it.id != *but).collect();
        (!others.is_empty()).then(|| self.chance.pick(&others).id.clone())
    }

    fn proper(&self) -> Option<DepartmentId> {
        self.rules
            .pack
            .category(&self.matter.category)
            .and_then(|it| it.department.clone())
    }

    /// Where the slip belongs; nowhere if it is at home there.
    fn proper_elsewhere(&self, home: &DepartmentId) -> Option<DepartmentId> {
        let departments = &self.rules.directory.departments;
        match self.proper() {
            Some(it) => (it != *home).then_some(it),
            // Out of every department's scope: the last in the directory leads the whole site.
            None => departments
                .last()
                .map(|it| it.id.clone())
                .filter(|it| it != home),
        }
    }

    fn wrong_department(&mut self, home: &DepartmentId) -> Option<DepartmentId> {
        let proper = self.proper_elsewhere(home)?;
        let others: Vec<&DepartmentId> = self
            .rules
            .directory
            .departments
            .iter()
            .filter(|it| !it.contractor)
            .map(|it| &it.id)
            .filter(|it| *it != home && **it != proper)
            .collect();
        (!others.is_empty()).then(|| (*self.chance.pick(&others)).clone())
    }

    fn explained(&mut self) -> Explained {
        if self.chance.happens(8) {
            Explained::NotAccepted
        } else {
            Explained::Accepted
        }
    }

    fn contact(&mut self) -> Contact {
        self.chance.weighed(&[
            (6, Contact::Call),
            (2, Contact::InPerson),
            (3, Contact::Message),
        ])
    }

    fn reply(&mut self, otherwise: &[&str]) -> String {
        match &self.matter.reply {
            Some(it) => it.clone(),
            None => self.say(otherwise),
        }
    }

    fn say(&mut self, from: &[&str]) -> String {
        (*self.chance.pick(from)).to_owned()
    }
}

/// After hours nobody stands at the counter, and no letter comes.
fn channel(channel: Channel, on_duty: bool) -> Channel {
    match channel {
        Channel::Counter if !on_duty => Channel::Phone,
        Channel::Letter | Channel::FromAbove if !on_duty => Channel::Message,
        Channel::Counter
        | Channel::Phone
        | Channel::Letter
        | Channel::Message
        | Channel::Met
        | Channel::FromAbove => channel,
    }
}

/// Duty minutes for a delay of `delay`, when the usual delay takes half a day of duty.
pub fn scaled(delay: TimeDelta, usual: TimeDelta) -> u32 {
    const USUAL_MINUTES: i64 = 200;
    let minutes = delay.num_minutes().saturating_mul(USUAL_MINUTES) / usual.num_minutes().max(1);
    u32::try_from(minutes.clamp(15, 1_300)).expect("it is clamped")
}
