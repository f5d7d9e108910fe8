//! Everything rules are read from, in force together: pack, calendar, zones, directory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use chrono::NaiveDate;

use crate::assessment::{AssessmentTable, Context, judge, proposals};
use crate::calendar::Calendar;
use crate::case::{Case, Obligation};
use crate::conduct::PhraseGuard;
use crate::decide::Refusal;
use crate::directory::Directory;
use crate::envelope::RuleHashes;
use crate::hash::Hash;
use crate::hours::{Hours, TimeOfDay};
use crate::id::DepartmentId;
use crate::moment::Moment;
use crate::pack::{DeadlineId, Night, Pack, PackError, PhraseKind};
use crate::reckoning::{
    Changed, Due, Limit, Office, Pause, Reckoning, ReckoningError, Standing, re_reckoned, reckon,
    standing,
};
use crate::verdict::Evidence;
use crate::zone::{Zone, Zones};

/// Pack, calendar, zones and directory in force, with the earlier ones that cases and verdicts keep.
#[derive(Debug, Clone)]
pub struct Rules {
    pub pack: Pack,
    pub calendar: Calendar,
    pub directory: Directory,
    prepared: Prepared,
    /// Packs that were in force before, or that are still to come, by hash.
    earlier: BTreeMap<Hash, (Pack, Prepared)>,
    /// Calendars that were in force before, by hash.
    calendars: BTreeMap<Hash, Calendar>,
    /// Each pack over each of these calendars, by both hashes.
    past: BTreeMap<(Hash, Hash), Prepared>,
    /// Made when somebody first writes: opening does not wait for it.
    guard: OnceLock<PhraseGuard>,
    zone: Zone,
    hashes: RuleHashes,
}

/// What is made of a pack once: its hours laid out over the calendar, its assessment table.
#[derive(Debug, Clone)]
struct Prepared {
    site: Office,
    departments: BTreeMap<DepartmentId, Office>,
    assessments: AssessmentTable,
}

impl Prepared {
    fn new(pack: &Pack, calendar: &Calendar, zone: &Zone) -> Self {
        let own = |(id, hours): (&DepartmentId, &Hours)| {
            let office = Office::new(calendar, zone, hours).of_department(id.clone());
            (id.clone(), office)
        };
        Self {
            site: Office::new(calendar, zone, &pack.hours.site),
            departments: pack.hours.departments.iter().map(own).collect(),
            assessments: AssessmentTable::of(pack),
        }
    }

    fn of(&self, department: &DepartmentId) -> &Office {
        self.departments.get(department).unwrap_or(&self.site)
    }
}

/// C6: of our limit for the answer and that of a ticket's sender the earliest binds whoever has the case. The sender's
/// is the one that was open when it arose.
fn sender_waits_until(case: &Case, obligation: &Obligation) -> Option<Moment> {
    if obligation.deadline != DeadlineId::Reply || case.coordination.outer.is_none() {
        return None;
    }
    case.obligations
        .iter()
        .filter(|it| it.deadline == DeadlineId::OuterReply)
        .find(|it| it.end.is_none_or(|end| end.at() > obligation.since))
        .and_then(|it| it.until)
        .filter(|it| *it > obligation.since)
}

/// A pack names a zone that the zone table does not have; where, and which there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownZone(pub PackError);

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for UnknownZone {}

impl Rules {
    /// Lays out calendar, hours and zone for every department of the pack, so that a due moment is a few reads.
    ///
    /// # Errors
    ///
    /// The pack's zone is not in the zone table.
    pub fn try_new(
        pack: Pack,
        calendar: Calendar,
        zones: &Zones,
        directory: Directory,
    ) -> Result<Self, UnknownZone> {
        let zone = zones
            .get(&pack.zone)
            .ok_or_else(|| UnknownZone(pack.unknown_zone(zones)))?
            .clone();
        let hashes = RuleHashes {
            pack: pack.hash(),
            calendar: calendar.hash(),
            zones: zones.hash(),
            directory: directory.hash(),
        };
        Ok(Self::of_texts(pack, calendar, directory, zone, hashes))
    }

