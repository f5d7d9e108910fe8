//! What every store of files must do: see [`file_suite!`](crate::file_suite).

use shouwen_domain::hash::Hash;
use shouwen_domain::limits::{CHUNK_BYTES, FILE_BYTES};

use super::{Chance, Fixture, act, case, minute, standing};
use crate::{Fault, FileChunk, FileNote, FileState, FileTotals, Files, Hold, Taken};

/// Defines one test for each thing that every store of files must do; used as
/// [`event_log_suite!`](crate::event_log_suite) is.
#[macro_export]
macro_rules! file_suite {
    (@all $($how:tt)*) => {
        $crate::event_log_suite! { $($how)*;
            a_file_that_was_put_is_there_for_every_tab_and_after_a_crash
            putting_the_same_file_again_is_no_error
            what_no_file_may_be_is_not_stored
            what_is_owed_comes_oldest_first_until_head_office_has_it
            head_office_of_another_epoch_is_offered_what_was_delivered
            a_file_arrives_chunk_by_chunk_in_any_order
            an_arriving_file_goes_on_where_it_was_cut
            bytes_that_are_not_those_of_the_hash_are_thrown_away
            a_chunk_that_cannot_be_is_refused
            what_is_owed_is_never_evicted
            what_came_from_head_office_goes_first
            only_what_nobody_misses_is_discarded
            what_was_erased_is_gone_however_it_was_held
            a_full_store_takes_no_part_of_a_file
            a_file_whose_answer_is_lost_is_there
            files_leave_the_log_alone
            files_of_chance_agree_with_memory
        }
    };
    (#[$test:meta] $fixture:expr) => {
        $crate::file_suite! { @all @waiting $test; $fixture }
    };
    ($fixture:expr) => {
        $crate::file_suite! { @all @blocking $fixture }
    };
}

/// The bytes of a file of its own for each number.
fn bytes(number: u32, n_bytes: usize) -> Vec<u8> {
    let mut chance = Chance(number.into());
    let drawn = (0..8).map(|_| u8::try_from(chance.below(256)).expect("a byte"));
    drawn.chain((0..=250).cycle()).take(n_bytes).collect()
}

fn chunks(bytes: &[u8]) -> Vec<FileChunk> {
    let (hash, n_bytes) = (Hash::of(bytes), length(bytes));
    let chunk = |(n, it): (u32, &[u8])| FileChunk {
        hash,
        n,
        n_bytes,
        bytes: it.to_vec(),
        at: minute(1),
        epoch: 1,
    };
    (0..).zip(bytes.chunks(CHUNK_BYTES)).map(chunk).collect()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a small file")
}

fn note(bytes: &[u8]) -> FileNote {
    FileNote {
        hash: Hash::of(bytes),
        n_bytes: length(bytes),
    }
}

async fn put(log: &impl Files, bytes: &[u8], at: u32) -> Hash {
    let hash = log.put_file(bytes, Hold::Owed, minute(at)).await;
    hash.expect("stored")
}

async fn arrive(log: &impl Files, bytes: &[u8], at: u32) {
    let mut taken = None;
    for it in chunks(bytes) {
        let chunk = FileChunk {
            at: minute(at),
            ..it
        };
        taken = Some(log.take_chunk(chunk).await.expect("taken"));
    }
    assert_eq!(taken, Some(Taken::Whole));
}

async fn state(log: &impl Files, bytes: &[u8]) -> FileState {
    let state = log.file_state(Hash::of(bytes)).await;
    state.expect("a state")
}

async fn owed(log: &impl Files) -> Vec<FileNote> {
    log.owed_files(usize::MAX).await.expect("what is owed")
}

