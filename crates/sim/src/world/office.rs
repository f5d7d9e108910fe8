//! Head office: server processes on one database. Each judges inside a transaction under the lock of the
//! site, step by step, and may die or sleep between any two.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::directory::Directory;
use shouwen_domain::envelope::{FORMAT, Fate, HeldReason};
use shouwen_domain::event::Holder;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::DeviceId;
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::Scope;
use shouwen_sync::client::{Failure, Input};
use shouwen_sync::message::{
    self, Bytes, Contacted, NewChain, Pull, Push, Pushed, Stated, Withdrawal,
};
use shouwen_sync::server::{Revoked, Version};

use super::{Ask, Asker, Broken, Event, Law, World};
use crate::chance::{Chance, Whose};
use crate::database::{Asking, Change, Database};
use crate::device::true_time;
use crate::people;
use crate::plan::Plan;
use crate::plant::Plant;

/// The database ends a transaction in which nothing happens for so long.
const LOCK_MS: u64 = 15_000;
/// How long somebody who asks waits while a restored log is followed.
const PATIENCE_MS: u64 = 5_000;

pub struct Office {
    pub db: Database,
    /// Who works where, as every process knows at once.
    pub directory: Directory,
    /// Whom it lets in no more.
    pub revoked: BTreeSet<Holder>,
    pub processes: Vec<Process>,
    tasks: BTreeMap<u64, Task>,
    n_tasks: u64,
    /// Counts restores and crashes of the database.
    boot: u64,
    /// An envelope on which every server fails during the storm.
    pub chokes_on: Option<Hash>,
    /// Contacts that found what was stated on the chain, by question and moment: a doubled question has two answers.
    pub at_end: BTreeSet<(u64, Moment)>,
}

pub struct Process {
    pub on: bool,
    pub boot: u64,
    pub version: Version,
    paused_until_ms: u64,
    chance: Chance,
}

/// What a process does for one request.
struct Task {
    process: usize,
    work: Work,
    stage: Stage,
    /// The database ended its transaction.
    aborted: bool,
    change: Change,
    answer: Option<Input>,
}

#[derive(Clone)]
enum Work {
    Push {
        from: Asker,
        push: Push,
    },
    Contact {
        from: Asker,
        device: DeviceId,
        stated: Stated,
        forked: bool,
    },
    Withdraw {
        from: Asker,
        them: Vec<Withdrawal>,
    },
    Pull {
        from: Asker,
        pull: Pull,
        patient_until_ms: u64,
    },
    /// A reader has read further than the log goes: a new epoch, then the page.
    BeginEpoch {
        from: Asker,
        pull: Pull,
        patient_until_ms: u64,
    },
    /// The log was not followed to its end: a little more of it, and then what it is wanted for.
    Follow {
        wanted_for: Option<Box<Work>>,
    },
    /// What an older version held.
    Reconsider,
    /// What waited for whom head office lets in again.
    Release,
}

