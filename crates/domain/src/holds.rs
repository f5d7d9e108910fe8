//! In whose hands a case was, and for how much working time: a department answers only for the time a
//! slip could have been in its hands (T10, A11).

use crate::case::Case;
use crate::envelope::Envelope;
use crate::id::DepartmentId;
use crate::moment::Moment;
use crate::reckoning::ReckoningError;
use crate::rules::Rules;
use crate::verdict::Evidence;

/// One stretch in a department's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub department: DepartmentId,
    /// When the case was passed on to it; for the first one, when the customer asked.
    pub from: Moment,
    /// From when on it could have been in its hands: head office had the slip. None: not known here yet.
    pub in_hands_from: Option<Moment>,
    /// When it was passed on or closed; none: it is there still.
    pub until: Option<Moment>,
    /// Working time in its hands in milliseconds, up to `now` where it is there still.
    pub working_ms: u64,
}

/// The hands that a case went through, in order. Between `from` and `in_hands_from` the slip lay in
/// the sender's phone and counts on nobody.
///
/// # Errors
///
/// A past year without a calendar.
pub fn holds(
    envelopes: &[Envelope],
    rules: &Rules,
    evidence: &Evidence<'_>,
    now: Moment,
) -> Result<Vec<Hold>, ReckoningError> {
    let mut holds: Vec<Hold> = Vec::new();
    let folded = Case::replay(envelopes, |case, envelope| {
        let header = envelope.header();
        let open = holds.last().filter(|it| it.until.is_none());
        if open.is_some_and(|it| case.closed_at.is_none() && it.department == *case.holder()) {
            return;
        }
        let is_first = holds.is_empty();
        if let Some(last) = holds.last_mut() {
            last.until.get_or_insert(header.at);
        }
        if case.closed_at.is_some() && !is_first {
            return;
        }
        let from = if is_first {
            case.record.asked_at
        } else {
            header.at
        };
        let in_hands_from = if is_first {
            Some(from)
        } else {
            evidence
                .of(header.id)
                .and_then(|it| it.arrived)
                .map(|it| it.max(from))
        };
        holds.push(Hold {
            department: case.holder().clone(),
            from,
            in_hands_from,
            until: case.closed_at,
            working_ms: 0,
        });
    });
    let Some(case) = &folded.case else {
        return Ok(holds);
    };
    for hold in &mut holds {
        if let Some(from) = hold.in_hands_from {
            hold.working_ms =
                rules.working_ms(case, &hold.department, from, hold.until.unwrap_or(now))?;
        }
    }
    Ok(holds)
}
