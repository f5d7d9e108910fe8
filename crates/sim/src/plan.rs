//! What is going to happen in one run, drawn from its seed: a plan can be cut down and played again.

use crate::chance::{Chance, Whose};

/// How long things go wrong.
pub const STORM_MS: u64 = 6 * 60_000;

/// One run before it is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    /// Another roll of whatever is drawn while playing.
    pub roll: u64,
    pub weather: Weather,
    pub devices: Vec<Phone>,
    pub processes: Vec<ServerProcess>,
    pub acts: Vec<Act>,
    pub troubles: Vec<Trouble>,
}

/// How bad it is all the time, per thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weather {
    pub lost: u64,
    pub doubled: u64,
    pub slow: u64,
    pub broken_answer: u64,
    pub signed_out: u64,
    pub disk_fault: u64,
    /// A device dies just after a write, before or after somebody heard of it.
    pub dies_at_write: u64,
    /// A server process dies or is paused between two steps of a transaction.
    pub dies_at_step: u64,
    pub pauses_at_step: u64,
    /// People do what does not fit the case.
    pub unfitting: u64,
    /// People take back what is held or refused, where they could act.
    pub takes_back: u64,
    pub body_limit_bytes: Option<usize>,
    /// The storm ends in silence: nobody is told that the network is back.
    pub silent_end: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// Its name, which stays when others are cut away.
    pub n: u64,
    /// Its first person; on a shared one those that follow signed in as well.
    pub person: usize,
    pub n_people: usize,
    /// Somebody who sees the whole site signed in on it as well.
    pub sees_the_site: bool,
    /// Bought then.
    pub from_ms: u64,
    /// Wall clock minus true time, at the beginning.
    pub skew_hours: i64,
    /// Runs a version that knows less, until it is updated.
    pub older: bool,
    /// Always asks the same server process; none: any.
    pub sticks_to: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerProcess {
    /// Knows an older format, until it is upgraded.
    pub older: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub at_ms: u64,
    pub device: u64,
    pub n: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub at_ms: u64,
    pub n: u64,
    pub what: What,
}

/// What goes wrong at a certain moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Crash {
        device: u64,
    },
    /// Falls into the water: never seen again.
    Lost {
        device: u64,
    },
    /// The tab that pumps is frozen and wakes much later, holding what it asked for.
    Frozen {
        device: u64,
        for_ms: u64,
    },
    Cut {
        device: u64,
        up: bool,
        down: bool,
        for_ms: u64,
        /// The browser says so.
        told: bool,
    },
    Hidden {
        device: u64,
        for_ms: u64,
    },
    ClockJump {
        device: u64,
        hours: i64,
    },
    DiskFull {
        device: u64,
        for_ms: u64,
    },
    SecondTab {
        device: u64,
    },
    /// Head office tells of news by itself, for so long or for good; or seems to, and nothing comes.
    Live {
        device: u64,
        works: bool,
        for_ms: Option<u64>,
    },
    DeviceUpdated {
        device: u64,
    },
    /// Lets go of some cases that are settled.
    LetGo {
        device: u64,
    },
    /// Its person works in another department from now on, for so long or for good.
    Moved {
        device: u64,
        to: usize,
        for_ms: Option<u64>,
    },
    /// A customer has a case erased that this device has.
    Erased {
        device: u64,
    },
    /// Its key is gone, and its log is not: to head office it is another device from then on.
    KeyLost {
        device: u64,
    },
    /// One of those who work with it has no key there any more, and signs nothing before they have signed in anew.
    PersonsKeyLost {
        device: u64,
        n: usize,
    },
    /// Head office lets the device, or its person on whatever device, in no more for so long.
    Revoked {
        device: u64,
        person: bool,
        for_ms: u64,
    },
    /// A second device goes on from what this one has, with the same key in the same chain; or in its place, and
    /// then from what it had some time ago.
    Cloned {
        device: u64,
        replaces: bool,
    },
    ProcessCrash {
        process: usize,
        for_ms: u64,
    },
    ProcessPaused {
        process: usize,
        for_ms: u64,
    },
    ProcessUpgraded {
        process: usize,
    },
    DatabaseCrash {
        for_ms: u64,
    },
    Backup,
    /// From one of the backups, the last being 0, or the state before the first one.
    Restored {
        backups_ago: usize,
    },
    Wiped,
}

