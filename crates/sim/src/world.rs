//! One run: what happens when, and what must hold whatever happens.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt;

use shouwen_domain::envelope::Fate;
use shouwen_domain::event::Holder;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, DepartmentId, DeviceId, PersonId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_store::{Append, TakeIn};
use shouwen_sync::client::{Elapsed, Input, Loads, Place, Todo, Trigger};
use shouwen_sync::message::{Page, Pull, Push, Stated, Withdrawal};
use shouwen_sync::server::Signatories;

use crate::device::Device;
use crate::law::{Broken, Law};
use crate::people;
use crate::plan::{Plan, STORM_MS};
use crate::plant::Plant;
use office::Office;

mod acts;
mod erasure;
mod keys;
mod looks;
mod network;
mod office;
mod oracle;
mod planted;
mod pump;
mod retention;
mod scopes;
mod storm;

/// How long it may take afterwards until everything is everywhere: one longest wait for each of a
/// retry, an envelope that was passed over and a gap that was filled, and the pulls behind them.
const SETTLING_MS: u64 = 20 * 60_000;
/// Rounds in which everybody acts once more where there are clones, and how long one lasts.
const N_ROUNDS: u64 = 3;
const ROUND_MS: u64 = 60_000;
/// Where the numbers of these acts begin.
const LAST_ACTS: u64 = 1_000_000;
/// Steps a run may take for each device: beyond, something goes round in circles.
const MAX_STEPS: u64 = 100_000;

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    pub n_steps: u64,
    pub n_devices: u64,
    pub n_saved: u64,
    /// Of these, decided by the rules.
    pub n_decided: u64,
    /// On record without effect.
    pub n_without_effect: u64,
    pub n_crashes: u64,
    pub n_restores: u64,
    pub n_clones: u64,
    /// Of clones that wrote before they learned of one another: held until a person decides.
    pub n_forked: u64,
    pub n_taken_back: u64,
    /// Cases that devices let go of.
    pub n_let_go: u64,
    /// Held for their format and released by an upgrade.
    pub n_released: u64,
    /// People who came into another department, or back.
    pub n_moves: u64,
    pub n_revoked: u64,
    /// Cases whose words were erased.
    pub n_erased: u64,
    /// Devices that lost their key and joined again as another one.
    pub n_rejoined: u64,
    /// People who lost their key on a device and signed in with another one.
    pub n_new_keys: u64,
    /// What devices wrote before they lost their key and brought afterwards.
    pub n_brought: u64,
    /// Written in the name of somebody else who works with the same device.
    pub n_forged: u64,
    /// Records of who looked at what.
    pub n_looks: u64,
    /// Recorded while nobody was signed in, or said to be.
    pub n_unsigned: u64,
    /// Confirmed or denied by whoever is named.
    pub n_confirmed: u64,
    /// What devices do not have at the end because their people may not read it.
    pub n_out_of_scope: u64,
    /// What came after the open cases.
    pub n_of_history: u64,
    /// From the end of the storm until everything was everywhere.
    pub settled_after_ms: u64,
}

impl Report {
    /// Both runs together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            n_steps: self.n_steps + other.n_steps,
            n_devices: self.n_devices + other.n_devices,
            n_saved: self.n_saved + other.n_saved,
            n_decided: self.n_decided + other.n_decided,
            n_without_effect: self.n_without_effect + other.n_without_effect,
            n_crashes: self.n_crashes + other.n_crashes,
            n_restores: self.n_restores + other.n_restores,
            n_clones: self.n_clones + other.n_clones,
            n_forked: self.n_forked + other.n_forked,
            n_taken_back: self.n_taken_back + other.n_taken_back,
            n_let_go: self.n_let_go + other.n_let_go,
            n_released: self.n_released + other.n_released,
            n_moves: self.n_moves + other.n_moves,
            n_revoked: self.n_revoked + other.n_revoked,
            n_erased: self.n_erased + other.n_erased,
            n_rejoined: self.n_rejoined + other.n_rejoined,
            n_new_keys: self.n_new_keys + other.n_new_keys,
            n_brought: self.n_brought + other.n_brought,
            n_forged: self.n_forged + other.n_forged,
            n_looks: self.n_looks + other.n_looks,
            n_unsigned: self.n_unsigned + other.n_unsigned,
            n_confirmed: self.n_confirmed + other.n_confirmed,
            n_out_of_scope: self.n_out_of_scope + other.n_out_of_scope,
            n_of_history: self.n_of_history + other.n_of_history,
            settled_after_ms: self.settled_after_ms.max(other.settled_after_ms),
        }
    }
}

/// Something that must hold did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub seed: u64,
    pub at_ms: u64,
    pub law: Law,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Seed {} at {} ms, against \"{}\": {}",
            self.seed,
            self.at_ms,
            self.law.slug(),
            self.what
        )
    }
}

