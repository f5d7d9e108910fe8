//! Every chain in one file, with what it takes to check it without this program: `docs/envelope.md`
//! describes it under "Chains in a file".

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use minicbor::Encoder;
use shouwen_domain::envelope::Receipt;
use shouwen_domain::id::{DeviceId, SiteId};
use shouwen_domain::moment::Moment;

use crate::keys::{Bearer, Keys};

use super::db::Db;
use super::{Fault, access, log};

/// Chains fetched in one go have at most so many envelopes.
const LOT: u64 = 256;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    pub n_chains: u64,
    pub n_envelopes: u64,
}

/// Why there is no such file.
#[derive(Debug)]
pub enum ExportError {
    Fault(Fault),
    File(io::Error),
}

impl std::fmt::Display for ExportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::File(error) => write!(f, "The file cannot be written: {error}"),
        }
    }
}

impl std::error::Error for ExportError {}

impl From<Fault> for ExportError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// Writes all chains of these sites, as one snapshot has them.
pub fn export(db: &dyn Db, keys: &Keys, path: &Path, now: Moment) -> Result<Exported, ExportError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It holds people's names and words.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(path)?);
    let public = keys.public();
    item(&mut file, |e| {
        e.array(4)?.str("shouwen-chains")?.u8(1)?;
        e.bytes(&public.root.0)?
            .array(public.certificates.len() as u64)?;
        public
            .certificates
            .iter()
            .try_for_each(|it| e.bytes(&it.0).map(|_| ()))
    })?;
    let mut exported = Exported::default();
    for mut row in db.query("SELECT site FROM site ORDER BY site", &[])? {
        let site: SiteId = row.take(0)?;
        for ((device, chain), backed_up_to) in chains(db, &site)? {
            let known = access::chains(db, &site, device)?;
            let given_out = known.iter().find(|it| it.chain == chain).or(known.first());
            let Some((code, key)) = given_out.and_then(|it| Some((&it.code, it.key?))) else {
                continue;
            };
            let who = Bearer {
                site: site.clone(),
                device,
                key,
                people: BTreeSet::new(),
                signers: access::signers(db, &site, device)?,
                reads: false,
            };
            let certificate = keys.certify(&who, code, now);
            item(&mut file, |e| {
                e.array(4)?
                    .str("chain")?
                    .bytes(device.bytes())?
                    .u32(chain)?;
                e.bytes(&certificate)?.ok()
            })?;
            exported.n_chains += 1;
            let of = Chain {
                site: &site,
                device,
                number: chain,
                backed_up_to,
                epoch: log::epoch(db, &site)?,
            };
            exported.n_envelopes += of.export(db, keys, &mut file)?;
        }
    }
    item(&mut file, |e| {
        e.array(3)?.str("end")?.u64(exported.n_chains)?;
        e.u64(exported.n_envelopes)?.ok()
    })?;
    file.flush()?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(exported)
}

type Place = (DeviceId, u32);

fn chains(db: &dyn Db, site: &SiteId) -> Result<BTreeMap<Place, Option<u64>>, Fault> {
    let rows = db.query(
        "SELECT device, chain, backed_up FROM chain WHERE site = $1 ORDER BY device, chain",
        &[site.into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok(((row.take(0)?, row.take(1)?), row.take(2)?)))
        .collect()
}

struct Chain<'a> {
    site: &'a SiteId,
    device: DeviceId,
    number: u32,
    backed_up_to: Option<u64>,
    epoch: u64,
}

impl Chain<'_> {
    fn export(&self, db: &dyn Db, keys: &Keys, file: &mut impl Write) -> Result<u64, ExportError> {
        let (mut n_envelopes, mut first) = (0, 1_u64);
        loop {
            let behind = first.saturating_add(LOT);
            let rows = log::between(db, self.site, self.device, self.number, first..behind)?;
            if rows.is_empty() && log::ends_before(db, self.site, self.device, self.number, behind)?
            {
                return Ok(n_envelopes);
            }
            let (known, bytes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let receipts = known.iter().map(|it| Receipt {
                device: self.device,
                chain: self.number,
                sequence: it.sequence,
                hash: it.hash,
                fate: it.fate,
                at: it.arrived,
                epoch: self.epoch,
                backed_up_to: self.backed_up_to,
                signature: None,
            });
            let receipts = keys.sign_all(receipts.collect());
            for (receipt, bytes) in receipts.iter().zip(bytes) {
                item(file, |e| {
                    e.array(3)?.str("envelope")?;
                    match &bytes {
                        Some(it) => e.bytes(it)?,
                        None => e.null()?,
                    };
                    e.bytes(&receipt.to_bytes())?.ok()
                })?;
                n_envelopes += 1;
            }
            first = behind;
        }
    }
}

fn item(
    file: &mut impl Write,
    what: impl FnOnce(
        &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>>,
) -> io::Result<()> {
    let mut e = Encoder::new(Vec::new());
    what(&mut e).expect("writing to memory cannot fail");
    file.write_all(e.writer())
}
