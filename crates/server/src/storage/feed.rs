//! The feed as each scope sees it: which case stands at which position, whom it concerns from when on, whether it is
//! open, and which photos it has. All of it follows from the log and is made anew after a restore.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::envelope::Envelope;
use shouwen_domain::event::Fact;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::{Concerned, Scope, leaves_open};
use shouwen_sync::feed::{self, Began, End, Feed, LogFellBack, Seen};
use shouwen_sync::message::{Ask, Bytes, Page, PageEntry};

use super::db::{self, Db, Row, Value};
use super::{Fault, erasure, log, orders};

/// Under which a case stands that concerns everybody. No department is called so, nor does a colon stand in a name.
const EVERYBODY: &str = "*";
const PERSON: &str = "person:";

/// Under which a case stands that concerns these.
fn names(concerned: &Concerned) -> Vec<String> {
    let departments = concerned.departments.iter().map(ToString::to_string);
    let people = concerned.people.iter().map(|it| format!("{PERSON}{it}"));
    let everybody = concerned.everybody.then(|| EVERYBODY.to_owned());
    departments.chain(people).chain(everybody).collect()
}

/// Positions followed at most in one transaction.
pub const FOLLOWED_AT_ONCE: u64 = 512;

/// Follows the log from where this was last done; whether there is more to follow. To be called in the
/// transaction that passes something on, at the start, and after a restore.
pub fn follow(db: &dyn Db, site: &SiteId) -> Result<bool, Fault> {
    log::hold_site(db, site)?;
    let End { followed, last, .. } = ends(db, site)?;
    if followed >= last {
        return Ok(false);
    }
    let up_to = last.min(followed + FOLLOWED_AT_ONCE);
    let ordered = orders::site(db, site)?;
    let rows = db.query(
        "SELECT position, arrival, bytes FROM envelope
         WHERE site = $1 AND position > $2 AND position <= $3 ORDER BY position",
        &[site.into(), followed.into(), up_to.into()],
    )?;
    let mut cases = Vec::with_capacity(rows.len());
    let mut concerns = Vec::new();
    let mut open: BTreeMap<CaseId, bool> = BTreeMap::new();
    let mut photos = BTreeSet::new();
    for mut row in rows {
        let (position, arrival, bytes): (u64, u64, Vec<u8>) =
            (row.take(0)?, row.take(1)?, row.take(2)?);
        let envelope = Envelope::from_bytes(&bytes).map_err(|it| {
            Fault::Database(format!("position {position} holds no envelope: {it}"))
        })?;
        // A server that could not read it may have stored it.
        let envelope = erasure::strip(db, site, &ordered, arrival, envelope)?.0;
        let case = envelope.header().case;
        let concerned = Concerned::by(&envelope);
        if concerned.is_nobody() {
            continue;
        }
        cases.push((position, case));
        let named = names(&concerned);
        concerns.extend(named.into_iter().map(|it| (case, it, position)));
        open.extend(leaves_open(&envelope).map(|it| (case, it)));
        photos.extend(photos_of(&envelope).map(|it| (it, case)));
    }
    keep(db, site, &cases, &concerns)?;
    keep_open(db, site, &open)?;
    keep_photos(db, site, &photos)?;
    if !photos.is_empty() {
        // They may have come before the act that says whose they are.
        let photos: Vec<Hash> = photos.into_iter().map(|it| it.0).collect();
        erasure::drop_pictures(db, site, &ordered, &photos)?;
    }
    db.execute(
        "UPDATE site SET followed = $1 WHERE site = $2",
        &[up_to.into(), site.into()],
    )?;
    Ok(up_to < last)
}

