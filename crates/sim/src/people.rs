//! What people do: commands that the real rules obey, on the case as their device sees it, and now and
//! then an act that fits nowhere, so that something is left without effect.

use std::sync::OnceLock;

use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::{Case, Stage};
use shouwen_domain::command::{Circumstances, Command, Explained, Next, RecordForm};
use shouwen_domain::directory::Directory;
use shouwen_domain::event::{
    AgreedBecause, AnsweredAtOnce, Channel, Closed, Contact, Content, Ending, Event, Fact, Finding,
    FurtherCaseReported, HandedOver, Kind, Outcome, PauseReason, PhotoAdded, PhotoSource, Received,
    Replied, Request, ResultTold, Signing, SuccessionReason, SuggestionFate, Urgency,
};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CategoryId, DepartmentId, PersonId};
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::pack::{DeadlineId, Pack};
use shouwen_domain::verdict::Evidence;
use shouwen_domain::zone::Zones;
use shouwen_domain::{Acting, Rules, decide};

use crate::chance::Chance;

/// Commands that a person thinks of before giving up.
const N_THOUGHTS: u32 = 5;

/// The office in which everybody works, laid out once for all runs.
pub struct Site {
    pub rules: Rules,
    people: Vec<PersonId>,
    departments: Vec<DepartmentId>,
    categories: Vec<CategoryId>,
}

/// The demonstration site under the shipped pack, which names a further case here.
pub fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let pack = include_str!("../../../packs/property-service.toml").replace(
            "[assessments.A4]\n",
            "[assessments.A4]\nfurther_case = { zh = \"其他\", en = \"other\" }\n",
        );
        let calendar = [(
            "2026.json",
            include_str!("../../../packs/calendars/cn/2026.json"),
        )];
        let directory = Directory::parse(
            "demo-site.toml",
            include_str!("../../../packs/demo-site.toml"),
        );
        let rules = Rules::try_new(
            Pack::parse("property-service.toml", &pack).expect("the shipped pack is right"),
            Calendar::parse(&calendar).expect("the shipped calendar is right"),
            &Zones::parse(include_str!("../../../packs/zones.toml")).expect("so is the zone table"),
            directory.expect("so is the directory"),
        )
        .expect("the pack's zone is in the zone table");
        Site {
            people: rules.directory.people.keys().cloned().collect(),
            departments: rules
                .directory
                .departments
                .iter()
                .map(|it| it.id.clone())
                .collect(),
            categories: rules
                .pack
                .categories
                .iter()
                .map(|it| it.id.clone())
                .collect(),
            rules,
        }
    })
}

impl Site {
    pub fn person(&self, n: usize) -> PersonId {
        self.people[n % self.people.len()].clone()
    }

    pub fn department(&self, n: usize) -> DepartmentId {
        self.departments[n % self.departments.len()].clone()
    }

    /// Who sees the whole site.
    pub fn director(&self) -> PersonId {
        let director = &self.rules.directory.director;
        director.clone().expect("the site has a director")
    }

    /// What somebody does with a new case.
    pub fn record(
        &self,
        person: &PersonId,
        number: &str,
        now: Moment,
        chance: &mut Chance,
    ) -> Option<Vec<Event>> {
        (0..N_THOUGHTS).find_map(|_| {
            let form = self.form(person, number, now, chance);
            self.decide(None, Command::Record(Box::new(form)), person, now)
        })
    }

    /// What somebody does with a case that is here; none where nothing that they think of is theirs to do.
    pub fn go_on(
        &self,
        case: &Case,
        person: &PersonId,
        now: Moment,
        chance: &mut Chance,
    ) -> Option<Vec<Event>> {
        (0..N_THOUGHTS).find_map(|_| {
            let command = self.command(case, person, now, chance);
            self.decide(Some(case), command, person, now)
        })
    }

    fn decide(
        &self,
        case: Option<&Case>,
        command: Command,
        person: &PersonId,
        now: Moment,
    ) -> Option<Vec<Event>> {
        let acting = Acting {
            rules: &self.rules,
            person,
            now,
            evidence: Evidence::default(),
        };
        decide(case, command, acting)
            .ok()
            .filter(|it| !it.is_empty())
    }

    fn form(
        &self,
        person: &PersonId,
        number: &str,
        now: Moment,
        chance: &mut Chance,
    ) -> RecordForm {
        let next = match chance.below(4) {
            0 => Next::AnswerAtOnce {
                text: words(chance),
            },
            1 | 2 => Next::HandOver {
                to: chance.pick(&self.departments),
                explained: Explained::Accepted,
                text: words(chance),
            },
            _ => Next::Keep,
        };
        let minutes = u32::try_from(chance.between(0, 20)).unwrap_or(0);
        RecordForm {
            number: number.to_owned(),
            channel: chance.pick(&Channel::ALL),
            asked_at: now - Minutes(minutes),
            asked: vec![person.clone()],
            category: chance.pick(&self.categories),
            matter: words(chance),
            customer: "住户".to_owned(),
            phone: "0571-0000 2000".to_owned(),
            address: "3号楼1单元502".to_owned(),
            remark: "忙".to_owned(),
            next,
            more: Circumstances::default(),
        }
    }

