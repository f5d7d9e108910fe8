//! The log: what devices pushed, each with its fate, and the feed of what is passed on.
//!
//! What becomes of an envelope is not decided here: `shouwen_sync::server` is told what is known of
//! the chain, and what it says is written down. Whoever appends to a site holds its row from the first
//! statement to the commit: so several processes judge a chain one after the other, positions come
//! without gaps, and no reader ever sees a later one before an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use shouwen_domain::envelope::{Envelope, Fate, HeldReason, Receipt};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, SiteId};
use shouwen_domain::moment::Moment;
use shouwen_domain::site::Site;
use shouwen_sync::message::{Bytes, Push};
use shouwen_sync::server::{
    self as protocol, Arrival, ChainState, Head, Judgement, Known, MixedChains, Sender,
    Signatories, Verdict,
};

use crate::pin;

use super::Fault;
use super::db::{self, Db, FromCell, Row, Value};
use super::{access, contact, erasure, orders};

/// Changes when the log was lost or restored.
pub fn epoch(db: &dyn Db, site: &SiteId) -> Result<u64, Fault> {
    Ok(feed(db, site)?.epoch)
}

/// Gives a database its first epoch; one that has an epoch keeps it.
pub fn ensure_epoch(db: &dyn Db) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO server (one, epoch) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
        &[random_epoch().into()],
    )?;
    Ok(())
}

/// For every site: where one site's log fell back, the others' did too.
pub fn begin_epoch(db: &dyn Db) -> Result<u64, Fault> {
    let epoch = random_epoch();
    // The one row first: whoever else begins an epoch waits here, and not for one site after another.
    db.execute("UPDATE server SET epoch = $1", &[epoch.into()])?;
    db.execute("UPDATE site SET epoch = $1", &[epoch.into()])?;
    Ok(epoch)
}

/// Two logs never share it. Zero is left to those who have never read.
fn random_epoch() -> u64 {
    u64::from_le_bytes(pin::random()).max(1)
}

/// Makes room for a site that has none yet.
pub fn add_site(db: &dyn Db, site: &SiteId) -> Result<(), Fault> {
    let known = db.query_first("SELECT epoch FROM site WHERE site = $1", &[site.into()])?;
    if known.is_some() {
        return Ok(());
    }
    // Held until the commit: a new epoch either comes before or reaches the site as well.
    let epoch: u64 = db
        .query_first("UPDATE server SET epoch = epoch RETURNING epoch", &[])?
        .ok_or_else(|| Fault::Database("the database has no epoch".to_owned()))?
        .take(0)?;
    db.execute(
        "INSERT INTO site (site, epoch) VALUES ($1, $2) ON CONFLICT (site) DO NOTHING",
        &[site.into(), epoch.into()],
    )?;
    Ok(())
}

/// What a site's row says.
struct Feed {
    last_arrival: u64,
    last_position: u64,
    highest_counter: u64,
    epoch: u64,
}

const FEED: &str = "last_arrival, last_position, highest_counter, epoch";

fn feed(db: &dyn Db, site: &SiteId) -> Result<Feed, Fault> {
    let row = db.query_first(
        &format!("SELECT {FEED} FROM site WHERE site = $1"),
        &[site.into()],
    )?;
    read_feed(row, site)
}

/// The highest logical counter accepted from anybody on the site.
pub(super) fn highest_counter(db: &dyn Db, site: &SiteId) -> Result<u64, Fault> {
    Ok(feed(db, site)?.highest_counter)
}

/// Takes the site's row until the commit, and `n_arrivals` numbers for what arrived.
fn hold_feed(db: &dyn Db, site: &SiteId, n_arrivals: usize) -> Result<Feed, Fault> {
    let row = db.query_first(
        &format!(
            "UPDATE site SET last_arrival = last_arrival + $1 WHERE site = $2 RETURNING {FEED}"
        ),
        &[(n_arrivals as u64).into(), site.into()],
    )?;
    read_feed(row, site)
}

