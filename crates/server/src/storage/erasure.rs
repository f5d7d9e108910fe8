//! What head office erased: words and pictures of a case go out of everything that is stored here, and none come in again.
//!
//! Facts stay, and so do the hashes of what went: every chain verifies as before.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::envelope::Envelope;
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{CaseId, SiteId};
use shouwen_domain::site::Site;

use super::db::{self, Db, Value};
use super::{Fault, feed, files, orders};

/// Envelopes read at a time.
const LOT: u64 = 256;

/// The bytes as they may be stored: of an erased case without its words. What cannot be read has no case yet.
pub fn kept<'a>(site: &Site, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    let read = || Envelope::from_bytes(bytes).ok();
    let is_there = !site.erased.is_empty();
    let envelope = is_there.then(read).flatten();
    match envelope.filter(|it| has_to_go(site, it)) {
        Some(envelope) => Cow::Owned(envelope.without_content().to_bytes()),
        None => Cow::Borrowed(bytes),
    }
}

fn has_to_go(site: &Site, envelope: &Envelope) -> bool {
    envelope.has_content() && site.erased.contains_key(&envelope.header().case)
}

/// The envelope as it is kept, written anew where its words have to go; and whether it was.
pub fn strip(
    db: &dyn Db,
    site_id: &SiteId,
    site: &Site,
    arrival: u64,
    envelope: Envelope,
) -> Result<(Envelope, bool), Fault> {
    if !has_to_go(site, &envelope) {
        return Ok((envelope, false));
    }
    let envelope = envelope.without_content();
    db.execute(
        "UPDATE envelope SET bytes = $1 WHERE site = $2 AND arrival = $3",
        &[
            envelope.to_bytes().as_slice().into(),
            site_id.into(),
            arrival.into(),
        ],
    )?;
    Ok((envelope, true))
}

/// Takes words and pictures of every erased case of a site out; of how many envelopes and pictures. To be called with the
/// site held, when something was ordered and when a server starts: a copy may have been put back in the meantime.
pub fn take_out(db: &dyn Db, site_id: &SiteId) -> Result<u64, Fault> {
    let site = orders::site(db, site_id)?;
    if site.erased.is_empty() {
        return Ok(0);
    }
    let mut out = TakingOut {
        db,
        site_id,
        site: &site,
        photos: BTreeSet::new(),
        others: BTreeSet::new(),
        n: 0,
    };
    for case in site.erased.keys() {
        out.look_through(
            "JOIN feed_case f ON f.site = e.site AND f.position = e.position",
            "f.case_id",
            &[case.into()],
        )?;
    }
    // What was not followed yet, and what is held, stands under no case.
    let followed = feed::ends(db, site_id)?.followed;
    out.look_through("", "e.position", &[followed.into()])?;
    out.look_through("", "e.position IS NULL", &[])?;
    feed::keep_photos(db, site_id, &out.photos)?;
    let gone = out.photos.iter().map(|it| it.0);
    let gone: Vec<Hash> = gone.filter(|it| !out.others.contains(it)).collect();
    let n_pictures = drop_pictures(db, site_id, &site, &gone)?;
    Ok(out.n + n_pictures)
}

struct TakingOut<'a> {
    db: &'a dyn Db,
    site_id: &'a SiteId,
    site: &'a Site,
    photos: BTreeSet<(Hash, CaseId)>,
    /// Photos of cases that stay.
    others: BTreeSet<Hash>,
    n: u64,
}

impl TakingOut<'_> {
    /// Envelopes of which this is so: a column that equals the value, or is beyond it, or a condition by itself.
    fn look_through(&mut self, join: &str, what: &str, value: &[Value<'_>]) -> Result<(), Fault> {
        let condition = match (join, value) {
            (_, []) => what.to_owned(),
            ("", _) => format!("{what} > $3"),
            _ => format!("{what} = $3"),
        };
        let sql = format!(
            "SELECT e.arrival, e.bytes FROM envelope e {join}
             WHERE e.site = $1 AND e.arrival > $2 AND e.bytes IS NOT NULL AND {condition}
             ORDER BY e.arrival LIMIT {LOT}"
        );
        let mut behind: u64 = 0;
        loop {
            let first: [Value<'_>; 2] = [self.site_id.into(), behind.into()];
            let rows = self.db.query(&sql, &[&first[..], value].concat())?;
            let n_rows = rows.len() as u64;
            for mut row in rows {
                behind = row.take(0)?;
                self.look_at(behind, &row.take::<Vec<u8>>(1)?)?;
            }
            if n_rows < LOT {
                return Ok(());
            }
        }
    }

    fn look_at(&mut self, arrival: u64, bytes: &[u8]) -> Result<(), Fault> {
        let Ok(envelope) = Envelope::from_bytes(bytes) else {
            return Ok(());
        };
        let case = envelope.header().case;
        let photos: Vec<Hash> = feed::photos_of(&envelope).collect();
        if !self.site.erased.contains_key(&case) {
            self.others.extend(photos);
            return Ok(());
        }
        self.photos.extend(photos.into_iter().map(|it| (it, case)));
        let (_, is_new) = strip(self.db, self.site_id, self.site, arrival, envelope)?;
        self.n += u64::from(is_new);
        Ok(())
    }
}

/// Of these pictures, those that belong to erased cases and to no other.
pub fn erased_pictures(
    db: &dyn Db,
    site_id: &SiteId,
    site: &Site,
    photos: &[Hash],
) -> Result<BTreeSet<Hash>, Fault> {
    let mut cases: BTreeMap<Hash, bool> = BTreeMap::new();
    if site.erased.is_empty() {
        return Ok(BTreeSet::new());
    }
    for some in db::chunks(photos) {
        let places: Vec<_> = (0..some.len()).map(|it| format!("${}", it + 2)).collect();
        let mut values: Vec<Value<'_>> = vec![site_id.into()];
        values.extend(some.iter().map(Value::from));
        let rows = db.query(
            &format!(
                "SELECT hash, case_id FROM photo WHERE site = $1 AND hash IN ({})",
                places.join(", ")
            ),
            &values,
        )?;
        for mut row in rows {
            let (hash, case): (Hash, CaseId) = (row.take(0)?, row.take(1)?);
            let is_erased = site.erased.contains_key(&case);
            let all = cases.entry(hash).or_insert(true);
            *all = *all && is_erased;
        }
    }
    Ok(cases
        .into_iter()
        .filter_map(|(hash, is_erased)| is_erased.then_some(hash))
        .collect())
}

/// Removes those of these pictures that belong to erased cases alone; how many were here.
pub fn drop_pictures(
    db: &dyn Db,
    site_id: &SiteId,
    site: &Site,
    photos: &[Hash],
) -> Result<u64, Fault> {
    let mut n = 0;
    for hash in erased_pictures(db, site_id, site, photos)? {
        n += u64::from(files::remove(db, site_id, &hash)?);
    }
    Ok(n)
}
