//! What head office orders of a site: a chain of its own in the site's log, read by devices as everything else is.
//!
//! It is kept a second time in a file beside the keys, which no copy of the database puts back: whoever was let in no
//! more stays so after an older copy was restored.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minicbor::Decoder;
use shouwen_domain::envelope::{Envelope, Fate, RuleHashes, Stamp};
use shouwen_domain::event::{Content, Event, Fact, Holder};
use shouwen_domain::hash::Salt;
use shouwen_domain::id::{DeviceId, EnvelopeId, PersonId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::site::Site;
use shouwen_sync::message::{Bytes, Push};
use shouwen_sync::server::{self as protocol, Revoked, Sender};

use crate::keys::Keys;
use crate::pin;

use super::access::{self, FIRST_CHAIN};
use super::db::Db;
use super::{Fault, erasure, feed, log, looks};

/// The chain's code, which stands in no case number.
const CODE: &str = "HQ";

/// Every site's orders, in the order in which they were given: a sequence of byte strings in CBOR.
#[derive(Debug, Clone)]
pub struct OrdersFile(PathBuf);

impl OrdersFile {
    /// Beside the file of these keys.
    pub fn beside(keys: &Path) -> Self {
        let mut name = keys.as_os_str().to_owned();
        name.push(".orders");
        Self(name.into())
    }

    fn by_site(&self) -> Result<BTreeMap<SiteId, Vec<Envelope>>, Fault> {
        let mut by_site = BTreeMap::<_, Vec<_>>::new();
        for order in self.read()?.0 {
            let site = order.header().site.clone();
            by_site.entry(site).or_default().push(order);
        }
        Ok(by_site)
    }

    /// All of them, and how many bytes they take: what was being written behind them when the power failed was not
    /// ordered yet.
    fn read(&self) -> Result<(Vec<Envelope>, usize), Fault> {
        let bytes = match std::fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(self.failed(&error)),
        };
        let mut decoder = Decoder::new(&bytes);
        let (mut orders, mut end) = (Vec::new(), 0);
        while end < bytes.len() {
            let Ok(envelope) = decoder.bytes() else { break };
            let envelope = Envelope::from_bytes(envelope)
                .map_err(|it| self.failed(&format!("at byte {end}: {it}")))?;
            orders.push(envelope);
            end = decoder.position();
        }
        Ok((orders, end))
    }

    /// On the disk when it returns. One at a time, since the file is of all sites, each with a lock of its own.
    fn add(&self, envelope: &Envelope) -> Result<(), Fault> {
        let item = minicbor::to_vec(Bytes(envelope.to_bytes()));
        let item = item.expect("writing to memory cannot fail");
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.open(&self.0).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        let mut file = opened.map_err(|it| self.failed(&it))?;
        let (_, end) = self.read()?;
        let written = file.set_len(end as u64).and_then(|()| {
            file.seek(SeekFrom::End(0))?;
            file.write_all(&item)?;
            file.sync_all()
        });
        written.map_err(|it| self.failed(&it))
    }

    fn failed(&self, what: &impl std::fmt::Display) -> Fault {
        Fault::Database(format!("the orders in {}: {what}", self.0.display()))
    }
}

/// What is ordered, and by whom.
#[derive(Debug, Clone)]
pub struct Order {
    /// However often the transaction is done again, it is this one.
    pub id: EnvelopeId,
    pub fact: Fact,
    pub operator: PersonId,
    pub rules: RuleHashes,
    pub at: Moment,
}

fn sender(site: &SiteId) -> Sender {
    Sender {
        site: site.clone(),
        device: DeviceId::HEAD_OFFICE,
    }
}

/// The site as its orders left it.
pub fn site(db: &dyn Db, site: &SiteId) -> Result<Site, Fault> {
    if n_given(db, site)? > 0 {
        Ok(Site::fold(&stored(db, site)?))
    } else {
        Ok(Site::default())
    }
}

/// Whom of this device head office lets in no more.
pub fn revoked(site: &Site, device: DeviceId) -> Revoked {
    if device == DeviceId::HEAD_OFFICE {
        // An order holds, whatever became of whoever gave it.
        return Revoked::default();
    }
    let people = site.revoked.iter().filter_map(|it| match it {
        Holder::Person(person) => Some(person.clone()),
        Holder::Device(_) => None,
    });
    Revoked {
        device: !site.lets_in_device(device),
        people: people.collect(),
    }
}

/// How many orders of a site there are.
pub fn n_given(db: &dyn Db, site: &SiteId) -> Result<u64, Fault> {
    let (head, _) = log::head(db, &sender(site), FIRST_CHAIN)?;
    Ok(head.map_or(0, |it| it.sequence))
}

fn stored(db: &dyn Db, site: &SiteId) -> Result<Vec<Envelope>, Fault> {
    let everything = 0..u64::MAX >> 1;
    let rows = log::between(db, site, DeviceId::HEAD_OFFICE, FIRST_CHAIN, everything)?;
    let accepted = rows.into_iter().filter(|(it, _)| it.fate == Fate::Accepted);
    accepted
        .filter_map(|(_, bytes)| bytes)
        .map(|it| Envelope::from_bytes(&it).map_err(|it| Fault::Database(it.to_string())))
        .collect()
}

