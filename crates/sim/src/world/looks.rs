//! People open cases, unmask and print them, and that they did goes on record: nobody but head office reads it.

use std::collections::BTreeSet;

use shouwen_domain::event::{Fact, Look};
use shouwen_domain::id::CaseId;
use shouwen_domain::looks::Glance;
use shouwen_store::{Entry, Log};

use super::acts::Decided;
use super::{Broken, Law, World};
use crate::chance::Chance;
use crate::device::{Device, now};
use crate::people;

impl World<'_> {
    /// Somebody has a case before them; what of it is to be put on record.
    pub(super) fn glance(
        &self,
        device: usize,
        actor: usize,
        chance: &mut Chance,
    ) -> Result<Option<Decided>, Broken> {
        let it = &self.devices[device];
        let mut cases = it.cases()?;
        cases.retain(|it| *it != CaseId::SITE && !it.is_of_looks());
        if cases.is_empty() {
            return Ok(None);
        }
        let zone = people::site().rules.zone();
        let glance = Glance {
            person: &it.who.staff[actor].person,
            case: chance.pick(&cases),
            how: chance.pick(&[Look::Opened, Look::Opened, Look::Unmasked, Look::Printed]),
            day: zone.local(it.wall(self.now_ms)).date(),
        };
        let case = glance.place();
        let known = now(it.disk.history(case))?;
        let of_the_case = now(it.disk.history(glance.case))?.entries;
        let envelopes = |it: &[Entry]| it.iter().map(|it| it.envelope.clone()).collect::<Vec<_>>();
        let (day, case_itself) = (envelopes(&known.entries), envelopes(&of_the_case));
        let event = glance.to_record(&day, &case_itself, zone);
        let events = event.and_then(|it| self.readable(device, vec![it]));
        Ok(events.map(|events| Decided {
            case,
            known,
            events,
            by_rules: true,
        }))
    }
}

impl Device {
    /// It has what was looked at on it and on no other one, and everything once.
    pub(super) fn check_looks(&self, n: usize) -> Result<(), Broken> {
        for case in self.cases()?.into_iter().filter(|it| it.is_of_looks()) {
            let mut known = BTreeSet::new();
            for Entry { envelope, .. } in now(self.disk.history(case))?.entries {
                let header = envelope.header();
                if !self.who.is_or_was(header.device) {
                    return Err(Law::OnlyInScope.broken(format_args!(
                        "device {n} knows what {} looked at elsewhere",
                        header.person
                    )));
                }
                for fact in envelope.facts().unwrap_or_default() {
                    let Fact::Looked(it) = fact else { continue };
                    if !known.insert((header.person.clone(), it.case, it.how)) {
                        return Err(Law::NothingTwice.broken(format_args!(
                            "device {n} has it on record twice that {} looked at a case on one day",
                            header.person
                        )));
                    }
                }
            }
        }
        Ok(())
    }
}