/// Takes the site's row until the commit, so that others who write to the site wait.
pub fn hold_site(db: &dyn Db, site: &SiteId) -> Result<(), Fault> {
    hold_feed(db, site, 0).map(|_| ())
}

fn read_feed(row: Option<Row>, site: &SiteId) -> Result<Feed, Fault> {
    let mut row =
        row.ok_or_else(|| Fault::Database(format!("the database has no site \"{site}\"")))?;
    Ok(Feed {
        last_arrival: row.take(0)?,
        last_position: row.take(1)?,
        highest_counter: row.take(2)?,
        epoch: row.take(3)?,
    })
}

/// Judges a push and writes down what was judged; to be run inside a transaction, and the receipts to
/// be given out after its commit.
pub fn take_in(
    db: &dyn Db,
    sender: &Sender,
    push: &Push,
    arrivals: &[Arrival],
    now: Moment,
) -> Result<Result<(Vec<Receipt>, u64), MixedChains>, Fault> {
    let feed = hold_feed(db, &sender.site, arrivals.len())?;
    if push.epoch.is_some_and(|it| it != feed.epoch) {
        return Ok(Ok((Vec::new(), feed.epoch)));
    }
    let (head, backed_up) = head(db, sender, push.chain)?;
    let site = orders::site(db, &sender.site)?;
    let state = ChainState {
        head,
        known: known(db, sender, push.chain, head, arrivals)?,
        highest_counter: feed.highest_counter,
        withdrawn: contact::withdrawn(db, &sender.site, sender, push.chain)?
            .into_iter()
            .collect(),
        revoked: orders::revoked(&site, sender.device),
    };
    let judgement = match protocol::judge(sender, push.chain, arrivals, state, now) {
        Ok(it) => it,
        Err(mixed) => return Ok(Err(mixed)),
    };
    pass_on(db, sender, push, &judgement, &feed, &site)?;
    keep_head(db, sender, push, judgement.head)?;
    Ok(Ok((
        judgement.receipts(sender, push.chain, now, feed.epoch, backed_up),
        feed.epoch,
    )))
}

/// The chain's head, and up to which sequence a verified backup holds it.
pub(super) fn head(
    db: &dyn Db,
    sender: &Sender,
    chain: u32,
) -> Result<(Option<Head>, Option<u64>), Fault> {
    let found = db.query_first(
        "SELECT head_sequence, head_hash, backed_up FROM chain WHERE site = $1 AND device = $2 AND chain = $3",
        &[(&sender.site).into(), (&sender.device).into(), chain.into()],
    )?;
    let Some(mut row) = found else {
        return Ok((None, None));
    };
    let sequence = row.take::<Option<u64>>(0)?;
    let hash = row.take::<Option<Hash>>(1)?;
    let head = sequence
        .zip(hash)
        .map(|(sequence, hash)| Head { sequence, hash });
    Ok((head, row.take(2)?))
}

