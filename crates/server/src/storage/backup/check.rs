//! Whether what a backup holds hangs together: every envelope is the one that its row says, chains
//! link up to the head that is kept of them, positions are dense, and nothing is missing.

use std::collections::BTreeMap;

use minicbor::Decoder;
use shouwen_domain::envelope::{Envelope, EnvelopeError, FORMAT, Fate};
use shouwen_domain::hash::Hash;
use shouwen_domain::id::{DeviceId, SiteId};
use shouwen_domain::moment::Moment;

use super::rows::Part;
use super::{BackupError, Summary};
use crate::storage::db::{FromCell, Row};

/// Up to where a chain is in the backup without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub device: [u8; 16],
    pub chain: u32,
    pub sequence: u64,
}

pub struct Checked {
    pub summary: Summary,
    pub heads: BTreeMap<SiteId, Vec<Head>>,
}

#[derive(Default)]
pub struct Check {
    taken: Option<Moment>,
    site: Option<Site>,
    heads: BTreeMap<SiteId, Vec<Head>>,
    counts: BTreeMap<String, u64>,
    is_over: bool,
}

/// What is known of the site whose rows come.
struct Site {
    id: SiteId,
    last_position: u64,
    /// One bit each.
    positions: Vec<u64>,
    n_positions: u64,
    kept: BTreeMap<ChainId, Option<Link>>,
    following: Option<Following>,
    heads: Vec<Head>,
}

/// The chain whose envelopes come, in the order of their sequences.
struct Following {
    chain: ChainId,
    head: Option<Link>,
    /// What may come next in the chain, with its arrival: of a fork's branches the first to arrive.
    next: Option<(u64, Link)>,
}

impl Following {
    fn take(&mut self, arrival: u64, link: Link, previous: Option<Hash>) {
        if self.next.is_some_and(|it| it.1.sequence != link.sequence) {
            self.go_on();
        }
        let follows = link.sequence == self.head.map_or(1, |it| it.sequence + 1)
            && previous == self.head.map(|it| it.hash);
        if follows && self.next.is_none_or(|it| arrival < it.0) {
            self.next = Some((arrival, link));
        }
    }

    fn go_on(&mut self) {
        if let Some((_, link)) = self.next.take() {
            self.head = Some(link);
        }
    }
}

type ChainId = (DeviceId, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    sequence: u64,
    hash: Hash,
}

impl Check {
    pub fn take(&mut self, part: &Part, from: u64) -> Result<(), BackupError> {
        self.try_take(part)
            .map_err(|Wrong(what)| BackupError::Wrong { from, what })
    }

    fn try_take(&mut self, part: &Part) -> Result<(), Wrong> {
        if self.is_over {
            return wrong("something comes behind the end");
        }
        match part {
            Part::Begin { taken } if self.taken.is_none() => self.taken = Some(*taken),
            _ if self.taken.is_none() => return wrong("it does not begin as a backup does"),
            Part::Begin { .. } => return wrong("it begins twice"),
            Part::Rows {
                table,
                columns,
                rows,
            } => {
                *self.counts.entry(table.name.to_owned()).or_default() += rows.len() as u64;
                for row in rows {
                    let row = Named { columns, row };
                    match table.name {
                        "site" => self.site(&row)?,
                        "chain" => self.here(&row)?.chain(&row)?,
                        "envelope" => self.here(&row)?.envelope(&row)?,
                        _ => drop(self.here(&row)?),
                    }
                }
            }
            Part::End { counts } => {
                self.site_ends()?;
                if *counts != self.counts {
                    return wrong(&format!(
                        "of {counts:?} rows that were written {:?} are there",
                        self.counts
                    ));
                }
                self.is_over = true;
            }
        }
        Ok(())
    }

    fn site(&mut self, row: &Named<'_>) -> Result<(), Wrong> {
        self.site_ends()?;
        let site: SiteId = row.get("site")?;
        if self.heads.contains_key(&site) {
            return wrong(&format!("the site \"{site}\" comes twice"));
        }
        let last_position: u64 = row.get("last_position")?;
        self.heads.insert(site.clone(), Vec::new());
        self.site = Some(Site {
            id: site,
            last_position,
            positions: Vec::new(),
            n_positions: 0,
            kept: BTreeMap::new(),
            following: None,
            heads: Vec::new(),
        });
        Ok(())
    }

