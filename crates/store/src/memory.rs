//! A log in memory: the reference that others are measured against, and the device's disk in simulations.
//!
//! Clones are tabs: they share one store. [`Memory::snapshot`] is the disk at this moment, as a crash
//! would leave it, and costs nothing until one of the two is written to.

mod files;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use shouwen_domain::envelope::{Envelope, Fate, Receipt};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId};
use shouwen_domain::moment::Moment;

use crate::fault::{Conflict, Fault, WriteError};
use crate::log::{
    Append, Changes, Compacted, Cursor, Entry, Erase, Fence, Head, History, Log, NamedRecord,
    Opening, OwnFate, Position, Projection, Row, RowMark, RowPage, Section, Standing, TakeIn,
    is_settled,
};

/// Writes that one step of compaction puts away.
const STEP: u64 = 64;

/// A handle on a log in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    disk: Rc<RefCell<Rc<Disk>>>,
    failures: Rc<RefCell<VecDeque<Failure>>>,
    is_full: Rc<Cell<bool>>,
}

/// How the next write fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nothing is stored.
    Before(Fault),
    /// All is stored, and the answer is [`Fault::ConnectionLost`].
    AnswerLost,
}

impl Memory {
    pub fn new() -> Self {
        Self::default()
    }

    /// Another store with what this one durably holds now, and no failures ahead.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self {
            disk: Rc::new(RefCell::new(Rc::clone(&self.disk.borrow()))),
            failures: Rc::default(),
            is_full: Rc::default(),
        }
    }

    /// Lets the next write fail that has none planned yet. A call that is refused or has nothing to write
    /// does not use it up.
    pub fn fail_next_write(&self, failure: Failure) {
        self.failures.borrow_mut().push_back(failure);
    }

    /// Whether the disk has no room: while it has none, every write that has something to store fails.
    pub fn set_full(&self, is_full: bool) {
        self.is_full.set(is_full);
    }

    pub fn is_full(&self) -> bool {
        self.is_full.get()
    }

    fn disk(&self) -> Rc<Disk> {
        Rc::clone(&self.disk.borrow())
    }

    /// One transaction: `change` sees the disk and either all of it is stored or nothing.
    fn write<T, E: From<Fault>>(
        &self,
        change: impl FnOnce(&mut Disk) -> Result<Written<T>, E>,
    ) -> Result<T, E> {
        let mut next = self.disk();
        match change(Rc::make_mut(&mut next))? {
            Written::Nothing(answer) => Ok(answer),
            Written::Changed(_) if self.is_full() => Err(Fault::QuotaExceeded.into()),
            Written::Changed(answer) => match self.failures.borrow_mut().pop_front() {
                None => {
                    self.disk.replace(next);
                    Ok(answer)
                }
                Some(Failure::Before(fault)) => Err(fault.into()),
                Some(Failure::AnswerLost) => {
                    self.disk.replace(next);
                    Err(Fault::ConnectionLost.into())
                }
            },
        }
    }
}

enum Written<T> {
    Changed(T),
    Nothing(T),
}

/// What is durable. Big parts are shared between snapshots.
#[derive(Debug, Clone, Default)]
struct Disk {
    position: Position,
    compacted_up_to: Position,
    head: Head,
    cursor: Cursor,
    fence: Fence,
    last_receipt: Option<Hash>,
    cases: BTreeMap<CaseId, Rc<Case>>,
    own: BTreeMap<(u32, u64), Own>,
    /// Whose own envelopes were let go of: what comes again of theirs is own.
    let_go_by: Option<DeviceId>,
    /// Own envelopes that were let go of and came again.
    back: BTreeMap<(u32, u64), Rc<Envelope>>,
    named: BTreeMap<(Section, String), Rc<[u8]>>,
    files: BTreeMap<Hash, files::Stored>,
}

#[derive(Debug, Clone)]
struct Case {
    entries: BTreeMap<(u64, EnvelopeId), Stored>,
    projection: Projection,
    changed: Position,
}

#[derive(Debug, Clone)]
struct Stored {
    envelope: Rc<Envelope>,
    /// The feed's arrival stamp.
    stamp: Option<Moment>,
}

#[derive(Debug, Clone)]
struct Own {
    envelope: Rc<Envelope>,
    receipt: Option<Rc<Receipt>>,
}

