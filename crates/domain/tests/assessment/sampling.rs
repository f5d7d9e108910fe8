//! The sample of spot checks: nobody chooses it, anyone draws it again.

use std::collections::BTreeSet;

use expect_test::expect;
use shouwen_domain::assessment::{
    Drawn, Nonce, Period, SeedError, draw_seed, population_root, sample,
};
use shouwen_domain::id::SiteId;
use shouwen_domain::pack::SpotChecks;

use crate::story::*;

const JULY: Period = Period {
    year: 2026,
    month: 7,
};

const RULE: SpotChecks = SpotChecks {
    share_percent: 10,
    waived: 3,
    not_reached: 3,
    always_satisfied: 2,
    always_satisfied_from: 5,
};

fn site() -> SiteId {
    "lanting".parse().unwrap()
}

fn parties() -> [(&'static str, Nonce); 3] {
    [
        ("head-office", Nonce([1; 32])),
        ("quality", Nonce([2; 32])),
        ("staff", Nonce([3; 32])),
    ]
}

fn seed_of(root: Hash, nonces: &[(&str, Nonce)]) -> Result<Hash, SeedError> {
    let commitments: Vec<_> = parties()
        .iter()
        .map(|(party, nonce)| nonce.commit(&site(), JULY, party))
        .collect();
    let revealed: Vec<_> = nonces
        .iter()
        .map(|(party, nonce)| ((*party).to_owned(), *nonce))
        .collect();
    draw_seed(&site(), JULY, root, &commitments, &revealed)
}

fn root() -> Hash {
    population_root([
        (CaseId::from_random([1; 16]), Hash::of(b"one")),
        (CaseId::from_random([2; 16]), Hash::of(b"two")),
    ])
}

/// Cases that differ by id and by `change` only.
fn population(n_cases: u8, change: impl Fn(u8, &mut Case)) -> Vec<Case> {
    let template = Story::solved(200).case();
    (1..=n_cases)
        .map(|n| {
            let mut case = template.clone();
            case.id = CaseId::from_random([n; 16]);
            case.visits.clear();
            change(n, &mut case);
            case
        })
        .collect()
}

fn ids(drawn: &[Drawn]) -> Vec<u8> {
    drawn.iter().map(|it| it.case.bytes()[0]).collect()
}

#[test]
fn a_seed_is_the_same_for_all_who_check_it() {
    expect!["7f4cea2cdf0e37e43e31cd942952e3e748be8dc740fc8214b7e488748abcedc4"]
        .assert_eq(&root().to_string());
    let seed = seed_of(root(), &parties()).unwrap();
    expect!["952aa1e0640c47869050640a32238a4d0251568c07d74cd4f4abbb0672788b9e"]
        .assert_eq(&seed.to_string());
    let mut turned = parties();
    turned.reverse();
    assert_eq!(seed_of(root(), &turned), Ok(seed));
    let drawn = sample(&population(60, |_, _| {}), RULE, seed);
    expect!["[28, 41, 19, 34, 38, 40]"].assert_eq(&format!("{:?}", ids(&drawn)));
}

#[test]
fn every_party_and_the_population_turn_the_seed() {
    let seed = seed_of(root(), &parties()).unwrap();
    let mut seeds = BTreeSet::from([seed]);
    for i in 0..3 {
        let mut nonces = parties();
        nonces[i].1 = Nonce([9; 32]);
        let commitments: Vec<_> = nonces
            .iter()
            .map(|(party, nonce)| nonce.commit(&site(), JULY, party))
            .collect();
        let revealed: Vec<_> = nonces
            .map(|(party, nonce)| (party.to_owned(), nonce))
            .into();
        seeds.insert(draw_seed(&site(), JULY, root(), &commitments, &revealed).unwrap());
    }
    let one_altered = population_root([
        (CaseId::from_random([1; 16]), Hash::of(b"one")),
        (CaseId::from_random([2; 16]), Hash::of(b"altered")),
    ]);
    seeds.insert(seed_of(one_altered, &parties()).unwrap());
    assert_eq!(seeds.len(), 5);
}

#[test]
fn nobody_draws_alone_or_with_another_nonce_than_promised() {
    let mut other = parties();
    other[1].1 = Nonce([9; 32]);
    let party = "quality".to_owned();
    assert_eq!(
        seed_of(root(), &other),
        Err(SeedError::OtherNonce { party })
    );
    let party = "staff".to_owned();
    assert_eq!(
        seed_of(root(), &parties()[..2]),
        Err(SeedError::NotRevealed { party })
    );
    let (name, nonce) = parties()[0];
    let mine = nonce.commit(&site(), JULY, name);
    let revealed = [(name.to_owned(), nonce)];
    let alone = draw_seed(
        &site(),
        JULY,
        root(),
        std::slice::from_ref(&mine),
        &revealed,
    );
    assert_eq!(alone, Err(SeedError::OneParty));
    let party = name.to_owned();
    let twice = draw_seed(
        &site(),
        JULY,
        root(),
        &[mine.clone(), mine.clone()],
        &revealed,
    );
    assert_eq!(twice, Err(SeedError::PartyTwice { party }));
    let copied = nonce.commit(&site(), JULY, "quality");
    assert_ne!(copied.seal, mine.seal, "a commitment names its party");
    let august = nonce.commit(&site(), Period { month: 8, ..JULY }, name);
    assert_ne!(august.seal, mine.seal);
}

#[test]
fn a_sample_has_its_share_and_no_order_of_the_cases_changes_it() {
    let mut cases = population(60, |_, _| {});
    let seed = Hash::of(b"a seed");
    let drawn = sample(&cases, RULE, seed);
    assert_eq!(drawn.len(), 6);
    cases.reverse();
    cases.rotate_left(17);
    assert_eq!(sample(&cases, RULE, seed), drawn);
    assert_ne!(sample(&cases, RULE, Hash::of(b"another")), drawn);
    assert_eq!(sample(&cases[..1], RULE, seed).len(), 1, "rounded up");
    assert_eq!(sample(&[], RULE, seed), []);
}

#[test]
fn waived_not_reached_and_always_satisfied_are_drawn_more_often() {
    use shouwen_domain::case::Visit;
    use shouwen_domain::event::{Ending, WaivedBecause};

    let visit = |who: &str, finding| Visit {
        by: person(who),
        at: at("2026-07-14 09:00"),
        how: Contact::Call,
        finding,
    };
    let cases = population(40, |n, case| match n {
        1..=10 => case.verification.waived = Some(WaivedBecause::CustomerDeclined),
        11..=20 => case.ending = Some(Ending::NotReached),
        21..=30 => case.visits.push(visit("wang-jianguo", Finding::Satisfied)),
        31 => case.visits.push(visit("gao-feng", Finding::NotSatisfied)),
        _ => case.visits.push(visit("gao-feng", Finding::Satisfied)),
    });
    let mut drawn = [0_u32; 4];
    for n in 0..400_u32 {
        for it in sample(&cases, RULE, Hash::of(&n.to_be_bytes())) {
            drawn[usize::from((it.case.bytes()[0] - 1) / 10)] += 1;
            assert_eq!(
                it.ask_customer,
                it.case.bytes()[0] <= 10 || it.case.bytes()[0] > 20
            );
        }
    }
    let [waived, not_reached, satisfied, ordinary] = drawn;
    assert!(
        waived > 2 * ordinary && not_reached > 2 * ordinary,
        "{drawn:?}"
    );
    assert!(
        satisfied > ordinary * 3 / 2 && satisfied < waived,
        "{drawn:?}"
    );
    assert!(ordinary > 100, "and nobody is left out: {drawn:?}");
}

#[test]
fn the_customer_is_asked_directly_wherever_there_is_a_phone() {
    use shouwen_domain::case::Visit;
    use shouwen_domain::event::Field;

    let mut cases = population(3, |n, case| {
        case.visits.push(Visit {
            by: person("wang-jianguo"),
            at: at("2026-07-14 09:00"),
            how: Contact::Call,
            finding: Finding::NotReached,
        });
        case.record.missing = vec![Field::CustomerPhone, Field::CustomerAddress];
        case.intake.missing = match n {
            1 => vec![Field::CustomerPhone],
            2 => vec![Field::CustomerAddress],
            _ => Vec::new(),
        };
    });
    cases.sort_by_key(|it| it.id);
    let all = SpotChecks {
        share_percent: 100,
        ..RULE
    };
    let mut drawn = sample(&cases, all, Hash::of(b"a seed"));
    drawn.sort_by_key(|it| it.case);
    let asked: Vec<bool> = drawn.iter().map(|it| it.ask_customer).collect();
    assert_eq!(asked, [false, true, true], "one was completed later");
}

#[test]
fn the_shipped_pack_says_how_large_the_sample_is() {
    let shipped = rules().pack.spot_checks.unwrap();
    let drawn = sample(&population(41, |_, _| {}), shipped, Hash::of(b"a seed"));
    assert_eq!(drawn.len(), 5, "10 percent, rounded up");
}

#[test]
fn a_supervisor_who_did_the_work_or_the_visit_does_not_check_it() {
    let check = || Command::SpotCheck {
        seed: Hash([7; 32]),
        handling_true: true,
        visit_true: Some(true),
        customer_asked: false,
        text: String::new(),
    };
    let refusal = Refusal::CheckerDidTheWork { rule: RuleId::V3 };
    let answered = Story::handed_over(1)
        .order("chen-gong", "2026-07-13 11:00", reply())
        .order("wang-jianguo", "2026-07-13 11:10", tell());
    let handled_here = Story::new(2)
        .recorded("wang-jianguo", "wang-jianguo", "2026-07-13 09:06")
        .order("zhao-qiang", "2026-07-13 11:00", reply());
    handled_here.refused("zhao-qiang", "2026-07-14 10:00", check(), &refusal);
    answered
        .order("zhao-qiang", "2026-07-14 09:00", visit(Finding::Satisfied))
        .refused("zhao-qiang", "2026-07-14 10:00", check(), &refusal)
        .order("lin-zhiyuan", "2026-07-14 10:10", check());
}

#[test]
fn a_nonce_is_shown_to_nobody_by_mistake() {
    assert_eq!(format!("{:?}", Nonce([7; 32])), "Nonce(…)");
}
