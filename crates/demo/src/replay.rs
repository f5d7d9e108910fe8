//! Plays a plan on the devices of the people in it, each of which brings itself level with head office.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::thread;
use std::time::Duration;

use shouwen_domain::calendar::Calendar;
use shouwen_domain::case::{Case, Stage};
use shouwen_domain::directory::{Directory, Person};
use shouwen_domain::id::{CaseId, PersonId};
use shouwen_domain::moment::Moment;
use shouwen_domain::pack::Pack;
use shouwen_domain::zone::Zones;
use shouwen_domain::{Command, Rules};
use shouwen_sync::message::{FailureCode, SiteTexts};

use crate::chance::Chance;
use crate::device::{Device, DeviceError};
use crate::office::{Office, OfficeError};
use crate::plan::{Group, Plan};

/// So many acts may wait on one device until it sends them.
const OWED: u32 = 200;

/// Where many sign in at once, head office lets some wait.
const MORE_TRIES: u32 = 4;

const DEMO_SITE: &str = include_str!("../../../packs/demo-site.toml");

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayError {
    Device(DeviceError),
    WrongPin {
        person: String,
        pin: u32,
    },
    /// The site's texts are wrong: file, place and what was expected.
    Texts(String),
    /// Invented cases are for the demonstration, not for a site where people work.
    NotTheDemo {
        site: String,
    },
    /// After everything was sent, something of it is not there as it should be.
    Lost(String),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(error) => error.fmt(f),
            Self::WrongPin { person, pin } => write!(
                f,
                "The server does not take {pin} as the PIN of {person}: a server started with --demo prints the PINs, \
                 and --pin-base names the first of them"
            ),
            Self::Texts(what) => write!(f, "The server's texts cannot be read: {what}"),
            Self::NotTheDemo { site } => write!(
                f,
                "The server serves \"{site}\" and not this version's demonstration site; invented cases do not belong there"
            ),
            Self::Lost(what) => write!(f, "The server does not have what was sent: {what}"),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<DeviceError> for ReplayError {
    fn from(error: DeviceError) -> Self {
        Self::Device(error)
    }
}

impl From<OfficeError> for ReplayError {
    fn from(error: OfficeError) -> Self {
        Self::Device(DeviceError::Office(error))
    }
}

/// A device that has read everything on the site, and acts in nobody's name.
pub struct Onlooker {
    device: Device,
    pub site: Site,
}

/// What the devices of a site have to know before they join it.
pub struct Site {
    pub rules: Rules,
    /// Head office's time at signing in.
    pub now: Moment,
    pin_base: u32,
}

impl Site {
    /// One more device of the person with the lowest staff number.
    pub fn device(&self, office: &Office, chance: Chance) -> Result<Device, ReplayError> {
        let people = by_number(&self.rules.directory);
        let first = people.first().expect("somebody signed in already");
        Ok(signed_in(office, first, self.pin_base, chance)?.0)
    }
}

/// What is on a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    pub n_cases: usize,
    pub n_acts: usize,
    pub n_without_effect: usize,
    /// By the department whose hands it is in, or how it stands otherwise.
    pub open: BTreeMap<String, usize>,
    pub due: BTreeMap<Group, usize>,
}

impl Onlooker {
    pub fn sign_in(office: &Office, pin_base: u32, seed: u64) -> Result<Self, ReplayError> {
        let directory = Directory::parse("demo-site.toml", DEMO_SITE)
            .map_err(|error| ReplayError::Texts(error.to_string()))?;
        let first = by_number(&directory)
            .into_iter()
            .next()
            .ok_or_else(|| ReplayError::Texts("nobody works there".to_owned()))?;
        let chance = Chance::apart(seed, u64::MAX);
        let (device, now) = signed_in(office, first, pin_base, chance)?;
        let texts = office.site(device.token())?;
        let rules = rules(&texts).map_err(ReplayError::Texts)?;
        if rules.directory.hash() != directory.hash() {
            let site = rules.directory.name.zh;
            return Err(ReplayError::NotTheDemo { site });
        }
        let site = Site {
            rules,
            now,
            pin_base,
        };
        let mut onlooker = Self { device, site };
        onlooker.device.get_level(office)?;
        Ok(onlooker)
    }