/// All that can be read of these files.
async fn see_files(log: &impl Files, files: &[Vec<u8>]) -> Vec<String> {
    let mut seen = vec![
        format!("{:?}", log.file_totals().await),
        format!("{:?}", log.owed_files(usize::MAX).await),
    ];
    for epoch in 0..3 {
        seen.push(format!("{:?}", log.kept_elsewhere(epoch, 3).await));
    }
    for it in files {
        let (hash, state) = (Hash::of(it), state(log, it).await);
        let whole = log.file(hash).await.expect("no fault");
        assert!(whole.as_ref().is_none_or(|whole| whole == it));
        let first = log.chunk(hash, 0).await.expect("no fault");
        assert_eq!(first.is_some(), whole.is_some());
        seen.push(format!("{hash} {state:?} {}", whole.is_some()));
    }
    seen
}

pub async fn a_file_that_was_put_is_there_for_every_tab_and_after_a_crash(
    fixture: &impl Fixture<Log: Files>,
) {
    let log = fixture.open().await;
    for (number, n_bytes) in (1..).zip([1, CHUNK_BYTES, CHUNK_BYTES + 1, FILE_BYTES]) {
        let bytes = bytes(number, n_bytes);
        let hash = put(&log, &bytes, number).await;
        assert_eq!(hash, Hash::of(&bytes));
        for log in [&log, &fixture.open().await, &fixture.after_a_crash().await] {
            assert_eq!(log.file(hash).await, Ok(Some(bytes.clone())));
            assert_eq!(state(log, &bytes).await, FileState::Owed);
            for it in chunks(&bytes) {
                let here = log.chunk(hash, it.n).await.expect("no fault");
                let here = here.expect("a chunk");
                assert_eq!(here.bytes == it.bytes, !here.is_sealed);
            }
            let beyond = u32::try_from(bytes.chunks(CHUNK_BYTES).len()).expect("few");
            assert_eq!(log.chunk(hash, beyond).await, Ok(None));
        }
    }
    let unknown = Hash::of(b"never put");
    assert_eq!(log.file(unknown).await, Ok(None));
    assert_eq!(log.file_state(unknown).await, Ok(FileState::Absent));
}

pub async fn putting_the_same_file_again_is_no_error(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let it = bytes(1, 100_000);
    for (hold, standing) in [
        (Hold::Draft, FileState::Draft),
        (Hold::Draft, FileState::Draft),
        (Hold::Owed, FileState::Owed),
        (Hold::Owed, FileState::Owed),
        (Hold::Draft, FileState::Owed),
    ] {
        let hash = log.put_file(&it, hold, minute(1)).await.expect("stored");
        assert_eq!(state(&log, &it).await, standing);
        assert_eq!(log.file(hash).await, Ok(Some(it.clone())));
    }
    let delivered = log.settle_files(1, &[Hash::of(&it)], &[]).await;
    delivered.expect("settled");
    put(&log, &it, 2).await;
    assert_eq!(state(&log, &it).await, FileState::Kept);

    // What is arriving and is made here as well is whole at once, and owed to be sure.
    let both = bytes(2, 100_000);
    let of_another_length = FileChunk {
        n: 6,
        n_bytes: length(&bytes(0, FILE_BYTES)),
        bytes: bytes(0, FILE_BYTES - 6 * CHUNK_BYTES),
        ..chunks(&both).remove(0)
    };
    log.take_chunk(of_another_length).await.expect("taken");
    put(&log, &both, 3).await;
    assert_eq!(state(&log, &both).await, FileState::Owed);
    assert_eq!(log.file(Hash::of(&both)).await, Ok(Some(both)));
}

pub async fn what_no_file_may_be_is_not_stored(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    for n_bytes in [0, FILE_BYTES + 1] {
        let it = bytes(1, n_bytes);
        let refused = log.put_file(&it, Hold::Owed, minute(1)).await;
        assert!(matches!(refused, Err(Fault::Other(_))), "{refused:?}");
        assert_eq!(state(&log, &it).await, FileState::Absent);
    }
}

