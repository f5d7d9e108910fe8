//! Some hundred seeds that must hold, and planted bugs that must not.

use std::fmt::Write;

use shouwen_sim::{Plant, run};

const N_SEEDS: u64 = 500;
/// A bug must show within so many seeds.
const SEEN_WITHIN: u64 = 40;

#[test]
fn whatever_goes_wrong_nothing_saved_is_lost() {
    let (mut n_crashes, mut n_restores) = (0, 0);
    for seed in 0..N_SEEDS {
        match run(seed, None, &mut |_, _| {}) {
            Ok(it) => {
                (n_crashes, n_restores) = (n_crashes + it.n_crashes, n_restores + it.n_restores);
            }
            Err(it) => {
                panic!("{it}\nReplay: cargo run --release -p shouwen-sim -- --seed {seed} --trace")
            }
        }
    }
    assert!(
        n_crashes > N_SEEDS && n_restores > N_SEEDS / 2,
        "Hardly anything went wrong"
    );
}

#[test]
fn a_seed_replays_step_by_step() {
    let traced = |seed| {
        let mut trace = String::new();
        let end = run(seed, None, &mut |at_ms, what| {
            writeln!(trace, "{at_ms} {what}").unwrap();
        });
        (end, trace)
    };
    let (once, again, other) = (traced(7), traced(7), traced(8));
    assert!(once == again, "The same seed ran in two ways");
    assert!(once.1 != other.1, "Another seed ran in the same way");
}

#[track_caller]
fn check(plant: Plant) {
    let seen = (0..SEEN_WITHIN).find_map(|seed| run(seed, Some(plant), &mut |_, _| {}).err());
    assert!(
        seen.is_some(),
        "{} was not seen within {SEEN_WITHIN} seeds",
        plant.slug()
    );
}

#[test]
fn a_lost_acknowledgement_is_caught() {
    check(Plant::LostAcknowledgement);
}

#[test]
fn a_cursor_that_runs_ahead_of_its_entries_is_caught() {
    check(Plant::CursorBeforeEntries);
}

#[test]
fn a_receipt_for_what_is_not_durable_is_caught() {
    check(Plant::ReceiptBeforeCommit);
}

#[test]
fn dropping_those_behind_a_refused_one_is_caught() {
    check(Plant::DroppedBehindRefused);
}

#[test]
fn a_restored_server_that_nobody_fills_up_is_caught() {
    check(Plant::NoRefill);
}

#[test]
fn an_envelope_stored_twice_is_caught() {
    check(Plant::StoredTwice);
}

#[test]
fn an_action_that_is_called_saved_and_is_not_is_caught() {
    check(Plant::FaultIgnored);
}