impl Disk {
    fn history(&self, case: CaseId) -> Option<History> {
        let known = self.cases.get(&case)?;
        let receipts: BTreeMap<EnvelopeId, &Rc<Receipt>> = self
            .own
            .values()
            .filter(|it| it.envelope.header().case == case)
            .filter_map(|it| Some((it.envelope.header().id, it.receipt.as_ref()?)))
            .collect();
        let arrived = |it: &Stored| {
            let receipt = receipts
                .get(&it.envelope.header().id)
                .filter(|it| !matches!(it.fate, Fate::Refused(_)));
            it.stamp.or(receipt.map(|it| it.at))
        };
        let entries = known
            .entries
            .values()
            .map(|it| Entry {
                envelope: (*it.envelope).clone(),
                arrived: arrived(it),
            })
            .collect();
        let mut receipts: Vec<Receipt> = receipts.values().map(|it| Receipt::clone(it)).collect();
        receipts.sort_by_key(|it| (it.chain, it.sequence));
        Some(History {
            version: known.version(),
            entries,
            receipts,
        })
    }

    fn standing(&self) -> Standing {
        let count = |n: usize| n as u64;
        Standing {
            position: self.position,
            head: self.head,
            cursor: self.cursor,
            last_receipt: self.last_receipt,
            n_cases: count(self.cases.keys().filter(|it| !it.is_of_looks()).count()),
            n_open: count(
                self.cases
                    .values()
                    .filter(|it| it.projection.due.is_some())
                    .count(),
            ),
            n_owed: count(self.owed().count()),
            n_looks_owed: count(
                self.owed()
                    .filter(|it| it.header().case.is_of_looks())
                    .count(),
            ),
            n_journal: self.position.0 - self.compacted_up_to.0,
        }
    }

    fn owed(&self) -> impl Iterator<Item = &Envelope> {
        let owed = self.own.values().filter(|it| it.receipt.is_none());
        owed.map(|it| &*it.envelope)
    }

    fn next_position(&mut self) -> Position {
        self.position.0 += 1;
        self.position
    }

    fn version(&self, case: CaseId) -> u32 {
        self.cases.get(&case).map_or(0, |it| it.version())
    }

    fn check_version(&self, case: CaseId, expected: u32) -> Result<(), Conflict> {
        let found = self.version(case);
        if found == expected {
            Ok(())
        } else {
            Err(Conflict::Case {
                case,
                expected,
                found,
            })
        }
    }

    fn check_fence(&self, fence: Fence) -> Result<(), Conflict> {
        if fence == self.fence {
            Ok(())
        } else {
            Err(Conflict::Fence { found: self.fence })
        }
    }

    fn store(
        &mut self,
        case: CaseId,
        entries: impl Iterator<Item = Stored>,
        projection: Projection,
    ) {
        let changed = self.position;
        let known = self.cases.entry(case).or_insert_with(|| {
            Rc::new(Case {
                entries: BTreeMap::new(),
                projection: Projection {
                    due: None,
                    body: Vec::new(),
                },
                changed,
            })
        });
        let known = Rc::make_mut(known);
        for it in entries {
            let header = it.envelope.header();
            self.head.counter = self.head.counter.max(header.counter);
            if let Some(same) = known.entries.get_mut(&it.envelope.order()) {
                same.stamp = same.stamp.or(it.stamp);
                continue;
            }
            let place = (header.chain, header.sequence);
            let is_of_the_past = place <= (self.head.chain, self.head.sequence);
            let own = self.own.get(&place);
            let is_here = own.is_some_and(|own| Rc::ptr_eq(&own.envelope, &it.envelope));
            if self.let_go_by == Some(header.device) && is_of_the_past && !is_here {
                self.back.insert(place, Rc::clone(&it.envelope));
            }
            known.entries.insert(it.envelope.order(), it);
        }
        known.projection = projection;
        known.changed = changed;
    }

    /// Open rows by due time and case.
    fn open_rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self
            .cases
            .iter()
            .filter(|(_, it)| it.projection.due.is_some())
            .map(|(&case, it)| it.row(case))
            .collect();
        rows.sort_by_key(|it| (it.due, it.case));
        rows
    }
}

impl Case {
    fn version(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    fn row(&self, case: CaseId) -> Row {
        Row {
            case,
            version: self.version(),
            due: self.projection.due,
            body: self.projection.body.clone(),
        }
    }
}

impl Own {
    fn fate(&self) -> OwnFate {
        let header = self.envelope.header();
        OwnFate {
            chain: header.chain,
            sequence: header.sequence,
            id: header.id,
            case: header.case,
            at: header.at,
            fate: self.receipt.as_ref().map(|it| it.fate),
        }
    }