    /// The site whose rows come, which has to be the row's.
    fn here(&mut self, row: &Named<'_>) -> Result<&mut Site, Wrong> {
        let site: SiteId = row.get("site")?;
        match &mut self.site {
            Some(here) if here.id == site => Ok(here),
            _ => wrong(&format!("a row of \"{site}\" stands outside of its site")),
        }
    }

    fn site_ends(&mut self) -> Result<(), Wrong> {
        let Some(mut site) = self.site.take() else {
            return Ok(());
        };
        site.chain_ends()?;
        if site.n_positions != site.last_position {
            return wrong(&format!(
                "of {} positions of \"{}\" {} are there",
                site.last_position, site.id, site.n_positions
            ));
        }
        if let Some((chain, Some(head))) = site.kept.iter().find(|it| it.1.is_some()) {
            return wrong(&format!(
                "chain {} of device {} has a head at {} and no envelopes",
                chain.1, chain.0, head.sequence
            ));
        }
        if let Some(heads) = self.heads.get_mut(&site.id) {
            heads.append(&mut site.heads);
        }
        Ok(())
    }

    pub fn finish(self, hash: Hash, n_bytes: u64) -> Result<Checked, BackupError> {
        let (Some(taken), true) = (self.taken, self.is_over) else {
            return Err(BackupError::Damaged {
                from: n_bytes,
                to: n_bytes,
                what: "the file ends here".to_owned(),
            });
        };
        let count = |table| self.counts.get(table).copied().unwrap_or_default();
        Ok(Checked {
            summary: Summary {
                taken,
                n_sites: count("site"),
                n_chains: count("chain"),
                n_envelopes: count("envelope"),
                n_bytes,
                hash,
            },
            heads: self.heads,
        })
    }
}

impl Site {
    fn chain(&mut self, row: &Named<'_>) -> Result<(), Wrong> {
        let sequence: Option<u64> = row.get("head_sequence")?;
        let head = match sequence {
            Some(sequence) => Some(Link {
                sequence,
                hash: row.get("head_hash")?,
            }),
            None => None,
        };
        self.kept.insert(row.chain()?, head);
        Ok(())
    }

    fn envelope(&mut self, row: &Named<'_>) -> Result<(), Wrong> {
        let chain = row.chain()?;
        let link = Link {
            sequence: row.get("sequence")?,
            hash: row.get("hash")?,
        };
        let previous: Option<Hash> = row.get("previous")?;
        let fate: Vec<u8> = row.get("fate")?;
        let Ok(fate) = minicbor::decode::<Fate>(&fate) else {
            return wrong("a fate cannot be read");
        };
        let bytes: Option<Vec<u8>> = row.get("bytes")?;
        match &bytes {
            Some(bytes) => is_that_envelope(bytes, chain, link, previous, row.get("format")?)?,
            None if matches!(fate, Fate::Refused(_)) => {}
            None => return wrong("the bytes of an envelope are missing"),
        }
        self.position(row.get("position")?, fate)?;
        if self.following.as_ref().is_none_or(|it| it.chain != chain) {
            self.chain_ends()?;
        }
        let following = self.following.get_or_insert(Following {
            chain,
            head: None,
            next: None,
        });
        following.take(row.get("arrival")?, link, previous);
        Ok(())
    }

    fn position(&mut self, position: Option<u64>, fate: Fate) -> Result<(), Wrong> {
        let Some(position) = position else {
            return if fate == Fate::Accepted {
                wrong("an accepted envelope has no position")
            } else {
                Ok(())
            };
        };
        if position == 0 || position > self.last_position {
            return wrong(&format!("there is no position {position}"));
        }
        let (at, bit) = ((position / 64) as usize, 1 << (position % 64));
        if self.positions.len() <= at {
            self.positions.resize(at + 1, 0);
        }
        if self.positions[at] & bit != 0 {
            return wrong(&format!("position {position} is given out twice"));
        }
        self.positions[at] |= bit;
        self.n_positions += 1;
        Ok(())
    }