impl What {
    /// The device that it strikes.
    pub const fn device(self) -> Option<u64> {
        match self {
            Self::Crash { device }
            | Self::Lost { device }
            | Self::Frozen { device, .. }
            | Self::Cut { device, .. }
            | Self::Hidden { device, .. }
            | Self::ClockJump { device, .. }
            | Self::DiskFull { device, .. }
            | Self::SecondTab { device }
            | Self::Live { device, .. }
            | Self::DeviceUpdated { device }
            | Self::LetGo { device }
            | Self::Moved { device, .. }
            | Self::Erased { device }
            | Self::KeyLost { device }
            | Self::PersonsKeyLost { device, .. }
            | Self::Revoked { device, .. }
            | Self::Cloned { device, .. } => Some(device),
            Self::ProcessCrash { .. }
            | Self::ProcessPaused { .. }
            | Self::ProcessUpgraded { .. }
            | Self::DatabaseCrash { .. }
            | Self::Backup
            | Self::Restored { .. }
            | Self::Wiped => None,
        }
    }
}

impl Weather {
    fn drawn(chance: &mut Chance) -> Self {
        Self {
            lost: chance.pick(&[0, 50, 200, 400]),
            doubled: chance.pick(&[0, 50, 300]),
            slow: chance.pick(&[0, 100, 500]),
            broken_answer: chance.pick(&[0, 50, 200]),
            signed_out: chance.pick(&[0, 0, 30]),
            disk_fault: chance.pick(&[0, 20, 100]),
            dies_at_write: chance.pick(&[0, 0, 10, 40]),
            dies_at_step: chance.pick(&[0, 0, 10, 40]),
            pauses_at_step: chance.pick(&[0, 0, 10, 40]),
            unfitting: chance.pick(&[0, 100, 300]),
            takes_back: chance.pick(&[0, 50, 200, 500]),
            body_limit_bytes: chance.pick(&[None, None, Some(16_000), Some(40_000)]),
            silent_end: chance.happens(500),
        }
    }

    /// Nothing goes wrong by itself.
    pub const CALM: Self = Self {
        lost: 0,
        doubled: 0,
        slow: 0,
        broken_answer: 0,
        signed_out: 0,
        disk_fault: 0,
        dies_at_write: 0,
        dies_at_step: 0,
        pauses_at_step: 0,
        unfitting: 0,
        takes_back: 0,
        body_limit_bytes: None,
        silent_end: false,
    };
}

