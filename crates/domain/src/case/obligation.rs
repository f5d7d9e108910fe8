//! Who must do what, since when and until when, and how it ended.

use crate::hash::Hash;
use crate::id::{DepartmentId, EnvelopeId, PersonId};
use crate::moment::Moment;
use crate::pack::DeadlineId;

/// What is owed under a rule. By when follows from the pack, see [`crate::Rules::due`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    pub deadline: DeadlineId,
    pub owed_by: Owed,
    pub since: Moment,
    /// The envelope by which it arose: the first link of its evidence.
    pub arose: EnvelopeId,
    /// A moment agreed, consented to or set by a sender; none: the pack's limit counts from `since`.
    pub until: Option<Moment>,
    /// Those who owed it before a succession, with when it moved: it moves what is left to do, never what was missed (F3).
    pub before: Vec<(Owed, Moment)>,
    pub end: Option<End>,
    /// The calendar by which whoever ended it saw it: what is judged keeps it, what is open goes by the one in force.
    pub judged_by: Option<Hash>,
}

impl Obligation {
    /// Moves it to somebody else from `at` on; what was missed stays where it was (F3, F7).
    pub(super) fn hand_on(&mut self, owes: Owed, at: Moment) {
        let was = std::mem::replace(&mut self.owed_by, owes);
        self.before.push((was, at));
    }

    /// Who owed it at `at`: a succession or a shift moves what is left to do, never what was missed (F3, F7).
    pub fn owed_at(&self, at: Moment) -> &Owed {
        self.before
            .iter()
            .find(|(_, moved_at)| at < *moved_at)
            .map_or(&self.owed_by, |(was, _)| was)
    }
}

/// The department that answers for an obligation and, once named, the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub department: DepartmentId,
    pub person: Option<PersonId>,
}

impl Owed {
    /// Whether it is this person's to do.
    pub fn is_for(&self, person: &PersonId, department: &DepartmentId) -> bool {
        falls_to(self.person.as_ref(), &self.department, person, department)
    }
}

/// An obligation falls to whoever is named, and to the whole department while nobody is.
pub(crate) fn falls_to(
    named: Option<&PersonId>,
    owing: &DepartmentId,
    person: &PersonId,
    department: &DepartmentId,
) -> bool {
    named.map_or(owing == department, |it| it == person)
}

/// How an obligation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Met {
        at: Moment,
        /// The envelope that met it: the last link of its evidence.
        by: EnvelopeId,
    },
    /// Something else happened that left nothing to do.
    Lifted { at: Moment },
}

impl End {
    pub(super) const fn met(act: super::Act<'_>) -> Self {
        Self::Met {
            at: act.at,
            by: act.envelope,
        }
    }

    /// When it ended, either way.
    pub const fn at(self) -> Moment {
        match self {
            Self::Met { at, .. } | Self::Lifted { at } => at,
        }
    }
}
