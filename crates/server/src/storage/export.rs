//! Every chain in one file, with what it takes to check it without this program: `docs/envelope.md`
//! describes it under "Chains in a file".

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use minicbor::Encoder;
use shouwen_domain::envelope::Receipt;
use shouwen_domain::id::SiteId;
use shouwen_domain::moment::Moment;

use crate::keys::{Bearer, Keys};

use super::chains::{self, Chain, Owner};
use super::db::Db;
use super::{Fault, access, log};

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
        for chain in chains::of(db, &site)? {
            let Some(Owner { code, key }) = &chain.known else {
                continue;
            };
            let who = Bearer {
                site: site.clone(),
                device: chain.device,
                key: *key,
                people: BTreeSet::new(),
                signers: access::signers(db, &site, chain.device)?,
                reads: false,
            };
            let certificate = keys.certify(&who, code, now);
            item(&mut file, |e| {
                e.array(4)?
                    .str("chain")?
                    .bytes(chain.device.bytes())?
                    .u32(chain.number)?;
                e.bytes(&certificate)?.ok()
            })?;
            exported.n_chains += 1;
            let epoch = log::epoch(db, &site)?;
            exported.n_envelopes += write(&chain, epoch, db, keys, &mut file)?;
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

fn write(
    chain: &Chain<'_>,
    epoch: u64,
    db: &dyn Db,
    keys: &Keys,
    file: &mut impl Write,
) -> Result<u64, ExportError> {
    let mut n_envelopes = 0;
    chain.each_lot(db, |lot| {
        let (known, bytes): (Vec<_>, Vec<_>) = lot.into_iter().unzip();
        let receipts = known.iter().map(|it| Receipt {
            device: chain.device,
            chain: chain.number,
            sequence: it.sequence,
            hash: it.hash,
            fate: it.fate,
            at: it.arrived,
            epoch,
            backed_up_to: chain.backed_up_to,
            signature: None,
            beside: None,
        });
        let receipts = keys.sign_each(receipts.collect());
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
        Ok::<(), ExportError>(())
    })?;
    Ok(n_envelopes)
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