    fn of_texts(
        pack: Pack,
        calendar: Calendar,
        directory: Directory,
        zone: Zone,
        hashes: RuleHashes,
    ) -> Self {
        Self {
            prepared: Prepared::new(&pack, &calendar, &zone),
            guard: OnceLock::new(),
            pack,
            calendar,
            directory,
            earlier: BTreeMap::new(),
            calendars: BTreeMap::new(),
            past: BTreeMap::new(),
            zone,
            hashes,
        }
    }

    /// The texts in force as they were read and checked, for the same build of the program: to read them again takes
    /// many times as long.
    pub fn to_bytes(&self) -> Vec<u8> {
        let texts = (
            &self.pack,
            &self.calendar,
            &self.directory,
            &self.zone,
            &self.hashes,
        );
        postcard::to_allocvec(&texts).expect("writing to a vector cannot fail")
    }

    /// Only for what the same build wrote: what is checked when a text is read is not checked again. None: it is cut
    /// short or something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (texts, rest) = postcard::take_from_bytes(bytes).ok()?;
        let (pack, calendar, directory, zone, hashes) = texts;
        rest.is_empty()
            .then(|| Self::of_texts(pack, calendar, directory, zone, hashes))
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
        self.texts_of(case).0
    }

    /// A pack of this site by its hash: the one in force, or one put by.
    pub fn pack_by(&self, hash: Hash) -> Option<&Pack> {
        if hash == self.pack.hash() {
            Some(&self.pack)
        } else {
            self.earlier.get(&hash).map(|(pack, _)| pack)
        }
    }

    /// Puts packs by that cases may have been opened under.
    #[must_use]
    pub fn with_earlier(mut self, packs: impl IntoIterator<Item = Pack>) -> Self {
        for pack in packs {
            let prepared = Prepared::new(&pack, &self.calendar, &self.zone);
            self.earlier.insert(pack.hash(), (pack, prepared));
        }
        self.lay_out_the_past();
        self
    }

    /// Puts calendars by that were in force when something was judged: it keeps its due moment and its verdict, however
    /// the days are changed afterwards.
    #[must_use]
    pub fn with_calendars(mut self, calendars: impl IntoIterator<Item = Calendar>) -> Self {
        let earlier = calendars
            .into_iter()
            .map(|it| (it.hash(), it))
            .filter(|(hash, _)| *hash != self.hashes.calendar);
        self.calendars.extend(earlier);
        self.lay_out_the_past();
        self
    }

    fn lay_out_the_past(&mut self) {
        let packs = self.earlier.values().map(|(pack, _)| pack);
        for pack in packs.chain([&self.pack]) {
            for (calendar, days) in &self.calendars {
                self.past
                    .entry((pack.hash(), *calendar))
                    .or_insert_with(|| Prepared::new(pack, days, &self.zone));
            }
        }
    }

    /// Whether the calendar by which it was judged is at hand.
    pub fn knows_calendar_of(&self, obligation: &Obligation) -> bool {
        obligation
            .judged_by
            .is_none_or(|it| it == self.hashes.calendar || self.calendars.contains_key(&it))
    }

    /// The hours by which an obligation of `case` is reckoned: over the calendar it was judged by, else the one in force.
    fn prepared_for(&self, case: &Case, obligation: &Obligation) -> &Prepared {
        obligation
            .judged_by
            .filter(|it| *it != self.hashes.calendar)
            .and_then(|calendar| self.past.get(&(self.pack_of(case).hash(), calendar)))
            .unwrap_or_else(|| self.texts_of(case).1)
    }

    /// What a breach on `case` may lead to (A10), by the case's own pack; empty where nothing is assessed.
    pub fn assessments(&self, case: &Case) -> &AssessmentTable {
        &self.texts_of(case).1.assessments
    }

    /// Whether the pack under which a case was opened is at hand.
    pub fn knows_pack_of(&self, case: &Case) -> bool {
        self.pack.hash() == case.pack || self.earlier.contains_key(&case.pack)
    }

    /// What the prepared of a department run by: its own hours, or the site's.
    pub fn office(&self, department: &DepartmentId) -> &Office {
        self.prepared.of(department)
    }

    /// What the site's prepared run by, where no department has hours of its own.
    pub const fn site_office(&self) -> &Office {
        &self.prepared.site
    }

    /// By when an obligation of `case` is owed. Allocates nothing.
    pub fn standing(
        &self,
        case: &Case,
        obligation: &Obligation,
    ) -> Result<Standing, ReckoningError> {
        let own = self.standing_since(case, obligation, obligation.since)?;
        Ok(match sender_waits_until(case, obligation) {
            Some(at) if !matches!(own, Standing::Due { at: own, .. } if own <= at) => {
                Standing::Due {
                    at,
                    provisional: false,
                }
            }
            _ => own,
        })
    }

    fn standing_since(
        &self,
        case: &Case,
        obligation: &Obligation,
        since: Moment,
    ) -> Result<Standing, ReckoningError> {
        if let Some(at) = obligation.until {
            return Ok(Standing::Due {
                at,
                provisional: false,
            });
        }
        let (limit, pauses, office) = self.clock(case, obligation)?;
        standing(since, limit, pauses, office)
    }

    /// By when it would be owed, had it arisen at `since`: with as much time as a ticket's sender left from the moment
    /// it did. Allocates nothing.
    pub fn due_at(
        &self,
        case: &Case,
        obligation: &Obligation,
        since: Moment,
    ) -> Result<Moment, ReckoningError> {
        let left = sender_waits_until(case, obligation).map(|until| {
            let left_ms = until.unix_ms() - obligation.since.unix_ms();
            Moment::from_unix_ms(since.unix_ms().saturating_add(left_ms))
        });
        match (self.standing_since(case, obligation, since)?, left) {
            (Standing::Due { at, .. }, left) => Ok(left.map_or(at, |left| left.min(at))),
            (Standing::Paused { .. }, Some(left)) => Ok(left),
            (Standing::Paused { since, left_ms }, None) => {
                Err(ReckoningError::StandsStill { since, left_ms })
            }
        }
    }

    /// When `limit` is up that starts at `start`, in the hours that a department keeps under the pack of `case`.
    pub fn after(
        &self,
        case: &Case,
        department: &DepartmentId,
        start: Moment,
        limit: &Limit,
    ) -> Result<Moment, ReckoningError> {
        match standing(start, limit, &[], self.texts_of(case).1.of(department))? {
            Standing::Due { at, .. } => Ok(at),
            Standing::Paused { since, left_ms } => {
                Err(ReckoningError::StandsStill { since, left_ms })
            }
        }
    }

    /// Working time of a department from one moment to another, in milliseconds.
    pub fn working_ms(
        &self,
        case: &Case,
        department: &DepartmentId,
        from: Moment,
        until: Moment,
    ) -> Result<u64, ReckoningError> {
        self.texts_of(case).1.of(department).elapsed(from, until)
    }

    /// The pack under which a case was opened, with its hours.
    fn texts_of(&self, case: &Case) -> (&Pack, &Prepared) {
        self.earlier
            .get(&case.pack)
            .map_or((&self.pack, &self.prepared), |(pack, prepared)| {
                (pack, prepared)
            })
    }

    /// By when an obligation of `case` is owed, or that its clock stands still, with every step of the reckoning.
    pub fn reckoning(
        &self,
        case: &Case,
        obligation: &Obligation,
    ) -> Result<Reckoning, ReckoningError> {
        if let Some(at) = obligation.until {
            let due = Due::set_by_hand(obligation.since, at, &self.zone);
            return Ok(Reckoning::Due(due));
        }
        let (limit, pauses, office) = self.clock(case, obligation)?;
        let own = reckon(obligation.since, limit, pauses, office)?;
        Ok(match sender_waits_until(case, obligation) {
            Some(at) if !matches!(&own, Reckoning::Due(own) if own.at <= at) => {
                Reckoning::Due(Due::set_by_hand(obligation.since, at, &self.zone))
            }
            _ => own,
        })
    }

    /// How an open obligation was moved when these texts took the place of `earlier` ones; none where it stayed.
    pub fn re_reckoned(
        &self,
        earlier: &Self,
        case: &Case,
        obligation: &Obligation,
    ) -> Result<Option<Changed>, ReckoningError> {
        let before = earlier.standing(case, obligation)?;
        let after = self.standing(case, obligation)?;
        if before == after {
            return Ok(None);
        }
        let (limit, pauses, new) = self.clock(case, obligation)?;
        let (_, _, old) = earlier.clock(case, obligation)?;
        let changed = re_reckoned(obligation.since, limit, pauses, old, new)?;
        Ok(changed.map(|it| Changed {
            before,
            after,
            ..it
        }))
    }

    /// As [`Rules::reckoning`], where a clock that stands still is no due moment.
    pub fn due(&self, case: &Case, obligation: &Obligation) -> Result<Due, ReckoningError> {
        match self.reckoning(case, obligation)? {
            Reckoning::Due(due) => Ok(due),
            Reckoning::Paused { since, left_ms, .. } => {
                Err(ReckoningError::StandsStill { since, left_ms })
            }
        }
    }

    /// The limit, the pauses that hold its clock, and the hours it runs by; all of the case's own pack (G4).
    fn clock<'a>(
        &'a self,
        case: &'a Case,
        obligation: &Obligation,
    ) -> Result<(&'a Limit, &'a [Pause], &'a Office), ReckoningError> {
        let pack = self.pack_of(case);
        let limit = if obligation.deadline == DeadlineId::Reply {
            pack.reply_limit(&case.record.category, case.record.difficulty)
        } else {
            pack.deadline(obligation.deadline).limit.as_ref()
        };
        let pauses: &[Pause] = if obligation.deadline.can_pause() {
            &case.consents.pauses
        } else {
            &[]
        };
        Ok((
            limit.ok_or(ReckoningError::NoLimit)?,
            pauses,
            self.prepared_for(case, obligation)
                .of(&obligation.owed_by.department),
        ))
    }

    /// The dismissing phrases of the pack in a text that count (L1); where nobody may promise, a promise is refused (I15).
    pub fn phrases(&self, text: &str, may_not_promise: bool) -> Result<Vec<String>, Refusal> {
        let mut dismissive = Vec::new();
        for found in self.guard().counted(text) {
            let phrase = found.forbidden.to_owned();
            match found.kind {
                PhraseKind::Dismissive => dismissive.push(phrase),
                PhraseKind::Promise if may_not_promise => return Err(Refusal::Promise { phrase }),
                PhraseKind::Promise => {}
            }
        }
        Ok(dismissive)
    }

    /// Finds the phrases of the pack in force while a text is being written (L1).
    pub fn guard(&self) -> &PhraseGuard {
        self.guard
            .get_or_init(|| PhraseGuard::new(&self.pack.phrases))
    }

    /// When the night is over in which no customer is rung (F7); none by day.
    pub fn night_until(&self, now: Moment) -> Option<Moment> {
        let local = self.zone.local(now);
        let on = |time: TimeOfDay, date: NaiveDate| time.on(date);
        let Night { from, until } = self.pack.night;
        let today = local.date();
        let (starts, ends) = (on(from, today), on(until, today));
        let over_midnight = until < from;
        let end = if local < ends && (over_midnight || local >= starts) {
            ends
        } else if over_midnight && local >= starts {
            on(until, today.succ_opt()?)
        } else {
            return None;
        };
        Some(self.zone.moment(end))
    }

    /// Whether something of the first responder's is overdue, or is proposed against them and undecided (F3).
    pub fn has_undecided_breach(&self, case: &Case, now: Moment, evidence: &Evidence<'_>) -> bool {
        let responder = Some(&case.responder.person);
        let is_theirs = |it: &Obligation, due: Moment| {
            [&it.owed_by, it.owed_at(due)]
                .map(|it| it.person.as_ref())
                .contains(&responder)
        };
        let is_overdue = case.open_obligations().any(|it| {
            self.due(case, it)
                .is_ok_and(|due| due.at < now && is_theirs(it, due.at))
        });
        let context = Context {
            rules: self,
            now,
            verdict: &|case, it| judge(case, it, self, now, evidence),
            again: &[],
        };
        is_overdue
            || proposals(case, context)
                .iter()
                .any(|it| it.person.as_ref() == responder)
    }
}