pub async fn what_is_owed_comes_oldest_first_until_head_office_has_it(
    fixture: &impl Fixture<Log: Files>,
) {
    let log = fixture.open().await;
    let files: Vec<Vec<u8>> = (0..5).map(|it| bytes(it, 60_000)).collect();
    for (it, at) in files.iter().zip([3, 1, 2, 5, 4]) {
        put(&log, it, at).await;
    }
    let draft = log.put_file(&bytes(9, 10), Hold::Draft, minute(0)).await;
    draft.expect("stored");
    let by_age = [1, 2, 0, 4, 3].map(|it: usize| note(&files[it]));
    assert_eq!(owed(&log).await, by_age);
    assert_eq!(log.owed_files(2).await, Ok(by_age[..2].to_vec()));

    let has = [by_age[0].hash, by_age[3].hash, Hash::of(b"unknown")];
    log.settle_files(7, &has, &[]).await.expect("settled");
    log.settle_files(7, &has, &[]).await.expect("and again");
    let left = [by_age[1], by_age[2], by_age[4]];
    for log in [&log, &fixture.after_a_crash().await] {
        assert_eq!(owed(log).await, left);
        let totals = log.file_totals().await.expect("totals");
        assert_eq!(
            totals,
            FileTotals {
                n_owed: 3,
                draft_bytes: 10,
                owed_bytes: 180_000,
                delivered_bytes: 120_000,
                fetched_bytes: 0,
            }
        );
    }
}

pub async fn head_office_of_another_epoch_is_offered_what_was_delivered(
    fixture: &impl Fixture<Log: Files>,
) {
    let log = fixture.open().await;
    let (own, other, foreign) = (bytes(1, 10), bytes(2, 10), bytes(3, 10));
    put(&log, &own, 1).await;
    put(&log, &other, 2).await;
    arrive(&log, &foreign, 3).await;
    let (a, b, c) = (note(&own), note(&other), note(&foreign));
    let has = [a.hash, b.hash];
    log.settle_files(1, &has, &[]).await.expect("settled");
    assert_eq!(log.kept_elsewhere(1, 10).await, Ok(vec![]));
    assert_eq!(log.kept_elsewhere(2, 10).await, Ok(vec![a, b, c]));
    assert_eq!(log.kept_elsewhere(2, 2).await, Ok(vec![a, b]));

    let said = log.settle_files(2, &[b.hash], &[a.hash, c.hash]).await;
    said.expect("settled");
    let log = fixture.after_a_crash().await;
    assert_eq!(log.kept_elsewhere(2, 10).await, Ok(vec![]));
    assert_eq!(owed(&log).await, [a, c]);
    assert_eq!(log.evict_files(u64::MAX).await, Ok(10), "only what it has");
    let has = [a.hash, c.hash];
    log.settle_files(2, &has, &[]).await.expect("settled");
    assert_eq!(state(&log, &foreign).await, FileState::Kept);
}

pub async fn a_file_arrives_chunk_by_chunk_in_any_order(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let it = bytes(1, 4 * CHUNK_BYTES + 7);
    let hash = Hash::of(&it);
    let chunks = chunks(&it);
    let mut left: Vec<u32> = (0..5).collect();
    for n in [3, 0, 3, 4, 1] {
        left.retain(|it| *it != n);
        let taken = log.take_chunk(chunks[n as usize].clone()).await;
        let missing = left.clone();
        assert_eq!(taken, Ok(Taken::More { missing }));
        assert_eq!(log.file(hash).await, Ok(None));
        assert_eq!(log.chunk(hash, n).await, Ok(None), "it is not whole");
    }
    assert_eq!(log.take_chunk(chunks[2].clone()).await, Ok(Taken::Whole));
    assert_eq!(log.file(hash).await, Ok(Some(it.clone())));
    assert_eq!(state(&log, &it).await, FileState::Kept);
    assert_eq!(owed(&log).await, [], "head office has it");
    assert_eq!(log.take_chunk(chunks[2].clone()).await, Ok(Taken::Whole));

    let own = bytes(2, 100_000);
    put(&log, &own, 1).await;
    for it in self::chunks(&own) {
        assert_eq!(log.take_chunk(it).await, Ok(Taken::Whole));
    }
    assert_eq!(state(&log, &own).await, FileState::Owed);
}

