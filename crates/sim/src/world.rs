//! One run: what happens when, and what must hold whatever happens.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;

use shouwen_domain::Case;
use shouwen_domain::envelope::{Envelope, RuleHashes, Stamp};
use shouwen_domain::hash::{Hash, Salt};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, SiteId};
use shouwen_store::memory::Failure as DiskFailure;
use shouwen_store::{Append, Conflict, Fault, Log, Memory, Section, TakeIn, WriteError};
use shouwen_sync::client::{Elapsed, Failure, Input, Place, Status, Todo, Trigger};
use shouwen_sync::message::{Cursor, Page, Push};

use crate::chance::Chance;
use crate::device::{Device, EPOCH, heard, now, row, stored, true_time};
use crate::history;
use crate::office::Disk;
use crate::plant::Plant;

mod oracle;
mod planted;
mod storm;

/// How long things go wrong.
const STORM_MS: u64 = 6 * 60_000;
/// How long it may take afterwards until everything is everywhere: one longest wait for each of a
/// retry, an envelope that was passed over and a gap that was filled, and the pulls behind them.
const SETTLING_MS: u64 = 20 * 60_000;
/// Steps a run may take: beyond, something goes round in circles.
const MAX_STEPS: u64 = 200_000;
/// Waiting longer than this is not a wait but a halt.
const LONGEST_WAIT_MS: u64 = 5 * 60_000;

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    pub n_steps: u64,
    pub n_saved: u64,
    pub n_crashes: u64,
    pub n_restores: u64,
    /// From the end of the storm until everything was everywhere.
    pub settled_after_ms: u64,
}

/// Something that must hold did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub seed: u64,
    pub at_ms: u64,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed {} at {} ms: {}", self.seed, self.at_ms, self.what)
    }
}

/// Plays one seed; `trace` hears of every step.
pub fn run(
    seed: u64,
    plant: Option<Plant>,
    trace: &mut dyn FnMut(u64, &dyn fmt::Display),
) -> Result<Report, Violation> {
    let mut world = World::new(seed, plant, trace);
    let end = world.play();
    end.map_err(|what| Violation {
        seed,
        at_ms: world.now_ms,
        what,
    })
}

/// What does not hold, in words.
type Broken = String;

struct World<'a> {
    chance: Chance,
    plant: Option<Plant>,
    trace: &'a mut dyn FnMut(u64, &dyn fmt::Display),
    now_ms: u64,
    n_scheduled: u64,
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    site: SiteId,
    weather: Weather,
    storm: bool,
    devices: Vec<Device>,
    n_pumps: u64,
    n_asked: u64,
    office: Office,
    saved: Saved,
    report: Report,
}

/// How bad it is in this run, per thousand.
struct Weather {
    lost: u64,
    doubled: u64,
    slow: u64,
    broken_answer: u64,
    signed_out: u64,
    disk_fault: u64,
    body_limit_bytes: Option<usize>,
    /// The storm ends in silence: nobody is told that the network is back.
    silent_end: bool,
}

struct Office {
    disk: Disk,
    backup: Disk,
    on: bool,
    boot: u64,
    n_epochs: u64,
    /// An envelope on which this server fails during the storm.
    chokes_on: Option<Hash>,
}

/// The model: what people were told is saved.
#[derive(Default)]
struct Saved {
    envelopes: BTreeMap<Hash, Told>,
    /// The furthest head seen, by device.
    heads: BTreeMap<DeviceId, Place>,
}

struct Told {
    bytes: Vec<u8>,
    case: CaseId,
    device: DeviceId,
    /// Whether `append` said so; else the answer was lost and either is right.
    for_sure: bool,
    refused: bool,
}

#[derive(Clone)]
enum Event {
    Act {
        device: usize,
    },
    Write {
        device: usize,
        boot: u64,
        append: Box<Append>,
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
        take: Box<TakeIn>,
    },
    Ask {
        device: usize,
        pump: u64,
        n: u64,
        ask: Ask,
    },
    Commit {
        boot: u64,
        device: usize,
        push: Push,
    },
    Answer {
        device: usize,
        pump: u64,
        n: u64,
        input: Input,
    },
    Feed {
        device: usize,
        pump: u64,
        input: Input,
    },
    Disaster,
    Start {
        device: usize,
    },
    StartOffice,
    Link {
        device: usize,
    },
    Look {
        device: usize,
    },
    Calm,
}

