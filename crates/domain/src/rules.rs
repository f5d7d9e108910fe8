//! Everything rules are read from, in force together: pack, calendar, zones, directory.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;

use crate::assessment::{AssessmentTable, Context, on_device, proposals};
use crate::calendar::Calendar;
use crate::case::{Case, Obligation};
use crate::decide::Refusal;
use crate::directory::Directory;
use crate::envelope::RuleHashes;
use crate::hash::Hash;
use crate::hours::TimeOfDay;
use crate::moment::Moment;
use crate::pack::{DeadlineId, Night, Pack};
use crate::reckoning::{Due, Office, ReckoningError, reckon};
use crate::zone::{Zone, Zones};

#[derive(Debug, Clone)]
pub struct Rules {
    pub pack: Pack,
    pub calendar: Calendar,
    pub directory: Directory,
    /// Packs that were in force before, by hash.
    earlier: BTreeMap<Hash, Pack>,
    assessments: AssessmentTable,
    zone: Zone,
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
        Ok(Self {
            pack,
            calendar,
            directory,
            earlier: BTreeMap::new(),
            assessments: AssessmentTable::default(),
            zone,
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

    /// The pack under which a case was opened, which it keeps (G4); the one in force where that is not at hand.
    pub fn pack_of(&self, case: &Case) -> &Pack {
        self.earlier.get(&case.pack).unwrap_or(&self.pack)
    }

    /// Puts packs by that cases may have been opened under.
    #[must_use]
    pub fn with_earlier(mut self, packs: impl IntoIterator<Item = Pack>) -> Self {
        self.earlier
            .extend(packs.into_iter().map(|it| (it.hash(), it)));
        self
    }

    /// What a breach on `case` may lead to (A10); empty where nothing is assessed.
    pub const fn assessments(&self, _case: &Case) -> &AssessmentTable {
        &self.assessments
    }

    #[must_use]
    pub fn with_assessments(mut self, table: AssessmentTable) -> Self {
        self.assessments = table;
        self
    }

    /// By when an obligation of `case` is owed, with every step of the reckoning.
    pub fn due(&self, case: &Case, obligation: &Obligation) -> Result<Due, ReckoningError> {
        if let Some(at) = obligation.until {
            return Ok(Due::set_by_hand(obligation.since, at, &self.zone));
        }
        let pack = self.pack_of(case);
        let office = Office {
            calendar: &self.calendar,
            zone: &self.zone,
            hours: &pack.hours,
        };
        let limit = if obligation.deadline == DeadlineId::Reply {
            pack.reply_limit(&case.record.category, case.record.difficulty)
        } else {
            pack.deadline(obligation.deadline).limit.as_ref()
        };
        let limit = limit.ok_or(ReckoningError::NoLimit)?;
        reckon(obligation.since, limit, &office)
    }

    /// The phrases of the pack in a text that count (L1); in matters of money or law a promise is refused (I15).
    pub fn phrases(&self, text: &str, _sensitive: bool) -> Result<Vec<String>, Refusal> {
        Ok(self
            .pack
            .phrases_in(text)
            .map(|it| it.forbidden.clone())
            .collect())
    }

    /// When the night is over in which no customer is rung (F7); none by day.
    pub fn night_until(&self, now: Moment) -> Option<Moment> {
        let local = self.zone.local(now);
        let on = |time: TimeOfDay, date: NaiveDate| time.on(date);
        let Night { from, until } = self.pack.night;
        let today = local.date();
        let end = if local < on(until, today) {
            on(until, today)
        } else if local >= on(from, today) {
            on(until, today.succ_opt()?)
        } else {
            return None;
        };
        Some(self.zone.moment(end))
    }

    /// Whether something of the first responder's is overdue, or is proposed against them and undecided (F3).
    pub fn has_undecided_breach(&self, case: &Case, now: Moment) -> bool {
        let responder = Some(&case.responder.person);
        let is_overdue = case
            .open_obligations()
            .filter(|it| it.owed_by.person.as_ref() == responder)
            .any(|it| self.due(case, it).is_ok_and(|due| due.at < now));
        let context = Context {
            rules: self,
            now,
            verdict: &|case, it| on_device(case, it, self, now),
            again: &[],
        };
        is_overdue
            || proposals(case, context)
                .iter()
                .any(|it| it.person.as_ref() == responder)
    }
}
