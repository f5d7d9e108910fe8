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
pub use sample::{Commitment, Drawn, Nonce, SeedError, draw_seed, population_root, sample};
pub use sheet::{
    FieldId, Section, SectionId, Sheet, SheetKind, Value, masked_address, masked_contacts,
    masked_name, masked_phone, masked_words, sheet,
};
pub use sums::{Line, Period, Sums, sums};
pub use table::{Against, AssessmentRule, AssessmentTable, Decider, Unit};
pub use takeaway::{Takeaway, takeaway};

use crate::case::{Case, Obligation};
use crate::moment::Moment;
use crate::reckoning;
use crate::rules::Rules;
use crate::verdict::{Evidence, Verdict};

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

/// Under what breaches and proposals are derived. The verdict is [`judge`]'s.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub rules: &'a Rules,
    pub now: Moment,
    pub verdict: &'a dyn Fn(&Case, &Obligation) -> Judged,
    /// Cases that may repeat this one; those that do not are passed over (I9).
    pub again: &'a [Case],
}

/// What may follow from an obligation, by what is known of the envelopes. A due moment in a year that is not published
/// yet proves nothing, nor does one by a calendar that is not at hand.
pub fn judge(
    case: &Case,
    obligation: &Obligation,
    rules: &Rules,
    now: Moment,
    evidence: &Evidence<'_>,
) -> Judged {
    if !rules.knows_calendar_of(obligation) {
        return Judged::CannotBeTold;
    }
    match rules.standing(case, obligation) {
        Ok(reckoning::Standing::Due {
            provisional: false, ..
        }) => rules
            .verdict(case, obligation, now, evidence)
            .map_or(Judged::CannotBeTold, Judged::from),
        Ok(reckoning::Standing::Paused { .. }) if obligation.end.is_none() => Judged::Open,
        Ok(reckoning::Standing::Due { .. } | reckoning::Standing::Paused { .. }) | Err(_) => {
            Judged::CannotBeTold
        }
    }
}
