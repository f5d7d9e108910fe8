//! Tells devices that listen when there is something to pull.
//!
//! While somebody listens, the sites' rows are looked at every second, since another process may have
//! taken something in, and at once when this one did. News is only a hint: what a device may read is
//! decided when it pulls. What no device may be given is none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shouwen_domain::id::SiteId;
use tokio::sync::{Notify, watch};

use crate::storage::db::Db;
use crate::storage::{Fault, Storage, feed, log};

/// How long news from another process may take.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who listens, by site.
#[derive(Default)]
pub struct News {
    sites: Mutex<Option<BTreeMap<SiteId, watch::Sender<u64>>>>,
    hurry: Notify,
}

impl News {
    /// Looks for what other processes took in until [`News::end`].
    pub fn start(storage: Storage) -> Arc<Self> {
        let news = Arc::new(Self {
            sites: Mutex::new(Some(BTreeMap::new())),
            hurry: Notify::new(),
        });
        let looking = Arc::downgrade(&news);
        tokio::spawn(async move {
            let mut known = BTreeMap::new();
            loop {
                let Some(news) = looking.upgrade() else {
                    return;
                };
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = news.hurry.notified() => {}
                }
                let Some(sites) = news.listened_to() else {
                    return;
                };
                if sites.is_empty() {
                    continue;
                }
                // Where the database does not answer, devices pull by their own timers.
                let before = std::mem::take(&mut known);
                let reached = storage.read_everywhere(move |db| reached(db, &sites, &before));
                known = reached.await.unwrap_or_default();
                for (site, Reached { position, .. }) in &known {
                    news.tell(site, *position);
                }
            }
        });
        news
    }

    /// Hears of the position that the site's feed has reached; the first time at once. None while the server
    /// stops.
    pub fn listen(&self, site: &SiteId) -> Option<watch::Receiver<u64>> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let mut receiver = sites
            .as_mut()?
            .entry(site.clone())
            .or_insert_with(|| watch::channel(0).0)
            .subscribe();
        receiver.mark_changed();
        Some(receiver)
    }

    /// Something was taken in here.
    pub fn look(&self) {
        self.hurry.notify_one();
    }

    fn tell(&self, site: &SiteId, position: u64) {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sites.as_ref().and_then(|it| it.get(site)) {
            sender.send_if_modified(|known| {
                let is_news = *known != position;
                *known = position;
                is_news
            });
        }
    }

    /// Lets everybody go who listens.
    pub fn end(&self) {
        self.sites
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.hurry.notify_one();
    }

    fn listened_to(&self) -> Option<Vec<SiteId>> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let listened = sites.as_ref()?.iter();
        let listened = listened.filter(|(_, sender)| sender.receiver_count() > 0);
        Some(listened.map(|(site, _)| site.clone()).collect())
    }
}

/// What is known of a site's feed.
#[derive(Debug, Clone, Copy)]
struct Reached {
    /// Up to where the log was followed.
    followed: u64,
    /// The last one that a device may be given.
    position: u64,
}

/// Looks only where something came in.
fn reached(
    db: &dyn Db,
    sites: &[SiteId],
    before: &BTreeMap<SiteId, Reached>,
) -> Result<BTreeMap<SiteId, Reached>, Fault> {
    let ends = log::last_positions(db, sites)?.into_iter();
    ends.map(|(site, last)| {
        let known = before.get(&site).filter(|it| it.followed == last);
        let reached = if let Some(known) = known {
            *known
        } else {
            let (followed, position) = feed::reach(db, &site)?;
            Reached { followed, position }
        };
        Ok((site, reached))
    })
    .collect()
}
