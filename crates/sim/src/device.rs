//! A device: its disk, its tabs, and what is lost when it crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use shouwen_domain::certificate::Signers;
use shouwen_domain::envelope::{Envelope, Fate, RefusedReason};
use shouwen_domain::event::VOCABULARY;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DeviceId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::Scope;
use shouwen_domain::signature::{Algorithm, SecretKey};
use shouwen_store::{
    CaseIn, Entry, Fault, Fence, Head, Log, Memory, NamedRecord, Projection, Section, Standing,
    TakeIn,
};
use shouwen_sync::client::{Client, Elapsed, Load, Place, Start, may_be_released};
use shouwen_sync::message::{Bytes, Cursor, Page, Stated};
use shouwen_sync::server::Signatories;

use crate::chance::{Chance, Whose};
use crate::people;
use crate::plan::{Phone, Plan};

/// That of a version which does not know the last word that people here use: the customer's signature.
const OLDER_VOCABULARY: u32 = 3;

pub struct Device {
    /// Its name in the plan.
    pub n: u64,
    pub who: Who,
    /// Who sees the whole site and signed in as well.
    pub director: Option<PersonId>,
    pub disk: Memory,
    /// The device that it was cloned from.
    pub twin_of: Option<u64>,
    /// What a backup of the whole device has of it.
    pub disk_backup: Memory,
    pub who_backup: Who,
    /// With a bug planted: the disk before the last writes.
    pub disk_before: Memory,
    pub chance: Chance,
    /// Wall clock minus true time.
    pub skew_ms: i64,
    /// What this version understands.
    pub vocabulary: u32,
    pub on: bool,
    /// Gone for good.
    pub lost: bool,
    /// Counts starts, so that whatever was under way before a crash is forgotten.
    pub boot: u64,
    pub link: Link,
    pub hidden: bool,
    /// Hears of news by itself.
    pub live: Live,
    pub sticks_to: Option<usize>,
    pub pumps: BTreeMap<u64, Pump>,
    pub n_cases: u64,
    /// In which epoch and when head office last had it that this device stands at the end of its chain.
    pub at_end: Option<(u64, Moment)>,
    /// What it let go of.
    pub gone: Gone,
}

/// Who a device is, and who works with it.
#[derive(Clone)]
pub struct Who {
    pub id: DeviceId,
    /// It writes in no chain up to this one: those are of what it was before it lost its key.
    pub behind: u32,
    pub key: SecretKey,
    /// What head office certified last, perhaps of what it was before.
    pub certified: Certified,
    /// The same of what it was before that, once or more.
    pub former: Vec<Certified>,
    pub staff: Vec<Member>,
}

/// Whose signatures the envelopes of a device have to bear.
#[derive(Clone)]
pub struct Certified {
    pub device: DeviceId,
    pub signatories: Signatories,
}

/// Somebody who works with a device.
#[derive(Clone)]
pub struct Member {
    pub person: PersonId,
    pub key: SecretKey,
    /// Else their ring is gone, or somebody gave them another PIN: they sign nothing before they have signed in anew.
    pub signs: bool,
}

impl Who {
    fn first(phone: &Phone, chance: &mut Chance) -> Self {
        let id = DeviceId::from_random(chance.id());
        let key = new_key(chance);
        let nobody = Signatories {
            device: key.public(),
            people: Signers::default(),
        };
        let member = |n: usize, chance: &mut Chance| Member {
            person: people::site().person(phone.person + n),
            key: new_key(chance),
            signs: false,
        };
        let mut who = Self {
            id,
            behind: 0,
            key,
            certified: Certified {
                device: id,
                signatories: nobody,
            },
            former: Vec::new(),
            staff: (0..phone.n_people).map(|n| member(n, chance)).collect(),
        };
        who.sign_in_all(chance);
        who
    }

    /// Whether head office certified it as what it is now.
    pub fn has_joined(&self) -> bool {
        self.certified.device == self.id
    }

    /// Whether another key is here than head office certified.
    pub fn has_lost_its_key(&self) -> bool {
        self.has_joined() && self.certified.signatories.device != self.key.public()
    }

    /// All that it is and was.
    pub fn all(&self) -> impl Iterator<Item = &Certified> {
        self.former.iter().chain([&self.certified])
    }

    /// Whether it is this device, or was it before it lost its key.
    pub fn is_or_was(&self, device: DeviceId) -> bool {
        self.id == device || self.all().any(|it| it.device == device)
    }

    /// Head office certifies it as what it is now. Whoever works with it has to sign in anew.
    pub fn join(&mut self, chance: &mut Chance) {
        let certified = Certified {
            device: self.id,
            signatories: Signatories {
                device: self.key.public(),
                people: Signers::default(),
            },
        };
        self.former
            .push(std::mem::replace(&mut self.certified, certified));
        self.sign_in_all(chance);
    }

    fn sign_in_all(&mut self, chance: &mut Chance) {
        for n in 0..self.staff.len() {
            self.sign_in(n, chance);
        }
    }

