//! What a customer takes along (I12).

use crate::case::Case;
use crate::id::PersonId;
use crate::moment::Moment;
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

/// What a customer takes along of a case (I12).
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
