//! What every log must do, as tests to run against any of them: see [`event_log_suite!`](crate::event_log_suite).

mod files;

pub use files::*;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use shouwen_domain::envelope::{
    Envelope, Fate, HeldReason, Receipt, RefusedReason, RuleHashes, Stamp,
};
use shouwen_domain::event::{AnsweredAtOnce, Content, Event, Fact};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, SiteId};
use shouwen_domain::moment::{Minutes, Moment};

use crate::{
    Append, CaseIn, Conflict, Cursor, Entry, Erase, Fault, Fence, Head, History, Log, Lookup,
    NamedRecord, Position, Projection, Row, RowMark, Section, Standing, TakeIn, WriteError,
};

/// A store of its own for one test.
#[expect(
    async_fn_in_trait,
    reason = "a log lives in one thread; nothing here needs to be Send"
)]
pub trait Fixture {
    type Log: Log;

    /// Opens one more tab on the same store.
    async fn open(&self) -> Self::Log;

    /// Opens the store as a crash at this moment would leave it.
    async fn after_a_crash(&self) -> Self::Log;

    /// Lets the next write of `log` find no room. False where that cannot be arranged.
    fn fill_up(&self, log: &Self::Log) -> bool;

    /// Lets the next write of `log` be stored and its answer be lost. False where that cannot be arranged.
    fn lose_next_answer(&self, log: &Self::Log) -> bool;
}

/// Defines one test for each thing that every log must do.
///
/// Takes an expression that makes a [`Fixture`](crate::suite::Fixture); where the platform has tests of
/// its own, their attribute stands in front: `event_log_suite!(#[wasm_bindgen_test] Browser::new())`.
#[macro_export]
macro_rules! event_log_suite {
    (@blocking $fixture:expr; $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::suite::block_on($crate::suite::$case(&$fixture));
            }
        )*
    };
    (@waiting $test:meta; $fixture:expr; $($case:ident)*) => {
        $(
            #[$test]
            async fn $case() {
                $crate::suite::$case(&$fixture).await;
            }
        )*
    };
    (@all $($how:tt)*) => {
        $crate::event_log_suite! { $($how)*;
            a_new_log_is_empty
            what_was_appended_is_there_for_every_tab_and_after_a_crash
            appending_the_head_again_writes_nothing
            an_append_on_another_version_is_refused
            an_append_that_does_not_follow_the_head_is_refused
            a_higher_chain_begins_with_its_first_envelope
            a_case_is_in_the_same_order_whatever_order_things_arrived_in
            records_of_reading_are_counted_apart_until_they_arrived
            taking_in_again_changes_nothing
            own_envelopes_that_come_back_only_get_their_stamp
            a_page_from_elsewhere_is_refused
            a_page_is_taken_whole_or_not_at_all
            a_case_with_many_long_envelopes_is_kept_whole
            another_epoch_is_read_from_its_beginning
            what_is_owed_comes_by_chain_and_sequence_in_batches
            settling_twice_changes_nothing
            receipts_for_what_is_not_ours_are_ignored
            a_changed_fate_replaces_the_one_before
            what_needs_a_person_is_never_forgotten
            the_opening_has_the_most_urgent_rows_first
            the_opening_is_right_however_many_cases_are_open
            every_row_comes_page_by_page
            changes_are_what_any_tab_changed
            rows_in_memory_are_those_of_the_log
            compaction_changes_nothing_that_can_be_read
            rows_are_right_wherever_compaction_pauses
            what_is_let_go_of_is_gone_and_the_rest_stays
            what_is_not_settled_is_not_let_go_of
            letting_go_happens_whole_or_not_at_all
            what_was_let_go_of_comes_again_whole
            the_words_of_an_erased_case_are_gone_and_all_else_stays
            erasing_happens_whole_or_not_at_all
            the_last_fates_are_those_of_what_is_there
            what_a_twin_wrote_in_a_place_does_not_hide_what_was_never_away
            whoever_took_over_is_the_only_owner
            a_chain_that_goes_on_elsewhere_is_left_for_good
            what_was_refused_or_taken_back_does_not_count
            named_records_are_kept_apart
            a_full_store_keeps_what_it_has
            a_lost_answer_is_found_out
            chance_agrees_with_memory
        }
    };
    (#[$test:meta] $fixture:expr) => {
        $crate::event_log_suite! { @all @waiting $test; $fixture }
    };
    ($fixture:expr) => {
        $crate::event_log_suite! { @all @blocking $fixture }
    };
}

/// Runs a future that never waits for anything outside.
///
/// # Panics
/// Where it does wait.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(it) => it,
        Poll::Pending => panic!("this log waits for something outside"),
    }
}

const DEVICE: DeviceId = DeviceId::from_random([0xd0; 16]);
const OTHER_DEVICE: DeviceId = DeviceId::from_random([0xd1; 16]);
const NOON: Moment = Moment::from_unix_ms(1_783_915_200_000);

fn minute(n: u32) -> Moment {
    NOON + Minutes(n)
}

/// A case of its own for each number, in no order.
pub fn case(n: u32) -> CaseId {
    let mut bits = [0xca; 16];
    bits[6..10].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
    bits[12..].copy_from_slice(&n.to_be_bytes());
    CaseId::from_random(bits)
}

/// Due after so many minutes; none: closed.
fn projection(due: Option<u32>, body: &str) -> Projection {
    Projection {
        due: due.map(minute),
        body: body.as_bytes().to_vec(),
    }
}

/// An envelope with `n_words` bytes of words.
fn envelope(device: DeviceId, case: CaseId, after: Head, id: u64, n_words: usize) -> Envelope {
    let mut bits = [0; 16];
    bits[..8].copy_from_slice(&id.to_be_bytes());
    bits[8] = device.bytes()[0];
    let rules = Hash::of(b"rules");
    let stamp = Stamp {
        id: EnvelopeId::from_random(bits),
        site: "north".parse::<SiteId>().expect("a slug"),
        case,
        person: "wang".parse().expect("a slug"),
        device,
        chain: after.chain,
        sequence: after.sequence + 1,
        previous: after.hash,
        counter: after.counter + 1,
        at: minute(u32::try_from(id % 10_000).expect("small")),
        clock: None,
        last_receipt: None,
        rules: RuleHashes {
            pack: rules,
            calendar: rules,
            zones: rules,
            directory: rules,
        },
        facts_salt: Salt([1; 16]),
        content_salt: Salt([2; 16]),
    };
    let content = if n_words == 0 {
        Content::default()
    } else {
        Content::text("x".repeat(n_words))
    };
    Envelope::seal(
        stamp,
        &[Event::new(
            Fact::AnsweredAtOnce(AnsweredAtOnce::default()),
            content,
        )],
    )
    .expect("a small envelope")
}

/// Somebody else's envelope, with a counter of its own choice.
fn foreign(case: CaseId, counter: u64, id: u64, n_words: usize) -> Envelope {
    let after = Head {
        chain: 1,
        sequence: id,
        hash: None,
        counter: counter - 1,
    };
    envelope(OTHER_DEVICE, case, after, id, n_words)
}

fn entry(envelope: Envelope, arrived_min: u32) -> Entry {
    Entry {
        envelope,
        arrived: Some(minute(arrived_min)),
    }
}

fn at(epoch: u64, position: u64) -> Cursor {
    Cursor { epoch, position }
}

fn receipt(envelope: &Envelope, fate: Fate, arrived_min: u32) -> Receipt {
    let header = envelope.header();
    Receipt {
        device: header.device,
        chain: header.chain,
        sequence: header.sequence,
        hash: envelope.hash(),
        fate,
        at: minute(arrived_min),
        epoch: 1,
        backed_up_to: None,
        signature: None,
        beside: None,
    }
}

/// What head office answers when it has passed on an envelope.
pub fn accepted(envelope: &Envelope) -> Receipt {
    receipt(envelope, Fate::Accepted, 1)
}

/// Seals the next action as a careful app does.
pub async fn next(log: &impl Log, case: CaseId, due: Option<u32>) -> Append {
    next_saying(log, case, due, 0).await
}

/// As [`next`], with so many bytes of words.
pub async fn next_saying(log: &impl Log, case: CaseId, due: Option<u32>, n_words: usize) -> Append {
    let head = log.opening(0).await.expect("an opening").standing.head;
    Append {
        expected_version: log.history(case).await.expect("a history").version,
        ..first_saying(head, case, due, n_words)
    }
}

/// The first action of a case, behind `head`.
pub fn first(head: Head, case: CaseId, due: Option<u32>) -> Append {
    first_saying(head, case, due, 0)
}

fn first_saying(head: Head, case: CaseId, due: Option<u32>, n_words: usize) -> Append {
    let id = (u64::from(head.chain) << 32) + head.sequence + 1;
    Append {
        envelope: envelope(DEVICE, case, head, id, n_words),
        expected_version: 0,
        projection: projection(due, &format!("own {}", head.sequence + 1)),
    }
}

/// Appends one action; the case is due after so many minutes, or closed.
pub async fn act(log: &impl Log, case: CaseId, due: Option<u32>) -> Envelope {
    let append = next(log, case, due).await;
    let envelope = append.envelope.clone();
    log.append(append).await.expect("an append");
    envelope
}

async fn case_in(log: &impl Log, case: CaseId, entries: Vec<Entry>, due: Option<u32>) -> CaseIn {
    let expected_version = log.history(case).await.expect("a history").version;
    let body = format!("with {} more", entries.len());
    CaseIn {
        case,
        expected_version,
        entries,
        projection: projection(due, &body),
    }
}

/// Takes in this many new cases, one in fifty of them open, in pages of so many, and puts them away.
pub async fn load(log: &impl Log, n_cases: u32, page_cases: u32) {
    let fence = log.take_over().await.expect("a fence");
    let mut cursor = standing(log).await.cursor;
    for first in (0..n_cases).step_by(page_cases as usize) {
        let numbers = first..n_cases.min(first + page_cases);
        let to = at(1, cursor.position + numbers.len() as u64);
        let cases = numbers.map(|n| CaseIn {
            case: case(n),
            expected_version: 0,
            entries: vec![entry(foreign(case(n), 1, u64::from(n), 500), n)],
            projection: projection((n % 50 == 0).then_some(n), &"row ".repeat(60)),
        });
        let cases = cases.collect();
        let page = TakeIn {
            from: cursor,
            to,
            cases,
            named: Vec::new(),
        };
        log.take_in(fence, &page).await.expect("a page");
        cursor = to;
    }
    while log.compact(fence).await.expect("a step").more {}
}