pub async fn an_arriving_file_goes_on_where_it_was_cut(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let it = bytes(1, 3 * CHUNK_BYTES);
    let chunks = chunks(&it);
    log.take_chunk(chunks[1].clone()).await.expect("taken");
    let log = fixture.after_a_crash().await;
    let (n_bytes, missing) = (length(&it), vec![0, 2]);
    assert_eq!(
        state(&log, &it).await,
        FileState::Arriving { n_bytes, missing }
    );
    let totals = log.file_totals().await.expect("totals");
    assert_eq!(totals.fetched_bytes, u64::from(n_bytes));

    // Head office says another length: what came before was of something else.
    let longer = FileChunk {
        n_bytes: n_bytes + 1,
        ..chunks[0].clone()
    };
    let missing = vec![1, 2, 3];
    assert_eq!(log.take_chunk(longer).await, Ok(Taken::More { missing }));
    for (n, missing) in [(0, vec![1, 2]), (1, vec![2])] {
        let taken = log.take_chunk(chunks[n].clone()).await;
        assert_eq!(taken, Ok(Taken::More { missing }));
    }
    assert_eq!(log.take_chunk(chunks[2].clone()).await, Ok(Taken::Whole));
    assert_eq!(log.file(Hash::of(&it)).await, Ok(Some(it)));
}

pub async fn bytes_that_are_not_those_of_the_hash_are_thrown_away(
    fixture: &impl Fixture<Log: Files>,
) {
    let log = fixture.open().await;
    let it = bytes(1, 2 * CHUNK_BYTES);
    let chunks = chunks(&it);
    let mut spoilt = chunks[0].clone();
    spoilt.bytes[17] ^= 1;
    log.take_chunk(spoilt).await.expect("it cannot be told yet");
    assert_eq!(log.take_chunk(chunks[1].clone()).await, Ok(Taken::Wrong));
    for log in [&log, &fixture.after_a_crash().await] {
        assert_eq!(state(log, &it).await, FileState::Absent);
        let totals = log.file_totals().await;
        assert_eq!(totals, Ok(FileTotals::default()));
    }
    arrive(&log, &it, 1).await;
    assert_eq!(log.file(Hash::of(&it)).await, Ok(Some(it)));
}

pub async fn a_chunk_that_cannot_be_is_refused(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let it = bytes(1, CHUNK_BYTES + 5);
    let wrong: [fn(&mut FileChunk); 5] = [
        |it| it.n = 2,
        |it| it.n_bytes = 0,
        |it| it.n_bytes = u32::MAX,
        |it| it.bytes.truncate(4),
        |it| it.bytes.push(0),
    ];
    for spoil in wrong {
        let mut chunk = chunks(&it).remove(1);
        spoil(&mut chunk);
        let refused = log.take_chunk(chunk).await;
        assert!(matches!(refused, Err(Fault::Corrupt { .. })), "{refused:?}");
    }
    assert_eq!(state(&log, &it).await, FileState::Absent);
}

pub async fn what_is_owed_is_never_evicted(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let (own, draft, foreign) = (bytes(1, 1_000), bytes(2, 1_000), bytes(3, 1_000));
    put(&log, &own, 1).await;
    let put = log.put_file(&draft, Hold::Draft, minute(1)).await;
    put.expect("stored");
    arrive(&log, &foreign, 2).await;
    assert_eq!(log.evict_files(u64::MAX).await, Ok(1_000));
    assert_eq!(log.evict_files(u64::MAX).await, Ok(0));
    for log in [&log, &fixture.after_a_crash().await] {
        assert_eq!(log.file(Hash::of(&own)).await, Ok(Some(own.clone())));
        assert_eq!(log.file(Hash::of(&draft)).await, Ok(Some(draft.clone())));
        assert_eq!(state(log, &foreign).await, FileState::Absent);
        assert_eq!(log.chunk(Hash::of(&foreign), 0).await, Ok(None));
    }
}