fn keep(
    db: &dyn Db,
    site: &SiteId,
    cases: &[(u64, CaseId)],
    concerns: &[(CaseId, String, u64)],
) -> Result<(), Fault> {
    for some in db::chunks(cases) {
        let values: Vec<Value<'_>> = some
            .iter()
            .flat_map(|(position, case)| [site.into(), (*position).into(), case.into()])
            .collect();
        let places = db::places(some.len(), 3);
        db.execute(
            &format!("INSERT INTO feed_case (site, position, case_id) VALUES {places}"),
            &values,
        )?;
    }
    // The first position counts; of several in one lot that is the first one here.
    let mut first = BTreeSet::new();
    let concerns: Vec<_> = concerns
        .iter()
        .filter(|(case, department, _)| first.insert((*case, department.as_str())))
        .collect();
    for some in db::chunks(&concerns) {
        let values: Vec<Value<'_>> = some
            .iter()
            .flat_map(|(case, department, position)| {
                [
                    site.into(),
                    case.into(),
                    department.as_str().into(),
                    (*position).into(),
                ]
            })
            .collect();
        let places = db::places(some.len(), 4);
        db.execute(
            &format!(
                "INSERT INTO concern (site, case_id, whom, position) VALUES {places}
                 ON CONFLICT (site, case_id, whom) DO NOTHING"
            ),
            &values,
        )?;
    }
    Ok(())
}

fn keep_open(db: &dyn Db, site: &SiteId, open: &BTreeMap<CaseId, bool>) -> Result<(), Fault> {
    for (case, open) in open {
        let order = if *open {
            "INSERT INTO open_case (site, case_id) VALUES ($1, $2) ON CONFLICT (site, case_id) DO NOTHING"
        } else {
            "DELETE FROM open_case WHERE site = $1 AND case_id = $2"
        };
        db.execute(order, &[site.into(), case.into()])?;
    }
    Ok(())
}

/// What a newer version wrote shows its photos once that version follows it.
pub(super) fn photos_of(envelope: &Envelope) -> impl Iterator<Item = Hash> {
    let facts = envelope.facts().unwrap_or_default().into_iter();
    facts.filter_map(|it| {
        let Fact::PhotoAdded(it) = it else {
            return None;
        };
        Some(it.photo)
    })
}

pub(super) fn keep_photos(
    db: &dyn Db,
    site: &SiteId,
    photos: &BTreeSet<(Hash, CaseId)>,
) -> Result<(), Fault> {
    for (photo, case) in photos {
        db.execute(
            "INSERT INTO photo (site, hash, case_id) VALUES ($1, $2, $3)
             ON CONFLICT (site, hash, case_id) DO NOTHING",
            &[site.into(), photo.into(), case.into()],
        )?;
    }
    Ok(())
}

/// Whether a photo belongs to a case that this scope sees.
pub fn shows(db: &dyn Db, site: &SiteId, scope: &Scope, photo: &Hash) -> Result<bool, Fault> {
    let mine = mine(scope);
    let mut values: Vec<Value<'_>> = vec![site.into(), photo.into()];
    let concerns = match &mine {
        None => String::new(),
        Some(mine) => {
            values.extend(mine.iter().map(|it| Value::from(it.as_str())));
            let places = list(mine.len(), 3);
            format!(
                " AND EXISTS (SELECT 1 FROM concern c
                  WHERE c.site = p.site AND c.case_id = p.case_id AND c.whom IN ({places}))"
            )
        }
    };
    let found = db.query_first(
        &format!("SELECT 1 FROM photo p WHERE p.site = $1 AND p.hash = $2{concerns} LIMIT 1"),
        &values,
    )?;
    Ok(found.is_some())
}

/// Forgets everything that follows from the log, of every site.
pub fn forget(db: &dyn Db) -> Result<(), Fault> {
    for table in ["feed_case", "concern", "open_case", "photo"] {
        db.execute(&format!("DELETE FROM {table}"), &[])?;
    }
    db.execute("UPDATE site SET followed = 0", &[])?;
    Ok(())
}

/// How far the log goes, and up to where it was followed.
pub fn ends(db: &dyn Db, site: &SiteId) -> Result<End, Fault> {
    let row = db.query_first(
        "SELECT epoch, last_position, followed FROM site WHERE site = $1",
        &[site.into()],
    )?;
    let mut row =
        row.ok_or_else(|| Fault::Database(format!("the database has no site \"{site}\"")))?;
    Ok(End {
        epoch: row.take(0)?,
        last: row.take(1)?,
        followed: row.take(2)?,
    })
}