    /// Whether a receipt is about this envelope and says something that is not known yet.
    fn learns_from(&self, receipt: &Receipt) -> bool {
        self.envelope.header().device == receipt.device
            && self.envelope.hash() == receipt.hash
            && self
                .receipt
                .as_ref()
                .is_none_or(|it| (it.fate, it.epoch) != (receipt.fate, receipt.epoch))
    }
}

impl Log for Memory {
    async fn opening(&self, n_rows: usize) -> Result<Opening, Fault> {
        let disk = self.disk();
        let mut rows = disk.open_rows();
        rows.truncate(n_rows);
        Ok(Opening {
            standing: disk.standing(),
            rows,
        })
    }

    async fn changes(&self, since: Position) -> Result<Option<Changes>, Fault> {
        let disk = self.disk();
        if since < disk.compacted_up_to {
            return Ok(None);
        }
        let changed = disk.cases.iter().filter(|(_, it)| it.changed > since);
        Ok(Some(Changes {
            standing: disk.standing(),
            rows: changed.map(|(&case, it)| it.row(case)).collect(),
        }))
    }

    async fn rows(&self, after: Option<RowMark>, max_rows: usize) -> Result<RowPage, Fault> {
        let disk = self.disk();
        let max_rows = max_rows.max(1);
        let mut before = u64::MAX;
        let mut rows = Vec::new();
        match after {
            None => rows = disk.open_rows(),
            Some(RowMark::Open { due, case }) => {
                rows = disk.open_rows();
                rows.retain(|it| (it.due, it.case) > (Some(due), case));
            }
            Some(RowMark::Closed { before: mark }) => before = mark,
        }
        if rows.len() > max_rows {
            rows.truncate(max_rows);
            let next = rows
                .last()
                .and_then(|it| it.due.map(|due| RowMark::Open { due, case: it.case }));
            return Ok(RowPage { rows, next });
        }

        let mut closed: Vec<(Position, CaseId)> = disk
            .cases
            .iter()
            .filter(|(_, it)| it.projection.due.is_none() && it.changed.0 < before)
            .map(|(&case, it)| (it.changed, case))
            .collect();
        closed.sort_by_key(|&(changed, case)| (std::cmp::Reverse(changed), case));
        // One write may have closed several cases: they come together.
        let mut rest = closed.chunk_by(|a, b| a.0 == b.0).peekable();
        while let Some(together) = rest.next_if(|_| rows.len() < max_rows) {
            rows.extend(together.iter().map(|(_, case)| disk.cases[case].row(*case)));
            before = together[0].0.0;
        }
        Ok(RowPage {
            next: rest.peek().map(|_| RowMark::Closed { before }),
            rows,
        })
    }

    async fn histories(
        &self,
        cases: &BTreeSet<CaseId>,
    ) -> Result<BTreeMap<CaseId, History>, Fault> {
        let disk = self.disk();
        let known = |case: &CaseId| Some((*case, disk.history(*case)?));
        Ok(cases.iter().filter_map(known).collect())
    }

    async fn append(&self, append: Append) -> Result<Standing, WriteError> {
        self.write(|disk| {
            let Append {
                envelope,
                expected_version,
                projection,
            } = append;
            let (case, place) = (
                envelope.header().case,
                (envelope.header().chain, envelope.header().sequence),
            );
            if disk.head.is(&envelope) {
                return Ok(Written::Nothing(disk.standing()));
            }
            disk.head = disk.head.followed_by(&envelope)?;
            disk.check_version(case, expected_version)?;
            disk.next_position();
            let envelope = Rc::new(envelope);
            disk.own.insert(
                place,
                Own {
                    envelope: Rc::clone(&envelope),
                    receipt: None,
                },
            );
            disk.store(
                case,
                std::iter::once(Stored {
                    envelope,
                    stamp: None,
                }),
                projection,
            );
            Ok(Written::Changed(disk.standing()))
        })
    }

    async fn owed(&self, max_bytes: usize) -> Result<Vec<Envelope>, Fault> {
        let disk = self.disk();
        let mut owed = disk
            .own
            .iter()
            .filter(|(_, it)| it.receipt.is_none())
            .peekable();
        let Some(&(&(chain, _), _)) = owed.peek() else {
            return Ok(Vec::new());
        };
        Ok(up_to(
            max_bytes,
            owed.take_while(|((it, _), _)| *it == chain)
                .map(|(_, it)| &it.envelope),
        ))
    }

