//! Some thousand seeds that must hold, and planted bugs that must be found.

use std::fmt::Write;

use shouwen_sim::{Plan, Plant, many, play, shrink, story};

const N_SEEDS: u64 = 3_000;
/// A bug must show within so many seeds.
const SEEN_WITHIN: u64 = 400;

#[test]
fn whatever_goes_wrong_nothing_saved_is_lost() {
    let (report, violation) = many(0..N_SEEDS, None);
    if let Some(it) = violation {
        panic!("{it}\nIts story: cargo xtask sim --seed {}", it.seed);
    }
    assert!(
        report.n_crashes > N_SEEDS
            && report.n_restores > N_SEEDS / 2
            && report.n_released > N_SEEDS / 4
            && report.n_forged > N_SEEDS / 20
            && report.n_unsigned > N_SEEDS / 4
            && report.n_confirmed > N_SEEDS / 20
            && report.n_rejoined > N_SEEDS / 5
            && report.n_brought > N_SEEDS / 4
            && report.n_new_keys > N_SEEDS / 5
            && report.n_looks > N_SEEDS / 2
            && report.n_without_effect > N_SEEDS
            && report.n_decided > report.n_saved / 2,
        "Hardly anything happened: {report:?}"
    );
}

#[test]
fn a_seed_replays_step_by_step() {
    let traced = |seed| {
        let mut trace = String::new();
        let end = play(&Plan::drawn(seed), None, &mut |line| {
            writeln!(trace, "{} {}", line.at_ms, line.what).unwrap();
        });
        (end, trace)
    };
    let (once, again, other) = (traced(7), traced(7), traced(8));
    assert!(once == again, "The same seed ran in two ways");
    assert!(once.1 != other.1, "Another seed ran in the same way");
}

#[test]
fn every_planted_bug_is_found() {
    let is_missed = |it: &&Plant| many(0..SEEN_WITHIN, Some(**it)).1.is_none();
    let missed: Vec<_> = Plant::ALL
        .iter()
        .filter(is_missed)
        .map(|it| it.slug())
        .collect();
    assert!(
        missed.is_empty(),
        "Not found within {SEEN_WITHIN} seeds: {missed:?}"
    );
}

#[test]
fn what_breaks_a_law_is_cut_down_to_a_story_that_breaks_the_same_law() {
    let plant = Some(Plant::ReceiptBeforeCommit);
    let violation = many(0..SEEN_WITHIN, plant).1.expect("this bug is found");
    let whole = Plan::drawn(violation.seed);
    let (cut, again) = shrink(&whole, plant, &violation);
    assert_eq!(again.law, violation.law);
    assert!(
        cut.acts.len() + cut.troubles.len() <= 4 && cut.devices.len() <= 2,
        "{}",
        story(&cut, plant)
    );
    let told = story(&cut, plant);
    assert!(told.contains("saved envelope 1"), "{told}");
    assert!(told.contains(violation.law.slug()), "{told}");
}