/// Up to where the log was followed, and the last position there that anybody may be given.
pub fn reach(db: &dyn Db, site: &SiteId) -> Result<(u64, u64), Fault> {
    let followed = ends(db, site)?.followed;
    let last = db.query_first(
        "SELECT position FROM feed_case WHERE site = $1 ORDER BY position DESC LIMIT 1",
        &[site.into()],
    )?;
    Ok((followed, last.map_or(Ok(0), |mut row| row.take(0))?))
}

/// The page that a device asks for.
pub fn page(
    db: &dyn Db,
    site: &SiteId,
    scope: &Scope,
    ask: Ask,
    now: Moment,
) -> Result<Result<Page, LogFellBack>, Fault> {
    feed::page(&mut Reading { db, site }, scope, ask, now)
}

/// A new epoch, on every site, for a log that a device has read further than it goes: it was restored from a backup.
pub fn renew_epoch(db: &dyn Db, site: &SiteId, asked: Ask) -> Result<(), Fault> {
    // Of several that come at once the first begins it.
    log::hold_site(db, site)?;
    let nothing = Scope::Of(Concerned::default());
    let now = Moment::default();
    if page(db, site, &nothing, asked, now)?.is_err() {
        log::begin_epoch(db)?;
    }
    Ok(())
}

/// A site's feed in the database.
struct Reading<'a> {
    db: &'a dyn Db,
    site: &'a SiteId,
}

