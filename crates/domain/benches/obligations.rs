//! What the rules cost for 100,000 open cases: a case folded, its obligations reckoned, its verdicts on a tick.
//!
//! `cargo bench -p shouwen-domain --bench obligations`. The same in wasm: `examples/obligations.rs`.

mod site;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shouwen_domain::Case;
use shouwen_domain::agenda::Agenda;
use shouwen_domain::verdict::Evidence;
use site::{N_CASES, Office};

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

fn deciding(criterion: &mut Criterion) {
    let office = Office::new();
    let mut group = criterion.benchmark_group("100,000 open cases");
    group.sample_size(10);
    group.throughput(Throughput::Elements(N_CASES as u64));
    let evidence = Evidence::default();
    group.bench_function("reckon every obligation", |bench| {
        let mut agenda = Agenda::default();
        bench.iter(|| {
            for i in 0..N_CASES {
                let (case, rules) = office.case(i);
                agenda.refill(case, rules, &evidence);
                black_box(agenda.next_due());
            }
        });
    });
    let agendas = office.agendas();
    group.bench_function("verdicts on a tick", |bench| {
        let mut verdicts = Vec::new();
        bench.iter(|| {
            for agenda in &agendas {
                verdicts.clear();
                agenda.verdicts_into(site::NOW, None, &mut verdicts);
                black_box(&verdicts);
            }
        });
    });
    group.bench_function("next due and next change", |bench| {
        bench.iter(|| {
            for agenda in &agendas {
                black_box((agenda.next_due(), agenda.next_transition(site::NOW)));
            }
        });
    });
}

criterion_group!(benches, folding, deciding);
criterion_main!(benches);
