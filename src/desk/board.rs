//! The rows of the work list, kept current.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::id::CaseId;
use shouwen_domain::summary::Summary;
use shouwen_store::{Fault, Log, Row, RowMark};

use super::{Desk, summarize};
use crate::browser;

/// Rows read at opening, the most urgent ones.
const N_FIRST: usize = 200;
/// Rows a page afterwards.
const N_PAGE: usize = 500;

/// What the device knows of its open cases, and of those closed since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    rows: BTreeMap<CaseId, Arc<Summary>>,
}

impl Board {
    pub fn rows(&self) -> impl Iterator<Item = &Summary> {
        self.rows.values().map(AsRef::as_ref)
    }

    pub fn get(&self, case: CaseId) -> Option<&Summary> {
        self.rows.get(&case).map(AsRef::as_ref)
    }

    /// The same for whoever keeps it: as long as it is this one, nothing of it has changed.
    pub fn shared(&self, case: CaseId) -> Option<Arc<Summary>> {
        self.rows.get(&case).cloned()
    }

    /// A row never goes back to an older version.
    pub fn put(&mut self, summary: Summary) {
        let is_older = self
            .rows
            .get(&summary.case)
            .is_some_and(|it| it.version > summary.version);
        if !is_older {
            self.rows.insert(summary.case, Arc::new(summary));
        }
    }

    fn drop(&mut self, case: CaseId) {
        self.rows.remove(&case);
    }
}

impl Desk {
    /// All that a locked device knows of its log.
    pub async fn load_standing(self) -> Result<(), Fault> {
        self.standing.set(self.log().standing().await?);
        Ok(())
    }

    /// The most urgent rows at once; the other open ones follow by themselves.
    pub(super) async fn load_board(self) -> Result<(), Fault> {
        let opening = self.log().opening(N_FIRST).await?;
        self.standing.set(opening.standing);
        let n_others = opening
            .standing
            .n_open
            .saturating_sub(opening.rows.len() as u64);
        let last = opening.rows.last();
        let after = last.and_then(|it| it.due.map(|due| RowMark::Open { due, case: it.case }));
        self.show(opening.rows).await?;
        if n_others > 0 {
            spawn_local(async move {
                browser::drawn().await;
                if let Err(fault) = self.load_open_rows(after, n_others).await {
                    self.report(fault);
                }
            });
        }
        Ok(())
    }

    /// So many open rows behind `after`, and no closed one, of which there may be many; which cases they are of.
    async fn load_open_rows(
        self,
        mut after: Option<RowMark>,
        mut n_left: u64,
    ) -> Result<BTreeSet<CaseId>, Fault> {
        let mut cases = BTreeSet::new();
        while n_left > 0 {
            let n_rows = usize::try_from(n_left).map_or(N_PAGE, |it| it.min(N_PAGE));
            let page = self.log().rows(after, n_rows).await?;
            let reached_closed = page.rows.iter().any(|it| it.due.is_none());
            let open = page.rows.into_iter().filter(|it| it.due.is_some());
            let open: Vec<Row> = open.collect();
            n_left = n_left.saturating_sub(open.len() as u64);
            cases.extend(open.iter().map(|it| it.case));
            self.show(open).await?;
            if reached_closed || page.next.is_none() {
                break;
            }
            after = page.next;
        }
        Ok(cases)
    }

    /// Takes in what other tabs stored.
    pub async fn catch_up(self) {
        if self.is_locked() {
            if let Err(fault) = self.load_standing().await {
                self.report(fault);
            }
            return;
        }
        let since = self.standing.get_untracked().position;
        let caught_up = match self.log().changes(since).await {
            Ok(Some(changes)) => {
                self.standing.set(changes.standing);
                self.show(changes.rows).await
            }
            Ok(None) => self.open_anew().await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = caught_up {
            self.report(fault);
        }
    }

    /// The board as the log has it by now; closed cases stay on it while the log has them.
    async fn open_anew(self) -> Result<(), Fault> {
        self.forget_rows();
        let standing = self.log().opening(0).await?.standing;
        self.standing.set(standing);
        let erasures = self.load_erasures().await?;
        let open = self.load_open_rows(None, standing.n_open).await?;
        let shown = self
            .board
            .with_untracked(|it| it.rows.keys().copied().collect::<BTreeSet<_>>());
        let mut gone = Vec::new();
        for &case in shown.difference(&open) {
            if self.log().history(case).await?.version == 0 {
                gone.push(case);
            } else if erasures.at(case).is_some() {
                // Its row was made anew, and lies where only a search looks.
                let summary = self.summarize_anew(case).await?;
                self.board
                    .update(|board| summary.into_iter().for_each(|it| board.put(it)));
            }
        }
        if !gone.is_empty() {
            self.board
                .update(|board| gone.into_iter().for_each(|it| board.drop(it)));
        }
        Ok(())
    }

    async fn show(self, rows: Vec<Row>) -> Result<(), Fault> {
        let mut summaries = Vec::with_capacity(rows.len());
        let current = self
            .rules
            .with_untracked(|it| it.as_ref().map(|it| it.fingerprint()));
        for row in rows {
            match Summary::from_bytes(&row.body) {
                Some(it) if row.due.is_none() || Some(it.rules) == current => summaries.push(it),
                _ => summaries.extend(self.summarize_anew(row.case).await?),
            }
        }
        self.board
            .update(|board| summaries.into_iter().for_each(|it| board.put(it)));
        Ok(())
    }

    /// For a row of another version of the app, or reckoned under other texts.
    async fn summarize_anew(self, case: CaseId) -> Result<Option<Summary>, Fault> {
        let Some(rules) = self.rules.get_untracked() else {
            return Ok(None);
        };
        let file = self.case_file(case).await?;
        Ok(file.and_then(|it| summarize(&it.envelopes(), &rules)))
    }
}