async fn standing(log: &impl Log) -> Standing {
    log.opening(0).await.expect("an opening").standing
}

async fn all_rows(log: &impl Log, max_rows: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut mark: Option<RowMark> = None;
    loop {
        let page = log.rows(mark, max_rows).await.expect("a page");
        assert!(
            !page.rows.is_empty() || page.next.is_none(),
            "a page before the end has a row"
        );
        rows.extend(page.rows);
        match page.next {
            None => return rows,
            next => mark = next,
        }
    }
}

fn setting(name: &str, record: &[u8]) -> NamedRecord {
    NamedRecord {
        section: Section::Settings,
        name: name.to_owned(),
        record: record.to_vec(),
    }
}

/// All that can be read, apart from how long the journal is.
#[derive(Debug, PartialEq)]
pub struct Seen {
    standing: Standing,
    rows: Vec<Row>,
    open: Vec<Row>,
    histories: Vec<History>,
    owed: Vec<Envelope>,
    own: Vec<Envelope>,
    fates: Vec<crate::OwnFate>,
    settings: Vec<(String, Option<Vec<u8>>)>,
}

impl Seen {
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }
}

/// A case that no test makes.
const NOWHERE: u32 = 1_000_000;

/// Reads all of it, and checks that it hangs together.
pub async fn see(log: &impl Log) -> Seen {
    let opening = log.opening(usize::MAX).await.expect("an opening");
    let mut rows = all_rows(log, 7).await;
    rows.sort_by_key(|it| it.case);
    let mut histories = Vec::new();
    for it in &rows {
        let history = log.history(it.case).await.expect("a history");
        assert_eq!(
            history.version, it.version,
            "the row tells the version of its case"
        );
        assert_eq!(
            history.entries.len(),
            it.version as usize,
            "the version counts the envelopes"
        );
        histories.push(history);
    }
    let mut asked: BTreeSet<CaseId> = rows.iter().map(|it| it.case).collect();
    asked.insert(case(NOWHERE));
    let together = log.histories(&asked).await.expect("histories");
    let one_by_one = rows.iter().map(|it| it.case).zip(histories.clone());
    assert_eq!(
        together,
        one_by_one.collect(),
        "what is read together is what is read one by one"
    );
    let mut own = Vec::new();
    for chain in 0..=opening.standing.head.chain {
        let mut sequence = 0;
        loop {
            let more = log.own_after(chain, sequence, usize::MAX).await;
            let more = more.expect("own envelopes");
            let Some(last) = more.last() else { break };
            sequence = last.header().sequence;
            own.extend(more);
        }
    }
    assert_eq!(
        opening.rows.len() as u64,
        opening.standing.n_open,
        "open cases are counted"
    );
    assert_eq!(
        rows.len() as u64,
        opening.standing.n_cases,
        "cases are counted"
    );
    let mut settings = Vec::new();
    for name in log.list(Section::Settings).await.expect("names") {
        let record = log.get(Section::Settings, &name).await.expect("a record");
        settings.push((name, record));
    }
    Seen {
        standing: Standing {
            n_journal: 0,
            ..opening.standing
        },
        rows,
        open: opening.rows,
        histories,
        owed: log.owed(usize::MAX).await.expect("what is owed"),
        own,
        fates: log.fates(20).await.expect("fates"),
        settings,
    }
}

/// Names what differs: all of it would fill pages.
#[track_caller]
pub fn assert_same(found: &Seen, expected: &Seen) {
    assert_eq!(found.standing, expected.standing);
    assert_eq!(found.open, expected.open);
    assert_eq!(found.rows, expected.rows);
    for (row, (it, other)) in found
        .rows
        .iter()
        .zip(found.histories.iter().zip(&expected.histories))
    {
        let outline = |it: &History| {
            let entries = it
                .entries
                .iter()
                .map(|it| (it.envelope.order(), it.arrived));
            (entries.collect::<Vec<_>>(), it.receipts.clone())
        };
        assert_eq!(outline(it), outline(other), "case {}", row.case);
    }
    let sequences = |it: &[Envelope]| it.iter().map(|it| it.header().sequence).collect::<Vec<_>>();
    assert_eq!(sequences(&found.owed), sequences(&expected.owed));
    assert_eq!(sequences(&found.own), sequences(&expected.own));
    assert_eq!(found.fates, expected.fates);
    assert_eq!(found.settings, expected.settings);
    assert!(found == expected, "what is read differs");
}

