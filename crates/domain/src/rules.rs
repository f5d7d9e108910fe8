//! Everything rules are read from, in force together: pack, calendar, zones, directory.

use std::collections::BTreeMap;
use std::fmt;

use crate::calendar::Calendar;
use crate::case::{Case, Obligation};
use crate::directory::Directory;
use crate::envelope::RuleHashes;
use crate::hash::Hash;
use crate::hours::Hours;
use crate::id::DepartmentId;
use crate::pack::{DeadlineId, Difficulty, Pack};
use crate::reckoning::{Due, Limit, Office, ReckoningError, reckon};
use crate::zone::{Zone, Zones};

#[derive(Debug, Clone)]
pub struct Rules {
    pub pack: Pack,
    pub calendar: Calendar,
    pub directory: Directory,
    zone: Zone,
    office: Office,
    departments: BTreeMap<DepartmentId, Office>,
    hashes: RuleHashes,
}

/// A pack names a zone that the zone table does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownZone(pub String);

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The zone table has no \"{}\"", self.0)
    }
}

impl std::error::Error for UnknownZone {}

impl Rules {
    pub fn try_new(
        pack: Pack,
        calendar: Calendar,
        zones: &Zones,
        directory: Directory,
    ) -> Result<Self, UnknownZone> {
        let zone = zones
            .get(&pack.zone)
            .ok_or_else(|| UnknownZone(pack.zone.clone()))?
            .clone();
        let hashes = RuleHashes {
            pack: pack.hash(),
            calendar: calendar.hash(),
            zones: zones.hash(),
            directory: directory.hash(),
        };
        let office = Office::new(&calendar, &zone, &pack.hours.site);
        let own = |(id, hours): (&DepartmentId, &Hours)| {
            let office = Office::new(&calendar, &zone, hours).of_department(id.clone());
            (id.clone(), office)
        };
        let departments = pack.hours.departments.iter().map(own).collect();
        Ok(Self {
            pack,
            calendar,
            directory,
            zone,
            office,
            departments,
            hashes,
        })
    }

    /// What an envelope names as the texts it was made under.
    pub const fn hashes(&self) -> RuleHashes {
        self.hashes
    }

    /// Tells these texts from others, for what is derived from them and made anew.
    pub fn fingerprint(&self) -> u64 {
        let bytes = minicbor::to_vec(self.hashes).expect("writing to a vector cannot fail");
        let Hash(hash) = Hash::of(&bytes);
        let (head, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
        u64::from_be_bytes(*head)
    }

    /// The site's zone, whatever the device says.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What the clocks of a department run by: its own hours, or the site's.
    pub fn office(&self, department: &DepartmentId) -> &Office {
        self.departments.get(department).unwrap_or(&self.office)
    }

    /// What the site's clocks run by, where no department has hours of its own.
    pub const fn site_office(&self) -> &Office {
        &self.office
    }

    /// By when an obligation of `case` is owed, with every step of the reckoning.
    pub fn due(&self, case: &Case, obligation: &Obligation) -> Result<Due, ReckoningError> {
        let limit = self.limit(case, obligation.deadline);
        let office = self.office(&obligation.owed_by.department);
        let reckoning = reckon(obligation.since, limit, &[], office)?;
        Ok(reckoning
            .due()
            .expect("nothing stands still without a pause"))
    }

    fn limit(&self, case: &Case, deadline: DeadlineId) -> &Limit {
        match deadline {
            DeadlineId::Reply => self
                .pack
                .reply_limit(&case.record.category, Difficulty::Ordinary),
            DeadlineId::Transfer
            | DeadlineId::AssignHandler
            | DeadlineId::ReturnSlip
            | DeadlineId::TellResult
            | DeadlineId::ReturnVisit
            | DeadlineId::RetryVisit
            | DeadlineId::Sign
            | DeadlineId::Close => &self.pack.deadline(deadline).limit,
        }
    }
}
