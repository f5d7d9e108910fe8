//! How long a case takes to fold.

mod site;

use criterion::{Criterion, criterion_group, criterion_main};
use shouwen_domain::Case;

fn folding(criterion: &mut Criterion) {
    let rules = site::rules(str::to_owned);
    let mut group = criterion.benchmark_group("fold");
    for n_handovers in [6, 40] {
        let envelopes = site::envelopes(&rules, 1, n_handovers);
        let folded = Case::fold(&envelopes);
        assert!(folded.without_effect.is_empty(), "{folded:?}");
        group.bench_function(format!("{n_handovers} handovers"), |bench| {
            bench.iter(|| Case::fold(&envelopes));
        });
    }
}

criterion_group!(benches, folding);
criterion_main!(benches);