fn conflict<T: std::fmt::Debug>(answer: Result<T, WriteError>) -> Conflict {
    match answer {
        Err(WriteError::Conflict(it)) => it,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

pub async fn a_new_log_is_empty(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let opening = log.opening(50).await.expect("an opening");
    assert_eq!(
        (opening.standing, opening.rows),
        (Standing::default(), vec![])
    );
    assert_eq!(log.history(case(1)).await, Ok(History::default()));
    assert_eq!(log.owed(1_000).await, Ok(vec![]));
    assert_eq!(log.fates(10).await, Ok(vec![]));
    assert_eq!(
        log.rows(None, 10).await.map(|it| (it.rows, it.next)),
        Ok((vec![], None))
    );
    let changes = log
        .changes(Position(0))
        .await
        .expect("changes")
        .expect("nothing was put away");
    assert_eq!(changes.rows, vec![]);
}

pub async fn what_was_appended_is_there_for_every_tab_and_after_a_crash(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    assert_eq!(see(&other_tab).await.rows, vec![]);
    let first = act(&log, case(1), Some(30)).await;
    let second = act(&other_tab, case(1), Some(10)).await;

    let there = see(&log).await;
    let entries = [first, second.clone()].map(|envelope| Entry {
        envelope,
        arrived: None,
    });
    assert_eq!(
        there.histories,
        [History {
            version: 2,
            entries: entries.to_vec(),
            receipts: vec![]
        }]
    );
    assert_eq!(
        there.rows,
        [Row {
            case: case(1),
            version: 2,
            due: Some(minute(10)),
            body: b"own 2".to_vec()
        }]
    );
    assert_eq!(
        there.standing.head,
        Head {
            chain: 0,
            sequence: 2,
            hash: Some(second.hash()),
            counter: 2
        }
    );
    assert_eq!(
        (
            there.standing.n_cases,
            there.standing.n_open,
            there.standing.n_owed
        ),
        (1, 1, 2)
    );
    assert_same(&see(&other_tab).await, &there);
    assert_same(&see(&fixture.after_a_crash().await).await, &there);
}

pub async fn appending_the_head_again_writes_nothing(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let append = next(&log, case(1), Some(30)).await;
    let once = log.append(append.clone()).await.expect("an append");
    assert_eq!(log.append(append.clone()).await, Ok(once));
    assert_eq!(fixture.open().await.append(append).await, Ok(once));
    assert_eq!(see(&log).await.rows[0].version, 1);
}

pub async fn an_append_on_another_version_is_refused(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    act(&log, case(1), Some(30)).await;
    let fresh = next(&other_tab, case(1), None).await;
    let before = see(&log).await;
    for expected in [0, 2, 7] {
        let stale = Append {
            expected_version: expected,
            ..fresh.clone()
        };
        let found = Conflict::Case {
            case: case(1),
            expected,
            found: 1,
        };
        assert_eq!(conflict(log.append(stale.clone()).await), found);
        assert_eq!(conflict(other_tab.append(stale).await), found);
    }
    assert_same(&see(&log).await, &before);
    other_tab.append(fresh).await.expect("an append");
}

pub async fn an_append_that_does_not_follow_the_head_is_refused(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    let late = next(&other_tab, case(2), Some(5)).await;
    act(&log, case(1), Some(30)).await;
    let head = standing(&log).await.head;
    let refused = Conflict::Head { found: head };
    assert_eq!(conflict(other_tab.append(late).await), refused);
    for wrong in [
        Head {
            sequence: head.sequence + 1,
            ..head
        },
        Head {
            hash: Some(Hash::of(b"another")),
            ..head
        },
        Head { hash: None, ..head },
        Head {
            chain: head.chain + 1,
            ..head
        },
        Head {
            chain: head.chain + 1,
            sequence: 3,
            hash: None,
            ..head
        },
        Head {
            chain: head.chain + 1,
            sequence: 0,
            ..head
        },
    ] {
        let envelope = envelope(DEVICE, case(2), wrong, 99, 0);
        let append = Append {
            envelope,
            expected_version: 0,
            projection: projection(Some(5), ""),
        };
        assert_eq!(conflict(log.append(append).await), refused);
    }
    assert_eq!(see(&log).await.rows.len(), 1);
}

pub async fn a_higher_chain_begins_with_its_first_envelope(fixture: &impl Fixture) {
    let log = fixture.open().await;
    act(&log, case(1), Some(30)).await;
    let counter = standing(&log).await.head.counter;
    let envelope = envelope(
        DEVICE,
        case(1),
        Head {
            chain: 4,
            sequence: 0,
            hash: None,
            counter,
        },
        77,
        0,
    );
    let append = Append {
        envelope: envelope.clone(),
        expected_version: 1,
        projection: projection(None, ""),
    };
    let after = log.append(append).await.expect("an append");
    assert_eq!(
        after.head,
        Head {
            chain: 4,
            sequence: 1,
            hash: Some(envelope.hash()),
            counter: counter + 1
        }
    );
    assert_eq!(after.n_owed, 2);
    let owed = log.owed(usize::MAX).await.expect("what is owed");
    assert_eq!(
        owed.iter().map(|it| it.header().chain).collect::<Vec<_>>(),
        [0],
        "a batch is of one chain"
    );
    assert_eq!(log.own_after(4, 0, usize::MAX).await, Ok(vec![envelope]));
}

pub async fn a_case_is_in_the_same_order_whatever_order_things_arrived_in(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let [late, early, same_b, same_a] =
        [(9, 1), (2, 2), (5, 4), (5, 3)].map(|(counter, id)| foreign(case(1), counter, id, 0));
    for (n, envelope) in [late.clone(), same_b.clone(), early.clone(), same_a.clone()]
        .into_iter()
        .enumerate()
    {
        let n = n as u64;
        let cases = vec![case_in(&log, case(1), vec![entry(envelope, 1)], Some(3)).await];
        log.take_in(
            fence,
            &TakeIn {
                from: at(u64::from(n > 0), n),
                to: at(1, n + 1),
                cases,
                named: Vec::new(),
            },
        )
        .await
        .expect("a page");
        if n == 1 {
            while log.compact(fence).await.expect("a step").more {}
        }
    }
    let history = log.history(case(1)).await.expect("a history");
    let order: Vec<_> = history.entries.into_iter().map(|it| it.envelope).collect();
    assert_eq!(order, [early, same_a, same_b, late]);
    assert_eq!(
        standing(&log).await.head.counter,
        9,
        "the next own counter is above all that were seen"
    );
}

pub async fn taking_in_again_changes_nothing(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let entries = vec![
        entry(foreign(case(1), 1, 1, 0), 1),
        entry(foreign(case(1), 2, 2, 0), 1),
    ];
    let twice: Vec<Entry> = entries.iter().cloned().chain(entries.clone()).collect();
    let cases = vec![case_in(&log, case(1), twice, Some(3)).await];
    let page = TakeIn {
        from: at(0, 0),
        to: at(1, 2),
        cases,
        named: Vec::new(),
    };
    log.take_in(fence, &page).await.expect("a page");
    let before = see(&log).await;
    assert_eq!(
        before.rows[0].version, 2,
        "what comes twice in a page counts once"
    );

    assert_eq!(
        conflict(log.take_in(fence, &page).await),
        Conflict::Cursor { found: at(1, 2) }
    );
    assert_same(&see(&log).await, &before);

    // The same envelopes under the next page, as a server may send them that lost count.
    let overlapping = [entries[1].clone(), entry(foreign(case(1), 3, 3, 0), 2)].to_vec();
    let cases = vec![case_in(&log, case(1), overlapping, None).await];
    let after = log
        .take_in(
            fence,
            &TakeIn {
                from: at(1, 2),
                to: at(1, 3),
                cases,
                named: Vec::new(),
            },
        )
        .await
        .expect("a page");
    assert_eq!(
        (after.n_cases, after.n_open, after.cursor),
        (1, 0, at(1, 3))
    );
    assert_eq!(see(&log).await.rows[0].version, 3);
}

pub async fn own_envelopes_that_come_back_only_get_their_stamp(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let own = [
        act(&log, case(1), Some(9)).await,
        act(&log, case(1), Some(8)).await,
    ];
    log.settle(fence, &[receipt(&own[1], Fate::Accepted, 6)])
        .await
        .expect("settled");
    let cases = vec![case_in(&log, case(1), vec![entry(own[0].clone(), 4)], Some(7)).await];
    let after = log
        .take_in(
            fence,
            &TakeIn {
                from: at(0, 0),
                to: at(1, 1),
                cases,
                named: Vec::new(),
            },
        )
        .await
        .expect("a page");
    assert_eq!(
        (after.n_owed, after.n_cases),
        (1, 1),
        "a stamp from the feed is no receipt"
    );

    let there = see(&log).await;
    assert_eq!(
        (there.rows[0].version, there.rows[0].due),
        (2, Some(minute(7)))
    );
    let arrived: Vec<_> = there.histories[0]
        .entries
        .iter()
        .map(|it| it.arrived)
        .collect();
    assert_eq!(arrived, [Some(minute(4)), Some(minute(6))]);

    // The feed's first stamp stands before the receipt's, and before any later one.
    let back = own.iter().map(|it| entry(it.clone(), 5)).collect();
    let cases = vec![case_in(&log, case(1), back, Some(7)).await];
    log.take_in(
        fence,
        &TakeIn {
            from: at(1, 1),
            to: at(1, 2),
            cases,
            named: Vec::new(),
        },
    )
    .await
    .expect("a page");
    let arrived: Vec<_> = see(&log).await.histories[0]
        .entries
        .iter()
        .map(|it| it.arrived)
        .collect();
    assert_eq!(arrived, [Some(minute(4)), Some(minute(5))]);
}

pub async fn a_page_from_elsewhere_is_refused(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    log.take_in(
        fence,
        &TakeIn {
            from: at(0, 0),
            to: at(1, 5),
            cases: vec![],
            named: Vec::new(),
        },
    )
    .await
    .expect("an empty page");
    for from in [at(1, 0), at(1, 4), at(1, 6), at(2, 5), at(0, 5)] {
        let page = TakeIn {
            from,
            to: at(2, 9),
            cases: vec![],
            named: Vec::new(),
        };
        assert_eq!(
            conflict(log.take_in(fence, &page).await),
            Conflict::Cursor { found: at(1, 5) }
        );
    }
    assert_eq!(standing(&log).await.cursor, at(1, 5));
}

pub async fn a_page_is_taken_whole_or_not_at_all(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    act(&log, case(2), Some(9)).await;
    let before = see(&log).await;
    let good = case_in(
        &log,
        case(1),
        vec![entry(foreign(case(1), 1, 1, 0), 1)],
        Some(3),
    )
    .await;
    let stale = CaseIn {
        expected_version: 0,
        ..case_in(
            &log,
            case(2),
            vec![entry(foreign(case(2), 1, 2, 0), 1)],
            Some(3),
        )
        .await
    };
    let page = |cases| TakeIn {
        from: at(0, 0),
        to: at(1, 2),
        cases,
        named: vec![setting("read", b"far")],
    };
    let found = Conflict::Case {
        case: case(2),
        expected: 0,
        found: 1,
    };
    assert_eq!(
        conflict(log.take_in(fence, &page(vec![good.clone(), stale])).await),
        found
    );

    let stray = CaseIn {
        case: case(3),
        ..good.clone()
    };
    let empty = CaseIn {
        entries: vec![],
        ..good.clone()
    };
    for wrong in [vec![good.clone(), good.clone()], vec![stray], vec![empty]] {
        let answer = log.take_in(fence, &page(wrong)).await;
        assert!(
            matches!(answer, Err(WriteError::Fault(Fault::Corrupt { .. }))),
            "{answer:?}"
        );
    }
    assert_same(&see(&log).await, &before);
    log.take_in(fence, &page(vec![good])).await.expect("a page");
    assert_eq!(
        log.get(Section::Settings, "read").await,
        Ok(Some(b"far".to_vec()))
    );
    let next = TakeIn {
        from: at(1, 2),
        to: at(1, 3),
        cases: Vec::new(),
        named: vec![setting("read", b"further")],
    };
    log.take_in(fence, &next).await.expect("a page");
    assert_eq!(
        log.get(Section::Settings, "read").await,
        Ok(Some(b"further".to_vec()))
    );
}

pub async fn a_case_with_many_long_envelopes_is_kept_whole(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let envelopes: Vec<Envelope> = (1..=40).map(|n| foreign(case(1), n, n, 9_000)).collect();
    let (first, rest) = envelopes.split_at(25);
    let mut position = 0;
    for part in [first, rest] {
        let entries = part.iter().map(|it| entry(it.clone(), 1)).collect();
        let cases = vec![case_in(&log, case(1), entries, Some(1)).await];
        let page = TakeIn {
            from: at(u64::from(position > 0), position),
            to: at(1, position + 25),
            cases,
            named: Vec::new(),
        };
        log.take_in(fence, &page).await.expect("a page");
        position += 25;
    }
    act(&log, case(1), None).await;
    let there = see(&log).await;
    let kept = there.histories[0].entries.iter().take(40);
    assert!(kept.map(|it| &it.envelope).eq(&envelopes));
    while log.compact(fence).await.expect("a step").more {}
    assert_same(&see(&fixture.after_a_crash().await).await, &there);
}

pub async fn another_epoch_is_read_from_its_beginning(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let known = entry(foreign(case(1), 1, 1, 0), 1);
    let cases = vec![case_in(&log, case(1), vec![known.clone()], Some(3)).await];
    log.take_in(
        fence,
        &TakeIn {
            from: at(7, 0),
            to: at(7, 20),
            cases,
            named: Vec::new(),
        },
    )
    .await
    .expect("a first page names its epoch");
    while log.compact(fence).await.expect("a step").more {}
    let more = vec![known, entry(foreign(case(1), 2, 2, 0), 1)];
    let cases = vec![case_in(&log, case(1), more, Some(3)).await];
    let after = log
        .take_in(
            fence,
            &TakeIn {
                from: at(8, 0),
                to: at(8, 2),
                cases,
                named: Vec::new(),
            },
        )
        .await
        .expect("a page");
    assert_eq!(after.cursor, at(8, 2));
    assert_eq!(see(&log).await.rows[0].version, 2);
}

pub async fn what_is_owed_comes_by_chain_and_sequence_in_batches(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut own = Vec::new();
    for n in 0..6 {
        own.push(act(&log, case(n % 2), Some(n)).await);
        if n == 2 {
            while log.compact(fence).await.expect("a step").more {}
        }
    }
    let size = own[0].to_bytes().len();
    let owed = async |max_bytes| log.owed(max_bytes).await.expect("what is owed");
    assert_eq!(owed(usize::MAX).await, own);
    assert_eq!(owed(4 * size + size / 2).await, own[..4]);
    assert_eq!(
        owed(0).await,
        own[..1],
        "at least one, or nothing would ever be sent"
    );
    // An answer may settle any of them: the rest stays owed.
    log.settle(
        fence,
        &[
            receipt(&own[4], Fate::Accepted, 1),
            receipt(&own[0], Fate::Accepted, 1),
        ],
    )
    .await
    .expect("ok");
    let rest = [&own[1], &own[2], &own[3], &own[5]].map(Clone::clone);
    assert_eq!(owed(usize::MAX).await, rest);
    assert_eq!(see(&fixture.open().await).await.owed, rest);
    assert_eq!(
        log.own_after(0, 4, usize::MAX).await,
        Ok(own[4..].to_vec()),
        "settled ones can be had again"
    );
    assert_eq!(log.own_after(0, 2, 0).await, Ok(own[2..3].to_vec()));
}

pub async fn records_of_reading_are_counted_apart_until_they_arrived(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut day = [0; 16];
    day[13] = 11;
    let day = CaseId::from_random(day);
    assert!(day.is_of_looks());
    let looked = act(&log, day, None).await;
    let acted = act(&log, case(1), Some(9)).await;
    let owed = |it: Standing| (it.n_owed, it.n_looks_owed);
    assert_eq!(owed(standing(&log).await), (2, 1));
    assert_eq!(owed(standing(&fixture.open().await).await), (2, 1));
    let arrived = |it: &Envelope| [receipt(it, Fate::Accepted, 6)];
    let after = log.settle(fence, &arrived(&acted)).await.expect("settled");
    assert_eq!(owed(after), (1, 1));
    let after = log.settle(fence, &arrived(&looked)).await.expect("settled");
    assert_eq!(owed(after), (0, 0));
    assert_eq!(after.n_cases, 1);
    let after = log.let_go(fence, &[(day, 1)]).await.expect("let go of");
    assert_eq!(after.n_cases, 1);
    assert_eq!(log.history(day).await, Ok(History::default()));
}

pub async fn settling_twice_changes_nothing(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let own = [
        act(&log, case(1), Some(9)).await,
        act(&log, case(2), Some(8)).await,
    ];
    let receipts = own.each_ref().map(|it| receipt(it, Fate::Accepted, 6));
    let once = log.settle(fence, &receipts).await.expect("settled");
    assert_eq!(
        (once.n_owed, once.last_receipt),
        (0, Some(receipts[1].hash()))
    );
    let there = see(&log).await;
    assert_eq!(
        there
            .histories
            .iter()
            .flat_map(|it| it.receipts.clone())
            .count(),
        2
    );
    let again = receipts.clone().map(|it| Receipt {
        at: minute(60),
        backed_up_to: Some(1),
        ..it
    });
    assert_eq!(
        log.settle(fence, &again).await,
        Ok(once),
        "the first word stands"
    );
    while log.compact(fence).await.expect("a step").more {}
    let known = standing(&log).await;
    assert_eq!(log.settle(fence, &again).await, Ok(known));
    assert_same(&see(&fixture.after_a_crash().await).await, &there);
    assert_eq!(there.histories[0].entries[0].arrived, Some(minute(6)));
}

pub async fn receipts_for_what_is_not_ours_are_ignored(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let own = act(&log, case(1), Some(9)).await;
    let before = see(&log).await;
    let good = receipt(&own, Fate::Accepted, 1);
    let strange = [
        Receipt {
            sequence: 2,
            ..good.clone()
        },
        Receipt {
            chain: 3,
            ..good.clone()
        },
        Receipt {
            device: OTHER_DEVICE,
            ..good.clone()
        },
        Receipt {
            hash: Hash::of(b"a fork"),
            ..good.clone()
        },
    ];
    log.settle(fence, &strange).await.expect("ignored");
    log.settle(fence, &[]).await.expect("nothing to do");
    assert_same(&see(&log).await, &before);
    let mixed: Vec<Receipt> = strange.into_iter().chain([good]).collect();
    assert_eq!(log.settle(fence, &mixed).await.expect("settled").n_owed, 0);
}

pub async fn a_changed_fate_replaces_the_one_before(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut own = Vec::new();
    for n in 0..4 {
        own.push(act(&log, case(n), Some(n)).await);
    }
    let held = receipt(&own[0], Fate::Held(HeldReason::Gap), 2);
    let refused = receipt(&own[1], Fate::Refused(RefusedReason::Malformed), 2);
    log.settle(fence, &[held.clone(), refused.clone()])
        .await
        .expect("settled");
    let fates = async |limit| {
        let fates = log.fates(limit).await.expect("fates");
        fates
            .into_iter()
            .map(|it| (it.sequence, it.fate))
            .collect::<Vec<_>>()
    };
    let all = [
        (4, None),
        (3, None),
        (2, Some(refused.fate)),
        (1, Some(held.fate)),
    ];
    assert_eq!(fates(4).await, all);
    while log.compact(fence).await.expect("a step").more {}
    assert_eq!(fates(4).await, all);
    assert_eq!(
        fates(1).await,
        [all[0], all[2], all[3]],
        "what needs a person is always told"
    );
    let history = log.history(case(1)).await.expect("a history");
    assert_eq!(
        history.entries[0].arrived, None,
        "what was refused did not arrive"
    );

    let mended = Receipt {
        fate: Fate::Accepted,
        ..held
    };
    let after = log
        .settle(fence, std::slice::from_ref(&mended))
        .await
        .expect("settled");
    assert_eq!((after.n_owed, after.last_receipt), (2, Some(mended.hash())));
    assert_eq!(fates(1).await, [all[0], all[2]]);
    assert_eq!(
        log.history(case(0)).await.expect("a history").receipts,
        [mended]
    );
}

pub async fn what_needs_a_person_is_never_forgotten(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    for n in 0..200 {
        let envelope = act(&log, case(n % 40), Some(1)).await;
        let fate = match n {
            0 => Fate::Held(HeldReason::Fork),
            1 => Fate::Refused(RefusedReason::TooLarge),
            _ => Fate::Accepted,
        };
        let settled = log.settle(fence, &[receipt(&envelope, fate, n)]).await;
        settled.expect("settled");
        if n % 50 == 49 {
            while log.compact(fence).await.expect("a step").more {}
        }
    }
    let fates = log.fates(100).await.expect("fates");
    let sequences: Vec<u64> = fates.iter().map(|it| it.sequence).collect();
    let expected: Vec<u64> = (101..=200).rev().chain([2, 1]).collect();
    assert_eq!(sequences, expected);
}

pub async fn the_opening_has_the_most_urgent_rows_first(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    for n in 0..10 {
        act(&log, case(n), Some(10 * ((n * 7) % 10))).await;
    }
    act(&log, case(100), None).await;
    check_urgent(&log, 3, &[0, 10, 20]).await;
    while log.compact(fence).await.expect("a step").more {}
    check_urgent(&log, 3, &[0, 10, 20]).await;

    // Closed, made less urgent, made most urgent, new: each on top of what was put away.
    act(&log, case(0), None).await;
    act(&log, case(3), Some(95)).await;
    act(&log, case(9), Some(1)).await;
    act(&log, case(101), Some(2)).await;
    for log in [&log, &fixture.open().await] {
        check_urgent(log, 4, &[1, 2, 20, 40]).await;
        check_urgent(log, 100, &[1, 2, 20, 40, 50, 60, 70, 80, 90, 95]).await;
        check_urgent(log, 0, &[]).await;
    }
    while log.compact(fence).await.expect("a step").more {}
    check_urgent(&log, 100, &[1, 2, 20, 40, 50, 60, 70, 80, 90, 95]).await;
}

async fn check_urgent(log: &impl Log, n_rows: usize, due_min: &[i64]) {
    let rows = log.opening(n_rows).await.expect("an opening").rows;
    let due: Vec<_> = rows
        .iter()
        .map(|it| it.due.expect("an open case").minutes_since(NOON))
        .collect();
    assert_eq!(due, due_min);
}

pub async fn the_opening_is_right_however_many_cases_are_open(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut cursor = at(0, 0);
    let due_of = |n: u32| 10 + (n * 37) % 300;
    for first in [0, 100, 200] {
        let mut cases = Vec::new();
        for n in first..first + 100 {
            let entries = vec![entry(foreign(case(n), 1, u64::from(n), 0), n)];
            let mut it = case_in(&log, case(n), entries, Some(due_of(n))).await;
            it.projection.body = vec![7; 900];
            cases.push(it);
        }
        let to = at(1, cursor.position + 100);
        let page = TakeIn {
            from: cursor,
            to,
            cases,
            named: Vec::new(),
        };
        log.take_in(fence, &page).await.expect("a page");
        cursor = to;
    }
    let mut due: BTreeMap<u32, i64> = (0..300).map(|n| (n, due_of(n).into())).collect();
    check_opening(&log, &due, 37).await;
    while log.compact(fence).await.expect("a step").more {}
    check_opening(&log, &due, 37).await;

    // The most urgent are closed, one becomes the most urgent, one the least.
    for n in (0..300).filter(|&n| due_of(n) < 150) {
        act(&log, case(n), None).await;
        due.remove(&n);
    }
    let rest: Vec<u32> = due.keys().copied().collect();
    for (n, due_min) in [(rest[5], 1), (rest[9], 400)] {
        act(&log, case(n), Some(due_min)).await;
        due.insert(n, due_min.into());
    }
    check_opening(&log, &due, 2).await;
    while log.compact(fence).await.expect("a step").more {}
    check_opening(&log, &due, 37).await;
    check_opening(&fixture.after_a_crash().await, &due, 37).await;
}

async fn check_opening(log: &impl Log, due_min: &BTreeMap<u32, i64>, every: usize) {
    let mut due: Vec<i64> = due_min.values().copied().collect();
    due.sort_unstable();
    for n_rows in (0..due.len() + 2).step_by(every) {
        check_urgent(log, n_rows, &due[..n_rows.min(due.len())]).await;
    }
    let pages = all_rows(log, 50).await.into_iter();
    let pages: Vec<i64> = pages
        .filter_map(|it| it.due.map(|due| due.minutes_since(NOON)))
        .collect();
    assert_eq!(pages, due);
}

pub async fn every_row_comes_page_by_page(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut cursor = at(0, 0);
    // Pages large enough to be stored in bulk, and single actions in between.
    for n in 0..6 {
        let mut cases = Vec::new();
        for i in 0..40 {
            let case = case(1_000 * n + i);
            let entries = vec![entry(foreign(case, 1, u64::from(1_000 * n + i), 1_500), n)];
            cases.push(case_in(&log, case, entries, (i % 3 == 0).then_some(i)).await);
        }
        let to = at(1, cursor.position + 40);
        log.take_in(
            fence,
            &TakeIn {
                from: cursor,
                to,
                cases,
                named: Vec::new(),
            },
        )
        .await
        .expect("a page");
        cursor = to;
        act(&log, case(1_000 * n), None).await;
        act(&log, case(1_000 * n + 1), Some(n)).await;
        if n == 3 {
            while log.compact(fence).await.expect("a step").more {}
        }
    }
    for log in [log, fixture.open().await] {
        let rows = all_rows(&log, usize::MAX).await;
        assert_eq!(rows.len(), 240);
        let n_open = rows.iter().take_while(|it| it.due.is_some()).count();
        assert_eq!(
            n_open as u64,
            standing(&log).await.n_open,
            "open ones come first"
        );
        assert!(rows[n_open..].iter().all(|it| it.due.is_none()));
        assert!(rows[..n_open].is_sorted_by_key(|it| (it.due, it.case)));
        let by_case = |mut rows: Vec<Row>| {
            rows.sort_by_key(|it| it.case);
            rows
        };
        let rows = by_case(rows);
        assert!(
            rows.windows(2).all(|two| two[0].case != two[1].case),
            "each case once"
        );
        for max_rows in [0, 1, 25, 100] {
            assert_eq!(
                by_case(all_rows(&log, max_rows).await),
                rows,
                "in pages of {max_rows}"
            );
        }
    }
}

pub async fn rows_in_memory_are_those_of_the_log(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    let fence = other_tab.take_over().await.expect("a fence");
    for n in 0..30 {
        settled_case(&log, fence, n, (n % 3 == 0).then_some(n)).await;
    }
    let mut rows = Lookup::default();
    assert!(rows.is_empty());
    // Others go on meanwhile.
    assert_eq!(rows.read_on(&log, 10).await, Ok(false));
    assert_eq!(rows.len(), 10);
    act(&other_tab, case(3), Some(40)).await;
    act(&other_tab, case(6), None).await;
    act(&other_tab, case(7), Some(2)).await;
    act(&other_tab, case(50), None).await;
    read_all(&mut rows, &log).await;
    same_rows(&rows, &log).await;
    act(&other_tab, case(51), Some(1)).await;
    act(&other_tab, case(8), Some(1)).await;
    act(&other_tab, case(9), None).await;
    act(&log, case(50), None).await;
    assert_eq!(rows.catch_up(&log).await, Ok(true));
    same_rows(&rows, &log).await;
    let n_behind = rows.bodies_from(11).count();
    assert_eq!(n_behind, rows.len() - 11);
    assert!(rows.bodies_from(rows.len() + 1).next().is_none());
    assert_eq!(rows.catch_up(&log).await, Ok(true), "nothing happened");
    // Whoever erases says only that everything may be another one.
    erase(&other_tab, fence, &[case(0), case(1)])
        .await
        .expect("erased");
    assert_eq!(rows.catch_up(&log).await, Ok(false));
    assert!(rows.is_empty(), "nothing erased is left");
    read_all(&mut rows, &log).await;
    same_rows(&rows, &log).await;
    act(&log, case(52), Some(3)).await;
    put_all_away(&other_tab, fence).await;
    read_all(&mut rows, &log).await;
    same_rows(&rows, &log).await;
    // A reading ends, though the log cannot tell what changed beside it; whoever catches up then begins anew.
    let mut rows = Lookup::default();
    assert_eq!(rows.read_on(&log, 7).await, Ok(false));
    erase(&other_tab, fence, &[case(2)]).await.expect("erased");
    read_all(&mut rows, &log).await;
    assert_eq!(
        (rows.len() as u64, rows.n_begun()),
        (standing(&log).await.n_cases, 0)
    );
    assert_eq!(rows.catch_up(&log).await, Ok(false));
    assert_eq!((rows.len(), rows.n_begun()), (0, 1));
}

async fn read_all(rows: &mut Lookup, log: &impl Log) {
    while !rows.read_on(log, 7).await.expect("it can be read") {}
}

/// Open ones in their order, and all of the others.
async fn same_rows(found: &Lookup, log: &impl Log) {
    let expected = all_rows(log, usize::MAX).await;
    let n_open = expected.iter().filter(|it| it.due.is_some()).count();
    let mut expected: Vec<_> = expected.into_iter().map(|it| it.body).collect();
    let mut found: Vec<_> = found.bodies_from(0).map(<[u8]>::to_vec).collect();
    assert_eq!(found.len(), expected.len());
    found[n_open..].sort_unstable();
    expected[n_open..].sort_unstable();
    assert_eq!(found, expected);
}

pub async fn changes_are_what_any_tab_changed(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    let fence = other_tab.take_over().await.expect("a fence");
    act(&log, case(1), Some(1)).await;
    let since = standing(&log).await.position;
    act(&log, case(2), Some(2)).await;
    let mut cases = Vec::new();
    for n in 3..40 {
        let entries = vec![entry(foreign(case(n), 1, u64::from(n), 2_000), n)];
        cases.push(case_in(&other_tab, case(n), entries, (n == 3).then_some(3)).await);
    }
    other_tab
        .take_in(
            fence,
            &TakeIn {
                from: at(0, 0),
                to: at(1, 40),
                cases,
                named: Vec::new(),
            },
        )
        .await
        .expect("a page");
    let last = act(&other_tab, case(2), None).await;
    other_tab
        .settle(fence, &[receipt(&last, Fate::Accepted, 1)])
        .await
        .expect("settled");

    let changes = log
        .changes(since)
        .await
        .expect("changes")
        .expect("nothing was put away");
    assert_eq!(changes.standing, standing(&other_tab).await);
    let mut expected = see(&other_tab).await.rows;
    expected.retain(|it| it.case != case(1));
    assert_eq!(changes.rows, expected);
    let none = log
        .changes(changes.standing.position)
        .await
        .expect("changes")
        .expect("nothing was put away");
    assert_eq!(none.rows, vec![]);

    while other_tab.compact(fence).await.expect("a step").more {}
    assert_eq!(
        log.changes(since).await,
        Ok(None),
        "whoever comes late opens anew"
    );
    let now = standing(&log).await.position;
    assert_eq!(
        log.changes(now)
            .await
            .expect("changes")
            .expect("up to date")
            .rows,
        vec![]
    );
}

pub async fn compaction_changes_nothing_that_can_be_read(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut cursor = at(0, 0);
    for round in 0..3 {
        for n in 0..80 {
            let envelope = act(&log, case(n % 50), (n % 4 != 0).then_some(n + round)).await;
            if n % 3 == 0 {
                log.settle(fence, &[receipt(&envelope, Fate::Accepted, n)])
                    .await
                    .expect("settled");
            }
            if n % 20 == 0 {
                let case = case(n % 50);
                let foreign = entry(foreign(case, 5, u64::from(1_000 * round + n), 70), n);
                let cases =
                    vec![case_in(&log, case, vec![entry(envelope, n), foreign], Some(n)).await];
                let to = at(1, cursor.position + 2);
                log.take_in(
                    fence,
                    &TakeIn {
                        from: cursor,
                        to,
                        cases,
                        named: Vec::new(),
                    },
                )
                .await
                .expect("a page");
                cursor = to;
            }
        }
        let before = see(&log).await;
        let mut n_sealed = 0;
        loop {
            let step = log.compact(fence).await.expect("a step");
            n_sealed += step.n_sealed;
            assert_same(&see(&log).await, &before);
            assert_same(&see(&fixture.after_a_crash().await).await, &before);
            if !step.more {
                break;
            }
        }
        assert!(n_sealed >= 80, "{n_sealed} writes were put away");
        assert_eq!(standing(&log).await.n_journal, 0);
        assert_eq!(log.compact(fence).await.expect("a step").n_sealed, 0);
    }
}

pub async fn rows_are_right_wherever_compaction_pauses(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut cursor = at(0, 0);
    for round in 0..10 {
        // Moves the place where a step ends.
        for n in 0..round {
            act(&log, case(5_000 + n), Some(n)).await;
        }
        let first = 100 * round;
        act(&log, case(first), Some(1)).await;
        act(&log, case(first + 1), None).await;
        // Two large pages of the same cases: opened and then closed, or the other way round.
        for turn in 0..2 {
            let mut cases = Vec::new();
            for n in first..first + 12 {
                let id = u64::from(1_000 * turn + 10_000 * round + n);
                let entries = vec![entry(foreign(case(n), 1 + id, id, 3_500), n)];
                let is_open = (n + turn) % 2 == 0;
                cases.push(case_in(&log, case(n), entries, is_open.then_some(n)).await);
            }
            let to = at(1, cursor.position + 12);
            let page = TakeIn {
                from: cursor,
                to,
                cases,
                named: Vec::new(),
            };
            log.take_in(fence, &page).await.expect("a page");
            cursor = to;
        }
        act(&log, case(first + 2), Some(3)).await;
        act(&log, case(first + 3), None).await;
        let open = log.opening(usize::MAX).await.expect("an opening").rows;
        let all = all_rows(&log, 500).await;
        let closed = |it: &[Row]| {
            let mut closed = it[open.len()..].to_vec();
            closed.sort_by_key(|it| it.case);
            closed
        };
        let mut more = true;
        while more {
            more = log.compact(fence).await.expect("a step").more;
            let found = log.opening(usize::MAX).await.expect("an opening");
            assert_eq!(found.rows, open);
            let found = all_rows(&log, 500).await;
            assert_eq!(closed(&found), closed(&all));
        }
    }
    see(&fixture.open().await).await;
}

/// A case with an own envelope and somebody else's, both at head office.
async fn settled_case(log: &impl Log, fence: Fence, n: u32, due: Option<u32>) -> Vec<Envelope> {
    let own = act(log, case(n), due).await;
    let accepted = receipt(&own, Fate::Accepted, n);
    log.settle(fence, &[accepted]).await.expect("settled");
    let theirs = foreign(case(n), 1 + u64::from(n), u64::from(n), 700);
    take(log, fence, case(n), vec![theirs.clone()], due).await;
    vec![own, theirs]
}

/// Takes in a page with these envelopes of a case.
async fn take(
    log: &impl Log,
    fence: Fence,
    case: CaseId,
    envelopes: Vec<Envelope>,
    due: Option<u32>,
) {
    let from = standing(log).await.cursor;
    let to = at(1, from.position + envelopes.len() as u64);
    let entries = envelopes.into_iter().map(|it| entry(it, 5)).collect();
    let cases = vec![case_in(log, case, entries, due).await];
    let page = TakeIn {
        from,
        to,
        cases,
        named: Vec::new(),
    };
    log.take_in(fence, &page).await.expect("a page");
}

async fn put_all_away(log: &impl Log, fence: Fence) {
    while log.compact(fence).await.expect("a step").more {}
}

pub async fn what_is_let_go_of_is_gone_and_the_rest_stays(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    for n in 0..24 {
        settled_case(&log, fence, n, (n % 3 > 0).then_some(n)).await;
        match n {
            11 => put_all_away(&log, fence).await,
            // Closed, and opened again: its row lies in two places.
            15 => drop(settled_case(&log, fence, 0, Some(1)).await),
            17 => drop(log.compact(fence).await.expect("a step")),
            _ => {}
        }
    }
    let receipt = receipt(&act(&log, case(50), Some(1)).await, Fate::Accepted, 1);
    log.settle(fence, &[receipt]).await.expect("settled");
    act(&log, case(51), Some(2)).await;
    let before = see(&other_tab).await;

    let going = [0, 1, 2, 3, 14, 20, 23].map(case);
    let mut named: Vec<(CaseId, u32)> = Vec::new();
    for it in going {
        named.push((it, log.history(it).await.expect("a history").version));
    }
    named.push((case(99), 0));
    let stays = |it: &CaseId| !going.contains(it);
    let standing = log.let_go(fence, &named).await.expect("let go");
    assert_eq!(
        log.changes(before.standing.position).await,
        Ok(None),
        "whoever shows them opens anew"
    );
    let n_open_gone = before.open.iter().filter(|it| !stays(&it.case)).count();
    let expected = Seen {
        standing: Standing {
            position: standing.position,
            n_cases: before.standing.n_cases - going.len() as u64,
            n_open: before.standing.n_open - n_open_gone as u64,
            ..before.standing
        },
        settings: before.settings,
        histories: before
            .rows
            .iter()
            .zip(before.histories)
            .filter_map(|(row, it)| stays(&row.case).then_some(it))
            .collect(),
        rows: before
            .rows
            .into_iter()
            .filter(|it| stays(&it.case))
            .collect(),
        open: before
            .open
            .into_iter()
            .filter(|it| stays(&it.case))
            .collect(),
        owed: before.owed,
        own: before
            .own
            .into_iter()
            .filter(|it| stays(&it.header().case))
            .collect(),
        // As many as there are: the last twenty reach back behind those that went.
        fates: see(&log).await.fates,
    };
    assert!(expected.fates.iter().all(|it| stays(&it.case)));
    assert_eq!(
        expected.fates.len(),
        19,
        "two of case 0 and one of each other went"
    );
    for log in [&log, &other_tab, &fixture.after_a_crash().await] {
        assert_same(&see(log).await, &expected);
        for it in going {
            assert_eq!(log.history(it).await, Ok(History::default()));
        }
    }
    act(&other_tab, case(52), Some(3)).await;
    put_all_away(&log, fence).await;
    let after = see(&fixture.after_a_crash().await).await;
    assert_eq!(after.rows.len(), expected.rows.len() + 1);
    let again = log.let_go(fence, &going.map(|it| (it, 0))).await;
    assert_eq!(again.map(|it| it.position), Ok(after.standing.position));
}

pub async fn what_is_not_settled_is_not_let_go_of(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let own = act(&log, case(1), None).await;
    settled_case(&log, fence, 2, None).await;
    let both = [(case(2), 2), (case(1), 1)];
    let unsettled = Conflict::Unsettled { case: case(1) };
    let tell = async |fate: Fate, epoch: u64| {
        let receipt = Receipt {
            epoch,
            ..receipt(&own, fate, 1)
        };
        log.settle(fence, &[receipt]).await.expect("settled");
    };
    for (epoch, fate) in (1..).zip([
        None,
        Some(Fate::Held(HeldReason::Gap)),
        Some(Fate::Refused(RefusedReason::TooLarge)),
    ]) {
        if let Some(fate) = fate {
            tell(fate, epoch).await;
        }
        for log in [&log, &fixture.after_a_crash().await] {
            assert_eq!(conflict(log.let_go(fence, &both).await), unsettled);
            let n_cases = standing(log).await.n_cases;
            assert_eq!((n_cases, see(log).await.rows.len()), (2, 2));
        }
        put_all_away(&log, fence).await;
        assert_eq!(conflict(log.let_go(fence, &both).await), unsettled);
    }
    tell(Fate::Refused(RefusedReason::Withdrawn), 9).await;
    log.let_go(fence, &both).await.expect("taken back");
    assert_eq!(standing(&log).await.n_cases, 0);
    assert_eq!(log.fates(10).await, Ok(vec![]));
}

pub async fn letting_go_happens_whole_or_not_at_all(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    for n in 1..5 {
        settled_case(&log, fence, n, None).await;
    }
    let before = see(&log).await;
    let named = [1, 2, 3].map(|n| (case(n), 2));
    for (case, expected, found) in [(case(4), 1, 2), (case(4), 0, 2), (case(9), 1, 0)] {
        let named = [named.as_slice(), &[(case, expected)]].concat();
        let conflict = conflict(log.let_go(fence, &named).await);
        let found = Conflict::Case {
            case,
            expected,
            found,
        };
        assert_eq!(conflict, found);
    }
    assert_same(&see(&log).await, &before);
    put_all_away(&log, fence).await;
    if fixture.fill_up(&log) {
        let full = Err(WriteError::Fault(Fault::QuotaExceeded));
        assert_eq!(log.let_go(fence, &named).await, full);
        assert_same(&see(&log).await, &before);
        assert_same(&see(&fixture.after_a_crash().await).await, &before);
    }
    if fixture.lose_next_answer(&log) {
        let lost = Err(WriteError::Fault(Fault::ConnectionLost));
        assert_eq!(log.let_go(fence, &named).await, lost);
    } else {
        log.let_go(fence, &named).await.expect("let go");
    }
    for log in [&log, &fixture.after_a_crash().await] {
        assert_eq!(see(log).await.rows.len(), 1);
    }
}

/// Takes the words out of these cases, as they stand here.
///
/// # Errors
/// As [`Log::erase`].
pub async fn erase(log: &impl Log, fence: Fence, cases: &[CaseId]) -> Result<Standing, WriteError> {
    let mut named = Vec::new();
    for &case in cases {
        named.push(Erase {
            case,
            expected_version: log.history(case).await.expect("a history").version,
            body: format!("{case} without its words").into_bytes(),
        });
    }
    log.erase(fence, &named).await
}

/// What is to be seen once the words of these cases are gone.
fn without_words(mut seen: Seen, cases: &[CaseId]) -> Seen {
    let strip = |it: &mut Envelope| {
        if cases.contains(&it.header().case) {
            *it = it.clone().without_content();
        }
    };
    let entries = seen.histories.iter_mut().flat_map(|it| &mut it.entries);
    entries.for_each(|it| strip(&mut it.envelope));
    seen.owed.iter_mut().for_each(strip);
    seen.own.iter_mut().for_each(strip);
    for row in seen.rows.iter_mut().chain(&mut seen.open) {
        if cases.contains(&row.case) {
            row.body = format!("{} without its words", row.case).into_bytes();
        }
    }
    seen
}

/// The words of what [`say`] writes.
pub const WORDS: [u8; 40] = [b'x'; 40];

/// As [`act`], with words.
pub async fn say(log: &impl Log, n: u32, due: Option<u32>) -> Envelope {
    let append = next_saying(log, case(n), due, WORDS.len()).await;
    let envelope = append.envelope.clone();
    log.append(append).await.expect("an append");
    envelope
}

pub async fn the_words_of_an_erased_case_are_gone_and_all_else_stays(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    for n in 0..24 {
        settled_case(&log, fence, n, (n % 3 > 0).then_some(n)).await;
        let said = say(&log, n, (n % 3 > 0).then_some(n)).await;
        match n {
            5 => tell(&log, fence, &said, Fate::Held(HeldReason::Fork)).await,
            6 => tell(&log, fence, &said, Fate::Refused(RefusedReason::TooLarge)).await,
            11 => put_all_away(&log, fence).await,
            // Closed, and opened again: its row lies in two places.
            15 => drop(settled_case(&log, fence, 0, Some(1)).await),
            17 => drop(log.compact(fence).await.expect("a step")),
            _ => {}
        }
    }
    let before = see(&other_tab).await;
    let erased = [0, 1, 3, 5, 6, 14, 20, 23].map(case);
    let here = [&erased[..], &[case(99)]].concat();
    let standing = erase(&log, fence, &here).await.expect("erased");
    assert_eq!(
        log.changes(before.standing.position).await,
        Ok(None),
        "whoever shows them opens anew"
    );
    let before = Seen {
        standing: Standing {
            position: standing.position,
            ..before.standing
        },
        ..before
    };
    assert!(
        before
            .owed
            .iter()
            .any(|it| erased.contains(&it.header().case))
    );
    let expected = without_words(before, &erased);
    for log in [&log, &other_tab, &fixture.after_a_crash().await] {
        assert_same(&see(log).await, &expected);
    }
    let again = erase(&other_tab, fence, &erased).await;
    assert_eq!(again.map(|it| it.position), Ok(standing.position), "once");
    // Those that are owed go out, and the case goes on.
    let owed = log.owed(usize::MAX).await.expect("what is owed");
    for it in &owed {
        tell(&log, fence, it, Fate::Accepted).await;
    }
    say(&log, 0, Some(3)).await;
    put_all_away(&log, fence).await;
    let late = log.history(case(0)).await.expect("a history").entries;
    assert_eq!(
        late.iter().filter(|it| it.envelope.has_content()).count(),
        1
    );
    erase(&log, fence, &[case(0)]).await.expect("erased");
    let late = fixture.after_a_crash().await.history(case(0)).await;
    let late = late.expect("a history").entries;
    assert!(late.iter().all(|it| !it.envelope.has_content()));
}

async fn tell(log: &impl Log, fence: Fence, envelope: &Envelope, fate: Fate) {
    let receipt = receipt(envelope, fate, 1);
    log.settle(fence, &[receipt]).await.expect("settled");
}

pub async fn erasing_happens_whole_or_not_at_all(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    for n in 1..5 {
        settled_case(&log, fence, n, None).await;
    }
    let before = see(&log).await;
    let erased = [1, 2, 3].map(case);
    let stale = Erase {
        case: case(4),
        expected_version: 1,
        body: Vec::new(),
    };
    let found = Conflict::Case {
        case: case(4),
        expected: 1,
        found: 2,
    };
    let sound = Erase {
        case: case(1),
        expected_version: 2,
        ..stale.clone()
    };
    let refused = log.erase(fence, &[sound.clone(), stale]).await;
    assert_eq!(conflict(refused), found);
    let taken_over = Conflict::Fence { found: fence };
    let other = Fence(fence.0 + 1);
    assert_eq!(conflict(log.erase(other, &[sound]).await), taken_over);
    assert_same(&see(&log).await, &before);
    put_all_away(&log, fence).await;
    if fixture.fill_up(&log) {
        let full = Err(WriteError::Fault(Fault::QuotaExceeded));
        assert_eq!(erase(&log, fence, &erased).await, full);
        assert_same(&see(&log).await, &before);
        assert_same(&see(&fixture.after_a_crash().await).await, &before);
    }
    if fixture.lose_next_answer(&log) {
        let lost = Err(WriteError::Fault(Fault::ConnectionLost));
        assert_eq!(erase(&log, fence, &erased).await, lost);
    } else {
        erase(&log, fence, &erased).await.expect("erased");
    }
    let position = standing(&log).await.position;
    let before = Seen {
        standing: Standing {
            position,
            ..before.standing
        },
        ..before
    };
    let expected = without_words(before, &erased);
    for log in [&log, &fixture.after_a_crash().await] {
        assert_same(&see(log).await, &expected);
    }
}

pub async fn what_was_let_go_of_comes_again_whole(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut first = settled_case(&log, fence, 1, None).await;
    let second = settled_case(&log, fence, 2, None).await;
    first.extend(settled_case(&log, fence, 1, None).await.into_iter().take(1));
    let head = standing(&log).await.head;
    let going = [(case(1), 3), (case(2), 2)];
    log.let_go(fence, &going).await.expect("let go");
    assert_eq!(standing(&log).await.head, head);
    assert_eq!(log.own_after(0, 0, usize::MAX).await, Ok(vec![]));
    let last = act(&log, case(3), Some(1)).await;

    for turn in 0..2 {
        let stamped = |it: &Envelope| entry(it.clone(), 5);
        take(&log, fence, case(1), first.clone(), Some(4)).await;
        if turn == 0 {
            put_all_away(&log, fence).await;
        }
        let mut entries: Vec<Entry> = first.iter().map(stamped).collect();
        entries.sort_by_key(|it| it.envelope.order());
        for log in [&log, &fixture.after_a_crash().await] {
            let history = log.history(case(1)).await.expect("a history");
            assert_eq!((history.version, &history.entries), (3, &entries));
            let standing = standing(log).await;
            assert_eq!((standing.n_cases, standing.n_open), (2, 2));
            assert_eq!(standing.head.sequence, head.sequence + 1);
            assert_eq!(
                (standing.n_owed, log.owed(9).await),
                (1, Ok(vec![last.clone()]))
            );
            let own = [first[0].clone(), first[2].clone(), last.clone()];
            let found = log.own_after(0, 0, usize::MAX).await;
            assert_eq!(found, Ok(own.to_vec()));
            let mut behind = 0;
            for it in own {
                let next = log.own_after(0, behind, 1).await.expect("one");
                assert_eq!(next, [it]);
                behind = next[0].header().sequence;
            }
            assert_eq!(log.fates(9).await.expect("fates").len(), 1);
        }
        let repeated = receipt(&first[0], Fate::Held(HeldReason::Fork), 7);
        let settled = log.settle(fence, &[repeated]).await.expect("ignored");
        assert_eq!(settled.n_owed, 1);
        let version = log.history(case(1)).await.expect("a history").version;
        log.let_go(fence, &[(case(1), version)])
            .await
            .expect("again");
        let own = log.own_after(0, 0, usize::MAX).await;
        assert_eq!(own, Ok(vec![last.clone()]));
    }
    take(&log, fence, case(2), second, None).await;
    assert_eq!(see(&log).await.rows.len(), 2);
}

pub async fn what_a_twin_wrote_in_a_place_does_not_hide_what_was_never_away(
    fixture: &impl Fixture,
) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    settled_case(&log, fence, 1, None).await;
    let kept = act(&log, case(2), Some(1)).await;
    log.let_go(fence, &[(case(1), 2)]).await.expect("let go");
    let before = Head {
        chain: 0,
        sequence: 1,
        hash: kept.header().previous,
        counter: 7,
    };
    let twins = envelope(DEVICE, case(3), before, 77, 9);
    let later = Head {
        sequence: 40,
        ..before
    };
    let ahead = envelope(DEVICE, case(3), later, 78, 9);
    let theirs = envelope(OTHER_DEVICE, case(3), Head::default(), 79, 9);
    take(&log, fence, case(3), vec![twins, ahead, theirs], None).await;
    for _ in 0..2 {
        let own = log.own_after(0, 0, usize::MAX).await;
        assert_eq!(own, Ok(vec![kept.clone()]));
        put_all_away(&log, fence).await;
    }
}

pub async fn the_last_fates_are_those_of_what_is_there(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    for n in 1..4 {
        act(&log, case(n), Some(1)).await;
    }
    put_all_away(&log, fence).await;
    for n in 10..16 {
        settled_case(&log, fence, n, None).await;
    }
    let going: Vec<(CaseId, u32)> = (10..16).map(|n| (case(n), 2)).collect();
    log.let_go(fence, &going).await.expect("let go");
    for log in [&log, &fixture.open().await] {
        let fates = log.fates(2).await.expect("fates");
        let sequences: Vec<u64> = fates.iter().map(|it| it.sequence).collect();
        assert_eq!(sequences, [3, 2]);
    }
}

pub async fn whoever_took_over_is_the_only_owner(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let other_tab = fixture.open().await;
    let old = log.take_over().await.expect("a fence");
    let own = act(&log, case(1), Some(1)).await;
    let new = other_tab.take_over().await.expect("a fence");
    assert!(new > old);
    let found = Conflict::Fence { found: new };
    for stale in [old, Fence(0), Fence(new.0 + 1)] {
        assert_eq!(
            conflict(log.settle(stale, &[receipt(&own, Fate::Accepted, 1)]).await),
            found
        );
        let page = TakeIn {
            from: at(0, 0),
            to: at(1, 1),
            cases: vec![],
            named: vec![setting("read", b"far")],
        };
        assert_eq!(conflict(log.take_in(stale, &page).await), found);
        assert_eq!(conflict(log.compact(stale).await), found);
        assert_eq!(conflict(log.let_go(stale, &[]).await), found);
    }
    assert_eq!(standing(&log).await.n_owed, 1);
    assert_eq!(log.get(Section::Settings, "read").await, Ok(None));
    act(&log, case(1), Some(2)).await;
    other_tab.compact(new).await.expect("a step");
}

pub async fn a_chain_that_goes_on_elsewhere_is_left_for_good(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let old = [
        act(&log, case(1), Some(1)).await,
        act(&log, case(1), Some(2)).await,
    ];
    let chain = old[0].header().chain;
    let overtaken = log.take_over().await.expect("a fence");
    let fence = log.take_over().await.expect("a fence");
    let found = conflict(log.start_chain(overtaken, chain + 5).await);
    assert_eq!(found, Conflict::Fence { found: fence });

    let started = log.start_chain(fence, chain + 5).await.expect("a chain");
    let head = Head {
        chain: chain + 5,
        sequence: 0,
        hash: None,
        counter: 2,
    };
    assert_eq!((started.head, started.n_owed), (head, 2));
    for lower in [chain + 5, chain] {
        let again = log.start_chain(fence, lower).await.expect("no change");
        assert_eq!(again, started);
    }
    let after_a_crash = fixture.after_a_crash().await;
    assert_eq!(standing(&after_a_crash).await.head, head);

    let new = act(&log, case(1), Some(3)).await;
    let header = new.header();
    assert_eq!(
        (header.chain, header.sequence, header.previous),
        (chain + 5, 1, None)
    );
    let owed = log.owed(usize::MAX).await.expect("what is owed");
    assert_eq!(owed, old, "the lowest chain that owes comes first");
    let receipts: Vec<_> = old
        .iter()
        .map(|it| receipt(it, Fate::Accepted, 1))
        .collect();
    log.settle(fence, &receipts).await.expect("settled");
    assert_eq!(log.owed(usize::MAX).await.expect("what is owed"), [new]);
    let history = log.history(case(1)).await.expect("a history");
    assert_eq!(history.entries.len(), 3);
}

pub async fn what_was_refused_or_taken_back_does_not_count(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let mut own = Vec::new();
    for _ in 0..4 {
        own.push(act(&log, case(1), Some(1)).await);
    }
    let fates = [
        Fate::Accepted,
        Fate::Refused(RefusedReason::TooLarge),
        Fate::Held(HeldReason::Fork),
        Fate::Refused(RefusedReason::Withdrawn),
    ];
    let receipts: Vec<_> = own
        .iter()
        .zip(fates)
        .map(|(it, fate)| receipt(it, fate, 1))
        .collect();
    log.settle(fence, &receipts).await.expect("settled");
    for log in [&log, &fixture.after_a_crash().await] {
        let history = log.history(case(1)).await.expect("a history");
        assert_eq!((history.version, history.entries.len()), (4, 4));
        let counting: Vec<_> = history.counting().map(|it| it.envelope.clone()).collect();
        assert_eq!(counting, [own[0].clone(), own[2].clone()]);
        let n_for_people = log.fates(0).await.expect("fates").len();
        assert_eq!(n_for_people, 2, "what was taken back needs nobody");
    }
}

pub async fn named_records_are_kept_apart(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let large = vec![7; 200_000];
    for section in Section::ALL {
        log.put(section, "b/ü", section.slug().as_bytes())
            .await
            .expect("stored");
    }
    log.put(Section::Drafts, "a", &large).await.expect("stored");
    log.put(Section::Drafts, "c", b"").await.expect("stored");
    for log in [&log, &fixture.after_a_crash().await] {
        assert_eq!(log.get(Section::Drafts, "a").await, Ok(Some(large.clone())));
        assert_eq!(log.get(Section::Drafts, "c").await, Ok(Some(vec![])));
        assert_eq!(log.get(Section::Texts, "a").await, Ok(None));
        for section in Section::ALL {
            assert_eq!(
                log.get(section, "b/ü").await,
                Ok(Some(section.slug().as_bytes().to_vec()))
            );
        }
    }
    assert_eq!(
        log.list(Section::Drafts).await,
        Ok(["a", "b/ü", "c"].map(str::to_owned).to_vec())
    );
    let together = [
        NamedRecord::new(Section::Texts, "b/ü", b"together"),
        NamedRecord::new(Section::Drafts, "a", &large),
        NamedRecord::new(Section::Drafts, "b/ü", b"drafts"),
        NamedRecord::new(Section::Drafts, "c", b"together"),
    ];
    log.put_all(&[together[3].clone(), together[0].clone()])
        .await
        .expect("stored");
    assert_eq!(
        log.records(&[Section::Texts, Section::Drafts]).await,
        Ok(together.to_vec())
    );
    log.put(Section::Drafts, "a", b"new").await.expect("stored");
    log.remove(Section::Drafts, "b/ü").await.expect("removed");
    log.remove(Section::Drafts, "never was")
        .await
        .expect("nothing to remove");
    assert_eq!(
        log.get(Section::Drafts, "a").await,
        Ok(Some(b"new".to_vec()))
    );
    assert_eq!(
        log.list(Section::Drafts).await,
        Ok(["a", "c"].map(str::to_owned).to_vec())
    );
    assert_eq!(log.list(Section::Texts).await, Ok(vec!["b/ü".to_owned()]));
    assert_eq!(
        standing(&log).await,
        Standing::default(),
        "named records are not part of the log"
    );
}

pub async fn a_full_store_keeps_what_it_has(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let fence = log.take_over().await.expect("a fence");
    let own = act(&log, case(1), Some(1)).await;
    log.put(Section::Drafts, "a", b"words")
        .await
        .expect("stored");
    let before = see(&log).await;
    let full = || Err(WriteError::Fault(Fault::QuotaExceeded));
    let append = next(&log, case(1), None).await;
    let cases = vec![
        case_in(
            &log,
            case(2),
            vec![entry(foreign(case(2), 1, 1, 9), 1)],
            None,
        )
        .await,
    ];
    let page = TakeIn {
        from: at(0, 0),
        to: at(1, 1),
        cases,
        named: vec![setting("read", b"far")],
    };

    if !fixture.fill_up(&log) {
        return;
    }
    assert_eq!(log.append(append.clone()).await, full());
    fixture.fill_up(&log);
    assert_eq!(log.take_in(fence, &page).await, full());
    fixture.fill_up(&log);
    assert_eq!(
        log.settle(fence, &[receipt(&own, Fate::Accepted, 1)]).await,
        full()
    );
    fixture.fill_up(&log);
    assert_eq!(
        log.put(Section::Drafts, "a", b"more words").await,
        Err(Fault::QuotaExceeded)
    );
    fixture.fill_up(&log);
    assert_eq!(
        log.compact(fence).await.map(|it| it.more),
        Err(WriteError::Fault(Fault::QuotaExceeded))
    );
    assert_same(&see(&log).await, &before);
    assert_same(&see(&fixture.after_a_crash().await).await, &before);
    assert_eq!(
        log.get(Section::Drafts, "a").await,
        Ok(Some(b"words".to_vec()))
    );

    log.append(append).await.expect("room again");
    log.take_in(fence, &page).await.expect("room again");
    assert_eq!(see(&log).await.rows.len(), 2);
}

pub async fn a_lost_answer_is_found_out(fixture: &impl Fixture) {
    let log = fixture.open().await;
    let append = next(&log, case(1), Some(1)).await;
    if !fixture.lose_next_answer(&log) {
        return;
    }
    assert_eq!(
        log.append(append.clone()).await,
        Err(WriteError::Fault(Fault::ConnectionLost))
    );
    assert!(
        standing(&log).await.head.is(&append.envelope),
        "the head tells that it was stored"
    );
    log.append(append).await.expect("asking again is harmless");
    assert_eq!(see(&log).await.rows[0].version, 1);
    act(&log, case(1), None).await;
}

/// Draws numbers from a seed, so that a failure can be seen again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(n)).expect("below a u32")
    }
}