/// Everything beyond the head and everything at the sequences that arrived, in the order of arrival.
fn known(
    db: &dyn Db,
    sender: &Sender,
    chain: u32,
    head: Option<Head>,
    arrivals: &[Arrival],
) -> Result<Vec<Known>, Fault> {
    let key: [Value<'_>; 3] = [(&sender.site).into(), (&sender.device).into(), chain.into()];
    let head = head.map_or(0, |it| it.sequence.cast_signed());
    let mut rows = db.query(
        &format!("{COLUMNS} AND sequence > $4"),
        &[&key[..], &[head.into()]].concat(),
    )?;
    let sequences: BTreeSet<i64> = arrivals
        .iter()
        .filter_map(Arrival::sequence)
        .map(u64::cast_signed)
        .filter(|it| *it <= head)
        .collect();
    let sequences: Vec<Value<'_>> = sequences.into_iter().map(Value::from).collect();
    for some in db::chunks(&sequences) {
        let places: Vec<_> = (0..some.len()).map(|it| format!("${}", it + 4)).collect();
        rows.extend(db.query(
            &format!("{COLUMNS} AND sequence IN ({})", places.join(", ")),
            &[&key[..], some].concat(),
        )?);
    }
    let mut found = rows
        .into_iter()
        .map(read_known)
        .collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable_by_key(|(arrival, _)| *arrival);
    Ok(found.into_iter().map(|(_, known)| known).collect())
}

/// Everything at one place of a chain, in the order of arrival.
pub(super) fn at(
    db: &dyn Db,
    sender: &Sender,
    chain: u32,
    sequence: u64,
) -> Result<Vec<Known>, Fault> {
    let rows = db.query(
        &format!("{COLUMNS} AND sequence = $4 ORDER BY arrival"),
        &[
            (&sender.site).into(),
            (&sender.device).into(),
            chain.into(),
            sequence.into(),
        ],
    )?;
    rows.into_iter().map(|it| Ok(read_known(it)?.1)).collect()
}

const COLUMNS: &str = "SELECT arrival, sequence, hash, previous, format, counter, fate, arrived_ms
     FROM envelope WHERE site = $1 AND device = $2 AND chain = $3";

/// Judges anew what an older version of the server held for its format, on every chain of a site; how many
/// have another fate. To be run at each start.
pub fn reconsider(db: &dyn Db, site: &SiteId) -> Result<usize, Fault> {
    let feed = hold_feed(db, site, 0)?;
    let rows = db.query(
        "SELECT device, chain, sequence, hash, previous, format, counter, fate, arrived_ms, bytes
         FROM envelope WHERE site = $1 AND fate = $2 ORDER BY device, chain, sequence, arrival",
        &[
            site.into(),
            stored_fate(Fate::Held(HeldReason::UnknownFormat))
                .as_slice()
                .into(),
        ],
    )?;
    let mut waiting: BTreeMap<(DeviceId, u32), Vec<Waiting>> = BTreeMap::new();
    for mut row in rows {
        let Stored(fate) = row.take(7)?;
        let known = Known {
            sequence: row.take(2)?,
            hash: row.take(3)?,
            previous: row.take(4)?,
            format: row.take(5)?,
            counter: row.take(6)?,
            fate,
            arrived: Moment::from_unix_ms(row.take(8)?),
        };
        let bytes = row.take(9)?;
        let place = (row.take(0)?, row.take(1)?);
        waiting.entry(place).or_default().push((known, bytes));
    }
    let ordered = orders::site(db, site)?;
    let (mut last_position, mut highest_counter) = (feed.last_position, feed.highest_counter);
    let mut n_changed = 0;
    for ((device, chain), waiting) in waiting {
        let keys = access::chains(db, site, device)?;
        let Some(key) = keys.into_iter().find_map(|it| it.key) else {
            continue;
        };
        let by = Signatories {
            device: key,
            people: access::signers(db, site, device)?,
        };
        let sender = Sender {
            site: site.clone(),
            device,
        };
        let waiting: Vec<_> = waiting
            .into_iter()
            .map(|(known, bytes)| (known, Arrival::read(&bytes, &by)))
            .collect();
        let (head, _) = head(db, &sender, chain)?;
        let revoked = orders::revoked(&ordered, device);
        let changed = protocol::reconsider(head, &waiting, highest_counter, &revoked);
        (last_position, highest_counter) =
            pass_on_changed(db, &sender, chain, &changed, last_position, highest_counter)?;
        n_changed += changed.len();
    }
    if n_changed > 0 {
        set_ends(db, site, last_position, highest_counter)?;
    }
    Ok(n_changed)
}

/// Passes on what was held of a device since head office let it or its people in no more; how many there were.
pub fn release(db: &dyn Db, site: &SiteId, device: DeviceId) -> Result<usize, Fault> {
    let feed = hold_feed(db, site, 0)?;
    let (mut last_position, mut highest_counter) = (feed.last_position, feed.highest_counter);
    let sender = Sender {
        site: site.clone(),
        device,
    };
    let mut n_released = 0;
    for chain in access::chains(db, site, device)? {
        let chain = chain.chain;
        let rows = db.query(
            &format!("{COLUMNS} AND fate = $4 ORDER BY sequence, arrival"),
            &[
                site.into(),
                (&device).into(),
                chain.into(),
                stored_fate(Fate::Held(HeldReason::Revoked))
                    .as_slice()
                    .into(),
            ],
        )?;
        let waiting = rows
            .into_iter()
            .map(|it| Ok(read_known(it)?.1))
            .collect::<Result<Vec<_>, Fault>>()?;
        let (head, _) = head(db, &sender, chain)?;
        let changed = protocol::release(head, &waiting, highest_counter);
        (last_position, highest_counter) =
            pass_on_changed(db, &sender, chain, &changed, last_position, highest_counter)?;
        n_released += changed.len();
    }
    set_ends(db, site, last_position, highest_counter)?;
    Ok(n_released)
}

/// Writes new fates down, and gives positions out behind the last one; the ends afterwards.
fn pass_on_changed(
    db: &dyn Db,
    sender: &Sender,
    chain: u32,
    changed: &[Known],
    last_position: u64,
    mut highest_counter: u64,
) -> Result<(u64, u64), Fault> {
    let positions: BTreeMap<(u64, Hash), u64> = protocol::passed_on(changed)
        .into_iter()
        .zip(last_position + 1..)
        .collect();
    for known in changed {
        let position = positions.get(&(known.sequence, known.hash)).copied();
        set_fate(db, sender, chain, known, position)?;
        if position.is_some() {
            highest_counter = highest_counter.max(known.counter);
        }
    }
    Ok((last_position + positions.len() as u64, highest_counter))
}

fn set_ends(
    db: &dyn Db,
    site: &SiteId,
    last_position: u64,
    highest_counter: u64,
) -> Result<(), Fault> {
    db.execute(
        "UPDATE site SET last_position = $1, highest_counter = $2 WHERE site = $3",
        &[last_position.into(), highest_counter.into(), site.into()],
    )?;
    Ok(())
}

/// Everything of a chain at these sequences, forks too, in the order of sequences and arrival; of what was
/// refused no bytes.
pub(super) fn between(
    db: &dyn Db,
    site: &SiteId,
    device: DeviceId,
    chain: u32,
    sequences: std::ops::Range<u64>,
) -> Result<Vec<Kept>, Fault> {
    let rows = db.query(
        "SELECT arrival, sequence, hash, previous, format, counter, fate, arrived_ms, bytes FROM envelope
         WHERE site = $1 AND device = $2 AND chain = $3 AND sequence >= $4 AND sequence < $5
         ORDER BY sequence, arrival",
        &[
            site.into(),
            (&device).into(),
            chain.into(),
            sequences.start.into(),
            sequences.end.into(),
        ],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let bytes = row.take(8)?;
            Ok((read_known(row)?.1, bytes))
        })
        .collect()
}