/// What was ordered, to be ordered again where a database has lost it.
#[derive(Clone)]
pub struct Replay {
    pub keys: Arc<Keys>,
    pub file: OrdersFile,
    pub now: Moment,
}

impl Replay {
    /// On every site of the database; whether words may have been erased by that.
    pub fn everywhere(&self, db: &dyn Db) -> Result<bool, Fault> {
        let mut sites: Vec<SiteId> = Vec::new();
        for mut row in db.query("SELECT site FROM site ORDER BY site", &[])? {
            sites.push(row.take(0)?);
            log::hold_site(db, &sites[sites.len() - 1])?;
        }
        // Read once for all sites, when nobody orders anything more of any of them.
        let mut orders = self.file.by_site()?;
        let mut has_erased = false;
        for site in sites {
            let in_file = orders.remove(&site).unwrap_or_default();
            let n_lost = make_level(db, &site, &self.keys, &self.file, &in_file, self.now)?;
            let n_erased = erasure::take_out(db, &site)?;
            has_erased |= n_erased > 0 || (n_lost > 0 && has_erasures(&in_file));
        }
        Ok(has_erased)
    }
}

fn has_erasures(orders: &[Envelope]) -> bool {
    !Site::fold(orders).erased.is_empty()
}

/// Brings file and database to the same orders, at each start and before each order; how many the database had lost.
/// The site is held, since before the file was read.
fn make_level(
    db: &dyn Db,
    site: &SiteId,
    keys: &Keys,
    file: &OrdersFile,
    in_file: &[Envelope],
    now: Moment,
) -> Result<usize, Fault> {
    let in_database = stored(db, site)?;
    let hash = |it: &Envelope| it.hash();
    let mut both = in_file.iter().zip(&in_database);
    if both.any(|(one, other)| one.hash() != other.hash()) {
        return Err(file.failed(&"they are of another database"));
    }
    let missing = in_file.get(in_database.len()..).unwrap_or_default();
    if !missing.is_empty() {
        push(db, site, keys, missing, now)?;
        let last = missing.last().map(hash);
        let kept = stored(db, site)?.last().map(hash);
        if kept != last {
            return Err(file.failed(&"the database does not take them"));
        }
        tracing::warn!(
            n = missing.len(),
            "orders that the database had lost were given again"
        );
    }
    for it in in_database.iter().skip(in_file.len()) {
        file.add(it)?;
    }
    Ok(missing.len())
}

/// Orders something, once, unless `is_so` says that the site is so already; whether it was ordered by this.
pub fn give(
    db: &dyn Db,
    site: &SiteId,
    keys: &Keys,
    file: &OrdersFile,
    order: &Order,
    is_so: impl Fn(&Site) -> bool,
) -> Result<bool, Fault> {
    log::hold_site(db, site)?;
    let in_file = file.by_site()?.remove(site).unwrap_or_default();
    make_level(db, site, keys, file, &in_file, order.at)?;
    let known = stored(db, site)?;
    // Where the transaction is done again, the file had it already.
    let is_given = known.iter().any(|it| it.header().id == order.id);
    if is_given || is_so(&Site::fold(&known)) {
        erasure::take_out(db, site)?;
        return Ok(is_given);
    }
    let last = known.last();
    let stamp = Stamp {
        id: order.id,
        site: site.clone(),
        case: looks::place_of(&order.fact, order.at),
        person: order.operator.clone(),
        device: DeviceId::HEAD_OFFICE,
        chain: FIRST_CHAIN,
        sequence: last.map_or(0, |it| it.header().sequence) + 1,
        previous: last.map(Envelope::hash),
        counter: log::highest_counter(db, site)? + 1,
        at: order.at,
        clock: None,
        last_receipt: None,
        rules: order.rules,
        facts_salt: Salt(pin::random()),
        content_salt: Salt(pin::random()),
    };
    let event = Event::new(order.fact.clone(), Content::default());
    let envelope = Envelope::seal(stamp, &[event]).map_err(|it| Fault::Database(it.to_string()))?;
    let envelope = keys.sign_envelope(envelope);
    // The file first: what only the database has could be lost with it.
    file.add(&envelope)?;
    push(db, site, keys, &[envelope], order.at)?;
    erasure::take_out(db, site)?;
    Ok(true)
}

fn push(
    db: &dyn Db,
    site: &SiteId,
    keys: &Keys,
    envelopes: &[Envelope],
    now: Moment,
) -> Result<(), Fault> {
    let by = keys.signatories(envelopes.iter().map(|it| it.header().person.clone()));
    if access::chains(db, site, DeviceId::HEAD_OFFICE)?.is_empty() {
        let key = &by.device;
        access::add_chain(db, site, DeviceId::HEAD_OFFICE, FIRST_CHAIN, CODE, key)?;
    }
    access::keep_signers(db, site, DeviceId::HEAD_OFFICE, &by.people, now)?;
    let push = Push {
        device: DeviceId::HEAD_OFFICE,
        chain: FIRST_CHAIN,
        head: envelopes.last().map_or(0, |it| it.header().sequence),
        envelopes: envelopes.iter().map(|it| Bytes(it.to_bytes())).collect(),
        epoch: None,
    };
    let arrivals = protocol::read(&push, &by);
    // Of one chain, as they are here.
    if log::take_in(db, &sender(site), &push, &arrivals, now)?.is_ok() {
        feed::follow(db, site)?;
    }
    Ok(())
}
