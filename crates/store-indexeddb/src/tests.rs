//! The suite over a disk of maps, which can lose power.

mod sealed;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use shouwen_domain::hash::Hash;
use shouwen_domain::id::CaseId;
use shouwen_domain::limits;
use shouwen_domain::moment::Moment;
use shouwen_store::suite::{self, Fixture};
use shouwen_store::{Fault, Fence, Files, Hold, Log, event_log_suite, file_suite};

use crate::Engine;
use crate::disk::{Committed, Disk, Guard, Key, Read, Store, Write};

type Records = BTreeMap<(Store, Key), Vec<u8>>;

/// How the next commit fails.
#[derive(Debug, Clone)]
enum Failure {
    Before(Fault),
    AnswerLost,
}

#[derive(Debug, Clone, Default)]
struct Maps {
    records: Rc<RefCell<Records>>,
    failure: Rc<RefCell<Option<Failure>>>,
    n_gets: Rc<Cell<usize>>,
    /// A read has its answer and hands it over when asked once more.
    answers_late: Cell<bool>,
    last_writes: Rc<RefCell<Vec<Write>>>,
    /// What lay here after each write, if that is to be kept.
    states: Rc<RefCell<Option<Vec<Records>>>>,
}

impl Maps {
    fn holding(records: Records) -> Self {
        Self {
            records: Rc::new(RefCell::new(records)),
            ..Self::default()
        }
    }
}

impl Disk for Maps {
    async fn read(&self, reads: &[Read]) -> Result<Vec<Vec<Vec<u8>>>, Fault> {
        self.n_gets.set(self.n_gets.get() + reads.len());
        let answers = {
            let records = self.records.borrow();
            let answer = |read: &Read| match read {
                Read::One(store, key) => records
                    .get(&(*store, key.clone()))
                    .cloned()
                    .into_iter()
                    .collect(),
                Read::From {
                    store,
                    first,
                    limit,
                } => records
                    .range((*store, Key::Number(*first))..)
                    .take_while(|((it, _), _)| it == store)
                    .take(limit.map_or(usize::MAX, |it| it as usize))
                    .map(|(_, it)| it.clone())
                    .collect(),
                Read::Named { store, prefix } => named(&records, *store, prefix)
                    .map(|(_, it)| it.clone())
                    .collect(),
                Read::Keys(of) => keys(&records, of),
            };
            reads.iter().map(answer).collect()
        };
        if self.answers_late.get() {
            later().await;
        }
        Ok(answers)
    }

    async fn names(&self, store: Store, prefix: &str) -> Result<Vec<String>, Fault> {
        let records = self.records.borrow();
        let names = named(&records, store, prefix).map(|(name, _)| name.to_owned());
        Ok(names.collect())
    }

    async fn commit(&self, guard: Guard<'_>, writes: &[Write]) -> Result<Committed, Fault> {
        let found = self
            .records
            .borrow()
            .get(&(Store::Meta, Key::Number(guard.key)))
            .cloned();
        if found.as_deref() != guard.expected {
            return Ok(Committed::Moved);
        }
        self.write(writes).await.map(|()| Committed::Stored)
    }

    async fn write(&self, writes: &[Write]) -> Result<(), Fault> {
        let failure = self.failure.take();
        if let Some(Failure::Before(fault)) = failure {
            return Err(fault);
        }
        self.last_writes.replace(writes.to_vec());
        let mut records = self.records.borrow_mut();
        for it in writes {
            match it.clone() {
                Write::Put(store, key, record) => drop(records.insert((store, key), record)),
                Write::Delete(store, key) => drop(records.remove(&(store, key))),
                Write::DeleteRange { store, first, last } => {
                    records.retain(|key, _| {
                        !(key.0 == store
                            && key.1 >= Key::Number(first)
                            && key.1 <= Key::Number(last))
                    });
                }
            }
        }
        if let Some(states) = &mut *self.states.borrow_mut() {
            states.push(records.clone());
        }
        if failure.is_some() {
            Err(Fault::ConnectionLost)
        } else {
            Ok(())
        }
    }
}

