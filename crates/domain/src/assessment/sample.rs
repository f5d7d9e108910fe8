//! A sample for spot checks that nobody can choose beforehand and anyone can draw again (V3, V6).
//!
//! **The seed.** Several parties with different interests, head office and at least one that stands for staff, each
//! draw a nonce and publish its hash, bound to site, month and party ([`Nonce::commit`]), before the month begins.
//! When it is over, head office publishes the root of the population: which cases there are, each with its last
//! envelope ([`population_root`]). Only then the nonces are revealed, and the seed is the hash of site, month, root and
//! all nonces in the order of the parties' names ([`draw_seed`]).
//!
//! **Why it is sound.** Nobody knows the seed before the last nonce is revealed, so nobody can make a case, draw a case
//! id, salt an envelope or fill in a return visit such that it is passed over: a device could try many ids or salts,
//! but not against a number that it does not have. A seed made of envelopes alone would not do, since whoever acts
//! last before the cut can try until the sample suits; nor one of head office's nonce and the envelopes, since head
//! office knows its nonce and decides what still arrives before the cut. Here one party that keeps its nonce to itself
//! is enough. The root is fixed before any nonce is known, and goes into the seed, so that a case taken out, slipped in or
//! altered afterwards gives another seed. Whoever holds a receipt from before the cut can check that its case is in the root.
//! A commitment names its party, so nobody can repeat another's.
//!
//! **What remains.** Whoever reveals last sees the seed before the others and may refuse: the draw then goes on without
//! that party, whose refusal is on record, so it chose between two seeds, once and in public. If all parties tell each
//! other their nonces beforehand, they can choose. The nonces must be drawn at random where they are made.
//!
//! **The sample.** Each case has as many tickets as its weight; a ticket is the hash of seed, case and its number; the
//! smallest tickets win. That is drawing without replacement in proportion to the weights, in whole numbers, so it
//! comes out the same everywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::Period;
use crate::case::Case;
use crate::event::{Ending, Field, Finding};
use crate::hash::Hash;
use crate::id::{CaseId, PersonId, SiteId};
use crate::pack::SpotChecks;

/// 256 bits drawn by one party and kept from all others until the month is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub [u8; 32]);

/// What a party publishes before the month begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    pub party: String,
    pub seal: Hash,
}

/// Why there is no seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedError {
    /// One party alone could choose.
    OneParty,
    PartyTwice {
        party: String,
    },
    NotRevealed {
        party: String,
    },
    /// What was revealed is not what was committed to.
    OtherNonce {
        party: String,
    },
}

impl Nonce {
    /// ```
    /// use shouwen_domain::assessment::{Nonce, Period, SeedError, draw_seed};
    /// use shouwen_domain::hash::Hash;
    ///
    /// let site = "lanting".parse().unwrap();
    /// let july = Period { year: 2026, month: 7 };
    /// let (office, staff) = (Nonce([1; 32]), Nonce([2; 32]));
    /// let commitments = [office.commit(&site, july, "head-office"), staff.commit(&site, july, "staff")];
    /// let root = Hash::of(b"the cases of July");
    ///
    /// let revealed = [("staff".to_owned(), staff), ("head-office".to_owned(), office)];
    /// assert!(draw_seed(&site, july, root, &commitments, &revealed).is_ok());
    ///
    /// let withheld = draw_seed(&site, july, root, &commitments, &revealed[..1]);
    /// assert_eq!(withheld, Err(SeedError::NotRevealed { party: "head-office".to_owned() }));
    /// ```
    pub fn commit(self, site: &SiteId, period: Period, party: &str) -> Commitment {
        let named = (
            "shouwen sample commitment",
            site,
            period.year,
            period.month,
            party,
            Hash(self.0),
        );
        Commitment {
            party: party.to_owned(),
            seal: hashed(named),
        }
    }
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonce(…)")
    }
}

fn hashed(value: impl minicbor::Encode<()>) -> Hash {
    Hash::of(&minicbor::to_vec(value).expect("writing to a vector cannot fail"))
}

/// Over every case that can be drawn, with the hash of the last envelope that counted at the cut; in no order.
pub fn population_root(cases: impl IntoIterator<Item = (CaseId, Hash)>) -> Hash {
    let sorted: BTreeMap<CaseId, Hash> = cases.into_iter().collect();
    let listed: Vec<(CaseId, Hash)> = sorted.into_iter().collect();
    hashed(("shouwen sample population", listed))
}

