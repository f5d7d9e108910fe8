//! Facts in any order, however senseless: the fold takes them, and every obligation has a due moment or says why not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shouwen_domain::case::{Act, Case};
use shouwen_domain::event::Fact;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, EnvelopeId};
use shouwen_domain::moment::Moment;

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = minicbor::Decoder::new(bytes);
    let mut case = None;
    let person = "wang".parse().expect("a slug");
    for n in 0..64_u8 {
        let Ok(fact) = decoder.decode::<Fact>() else {
            break;
        };
        let facts = [fact];
        let act = |fact| Act {
            envelope: EnvelopeId::from_random([n; 16]),
            by: &person,
            at: Moment::from_unix_ms(i64::from(n) * 3_600_000),
            fact,
        };
        let id = CaseId::from_random([1; 16]);
        if let Ok(after) = Case::after(case.as_ref(), id, Hash([0; 32]), &facts, act) {
            case = Some(after);
        }
    }
});
