//! What a list shows of a case: derived from its envelopes, kept so that opening needs no fold.

use std::borrow::Borrow;

use minicbor::{Decode, Encode};

use crate::case::{Case, Folded, Obligation, falls_to};
use crate::decide::falls_to_deputy;
use crate::directory::{Directory, Person};
use crate::envelope::Envelope;
use crate::event::{Content, Ending, Fact, Kind};
use crate::id::{CaseId, CategoryId, DepartmentId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::rules::Rules;

/// The layout of [`Summary`]; a stored one of another layout is made anew.
pub const SUMMARY_FORMAT: u32 = 3;

/// Characters of the matter that a list shows.
const EXCERPT_CHARS: usize = 80;

/// One row of a list: a case with what is open, small enough to keep thousands in memory.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Summary {
    #[n(1)]
    pub format: u32,
    #[n(2)]
    pub case: CaseId,
    /// How many envelopes of the case are folded into it.
    #[n(3)]
    pub version: u32,
    #[n(4)]
    pub number: String,
    #[n(5)]
    pub category: CategoryId,
    #[n(6)]
    pub kind: Kind,
    #[n(7)]
    pub asked_at: Moment,
    #[n(8)]
    pub first_responder: PersonId,
    /// The first responder's department.
    #[n(9)]
    pub department: DepartmentId,
    /// The department whose hands it is in.
    #[n(10)]
    pub holder: DepartmentId,
    #[n(11)]
    pub handler: Option<PersonId>,
    /// What is owed, the most urgent first. What cannot be reckoned stands last.
    #[n(12)]
    pub tasks: Vec<Task>,
    #[n(13)]
    pub ending: Option<Ending>,
    /// Without the customer's name and phone number, as the matter is.
    #[n(14)]
    pub address: String,
    #[n(15)]
    pub matter: String,
    /// Acts on record that do not count, because somebody else acted at the same time.
    #[n(16)]
    pub n_without_effect: u32,
    /// A newer version wrote some of it: shown, not acted on.
    #[n(17)]
    pub needs_newer_version: bool,
    /// The last envelope's wall time.
    #[n(18)]
    pub changed_at: Moment,
    /// Of the texts that the due moments were reckoned under: with others in force it is made anew.
    #[n(19)]
    pub rules: u64,
    /// In whose name it was recorded while nobody was signed in, as long as nobody has confirmed that it is theirs.
    #[n(20)]
    pub only_claimed_of: Option<PersonId>,
    /// The customer's words were erased: why there is no address and no matter.
    #[n(21)]
    #[cbor(default, skip_if = "std::ops::Not::not")]
    pub is_erased: bool,
}

/// One open obligation with its due moment.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Task {
    #[n(1)]
    pub deadline: DeadlineId,
    #[n(2)]
    pub department: DepartmentId,
    #[n(3)]
    pub person: Option<PersonId>,
    /// None: the calendar lacks the year.
    #[n(4)]
    pub due: Option<Moment>,
    #[n(5)]
    pub provisional: bool,
}

impl Summary {
    /// None where no envelope of it records the case (yet).
    pub fn of<E: Borrow<Envelope>>(
        folded: &Folded,
        envelopes: &[E],
        rules: &Rules,
    ) -> Option<Self> {
        let case = folded.case.as_ref()?;
        let Particulars {
            address, matter, ..
        } = Particulars::of(envelopes).masked();
        let mut tasks: Vec<Task> = case
            .open_obligations()
            .map(|it| Task::of(case, it, rules))
            .collect();
        tasks.sort_by_key(|it| (it.due.is_none(), it.due, it.deadline));
        Some(Self {
            format: SUMMARY_FORMAT,
            case: case.id,
            version: u32::try_from(envelopes.len()).unwrap_or(u32::MAX),
            number: case.record.number.clone(),
            category: case.record.category.clone(),
            kind: case.record.kind,
            asked_at: case.record.asked_at,
            first_responder: case.responder.person.clone(),
            department: case.responder.department.clone(),
            holder: case.holder().clone(),
            handler: case.handler().cloned(),
            tasks,
            ending: case.ending,
            address,
            matter: excerpt(&matter),
            n_without_effect: u32::try_from(folded.without_effect.len()).unwrap_or(u32::MAX),
            needs_newer_version: !folded.is_understood(),
            changed_at: envelopes
                .iter()
                .map(|it| it.borrow().header().at)
                .max()
                .unwrap_or_default(),
            rules: rules.fingerprint(),
            only_claimed_of: case.is_only_claimed().then(|| case.recorded_by.clone()),
            is_erased: envelopes.iter().any(|it| it.borrow().is_erased()),
        })
    }

