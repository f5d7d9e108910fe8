//! What goes wrong, and how it ends.

use shouwen_domain::event::{Holder, VOCABULARY};
use shouwen_domain::id::PersonId;
use shouwen_store::Fault;
use shouwen_sync::client::{Input, Trigger};

use super::{Broken, Event, World};
use crate::chance::Whose;
use crate::device::{Live, true_time};
use crate::people;
use crate::plan::What;
use crate::plant::Plant;

/// Where the names of clones begin.
const CLONES: u64 = 1_000;

impl World<'_> {
    pub(super) fn trouble(&mut self, trouble: usize) -> Result<(), Broken> {
        let what = self.plan.troubles[trouble].what;
        let found = what
            .device()
            .and_then(|n| self.devices.iter().position(|it| it.n == n));
        match (what, found) {
            (What::Backup, _) => {
                self.tell(&"office: backup");
                self.office.db.back_up();
            }
            (What::Restored { backups_ago }, _) => return self.restore(Some(backups_ago)),
            (What::Wiped, _) => return self.restore(None),
            (What::DatabaseCrash { for_ms }, _) => {
                self.tell(&"database: crash");
                self.database_crash(for_ms);
            }
            (What::ProcessCrash { process, for_ms }, _) => {
                self.process_crash(process % self.office.processes.len(), for_ms);
            }
            (What::ProcessPaused { process, for_ms }, _) => {
                self.process_pause(process % self.office.processes.len(), for_ms);
            }
            (What::ProcessUpgraded { process }, _) => {
                self.process_upgrade(process % self.office.processes.len());
            }
            (_, Some(device)) if !self.devices[device].lost => {
                return self.strike(device, what);
            }
            _ => {}
        }
        Ok(())
    }

    fn restore(&mut self, backups_ago: Option<usize>) -> Result<(), Broken> {
        self.report.n_restores += 1;
        self.database_crash(3_000);
        self.office.db.restore(backups_ago, self.plant);
        if self.plant != Some(Plant::OrdersForgotten) {
            self.office.db.obey(true_time(self.now_ms))?;
        }
        // What comes back may be of an older version's time.
        for process in 0..self.office.processes.len() {
            let boot = self.office.processes[process].boot;
            self.at(self.now_ms + 3_500, Event::StartProcess { process, boot });
        }
        match backups_ago {
            Some(ago) => self.tell(&format_args!(
                "office: restored from the backup {ago} before the last, with {} envelopes",
                self.office.db.tables.feed().len()
            )),
            None => self.tell(&"office: begins again with nothing"),
        }
        Ok(())
    }

    fn strike(&mut self, device: usize, what: What) -> Result<(), Broken> {
        match what {
            What::Crash { .. } => self.crash(device),
            What::Lost { .. } => {
                // Somebody has to be left to tell the story.
                if self.devices.iter().filter(|it| !it.lost).count() > 1 {
                    self.crash(device);
                    self.tell(&format_args!("device {device}: gone for good"));
                    self.devices[device].lost = true;
                }
            }
            What::LetGo { .. } => return self.let_go(device),
            What::Frozen { for_ms, .. } => {
                let until = self.now_ms + for_ms;
                let it = &mut self.devices[device];
                if let Some((&pump, it)) = it.pumps.iter_mut().next_back() {
                    it.frozen_until_ms = it.frozen_until_ms.max(until);
                    self.at(until, Event::Thaw { device, pump });
                    self.tell(&format_args!(
                        "device {device}: its tab is frozen for {for_ms} ms"
                    ));
                    // Most people open the app anew.
                    if self.devices[device].chance.happens(600) {
                        let boot = self.devices[device].boot;
                        self.soon(device, 20_000, Event::OpenTab { device, boot });
                    }
                }
            }
            What::Cut {
                up,
                down,
                for_ms,
                told,
                ..
            } => {
                let ways = match (up, down) {
                    (true, true) => "both ways",
                    (true, false) => "on the way there",
                    _ => "on the way back",
                };
                self.tell(&format_args!(
                    "device {device}: cut off {ways} for {for_ms} ms"
                ));
                let link = &mut self.devices[device].link;
                link.up &= !up;
                link.down &= !down;
                if told {
                    self.poke_all(device, &Input::WentOffline)?;
                }
                self.at(self.now_ms + for_ms, Event::Link { device });
            }
            What::Hidden { for_ms, .. } => {
                self.devices[device].hidden = true;
                self.poke_all(device, &Input::Hidden)?;
                self.at(self.now_ms + for_ms, Event::Look { device });
            }
            What::ClockJump { hours, .. } => {
                self.tell(&format_args!(
                    "device {device}: the clock is {hours} hours off"
                ));
                self.devices[device].skew_ms = hours * 3_600_000;
            }
            What::DiskFull { for_ms, .. } => {
                self.tell(&format_args!("device {device}: no room for {for_ms} ms"));
                self.devices[device].disk.set_full(true);
                self.at(self.now_ms + for_ms, Event::Room { device });
            }
            What::SecondTab { .. } => {
                if self.devices[device].on {
                    self.tell(&format_args!("device {device}: one more tab"));
                    return self.open_tab(device);
                }
            }
            What::Live { works, for_ms, .. } => {
                self.devices[device].live = if works { Live::On } else { Live::Off };
                if let Some(for_ms) = for_ms {
                    self.at(self.now_ms + for_ms, Event::LiveEnds { device });
                }
                return self.poke_all(device, &Input::Live(true));
            }
            What::DeviceUpdated { .. } => self.update(device),
            What::Moved { to, for_ms, .. } => self.moves(device, to, for_ms),
            What::Revoked { person, for_ms, .. } => self.revoke(device, person, for_ms),
            What::Erased { .. } => return self.erase_one_of(device),
            What::KeyLost { .. } => self.lose_key(device),
            What::PersonsKeyLost { n, .. } => self.lose_persons_key(device, n),
            What::Cloned { replaces, .. } => return self.clone_device(device, replaces),
            What::ProcessCrash { .. }
            | What::ProcessPaused { .. }
            | What::ProcessUpgraded { .. }
            | What::DatabaseCrash { .. }
            | What::Backup
            | What::Restored { .. }
            | What::Wiped => {}
        }
        Ok(())
    }

    /// One of those who work with a device.
    fn one_of(&self, device: usize, n: usize) -> &PersonId {
        let staff = &self.devices[device].who.staff;
        &staff[n % staff.len()].person
    }

    fn moves(&mut self, device: usize, to: usize, for_ms: Option<u64>) {
        let person = self.one_of(device, to).clone();
        let known = self.office.directory.person(&person);
        let before = known.map(|it| it.department.clone());
        if let (Some(for_ms), Some(to)) = (for_ms, before) {
            let person = person.clone();
            self.at(self.now_ms + for_ms, Event::MovesBack { person, to });
        }
        self.move_to(&person, people::site().department(to));
    }

    fn revoke(&mut self, device: usize, person: bool, for_ms: u64) {
        let whom = if person {
            // As good as any way to choose one of them.
            Holder::Person(
                self.one_of(device, usize::try_from(for_ms).unwrap_or(0))
                    .clone(),
            )
        } else {
            Holder::Device(self.devices[device].who.id)
        };
        self.shut_out(whom.clone());
        self.at(self.now_ms + for_ms, Event::LetInAgain { whom });
    }

    fn clone_device(&mut self, device: usize, replaces: bool) -> Result<(), Broken> {
        let n = CLONES + self.devices.len() as u64;
        let chance = self.plan.chance(Whose::Twin, n);
        let clone = self.devices[device].cloned(n, replaces, chance);
        self.tell(&format_args!(
            "device {device}: goes on as device {} as well, which has written up to {}",
            self.devices.len(),
            clone.head()?.sequence
        ));
        if replaces {
            self.crash(device);
            self.tell(&format_args!("device {device}: is replaced"));
            self.devices[device].lost = true;
        }
        self.devices.push(clone);
        self.report.n_clones += 1;
        self.start(self.devices.len() - 1)
    }

    /// The newer version of the app takes the place of the older one.
    fn update(&mut self, device: usize) {
        if self.devices[device].vocabulary < VOCABULARY && !self.devices[device].lost {
            self.devices[device].vocabulary = VOCABULARY;
            self.crash(device);
            self.tell(&format_args!("device {device}: is updated"));
        }
    }

    pub(super) fn crash(&mut self, device: usize) {
        if !self.devices[device].on {
            return;
        }
        self.tell(&format_args!("device {device}: crash"));
        self.report.n_crashes += 1;
        let relaxed = self.plant == Some(Plant::RelaxedWrites);
        let it = &mut self.devices[device];
        it.on = false;
        it.boot += 1;
        it.pumps.clear();
        it.live = Live::Off;
        let full = it.disk.is_full();
        it.disk = if relaxed {
            it.disk_before.snapshot()
        } else {
            it.disk.snapshot()
        };
        it.disk.set_full(full);
        self.soon(device, 30_000, Event::Start { device });
    }

    pub(super) fn start(&mut self, device: usize) -> Result<(), Broken> {
        if self.devices[device].on || self.devices[device].lost {
            return Ok(());
        }
        if self.become_another(device).is_err() {
            // Its disk fails or is full: a person opens it again.
            self.soon(device, 10_000, Event::Start { device });
            return Ok(());
        }
        self.note(&format_args!("device {device}: starts"));
        self.devices[device].on = true;
        self.ask_for_keys(device);
        let head = self.devices[device].head()?;
        self.saw_head(device, head)?;
        self.open_tab(device)
    }

    /// A tab that takes the pump over; one that has it already goes on until it notices.
    pub(super) fn open_tab(&mut self, device: usize) -> Result<(), Broken> {
        let boot = self.devices[device].boot;
        let it = &self.devices[device];
        // What an older version stored, or a crash left, goes before anything else.
        let opened = it.take_over(self.now_ms).and_then(|pump| {
            let erased = it.erased()?;
            let obeyed = it.erase_words(pump.fence, &erased, self.plant);
            obeyed.map(|()| pump).map_err(|_| Fault::ConnectionLost)
        });
        let Ok(pump) = opened else {
            // Its disk fails or is full: a person opens the tab again.
            self.soon(device, 10_000, Event::OpenTab { device, boot });
            return Ok(());
        };
        self.n_pumps += 1;
        let (n, it) = (self.n_pumps, &mut self.devices[device]);
        it.pumps.insert(n, pump);
        let trigger = if it.hidden {
            Trigger::Sent
        } else {
            Trigger::Visible
        };
        self.feed(device, n, Input::Trigger(trigger))
    }

    pub(super) fn link(&mut self, device: usize) -> Result<(), Broken> {
        let link = &mut self.devices[device].link;
        let was_cut = !link.up || !link.down;
        (link.up, link.down) = (true, true);
        if was_cut {
            self.poke_all(device, &Input::Trigger(Trigger::Online))?;
        }
        Ok(())
    }

    pub(super) fn live_ends(&mut self, device: usize) -> Result<(), Broken> {
        self.devices[device].live = Live::Off;
        self.poke_all(device, &Input::Live(false))
    }

    /// Something was passed on: whoever hears of it by itself is told, if nothing is lost on the way.
    pub(super) fn tell_news(&mut self) {
        let lost = if self.storm {
            self.plan.weather.lost
        } else {
            0
        };
        for device in 0..self.devices.len() {
            let it = &mut self.devices[device];
            let hears = it.on && it.live == Live::On && it.link.down;
            if !hears || it.chance.happens(lost) {
                continue;
            }
            let pumps: Vec<_> = it.pumps.keys().copied().collect();
            for pump in pumps {
                let input = Input::Trigger(Trigger::News);
                let news = Event::Feed {
                    device,
                    pump,
                    input,
                };
                self.soon(device, 2_000, news);
            }
        }
    }

    pub(super) fn look(&mut self, device: usize) -> Result<(), Broken> {
        if std::mem::take(&mut self.devices[device].hidden) {
            // Another tab may have read meanwhile.
            let it = &self.devices[device];
            let (load, held) = (it.load()?, it.held()?);
            self.poke_all(device, &Input::Reread { load, held })?;
            self.poke_all(device, &Input::Trigger(Trigger::Visible))?;
        }
        Ok(())
    }

    pub(super) fn poke_all(&mut self, device: usize, input: &Input) -> Result<(), Broken> {
        let pumps: Vec<_> = self.devices[device].pumps.keys().copied().collect();
        pumps
            .into_iter()
            .try_for_each(|pump| self.poke(device, pump, input.clone()))
    }

    pub(super) fn calm(&mut self) -> Result<(), Broken> {
        self.tell(&"the storm is over");
        self.storm = false;
        self.calm_office();
        for device in 0..self.devices.len() {
            self.devices[device].disk.set_full(false);
            self.update(device);
            self.start(device)?;
            self.link(device)?;
            self.look(device)?;
            if !self.plan.weather.silent_end {
                self.poke_all(device, &Input::Trigger(Trigger::Online))?;
            }
        }
        Ok(())
    }
}