    /// With a new key, which head office certifies besides those before.
    pub fn sign_in(&mut self, n: usize, chance: &mut Chance) {
        let member = &mut self.staff[n];
        member.key = new_key(chance);
        member.signs = true;
        let people = &mut self.certified.signatories.people;
        people.add(member.person.clone(), member.key.public());
    }

    pub fn signatories_of(&self, device: DeviceId) -> Option<&Signatories> {
        let it = self.all().find(|it| it.device == device)?;
        Some(&it.signatories)
    }
}

pub fn new_key(chance: &mut Chance) -> SecretKey {
    let bytes = [chance.id(), chance.id()].concat();
    let bytes = bytes.try_into().expect("twice sixteen bytes");
    SecretKey::from_bytes(Algorithm::Ed25519, &bytes).expect("any bytes are a key")
}

/// What a device may lack, since it let go of it. Some of it may have come again.
#[derive(Debug, Clone, Default)]
pub struct Gone {
    pub cases: BTreeSet<CaseId>,
    pub envelopes: BTreeSet<Hash>,
}

/// Whether a device hears of news without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    Off,
    On,
}

/// Whether requests go out, and answers come in.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub up: bool,
    pub down: bool,
}

/// A tab that pumps, or thinks that it does.
pub struct Pump {
    pub client: Client,
    pub fence: Fence,
    pub started_ms: u64,
    /// Nothing happens in a frozen tab before.
    pub frozen_until_ms: u64,
    /// The timer that is set.
    pub armed: Option<Elapsed>,
    /// The question that waits for its answer.
    pub asked: Option<u64>,
    /// What may be read, as told at the last contact.
    pub scope: Option<Scope>,
    /// With a bug planted: what was left out of the last push.
    pub left_out: Vec<Envelope>,
}

impl Device {
    pub fn bought(phone: &Phone, plan: &Plan) -> Self {
        let mut chance = plan.chance(Whose::Device, phone.n);
        let who = Who::first(phone, &mut chance);
        let disk = Memory::new();
        Self {
            n: phone.n,
            who_backup: who.clone(),
            who,
            director: phone.sees_the_site.then(|| people::site().director()),
            twin_of: None,
            disk_backup: disk.snapshot(),
            disk_before: disk.snapshot(),
            disk,
            chance,
            skew_ms: phone.skew_hours * 3_600_000,
            vocabulary: if phone.older {
                OLDER_VOCABULARY
            } else {
                VOCABULARY
            },
            on: false,
            lost: false,
            boot: 0,
            link: Link {
                up: true,
                down: true,
            },
            hidden: false,
            live: Live::Off,
            sticks_to: phone.sticks_to,
            pumps: BTreeMap::new(),
            n_cases: 0,
            at_end: None,
            gone: Gone::default(),
        }
    }

    /// A device that takes itself for this one.
    pub fn cloned(&self, n: u64, replaces: bool, chance: Chance) -> Self {
        let (disk, who) = if replaces {
            (self.disk_backup.snapshot(), self.who_backup.clone())
        } else {
            (self.disk.snapshot(), self.who.clone())
        };
        Self {
            n,
            who_backup: who.clone(),
            who,
            director: self.director.clone(),
            twin_of: Some(self.twin_of.unwrap_or(self.n)),
            disk_backup: disk.snapshot(),
            disk_before: disk.snapshot(),
            disk,
            chance,
            skew_ms: self.skew_ms,
            vocabulary: self.vocabulary,
            on: false,
            lost: false,
            boot: 0,
            link: Link {
                up: true,
                down: true,
            },
            hidden: false,
            live: Live::Off,
            sticks_to: self.sticks_to,
            pumps: BTreeMap::new(),
            n_cases: self.n_cases,
            at_end: None,
            gone: self.gone.clone(),
        }
    }

    pub fn standing(&self) -> Result<Standing, Fault> {
        Ok(now(self.disk.opening(0))?.standing)
    }

    /// The end of the chain in which it writes.
    pub fn end(&self) -> Result<Head, Fault> {
        Ok(self.standing()?.head.beyond(self.who.behind))
    }

    /// The place of the last one that was written here.
    pub fn head(&self) -> Result<Place, Fault> {
        let head = self.standing()?.head;
        Ok(Place {
            chain: head.chain,
            sequence: head.sequence,
        })
    }

    /// What it says of its chain when it opens a contact.
    pub fn states(&self) -> Result<Stated, Fault> {
        let head = self.end()?;
        Ok(Stated {
            chain: head.chain,
            sequence: head.sequence,
            hash: head.hash,
        })
    }

    /// What its person took back, as it is told to head office; with a bug planted, what it said already is left
    /// out.
    pub fn taken_back(&self, told_once: bool) -> Result<Vec<Bytes>, Fault> {
        let mut statements = Vec::new();
        let is_told = |name: &str| {
            let fates = now(self.disk.fates(usize::MAX)).unwrap_or_default();
            let withdrawn = Some(Fate::Refused(RefusedReason::Withdrawn));
            let mut told = fates.iter().filter(|it| it.fate == withdrawn);
            told.any(|it| format!("{}/{}", it.chain, it.sequence) == name)
        };
        for name in now(self.disk.list(Section::Withdrawals))? {
            if told_once && is_told(&name) {
                continue;
            }
            statements.extend(now(self.disk.get(Section::Withdrawals, &name))?.map(Bytes));
        }
        Ok(statements)
    }

