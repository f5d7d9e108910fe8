//! What follows from how a case was answered (A): breaches, proposals, sums, praise, samples, figures, sheets.
//!
//! Everything here is derived from cases and proposes at most: a penalty exists only once an entitled person
//! has decided on it ([`crate::Command::Assess`]), after the person concerned could speak (A10). Start at
//! [`breaches`] and [`proposals`]. Whether something was late is a verdict's to say; it comes in as a closure.

mod breach;
mod bulletin;
mod depth;
mod link;
mod photo;
mod praise;
mod proposal;
mod sample;
mod sheet;
mod sums;
mod table;
mod takeaway;

pub use breach::{Account, Breach, Ground, Part, Question, breaches, questions};
pub use bulletin::{
    Bulletin, Correction, Criticism, Figure, Figures, Row, SMALL, bulletin, corrections,
};
pub use depth::{Depth, Member, NextStep, Ratio, depth};
pub use photo::{PhotoNote, photo_notes};
pub use praise::{Praise, PraiseGround, praise};
pub use proposal::{Proposal, Standing, proposals};
pub(crate) use proposal::{all, standing};
pub use sample::{
    Commitment, Drawn, Nonce, SampleRule, SeedError, draw_seed, population_root, sample,
};
pub use sheet::{
    FieldId, Section, SectionId, Sheet, SheetKind, Value, masked_address, masked_name,
    masked_phone, masked_words, sheet,
};
pub use sums::{Line, Period, Sums, sums};
pub use table::{Against, AssessmentRule, AssessmentTable, Decider, Unit};
pub use takeaway::{Takeaway, takeaway};

use crate::case::{Case, End, Obligation};
use crate::moment::{Minutes, Moment};
use crate::pack::DeadlineId;
use crate::rules::Rules;
use crate::verdict::Verdict;

/// What a verdict says of an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    Met,
    /// Surely, whatever the clocks were.
    Missed,
    /// The uncertainty of the clocks spans the deadline: nothing follows from it.
    CannotBeTold,
    /// Neither done nor due.
    Open,
}

impl From<Verdict> for Judged {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Met => Self::Met,
            Verdict::Missed => Self::Missed,
            Verdict::Running | Verdict::Late => Self::Open,
            Verdict::CannotBeTold { .. }
            | Verdict::Excused { .. }
            | Verdict::NotYetJudged { .. }
            | Verdict::Lifted => Self::CannotBeTold,
        }
    }
}

/// Under what breaches and proposals are derived.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub rules: &'a Rules,
    pub now: Moment,
    pub verdict: &'a dyn Fn(&Case, &Obligation) -> Judged,
    /// Cases that may repeat this one; those that do not are passed over (I9).
    pub again: &'a [Case],
}

/// A skew up to this is nobody's fault.
const SKEW: Minutes = Minutes(2);

/// A verdict from the case alone, without arrival stamps: *missed* only where no stamp could excuse it.
///
/// A slip that its receiver is not known to have had in hand proves no lateness (`time.md`: a sender's dead zone is
/// nobody's fault), nor does a clock that stood still for a while, nor a year whose calendar is not published.
pub fn on_device(case: &Case, obligation: &Obligation, rules: &Rules, now: Moment) -> Judged {
    let Ok(due) = rules.due(case, obligation) else {
        return Judged::CannotBeTold;
    };
    let (until, is_open) = match obligation.end {
        Some(End::Met { at, .. }) if at <= due.at => return Judged::Met,
        Some(end) => (end.at(), false),
        None => (now, true),
    };
    if until <= due.at {
        return if is_open {
            Judged::Open
        } else {
            Judged::CannotBeTold
        };
    }
    let stood_still = obligation.deadline.can_pause() && !case.consents.pauses.is_empty();
    let surely_due = in_hand_since(case, obligation).and_then(|since| {
        let from_then = Obligation {
            since,
            ..obligation.clone()
        };
        rules.due(case, &from_then).ok()
    });
    match surely_due {
        Some(surely) if !stood_still && !due.provisional && until > surely.at + SKEW => {
            Judged::Missed
        }
        _ => Judged::CannotBeTold,
    }
}

/// Since when whoever owes it provably could do it; none: that is not known here.
fn in_hand_since(case: &Case, obligation: &Obligation) -> Option<Moment> {
    let by_slip = matches!(
        obligation.deadline,
        DeadlineId::Sign | DeadlineId::AssignHandler | DeadlineId::Reply | DeadlineId::ReturnSlip
    );
    let slip = case
        .moves
        .iter()
        .find(|it| it.envelope == obligation.arose && it.to == obligation.owed_by.department);
    match slip {
        Some(slip) if by_slip => slip.received.as_ref().map(|(_, at)| *at),
        _ => Some(obligation.since),
    }
}