fn named<'a>(
    records: &'a Records,
    wanted: Store,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Vec<u8>)> {
    records.iter().filter_map(move |(key, record)| match key {
        (store, Key::Name(name)) if *store == wanted && name.starts_with(prefix) => {
            Some((name.as_str(), record))
        }
        _ => None,
    })
}

fn keys(records: &Records, of: &Read) -> Vec<Vec<u8>> {
    let is_in = |key: &Key| match (of, key) {
        (Read::One(_, one), key) => one == key,
        (Read::From { first, .. }, Key::Number(it)) => it >= first,
        (Read::Named { prefix, .. }, Key::Name(it)) => it.starts_with(prefix),
        _ => false,
    };
    let limit = match of {
        Read::From { limit, .. } => limit.map_or(usize::MAX, |it| it as usize),
        Read::One(..) | Read::Named { .. } | Read::Keys(_) => usize::MAX,
    };
    let found = records.keys().filter(|(store, _)| *store == of.store());
    let found = found.filter(|(_, key)| is_in(key)).take(limit);
    found.map(|(_, key)| key.to_bytes()).collect()
}

#[derive(Default)]
struct OverMaps(Maps);

impl Fixture for OverMaps {
    type Log = Engine<Maps>;

    async fn open(&self) -> Engine<Maps> {
        Engine::new(self.0.clone())
    }

    async fn after_a_crash(&self) -> Engine<Maps> {
        Engine::new(Maps::holding(self.0.records.borrow().clone()))
    }

    fn fill_up(&self, log: &Engine<Maps>) -> bool {
        log.disk()
            .failure
            .replace(Some(Failure::Before(Fault::QuotaExceeded)));
        true
    }

    fn lose_next_answer(&self, log: &Engine<Maps>) -> bool {
        log.disk().failure.replace(Some(Failure::AnswerLost));
        true
    }
}

event_log_suite!(OverMaps::default());
file_suite!(OverMaps::default());

