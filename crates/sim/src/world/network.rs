//! Between devices and head office: what is lost, late, doubled, or goes one way only.

use shouwen_sync::client::{Failure, Input};
use shouwen_sync::message::{self, Pull};

use super::{Ask, Asker, Broken, Event, World};
use crate::plant::Plant;

impl World<'_> {
    pub(super) fn ask(&mut self, device: usize, pump: u64, mut ask: Ask) {
        if let (Some(Plant::DroppedBehindRefused), Ask::Push(push)) = (self.plant, &mut ask) {
            self.leave_out(device, pump, push);
        }
        self.n_asked += 1;
        let n = self.n_asked;
        if let Some(it) = self.devices[device].pumps.get_mut(&pump) {
            it.asked = Some(n);
        }
        if !self.devices[device].link.up {
            let input = Input::Failed(Failure::Network);
            let event = Event::Feed {
                device,
                pump,
                input,
            };
            return self.soon(device, 500, event);
        }
        let from = Asker { device, pump, n };
        for _ in 0..self.copies(device) {
            let within = self.delay(device);
            let ask = ask.clone();
            self.soon(device, within, Event::Ask { from, ask });
        }
    }

    /// Asks for a page, as one that reads what was told at the contact.
    pub(super) fn pull(&mut self, device: usize, pump: u64, ask: message::Ask) {
        if let Some(page) = self.leaves_out(ask) {
            let input = Input::PullAnswered(page);
            let event = Event::Feed {
                device,
                pump,
                input,
            };
            return self.soon(device, 300, event);
        }
        let it = &self.devices[device];
        let scope = it.pumps.get(&pump).and_then(|it| it.scope.clone());
        let pull = Pull {
            device: it.who.id,
            scope: scope.expect("whoever pulls has been in contact"),
            ask,
        };
        self.ask(device, pump, Ask::Pull(pull));
    }

    /// An answer on its way back.
    pub(super) fn answer(&mut self, from: Asker, input: &Input) {
        for _ in 0..self.copies(from.device) {
            let within = self.delay(from.device);
            let input = input.clone();
            self.soon(from.device, within, Event::Answer { from, input });
        }
    }

    /// Only the answer to the last question counts, and only the first one.
    pub(super) fn answered(&mut self, from: Asker, input: Input) -> Result<(), Broken> {
        let Asker { device, pump, n } = from;
        let down = self.devices[device].link.down;
        match self.devices[device].pumps.get_mut(&pump) {
            Some(it) if down && it.asked == Some(n) => it.asked = None,
            _ => return Ok(()),
        }
        if let Input::Contacted(answer) = &input
            && answer.new_chain.is_none()
            && self.office.at_end.remove(&(n, answer.server_now))
        {
            self.devices[device].at_end = Some((answer.epoch, answer.server_now));
        }
        self.feed(device, pump, input)
    }

    fn copies(&mut self, device: usize) -> u32 {
        let (chance, weather) = (&mut self.devices[device].chance, &self.plan.weather);
        if !self.storm {
            1
        } else if chance.happens(weather.lost) {
            0
        } else {
            1 + u32::from(chance.happens(weather.doubled))
        }
    }

    fn delay(&mut self, device: usize) -> u64 {
        let slow = self.plan.weather.slow;
        if self.storm && self.devices[device].chance.happens(slow) {
            90_000
        } else {
            300
        }
    }
}