pub async fn what_came_from_head_office_goes_first(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let delivered = bytes(1, 50_000);
    put(&log, &delivered, 1).await;
    let settled = log.settle_files(1, &[Hash::of(&delivered)], &[]).await;
    settled.expect("settled");
    let fetched: Vec<Vec<u8>> = (2..5).map(|it| bytes(it, 100_000)).collect();
    for (it, at) in fetched.iter().zip([4, 2, 3]) {
        arrive(&log, it, at).await;
    }
    assert_eq!(log.evict_files(100_001).await, Ok(200_000));
    assert_eq!(state(&log, &fetched[0]).await, FileState::Kept);
    assert_eq!(state(&log, &fetched[1]).await, FileState::Absent);
    assert_eq!(state(&log, &fetched[2]).await, FileState::Absent);
    assert_eq!(log.evict_files(1).await, Ok(100_000));
    assert_eq!(state(&log, &delivered).await, FileState::Kept);
    assert_eq!(log.evict_files(1).await, Ok(50_000));
    let totals = fixture.after_a_crash().await.file_totals().await;
    assert_eq!(totals, Ok(FileTotals::default()));
}

pub async fn only_what_nobody_misses_is_discarded(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let (own, draft, foreign) = (bytes(1, 90_000), bytes(2, 90_000), bytes(3, 90_000));
    put(&log, &own, 1).await;
    let put = log.put_file(&draft, Hold::Draft, minute(1)).await;
    put.expect("stored");
    arrive(&log, &foreign, 2).await;
    for it in [&own, &draft, &foreign, &bytes(4, 9)] {
        log.discard_file(Hash::of(it)).await.expect("no fault");
    }
    for log in [&log, &fixture.after_a_crash().await] {
        assert_eq!(state(log, &own).await, FileState::Owed);
        assert_eq!(state(log, &draft).await, FileState::Absent);
        assert_eq!(state(log, &foreign).await, FileState::Absent);
    }
    // Nothing of it lies about: it arrives from its first chunk on.
    let taken = log.take_chunk(chunks(&draft).remove(0)).await;
    assert_eq!(taken, Ok(Taken::More { missing: vec![1] }));
}

pub async fn what_was_erased_is_gone_however_it_was_held(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let (own, draft, foreign) = (bytes(1, 90_000), bytes(2, 90_000), bytes(3, 90_000));
    let kept = bytes(4, 90_000);
    put(&log, &own, 1).await;
    put(&log, &kept, 1).await;
    let put = log.put_file(&draft, Hold::Draft, minute(1)).await;
    put.expect("stored");
    let first = log.take_chunk(chunks(&foreign).remove(0)).await;
    first.expect("stored");
    for it in [&own, &draft, &foreign, &bytes(5, 9)] {
        log.erase_file(Hash::of(it)).await.expect("no fault");
    }
    for log in [&log, &fixture.after_a_crash().await] {
        for it in [&own, &draft, &foreign] {
            assert_eq!(state(log, it).await, FileState::Absent);
            assert_eq!(log.chunk(Hash::of(it), 0).await, Ok(None));
        }
        assert_eq!(state(log, &kept).await, FileState::Owed);
        assert_eq!(log.file_totals().await.expect("totals").n_owed, 1);
    }
}

pub async fn a_full_store_takes_no_part_of_a_file(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let (here, new) = (bytes(1, 100_000), bytes(2, FILE_BYTES));
    put(&log, &here, 1).await;
    let chunk = chunks(&new).remove(0);
    if !fixture.fill_up(&log) {
        return;
    }
    let full = log.put_file(&new, Hold::Owed, minute(2)).await;
    assert_eq!(full, Err(Fault::QuotaExceeded));
    fixture.fill_up(&log);
    assert_eq!(log.take_chunk(chunk).await, Err(Fault::QuotaExceeded));
    for log in [&log, &fixture.after_a_crash().await] {
        assert_eq!(state(log, &new).await, FileState::Absent);
        assert_eq!(owed(log).await, [note(&here)]);
        assert_eq!(log.file(Hash::of(&here)).await, Ok(Some(here.clone())));
    }
    put(&log, &new, 3).await;
    assert_eq!(log.file(Hash::of(&new)).await, Ok(Some(new)));
}

