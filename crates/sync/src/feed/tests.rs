//! What a page holds, and that a device that follows the feed ends with what its scope sees.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use shouwen_domain::id::DepartmentId;
use shouwen_domain::scope::Concerned;

use super::*;
use crate::client::{Client, Elapsed, Input, Load, Start, Todo, Trigger};
use crate::message::{Contacted, Pushed};
use crate::sample::PHONE;

/// A site's feed in memory: at each position a case, the departments that the entry concerns, and whether it
/// leaves the case open.
#[derive(Debug, Clone, Default)]
struct Office {
    epoch: u64,
    entries: Vec<Made>,
    /// Bytes of each entry besides what tells them apart.
    n_bytes: usize,
    arrived: i64,
}

#[derive(Debug, Clone)]
struct Made {
    case: CaseId,
    concerned: Concerned,
    open: bool,
}

const DEPARTMENTS: [&str; 3] = ["service", "engineering", "security"];

fn department(n: usize) -> DepartmentId {
    DEPARTMENTS[n % 3].parse().unwrap()
}

fn scope(bits: u8) -> Scope {
    if bits.is_multiple_of(8) {
        return Scope::Site;
    }
    let mine = (0..3).filter(|it| bits & (1 << it) != 0);
    Scope::Of(Concerned {
        departments: mine.map(department).collect(),
        ..Concerned::default()
    })
}

fn concerning(n: usize) -> Concerned {
    Concerned {
        departments: [department(n)].into(),
        ..Concerned::default()
    }
}

fn case(n: u8) -> CaseId {
    CaseId::from_random([n + 1; 16])
}

impl Office {
    fn add(&mut self, case_n: u8, concerned: usize, open: bool) {
        self.entries.push(Made {
            case: case(case_n),
            concerned: concerning(concerned),
            open,
        });
    }

    fn entry(&self, position: u64) -> PageEntry {
        let mut bytes = position.to_be_bytes().to_vec();
        bytes.resize(8 + self.n_bytes, 0);
        PageEntry {
            arrived: Moment::from_unix_ms(self.arrived),
            envelope: Bytes(bytes),
        }
    }

    fn numbered(&self) -> impl Iterator<Item = (u64, &Made)> {
        (1..).zip(&self.entries)
    }

    fn since(&self, scope: &Scope, case: CaseId) -> Option<u64> {
        let sees = |it: &Made| scope.sees(&it.concerned);
        let mut of_case = self.numbered().filter(|(_, it)| it.case == case);
        of_case
            .find(|(_, it)| sees(it))
            .map(|(position, _)| position)
    }

    /// Every position that a scope sees.
    fn visible(&self, scope: &Scope) -> BTreeSet<u64> {
        let seen = self
            .numbered()
            .filter(|(_, it)| self.since(scope, it.case).is_some());
        seen.map(|(position, _)| position).collect()
    }
}

impl Feed for Office {
    type Fault = std::convert::Infallible;

    fn end(&mut self) -> Result<End, Self::Fault> {
        let last = self.entries.len() as u64;
        Ok(End {
            epoch: self.epoch,
            last,
            followed: last,
        })
    }

    fn seen(&mut self, scope: &Scope, behind: u64, up_to: u64) -> Result<Vec<Seen>, Self::Fault> {
        let seen = self.numbered().filter_map(|(position, it)| {
            let since = self.since(scope, it.case)?;
            (position > behind && position <= up_to && since <= position).then(|| Seen {
                position,
                case: it.case,
                since,
                entry: self.entry(position),
            })
        });
        Ok(seen.collect())
    }

    fn began(&mut self, case: CaseId) -> Result<Began, Self::Fault> {
        Ok(Began {
            position: self.since(&Scope::Site, case).unwrap(),
            at: Moment::from_unix_ms(self.arrived),
        })
    }

    fn whole(&mut self, case: CaseId, up_to: u64) -> Result<Vec<PageEntry>, Self::Fault> {
        let of_case = self
            .numbered()
            .filter(|(position, it)| it.case == case && *position <= up_to);
        Ok(of_case.map(|(position, _)| self.entry(position)).collect())
    }