    fn chain_ends(&mut self) -> Result<(), Wrong> {
        let Some(mut following) = self.following.take() else {
            return Ok(());
        };
        following.go_on();
        let Following { chain, head, .. } = following;
        let kept = self.kept.remove(&chain);
        if kept != Some(head) {
            return wrong(&format!(
                "chain {} of device {} leads to {:?}, and its head is {:?}",
                chain.1,
                chain.0,
                head.map(|it| it.sequence),
                kept.flatten().map(|it| it.sequence)
            ));
        }
        if let Some(Link { sequence, .. }) = head {
            self.heads.push(Head {
                device: *chain.0.bytes(),
                chain: chain.1,
                sequence,
            });
        }
        Ok(())
    }
}

/// Whether the bytes are the envelope at that place.
fn is_that_envelope(
    bytes: &[u8],
    (device, chain): ChainId,
    link: Link,
    previous: Option<Hash>,
    format: u32,
) -> Result<(), Wrong> {
    let place = format!("{} of chain {chain} of device {device}", link.sequence);
    let mut d = Decoder::new(bytes);
    let header = d.array().and_then(|_| d.bytes());
    if header.map(Hash::of).ok() != Some(link.hash) {
        return wrong(&format!("envelope {place} is not the one with its hash"));
    }
    if format != FORMAT {
        return Ok(());
    }
    match Envelope::from_bytes(bytes) {
        Ok(it) => {
            let it = it.header();
            let found = (it.device, it.chain, it.sequence, it.previous);
            if found == (device, chain, link.sequence, previous) {
                Ok(())
            } else {
                wrong(&format!("envelope {place} says that it is another"))
            }
        }
        // Its words are for a later version; its place was found in the header.
        Err(EnvelopeError::NotUnderstood { .. }) => Ok(()),
        Err(error) => wrong(&format!("envelope {place} cannot be read: {error}")),
    }
}

/// A row whose columns have names.
struct Named<'a> {
    columns: &'a [String],
    row: &'a Row,
}

impl Named<'_> {
    fn get<T: FromCell>(&self, name: &str) -> Result<T, Wrong> {
        let at = self.columns.iter().position(|it| it == name);
        let cell = at.and_then(|at| self.row.0.get(at)).cloned();
        cell.and_then(T::from_cell)
            .ok_or_else(|| Wrong(format!("a row's column \"{name}\" cannot be read")))
    }

    fn chain(&self) -> Result<ChainId, Wrong> {
        Ok((self.get("device")?, self.get("chain")?))
    }
}

struct Wrong(String);

fn wrong<T>(what: &str) -> Result<T, Wrong> {
    Err(Wrong(what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(parts: impl IntoIterator<Item = Part>) -> String {
        let mut check = Check::default();
        for part in parts {
            if let Err(error) = check.take(&part, 0) {
                return error.to_string();
            }
        }
        let finished = check.finish(Hash([0; 32]), 9);
        finished.err().map_or_else(String::new, |it| it.to_string())
    }

    fn end(counts: &[(&str, u64)]) -> Part {
        let counts = counts.iter().map(|it| (it.0.to_owned(), it.1));
        Part::End {
            counts: counts.collect(),
        }
    }

    fn begin() -> Part {
        Part::begin(Moment::from_unix_ms(0))
    }

    #[test]
    fn a_backup_has_a_beginning_and_an_end_and_all_that_was_written() {
        assert_eq!(said([begin(), end(&[])]), "");
        assert!(said([begin()]).contains("the file ends here"));
        assert!(said([end(&[])]).contains("it does not begin as a backup does"));
        assert!(said([begin(), begin()]).contains("it begins twice"));
        assert!(said([begin(), end(&[]), end(&[])]).contains("behind the end"));
        assert!(said([begin(), end(&[("pin", 1)])]).contains("rows that were written"));
    }
}