impl Work {
    fn from(&self) -> Option<Asker> {
        match self {
            Self::Push { from, .. }
            | Self::Contact { from, .. }
            | Self::Withdraw { from, .. }
            | Self::Pull { from, .. }
            | Self::BeginEpoch { from, .. } => Some(*from),
            Self::Follow { wanted_for } => wanted_for.as_ref()?.from(),
            Self::Reconsider | Self::Release => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    WaitForLock,
    Judge,
    Commit,
    Answer,
}

impl Office {
    pub fn new(plan: &Plan) -> Self {
        let process = |(n, it): (usize, &crate::plan::ServerProcess)| Process {
            on: false,
            boot: 0,
            version: Version {
                format: if it.older { FORMAT - 1 } else { FORMAT },
            },
            paused_until_ms: 0,
            chance: plan.chance(Whose::Process, n as u64),
        };
        Self {
            db: Database::new(),
            directory: people::site().rules.directory.clone(),
            revoked: BTreeSet::new(),
            processes: plan.processes.iter().enumerate().map(process).collect(),
            tasks: BTreeMap::new(),
            n_tasks: 0,
            boot: 0,
            chokes_on: None,
            at_end: BTreeSet::new(),
        }
    }
}

impl World<'_> {
    pub(super) fn asked(&mut self, from: Asker, ask: Ask) {
        let (weather, storm) = (&self.plan.weather, self.storm);
        let device = &mut self.devices[from.device];
        let n_processes = self.office.processes.len();
        let process = match device.sticks_to {
            Some(it) => it % n_processes,
            None => device.chance.below(n_processes),
        };
        let refused = if !self.office.processes[process].on {
            Some(Failure::Network)
        } else if matches!(ask, Ask::Contact { device, .. } if !self.signatories.contains_key(&device))
        {
            Some(Failure::NotEnrolled)
        } else if storm && device.chance.happens(weather.broken_answer) {
            let broken = [Failure::Server, Failure::Malformed, Failure::Network];
            Some(device.chance.pick(&broken))
        } else if storm && device.chance.happens(weather.signed_out) {
            Some(match ask {
                Ask::Contact { .. } => Failure::NotEnrolled,
                Ask::Withdraw(_) | Ask::Push(_) | Ask::HandIn(_) | Ask::Pull(_) => {
                    Failure::SignedOut
                }
            })
        } else {
            None
        };
        if let Some(why) = refused {
            self.answer(from, &Input::Failed(why));
            return;
        }
        let work = match ask {
            Ask::Contact {
                device,
                stated,
                forked,
            } => Work::Contact {
                from,
                device,
                stated,
                forked,
            },
            Ask::Withdraw(them) => Work::Withdraw { from, them },
            Ask::Pull(pull) => Work::Pull {
                from,
                pull,
                patient_until_ms: self.now_ms + PATIENCE_MS,
            },
            Ask::Push(push) | Ask::HandIn(push) => {
                let n_bytes: usize = push.envelopes.iter().map(|it| it.0.len()).sum();
                let limit = weather.body_limit_bytes;
                if limit.is_some_and(|limit| n_bytes > limit) {
                    self.answer(from, &Input::Failed(Failure::TooLarge));
                    return;
                }
                if storm && push.envelopes.iter().any(|it| self.chokes_on(&it.0)) {
                    self.answer(from, &Input::Failed(Failure::Server));
                    return;
                }
                Work::Push { from, push }
            }
        };
        self.begin(process, work);
    }

    fn chokes_on(&self, bytes: &[u8]) -> bool {
        let bad = self
            .office
            .chokes_on
            .and_then(|it| self.saved.envelopes.get(&it));
        bad.is_some_and(|it| it.bytes == bytes)
    }

    fn begin(&mut self, process: usize, work: Work) {
        self.office.n_tasks += 1;
        let task = self.office.n_tasks;
        self.office.tasks.insert(
            task,
            Task {
                process,
                work,
                stage: Stage::Begin,
                aborted: false,
                change: Change::default(),
                answer: None,
            },
        );
        self.next_step(task);
    }

    fn next_step(&mut self, task: u64) {
        if let Some(it) = self.office.tasks.get(&task) {
            let within = self.office.processes[it.process].chance.between(0, 40);
            self.at(self.now_ms + within, Event::Step { task });
        }
    }

    pub(super) fn step(&mut self, task: u64) -> Result<(), Broken> {
        let Some(it) = self.office.tasks.get(&task) else {
            return Ok(());
        };
        let (process, stage) = (it.process, it.stage);
        let paused_until = self.office.processes[process].paused_until_ms;
        if paused_until > self.now_ms {
            self.at(paused_until, Event::Step { task });
            return Ok(());
        }
        if self.storm {
            let chance = &mut self.office.processes[process].chance;
            if chance.happens(self.plan.weather.dies_at_step) {
                let for_ms = chance.between(100, 20_000);
                self.process_crash(process, for_ms);
                return Ok(());
            }
            if chance.happens(self.plan.weather.pauses_at_step) {
                let for_ms = chance.between(1_000, 60_000);
                self.process_pause(process, for_ms);
                self.at(self.now_ms + for_ms, Event::Step { task });
                return Ok(());
            }
        }
        match stage {
            Stage::Begin => self.step_begin(task),
            Stage::WaitForLock => Ok(()),
            Stage::Judge => {
                self.step_judge(task);
                Ok(())
            }
            Stage::Commit => self.step_commit(task),
            Stage::Answer => {
                self.step_answer(task);
                Ok(())
            }
        }
    }

    fn step_begin(&mut self, task: u64) -> Result<(), Broken> {
        if !self.office.db.on {
            self.fail(task);
            return Ok(());
        }
        let work = &self.office.tasks[&task].work;
        if matches!(work, Work::Pull { .. }) {
            return self.step_pull(task);
        }
        if let Work::Contact {
            from,
            device,
            stated,
            forked,
        } = work
        {
            // Mostly nothing has to be written.
            let (tables, device) = (&self.office.db.tables, *device);
            let at_end = tables.is_on_chain(device, stated);
            if tables
                .contact(device, stated, *forked, self.plant)
                .1
                .is_none()
            {
                let (scope, now) = (self.scope(from.device), true_time(self.now_ms));
                let answer = contacted(device, tables.epoch, scope, now, None);
                let n = from.n;
                if at_end {
                    self.office.at_end.insert((n, now));
                }
                self.set(task, Stage::Answer, Some(answer));
                self.next_step(task);
                return Ok(());
            }
        }
        if matches!(
            self.plant,
            Some(Plant::JudgedBeforeLock | Plant::PositionBeforeLock)
        ) {
            self.judge(task);
        }
        if self.office.db.lock(task) {
            self.has_lock(task);
        } else {
            self.set(task, Stage::WaitForLock, None);
        }
        Ok(())
    }

    fn step_pull(&mut self, task: u64) -> Result<(), Broken> {
        let it = &self.office.tasks[&task];
        let (process, work) = (it.process, it.work.clone());
        let Work::Pull {
            from,
            ref pull,
            patient_until_ms,
        } = work
        else {
            return Ok(());
        };
        let may_read = pull.scope == self.scope(from.device);
        if !may_read && self.plant != Some(Plant::ScopeOfBefore) {
            self.set(task, Stage::Answer, Some(Input::Failed(Failure::SignedOut)));
            self.next_step(task);
            return Ok(());
        }
        let tables = &self.office.db.tables;
        let is_behind = tables.followed_up_to() < tables.end().position;
        if is_behind && self.now_ms < patient_until_ms {
            let wanted_for = Some(Box::new(work));
            self.office.tasks.remove(&task);
            self.begin(process, Work::Follow { wanted_for });
            return Ok(());
        }
        let now = true_time(self.now_ms);
        let page = self.office.db.page(&pull.scope, pull.ask, now, self.plant);
        let Ok(page) = page else {
            let work = Work::BeginEpoch {
                from,
                pull: pull.clone(),
                patient_until_ms,
            };
            self.office.tasks.remove(&task);
            self.begin(process, work);
            return Ok(());
        };
        self.check_page(from.device, pull.ask, &page)?;
        if matches!(pull.ask, message::Ask::History { .. }) {
            self.report.n_of_history += page.entries.len() as u64;
        }
        self.set(task, Stage::Answer, Some(Input::PullAnswered(page)));
        self.next_step(task);
        Ok(())
    }

    fn has_lock(&mut self, task: u64) {
        self.set(task, Stage::Judge, None);
        self.next_step(task);
        self.at(self.now_ms + LOCK_MS, Event::LockTimeout { task });
    }

    pub(super) fn lock_timeout(&mut self, task: u64) {
        if self.office.db.holds_lock(task) {
            self.tell(&"database: ends a transaction that takes too long");
            if let Some(it) = self.office.tasks.get_mut(&task) {
                it.aborted = true;
            }
            self.unlock(task);
        }
    }

    fn unlock(&mut self, task: u64) {
        if let Some(next) = self.office.db.leave(task) {
            self.has_lock(next);
        }
    }

    fn step_judge(&mut self, task: u64) {
        match self.plant {
            Some(Plant::JudgedBeforeLock) => {}
            Some(Plant::PositionBeforeLock) => {
                // The positions are those of before; all else is read under the lock.
                let reserved = std::mem::take(&mut self.task(task).change);
                self.judge(task);
                self.task(task).change.keep_positions_of(reserved);
            }
            _ => self.judge(task),
        }
        self.set(task, Stage::Commit, None);
        self.next_step(task);
        if self.plant == Some(Plant::ReceiptBeforeCommit) {
            let it = &self.office.tasks[&task];
            let answer = it.answer.clone();
            if let Work::Push { from, push } = it.work.clone() {
                let at = self.now_ms + self.office.processes[it.process].chance.between(0, 4_000);
                let boot = self.office.boot;
                self.at(at, Event::LateCommit { boot, from, push });
                self.unlock(task);
                self.set(task, Stage::Answer, answer);
            }
        }
    }

    fn task(&mut self, task: u64) -> &mut Task {
        self.office
            .tasks
            .get_mut(&task)
            .expect("a task that is under way")
    }

    fn set(&mut self, task: u64, stage: Stage, answer: Option<Input>) {
        if let Some(it) = self.office.tasks.get_mut(&task) {
            it.stage = stage;
            it.answer = answer.or(it.answer.take());
        }
    }

    /// Reads the tables and says what to write.
    fn judge(&mut self, task: u64) {
        let now = true_time(self.now_ms);
        let it = &self.office.tasks[&task];
        let scope = it.work.from().map(|it| self.scope(it.device));
        let version = self.office.processes[it.process].version;
        let erased = self.office.db.erased();
        let db = &mut self.office.db;
        let (change, answer) = match &it.work {
            Work::Push { from, push } => {
                let who = &self.devices[from.device].who;
                let asking = who.signatories_of(push.device).map(|signatories| Asking {
                    site: &self.site,
                    device: push.device,
                    signatories,
                    push,
                    now,
                    version,
                    revoked: revoked(&self.office.revoked, push.device),
                    erased: &erased,
                    plant: self.plant,
                });
                match asking.map(|it| db.tables.judge(it)) {
                    Some(Ok(mut change)) => {
                        if self.plant == Some(Plant::PositionBeforeLock) {
                            db.reserve(&mut change);
                        }
                        let receipts = std::mem::take(&mut change.receipts);
                        let answer = Pushed {
                            receipts,
                            epoch: change.epoch,
                            server_now: now,
                        };
                        let is_copy = push.epoch.is_none();
                        let answer = if is_copy {
                            Input::HandedIn(answer)
                        } else {
                            Input::PushAnswered(answer)
                        };
                        (change, Some(answer))
                    }
                    Some(Err(_)) | None => {
                        (Change::default(), Some(Input::Failed(Failure::Server)))
                    }
                }
            }
            Work::Reconsider => {
                let shut_out = &self.office.revoked;
                let revoked = |device| revoked(shut_out, device);
                let change = db.tables.reconsider(version, &self.signatories, &revoked);
                (change, None)
            }
            Work::Release => {
                let shut_out = &self.office.revoked;
                let change = db.tables.release(&|device| revoked(shut_out, device));
                (change, None)
            }
            Work::Contact {
                from,
                device,
                stated,
                forked,
            } => {
                let device = *device;
                if db.tables.is_on_chain(device, stated) {
                    self.office.at_end.insert((from.n, now));
                }
                let (chain, change) = db.tables.contact(device, stated, *forked, self.plant);
                let scope = scope.expect("somebody opens the contact");
                let answer = contacted(device, db.tables.epoch, scope, now, chain);
                (change.unwrap_or_default(), Some(answer))
            }
            Work::Withdraw { them, .. } => {
                let mut change = db.tables.withdraw(them, now);
                let receipts = std::mem::take(&mut change.receipts);
                let answer = Pushed {
                    receipts,
                    epoch: change.epoch,
                    server_now: now,
                };
                (change, Some(Input::WithdrawAnswered(answer)))
            }
            Work::Pull { .. } | Work::BeginEpoch { .. } | Work::Follow { .. } => {
                (Change::default(), None)
            }
        };
        let it = self.task(task);
        (it.change, it.answer) = (change, answer);
    }

    fn step_commit(&mut self, task: u64) -> Result<(), Broken> {
        let now = true_time(self.now_ms);
        let it = self.task(task);
        let change = std::mem::take(&mut it.change);
        let (aborted, work) = (it.aborted, it.work.clone());
        if aborted && self.plant != Some(Plant::CommitAfterAbort) {
            self.fail(task);
            return Ok(());
        }
        self.check_epoch(task)?;
        let n_unknown = self.office.db.tables.n_of_unknown_format();
        if self.office.db.commit(change, true_time(self.now_ms))? {
            self.tell_news();
        }
        let next = match work {
            Work::BeginEpoch {
                from,
                pull,
                patient_until_ms,
            } => {
                let tables = &self.office.db.tables;
                if tables.page(&pull.scope, pull.ask, now, None).is_err() {
                    self.tell(&"office: a reader is ahead of the log: a new epoch");
                    self.office.db.begin_epoch();
                }
                Some(Work::Pull {
                    from,
                    pull,
                    patient_until_ms,
                })
            }
            Work::Follow { wanted_for } => {
                let more = self.office.db.tables.follow()?;
                match wanted_for {
                    Some(it) => Some(*it),
                    None => more.then_some(Work::Follow { wanted_for: None }),
                }
            }
            Work::Reconsider => {
                let left = self.office.db.tables.n_of_unknown_format();
                self.report.n_released += (n_unknown - left) as u64;
                None
            }
            Work::Push { .. } => {
                self.office.db.tables.follow()?;
                None
            }
            Work::Contact { .. } | Work::Withdraw { .. } | Work::Pull { .. } | Work::Release => {
                None
            }
        };
        self.unlock(task);
        if let Some(next) = next {
            let process = self.task(task).process;
            self.office.tasks.remove(&task);
            self.begin(process, next);
        } else {
            self.set(task, Stage::Answer, None);
            self.next_step(task);
        }
        Ok(())
    }

    /// What is meant for the server before a restore is not taken by the one after: it may not know what was
    /// taken back.
    fn check_epoch(&self, task: u64) -> Result<(), Broken> {
        let it = &self.office.tasks[&task];
        let epoch = self.office.db.tables.epoch;
        match (&it.work, &it.answer) {
            (Work::Push { push, .. }, Some(Input::PushAnswered(answer)))
                if push.epoch.is_some_and(|it| it != epoch) && !answer.receipts.is_empty() =>
            {
                Err(Law::ReceiptsAgree.broken(format_args!(
                    "the server of epoch {epoch} takes what was meant for that of {:?}",
                    push.epoch
                )))
            }
            _ => Ok(()),
        }
    }

    fn step_answer(&mut self, task: u64) {
        let Some(it) = self.office.tasks.remove(&task) else {
            return;
        };
        if let (Some(from), Some(answer)) = (it.work.from(), it.answer) {
            if let Input::PushAnswered(answer)
            | Input::HandedIn(answer)
            | Input::WithdrawAnswered(answer) = &answer
            {
                let fates: Vec<_> = answer
                    .receipts
                    .iter()
                    .map(|it| format!("{} {}", it.sequence, fate_in_words(it.fate)))
                    .collect();
                self.tell(&format_args!(
                    "server {}: device {}'s {} (epoch {})",
                    it.process,
                    from.device,
                    fates.join(", "),
                    answer.epoch
                ));
            }
            self.answer(from, &answer);
        }
    }

    /// The transaction came to nothing, and whoever asked hears so.
    fn fail(&mut self, task: u64) {
        self.unlock(task);
        let Some(it) = self.office.tasks.remove(&task) else {
            return;
        };
        if let Some(from) = it.work.from() {
            self.answer(from, &Input::Failed(Failure::Server));
        } else if matches!(it.work, Work::Release) && !self.storm {
            self.release_what_waited();
        } else if matches!(it.work, Work::Reconsider) {
            // A server that cannot do what it starts with starts again.
            let process = it.process;
            let boot = self.office.processes[process].boot;
            let again = Event::StartProcess { process, boot };
            self.at(self.now_ms + 1_000, again);
        }
    }

    pub(super) fn commit_late(
        &mut self,
        boot: u64,
        from: Asker,
        push: &Push,
    ) -> Result<(), Broken> {
        if self.office.boot != boot {
            return Ok(());
        }
        let erased = self.office.db.erased();
        let who = &self.devices[from.device].who;
        let Some(signatories) = who.signatories_of(push.device) else {
            return Ok(());
        };
        let asking = Asking {
            site: &self.site,
            device: push.device,
            signatories,
            push,
            erased: &erased,
            now: true_time(self.now_ms),
            version: Version::OURS,
            revoked: revoked(&self.office.revoked, push.device),
            plant: None,
        };
        match self.office.db.tables.judge(asking) {
            Ok(change) => {
                self.office.db.commit(change, true_time(self.now_ms))?;
                self.office.db.tables.follow().map(|_| ())
            }
            Err(_) => Ok(()),
        }
    }

    // What goes wrong here.

    pub(super) fn process_crash(&mut self, process: usize, for_ms: u64) {
        let it = &mut self.office.processes[process];
        if !it.on {
            return;
        }
        it.on = false;
        it.boot += 1;
        it.paused_until_ms = 0;
        let boot = it.boot;
        self.report.n_crashes += 1;
        let its_tasks = self
            .office
            .tasks
            .iter()
            .filter(|(_, it)| it.process == process);
        let dead: Vec<u64> = its_tasks.map(|(&task, _)| task).collect();
        let stages: Vec<_> = dead.iter().map(|it| self.office.tasks[it].stage).collect();
        self.tell(&format_args!(
            "server {process}: crash, in the middle of {stages:?}"
        ));
        for task in &dead {
            self.office.tasks.remove(task);
        }
        for task in dead {
            self.unlock(task);
        }
        if self.plant == Some(Plant::ReceiptBeforeCommit) {
            self.office.boot += 1;
        }
        self.at(self.now_ms + for_ms, Event::StartProcess { process, boot });
    }

    pub(super) fn process_pause(&mut self, process: usize, for_ms: u64) {
        self.tell(&format_args!("server {process}: sleeps for {for_ms} ms"));
        let it = &mut self.office.processes[process];
        it.paused_until_ms = it.paused_until_ms.max(self.now_ms + for_ms);
    }

    /// Comes up, or finds another epoch in the database: either way it looks at what others held, and follows the
    /// log.
    pub(super) fn start_process(&mut self, process: usize) {
        let it = &mut self.office.processes[process];
        it.on = true;
        if it.version == Version::OURS && self.plant != Some(Plant::NeverReconsidered) {
            self.begin(process, Work::Reconsider);
        }
        self.begin(process, Work::Follow { wanted_for: None });
    }

    /// Starts again as this version.
    pub(super) fn process_upgrade(&mut self, process: usize) {
        if self.office.processes[process].version != Version::OURS {
            self.process_crash(process, 2_000);
            self.tell(&format_args!("server {process}: is upgraded"));
            self.office.processes[process].version = Version::OURS;
        }
    }

    /// All transactions are gone, and whoever waits for one hears so.
    pub(super) fn database_crash(&mut self, for_ms: u64) {
        self.report.n_crashes += 1;
        self.office.boot += 1;
        self.office.db.on = false;
        self.office.db.crash();
        let open = self.office.tasks.iter();
        let open = open.filter(|(_, it)| it.stage != Stage::Answer);
        let open: Vec<u64> = open.map(|(&task, _)| task).collect();
        for task in open {
            self.fail(task);
        }
        self.at(self.now_ms + for_ms, Event::StartDatabase);
    }

    /// Lets a person or a device in no more.
    pub(super) fn shut_out(&mut self, whom: Holder) {
        self.tell(&format_args!("office: lets {whom:?} in no more"));
        self.report.n_revoked += 1;
        self.office.revoked.insert(whom);
    }

    /// Lets them in again, and what they brought meanwhile counts.
    pub(super) fn let_in_again(&mut self, whom: &Holder) {
        if self.office.revoked.remove(whom) {
            self.tell(&format_args!("office: lets {whom:?} in again"));
            self.release_what_waited();
        }
    }

    /// By whichever server is there; if none is, when everything is calm.
    fn release_what_waited(&mut self) {
        let is_on = |it: &usize| self.office.processes[*it].on;
        let process = (0..self.office.processes.len()).find(is_on);
        if let Some(process) = process.filter(|_| self.office.db.on) {
            self.begin(process, Work::Release);
        }
    }

    pub(super) fn calm_office(&mut self) {
        self.office.db.on = true;
        self.office.revoked.clear();
        for process in 0..self.office.processes.len() {
            self.office.processes[process].paused_until_ms = 0;
            self.process_upgrade(process);
            if !self.office.processes[process].on {
                self.start_process(process);
            }
        }
        self.release_what_waited();
    }
}

fn revoked(shut_out: &BTreeSet<Holder>, device: DeviceId) -> Revoked {
    let person = |it: &Holder| match it {
        Holder::Person(it) => Some(it.clone()),
        Holder::Device(_) => None,
    };
    Revoked {
        device: shut_out.contains(&Holder::Device(device)),
        people: shut_out.iter().filter_map(person).collect(),
    }
}

fn contacted(device: DeviceId, epoch: u64, scope: Scope, now: Moment, chain: Option<u32>) -> Input {
    Input::Contacted(Contacted {
        device,
        nonce: Bytes(Vec::new()),
        token: String::new(),
        lasts_s: 600,
        epoch,
        server_now: now,
        backed_up: Vec::new(),
        new_chain: chain.map(|chain| NewChain {
            chain,
            certificate: Bytes(Vec::new()),
        }),
        certificates: Vec::new(),
        scope,
        // That it erases what it holds is looked at in a browser.
        revoked: false,
        certificate: None,
        texts: None,
    })
}

fn fate_in_words(fate: Fate) -> String {
    match fate {
        Fate::Accepted => "accepted".to_owned(),
        Fate::Held(HeldReason::Gap) => "held for a gap".to_owned(),
        Fate::Held(why) => format!("held ({why:?})"),
        Fate::Refused(why) => format!("refused ({why:?})"),
    }
}
