//! What is open of a case, reckoned once and judged as often as the clock ticks.
//!
//! Reckoning walks a calendar; judging compares moments. A list keeps an [`Agenda`] for each case, fills
//! it anew when the case, its evidence or the texts change, and asks it on every tick without allocating.

use crate::case::Case;
use crate::moment::Moment;
use crate::pack::DeadlineId;
use crate::rules::Rules;
use crate::verdict::{Evidence, Slip, Terms, Verdict};

/// The open obligations of one case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agenda {
    lines: Vec<Line>,
}

/// One open obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its place among [`Case::obligations`].
    pub obligation: u32,
    pub deadline: DeadlineId,
    /// None: it cannot be reckoned, see [`Rules::terms`] for why.
    pub terms: Option<Terms>,
}

impl Agenda {
    /// Reckons all that is open.
    pub fn of(case: &Case, rules: &Rules, evidence: &Evidence<'_>) -> Self {
        let mut agenda = Self::default();
        agenda.refill(case, rules, evidence);
        agenda
    }

    /// Reckons anew, in the room that is there already.
    pub fn refill(&mut self, case: &Case, rules: &Rules, evidence: &Evidence<'_>) {
        self.lines.clear();
        let open = (0..)
            .zip(&case.obligations)
            .filter(|(_, it)| it.end.is_none());
        self.lines.extend(open.map(|(obligation, it)| Line {
            obligation,
            deadline: it.deadline,
            terms: rules.terms(case, it, evidence).ok(),
        }));
    }

    /// In the order it arose.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The earliest due moment, past ones included.
    pub fn next_due(&self) -> Option<Moment> {
        self.lines
            .iter()
            .filter_map(|it| it.terms)
            .map(|it| it.due)
            .min()
    }

    /// From which moment on, later than `now`, some verdict is another: for a timer.
    pub fn next_transition(&self, now: Moment) -> Option<Moment> {
        let after = |at: Moment| Moment::from_unix_ms(at.unix_ms().saturating_add(1));
        self.lines
            .iter()
            .filter_map(|it| it.terms)
            .flat_map(|it| {
                let until = match it.slip {
                    Slip::Arrived { until, .. } => until,
                    Slip::AtHand | Slip::UnderWay(_) => it.latest(),
                };
                [after(it.latest()), after(until)]
            })
            .filter(|it| *it > now)
            .min()
    }

    /// The verdict on each line that can be reckoned, put behind what is in `out`.
    pub fn verdicts_into(
        &self,
        now: Moment,
        heard_until: Option<Moment>,
        out: &mut Vec<(u32, Verdict)>,
    ) {
        let judged = |it: &Line| {
            let verdict = it.terms?.open(now, heard_until);
            Some((it.obligation, verdict))
        };
        out.extend(self.lines.iter().filter_map(judged));
    }
}
