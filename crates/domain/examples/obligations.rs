//! The benchmark of `benches/obligations.rs` for wasm, timed from outside, since the rules know no clock:
//!
//! ```text
//! cargo build -p shouwen-domain --example obligations --profile wasm-release --target wasm32-unknown-unknown
//! node crates/domain/examples/obligations.mjs target/wasm32-unknown-unknown/wasm-release/examples/obligations.wasm
//! ```
//!
//! Each call of `main` does the next step: set up, fold, reckon, lay out, judge.

#[path = "../benches/site/mod.rs"]
mod site;

use std::cell::RefCell;
use std::hint::black_box;

use shouwen_domain::Case;
use shouwen_domain::agenda::Agenda;
use shouwen_domain::envelope::Envelope;
use shouwen_domain::verdict::Evidence;
use site::{N_CASES, Office};

#[derive(Default)]
struct Bench {
    n_calls: usize,
    envelopes: Vec<Envelope>,
    office: Option<Office>,
    agendas: Vec<Agenda>,
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

fn main() {
    BENCH.with_borrow_mut(|bench| {
        bench.n_calls += 1;
        match (bench.n_calls, &bench.office) {
            (2, _) => (0..1_000).for_each(|_| {
                black_box(Case::fold(&bench.envelopes));
            }),
            (3, Some(office)) => reckon(office),
            (4, Some(office)) => bench.agendas = office.agendas(),
            (5, _) => judge(&bench.agendas),
            _ => {
                bench.envelopes = site::envelopes(&site::rules(str::to_owned), 1, 40);
                bench.office = Some(Office::new());
            }
        }
    });
}

fn reckon(office: &Office) {
    let mut agenda = Agenda::default();
    for i in 0..N_CASES {
        let (case, rules) = office.case(i);
        agenda.refill(case, rules, &Evidence::default());
        black_box(agenda.next_due());
    }
}

fn judge(agendas: &[Agenda]) {
    let mut verdicts = Vec::new();
    for agenda in agendas {
        verdicts.clear();
        agenda.verdicts_into(site::NOW, None, &mut verdicts);
        black_box(&verdicts);
    }
}
