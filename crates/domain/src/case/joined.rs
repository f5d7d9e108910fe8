//! Cases of one matter (C5): which of them are visited, and when there are so many that the director is told.

use std::collections::BTreeSet;

use crate::hash::Hash;
use crate::id::{CaseId, EnvelopeId};
use crate::moment::{Minutes, Moment};

/// Whether the customer of a joined case is visited. Up to `all_up_to` joined cases each is; of more, that many are
/// drawn by the envelope with the result, which nobody can choose and anybody can check.
pub fn is_visited(
    case: CaseId,
    joined: &BTreeSet<CaseId>,
    result: EnvelopeId,
    all_up_to: usize,
) -> bool {
    let ticket = |case: &CaseId| Hash::of(&[*result.bytes(), *case.bytes()].concat());
    let own = ticket(&case);
    joined.iter().filter(|it| ticket(it) < own).count() < all_up_to
}

/// When the director is to be told: the moment of the `n`th asking within `within`. None: there were never so many.
pub fn director_told_at(
    askings: impl IntoIterator<Item = Moment>,
    n: usize,
    within: Minutes,
) -> Option<Moment> {
    let mut askings: Vec<Moment> = askings.into_iter().collect();
    askings.sort_unstable();
    askings
        .windows(n.max(1))
        .filter_map(|it| it.first().copied().zip(it.last().copied()))
        .find(|(first, last)| *last <= *first + within)
        .map(|(_, last)| last)
}
