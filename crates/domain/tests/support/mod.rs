//! A small office to try rules in: the shipped pack and calendar, eight departments, eighteen people.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

use shouwen_domain::calendar::Calendar;
use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{Envelope, Stamp};
use shouwen_domain::event::Event;
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Pack;
use shouwen_domain::rules::Rules;
use shouwen_domain::zone::Zones;

pub const CASE: CaseId = CaseId::from_random([7; 16]);

const DIRECTORY: &str = include_str!("small-site.toml");

pub fn rules() -> Rules {
    rules_with(str::to_owned)
}

/// The shipped texts, the pack's first changed by `edit`.
pub fn rules_with(edit: impl Fn(&str) -> String) -> Rules {
    let pack = edit(include_str!("../../../../packs/property-service.toml"));
    let calendar = [
        (
            "2025.json",
            include_str!("../../../../packs/calendars/cn/2025.json"),
        ),
        (
            "2026.json",
            include_str!("../../../../packs/calendars/cn/2026.json"),
        ),
    ];
    Rules::try_new(
        Pack::parse("property-service.toml", &pack).unwrap(),
        Calendar::parse(&calendar).unwrap(),
        &Zones::parse(include_str!("../../../../packs/zones.toml")).unwrap(),
        Directory::parse("small-site.toml", DIRECTORY).unwrap(),
    )
    .unwrap()
}

/// A civil time in Shanghai, such as "2026-02-13 16:30".
pub fn at(local: &str) -> Moment {
    let local = chrono::NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    Moment::from_unix_ms((local.and_utc().timestamp() - 8 * 3600) * 1000)
}

pub fn person(id: &str) -> PersonId {
    id.parse().unwrap()
}

/// Seals `events` as the `n`th envelope of one device.
pub fn seal(
    rules: &Rules,
    n: u8,
    by: &str,
    at: Moment,
    events: &[Event],
    previous: Option<Hash>,
) -> Envelope {
    let stamp = Stamp {
        id: EnvelopeId::from_random([n; 16]),
        site: rules.directory.site.clone(),
        case: CASE,
        person: person(by),
        device: DeviceId::from_random([1; 16]),
        chain: 1,
        sequence: n.into(),
        previous,
        counter: n.into(),
        at,
        clock: None,
        last_receipt: None,
        rules: rules.hashes(),
        facts_salt: Salt([n; 16]),
        content_salt: Salt([!n; 16]),
    };
    Envelope::seal(stamp, events).unwrap()
}
