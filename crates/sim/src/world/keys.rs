//! Keys get lost while the log stays: a device is another one to head office from then on, and a person signs with
//! another key once they have signed in anew.

use shouwen_domain::id::DeviceId;
use shouwen_store::{Fault, Log, Section};
use shouwen_sync::client::Input;

use super::{Broken, Event, World};
use crate::device::{new_key, now};

/// How long it takes at most until somebody has an invitation at hand, or time to enter a PIN.
const WITHIN_MS: u64 = 40_000;
const AGAIN_MS: u64 = 10_000;
/// The name of the setting that says who a device is.
const DEVICE: &str = "device";

impl World<'_> {
    /// The keys of the browser are gone. Who the device is by then is found out when it is opened again.
    pub(super) fn lose_key(&mut self, device: usize) {
        let who = &self.devices[device].who;
        // What it wrote since the last time nobody vouches for yet.
        if !who.has_joined() || who.has_lost_its_key() {
            return;
        }
        self.crash(device);
        self.tell(&format_args!("device {device}: has lost its key"));
        let it = &mut self.devices[device];
        it.who.key = new_key(&mut it.chance);
    }

    /// Where another key is here than head office certified: another id, and a chain that nobody wrote in.
    pub(super) fn become_another(&mut self, device: usize) -> Result<(), Fault> {
        if !self.devices[device].who.has_lost_its_key() {
            return Ok(());
        }
        self.before_write(device);
        let it = &mut self.devices[device];
        let stored = now(it.disk.get(Section::Settings, DEVICE))?;
        // Where the answer was lost it may be stored all the same.
        let stored = stored.and_then(|it| read(&it));
        let stored = stored.filter(|(id, _)| *id != it.who.id);
        let (id, behind) = if let Some(it) = stored {
            it
        } else {
            let (id, behind) = (it.chance.id(), it.standing()?.head.chain);
            let record = [&id[..], &behind.to_be_bytes()].concat();
            now(it.disk.put(Section::Settings, DEVICE, &record))?;
            (DeviceId::from_random(id), behind)
        };
        (it.who.id, it.who.behind) = (id, behind);
        Ok(())
    }

    /// Whoever has no key here tries to get one.
    pub(super) fn ask_for_keys(&mut self, device: usize) {
        if !self.devices[device].who.has_joined() {
            self.soon(device, WITHIN_MS, Event::JoinAgain { device });
        }
        for member in 0..self.devices[device].who.staff.len() {
            if !self.devices[device].who.staff[member].signs {
                self.soon(device, WITHIN_MS, Event::SignIn { device, member });
            }
        }
    }

    /// With an invitation. Everybody who works there enters their PIN once more.
    pub(super) fn join_again(&mut self, device: usize) -> Result<(), Broken> {
        let it = &self.devices[device];
        // One that is off asks again when it starts.
        if it.who.has_joined() || !it.on {
            return Ok(());
        }
        if !self.reaches_head_office(device) {
            self.soon(device, AGAIN_MS, Event::JoinAgain { device });
            return Ok(());
        }
        let it = &mut self.devices[device];
        it.who.join(&mut it.chance);
        it.at_end = None;
        it.pumps.clear();
        self.report.n_rejoined += 1;
        self.keep_signatories(device);
        self.tell(&format_args!("device {device}: joins again"));
        self.open_tab(device)
    }

    /// One of those who work there has no key any more, or one that somebody else may know.
    pub(super) fn lose_persons_key(&mut self, device: usize, n: usize) {
        let it = &mut self.devices[device];
        let member = n % it.who.staff.len();
        let (joined, people) = (it.who.has_joined(), &it.who.certified.signatories.people);
        let them = &mut it.who.staff[member];
        // A certificate names the last two keys of each.
        if !joined || !them.signs || people.of(&them.person).len() > 1 {
            return;
        }
        them.signs = false;
        let person = them.person.clone();
        self.tell(&format_args!(
            "device {device}: {person} has no key any more"
        ));
        self.soon(device, WITHIN_MS, Event::SignIn { device, member });
    }

    pub(super) fn sign_in(&mut self, device: usize, member: usize) -> Result<(), Broken> {
        let it = &self.devices[device];
        let signs = it.who.staff[member].signs;
        if signs || !it.on || !it.who.has_joined() {
            return Ok(());
        }
        if !self.reaches_head_office(device) {
            self.soon(device, AGAIN_MS, Event::SignIn { device, member });
            return Ok(());
        }
        let it = &mut self.devices[device];
        it.who.sign_in(member, &mut it.chance);
        let person = it.who.staff[member].person.clone();
        self.report.n_new_keys += 1;
        self.keep_signatories(device);
        self.tell(&format_args!("device {device}: {person} has another key"));
        self.poke_all(device, &Input::SignedIn)
    }

    /// Head office forgets nobody's key.
    fn keep_signatories(&mut self, device: usize) {
        let certified = &self.devices[device].who.certified;
        let kept = self.signatories.entry(certified.device);
        let kept = kept.or_insert_with(|| certified.signatories.clone());
        kept.people.extend(&certified.signatories.people);
    }

    fn reaches_head_office(&mut self, device: usize) -> bool {
        let (storm, lost) = (self.storm, self.plan.weather.lost);
        let office = &self.office;
        let answers = office.db.on && office.processes.iter().any(|it| it.on);
        let it = &mut self.devices[device];
        answers && it.link.up && it.link.down && !(storm && it.chance.happens(lost))
    }
}

fn read(record: &[u8]) -> Option<(DeviceId, u32)> {
    let (id, behind) = record.split_at_checked(16)?;
    let id = DeviceId::from_random(id.try_into().ok()?);
    Some((id, u32::from_be_bytes(behind.try_into().ok()?)))
}
