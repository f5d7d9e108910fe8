//! What a tick of the clock costs in memory: nothing.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

#[expect(dead_code, reason = "the benches use all of it")]
#[path = "../benches/site/mod.rs"]
mod site;

use std::hint::black_box;

use allocation_counter::measure;
use shouwen_domain::Case;
use shouwen_domain::agenda::Agenda;
use shouwen_domain::verdict::{Evidence, Witness};

fn agendas() -> Vec<Agenda> {
    let rules = site::rules(str::to_owned);
    (0..50)
        .map(|seed| {
            let envelopes = site::envelopes(&rules, seed, 6);
            let case = Case::fold(&envelopes).case.unwrap();
            Agenda::of(&case, &rules, &Evidence::default())
        })
        .collect()
}

#[test]
fn a_tick_allocates_nothing() {
    let agendas = agendas();
    let mut verdicts = Vec::with_capacity(64);
    let n_open: usize = agendas.iter().map(|it| it.lines().len()).sum();
    assert!(n_open > 500, "{n_open}");
    let cost = measure(|| {
        for agenda in &agendas {
            verdicts.clear();
            agenda.verdicts_into(site::NOW, None, &mut verdicts);
            black_box((
                &verdicts,
                agenda.next_due(),
                agenda.next_transition(site::NOW),
            ));
        }
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn a_judged_obligation_allocates_nothing() {
    let rules = site::rules(str::to_owned);
    let envelopes = site::envelopes(&rules, 1, 6);
    let case = Case::fold(&envelopes).case.unwrap();
    let acts: Vec<_> = envelopes
        .iter()
        .map(|it| Witness::of(it, None, Some(site::NOW)))
        .collect();
    let evidence = Evidence {
        acts: &acts,
        heard_until: None,
    };
    let terms: Vec<_> = case
        .obligations
        .iter()
        .map(|it| (it, rules.terms(&case, it, &evidence).unwrap()))
        .collect();
    assert!(terms.len() > 20, "{}", terms.len());
    let cost = measure(|| {
        for (obligation, terms) in &terms {
            black_box(terms.verdict(obligation, site::NOW, &evidence));
        }
    });
    assert_eq!(cost.count_total, 0);
}