#[derive(Clone)]
enum Ask {
    Push(Push),
    Pull(Cursor),
}

impl<'a> World<'a> {
    fn new(
        seed: u64,
        plant: Option<Plant>,
        trace: &'a mut dyn FnMut(u64, &dyn fmt::Display),
    ) -> Self {
        let mut chance = Chance::new(seed);
        let weather = Weather {
            lost: chance.pick(&[0, 50, 200, 400]),
            doubled: chance.pick(&[0, 50, 300]),
            slow: chance.pick(&[0, 100, 500]),
            broken_answer: chance.pick(&[0, 50, 200]),
            signed_out: chance.pick(&[0, 0, 30]),
            disk_fault: chance.pick(&[0, 20, 100]),
            body_limit_bytes: chance.pick(&[None, None, Some(16_000), Some(40_000)]),
            silent_end: chance.happens(500),
        };
        let devices = (0..chance.between(2, 4))
            .map(|n| Device::bought(n, &mut chance))
            .collect();
        let disk = Disk::default().in_epoch(1);
        Self {
            chance,
            plant,
            trace,
            now_ms: 0,
            n_scheduled: 0,
            agenda: BinaryHeap::new(),
            events: BTreeMap::new(),
            site: "north".parse().expect("a slug"),
            weather,
            storm: true,
            devices,
            n_pumps: 0,
            n_asked: 0,
            office: Office {
                backup: disk.clone(),
                disk,
                on: true,
                boot: 0,
                n_epochs: 1,
                chokes_on: None,
            },
            saved: Saved::default(),
            report: Report::default(),
        }
    }

    fn play(&mut self) -> Result<Report, Broken> {
        for device in 0..self.devices.len() {
            self.start(device)?;
            for _ in 0..self.chance.between(2, 12) {
                let at = self.chance.between(0, STORM_MS);
                self.at(at, Event::Act { device });
            }
        }
        for _ in 0..self.chance.between(2, 14) {
            let at = self.chance.between(0, STORM_MS - 30_000);
            self.at(at, Event::Disaster);
        }
        self.at(STORM_MS, Event::Calm);
        let mut look_at = STORM_MS + 1_000;
        while let Some(Reverse((at, n))) = self.agenda.pop() {
            self.now_ms = at;
            let event = self
                .events
                .remove(&n)
                .ok_or("an event is not in the agenda")?;
            self.report.n_steps += 1;
            if self.report.n_steps > MAX_STEPS {
                return Err(format!("Not quiet after {MAX_STEPS} steps"));
            }
            self.happen(event)?;
            if !self.storm && at >= look_at {
                look_at = at + 1_000;
                match self.unsettled()? {
                    None => {
                        self.check_everything()?;
                        self.report.settled_after_ms = at - STORM_MS;
                        return Ok(self.report);
                    }
                    Some(what) if at > STORM_MS + SETTLING_MS => {
                        return Err(format!("Not settled: {what}"));
                    }
                    Some(_) => {}
                }
            }
        }
        Err("Nobody has anything to do any more".to_owned())
    }

    fn tell(&mut self, what: &dyn fmt::Display) {
        (self.trace)(self.now_ms, what);
    }

    fn at(&mut self, at_ms: u64, event: Event) {
        self.n_scheduled += 1;
        self.agenda.push(Reverse((at_ms, self.n_scheduled)));
        self.events.insert(self.n_scheduled, event);
    }

    fn soon(&mut self, within_ms: u64, event: Event) {
        let at = self.now_ms + self.chance.between(0, within_ms);
        self.at(at, event);
    }