    /// All that it wrote, in every chain.
    pub fn own(&self) -> Result<Vec<Envelope>, Fault> {
        let mut own = Vec::new();
        for chain in 0..=self.standing()?.head.chain {
            own.extend(now(self.disk.own_after(chain, 0, usize::MAX))?);
        }
        Ok(own)
    }

    /// What of everything it has read.
    pub fn load(&self) -> Result<Load, Fault> {
        let kept = now(self.disk.get(Section::Settings, LOAD))?;
        Ok(kept.map_or_else(Load::default, |it| Load::from_bytes(&it)))
    }

    /// The oldest own envelope that is held and may be released.
    pub fn held(&self) -> Result<Option<Place>, Fault> {
        let fates = now(self.disk.fates(0))?.into_iter();
        let held = fates.filter(|it| it.fate.is_some_and(may_be_released));
        let places = held.map(|it| Place {
            chain: it.chain,
            sequence: it.sequence,
        });
        Ok(places.min())
    }

    /// Whoever signed in on it.
    pub fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.director
            .iter()
            .chain(self.who.staff.iter().map(|it| &it.person))
    }

    /// Starts a tab that takes over the pump.
    pub fn take_over(&self, started_ms: u64) -> Result<Pump, Fault> {
        let fence = now(self.disk.take_over())?;
        let filled = match now(self.disk.get(Section::Settings, EPOCH))? {
            Some(it) => u64::from_be_bytes(it.try_into().map_err(|_| corrupt("epoch"))?),
            None => 0,
        };
        let cursor = heard(self.standing()?.cursor);
        let client = Client::new(Start {
            device: self.who.id,
            cursor,
            load: self.load()?,
            filled,
            held: self.held()?,
        });
        Ok(Pump {
            client,
            fence,
            started_ms,
            frozen_until_ms: 0,
            armed: None,
            asked: None,
            scope: None,
            left_out: Vec::new(),
        })
    }

    pub fn wall(&self, now_ms: u64) -> Moment {
        Moment::from_unix_ms(true_time(now_ms).unix_ms() + self.skew_ms)
    }

    /// Whether this version can act on a case: it reads every word of it.
    pub fn understands(&self, entries: &[Entry]) -> bool {
        entries
            .iter()
            .all(|it| it.envelope.header().must_understand <= self.vocabulary)
    }

    /// The cases of a page, each with the version that the log has of it now, and what was read then.
    pub fn prepare(&self, page: &Page, load: &Load) -> Result<TakeIn, Fault> {
        let mut cases: BTreeMap<CaseId, Vec<Entry>> = BTreeMap::new();
        let erased = self.erased_with(page)?;
        for it in &page.entries {
            let mut envelope = Envelope::from_bytes(&it.envelope.0).map_err(|_| corrupt("page"))?;
            if erased.contains(&envelope.header().case) {
                envelope = envelope.without_content();
            }
            let entry = Entry {
                envelope,
                arrived: Some(it.arrived),
            };
            cases
                .entry(entry.envelope.header().case)
                .or_default()
                .push(entry);
        }
        let mut taken = Vec::new();
        for (case, entries) in cases {
            let expected_version = now(self.disk.history(case))?.version;
            taken.push(CaseIn {
                case,
                expected_version,
                entries,
                projection: row(),
            });
        }
        Ok(TakeIn {
            from: stored(page.from),
            to: stored(page.next),
            cases: taken,
            named: vec![NamedRecord {
                section: Section::Settings,
                name: LOAD.to_owned(),
                record: load.to_bytes(),
            }],
        })
    }

    pub fn cases(&self) -> Result<Vec<CaseId>, Fault> {
        Ok(now(self.disk.rows(None, usize::MAX))?
            .rows
            .into_iter()
            .map(|it| it.case)
            .collect())
    }
}

/// The name of the setting that holds the epoch known to be filled.
pub const EPOCH: &str = "epoch";
/// The name of the setting that says what was read.
pub const LOAD: &str = "load";

/// The simulation looks at envelopes, not at rows.
pub fn row() -> Projection {
    Projection {
        due: Some(Moment::from_unix_ms(0)),
        body: Vec::new(),
    }
}

pub fn true_time(now_ms: u64) -> Moment {
    const BEGINNING_MS: u64 = 1_790_045_000_000;
    Moment::from_unix_ms(i64::try_from(BEGINNING_MS + now_ms).expect("a run lasts minutes"))
}

pub fn heard(it: shouwen_store::Cursor) -> Cursor {
    Cursor {
        epoch: it.epoch,
        position: it.position,
    }
}

pub fn stored(it: Cursor) -> shouwen_store::Cursor {
    shouwen_store::Cursor {
        epoch: it.epoch,
        position: it.position,
    }
}

fn corrupt(what: &str) -> Fault {
    Fault::Corrupt {
        what: what.to_owned(),
    }
}

/// The log in memory never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(it) => it,
        Poll::Pending => unreachable!("the log in memory never waits"),
    }
}