/// Shows every envelope of a site that can be read, in the order of arrival.
pub fn each(db: &dyn Db, site: &SiteId, mut show: impl FnMut(Envelope)) -> Result<(), Fault> {
    const LOT: u64 = 256;
    let mut behind: u64 = 0;
    loop {
        let rows = db.query(
            &format!(
                "SELECT arrival, bytes FROM envelope
                 WHERE site = $1 AND arrival > $2 AND bytes IS NOT NULL ORDER BY arrival LIMIT {LOT}"
            ),
            &[site.into(), behind.into()],
        )?;
        let n_rows = rows.len() as u64;
        for mut row in rows {
            behind = row.take(0)?;
            if let Ok(envelope) = Envelope::from_bytes(&row.take::<Vec<u8>>(1)?) {
                show(envelope);
            }
        }
        if n_rows < LOT {
            return Ok(());
        }
    }
}

/// Whether a chain has nothing at `sequence` and behind it.
pub(super) fn ends_before(
    db: &dyn Db,
    site: &SiteId,
    device: DeviceId,
    chain: u32,
    sequence: u64,
) -> Result<bool, Fault> {
    let behind = db.query_first(
        "SELECT sequence FROM envelope WHERE site = $1 AND device = $2 AND chain = $3 AND sequence >= $4 LIMIT 1",
        &[
            site.into(),
            (&device).into(),
            chain.into(),
            sequence.into(),
        ],
    )?;
    Ok(behind.is_none())
}