    async fn own_after(
        &self,
        chain: u32,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<Envelope>, Fault> {
        let disk = self.disk();
        let own = disk.own.iter().map(|(place, it)| (place, &it.envelope));
        // What was never away goes before what a twin wrote in its place.
        let all: BTreeMap<_, _> = disk.back.iter().chain(own).collect();
        let behind = all
            .into_iter()
            .filter(|((c, s), _)| *c == chain && *s > sequence);
        Ok(up_to(max_bytes, behind.map(|(_, it)| it)))
    }

    async fn settle(&self, fence: Fence, receipts: &[Receipt]) -> Result<Standing, WriteError> {
        self.write(|disk| {
            disk.check_fence(fence)?;
            let mut cases = Vec::new();
            for it in receipts {
                let own = disk
                    .own
                    .get_mut(&(it.chain, it.sequence))
                    .filter(|own| own.learns_from(it));
                if let Some(own) = own {
                    own.receipt = Some(Rc::new(it.clone()));
                    disk.last_receipt = Some(it.hash());
                    cases.push(own.envelope.header().case);
                }
            }
            if cases.is_empty() {
                return Ok(Written::Nothing(disk.standing()));
            }
            disk.next_position();
            Ok(Written::Changed(disk.standing()))
        })
    }

    async fn fates(&self, limit: usize) -> Result<Vec<OwnFate>, Fault> {
        let disk = self.disk();
        let newest_first = disk.own.values().rev().map(Own::fate).enumerate();
        Ok(newest_first
            .filter(|(i, it)| *i < limit || it.needs_a_person())
            .map(|(_, it)| it)
            .collect())
    }

    async fn take_in(&self, fence: Fence, page: &TakeIn) -> Result<Standing, WriteError> {
        page.check()?;
        self.write(|disk| {
            disk.check_fence(fence)?;
            if !page.follows(disk.cursor) {
                return Err(Conflict::Cursor { found: disk.cursor }.into());
            }
            page.cases
                .iter()
                .try_for_each(|it| disk.check_version(it.case, it.expected_version))?;
            disk.cursor = page.to;
            disk.next_position();
            for it in &page.cases {
                let entries = it.entries.iter().map(|it| Stored {
                    envelope: Rc::new(it.envelope.clone()),
                    stamp: it.arrived,
                });
                disk.store(it.case, entries, it.projection.clone());
            }
            for it in &page.named {
                let named = (it.section, it.name.clone());
                disk.named.insert(named, it.record.as_slice().into());
            }
            Ok(Written::Changed(disk.standing()))
        })
    }

    async fn let_go(&self, fence: Fence, cases: &[(CaseId, u32)]) -> Result<Standing, WriteError> {
        self.write(|disk| {
            disk.check_fence(fence)?;
            cases
                .iter()
                .try_for_each(|&(case, expected)| disk.check_version(case, expected))?;
            let is_going = |it: &Envelope| cases.iter().any(|&(case, _)| case == it.header().case);
            for it in disk.own.values().filter(|it| is_going(&it.envelope)) {
                let case = it.envelope.header().case;
                if !is_settled(it.receipt.as_deref()) {
                    return Err(Conflict::Unsettled { case }.into());
                }
                disk.let_go_by = Some(it.envelope.header().device);
            }
            if cases.iter().all(|it| it.1 == 0) {
                return Ok(Written::Nothing(disk.standing()));
            }
            disk.cases
                .retain(|&known, _| cases.iter().all(|&(case, _)| case != known));
            disk.own.retain(|_, it| !is_going(&it.envelope));
            disk.back.retain(|_, it| !is_going(it));
            disk.compacted_up_to = disk.next_position();
            Ok(Written::Changed(disk.standing()))
        })
    }

    async fn erase(&self, fence: Fence, cases: &[Erase]) -> Result<Standing, WriteError> {
        self.write(|disk| {
            disk.check_fence(fence)?;
            cases
                .iter()
                .try_for_each(|it| disk.check_version(it.case, it.expected_version))?;
            let mut n_stripped = 0;
            let mut is_row_new = false;
            let mut strip = |it: &mut Rc<Envelope>| {
                let case = it.header().case;
                if it.has_content() && cases.iter().any(|it| it.case == case) {
                    *it = Rc::new(Envelope::clone(it).without_content());
                    n_stripped += 1;
                }
            };
            disk.own.values_mut().for_each(|it| strip(&mut it.envelope));
            disk.back.values_mut().for_each(&mut strip);
            for it in cases {
                let Some(known) = disk.cases.get_mut(&it.case).map(Rc::make_mut) else {
                    continue;
                };
                let entries = known.entries.values_mut();
                entries.for_each(|it| strip(&mut it.envelope));
                if known.projection.body != it.body {
                    known.projection.body.clone_from(&it.body);
                    is_row_new = true;
                }
            }
            if n_stripped == 0 && !is_row_new {
                return Ok(Written::Nothing(disk.standing()));
            }
            disk.compacted_up_to = disk.next_position();
            Ok(Written::Changed(disk.standing()))
        })
    }

    async fn take_over(&self) -> Result<Fence, Fault> {
        self.write(|disk| {
            disk.fence.0 += 1;
            Ok(Written::Changed(disk.fence))
        })
    }

    async fn start_chain(&self, fence: Fence, chain: u32) -> Result<Standing, WriteError> {
        self.write(|disk| {
            disk.check_fence(fence)?;
            if chain <= disk.head.chain {
                return Ok(Written::Nothing(disk.standing()));
            }
            disk.head = disk.head.in_chain(chain);
            Ok(Written::Changed(disk.standing()))
        })
    }

    async fn compact(&self, fence: Fence) -> Result<Compacted, WriteError> {
        self.write(|disk| {
            disk.check_fence(fence)?;
            let n_sealed = disk.standing().n_journal.min(STEP);
            if n_sealed == 0 {
                return Ok(Written::Nothing(Compacted::default()));
            }
            disk.compacted_up_to.0 += n_sealed;
            Ok(Written::Changed(Compacted {
                n_sealed,
                more: disk.compacted_up_to < disk.position,
            }))
        })
    }

    async fn get(&self, section: Section, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self
            .disk()
            .named
            .get(&(section, name.to_owned()))
            .map(|it| it.to_vec()))
    }

