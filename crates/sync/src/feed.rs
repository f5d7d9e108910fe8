//! What head office hands out: the feed of a site as one scope sees it, page by page.
//!
//! A case is seen from the first envelope on that concerns somebody of the scope, and then as a whole: what was
//! before comes at that position. So a page needs to know nothing of the reader but the scope and the cursor, and
//! what lies between two positions is the same for everybody of that scope, whenever they read it. Only what is new comes
//! with all of its case more often: where the reader may lack that, having not read so far yet or let go of it since.

use std::collections::BTreeSet;

use shouwen_domain::id::CaseId;
use shouwen_domain::limits;
use shouwen_domain::moment::{Minutes, Moment};
use shouwen_domain::scope::Scope;

use crate::message::{Ask, BLOCK_POSITIONS, Bytes, Cursor, Page, PageEntry};

/// What is known of a site's feed, as it lies in a database. Positions come without gaps and in the order of
/// commits.
pub trait Feed {
    type Fault;

    /// The epoch and the last position, and up to which position everything below is known.
    fn end(&mut self) -> Result<End, Self::Fault>;

    /// What the scope sees at positions behind `behind` and up to `up_to`, by position.
    fn seen(&mut self, scope: &Scope, behind: u64, up_to: u64) -> Result<Vec<Seen>, Self::Fault>;

    /// Where a case's first entry stands.
    fn began(&mut self, case: CaseId) -> Result<Began, Self::Fault>;

    /// Everything of a case up to this position, by position.
    fn whole(&mut self, case: CaseId, up_to: u64) -> Result<Vec<PageEntry>, Self::Fault>;

    /// The first open cases behind `after` that the scope sees, by id, `n` at most, and how many there are behind it.
    fn open(
        &mut self,
        scope: &Scope,
        after: Option<CaseId>,
        n: usize,
    ) -> Result<(Vec<CaseId>, u64), Self::Fault>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub epoch: u64,
    pub last: u64,
    /// Mostly the last one; less while a restored log is looked through.
    pub followed: u64,
}

/// The beginning of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began {
    pub position: u64,
    pub at: Moment,
}

/// An entry of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub position: u64,
    pub case: CaseId,
    /// From which position on the case is seen in this scope; no later than this one.
    pub since: u64,
    pub entry: PageEntry,
}

/// The device has read further than the log goes: this log was restored, and needs a new epoch before
/// it answers anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFellBack;

/// Positions looked through at one time.
const LOT: u64 = 64;
/// Open cases looked up at one time.
const CASES: usize = 64;

/// The page that a device asks for.
pub fn page<F: Feed>(
    feed: &mut F,
    scope: &Scope,
    ask: Ask,
    server_now: Moment,
) -> Result<Result<Page, LogFellBack>, F::Fault> {
    let end = feed.end()?;
    let here = |position| Cursor {
        epoch: end.epoch,
        position,
    };
    let asked = match ask {
        Ask::Open { at, .. } => at.unwrap_or_else(|| here(end.followed)),
        Ask::News { cursor, .. } => cursor,
        Ask::History { from } => from,
    };
    let from = if asked.epoch != end.epoch {
        here(0)
    } else if asked.position > end.last {
        return Ok(Err(LogFellBack));
    } else {
        asked
    };
    let mut page = Page {
        entries: Vec::new(),
        from,
        next: from,
        more: false,
        server_now,
        after: None,
        n_left: 0,
    };
    if asked.epoch == end.epoch {
        let mut filling = Filling {
            feed,
            scope,
            page: &mut page,
            n_bytes: 0,
        };
        match ask {
            Ask::Open { after, .. } => filling.open(after)?,
            Ask::News { below, .. } => {
                // What began before that, devices may have let go of.
                let kept_since = server_now - Minutes(limits::LEAST_KEPT_DAYS * 24 * 60);
                let is_missing = |it: Began| it.position <= below || it.at < kept_since;
                filling.follow(end.followed, Some(&is_missing))?;
            }
            Ask::History { .. } => {
                filling.follow(block_end(from.position).min(end.followed), None)?;
            }
        }
    }
    Ok(Ok(page))
}

/// The end of the block that a reader who has read up to `position` is in.
pub const fn block_end(position: u64) -> u64 {
    (position / BLOCK_POSITIONS + 1) * BLOCK_POSITIONS
}

/// A page while it is filled.
struct Filling<'a, F> {
    feed: &'a mut F,
    scope: &'a Scope,
    page: &'a mut Page,
    n_bytes: usize,
}

impl<F: Feed> Filling<'_, F> {
    /// `is_missing`: whether the reader may lack a case that began there.
    fn follow(
        &mut self,
        up_to: u64,
        is_missing: Option<&dyn Fn(Began) -> bool>,
    ) -> Result<(), F::Fault> {
        let mut whole = BTreeSet::new();
        while self.page.next.position < up_to {
            let behind = self.page.next.position;
            let lot_end = up_to.min(behind.saturating_add(LOT));
            for seen in self.feed.seen(self.scope, behind, lot_end)? {
                let entries = if whole.contains(&seen.case) {
                    vec![seen.entry]
                } else if seen.since == seen.position || self.is_missing(seen.case, is_missing)? {
                    whole.insert(seen.case);
                    self.feed.whole(seen.case, seen.position)?
                } else {
                    vec![seen.entry]
                };
                if !self.put(entries) {
                    self.page.more = true;
                    return Ok(());
                }
                self.page.next.position = seen.position;
            }
            self.page.next.position = lot_end;
        }
        Ok(())
    }

    fn is_missing(
        &mut self,
        case: CaseId,
        is_missing: Option<&dyn Fn(Began) -> bool>,
    ) -> Result<bool, F::Fault> {
        is_missing.map_or(Ok(false), |it| Ok(it(self.feed.began(case)?)))
    }

    fn open(&mut self, after: Option<CaseId>) -> Result<(), F::Fault> {
        self.page.after = after;
        loop {
            let (cases, n_left) = self.feed.open(self.scope, self.page.after, CASES)?;
            self.page.n_left = n_left;
            if cases.is_empty() {
                return Ok(());
            }
            for case in cases {
                let entries = self.feed.whole(case, u64::MAX)?;
                if !self.put(entries) {
                    self.page.more = true;
                    return Ok(());
                }
                self.page.after = Some(case);
                self.page.n_left = self.page.n_left.saturating_sub(1);
            }
        }
    }

    /// Whether there was room for these. The first always have room.
    fn put(&mut self, entries: Vec<PageEntry>) -> bool {
        /// Map, keys, moment and the length of the byte string, at most.
        const AROUND_ENTRY_BYTES: usize = 24;
        let n_bytes: usize = entries
            .iter()
            .map(
                |PageEntry {
                     envelope: Bytes(bytes),
                     ..
                 }| bytes.len() + AROUND_ENTRY_BYTES,
            )
            .sum();
        let fits = self.page.entries.is_empty() || self.n_bytes + n_bytes <= limits::PAGE_BYTES;
        if fits {
            self.n_bytes += n_bytes;
            self.page.entries.extend(entries);
        }
        fits
    }
}

#[cfg(test)]
mod tests;
