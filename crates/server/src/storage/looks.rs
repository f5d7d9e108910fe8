//! Who looked at what: the records of reading that devices brought, and head office's own. No device is given any.

use std::collections::BTreeMap;

use chrono::DateTime;
use shouwen_domain::envelope::{Envelope, RuleHashes};
use shouwen_domain::event::{Fact, Look, Looked};
use shouwen_domain::id::{CaseId, DeviceId, EnvelopeId, PersonId, SiteId};
use shouwen_domain::moment::Moment;

use crate::keys::Keys;
use crate::pin;

use super::db::Db;
use super::orders::{self, Order, OrdersFile};
use super::{Fault, access};

/// One record of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// By the device's clock.
    pub at: Moment,
    pub arrived: Moment,
    pub person: PersonId,
    /// The short code of the device's chain; none where head office wrote it.
    pub device: Option<String>,
    pub how: Look,
    /// None: all cases of the site.
    pub case: Option<Seen>,
}

/// Which case was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: CaseId,
    /// Where its record has arrived.
    pub number: Option<String>,
}

/// All of a site, in the order of their arrival.
pub fn records(db: &dyn Db, site: &SiteId) -> Result<Vec<Record>, Fault> {
    // The feed has every other envelope that is passed on.
    let rows = db.query(
        "SELECT e.chain, e.arrived_ms, e.bytes FROM envelope e
         LEFT JOIN feed_case f ON f.site = e.site AND f.position = e.position
         WHERE e.site = $1 AND e.position IS NOT NULL AND f.position IS NULL ORDER BY e.position",
        &[site.into()],
    )?;
    let codes: BTreeMap<(DeviceId, u32), String> = access::devices(db, site)?
        .into_iter()
        .map(|it| ((it.device, it.chain), it.code))
        .collect();
    let mut numbers = BTreeMap::new();
    let mut records = Vec::new();
    for mut row in rows {
        let (chain, arrived): (u32, i64) = (row.take(0)?, row.take(1)?);
        let bytes: Vec<u8> = row.take(2)?;
        let envelope =
            Envelope::from_bytes(&bytes).map_err(|it| Fault::Database(it.to_string()))?;
        let header = envelope.header();
        if !header.case.is_of_looks() {
            continue;
        }
        for fact in envelope.facts().unwrap_or_default() {
            let Fact::Looked(Looked { case, how }) = fact else {
                continue;
            };
            let case = case
                .map(|id| {
                    Ok::<_, Fault>(Seen {
                        id,
                        number: number(db, site, id, &mut numbers)?,
                    })
                })
                .transpose()?;
            records.push(Record {
                at: header.at,
                arrived: Moment::from_unix_ms(arrived),
                person: header.person.clone(),
                device: (header.device != DeviceId::HEAD_OFFICE)
                    .then(|| codes.get(&(header.device, chain)).cloned())
                    .flatten(),
                how,
                case,
            });
        }
    }
    Ok(records)
}

fn number(
    db: &dyn Db,
    site: &SiteId,
    case: CaseId,
    known: &mut BTreeMap<CaseId, Option<String>>,
) -> Result<Option<String>, Fault> {
    if let Some(number) = known.get(&case) {
        return Ok(number.clone());
    }
    let rows = db.query(
        "SELECT e.bytes FROM feed_case f
         JOIN envelope e ON e.site = f.site AND e.position = f.position
         WHERE f.site = $1 AND f.case_id = $2 ORDER BY f.position",
        &[site.into(), (&case).into()],
    )?;
    let mut number = None;
    for mut row in rows {
        let bytes: Vec<u8> = row.take(0)?;
        let facts = Envelope::from_bytes(&bytes).map(|it| it.facts().unwrap_or_default());
        let recorded = facts.unwrap_or_default().into_iter().find_map(|it| {
            let Fact::Recorded(it) = it else { return None };
            Some(it.number)
        });
        if recorded.is_some() {
            number = recorded;
            break;
        }
    }
    known.insert(case, number.clone());
    Ok(number)
}

/// That everything of every site is about to be written into a file. It stands among head office's orders, which no
/// older copy of the database puts back.
pub fn record_export(
    db: &dyn Db,
    keys: &Keys,
    file: &OrdersFile,
    operator: &PersonId,
    id: EnvelopeId,
    now: Moment,
) -> Result<(), Fault> {
    for mut row in db.query("SELECT site FROM site ORDER BY site", &[])? {
        let site: SiteId = row.take(0)?;
        let order = Order {
            id,
            fact: Fact::Looked(Looked {
                case: None,
                how: Look::Exported,
            }),
            operator: operator.clone(),
            rules: RuleHashes::NONE,
            at: now,
        };
        orders::give(db, &site, keys, file, &order, |_| false)?;
    }
    Ok(())
}

/// Where a record of this order lies; an order proper is the site's.
pub(super) fn place_of(fact: &Fact, at: Moment) -> CaseId {
    if matches!(fact, Fact::Looked(_)) {
        let at = DateTime::from_timestamp_millis(at.unix_ms()).unwrap_or_default();
        CaseId::of_looks(at.date_naive())
    } else {
        CaseId::SITE
    }
}

/// A new id for what is done once, however often its transaction is tried.
pub fn new_id() -> EnvelopeId {
    EnvelopeId::from_random(pin::random())
}