/// One thing that happened.
pub struct Line<'a> {
    pub at_ms: u64,
    /// Of the story, or a step that only those want to see who look for a cause.
    pub is_story: bool,
    pub what: &'a dyn fmt::Display,
}

pub type Listener<'a> = dyn FnMut(Line<'_>) + 'a;

/// Plays a plan; `listener` hears of every step.
pub fn play(
    plan: &Plan,
    plant: Option<Plant>,
    listener: &mut Listener<'_>,
) -> Result<Report, Violation> {
    let mut world = World::new(plan, plant, listener);
    let end = world.play();
    end.map_err(|it| Violation {
        seed: plan.seed,
        at_ms: world.now_ms,
        law: it.law,
        what: it.what,
    })
}

struct World<'a> {
    plan: &'a Plan,
    plant: Option<Plant>,
    listener: &'a mut Listener<'a>,
    now_ms: u64,
    n_scheduled: u64,
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    site: SiteId,
    storm: bool,
    devices: Vec<Device>,
    /// What waits for a frozen tab, by device and tab.
    frozen: BTreeMap<(usize, u64), Vec<Event>>,
    n_pumps: u64,
    n_asked: u64,
    n_rounds: u64,
    office: Office,
    /// Whose signatures head office believes.
    signatories: BTreeMap<DeviceId, Signatories>,
    saved: Saved,
    told: Told,
    report: Report,
}

/// The model: what people were told is saved.
#[derive(Default)]
struct Saved {
    envelopes: BTreeMap<Hash, Word>,
    /// The furthest head seen, by device.
    heads: BTreeMap<usize, Place>,
}

/// An envelope that a device wrote, or may have written.
struct Word {
    bytes: Vec<u8>,
    case: CaseId,
    device: usize,
    /// What its device was when it wrote it.
    author: DeviceId,
    /// The act in the plan, or one of those that come after all.
    act: u64,
    sequence: u64,
    /// Whether `append` said so; else the answer was lost and either is right.
    for_sure: bool,
    refused: bool,
    /// Its person took it back.
    taken_back: bool,
    /// When its device was last known to stand at the end of its chain.
    at_end: Option<(u64, Moment)>,
}

/// The model: what head office has said.
#[derive(Default)]
struct Told {
    fates: BTreeMap<(u64, Hash), (Fate, i64)>,
    accepted: BTreeMap<(u64, DeviceId, Place), Hash>,
    ever_accepted: BTreeSet<Hash>,
    ever_taken_back: BTreeSet<Hash>,
}

/// One action, decided and sealed, on its way into the log.
#[derive(Clone)]
struct Doing {
    act: u64,
    append: Append,
    by_rules: bool,
}

#[derive(Clone)]
enum Event {
    Act {
        act: usize,
    },
    LastAct {
        device: usize,
        n: u64,
    },
    Write {
        device: usize,
        boot: u64,
        doing: Box<Doing>,
        n_tries: u32,
    },
    Timer {
        device: usize,
        pump: u64,
        set_for: Elapsed,
    },
    Do {
        device: usize,
        pump: u64,
        todo: Todo,
    },
    TakeIn {
        device: usize,
        pump: u64,
        page: Page,
        loads: Box<Loads>,
        take: Box<TakeIn>,
    },
    Ask {
        from: Asker,
        ask: Ask,
    },
    /// The next step of a task at head office.
    Step {
        task: u64,
    },
    /// The database ends a transaction that took too long.
    LockTimeout {
        task: u64,
    },
    /// With a bug planted: a commit that comes after its receipts.
    LateCommit {
        boot: u64,
        from: Asker,
        push: Push,
    },
    Answer {
        from: Asker,
        input: Input,
    },
    Feed {
        device: usize,
        pump: u64,
        input: Input,
    },
    Trouble {
        trouble: usize,
    },
    Start {
        device: usize,
    },
    OpenTab {
        device: usize,
        boot: u64,
    },
    Thaw {
        device: usize,
        pump: u64,
    },
    StartProcess {
        process: usize,
        boot: u64,
    },
    StartDatabase,
    Link {
        device: usize,
    },
    Look {
        device: usize,
    },
    LiveEnds {
        device: usize,
    },
    Room {
        device: usize,
    },
    MovesBack {
        person: PersonId,
        to: DepartmentId,
    },
    LetInAgain {
        whom: Holder,
    },
    /// A device that lost its key joins the site once more.
    JoinAgain {
        device: usize,
    },
    /// Whoever of those who work there lost their key signs in with head office.
    SignIn {
        device: usize,
        member: usize,
    },
    Order {
        case: CaseId,
    },
    Calm,
}