/// For about half of these.
fn draw_receipts(owed: &[Envelope], chance: &mut Chance, arrived_min: u32) -> Vec<Receipt> {
    let fates = [
        Fate::Accepted,
        Fate::Held(HeldReason::Gap),
        Fate::Refused(RefusedReason::NotYours),
    ];
    owed.iter()
        .filter_map(|it| {
            let fate = fates[chance.below(3) as usize];
            (chance.below(2) == 0).then(|| receipt(it, fate, arrived_min))
        })
        .collect()
}

/// Lets go of these cases here and there, if neither keeps one of them; what went.
async fn let_go_of_both(
    log: &impl Log,
    reference: &impl Log,
    fence: Fence,
    cases: &[CaseId],
) -> Vec<(CaseId, Vec<Envelope>)> {
    let (mut named, mut gone) = (Vec::new(), Vec::new());
    for &case in cases {
        let history = reference.history(case).await.expect("a history");
        named.push((case, history.version));
        let envelopes = history.entries.into_iter().map(|it| it.envelope);
        gone.push((case, envelopes.collect()));
    }
    let here = log.let_go(fence, &named).await;
    let there = reference.let_go(fence, &named).await;
    match (here, there) {
        (Ok(_), Ok(_)) => gone,
        (Err(here), Err(there)) => {
            // Where several are not settled, either may be named.
            let [here, there] = [here, there].map(|it| conflict::<()>(Err(it)));
            let both = (&here, &there);
            let unsettled = matches!(
                both,
                (Conflict::Unsettled { .. }, Conflict::Unsettled { .. })
            );
            assert!(here == there || unsettled, "{both:?}");
            Vec::new()
        }
        (here, there) => panic!("{here:?}, but {there:?}"),
    }
}