impl Feed for Reading<'_> {
    type Fault = Fault;

    fn end(&mut self) -> Result<End, Fault> {
        ends(self.db, self.site)
    }

    fn seen(&mut self, scope: &Scope, behind: u64, up_to: u64) -> Result<Vec<Seen>, Fault> {
        let span: [Value<'_>; 3] = [self.site.into(), behind.into(), up_to.into()];
        let Some(mine) = mine(scope) else {
            let rows = self.db.query(
                "SELECT f.position, f.case_id, e.arrived_ms, e.bytes FROM feed_case f
                 JOIN envelope e ON e.site = f.site AND e.position = f.position
                 WHERE f.site = $1 AND f.position > $2 AND f.position <= $3 ORDER BY f.position",
                &span,
            )?;
            let seen = rows.into_iter().map(|mut row| {
                Ok(Seen {
                    position: row.take(0)?,
                    case: row.take(1)?,
                    since: 0,
                    entry: entry(&mut row, 2)?,
                })
            });
            return seen.collect();
        };
        let places = list(mine.len(), 4);
        let rows = self.db.query(
            &format!(
                "SELECT f.position, f.case_id, c.position FROM feed_case f
                 JOIN concern c ON c.site = f.site AND c.case_id = f.case_id
                 WHERE f.site = $1 AND f.position > $2 AND f.position <= $3 AND c.whom IN ({places})"
            ),
            &[&span[..], &mine.iter().map(|it| it.as_str().into()).collect::<Vec<_>>()].concat(),
        )?;
        let mut since: BTreeMap<u64, (CaseId, u64)> = BTreeMap::new();
        for mut row in rows {
            let (position, case, from): (u64, CaseId, u64) =
                (row.take(0)?, row.take(1)?, row.take(2)?);
            let known = since.entry(position).or_insert((case, from));
            known.1 = known.1.min(from);
        }
        since.retain(|position, (_, from)| *from <= *position);
        let mut entries = self.entries(&since.keys().copied().collect::<Vec<_>>())?;
        let seen = since.into_iter().map(|(position, (case, since))| {
            let entry = entries
                .remove(&position)
                .ok_or_else(|| Fault::Database(format!("position {position} is empty")))?;
            Ok(Seen {
                position,
                case,
                since,
                entry,
            })
        });
        seen.collect()
    }

    fn began(&mut self, case: CaseId) -> Result<Began, Fault> {
        let first = self.db.query_first(
            "SELECT f.position, e.arrived_ms FROM feed_case f
             JOIN envelope e ON e.site = f.site AND e.position = f.position
             WHERE f.site = $1 AND f.case_id = $2 ORDER BY f.position LIMIT 1",
            &[self.site.into(), (&case).into()],
        )?;
        let mut first = first
            .ok_or_else(|| Fault::Database(format!("case {case} has no beginning in the feed")))?;
        Ok(Began {
            position: first.take(0)?,
            at: Moment::from_unix_ms(first.take(1)?),
        })
    }

    fn whole(&mut self, case: CaseId, up_to: u64) -> Result<Vec<PageEntry>, Fault> {
        let rows = self.db.query(
            "SELECT e.arrived_ms, e.bytes FROM feed_case f
             JOIN envelope e ON e.site = f.site AND e.position = f.position
             WHERE f.site = $1 AND f.case_id = $2 AND f.position <= $3 ORDER BY f.position",
            &[
                self.site.into(),
                (&case).into(),
                up_to.min(i64::MAX.unsigned_abs()).into(),
            ],
        )?;
        rows.into_iter().map(|mut row| entry(&mut row, 0)).collect()
    }

    fn open(
        &mut self,
        scope: &Scope,
        after: Option<CaseId>,
        n: usize,
    ) -> Result<(Vec<CaseId>, u64), Fault> {
        let mine = mine(scope).unwrap_or_default();
        let after = after.unwrap_or(CaseId::SITE);
        let mut values: Vec<Value<'_>> = vec![self.site.into(), (&after).into()];
        values.extend(mine.iter().map(|it| Value::from(it.as_str())));
        let concerns = if mine.is_empty() {
            String::new()
        } else {
            let places = list(mine.len(), 3);
            format!(
                " AND EXISTS (SELECT 1 FROM concern c
                  WHERE c.site = o.site AND c.case_id = o.case_id AND c.whom IN ({places}))"
            )
        };
        let from = format!("FROM open_case o WHERE o.site = $1 AND o.case_id > $2{concerns}");
        let rows = self.db.query(
            &format!("SELECT o.case_id {from} ORDER BY o.case_id LIMIT {n}"),
            &values,
        )?;
        let cases = rows
            .into_iter()
            .map(|mut row| row.take(0))
            .collect::<Result<Vec<_>, _>>()?;
        let n_left = self
            .db
            .query_first(&format!("SELECT count(*) {from}"), &values)?
            .map_or(Ok(0), |mut row| row.take(0))?;
        Ok((cases, n_left))
    }
}

impl Reading<'_> {
    fn entries(&self, positions: &[u64]) -> Result<BTreeMap<u64, PageEntry>, Fault> {
        let mut entries = BTreeMap::new();
        for some in db::chunks(positions) {
            let mut values: Vec<Value<'_>> = vec![self.site.into()];
            values.extend(some.iter().map(|it| Value::from(*it)));
            let places = list(some.len(), 2);
            let rows = self.db.query(
                &format!(
                    "SELECT position, arrived_ms, bytes FROM envelope WHERE site = $1 AND position IN ({places})"
                ),
                &values,
            )?;
            for mut row in rows {
                entries.insert(row.take(0)?, entry(&mut row, 1)?);
            }
        }
        Ok(entries)
    }
}

/// The names under which what a scope sees stands; none: everything.
fn mine(scope: &Scope) -> Option<Vec<String>> {
    match scope {
        Scope::Site => None,
        Scope::Of(concerned) => {
            let mine = names(concerned).into_iter();
            Some(mine.chain([EVERYBODY.to_owned()]).collect())
        }
    }
}

/// `$4, $5, $6`
fn list(n: usize, first: usize) -> String {
    let places: Vec<_> = (first..first + n).map(|it| format!("${it}")).collect();
    places.join(", ")
}

fn entry(row: &mut Row, column: usize) -> Result<PageEntry, Fault> {
    Ok(PageEntry {
        arrived: Moment::from_unix_ms(row.take(column)?),
        envelope: Bytes(row.take(column + 1)?),
    })
}