    async fn records(&self, sections: &[Section]) -> Result<Vec<NamedRecord>, Fault> {
        let disk = self.disk();
        let of = |wanted: Section| {
            let named = disk.named.iter();
            named.filter(move |((it, _), _)| *it == wanted)
        };
        let records = sections.iter().flat_map(|it| of(*it));
        Ok(records
            .map(|((section, name), record)| NamedRecord::new(*section, name, record))
            .collect())
    }

    async fn put_all(&self, records: &[NamedRecord]) -> Result<(), Fault> {
        self.write(|disk| {
            for it in records {
                let key = (it.section, it.name.clone());
                disk.named.insert(key, it.record.as_slice().into());
            }
            Ok(Written::Changed(()))
        })
    }

    async fn remove(&self, section: Section, name: &str) -> Result<(), Fault> {
        self.write(|disk| {
            let removed = disk.named.remove(&(section, name.to_owned()));
            Ok(if removed.is_some() {
                Written::Changed(())
            } else {
                Written::Nothing(())
            })
        })
    }

    async fn list(&self, section: Section) -> Result<Vec<String>, Fault> {
        Ok(self
            .disk()
            .named
            .keys()
            .filter(|(it, _)| *it == section)
            .map(|(_, name)| name.clone())
            .collect())
    }
}

/// As many from the front as fit, and at least one.
fn up_to<'a>(max_bytes: usize, envelopes: impl Iterator<Item = &'a Rc<Envelope>>) -> Vec<Envelope> {
    let mut n_bytes = 0;
    let mut taken = Vec::new();
    for it in envelopes {
        n_bytes += it.to_bytes().len();
        if !taken.is_empty() && n_bytes > max_bytes {
            break;
        }
        taken.push(Envelope::clone(it));
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Fixture;

    #[derive(Default)]
    pub(super) struct InMemory(Memory);

    impl Fixture for InMemory {
        type Log = Memory;

        async fn open(&self) -> Memory {
            self.0.clone()
        }

        async fn after_a_crash(&self) -> Memory {
            self.0.snapshot()
        }

        fn fill_up(&self, log: &Memory) -> bool {
            log.fail_next_write(Failure::Before(Fault::QuotaExceeded));
            true
        }

        fn lose_next_answer(&self, log: &Memory) -> bool {
            log.fail_next_write(Failure::AnswerLost);
            true
        }
    }

    crate::event_log_suite!(InMemory::default());

    #[test]
    fn a_full_disk_stores_nothing_and_a_crash_or_room_changes_that() {
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};

        let log = Memory::new();
        let put = |log: &Memory, record: &[u8]| {
            let writing = pin!(log.put(Section::Settings, "name", record));
            match writing.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(it) => it,
                Poll::Pending => unreachable!("the log in memory never waits"),
            }
        };
        log.set_full(true);
        assert_eq!(put(&log.clone(), b"one"), Err(Fault::QuotaExceeded));
        assert_eq!(put(&log, b"two"), Err(Fault::QuotaExceeded));
        assert_eq!(put(&log.snapshot(), b"three"), Ok(()));
        log.set_full(false);
        assert_eq!(put(&log, b"four"), Ok(()));
    }
}
