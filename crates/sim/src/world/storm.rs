//! What goes wrong, and how it ends.

use shouwen_sync::client::{Input, Place, Trigger};

use super::{Broken, Event, World, fault};
use crate::device::Pump;

/// How often a person opens a tab that does not start.
const N_OPENINGS: u32 = 16;

impl World<'_> {
    pub(super) fn disaster(&mut self) -> Result<(), Broken> {
        let device = self.chance.below(self.devices.len());
        match self.chance.below(8) {
            0 | 1 => self.crash(device),
            2 => {
                self.tell(&"office: crash");
                self.report.n_crashes += 1;
                self.office.on = false;
                self.office.boot += 1;
                self.soon(20_000, Event::StartOffice);
            }
            3 => {
                self.devices[device].linked = false;
                if self.chance.happens(500) {
                    self.feed_all(device, &Input::WentOffline)?;
                }
                self.soon(120_000, Event::Link { device });
            }
            4 => {
                self.devices[device].hidden = true;
                self.feed_all(device, &Input::Hidden)?;
                self.soon(120_000, Event::Look { device });
            }
            5 => {
                self.tell(&"office: backup");
                self.office.backup = self.office.disk.clone();
            }
            6 => {
                self.tell(&"office: restored from its backup");
                self.report.n_restores += 1;
                self.office.boot += 1;
                self.office.n_epochs += 1;
                self.office.disk = self.office.backup.clone().in_epoch(self.office.n_epochs);
            }
            _ => {
                let hours = self.chance.between(0, 96);
                self.devices[device].skew_ms = (i64::try_from(hours).unwrap_or(0) - 48) * 3_600_000;
                if self.devices[device].on {
                    self.open_tab(device)?;
                }
            }
        }
        Ok(())
    }

    fn crash(&mut self, device: usize) {
        self.tell(&format_args!("device {device}: crash"));
        self.report.n_crashes += 1;
        let it = &mut self.devices[device];
        it.on = false;
        it.boot += 1;
        it.pumps.clear();
        it.disk = it.disk.snapshot();
        self.soon(30_000, Event::Start { device });
    }

    pub(super) fn start(&mut self, device: usize) -> Result<(), Broken> {
        if self.devices[device].on {
            return Ok(());
        }
        self.tell(&format_args!("device {device}: starts"));
        self.devices[device].on = true;
        let head = self.devices[device].standing().map_err(fault)?.head;
        self.saw_head(
            device,
            Place {
                chain: head.chain,
                sequence: head.sequence,
            },
        )?;
        self.open_tab(device)
    }

    /// A tab that takes the pump over; one that has it already goes on until it notices.
    fn open_tab(&mut self, device: usize) -> Result<(), Broken> {
        let it = &mut self.devices[device];
        // A failure that was planned for another write may strike here: a person opens the tab again.
        let mut opened = it.take_over(self.now_ms);
        for _ in 0..N_OPENINGS {
            opened = opened.or_else(|_| it.take_over(self.now_ms));
        }
        let pump: Pump = opened.map_err(fault)?;
        self.n_pumps += 1;
        it.pumps.insert(self.n_pumps, pump);
        let (hidden, n) = (it.hidden, self.n_pumps);
        self.feed(
            device,
            n,
            if hidden {
                Input::Trigger(Trigger::Sent)
            } else {
                Input::Trigger(Trigger::Visible)
            },
        )
    }

    pub(super) fn link(&mut self, device: usize) -> Result<(), Broken> {
        if self.devices[device].linked {
            return Ok(());
        }
        self.devices[device].linked = true;
        self.feed_all(device, &Input::Trigger(Trigger::Online))
    }

    pub(super) fn look(&mut self, device: usize) -> Result<(), Broken> {
        if !self.devices[device].hidden {
            return Ok(());
        }
        self.devices[device].hidden = false;
        self.feed_all(device, &Input::Trigger(Trigger::Visible))
    }

    fn feed_all(&mut self, device: usize, input: &Input) -> Result<(), Broken> {
        let pumps: Vec<_> = self.devices[device].pumps.keys().copied().collect();
        pumps
            .into_iter()
            .try_for_each(|pump| self.feed(device, pump, input.clone()))
    }

    pub(super) fn calm(&mut self) -> Result<(), Broken> {
        self.tell(&"the storm is over");
        self.storm = false;
        self.office.on = true;
        for device in 0..self.devices.len() {
            self.start(device)?;
            self.link(device)?;
            self.look(device)?;
            if !self.weather.silent_end {
                self.feed_all(device, &Input::Trigger(Trigger::Online))?;
            }
        }
        Ok(())
    }
}