    fn happen(&mut self, event: Event) -> Result<(), Broken> {
        match event {
            Event::Act { device } => self.act(device, 0),
            Event::Write {
                device,
                boot,
                append,
                n_tries,
            } => self.write(device, boot, *append, n_tries),
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
                take,
            } => self.take_in(device, pump, page, *take),
            Event::Ask {
                device,
                pump,
                n,
                ask,
            } => {
                let input = self.asked(device, ask);
                for _ in 0..self.copies() {
                    let within = self.delay();
                    self.soon(
                        within,
                        Event::Answer {
                            device,
                            pump,
                            n,
                            input: input.clone(),
                        },
                    );
                }
                Ok(())
            }
            Event::Commit { boot, device, push } => self.commit_late(boot, device, &push),
            Event::Answer {
                device,
                pump,
                n,
                input,
            } => self.answered(device, pump, n, input),
            Event::Feed {
                device,
                pump,
                input,
            } => self.feed(device, pump, input),
            Event::Disaster => self.disaster(),
            Event::Start { device } => self.start(device),
            Event::StartOffice => {
                self.office.on = true;
                Ok(())
            }
            Event::Link { device } => self.link(device),
            Event::Look { device } => self.look(device),
            Event::Calm => self.calm(),
        }
    }

    // What people do.

    fn act(&mut self, device: usize, n_tries: u32) -> Result<(), Broken> {
        let it = &self.devices[device];
        if !it.on {
            return Ok(());
        }
        let cases = it.cases().map_err(fault)?;
        let new = cases.is_empty() || self.chance.happens(350);
        let case = if new {
            CaseId::from_random(self.chance.id())
        } else {
            self.chance.pick(&cases)
        };
        let known = now(it.disk.history(case)).map_err(fault)?;
        let event = if new {
            let number = format!("0923-{}-{:03}", it.person, it.n_cases + 1);
            history::record(&it.person, number, it.wall(self.now_ms), &mut self.chance)
        } else {
            let folded = Case::fold(known.entries.iter().map(|it| &it.envelope));
            history::act(folded.case.as_ref(), &it.person, &mut self.chance)
        };
        let standing = it.standing().map_err(fault)?;
        // A device that was set up for the wrong site: what it writes is refused.
        let stray = self.chance.happens(30);
        let none = Hash([0; 32]);
        let stamp = Stamp {
            id: EnvelopeId::from_random(self.chance.id()),
            site: if stray {
                "south".parse().expect("a slug")
            } else {
                self.site.clone()
            },
            case,
            person: it.person.clone(),
            device: it.id,
            chain: standing.head.chain,
            sequence: standing.head.sequence + 1,
            previous: standing.head.hash,
            counter: standing.head.counter + 1,
            at: it.wall(self.now_ms),
            clock: None,
            last_receipt: standing.last_receipt,
            rules: RuleHashes {
                pack: none,
                calendar: none,
                zones: none,
                directory: none,
            },
            facts_salt: Salt(self.chance.id()),
            content_salt: Salt(self.chance.id()),
        };
        let envelope = Envelope::seal(stamp, &[event]).map_err(|it| it.to_string())?;
        let append = Box::new(Append {
            envelope,
            expected_version: known.version,
            projection: row(),
        });
        let boot = it.boot;
        self.devices[device].n_cases += u64::from(new);
        self.soon(
            20,
            Event::Write {
                device,
                boot,
                append,
                n_tries,
            },
        );
        Ok(())
    }

    fn write(
        &mut self,
        device: usize,
        boot: u64,
        append: Append,
        n_tries: u32,
    ) -> Result<(), Broken> {
        if !self.devices[device].on || self.devices[device].boot != boot {
            return Ok(());
        }
        self.trouble(device);
        let envelope = append.envelope.clone();
        let told = |for_sure| Told {
            bytes: envelope.to_bytes(),
            case: envelope.header().case,
            device: envelope.header().device,
            for_sure,
            refused: envelope.header().site.as_str() != "north",
        };
        match now(self.devices[device].disk.append(append.clone())) {
            Ok(standing) => {
                let place = Place {
                    chain: standing.head.chain,
                    sequence: standing.head.sequence,
                };
                self.saw_head(device, place)?;
                self.told_saved(device, told(true), envelope.hash());
                let pumps: Vec<_> = self.devices[device].pumps.keys().copied().collect();
                for pump in pumps {
                    self.feed(device, pump, Input::Trigger(Trigger::Sent))?;
                }
            }
            Err(WriteError::Fault(fault)) => {
                if self.plant == Some(Plant::FaultIgnored) {
                    self.told_saved(device, told(true), envelope.hash());
                    return Ok(());
                }
                self.tell(&format_args!("device {device}: not saved ({fault}), again"));
                self.saved
                    .envelopes
                    .entry(envelope.hash())
                    .or_insert(told(false));
                let append = Box::new(append);
                self.soon(
                    2_000,
                    Event::Write {
                        device,
                        boot,
                        append,
                        n_tries: n_tries + 1,
                    },
                );
            }
            // Whoever lost the answer finds that the head or the case moved on by itself or another.
            Err(WriteError::Conflict(_)) if n_tries < 3 => self.act(device, n_tries + 1)?,
            Err(WriteError::Conflict(_)) => {}
        }
        Ok(())
    }

    fn told_saved(&mut self, device: usize, told: Told, hash: Hash) {
        self.tell(&format_args!("device {device}: saved {hash:.8?}"));
        let known = self.saved.envelopes.insert(hash, told);
        self.report.n_saved += u64::from(known.is_none_or(|it| !it.for_sure));
        if self.office.chokes_on.is_none() && self.chance.happens(100) {
            self.office.chokes_on = Some(hash);
        }
    }

    fn saw_head(&mut self, device: usize, head: Place) -> Result<(), Broken> {
        let known = self.saved.heads.entry(self.devices[device].id).or_default();
        if head < *known {
            return Err(format!(
                "The head of device {device} moved back from {known:?} to {head:?}"
            ));
        }
        *known = head;
        Ok(())
    }

    // What a pump does.

    fn feed(&mut self, device: usize, pump: u64, input: Input) -> Result<(), Broken> {
        let bits = self.chance.bits();
        let now_ms = self.now_ms;
        let Some(it) = self.devices[device].pumps.get_mut(&pump) else {
            return Ok(());
        };
        let elapsed = Elapsed(now_ms - it.started_ms);
        let heard = Heard(input.clone());
        it.client.handle(input, elapsed, bits);
        let mut todos = Vec::new();
        while let Some(todo) = it.client.poll() {
            todos.push(todo);
        }
        if let Status::Waiting { retry_at, .. } = it.client.status()
            && retry_at.0 > elapsed.0 + LONGEST_WAIT_MS
        {
            return Err(format!(
                "Device {device} waits until {} at {}",
                retry_at.0, elapsed.0
            ));
        }
        let timeout = it.client.next_timeout();
        let status = it.client.status();
        let started_ms = it.started_ms;
        if it.armed != timeout {
            it.armed = timeout;
            if let Some(set_for) = timeout {
                self.at(
                    (started_ms + set_for.0).max(now_ms + 1),
                    Event::Timer {
                        device,
                        pump,
                        set_for,
                    },
                );
            }
        }
        let (first, next) = (todos.first().map(name), timeout.map(|it| it.0 + started_ms));
        self.tell(&format_args!(
            "device {device} tab {pump}: {heard} -> {first:?}, {status:?}, timer {next:?}"
        ));
        for todo in todos {
            match todo {
                Todo::Push(push) => self.ask(device, pump, Ask::Push(push)),
                Todo::Pull(cursor) => self.ask(device, pump, Ask::Pull(cursor)),
                Todo::SignInAgain => self.soon(
                    20_000,
                    Event::Feed {
                        device,
                        pump,
                        input: Input::SignedIn,
                    },
                ),
                Todo::LoadOwed { .. }
                | Todo::LoadOwn { .. }
                | Todo::Settle(_)
                | Todo::KeepEpoch(_)
                | Todo::TakeIn(_) => self.soon(20, Event::Do { device, pump, todo }),
            }
        }
        Ok(())
    }

    fn perform(&mut self, device: usize, pump: u64, todo: Todo) -> Result<(), Broken> {
        let Some(fence) = self.devices[device].pumps.get(&pump).map(|it| it.fence) else {
            return Ok(());
        };
        let input = match todo {
            Todo::LoadOwed { max_bytes } => self.load(device, None, max_bytes),
            Todo::LoadOwn { .. } if self.plant == Some(Plant::NoRefill) => {
                self.load(device, None, 0)
            }
            Todo::LoadOwn { after, max_bytes } => self.load(device, Some(after), max_bytes),
            Todo::Settle(mut receipts) => {
                self.check_receipts(device, &receipts)?;
                let left_out = self.devices[device]
                    .pumps
                    .get_mut(&pump)
                    .map(|it| std::mem::take(&mut it.left_out));
                receipts.extend(planted::forge(
                    &left_out.unwrap_or_default(),
                    receipts.first(),
                ));
                self.trouble(device);
                if self.plant == Some(Plant::LostAcknowledgement) && self.chance.happens(300) {
                    Input::Settled
                } else {
                    match now(self.devices[device].disk.settle(fence, &receipts)) {
                        Ok(_) => Input::Settled,
                        Err(why) => return self.not_written(device, pump, why),
                    }
                }
            }
            Todo::KeepEpoch(epoch) => {
                self.trouble(device);
                match now(self.devices[device].disk.put(
                    Section::Settings,
                    EPOCH,
                    &epoch.to_be_bytes(),
                )) {
                    Ok(()) => Input::EpochKept,
                    Err(_) => Input::Failed(Failure::Storage),
                }
            }
            Todo::TakeIn(page) => {
                let take = Box::new(self.devices[device].prepare(&page).map_err(fault)?);
                self.soon(
                    20,
                    Event::TakeIn {
                        device,
                        pump,
                        page,
                        take,
                    },
                );
                return Ok(());
            }
            Todo::Push(_) | Todo::Pull(_) | Todo::SignInAgain => return Ok(()),
        };
        self.feed(device, pump, input)
    }

    fn load(&self, device: usize, after: Option<Place>, max_bytes: usize) -> Input {
        let it = &self.devices[device];
        let envelopes = match after {
            _ if max_bytes == 0 => Ok(Vec::new()),
            None => now(it.disk.owed(max_bytes)),
            Some(Place { chain, sequence }) => now(it.disk.own_after(chain, sequence, max_bytes)),
        };
        match (envelopes, it.standing()) {
            (Ok(envelopes), Ok(standing)) => {
                let head = Place {
                    chain: standing.head.chain,
                    sequence: standing.head.sequence,
                };
                Input::Owed { envelopes, head }
            }
            _ => Input::Failed(Failure::Storage),
        }
    }

    fn take_in(
        &mut self,
        device: usize,
        pump: u64,
        page: Page,
        mut take: TakeIn,
    ) -> Result<(), Broken> {
        let Some(fence) = self.devices[device].pumps.get(&pump).map(|it| it.fence) else {
            return Ok(());
        };
        self.trouble(device);
        if self.plant == Some(Plant::CursorBeforeEntries)
            && !take.cases.is_empty()
            && take.from != take.to
        {
            let ahead = TakeIn {
                cases: Vec::new(),
                ..take.clone()
            };
            if now(self.devices[device].disk.take_in(fence, ahead)).is_ok() {
                take.from = take.to;
                self.soon(
                    2_000,
                    Event::TakeIn {
                        device,
                        pump,
                        page,
                        take: Box::new(take),
                    },
                );
                return Ok(());
            }
        }
        match now(self.devices[device].disk.take_in(fence, take)) {
            Ok(standing) => {
                if standing.cursor != stored(page.next) {
                    return Err(format!(
                        "Device {device} took a page in and its cursor is elsewhere"
                    ));
                }
                self.feed(
                    device,
                    pump,
                    Input::TakenIn {
                        cursor: page.next,
                        more: page.more,
                    },
                )
            }
            // One way to go on is to ask for the page again, another to prepare it again.
            Err(WriteError::Conflict(Conflict::Case { .. })) if self.chance.happens(500) => {
                let cursor = heard(self.devices[device].standing().map_err(fault)?.cursor);
                self.feed(device, pump, Input::Conflict { cursor })
            }
            Err(WriteError::Conflict(Conflict::Case { .. })) => {
                let take = Box::new(self.devices[device].prepare(&page).map_err(fault)?);
                self.soon(
                    20,
                    Event::TakeIn {
                        device,
                        pump,
                        page,
                        take,
                    },
                );
                Ok(())
            }
            Err(WriteError::Conflict(Conflict::Cursor { found })) => self.feed(
                device,
                pump,
                Input::Conflict {
                    cursor: heard(found),
                },
            ),
            Err(why) => self.not_written(device, pump, why),
        }
    }

    fn not_written(&mut self, device: usize, pump: u64, why: WriteError) -> Result<(), Broken> {
        match why {
            WriteError::Conflict(Conflict::Fence { .. }) => {
                self.devices[device].pumps.remove(&pump);
                self.tell(&format_args!("device {device}: tab {pump} was taken over"));
                Ok(())
            }
            WriteError::Conflict(why) => Err(format!("Device {device} cannot write: {why}")),
            WriteError::Fault(_) => self.feed(device, pump, Input::Failed(Failure::Storage)),
        }
    }

    /// Now and then a disk fails.
    fn trouble(&mut self, device: usize) {
        if self.storm && self.chance.happens(self.weather.disk_fault) {
            let how = if self.chance.happens(500) {
                DiskFailure::AnswerLost
            } else {
                DiskFailure::Before(Fault::Blocked)
            };
            self.devices[device].disk.fail_next_write(how);
        }
    }

    // The network.

    fn ask(&mut self, device: usize, pump: u64, mut ask: Ask) {
        if let (Some(Plant::DroppedBehindRefused), Ask::Push(push)) = (self.plant, &mut ask) {
            self.leave_out(device, pump, push);
        }
        self.n_asked += 1;
        let n = self.n_asked;
        if let Some(it) = self.devices[device].pumps.get_mut(&pump) {
            it.asked = Some(n);
        }
        if !self.devices[device].linked {
            return self.soon(
                500,
                Event::Feed {
                    device,
                    pump,
                    input: Input::Failed(Failure::Network),
                },
            );
        }
        for _ in 0..self.copies() {
            let within = self.delay();
            self.soon(
                within,
                Event::Ask {
                    device,
                    pump,
                    n,
                    ask: ask.clone(),
                },
            );
        }
    }

    /// Only the answer to the last question counts, and only the first one.
    fn answered(&mut self, device: usize, pump: u64, n: u64, input: Input) -> Result<(), Broken> {
        let linked = self.devices[device].linked;
        match self.devices[device].pumps.get_mut(&pump) {
            Some(it) if linked && it.asked == Some(n) => it.asked = None,
            _ => return Ok(()),
        }
        self.feed(device, pump, input)
    }

    fn copies(&mut self) -> u32 {
        if !self.storm {
            1
        } else if self.chance.happens(self.weather.lost) {
            0
        } else {
            1 + u32::from(self.chance.happens(self.weather.doubled))
        }
    }

    fn delay(&mut self) -> u64 {
        if self.storm && self.chance.happens(self.weather.slow) {
            90_000
        } else {
            300
        }
    }

    // Head office.

    fn asked(&mut self, device: usize, ask: Ask) -> Input {
        if !self.office.on {
            return Input::Failed(Failure::Network);
        }
        if self.storm && self.chance.happens(self.weather.broken_answer) {
            return Input::Failed(self.chance.pick(&[
                Failure::Server,
                Failure::Malformed,
                Failure::Network,
            ]));
        }
        if self.storm && self.chance.happens(self.weather.signed_out) {
            return Input::Failed(Failure::SignedOut);
        }
        match ask {
            Ask::Pull(cursor) => match self.office.disk.page(cursor, true_time(self.now_ms)) {
                Ok(page) => Input::PullAnswered(page),
                Err(_) => Input::Failed(Failure::Server),
            },
            Ask::Push(push) => {
                let n_bytes: usize = push.envelopes.iter().map(|it| it.0.len()).sum();
                let too_large = self
                    .weather
                    .body_limit_bytes
                    .is_some_and(|limit| n_bytes > limit);
                if too_large {
                    Input::Failed(Failure::TooLarge)
                } else if self.storm && push.envelopes.iter().any(|it| self.chokes_on(&it.0)) {
                    Input::Failed(Failure::Server)
                } else {
                    self.push(device, push)
                }
            }
        }
    }

    fn chokes_on(&self, bytes: &[u8]) -> bool {
        let bad = self
            .office
            .chokes_on
            .and_then(|it| self.saved.envelopes.get(&it));
        bad.is_some_and(|it| it.bytes == bytes)
    }

    fn push(&mut self, device: usize, push: Push) -> Input {
        let (id, at) = (self.devices[device].id, true_time(self.now_ms));
        let Ok(transaction) = self
            .office
            .disk
            .judge(&self.site, id, &push, at, self.plant)
        else {
            return Input::Failed(Failure::Server);
        };
        let answer = transaction.answer.clone();
        if self.plant == Some(Plant::ReceiptBeforeCommit) {
            let boot = self.office.boot;
            self.soon(2_000, Event::Commit { boot, device, push });
        } else {
            self.office.disk = transaction.commit();
            self.tell(&format_args!(
                "office: {} receipts for device {device}",
                answer.receipts.len()
            ));
        }
        Input::PushAnswered(answer)
    }

    fn commit_late(&mut self, boot: u64, device: usize, push: &Push) -> Result<(), Broken> {
        let (id, at) = (self.devices[device].id, true_time(self.now_ms));
        if self.office.on && self.office.boot == boot {
            let judged = self.office.disk.judge(&self.site, id, push, at, None);
            self.office.disk = judged.map_err(|it| format!("{it:?}"))?.commit();
        }
        Ok(())
    }
}

