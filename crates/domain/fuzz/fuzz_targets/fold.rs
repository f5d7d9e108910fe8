//! Facts in any order, however senseless: the fold takes or refuses them, and whatever follows of a case is derived
//! without a panic: due moments and verdicts, the ladder, breaches and proposals.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shouwen_domain::Rules;
use shouwen_domain::assessment::{Context, Judged, breaches, praise, proposals};
use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::{Act, Case};
use shouwen_domain::directory::Directory;
use shouwen_domain::event::Fact;
use shouwen_domain::id::{CaseId, EnvelopeId};
use shouwen_domain::ladder::rungs;
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Pack;
use shouwen_domain::verdict::Evidence;
use shouwen_domain::zone::Zones;

/// 2026-07-13 09:06 in Shanghai.
const BEGINNING_MS: i64 = 1_783_904_760_000;
const HOUR_MS: i64 = 3_600_000;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let pack = include_str!("../../../../packs/property-service.toml").replace("\"observe\"", "\"assess\"");
    let years = [
        ("2025.json", include_str!("../../../../packs/calendars/cn/2025.json")),
        ("2026.json", include_str!("../../../../packs/calendars/cn/2026.json")),
    ];
    Rules::try_new(
        Pack::parse("pack.toml", &pack).expect("the shipped pack"),
        Calendar::parse(&years).expect("the shipped years"),
        &Zones::parse(include_str!("../../../../packs/zones.toml")).expect("the shipped zones"),
        Directory::parse("site.toml", include_str!("../../../../packs/demo-site.toml")).expect("the demo site"),
    )
    .expect("the shipped texts fit together")
});

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = minicbor::Decoder::new(bytes);
    let mut case = None;
    let person = "wang".parse().expect("a slug");
    let mut now = Moment::from_unix_ms(BEGINNING_MS);
    for n in 0..64_u8 {
        let Ok(fact) = decoder.decode::<Fact>() else {
            break;
        };
        now = Moment::from_unix_ms(BEGINNING_MS + i64::from(n) * HOUR_MS);
        let facts = [fact];
        let act = |fact| Act {
            envelope: EnvelopeId::from_random([n; 16]),
            by: &person,
            at: now,
            fact,
            claimed: n % 4 == 3,
        };
        let id = CaseId::from_random([1; 16]);
        if let Ok(after) = Case::after(case.as_ref(), id, RULES.hashes(), &facts, act) {
            case = Some(after);
        }
    }
    let Some(case) = case else { return };
    for it in &case.obligations {
        let _ = RULES.verdict(&case, it, now, &Evidence::default());
        if let Ok(due) = RULES.due(&case, it) {
            let _ = rungs((&case, it), due.at, now, &RULES, |_| false);
        }
    }
    let context = Context { rules: &RULES, now, verdict: &|_, _| Judged::Missed, again: std::slice::from_ref(&case) };
    let _ = (breaches(&case, context), proposals(&case, context), praise(&case, context));
});
