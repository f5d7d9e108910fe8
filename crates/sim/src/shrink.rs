//! From a run that breaks a law to the few things that it takes, and to a story that can be read.

use std::fmt::Write;

use crate::law::Law;
use crate::plan::{Plan, Weather};
use crate::plant::Plant;
use crate::world::{Violation, play};

/// Runs that shrinking may take.
const MAX_RUNS: u32 = 1_000;
/// Rolls of the dice that a smaller plan gets to break the same law.
const N_ROLLS: u64 = 2;

/// The smallest plan that was found to break the same law.
pub fn shrink(plan: &Plan, plant: Option<Plant>, violation: &Violation) -> (Plan, Violation) {
    let mut shrinker = Shrinker {
        plant,
        law: violation.law,
        best: (plan.clone(), violation.clone()),
        n_runs: 0,
    };
    loop {
        let before = size(&shrinker.best.0);
        shrinker.calm_weather();
        shrinker.fewer_devices();
        shrinker.fewer_processes();
        shrinker.fewer(
            |it| it.troubles.len(),
            |it, at, n| drop(it.troubles.drain(at..at + n)),
        );
        shrinker.fewer(
            |it| it.acts.len(),
            |it, at, n| drop(it.acts.drain(at..at + n)),
        );
        shrinker.plainer();
        if size(&shrinker.best.0) == before || shrinker.n_runs >= MAX_RUNS {
            return shrinker.best;
        }
    }
}

/// What happens in a run, as far as it belongs to the story.
pub fn story(plan: &Plan, plant: Option<Plant>) -> String {
    let mut told = String::new();
    let _ = writeln!(
        told,
        "{} devices, {} server processes, {} acts, {} troubles; {:?}",
        plan.devices.len(),
        plan.processes.len(),
        plan.acts.len(),
        plan.troubles.len(),
        plan.weather
    );
    let end = play(plan, plant, &mut |line| {
        if line.is_story {
            let seconds = line.at_ms / 1_000;
            let _ = writeln!(told, "{seconds:>5}.{:03} {}", line.at_ms % 1_000, line.what);
        }
    });
    if let Err(it) = end {
        let (seconds, ms) = (it.at_ms / 1_000, it.at_ms % 1_000);
        let _ = writeln!(
            told,
            "{seconds:>5}.{ms:03} BROKEN, {}: {}",
            it.law.slug(),
            it.what
        );
    }
    told
}

struct Shrinker {
    plant: Option<Plant>,
    law: Law,
    best: (Plan, Violation),
    n_runs: u32,
}

impl Shrinker {
    /// Takes a smaller plan if it breaks the same law.
    fn accept(&mut self, smaller: &Plan) -> bool {
        for roll in 0..N_ROLLS {
            if self.n_runs >= MAX_RUNS {
                return false;
            }
            self.n_runs += 1;
            let plan = Plan {
                roll: if roll == 0 { smaller.roll } else { roll + 100 },
                ..smaller.clone()
            };
            match play(&plan, self.plant, &mut |_| {}) {
                Err(it) if it.law == self.law => {
                    self.best = (plan, it);
                    return true;
                }
                Ok(_) | Err(_) => {}
            }
        }
        false
    }

    fn try_with(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut smaller = self.best.0.clone();
        change(&mut smaller);
        smaller != self.best.0 && self.accept(&smaller)
    }

    fn calm_weather(&mut self) {
        let calm: [fn(&mut Weather); 13] = [
            |it| *it = Weather::CALM,
            |it| it.lost = 0,
            |it| it.doubled = 0,
            |it| it.slow = 0,
            |it| it.broken_answer = 0,
            |it| it.signed_out = 0,
            |it| it.disk_fault = 0,
            |it| it.dies_at_write = 0,
            |it| it.dies_at_step = 0,
            |it| it.pauses_at_step = 0,
            |it| it.unfitting = 0,
            |it| it.takes_back = 0,
            |it| (it.body_limit_bytes, it.silent_end) = (None, false),
        ];
        for change in calm {
            self.try_with(|it| change(&mut it.weather));
        }
    }

    fn fewer_devices(&mut self) {
        let mut at = 0;
        while self.best.0.devices.len() > 1 && at < self.best.0.devices.len() {
            let gone = self.best.0.devices[at].n;
            let is_gone = self.try_with(|it| {
                it.devices.remove(at);
                it.acts.retain(|it| it.device != gone);
                it.troubles.retain(|it| it.what.device() != Some(gone));
            });
            at += usize::from(!is_gone);
        }
    }

    fn fewer_processes(&mut self) {
        while self.best.0.processes.len() > 1
            && self.try_with(|it| it.processes.truncate(it.processes.len() - 1))
        {}
    }

    /// Cuts stretches out of a list, long ones first.
    fn fewer(&mut self, len: fn(&Plan) -> usize, cut: fn(&mut Plan, usize, usize)) {
        let mut n = len(&self.best.0);
        while n > 0 {
            let mut at = 0;
            while at < len(&self.best.0) {
                let n = n.min(len(&self.best.0) - at);
                if !self.try_with(|it| cut(it, at, n)) {
                    at += n;
                }
            }
            n /= 2;
        }
    }

    fn plainer(&mut self) {
        for at in 0..self.best.0.devices.len() {
            self.try_with(|it| it.devices[at].skew_hours = 0);
            self.try_with(|it| it.devices[at].older = false);
            self.try_with(|it| it.devices[at].from_ms = 0);
            self.try_with(|it| it.devices[at].sees_the_site = true);
            self.try_with(|it| it.devices[at].n_people = 1);
            self.try_with(|it| it.devices[at].sticks_to = Some(0));
        }
        for at in 0..self.best.0.processes.len() {
            self.try_with(|it| it.processes[at].older = false);
        }
    }
}

fn size(plan: &Plan) -> usize {
    plan.devices.len() + plan.processes.len() + plan.acts.len() + plan.troubles.len()
}