/// The seed of a month, from what was committed to before it, the root published after it, and the nonces revealed
/// after that.
pub fn draw_seed(
    site: &SiteId,
    period: Period,
    root: Hash,
    commitments: &[Commitment],
    revealed: &[(String, Nonce)],
) -> Result<Hash, SeedError> {
    let mut nonces = BTreeMap::new();
    for Commitment { party, seal } in commitments {
        let (_, nonce) =
            revealed
                .iter()
                .find(|(by, _)| by == party)
                .ok_or_else(|| SeedError::NotRevealed {
                    party: party.clone(),
                })?;
        if nonce.commit(site, period, party).seal != *seal {
            return Err(SeedError::OtherNonce {
                party: party.clone(),
            });
        }
        if nonces.insert(party.as_str(), Hash(nonce.0)).is_some() {
            return Err(SeedError::PartyTwice {
                party: party.clone(),
            });
        }
    }
    if nonces.len() < 2 {
        return Err(SeedError::OneParty);
    }
    let nonces: Vec<(&str, Hash)> = nonces.into_iter().collect();
    Ok(hashed((
        "shouwen sample seed",
        site,
        period.year,
        period.month,
        root,
        nonces,
    )))
}

/// A case to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    pub case: CaseId,
    /// The customer is asked directly (V6): the return visit, or that there was none, is what is in question.
    pub ask_customer: bool,
}

/// The sample of `cases` under a seed, as the pack says ([`crate::pack::Pack::spot_checks`]), the first drawn first; in whatever order the cases come.
pub fn sample(cases: &[Case], rule: SpotChecks, seed: Hash) -> Vec<Drawn> {
    let population: BTreeMap<CaseId, &Case> = cases.iter().map(|it| (it.id, it)).collect();
    let easily_pleased = find_everybody_satisfied(&population, rule);
    let mut drawn: Vec<(Hash, Drawn)> = population
        .values()
        .map(|case| {
            let tickets = tickets(case, rule, &easily_pleased);
            let has_a_phone = !case.intake.missing.contains(&Field::CustomerPhone);
            let ask_customer =
                has_a_phone && (!case.visits.is_empty() || case.verification.waived.is_some());
            let smallest = (0..tickets.max(1))
                .map(|number| hashed(("shouwen sample ticket", seed, case.id, number)))
                .min()
                .unwrap_or(seed);
            let it = Drawn {
                case: case.id,
                ask_customer,
            };
            (smallest, it)
        })
        .collect();
    drawn.sort_by_key(|(ticket, it)| (*ticket, it.case));
    let share = u64::from(rule.share_percent.min(100));
    let n = (population.len() as u64 * share).div_ceil(100);
    drawn.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    drawn.into_iter().map(|(_, it)| it).collect()
}

/// The largest that applies; they do not add up.
fn tickets(case: &Case, rule: SpotChecks, easily_pleased: &BTreeSet<&PersonId>) -> u32 {
    let weights = [
        (case.verification.waived.is_some(), rule.waived),
        (case.ending == Some(Ending::NotReached), rule.not_reached),
        (
            case.visits.iter().any(|it| easily_pleased.contains(&it.by)),
            rule.always_satisfied,
        ),
    ];
    weights
        .into_iter()
        .filter(|(applies, _)| *applies)
        .map(|(_, weight)| weight)
        .max()
        .unwrap_or(1)
}

fn find_everybody_satisfied<'a>(
    population: &BTreeMap<CaseId, &'a Case>,
    rule: SpotChecks,
) -> BTreeSet<&'a PersonId> {
    let mut found: BTreeMap<&PersonId, (u32, u32)> = BTreeMap::new();
    for visit in population.values().flat_map(|it| &it.visits) {
        let (n_satisfied, n_reached) = found.entry(&visit.by).or_default();
        *n_satisfied += u32::from(visit.finding == Finding::Satisfied);
        *n_reached += u32::from(visit.finding != Finding::NotReached);
    }
    found
        .into_iter()
        .filter(|(_, (n_satisfied, n_reached))| {
            n_satisfied == n_reached && *n_reached >= rule.always_satisfied_from.max(1)
        })
        .map(|(person, _)| person)
        .collect()
}