    fn open(
        &mut self,
        scope: &Scope,
        after: Option<CaseId>,
        n: usize,
    ) -> Result<(Vec<CaseId>, u64), Self::Fault> {
        let last: BTreeMap<CaseId, bool> =
            self.entries.iter().map(|it| (it.case, it.open)).collect();
        let open: Vec<_> = last
            .into_iter()
            .filter(|(it, open)| *open && Some(*it) > after && self.since(scope, *it).is_some())
            .map(|(it, _)| it)
            .collect();
        let n_left = open.len() as u64;
        Ok((open.into_iter().take(n).collect(), n_left))
    }
}

/// A device with what it stored.
struct Device {
    client: Client,
    now: u64,
    cursor: Cursor,
    load: Load,
    read: BTreeSet<u64>,
    /// Cases in the order in which they came.
    came: Vec<u64>,
    n_pages: usize,
}

impl Device {
    fn new() -> Self {
        let mut device = Self {
            client: Client::new(start(Cursor::default(), Load::default())),
            now: 0,
            cursor: Cursor::default(),
            load: Load::default(),
            read: BTreeSet::new(),
            came: Vec::new(),
            n_pages: 0,
        };
        device.restart();
        device
    }

    /// What is in memory is gone.
    fn restart(&mut self) {
        self.load = Load::from_bytes(&self.load.to_bytes());
        self.client = Client::new(start(self.cursor, self.load.clone()));
        self.tell(Input::Trigger(Trigger::Visible));
    }

    fn tell(&mut self, input: Input) {
        self.client.handle(input, Elapsed(self.now), 0);
    }

    /// Does one thing; whether there was anything to do.
    fn step(&mut self, office: &mut Office, scope: &Scope, dies: bool) -> bool {
        let Some(todo) = self.client.poll() else {
            return false;
        };
        let input = match todo {
            Todo::Contact { .. } => Input::Contacted(Contacted {
                device: PHONE,
                nonce: Bytes(Vec::new()),
                token: String::new(),
                lasts_s: 600,
                epoch: office.epoch,
                server_now: Moment::from_unix_ms(0),
                backed_up: Vec::new(),
                new_chain: None,
                certificates: Vec::new(),
                scope: scope.clone(),
                revoked: false,
                certificate: None,
                texts: None,
            }),
            Todo::LoadWithdrawals => Input::Withdrawals(Vec::new()),
            Todo::LoadCopy { .. } => Input::Copy(None),
            Todo::LoadOwed { .. } | Todo::LoadOwn { .. } => Input::Owed {
                envelopes: Vec::new(),
                head: crate::client::Place::default(),
            },
            Todo::KeepEpoch(_) => Input::EpochKept,
            Todo::Pull(ask) => {
                let Ok(answer) = page(office, scope, ask, Moment::from_unix_ms(0));
                Input::PullAnswered(answer.expect("the log never falls back in one epoch"))
            }
            Todo::TakeIn { page, loads } => {
                assert!(page.from == self.cursor || page.from.position == 0);
                self.n_pages += 1;
                for it in &page.entries {
                    let position = u64::from_be_bytes(it.envelope.0[..8].try_into().unwrap());
                    if self.read.insert(position) {
                        self.came.push(position);
                    }
                }
                assert_eq!(loads.before, self.load);
                (self.cursor, self.load) = (page.next, loads.after);
                if dies {
                    self.restart();
                    return true;
                }
                Input::TakenIn {
                    cursor: self.cursor,
                }
            }
            Todo::Push(_)
            | Todo::HandIn(_)
            | Todo::Withdraw(_)
            | Todo::StartChain(_)
            | Todo::Settle(_)
            | Todo::SignInAgain => Input::WithdrawAnswered(Pushed {
                receipts: Vec::new(),
                epoch: office.epoch,
                server_now: Moment::from_unix_ms(0),
            }),
        };
        self.tell(input);
        true
    }

    /// Looks once more and reads all there is.
    fn settle(&mut self, office: &mut Office, scope: &Scope) {
        self.tell(Input::Trigger(Trigger::Visible));
        for _ in 0..10_000 {
            if !self.step(office, scope, false) {
                return;
            }
        }
        panic!("the device reads for ever");
    }
}

fn start(cursor: Cursor, load: Load) -> Start {
    Start {
        device: PHONE,
        cursor,
        load,
        filled: 1,
        held: None,
    }
}