/// How far the feeds of these sites have come.
pub fn last_positions(db: &dyn Db, sites: &[SiteId]) -> Result<Vec<(SiteId, u64)>, Fault> {
    let mut ends = Vec::with_capacity(sites.len());
    for some in db::chunks(sites) {
        let places: Vec<_> = (1..=some.len()).map(|it| format!("${it}")).collect();
        let values: Vec<Value<'_>> = some.iter().map(Value::from).collect();
        let rows = db.query(
            &format!(
                "SELECT site, last_position FROM site WHERE site IN ({})",
                places.join(", ")
            ),
            &values,
        )?;
        for mut row in rows {
            ends.push((row.take(0)?, row.take(1)?));
        }
    }
    Ok(ends)
}

/// An envelope with its bytes, as far as they are kept.
type Kept = (Known, Option<Vec<u8>>);

/// An envelope that waits, with its bytes.
type Waiting = (Known, Vec<u8>);

fn read_known(mut row: Row) -> Result<(i64, Known), Fault> {
    let Stored(fate) = row.take(6)?;
    let known = Known {
        sequence: row.take(1)?,
        hash: row.take(2)?,
        previous: row.take(3)?,
        format: row.take(4)?,
        counter: row.take(5)?,
        fate,
        arrived: Moment::from_unix_ms(row.take(7)?),
    };
    Ok((row.take(0)?, known))
}

/// Writes the new envelopes down and gives the site's next positions out to what is passed on.
fn pass_on(
    db: &dyn Db,
    sender: &Sender,
    push: &Push,
    judgement: &Judgement,
    feed: &Feed,
    site: &Site,
) -> Result<(), Fault> {
    let positions: BTreeMap<(u64, Hash), u64> = judgement
        .passed_on()
        .into_iter()
        .zip(feed.last_position + 1..)
        .collect();
    let position = |it: &Known| positions.get(&(it.sequence, it.hash)).copied();
    let stored: Vec<_> = judgement
        .verdicts
        .iter()
        .zip(&push.envelopes)
        .filter_map(|(verdict, Bytes(bytes))| match verdict {
            Verdict::Store(known) => Some((known, erasure::kept(site, bytes))),
            Verdict::Known(_) | Verdict::Mended(_) | Verdict::TurnAway { .. } => None,
        })
        .collect();
    let mended: Vec<_> = judgement
        .verdicts
        .iter()
        .zip(&push.envelopes)
        .filter_map(|(verdict, Bytes(bytes))| match verdict {
            Verdict::Mended(known) => Some((known, erasure::kept(site, bytes))),
            Verdict::Store(_) | Verdict::Known(_) | Verdict::TurnAway { .. } => None,
        })
        .collect();
    let first_arrival = feed.last_arrival + 1 - push.envelopes.len() as u64;
    let entries: Vec<_> = stored
        .iter()
        .zip(first_arrival..)
        .map(|((known, bytes), arrival)| Entry {
            arrival,
            known,
            fate: stored_fate(known.fate),
            position: position(known),
            bytes: (!matches!(known.fate, Fate::Refused(_))).then_some(bytes.as_ref()),
        })
        .collect();
    for some in db::chunks(&entries) {
        add(db, sender, push.chain, some)?;
    }
    for (known, bytes) in &mended {
        set_bytes(db, sender, push.chain, known, Some(bytes))?;
        set_fate(db, sender, push.chain, known, position(known))?;
    }
    for known in &judgement.released {
        set_fate(db, sender, push.chain, known, position(known))?;
    }
    if positions.is_empty() {
        return Ok(());
    }
    let passed_on = stored
        .iter()
        .chain(&mended)
        .map(|it| it.0)
        .chain(&judgement.released)
        .filter(|it| it.fate == Fate::Accepted);
    let highest_counter = passed_on
        .map(|it| it.counter)
        .fold(feed.highest_counter, u64::max);
    let last_position = feed.last_position + positions.len() as u64;
    set_ends(db, &sender.site, last_position, highest_counter)
}

