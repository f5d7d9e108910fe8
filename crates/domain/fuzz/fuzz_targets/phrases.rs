//! Replies as anybody may type them: findings lie on characters, in order, and a tap on the better sentence removes them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shouwen_domain::conduct::PhraseGuard;
use shouwen_domain::pack::Pack;

static GUARD: LazyLock<PhraseGuard> = LazyLock::new(|| {
    let text = include_str!("../../../../packs/property-service.toml");
    PhraseGuard::new(&Pack::parse("pack.toml", text).expect("the shipped pack").phrases)
});

fuzz_target!(|text: &str| {
    let mut end = 0;
    for finding in GUARD.findings(text) {
        assert!(end <= finding.range.start && finding.range.start < finding.range.end);
        end = finding.range.end;
        assert!(text.get(finding.range.clone()).is_some());
    }
    let _ = GUARD.counted(text);
});