    pub fn count(&self) -> Result<Count, ReplayError> {
        let mut count = Count::default();
        for envelopes in self.device.cases()?.values() {
            let folded = Case::fold(envelopes);
            count.n_cases += 1;
            count.n_acts += envelopes.len();
            count.n_without_effect += folded.without_effect.len();
            if let Some(case) = folded.case.filter(|it| it.stage != Stage::Closed) {
                *count
                    .open
                    .entry(standing(&case.stage).to_owned())
                    .or_default() += 1;
                if let Some(group) = Group::of(&case, &self.site.rules, self.site.now) {
                    *count.due.entry(group).or_default() += 1;
                }
            }
        }
        Ok(count)
    }

    /// Sends the whole plan, and reads back that nothing of it is lost. `played` hears how many acts are done.
    pub fn replay(
        &mut self,
        office: &Office,
        plan: &Plan,
        seed: u64,
        mut played: impl FnMut(usize),
    ) -> Result<(), ReplayError> {
        // What is there already takes part, so that a second batch is of other devices and other cases.
        let n_before = self.count()?.n_acts as u64;
        let mut chance = Chance::apart(seed, n_before);
        let ids: Vec<CaseId> = plan
            .lives
            .iter()
            .map(|_| CaseId::from_random(chance.id()))
            .collect();
        let mut fleet = Fleet {
            office,
            rules: &self.site.rules,
            pin_base: self.site.pin_base,
            devices: BTreeMap::new(),
            n_owed: BTreeMap::new(),
            last: BTreeMap::new(),
            chance,
        };
        // Everybody first: where somebody cannot sign in, nothing is sent.
        for (_, act) in plan.acts() {
            fleet.need(&act.person)?;
        }
        let mut versions = vec![0; ids.len()];
        for (n, (case, act)) in (1..).zip(plan.acts()) {
            let mut act = act.clone();
            if let (Command::Join { main }, Some(place)) =
                (&mut act.command, plan.lives[case].joins)
            {
                *main = ids[place];
            }
            fleet.act(ids[case], versions[case], &act)?;
            versions[case] += 1;
            played(n);
        }
        fleet.settle()?;
        self.device.get_level(office)?;
        let cases = self.device.cases()?;
        for (id, life) in ids.iter().zip(&plan.lives) {
            let folded = cases.get(id).map(Case::fold);
            let stands = folded
                .filter(|it| it.without_effect.is_empty())
                .and_then(|it| it.case);
            let stage = match life.joins {
                Some(place) => Stage::Joined { main: ids[place] },
                None => life.case.stage.clone(),
            };
            if stands.is_none_or(|it| it.stage != stage) {
                return Err(ReplayError::Lost(format!("case {id} stands elsewhere")));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_open: usize = self.open.values().sum();
        write!(
            f,
            "{} cases with {} acts, {} of them without effect; {n_open} open",
            self.n_cases, self.n_acts, self.n_without_effect
        )?;
        let mut list = String::new();
        for (what, n) in &self.open {
            let _ = write!(
                list,
                "{}{n} {what}",
                if list.is_empty() { ": " } else { ", " }
            );
        }
        f.write_str(&list)?;
        if n_open > 0 {
            let n = |group| self.due.get(&group).copied().unwrap_or(0);
            write!(
                f,
                "; due: {} late, {} within two hours, {} today, {} later, {} only to be closed",
                n(Group::Late),
                n(Group::Soon),
                n(Group::Today),
                n(Group::Later),
                n_open - self.due.values().sum::<usize>()
            )?;
        }
        Ok(())
    }
}

fn standing(stage: &Stage) -> &'static str {
    match stage {
        Stage::Own => "with the first responder",
        Stage::Passed {
            received: false, ..
        } => "handed over and not signed",
        Stage::Passed { handler: None, .. } => "signed and without a handler",
        Stage::Passed { .. } => "being handled",
        Stage::Coordinating { .. } => "with coordination",
        Stage::Joined { .. } => "joined with another",
        Stage::Replied => "with a result",
        Stage::Closed => "closed",
    }
}

struct Fleet<'a> {
    office: &'a Office,
    rules: &'a Rules,
    pin_base: u32,
    devices: BTreeMap<PersonId, Device>,
    n_owed: BTreeMap<PersonId, u32>,
    /// Who acted on a case last.
    last: BTreeMap<CaseId, PersonId>,
    chance: Chance,
}