#[derive(Debug, Clone)]
enum Happening {
    /// Things go into the feed.
    Fed(Vec<(u8, usize, bool)>),
    /// The device does some of what it has to do.
    Steps(u8),
    DiesAtStep(u8),
    Scope(u8),
    /// Head office is restored: the same words, in another epoch.
    Restored,
    Looks,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => vec((0..40_u8, 0..3_usize, any::<bool>()), 1..60).prop_map(Happening::Fed),
        6 => (0..12_u8).prop_map(Happening::Steps),
        1 => (0..12_u8).prop_map(Happening::DiesAtStep),
        1 => any::<u8>().prop_map(Happening::Scope),
        1 => Just(Happening::Restored),
        2 => Just(Happening::Looks),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However things come about, a device ends with every case that its scope sees, each as a whole, and has
    /// read nothing that none of its scopes saw.
    #[test]
    fn a_device_ends_with_the_cases_of_its_scope(
        happenings in vec(happening(), 1..40),
        first in any::<u8>(),
        n_bytes in prop_oneof![Just(0_usize), Just(9_000)],
    ) {
        let mut office = Office { epoch: 1, n_bytes, ..Office::default() };
        let mut device = Device::new();
        let mut mine = scope(first);
        let mut allowed = BTreeSet::new();
        for it in happenings {
            match it {
                Happening::Fed(them) => {
                    for (case, concerned, open) in them {
                        office.add(case, concerned, open);
                    }
                    device.tell(Input::Trigger(Trigger::News));
                }
                Happening::Steps(n) => {
                    for _ in 0..n {
                        device.step(&mut office, &mine, false);
                    }
                }
                Happening::DiesAtStep(n) => {
                    for at in 0..=n {
                        device.step(&mut office, &mine, at == n);
                    }
                }
                Happening::Scope(bits) => {
                    allowed.extend(office.visible(&mine));
                    mine = scope(bits);
                    // A token of the scope before is good no more.
                    device.restart();
                }
                Happening::Restored => {
                    office.epoch += 1;
                }
                Happening::Looks => device.tell(Input::Trigger(Trigger::Visible)),
            }
        }
        device.settle(&mut office, &mine);
        let visible = office.visible(&mine);
        allowed.extend(visible.iter().copied());
        prop_assert!(device.read.is_superset(&visible), "{:?} of {visible:?}", device.read);
        prop_assert!(allowed.is_superset(&device.read));
        prop_assert_eq!(device.cursor, Cursor { epoch: office.epoch, position: office.entries.len() as u64 });
        // Nothing is left to read, after a restart either.
        let n_pages = device.n_pages;
        device.restart();
        device.settle(&mut office, &mine);
        prop_assert!(device.n_pages <= n_pages + 2);
    }
}

/// Six hundred cases of three entries, one in ten open at the end.
fn busy() -> Office {
    let mut office = Office {
        epoch: 1,
        n_bytes: 900,
        ..Office::default()
    };
    for n in 0..1_800_u64 {
        let case =
            CaseId::from_random(u128::from(n / 3).to_be_bytes().map(|it| it.wrapping_add(1)));
        office.entries.push(Made {
            case,
            concerned: concerning((n / 3) as usize),
            open: n % 3 < 2 || (n / 3) % 10 == 0,
        });
    }
    office
}

#[test]
fn what_is_open_comes_first_and_then_what_is_new_and_history_from_its_end() {
    let mut office = busy();
    let mut device = Device::new();
    let mine = scope(1);
    // Cases 0, 30, 60 … are open and of the first department.
    let open: BTreeSet<u64> = (0..20)
        .flat_map(|n| (1..=3).map(move |it| n * 90 + it))
        .collect();
    while device.came.len() < open.len() {
        assert!(device.step(&mut office, &mine, false));
    }
    assert_eq!(device.came.iter().copied().collect::<BTreeSet<_>>(), open);
    assert!(device.load.is_current());
    // Something happens in a case that was closed long ago: it comes before all history, and as a whole.
    office.entries.push(Made {
        case: office.entries[9].case,
        concerned: concerning(0),
        open: true,
    });
    device.tell(Input::Trigger(Trigger::News));
    while device.came.len() == open.len() {
        assert!(device.step(&mut office, &mine, false));
    }
    assert_eq!(device.came[open.len()..], [10, 11, 12, 1_801]);
    device.settle(&mut office, &mine);
    let newest = device.came[open.len() + 4];
    assert!(
        newest > 1_536,
        "the newest block of history first, and not {newest}"
    );
    assert_eq!(device.read, office.visible(&mine));
    assert!(device.load.is_done());
}

