//! A form that is not filed yet: its first responder answers already, and its clocks run from the asking (I1).
//!
//! A device keeps drafts; nothing of one is stored with a case or sent. What is owed is what the case would owe if the
//! form were filed as it stands, by the same functions.

use crate::case::{Act, Case, Owed};
use crate::command::{Circumstances, Command, Next, RecordForm};
use crate::decide::{Acting, Refusal, decide};
use crate::event::{Channel, Event, Fact, Field, Kind, Urgency};
use crate::id::{CaseId, CategoryId, DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::reckoning::{Due, ReckoningError};
use crate::rules::Rules;
use crate::verdict::Evidence;

/// A record form as far as it is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub channel: Option<Channel>,
    pub asked_at: Moment,
    /// Nobody named yet: whoever writes it; in a chat group its keeper (F1).
    pub asked: Vec<PersonId>,
    /// Not chosen yet: the hour for passing on is assumed, which is the shorter.
    pub category: Option<CategoryId>,
    pub matter: String,
    pub customer: String,
    pub phone: String,
    pub address: String,
    pub more: Circumstances,
}

/// Where a draft stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub first_responder: PersonId,
    /// What is owed from the asking on.
    pub owed: Vec<Owing>,
    /// What the form lacks. Without a matter it stays a draft; anything else is filed as incomplete, with why.
    pub missing: Vec<Field>,
    /// Filed later than this, it is a late record and needs a reason.
    pub late_after: Moment,
}

impl Standing {
    /// Nothing required is missing without a reason.
    pub fn can_be_filed(&self) -> bool {
        let needed = [Field::Matter, Field::Category, Field::Channel];
        !self.missing.iter().any(|it| needed.contains(it))
    }
}

/// One thing owed for a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    pub deadline: DeadlineId,
    pub owed_by: Owed,
    pub due: Result<Due, ReckoningError>,
}

impl Draft {
    /// `by`: whoever writes it. A refusal names who or what is not known here.
    pub fn standing(&self, by: &PersonId, rules: &Rules) -> Result<Standing, Refusal> {
        let acting = Acting {
            rules,
            person: by,
            now: self.asked_at,
            evidence: Evidence::default(),
        };
        let command = Command::Record(Box::new(self.as_filed(by, rules)?));
        let facts: Vec<Fact> = decide(None, command, acting)?
            .into_iter()
            .map(|Event { fact, .. }| fact)
            .collect();
        let act = |fact| Act {
            envelope: EnvelopeId::from_random([0; 16]),
            by,
            at: self.asked_at,
            claimed: false,
            fact,
        };
        let id = CaseId::from_random([0; 16]);
        let case = Case::after(None, id, rules.hashes(), &facts, act)?;
        let owed = case
            .open_obligations()
            .filter(|it| it.deadline != DeadlineId::ConfirmAsked)
            .map(|it| Owing {
                deadline: it.deadline,
                owed_by: it.owed_by.clone(),
                due: rules.due(&case, it),
            })
            .collect();
        Ok(Standing {
            first_responder: case.responder.person.clone(),
            owed,
            missing: self.missing(&case.record.missing),
            late_after: self.asked_at + late_record_after(self.more.urgency, rules),
        })
    }

    /// The form with stand-ins for what may still be empty.
    fn as_filed(&self, by: &PersonId, rules: &Rules) -> Result<RecordForm, Refusal> {
        let keeper = rules.directory.keeper.iter();
        let keeper = keeper.filter(|_| self.channel == Some(Channel::Message));
        let asked = match &self.asked[..] {
            [] => vec![keeper.chain([by]).next().unwrap_or(by).clone()],
            asked => asked.to_vec(),
        };
        let mut more = self.more.clone();
        if more.urgency == Urgency::Emergency && more.emergency.is_none() {
            more.emergency = rules.pack.emergencies.first().map(|it| it.id.clone());
        }
        let spared = |text: &str| {
            if more.under_14 {
                String::new()
            } else {
                text.to_owned()
            }
        };
        // When it has to be delivered can be said of an inspection alone (I13), and is not known to be one yet.
        let kind = self
            .category
            .as_ref()
            .and_then(|it| rules.pack.category(it))
            .map(|it| it.kind);
        more.due_by = more
            .due_by
            .filter(|it| kind == Some(Kind::Inspection) && *it > self.asked_at);
        Ok(RecordForm {
            number: String::new(),
            channel: self.channel.unwrap_or(Channel::Met),
            asked_at: self.asked_at,
            category: match &self.category {
                Some(it) => it.clone(),
                None => another_departments(&asked, rules)?,
            },
            asked,
            matter: "…".to_owned(),
            customer: spared(&self.customer),
            phone: self.phone.clone(),
            address: spared(&self.address),
            remark: "…".to_owned(),
            next: Next::Keep,
            more,
        })
    }

    fn missing(&self, of_the_rest: &[Field]) -> Vec<Field> {
        [
            (Field::Channel, self.channel.is_none()),
            (Field::Category, self.category.is_none()),
            (Field::Matter, self.matter.trim().is_empty()),
        ]
        .into_iter()
        .filter(|(_, is_missing)| *is_missing)
        .map(|(field, _)| field)
        .chain(of_the_rest.iter().copied())
        .collect()
    }
}

/// A category of none of those asked, so that the shorter clock is shown while it is not known whose matter it is.
fn another_departments(asked: &[PersonId], rules: &Rules) -> Result<CategoryId, Refusal> {
    let is_asked = |department: &DepartmentId| {
        asked
            .iter()
            .filter_map(|it| rules.directory.person(it))
            .any(|it| it.department == *department)
    };
    let categories = &rules.pack.categories;
    categories
        .iter()
        .find(|it| it.department.as_ref().is_some_and(|it| !is_asked(it)))
        .or_else(|| categories.first())
        .map(|it| it.id.clone())
        .ok_or(Refusal::Missing {
            field: Field::Category,
        })
}

fn late_record_after(urgency: Urgency, rules: &Rules) -> crate::moment::Minutes {
    if urgency == Urgency::Emergency {
        rules.pack.emergency_record_within
    } else {
        rules.pack.late_record_after
    }
}