impl Plan {
    pub fn drawn(seed: u64) -> Self {
        let mut chance = Chance::of(seed, Whose::Plan, 0);
        let weather = Weather::drawn(&mut chance);
        let (n_devices, most_acts) = match chance.below(1_000) {
            0..750 => (chance.between(2, 4), 12),
            750..950 => (chance.between(5, 9), 8),
            950..993 => (chance.between(10, 20), 6),
            _ => (chance.between(21, 50), 4),
        };
        let n_processes = chance.between(1, 3);
        let (some_older, some_servers_older) = (chance.happens(400), chance.happens(300));
        let all_see_the_site = chance.happens(300);
        let mut devices = Vec::new();
        let mut acts = Vec::new();
        for n in 0..n_devices {
            let hours = chance.between(0, 48).cast_signed() - 24;
            let process = chance.below(usize::try_from(n_processes).unwrap_or(1));
            devices.push(Phone {
                n,
                person: chance.below(usize::MAX / 2),
                n_people: if chance.happens(250) { 4 } else { 1 },
                sees_the_site: all_see_the_site || chance.happens(300),
                from_ms: if chance.happens(250) {
                    chance.between(0, STORM_MS)
                } else {
                    0
                },
                skew_hours: if chance.happens(500) { 0 } else { hours },
                older: some_older && chance.happens(500),
                sticks_to: chance.happens(500).then_some(process),
            });
            // Some people do one thing at a time, others press this and that in several windows.
            let is_hasty = chance.happens(300);
            let mut at_ms = 0;
            for _ in 0..chance.between(2, most_acts) {
                at_ms = if is_hasty && chance.happens(600) {
                    at_ms + chance.between(0, 1_500)
                } else {
                    chance.between(0, STORM_MS)
                };
                acts.push(Act {
                    at_ms,
                    device: n,
                    n: acts.len() as u64,
                });
            }
        }
        let processes: Vec<_> = (0..n_processes)
            .map(|_| ServerProcess {
                older: some_servers_older && chance.happens(600),
            })
            .collect();
        let most_troubles = 10 + 2 * n_devices;
        let troubles = (0..chance.between(2, most_troubles))
            .map(|n| Trouble {
                at_ms: chance.between(0, STORM_MS - 30_000),
                n,
                what: What::drawn(n_devices, processes.len(), &mut chance),
            })
            .collect();
        Self {
            seed,
            roll: 0,
            weather,
            devices,
            processes,
            acts,
            troubles,
        }
    }

    /// The stream of one thing in this run.
    pub fn chance(&self, whose: Whose, n: u64) -> Chance {
        Chance::of(
            self.seed
                .wrapping_add(self.roll.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            whose,
            n,
        )
    }
}

impl What {
    fn drawn(n_devices: u64, n_processes: usize, chance: &mut Chance) -> Self {
        let device = chance.between(0, n_devices - 1);
        let process = chance.below(n_processes);
        let for_ms = chance.between(1_000, 120_000);
        match chance.below(140) {
            0..20 => Self::Crash { device },
            20..24 => Self::Lost { device },
            24..32 => Self::Frozen {
                device,
                for_ms: for_ms * 3,
            },
            32..46 => {
                let (up, down) = chance.pick(&[(true, true), (true, true), (false, true)]);
                let told = up && chance.happens(500);
                Self::Cut {
                    device,
                    up,
                    down,
                    for_ms,
                    told,
                }
            }
            46..49 => Self::Hidden { device, for_ms },
            49 => Self::Cloned {
                device,
                replaces: chance.happens(400),
            },
            50..57 => Self::ClockJump {
                device,
                hours: chance.between(0, 48).cast_signed() - 24,
            },
            57..61 => Self::DiskFull { device, for_ms },
            61..64 => Self::SecondTab { device },
            64..67 => Self::Live {
                device,
                works: chance.happens(600),
                for_ms: chance.happens(500).then_some(for_ms),
            },
            67..70 => Self::DeviceUpdated { device },
            70..76 => Self::ProcessCrash {
                process,
                for_ms: for_ms / 6,
            },
            76..81 => Self::ProcessPaused { process, for_ms },
            81..84 => Self::ProcessUpgraded { process },
            84..87 => Self::DatabaseCrash { for_ms: for_ms / 6 },
            87..92 => Self::Backup,
            92..98 => Self::Restored {
                backups_ago: chance.below(4),
            },
            98..100 => Self::Wiped,
            100..108 => Self::LetGo { device },
            108..116 => Self::Moved {
                device,
                to: chance.below(usize::MAX),
                for_ms: chance.happens(600).then_some(for_ms),
            },
            116..124 => Self::Erased { device },
            130..135 => Self::KeyLost { device },
            135..140 => Self::PersonsKeyLost {
                device,
                n: chance.below(usize::MAX),
            },
            _ => Self::Revoked {
                device,
                person: chance.happens(500),
                for_ms: for_ms * 2,
            },
        }
    }
}