    fn command(&self, case: &Case, person: &PersonId, now: Moment, chance: &mut Chance) -> Command {
        let is_named = case.asked_to_confirm().contains(person);
        let is_to_decide = case.owes(DeadlineId::DecideAsked);
        if (is_named || is_to_decide) && chance.happens(300) {
            return Command::ConfirmAsked {
                agrees: is_to_decide || chance.happens(700),
                text: words(chance),
            };
        }
        if chance.happens(250) {
            return self.aside(case, chance);
        }
        let department = chance.pick(&self.departments);
        match &case.stage {
            Stage::Own => match chance.below(6) {
                0 => Command::AnswerAtOnce {
                    text: words(chance),
                },
                1 => reply(case, chance),
                2 => Command::Explain {
                    explained: Explained::Accepted,
                    text: words(chance),
                },
                _ => Command::HandOver {
                    to: department,
                    explained: Explained::Accepted,
                    text: words(chance),
                },
            },
            Stage::Passed {
                received: false, ..
            } => match chance.below(4) {
                0 => Command::Return {
                    opinion: words(chance),
                },
                1 => Command::NameHandler {
                    handler: person.clone(),
                },
                _ => Command::Receive,
            },
            Stage::Passed { .. } => match chance.below(8) {
                0 => Command::Return {
                    opinion: words(chance),
                },
                1 => Command::NameHandler {
                    handler: person.clone(),
                },
                2 => Command::HandOver {
                    to: department,
                    explained: Explained::Accepted,
                    text: words(chance),
                },
                3 => Command::Ask {
                    request: Request::Pause(PauseReason::PartsOrContractor, None),
                    text: words(chance),
                },
                4 => Command::AgreeTime {
                    at: now + Minutes(600),
                    because: AgreedBecause::CustomersWish,
                    text: words(chance),
                },
                _ => reply(case, chance),
            },
            Stage::Coordinating { .. } => Command::NameLead {
                lead: department,
                upheld: Vec::new(),
                text: words(chance),
            },
            Stage::Replied => match chance.below(4) {
                0 => Command::TellResult {
                    how: Contact::Call,
                    text: words(chance),
                },
                1 | 2 => Command::Visit {
                    how: Contact::InPerson,
                    finding: chance.pick(&[
                        Finding::Satisfied,
                        Finding::NotSatisfied,
                        Finding::NotReached,
                    ]),
                    phone: String::new(),
                    words: words(chance),
                },
                _ => Command::Close,
            },
            Stage::Joined { .. } | Stage::Closed => Command::Reopen {
                text: words(chance),
            },
        }
    }

    /// What may be done on any case.
    fn aside(&self, case: &Case, chance: &mut Chance) -> Command {
        let text = words(chance);
        let department = chance.pick(&self.departments);
        match chance.below(14) {
            0 => Command::LogContact { text },
            1 | 12 | 13 => Command::AddPhotos {
                photos: vec![PhotoAdded {
                    photo: Hash::of(text.as_bytes()),
                    // A signature is the newest word of the vocabulary.
                    source: if chance.happens(250) {
                        PhotoSource::Camera
                    } else {
                        PhotoSource::Signature
                    },
                    taken_at: None,
                    placed: true,
                }],
            },
            2 => Command::SetUrgency {
                urgency: Urgency::Urgent,
                emergency: None,
                reason: text,
            },
            3 => Command::ReportFurtherCase {
                department,
                person: None,
                text,
            },
            4 => Command::ReportShirking {
                department,
                person: None,
                text,
            },
            5 => Command::ReportToCoordination { text },
            6 => Command::Escalate { text },
            7 => Command::Succeed {
                to: chance.pick(&self.people),
                reason: SuccessionReason::Leave,
                text,
            },
            8 => Command::AcceptSuccession,
            9 => Command::Sign {
                what: chance.pick(&[
                    Signing::Receipt,
                    Signing::Dispatch,
                    Signing::Result,
                    Signing::PlainAnswer,
                ]),
            },
            10 => Command::Resume,
            _ => match case.consents.requests.iter().find(|it| it.is_open()) {
                Some(open) => Command::Consent {
                    request: open.envelope,
                    granted: chance.happens(700),
                    text,
                },
                None => Command::Praise {
                    person: chance.pick(&self.people),
                    by_customer: true,
                    text,
                },
            },
        }
    }

    /// What no rule obeyed: a version with a bug may write it, and the fold must cope.
    pub fn unfitting(&self, chance: &mut Chance) -> Event {
        let department = chance.pick(&self.departments);
        let fact = match chance.below(7) {
            0 => Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
            1 => Fact::Received(Received {
                department,
                head: None,
            }),
            2 => Fact::HandedOver(HandedOver::new(department, chance.pick(&self.departments))),
            3 => Fact::Replied(Replied {
                department,
                outcome: Outcome::Solved,
                phrases: Vec::new(),
                suggestion: None,
                head: None,
            }),
            4 => Fact::ResultTold(ResultTold {
                how: Contact::Call,
                phrases: Vec::new(),
            }),
            5 => Fact::FurtherCaseReported(FurtherCaseReported {
                department,
                person: None,
            }),
            _ => Fact::Closed(Closed {
                phrases: Vec::new(),
                ending: Ending::Told,
            }),
        };
        Event::new(fact, Content::text(words(chance)))
    }
}

fn reply(case: &Case, chance: &mut Chance) -> Command {
    Command::Reply {
        outcome: Outcome::Solved,
        text: words(chance),
        told: chance.happens(300).then_some(Contact::Call),
        suggestion: (case.record.kind == Kind::Suggestion).then_some(SuggestionFate::Changed),
    }
}

fn words(chance: &mut Chance) -> String {
    let long = if chance.happens(30) { 4_000 } else { 60 };
    "水".repeat(1 + chance.below(long) / 3)
}

/// The kind of a fact, for the story.
pub fn kind(fact: &Fact) -> String {
    let mut told = format!("{fact:?}");
    let end = told.find('(').unwrap_or(told.len());
    told.truncate(end);
    told
}
