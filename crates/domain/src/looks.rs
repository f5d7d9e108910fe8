//! Who looked at what: records of reading, signed as every act is, which lie beside the cases and change none of them.
//!
//! What counts is that somebody had a case before them on a day, not how often, nor what they did besides: so one record a
//! person, case, day and kind. Whoever acted in a case that day stands on its own record already. They lie under
//! [`CaseId::of_looks`], concern nobody (`crate::scope`), and are read at head office alone.
//!
//! A search is not among them: it shows the rows of a list, in which nobody's name or number stands, and whoever wants more
//! opens a case. What was typed stays in the page.

use chrono::NaiveDate;

use crate::envelope::Envelope;
use crate::event::{Content, Event, Fact, Look, Looked};
use crate::id::{CaseId, PersonId};
use crate::zone::Zone;

/// A look that somebody takes at a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance<'a> {
    pub person: &'a PersonId,
    pub case: CaseId,
    pub how: Look,
    /// By the site's calendar.
    pub day: NaiveDate,
}

impl Glance<'_> {
    /// Where it belongs.
    pub fn place(&self) -> CaseId {
        CaseId::of_looks(self.day)
    }

    /// What is to be kept of it: nothing where it is on record, among this device's records of the day or, for having
    /// opened the case, by an act in it.
    pub fn to_record<'a>(
        &self,
        of_the_day: impl IntoIterator<Item = &'a Envelope>,
        of_the_case: impl IntoIterator<Item = &'a Envelope>,
        zone: &Zone,
    ) -> Option<Event> {
        let looked = Looked {
            case: Some(self.case),
            how: self.how,
        };
        let fact = Fact::Looked(looked);
        let is_theirs = |it: &&Envelope| it.header().person == *self.person;
        let mut known = of_the_day.into_iter().filter(is_theirs);
        let is_known = known.any(|it| it.facts().is_ok_and(|it| it.contains(&fact)));
        let acted = || {
            let mut acts = of_the_case.into_iter().filter(is_theirs);
            acts.any(|it| zone.local(it.header().at).date() == self.day)
        };
        let is_on_record = is_known || (self.how == Look::Opened && acted());
        (!is_on_record).then(|| Event::new(fact, Content::default()))
    }
}
