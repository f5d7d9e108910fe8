//! What a device learns when it opens a contact, and what it takes back.

use shouwen_domain::envelope::{Fate, Receipt, RefusedReason};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::SiteId;
use shouwen_domain::moment::Moment;
use shouwen_sync::message::{BackedUp, Stated, Withdrawal};
use shouwen_sync::server::{self as protocol, Sender};

use crate::keys::Bearer;

use super::Fault;
use super::access::{self, FIRST_CHAIN};
use super::db::Db;
use super::log;

/// What head office has of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    pub epoch: u64,
    pub backed_up: Vec<BackedUp>,
    /// Where to go on, with the short code of that chain.
    pub new_chain: Option<(u32, String)>,
}

/// Why a contact comes to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherKey;

/// What can be said without writing anything; none where the device has to be written down, or a chain
/// has to be given out.
pub fn look(
    db: &dyn Db,
    who: &Bearer,
    stated: &Stated,
    forked: bool,
) -> Result<Option<Result<Met, OtherKey>>, Fault> {
    let chains = access::chains(db, &who.site, who.device)?;
    if chains
        .iter()
        .any(|it| it.key.is_some_and(|it| it != who.key))
    {
        return Ok(Some(Err(OtherKey)));
    }
    let chain = stated.chain.max(FIRST_CHAIN);
    let is_known = chains
        .iter()
        .any(|it| it.chain == chain && it.key.is_some());
    let signers = access::signers(db, &who.site, who.device)?;
    let mut certified = who.signers.iter();
    let are_known = certified.all(|(person, key)| signers.of(person).contains(key));
    if !is_known || !are_known || goes_on_elsewhere(db, who, stated, forked)? {
        return Ok(None);
    }
    Ok(Some(Ok(Met {
        epoch: log::epoch(db, &who.site)?,
        backed_up: backed_up(db, who)?,
        new_chain: None,
    })))
}

/// The same with what has to be written. `code`: the one in the device's certificate.
pub fn meet(
    db: &dyn Db,
    who: &Bearer,
    code: &str,
    stated: &Stated,
    forked: bool,
    now: Moment,
) -> Result<Result<Met, OtherKey>, Fault> {
    log::hold_site(db, &who.site)?;
    let chains = access::chains(db, &who.site, who.device)?;
    if chains
        .iter()
        .any(|it| it.key.is_some_and(|it| it != who.key))
    {
        return Ok(Err(OtherKey));
    }
    keep_device(db, who, stated.chain, code, now)?;
    let new_chain = if goes_on_elsewhere(db, who, stated, forked)? {
        let written = db.query_first(
            "SELECT max(chain) FROM chain WHERE site = $1 AND device = $2",
            &[(&who.site).into(), (&who.device).into()],
        )?;
        let written: Option<u32> = written.map_or(Ok(None), |mut row| row.take(0))?;
        let given_out = access::chains(db, &who.site, who.device)?;
        let highest = given_out.iter().map(|it| it.chain).chain(written).max();
        let chain = highest.unwrap_or(FIRST_CHAIN).max(stated.chain) + 1;
        let code = access::next_code(db, &who.site)?;
        access::add_chain(db, &who.site, who.device, chain, &code, &who.key)?;
        Some((chain, code))
    } else {
        None
    };
    Ok(Ok(Met {
        epoch: log::epoch(db, &who.site)?,
        backed_up: backed_up(db, who)?,
        new_chain,
    }))
}

/// The database may have been restored from before this device joined, or went on in this chain: no clone
/// of it is given the same one. `code`: that of the chain.
pub fn keep_device(
    db: &dyn Db,
    who: &Bearer,
    chain: u32,
    code: &str,
    now: Moment,
) -> Result<(), Fault> {
    access::keep_signers(db, &who.site, who.device, &who.signers, now)?;
    let chain = chain.max(FIRST_CHAIN);
    let known = access::chains(db, &who.site, who.device)?;
    if known.iter().all(|it| it.chain != chain) {
        access::add_chain(db, &who.site, who.device, chain, code, &who.key)?;
        access::leave_out_code(db, &who.site, code)?;
    }
    Ok(())
}

fn goes_on_elsewhere(
    db: &dyn Db,
    who: &Bearer,
    stated: &Stated,
    forked: bool,
) -> Result<bool, Fault> {
    let sender = sender(who);
    // Whoever wrote nothing yet writes in the first one.
    let chain = stated.chain.max(FIRST_CHAIN);
    let (head, _) = log::head(db, &sender, chain)?;
    let here = log::at(db, &sender, chain, stated.sequence)?;
    let fate = here.iter().find(|it| Some(it.hash) == stated.hash);
    let fate = fate.map(|it| it.fate);
    Ok(protocol::goes_on_elsewhere(stated, forked, head, fate))
}

fn backed_up(db: &dyn Db, who: &Bearer) -> Result<Vec<BackedUp>, Fault> {
    let rows = db.query(
        "SELECT chain, backed_up FROM chain
         WHERE site = $1 AND device = $2 AND backed_up IS NOT NULL ORDER BY chain",
        &[(&who.site).into(), (&who.device).into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            Ok(BackedUp {
                chain: row.take(0)?,
                sequence: row.take(1)?,
            })
        })
        .collect()
}

/// Keeps the statements and takes back what was not passed on; a receipt for each, unsigned.
pub fn withdraw(
    db: &dyn Db,
    who: &Bearer,
    statements: &[(Withdrawal, Vec<u8>)],
    now: Moment,
) -> Result<(Vec<Receipt>, u64), Fault> {
    log::hold_site(db, &who.site)?;
    let epoch = log::epoch(db, &who.site)?;
    let sender = sender(who);
    let mut receipts = Vec::with_capacity(statements.len());
    for (what, statement) in statements {
        db.execute(
            "INSERT INTO withdrawal (site, device, chain, sequence, hash, statement)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (site, device, chain, sequence, hash) DO NOTHING",
            &[
                (&who.site).into(),
                (&who.device).into(),
                what.chain.into(),
                what.sequence.into(),
                (&what.hash).into(),
                statement.as_slice().into(),
            ],
        )?;
        let here = log::at(db, &sender, what.chain, what.sequence)?;
        let (fate, at) = match here.into_iter().find(|it| it.hash == what.hash) {
            Some(known) => {
                let after = protocol::withdraw(&known);
                if after.fate != known.fate {
                    log::set_fate(db, &sender, what.chain, &after, None)?;
                }
                (after.fate, after.arrived)
            }
            // It holds for when the envelope comes.
            None => (Fate::Refused(RefusedReason::Withdrawn), now),
        };
        let (_, backed_up_to) = log::head(db, &sender, what.chain)?;
        receipts.push(Receipt {
            device: who.device,
            chain: what.chain,
            sequence: what.sequence,
            hash: what.hash,
            fate,
            at,
            epoch,
            backed_up_to,
            signature: None,
            beside: None,
        });
    }
    Ok((receipts, epoch))
}

/// What a device took back of a chain.
pub fn withdrawn(
    db: &dyn Db,
    site: &SiteId,
    sender: &Sender,
    chain: u32,
) -> Result<Vec<(u64, Hash)>, Fault> {
    let rows = db.query(
        "SELECT sequence, hash FROM withdrawal WHERE site = $1 AND device = $2 AND chain = $3",
        &[site.into(), (&sender.device).into(), chain.into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

fn sender(who: &Bearer) -> Sender {
    Sender {
        site: who.site.clone(),
        device: who.device,
    }
}
