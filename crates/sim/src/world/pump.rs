//! What a tab that pumps does: the client says what, the log and the network do it.

use std::fmt;

use shouwen_domain::envelope::{Fate, Receipt};
use shouwen_store::memory::Failure as DiskFailure;
use shouwen_store::{Conflict, Fault, Fence, Log, Section, TakeIn, WriteError};
use shouwen_sync::client::{Elapsed, Failure, Input, Load, Loads, Place, Status, Todo};
use shouwen_sync::message::Page;

use super::{Ask, Broken, Event, Law, World, planted};
use crate::device::{EPOCH, LOAD, heard, now, stored};
use crate::plant::Plant;

/// Waiting longer than this is not a wait but a halt.
const LONGEST_WAIT_MS: u64 = 5 * 60_000;

impl World<'_> {
    /// Feeds a tab, or as soon as it is not frozen any more.
    pub(super) fn poke(&mut self, device: usize, pump: u64, input: Input) -> Result<(), Broken> {
        self.happen(Event::Feed {
            device,
            pump,
            input,
        })
    }

    pub(super) fn feed(&mut self, device: usize, pump: u64, input: Input) -> Result<(), Broken> {
        let now_ms = self.now_ms;
        let bits = self.devices[device].chance.bits();
        let Some(it) = self.devices[device].pumps.get_mut(&pump) else {
            return Ok(());
        };
        let elapsed = Elapsed(now_ms - it.started_ms);
        if let Input::Contacted(answer) = &input {
            it.scope = Some(answer.scope.clone());
        }
        let heard = Heard(input.clone());
        it.client.handle(input, elapsed, bits);
        let mut todos = Vec::new();
        while let Some(todo) = it.client.poll() {
            todos.push(todo);
        }
        let status = it.client.status();
        if let Status::Waiting { retry_at, .. } = status
            && retry_at.0 > elapsed.0 + LONGEST_WAIT_MS
        {
            return Err(Law::EveryActHasAFate.broken(format_args!(
                "device {device} waits until {} at {}",
                retry_at.0, elapsed.0
            )));
        }
        let (timeout, started_ms) = (it.client.next_timeout(), it.started_ms);
        if it.armed != timeout {
            it.armed = timeout;
            if let Some(set_for) = timeout {
                let at = (started_ms + set_for.0).max(now_ms + 1);
                let timer = Event::Timer {
                    device,
                    pump,
                    set_for,
                };
                self.at(at, timer);
            }
        }
        let (first, next) = (todos.first().map(name), timeout.map(|it| it.0 + started_ms));
        self.note(&format_args!(
            "device {device} tab {pump}: {heard} -> {first:?}, {status:?}, timer {next:?}"
        ));
        for todo in todos {
            match todo {
                Todo::Contact { forked } => {
                    let it = &self.devices[device];
                    let contact = Ask::Contact {
                        device: it.who.id,
                        stated: it.states()?,
                        forked,
                    };
                    self.ask(device, pump, contact);
                }
                Todo::Withdraw(them) => {
                    let them = them.iter().filter_map(|it| minicbor::decode(&it.0).ok());
                    self.ask(device, pump, Ask::Withdraw(them.collect()));
                }
                Todo::Push(push) => self.ask(device, pump, Ask::Push(push)),
                Todo::HandIn(copy) => {
                    let copy = self.devices[device].opened(&copy);
                    self.ask(device, pump, Ask::HandIn(copy));
                }
                Todo::Pull(ask) => self.pull(device, pump, ask),
                Todo::SignInAgain => {
                    let input = Input::SignedIn;
                    let signed_in = Event::Feed {
                        device,
                        pump,
                        input,
                    };
                    self.soon(device, 20_000, signed_in);
                }
                Todo::LoadCopy { .. }
                | Todo::LoadOwed { .. }
                | Todo::LoadOwn { .. }
                | Todo::StartChain(_)
                | Todo::LoadWithdrawals
                | Todo::Settle(_)
                | Todo::KeepEpoch(_)
                | Todo::TakeIn { .. } => self.soon(device, 20, Event::Do { device, pump, todo }),
            }
        }
        Ok(())
    }

    pub(super) fn perform(&mut self, device: usize, pump: u64, todo: Todo) -> Result<(), Broken> {
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
                self.check_durable(device, &receipts)?;
                let id = self.devices[device].who.id;
                self.report.n_brought +=
                    receipts.iter().filter(|it| it.device != id).count() as u64;
                let left_out = self.devices[device]
                    .pumps
                    .get_mut(&pump)
                    .map(|it| std::mem::take(&mut it.left_out));
                receipts.extend(planted::forge(
                    &left_out.unwrap_or_default(),
                    receipts.first(),
                ));
                self.before_write(device);
                if self.plant == Some(Plant::LostAcknowledgement)
                    && self.devices[device].chance.happens(300)
                {
                    Input::Settled
                } else {
                    match now(self.devices[device].disk.settle(fence, &receipts)) {
                        Ok(_) => {
                            if self.forget_what_came_to_nothing(device, &receipts) {
                                Input::Settled
                            } else {
                                Input::Failed(Failure::Storage)
                            }
                        }
                        Err(why) => return self.not_written(device, pump, why),
                    }
                }
            }
            Todo::KeepEpoch(epoch) => self.keep_epoch(device, epoch),
            Todo::TakeIn { page, loads } => return self.prepare(device, pump, page, loads),
            Todo::StartChain(new) => {
                self.before_write(device);
                match now(self.devices[device].disk.start_chain(fence, new.chain)) {
                    Ok(standing) => {
                        self.tell(&format_args!(
                            "device {device}: goes on in chain {}",
                            standing.head.chain
                        ));
                        Input::ChainStarted
                    }
                    Err(why) => return self.not_written(device, pump, why),
                }
            }
            Todo::LoadWithdrawals => {
                // Reading fails as well, now and then.
                let is_faulty = self.storm && {
                    let per_mille = self.plan.weather.disk_fault;
                    self.devices[device].chance.happens(per_mille)
                };
                if is_faulty {
                    Input::Failed(Failure::Storage)
                } else {
                    let told_once = self.plant == Some(Plant::ToldOnce);
                    Input::Withdrawals(self.devices[device].taken_back(told_once)?)
                }
            }
            Todo::LoadCopy { after } => Input::Copy(self.devices[device].copy_after(&after)?),
            Todo::Contact { .. }
            | Todo::Withdraw(_)
            | Todo::HandIn(_)
            | Todo::Push(_)
            | Todo::Pull(_)
            | Todo::SignInAgain => return Ok(()),
        };
        if matches!(
            input,
            Input::Settled | Input::EpochKept | Input::ChainStarted
        ) && self.dies_here(device)
        {
            self.crash(device);
            return Ok(());
        }
        self.feed(device, pump, input)
    }

    fn keep_epoch(&mut self, device: usize, epoch: u64) -> Input {
        self.before_write(device);
        let disk = &self.devices[device].disk;
        match now(disk.put(Section::Settings, EPOCH, &epoch.to_be_bytes())) {
            Ok(()) => Input::EpochKept,
            Err(_) => Input::Failed(Failure::Storage),
        }
    }

    fn prepare(
        &mut self,
        device: usize,
        pump: u64,
        page: Page,
        loads: Box<Loads>,
    ) -> Result<(), Broken> {
        let take = Box::new(self.devices[device].prepare(&page, &loads.after)?);
        let is_early = self.plant == Some(Plant::LoadBeforePage);
        if is_early {
            self.before_write(device);
            if self.store_load(device, &loads.after).is_err() || self.dies_here(device) {
                self.crash(device);
                return Ok(());
            }
        }
        let event = Event::TakeIn {
            device,
            pump,
            page,
            loads,
            take,
        };
        self.soon(device, if is_early { 2_000 } else { 20 }, event);
        Ok(())
    }

    /// What was passed on before its person took it back stays: were that told to a server that is restored
    /// later, it would refuse what others have.
    fn forget_what_came_to_nothing(&self, device: usize, receipts: &[Receipt]) -> bool {
        let disk = &self.devices[device].disk;
        let mut accepted = receipts.iter().filter(|it| it.fate == Fate::Accepted);
        accepted.all(|it| {
            let name = format!("{}/{}", it.chain, it.sequence);
            now(disk.remove(Section::Withdrawals, &name)).is_ok()
        })
    }

    fn load(&self, device: usize, after: Option<Place>, max_bytes: usize) -> Input {
        let it = &self.devices[device];
        let envelopes = match after {
            _ if max_bytes == 0 => Ok(Vec::new()),
            None => now(it.disk.owed(max_bytes)),
            Some(Place { chain, sequence }) => now(it.disk.own_after(chain, sequence, max_bytes)),
        };
        match (envelopes, it.head()) {
            (Ok(mut envelopes), Ok(head)) => {
                if self.plant == Some(Plant::FormerLeft) {
                    envelopes.retain(|own| own.header().device == it.who.id);
                }
                Input::Owed { envelopes, head }
            }
            _ => Input::Failed(Failure::Storage),
        }
    }

    pub(super) fn take_in(
        &mut self,
        device: usize,
        pump: u64,
        page: Page,
        loads: Box<Loads>,
        mut take: TakeIn,
    ) -> Result<(), Broken> {
        let Some(fence) = self.devices[device].pumps.get(&pump).map(|it| it.fence) else {
            return Ok(());
        };
        let is_blind = matches!(self.plant, Some(Plant::LoadBeforePage | Plant::OnlyTab));
        if self.devices[device].load()? != loads.before && !is_blind {
            return self.reread(device, pump);
        }
        self.before_write(device);
        let before = heard(self.devices[device].standing()?.cursor);
        let fence = if self.plant == Some(Plant::OnlyTab) {
            take.from = stored(before);
            let its_own = self.take_over_again(device).unwrap_or(fence);
            if let Some(it) = self.devices[device].pumps.get_mut(&pump) {
                it.fence = its_own;
            }
            its_own
        } else {
            fence
        };
        let erased = self.erase_before(device, fence, &page, &mut take);
        let stored = erased.and_then(|()| now(self.devices[device].disk.take_in(fence, &take)));
        match stored {
            Ok(standing) => {
                self.check_erased(device)?;
                let cursor = heard(standing.cursor);
                if cursor != page.next {
                    return Err(Law::Contract.broken(format_args!(
                        "device {device} took a page in and its cursor is elsewhere"
                    )));
                }
                if before.epoch == cursor.epoch && before.position > cursor.position {
                    return Err(Law::HeadsGoForward.broken(format_args!(
                        "the cursor of device {device} moved back from {} to {}",
                        before.position, cursor.position
                    )));
                }
                if self.dies_here(device) {
                    self.crash(device);
                    return Ok(());
                }
                if !page.entries.is_empty() {
                    self.tell(&format_args!(
                        "device {device}: takes in {} envelopes, up to position {} of epoch {}",
                        page.entries.len(),
                        cursor.position,
                        cursor.epoch
                    ));
                }
                self.feed(device, pump, Input::TakenIn { cursor })
            }
            // One way to go on is to ask for the page again, another to prepare it again.
            Err(WriteError::Conflict(Conflict::Case { .. }))
                if self.devices[device].chance.happens(500) =>
            {
                self.reread(device, pump)
            }
            Err(WriteError::Conflict(Conflict::Case { .. })) => {
                let take = Box::new(self.devices[device].prepare(&page, &loads.after)?);
                let event = Event::TakeIn {
                    device,
                    pump,
                    page,
                    loads,
                    take,
                };
                self.soon(device, 20, event);
                Ok(())
            }
            Err(WriteError::Conflict(Conflict::Cursor { .. })) => self.reread(device, pump),
            // Somebody looks at this tab again.
            Err(WriteError::Conflict(Conflict::Fence { .. }))
                if self.devices[device].chance.happens(500) =>
            {
                let Some(fence) = self.take_over_again(device) else {
                    return self.feed(device, pump, Input::Failed(Failure::Storage));
                };
                if let Some(it) = self.devices[device].pumps.get_mut(&pump) {
                    it.fence = fence;
                }
                self.tell(&format_args!(
                    "device {device}: tab {pump} takes over again"
                ));
                let it = &self.devices[device];
                let (load, held) = (it.load()?, it.held()?);
                self.feed(device, pump, Input::Reread { load, held })?;
                self.reread(device, pump)
            }
            Err(why) => self.not_written(device, pump, why),
        }
    }

    /// Where the answer is lost, the tab before is out all the same: it is tried until one comes.
    fn take_over_again(&self, device: usize) -> Option<Fence> {
        let disk = &self.devices[device].disk;
        let tries = std::iter::repeat_with(|| now(disk.take_over()));
        tries.take(8).find_map(Result::ok)
    }

    /// A page met something: how far the log has read.
    fn reread(&mut self, device: usize, pump: u64) -> Result<(), Broken> {
        let it = &self.devices[device];
        let (cursor, load) = (heard(it.standing()?.cursor), it.load()?);
        self.feed(device, pump, Input::Conflict { cursor, load })
    }

    fn store_load(&self, device: usize, load: &Load) -> Result<(), Fault> {
        let disk = &self.devices[device].disk;
        now(disk.put(Section::Settings, LOAD, &load.to_bytes()))
    }

    fn not_written(&mut self, device: usize, pump: u64, why: WriteError) -> Result<(), Broken> {
        match why {
            WriteError::Conflict(Conflict::Fence { .. }) => {
                self.devices[device].pumps.remove(&pump);
                self.tell(&format_args!("device {device}: tab {pump} was taken over"));
                Ok(())
            }
            WriteError::Conflict(why) => {
                Err(Law::Contract.broken(format_args!("device {device} cannot write: {why}")))
            }
            WriteError::Fault(_) => self.feed(device, pump, Input::Failed(Failure::Storage)),
        }
    }

    /// Now and then a disk fails.
    pub(super) fn before_write(&mut self, device: usize) {
        let (storm, per_mille) = (self.storm, self.plan.weather.disk_fault);
        let it = &mut self.devices[device];
        if self.plant == Some(Plant::RelaxedWrites) && it.chance.happens(300) {
            it.disk_before = it.disk.snapshot();
        }
        if it.chance.happens(100) {
            it.disk_backup = it.disk.snapshot();
            it.who_backup = it.who.clone();
        }
        if storm && it.chance.happens(per_mille) {
            it.disk.fail_next_write(if it.chance.happens(500) {
                DiskFailure::AnswerLost
            } else {
                DiskFailure::Before(Fault::Blocked)
            });
        }
    }

    /// Whether a device's end has come just here, between two writes.
    pub(super) fn dies_here(&mut self, device: usize) -> bool {
        let per_mille = self.plan.weather.dies_at_write;
        self.storm && self.devices[device].chance.happens(per_mille)
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
            Input::Copy(it) => write!(f, "copy {:?}", it.as_ref().map(|it| &it.0)),
            Input::PushAnswered(it) | Input::HandedIn(it) => {
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
            | Input::Reread { .. }
            | Input::Swept
            | Input::Live(_)
            | Input::Contacted(_)
            | Input::ChainStarted
            | Input::Withdrawals(_)
            | Input::WithdrawAnswered(_)
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
        Todo::TakeIn { .. } => "TakeIn".to_owned(),
        Todo::Settle(_) => "Settle".to_owned(),
        Todo::HandIn(_) => "HandIn".to_owned(),
        Todo::Contact { .. }
        | Todo::LoadCopy { .. }
        | Todo::StartChain(_)
        | Todo::LoadWithdrawals
        | Todo::Withdraw(_)
        | Todo::LoadOwed { .. }
        | Todo::LoadOwn { .. }
        | Todo::KeepEpoch(_)
        | Todo::Pull(_)
        | Todo::SignInAgain => format!("{todo:?}"),
    }
}