#[test]
fn a_page_without_what_was_read_by_then_passes_over_nothing_that_may_be_read_again() {
    let mut office = Office {
        epoch: 1,
        ..Office::default()
    };
    office.add(0, 1, true);
    let (both, first) = (scope(0b011), scope(0b001));
    let mut device = Device::new();
    device.settle(&mut office, &both);
    assert!(device.load.is_done());
    // Somebody loses a department for a while, in which something happens there.
    device.restart();
    for n in 1..4 {
        office.add(n, 1, true);
    }
    let before = device.cursor;
    while device.cursor == before {
        assert!(device.step(&mut office, &first, true));
    }
    device.settle(&mut office, &both);
    assert_eq!(device.read, office.visible(&both));
}

#[test]
fn history_ends_where_everything_is_older_than_a_device_keeps() {
    let mut office = busy();
    office.arrived = -i64::from(limits::KEPT_DAYS) * 86_400_000 - 1;
    let mut device = Device::new();
    device.settle(&mut office, &Scope::Site);
    // The open ones, and the first page in which nothing was young enough.
    assert!(device.load.is_done());
    assert!(
        device.read.len() as u64 <= 1_800 / 10 + 2 * BLOCK_POSITIONS,
        "{}",
        device.read.len()
    );
}

#[test]
fn what_goes_on_after_devices_let_go_of_it_comes_whole() {
    let mut office = busy();
    let ask = Ask::News {
        cursor: Cursor {
            epoch: 1,
            position: 1_799,
        },
        below: 0,
    };
    let days_later = |days: u32| Moment::from_unix_ms(0) + Minutes(days * 24 * 60);
    for (days, n_entries) in [
        (limits::LEAST_KEPT_DAYS, 1),
        (limits::LEAST_KEPT_DAYS + 1, 3),
    ] {
        let Ok(page) = page(&mut office, &Scope::Site, ask, days_later(days));
        assert_eq!(page.unwrap().entries.len(), n_entries);
    }
}

#[test]
fn a_page_ends_before_its_limit_and_holds_at_least_one() {
    for (n_bytes, n_made, n_entries, more) in [
        (0, 0, 0, false),
        (limits::PAGE_BYTES + 1, 1, 1, false),
        (limits::PAGE_BYTES + 1, 2, 1, true),
        (limits::PAGE_BYTES / 2 - 100, 3, 2, true),
        (1_000, 3, 3, false),
    ] {
        let mut office = Office {
            epoch: 3,
            n_bytes,
            ..Office::default()
        };
        for n in 0..n_made {
            office.add(n, 0, true);
        }
        let from = Cursor {
            epoch: 3,
            position: 0,
        };
        let ask = Ask::News {
            cursor: from,
            below: 0,
        };
        let now = Moment::from_unix_ms(0);
        let Ok(page) = page(&mut office, &Scope::Site, ask, now);
        let page = page.unwrap();
        assert_eq!((page.entries.len() as u64, page.more), (n_entries, more));
        assert_eq!(page.next.position, n_entries);
        if n_entries > 1 {
            assert!(minicbor::to_vec(&page).unwrap().len() <= limits::PAGE_BYTES + 64);
        }
    }
}

#[test]
fn another_epoch_is_named_with_nothing_in_it_and_a_log_that_fell_back_says_so() {
    let mut office = busy();
    office.epoch = 2;
    let at = |epoch, position| Cursor { epoch, position };
    for (asked, answer) in [
        (at(0, 0), Ok((at(2, 0), 0))),
        (at(2, 1_800), Ok((at(2, 1_800), 0))),
        (at(1, 3), Ok((at(2, 0), 0))),
        (at(2, 1_799), Ok((at(2, 1_799), 1))),
        (at(2, 1_801), Err(LogFellBack)),
    ] {
        let news = Ask::News {
            cursor: asked,
            below: 0,
        };
        let open = Ask::Open {
            at: Some(asked),
            after: Some(case(250)),
        };
        for (ask, n) in [
            (news, None),
            (open, Some(0)),
            (Ask::History { from: asked }, None),
        ] {
            let Ok(found) = page(&mut office, &Scope::Site, ask, Moment::from_unix_ms(0));
            let found = found.map(|it| (it.from, it.entries.len()));
            let expected = answer.map(|(from, entries)| (from, n.unwrap_or(entries)));
            assert_eq!(found, expected, "{ask:?}");
        }
    }
}