/// Not ready the first time it is asked.
async fn later() {
    let mut asked = false;
    poll_fn(|_| {
        if mem::replace(&mut asked, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn two_who_read_on_at_once_in_one_tab_do_not_confuse_each_other() {
    let fixture = OverMaps::default();
    let log = suite::block_on(async {
        let log = fixture.open().await;
        suite::act(&log, suite::case(1), Some(1)).await;
        // Another tab writes, so that both have something to read on to.
        suite::act(&fixture.open().await, suite::case(2), Some(1)).await;
        log
    });
    log.disk().answers_late.set(true);
    let mut context = Context::from_waker(Waker::noop());
    let mut first = pin!(log.history(suite::case(1)));
    let mut second = pin!(log.history(suite::case(2)));
    let (mut one, mut two) = (None, None);
    while one.is_none() || two.is_none() {
        if one.is_none()
            && let Poll::Ready(it) = first.as_mut().poll(&mut context)
        {
            one = Some(it);
        }
        if two.is_none()
            && let Poll::Ready(it) = second.as_mut().poll(&mut context)
        {
            two = Some(it);
        }
    }
    let versions = [one, two].map(|it| it.and_then(Result::ok).map(|it| it.version));
    assert_eq!(versions, [Some(1), Some(1)]);
}

#[test]
fn what_was_just_found_to_be_owed_is_not_thrown_away_by_another_tab() {
    let fixture = OverMaps::default();
    let (log, other_tab) = suite::block_on(async {
        let log = fixture.open().await;
        let put = log.put_file(b"a photo", Hold::Owed, Moment::default());
        let hash = put.await.expect("stored");
        log.settle_files(1, &[hash], &[]).await.expect("settled");
        (log, fixture.open().await)
    });
    let hash = Hash::of(b"a photo");
    log.disk().answers_late.set(true);
    let mut context = Context::from_waker(Waker::noop());
    let mut evicting = pin!(log.evict_files(u64::MAX));
    assert!(evicting.as_mut().poll(&mut context).is_pending());
    // Head office was restored and lacks it.
    suite::block_on(other_tab.settle_files(2, &[], &[hash])).expect("settled");
    let freed = loop {
        if let Poll::Ready(it) = evicting.as_mut().poll(&mut context) {
            break it;
        }
    };
    assert_eq!(freed, Ok(0));
    let whole = suite::block_on(other_tab.file(hash));
    assert_eq!(whole, Ok(Some(b"a photo".to_vec())));
}

#[test]
fn one_action_is_a_record_in_the_journal_and_the_standing() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        suite::load(&log, 300, 100).await;
        suite::act(&log, suite::case(7), Some(1)).await;
        let n_gets = fixture.0.n_gets.get();
        let writes = fixture.0.last_writes.take();
        let stores: Vec<Store> = writes.iter().map(Write::store).collect();
        assert_eq!(stores, [Store::Journal, Store::Meta]);

        // A second tab, so that there is something to ask before.
        suite::act(&fixture.open().await, suite::case(8), Some(1)).await;
        assert!(fixture.0.n_gets.get() > n_gets);
    });
}

#[test]
fn opening_reads_as_little_of_many_cases_as_of_one() {
    suite::block_on(async {
        for n_cases in [1, 10_000] {
            let fixture = OverMaps::default();
            suite::load(&fixture.open().await, n_cases, 200).await;
            fixture.0.n_gets.set(0);
            let log = fixture.open().await;
            let opening = log.opening(50).await.expect("an opening");
            assert_eq!(opening.standing.n_cases, u64::from(n_cases));
            assert_eq!(fixture.0.n_gets.get(), 3);
        }
    });
}

#[test]
fn records_stay_small_and_the_directory_short() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        suite::load(&log, 10_000, 100).await;
        let records = fixture.0.records.borrow().clone();
        let count = |store| records.keys().filter(|it| it.0 == store).count();
        // A place is 23 bytes, a case has two: its entry and its row.
        let n_pages = 10_000 * 2 * 23 / limits::RECORD_BYTES;
        assert!(
            count(Store::Directory) <= n_pages + 20,
            "{} runs",
            count(Store::Directory)
        );
        assert_eq!(count(Store::Journal), 0);
        for ((store, key), record) in &records {
            assert!(
                record.len() <= 64 * 1024,
                "{store:?} {key:?} has {} bytes",
                record.len()
            );
        }
        assert_eq!(
            log.history(suite::case(9_999))
                .await
                .expect("a history")
                .version,
            1
        );
        assert_eq!(
            fixture
                .open()
                .await
                .history(suite::case(0))
                .await
                .expect("a history")
                .version,
            1
        );
    });
}

#[test]
fn a_damaged_record_is_reported_and_left() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        for n in 1..=3 {
            suite::act(&log, suite::case(n), Some(n)).await;
        }
        let key = (Store::Journal, Key::Number(2));
        let whole = fixture.0.records.borrow()[&key].clone();
        for damaged in [&whole[..whole.len() / 2], &[], b"\x02\xa0"] {
            fixture
                .0
                .records
                .borrow_mut()
                .insert(key.clone(), damaged.to_vec());
            let answer = fixture.open().await.opening(1).await;
            assert!(matches!(answer, Err(Fault::Corrupt { .. })), "{answer:?}");
        }
        fixture.0.records.borrow_mut().remove(&key);
        let answer = fixture.open().await.opening(1).await;
        assert!(matches!(answer, Err(Fault::Corrupt { .. })), "{answer:?}");
        fixture.0.records.borrow_mut().insert(key, whole);
        assert_eq!(
            fixture
                .open()
                .await
                .opening(1)
                .await
                .expect("an opening")
                .rows
                .len(),
            1
        );
    });
}

