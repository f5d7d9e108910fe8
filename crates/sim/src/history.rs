//! What people do: acts that fit the case as their device sees it.

use shouwen_domain::case::{Case, Stage};
use shouwen_domain::event::{
    AnsweredAtOnce, Asked, Channel, Closed, Contact, Content, Ending, Event, Fact, Finding,
    HandedOver, HandlerNamed, Kind, Outcome, Received, Recorded, Replied, ResultTold, Returned,
    Urgency, Visited,
};
use shouwen_domain::id::{DepartmentId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Difficulty;

use crate::chance::Chance;

const DEPARTMENTS: [&str; 4] = ["office", "repairs", "security", "finance"];

/// The first act on a case.
pub fn record(person: &PersonId, number: String, now: Moment, chance: &mut Chance) -> Event {
    let department = slug(DEPARTMENTS[0]);
    let fact = Fact::Recorded(Recorded {
        number,
        channel: chance.pick(&Channel::ALL),
        asked_at: now,
        asked: vec![Asked {
            person: person.clone(),
            rank: 1,
        }],
        first_responder: person.clone(),
        department,
        category: "lift".parse().expect("a slug"),
        kind: Kind::ServiceRequest,
        proper: None,
        missing: Vec::new(),
        supervisor: None,
        urgency: Urgency::Ordinary,
        late: false,
        missing_because: None,
        public_area: false,
        under_14: false,
        concerns: Vec::new(),
        asked_before: None,
        repeats: None,
        outer: None,
        due_by: None,
        difficulty: Difficulty::Ordinary,
        emergency: None,
        sensitive: false,
        needs_rescuer: false,
        unnamed: false,
    });
    Event::new(fact, words(chance))
}

/// A further act; now and then one that does not fit.
pub fn act(case: Option<&Case>, person: &PersonId, chance: &mut Chance) -> Event {
    let department: DepartmentId = slug(chance.pick(&DEPARTMENTS));
    let Some(case) = case.filter(|_| !chance.happens(100)) else {
        return Event::new(
            Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
            words(chance),
        );
    };
    let holder = case.holder().clone();
    let fact = match &case.stage {
        Stage::Own => Fact::HandedOver(HandedOver::new(holder, department)),
        Stage::Passed {
            received: false, ..
        } => Fact::Received(Received {
            department: holder,
            head: None,
        }),
        Stage::Passed { handler: None, .. } if chance.happens(500) => {
            Fact::HandlerNamed(HandlerNamed {
                handler: person.clone(),
            })
        }
        Stage::Passed { .. } if chance.happens(200) => Fact::Returned(Returned {
            from: holder,
            to: department,
            sender_head: None,
        }),
        Stage::Passed { .. } => Fact::Replied(Replied {
            department: holder,
            outcome: Outcome::Solved,
            phrases: Vec::new(),
            suggestion: None,
            head: None,
        }),
        Stage::Replied if chance.happens(500) => Fact::ResultTold(ResultTold {
            how: Contact::Call,
            phrases: Vec::new(),
        }),
        Stage::Replied if chance.happens(500) => Fact::Visited(Visited {
            how: Contact::Call,
            finding: Finding::Satisfied,
            enough: false,
        }),
        Stage::Coordinating { .. } | Stage::Joined { .. } | Stage::Replied | Stage::Closed => {
            Fact::Closed(Closed {
                phrases: Vec::new(),
                ending: Ending::Told,
            })
        }
    };
    Event::new(fact, words(chance))
}

fn words(chance: &mut Chance) -> Content {
    let long = if chance.happens(50) { 4_000 } else { 200 };
    let n = chance.below(long);
    Content::text("水".repeat(n / 3))
}

fn slug(text: &str) -> DepartmentId {
    text.parse().expect("a slug")
}