pub async fn a_file_whose_answer_is_lost_is_there(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    let it = bytes(1, 200_000);
    if !fixture.lose_next_answer(&log) {
        return;
    }
    let lost = log.put_file(&it, Hold::Owed, minute(1)).await;
    assert_eq!(lost, Err(Fault::ConnectionLost));
    put(&log, &it, 1).await;
    assert_eq!(owed(&log).await, [note(&it)]);
    assert_eq!(log.file(Hash::of(&it)).await, Ok(Some(it)));
}

pub async fn files_leave_the_log_alone(fixture: &impl Fixture<Log: Files>) {
    let log = fixture.open().await;
    act(&log, case(1), Some(1)).await;
    let before = standing(&log).await;
    put(&log, &bytes(1, 100_000), 1).await;
    arrive(&log, &bytes(2, 100_000), 2).await;
    log.evict_files(1).await.expect("evicted");
    assert_eq!(standing(&log).await, before);
    act(&log, case(1), None).await;
    assert_eq!(owed(&log).await.len(), 1);
}

/// Whatever two tabs do with files in whatever order, a store shows what the memory double shows.
pub async fn files_of_chance_agree_with_memory(fixture: &impl Fixture<Log: Files>) {
    let reference = crate::Memory::new();
    let tabs = [fixture.open().await, fixture.open().await];
    let mut chance = Chance(20_261_127);
    let lengths = [
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        2 * CHUNK_BYTES + 9,
        200_000,
    ];
    let files: Vec<Vec<u8>> = (0..10)
        .map(|it| bytes(it, lengths[it as usize % lengths.len()]))
        .collect();
    for round in 0..300_u32 {
        let log = &tabs[chance.below(2) as usize];
        let file = &files[chance.below(10) as usize];
        let (hash, at) = (Hash::of(file), minute(chance.below(100)));
        let epoch = u64::from(1 + round / 100);
        match chance.below(10) {
            0..=2 => {
                let hold = [Hold::Draft, Hold::Owed][chance.below(2) as usize];
                let put = log.put_file(file, hold, at).await;
                assert_eq!(put, reference.put_file(file, hold, at).await);
            }
            3..=6 => {
                let chunks = chunks(file);
                let n = chance.below(u32::try_from(chunks.len()).expect("few"));
                let mut chunk = FileChunk {
                    at,
                    epoch,
                    ..chunks[n as usize].clone()
                };
                chunk.bytes[0] ^= u8::from(chance.below(10) == 0);
                let taken = log.take_chunk(chunk.clone()).await;
                let expected = reference.take_chunk(chunk).await;
                assert_eq!(taken, expected, "round {round}");
            }
            7 => {
                let other = Hash::of(&files[chance.below(10) as usize]);
                let settled = log.settle_files(epoch, &[hash], &[other]).await;
                settled.expect("settled");
                let settled = reference.settle_files(epoch, &[hash], &[other]).await;
                settled.expect("settled");
            }
            8 => {
                let n_bytes = u64::from(chance.below(200_000));
                let freed = log.evict_files(n_bytes).await;
                let expected = reference.evict_files(n_bytes).await;
                assert_eq!(freed, expected, "round {round}");
            }
            _ => {
                log.discard_file(hash).await.expect("no fault");
                reference.discard_file(hash).await.expect("no fault");
            }
        }
        let other_tab = &tabs[chance.below(2) as usize];
        let (here, there) = (other_tab.file_totals().await, reference.file_totals().await);
        assert_eq!(here, there, "round {round}");
        if round % 20 == 19 {
            let expected = see_files(&reference, &files).await;
            assert_eq!(see_files(other_tab, &files).await, expected);
        }
    }
    let expected = see_files(&reference, &files).await;
    let found = see_files(&fixture.after_a_crash().await, &files).await;
    assert_eq!(found, expected);
}