/// An envelope as it goes into the log.
struct Entry<'a> {
    arrival: u64,
    known: &'a Known,
    fate: Vec<u8>,
    position: Option<u64>,
    /// Of a refused one only its place is kept.
    bytes: Option<&'a [u8]>,
}

fn add(db: &dyn Db, sender: &Sender, chain: u32, entries: &[Entry<'_>]) -> Result<(), Fault> {
    let columns = "site, arrival, device, chain, sequence, hash, previous, format, counter, fate, arrived_ms, position, bytes";
    let mut values: Vec<Value<'_>> = Vec::with_capacity(entries.len() * 13);
    for entry in entries {
        let known = entry.known;
        values.extend::<[Value<'_>; 13]>([
            (&sender.site).into(),
            entry.arrival.into(),
            (&sender.device).into(),
            chain.into(),
            known.sequence.into(),
            (&known.hash).into(),
            known.previous.as_ref().into(),
            known.format.into(),
            known.counter.into(),
            entry.fate.as_slice().into(),
            known.arrived.unix_ms().into(),
            entry.position.into(),
            entry.bytes.into(),
        ]);
    }
    let places = db::places(entries.len(), 13);
    db.execute(
        &format!("INSERT INTO envelope ({columns}) VALUES {places}"),
        &values,
    )?;
    Ok(())
}

/// Of one that was refused nothing is kept but its place, until it comes again as it was written.
fn set_bytes(
    db: &dyn Db,
    sender: &Sender,
    chain: u32,
    known: &Known,
    bytes: Option<&[u8]>,
) -> Result<(), Fault> {
    db.execute(
        "UPDATE envelope SET bytes = $1
         WHERE site = $2 AND device = $3 AND chain = $4 AND sequence = $5 AND hash = $6",
        &[
            bytes.into(),
            (&sender.site).into(),
            (&sender.device).into(),
            chain.into(),
            known.sequence.into(),
            (&known.hash).into(),
        ],
    )?;
    Ok(())
}

/// One that waited, with its new fate and its place in the feed.
pub(super) fn set_fate(
    db: &dyn Db,
    sender: &Sender,
    chain: u32,
    known: &Known,
    position: Option<u64>,
) -> Result<(), Fault> {
    if matches!(known.fate, Fate::Refused(_)) {
        set_bytes(db, sender, chain, known, None)?;
    }
    db.execute(
        "UPDATE envelope SET fate = $1, position = $2
         WHERE site = $3 AND device = $4 AND chain = $5 AND sequence = $6 AND hash = $7",
        &[
            stored_fate(known.fate).as_slice().into(),
            position.into(),
            (&sender.site).into(),
            (&sender.device).into(),
            chain.into(),
            known.sequence.into(),
            (&known.hash).into(),
        ],
    )?;
    Ok(())
}

fn keep_head(db: &dyn Db, sender: &Sender, push: &Push, head: Option<Head>) -> Result<(), Fault> {
    db.execute(
        "INSERT INTO chain (site, device, chain, head_sequence, head_hash, announced) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (site, device, chain) DO UPDATE SET
             head_sequence = excluded.head_sequence, head_hash = excluded.head_hash,
             announced = CASE WHEN excluded.announced > chain.announced THEN excluded.announced ELSE chain.announced END",
        &[
            (&sender.site).into(),
            (&sender.device).into(),
            push.chain.into(),
            head.map(|it| it.sequence).into(),
            head.as_ref().map(|it| &it.hash).into(),
            push.head.into(),
        ],
    )?;
    Ok(())
}

/// A fate in the form in which it also travels.
struct Stored(Fate);

fn stored_fate(fate: Fate) -> Vec<u8> {
    minicbor::to_vec(fate).expect("writing to memory cannot fail")
}

impl FromCell for Stored {
    fn from_cell(cell: db::Cell) -> Option<Self> {
        minicbor::decode(&Vec::from_cell(cell)?).ok().map(Self)
    }
}