#[test]
fn a_log_that_was_cleared_while_it_was_open_says_so() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        for n in 1..=3 {
            suite::act(&log, suite::case(n), Some(n)).await;
        }
        let fence = log.take_over().await.expect("a fence");
        log.compact(fence).await.expect("a step");
        let append = suite::next(&log, suite::case(1), None).await;
        fixture.0.records.borrow_mut().clear();
        assert_eq!(log.opening(1).await, Err(Fault::Cleared));
        let cleared = Err(Fault::Cleared.into());
        assert_eq!(log.append(append).await, cleared);
        // Another tab has begun anew.
        suite::act(&fixture.open().await, suite::case(9), Some(1)).await;
        assert_eq!(log.opening(1).await, Err(Fault::Cleared));
    });
}

/// Three cases that lie in the journal, in blocks, among the open rows and in what became of own acts, and
/// one that is owed; two of them are to go.
async fn about_to_let_go(log: &Engine<Maps>) -> (Fence, [(CaseId, u32); 2]) {
    suite::load(log, 100, 40).await;
    let fence = log.take_over().await.expect("a fence");
    for round in 0..6 {
        for n in [1, 2, 50] {
            suite::act(log, suite::case(n), (n + round > 5).then_some(n)).await;
        }
        let owed = log.owed(usize::MAX).await.expect("what is owed");
        let receipts: Vec<_> = owed.iter().map(suite::accepted).collect();
        log.settle(fence, &receipts).await.expect("settled");
        suite::act(log, suite::case(200), Some(1)).await;
        if round == 2 {
            while log.compact(fence).await.expect("a step").more {}
        }
    }
    let receipts: Vec<_> = log.owed(usize::MAX).await.expect("what is owed");
    let receipts: Vec<_> = receipts.iter().map(suite::accepted).collect();
    log.settle(fence, &receipts[..receipts.len() - 1])
        .await
        .expect("settled");
    (fence, [1, 50].map(|n| (suite::case(n), 7)))
}

#[test]
fn no_record_has_anything_of_what_was_let_go_of() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        let (fence, going) = about_to_let_go(&log).await;
        let n_with = |case: CaseId| {
            let records = fixture.0.records.borrow();
            let has = |it: &&Vec<u8>| it.windows(16).any(|it| it == case.bytes());
            records.values().filter(has).count()
        };
        for (case, _) in going {
            assert!(n_with(case) > 5, "{} records", n_with(case));
        }
        log.let_go(fence, &going).await.expect("let go");
        for (case, _) in going {
            assert_eq!(n_with(case), 0);
        }
        assert!(n_with(suite::case(2)) > 2);
    });
}

#[test]
fn a_crash_while_letting_go_leaves_all_or_what_was_to_stay() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        let (fence, going) = about_to_let_go(&log).await;
        let before = suite::see(&log).await;
        fixture.0.states.replace(Some(Vec::new()));
        log.let_go(fence, &going).await.expect("let go");
        let states = fixture.0.states.take().expect("kept");
        let after = suite::see(&log).await;
        assert_eq!(before.n_rows(), after.n_rows() + 2);
        let (last, on_the_way) = states.split_last().expect("writes");
        assert!(on_the_way.len() > 1, "{} steps before", on_the_way.len());
        for state in on_the_way {
            let crashed = Engine::new(Maps::holding(state.clone()));
            suite::assert_same(&suite::see(&crashed).await, &before);
            // And it can be done after all.
            crashed.let_go(fence, &going).await.expect("let go");
            suite::assert_same(&suite::see(&crashed).await, &after);
        }
        let crashed = Engine::new(Maps::holding(last.clone()));
        suite::assert_same(&suite::see(&crashed).await, &after);
    });
}

