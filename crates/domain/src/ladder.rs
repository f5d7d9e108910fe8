//! How what is overdue climbs: handler, supervisor, director (C4), each at a moment of the pack's `[escalation]`.

use crate::case::{Case, Obligation, Owed};
use crate::id::PersonId;
use crate::moment::{Minutes, Moment};
use crate::reckoning::{Limit, ReckoningError};
use crate::rules::Rules;

/// Who is told, from the bottom up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Whoever owes it, from the due moment on.
    Handler,
    /// The head of the department that owes it.
    Supervisor,
    Director,
}

/// One step up of something overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    pub step: Step,
    pub at: Moment,
    pub is_reached: bool,
    /// Who is told. None: the directory names nobody who is there.
    pub who: Option<PersonId>,
}

/// The rungs of an obligation that is due at `due`, the lowest first, by the case's own pack (G4). They climb only while
/// it is open. Under a pack without an escalation it stays with whoever owes it.
///
/// Whoever is absent is stood in for by their deputy (AB角), and where the deputy is absent too, the
/// next above is told instead. A head who owes it, or whom the matter concerns (I11), is no supervisor of it: that is the
/// director.
///
/// # Errors
///
/// A moment that cannot be reckoned, such as in a past year without a calendar.
pub fn rungs(
    (case, obligation): (&Case, &Obligation),
    due: Moment,
    now: Moment,
    rules: &Rules,
    is_absent: impl Fn(&PersonId) -> bool,
) -> Result<Vec<Rung>, ReckoningError> {
    let posts = Posts {
        rules,
        owed: &obligation.owed_by,
        concerns: &case.record.concerns,
        is_absent: &is_absent,
    };
    let is_open = obligation.end.is_none();
    let rung = |step, at, who| Rung {
        step,
        at,
        is_reached: is_open && now > at,
        who,
    };
    let mut rungs = vec![rung(Step::Handler, due, posts.handler())];
    if let Some(escalation) = rules.pack_of(case).escalation {
        let hours_of = &obligation.owed_by.department;
        let after = |limit: Option<Limit>| match limit {
            None => Ok(due),
            Some(limit) => rules.after(case, hours_of, due, &limit),
        };
        let supervisor_at = after(escalation.supervisor)?.max(due);
        let director_at = after(escalation.director)?.max(supervisor_at);
        rungs.push(rung(Step::Supervisor, supervisor_at, posts.supervisor()));
        rungs.push(rung(Step::Director, director_at, posts.director()));
    }
    Ok(rungs)
}

struct Posts<'a, F> {
    rules: &'a Rules,
    owed: &'a Owed,
    concerns: &'a [PersonId],
    is_absent: &'a F,
}

impl<F: Fn(&PersonId) -> bool> Posts<'_, F> {
    fn handler(&self) -> Option<PersonId> {
        match &self.owed.person {
            Some(person) => self
                .someone(person, |it| !(self.is_absent)(it))
                .or_else(|| self.supervisor()),
            None => self.supervisor(),
        }
    }

    fn supervisor(&self) -> Option<PersonId> {
        let head = self
            .rules
            .directory
            .department(&self.owed.department)
            .map(|it| &it.head)
            .filter(|it| self.owed.person.as_ref() != Some(it) && !self.concerns.contains(it));
        head.and_then(|it| self.there(it))
            .filter(|it| self.owed.person.as_ref() != Some(it))
            .or_else(|| self.director())
    }

    fn director(&self) -> Option<PersonId> {
        self.rules
            .directory
            .director
            .as_ref()
            .and_then(|it| self.there(it))
    }

    /// The person or the deputy, whoever is there and not concerned.
    fn there(&self, person: &PersonId) -> Option<PersonId> {
        self.someone(person, |it| {
            !(self.is_absent)(it) && !self.concerns.contains(it)
        })
    }

    fn someone(&self, person: &PersonId, may: impl Fn(&PersonId) -> bool) -> Option<PersonId> {
        let deputy = || self.rules.directory.person(person)?.deputy.as_ref();
        Some(person)
            .filter(|it| may(it))
            .or_else(|| deputy().filter(|it| may(it)))
            .cloned()
    }
}

/// When somebody is warned of what is due at `due`: so many minutes before, never before it arose.
///
/// ```
/// use shouwen_domain::ladder::warnings;
/// use shouwen_domain::moment::{Minutes, Moment};
///
/// let since = Moment::from_unix_ms(0);
/// let due = since + Minutes(60);
/// let at: Vec<_> = warnings(since, due, &[Minutes(25), Minutes(90), Minutes(5)]).collect();
/// assert_eq!(at, [since + Minutes(35), since + Minutes(55)]);
/// ```
pub fn warnings(
    since: Moment,
    due: Moment,
    before: &[Minutes],
) -> impl Iterator<Item = Moment> + '_ {
    before
        .iter()
        .map(move |it| due - *it)
        .filter(move |it| *it >= since)
}
