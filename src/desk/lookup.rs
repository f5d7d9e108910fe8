//! Cases are found while somebody types, among the rows of all that are here (L3).

use std::rc::Rc;

use futures::lock::Mutex;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shouwen_domain::search::Sought;
use shouwen_domain::summary::Summary;
use shouwen_store::{Fault, Lookup};

use super::Desk;
use crate::browser;

/// Rows read at a time.
const N_READ: usize = 2_000;

/// The rows of all cases, once somebody looks for one; gone when the device is locked.
pub(super) type Rows = Rc<Mutex<Lookup>>;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Open cases by due time, then closed ones, lately changed first.
    pub rows: Vec<Summary>,
    /// There are others.
    pub more: bool,
}

impl Found {
    /// Takes in what is sought among these rows, up to so many.
    fn take<'a>(&mut self, sought: &Sought, rows: impl Iterator<Item = &'a [u8]>, n: usize) {
        for summary in rows.filter_map(|it| sought.in_row(it)) {
            self.more = self.rows.len() == n;
            if self.more {
                return;
            }
            self.rows.push(summary);
        }
    }
}

impl Desk {
    fn rows(self) -> Rows {
        self.inner.get_value().rows.borrow().clone()
    }

    /// Reads the rows of all cases, for whoever is about to look for one.
    pub fn read_rows(self) {
        let rows = self.rows();
        spawn_local(async move {
            // Where something fails, whoever looks is told.
            while Rc::ptr_eq(&rows, &self.rows())
                && matches!(
                    rows.lock().await.read_on(&*self.log(), N_READ).await,
                    Ok(false)
                )
            {
                // Whoever looks for something comes first.
                browser::breathe().await;
            }
        });
    }

    /// Nothing of them is to stay in memory: something was erased or let go of, or the device is locked.
    pub(super) fn forget_rows(self) {
        self.inner.get_value().rows.take();
    }

    /// The first so many cases that are meant by what was typed; none where nothing was, or as soon as it is not asked any
    /// more.
    pub async fn look_up(
        self,
        typed: &str,
        n: usize,
        is_asked: impl Fn() -> bool,
    ) -> Result<Option<Found>, Fault> {
        let rules = self.rules.get_untracked();
        let Some(sought) = Sought::new(typed, rules.as_deref()) else {
            return Ok(None);
        };
        let (rows, log) = (self.rows(), self.log());
        let mut found = Found::default();
        let (mut n_seen, mut n_begun) = (0, 0);
        while is_asked() {
            let mut rows = rows.lock().await;
            let is_whole = if n_seen == 0 {
                rows.catch_up(&*log).await?
            } else {
                rows.read_on(&*log, N_READ).await?
            };
            if is_whole || rows.n_begun() != n_begun {
                // What was changed meanwhile stands elsewhere by now.
                found = Found::default();
                n_seen = 0;
            }
            n_begun = rows.n_begun();
            found.take(&sought, rows.bodies_from(n_seen), n);
            if is_whole || found.more {
                return Ok(Some(found));
            }
            n_seen = rows.len();
            if n_seen == 0 {
                rows.read_on(&*log, N_READ).await?;
            }
        }
        Ok(None)
    }
}