/// Four acts in each of two cases, in the journal and in blocks, the last ones owed.
async fn about_to_erase(log: &Engine<Maps>) -> Fence {
    let fence = log.take_over().await.expect("a fence");
    for round in 0..4 {
        for n in [1, 2] {
            suite::say(log, n, (round != 2).then_some(n)).await;
        }
        if round == 1 {
            let owed = log.owed(usize::MAX).await.expect("what is owed");
            let receipts: Vec<_> = owed.iter().map(suite::accepted).collect();
            log.settle(fence, &receipts).await.expect("settled");
        }
        if round == 2 {
            while log.compact(fence).await.expect("a step").more {}
        }
    }
    fence
}

#[test]
fn no_record_has_the_words_of_an_erased_case() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        let fence = about_to_erase(&log).await;
        let n_words = || {
            let records = fixture.0.records.borrow();
            let in_one = |it: &Vec<u8>| it.windows(40).filter(|it| *it == suite::WORDS).count();
            records.values().map(in_one).sum::<usize>()
        };
        // The third act of each lies in the outbox as well.
        assert_eq!(n_words(), 10);
        let erased = suite::erase(&log, fence, &[suite::case(1)]).await;
        erased.expect("erased");
        // The fourth was put away for it, into the outbox too.
        assert_eq!(n_words(), 4 + 2);
    });
}

#[test]
fn a_crash_while_erasing_leaves_all_or_nothing_to_do() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        let fence = about_to_erase(&log).await;
        let before = suite::see(&log).await;
        fixture.0.states.replace(Some(Vec::new()));
        let going = [suite::case(1)];
        suite::erase(&log, fence, &going).await.expect("erased");
        let states = fixture.0.states.take().expect("kept");
        let after = suite::see(&log).await;
        let (last, on_the_way) = states.split_last().expect("writes");
        assert!(!on_the_way.is_empty());
        for state in on_the_way {
            let crashed = Engine::new(Maps::holding(state.clone()));
            suite::assert_same(&suite::see(&crashed).await, &before);
            suite::erase(&crashed, fence, &going).await.expect("erased");
            suite::assert_same(&suite::see(&crashed).await, &after);
        }
        let crashed = Engine::new(Maps::holding(last.clone()));
        suite::assert_same(&suite::see(&crashed).await, &after);
    });
}

#[test]
fn a_directory_that_shrank_is_still_read_and_merged() {
    suite::block_on(async {
        let fixture = OverMaps::default();
        let log = fixture.open().await;
        let other_tab = fixture.open().await;
        suite::load(&log, 2_000, 50).await;
        let fence = log.take_over().await.expect("a fence");
        // Whole runs of the directory go, and parts of others.
        for first in (0..1_500).step_by(30) {
            let going: Vec<_> = (first..first + 30)
                .filter(|n| n % 7 > 0)
                .map(|n| (suite::case(n), 1))
                .collect();
            log.let_go(fence, &going).await.expect("let go");
            if first % 90 == 0 {
                suite::act(&other_tab, suite::case(5_000 + first), Some(1)).await;
                log.compact(fence).await.expect("a step");
            }
        }
        let n_kept = (0..1_500_u64).filter(|n| n % 7 == 0).count() as u64;
        let n_stay = n_kept + 500 + 17;
        for log in [&log, &other_tab, &fixture.after_a_crash().await] {
            let opening = log.opening(0).await.expect("an opening");
            assert_eq!(opening.standing.n_cases, n_stay);
            let seen = suite::see(log).await;
            assert_eq!(seen.n_rows() as u64, n_stay);
        }
    });
}

#[test]
fn a_long_case_lies_in_small_records() {
    suite::block_on(async {
        let fixture = sealed::OverSealedMaps::default();
        suite::a_case_with_many_long_envelopes_is_kept_whole(&fixture).await;
        for ((store, key), record) in &*fixture.maps.records.borrow() {
            let n_bytes = record.len();
            assert!(
                n_bytes <= 64 * 1024,
                "{store:?} {key:?} has {n_bytes} bytes"
            );
        }
    });
}