/// Cases that are new, known, or come again after they were let go of.
async fn draw_page(
    log: &impl Log,
    chance: &mut Chance,
    round: u32,
    gone: &mut BTreeMap<CaseId, Vec<Envelope>>,
) -> TakeIn {
    let from = standing(log).await.cursor;
    let (n_cases, n_words) = (1 + chance.below(20), chance.below(2) as usize * 4_000);
    let first = chance.below(40);
    let mut cases = Vec::new();
    for n in 0..n_cases {
        let case = case(first + n);
        let counter = 1 + u64::from(chance.below(round + 1));
        let due = (chance.below(3) > 0).then(|| chance.below(500));
        let mut entries = vec![entry(
            foreign(case, counter, u64::from(round * 100 + n), n_words),
            round,
        )];
        let known = log.history(case).await.expect("a history").entries;
        entries.extend(
            known
                .into_iter()
                .take(3)
                .map(|it| entry(it.envelope, round)),
        );
        let again = gone.remove(&case).unwrap_or_default().into_iter();
        entries.extend(again.map(|it| entry(it, round)));
        cases.push(case_in(log, case, entries, due).await);
    }
    TakeIn {
        from,
        to: at(1, from.position + u64::from(n_cases)),
        cases,
        named: vec![setting("read", &round.to_be_bytes())],
    }
}