impl Device {
    fn bought(n: u64, chance: &mut Chance) -> Self {
        let hours = i64::try_from(chance.between(0, 48)).unwrap_or(0) - 24;
        Self {
            id: DeviceId::from_random(chance.id()),
            person: format!("person-{n}").parse().expect("a slug"),
            disk: Memory::new(),
            skew_ms: if chance.happens(500) {
                0
            } else {
                hours * 3_600_000
            },
            on: false,
            boot: 0,
            linked: true,
            hidden: false,
            pumps: BTreeMap::new(),
            n_cases: 0,
        }
    }
}

/// An input in a few words.
struct Heard(Input);

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Input::Owed { envelopes, head } => write!(
                f,
                "{} to send, written up to {}",
                envelopes.len(),
                head.sequence
            ),
            Input::PushAnswered(it) => {
                let receipts: Vec<_> = it
                    .receipts
                    .iter()
                    .map(|it| (it.sequence, it.fate))
                    .collect();
                write!(f, "epoch {}: {receipts:?}", it.epoch)
            }
            Input::PullAnswered(it) => write!(
                f,
                "{} from {:?} to {:?}",
                it.entries.len(),
                it.from,
                it.next
            ),
            Input::Trigger(_)
            | Input::Hidden
            | Input::WentOffline
            | Input::SignedIn
            | Input::Settled
            | Input::EpochKept
            | Input::TakenIn { .. }
            | Input::Conflict { .. }
            | Input::Failed(_) => write!(f, "{:?}", self.0),
        }
    }
}

fn name(todo: &Todo) -> String {
    match todo {
        Todo::Push(it) => format!("Push {} of chain {}", it.envelopes.len(), it.chain),
        Todo::TakeIn(_) => "TakeIn".to_owned(),
        Todo::Settle(_) => "Settle".to_owned(),
        Todo::LoadOwed { .. }
        | Todo::LoadOwn { .. }
        | Todo::KeepEpoch(_)
        | Todo::Pull(_)
        | Todo::SignInAgain => format!("{todo:?}"),
    }
}

fn fault(fault: Fault) -> Broken {
    format!("A log cannot be read: {fault}")
}
