//! What a device may let go of, since head office has it.
//!
//! Whether head office has it is for the log to say; here is only what the device can do without.

use crate::limits;
use crate::moment::{Minutes, Moment};
use crate::pack::Pack;
use crate::summary::Summary;

const DAY_MIN: u32 = 24 * 60;

/// Whether a case is over for so long that nobody looks for it on a device: closed, nothing owed of it by
/// anybody, and not changed for as many days as the pack lets a device keep it.
///
/// What a newer version wrote may mean that it is not over.
pub fn is_long_over(case: &Summary, pack: &Pack, now: Moment) -> bool {
    case.due().is_none()
        && !case.needs_newer_version
        && is_older_than(pack.kept_on_devices_days(), case.changed_at, now)
}

/// Whether a copy of this age is no longer needed once a verified backup has what it holds.
pub fn is_old_copy(newest: Moment, now: Moment) -> bool {
    is_older_than(limits::COPY_DAYS, newest, now)
}

fn is_older_than(days: u32, at: Moment, now: Moment) -> bool {
    at + Minutes(days * DAY_MIN) < now
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Ending, Kind};
    use crate::id::{CaseId, CategoryId, DepartmentId, PersonId};
    use crate::pack::DeadlineId;
    use crate::summary::{SUMMARY_FORMAT, Task};

    const CHANGED: Moment = Moment::from_unix_ms(1_783_915_200_000);

    fn closed() -> Summary {
        let service: DepartmentId = "service".parse().expect("a slug");
        Summary {
            format: SUMMARY_FORMAT,
            case: CaseId::from_random([1; 16]),
            version: 3,
            number: String::new(),
            category: "noise".parse::<CategoryId>().expect("a slug"),
            kind: Kind::Enquiry,
            asked_at: Moment::from_unix_ms(0),
            first_responder: "wang".parse::<PersonId>().expect("a slug"),
            department: service.clone(),
            holder: service,
            handler: None,
            tasks: Vec::new(),
            ending: Some(Ending::Satisfied),
            address: String::new(),
            matter: String::new(),
            n_without_effect: 0,
            needs_newer_version: false,
            changed_at: CHANGED,
            rules: 0,
            only_claimed_of: None,
            is_erased: false,
        }
    }

    fn days_later(days: u32, min: u32) -> Moment {
        CHANGED + Minutes(days * DAY_MIN + min)
    }

    /// The shipped pack, with another word on how long devices keep a case.
    fn pack(on_devices: &str) -> Pack {
        let shipped = include_str!("../../../packs/property-service.toml");
        let said = "on_devices = \"400 days\"";
        assert!(shipped.contains(said));
        Pack::parse("pack.toml", &shipped.replace(said, on_devices)).expect("a pack")
    }

    #[test]
    fn a_closed_case_is_long_over_after_the_days_of_the_pack_and_not_before() {
        for days in [400, 90] {
            let pack = pack(&format!("on_devices = \"{days} days\""));
            let is_over = |now| is_long_over(&closed(), &pack, now);
            assert!(!is_over(days_later(days, 0)), "{days}");
            assert!(is_over(days_later(days, 1)), "{days}");
            assert!(!is_over(CHANGED), "a clock that went back");
        }
    }

    #[test]
    fn what_is_open_or_owed_or_not_understood_is_never_over() {
        let now = days_later(4_000, 0);
        let open = Summary {
            ending: None,
            ..closed()
        };
        let owed = Summary {
            tasks: vec![Task {
                deadline: DeadlineId::Customer,
                department: closed().department,
                person: None,
                due: None,
                provisional: false,
            }],
            ..closed()
        };
        let newer = Summary {
            needs_newer_version: true,
            ..closed()
        };
        for case in [open, owed, newer] {
            assert!(
                !is_long_over(&case, &pack("on_devices = \"30 days\""), now),
                "{case:?}"
            );
        }
    }

    #[test]
    fn a_copy_is_old_after_its_days() {
        assert!(!is_old_copy(CHANGED, days_later(35, 0)));
        assert!(is_old_copy(CHANGED, days_later(35, 1)));
    }
}