/// Whatever is done in whatever order by two tabs, a log shows what the memory double shows.
pub async fn chance_agrees_with_memory(fixture: &impl Fixture) {
    let reference = crate::Memory::new();
    let tabs = [fixture.open().await, fixture.open().await];
    let mut fence = Fence(0);
    let mut chance = Chance(20_260_713);
    let mut gone: BTreeMap<CaseId, Vec<Envelope>> = BTreeMap::new();
    let mut n_let_go = 0;
    // A browser's disk is slower, and its tests have a time limit.
    let n_rounds: u32 = if cfg!(target_arch = "wasm32") {
        150
    } else {
        400
    };
    for round in 0..n_rounds {
        let log = &tabs[chance.below(2) as usize];
        let due = |chance: &mut Chance| (chance.below(3) > 0).then(|| chance.below(500));
        match chance.below(25) {
            0..=9 => {
                let case = case(chance.below(30));
                let n_words = chance.below(2) as usize * 100;
                let append = next_saying(&reference, case, due(&mut chance), n_words).await;
                let stored = log.append(append.clone()).await.expect("an append");
                let expected = reference.append(append).await.expect("an append");
                assert_eq!(stored.head, expected.head, "round {round}");
            }
            10..=13 => {
                let page = draw_page(&reference, &mut chance, round, &mut gone).await;
                log.take_in(fence, &page).await.expect("a page");
                reference.take_in(fence, &page).await.expect("a page");
            }
            14..=16 => {
                let owed = reference.owed(usize::MAX).await.expect("what is owed");
                let drawn = draw_receipts(&owed, &mut chance, round);
                log.settle(fence, &drawn).await.expect("settled");
                reference.settle(fence, &drawn).await.expect("settled");
            }
            17 => {
                fence = log.take_over().await.expect("a fence");
                assert_eq!(reference.take_over().await, Ok(fence));
            }
            18..=20 => {
                let mut going = Vec::new();
                for _ in 0..=chance.below(3) {
                    going.push(case(chance.below(60)));
                }
                for (case, entries) in let_go_of_both(log, &reference, fence, &going).await {
                    gone.insert(case, entries);
                    n_let_go += 1;
                }
            }
            21..=22 => {
                let erased = [(); 3].map(|()| case(chance.below(60)));
                let here = erase(log, fence, &erased).await.expect("erased");
                let there = erase(&reference, fence, &erased).await;
                assert_eq!(
                    Ok(here.position),
                    there.map(|it| it.position),
                    "round {round}"
                );
            }
            _ => {
                log.compact(fence).await.expect("a step");
            }
        }
        let (here, there) = (standing(&tabs[0]).await, standing(&reference).await);
        assert_eq!(
            Standing {
                n_journal: 0,
                ..here
            },
            Standing {
                n_journal: 0,
                ..there
            },
            "round {round}"
        );
        if round % 40 == 39 {
            let expected = see(&reference).await;
            let tab = &tabs[(round / 40 % 2) as usize];
            assert_same(&see(tab).await, &expected);
        }
    }
    let expected = see(&reference).await;
    assert_same(&see(&fixture.after_a_crash().await).await, &expected);
    assert!(n_let_go > n_rounds / 20, "{n_let_go} cases went");
}