    /// The first moment at which something of it is due; none when it is closed and nothing is owed of it.
    ///
    /// Signatures and the like are owed past the end.
    pub fn due(&self) -> Option<Moment> {
        if self.ending.is_some() && self.tasks.is_empty() {
            return None;
        }
        // An open case without a reckoned moment sorts by its asking: early rather than lost.
        Some(
            self.tasks
                .first()
                .and_then(|it| it.due)
                .unwrap_or(self.asked_at),
        )
    }

    /// What this person is to do of it first. The customer's clock (T10) asks for no act of its own.
    pub fn first_for(&self, person: &PersonId, department: &DepartmentId) -> Option<&Task> {
        self.tasks
            .iter()
            .find(|it| it.deadline != DeadlineId::Customer && it.is_for(person, department))
    }

    /// What this person is to do of it first as a deputy (AB角), with nothing of their own to do.
    pub fn first_as_deputy(&self, deputy: &Person, directory: &Directory) -> Option<&Task> {
        self.tasks
            .iter()
            .find(|it| it.is_for_deputy(deputy, directory))
    }

    /// What is to be done of it first, whoever owes it; the customer's clock where nothing else is owed.
    pub fn first(&self) -> Option<&Task> {
        self.tasks
            .iter()
            .find(|it| it.deadline != DeadlineId::Customer)
            .or(self.tasks.first())
    }

    /// As stored on the device; made anew whenever its form changes.
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to a vector cannot fail")
    }

    /// None where it is of another layout.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        minicbor::decode::<Self>(bytes)
            .ok()
            .filter(|it| it.format == SUMMARY_FORMAT)
    }
}

impl Task {
    fn of(case: &Case, obligation: &Obligation, rules: &Rules) -> Self {
        let due = rules.due(case, obligation).ok();
        Self {
            deadline: obligation.deadline,
            department: obligation.owed_by.department.clone(),
            person: obligation.owed_by.person.clone(),
            due: due.as_ref().map(|it| it.at),
            provisional: due.is_some_and(|it| it.provisional),
        }
    }

    /// Whether it is this person's to do: named, or nobody is named yet and it is their department's.
    pub fn is_for(&self, person: &PersonId, department: &DepartmentId) -> bool {
        falls_to(self.person.as_ref(), &self.department, person, department)
    }

    /// Whether it is owed by somebody whose deputy (AB角) this person is, and the deputy may do it.
    pub fn is_for_deputy(&self, deputy: &Person, directory: &Directory) -> bool {
        let owes = self.person.as_ref();
        owes.is_some_and(|owes| falls_to_deputy(self.deadline, owes, deputy, directory))
    }
}

/// What the record form says of customer and matter. Empty where nothing was given or it was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Particulars {
    pub matter: String,
    pub customer: String,
    pub phone: String,
    pub address: String,
}

impl Particulars {
    /// As recorded, with what was completed since; what was erased is empty. The envelopes may come in any order.
    pub fn of<E: Borrow<Envelope>>(envelopes: &[E]) -> Self {
        let says = |it: &Fact| matches!(it, Fact::Recorded(_) | Fact::FormCompleted(_));
        let all = envelopes.iter().map(Borrow::borrow);
        // Most acts say nothing of it, and their words need not be read.
        let saying = all.filter(|it| it.facts().is_ok_and(|it| it.iter().any(says)));
        let mut in_order: Vec<&Envelope> = saying.collect();
        in_order.sort_by_key(|it| it.order());
        let mut known = Self::default();
        let events = in_order.into_iter().filter_map(|it| it.events().ok());
        for event in events.flatten().filter(|it| says(&it.fact)) {
            known.complete(event.content);
        }
        known
    }

    fn complete(&mut self, content: Content) {
        for (known, said) in [
            (&mut self.matter, content.matter),
            (&mut self.customer, content.customer),
            (&mut self.phone, content.phone),
            (&mut self.address, content.address),
        ] {
            if let Some(said) = said {
                *known = said;
            }
        }
    }
}

fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