/// Which question of which tab.
#[derive(Clone, Copy)]
struct Asker {
    device: usize,
    pump: u64,
    n: u64,
}

#[derive(Clone)]
enum Ask {
    Contact {
        device: DeviceId,
        stated: Stated,
        forked: bool,
    },
    Withdraw(Vec<Withdrawal>),
    Push(Push),
    /// A copy, as if it were pushed: it names no epoch.
    HandIn(Push),
    Pull(Pull),
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, plant: Option<Plant>, listener: &'a mut Listener<'_>) -> Self {
        let devices: Vec<_> = plan
            .devices
            .iter()
            .map(|it| Device::bought(it, plan))
            .collect();
        Self {
            plan,
            plant,
            listener,
            now_ms: 0,
            n_scheduled: 0,
            agenda: BinaryHeap::new(),
            events: BTreeMap::new(),
            site: people::site().rules.directory.site.clone(),
            storm: true,
            signatories: devices
                .iter()
                .map(|it| (it.who.id, it.who.certified.signatories.clone()))
                .collect(),
            devices,
            frozen: BTreeMap::new(),
            n_pumps: 0,
            n_asked: 0,
            n_rounds: 0,
            office: Office::new(plan),
            saved: Saved::default(),
            told: Told::default(),
            report: Report {
                n_devices: plan.devices.len() as u64,
                ..Report::default()
            },
        }
    }

    fn play(&mut self) -> Result<Report, Broken> {
        for device in 0..self.devices.len() {
            match self.plan.devices[device].from_ms {
                0 => self.start(device)?,
                at_ms => self.at(at_ms, Event::Start { device }),
            }
        }
        for process in 0..self.office.processes.len() {
            self.start_process(process);
        }
        for (act, it) in self.plan.acts.iter().enumerate() {
            self.at(it.at_ms, Event::Act { act });
        }
        for (trouble, it) in self.plan.troubles.iter().enumerate() {
            self.at(it.at_ms, Event::Trouble { trouble });
        }
        self.at(STORM_MS, Event::Calm);
        let look_every_ms = 1_000 * (1 + self.devices.len() as u64 / 5);
        let (mut look_at, mut since) = (STORM_MS + look_every_ms, STORM_MS);
        while let Some(Reverse((at, n))) = self.agenda.pop() {
            self.now_ms = at;
            let event = self.events.remove(&n);
            let event = event.ok_or_else(|| Law::Contract.broken("an event is not there"))?;
            self.report.n_steps += 1;
            if self.report.n_steps > MAX_STEPS * self.report.n_devices {
                return Err(Law::EveryActHasAFate.broken(format_args!(
                    "not quiet after {} steps",
                    self.report.n_steps
                )));
            }
            self.happen(event)?;
            if !self.storm && at >= look_at {
                look_at = at + look_every_ms;
                match self.unsettled()? {
                    None => {
                        let settled_after_ms = at - since;
                        self.report.settled_after_ms =
                            self.report.settled_after_ms.max(settled_after_ms);
                        if !self.another_round() {
                            self.check_everything()?;
                            return Ok(self.report);
                        }
                        since = at + ROUND_MS;
                        look_at = since;
                    }
                    Some(it) if at > since + SETTLING_MS => return Err(it),
                    Some(_) => {}
                }
            }
        }
        match self.unsettled()? {
            None => {
                self.check_everything()?;
                Ok(self.report)
            }
            Some(it) => Err(it),
        }
    }

    /// Where there are clones, everybody acts once more, and once again: those who write in one chain learn of one
    /// another, and then each writes in its own.
    fn another_round(&mut self) -> bool {
        let has_clones = self.devices.iter().any(|it| it.twin_of.is_some());
        if !has_clones || self.n_rounds == N_ROUNDS {
            return false;
        }
        self.n_rounds += 1;
        for device in 0..self.devices.len() {
            let n = LAST_ACTS + self.n_rounds * 1_000 + device as u64;
            self.soon(device, ROUND_MS - 1, Event::LastAct { device, n });
        }
        true
    }

    /// A line of the story.
    fn tell(&mut self, what: &dyn fmt::Display) {
        (self.listener)(Line {
            at_ms: self.now_ms,
            is_story: true,
            what,
        });
    }

    /// A step for whoever looks for a cause.
    fn note(&mut self, what: &dyn fmt::Display) {
        (self.listener)(Line {
            at_ms: self.now_ms,
            is_story: false,
            what,
        });
    }

    fn at(&mut self, at_ms: u64, event: Event) {
        self.n_scheduled += 1;
        self.agenda.push(Reverse((at_ms, self.n_scheduled)));
        self.events.insert(self.n_scheduled, event);
    }

    /// On or around a device, within so long.
    fn soon(&mut self, device: usize, within_ms: u64, event: Event) {
        let at = self.now_ms + self.devices[device].chance.between(0, within_ms);
        self.at(at, event);
    }

    /// The tab in which an event happens, if it is frozen.
    fn frozen_tab(&self, event: &Event) -> Option<(usize, u64)> {
        let (device, pump) = match event {
            Event::Timer { device, pump, .. }
            | Event::Do { device, pump, .. }
            | Event::TakeIn { device, pump, .. }
            | Event::Feed { device, pump, .. } => (*device, *pump),
            Event::Answer { from, .. } => (from.device, from.pump),
            Event::Act { .. }
            | Event::LastAct { .. }
            | Event::Write { .. }
            | Event::Ask { .. }
            | Event::Step { .. }
            | Event::LockTimeout { .. }
            | Event::LateCommit { .. }
            | Event::Trouble { .. }
            | Event::Start { .. }
            | Event::OpenTab { .. }
            | Event::Thaw { .. }
            | Event::StartProcess { .. }
            | Event::StartDatabase
            | Event::Link { .. }
            | Event::Look { .. }
            | Event::LiveEnds { .. }
            | Event::Room { .. }
            | Event::MovesBack { .. }
            | Event::LetInAgain { .. }
            | Event::JoinAgain { .. }
            | Event::SignIn { .. }
            | Event::Order { .. }
            | Event::Calm => return None,
        };
        let frozen_until = self.devices[device].pumps.get(&pump)?.frozen_until_ms;
        (frozen_until > self.now_ms).then_some((device, pump))
    }

    /// A tab wakes: all that waited for it happens at once, in order.
    fn thaw(&mut self, device: usize, pump: u64) -> Result<(), Broken> {
        let is_frozen = |it: &crate::device::Pump| it.frozen_until_ms > self.now_ms;
        if self.devices[device].pumps.get(&pump).is_some_and(is_frozen) {
            return Ok(());
        }
        let waited = self.frozen.remove(&(device, pump)).unwrap_or_default();
        waited.into_iter().try_for_each(|it| self.happen(it))
    }

    fn happen(&mut self, event: Event) -> Result<(), Broken> {
        if let Some(tab) = self.frozen_tab(&event) {
            self.frozen.entry(tab).or_default().push(event);
            return Ok(());
        }
        match event {
            Event::Act { act } => self.planned_act(act),
            Event::LastAct { device, n } => self.act(device, n, 0),
            Event::Write {
                device,
                boot,
                doing,
                n_tries,
            } => self.write(device, boot, *doing, n_tries),
            Event::Timer {
                device,
                pump,
                set_for,
            } => {
                match self.devices[device].pumps.get_mut(&pump) {
                    Some(it) if it.armed == Some(set_for) => it.armed = None,
                    _ => return Ok(()),
                }
                self.feed(device, pump, Input::Trigger(Trigger::Timer))
            }
            Event::Do { device, pump, todo } => self.perform(device, pump, todo),
            Event::TakeIn {
                device,
                pump,
                page,
                loads,
                take,
            } => self.take_in(device, pump, page, loads, *take),
            Event::Ask { from, ask } => {
                self.asked(from, ask);
                Ok(())
            }
            Event::Step { task } => self.step(task),
            Event::LockTimeout { task } => {
                self.lock_timeout(task);
                Ok(())
            }
            Event::LateCommit { boot, from, push } => self.commit_late(boot, from, &push),
            Event::Answer { from, input } => self.answered(from, input),
            Event::Feed {
                device,
                pump,
                input,
            } => self.feed(device, pump, input),
            Event::Trouble { trouble } => self.trouble(trouble),
            Event::Start { device } => self.start(device),
            Event::OpenTab { device, boot } => {
                let it = &self.devices[device];
                if it.on && it.boot == boot {
                    self.open_tab(device)
                } else {
                    Ok(())
                }
            }
            Event::Thaw { device, pump } => self.thaw(device, pump),
            Event::StartProcess { process, boot } => {
                if self.office.processes[process].boot == boot {
                    self.start_process(process);
                }
                Ok(())
            }
            Event::StartDatabase => {
                self.office.db.on = true;
                Ok(())
            }
            Event::Link { device } => self.link(device),
            Event::Look { device } => self.look(device),
            Event::LiveEnds { device } => self.live_ends(device),
            Event::Room { device } => {
                self.devices[device].disk.set_full(false);
                Ok(())
            }
            Event::MovesBack { person, to } => {
                self.move_to(&person, to);
                Ok(())
            }
            Event::LetInAgain { whom } => {
                self.let_in_again(&whom);
                Ok(())
            }
            Event::JoinAgain { device } => self.join_again(device),
            Event::SignIn { device, member } => self.sign_in(device, member),
            Event::Order { case } => self.order(case),
            Event::Calm => self.calm(),
        }
    }
}
