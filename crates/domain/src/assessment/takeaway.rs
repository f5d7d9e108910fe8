//! What a customer takes along (I12), and cases of one matter seen together (C5).

use crate::case::Case;
use crate::id::PersonId;
use crate::moment::{Minutes, Moment};
use crate::pack::DeadlineId;
use crate::rules::Rules;

/// Number, name, what happens by when, and where to complain; as paper, QR code or a text to paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeaway {
    pub number: String,
    pub first_responder: PersonId,
    /// As the directory has it; the staff id where it has none any more.
    pub first_responder_name: String,
    /// The next thing that happens, and by when; none: nothing is open.
    pub next_step: Option<(DeadlineId, Moment)>,
    /// By when the customer knows the result (T10).
    pub result_by: Option<Moment>,
    /// Of quality control, else of the director's department, else of the first responder's.
    pub complaints_phone: String,
}

pub fn takeaway(case: &Case, rules: &Rules) -> Takeaway {
    let directory = &rules.directory;
    let responder = &case.responder.person;
    let next_step = case
        .open_obligations()
        .filter(|it| happens_to_the_customer(it.deadline))
        .filter_map(|it| Some((rules.due(case, it).ok()?.at, it.deadline)))
        .min()
        .map(|(at, deadline)| (deadline, at));
    let result_by = case
        .open_obligations()
        .find(|it| it.deadline == DeadlineId::Customer)
        .and_then(|it| rules.due(case, it).ok())
        .map(|it| it.at);
    let above = directory
        .director
        .as_ref()
        .and_then(|it| directory.person(it))
        .map(|it| &it.department);
    let complaints_phone = [
        directory.quality.as_ref(),
        above,
        Some(&case.responder.department),
    ]
    .into_iter()
    .flatten()
    .find_map(|it| directory.department(it))
    .map(|it| it.phone.clone())
    .unwrap_or_default();
    Takeaway {
        number: case.record.number.clone(),
        first_responder: responder.clone(),
        first_responder_name: directory
            .person(responder)
            .map_or_else(|| responder.to_string(), |it| it.name.clone()),
        next_step,
        result_by,
        complaints_phone,
    }
}

const fn happens_to_the_customer(deadline: DeadlineId) -> bool {
    matches!(
        deadline,
        DeadlineId::Transfer
            | DeadlineId::ReceiveGuided
            | DeadlineId::Reply
            | DeadlineId::AgreedTime
            | DeadlineId::Completion
            | DeadlineId::TellResult
            | DeadlineId::ReturnVisit
            | DeadlineId::RetryVisit
            | DeadlineId::PublishAnswer
            | DeadlineId::EmergencyOnSite
            | DeadlineId::EmergencyRescuer
    )
}

/// From when on joined cases are treated as many (C5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinLimits {
    /// Up to so many complainants, each is visited.
    pub visit_all_up_to: u32,
    /// So many within the time tell the director.
    pub alert_from: u32,
    pub alert_within: Minutes,
}

impl Default for JoinLimits {
    fn default() -> Self {
        Self {
            visit_all_up_to: 10,
            alert_from: 5,
            alert_within: Minutes(24 * 60),
        }
    }
}

/// Whether so many customers asked about one matter within the time that the director is told.
///
/// `asked`: when each case of the matter was asked, the main one included, in any order.
///
/// ```
/// use shouwen_domain::assessment::{JoinLimits, join_alert};
/// use shouwen_domain::moment::Moment;
///
/// let hour = |n: i64| Moment::from_unix_ms(n * 3_600_000);
/// assert!(join_alert([0, 20, 3, 24, 5].map(hour), JoinLimits::default()));
/// assert!(!join_alert([0, 20, 3, 25, 5].map(hour), JoinLimits::default()));
/// ```
pub fn join_alert(asked: impl IntoIterator<Item = Moment>, limits: JoinLimits) -> bool {
    let mut asked: Vec<Moment> = asked.into_iter().collect();
    asked.sort_unstable();
    let n = usize::try_from(limits.alert_from.max(1)).unwrap_or(usize::MAX);
    asked.windows(n).any(|it| {
        matches!(it, [first, .., last] if *last <= *first + limits.alert_within) || n == 1
    })
}

/// Whether of so many complainants only a sample is visited.
pub const fn visits_by_sample(n_complainants: u32, limits: JoinLimits) -> bool {
    n_complainants > limits.visit_all_up_to
}
