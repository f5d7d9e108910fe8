//! The feed as each scope sees it: what follows from the log, as far as it was followed, and what the pages of
//! `shouwen_sync::feed` are read from.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use shouwen_domain::envelope::Envelope;
use shouwen_domain::id::CaseId;
use shouwen_domain::moment::Moment;
use shouwen_domain::scope::{Concerned, Scope, leaves_open};
use shouwen_sync::feed::{self, Began, End, Feed, LogFellBack, Seen};
use shouwen_sync::message::{Ask, Bytes, Page, PageEntry};

use super::{Fed, Tables};
use crate::law::{Broken, Law};
use crate::plant::Plant;

/// Positions followed at most in one transaction: few, so that a restored log takes several.
const FOLLOWED_AT_ONCE: usize = 6;

/// What follows from the log; a restored one is followed anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Followed {
    up_to: u64,
    /// What each entry says, by position, for as far as it was followed.
    said: BTreeMap<u64, Said>,
    cases: BTreeMap<CaseId, Vec<u64>>,
    open: BTreeSet<CaseId>,
}

/// What an entry of the feed says of its case.
#[derive(Debug, Clone)]
pub struct Said {
    pub case: CaseId,
    pub concerned: Concerned,
    pub open: Option<bool>,
}

impl Tables {
    /// Follows the log a little; whether there is more to follow.
    pub fn follow(&mut self) -> Result<bool, Broken> {
        let Self {
            feed,
            followed,
            last_position,
            ..
        } = self;
        let behind = feed.range(followed.up_to + 1..).take(FOLLOWED_AT_ONCE);
        for (&position, fed) in behind {
            if position != followed.up_to + 1 {
                return Err(Law::NoneSkipped.broken(format_args!(
                    "position {} of the feed is empty",
                    followed.up_to + 1
                )));
            }
            let envelope = Envelope::from_bytes(&fed.bytes).map_err(|it| {
                Law::Contract.broken(format_args!("the feed holds no envelope: {it}"))
            })?;
            followed.add(position, &envelope);
        }
        Ok(followed.up_to < *last_position)
    }

    pub fn followed_up_to(&self) -> u64 {
        self.followed.up_to
    }

    /// Everything up to where the log was followed, by position, with what it says.
    pub fn said(&self) -> impl Iterator<Item = (u64, &Said, &Fed)> {
        let said = self.followed.said.iter();
        said.filter_map(|(&position, it)| Some((position, it, self.feed.get(&position)?)))
    }

    /// The page that a device asks for.
    pub fn page(
        &self,
        scope: &Scope,
        ask: Ask,
        now: Moment,
        plant: Option<Plant>,
    ) -> Result<Page, LogFellBack> {
        let tables = self;
        let Ok(page) = feed::page(&mut Reading { tables, plant }, scope, ask, now);
        page
    }
}

impl Followed {
    fn add(&mut self, position: u64, envelope: &Envelope) {
        let said = Said {
            case: envelope.header().case,
            concerned: Concerned::by(envelope),
            open: leaves_open(envelope),
        };
        match said.open {
            Some(true) => drop(self.open.insert(said.case)),
            Some(false) => drop(self.open.remove(&said.case)),
            None => {}
        }
        self.cases.entry(said.case).or_default().push(position);
        self.said.insert(position, said);
        self.up_to = position;
    }

    /// From which position on a scope sees a case.
    fn since(&self, scope: &Scope, case: CaseId) -> Option<u64> {
        let mut positions = self.cases.get(&case)?.iter().copied();
        positions.find(|it| {
            let said = self.said.get(it);
            said.is_some_and(|it| scope.sees(&it.concerned))
        })
    }
}

/// The feed in the tables.
struct Reading<'a> {
    tables: &'a Tables,
    plant: Option<Plant>,
}

impl Reading<'_> {
    fn entry(&self, position: u64) -> Option<PageEntry> {
        let fed = self.tables.feed.get(&position)?;
        Some(PageEntry {
            arrived: fed.arrived,
            envelope: Bytes(fed.bytes.to_vec()),
        })
    }
}

impl Feed for Reading<'_> {
    type Fault = Infallible;

    fn end(&mut self) -> Result<End, Infallible> {
        Ok(End {
            epoch: self.tables.epoch,
            last: self.tables.last_position,
            followed: self.tables.followed.up_to,
        })
    }

    fn seen(&mut self, scope: &Scope, behind: u64, up_to: u64) -> Result<Vec<Seen>, Infallible> {
        let followed = &self.tables.followed;
        let seen = followed.said.range(behind + 1..=up_to);
        let seen = seen.filter_map(|(&position, said)| {
            let shows_looks = self.plant == Some(Plant::LooksGivenOut)
                && *scope == Scope::Site
                && said.case.is_of_looks();
            let since = if shows_looks {
                position
            } else {
                followed.since(scope, said.case)?
            };
            let seen = || {
                Some(Seen {
                    position,
                    case: said.case,
                    since,
                    entry: self.entry(position)?,
                })
            };
            (since <= position).then(seen)?
        });
        Ok(seen.collect())
    }

    fn began(&mut self, case: CaseId) -> Result<Began, Infallible> {
        let positions = self.tables.followed.cases.get(&case);
        let first = positions.and_then(|it| it.first()).copied();
        let position = match self.plant {
            Some(Plant::UnreadGoesOn) => u64::MAX,
            _ => first.unwrap_or_default(),
        };
        let fed = first.and_then(|it| self.tables.feed.get(&it));
        Ok(Began {
            position,
            at: fed.map_or(Moment::default(), |it| it.arrived),
        })
    }

    fn whole(&mut self, case: CaseId, up_to: u64) -> Result<Vec<PageEntry>, Infallible> {
        let positions = self.tables.followed.cases.get(&case).into_iter().flatten();
        let mut positions: Vec<u64> = positions.copied().filter(|it| *it <= up_to).collect();
        match self.plant {
            Some(Plant::OnlyWhatIsNew) if up_to < u64::MAX => {
                positions = positions.last().copied().into_iter().collect();
            }
            Some(Plant::OpenCutShort) if up_to == u64::MAX => positions.truncate(1),
            _ => {}
        }
        Ok(positions
            .into_iter()
            .filter_map(|it| self.entry(it))
            .collect())
    }

    fn open(
        &mut self,
        scope: &Scope,
        after: Option<CaseId>,
        n: usize,
    ) -> Result<(Vec<CaseId>, u64), Infallible> {
        let followed = &self.tables.followed;
        let open: Vec<CaseId> = followed
            .open
            .iter()
            .copied()
            .filter(|it| Some(*it) > after && followed.since(scope, *it).is_some())
            .collect();
        let n_left = open.len() as u64;
        Ok((open.into_iter().take(n).collect(), n_left))
    }
}
