//! What the phrase guard costs per keystroke: a reply of 4,000 characters, with all phrases of the shipped pack.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use shouwen_domain::conduct::PhraseGuard;
use shouwen_domain::pack::Pack;

const N_CHARACTERS: usize = 4_000;

fn conduct(criterion: &mut Criterion) {
    let text = include_str!("../../../packs/property-service.toml");
    let pack = Pack::parse("property-service.toml", text).expect("the shipped pack is right");
    criterion.bench_function("building the guard", |it| {
        it.iter(|| PhraseGuard::new(black_box(&pack.phrases)));
    });
    let guard = PhraseGuard::new(&pack.phrases);
    for (name, sentence) in [
        (
            "an ordinary reply",
            "您好，3栋2单元的报修已登记，工程部师傅今天下午到场，业主说“没人管”，这一点我来核实。",
        ),
        (
            "nothing but phrases",
            "这个我不清楚，也不归我管，没办法，一定赔。",
        ),
        ("nearly phrases", "不归我们不归我不不归咱们不"),
        ("one mark after another", "“‘「『\"”’"),
    ] {
        let reply: String = sentence.chars().cycle().take(N_CHARACTERS).collect();
        criterion.bench_function(name, |it| it.iter(|| guard.findings(black_box(&reply))));
    }
}

criterion_group!(benches, conduct);
criterion_main!(benches);
