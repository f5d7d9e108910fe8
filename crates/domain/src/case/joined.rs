//! Cases of one matter (C5): which of them are visited, and when there are so many that the director is told.

use super::Case;
use crate::hash::Hash;
use crate::id::{CaseId, EnvelopeId, PersonId};
use crate::moment::{Minutes, Moment};
use crate::rules::Rules;

/// The case that is handled, and those joined with it.
#[derive(Debug, Clone)]
pub struct OneMatter<'a> {
    main: &'a Case,
    joined: Vec<&'a Case>,
}

/// What the director is told of one matter that many complain of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManyComplaints {
    pub main: CaseId,
    /// When the asking came in that made them so many.
    pub at: Moment,
    /// All complaints of the matter by now, the main one included.
    pub n_complaints: usize,
    /// None: the directory names no director.
    pub director: Option<PersonId>,
}

impl<'a> OneMatter<'a> {
    /// Of `cases`, those that were joined with `main`; others are passed over.
    pub fn of(main: &'a Case, cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut joined: Vec<&Case> = cases
            .into_iter()
            .filter(|it| it.coordination.main == Some(main.id))
            .collect();
        joined.sort_by_key(|it| it.id);
        joined.dedup_by_key(|it| it.id);
        Self { main, joined }
    }

    /// Whether the customer of a joined case is visited. Up to the pack's number each is; of more, that many are
    /// drawn by the envelope with the result, which nobody can choose and anybody can check.
    pub fn is_visited(&self, case: CaseId, rules: &Rules) -> bool {
        let (Some(joined), Some(result)) = (rules.pack_of(self.main).joined, &self.main.result)
        else {
            return true;
        };
        let own = ticket(case, result.envelope);
        let before = self
            .joined
            .iter()
            .filter(|it| ticket(it.id, result.envelope) < own)
            .count();
        u32::try_from(before).is_ok_and(|it| it < joined.visit_all_up_to)
    }

    /// What the director is told, once so many customers asked within the pack's time; none: there were never so many.
    pub fn director_told(&self, rules: &Rules) -> Option<ManyComplaints> {
        let joined = rules.pack_of(self.main).joined?;
        let mut askings: Vec<Moment> = self
            .joined
            .iter()
            .map(|it| it.record.asked_at)
            .chain([self.main.record.asked_at])
            .collect();
        askings.sort_unstable();
        let n = usize::try_from(joined.tell_director_from).unwrap_or(usize::MAX);
        Some(ManyComplaints {
            main: self.main.id,
            at: nth_within(&askings, n, joined.tell_director_within)?,
            n_complaints: askings.len(),
            director: rules.directory.director.clone(),
        })
    }
}

fn ticket(case: CaseId, result: EnvelopeId) -> Hash {
    Hash::of(&[*result.bytes(), *case.bytes()].concat())
}

/// The first of `askings`, which rise, by which there were `n` within the time.
fn nth_within(askings: &[Moment], n: usize, within: Minutes) -> Option<Moment> {
    askings
        .windows(n.max(1))
        .filter_map(|it| it.first().copied().zip(it.last().copied()))
        .find(|(first, last)| *last <= *first + within)
        .map(|(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_within_a_day_are_many_and_five_within_more_are_not() {
        let check = |hours: &[i64], expected: Option<i64>| {
            let at = |hour: i64| Moment::from_unix_ms(hour * 3_600_000);
            let askings: Vec<Moment> = hours.iter().copied().map(at).collect();
            let found = nth_within(&askings, 5, Minutes(24 * 60));
            assert_eq!(found, expected.map(at));
        };
        check(&[0, 3, 5, 20, 24], Some(24));
        check(&[0, 3, 5, 20, 25], None);
        check(&[0, 3, 5, 20, 25, 26], Some(26));
        check(&[], None);
    }
}