impl Fleet<'_> {
    /// `version` is how many acts of the case there are before this one.
    fn act(
        &mut self,
        case: CaseId,
        version: u32,
        act: &crate::life::Act,
    ) -> Result<(), ReplayError> {
        let person = &act.person;
        if self.devices[person].version(case)? < version {
            if let Some(last) = self.last.get(&case).cloned() {
                self.get_level(&last)?;
            }
            self.get_level(person)?;
        }
        let device = self.devices.get_mut(person).expect("it was put there");
        device.act(case, act.command.clone(), act.at, self.rules)?;
        self.last.insert(case, person.clone());
        let n_owed = self.n_owed.entry(person.clone()).or_default();
        *n_owed += 1;
        if *n_owed >= OWED {
            self.get_level(&person.clone())?;
        }
        Ok(())
    }

    fn need(&mut self, person: &PersonId) -> Result<(), ReplayError> {
        if !self.devices.contains_key(person) {
            let who = self
                .rules
                .directory
                .person(person)
                .expect("a plan knows only staff");
            let chance = Chance::new(self.chance.bits());
            let (device, _) = signed_in(self.office, who, self.pin_base, chance)?;
            self.devices.insert(person.clone(), device);
        }
        Ok(())
    }

    fn get_level(&mut self, person: &PersonId) -> Result<(), ReplayError> {
        self.n_owed.remove(person);
        let device = self
            .devices
            .get_mut(person)
            .expect("who acted has a device");
        Ok(device.get_level(self.office)?)
    }

    /// Until nobody owes anything.
    fn settle(&mut self) -> Result<(), ReplayError> {
        for device in self.devices.values_mut() {
            device.get_level(self.office)?;
            device.check_fates()?;
        }
        Ok(())
    }
}

/// PINs count up in the order of staff numbers.
fn signed_in(
    office: &Office,
    person: &Person,
    pin_base: u32,
    mut chance: Chance,
) -> Result<(Device, Moment), ReplayError> {
    let directory = Directory::parse("demo-site.toml", DEMO_SITE)
        .map_err(|error| ReplayError::Texts(error.to_string()))?;
    let place = by_number(&directory)
        .iter()
        .position(|it| it.id == person.id)
        .and_then(|it| u32::try_from(it).ok())
        .unwrap_or(u32::MAX);
    let pin = pin_base.saturating_add(place);
    let sign_in = |chance| Device::sign_in(office, &person.id, &pin.to_string(), chance);
    let mut signed_in = sign_in(chance.clone());
    for _ in 0..MORE_TRIES {
        let Some(s) = signed_in
            .as_ref()
            .err()
            .and_then(OfficeError::retry_after_s)
        else {
            break;
        };
        thread::sleep(Duration::from_secs(s));
        // Another device: this one may be known already.
        signed_in = sign_in(Chance::new(chance.bits()));
    }
    signed_in.map_err(|error| {
        if error.code() == Some(FailureCode::WrongPin) {
            ReplayError::WrongPin {
                person: person.name.clone(),
                pin,
            }
        } else {
            error.into()
        }
    })
}

fn by_number(directory: &Directory) -> Vec<&Person> {
    let mut people: Vec<_> = directory.people.values().collect();
    people.sort_by(|a, b| a.number.cmp(&b.number));
    people
}

fn rules(texts: &SiteTexts) -> Result<Rules, String> {
    fn said(error: impl fmt::Display) -> String {
        error.to_string()
    }
    let files: Vec<(&str, &str)> = texts
        .calendar
        .iter()
        .map(|it| (it.name.as_str(), it.text.as_str()))
        .collect();
    let pack = Pack::parse(&texts.pack.name, &texts.pack.text).map_err(said)?;
    let calendar = Calendar::parse(&files).map_err(said)?;
    let zones = Zones::parse(&texts.zones.text).map_err(said)?;
    let directory = Directory::parse(&texts.directory.name, &texts.directory.text).map_err(said)?;
    Rules::try_new(pack, calendar, &zones, directory).map_err(said)
}
