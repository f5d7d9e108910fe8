//! Whole chains: each from its first envelope to its last, and whether it is one.

use std::collections::BTreeSet;

use shouwen_domain::envelope::{Envelope, FORMAT};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, SiteId};
use shouwen_domain::signature::PublicKey;
use shouwen_sync::server::{self as protocol, Known, Signatories};

use super::db::Db;
use super::{Fault, access, log};

/// Envelopes fetched in one go.
const LOT: u64 = 256;

/// A chain, with what it takes to check it.
pub struct Chain<'a> {
    site: &'a SiteId,
    pub device: DeviceId,
    pub number: u32,
    /// Of whom it is; none where head office never heard of the device.
    pub known: Option<Owner>,
    pub backed_up_to: Option<u64>,
    /// Up to here it is unbroken.
    head: u64,
}

/// The short code in a device's case numbers, and its key.
pub struct Owner {
    pub code: String,
    pub key: PublicKey,
}

/// An envelope as it is kept; of what was refused there may be no bytes.
type Kept = (Known, Option<Vec<u8>>);

/// Those of a site.
pub fn of<'a>(db: &dyn Db, site: &'a SiteId) -> Result<Vec<Chain<'a>>, Fault> {
    let rows = db.query(
        "SELECT device, chain, backed_up, head_sequence FROM chain WHERE site = $1 ORDER BY device, chain",
        &[site.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let (device, number) = (row.take(0)?, row.take(1)?);
            let given_out = access::chains(db, site, device)?;
            let this = given_out.iter().find(|it| it.chain == number);
            let known = this.or_else(|| given_out.first()).and_then(|it| {
                let code = it.code.clone();
                it.key.map(|key| Owner { code, key })
            });
            Ok(Chain {
                site,
                device,
                number,
                known,
                backed_up_to: row.take(2)?,
                head: row.take::<Option<u64>>(3)?.unwrap_or(0),
            })
        })
        .collect()
}

impl Chain<'_> {
    /// Shows all of it in lots, in the order of sequences and, where it forks, of arrival.
    pub fn each_lot<E: From<Fault>>(
        &self,
        db: &dyn Db,
        mut show: impl FnMut(Vec<Kept>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut first = 1_u64;
        loop {
            let behind = first.saturating_add(LOT);
            let lot = log::between(db, self.site, self.device, self.number, first..behind)?;
            if lot.is_empty() && log::ends_before(db, self.site, self.device, self.number, behind)?
            {
                return Ok(());
            }
            show(lot)?;
            first = behind;
        }
    }

    fn verify(&self, db: &dyn Db, verified: &mut Verified) -> Result<(), Fault> {
        let mut wrong = |sequence, what: &str| {
            let known = self.known.as_ref();
            verified.wrong.push(Wrong {
                code: known.map_or_else(|| self.device.to_string(), |it| it.code.clone()),
                chain: self.number,
                sequence,
                what: what.to_owned(),
            });
        };
        let Some(Owner { key, .. }) = &self.known else {
            wrong(1, "is of a device that never joined");
            return Ok(());
        };
        let by = Signatories {
            device: *key,
            people: access::signers(db, self.site, self.device)?,
        };
        // What stands at one place of the chain, and at the one before it.
        let (mut place, mut here, mut before) = (0, BTreeSet::new(), BTreeSet::new());
        let (mut n_envelopes, mut n_behind_gaps) = (0, 0);
        self.each_lot(db, |lot| {
            for (known, bytes) in lot {
                if known.sequence != place {
                    let follows = known.sequence == place + 1;
                    before = std::mem::take(&mut here);
                    if !follows {
                        before.clear();
                    }
                    place = known.sequence;
                }
                here.insert(known.hash);
                n_envelopes += 1;
                let is_behind_gap = known.sequence > 1 && before.is_empty();
                if is_behind_gap && known.sequence <= self.head {
                    wrong(known.sequence, "follows on one that is missing");
                } else if is_behind_gap {
                    n_behind_gaps += 1;
                } else if known.previous.is_some_and(|it| !before.contains(&it)) {
                    wrong(known.sequence, "does not follow on the one before it");
                }
                if let Some(what) = bytes.and_then(|it| self.wrong_with(&known, &it, &by)) {
                    wrong(known.sequence, &what);
                }
            }
            Ok::<(), Fault>(())
        })?;
        if place < self.head {
            wrong(self.head, "is the last and is missing");
        }
        verified.n_envelopes += n_envelopes;
        verified.n_behind_gaps += n_behind_gaps;
        Ok(())
    }

    fn wrong_with(&self, known: &Known, bytes: &[u8], by: &Signatories) -> Option<String> {
        if known.format != FORMAT {
            // Only its hash can be checked.
            let hash = protocol::header_bytes(bytes).map(Hash::of);
            return (hash != Some(known.hash)).then(|| OTHER.to_owned());
        }
        let envelope = match Envelope::from_bytes(bytes) {
            Ok(it) => it,
            Err(error) => return Some(format!("cannot be read: {error}")),
        };
        let header = envelope.header();
        let stated = (
            header.device,
            header.chain,
            header.sequence,
            header.previous,
        );
        if envelope.hash() != known.hash
            || stated != (self.device, self.number, known.sequence, known.previous)
        {
            return Some(OTHER.to_owned());
        }
        protocol::flaw(bytes, by).map(|it| format!("is not its author's: {it:?}"))
    }
}

const OTHER: &str = "is not the one that was taken in";

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub n_chains: u64,
    pub n_envelopes: u64,
    /// They wait for others, which have not come yet.
    pub n_behind_gaps: u64,
    pub wrong: Vec<Wrong>,
}

/// An envelope that is not what it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    code: String,
    chain: u32,
    sequence: u64,
    what: String,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            chain,
            sequence,
            what,
        } = self;
        write!(
            f,
            "envelope {sequence} of chain {chain} of device {code} {what}"
        )
    }
}

/// Follows every chain of a site: its links, hashes, places and signatures.
pub fn verify(db: &dyn Db, site: &SiteId) -> Result<Verified, Fault> {
    let mut verified = Verified::default();
    for chain in of(db, site)? {
        verified.n_chains += 1;
        chain.verify(db, &mut verified)?;
    }
    Ok(verified)
}
